#include "net/smtp_wire.h"
#include "base/clock.h"
#include <arpa/inet.h>
#include <errno.h>
#include <openssl/err.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static bool
wait_for(const struct wire *w, short events, int64_t until_ns, struct err *e)
{
	for (;;) {
		struct pollfd p = {.fd = w->fd, .events = events};
		int64_t left = (until_ns - clock_mono_ns()) / 1000000;
		int r = left > 0 ? poll(&p, 1, left > 600000 ? 600000 : (int)left) : 0;
		if (r > 0)
			return true;
		if (r < 0 && errno == EINTR)
			continue;
		if (left > 600000)
			continue;
		return fail(e, ERR_UNAVAILABLE, r < 0 ? "waiting for the peer failed" : "the peer did not answer in time");
	}
}

static bool
fail_tls(struct err *e, const char *what)
{
	char text[160] = "";
	unsigned long code = ERR_get_error();
	if (code)
		ERR_error_string_n(code, text, sizeof(text));
	ERR_clear_error();
	return fail(e, ERR_UNAVAILABLE, "%s%s%s", what, *text ? ": " : "", text);
}

/* One step over TLS. 1 done, 0 again after waiting, -1 failed. */
static int
tls_step(struct wire *w, int r, int64_t until_ns, const char *what, struct err *e)
{
	if (r > 0)
		return 1;
	int why = SSL_get_error(w->ssl, r);
	if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE)
		return wait_for(w, why == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT, until_ns, e) ? 0 : -1;
	fail_tls(e, why == SSL_ERROR_ZERO_RETURN ? "the peer closed the connection" : what);
	return -1;
}

static bool
write_some(struct wire *w, struct str bytes, int64_t until_ns, size_t *ret_n, struct err *e)
{
	for (;;) {
		if (w->ssl) {
			size_t n = 0;
			ERR_clear_error();
			int step = tls_step(w, SSL_write_ex(w->ssl, bytes.ptr, bytes.len, &n), until_ns, "writing over TLS failed", e);
			if (step > 0)
				*ret_n = n;
			if (step)
				return step > 0;
			continue;
		}
		ssize_t n = send(w->fd, bytes.ptr, bytes.len, MSG_NOSIGNAL);
		if (n >= 0) {
			*ret_n = (size_t)n;
			return true;
		}
		if (errno != EAGAIN && errno != EINTR)
			return fail(e, ERR_UNAVAILABLE, "writing to the peer failed: %s", strerror(errno));
		if (errno == EAGAIN && !wait_for(w, POLLOUT, until_ns, e))
			return false;
	}
}

bool
wire_write(struct wire *w, struct str bytes, int wait_ms, struct err *e)
{
	int64_t until = clock_mono_ns() + (int64_t)wait_ms * 1000000;
	w->wrote = 0;
	while (w->wrote < bytes.len) {
		size_t n = 0;
		if (!write_some(w, str_slice(bytes, w->wrote, bytes.len), until, &n, e))
			return false;
		w->wrote += n;
	}
	return true;
}

bool
wire_read(struct wire *w, int64_t until_ns, struct err *e)
{
	if (w->in_at < w->in_len)
		return true;
	w->in_at = w->in_len = 0;
	for (;;) {
		if (w->ssl) {
			size_t n = 0;
			ERR_clear_error();
			int step = tls_step(w, SSL_read_ex(w->ssl, w->in, sizeof(w->in), &n), until_ns, "reading over TLS failed", e);
			w->in_len = step > 0 ? n : 0;
			if (step)
				return step > 0;
			continue;
		}
		ssize_t n = recv(w->fd, w->in, sizeof(w->in), 0);
		if (n > 0) {
			w->in_len = (size_t)n;
			return true;
		}
		if (n == 0)
			return fail(e, ERR_UNAVAILABLE, "the peer closed the connection");
		if (errno != EAGAIN && errno != EINTR)
			return fail(e, ERR_UNAVAILABLE, "reading from the peer failed: %s", strerror(errno));
		if (errno == EAGAIN && !wait_for(w, POLLIN, until_ns, e))
			return false;
	}
}

static bool
is_address(const char *host)
{
	unsigned char bytes[16];
	return inet_pton(AF_INET, host, bytes) == 1 || inet_pton(AF_INET6, host, bytes) == 1;
}

static bool
prepare_tls(struct wire *w, const char *host, bool verify)
{
	w->context = SSL_CTX_new(TLS_client_method());
	if (!w->context || !SSL_CTX_set_min_proto_version(w->context, TLS1_2_VERSION))
		return false;
	SSL_CTX_set_mode(w->context, SSL_MODE_AUTO_RETRY);
	if (verify && SSL_CTX_set_default_verify_paths(w->context) != 1)
		return false;
	SSL_CTX_set_verify(w->context, verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, NULL);
	w->ssl = SSL_new(w->context);
	if (!w->ssl || !SSL_set_fd(w->ssl, w->fd))
		return false;
	if (is_address(host))
		return !verify || X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(w->ssl), host) == 1;
	if (SSL_set_tlsext_host_name(w->ssl, host) != 1)
		return false;
	return !verify || SSL_set1_host(w->ssl, host) == 1;
}

bool
wire_tls(struct wire *w, const char *host, bool verify, int wait_ms, struct err *e)
{
	int64_t until = clock_mono_ns() + (int64_t)wait_ms * 1000000;
	/* What came before the handshake would be taken for a reply under TLS: somebody in the middle put it there. */
	if (w->in_at < w->in_len)
		return fail(e, ERR_UNAVAILABLE, "the peer sent something before TLS began");
	if (!prepare_tls(w, host, verify))
		return fail_tls(e, "TLS cannot be prepared");
	for (;;) {
		ERR_clear_error();
		int step = tls_step(w, SSL_connect(w->ssl), until, "TLS with the peer failed", e);
		if (step > 0)
			return true;
		if (step == 0)
			continue;
		long verdict = SSL_get_verify_result(w->ssl);
		if (verify && verdict != X509_V_OK)
			return fail(e, ERR_DENIED, "the peer's certificate is not good: %s", X509_verify_cert_error_string(verdict));
		return false;
	}
}

void
wire_close(struct wire *w)
{
	SSL_free(w->ssl);
	SSL_CTX_free(w->context);
	if (w->fd >= 0)
		close(w->fd);
	*w = (struct wire){.fd = -1};
}

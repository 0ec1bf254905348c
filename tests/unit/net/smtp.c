#include "net/smtp.h"
#include "tap.h"
#include "net/listen.h"
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---------------------------------------------------------------- a peer that does what it is told */

/* Where the peer misbehaves and how: a reply, "" = closes, "#" = says nothing until we go. */
struct fault { const char *verb, *reply; };
static struct peer {
	struct fault fault;
	const char *offers;          /* EHLO lines, each "250-…\r\n" */
	bool tls_at_start, inject;   /* inject: plaintext behind the answer to STARTTLS */
	int fd, port;
	SSL *ssl;
	char heard[65536];           /* all that came */
	size_t heard_len;
	char body[65536];            /* the last message as it came, dot and all */
	int messages;
	_Atomic bool busy;
} peer;
static SSL_CTX *tls;

static void
make_certificate(void)
{
	EVP_PKEY *key = EVP_RSA_gen(2048);
	X509 *x = X509_new();
	tls = SSL_CTX_new(TLS_server_method());
	ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
	X509_gmtime_adj(X509_getm_notBefore(x), 0);
	X509_gmtime_adj(X509_getm_notAfter(x), 3600);
	X509_set_pubkey(x, key);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC, (const unsigned char *)"localhost", -1, -1, 0);
	X509_set_issuer_name(x, X509_get_subject_name(x));
	X509_sign(x, key, EVP_sha256());
	SSL_CTX_use_certificate(tls, x);
	SSL_CTX_use_PrivateKey(tls, key);
	X509_free(x);
	EVP_PKEY_free(key);
}

static void
put(int fd, const char *text)
{
	size_t n = strlen(text);
	if (peer.ssl)
		SSL_write(peer.ssl, text, (int)n);
	else
		(void)!send(fd, text, n, MSG_NOSIGNAL);
}

static bool
get_byte(int fd, char *ret)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	if (peer.ssl)
		return SSL_read(peer.ssl, ret, 1) == 1;
	return poll(&p, 1, 5000) == 1 && recv(fd, ret, 1, 0) == 1;
}

static bool
get_line(int fd, char *line, size_t size)
{
	size_t n = 0;
	while (n + 1 < size && get_byte(fd, &line[n])) {
		if (peer.heard_len + 1 < sizeof(peer.heard))
			peer.heard[peer.heard_len++] = line[n];
		if (line[n++] == '\n') {
			line[n] = '\0';
			return true;
		}
	}
	return false;
}

/* Answers a verb; false = the session is to end. */
static bool
answer(int fd, const char *verb, const char *usual)
{
	char byte;
	if (!peer.fault.verb || strcmp(peer.fault.verb, verb)) {
		put(fd, usual);
		return true;
	}
	if (!*peer.fault.reply)
		return false;
	if (*peer.fault.reply == '#') {
		while (get_byte(fd, &byte))
			;
		return false;
	}
	put(fd, peer.fault.reply);
	return strncmp(peer.fault.reply, "421", 3) != 0;
}

static bool
take_message(int fd)
{
	char line[4096];
	size_t n = 0;
	if (peer.fault.verb && !strcmp(peer.fault.verb, "BODY"))
		return false;
	while (get_line(fd, line, sizeof(line))) {
		size_t len = strlen(line);
		if (n + len < sizeof(peer.body))
			memcpy(peer.body + n, line, len + 1);
		n += len;
		if (!strcmp(line, ".\r\n")) {
			peer.messages += n > 3;   /* an empty one has no recipient */
			return answer(fd, "DOT", "250 2.0.0 queued\r\n");
		}
	}
	return false;
}

static bool
begin_tls(int fd)
{
	peer.ssl = SSL_new(tls);
	SSL_set_fd(peer.ssl, fd);
	return SSL_accept(peer.ssl) == 1;
}

static bool
serve_line(int fd, const char *line)
{
	char reply[1024];
	if (!strncmp(line, "EHLO", 4)) {
		snprintf(reply, sizeof(reply), "250-peer.example hello\r\n%s250 HELP\r\n", peer.ssl && !peer.tls_at_start ? "250-AUTH PLAIN\r\n" : peer.offers ? peer.offers : "");
		return answer(fd, "EHLO", reply);
	}
	if (!strncmp(line, "HELO", 4))
		return answer(fd, "HELO", "250 peer\r\n");
	if (!strncmp(line, "STARTTLS", 8)) {
		put(fd, peer.inject ? "220 go\r\n250 injected\r\n" : "220 go\r\n");
		return begin_tls(fd);
	}
	if (!strncmp(line, "AUTH LOGIN", 10))
		return answer(fd, "AUTH", "334 VXNlcm5hbWU6\r\n") && get_line(fd, reply, sizeof(reply)) && (put(fd, "334 UGFzc3dvcmQ6\r\n"), true) &&
		    get_line(fd, reply, sizeof(reply)) && (put(fd, "235 ok\r\n"), true);
	if (!strncmp(line, "AUTH", 4))
		return answer(fd, "AUTH", "235 ok\r\n");
	if (!strncmp(line, "MAIL", 4))
		return answer(fd, "MAIL", "250 ok\r\n");
	if (!strncmp(line, "RCPT", 4))
		return answer(fd, "RCPT", "250 ok\r\n");
	if (!strncmp(line, "DATA", 4)) {
		if (!answer(fd, "DATA", "354 go\r\n"))
			return false;
		bool refused = peer.fault.verb && !strcmp(peer.fault.verb, "DATA");
		return refused || take_message(fd);
	}
	if (!strncmp(line, "RSET", 4))
		return answer(fd, "RSET", "250 ok\r\n");
	return false;
}

static void *
run_peer(void *unused)
{
	char line[4096];
	(void)unused;
	for (;;) {
		struct pollfd p = {.fd = peer.fd, .events = POLLIN};
		if (poll(&p, 1, -1) != 1)
			continue;
		int fd = accept(peer.fd, NULL, NULL);
		if (fd < 0)
			return NULL;
		peer.busy = true;
		if ((!peer.tls_at_start || begin_tls(fd)) && answer(fd, "greeting", "220 peer\r\n"))
			while (get_line(fd, line, sizeof(line)) && serve_line(fd, line))
				;
		SSL_free(peer.ssl);
		peer.ssl = NULL;
		close(fd);
		peer.busy = false;
	}
}

static struct smtp_options options;
static char port_text[8];

static void
set_up(const char *verb, const char *reply, const char *offers)
{
	static pthread_t thread;
	struct err e;
	if (!thread) {
		make_certificate();
		if (!socket_listen("127.0.0.1:0", &peer.fd, &e))
			TAP_FAIL("%s", e.text);
		peer.port = socket_port(peer.fd);
		snprintf(port_text, sizeof(port_text), "%d", peer.port);
		pthread_create(&thread, NULL, run_peer, NULL);
	}
	for (int i = 0; i < 1000 && peer.busy; i++)
		usleep(1000);
	peer.fault = (struct fault){verb, reply};
	peer.offers = offers;
	peer.tls_at_start = peer.inject = false;
	peer.heard_len = 0;
	peer.messages = 0;
	memset(peer.heard, 0, sizeof(peer.heard));
	options = (struct smtp_options){.host = "127.0.0.1", .port = port_text, .timeout_ms = 300, .dot_timeout_ms = 300, .helo = "here.example"};
}

/* The whole of a message; *ret_messages: how many the peer saw end. */
static struct smtp_result
deliver(const char *text)
{
	struct smtp *s;
	struct smtp_result r = {0};
	if (!smtp_open(&options, &s, &r))
		return r;
	if (smtp_begin(s, STR("shop@here.example"), STR("anna@there.example"), str_of(text), &r))
		smtp_finish(s, &r);
	smtp_close(s);
	return r;
}

/* ---------------------------------------------------------------- tests */

TEST(a_message_is_accepted)
{
	set_up(NULL, NULL, "250-PIPELINING\r\n250-SIZE 10000\r\n");
	struct smtp_result r = deliver("Subject: x\r\n\r\nHello\r\n.\r\n..\r\nno end");
	CHECK_INT(r.end, SMTP_ACCEPTED);
	CHECK_CSTR(r.text, "250 2.0.0 queued");
	CHECK_CSTR(peer.body, "Subject: x\r\n\r\nHello\r\n..\r\n...\r\nno end\r\n.\r\n");
	CHECK(strstr(peer.heard, "MAIL FROM:<shop@here.example> SIZE=34\r\nRCPT TO:<anna@there.example>\r\nDATA\r\n") != NULL);
}

TEST(line_ends_cannot_smuggle_a_second_message)
{
	set_up(NULL, NULL, "");
	CHECK_INT(deliver("a\n.\nMAIL FROM:<x>\r.\r\r\n.\r\nb\n.").end, SMTP_ACCEPTED);
	CHECK_CSTR(peer.body, "a\r\n..\r\nMAIL FROM:<x>\r\n..\r\n\r\n..\r\nb\r\n..\r\n.\r\n");
	CHECK_INT(peer.messages, 1);
}

TEST(every_fault_at_every_verb)
{
	static const char *const before[] = {"greeting", "EHLO", "MAIL", "RCPT", "DATA"};
	static const char *const offers[] = {"", "250-PIPELINING\r\n"};
	for (size_t o = 0; o < COUNT(offers); o++)
		for (size_t v = 0; v < COUNT(before); v++) {
			bool message = v >= 2;
			const struct { const char *reply; enum smtp_end end; } faults[] = {
				{"", SMTP_NOT_SENT}, {"#", SMTP_NOT_SENT}, {"nonsense\r\n", SMTP_NOT_SENT}, {"421 bye\r\n", SMTP_NOT_SENT},
				{"451 later\r\n", message ? SMTP_DEFERRED : SMTP_NOT_SENT}, {"550 5.1.1 no\r\n", message ? SMTP_REJECTED : SMTP_NOT_SENT},
				{"250-a\r\n550 b\r\n", SMTP_NOT_SENT}, {"199 early\r\n", SMTP_NOT_SENT}};
			for (size_t f = 0; f < COUNT(faults); f++) {
				set_up(before[v], faults[f].reply, offers[o]);
				if (v == 1 && faults[f].reply[0] == '5')
					continue;   /* falls back to HELO */
				struct smtp_result r = deliver("x");
				if (r.end != faults[f].end || peer.messages)
					TAP_FAIL("%s answered \"%.10s\"%s: %s (%s), %d messages", before[v], faults[f].reply, o ? ", pipelined" : "",
					    smtp_end_name(r.end), r.text, peer.messages);
			}
		}
}

TEST(after_the_dot_only_a_reply_settles_it)
{
	const struct { const char *reply; enum smtp_end end; } faults[] = {
		{"", SMTP_UNCERTAIN}, {"#", SMTP_UNCERTAIN}, {"nonsense\r\n", SMTP_UNCERTAIN}, {"354 more\r\n", SMTP_UNCERTAIN},
		{"421 bye\r\n", SMTP_DEFERRED}, {"451 later\r\n", SMTP_DEFERRED}, {"554 no\r\n", SMTP_REJECTED}, {"250-a\r\n250 b\r\n", SMTP_ACCEPTED},
		{"250-", SMTP_UNCERTAIN}};
	for (size_t f = 0; f < COUNT(faults); f++) {
		set_up("DOT", faults[f].reply, "250-PIPELINING\r\n");
		struct smtp_result r = deliver("x");
		if (r.end != faults[f].end)
			TAP_FAIL("\"%.10s\": %s (%s)", faults[f].reply, smtp_end_name(r.end), r.text);
	}
}

TEST(a_session_carries_on_after_a_refusal)
{
	struct smtp *s;
	struct smtp_result r;
	set_up("RCPT", "550 5.1.1 no such user\r\n", "250-PIPELINING\r\n");
	NEED(smtp_open(&options, &s, &r));
	/* The peer says 354 although there is no recipient: the client ends the empty message. */
	CHECK(!smtp_begin(s, STR("a@b.example"), STR("c@d.example"), STR("secret"), &r));
	CHECK_INT(r.end, SMTP_REJECTED);
	CHECK_CSTR(r.text, "550 5.1.1 no such user");
	CHECK(r.usable);
	CHECK(strstr(peer.heard, "secret") == NULL);
	peer.fault.verb = NULL;
	CHECK(smtp_alive(s));
	CHECK(smtp_begin(s, STR(""), STR("c@d.example"), STR("x"), &r));
	smtp_finish(s, &r);
	CHECK_INT(r.end, SMTP_ACCEPTED);
	CHECK(r.usable);
	smtp_close(s);
}

TEST(thinking_better_of_it_hands_nothing_over)
{
	struct smtp *s;
	struct smtp_result r;
	set_up(NULL, NULL, "");
	NEED(smtp_open(&options, &s, &r));
	CHECK(smtp_begin(s, STR("a@b.example"), STR("c@d.example"), STR("x"), &r));
	smtp_close(s);
	usleep(20000);
	CHECK_INT(peer.messages, 0);
	CHECK(strstr(peer.heard, "QUIT") == NULL);
}

TEST(addresses_cannot_bring_commands)
{
	static const char *const bad[] = {"a@b.example>\r\nRCPT TO:<x@y", "a b@c.example", "<a@b.example>", "nobody", "", "a@b,c@d", "a\\@b.example"};
	struct smtp *s;
	struct smtp_result r;
	set_up(NULL, NULL, "");
	NEED(smtp_open(&options, &s, &r));
	for (size_t i = 0; i < COUNT(bad); i++) {
		CHECK(!smtp_begin(s, STR("a@b.example"), str_of(bad[i]), STR("x"), &r));
		CHECK_INT(r.end, SMTP_REJECTED);
	}
	CHECK(!smtp_begin(s, STR("a@b.example"), STR("jürgen@d.example"), STR("x"), &r));
	CHECK(strstr(peer.heard, "MAIL") == NULL);
	smtp_close(s);
}

TEST(passwords_by_plain_and_login)
{
	set_up(NULL, NULL, "250-AUTH LOGIN PLAIN\r\n");
	options.user = "me";
	options.password = "secret";
	CHECK_INT(deliver("x").end, SMTP_NOT_SENT);   /* not without TLS */
	CHECK(strstr(peer.heard, "AUTH") == NULL);
	options.tls = SMTP_TLS_NONE;
	CHECK_INT(deliver("x").end, SMTP_ACCEPTED);
	CHECK(strstr(peer.heard, "AUTH PLAIN AG1lAHNlY3JldA==\r\n") != NULL);
	set_up(NULL, NULL, "250-AUTH LOGIN\r\n");
	options.user = "me";
	options.password = "secret";
	options.tls = SMTP_TLS_NONE;
	CHECK_INT(deliver("x").end, SMTP_ACCEPTED);
	CHECK(strstr(peer.heard, "AUTH LOGIN\r\nbWU=\r\nc2VjcmV0\r\n") != NULL);
	peer.fault = (struct fault){"AUTH", "535 5.7.8 wrong\r\n"};
	struct smtp_result r = deliver("x");
	CHECK_INT(r.end, SMTP_NOT_SENT);
	CHECK_CSTR(r.text, "535 5.7.8 wrong");
}

TEST(tls_from_the_start_and_by_starttls)
{
	set_up(NULL, NULL, "250-STARTTLS\r\n");
	options.timeout_ms = 3000;
	CHECK_INT(deliver("opportunistic").end, SMTP_ACCEPTED);
	CHECK_CSTR(peer.body, "opportunistic\r\n.\r\n");
	options.tls = SMTP_TLS_STARTTLS;
	struct smtp_result r = deliver("x");
	CHECK_INT(r.end, SMTP_NOT_SENT);
	CHECK(strstr(r.text, "certificate") != NULL);
	options.any_certificate = true;
	options.user = "me";
	CHECK_INT(deliver("must").end, SMTP_ACCEPTED);
	peer.inject = true;
	CHECK_INT(deliver("x").end, SMTP_NOT_SENT);
	set_up(NULL, NULL, "");
	options.tls = SMTP_TLS_STARTTLS;
	CHECK_INT(deliver("x").end, SMTP_NOT_SENT);   /* not offered */
	set_up(NULL, NULL, "250-PIPELINING\r\n");
	options.timeout_ms = 3000;
	peer.tls_at_start = true;
	options.tls = SMTP_TLS_IMPLICIT;
	options.any_certificate = true;
	CHECK_INT(deliver("implicit").end, SMTP_ACCEPTED);
}

TEST(hostile_replies_are_bounded)
{
	struct smtp_reply r = {0};
	bool done = false;
	char line[5000];
	memset(line, 'x', sizeof(line));
	memcpy(line, "250 ", 4);
	smtp_reply_take(&r, line, sizeof(line), &done);
	CHECK(done && r.bad);
	smtp_reply_reset(&r);
	int n = 0;
	for (done = false; !done && n < 1000; n++)
		smtp_reply_take(&r, "250-again\r\n", 11, &done);
	CHECK(done && r.bad);
	CHECK_INT(n, 101);
	static const char *const bad[] = {"\r\n", "25\r\n", "25x ok\r\n", "2500 ok\r\n", "999 x\r\n", "250-a\r\n251 b\r\n", "\xff\xfe\n", "250_ok\r\n"};
	for (size_t i = 0; i < COUNT(bad); i++) {
		smtp_reply_reset(&r);
		smtp_reply_take(&r, bad[i], strlen(bad[i]), &done);
		if (!done || !r.bad)
			TAP_FAIL("%s was taken for a reply", bad[i]);
	}
	smtp_reply_reset(&r);
	smtp_reply_take(&r, "550-a\x1b[31m\r\n550 b\xff\0c\r\n", 22, &done);
	CHECK(done && !r.bad);
	smtp_reply_line(&r, line, sizeof(line));
	CHECK_CSTR(line, "550 a [31m b? c");
	smtp_reply_line(&r, line, 8);
	CHECK_CSTR(line, "550 a [");
	smtp_reply_release(&r);
}

#include "net/smtp.h"
#include "base/clock.h"
#include "net/listen.h"
#include "net/smtp_wire.h"
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { REPLY_MS = 60 * 1000, DOT_MS = 600 * 1000, QUIT_MS = 2000, ADDRESS_MOST = 254 };

struct smtp {
	struct smtp_options o;
	struct wire w;
	struct smtp_reply reply;
	bool pipelining, size_offered, utf8, starttls, auth_plain, auth_login;
	int64_t size_most;               /* 0 = not said */
	bool in_data;                    /* the message is under way, its end is not */
	bool broken;
};

static const char *const end_names[] = {
#define X(name, text) text,
	SMTP_ENDS(X)
#undef X
};

const char *
smtp_end_name(enum smtp_end end)
{
	return end_names[end];
}

bool
smtp_tls_of(struct str name, enum smtp_tls *ret)
{
	static const struct { struct str name; enum smtp_tls tls; } all[] = {{STR_INIT("maybe"), SMTP_TLS_MAYBE}, {STR_INIT("none"), SMTP_TLS_NONE},
		{STR_INIT("starttls"), SMTP_TLS_STARTTLS}, {STR_INIT("implicit"), SMTP_TLS_IMPLICIT}};
	for (size_t i = 0; i < COUNT(all); i++)
		if (str_eq(name, all[i].name)) {
			*ret = all[i].tls;
			return true;
		}
	return false;
}

/* ---------------------------------------------------------------- what went wrong */

/* The wire or the peer failed us: the session is over. */
static bool
broken(struct smtp *s, enum smtp_end end, const char *verb, const struct err *e, struct smtp_result *ret)
{
	s->broken = true;
	*ret = (struct smtp_result){.end = end};
	snprintf(ret->text, sizeof(ret->text), "%s: %.300s", verb, e->text);
	return false;
}

/* The peer said something else than hoped. 421 closes the session whenever it comes. */
static bool
refused(struct smtp *s, enum smtp_end end, struct smtp_result *ret)
{
	*ret = (struct smtp_result){.end = end, .code = s->reply.code};
	smtp_reply_line(&s->reply, ret->text, sizeof(ret->text));
	if (s->reply.code == 421)
		s->broken = true;
	ret->usable = !s->broken;
	return false;
}

/* Of this message: 4xx later, 5xx never; 421 is about the session. */
static bool
refused_message(struct smtp *s, struct smtp_result *ret)
{
	int code = s->reply.code;
	s->broken |= code < 400;   /* an answer to another question: we no longer know where we are */
	return refused(s, code == 421 ? SMTP_NOT_SENT : code >= 500 ? SMTP_REJECTED : code >= 400 ? SMTP_DEFERRED : SMTP_NOT_SENT, ret);
}

/* ---------------------------------------------------------------- verbs and replies */

static bool
read_reply(struct smtp *s, int wait_ms, struct err *e)
{
	int64_t until = clock_mono_ns() + (int64_t)wait_ms * 1000000;
	bool done = false;
	smtp_reply_reset(&s->reply);
	while (!done) {
		if (!wire_read(&s->w, until, e))
			return false;
		s->w.in_at += smtp_reply_take(&s->reply, s->w.in + s->w.in_at, s->w.in_len - s->w.in_at, &done);
	}
	if (s->reply.bad)
		return fail(e, ERR_UNAVAILABLE, "the peer's reply makes no sense");
	return true;
}

static bool
say(struct smtp *s, struct err *e, const char *format, ...) PRINTF(3, 4);
static bool
say(struct smtp *s, struct err *e, const char *format, ...)
{
	char line[2048];
	va_list args;
	va_start(args, format);
	int n = vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	if (n < 0 || (size_t)n >= sizeof(line))
		return fail(e, ERR_INVALID, "a line to the peer would be too long");
	return wire_write(&s->w, (struct str){line, (size_t)n}, s->o.timeout_ms, e);
}

/* Writes a verb, reads its reply; true when it is of the wanted hundred. All failures here are of the session, not of a message. */
static bool
converse(struct smtp *s, const char *verb, const char *line, int hundred, struct smtp_result *why)
{
	struct err e;
	if ((line && !say(s, &e, "%s\r\n", line)) || !read_reply(s, s->o.timeout_ms, &e))
		return broken(s, SMTP_NOT_SENT, verb, &e, why);
	return s->reply.code / 100 == hundred ? true : refused(s, SMTP_NOT_SENT, why);
}

/* ---------------------------------------------------------------- opening */

static void
read_offers(struct smtp *s)
{
	struct str rest = {0};
	s->pipelining = smtp_offers(&s->reply, "PIPELINING", &rest);
	s->starttls = smtp_offers(&s->reply, "STARTTLS", &rest);
	s->utf8 = smtp_offers(&s->reply, "SMTPUTF8", &rest);
	s->size_most = 0;
	s->size_offered = smtp_offers(&s->reply, "SIZE", &rest);
	if (s->size_offered && (!str_to_int(str_trim(rest), &s->size_most) || s->size_most < 0))
		s->size_most = 0;
	s->auth_plain = s->auth_login = false;
	if (!smtp_offers(&s->reply, "AUTH", &rest))
		return;
	while (rest.len) {
		struct str mechanism = str_cut(&rest, ' ');
		s->auth_plain |= str_eq_nocase(mechanism, STR("PLAIN"));
		s->auth_login |= str_eq_nocase(mechanism, STR("LOGIN"));
	}
}

static bool
greet(struct smtp *s, struct smtp_result *why)
{
	char line[320];
	snprintf(line, sizeof(line), "EHLO %.255s", s->o.helo);
	if (converse(s, "EHLO", line, 2, why)) {
		read_offers(s);
		return true;
	}
	if (s->broken || s->reply.code < 500)
		return false;
	/* A very old server. */
	snprintf(line, sizeof(line), "HELO %.255s", s->o.helo);
	smtp_reply_reset(&s->reply);
	return converse(s, "HELO", line, 2, why);
}

static bool
start_tls(struct smtp *s, struct smtp_result *why)
{
	struct err e;
	bool must = s->o.tls == SMTP_TLS_STARTTLS;
	if (s->o.tls == SMTP_TLS_NONE || s->o.tls == SMTP_TLS_IMPLICIT || (!must && !s->starttls))
		return true;
	if (!s->starttls) {
		fail(&e, ERR_UNAVAILABLE, "the peer does not offer TLS");
		return broken(s, SMTP_NOT_SENT, "STARTTLS", &e, why);
	}
	if (!converse(s, "STARTTLS", "STARTTLS", 2, why))
		return !must && !s->broken;
	if (!wire_tls(&s->w, s->o.host, must && !s->o.any_certificate, s->o.timeout_ms, &e))
		return broken(s, SMTP_NOT_SENT, "STARTTLS", &e, why);
	return greet(s, why);
}

static void
base64(const char *bytes, size_t n, char *to, size_t size)
{
	sodium_bin2base64(to, size, (const unsigned char *)bytes, n, sodium_base64_VARIANT_ORIGINAL);
}

static bool
auth_plain(struct smtp *s, struct smtp_result *why)
{
	char secret[600], coded[900], line[920];
	int n = snprintf(secret, sizeof(secret), "%c%s%c%s", 0, s->o.user, 0, s->o.password);
	base64(secret, (size_t)n, coded, sizeof(coded));
	snprintf(line, sizeof(line), "AUTH PLAIN %s", coded);
	bool ok = converse(s, "AUTH", line, 2, why);
	sodium_memzero(secret, sizeof(secret));
	sodium_memzero(line, sizeof(line));
	return ok;
}

static bool
auth_login(struct smtp *s, struct smtp_result *why)
{
	char coded[500];
	if (!converse(s, "AUTH", "AUTH LOGIN", 3, why))
		return false;
	base64(s->o.user, strlen(s->o.user), coded, sizeof(coded));
	if (!converse(s, "AUTH", coded, 3, why))
		return false;
	base64(s->o.password, strlen(s->o.password), coded, sizeof(coded));
	bool ok = converse(s, "AUTH", coded, 2, why);
	sodium_memzero(coded, sizeof(coded));
	return ok;
}

static bool
authenticate(struct smtp *s, struct smtp_result *why)
{
	struct err e;
	if (!s->o.user || !*s->o.user)
		return true;
	if (strlen(s->o.user) > 250 || strlen(s->o.password) > 250)
		fail(&e, ERR_INVALID, "the user or password is too long");
	else if (!s->w.ssl && s->o.tls != SMTP_TLS_NONE)
		fail(&e, ERR_INVALID, "the password is not sent without TLS; set tls: none to allow it");
	else if (s->auth_plain)
		return auth_plain(s, why);
	else if (s->auth_login)
		return auth_login(s, why);
	else
		fail(&e, ERR_INVALID, "the peer offers neither AUTH PLAIN nor AUTH LOGIN");
	return broken(s, SMTP_NOT_SENT, "AUTH", &e, why);
}

static bool
open_session(struct smtp *s, struct smtp_result *why)
{
	struct err e;
	if (!socket_connect(s->o.host, s->o.port, s->o.timeout_ms, &s->w.fd, &e))
		return broken(s, SMTP_NOT_SENT, "connecting", &e, why);
	if (s->o.tls == SMTP_TLS_IMPLICIT && !wire_tls(&s->w, s->o.host, !s->o.any_certificate, s->o.timeout_ms, &e))
		return broken(s, SMTP_NOT_SENT, "TLS", &e, why);
	return converse(s, "greeting", NULL, 2, why) && greet(s, why) && start_tls(s, why) && authenticate(s, why);
}

static const char *
own_name(void)
{
	static _Thread_local char name[256];
	if (gethostname(name, sizeof(name) - 1) || !*name)
		return "localhost";
	return name;
}

bool
smtp_open(const struct smtp_options *o, struct smtp **ret, struct smtp_result *why)
{
	struct smtp *s = mem_alloc(sizeof(*s));
	s->o = *o;
	s->o.timeout_ms = o->timeout_ms ? o->timeout_ms : REPLY_MS;
	s->o.dot_timeout_ms = o->dot_timeout_ms ? o->dot_timeout_ms : DOT_MS;
	s->o.helo = o->helo && *o->helo ? o->helo : own_name();
	s->o.password = o->password ? o->password : "";
	s->w.fd = -1;
	signal(SIGPIPE, SIG_IGN);   /* OpenSSL writes without MSG_NOSIGNAL */
	if (!open_session(s, why)) {
		why->end = SMTP_NOT_SENT;
		why->usable = false;
		s->broken = true;
		smtp_close(s);
		return false;
	}
	*ret = s;
	return true;
}

/* ---------------------------------------------------------------- a message */

/* Nothing in an envelope address may end the line or the brackets. */
static bool
envelope_ok(struct str address, bool may_be_empty, bool *ret_ascii)
{
	*ret_ascii = true;
	if (!address.len)
		return may_be_empty;
	if (address.len > ADDRESS_MOST || str_find_char(address, '@', 0) == SIZE_MAX)
		return false;
	for (size_t i = 0; i < address.len; i++) {
		unsigned char c = (unsigned char)address.ptr[i];
		if (c <= 32 || c == 127 || c == '<' || c == '>' || c == ',' || c == ';' || c == '\\')
			return false;
		if (c > 127)
			*ret_ascii = false;
	}
	return *ret_ascii || str_is_utf8(address);
}

static bool
refuse_here(struct smtp *s, enum smtp_end end, const char *sentence, struct smtp_result *why)
{
	*why = (struct smtp_result){.end = end, .usable = !s->broken};
	snprintf(why->text, sizeof(why->text), "%s", sentence);
	return false;
}

/* MAIL, RCPT and DATA as lines; in one write when the peer takes that. */
struct envelope { char lines[3][700]; };

static void
make_envelope(const struct smtp *s, struct str from, struct str to, size_t bytes, bool utf8, struct envelope *ret)
{
	char size[40] = "";
	if (s->size_offered)
		snprintf(size, sizeof(size), " SIZE=%zu", bytes);
	snprintf(ret->lines[0], sizeof(ret->lines[0]), "MAIL FROM:<%.*s>%s%s\r\n", STR_ARGS(from), size, utf8 ? " SMTPUTF8" : "");
	snprintf(ret->lines[1], sizeof(ret->lines[1]), "RCPT TO:<%.*s>\r\n", STR_ARGS(to));
	snprintf(ret->lines[2], sizeof(ret->lines[2]), "DATA\r\n");
}

static bool
reset(struct smtp *s)
{
	struct smtp_result ignored;
	return converse(s, "RSET", "RSET", 2, &ignored);
}

/* DATA was taken although the recipient was not: a message without recipients is ended at once. */
static void
end_empty_data(struct smtp *s)
{
	struct err e;
	if (!say(s, &e, ".\r\n") || !read_reply(s, s->o.timeout_ms, &e))
		s->broken = true;
}

static bool
send_one_by_one(struct smtp *s, const struct envelope *v, struct smtp_result *why)
{
	static const char *const verbs[] = {"MAIL", "RCPT", "DATA"};
	struct err e;
	for (int i = 0; i < 3; i++) {
		if (!say(s, &e, "%s", v->lines[i]) || !read_reply(s, s->o.timeout_ms, &e))
			return broken(s, SMTP_NOT_SENT, verbs[i], &e, why);
		if (s->reply.code / 100 != (i == 2 ? 3 : 2)) {
			refused_message(s, why);
			why->usable = !s->broken && reset(s);
			return false;
		}
	}
	return true;
}

static bool
send_pipelined(struct smtp *s, const struct envelope *v, struct smtp_result *why)
{
	static const char *const verbs[] = {"MAIL", "RCPT", "DATA"};
	struct err e;
	bool ok = true;
	if (!say(s, &e, "%s%s%s", v->lines[0], v->lines[1], v->lines[2]))
		return broken(s, SMTP_NOT_SENT, "MAIL", &e, why);
	for (int i = 0; i < 3; i++) {
		if (!read_reply(s, s->o.timeout_ms, &e))
			return ok ? broken(s, SMTP_NOT_SENT, verbs[i], &e, why) : (s->broken = true, why->usable = false);
		if (s->reply.code / 100 == (i == 2 ? 3 : 2)) {
			if (i == 2 && !ok)
				end_empty_data(s);
			continue;
		}
		if (ok)
			ok = refused_message(s, why);   /* the first refusal is the reason */
		if (s->broken)
			return false;
	}
	if (!ok)
		why->usable = !s->broken && reset(s);
	return ok;
}

bool
smtp_begin(struct smtp *s, struct str from, struct str to, struct str message, struct smtp_result *why)
{
	bool from_ascii, to_ascii;
	struct envelope v;
	struct err e;
	ASSERT(!s->in_data);
	if (s->broken)
		return refuse_here(s, SMTP_NOT_SENT, "the session is over", why);
	if (!envelope_ok(to, false, &to_ascii))
		return refuse_here(s, SMTP_REJECTED, "the recipient's address is not one that can be mailed", why);
	if (!envelope_ok(from, true, &from_ascii))
		return refuse_here(s, SMTP_REJECTED, "the sender's address is not one that can be mailed", why);
	if ((!to_ascii || !from_ascii) && !s->utf8)
		return refuse_here(s, SMTP_REJECTED, "the peer does not take addresses beyond ASCII", why);
	if (s->size_most && message.len > (size_t)s->size_most)
		return refuse_here(s, SMTP_REJECTED, "the message is larger than the peer takes", why);
	make_envelope(s, from, to, message.len, !to_ascii || !from_ascii, &v);
	if (!(s->pipelining ? send_pipelined(s, &v, why) : send_one_by_one(s, &v, why)))
		return false;
	struct buf stuffed = {0};
	smtp_stuff(message, &stuffed);
	s->in_data = true;
	bool ok = wire_write(&s->w, buf_str(&stuffed), s->o.timeout_ms, &e);
	buf_release(&stuffed);
	return ok ? true : broken(s, SMTP_NOT_SENT, "the message", &e, why);
}

void
smtp_finish(struct smtp *s, struct smtp_result *ret)
{
	struct err e;
	ASSERT(s->in_data);
	if (s->broken) {
		refuse_here(s, SMTP_NOT_SENT, "the session is over", ret);
		return;
	}
	if (!wire_write(&s->w, STR(".\r\n"), s->o.timeout_ms, &e)) {
		/* Without TLS we know that not one byte of the end left us. */
		broken(s, s->w.ssl || s->w.wrote ? SMTP_UNCERTAIN : SMTP_NOT_SENT, "the dot", &e, ret);
		return;
	}
	s->in_data = false;
	if (!read_reply(s, s->o.dot_timeout_ms, &e)) {
		broken(s, SMTP_UNCERTAIN, "after the dot", &e, ret);
		return;
	}
	int hundred = s->reply.code / 100;
	refused(s, hundred == 2 ? SMTP_ACCEPTED : hundred == 4 ? SMTP_DEFERRED : hundred == 5 ? SMTP_REJECTED : SMTP_UNCERTAIN, ret);
	if (hundred == 3)
		s->broken = true, ret->usable = false;
}

bool
smtp_alive(struct smtp *s)
{
	struct pollfd p = {.fd = s->w.fd, .events = POLLIN};
	/* A peer that was asked nothing has nothing to say but that it closes. */
	return !s->broken && s->w.in_at == s->w.in_len && poll(&p, 1, 0) == 0;
}

void
smtp_interrupt(struct smtp *s)
{
	shutdown(s->w.fd, SHUT_RDWR);
}

void
smtp_close(struct smtp *s)
{
	struct err e;
	if (!s)
		return;
	if (!s->broken && !s->in_data)
		(void)!wire_write(&s->w, STR("QUIT\r\n"), QUIT_MS, &e);
	wire_close(&s->w);
	smtp_reply_release(&s->reply);
	mem_free(s);
}

/* smtp.h -- an SMTP client's session: one recipient a transaction, and no doubt left out of the answer.
 *
 *	smtp_open     greeting, EHLO, TLS, AUTH
 *	smtp_begin    MAIL, RCPT, DATA (in one write where the peer offers PIPELINING), the message but for its end
 *	smtp_finish   the dot, and up to ten minutes for the reply
 *
 * Between smtp_begin and smtp_finish nothing was handed over: the caller may still think better of it (smtp_close).
 * Blocking, with a deadline on every wait; one thread at a time, save smtp_interrupt. */
#pragma once
#include "base/str.h"

/* what became of a message, as a reader of the wire must see it */
#define SMTP_ENDS(X)                                                                                    \
	X(NOT_SENT, "not sent")   /* nothing was handed over and it is not the message's fault: try again */ \
	X(DEFERRED, "deferred")   /* the peer said 4xx to this message */                               \
	X(REJECTED, "rejected")   /* the peer said 5xx to this message */                               \
	X(ACCEPTED, "accepted")   /* the peer said 2xx to the dot */                                    \
	X(UNCERTAIN, "uncertain") /* the dot was (or may have been) sent and no reply came */
enum smtp_end {
#define X(name, text) SMTP_##name,
	SMTP_ENDS(X)
#undef X
};
const char *smtp_end_name(enum smtp_end end);

struct smtp_result {
	enum smtp_end end;
	int code;                /* the peer's; 0 = none came */
	bool usable;             /* the session takes another message */
	char text[400];          /* the peer's reply, "550 5.1.1 no such user"; or what went wrong; one line of clean UTF-8 */
};

enum smtp_tls { SMTP_TLS_MAYBE /* STARTTLS if offered, unverified */, SMTP_TLS_NONE, SMTP_TLS_STARTTLS /* or nothing */, SMTP_TLS_IMPLICIT };
bool smtp_tls_of(struct str name, enum smtp_tls *ret);   /* "maybe", "none", "starttls", "implicit" */

struct smtp_options {
	const char *host, *port;
	enum smtp_tls tls;
	const char *user, *password;     /* user NULL = no AUTH */
	const char *helo;                /* NULL = the machine's name */
	bool any_certificate;
	int timeout_ms;                  /* connecting and each reply but the last; 0 = 60 s */
	int dot_timeout_ms;              /* 0 = 600 s, as RFC 5321 asks */
};
struct smtp;
/* False: *why says why; nothing was handed over, end is SMTP_NOT_SENT. */
MUST_CHECK bool smtp_open(const struct smtp_options *o, struct smtp **ret, struct smtp_result *why);
/* `from` may be empty (<>). The message's line ends become CRLF whatever they were, and its dots are stuffed. False: *why says what became of the
 * message; when why->usable is false the session is good for nothing but smtp_close. */
MUST_CHECK bool smtp_begin(struct smtp *s, struct str from, struct str to, struct str message, struct smtp_result *why);
void smtp_finish(struct smtp *s, struct smtp_result *ret);
/* Is the peer still there? (It may have closed an idle session, or one that waits for the dot.) */
bool smtp_alive(struct smtp *s);
/* Says QUIT when no message is under way, else just closes. Accepts NULL. */
void smtp_close(struct smtp *s);
/* From another thread: what waits ends now. */
void smtp_interrupt(struct smtp *s);

/* ---- for tests and fuzzing: replies. Pure. */

struct smtp_reply {
	int code;
	int lines;
	bool bad;                /* not a reply: no digits, too long, too many lines, lines of different codes */
	size_t line_len;         /* of the line under way */
	char line[8];            /* its first bytes */
	bool last;               /* the line under way is the last one */
	struct buf text;         /* the lines without codes, separated by \n; at most 16 KB are kept */
};
/* Takes bytes up to the end of one reply; returns how many. *ret_done: the reply is complete or bad. */
size_t smtp_reply_take(struct smtp_reply *r, const char *bytes, size_t n, bool *ret_done);
void smtp_reply_reset(struct smtp_reply *r);
void smtp_reply_release(struct smtp_reply *r);
/* Does an EHLO reply offer this? *ret_rest = its parameters. */
bool smtp_offers(const struct smtp_reply *r, const char *keyword, struct str *ret_rest);
/* One line for people: control characters and invalid UTF-8 are replaced. */
void smtp_reply_line(const struct smtp_reply *r, char *to, size_t size);
/* The message as it goes over the wire, without the final dot. */
void smtp_stuff(struct str message, struct buf *out);

/* err.h -- the one error idiom.
 *
 * A function that can fail returns bool, is marked MUST_CHECK and takes `struct err *e` last. On success *e is left
 * alone, on failure all ret_ arguments are. The text is a whole sentence for the person who caused it. */
#pragma once
#include <stdbool.h>

/* name, may the caller try again? (api/ maps these to HTTP, cli/ to exit codes) */
#define ERR_CODES(X)          \
	X(NONE, false)        \
	X(INVALID, false)     \
	X(DENIED, false)      \
	X(NOT_FOUND, false)   \
	X(CONFLICT, false)    \
	X(TOO_LARGE, false)   \
	X(LIMIT, true)        \
	X(IO, false)          \
	X(UNAVAILABLE, true)

enum err_code {
#define X(name, again) ERR_##name,
	ERR_CODES(X)
#undef X
};

struct err {
	enum err_code code;
	int line, column;   /* from 1; 0 = no such place */
	char file[128];     /* "" = none */
	char text[384];
};

void err_set(struct err *e, enum err_code code, const char *format, ...) __attribute__((format(printf, 3, 4)));
void err_set_at(struct err *e, enum err_code code, int line, int column, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
void err_set_while(struct err *e, const char *format, ...) __attribute__((format(printf, 2, 3)));
void err_set_file(struct err *e, const char *file);

/* All are false, so that a failing path is one line: return fail(e, ERR_INVALID, "…"). Macros, so that compilers and analysers
 * see the false. */
static inline bool
err_false(void)
{
	return false;
}
#define fail(...) (err_set(__VA_ARGS__), err_false())
#define fail_at(...) (err_set_at(__VA_ARGS__), err_false())
/* Puts what the caller was doing before the sentence that is already there: "loading journey welcome: …". */
#define fail_while(...) (err_set_while(__VA_ARGS__), err_false())
/* Sets the file of an error that has none yet. */
#define fail_in(...) (err_set_file(__VA_ARGS__), err_false())
const char *err_code_name(enum err_code code);
bool err_may_retry(enum err_code code);
/* "program/journeys/x.yaml:12:5: sentence" into buf; returns buf. */
const char *err_format(const struct err *e, char *buf, unsigned long size);

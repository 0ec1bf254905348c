/* tap.h -- unit tests: TEST() defines one, CHECK… report, prove(1) counts.
 *
 *	TEST(a_window_may_cross_midnight)
 *	{
 *		CHECK_INT(minutes_between(…), 570);
 *	}
 *
 * The main() is here, so a test program is one .c file that includes this once. An argument runs only the tests
 * whose name contains it. */
#pragma once
#include "base/base.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct tap_case {
	const char *name;
	void (*run)(void);
	struct tap_case *next;
};
static struct tap_case *tap_first, **tap_end = &tap_first;
static int tap_bad;
static const char *tap_skip_reason;

#define TEST(fn)                                                          \
	static void fn(void);                                             \
	__attribute__((constructor)) static void tap_add_##fn(void)       \
	{                                                                 \
		static struct tap_case c = {#fn, fn, NULL};               \
		*tap_end = &c;                                            \
		tap_end = &c.next;                                        \
	}                                                                 \
	static void fn(void)

#define TAP_FAIL(...)                                          \
	do {                                                   \
		tap_bad = 1;                                   \
		printf("# %s:%d: ", __FILE__, __LINE__);       \
		printf(__VA_ARGS__);                           \
		putchar('\n');                                 \
	} while (0)
#define CHECK(cond)                                  \
	do {                                         \
		if (!(cond))                         \
			TAP_FAIL("not so: %s", #cond); \
	} while (0)
/* Ends the test: what follows needs it. */
#define NEED(cond)                                   \
	do {                                         \
		if (!(cond)) {                       \
			TAP_FAIL("needed: %s", #cond); \
			return;                      \
		}                                    \
	} while (0)
#define CHECK_INT(got, want)                                                                \
	do {                                                                                \
		intmax_t g_ = (intmax_t)(got), w_ = (intmax_t)(want);                       \
		if (g_ != w_)                                                               \
			TAP_FAIL("%s is %jd, expected %jd", #got, g_, w_);                  \
	} while (0)
#define CHECK_CSTR(got, want)                                                               \
	do {                                                                                \
		const char *g_ = (got), *w_ = (want);                                       \
		if (strcmp(g_, w_))                                                         \
			TAP_FAIL("%s is \"%s\", expected \"%s\"", #got, g_, w_);            \
	} while (0)
#define CHECK_STR(got, want)                                                                \
	do {                                                                                \
		struct str g_ = (got), w_ = str_of(want);                                   \
		if (!str_eq(g_, w_))                                                        \
			TAP_FAIL("%s is \"%.*s\", expected \"%.*s\"", #got, STR_ARGS(g_), STR_ARGS(w_)); \
	} while (0)
#define SKIP(reason)                      \
	do {                              \
		tap_skip_reason = reason; \
		return;                   \
	} while (0)

int
main(int argc, char **argv)
{
	int n = 0, bad = 0;
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (struct tap_case *c = tap_first; c; c = c->next) {
		if (argc > 1 && !strstr(c->name, argv[1]))
			continue;
		tap_bad = 0;
		tap_skip_reason = NULL;
		c->run();
		if (tap_skip_reason && !tap_bad)
			printf("ok %d - %s # SKIP %s\n", ++n, c->name, tap_skip_reason);
		else
			printf("%s %d - %s\n", tap_bad ? "not ok" : "ok", ++n, c->name);
		bad |= tap_bad;
	}
	printf("1..%d\n", n);
	return bad;
}

/* assert.h -- asserts stay on in release builds: they are for our own mistakes, `struct err` is for the world's.
 *
 * A failed assert prints the place, the condition and what was at hand (crash_note), then aborts. */
#pragma once

#define ASSERT(cond)                                                        \
	do {                                                                \
		if (__builtin_expect(!(cond), 0))                           \
			assert_failed(__FILE__, __LINE__, __func__, #cond); \
	} while (0)

/* "Cannot happen", with the reason why not. */
#define WRONG(why) assert_failed(__FILE__, __LINE__, __func__, why)

#ifdef PERENNIAL_SLOW_CHECKS
#define ASSERT_SLOW(cond) ASSERT(cond)
#else
#define ASSERT_SLOW(cond) ((void)0)
#endif

__attribute__((noreturn)) void assert_failed(const char *file, int line, const char *func, const char *what);

/* What this thread has at hand, printed when an assert fails or a fatal signal comes: at most 255 bytes are kept.
 * NULL clears it. */
void crash_note(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The note of this thread, "" when none. */
const char *crash_note_get(void);
/* Called once with a description of the crash before the process aborts (runtime writes the crash report here). */
void crash_handler_set(void (*handler)(const char *description, const char *note));

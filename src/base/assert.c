#include "base/assert.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static _Thread_local char note[256];
static _Thread_local int failing;
static void (*crash_handler)(const char *description, const char *note);

void
crash_note(const char *format, ...)
{
	va_list args;
	if (!format) {
		note[0] = '\0';
		return;
	}
	va_start(args, format);
	vsnprintf(note, sizeof(note), format, args);
	va_end(args);
}

const char *
crash_note_get(void)
{
	return note;
}

void
crash_handler_set(void (*handler)(const char *description, const char *at_hand))
{
	crash_handler = handler;
}

void
assert_failed(const char *file, int line, const char *func, const char *what)
{
	char description[512];
	snprintf(description, sizeof(description), "%s:%d: %s: not so: %s", file, line, func, what);
	fprintf(stderr, "perennial: %s\n", description);
	if (note[0])
		fprintf(stderr, "perennial: at hand: %s\n", note);
	/* An assert inside the handler must not come here a second time. */
	if (!failing++ && crash_handler)
		crash_handler(description, note);
	abort();
}

#include "base/err.h"
#include "base/base.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct {
	const char *name;
	bool again;
} codes[] = {
#define X(name, again) {#name, again},
	ERR_CODES(X)
#undef X
};

const char *
err_code_name(enum err_code code)
{
	ASSERT((size_t)code < COUNT(codes));
	return codes[code].name;
}

bool
err_may_retry(enum err_code code)
{
	ASSERT((size_t)code < COUNT(codes));
	return codes[code].again;
}

static void
fill(struct err *e, enum err_code code, int line, int column, const char *format, va_list args)
{
	struct err made = {.code = code, .line = line, .column = column};
	vsnprintf(made.text, sizeof(made.text), format, args);
	*e = made;
}

void
err_set(struct err *e, enum err_code code, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	fill(e, code, 0, 0, format, args);
	va_end(args);
}

void
err_set_at(struct err *e, enum err_code code, int line, int column, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	fill(e, code, line, column, format, args);
	va_end(args);
}

void
err_set_while(struct err *e, const char *format, ...)
{
	char before[sizeof(e->text)], whole[sizeof(e->text) * 2 + 4];
	va_list args;
	va_start(args, format);
	vsnprintf(before, sizeof(before), format, args);
	va_end(args);
	snprintf(whole, sizeof(whole), "%s: %s", before, e->text);
	memcpy(e->text, whole, sizeof(e->text) - 1);
	e->text[sizeof(e->text) - 1] = '\0';
}

void
err_set_file(struct err *e, const char *file)
{
	if (!e->file[0])
		snprintf(e->file, sizeof(e->file), "%s", file);
}

const char *
err_format(const struct err *e, char *buf, unsigned long size)
{
	if (e->file[0] && e->line > 0)
		snprintf(buf, size, "%s:%d:%d: %s", e->file, e->line, e->column, e->text);
	else if (e->file[0])
		snprintf(buf, size, "%s: %s", e->file, e->text);
	else if (e->line > 0)
		snprintf(buf, size, "line %d, column %d: %s", e->line, e->column, e->text);
	else
		snprintf(buf, size, "%s", e->text);
	return buf;
}

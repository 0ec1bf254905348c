/* Problems: sentences with their place, and the closest name when one was misspelt. */
#include "program/program_priv.h"
#include "base/str.h"
#include <stdarg.h>
#include <stdio.h>

enum { PROBLEMS_MAX = 500 };

static struct problem *
problem_new(struct maker *m, bool warning)
{
	if (!warning)
		m->failed = true;
	if (m->silent || m->problems->len >= PROBLEMS_MAX) {
		m->spilled = (struct problem){0};
		return &m->spilled;
	}
	struct problem *p = vec_push(m->problems);
	p->warning = warning;
	p->err.code = ERR_INVALID;
	return p;
}

static void
problem_fill(struct problem *p, const char *file, int line, int column, const char *format, va_list ap)
{
	(void)snprintf(p->err.file, sizeof(p->err.file), "%s", file ? file : "");
	p->err.line = line;
	p->err.column = column;
	(void)vsnprintf(p->err.text, sizeof(p->err.text), format, ap);
}

void
problem_at(struct maker *m, const struct yaml *y, const char *format, ...)
{
	va_list ap;
	va_start(ap, format);
	problem_fill(problem_new(m, false), m->file, y ? y->line : 1, y ? y->column : 1, format, ap);
	va_end(ap);
}

void
problem_at_key(struct maker *m, const struct yaml *y, const char *format, ...)
{
	va_list ap;
	va_start(ap, format);
	problem_fill(problem_new(m, false), m->file, y->key_line ? y->key_line : y->line, y->key_line ? y->key_column : y->column,
	    format, ap);
	va_end(ap);
}

void
warning_at(struct maker *m, const struct yaml *y, const char *format, ...)
{
	va_list ap;
	va_start(ap, format);
	problem_fill(problem_new(m, true), m->file, y ? y->line : 1, y ? y->column : 1, format, ap);
	va_end(ap);
}

void
problem_in(struct maker *m, const char *file, int line, int column, bool warning, const char *format, ...)
{
	va_list ap;
	va_start(ap, format);
	problem_fill(problem_new(m, warning), file, line, column, format, ap);
	va_end(ap);
}

void
problem_err(struct maker *m, const struct err *e)
{
	struct problem *p = problem_new(m, false);
	p->err = *e;
	if (!p->err.file[0] && m->file)
		(void)snprintf(p->err.file, sizeof(p->err.file), "%s", m->file);
}

/* Edit distance with swaps of neighbours, stopped beyond `most`. */
static size_t
spelling_distance(struct str a, struct str b, size_t most)
{
	enum { LONGEST = 64 };
	size_t rows[3][LONGEST + 1], *before = rows[0], *last = rows[1], *now = rows[2];
	if (a.len > LONGEST || b.len > LONGEST || (a.len > b.len ? a.len - b.len : b.len - a.len) > most)
		return most + 1;
	for (size_t j = 0; j <= b.len; j++)
		last[j] = before[j] = j;
	for (size_t i = 1; i <= a.len; i++) {
		now[0] = i;
		for (size_t j = 1; j <= b.len; j++) {
			size_t d = last[j - 1] + (a.ptr[i - 1] != b.ptr[j - 1]);
			if (last[j] + 1 < d)
				d = last[j] + 1;
			if (now[j - 1] + 1 < d)
				d = now[j - 1] + 1;
			if (i > 1 && j > 1 && a.ptr[i - 1] == b.ptr[j - 2] && a.ptr[i - 2] == b.ptr[j - 1] && before[j - 2] + 1 < d)
				d = before[j - 2] + 1;
			now[j] = d;
		}
		size_t *spare = before;
		before = last;
		last = now;
		now = spare;
	}
	return last[b.len];
}

const char *
did_you_mean(struct str name, const struct str *names, size_t n, size_t stride, char buf[96])
{
	size_t most = name.len < 4 ? 1 : name.len < 8 ? 2 : 3, best = most + 1;
	struct str found = {0};
	for (size_t i = 0; i < n; i++) {
		const struct str *s = (const struct str *)((const char *)names + i * stride);
		size_t d = str_eq_nocase(name, *s) ? 0 : spelling_distance(name, *s, most);
		if (d < best) {
			best = d;
			found = *s;
		}
	}
	buf[0] = 0;
	if (found.len && found.len < 72)
		(void)snprintf(buf, 96, " (did you mean '%.*s'?)", STR_ARGS(found));
	return buf;
}

/* What a person sees: lines, tables, progress. */
#include "cli/cmd_priv.h"
#include "base/clock.h"
#include <stdarg.h>
#include <stdio.h>

static void
write_to(const struct invocation *in, int fd, const char *format, va_list args)
{
	char stack[1024];
	va_list again;
	va_copy(again, args);
	int n = vsnprintf(stack, sizeof(stack), format, args);
	if (n >= 0 && (size_t)n < sizeof(stack)) {
		in->out->write(in->out->self, fd, stack, (size_t)n);
	} else if (n > 0) {
		char *heap = mem_alloc((size_t)n + 1);
		vsnprintf(heap, (size_t)n + 1, format, again);
		in->out->write(in->out->self, fd, heap, (size_t)n);
		mem_free(heap);
	}
	va_end(again);
}

void
say(const struct invocation *in, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	write_to(in, 1, format, args);
	va_end(args);
}

void
say_str(const struct invocation *in, struct str text)
{
	in->out->write(in->out->self, 1, text.ptr, text.len);
}

void
tell(const struct invocation *in, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	write_to(in, 2, format, args);
	va_end(args);
}

int
refuse(const struct invocation *in, const struct err *e)
{
	char text[1024];
	tell(in, "perennial: %s\n", err_format(e, text, sizeof(text)));
	return 1;
}

void
say_heading(const struct invocation *in, const char *format, ...)
{
	char text[256];
	va_list args;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (in->out->tty)
		say(in, "\n\033[1m%s\033[0m\n\n", text);
	else
		say(in, "\n%s\n\n", text);
}

void
say_json(const struct invocation *in, struct buf *json)
{
	buf_add_char(json, '\n');
	say_str(in, buf_str(json));
}

const char *
with_commas(uint64_t n)
{
	static _Thread_local char buffers[8][32];
	static _Thread_local unsigned turn;
	char *at = buffers[turn++ % 8] + 31;
	*at = '\0';
	for (int digits = 0;; digits++) {
		if (digits && digits % 3 == 0)
			*--at = ',';
		*--at = (char)('0' + n % 10);
		if (!(n /= 10))
			return at;
	}
}

struct str
text_at(const struct json *j, const char *path)
{
	return json_text(json_path(j, path));
}

struct str
short_time(struct arena *a, struct str iso)
{
	return iso.len >= 16 && iso.ptr[10] == 'T' ? arena_printf(a, "%.*s %.*s", 10, iso.ptr, 5, iso.ptr + 11) : iso;
}

/* ---------------------------------------------------------------- progress */

enum { ON_TERMINAL_NS = 100 * 1000 * 1000 };
static const int64_t ELSEWHERE_NS = 5LL * 1000 * 1000 * 1000;

void
progress_show(struct progress *p, const char *what, uint64_t done, uint64_t total)
{
	int64_t now = clock_mono_ns();
	bool finished = total && done >= total;
	if (!p->last_ns)
		p->last_ns = now - (p->in->out->tty ? ON_TERMINAL_NS : 0);
	if (now - p->last_ns < (p->in->out->tty ? ON_TERMINAL_NS : ELSEWHERE_NS) && !(finished && p->shown))
		return;
	p->last_ns = now;
	p->shown = true;
	const char *before = p->in->out->tty ? "\r\033[K" : "";
	const char *after = p->in->out->tty ? "" : "\n";
	if (total)
		tell(p->in, "%s  %s: %s of %s (%u%%)%s", before, what, with_commas(done), with_commas(total),
		    (unsigned)(done * 100 / total), after);
	else
		tell(p->in, "%s  %s: %s%s", before, what, with_commas(done), after);
}

void
progress_end(struct progress *p)
{
	if (p->shown && p->in->out->tty)
		tell(p->in, "\r\033[K");
	p->shown = false;
	p->last_ns = 0;
}

void
progress_named(void *self, const char *what, uint64_t done, uint64_t total)
{
	progress_show(self, what, done, total);
}

void
progress_plain(void *self, uint64_t done, uint64_t total)
{
	struct progress *p = self;
	progress_show(p, p->what, done, total);
}

/* ---------------------------------------------------------------- tables */

void
table_init(struct table *t, uint32_t columns)
{
	*t = (struct table){.columns = columns};
	arena_init(&t->arena);
}

/* Control characters of other people's texts never reach a terminal. */
void
table_str(struct table *t, struct str s)
{
	char *bytes = arena_alloc(&t->arena, s.len + 1);
	for (size_t i = 0; i < s.len; i++)
		bytes[i] = (unsigned char)s.ptr[i] < 0x20 || s.ptr[i] == 0x7f ? ' ' : s.ptr[i];
	*vec_push(&t->cells) = (struct str){bytes, s.len};
}

void
table_cell(struct table *t, const char *format, ...)
{
	char text[512];
	va_list args;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	table_str(t, str_of(text));
}

void
table_count(struct table *t, uint64_t n)
{
	table_cell(t, "%s", with_commas(n));
}

/* Figures, with signs, commas, points, percents and units; or nothing. */
static bool
is_figure(struct str s)
{
	bool digit = false;
	for (size_t i = 0; i < s.len; i++) {
		if (s.ptr[i] >= '0' && s.ptr[i] <= '9')
			digit = true;
		else if (!memchr("+-,.% ", s.ptr[i], 6))
			return false;
	}
	return digit || s.len == 0 || str_eq(s, STR("–"));
}

static void
say_spaces(const struct invocation *in, size_t n)
{
	say(in, "%*s", (int)n, "");
}

/* The widest column gives way until a row fits the screen. */
static void
fit_columns(const struct invocation *in, size_t *width, uint32_t columns)
{
	enum { NARROWEST = 14 };
	for (;;) {
		size_t sum = 0;
		uint32_t widest = 0;
		for (uint32_t c = 0; c < columns; c++) {
			sum += width[c] + 2;
			widest = width[c] > width[widest] ? c : widest;
		}
		if (sum <= (size_t)in->out->columns || width[widest] <= NARROWEST)
			return;
		width[widest]--;
	}
}

/* The first `most` characters of a text, the last of them an ellipsis when there were more. */
static struct str
shortened(struct arena *a, struct str s, size_t most)
{
	if (str_code_points(s) <= most)
		return s;
	size_t end = 0;
	for (size_t n = 0; end < s.len; end++)
		if ((s.ptr[end] & 0xc0) != 0x80 && n++ == most - 1)
			break;
	return arena_printf(a, "%.*s…", (int)end, s.ptr);
}

static void
measure_columns(struct table *t, size_t rows, size_t *width, bool *right)
{
	for (uint32_t c = 0; c < t->columns; c++) {
		right[c] = rows > 1;
		for (size_t r = 0; r < rows; r++) {
			struct str cell = t->cells.items[r * t->columns + c];
			size_t w = str_code_points(cell);
			width[c] = w > width[c] ? w : width[c];
			right[c] = right[c] && (r == 0 || is_figure(cell));
		}
	}
}

void
table_say(const struct invocation *in, struct table *t)
{
	size_t rows = t->columns ? t->cells.len / t->columns : 0;
	size_t *width = arena_array(&t->arena, size_t, t->columns + 1);
	bool *right = arena_array(&t->arena, bool, t->columns + 1);
	measure_columns(t, rows, width, right);
	if (t->fit)
		fit_columns(in, width, t->columns);
	for (size_t r = 0; r < rows; r++) {
		if (r == 0 && in->out->tty)
			say(in, "\033[2m");
		for (uint32_t c = 0; c < t->columns; c++) {
			struct str cell = shortened(&t->arena, t->cells.items[r * t->columns + c], width[c]);
			size_t pad = width[c] - str_code_points(cell);
			say(in, "  ");
			if (right[c])
				say_spaces(in, pad);
			say_str(in, cell);
			if (!right[c] && c + 1 < t->columns)
				say_spaces(in, pad);
		}
		say(in, r == 0 && in->out->tty ? "\033[0m\n" : "\n");
	}
	table_release(t);
}

void
table_release(struct table *t)
{
	vec_release(&t->cells);
	arena_clear(&t->arena);
}

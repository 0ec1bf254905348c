#include "base/civil.h"
#include "base/json.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct json_writer
json_writer_on(struct buf *out)
{
	return (struct json_writer){.out = out, .first = 1};
}

static void
new_line(struct json_writer *w)
{
	buf_add_char(w->out, '\n');
	for (uint32_t i = 0; i < w->depth; i++)
		buf_add(w->out, "  ", 2);
}

/* What stands before a value or a key. */
static void
begin_item(struct json_writer *w)
{
	if (w->after_key) {
		w->after_key = false;
		return;
	}
	if (w->first & 1ull << w->depth)
		w->first &= ~(1ull << w->depth);
	else
		buf_add_char(w->out, ',');
	if (w->pretty && w->depth)
		new_line(w);
}

static void
open_level(struct json_writer *w, char sign)
{
	begin_item(w);
	buf_add_char(w->out, sign);
	ASSERT(w->depth < 63);
	w->first |= 1ull << ++w->depth;
}

static void
close_level(struct json_writer *w, char sign)
{
	ASSERT(w->depth > 0 && !w->after_key);
	bool empty = w->first & 1ull << w->depth;
	w->depth--;
	if (w->pretty && !empty)
		new_line(w);
	buf_add_char(w->out, sign);
}

void
jw_object(struct json_writer *w)
{
	open_level(w, '{');
}

void
jw_object_end(struct json_writer *w)
{
	close_level(w, '}');
}

void
jw_array(struct json_writer *w)
{
	open_level(w, '[');
}

void
jw_array_end(struct json_writer *w)
{
	close_level(w, ']');
}

/* ---------------------------------------------------------------- text */

/* Bytes of the UTF-8 sign at p, 0 when it is none. */
static size_t
utf8_sign(const unsigned char *p, size_t left)
{
	size_t n = p[0] < 0x80 ? 1 : p[0] >= 0xC2 && p[0] < 0xE0 ? 2 : p[0] >= 0xE0 && p[0] < 0xF0 ? 3 : p[0] >= 0xF0 && p[0] < 0xF5 ? 4 : 0;
	if (n == 0 || n > left)
		return 0;
	for (size_t i = 1; i < n; i++)
		if ((p[i] & 0xC0) != 0x80)
			return 0;
	if ((p[0] == 0xE0 && p[1] < 0xA0) || (p[0] == 0xED && p[1] >= 0xA0) || (p[0] == 0xF0 && p[1] < 0x90) ||
	    (p[0] == 0xF4 && p[1] >= 0x90))
		return 0;
	return n;
}

static void
add_escape(struct buf *out, unsigned char c)
{
	switch (c) {
	case '"': buf_add(out, "\\\"", 2); return;
	case '\\': buf_add(out, "\\\\", 2); return;
	case '\n': buf_add(out, "\\n", 2); return;
	case '\r': buf_add(out, "\\r", 2); return;
	case '\t': buf_add(out, "\\t", 2); return;
	default: buf_printf(out, "\\u%04x", c);
	}
}

/* How many bytes at the beginning are plain ASCII that needs no escape: eight at a time. */
static size_t
plain_prefix(const unsigned char *p, size_t n)
{
	const uint64_t ones = 0x0101010101010101u, highs = ones << 7;
	size_t i = 0;
	for (; i + 8 <= n; i += 8) {
		uint64_t x;
		memcpy(&x, p + i, 8);
		uint64_t quote = x ^ ones * '"', slash = x ^ ones * '\\';
		if (((x - ones * 0x20) | (quote - ones) | (slash - ones) | x) & highs)
			break;
	}
	while (i < n && p[i] >= 0x20 && p[i] < 0x80 && p[i] != '"' && p[i] != '\\')
		i++;
	return i;
}

static void
add_quoted(struct buf *out, struct str s)
{
	const unsigned char *p = (const unsigned char *)s.ptr;
	size_t from = 0, i = plain_prefix(p, s.len);
	buf_reserve(out, s.len + 2);
	buf_add_char(out, '"');
	while (i < s.len) {
		unsigned char c = p[i];
		size_t n = c < 0x80 ? 1 : utf8_sign(p + i, s.len - i);
		if (n && c >= 0x20 && c != '"' && c != '\\') {
			i += n;
			continue;
		}
		buf_add(out, p + from, i - from);
		if (n)
			add_escape(out, c);
		else
			buf_add(out, "\xEF\xBF\xBD", 3);
		from = ++i;
	}
	if (i > from)
		buf_add(out, p + from, i - from);
	buf_add_char(out, '"');
}

void
jw_key(struct json_writer *w, struct str key)
{
	ASSERT(!w->after_key && w->depth > 0);
	begin_item(w);
	add_quoted(w->out, key);
	buf_add_char(w->out, ':');
	if (w->pretty)
		buf_add_char(w->out, ' ');
	w->after_key = true;
}

void
jw_str(struct json_writer *w, struct str s)
{
	begin_item(w);
	add_quoted(w->out, s);
}

void
jw_cstr(struct json_writer *w, const char *s)
{
	jw_str(w, str_of(s));
}

/* ---------------------------------------------------------------- other scalars */

void
jw_raw(struct json_writer *w, struct str json_text)
{
	begin_item(w);
	buf_add_str(w->out, json_text);
}

void
jw_int(struct json_writer *w, int64_t n)
{
	char text[24] = "-";
	size_t sign = n < 0;
	size_t len = whole_format(n < 0 ? 0 - (uint64_t)n : (uint64_t)n, text + sign);
	jw_raw(w, (struct str){text, sign + len});
}

void
jw_fixed(struct json_writer *w, fixed n)
{
	char text[32];
	jw_raw(w, (struct str){text, fixed_format(n, text)});
}

/* The shortest text that reads back as the same double; what JSON has no word for becomes null. */
void
jw_double(struct json_writer *w, double d)
{
	char text[40];
	if (!__builtin_isfinite(d)) {
		jw_null(w);
		return;
	}
	for (int precision = 15; precision <= 17; precision++) {
		snprintf(text, sizeof(text), "%.*g", precision, d);
		double back = strtod(text, NULL);
		if (back >= d && back <= d)
			break;
	}
	jw_raw(w, str_of(text));
}

void
jw_bool(struct json_writer *w, bool b)
{
	jw_raw(w, b ? STR("true") : STR("false"));
}

void
jw_null(struct json_writer *w)
{
	jw_raw(w, STR("null"));
}

void
jw_wall(struct json_writer *w, wall t)
{
	char text[32];
	jw_str(w, (struct str){text, wall_format(t, text)});
}

/* ---------------------------------------------------------------- trees */

static void
write_scalar(struct json_writer *w, const struct json *j)
{
	switch ((enum json_kind)j->kind) {
	case JSON_FALSE:
	case JSON_TRUE:
		jw_bool(w, j->kind == JSON_TRUE);
		return;
	case JSON_INT:
		jw_int(w, j->i);
		return;
	case JSON_DOUBLE:
		if (j->span.ptr)
			jw_raw(w, j->span);
		else
			jw_double(w, j->d);
		return;
	case JSON_TEXT:
		/* No longer than its source: there is no escape in it, and none is needed. */
		if (j->span.ptr && j->span.len == j->text.len + 2)
			jw_raw(w, j->span);
		else
			jw_str(w, j->text);
		return;
	default:
		jw_null(w);
	}
}

/* Without recursion: the ends of open containers are kept on a stack of at most 63, the writer's own depth. */
void
jw_json(struct json_writer *w, const struct json *j)
{
	const struct json *end[64], *at = j;
	bool object[64];
	uint32_t depth = 0;
	if (!j) {
		jw_null(w);
		return;
	}
	do {
		if (depth && object[depth - 1])
			jw_key(w, at->key);
		if (at->kind == JSON_OBJECT || at->kind == JSON_ARRAY) {
			object[depth] = at->kind == JSON_OBJECT;
			end[depth++] = at + at->next;
			object[depth - 1] ? jw_object(w) : jw_array(w);
			at++;
		} else {
			write_scalar(w, at);
			at += at->next;
		}
		for (; depth && at >= end[depth - 1]; depth--)
			object[depth - 1] ? jw_object_end(w) : jw_array_end(w);
	} while (depth);
}

/* ---------------------------------------------------------------- key and value */

void
jw_kstr(struct json_writer *w, const char *key, struct str s)
{
	jw_key(w, str_of(key));
	jw_str(w, s);
}

void
jw_kint(struct json_writer *w, const char *key, int64_t n)
{
	jw_key(w, str_of(key));
	jw_int(w, n);
}

void
jw_kfixed(struct json_writer *w, const char *key, fixed n)
{
	jw_key(w, str_of(key));
	jw_fixed(w, n);
}

void
jw_kbool(struct json_writer *w, const char *key, bool b)
{
	jw_key(w, str_of(key));
	jw_bool(w, b);
}

void
jw_kwall(struct json_writer *w, const char *key, wall t)
{
	jw_key(w, str_of(key));
	jw_wall(w, t);
}

void
jw_kobject(struct json_writer *w, const char *key)
{
	jw_key(w, str_of(key));
	jw_object(w);
}

void
jw_karray(struct json_writer *w, const char *key)
{
	jw_key(w, str_of(key));
	jw_array(w);
}

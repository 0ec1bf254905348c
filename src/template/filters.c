/* The filters, a table with their help. An argument that makes no sense leaves the input as it is: a template in use must not fail
 * because one person's data is odd. */
#include "template/template_priv.h"
#include "base/str.h"
#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <unicode/uchar.h>
#include <unicode/utf8.h>

#define FILTER(name)                                                                                             \
	static struct lvalue name(struct render *r, const struct lvalue *in, const struct lvalue *arg, uint32_t n)
#define UNUSED (void)r, (void)in, (void)arg, (void)n

static struct lvalue
number_of(fixed n, bool whole)
{
	return (struct lvalue){.is = IS_NUMBER, .number = n, .whole = whole};
}

static struct lvalue
finished(struct render *r, struct buf *b)
{
	struct lvalue v = lvalue_of_text(arena_str(render_arena(r), buf_str(b)));
	buf_release(b);
	return v;
}

/* ---------------------------------------------------------------- text */

FILTER(apply_default)
{
	UNUSED;
	bool none = in->is == IS_NIL || (in->is == IS_TRUTH && !in->truth) || (in->is == IS_TEXT && !in->text.len) ||
		    (in->is == IS_JSON && !in->json->count);
	return none ? arg[0] : *in;
}

static struct lvalue
change_case(struct render *r, const struct lvalue *in, UChar32 (*change)(UChar32), bool only_first, bool lower_rest)
{
	struct str s = lvalue_text(r, in);
	struct buf out = {0};
	bool first = true;
	for (size_t i = 0; i < s.len; first = false) {
		UChar32 c;
		int64_t at = (int64_t)i, len = (int64_t)s.len;
		uint8_t bytes[4];
		size_t k = 0;
		U8_NEXT((const uint8_t *)s.ptr, at, len, c);
		i = (size_t)at;
		c = c < 0 ? 0xFFFD : !only_first || first ? change(c) : lower_rest ? u_tolower(c) : c;
		U8_APPEND_UNSAFE(bytes, k, c);
		buf_add(&out, bytes, k);
	}
	return finished(r, &out);
}

FILTER(apply_upcase)
{
	UNUSED;
	return change_case(r, in, u_toupper, false, false);
}

FILTER(apply_downcase)
{
	UNUSED;
	return change_case(r, in, u_tolower, false, false);
}

FILTER(apply_capitalize)
{
	UNUSED;
	return change_case(r, in, u_toupper, true, true);
}

FILTER(apply_strip)
{
	UNUSED;
	return lvalue_of_text(str_trim(lvalue_text(r, in)));
}

FILTER(apply_append)
{
	UNUSED;
	return lvalue_of_text(arena_printf(render_arena(r), "%.*s%.*s", STR_ARGS(lvalue_text(r, in)), STR_ARGS(lvalue_text(r, &arg[0]))));
}

FILTER(apply_prepend)
{
	UNUSED;
	return apply_append(r, &arg[0], in, 1);
}

FILTER(apply_replace)
{
	UNUSED;
	struct str s = lvalue_text(r, in), old = lvalue_text(r, &arg[0]), new = lvalue_text(r, &arg[1]);
	struct buf out = {0};
	size_t at = 0, hit;
	if (!old.len)
		return lvalue_of_text(s);
	while ((hit = str_find(s, old, at)) != SIZE_MAX && out.len < 1024 * 1024) {
		buf_add_str(&out, str_slice(s, at, hit));
		buf_add_str(&out, new);
		at = hit + old.len;
	}
	buf_add_str(&out, str_slice(s, at, s.len));
	return finished(r, &out);
}

static struct str
first_points(struct str s, size_t n)
{
	size_t i = 0;
	while (i < s.len && n) {
		i++;
		while (i < s.len && ((uint8_t)s.ptr[i] & 0xC0) == 0x80)
			i++;
		n--;
	}
	return str_slice(s, 0, i);
}

FILTER(apply_truncate)
{
	struct str s = lvalue_text(r, in), dots = n > 1 ? lvalue_text(r, &arg[1]) : STR("...");
	fixed most = 50 * FIXED_ONE;
	if (n > 0 && !lvalue_number(&arg[0], &most))
		return *in;
	size_t length = most < 0 ? 0 : (size_t)(most / FIXED_ONE), tail = str_code_points(dots);
	if (str_code_points(s) <= length)
		return lvalue_of_text(s);
	struct str head = first_points(s, length > tail ? length - tail : 0);
	return lvalue_of_text(arena_printf(render_arena(r), "%.*s%.*s", STR_ARGS(head), STR_ARGS(dots)));
}

FILTER(apply_escape)
{
	UNUSED;
	struct str s = lvalue_text(r, in);
	struct buf out = {0};
	for (size_t i = 0; i < s.len; i++) {
		const char *as = s.ptr[i] == '&' ? "&amp;" : s.ptr[i] == '<' ? "&lt;" : s.ptr[i] == '>' ? "&gt;" : s.ptr[i] == '"' ? "&quot;" : s.ptr[i] == '\'' ? "&#39;" : NULL;
		if (as)
			buf_add_cstr(&out, as);
		else
			buf_add_char(&out, s.ptr[i]);
	}
	return finished(r, &out);
}

FILTER(apply_url_encode)
{
	UNUSED;
	static const char hex[] = "0123456789ABCDEF";
	struct str s = lvalue_text(r, in);
	struct buf out = {0};
	for (size_t i = 0; i < s.len; i++) {
		uint8_t c = (uint8_t)s.ptr[i];
		if ((c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') || strchr("-_.~", c ? c : '/'))
			buf_add_char(&out, (char)c);
		else
			buf_add(&out, (char[]){'%', hex[c >> 4], hex[c & 15]}, 3);
	}
	return finished(r, &out);
}

FILTER(apply_newline_to_br)
{
	UNUSED;
	struct lvalue line = lvalue_of_text(STR("\n")), br = lvalue_of_text(STR("<br />\n")), both[2] = {line, br};
	return apply_replace(r, in, both, 2);
}

FILTER(apply_raw)
{
	UNUSED;
	return *in;
}

/* ---------------------------------------------------------------- numbers */

#define ARITHMETIC(name, expression)                                                       \
	FILTER(name)                                                                       \
	{                                                                                  \
		UNUSED;                                                                    \
		fixed a = 0, b = 0, c = 0;                                                 \
		bool whole = (in->is != IS_NUMBER || in->whole) && (arg[0].is != IS_NUMBER || arg[0].whole); \
		if (!lvalue_number(in, &a))                                                \
			a = 0;                                                             \
		if (!lvalue_number(&arg[0], &b))                                           \
			return *in;                                                        \
		return (expression) ? number_of(c, whole && c % FIXED_ONE == 0) : *in;     \
	}

static bool
divide(fixed a, fixed b, bool whole, fixed *ret)
{
	if (!whole)
		return fixed_div(a, b, ret);
	/* Whole by whole stays whole, rounded down, as in Liquid. */
	if (b / FIXED_ONE == 0)
		return false;
	fixed q = a / b;
	*ret = (q - (a % b != 0 && (a < 0) != (b < 0))) * FIXED_ONE;
	return true;
}

ARITHMETIC(apply_plus, !__builtin_add_overflow(a, b, &c))
ARITHMETIC(apply_minus, !__builtin_sub_overflow(a, b, &c))
ARITHMETIC(apply_times, fixed_mul(a, b, &c))
ARITHMETIC(apply_divided_by, divide(a, b, whole, &c))

/* To n places; printed with exactly that many. */
FILTER(apply_round)
{
	fixed a, places = 0, unit = FIXED_ONE;
	char text[40];
	if (!lvalue_number(in, &a) || (n && !lvalue_number(&arg[0], &places)))
		return *in;
	int64_t p = places / FIXED_ONE < 0 ? 0 : places / FIXED_ONE > 4 ? 4 : places / FIXED_ONE;
	for (int64_t i = 0; i < p; i++)
		unit /= 10;
	fixed half = a < 0 ? -(unit / 2) : unit / 2, rounded = (a + half) / unit * unit;
	if (p == 0)
		return number_of(rounded, true);
	fixed whole = rounded / FIXED_ONE, part = rounded % FIXED_ONE / unit;
	snprintf(text, sizeof(text), "%s%lld.%0*lld", rounded < 0 && whole == 0 ? "-" : "", (long long)whole, (int)p,
	    (long long)(part < 0 ? -part : part));
	return lvalue_of_text(arena_str(render_arena(r), str_of(text)));
}

FILTER(apply_ceil)
{
	UNUSED;
	fixed a;
	return lvalue_number(in, &a) ? number_of((a / FIXED_ONE + (a % FIXED_ONE > 0)) * FIXED_ONE, true) : *in;
}

FILTER(apply_floor)
{
	UNUSED;
	fixed a;
	return lvalue_number(in, &a) ? number_of((a / FIXED_ONE - (a % FIXED_ONE < 0)) * FIXED_ONE, true) : *in;
}

FILTER(apply_abs)
{
	UNUSED;
	fixed a;
	return lvalue_number(in, &a) && a < 0 ? number_of(-a, in->whole) : *in;
}

/* ---------------------------------------------------------------- lists */

FILTER(apply_size)
{
	UNUSED;
	size_t size = in->is == IS_TEXT ? str_code_points(in->text) : in->is == IS_JSON ? in->json->count : 0;
	return number_of((fixed)size * FIXED_ONE, true);
}

FILTER(apply_first)
{
	UNUSED;
	return in->is == IS_JSON ? lvalue_of_json(json_first(in->json)) : (struct lvalue){0};
}

FILTER(apply_last)
{
	UNUSED;
	const struct json *last = NULL;
	if (in->is == IS_JSON)
		json_each(item, in->json)
			last = item;
	return lvalue_of_json(last);
}

FILTER(apply_join)
{
	struct buf out = {0};
	struct str between = n ? lvalue_text(r, &arg[0]) : STR(" ");
	bool first = true;
	if (in->is != IS_JSON)
		return *in;
	json_each(item, in->json) {
		struct lvalue v = lvalue_of_json(item);
		if (!first)
			buf_add_str(&out, between);
		buf_add_str(&out, lvalue_text(r, &v));
		first = false;
	}
	return finished(r, &out);
}

/* A field of each item, as a new list. */
FILTER(apply_map)
{
	UNUSED;
	struct buf out = {0};
	struct json_writer w = json_writer_on(&out);
	const struct json *made;
	struct err ignored;
	if (in->is != IS_JSON)
		return *in;
	jw_array(&w);
	json_each(item, in->json) {
		const struct json *field = json_get(item, lvalue_text(r, &arg[0]));
		if (field)
			jw_json(&w, field);
		else
			jw_null(&w);
	}
	jw_array_end(&w);
	bool ok = json_parse_arena(render_arena(r), buf_str(&out), &made, &ignored);
	buf_release(&out);
	return ok ? lvalue_of_json(made) : *in;
}

/* ---------------------------------------------------------------- time */

static const char *const months[] = {"January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
    "November", "December"};
static const char *const weekdays[] = {"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"};

static void
date_part(struct buf *out, char c, bool no_padding, const struct civil *t, int32_t offset)
{
	int64_t days = civil_days(t->year, t->month, t->day);
	int hour12 = t->hour % 12 == 0 ? 12 : t->hour % 12;
	switch (c) {
	case 'Y': buf_printf(out, "%d", t->year); break;
	case 'y': buf_printf(out, "%02d", t->year % 100); break;
	case 'm': buf_printf(out, no_padding ? "%d" : "%02d", t->month); break;
	case 'B': buf_add_cstr(out, months[t->month - 1]); break;
	case 'b': case 'h': buf_add(out, months[t->month - 1], 3); break;
	case 'd': buf_printf(out, no_padding ? "%d" : "%02d", t->day); break;
	case 'e': buf_printf(out, no_padding ? "%d" : "%2d", t->day); break;
	case 'j': buf_printf(out, "%03d", (int)(days - civil_days(t->year, 1, 1) + 1)); break;
	case 'A': buf_add_cstr(out, weekdays[civil_weekday(days)]); break;
	case 'a': buf_add(out, weekdays[civil_weekday(days)], 3); break;
	case 'u': buf_printf(out, "%d", civil_weekday(days) + 1); break;
	case 'w': buf_printf(out, "%d", (civil_weekday(days) + 1) % 7); break;
	case 'H': buf_printf(out, no_padding ? "%d" : "%02d", t->hour); break;
	case 'k': buf_printf(out, "%2d", t->hour); break;
	case 'I': buf_printf(out, no_padding ? "%d" : "%02d", hour12); break;
	case 'l': buf_printf(out, no_padding ? "%d" : "%2d", hour12); break;
	case 'M': buf_printf(out, "%02d", t->minute); break;
	case 'S': buf_printf(out, "%02d", t->second); break;
	case 'L': buf_printf(out, "%03d", t->millisecond); break;
	case 'p': buf_add_cstr(out, t->hour < 12 ? "AM" : "PM"); break;
	case 'P': buf_add_cstr(out, t->hour < 12 ? "am" : "pm"); break;
	case 'F': buf_printf(out, "%04d-%02d-%02d", t->year, t->month, t->day); break;
	case 'D': buf_printf(out, "%02d/%02d/%02d", t->month, t->day, t->year % 100); break;
	case 'T': buf_printf(out, "%02d:%02d:%02d", t->hour, t->minute, t->second); break;
	case 'R': buf_printf(out, "%02d:%02d", t->hour, t->minute); break;
	case 'z': buf_printf(out, "%c%02d%02d", offset < 0 ? '-' : '+', (offset < 0 ? -offset : offset) / 3600, (offset < 0 ? -offset : offset) / 60 % 60); break;
	case '%': buf_add_char(out, '%'); break;
	default: buf_add_char(out, '%'); buf_add_char(out, c);
	}
}

FILTER(apply_date)
{
	UNUSED;
	wall t;
	struct buf out = {0};
	struct str format = lvalue_text(r, &arg[0]);
	fixed seconds;
	if (in->is == IS_NUMBER && lvalue_number(in, &seconds))
		t = (wall){seconds / FIXED_ONE * 1000};
	else if (in->is != IS_TEXT || !wall_parse(in->text, &t))
		return *in;
	struct civil c = civil_of(render_zone(r), t);
	int32_t offset = tz_offset(render_zone(r), t, NULL);
	for (size_t i = 0; i < format.len; i++) {
		if (format.ptr[i] != '%' || i + 1 == format.len) {
			buf_add_char(&out, format.ptr[i]);
			continue;
		}
		bool no_padding = format.ptr[i + 1] == '-' && i + 2 < format.len;
		i += no_padding ? 2 : 1;
		date_part(&out, format.ptr[i], no_padding, &c, offset);
	}
	return finished(r, &out);
}

/* ---------------------------------------------------------------- the table */

static const struct filter filters[] = {
    {"abs", 0, 0, apply_abs, "without its sign"},
    {"append", 1, 1, apply_append, "followed by"},
    {"capitalize", 0, 0, apply_capitalize, "first letter large, the rest small"},
    {"ceil", 0, 0, apply_ceil, "up to the next whole number"},
    {"date", 1, 1, apply_date, "a time by a strftime pattern, in the person's zone"},
    {"default", 1, 1, apply_default, "this instead when nil, false or empty"},
    {"divided_by", 1, 1, apply_divided_by, "whole by whole stays whole, rounded down"},
    {"downcase", 0, 0, apply_downcase, "small letters"},
    {"escape", 0, 0, apply_escape, "for HTML (done by itself in HTML parts)"},
    {"first", 0, 0, apply_first, "first item of a list"},
    {"floor", 0, 0, apply_floor, "down to the next whole number"},
    {"join", 0, 1, apply_join, "items with this in between"},
    {"last", 0, 0, apply_last, "last item of a list"},
    {"map", 1, 1, apply_map, "this field of each item"},
    {"minus", 1, 1, apply_minus, "less"},
    {"newline_to_br", 0, 0, apply_newline_to_br, "line ends as <br />"},
    {"plus", 1, 1, apply_plus, "and"},
    {"prepend", 1, 1, apply_prepend, "preceded by"},
    {"raw", 0, 0, apply_raw, "not escaped in HTML parts"},
    {"replace", 2, 2, apply_replace, "all of the first by the second"},
    {"round", 0, 1, apply_round, "to so many places"},
    {"size", 0, 0, apply_size, "letters of a text, items of a list"},
    {"strip", 0, 0, apply_strip, "without blanks at both ends"},
    {"times", 1, 1, apply_times, "multiplied by"},
    {"truncate", 0, 2, apply_truncate, "cut to so many letters, with an ending"},
    {"upcase", 0, 0, apply_upcase, "large letters"},
    {"url_encode", 0, 0, apply_url_encode, "for addresses"},
};
const struct filter *const filter_raw = &filters[18];
static_assert(sizeof(filters) / sizeof(filters[0]) == 27, "filter_raw is the place of `raw` in the table");

const struct filter *
filter_find(struct str name)
{
	for (size_t i = 0; i < COUNT(filters); i++)
		if (str_eq(name, str_of(filters[i].name)))
			return &filters[i];
	return NULL;
}

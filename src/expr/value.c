#include "expr/value.h"
#include <stdio.h>
#include <string.h>

struct value
value_number(fixed n)
{
	return (struct value){.kind = VALUE_NUMBER, .number = n};
}

struct value
value_text(struct str s)
{
	return (struct value){.kind = VALUE_TEXT, .text = s};
}

struct value
value_truth(bool b)
{
	return (struct value){.kind = VALUE_TRUTH, .truth = b};
}

struct value
value_time(wall t)
{
	return (struct value){.kind = VALUE_TIME, .time = t};
}

struct value
value_duration(msec d)
{
	return (struct value){.kind = VALUE_DURATION, .duration = d};
}

struct value
value_of_json(const struct json *j)
{
	fixed n;
	if (!j)
		return VALUE_NONE;
	switch ((enum json_kind)j->kind) {
	case JSON_NULL:
		return VALUE_NONE;
	case JSON_FALSE:
	case JSON_TRUE:
		return value_truth(j->kind == JSON_TRUE);
	case JSON_INT:
	case JSON_DOUBLE:
		return json_fixed(j, &n) ? value_number(n) : VALUE_NONE;
	case JSON_TEXT:
		return value_text(json_text(j));
	case JSON_ARRAY:
	case JSON_OBJECT:
		return (struct value){.kind = VALUE_JSON, .json = j};
	}
	return VALUE_NONE;
}

/* ---------------------------------------------------------------- comparing */

/* Objects are equal when each member is, in whatever order they stand. */
static bool
json_equal(const struct json *a, const struct json *b)
{
	fixed x, y;
	if (json_is_number(a) && json_is_number(b))
		return json_fixed(a, &x) && json_fixed(b, &y) && x == y;
	if (a->kind != b->kind)
		return false;
	if (a->kind == JSON_TEXT)
		return str_eq(json_text(a), json_text(b));
	if (a->kind != JSON_ARRAY && a->kind != JSON_OBJECT)
		return true;
	if (a->count != b->count)
		return false;
	const struct json *other = json_first(b);
	json_each(one, a) {
		const struct json *match = a->kind == JSON_OBJECT ? json_get(b, one->key) : other;
		if (!match || !json_equal(one, match))
			return false;
		if (a->kind == JSON_ARRAY)
			other = json_after(b, other);
	}
	return true;
}

static bool
lists_equal(const struct value *a, const struct value *b)
{
	if (a->list.n != b->list.n)
		return false;
	for (uint32_t i = 0; i < a->list.n; i++)
		if (!value_equal(&a->list.items[i], &b->list.items[i]))
			return false;
	return true;
}

struct value
value_read(const struct value *v, struct arena *a)
{
	struct value read = {.kind = VALUE_JSON, .quantity = v->quantity};
	struct err e;
	if (!v->unread)
		return *v;
	return json_parse_arena(a, v->text, &read.json, &e) ? read : VALUE_NONE;
}

static bool
unread_equal(const struct value *a, const struct value *b)
{
	struct arena scratch;
	arena_init(&scratch);
	struct value x = value_read(a, &scratch), y = value_read(b, &scratch);
	bool equal = value_equal(&x, &y);
	arena_clear(&scratch);
	return equal;
}

bool
value_equal(const struct value *a, const struct value *b)
{
	if (a->kind != b->kind)
		return false;
	if (a->unread || b->unread)
		return unread_equal(a, b);
	switch (a->kind) {
	case VALUE_MISSING:
		return false;
	case VALUE_NUMBER:
		return a->number == b->number;
	case VALUE_TEXT:
		return str_eq(a->text, b->text);
	case VALUE_TRUTH:
		return a->truth == b->truth;
	case VALUE_TIME:
		return a->time.ms == b->time.ms;
	case VALUE_DURATION:
		return a->duration == b->duration;
	case VALUE_CALENDAR:
		return a->calendar.n == b->calendar.n && a->calendar.unit == b->calendar.unit;
	case VALUE_JSON:
		return a->json == b->json || json_equal(a->json, b->json);
	case VALUE_LIST:
		return lists_equal(a, b);
	}
	return false;
}

bool
value_compare(const struct value *a, const struct value *b, int *ret)
{
	int64_t x, y;
	if (a->kind != b->kind)
		return false;
	switch (a->kind) {
	case VALUE_NUMBER:
		x = a->number, y = b->number;
		break;
	case VALUE_TIME:
		x = a->time.ms, y = b->time.ms;
		break;
	case VALUE_DURATION:
		x = a->duration, y = b->duration;
		break;
	case VALUE_TEXT: {
		int c = str_cmp(a->text, b->text);
		*ret = c < 0 ? -1 : c > 0;
		return true;
	}
	default:
		return false;
	}
	*ret = x < y ? -1 : x > y;
	return true;
}

/* ---------------------------------------------------------------- showing */

/* The largest two units: "3d 4h", "15min", "1.250s". */
static void
format_duration(msec d, struct buf *out)
{
	static const struct {
		msec length;
		const char *name;
	} units[] = {{DAY, "d"}, {HOUR, "h"}, {MINUTE, "min"}};
	if (d < 0)
		buf_add_char(out, '-');
	uint64_t rest = d < 0 ? (uint64_t)0 - (uint64_t)d : (uint64_t)d;
	int parts = 0;
	for (size_t i = 0; i < COUNT(units) && parts < 2; i++) {
		uint64_t n = rest / (uint64_t)units[i].length;
		if (!n)
			continue;
		buf_printf(out, "%s%llu%s", parts ? " " : "", (unsigned long long)n, units[i].name);
		rest %= (uint64_t)units[i].length;
		parts++;
	}
	if (parts < 2 && (rest || !parts))
		buf_printf(out, rest % 1000 ? "%s%llu.%03llus" : "%s%llus", parts ? " " : "", (unsigned long long)(rest / 1000),
		    (unsigned long long)(rest % 1000));
}

static void
format_list(const struct value *v, struct buf *out)
{
	buf_add_char(out, '(');
	for (uint32_t i = 0; i < v->list.n; i++) {
		if (i)
			buf_add_cstr(out, ", ");
		value_format(&v->list.items[i], out);
	}
	buf_add_char(out, ')');
}

void
value_format(const struct value *v, struct buf *out)
{
	char text[48];
	switch (v->kind) {
	case VALUE_MISSING:
		buf_add_cstr(out, "missing");
		break;
	case VALUE_NUMBER:
		buf_add(out, text, fixed_format(v->number, text));
		break;
	case VALUE_TEXT:
		buf_printf(out, "\"%.*s\"", STR_ARGS(v->text));
		break;
	case VALUE_TRUTH:
		buf_add_cstr(out, v->truth ? "true" : "false");
		break;
	case VALUE_TIME:
		buf_add(out, text, wall_format(v->time, text));
		break;
	case VALUE_DURATION:
		format_duration(v->duration, out);
		break;
	case VALUE_CALENDAR:
		buf_printf(out, "%d%s", v->calendar.n, v->calendar.unit == 'm' ? "mo" : v->calendar.unit == 'y' ? "y" : " workdays");
		break;
	case VALUE_JSON:
		if (v->json->span.len <= 200)
			buf_add_str(out, v->json->span);
		else
			buf_printf(out, v->json->kind == JSON_ARRAY ? "a list of %u" : "a thing with %u fields", v->json->count);
		break;
	case VALUE_LIST:
		format_list(v, out);
		break;
	}
}

void
value_write_json(const struct value *v, struct json_writer *w)
{
	struct buf text = {0};
	switch (v->kind) {
	case VALUE_MISSING:
		jw_null(w);
		break;
	case VALUE_NUMBER:
		jw_fixed(w, v->number);
		break;
	case VALUE_TEXT:
		jw_str(w, v->text);
		break;
	case VALUE_TRUTH:
		jw_bool(w, v->truth);
		break;
	case VALUE_TIME:
		jw_wall(w, v->time);
		break;
	case VALUE_DURATION:
	case VALUE_CALENDAR:
		value_format(v, &text);
		jw_str(w, buf_str(&text));
		break;
	case VALUE_JSON:
		jw_json(w, v->json);
		break;
	case VALUE_LIST:
		jw_array(w);
		for (uint32_t i = 0; i < v->list.n; i++)
			value_write_json(&v->list.items[i], w);
		jw_array_end(w);
		break;
	}
	buf_release(&text);
}

/* The small values that documents are made of: lengths, shares, counts, clocks, dates, words. */
#include "program/program_priv.h"
#include "base/str.h"

struct str
yaml_text(const struct yaml *y)
{
	return y && y->kind == YAML_SCALAR ? y->text : (struct str){0};
}

bool
read_yes(const struct yaml *y, bool otherwise)
{
	struct str s = yaml_text(y);
	return s.len ? str_eq(s, STR("yes")) || str_eq(s, STR("true")) : otherwise;
}

bool
length_of(struct str text, msec *ret)
{
	static const struct { const char *unit; msec ms; } units[] = {
	    {"s", SECOND}, {"min", MINUTE}, {"h", HOUR}, {"d", DAY}, {"w", 7 * DAY}, {"days", DAY}, {"day", DAY}};
	size_t n = 0;
	while (n < text.len && ((text.ptr[n] >= '0' && text.ptr[n] <= '9') || text.ptr[n] == '.'))
		n++;
	fixed number;
	if (!n || !str_to_fixed(str_slice(text, 0, n), &number) || number < 0)
		return false;
	struct str unit = str_trim(str_slice(text, n, text.len));
	for (size_t i = 0; i < COUNT(units); i++) {
		msec r;
		if (!str_eq(unit, str_of(units[i].unit)))
			continue;
		if (__builtin_mul_overflow(number, units[i].ms / 100, &r) || r / 100 > 36525 * DAY)
			return false;
		*ret = r / 100;
		return true;
	}
	return false;
}

bool
read_length(struct maker *m, const struct yaml *y, msec *ret)
{
	if (length_of(yaml_text(y), ret))
		return true;
	problem_at(m, y, "a length of time is written 15min, 12h, 30d or 2w; '%.*s' is none", STR_ARGS(str_slice(yaml_text(y), 0, 60)));
	return false;
}

bool
read_permille(struct maker *m, const struct yaml *y, uint32_t *ret)
{
	struct str s = yaml_text(y);
	fixed n;
	if (str_ends(s, STR("%")) && str_to_fixed(str_slice(s, 0, s.len - 1), &n) && n >= 0 && n <= 100 * FIXED_ONE) {
		*ret = (uint32_t)(n / (FIXED_ONE / 10));
		if (n % (FIXED_ONE / 10))
			warning_at(m, y, "a share is kept to a tenth of a per cent: %.*s becomes %u.%u%%", STR_ARGS(s), *ret / 10, *ret % 10);
		return true;
	}
	problem_at(m, y, "a share is written 10%% and lies between 0%% and 100%%; '%.*s' does not", STR_ARGS(str_slice(s, 0, 60)));
	return false;
}

bool
read_count(struct maker *m, const struct yaml *y, uint32_t *ret)
{
	int64_t n;
	if (str_to_int(yaml_text(y), &n) && n >= 0 && n <= 1000 * 1000 * 1000) {
		*ret = (uint32_t)n;
		return true;
	}
	problem_at(m, y, "a whole number is expected, not '%.*s'", STR_ARGS(str_slice(yaml_text(y), 0, 60)));
	return false;
}

bool
read_clock(struct maker *m, const struct yaml *y, int16_t *ret_minute)
{
	struct str s = yaml_text(y), rest = s, hour = str_cut(&rest, ':');
	int64_t h, min;
	if (rest.len == 2 && str_to_int(hour, &h) && str_to_int(rest, &min) && h >= 0 && h <= 24 && min >= 0 && min < 60 &&
	    h * 60 + min <= 1440) {
		*ret_minute = (int16_t)(h * 60 + min);
		return true;
	}
	problem_at(m, y, "a time of day is written 21:30; '%.*s' is none", STR_ARGS(str_slice(s, 0, 60)));
	return false;
}

bool
read_date(struct str text, int64_t *ret_days)
{
	wall t;
	if (text.len != 10 || text.ptr[4] != '-' || !wall_parse(text, &t))
		return false;
	*ret_days = t.ms / DAY;
	return true;
}

bool
read_count_in(struct maker *m, const struct yaml *y, uint32_t *ret_n, msec *ret_in)
{
	struct str s = yaml_text(y);
	size_t at = str_find(s, STR(" in "), 0);
	int64_t n;
	msec in;
	if (at != SIZE_MAX && str_to_int(str_trim(str_slice(s, 0, at)), &n) && n > 0 && n <= UINT32_MAX &&
	    length_of(str_trim(str_slice(s, at + 4, s.len)), &in) && in > 0) {
		*ret_n = (uint32_t)n;
		*ret_in = in;
		return true;
	}
	problem_at(m, y, "this is written 100 in 1h: so many in so long; '%.*s' is not", STR_ARGS(str_slice(s, 0, 60)));
	return false;
}

const struct str *
read_texts(struct maker *m, const struct yaml *y, size_t *ret_n)
{
	VEC(struct str) list = {0};
	if (y && y->kind == YAML_SCALAR && y->text.len)
		*vec_push(&list) = y->text;
	yaml_each(child, y)
		if (child->kind == YAML_SCALAR)
			*vec_push(&list) = child->text;
	const struct str *r = arena_items(m, &list);
	*ret_n = list.len;
	vec_release(&list);
	return r;
}

struct str
read_label(struct maker *m, const struct yaml *y, struct str otherwise)
{
	if (!y)
		return otherwise;
	if (y->kind == YAML_SCALAR)
		return y->text.len ? y->text : otherwise;
	for (size_t i = 0; i < m->p->n_locales; i++) {
		const struct yaml *child = yaml_get(y, arena_cstr(m->a, m->p->locales[i]));
		if (child)
			return yaml_text(child);
	}
	return y->first ? yaml_text(y->first) : otherwise;
}

int
word_index(struct str word, const char *words)
{
	struct str rest = str_of(words);
	for (int i = 0; rest.len; i++)
		if (str_eq(str_cut(&rest, '|'), word))
			return i;
	return -1;
}

bool
is_plain_name(struct str s)
{
	if (!s.len || s.len > 100)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		char c = s.ptr[i];
		bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
		if (!letter && !(i && c >= '0' && c <= '9'))
			return false;
	}
	return true;
}

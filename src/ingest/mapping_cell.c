/* mapping_cell.c -- what a mapped member is for given lines: text, numbers, times, objects. */
#include "base/json.h"
#include "ingest/mapping_priv.h"
#include <stdio.h>
#include <string.h>

static bool
bad_field(struct row_error *bad, const struct map_def *m, uint16_t column, const char *reason)
{
	bad->field = m->columns[column];
	bad->reason = str_of(reason);
	return false;
}

/* The first line that has something there: exports of orders fill an order's columns on its first line only. */
static struct str
first_filled(const struct line *lines, uint32_t n, uint16_t column)
{
	for (uint32_t i = 0; i < n; i++) {
		struct str s = str_trim(lines[i].fields[column]);
		if (s.len)
			return s;
	}
	return STR("");
}

/* Spreadsheets turn numbers of customers into 17850.0, and nothing into words for it. */
static struct str
as_id(struct str s)
{
	static const struct str none[] = {STR_INIT("nan"), STR_INIT("null"), STR_INIT("none"), STR_INIT("n/a"), STR_INIT("undefined")};
	for (size_t i = 0; i < COUNT(none); i++)
		if (str_eq_nocase(s, none[i]))
			return STR("");
	if (s.len > 2 && str_ends(s, STR(".0"))) {
		for (size_t i = 0; i < s.len - 2; i++)
			if (s.ptr[i] < '0' || s.ptr[i] > '9')
				return s;
		return str_slice(s, 0, s.len - 2);
	}
	return s;
}

/* ---------------------------------------------------------------- numbers */

/* "1,234.50" or "1.234,50", with a currency sign or blanks before or behind. */
bool
number_read(struct str text, char decimal, fixed *ret)
{
	char plain[64];
	size_t n = 0;
	text = str_trim(text);
	bool brackets = text.len > 2 && text.ptr[0] == '(' && text.ptr[text.len - 1] == ')';   /* as accountants write what is below 0 */
	if (brackets)
		text = str_slice(text, 1, text.len - 1);
	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];
		if (n == sizeof(plain) - 1)
			return false;
		if ((c >= '0' && c <= '9') || c == '-' || c == '+' || c == 'e' || c == 'E')
			plain[n++] = c;
		else if (c == decimal)
			plain[n++] = '.';
		else if (c == ' ' || c == '$' || c == (decimal == '.' ? ',' : '.') || ((unsigned char)c & 0x80))
			continue;
		else
			return false;
	}
	if (!n || !str_to_fixed((struct str){plain, n}, ret))
		return false;
	if (brackets)
		*ret = -*ret;
	return true;
}

/* One line's expression; false in *ret_there when a column of it is empty. */
static bool
line_number(const struct map_def *m, const struct cell *v, const struct line *l, fixed *ret, bool *ret_there, struct row_error *bad)
{
	fixed total = 0;
	*ret_there = false;
	for (uint32_t i = 0; i < v->n_terms; i++) {
		const struct term *t = &v->terms[i];
		fixed n = t->constant;
		if (t->column != UINT16_MAX) {
			struct str s = str_trim(l->fields[t->column]);
			if (!s.len)
				return true;
			if (!number_read(s, m->decimal, &n))
				return bad_field(bad, m, t->column, "is not a number");
		}
		bool ok = true;
		if (t->op == '*')
			ok = fixed_mul(total, n, &total);
		else if (t->op == '/')
			ok = n ? fixed_div(total, n, &total) : (total = 0, true);
		else if (t->op == '-')
			ok = !__builtin_sub_overflow(total, n, &total);
		else
			ok = !__builtin_add_overflow(total, n, &total);
		if (!ok)
			return bad_field(bad, m, t->column == UINT16_MAX ? 0 : t->column, "is beyond what numbers may be");
	}
	*ret = total;
	*ret_there = true;
	return true;
}

bool
cell_number(const struct map_def *m, const struct cell *v, const struct line *lines, uint32_t n, fixed *ret, bool *ret_there, struct row_error *bad)
{
	fixed total = 0, one;
	bool there;
	*ret_there = false;
	for (uint32_t i = 0; i < n; i++) {
		if (!line_number(m, v, &lines[i], &one, &there, bad))
			return false;
		if (!there)
			continue;
		if (__builtin_add_overflow(total, one, &total))
			return bad_field(bad, m, v->terms[0].column == UINT16_MAX ? 0 : v->terms[0].column, "sums to more than numbers may be");
		*ret_there = true;
		if (!v->sum)
			break;
	}
	*ret = total;
	return true;
}

/* ---------------------------------------------------------------- times */

static bool
take_digits(struct str *s, int most, int *ret)
{
	int n = 0, got = 0;
	while (got < most && s->len && s->ptr[0] >= '0' && s->ptr[0] <= '9') {
		n = n * 10 + (s->ptr[0] - '0');
		*s = str_slice(*s, 1, s->len);
		got++;
	}
	*ret = n;
	return got > 0;
}

static bool
take_month_name(struct str *s, int *ret)
{
	static const char names[] = "janfebmaraprmayjunjulaugsepoctnovdec";
	if (s->len < 3)
		return false;
	for (int i = 0; i < 12; i++)
		if (str_eq_nocase(str_slice(*s, 0, 3), (struct str){names + 3 * i, 3})) {
			size_t n = 3;
			while (n < s->len && ((s->ptr[n] | 32) >= 'a' && (s->ptr[n] | 32) <= 'z'))
				n++;
			*s = str_slice(*s, n, s->len);
			*ret = i + 1;
			return true;
		}
	return false;
}

static bool
at_token(struct str *format, const char *token)
{
	if (!str_starts(*format, str_of(token)))
		return false;
	*format = str_slice(*format, strlen(token), format->len);
	return true;
}

/* YYYY YY MM M Mon DD D hh h mm ss am; other signs stand for themselves. */
static bool
read_format(struct str format, struct str *text, struct civil *c)
{
	int year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0;
	while (format.len) {
		bool ok = true;
		if (at_token(&format, "YYYY")) {
			ok = take_digits(text, 4, &year);
		} else if (at_token(&format, "YY")) {
			ok = take_digits(text, 2, &year);
			year += year < 70 ? 2000 : 1900;
		} else if (at_token(&format, "Mon")) {
			ok = take_month_name(text, &month);
		} else if (at_token(&format, "MM") || at_token(&format, "M")) {
			ok = take_digits(text, 2, &month);
		} else if (at_token(&format, "DD") || at_token(&format, "D")) {
			ok = take_digits(text, 2, &day);
		} else if (at_token(&format, "hh") || at_token(&format, "h")) {
			ok = take_digits(text, 2, &hour);
		} else if (at_token(&format, "mm")) {
			ok = take_digits(text, 2, &minute);
		} else if (at_token(&format, "ss")) {
			ok = take_digits(text, 2, &second);
		} else if (at_token(&format, "am")) {
			bool pm = text->len && (text->ptr[0] | 32) == 'p';
			ok = text->len >= 2 && hour >= 1 && hour <= 12;
			hour = hour % 12 + (pm ? 12 : 0);
			*text = str_slice(*text, 2, text->len);
		} else {
			ok = text->len && text->ptr[0] == format.ptr[0];
			*text = str_slice(*text, 1, text->len);
			format = str_slice(format, 1, format.len);
		}
		if (!ok)
			return false;
	}
	if (year < 1 || year > 9999 || month < 1 || month > 12 || day < 1 || day > civil_month_days(year, month) || hour > 23 || minute > 59 || second > 59)
		return false;
	*c = (struct civil){year, (int8_t)month, (int8_t)day, (int8_t)hour, (int8_t)minute, (int8_t)second, 0};
	return true;
}

/* "2026-03-02 17:00:00 UTC", "… -0500": as ISO with a T and without the blank. */
static bool
read_zoned(struct str text, wall *ret)
{
	char plain[48];
	size_t n = 0;
	if (text.len >= sizeof(plain) || text.len < 11)
		return false;
	if (str_ends(text, STR(" UTC")) || str_ends(text, STR(" GMT")))
		text = str_slice(text, 0, text.len - 4);
	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];
		if (i == 10 && c == ' ')
			c = 'T';
		else if (c == ' ')
			continue;
		plain[n++] = c;
	}
	return wall_parse((struct str){plain, n}, ret);
}

static bool
names_a_zone(struct str text)
{
	if (!text.len)
		return false;
	char last = text.ptr[text.len - 1];
	bool offset = text.len > 11 && (str_find_char(str_slice(text, 11, text.len), '+', 0) != SIZE_MAX || str_find_char(str_slice(text, 11, text.len), '-', 0) != SIZE_MAX);
	return last == 'Z' || last == 'z' || last == 'C' || last == 'T' || offset;
}

bool
time_read(const struct map_def *m, struct str text, wall *ret)
{
	static const struct str usual[] = {STR_INIT("YYYY-MM-DD hh:mm:ss"), STR_INIT("YYYY-MM-DDThh:mm:ss"), STR_INIT("YYYY-MM-DD hh:mm"), STR_INIT("YYYY-MM-DD")};
	struct civil c;
	text = str_trim(text);
	for (uint32_t i = 0; i < m->n_dates + COUNT(usual); i++) {
		struct str rest = text;
		if (!read_format(i < m->n_dates ? m->dates[i] : usual[i - m->n_dates], &rest, &c))
			continue;
		if (rest.len && rest.ptr[0] == '.') {   /* fractions of a second are cut */
			int ignored;
			rest = str_slice(rest, 1, rest.len);
			while (take_digits(&rest, 9, &ignored))
				;
		}
		if (rest.len)
			continue;
		*ret = civil_to_wall(m->zone, &c);
		return true;
	}
	return names_a_zone(text) && read_zoned(text, ret);
}

/* ---------------------------------------------------------------- texts */

static struct str
fill_template(const struct map_def *m, struct str text, const struct line *lines, uint32_t n, struct arena *a)
{
	struct buf out = {0};
	bool missing = false;
	while (text.len) {
		size_t open = str_find_char(text, '{', 0);
		buf_add_str(&out, str_slice(text, 0, open));
		if (open == SIZE_MAX)
			break;
		size_t close = str_find_char(text, '}', open);
		struct str name = str_slice(text, open + 1, close);
		if (name.len && name.ptr[name.len - 1] == '?')
			name.len--;
		for (uint32_t i = 0; i < m->n_columns; i++)
			if (str_eq(m->columns[i], str_trim(name))) {
				struct str s = as_id(first_filled(lines, n, (uint16_t)i));
				missing |= !s.len;
				buf_add_str(&out, s);
			}
		text = str_slice(text, close + 1, text.len);
	}
	struct str r = missing ? STR("") : arena_str(a, buf_str(&out));
	buf_release(&out);
	return r;
}

/* A word as the map translates it, as JSON; "" = it has none. */
static struct str
translated(const struct cell *v, struct str word)
{
	for (uint32_t i = 0; i < v->n_words; i++)
		if (str_eq_nocase(v->words[i].from, word))
			return v->words[i].json;
	return v->otherwise;
}

static struct str
json_as_text(struct arena *a, struct str json)
{
	const struct json *j;
	struct err ignored;
	return json.len && json_parse_arena(a, json, &j, &ignored) ? j->kind == JSON_TEXT ? j->text : json : STR("");
}

bool
cell_text(const struct map_def *m, const struct cell *v, const struct line *lines, uint32_t n, struct arena *a, struct str *ret, struct row_error *bad)
{
	fixed number;
	bool there;
	*ret = STR("");
	if (!v)
		return true;
	switch (v->kind) {
	case CELL_COLUMN:
		*ret = first_filled(lines, n, v->column);
		if (v->type == AS_ID)
			*ret = as_id(*ret);
		if (ret->len && v->n_words && translated(v, *ret).len)
			*ret = json_as_text(a, translated(v, *ret));
		return true;
	case CELL_CONSTANT:
		*ret = json_as_text(a, v->text);
		return true;
	case CELL_TEMPLATE:
		*ret = fill_template(m, v->text, lines, n, a);
		return true;
	case CELL_FIRST:
		for (uint32_t i = 0; i < v->n_choices && !ret->len; i++)
			if (!cell_text(m, v->choices[i], lines, n, a, ret, bad))
				return false;
		return true;
	case CELL_NUMBER: {
		char text[32];
		if (!cell_number(m, v, lines, n, &number, &there, bad))
			return false;
		if (there)
			*ret = arena_str(a, (struct str){text, fixed_format(number, text)});
		return true;
	}
	case CELL_OBJECT:
	case CELL_LINES:
		break;
	}
	bad->field = STR("");
	bad->reason = STR("the map asks for a text where it makes an object");
	return false;
}

bool
cell_time(const struct map_def *m, const struct cell *v, const struct line *lines, uint32_t n, struct arena *a, wall *ret, bool *ret_there, struct row_error *bad)
{
	struct str text;
	*ret_there = false;
	if (!v || !cell_text(m, v, lines, n, a, &text, bad))
		return !v;
	if (!text.len)
		return true;
	if (!time_read(m, text, ret)) {
		bad->field = v->kind == CELL_COLUMN ? m->columns[v->column] : STR("time");
		bad->reason = arena_printf(a, "\"%.*s\" is not a time that the map knows", (int)(text.len < 60 ? text.len : 60), text.ptr);
		return false;
	}
	*ret_there = true;
	return true;
}

/* ---------------------------------------------------------------- JSON */

static bool
is_yes(struct str s)
{
	static const struct str yes[] = {STR_INIT("yes"), STR_INIT("true"), STR_INIT("1"), STR_INIT("1.0"), STR_INIT("y"), STR_INIT("t"), STR_INIT("on"), STR_INIT("x")};
	for (size_t i = 0; i < COUNT(yes); i++)
		if (str_eq_nocase(yes[i], s))
			return true;
	return false;
}

static bool
write_column(const struct map_def *m, const struct cell *v, struct str s, int sign, struct json_writer *w, struct row_error *bad)
{
	fixed number;
	wall t;
	switch (v->type) {
	case AS_TEXT:
	case AS_ID:
		jw_str(w, s);
		return true;
	case AS_NUMBER:
		if (!number_read(s, m->decimal, &number))
			return bad_field(bad, m, v->column, "is not a number");
		jw_fixed(w, sign < 0 ? -number : number);
		return true;
	case AS_TIME:
	case AS_DATE:
		if (!time_read(m, s, &t))
			return bad_field(bad, m, v->column, "is not a time that the map knows");
		if (v->type == AS_TIME) {
			jw_wall(w, t);
		} else {
			char text[32];
			struct civil c = civil_of(m->zone, t);
			jw_str(w, (struct str){text, (size_t)snprintf(text, sizeof(text), "%04d-%02d-%02d", c.year, c.month, c.day)});
		}
		return true;
	case AS_FLAG:
		jw_bool(w, is_yes(s));
		return true;
	case AS_LIST:
		jw_array(w);
		while (s.len) {
			struct str item = str_trim(str_cut(&s, v->split));
			if (item.len)
				jw_str(w, item);
		}
		jw_array_end(w);
		return true;
	}
	return false;
}

/* In a refund sums and quantities change sign: what came back is counted up. */
int
member_sign(const struct member *x, int sign)
{
	bool nested = x->value->kind == CELL_LINES || x->value->kind == CELL_OBJECT;
	bool turns = (x->value->kind == CELL_NUMBER && x->value->sum) || str_eq(x->key, STR("quantity"));
	return nested || turns ? sign : 1;
}

static bool
write_members(const struct map_def *m, const struct cell *v, const struct line *lines, uint32_t n, int sign, struct arena *a, struct json_writer *w,
    struct row_error *bad)
{
	jw_object(w);
	for (uint32_t i = 0; i < v->n_members; i++) {
		const struct member *x = &v->members[i];
		if (!cell_write(m, x->key, x->value, lines, n, member_sign(x, sign), a, w, bad))
			return false;
	}
	jw_object_end(w);
	return true;
}

bool
cell_write(const struct map_def *m, struct str key, const struct cell *v, const struct line *lines, uint32_t n, int sign, struct arena *a,
    struct json_writer *w, struct row_error *bad)
{
	struct str s;
	fixed number;
	bool there;
	switch (v->kind) {
	case CELL_NUMBER:
		if (!cell_number(m, v, lines, n, &number, &there, bad))
			return false;
		if (!there)
			return true;
		jw_key(w, key);
		jw_fixed(w, sign < 0 ? -number : number);
		return true;
	case CELL_OBJECT:
		jw_key(w, key);
		return write_members(m, v, lines, n, sign, a, w, bad);
	case CELL_LINES:
		jw_key(w, key);
		jw_array(w);
		for (uint32_t i = 0; i < n; i++)
			if (!write_members(m, v, &lines[i], 1, sign, a, w, bad))
				return false;
		jw_array_end(w);
		return true;
	case CELL_CONSTANT:
		jw_key(w, key);
		jw_raw(w, v->text);
		return true;
	case CELL_COLUMN:
		s = first_filled(lines, n, v->column);
		if (v->type == AS_ID)
			s = as_id(s);
		if (!s.len)
			return true;
		jw_key(w, key);
		if (v->n_words && translated(v, s).len) {
			jw_raw(w, translated(v, s));
			return true;
		}
		return write_column(m, v, s, sign, w, bad);
	case CELL_FIRST:
		for (uint32_t i = 0; i < v->n_choices; i++) {
			if (!cell_text(m, v->choices[i], lines, n, a, &s, bad))
				return false;
			if (s.len)
				return cell_write(m, key, v->choices[i], lines, n, sign, a, w, bad);
		}
		return true;
	case CELL_TEMPLATE:
		s = fill_template(m, v->text, lines, n, a);
		if (s.len) {
			jw_key(w, key);
			jw_str(w, s);
		}
		return true;
	}
	return false;
}

/* ---------------------------------------------------------------- tests */

static bool
one_holds(const struct test *t, const struct map_def *m, struct str s)
{
	fixed number;
	bool found = false;
	for (uint32_t i = 0; i < t->n_words && !found; i++)
		found = t->how == TEST_STARTS ? str_starts(s, t->words[i]) : str_eq_nocase(s, t->words[i]);
	switch (t->how) {
	case TEST_IS:
	case TEST_STARTS:
		return found;
	case TEST_NOT:
		return !found;
	case TEST_OVER:
		return number_read(s, m->decimal, &number) && number > t->number;
	case TEST_BELOW:
		return number_read(s, m->decimal, &number) && number < t->number;
	case TEST_EMPTY:
		return !s.len;
	case TEST_FILLED:
		return s.len > 0;
	}
	return false;
}

bool
tests_hold(const struct tests *t, const struct map_def *m, const struct line *l, bool all_when_empty)
{
	for (uint32_t i = 0; i < t->n; i++)
		if (!one_holds(&t->items[i], m, str_trim(l->fields[t->items[i].column])))
			return false;
	return t->n || all_when_empty;
}

/* Comparisons and sums: which types go together, and the slips that people make there. */
#include "expr/check_priv.h"
#include "base/str.h"
#include <string.h>

static bool
is_text(const struct type *t)
{
	return t->kind == TYPE_TEXT || t->kind == TYPE_WORDS;
}

/* ---------------------------------------------------------------- pairs */

static const char *
pair_hint(const struct type *a, const struct type *b)
{
	enum type_kind x = a->kind, y = b->kind;
	bool number = is_number(a) || is_number(b);
	if (number && (x == TYPE_DURATION || y == TYPE_DURATION))
		return " (thirty days are written 30d)";
	if (number && (x == TYPE_DISTANCE || y == TYPE_DISTANCE))
		return " (two hundred metres are written 200m)";
	if (number && (is_text(a) || is_text(b)))
		return " (numbers stand without quotation marks)";
	if (x == TYPE_LIST || y == TYPE_LIST)
		return " (a list is asked with 'contains')";
	if ((x == TYPE_TIME && y == TYPE_DURATION) || (x == TYPE_DURATION && y == TYPE_TIME))
		return " (a time is asked with 'within last 7d' or 'within next 7d')";
	return "";
}

bool
check_pair(struct checker *c, const struct expr *x, const struct type *a, const struct type *b)
{
	char text[96];
	if (a->kind == b->kind || a->kind == TYPE_UNKNOWN || b->kind == TYPE_UNKNOWN || (is_number(a) && is_number(b)) ||
	    (is_text(a) && is_text(b)) || (a->kind == TYPE_TIME && is_text(b)) || (is_text(a) && b->kind == TYPE_TIME))
		return true;
	return fail_node(c->e, x, "this compares a %s with a %s: %s%s", type_name(a->kind), type_name(b->kind), shown(x, text), pair_hint(a, b));
}

/* A text that is written out, against the words that a declared list allows. */
static bool
check_word(struct checker *c, const struct expr *left, const struct type *t, const struct expr *right)
{
	char text[96], near[96], all[160];
	size_t n = 0;
	if (t->kind != TYPE_WORDS || right->kind != NODE_TEXT)
		return true;
	for (size_t i = 0; i < t->n_words; i++)
		if (str_eq(t->words[i], right->text))
			return true;
	for (size_t i = 0; i < t->n_words && n + t->words[i].len + 3 < sizeof(all); i++) {
		if (i)
			memcpy(all + n, ", ", 2), n += 2;
		memcpy(all + n, t->words[i].ptr, t->words[i].len);
		n += t->words[i].len;
	}
	return fail_node(c->e, right, "%s is never \"%.*s\"; it is one of: %.*s%s", shown(left, text), (int)(right->text.len > 60 ? 60 : right->text.len),
	    right->text.ptr, (int)n, all, suggestion(right->text, t->words, t->n_words, sizeof(struct str), near));
}

/* "1990-02-29", "2026-03-01T10:00", "--02-29" */
static bool
is_date_text(struct str s)
{
	wall t;
	return wall_parse(s, &t) || (s.len == 7 && str_starts(s, STR("--")));
}

/* The slips with one side of a comparison that is written out. */
static bool
check_literal(struct checker *c, const struct expr *x, const struct expr *left, const struct type *lt, const struct expr *right)
{
	char text[96];
	right = bare(right);
	if (is_calendar(right))
		return fail_node(c->e, right, "%s has no exact length: count in days, such as 90d or 365d", shown(right, text));
	if (right->kind == NODE_TEXT && x->kind == NODE_COMPARE && x->op != CMP_LIKE && x->op != CMP_CONTAINS && right->text.len > 1 &&
	    str_ends(right->text, STR("*")))
		return fail_node(c->e, right, "'%s' compares every sign: for %s with a star write like", comparison_word((enum comparison)x->op),
		    shown(right, text));
	if (right->kind == NODE_TEXT && lt->kind == TYPE_TIME && x->op != CMP_LIKE && !is_date_text(right->text))
		return fail_node(c->e, right, "%s is no date: it is written 2026-09-01", shown(right, text));
	if (right->kind == NODE_NUMBER && right->number > FIXED_ONE && left->kind == NODE_PATH && left->op == ROOT_PREDICT && lt->kind == TYPE_NUMBER)
		check_warn(c, right, "a chance lies between 0 and 1: is %s%% meant?", shown(right, text));
	return x->op == CMP_LIKE || check_word(c, left, lt, right);
}

/* ---------------------------------------------------------------- comparisons */

static bool
check_in(struct checker *c, const struct expr *x, const struct hand *h, const struct type *lt)
{
	const struct expr *list = x->kids[1];
	struct type t = {0};
	char text[96];
	if (list->kind != NODE_LIST) {
		if (!check_node(c, list, h, &t))
			return false;
		if (t.kind == TYPE_LIST || t.kind == TYPE_UNKNOWN)
			return true;
		return fail_node(c->e, list, "after 'in' comes a list: in (%s)", shown(list, text));
	}
	for (uint32_t i = 0; i < list->n_kids; i++)
		if (!check_node(c, list->kids[i], h, &t) || !check_pair(c, x, lt, &t) || !check_literal(c, x, x->kids[0], lt, list->kids[i]))
			return false;
	return true;
}

static bool
check_like(struct checker *c, const struct expr *x, const struct hand *h, const struct type *lt)
{
	const struct expr *list = x->kids[1];
	struct type t = {0};
	char text[96];
	uint32_t n = list->kind == NODE_LIST ? list->n_kids : 1;
	if (!is_text(lt) && lt->kind != TYPE_UNKNOWN)
		return fail_node(c->e, x, "'%s' is a %s; only texts are asked with like", shown(x->kids[0], text), type_name(lt->kind));
	for (uint32_t i = 0; i < n; i++) {
		const struct expr *one = list->kind == NODE_LIST ? list->kids[i] : list;
		if (!check_node(c, one, h, &t))
			return false;
		if (!is_text(&t) && t.kind != TYPE_UNKNOWN && t.kind != TYPE_LIST)
			return fail_node(c->e, one, "after 'like' comes a text with stars, such as \"/pricing*\", not the %s %s", type_name(t.kind), shown(one, text));
	}
	return true;
}

static bool
check_contains(struct checker *c, const struct expr *x, const struct hand *h, const struct type *lt)
{
	struct type t = {0};
	char text[96];
	if (!check_node(c, x->kids[1], h, &t))
		return false;
	if (lt->kind != TYPE_LIST && lt->kind != TYPE_UNKNOWN)
		return fail_node(c->e, x, "'%s' is a %s, not a list%s", shown(x->kids[0], text), type_name(lt->kind),
		    is_text(lt) ? "; for text write like \"*…*\"" : "");
	return !lt->item || (check_pair(c, x, lt->item, &t) && check_literal(c, x, x->kids[0], lt->item, x->kids[1]));
}

static bool
check_order(struct checker *c, const struct expr *x, const struct type *a, const struct type *b)
{
	char text[96];
	if (x->op == CMP_EQ || x->op == CMP_NE) {
		if (!is_running(x->kids[0]) && !is_running(x->kids[1]))
			return true;
		return fail_node(c->e, x, "time runs on, so '%s' would be so for a thousandth of a second: write >= or between", shown(x, text));
	}
	for (int i = 0; i < 2; i++) {
		const struct type *t = i ? b : a;
		if (t->kind == TYPE_TRUTH || t->kind == TYPE_LIST || t->kind == TYPE_OBJECT)
			return fail_node(c->e, x, "'%s' is a %s, which is neither greater nor smaller", shown(x->kids[i], text), type_name(t->kind));
	}
	return true;
}

static bool
check_sides(struct checker *c, const struct expr *x, const struct hand *h, const struct type *lt)
{
	struct type rt = {0};
	if (!check_node(c, x->kids[1], h, &rt) || !check_pair(c, x, lt, &rt))
		return false;
	return check_literal(c, x, bare(x->kids[0]), lt, x->kids[1]) && check_literal(c, x, bare(x->kids[1]), &rt, x->kids[0]) &&
	    check_order(c, x, lt, &rt);
}

static bool
check_between(struct checker *c, const struct expr *x, const struct hand *h, const struct type *lt)
{
	for (uint32_t i = 1; i < 3; i++) {
		struct type t = {0};
		if (!check_node(c, x->kids[i], h, &t) || !check_pair(c, x, lt, &t) || !check_literal(c, x, bare(x->kids[0]), lt, x->kids[i]))
			return false;
	}
	const struct expr *low = bare(x->kids[1]), *high = bare(x->kids[2]);
	if (low->kind == NODE_NUMBER && high->kind == NODE_NUMBER && low->number > high->number)
		check_warn(c, x, "nothing lies between a greater and a smaller number: the smaller one stands first");
	return true;
}

static bool
check_within(struct checker *c, const struct expr *x, const struct hand *h, const struct type *lt)
{
	char text[96];
	const char *after = x->op == DIRECTION_NEXT ? "within next" : "within last";
	if (!is_time_like(lt) && lt->kind != TYPE_WORDS)
		return fail_node(c->e, x, "'%s' is a %s, not a date, so it cannot be %s", shown(x->kids[0], text), type_name(lt->kind), after);
	return check_length(c, x->kids[1], h, after, false);
}

bool
check_compare(struct checker *c, const struct expr *x, const struct hand *h)
{
	struct type lt = {0};
	if (!check_node(c, x->kids[0], h, &lt))
		return false;
	if (x->kind == NODE_BETWEEN)
		return check_between(c, x, h, &lt);
	if (x->kind == NODE_WITHIN)
		return check_within(c, x, h, &lt);
	switch ((enum comparison)x->op) {
	case CMP_IN:
		return check_in(c, x, h, &lt);
	case CMP_LIKE:
		return check_like(c, x, h, &lt);
	case CMP_CONTAINS:
		return check_contains(c, x, h, &lt);
	default:
		return check_sides(c, x, h, &lt);
	}
}

/* ---------------------------------------------------------------- sums */

static bool
can_calculate(struct checker *c, const struct expr *x, const struct type *t)
{
	char text[96];
	if (t->kind != TYPE_TEXT && t->kind != TYPE_WORDS && t->kind != TYPE_TRUTH && t->kind != TYPE_LIST && t->kind != TYPE_OBJECT)
		return true;
	return fail_node(c->e, x, "cannot calculate with the %s '%s'", type_name(t->kind), shown(x, text));
}

/* "+" and "-" */
static bool
sum_type(struct checker *c, const struct expr *x, const struct type *a, const struct type *b, struct type *ret)
{
	char text[96];
	enum type_kind p = a->kind, q = b->kind;
	if (p == TYPE_TIME && q == TYPE_TIME && x->op == '-')
		ret->kind = TYPE_DURATION;
	else if (p == TYPE_TIME && (q == TYPE_DURATION || q == TYPE_UNKNOWN))
		ret->kind = q == TYPE_UNKNOWN && x->op == '-' ? TYPE_UNKNOWN : TYPE_TIME;
	else if (q == TYPE_TIME && x->op == '+' && (p == TYPE_DURATION || p == TYPE_UNKNOWN))
		ret->kind = TYPE_TIME;
	else if (is_number(a) && is_number(b))
		ret->kind = p == TYPE_MONEY || q == TYPE_MONEY ? TYPE_MONEY : TYPE_NUMBER;
	else if (p == q && p != TYPE_TIME)
		ret->kind = p;
	else if (p == TYPE_UNKNOWN || q == TYPE_UNKNOWN)
		ret->kind = p == TYPE_UNKNOWN && q == TYPE_DURATION ? TYPE_UNKNOWN : p == TYPE_UNKNOWN ? q : p;
	else
		return fail_node(c->e, x, "a %s and a %s do not add up: %s", type_name(p), type_name(q), shown(x, text));
	return true;
}

/* "*" and "/" */
static bool
product_type(struct checker *c, const struct expr *x, const struct type *a, const struct type *b, struct type *ret)
{
	char text[96];
	enum type_kind p = a->kind, q = b->kind;
	for (int i = 0; i < 2; i++)
		if (is_calendar(x->kids[i]))
			return fail_node(c->e, x, "months, years and workdays are counted whole and not calculated with: %s", shown(x, text));
	if (p == TYPE_TIME || q == TYPE_TIME)
		return fail_node(c->e, x, "times are not multiplied or divided: %s", shown(x, text));
	if (is_number(b) && p != TYPE_UNKNOWN)
		ret->kind = x->op == '/' && q == TYPE_MONEY ? TYPE_NUMBER : is_number(a) && q == TYPE_MONEY ? TYPE_MONEY : p;
	else if (is_number(a) && x->op == '*')
		ret->kind = q == TYPE_UNKNOWN ? TYPE_UNKNOWN : q;
	else if (p == q && x->op == '/')
		ret->kind = p == TYPE_UNKNOWN ? TYPE_UNKNOWN : TYPE_NUMBER;
	else if (p == TYPE_UNKNOWN || q == TYPE_UNKNOWN)
		ret->kind = TYPE_UNKNOWN;
	else
		return fail_node(c->e, x, "a %s and a %s are not %s: %s", type_name(p), type_name(q), x->op == '*' ? "multiplied" : "divided",
		    shown(x, text));
	return true;
}

bool
check_arithmetic(struct checker *c, const struct expr *x, const struct hand *h, struct type *ret)
{
	struct type t[2] = {0};
	char text[96];
	for (uint32_t i = 0; i < x->n_kids; i++)
		if (!check_node(c, x->kids[i], h, &t[i]) || !can_calculate(c, x->kids[i], &t[i]))
			return false;
	if (x->kind == NODE_NEGATIVE) {
		if (t[0].kind == TYPE_TIME)
			return fail_node(c->e, x, "a time has no sign: %s", shown(x, text));
		*ret = t[0];
		return true;
	}
	*ret = (struct type){0};
	return x->op == '+' || x->op == '-' ? sum_type(c, x, &t[0], &t[1], ret) : product_type(c, x, &t[0], &t[1], ret);
}

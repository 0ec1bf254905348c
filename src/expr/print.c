/* Trees → canonical text. Brackets are nodes, so nothing here thinks about precedence. */
#include "expr/tree_priv.h"
#include "base/str.h"
#include "event/entry.h"
#include <stdio.h>

static void
print_text(struct buf *out, struct str s)
{
	buf_add_char(out, '"');
	for (size_t i = 0; i < s.len; i++) {
		if (s.ptr[i] == '"' || s.ptr[i] == '\\')
			buf_add_char(out, '\\');
		buf_add_char(out, s.ptr[i]);
	}
	buf_add_char(out, '"');
}

static void
print_fixed(struct buf *out, fixed n)
{
	char text[32];
	buf_add(out, text, fixed_format(n, text));
}

static void
print_clock(struct buf *out, int32_t minute)
{
	buf_printf(out, "%02d:%02d", minute / 60, minute % 60);
}

/* The steps of a path; each but the first behind a dot. */
static void
print_steps(struct buf *out, const struct expr *x, bool dotted)
{
	for (uint32_t i = 0; i < x->n_steps; i++) {
		if (dotted || i > 0)
			buf_add_char(out, '.');
		if (x->steps[i].quoted)
			print_text(out, x->steps[i].name);
		else
			buf_add_str(out, x->steps[i].name);
	}
}

static void
print_ordinal(struct buf *out, int32_t n)
{
	int teens = n % 100 >= 11 && n % 100 <= 13;
	buf_printf(out, "%d%s", n, teens ? "th" : n % 10 == 1 ? "st" : n % 10 == 2 ? "nd" : n % 10 == 3 ? "rd" : "th");
}

static void
print_which(struct buf *out, int32_t which, bool latest_too)
{
	if (which == WHICH_LATEST && !latest_too)
		return;
	if (which == WHICH_LATEST)
		buf_add_cstr(out, "latest");
	else if (which == WHICH_FIRST)
		buf_add_cstr(out, "first");
	else
		print_ordinal(out, which);
	buf_add_char(out, ' ');
}

static void
print_joined(struct buf *out, const struct expr *x, const char *between)
{
	for (uint32_t i = 0; i < x->n_kids; i++) {
		if (i > 0)
			buf_add_cstr(out, between);
		expr_print(x->kids[i], out);
	}
}

static void
print_where(struct buf *out, const struct expr *x)
{
	if (!x->where)
		return;
	buf_add_cstr(out, " where (");
	expr_print(x->where, out);
	buf_add_char(out, ')');
}

static void
print_event(struct buf *out, const struct expr *x, bool in_trigger)
{
	if (x->op != ENTRY_TRACK || in_trigger)
		buf_add_cstr(out, entry_kind_name((enum entry_kind)x->op));
	if ((x->op != ENTRY_TRACK || in_trigger) && x->quoted)
		buf_add_char(out, ' ');
	if (x->quoted)
		print_text(out, x->text);
}

static void
print_events(struct buf *out, const struct expr *x)
{
	if (x->n_kids > 1)
		buf_add_char(out, '(');
	for (uint32_t i = 0; i < x->n_kids; i++) {
		if (i > 0)
			buf_add_cstr(out, ", ");
		print_event(out, x->kids[i], false);
	}
	if (x->n_kids > 1)
		buf_add_char(out, ')');
	print_steps(out, x, true);
	print_where(out, x);
	if (x->by_account)
		buf_add_cstr(out, " by account");
	if (x->window) {
		buf_add_char(out, ' ');
		expr_print(x->window, out);
	}
}

static void
print_window(struct buf *out, const struct expr *x)
{
	static const char *const words[] = {"last ", "since ", "before ", "from ", "this ", "previous "};
	buf_add_cstr(out, words[x->op]);
	if (x->op == WINDOW_THIS || x->op == WINDOW_PREVIOUS)
		buf_add_cstr(out, period_word((enum period)x->n));
	print_joined(out, x, " to ");
	if (x->op == WINDOW_FROM)
		buf_add_cstr(out, " ago");
}

static void
print_not(struct buf *out, const struct expr *x)
{
	const struct expr *kid = x->kids[0];
	if (kid->kind == NODE_COMPARE && kid->op >= CMP_IN) {
		expr_print(kid->kids[0], out);
		buf_printf(out, " not %s ", comparison_word((enum comparison)kid->op));
		expr_print(kid->kids[1], out);
	} else if (kid->kind == NODE_MISSING) {
		expr_print(kid->kids[0], out);
		buf_add_cstr(out, " is not missing");
	} else {
		buf_add_cstr(out, "not ");
		expr_print(kid, out);
	}
}

static void
print_sequence(struct buf *out, const struct expr *x)
{
	buf_add_cstr(out, "did ");
	expr_print(x->kids[0], out);
	buf_add_cstr(out, x->negated ? " then not " : " then ");
	expr_print(x->kids[1], out);
	if (x->n_steps) {
		buf_add_cstr(out, " with same ");
		print_steps(out, x, false);
	}
	if (x->n_kids > 2) {
		buf_add_cstr(out, " within ");
		expr_print(x->kids[2], out);
	}
}

static void
print_length(struct buf *out, const struct expr *x)
{
	print_fixed(out, x->number);
	if (x->op == UNIT_WORKDAY)
		buf_add_cstr(out, x->number == FIXED_ONE ? " workday" : " workdays");
	else
		buf_add_cstr(out, unit_word((enum unit)x->op));
}

static void
print_of(struct buf *out, const struct expr *x)
{
	if (x->kind == NODE_AGGREGATE)
		buf_printf(out, "%s ", aggregate_word((enum aggregate)x->op));
	else
		print_which(out, x->n, true);
	if (x->n_kids > 1) {
		expr_print(x->kids[1], out);
		buf_add_cstr(out, " of ");
	}
	expr_print(x->kids[0], out);
}

static void
print_recurrence(struct buf *out, const struct expr *x)
{
	switch ((enum recurrence)x->op) {
	case RECUR_EVERY:
		buf_printf(out, "every %s", day_word((enum day_word)x->number));
		break;
	case RECUR_NTH:
		print_which(out, x->n, true);
		buf_printf(out, "%s of month", day_word((enum day_word)x->number));
		break;
	case RECUR_LAST:
		buf_printf(out, "last %s of month", day_word((enum day_word)x->number));
		break;
	case RECUR_MONTHDAY:
		buf_printf(out, "day %d of month", x->n);
		break;
	case RECUR_ONCE:
		buf_add_str(out, x->text);
		break;
	}
}

static void
print_at(struct buf *out, int32_t minute)
{
	if (minute < 0)
		return;
	buf_add_cstr(out, " at ");
	print_clock(out, minute);
}

static void
print_trigger(struct buf *out, const struct expr *x)
{
	static const char *const words[] = {[NODE_BECOMES] = "becomes ", [NODE_CHANGE] = "change of ", [NODE_ON_DATE] = "date ",
	    [NODE_SCHEDULE] = "schedule ", [NODE_GOAL] = "goal", [NODE_CALL] = "call"};
	if (x->kind == NODE_ON_EVENT)
		print_event(out, x->kids[0], true);
	else
		buf_add_cstr(out, words[x->kind]);
	if (x->kind != NODE_ON_EVENT)
		print_joined(out, x, "");
	print_where(out, x);
	if (x->by_account)
		buf_add_cstr(out, " by account");
	if (x->kind == NODE_ON_DATE || x->kind == NODE_SCHEDULE)
		print_at(out, x->n);
	if (x->quoted) {
		buf_add_cstr(out, " in ");
		print_text(out, x->text);
	}
}

static void
print_clock_form(struct buf *out, const struct expr *x)
{
	if (x->kind == NODE_UNTIL)
		buf_add_cstr(out, "until ");
	if (x->kind == NODE_CLOCK) {
		if (x->op != DAYS_ANY)
			buf_printf(out, "%s ", day_word((enum day_word)x->op));
		print_clock(out, x->n);
		return;
	}
	print_joined(out, x, "");
	if (x->kind == NODE_MOMENT)
		print_at(out, x->n);
}

static void
print_dotted(struct buf *out, const struct expr *x)
{
	if (x->kind == NODE_LOOKUP) {
		buf_add_str(out, x->text);
		buf_add_char(out, '(');
		expr_print(x->kids[0], out);
		buf_add_char(out, ')');
	} else {
		buf_add_cstr(out, "nearest ");
		buf_add_str(out, x->text);
	}
	print_steps(out, x, true);
}

static void
print_constant(struct buf *out, const struct expr *x)
{
	switch ((enum node)x->kind) {
	case NODE_PERCENT:
		print_fixed(out, x->number);
		buf_add_char(out, '%');
		break;
	case NODE_MONEY:
		print_fixed(out, x->number);
		buf_add_char(out, ' ');
		buf_add_str(out, x->text);
		break;
	case NODE_TEXT:
		print_text(out, x->text);
		break;
	case NODE_DATE:
		buf_add_str(out, x->text);
		break;
	case NODE_TRUTH:
		buf_add_cstr(out, x->n ? "true" : "false");
		break;
	case NODE_EVERYONE:
		buf_add_cstr(out, "everyone");
		break;
	case NODE_ENTRY:
		buf_add_cstr(out, "entry");
		break;
	case NODE_END_OF_DAY:
		buf_add_cstr(out, "end of day");
		break;
	default:
		print_fixed(out, x->number);
	}
}

/* A word, then what it is about. */
static void
print_prefixed(struct buf *out, const struct expr *x)
{
	switch ((enum node)x->kind) {
	case NODE_DID:
		buf_add_cstr(out, "did ");
		break;
	case NODE_QUANTIFIER:
		buf_add_cstr(out, x->op == QUANTIFIER_ALL ? "all " : "any ");
		break;
	case NODE_NEGATIVE:
		buf_add_char(out, '-');
		break;
	case NODE_TIME_SINCE:
		buf_add_cstr(out, "time since ");
		print_which(out, x->n, false);
		break;
	case NODE_TIME_OF:
		buf_add_cstr(out, "time of ");
		print_which(out, x->n, true);
		break;
	case NODE_USUAL_GAP:
		buf_add_cstr(out, "usual gap of ");
		break;
	case NODE_ANNIVERSARY:
		buf_add_cstr(out, "anniversary of ");
		break;
	case NODE_POINT:
		print_which(out, x->n, false);
		break;
	default:
		break;
	}
	print_joined(out, x, "");
}

static void
print_named(struct buf *out, const struct expr *x)
{
	if (x->kind == NODE_MEMBER)
		buf_printf(out, "in %s ", x->op == MEMBER_SEGMENT ? "segment" : "journey");
	else if (x->kind == NODE_SAMPLE)
		buf_add_cstr(out, "sample ");
	if (x->kind != NODE_TIME_IN_STAGE) {
		print_text(out, x->text);
		return;
	}
	buf_add_cstr(out, "time in stage");
	if (x->text.len) {
		buf_add_char(out, '.');
		buf_add_str(out, x->text);
	}
}

static void
print_operator(struct buf *out, const struct expr *x)
{
	char sign[4] = {' ', (char)x->op, ' ', 0};
	switch ((enum node)x->kind) {
	case NODE_COMPARE:
		expr_print(x->kids[0], out);
		buf_printf(out, " %s ", comparison_word((enum comparison)x->op));
		expr_print(x->kids[1], out);
		break;
	case NODE_BETWEEN:
		expr_print(x->kids[0], out);
		buf_add_cstr(out, " between ");
		expr_print(x->kids[1], out);
		buf_add_cstr(out, " and ");
		expr_print(x->kids[2], out);
		break;
	case NODE_WITHIN:
		print_joined(out, x, x->op == DIRECTION_NEXT ? " within next " : " within last ");
		break;
	case NODE_OFFSET:
		print_joined(out, x, x->op == OFFSET_BEFORE ? " before " : " after ");
		break;
	case NODE_ARITHMETIC:
		print_joined(out, x, sign);
		break;
	default:
		print_joined(out, x, " otherwise ");
	}
}

void
expr_print(const struct expr *x, struct buf *out)
{
	switch ((enum node)x->kind) {
	case NODE_AND:
		print_joined(out, x, " and ");
		break;
	case NODE_OR:
		print_joined(out, x, " or ");
		break;
	case NODE_NOT:
		print_not(out, x);
		break;
	case NODE_PAREN:
	case NODE_LIST:
		buf_add_char(out, '(');
		print_joined(out, x, ", ");
		buf_add_char(out, ')');
		break;
	case NODE_THEN:
		print_sequence(out, x);
		break;
	case NODE_MISSING:
		expr_print(x->kids[0], out);
		buf_add_cstr(out, " is missing");
		break;
	case NODE_COMPARE:
	case NODE_BETWEEN:
	case NODE_WITHIN:
	case NODE_OFFSET:
	case NODE_ARITHMETIC:
	case NODE_OTHERWISE:
		print_operator(out, x);
		break;
	case NODE_DID:
	case NODE_QUANTIFIER:
	case NODE_NEGATIVE:
	case NODE_TIME_SINCE:
	case NODE_TIME_OF:
	case NODE_USUAL_GAP:
	case NODE_ANNIVERSARY:
	case NODE_POINT:
		print_prefixed(out, x);
		break;
	case NODE_MEMBER:
	case NODE_SAMPLE:
	case NODE_TIME_IN_STAGE:
		print_named(out, x);
		break;
	case NODE_DURATION:
	case NODE_DISTANCE:
		print_length(out, x);
		break;
	case NODE_AGGREGATE:
	case NODE_PICK:
		print_of(out, x);
		break;
	case NODE_LOOKUP:
	case NODE_NEAREST:
		print_dotted(out, x);
		break;
	case NODE_PATH:
		print_steps(out, x, false);
		break;
	case NODE_EVENTS:
		print_events(out, x);
		break;
	case NODE_EVENT:
		print_event(out, x, false);
		break;
	case NODE_PEOPLE:
		buf_add_cstr(out, "people");
		print_where(out, x);
		break;
	case NODE_ITEMS:
		expr_print(x->kids[0], out);
		print_where(out, x);
		break;
	case NODE_WINDOW:
		print_window(out, x);
		break;
	case NODE_ON_EVENT:
	case NODE_BECOMES:
	case NODE_CHANGE:
	case NODE_ON_DATE:
	case NODE_SCHEDULE:
	case NODE_GOAL:
	case NODE_CALL:
		print_trigger(out, x);
		break;
	case NODE_RECURRENCE:
		print_recurrence(out, x);
		break;
	case NODE_UNTIL:
	case NODE_FOR:
	case NODE_CLOCK:
	case NODE_MOMENT:
		print_clock_form(out, x);
		break;
	default:
		print_constant(out, x);
	}
}

/* ---------------------------------------------------------------- sameness */

static bool
same_maybe(const struct expr *a, const struct expr *b)
{
	return a && b ? expr_same(a, b) : a == b;
}

bool
expr_same(const struct expr *a, const struct expr *b)
{
	if (a->kind != b->kind || a->op != b->op || a->negated != b->negated || a->by_account != b->by_account ||
	    a->quoted != b->quoted || a->n != b->n || a->number != b->number || !str_eq(a->text, b->text) ||
	    a->n_kids != b->n_kids || a->n_steps != b->n_steps)
		return false;
	for (uint32_t i = 0; i < a->n_steps; i++)
		if (!str_eq(a->steps[i].name, b->steps[i].name) || a->steps[i].quoted != b->steps[i].quoted)
			return false;
	for (uint32_t i = 0; i < a->n_kids; i++)
		if (!expr_same(a->kids[i], b->kids[i]))
			return false;
	return same_maybe(a->where, b->where) && same_maybe(a->window, b->window);
}

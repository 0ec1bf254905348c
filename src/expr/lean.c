/* Which way a truth leans when an event is added to the past: what can only become true need not be asked again while it is true. */
#include "expr/tree_priv.h"

static enum lean
opposite(enum lean l)
{
	return l == LEAN_UP ? LEAN_DOWN : l == LEAN_DOWN ? LEAN_UP : l == LEAN_UP_FRESH ? LEAN_DOWN_FRESH : l == LEAN_DOWN_FRESH ? LEAN_UP_FRESH : l;
}

/* Of two that stand side by side in an `and` or `or`. */
static enum lean
both(enum lean a, enum lean b)
{
	if (a == LEAN_FLAT || a == b)
		return b;
	if (b == LEAN_FLAT)
		return a;
	bool up = (a == LEAN_UP || a == LEAN_UP_FRESH) && (b == LEAN_UP || b == LEAN_UP_FRESH);
	bool down = (a == LEAN_DOWN || a == LEAN_DOWN_FRESH) && (b == LEAN_DOWN || b == LEAN_DOWN_FRESH);
	return up ? LEAN_UP_FRESH : down ? LEAN_DOWN_FRESH : LEAN_ANY;
}

static bool
reads_past(const struct expr *x)
{
	if (!x)
		return false;
	if (x->kind == NODE_EVENTS || x->kind == NODE_POINT || x->kind == NODE_PEOPLE || x->kind == NODE_EVENT)
		return true;
	for (uint32_t i = 0; i < x->n_kids; i++)
		if (reads_past(x->kids[i]))
			return true;
	return reads_past(x->where) || reads_past(x->window);
}

/* Events whose window does not itself move when an event is added. */
static bool
is_plain_past(const struct expr *events)
{
	const struct expr *w = events->window;
	if (events->kind != NODE_EVENTS || events->by_account || reads_past(events->where))
		return false;
	return !w || ((w->op == WINDOW_LAST || w->op == WINDOW_FROM) && !reads_past(w));
}

static bool
is_upward(const struct expr *x)
{
	return x->op == CMP_GT || x->op == CMP_GE;
}

/* The first event of all may come late and be old at once; then nothing is said. */
static enum lean
lean_of_time_since(const struct expr *x, const struct expr *left, const struct expr *right)
{
	bool plain = left->n == WHICH_LATEST && is_plain_past(left->kids[0]) && !left->kids[0]->window;
	if (!plain || right->kind != NODE_DURATION || !is_upward(x) || unit_base((enum unit)right->op) < 60000)
		return LEAN_ANY;
	return LEAN_DOWN_FRESH;
}

static enum lean
lean_of_compare(const struct expr *x)
{
	const struct expr *left = x->kids[0], *right = x->kids[1];
	if (x->negated || !reads_past(left))
		return reads_past(x) ? LEAN_ANY : LEAN_FLAT;
	if (left->kind == NODE_TIME_SINCE)
		return lean_of_time_since(x, left, right);
	if (left->kind != NODE_AGGREGATE || (left->op != AGG_COUNT && left->op != AGG_DISTINCT) || right->kind != NODE_NUMBER)
		return LEAN_ANY;
	if (!is_plain_past(left->kids[0]))
		return LEAN_ANY;
	return is_upward(x) ? LEAN_UP : x->op == CMP_LT || x->op == CMP_LE ? LEAN_DOWN : LEAN_ANY;
}

enum lean
expr_lean(const struct expr *x)
{
	enum lean l = LEAN_FLAT;
	switch ((enum node)x->kind) {
	case NODE_AND:
	case NODE_OR:
		for (uint32_t i = 0; i < x->n_kids; i++)
			l = both(l, expr_lean(x->kids[i]));
		return l;
	case NODE_NOT:
		return opposite(expr_lean(x->kids[0]));
	case NODE_PAREN:
		return expr_lean(x->kids[0]);
	case NODE_DID:
		return is_plain_past(x->kids[0]) ? LEAN_UP : LEAN_ANY;
	case NODE_QUANTIFIER:
		if (!reads_past(x))
			return LEAN_FLAT;
		return x->op == QUANTIFIER_ANY && is_plain_past(x->kids[0]) ? LEAN_UP : LEAN_ANY;
	case NODE_COMPARE:
		return lean_of_compare(x);
	default:
		return reads_past(x) ? LEAN_ANY : LEAN_FLAT;
	}
}

/* Comparisons, and when they turn: a length that grows passes a limit at an instant that can be told now. */
#include "expr/ops_priv.h"
#include <string.h>

/* ---------------------------------------------------------------- two values */

static bool
order_in(const struct words *w, struct str a, struct str b, int *ret)
{
	size_t x = SIZE_MAX, y = SIZE_MAX;
	for (size_t i = 0; i < w->n; i++) {
		if (str_eq(w->items[i], a))
			x = i;
		if (str_eq(w->items[i], b))
			y = i;
	}
	if (x == SIZE_MAX || y == SIZE_MAX)
		return false;
	*ret = x < y ? -1 : x > y;
	return true;
}

/* Words with an order go by it; other texts by their bytes. A word that a declared list does not know has no place in it. */
static bool
order_texts(const struct ev *ev, const struct op *how, struct str a, struct str b, int *ret)
{
	if (how && how->order)
		return order_in(how->order, a, b, ret);
	for (uint32_t i = 0; how && how->ordering && ev->f && i < ev->f->n_orders; i++)
		if (order_in(&ev->f->orders[i], a, b, ret))
			return true;
	int c = str_cmp(a, b);
	*ret = c < 0 ? -1 : c > 0;
	return true;
}

/* Brings a text and a time, or two texts that are times, to times. */
static bool
as_times(const struct ev *ev, const struct op *how, struct value *l, struct value *r)
{
	wall t;
	bool wanted = l->kind == VALUE_TIME || r->kind == VALUE_TIME || (how && how->as_time);
	if (!wanted)
		return true;
	if (l->kind == VALUE_TEXT) {
		if (!value_to_time(ev->zone, l, &t))
			return false;
		*l = value_time(t);
	}
	if (r->kind == VALUE_TEXT) {
		if (!value_to_time(ev->zone, r, &t))
			return false;
		*r = value_time(t);
	}
	return true;
}

static bool
equal(const struct ev *ev, const struct op *how, const struct value *l, const struct value *r)
{
	struct value a = *l, b = *r;
	return as_times(ev, how, &a, &b) && value_equal(&a, &b);
}

static bool
is_like(const struct value *l, const struct value *r)
{
	return l->kind == VALUE_TEXT && r->kind == VALUE_TEXT && str_like(l->text, r->text);
}

/* Does any of what `list` holds (or is) fit? */
static bool
any_fits(const struct ev *ev, const struct op *how, const struct value *v, const struct value *list, bool like)
{
	if (list->kind == VALUE_LIST) {
		for (uint32_t i = 0; i < list->list.n; i++)
			if (like ? is_like(v, &list->list.items[i]) : equal(ev, how, v, &list->list.items[i]))
				return true;
		return false;
	}
	if (list->kind == VALUE_JSON && list->json->kind == JSON_ARRAY) {
		json_each(one, list->json) {
			struct value item = value_of_json(one);
			if (like ? is_like(v, &item) : equal(ev, how, v, &item))
				return true;
		}
		return false;
	}
	return like ? is_like(v, list) : equal(ev, how, v, list);
}

static bool
contains(const struct ev *ev, const struct value *list, const struct value *v)
{
	if (list->kind != VALUE_LIST && (list->kind != VALUE_JSON || list->json->kind != JSON_ARRAY))
		return false;
	return any_fits(ev, NULL, v, list, false);
}

bool
compare_values(const struct ev *ev, enum comparison c, const struct op *how, const struct value *l, const struct value *r)
{
	struct value a = *l, b = *r;
	int order;
	switch (c) {
	case CMP_EQ:
		return equal(ev, how, l, r);
	case CMP_NE:
		return !equal(ev, how, l, r);
	case CMP_IN:
		return any_fits(ev, how, l, r, false);
	case CMP_LIKE:
		return any_fits(ev, how, l, r, true);
	case CMP_CONTAINS:
		return contains(ev, l, r);
	default:
		break;
	}
	if (!as_times(ev, how, &a, &b))
		return false;
	if (a.kind == VALUE_TEXT && b.kind == VALUE_TEXT) {
		if (!order_texts(ev, how, a.text, b.text, &order))
			return false;
	} else if (!value_compare(&a, &b, &order)) {
		return false;
	}
	switch (c) {
	case CMP_LT:
		return order < 0;
	case CMP_LE:
		return order <= 0;
	case CMP_GT:
		return order > 0;
	default:
		return order >= 0;
	}
}

/* ---------------------------------------------------------------- when it turns */

wall
first_instant(wall lo, wall hi, bool (*flipped)(void *self, wall t), void *self)
{
	while (hi.ms - lo.ms > 1) {
		wall mid = {lo.ms + (hi.ms - lo.ms) / 2};
		if (flipped(self, mid))
			hi = mid;
		else
			lo = mid;
	}
	return hi;
}

struct probing {
	struct ev *ev;
	enum comparison how;
	const struct op *op, *left, *right;
	bool truth;
};

static bool
turned(void *self, wall t)
{
	struct probing *p = self;
	struct ev then = *p->ev;
	then.now = t;
	then.truth_only = true;
	struct value l = op_value(&then, p->left).v, r = op_value(&then, p->right).v;
	return compare_values(&then, p->how, p->op, &l, &r) != p->truth;
}

/* For what moves in ways of its own (half of a time since): doubles the step until it turns, then halves back. The two sides
 * move in one direction between now and `end`. */
static wall
probe(struct probing *p, wall end)
{
	wall now = p->ev->now, before = now;
	wall limit = wall_min(end, wall_add(now, 400 * 366 * DAY));
	for (msec step = 1;; step *= 2) {
		wall t = wall_add(now, step);
		if (t.ms >= limit.ms)
			t = wall_add(limit, -1);
		if (t.ms <= before.ms)
			return end;
		if (turned(p, t))
			return first_instant(before, t, turned, p);
		before = t;
	}
}

static int64_t
instant_or_length(const struct value *v)
{
	return v->kind == VALUE_TIME ? v->time.ms : v->duration;
}

/* left - right is `d` now and grows by one each millisecond: how long until the comparison turns, -1 = never? */
static int64_t
until_turn(enum comparison c, int64_t d)
{
	switch (c) {
	case CMP_LT:
	case CMP_GE:
		return d < 0 ? -d : -1;
	case CMP_LE:
	case CMP_GT:
		return d <= 0 ? -d + 1 : -1;
	default: /* =, != */
		return d < 0 ? -d : d == 0 ? 1 : -1;
	}
}

static enum comparison
turned_round(enum comparison c)
{
	return c == CMP_LT ? CMP_GT : c == CMP_LE ? CMP_GE : c == CMP_GT ? CMP_LT : c == CMP_GE ? CMP_LE : c;
}

/* left and right: the ops of l and r. */
static wall
compare_turns(struct probing *p, const struct out *l, const struct out *r)
{
	struct value a = l->v, b = r->v;
	struct ev *ev = p->ev;
	wall end = wall_min(l->expiry, r->expiry);
	if ((!l->slope && !r->slope) || ev->truth_only || a.kind == VALUE_MISSING || b.kind == VALUE_MISSING)
		return end;
	int slope = l->slope - r->slope;
	bool ordered = p->how == CMP_LT || p->how == CMP_LE || p->how == CMP_GT || p->how == CMP_GE;
	if (l->slope == SLOPE_WILD || r->slope == SLOPE_WILD || slope > 1 || slope < -1)
		return ordered ? probe(p, end) : wall_min(end, wall_add(ev->now, 1));
	if (!slope)
		return end;
	if (!as_times(ev, p->op, &a, &b) || a.kind != b.kind || (a.kind != VALUE_TIME && a.kind != VALUE_DURATION))
		return end;
	int64_t d;
	if (__builtin_sub_overflow(instant_or_length(&a), instant_or_length(&b), &d) || d == INT64_MIN)
		return end;
	if (p->how > CMP_GE)
		return wall_min(end, wall_add(ev->now, 1));
	int64_t left = until_turn(slope > 0 ? p->how : turned_round(p->how), slope > 0 ? d : -d);
	return left < 0 ? end : wall_min(end, wall_add(ev->now, left));
}

/* `in` and `like` with a written list look at its members one by one. */
static bool
among(struct ev *ev, const struct op *op, const struct value *v, wall *expiry)
{
	const struct op *list = after(kid(op)), *end = after(list);
	if (v->kind == VALUE_MISSING)
		return false;            /* equals nothing, whatever the members are */
	for (const struct op *k = kid(list); k < end; k = after(k)) {
		if (k->code == OP_CONST) {
			if (any_fits(ev, op, v, &k->literal, op->sub == CMP_LIKE))
				return true;
			continue;
		}
		struct out one = op_value(ev, k);
		*expiry = wall_min(*expiry, one.slope ? wall_add(ev->now, 1) : one.expiry);
		if (any_fits(ev, op, v, &one.v, op->sub == CMP_LIKE))
			return true;
	}
	return false;
}

/* `count distinct … >= 3` and the like: how many are needed for it to turn; 0 = it is nothing of the kind. */
static uint64_t
distinct_needed(const struct op *op)
{
	const struct op *right = after(kid(op));
	if (op->sub > CMP_GE || op->sub == CMP_EQ || op->sub == CMP_NE || right->code != OP_CONST || right->literal.kind != VALUE_NUMBER ||
	    !is_distinct_of_rows(kid(op)))
		return 0;
	fixed n = right->literal.number;
	if (n < 0 || n >= DISTINCT_MOST * FIXED_ONE)
		return 0;
	/* >= 2.5 is >= 3; > 2 is >= 3; < 2.5 is not >= 3; <= 2 is not >= 3. */
	bool exact = n % FIXED_ONE == 0 && (op->sub == CMP_GE || op->sub == CMP_LT);
	return (uint64_t)(n / FIXED_ONE) + (exact ? 0 : 1);
}

bool
eval_compare(struct ev *ev, const struct op *op, wall *expiry)
{
	uint64_t need = distinct_needed(op);
	if (need)
		return eval_distinct_is(ev, kid(op), need, expiry) == (op->sub == CMP_GE || op->sub == CMP_GT);
	struct out l = op_value(ev, kid(op));
	const struct op *right = after(kid(op));
	if ((op->sub == CMP_IN || op->sub == CMP_LIKE) && right->code == OP_VALUES) {
		*expiry = l.slope ? wall_min(l.expiry, wall_add(ev->now, 1)) : l.expiry;
		return among(ev, op, &l.v, expiry);
	}
	if (right->code == OP_CONST && !l.slope) {
		*expiry = l.expiry;
		return compare_values(ev, (enum comparison)op->sub, op, &l.v, &right->literal);
	}
	struct out r = op_value(ev, right);
	struct probing p = {ev, (enum comparison)op->sub, op, kid(op), right, compare_values(ev, (enum comparison)op->sub, op, &l.v, &r.v)};
	*expiry = compare_turns(&p, &l, &r);
	return p.truth;
}

bool
eval_between(struct ev *ev, const struct op *op, wall *expiry)
{
	const struct op *low = after(kid(op)), *high = after(low);
	struct out v = op_value(ev, kid(op)), l = op_value(ev, low), h = op_value(ev, high);
	struct probing above = {ev, CMP_GE, op, kid(op), low, compare_values(ev, CMP_GE, op, &v.v, &l.v)};
	struct probing below = {ev, CMP_LE, op, kid(op), high, compare_values(ev, CMP_LE, op, &v.v, &h.v)};
	*expiry = wall_min(compare_turns(&above, &v, &l), compare_turns(&below, &v, &h));
	return above.truth && below.truth;
}

/* ---------------------------------------------------------------- within last, within next */

struct reaching {
	struct ev *ev;
	struct value length;
	wall v;
	bool last;
};

/* last: has it fallen out of the reach? next: has it come into the reach? */
static bool
reached(void *self, wall t)
{
	struct reaching *r = self;
	if (r->last)
		return time_add(r->ev->facts, r->ev->zone, t, &r->length, -1).ms > r->v.ms;
	return time_add(r->ev->facts, r->ev->zone, t, &r->length, 1).ms >= r->v.ms;
}

/* An upper limit of a length. */
static msec
at_most(const struct value *length)
{
	int64_t n = length->calendar.n < 0 ? 0 : length->calendar.n;
	if (length->kind == VALUE_DURATION)
		return length->duration;
	return (length->calendar.unit == 'm' ? 32 * n : length->calendar.unit == 'y' ? 367 * n : 3 * n + 400) * DAY;
}

static bool
within_last(struct reaching *r, wall *expiry)
{
	wall now = r->ev->now;
	if (r->v.ms > now.ms) {
		*expiry = wall_min(*expiry, r->v);
		return false;
	}
	if (reached(r, now))
		return false;
	wall hi = wall_add(r->v, at_most(&r->length));
	hi = wall_add(hi, DAY);
	if (hi.ms <= now.ms)
		hi = wall_add(now, 1);
	*expiry = wall_min(*expiry, first_instant(now, hi, reached, r));
	return true;
}

static bool
within_next(struct reaching *r, wall *expiry)
{
	wall now = r->ev->now;
	if (r->v.ms < now.ms)
		return false;
	if (reached(r, now)) {
		*expiry = wall_min(*expiry, wall_add(r->v, 1));
		return true;
	}
	*expiry = wall_min(*expiry, first_instant(now, r->v, reached, r));
	return false;
}

/* An anniversary lasts its whole day; the one behind us counts for `last`. */
static bool
anniversary_within(struct ev *ev, const struct op *op, struct reaching *r, wall *expiry)
{
	struct out of = op_value(ev, kid(kid(op)));
	wall turn;
	*expiry = of.expiry;
	if (!anniversary_of(ev, &of.v, r->last, &r->v, &turn))
		return false;
	*expiry = wall_min(*expiry, turn);
	if (r->last)
		return within_last(r, expiry);
	return r->v.ms <= ev->now.ms || reached(r, ev->now) || within_next(r, expiry);
}

bool
eval_within(struct ev *ev, const struct op *op, wall *expiry)
{
	const struct op *what = kid(op);
	struct out length = op_value(ev, after(what));
	struct reaching r = {.ev = ev, .length = length.v, .last = op->sub == DIRECTION_LAST};
	bool truth;
	*expiry = length.expiry;
	if (length.v.kind != VALUE_DURATION && length.v.kind != VALUE_CALENDAR) {
		if (what->code != OP_ANNIVERSARY)
			*expiry = wall_min(*expiry, op_value(ev, what).expiry);
		return false;
	}
	wall e = WALL_NEVER;
	if (what->code == OP_ANNIVERSARY) {
		truth = anniversary_within(ev, op, &r, &e);
	} else {
		struct out v = op_value(ev, what);
		e = v.expiry;
		if (v.slope || length.slope)
			e = wall_min(e, wall_add(ev->now, 1));
		if (!value_to_time(ev->zone, &v.v, &r.v)) {
			*expiry = wall_min(*expiry, e);
			return false;
		}
		truth = r.last ? within_last(&r, &e) : within_next(&r, &e);
	}
	if (length.slope)
		e = wall_min(e, wall_add(ev->now, 1));
	*expiry = wall_min(*expiry, e);
	return truth;
}

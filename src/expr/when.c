/* Waits and clocks. In waits days and weeks keep the clock on the wall of the person's zone, hours and minutes are exact. */
#include "expr/ops_priv.h"

struct when {
	enum node kind;          /* NODE_FOR, NODE_CLOCK, NODE_MOMENT */
	enum day_word day;
	struct timing timing;    /* NODE_FOR: its value is the length */
};

/* ---------------------------------------------------------------- lengths */

static wall
move(const struct facts *facts, wall from, const struct value *length, int sign)
{
	const struct tz *z = facts->zone ? facts->zone : tz_utc();
	if (length->kind != VALUE_DURATION || !length->quantity)
		return time_add(facts, z, from, length, sign);
	int64_t days = length->duration / DAY;
	return wall_add(tz_add_days(z, from, sign * days), sign * (length->duration - days * DAY));
}

wall
when_add(const struct facts *facts, wall from, const struct value *length)
{
	if (length->kind != VALUE_DURATION && length->kind != VALUE_CALENDAR)
		return WALL_BEFORE_ALL;
	return move(facts, from, length, 1);
}

/* ---------------------------------------------------------------- moments */

static bool
has_anniversary(const struct cond *c)
{
	for (uint32_t i = 0; c && i < c->n_ops; i++)
		if (c->ops[i].code == OP_ANNIVERSARY)
			return true;
	return false;
}

bool
timing_compile(struct arena *a, const struct expr *x, int32_t minute, const struct expr_scope *scope, struct features *f, struct timing *ret,
    struct err *e)
{
	static const struct holding nothing;
	struct timing t = {.minute = minute};
	const struct expr *value = x;
	if (x->kind == NODE_OFFSET) {
		t.side = (enum offset)x->op;
		value = x->kids[1];
		if (!cond_compile(a, x->kids[0], scope, f, &nothing, &t.length, e))
			return false;
	}
	if (!cond_compile(a, value, scope, f, &nothing, &t.value, e))
		return false;
	t.recurring = has_anniversary(t.value);
	*ret = t;
	return true;
}

wall
clock_on_day(const struct tz *z, int64_t day, int minute)
{
	struct civil c;
	civil_of_days(day, &c);
	c.hour = (int8_t)(minute / 60);
	c.minute = (int8_t)(minute % 60);
	return civil_to_wall(z, &c);
}

static int64_t
local_day(const struct tz *z, wall t)
{
	struct civil c = civil_of(z, t);
	return civil_days(c.year, c.month, c.day);
}

wall
timing_at(const struct timing *t, const struct facts *facts, const struct moment *m, wall now, struct arena *scratch, wall *ret_target)
{
	const struct tz *z = facts->zone ? facts->zone : tz_utc();
	struct value v = cond_eval(t->value, facts, m, now, scratch).value;
	wall at;
	if (v.kind == VALUE_DURATION || v.kind == VALUE_CALENDAR)
		at = when_add(facts, now, &v);
	else if (!value_to_time(z, &v, &at))
		return WALL_BEFORE_ALL;
	wall target = at;
	if (t->length) {
		struct value length = cond_eval(t->length, facts, m, now, scratch).value;
		if (length.kind != VALUE_DURATION && length.kind != VALUE_CALENDAR)
			return WALL_BEFORE_ALL;
		at = move(facts, at, &length, t->side == OFFSET_BEFORE ? -1 : 1);
	}
	if (t->minute >= 0 && at.ms > INT64_MIN && at.ms < INT64_MAX)
		at = clock_on_day(z, local_day(z, at), t->minute);
	if (ret_target)
		*ret_target = t->length ? target : at;
	return at;
}

/* ---------------------------------------------------------------- clocks */

bool
day_fits(const struct facts *facts, int64_t day, enum day_word word)
{
	int weekday = civil_weekday(day);
	if (word <= DAYS_SUNDAY)
		return weekday == (int)word;
	if (word == DAYS_WORKDAY)
		return weekday < 5 && !(facts->holiday && facts->holiday(facts->self, day));
	return word != DAYS_WEEKEND || weekday >= 5;
}

static wall
next_clock(const struct facts *facts, wall from, enum day_word word, int minute)
{
	const struct tz *z = facts->zone ? facts->zone : tz_utc();
	int64_t today = local_day(z, from), start = word == DAYS_TOMORROW ? today + 1 : today;
	for (int64_t day = start; day < start + 1000; day++) {
		wall t = clock_on_day(z, day, minute);
		if (t.ms >= from.ms && day_fits(facts, day, word))
			return t;
	}
	return WALL_BEFORE_ALL;
}

/* ---------------------------------------------------------------- the whole */

bool
when_compile(struct arena *a, const struct expr *x, const struct expr_scope *scope, struct features *f, const struct when **ret, struct err *e)
{
	struct when *w = arena_new(a, struct when);
	const struct expr *of = x->kind == NODE_UNTIL ? x->kids[0] : x;
	w->kind = (enum node)of->kind;
	switch (w->kind) {
	case NODE_CLOCK:
		w->day = (enum day_word)of->op;
		w->timing.minute = of->n;
		break;
	case NODE_FOR:
		if (!timing_compile(a, of->kids[0], -1, scope, f, &w->timing, e))
			return false;
		break;
	case NODE_MOMENT:
		if (!timing_compile(a, of->kids[0], of->n, scope, f, &w->timing, e))
			return false;
		break;
	default:
		return fail_node(e, x, "this is no wait and no time");
	}
	*ret = w;
	return true;
}

wall
when_next(const struct when *w, const struct facts *facts, const struct moment *m, wall from, struct arena *scratch)
{
	if (w->kind == NODE_CLOCK)
		return next_clock(facts, from, w->day, w->timing.minute);
	return timing_at(&w->timing, facts, m, from, scratch, NULL);
}

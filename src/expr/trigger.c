/* What starts, ends and answers journeys. */
#include "expr/check_priv.h"
#include "expr/ops_priv.h"

struct trigger {
	enum trigger_kind kind;
	int entry_kind;
	struct str name;                 /* of the event; "" = any page, any screen */
	bool by_account;
	const struct cond *where;        /* NULL = none */
	const struct cond *condition;    /* becomes */
	const struct fact_path *path;    /* change of */
	bool catalogue;
	struct str thing;                /* product, store, offer, content */
	struct timing timing;            /* date */
	enum recurrence recurrence;      /* schedule */
	enum day_word day;
	int32_t nth, minute;
	int64_t once;
	const struct tz *zone;           /* NULL = the person's */
	const struct features *features;
};

/* ---------------------------------------------------------------- compiling */

static bool
compile_where(struct trigger *t, struct arena *a, const struct expr *x, const struct expr_scope *scope, struct features *f, struct err *e)
{
	struct holding h = {.event = HAND_LIVE, .events = x->kind == NODE_ON_EVENT ? x : NULL};
	return !x->where || cond_compile(a, x->where, scope, f, &h, &t->where, e);
}

static bool
change_root(const struct expr *path, enum fact_root *ret)
{
	switch ((enum root)path->op) {
	case ROOT_TRAIT:
		*ret = FACT_TRAIT;
		return true;
	case ROOT_ACCOUNT:
		*ret = FACT_ACCOUNT;
		return true;
	case ROOT_CONSENT:
		*ret = FACT_CONSENT;
		return true;
	case ROOT_TOPIC:
		*ret = FACT_TOPIC;
		return true;
	case ROOT_PREFERENCE:
		*ret = FACT_PREFERENCE;
		return true;
	case ROOT_PREDICT:
		*ret = FACT_PREDICT;
		return true;
	default:
		*ret = FACT_PRODUCT;
		return is_catalogue_kind(path->steps[0].name);
	}
}

static bool
compile_change(struct trigger *t, struct arena *a, const struct expr *x, const struct expr_scope *scope, struct features *f, struct err *e)
{
	const struct expr *path = x->kids[0];
	struct fact_path *p = arena_new(a, struct fact_path);
	struct str *steps = arena_array(a, struct str, path->n_steps + 1);
	struct expr_scope with_change = *scope;
	with_change.change = true;
	if (!change_root(path, &p->root))
		return fail_node(e, path, "a change of this is not seen");
	t->catalogue = p->root == FACT_PRODUCT;
	t->thing = t->catalogue ? path->steps[0].name : (struct str){0};
	p->n = path->n_steps - 1;
	for (uint32_t i = 0; i < p->n; i++)
		steps[i] = path->steps[i + 1].name;
	if (p->root == FACT_CONSENT && p->n == 1)
		steps[p->n++] = STR("marketing");
	p->steps = steps;
	p->slot = p->n ? features_slot(f, p->root, steps[0]) : 0;
	t->path = p;
	return compile_where(t, a, x, &with_change, f, e);
}

static bool
compile_schedule(struct trigger *t, const struct expr *x, const struct expr_scope *scope, struct err *e)
{
	const struct expr *r = x->kids[0];
	t->recurrence = (enum recurrence)r->op;
	t->nth = r->n;
	t->minute = x->n;
	if (t->recurrence == RECUR_ONCE)
		t->once = r->number;
	else
		t->day = (enum day_word)r->number;
	if (x->quoted && (!scope->zones || !(t->zone = tz_find(scope->zones, x->text))))
		return fail_node(e, x, "there is no time zone \"%.*s\"; zones are named like \"Europe/Berlin\"", STR_ARGS(x->text));
	return true;
}

bool
trigger_compile(struct arena *a, const struct expr *x, const struct expr_scope *scope, struct features *f, const struct trigger **ret, struct err *e)
{
	static const struct holding nothing;
	struct trigger *t = arena_new(a, struct trigger);
	bool ok = true;
	t->features = f;
	switch ((enum node)x->kind) {
	case NODE_ON_EVENT:
		t->kind = TRIGGER_EVENT;
		t->entry_kind = x->kids[0]->op;
		t->name = arena_str(a, x->kids[0]->text);
		t->by_account = x->by_account;
		ok = compile_where(t, a, x, scope, f, e);
		break;
	case NODE_BECOMES:
		t->kind = TRIGGER_BECOMES;
		ok = cond_compile(a, x->kids[0], scope, f, &nothing, &t->condition, e);
		break;
	case NODE_CHANGE:
		t->kind = TRIGGER_CHANGE;
		ok = compile_change(t, a, x, scope, f, e);
		break;
	case NODE_ON_DATE:
		t->kind = TRIGGER_DATE;
		ok = timing_compile(a, x->kids[0], x->n, scope, f, &t->timing, e);
		break;
	case NODE_SCHEDULE:
		t->kind = TRIGGER_SCHEDULE;
		ok = compile_schedule(t, x, scope, e);
		break;
	case NODE_GOAL:
		t->kind = TRIGGER_GOAL;
		break;
	case NODE_CALL:
		t->kind = TRIGGER_CALL;
		break;
	default:
		return fail_node(e, x, "this is no trigger");
	}
	if (ok)
		*ret = t;
	return ok;
}

/* ---------------------------------------------------------------- what it listens to */

enum trigger_kind
trigger_kind(const struct trigger *t)
{
	return t->kind;
}

void
trigger_event(const struct trigger *t, int *ret_entry_kind, struct str *ret_name)
{
	*ret_entry_kind = t->entry_kind;
	*ret_name = t->name;
}

bool
trigger_by_account(const struct trigger *t)
{
	return t->by_account;
}

const struct cond *
trigger_condition(const struct trigger *t)
{
	return t->condition;
}

const struct fact_path *
trigger_change_path(const struct trigger *t)
{
	return t->path;
}

bool
trigger_change_is_catalogue(const struct trigger *t, struct str *ret_kind)
{
	if (t->catalogue && ret_kind)
		*ret_kind = t->thing;
	return t->catalogue;
}

bool
trigger_matches(const struct trigger *t, const struct event_view *event, const struct facts *facts, const struct moment *m, wall now,
    struct arena *scratch)
{
	struct moment mine = m ? *m : (struct moment){0};
	if (!t->where)
		return true;
	mine.event = event;
	if (!mine.trigger)
		mine.trigger = event;
	/* Whoever made an event of the change put both sides into it. */
	if (t->kind == TRIGGER_CHANGE && !mine.change_from && !mine.change_to && event) {
		mine.change_from = json_get(event->properties, STR("from"));
		mine.change_to = json_get(event->properties, STR("to"));
	}
	return cond_true(t->where, facts, &mine, now, scratch, NULL);
}

/* ---------------------------------------------------------------- dates */

/* An anniversary comes round every year: looks from two years back for the first that fires later than `after`. */
static wall
next_round(const struct trigger *t, const struct facts *facts, wall after, struct arena *scratch)
{
	wall from = wall_add(after, -2 * 366 * DAY);
	for (int i = 0; i < 12; i++) {
		wall at = timing_at(&t->timing, facts, NULL, from, scratch, NULL);
		if (at.ms == INT64_MIN)
			return WALL_NEVER;
		if (at.ms > after.ms)
			return at;
		from = wall_add(from, 183 * DAY);
	}
	return WALL_NEVER;
}

static wall
next_date(const struct trigger *t, const struct facts *facts, wall after, struct arena *scratch)
{
	if (t->timing.recurring)
		return next_round(t, facts, after, scratch);
	wall at = timing_at(&t->timing, facts, NULL, after, scratch, NULL);
	return at.ms > after.ms ? at : WALL_NEVER;
}

wall
trigger_date(const struct trigger *t, const struct facts *facts, struct arena *scratch, wall *ret_target)
{
	/* The end of all days: whatever has happened is in the past. */
	wall late = {253402300799999};
	*ret_target = WALL_BEFORE_ALL;
	if (t->kind != TRIGGER_DATE || t->timing.recurring)
		return WALL_BEFORE_ALL;
	return timing_at(&t->timing, facts, NULL, late, scratch, ret_target);
}

/* ---------------------------------------------------------------- schedules */

/* Which one of its kind in the month is this day? 1 = the first. */
static int
nth_in_month(const struct facts *facts, const struct civil *c, int64_t day, enum day_word word)
{
	int n = 0;
	for (int64_t d = day - c->day + 1; d <= day; d++)
		n += day_fits(facts, d, word);
	return n;
}

static bool
is_last_in_month(const struct facts *facts, const struct civil *c, int64_t day, enum day_word word)
{
	int64_t end = day - c->day + civil_month_days(c->year, c->month);
	for (int64_t d = day + 1; d <= end; d++)
		if (day_fits(facts, d, word))
			return false;
	return true;
}

static bool
recurs_on(const struct trigger *t, const struct facts *facts, int64_t day)
{
	struct civil c;
	civil_of_days(day, &c);
	switch (t->recurrence) {
	case RECUR_EVERY:
		return day_fits(facts, day, t->day);
	case RECUR_NTH:
		return day_fits(facts, day, t->day) && nth_in_month(facts, &c, day, t->day) == t->nth;
	case RECUR_LAST:
		return day_fits(facts, day, t->day) && is_last_in_month(facts, &c, day, t->day);
	case RECUR_MONTHDAY:
		return c.day == t->nth;
	case RECUR_ONCE:
		return day == t->once;
	}
	return false;
}

static wall
next_schedule(const struct trigger *t, const struct facts *facts, wall after)
{
	const struct tz *z = t->zone ? t->zone : facts->zone ? facts->zone : tz_utc();
	if (t->recurrence == RECUR_ONCE) {
		wall at = clock_on_day(z, t->once, t->minute);
		return at.ms > after.ms ? at : WALL_NEVER;
	}
	struct civil c = civil_of(z, after);
	int64_t today = civil_days(c.year, c.month, c.day);
	/* The fifth Monday of a month, or its 23rd workday, may be months away. */
	for (int64_t day = today; day < today + 1500; day++) {
		if (!recurs_on(t, facts, day))
			continue;
		wall at = clock_on_day(z, day, t->minute);
		if (at.ms > after.ms)
			return at;
	}
	return WALL_NEVER;
}

wall
trigger_next(const struct trigger *t, const struct facts *facts, wall after, struct arena *scratch)
{
	if (after.ms == INT64_MAX || after.ms == INT64_MIN)
		return WALL_NEVER;
	if (t->kind == TRIGGER_DATE)
		return next_date(t, facts, after, scratch);
	return t->kind == TRIGGER_SCHEDULE ? next_schedule(t, facts, after) : WALL_NEVER;
}

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

enum { NO_DAY = -1, MONTHS_AHEAD = 60 };

/* The nth fitting day from `day` on in steps of one day, forwards or backwards, not past `end`; NO_DAY when there is none. */
static int64_t
nth_fitting(const struct facts *facts, int64_t day, int64_t end, int step, enum day_word word, int n)
{
	if (word <= DAYS_SUNDAY) {
		int away = step * ((int)word - civil_weekday(day));
		day += step * ((int64_t)(away < 0 ? away + 7 : away) + 7 * (int64_t)(n - 1));
		return step > 0 ? (day <= end ? day : NO_DAY) : day >= end ? day : NO_DAY;
	}
	for (; day != end + step; day += step)
		if (day_fits(facts, day, word) && --n == 0)
			return day;
	return NO_DAY;
}

/* The day of a month on which it recurs; months before 1970 do not come. */
static int64_t
day_in_month(const struct trigger *t, const struct facts *facts, int32_t year, int month)
{
	int64_t first = civil_days(year, month, 1), last = first + civil_month_days(year, month) - 1;
	if (t->recurrence == RECUR_MONTHDAY)
		return first + t->nth - 1 <= last ? first + t->nth - 1 : NO_DAY;
	if (t->recurrence == RECUR_LAST)
		return nth_fitting(facts, last, first, -1, t->day, 1);
	return nth_fitting(facts, first, last, 1, t->day, t->nth);
}

static wall
next_of_days(const struct trigger *t, const struct facts *facts, const struct tz *z, int64_t today, wall after)
{
	for (int64_t day = today; day < today + 400; day++) {
		if (!day_fits(facts, day, t->day))
			continue;
		wall at = clock_on_day(z, day, t->minute);
		if (at.ms > after.ms)
			return at;
	}
	return WALL_NEVER;
}

/* The fifth Monday of a month, or its 23rd workday, may be months away. */
static wall
next_of_months(const struct trigger *t, const struct facts *facts, const struct tz *z, const struct civil *now, wall after)
{
	int32_t year = now->year;
	int month = now->month;
	for (int i = 0; i < MONTHS_AHEAD; i++) {
		int64_t day = day_in_month(t, facts, year, month);
		wall at = day == NO_DAY ? WALL_BEFORE_ALL : clock_on_day(z, day, t->minute);
		if (at.ms > after.ms)
			return at;
		year += month == 12;
		month = month == 12 ? 1 : month + 1;
	}
	return WALL_NEVER;
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
	if (t->recurrence == RECUR_EVERY)
		return next_of_days(t, facts, z, civil_days(c.year, c.month, c.day), after);
	return next_of_months(t, facts, z, &c, after);
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

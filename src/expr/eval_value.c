/* Arithmetic, the clock on the wall, anniversaries, JSON. */
#include "expr/ops_priv.h"
#include <string.h>

/* ---------------------------------------------------------------- times */

/* n digits at `at`; -1 when they are none. */
static int
digits(struct str s, size_t at, size_t n)
{
	int v = 0;
	if (at + n > s.len)
		return -1;
	for (size_t i = at; i < at + n; i++) {
		if (s.ptr[i] < '0' || s.ptr[i] > '9')
			return -1;
		v = v * 10 + s.ptr[i] - '0';
	}
	return v;
}

static bool
date_of(struct str s, struct civil *c)
{
	int year = digits(s, 0, 4), month = digits(s, 5, 2), day = digits(s, 8, 2);
	if (s.len < 10 || s.ptr[4] != '-' || s.ptr[7] != '-' || year < 1 || month < 1 || month > 12 || day < 1 ||
	    day > civil_month_days(year, month))
		return false;
	*c = (struct civil){.year = year, .month = (int8_t)month, .day = (int8_t)day};
	return true;
}

/* "T10:30" or " 10:30:05" behind a date, and nothing more. */
static bool
clock_of(struct str s, struct civil *c)
{
	int hour = digits(s, 11, 2), minute = digits(s, 14, 2), second = s.len > 16 ? digits(s, 17, 2) : 0;
	if ((s.len != 16 && s.len != 19) || (s.ptr[10] != 'T' && s.ptr[10] != ' ') || s.ptr[13] != ':' || (s.len == 19 && s.ptr[16] != ':') ||
	    hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59)
		return false;
	c->hour = (int8_t)hour;
	c->minute = (int8_t)minute;
	c->second = (int8_t)second;
	return true;
}

bool
value_to_time(const struct tz *z, const struct value *v, wall *ret)
{
	struct civil c;
	if (v->kind == VALUE_TIME) {
		*ret = v->time;
		return true;
	}
	if (v->kind != VALUE_TEXT || !date_of(v->text, &c))
		return false;
	if (v->text.len == 10 || clock_of(v->text, &c)) {
		*ret = civil_to_wall(z, &c);
		return true;
	}
	return wall_parse(v->text, ret);
}

static const struct str weekday_names[] = {STR_INIT("monday"), STR_INIT("tuesday"), STR_INIT("wednesday"), STR_INIT("thursday"),
    STR_INIT("friday"), STR_INIT("saturday"), STR_INIT("sunday")};

/* Milliseconds of the local clock since 1970. */
static int64_t
local_clock(struct ev *ev, wall t)
{
	if (t.ms < ev->offset_from.ms || t.ms >= ev->offset_until.ms) {
		ev->offset = tz_offset(ev->zone, t, &ev->offset_until);
		ev->offset_from = t;
	}
	return t.ms + ev->offset * SECOND;
}

static int64_t
floored(int64_t n, int64_t by)
{
	return n / by - (n % by < 0);
}

int64_t
local_day_of(struct ev *ev, wall t)
{
	return floored(local_clock(ev, t), DAY);
}

static struct value
date_text(struct ev *ev, const struct civil *c)
{
	char *p = arena_alloc(ev->scratch, 16);
	const int parts[] = {c->year, c->month, c->day};
	size_t n = 0;
	for (int i = 0; i < 3; i++) {
		for (int unit = i ? 10 : 1000; unit; unit /= 10)
			p[n++] = (char)('0' + parts[i] / unit % 10);
		if (i < 2)
			p[n++] = '-';
	}
	return value_text((struct str){p, n});
}

struct value
clock_part_of(struct ev *ev, wall t, enum clock_part part)
{
	if (part == PART_TIME)
		return value_time(t);
	int64_t day = local_day_of(ev, t);
	struct civil c;
	if (part == PART_HOUR)
		return value_number((local_clock(ev, t) - day * DAY) / HOUR * FIXED_ONE);
	if (part == PART_WEEKDAY)
		return value_text(weekday_names[civil_weekday(day)]);
	civil_of_days(day, &c);
	switch (part) {
	case PART_DATE:
		return date_text(ev, &c);
	case PART_DAY:
		return value_number(c.day * FIXED_ONE);
	case PART_MONTH:
		return value_number(c.month * FIXED_ONE);
	default:
		return VALUE_NONE;
	}
}

/* local.hour holds until the next full hour, the others until midnight. */
struct out
eval_local(struct ev *ev, enum clock_part part)
{
	struct out o = out_of(clock_part_of(ev, ev->now, part));
	if (ev->truth_only)
		return o;
	if (part == PART_HOUR) {
		struct civil c = civil_of(ev->zone, ev->now);
		wall moved;
		(void)tz_offset(ev->zone, ev->now, &moved);
		o.expiry = wall_min(moved, wall_add(ev->now, HOUR - (c.minute * MINUTE + c.second * SECOND + c.millisecond)));
	} else if (part == PART_MONTH) {
		struct civil c = civil_of(ev->zone, ev->now);
		struct civil next = {.year = c.month == 12 ? c.year + 1 : c.year, .month = (int8_t)(c.month == 12 ? 1 : c.month + 1), .day = 1};
		o.expiry = civil_to_wall(ev->zone, &next);
	} else {
		o.expiry = tz_day_end(ev->zone, ev->now);
	}
	return o;
}

/* ---------------------------------------------------------------- calendar */

static bool
is_workday(const struct facts *facts, int64_t day)
{
	return civil_weekday(day) < 5 && !(facts->holiday && facts->holiday(facts->self, day));
}

static wall
add_workdays(const struct facts *facts, const struct tz *z, wall t, int32_t n)
{
	struct civil c = civil_of(z, t);
	int64_t day = civil_days(c.year, c.month, c.day), start = day;
	int step = n < 0 ? -1 : 1;
	/* A calendar of holidays without a workday would never end. */
	for (int64_t tries = 0; n != 0 && tries < 40000; tries++) {
		day += step;
		if (is_workday(facts, day))
			n -= step;
	}
	return tz_add_days(z, t, day - start);
}

wall
time_add(const struct facts *facts, const struct tz *z, wall t, const struct value *length, int sign)
{
	if (t.ms == INT64_MAX || t.ms == INT64_MIN)
		return t;
	if (length->kind == VALUE_DURATION)
		return length->duration == INT64_MIN ? t : wall_add(t, sign * length->duration);
	if (length->kind != VALUE_CALENDAR)
		return t;
	int64_t n = (int64_t)sign * length->calendar.n;
	switch (length->calendar.unit) {
	case 'w':
		return add_workdays(facts, z, t, (int32_t)n);
	case 'y':
		return tz_add_months(z, t, n * 12);
	default:
		return tz_add_months(z, t, n);
	}
}

/* Month and day of "1990-02-29", "--02-29", "02-29" or a longer date. */
static bool
month_and_day(const struct ev *ev, const struct value *v, int *month, int *day)
{
	struct civil c;
	if (v->kind == VALUE_TIME) {
		c = civil_of(ev->zone, v->time);
		*month = c.month;
		*day = c.day;
		return true;
	}
	if (v->kind != VALUE_TEXT)
		return false;
	struct str s = v->text;
	size_t at = s.len == 7 && s.ptr[0] == '-' && s.ptr[1] == '-' ? 2 : s.len == 5 ? 0 : s.len >= 10 && s.ptr[4] == '-' ? 5 : SIZE_MAX;
	if (at == SIZE_MAX || at + 5 > s.len || s.ptr[at + 2] != '-')
		return false;
	*month = digits(s, at, 2);
	*day = digits(s, at + 3, 2);
	return *month >= 1 && *month <= 12 && *day >= 1 && *day <= civil_month_days(2000, *month);
}

/* The day number on which it comes round in a year. */
static int64_t
day_in(const struct ev *ev, int32_t year, int month, int day)
{
	if (day <= civil_month_days(year, month))
		return civil_days(year, month, day);
	return ev->f && ev->f->v->leap_birthdays_1_mar ? civil_days(year, 3, 1) : civil_days(year, 2, 28);
}

static wall
midnight(const struct ev *ev, int64_t day)
{
	struct civil c;
	civil_of_days(day, &c);
	return civil_to_wall(ev->zone, &c);
}

bool
anniversary_of(const struct ev *ev, const struct value *v, bool back, wall *ret, wall *ret_expiry)
{
	int month, day;
	if (!month_and_day(ev, v, &month, &day))
		return false;
	struct civil c = civil_of(ev->zone, ev->now);
	int64_t today = civil_days(c.year, c.month, c.day);
	int64_t this_year = day_in(ev, c.year, month, day);
	if (back) {
		bool passed = this_year <= today;
		*ret = midnight(ev, passed ? this_year : day_in(ev, c.year - 1, month, day));
		*ret_expiry = midnight(ev, passed ? day_in(ev, c.year + 1, month, day) : this_year);
		return true;
	}
	int64_t next = this_year >= today ? this_year : day_in(ev, c.year + 1, month, day);
	*ret = midnight(ev, next);
	*ret_expiry = midnight(ev, next + 1);
	return true;
}

/* ---------------------------------------------------------------- arithmetic */

static struct out
missing_until(wall expiry)
{
	return (struct out){.v = VALUE_NONE, .expiry = expiry};
}

static int8_t
slope_sum(int a, int b)
{
	int s = a + b;
	return (int8_t)(a == SLOPE_WILD || b == SLOPE_WILD || b == -SLOPE_WILD || s > 1 || s < -1 ? SLOPE_WILD : s);
}

static bool
scaled(int64_t a, int64_t b, int64_t by, int64_t *ret)
{
	__int128 n = (__int128)a * b, half = by / 2;
	n = n >= 0 ? (n + half) / by : -((-n + half) / by);
	if (n > INT64_MAX || n < INT64_MIN)
		return false;
	*ret = (int64_t)n;
	return true;
}

/* a * FIXED_ONE / b, half away from zero. */
static bool
quotient(int64_t a, int64_t b, int64_t *ret)
{
	if (!b)
		return false;
	bool negative = (a < 0) != (b < 0);
	unsigned __int128 x = a < 0 ? (unsigned __int128)(-(__int128)a) : (unsigned __int128)a;
	unsigned __int128 y = b < 0 ? (unsigned __int128)(-(__int128)b) : (unsigned __int128)b;
	unsigned __int128 q = (x * (unsigned)FIXED_ONE + y / 2) / y;
	if (q > INT64_MAX)
		return false;
	*ret = negative ? -(int64_t)q : (int64_t)q;
	return true;
}

/* Time ± length. */
static struct out
move_time(struct ev *ev, const struct out *t, const struct out *length, int sign, wall expiry)
{
	struct out o = {.expiry = expiry};
	if (length->v.kind == VALUE_DURATION) {
		int64_t ms;
		if (sign > 0 ? __builtin_add_overflow(t->v.time.ms, length->v.duration, &ms) : __builtin_sub_overflow(t->v.time.ms, length->v.duration, &ms))
			return missing_until(expiry);
		o.v = value_time((wall){ms});
		o.slope = slope_sum(t->slope, sign > 0 || length->slope == SLOPE_WILD ? length->slope : -length->slope);
		return o;
	}
	if (length->v.kind != VALUE_CALENDAR)
		return missing_until(expiry);
	o.v = value_time(time_add(ev->facts, ev->zone, t->v.time, &length->v, sign));
	o.slope = t->slope ? SLOPE_WILD : 0;
	return o;
}

static struct out
add(struct ev *ev, struct out *l, struct out *r, int sign, wall expiry)
{
	int64_t n;
	if (l->v.kind == VALUE_TIME && r->v.kind == VALUE_TIME) {
		if (sign > 0 || __builtin_sub_overflow(l->v.time.ms, r->v.time.ms, &n))
			return missing_until(expiry);
		return (struct out){.v = value_duration(n), .expiry = expiry,
		    .slope = slope_sum(l->slope, r->slope == SLOPE_WILD ? SLOPE_WILD : -r->slope)};
	}
	if (l->v.kind == VALUE_TIME)
		return move_time(ev, l, r, sign, expiry);
	if (r->v.kind == VALUE_TIME)
		return sign > 0 ? move_time(ev, r, l, 1, expiry) : missing_until(expiry);
	if (l->v.kind != r->v.kind || (l->v.kind != VALUE_NUMBER && l->v.kind != VALUE_DURATION))
		return missing_until(expiry);
	if (sign > 0 ? __builtin_add_overflow(l->v.number, r->v.number, &n) : __builtin_sub_overflow(l->v.number, r->v.number, &n))
		return missing_until(expiry);
	struct out o = {.v = l->v, .expiry = expiry};
	o.v.number = n;
	o.v.quantity = l->v.kind == VALUE_NUMBER && (l->v.quantity || r->v.quantity);
	o.slope = slope_sum(l->slope, sign > 0 || r->slope == SLOPE_WILD ? r->slope : -r->slope);
	return o;
}

static struct out
multiply(struct out *l, struct out *r, wall expiry)
{
	int64_t n;
	bool numbers = l->v.kind == VALUE_NUMBER || r->v.kind == VALUE_NUMBER;
	bool fit = (l->v.kind == VALUE_NUMBER || l->v.kind == VALUE_DURATION) && (r->v.kind == VALUE_NUMBER || r->v.kind == VALUE_DURATION);
	if (!numbers || !fit || !scaled(l->v.number, r->v.number, FIXED_ONE, &n))
		return missing_until(expiry);
	struct out o = {.v = l->v.kind == VALUE_DURATION || r->v.kind == VALUE_DURATION ? value_duration(n) : value_number(n), .expiry = expiry};
	o.v.quantity = o.v.kind == VALUE_NUMBER && (l->v.quantity || r->v.quantity);
	o.slope = l->slope || r->slope ? SLOPE_WILD : 0;
	return o;
}

static struct out
divide(struct out *l, struct out *r, wall expiry)
{
	int64_t n;
	struct out o = {.expiry = expiry, .slope = l->slope || r->slope ? SLOPE_WILD : 0};
	bool same = l->v.kind == r->v.kind, number = l->v.kind == VALUE_NUMBER;
	if ((!number && l->v.kind != VALUE_DURATION) || (!same && r->v.kind != VALUE_NUMBER) || !quotient(l->v.number, r->v.number, &n))
		return missing_until(expiry);
	o.v = same ? value_number(n) : value_duration(n);
	o.v.quantity = number && l->v.quantity && !r->v.quantity;
	return o;
}

static void
text_to_time(struct ev *ev, struct value *v)
{
	wall t;
	if (v->kind == VALUE_TEXT && value_to_time(ev->zone, v, &t))
		*v = value_time(t);
}

struct out
eval_arithmetic(struct ev *ev, const struct op *op)
{
	struct out l = op_value(ev, kid(op)), r = op_value(ev, after(kid(op)));
	wall expiry = wall_min(l.expiry, r.expiry);
	text_to_time(ev, &l.v);
	text_to_time(ev, &r.v);
	switch (op->sub) {
	case '+':
		return add(ev, &l, &r, 1, expiry);
	case '-':
		return add(ev, &l, &r, -1, expiry);
	case '*':
		return multiply(&l, &r, expiry);
	default:
		return divide(&l, &r, expiry);
	}
}

/* ---------------------------------------------------------------- JSON */

struct value
json_dig(const struct json *j, const struct json_path *p)
{
	for (uint32_t i = 0; j && i < p->n; i++)
		j = json_get(j, p->steps[i]);
	return value_of_json(j);
}

bool
money_of(struct ev *ev, struct str currency, wall at, fixed amount, fixed *ret)
{
	if (!currency.len || !ev->f || !ev->f->v->currency.len || str_eq(currency, ev->f->v->currency)) {
		*ret = amount;
		return true;
	}
	return ev->money && ev->money->convert && ev->money->convert(ev->money->self, currency, at, amount, ret);
}

/* An amount in the currency that stands beside it, or with the event. */
static struct value
converted(struct ev *ev, struct value v, const struct json *beside, const struct event_view *event)
{
	struct str currency = json_text(json_get(beside, STR("currency")));
	if (v.kind != VALUE_NUMBER)
		return v;
	if (!currency.len && event)
		currency = json_text(json_get(event->properties, STR("currency")));
	if (!money_of(ev, currency, event ? event->time : ev->now, v.number, &v.number))
		return VALUE_NONE;
	v.quantity = true;
	return v;
}

struct value
eval_json(struct ev *ev, const struct op *op)
{
	const struct event_view *event = ev->event;
	const struct json *j = NULL;
	switch ((enum json_source)op->sub) {
	case FROM_EVENT:
		j = event ? event->properties : NULL;
		break;
	case FROM_CONTEXT:
		j = event ? event->context : NULL;
		break;
	case FROM_ARRIVAL:
		j = event ? event->arrival : NULL;
		break;
	case FROM_TRIGGER:
		event = ev->m->trigger;
		j = event ? event->properties : NULL;
		break;
	case FROM_TRIGGER_ITEM:
		j = ev->m->trigger_item;
		break;
	case FROM_ITEM:
		if (!op->path->n)
			return ev->item ? *ev->item : VALUE_NONE;
		j = ev->item && ev->item->kind == VALUE_JSON ? ev->item->json : NULL;
		break;
	case FROM_CHANGE:
		j = ev->m->change_from;
		break;
	case TO_CHANGE:
		j = ev->m->change_to;
		break;
	case FROM_INTENT:
		j = ev->m->intent;
		break;
	}
	struct value v = json_dig(j, op->path);
	return op->is_money ? converted(ev, v, j, event) : v;
}

/* The evaluator's frame: logic, constants, what is read from the facts. Truth and expiry go together everywhere: the expiry is
 * the earliest instant at which the result could change if nothing but time goes on; early is allowed, late is not. */
#include "expr/ops_priv.h"
#include "base/map.h"
#include <string.h>

/* ---------------------------------------------------------------- truths */

/* `and` and `or`: kids of the kind `decider` decide. While several do, it cannot turn before the last of them does. */
static bool
eval_logic(struct ev *ev, const struct op *op, bool decider, wall *expiry)
{
	wall all = WALL_NEVER, deciding = WALL_BEFORE_ALL;
	bool decided = false;
	const struct op *end = after(op);
	for (const struct op *k = kid(op); k < end; k = after(k)) {
		wall e;
		if (op_truth(ev, k, &e) == decider) {
			decided = true;
			deciding = wall_max(deciding, e);
			if (deciding.ms == INT64_MAX || ev->truth_only)
				break;
		} else {
			all = wall_min(all, e);
		}
	}
	*expiry = decided ? deciding : all;
	return decided ? decider : !decider;
}

static bool
eval_missing(struct ev *ev, const struct op *op, wall *expiry)
{
	struct out o = op_value(ev, kid(op));
	*expiry = o.expiry;
	return o.v.kind == VALUE_MISSING;
}

bool
op_truth(struct ev *ev, const struct op *op, wall *expiry)
{
	*expiry = WALL_NEVER;
	switch ((enum opcode)op->code) {
	case OP_AND:
		return eval_logic(ev, op, false, expiry);
	case OP_OR:
		return eval_logic(ev, op, true, expiry);
	case OP_NOT:
		return !op_truth(ev, kid(op), expiry);
	case OP_DID:
		return eval_did(ev, op, expiry);
	case OP_COUNT_IS:
		return eval_count_is(ev, op, expiry);
	case OP_THEN:
		return eval_then(ev, op, expiry);
	case OP_QUANTIFIER:
		return eval_quantifier(ev, op, expiry);
	case OP_SEGMENT:
		return ev->facts->in_segment && ev->facts->in_segment(ev->facts->self, (uint32_t)op->n);
	case OP_JOURNEY:
		return ev->facts->in_journey && ev->facts->in_journey(ev->facts->self, op->text);
	case OP_COMPARE:
		return eval_compare(ev, op, expiry);
	case OP_BETWEEN:
		return eval_between(ev, op, expiry);
	case OP_MISSING:
		return eval_missing(ev, op, expiry);
	case OP_WITHIN:
		return eval_within(ev, op, expiry);
	case OP_CONST:
		return op->literal.kind == VALUE_TRUTH && op->literal.truth;
	default: {
		struct out o = op_value(ev, op);
		*expiry = o.expiry;
		return o.v.kind == VALUE_TRUTH && o.v.truth;
	}
	}
}

/* ---------------------------------------------------------------- values */

static struct out
eval_fact(struct ev *ev, const struct op *op)
{
	if (!ev->facts->fact)
		return out_of(VALUE_NONE);
	return out_of(ev->facts->fact(ev->facts->self, op->fact));
}

static struct out
eval_stage(struct ev *ev, const struct op *op, bool time)
{
	wall since = WALL_NEVER;
	struct str s = {0};
	if (ev->facts->stage)
		s = ev->facts->stage(ev->facts->self, (uint32_t)op->n, &since);
	if (!s.len)
		return out_of(VALUE_NONE);
	if (!time)
		return out_of(value_text(s));
	if (since.ms == INT64_MAX || since.ms == INT64_MIN)
		return out_of(VALUE_NONE);
	struct out o = out_of(value_duration(ev->now.ms - since.ms));
	o.slope = 1;
	return o;
}

static struct out
eval_values(struct ev *ev, const struct op *op)
{
	struct out o = {.v = {.kind = VALUE_LIST}, .expiry = WALL_NEVER};
	const struct op *end = after(op);
	uint32_t n = 0;
	for (const struct op *k = kid(op); k < end; k = after(k))
		n++;
	struct value *items = arena_array(ev->scratch, struct value, n + 1);
	for (const struct op *k = kid(op); k < end; k = after(k)) {
		struct out one = op_value(ev, k);
		items[o.v.list.n++] = one.v;
		o.expiry = wall_min(o.expiry, one.expiry);
		if (one.slope)
			o.slope = SLOPE_WILD;
	}
	o.v.list.items = items;
	return o;
}

static struct out
eval_otherwise(struct ev *ev, const struct op *op)
{
	struct out o = op_value(ev, kid(op));
	if (o.v.kind != VALUE_MISSING)
		return o;
	struct out other = op_value(ev, after(kid(op)));
	other.expiry = wall_min(other.expiry, o.expiry);
	return other;
}

static struct out
eval_date(struct ev *ev, const struct op *op)
{
	struct civil c;
	civil_of_days(op->day, &c);
	if (op->minute >= 0) {
		c.hour = (int8_t)(op->minute / 60);
		c.minute = (int8_t)(op->minute % 60);
	}
	return out_of(value_time(civil_to_wall(ev->zone, &c)));
}

/* The same fraction of people for a name, every time and everywhere. */
static struct out
eval_sample(struct ev *ev, const struct op *op)
{
	uint8_t key[16];
	uint64_t name = (uint64_t)op->number;
	for (int i = 0; i < 8; i++) {
		key[i] = (uint8_t)(name >> (8 * i));
		key[8 + i] = (uint8_t)(ev->facts->person >> (8 * i));
	}
	uint64_t h = hash_stable((struct str){(const char *)key, sizeof(key)});
	return out_of(value_number((fixed)(((unsigned __int128)h * FIXED_ONE) >> 64)));
}

static struct out
eval_lookup(struct ev *ev, const struct op *op)
{
	struct out key = op_value(ev, kid(op));
	char digits[32];
	struct str id;
	if (key.v.kind == VALUE_TEXT)
		id = key.v.text;
	else if (key.v.kind == VALUE_NUMBER)
		id = (struct str){digits, fixed_format(key.v.number, digits)};
	else
		return (struct out){.v = VALUE_NONE, .expiry = key.expiry};
	const struct json *thing = ev->facts->thing ? ev->facts->thing(ev->facts->self, op->kind, id) : NULL;
	return (struct out){.v = json_dig(thing, op->path), .expiry = key.expiry};
}

static bool
place_in(const struct json *properties, fixed *latitude, fixed *longitude)
{
	return json_fixed(json_get(properties, STR("latitude")), latitude) && json_fixed(json_get(properties, STR("longitude")), longitude);
}

/* "09:30" → 570; -1 when it is no time of day. */
static int
minute_of(struct str s)
{
	if (s.len != 5 || s.ptr[2] != ':')
		return -1;
	for (size_t i = 0; i < 5; i++)
		if (i != 2 && (s.ptr[i] < '0' || s.ptr[i] > '9'))
			return -1;
	int hour = (s.ptr[0] - '0') * 10 + s.ptr[1] - '0', minute = (s.ptr[3] - '0') * 10 + s.ptr[4] - '0';
	return hour < 24 && minute < 60 ? hour * 60 + minute : -1;
}

/* Open by its hours of today, when it has some. */
static struct value
is_open(struct ev *ev, const struct json *thing)
{
	int opens = minute_of(json_text(json_get(thing, STR("opens")))), closes = minute_of(json_text(json_get(thing, STR("closes"))));
	if (opens < 0 || closes < 0)
		return value_of_json(json_get(thing, STR("open")));
	struct civil c = civil_of(ev->zone, ev->now);
	int minute = c.hour * 60 + c.minute;
	return value_truth(opens <= closes ? opens <= minute && minute < closes : minute >= opens || minute < closes);
}

/* Nearest to the place that the event in hand, or else the trigger, tells. */
static struct out
eval_nearest(struct ev *ev, const struct op *op)
{
	fixed latitude, longitude, metres;
	const struct json *event = ev->event ? ev->event->properties : NULL, *trigger = ev->m->trigger ? ev->m->trigger->properties : NULL;
	if (!ev->facts->nearest || (!place_in(event, &latitude, &longitude) && !place_in(trigger, &latitude, &longitude)))
		return out_of(VALUE_NONE);
	const struct json *thing = ev->facts->nearest(ev->facts->self, op->kind, latitude, longitude, &metres);
	if (!thing)
		return out_of(VALUE_NONE);
	if (op->path->n == 1 && str_eq(op->path->steps[0], STR("distance"))) {
		struct value v = value_number(metres);
		v.quantity = true;
		return out_of(v);
	}
	if (op->path->n == 1 && str_eq(op->path->steps[0], STR("open"))) {
		struct out o = out_of(is_open(ev, thing));
		o.expiry = wall_add(ev->now, MINUTE);
		return o;
	}
	return out_of(json_dig(thing, op->path));
}

static struct out
eval_negative(struct ev *ev, const struct op *op)
{
	struct out o = op_value(ev, kid(op));
	bool bad = false;
	switch (o.v.kind) {
	case VALUE_NUMBER:
		bad = __builtin_sub_overflow(0, o.v.number, &o.v.number);
		break;
	case VALUE_DURATION:
		bad = __builtin_sub_overflow(0, o.v.duration, &o.v.duration);
		break;
	case VALUE_CALENDAR:
		o.v.calendar.n = -o.v.calendar.n;
		break;
	default:
		bad = true;
	}
	if (bad)
		o.v = VALUE_NONE;
	else if (o.slope != SLOPE_WILD)
		o.slope = (int8_t)-o.slope;
	return o;
}

static struct out
eval_money(struct ev *ev, const struct op *op)
{
	fixed n;
	wall at = ev->row ? ev->row->time : ev->event ? ev->event->time : ev->now;
	if (!money_of(ev, op->text, at, op->number, &n))
		return out_of(VALUE_NONE);
	struct value v = value_number(n);
	v.quantity = true;
	return out_of(v);
}

static struct out
eval_column(struct ev *ev, const struct op *op)
{
	if (!ev->row || !ev->row->columns)
		return out_of(VALUE_NONE);
	return out_of(value_read(&ev->row->columns[op->n], ev->scratch));
}

static struct value
part_of_event(struct ev *ev, enum clock_part part)
{
	if (!ev->event)
		return VALUE_NONE;
	if (part == PART_NAME)
		return value_text(ev->event->name);
	if (part == PART_SOURCE)
		return ev->event->source.len ? value_text(ev->event->source) : VALUE_NONE;
	return clock_part_of(ev, ev->event->time, part);
}

static struct out
eval_anniversary(struct ev *ev, const struct op *op)
{
	struct out o = op_value(ev, kid(op));
	wall day, expiry;
	if (!anniversary_of(ev, &o.v, false, &day, &expiry))
		return (struct out){.v = VALUE_NONE, .expiry = o.expiry};
	return (struct out){.v = value_time(day), .expiry = wall_min(o.expiry, expiry)};
}

static struct out
eval_now(struct ev *ev)
{
	struct out o = out_of(value_time(ev->now));
	o.slope = 1;
	return o;
}

static struct out
eval_end_of_day(struct ev *ev)
{
	wall end = tz_day_end(ev->zone, ev->now);
	return (struct out){.v = value_time(end), .expiry = end};
}

struct out
op_value(struct ev *ev, const struct op *op)
{
	switch ((enum opcode)op->code) {
	case OP_CONST:
		return out_of(op->literal);
	case OP_FACT:
		return eval_fact(ev, op);
	case OP_JSON:
		return out_of(eval_json(ev, op));
	case OP_COLUMN:
		return eval_column(ev, op);
	case OP_DIG: {
		struct out o = op_value(ev, kid(op));
		o.v = o.v.kind == VALUE_JSON ? json_dig(o.v.json, op->path) : VALUE_NONE;
		o.slope = 0;
		return o;
	}
	case OP_VALUES:
		return eval_values(ev, op);
	case OP_MONEY:
		return eval_money(ev, op);
	case OP_DATE:
		return eval_date(ev, op);
	case OP_ARITHMETIC:
		return eval_arithmetic(ev, op);
	case OP_NEGATIVE:
		return eval_negative(ev, op);
	case OP_OTHERWISE:
		return eval_otherwise(ev, op);
	case OP_END_OF_DAY:
		return eval_end_of_day(ev);
	case OP_NOW:
		return eval_now(ev);
	case OP_LOCAL:
		return eval_local(ev, (enum clock_part)op->sub);
	case OP_AGGREGATE:
		return eval_aggregate(ev, op);
	case OP_PICK:
		return eval_pick(ev, op);
	case OP_TIME_SINCE:
	case OP_TIME_OF:
		return eval_time_of(ev, op, op->code == OP_TIME_SINCE);
	case OP_USUAL_GAP:
		return eval_usual_gap(ev, op);
	case OP_TIME_IN_STAGE:
	case OP_STAGE:
		return eval_stage(ev, op, op->code == OP_TIME_IN_STAGE);
	case OP_ANNIVERSARY:
		return eval_anniversary(ev, op);
	case OP_SAMPLE:
		return eval_sample(ev, op);
	case OP_LOOKUP:
		return eval_lookup(ev, op);
	case OP_NEAREST:
		return eval_nearest(ev, op);
	case OP_EVENT_PART:
		return out_of(part_of_event(ev, (enum clock_part)op->sub));
	case OP_ROW_PART:
		return out_of(ev->row ? clock_part_of(ev, ev->row->time, (enum clock_part)op->sub) : VALUE_NONE);
	case OP_TRIGGER_TIME:
		return out_of(ev->m->trigger ? value_time(ev->m->trigger->time) : VALUE_NONE);
	case OP_EVENTS:
	case OP_ITEMS:
	case OP_PEOPLE:
	case OP_ENTRY:
	case OP_POINT:
		return out_of(VALUE_NONE);
	default: {
		wall expiry;
		bool truth = op_truth(ev, op, &expiry);
		return (struct out){.v = value_truth(truth), .expiry = expiry};
	}
	}
}

/* ---------------------------------------------------------------- for callers */

struct outcome
cond_eval(const struct cond *c, const struct facts *facts, const struct moment *m, wall now, struct arena *scratch)
{
	struct ev ev;
	ev_init(&ev, c->features, facts, m, now, scratch);
	struct out o = op_value(&ev, c->ops);
	if (o.slope)
		o.expiry = wall_min(o.expiry, wall_add(now, 1));
	ASSERT(o.expiry.ms > now.ms);
	return (struct outcome){o.v, o.expiry};
}

bool
cond_true(const struct cond *c, const struct facts *facts, const struct moment *m, wall now, struct arena *scratch, wall *ret_expiry)
{
	struct ev ev;
	wall expiry;
	ev_init(&ev, c->features, facts, m, now, scratch);
	ev.truth_only = !ret_expiry;
	bool truth = op_truth(&ev, c->ops, &expiry);
	if (ret_expiry) {
		ASSERT(expiry.ms > now.ms);
		*ret_expiry = expiry;
	}
	return truth;
}

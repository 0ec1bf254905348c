/* Windows over rows: which are inside, and when time alone changes that. `last D` at t holds (t - D, t]. */
#include "expr/ops_priv.h"

static bool
is_behind(const struct rows *r, size_t i, wall t, uint64_t seq)
{
	struct stamp s = stamp_at(r, i);
	return s.time.ms > t.ms || (s.time.ms == t.ms && s.seq > seq);
}

size_t
rows_behind(const struct rows *r, wall t, uint64_t seq)
{
	size_t low = 0, high = r->n;
	/* The answer is mostly near an end. */
	if (!high || is_behind(r, 0, t, seq))
		return 0;
	if (!is_behind(r, high - 1, t, seq))
		return high;
	while (low < high) {
		size_t mid = (low + high) / 2;
		if (is_behind(r, mid, t, seq))
			high = mid;
		else
			low = mid + 1;
	}
	return low;
}

/* ---------------------------------------------------------------- calendar */

static wall
midnight_of(const struct tz *z, int32_t year, int month, int day)
{
	while (month > 12)
		month -= 12, year++;
	while (month < 1)
		month += 12, year--;
	struct civil c = {.year = year, .month = (int8_t)month, .day = (int8_t)day};
	return civil_to_wall(z, &c);
}

static wall
midnight_of_day(const struct tz *z, int64_t day)
{
	struct civil c;
	civil_of_days(day, &c);
	return civil_to_wall(z, &c);
}

/* The period of `now`, moved by n periods: where it begins. */
static wall
period_start(const struct tz *z, wall now, enum period p, int n)
{
	struct civil c = civil_of(z, now);
	int64_t day = civil_days(c.year, c.month, c.day);
	switch (p) {
	case PERIOD_DAY:
		return midnight_of_day(z, day + n);
	case PERIOD_WEEK:
		return midnight_of_day(z, day - civil_weekday(day) + 7 * n);
	case PERIOD_MONTH:
		return midnight_of(z, c.year, c.month + n, 1);
	case PERIOD_QUARTER:
		return midnight_of(z, c.year, (c.month - 1) / 3 * 3 + 1 + 3 * n, 1);
	case PERIOD_YEAR:
		return midnight_of(z, c.year + n, 1, 1);
	case PERIOD_COUNT:
		break;
	}
	WRONG("not a period");
}

/* ---------------------------------------------------------------- bounds */

struct bounds {
	wall lo, hi;             /* inside: (lo, lo_seq) < row <= (hi, hi_seq) */
	uint64_t lo_seq, hi_seq;
};
struct point {
	bool known;
	wall time;
	uint64_t seq;
	bool by_seq;             /* an event of its own, not only an instant */
};

static struct point
point_entry(struct ev *ev)
{
	static const struct fact_path path = {.root = FACT_ENTRY_TIME};
	struct value v = ev->facts->fact ? ev->facts->fact(ev->facts->self, &path) : VALUE_NONE;
	const struct event_view *trigger = ev->m->trigger;
	if (v.kind != VALUE_TIME)
		return (struct point){0};
	/* The trigger itself is before what happened since the entry. */
	if (trigger && trigger->time.ms == v.time.ms)
		return (struct point){true, v.time, trigger->seq, true};
	return (struct point){true, v.time, 0, false};
}

struct seeking {
	struct point point;
	uint32_t left;           /* to be skipped */
	struct stamp before;
};

static bool
take_point(struct ev *ev, void *self, wall time)
{
	struct seeking *s = self;
	if (is_same_event(s->before, ev->row))
		return true;
	s->before = (struct stamp){ev->row->time, ev->row->seq};
	if (s->left) {
		s->left--;
		return true;
	}
	s->point = (struct point){true, time, ev->row->seq, true};
	return false;
}

static struct point
point_event(struct ev *ev, const struct op *op, wall *until)
{
	struct seeking s = {.before = NO_STAMP, .left = op->n == WHICH_LATEST ? 0 : (uint32_t)(op->n - 1)};
	struct sweep sweep;
	each_element(ev, kid(op), op->n == WHICH_LATEST, false, &sweep, take_point, &s);
	*until = wall_min(*until, wall_min(sweep.expiry, sweep.change));
	return s.point;
}

static struct point
point_of(struct ev *ev, const struct op *op, wall *until)
{
	wall t;
	if (op->code == OP_ENTRY)
		return point_entry(ev);
	if (op->code == OP_POINT)
		return point_event(ev, op, until);
	struct out o = op_value(ev, op);
	*until = wall_min(*until, o.slope ? wall_add(ev->now, 1) : o.expiry);
	if (!value_to_time(ev->zone, &o.v, &t))
		return (struct point){0};
	return (struct point){true, t, 0, false};
}

static void
bounds_of(struct ev *ev, const struct op *events, struct bounds *b, wall *until)
{
	const struct op *bound = kid(events);
	enum period p = (enum period)events->events.period;
	struct point point;
	*b = (struct bounds){.lo = WALL_BEFORE_ALL, .hi = ev->now, .lo_seq = 0, .hi_seq = UINT64_MAX};
	switch (events->events.window) {
	case WINDOW_FROM:
		b->hi = wall_add(ev->now, -events->events.enter);
		/* fall through */
	case WINDOW_LAST:
		b->lo = wall_add(ev->now, -events->events.leave);
		b->lo_seq = UINT64_MAX;
		return;
	case WINDOW_THIS:
	case WINDOW_PREVIOUS:
		*until = period_start(ev->zone, ev->now, p, 1);
		b->lo = wall_add(period_start(ev->zone, ev->now, p, events->events.window == WINDOW_THIS ? 0 : -1), -1);
		b->lo_seq = UINT64_MAX;
		if (events->events.window == WINDOW_PREVIOUS)
			b->hi = wall_add(period_start(ev->zone, ev->now, p, 0), -1);
		return;
	case WINDOW_SINCE:
	case WINDOW_BEFORE:
		if (events->filtered)
			bound = after(bound);
		point = point_of(ev, bound, until);
		if (!point.known)
			return;
		if (events->events.window == WINDOW_SINCE) {
			b->lo = point.time;
			b->lo_seq = point.by_seq ? point.seq : UINT64_MAX;
		} else if (point.time.ms <= ev->now.ms) {
			b->hi = point.by_seq && point.seq ? point.time : wall_add(point.time, -1);
			b->hi_seq = point.by_seq && point.seq ? point.seq - 1 : UINT64_MAX;
		}
		return;
	default:
		return;
	}
}

void
span_of(struct ev *ev, const struct op *events, struct span *s)
{
	struct bounds b;
	*s = (struct span){.until = WALL_NEVER};
	if (ev->facts->rows)
		s->rows = ev->facts->rows(ev->facts->self, events->events.stream);
	if (events->events.window == WINDOW_NONE) {
		s->lo = WALL_BEFORE_ALL;
		s->to = rows_behind(&s->rows, ev->now, UINT64_MAX);
		s->with_folded = true;
		return;
	}
	bounds_of(ev, events, &b, &s->until);
	s->lo = b.lo;
	s->from = rows_behind(&s->rows, b.lo, b.lo_seq);
	s->to = rows_behind(&s->rows, b.hi, b.hi_seq);
	if (s->to < s->from)
		s->to = s->from;
	s->leave = events->events.leave;
	s->enter = events->events.enter;
	/* Folded rows are counted while all of them are inside. */
	s->with_folded = s->rows.folded && s->rows.folded_first.ms > b.lo.ms && s->rows.folded_latest.ms <= b.hi.ms;
}

wall
span_change(const struct span *s)
{
	wall t = s->until;
	if (s->leave && s->from < s->to)
		t = wall_min(t, wall_add(stamp_at(&s->rows, s->from).time, s->leave));
	if (s->leave && s->with_folded && s->rows.folded)
		t = wall_min(t, wall_add(s->rows.folded_first, s->leave));
	if (s->enter && s->to < s->rows.n)
		t = wall_min(t, wall_add(stamp_at(&s->rows, s->to).time, s->enter));
	return t;
}

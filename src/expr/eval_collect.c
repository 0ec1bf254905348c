/* Collections in use: did, count, sequences, sums, picks, rhythms. */
#include "expr/ops_priv.h"
#include "base/map.h"

/* ---------------------------------------------------------------- elements */

/* What surrounds an element and is put back behind it. */
struct held {
	const struct row *row;
	const struct value *item;
};

static bool
passes(struct ev *ev, const struct op *filter, struct sweep *sweep)
{
	wall e;
	if (!filter)
		return true;
	bool truth = op_truth(ev, filter, &e);
	sweep->expiry = wall_min(sweep->expiry, e);
	return truth;
}

static void
each_row(struct ev *ev, const struct op *op, bool newest_first, bool negatives, struct sweep *sweep, visit_element *visit, void *self)
{
	struct span s;
	struct held held = {ev->row, ev->item};
	const struct op *filter = op->filtered ? kid(op) : NULL;
	span_of(ev, op, &s);
	sweep->change = span_change(&s);
	sweep->until = s.until;
	sweep->leave = s.enter ? 0 : s.leave;
	ev->item = NULL;
	for (size_t i = 0; i < s.to - s.from; i++) {
		struct row stamp;
		const struct row *row = row_at(&s.rows, newest_first ? s.to - 1 - i : s.from + i, &stamp);
		if (row->negative && !negatives)
			continue;
		ev->row = row;
		if (passes(ev, filter, sweep) && !visit(ev, self, row->time))
			break;
	}
	ev->row = held.row;
	ev->item = held.item;
}

static void
each_item(struct ev *ev, const struct op *op, bool newest_first, struct sweep *sweep, visit_element *visit, void *self)
{
	const struct value *held = ev->item;
	const struct op *filter = op->filtered ? after(kid(op)) : NULL;
	struct out list = op_value(ev, kid(op));
	struct value item;
	sweep->expiry = wall_min(sweep->expiry, list.expiry);
	bool json = list.v.kind == VALUE_JSON && list.v.json->kind == JSON_ARRAY;
	uint32_t n = json ? list.v.json->count : list.v.kind == VALUE_LIST ? list.v.list.n : 0;
	const struct json **nodes = NULL;
	if (json && newest_first && n) {
		uint32_t i = 0;
		nodes = (const struct json **)arena_array(ev->scratch, struct json *, n);
		json_each(one, list.v.json)
			nodes[i++] = one;
	}
	const struct json *at = json && n ? json_first(list.v.json) : NULL;
	for (uint32_t i = 0; i < n; i++) {
		if (json) {
			item = value_of_json(nodes ? nodes[n - 1 - i] : at);
			at = nodes ? NULL : json_after(list.v.json, at);
		} else {
			item = list.v.list.items[newest_first ? n - 1 - i : i];
		}
		ev->item = &item; /* cppcheck-suppress autoVariables ; put back below */
		if (passes(ev, filter, sweep) && !visit(ev, self, ev->now))
			break;
	}
	ev->item = held;
}

struct visiting {
	struct ev *ev;
	const struct op *filter;
	struct sweep *sweep;
	visit_element *visit;
	void *self;
};

static bool
visit_member(void *visitor, const struct facts *member)
{
	struct visiting *v = visitor;
	struct ev inner = *v->ev;
	inner.facts = member;
	inner.zone = member->zone ? member->zone : v->ev->zone;
	inner.offset_from = inner.offset_until = (wall){0};
	inner.row = NULL;
	inner.item = NULL;
	return !passes(&inner, v->filter, v->sweep) || v->visit(&inner, v->self, v->ev->now);
}

void
each_element(struct ev *ev, const struct op *op, bool newest_first, bool negatives, struct sweep *sweep, visit_element *visit, void *self)
{
	*sweep = (struct sweep){.expiry = WALL_NEVER, .change = WALL_NEVER, .until = WALL_NEVER};
	if (op->code == OP_EVENTS) {
		each_row(ev, op, newest_first, negatives, sweep, visit, self);
	} else if (op->code == OP_ITEMS) {
		each_item(ev, op, newest_first, sweep, visit, self);
	} else if (ev->facts->people) {
		struct visiting v = {ev, op->filtered ? kid(op) : NULL, sweep, visit, self};
		ev->facts->people(ev->facts->self, visit_member, &v);
	}
}

/* ---------------------------------------------------------------- counting */

/* Up to `need` matches, newest first. */
struct tally {
	uint64_t n, need;
	wall at;                 /* of the last one counted: the oldest among them */
	wall expiry;             /* of filters */
	struct span span;
};

static void
count_row(struct tally *t, wall time)
{
	t->n++;
	t->at = time;
}

static void
tally_rows(struct ev *ev, const struct op *op, struct tally *t)
{
	struct span *s = &t->span;
	const struct row *held = ev->row;
	const struct value *item = ev->item;
	const struct op *filter = op->filtered ? kid(op) : NULL;
	size_t inside = s->to - s->from;
	if (!op->scan || (!filter && s->rows.no_negative)) {
		t->n = inside < t->need ? inside : t->need;
		if (t->n)
			t->at = stamp_at(&s->rows, s->to - t->n).time;
		return;
	}
	ev->item = NULL;
	for (size_t i = 0; i < inside && t->n < t->need; i++) {
		struct row stamp;
		const struct row *row = row_at(&s->rows, s->to - 1 - i, &stamp);
		wall e;
		if (row->negative)
			continue;
		ev->row = row;
		bool match = !filter || op_truth(ev, filter, &e);
		if (filter)
			t->expiry = wall_min(t->expiry, e);
		if (match)
			count_row(t, row->time);
	}
	ev->row = held;
	ev->item = item;
}

static void
tally(struct ev *ev, const struct op *op, uint64_t need, struct tally *t)
{
	*t = (struct tally){.need = need, .expiry = WALL_NEVER};
	span_of(ev, op, &t->span);
	tally_rows(ev, op, t);
	if (t->n < need && t->span.with_folded && t->span.rows.folded && !op->filtered) {
		uint64_t more = t->span.rows.folded;
		t->n = t->n + more < need ? t->n + more : need;
		t->at = t->span.rows.folded_first;
	}
}

/* The instant at which one less is inside than the `n` that were counted. */
static wall
tally_drops(const struct tally *t)
{
	wall e = wall_min(t->expiry, t->span.until);
	if (t->span.enter)
		return wall_min(e, span_change(&t->span));
	return t->span.leave && t->n ? wall_min(e, wall_add(t->at, t->span.leave)) : e;
}

bool
eval_did(struct ev *ev, const struct op *op, wall *expiry)
{
	const struct op *c = kid(op);
	struct tally t;
	if (c->code != OP_EVENTS)
		return false;
	tally(ev, c, 1, &t);
	*expiry = tally_drops(&t);
	return t.n > 0;
}

/* count cmp number, as: at least `need`? For = and != one more is looked for. */
bool
eval_count_is(struct ev *ev, const struct op *op, wall *expiry)
{
	enum comparison cmp = (enum comparison)op->sub;
	int64_t whole = op->number / FIXED_ONE;
	bool exact = op->number % FIXED_ONE == 0, equality = cmp == CMP_EQ || cmp == CMP_NE;
	struct tally t;
	if (op->number < 0 || (equality && !exact))
		return cmp == CMP_NE || (op->number < 0 && (cmp == CMP_GT || cmp == CMP_GE));
	uint64_t k = (uint64_t)whole;
	/* >= 2.5 is >= 3; > 2 is >= 3; < 2.5 is not >= 3; <= 2 is not >= 3. */
	uint64_t need = k + ((cmp == CMP_GE || cmp == CMP_LT) && exact ? 0 : 1);
	tally(ev, kid(op), need, &t);
	*expiry = t.n || t.span.enter ? tally_drops(&t) : wall_min(t.expiry, t.span.until);
	if (equality) {
		/* n is k + 1 when there are more: then it turns when the (k+1)th newest goes, else when the k-th does: t.at in both. */
		return (t.n == k) == (cmp == CMP_EQ);
	}
	if (t.n < need && !t.span.enter)
		*expiry = wall_min(t.expiry, t.span.until);
	return (t.n >= need) == (cmp == CMP_GE || cmp == CMP_GT);
}

/* ---------------------------------------------------------------- any, all */

struct quantity {
	const struct op *condition;
	bool all, any_at_all;
	bool decided;            /* one was found that decides */
	wall expiry, deciding;
	wall time;
};

static bool
visit_any(struct ev *ev, void *self, wall time)
{
	struct quantity *q = self;
	(void)ev;
	q->decided = true;
	q->time = time;
	return false;
}

static bool
visit_all(struct ev *ev, void *self, wall time)
{
	struct quantity *q = self;
	wall e = WALL_NEVER;
	(void)time;
	q->any_at_all = true;
	bool fits = !q->condition || op_truth(ev, q->condition, &e);
	q->expiry = wall_min(q->expiry, e);
	if (!fits)
		q->decided = true;
	return fits;
}

bool
eval_quantifier(struct ev *ev, const struct op *op, wall *expiry)
{
	const struct op *c = kid(op);
	struct quantity q = {.condition = op->filtered ? after(c) : NULL, .expiry = WALL_NEVER};
	struct sweep sweep;
	if (op->sub == QUANTIFIER_ANY) {
		each_element(ev, c, true, false, &sweep, visit_any, &q);
		*expiry = wall_min(sweep.expiry, sweep.change);
		return q.decided;
	}
	each_element(ev, c, false, false, &sweep, visit_all, &q);
	*expiry = wall_min(q.expiry, wall_min(sweep.expiry, sweep.change));
	return q.any_at_all && !q.decided;
}

/* ---------------------------------------------------------------- did A then B */

struct matched {
	struct rows rows;
	struct sweep sweep;
	struct stamp *stamps;    /* or */
	const struct row **items;
};

static bool
visit_keep(struct ev *ev, void *self, wall time)
{
	struct matched *m = self;
	if (m->stamps)
		m->stamps[m->rows.n++] = (struct stamp){time, ev->row->seq};
	else
		m->items[m->rows.n++] = ev->row;
	return true;
}

/* Read in place when all that are inside match. */
static void
matches_of(struct ev *ev, const struct op *events, struct matched *m)
{
	struct span s;
	span_of(ev, events, &s);
	*m = (struct matched){.sweep = {.expiry = WALL_NEVER}};
	if (!events->scan || (!events->filtered && s.rows.no_negative)) {
		m->sweep.change = span_change(&s);
		m->sweep.until = s.until;
		m->sweep.leave = s.enter ? 0 : s.leave;
		m->rows.n = s.to - s.from;
		if (s.rows.stamps)
			m->rows.stamps = s.rows.stamps + s.from;
		else if (m->rows.n)
			m->rows.items = s.rows.items + s.from;
		return;
	}
	if (s.rows.stamps)
		m->rows.stamps = m->stamps = arena_array(ev->scratch, struct stamp, s.to - s.from + 1);
	else
		m->rows.items = m->items = (const struct row **)arena_array(ev->scratch, struct row *, s.to - s.from + 1);
	each_element(ev, events, false, false, &m->sweep, visit_keep, m);
}

/* Does a B come behind this A, by the limit, with the same value? */
static bool
is_followed(const struct op *op, const struct matched *as, size_t at, const struct matched *bs, const msec *within)
{
	struct stamp a = stamp_at(&as->rows, at);
	for (size_t i = rows_behind(&bs->rows, a.time, a.seq); i < bs->rows.n; i++) {
		if (within && stamp_at(&bs->rows, i).time.ms > wall_add(a.time, *within).ms)
			return false;
		if (op->n < 0 || value_equal(&as->rows.items[at]->columns[op->n], &bs->rows.items[i]->columns[op->m]))
			return true;
	}
	return false;
}

bool
eval_then(struct ev *ev, const struct op *op, wall *expiry)
{
	const struct op *first = kid(op), *second = after(first);
	struct matched as, bs;
	msec within = 0;
	bool limited = false;
	matches_of(ev, first, &as);
	matches_of(ev, second, &bs);
	if (op->sub) {
		struct value v = op_value(ev, after(second)).v;
		limited = v.kind == VALUE_DURATION;
		within = limited ? v.duration : 0;
	}
	/* Whatever leaves or enters either window may change it; but what holds because of one A holds as long as that one is inside. */
	wall both = wall_min(wall_min(as.sweep.expiry, bs.sweep.expiry), bs.sweep.change), pending = WALL_NEVER;
	for (size_t i = as.rows.n; i-- > 0;) {
		wall time = stamp_at(&as.rows, i).time;
		bool b = is_followed(op, &as, i, &bs, limited ? &within : NULL);
		wall end = limited ? wall_add(time, within) : ev->now;
		if (op->negated ? !b && end.ms <= ev->now.ms : b) {
			wall gone = as.sweep.leave ? wall_min(as.sweep.until, wall_add(time, as.sweep.leave)) : as.sweep.change;
			*expiry = wall_min(both, gone);
			return true;
		}
		if (op->negated && !b)
			pending = wall_min(pending, end);
	}
	*expiry = wall_min(wall_min(both, pending), as.sweep.change);
	return false;
}

/* ---------------------------------------------------------------- aggregates */

struct sums {
	const struct op *field;
	enum aggregate how;
	uint64_t n;
	__int128 sum;
	enum value_kind kind;
	struct value best;
	wall expiry;
	bool running;
	struct value *list;      /* of `list` and `count distinct`; in the scratch arena */
	uint32_t n_list, cap_list;
};

static void
take_sum(struct sums *s, const struct value *v)
{
	if (v->kind != VALUE_NUMBER && v->kind != VALUE_DURATION)
		return;
	if (!s->n)
		s->kind = v->kind;
	if (v->kind != s->kind)
		return;
	s->sum += v->kind == VALUE_NUMBER ? v->number : v->duration;
	s->best.quantity |= v->quantity && v->kind == VALUE_NUMBER;
	s->n++;
}

static void
take_best(struct sums *s, const struct value *v)
{
	int c;
	if (s->n++ == 0) {
		s->best = *v;
		return;
	}
	if (value_compare(v, &s->best, &c) && (s->how == AGG_LOWEST ? c < 0 : c > 0))
		s->best = *v;
}

static void
take_listed(struct ev *ev, struct sums *s, const struct value *v)
{
	if (s->n_list == s->cap_list) {
		uint32_t cap = s->cap_list * 2 + 16;
		s->list = arena_grow(ev->scratch, s->list, sizeof(*s->list) * s->cap_list, sizeof(*s->list) * cap);
		s->cap_list = cap;
	}
	s->list[s->n_list++] = *v;
}

static bool
visit_sum(struct ev *ev, void *self, wall time)
{
	struct sums *s = self;
	(void)time;
	if (!s->field) {
		s->n++;
		return true;
	}
	/* Days are told apart by their numbers; only a list needs their names. */
	if (s->how == AGG_DISTINCT && s->field->code == OP_ROW_PART && s->field->sub == PART_DATE) {
		struct value day = value_number(local_day_of(ev, ev->row->time));
		take_listed(ev, s, &day);
		return true;
	}
	struct out o = op_value(ev, s->field);
	s->expiry = wall_min(s->expiry, o.expiry);
	s->running |= o.slope != 0;
	if (o.v.kind == VALUE_MISSING)
		return true;
	switch (s->how) {
	case AGG_SUM:
	case AGG_AVERAGE:
		take_sum(s, &o.v);
		break;
	case AGG_LOWEST:
	case AGG_HIGHEST:
		take_best(s, &o.v);
		break;
	case AGG_DISTINCT:
	case AGG_LIST:
		take_listed(ev, s, &o.v);
		break;
	case AGG_COUNT:
		s->n++;
		break;
	}
	return true;
}

static uint64_t
value_hash(const struct value *v)
{
	switch (v->kind) {
	case VALUE_TEXT:
		return hash_bytes(v->text);
	case VALUE_NUMBER:
		return hash_u64((uint64_t)v->number);
	case VALUE_TIME:
	case VALUE_DURATION:
		return hash_u64((uint64_t)v->duration + 1);
	default:
		return 7;
	}
}

static uint64_t
distinct(struct ev *ev, const struct value *items, size_t n)
{
	size_t cap = 16;
	uint64_t found = 0;
	while (cap < n * 2)
		cap *= 2;
	const struct value **slots = (const struct value **)arena_array(ev->scratch, struct value *, cap);
	for (size_t i = 0; i < n; i++) {
		size_t at = value_hash(&items[i]) & (cap - 1);
		while (slots[at] && !value_equal(slots[at], &items[i]))
			at = (at + 1) & (cap - 1);
		found += !slots[at];
		slots[at] = &items[i];
	}
	return found;
}

/* Is it the aggregate `count distinct` of a column or a day of events? */
bool
is_distinct_of_rows(const struct op *op)
{
	if (op->code != OP_AGGREGATE || op->sub != AGG_DISTINCT || kid(op)->code != OP_EVENTS || after(kid(op)) >= after(op))
		return false;
	const struct op *field = after(kid(op));
	return field->code == OP_COLUMN || (field->code == OP_ROW_PART && field->sub == PART_DATE);
}

/* Values told apart, newest first, until there are enough. */
struct variety {
	struct value found[DISTINCT_MOST];
	uint64_t hashes[DISTINCT_MOST];
	uint64_t n;
};

static void
add_variety(struct variety *x, const struct value *v)
{
	uint64_t hash = value_hash(v);
	for (uint64_t i = 0; i < x->n; i++)
		if (x->hashes[i] == hash && value_equal(&x->found[i], v))
			return;
	x->hashes[x->n] = hash;
	x->found[x->n++] = *v;
}

/* Rows of one event mostly stand side by side with the same few texts, and those are kept once. */
static bool
is_as_before(const struct value *before, const struct value *v)
{
	return v->kind == VALUE_TEXT && before->kind == VALUE_TEXT && v->text.ptr == before->text.ptr && v->text.len == before->text.len;
}

/* `count distinct … >= need`, by whatever name: what leaves the window can only lower it, so that while there are too few no instant
 * needs to be waited for; while there are enough, it is the one at which the oldest of those looked at leaves. */
bool
eval_distinct_is(struct ev *ev, const struct op *op, uint64_t need, wall *expiry)
{
	const struct op *c = kid(op), *field = after(c), *filter = c->filtered ? kid(c) : NULL;
	struct held held = {ev->row, ev->item};
	struct variety x;
	struct value before = VALUE_NONE;
	struct span s;
	wall filters = WALL_NEVER, at = WALL_NEVER, e;
	x.n = 0;
	span_of(ev, c, &s);
	ev->item = NULL;
	for (size_t i = s.to; i > s.from && x.n < need; i--) {
		struct row stamp;
		const struct row *row = row_at(&s.rows, i - 1, &stamp);
		if (row->negative)
			continue;
		ev->row = row;
		bool match = !filter || op_truth(ev, filter, &e);
		if (filter)
			filters = wall_min(filters, e);
		if (!match)
			continue;
		struct value v = field->code == OP_COLUMN ? op_value(ev, field).v : value_number(local_day_of(ev, row->time));
		if (v.kind == VALUE_MISSING || is_as_before(&before, &v))
			continue;
		before = v;
		add_variety(&x, &v);
		at = row->time;
	}
	ev->row = held.row;
	ev->item = held.item;
	if (s.enter || !s.leave)
		*expiry = wall_min(filters, span_change(&s));
	else
		*expiry = wall_min(filters, x.n >= need ? wall_min(s.until, wall_add(at, s.leave)) : s.until);
	return x.n >= need;
}

static fixed
clamped(__int128 n)
{
	return n > INT64_MAX ? INT64_MAX : n < INT64_MIN ? INT64_MIN : (fixed)n;
}

static struct value
whole(uint64_t n)
{
	return value_number(clamped((__int128)n * FIXED_ONE));
}

/* Half away from zero. */
static __int128
divided(__int128 n, __int128 by)
{
	__int128 half = by / 2;
	return n >= 0 ? (n + half) / by : -((-n + half) / by);
}

static struct value
result_of(struct ev *ev, struct sums *s)
{
	struct value v = VALUE_NONE;
	switch (s->how) {
	case AGG_COUNT:
		return whole(s->n);
	case AGG_DISTINCT:
		return whole(distinct(ev, s->list, s->n_list));
	case AGG_AVERAGE:
	case AGG_SUM:
		if (s->how == AGG_AVERAGE && !s->n)
			return v;
		v = s->n && s->kind == VALUE_DURATION ? value_duration(0) : value_number(0);
		v.number = clamped(s->how == AGG_AVERAGE ? divided(s->sum, (__int128)s->n) : s->sum);
		v.quantity = s->best.quantity && v.kind == VALUE_NUMBER;
		return v;
	case AGG_LOWEST:
	case AGG_HIGHEST:
		return s->n ? s->best : v;
	case AGG_LIST:
		v.kind = VALUE_LIST;
		v.list.items = s->list;
		v.list.n = s->n_list;
		return v;
	}
	return v;
}

static uint64_t
folded_inside(struct ev *ev, const struct op *c)
{
	struct span s;
	if (c->code != OP_EVENTS || c->filtered)
		return 0;
	span_of(ev, c, &s);
	return s.with_folded ? s.rows.folded : 0;
}

static struct out
eval_count(struct ev *ev, const struct op *c)
{
	struct tally t;
	tally(ev, c, UINT64_MAX, &t);
	return (struct out){.v = whole(t.n), .expiry = wall_min(t.expiry, span_change(&t.span))};
}

struct out
eval_aggregate(struct ev *ev, const struct op *op)
{
	const struct op *c = kid(op), *end = after(op);
	struct sums s = {.field = after(c) < end ? after(c) : NULL, .how = (enum aggregate)op->sub, .expiry = WALL_NEVER};
	struct sweep sweep;
	if (s.how == AGG_COUNT && c->code == OP_EVENTS)
		return eval_count(ev, c);
	each_element(ev, c, false, s.how == AGG_SUM, &sweep, visit_sum, &s);
	if (s.how == AGG_COUNT)
		s.n += folded_inside(ev, c);
	struct out o = {.v = result_of(ev, &s), .expiry = wall_min(s.expiry, wall_min(sweep.expiry, sweep.change))};
	if (s.running)
		o.slope = SLOPE_WILD;
	return o;
}

/* ---------------------------------------------------------------- one of them */

bool
is_same_event(struct stamp a, const struct row *b)
{
	return a.time.ms == b->time.ms && a.seq == b->seq;
}

struct picking {
	const struct op *field;  /* NULL: only its time */
	struct stamp before;
	uint32_t left;           /* to be skipped */
	bool found;
	struct out value;
	wall time;
};

static bool
visit_pick(struct ev *ev, void *self, wall time)
{
	struct picking *p = self;
	/* Times are of events, however many items of one fit. */
	if (!p->field) {
		if (is_same_event(p->before, ev->row))
			return true;
		p->before = (struct stamp){ev->row->time, ev->row->seq};
	}
	if (p->left) {
		p->left--;
		return true;
	}
	p->found = true;
	p->time = time;
	if (p->field)
		p->value = op_value(ev, p->field);
	return false;
}

/* Which element it is holds until `expiry`. */
static void
pick(struct ev *ev, const struct op *collection, int32_t which, struct picking *p, wall *expiry)
{
	struct sweep sweep;
	bool latest = which == WHICH_LATEST;
	p->left = latest ? 0 : (uint32_t)(which - 1);
	each_element(ev, collection, latest, false, &sweep, visit_pick, p);
	*expiry = wall_min(sweep.expiry, sweep.change);
	/* Older ones may leave the window before the latest does. */
	if (latest && p->found && sweep.leave)
		*expiry = wall_min(sweep.expiry, wall_min(sweep.until, wall_add(p->time, sweep.leave)));
}

struct out
eval_pick(struct ev *ev, const struct op *op)
{
	const struct op *c = kid(op);
	struct picking p = {.field = after(c), .before = NO_STAMP};
	wall expiry;
	pick(ev, c, op->n, &p, &expiry);
	if (!p.found)
		return (struct out){.v = VALUE_NONE, .expiry = expiry};
	p.value.expiry = wall_min(p.value.expiry, expiry);
	return p.value;
}

struct out
eval_time_of(struct ev *ev, const struct op *op, bool since)
{
	struct picking p = {.before = NO_STAMP};
	wall expiry;
	pick(ev, kid(op), op->n, &p, &expiry);
	if (!p.found)
		return (struct out){.v = VALUE_NONE, .expiry = expiry};
	if (since)
		return (struct out){.v = value_duration(ev->now.ms - p.time.ms), .expiry = expiry, .slope = 1};
	return (struct out){.v = value_time(p.time), .expiry = expiry};
}

/* ---------------------------------------------------------------- rhythm */

enum { RHYTHM_ROWS = 17, RHYTHM_GAPS_LEAST = 3 };

struct rhythm {
	wall times[RHYTHM_ROWS]; /* newest first */
	uint32_t n;
	struct stamp before;
};

static bool
visit_rhythm(struct ev *ev, void *self, wall time)
{
	struct rhythm *r = self;
	if (is_same_event(r->before, ev->row))
		return true;
	r->before = (struct stamp){ev->row->time, ev->row->seq};
	r->times[r->n++] = time;
	return r->n < RHYTHM_ROWS;
}

/* The median of the last sixteen gaps; missing below three. */
struct out
eval_usual_gap(struct ev *ev, const struct op *op)
{
	struct rhythm r = {.n = 0, .before = NO_STAMP};
	struct sweep sweep;
	msec gaps[RHYTHM_ROWS] = {0};
	each_element(ev, kid(op), true, false, &sweep, visit_rhythm, &r);
	wall expiry = wall_min(sweep.expiry, sweep.change);
	if (r.n < RHYTHM_GAPS_LEAST + 1)
		return (struct out){.v = VALUE_NONE, .expiry = expiry};
	uint32_t n = r.n - 1;
	for (uint32_t i = 0; i < n; i++) {
		msec gap = r.times[i].ms - r.times[i + 1].ms;
		uint32_t at = i;
		while (at > 0 && gaps[at - 1] > gap) {
			gaps[at] = gaps[at - 1];
			at--;
		}
		gaps[at] = gap;
	}
	msec median = n % 2 ? gaps[n / 2] : gaps[n / 2 - 1] + (gaps[n / 2] - gaps[n / 2 - 1]) / 2;
	return (struct out){.v = value_duration(median), .expiry = expiry};
}

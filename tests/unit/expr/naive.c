#include "tests/unit/expr/naive.h"
#include "base/str.h"
#include "base/vec.h"
#include "event/entry.h"
#include <stdlib.h>
#include <string.h>

struct env {
	const struct naive_world *w;
	wall now;
	struct arena *a;
	const struct event_view *event;    /* in hand, in a where or a field */
	const struct json *item;
	fixed off;                         /* what refunds take off the event in hand */
	int depth;                         /* of segments and names */
};

static struct value eval(const struct env *v, const struct expr *x);

static bool
truth(const struct env *v, const struct expr *x)
{
	struct value r = eval(v, x);
	return r.kind == VALUE_TRUTH && r.truth;
}

/* ---------------------------------------------------------------- making values */

static struct value
number(fixed n)
{
	return (struct value){.kind = VALUE_NUMBER, .number = n};
}

static struct value
text(struct str s)
{
	return (struct value){.kind = VALUE_TEXT, .text = s};
}

static struct value
yes_no(bool b)
{
	return (struct value){.kind = VALUE_TRUTH, .truth = b};
}

static struct value
instant(wall t)
{
	return (struct value){.kind = VALUE_TIME, .time = t};
}

static struct value
length(msec d)
{
	return (struct value){.kind = VALUE_DURATION, .duration = d};
}

static struct value
of_json(const struct json *j)
{
	fixed n;
	if (!j)
		return VALUE_NONE;
	switch ((enum json_kind)j->kind) {
	case JSON_NULL:
		return VALUE_NONE;
	case JSON_FALSE:
	case JSON_TRUE:
		return yes_no(j->kind == JSON_TRUE);
	case JSON_INT:
	case JSON_DOUBLE:
		return json_fixed(j, &n) ? number(n) : VALUE_NONE;
	case JSON_TEXT:
		return text(j->text);
	default:
		return (struct value){.kind = VALUE_JSON, .json = j};
	}
}

static struct value
dig(const struct json *j, const struct expr *x, uint32_t from)
{
	for (uint32_t i = from; j && i < x->n_steps; i++)
		j = json_get(j, x->steps[i].name);
	return of_json(j);
}

/* ---------------------------------------------------------------- times */

static wall
local_midnight(const struct env *v, int64_t day)
{
	struct civil c;
	civil_of_days(day, &c);
	return civil_to_wall(v->w->zone, &c);
}

static int64_t
local_day(const struct env *v, wall t)
{
	struct civil c = civil_of(v->w->zone, t);
	return civil_days(c.year, c.month, c.day);
}

/* A text without a zone is local time. */
static bool
as_time(const struct env *v, const struct value *x, wall *ret)
{
	if (x->kind == VALUE_TIME) {
		*ret = x->time;
		return true;
	}
	if (x->kind != VALUE_TEXT || !wall_parse(x->text, ret))
		return false;
	bool zoned = str_ends(x->text, STR("Z")) || (x->text.len > 16 && (str_find_char(x->text, '+', 16) != SIZE_MAX || str_find_char(x->text, '-', 16) != SIZE_MAX));
	if (!zoned) {
		struct civil c = civil_of_utc(*ret);
		*ret = civil_to_wall(v->w->zone, &c);
	}
	return true;
}

static wall
add_length(const struct env *v, wall t, const struct value *d, int sign)
{
	if (d->kind == VALUE_DURATION)
		return wall_add(t, sign * d->duration);
	if (d->calendar.unit == 'm' || d->calendar.unit == 'y')
		return tz_add_months(v->w->zone, t, (int64_t)sign * d->calendar.n * (d->calendar.unit == 'y' ? 12 : 1));
	for (int n = d->calendar.n; n > 0;) {
		t = tz_add_days(v->w->zone, t, sign);
		if (civil_weekday(local_day(v, t)) < 5)
			n--;
	}
	return t;
}

static bool
month_day(const struct value *x, int *month, int *day)
{
	struct str s = x->kind == VALUE_TEXT ? x->text : (struct str){0};
	if (s.len == 7 && str_starts(s, STR("--")))
		s = str_slice(s, 2, 7);
	else if (s.len >= 10 && s.ptr[4] == '-')
		s = str_slice(s, 5, 10);
	if (s.len != 5 || s.ptr[2] != '-')
		return false;
	int64_t m, d;
	if (!str_to_int(str_slice(s, 0, 2), &m) || !str_to_int(str_slice(s, 3, 5), &d))
		return false;
	*month = (int)m;
	*day = (int)d;
	return *month >= 1 && *month <= 12 && *day >= 1 && *day <= 31;
}

static int64_t
day_in_year(const struct env *v, int year, int month, int day)
{
	if (day > civil_month_days(year, month))
		return v->w->vocabulary->leap_birthdays_1_mar ? civil_days(year, 3, 1) : civil_days(year, month, civil_month_days(year, month));
	return civil_days(year, month, day);
}

static struct value
anniversary(const struct env *v, const struct value *x, bool back)
{
	int month, day;
	if (x->kind == VALUE_TIME) {
		struct civil c = civil_of(v->w->zone, x->time);
		month = c.month;
		day = c.day;
	} else if (!month_day(x, &month, &day)) {
		return VALUE_NONE;
	}
	int64_t today = local_day(v, v->now);
	int year = civil_of(v->w->zone, v->now).year;
	int64_t on = day_in_year(v, year, month, day);
	if (back && on > today)
		on = day_in_year(v, year - 1, month, day);
	if (!back && on < today)
		on = day_in_year(v, year + 1, month, day);
	return instant(local_midnight(v, on));
}

/* ---------------------------------------------------------------- the past */

struct hit {
	const struct event_view *ev;
	fixed off;
};
typedef VEC(struct hit) hits;

static const struct amendment *
amendment_by(const struct env *v, struct str name)
{
	for (size_t i = 0; i < v->w->vocabulary->n_amendments; i++)
		if (str_eq(v->w->vocabulary->amendments[i].by, name))
			return &v->w->vocabulary->amendments[i];
	return NULL;
}

static bool same_value(const struct env *v, const struct value *a, const struct value *b);

/* What the later events of a person do to `ev`: false = it is void. */
static bool
amended(const struct env *v, const struct naive_world *w, const struct event_view *ev, fixed *off)
{
	*off = 0;
	for (size_t i = 0; i < w->n_events; i++) {
		const struct event_view *by = &w->events[i];
		const struct amendment *m = by->kind == ENTRY_TRACK ? amendment_by(v, by->name) : NULL;
		if (!m || by->time.ms > v->now.ms || by->time.ms < ev->time.ms || !str_eq(ev->name, m->event) || ev->kind != ENTRY_TRACK)
			continue;
		struct value a = of_json(json_get(by->properties, m->same)), b = of_json(json_get(ev->properties, m->same));
		fixed n;
		if (!same_value(v, &a, &b))
			continue;
		if (m->is_void)
			return false;
		if (json_fixed(json_get(by->properties, m->subtract), &n))
			*off += n;
	}
	return true;
}

static int
order(wall t, uint64_t seq, wall u, uint64_t useq)
{
	return t.ms != u.ms ? (t.ms < u.ms ? -1 : 1) : seq != useq ? (seq < useq ? -1 : 1) : 0;
}

static int
by_time(const void *a, const void *b)
{
	const struct hit *x = a, *y = b;
	return order(x->ev->time, x->ev->seq, y->ev->time, y->ev->seq);
}

static void find(const struct env *v, const struct expr *x, hits *ret);

static const struct hit *
choose(const hits *h, int32_t which)
{
	if (!h->len)
		return NULL;
	if (which == WHICH_LATEST)
		return &h->items[h->len - 1];
	return h->len >= (size_t)which ? &h->items[which - 1] : NULL;
}

static int64_t
period_start(enum period p, int64_t day)
{
	struct civil c;
	civil_of_days(day, &c);
	switch (p) {
	case PERIOD_DAY:
		return day;
	case PERIOD_WEEK:
		return day - civil_weekday(day);
	case PERIOD_MONTH:
		return civil_days(c.year, c.month, 1);
	case PERIOD_QUARTER:
		return civil_days(c.year, (c.month - 1) / 3 * 3 + 1, 1);
	default:
		return civil_days(c.year, 1, 1);
	}
}

/* Is an event inside a window that ends at another event or a time? */
static bool
in_bound(const struct env *v, const struct expr *w, const struct event_view *ev)
{
	const struct expr *b = w->kids[0];
	bool since = w->op == WINDOW_SINCE;
	wall t;
	if (b->kind == NODE_ENTRY) {
		const struct event_view *trigger = v->w->moment ? v->w->moment->trigger : NULL;
		if (trigger && trigger->time.ms == v->w->entry.ms)
			return since ? order(ev->time, ev->seq, trigger->time, trigger->seq) > 0 : order(ev->time, ev->seq, trigger->time, trigger->seq) < 0;
		return !v->w->entry.ms || (since ? ev->time.ms > v->w->entry.ms : ev->time.ms < v->w->entry.ms);
	}
	if (b->kind == NODE_POINT) {
		hits h = {0};
		find(v, b->kids[0], &h);
		const struct hit *at = choose(&h, b->n);
		int o = at ? order(ev->time, ev->seq, at->ev->time, at->ev->seq) : since ? 1 : -1;
		vec_release(&h);
		return since ? o > 0 : o < 0;
	}
	struct value x = eval(v, b);
	return !as_time(v, &x, &t) || (since ? ev->time.ms > t.ms : ev->time.ms < t.ms);
}

static bool
in_window(const struct env *v, const struct expr *w, const struct event_view *ev)
{
	struct value d;
	int64_t start, today = local_day(v, v->now);
	if (ev->time.ms > v->now.ms)
		return false;
	if (!w)
		return true;
	switch ((enum window)w->op) {
	case WINDOW_LAST:
		d = eval(v, w->kids[0]);
		return d.kind == VALUE_DURATION && ev->time.ms > v->now.ms - d.duration;
	case WINDOW_SINCE:
	case WINDOW_BEFORE:
		return in_bound(v, w, ev);
	case WINDOW_FROM:
		return ev->time.ms > v->now.ms - eval(v, w->kids[0]).duration && ev->time.ms <= v->now.ms - eval(v, w->kids[1]).duration;
	case WINDOW_THIS:
		return ev->time.ms >= local_midnight(v, period_start((enum period)w->n, today)).ms;
	case WINDOW_PREVIOUS:
		start = period_start((enum period)w->n, today);
		return ev->time.ms < local_midnight(v, start).ms && ev->time.ms >= local_midnight(v, period_start((enum period)w->n, start - 1)).ms;
	}
	return false;
}

static bool
is_one_of(const struct expr *x, const struct event_view *ev)
{
	for (uint32_t i = 0; i < x->n_kids; i++)
		if (x->kids[i]->op == ev->kind && (!x->kids[i]->quoted || str_eq(x->kids[i]->text, ev->name)))
			return true;
	return false;
}

static const struct json *
list_inside(const struct expr *x, const struct event_view *ev)
{
	const struct json *j = ev->properties;
	for (uint32_t i = 0; j && i < x->n_steps; i++)
		j = json_get(j, x->steps[i].name);
	return json_is(j, JSON_ARRAY) ? j : NULL;
}

static bool
item_fits(const struct env *v, const struct expr *x, const struct event_view *ev, const struct json *item, fixed off)
{
	struct env inner = *v;
	inner.event = ev;
	inner.item = item;
	inner.off = off;
	return !x->where || truth(&inner, x->where);
}

static bool
fits(const struct env *v, const struct expr *x, const struct event_view *ev, fixed off)
{
	if (!x->n_steps)
		return item_fits(v, x, ev, NULL, off);
	json_each(item, list_inside(x, ev))
		if (item_fits(v, x, ev, item, 0))
			return true;
	return false;
}

/* The events of a NODE_EVENTS in order; items are not unfolded. */
static void
find(const struct env *v, const struct expr *x, hits *ret)
{
	size_t n = x->by_account ? v->w->n_colleagues : 1;
	for (size_t p = 0; p < n; p++) {
		const struct naive_world *w = x->by_account ? v->w->colleagues[p] : v->w;
		for (size_t i = 0; i < w->n_events; i++) {
			struct hit h = {.ev = &w->events[i]};
			if (is_one_of(x, h.ev) && in_window(v, x->window, h.ev) && amended(v, w, h.ev, &h.off) && fits(v, x, h.ev, h.off))
				*vec_push(ret) = h;
		}
	}
	if (ret->len)
		qsort(ret->items, ret->len, sizeof(*ret->items), by_time);
}

/* ---------------------------------------------------------------- collections */

typedef VEC(struct env) envs;

static void
elements_of_events(const struct env *v, const struct expr *x, envs *ret)
{
	hits h = {0};
	find(v, x, &h);
	for (size_t i = 0; i < h.len; i++) {
		struct env e = *v;
		e.event = h.items[i].ev;
		e.item = NULL;
		e.off = h.items[i].off;
		if (!x->n_steps)
			*vec_push(ret) = e;
		else
			json_each(item, list_inside(x, e.event))
				if (item_fits(v, x, e.event, item, 0)) {
					e.item = item;
					e.off = 0;
					*vec_push(ret) = e;
				}
	}
	vec_release(&h);
}

static void
elements(const struct env *v, const struct expr *x, bool with_where, envs *ret)
{
	struct expr plain = *x;
	if (!with_where)
		plain.where = NULL;
	if (x->kind == NODE_EVENTS) {
		elements_of_events(v, &plain, ret);
		return;
	}
	if (x->kind == NODE_PEOPLE) {
		for (size_t i = 0; i < v->w->n_colleagues; i++) {
			struct env e = {.w = v->w->colleagues[i], .now = v->now, .a = v->a};
			if (!plain.where || truth(&e, plain.where))
				*vec_push(ret) = e;
		}
		return;
	}
	struct value list = eval(v, x->kids[0]);
	if (list.kind != VALUE_JSON || list.json->kind != JSON_ARRAY)
		return;
	json_each(item, list.json) {
		struct env e = *v;
		e.item = item;
		if (!plain.where || truth(&e, plain.where))
			*vec_push(ret) = e;
	}
}

static bool
quantified(const struct env *v, const struct expr *x)
{
	envs some = {0}, every = {0};
	elements(v, x->kids[0], true, &some);
	elements(v, x->kids[0], false, &every);
	bool r = x->op == QUANTIFIER_ANY ? some.len > 0 : every.len > 0 && some.len == every.len;
	vec_release(&some);
	vec_release(&every);
	return r;
}

/* ---------------------------------------------------------------- comparing */

static bool
same_value(const struct env *v, const struct value *a, const struct value *b)
{
	wall t, u;
	if (a->kind == VALUE_MISSING || b->kind == VALUE_MISSING)
		return false;
	if (a->kind == VALUE_TIME || b->kind == VALUE_TIME)
		return as_time(v, a, &t) && as_time(v, b, &u) && t.ms == u.ms;
	if (a->kind != b->kind)
		return false;
	switch (a->kind) {
	case VALUE_NUMBER:
		return a->number == b->number;
	case VALUE_TEXT:
		return str_eq(a->text, b->text);
	case VALUE_TRUTH:
		return a->truth == b->truth;
	case VALUE_DURATION:
		return a->duration == b->duration;
	default:
		return false;
	}
}

static int
word_at(const struct type *t, struct str s)
{
	for (size_t i = 0; i < t->n_words; i++)
		if (str_eq(t->words[i], s))
			return (int)i;
	return -1;
}

/* Two words of one declared list go by its order; a word and one that is not in its list have none; other texts go by their bytes. */
static bool
text_order(const struct env *v, struct str a, struct str b, int *ret)
{
	bool is_word = false;
	const struct vocabulary *voc = v->w->vocabulary;
	const struct type *roots[] = {&voc->traits, &voc->account_traits, &voc->preferences};
	for (size_t r = 0; r < COUNT(roots); r++)
		for (size_t i = 0; i < roots[r]->n_fields; i++) {
			const struct type *t = &roots[r]->fields[i].type;
			if (t->kind != TYPE_WORDS)
				continue;
			*ret = word_at(t, a) - word_at(t, b);
			if (word_at(t, a) >= 0 && word_at(t, b) >= 0)
				return true;
			is_word |= word_at(t, a) >= 0 || word_at(t, b) >= 0;
		}
	*ret = str_cmp(a, b);
	return !is_word;
}

/* -1, 0, 1; false when they have no order. */
static bool
ordered(const struct env *v, const struct value *a, const struct value *b, int *ret)
{
	wall t, u;
	if (a->kind == VALUE_TIME || b->kind == VALUE_TIME) {
		if (!as_time(v, a, &t) || !as_time(v, b, &u))
			return false;
		*ret = (t.ms > u.ms) - (t.ms < u.ms);
		return true;
	}
	if (a->kind != b->kind)
		return false;
	if (a->kind == VALUE_NUMBER)
		*ret = (a->number > b->number) - (a->number < b->number);
	else if (a->kind == VALUE_DURATION)
		*ret = (a->duration > b->duration) - (a->duration < b->duration);
	else if (a->kind == VALUE_TEXT)
		return text_order(v, a->text, b->text, ret);
	else
		return false;
	return true;
}

static bool
is_like(const struct value *a, const struct value *pattern)
{
	return a->kind == VALUE_TEXT && pattern->kind == VALUE_TEXT && str_like(a->text, pattern->text);
}

/* Does any element of a list (or the one value) fit? */
static bool
any_of(const struct env *v, const struct value *x, const struct value *list, bool like)
{
	if (list->kind == VALUE_LIST) {
		for (uint32_t i = 0; i < list->list.n; i++)
			if (like ? is_like(x, &list->list.items[i]) : same_value(v, x, &list->list.items[i]))
				return true;
		return false;
	}
	if (list->kind == VALUE_JSON) {
		json_each(j, list->json) {
			struct value one = of_json(j);
			if (like ? is_like(x, &one) : same_value(v, x, &one))
				return true;
		}
		return false;
	}
	return like ? is_like(x, list) : same_value(v, x, list);
}

static bool
compared(const struct env *v, enum comparison op, const struct value *a, const struct value *b)
{
	int o;
	switch (op) {
	case CMP_EQ:
		return same_value(v, a, b);
	case CMP_NE:
		return !same_value(v, a, b);
	case CMP_IN:
		return any_of(v, a, b, false);
	case CMP_LIKE:
		return any_of(v, a, b, true);
	case CMP_CONTAINS:
		return (a->kind == VALUE_LIST || (a->kind == VALUE_JSON && a->json->kind == JSON_ARRAY)) && any_of(v, b, a, false);
	default:
		if (!ordered(v, a, b, &o))
			return false;
		return op == CMP_LT ? o < 0 : op == CMP_LE ? o <= 0 : op == CMP_GT ? o > 0 : o >= 0;
	}
}

static bool
compare(const struct env *v, const struct expr *x)
{
	struct value a = eval(v, x->kids[0]), b = eval(v, x->kids[1]);
	return compared(v, (enum comparison)x->op, &a, &b);
}

static bool
between(const struct env *v, const struct expr *x)
{
	struct value a = eval(v, x->kids[0]), low = eval(v, x->kids[1]), high = eval(v, x->kids[2]);
	return compared(v, CMP_GE, &a, &low) && compared(v, CMP_LE, &a, &high);
}

static bool
within(const struct env *v, const struct expr *x)
{
	const struct expr *what = x->kids[0];
	while (what->kind == NODE_PAREN)
		what = what->kids[0];
	bool yearly = what->kind == NODE_ANNIVERSARY, next = x->op == DIRECTION_NEXT;
	struct value t = eval(v, yearly ? what->kids[0] : what), d = eval(v, x->kids[1]);
	wall at;
	if (yearly)
		t = anniversary(v, &t, !next);
	if (!as_time(v, &t, &at) || (d.kind != VALUE_DURATION && d.kind != VALUE_CALENDAR))
		return false;
	wall from = next ? yearly ? local_midnight(v, local_day(v, v->now)) : v->now : add_length(v, v->now, &d, -1);
	wall to = next ? add_length(v, v->now, &d, 1) : v->now;
	return from.ms <= at.ms && at.ms <= to.ms;
}

/* ---------------------------------------------------------------- sequences */

static bool
follows(const struct env *v, const struct expr *x, const struct hit *a, const struct hit *b, const struct value *limit)
{
	if (order(b->ev->time, b->ev->seq, a->ev->time, a->ev->seq) <= 0)
		return false;
	if (limit && b->ev->time.ms > a->ev->time.ms + limit->duration)
		return false;
	if (!x->n_steps)
		return true;
	struct value p = dig(a->ev->properties, x, 0), q = dig(b->ev->properties, x, 0);
	return same_value(v, &p, &q);
}

static bool
sequence(const struct env *v, const struct expr *x)
{
	hits as = {0}, bs = {0};
	struct value limit = x->n_kids > 2 ? eval(v, x->kids[2]) : VALUE_NONE;
	const struct value *d = x->n_kids > 2 ? &limit : NULL;
	bool found = false;
	find(v, x->kids[0], &as);
	find(v, x->kids[1], &bs);
	for (size_t i = 0; i < as.len && !found; i++) {
		bool hit = false;
		for (size_t j = 0; j < bs.len; j++)
			hit |= follows(v, x, &as.items[i], &bs.items[j], d);
		found = x->negated ? !hit && (!d || v->now.ms >= as.items[i].ev->time.ms + d->duration) : hit;
	}
	vec_release(&as);
	vec_release(&bs);
	return found;
}

/* ---------------------------------------------------------------- values of collections */

static struct value
lowest_or_highest(const struct env *v, const struct value *items, size_t n, bool high)
{
	struct value best = n ? items[0] : VALUE_NONE;
	int o;
	for (size_t i = 1; i < n; i++)
		if (ordered(v, &items[i], &best, &o) && (high ? o > 0 : o < 0))
			best = items[i];
	return best;
}

static struct value
sum_of(const struct value *items, size_t n, bool average)
{
	fixed sum = 0, r, count = 0;
	bool is_length = false;
	for (size_t i = 0; i < n; i++) {
		if (items[i].kind != VALUE_NUMBER && items[i].kind != VALUE_DURATION)
			continue;
		is_length |= items[i].kind == VALUE_DURATION;
		sum += items[i].kind == VALUE_NUMBER ? items[i].number : items[i].duration;
		count++;
	}
	if (average && (!count || !fixed_div(sum, count * FIXED_ONE, &r)))
		return VALUE_NONE;
	if (average)
		sum = r;
	return is_length ? length(sum) : number(sum);
}

static size_t
distinct(const struct env *v, const struct value *items, size_t n)
{
	size_t count = 0;
	for (size_t i = 0; i < n; i++) {
		bool seen = false;
		for (size_t j = 0; j < i; j++)
			seen |= same_value(v, &items[i], &items[j]);
		count += !seen;
	}
	return count;
}

static struct value
aggregate(const struct env *v, const struct expr *x)
{
	envs e = {0};
	elements(v, x->kids[0], true, &e);
	size_t n = 0, all = e.len;
	struct value *items = arena_array(v->a, struct value, all + 1);
	for (size_t i = 0; i < all && x->n_kids > 1; i++) {
		items[n] = eval(&e.items[i], x->kids[1]);
		n += items[n].kind != VALUE_MISSING;
	}
	vec_release(&e);
	switch ((enum aggregate)x->op) {
	case AGG_COUNT:
		return number((fixed)all * FIXED_ONE);
	case AGG_DISTINCT:
		return number((fixed)distinct(v, items, n) * FIXED_ONE);
	case AGG_SUM:
		return sum_of(items, n, false);
	case AGG_AVERAGE:
		return sum_of(items, n, true);
	case AGG_LOWEST:
	case AGG_HIGHEST:
		return lowest_or_highest(v, items, n, x->op == AGG_HIGHEST);
	case AGG_LIST:
		return (struct value){.kind = VALUE_LIST, .list = {items, (uint32_t)n}};
	}
	return VALUE_NONE;
}

static struct value
pick(const struct env *v, const struct expr *x)
{
	envs e = {0};
	struct value r = VALUE_NONE;
	elements(v, x->kids[0], true, &e);
	size_t at = x->n == WHICH_LATEST ? e.len : (size_t)x->n;
	if (at >= 1 && at <= e.len) {
		r = eval(&e.items[at - 1], x->kids[1]);
	}
	vec_release(&e);
	return r;
}

static struct value
time_of(const struct env *v, const struct expr *x)
{
	hits h = {0};
	find(v, x->kids[0], &h);
	const struct hit *at = choose(&h, x->n);
	struct value r = at ? x->kind == NODE_TIME_OF ? instant(at->ev->time) : length(v->now.ms - at->ev->time.ms) : VALUE_NONE;
	vec_release(&h);
	return r;
}

static int
by_length(const void *a, const void *b)
{
	msec x = *(const msec *)a, y = *(const msec *)b;
	return (x > y) - (x < y);
}

static struct value
usual_gap(const struct env *v, const struct expr *x)
{
	hits h = {0};
	msec gaps[16];
	find(v, x->kids[0], &h);
	size_t n = h.len ? h.len - 1 : 0;
	if (n > 16)
		n = 16;
	for (size_t i = 0; i < n; i++)
		gaps[i] = h.items[h.len - 1 - i].ev->time.ms - h.items[h.len - 2 - i].ev->time.ms;
	vec_release(&h);
	if (n < 3)
		return VALUE_NONE;
	qsort(gaps, n, sizeof(gaps[0]), by_length);
	return length(n % 2 ? gaps[n / 2] : (gaps[n / 2 - 1] + gaps[n / 2]) / 2);
}

/* ---------------------------------------------------------------- arithmetic */

static struct value
sum_or_difference(const struct env *v, char op, struct value a, struct value b)
{
	int sign = op == '+' ? 1 : -1;
	wall t, u;
	bool a_time = (a.kind == VALUE_TIME || a.kind == VALUE_TEXT) && as_time(v, &a, &t);
	bool b_time = (b.kind == VALUE_TIME || b.kind == VALUE_TEXT) && as_time(v, &b, &u);
	if (a_time && b_time)
		return sign < 0 ? length(t.ms - u.ms) : VALUE_NONE;
	if (a_time && (b.kind == VALUE_DURATION || b.kind == VALUE_CALENDAR))
		return instant(add_length(v, t, &b, sign));
	if (b_time && sign > 0 && (a.kind == VALUE_DURATION || a.kind == VALUE_CALENDAR))
		return instant(add_length(v, u, &a, 1));
	if (a.kind == VALUE_NUMBER && b.kind == VALUE_NUMBER)
		return number(a.number + sign * b.number);
	if (a.kind == VALUE_DURATION && b.kind == VALUE_DURATION)
		return length(a.duration + sign * b.duration);
	return VALUE_NONE;
}

static struct value
product_or_quotient(char op, struct value a, struct value b)
{
	fixed r;
	bool a_long = a.kind == VALUE_DURATION, b_long = b.kind == VALUE_DURATION;
	if ((!a_long && a.kind != VALUE_NUMBER) || (!b_long && b.kind != VALUE_NUMBER))
		return VALUE_NONE;
	fixed p = a_long ? a.duration : a.number, q = b_long ? b.duration : b.number;
	if (op == '*' ? (a_long && b_long) || !fixed_mul(p, q, &r) : (b_long && !a_long) || !fixed_div(p, q, &r))
		return VALUE_NONE;
	return a_long != b_long ? length(r) : number(r);
}

static struct value
arithmetic(const struct env *v, const struct expr *x)
{
	struct value a = eval(v, x->kids[0]), b = eval(v, x->kids[1]);
	if (x->op == '+' || x->op == '-')
		return sum_or_difference(v, (char)x->op, a, b);
	return product_or_quotient((char)x->op, a, b);
}

/* ---------------------------------------------------------------- paths */

static struct value
weekday_of(wall t, const struct tz *zone)
{
	struct civil c = civil_of(zone, t);
	return text(str_of(day_word((enum day_word)civil_weekday(civil_days(c.year, c.month, c.day)))));
}

static struct value
date_of(const struct env *v, wall t)
{
	struct civil c = civil_of(v->w->zone, t);
	return text(arena_printf(v->a, "%04d-%02d-%02d", c.year, c.month, c.day));
}

static struct value
local(const struct env *v, struct str f)
{
	struct civil c = civil_of(v->w->zone, v->now);
	if (str_eq(f, STR("hour")))
		return number(c.hour * FIXED_ONE);
	if (str_eq(f, STR("weekday")))
		return weekday_of(v->now, v->w->zone);
	if (str_eq(f, STR("date")))
		return date_of(v, v->now);
	return number((str_eq(f, STR("day")) ? c.day : c.month) * FIXED_ONE);
}

static struct value
property(const struct env *v, const struct event_view *ev, const struct expr *x, uint32_t from)
{
	struct value r = dig(ev->properties, x, from);
	if (v->off && r.kind == VALUE_NUMBER && from + 1 == x->n_steps)
		for (size_t i = 0; i < v->w->vocabulary->n_amendments; i++)
			if (str_eq(v->w->vocabulary->amendments[i].subtract, x->steps[from].name) && !v->w->vocabulary->amendments[i].is_void)
				r.number -= v->off;
	return r;
}

static struct value
of_event(const struct env *v, const struct event_view *ev, const struct expr *x, bool built_in)
{
	if (!ev)
		return VALUE_NONE;
	if (x->n_steps < 2)
		return (struct value){.kind = VALUE_JSON, .json = ev->properties};
	struct str f = x->steps[1].quoted || !built_in ? (struct str){0} : x->steps[1].name;
	if (str_eq(f, STR("time")))
		return instant(ev->time);
	if (str_eq(f, STR("hour")))
		return number(civil_of(v->w->zone, ev->time).hour * FIXED_ONE);
	if (str_eq(f, STR("day")))
		return date_of(v, ev->time);
	if (str_eq(f, STR("weekday")))
		return weekday_of(ev->time, v->w->zone);
	if (str_eq(f, STR("name")))
		return text(ev->name);
	if (str_eq(f, STR("source")))
		return text(ev->source);
	if (str_eq(f, STR("context")))
		return dig(ev->context, x, 2);
	return property(v, ev, x, 1);
}

static struct value
of_trigger(const struct env *v, const struct expr *x)
{
	const struct moment *m = v->w->moment;
	if (!m || !m->trigger)
		return VALUE_NONE;
	if (x->n_steps > 1 && str_eq(x->steps[1].name, STR("time")))
		return instant(m->trigger->time);
	if (x->n_steps > 1 && str_eq(x->steps[1].name, STR("item")))
		return dig(m->trigger_item, x, 2);
	return dig(m->trigger->properties, x, 1);
}

static struct value
bare_name(const struct env *v, const struct expr *x)
{
	const struct event_view *ev = v->event ? v->event : v->w->moment ? v->w->moment->event : NULL;
	for (size_t i = 0; i < v->w->n_names; i++)
		if (str_eq(v->w->names[i], x->steps[0].name)) {
			struct env outside = {.w = v->w, .now = v->now, .a = v->a, .depth = v->depth + 1};
			struct value r = eval(&outside, v->w->name_trees[i]);
			return x->n_steps > 1 ? dig(r.kind == VALUE_JSON ? r.json : NULL, x, 1) : r;
		}
	if (v->item)
		return dig(v->item, x, 0);
	return ev ? property(v, ev, x, 0) : VALUE_NONE;
}

static struct value
cart(const struct env *v, const struct expr *x)
{
	struct value sum = number(0), one;
	uint32_t n = 0;
	json_each(line, v->w->cart) {
		struct value price = of_json(json_get(line, STR("price"))), quantity = of_json(json_get(line, STR("quantity")));
		if (quantity.kind != VALUE_NUMBER)
			quantity = number(FIXED_ONE);
		one = product_or_quotient('*', price, quantity);
		if (one.kind == VALUE_NUMBER)
			sum.number += one.number;
		n++;
	}
	if (str_eq(x->steps[1].name, STR("count")))
		return number(n * FIXED_ONE);
	return str_eq(x->steps[1].name, STR("value")) ? sum : of_json(v->w->cart);
}

/* Consent and topics that nobody gave are not given: false, never missing. */
static struct value
permission(const struct json *all, struct str first, struct str second)
{
	const struct json *j = json_get(all, first);
	return yes_no(json_is(second.len ? json_get(j, second) : j, JSON_TRUE));
}

static struct value
path(const struct env *v, const struct expr *x)
{
	const struct naive_world *w = v->w;
	const struct event_view *ev = v->event ? v->event : w->moment ? w->moment->event : NULL;
	switch ((enum root)x->op) {
	case ROOT_BARE:
		return bare_name(v, x);
	case ROOT_TRAIT:
		return dig(w->traits, x, 1);
	case ROOT_ACCOUNT:
		return dig(w->account, x, 1);
	case ROOT_PREFERENCE:
		return dig(w->preferences, x, 1);
	case ROOT_PREDICT:
		return dig(w->predictions, x, 1);
	case ROOT_CONSENT:
		return permission(w->consent, x->steps[1].name, x->n_steps > 2 ? x->steps[2].name : STR("marketing"));
	case ROOT_TOPIC:
		return permission(w->topics, x->steps[1].name, (struct str){0});
	case ROOT_STAGE:
		return of_json(json_get(w->stages, x->n_steps > 1 ? x->steps[1].name : w->vocabulary->primary_model));
	case ROOT_CART:
		return cart(v, x);
	case ROOT_LOCAL:
		return local(v, x->steps[1].name);
	case ROOT_NOW:
		return instant(v->now);
	case ROOT_EVENT:
		return of_event(v, ev, x, true);
	case ROOT_ITEM:
		return dig(v->item, x, 1);
	case ROOT_TRIGGER:
		return of_trigger(v, x);
	case ROOT_ARRIVAL:
		return ev ? dig(ev->arrival, x, 1) : VALUE_NONE;
	case ROOT_FROM:
	case ROOT_TO:
		return w->moment ? dig(x->op == ROOT_FROM ? w->moment->change_from : w->moment->change_to, x, 1) : VALUE_NONE;
	default:
		return VALUE_NONE;
	}
}

/* ---------------------------------------------------------------- every node */

static bool
in_segment(const struct env *v, struct str name)
{
	for (size_t i = 0; i < v->w->vocabulary->n_segments; i++)
		if (str_eq(v->w->vocabulary->segments[i], name)) {
			struct env outside = {.w = v->w, .now = v->now, .a = v->a, .depth = v->depth + 1};
			ASSERT(outside.depth < 64);
			return v->w->segments && v->w->segments[i] && truth(&outside, v->w->segments[i]);
		}
	return false;
}

static struct value
literal(const struct env *v, const struct expr *x)
{
	fixed r = 0;
	switch ((enum node)x->kind) {
	case NODE_PERCENT:
		return fixed_div(x->number, 100 * FIXED_ONE, &r) ? number(r) : VALUE_NONE;
	case NODE_MONEY:
		return str_eq(x->text, v->w->vocabulary->currency) ? number(x->number) : VALUE_NONE;
	case NODE_DURATION:
		if (unit_base((enum unit)x->op))
			return fixed_mul(x->number, unit_base((enum unit)x->op), &r) ? length(r) : VALUE_NONE;
		return (struct value){.kind = VALUE_CALENDAR, .calendar = {(int32_t)(x->number / FIXED_ONE),
		                          x->op == UNIT_MONTH ? 'm' : x->op == UNIT_YEAR ? 'y' : 'w'}};
	case NODE_DISTANCE:
		return fixed_mul(x->number, unit_base((enum unit)x->op), &r) ? number(r) : VALUE_NONE;
	case NODE_DATE: {
		wall midnight = local_midnight(v, x->number);
		return instant(x->n > 0 ? tz_next_clock(v->w->zone, midnight, x->n) : midnight);
	}
	case NODE_TEXT:
		return text(x->text);
	case NODE_TRUTH:
		return yes_no(x->n);
	default:
		return number(x->number);
	}
}

static struct value
written_list(const struct env *v, const struct expr *x)
{
	struct value *items = arena_array(v->a, struct value, x->n_kids);
	for (uint32_t i = 0; i < x->n_kids; i++)
		items[i] = eval(v, x->kids[i]);
	return (struct value){.kind = VALUE_LIST, .list = {items, x->n_kids}};
}

static struct value
negative(struct value a)
{
	if (a.kind == VALUE_NUMBER)
		return number(-a.number);
	return a.kind == VALUE_DURATION ? length(-a.duration) : VALUE_NONE;
}

static bool
all_or_any(const struct env *v, const struct expr *x)
{
	for (uint32_t i = 0; i < x->n_kids; i++)
		if (truth(v, x->kids[i]) != (x->kind == NODE_AND))
			return x->kind == NODE_OR;
	return x->kind == NODE_AND;
}

static bool
did(const struct env *v, const struct expr *x)
{
	hits h = {0};
	find(v, x->kids[0], &h);
	bool r = h.len > 0;
	vec_release(&h);
	return r;
}

static struct value
eval(const struct env *v, const struct expr *x)
{
	struct value a;
	switch ((enum node)x->kind) {
	case NODE_AND:
	case NODE_OR:
		return yes_no(all_or_any(v, x));
	case NODE_NOT:
		return yes_no(!truth(v, x->kids[0]));
	case NODE_PAREN:
		return eval(v, x->kids[0]);
	case NODE_EVERYONE:
		return yes_no(true);
	case NODE_DID:
		return yes_no(did(v, x));
	case NODE_THEN:
		return yes_no(sequence(v, x));
	case NODE_QUANTIFIER:
		return yes_no(quantified(v, x));
	case NODE_MEMBER:
		return yes_no(x->op == MEMBER_SEGMENT && in_segment(v, x->text));
	case NODE_COMPARE:
		return yes_no(compare(v, x));
	case NODE_BETWEEN:
		return yes_no(between(v, x));
	case NODE_MISSING:
		return yes_no(eval(v, x->kids[0]).kind == VALUE_MISSING);
	case NODE_WITHIN:
		return yes_no(within(v, x));
	case NODE_LIST:
		return written_list(v, x);
	case NODE_ARITHMETIC:
		return arithmetic(v, x);
	case NODE_NEGATIVE:
		return negative(eval(v, x->kids[0]));
	case NODE_OTHERWISE:
		a = eval(v, x->kids[0]);
		return a.kind == VALUE_MISSING ? eval(v, x->kids[1]) : a;
	case NODE_END_OF_DAY:
		return instant(local_midnight(v, local_day(v, v->now) + 1));
	case NODE_AGGREGATE:
		return aggregate(v, x);
	case NODE_PICK:
		return pick(v, x);
	case NODE_TIME_SINCE:
	case NODE_TIME_OF:
		return time_of(v, x);
	case NODE_USUAL_GAP:
		return usual_gap(v, x);
	case NODE_ANNIVERSARY:
		a = eval(v, x->kids[0]);
		return anniversary(v, &a, false);
	case NODE_PATH:
		return path(v, x);
	case NODE_NUMBER:
	case NODE_PERCENT:
	case NODE_MONEY:
	case NODE_DURATION:
	case NODE_DISTANCE:
	case NODE_TEXT:
	case NODE_DATE:
	case NODE_TRUTH:
		return literal(v, x);
	default:
		return VALUE_NONE;
	}
}

struct value
naive_value(const struct expr *x, const struct naive_world *w, wall now, struct arena *a)
{
	struct env v = {.w = w, .now = now, .a = a};
	return eval(&v, x);
}

bool
naive_true(const struct expr *x, const struct naive_world *w, wall now, struct arena *a)
{
	struct value r = naive_value(x, w, now, a);
	return r.kind == VALUE_TRUTH && r.truth;
}

/* ---------------------------------------------------------------- instants */

struct instants {
	VEC(int64_t) bases, lengths, found;
	bool calendar;
};

static void
collect(struct instants *s, const struct expr *x)
{
	struct env v = {0};
	if (x->kind == NODE_DURATION)
		*vec_push(&s->lengths) = unit_base((enum unit)x->op) ? literal(&v, x).duration : 0;
	s->calendar |= x->kind == NODE_DATE || x->kind == NODE_ANNIVERSARY || x->kind == NODE_WITHIN || x->kind == NODE_END_OF_DAY ||
	    (x->kind == NODE_DURATION && !unit_base((enum unit)x->op)) || (x->kind == NODE_WINDOW && x->op >= WINDOW_THIS) ||
	    (x->kind == NODE_PATH && (x->op == ROOT_LOCAL || x->op == ROOT_NOW));
	for (uint32_t i = 0; i < x->n_kids; i++)
		collect(s, x->kids[i]);
	if (x->where)
		collect(s, x->where);
	if (x->window)
		collect(s, x->window);
}

static void
collect_times(struct instants *s, const struct env *v, const struct json *j)
{
	wall t;
	struct value x = of_json(j);
	if (x.kind == VALUE_TEXT && as_time(v, &x, &t))
		*vec_push(&s->bases) = t.ms;
	json_each(child, j)
		collect_times(s, v, child);
}

static int
by_number(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
	return (x > y) - (x < y);
}

static void
add_instants(struct instants *s, int64_t base)
{
	for (size_t i = 0; i < s->lengths.len; i++)
		for (size_t j = 0; j < s->lengths.len; j++)
			for (int p = -1; p <= 1; p++)
				for (int q = -1; q <= 1; q++) {
					int64_t t = base + p * s->lengths.items[i] + q * s->lengths.items[j];
					*vec_push(&s->found) = t;
					*vec_push(&s->found) = t + 1;
				}
}

size_t
naive_instants(const struct expr *x, const struct naive_world *w, wall from, wall to, wall *ret, size_t max)
{
	struct instants s = {0};
	struct env v = {.w = w, .now = from};
	size_t n = 0;
	*vec_push(&s.lengths) = 0;
	collect(&s, x);
	for (size_t i = 0; w->segments && i < w->vocabulary->n_segments; i++)
		if (w->segments[i])
			collect(&s, w->segments[i]);
	if (s.lengths.len > 6)
		s.lengths.len = 6;
	for (size_t i = 0; i < w->n_events; i++)
		*vec_push(&s.bases) = w->events[i].time.ms;
	collect_times(&s, &v, w->traits);
	for (size_t i = 0; i < s.bases.len; i++)
		add_instants(&s, s.bases.items[i]);
	if (s.calendar)
		for (wall t = tz_day_end(w->zone, from); t.ms <= to.ms; t = tz_day_end(w->zone, t))
			for (int h = 0; h < 24; h += 6)
				*vec_push(&s.found) = t.ms + h * HOUR;
	if (s.found.len)
		qsort(s.found.items, s.found.len, sizeof(int64_t), by_number);
	for (size_t i = 0; i < s.found.len && n < max; i++)
		if (s.found.items[i] > from.ms && s.found.items[i] <= to.ms && (!n || ret[n - 1].ms != s.found.items[i]))
			ret[n++] = (wall){s.found.items[i]};
	vec_release(&s.bases);
	vec_release(&s.lengths);
	vec_release(&s.found);
	return n;
}

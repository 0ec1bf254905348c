/* Backtest: recorded history under a program, in virtual time.
 *
 * What the recorded program caused (marks, outcomes, opens and clicks of its own mail) is left out; what people would have done with
 * this program's mail is an assumption that is printed with every figure. Such a replay shows volume, timing and caps; it cannot
 * show revenue, since nobody knows what these messages would have moved people to. */
#include "measure/replay_priv.h"
#include "base/map.h"
#include <stdlib.h>

struct sent { uint32_t profile; wall at; };
typedef VEC(struct backtest_month) month_list;
struct tally {
	const struct backtest_options *o;
	struct backtest *out;
	struct arena *arena;
	struct run *run;
	struct strmap journeys;          /* name → place in out->journeys */
	struct strmap reasons;
	VEC(struct backtest_reason) list;
	VEC(struct sent) sent;
	month_list *months;              /* beside journeys */
	struct idmap people;
};

/* ---------------------------------------------------------------- counting */

static int32_t
month_of(wall t)
{
	struct civil c = civil_of_utc(t);
	return c.year * 12 + c.month - 1;
}

static struct backtest_journey *
journey_of(struct tally *t, struct str name)
{
	const uint32_t *place = strmap_get(&t->journeys, name);
	return place ? &t->out->journeys[*place] : NULL;
}

static void
count_message(struct tally *t, const struct told *what)
{
	struct backtest_journey *j = journey_of(t, what->journey);
	int32_t month = month_of(what->at);
	if (j) {
		size_t place = (size_t)(j - t->out->journeys);
		j->messages++;
		if (!t->months[place].len || vec_last(&t->months[place])->month != month)
			*vec_push(&t->months[place]) = (struct backtest_month){.month = month};
		vec_last(&t->months[place])->messages++;
	}
	t->out->messages++;
	if (t->out->messages == 1)
		t->out->first_month = month;
	t->out->last_month = month;
	*vec_push(&t->sent) = (struct sent){what->profile, what->at};
}

static void
count_withheld(struct tally *t, const struct told *what)
{
	struct backtest_journey *j = journey_of(t, what->journey);
	struct str reason = what->reason.len ? what->reason : str_of(reason_text(what->message.reason));
	struct str key = arena_printf(t->arena, "%.*s\n%.*s", STR_ARGS(reason), STR_ARGS(what->message.detail));
	uint32_t *place = strmap_get(&t->reasons, key);
	if (!place) {
		strmap_put(&t->reasons, key, (uint32_t)t->list.len);
		*vec_push(&t->list) = (struct backtest_reason){.reason = arena_str(t->arena, reason),
		    .detail = arena_str(t->arena, what->message.detail)};
		place = strmap_get(&t->reasons, key);
	}
	t->list.items[*place].n++;
	t->out->withheld++;
	if (j)
		j->withheld++;
}

static void
hear(void *self, const struct told *what)
{
	struct tally *t = self;
	struct backtest_journey *j;
	if (what->at.ms < t->o->from.ms || what->at.ms >= t->o->to.ms)
		return;
	switch (what->kind) {
	case TOLD_MESSAGE:
		count_message(t, what);
		break;
	case TOLD_HELD:
		count_withheld(t, what);
		break;
	case TOLD_ENTERED:
		j = journey_of(t, what->journey);
		if (j && str_eq(what->reason, STR("held_out")))
			j->held_out++;
		else if (j)
			j->entered++;
		t->out->entries++;
		break;
	case TOLD_TASK:
		j = journey_of(t, what->journey);
		if (j)
			j->tasks++;
		break;
	default:
		break;
	}
}

/* ---------------------------------------------------------------- feeding */

/* Did the recorded program itself cause this entry? Its marks and outcomes, and what its own messages led to. */
static bool
is_consequence(const struct entry *en)
{
	static const char *const events[] = {"Email Delivered", "Email Opened", "Email Link Clicked", "Email Bounced",
	    "Email Marked as Spam", "Email Prefetched", "Link Scanned"};
	if (en->kind == ENTRY_MARK || en->kind == ENTRY_OUTCOME || en->kind == ENTRY_TICK)
		return true;
	if (en->kind == ENTRY_PROGRAM)   /* the run has its own */
		return true;
	if (en->kind != ENTRY_TRACK || !json_get(entry_properties(en), STR("message_id")))
		return false;
	for (size_t i = 0; i < COUNT(events); i++)
		if (str_eq(en->name, str_of(events[i])))
			return true;
	return false;
}

static bool
feed(void *self, struct entry *en)
{
	struct tally *t = self;
	if (is_consequence(en))
		return true;
	if (en->profile)
		idmap_put(&t->people, en->profile, 1);
	/* Recorded history starts nothing; here it is the life that is lived again. Identity is worked out anew, in the same order. */
	en->history = false;
	en->profile = en->absorbed = 0;
	en->answer = MARK_UNASKED;
	run_feed(t->run, en);
	return true;
}

/* ---------------------------------------------------------------- summing up */

static int
by_person_and_time(const void *a, const void *b)
{
	const struct sent *x = a, *y = b;
	if (x->profile != y->profile)
		return x->profile < y->profile ? -1 : 1;
	return x->at.ms < y->at.ms ? -1 : x->at.ms > y->at.ms;
}

/* For each person the most messages that fell into any seven days. */
static void
measure_pressure(struct tally *t)
{
	size_t n = t->sent.len, reached = 0;
	if (n)
		qsort(t->sent.items, n, sizeof(*t->sent.items), by_person_and_time);
	for (size_t i = 0; i < n; reached++) {
		size_t most = 0, low = i, high = i;
		for (; high < n && t->sent.items[high].profile == t->sent.items[i].profile; high++) {
			while (t->sent.items[high].at.ms - t->sent.items[low].at.ms >= 7 * DAY)
				low++;
			most = high - low + 1 > most ? high - low + 1 : most;
		}
		t->out->pressure[most < PRESSURE_MOST ? most : PRESSURE_MOST]++;
		i = high;
	}
	t->out->people = t->people.len;
	t->out->pressure[0] = t->people.len > reached ? t->people.len - reached : 0;
}

static int
more_first(const void *a, const void *b)
{
	const struct backtest_reason *x = a, *y = b;
	if (x->n != y->n)
		return x->n > y->n ? -1 : 1;
	int c = str_cmp(x->reason, y->reason);
	return c ? c : str_cmp(x->detail, y->detail);
}

static void
finish(struct tally *t)
{
	struct backtest *out = t->out;
	for (size_t i = 0; i < out->n_journeys; i++) {
		size_t n = t->months[i].len;
		out->journeys[i].months = arena_array(t->arena, struct backtest_month, n + 1);
		out->journeys[i].n_months = n;
		if (n)
			memcpy(out->journeys[i].months, t->months[i].items, n * sizeof(struct backtest_month));
		vec_release(&t->months[i]);
	}
	if (t->list.len)
		qsort(t->list.items, t->list.len, sizeof(*t->list.items), more_first);
	out->n_reasons = t->list.len;
	out->reasons = arena_array(t->arena, struct backtest_reason, t->list.len + 1);
	if (t->list.len)
		memcpy(out->reasons, t->list.items, t->list.len * sizeof(*out->reasons));
	measure_pressure(t);
}

static void
begin(struct tally *t, const struct program *p)
{
	struct backtest *out = t->out;
	out->journeys = arena_array(t->arena, struct backtest_journey, p->n_journeys + 1);
	out->n_journeys = p->n_journeys;
	t->months = mem_alloc((p->n_journeys + 1) * sizeof(*t->months));
	for (size_t i = 0; i < p->n_journeys; i++) {
		out->journeys[i].name = p->journeys[i].name;
		out->journeys[i].activity = p->journeys[i].activity;
		strmap_put(&t->journeys, p->journeys[i].name, (uint32_t)i);
	}
}

bool
measure_backtest(const struct backtest_options *o, struct arena *a, struct backtest *ret, struct err *e)
{
	struct backtest out = {.from = o->from, .to = o->to};
	struct tally t = {.o = o, .out = &out, .arena = a};
	begin(&t, o->program);
	t.run = run_new(&o->engine, o->program, &o->assume);
	run_listen(t.run, hear, &t);
	bool ok = replay_log(o->dir, o->program, run_engine(t.run), o->to, o->progress, feed, &t, e);
	if (ok)
		finish(&t);
	run_free(t.run);
	strmap_release(&t.journeys);
	strmap_release(&t.reasons);
	idmap_release(&t.people);
	vec_release(&t.list);
	vec_release(&t.sent);
	mem_free(t.months);
	if (ok)
		*ret = out;
	return ok;
}

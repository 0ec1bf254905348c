/* Over random conditions and random histories: compiled truth is naive truth at every probed instant, and no truth
 * changes before the expiry that was given. Some events come late; some worlds forget what features_keep lets go. */
#include "tests/tap.h"
#include "tests/unit/expr/lang.h"
#include "tests/unit/expr/random.h"
#include "tests/unit/expr/world.h"
#include "base/clock.h"
#include "event/entry.h"
#include <stdlib.h>

enum { PROBES = 48, SEGMENTS = 3, PEOPLE_MOST = 3, EVENTS_MOST = 64 };

struct arrival {
	wall at;
	size_t person;
	struct event_view ev;
};
struct trial {
	uint64_t seed;
	enum random_kind kind;
	struct arena a;
	const char *text;
	const struct expr *x;
	const struct cond *c, *segments[SEGMENTS];
	size_t n_people;
	struct history h[PEOPLE_MOST];
	struct naive_world naive[PEOPLE_MOST];
	const struct naive_world *colleagues[PEOPLE_MOST];
	struct world world[PEOPLE_MOST];
	struct moment moment;
	struct event_view trigger;
	struct arrival arrivals[PEOPLE_MOST * EVENTS_MOST];
	size_t n_arrivals;
	int evaluations, probes, failures;
};

static struct tz_set *zones;

/* ---------------------------------------------------------------- making */

static bool
compile_all(struct trial *t, struct dice *d, struct features *f)
{
	struct buf text = {0};
	struct err e = {0};
	struct expr_scope scope = {.place = t->kind == RANDOM_MOMENT ? PLACE_STEP : PLACE_STANDING, .vocabulary = shop_vocabulary()};
	random_condition(d, t->kind, &text);
	t->text = arena_cstr(&t->a, buf_str(&text));
	buf_release(&text);
	bool ok = expr_parse(&t->a, EXPR_CONDITION, str_of(t->text), AT_START, &t->x, &e) && expr_check(t->x, &scope, TYPE_TRUTH, NULL, &e) &&
	    expr_compile(&t->a, t->x, &scope, f, &t->c, &e);
	const struct expr *const *trees = shop_segments(&t->a);
	for (size_t i = 0; i < SEGMENTS && ok; i++)
		ok = expr_compile(&t->a, trees[i], &scope, f, &t->segments[i], &e);
	if (!ok)
		TAP_FAIL("seed %" PRIu64 ": %s: %s", t->seed, t->text, e.text);
	return ok;
}

static int
by_arrival(const void *a, const void *b)
{
	const struct arrival *x = a, *y = b;
	return x->at.ms != y->at.ms ? (x->at.ms < y->at.ms ? -1 : 1) : (x->ev.seq > y->ev.seq) - (x->ev.seq < y->ev.seq);
}

/* Some events arrive later than they happened; the log numbers them by arrival. */
static void
arrive(struct trial *t, struct dice *d)
{
	size_t n[PEOPLE_MOST] = {0};
	for (size_t p = 0; p < t->n_people; p++)
		for (size_t i = 0; i < t->h[p].n; i++) {
			struct arrival *a = &t->arrivals[t->n_arrivals++];
			*a = (struct arrival){t->h[p].events[i].time, p, t->h[p].events[i]};
			a->ev.seq = t->n_arrivals;
			if (chance(d, 10))
				a->at = wall_min(wall_add(a->at, (msec)roll(d, (uint64_t)(20 * DAY))), wall_max(t->h[p].end, a->at));
		}
	if (t->n_arrivals)
		qsort(t->arrivals, t->n_arrivals, sizeof(t->arrivals[0]), by_arrival);
	for (size_t i = 0; i < t->n_arrivals; i++) {
		struct arrival *a = &t->arrivals[i];
		a->ev.seq = i + 1;
		t->h[a->person].events[n[a->person]++] = a->ev;
	}
}

/* ---------------------------------------------------------------- judging */

static wall
segment_expiry(struct trial *t, size_t person, const struct cond *c, wall now, int depth)
{
	struct stream_list s = cond_segments(c);
	wall r = WALL_NEVER;
	for (size_t i = 0; i < s.n && depth < 8; i++) {
		const struct cond *inner = t->segments[s.items[i]];
		r = wall_min(r, world_eval(&t->world[person], inner, now).expiry);
		r = wall_min(r, segment_expiry(t, person, inner, now, depth + 1));
	}
	return r;
}

/* The condition's expiry, and those of the segments that it asks for: of everybody, where it asks everybody. */
static bool
compiled_true(struct trial *t, wall now, wall *ret_expiry)
{
	struct outcome o = world_eval(&t->world[0], t->c, now);
	bool yes = o.value.kind == VALUE_TRUTH && o.value.truth;
	*ret_expiry = o.expiry;
	for (size_t p = 0; p < t->n_people; p++)
		*ret_expiry = wall_min(*ret_expiry, segment_expiry(t, p, t->c, now, 0));
	t->evaluations++;
	return yes;
}

static void
tell(struct trial *t, const char *what, wall now, wall since, bool naive)
{
	char at[32], before[32];
	(void)wall_format(now, at);
	(void)wall_format(since, before);
	t->failures++;
	TAP_FAIL("seed %" PRIu64 ": %s at %s (expiry given at %s): naively %s: %s", t->seed, what, at, before, naive ? "true" : "false", t->text);
	printf("#   zone %.*s traits %.*s\n", STR_ARGS(tz_name(t->h[0].zone)), STR_ARGS(t->h[0].traits->span));
	if (t->moment.trigger) {
		(void)wall_format(t->trigger.time, at);
		printf("#   trigger %s \"%.*s\" %.*s\n", at, STR_ARGS(t->trigger.name), STR_ARGS(t->trigger.properties->span));
	}
	for (size_t i = 0; i < t->n_arrivals; i++) {
		const struct event_view *ev = &t->arrivals[i].ev;
		if (ev->seq > t->naive[0].n_events + t->naive[1].n_events + t->naive[2].n_events)
			break;
		(void)wall_format(ev->time, at);
		printf("#   %zu: %s %s \"%.*s\" %.*s\n", t->arrivals[i].person, at, entry_kind_name((enum entry_kind)ev->kind), STR_ARGS(ev->name),
		    STR_ARGS(ev->properties->span));
	}
}

static bool
naively(struct trial *t, wall now)
{
	arena_reset(&t->world[0].scratch);
	return naive_true(t->x, &t->naive[0], now, &t->world[0].scratch);
}

/* Instants of everybody's past, thinned out. */
static size_t
probes_between(struct trial *t, struct dice *d, wall from, wall to, wall *ret, size_t max)
{
	size_t n = 0;
	for (size_t p = 0; p < t->n_people; p++) {
		wall all[PROBES * 8];
		size_t found = naive_instants(t->x, &t->naive[p], from, to, all, COUNT(all));
		size_t skip = found > max / t->n_people ? found / (max / t->n_people) + 1 : 1;
		for (size_t i = (size_t)roll(d, skip); i < found && n < max; i += skip)
			ret[n++] = all[i];
	}
	for (size_t i = 1; i < n; i++)
		for (size_t j = i; j > 0 && ret[j - 1].ms > ret[j].ms; j--) {
			wall held = ret[j];
			ret[j] = ret[j - 1], ret[j - 1] = held;
		}
	return n;
}

/* From one arrival to the next: at every instant worth looking at. */
static void
judge(struct trial *t, struct dice *d, wall from, wall to)
{
	wall probes[PROBES], expiry, since = from;
	bool truth = compiled_true(t, from, &expiry), naive = naively(t, from);
	if (truth != naive) {
		tell(t, "truth differs", from, from, naive);
		return;
	}
	size_t n = to.ms > from.ms + 1 ? probes_between(t, d, from, (wall){to.ms - 1}, probes, PROBES) : 0;
	for (size_t i = 0; i < n && !t->failures; i++) {
		wall p = probes[i], again;
		t->probes++;
		if (expiry.ms <= since.ms) {
			tell(t, "expiry is not ahead", p, since, naive);
			return;
		}
		naive = naively(t, p);
		bool now_true = compiled_true(t, p, &again);
		if (p.ms < expiry.ms && naive != truth)
			tell(t, "truth turned before its expiry", p, since, naive);
		else if (now_true != naive)
			tell(t, "truth differs", p, since, naive);
		if (p.ms >= expiry.ms) {
			truth = now_true;
			expiry = again;
			since = p;
		}
	}
}

/* A journey that one of the person's events began. */
static void
begin_journey(struct trial *t, struct dice *d)
{
	if (t->kind != RANDOM_MOMENT || !t->h[0].n)
		return;
	t->trigger = t->h[0].events[roll(d, t->h[0].n)];
	t->moment.trigger = &t->trigger;
	t->naive[0].moment = &t->moment;
	if (chance(d, 80))
		t->naive[0].entry = t->trigger.time;
}

static void
make_people(struct trial *t, struct dice *d, const struct features *f)
{
	static const char *const names[] = {"Europe/Helsinki", "Etc/UTC", "America/New_York", "Asia/Kolkata"};
	bool prune = chance(d, 50);
	t->n_people = t->kind == RANDOM_ACCOUNT ? (size_t)roll(d, PEOPLE_MOST) + 1 : 1;
	for (size_t p = 0; p < t->n_people; p++)
		t->h[p] = random_history(d, &t->a, tz_find(zones, str_of(names[roll(d, COUNT(names))])), t->kind == RANDOM_ACCOUNT ? 8 : 16);
	arrive(t, d);
	for (size_t p = 0; p < t->n_people; p++) {
		t->naive[p] = history_world(&t->h[p], 0, shop_segments(&t->a));
		t->naive[p].account = t->h[0].account;
		t->colleagues[p] = &t->naive[p];
		t->naive[p].colleagues = t->colleagues;
		t->naive[p].n_colleagues = t->n_people;
		world_init(&t->world[p], f, &t->naive[p]);
		t->world[p].members = t->world;
		t->world[p].n_members = t->n_people;
		t->world[p].prune = prune;
	}
}

static void
run_trial(struct trial *t)
{
	struct dice d = dice_of(t->seed);
	arena_init(&t->a);
	t->kind = (enum random_kind)(t->seed % 3);
	struct features *f = features_new(&t->a, shop_vocabulary());
	if (compile_all(t, &d, f)) {
		make_people(t, &d, f);
		begin_journey(t, &d);
		wall end = wall_add(t->h[0].end, 400 * DAY);
		judge(t, &d, (wall){t->h[0].end.ms - 201 * DAY}, t->n_arrivals ? t->arrivals[0].at : end);
		for (size_t i = 0; i < t->n_arrivals && !t->failures; i++) {
			const struct arrival *a = &t->arrivals[i];
			world_take(&t->world[a->person], &a->ev);
			t->naive[a->person].n_events++;
			judge(t, &d, a->at, i + 1 < t->n_arrivals ? t->arrivals[i + 1].at : end);
		}
		for (size_t p = 0; p < t->n_people; p++)
			world_clear(&t->world[p]);
	}
	arena_clear(&t->a);
}

TEST(compiled_truth_is_naive_truth_and_expiries_are_never_late)
{
	uint64_t first = getenv("SEED") ? strtoull(getenv("SEED"), NULL, 10) : 1;
	uint64_t n = getenv("SEEDS") ? strtoull(getenv("SEEDS"), NULL, 10) : 600;
	long evaluations = 0, probes = 0;
	int failures = 0;
	static struct trial t;
	zones = tz_set_new(tz_source_system());
	for (uint64_t seed = first; seed < first + n && failures < 5; seed++) {
		t = (struct trial){.seed = seed};
		run_trial(&t);
		evaluations += t.evaluations;
		probes += t.probes;
		failures += t.failures > 0;
	}
	tz_set_free(zones);
	printf("# %" PRIu64 " conditions from seed %" PRIu64 ", %ld instants, %ld evaluations\n", n, first, probes, evaluations);
}

/* Over random conditions and random histories: compiled truth is naive truth at every probed instant, and no truth
 * changes before the expiry that was given. Some events come late; some worlds forget what features_keep lets go. */
#include "tests/tap.h"
#include "tests/unit/expr/lang.h"
#include "tests/unit/expr/random.h"
#include "tests/unit/expr/world.h"
#include "base/clock.h"
#include "event/entry.h"
#include <stdlib.h>

enum { PROBES = 48, SEGMENTS = 3 };

struct trial {
	uint64_t seed;
	struct arena a;
	const char *text;
	const struct expr *x;
	const struct cond *c, *segments[SEGMENTS];
	struct history h;
	wall *arrival;                /* of event i; events are in order of arrival */
	struct naive_world naive;
	struct world world;
	int evaluations, probes, failures;
};

static struct tz_set *zones;

/* ---------------------------------------------------------------- making */

static bool
compile_all(struct trial *t, struct dice *d, struct features *f)
{
	struct buf text = {0};
	struct err e = {0};
	struct expr_scope scope = {.place = PLACE_STANDING, .vocabulary = shop_vocabulary()};
	random_condition(d, &text);
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

/* Some events arrive later than they happened; the log numbers them by arrival. */
static void
arrive(struct trial *t, struct dice *d)
{
	struct history *h = &t->h;
	t->arrival = arena_array(&t->a, wall, h->n + 1);
	for (size_t i = 0; i < h->n; i++) {
		t->arrival[i] = h->events[i].time;
		if (chance(d, 10))
			t->arrival[i] = wall_min(wall_add(t->arrival[i], (msec)roll(d, (uint64_t)(20 * DAY))), h->end);
	}
	for (size_t i = 1; i < h->n; i++)
		for (size_t j = i; j > 0 && t->arrival[j - 1].ms > t->arrival[j].ms; j--) {
			struct event_view ev = h->events[j];
			wall at = t->arrival[j];
			h->events[j] = h->events[j - 1], t->arrival[j] = t->arrival[j - 1];
			h->events[j - 1] = ev, t->arrival[j - 1] = at;
		}
	for (size_t i = 0; i < h->n; i++)
		h->events[i].seq = i + 1;
}

/* ---------------------------------------------------------------- judging */

static wall
segment_expiry(struct trial *t, const struct cond *c, wall now, int depth)
{
	struct stream_list s = cond_segments(c);
	wall r = WALL_NEVER;
	for (size_t i = 0; i < s.n && depth < 8; i++) {
		const struct cond *inner = t->segments[s.items[i]];
		r = wall_min(r, world_eval(&t->world, inner, now).expiry);
		r = wall_min(r, segment_expiry(t, inner, now, depth + 1));
	}
	return r;
}

static bool
compiled_true(struct trial *t, wall now, wall *ret_expiry)
{
	struct outcome o = world_eval(&t->world, t->c, now);
	bool yes = o.value.kind == VALUE_TRUTH && o.value.truth;
	*ret_expiry = wall_min(o.expiry, segment_expiry(t, t->c, now, 0));
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
	for (size_t i = 0; i < t->naive.n_events; i++) {
		(void)wall_format(t->h.events[i].time, at);
		printf("#   %s %s \"%.*s\" %.*s\n", at, entry_kind_name((enum entry_kind)t->h.events[i].kind), STR_ARGS(t->h.events[i].name),
		    STR_ARGS(t->h.events[i].properties->span));
	}
}

/* From one arrival to the next: at every instant worth looking at. */
static void
judge(struct trial *t, struct dice *d, wall from, wall to)
{
	wall probes[PROBES * 8], expiry, since = from;
	bool truth = compiled_true(t, from, &expiry);
	bool naive = naive_true(t->x, &t->naive, from, &t->world.scratch);
	if (truth != naive) {
		tell(t, "truth differs", from, from, naive);
		return;
	}
	size_t n = to.ms > from.ms + 1 ? naive_instants(t->x, &t->naive, from, (wall){to.ms - 1}, probes, COUNT(probes)) : 0;
	size_t skip = n > PROBES ? n / PROBES : 1;
	for (size_t i = (size_t)roll(d, skip); i < n && !t->failures; i += skip) {
		wall p = probes[i];
		wall again;
		t->probes++;
		if (expiry.ms <= since.ms) {
			tell(t, "expiry is not ahead", p, since, naive);
			return;
		}
		naive = naive_true(t->x, &t->naive, p, &t->world.scratch);
		if (p.ms < expiry.ms && naive != truth) {
			tell(t, "truth turned before its expiry", p, since, naive);
			return;
		}
		bool now_true = compiled_true(t, p, &again);
		if (now_true != naive) {
			tell(t, "truth differs", p, since, naive);
			return;
		}
		if (p.ms >= expiry.ms) {
			truth = now_true;
			expiry = again;
			since = p;
		}
	}
}

static void
run_trial(struct trial *t)
{
	static const char *const names[] = {"Europe/Helsinki", "Etc/UTC", "America/New_York", "Asia/Kolkata"};
	struct dice d = dice_of(t->seed);
	arena_init(&t->a);
	struct features *f = features_new(&t->a, shop_vocabulary());
	if (compile_all(t, &d, f)) {
		const struct tz *zone = tz_find(zones, str_of(names[roll(&d, COUNT(names))]));
		t->h = random_history(&d, &t->a, zone, 16);
		arrive(t, &d);
		t->naive = history_world(&t->h, 0, shop_segments(&t->a));
		world_init(&t->world, f, &t->naive);
		t->world.prune = chance(&d, 50);
		judge(t, &d, (wall){t->h.end.ms - 201 * DAY}, t->h.n ? t->arrival[0] : t->h.end);
		for (size_t i = 0; i < t->h.n && !t->failures; i++) {
			world_take(&t->world, &t->h.events[i]);
			t->naive.n_events = i + 1;
			judge(t, &d, t->arrival[i], i + 1 < t->h.n ? t->arrival[i + 1] : wall_add(t->h.end, 400 * DAY));
		}
		world_clear(&t->world);
	}
	arena_clear(&t->a);
}

TEST(compiled_truth_is_naive_truth_and_expiries_are_never_late)
{
	uint64_t first = getenv("SEED") ? strtoull(getenv("SEED"), NULL, 10) : 1;
	uint64_t n = getenv("SEEDS") ? strtoull(getenv("SEEDS"), NULL, 10) : 400;
	long evaluations = 0, probes = 0;
	int failures = 0;
	zones = tz_set_new(tz_source_system());
	for (uint64_t seed = first; seed < first + n && failures < 5; seed++) {
		struct trial t = {.seed = seed};
		run_trial(&t);
		evaluations += t.evaluations;
		probes += t.probes;
		failures += t.failures > 0;
	}
	tz_set_free(zones);
	printf("# %" PRIu64 " conditions from seed %" PRIu64 ", %ld instants, %ld evaluations\n", n, first, probes, evaluations);
}

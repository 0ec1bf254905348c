/* The four laws: no clock but `at`, people independent, everybody exact whenever looked at. */
#include "fold.h"
#include "engine/engine_priv.h"

enum { PEOPLE = 12, CALLS = 400 };

static uint32_t
dice(uint32_t *seed, uint32_t sides)
{
	*seed = *seed * 1664525u + 1013904223u;
	return (*seed >> 8) % sides;
}

static void
one_call(struct world *w, uint32_t *seed, wall now)
{
	static const char *const events[] = {"Product Viewed", "Product Viewed", "Product Added", "Order Completed", "Signed In", "Order Cancelled"};
	char iso[32], when[20], who[16], props[96];
	wall_format(now, iso);
	snprintf(when, sizeof(when), "%.10s %.5s", iso, iso + 11);
	snprintf(who, sizeof(who), "u%u", dice(seed, PEOPLE));
	if (dice(seed, 10) == 0) {
		identify(w, when, who, dice(seed, 2) ? "{\"country\":\"FI\"}" : "{\"country\":\"SE\"}");
		return;
	}
	snprintf(props, sizeof(props), "{\"order_id\":\"o%u\",\"product_id\":\"p%u\",\"total\":%u,\"price\":7}", dice(seed, 9), dice(seed, 4), dice(seed, 90));
	struct entry en = call(w, when, ENTRY_TRACK, who, events[dice(seed, COUNT(events))], "\"properties\":", props);
	if (dice(seed, 8) == 0)
		en.happened = wall_add(now, -(msec)dice(seed, 20) * DAY);
	fold(w, en);
}

static struct world *
random_world(uint32_t seed, bool journeys)
{
	struct world *w = world_with(talk, journeys ? COUNT(talk) : 0);
	wall now = at("2026-01-02 08:00");
	for (int i = 0; i < CALLS; i++) {
		now = wall_add(now, (msec)dice(&seed, 600) * MINUTE);
		one_call(w, &seed, now);
		if (dice(&seed, 5) == 0)
			tick(w, now);
	}
	return w;
}

/* Folds the world's log in another engine: ticks left out, the rest in the order that `later` gives to people's entries. */
static uint64_t
digest_of(struct engine *g, wall when)
{
	struct decisions d;
	decisions_init(&d);
	engine_settle(g, when, &d);
	decisions_release(&d);
	return engine_digest(g, NULL, NULL);
}

TEST(ticks_change_nothing_but_when_it_is_worked_off)
{
	for (uint32_t seed = 1; seed <= 20; seed++) {
		struct world *w = random_world(seed, false);
		struct engine *g = engine_fresh(w);
		wall end = at("2027-01-01 00:00");
		for (size_t i = 0; i < w->log.len; i++)
			if (w->log.items[i].kind != ENTRY_TICK)
				engine_apply(g, &w->log.items[i], NULL);
		CHECK(digest_of(g, end) == digest_of(w->g, end));
		engine_free(g);
		world_free(w);
	}
}

static void
report_differences(struct world *w, struct engine *a, struct engine *b)
{
	for (uint32_t n = 1; n <= engine_profile_count(a); n++) {
		struct buf x = {0}, y = {0};
		engine_profile_dump(a, n, &x);
		engine_profile_dump(b, n, &y);
		if (!str_eq(buf_str(&x), buf_str(&y)))
			TAP_FAIL("person %u:\n%s\nagainst\n%s", n, x.ptr, y.ptr);
		buf_release(&x);
		buf_release(&y);
	}
	(void)w;
}

/* People one after the other: all entries of the first, then of the second … The `at` of each entry stays its own. */
TEST(people_interleaved_otherwise_come_out_the_same)
{
	for (uint32_t seed = 1; seed <= 20; seed++) {
		struct world *w = random_world(seed, false);
		struct engine *g = engine_fresh(w);
		wall end = at("2027-01-01 00:00");
		for (size_t i = 0; i < w->log.len; i++)
			if (w->log.items[i].profile == 0 && w->log.items[i].kind != ENTRY_TICK)
				engine_apply(g, &w->log.items[i], NULL);
		for (uint32_t n = engine_profile_count(w->g); n >= 1; n--)
			for (size_t i = 0; i < w->log.len; i++)
				if (w->log.items[i].profile == n)
					engine_apply(g, &w->log.items[i], NULL);
		bool same = digest_of(g, end) == digest_of(w->g, end);
		CHECK(same);
		if (!same)
			report_differences(w, w->g, g);
		engine_free(g);
		world_free(w);
	}
}

/* A night after a day down: what falls due is decided by the first entry that reached it, however late it is worked off. */
TEST(slices_of_any_size_decide_the_same)
{
	for (uint32_t seed = 1; seed <= 20; seed++) {
		struct world *w = random_world(seed, true);
		struct engine *g = engine_fresh(w);
		struct decisions d;
		wall end = at("2027-01-01 00:00");
		decisions_init(&d);
		g->alarms_per_tick = seed % 3;
		for (size_t i = 0; i < w->log.len; i++)
			engine_apply(g, &w->log.items[i], &d);
		engine_settle(w->g, end, &w->d);
		engine_settle(g, end, &d);
		bool same = engine_digest(g, NULL, NULL) == engine_digest(w->g, NULL, NULL);
		CHECK(same);
		CHECK_INT(d.moves.len, w->d.moves.len);
		CHECK_INT(d.messages.len, w->d.messages.len);
		CHECK(w->d.messages.len > 0);
		if (!same)
			report_differences(w, w->g, g);
		decisions_release(&d);
		engine_free(g);
		world_free(w);
	}
}

TEST(a_sender_cannot_move_the_clock_of_others)
{
	struct world *w = world_new();
	tell(w, "2026-01-05 10:00", "anna", "Order Completed", "{\"total\":5}");
	struct buf before = {0}, after = {0};
	engine_profile_dump(w->g, number_of(w, "anna"), &before);
	tell_late(w, "2026-01-05 11:00", "2099-01-01 00:00", "eve", "Order Completed", NULL);
	tell_late(w, "2026-01-05 11:01", "1970-01-02 00:00", "eve", "Order Completed", NULL);
	engine_profile_dump(w->g, number_of(w, "anna"), &after);
	CHECK(str_eq(buf_str(&before), buf_str(&after)));
	CHECK_INT(engine_now(w->g).ms, at("2026-01-05 11:01").ms);
	CHECK(is_in(w, "anna", "fresh"));
	CHECK(is_in(w, "eve", "fresh"));
	buf_release(&before);
	buf_release(&after);
	world_free(w);
}

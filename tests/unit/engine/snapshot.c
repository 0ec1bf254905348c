/* State written to rows and read again: the same, whenever each row was written. */
#include "fold.h"

struct saved { struct arena a; struct buf shared; struct profile_row *rows; uint32_t n; uint64_t position; };

static void
life(struct world *w, int from, int to)
{
	static const char *const events[] = {"Product Viewed", "Order Completed", "Product Added", "Signed In"};
	for (int i = from; i < to; i++) {
		char when[40], who[16], props[80];
		snprintf(when, sizeof(when), "2026-%02d-%02d %02d:%02d", 1 + i / 100 % 12, 2 + i / 4 % 25, i / 4 * 7 % 24, i % 4);
		snprintf(who, sizeof(who), i % 9 == 4 ? "u%d~v%d" : "u%d", i % 7, i % 7);
		snprintf(props, sizeof(props), "{\"order_id\":\"o%d\",\"product_id\":\"p%d\",\"total\":%d,\"price\":3}", i, i % 5, i % 80);
		tell(w, when, who, events[i * 7 % 4], props);
		if (i % 11 == 0)
			identify(w, when, who, "{\"country\":\"FI\",\"email\":\"x@shop.example\"}");
		if (i % 13 == 0)
			tick(w, at(when));
	}
}

static void
save_shared(struct world *w, struct saved *s)
{
	*s = (struct saved){.n = 64, .position = engine_position(w->g)};
	arena_init(&s->a);
	engine_shared_save(w->g, &s->shared);
	s->rows = arena_array(&s->a, struct profile_row, 64);
}

static void
save_person(struct world *w, struct saved *s, uint32_t number)
{
	engine_profile_save(w->g, number, &s->a, &s->rows[number]);
}

static struct engine *
load(struct world *w, struct saved *s)
{
	struct err e = {0};
	struct engine *g = engine_fresh(w);
	if (!engine_shared_load(g, buf_str(&s->shared), &e))
		TAP_FAIL("%s", e.text);
	for (uint32_t n = 1; n < s->n; n++)
		if (s->rows[n].number && !engine_profile_load(g, &s->rows[n], &e))
			TAP_FAIL("%s", e.text);
	engine_loaded(g);
	return g;
}

static void
saved_release(struct saved *s)
{
	arena_clear(&s->a);
	buf_release(&s->shared);
}

static void
check_same(struct engine *a, struct engine *b)
{
	wall end = at("2027-06-01 00:00");
	engine_settle(a, end, NULL);
	engine_settle(b, end, NULL);
	if (engine_digest(a, NULL, NULL) == engine_digest(b, NULL, NULL))
		return;
	TAP_FAIL("the digests differ");
	for (uint32_t n = 1; n <= engine_profile_count(a) && n <= engine_profile_count(b); n++) {
		struct buf x = {0}, y = {0};
		engine_profile_dump(a, n, &x);
		engine_profile_dump(b, n, &y);
		if (!str_eq(buf_str(&x), buf_str(&y)))
			TAP_FAIL("person %u:\n%s\nagainst\n%s", n, x.ptr, y.ptr);
		buf_release(&x);
		buf_release(&y);
	}
}

TEST(what_was_saved_is_loaded)
{
	struct world *w = world_with(talk, COUNT(talk));
	struct saved s;
	life(w, 0, 300);
	save_shared(w, &s);
	for (uint32_t n = engine_next_dirty(w->g, 1); n; n = engine_next_dirty(w->g, n + 1))
		save_person(w, &s, n);
	CHECK_INT(engine_next_dirty(w->g, 1), 0);
	struct engine *g = load(w, &s);
	CHECK_INT(engine_profile_count(g), engine_profile_count(w->g));
	CHECK_INT(engine_find(g, STR("u3")), engine_find(w->g, STR("u3")));
	check_same(w->g, g);
	engine_free(g);
	saved_release(&s);
	world_free(w);
}

/* The sweep writes rows while entries go on; each says as of which it stands. */
TEST(rows_of_different_ages_and_a_replay_are_the_state)
{
	for (int k = 1; k <= 6; k++) {
		struct world *w = k % 2 ? world_new() : world_with(talk, COUNT(talk));
		struct saved s;
		life(w, 0, 150);
		save_shared(w, &s);
		for (uint32_t n = 1; n <= engine_profile_count(w->g); n++) {
			life(w, 150 + (int)n * k, 150 + (int)(n + 1) * k);
			save_person(w, &s, n);
		}
		life(w, 260, 330);
		struct engine *g = load(w, &s);
		for (size_t i = 0; i < w->log.len; i++)
			if (w->log.items[i].seq > s.position)
				engine_replay(g, &w->log.items[i]);
		check_same(w->g, g);
		engine_free(g);
		saved_release(&s);
		world_free(w);
	}
}

/* Rows wait packed after a load; a program that asks for more of the past comes before anybody has touched them. */
TEST(a_program_after_a_load_finds_the_rows)
{
	struct world *w = world_new();
	struct saved s;
	life(w, 0, 300);
	save_shared(w, &s);
	for (uint32_t n = 1; n <= engine_profile_count(w->g); n++)
		save_person(w, &s, n);
	struct engine *g = load(w, &s);
	struct program_file files[TINY_FILES_MAX];
	size_t before = w->log.len;
	apply_program(w, "2026-12-20 00:00", files, shop_with(talk, COUNT(talk), files));
	life(w, 300, 340);
	for (size_t i = before; i < w->log.len; i++)
		engine_replay(g, &w->log.items[i]);
	check_same(w->g, g);
	engine_free(g);
	saved_release(&s);
	world_free(w);
}

TEST(a_row_that_is_cut_short_is_refused)
{
	struct world *w = world_new();
	struct saved s;
	struct err e = {0};
	life(w, 0, 60);
	save_shared(w, &s);
	save_person(w, &s, 1);
	struct engine *g = engine_fresh(w);
	CHECK(engine_shared_load(g, buf_str(&s.shared), &e));
	struct profile_row row = s.rows[1];
	row.state.len /= 2;
	CHECK(!engine_profile_load(g, &row, &e));
	CHECK_CSTR(e.text, "the row of person 1 cannot be read");
	engine_free(g);
	g = engine_fresh(w);
	CHECK(!engine_shared_load(g, str_slice(buf_str(&s.shared), 0, 40), &e));
	engine_free(g);
	saved_release(&s);
	world_free(w);
}

/* Journeys in the fold: who enters, what ends them, what they keep. */
#include "mail.h"

static const char *const cart = "journey: cart\npurpose: marketing\nentry:\n  on: track \"Product Added\"\n  again: after 3d\n"
	"exit:\n  on: track \"Order Completed\"\n  when: cart.count = 0\n"
	"goal:\n  on: track \"Order Completed\"\n  within: 3d\n  value: event.total\n"
	"steps:\n  - wait: 1h\n  - send: email cart_mail\n    name: first\n    expires: 12h\n  - wait: 1d\n  - send: email second_mail\n    name: second\n"
	"    if: message.first.opened = false\n";

TEST(a_left_cart_gets_two_mails)
{
	struct world *w = world_of("journeys/cart.yaml", cart);
	struct post p = {0};
	customer(w, "2026-01-05 08:00", "anna");
	fold(w, call(w, "2026-01-05 08:00", ENTRY_CONSENT, "anna", NULL, "\"channel\":\"email\",\"purpose\":\"tracking\",\"granted\":", "true"));
	tell(w, "2026-01-05 09:00", "anna", "Product Added", "{\"product_id\":\"p\",\"price\":3}");
	CHECK_CSTR(enrolments_of(w, "anna"), "cart waiting");
	pass_with_mail(w, &p, "2026-01-08 00:00");
	CHECK_CSTR(messages_of(w, "anna"), "cart/first accepted 2026-01-05 10:00, cart/second accepted 2026-01-06 10:00");
	CHECK_CSTR(enrolments_of(w, "anna"), "cart done");
	world_free(w);
}

TEST(without_leave_to_track_there_is_no_second_mail)
{
	struct world *w = world_of("journeys/cart.yaml", cart);
	struct post p = {0};
	customer(w, "2026-01-05 08:00", "anna");
	tell(w, "2026-01-05 09:00", "anna", "Product Added", "{\"product_id\":\"p\",\"price\":3}");
	pass_with_mail(w, &p, "2026-01-08 00:00");
	CHECK_CSTR(messages_of(w, "anna"), "cart/first accepted 2026-01-05 10:00");
	world_free(w);
}

TEST(an_order_ends_it_and_is_its_goal)
{
	struct world *w = world_of("journeys/cart.yaml", cart);
	struct post p = {0};
	customer(w, "2026-01-05 08:00", "anna");
	tell(w, "2026-01-05 09:00", "anna", "Product Added", "{\"product_id\":\"p\",\"price\":3}");
	tell(w, "2026-01-05 09:30", "anna", "Order Completed", "{\"order_id\":\"o\",\"total\":50}");
	pass_with_mail(w, &p, "2026-01-06 00:00");
	CHECK_CSTR(messages_of(w, "anna"), "");
	const struct enrolment_change *c = vec_last(&w->d.enrolments);
	CHECK(c->goal);
	CHECK_INT(c->goal_value, 50 * FIXED_ONE);
	CHECK_STR(c->reason, "goal");
	/* Again after three days, not before. */
	tell(w, "2026-01-07 09:00", "anna", "Product Added", "{\"product_id\":\"p\",\"price\":3}");
	CHECK(strstr(enrolments_of(w, "anna"), "waiting") == NULL);
	tell(w, "2026-01-08 09:01", "anna", "Product Added", "{\"product_id\":\"p\",\"price\":3}");
	CHECK(strstr(enrolments_of(w, "anna"), "cart waiting") != NULL);
	world_free(w);
}

TEST(the_cart_of_a_visitor_is_carried_over_by_identify)
{
	struct world *w = world_of("journeys/cart.yaml", cart);
	struct post p = {0};
	tell(w, "2026-01-05 09:00", "~v1", "Product Added", "{\"product_id\":\"p\",\"price\":3}");
	CHECK_CSTR(enrolments_of(w, "~v1"), "cart waiting");
	customer(w, "2026-01-05 09:10", "anna~v1");
	CHECK_CSTR(enrolments_of(w, "anna"), "cart waiting");
	pass_with_mail(w, &p, "2026-01-05 20:00");
	CHECK_CSTR(messages_of(w, "anna"), "cart/first accepted 2026-01-05 10:00");
	world_free(w);
}

TEST(of_two_enrolments_that_become_one_the_older_stays)
{
	struct world *w = world_of("journeys/cart.yaml", cart);
	customer(w, "2026-01-05 08:00", "anna");
	tell(w, "2026-01-05 09:00", "~v1", "Product Added", "{\"product_id\":\"p\",\"price\":3}");
	tell(w, "2026-01-05 09:20", "anna", "Product Added", "{\"product_id\":\"q\",\"price\":3}");
	identify(w, "2026-01-05 09:30", "anna~v1", "{}");
	CHECK_INT(number_of(w, "anna"), number_of(w, "~v1"));
	bool merged = false, goes_on = false;
	const struct json *list = json_get(person_json(w, "anna"), STR("enrolments"));
	json_each (en, list) {
		struct str entered = json_text(json_get(en, STR("entered"))), state = json_text(json_get(en, STR("state")));
		merged |= str_eq(state, STR("merged")) && str_eq(entered, STR("2026-01-05T09:20:00.000Z"));
		goes_on |= str_eq(state, STR("waiting")) && str_eq(entered, STR("2026-01-05T09:00:00.000Z"));
	}
	CHECK(merged);
	CHECK(goes_on);
	world_free(w);
}

TEST(people_keep_the_steps_that_they_began_with)
{
	struct world *w = world_of("journeys/cart.yaml", cart);
	struct post p = {0};
	struct program_file files[TINY_FILES_MAX];
	const struct program_file changed[] = {{STR_INIT("policy.yaml"), str_of(marketing_policy)},
	    {STR_INIT("journeys/cart.yaml"), STR_INIT("journey: cart\npurpose: marketing\nentry:\n  on: track \"Product Added\"\n  again: always\n"
						      "steps:\n  - wait: 5h\n  - send: email second_mail\n    name: other\n")},
	    {STR_INIT("templates/second_mail.html"), STR_INIT(MAIL_TEXT)}};
	customer(w, "2026-01-05 08:00", "anna");
	customer(w, "2026-01-05 08:00", "bert");
	tell(w, "2026-01-05 09:00", "anna", "Product Added", "{\"product_id\":\"p\",\"price\":3}");
	apply_program(w, "2026-01-05 09:10", files, shop_with(changed, COUNT(changed), files));
	tell(w, "2026-01-05 09:20", "bert", "Product Added", "{\"product_id\":\"p\",\"price\":3}");
	pass_with_mail(w, &p, "2026-01-05 20:00");
	CHECK_CSTR(messages_of(w, "anna"), "cart/first accepted 2026-01-05 10:00");
	CHECK_CSTR(messages_of(w, "bert"), "cart/other accepted 2026-01-05 14:20");
	world_free(w);
}

TEST(one_enrolment_for_each_item_and_key)
{
	struct world *w = world_of("journeys/parts.yaml", "journey: parts\npurpose: service\nentry:\n  on: track \"Order Completed\"\n"
		"  per: trigger.order_id\n  again: never\nsteps:\n  - wait: 1h\n  - send: email cart_mail\n");
	struct post p = {0};
	customer(w, "2026-01-05 08:00", "anna");
	tell(w, "2026-01-05 09:00", "anna", "Order Completed", "{\"order_id\":\"a\",\"total\":5}");
	tell(w, "2026-01-05 09:01", "anna", "Order Completed", "{\"order_id\":\"b\",\"total\":5}");
	tell(w, "2026-01-05 09:02", "anna", "Order Completed", "{\"order_id\":\"a\",\"total\":5}");
	pass_with_mail(w, &p, "2026-01-05 12:00");
	CHECK_CSTR(messages_of(w, "anna"), "parts/cart_mail accepted 2026-01-05 10:00, parts/cart_mail accepted 2026-01-05 10:01");
	tell(w, "2026-01-06 09:02", "anna", "Order Completed", "{\"order_id\":\"a\",\"total\":5}");
	pass_with_mail(w, &p, "2026-01-06 12:00");
	CHECK_INT(p.accepted, 2);
	world_free(w);
}

TEST(a_tenth_is_held_out_and_its_goals_count)
{
	struct buf b = {0};
	buf_add_cstr(&b, cart);
	buf_add_cstr(&b, "holdout: 10%\n");
	struct world *w = world_of("journeys/cart.yaml", b.ptr);
	size_t held = 0, goals = 0;
	for (int i = 0; i < 600; i++) {
		char who[16];
		snprintf(who, sizeof(who), "u%d", i);
		tell(w, "2026-01-05 09:00", who, "Product Added", "{\"product_id\":\"p\",\"price\":3}");
	}
	for (int i = 0; i < 600; i++) {
		char who[16];
		snprintf(who, sizeof(who), "u%d", i);
		tell(w, "2026-01-05 09:30", who, "Order Completed", "{\"order_id\":\"o\",\"total\":5}");
	}
	for (size_t i = 0; i < w->d.enrolments.len; i++) {
		const struct enrolment_change *c = &w->d.enrolments.items[i];
		held += str_eq(c->state, STR("held_out")) && !c->goal;
		goals += str_eq(c->state, STR("held_out")) && c->goal;
	}
	CHECK(held > 35 && held < 90);
	CHECK_INT(goals, held);
	buf_release(&b);
	world_free(w);
}

TEST(entries_are_paced)
{
	struct world *w = world_of("journeys/paced.yaml", "journey: paced\npurpose: service\nentry:\n  on: track \"Product Viewed\"\n  limit: 2 in 1h\n"
		"steps:\n  - send: email cart_mail\n    name: hi\n");
	static const char *const people[] = {"anna", "bert", "cleo", "dora", "emil"};
	struct post p = {0};
	for (size_t i = 0; i < COUNT(people); i++)
		customer(w, "2026-01-05 08:00", people[i]);
	for (size_t i = 0; i < COUNT(people); i++)
		tell(w, "2026-01-05 09:00", people[i], "Product Viewed", "{\"product_id\":\"p\"}");
	pass_with_mail(w, &p, "2026-01-05 12:00");
	CHECK_CSTR(messages_of(w, "bert"), "paced/hi accepted 2026-01-05 09:00");
	CHECK_CSTR(messages_of(w, "cleo"), "paced/hi accepted 2026-01-05 10:00");
	CHECK_CSTR(messages_of(w, "dora"), "paced/hi accepted 2026-01-05 10:00");
	CHECK_CSTR(messages_of(w, "emil"), "paced/hi accepted 2026-01-05 11:00");
	customer(w, "2026-01-05 20:00", "fred");
	tell(w, "2026-01-05 20:00", "fred", "Product Viewed", "{\"product_id\":\"p\"}");
	deliver(w, &p);
	CHECK_CSTR(messages_of(w, "fred"), "paced/hi accepted 2026-01-05 20:00");
	world_free(w);
}

TEST(steps_that_go_round_are_stopped)
{
	struct world *w = world_of("journeys/round.yaml", "journey: round\npurpose: service\nentry:\n  on: track \"Product Added\"\nsteps:\n"
		"  - set:\n      trait.plan: first\n    name: again\n  - go to: again\n");
	tell(w, "2026-01-05 09:00", "anna", "Product Added", "{\"product_id\":\"p\",\"price\":3}");
	CHECK(strstr(enrolments_of(w, "anna"), "waiting") == NULL);
	CHECK(w->d.enrolments.len && str_eq(vec_last(&w->d.enrolments)->state, STR("stopped")));
	CHECK_INT(w->d.reports.len, 1);
	world_free(w);
}

TEST(what_is_set_is_seen_by_the_next_step)
{
	struct world *w = world_of("journeys/plan.yaml", "journey: plan\npurpose: service\nentry:\n  on: track \"Product Added\"\nsteps:\n"
		"  - set:\n      trait.country: FI\n  - branch:\n      - if: in segment \"finns\"\n        then:\n          - exit: a finn\n      - else:\n          - exit: somebody\n");
	tell(w, "2026-01-05 09:00", "anna", "Product Added", "{\"product_id\":\"p\",\"price\":3}");
	CHECK(w->d.enrolments.len > 0);
	CHECK_STR(vec_last(&w->d.enrolments)->reason, "a finn");
	CHECK(is_in(w, "anna", "finns"));
	world_free(w);
}

TEST(waits_for_an_event_or_its_limit)
{
	struct world *w = world_of("journeys/wait.yaml", "journey: wait\npurpose: service\nentry:\n  on: track \"Product Added\"\n  again: always\nsteps:\n"
		"  - wait for: track \"Order Completed\" where (total >= 10)\n    name: ordered\n    up to: 2d\n    then:\n      - exit: ordered\n    else:\n      - exit: too late\n");
	struct post p = {0};
	tell(w, "2026-01-05 09:00", "anna", "Product Added", "{\"product_id\":\"p\",\"price\":3}");
	tell(w, "2026-01-05 09:00", "bert", "Product Added", "{\"product_id\":\"p\",\"price\":3}");
	tell(w, "2026-01-05 10:00", "anna", "Order Completed", "{\"order_id\":\"o\",\"total\":5}");
	tell(w, "2026-01-05 11:00", "anna", "Order Completed", "{\"order_id\":\"q\",\"total\":15}");
	CHECK_STR(vec_last(&w->d.enrolments)->reason, "ordered");
	pass_with_mail(w, &p, "2026-01-08 00:00");
	CHECK_STR(vec_last(&w->d.enrolments)->reason, "too late");
	CHECK_INT(vec_last(&w->d.enrolments)->changed.ms, at("2026-01-07 09:00").ms);
	world_free(w);
}

/* ---------------------------------------------------------------- laws */

static uint32_t
dice(uint32_t *seed, uint32_t sides)
{
	*seed = *seed * 1664525u + 1013904223u;
	return (*seed >> 8) % sides;
}

static void
random_life(struct world *w, struct post *p, uint32_t seed, int calls)
{
	static const char *const events[] = {"Product Added", "Product Added", "Product Viewed", "Order Completed"};
	wall now = wall_max(engine_now(w->g), at("2026-01-02 08:00"));
	for (int i = 0; i < calls; i++) {
		char iso[32], when[20], who[24], props[96];
		now = wall_add(now, (msec)dice(&seed, 300) * MINUTE);
		wall_format(now, iso);
		snprintf(when, sizeof(when), "%.10s %.5s", iso, iso + 11);
		pass_with_mail(w, p, when);
		snprintf(who, sizeof(who), dice(&seed, 5) ? "u%u" : "~v%u", dice(&seed, 8));
		if (dice(&seed, 6) == 0) {
			snprintf(who, sizeof(who), "u%u~v%u", dice(&seed, 8), dice(&seed, 8));
			customer(w, when, who);
			continue;
		}
		snprintf(props, sizeof(props), "{\"order_id\":\"o%u\",\"product_id\":\"p%u\",\"total\":%u,\"price\":7}", dice(&seed, 9), dice(&seed, 4), dice(&seed, 90));
		tell(w, when, who, events[dice(&seed, COUNT(events))], props);
	}
}

static uint64_t
digest_at(struct engine *g, const char *when)
{
	engine_settle(g, at(when), NULL);
	return engine_digest(g, NULL, NULL);
}

TEST(a_replay_gives_the_same_state)
{
	for (uint32_t seed = 1; seed <= 12; seed++) {
		struct world *w = world_of("journeys/cart.yaml", cart);
		struct post p = {0};
		random_life(w, &p, seed, 150);
		struct engine *g = engine_fresh(w);
		for (size_t i = 0; i < w->log.len; i++)
			engine_replay(g, &w->log.items[i]);
		if (digest_at(g, "2027-01-01 00:00") != digest_at(w->g, "2027-01-01 00:00"))
			TAP_FAIL("seed %u: the replay differs", seed);
		engine_free(g);
		world_free(w);
	}
}

TEST(rows_and_a_replay_give_the_same_state)
{
	for (uint32_t seed = 1; seed <= 12; seed++) {
		struct world *w = world_of("journeys/cart.yaml", cart);
		struct post p = {0};
		struct arena a;
		struct buf shared = {0};
		struct err e = {0};
		arena_init(&a);
		random_life(w, &p, seed, 80);
		uint64_t position = engine_position(w->g);
		uint32_t n = engine_profile_count(w->g);
		struct profile_row *rows = arena_array(&a, struct profile_row, n + 1);
		engine_shared_save(w->g, &shared);
		for (uint32_t i = 1; i <= n; i++)
			engine_profile_save(w->g, i, &a, &rows[i]);
		random_life(w, &p, seed + 100, 40);
		struct engine *g = engine_fresh(w);
		CHECK(engine_shared_load(g, buf_str(&shared), &e));
		for (uint32_t i = 1; i <= n; i++)
			if (!engine_profile_load(g, &rows[i], &e))
				TAP_FAIL("%s", e.text);
		engine_loaded(g);
		for (size_t i = 0; i < w->log.len; i++)
			if (w->log.items[i].seq > position)
				engine_replay(g, &w->log.items[i]);
		if (digest_at(g, "2027-01-01 00:00") != digest_at(w->g, "2027-01-01 00:00")) {
			TAP_FAIL("seed %u: rows and replay differ", seed);
			for (uint32_t i = 1; i <= engine_profile_count(g); i++) {
				struct buf x = {0}, y = {0};
				engine_profile_dump(w->g, i, &x);
				engine_profile_dump(g, i, &y);
				if (!str_eq(buf_str(&x), buf_str(&y)))
					TAP_FAIL("person %u:\n%s\nagainst\n%s", i, x.ptr, y.ptr);
				buf_release(&x);
				buf_release(&y);
			}
		}
		engine_free(g);
		buf_release(&shared);
		arena_clear(&a);
		world_free(w);
	}
}

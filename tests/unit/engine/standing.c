/* Segments and stages as entries come and as time passes. */
#include "fold.h"

TEST(an_order_makes_a_customer_at_its_instant)
{
	struct world *w = world_new();
	tell(w, "2026-01-05 10:00", "anna", "Product Viewed", NULL);
	CHECK(!is_in(w, "anna", "customer"));
	CHECK_STR(stage_of(w, "anna"), "reach");
	tell(w, "2026-01-05 11:00", "anna", "Order Completed", "{\"order_id\":\"o1\",\"total\":50}");
	CHECK(is_in(w, "anna", "customer"));
	CHECK(is_in(w, "anna", "fresh"));
	CHECK_CSTR(moves_of(w, "anna"), "reach 2026-01-05 10:00, engage 2026-01-05 11:00");
	CHECK_STR(w->d.moves.items[1].reason, "customer became true: Order Completed");
	world_free(w);
}

TEST(time_alone_moves_people_and_dates_the_move)
{
	struct world *w = world_new();
	tell(w, "2026-01-05 10:00", "anna", "Order Completed", "{\"total\":50}");
	pass(w, "2026-01-19 09:59");
	CHECK(is_in(w, "anna", "fresh"));
	pass(w, "2026-01-19 10:00");
	CHECK(!is_in(w, "anna", "fresh"));
	pass(w, "2026-03-01 00:00");
	CHECK(is_in(w, "anna", "lapsed"));
	CHECK_STR(stage_of(w, "anna"), "reach");
	const struct stage_move *m = vec_last(&w->d.moves);
	CHECK(m->when.ms >= at("2026-02-04 10:00").ms && m->when.ms <= at("2026-02-04 10:01").ms);
	CHECK_STR(m->reason, "lapsed became true: time");
	world_free(w);
}

/* Alarms ring meanwhile that do not look at what turns that late. */
TEST(what_turns_in_months_turns_at_its_instant)
{
	struct world *w = world_new();
	tell(w, "2026-01-05 10:00", "anna", "Order Completed", "{\"total\":120}");
	pass(w, "2026-01-19 10:00");
	CHECK(!is_in(w, "anna", "fresh") && is_in(w, "anna", "big") && !is_in(w, "anna", "lapsed"));
	pass(w, "2026-02-05 00:00");
	CHECK(is_in(w, "anna", "lapsed"));
	tell(w, "2026-03-20 10:00", "anna", "Product Viewed", NULL);
	tell(w, "2026-03-20 11:00", "anna", "Product Viewed", NULL);
	pass(w, "2026-04-05 09:59");
	CHECK(is_in(w, "anna", "big") && !is_in(w, "anna", "looking"));
	pass(w, "2026-04-05 10:00");
	CHECK(!is_in(w, "anna", "big"));
	world_free(w);
}

TEST(a_tick_that_comes_late_changes_no_date)
{
	struct world *w = world_new();
	tell(w, "2026-01-05 10:00", "anna", "Product Viewed", NULL);
	tell(w, "2026-01-06 10:00", "anna", "Product Viewed", NULL);
	CHECK_STR(stage_of(w, "anna"), "act");
	tick(w, at("2026-02-20 00:00"));
	CHECK_CSTR(moves_of(w, "anna"), "reach 2026-01-05 10:00, act 2026-01-06 10:00, reach 2026-01-12 10:00");
	world_free(w);
}

TEST(what_comes_late_counts_from_then_on)
{
	struct world *w = world_new();
	tell(w, "2026-01-10 10:00", "anna", "Product Viewed", NULL);
	tell_late(w, "2026-01-11 10:00", "2026-01-09 10:00", "anna", "Product Viewed", NULL);
	CHECK_CSTR(moves_of(w, "anna"), "reach 2026-01-10 10:00, act 2026-01-11 10:00");
	pass(w, "2026-01-16 10:00");
	CHECK_STR(stage_of(w, "anna"), "reach");    /* the earlier of the two left the window */
	world_free(w);
}

TEST(a_cancelled_order_counts_no_more)
{
	struct world *w = world_new();
	tell(w, "2026-01-05 10:00", "anna", "Order Completed", "{\"order_id\":\"o1\",\"total\":120}");
	CHECK(is_in(w, "anna", "big"));
	tell(w, "2026-01-06 10:00", "anna", "Order Cancelled", "{\"order_id\":\"o1\"}");
	CHECK(!is_in(w, "anna", "big"));
	CHECK(!is_in(w, "anna", "customer"));
	CHECK_STR(stage_of(w, "anna"), "reach");
	world_free(w);
}

TEST(traits_consent_and_cart_decide_at_once)
{
	struct world *w = world_new();
	identify(w, "2026-01-05 10:00", "anna", "{\"country\":\"FI\"}");
	CHECK(is_in(w, "anna", "finns"));
	identify(w, "2026-01-05 11:00", "anna", "{\"country\":\"SE\"}");
	CHECK(!is_in(w, "anna", "finns"));
	fold(w, call(w, "2026-01-05 12:00", ENTRY_CONSENT, "anna", NULL, "\"channel\":\"email\",\"granted\":", "true"));
	CHECK(is_in(w, "anna", "permitted"));
	fold(w, call(w, "2026-01-05 13:00", ENTRY_CONSENT, "anna", NULL, "\"channel\":\"email\",\"granted\":", "false"));
	CHECK(!is_in(w, "anna", "permitted"));
	tell(w, "2026-01-05 14:00", "anna", "Product Added", "{\"product_id\":\"p\",\"price\":5,\"quantity\":1}");
	CHECK(is_in(w, "anna", "filled"));
	tell(w, "2026-01-05 15:00", "anna", "Order Completed", "{\"total\":5}");
	CHECK(!is_in(w, "anna", "filled"));
	world_free(w);
}

TEST(a_visitor_becomes_a_known_person)
{
	struct world *w = world_new();
	tell(w, "2026-01-05 10:00", "~v1", "Product Viewed", NULL);
	identify(w, "2026-01-05 10:05", "anna", "{\"country\":\"FI\"}");
	uint32_t visitor = number_of(w, "~v1"), anna = number_of(w, "anna");
	CHECK(visitor && anna && visitor != anna);
	tell(w, "2026-01-05 10:10", "anna~v1", "Product Viewed", NULL);
	CHECK_INT(number_of(w, "~v1"), anna);
	CHECK_INT(engine_forward(w->g, visitor), anna);
	CHECK(is_in(w, "anna", "looking"));    /* both views count */
	CHECK_STR(stage_of(w, "anna"), "act");
	struct buf b = {0};
	CHECK(engine_segment_members(w->g, STR("looking"), &b));
	buf_release(&b);
	struct json_writer j = json_writer_on(&b);
	CHECK(engine_stages_json(w->g, (struct str){0}, &j));
	CHECK(str_find(buf_str(&b), STR("\"stage\":\"reach\",\"label\":\"reach\",\"of_business\":false,\"people\":0"), 0) != SIZE_MAX);
	buf_release(&b);
	world_free(w);
}

TEST(history_dates_stages_as_they_happened)
{
	struct world *w = world_new();
	tell_history(w, "2026-01-05 10:00", "anna", "Order Completed", "{\"total\":5}");
	tell_history(w, "2026-03-20 10:00", "anna", "Product Viewed", NULL);
	CHECK_CSTR(moves_of(w, "anna"), "engage 2026-01-05 10:00, reach 2026-02-04 10:00");
	CHECK_INT(w->d.messages.len, 0);
	world_free(w);
}

TEST(somebody_erased_is_in_no_set)
{
	struct world *w = world_new();
	tell(w, "2026-01-05 10:00", "anna", "Order Completed", "{\"total\":120}");
	uint32_t anna = number_of(w, "anna");
	struct entry en = {.at = at("2026-01-06 10:00"), .kind = ENTRY_ERASE, .trust = TRUST_SELF};
	char text[40];
	snprintf(text, sizeof(text), "{\"profile\":%u}", anna);
	body_of(w, &en, str_of(text));
	fold(w, en);
	CHECK_INT(number_of(w, "anna"), 0);
	struct buf b = {0};
	engine_profile_dump(w->g, anna, &b);
	CHECK(str_find(buf_str(&b), STR("616e6e61"), 0) == SIZE_MAX);    /* "anna" */
	buf_release(&b);
	pass(w, "2026-06-01 00:00");
	tell(w, "2026-06-02 10:00", "anna", "Product Viewed", NULL);
	CHECK(number_of(w, "anna") != anna && number_of(w, "anna") != 0);
	world_free(w);
}

TEST(an_alarm_backlog_is_worked_off_in_slices)
{
	struct world *w = world_new();
	enum { MANY = LIMIT_ALARMS_PER_TICK + 40 };
	char who[16];
	for (int i = 0; i < MANY; i++) {
		snprintf(who, sizeof(who), "p%d", i);
		tell(w, "2026-01-05 10:00", who, "Order Completed", "{\"total\":5}");
	}
	char last[16], before_last[16];
	snprintf(last, sizeof(last), "p%d", MANY - 1);
	snprintf(before_last, sizeof(before_last), "p%d", MANY - 2);
	wall due = at("2026-01-19 10:00");
	tick(w, due);
	CHECK_INT(engine_backlog(w->g, due), 40);
	CHECK_INT(engine_next_wake(w->g).ms, due.ms);
	CHECK(is_in(w, last, "fresh"));    /* sets lag by the alarms still due … */
	tell(w, "2026-01-19 10:00", last, "Product Viewed", NULL);
	CHECK(!is_in(w, last, "fresh"));   /* … a person who is touched does not */
	tick(w, due);
	CHECK_INT(engine_backlog(w->g, due), 0);
	CHECK(!is_in(w, before_last, "fresh"));
	world_free(w);
}

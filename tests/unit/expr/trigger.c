/* What starts journeys: which events pass, and when dates and schedules fire. */
#include "tests/tap.h"
#include "tests/unit/expr/lang.h"
#include "tests/unit/expr/random.h"
#include "tests/unit/expr/world.h"
#include "base/civil.h"
#include "base/clock.h"
#include "event/entry.h"

struct rig {
	struct arena a;
	struct tz_set *zones;
	struct expr_scope scope;
	struct naive_world naive;
	struct features *f;
	const struct trigger *t;
	struct world world;
	struct err e;
};

static const struct json *
json(struct rig *r, const char *text)
{
	const struct json *j = NULL;
	if (!json_parse_arena(&r->a, str_of(text), &j, &r->e))
		TAP_FAIL("%s: %s", text, r->e.text);
	return j;
}

static bool
rig(struct rig *r, const char *text, const char *zone, const char *traits)
{
	const struct expr *x;
	*r = (struct rig){0};
	arena_init(&r->a);
	r->zones = tz_set_new(tz_source_system());
	r->scope = (struct expr_scope){.place = PLACE_ENTRY, .vocabulary = shop_vocabulary(), .zones = r->zones};
	r->naive = (struct naive_world){.vocabulary = r->scope.vocabulary, .zone = tz_find(r->zones, str_of(zone)), .traits = json(r, traits)};
	r->f = features_new(&r->a, r->scope.vocabulary);
	bool ok = expr_parse(&r->a, EXPR_TRIGGER, str_of(text), AT_START, &x, &r->e) && expr_check(x, &r->scope, TYPE_UNKNOWN, NULL, &r->e) &&
	    trigger_compile(&r->a, x, &r->scope, r->f, &r->t, &r->e);
	if (!ok)
		TAP_FAIL("%s: %s", text, r->e.text);
	world_init(&r->world, r->f, &r->naive);
	return ok;
}

static void
rig_clear(struct rig *r)
{
	world_clear(&r->world);
	tz_set_free(r->zones);
	arena_clear(&r->a);
}

static bool
matches(struct rig *r, const char *properties, const struct moment *m)
{
	struct event_view ev = {.kind = ENTRY_TRACK, .name = STR("Order Completed"), .time = {1767225600000}, .seq = 9, .properties = json(r, properties)};
	return trigger_matches(r->t, &ev, &r->world.facts, m, ev.time, &r->world.scratch);
}

TEST(an_event_trigger_listens_to_kind_and_name_and_asks_its_where)
{
	struct rig r;
	int kind;
	struct str name;
	NEED(rig(&r, "track \"Order Completed\" where (total >= 50 and coupon is missing)", "Etc/UTC", "{}"));
	CHECK_INT(trigger_kind(r.t), TRIGGER_EVENT);
	trigger_event(r.t, &kind, &name);
	CHECK_INT(kind, ENTRY_TRACK);
	CHECK_STR(name, "Order Completed");
	CHECK(!trigger_by_account(r.t));
	CHECK(matches(&r, "{\"total\":50}", NULL));
	CHECK(!matches(&r, "{\"total\":49.99}", NULL));
	CHECK(!matches(&r, "{\"total\":80,\"coupon\":\"X\"}", NULL));
	CHECK(!matches(&r, "{}", NULL));
	rig_clear(&r);
}

TEST(a_where_may_compare_with_the_trigger_of_the_enrolment)
{
	struct rig r;
	NEED(rig(&r, "track \"Order Completed\" where (order_id = trigger.order_id)", "Etc/UTC", "{}"));
	struct event_view began = {.kind = ENTRY_TRACK, .name = STR("Order Completed"), .properties = json(&r, "{\"order_id\":\"o-1\"}")};
	CHECK(matches(&r, "{\"order_id\":\"o-1\"}", &(struct moment){.trigger = &began}));
	CHECK(!matches(&r, "{\"order_id\":\"o-2\"}", &(struct moment){.trigger = &began}));
	CHECK(matches(&r, "{\"order_id\":\"o-2\"}", NULL)); /* at the entry the event is its own trigger */
	rig_clear(&r);
}

TEST(items_of_the_event_in_hand_can_be_asked)
{
	struct rig r;
	NEED(rig(&r, "track \"Order Completed\" where (any products where (category = \"coffee\" and price > 20))", "Etc/UTC", "{}"));
	CHECK(matches(&r, "{\"products\":[{\"category\":\"tea\",\"price\":30},{\"category\":\"coffee\",\"price\":24}]}", NULL));
	CHECK(!matches(&r, "{\"products\":[{\"category\":\"tea\",\"price\":30},{\"category\":\"coffee\",\"price\":14}]}", NULL));
	rig_clear(&r);
}

TEST(a_change_has_two_sides_and_words_have_an_order)
{
	struct rig r;
	NEED(rig(&r, "change of trait.tier where (to > from)", "Etc/UTC", "{}"));
	const struct fact_path *p = trigger_change_path(r.t);
	CHECK_INT(trigger_kind(r.t), TRIGGER_CHANGE);
	CHECK_INT(p->root, FACT_TRAIT);
	CHECK_INT(p->n, 1);
	CHECK_STR(p->steps[0], "tier");
	struct moment up = {.change_from = json(&r, "\"silver\""), .change_to = json(&r, "\"gold\"")};
	struct moment down = {.change_from = up.change_to, .change_to = up.change_from};
	CHECK(trigger_matches(r.t, NULL, &r.world.facts, &up, (wall){0}, &r.world.scratch));
	CHECK(!trigger_matches(r.t, NULL, &r.world.facts, &down, (wall){0}, &r.world.scratch));
	CHECK(matches(&r, "{\"from\":\"bronze\",\"to\":\"silver\"}", NULL));
	rig_clear(&r);
}

TEST(a_price_that_drops_is_a_change_of_the_catalogue)
{
	struct rig r;
	struct str kind;
	NEED(rig(&r, "change of product.price where (to <= 0.9 * from)", "Etc/UTC", "{}"));
	CHECK(trigger_change_is_catalogue(r.t, &kind));
	CHECK_STR(kind, "product");
	CHECK(matches(&r, "{\"from\":100,\"to\":90}", NULL));
	CHECK(!matches(&r, "{\"from\":100,\"to\":90.01}", NULL));
	rig_clear(&r);
}

TEST(becomes_hands_out_its_condition)
{
	struct rig r;
	NEED(rig(&r, "becomes count \"Order Completed\" >= 2", "Etc/UTC", "{}"));
	CHECK_INT(trigger_kind(r.t), TRIGGER_BECOMES);
	CHECK(trigger_condition(r.t) != NULL);
	CHECK_INT(cond_streams(trigger_condition(r.t)).n, 1);
	rig_clear(&r);
}

static const struct {
	const char *text, *zone, *after, *expected;
} next_cases[] = {
    {"date 90d before trait.member_until at 09:00", "Europe/Helsinki", "2025-12-01T00:00:00Z", "2025-12-31T07:00:00.000Z"},
    {"date 90d before trait.member_until at 09:00", "Europe/Helsinki", "2025-12-31T07:00:00Z", "never"},
    {"date trait.nothing at 09:00", "Etc/UTC", "2026-01-01T00:00:00Z", "never"},
    {"date anniversary of trait.birthday at 09:00", "Europe/Helsinki", "2026-02-28T06:59:59Z", "2026-02-28T07:00:00.000Z"},
    {"date anniversary of trait.birthday at 09:00", "Europe/Helsinki", "2026-02-28T07:00:00Z", "2027-02-28T07:00:00.000Z"},
    {"date anniversary of trait.birthday at 09:00", "Europe/Helsinki", "2027-03-01T00:00:00Z", "2028-02-29T07:00:00.000Z"},
    {"date 14d before anniversary of trait.birthday at 09:00", "Etc/UTC", "2026-02-20T00:00:00Z", "2027-02-14T09:00:00.000Z"},
    {"date 10d after anniversary of trait.birthday at 09:00", "Etc/UTC", "2026-03-02T00:00:00Z", "2026-03-10T09:00:00.000Z"},
    {"schedule every day at 10:00", "America/New_York", "2026-03-07T16:00:00Z", "2026-03-08T14:00:00.000Z"},
    {"schedule every day at 10:00 in \"Europe/Berlin\"", "America/New_York", "2026-03-07T16:00:00Z", "2026-03-08T09:00:00.000Z"},
    {"schedule every monday at 10:00", "Etc/UTC", "2026-03-02T10:00:00Z", "2026-03-09T10:00:00.000Z"},
    {"schedule every workday at 10:00", "Etc/UTC", "2026-03-06T10:00:00Z", "2026-03-09T10:00:00.000Z"},
    {"schedule first tuesday of month at 10:00", "Etc/UTC", "2026-03-03T09:59:59Z", "2026-03-03T10:00:00.000Z"},
    {"schedule first tuesday of month at 10:00", "Etc/UTC", "2026-03-03T10:00:00Z", "2026-04-07T10:00:00.000Z"},
    {"schedule 2nd workday of month at 10:00", "Etc/UTC", "2026-01-31T00:00:00Z", "2026-02-03T10:00:00.000Z"},
    {"schedule last friday of month at 10:00", "Etc/UTC", "2026-02-01T00:00:00Z", "2026-02-27T10:00:00.000Z"},
    {"schedule last workday of month at 10:00", "Etc/UTC", "2026-01-15T00:00:00Z", "2026-01-30T10:00:00.000Z"},
    {"schedule day 31 of month at 10:00", "Etc/UTC", "2026-01-31T10:00:00Z", "2026-03-31T10:00:00.000Z"},
    {"schedule 2026-09-01 at 10:00", "Etc/UTC", "2026-03-01T00:00:00Z", "2026-09-01T10:00:00.000Z"},
    {"schedule 2026-09-01 at 10:00", "Etc/UTC", "2026-09-01T10:00:00Z", "never"},
};

TEST(dates_and_schedules_fire_at_their_next_instant)
{
	for (size_t i = 0; i < COUNT(next_cases); i++) {
		struct rig r;
		wall after;
		char got[32] = "never";
		if (!rig(&r, next_cases[i].text, next_cases[i].zone, "{\"member_until\":\"2026-03-31\",\"birthday\":\"1992-02-29\"}"))
			continue;
		NEED(wall_parse(str_of(next_cases[i].after), &after));
		wall t = trigger_next(r.t, &r.world.facts, after, &r.world.scratch);
		if (t.ms != INT64_MAX)
			got[wall_format(t, got)] = 0;
		if (strcmp(got, next_cases[i].expected))
			TAP_FAIL("%s after %s: %s, expected %s", next_cases[i].text, next_cases[i].after, got, next_cases[i].expected);
		rig_clear(&r);
	}
}

TEST(a_late_date_knows_what_it_leads_up_to)
{
	struct rig r;
	wall target, want;
	NEED(rig(&r, "date 90d before trait.member_until at 09:00", "Etc/UTC", "{\"member_until\":\"2026-03-31\"}"));
	wall t = trigger_date(r.t, &r.world.facts, &r.world.scratch, &target);
	NEED(wall_parse(STR("2025-12-31T09:00:00Z"), &want));
	CHECK_INT(t.ms, want.ms);
	NEED(wall_parse(STR("2026-03-31"), &want));
	CHECK_INT(target.ms, want.ms);
	rig_clear(&r);
	NEED(rig(&r, "date anniversary of trait.birthday at 09:00", "Etc/UTC", "{\"birthday\":\"1992-02-29\"}"));
	CHECK_INT(trigger_date(r.t, &r.world.facts, &r.world.scratch, &target).ms, INT64_MIN);
	rig_clear(&r);
}

/* Waits and clocks: what they name, over weekends, holidays and the nights when the clocks change. */
#include "tests/tap.h"
#include "tests/unit/expr/lang.h"
#include "tests/unit/expr/random.h"
#include "tests/unit/expr/world.h"
#include "base/civil.h"
#include "base/clock.h"

static struct arena a;
static struct tz_set *zones;

static wall
at(const char *local, const char *zone)
{
	wall t = {0};
	if (!wall_parse(str_of(local), &t))
		TAP_FAIL("no time: %s", local);
	struct civil c = civil_of_utc(t);
	return civil_to_wall(tz_find(zones, str_of(zone)), &c);
}

static const char *
shown_at(wall t, const char *zone)
{
	if (t.ms == INT64_MIN)
		return "before all";
	if (t.ms == INT64_MAX)
		return "never";
	struct civil c = civil_of(tz_find(zones, str_of(zone)), t);
	return arena_cstr(&a, arena_printf(&a, "%04d-%02d-%02d %02d:%02d:%02d", c.year, c.month, c.day, c.hour, c.minute, c.second));
}

static bool
may_day(void *self, int64_t day)
{
	(void)self;
	return day == civil_days(2026, 5, 1);
}

static const char *
answer(enum expr_form form, const char *text, const char *zone, const char *from, const char *traits)
{
	struct expr_scope scope = {.place = PLACE_STEP, .vocabulary = shop_vocabulary(), .zones = zones};
	struct naive_world naive = {.vocabulary = scope.vocabulary, .zone = tz_find(zones, str_of(zone))};
	const struct expr *x;
	const struct when *w;
	struct err e = {0};
	struct world world;
	if (!json_parse_arena(&a, str_of(traits), &naive.traits, &e) || !expr_parse(&a, form, str_of(text), AT_START, &x, &e) ||
	    !expr_check(x, &scope, TYPE_UNKNOWN, NULL, &e))
		return arena_cstr(&a, str_of(e.text));
	struct features *f = features_new(&a, scope.vocabulary);
	if (!when_compile(&a, x, &scope, f, &w, &e))
		return arena_cstr(&a, str_of(e.text));
	world_init(&world, f, &naive);
	world.facts.holiday = may_day;
	world.now = at(from, zone);
	const char *r = shown_at(when_next(w, &world.facts, NULL, world.now, &world.scratch), zone);
	world_clear(&world);
	return r;
}

static const struct {
	enum expr_form form;
	const char *text, *zone, *from, *expected;
} cases[] = {
    /* lengths: days and weeks keep the clock, hours do not; 29 March 2026 has 23 hours in Helsinki */
    {EXPR_WAIT, "2d", "Europe/Helsinki", "2026-03-28T10:00", "2026-03-30 10:00:00"},
    {EXPR_WAIT, "48h", "Europe/Helsinki", "2026-03-28T10:00", "2026-03-30 11:00:00"},
    {EXPR_WAIT, "1w", "Europe/Helsinki", "2026-10-24T10:00", "2026-10-31 10:00:00"},
    {EXPR_WAIT, "1.5d", "Etc/UTC", "2026-03-02T10:00", "2026-03-03 22:00:00"},
    {EXPR_WAIT, "15min", "Etc/UTC", "2026-03-02T10:00", "2026-03-02 10:15:00"},
    {EXPR_WAIT, "0.5 * 2d", "Europe/Helsinki", "2026-03-28T10:00", "2026-03-29 11:00:00"},
    {EXPR_WAIT, "1mo", "Etc/UTC", "2026-01-31T10:00", "2026-02-28 10:00:00"},
    {EXPR_WAIT, "1y", "Etc/UTC", "2028-02-29T10:00", "2029-02-28 10:00:00"},
    {EXPR_WAIT, "1 workday", "Etc/UTC", "2026-03-06T10:00", "2026-03-09 10:00:00"},
    {EXPR_WAIT, "1 workday", "Etc/UTC", "2026-04-30T10:00", "2026-05-04 10:00:00"},
    {EXPR_WAIT, "3 workdays", "Etc/UTC", "2026-03-07T10:00", "2026-03-11 10:00:00"},
    {EXPR_WAIT, "0.85 * usual gap of \"Order Completed\"", "Etc/UTC", "2026-03-02T10:00", "before all"},
    {EXPR_WAIT, "0.85 * usual gap of \"Order Completed\" otherwise 30d", "Etc/UTC", "2026-03-02T10:00", "2026-03-27 22:00:00"},
    /* clocks: the first such time, now included */
    {EXPR_WAIT, "until 10:00", "Etc/UTC", "2026-03-02T10:00", "2026-03-02 10:00:00"},
    {EXPR_WAIT, "until 10:00", "Etc/UTC", "2026-03-02T10:01", "2026-03-03 10:00:00"},
    {EXPR_WAIT, "until tuesday 10:00", "Etc/UTC", "2026-03-02T10:00", "2026-03-03 10:00:00"},
    {EXPR_WAIT, "until tuesday 10:00", "Etc/UTC", "2026-03-03T10:00", "2026-03-03 10:00:00"},
    {EXPR_WAIT, "until tuesday 10:00", "Etc/UTC", "2026-03-03T10:00:01", "2026-03-10 10:00:00"},
    {EXPR_WAIT, "until tomorrow 08:00", "Etc/UTC", "2026-03-02T07:00", "2026-03-03 08:00:00"},
    {EXPR_WAIT, "until weekend 09:00", "Etc/UTC", "2026-03-04T12:00", "2026-03-07 09:00:00"},
    {EXPR_AT, "workday 09:00", "Etc/UTC", "2026-03-07T12:00", "2026-03-09 09:00:00"},
    {EXPR_AT, "workday 09:00", "Etc/UTC", "2026-04-30T12:00", "2026-05-04 09:00:00"},
    {EXPR_AT, "03:30", "Europe/Helsinki", "2026-03-29T00:00", "2026-03-29 04:00:00"}, /* the clock goes from 03:00 to 04:00 */
    {EXPR_AT, "10:00", "America/New_York", "2026-03-07T18:00", "2026-03-08 10:00:00"},
    /* moments */
    {EXPR_AT, "12h", "Etc/UTC", "2026-03-02T10:00", "2026-03-02 22:00:00"},
    {EXPR_AT, "end of day", "Europe/Helsinki", "2026-03-02T10:00", "2026-03-03 00:00:00"},
    {EXPR_AT, "2026-09-01 at 09:00", "Asia/Kolkata", "2026-03-02T10:00", "2026-09-01 09:00:00"},
    {EXPR_AT, "7d before trait.member_until", "Europe/Helsinki", "2026-03-02T10:00", "2026-03-24 00:00:00"},
    {EXPR_AT, "7d before trait.member_until at 09:00", "Europe/Helsinki", "2026-03-02T10:00", "2026-03-24 09:00:00"},
    {EXPR_AT, "1mo after trait.member_until at 09:00", "Europe/Helsinki", "2026-03-02T10:00", "2026-04-30 09:00:00"},
    {EXPR_AT, "7d before trait.nothing at 09:00", "Etc/UTC", "2026-03-02T10:00", "before all"},
    {EXPR_WAIT, "until trait.member_until at 18:00", "Etc/UTC", "2026-03-02T10:00", "2026-03-31 18:00:00"},
};

TEST(every_wait_names_its_instant)
{
	zones = tz_set_new(tz_source_system());
	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *got = answer(cases[i].form, cases[i].text, cases[i].zone, cases[i].from, "{\"member_until\":\"2026-03-31\"}");
		if (strcmp(got, cases[i].expected))
			TAP_FAIL("%s from %s: %s, expected %s", cases[i].text, cases[i].from, got, cases[i].expected);
	}
	tz_set_free(zones);
	arena_clear(&a);
}

#include "base/civil.h"
#include "base/clock.h"
#include "base/str.h"
#include "tap.h"
#include <stdlib.h>

static wall
at(const char *s)
{
	wall t = {0};
	if (!wall_parse(str_of(s), &t))
		TAP_FAIL("not a time: %s", s);
	return t;
}
#define CHECK_WALL(got, want)                                         \
	do {                                                          \
		char got_[32];                                        \
		wall_format((got), got_);                             \
		CHECK_CSTR(got_, want);                               \
	} while (0)

static const struct tz *
zone(const char *name)
{
	static struct tz_set *set;
	if (!set)
		set = tz_set_new(tz_source_system());
	return tz_find(set, str_of(name));
}

TEST(days_and_dates_are_inverse)
{
	struct civil c;
	for (int64_t d = -800000; d < 3000000; d += 13) {
		civil_of_days(d, &c);
		NEED(civil_days(c.year, c.month, c.day) == d);
	}
	CHECK_INT(civil_days(1970, 1, 1), 0);
	CHECK_INT(civil_days(2000, 2, 29), 11016);
	CHECK_INT(civil_weekday(civil_days(2026, 11, 25)), 2);
	CHECK_INT(civil_weekday(civil_days(1969, 12, 28)), 6);
}

TEST(iso_8601_as_the_sdks_send_it)
{
	CHECK_WALL(at("2026-03-02"), "2026-03-02T00:00:00.000Z");
	CHECK_WALL(at("2026-03-02T17:00:00Z"), "2026-03-02T17:00:00.000Z");
	CHECK_WALL(at("2026-03-02T17:00:00.1234567Z"), "2026-03-02T17:00:00.123Z");
	CHECK_WALL(at("2026-03-02 17:00:00+02:00"), "2026-03-02T15:00:00.000Z");
	CHECK_WALL(at("2026-03-02T17:00:00-0330"), "2026-03-02T20:30:00.000Z");
	CHECK_WALL(at("2016-12-31T23:59:60Z"), "2016-12-31T23:59:59.999Z");
	static const char *const bad[] = {"", "2026", "2026-13-01", "2026-02-29", "2026-03-02T25:00:00Z", "0000-01-01",
	    "2026-03-02T17:00:00.Z", "2026-03-02T17:00:00Zx", "2026-03-02Tx", "2026-3-2", "2026-03-02T17:00:00+99:00"};
	wall t;
	for (size_t i = 0; i < COUNT(bad); i++)
		if (wall_parse(str_of(bad[i]), &t))
			TAP_FAIL("taken for a time: %s", bad[i]);
}

TEST(gaps_and_overlaps)
{
	const struct tz *paris = zone("Europe/Paris");
	if (!paris)
		SKIP("no zone files on this machine");
	struct civil gap = {.year = 2026, .month = 3, .day = 29, .hour = 2, .minute = 30};
	CHECK_WALL(civil_to_wall(paris, &gap), "2026-03-29T01:00:00.000Z");
	struct civil twice = {.year = 2026, .month = 10, .day = 25, .hour = 2, .minute = 30};
	CHECK_WALL(civil_to_wall(paris, &twice), "2026-10-25T00:30:00.000Z");
	CHECK_WALL(tz_day_end(paris, at("2026-03-29T10:00:00Z")), "2026-03-29T22:00:00.000Z");
	CHECK_WALL(tz_add_days(paris, at("2026-03-28T09:00:00Z"), 1), "2026-03-29T08:00:00.000Z");
	CHECK_WALL(tz_add_months(paris, at("2026-01-31T11:00:00Z"), 1), "2026-02-28T11:00:00.000Z");
	CHECK_WALL(tz_next_clock(paris, at("2026-03-28T23:00:00Z"), 8 * 60), "2026-03-29T06:00:00.000Z");
	CHECK_WALL(tz_next_clock(paris, at("2026-03-29T06:00:00Z"), 8 * 60), "2026-03-29T06:00:00.000Z");
}

TEST(the_footer_rule_holds_for_ever)
{
	const struct tz *ny = zone("America/New_York"), *sydney = zone("Australia/Sydney");
	wall until;
	if (!ny || !sydney)
		SKIP("no zone files on this machine");
	CHECK_INT(tz_offset(ny, at("2199-07-01T00:00:00Z"), &until), -4 * 3600);
	CHECK_WALL(until, "2199-11-03T06:00:00.000Z");
	CHECK_INT(tz_offset(sydney, at("2199-01-01T00:00:00Z"), &until), 11 * 3600);
	CHECK(until.ms > at("2199-01-01").ms);
	CHECK_INT(tz_offset(tz_utc(), at("2026-01-01"), &until), 0);
	CHECK(until.ms == WALL_NEVER.ms);
}

TEST(names_lead_nowhere_else)
{
	CHECK(zone("../../../etc/passwd") == NULL);
	CHECK(zone("/etc/passwd") == NULL);
	CHECK(zone("Europe/Atlantis") == NULL);
	CHECK(zone("") == NULL);
	CHECK(zone("UTC") == tz_utc());
}

TEST(broken_zone_files_are_refused)
{
	struct arena a;
	struct err e;
	const struct tz *z = NULL;
	char junk[200] = "TZif2";
	arena_init(&a);
	memset(junk + 5, 0xFF, sizeof(junk) - 5);
	CHECK(!tz_parse(&a, STR("X"), (struct str){junk, sizeof(junk)}, &z, &e));
	CHECK(!tz_parse(&a, STR("X"), (struct str){junk, 3}, &z, &e));
	CHECK(z == NULL);
	arena_clear(&a);
}

/* moment-timezone's table of transitions: a second opinion on every zone since 1970. */
TEST(offsets_agree_with_moment_timezone)
{
	const char *shared = getenv("PERENNIAL_SHARED");
	char command[512], line[256];
	snprintf(command, sizeof(command), "gzip -dc '%s/data/timezones/tz_transitions.csv.gz' 2>/dev/null",
	    shared ? shared : "../shared");
	FILE *in = popen(command, "r");
	long rows = 0, wrong = 0;
	while (in && fgets(line, sizeof(line), in)) {
		struct str s = str_of(line);
		char name[80];
		snprintf(name, sizeof(name), "%.*s", STR_ARGS(str_cut(&s, ',')));
		struct str when = str_cut(&s, ',');
		str_cut(&s, ','), str_cut(&s, ',');
		struct str west = str_trim(s);
		int64_t minutes;
		wall t;
		if (!wall_parse(when, &t) || t.ms < 0 || t.ms > at("2037-12-31").ms || !str_to_int(west, &minutes))
			continue;
		const struct tz *z = zone(name);
		if (!z)
			continue;
		rows++;
		wrong += tz_offset(z, t, NULL) != -minutes * 60;
	}
	if (in)
		pclose(in);
	if (!rows)
		SKIP("../shared/data/timezones is not there");
	/* The tables are of another release than the system's; WET and EET were redefined in between. */
	if (wrong * 1000 > rows)
		TAP_FAIL("%ld of %ld offsets differ", wrong, rows);
}

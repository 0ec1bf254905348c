#include "measure/measure.h"
#include "tap.h"

enum { TODAY = 20000 };

static sqlite3 *
workspace(const char *touches)
{
	sqlite3 *db;
	if (sqlite3_open(":memory:", &db) != SQLITE_OK ||
	    sqlite3_exec(db, "create table touch (day integer, activity text, kind text, profile integer);"
			     "create table plain (kind text, key text, value text, changed integer);"
			     "create table stage_move (model text, from_stage text, to_stage text, at integer);", NULL, NULL, NULL) != SQLITE_OK ||
	    sqlite3_exec(db, touches, NULL, NULL, NULL) != SQLITE_OK)
		TAP_FAIL("%s", sqlite3_errmsg(db));
	return db;
}

static struct activity_def activities[] = {
    {.id = STR_INIT("welcome"), .stage = STR_INIT("act"), .channel = STR_INIT("email"), .market = STR_INIT("both"), .runs_here = STR_INIT("journey")},
    {.id = STR_INIT("cart"), .stage = STR_INIT("convert"), .channel = STR_INIT("email"), .market = STR_INIT("b2c"), .runs_here = STR_INIT("journey"),
	.needs = STR_INIT("Product Added")},
    {.id = STR_INIT("paid"), .stage = STR_INIT("reach"), .channel = STR_INIT("search_paid"), .market = STR_INIT("both"), .runs_here = STR_INIT("no")},
    {.id = STR_INIT("demo"), .stage = STR_INIT("act"), .channel = STR_INIT("email"), .market = STR_INIT("b2b"), .runs_here = STR_INIT("journey")},
    {.id = STR_INIT("lifecycle_model"), .stage = STR_INIT("plan"), .channel = STR_INIT("strategy"), .market = STR_INIT("both"),
	.runs_here = STR_INIT("definition")},
};
static struct journey_def journeys[] = {{.name = STR_INIT("hello"), .activity = STR_INIT("welcome")}};
static struct evidence_def evidence[] = {{.activity = STR_INIT("paid"), .at_least_people = 2, .spread_days = 2}};
static struct program program = {.activities = activities, .n_activities = COUNT(activities), .journeys = journeys, .n_journeys = 1,
    .evidence = evidence, .n_evidence = 1};

static struct gap_row
cell(const char *touches, const char *id, const char *market)
{
	static struct arena a;
	struct gap_map map;
	struct gap_row none = {.status = GAP_STATUS_COUNT};
	struct err e;
	sqlite3 *db = workspace(touches);
	arena_clear(&a);
	if (!measure_gap(db, &program, str_of(market), TODAY, &a, &map, &e))
		TAP_FAIL("%s", e.text);
	sqlite3_close(db);
	for (size_t i = 0; i < map.n; i++)
		if (str_eq(map.rows[i].activity->id, str_of(id)))
			return map.rows[i];
	return none;
}

#define CHECK_STATUS(touches, id, want) CHECK_CSTR(gap_status_text(cell(touches, id, "b2c").status), gap_status_text(want))

TEST(what_reached_people_runs)
{
	const char *runs = "insert into touch values (19990,'welcome','eligible',1),(19990,'welcome','eligible',2),(19991,'welcome','reached',1)";
	struct gap_row r = cell(runs, "welcome", "b2c");
	CHECK_CSTR(gap_status_text(r.status), "running");
	CHECK_INT(r.eligible, 2);
	CHECK_INT(r.reached, 1);
	CHECK_INT(r.last_day, 19991);
	CHECK_STR(r.by, "hello");
}

TEST(a_person_counts_once_however_often_touched)
{
	struct gap_row r = cell("insert into touch values (19990,'welcome','eligible',1),(19991,'welcome','eligible',1),(19992,'welcome','eligible',1)",
	    "welcome", "b2c");
	CHECK_INT(r.eligible, 1);
}

TEST(what_reaches_few_of_the_eligible_is_weak)
{
	char touches[2000] = "insert into touch values (19990,'welcome','reached',1)";
	for (int i = 1; i <= 10; i++)
		snprintf(touches + strlen(touches), sizeof(touches) - strlen(touches), ",(19990,'welcome','eligible',%d)", i);
	CHECK_STATUS(touches, "welcome", GAP_WEAK);
}

TEST(live_without_anybody_due_is_no_gap)
{
	CHECK_STATUS("", "welcome", GAP_QUIET);
}

TEST(nobody_does_it_and_we_could)
{
	struct gap_row r = cell("insert into touch values (19990,'cart','eligible',1)", "cart", "b2c");
	CHECK_CSTR(gap_status_text(r.status), "gap");
	CHECK_INT(r.eligible, 1);
	CHECK_STR(r.note, "Product Added");
}

TEST(evidence_needs_enough_people_on_enough_days)
{
	CHECK_STATUS("insert into touch values (19990,'paid','elsewhere',1)", "paid", GAP_OUTSIDE);
	CHECK_STATUS("insert into touch values (19990,'paid','elsewhere',1),(19990,'paid','elsewhere',2)", "paid", GAP_OUTSIDE);
	CHECK_STATUS("insert into touch values (19990,'paid','elsewhere',1),(19991,'paid','elsewhere',2)", "paid", GAP_ELSEWHERE);
}

TEST(what_is_older_than_the_window_does_not_count)
{
	CHECK_STATUS("insert into touch values (19970,'welcome','reached',1),(19970,'welcome','eligible',1)", "welcome", GAP_QUIET);
	CHECK_STATUS("insert into touch values (19971,'welcome','reached',1),(19971,'welcome','eligible',1)", "welcome", GAP_RUNNING);
}

TEST(the_user_may_switch_an_activity_off_with_a_reason)
{
	struct gap_row r = cell("insert into plain values ('not_applicable','cart','{\"reason\":\"we sell by contract\"}',0)", "cart", "b2c");
	CHECK_CSTR(gap_status_text(r.status), "not applicable");
	CHECK_STR(r.note, "we sell by contract");
}

TEST(markets_are_kept_apart)
{
	CHECK_INT(cell("", "demo", "b2c").status, GAP_STATUS_COUNT);
	CHECK_CSTR(gap_status_text(cell("", "demo", "b2b").status), "gap");
	CHECK_CSTR(gap_status_text(cell("", "demo", "").status), "gap");
}

TEST(documents_carry_out_planning)
{
	CHECK_STATUS("", "lifecycle_model", GAP_GAP);
	program.n_models = 1;
	CHECK_STATUS("", "lifecycle_model", GAP_RUNNING);
	program.n_models = 0;
}

TEST(moves_are_counted_by_month)
{
	struct arena a;
	struct moves m;
	struct err e;
	arena_init(&a);
	sqlite3 *db = workspace("insert into stage_move values ('race','','reach',1767225600000),('race','','reach',1767225600001),"
				"('race','reach','act',1769904000000),('other','a','b',1767225600000)");
	NEED(measure_moves(db, STR("race"), WALL_BEFORE_ALL, WALL_NEVER, &a, &m, &e));
	CHECK_INT(m.n, 2);
	CHECK_INT(m.items[0].n, 2);
	CHECK_INT(m.items[0].month, 2026 * 12);
	CHECK_STR(m.items[1].to, "act");
	sqlite3_close(db);
	arena_clear(&a);
}

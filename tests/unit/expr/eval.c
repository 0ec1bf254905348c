/* Values and expiries of single conditions over written histories: when exactly does each turn? */
#include "tests/tap.h"
#include "tests/unit/expr/lang.h"
#include "tests/unit/expr/random.h"
#include "tests/unit/expr/world.h"
#include "base/civil.h"
#include "base/clock.h"
#include "event/entry.h"

enum { EVENTS_MOST = 16 };

struct rig {
	struct arena a;
	struct tz_set *zones;
	struct expr_scope scope;
	struct naive_world naive;
	struct event_view events[EVENTS_MOST];
	struct moment moment;
	struct features *f;
	struct world world;
	bool worldly;
};

static void
rig(struct rig *r, const char *zone)
{
	*r = (struct rig){0};
	arena_init(&r->a);
	r->zones = tz_set_new(tz_source_system());
	r->scope = (struct expr_scope){.place = PLACE_STEP, .vocabulary = shop_vocabulary()};
	r->naive = (struct naive_world){.vocabulary = r->scope.vocabulary, .zone = tz_find(r->zones, str_of(zone)), .events = r->events, .moment = &r->moment};
	r->f = features_new(&r->a, r->scope.vocabulary);
}

static void
rig_clear(struct rig *r)
{
	if (r->worldly)
		world_clear(&r->world);
	tz_set_free(r->zones);
	arena_clear(&r->a);
}

static wall
at(const char *text)
{
	wall t = {0};
	if (!wall_parse(str_of(text), &t))
		TAP_FAIL("no time: %s", text);
	return t;
}

static const struct json *
json(struct rig *r, const char *text)
{
	const struct json *j = NULL;
	struct err e = {0};
	if (!json_parse_arena(&r->a, str_of(text), &j, &e))
		TAP_FAIL("%s: %s", text, e.text);
	return j;
}

static void
add(struct rig *r, const char *time, const char *name, const char *properties)
{
	size_t n = r->naive.n_events++;
	ASSERT(n < EVENTS_MOST);
	r->events[n] = (struct event_view){.kind = ENTRY_TRACK, .name = str_of(name), .time = at(time), .seq = n + 1, .properties = json(r, properties)};
}

static const struct cond *
condition_of(struct rig *r, enum expr_form form, const char *text)
{
	const struct expr *x;
	const struct cond *c = NULL;
	struct err e = {0};
	if (!expr_parse(&r->a, form, str_of(text), AT_START, &x, &e) || !expr_compile(&r->a, x, &r->scope, r->f, &c, &e))
		TAP_FAIL("%s: %s", text, e.text);
	return c;
}

/* After all conditions were compiled. */
static void
live(struct rig *r, wall now)
{
	world_init(&r->world, r->f, &r->naive);
	r->worldly = true;
	world_take_all(&r->world, now);
}

static const char *
shown_time(struct rig *r, wall t)
{
	char text[32];
	if (t.ms == INT64_MAX)
		return "never";
	return arena_cstr(&r->a, (struct str){text, wall_format(t, text)});
}

/* ---------------------------------------------------------------- expiries */

static const struct {
	const char *text, *value, *expiry;
} expiries[] = {
    /* orders at 2026-01-01T12:00, 2026-01-11T12:00, 2026-01-31T12:00 with totals 10, 20, 30; now 2026-02-05T12:00 */
    {"did \"Order Completed\"", "true", "never"},
    {"did \"Order Completed\" last 30d", "true", "2026-03-02T12:00:00.000Z"},
    {"count \"Order Completed\" last 30d >= 2", "true", "2026-02-10T12:00:00.000Z"},
    {"count \"Order Completed\" last 30d >= 3", "false", "never"},
    {"count \"Order Completed\" last 30d = 2", "true", "2026-02-10T12:00:00.000Z"},
    {"count \"Order Completed\" last 30d = 1", "false", "2026-02-10T12:00:00.000Z"},
    {"count \"Order Completed\" last 30d < 2", "false", "2026-02-10T12:00:00.000Z"},
    {"count \"Order Completed\" last 30d <= 2.5", "true", "never"},
    {"0 < count \"Order Completed\" last 30d", "true", "2026-03-02T12:00:00.000Z"},
    {"count \"Order Completed\" last 30d", "2", "2026-02-10T12:00:00.000Z"},
    {"count \"Order Completed\" from 30d to 10d ago", "1", "2026-02-10T12:00:00.000Z"},
    {"did \"Order Completed\" from 10d to 6d ago", "false", "2026-02-06T12:00:00.000Z"},
    {"count \"Order Completed\" this month", "0", "2026-02-28T22:00:00.000Z"},
    {"count \"Order Completed\" previous month", "3", "2026-02-28T22:00:00.000Z"},
    {"count \"Order Completed\" this year", "3", "2026-12-31T22:00:00.000Z"},
    {"count \"Order Completed\" since 2026-01-11T14:00", "1", "never"},
    {"count \"Order Completed\" since first \"Order Completed\"", "2", "never"},
    {"count \"Order Completed\" before latest \"Order Completed\"", "2", "never"},
    {"count \"Order Completed\" since \"Product Viewed\"", "3", "never"}, /* a bound that does not exist does not bound */
    {"time since \"Order Completed\" > 30d", "false", "2026-03-02T12:00:00.001Z"},
    {"time since \"Order Completed\" >= 30d", "false", "2026-03-02T12:00:00.000Z"},
    {"time since \"Order Completed\" <= 30d", "true", "2026-03-02T12:00:00.001Z"},
    {"time since \"Order Completed\" > 5d", "false", "2026-02-05T12:00:00.001Z"},
    {"time since \"Order Completed\" > 4d", "true", "never"},
    {"not time since \"Order Completed\" > 30d", "true", "2026-03-02T12:00:00.001Z"},
    {"time since \"Product Viewed\" > 30d", "false", "never"},
    {"0.5 * time since \"Order Completed\" > 15d", "false", "2026-03-02T12:00:00.001Z"},
    {"time since \"Order Completed\" / 1d > 30", "false", "2026-03-02T12:00:04.320Z"},
    {"time since \"Order Completed\" between 10d and 20d", "false", "2026-02-10T12:00:00.000Z"},
    {"time since \"Order Completed\" between 1d and 20d", "true", "2026-02-20T12:00:00.001Z"},
    {"time since first \"Order Completed\" - time since \"Order Completed\" > 3d", "true", "never"},
    {"now > 2026-03-01", "false", "2026-02-28T22:00:00.001Z"},
    {"time of latest \"Order Completed\" + 3d < now", "true", "never"},
    {"sum total of \"Order Completed\" last 30d", "50", "2026-02-10T12:00:00.000Z"},
    {"average total of \"Order Completed\"", "20", "never"},
    {"latest total of \"Order Completed\" last 30d", "30", "2026-03-02T12:00:00.000Z"},
    {"first total of \"Order Completed\" last 30d", "20", "2026-02-10T12:00:00.000Z"},
    {"2nd total of \"Order Completed\"", "20", "never"},
    {"latest total of \"Order Completed\" where (total > trigger.limit)", "missing", "never"},
    {"usual gap of \"Order Completed\"", "missing", "never"},
    {"usual gap of \"Order Completed\" otherwise 30d", "30d", "never"},
    {"count distinct event.day of \"Order Completed\" last 30d", "2", "2026-02-10T12:00:00.000Z"},
    {"local.hour", "14", "2026-02-05T13:00:00.000Z"},
    {"local.weekday", "\"thursday\"", "2026-02-05T22:00:00.000Z"},
    {"local.month", "2", "2026-02-28T22:00:00.000Z"},
    {"end of day", "2026-02-05T22:00:00.000Z", "2026-02-05T22:00:00.000Z"},
    {"trait.member_until within next 60d", "true", "2026-03-30T21:00:00.001Z"},
    {"trait.member_until within next 30d", "false", "2026-02-28T21:00:00.000Z"},
    {"trait.member_until within last 30d", "false", "2026-03-30T21:00:00.000Z"},
    {"trait.member_until within next 1mo", "false", "2026-02-28T22:00:00.000Z"},
    {"anniversary of trait.birthday within next 30d", "true", "2026-02-28T22:00:00.000Z"},
    {"anniversary of trait.birthday within next 7d", "false", "2026-02-20T22:00:00.000Z"},
    {"anniversary of trait.birthday within last 7d", "false", "2026-02-27T22:00:00.000Z"},
    /* `and` of two that do not hold cannot turn before the later; `or` of two that hold neither */
    {"time since \"Order Completed\" > 30d and time since \"Order Completed\" > 60d", "false", "2026-04-01T12:00:00.001Z"},
    {"time since \"Order Completed\" > 30d or time since \"Order Completed\" > 60d", "false", "2026-03-02T12:00:00.001Z"},
    {"time since \"Order Completed\" < 30d or time since \"Order Completed\" < 60d", "true", "2026-04-01T12:00:00.000Z"},
    {"time since \"Order Completed\" > 30d and trait.country = \"SE\"", "false", "never"},
    {"did \"Order Completed\" last 90d then not \"Product Viewed\" within 7d", "true", "2026-04-11T12:00:00.000Z"},
    {"did \"Order Completed\" last 10d then not \"Product Viewed\" within 7d", "false", "2026-02-07T12:00:00.000Z"},
    {"did \"Order Completed\" then \"Order Completed\" with same total", "false", "never"},
    {"did \"Order Completed\" then \"Order Completed\" within 10d", "true", "never"},
    {"sample \"pilot\" <= 100%", "true", "never"},
};

TEST(each_turns_exactly_then)
{
	struct rig r;
	const struct cond *c[COUNT(expiries)];
	struct buf shown_value = {0};
	rig(&r, "Europe/Helsinki");
	r.naive.traits = json(&r, "{\"country\":\"FI\",\"member_until\":\"2026-03-31\",\"birthday\":\"1992-02-29\"}");
	add(&r, "2026-01-01T12:00:00Z", "Order Completed", "{\"total\":10}");
	add(&r, "2026-01-11T12:00:00Z", "Order Completed", "{\"total\":20}");
	add(&r, "2026-01-31T12:00:00Z", "Order Completed", "{\"total\":30}");
	for (size_t i = 0; i < COUNT(expiries); i++)
		c[i] = condition_of(&r, EXPR_VALUE, expiries[i].text);
	live(&r, at("2026-02-05T12:00:00Z"));
	for (size_t i = 0; i < COUNT(expiries); i++) {
		if (!c[i])
			continue;
		struct outcome o = world_eval(&r.world, c[i], at("2026-02-05T12:00:00Z"));
		buf_reset(&shown_value);
		value_format(&o.value, &shown_value);
		const char *t = shown_time(&r, o.expiry);
		if (strcmp(shown_value.ptr, expiries[i].value) || strcmp(t, expiries[i].expiry))
			TAP_FAIL("%s: %s until %s, expected %s until %s", expiries[i].text, shown_value.ptr, t, expiries[i].value, expiries[i].expiry);
	}
	buf_release(&shown_value);
	rig_clear(&r);
}

/* ---------------------------------------------------------------- rows that were folded or are below nothing */

static const struct row old_rows[] = {{.time = {1000}, .seq = 3, .columns = (struct value[]){{.kind = VALUE_NUMBER, .number = 50000}}},
    {.time = {2000}, .seq = 4, .negative = true, .columns = (struct value[]){{.kind = VALUE_NUMBER, .number = -20000}}},
    {.time = {3000}, .seq = 5, .columns = (struct value[]){{.kind = VALUE_NUMBER, .number = 10000}}}};
static const struct row *const old_items[] = {&old_rows[0], &old_rows[1], &old_rows[2]};

static struct rows
folded_rows(void *self, uint32_t stream)
{
	(void)self, (void)stream;
	return (struct rows){.items = old_items, .n = 3, .folded = 4, .folded_first = {-500}, .folded_latest = {-100}};
}

TEST(folded_rows_count_and_negative_rows_only_lower_sums)
{
	static const struct {
		const char *text;
		fixed number;
	} cases[] = {{"count \"Order Completed\" where (total > 0)", 20000}, {"sum total of \"Order Completed\"", 40000},
	    {"average total of \"Order Completed\"", 30000}, {"lowest total of \"Order Completed\"", 10000},
	    {"count \"Product Viewed\"", 70000}, {"count \"Product Viewed\" last 100d", 70000}, {"count \"Product Viewed\" last 3s", 20000}};
	struct rig r;
	rig(&r, "Etc/UTC");
	live(&r, (wall){0});
	r.world.facts.rows = folded_rows;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct cond *c = condition_of(&r, EXPR_VALUE, cases[i].text);
		if (!c)
			continue;
		struct value v = world_eval(&r.world, c, (wall){4500}).value;
		if (v.kind != VALUE_NUMBER || v.number != cases[i].number)
			TAP_FAIL("%s is %jd", cases[i].text, (intmax_t)v.number);
	}
	rig_clear(&r);
}

/* ---------------------------------------------------------------- explain, items, people */

TEST(an_explanation_has_a_line_for_each_leaf)
{
	struct rig r;
	struct buf out = {0};
	rig(&r, "Etc/UTC");
	r.naive.traits = json(&r, "{\"country\":\"FI\"}");
	add(&r, "2026-01-01T12:00:00Z", "Order Completed", "{\"total\":10}");
	const struct cond *c = condition_of(&r, EXPR_CONDITION,
	    "count \"Order Completed\" >= 2 and (trait.country in (\"FI\", \"SE\") or consent.email) and not did \"Product Viewed\" last 30d");
	live(&r, at("2026-01-02T12:00:00Z"));
	r.world.now = at("2026-01-02T12:00:00Z");
	cond_explain(c, &r.world.facts, NULL, r.world.now, &out);
	CHECK_CSTR(out.ptr, "all of: no\n"
	                    "  count \"Order Completed\" >= 2: 1, no\n"
	                    "  any of: yes\n"
	                    "    trait.country in (\"FI\", \"SE\"): \"FI\", yes\n"
	                    "    consent.email: false, no\n"
	                    "  not: yes\n"
	                    "    did \"Product Viewed\" last 30d: no\n");
	buf_release(&out);
	rig_clear(&r);
}

TEST(the_items_of_a_trigger_are_handed_out)
{
	struct rig r;
	const struct json *const *items;
	rig(&r, "Etc/UTC");
	const struct cond *c = condition_of(&r, EXPR_COLLECTION, "trigger.products where (category = \"coffee\" and price > 20)");
	struct event_view began = {.properties = json(&r, "{\"products\":[{\"category\":\"tea\",\"price\":30},{\"category\":\"coffee\",\"price\":24},"
	                                                  "{\"category\":\"coffee\",\"price\":9}]}")};
	live(&r, (wall){0});
	struct moment m = {.trigger = &began};
	NEED(expr_items(c, &r.world.facts, &m, (wall){0}, &r.a, &items) == 1);
	CHECK_STR(items[0]->span, "{\"category\":\"coffee\",\"price\":24}");
	CHECK_INT(expr_items(c, &r.world.facts, NULL, (wall){0}, &r.a, &items), 0);
	rig_clear(&r);
}

static struct facts company[3];

static struct value
role(void *self, const struct fact_path *path)
{
	(void)path;
	return value_text(str_of(self));
}

static void
colleagues(void *self, bool (*visit)(void *visitor, const struct facts *member), void *visitor)
{
	(void)self;
	for (size_t i = 0; i < COUNT(company) && visit(visitor, &company[i]); i++)
		;
}

static bool
count_member(void *self, const struct facts *member)
{
	(void)member;
	(*(int *)self)++;
	return true;
}

TEST(people_of_the_account_are_a_collection)
{
	static const char *const roles[] = {"buyer", "champion", "buyer"};
	struct rig r;
	int n = 0;
	rig(&r, "Etc/UTC");
	const struct cond *count = condition_of(&r, EXPR_CONDITION, "count people where (trait.role = \"buyer\") = 2");
	const struct cond *all = condition_of(&r, EXPR_CONDITION, "all people where (trait.role = \"buyer\")");
	const struct cond *any = condition_of(&r, EXPR_CONDITION, "any people where (trait.role = \"champion\")");
	const struct cond *to = condition_of(&r, EXPR_PEOPLE, "people where (trait.role = \"buyer\")");
	live(&r, (wall){0});
	for (size_t i = 0; i < COUNT(company); i++)
		company[i] = (struct facts){.self = (void *)(uintptr_t)roles[i], .fact = role};
	r.world.facts.people = colleagues;
	CHECK(cond_true(count, &r.world.facts, NULL, (wall){0}, &r.a, NULL));
	CHECK(!cond_true(all, &r.world.facts, NULL, (wall){0}, &r.a, NULL));
	CHECK(cond_true(any, &r.world.facts, NULL, (wall){0}, &r.a, NULL));
	CHECK(cond_people(to, &r.world.facts, NULL, (wall){0}, &r.a, count_member, &n));
	CHECK_INT(n, 2);
	CHECK(!cond_people(count, &r.world.facts, NULL, (wall){0}, &r.a, count_member, &n));
	CHECK(cond_reads(count) & READS_PEOPLE);
	rig_clear(&r);
}

/* ---------------------------------------------------------------- what is in hand */

TEST(trigger_message_and_names_are_read_at_a_moment)
{
	static const char *const yes[] = {"trigger.total >= 50", "trigger.products contains \"a\"", "order.order_id = \"o-1\"", "order.total between 50 and 60",
	    "any order.products where (item = \"b\")", "first item of order.products = \"a\"", "trigger.time < now", "trigger.to > trigger.from",
	    "count \"Product Viewed\" where (product_id = trigger.product_id) last 30d >= 1", "count \"Product Viewed\" since entry = 1",
	    "not did \"Product Viewed\" where (product_id = order.order_id)", "trigger.item.sku = \"x\"", "length >= 1w",
	    "any trigger.products where (item in (\"b\", \"c\"))", "count distinct item of trigger.products = 2"};
	struct rig r;
	const struct cond *c[COUNT(yes)];
	struct str names[] = {STR("order"), STR("length")};
	const struct expr *trees[2];
	struct err e = {0};
	rig(&r, "Etc/UTC");
	NEED(expr_parse(&r.a, EXPR_VALUE, STR("trigger"), AT_START, &trees[0], &e) && expr_parse(&r.a, EXPR_VALUE, STR("7d"), AT_START, &trees[1], &e));
	r.scope.names = names;
	r.scope.name_trees = trees;
	r.scope.n_names = 2;
	struct event_view began = {.kind = ENTRY_TRACK, .name = STR("Order Completed"), .time = at("2026-01-10T12:00:00Z"), .seq = 2,
	    .properties = json(&r, "{\"order_id\":\"o-1\",\"total\":55,\"products\":[\"a\",\"b\"],\"product_id\":\"p\",\"from\":\"bronze\",\"to\":\"gold\"}")};
	r.moment = (struct moment){.trigger = &began, .trigger_item = json(&r, "{\"sku\":\"x\"}")};
	r.naive.entry = began.time;
	add(&r, "2026-01-09T12:00:00Z", "Product Viewed", "{\"product_id\":\"p\"}");
	add(&r, "2026-01-10T12:00:00Z", "Order Completed", "{}");
	add(&r, "2026-01-10T12:00:00Z", "Product Viewed", "{\"product_id\":\"q\"}"); /* in the same millisecond, after the trigger */
	for (size_t i = 0; i < COUNT(yes); i++)
		c[i] = condition_of(&r, EXPR_CONDITION, yes[i]);
	live(&r, at("2026-01-11T12:00:00Z"));
	r.world.now = at("2026-01-11T12:00:00Z");
	for (size_t i = 0; i < COUNT(yes); i++)
		if (c[i] && !cond_true(c[i], &r.world.facts, &r.moment, r.world.now, &r.world.scratch, NULL))
			TAP_FAIL("not so: %s", yes[i]);
	rig_clear(&r);
}

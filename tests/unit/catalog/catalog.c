#include "catalog/catalog.h"
#include "base/civil.h"
#include "tap.h"

static struct catalog *goods;
static struct arena arena;
static struct buf heard;

static const struct json *
json_of(const char *text)
{
	const struct json *j = NULL;
	struct err e;
	if (!json_parse_arena(&arena, str_of(text), &j, &e))
		TAP_FAIL("%s: %s", text, e.text);
	return j;
}

static wall
at(const char *text)
{
	wall t = {0};
	if (!wall_parse(str_of(text), &t))
		TAP_FAIL("no time: %s", text);
	return t;
}

static void
add_json(const struct json *j)
{
	struct json_writer w = json_writer_on(&heard);
	if (j)
		jw_json(&w, j);
	else
		buf_add_cstr(&heard, "-");
}

static void
hear(void *self, const struct catalog_change *x)
{
	CHECK(self == &heard);
	buf_printf(&heard, "%.*s %.*s.%.*s ", STR_ARGS(x->kind), STR_ARGS(x->key), STR_ARGS(x->field));
	add_json(x->from);
	buf_add_cstr(&heard, ">");
	add_json(x->to);
	buf_add_cstr(&heard, "; ");
}

static void
begin(void)
{
	catalog_free(goods);
	goods = catalog_new();
	arena_clear(&arena);
}

static void
apply(const char *when, const char *body)
{
	buf_reset(&heard);
	catalog_apply(goods, json_of(body), at(when), &arena, hear, &heard);
}

static void
check_thing(const char *kind, const char *key, const char *want)
{
	struct buf out = {0};
	struct json_writer w = json_writer_on(&out);
	const struct json *j = catalog_thing(goods, str_of(kind), str_of(key));
	if (j)
		jw_json(&w, j);
	CHECK_STR(buf_str(&out), want);
	buf_release(&out);
}

TEST(fields_are_set_changed_and_taken_away)
{
	begin();
	apply("2026-01-01", "{\"things\":[{\"kind\":\"store\",\"key\":\"s1\",\"set\":{\"city\":\"Turku\",\"open\":true}},{\"kind\":\"offer\",\"key\":\"s1\",\"set\":{\"x\":1}}]}");
	check_thing("store", "s1", "{\"city\":\"Turku\",\"open\":true}");
	check_thing("offer", "s1", "{\"x\":1}");
	apply("2026-01-02", "{\"kind\":\"store\",\"key\":\"s1\",\"set\":{\"open\":null,\"city\":\"Turku\",\"size\":3}}");
	check_thing("store", "s1", "{\"city\":\"Turku\",\"size\":3}");
	CHECK_STR(buf_str(&heard), "store s1.open true>-; store s1.size ->3; ");
	CHECK_INT(catalog_count(goods), 2);
	apply("2026-01-03", "{\"kind\":\"store\",\"key\":\"s1\",\"set\":null}");
	check_thing("store", "s1", "");
	CHECK_INT(catalog_count(goods), 1);
	apply("2026-01-03", "{\"kind\":\"store\",\"key\":\"s1\",\"set\":{\"back\":1}}");
	check_thing("store", "s1", "{\"back\":1}");
}

TEST(what_cannot_be_understood_changes_nothing)
{
	static const char *const bodies[] = {"{}", "[]", "{\"things\":3}", "{\"things\":[1,{},{\"kind\":\"product\"},{\"kind\":\"product\",\"key\":\"a\"},"
		"{\"kind\":\"product\",\"key\":\"a\",\"set\":7}]}", "{\"rates\":[{\"currency\":\"EURO\",\"rate\":1},{\"currency\":\"SEK\",\"rate\":-1},"
		"{\"currency\":\"SEK\",\"rate\":\"1\"},{\"currency\":\"SEK\",\"rate\":1,\"day\":\"soon\"}]}", "{\"kind\":\"product\",\"key\":\"a\",\"set\":null}"};
	fixed f;
	begin();
	for (size_t i = 0; i < COUNT(bodies); i++)
		apply("2026-01-01", bodies[i]);
	catalog_apply(goods, NULL, at("2026-01-01"), &arena, NULL, NULL);
	CHECK_INT(catalog_count(goods), 0);
	CHECK(!catalog_convert(goods, STR("SEK"), at("2026-01-01"), FIXED_ONE, &f));
}

static void
price(const char *when, const char *price)
{
	char body[128];
	snprintf(body, sizeof(body), "{\"kind\":\"product\",\"key\":\"p\",\"set\":{\"price\":%s}}", price);
	apply(when, body);
}

static void
check_lowest(fixed want)
{
	fixed got = -1;
	const struct json *j = json_get(catalog_thing(goods, STR("product"), STR("p")), STR("lowest_price_30d"));
	if (j)
		CHECK(json_fixed(j, &got));
	CHECK_INT(got, want);
}

TEST(the_lowest_price_of_the_thirty_days_before_a_change)
{
	begin();
	price("2026-01-01", "50");
	check_lowest(-1);
	price("2026-03-01", "40"); /* 50 held all the time before */
	check_lowest(500000);
	price("2026-03-05", "60"); /* raised: 40 held within the 30 days */
	check_lowest(400000);
	price("2026-03-20", "45"); /* a "reduction" from a raised price: 40 was the lowest */
	check_lowest(400000);
	price("2026-04-10", "44"); /* 40 ended on 5 March, more than 30 days ago */
	check_lowest(450000);
	price("2026-04-11", "44"); /* no change, nothing derived anew */
	check_lowest(450000);
	apply("2026-04-12", "{\"kind\":\"product\",\"key\":\"p\",\"set\":{\"price\":30,\"lowest_price_30d\":29}}");
	check_lowest(290000);
}

TEST(rates_hold_from_their_day_on)
{
	fixed f;
	begin();
	apply("2026-02-01T15:00Z", "{\"rates\":[{\"currency\":\"SEK\",\"day\":\"2026-01-10\",\"rate\":0.1},{\"currency\":\"SEK\",\"day\":\"2026-01-20\",\"rate\":0.2},"
	    "{\"currency\":\"USD\",\"rate\":0.9},{\"currency\":\"VND\",\"day\":\"2026-01-01\",\"rate\":0.000035}]}");
	CHECK(!catalog_convert(goods, STR("SEK"), at("2026-01-09T23:59Z"), 100000, &f));
	CHECK(catalog_convert(goods, STR("SEK"), at("2026-01-10"), 100000, &f) && f == 10000);
	CHECK(catalog_convert(goods, STR("SEK"), at("2026-06-01"), -100000, &f) && f == -20000);
	CHECK(!catalog_convert(goods, STR("USD"), at("2026-01-31"), 10000, &f));
	CHECK(catalog_convert(goods, STR("USD"), at("2026-02-01"), 10000, &f) && f == 9000);
	CHECK(catalog_convert(goods, STR("VND"), at("2026-02-01"), 250000 * FIXED_ONE, &f) && f == 87500); /* 8.75 */
	CHECK(!catalog_convert(goods, STR("GBP"), at("2026-02-01"), 10000, &f));
	CHECK(!catalog_convert(goods, STR(""), at("2026-02-01"), 10000, &f));
	CHECK(catalog_convert(goods, STR("VND"), at("2026-02-01"), INT64_MAX, &f));
	apply("2026-02-01", "{\"rates\":[{\"currency\":\"BIG\",\"rate\":500000000}]}");
	CHECK(!catalog_convert(goods, STR("BIG"), at("2026-02-01"), INT64_MAX, &f));
	apply("2026-02-02", "{\"rates\":[{\"currency\":\"SEK\",\"day\":\"2026-01-10\",\"rate\":0.15}]}");
	CHECK(catalog_convert(goods, STR("SEK"), at("2026-01-11"), 100000, &f) && f == 15000);
}

TEST(documents_bring_things_along_but_do_not_overrule_the_log)
{
	fixed f;
	begin();
	price("2026-01-01", "50");
	apply("2026-01-01", "{\"rates\":[{\"currency\":\"SEK\",\"day\":\"2026-01-01\",\"rate\":0.1}]}");
	catalog_seed(goods, json_of("{\"product\":{\"p\":{\"price\":99,\"name\":\"Beans\"},\"q\":{\"price\":5}},\"rate\":{\"SEK\":0.5,\"USD\":0.9,\"XX\":1},\"odd\":3}"));
	check_thing("product", "p", "{\"price\":50,\"name\":\"Beans\"}");
	check_thing("product", "q", "{\"price\":5}");
	CHECK(!catalog_convert(goods, STR("SEK"), at("2025-01-01"), 10000, &f));
	CHECK(catalog_convert(goods, STR("USD"), at("1999-01-01"), 10000, &f) && f == 9000);
	catalog_seed(goods, NULL);
	apply("2026-02-01", "{\"kind\":\"product\",\"key\":\"q\",\"set\":{\"price\":4}}");
	check_thing("product", "q", "{\"price\":4,\"lowest_price_30d\":5}");
}

TEST(the_nearest_store)
{
	fixed metres;
	begin();
	CHECK(catalog_nearest(goods, STR("store"), 0, 0, &metres) == NULL);
	apply("2026-01-01", "{\"things\":[{\"kind\":\"store\",\"key\":\"helsinki\",\"set\":{\"latitude\":60.1699,\"longitude\":24.9384}},"
	    "{\"kind\":\"store\",\"key\":\"turku\",\"set\":{\"latitude\":60.4518,\"longitude\":22.2666}},{\"kind\":\"store\",\"key\":\"nowhere\",\"set\":{\"latitude\":60}},"
	    "{\"kind\":\"pole\",\"key\":\"n\",\"set\":{\"latitude\":60.18,\"longitude\":24.93}}]}");
	const struct json *best = catalog_nearest(goods, STR("store"), 601800, 249300, &metres);
	CHECK(best == catalog_thing(goods, STR("store"), STR("helsinki")));
	CHECK(metres > 1100 * FIXED_ONE && metres < 1300 * FIXED_ONE && metres % FIXED_ONE == 0);
}

TEST(distances_are_those_of_the_globe)
{
	static const struct { fixed lat1, lon1, lat2, lon2; int64_t metres; } cases[] = { /* by Python's math library */
	    {601699, 249384, 604518, 222666, 150438}, {0, 0, 0, 1800000, 20015114}, {900000, 0, -900000, 0, 20015114}, {0, 1790000, 0, -1790000, 222390},
	    {-338688, 1512093, 515074, -1278, 16993957}, {10000, 10000, 10000, 10000, 0}, {106231, 1066297, 210285, 1058542, 1159990}};
	for (size_t i = 0; i < COUNT(cases); i++) {
		char body[160];
		fixed metres = -1;
		begin();
		snprintf(body, sizeof(body), "{\"kind\":\"store\",\"key\":\"s\",\"set\":{\"latitude\":%.4f,\"longitude\":%.4f}}",
		    (double)cases[i].lat2 / 10000, (double)cases[i].lon2 / 10000);
		apply("2026-01-01", body);
		CHECK(catalog_nearest(goods, STR("store"), cases[i].lat1, cases[i].lon1, &metres) != NULL);
		CHECK_INT(metres / FIXED_ONE, cases[i].metres);
	}
	fixed metres;
	CHECK(catalog_nearest(goods, STR("store"), 910000, 0, &metres) == NULL);
}

TEST(saved_and_loaded_it_is_the_same)
{
	struct buf one = {0}, two = {0};
	begin();
	price("2026-01-01", "50");
	price("2026-02-01", "40.50");
	apply("2026-02-01", "{\"things\":[{\"kind\":\"store\",\"key\":\"b\",\"set\":{\"x\":{\"y\":[1,\"\\u00e4\"]}}},{\"kind\":\"store\",\"key\":\"a\",\"set\":{}},{\"kind\":\"store\",\"key\":\"gone\",\"set\":{}}],"
	    "\"rates\":[{\"currency\":\"VND\",\"rate\":0.0000345}]}");
	apply("2026-02-02", "{\"kind\":\"store\",\"key\":\"gone\",\"set\":null}");
	catalog_save(goods, &one);
	begin();
	struct reader r = {.rest = buf_str(&one)};
	CHECK(catalog_load(goods, &r) && r.rest.len == 0);
	catalog_save(goods, &two);
	CHECK(str_eq(buf_str(&one), buf_str(&two)));
	price("2026-02-03", "45");
	check_lowest(405000);
	for (size_t n = 0; n < one.len; n++) {
		struct reader cut = {.rest = {one.ptr, n}};
		CHECK(!catalog_load(goods, &cut));
	}
	catalog_free(goods);
	goods = NULL;
	buf_release(&one);
	buf_release(&two);
	buf_release(&heard);
}

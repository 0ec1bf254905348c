/* Streams: what conditions ask of the past, which events feed it, what amendments and currencies do. */
#include "tests/tap.h"
#include "tests/unit/expr/lang.h"
#include "tests/unit/expr/random.h"
#include "event/entry.h"

struct rig {
	struct arena a;
	struct expr_scope scope;
	struct features *f;
	struct buf seen;
	uint64_t key;
	int n;
};

static void
rig(struct rig *r)
{
	*r = (struct rig){0};
	arena_init(&r->a);
	r->scope = (struct expr_scope){.place = PLACE_STEP, .vocabulary = shop_vocabulary()};
	r->f = features_new(&r->a, r->scope.vocabulary);
}

static void
rig_clear(struct rig *r)
{
	buf_release(&r->seen);
	arena_clear(&r->a);
}

static const struct cond *
condition(struct rig *r, const char *text)
{
	const struct expr *x;
	const struct cond *c = NULL;
	struct err e = {0};
	if (!expr_parse(&r->a, EXPR_VALUE, str_of(text), AT_START, &x, &e) || !expr_check(x, &r->scope, TYPE_UNKNOWN, NULL, &e) ||
	    !expr_compile(&r->a, x, &r->scope, r->f, &c, &e))
		TAP_FAIL("%s: %s", text, e.text);
	return c;
}

static struct event_view
event(struct rig *r, const char *name, const char *properties)
{
	struct event_view ev = {.kind = ENTRY_TRACK, .name = str_of(name), .source = STR("web"), .time = {1767225600000}, .seq = 7};
	struct err e = {0};
	if (!json_parse_arena(&r->a, str_of(properties), &ev.properties, &e))
		TAP_FAIL("%s: %s", properties, e.text);
	return ev;
}

/* ---------------------------------------------------------------- texts and keeps */

static const struct {
	const char *text, *stream;
	int64_t window_days; /* -1 = all */
	uint32_t first, latest;
	bool count_only;
} keeps[] = {
    {"did \"Product Viewed\"", "\"Product Viewed\"", 0, 0, 0, true},
    {"did \"Product Viewed\" last 30d", "\"Product Viewed\"", 30, 0, 0, false},
    {"count \"Product Viewed\" last (2 * 15d) >= 2", "\"Product Viewed\"", 30, 0, 0, false},
    {"count \"Product Viewed\" from 30d to 7d ago >= 2", "\"Product Viewed\"", 30, 0, 0, false},
    {"count \"Product Viewed\" since 2026-01-01 >= 2", "\"Product Viewed\"", -1, 0, 0, false},
    {"time since \"Product Viewed\" > 30d", "\"Product Viewed\"", 0, 0, 1, false},
    {"time of 2nd \"Product Viewed\" is missing", "\"Product Viewed\"", 0, 2, 0, false},
    {"usual gap of \"Product Viewed\" > 30d", "\"Product Viewed\"", 0, 0, 17, false},
    {"did \"Product Viewed\" where (category = \"tea\")", "\"Product Viewed\" where (category = \"tea\")", 0, 0, 0, true},
    {"did \"Product Viewed\" where (category = \"tea\" and product_id = trigger.product_id) last 30d",
        "\"Product Viewed\" where (category = \"tea\") → event.product_id", 30, 0, 0, false},
    {"sum total of \"Order Completed\" last 365d > 500", "\"Order Completed\" → event.total, key order_id", 365, 0, 0, false},
    {"sum event.total of \"Order Completed\" last 365d > 500", "\"Order Completed\" → event.total, key order_id", 365, 0, 0, false},
    {"sum (price * quantity) of \"Order Completed\".products where (category = \"coffee\") last 365d > 120",
        "\"Order Completed\".products where (category = \"coffee\") → price * quantity, key order_id", 365, 0, 0, false},
    {"count \"Order Completed\" where (total >= 50) last 90d >= 2", "\"Order Completed\" → event.total, key order_id", 90, 0, 0, false},
    {"count distinct event.day of \"Order Completed\" last 90d >= 2", "\"Order Completed\", key order_id", 90, 0, 0, false},
    {"count page where (path like \"/pricing*\") last 14d >= 3", "page where (path like \"/pricing*\")", 14, 0, 0, false},
    {"latest score of \"Survey Answered\" where (survey = \"nps\") last 365d >= 9", "\"Survey Answered\" where (survey = \"nps\") → event.score", 0, 0, 1, false},
};

TEST(each_use_asks_for_what_it_needs)
{
	for (size_t i = 0; i < COUNT(keeps); i++) {
		struct rig r;
		rig(&r);
		const struct cond *c = condition(&r, keeps[i].text);
		if (c && cond_streams(c).n == 1) {
			uint32_t s = cond_streams(c).items[0];
			const struct stream_keep *k = features_keep(r.f, s);
			CHECK_STR(features_text(r.f, s), keeps[i].stream);
			int64_t days = k->window == INT64_MAX ? -1 : k->window / DAY;
			if (days != keeps[i].window_days || k->first != keeps[i].first || k->latest != keeps[i].latest || k->count_only != keeps[i].count_only)
				TAP_FAIL("%s keeps %jd days, first %u, latest %u, %d", keeps[i].text, (intmax_t)days, k->first, k->latest, k->count_only);
		} else if (c) {
			TAP_FAIL("%s has %zu streams", keeps[i].text, cond_streams(c).n);
		}
		rig_clear(&r);
	}
}

TEST(equal_texts_are_one_stream_and_keep_the_most)
{
	struct rig r;
	rig(&r);
	uint32_t s = cond_streams(condition(&r, "did \"Product Viewed\" last 30d")).items[0];
	CHECK_INT(cond_streams(condition(&r, "time since \"Product Viewed\" > 3d")).items[0], s);
	CHECK_INT(cond_streams(condition(&r, "count track \"Product Viewed\" last 90d >= 3")).items[0], s);
	CHECK_INT(features_count(r.f), 1);
	CHECK_INT(features_keep(r.f, s)->window, 90 * DAY);
	CHECK_INT(features_keep(r.f, s)->latest, 1);
	rig_clear(&r);
}

TEST(what_a_condition_reads_is_told)
{
	struct rig r;
	rig(&r);
	uint32_t reads = cond_reads(condition(&r, "trait.country = \"FI\" and consent.email and stage = \"act\" and in segment \"buyers\""));
	CHECK(reads & READS_TRAITS);
	CHECK(reads & READS_CONSENT);
	CHECK(reads & READS_STAGE);
	CHECK(!(reads & (READS_CART | READS_TIME | READS_PEOPLE)));
	CHECK_INT(cond_segments(condition(&r, "in segment \"fans\" or in segment \"fans\"")).n, 1);
	CHECK(cond_reads(condition(&r, "cart.count = 0")) & READS_CART);
	CHECK(cond_reads(condition(&r, "local.hour >= 9")) & READS_TIME);
	rig_clear(&r);
}

/* ---------------------------------------------------------------- feeding */

TEST(an_event_finds_its_streams_in_one_look)
{
	struct rig r;
	rig(&r);
	uint32_t named = cond_streams(condition(&r, "did page \"Pricing\" last 7d")).items[0];
	uint32_t any = cond_streams(condition(&r, "count page last 7d >= 3")).items[0];
	uint32_t both = cond_streams(condition(&r, "did (\"Product Viewed\", page) last 7d")).items[0];
	CHECK_INT(features_of_event(r.f, ENTRY_PAGE, STR("Home")).n, 2);
	CHECK_INT(features_of_event(r.f, ENTRY_PAGE, STR("Pricing")).n, 3);
	CHECK_INT(features_of_event(r.f, ENTRY_TRACK, STR("Product Viewed")).n, 1);
	CHECK_INT(features_of_event(r.f, ENTRY_TRACK, STR("Product Viewed")).items[0], both);
	CHECK_INT(features_of_event(r.f, ENTRY_TRACK, STR("Pricing")).n, 0);
	CHECK_INT(features_of_event(r.f, ENTRY_SCREEN, STR("Pricing")).n, 0);
	CHECK(named != any && any != both);
	for (int i = 0; i < 300; i++) /* the table grows */
		(void)condition(&r, arena_cstr(&r.a, arena_printf(&r.a, "did \"Event %d\" last 7d", i)));
	CHECK_INT(features_of_event(r.f, ENTRY_TRACK, STR("Event 299")).n, 1);
	CHECK_INT(features_of_event(r.f, ENTRY_PAGE, STR("Pricing")).n, 3);
	rig_clear(&r);
}

static void
note_row(void *self, const struct value *columns, uint64_t key)
{
	struct rig *r = self;
	buf_add_cstr(&r->seen, r->n++ ? " | " : "");
	for (size_t i = 0; i < (columns ? features_columns(r->f, 0) : 0); i++) {
		buf_add_cstr(&r->seen, i ? ", " : "");
		value_format(&columns[i], &r->seen);
	}
	r->key = key;
}

static bool
convert(void *self, struct str currency, wall at, fixed amount, fixed *ret)
{
	(void)self, (void)at;
	*ret = amount / 10;
	return str_eq(currency, STR("SEK"));
}

static const struct money_port rates = {NULL, convert};

static const char *
accepted(struct rig *r, const char *text, const char *name, const char *properties)
{
	struct arena scratch;
	(void)condition(r, text);
	struct event_view ev = event(r, name, properties);
	arena_init(&scratch);
	features_accept(r->f, 0, &ev, &rates, &scratch, note_row, r);
	arena_clear(&scratch);
	return r->n ? arena_cstr(&r->a, buf_str(&r->seen)) : "nothing";
}

static const struct {
	const char *text, *name, *properties, *rows;
} accepts[] = {
    {"did \"Product Viewed\" where (category = \"tea\")", "Product Viewed", "{\"category\":\"tea\"}", ""},
    {"did \"Product Viewed\" where (category = \"tea\")", "Product Viewed", "{\"category\":\"Tea\"}", "nothing"},
    {"did \"Product Viewed\" where (category != \"tea\")", "Product Viewed", "{}", ""},
    {"did \"Product Viewed\" where (not category in (\"tea\", \"mate\"))", "Product Viewed", "{\"category\":\"mate\"}", "nothing"},
    {"sum total of \"Order Completed\" > 1", "Order Completed", "{\"total\":12.5}", "12.5"},
    {"sum total of \"Order Completed\" > 1", "Order Completed", "{\"total\":120,\"currency\":\"SEK\"}", "12"},
    {"sum total of \"Order Completed\" > 1", "Order Completed", "{\"total\":120,\"currency\":\"XAU\"}", "missing"},
    {"sum total of \"Order Completed\" > 1", "Order Completed", "{\"total\":\"a lot\"}", "\"a lot\""},
    {"list (price * quantity) of \"Order Completed\".products where (category = \"coffee\") contains 1", "Order Completed",
        "{\"products\":[{\"category\":\"coffee\",\"price\":24,\"quantity\":2},{\"category\":\"tea\",\"price\":1,\"quantity\":1},"
        "{\"category\":\"coffee\",\"price\":0.5,\"quantity\":1}]}", "48 | 0.5"},
    {"list (price * quantity) of \"Order Completed\".products contains 1", "Order Completed",
        "{\"currency\":\"SEK\",\"products\":[{\"price\":240,\"quantity\":2}]}", "48"},
    {"list product_id of \"Order Completed\".products where (event.coupon is missing) contains \"a\"", "Order Completed",
        "{\"products\":[{\"product_id\":\"a\"},{\"product_id\":\"b\"}]}", "\"a\" | \"b\""},
    {"list product_id of \"Order Completed\".products contains \"a\"", "Order Completed", "{\"products\":\"none\"}", "nothing"},
    {"did \"Order Completed\" where (any products where (category = \"coffee\"))", "Order Completed",
        "{\"products\":[{\"category\":\"tea\"},{\"category\":\"coffee\"}]}", ""},
    {"did \"Order Completed\" where (all products where (category = \"coffee\"))", "Order Completed", "{\"products\":[]}", "nothing"},
    {"latest event of \"Survey Answered\" is missing", "Survey Answered", "{\"score\":9}", "{\"score\":9}"},
};

TEST(filters_and_columns_are_worked_out_as_the_event_arrives)
{
	for (size_t i = 0; i < COUNT(accepts); i++) {
		struct rig r;
		rig(&r);
		const char *got = accepted(&r, accepts[i].text, accepts[i].name, accepts[i].properties);
		if (strcmp(got, accepts[i].rows))
			TAP_FAIL("%s: rows %s, expected %s", accepts[i].text, got, accepts[i].rows);
		rig_clear(&r);
	}
}

/* ---------------------------------------------------------------- amendments */

static void
note_amend(void *self, const struct amend *what)
{
	struct rig *r = self;
	char amount[32];
	amount[fixed_format(what->amount, amount)] = 0;
	buf_printf(&r->seen, "%s%u:%s %s column %d%s", r->n++ ? " | " : "", what->stream, what->voids ? "void" : "less", amount, what->column,
	    what->key == r->key && what->key ? " linked" : what->key ? " other" : "");
}

static const char *
amends(struct rig *r, const char *name, const char *properties)
{
	struct event_view ev = event(r, name, properties);
	buf_reset(&r->seen);
	r->n = 0;
	features_amend(r->f, &ev, &rates, note_amend, r);
	return r->n ? arena_cstr(&r->a, buf_str(&r->seen)) : "nothing";
}

TEST(cancellations_void_and_refunds_lower_what_they_are_linked_to)
{
	struct rig r;
	rig(&r);
	(void)accepted(&r, "sum total of \"Order Completed\" > 1", "Order Completed", "{\"total\":12.5,\"order_id\":\"o-1\"}");
	CHECK(r.key != 0);
	(void)condition(&r, "did \"Order Completed\"");
	(void)condition(&r, "did \"Order Completed\".products");
	CHECK(features_amends(r.f, STR("Order Cancelled")));
	CHECK(!features_amends(r.f, STR("Order Completed")));
	CHECK_CSTR(amends(&r, "Order Cancelled", "{\"order_id\":\"o-1\"}"), "0:void 0 column -1 linked | 1:void 0 column -1 linked | 2:void 0 column -1 linked");
	CHECK_CSTR(amends(&r, "Order Cancelled", "{}"), "nothing");
	CHECK_CSTR(amends(&r, "Order Refunded", "{\"order_id\":\"o-1\",\"total\":5}"), "0:less 5 column 0 linked");
	CHECK_CSTR(amends(&r, "Order Refunded", "{\"order_id\":\"o-2\",\"total\":50,\"currency\":\"SEK\"}"), "0:less 5 column 0 other");
	CHECK_CSTR(amends(&r, "Order Refunded", "{\"total\":5}"), "0:less 5 column 0");
	rig_clear(&r);
}

/* A small shop: its words, conditions that its marketer might write, and what its customers might do. */
#include "tests/unit/expr/random.h"
#include "event/entry.h"
#include <stdio.h>

/* ---------------------------------------------------------------- dice */

struct dice
dice_of(uint64_t seed)
{
	return (struct dice){seed * UINT64_C(0x9E3779B97F4A7C15) + 1};
}

/* splitmix64 */
uint64_t
roll(struct dice *d, uint64_t below)
{
	uint64_t z = (d->state += UINT64_C(0x9E3779B97F4A7C15));
	z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
	return (z ^ (z >> 31)) % below;
}

bool
chance(struct dice *d, int percent)
{
	return roll(d, 100) < (uint64_t)percent;
}

/* ---------------------------------------------------------------- words */

#define FIELD(name, type) {STR_INIT(name), {.kind = type}}
#define OBJECT(list) {.kind = TYPE_OBJECT, .fields = list, .n_fields = COUNT(list)}

static const struct type_field line_fields[] = {FIELD("product_id", TYPE_TEXT), FIELD("category", TYPE_TEXT), FIELD("price", TYPE_MONEY),
    FIELD("quantity", TYPE_NUMBER)};
static const struct type line_type = OBJECT(line_fields);
static const struct type_field child_fields[] = {FIELD("born", TYPE_TIME)};
static const struct type child_type = OBJECT(child_fields);
static const struct type text_type = {.kind = TYPE_TEXT};
static const struct type_field order_fields[] = {FIELD("order_id", TYPE_TEXT), FIELD("total", TYPE_MONEY), FIELD("coupon", TYPE_TEXT),
    {STR_INIT("products"), {.kind = TYPE_LIST, .item = &line_type}}};
static const struct type_field view_fields[] = {FIELD("product_id", TYPE_TEXT), FIELD("category", TYPE_TEXT), FIELD("price", TYPE_MONEY)};
static const struct type_field mail_fields[] = {FIELD("template", TYPE_TEXT)};
static const struct type_field survey_fields[] = {FIELD("survey", TYPE_TEXT), FIELD("score", TYPE_NUMBER)};
static const struct type_field cancel_fields[] = {FIELD("order_id", TYPE_TEXT)};
static const struct type_field refund_fields[] = {FIELD("order_id", TYPE_TEXT), FIELD("total", TYPE_MONEY)};
static const struct event_type events[] = {
    {STR_INIT("Order Completed"), OBJECT(order_fields)}, {STR_INIT("Product Viewed"), OBJECT(view_fields)},
    {STR_INIT("Product Added"), OBJECT(view_fields)}, {STR_INIT("Email Opened"), OBJECT(mail_fields)},
    {STR_INIT("Survey Answered"), OBJECT(survey_fields)}, {STR_INIT("Order Cancelled"), OBJECT(cancel_fields)},
    {STR_INIT("Order Refunded"), OBJECT(refund_fields)}};
static const struct amendment amendments[] = {
    {.by = STR_INIT("Order Cancelled"), .event = STR_INIT("Order Completed"), .same = STR_INIT("order_id"), .is_void = true},
    {.by = STR_INIT("Order Refunded"), .event = STR_INIT("Order Completed"), .same = STR_INIT("order_id"), .subtract = STR_INIT("total")}};
static const struct str tiers[] = {STR_INIT("none"), STR_INIT("bronze"), STR_INIT("silver"), STR_INIT("gold")};
static const struct type_field trait_fields[] = {FIELD("country", TYPE_TEXT), FIELD("birthday", TYPE_TIME), FIELD("member_until", TYPE_TIME),
    {STR_INIT("tier"), {.kind = TYPE_WORDS, .words = tiers, .n_words = COUNT(tiers)}}, FIELD("score", TYPE_NUMBER), FIELD("employee", TYPE_TRUTH),
    {STR_INIT("children"), {.kind = TYPE_LIST, .item = &child_type}}};
static const struct str plans[] = {STR_INIT("trial"), STR_INIT("basic"), STR_INIT("team")};
static const struct type_field account_fields[] = {{STR_INIT("plan"), {.kind = TYPE_WORDS, .words = plans, .n_words = COUNT(plans)}},
    FIELD("seats", TYPE_NUMBER), FIELD("contract_end", TYPE_TIME)};
static const struct type_field preference_fields[] = {{STR_INIT("interests"), {.kind = TYPE_LIST, .item = &text_type}}};
static const struct type_field prediction_fields[] = {FIELD("no_order", TYPE_NUMBER)};
static const struct str topics[] = {STR_INIT("newsletter")};
static const struct str money_names[] = {STR_INIT("total"), STR_INIT("price")};
static const struct str segment_names[] = {STR_INIT("buyers"), STR_INIT("fans"), STR_INIT("quiet")};
static const char *const segment_texts[] = {"did \"Order Completed\"",
    "count \"Product Viewed\" last 30d >= 2 and not in segment \"buyers\"",
    "not did (page, \"Product Viewed\", \"Order Completed\") last 60d"};
static const struct str race[] = {STR_INIT("reach"), STR_INIT("act"), STR_INIT("convert"), STR_INIT("engage")};
static const struct str models[] = {STR_INIT("race")};
static const struct str *const stages[] = {race};
static const size_t n_stages[] = {COUNT(race)};

static const struct vocabulary shop = {.events = events, .n_events = COUNT(events), .amendments = amendments, .n_amendments = COUNT(amendments),
    .traits = OBJECT(trait_fields), .account_traits = OBJECT(account_fields), .preferences = OBJECT(preference_fields), .predictions = OBJECT(prediction_fields), .topics = topics,
    .n_topics = COUNT(topics), .money = money_names, .n_money = COUNT(money_names), .segments = segment_names,
    .n_segments = COUNT(segment_names), .models = models, .stages = stages, .n_stages = n_stages, .n_models = 1,
    .primary_model = STR_INIT("race"), .currency = STR_INIT("EUR")};

const struct vocabulary *
shop_vocabulary(void)
{
	return &shop;
}

const struct expr *const *
shop_segments(struct arena *a)
{
	const struct expr **trees = (const struct expr **)arena_array(a, struct expr *, COUNT(segment_texts));
	struct err e = {0};
	for (size_t i = 0; i < COUNT(segment_texts); i++)
		ASSERT(expr_parse(a, EXPR_CONDITION, str_of(segment_texts[i]), (struct expr_place){NULL, 1, 1, 0}, &trees[i], &e));
	return trees;
}

/* ---------------------------------------------------------------- conditions */

struct maker {
	struct dice *d;
	struct buf *out;
	bool account;        /* speaks of the company too */
	bool moment;         /* … of the trigger */
};

static const char *
one_of(struct maker *m, const char *const words[], size_t n)
{
	return words[roll(m->d, n)];
}
#define ONE_OF(m, ...) one_of((m), (const char *const[]){__VA_ARGS__}, COUNT(((const char *const[]){__VA_ARGS__})))
#define SAY(m, ...) buf_printf((m)->out, __VA_ARGS__)

static const char *
span(struct maker *m)
{
	return ONE_OF(m, "1h", "12h", "1d", "2d", "7d", "10d", "30d", "60d", "90d", "2w", "1.5d");
}

static const char *
sign(struct maker *m)
{
	return ONE_OF(m, "=", "!=", "<", "<=", ">", ">=");
}

static const char *
way(struct maker *m)
{
	return ONE_OF(m, "<", "<=", ">", ">=");
}

static void
window(struct maker *m)
{
	switch (roll(m->d, 12)) {
	case 0:
	case 1:
	case 2:
		SAY(m, " last %s", span(m));
		break;
	case 3:
		SAY(m, " from %s ago", ONE_OF(m, "90d to 30d", "30d to 7d", "2d to 1d", "60d to 10d"));
		break;
	case 4:
		SAY(m, " %s %s", ONE_OF(m, "this", "previous"), ONE_OF(m, "day", "week", "month", "quarter", "year"));
		break;
	case 5:
		SAY(m, " %s %s\"%s\"", ONE_OF(m, "since", "before"), ONE_OF(m, "", "", "first ", "2nd "),
		    ONE_OF(m, "Order Completed", "Product Viewed", "Email Opened"));
		break;
	case 6:
		SAY(m, " %s %s", ONE_OF(m, "since", "before"), ONE_OF(m, "trait.member_until", "2026-01-15", "2026-03-01"));
		break;
	default:
		break;
	}
}

/* An event set, with or without filter, and its window. */
static void
some_events(struct maker *m, bool with_window)
{
	if (m->moment && chance(m->d, 30)) {
		SAY(m, "%s", ONE_OF(m, "\"Product Viewed\" where (product_id = trigger.product_id)",
		    "(\"Product Viewed\", \"Product Added\") where (category = trigger.category and price >= trigger.price)",
		    "\"Order Completed\".products where (product_id = trigger.product_id)", "\"Order Completed\" where (order_id = trigger.order_id)",
		    "\"Order Completed\" where (any products where (category = trigger.category))", "\"Product Viewed\" where (event.time < trigger.time)"));
		if (with_window)
			window(m);
		return;
	}
	switch (roll(m->d, 9)) {
	case 0:
		SAY(m, "\"Order Completed\"");
		break;
	case 1:
		SAY(m, "\"Order Completed\" where (total %s %s)", way(m), ONE_OF(m, "20", "50", "100 EUR"));
		break;
	case 2:
		SAY(m, "\"Order Completed\" where (%s)", ONE_OF(m, "coupon is missing", "coupon like \"save*\"", "event.hour between 8 and 17",
		    "event.weekday in (\"saturday\", \"sunday\")", "any products where (category = \"coffee\")", "all products where (price > 5)",
		    "count products >= 2 or total > 60"));
		break;
	case 3:
		SAY(m, "(\"Product Viewed\", \"Product Added\")%s", ONE_OF(m, "", " where (category = \"coffee\")", " where (price >= 10)"));
		break;
	case 4:
		SAY(m, "\"Product Viewed\" where (product_id %s)", ONE_OF(m, "= \"p1\"", "!= \"p1\"", "in (\"p1\", \"p3\")", "not in (\"p2\")"));
		break;
	case 5:
		SAY(m, "%s", ONE_OF(m, "page", "page \"Pricing\"", "page where (path like \"/pricing*\")", "(page, \"Email Opened\")"));
		break;
	case 6:
		SAY(m, "\"Survey Answered\" where (%s)", ONE_OF(m, "survey = \"nps\"", "score >= 7", "score < 5 and survey != \"csat\""));
		break;
	case 7:
		SAY(m, "\"Order Completed\".products where (%s)", ONE_OF(m, "category = \"coffee\"", "price * quantity > 20", "quantity >= 2"));
		break;
	default:
		SAY(m, "\"%s\"", ONE_OF(m, "Product Viewed", "Email Opened", "Survey Answered", "Product Added"));
	}
	if (m->account && chance(m->d, 50))
		SAY(m, " by account");
	if (with_window)
		window(m);
}

static void
count_test(struct maker *m)
{
	SAY(m, "count ");
	some_events(m, true);
	if (chance(m->d, 10)) {
		SAY(m, " %s %s * count ", way(m), ONE_OF(m, "0.5", "2", "0.75"));
		some_events(m, true);
	} else {
		SAY(m, " %s %s", sign(m), ONE_OF(m, "0", "1", "2", "3", "5"));
	}
}

static void test(struct maker *m, int depth);

static void
sum_test(struct maker *m)
{
	switch (roll(m->d, 5)) {
	case 0:
		SAY(m, "sum (price * quantity) of \"Order Completed\".products%s", ONE_OF(m, "", " where (category = \"coffee\")"));
		break;
	case 1:
		SAY(m, "%s score of \"Survey Answered\"%s", ONE_OF(m, "average", "lowest", "highest", "latest", "first", "2nd"),
		    ONE_OF(m, "", " where (survey = \"nps\")"));
		break;
	case 2:
		SAY(m, "count distinct %s", ONE_OF(m, "event.day of \"Product Viewed\"", "category of \"Order Completed\".products",
		    "product_id of (\"Product Viewed\", \"Product Added\")"));
		break;
	default:
		SAY(m, "%s total of \"Order Completed\"", ONE_OF(m, "sum", "average", "lowest", "highest", "latest", "first"));
	}
	window(m);
	SAY(m, " %s %s", sign(m), ONE_OF(m, "2", "5", "8", "30", "60.5", "100", "250"));
}

static void
time_test(struct maker *m)
{
	switch (roll(m->d, 5)) {
	case 0:
		SAY(m, "time of %s ", ONE_OF(m, "2nd", "latest", "3rd"));
		some_events(m, false);
		SAY(m, " - time of first ");
		some_events(m, false);
		SAY(m, " %s %s", way(m), span(m));
		break;
	case 1:
		SAY(m, "time since \"%s\" %s %s * usual gap of \"%s\"", ONE_OF(m, "Product Viewed", "Order Completed"), way(m), ONE_OF(m, "0.5", "1.5", "2"),
		    ONE_OF(m, "Product Viewed", "Order Completed"));
		break;
	case 2:
		SAY(m, "time since %s", ONE_OF(m, "", "first ", "2nd "));
		some_events(m, chance(m->d, 30));
		SAY(m, " between %s and %s", ONE_OF(m, "1h", "1d", "7d"), ONE_OF(m, "10d", "30d", "60d"));
		break;
	default:
		SAY(m, "time since %s", ONE_OF(m, "", "", "first ", "2nd "));
		some_events(m, chance(m->d, 30));
		SAY(m, " %s %s", way(m), span(m));
	}
}

static void
sequence_test(struct maker *m)
{
	SAY(m, "did ");
	some_events(m, true);
	SAY(m, " then %s", ONE_OF(m, "", "not "));
	some_events(m, false);
	if (chance(m->d, 40))
		SAY(m, " with same product_id");
	if (chance(m->d, 60))
		SAY(m, " within %s", span(m));
}

static void
person_test(struct maker *m)
{
	SAY(m, "%s", ONE_OF(m, "trait.country = \"FI\"", "trait.country != \"FI\"", "trait.country in (\"FI\", \"SE\")", "trait.country not in (\"FI\")",
	    "trait.tier >= \"silver\"", "trait.tier < \"silver\"", "trait.tier = \"gold\"", "trait.score > 5", "trait.score is missing", "trait.employee",
	    "not trait.employee", "consent.email", "consent.sms.marketing", "topic.newsletter", "preference.interests contains \"coffee\"",
	    "predict.no_order between 0.5 and 0.8", "predict.no_order is missing", "trait.country like (\"f*\", \"s*\")", "everyone",
	    "stage = \"act\"", "stage.race in (\"act\", \"engage\")", "cart.count > 0", "cart.value >= 50 EUR",
	    "any trait.children where (born within last 3y)", "count trait.children where (born is not missing) >= 1",
	    "(trait.score otherwise 3) >= 3"));
}

static void
calendar_test(struct maker *m)
{
	switch (roll(m->d, 6)) {
	case 0:
		SAY(m, "trait.member_until within %s %s", ONE_OF(m, "next", "last"), ONE_OF(m, "7d", "30d", "1mo", "90d"));
		break;
	case 1:
		SAY(m, "anniversary of trait.birthday within %s %s", ONE_OF(m, "next", "last"), ONE_OF(m, "1d", "7d", "30d"));
		break;
	case 2:
		SAY(m, "local.hour %s %s", way(m), ONE_OF(m, "9", "18"));
		break;
	case 3:
		SAY(m, "local.%s", ONE_OF(m, "weekday in (\"saturday\", \"sunday\")", "weekday = \"monday\"", "day >= 15", "month = 3", "hour between 9 and 17"));
		break;
	case 4:
		SAY(m, "now %s %s", way(m), ONE_OF(m, "2026-02-01", "2026-03-15T12:00", "trait.member_until", "trait.member_until - 7d"));
		break;
	default:
		SAY(m, "trait.member_until %s %s", way(m), ONE_OF(m, "2026-03-01", "now", "now + 30d", "time of latest \"Order Completed\""));
	}
}

static void
account_test(struct maker *m)
{
	switch (roll(m->d, 4)) {
	case 0:
		SAY(m, "count people where (did ");
		some_events(m, true);
		SAY(m, ") %s %s", way(m), ONE_OF(m, "1", "2", "3"));
		break;
	case 1:
		SAY(m, "%s people where (", ONE_OF(m, "any", "all", "not any"));
		test(m, 0);
		SAY(m, ")");
		break;
	case 2:
		SAY(m, "%s trait.score of people %s %s", ONE_OF(m, "sum", "average", "lowest", "highest"), way(m), ONE_OF(m, "3", "5", "7"));
		break;
	default:
		SAY(m, "%s", ONE_OF(m, "account.plan >= \"basic\"", "account.plan = \"trial\"", "account.contract_end within next 30d",
		    "account.contract_end within last 90d", "account.seats > 5", "account.seats is missing", "list trait.country of people contains \"FI\""));
	}
}

static void
moment_test(struct maker *m)
{
	SAY(m, "%s", ONE_OF(m, "trigger.price >= 10", "trigger.product_id in (\"p1\", \"p2\")", "now - trigger.time > 1d",
	    "trigger.time within last 7d", "trigger.product_id in list product_id of \"Order Completed\".products",
	    "trigger.total > average total of \"Order Completed\"", "any trigger.products where (category = \"coffee\")",
	    "not did \"Order Completed\" since entry", "count \"Product Viewed\" since entry >= 2", "did \"Product Viewed\" before entry"));
}

static void
test(struct maker *m, int depth)
{
	if (m->account && chance(m->d, 40)) {
		account_test(m);
		return;
	}
	if (m->moment && chance(m->d, 25)) {
		moment_test(m);
		return;
	}
	switch (roll(m->d, 12)) {
	case 0:
	case 1:
		SAY(m, "did ");
		some_events(m, true);
		break;
	case 2:
	case 3:
		count_test(m);
		break;
	case 4:
		sum_test(m);
		break;
	case 5:
	case 6:
		time_test(m);
		break;
	case 7:
		sequence_test(m);
		break;
	case 8:
		person_test(m);
		break;
	case 9:
		calendar_test(m);
		break;
	case 10:
		if (depth > 0) {
			const char *word = ONE_OF(m, "and", "or");
			SAY(m, "(");
			test(m, depth - 1);
			SAY(m, " %s %s", word, ONE_OF(m, "", "not "));
			test(m, depth - 1);
			SAY(m, ")");
			break;
		}
		/* fallthrough */
	default:
		SAY(m, "in segment \"%s\"", ONE_OF(m, "buyers", "fans", "quiet"));
	}
}

void
random_condition(struct dice *d, enum random_kind kind, struct buf *out)
{
	struct maker m = {d, out, kind == RANDOM_ACCOUNT, kind == RANDOM_MOMENT};
	const char *word = ONE_OF(&m, "and", "or");
	for (uint64_t n = roll(d, 3) + 1; n; n--) {
		SAY(&m, "%s", ONE_OF(&m, "", "", "", "not "));
		test(&m, 2);
		if (n > 1)
			SAY(&m, " %s ", word);
	}
}

/* ---------------------------------------------------------------- histories */

static const struct json *
json_of(struct arena *a, const struct buf *text)
{
	const struct json *j = NULL;
	struct err e = {0};
	ASSERT(json_parse_arena(a, arena_str(a, buf_str(text)), &j, &e));
	return j;
}

static void
order_properties(struct maker *m)
{
	SAY(m, "{\"order_id\":\"o%d\",\"total\":%s", (int)roll(m->d, 6), ONE_OF(m, "10", "20", "50", "60.5", "100", "250.25"));
	if (chance(m->d, 30))
		SAY(m, ",\"coupon\":\"%s\"", ONE_OF(m, "SAVE10", "friend", "savemore"));
	if (chance(m->d, 80)) {
		SAY(m, ",\"products\":[");
		for (uint64_t n = roll(m->d, 4), i = 0; i < n; i++)
			SAY(m, "%s{\"product_id\":\"p%d\",\"category\":\"%s\",\"price\":%s,\"quantity\":%d}", i ? "," : "", (int)roll(m->d, 4),
			    ONE_OF(m, "coffee", "tea", "mugs"), ONE_OF(m, "4.5", "10", "24"), (int)roll(m->d, 3) + 1);
		SAY(m, "]");
	}
	SAY(m, "}");
}

static void
random_event(struct maker *m, struct event_view *ev)
{
	static const struct {
		const char *name;
		int kind;
	} kinds[] = {{"Order Completed", ENTRY_TRACK}, {"Product Viewed", ENTRY_TRACK}, {"Product Viewed", ENTRY_TRACK}, {"Product Added", ENTRY_TRACK},
	    {"Email Opened", ENTRY_TRACK}, {"Survey Answered", ENTRY_TRACK}, {"Order Cancelled", ENTRY_TRACK}, {"Order Refunded", ENTRY_TRACK},
	    {"", ENTRY_PAGE}, {"Pricing", ENTRY_PAGE}, {"Order Completed", ENTRY_TRACK}};
	size_t k = roll(m->d, COUNT(kinds));
	ev->kind = kinds[k].kind;
	ev->name = str_of(kinds[k].name);
	ev->source = STR("test");
	if (str_eq(ev->name, STR("Order Completed")))
		order_properties(m);
	else if (str_starts(ev->name, STR("Product")))
		SAY(m, "{\"product_id\":\"p%d\",\"category\":\"%s\",\"price\":%s}", (int)roll(m->d, 4), ONE_OF(m, "coffee", "tea"), ONE_OF(m, "4.5", "10", "24"));
	else if (str_eq(ev->name, STR("Survey Answered")))
		SAY(m, "{\"survey\":\"%s\",\"score\":%d}", ONE_OF(m, "nps", "csat"), (int)roll(m->d, 11));
	else if (str_eq(ev->name, STR("Order Cancelled")))
		SAY(m, "{\"order_id\":\"o%d\"}", (int)roll(m->d, 6));
	else if (str_eq(ev->name, STR("Order Refunded")))
		SAY(m, "{\"order_id\":\"o%d\",\"total\":%s}", (int)roll(m->d, 6), ONE_OF(m, "5", "10", "20.5"));
	else if (ev->kind == ENTRY_PAGE)
		SAY(m, "{\"path\":\"%s\"}", ONE_OF(m, "/", "/pricing", "/pricing/team"));
	else
		SAY(m, "{\"template\":\"welcome\"}");
}

static msec
random_gap(struct dice *d)
{
	static const msec gaps[] = {0, 1, HOUR, 12 * HOUR, DAY, 2 * DAY, 7 * DAY, 10 * DAY, 30 * DAY};
	if (chance(d, 70))
		return gaps[roll(d, COUNT(gaps))];
	return (msec)roll(d, (uint64_t)(10 * DAY));
}

static void
maybe(struct maker *m, const char *key, const char *json_value, int percent)
{
	if (chance(m->d, percent))
		SAY(m, "%s\"%s\":%s", m->out->ptr[m->out->len - 1] == '{' ? "" : ",", key, json_value);
}

static void
random_person(struct maker *m, struct arena *a, struct history *h)
{
	struct buf *b = m->out;
	buf_reset(b);
	SAY(m, "{");
	maybe(m, "country", ONE_OF(m, "\"FI\"", "\"SE\"", "\"DE\"", "\"\""), 70);
	maybe(m, "birthday", ONE_OF(m, "\"1990-02-28\"", "\"--03-01\"", "\"1984-02-29\"", "\"2000-12-24\"", "\"nonsense\""), 70);
	maybe(m, "member_until", ONE_OF(m, "\"2026-03-01\"", "\"2026-03-29T02:30\"", "\"2026-04-15T09:00:00Z\"", "\"2025-12-31\""), 70);
	maybe(m, "tier", ONE_OF(m, "\"none\"", "\"bronze\"", "\"silver\"", "\"gold\"", "\"other\""), 70);
	maybe(m, "score", ONE_OF(m, "3", "5", "7.25", "\"many\""), 60);
	maybe(m, "employee", ONE_OF(m, "true", "false"), 50);
	maybe(m, "children", ONE_OF(m, "[]", "[{\"born\":\"2023-03-15\"}]", "[{\"born\":\"2010-01-01\"},{\"born\":\"2024-06-01\"},{}]"), 50);
	SAY(m, "}");
	h->traits = json_of(a, b);
	buf_reset(b);
	SAY(m, "{\"email\":{\"marketing\":%s},\"sms\":{\"marketing\":%s}}", ONE_OF(m, "true", "false"), ONE_OF(m, "true", "false"));
	h->consent = json_of(a, b);
	buf_reset(b);
	SAY(m, "{\"newsletter\":%s}", ONE_OF(m, "true", "false"));
	h->topics = json_of(a, b);
	buf_reset(b);
	SAY(m, "%s", ONE_OF(m, "{}", "{\"interests\":[\"coffee\",\"tea\"]}", "{\"interests\":[\"baby\"]}", "{\"interests\":\"coffee\"}"));
	h->preferences = json_of(a, b);
	buf_reset(b);
	SAY(m, "%s", ONE_OF(m, "{}", "{\"no_order\":0.5}", "{\"no_order\":0.81}", "{\"no_order\":0.65}"));
	h->predictions = json_of(a, b);
	buf_reset(b);
	SAY(m, "%s", ONE_OF(m, "[]", "[{\"product_id\":\"p1\",\"price\":24,\"quantity\":2}]", "[{\"product_id\":\"p1\",\"price\":60},{\"product_id\":\"p2\",\"price\":4.5,\"quantity\":1}]"));
	h->cart = json_of(a, b);
	buf_reset(b);
	SAY(m, "{");
	maybe(m, "plan", ONE_OF(m, "\"trial\"", "\"basic\"", "\"team\""), 80);
	maybe(m, "seats", ONE_OF(m, "3", "20"), 60);
	maybe(m, "contract_end", ONE_OF(m, "\"2026-04-01\"", "\"2026-02-10T12:00:00Z\""), 70);
	SAY(m, "}");
	h->account = json_of(a, b);
	buf_reset(b);
	SAY(m, "{\"race\":\"%s\"}", ONE_OF(m, "reach", "act", "convert", "engage"));
	h->stages = json_of(a, b);
}

struct history
random_history(struct dice *d, struct arena *a, const struct tz *zone, size_t max)
{
	struct civil c = {2026, 3, 1, (int8_t)roll(d, 24), 0, 0, 0};
	struct history h = {.zone = zone, .n = (size_t)roll(d, max + 1)};
	struct buf text = {0};
	struct maker m = {.d = d, .out = &text};
	msec back = 0;
	c.day = (int8_t)(roll(d, 31) + 1);
	h.end = civil_to_wall(zone, &c);
	h.events = arena_array(a, struct event_view, h.n + 1);
	for (size_t i = h.n; i-- > 0;) {
		struct event_view *ev = &h.events[i];
		if (back < 190 * DAY)
			back += random_gap(d);
		if (back > 200 * DAY)
			back = 200 * DAY;
		ev->time = (wall){h.end.ms - back};
		ev->seq = i + 1;
		buf_reset(&text);
		random_event(&m, ev);
		ev->properties = json_of(a, &text);
	}
	random_person(&m, a, &h);
	buf_release(&text);
	return h;
}

struct naive_world
history_world(const struct history *h, size_t n, const struct expr *const *segments)
{
	return (struct naive_world){.vocabulary = &shop, .zone = h->zone, .events = h->events, .n_events = n, .traits = h->traits, .account = h->account,
	    .consent = h->consent, .topics = h->topics, .preferences = h->preferences, .predictions = h->predictions, .cart = h->cart,
	    .stages = h->stages, .segments = segments};
}

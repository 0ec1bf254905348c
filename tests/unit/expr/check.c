/* What the checker refuses and warns of: the slips of marketers, types, places. */
#include "tests/tap.h"
#include "tests/unit/expr/lang.h"
#include "tests/unit/expr/random.h"
#include "tests/unit/expr/shop.h"

static struct arena a;
static struct vocabulary words;

static const struct str step_names[] = {STR_INIT("first"), STR_INIT("call")};

/* "line:column: sentence" of the error or else of the first warning ("? " before it), "" when there is nothing to say. */
static const char *
said(enum expr_place_kind place, enum expr_form form, enum type_kind wanted, const char *text)
{
	const struct expr *x;
	struct err e = {0};
	warning_list w = {0};
	struct expr_scope scope = {.place = place, .vocabulary = &words, .steps = step_names, .n_steps = place == PLACE_STEP ? COUNT(step_names) : 0};
	const char *r = "";
	if (!expr_parse(&a, form, str_of(text), AT_START, &x, &e))
		r = arena_cstr(&a, arena_printf(&a, "%d:%d: %s", e.line, e.column, e.text));
	else if (!expr_check(x, &scope, wanted, &w, &e))
		r = arena_cstr(&a, arena_printf(&a, "%d:%d: %s", e.line, e.column, e.text));
	else if (w.len)
		r = arena_cstr(&a, arena_printf(&a, "? %d:%d: %s", w.items[0].line, w.items[0].column, w.items[0].text));
	vec_release(&w);
	return r;
}

static void
check_said(enum expr_place_kind place, const char *text, const char *want)
{
	words = retail_words;
	CHECK_CSTR(said(place, EXPR_CONDITION, TYPE_TRUTH, text), want);
	arena_reset(&a);
}

static void
standing(const char *text, const char *want)
{
	check_said(PLACE_STANDING, text, want);
}

static void
in_step(const char *text, const char *want)
{
	check_said(PLACE_STEP, text, want);
}

static void
trigger(enum expr_place_kind place, const char *text, const char *want)
{
	words = retail_words;
	words.account_traits = (struct type)OBJECT(account_fields);
	CHECK_CSTR(said(place, EXPR_TRIGGER, TYPE_UNKNOWN, text), want);
	arena_reset(&a);
}

static void
wait_of(enum expr_form form, const char *text, const char *want)
{
	words = retail_words;
	words.account_traits = (struct type)OBJECT(account_fields);
	CHECK_CSTR(said(PLACE_STEP, form, TYPE_UNKNOWN, text), want);
	arena_reset(&a);
}

/* ---------------------------------------------------------------- the slips of marketers (findings, C5) */

TEST(unknown_names_are_warned_of_and_guessed)
{
	standing("did \"Order completed\" last 30d", "? 1:5: the event \"Order completed\" is not in the vocabulary; did you mean Order Completed?");
	standing("trait.contry = \"FI\"", "? 1:1: trait.contry is not in the vocabulary; did you mean country?");
	standing("sum total of \"Order Completed\" where (totl > 50) > 100", "? 1:39: 'totl' is not a property of \"Order Completed\"; did you mean total?");
	standing("did \"Order Completed\" where (category = \"coffee\")",
	    "? 1:30: 'category' is not a property of \"Order Completed\", but of its products: \"Order Completed\".products where (…)");
	standing("did \"Order Completed\".prodcts where (category = \"coffee\")", "? 1:5: \"Order Completed\" has no list 'prodcts'; did you mean products?");
	standing("preference.intrests contains \"x\"", "? 1:1: preference.intrests is not in the vocabulary; did you mean interests?");
	standing("topic.newsleter", "? 1:1: the topic 'newsleter' is not in the vocabulary; did you mean newsletter?");
	standing("did \"Order Completed\" then \"Support Case Opened\" with same order_id", "? 1:1: 'order_id' is not a property of \"Support Case Opened\"");
}

TEST(what_the_program_does_not_have_is_refused)
{
	standing("in segment \"VIP\"", "1:1: there is no segment \"VIP\"; did you mean vip?");
	standing("in journey \"welcom\"", "1:1: there is no journey \"welcom\"; did you mean welcome?");
	standing("stage.retial = \"loyalty\"", "1:1: there is no lifecycle model 'retial'; did you mean retail?");
	standing("stage = \"loyalty\"", "1:9: stage is never \"loyalty\"; it is one of: reach, act, convert, engage");
	standing("time in stage.retial > 3d", "1:1: there is no lifecycle model 'retial'; did you mean retail?");
	in_step("message.frist.opened = false", "1:1: no step is named 'frist'; did you mean first?");
	in_step("message.first.openned", "1:1: 'openned' is not known here; did you mean opened?");
	standing("did \"Product Viewed\" by account last 7d", "1:5: 'by account' in a program without accounts: the vocabulary has no 'account traits'");
}

TEST(bare_words_get_a_hint)
{
	standing("total > 50", "1:1: 'total' is not known here: did you mean trait.total, event.total, or the text \"total\"?");
	standing("trait.country = FI", "1:17: 'FI' is not known here: did you mean trait.FI, event.FI, or the text \"FI\"?");
}

TEST(types_must_fit)
{
	standing("time since \"Order Completed\" > 30",
	    "1:1: this compares a length of time with a number: time since \"Order Completed\" > 30 (thirty days are written 30d)");
	standing("trait.loyalty_tier = \"Gold\"", "1:22: trait.loyalty_tier is never \"Gold\"; it is one of: none, bronze, silver, gold; did you mean gold?");
	standing("preference.interests = \"coffee\"",
	    "1:1: this compares a list with a text: preference.interests = \"coffee\" (a list is asked with 'contains')");
	standing("anniversary of trait.birthday within next 7", "1:43: after 'within next' comes a length of time such as 90d, not the number 7");
	standing("count page where (path = \"/pricing*\") last 14d >= 3", "1:26: '=' compares every sign: for \"/pricing*\" with a star write like");
	standing("trait.country not in \"FI\"", "1:22: after 'in' comes a list: in (\"FI\")");
	standing("predict.no_order > 80", "? 1:20: a chance lies between 0 and 1: is 80% meant?");
	standing("sum name of \"Product Viewed\" > 3", "1:1: cannot take the sum of 'name', which is a text");
	standing("latest total of \"Order Completed\" > \"50\"",
	    "1:1: this compares a number with a text: latest total of \"Order Completed\" > \"50\" (numbers stand without quotation marks)");
	standing("trait.country contains \"F\"", "1:1: 'trait.country' is a text, not a list; for text write like \"*…*\"");
	standing("trait.employee > true", "1:1: 'trait.employee' is a truth, which is neither greater nor smaller");
	standing("trait.birthday = \"summer\"", "1:18: \"summer\" is no date: it is written 2026-09-01");
	standing("trait.country + 1 > 2", "1:1: cannot calculate with the text 'trait.country'");
	standing("trait.country", "1:1: 'trait.country' is a text, not something true or false");
	standing("count \"Product Viewed\" and trait.employee", "1:1: 'count \"Product Viewed\"' is a number, not something true or false");
	standing("trait.birthday > 7d", "1:1: this compares a time with a length of time: trait.birthday > 7d (a time is asked with 'within last 7d' or 'within next 7d')");
	standing("any trait.country where (x = 1)", "1:5: 'trait.country' is a text, not a list");
}

TEST(time_runs_and_windows_are_exact)
{
	standing("time since \"Order Completed\" = 30d",
	    "1:1: time runs on, so 'time since \"Order Completed\" = 30d' would be so for a thousandth of a second: write >= or between");
	standing("did \"Order Completed\" last 3mo", "1:28: months, years and workdays have no exact length: after 'last' count in days, such as 90d or 365d");
	standing("time since \"Order Completed\" > 3mo", "1:32: 3mo has no exact length: count in days, such as 90d or 365d");
	standing("did \"Order Completed\" last (2 * usual gap of \"Order Completed\")",
	    "1:28: after 'last' comes a length that is known beforehand, such as 90d; '(2 * usual gap of \"Order Completed\")' is another for everybody");
	standing("did \"Order Completed\" last 0d", "1:28: after 'last' comes a length greater than 0");
	standing("did \"Order Completed\" last 30", "1:28: after 'last' comes a length of time such as 90d, not the number 30");
	standing("did \"Order Completed\" from 7d to 30d ago", "1:23: the longer time stands first: from 730d to 365d ago");
	standing("any trait.children where (born within last 3y)", "");
}

TEST(a_where_looks_at_one_event)
{
	standing("did \"Product Viewed\" where (product_id = trait.favourite)",
	    "1:42: a where looks at one event or item, not at the person: 'trait' changes, the past does not");
	standing("did \"Product Viewed\" where (did \"Order Completed\")",
	    "1:29: a where looks at one event or item and nothing else: put 'did \"Order Completed\"' beside it, with 'and'");
	standing("did \"Product Viewed\" where (local.hour > 9)",
	    "1:29: a where looks at one event or item and nothing else: put 'local.hour' beside it, with 'and'");
	standing("did \"Order Completed\" where (any products where (category = \"coffee\") and event.hour > 9)", "");
}

TEST(places_know_their_roots)
{
	standing("trigger.product_id = \"x\"", "1:1: 'trigger' is not known in a condition that stands for ever");
	standing("did \"Email Opened\" since entry", "1:26: 'since entry' has a meaning only inside a journey");
	in_step("did \"Email Opened\" since entry", "");
	standing("product(\"x\").stock > 0",
	    "1:1: the catalogue is looked at in a moment, such as 'if': 'product(\"x\").stock' cannot stand in a condition that holds for ever");
	in_step("product(trigger.product_id).stock > 0", "");
	in_step("product(trigger.product_id).stck > 0", "? 1:1: a product has no 'stck' in the vocabulary; did you mean stock?");
	check_said(PLACE_POLICY, "message.purpose = \"marketing\"", "");
	check_said(PLACE_POLICY, "message.porpose = \"marketing\"", "1:1: 'porpose' is not known here; did you mean purpose?");
	standing("item = 1", "1:1: there is no item in hand here: 'item' stands in the where of a list");
	standing("from > 1", "1:1: 'from' has a meaning only in the where of 'change of'");
	standing("did page where (arrival.medium like \"e*mail\")", "");
}

TEST(unknown_is_not_false)
{
	in_step("not message.first.opened",
	    "? 1:1: 'not message.first.opened' is true also when it could not be seen; for demonstrably not write: message.first.opened = false");
	in_step("message.first.opened = false", "");
	standing("not consent.email.marketing = true", "");
}

TEST(a_page_name_is_no_address)
{
	standing("did page \"/pricing\"", "? 1:5: page \"/pricing\" asks for the name of a page; for its address write: page where (path = \"/pricing\")");
}

TEST(triggers_are_checked)
{
	trigger(PLACE_ENTRY, "track \"Product Added\" where (price > 10 and trait.country = \"FI\")", "");
	trigger(PLACE_ENTRY, "track \"Product Aded\"", "? 1:1: the event \"Product Aded\" is not in the vocabulary; did you mean Product Added?");
	trigger(PLACE_ENTRY, "becomes trigger.x = 1", "1:9: 'trigger' is not known in a condition that stands for ever");
	trigger(PLACE_STEP, "becomes trigger.x = 1", "");
	trigger(PLACE_ENTRY, "change of product.price where (to <= 0.9 * from)", "");
	trigger(PLACE_ENTRY, "change of product.price where (to <= \"cheap\")",
	    "1:32: this compares a number with a text: to <= \"cheap\" (numbers stand without quotation marks)");
	trigger(PLACE_ENTRY, "change of trait.loyalty_tier where (to > from and to != \"Gold\")",
	    "1:57: to is never \"Gold\"; it is one of: none, bronze, silver, gold; did you mean gold?");
	trigger(PLACE_ENTRY, "change of cart.value", "1:11: a change is of trait, account, consent, topic, preference, predict, product, store, offer or content, not of 'cart'");
	trigger(PLACE_ENTRY, "change of stage", "1:11: for stages write: becomes stage = \"…\"");
	trigger(PLACE_ENTRY, "date 90d before account.contract_end at 09:00", "");
	trigger(PLACE_ENTRY, "date 90d before account.seats at 09:00", "1:17: a time is wanted here, but 'account.seats' is a number");
	trigger(PLACE_ENTRY, "date 5 before account.contract_end at 09:00", "1:6: before 'before' stands a length of time such as 14d, not the number 5");
}

TEST(waits_are_checked)
{
	wait_of(EXPR_WAIT, "2d", "");
	wait_of(EXPR_WAIT, "2", "1:1: a wait is a length of time such as 2d, not the number 2");
	wait_of(EXPR_WAIT, "account.contract_end", "1:1: a wait for a time is written: until account.contract_end");
	wait_of(EXPR_WAIT, "until 3 workdays before account.contract_end at 09:00", "");
	wait_of(EXPR_WAIT, "0.5 * 3mo", "1:1: months, years and workdays are counted whole and not calculated with: 0.5 * 3mo");
	wait_of(EXPR_AT, "12h", "");
	wait_of(EXPR_AT, "end of day", "");
	wait_of(EXPR_AT, "12", "1:1: a time or a length of time is wanted here, but '12' is a number (two days are written 2d)");
}

TEST(a_value_of_the_wanted_type)
{
	words = retail_words;
	CHECK_CSTR(said(PLACE_STEP, EXPR_VALUE, TYPE_NUMBER, "event.total * 2"), "");
	CHECK_CSTR(said(PLACE_STEP, EXPR_VALUE, TYPE_NUMBER, "\"much\""), "1:1: a number is wanted here, but '\"much\"' is a text");
	CHECK_CSTR(said(PLACE_STEP, EXPR_VALUE, TYPE_DURATION, "7"), "1:1: a length of time is wanted here, but '7' is a number");
	arena_reset(&a);
}

TEST(people_are_those_of_the_account)
{
	standing("count people where (trait.employee) >= 2", "1:7: 'people' in a program without accounts: the vocabulary has no 'account traits'");
	words.account_traits = (struct type)OBJECT(account_fields);
	CHECK_CSTR(said(PLACE_STANDING, EXPR_CONDITION, TYPE_TRUTH, "count people where (did \"Product Viewed\" last 14d) >= 2"), "");
	CHECK_CSTR(said(PLACE_STANDING, EXPR_CONDITION, TYPE_TRUTH, "latest trait.country of people = \"FI\""),
	    "1:1: people have no order: take 'list … of people', 'lowest' or 'highest'");
	arena_reset(&a);
}

/* ---------------------------------------------------------------- 36 typical slips (findings, C5) */

TEST(of_thirty_six_typical_slips_the_thirty_four_that_are_some_get_a_sentence)
{
	static const struct {
		enum expr_place_kind place;
		const char *text;
	} slips[] = {
		{PLACE_STANDING, "did \"Order completed\" last 30d"},
		{PLACE_STANDING, "trait.contry = \"FI\""},
		{PLACE_STANDING, "total > 50"},
		{PLACE_STANDING, "count \"Order Completed\" >= 2 last 90d"},
		{PLACE_STANDING, "did \"Order Completed\" in last 30d"},
		{PLACE_STANDING, "did \"Order Completed\" last 30 days"},
		{PLACE_STANDING, "time since \"Order Completed\" > 30"},
		{PLACE_STANDING, "in segment \"vip\" and did \"Product Viewed\" last 7d or trait.country = \"FI\""},
		{PLACE_STANDING, "count \"Order Completed\" where total > 50 last 90d >= 2"},
		{PLACE_STANDING, "sum total of \"Order Completed\" where (totl > 50) > 100"},
		{PLACE_STANDING, "did \"Order Completed\" where (category = \"coffee\")"},
		{PLACE_STANDING, "did \"Order Completed\".products where (category = \"coffee\") last 90d"},
		{PLACE_STANDING, "in segment \"VIP\""},
		{PLACE_STANDING, "trigger.product_id = \"x\""},
		{PLACE_STANDING, "did \"Product Viewed\" where (product_id = trait.favourite)"},
		{PLACE_STANDING, "did \"Email Opened\" since entry"},
		{PLACE_STANDING, "trait.country = FI"},
		{PLACE_STANDING, "trait.country = 'FI'"},
		{PLACE_STANDING, "trait.country == \"FI\""},
		{PLACE_STANDING, "not consent.email.marketing = true"},
		{PLACE_STANDING, "trait.loyalty_tier = \"Gold\""},
		{PLACE_STANDING, "preference.interests = \"coffee\""},
		{PLACE_STANDING, "trait.birthday within 7d"},
		{PLACE_STANDING, "anniversary of trait.birthday within next 7"},
		{PLACE_STANDING, "count page where (path = \"/pricing*\") last 14d >= 3"},
		{PLACE_STANDING, "did page \"/pricing\""},
		{PLACE_STANDING, "trait.country not in \"FI\""},
		{PLACE_STEP, "message.frist.opened = false"},
		{PLACE_STEP, "not message.first.opened"},
		{PLACE_STANDING, "predict.no_order > 80"},
		{PLACE_STANDING, "did \"Product Viewed\" by account last 7d"},
		{PLACE_STANDING, "sum name of \"Product Viewed\" > 3"},
		{PLACE_STANDING, "stage.retial = \"loyalty\""},
		{PLACE_STANDING, "count \"Order Completed\" between 2 or 5"},
		{PLACE_STANDING, "did \"Order Completed\" last 90d and"},
		{PLACE_STANDING, "latest total of \"Order Completed\" > \"50\""},
	};
	int unnoticed = 0;
	words = retail_words;
	for (size_t i = 0; i < COUNT(slips); i++) {
		const char *s = said(slips[i].place, EXPR_CONDITION, TYPE_TRUTH, slips[i].text);
		if (!*s) {
			printf("# passes: %s\n", slips[i].text);
			unnoticed++;
		}
		arena_reset(&a);
	}
	/* Two are none: orders with coffee inside, and `not … = true`, mean what they say. */
	CHECK_INT(unnoticed, 2);
}

/* ---------------------------------------------------------------- names of `with` */

TEST(names_have_the_type_of_their_expression)
{
	const struct expr *rhythm, *order, *x;
	const struct str names[] = {STR_INIT("rhythm"), STR_INIT("order")};
	struct err e = {0};
	words = retail_words;
	NEED(expr_parse(&a, EXPR_VALUE, STR("usual gap of \"Order Completed\" otherwise 30d"), AT_START, &rhythm, &e));
	NEED(expr_parse(&a, EXPR_VALUE, STR("latest event of \"Order Completed\""), AT_START, &order, &e));
	const struct expr *const trees[] = {rhythm, order};
	struct expr_scope scope = {.place = PLACE_STEP, .vocabulary = &words, .names = names, .name_trees = trees, .n_names = 2};
	NEED(expr_parse(&a, EXPR_WAIT, STR("0.85 * rhythm"), AT_START, &x, &e));
	CHECK(expr_check(x, &scope, TYPE_UNKNOWN, NULL, &e));
	NEED(expr_parse(&a, EXPR_CONDITION, STR("rhythm > 3"), AT_START, &x, &e));
	CHECK(!expr_check(x, &scope, TYPE_TRUTH, NULL, &e));
	NEED(expr_parse(&a, EXPR_CONDITION, STR("trigger.product_id in list product_id of order.products"), AT_START, &x, &e));
	CHECK(expr_check(x, &scope, TYPE_TRUTH, NULL, &e));
	arena_reset(&a);
}

TEST(names_in_a_circle_end)
{
	const struct expr *self, *x;
	const struct str names[] = {STR_INIT("self")};
	struct err e = {0};
	NEED(expr_parse(&a, EXPR_VALUE, STR("self + self"), AT_START, &self, &e));
	const struct expr *const trees[] = {self};
	struct expr_scope scope = {.place = PLACE_STEP, .vocabulary = &words, .names = names, .name_trees = trees, .n_names = 1};
	NEED(expr_parse(&a, EXPR_CONDITION, STR("self > 1"), AT_START, &x, &e));
	CHECK(!expr_check(x, &scope, TYPE_TRUTH, NULL, &e));
	arena_reset(&a);
}

/* ---------------------------------------------------------------- nothing crashes, nothing that can be meant is refused */

TEST(random_sentences_are_judged_without_harm)
{
	struct dice d = dice_of(11);
	struct buf text = {0};
	words = retail_words;
	for (int i = 0; i < 5000; i++) {
		buf_reset(&text);
		enum expr_form form = (enum expr_form)roll(&d, EXPR_COLLECTION + 1);
		random_sentence(&d, form, &text);
		(void)said((enum expr_place_kind)roll(&d, PLACE_EVIDENCE + 1), form, TYPE_UNKNOWN, text.ptr);
		arena_reset(&a);
	}
	buf_release(&text);
}

TEST(the_random_shop_writes_conditions_that_stand)
{
	struct dice d = dice_of(5);
	struct buf text = {0};
	int refused = 0, warned = 0;
	words = *shop_vocabulary();
	for (int i = 0; i < 3000; i++) {
		enum random_kind kind = (enum random_kind)(i % 3);
		buf_reset(&text);
		random_condition(&d, kind, &text);
		const char *s = said(kind == RANDOM_MOMENT ? PLACE_STEP : PLACE_STANDING, EXPR_CONDITION, TYPE_TRUTH, text.ptr);
		warned += *s == '?';
		if (*s && *s != '?' && ++refused <= 5)
			printf("# %s | %s\n", s, text.ptr);
		arena_reset(&a);
	}
	buf_release(&text);
	printf("# %d of 3000 refused, %d warned of\n", refused, warned);
	CHECK(refused < 150);
}

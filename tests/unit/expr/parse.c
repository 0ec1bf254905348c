/* What the parser says about slips, and where. */
#include "tests/tap.h"
#include "tests/unit/expr/lang.h"
#include "base/limits.h"

static struct arena a;

static void
check_refused(enum expr_form form, const char *text, const char *want)
{
	CHECK_CSTR(parse_error(&a, form, text), want);
	arena_reset(&a);
}

TEST(and_beside_or_needs_brackets)
{
	check_refused(EXPR_CONDITION, "trait.a and trait.b or trait.c", "1:21: 'and' and 'or' stand side by side: put brackets around what belongs together");
	check_refused(EXPR_CONDITION, "trait.a and (trait.b or trait.c)", "");
}

TEST(windows_stand_before_the_comparison)
{
	check_refused(EXPR_CONDITION, "count \"A\" >= 2 last 90d", "1:16: the window stands before the comparison: count \"…\" last 90d >= 2");
	check_refused(EXPR_CONDITION, "did \"A\" in last 30d", "1:9: leave out 'in': did … last 30d");
	check_refused(EXPR_CONDITION, "did \"A\" last 30 days", "1:17: a length of time is written without a blank: last 30d");
}

TEST(where_wants_brackets)
{
	check_refused(EXPR_CONDITION, "count \"A\" where total > 50 last 90d >= 2", "1:17: put the condition after 'where' in brackets: where (total > 50)");
	check_refused(EXPR_CONDITION, "did \"A\" where (x) where (y)", "1:19: 'where' stands twice or too late: it belongs right behind the event");
}

TEST(foreign_signs_get_a_hint)
{
	check_refused(EXPR_CONDITION, "trait.country = 'FI'", "1:17: texts stand in double quotes: \"FI\"");
	check_refused(EXPR_CONDITION, "trait.country == \"FI\"", "1:15: '==' is written with one '='");
	check_refused(EXPR_CONDITION, "trait.a && trait.b", "1:9: write 'and'");
	check_refused(EXPR_CONDITION, "trait.country = “FI”", "1:17: this is a typographic quotation mark: write \"");
	check_refused(EXPR_CONDITION, "trait.a AND trait.b", "1:9: words of the language are written small: and, or, not");
	check_refused(EXPR_CONDITION, "x = 30days", "1:7: I do not know the unit 'days'; units are s min h d w mo y workday, % and m km yd mi");
}

TEST(a_text_without_end_may_have_been_cut_by_yaml)
{
	check_refused(EXPR_CONDITION, "name = \"gate", "1:8: this text has no closing \" (a remark may have cut it: put the whole condition after | on lines of its own)");
}

TEST(what_is_expected_is_said)
{
	check_refused(EXPR_CONDITION, "", "1:1: expected a value, but this is the end");
	check_refused(EXPR_CONDITION, "did \"A\" last 90d and", "1:21: expected a value, but this is the end");
	check_refused(EXPR_CONDITION, "count \"A\" between 2 or 5", "1:21: expected 'and', but found or");
	check_refused(EXPR_CONDITION, "trait.birthday within 7d", "1:23: expected 'last' or 'next' after 'within', such as: within next 7d, but found 7d");
	check_refused(EXPR_TRIGGER, "\"Order Completed\"", "1:1: a trigger begins with a word: track \"Order Completed\"");
	check_refused(EXPR_TRIGGER, "becomes", "1:8: expected a value, but this is the end");
	check_refused(EXPR_CONDITION, "count = 1", "1:7: expected a name, but found =");
	check_refused(EXPR_CONDITION, "09:00", "1:1: a time of day stands only in waits and after 'at'; the hour is local.hour");
}

TEST(the_calendar_and_the_clock_are_real)
{
	check_refused(EXPR_CONDITION, "x > 2026-02-29", "1:5: 2026-02-29 is no day of the calendar");
	check_refused(EXPR_CONDITION, "x > 2024-02-29", "");
	check_refused(EXPR_WAIT, "until 24:00", "1:7: 24:00 is no time of day: the clock goes from 00:00 to 23:59");
	check_refused(EXPR_TRIGGER, "schedule day 32 of month at 09:00", "1:14: expected the day of the month, 1 to 31, but found 32");
}

TEST(a_place_is_that_of_the_file)
{
	const struct expr *x;
	struct err e = {0};
	/* when: |            line 7
	 *     did "A"        line 8, text begins in column 5
	 *     and foo(       line 9 */
	struct expr_place block = {"program/segments.yaml", 8, 5, 4};
	CHECK(!expr_parse(&a, EXPR_CONDITION, STR("did \"A\"\nand foo("), block, &x, &e));
	CHECK_INT(e.line, 9);
	CHECK_INT(e.column, 4 + 8);
	CHECK_CSTR(e.file, "program/segments.yaml");
	e = (struct err){0};
	CHECK(!expr_parse(&a, EXPR_CONDITION, STR("did 5"), block, &x, &e));
	CHECK_INT(e.line, 8);
	CHECK_INT(e.column, 9);
	arena_reset(&a);
}

TEST(columns_count_letters_not_bytes)
{
	check_refused(EXPR_CONDITION, "x = \"häagen 注文\" or", "1:19: expected a value, but this is the end");
}

TEST(depth_length_and_names_have_limits)
{
	struct buf b = {0};
	for (int i = 0; i < LIMIT_CONDITION_DEPTH + 1; i++)
		buf_add_cstr(&b, "(");
	CHECK(strstr(parse_error(&a, EXPR_CONDITION, b.ptr), "nested too deeply: at most 64 levels"));
	buf_reset(&b);
	for (int i = 0; i < 3000; i++)
		buf_add_cstr(&b, "not ");
	buf_add_cstr(&b, "everyone");
	CHECK(strstr(parse_error(&a, EXPR_CONDITION, b.ptr), "a condition has at most 8192 bytes"));
	buf_reset(&b);
	for (int i = 0; i < 1500; i++)
		buf_add_cstr(&b, "not ");
	CHECK(strstr(parse_error(&a, EXPR_CONDITION, b.ptr), "nested too deeply"));
	buf_reset(&b);
	for (int i = 0; i < LIMIT_NAME_BYTES + 1; i++)
		buf_add_cstr(&b, "x");
	CHECK(strstr(parse_error(&a, EXPR_CONDITION, b.ptr), "a name has at most 200 bytes"));
	buf_reset(&b);
	buf_add_cstr(&b, "1");
	for (int i = 0; i < 2000; i++)
		buf_add_cstr(&b, "+1");
	CHECK(strstr(parse_error(&a, EXPR_VALUE, b.ptr), "nested too deeply"));
	buf_release(&b);
	arena_reset(&a);
}

TEST(hostile_bytes_are_refused)
{
	const struct expr *x;
	struct err e = {0};
	CHECK(!expr_parse(&a, EXPR_CONDITION, (struct str){"\xff\xfe", 2}, AT_START, &x, &e));
	CHECK(strstr(e.text, "not valid UTF-8"));
	CHECK(!expr_parse(&a, EXPR_CONDITION, (struct str){"x = \"a\0b\"", 9}, AT_START, &x, &e));
	CHECK(strstr(e.text, "NUL"));
	CHECK(!expr_parse(&a, EXPR_CONDITION, (struct str){"x\1", 2}, AT_START, &x, &e));
	CHECK(strstr(e.text, "control sign (number 1)"));
	CHECK(!expr_parse(&a, EXPR_VALUE, STR("99999999999999999999"), AT_START, &x, &e));
	CHECK(strstr(e.text, "too great"));
	arena_reset(&a);
}

TEST(pasted_blanks_are_blanks)
{
	check_refused(EXPR_CONDITION, "did\xC2\xA0\"A\"", "");
}

TEST(words_of_the_language_as_properties_stand_in_quotes)
{
	check_refused(EXPR_CONDITION, "did \"A\" where (last = 1)", "1:16: expected a value (a property of that name is written event.\"last\"), but found last");
	check_refused(EXPR_CONDITION, "did \"A\" where (event.\"last\" = 1)", "");
}

#include "base/json.h"
#include "tap.h"
#include <stdlib.h>

static struct json_parser *parser;

static const struct json *
parsed(const char *text)
{
	static struct err e;
	const struct json *j = NULL;
	if (!parser)
		parser = json_parser_new();
	if (!json_parse(parser, str_of(text), NULL, &j, &e))
		TAP_FAIL("%s: %s", text, e.text);
	return j;
}

static struct err
refused(struct str text, const struct json_limits *limits)
{
	struct err e = {0};
	const struct json *j = NULL;
	if (!parser)
		parser = json_parser_new();
	if (json_parse(parser, text, limits, &j, &e))
		TAP_FAIL("accepted: %.*s", STR_ARGS(text));
	CHECK(j == NULL && e.text[0]);
	return e;
}

static void
check_written(const char *text, const char *want)
{
	struct buf out = {0};
	struct json_writer w = json_writer_on(&out);
	jw_json(&w, parsed(text));
	CHECK_STR(buf_str(&out), want);
	buf_release(&out);
}

TEST(every_kind_is_read)
{
	const struct json *j = parsed(" {\"n\":null,\"t\":true,\"f\":false,\"i\":-12,\"d\":1.25,\"s\":\"x\",\"a\":[1,2],\"o\":{}} ");
	CHECK(json_is(j, JSON_OBJECT));
	CHECK_INT(j->count, 8);
	CHECK(json_is(json_get(j, STR("n")), JSON_NULL));
	CHECK(json_is(json_get(j, STR("t")), JSON_TRUE));
	CHECK(json_is(json_get(j, STR("f")), JSON_FALSE));
	CHECK_INT(json_get(j, STR("i"))->i, -12);
	CHECK(json_double(json_get(j, STR("d"))) == 1.25);
	CHECK_STR(json_text(json_get(j, STR("s"))), "x");
	CHECK_INT(json_get(j, STR("a"))->count, 2);
	CHECK_INT(json_get(j, STR("o"))->count, 0);
	CHECK(json_get(j, STR("z")) == NULL);
	CHECK(json_first(json_get(j, STR("o"))) == NULL);
}

TEST(spans_are_the_source_text_of_each_value)
{
	const struct json *j = parsed("{ \"a\" : [ 1 , \"b\\n\" ] , \"c\" : { \"d\" : -1.5e3 } , \"e\" : true }");
	CHECK_STR(json_get(j, STR("a"))->span, "[ 1 , \"b\\n\" ]");
	CHECK_STR(json_first(json_get(j, STR("a")))->span, "1");
	CHECK_STR((json_first(json_get(j, STR("a"))) + 1)->span, "\"b\\n\"");
	CHECK_STR(json_get(j, STR("c"))->span, "{ \"d\" : -1.5e3 }");
	CHECK_STR(json_path(j, "c.d")->span, "-1.5e3");
	CHECK_STR(json_get(j, STR("e"))->span, "true");
	CHECK_STR(parsed("  [ ]\n")->span, "[ ]");
	CHECK_STR(parsed(" 7 ")->span, "7");
}

TEST(siblings_and_paths)
{
	const struct json *j = parsed("{\"a\":{\"b\":{\"c\":3}},\"list\":[[1],[],{\"x\":[2]},4]}");
	CHECK_INT(json_path(j, "a.b.c")->i, 3);
	CHECK(json_path(j, "a.x.c") == NULL);
	CHECK(json_path(NULL, "a") == NULL);
	int n = 0;
	json_each(child, json_get(j, STR("list")))
		n++;
	CHECK_INT(n, 4);
}

TEST(escapes_are_undone)
{
	CHECK_STR(json_text(parsed("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"")), "\"\\/\b\f\n\r\t");
	CHECK_STR(json_text(parsed("\"\\u00e4\\u20AC\\ud83d\\ude00!\"")), "ä€😀!");
	CHECK_STR(json_text(parsed("\"cut \\ud83d\"")), "cut \xEF\xBF\xBD");
	CHECK_STR(json_text(parsed("\"\\ude00\\ud83dx\"")), "\xEF\xBF\xBD\xEF\xBF\xBDx");
	CHECK_INT(json_text(parsed("\"a\\u0000b\"")).len, 3);
	CHECK_STR(parsed("{\"k\\u0065y\":1}")[1].key, "key");
	refused(STR("\"\\x\""), NULL);
	refused(STR("\"\\u12g4\""), NULL);
	refused(STR("\"\\u12\""), NULL);
}

TEST(numbers_are_exact)
{
	fixed f;
	CHECK_INT(parsed("9223372036854775807")->i, INT64_MAX);
	CHECK_INT(parsed("-9223372036854775808")->i, INT64_MIN);
	CHECK(json_is(parsed("9223372036854775808"), JSON_DOUBLE));
	CHECK_INT(parsed("-0")->i, 0);
	CHECK(parsed("0.1")->d == 0.1);
	CHECK(parsed("1e22")->d == 1e22);
	CHECK(parsed("123456789012345678901234567890")->d == 123456789012345678901234567890.0);
	CHECK(parsed("2.2250738585072014e-308")->d == 2.2250738585072014e-308);
	CHECK(parsed("1.7976931348623157e308")->d == 1.7976931348623157e308);
	CHECK(parsed("3.141592653589793238462643383279")->d == 3.141592653589793238462643383279);
	CHECK(json_fixed(parsed("49.95"), &f) && f == 499500);
	CHECK(json_fixed(parsed("-2"), &f) && f == -20000);
	CHECK(json_fixed(parsed("1e3"), &f) && f == 10000000);
	CHECK(!json_fixed(parsed("9223372036854775807"), &f));
	CHECK(!json_fixed(parsed("\"1\""), &f));
	CHECK(!json_fixed(NULL, &f));
	static const char *const wrong[] = {"01", "-", "1.", ".5", "+1", "1e", "1e+", "0x10", "1.2.3", "--1", "1a", "NaN", "Infinity",
		"1e999", "-01", "1_000", "1\"a\""};
	for (size_t i = 0; i < COUNT(wrong); i++)
		refused(str_of(wrong[i]), NULL);
}

TEST(random_doubles_agree_with_the_c_library)
{
	uint64_t x = 88172645463325252ull;
	for (int i = 0; i < 20000; i++) {
		char text[64];
		x ^= x << 13, x ^= x >> 7, x ^= x << 17;
		int places = (int)(x % 20), exponent = (int)(x >> 32) % 40 - 20;
		snprintf(text, sizeof(text), "%llu.%0*llue%d", (unsigned long long)(x >> 20), places + 1,
		    (unsigned long long)(x % 1000003), exponent);
		CHECK(json_double(parsed(text)) == strtod(text, NULL));
	}
}

TEST(what_is_not_json_is_refused_with_its_place)
{
	static const char *const wrong[] = {"", "   ", "{", "[", "}", "]", "{\"a\"", "{\"a\":", "{\"a\":1", "{\"a\":1,", "{\"a\":1,}",
		"[1,]", "[,1]", "{,}", "{1:2}", "{\"a\" 1}", "[1 2]", "1 2", "{} {}", "[}", "{]", "nul", "truex", "True", "'a'",
		"\"a\"\"b\"", "\"a\" x", "[\"a\"x]", "{a:1}", "[1]]", "\"abc", "{\"a\":\"b}", "\"a\nb\"", "\"\x01\"", "/* c */ 1", "[1:2]",
		":", ",", "{\"a\"::1}", "{\"a\",1}", "\xEF\xBB\xBF{}"};
	for (size_t i = 0; i < COUNT(wrong); i++)
		refused(str_of(wrong[i]), NULL);
	struct err e = refused(STR("{\n  \"a\": 1,\n  \"ä\": tru\n}"), NULL);
	CHECK_INT(e.line, 3);
	CHECK_INT(e.column, 8);
	refused(STR("1\0"), NULL);
	refused(STR("[1\0]"), NULL);
	refused(STR("\0"), NULL);
	refused(STR("[1,\0]"), NULL);
}

TEST(invalid_utf8_is_refused)
{
	refused(STR("\"\xff\""), NULL);
	refused(STR("\"\xc0\xaf\""), NULL);
	refused(STR("\"\xed\xa0\x80\""), NULL);
	refused(STR("\"\xf4\x90\x80\x80\""), NULL);
	struct err e = refused(STR("[\n\"good\",\n\"b\xe4" "d\"]"), NULL);
	CHECK_INT(e.line, 3);
}

TEST(the_same_key_twice_is_refused)
{
	struct err e = refused(STR("{\"a\":1,\"b\":{\"a\":1},\n \"a\":2}"), NULL);
	CHECK_INT(e.line, 2);
	CHECK(strstr(e.text, "\"a\""));
	refused(STR("{\"key\":1,\"k\\u0065y\":2}"), NULL);
	refused(STR("{\"\":1,\"\":2}"), NULL);
	parsed("{\"ab\":1,\"ba\":2,\"aab\":3,\"abb\":4}");
	refused(STR("{\"a\\u0000b\":1}"), NULL);
	/* Large objects go another way. */
	struct buf b = {0};
	for (int twice = 0; twice < 2; twice++) {
		buf_reset(&b);
		buf_add_char(&b, '{');
		for (int i = 0; i < 3000; i++)
			buf_printf(&b, "%s\"key%d\":%d", i ? "," : "", i == 2999 && twice ? 17 : i, i);
		buf_add_char(&b, '}');
		if (twice)
			refused(buf_str(&b), NULL);
		else
			CHECK_INT(parsed(b.ptr)->count, 3000);
	}
	buf_release(&b);
}

TEST(depth_and_nodes_are_bounded)
{
	struct buf b = {0};
	for (int i = 0; i < 33; i++)
		buf_add_char(&b, '[');
	for (int i = 0; i < 33; i++)
		buf_add_char(&b, ']');
	refused(buf_str(&b), NULL);
	const struct json *j;
	struct err e;
	CHECK(json_parse(parser, buf_str(&b), &(struct json_limits){.depth = 33}, &j, &e));
	buf_reset(&b);
	for (int i = 0; i < 100000; i++)
		buf_add_cstr(&b, "{\"a\":[");
	refused(buf_str(&b), &(struct json_limits){.depth = 5000});
	buf_release(&b);
	CHECK(json_parse(parser, STR("[1,2,3]"), &(struct json_limits){.nodes = 4}, &j, &e));
	CHECK_INT(refused(STR("[1,2,3,4]"), &(struct json_limits){.nodes = 4}).code, ERR_TOO_LARGE);
}

TEST(every_prefix_of_a_document_is_refused)
{
	static const char whole[] = "{\"a\":[1,2.5e1,\"x\\u00e4\",null,true,{\"b\":[]}],\"c\":{}}";
	for (size_t n = 0; n + 1 < sizeof(whole) - 1; n++) {
		char *exact = malloc(n ? n : 1); /* so that reading past the end is seen */
		memcpy(exact, whole, n);
		refused((struct str){exact, n}, NULL);
		free(exact);
	}
	parsed(whole);
}

TEST(a_copy_stands_alone)
{
	struct arena a;
	arena_init(&a);
	char text[] = "{\"k\\n\":\"plain\",\"list\":[\"\\u00e4\",12.5],\"o\":{\"p\":\"q\"}}";
	const struct json *j = parsed(text), *inner = json_copy(&a, json_get(j, STR("o"))), *copy = json_copy(&a, j);
	memset(text, 'x', sizeof(text) - 1);
	parsed("[\"something else, long enough to overwrite the parser's memory\"]");
	CHECK_STR(json_text(json_get(copy, STR("k\n"))), "plain");
	CHECK_STR(json_text(json_first(json_get(copy, STR("list")))), "ä");
	CHECK_STR(json_get(copy, STR("o"))->span, "{\"p\":\"q\"}");
	CHECK_STR(json_text(json_get(inner, STR("p"))), "q");
	CHECK(inner->key.ptr == NULL);
	fixed f;
	CHECK(json_fixed(json_first(json_get(copy, STR("list"))) + 1, &f) && f == 125000);
	arena_clear(&a);
}

TEST(the_arena_parser_keeps_its_values)
{
	struct arena a;
	arena_init(&a);
	const struct json *one, *two;
	struct err e;
	CHECK(json_parse_arena(&a, STR("[\"one\"]"), &one, &e) && json_parse_arena(&a, STR("[\"two\"]"), &two, &e));
	CHECK_STR(json_text(json_first(one)), "one");
	CHECK_STR(json_text(json_first(two)), "two");
	CHECK(!json_parse_arena(&a, STR("[\"two\""), &two, &e));
	arena_clear(&a);
}

TEST(what_the_arena_parser_takes_can_be_written_inside_something)
{
	struct buf b = {0}, out = {0};
	struct json_writer w = json_writer_on(&out);
	struct arena a;
	struct err e;
	const struct json *j = NULL;
	arena_init(&a);
	for (int i = 0; i < 48; i++)
		buf_add_cstr(&b, "[");
	for (int i = 0; i < 48; i++)
		buf_add_cstr(&b, "]");
	NEED(json_parse_arena(&a, buf_str(&b), &j, &e));
	for (int i = 0; i < 14; i++)
		jw_array(&w);
	jw_json(&w, j);
	for (int i = 0; i < 14; i++)
		jw_array_end(&w);
	CHECK_INT(out.len, 2 * 62);
	buf_reset(&b);
	for (int i = 0; i < 49; i++)
		buf_add_cstr(&b, "[");
	for (int i = 0; i < 49; i++)
		buf_add_cstr(&b, "]");
	CHECK(!json_parse_arena(&a, buf_str(&b), &j, &e));
	arena_clear(&a);
	buf_release(&b);
	buf_release(&out);
}

TEST(writing_is_reading_backwards)
{
	check_written("{}", "{}");
	check_written(" [ ] ", "[]");
	check_written("[[],{},[{}]]", "[[],{},[{}]]");
	check_written("{ \"a\" : [1, 2.50, -3e2, \"\\u00e4\\n\\u0001\\\"\"], \"b\" : {\"c\":null} }",
	    "{\"a\":[1,2.50,-3e2,\"ä\\n\\u0001\\\"\"],\"b\":{\"c\":null}}");
	check_written("\"x\"", "\"x\"");
}

TEST(the_writer_puts_commas_and_quotes)
{
	struct buf out = {0};
	struct json_writer w = json_writer_on(&out);
	jw_object(&w);
	jw_kstr(&w, "name", STR("a\"b\xff\xe2\x82"));
	jw_kint(&w, "n", INT64_MIN);
	jw_kfixed(&w, "f", -12345);
	jw_kbool(&w, "yes", true);
	jw_kwall(&w, "at", (wall){0});
	jw_karray(&w, "list");
	jw_double(&w, 0.1);
	jw_double(&w, 1.0 / 3);
	jw_null(&w);
	jw_raw(&w, STR("[1]"));
	jw_array_end(&w);
	jw_kobject(&w, "empty");
	jw_object_end(&w);
	jw_object_end(&w);
	CHECK_STR(buf_str(&out), "{\"name\":\"a\\\"b\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\",\"n\":-9223372036854775808,\"f\":-1.2345,"
	    "\"yes\":true,\"at\":\"1970-01-01T00:00:00.000Z\",\"list\":[0.1,0.3333333333333333,null,[1]],\"empty\":{}}");
	buf_reset(&out);
	w = json_writer_on(&out);
	w.pretty = true;
	jw_json(&w, parsed("{\"a\":[1,{}],\"b\":[]}"));
	CHECK_STR(buf_str(&out), "{\n  \"a\": [\n    1,\n    {}\n  ],\n  \"b\": []\n}");
	buf_release(&out);
}

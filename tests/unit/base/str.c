#include "base/str.h"
#include "tap.h"

TEST(cut_takes_words_one_by_one)
{
	struct str s = STR("a,b,,c");
	CHECK_STR(str_cut(&s, ','), "a");
	CHECK_STR(str_cut(&s, ','), "b");
	CHECK_STR(str_cut(&s, ','), "");
	CHECK_STR(str_cut(&s, ','), "c");
	CHECK(s.ptr == NULL);
}

TEST(like_knows_stars_and_no_case)
{
	CHECK(str_like(STR("E-Mail"), STR("e*mail")));
	CHECK(str_like(STR("email"), STR("e*mail")));
	CHECK(!str_like(STR("emails"), STR("e*mail")));
	CHECK(str_like(STR("/pricing/teams"), STR("/pricing*")));
	CHECK(str_like(STR("ÄÖ"), STR("äö")));
	CHECK(str_like(STR("aXbXc"), STR("a*b*c")));
	CHECK(str_like(STR(""), STR("*")));
	CHECK(!str_like(STR(""), STR("?")));
}

TEST(like_is_bounded_on_hostile_patterns)
{
	char text[2001], pattern[401];
	memset(text, 'a', 2000);
	text[2000] = 0;
	for (int i = 0; i < 400; i += 2)
		pattern[i] = 'a', pattern[i + 1] = '*';
	pattern[399] = 'b';
	pattern[400] = 0;
	CHECK(!str_like(str_of(text), str_of(pattern)));
}

static fixed
f(const char *s)
{
	fixed n = -999;
	return str_to_fixed(str_of(s), &n) ? n : INT64_MIN;
}

TEST(fixed_reads_and_rounds)
{
	CHECK_INT(f("12"), 120000);
	CHECK_INT(f("-12.5"), -125000);
	CHECK_INT(f("0.00005"), 1);
	CHECK_INT(f("0.00004999"), 0);
	CHECK_INT(f("12.3456789"), 123457);
	CHECK_INT(f("-0.00005"), -1);
	CHECK_INT(f("1e3"), 10000000);
	CHECK_INT(f("922337203685477.5807"), INT64_MAX);
	CHECK(f("922337203685477.5808") == INT64_MIN);
	CHECK(f("") == INT64_MIN);
	CHECK(f(".") == INT64_MIN);
	CHECK(f("1.2.3") == INT64_MIN);
	CHECK(f("12x") == INT64_MIN);
}

TEST(fixed_formats_shortest)
{
	char buf[32];
	fixed_format(125000, buf);
	CHECK_CSTR(buf, "12.5");
	fixed_format(-1, buf);
	CHECK_CSTR(buf, "-0.0001");
	fixed_format(INT64_MIN, buf);
	CHECK_CSTR(buf, "-922337203685477.5808");
	fixed_format(0, buf);
	CHECK_CSTR(buf, "0");
}

TEST(fixed_multiplies_and_divides)
{
	fixed r = 7;
	CHECK(fixed_mul(25000, 25000, &r));
	CHECK_INT(r, 62500);
	CHECK(fixed_div(10000, 30000, &r));
	CHECK_INT(r, 3333);
	CHECK(fixed_div(-20000, 30000, &r));
	CHECK_INT(r, -6667);
	CHECK(!fixed_div(1, 0, &r));
	CHECK(!fixed_mul(INT64_MAX, 20000, &r));
	CHECK_INT(r, -6667);
}

TEST(codecs_read_what_they_wrote)
{
	struct buf b = {0};
	buf_add_varint(&b, 300);
	buf_add_zigzag(&b, -5);
	buf_add_zigzag(&b, INT64_MIN);
	buf_add_lstr(&b, STR("hello"));
	buf_add_u64(&b, 0x0102030405060708ull);
	struct reader r = {buf_str(&b), false};
	CHECK_INT(read_varint(&r), 300);
	CHECK_INT(read_zigzag(&r), -5);
	CHECK_INT(read_zigzag(&r), INT64_MIN);
	CHECK_STR(read_lstr(&r), "hello");
	CHECK(read_u64(&r) == 0x0102030405060708ull);
	CHECK(!r.bad);
	read_u8(&r);
	CHECK(r.bad);
	buf_release(&b);
}

TEST(a_length_beyond_the_input_is_bad_not_read)
{
	struct reader r = {STR("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01xyz"), false};
	CHECK_INT(read_lstr(&r).len, 0);
	CHECK(r.bad);
}

TEST(utf8_is_checked)
{
	CHECK(str_is_utf8(STR("aä€😀")));
	CHECK(!str_is_utf8(STR("\xc3")));
	CHECK(!str_is_utf8(STR("\xed\xa0\x80")));
	CHECK_INT(str_code_points(STR("aä€😀")), 4);
}

TEST(casefold_survives_growing_letters)
{
	struct arena a;
	arena_init(&a);
	char all[4000];
	size_t n = 0;
	while (n + 2 < sizeof(all))
		memcpy(all + n, "\xc8\xba", 2), n += 2; /* U+023A folds from two bytes to three */
	CHECK_INT(str_casefold(&a, (struct str){all, n}).len, n / 2 * 3);
	arena_clear(&a);
}

#include "profile/traits.h"
#include "base/limits.h"
#include "tap.h"

static struct texts texts;
static struct arena arena;

static struct value
json_value(const char *text)
{
	const struct json *j = NULL;
	struct err e;
	if (!json_parse_arena(&arena, str_of(text), &j, &e))
		TAP_FAIL("%s: %s", text, e.text);
	return value_of_json(j);
}

static enum trait_change
say(struct traits *ts, const char *name, const char *json, enum trust trust, int64_t now)
{
	struct value v = json_value(json);
	return trait_set(&texts, ts, ROOT_TRAIT, str_of(name), &v, trust, (wall){now}, NULL);
}

static void
check_all(const struct traits *ts, const char *want)
{
	struct buf out = {0};
	struct json_writer w = json_writer_on(&out);
	traits_write_json(ts, ROOT_TRAIT, false, &w);
	CHECK_STR(buf_str(&out), want);
	buf_release(&out);
}

TEST(traits_are_set_changed_and_taken_away)
{
	struct traits ts = {0};
	CHECK_INT(say(&ts, "plan", "\"pro\"", TRUST_SERVER, 1), TRAIT_CHANGED);
	CHECK_INT(say(&ts, "plan", "\"pro\"", TRUST_SERVER, 2), TRAIT_SAME);
	CHECK_INT(say(&ts, "plan", "\"team\"", TRUST_SERVER, 3), TRAIT_CHANGED);
	CHECK_INT(say(&ts, "seats", "12.5", TRUST_SERVER, 3), TRAIT_CHANGED);
	CHECK_INT(say(&ts, "address", "{\"city\":\"Turku\",\"geo\":{\"lat\":60.45}}", TRUST_SERVER, 3), TRAIT_CHANGED);
	check_all(&ts, "{\"plan\":\"team\",\"seats\":12.5,\"address\":{\"city\":\"Turku\",\"geo\":{\"lat\":60.45}}}");
	struct str path[] = {STR_INIT("address"), STR_INIT("geo"), STR_INIT("lat")};
	CHECK_INT(trait_value(&ts, ROOT_TRAIT, path, 3).number, 604500);
	path[2] = STR("lon");
	CHECK_INT(trait_value(&ts, ROOT_TRAIT, path, 3).kind, VALUE_MISSING);
	CHECK_INT(say(&ts, "seats", "null", TRUST_SERVER, 4), TRAIT_CHANGED);
	CHECK_INT(say(&ts, "seats", "null", TRUST_SERVER, 5), TRAIT_SAME);
	CHECK(trait_find(&ts, ROOT_TRAIT, STR("seats")) == NULL);
	CHECK(trait_find(&ts, ROOT_PREFERENCE, STR("plan")) == NULL);
	traits_clear(&texts, &ts);
	CHECK_INT(texts.len, 0);
}

TEST(the_old_value_is_handed_over)
{
	struct traits ts = {0};
	struct value old = VALUE_NONE, v = value_text(STR("b"));
	say(&ts, "x", "\"a\"", TRUST_SERVER, 1);
	CHECK_INT(trait_set(&texts, &ts, ROOT_TRAIT, STR("x"), &v, TRUST_SERVER, (wall){2}, &old), TRAIT_CHANGED);
	CHECK_STR(old.text, "a");
	value_drop(&texts, &old);
	traits_clear(&texts, &ts);
	CHECK_INT(texts.len, 0);
}

TEST(a_public_value_never_replaces_a_trusted_one)
{
	struct traits ts = {0};
	CHECK_INT(say(&ts, "email", "\"a@x.fi\"", TRUST_PUBLIC, 1), TRAIT_CHANGED);
	CHECK_INT(trait_find(&ts, ROOT_TRAIT, STR("email"))->trust, TRUST_PUBLIC);
	CHECK_INT(say(&ts, "email", "\"b@x.fi\"", TRUST_SERVER, 2), TRAIT_CHANGED);
	CHECK_INT(say(&ts, "email", "\"evil@x.fi\"", TRUST_PUBLIC, 3), TRAIT_CLAIMED);
	check_all(&ts, "{\"email\":\"b@x.fi\"}");
	CHECK_STR(trait_claimed(&ts, ROOT_TRAIT, STR("email"))->value.text, "evil@x.fi");
	CHECK_INT(say(&ts, "email", "null", TRUST_PUBLIC, 4), TRAIT_CLAIMED); /* takes back the claim alone */
	CHECK(trait_claimed(&ts, ROOT_TRAIT, STR("email")) == NULL);
	check_all(&ts, "{\"email\":\"b@x.fi\"}");
	CHECK_INT(say(&ts, "email", "null", TRUST_PUBLIC, 5), TRAIT_SAME);
	/* The same value from both: it is trusted. */
	say(&ts, "phone", "\"1\"", TRUST_PUBLIC, 1);
	CHECK_INT(say(&ts, "phone", "\"1\"", TRUST_SERVER, 2), TRAIT_SAME);
	CHECK_INT(trait_find(&ts, ROOT_TRAIT, STR("phone"))->trust, TRUST_SERVER);
	traits_clear(&texts, &ts);
}

TEST(what_comes_late_does_not_replace_what_is_newer)
{
	struct traits ts = {0};
	say(&ts, "city", "\"Turku\"", TRUST_SERVER, 100);
	CHECK_INT(say(&ts, "city", "\"Oulu\"", TRUST_SERVER, 50), TRAIT_SAME);
	check_all(&ts, "{\"city\":\"Turku\"}");
	/* But trust is stronger than age. */
	say(&ts, "name", "\"x\"", TRUST_PUBLIC, 100);
	CHECK_INT(say(&ts, "name", "\"Anna\"", TRUST_IMPORT, 50), TRAIT_CHANGED);
	traits_clear(&texts, &ts);
}

TEST(traits_are_bounded)
{
	struct traits ts = {0};
	char name[32];
	for (int i = 0; i < LIMIT_TRAITS; i++) {
		snprintf(name, sizeof(name), "t%d", i);
		CHECK_INT(say(&ts, name, "1", TRUST_SERVER, 1), TRAIT_CHANGED);
	}
	CHECK_INT(say(&ts, "one_more", "1", TRUST_SERVER, 1), TRAIT_REFUSED);
	CHECK_INT(say(&ts, "t3", "2", TRUST_SERVER, 2), TRAIT_CHANGED);
	CHECK_INT(say(&ts, "t4", "null", TRUST_SERVER, 2), TRAIT_CHANGED);
	CHECK_INT(say(&ts, "one_more", "1", TRUST_SERVER, 2), TRAIT_CHANGED);
	traits_clear(&texts, &ts);
	struct buf big = {0};
	buf_add_char(&big, '"');
	for (int i = 0; i < LIMIT_TRAIT_BYTES - 3; i++)
		buf_add_char(&big, 'x');
	buf_add_char(&big, '"');
	CHECK_INT(say(&ts, "big", big.ptr, TRUST_SERVER, 1), TRAIT_CHANGED);
	CHECK_INT(say(&ts, "a", "\"bcdefgh\"", TRUST_SERVER, 1), TRAIT_REFUSED);
	CHECK_INT(say(&ts, "big", "\"small\"", TRUST_SERVER, 2), TRAIT_CHANGED);
	CHECK_INT(say(&ts, "a", "\"bcdefgh\"", TRUST_SERVER, 2), TRAIT_CHANGED);
	CHECK_INT(say(&ts, "", "1", TRUST_SERVER, 1), TRAIT_REFUSED);
	CHECK_INT(ts.bytes, 3 + 5 + 1 + 7);
	buf_release(&big);
	traits_clear(&texts, &ts);
}

TEST(of_two_people_the_trusted_then_the_newer_value_stays)
{
	struct traits a = {0}, b = {0};
	say(&a, "city", "\"Turku\"", TRUST_SERVER, 1);
	say(&b, "city", "\"Oulu\"", TRUST_SERVER, 2);
	say(&a, "name", "\"Anna\"", TRUST_SERVER, 1);
	say(&b, "name", "\"x\"", TRUST_PUBLIC, 2);
	say(&b, "plan", "\"pro\"", TRUST_SERVER, 2);
	traits_merge(&texts, &a, &b);
	traits_sort(&a);
	check_all(&a, "{\"city\":\"Oulu\",\"name\":\"Anna\",\"plan\":\"pro\"}");
	CHECK_INT(b.n, 0);
	traits_clear(&texts, &a);
	CHECK_INT(texts.len, 0);
}

TEST(saved_and_loaded_they_weigh_the_same)
{
	struct traits ts = {0}, back = {0};
	struct buf one = {0}, two = {0};
	say(&ts, "z", "{ \"b\" : [1,  2.50, \"\\u00e4\"], \"a\" : { } }", TRUST_IMPORT, -5);
	say(&ts, "a", "true", TRUST_PUBLIC, 7);
	say(&ts, "m", "12.5", TRUST_SERVER, 8);
	say(&ts, "m", "13", TRUST_PUBLIC, 9);
	traits_save(&ts, &one);
	struct reader r = {.rest = buf_str(&one)};
	traits_load(&texts, &back, &r, &arena);
	CHECK(!r.bad && r.rest.len == 0);
	traits_save(&back, &two);
	CHECK(str_eq(buf_str(&one), buf_str(&two)));
	CHECK_INT(back.bytes, ts.bytes);
	CHECK(trait_claimed(&back, ROOT_TRAIT, STR("m")) != NULL);
	traits_clear(&texts, &back);
	for (size_t n = 0; n < one.len; n++) { /* cut short anywhere: said, not believed */
		struct reader cut = {.rest = {one.ptr, n}};
		traits_load(&texts, &back, &cut, &arena);
		CHECK(cut.bad);
		traits_clear(&texts, &back);
	}
	traits_clear(&texts, &ts);
	CHECK_INT(texts.len, 0);
	buf_release(&one);
	buf_release(&two);
}

#include "profile/consent.h"
#include "tap.h"

static struct texts texts;

static bool
say(struct consents *c, bool granted, bool confirmed, enum trust trust, int64_t at)
{
	return consent_set(&texts, c, &(struct consent){.channel = STR("email"), .purpose = STR("marketing"), .granted = granted,
	    .confirmed = confirmed, .trust = (uint8_t)trust, .at = {at}, .seq = (uint64_t)at, .how = STR("form"), .wording = STR("Yes, please")});
}

static const struct consent *
stands(const struct consents *c)
{
	return consent_find(c, STR("email"), STR("marketing"));
}

TEST(the_proof_is_kept)
{
	struct consents c = {0};
	struct buf out = {0};
	struct json_writer w = json_writer_on(&out);
	CHECK(say(&c, true, false, TRUST_PUBLIC, 1000));
	CHECK(consent_find(&c, STR("sms"), STR("marketing")) == NULL && consent_find(&c, STR("email"), STR("service")) == NULL);
	consents_write_json(&c, &w);
	CHECK_STR(buf_str(&out), "{\"email\":{\"marketing\":{\"granted\":true,\"confirmed\":false,\"at\":\"1970-01-01T00:00:01.000Z\",\"how\":\"form\",\"wording\":\"Yes, please\"}}}");
	buf_release(&out);
	consents_clear(&texts, &c);
	CHECK_INT(texts.len, 0);
}

TEST(a_double_opt_in_stands_when_it_is_confirmed)
{
	struct consents c = {0};
	CHECK(!consent_stands(NULL, false));
	say(&c, true, false, TRUST_PUBLIC, 1);
	CHECK(consent_stands(stands(&c), false) && !consent_stands(stands(&c), true));
	CHECK(say(&c, true, true, TRUST_SELF, 2));
	CHECK(consent_stands(stands(&c), true));
	CHECK(!say(&c, true, false, TRUST_PUBLIC, 3)); /* the stronger proof stays */
	CHECK(consent_stands(stands(&c), true));
	CHECK(say(&c, false, false, TRUST_PUBLIC, 4)); /* a refusal is always heard */
	CHECK(!consent_stands(stands(&c), false));
	CHECK(!say(&c, false, false, TRUST_PUBLIC, 5));
	CHECK_INT(stands(&c)->at.ms, 4);
	consents_clear(&texts, &c);
}

TEST(a_browser_cannot_lift_a_refusal_that_a_trusted_source_told)
{
	struct consents c = {0};
	say(&c, false, false, TRUST_SERVER, 1);
	CHECK(!say(&c, true, false, TRUST_PUBLIC, 2));
	CHECK(!stands(&c)->granted);
	CHECK(say(&c, true, true, TRUST_SERVER, 3));
	CHECK(stands(&c)->granted);
	consents_clear(&texts, &c);
}

TEST(what_comes_late_changes_nothing)
{
	struct consents c = {0};
	say(&c, false, false, TRUST_SERVER, 10);
	CHECK(!say(&c, true, true, TRUST_SERVER, 5));
	CHECK(!stands(&c)->granted);
	consents_clear(&texts, &c);
}

TEST(grants_are_bounded_refusals_are_always_kept)
{
	struct consents c = {0};
	char purpose[16];
	for (int i = 0; i < CONSENTS_MOST + 10; i++) {
		snprintf(purpose, sizeof(purpose), "p%d", i);
		bool kept = consent_set(&texts, &c, &(struct consent){.channel = STR("email"), .purpose = str_of(purpose), .granted = i != CONSENTS_MOST + 5});
		CHECK(kept == (i < CONSENTS_MOST || i == CONSENTS_MOST + 5));
	}
	consents_clear(&texts, &c);
}

TEST(of_two_people_the_refusal_wins)
{
	for (int first = 0; first < 2; first++) {
		struct consents a = {0}, b = {0};
		say(&a, first, true, TRUST_SERVER, 1);
		say(&b, !first, true, TRUST_SERVER, 2);
		consents_merge(&texts, &a, &b);
		CHECK(!stands(&a)->granted && b.n == 0);
		consents_clear(&texts, &a);
	}
	struct consents a = {0}, b = {0};
	say(&b, true, true, TRUST_SERVER, 2);
	consents_merge(&texts, &a, &b);
	CHECK(stands(&a)->granted);
	consents_clear(&texts, &a);
	CHECK_INT(texts.len, 0);
}

TEST(saved_and_loaded_they_are_the_same)
{
	struct consents c = {0}, back = {0};
	struct buf one = {0}, two = {0};
	say(&c, true, true, TRUST_SERVER, 1700000000000);
	consent_set(&texts, &c, &(struct consent){.channel = STR("email"), .purpose = STR("a"), .at = {-1}, .trust = TRUST_SELF});
	consents_save(&c, &one);
	struct reader r = {.rest = buf_str(&one)};
	consents_load(&texts, &back, &r);
	CHECK(!r.bad && r.rest.len == 0);
	consents_save(&back, &two);
	CHECK(str_eq(buf_str(&one), buf_str(&two)));
	consents_clear(&texts, &back);
	for (size_t n = 0; n < one.len; n++) {
		struct reader cut = {.rest = {one.ptr, n}};
		consents_load(&texts, &back, &cut);
		CHECK(cut.bad);
		consents_clear(&texts, &back);
	}
	consents_clear(&texts, &c);
	buf_release(&one);
	buf_release(&two);
	CHECK_INT(texts.len, 0);
}

#include "contact/decide.h"
#include "base/clock.h"
#include "tap.h"

/* Conditions are played by functions, so that the policy is tested alone. This cond_true takes the place of expr's. */
struct cond {
	bool (*says)(const struct cond *c, const struct moment *m, wall now);
	const char *key, *value;
	wall expiry;
};

bool
cond_true(const struct cond *c, const struct facts *facts, const struct moment *m, wall now, struct arena *scratch, wall *ret_expiry)
{
	(void)facts;
	(void)scratch;
	*ret_expiry = c->expiry.ms ? c->expiry : WALL_NEVER;
	return c->says(c, m, now);
}

static bool
message_is(const struct cond *c, const struct moment *m, wall now)
{
	(void)now;
	return str_eq(json_text(json_get(m->intent, str_of(c->key))), str_of(c->value));
}

static bool
message_has_tag(const struct cond *c, const struct moment *m, wall now)
{
	(void)now;
	json_each(tag, json_get(m->intent, STR("tags")))
		if (str_eq(json_text(tag), str_of(c->value)))
			return true;
	return false;
}

static bool
always(const struct cond *c, const struct moment *m, wall now)
{
	return c && m && now.ms;
}

static bool
not_ever(const struct cond *c, const struct moment *m, wall now)
{
	return !always(c, m, now);
}

static const struct cond yes = {.says = always}, no = {.says = not_ever}, yes_for_a_while = {.says = always, .expiry = {1}};
static const struct cond is_marketing = {.says = message_is, .key = "purpose", .value = "marketing"};
static const struct cond is_email = {.says = message_is, .key = "channel", .value = "email"};
static const struct cond is_discount = {.says = message_has_tag, .value = "discount"};

/* ---------------------------------------------------------------- a person, a policy, a request */

enum { EMAIL, PUSH, SMS };
static struct arena arena;
static struct tz_set *zones;
static struct policy_def policy;
static struct facts facts;
static struct contact_request request;
static struct texts texts;
static struct consents consents;
static struct contact_past past[16];
static const char *frequency;
static struct value topic;

static wall
at(const char *text)
{
	wall t;
	if (!wall_parse(str_of(text), &t))
		TAP_FAIL("no time: %s", text);
	return t;
}

static const struct json *
json_of(const char *text)
{
	const struct json *j = NULL;
	struct err e;
	if (!json_parse_arena(&arena, str_of(text), &j, &e))
		TAP_FAIL("%s: %s", text, e.text);
	return j;
}

static struct value
fact(void *self, const struct fact_path *path)
{
	(void)self;
	if (path->root == FACT_TOPIC)
		return topic;
	return path->root == FACT_PREFERENCE && frequency ? value_text(str_of(frequency)) : VALUE_NONE;
}

static bool
holiday(void *self, int64_t day)
{
	(void)self;
	return day == civil_days(2026, 3, 4);
}

static void
zone(const char *name)
{
	facts.zone = tz_find(zones, str_of(name));
	CHECK(facts.zone != NULL);
}

static void
consents_say(bool granted, bool confirmed, const char *when)
{
	struct consent say = {.channel = STR("email"), .purpose = STR("marketing"), .granted = granted, .confirmed = confirmed,
	    .trust = TRUST_SERVER, .at = at(when), .how = STR("form")};
	consents_clear(&texts, &consents);
	CHECK(consent_set(&texts, &consents, &say));
}

/* A person in Helsinki who may be written to, on Monday at noon, and a policy that asks for consent alone. */
static void
begin(void)
{
	if (!zones)
		zones = tz_set_new(tz_source_system());
	arena_clear(&arena);
	arena_init(&arena);
	policy = (struct policy_def){.n_purposes = 3};
	policy.purposes[0] = (struct purpose_def){STR("marketing"), true, true, true, true, true, true};
	policy.purposes[1] = (struct purpose_def){STR("transaction"), false, false, false, false, false, false};
	policy.purposes[2] = (struct purpose_def){STR("notice"), false, true, false, false, false, false};
	facts = (struct facts){.fact = fact, .holiday = holiday};
	zone("Europe/Helsinki");
	frequency = NULL;
	topic = VALUE_NONE;
	consents_say(true, true, "2026-01-01");
	request = (struct contact_request){
	    .policy = &policy,
	    .facts = &facts,
	    .scratch = &arena,
	    .now = at("2026-03-02T12:00+02:00"),
	    .intent = json_of("{\"journey\":\"welcome\",\"channel\":\"email\",\"purpose\":\"marketing\",\"tags\":[\"discount\"],\"priority\":\"normal\"}"),
	    .purpose = STR("marketing"),
	    .channel_name = STR("email"),
	    .channel = EMAIL,
	    .expires = WALL_NEVER,
	    .address = CONTACT_GOOD,
	    .consents = &consents,
	    .last_sign = at("2026-03-01"),
	    .past = past,
	};
}

static void
expect(enum verdict_kind kind, enum reason reason, const char *when)
{
	struct verdict v = contact_decide(&request);
	char got[32];
	if (v.kind != kind || v.reason != reason)
		TAP_FAIL("kind %d, %s (%.*s); expected kind %d, %s", v.kind, reason_text(v.reason), STR_ARGS(v.detail), kind, reason_text(reason));
	if (when && v.at.ms != at(when).ms) {
		wall_format(v.at, got);
		TAP_FAIL("at %s, expected %s", v.at.ms == INT64_MAX ? "never" : got, when);
	}
}

static void
quiet(int from, int to, uint8_t days)
{
	policy.quiet[policy.n_quiet++] =
	    (struct quiet_def){.channels = 1 << EMAIL | 1 << PUSH, .from_minute = (int16_t)from, .to_minute = (int16_t)to, .days = days};
}

static struct cap_def *
cap(uint32_t at_most, enum cap_window window, msec rolling, const struct cond *of)
{
	struct cap_def *c = &policy.caps[policy.n_caps++];
	*c = (struct cap_def){.at_most = at_most, .window = window, .rolling = rolling, .of = of, .text = STR("a cap")};
	return c;
}

static void
went(const char *when)
{
	past[request.n_past] = (struct contact_past){.at = at(when), .id = request.n_past + 1, .channel = EMAIL, .counts = true,
	    .text = STR("{\"channel\":\"email\",\"purpose\":\"marketing\",\"tags\":[\"discount\"]}")};
	request.n_past++;
}

/* ---------------------------------------------------------------- who */

TEST(somebody_with_consent_and_an_address_is_written_to_now)
{
	begin();
	expect(VERDICT_NOW, REASON_OK, "2026-03-02T12:00+02:00");
}

TEST(an_erased_person_is_nobody)
{
	begin();
	request.erased = true;
	request.suppressed = STR("bounced");
	expect(VERDICT_NEVER, REASON_ERASED, NULL);
}

TEST(a_suppressed_address_is_never_written_to_not_even_with_a_receipt)
{
	begin();
	request.suppressed = STR("complained");
	request.purpose = STR("transaction");
	expect(VERDICT_NEVER, REASON_SUPPRESSED, NULL);
	CHECK_STR(contact_decide(&request).detail, "complained");
}

TEST(addresses)
{
	begin();
	request.address = CONTACT_NO_ADDRESS;
	expect(VERDICT_NEVER, REASON_NO_ADDRESS, NULL);
	request.address = CONTACT_UNREACHABLE;
	expect(VERDICT_NEVER, REASON_NO_CHANNEL, NULL);
	request.address = CONTACT_UNVERIFIED;
	expect(VERDICT_NEVER, REASON_UNVERIFIED, NULL);
	request.purpose = STR("transaction");
	expect(VERDICT_NEVER, REASON_UNVERIFIED, NULL);
	request.asks_to_confirm = true;
	expect(VERDICT_NOW, REASON_OK, NULL);
}

TEST(consent)
{
	begin();
	request.purpose = STR("no such purpose");
	expect(VERDICT_NEVER, REASON_NO_CONSENT, NULL);
	request.purpose = STR("marketing");
	request.channel_name = STR("sms");
	expect(VERDICT_NEVER, REASON_NO_CONSENT, NULL);
	request.purpose = STR("transaction");
	expect(VERDICT_NOW, REASON_OK, NULL);
	begin();
	consents_say(false, false, "2026-01-01");
	expect(VERDICT_NEVER, REASON_NO_CONSENT, NULL);
	request.consents = NULL;
	expect(VERDICT_NEVER, REASON_NO_CONSENT, NULL);
}

TEST(who_unsubscribed_is_heard_also_where_no_consent_is_needed)
{
	begin();
	policy.purposes[0].needs_consent = false;
	consents_say(false, false, "2026-01-01");
	expect(VERDICT_NEVER, REASON_NO_CONSENT, NULL);
	policy.purposes[0].unsubscribe = false;
	expect(VERDICT_NOW, REASON_OK, NULL);
	request.consents = NULL;
	policy.purposes[0].unsubscribe = true;
	expect(VERDICT_NOW, REASON_OK, NULL);
}

TEST(a_double_opt_in_counts_when_the_link_was_used)
{
	begin();
	consents_say(true, false, "2026-01-01");
	expect(VERDICT_NOW, REASON_OK, NULL);
	policy.double_opt_in = true;
	expect(VERDICT_NEVER, REASON_UNVERIFIED, NULL);
	request.asks_to_confirm = true;
	expect(VERDICT_NOW, REASON_OK, NULL);
	request.asks_to_confirm = false;
	consents_say(true, true, "2026-01-01");
	expect(VERDICT_NOW, REASON_OK, NULL);
}

TEST(soft_opt_in_serves_customers_who_have_not_refused)
{
	begin();
	request.consents = NULL;
	policy.soft_opt_in_channels = 1 << EMAIL;
	policy.soft_opt_in_if = &yes;
	expect(VERDICT_NOW, REASON_OK, NULL);
	policy.soft_opt_in_if = &no;
	expect(VERDICT_NEVER, REASON_NO_CONSENT, NULL);
	policy.soft_opt_in_if = &yes;
	policy.soft_opt_in_channels = 1 << SMS;
	expect(VERDICT_NEVER, REASON_NO_CONSENT, NULL);
	policy.soft_opt_in_channels = 1 << EMAIL;
	consents_say(false, false, "2026-01-01");
	request.consents = &consents;
	expect(VERDICT_NEVER, REASON_NO_CONSENT, NULL);
}

TEST(consent_goes_stale_without_a_sign_of_life)
{
	begin();
	policy.renew_after = 30 * DAY;
	expect(VERDICT_NOW, REASON_OK, NULL);
	request.last_sign = at("2026-01-31T12:00+02:00");
	expect(VERDICT_NEVER, REASON_NO_CONSENT, NULL);
	request.last_sign.ms++;
	expect(VERDICT_NOW, REASON_OK, NULL);
	request.last_sign = WALL_BEFORE_ALL;
	consents_say(true, true, "2026-02-20");
	expect(VERDICT_NOW, REASON_OK, NULL);
}

TEST(a_declined_topic_is_not_spoken_of)
{
	begin();
	request.topic = STR("wine");
	expect(VERDICT_NOW, REASON_OK, NULL);
	topic = value_truth(true);
	expect(VERDICT_NOW, REASON_OK, NULL);
	topic = value_truth(false);
	expect(VERDICT_NEVER, REASON_NO_CONSENT, NULL);
}

/* ---------------------------------------------------------------- suitability, holdout, deadline */

static bool
standing_answer(void *self, uint32_t condition)
{
	return *(const uint32_t *)self == condition;
}

TEST(suitability_refuses_or_holds)
{
	begin();
	policy.n_rules = 1;
	policy.rules[0] = (struct suitability_def){STR("no_discount"), &is_discount, &yes, NULL, UINT32_MAX};
	expect(VERDICT_NEVER, REASON_UNSUITABLE, NULL);
	CHECK_STR(contact_decide(&request).detail, "no_discount");
	policy.rules[0].refuse_if = &no;
	expect(VERDICT_NOW, REASON_OK, NULL);
	request.intent = json_of("{\"tags\":[]}");
	policy.rules[0].refuse_if = &yes;
	expect(VERDICT_NOW, REASON_OK, NULL);
	policy.rules[0] = (struct suitability_def){STR("wait"), NULL, NULL, &yes, UINT32_MAX};
	request.expires = at("2026-03-05");
	expect(VERDICT_HELD, REASON_HELD, "2026-03-05");
	policy.rules[0].hold_if = &yes_for_a_while;
	CHECK_INT(contact_decide(&request).at.ms, 1);
	request.expires = request.now;
	expect(VERDICT_NEVER, REASON_EXPIRED, NULL);
}

TEST(a_standing_hold_is_asked_of_the_engine)
{
	begin();
	uint32_t true_one = 7;
	policy.n_rules = 1;
	policy.rules[0] = (struct suitability_def){STR("complaint"), NULL, NULL, &yes, 6};
	request.holds = standing_answer;
	request.holds_self = &true_one;
	expect(VERDICT_NOW, REASON_OK, NULL);
	policy.rules[0].hold_standing = 7;
	expect(VERDICT_HELD, REASON_HELD, NULL);
}

TEST(a_later_refusal_beats_an_earlier_hold)
{
	begin();
	policy.n_rules = 2;
	policy.rules[0] = (struct suitability_def){STR("hold"), NULL, NULL, &yes, UINT32_MAX};
	policy.rules[1] = (struct suitability_def){STR("refuse"), NULL, &yes, NULL, UINT32_MAX};
	expect(VERDICT_NEVER, REASON_UNSUITABLE, NULL);
}

TEST(the_held_out_get_what_their_purpose_does_not_hold_out)
{
	begin();
	request.held_out = true;
	expect(VERDICT_NEVER, REASON_HOLDOUT, NULL);
	request.purpose = STR("transaction");
	expect(VERDICT_NOW, REASON_OK, NULL);
}

TEST(at_the_deadline_it_is_too_late)
{
	begin();
	request.expires = (wall){request.now.ms + 1};
	expect(VERDICT_NOW, REASON_OK, NULL);
	request.expires = request.now;
	expect(VERDICT_NEVER, REASON_EXPIRED, NULL);
}

TEST(the_order_of_the_questions)
{
	begin();
	policy.n_rules = 1;
	policy.rules[0] = (struct suitability_def){STR("refuse"), NULL, &yes, NULL, UINT32_MAX};
	quiet(0, 1439, 0);
	cap(0, CAP_DAY, 0, NULL);
	request.erased = true;
	request.suppressed = STR("x");
	request.address = CONTACT_NO_ADDRESS;
	consents_say(false, false, "2026-01-01");
	request.held_out = true;
	request.expires = request.now;
	expect(VERDICT_NEVER, REASON_ERASED, NULL);
	request.erased = false;
	expect(VERDICT_NEVER, REASON_SUPPRESSED, NULL);
	request.suppressed = (struct str){0};
	expect(VERDICT_NEVER, REASON_NO_ADDRESS, NULL);
	request.address = CONTACT_GOOD;
	expect(VERDICT_NEVER, REASON_NO_CONSENT, NULL);
	consents_say(true, true, "2026-01-01");
	expect(VERDICT_NEVER, REASON_UNSUITABLE, NULL);
	policy.n_rules = 0;
	expect(VERDICT_NEVER, REASON_HOLDOUT, NULL);
	request.held_out = false;
	expect(VERDICT_NEVER, REASON_EXPIRED, NULL);
	request.expires = WALL_NEVER;
	expect(VERDICT_NEVER, REASON_QUIET, NULL);
	policy.n_quiet = 0;
	expect(VERDICT_NEVER, REASON_CAP, NULL);
	policy.n_caps = 0;
	expect(VERDICT_NOW, REASON_OK, NULL);
}

/* ---------------------------------------------------------------- quiet hours */

TEST(quiet_hours_by_the_persons_clock)
{
	static const struct { const char *zone, *now, *want; } cases[] = {
	    {"Europe/Helsinki", "2026-03-02T21:29+02:00", NULL},
	    {"Europe/Helsinki", "2026-03-02T21:30+02:00", "2026-03-03T07:30+02:00"},
	    {"Europe/Helsinki", "2026-03-02T23:59:59.999+02:00", "2026-03-03T07:30+02:00"},
	    {"Europe/Helsinki", "2026-03-03T00:00+02:00", "2026-03-03T07:30+02:00"},
	    {"Europe/Helsinki", "2026-03-03T07:29+02:00", "2026-03-03T07:30+02:00"},
	    {"Europe/Helsinki", "2026-03-03T07:30+02:00", NULL},
	    {"Asia/Ho_Chi_Minh", "2026-03-02T16:00Z", "2026-03-03T07:30+07:00"},
	    {"America/New_York", "2026-03-02T16:00Z", NULL},
	    /* The clocks go forward in the night: it is an hour shorter. */
	    {"Europe/Helsinki", "2026-03-28T22:00+02:00", "2026-03-29T07:30+03:00"},
	    /* And back: it is an hour longer. */
	    {"Europe/Helsinki", "2026-10-24T22:00+03:00", "2026-10-25T07:30+02:00"},
	    {"America/New_York", "2026-03-08T06:59Z", "2026-03-08T07:30-04:00"},
	};
	begin();
	quiet(21 * 60 + 30, 7 * 60 + 30, 0);
	for (size_t i = 0; i < COUNT(cases); i++) {
		zone(cases[i].zone);
		request.now = at(cases[i].now);
		expect(cases[i].want ? VERDICT_AT : VERDICT_NOW, cases[i].want ? REASON_QUIET : REASON_OK, cases[i].want);
	}
}

TEST(windows_that_end_or_begin_in_the_missing_hour)
{
	begin(); /* 03:00 to 04:00 does not exist on 29 March */
	quiet(22 * 60, 3 * 60 + 30, 0);
	request.now = at("2026-03-29T01:00+02:00");
	expect(VERDICT_AT, REASON_QUIET, "2026-03-29T04:00+03:00");
	policy.n_quiet = 0;
	quiet(3 * 60 + 15, 3 * 60 + 45, 0);
	request.now = at("2026-03-29T02:59+02:00");
	expect(VERDICT_NOW, REASON_OK, NULL);
}

TEST(quiet_days_and_holidays)
{
	begin();
	quiet(-1, -1, 1 << 5 | 1 << 6 | 1 << 7); /* Saturday, Sunday, holiday */
	request.now = at("2026-03-06T23:59+02:00");
	expect(VERDICT_NOW, REASON_OK, NULL);
	request.now = at("2026-03-07T00:00+02:00");
	expect(VERDICT_AT, REASON_QUIET, "2026-03-09T00:00+02:00");
	request.now = at("2026-03-04T10:00+02:00");
	expect(VERDICT_AT, REASON_QUIET, "2026-03-05T00:00+02:00");
	facts.holiday = NULL;
	expect(VERDICT_NOW, REASON_OK, NULL);
}

TEST(a_window_over_midnight_belongs_to_the_day_on_which_it_begins)
{
	begin();
	quiet(22 * 60, 6 * 60, 1 << 5); /* Saturday */
	request.now = at("2026-03-08T05:00+02:00"); /* Sunday morning */
	expect(VERDICT_AT, REASON_QUIET, "2026-03-08T06:00+02:00");
	request.now = at("2026-03-07T05:00+02:00"); /* Saturday morning */
	expect(VERDICT_NOW, REASON_OK, NULL);
}

TEST(windows_that_meet_are_one)
{
	begin();
	quiet(20 * 60, 24 * 60 - 1, 0);
	quiet(24 * 60 - 1, 8 * 60, 0);
	quiet(-1, -1, 1 << 1); /* Tuesday */
	request.now = at("2026-03-02T21:00+02:00");
	expect(VERDICT_AT, REASON_QUIET, "2026-03-04T08:00+02:00");
}

TEST(quiet_hours_have_channels_conditions_and_purposes)
{
	begin();
	quiet(0, 18 * 60, 0);
	expect(VERDICT_AT, REASON_QUIET, "2026-03-02T18:00+02:00");
	request.channel = SMS;
	expect(VERDICT_NOW, REASON_OK, NULL);
	request.channel = EMAIL;
	policy.quiet[0].when = &no;
	expect(VERDICT_NOW, REASON_OK, NULL);
	policy.quiet[0].when = &is_marketing;
	expect(VERDICT_AT, REASON_QUIET, NULL);
	request.purpose = STR("transaction");
	expect(VERDICT_NOW, REASON_OK, NULL);
	request.purpose = STR("notice");
	expect(VERDICT_AT, REASON_QUIET, NULL);
}

/* ---------------------------------------------------------------- caps */

TEST(a_rolling_cap_frees_exactly_its_length_after_the_contact)
{
	begin();
	cap(1, CAP_ROLLING, 24 * HOUR, NULL);
	went("2026-03-01T13:00+02:00");
	expect(VERDICT_AT, REASON_CAP, "2026-03-02T13:00+02:00");
	request.now = at("2026-03-02T13:00+02:00");
	expect(VERDICT_NOW, REASON_OK, NULL);
	begin();
	cap(2, CAP_ROLLING, 24 * HOUR, NULL);
	went("2026-03-01T13:00+02:00");
	expect(VERDICT_NOW, REASON_OK, NULL);
	went("2026-03-02T11:00+02:00");
	expect(VERDICT_AT, REASON_CAP, "2026-03-02T13:00+02:00");
}

TEST(calendar_caps_in_the_persons_zone)
{
	static const struct { enum cap_window window; const char *went, *want; } cases[] = {
	    {CAP_DAY, "2026-03-02T00:00+02:00", "2026-03-03T00:00+02:00"},
	    {CAP_DAY, "2026-03-01T23:59+02:00", NULL},
	    {CAP_WEEK, "2026-03-02T00:00+02:00", "2026-03-09T00:00+02:00"},
	    {CAP_WEEK, "2026-03-01T23:59+02:00", NULL},
	    {CAP_MONTH, "2026-03-01T00:00+02:00", "2026-04-01T00:00+03:00"},
	    {CAP_MONTH, "2026-02-28T23:59+02:00", NULL},
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		begin();
		cap(1, cases[i].window, 0, NULL);
		went(cases[i].went);
		expect(cases[i].want ? VERDICT_AT : VERDICT_NOW, cases[i].want ? REASON_CAP : REASON_OK, cases[i].want);
	}
}

TEST(caps_count_only_what_they_speak_of)
{
	begin();
	cap(1, CAP_DAY, 0, &is_email);
	went("2026-03-02T09:00+02:00");
	expect(VERDICT_AT, REASON_CAP, NULL);
	past[0].text = STR("{\"channel\":\"push\"}");
	expect(VERDICT_NOW, REASON_OK, NULL);
	past[0].text = (struct str){0};
	past[0].intent = json_of("{\"channel\":\"email\"}");
	expect(VERDICT_AT, REASON_CAP, NULL);
	past[0].counts = false; /* refunded */
	expect(VERDICT_NOW, REASON_OK, NULL);
	past[0].counts = true;
	request.intent = json_of("{\"channel\":\"sms\"}");
	expect(VERDICT_NOW, REASON_OK, NULL);
	request.intent = past[0].intent;
	request.purpose = STR("notice"); /* asks no caps */
	expect(VERDICT_NOW, REASON_OK, NULL);
}

TEST(asked_again_at_the_mark_a_message_does_not_stand_in_its_own_way)
{
	begin();
	cap(1, CAP_DAY, 0, NULL);
	went("2026-03-02T11:59+02:00");
	expect(VERDICT_AT, REASON_CAP, NULL);
	request.id = past[0].id;
	expect(VERDICT_NOW, REASON_OK, NULL);
}

TEST(room_is_kept_for_high_priority)
{
	begin();
	cap(1, CAP_DAY, 0, NULL)->for_high = 2;
	went("2026-03-02T09:00+02:00");
	expect(VERDICT_AT, REASON_CAP, NULL);
	request.high = true;
	expect(VERDICT_NOW, REASON_OK, NULL);
	went("2026-03-02T10:00+02:00");
	expect(VERDICT_AT, REASON_CAP, "2026-03-03T00:00+02:00");
}

TEST(the_persons_own_choice_replaces_the_line)
{
	begin();
	struct cap_def *c = cap(4, CAP_ROLLING, 7 * DAY, NULL);
	c->own_choice = STR("frequency");
	c->choices[0].word = STR("monthly");
	c->choices[0].at_most = 1;
	c->choices[0].in = 30 * DAY;
	c->n_choices = 1;
	went("2026-02-20T09:00+02:00");
	expect(VERDICT_NOW, REASON_OK, NULL);
	frequency = "monthly";
	expect(VERDICT_AT, REASON_CAP, "2026-03-22T09:00+02:00");
	frequency = "whenever";
	expect(VERDICT_NOW, REASON_OK, NULL);
}

TEST(a_cap_of_the_account_counts_its_people)
{
	begin();
	struct contact_past company[] = {{.at = at("2026-03-02T08:00+02:00"), .id = 90, .counts = true}};
	cap(1, CAP_DAY, 0, NULL)->per_account = true;
	expect(VERDICT_NOW, REASON_OK, NULL);
	request.account_past = company;
	request.n_account_past = 1;
	expect(VERDICT_AT, REASON_CAP, NULL);
}

TEST(nothing_fits_under_a_cap_of_none)
{
	begin();
	cap(0, CAP_DAY, 0, NULL);
	expect(VERDICT_NEVER, REASON_CAP, NULL);
}

/* ---------------------------------------------------------------- together */

TEST(the_first_instant_that_suits_both)
{
	begin();
	quiet(21 * 60 + 30, 7 * 60 + 30, 0);
	cap(1, CAP_ROLLING, 10 * HOUR, NULL);
	went("2026-03-02T11:45+02:00"); /* free at 21:45, which is quiet */
	expect(VERDICT_AT, REASON_CAP, "2026-03-03T07:30+02:00");
	request.now = at("2026-03-02T21:40+02:00");
	expect(VERDICT_AT, REASON_QUIET, "2026-03-03T07:30+02:00");
	cap(1, CAP_DAY, 0, NULL);
	went("2026-03-03T01:00+02:00");
	expect(VERDICT_AT, REASON_QUIET, "2026-03-04T07:30+02:00");
}

TEST(what_could_only_go_after_its_deadline_never_goes)
{
	begin();
	quiet(11 * 60, 13 * 60, 0);
	request.expires = at("2026-03-02T13:00:00.001+02:00");
	expect(VERDICT_AT, REASON_QUIET, "2026-03-02T13:00+02:00");
	request.expires = at("2026-03-02T13:00+02:00");
	expect(VERDICT_NEVER, REASON_EXPIRED, NULL);
	CHECK_STR(contact_decide(&request).detail, "11:00 to 13:00");
}

static wall
at_ten(void *self, wall t)
{
	(void)self;
	return tz_next_clock(facts.zone, t, 10 * 60);
}

TEST(the_steps_own_clock_is_asked_together_with_the_policy)
{
	begin();
	request.clock = at_ten;
	expect(VERDICT_AT, REASON_OK, "2026-03-03T10:00+02:00");
	cap(1, CAP_DAY, 0, NULL);
	went("2026-03-03T09:00+02:00");
	expect(VERDICT_AT, REASON_CAP, "2026-03-04T10:00+02:00");
	request.now = at("2026-03-04T10:00+02:00");
	expect(VERDICT_NOW, REASON_OK, NULL);
	quiet(9 * 60, 11 * 60, 0);
	expect(VERDICT_AT, REASON_QUIET, NULL); /* never suits: asked again, and bounded */
}

TEST(lawful_looks_at_the_person_alone)
{
	begin();
	quiet(0, 1439, 0);
	request.held_out = true;
	CHECK(contact_lawful(&request).kind == VERDICT_NOW);
	request.consents = NULL;
	CHECK(contact_lawful(&request).kind == VERDICT_NEVER);
}

TEST(explain_answers_every_question)
{
	struct buf out = {0};
	struct json_writer w = json_writer_on(&out);
	begin();
	request.held_out = true;
	quiet(11 * 60, 13 * 60, 0);
	contact_explain(&request, &w);
	CHECK_STR(buf_str(&out), "[{\"rule\":\"suppression\",\"says\":\"yes\"},{\"rule\":\"address\",\"says\":\"yes\"},{\"rule\":\"consent\",\"says\":\"yes\"},"
	    "{\"rule\":\"suitability\",\"says\":\"yes\"},{\"rule\":\"holdout\",\"says\":\"never\",\"reason\":\"holdout\"},{\"rule\":\"deadline\",\"says\":\"yes\"},"
	    "{\"rule\":\"quiet hours and caps\",\"says\":\"at\",\"reason\":\"quiet hours\",\"detail\":\"11:00 to 13:00\",\"at\":\"2026-03-02T11:00:00.000Z\"}]");
	buf_release(&out);
}

TEST(contenders_are_ordered_as_the_policy_says)
{
	begin();
	policy.arbitration_order[0] = 0, policy.arbitration_order[1] = 1, policy.arbitration_order[2] = 2;
	struct contender a = {.priority = 3, .value = 1, .made = {2}, .id = {1}}, b = {.priority = 2, .value = 9, .made = {1}, .id = {2}};
	CHECK(contender_before(&policy, &a, &b) && !contender_before(&policy, &b, &a));
	policy.arbitration_order[0] = 1, policy.arbitration_order[1] = 0;
	CHECK(contender_before(&policy, &b, &a) && !contender_before(&policy, &a, &b));
	policy.arbitration_order[0] = 2;
	CHECK(contender_before(&policy, &b, &a));
	b = a;
	b.id[15] = 7;
	CHECK(contender_before(&policy, &a, &b) && !contender_before(&policy, &b, &a) && !contender_before(&policy, &a, &a));
}

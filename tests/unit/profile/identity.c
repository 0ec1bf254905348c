#include "profile/identity.h"
#include "base/limits.h"
#include "tap.h"

/* Admits and folds as the engine does: decide, absorb, learn. */
static struct people people;
static struct arena arena;
static uint64_t seq;

static void
begin(void)
{
	static const uint8_t key[16] = {1};
	people_release(&people, NULL);
	arena_clear(&arena);
	people_init(&people, key);
	seq = 0;
}

static struct entry
entry_of(enum entry_kind kind, enum trust trust, const char *body)
{
	struct entry en = {.seq = ++seq, .at = {(int64_t)seq * 1000}, .happened = {(int64_t)seq * 1000}, .kind = kind, .trust = trust};
	struct err e;
	if (!json_parse_arena(&arena, str_of(body), &en.body, &e))
		TAP_FAIL("%s: %s", body, e.text);
	return en;
}

static void
fold(const struct entry *en)
{
	if (!en->profile)
		return;
	people_reach(&people, en->profile);
	struct profile *p = profile_at(&people, en->profile);
	if (!p->met) {
		p->met = true;
		people.met++;
	}
	if (en->absorbed)
		profile_absorb(&people, en->profile, en->absorbed, NULL, en->at);
	identity_learn(&people, en, en->profile);
}

static struct identity
happen_as(enum entry_kind kind, enum trust trust, const char *body)
{
	struct entry en = entry_of(kind, trust, body);
	struct identity id = identity_decide(&people, &en);
	en.profile = id.profile;
	en.absorbed = id.absorbed;
	fold(&en);
	return id;
}

static struct identity
happen(enum entry_kind kind, const char *body)
{
	return happen_as(kind, TRUST_SERVER, body);
}

static uint32_t
who(const char *body)
{
	struct entry en = entry_of(ENTRY_TRACK, TRUST_SERVER, body);
	return identity_decide(&people, &en).profile;
}

static const struct ids *
ids_of(uint32_t number)
{
	return &profile_at(&people, number)->ids;
}

TEST(an_anonymous_visitor_who_signs_in_for_the_first_time_keeps_their_profile)
{
	begin();
	CHECK_INT(happen(ENTRY_PAGE, "{\"anonymousId\":\"a1\"}").profile, 1);
	CHECK_INT(happen(ENTRY_TRACK, "{\"anonymousId\":\"a1\"}").profile, 1);
	CHECK_INT(happen(ENTRY_IDENTIFY, "{\"anonymousId\":\"a1\",\"userId\":\"u1\"}").profile, 1);
	CHECK_STR(profile_user_id(profile_at(&people, 1)), "u1");
	CHECK_INT(who("{\"userId\":\"u1\"}"), 1);
	CHECK_INT(people.n, 1);
}

TEST(a_known_user_absorbs_the_anonymous_visitor)
{
	begin();
	happen(ENTRY_IDENTIFY, "{\"userId\":\"u1\"}");
	happen(ENTRY_TRACK, "{\"anonymousId\":\"a1\"}");
	struct identity id = happen(ENTRY_IDENTIFY, "{\"userId\":\"u1\",\"anonymousId\":\"a1\"}");
	CHECK_INT(id.profile, 1);
	CHECK_INT(id.absorbed, 2);
	CHECK_INT(people_resolve(&people, 2), 1);
	CHECK_INT(who("{\"anonymousId\":\"a1\"}"), 1);
	CHECK_INT(people.met, 1);
	CHECK(!profile_is_somebody(profile_at(&people, 2)));
	NEED(ids_of(1)->n_joins == 1);
	CHECK_INT(ids_of(1)->joins[0].other, 2);
	CHECK_INT(ids_of(1)->joins[0].why, JOIN_IDENTIFIED);
	CHECK_INT(ids_of(1)->joins[0].seq, 3);
	/* Said again, nothing happens again. */
	CHECK_INT(happen(ENTRY_TRACK, "{\"userId\":\"u1\",\"anonymousId\":\"a1\"}").absorbed, 0);
	CHECK_INT(ids_of(1)->n_joins, 1);
	CHECK_INT(ids_of(1)->n_anonymous, 1);
}

TEST(between_two_strong_ones_the_anonymous_id_moves_to_the_last_to_sign_in)
{
	begin();
	happen(ENTRY_IDENTIFY, "{\"userId\":\"u1\",\"anonymousId\":\"shared\"}");
	struct identity id = happen(ENTRY_IDENTIFY, "{\"userId\":\"u2\",\"anonymousId\":\"shared\"}");
	CHECK_INT(id.profile, 2);
	CHECK_INT(id.absorbed, 0);
	CHECK_INT(id.refused, 1);
	CHECK_INT(id.why, JOIN_REFUSED_STRONG);
	CHECK_INT(who("{\"anonymousId\":\"shared\"}"), 2);
	CHECK_INT(ids_of(1)->n_anonymous, 0);
	CHECK_INT(ids_of(2)->joins[0].why, JOIN_RETURNED);
	happen(ENTRY_TRACK, "{\"userId\":\"u1\",\"anonymousId\":\"shared\"}");
	CHECK_INT(who("{\"anonymousId\":\"shared\"}"), 1);
	/* Who comes without a user id is whoever used it last. */
	CHECK_INT(happen(ENTRY_TRACK, "{\"anonymousId\":\"shared\"}").profile, 1);
	for (int i = 0; i < 500; i++)
		happen(ENTRY_TRACK, i % 2 ? "{\"userId\":\"u1\",\"anonymousId\":\"shared\"}" : "{\"userId\":\"u2\",\"anonymousId\":\"shared\"}");
	CHECK_INT(ids_of(1)->n_joins, 1);
	CHECK_INT(ids_of(2)->n_joins, 1);
	CHECK_INT(people.n, 2);
}

TEST(values_that_mean_nobody_never_join_people)
{
	static const char *const nobody[] = {"null", "undefined", "0", "anonymous", "", "[object Object]", "NaN", "guest"};
	char body[128];
	begin();
	for (size_t i = 0; i < COUNT(nobody); i++) {
		snprintf(body, sizeof(body), "{\"userId\":\"%s\",\"anonymousId\":\"a%zu\"}", nobody[i], i);
		CHECK_INT(happen(ENTRY_IDENTIFY, body).profile, i + 1);
	}
	CHECK_INT(people.met, COUNT(nobody));
	for (uint32_t i = 1; i <= people.n; i++)
		CHECK(!profile_is_strong(profile_at(&people, i)));
	CHECK_INT(happen(ENTRY_TRACK, "{\"userId\":\"null\",\"anonymousId\":\"0\"}").profile, 0);
	CHECK_INT(happen(ENTRY_TRACK, "{\"userId\":null}").profile, 0);
	CHECK_INT(happen(ENTRY_TRACK, "{}").profile, 0);
	CHECK_INT(happen(ENTRY_IDENTIFY, "{\"userId\":0,\"anonymousId\":\"z\"}").profile, people.n);
	CHECK(!profile_is_strong(profile_at(&people, people.n)));
	/* And by alias. */
	happen(ENTRY_IDENTIFY, "{\"userId\":\"u1\"}");
	struct identity id = happen(ENTRY_ALIAS, "{\"userId\":\"u1\",\"previousId\":\"anonymous\"}");
	CHECK_INT(id.absorbed, 0);
	CHECK_INT(id.refused, 0);
}

TEST(an_e_mail_address_joins_nobody)
{
	begin();
	happen(ENTRY_IDENTIFY, "{\"userId\":\"u1\",\"traits\":{\"email\":\"family@example.com\"}}");
	happen(ENTRY_IDENTIFY, "{\"userId\":\"u2\",\"traits\":{\"email\":\"family@example.com\"}}");
	CHECK_INT(happen(ENTRY_IDENTIFY, "{\"anonymousId\":\"a\",\"traits\":{\"email\":\"family@example.com\"}}").profile, 3);
	CHECK_INT(people.met, 3);
}

TEST(alias_joins_an_anonymous_id)
{
	begin();
	happen(ENTRY_TRACK, "{\"anonymousId\":\"a1\"}");
	CHECK_INT(happen(ENTRY_ALIAS, "{\"previousId\":\"a1\",\"userId\":\"u1\"}").profile, 1);
	CHECK_INT(who("{\"userId\":\"u1\"}"), 1);
	happen(ENTRY_TRACK, "{\"anonymousId\":\"a2\"}");
	struct identity id = happen(ENTRY_ALIAS, "{\"previousId\":\"a2\",\"userId\":\"u1\"}");
	CHECK_INT(id.absorbed, 2);
	CHECK_INT(ids_of(1)->joins[0].why, JOIN_ALIASED);
	CHECK_INT(who("{\"anonymousId\":\"a2\"}"), 1);
	/* An anonymous id never seen before is learnt. */
	happen(ENTRY_ALIAS, "{\"previousId\":\"a3\",\"userId\":\"u1\"}");
	CHECK_INT(who("{\"anonymousId\":\"a3\"}"), 1);
}

TEST(alias_may_give_a_known_person_a_second_user_id_but_not_from_a_browser)
{
	begin();
	happen(ENTRY_IDENTIFY, "{\"userId\":\"old\"}");
	CHECK_INT(happen(ENTRY_ALIAS, "{\"previousId\":\"old\",\"userId\":\"new\"}").profile, 1);
	CHECK_INT(who("{\"userId\":\"new\"}"), 1);
	CHECK_INT(who("{\"userId\":\"old\"}"), 1);
	struct identity id = happen_as(ENTRY_ALIAS, TRUST_PUBLIC, "{\"previousId\":\"old\",\"userId\":\"thief\"}");
	CHECK_INT(id.profile, 2);
	CHECK_INT(id.why, JOIN_REFUSED_TRUST);
	CHECK_INT(who("{\"userId\":\"thief\"}"), 2);
	CHECK_INT(ids_of(2)->joins[0].why, JOIN_REFUSED_TRUST);
}

TEST(two_strong_people_are_never_one)
{
	begin();
	happen(ENTRY_IDENTIFY, "{\"userId\":\"u1\"}");
	happen(ENTRY_IDENTIFY, "{\"userId\":\"u2\"}");
	struct identity id = happen(ENTRY_ALIAS, "{\"previousId\":\"u1\",\"userId\":\"u2\"}");
	CHECK_INT(id.profile, 2);
	CHECK_INT(id.absorbed, 0);
	CHECK_INT(id.why, JOIN_REFUSED_STRONG);
	CHECK_INT(people.met, 2);
}

TEST(one_person_holds_a_bounded_number_of_ids)
{
	char body[128];
	begin();
	happen(ENTRY_IDENTIFY, "{\"userId\":\"u1\"}");
	for (int i = 0; i < 300; i++) {
		snprintf(body, sizeof(body), "{\"anonymousId\":\"a%d\"}", i);
		happen(ENTRY_TRACK, body);
		snprintf(body, sizeof(body), "{\"userId\":\"u1\",\"anonymousId\":\"a%d\"}", i);
		CHECK_INT(happen(ENTRY_TRACK, body).profile, 1);
	}
	CHECK_INT(ids_of(1)->n_users + ids_of(1)->n_anonymous, LIMIT_IDS_PER_PROFILE);
	CHECK(ids_of(1)->n_joins <= LIMIT_IDS_PER_PROFILE);
	CHECK_INT(ids_of(1)->joins[ids_of(1)->n_joins - 1].why, JOIN_REFUSED_LIMIT);
	CHECK(join_text(JOIN_REFUSED_LIMIT)[0]);
	CHECK_INT(who("{\"userId\":\"u1\",\"anonymousId\":\"a299\"}"), 1);
	CHECK(who("{\"anonymousId\":\"a299\"}") != 1);
}

TEST(our_own_entries_name_the_person)
{
	begin();
	happen(ENTRY_IDENTIFY, "{\"userId\":\"u1\"}");
	happen(ENTRY_TRACK, "{\"anonymousId\":\"a1\"}");
	happen(ENTRY_IDENTIFY, "{\"userId\":\"u1\",\"anonymousId\":\"a1\"}");
	CHECK_INT(happen_as(ENTRY_MARK, TRUST_SELF, "{\"profile\":2}").profile, 1);
	CHECK_INT(happen_as(ENTRY_MARK, TRUST_SELF, "{\"profile\":99}").profile, 0);
	CHECK_INT(happen_as(ENTRY_MARK, TRUST_SELF, "{\"profile\":-1}").profile, 0);
	CHECK_INT(happen_as(ENTRY_TRACK, TRUST_SERVER, "{\"profile\":1,\"anonymousId\":\"b\"}").profile, 3);
	CHECK_INT(people.met, 2);
}

static void
give(uint32_t number, const char *name, const char *text)
{
	struct value v = value_text(str_of(text));
	trait_set(&people.texts, &profile_at(&people, number)->traits, ROOT_TRAIT, str_of(name), &v, TRUST_SERVER, (wall){1}, NULL);
	profile_refresh(&people, number, NULL);
}

TEST(a_person_is_found_by_any_key)
{
	begin();
	happen(ENTRY_IDENTIFY, "{\"userId\":\"u1\",\"anonymousId\":\"a1\"}");
	give(1, "email", "Anna@Example.com");
	give(1, "phone", "+358 40 1234567");
	CHECK_INT(identity_find(&people, STR("u1")), 1);
	CHECK_INT(identity_find(&people, STR("a1")), 1);
	CHECK_INT(identity_find(&people, STR(" anna@example.COM ")), 1);
	CHECK_INT(identity_find(&people, STR("+358401234567")), 1);
	CHECK_INT(identity_find(&people, STR("#1")), 1);
	CHECK_INT(identity_find(&people, STR("#2")), 0);
	CHECK_INT(identity_find(&people, STR("#0")), 0);
	CHECK_INT(identity_find(&people, STR("nobody@example.com")), 0);
	give(1, "email", "new@example.com");
	give(1, "phone", "+358 40 7654321");
	CHECK_INT(identity_find(&people, STR("anna@example.com")), 0);
	CHECK_INT(identity_find(&people, STR("new@example.com")), 1);
	CHECK_INT(identity_find(&people, STR("+358401234567")), 0);
}

TEST(an_address_finds_who_has_the_best_claim_to_it)
{
	begin();
	happen(ENTRY_IDENTIFY, "{\"userId\":\"u1\"}");
	happen(ENTRY_TRACK, "{\"anonymousId\":\"a1\"}");
	happen(ENTRY_IDENTIFY, "{\"userId\":\"u2\"}");
	give(2, "email", "anna@example.com");
	CHECK_INT(identity_find(&people, STR("anna@example.com")), 2);
	give(1, "email", "anna@example.com");
	CHECK_INT(identity_find(&people, STR("anna@example.com")), 1);   /* a user id beats none, whoever came first */
	give(3, "email", "anna@example.com");
	CHECK_INT(identity_find(&people, STR("anna@example.com")), 1);   /* among equals the earlier */
	give(1, "email", "other@example.com");
	CHECK_INT(identity_find(&people, STR("anna@example.com")), 3);
	give(3, "email", "third@example.com");
	CHECK_INT(identity_find(&people, STR("anna@example.com")), 2);
}

#include "profile/profile.h"
#include "base/clock.h"
#include "profile/address.h"
#include "profile/identity.h"
#include "tap.h"

static const struct stream_shape shapes[] = {{.keep = {.window = INT64_MAX}}};
static struct people people;
static struct tz_set *zones;

static void
begin(void)
{
	static const uint8_t key[16] = {1};
	if (!zones)
		zones = tz_set_new(tz_source_system());
	people_release(&people, shapes);
	people_init(&people, key);
}

static struct profile *
born(uint32_t number, int64_t when)
{
	people_reach(&people, number);
	struct profile *p = profile_at(&people, number);
	p->met = true;
	p->first_seen = p->last_seen = (wall){when};
	people.met++;
	return p;
}

static void
trait(uint32_t number, const char *name, const char *text, enum trust trust, int64_t when)
{
	struct value v = value_text(str_of(text));
	trait_set(&people.texts, &profile_at(&people, number)->traits, ROOT_TRAIT, str_of(name), &v, trust, (wall){when}, NULL);
	profile_refresh(&people, number, zones);
}

static void
add_id(struct str **list, uint16_t *n, struct strmap *map, const char *id, uint32_t number)
{
	*list = mem_realloc(*list, sizeof(**list) * (*n + 1u));
	(*list)[(*n)++] = text_keep(&people.texts, str_of(id));
	strmap_put(map, str_of(id), number);
}

static void
user(uint32_t number, const char *id)
{
	struct ids *ids = &profile_at(&people, number)->ids;
	add_id(&ids->users, &ids->n_users, &people.users, id, number);
}

static void
anonymous(uint32_t number, const char *id)
{
	struct ids *ids = &profile_at(&people, number)->ids;
	add_id(&ids->anonymous, &ids->n_anonymous, &people.anonymous, id, number);
}

static void
consent(uint32_t number, bool granted)
{
	consent_set(&people.texts, &profile_at(&people, number)->consents, &(struct consent){.channel = STR("email"), .purpose = STR("marketing"), .granted = granted});
}

static void
event(uint32_t number, int64_t when)
{
	rows_add(&people.store, &profile_at(&people, number)->rows, 0, &shapes[0], &(struct row){.time = {when}, .seq = (uint64_t)when}, (wall){when});
}

TEST(addresses_of_a_person)
{
	char buf[ADDRESS_BYTES];
	begin();
	struct profile *p = born(1, 1);
	CHECK_INT(profile_email(p, buf).len, 0);
	trait(1, "email", " Anna@Example.COM ", TRUST_PUBLIC, 1);
	CHECK_STR(profile_email(p, buf), "anna@example.com");
	CHECK(p->email_hash && !profile_email_trusted(p));
	uint64_t before = p->email_hash;
	trait(1, "email", "anna@example.com", TRUST_SERVER, 2);
	CHECK(p->email_hash == before && profile_email_trusted(p));
	trait(1, "email", "not an address", TRUST_SERVER, 3);
	CHECK_INT(p->email_hash, 0);
	trait(1, "phone", "040 1234567", TRUST_SERVER, 1);
	CHECK_INT(profile_phone(p, buf).len, 0);
	trait(1, "country", "FI", TRUST_SERVER, 1);
	CHECK_STR(profile_phone(p, buf), "+358401234567");
	CHECK(p->zone == NULL);
	trait(1, "timezone", "Europe/Helsinki", TRUST_SERVER, 1);
	CHECK_STR(tz_name(p->zone), "Europe/Helsinki");
	trait(1, "timezone", "../../etc/passwd", TRUST_SERVER, 2);
	CHECK(p->zone == NULL);
	trait(1, "language", "fi", TRUST_SERVER, 2);
	CHECK_STR(profile_locale(p), "fi");
}

TEST(two_become_one)
{
	begin();
	struct profile *p = born(1, 50), *q = born(2, 10);
	user(1, "u1");
	anonymous(2, "a1");
	anonymous(2, "a2");
	trait(2, "city", "Turku", TRUST_PUBLIC, 10);
	consent(1, true);
	consent(2, false);
	event(1, 60);
	event(2, 20);
	p->last_seen = (wall){60};
	q->account = 7;
	profile_absorb(&people, 1, 2, shapes, (wall){70});
	CHECK_INT(people_resolve(&people, 2), 1);
	CHECK_INT(people.met, 1);
	CHECK(profile_is_somebody(p) && !profile_is_somebody(q));
	CHECK_INT(p->ids.n_anonymous, 2);
	CHECK_INT(*strmap_get(&people.anonymous, STR("a2")), 1);
	CHECK_INT(p->first_seen.ms, 10);
	CHECK_INT(p->last_seen.ms, 60);
	CHECK_INT(p->account, 7);
	CHECK(trait_find(&p->traits, ROOT_TRAIT, STR("city")) != NULL);
	CHECK(!consent_find(&p->consents, STR("email"), STR("marketing"))->granted);
	CHECK_INT(rows_count(&p->rows), 2);
	CHECK(p->dirty && q->dirty && q->ids.n_anonymous == 0 && q->traits.n == 0 && q->rows.n == 0);
}

TEST(forwards_are_followed_to_their_end)
{
	begin();
	for (uint32_t i = 1; i <= 3000; i++)
		born(i, 1);
	for (uint32_t i = 2; i <= 20; i++)
		profile_absorb(&people, i, i - 1, shapes, (wall){1});
	CHECK_INT(people_resolve(&people, 1), 20);
	CHECK_INT(people_resolve(&people, 0), 0);
	CHECK_INT(people_resolve(&people, 5000), 5000);
	CHECK_INT(people.met, 3000 - 19);
}

TEST(an_erased_person_leaves_nothing_but_a_number)
{
	begin();
	struct profile *p = born(1, 1);
	user(1, "secret-user");
	anonymous(1, "secret-anonymous");
	trait(1, "email", "secret@example.com", TRUST_SERVER, 1);
	trait(1, "phone", "+358401234567", TRUST_SERVER, 1);
	consent(1, true);
	event(1, 5);
	profile_erase(&people, 1, shapes);
	CHECK(p->erased && !p->met && p->dirty && !profile_is_somebody(p));
	CHECK_INT(people.met, 0);
	CHECK_INT(identity_find(&people, STR("secret-user")), 0);
	CHECK_INT(identity_find(&people, STR("secret-anonymous")), 0);
	CHECK_INT(identity_find(&people, STR("secret@example.com")), 0);
	CHECK_INT(identity_find(&people, STR("+358401234567")), 0);
	CHECK_INT(people.texts.len, 0);
	struct buf out = {0};
	profile_save(&people, p, &out);
	CHECK(str_find(buf_str(&out), STR("secret"), 0) == SIZE_MAX);
	buf_release(&out);
}

TEST(saved_and_loaded_a_person_is_the_same)
{
	struct buf one = {0}, two = {0};
	begin();
	struct profile *p = born(1, 1);
	user(1, "u1");
	anonymous(1, "a1");
	trait(1, "email", "anna@example.com", TRUST_SERVER, 1);
	trait(1, "timezone", "Europe/Helsinki", TRUST_SERVER, 1);
	consent(1, true);
	p->ids.joins = mem_alloc(sizeof(struct join));
	p->ids.joins[0] = (struct join){.other = 9, .why = JOIN_ALIASED, .at = {3}, .seq = 4};
	p->ids.n_joins = 1;
	p->last_entry = 77;
	profile_save(&people, p, &one);
	uint64_t hash = p->email_hash;
	begin();
	people_reach(&people, 1);
	p = profile_at(&people, 1);
	struct reader r = {.rest = buf_str(&one)};
	profile_load(&people, 1, &r, zones);
	identity_load(&people, 1);
	CHECK(!r.bad && r.rest.len == 0);
	profile_save(&people, p, &two);
	CHECK(str_eq(buf_str(&one), buf_str(&two)));
	CHECK(p->email_hash == hash && p->zone && p->last_entry == 77 && people.met == 1);
	CHECK_INT(identity_find(&people, STR("u1")), 1);
	CHECK_INT(identity_find(&people, STR("anna@example.com")), 1);
	for (size_t n = 0; n < one.len; n++) {
		begin();
		people_reach(&people, 1);
		struct reader cut = {.rest = {one.ptr, n}};
		profile_load(&people, 1, &cut, zones);
		CHECK(cut.bad);
	}
	buf_release(&one);
	buf_release(&two);
}

TEST(texts_are_shared_and_given_back)
{
	struct texts t = {0};
	char text[32];
	struct str kept[1000], again;
	for (int round = 0; round < 2; round++)
		for (int i = 0; i < 1000; i++) {
			snprintf(text, sizeof(text), "text %d", i);
			struct str s = text_keep(&t, str_of(text));
			CHECK(round == 0 || s.ptr == kept[i].ptr);
			kept[i] = s;
		}
	CHECK_INT(t.len, 1000);
	again = text_again(kept[5]);
	for (int i = 0; i < 1000; i += 2)
		text_drop(&t, kept[i]), text_drop(&t, kept[i]);
	CHECK_INT(t.len, 500);
	CHECK(text_known(&t, STR("text 4")).ptr == NULL && text_known(&t, STR("text 7")).ptr == kept[7].ptr);
	text_drop(&t, again);
	for (int i = 1; i < 1000; i += 2)
		text_drop(&t, kept[i]), text_drop(&t, kept[i]);
	CHECK_INT(t.len, 0);
	CHECK_INT(t.bytes, 0);
	CHECK(text_keep(&t, STR("")).ptr == NULL);
	texts_release(&t);
}

/* DESIGN.md section 10: 350 bytes a profile beside its own ids and traits, 16 a retained event. The engine's own part of a person and the
 * directories come on top of what stands here, so this leaves them half. */
TEST(a_person_is_small)
{
	CHECK(sizeof(struct profile) <= 176);
	CHECK(sizeof(struct stamp) == 16);
	CHECK(sizeof(struct row_set) == 24);
}

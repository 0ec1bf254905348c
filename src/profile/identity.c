#include "profile/identity.h"
#include "base/limits.h"
#include "profile/address.h"
#include <string.h>

const char *
join_text(enum join_why why)
{
	static const char *const texts[] = {
#define X(name, text) text,
	    JOINS(X)
#undef X
	};
	return texts[why];
}

/* ---------------------------------------------------------------- looking */

static uint32_t
holder_of(const struct people *w, const struct strmap *ids, struct str id)
{
	if (id_is_nobody(id))
		return 0;
	const uint32_t *number = strmap_get(ids, id);
	return number ? people_resolve(w, *number) : 0;
}

static bool
has_room(const struct people *w, uint32_t number, uint32_t more)
{
	const struct ids *ids = &profile_at(w, number)->ids;
	return ids->n_anonymous + ids->n_users + more <= LIMIT_IDS_PER_PROFILE;
}

static bool
is_strong(const struct people *w, uint32_t number)
{
	return number && profile_is_strong(profile_at(w, number));
}

/* One who is known by `user` (0 = not yet) meets what stands behind another id. */
static struct identity
meet(const struct people *w, uint32_t user, uint32_t other, enum join_why why)
{
	if (!other || other == user)
		return (struct identity){.profile = user ? user : w->n + 1};
	if (is_strong(w, other))
		return (struct identity){.profile = user ? user : w->n + 1, .refused = other, .why = JOIN_REFUSED_STRONG};
	if (!user)
		return (struct identity){.profile = other};
	const struct ids *ids = &profile_at(w, other)->ids;
	if (!has_room(w, user, ids->n_anonymous))
		return (struct identity){.profile = user, .refused = other, .why = JOIN_REFUSED_LIMIT};
	return (struct identity){.profile = user, .absorbed = other, .why = why};
}

static struct str
previous_id(const struct entry *en)
{
	const struct json *previous = json_get(en->body, STR("previousId"));
	return json_text(previous);
}

static struct identity
decide_alias(const struct people *w, const struct entry *en, struct str user_id)
{
	struct str previous = previous_id(en);
	uint32_t user = holder_of(w, &w->users, user_id), other = holder_of(w, &w->users, previous);
	if (!other)
		other = holder_of(w, &w->anonymous, previous);
	if (other && !user && is_strong(w, other)) {
		if (en->trust == TRUST_PUBLIC)
			return (struct identity){.profile = w->n + 1, .refused = other, .why = JOIN_REFUSED_TRUST};
		return (struct identity){.profile = has_room(w, other, 1) ? other : w->n + 1};    /* a further name of the same person */
	}
	return meet(w, user, other, JOIN_ALIASED);
}

/* Our own entries say whom they are about. */
static uint32_t
named_profile(const struct people *w, const struct entry *en)
{
	if (en->trust != TRUST_SELF)
		return 0;
	const struct json *number = json_get(en->body, STR("profile"));
	if (!json_is(number, JSON_INT) || number->i < 1 || number->i > w->n)
		return 0;
	return people_resolve(w, (uint32_t)number->i);
}

struct identity
identity_decide(const struct people *w, const struct entry *en)
{
	uint32_t named = named_profile(w, en);
	if (named)
		return (struct identity){.profile = named};
	struct str user_id = entry_user_id(en), anonymous_id = entry_anonymous_id(en);
	if (!id_is_nobody(user_id)) {
		if (en->kind == ENTRY_ALIAS && !id_is_nobody(previous_id(en)))
			return decide_alias(w, en, user_id);
		return meet(w, holder_of(w, &w->users, user_id), holder_of(w, &w->anonymous, anonymous_id), JOIN_IDENTIFIED);
	}
	if (id_is_nobody(anonymous_id))
		return (struct identity){0};
	uint32_t number = holder_of(w, &w->anonymous, anonymous_id);
	return (struct identity){.profile = number ? number : w->n + 1};
}

/* ---------------------------------------------------------------- learning */

static void
ids_add(struct people *w, struct str **list, uint16_t *n, struct str id)
{
	*list = mem_realloc(*list, sizeof(**list) * (*n + 1u));
	(*list)[(*n)++] = text_keep(&w->texts, id);
}

static bool
ids_has(const struct str *list, uint16_t n, struct str id)
{
	for (uint32_t i = n; i > 0; i--)
		if (str_eq(list[i - 1], id))
			return true;
	return false;
}

static void
ids_remove(struct people *w, struct str *list, uint16_t *n, struct str id)
{
	for (uint32_t i = 0; i < *n; i++) {
		if (!str_eq(list[i], id))
			continue;
		text_drop(&w->texts, list[i]);
		memmove(&list[i], &list[i + 1], sizeof(*list) * (*n - i - 1u));
		--*n;
		return;
	}
}

static void
note_join(struct people *w, uint32_t number, uint32_t other, enum join_why why, const struct entry *en)
{
	struct ids *ids = &profile_at(w, number)->ids;
	if (ids->n_joins > 0 && ids->joins[ids->n_joins - 1].other == other && ids->joins[ids->n_joins - 1].why == why)
		return;    /* a shared computer would say so with every call */
	if (ids->n_joins == LIMIT_IDS_PER_PROFILE) {
		memmove(ids->joins, ids->joins + 1, sizeof(*ids->joins) * (ids->n_joins - 1u));
		ids->n_joins--;
	}
	ids->joins = mem_realloc(ids->joins, sizeof(*ids->joins) * (ids->n_joins + 1u));
	ids->joins[ids->n_joins++] = (struct join){.other = other, .why = (uint8_t)why, .at = en->at, .seq = en->seq};
}

static void
learn_user(struct people *w, uint32_t number, struct str id)
{
	struct profile *p = profile_at(w, number);
	if (id_is_nobody(id) || ids_has(p->ids.users, p->ids.n_users, id))
		return;
	if (strmap_get(&w->users, id) || !has_room(w, number, 1))
		return;    /* held by one profile only */
	ids_add(w, &p->ids.users, &p->ids.n_users, id);
	strmap_put(&w->users, id, number);
}

static void
learn_anonymous(struct people *w, uint32_t number, struct str id, const struct entry *en)
{
	struct profile *p = profile_at(w, number);
	if (id_is_nobody(id) || ids_has(p->ids.anonymous, p->ids.n_anonymous, id) || !has_room(w, number, 1))
		return;
	uint32_t before = holder_of(w, &w->anonymous, id);
	if (before && before != number) {
		struct profile *other = profile_at(w, before);
		ids_remove(w, other->ids.anonymous, &other->ids.n_anonymous, id);
		other->dirty = true;
		note_join(w, number, before, JOIN_RETURNED, en);
	}
	ids_add(w, &p->ids.anonymous, &p->ids.n_anonymous, id);
	strmap_put(&w->anonymous, id, number);
}

void
identity_learn(struct people *w, const struct entry *en, uint32_t number)
{
	struct str user_id = entry_user_id(en), anonymous_id = entry_anonymous_id(en);
	if (named_profile(w, en) || en->kind == ENTRY_ERASE)
		return;
	struct identity was = identity_decide(w, en);
	if (was.refused && was.why != JOIN_REFUSED_STRONG)
		note_join(w, number, was.refused, was.why, en);
	if (en->absorbed)
		note_join(w, number, en->absorbed, en->kind == ENTRY_ALIAS ? JOIN_ALIASED : JOIN_IDENTIFIED, en);
	learn_user(w, number, user_id);
	if (en->kind == ENTRY_ALIAS && !holder_of(w, &w->users, previous_id(en)))
		anonymous_id = previous_id(en);
	learn_anonymous(w, number, anonymous_id, en);
}

void
identity_load(struct people *w, uint32_t number)
{
	const struct ids *ids = &profile_at(w, number)->ids;
	for (uint32_t i = 0; i < ids->n_users; i++)
		strmap_put(&w->users, ids->users[i], number);
	for (uint32_t i = 0; i < ids->n_anonymous; i++)
		strmap_put(&w->anonymous, ids->anonymous[i], number);
}

/* ---------------------------------------------------------------- finding */

/* The directory keeps the latest holder; one who has another number by now is no answer. */
static uint32_t
holder_of_phone(const struct people *w, struct str normal)
{
	char buf[ADDRESS_BYTES];
	const uint64_t *at = idmap_get(&w->phones, address_hash(w, normal));
	uint32_t number = at ? people_resolve(w, (uint32_t)*at) : 0;
	return number && str_eq(profile_phone(profile_at(w, number), buf), normal) ? number : 0;
}

/* How good a claim to an address is: a trusted word for it, then a user id. A browser can say any address, so it never takes the
 * lookup over from somebody known. */
static int
claim_of(const struct profile *p)
{
	return 2 * profile_email_trusted(p) + profile_is_strong(p);
}

/* Of several people with an address the one with the best claim, then the one who came first: looked for among all, so that the
 * answer is the same whoever came in which order, after merges, erasures and a restart. Somebody is there: the directory says so. */
static uint32_t
holder_of_email(const struct people *w, struct str normal)
{
	char buf[ADDRESS_BYTES];
	uint64_t hash = address_hash(w, normal);
	uint32_t best = 0;
	if (!idmap_get(&w->emails, hash))
		return 0;
	for (uint32_t n = 1; n <= w->n; n++) {
		const struct profile *p = profile_at(w, n);
		if (p->email_hash != hash || !profile_is_somebody(p) || !str_eq(profile_email(p, buf), normal))
			continue;
		if (!best || claim_of(p) > claim_of(profile_at(w, best)))
			best = n;
	}
	return best;
}

uint32_t
identity_find(const struct people *w, struct str key)
{
	char buf[ADDRESS_BYTES];
	struct str normal;
	int64_t n;
	key = str_trim(key);
	if (str_starts(key, STR("#")) && str_to_int(str_slice(key, 1, key.len), &n))
		return n >= 1 && n <= w->n && profile_at(w, people_resolve(w, (uint32_t)n))->met ? people_resolve(w, (uint32_t)n) : 0;
	uint32_t number = holder_of(w, &w->users, key);
	if (!number)
		number = holder_of(w, &w->anonymous, key);
	if (!number && email_normal(key, buf, &normal))
		number = holder_of_email(w, normal);
	if (!number && phone_normal(key, (struct str){0}, buf, &normal))
		number = holder_of_phone(w, normal);
	return number;
}

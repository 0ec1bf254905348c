/* The two questions that concern more than one person, answered once, in the order of the log: whom is this entry about, and
 * may this address be written to? */
#include "engine/engine_priv.h"
#include "profile/address.h"
#include <stdlib.h>

static bool
message_of(const struct entry *en, struct message_id *ret)
{
	return message_id_parse(json_text(json_get(en->body, STR("message"))), ret);
}

void
engine_admit(struct engine *g, struct entry *en)
{
	struct message_id id;
	en->profile = en->absorbed = 0;
	en->answer = MARK_UNASKED;
	if (is_shared(en) || !en->body)
		return;
	if (en->kind == ENTRY_MARK || en->kind == ENTRY_OUTCOME) {
		if (message_of(en, &id))
			en->profile = people_resolve(&g->people, journeys_recipient(g, id));
		if (en->kind == ENTRY_MARK) {
			g->instant = g->now = wall_max(en->at, g->latest);
			en->answer = en->profile ? journeys_admit_mark(g, en) : MARK_NO;
			arena_reset(&g->scratch);
		}
		return;
	}
	struct identity who = identity_decide(&g->people, en);
	en->profile = who.profile;
	en->absorbed = who.absorbed;
}

/* ---------------------------------------------------------------- addresses that must not be written to */

static uint64_t
hash_of_address(const struct engine *g, struct str text)
{
	char buf[ADDRESS_BYTES];
	struct str normal;
	if (email_normal(text, buf, &normal) || phone_normal(text, (struct str){0}, buf, &normal))
		return address_hash(&g->people, normal);
	return text.len ? address_hash(&g->people, text) : 0;
}

/* Each suppression of an address keeps when it held, so that what is worked off late sees what held then. */
static void
suppression_add(struct engine *g, uint64_t hash, wall since, struct str reason)
{
	const uint64_t *latest = idmap_get(&g->suppressed, hash);
	if (latest && g->suppressions.items[*latest - 1].until.ms == WALL_NEVER.ms)
		return;
	*vec_push(&g->suppressions) = (struct suppression){.hash = hash, .since = since, .until = WALL_NEVER,
	    .reason = text_keep(&g->people.texts, reason), .earlier = latest ? (uint32_t)*latest : 0};
	idmap_put(&g->suppressed, hash, g->suppressions.len);
}

void
suppress_apply(struct engine *g, const struct entry *en)
{
	uint64_t hash = hash_of_address(g, json_text(json_get(en->body, STR("address"))));
	const uint64_t *latest = hash ? idmap_get(&g->suppressed, hash) : NULL;
	if (!hash)
		return;
	if (!json_is(json_get(en->body, STR("lift")), JSON_TRUE))
		suppression_add(g, hash, en->at, json_text(json_get(en->body, STR("reason"))));
	else if (latest)
		g->suppressions.items[*latest - 1].until = wall_min(g->suppressions.items[*latest - 1].until, en->at);
}

bool
engine_suppressed(const struct engine *g, uint64_t hash, wall as_of, struct str *ret_reason)
{
	const uint64_t *latest = hash ? idmap_get(&g->suppressed, hash) : NULL;
	for (uint32_t i = latest ? (uint32_t)*latest : 0; i; i = g->suppressions.items[i - 1].earlier) {
		const struct suppression *s = &g->suppressions.items[i - 1];
		if (as_of.ms < s->since.ms || as_of.ms >= s->until.ms)
			continue;
		if (ret_reason)
			*ret_reason = s->reason;
		return true;
	}
	return false;
}

static int
by_hash_and_time(const void *a, const void *b)
{
	const struct suppression *x = a, *y = b;
	if (x->hash != y->hash)
		return x->hash < y->hash ? -1 : 1;
	return (x->since.ms > y->since.ms) - (x->since.ms < y->since.ms);
}

void
suppressions_save(const struct engine *g, struct buf *out)
{
	size_t n = g->suppressions.len;
	struct suppression *sorted = mem_alloc(sizeof(*sorted) * (n + 1));
	if (n) {
		memcpy(sorted, g->suppressions.items, sizeof(*sorted) * n);
		qsort(sorted, n, sizeof(*sorted), by_hash_and_time);
	}
	buf_add_varint(out, n);
	for (size_t i = 0; i < n; i++) {
		buf_add_u64(out, sorted[i].hash);
		buf_add_zigzag(out, sorted[i].since.ms);
		buf_add_zigzag(out, sorted[i].until.ms);
		buf_add_lstr(out, sorted[i].reason);
	}
	mem_free(sorted);
}

void
suppressions_load(struct engine *g, struct reader *r)
{
	for (uint64_t n = read_varint(r); n > 0 && !r->bad; n--) {
		uint64_t hash = read_u64(r);
		wall since = {read_zigzag(r)}, until = {read_zigzag(r)};
		struct str reason = read_lstr(r);
		if (r->bad || !hash)
			break;
		suppression_add(g, hash, since, reason);
		vec_last(&g->suppressions)->until = until;
	}
}

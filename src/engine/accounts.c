/* Accounts: what a company's people share. A member's account is part of the member; its traits and rows are shared state. */
#include "engine/engine_priv.h"
#include "base/limits.h"
#include <stdlib.h>

uint32_t
account_open(struct engine *g, struct str id)
{
	const uint32_t *have = strmap_get(&g->account_of_id, id);
	if (have)
		return *have;
	struct account *a = mem_alloc(sizeof(*a));
	a->id = text_keep(&g->people.texts, id);
	*vec_push(&g->accounts) = a;
	strmap_put(&g->account_of_id, id, (uint32_t)g->accounts.len);
	return (uint32_t)g->accounts.len;
}

static size_t
member_place(const struct account *a, uint32_t person)
{
	size_t low = 0, high = a->members.len;
	while (low < high) {
		size_t mid = (low + high) / 2;
		if (a->members.items[mid] < person)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

void
account_leave(struct engine *g, uint32_t person)
{
	struct profile *p = profile_at(&g->people, person);
	struct account *a = account_at(g, p->account);
	p->account = 0;
	if (!a)
		return;
	size_t i = member_place(a, person);
	if (i < a->members.len && a->members.items[i] == person)
		vec_remove(&a->members, i);
}

void
account_join(struct engine *g, uint32_t person, uint32_t account)
{
	struct account *a = account_at(g, account);
	account_leave(g, person);
	profile_at(&g->people, person)->account = account;
	size_t i = member_place(a, person);
	*vec_insert(&a->members, i) = person;
}

/* ---------------------------------------------------------------- traits of an account */

static void
account_zone(struct engine *g, struct account *a)
{
	const struct trait *zone = trait_find(&a->traits, ROOT_TRAIT, STR("timezone"));
	a->zone = zone && zone->value.kind == VALUE_TEXT && g->zones ? tz_find(g->zones, zone->value.text) : NULL;
}

static void
note_news(struct engine *g)
{
	for (size_t i = 0; i < g->news.len; i++) {
		struct value old = value_keep(&g->people.texts, &g->news.items[i].old);
		note_change(g, FACT_ACCOUNT, g->news.items[i].name, &old, &g->news.items[i].now);
	}
	engine_stale(g, READS_ACCOUNT);
	if (g->zone_news) {
		g->at_hand.facts.facts.zone = person_zone(g, g->at_hand.person);
		engine_stale(g, READS_TIME);
	}
}

/* The person at hand hears at once and lives with the rest of the entry; colleagues hear after it. */
void
account_apply(struct engine *g, uint32_t account, const struct json *traits, const struct entry *en)
{
	struct account *a = account_at(g, account);
	ASSERT(g->news.len == 0);
	json_each (member, traits) {
		struct account_news n = {.name = member->key, .old = VALUE_NONE, .now = value_of_json(member)};
		if (!n.name.len || n.name.len > LIMIT_NAME_BYTES)
			continue;
		if (trait_set(&g->people.texts, &a->traits, ROOT_TRAIT, n.name, &n.now, en->trust, en->happened, &n.old) == TRAIT_CHANGED)
			*vec_push(&g->news) = n;
		else
			value_drop(&g->people.texts, &n.old);
	}
	const struct tz *before = a->zone;
	account_zone(g, a);
	g->zone_news = before != a->zone;
	if (g->at_hand.person)
		note_news(g);
}

/* ---------------------------------------------------------------- what colleagues hear */

/* Conditions about colleagues are worked out again at this instant, with the next alarms. */
static void
look_again(struct engine *g, uint32_t member)
{
	struct standing *s = person_at(g, member)->standing;
	if (!s)
		return;
	for (uint32_t w = 0; w < s->program->n_words; w++) {
		s->timed[w] |= s->program->by_people[w];
		s->soon[w] |= s->program->by_people[w];
	}
	person_at(g, member)->conditions_due = wall_min(person_at(g, member)->conditions_due, g->latest);
	alarm_pull(g, member, g->latest);
}

static void
colleague_begin(struct engine *g, uint32_t member, struct str what, bool history)
{
	person_catch_up(g, member, g->latest, g->position);
	person_begin(g, member, g->latest, g->latest, g->position, what, history);
	person_touch(g, member);
}

static void
hear_news(struct engine *g, uint32_t member, bool history)
{
	colleague_begin(g, member, STR("account"), history);
	note_news(g);
	person_live(g);
	person_end(g);
}

static void
hear_event(struct engine *g, uint32_t member, const struct event_view *ev, bool history)
{
	colleague_begin(g, member, ev->name, history);
	g->at_hand.of_account = true;
	if (g->at_hand.program) {
		engine_stale(g, READS_PEOPLE);
		conditions_run(g);
		journeys_event(g, member, ev);
		journeys_settle(g, member, NULL, 0);
		journeys_enter_event(g, member, ev);
		g->at_hand.of_account = false;
		person_live(g);
	}
	person_end(g);
}

static bool
is_at_hand(const struct engine *g, uint32_t member)
{
	const struct profile *p = profile_at(&g->people, member);
	return p->met && !p->forward && !(g->replaying && p->as_of >= g->position);
}

void
account_hear(struct engine *g, uint32_t account, uint32_t but, const struct event_view *ev, bool history)
{
	struct account *a = account_at(g, account);
	bool event = a && ev && g->live && journeys_listen_by_account(g->live->journeys, ev->kind, ev->name);
	for (size_t i = 0; a && g->live && i < a->members.len; i++) {
		uint32_t member = a->members.items[i];
		if (member == but || !is_at_hand(g, member))
			continue;
		if (g->news.len)
			hear_news(g, member, history);
		if (event)
			hear_event(g, member, ev, history);
		else if (g->live->has_people)
			look_again(g, member);
	}
	for (size_t i = 0; i < g->news.len; i++)
		value_drop(&g->people.texts, &g->news.items[i].old);
	g->news.len = 0;
}

/* ---------------------------------------------------------------- bytes */

static int
by_id(const void *a, const void *b)
{
	return str_cmp((*(struct account *const *)a)->id, (*(struct account *const *)b)->id);
}

/* In the order of their ids; members are told by the members. Rows only of streams that somebody reads. */
void
accounts_save(struct engine *g, struct buf *out, void (*write_rows)(struct engine *g, const struct row_sets *sets, struct buf *out))
{
	struct account **sorted = mem_alloc(sizeof(*sorted) * (g->accounts.len + 1));
	if (g->accounts.len) {
		memcpy(sorted, g->accounts.items, sizeof(*sorted) * g->accounts.len);
		qsort(sorted, g->accounts.len, sizeof(*sorted), by_id);
	}
	buf_add_varint(out, g->accounts.len);
	for (size_t i = 0; i < g->accounts.len; i++) {
		buf_add_lstr(out, sorted[i]->id);
		traits_save(&sorted[i]->traits, out);
		write_rows(g, &sorted[i]->rows, out);
	}
	mem_free(sorted);
}

void
accounts_load(struct engine *g, struct reader *r)
{
	struct arena a;
	arena_init(&a);
	for (uint64_t n = read_varint(r); n > 0 && !r->bad; n--) {
		struct account *x = account_at(g, account_open(g, read_lstr(r)));
		traits_load(&g->people.texts, &x->traits, r, &a);
		rows_read(g, &x->rows, r);
		account_zone(g, x);
	}
	arena_clear(&a);
}

void
accounts_release(struct engine *g)
{
	for (size_t i = 0; i < g->accounts.len; i++) {
		struct account *a = g->accounts.items[i];
		traits_clear(&g->people.texts, &a->traits);
		rows_clear(&g->people.store, &a->rows, g->shapes.items);
		text_drop(&g->people.texts, a->id);
		vec_release(&a->members);
		mem_free(a);
	}
	vec_release(&g->accounts);
	vec_release(&g->news);
	strmap_release(&g->account_of_id);
}

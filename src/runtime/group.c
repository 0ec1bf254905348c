/* group.c -- what one transaction holds, put together by the fold thread. */
#include "runtime/runtime_priv.h"
#include "base/limits.h"

enum { LOOSE_BLOCK_BYTES = 512 * 1024 };

struct group *
group_new(void)
{
	struct group *g = mem_alloc(sizeof(*g));
	arena_init(&g->arena);
	decisions_init(&g->d);
	g->batches_end = &g->batches;
	return g;
}

void
group_free(struct group *g)
{
	if (!g)
		return;
	buf_release(&g->items);
	buf_release(&g->loose);
	buf_release(&g->shared);
	vec_release(&g->blocks);
	vec_release(&g->names);
	vec_release(&g->moves);
	vec_release(&g->rows);
	vec_release(&g->enrolments);
	vec_release(&g->merged);
	vec_release(&g->erasures);
	decisions_release(&g->d);
	arena_clear(&g->arena);
	mem_free(g);
}

void
group_reset(struct group *g)
{
	g->batches = NULL;
	g->batches_end = &g->batches;
	g->last_seq = 0;
	g->n = 0;
	g->bytes = 0;
	buf_reset(&g->items);
	buf_reset(&g->loose);
	g->blocks.len = g->names.len = g->moves.len = g->rows.len = g->enrolments.len = g->merged.len = g->erasures.len = 0;
	decisions_reset(&g->d);
	arena_reset(&g->arena);
	g->sweep_ended = g->went_live = false;
	g->late_folded = 0;
	g->plains = NULL;
	g->next = NULL;
}

uint32_t
group_name(struct workspace *w, struct group *g, struct str name)
{
	uint32_t id = intern_find(&w->names, name);
	if (id != UINT32_MAX)
		return id;
	/* Somebody who makes up names without end fills no table: from here on they are read from the body. */
	if (w->names.len >= NAMES_MAX)
		return ITEM_NAME_IN_BODY;
	id = intern(&w->names, name);
	*vec_push(&g->names) = (struct new_name){false, id, arena_str(&g->arena, name)};
	return id;
}

uint16_t
group_source(struct workspace *w, struct group *g, struct str source)
{
	uint32_t id = intern_find(&w->sources, source);
	if (id != UINT32_MAX)
		return (uint16_t)id;
	if (w->sources.len >= SOURCES_MAX)
		return 0;
	id = intern(&w->sources, source);
	*vec_push(&g->names) = (struct new_name){true, id, arena_str(&g->arena, source)};
	return (uint16_t)id;
}

/* How far back the previous entry of a person is; the chain now ends here. */
static uint32_t
chain(struct workspace *w, uint32_t profile, uint64_t seq)
{
	if (!profile)
		return 0;
	while (w->chains.len <= profile)
		*vec_push(&w->chains) = 0;
	uint64_t prev = w->chains.items[profile];
	w->chains.items[profile] = seq;
	return prev && seq - prev < UINT32_MAX ? (uint32_t)(seq - prev) : 0;
}

void
group_add_item(struct workspace *w, struct group *g, const struct entry *en, uint32_t place)
{
	bool own_name = en->kind == ENTRY_TRACK || en->kind == ENTRY_PAGE || en->kind == ENTRY_SCREEN;
	struct item it = {
		.place = place, .at = en->at, .happened = en->happened, .kind = en->kind, .trust = en->trust, .answer = en->answer,
		.history = en->history, .id_hash = en->id_hash, .profile = en->profile, .absorbed = en->absorbed,
		.name = own_name || en->name.len ? group_name(w, g, en->name) : 0, .source = group_source(w, g, en->source),
	};
	if (en->seq) {
		it.prev = chain(w, en->profile, en->seq);
		if (en->absorbed)
			it.prev_absorbed = chain(w, en->absorbed, en->seq);
	}
	buf_reserve(&g->items, ITEM_BYTES);
	item_write(&it, (uint8_t *)g->items.ptr + g->items.len);
	g->items.len += ITEM_BYTES;
}

void
group_add_loose(struct workspace *w, struct group *g, const struct entry *en)
{
	struct block_plan *b = g->blocks.len ? vec_last(&g->blocks) : NULL;
	if (!b || b->body.ptr || b->n >= LIMIT_BLOCK_ENTRIES || b->raw_len >= LOOSE_BLOCK_BYTES || !b->first_seq != !en->seq) {
		b = vec_push(&g->blocks);
		b->first_seq = en->seq;
		b->first_item = (uint32_t)(g->items.len / ITEM_BYTES);
		b->raw_from = g->loose.len;
	}
	group_add_item(w, g, en, (uint32_t)b->raw_len);
	buf_add_str(&g->loose, en->text);
	b->raw_len += en->text.len;
	b->n++;
	g->bytes += en->text.len;
}

void
group_add_packed(struct workspace *w, struct group *g, const struct batch *b, const struct packed *p)
{
	struct block_plan *plan = vec_push(&g->blocks);
	const char *start = b->entries[p->first].text.ptr;
	plan->first_seq = b->entries[p->first].seq;
	plan->first_item = (uint32_t)(g->items.len / ITEM_BYTES);
	plan->n = p->n;
	plan->body = p->lz4;
	plan->codec = p->codec;
	for (uint32_t i = p->first; i < p->first + p->n; i++)
		group_add_item(w, g, &b->entries[i], (uint32_t)(b->entries[i].text.ptr - start));
	g->bytes += p->raw_bytes;
}

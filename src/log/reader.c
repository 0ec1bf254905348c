#include "log/reader.h"
#include "base/limits.h"
#include "base/vec.h"
#include "log/block.h"

enum { CHUNK_BLOCKS = 64 };

struct names {
	struct arena arena;
	VEC(struct str) names, sources;
};

struct log_cursor {
	struct store *store;
	struct log_filter filter;
	uint64_t next;                   /* first entry not looked at */
	uint64_t base;                   /* the log begins after it */
	bool base_known;
	uint32_t chunk;                  /* blocks taken since the question was asked */
	bool asking, ended;
	bool sparse;                     /* the index is read first, bodies only where there is a hit */
	bool has_body;
	/* the block at hand */
	uint64_t first;
	uint32_t n, i;
	enum block_codec codec;
	struct buf body, items, raw;
	bool unpacked;
	struct names names;
	struct json_parser *parser;
	struct entry entry;
	struct item item;
};

struct log_cursor *
log_cursor_new(struct store *s, uint64_t from, const struct log_filter *filter)
{
	struct log_cursor *c = mem_alloc(sizeof(*c));
	c->store = s;
	c->next = from ? from : 1;
	if (filter)
		c->filter = *filter;
	c->sparse = c->filter.kinds || c->filter.profile || c->filter.name.len || c->filter.no_bodies;
	arena_init(&c->names.arena);
	c->parser = json_parser_new();
	return c;
}

void
log_cursor_free(struct log_cursor *c)
{
	if (!c)
		return;
	store_done(c->store, QUERY_BLOCK_SCAN);
	store_done(c->store, QUERY_INDEX_SCAN);
	buf_release(&c->body);
	buf_release(&c->items);
	buf_release(&c->raw);
	arena_clear(&c->names.arena);
	vec_release(&c->names.names);
	vec_release(&c->names.sources);
	json_parser_free(c->parser);
	mem_free(c);
}

/* Reads a table of names anew: number → text. */
#define read_names(c, query, list, ok, e)                                                     \
	do {                                                                                  \
		bool row_ = true;                                                             \
		(list)->len = 0;                                                              \
		ok = store_statement((c)->store, (query)) != NULL;                            \
		while (ok && (ok = store_step((c)->store, (query), &row_, (e))) && row_) {    \
			size_t id_ = (size_t)store_get_int((c)->store, (query), 0);           \
			while ((list)->len <= id_)                                            \
				*vec_push(list) = STR("");                                    \
			(list)->items[id_] = arena_str(&(c)->names.arena, store_get_str((c)->store, (query), 1)); \
		}                                                                             \
	} while (0)

static bool
names_load(struct log_cursor *c, struct err *e)
{
	bool ok;
	arena_reset(&c->names.arena);
	read_names(c, QUERY_NAME_SCAN, &c->names.names, ok, e);
	if (!ok)
		return false;
	read_names(c, QUERY_SOURCE_SCAN, &c->names.sources, ok, e);
	return ok;
}

/* A name that is not known yet was added since the names were read. */
static bool
name_known(struct log_cursor *c, const struct item *it, struct err *e)
{
	bool known = (it->name == ITEM_NAME_IN_BODY || it->name < c->names.names.len) && it->source < c->names.sources.len;
	return known || names_load(c, e);
}

static bool
item_at(struct log_cursor *c, uint32_t i, struct item *ret, struct err *e)
{
	if ((size_t)(i + 1) * ITEM_BYTES > c->items.len || !item_read((const uint8_t *)c->items.ptr + (size_t)i * ITEM_BYTES, ret))
		return fail(e, ERR_IO, "the log's index of entry %llu is damaged", (unsigned long long)(c->first + i));
	return true;
}

/* The index told of a hit: now the block's body. The scan over the index still holds its read mark, so both are of one state. */
static bool
fetch_body(struct log_cursor *c, struct err *e)
{
	bool row;
	if (!store_statement(c->store, QUERY_BLOCK_BODY))
		return store_fail(c->store, "reading the log", e);
	store_int(c->store, QUERY_BLOCK_BODY, 1, (int64_t)c->first);
	if (!store_step(c->store, QUERY_BLOCK_BODY, &row, e))
		return false;
	if (!row)
		return fail(e, ERR_IO, "the log has an index without a block at entry %llu", (unsigned long long)c->first);
	c->codec = (enum block_codec)store_get_int(c->store, QUERY_BLOCK_BODY, 0);
	buf_reset(&c->body);
	buf_add_str(&c->body, store_get_str(c->store, QUERY_BLOCK_BODY, 1));
	store_done(c->store, QUERY_BLOCK_BODY);
	c->has_body = true;
	return true;
}

static bool
text_at(struct log_cursor *c, uint32_t i, const struct item *it, struct str *ret, struct err *e)
{
	if (!c->has_body && !fetch_body(c, e))
		return false;
	if (!c->unpacked) {
		buf_reset(&c->raw);
		if (!block_unpack(c->codec, buf_str(&c->body), &c->raw, e))
			return fail_while(e, "entry %llu", (unsigned long long)(c->first + i));
		c->unpacked = true;
	}
	uint32_t end = (uint32_t)c->raw.len;
	if (i + 1 < c->n)
		end = item_place((const uint8_t *)c->items.ptr + (size_t)(i + 1) * ITEM_BYTES);
	if (it->place > end || end > c->raw.len)
		return fail(e, ERR_IO, "the log's index of entry %llu is damaged", (unsigned long long)(c->first + i));
	*ret = str_slice(buf_str(&c->raw), it->place, end);
	return true;
}

static bool
fill_entry(struct log_cursor *c, uint32_t i, const struct item *it, struct err *e)
{
	static const struct json_limits limits = {.depth = 64};
	if (!name_known(c, it, e))
		return false;
	c->entry = (struct entry){
		.seq = c->first + i, .at = it->at, .happened = it->happened, .kind = it->kind, .trust = it->trust, .history = it->history,
		.id_hash = it->id_hash, .profile = it->profile, .absorbed = it->absorbed, .answer = it->answer,
		.name = it->name < c->names.names.len ? c->names.names.items[it->name] : STR(""),
		.source = it->source < c->names.sources.len ? c->names.sources.items[it->source] : STR(""),
	};
	if (c->filter.no_bodies)
		return true;
	if (!text_at(c, i, it, &c->entry.text, e))
		return false;
	if (it->erased || !c->entry.text.len || c->filter.no_parse)
		return true;
	if (!json_parse(c->parser, c->entry.text, &limits, &c->entry.body, e))
		return fail_while(e, "entry %llu of the log", (unsigned long long)c->entry.seq);
	if (it->name == ITEM_NAME_IN_BODY)
		c->entry.name = json_text(json_get(c->entry.body, it->kind == ENTRY_TRACK ? STR("event") : STR("name")));
	return true;
}

static void
take_block(struct log_cursor *c, enum query q)
{
	struct store *s = c->store;
	int items = q == QUERY_INDEX_SCAN ? 1 : 4;
	c->first = (uint64_t)store_get_int(s, q, 0);
	c->has_body = q != QUERY_INDEX_SCAN;
	buf_reset(&c->body);
	buf_reset(&c->items);
	if (c->has_body) {
		c->codec = (enum block_codec)store_get_int(s, q, 2);
		buf_add_str(&c->body, store_get_str(s, q, 3));
	}
	buf_add_str(&c->items, store_get_str(s, q, items));
	c->n = (uint32_t)(c->items.len / ITEM_BYTES);
	c->unpacked = false;
	c->i = 0;
}

/* Asks for a chunk of blocks. The block that holds `next` may begin before it. */
static bool
ask(struct log_cursor *c, enum query q, struct err *e)
{
	if (!store_statement(c->store, q))
		return store_fail(c->store, "reading the log", e);
	uint64_t from = c->next > LIMIT_BLOCK_ENTRIES ? c->next - LIMIT_BLOCK_ENTRIES + 1 : 1;
	store_int(c->store, q, 1, (int64_t)from);
	c->asking = true;
	c->chunk = 0;
	return true;
}

static bool
next_block(struct log_cursor *c, struct err *e)
{
	enum query q = c->sparse ? QUERY_INDEX_SCAN : QUERY_BLOCK_SCAN;
	bool row;
	if (c->asking && c->chunk >= CHUNK_BLOCKS) {
		store_done(c->store, q);
		c->asking = false;
	}
	if (!c->asking && !ask(c, q, e))
		return false;
	do {
		if (!store_step(c->store, q, &row, e))
			return false;
		if (!row) {
			c->asking = false;
			c->ended = true;
			return true;
		}
		take_block(c, q);
	} while (c->first + c->n <= c->next);
	c->chunk++;
	return true;
}

bool
log_base(struct store *s, uint64_t *ret, struct err *e)
{
	int64_t base = 0;
	if (!meta_get_int(s, "base", &base, NULL, e))
		return false;
	*ret = (uint64_t)base;
	return true;
}

static bool
know_base(struct log_cursor *c, struct err *e)
{
	if (c->base_known)
		return true;
	if (!log_base(c->store, &c->base, e))
		return false;
	if (c->next <= c->base)
		c->next = c->base + 1;
	return c->base_known = true;
}

static bool
is_hit(struct log_cursor *c, const struct item *it, bool *ret, struct err *e)
{
	const struct log_filter *f = &c->filter;
	*ret = false;
	if ((f->kinds && !(f->kinds >> it->kind & 1)) || (f->profile && it->profile != f->profile && it->absorbed != f->profile))
		return true;
	if (!f->name.len) {
		*ret = true;
		return true;
	}
	if (!name_known(c, it, e))
		return false;
	*ret = it->name == ITEM_NAME_IN_BODY || str_eq(c->names.names.items[it->name], f->name);
	return true;
}

bool
log_next(struct log_cursor *c, const struct entry **ret, struct err *e)
{
	c->ended = false;
	if (!know_base(c, e))
		return false;
	for (;;) {
		for (; c->i < c->n; c->i++) {
			bool hit = c->first + c->i >= c->next;
			if (hit && (!item_at(c, c->i, &c->item, e) || !is_hit(c, &c->item, &hit, e)))
				return false;
			if (!hit)
				continue;
			if (!fill_entry(c, c->i, &c->item, e))
				return false;
			c->next = c->first + ++c->i;
			*ret = &c->entry;
			return true;
		}
		if (c->n && c->next < c->first + c->n)
			c->next = c->first + c->n;
		if (!next_block(c, e))
			return false;
		if (c->ended) {
			c->n = c->i = 0;
			*ret = NULL;
			return true;
		}
	}
}

const struct item *
log_item(const struct log_cursor *c)
{
	return &c->item;
}

/* Brings the block that holds an entry to hand. */
static bool
block_of(struct log_cursor *c, uint64_t seq, bool *ret_found, struct err *e)
{
	bool row;
	if (!know_base(c, e))
		return false;
	*ret_found = seq > c->base && c->n && seq >= c->first && seq < c->first + c->n;
	if (*ret_found || seq <= c->base)
		return true;
	if (!store_statement(c->store, QUERY_BLOCK_AT))
		return store_fail(c->store, "reading the log", e);
	store_int(c->store, QUERY_BLOCK_AT, 1, (int64_t)seq);
	if (!store_step(c->store, QUERY_BLOCK_AT, &row, e))
		return false;
	if (row)
		take_block(c, QUERY_BLOCK_AT);
	store_done(c->store, QUERY_BLOCK_AT);
	*ret_found = row && seq >= c->first && seq < c->first + c->n;
	return true;
}

bool
log_get(struct log_cursor *c, uint64_t seq, const struct entry **ret, struct err *e)
{
	bool found;
	if (!block_of(c, seq, &found, e))
		return false;
	if (!found) {
		*ret = NULL;
		return true;
	}
	uint32_t i = (uint32_t)(seq - c->first);
	if (!item_at(c, i, &c->item, e) || !fill_entry(c, i, &c->item, e))
		return false;
	*ret = &c->entry;
	return true;
}

/* The ends of the chains not yet walked: a merge opens a second one. Few, so a plain list. */
typedef VEC(uint64_t) seq_list;

static uint64_t
latest(seq_list *open)
{
	size_t best = 0;
	for (size_t i = 1; i < open->len; i++)
		if (open->items[i] > open->items[best])
			best = i;
	uint64_t seq = open->items[best];
	vec_remove(open, best);
	return seq;
}

bool
log_chain(struct log_cursor *c, uint64_t last, size_t max, bool (*take)(void *self, const struct entry *en), void *self,
    struct err *e)
{
	seq_list open = {0};
	size_t taken = 0;
	bool ok = true;
	if (last)
		*vec_push(&open) = last;
	while (ok && open.len && (!max || taken < max)) {
		const struct entry *en;
		uint64_t seq = latest(&open);
		ok = log_get(c, seq, &en, e);
		if (!ok || !en)
			continue;        /* cut off by retention */
		struct item it = c->item;
		taken++;
		if (!take(self, en))
			break;
		if (it.prev && it.prev < seq)
			*vec_push(&open) = seq - it.prev;
		if (it.prev_absorbed && it.prev_absorbed < seq)
			*vec_push(&open) = seq - it.prev_absorbed;
	}
	vec_release(&open);
	return ok;
}

bool
log_last_seq(struct store *s, uint64_t *ret, struct err *e)
{
	bool row;
	if (!store_statement(s, QUERY_BLOCK_LAST))
		return store_fail(s, "reading the log", e);
	if (!store_step(s, QUERY_BLOCK_LAST, &row, e))
		return false;
	*ret = row ? (uint64_t)(store_get_int(s, QUERY_BLOCK_LAST, 0) + store_get_int(s, QUERY_BLOCK_LAST, 1) - 1) : 0;
	store_done(s, QUERY_BLOCK_LAST);
	return true;
}

/* trickle.c -- what the write thread does when nothing waits: packs small neighbouring blocks together, overwrites what was
 * erased, drops collected history that was folded and what retention cut off. Each call is one short transaction. */
#include "runtime/runtime_priv.h"
#include "base/limits.h"
#include "log/block.h"
#include "log/cut.h"
#include <stdio.h>

enum { ERASE_STEPS = 16, JOIN_ENTRIES_MIN = 100 };

static void
must(bool ok, const struct err *e)
{
	if (!ok)
		write_failed(e);
}

/* ---------------------------------------------------------------- packing together */

/* From trickle_from on: neighbours that together fill a block. *ret_n blocks from *ret_first. False: not yet. */
static bool
find_small(struct workspace *w, uint64_t *ret_first, uint32_t *ret_n)
{
	struct store *s = w->store;
	struct err e;
	uint64_t first = 0;
	uint32_t blocks = 0, entries = 0;
	bool row, found = false;
	store_statement(s, QUERY_BLOCK_HEADS);
	store_int(s, QUERY_BLOCK_HEADS, 1, (int64_t)w->trickle_from);
	for (;;) {
		must(store_step(s, QUERY_BLOCK_HEADS, &row, &e), &e);
		if (!row)
			break;
		uint64_t seq = (uint64_t)store_get_int(s, QUERY_BLOCK_HEADS, 0);
		uint32_t n = (uint32_t)store_get_int(s, QUERY_BLOCK_HEADS, 1);
		if (entries + n > LIMIT_BLOCK_ENTRIES) {
			found = blocks > 1;
			if (found)
				break;
			blocks = entries = 0;
		}
		if (!blocks) {
			first = seq;
			w->trickle_from = seq;
		}
		blocks++;
		entries += n;
	}
	store_done(s, QUERY_BLOCK_HEADS);
	*ret_first = first;
	*ret_n = blocks;
	return found || (blocks > 1 && entries >= JOIN_ENTRIES_MIN);
}

static uint32_t
read_and_join(struct store *s, uint64_t first, uint32_t blocks, struct buf *raw, struct buf *items)
{
	struct err e;
	bool row;
	uint32_t n = 0;
	store_statement(s, QUERY_BLOCK_SCAN);
	store_int(s, QUERY_BLOCK_SCAN, 1, (int64_t)first);
	for (; blocks; blocks--) {
		must(store_step(s, QUERY_BLOCK_SCAN, &row, &e), &e);
		ASSERT(row);
		uint32_t shift = (uint32_t)raw->len;
		size_t at = items->len;
		must(block_unpack((enum block_codec)store_get_int(s, QUERY_BLOCK_SCAN, 2), store_get_str(s, QUERY_BLOCK_SCAN, 3), raw, &e), &e);
		buf_add_str(items, store_get_str(s, QUERY_BLOCK_SCAN, 4));
		for (; at < items->len; at += ITEM_BYTES, n++)
			item_set_place((uint8_t *)items->ptr + at, item_place((uint8_t *)items->ptr + at) + shift);
	}
	store_done(s, QUERY_BLOCK_SCAN);
	return n;
}

static void
write_back(struct workspace *w, uint64_t first, uint32_t n, struct str raw, struct str items)
{
	struct store *s = w->store;
	struct err e;
	buf_reset(&w->pack);
	store_statement(s, QUERY_BLOCK_UPDATE);
	store_int(s, QUERY_BLOCK_UPDATE, 1, (int64_t)first);
	store_int(s, QUERY_BLOCK_UPDATE, 2, n);
	store_int(s, QUERY_BLOCK_UPDATE, 3, block_pack(raw, &w->pack));
	store_bytes(s, QUERY_BLOCK_UPDATE, 4, buf_str(&w->pack));
	must(store_run(s, QUERY_BLOCK_UPDATE, &e), &e);
	store_int(s, QUERY_BLOCK_INDEX_UPDATE, 1, (int64_t)first);
	store_bytes(s, QUERY_BLOCK_INDEX_UPDATE, 2, items);
	must(store_run(s, QUERY_BLOCK_INDEX_UPDATE, &e), &e);
}

static void
drop_blocks(struct store *s, uint64_t after, uint64_t before)
{
	struct err e;
	store_int(s, QUERY_BLOCK_DELETE, 1, (int64_t)after);
	store_int(s, QUERY_BLOCK_DELETE, 2, (int64_t)before);
	must(store_run(s, QUERY_BLOCK_DELETE, &e), &e);
	store_int(s, QUERY_BLOCK_INDEX_DELETE, 1, (int64_t)after);
	store_int(s, QUERY_BLOCK_INDEX_DELETE, 2, (int64_t)before);
	must(store_run(s, QUERY_BLOCK_INDEX_DELETE, &e), &e);
}

static bool
join_some(struct workspace *w)
{
	uint64_t first;
	uint32_t blocks;
	struct err e;
	if (!find_small(w, &first, &blocks))
		return false;
	struct buf raw = {0}, items = {0};
	must(store_run(w->store, QUERY_BEGIN, &e), &e);
	uint32_t n = read_and_join(w->store, first, blocks, &raw, &items);
	drop_blocks(w->store, first, first + n);
	write_back(w, first, n, buf_str(&raw), buf_str(&items));
	must(store_run(w->store, QUERY_COMMIT, &e), &e);
	w->trickle_from = first + n;
	w->count.joined += blocks;
	buf_release(&raw);
	buf_release(&items);
	return true;
}

/* ---------------------------------------------------------------- erasing in place */

void
erase_begin(struct workspace *w, const struct erasure *x)
{
	struct erasing *er = vec_push(&w->erasing);
	er->what = *x;
	w->n_erasures++;
	if (x->last)
		*vec_push(&er->ends) = x->last;
}

/* The one list of tables that hold what is personal; profiles are saved anew with the erasure's own transaction. */
static const enum query personal_tables[] = {QUERY_ERASE_MESSAGE, QUERY_ERASE_ENROLMENT, QUERY_ERASE_REPORT, QUERY_ERASE_BASE};

static void
erase_rows(struct workspace *w, uint32_t profile)
{
	struct err e;
	for (size_t i = 0; i < COUNT(personal_tables); i++) {
		store_statement(w->store, personal_tables[i]);
		store_int(w->store, personal_tables[i], 1, profile);
		must(store_run(w->store, personal_tables[i], &e), &e);
	}
}

/* What a group call says of the account is nobody's person: {"groupId":…,"traits":…} stays, the one who said it goes. False when
 * it would not fit. */
static bool
account_part(struct str body, struct buf *to)
{
	struct arena a;
	struct err ignored;
	const struct json *root;
	arena_init(&a);
	bool ok = json_parse_arena(&a, body, &root, &ignored) && json_get(root, STR("groupId"));
	if (ok) {
		struct json_writer w = json_writer_on(to);
		const struct json *traits = json_get(root, STR("traits"));
		jw_object(&w);
		jw_key(&w, STR("groupId"));
		jw_json(&w, json_get(root, STR("groupId")));
		if (traits) {
			jw_key(&w, STR("traits"));
			jw_json(&w, traits);
		}
		jw_object_end(&w);
	}
	arena_clear(&a);
	return ok && to->len <= body.len;
}

/* Spaces of equal length, so that places and lengths stand; the entry's own frame, its item, stays. */
static void
blank(struct buf *raw, struct buf *items, uint32_t i, uint32_t n)
{
	uint8_t *at = (uint8_t *)items->ptr + (size_t)i * ITEM_BYTES;
	struct item it;
	if (!item_read(at, &it) || it.kind == ENTRY_ERASE || it.erased)
		return;
	size_t end = i + 1 < n ? item_place(at + ITEM_BYTES) : raw->len;
	ASSERT(it.place <= end && end <= raw->len);
	struct buf account = {0};
	bool kept = it.kind == ENTRY_GROUP && account_part((struct str){raw->ptr + it.place, end - it.place}, &account);
	memset(raw->ptr + it.place, ' ', end - it.place);
	if (kept)
		memcpy(raw->ptr + it.place, account.ptr, account.len);
	buf_release(&account);
	it.erased = !kept;
	item_write(&it, at);
}

/* Who became one with the person after the log's base stands alone in the state at the base. */
static void
erase_base(struct workspace *w, uint32_t profile)
{
	struct err e;
	store_statement(w->store, QUERY_ERASE_BASE);
	store_int(w->store, QUERY_ERASE_BASE, 1, profile);
	must(store_run(w->store, QUERY_ERASE_BASE, &e), &e);
}

/* Overwrites one entry; follows its chain. */
static void
erase_entry(struct workspace *w, struct erasing *er, uint64_t seq)
{
	struct store *s = w->store;
	struct err e;
	struct buf raw = {0}, items = {0};
	bool row;
	store_statement(s, QUERY_BLOCK_AT);
	store_int(s, QUERY_BLOCK_AT, 1, (int64_t)seq);
	must(store_step(s, QUERY_BLOCK_AT, &row, &e), &e);
	uint64_t first = row ? (uint64_t)store_get_int(s, QUERY_BLOCK_AT, 0) : 0;
	uint32_t n = row ? (uint32_t)store_get_int(s, QUERY_BLOCK_AT, 1) : 0;
	if (row && seq < first + n) {
		struct item it;
		uint32_t i = (uint32_t)(seq - first);
		buf_add_str(&items, store_get_str(s, QUERY_BLOCK_AT, 4));
		must(block_unpack((enum block_codec)store_get_int(s, QUERY_BLOCK_AT, 2), store_get_str(s, QUERY_BLOCK_AT, 3), &raw, &e), &e);
		store_done(s, QUERY_BLOCK_AT);
		blank(&raw, &items, i, n);
		write_back(w, first, n, buf_str(&raw), buf_str(&items));
		if (item_read((uint8_t *)items.ptr + (size_t)i * ITEM_BYTES, &it)) {
			if (it.prev && it.prev < seq)
				*vec_push(&er->ends) = seq - it.prev;
			if (it.prev_absorbed && it.prev_absorbed < seq)
				*vec_push(&er->ends) = seq - it.prev_absorbed;
			if (it.absorbed && seq > w->base)
				erase_base(w, it.absorbed);
		}
	}
	store_done(s, QUERY_BLOCK_AT);
	buf_release(&raw);
	buf_release(&items);
}

static void
erase_ended(struct workspace *w, struct erasing *er)
{
	struct err e;
	char key[32];
	snprintf(key, sizeof(key), "%llu", (unsigned long long)er->what.seq);
	erase_rows(w, er->what.profile);
	store_text(w->store, QUERY_PLAIN_DELETE, 1, STR("erasure"));
	store_text(w->store, QUERY_PLAIN_DELETE, 2, str_of(key));
	must(store_run(w->store, QUERY_PLAIN_DELETE, &e), &e);
	w->wal_must_go = true;
}

bool
erase_slice(struct workspace *w)
{
	struct err e;
	if (!w->erasing.len)
		return false;
	struct erasing *er = &w->erasing.items[0];
	must(store_run(w->store, QUERY_BEGIN, &e), &e);
	for (int i = 0; i < ERASE_STEPS && er->ends.len; i++)
		erase_entry(w, er, er->ends.items[--er->ends.len]);
	bool ended = !er->ends.len;
	if (ended)
		erase_ended(w, er);
	must(store_run(w->store, QUERY_COMMIT, &e), &e);
	if (ended) {
		vec_release(&er->ends);
		vec_remove(&w->erasing, 0);
	}
	return true;
}

/* ---------------------------------------------------------------- */

static bool
clear_staged(struct workspace *w)
{
	struct err e;
	if (!w->clear_staged)
		return false;
	store_int(w->store, QUERY_STAGED_CLEAR_SOME, 1, w->staged_folded);
	must(store_run(w->store, QUERY_STAGED_CLEAR_SOME, &e), &e);
	w->clear_staged = sqlite3_changes(w->store->db) > 0;
	return w->clear_staged;
}

static bool
clear_cut(struct workspace *w)
{
	struct err e;
	if (w->clear_cut)
		must(cut_clear_some(w->store, &w->clear_cut, &e), &e);
	return w->clear_cut;
}

bool
trickle_some(struct workspace *w)
{
	struct err e;
	if (erase_slice(w))
		return true;
	if (w->wal_must_go) {
		/* A reader in the way: its question ends within STORE_READ_MS, then this is tried again. */
		w->wal_must_go = !store_truncate_wal(w->store, &e);
		return true;
	}
	bool more = clear_cut(w) || clear_staged(w) || join_some(w);
	must(store_checkpoint(w->store, false, &e), &e);
	return more;
}

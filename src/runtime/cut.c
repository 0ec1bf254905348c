/* cut.c -- retention: the log's head goes, the state at that base stays.
 *
 * The ground is what a fresh fold says, made as verify makes it: from the old ground (or nothing) through the log. It is written beside
 * the old one; one transaction makes it good; then what stands before it is taken away in slices, at the next start if need be. */
#include "runtime/runtime_priv.h"
#include "log/cut.h"

enum { ROWS_A_COMMIT = 1000, ATTEMPTS = 3 };

struct cutting {
	struct workspace *w;
	struct store *s;                 /* a reader */
	struct engine *g;
	uint64_t old, base, limit;
	wall before, at;
	uint64_t erasures;
	void (*tell)(void *self, uint64_t done, uint64_t total);
	void *self;
};

/* The last entry of the last block that is old enough, and not the log's last block: the place of the latest entry stands there. */
static bool
find_base(struct cutting *c, struct err *e)
{
	enum query q = QUERY_INDEX_SCAN;
	bool row;
	uint64_t candidate = 0;
	wall candidate_at = WALL_BEFORE_ALL;
	c->base = c->old;
	if (!store_statement(c->s, q))
		return store_fail(c->s, "reading the log's index", e);
	store_int(c->s, q, 1, (int64_t)c->old + 1);
	for (;;) {
		struct item it;
		if (!store_step(c->s, q, &row, e))
			return false;
		if (!row)
			break;
		if (candidate) {
			c->base = candidate;
			c->at = candidate_at;
		}
		struct str items = store_get_str(c->s, q, 1);
		size_t n = items.len / ITEM_BYTES;
		uint64_t last = (uint64_t)store_get_int(c->s, q, 0) + n - 1;
		if (!n || !item_read((const uint8_t *)items.ptr + (n - 1) * ITEM_BYTES, &it)) {
			store_done(c->s, q);
			return fail(e, ERR_IO, "the log's index of entry %llu is damaged", (unsigned long long)last);
		}
		if (it.at.ms >= c->before.ms || last > c->limit)
			break;
		candidate = last;
		candidate_at = it.at;
	}
	store_done(c->s, q);
	return true;
}

static bool
fold_to_base(struct cutting *c, struct err *e)
{
	uint64_t from;
	const struct entry *en = NULL;
	c->g = engine_new(&c->w->engine_options);
	if (!recover_engine(c->w, c->s, c->g, false, &from, e))
		return false;
	struct log_cursor *cursor = log_cursor_new(c->s, from + 1, NULL);
	bool ok;
	while ((ok = log_next(cursor, &en, e)) && en && en->seq <= c->base) {
		engine_replay(c->g, en);
		if (c->tell && en->seq % 10000 == 0)
			c->tell(c->self, en->seq, c->base);
	}
	log_cursor_free(cursor);
	return ok;
}

static bool
put_shared(struct cutting *c, struct store *s, struct err *e)
{
	struct buf shared = {0};
	engine_shared_save(c->g, &shared);
	bool ok = cut_put(s, c->base, &(struct profile_row){.state = buf_str(&shared)}, e);
	buf_release(&shared);
	return ok;
}

/* [from, to) of the people, one transaction. */
static bool
put_some(struct cutting *c, struct store *s, uint32_t from, uint32_t to, struct err *e)
{
	struct arena a;
	arena_init(&a);
	bool ok = store_run(s, QUERY_BEGIN, e) && (from > 1 || put_shared(c, s, e));
	for (uint32_t n = from; ok && n < to; n++) {
		struct profile_row row;
		engine_profile_save(c->g, n, &a, &row);
		ok = cut_put(s, c->base, &row, e);
		arena_reset(&a);
	}
	arena_clear(&a);
	return ok && store_run(s, QUERY_COMMIT, e) && store_checkpoint(s, false, e);
}

static bool
clear(struct store *s, struct err *e)
{
	bool more = true;
	while (more)
		if (!cut_clear_some(s, &more, e) || !store_checkpoint(s, false, e))
			return false;
	return true;
}

/* Threads parked: the writing connection is ours. */
static bool
write_ground(struct cutting *c, struct err *e)
{
	struct workspace *w = c->w;
	uint32_t people = engine_profile_count(c->g), n = 1;
	/* What an unfinished cut left would be in the way. */
	if (!clear(w->store, e))
		return false;
	do {
		uint32_t to = people - (n - 1) > ROWS_A_COMMIT ? n + ROWS_A_COMMIT : people + 1;
		if (!put_some(c, w->store, n, to, e))
			return false;
		n = to;
	} while (n <= people);
	if (!cut_switch(w->store, c->base, c->at, e))
		return false;
	w->base = c->base;
	w->base_at = c->at.ms;
	w->clear_cut = w->wal_must_go = true;
	return clear(w->store, e);
}

/* What begins while the fold runs: what erasures still overwrite is overwritten first, so that no one erased comes into the ground. */
static void
settle(struct cutting *c)
{
	struct workspace *w = c->w;
	workspace_park(w);
	while (erase_slice(w))
		continue;
	c->erasures = w->n_erasures;
	c->limit = w->recover_from;
	c->old = w->base;
	workspace_unpark(w);
}

/* *ret_done false: somebody was erased, or another cut came first, while the fold ran. */
static bool
attempt(struct cutting *c, bool *ret_done, struct err *e)
{
	struct workspace *w = c->w;
	settle(c);
	*ret_done = true;
	if (!find_base(c, e))
		return false;
	if (c->base == c->old)
		return true;
	bool ok = fold_to_base(c, e);
	if (ok) {
		workspace_park(w);
		*ret_done = c->erasures == w->n_erasures && c->old == w->base;
		/* The transaction that failed may have happened all the same. */
		if (*ret_done && !write_ground(c, e))
			write_failed(e);
		workspace_unpark(w);
	}
	engine_free(c->g);
	c->g = NULL;
	return ok;
}

bool
workspace_cut(struct workspace *w, wall before, void (*tell)(void *self, uint64_t done, uint64_t total), void *self, uint64_t *ret_base,
    struct err *e)
{
	struct cutting c = {.w = w, .before = before, .tell = tell, .self = self};
	bool done = false, ok = true;
	if (w->in_history)
		return fail(e, ERR_CONFLICT, "the workspace is still in history: a fold of all that was imported needs all of it");
	if (!store_open_reader(w->file, 0, &c.s, e))
		return false;
	for (int i = 0; ok && !done && i < ATTEMPTS; i++)
		ok = attempt(&c, &done, e);
	store_close(c.s);
	if (ok && !done)
		return fail(e, ERR_CONFLICT, "people were erased while the log was folded; nothing was cut off, try again");
	*ret_base = w->base;
	return ok;
}

wall
workspace_sees_back_to(const struct workspace *w)
{
	return (wall){w->base ? w->base_at : WALL_BEFORE_ALL.ms};
}

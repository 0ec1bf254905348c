#include "log/cut.h"
#include "log/reader.h"

static bool
load_row(struct store *s, struct engine *g, uint64_t base, struct profile_row *r, struct err *e)
{
	enum query q = QUERY_BASE_SCAN;
	*r = (struct profile_row){.number = (uint32_t)store_get_int(s, q, 0), .as_of = base, .forward = (uint32_t)store_get_int(s, q, 1),
	    .first_seen = WALL_NEVER, .last_seen = WALL_NEVER, .alarm = WALL_NEVER, .last_entry = (uint64_t)store_get_int(s, q, 2),
	    .state = store_get_str(s, q, 3)};
	if (r->number)
		return engine_profile_load(g, r, e) || fail_while(e, "profile %u at the log's base", r->number);
	return engine_shared_load(g, r->state, e) || fail_while(e, "the shared state at the log's base");
}

bool
cut_load(struct store *s, struct engine *g, void (*each)(void *self, uint32_t profile, uint64_t last_entry), void *self,
    uint64_t *ret_base, struct err *e)
{
	struct profile_row r = {.number = 1};
	bool row, shared = false;
	if (!log_base(s, ret_base, e))
		return false;
	if (!*ret_base)
		return true;
	if (!store_statement(s, QUERY_BASE_SCAN))
		return store_fail(s, "reading the log's base", e);
	store_int(s, QUERY_BASE_SCAN, 1, (int64_t)*ret_base);
	while (store_step(s, QUERY_BASE_SCAN, &row, e)) {
		if (!row) {
			if (!shared)
				return fail(e, ERR_IO, "the state at the log's base is missing");
			engine_loaded(g);
			/* Nothing older than the base is there to fill from. */
			engine_backfill_done(g);
			return true;
		}
		if (!load_row(s, g, *ret_base, &r, e))
			break;
		shared |= !r.number;
		if (each && r.number)
			each(self, r.number, r.last_entry);
	}
	store_done(s, QUERY_BASE_SCAN);
	return false;
}

bool
cut_put(struct store *s, uint64_t base, const struct profile_row *row, struct err *e)
{
	enum query q = QUERY_BASE_PUT;
	store_statement(s, q);
	store_int(s, q, 1, (int64_t)base);
	store_int(s, q, 2, row->number);
	store_int(s, q, 3, row->forward);
	store_int(s, q, 4, (int64_t)row->last_entry);
	store_bytes(s, q, 5, row->state);
	return store_run(s, q, e);
}

bool
cut_switch(struct store *s, uint64_t base, wall at, struct err *e)
{
	return store_run(s, QUERY_BEGIN, e) && meta_set_int(s, "base", (int64_t)base, e) && meta_set_int(s, "base_at", at.ms, e) &&
	    store_run(s, QUERY_COMMIT, e);
}

bool
cut_clear_some(struct store *s, bool *ret_more, struct err *e)
{
	static const enum query queries[] = {QUERY_BLOCK_CUT_SOME, QUERY_BLOCK_INDEX_CUT_SOME, QUERY_BASE_CLEAR_SOME};
	uint64_t base;
	*ret_more = false;
	if (!log_base(s, &base, e) || !store_run(s, QUERY_BEGIN, e))
		return false;
	for (size_t i = 0; i < COUNT(queries); i++) {
		store_statement(s, queries[i]);
		store_int(s, queries[i], 1, (int64_t)base);
		if (!store_run(s, queries[i], e))
			return false;
		*ret_more |= sqlite3_changes(s->db) > 0;
	}
	if (!store_run(s, QUERY_COMMIT, e))
		return false;
	/* The file becomes smaller by what became free. */
	if (*ret_more && sqlite3_exec(s->db, "PRAGMA incremental_vacuum(256)", NULL, NULL, NULL) != SQLITE_OK)
		return store_fail(s, "giving space back", e);
	return true;
}

/* query.c -- reading: connections for others, the log, timelines, backups, figures. */
#include "runtime/runtime_priv.h"
#include "base/clock.h"
#include "log/event_table.h"
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static bool
open_reader(const char *dir, int limit_ms, struct store **ret, struct err *e)
{
	struct buf file = {0};
	buf_printf(&file, "%s/perennial.db", dir);
	bool ok = store_open_reader(file.ptr, limit_ms, ret, e);
	buf_release(&file);
	return ok;
}

bool
workspace_reader(const char *dir, struct sqlite3 **ret, struct err *e)
{
	struct store *s;
	if (!open_reader(dir, STORE_READ_MS, &s, e))
		return false;
	if (event_table_register(s->db) != SQLITE_OK) {
		store_fail(s, "the table event", e);
		store_close(s);
		return false;
	}
	*ret = store_give_away(s);
	return true;
}

bool
workspace_read_log(const char *dir, uint64_t from, uint64_t to, bool (*take)(void *self, const struct entry *en), void *self, struct err *e)
{
	struct store *s;
	const struct entry *en = NULL;
	bool ok;
	if (!open_reader(dir, 0, &s, e))
		return false;
	struct log_cursor *c = log_cursor_new(s, from, NULL);
	while ((ok = log_next(c, &en, e)) && en && (!to || en->seq <= to))
		if (!take(self, en))
			break;
	log_cursor_free(c);
	store_close(s);
	return ok;
}

/* ---------------------------------------------------------------- timelines */

struct chain_end { struct workspace *w; uint32_t profile; uint64_t seq; };

static void
find_end(struct engine *g, void *context)
{
	struct chain_end *c = context;
	uint32_t number = c->profile;
	for (uint32_t next; (next = engine_forward(g, number)) && next != number;)
		number = next;
	c->seq = number < c->w->chains.len ? c->w->chains.items[number] : 0;
}

bool
workspace_timeline(struct workspace *w, uint32_t profile, size_t max, bool (*take)(void *self, const struct entry *en), void *self,
    struct err *e)
{
	struct chain_end end = {w, profile, 0};
	workspace_ask(w, find_end, &end);
	/* The chain's end may not be durable yet; what is shown is what is on disk, so wait for it. */
	for (int i = 0; w->durable_seq < end.seq && i < 1000; i++)
		usleep(1000);
	pthread_mutex_lock(&w->reader.mutex);
	struct log_cursor *c = log_cursor_new(w->reader.store, 1, NULL);
	bool ok = log_chain(c, end.seq, max, take, self, e);
	log_cursor_free(c);
	pthread_mutex_unlock(&w->reader.mutex);
	return ok;
}

/* ---------------------------------------------------------------- backup */

static bool
vacuum_into(struct store *s, const char *file, struct err *e)
{
	sqlite3_stmt *st = NULL;
	bool ok = sqlite3_prepare_v2(s->db, "VACUUM INTO ?1", -1, &st, NULL) == SQLITE_OK &&
	    sqlite3_bind_text(st, 1, file, -1, SQLITE_STATIC) == SQLITE_OK && sqlite3_step(st) == SQLITE_DONE;
	if (!ok)
		store_fail(s, "writing the backup", e);
	sqlite3_finalize(st);
	return ok;
}

/* A copy knows that it is one: whoever opens it as a workspace holds sending until the operator chooses. */
static bool
mark_backup(const char *file, struct err *e)
{
	struct store *s;
	if (!store_open_writer(file, &s, e))
		return false;
	bool ok = meta_set_int(s, "is_backup", 1, e) && meta_set_int(s, "backup_made", clock_wall().ms, e) && store_truncate_wal(s, e);
	store_close(s);
	return ok;
}

bool
workspace_backup(const char *dir, const char *file, struct err *e)
{
	struct store *s;
	if (access(file, F_OK) == 0)
		return fail(e, ERR_CONFLICT, "%s is there already", file);
	if (!open_reader(dir, 0, &s, e))
		return false;
	/* VACUUM INTO writes another file, which query_only would refuse; the connection itself stays read-only. */
	sqlite3_exec(s->db, "PRAGMA query_only=OFF", NULL, NULL, NULL);
	bool ok = vacuum_into(s, file, e);
	store_close(s);
	if (ok)
		ok = mark_backup(file, e);
	if (!ok)
		unlink(file);
	return ok;
}

/* ---------------------------------------------------------------- figures */

static void
engine_metrics(struct engine *g, void *context)
{
	engine_metrics_json(g, context);
}

void
workspace_metrics_json(struct workspace *w, struct json_writer *out)
{
	jw_object(out);
	pthread_mutex_lock(&w->mutex);
	uint32_t waiting = queue_waiting(w);
	pthread_mutex_unlock(&w->mutex);
	jw_kint(out, "entries", (int64_t)w->count.entries);
	jw_kint(out, "durable_seq", (int64_t)w->durable_seq);
	jw_kint(out, "durable_at", w->durable_at);
	jw_kint(out, "duplicates", (int64_t)w->count.duplicates);
	jw_kint(out, "refused", (int64_t)w->count.refused);
	jw_kint(out, "batches", (int64_t)w->count.batches);
	jw_kint(out, "waiting", waiting);
	jw_kint(out, "commits", (int64_t)w->count.commits);
	jw_kint(out, "commit_us_max", (int64_t)w->count.commit_us_max);
	jw_kint(out, "commit_us_sum", (int64_t)w->count.commit_us_sum);
	jw_kint(out, "ticks", (int64_t)w->count.ticks);
	jw_kint(out, "rows_saved", (int64_t)w->count.rows);
	jw_kint(out, "blocks_joined", (int64_t)w->count.joined);
	jw_kint(out, "checkpoints", (int64_t)w->count.checkpoints);
	jw_kint(out, "wal_bytes", (int64_t)w->count.wal_bytes);
	jw_kint(out, "recover_from", (int64_t)w->recover_from);
	jw_kint(out, "base", (int64_t)w->base);
	jw_kbool(out, "in_history", w->in_history);
	jw_kstr(out, "fence", workspace_fence(w));
	jw_kstr(out, "sqlite", str_of(sqlite3_libversion()));
	jw_key(out, STR("engine"));
	workspace_ask(w, engine_metrics, out);
	jw_object_end(out);
}

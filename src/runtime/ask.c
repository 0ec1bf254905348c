/* ask.c -- what other threads want of the two: questions, entries of our own, plain rows, a new program. */
#include "runtime/runtime_priv.h"
#include "base/clock.h"
#include "base/limits.h"
#include <string.h>

void
workspace_ask(struct workspace *w, void (*run)(struct engine *g, void *context), void *context)
{
	struct ask a = {.run = run, .context = context};
	pthread_mutex_lock(&w->mutex);
	if (!w->threads_run || w->fold_ended) {
		pthread_mutex_unlock(&w->mutex);
		run(w->engine, context);
		return;
	}
	/* On our stack: we wait below until the fold thread has let go of it. */
	/* cppcheck-suppress autoVariables */
	*w->asks_end = &a;
	/* cppcheck-suppress autoVariables */
	w->asks_end = &a.next;
	if (w->fold_sleeps)
		pthread_cond_signal(&w->fold_wake);
	while (!a.done)
		pthread_cond_wait(&w->answered, &w->mutex);
	pthread_mutex_unlock(&w->mutex);
}

/* ---------------------------------------------------------------- one entry of our own */

struct waiter { struct workspace *w; bool done, failed; struct err why; };

static void
one_done(struct batch *b, const struct err *failure)
{
	struct waiter *wait = b->context;
	pthread_mutex_lock(&wait->w->mutex);
	if (failure) {
		wait->failed = true;
		wait->why = *failure;
	}
	wait->done = true;
	pthread_cond_broadcast(&wait->w->answered);
	pthread_mutex_unlock(&wait->w->mutex);
}

static enum lane
lane_of(enum entry_kind k)
{
	return k == ENTRY_MARK || k == ENTRY_OUTCOME || k == ENTRY_SUPPRESS || k == ENTRY_ERASE ? LANE_MARKS : LANE_LIVE;
}

bool
workspace_append_one(struct workspace *w, enum entry_kind kind, struct str name, struct str body, uint64_t *ret_seq, struct err *e)
{
	struct waiter wait = {.w = w};
	struct batch *b = batch_new();
	b->lane = lane_of(kind);
	b->text = arena_str(&b->arena, body);
	b->n = 1;
	b->entries = arena_new(&b->arena, struct entry);
	b->entries[0] = (struct entry){.kind = kind, .name = arena_str(&b->arena, name), .source = STR(""), .trust = TRUST_SELF,
	    .happened = clock_wall(), .text = b->text};
	b->done = one_done;
	b->context = &wait;
	if (!json_parse_arena(&b->arena, b->text, &b->entries[0].body, e)) {
		batch_free(b);
		return false;
	}
	batch_pack(b);
	if (!queue_submit(w, b, e)) {
		batch_free(b);
		return false;
	}
	pthread_mutex_lock(&w->mutex);
	while (!wait.done)
		pthread_cond_wait(&w->answered, &w->mutex);
	pthread_mutex_unlock(&w->mutex);
	if (ret_seq)
		*ret_seq = b->entries[0].seq;
	batch_free(b);
	if (wait.failed)
		*e = wait.why;
	return !wait.failed;
}

/* ---------------------------------------------------------------- plain rows */

static bool
plain(struct workspace *w, struct plain_job *j, struct err *e)
{
	pthread_mutex_lock(&w->mutex);
	if (w->closing || !w->threads_run) {
		pthread_mutex_unlock(&w->mutex);
		return fail(e, ERR_UNAVAILABLE, "the workspace is closing");
	}
	*w->plains_end = j;
	w->plains_end = &j->next;
	if (w->fold_sleeps)
		pthread_cond_signal(&w->fold_wake);
	while (!j->done)
		pthread_cond_wait(&w->answered, &w->mutex);
	pthread_mutex_unlock(&w->mutex);
	return true;
}

bool
workspace_plain_put(struct workspace *w, struct str kind, struct str key, struct str json, struct err *e)
{
	struct plain_job j = {.kind = kind, .key = key, .value = {json.ptr ? json.ptr : "", json.len}};
	ASSERT(kind.len);
	return plain(w, &j, e);
}

bool
workspace_plain_delete(struct workspace *w, struct str kind, struct str key, struct err *e)
{
	struct plain_job j = {.kind = kind, .key = key};
	ASSERT(kind.len);
	return plain(w, &j, e);
}

bool
workspace_meta_put(struct workspace *w, struct str key, struct str value, struct err *e)
{
	struct plain_job j = {.key = key, .value = {value.ptr ? value.ptr : "", value.len}};
	return plain(w, &j, e);
}

bool
workspace_plain_get(struct workspace *w, struct arena *a, struct str kind, struct str key, struct str *ret, struct err *e)
{
	struct store *s = w->reader.store;
	bool row = false;
	pthread_mutex_lock(&w->reader.mutex);
	bool ok = store_statement(s, QUERY_PLAIN_GET) || store_fail(s, "reading", e);
	if (ok) {
		store_text(s, QUERY_PLAIN_GET, 1, kind);
		sqlite3_bind_text64(s->statements[QUERY_PLAIN_GET], 2, key.len ? key.ptr : "", key.len, SQLITE_STATIC, SQLITE_UTF8);
		ok = store_step(s, QUERY_PLAIN_GET, &row, e);
	}
	if (ok)
		*ret = row ? arena_str(a, store_get_str(s, QUERY_PLAIN_GET, 0)) : STR("");
	store_done(s, QUERY_PLAIN_GET);
	pthread_mutex_unlock(&w->reader.mutex);
	return ok;
}

bool
workspace_plain_each(struct workspace *w, struct str kind, bool (*take)(void *self, struct str key, struct str json), void *self, struct err *e)
{
	struct store *s = w->reader.store;
	bool row = true;
	pthread_mutex_lock(&w->reader.mutex);
	bool ok = store_statement(s, QUERY_PLAIN_SCAN) || store_fail(s, "reading", e);
	if (ok)
		store_text(s, QUERY_PLAIN_SCAN, 1, kind);
	while (ok && (ok = store_step(s, QUERY_PLAIN_SCAN, &row, e)) && row)
		if (!take(self, store_get_str(s, QUERY_PLAIN_SCAN, 0), store_get_str(s, QUERY_PLAIN_SCAN, 1)))
			break;
	store_done(s, QUERY_PLAIN_SCAN);
	pthread_mutex_unlock(&w->reader.mutex);
	return ok;
}

/* ---------------------------------------------------------------- a new program */

struct applying {
	struct workspace *w;
	struct program *program;
	size_t missing;
	uint64_t position, done;
	struct log_cursor *cursor;
	bool ended, failed;
	struct err why;
};

static void
declare(struct engine *g, void *context)
{
	struct applying *a = context;
	engine_declare(g, a->program, &a->missing);
	a->position = engine_position(g);
}

/* One slice on the fold thread: old entries to the new streams. */
static void
feed(struct engine *g, void *context)
{
	struct applying *a = context;
	int64_t until = clock_mono_ns() + (int64_t)LIMIT_FOLD_SLICE_US * 1000;
	const struct entry *en;
	do {
		if (!log_next(a->cursor, &en, &a->why)) {
			a->failed = true;
			return;
		}
		a->ended = !en || en->seq > a->position;
		if (a->ended)
			return;
		engine_backfill(g, en);
		a->done = en->seq;
	} while (clock_mono_ns() < until);
}

static void
offer(struct engine *g, void *context)
{
	struct applying *a = context;
	if (a->missing)
		engine_backfill_done(g);
	engine_offer_program(g, a->program);
}

static void
wait_durable(struct workspace *w, uint64_t seq)
{
	pthread_mutex_lock(&w->mutex);
	while (w->durable_seq < seq && !w->closing)
		cond_wait_ms(&w->answered, &w->mutex, 5);
	pthread_mutex_unlock(&w->mutex);
}

static bool
backfill(struct applying *a, void (*tell)(void *self, uint64_t done, uint64_t total), void *self, struct err *e)
{
	struct store *s;
	/* The fold runs ahead of the disk: what is to be read must be there first. */
	wait_durable(a->w, a->position);
	if (!store_open_reader(a->w->file, 0, &s, e))
		return false;
	a->cursor = log_cursor_new(s, 1, NULL);
	while (!a->ended && !a->failed) {
		workspace_ask(a->w, feed, a);
		if (tell)
			tell(self, a->done, a->position);
	}
	log_cursor_free(a->cursor);
	store_close(s);
	if (a->failed)
		*e = a->why;
	return !a->failed;
}

bool
workspace_apply(struct workspace *w, struct program *p, void (*tell)(void *self, uint64_t done, uint64_t total), void *self, struct err *e)
{
	struct applying a = {.w = w, .program = p};
	struct buf body = {0};
	program_write_json(p, &body);
	workspace_ask(w, declare, &a);
	bool ok = !a.missing || backfill(&a, tell, self, e);
	/* Offered in any case: from here on the engine owns it, live or not. */
	workspace_ask(w, offer, &a);
	ok = ok && workspace_append_one(w, ENTRY_PROGRAM, STR(""), buf_str(&body), NULL, e);
	buf_release(&body);
	return ok;
}

/* workspace.c -- made, opened, closed; the threads' start and end. */
#include "runtime/runtime_priv.h"
#include "base/clock.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char *
path_of(const char *dir, const char *name)
{
	struct buf b = {0};
	buf_printf(&b, "%s/%s", dir, name);
	return b.ptr;
}

void
runtime_progress(struct workspace *w, const char *what, uint64_t done, uint64_t total)
{
	if (w->progress)
		w->progress(w->progress_self, what, done, total);
}

/* ---------------------------------------------------------------- made */

static bool
write_keys(const char *file, struct err *e)
{
	struct store *s;
	uint8_t key[16];
	random_bytes(key, sizeof(key));
	if (!store_open_writer(file, &s, e))
		return false;
	bool ok = store_run(s, QUERY_BEGIN, e) && meta_set_bytes(s, "hash_key", (struct str){(char *)key, sizeof(key)}, e) &&
	    meta_set_int(s, "made", clock_wall().ms, e);
	/* Number 0 of names and sources is "none". */
	for (int i = 0; ok && i < 2; i++) {
		enum query q = i ? QUERY_SOURCE_INSERT : QUERY_NAME_INSERT;
		store_int(s, q, 1, 0);
		sqlite3_bind_text(store_statement(s, q), 2, "", 0, SQLITE_STATIC);
		ok = store_run(s, q, e);
	}
	ok = ok && store_run(s, QUERY_COMMIT, e);
	store_close(s);
	return ok;
}

bool
workspace_create(const char *dir, struct err *e)
{
	struct stat st;
	if (mkdir(dir, 0700) && errno != EEXIST)
		return fail(e, ERR_IO, "cannot make %s: %s", dir, strerror(errno));
	char *file = path_of(dir, "perennial.db");
	bool ok = stat(file, &st) != 0 ? store_create(file, e) && write_keys(file, e)
				       : fail(e, ERR_CONFLICT, "%s is a workspace already", dir);
	mem_free(file);
	return ok;
}

bool
workspace_key_read(struct workspace *w, struct store *s, struct err *e)
{
	struct arena a;
	struct str key = {0};
	bool found = false;
	arena_init(&a);
	bool ok = meta_get_str(s, &a, "hash_key", &key, &found, e);
	if (ok && (!found || key.len != sizeof(w->hash_key)))
		ok = fail(e, ERR_IO, "the workspace's key is missing or damaged");
	if (ok)
		memcpy(w->hash_key, key.ptr, sizeof(w->hash_key));
	arena_clear(&a);
	return ok;
}

void
engine_options_of(struct workspace *w, const struct workspace_options *o)
{
	w->engine_options = (struct engine_options){.zones = w->zones, .activities_tsv = o->activities_tsv, .shadow_files = o->shadow_files,
	    .n_shadow = o->n_shadow};
	memcpy(w->engine_options.hash_key, w->hash_key, sizeof(w->hash_key));
}

/* ---------------------------------------------------------------- opened */

static void
cond_init(pthread_cond_t *c)
{
	pthread_condattr_t a;
	pthread_condattr_init(&a);
	pthread_condattr_setclock(&a, CLOCK_MONOTONIC);
	pthread_cond_init(c, &a);
	pthread_condattr_destroy(&a);
}

static struct workspace *
workspace_new(const struct workspace_options *o)
{
	struct workspace *w = mem_alloc(sizeof(*w));
	struct buf dir = {0};
	buf_add_cstr(&dir, o->dir);
	w->dir = dir.ptr;
	w->file = path_of(o->dir, "perennial.db");
	w->lock_fd = -1;
	w->sending = !o->no_sending;
	w->serves = o->serves || w->sending;
	w->progress = o->progress;
	w->progress_self = o->progress_self;
	w->trickle_from = 1;
	w->changes = changes_new();
	pthread_mutex_init(&w->mutex, NULL);
	pthread_mutex_init(&w->fence_mutex, NULL);
	pthread_mutex_init(&w->programs.mutex, NULL);
	pthread_mutex_init(&w->reader.mutex, NULL);
	cond_init(&w->fold_wake);
	cond_init(&w->write_wake);
	cond_init(&w->answered);
	queue_lanes_init(w);
	for (int i = 0; i < GROUPS; i++) {
		struct group *g = group_new();
		g->next = w->idle_groups;
		w->idle_groups = g;
	}
	return w;
}

static void
workspace_free(struct workspace *w)
{
	live_programs_free(w);
	outbox_free(w->outbox);
	engine_free(w->engine);
	dedup_free(w->dedup);
	changes_free(w->changes);
	for (struct group *g = w->idle_groups, *next; g; g = next) {
		next = g->next;
		group_free(g);
	}
	store_close(w->reader.store);
	store_close(w->store);
	interner_release(&w->names);
	interner_release(&w->sources);
	vec_release(&w->chains);
	vec_release(&w->poison);
	for (size_t i = 0; i < w->erasing.len; i++)
		vec_release(&w->erasing.items[i].ends);
	vec_release(&w->erasing);
	vec_release(&w->held_back);
	buf_release(&w->sweep.shared);
	buf_release(&w->pack);
	tz_set_free(w->zones);
	pthread_mutex_destroy(&w->mutex);
	pthread_mutex_destroy(&w->fence_mutex);
	pthread_mutex_destroy(&w->programs.mutex);
	pthread_mutex_destroy(&w->reader.mutex);
	pthread_cond_destroy(&w->fold_wake);
	pthread_cond_destroy(&w->write_wake);
	pthread_cond_destroy(&w->answered);
	lock_release(w->lock_fd);
	mem_free(w->dir);
	mem_free(w->file);
	mem_free(w);
}

static bool
start_threads(struct workspace *w, struct err *e)
{
	if (pthread_create(&w->write_thread, NULL, write_run, w))
		return fail(e, ERR_UNAVAILABLE, "cannot start the write thread");
	if (pthread_create(&w->fold_thread, NULL, fold_run, w)) {
		pthread_mutex_lock(&w->mutex);
		w->fold_ended = true;
		pthread_cond_signal(&w->write_wake);
		pthread_mutex_unlock(&w->mutex);
		pthread_join(w->write_thread, NULL);
		return fail(e, ERR_UNAVAILABLE, "cannot start the fold thread");
	}
	/* Names for who looks with top -H or a debugger. */
	pthread_setname_np(w->write_thread, "write");
	pthread_setname_np(w->fold_thread, "fold");
	w->threads_run = true;
	return true;
}

/* The first entry of a log, and one after each change of the fold, says by which rules it is folded. */
static bool
append_fold(struct workspace *w, bool needed, struct err *e)
{
	char body[64];
	snprintf(body, sizeof(body), "{\"fold\":%d,\"zones\":\"system\"}", FOLD_VERSION);
	return !needed || workspace_append_one(w, ENTRY_FOLD, STR(""), str_of(body), NULL, e);
}

static bool
open_all(struct workspace *w, const struct workspace_options *o, struct err *e)
{
	int64_t version = FOLD_VERSION;
	if (!lock_take(w->dir, &w->lock_fd, e) || !store_open_writer(w->file, &w->store, e) || !workspace_key_read(w, w->store, e))
		return false;
	w->zones = tz_set_new(tz_source_system());
	engine_options_of(w, o);
	w->outbox = outbox_new(w);
	if (!meta_get_int(w->store, "fold_version", &version, NULL, e) || !crash_reports_read(w, e) || !recover_workspace(w, e) ||
	    !fence_check(w, o->clock_is_right, e) || !outbox_load(w, e) || !history_resume(w, e) ||
	    !store_open_reader(w->file, 0, &w->reader.store, e))
		return false;
	door_open(&w->door, clock_wall(), clock_ms(), w->at);
	bool first = w->seq == 0;
	if (!start_threads(w, e))
		return false;
	crash_report_on(w);
	outbox_settle_orphans(w);
	return append_fold(w, first || version != FOLD_VERSION, e);
}

bool
workspace_open(const struct workspace_options *o, struct workspace **ret, struct err *e)
{
	struct workspace *w = workspace_new(o);
	if (!open_all(w, o, e)) {
		workspace_close(w);
		return false;
	}
	*ret = w;
	return true;
}

static void
stop_threads(struct workspace *w)
{
	pthread_mutex_lock(&w->mutex);
	w->closing = true;
	pthread_cond_signal(&w->fold_wake);
	pthread_mutex_unlock(&w->mutex);
	pthread_join(w->fold_thread, NULL);
	pthread_join(w->write_thread, NULL);
	w->threads_run = false;
}

void
workspace_close(struct workspace *w)
{
	struct err e;
	if (!w)
		return;
	if (w->threads_run) {
		stop_threads(w);
		crash_report_off();
		if (!store_checkpoint(w->store, true, &e))
			fprintf(stderr, "perennial: %s\n", e.text);
	}
	workspace_free(w);
}

/* ---------------------------------------------------------------- threads parked */

void
workspace_park(struct workspace *w)
{
	pthread_mutex_lock(&w->mutex);
	while (w->park)
		cond_wait_ms(&w->answered, &w->mutex, 100);
	w->park = true;
	pthread_cond_signal(&w->fold_wake);
	while (!w->parked)
		cond_wait_ms(&w->answered, &w->mutex, 100);
	pthread_mutex_unlock(&w->mutex);
}

void
workspace_unpark(struct workspace *w)
{
	pthread_mutex_lock(&w->mutex);
	w->park = false;
	pthread_cond_signal(&w->fold_wake);
	pthread_cond_broadcast(&w->answered);
	pthread_mutex_unlock(&w->mutex);
}

/* ---------------------------------------------------------------- small things */

struct append_port
workspace_append(struct workspace *w)
{
	return (struct append_port){.self = w, .submit = queue_submit, .now = queue_now, .retry_after = queue_retry_after};
}

const uint8_t *
workspace_hash_key(const struct workspace *w)
{
	return w->hash_key;
}

struct tz_set *
workspace_zones(struct workspace *w)
{
	return w->zones;
}

const char *
workspace_dir(const struct workspace *w)
{
	return w->dir;
}

bool
workspace_in_history(struct workspace *w)
{
	return w->in_history;
}

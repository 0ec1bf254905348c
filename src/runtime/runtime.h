/* runtime.h -- one workspace, running: threads, the order of entries, group commit, the snapshot's sweep, recovery, the clock's door.
 *
 * The fold thread alone touches the engine; the write thread alone owns the writing connection. Everybody else hands in batches
 * (log/append.h) or asks questions here. */
#pragma once
#include "engine/engine.h"
#include "log/append.h"

struct workspace;                        /* an open workspace */
struct workspace_options {
	const char *dir;
	bool clock_is_right;             /* start although the last entry is more than thirty days old */
	bool no_sending;                 /* e.g. import, check: channels get nothing */
	bool serves;                     /* time passes although nothing is sent: a server without a mail server */
	struct str activities_tsv;
	const struct program_file *shadow_files; size_t n_shadow;
	/* Progress of recovery for terminals; may be NULL. */
	void (*progress)(void *self, const char *what, uint64_t done, uint64_t total); void *progress_self;
};
/* Makes DIR, perennial.db and the keys. The documents are written by the caller (DIR/program/). */
MUST_CHECK bool workspace_create(const char *dir, struct err *e);
/* Takes the lock (ERR_CONFLICT names the process that holds it), opens, recovers, starts the threads. */
MUST_CHECK bool workspace_open(const struct workspace_options *o, struct workspace **ret, struct err *e);
/* Stops taking batches, works off what was taken, writes, closes. */
void workspace_close(struct workspace *w);

struct append_port workspace_append(struct workspace *w);
struct outbox_port workspace_outbox(struct workspace *w);
const uint8_t *workspace_hash_key(const struct workspace *w);       /* 16 bytes */
struct tz_set *workspace_zones(struct workspace *w);
const char *workspace_dir(const struct workspace *w);

/* Runs `ask` on the fold thread between batches; returns when it is done. It must not take longer than LIMIT_FOLD_SLICE_US: for longer work
 * call it again and again with a slice. Must not be called from the fold or write thread. */
void workspace_ask(struct workspace *w, void (*ask)(struct engine *g, void *context), void *context);
/* Appends one entry of our own and waits until it is durable. body: one JSON object. ret_profile, ret_seq may be NULL. */
MUST_CHECK bool workspace_append_one(struct workspace *w, enum entry_kind kind, struct str name, struct str body, uint64_t *ret_seq, struct err *e);
/* Makes a program live: back-fills what it newly needs of the past, then appends its entry. */
MUST_CHECK bool workspace_apply(struct workspace *w, struct program *p, void (*progress)(void *self, uint64_t done, uint64_t total), void *self, struct err *e);
/* History imports: batches whose entries all have history set are collected while the workspace is *in history*, that is until its first
 * live entry, and folded anew, merged by time, by history_finish: at = happened, so stages and moves are dated as they happened. It may
 * be called after each import. ending: every `happened` is moved so that the latest falls on it; WALL_NEVER = no shift. live_tail:
 * what is newer than ending - live_tail is folded as live, at its own time, with ticks between, so that the decisions of the last day are
 * made at their times; then the workspace is live and its clock goes on to the wall clock. 0 = nothing. */
bool workspace_in_history(struct workspace *w);
MUST_CHECK bool workspace_history_finish(struct workspace *w, wall ending, msec live_tail,
    void (*progress)(void *self, uint64_t done, uint64_t total), void *self, struct err *e);
/* Retention: cuts off the log's head, the entries stamped before `before`. The state at that base becomes the ground of later folds. The log
 * is folded up to the base while the workspace goes on; then both threads stand aside until all is written and taken away. *ret_base:
 * the entry before which nothing is left, 0 = the log is whole (or as it was: then nothing was old enough). */
MUST_CHECK bool workspace_cut(struct workspace *w, wall before, void (*progress)(void *self, uint64_t done, uint64_t total), void *self,
    uint64_t *ret_base, struct err *e);
/* How far back a new condition sees: when the latest entry that was cut off was stamped; WALL_BEFORE_ALL = nothing was. */
wall workspace_sees_back_to(const struct workspace *w);
/* Plain tables: users, sessions, keys, the plan board, marks of *not applicable*: JSON by (kind, key). Waits until it is durable. */
MUST_CHECK bool workspace_plain_put(struct workspace *w, struct str kind, struct str key, struct str json, struct err *e);
MUST_CHECK bool workspace_plain_delete(struct workspace *w, struct str kind, struct str key, struct err *e);
/* *ret "" = there is none. */
MUST_CHECK bool workspace_plain_get(struct workspace *w, struct arena *a, struct str kind, struct str key, struct str *ret, struct err *e);
MUST_CHECK bool workspace_plain_each(struct workspace *w, struct str kind, bool (*take)(void *self, struct str key, struct str json), void *self, struct err *e);
/* A read-only connection with the `event` table (struct sqlite3 *); release with sqlite3_close. */
struct sqlite3;
MUST_CHECK bool workspace_reader(const char *dir, struct sqlite3 **ret, struct err *e);
/* VACUUM INTO while running. A workspace opened on a backup holds sending until the operator chooses (the fence). */
MUST_CHECK bool workspace_backup(const char *dir, const char *file, struct err *e);
/* State on disk, brought to one instant, against a fresh fold of the log. Differences are written to out, a line each. */
MUST_CHECK bool workspace_verify(const struct workspace_options *o, struct buf *out, bool *ret_equal, void (*progress)(void *self, uint64_t done, uint64_t total), void *self, struct err *e);
/* Entries of the log, first to last, [from, to]; stops when take returns false. For backtest, export, verify. */
MUST_CHECK bool workspace_read_log(const char *dir, uint64_t from, uint64_t to, bool (*take)(void *self, const struct entry *en), void *self, struct err *e);
/* The latest entries of one person, newest first, by the chain. */
MUST_CHECK bool workspace_timeline(struct workspace *w, uint32_t profile, size_t max, bool (*take)(void *self, const struct entry *en), void *self, struct err *e);
void workspace_metrics_json(struct workspace *w, struct json_writer *out);
/* The sending fence: why sending is held ("" = it is not), and the operator's choice. */
struct str workspace_fence(struct workspace *w);
void workspace_fence_lift(struct workspace *w, bool skip_overdue);

/* store.h -- the workspace's file: SQLite opened with the right settings, its schema, and its statements by name.
 *
 * One connection in the world writes and checkpoints: the writer. All others are read-only (SQLite before 3.51.3 can
 * corrupt a WAL when two do; RELIABILITY.md section 3.2 has the story). The writer syncs every commit (synchronous FULL) and
 * moves the WAL itself, in small steps, by store_checkpoint. A commit that failed may still have happened, so whoever
 * sees store_commit fail must end the process.
 *
 * A connection is used by one thread at a time. */
#pragma once
#include "base/str.h"
#include "store/sql.h"
#include <sqlite3.h>

enum query {
#define X(name, text, sql) QUERY_##name,
	QUERIES(X)
#undef X
	QUERY_COUNT
};

enum {
	STORE_APPLICATION_ID = 0x50657265,   /* "Pere" */
	STORE_SCHEMA_VERSION = 1,
	STORE_PAGE_BYTES = 16384,
	STORE_WAL_PAGES = 96,                /* 1.5 MB: when the writer moves the WAL */
	STORE_READ_MS = 2000                 /* how long a reader's question may take */
};

struct store {
	sqlite3 *db;
	sqlite3_stmt *statements[QUERY_COUNT];   /* readers: made at first use */
	bool writes;
	int wal_pages;                       /* not yet moved, as of the latest commit */
	int wal_end;                         /* frames in the WAL then */
	int64_t read_until_ns;               /* readers: 0 = no question running */
	uint64_t checkpoints, wal_frames;    /* since it was opened; a frame is a page */
};

/* Makes the file with its schema; refuses when it is there already. */
MUST_CHECK bool store_create(const char *file, struct err *e);
MUST_CHECK bool store_open_writer(const char *file, struct store **ret, struct err *e);
/* limit_ms: how long one statement may run, 0 = as long as it likes (recovery, verify). */
MUST_CHECK bool store_open_reader(const char *file, int limit_ms, struct store **ret, struct err *e);
void store_close(struct store *s);
/* Statements of our own on a connection that somebody else owns (virtual tables); store_off leaves the connection open. */
struct store *store_on(sqlite3 *db);
void store_off(struct store *s);
/* Gives the connection to the caller, who closes it with sqlite3_close. The rest of s is freed. */
sqlite3 *store_give_away(struct store *s);

/* The statement, reset and without bindings. Panics when it cannot be prepared (a test prepares all). */
sqlite3_stmt *store_statement(struct store *s, enum query q);
const char *store_query_name(enum query q);
/* Runs a statement that returns nothing. False: what SQLite says, with the statement's name. */
MUST_CHECK bool store_run(struct store *s, enum query q, struct err *e);
/* One row? False with *ret_row false at the end. */
MUST_CHECK bool store_step(struct store *s, enum query q, bool *ret_row, struct err *e);
/* Done with a statement: gives its read mark back. */
void store_done(struct store *s, enum query q);

/* Binding, one call a value; index from 1. An empty text is bound as NULL. Bytes are borrowed until the statement is reset. */
void store_int(struct store *s, enum query q, int index, int64_t value);
void store_text(struct store *s, enum query q, int index, struct str value);
void store_bytes(struct store *s, enum query q, int index, struct str value);
void store_null(struct store *s, enum query q, int index);
/* INT64_MAX and INT64_MIN are bound as NULL. */
void store_wall(struct store *s, enum query q, int index, wall value);
int64_t store_get_int(struct store *s, enum query q, int column);
/* Valid until the next step. */
struct str store_get_str(struct store *s, enum query q, int column);
/* NULL reads as WALL_NEVER. */
wall store_get_wall(struct store *s, enum query q, int column);

/* PASSIVE: never waits for readers. Called by the writer between commits; moves pages when the WAL has grown. */
MUST_CHECK bool store_checkpoint(struct store *s, bool even_if_small, struct err *e);

/* Empties the WAL file, for what must not be found there any more. False with ERR_CONFLICT while a reader is in the way. */
MUST_CHECK bool store_truncate_wal(struct store *s, struct err *e);

/* Small values of the table meta. A missing one leaves *ret alone and returns false with ret_found false. */
MUST_CHECK bool meta_get_int(struct store *s, const char *key, int64_t *ret, bool *ret_found, struct err *e);
MUST_CHECK bool meta_get_str(struct store *s, struct arena *a, const char *key, struct str *ret, bool *ret_found, struct err *e);
MUST_CHECK bool meta_set_int(struct store *s, const char *key, int64_t value, struct err *e);
MUST_CHECK bool meta_set_text(struct store *s, const char *key, struct str value, struct err *e);
MUST_CHECK bool meta_set_bytes(struct store *s, const char *key, struct str value, struct err *e);

/* Fills *e from the connection's latest error: full disks become ERR_UNAVAILABLE, the rest ERR_IO. Returns false. */
bool store_fail(struct store *s, const char *doing, struct err *e);

/* open.c -- connections: the writer's and the readers' settings (RELIABILITY.md section 3.3, DESIGN.md section 4). */
#include "store/store.h"
#include "base/clock.h"
#include <stdio.h>

static const char writer_settings[] =
    "PRAGMA journal_mode=WAL;"
    "PRAGMA synchronous=FULL;"
    "PRAGMA wal_autocheckpoint=0;"
    "PRAGMA journal_size_limit=67108864;"
    "PRAGMA cache_size=-131072;"
    "PRAGMA mmap_size=0;"
    "PRAGMA temp_store=MEMORY;"
    "PRAGMA foreign_keys=ON;"
    "PRAGMA cell_size_check=ON;"
    "PRAGMA trusted_schema=OFF;"
    "PRAGMA secure_delete=ON;"
    "PRAGMA busy_timeout=2000;";

static const char reader_settings[] =
    "PRAGMA query_only=ON;"
    "PRAGMA busy_timeout=2000;"
    "PRAGMA cache_size=-16384;"
    "PRAGMA mmap_size=0;"
    "PRAGMA temp_store=MEMORY;"
    "PRAGMA wal_autocheckpoint=0;";

bool
store_fail(struct store *s, const char *doing, struct err *e)
{
	int rc = sqlite3_errcode(s->db);
	int why = sqlite3_extended_errcode(s->db);
	if (rc == SQLITE_FULL)
		return fail(e, ERR_UNAVAILABLE, "%s: the disk is full", doing);
	if (rc == SQLITE_INTERRUPT)
		return fail(e, ERR_LIMIT, "%s: took longer than %d s; ask a backup instead", doing, STORE_READ_MS / 1000);
	return fail(e, rc == SQLITE_BUSY ? ERR_CONFLICT : ERR_IO, "%s: %s (%d)", doing, sqlite3_errmsg(s->db), why);
}

static bool
exec(struct store *s, const char *sql, const char *doing, struct err *e)
{
	if (sqlite3_exec(s->db, sql, NULL, NULL, NULL) != SQLITE_OK)
		return store_fail(s, doing, e);
	return true;
}

static bool
connect(const char *file, int flags, struct store **ret, struct err *e)
{
	struct store *s = mem_alloc(sizeof(*s));
	int rc = sqlite3_open_v2(file, &s->db, flags | SQLITE_OPEN_NOMUTEX, NULL);
	if (rc != SQLITE_OK) {
		fail(e, rc == SQLITE_CANTOPEN ? ERR_NOT_FOUND : ERR_IO, "%s: %s", file,
		    s->db ? sqlite3_errmsg(s->db) : "out of memory");
		store_close(s);
		return false;
	}
	sqlite3_extended_result_codes(s->db, 1);
	sqlite3_db_config(s->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(s->db, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
	sqlite3_db_config(s->db, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
	*ret = s;
	return true;
}

bool
store_create(const char *file, struct err *e)
{
	struct store *s;
	char settings[160];
	snprintf(settings, sizeof(settings), "PRAGMA page_size=%d; PRAGMA auto_vacuum=INCREMENTAL; PRAGMA application_id=%d; PRAGMA user_version=%d;",
	    STORE_PAGE_BYTES, STORE_APPLICATION_ID, STORE_SCHEMA_VERSION);
	if (!connect(file, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, &s, e))
		return false;
	/* The page size must be set before the WAL is: it cannot change afterwards. */
	bool ok = exec(s, settings, "making the file", e) && exec(s, writer_settings, "making the file", e) &&
	    exec(s, "BEGIN IMMEDIATE;" SCHEMA_SQL "COMMIT;", "making the tables", e);
	store_close(s);
	return ok;
}

/* Refuses other programs' files and files of a later release, before anything is written. */
static bool
check_file(struct store *s, const char *file, struct err *e)
{
	sqlite3_stmt *st = NULL;
	int64_t application = 0, version = 0;
	if (sqlite3_prepare_v2(s->db, "SELECT a.application_id, v.user_version FROM pragma_application_id a, pragma_user_version v", -1, &st, NULL) !=
	        SQLITE_OK ||
	    sqlite3_step(st) != SQLITE_ROW) {
		sqlite3_finalize(st);
		return store_fail(s, file, e);
	}
	application = sqlite3_column_int64(st, 0);
	version = sqlite3_column_int64(st, 1);
	sqlite3_finalize(st);
	if (application != STORE_APPLICATION_ID)
		return fail(e, ERR_INVALID, "%s is not a Perennial workspace", file);
	if (version > STORE_SCHEMA_VERSION)
		return fail(e, ERR_INVALID, "%s was written by a later release (schema %d, this program knows %d)", file, (int)version,
		    STORE_SCHEMA_VERSION);
	return true;
}

/* Files made before there was retention lack its table. */
static const char later_tables[] =
    "CREATE TABLE IF NOT EXISTS base (base INTEGER NOT NULL, number INTEGER NOT NULL, forward INTEGER NOT NULL, last_entry INTEGER NOT NULL,"
    " state BLOB NOT NULL, PRIMARY KEY (base, number)) WITHOUT ROWID;";

static int
note_wal(void *self, sqlite3 *db, const char *schema, int pages)
{
	struct store *s = self;
	(void)db, (void)schema;
	/* The WAL begins anew after a whole checkpoint: then all of it is this commit's. */
	s->wal_frames += (uint64_t)(pages > s->wal_end ? pages - s->wal_end : pages);
	s->wal_end = pages;
	s->wal_pages = pages;
	return SQLITE_OK;
}

static bool
prepare_all(struct store *s, struct err *e)
{
	for (int q = 0; q < QUERY_COUNT; q++)
		if (!store_statement(s, (enum query)q))
			return store_fail(s, store_query_name((enum query)q), e);
	return true;
}

bool
store_open_writer(const char *file, struct store **ret, struct err *e)
{
	struct store *s;
	if (!connect(file, SQLITE_OPEN_READWRITE, &s, e))
		return false;
	s->writes = true;
	/* Whoever holds the lock file is alone, so what a killed process left in the WAL may be taken over at once. */
	if (!check_file(s, file, e) || !exec(s, writer_settings, "opening the file", e) || !exec(s, later_tables, "making the tables", e) ||
	    !prepare_all(s, e)) {
		store_close(s);
		return false;
	}
	sqlite3_wal_hook(s->db, note_wal, s);
	*ret = s;
	return true;
}

static int
reader_time(void *self)
{
	struct store *s = self;
	return s->read_until_ns && clock_mono_ns() > s->read_until_ns;
}

static int
reader_began(unsigned kind, void *self, void *statement, void *detail)
{
	(void)detail, (void)statement;
	struct store *s = self;
	if (kind == SQLITE_TRACE_STMT)
		s->read_until_ns = clock_mono_ns() + (int64_t)STORE_READ_MS * 1000000;
	else
		s->read_until_ns = 0;
	return 0;
}

static void
free_reader(void *self)
{
	mem_free(self);
}

/* SQL function perennial_schema(): which schema this program reads. */
static void
schema_version(sqlite3_context *context, int n, sqlite3_value **values)
{
	(void)n, (void)values;
	sqlite3_result_int(context, STORE_SCHEMA_VERSION);
}

bool
store_open_reader(const char *file, int limit_ms, struct store **ret, struct err *e)
{
	struct store *s;
	if (!connect(file, SQLITE_OPEN_READONLY, &s, e))
		return false;
	sqlite3_db_config(s->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	if (!check_file(s, file, e) || !exec(s, reader_settings, "opening the file", e)) {
		store_close(s);
		return false;
	}
	if (limit_ms) {
		sqlite3_trace_v2(s->db, SQLITE_TRACE_STMT | SQLITE_TRACE_PROFILE, reader_began, s);
		sqlite3_progress_handler(s->db, 5000, reader_time, s);
	}
	*ret = s;
	return true;
}

struct store *
store_on(sqlite3 *db)
{
	struct store *s = mem_alloc(sizeof(*s));
	s->db = db;
	return s;
}

static void
finalize_all(struct store *s)
{
	for (int q = 0; q < QUERY_COUNT; q++) {
		sqlite3_finalize(s->statements[q]);
		s->statements[q] = NULL;
	}
}

void
store_off(struct store *s)
{
	if (!s)
		return;
	finalize_all(s);
	mem_free(s);
}

void
store_close(struct store *s)
{
	if (!s)
		return;
	finalize_all(s);
	sqlite3_close_v2(s->db);
	mem_free(s);
}

sqlite3 *
store_give_away(struct store *s)
{
	sqlite3 *db = s->db;
	finalize_all(s);
	/* The time limit's handlers point to s: SQLite frees it with the connection. */
	sqlite3_create_function_v2(db, "perennial_schema", 0, SQLITE_UTF8, s, schema_version, NULL, NULL, free_reader);
	return db;
}

bool
store_checkpoint(struct store *s, bool even_if_small, struct err *e)
{
	ASSERT(s->writes);
	if (!even_if_small && s->wal_pages < STORE_WAL_PAGES)
		return true;
	int rc = sqlite3_wal_checkpoint_v2(s->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
	/* A reader in the way is no failure: the next commit tries again. */
	if (rc != SQLITE_OK && rc != SQLITE_BUSY)
		return store_fail(s, "moving the WAL", e);
	s->checkpoints++;
	s->wal_pages = 0;
	return true;
}

bool
store_truncate_wal(struct store *s, struct err *e)
{
	ASSERT(s->writes);
	int rc = sqlite3_wal_checkpoint_v2(s->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
	if (rc != SQLITE_OK)
		return store_fail(s, "emptying the WAL", e);
	s->wal_pages = 0;
	return true;
}

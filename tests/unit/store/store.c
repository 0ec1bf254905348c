/* Settings, statements, limits of readers, files of others. */
#include "tap.h"
#include "base/clock.h"
#include "store/store.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char dir[64], file[96];

static void
fresh(void)
{
	struct err e;
	snprintf(dir, sizeof(dir), "/tmp/perennial-store-XXXXXX");
	if (!mkdtemp(dir))
		abort();
	snprintf(file, sizeof(file), "%s/perennial.db", dir);
	if (!store_create(file, &e))
		TAP_FAIL("%s", e.text);
}

static void
gone(void)
{
	char command[128];
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	if (system(command))
		abort();
}

static int64_t
pragma(struct store *s, const char *name)
{
	char sql[64];
	sqlite3_stmt *st;
	int64_t ret = -1;
	snprintf(sql, sizeof(sql), "PRAGMA %s", name);
	if (sqlite3_prepare_v2(s->db, sql, -1, &st, NULL) == SQLITE_OK && sqlite3_step(st) == SQLITE_ROW)
		ret = sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	return ret;
}

TEST(the_writer_is_set_as_durability_needs)
{
	struct store *s;
	struct err e = {0};
	fresh();
	NEED(store_open_writer(file, &s, &e));   /* prepares every statement */
	CHECK_INT(pragma(s, "synchronous"), 2);
	CHECK_INT(pragma(s, "page_size"), 16384);
	CHECK_INT(pragma(s, "wal_autocheckpoint"), 0);
	CHECK_INT(pragma(s, "mmap_size"), 0);
	CHECK_INT(pragma(s, "secure_delete"), 1);
	CHECK_INT(pragma(s, "application_id"), STORE_APPLICATION_ID);
	CHECK_INT(pragma(s, "user_version"), STORE_SCHEMA_VERSION);
	store_close(s);
	gone();
}

/* Statements by key must not walk a table: that would be a slow night in a large workspace. */
TEST(statements_by_key_use_an_index)
{
	static const enum query by_key[] = {QUERY_META_GET, QUERY_BLOCK_AT, QUERY_BLOCK_BODY, QUERY_BLOCK_SCAN, QUERY_INDEX_SCAN, QUERY_BLOCK_LAST,
	    QUERY_STAGED_AT, QUERY_PROFILE_LAST_ENTRY, QUERY_MESSAGE_GET, QUERY_MESSAGE_OPEN_SCAN, QUERY_PLAIN_GET, QUERY_PLAIN_SCAN, QUERY_ERASE_MESSAGE};
	struct store *s;
	struct err e;
	fresh();
	NEED(store_open_writer(file, &s, &e));
	for (size_t i = 0; i < COUNT(by_key); i++) {
		char *sql = sqlite3_mprintf("EXPLAIN QUERY PLAN %s", sqlite3_sql(store_statement(s, by_key[i])));
		sqlite3_stmt *st;
		NEED(sqlite3_prepare_v2(s->db, sql, -1, &st, NULL) == SQLITE_OK);
		while (sqlite3_step(st) == SQLITE_ROW) {
			const char *plan = (const char *)sqlite3_column_text(st, 3);
			if (!strncmp(plan, "SCAN", 4) && by_key[i] != QUERY_BLOCK_LAST && !strstr(plan, "USING"))
				TAP_FAIL("%s: %s", store_query_name(by_key[i]), plan);
		}
		sqlite3_finalize(st);
		sqlite3_free(sql);
	}
	store_close(s);
	gone();
}

TEST(a_reader_cannot_write_and_does_not_take_for_ever)
{
	struct store *w, *r;
	struct err e = {0};
	sqlite3_stmt *st;
	fresh();
	NEED(store_open_writer(file, &w, &e));
	NEED(store_open_reader(file, 2000, &r, &e));
	CHECK(sqlite3_exec(r->db, "DELETE FROM meta", NULL, NULL, NULL) != SQLITE_OK);
	int64_t began = clock_mono_ns();
	NEED(sqlite3_prepare_v2(r->db, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n", -1, &st, NULL) == SQLITE_OK);
	CHECK_INT(sqlite3_step(st), SQLITE_INTERRUPT);
	CHECK((clock_mono_ns() - began) / 1000000 < 4000);
	sqlite3_finalize(st);
	/* the next question has its own two seconds */
	int64_t n = 0;
	bool found = true;
	CHECK(meta_get_int(r, "nothing", &n, &found, &e));
	CHECK(!found);
	sqlite3 *db = store_give_away(r);
	CHECK_INT(sqlite3_close(db), SQLITE_OK);
	store_close(w);
	gone();
}

TEST(files_of_others_and_of_later_releases_are_refused)
{
	struct store *s;
	struct err e = {0};
	sqlite3 *db;
	fresh();
	NEED(sqlite3_open(file, &db) == SQLITE_OK);
	sqlite3_exec(db, "PRAGMA user_version=99", NULL, NULL, NULL);
	sqlite3_close(db);
	CHECK(!store_open_writer(file, &s, &e));
	CHECK(strstr(e.text, "later release"));
	NEED(sqlite3_open(file, &db) == SQLITE_OK);
	sqlite3_exec(db, "PRAGMA application_id=1", NULL, NULL, NULL);
	sqlite3_close(db);
	CHECK(!store_open_reader(file, 0, &s, &e));
	CHECK(strstr(e.text, "not a Perennial workspace"));
	CHECK(!store_open_reader("/nowhere/at/all.db", 0, &s, &e));
	CHECK_INT(e.code, ERR_NOT_FOUND);
	gone();
}

TEST(meta_keeps_numbers_texts_and_bytes)
{
	struct store *s;
	struct err e;
	struct arena a;
	struct str text = {0};
	int64_t n = 0;
	arena_init(&a);
	fresh();
	NEED(store_open_writer(file, &s, &e));
	CHECK(meta_set_int(s, "n", -5, &e) && meta_get_int(s, "n", &n, NULL, &e));
	CHECK_INT(n, -5);
	CHECK(meta_set_text(s, "t", STR("Käse"), &e) && meta_get_str(s, &a, "t", &text, NULL, &e));
	CHECK_STR(text, "Käse");
	CHECK(meta_set_text(s, "t", STR(""), &e) && meta_get_str(s, &a, "t", &text, NULL, &e));
	CHECK_INT(text.len, 0);
	CHECK(meta_set_bytes(s, "b", (struct str){"a\0b", 3}, &e) && meta_get_str(s, &a, "b", &text, NULL, &e));
	CHECK_INT(text.len, 3);
	store_close(s);
	arena_clear(&a);
	gone();
}

/* The WAL is moved at about 1.5 MB and used again from its beginning. */
TEST(the_wal_stays_small_under_load)
{
	struct store *s;
	struct err e;
	static char body[8000];
	fresh();
	NEED(store_open_writer(file, &s, &e));
	for (int i = 1; i <= 4000; i++) {
		NEED(store_run(s, QUERY_BEGIN, &e));
		store_int(s, QUERY_BLOCK_INSERT, 1, i);
		store_int(s, QUERY_BLOCK_INSERT, 2, 1);
		store_int(s, QUERY_BLOCK_INSERT, 3, 0);
		store_bytes(s, QUERY_BLOCK_INSERT, 4, (struct str){body, sizeof(body)});
		NEED(store_run(s, QUERY_BLOCK_INSERT, &e) && store_run(s, QUERY_COMMIT, &e) && store_checkpoint(s, false, &e));
		if (i == 1)
			sqlite3_exec(s->db, "PRAGMA synchronous=OFF", NULL, NULL, NULL);   /* the flushes are not what is tested */
	}
	char wal[128];
	snprintf(wal, sizeof(wal), "%s-wal", file);
	FILE *f = fopen(wal, "r");
	NEED(f);
	fseek(f, 0, SEEK_END);
	CHECK(ftell(f) < 4 * 1024 * 1024);
	CHECK(s->checkpoints > 10);
	fclose(f);
	store_close(s);
	gone();
}

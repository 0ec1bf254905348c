/* raw -- the limit that durable ingest is held against: SQLite appending the same events as plain blocks, nothing else; and the
 * machine's fdatasync.
 *
 *	raw FOLDER [--calls 1000000] [--batch 500] */
#include "base/clock.h"
#include "shop.h"
#include "store/store.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int
by_size(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
	return (x > y) - (x < y);
}

/* Median of a hundred appends of a page, each synced. */
static double
fdatasync_ms(const char *folder)
{
	char path[4096], page[4096] = "x";
	int64_t took[100];
	snprintf(path, sizeof(path), "%s/sync-probe", folder);
	int fd = open(path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
	for (size_t i = 0; fd >= 0 && i < COUNT(took); i++) {
		int64_t begun = clock_mono_ns();
		if (write(fd, page, sizeof(page)) != sizeof(page) || fdatasync(fd) != 0)
			return -1;
		took[i] = clock_mono_ns() - begun;
	}
	close(fd);
	unlink(path);
	qsort(took, COUNT(took), sizeof(took[0]), by_size);
	return (double)took[COUNT(took) / 2] / 1e6;
}

static void
must(sqlite3 *db, int rc)
{
	if (rc != SQLITE_OK && rc != SQLITE_DONE) {
		fprintf(stderr, "raw: %s\n", sqlite3_errmsg(db));
		exit(1);
	}
}

static sqlite3 *
open_plain(const char *file)
{
	sqlite3 *db;
	must(NULL, sqlite3_open(file, &db));
	must(db, sqlite3_exec(db, "pragma page_size = 16384; pragma journal_mode = wal; pragma synchronous = full;"
		"create table block (first_seq integer primary key, n integer, body blob)", NULL, NULL, NULL));
	return db;
}

static double
append_all(const char *file, const struct buf *text, const size_t *at, uint32_t n, uint32_t batch)
{
	sqlite3 *db = open_plain(file);
	sqlite3_stmt *put;
	must(db, sqlite3_prepare_v2(db, "insert into block values (?, ?, ?)", -1, &put, NULL));
	int64_t begun = clock_mono_ns();
	for (uint32_t i = 0; i < n; i += batch) {
		uint32_t end = i + batch < n ? i + batch : n;
		must(db, sqlite3_exec(db, "begin", NULL, NULL, NULL));
		for (uint32_t k = i; k < end; k += 128) {
			uint32_t stop = k + 128 < end ? k + 128 : end;
			sqlite3_bind_int64(put, 1, k + 1);
			sqlite3_bind_int(put, 2, (int)(stop - k));
			sqlite3_bind_blob(put, 3, text->ptr + at[k], (int)(at[stop] - at[k]), SQLITE_STATIC);
			must(db, sqlite3_step(put));
			sqlite3_reset(put);
		}
		must(db, sqlite3_exec(db, "commit", NULL, NULL, NULL));
	}
	double seconds = (double)(clock_mono_ns() - begun) / 1e9;
	sqlite3_finalize(put);
	sqlite3_close(db);
	return seconds;
}

int
main(int argc, char **argv)
{
	int64_t n = 1000000, batch = 500;
	char file[4096];
	if (argc < 2) {
		fprintf(stderr, "usage: raw FOLDER [--calls N] [--batch N]\n");
		return 2;
	}
	for (int i = 2; i + 1 < argc; i += 2)
		if (!str_to_int(str_of(argv[i + 1]), str_eq(str_of(argv[i]), STR("--calls")) ? &n : &batch))
			return 2;
	struct shop_options o = {.seed = 1, .visitors = 100000, .from = {0}, .to = {90 * DAY}, .no_times = true};
	struct shop *s = shop_new(&o);
	struct buf text = {0};
	size_t *at = mem_alloc(((size_t)n + 1) * sizeof(*at));
	uint32_t made = 0;
	while (made < n && shop_next(s, &text, NULL))
		at[++made] = text.len;
	snprintf(file, sizeof(file), "%s/raw.db", argv[1]);
	double seconds = append_all(file, &text, at, made, (uint32_t)batch);
	printf("fdatasync_ms: %.3f\nraw_append_events_per_s: %.0f\nbytes_per_event: %.0f\n", fdatasync_ms(argv[1]), made / seconds, (double)text.len / made);
	shop_free(s);
	return 0;
}

/* The table `event`, by our own connections and as an extension of sqlite3(1). */
#include "tap.h"
#include "base/arena.h"
#include "log/block.h"
#include "log/event_table.h"
#include "log/item.h"
#include "log/reader.h"
#include <stdlib.h>
#include <string.h>

static char dir[64], file[96];

static bool
add_block(struct store *s, uint64_t first, int n, struct err *e)
{
	struct buf raw = {0}, items = {0}, body = {0};
	for (int i = 0; i < n; i++) {
		uint64_t seq = first + (uint64_t)i;
		struct item it = {.place = (uint32_t)raw.len, .name = seq % 3 ? 1 : 2, .source = 1, .at = {1000 * (int64_t)seq}, .happened = {900 * (int64_t)seq}, .kind = ENTRY_TRACK,
		    .profile = (uint32_t)(seq % 5) + 1, .prev = seq > 5 ? 5 : 0};
		uint8_t bytes[ITEM_BYTES];
		item_write(&it, bytes);
		buf_add(&items, bytes, sizeof(bytes));
		buf_printf(&raw, "{\"userId\":\"u%d\",\"messageId\":\"m%d\",\"n\":%d}", (int)(seq % 5), (int)seq, (int)seq);
	}
	int codec = block_pack(buf_str(&raw), &body);
	store_int(s, QUERY_BLOCK_INSERT, 1, (int64_t)first);
	store_int(s, QUERY_BLOCK_INSERT, 2, n);
	store_int(s, QUERY_BLOCK_INSERT, 3, codec);
	store_bytes(s, QUERY_BLOCK_INSERT, 4, buf_str(&body));
	store_int(s, QUERY_BLOCK_INDEX_INSERT, 1, (int64_t)first);
	store_bytes(s, QUERY_BLOCK_INDEX_INSERT, 2, buf_str(&items));
	bool ok = store_run(s, QUERY_BLOCK_INSERT, e) && store_run(s, QUERY_BLOCK_INDEX_INSERT, e);
	buf_release(&raw);
	buf_release(&items);
	buf_release(&body);
	return ok;
}

static struct store *
filled(void)
{
	struct store *s;
	struct err e;
	snprintf(dir, sizeof(dir), "/tmp/perennial-event-XXXXXX");
	if (!mkdtemp(dir))
		abort();
	snprintf(file, sizeof(file), "%s/perennial.db", dir);
	if (!store_create(file, &e) || !store_open_writer(file, &s, &e))
		abort();
	sqlite3_exec(s->db, "INSERT INTO name VALUES (0,''),(1,'Product Viewed'),(2,'Order Completed'); INSERT INTO source VALUES (0,''),(1,'key')", NULL, NULL, NULL);
	for (uint64_t first = 1; first < 1000; first += 100)
		if (!add_block(s, first, 100, &e))
			abort();
	return s;
}

static void
gone(struct store *s)
{
	char command[128];
	store_close(s);
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	if (system(command))
		abort();
}

static int64_t
ask(sqlite3 *db, const char *sql)
{
	sqlite3_stmt *st;
	int64_t ret = -1;
	if (sqlite3_prepare_v2(db, sql, -1, &st, NULL) == SQLITE_OK && sqlite3_step(st) == SQLITE_ROW)
		ret = sqlite3_column_int64(st, 0);
	else
		printf("# %s: %s\n", sql, sqlite3_errmsg(db));
	sqlite3_finalize(st);
	return ret;
}

TEST(events_are_asked_by_every_column)
{
	struct store *s = filled();
	NEED(event_table_register(s->db) == SQLITE_OK);
	CHECK_INT(ask(s->db, "SELECT count(*) FROM event"), 1000);
	CHECK_INT(ask(s->db, "SELECT count(*) FROM event WHERE name = 'Order Completed'"), 333);
	CHECK_INT(ask(s->db, "SELECT sum(json_extract(body, '$.n')) FROM event WHERE name = 'Order Completed'"), 166833);
	CHECK_INT(ask(s->db, "SELECT count(*) FROM event WHERE profile = 3 AND kind = 'track'"), 200);
	CHECK_INT(ask(s->db, "SELECT count(*) FROM event WHERE kind = 'identify'"), 0);
	CHECK_INT(ask(s->db, "SELECT count(*) FROM event WHERE kind = 'no such kind'"), 0);
	CHECK_INT(ask(s->db, "SELECT seq FROM event WHERE message_id = 'm777'"), 777);
	CHECK_INT(ask(s->db, "SELECT at FROM event WHERE seq = 500"), 500000);
	CHECK_INT(ask(s->db, "SELECT count(*) FROM event WHERE seq > 100 AND seq <= 250"), 150);
	CHECK_INT(ask(s->db, "SELECT count(*) FROM event WHERE user_id = 'u2' AND source = 'key'"), 200);
	CHECK_INT(ask(s->db, "SELECT seq FROM event ORDER BY seq DESC LIMIT 1"), 1000);
	/* joined with itself: two cursors at once */
	CHECK_INT(ask(s->db, "SELECT count(*) FROM event a JOIN event b ON b.seq = a.seq + 1 WHERE a.name = 'Order Completed'"), 333);
	CHECK(sqlite3_exec(s->db, "DELETE FROM event", NULL, NULL, NULL) != SQLITE_OK);
	gone(s);
}

TEST(a_cursor_reads_by_filter_and_back_along_a_chain)
{
	struct store *s = filled();
	struct err e = {0};
	const struct entry *en;
	struct log_filter f = {.name = STR("Order Completed"), .profile = 2};
	struct log_cursor *c = log_cursor_new(s, 500, &f);
	int n = 0;
	while (log_next(c, &en, &e) && en) {
		CHECK(en->seq >= 500 && en->seq % 3 == 0 && en->profile == 2);
		CHECK(json_get(en->body, STR("n"))->i == (int64_t)en->seq);
		n++;
	}
	CHECK_INT(n, 34);
	/* what is appended later is found by going on */
	CHECK(add_block(s, 1001, 50, &e));
	CHECK(log_next(c, &en, &e) && en && en->seq > 1000);
	CHECK(log_get(c, 123, &en, &e) && en && en->seq == 123);
	CHECK(log_get(c, 99999, &en, &e) && !en);
	log_cursor_free(c);
	gone(s);
}

TEST(damage_in_the_log_is_an_error_with_its_place)
{
	struct store *s = filled();
	struct err e = {0};
	const struct entry *en = NULL;
	sqlite3_exec(s->db, "UPDATE block SET body = substr(body, 1, 20) WHERE first_seq = 301", NULL, NULL, NULL);
	struct log_cursor *c = log_cursor_new(s, 1, NULL);
	int n = 0;
	bool ok;
	while ((ok = log_next(c, &en, &e)) && en)
		n++;
	CHECK(!ok);
	CHECK_INT(n, 300);
	CHECK_INT(e.code, ERR_IO);
	CHECK(strstr(e.text, "301"));
	log_cursor_free(c);
	gone(s);
}

TEST(the_extension_works_in_the_sqlite_shell)
{
	const char *extension = getenv("PERENNIAL_EVENT_EXTENSION"), *build = getenv("PERENNIAL_RELEASE_BUILD");
	char command[1200], path[512];
	if (build) {
		snprintf(path, sizeof(path), "%s/src/log/perennial_event.so", build);
		extension = path;
	}
	if (!extension || system("sqlite3 -version >/dev/null 2>&1"))
		SKIP("no sqlite3 shell or extension at hand");
	struct store *s = filled();
	snprintf(command, sizeof(command), "test \"$(sqlite3 %s '.load %s' \"SELECT count(*) FROM event WHERE name='Order Completed'\")\" = 333", file, extension);
	CHECK_INT(system(command), 0);
	gone(s);
}

/* The shard on the stub engine: append, fold, commit, acknowledge; restart; duplicates; kill -9; the outbox; history. */
#include "tap.h"
#include "help.h"
#include "base/clock.h"
#include "base/map.h"
#include "log/item.h"
#include "runtime/door.h"
#include "store/store.h"
#include <signal.h>
#include <sqlite3.h>
#include <sys/wait.h>

static bool
is_equal(const char *dir)
{
	struct workspace_options o = {.dir = dir};
	struct buf out = {0};
	struct err e = {0};
	bool equal = false;
	if (!workspace_verify(&o, &out, &equal, NULL, NULL, &e))
		printf("# verify: %s\n", e.text);
	if (!equal && out.len)
		printf("# %.*s\n", (int)out.len, out.ptr);
	buf_release(&out);
	return equal;
}

static bool
count_entry(void *self, const struct entry *en)
{
	(void)en;
	++*(uint64_t *)self;
	return true;
}

static uint64_t
entries(const char *dir)
{
	uint64_t n = 0;
	struct err e;
	if (!workspace_read_log(dir, 1, 0, count_entry, &n, &e))
		printf("# reading: %s\n", e.text);
	return n;
}

TEST(a_batch_is_durable_when_it_is_acknowledged)
{
	char *dir = fresh_dir();
	struct err e = {0};
	struct acks a;
	acks_init(&a);
	NEED(workspace_create(dir, &e));
	struct workspace *w = open_at(dir, &e);
	NEED(w);
	CHECK(submit(w, tracks(w, "Product Viewed", 0, 500, 40), &a));
	acks_wait(&a);
	CHECK_INT(a.accepted, 500);
	CHECK_INT(a.duplicates, 0);
	CHECK_INT(entries(dir), 501);    /* the first says which fold */
	workspace_close(w);
	CHECK_INT(entries(dir), 501);
	CHECK(is_equal(dir));
	remove_dir(dir);
}

TEST(small_batches_share_blocks_and_are_packed_together)
{
	char *dir = fresh_dir();
	struct err e = {0};
	struct acks a;
	acks_init(&a);
	NEED(workspace_create(dir, &e));
	struct workspace *w = open_at(dir, &e);
	NEED(w);
	for (int i = 0; i < 400; i++)
		CHECK(submit(w, tracks(w, "Product Viewed", i, 1, 7), &a));
	acks_wait(&a);
	usleep(300 * 1000);
	workspace_close(w);
	CHECK_INT(entries(dir), 401);
	sqlite3 *db;
	NEED(workspace_reader(dir, &db, &e));
	sqlite3_stmt *st;
	NEED(sqlite3_prepare_v2(db, "SELECT count(*), (SELECT count(*) FROM event WHERE name = 'Product Viewed' AND user_id = 'user-3') FROM block", -1, &st, NULL) == SQLITE_OK);
	CHECK_INT(sqlite3_step(st), SQLITE_ROW);
	CHECK(sqlite3_column_int(st, 0) <= 8);
	CHECK_INT(sqlite3_column_int(st, 1), 57);
	sqlite3_finalize(st);
	sqlite3_close(db);
	CHECK(is_equal(dir));
	remove_dir(dir);
}

TEST(a_duplicate_is_known_after_a_restart)
{
	char *dir = fresh_dir();
	struct err e = {0};
	struct acks a;
	acks_init(&a);
	NEED(workspace_create(dir, &e));
	struct workspace *w = open_at(dir, &e);
	NEED(w);
	submit(w, tracks(w, "Product Viewed", 0, 300, 10), &a);
	submit(w, tracks(w, "Product Viewed", 200, 200, 10), &a);
	acks_wait(&a);
	CHECK_INT(a.accepted, 400);
	CHECK_INT(a.duplicates, 100);
	workspace_close(w);
	w = open_at(dir, &e);
	NEED(w);
	submit(w, tracks(w, "Product Viewed", 390, 20, 10), &a);
	acks_wait(&a);
	CHECK_INT(a.accepted, 410);
	CHECK_INT(a.duplicates, 110);
	workspace_close(w);
	CHECK_INT(entries(dir), 411);
	CHECK(is_equal(dir));
	remove_dir(dir);
}

TEST(a_second_process_is_told_who_holds_the_workspace)
{
	char *dir = fresh_dir(), pid[32];
	struct err e = {0};
	NEED(workspace_create(dir, &e));
	struct workspace *w = open_at(dir, &e), *second;
	NEED(w);
	second = open_at(dir, &e);
	CHECK(!second);
	CHECK_INT(e.code, ERR_CONFLICT);
	snprintf(pid, sizeof(pid), "%ld", (long)getpid());
	CHECK(strstr(e.text, pid));
	workspace_close(w);
	remove_dir(dir);
}

TEST(a_merge_continues_both_chains)
{
	char *dir = fresh_dir();
	struct err e = {0};
	uint64_t seq = 0, n = 0;
	NEED(workspace_create(dir, &e));
	struct workspace *w = open_at(dir, &e);
	NEED(w);
	CHECK(workspace_append_one(w, ENTRY_TRACK, STR("A"), STR("{\"anonymousId\":\"anon\"}"), &seq, &e));
	CHECK(workspace_append_one(w, ENTRY_TRACK, STR("B"), STR("{\"userId\":\"anna\"}"), &seq, &e));
	CHECK(workspace_append_one(w, ENTRY_TRACK, STR("C"), STR("{\"anonymousId\":\"anon\"}"), &seq, &e));
	CHECK(workspace_append_one(w, ENTRY_IDENTIFY, STR(""), STR("{\"userId\":\"anna\",\"anonymousId\":\"anon\"}"), &seq, &e));
	CHECK(workspace_append_one(w, ENTRY_TRACK, STR("D"), STR("{\"userId\":\"anna\"}"), &seq, &e));
	CHECK_INT(seq, 6);
	CHECK(workspace_timeline(w, 2, 0, count_entry, &n, &e));
	CHECK_INT(n, 5);
	n = 0;
	CHECK(workspace_timeline(w, 1, 0, count_entry, &n, &e));
	CHECK_INT(n, 5);
	workspace_close(w);
	CHECK(is_equal(dir));
	remove_dir(dir);
}

TEST(alarms_ring_without_anybody_coming)
{
	char *dir = fresh_dir();
	struct err e = {0};
	NEED(workspace_create(dir, &e));
	struct workspace *w = open_at(dir, &e);
	NEED(w);
	CHECK(workspace_append_one(w, ENTRY_TRACK, STR("Alarm"), STR("{\"userId\":\"anna\"}"), NULL, &e));
	usleep(1500 * 1000);
	workspace_close(w);
	CHECK_INT(entries(dir), 3);
	CHECK(is_equal(dir));
	remove_dir(dir);
}

/* ---------------------------------------------------------------- the outbox */

struct answer { pthread_mutex_t mutex; pthread_cond_t come; bool there; struct mark_result r; };

static void
answered(void *context, const struct mark_result *r)
{
	struct answer *a = context;
	pthread_mutex_lock(&a->mutex);
	a->r = *r;
	a->there = true;
	pthread_cond_signal(&a->come);
	pthread_mutex_unlock(&a->mutex);
}

static struct mark_result
ask_mark(struct outbox_port *o, struct message_id id)
{
	struct answer a = {.there = false};
	struct err e;
	pthread_mutex_init(&a.mutex, NULL);
	pthread_cond_init(&a.come, NULL);
	if (!o->mark(o->self, id, answered, &a, &e))
		return (struct mark_result){0};
	pthread_mutex_lock(&a.mutex);
	while (!a.there)
		pthread_cond_wait(&a.come, &a.mutex);
	pthread_mutex_unlock(&a.mutex);
	return a.r;
}

TEST(a_message_is_pulled_marked_and_settled_once)
{
	char *dir = fresh_dir();
	struct err e = {0};
	struct arena mem;
	struct message m[4];
	arena_init(&mem);
	NEED(workspace_create(dir, &e));
	struct workspace *w = open_at(dir, &e);
	NEED(w);
	struct outbox_port o = workspace_outbox(w);
	CHECK(workspace_append_one(w, ENTRY_TRACK, STR("Send"), STR("{\"userId\":\"anna\"}"), NULL, &e));
	NEED(o.pull(o.self, CHANNEL_EMAIL, 4, &mem, m) == 1);
	CHECK_STR(m[0].frozen, "{\"name\":\"Anna\"}");
	CHECK_INT(o.pull(o.self, CHANNEL_EMAIL, 4, &mem, m + 1), 0);
	o.put_back(o.self, m[0].id);
	NEED(o.pull(o.self, CHANNEL_EMAIL, 4, &mem, m) == 1);
	CHECK_INT(ask_mark(&o, m[0].id).answer, MARK_GO);
	CHECK_INT(ask_mark(&o, m[0].id).answer, MARK_NO);
	CHECK(o.outcome(o.self, m[0].id, OUTCOME_ACCEPTED, STR("250 ok"), WALL_NEVER, &e));
	CHECK(workspace_append_one(w, ENTRY_TRACK, STR("B"), STR("{\"userId\":\"anna\"}"), NULL, &e));
	CHECK_INT(o.pull(o.self, CHANNEL_EMAIL, 4, &mem, m), 0);
	workspace_close(w);
	CHECK(is_equal(dir));
	arena_clear(&mem);
	remove_dir(dir);
}

static void
suppressed(struct batch *b, const struct err *failure)
{
	(void)failure;
	*(_Atomic bool *)b->context = true;
}

static void
stopped(void *context, struct message_id id)
{
	(void)id;
	++*(_Atomic int *)context;
}

TEST(a_suppression_is_acknowledged_after_the_open_hand_over)
{
	_Atomic int stops = 0;
	char *dir = fresh_dir();
	struct err e = {0};
	struct arena mem;
	struct message m[1];
	_Atomic bool done = false;
	arena_init(&mem);
	NEED(workspace_create(dir, &e));
	struct workspace *w = open_at(dir, &e);
	NEED(w);
	struct outbox_port o = workspace_outbox(w);
	struct append_port p = workspace_append(w);
	o.on_stop(o.self, stopped, &stops);
	CHECK(workspace_append_one(w, ENTRY_TRACK, STR("Send"), STR("{\"userId\":\"anna\"}"), NULL, &e));
	NEED(o.pull(o.self, CHANNEL_EMAIL, 1, &mem, m) == 1);
	CHECK_INT(ask_mark(&o, m[0].id).answer, MARK_GO);
	struct batch *b = batch_new();
	b->text = STR("{\"address\":\" A@SHOP.example \",\"reason\":\"unsubscribed\"}");
	b->n = 1;
	b->entries = arena_new(&b->arena, struct entry);
	b->entries[0] = (struct entry){.kind = ENTRY_SUPPRESS, .name = STR(""), .source = STR(""), .text = b->text, .trust = TRUST_SELF};
	NEED(json_parse_arena(&b->arena, b->text, &b->entries[0].body, &e));
	b->lane = LANE_MARKS;
	b->done = suppressed;
	b->context = (void *)&done;
	NEED(p.submit(p.self, b, &e));
	usleep(100 * 1000);
	CHECK(!done);
	CHECK_INT(stops, 0);
	for (int i = 0; i < 300 && !stops; i++)
		usleep(10 * 1000);
	CHECK(stops > 0);        /* after a second its connection is to be shut */
	CHECK(!done);
	CHECK(o.outcome(o.self, m[0].id, OUTCOME_ACCEPTED, STR("250"), WALL_NEVER, &e));
	for (int i = 0; i < 100 && !done; i++)
		usleep(10 * 1000);
	CHECK(done);
	workspace_close(w);
	batch_free(b);
	arena_clear(&mem);
	remove_dir(dir);
}

/* ---------------------------------------------------------------- kill -9 */

/* The child appends and writes each acknowledged number to the ledger; the parent kills it. */
static struct { int fd; } ledger;
static void
to_ledger(struct batch *b, const struct err *failure)
{
	int from = (int)(intptr_t)b->context;
	if (!failure && write(ledger.fd, &from, sizeof(from)) != sizeof(from))
		abort();
	batch_free(b);
}

static NORETURN void
child(const char *dir, int start)
{
	struct err e;
	struct workspace *w = open_at(dir, &e);
	if (!w) {
		fprintf(stderr, "# child: %s\n", e.text);
		_exit(9);
	}
	struct append_port p = workspace_append(w);
	for (int from = start;; from += 20) {
		struct batch *b = tracks(w, from % 3 ? "Product Viewed" : "Send", from, 20, 100);
		b->context = (void *)(intptr_t)from;
		b->done = to_ledger;
		while (!p.submit(p.self, b, &e))
			usleep(1000);
		if (from % 400 == 0)
			usleep(1000);
	}
}

static bool *
note_seen(const char *dir, int max)
{
	static bool *seen;
	sqlite3 *db;
	sqlite3_stmt *st;
	struct err e;
	free(seen);
	seen = calloc((size_t)max, 1);
	if (!workspace_reader(dir, &db, &e))
		return seen;
	sqlite3_prepare_v2(db, "SELECT message_id FROM event WHERE message_id IS NOT NULL", -1, &st, NULL);
	while (sqlite3_step(st) == SQLITE_ROW) {
		int n = atoi((const char *)sqlite3_column_text(st, 0) + 2);
		if (n < max) {
			if (seen[n])
				printf("# doubled %d\n", n), tap_bad = 1;
			seen[n] = true;
		}
	}
	sqlite3_finalize(st);
	sqlite3_close(db);
	return seen;
}

TEST(what_was_acknowledged_outlives_kill_9)
{
	enum { KILLS = 8, MAX = 4000000 };
	char *dir = fresh_dir();
	struct err e = {0};
	int lost = 0, acknowledged = 0;
	NEED(workspace_create(dir, &e));
	for (int k = 0; k < KILLS; k++) {
		int pipe_fd[2], from;
		NEED(pipe(pipe_fd) == 0);
		fflush(stdout);
		pid_t pid = fork();
		if (pid == 0) {
			ledger.fd = pipe_fd[1];
			child(dir, k * 400000);
		}
		close(pipe_fd[1]);
		/* Its life begins with the first acknowledgement, however slow the machine. */
		if (read(pipe_fd[0], &from, sizeof(from)) == sizeof(from))
			acknowledged++;
		usleep(50000 + (unsigned)(k * 37) % 100 * 1000);
		kill(pid, SIGKILL);
		int status;
		waitpid(pid, &status, 0);
		CHECK(WIFSIGNALED(status));
		bool *seen = note_seen(dir, MAX);
		while (read(pipe_fd[0], &from, sizeof(from)) == sizeof(from)) {
			acknowledged++;
			for (int i = from; i < from + 20 && i < MAX; i++)
				lost += !seen[i];
		}
		close(pipe_fd[0]);
		CHECK(is_equal(dir));
	}
	CHECK_INT(lost, 0);
	CHECK(acknowledged > KILLS);
	printf("# %d batches acknowledged over %d kills\n", acknowledged, KILLS);
	remove_dir(dir);
}

/* ---------------------------------------------------------------- history */

static struct batch *
history(const struct workspace *w, const char *event, int from, int n, int64_t begin, int64_t apart)
{
	struct batch *b = tracks(w, event, from, n, 5);
	b->lane = LANE_IMPORT;
	for (uint32_t i = 0; i < b->n; i++) {
		b->entries[i].history = true;
		b->entries[i].happened = (wall){begin + apart * (int)i};
	}
	return b;
}

struct order { wall at; bool ok; uint64_t n, live; wall first, last; };
static bool
in_order(void *self, const struct entry *en)
{
	struct order *o = self;
	o->ok &= en->at.ms >= o->at.ms && (en->kind != ENTRY_TRACK || en->at.ms == en->happened.ms);
	o->at = en->at;
	if (en->kind == ENTRY_TRACK) {
		if (!o->n++)
			o->first = en->at;
		o->last = en->at;
		o->live += !en->history;
	}
	return true;
}

TEST(history_is_merged_by_time_however_many_imports_bring_it)
{
	char *dir = fresh_dir();
	struct err e = {0};
	struct acks a;
	struct order o = {.at = WALL_BEFORE_ALL, .ok = true};
	acks_init(&a);
	NEED(workspace_create(dir, &e));
	struct workspace_options opt = {.dir = dir, .no_sending = true};
	struct workspace *w;
	NEED(workspace_open(&opt, &w, &e));
	int64_t begin = 1600000000000;
	submit(w, history(w, "Order Completed", 0, 500, begin + 7, 1000 * 60), &a);
	acks_wait(&a);
	NEED(workspace_history_finish(w, WALL_NEVER, 0, NULL, NULL, &e));
	CHECK(workspace_in_history(w));
	submit(w, history(w, "Product Viewed", 1000, 700, begin, 1000 * 50), &a);
	submit(w, history(w, "Product Viewed", 1000, 700, begin, 1000 * 50), &a);      /* the same file again */
	acks_wait(&a);
	CHECK_INT(a.duplicates, 700);
	wall now = clock_wall();
	NEED(workspace_history_finish(w, now, DAY / 48, NULL, NULL, &e));
	CHECK(!workspace_in_history(w));
	workspace_close(w);
	CHECK(workspace_read_log(dir, 1, 0, in_order, &o, &e));
	CHECK(o.ok);
	CHECK_INT(o.n, 1200);
	CHECK_INT(o.last.ms, now.ms);
	CHECK_INT(o.first.ms, now.ms - (699 * 50 * 1000));
	CHECK_INT(o.live, 36);
	CHECK(is_equal(dir));
	opt.no_sending = false;
	NEED(workspace_open(&opt, &w, &e));
	CHECK_STR(workspace_fence(w), "");
	workspace_close(w);
	remove_dir(dir);
}

/* ---------------------------------------------------------------- erasing */

static int
grep(const char *dir, const char *word)
{
	char command[256];
	snprintf(command, sizeof(command), "grep -qa '%s' %s/perennial.db*", word, dir);
	return system(command);
}

TEST(an_erased_person_is_found_nowhere_in_the_files)
{
	char *dir = fresh_dir();
	struct err e = {0};
	uint64_t n = 0;
	NEED(workspace_create(dir, &e));
	struct workspace *w = open_at(dir, &e);
	NEED(w);
	for (int i = 0; i < 200; i++) {
		char body[128];
		snprintf(body, sizeof(body), "{\"userId\":\"%s\",\"properties\":{\"secret\":\"zanzibar-%s-%d\"}}", i % 2 ? "anna" : "ben", i % 2 ? "anna" : "ben", i);
		CHECK(workspace_append_one(w, ENTRY_TRACK, STR("A"), str_of(body), NULL, &e));
	}
	CHECK_INT(grep(dir, "zanzibar-anna"), 0);
	CHECK(workspace_append_one(w, ENTRY_ERASE, STR(""), STR("{\"profile\":2}"), NULL, &e));
	usleep(1200 * 1000);
	CHECK(workspace_timeline(w, 2, 0, count_entry, &n, &e));
	CHECK_INT(n, 101);
	workspace_close(w);
	CHECK(grep(dir, "zanzibar-anna") != 0);
	CHECK_INT(entries(dir), 202);
	/* packed blocks may hide a text from grep: unpack them too */
	sqlite3 *db;
	sqlite3_stmt *st;
	NEED(workspace_reader(dir, &db, &e));
	NEED(sqlite3_prepare_v2(db, "SELECT sum(body LIKE '%zanzibar-anna%'), sum(body LIKE '%zanzibar-ben%') FROM event", -1, &st, NULL) == SQLITE_OK);
	sqlite3_step(st);
	CHECK_INT(sqlite3_column_int(st, 0), 0);
	CHECK_INT(sqlite3_column_int(st, 1), 100);
	sqlite3_finalize(st);
	sqlite3_close(db);
	remove_dir(dir);
}

/* ---------------------------------------------------------------- the rest */

TEST(plain_rows_are_kept_and_a_backup_is_fenced)
{
	char *dir = fresh_dir(), *copy = fresh_dir(), file[128];
	struct err e = {0};
	struct arena mem;
	struct str value = {0};
	arena_init(&mem);
	NEED(workspace_create(dir, &e));
	struct workspace *w = open_at(dir, &e);
	NEED(w);
	CHECK(workspace_plain_put(w, STR("user"), STR("admin"), STR("{\"name\":\"Ada\"}"), &e));
	CHECK(workspace_plain_get(w, &mem, STR("user"), STR("admin"), &value, &e));
	CHECK_STR(value, "{\"name\":\"Ada\"}");
	CHECK(workspace_append_one(w, ENTRY_TRACK, STR("Send"), STR("{\"userId\":\"anna\"}"), NULL, &e));
	snprintf(file, sizeof(file), "%s/perennial.db", copy);
	CHECK(workspace_backup(dir, file, &e));
	CHECK(workspace_plain_delete(w, STR("user"), STR("admin"), &e));
	CHECK(workspace_plain_get(w, &mem, STR("user"), STR("admin"), &value, &e));
	CHECK_STR(value, "");
	workspace_close(w);
	w = open_at(copy, &e);
	NEED(w);
	CHECK(workspace_fence(w).len > 0);
	struct outbox_port o = workspace_outbox(w);
	struct message m[1];
	CHECK_INT(o.pull(o.self, CHANNEL_EMAIL, 1, &mem, m), 0);
	workspace_close(w);
	w = open_at(copy, &e);
	NEED(w);
	CHECK(workspace_fence(w).len > 0);       /* not forgotten by a restart */
	workspace_fence_lift(w, false);
	o = workspace_outbox(w);
	CHECK_INT(o.pull(o.self, CHANNEL_EMAIL, 1, &mem, m), 1);
	workspace_close(w);
	arena_clear(&mem);
	remove_dir(dir);
	remove_dir(copy);
}

TEST(the_door_does_not_follow_a_step)
{
	struct door d;
	door_open(&d, (wall){1000000}, 500, WALL_BEFORE_ALL);
	CHECK_INT(door_at(&d, (wall){1001000}, 1500).ms, 1001000);
	CHECK_INT(door_at(&d, (wall){1002000 + 30000}, 2500).ms, 1002050);        /* slewed */
	CHECK_INT(door_at(&d, (wall){1003000}, 3500).ms, 1003000);                /* back in step: no lead */
	CHECK_INT(door_at(&d, (wall){1004000 - 5000}, 4500).ms, 1003000);         /* never back */
	int64_t at = door_at(&d, (wall){1005000 + 365 * DAY}, 5500).ms;
	CHECK(at < 1006000);
	CHECK(d.step > 364 * DAY);
	door_confirm(&d, (wall){1006000 + 365 * DAY}, 6500);
	CHECK_INT(door_at(&d, (wall){1006000 + 365 * DAY}, 6500).ms, 1006000 + 365 * DAY);
}

/* ---------------------------------------------------------------- poison */

TEST(an_entry_that_killed_the_process_twice_is_refused)
{
	char *dir = fresh_dir();
	struct err e = {0};
	struct acks a;
	acks_init(&a);
	NEED(workspace_create(dir, &e));
	for (int k = 0; k < 2; k++) {
		fflush(stdout);
		pid_t pid = fork();
		if (pid == 0) {
			if (!freopen("/dev/null", "w", stderr))
				abort();
			struct workspace *w = open_at(dir, &e);
			submit(w, tracks(w, "Crash", 4711, 1, 5), &a);
			pause();
		}
		int status;
		waitpid(pid, &status, 0);
		CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
	}
	struct workspace *w = open_at(dir, &e);
	NEED(w);
	submit(w, tracks(w, "Crash", 4711, 1, 5), &a);
	submit(w, tracks(w, "Product Viewed", 0, 3, 5), &a);
	acks_wait(&a);
	CHECK_INT(a.accepted, 3);
	workspace_close(w);
	CHECK_INT(entries(dir), 4);
	remove_dir(dir);
}

/* ---------------------------------------------------------------- downtime */

/* Moves all that stands in the log back in time, as if the workspace had slept since. */
static void
sleep_for(const char *dir, msec length)
{
	char file[128];
	struct store *s;
	struct err e;
	bool row;
	snprintf(file, sizeof(file), "%s/perennial.db", dir);
	NEED(store_open_writer(file, &s, &e));
	struct buf items = {0};
	int64_t first;
	store_statement(s, QUERY_INDEX_SCAN_BACK);
	NEED(store_step(s, QUERY_INDEX_SCAN_BACK, &row, &e) && row);
	first = store_get_int(s, QUERY_INDEX_SCAN_BACK, 0);
	buf_add_str(&items, store_get_str(s, QUERY_INDEX_SCAN_BACK, 1));
	store_done(s, QUERY_INDEX_SCAN_BACK);
	for (size_t i = 0; i < items.len; i += ITEM_BYTES) {
		struct item it;
		NEED(item_read((uint8_t *)items.ptr + i, &it));
		it.at = wall_add(it.at, -length);
		item_write(&it, (uint8_t *)items.ptr + i);
	}
	store_statement(s, QUERY_BLOCK_INDEX_UPDATE);
	store_int(s, QUERY_BLOCK_INDEX_UPDATE, 1, first);
	store_bytes(s, QUERY_BLOCK_INDEX_UPDATE, 2, buf_str(&items));
	NEED(store_run(s, QUERY_BLOCK_INDEX_UPDATE, &e));
	buf_release(&items);
	store_close(s);
}

TEST(a_long_sleep_holds_sending_and_a_very_long_one_asks_about_the_clock)
{
	char *dir = fresh_dir();
	struct err e = {0};
	struct message m[2];
	struct arena mem;
	arena_init(&mem);
	NEED(workspace_create(dir, &e));
	struct workspace *w = open_at(dir, &e);
	NEED(w);
	CHECK(workspace_append_one(w, ENTRY_TRACK, STR("Send"), STR("{\"userId\":\"anna\"}"), NULL, &e));
	workspace_close(w);
	sleep_for(dir, 7 * HOUR);
	w = open_at(dir, &e);
	NEED(w);
	CHECK(str_find(workspace_fence(w), STR("7 hours"), 0) != SIZE_MAX);
	struct outbox_port o = workspace_outbox(w);
	CHECK_INT(o.pull(o.self, CHANNEL_EMAIL, 2, &mem, m), 0);
	workspace_fence_lift(w, true);           /* skip what is overdue */
	CHECK(workspace_append_one(w, ENTRY_TRACK, STR("B"), STR("{\"userId\":\"anna\"}"), NULL, &e));
	CHECK_INT(o.pull(o.self, CHANNEL_EMAIL, 2, &mem, m), 0);
	CHECK_STR(workspace_fence(w), "");
	workspace_close(w);
	sleep_for(dir, 40 * DAY);
	struct workspace_options opt = {.dir = dir};
	CHECK(!workspace_open(&opt, &w, &e));
	CHECK(strstr(e.text, "--clock-is-right"));
	opt.clock_is_right = true;
	NEED(workspace_open(&opt, &w, &e));
	CHECK(workspace_fence(w).len > 0);
	workspace_close(w);
	arena_clear(&mem);
	remove_dir(dir);
}

/* ---------------------------------------------------------------- under pressure */

static void
hold(struct engine *g, void *context)
{
	(void)g;
	while (!*(_Atomic bool *)context)
		usleep(1000);
}

static void *
hold_fold_thread(void *context)
{
	void **both = context;
	workspace_ask(both[0], hold, both[1]);
	return NULL;
}

TEST(a_full_lane_refuses_and_catches_up)
{
	char *dir = fresh_dir();
	struct err e = {0};
	struct acks a;
	_Atomic bool go_on = false;
	pthread_t holder;
	int refused = 0, taken = 0;
	acks_init(&a);
	NEED(workspace_create(dir, &e));
	struct workspace *w = open_at(dir, &e);
	NEED(w);
	void *both[] = {w, (void *)&go_on};
	pthread_create(&holder, NULL, hold_fold_thread, both);
	usleep(50 * 1000);
	for (int i = 0; i < 200 && !refused; i++)
		submit(w, tracks(w, "Product Viewed", i * 500, 500, 50), &a) ? taken++ : refused++;
	CHECK_INT(refused, 1);
	CHECK(taken * 500 >= 64 * 1024 && taken * 500 < 66 * 1024);
	go_on = true;
	pthread_join(holder, NULL);
	acks_wait(&a);
	CHECK_INT(a.accepted, taken * 500);
	CHECK(submit(w, tracks(w, "Product Viewed", 200 * 500, 1, 50), &a));
	acks_wait(&a);
	workspace_close(w);
	remove_dir(dir);
}

/* A duplicate is never acknowledged before its original is on disk: both in one order, so the log holds it when the answer comes. */
struct twin { struct workspace *w; _Atomic int wrong, got; const char *dir; };

static void
twin_acked(struct batch *b, const struct err *failure)
{
	struct twin *t = b->context;
	if (failure || b->accepted + b->duplicates != b->n)
		t->wrong++;
	t->got++;
	batch_free(b);
}

TEST(a_duplicate_is_acknowledged_after_its_original)
{
	char *dir = fresh_dir();
	struct err e = {0};
	struct twin t = {.dir = dir};
	NEED(workspace_create(dir, &e));
	struct workspace *w = open_at(dir, &e);
	NEED(w);
	t.w = w;
	struct append_port p = workspace_append(w);
	for (int i = 0; i < 300; i++)
		for (int k = 0; k < 2; k++) {
			struct batch *b = tracks(w, "Product Viewed", i * 4, 4, 50);
			b->context = &t;
			b->done = twin_acked;
			CHECK(p.submit(p.self, b, &e));
		}
	while (t.got < 600)
		usleep(1000);
	CHECK_INT(t.wrong, 0);
	workspace_close(w);
	CHECK_INT(entries(dir), 1201);
	CHECK(is_equal(dir));
	remove_dir(dir);
}

/* A release that folds otherwise raises FOLD_VERSION: its first start folds anew and says so in the log. */
TEST(rows_of_another_fold_are_not_used)
{
	char *dir = fresh_dir(), file[128];
	struct err e = {0};
	struct acks a;
	struct store *s;
	acks_init(&a);
	NEED(workspace_create(dir, &e));
	struct workspace *w = open_at(dir, &e);
	NEED(w);
	submit(w, tracks(w, "Product Viewed", 0, 500, 40), &a);
	acks_wait(&a);
	workspace_close(w);
	snprintf(file, sizeof(file), "%s/perennial.db", dir);
	NEED(store_open_writer(file, &s, &e));
	CHECK(meta_set_int(s, "fold_version", FOLD_VERSION + 1, &e));
	CHECK(sqlite3_exec(s->db, "UPDATE profile SET state = x'00'", NULL, NULL, NULL) == SQLITE_OK);
	store_close(s);
	w = open_at(dir, &e);
	if (!w)
		TAP_FAIL("%s", e.text);
	workspace_close(w);
	CHECK_INT(entries(dir), 502);
	CHECK(is_equal(dir));
	remove_dir(dir);
}

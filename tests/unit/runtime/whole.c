/* The shard with the real engine and the retail program: recovery equals a fresh fold, also after kill -9 and in history. */
#include "tap.h"
#include "shop.h"
#include <signal.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/wait.h>

/* What the shard counted, for who reads a failure. */
static void
tell_figures(struct workspace *w)
{
	struct buf json = {0};
	struct json_writer jw = json_writer_on(&json);
	workspace_metrics_json(w, &jw);
	printf("# %.*s\n", (int)json.len, json.ptr);
	buf_release(&json);
}

static bool
is_equal(const struct workspace_options *o)
{
	struct buf out = {0};
	struct err e = {0};
	bool equal = false;
	if (!workspace_verify(o, &out, &equal, NULL, NULL, &e))
		printf("# verify: %s\n", e.text);
	if (!equal)
		printf("# %.*s\n", (int)(out.len > 3000 ? 3000 : out.len), out.ptr ? out.ptr : "");
	buf_release(&out);
	return equal;
}

static struct workspace *
shop_open(struct arena *a, const struct workspace_options *o, bool make)
{
	struct workspace *w;
	struct err e = {0};
	if ((make && !workspace_create(o->dir, &e)) || !workspace_open(o, &w, &e)) {
		printf("# opening: %s\n", e.text);
		return NULL;
	}
	if (!make)
		return w;
	struct program *p = retail(a, workspace_zones(w), o, "");
	if (!p || !workspace_apply(w, p, NULL, NULL, &e)) {
		printf("# apply: %s\n", e.text);
		workspace_close(w);
		return NULL;
	}
	return w;
}

TEST(a_shop_recovers_to_what_a_fresh_fold_says)
{
	char *dir = fresh_dir();
	struct arena a;
	struct acks acks;
	struct shop shop = {.state = 7, .people = 300};
	arena_init(&a);
	acks_init(&acks);
	struct workspace_options o = shop_options(&a, dir);
	struct workspace *w = shop_open(&a, &o, true);
	NEED(w);
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < 20; i++)
			submit(w, shop_batch(&shop, i % 2 ? 200 : 3), &acks);
		acks_wait(&acks);
		usleep(300 * 1000);
		tell_figures(w);
		workspace_close(w);
		CHECK(is_equal(&o));
		w = shop_open(&a, &o, false);
		NEED(w);
	}
	workspace_close(w);
	arena_clear(&a);
	remove_dir(dir);
}

static NORETURN void
child(struct arena *a, const struct workspace_options *o, int start)
{
	struct acks acks;
	struct shop shop = {.state = (uint64_t)start * 77 + 1, .people = 300, .number = start};
	acks_init(&acks);
	struct workspace *w = shop_open(a, o, false);
	if (!w)
		_exit(9);
	for (int i = 0;; i++) {
		struct batch *b = shop_batch(&shop, i % 3 ? 40 : 1);
		submit(w, b, &acks);
		if (i % 50 == 0)
			usleep(1000);
	}
}

TEST(a_killed_shop_recovers_to_what_a_fresh_fold_says)
{
	char *dir = fresh_dir();
	struct arena a;
	arena_init(&a);
	struct workspace_options o = shop_options(&a, dir);
	struct workspace *w = shop_open(&a, &o, true);
	NEED(w);
	workspace_close(w);
	for (int k = 1; k <= 5; k++) {
		fflush(stdout);
		pid_t pid = fork();
		if (pid == 0)
			child(&a, &o, k * 1000000);
		usleep(300000 + (unsigned)(k * 53) % 100 * 2000);
		kill(pid, SIGKILL);
		int status;
		waitpid(pid, &status, 0);
		CHECK(WIFSIGNALED(status));
		CHECK(is_equal(&o));
	}
	arena_clear(&a);
	remove_dir(dir);
}

TEST(a_shops_history_is_folded_anew_and_goes_on_live)
{
	char *dir = fresh_dir();
	struct arena a;
	struct acks acks;
	struct shop shop = {.state = 7, .people = 200};
	struct err e = {0};
	arena_init(&a);
	acks_init(&acks);
	struct workspace_options o = shop_options(&a, dir);
	o.no_sending = true;
	struct workspace *w = shop_open(&a, &o, true);
	NEED(w);
	for (int i = 0; i < 10; i++) {
		struct batch *b = shop_batch(&shop, 300);
		b->lane = LANE_IMPORT;
		for (uint32_t k = 0; k < b->n; k++) {
			b->entries[k].history = true;
			b->entries[k].happened = (wall){1600000000000 + (int64_t)(k * 10 + (uint32_t)i) * 3 * HOUR};
		}
		submit(w, b, &acks);
	}
	acks_wait(&acks);
	NEED(workspace_in_history(w));
	if (!workspace_history_finish(w, clock_wall(), DAY, NULL, NULL, &e))
		TAP_FAIL("%s", e.text);
	CHECK(!workspace_in_history(w));
	workspace_close(w);
	CHECK(is_equal(&o));
	o.no_sending = false;
	w = shop_open(&a, &o, false);
	NEED(w);
	for (int i = 0; i < 10; i++)
		submit(w, shop_batch(&shop, 100), &acks);
	acks_wait(&acks);
	workspace_close(w);
	CHECK(is_equal(&o));
	arena_clear(&a);
	remove_dir(dir);
}

static const char more_segments[] = "\n---\nsegment: looked_at_shoes\nlabel: Looked at shoes that cost something\n"
				    "when: count \"Product Viewed\" where (price >= 40 and name = \"Shoe\") last 90d >= 3\n"
				    "---\nsegment: removed_something\nlabel: Took something out of the cart\nwhen: did \"Product Removed\" last 30d\n";

struct members { struct buf bitmap; bool known; };
static void
members(struct engine *g, void *context)
{
	struct members *m = context;
	m->known = engine_segment_members(g, STR("looked_at_shoes"), &m->bitmap);
}

TEST(a_new_condition_sees_the_past_and_equals_a_fresh_fold)
{
	char *dir = fresh_dir();
	struct arena a;
	struct acks acks;
	struct shop shop = {.state = 7, .people = 200};
	struct err e = {0};
	struct members m = {.known = false};
	arena_init(&a);
	acks_init(&acks);
	struct workspace_options o = shop_options(&a, dir);
	struct workspace *w = shop_open(&a, &o, true);
	NEED(w);
	for (int i = 0; i < 30; i++)
		submit(w, shop_batch(&shop, 200), &acks);
	acks_wait(&acks);
	struct program *p = retail(&a, workspace_zones(w), &o, more_segments);
	NEED(p);
	/* traffic goes on while the past is read */
	for (int i = 0; i < 10; i++)
		submit(w, shop_batch(&shop, 50), &acks);
	if (!workspace_apply(w, p, NULL, NULL, &e))
		TAP_FAIL("%s", e.text);
	workspace_ask(w, members, &m);
	CHECK(m.known);
	CHECK(m.bitmap.len > 16);
	acks_wait(&acks);
	workspace_close(w);
	CHECK(is_equal(&o));
	buf_release(&m.bitmap);
	arena_clear(&a);
	remove_dir(dir);
}

/* The child applies a new program over and over; wherever it is killed, what is on disk is one program or the other, whole. */
static NORETURN void
applying_child(struct arena *a, const struct workspace_options *o, int start)
{
	struct acks acks;
	struct err e;
	struct shop shop = {.state = (uint64_t)start * 77 + 1, .people = 300, .number = start};
	acks_init(&acks);
	struct workspace *w = shop_open(a, o, false);
	if (!w)
		_exit(9);
	for (int i = 0;; i++) {
		submit(w, shop_batch(&shop, 40), &acks);
		struct program *p = retail(a, workspace_zones(w), o, i % 2 ? more_segments : "");
		if (!p || !workspace_apply(w, p, NULL, NULL, &e))
			_exit(8);
	}
}

TEST(killed_while_a_program_is_applied)
{
	char *dir = fresh_dir();
	struct arena a;
	arena_init(&a);
	struct workspace_options o = shop_options(&a, dir);
	struct workspace *w = shop_open(&a, &o, true);
	NEED(w);
	workspace_close(w);
	for (int k = 1; k <= 4; k++) {
		fflush(stdout);
		pid_t pid = fork();
		if (pid == 0)
			applying_child(&a, &o, k * 1000000);
		usleep(500000 + (unsigned)(k * 53) % 100 * 3000);
		kill(pid, SIGKILL);
		int status;
		waitpid(pid, &status, 0);
		CHECK(WIFSIGNALED(status));
		CHECK(is_equal(&o));
	}
	arena_clear(&a);
	remove_dir(dir);
}

/* The child collects history and folds it; killed within, the next start folds it again, whole. */
TEST(killed_while_history_is_folded)
{
	char *dir = fresh_dir();
	struct arena a;
	struct acks acks;
	struct shop shop = {.state = 7, .people = 200};
	struct err e = {0};
	arena_init(&a);
	acks_init(&acks);
	struct workspace_options o = shop_options(&a, dir);
	o.no_sending = true;
	struct workspace *w = shop_open(&a, &o, true);
	NEED(w);
	for (int i = 0; i < 10; i++) {
		struct batch *b = shop_batch(&shop, 500);
		b->lane = LANE_IMPORT;
		for (uint32_t k = 0; k < b->n; k++) {
			b->entries[k].history = true;
			b->entries[k].happened = (wall){1600000000000 + (int64_t)(k * 10 + (uint32_t)i) * HOUR};
		}
		submit(w, b, &acks);
	}
	acks_wait(&acks);
	workspace_close(w);
	wall ending = clock_wall();
	for (int k = 0; k < 4; k++) {
		fflush(stdout);
		pid_t pid = fork();
		if (pid == 0) {
			w = shop_open(&a, &o, false);
			while (w && workspace_history_finish(w, ending, HOUR, NULL, NULL, &e) && workspace_in_history(w))
				continue;
			pause();
		}
		usleep(60000 + (unsigned)k * 70000);
		kill(pid, SIGKILL);
		int status;
		waitpid(pid, &status, 0);
	}
	w = shop_open(&a, &o, false);
	NEED(w);
	if (workspace_in_history(w))
		NEED(workspace_history_finish(w, ending, HOUR, NULL, NULL, &e));
	workspace_close(w);
	CHECK(is_equal(&o));
	sqlite3 *db;
	sqlite3_stmt *st;
	NEED(workspace_reader(dir, &db, &e));
	NEED(sqlite3_prepare_v2(db, "SELECT count(*), count(DISTINCT message_id) FROM event WHERE message_id IS NOT NULL", -1, &st, NULL) == SQLITE_OK);
	CHECK_INT(sqlite3_step(st), SQLITE_ROW);
	CHECK_INT(sqlite3_column_int(st, 0), 5000);
	CHECK_INT(sqlite3_column_int(st, 1), 5000);
	sqlite3_finalize(st);
	sqlite3_close(db);
	arena_clear(&a);
	remove_dir(dir);
}

/* One number of the views that anybody may read. */
static int
count_of(const char *dir, const char *sql)
{
	struct err e;
	sqlite3 *db;
	sqlite3_stmt *st;
	int n = -1;
	if (!workspace_reader(dir, &db, &e))
		return n;
	if (sqlite3_prepare_v2(db, sql, -1, &st, NULL) == SQLITE_OK && sqlite3_step(st) == SQLITE_ROW)
		n = sqlite3_column_int(st, 0);
	sqlite3_finalize(st);
	sqlite3_close(db);
	return n;
}

/* When the write-ahead log was last written, without opening the file under the process that writes it. */
static int64_t
written_at(const char *dir)
{
	char file[128];
	struct stat st = {0};
	snprintf(file, sizeof(file), "%s/perennial.db-wal", dir);
	return stat(file, &st) || !st.st_size ? 0 : (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec;
}

static void
submit_history(struct workspace *w, struct shop *shop, struct acks *acks, int batches)
{
	for (int i = 0; i < batches; i++) {
		struct batch *b = shop_batch(shop, 500);
		b->lane = LANE_IMPORT;
		for (uint32_t k = 0; k < b->n; k++) {
			b->entries[k].history = true;
			b->entries[k].happened = (wall){1600000000000 + (int64_t)(k * 10 + (uint32_t)i) * HOUR};
		}
		submit(w, b, acks);
	}
}

static const char all_ids[] = "SELECT count(*) FROM event WHERE message_id IS NOT NULL";
static const char different_ids[] = "SELECT count(DISTINCT message_id) FROM event WHERE message_id IS NOT NULL";

/* A live call comes while history is collected, then the process dies: the next start folds the rest late. Killed within, the one
 * after goes on where the last commit was. */
TEST(killed_while_history_is_folded_late)
{
	char *dir = fresh_dir();
	struct arena a;
	struct acks acks;
	struct shop shop = {.state = 7, .people = 200};
	int partly = 0;
	arena_init(&a);
	acks_init(&acks);
	struct workspace_options o = shop_options(&a, dir);
	o.no_sending = true;
	struct workspace *w = shop_open(&a, &o, true);
	NEED(w);
	submit_history(w, &shop, &acks, 60);
	acks_wait(&acks);
	struct shop before = shop;
	submit(w, shop_batch(&shop, 50), &acks);
	acks_wait(&acks);
	CHECK(!workspace_in_history(w));
	workspace_close(w);
	for (int k = 0; k < 12; k++) {
		fflush(stdout);
		int64_t had = written_at(dir);
		pid_t pid = fork();
		if (pid == 0) {
			shop_open(&a, &o, false);
			pause();
		}
		/* Sooner or later after something was written. */
		for (int i = 0; i < 2000 && (!written_at(dir) || written_at(dir) == had); i++)
			usleep(1000);
		usleep((unsigned)k * 4000);
		kill(pid, SIGKILL);
		int status;
		waitpid(pid, &status, 0);
		int n = count_of(dir, all_ids);
		if (n == 30050)
			break;
		partly += n > 50 && n < 30050;
		CHECK_INT(count_of(dir, different_ids), n);
	}
	printf("# killed %d times with a part of it folded\n", partly);
	CHECK(partly > 0);
	w = shop_open(&a, &o, false);
	NEED(w);
	workspace_close(w);
	CHECK(is_equal(&o));
	CHECK_INT(count_of(dir, all_ids), 30050);
	CHECK_INT(count_of(dir, different_ids), 30050);
	/* The same live calls again, and history that comes when all is live. */
	w = shop_open(&a, &o, false);
	NEED(w);
	acks_init(&acks);
	submit(w, shop_batch(&before, 50), &acks);
	acks_wait(&acks);
	CHECK_INT(acks.duplicates, 50);
	workspace_close(w);
	arena_clear(&a);
	remove_dir(dir);
}

/* An import died while it collected; a server then folds what there is, dated as it happened, before time goes on. */
TEST(what_a_dead_import_collected_is_folded_before_a_server_goes_live)
{
	char *dir = fresh_dir();
	struct arena a;
	struct acks acks;
	struct shop shop = {.state = 7, .people = 200};
	arena_init(&a);
	acks_init(&acks);
	struct workspace_options o = shop_options(&a, dir);
	o.no_sending = true;
	struct workspace *w = shop_open(&a, &o, true);
	NEED(w);
	submit_history(w, &shop, &acks, 4);
	acks_wait(&acks);
	workspace_close(w);
	CHECK_INT(count_of(dir, all_ids), 0);
	o.serves = true;
	w = shop_open(&a, &o, false);
	NEED(w);
	CHECK_INT(count_of(dir, all_ids), 2000);
	for (int i = 0; i < 300 && workspace_in_history(w); i++)
		usleep(10 * 1000);
	CHECK(!workspace_in_history(w));        /* a tick came, although nothing is sent */
	submit(w, shop_batch(&shop, 50), &acks);
	acks_wait(&acks);
	workspace_close(w);
	CHECK(is_equal(&o));
	CHECK_INT(count_of(dir, all_ids), 2050);
	CHECK_INT(count_of(dir, "SELECT count(*) FROM event WHERE message_id IS NOT NULL AND history AND at <> happened"), 0);
	arena_clear(&a);
	remove_dir(dir);
}

/* ---------------------------------------------------------------- retention */

static int64_t
ask_int(const char *dir, const char *sql)
{
	sqlite3 *db;
	sqlite3_stmt *st;
	struct err e;
	int64_t n = -1;
	if (!workspace_reader(dir, &db, &e))
		return -1;
	if (sqlite3_prepare_v2(db, sql, -1, &st, NULL) == SQLITE_OK && sqlite3_step(st) == SQLITE_ROW)
		n = sqlite3_column_int64(st, 0);
	else
		printf("# %s: %s\n", sql, sqlite3_errmsg(db));
	sqlite3_finalize(st);
	sqlite3_close(db);
	return n;
}

static void
busy(struct workspace *w, struct shop *shop, struct acks *acks)
{
	for (int i = 0; i < 20; i++)
		submit(w, shop_batch(shop, i % 2 ? 200 : 3), acks);
	acks_wait(acks);
	usleep(300 * 1000);
}

/* The log and its index end where they should, and only one ground is left. */
static void
check_cut(const char *dir, uint64_t base)
{
	CHECK_INT(ask_int(dir, "SELECT value FROM meta WHERE key = 'base'"), (int64_t)base);
	CHECK_INT(ask_int(dir, "SELECT min(seq) FROM event"), (int64_t)base + 1);
	CHECK_INT(ask_int(dir, "SELECT count(*) FROM block WHERE first_seq + n - 1 <= (SELECT value FROM meta WHERE key = 'base')"), 0);
	CHECK_INT(ask_int(dir, "SELECT count(*) FROM block_index i LEFT JOIN block b USING (first_seq) WHERE b.first_seq IS NULL"), 0);
	CHECK_INT(ask_int(dir, "SELECT count(*) - (SELECT count(*) FROM block_index) FROM block"), 0);
	CHECK_INT(ask_int(dir, "SELECT count(DISTINCT base) FROM base"), 1);
}

TEST(the_logs_head_is_cut_off_and_the_state_stays)
{
	char *dir = fresh_dir();
	struct arena a;
	struct acks acks;
	struct shop shop = {.state = 7, .people = 300};
	struct err e = {0};
	uint64_t base = 0, before = 0;
	arena_init(&a);
	acks_init(&acks);
	struct workspace_options o = shop_options(&a, dir);
	struct workspace *w = shop_open(&a, &o, true);
	NEED(w);
	busy(w, &shop, &acks);
	CHECK(workspace_cut(w, (wall){1000}, NULL, NULL, &base, &e));
	CHECK_INT((int64_t)base, 0);
	CHECK_INT(workspace_sees_back_to(w).ms, WALL_BEFORE_ALL.ms);
	for (int round = 0; round < 3; round++) {
		wall t = clock_wall();
		busy(w, &shop, &acks);
		if (!workspace_cut(w, t, NULL, NULL, &base, &e))
			TAP_FAIL("%s", e.text);
		CHECK(base > before);
		CHECK(workspace_sees_back_to(w).ms < t.ms && workspace_sees_back_to(w).ms > 0);
		check_cut(dir, base);
		before = base;
		busy(w, &shop, &acks);
		workspace_close(w);
		CHECK(is_equal(&o));
		w = shop_open(&a, &o, false);
		NEED(w);
		CHECK(workspace_sees_back_to(w).ms < t.ms && workspace_sees_back_to(w).ms > 0);
	}
	/* what is new sees back to the base; disk and fresh fold agree on how far that is */
	struct program *p = retail(&a, workspace_zones(w), &o, more_segments);
	NEED(p);
	NEED(workspace_apply(w, p, NULL, NULL, &e));
	struct members m = {.known = false};
	workspace_ask(w, members, &m);
	CHECK(m.known);
	busy(w, &shop, &acks);
	workspace_close(w);
	CHECK(is_equal(&o));
	w = shop_open(&a, &o, false);
	NEED(w);
	wall t = clock_wall();
	busy(w, &shop, &acks);
	CHECK(workspace_cut(w, t, NULL, NULL, &base, &e));
	CHECK(base > before);
	workspace_close(w);
	CHECK(is_equal(&o));
	buf_release(&m.bitmap);
	arena_clear(&a);
	remove_dir(dir);
}

static void
find_person(struct engine *g, void *context)
{
	uint32_t *number = context;
	*number = engine_find(g, STR("u5"));
}

/* Who is erased after a cut is not in the ground either. */
TEST(an_erasure_reaches_into_the_base)
{
	char *dir = fresh_dir();
	struct arena a;
	struct acks acks;
	struct shop shop = {.state = 7, .people = 40};
	struct err e = {0};
	uint64_t base;
	uint32_t number = 0;
	arena_init(&a);
	acks_init(&acks);
	struct workspace_options o = shop_options(&a, dir);
	struct workspace *w = shop_open(&a, &o, true);
	NEED(w);
	busy(w, &shop, &acks);
	wall t = clock_wall();
	busy(w, &shop, &acks);
	NEED(workspace_cut(w, t, NULL, NULL, &base, &e));
	NEED(base);
	CHECK(ask_int(dir, "SELECT count(*) FROM base WHERE instr(state, CAST('u5@shop.example' AS BLOB))") > 0);
	workspace_ask(w, find_person, &number);
	NEED(number);
	NEED(workspace_append_one(w, ENTRY_ERASE, STR(""), STR("{\"type\":\"erase\",\"userId\":\"u5\"}"), NULL, &e));
	usleep(500 * 1000);
	workspace_close(w);
	w = shop_open(&a, &o, false);
	NEED(w);
	usleep(500 * 1000);
	CHECK_INT(ask_int(dir, "SELECT count(*) FROM base WHERE instr(state, CAST('u5@shop.example' AS BLOB))"), 0);
	workspace_close(w);
	CHECK(is_equal(&o));
	arena_clear(&a);
	remove_dir(dir);
}

static NORETURN void
cutting_child(struct arena *a, const struct workspace_options *o, int start)
{
	struct acks acks;
	struct err e;
	uint64_t base;
	struct shop shop = {.state = (uint64_t)start * 77 + 1, .people = 300, .number = start};
	acks_init(&acks);
	struct workspace *w = shop_open(a, o, false);
	if (!w)
		_exit(9);
	for (;;) {
		for (int i = 0; i < 10; i++)
			submit(w, shop_batch(&shop, 40), &acks);
		usleep(20000);
		if (!workspace_cut(w, wall_add(clock_wall(), -30), NULL, NULL, &base, &e))
			_exit(8);
	}
}

/* Wherever it is killed, the log's ground is the old one or the new one, whole. */
TEST(killed_while_the_logs_head_is_cut_off)
{
	char *dir = fresh_dir();
	struct arena a;
	int64_t before = 0, moved = 0;
	arena_init(&a);
	struct workspace_options o = shop_options(&a, dir);
	struct workspace *w = shop_open(&a, &o, true);
	NEED(w);
	workspace_close(w);
	for (int k = 1; k <= 8; k++) {
		fflush(stdout);
		pid_t pid = fork();
		if (pid == 0)
			cutting_child(&a, &o, k * 1000000);
		usleep(400000 + (unsigned)(k * 53) % 100 * 3000);
		kill(pid, SIGKILL);
		int status;
		waitpid(pid, &status, 0);
		CHECK(WIFSIGNALED(status));
		CHECK(is_equal(&o));
		int64_t base = ask_int(dir, "SELECT coalesce((SELECT value FROM meta WHERE key = 'base'), 0)");
		CHECK(base >= before);
		moved += base > before;
		before = base;
	}
	CHECK(moved > 0);
	/* What the last one left is taken away by the next start. */
	w = shop_open(&a, &o, false);
	NEED(w);
	usleep(700 * 1000);
	check_cut(dir, (uint64_t)before);
	workspace_close(w);
	CHECK(is_equal(&o));
	arena_clear(&a);
	remove_dir(dir);
}

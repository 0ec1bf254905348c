/* Power cuts, full disks, failing disks: what was acknowledged is there afterwards, and the process ends rather than go on wrong. */
#include "tap.h"
#include "help.h"
#include "faulty_vfs.h"
#include "store/store.h"
#include <signal.h>
#include <sys/wait.h>

static int ledger;

static void
to_ledger(struct batch *b, const struct err *failure)
{
	int from = (int)(intptr_t)b->context;
	if (!failure && write(ledger, &from, sizeof(from)) != sizeof(from))
		abort();
	batch_free(b);
}

enum { ROUNDS = 60, SIZE = 25 };

/* Opens, appends, closes: everything that writes. Ends by _exit or by the fault. */
static NORETURN void
script(const char *dir, int start, uint64_t *calls)
{
	struct err e;
	struct workspace *w = open_at(dir, &e);
	if (!w)
		_exit(75);       /* the fault hit while opening: refused, nothing was acknowledged */
	struct append_port p = workspace_append(w);
	for (int i = 0; i < ROUNDS; i++) {
		struct batch *b = tracks(w, i % 4 ? "Product Viewed" : "Send", start + i * SIZE, SIZE, 40);
		b->context = (void *)(intptr_t)(start + i * SIZE);
		b->done = to_ledger;
		if (!p.submit(p.self, b, &e))
			abort();
		if (i % 10 == 0)
			usleep(25 * 1000);
	}
	workspace_close(w);
	*calls = faulty_vfs_calls();
	if (write(ledger, &(int){-1}, sizeof(int)) != sizeof(int))
		abort();
	_exit(0);
}

static bool seen[4000 * 100];

static void
read_stored(const char *dir)
{
	sqlite3 *db;
	sqlite3_stmt *st;
	struct err e;
	memset(seen, 0, sizeof(seen));
	if (!workspace_reader(dir, &db, &e)) {
		TAP_FAIL("%s", e.text);
		return;
	}
	if (sqlite3_prepare_v2(db, "SELECT message_id FROM event WHERE kind = 'track'", -1, &st, NULL) != SQLITE_OK)
		TAP_FAIL("%s", sqlite3_errmsg(db));
	while (sqlite3_step(st) == SQLITE_ROW) {
		int n = atoi((const char *)sqlite3_column_text(st, 0) + 2);
		if (seen[n])
			TAP_FAIL("%d is there twice", n);
		seen[n] = true;
	}
	sqlite3_finalize(st);
	sqlite3_close(db);
}

/* One child under one fault. Returns its status; *ret_acked batches of it were acknowledged, all of which must be stored. */
static int
suffer(const char *dir, enum fault fault, uint64_t at, int start, int *ret_acked)
{
	int fd[2], from, status, lost = 0;
	uint64_t calls;
	*ret_acked = 0;
	if (pipe(fd))
		abort();
	fflush(stdout);
	pid_t pid = fork();
	if (pid == 0) {
		ledger = fd[1];
		if (!freopen("/dev/null", "w", stderr))
			abort();
		faulty_vfs_install(fault, at, at);
		script(dir, start, &calls);
	}
	close(fd[1]);
	static int acked_from[ROUNDS + 1];
	while (read(fd[0], &from, sizeof(from)) == sizeof(from))
		if (from >= 0)
			acked_from[(*ret_acked)++] = from;
	close(fd[0]);
	waitpid(pid, &status, 0);
	read_stored(dir);
	for (int i = 0; i < *ret_acked; i++)
		for (int k = 0; k < SIZE; k++)
			lost += !seen[acked_from[i] + k];
	CHECK_INT(lost, 0);
	return status;
}

static void
check_state(const char *dir)
{
	struct workspace_options o = {.dir = dir};
	struct buf out = {0};
	struct err e = {0};
	bool equal = false;
	if (!workspace_verify(&o, &out, &equal, NULL, NULL, &e))
		TAP_FAIL("verify: %s", e.text);
	CHECK(equal);
	buf_release(&out);
}

static void
integrity(const char *dir)
{
	sqlite3 *db;
	sqlite3_stmt *st;
	struct err e;
	NEED(workspace_reader(dir, &db, &e));
	NEED(sqlite3_prepare_v2(db, "PRAGMA integrity_check", -1, &st, NULL) == SQLITE_OK);
	NEED(sqlite3_step(st) == SQLITE_ROW);
	CHECK_CSTR((const char *)sqlite3_column_text(st, 0), "ok");
	sqlite3_finalize(st);
	sqlite3_close(db);
}

TEST(without_a_fault_the_script_ends_well)
{
	char *dir = fresh_dir();
	struct err e;
	int acked;
	NEED(workspace_create(dir, &e));
	int status = suffer(dir, FAULT_NONE, 0, 0, &acked);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	CHECK_INT(acked, ROUNDS);
	check_state(dir);
	remove_dir(dir);
}

static void
run_through(enum fault fault, int points, uint64_t step)
{
	char *dir = fresh_dir();
	struct err e;
	int hit = 0;
	NEED(workspace_create(dir, &e));
	for (int i = 0; i < points; i++) {
		int acked, status = suffer(dir, fault, 1 + (uint64_t)i * step, i * ROUNDS * SIZE, &acked);
		if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
			continue;        /* the fault was never reached */
		hit++;
		if (fault == FAULT_POWER)
			CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
		else
			CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 75);
		integrity(dir);
		check_state(dir);
	}
	CHECK(hit > points / 2);
	printf("# %d of %d points hit\n", hit, points);
	remove_dir(dir);
}

TEST(a_power_cut_loses_nothing_that_was_acknowledged)
{
	run_through(FAULT_POWER, 40, 4);
}

TEST(a_full_disk_ends_the_process_before_anything_is_acknowledged_wrongly)
{
	run_through(FAULT_FULL, 15, 7);
}

TEST(a_failing_disk_ends_the_process_before_anything_is_acknowledged_wrongly)
{
	run_through(FAULT_IO, 15, 7);
}

/* The fault must bite: without syncing at commits the same cuts lose acknowledged entries. */
TEST(without_syncing_the_same_cuts_lose_what_was_acknowledged)
{
	char dir[] = "/tmp/perennial-nosync-XXXXXX", file[64];
	int lost = 0;
	NEED(mkdtemp(dir));
	snprintf(file, sizeof(file), "%s/x.db", dir);
	for (int k = 0; k < 10; k++) {
		int fd[2], last = -1, status, n = 0;
		NEED(pipe(fd) == 0);
		fflush(stdout);
		pid_t pid = fork();
		if (pid == 0) {
			sqlite3 *db;
			faulty_vfs_install(FAULT_POWER, (uint64_t)(40 + k * 13), (uint64_t)k);
			sqlite3_open(file, &db);
			sqlite3_exec(db, "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; CREATE TABLE IF NOT EXISTS t(n); DELETE FROM t", NULL, NULL, NULL);
			for (int i = 0; i < 10000; i++) {
				char sql[64];
				snprintf(sql, sizeof(sql), "INSERT INTO t VALUES (%d)", i);
				if (sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK && write(fd[1], &i, sizeof(i)) != sizeof(i))
					abort();
			}
			_exit(0);
		}
		close(fd[1]);
		while (read(fd[0], &last, sizeof(last)) == sizeof(last))
			n = last + 1;
		close(fd[0]);
		waitpid(pid, &status, 0);
		sqlite3 *db;
		sqlite3_stmt *st;
		sqlite3_open(file, &db);
		if (sqlite3_prepare_v2(db, "SELECT count(*) FROM t", -1, &st, NULL) == SQLITE_OK && sqlite3_step(st) == SQLITE_ROW)
			lost += sqlite3_column_int(st, 0) < n;
		sqlite3_finalize(st);
		sqlite3_close(db);
	}
	CHECK(lost > 0);
	char command[64];
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	CHECK(system(command) == 0);
}

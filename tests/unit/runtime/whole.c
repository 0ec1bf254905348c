/* The shard with the real engine and the retail program: recovery equals a fresh fold, also after kill -9 and in history. */
#include "tap.h"
#include "shop.h"
#include <signal.h>
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
	struct program *p = retail(a, workspace_zones(w), o);
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

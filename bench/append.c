/* append.c -- the shard's append path with an engine that does nothing, against SQLite appending the same blocks.
 *
 * Prints one `name: value` a line. Batches of 500 are made by two threads ahead of time, so what is measured is the shard. */
#include "base/clock.h"
#include "base/limits.h"
#include "base/map.h"
#include "log/block.h"
#include "log/item.h"
#include "runtime/runtime.h"
#include "store/store.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BATCH = 500, BATCHES = 2000 };

static struct batch *
make(int number, int n)
{
	struct batch *b = batch_new();
	struct buf text = {0};
	size_t *at = mem_alloc(sizeof(size_t) * (size_t)(n + 1));
	for (int i = 0; i < n; i++) {
		int k = number * n + i;
		at[i] = text.len;
		buf_printf(&text,
		    "{\"type\":\"track\",\"event\":\"Product Viewed\",\"userId\":\"user-%d\",\"messageId\":\"9f8c7b6a-%08d-4711\",\"timestamp\":\"2026-03-02T17:%02d:%02d.%03dZ\","
		    "\"context\":{\"page\":{\"url\":\"https://shop.example/p/%d\"}},\"properties\":{\"product_id\":\"sku-%d\",\"price\":%d.5,\"category\":\"shoes\"}}",
		    k % 100000, k, k / 60 % 60, k % 60, k % 1000, k % 5000, k % 5000, k % 90);
	}
	at[n] = text.len;
	b->text = arena_str(&b->arena, buf_str(&text));
	b->n = (uint32_t)n;
	b->entries = arena_array(&b->arena, struct entry, n);
	for (int i = 0; i < n; i++)
		b->entries[i] = (struct entry){.kind = ENTRY_TRACK, .name = STR("Product Viewed"), .source = STR("key"), .trust = TRUST_SERVER,
		    .happened = {1700000000000 + number}, .text = str_slice(b->text, at[i], at[i + 1]), .id_hash = hash_u64((uint64_t)number * BATCH + (uint64_t)i + 1)};
	mem_free(at);
	buf_release(&text);
	batch_pack(b);
	return b;
}

static struct { pthread_mutex_t mutex; pthread_cond_t cond; int got; int64_t latest[BATCHES * BATCH]; } acks = {.mutex = PTHREAD_MUTEX_INITIALIZER,
    .cond = PTHREAD_COND_INITIALIZER};

static void
acked(struct batch *b, const struct err *failure)
{
	if (failure)
		abort();
	int64_t *sent = b->context;
	*sent = clock_mono_ns() - *sent;
	pthread_mutex_lock(&acks.mutex);
	acks.got++;
	pthread_cond_signal(&acks.cond);
	pthread_mutex_unlock(&acks.mutex);
}

static int
by_value(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
	return x < y ? -1 : x > y;
}

/* At most `open` batches are under way at once, as with so many connections. */
static double
run(struct workspace *w, struct batch **batches, int n, int open)
{
	struct append_port p = workspace_append(w);
	struct err e;
	acks.got = 0;
	int64_t began = clock_mono_ns();
	for (int i = 0; i < n; i++) {
		pthread_mutex_lock(&acks.mutex);
		while (i - acks.got >= open)
			pthread_cond_wait(&acks.cond, &acks.mutex);
		pthread_mutex_unlock(&acks.mutex);
		acks.latest[i] = clock_mono_ns();
		batches[i]->context = &acks.latest[i];
		batches[i]->done = acked;
		while (!p.submit(p.self, batches[i], &e))
			usleep(200);
	}
	pthread_mutex_lock(&acks.mutex);
	while (acks.got < n)
		pthread_cond_wait(&acks.cond, &acks.mutex);
	pthread_mutex_unlock(&acks.mutex);
	double seconds = (double)(clock_mono_ns() - began) / 1e9;
	qsort(acks.latest, (size_t)n, sizeof(acks.latest[0]), by_value);
	return seconds;
}

/* The same blocks by plain inserts, as many in a transaction as the shard takes. */
static double
raw(const char *dir, struct batch **batches, int n, int batches_a_commit)
{
	struct store *s;
	struct err e;
	char file[256];
	static uint8_t items[LIMIT_BLOCK_ENTRIES * ITEM_BYTES];
	int64_t seq = 1;
	snprintf(file, sizeof(file), "%s/raw.db", dir);
	if (!store_create(file, &e) || !store_open_writer(file, &s, &e)) {
		fprintf(stderr, "%s\n", e.text);
		exit(1);
	}
	int64_t began = clock_mono_ns();
	for (int i = 0; i < n; i++) {
		bool ok = i % batches_a_commit || store_run(s, QUERY_BEGIN, &e);
		for (uint32_t k = 0; ok && k < batches[i]->n_packed; k++) {
			const struct packed *pk = &batches[i]->packed[k];
			store_int(s, QUERY_BLOCK_INSERT, 1, seq);
			store_int(s, QUERY_BLOCK_INSERT, 2, pk->n);
			store_int(s, QUERY_BLOCK_INSERT, 3, pk->codec);
			store_bytes(s, QUERY_BLOCK_INSERT, 4, pk->lz4);
			store_int(s, QUERY_BLOCK_INDEX_INSERT, 1, seq);
			store_bytes(s, QUERY_BLOCK_INDEX_INSERT, 2, (struct str){(char *)items, pk->n * ITEM_BYTES});
			ok = store_run(s, QUERY_BLOCK_INSERT, &e) && store_run(s, QUERY_BLOCK_INDEX_INSERT, &e);
			seq += pk->n;
		}
		if (ok && (i + 1) % batches_a_commit == 0)
			ok = store_run(s, QUERY_COMMIT, &e) && store_checkpoint(s, false, &e);
		if (!ok) {
			fprintf(stderr, "%s\n", e.text);
			exit(1);
		}
	}
	double seconds = (double)(clock_mono_ns() - began) / 1e9;
	store_close(s);
	return seconds;
}

static void
figures(struct workspace *w, const char *of)
{
	struct buf json = {0};
	struct json_writer jw = json_writer_on(&json);
	workspace_metrics_json(w, &jw);
	printf("append_metrics_%s: %.*s\n", of, (int)json.len, json.ptr);
	buf_release(&json);
}

int
main(int argc, char **argv)
{
	struct err e;
	struct workspace *w;
	char dir[256], command[600];
	static struct batch *batches[BATCHES * BATCH];
	int singles = 200000;
	/* The folder decides what a flush costs; /dev/shm shows the shard without it. */
	snprintf(dir, sizeof(dir), "%s/perennial-bench-XXXXXX", argc > 1 ? argv[1] : "/tmp");
	if (!mkdtemp(dir) || !workspace_create(dir, &e) || !workspace_open(&(struct workspace_options){.dir = dir}, &w, &e)) {
		fprintf(stderr, "%s\n", e.text);
		return 1;
	}
	for (int i = 0; i < BATCHES; i++)
		batches[i] = make(i, BATCH);
	double raw_s = raw(dir, batches, BATCHES, 8);
	double shard_s = run(w, batches, BATCHES, 16);
	printf("append_batch_events_per_s: %.0f\n", BATCHES * BATCH / shard_s);
	printf("append_batch_p50_ms: %.2f\nappend_batch_p99_ms: %.2f\n", (double)acks.latest[BATCHES / 2] / 1e6, (double)acks.latest[BATCHES * 99 / 100] / 1e6);
	printf("append_raw_events_per_s: %.0f\n", BATCHES * BATCH / raw_s);
	printf("append_to_raw: %.2f\n", raw_s / shard_s);
	figures(w, "batch");
	for (int i = 0; i < BATCHES; i++)
		batch_free(batches[i]);
	for (int i = 0; i < singles; i++)
		batches[i] = make(BATCHES * BATCH + i, 1);
	double single_s = run(w, batches, singles, 64);
	printf("append_single_per_s: %.0f\n", singles / single_s);
	printf("append_single_p50_ms: %.2f\nappend_single_p99_ms: %.2f\n", (double)acks.latest[singles / 2] / 1e6, (double)acks.latest[singles * 99 / 100] / 1e6);
	for (int i = 0; i < singles; i++)
		batch_free(batches[i]);
	figures(w, "all");
	workspace_close(w);
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command);
}

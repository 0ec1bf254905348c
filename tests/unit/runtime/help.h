/* help.h -- workspaces in a fresh folder, and batches, for the tests of runtime. */
#pragma once
#include "base/map.h"
#include "runtime/runtime.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static inline char *
fresh_dir(void)
{
	char path[] = "/tmp/perennial-test-XXXXXX";
	if (!mkdtemp(path))
		abort();
	return strdup(path);
}

static inline void
remove_dir(char *dir)
{
	char command[256];
	snprintf(command, sizeof(command), "rm -rf '%s'", dir);
	if (system(command))
		abort();
	free(dir);
}

static inline struct workspace *
open_at(const char *dir, struct err *e)
{
	struct workspace *w = NULL;
	struct workspace_options o = {.dir = dir};
	return workspace_open(&o, &w, e) ? w : NULL;
}

/* Counts acknowledgements; waits for them. */
struct acks { pthread_mutex_t mutex; pthread_cond_t all; int wanted, got; uint32_t accepted, duplicates; };

static inline void
acks_init(struct acks *a)
{
	memset(a, 0, sizeof(*a));
	pthread_mutex_init(&a->mutex, NULL);
	pthread_cond_init(&a->all, NULL);
}

static inline void
acked(struct batch *b, const struct err *failure)
{
	struct acks *a = b->context;
	pthread_mutex_lock(&a->mutex);
	a->got++;
	if (!failure) {
		a->accepted += b->accepted;
		a->duplicates += b->duplicates;
	}
	pthread_cond_broadcast(&a->all);
	pthread_mutex_unlock(&a->mutex);
	batch_free(b);
}

static inline void
acks_wait(struct acks *a)
{
	pthread_mutex_lock(&a->mutex);
	while (a->got < a->wanted)
		pthread_cond_wait(&a->all, &a->mutex);
	pthread_mutex_unlock(&a->mutex);
}

/* A batch of n tracks of the users from..from+n-1, with message ids. */
static inline struct batch *
tracks(const struct workspace *w, const char *event, int from, int n, int users)
{
	struct batch *b = batch_new();
	struct buf text = {0};
	size_t *at = mem_alloc(sizeof(size_t) * (size_t)(n + 1));
	(void)w;
	for (int i = 0; i < n; i++) {
		at[i] = text.len;
		buf_printf(&text, "{\"type\":\"track\",\"event\":\"%s\",\"userId\":\"user-%d\",\"messageId\":\"m-%d\",\"properties\":{\"product_id\":\"sku-%d\",\"price\":%d.5}}",
		    event, (from + i) % users, from + i, i % 97, i % 50);
	}
	at[n] = text.len;
	b->text = arena_str(&b->arena, buf_str(&text));
	b->n = (uint32_t)n;
	b->entries = arena_array(&b->arena, struct entry, n);
	for (int i = 0; i < n; i++) {
		struct err e;
		char id[32];
		snprintf(id, sizeof(id), "m-%d", from + i);
		b->entries[i] = (struct entry){.kind = ENTRY_TRACK, .name = arena_str(&b->arena, str_of(event)), .source = STR("key"), .trust = TRUST_SERVER,
		    .happened = {1700000000000 + from + i}, .text = str_slice(b->text, at[i], at[i + 1])};
		b->entries[i].id_hash = hash_stable(str_of(id));
		if (!json_parse_arena(&b->arena, b->entries[i].text, &b->entries[i].body, &e))
			abort();
	}
	mem_free(at);
	buf_release(&text);
	batch_pack(b);
	return b;
}

static inline bool
submit(struct workspace *w, struct batch *b, struct acks *a)
{
	struct append_port p = workspace_append(w);
	struct err e;
	b->context = a;
	b->done = acked;
	pthread_mutex_lock(&a->mutex);
	a->wanted++;
	pthread_mutex_unlock(&a->mutex);
	if (p.submit(p.self, b, &e))
		return true;
	pthread_mutex_lock(&a->mutex);
	a->wanted--;
	pthread_mutex_unlock(&a->mutex);
	batch_free(b);
	return false;
}

/* arena.h -- memory by lifetime: a request, a tick, a batch or a program owns one arena; nothing in it is freed singly.
 *
 * A function that takes `struct arena *` returns what lives in it. Out of memory panics, save where an arena was given
 * a limit: then `arena_try` returns NULL. */
#pragma once
#include "base/base.h"

struct arena {
	struct arena_chunk *chunk;
	size_t used;      /* bytes handed out since init or reset */
	size_t limit;     /* 0 = none; else arena_try refuses beyond it */
	uint64_t emptied; /* how often: tells whether what was found in it is still there */
};

void arena_init(struct arena *a);
void arena_init_limited(struct arena *a, size_t limit_bytes);
/* Keeps one chunk for the next use. */
void arena_reset(struct arena *a);
void arena_clear(struct arena *a);

/* Zeroed memory, aligned to 16. Never NULL. */
void *arena_alloc(struct arena *a, size_t size);
/* NULL when the limit would be passed. */
void *arena_try(struct arena *a, size_t size);
/* Grows the latest allocation in place where it can; else copies. */
void *arena_grow(struct arena *a, void *old, size_t old_size, size_t new_size);

#define arena_new(a, type) ((type *)arena_alloc((a), sizeof(type)))
#define arena_array(a, type, n) ((type *)arena_alloc((a), sizeof(type) * (size_t)(n)))

struct str arena_str(struct arena *a, struct str s);            /* a copy, followed by a NUL byte */
const char *arena_cstr(struct arena *a, struct str s);
/* The parts one behind the other, without the cost of a format. */
struct str arena_join(struct arena *a, const struct str *parts, size_t n);
#define ARENA_JOIN(a, ...)                                                                                                    \
	arena_join((a), (const struct str[]){__VA_ARGS__}, sizeof((const struct str[]){__VA_ARGS__}) / sizeof(struct str))
struct str arena_printf(struct arena *a, const char *format, ...) PRINTF(2, 3);

/* Heap memory that panics when there is none. */
void *mem_alloc(size_t size);                 /* zeroed */
void *mem_realloc(void *old, size_t size);
void mem_free(void *p);

#include "base/arena.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { FIRST_CHUNK = 4 * 1024, LARGEST_CHUNK = 1024 * 1024 };

struct arena_chunk {
	struct arena_chunk *before;
	size_t size, used;                           /* of `bytes` */
	_Alignas(16) char bytes[];
};

void
arena_init(struct arena *a)
{
	*a = (struct arena){0};
}

void
arena_init_limited(struct arena *a, size_t limit_bytes)
{
	*a = (struct arena){.limit = limit_bytes};
}

static void
free_chunks(struct arena_chunk *c)
{
	while (c) {
		struct arena_chunk *before = c->before;
		mem_free(c);
		c = before;
	}
}

/* The latest chunk is the largest: it stays, so that a batch like the one before needs no allocation at all. */
void
arena_reset(struct arena *a)
{
	if (a->chunk) {
		free_chunks(a->chunk->before);
		a->chunk->before = NULL;
		a->chunk->used = 0;
	}
	a->used = 0;
	a->emptied++;
}

void
arena_clear(struct arena *a)
{
	free_chunks(a->chunk);
	a->chunk = NULL;
	a->used = 0;
	a->emptied++;
}

static void
add_chunk(struct arena *a, size_t size)
{
	size_t want = a->chunk ? a->chunk->size * 2 : FIRST_CHUNK;
	if (want > LARGEST_CHUNK)
		want = LARGEST_CHUNK;
	if (want < size)
		want = size;
	struct arena_chunk *c = mem_realloc(NULL, sizeof(*c) + want);
	*c = (struct arena_chunk){.before = a->chunk, .size = want};
	a->chunk = c;
}

/* Not zeroed. */
static void *
take(struct arena *a, size_t size)
{
	size_t rounded = (size + 15) & ~(size_t)15;
	ASSERT(rounded >= size);
	if (!a->chunk || a->chunk->size - a->chunk->used < rounded)
		add_chunk(a, rounded);
	void *p = a->chunk->bytes + a->chunk->used;
	a->chunk->used += rounded;
	a->used += rounded;
	return p;
}

void *
arena_try(struct arena *a, size_t size)
{
	if (a->limit && (size > a->limit || a->used > a->limit - size))
		return NULL;
	void *p = take(a, size);
	memset(p, 0, size);
	return p;
}

void *
arena_alloc(struct arena *a, size_t size)
{
	void *p = take(a, size);
	memset(p, 0, size);
	return p;
}

void *
arena_grow(struct arena *a, void *old, size_t old_size, size_t new_size)
{
	size_t was = (old_size + 15) & ~(size_t)15, will = (new_size + 15) & ~(size_t)15;
	struct arena_chunk *c = a->chunk;
	if (new_size <= old_size)
		return old;
	if (old && c && (char *)old + was == c->bytes + c->used && c->size - c->used >= will - was) {
		c->used += will - was;
		a->used += will - was;
		memset((char *)old + old_size, 0, new_size - old_size);
		return old;
	}
	void *p = arena_alloc(a, new_size);
	if (old_size)
		memcpy(p, old, old_size);
	return p;
}

struct str
arena_str(struct arena *a, struct str s)
{
	char *p = take(a, s.len + 1);
	if (s.len)
		memcpy(p, s.ptr, s.len);
	p[s.len] = '\0';
	return (struct str){p, s.len};
}

const char *
arena_cstr(struct arena *a, struct str s)
{
	return arena_str(a, s).ptr;
}

struct str
arena_join(struct arena *a, const struct str *parts, size_t n)
{
	size_t len = 0;
	for (size_t i = 0; i < n; i++)
		len += parts[i].len;
	char *p = take(a, len + 1), *at = p;
	for (size_t i = 0; i < n; i++) {
		if (parts[i].len)
			memcpy(at, parts[i].ptr, parts[i].len);
		at += parts[i].len;
	}
	*at = '\0';
	return (struct str){p, len};
}

struct str
arena_printf(struct arena *a, const char *format, ...)
{
	va_list args, again;
	va_start(args, format);
	ASSERT(format);
	va_copy(again, args);
	char first[256];                 /* most fit, and are formatted once */
	int n = vsnprintf(first, sizeof(first), format, args);
	va_end(args);
	ASSERT(n >= 0);
	char *p = take(a, (size_t)n + 1);
	if ((size_t)n < sizeof(first))
		memcpy(p, first, (size_t)n + 1);
	else
		vsnprintf(p, (size_t)n + 1, format, again);
	va_end(again);
	return (struct str){p, (size_t)n};
}

#include "base/arena.h"
#include "base/vec.h"
#include <stdlib.h>

static void *
checked(void *p, size_t size)
{
	if (!p)
		assert_failed(__FILE__, __LINE__, __func__, size ? "out of memory" : "allocation of nothing");
	return p;
}

void *
mem_alloc(size_t size)
{
	return checked(calloc(1, size ? size : 1), size);
}

void *
mem_realloc(void *old, size_t size)
{
	return checked(realloc(old, size ? size : 1), size);
}

void
mem_free(void *p)
{
	free(p);
}

void *
vec_grow_(void *items, size_t *cap, size_t need, size_t item_size)
{
	size_t to = *cap ? *cap * 2 : 8, bytes;
	if (to < need)
		to = need;
	ASSERT(!__builtin_mul_overflow(to, item_size, &bytes));
	*cap = to;
	return mem_realloc(items, bytes);
}

/* vec.h -- growing arrays on the heap.
 *
 *	VEC(struct step) steps = {0};
 *	*vec_push(&steps) = (struct step){…};
 *	for (size_t i = 0; i < steps.len; i++) use(&steps.items[i]);
 *	vec_release(&steps); */
#pragma once
#include "base/arena.h"
#include <string.h>

#define VEC(type)            \
	struct {             \
		type *items; \
		size_t len, cap; \
	}

#define vec_reserve(v, n) \
	((v)->cap >= (n) ? (void)0 : (void)((v)->items = vec_grow_((v)->items, &(v)->cap, (n), sizeof(*(v)->items))))
/* A zeroed new last item; evaluates to its address. */
#define vec_push(v)                               \
	(vec_reserve((v), (v)->len + 1),          \
	 memset(&(v)->items[(v)->len], 0, sizeof(*(v)->items)), &(v)->items[(v)->len++])
/* Room for one item at i, the rest moved up; evaluates to its address. */
#define vec_insert(v, i)                                                                       \
	(vec_reserve((v), (v)->len + 1),                                                       \
	 memmove(&(v)->items[(i) + 1], &(v)->items[i], ((v)->len - (i)) * sizeof(*(v)->items)), \
	 memset(&(v)->items[i], 0, sizeof(*(v)->items)), (v)->len++, &(v)->items[i])
#define vec_remove(v, i) \
	(memmove(&(v)->items[i], &(v)->items[(i) + 1], ((v)->len - (i)-1) * sizeof(*(v)->items)), (void)(v)->len--)
#define vec_last(v) (&(v)->items[(v)->len - 1])
#define vec_release(v) (mem_free((v)->items), (v)->items = NULL, (v)->len = (v)->cap = 0)

void *vec_grow_(void *items, size_t *cap, size_t need, size_t item_size);

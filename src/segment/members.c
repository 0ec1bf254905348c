#include "segment/members.h"
#include <roaring/roaring.h>

struct members {
	roaring_bitmap_t *set;
};

static struct members *
members_of(roaring_bitmap_t *set)
{
	ASSERT(set);
	struct members *m = mem_alloc(sizeof(*m));
	m->set = set;
	return m;
}

struct members *
members_new(void)
{
	return members_of(roaring_bitmap_create());
}

void
members_free(struct members *m)
{
	if (!m)
		return;
	roaring_bitmap_free(m->set);
	mem_free(m);
}

struct members *
members_copy(const struct members *m)
{
	return members_of(roaring_bitmap_copy(m->set));
}

void
members_clear(struct members *m)
{
	roaring_bitmap_clear(m->set);
}

bool
members_add(struct members *m, uint32_t number)
{
	return roaring_bitmap_add_checked(m->set, number);
}

bool
members_remove(struct members *m, uint32_t number)
{
	return roaring_bitmap_remove_checked(m->set, number);
}

bool
members_have(const struct members *m, uint32_t number)
{
	return roaring_bitmap_contains(m->set, number);
}

uint64_t
members_count(const struct members *m)
{
	return roaring_bitmap_get_cardinality(m->set);
}

void
members_and(struct members *m, const struct members *other)
{
	roaring_bitmap_and_inplace(m->set, other->set);
}

void
members_or(struct members *m, const struct members *other)
{
	roaring_bitmap_or_inplace(m->set, other->set);
}

void
members_andnot(struct members *m, const struct members *other)
{
	if (m == other)
		members_clear(m);
	else
		roaring_bitmap_andnot_inplace(m->set, other->set);
}

uint64_t
members_overlap(const struct members *a, const struct members *b)
{
	return roaring_bitmap_and_cardinality(a->set, b->set);
}

struct visit {
	bool (*take)(void *self, uint32_t number);
	void *self;
};

static bool
visit_one(uint32_t number, void *param)
{
	const struct visit *v = param;
	return v->take(v->self, number);
}

void
members_each(const struct members *m, bool (*take)(void *self, uint32_t number), void *self)
{
	struct visit v = {take, self};
	roaring_iterate(m->set, visit_one, &v);
}

uint32_t
members_next(const struct members *m, uint32_t from)
{
	roaring_uint32_iterator_t it;
	roaring_init_iterator(m->set, &it);
	return roaring_move_uint32_iterator_equalorlarger(&it, from) ? it.current_value : UINT32_MAX;
}

void
members_write(struct members *m, struct buf *out)
{
	roaring_bitmap_run_optimize(m->set);
	size_t n = roaring_bitmap_portable_size_in_bytes(m->set);
	buf_reserve(out, n);
	out->len += roaring_bitmap_portable_serialize(m->set, out->ptr + out->len);
	out->ptr[out->len] = '\0';
}

struct members *
members_read(struct str bytes)
{
	roaring_bitmap_t *set = bytes.len ? roaring_bitmap_portable_deserialize_safe(bytes.ptr, bytes.len) : NULL;
	return set ? members_of(set) : NULL;
}

size_t
members_bytes(const struct members *m)
{
	return sizeof(*m) + roaring_bitmap_portable_size_in_bytes(m->set);
}

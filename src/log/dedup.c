#include "log/dedup.h"
#include "base/arena.h"
#include <string.h>
#include <sys/mman.h>

enum { PLACE_BITS = 23, TAG_BITS = 32 - PLACE_BITS };
#define PLACE_MASK (((uint32_t)1 << PLACE_BITS) - 1)

struct dedup {
	uint64_t *ring;
	uint32_t *slots;                 /* 0 = empty; else tag << 23 | place; a used slot's tag is never 0 */
	uint32_t window, mask;
	uint32_t next, count;            /* place of the next id; ids held */
	size_t ring_bytes, slot_bytes;
};

static void *
pages(size_t bytes, bool touch)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | (touch ? MAP_POPULATE : 0), -1, 0);
	ASSERT(p != MAP_FAILED);
	return p;
}

struct dedup *
dedup_new(uint32_t window, bool touch)
{
	ASSERT(window > 0 && window <= (uint32_t)1 << PLACE_BITS);
	struct dedup *d = mem_alloc(sizeof(*d));
	d->window = 64;
	while (d->window < window)
		d->window *= 2;
	d->mask = d->window * 2 - 1;
	d->ring_bytes = sizeof(uint64_t) * d->window;
	d->slot_bytes = sizeof(uint32_t) * d->window * 2;
	d->ring = pages(d->ring_bytes, touch);
	d->slots = pages(d->slot_bytes, touch);
	return d;
}

void
dedup_free(struct dedup *d)
{
	if (!d)
		return;
	munmap(d->ring, d->ring_bytes);
	munmap(d->slots, d->slot_bytes);
	mem_free(d);
}

/* The slot comes from the low bits, the tag from the high ones; 511 tags, since 0 marks an empty slot. */
static uint32_t
tag_of(uint64_t id_hash)
{
	return (uint32_t)((id_hash >> 40) % (((uint32_t)1 << TAG_BITS) - 1)) + 1;
}

/* The id's slot, or the empty one where it would stand. */
static uint32_t
find(const struct dedup *d, uint64_t id_hash, bool *found)
{
	uint32_t at = (uint32_t)id_hash & d->mask;
	uint32_t tag = tag_of(id_hash);
	for (;; at = (at + 1) & d->mask) {
		uint32_t slot = d->slots[at];
		*found = slot && slot >> PLACE_BITS == tag && d->ring[slot & PLACE_MASK] == id_hash;
		if (!slot || *found)
			return at;
	}
}

bool
dedup_has(const struct dedup *d, uint64_t id_hash)
{
	bool found = false;
	if (id_hash)
		find(d, id_hash, &found);
	return found;
}

/* Empties a slot and moves up what stood behind it, so that every id stays reachable from where its hash points. */
static void
empty(struct dedup *d, uint32_t hole)
{
	for (uint32_t at = (hole + 1) & d->mask; d->slots[at]; at = (at + 1) & d->mask) {
		uint32_t home = (uint32_t)d->ring[d->slots[at] & PLACE_MASK] & d->mask;
		if (((at - home) & d->mask) >= ((at - hole) & d->mask)) {
			d->slots[hole] = d->slots[at];
			hole = at;
		}
	}
	d->slots[hole] = 0;
}

static void
forget_oldest(struct dedup *d)
{
	bool found;
	uint32_t at = find(d, d->ring[d->next], &found);
	ASSERT(found);
	empty(d, at);
	d->count--;
}

bool
dedup_add(struct dedup *d, uint64_t id_hash)
{
	bool found;
	if (!id_hash)
		return true;
	uint32_t at = find(d, id_hash, &found);
	if (found)
		return false;
	if (d->count == d->window) {
		forget_oldest(d);
		at = find(d, id_hash, &found);
	}
	d->ring[d->next] = id_hash;
	d->slots[at] = tag_of(id_hash) << PLACE_BITS | d->next;
	d->next = (d->next + 1) & (d->window - 1);
	d->count++;
	return true;
}

void
dedup_touch(const struct dedup *d, uint64_t id_hash)
{
	__builtin_prefetch(&d->slots[(uint32_t)id_hash & d->mask], 1);
}

uint32_t
dedup_count(const struct dedup *d)
{
	return d->count;
}

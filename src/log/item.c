#include "log/item.h"
#include <string.h>

/* Instants of the years 1 to 6429 fit into six bytes; what lies outside is cut off. */
#define WALL48_MAX (((int64_t)1 << 47) - 1)
#define WALL48_MIN (-((int64_t)1 << 47))

static void
put(uint8_t *to, uint64_t value, size_t bytes)
{
	memcpy(to, &value, bytes);       /* the file is little-endian, as every machine we build for (static_assert below) */
}

static uint64_t
get(const uint8_t *from, size_t bytes)
{
	uint64_t value = 0;
	memcpy(&value, from, bytes);
	return value;
}

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the codecs copy integers as they stand");

static uint64_t
wall48(wall t)
{
	int64_t ms = t.ms > WALL48_MAX ? WALL48_MAX : t.ms < WALL48_MIN ? WALL48_MIN : t.ms;
	return (uint64_t)ms;
}

static wall
wall_of48(uint64_t bits)
{
	return (wall){(int64_t)(bits << 16) >> 16};
}

void
item_write(const struct item *it, uint8_t to[ITEM_BYTES])
{
	ASSERT(it->kind < ENTRY_KIND_COUNT);
	uint8_t flags = (uint8_t)(it->trust | (unsigned)it->history << 2 | it->answer << 3 | (unsigned)it->erased << 5);
	put(to, it->place, 4);
	put(to + 4, it->name, 4);
	put(to + 8, wall48(it->at), 6);
	put(to + 14, wall48(it->happened), 6);
	to[20] = (uint8_t)it->kind;
	to[21] = flags;
	put(to + 22, it->source, 2);
	put(to + 24, it->profile, 4);
	put(to + 28, it->absorbed, 4);
	put(to + 32, it->id_hash, 8);
	put(to + 40, it->prev, 4);
	put(to + 44, it->prev_absorbed, 4);
}

bool
item_read(const uint8_t from[ITEM_BYTES], struct item *ret)
{
	uint8_t flags = from[21];
	if (from[20] >= ENTRY_KIND_COUNT || flags >> 6)
		return false;
	*ret = (struct item){
		.place = (uint32_t)get(from, 4),
		.name = (uint32_t)get(from + 4, 4),
		.at = wall_of48(get(from + 8, 6)),
		.happened = wall_of48(get(from + 14, 6)),
		.kind = from[20],
		.trust = flags & 3,
		.history = flags >> 2 & 1,
		.answer = flags >> 3 & 3,
		.erased = flags >> 5 & 1,
		.source = (uint16_t)get(from + 22, 2),
		.profile = (uint32_t)get(from + 24, 4),
		.absorbed = (uint32_t)get(from + 28, 4),
		.id_hash = get(from + 32, 8),
		.prev = (uint32_t)get(from + 40, 4),
		.prev_absorbed = (uint32_t)get(from + 44, 4),
	};
	return true;
}

uint32_t
item_place(const uint8_t from[ITEM_BYTES])
{
	return (uint32_t)get(from, 4);
}

void
item_set_place(uint8_t item[ITEM_BYTES], uint32_t place)
{
	put(item, place, 4);
}

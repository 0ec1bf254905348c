/* batch.c -- what one request brings: made, packed by its maker's thread, freed. */
#include "log/append.h"
#include "base/limits.h"
#include "log/block.h"

struct batch *
batch_new(void)
{
	struct batch *b = mem_alloc(sizeof(*b));
	arena_init(&b->arena);
	b->lane = LANE_LIVE;
	return b;
}

void
batch_free(struct batch *b)
{
	if (!b)
		return;
	json_parser_free(b->parser);
	arena_clear(&b->arena);
	mem_free(b);
}

/* The texts of entries [first, first + n), which stand one after the other. */
static struct str
run_text(const struct batch *b, uint32_t first, uint32_t n)
{
	const struct entry *last = &b->entries[first + n - 1];
	const char *from = b->entries[first].text.ptr;
	return (struct str){from, (size_t)(last->text.ptr + last->text.len - from)};
}

void
batch_pack(struct batch *b)
{
	struct buf body = {0};
	uint32_t runs = (b->n + LIMIT_BLOCK_ENTRIES - 1) / LIMIT_BLOCK_ENTRIES;
	b->packed = arena_array(&b->arena, struct packed, runs ? runs : 1);
	b->n_packed = 0;
	/* A short run is packed again by the shard together with its neighbours, so compressing it here would be in vain. */
	for (uint32_t first = 0; b->n - first >= PACKED_RUN_MIN; first += b->packed[b->n_packed - 1].n) {
		uint32_t n = b->n - first < LIMIT_BLOCK_ENTRIES ? b->n - first : LIMIT_BLOCK_ENTRIES;
		struct str raw = run_text(b, first, n);
		buf_reset(&body);
		uint8_t codec = (uint8_t)block_pack(raw, &body);
		b->packed[b->n_packed++] = (struct packed){first, n, arena_str(&b->arena, buf_str(&body)), (uint32_t)raw.len, codec};
	}
	buf_release(&body);
}

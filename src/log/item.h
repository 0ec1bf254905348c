/* item.h -- what the index says of one entry: 48 bytes beside its JSON text.
 *
 *	place u32 · name u32 · at i48 · happened i48 · kind u8 · flags u8 · source u16 · profile u32 · absorbed u32 ·
 *	id_hash u64 · prev u32 · prev_absorbed u32             (little-endian)
 *
 * The answers to the two questions that concern more than one person stand here and nowhere else: whose entry it is (profile, and
 * whom it absorbed) and what a mark was told. `prev` is how many entries back the previous one of the same person is; an item
 * that absorbs continues both chains. Pure. */
#pragma once
#include "event/entry.h"

enum { ITEM_BYTES = 48 };
/* The name did not fit into the table of names: it stands in the body. */
#define ITEM_NAME_IN_BODY UINT32_MAX

struct item {
	uint32_t place;                  /* of its text in the block; it ends where the next begins */
	uint32_t name;                   /* number in the table name */
	wall at, happened;
	enum entry_kind kind;
	enum trust trust;
	enum mark_answer answer;
	bool history, erased;
	uint16_t source;                 /* number in the table source */
	uint32_t profile, absorbed;
	uint64_t id_hash;
	uint32_t prev, prev_absorbed;    /* how far back; 0 = none */
};

void item_write(const struct item *it, uint8_t to[ITEM_BYTES]);
/* False when the bytes cannot be an item (a kind that does not exist). */
MUST_CHECK bool item_read(const uint8_t from[ITEM_BYTES], struct item *ret);
/* Only the place moves when blocks are packed together. */
uint32_t item_place(const uint8_t from[ITEM_BYTES]);
void item_set_place(uint8_t item[ITEM_BYTES], uint32_t place);

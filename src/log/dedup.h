/* dedup.h -- the message ids that were seen, in a window of a named number of ids; the oldest go first.
 *
 * Ids come as keyed 64-bit hashes (of source and messageId), so a client cannot choose collisions; a genuine entry is taken
 * for a duplicate with a chance of about window / 2^64. A ring keeps the hashes in order of arrival, a table finds them:
 * each slot holds a place in the ring and nine bits of the hash, so that most questions are answered without the ring.
 * 16 bytes an id. Not thread-safe. */
#pragma once
#include "base/base.h"

struct dedup;
/* window: ids remembered, rounded up to a power of two at most 2^23. touch: takes the memory now, so that no page is
 * missing later, under load; a command that runs for a moment does without. */
struct dedup *dedup_new(uint32_t window, bool touch);
void dedup_free(struct dedup *d);
/* True when the id is new; it is remembered from now on. 0 is "no id" and always new. */
bool dedup_add(struct dedup *d, uint64_t id_hash);
bool dedup_has(const struct dedup *d, uint64_t id_hash);
/* Brings the slot of an id that will be asked for soon into the cache. */
void dedup_touch(const struct dedup *d, uint64_t id_hash);
uint32_t dedup_count(const struct dedup *d);

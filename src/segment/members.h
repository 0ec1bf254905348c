/* members.h -- a set of people by number, kept as a CRoaring bitmap: counts, overlaps and set algebra are instant. Pure.
 *
 * Sets are rebuilt from the profiles' own bits when a snapshot is loaded, so they never stand on disk; the portable bytes are for
 * readers outside the fold thread and for other programs (CRoaring's portable format, the same in Java, Go and Rust). */
#pragma once
#include "base/str.h"

struct members;
struct members *members_new(void);
void members_free(struct members *m);
struct members *members_copy(const struct members *m);
void members_clear(struct members *m);
/* True when that changed something. */
bool members_add(struct members *m, uint32_t number);
bool members_remove(struct members *m, uint32_t number);
bool members_have(const struct members *m, uint32_t number);
uint64_t members_count(const struct members *m);
/* m becomes m and/or/without other. */
void members_and(struct members *m, const struct members *other);
void members_or(struct members *m, const struct members *other);
void members_andnot(struct members *m, const struct members *other);
/* How many both hold, without making the set. */
uint64_t members_overlap(const struct members *a, const struct members *b);
/* In ascending order, until take returns false. */
void members_each(const struct members *m, bool (*take)(void *self, uint32_t number), void *self);
/* The first member >= from; UINT32_MAX when there is none. For walks in slices. */
uint32_t members_next(const struct members *m, uint32_t from);
/* Appends the portable bytes, runs packed. */
void members_write(struct members *m, struct buf *out);
/* NULL when the bytes are no bitmap. */
struct members *members_read(struct str bytes);
size_t members_bytes(const struct members *m);

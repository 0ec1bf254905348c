/* packed.h -- bytes made small, with a sum that tells whether they came back as they went.
 *
 * What a person keeps of the past repeats itself: the same order stands in several features, every product line has the same keys.
 * Packed, it is a tenth; and whoever is loaded but never met again stays packed. Pure. */
#pragma once
#include "base/str.h"

struct packer;
struct packer *packer_new(void);
void packer_free(struct packer *p);
void pack_bytes(struct packer *p, struct str raw, struct buf *out);
/* Are these bytes what pack_bytes made? */
bool packed_is_whole(struct str packed);
/* Appends what was packed; false when the bytes are not whole. */
MUST_CHECK bool unpack_bytes(struct packer *p, struct str packed, struct buf *out);

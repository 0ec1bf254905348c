/* block.h -- up to LIMIT_BLOCK_ENTRIES texts in one compressed body: four bytes of raw length, then plain or LZ4. Pure. */
#pragma once
#include "base/str.h"

enum block_codec { BLOCK_PLAIN, BLOCK_LZ4 };

/* How large a body may be when unpacked; a longer length in a file is taken for damage. */
enum { BLOCK_RAW_MAX = 64 * 1024 * 1024 };

/* Appends the body; returns its codec (plain where LZ4 would not be shorter). */
enum block_codec block_pack(struct str raw, struct buf *out);
/* Appends the texts to out. */
MUST_CHECK bool block_unpack(enum block_codec codec, struct str body, struct buf *out, struct err *e);

/* Two neighbours become one: bodies and items, the second's places moved. out buffers are appended to. */
MUST_CHECK bool block_join(enum block_codec codec_a, struct str body_a, struct str items_a, enum block_codec codec_b, struct str body_b,
    struct str items_b, struct buf *raw, struct buf *items, struct err *e);

#include "log/block.h"
#include "log/item.h"
#include <lz4.h>

enum block_codec
block_pack(struct str raw, struct buf *out)
{
	ASSERT(raw.len <= BLOCK_RAW_MAX);
	int bound = LZ4_compressBound((int)raw.len);
	buf_add_u32(out, (uint32_t)raw.len);
	buf_reserve(out, (size_t)bound);
	int n = raw.len ? LZ4_compress_default(raw.ptr, out->ptr + out->len, (int)raw.len, bound) : 0;
	if (n > 0 && (size_t)n < raw.len) {
		out->len += (size_t)n;
		return BLOCK_LZ4;
	}
	buf_add_str(out, raw);
	return BLOCK_PLAIN;
}

bool
block_unpack(enum block_codec codec, struct str body, struct buf *out, struct err *e)
{
	struct reader r = {body};
	uint32_t raw = read_u32(&r);
	if (r.bad || raw > BLOCK_RAW_MAX || (codec == BLOCK_PLAIN && raw != r.rest.len))
		return fail(e, ERR_IO, "a block of the log is damaged: its length is wrong");
	if (codec == BLOCK_PLAIN) {
		buf_add_str(out, r.rest);
		return true;
	}
	if (codec != BLOCK_LZ4)
		return fail(e, ERR_IO, "a block of the log is damaged: codec %d", (int)codec);
	buf_reserve(out, (size_t)raw + 1);
	int n = LZ4_decompress_safe(r.rest.ptr, out->ptr + out->len, (int)r.rest.len, (int)raw);
	if (n < 0 || (uint32_t)n != raw)
		return fail(e, ERR_IO, "a block of the log is damaged: it cannot be unpacked");
	out->len += (size_t)n;
	return true;
}

bool
block_join(enum block_codec codec_a, struct str body_a, struct str items_a, enum block_codec codec_b, struct str body_b,
    struct str items_b, struct buf *raw, struct buf *items, struct err *e)
{
	size_t start = raw->len;
	if (!block_unpack(codec_a, body_a, raw, e))
		return false;
	uint32_t shift = (uint32_t)(raw->len - start);
	if (!block_unpack(codec_b, body_b, raw, e))
		return false;
	buf_add_str(items, items_a);
	size_t second = items->len;
	buf_add_str(items, items_b);
	for (size_t i = second; i + ITEM_BYTES <= items->len; i += ITEM_BYTES) {
		uint8_t *it = (uint8_t *)items->ptr + i;
		item_set_place(it, item_place(it) + shift);
	}
	return true;
}

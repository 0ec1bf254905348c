/* Small ones stay as they are: packing would cost more than it saves. */
#include "profile/packed.h"
#include "base/map.h"
#include <string.h>
#include <zstd.h>

enum { PACKED_PLAIN = 0, PACKED_ZSTD = 1, PACK_FROM = 512, PACK_LEVEL = 1, HEAD_BYTES = 1 + 4 };

struct packer { ZSTD_CCtx *c; ZSTD_DCtx *d; };

struct packer *
packer_new(void)
{
	return mem_alloc(sizeof(struct packer));
}

void
packer_free(struct packer *p)
{
	if (!p)
		return;
	ZSTD_freeCCtx(p->c);
	ZSTD_freeDCtx(p->d);
	mem_free(p);
}

/* True when it became smaller; then `out` has its length and itself. */
static bool
pack_body(struct packer *p, struct str raw, struct buf *out)
{
	size_t before = out->len, room = ZSTD_compressBound(raw.len);
	if (raw.len < PACK_FROM || (!p->c && !(p->c = ZSTD_createCCtx())))
		return false;
	buf_add_varint(out, raw.len);
	buf_reserve(out, room);
	size_t n = ZSTD_compressCCtx(p->c, out->ptr + out->len, room, raw.ptr, raw.len, PACK_LEVEL);
	if (ZSTD_isError(n) || n >= raw.len) {
		out->len = before;
		return false;
	}
	out->len += n;
	return true;
}

void
pack_bytes(struct packer *p, struct str raw, struct buf *out)
{
	size_t head = out->len;
	buf_add_char(out, PACKED_ZSTD);
	buf_add_u32(out, 0);
	if (!pack_body(p, raw, out)) {
		out->ptr[head] = PACKED_PLAIN;
		buf_add_str(out, raw);
	}
	struct str body = str_slice(buf_str(out), head + HEAD_BYTES, out->len);
	uint32_t sum = (uint32_t)hash_stable(body);
	memcpy(out->ptr + head + 1, &sum, sizeof(sum));
}

bool
packed_is_whole(struct str packed)
{
	struct reader r = {.rest = packed};
	uint8_t codec = read_u8(&r);
	uint32_t sum = read_u32(&r);
	return !r.bad && codec <= PACKED_ZSTD && sum == (uint32_t)hash_stable(r.rest);
}

bool
unpack_bytes(struct packer *p, struct str packed, struct buf *out)
{
	struct reader r = {.rest = packed};
	uint8_t codec = read_u8(&r);
	(void)read_u32(&r);
	if (!packed_is_whole(packed))
		return false;
	if (codec == PACKED_PLAIN) {
		buf_add_str(out, r.rest);
		return true;
	}
	uint64_t raw = read_varint(&r);
	if (r.bad || raw != ZSTD_getFrameContentSize(r.rest.ptr, r.rest.len) || (!p->d && !(p->d = ZSTD_createDCtx())))
		return false;
	buf_reserve(out, raw + 1);
	size_t n = ZSTD_decompressDCtx(p->d, out->ptr + out->len, raw, r.rest.ptr, r.rest.len);
	if (n != raw)
		return false;
	out->len += raw;
	return true;
}

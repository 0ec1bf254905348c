#include "base/str.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void
buf_release(struct buf *b)
{
	mem_free(b->ptr);
	*b = (struct buf){0};
}

void
buf_reset(struct buf *b)
{
	b->len = 0;
	if (b->ptr)
		b->ptr[0] = '\0';
}

void
buf_grow(struct buf *b, size_t more)
{
	size_t need = b->len + more + 1;
	ASSERT(need > more);
	size_t cap = b->cap ? b->cap * 2 : 64;
	b->cap = cap < need ? need : cap;
	b->ptr = mem_realloc(b->ptr, b->cap);
}

void
buf_add_cstr(struct buf *b, const char *s)
{
	buf_add(b, s, strlen(s));
}

void
buf_printf(struct buf *b, const char *format, ...)
{
	va_list args, again;
	va_start(args, format);
	ASSERT(format);
	va_copy(again, args);
	buf_reserve(b, 40);
	int n = vsnprintf(b->ptr + b->len, b->cap - b->len, format, args);
	va_end(args);
	ASSERT(n >= 0);
	if ((size_t)n >= b->cap - b->len) {
		buf_reserve(b, (size_t)n);
		vsnprintf(b->ptr + b->len, (size_t)n + 1, format, again);
	}
	va_end(again);
	b->len += (size_t)n;
}

struct str
buf_str(const struct buf *b)
{
	return (struct str){b->ptr, b->len};
}

/* ---------------------------------------------------------------- codecs */

void
buf_add_u32(struct buf *b, uint32_t n)
{
	uint8_t le[4] = {(uint8_t)n, (uint8_t)(n >> 8), (uint8_t)(n >> 16), (uint8_t)(n >> 24)};
	buf_add(b, le, sizeof(le));
}

void
buf_add_u64(struct buf *b, uint64_t n)
{
	buf_add_u32(b, (uint32_t)n);
	buf_add_u32(b, (uint32_t)(n >> 32));
}

void
buf_add_varint(struct buf *b, uint64_t n)
{
	uint8_t bytes[10];
	size_t len = 0;
	for (; n >= 0x80; n >>= 7)
		bytes[len++] = (uint8_t)(n | 0x80);
	bytes[len++] = (uint8_t)n;
	buf_add(b, bytes, len);
}

void
buf_add_zigzag(struct buf *b, int64_t n)
{
	buf_add_varint(b, ((uint64_t)n << 1) ^ (n < 0 ? UINT64_MAX : 0));
}

void
buf_add_lstr(struct buf *b, struct str s)
{
	buf_add_varint(b, s.len);
	buf_add_str(b, s);
}

static struct str
read_bytes(struct reader *r, size_t n)
{
	if (r->bad || r->rest.len < n) {
		r->bad = true;
		r->rest.len = 0;
		return (struct str){NULL, 0};
	}
	struct str got = {r->rest.ptr, n};
	r->rest = str_slice(r->rest, n, r->rest.len);
	return got;
}

static uint64_t
read_le(struct reader *r, size_t n)
{
	struct str got = read_bytes(r, n);
	uint64_t v = 0;
	for (size_t i = got.len; i-- > 0;)
		v = v << 8 | (uint8_t)got.ptr[i];
	return v;
}

uint8_t
read_u8(struct reader *r)
{
	return (uint8_t)read_le(r, 1);
}

uint32_t
read_u32(struct reader *r)
{
	return (uint32_t)read_le(r, 4);
}

uint64_t
read_u64(struct reader *r)
{
	return read_le(r, 8);
}

uint64_t
read_varint(struct reader *r)
{
	uint64_t n = 0;
	for (unsigned shift = 0; shift < 64; shift += 7) {
		uint8_t byte = read_u8(r);
		n |= (uint64_t)(byte & 0x7F) << shift;
		if (!(byte & 0x80))
			return r->bad ? 0 : n;
	}
	r->bad = true;
	r->rest.len = 0;
	return 0;
}

int64_t
read_zigzag(struct reader *r)
{
	uint64_t n = read_varint(r);
	return (int64_t)(n >> 1) ^ -(int64_t)(n & 1);
}

struct str
read_lstr(struct reader *r)
{
	uint64_t n = read_varint(r);
	return read_bytes(r, n > SIZE_MAX / 2 ? SIZE_MAX / 2 : (size_t)n);
}

/* str.h -- text: slices (struct str, borrowed) and a growing buffer (struct buf, owned). */
#pragma once
#include "base/arena.h"
#include "base/base.h"

struct str str_of(const char *c_string);                /* NULL gives an empty one */
static inline bool
str_eq(struct str a, struct str b)
{
	return a.len == b.len && (a.len == 0 || (a.ptr[0] == b.ptr[0] && __builtin_memcmp(a.ptr, b.ptr, a.len) == 0));
}
bool str_eq_nocase(struct str a, struct str b);         /* ASCII only */
int str_cmp(struct str a, struct str b);                /* by bytes; <0, 0, >0 */
bool str_starts(struct str s, struct str prefix);
bool str_ends(struct str s, struct str suffix);
/* Index of needle in s from `from` on, or SIZE_MAX. */
size_t str_find(struct str s, struct str needle, size_t from);
size_t str_find_char(struct str s, char c, size_t from);
struct str str_slice(struct str s, size_t from, size_t to);     /* [from, to), cut to what there is */
struct str str_trim(struct str s);                              /* ASCII blanks */
/* Cuts s at the first `sep`: returns what stands before it and leaves the rest in *s; the whole when there is none. */
struct str str_cut(struct str *s, char sep);
struct str str_lower_ascii(struct arena *a, struct str s);
bool str_is_utf8(struct str s);
/* Text compared without regard to case, Unicode simple case folding. */
struct str str_casefold(struct arena *a, struct str s);
/* Number of code points; s must be UTF-8. */
size_t str_code_points(struct str s);
/* `*` stands for anything; both sides case-folded (the condition language's "like"). */
bool str_like(struct str s, struct str pattern);

MUST_CHECK bool str_to_int(struct str s, int64_t *ret);
MUST_CHECK bool str_to_double(struct str s, double *ret);
/* "12.3456789" → 123457 (rounded half away from zero to four places). False when not a number or out of range. */
MUST_CHECK bool str_to_fixed(struct str s, fixed *ret);
/* 0, 12, 18446744073709551615; ends with a NUL byte. buf needs 24 bytes; returns its length. */
size_t whole_format(uint64_t n, char *buf);
/* Shortest text: 12, 12.5, -0.0001. buf needs 32 bytes; returns its length. */
size_t fixed_format(fixed n, char *buf);
/* Out-of-range doubles and NaN return false. */
MUST_CHECK bool fixed_of_double(double d, fixed *ret);
/* a*b and a/b rounded half away from zero; false on overflow or division by 0. */
MUST_CHECK bool fixed_mul(fixed a, fixed b, fixed *ret);
MUST_CHECK bool fixed_div(fixed a, fixed b, fixed *ret);

/* A growing buffer. `buf_init` or zeroes start it, `buf_release` ends it; always followed by a NUL byte once written. */
struct buf {
	char *ptr;
	size_t len, cap;
};
void buf_release(struct buf *b);
void buf_reset(struct buf *b);                          /* empties, keeps the memory */
void buf_grow(struct buf *b, size_t more);              /* what buf_reserve does when there is no room */
static inline void
buf_reserve(struct buf *b, size_t more)
{
	if (b->cap - b->len <= more)
		buf_grow(b, more);
}
static inline void
buf_add(struct buf *b, const void *bytes, size_t n)
{
	buf_reserve(b, n);
	if (n)
		__builtin_memcpy(b->ptr + b->len, bytes, n);
	b->len += n;
	b->ptr[b->len] = '\0';
}
static inline void
buf_add_str(struct buf *b, struct str s)
{
	buf_add(b, s.ptr, s.len);
}
static inline void
buf_add_char(struct buf *b, char c)
{
	buf_reserve(b, 1);
	b->ptr[b->len++] = c;
	b->ptr[b->len] = '\0';
}
void buf_add_cstr(struct buf *b, const char *s);
void buf_printf(struct buf *b, const char *format, ...) PRINTF(2, 3);
struct str buf_str(const struct buf *b);
/* Little-endian integers and varints, for the codecs. */
void buf_add_u32(struct buf *b, uint32_t n);
void buf_add_u64(struct buf *b, uint64_t n);
void buf_add_varint(struct buf *b, uint64_t n);
void buf_add_zigzag(struct buf *b, int64_t n);
void buf_add_lstr(struct buf *b, struct str s);         /* varint length, bytes */

/* Reads what buf_add_* wrote. A short or wrong input sets `bad` and yields zeroes from then on. */
struct reader {
	struct str rest;
	bool bad;
};
uint8_t read_u8(struct reader *r);
uint32_t read_u32(struct reader *r);
uint64_t read_u64(struct reader *r);
uint64_t read_varint(struct reader *r);
int64_t read_zigzag(struct reader *r);
struct str read_lstr(struct reader *r);

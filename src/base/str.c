#include "base/str.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unicode/uchar.h>
#include <unicode/utf8.h>

/* ---------------------------------------------------------------- slices */

struct str
str_of(const char *c_string)
{
	return (struct str){c_string, c_string ? strlen(c_string) : 0};
}

static char
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

bool
str_eq_nocase(struct str a, struct str b)
{
	if (a.len != b.len)
		return false;
	for (size_t i = 0; i < a.len; i++)
		if (lower(a.ptr[i]) != lower(b.ptr[i]))
			return false;
	return true;
}

int
str_cmp(struct str a, struct str b)
{
	size_t n = a.len < b.len ? a.len : b.len;
	int c = n ? memcmp(a.ptr, b.ptr, n) : 0;
	if (c)
		return c;
	return a.len < b.len ? -1 : a.len > b.len;
}

bool
str_starts(struct str s, struct str prefix)
{
	if (prefix.len == 0 || s.len < prefix.len)
		return prefix.len == 0;
	return memcmp(s.ptr, prefix.ptr, prefix.len) == 0;
}

bool
str_ends(struct str s, struct str suffix)
{
	if (suffix.len == 0 || s.len < suffix.len)
		return suffix.len == 0;
	return memcmp(s.ptr + s.len - suffix.len, suffix.ptr, suffix.len) == 0;
}

size_t
str_find(struct str s, struct str needle, size_t from)
{
	if (from > s.len)
		return SIZE_MAX;
	if (needle.len == 0)
		return from;
	if (needle.len > s.len - from)
		return SIZE_MAX;    /* also where s.ptr is NULL */
	const char *p = memmem(s.ptr + from, s.len - from, needle.ptr, needle.len);
	return p ? (size_t)(p - s.ptr) : SIZE_MAX;
}

size_t
str_find_char(struct str s, char c, size_t from)
{
	if (from >= s.len)
		return SIZE_MAX;
	const char *p = memchr(s.ptr + from, c, s.len - from);
	return p ? (size_t)(p - s.ptr) : SIZE_MAX;
}

struct str
str_slice(struct str s, size_t from, size_t to)
{
	if (to > s.len)
		to = s.len;
	if (from > to)
		from = to;
	return (struct str){s.ptr ? s.ptr + from : NULL, to - from};
}

static bool
is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

struct str
str_trim(struct str s)
{
	while (s.len && is_blank(s.ptr[0]))
		s = str_slice(s, 1, s.len);
	while (s.len && is_blank(s.ptr[s.len - 1]))
		s.len--;
	return s;
}

struct str
str_cut(struct str *s, char sep)
{
	size_t at = str_find_char(*s, sep, 0);
	struct str head = str_slice(*s, 0, at);
	*s = at == SIZE_MAX ? (struct str){NULL, 0} : str_slice(*s, at + 1, s->len);
	return head;
}

struct str
str_lower_ascii(struct arena *a, struct str s)
{
	char *to = arena_alloc(a, s.len + 1);
	for (size_t i = 0; i < s.len; i++)
		to[i] = lower(s.ptr[i]);
	return (struct str){to, s.len};
}

/* ---------------------------------------------------------------- Unicode */

/* The next code point, or -1 where the bytes are no UTF-8. */
static UChar32
next_point(struct str s, size_t *at)
{
	const uint8_t *p = (const uint8_t *)s.ptr;
	int64_t i = (int64_t)*at, len = (int64_t)s.len;
	UChar32 c;
	U8_NEXT(p, i, len, c);
	*at = (size_t)i;
	return c;
}

bool
str_is_utf8(struct str s)
{
	for (size_t i = 0; i < s.len;)
		if ((uint8_t)s.ptr[i] < 0x80)
			i++;
		else if (next_point(s, &i) < 0)
			return false;
	return true;
}

size_t
str_code_points(struct str s)
{
	size_t n = 0;
	for (size_t i = 0; i < s.len; i++)
		n += ((uint8_t)s.ptr[i] & 0xC0) != 0x80;
	return n;
}

struct str
str_casefold(struct arena *a, struct str s)
{
	/* A folded letter is longer than the original by one byte at most (U+023A: 2 → 3); a byte that is no UTF-8 becomes three. */
	uint8_t *to = arena_alloc(a, s.len * 3 + 1);
	size_t n = 0;
	for (size_t i = 0; i < s.len;) {
		if ((uint8_t)s.ptr[i] < 0x80) {
			to[n++] = (uint8_t)lower(s.ptr[i++]);
			continue;
		}
		UChar32 c = next_point(s, &i);
		c = c < 0 ? 0xFFFD : u_foldCase(c, U_FOLD_CASE_DEFAULT);
		U8_APPEND_UNSAFE(to, n, c);
	}
	return (struct str){(char *)to, n};
}

/* Both folded. Goes back to the latest `*` only, so the cost is bounded by |s| × |pattern|. */
static bool
like_folded(struct str s, struct str p)
{
	size_t i = 0, j = 0, star = SIZE_MAX, mark = 0;
	while (i < s.len) {
		if (j < p.len && p.ptr[j] == '*') {
			star = j++;
			mark = i;
		} else if (j < p.len && p.ptr[j] == s.ptr[i]) {
			i++, j++;
		} else if (star != SIZE_MAX) {
			j = star + 1;
			i = ++mark;
		} else {
			return false;
		}
	}
	while (j < p.len && p.ptr[j] == '*')
		j++;
	return j == p.len;
}

bool
str_like(struct str s, struct str pattern)
{
	struct arena a;
	arena_init(&a);
	bool yes = like_folded(str_casefold(&a, s), str_casefold(&a, pattern));
	arena_clear(&a);
	return yes;
}

/* ---------------------------------------------------------------- numbers */

bool
str_to_int(struct str s, int64_t *ret)
{
	size_t i = s.len && (s.ptr[0] == '-' || s.ptr[0] == '+');
	if (i == s.len)
		return false;
	bool negative = s.ptr[0] == '-';
	int64_t n = 0;
	for (; i < s.len; i++) {
		int digit = s.ptr[i] - '0';
		if (digit < 0 || digit > 9 || __builtin_mul_overflow(n, 10, &n) ||
		    __builtin_add_overflow(n, negative ? -digit : digit, &n))
			return false;
	}
	*ret = n;
	return true;
}

bool
str_to_double(struct str s, double *ret)
{
	char buf[64], *end;
	if (!s.len || s.len >= sizeof(buf) || !strchr("+-.0123456789", s.ptr[0]))
		return false;
	for (size_t i = 0; i < s.len; i++)
		if (!strchr("+-.eE0123456789", s.ptr[i]) || !s.ptr[i])
			return false;
	memcpy(buf, s.ptr, s.len);
	buf[s.len] = '\0';
	double d = strtod(buf, &end);
	if (*end || d > 1.7e308 || d < -1.7e308)
		return false;
	*ret = d;
	return true;
}

/* Digits without an exponent, exactly; one with an exponent goes by way of double. */
bool
str_to_fixed(struct str s, fixed *ret)
{
	size_t i = s.len && (s.ptr[0] == '-' || s.ptr[0] == '+');
	bool negative = s.len && s.ptr[0] == '-', any = false;
	int places = -1, round = 0;
	int64_t n = 0;
	for (; i < s.len; i++) {
		char c = s.ptr[i];
		if (c == '.' && places < 0) {
			places = 0;
			continue;
		}
		if (c == 'e' || c == 'E') {
			double d;
			return any && str_to_double(s, &d) && fixed_of_double(d, ret);
		}
		if (c < '0' || c > '9')
			return false;
		any = true;
		if (places >= 4) {
			if (places++ == 4)
				round = c >= '5';
			continue;
		}
		if (__builtin_mul_overflow(n, 10, &n) || __builtin_add_overflow(n, c - '0', &n))
			return false;
		places += places >= 0;
	}
	for (int p = places < 0 ? 0 : places; p < 4; p++)
		if (__builtin_mul_overflow(n, 10, &n))
			return false;
	if (!any || __builtin_add_overflow(n, round, &n))
		return false;
	*ret = negative ? -n : n;
	return true;
}

size_t
whole_format(uint64_t n, char *buf)
{
	char digits[20];
	size_t at = sizeof(digits), len;
	do
		digits[--at] = (char)('0' + n % 10);
	while (n /= 10);
	len = sizeof(digits) - at;
	memcpy(buf, digits + at, len);
	buf[len] = '\0';
	return len;
}

size_t
fixed_format(fixed n, char *buf)
{
	uint64_t magnitude = n < 0 ? 0 - (uint64_t)n : (uint64_t)n;
	size_t len = 0;
	if (n < 0)
		buf[len++] = '-';
	len += whole_format(magnitude / FIXED_ONE, buf + len);
	unsigned part = (unsigned)(magnitude % FIXED_ONE);
	if (part) {
		buf[len++] = '.';
		for (unsigned unit = (unsigned)FIXED_ONE / 10; part; part %= unit, unit /= 10)
			buf[len++] = (char)('0' + part / unit);
	}
	buf[len] = '\0';
	return len;
}

bool
fixed_of_double(double d, fixed *ret)
{
	double scaled = d * (double)FIXED_ONE;
	if (!(scaled > -9.2e18 && scaled < 9.2e18))
		return false;
	*ret = (fixed)(scaled < 0 ? scaled - 0.5 : scaled + 0.5);
	return true;
}

/* num / den rounded half away from zero; den > 0. */
static bool
divide_round(__int128 num, __int128 den, fixed *ret)
{
	__int128 half = den / 2, r = (num < 0 ? num - half : num + half) / den;
	if (r > INT64_MAX || r < INT64_MIN)
		return false;
	*ret = (fixed)r;
	return true;
}

bool
fixed_mul(fixed a, fixed b, fixed *ret)
{
	return divide_round((__int128)a * b, FIXED_ONE, ret);
}

bool
fixed_div(fixed a, fixed b, fixed *ret)
{
	if (b == 0)
		return false;
	__int128 num = (__int128)a * FIXED_ONE, den = b;
	if (den < 0)
		num = -num, den = -den;
	return divide_round(num, den, ret);
}

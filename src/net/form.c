/* form.c -- percent-encoding: query texts and form bodies. */
#include "net/http_priv.h"
#include <string.h>

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 32);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

struct str
http_decode(struct arena *a, struct str s)
{
	char *to = arena_alloc(a, s.len + 1);
	size_t n = 0;
	for (size_t i = 0; i < s.len; i++) {
		bool escape = s.ptr[i] == '%' && i + 2 < s.len && hex_digit(s.ptr[i + 1]) >= 0 && hex_digit(s.ptr[i + 2]) >= 0;
		if (escape) {
			to[n++] = (char)(hex_digit(s.ptr[i + 1]) << 4 | hex_digit(s.ptr[i + 2]));
			i += 2;
		} else {
			to[n++] = s.ptr[i] == '+' ? ' ' : s.ptr[i];
		}
	}
	return (struct str){to, n};
}

bool
http_form(struct arena *a, struct str form, const char *name, struct str *ret)
{
	while (form.len) {
		struct str pair = str_cut(&form, '&');
		struct str key = str_cut(&pair, '=');
		if (str_eq(key, str_of(name))) {
			*ret = http_decode(a, pair);
			return true;
		}
	}
	return false;
}

bool
http_query(struct http_request *r, const char *name, struct str *ret)
{
	return http_form(&r->arena, r->query, name, ret);
}

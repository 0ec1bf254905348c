/* http_body.c -- a request's body as it comes in: limits and gzip. */
#include "base/limits.h"
#include "net/http_priv.h"
#include <string.h>

static bool
refuse(struct http_request_priv *p, enum err_code code, const char *sentence)
{
	return fail(&p->refusal, code, "%s", sentence);
}

static bool
refuse_size(struct http_request_priv *p)
{
	return fail(&p->refusal, ERR_TOO_LARGE, "the body is larger than %zu bytes", p->route->body_max);
}

static bool
is_gzip(struct str encoding)
{
	return str_eq_nocase(encoding, STR("gzip")) || str_eq_nocase(encoding, STR("x-gzip"));
}

bool
http_body_begin(struct http_request_priv *p)
{
	struct str encoding = str_trim(http_header(p->r, "Content-Encoding"));
	int64_t length = 0;
	bool known = str_to_int(http_header(p->r, "Content-Length"), &length) && length >= 0;
	if (known && (size_t)length > p->route->body_max)
		return refuse_size(p);
	if (encoding.len && !str_eq_nocase(encoding, STR("identity"))) {
		if (!is_gzip(encoding))
			return refuse(p, ERR_INVALID, "bodies are taken plain or with Content-Encoding: gzip");
		p->gzip = arena_new(&p->r->arena, z_stream);
		if (inflateInit2(p->gzip, 15 + 16) != Z_OK)
			return refuse(p, ERR_UNAVAILABLE, "there is no memory to uncompress the body");
	}
	p->body_cap = known && !p->gzip ? (size_t)length : 0;
	if (!http_hold(p, p->body_cap ? p->body_cap : 4096))
		return refuse(p, ERR_LIMIT, "the server has too much in hand; try again shortly");
	if (p->body_cap)
		p->body = arena_alloc(&p->r->arena, p->body_cap + 1);
	return true;
}

/* Room for one more byte at least. */
static bool
grow(struct http_request_priv *p)
{
	size_t want = p->body_cap ? p->body_cap * 2 : 16 * 1024;
	if (p->body_len >= p->route->body_max)
		return refuse_size(p);
	if (want > p->route->body_max)
		want = p->route->body_max;
	if (!http_hold(p, want - p->body_cap))
		return refuse(p, ERR_LIMIT, "the server has too much in hand; try again shortly");
	p->body = arena_grow(&p->r->arena, p->body, p->body_cap ? p->body_cap + 1 : 0, want + 1);
	p->body_cap = want;
	return true;
}

static bool
add_plain(struct http_request_priv *p, const char *bytes, size_t n)
{
	while (n) {
		if (p->body_len == p->body_cap && !grow(p))
			return false;
		size_t take = p->body_cap - p->body_len < n ? p->body_cap - p->body_len : n;
		memcpy(p->body + p->body_len, bytes, take);
		p->body_len += take;
		bytes += take;
		n -= take;
	}
	return true;
}

/* A stream that ended and is followed by more bytes is refused: nobody honest sends one. */
static bool
add_gzip(struct http_request_priv *p, const char *bytes, size_t n)
{
	z_stream *z = p->gzip;
	z->next_in = (Bytef *)(uintptr_t)bytes;
	z->avail_in = (uInt)n;
	while (z->avail_in || !z->avail_out) {
		if (p->gzip_ended)
			return z->avail_in ? refuse(p, ERR_INVALID, "the gzip body goes on after its end") : true;
		if (p->body_len == p->body_cap && !grow(p))
			return false;
		z->next_out = (Bytef *)p->body + p->body_len;
		z->avail_out = (uInt)(p->body_cap - p->body_len);
		int r = inflate(z, Z_NO_FLUSH);
		p->body_len = p->body_cap - z->avail_out;
		if (p->body_len > 4096 && p->body_len / LIMIT_GZIP_RATIO > p->received)
			return fail(&p->refusal, ERR_TOO_LARGE, "the gzip body grows to more than %d times its size", LIMIT_GZIP_RATIO);
		if (r == Z_STREAM_END)
			p->gzip_ended = true;
		else if (r == Z_BUF_ERROR)
			return true;   /* needs more input */
		else if (r != Z_OK)
			return refuse(p, ERR_INVALID, "the gzip body is damaged");
	}
	return true;
}

bool
http_body_add(struct http_request_priv *p, const char *bytes, size_t n)
{
	p->received += n;
	if (p->received > p->route->body_max)
		return refuse_size(p);
	return p->gzip ? add_gzip(p, bytes, n) : add_plain(p, bytes, n);
}

bool
http_body_end(struct http_request_priv *p)
{
	if (p->gzip && p->received && !p->gzip_ended)
		return refuse(p, ERR_INVALID, "the gzip body ends too early");
	if (p->body)
		p->body[p->body_len] = '\0';
	p->r->body = (struct str){p->body ? p->body : "", p->body_len};
	return true;
}

void
http_body_release(struct http_request_priv *p)
{
	if (p->gzip)
		inflateEnd(p->gzip);
	p->gzip = NULL;
}

#include "api/api_priv.h"
#include <stdarg.h>
#include <stdio.h>

void
answer_json(struct api_call *c, int status, struct buf *json)
{
	http_reply_header(c->http, "Cache-Control", STR("no-store"));
	http_reply(c->http, status, "application/json", buf_str(json));
	buf_release(json);
}

/* Nothing but what stands in the page itself may run or be loaded; a page with a script brings its own policy. */
void
answer_html(struct api_call *c, int status, struct str html)
{
	http_reply_header(c->http, "Cache-Control", STR("no-store"));
	http_reply_header(c->http, "Referrer-Policy", STR("no-referrer"));
	http_reply_header(c->http, "X-Frame-Options", STR("DENY"));
	http_reply(c->http, status, "text/html; charset=utf-8", html);
}

void
answer_refuse(struct api_call *c, const struct err *e)
{
	struct buf json = {0};
	struct json_writer w = json_writer_on(&json);
	jw_object(&w);
	jw_kstr(&w, "error", str_of(e->text[0] ? e->text : "this cannot be done"));
	jw_object_end(&w);
	buf_add_char(&json, '\n');
	if (e->code == ERR_LIMIT || e->code == ERR_UNAVAILABLE)
		http_reply_header(c->http, "Retry-After", e->code == ERR_LIMIT ? STR("60") : STR("1"));
	answer_json(c, http_status_of(e->code), &json);
}

void
answer_fail(struct api_call *c, enum err_code code, const char *format, ...)
{
	struct err e = {.code = code};
	va_list args;
	va_start(args, format);
	vsnprintf(e.text, sizeof(e.text), format, args);
	va_end(args);
	answer_refuse(c, &e);
}

bool
body_text(struct api_call *c, const char *name, size_t max, struct str *ret)
{
	*ret = json_text(json_get(c->body, str_of(name)));
	if (ret->len >= 1 && ret->len <= max)
		return true;
	answer_fail(c, ERR_INVALID, "%s must be a text of 1 to %zu bytes", name, max);
	return false;
}

struct str
query_text(struct api_call *c, const char *name)
{
	struct str value;
	return http_query(c->http, name, &value) ? value : STR("");
}

bool
query_int(struct api_call *c, const char *name, int64_t least, int64_t most, int64_t otherwise, int64_t *ret)
{
	struct str text = query_text(c, name);
	*ret = otherwise;
	if (!text.len || (str_to_int(text, ret) && *ret >= least && *ret <= most))
		return true;
	answer_fail(c, ERR_INVALID, "%s must be a number from %lld to %lld", name, (long long)least, (long long)most);
	return false;
}

struct str
html_escape(struct arena *a, struct str s)
{
	struct buf out = {0};
	for (size_t i = 0; i < s.len; i++)
		switch (s.ptr[i]) {
		case '&': buf_add_cstr(&out, "&amp;"); break;
		case '<': buf_add_cstr(&out, "&lt;"); break;
		case '>': buf_add_cstr(&out, "&gt;"); break;
		case '"': buf_add_cstr(&out, "&quot;"); break;
		case '\'': buf_add_cstr(&out, "&#39;"); break;
		default: buf_add_char(&out, s.ptr[i]);
		}
	struct str r = arena_str(a, buf_str(&out));
	buf_release(&out);
	return r;
}

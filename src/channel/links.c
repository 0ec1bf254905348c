/* Links inside an HTML body. Pure. */
#include "channel/render.h"
#include "channel/html_text.h"
#include <string.h>

static bool
is_web(struct str s)
{
	return str_starts(s, STR("http://")) || str_starts(s, STR("https://"));
}

static void
add_escaped(struct str s, struct buf *out)
{
	for (size_t i = 0; i < s.len; i++) {
		if (s.ptr[i] == '&')
			buf_add_cstr(out, "&amp;");
		else if (s.ptr[i] == '"')
			buf_add_cstr(out, "&quot;");
		else if (s.ptr[i] == '<')
			buf_add_cstr(out, "&lt;");
		else
			buf_add_char(out, s.ptr[i]);
	}
}

/* The place behind `href="` of the next link of an <a …>, and the quote that ends it; SIZE_MAX = none. */
static size_t
next_link(struct str html, size_t from, char *ret_quote)
{
	for (size_t at = from; (at = str_find_char(html, '<', at)) != SIZE_MAX; at++) {
		struct str tag = str_slice(html, at, html.len);
		if (tag.len < 4 || (tag.ptr[1] | 32) != 'a' || (tag.ptr[2] != ' ' && tag.ptr[2] != '\n' && tag.ptr[2] != '\t'))
			continue;
		size_t end = str_find_char(html, '>', at), href = str_find(html, STR("href="), at);
		if (end == SIZE_MAX || href == SIZE_MAX || href > end || href + 6 >= html.len)
			continue;
		char quote = html.ptr[href + 5];
		if (quote != '"' && quote != '\'')
			continue;
		*ret_quote = quote;
		return href + 6;
	}
	return SIZE_MAX;
}

void
rewrite_links(struct str html, struct str (*replace)(void *self, struct arena *a, struct str target), void *self, struct arena *a, struct buf *out)
{
	size_t done = 0, at;
	char quote;
	while ((at = next_link(html, done, &quote)) != SIZE_MAX) {
		size_t end = str_find_char(html, quote, at);
		if (end == SIZE_MAX)
			break;
		struct str target = html_unescape(a, str_trim(str_slice(html, at, end)));
		struct str other = is_web(target) ? replace(self, a, target) : target;
		buf_add_str(out, str_slice(html, done, at));
		if (other.ptr != target.ptr)
			add_escaped(other, out);
		else
			buf_add_str(out, str_slice(html, at, end));
		done = end;
	}
	buf_add_str(out, str_slice(html, done, html.len));
}

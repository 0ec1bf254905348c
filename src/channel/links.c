/* links.c -- links inside an HTML body, and HTML as plain text. Pure. */
#include "channel/render.h"
#include <string.h>

/* &amp; and &#38; in an attribute. */
static struct str
unescape(struct arena *a, struct str s)
{
	static const struct { struct str from; char to; } entities[] = {{STR_INIT("&amp;"), '&'}, {STR_INIT("&#38;"), '&'}, {STR_INIT("&#x26;"), '&'},
		{STR_INIT("&quot;"), '"'}, {STR_INIT("&#39;"), '\''}, {STR_INIT("&lt;"), '<'}, {STR_INIT("&gt;"), '>'}, {STR_INIT("&nbsp;"), ' '},
		{STR_INIT("&middot;"), '-'}, {STR_INIT("&euro;"), 'E'}};
	char *to = arena_alloc(a, s.len + 1);
	size_t n = 0;
	for (size_t i = 0; i < s.len;) {
		size_t k = 0;
		while (k < COUNT(entities) && !str_starts(str_slice(s, i, s.len), entities[k].from))
			k++;
		to[n++] = k < COUNT(entities) ? entities[k].to : s.ptr[i];
		i += k < COUNT(entities) ? entities[k].from.len : 1;
	}
	return (struct str){to, n};
}

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
		struct str target = unescape(a, str_trim(str_slice(html, at, end)));
		buf_add_str(out, str_slice(html, done, at));
		if (is_web(target))
			add_escaped(replace(self, a, target), out);
		else
			buf_add_str(out, str_slice(html, at, end));
		done = end;
	}
	buf_add_str(out, str_slice(html, done, html.len));
}

/* ---------------------------------------------------------------- plain text */

/* Passes over <style>…</style> and the like. */
static size_t
skip_element(struct str html, size_t at)
{
	static const struct { struct str open, close; } hidden[] = {{STR_INIT("<style"), STR_INIT("</style>")}, {STR_INIT("<head"), STR_INIT("</head>")},
		{STR_INIT("<script"), STR_INIT("</script>")}, {STR_INIT("<!--"), STR_INIT("-->")}};
	for (size_t i = 0; i < COUNT(hidden); i++)
		if (str_starts(str_slice(html, at, html.len), hidden[i].open)) {
			size_t end = str_find(html, hidden[i].close, at);
			return end == SIZE_MAX ? html.len : end + hidden[i].close.len;
		}
	return at;
}

static bool
ends_line(struct str tag)
{
	static const struct str blocks[] = {STR_INIT("<br"), STR_INIT("</p"), STR_INIT("</div"), STR_INIT("</h"), STR_INIT("</tr"), STR_INIT("</li"), STR_INIT("</table")};
	for (size_t i = 0; i < COUNT(blocks); i++)
		if (str_starts(tag, blocks[i]))
			return true;
	return false;
}

struct str
html_as_text(struct arena *a, struct str html)
{
	struct buf out = {0};
	for (size_t i = 0; i < html.len;) {
		size_t behind = skip_element(html, i);
		if (behind != i) {
			i = behind;
		} else if (html.ptr[i] == '<') {
			size_t end = str_find_char(html, '>', i);
			if (ends_line(str_slice(html, i, html.len)) && out.len && out.ptr[out.len - 1] != '\n')
				buf_add_char(&out, '\n');
			i = end == SIZE_MAX ? html.len : end + 1;
		} else {
			bool blank = strchr(" \t\r\n", html.ptr[i]) != NULL;
			bool after_blank = !out.len || out.ptr[out.len - 1] == ' ' || out.ptr[out.len - 1] == '\n';
			if (!blank || !after_blank)
				buf_add_char(&out, blank ? ' ' : html.ptr[i]);
			i++;
		}
	}
	struct str text = unescape(a, buf_str(&out));
	buf_release(&out);
	return text;
}

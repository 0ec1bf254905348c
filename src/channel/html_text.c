#include "channel/html_text.h"
#include <string.h>

/* ---------------------------------------------------------------- entities */

/* Those that people type; all others can be written as numbers. */
static const struct { struct str name; uint32_t sign; } entities[] = {
    {STR_INIT("amp"), '&'}, {STR_INIT("lt"), '<'}, {STR_INIT("gt"), '>'}, {STR_INIT("quot"), '"'}, {STR_INIT("apos"), '\''},
    {STR_INIT("nbsp"), ' '}, {STR_INIT("shy"), 0}, {STR_INIT("zwnj"), 0x200C}, {STR_INIT("zwj"), 0x200D}, {STR_INIT("middot"), 0xB7},
    {STR_INIT("bull"), 0x2022}, {STR_INIT("hellip"), 0x2026}, {STR_INIT("ndash"), 0x2013}, {STR_INIT("mdash"), 0x2014},
    {STR_INIT("lsquo"), 0x2018}, {STR_INIT("rsquo"), 0x2019}, {STR_INIT("sbquo"), 0x201A}, {STR_INIT("ldquo"), 0x201C},
    {STR_INIT("rdquo"), 0x201D}, {STR_INIT("bdquo"), 0x201E}, {STR_INIT("laquo"), 0xAB}, {STR_INIT("raquo"), 0xBB},
    {STR_INIT("euro"), 0x20AC}, {STR_INIT("pound"), 0xA3}, {STR_INIT("yen"), 0xA5}, {STR_INIT("cent"), 0xA2}, {STR_INIT("copy"), 0xA9},
    {STR_INIT("reg"), 0xAE}, {STR_INIT("trade"), 0x2122}, {STR_INIT("deg"), 0xB0}, {STR_INIT("times"), 0xD7}, {STR_INIT("frac12"), 0xBD},
    {STR_INIT("rarr"), 0x2192}, {STR_INIT("larr"), 0x2190}, {STR_INIT("auml"), 0xE4}, {STR_INIT("ouml"), 0xF6}, {STR_INIT("uuml"), 0xFC},
    {STR_INIT("Auml"), 0xC4}, {STR_INIT("Ouml"), 0xD6}, {STR_INIT("Uuml"), 0xDC}, {STR_INIT("szlig"), 0xDF}, {STR_INIT("aring"), 0xE5},
    {STR_INIT("Aring"), 0xC5}, {STR_INIT("eacute"), 0xE9}, {STR_INIT("egrave"), 0xE8}, {STR_INIT("agrave"), 0xE0}, {STR_INIT("ccedil"), 0xE7},
};

static void
add_sign(uint32_t c, struct buf *out)
{
	/* Signs that only keep lines together or fill up a preview. */
	if (!c || c == 0xAD || c == 0x34F || c == 0x200B || c == 0x200E || c == 0x200F || c == 0xFEFF)
		return;
	if (c == 0xA0 || c == 0x2007 || c == 0x202F)
		c = ' ';
	if (c < 0x80) {
		buf_add_char(out, (char)c);
	} else if (c < 0x800) {
		char two[] = {(char)(0xC0 | c >> 6), (char)(0x80 | (c & 63))};
		buf_add(out, two, sizeof(two));
	} else if (c < 0x10000) {
		char three[] = {(char)(0xE0 | c >> 12), (char)(0x80 | (c >> 6 & 63)), (char)(0x80 | (c & 63))};
		buf_add(out, three, sizeof(three));
	} else {
		char four[] = {(char)(0xF0 | c >> 18), (char)(0x80 | (c >> 12 & 63)), (char)(0x80 | (c >> 6 & 63)), (char)(0x80 | (c & 63))};
		buf_add(out, four, sizeof(four));
	}
}

static bool
numeric_entity(struct str body, uint32_t *ret)
{
	uint32_t n = 0, base = body.len > 1 && (body.ptr[1] | 32) == 'x' ? 16 : 10;
	size_t from = base == 16 ? 2 : 1;
	if (body.len <= from || body.len > from + 7)
		return false;
	for (size_t i = from; i < body.len; i++) {
		int c = body.ptr[i] | 32;
		uint32_t digit = body.ptr[i] >= '0' && body.ptr[i] <= '9' ? (uint32_t)(body.ptr[i] - '0') :
		    base == 16 && c >= 'a' && c <= 'f' ? (uint32_t)(c - 'a' + 10) : 99;
		if (digit >= base)
			return false;
		n = n * base + digit;
	}
	bool is_sign = n >= 32 && n <= 0x10FFFF && !(n >= 0xD800 && n <= 0xDFFF) && n != 127;
	*ret = is_sign ? n : ' ';
	return true;
}

/* The entity that begins at s.ptr[0] == '&'; its length, or 0. */
static size_t
entity(struct str s, uint32_t *ret)
{
	size_t end = str_find_char(str_slice(s, 0, 12), ';', 1);
	if (end == SIZE_MAX)
		return 0;
	struct str body = str_slice(s, 1, end);
	if (body.len && body.ptr[0] == '#')
		return numeric_entity(body, ret) ? end + 1 : 0;
	for (size_t i = 0; i < COUNT(entities); i++)
		if (str_eq(body, entities[i].name)) {
			*ret = entities[i].sign;
			return end + 1;
		}
	return 0;
}

static void
add_unescaped(struct str s, struct buf *out)
{
	for (size_t i = 0; i < s.len;) {
		uint32_t sign;
		size_t n = s.ptr[i] == '&' ? entity(str_slice(s, i, s.len), &sign) : 0;
		if (n)
			add_sign(sign, out);
		else
			buf_add_char(out, s.ptr[i]);
		i += n ? n : 1;
	}
}

struct str
html_unescape(struct arena *a, struct str s)
{
	struct buf out = {0};
	add_unescaped(s, &out);
	struct str r = arena_str(a, buf_str(&out));
	buf_release(&out);
	return r;
}

/* ---------------------------------------------------------------- tags */

struct tag { struct str name, all; bool closes, empty; };

static bool
is_of_name(char c)
{
	return ((c | 32) >= 'a' && (c | 32) <= 'z') || (c >= '0' && c <= '9');
}

/* The tag that begins at s.ptr[0] == '<'. A '>' inside quotes does not end it. */
static bool
read_tag(struct str s, struct tag *ret)
{
	size_t i = 1, name;
	char quote = 0;
	struct tag t = {.closes = s.len > 1 && s.ptr[1] == '/'};
	i += t.closes;
	for (name = i; name < s.len && is_of_name(s.ptr[name]); name++)
		;
	if (name == i && !(s.len > i && s.ptr[i] == '!'))
		return false;
	t.name = str_slice(s, i, name);
	for (i = name; i < s.len && (quote || s.ptr[i] != '>'); i++) {
		if (quote && s.ptr[i] == quote)
			quote = 0;
		else if (!quote && (s.ptr[i] == '"' || s.ptr[i] == '\''))
			quote = s.ptr[i];
	}
	t.all = str_slice(s, 0, i + 1);
	t.empty = i > 0 && i < s.len && s.ptr[i - 1] == '/';
	*ret = t;
	return true;
}

static bool
is_named(const struct tag *t, const char *names)
{
	struct str rest = str_of(names);
	while (rest.len)
		if (str_eq_nocase(t->name, str_cut(&rest, '|')))
			return true;
	return false;
}

/* The value of an attribute as it is written; empty when there is none. */
static struct str
attribute(const struct tag *t, struct str name)
{
	for (size_t at = t->name.len; (at = str_find_char(t->all, '=', at + 1)) != SIZE_MAX;) {
		if (at <= name.len || (unsigned char)t->all.ptr[at - name.len - 1] > ' ' || !str_eq_nocase(str_slice(t->all, at - name.len, at), name))
			continue;
		size_t from = at + 1;
		char quote = from < t->all.len ? t->all.ptr[from] : 0;
		if (quote == '"' || quote == '\'')
			return str_slice(t->all, from + 1, str_find_char(t->all, quote, from + 1));
		struct str rest = str_slice(t->all, from, t->all.len - 1);
		return str_cut(&rest, ' ');
	}
	return (struct str){0};
}

/* Behind the element that t opens, elements of the same name inside it passed over. */
static size_t
element_end(struct str html, size_t at, const struct tag *t)
{
	int depth = 0;
	while (at < html.len) {
		struct tag other;
		size_t next = str_find_char(html, '<', at);
		if (next == SIZE_MAX)
			break;
		if (!read_tag(str_slice(html, next, html.len), &other)) {
			at = next + 1;
			continue;
		}
		at = next + other.all.len;
		if (!str_eq_nocase(other.name, t->name) || other.empty)
			continue;
		depth += other.closes ? -1 : 1;
		if (depth == 0)
			return at;
	}
	return html.len;
}

/* ---------------------------------------------------------------- text */

struct text { struct buf out; struct arena *a; struct str link; size_t link_at; };

static char
last_of(const struct text *t)
{
	return t->out.len ? t->out.ptr[t->out.len - 1] : '\n';
}

/* Ends the line, and leaves one line empty when `gap`. */
static void
new_line(struct text *t, bool gap)
{
	while (t->out.len && last_of(t) == ' ')
		t->out.len--;
	if (!t->out.len)
		return;
	if (last_of(t) != '\n')
		buf_add_char(&t->out, '\n');
	if (gap && t->out.len > 1 && t->out.ptr[t->out.len - 2] != '\n')
		buf_add_char(&t->out, '\n');
}

static void
add_words(struct text *t, struct str s)
{
	struct buf plain = {0};
	add_unescaped(s, &plain);
	for (size_t i = 0; i < plain.len; i++) {
		unsigned char c = (unsigned char)plain.ptr[i];
		if (c > ' ' && c != 127)
			buf_add_char(&t->out, (char)c);
		else if (last_of(t) != ' ' && last_of(t) != '\n')
			buf_add_char(&t->out, ' ');
	}
	buf_release(&plain);
}

static void
open_link(struct text *t, const struct tag *tag)
{
	struct str target = html_unescape(t->a, str_trim(attribute(tag, STR("href"))));
	bool worth = str_starts(target, STR("http://")) || str_starts(target, STR("https://"));
	t->link = worth ? target : STR("");
	t->link_at = t->out.len;
}

static void
close_link(struct text *t)
{
	struct str words = str_trim(str_slice(buf_str(&t->out), t->link_at, t->out.len));
	if (t->link.len && !str_eq(words, t->link)) {
		while (t->out.len > t->link_at && last_of(t) == ' ')
			t->out.len--;
		if (words.len)
			buf_add_cstr(&t->out, ": ");
		buf_add_str(&t->out, t->link);
		/* An address is not run into what follows. */
		buf_add_char(&t->out, ' ');
	}
	t->link = STR("");
}

static void
take_tag(struct text *t, const struct tag *tag)
{
	if (is_named(tag, "br"))
		buf_add_char(&t->out, '\n');
	else if (is_named(tag, "p|h1|h2|h3|h4|h5|h6|table|ul|ol|blockquote|hr"))
		new_line(t, true);
	else if (is_named(tag, "div|tr|section|article|header|footer"))
		new_line(t, false);
	else if (is_named(tag, "td|th") && !tag->closes)
		add_words(t, STR(" "));
	else if (is_named(tag, "li"))
		new_line(t, false);
	if (is_named(tag, "li") && !tag->closes)
		buf_add_cstr(&t->out, "* ");
	if (is_named(tag, "img"))
		add_words(t, attribute(tag, STR("alt")));
	if (is_named(tag, "a") && !tag->closes)
		open_link(t, tag);
	else if (is_named(tag, "a"))
		close_link(t);
}

static bool
is_hidden(const struct tag *t)
{
	if (t->closes || t->empty)
		return false;
	if (is_named(t, "head|style|script|title|template"))
		return true;
	struct str style = attribute(t, STR("style"));
	return str_find(style, STR("display:none"), 0) != SIZE_MAX || str_find(style, STR("display: none"), 0) != SIZE_MAX;
}

struct str
html_as_text(struct arena *a, struct str html)
{
	struct text t = {.a = a};
	for (size_t i = 0; i < html.len;) {
		struct str rest = str_slice(html, i, html.len);
		struct tag tag;
		if (str_starts(rest, STR("<!--"))) {
			size_t end = str_find(html, STR("-->"), i);
			i = end == SIZE_MAX ? html.len : end + 3;
		} else if (rest.ptr[0] != '<' || !read_tag(rest, &tag)) {
			size_t end = str_find_char(html, '<', i + 1);
			end = end == SIZE_MAX ? html.len : end;
			add_words(&t, str_slice(html, i, end));
			i = end;
		} else if (is_hidden(&tag)) {
			i = element_end(html, i, &tag);
		} else {
			take_tag(&t, &tag);
			i += tag.all.len;
		}
	}
	while (t.out.len && (last_of(&t) == '\n' || last_of(&t) == ' '))
		t.out.len--;
	new_line(&t, false);
	struct str r = arena_str(a, buf_str(&t.out));
	buf_release(&t.out);
	return r;
}

#include "base/json.h"
#include "base/json_priv.h"
#include "base/map.h"
#include <stdatomic.h>
#include <string.h>

/* What simdjson's vector code may read past the end. */
enum { PADDING = 64, DEPTH_DEFAULT = 32, DEPTH_MOST = 1024, NODES_DEFAULT = 100000, SMALL_OBJECT = 48, SPARE_BYTES = 1 << 20 };

struct json_parser {
	struct json_index *index;
	char *bytes;                /* a copy of the text, padded; texts are unescaped in place */
	size_t bytes_cap;
	struct json *nodes;
	size_t nodes_cap;
	uint32_t *slots;            /* node numbers, to find double keys of large objects */
	size_t slots_cap;
	uint32_t open[DEPTH_MOST];  /* the containers we are in */
};

struct json_parser *
json_parser_new(void)
{
	struct json_parser *p = mem_alloc(sizeof(*p));
	p->index = json_index_new();
	ASSERT(p->index);
	return p;
}

void
json_parser_free(struct json_parser *p)
{
	if (!p)
		return;
	json_index_free(p->index);
	mem_free(p->bytes);
	mem_free(p->nodes);
	mem_free(p->slots);
	mem_free(p);
}

/* ---------------------------------------------------------------- errors */

static bool
fail_here(struct str text, size_t offset, struct err *e, const char *sentence)
{
	int line = 1, column = 1;
	for (size_t i = 0; i < offset && i < text.len; i++) {
		column = text.ptr[i] == '\n' ? 1 : column + ((text.ptr[i] & 0xC0) != 0x80);
		line += text.ptr[i] == '\n';
	}
	return fail_at(e, ERR_INVALID, line, column, "%s", sentence);
}

static size_t
first_bad_utf8(struct str text)
{
	size_t low = 0, high = text.len;   /* a prefix that ends inside a sign is bad too, but never before the first bad one */
	while (low + 4 < high) {
		size_t middle = (low + high) / 2, cut = middle;
		while (cut > low && (text.ptr[cut] & 0xC0) == 0x80 && middle - cut < 4)
			cut--;
		if (str_is_utf8((struct str){text.ptr, cut}))
			low = middle;
		else
			high = middle;
	}
	return low;
}

static bool
fail_index(enum json_index_result r, struct str text, struct err *e)
{
	switch (r) {
	case JSON_INDEX_EMPTY:
		return fail(e, ERR_INVALID, "there is no JSON here: the text is empty");
	case JSON_INDEX_UTF8:
		return fail_here(text, first_bad_utf8(text), e, "this is not valid UTF-8");
	case JSON_INDEX_UNCLOSED:
		return fail_here(text, text.len, e, "a text is not closed by a quote");
	case JSON_INDEX_CONTROL:
		return fail(e, ERR_INVALID, "a text holds a control character that must be written as an escape, like \\n");
	case JSON_INDEX_MEMORY:
		return fail(e, ERR_TOO_LARGE, "there is no memory for so large a JSON text");
	case JSON_INDEX_OK:
	case JSON_INDEX_OTHER:
		break;
	}
	return fail(e, ERR_INVALID, "this is not JSON");
}

/* ---------------------------------------------------------------- scalars */

static bool
hex4(const char *p, uint32_t *ret)
{
	uint32_t n = 0;
	for (int i = 0; i < 4; i++) {
		unsigned c = (unsigned char)p[i], digit = c - '0';
		if (digit > 9) {
			digit = (c | 32) - 'a' + 10;
			if (digit < 10 || digit > 15)
				return false;
		}
		n = n << 4 | digit;
	}
	*ret = n;
	return true;
}

static char *
put_utf8(char *to, uint32_t c)
{
	if (c < 0x80) {
		*to++ = (char)c;
	} else if (c < 0x800) {
		*to++ = (char)(0xC0 | c >> 6);
		*to++ = (char)(0x80 | (c & 63));
	} else if (c < 0x10000) {
		*to++ = (char)(0xE0 | c >> 12);
		*to++ = (char)(0x80 | (c >> 6 & 63));
		*to++ = (char)(0x80 | (c & 63));
	} else {
		*to++ = (char)(0xF0 | c >> 18);
		*to++ = (char)(0x80 | (c >> 12 & 63));
		*to++ = (char)(0x80 | (c >> 6 & 63));
		*to++ = (char)(0x80 | (c & 63));
	}
	return to;
}

/* \uXXXX at p (after the u), pairs joined. Half a pair, which browsers send when they cut an emoji, becomes U+FFFD. */
static bool
unescape_u(const char **p, const char *end, char **to)
{
	uint32_t c, low = 0;
	if (end - *p < 4 || !hex4(*p, &c))
		return false;
	*p += 4;
	if (c >= 0xD800 && c < 0xE000) {
		bool pair = c < 0xDC00 && end - *p >= 6 && (*p)[0] == '\\' && (*p)[1] == 'u' && hex4(*p + 2, &low) &&
		    low >= 0xDC00 && low < 0xE000;
		if (pair)
			*p += 6;
		c = pair ? 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00) : 0xFFFD;
	}
	*to = put_utf8(*to, c);
	return true;
}

/* In place: the result is never longer. */
static bool
unescape(struct str *s)
{
	const char *p = memchr(s->ptr, '\\', s->len), *end = s->ptr + s->len;
	if (!p)
		return true;
	char *to = (char *)(uintptr_t)p;
	while (p < end) {
		if (*p != '\\') {
			*to++ = *p++;
			continue;
		}
		if (++p == end)
			return false;
		switch (*p++) {
		case '"': *to++ = '"'; break;
		case '\\': *to++ = '\\'; break;
		case '/': *to++ = '/'; break;
		case 'b': *to++ = '\b'; break;
		case 'f': *to++ = '\f'; break;
		case 'n': *to++ = '\n'; break;
		case 'r': *to++ = '\r'; break;
		case 't': *to++ = '\t'; break;
		case 'u':
			if (!unescape_u(&p, end, &to))
				return false;
			break;
		default:
			return false;
		}
	}
	s->len = (size_t)(to - s->ptr);
	return true;
}

/* The padding is of blanks, so the text's end looks like this too. */
static bool
ends_token(char c)
{
	return c == ',' || c == '}' || c == ']' || c == ' ' || c == '\n' || c == '\r' || c == '\t' || c == ':';
}

/* Digits into *ret as long as they fit 19; returns their number. */
static int
digits(const char **p, uint64_t *ret, int *kept)
{
	int n = 0;
	for (; (unsigned)(**p - '0') <= 9; ++*p, n++)
		if (*kept < 19) {
			*ret = *ret * 10 + (uint64_t)(**p - '0');
			*kept += *ret != 0;
		} else {
			++*kept;
		}
	return n;
}

static bool
read_double(const char *start, uint64_t mantissa, int kept, int exponent, bool negative, double *ret)
{
	static const double tens[] = {1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
		1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
	/* Both exact in a double, so one operation rounds once (Clinger). */
	if (kept <= 19 && mantissa < 1ull << 53 && exponent >= -22 && exponent <= 22) {
		double d = (double)mantissa;
		d = exponent < 0 ? d / tens[-exponent] : d * tens[exponent];
		*ret = negative ? -d : d;
		return true;
	}
	return json_double_scan(start, ret);
}

/* False when it is no number. *ret_len = its bytes. */
static bool
read_number(const char *start, struct json *j, size_t *ret_len)
{
	const char *p = start;
	bool negative = *p == '-', whole = true;
	uint64_t mantissa = 0;
	int kept = 0, exponent = 0;
	p += negative;
	bool zero = *p == '0';
	int n = digits(&p, &mantissa, &kept);
	if (n == 0 || (zero && n > 1))
		return false;
	if (*p == '.') {
		whole = false;
		p++;
		exponent = -digits(&p, &mantissa, &kept);
		if (exponent == 0)
			return false;
	}
	if (*p == 'e' || *p == 'E') {
		whole = false;
		p++;
		bool down = *p == '-';
		p += *p == '-' || *p == '+';
		uint64_t by = 0;
		int by_kept = 0;
		if (digits(&p, &by, &by_kept) == 0)
			return false;
		int step = by > 100000 || by_kept > 18 ? 100000 : (int)by;
		exponent += down ? -step : step;
	}
	if (!ends_token(*p))
		return false;
	*ret_len = (size_t)(p - start);
	if (whole && kept <= 19 && mantissa <= (uint64_t)INT64_MAX + negative) {
		j->kind = JSON_INT;
		j->i = (int64_t)(negative ? 0 - mantissa : mantissa);
		return true;
	}
	j->kind = JSON_DOUBLE;
	return read_double(start, mantissa, kept, exponent, negative, &j->d);
}

static bool
read_word(const char *p, struct json *j, size_t *ret_len)
{
	size_t n = *p == 'f' ? 5 : 4;
	if (memcmp(p, "true", 4) == 0)
		j->kind = JSON_TRUE;
	else if (memcmp(p, "null", 4) == 0)
		j->kind = JSON_NULL;
	else if (memcmp(p, "false", 5) == 0)
		j->kind = JSON_FALSE;
	else
		return false;
	*ret_len = n;
	return ends_token(p[n]);
}

/* ---------------------------------------------------------------- double keys */

static bool
same_key(const struct json *a, const struct json *b)
{
	return a->key.len == b->key.len && memcmp(a->key.ptr, b->key.ptr, a->key.len) == 0;
}

/* Small objects: a filter of 64 bits, and a look at the earlier keys only where a bit is met again. */
static const struct json *
double_key_small(const struct json *object)
{
	const struct json *j = object + 1, *end = object + object->next;
	uint64_t seen = 0;
	for (; j < end; j += j->next) {
		const unsigned char *k = (const unsigned char *)j->key.ptr;
		size_t n = j->key.len;
		unsigned h = n ? (unsigned)(n * 7 + k[0] * 31u + k[n - 1] * 3u + k[n / 2] * 13u) : 0;
		uint64_t bit = 1ull << (h & 63);
		if (seen & bit)
			for (const struct json *i = object + 1; i < j; i += i->next)
				if (same_key(i, j))
					return j;
		seen |= bit;
	}
	return NULL;
}

static const struct json *
double_key_large(struct json_parser *p, const struct json *object)
{
	size_t cap = 128;
	while (cap < (size_t)object->count * 2)
		cap *= 2;
	if (cap > p->slots_cap) {
		p->slots = mem_realloc(p->slots, cap * sizeof(*p->slots));
		p->slots_cap = cap;
	}
	memset(p->slots, 0, cap * sizeof(*p->slots));
	const struct json *end = object + object->next;
	for (const struct json *j = object + 1; j < end; j += j->next) {
		size_t i = hash_bytes(j->key) & (cap - 1);
		for (; p->slots[i]; i = (i + 1) & (cap - 1))
			if (same_key(object + p->slots[i], j))
				return j;
		p->slots[i] = (uint32_t)(j - object);
	}
	return NULL;
}

static const struct json *
double_key(struct json_parser *p, const struct json *object)
{
	if (object->count < 2)
		return NULL;
	return object->count <= SMALL_OBJECT ? double_key_small(object) : double_key_large(p, object);
}

/* ---------------------------------------------------------------- the walk */

struct walk {
	struct json_parser *p;
	struct str text;             /* for spans */
	const char *bytes;           /* the same, padded; texts are unescaped in place */
	const uint32_t *offsets;
	uint32_t i, n_offsets;       /* next token */
	uint32_t n, most;            /* nodes */
	uint32_t depth, depth_most;
	bool escapes;                /* is there a backslash at all? */
};

static bool
fail_token(const struct walk *w, uint32_t token, struct err *e, const char *sentence)
{
	return fail_here(w->text, w->offsets[token < w->n_offsets ? token : w->n_offsets], e,
	    token < w->n_offsets ? sentence : "the JSON ends too early");
}

/* The text whose opening quote is token w->i - 1: it ends before the next token. */
static bool
read_text(const struct walk *w, struct str *ret, struct str *ret_span)
{
	const char *b = w->bytes;
	uint32_t from = w->offsets[w->i - 1], to = w->offsets[w->i] - 1;
	while (to > from && (b[to] == ' ' || b[to] == '\n' || b[to] == '\r' || b[to] == '\t'))
		to--;
	if (b[to] != '"' || to == from)
		return false;
	*ret = (struct str){b + from + 1, to - from - 1};
	*ret_span = (struct str){w->text.ptr + from, to - from + 1};
	return !w->escapes || unescape(ret);
}

static bool
read_scalar(struct walk *w, struct json *j, struct err *e)
{
	uint32_t at = w->offsets[w->i - 1];
	const char *p = w->bytes + at;
	size_t len = 0;
	j->count = 0;
	j->next = 1;
	if (*p == '"') {
		j->kind = JSON_TEXT;
		return read_text(w, &j->text, &j->span) || fail_token(w, w->i - 1, e, "this text has a wrong escape");
	}
	bool number = *p == '-' || (unsigned)(*p - '0') <= 9;
	if (number ? !read_number(p, j, &len) : !read_word(p, j, &len))
		return fail_token(w, w->i - 1, e, number ? "this is not a number that JSON can hold" : "a value was expected here");
	j->span = (struct str){w->text.ptr + at, len};
	return true;
}

/* The key of the next member, with its colon. */
static bool
read_key(struct walk *w, struct str *ret, struct err *e)
{
	const char *b = w->bytes;
	struct str span;
	uint32_t token = w->i++;
	if (b[w->offsets[token]] != '"')
		return fail_token(w, token, e, "a key in quotes was expected here");
	if (!read_text(w, ret, &span))
		return fail_token(w, token, e, "this key has a wrong escape");
	if (w->escapes && memchr(ret->ptr, '\0', ret->len))
		return fail_token(w, token, e, "a key must not hold a NUL character");
	if (b[w->offsets[w->i++]] != ':')
		return fail_token(w, w->i - 1, e, "a colon was expected after the key");
	return true;
}

/* Ends the innermost container at token w->i - 1. */
static bool
close_container(struct walk *w, struct err *e)
{
	struct json *c = &w->p->nodes[w->p->open[--w->depth]];
	c->next = (uint32_t)(&w->p->nodes[w->n] - c);
	c->span.len = (size_t)(w->text.ptr + w->offsets[w->i - 1] + 1 - c->span.ptr);
	if (c->kind == JSON_ARRAY)
		return true;
	const struct json *twice = double_key(w->p, c);
	if (!twice)
		return true;
	(void)fail_here(w->text, (size_t)(twice->span.ptr - w->text.ptr), e, "");
	return fail_at(e, ERR_INVALID, e->line, e->column, "the key \"%.*s\" stands twice in one object",
	    (int)(twice->key.len < 80 ? twice->key.len : 80), twice->key.ptr);
}

/* After a value: closes what ends here; true in *ret_more when another value follows. */
static bool
after_value(struct walk *w, bool *ret_more, struct err *e)
{
	const char *b = w->bytes;
	while (w->depth) {
		struct json *c = &w->p->nodes[w->p->open[w->depth - 1]];
		char sign = b[w->offsets[w->i++]];
		c->count++;
		if (sign == ',' && w->i <= w->n_offsets) {
			*ret_more = true;
			return true;
		}
		if (sign != (c->kind == JSON_OBJECT ? '}' : ']') || w->i > w->n_offsets)
			return fail_token(w, w->i - 1, e, "a comma or the closing bracket was expected here");
		if (!close_container(w, e))
			return false;
	}
	*ret_more = false;
	return true;
}

static bool
open_container(struct walk *w, struct json *j, char sign, struct err *e)
{
	j->kind = sign == '{' ? JSON_OBJECT : JSON_ARRAY;
	j->count = 0;
	j->text = (struct str){0};
	j->span = (struct str){w->text.ptr + w->offsets[w->i - 1], 0};
	if (w->depth == w->depth_most)
		return fail_token(w, w->i - 1, e, "the JSON is nested too deeply");
	w->p->open[w->depth++] = (uint32_t)(j - w->p->nodes);
	return true;
}

static bool
walk(struct walk *w, struct err *e)
{
	const char *b = w->bytes;
	for (bool more = true; more;) {
		struct json *j = &w->p->nodes[w->n];
		if (w->n++ >= w->most)
			return fail_at(e, ERR_TOO_LARGE, 0, 0, "the JSON has more than %u values", w->most);
		j->key = (struct str){0};
		if (w->depth && w->p->nodes[w->p->open[w->depth - 1]].kind == JSON_OBJECT && !read_key(w, &j->key, e))
			return false;
		char sign = b[w->offsets[w->i++]];
		if (sign == '{' || sign == '[') {
			if (!open_container(w, j, sign, e))
				return false;
			if (b[w->offsets[w->i]] != (sign == '{' ? '}' : ']'))
				continue;
			w->i++;
			if (!close_container(w, e))
				return false;
		} else if (!read_scalar(w, j, e)) {
			return false;
		}
		if (!after_value(w, &more, e))
			return false;
	}
	return w->i >= w->n_offsets || fail_token(w, w->i, e, "something follows after the end of the JSON");
}

static void
put_padded(char *bytes, struct str text)
{
	if (text.len)
		memcpy(bytes, text.ptr, text.len);
	memset(bytes + text.len, ' ', PADDING);
}

/* `bytes`: a padded copy of the text, or the text itself when it is padded and holds no escape. */
static bool
parse_padded(struct json_parser *p, struct str text, const char *bytes, bool escapes, const struct json_limits *limits, const struct json **ret,
    struct err *e)
{
	struct walk w = {.p = p, .text = text, .bytes = bytes, .escapes = escapes,
	    .depth_most = limits && limits->depth ? limits->depth : DEPTH_DEFAULT};
	uint32_t most = limits && limits->nodes ? limits->nodes : NODES_DEFAULT;
	if (w.depth_most > DEPTH_MOST)
		w.depth_most = DEPTH_MOST;
	enum json_index_result r = json_index_scan(p->index, bytes, text.len, &w.offsets, &w.n_offsets);
	if (r != JSON_INDEX_OK)
		return fail_index(r, text, e);
	/* Every value begins with a token of its own. */
	w.most = most;
	size_t nodes = w.n_offsets + 1u < (size_t)most + 1 ? w.n_offsets + 1u : (size_t)most + 1;
	if (p->nodes_cap < nodes) {
		mem_free(p->nodes);
		p->nodes_cap = nodes + nodes / 2;
		p->nodes = mem_alloc(p->nodes_cap * sizeof(*p->nodes));
	}
	if (!walk(&w, e))
		return false;
	*ret = p->nodes;
	return true;
}

static bool
has_escapes(struct str text)
{
	return text.len && memchr(text.ptr, '\\', text.len);
}

static bool
fits(struct str text, struct err *e)
{
	return text.len <= UINT32_MAX / 2 || fail(e, ERR_TOO_LARGE, "a JSON text of more than 2 GB cannot be read");
}

bool
json_parse(struct json_parser *p, struct str text, const struct json_limits *limits, const struct json **ret, struct err *e)
{
	if (!fits(text, e))
		return false;
	if (p->bytes_cap < text.len + PADDING) {
		p->bytes_cap = (text.len + PADDING) * 3 / 2;
		mem_free(p->bytes);
		p->bytes = mem_alloc(p->bytes_cap);
	}
	put_padded(p->bytes, text);
	return parse_padded(p, text, p->bytes, has_escapes(text), limits, ret, e);
}

/* ---------------------------------------------------------------- copies */

static struct str
moved(struct arena *a, struct str s, struct str from, struct str to)
{
	if (!s.ptr)
		return s;
	if (from.ptr && s.ptr >= from.ptr && s.ptr + s.len <= from.ptr + from.len)
		return (struct str){to.ptr + (s.ptr - from.ptr), s.len};
	return arena_str(a, s);
}

const struct json *
json_copy(struct arena *a, const struct json *j)
{
	struct str span = j->span.ptr ? arena_str(a, j->span) : (struct str){0};
	struct json *copy = arena_array(a, struct json, j->next);
	memcpy(copy, j, j->next * sizeof(*j));
	for (uint32_t i = 0; i < j->next; i++) {
		struct json *c = &copy[i];
		/* A text without escapes is its source text without the quotes. */
		bool plain = c->kind == JSON_TEXT && c->span.ptr && c->span.len == c->text.len + 2;
		c->span = moved(a, c->span, j->span, span);
		if (plain)
			c->text.ptr = c->span.ptr + 1;
		else if (c->kind == JSON_TEXT)
			c->text = moved(a, c->text, j->span, span);
		if (i > 0)
			c->key = moved(a, c->key, j->span, span);
	}
	copy->key = (struct str){0};
	return copy;
}

static bool
is_inside(struct str part, struct str whole)
{
	return part.ptr >= whole.ptr && part.ptr + part.len <= whole.ptr + whole.len;
}

/* Texts that stand in the root's source are not copied a second time. */
static size_t
text_room(struct str s, struct str root)
{
	return root.ptr && is_inside(s, root) ? 0 : s.len;
}

static struct str
put_text(char **to, struct str s, struct str root, struct str copied_root)
{
	if (!s.ptr)
		return s;
	if (root.ptr && is_inside(s, root))
		return (struct str){copied_root.ptr + (s.ptr - root.ptr), s.len};
	char *at = *to;
	if (s.len)
		memcpy(at, s.ptr, s.len);
	*to += s.len;
	return (struct str){at, s.len};
}

struct json *
json_box(const struct json *j)
{
	size_t bytes = sizeof(*j) * j->next + j->span.len + 1;
	for (uint32_t i = 0; i < j->next; i++)
		bytes += (i ? text_room(j[i].key, j->span) : 0) + (j[i].kind == JSON_TEXT ? text_room(j[i].text, j->span) : 0) +
		    text_room(j[i].span, j->span);
	struct json *box = mem_alloc(bytes);
	char *to = (char *)(box + j->next);
	struct str root = {0};
	root = put_text(&to, j->span, (struct str){0}, root);
	memcpy(box, j, sizeof(*j) * j->next);
	for (uint32_t i = 0; i < j->next; i++) {
		box[i].key = i ? put_text(&to, j[i].key, j->span, root) : (struct str){0};
		box[i].span = put_text(&to, j[i].span, j->span, root);
		if (j[i].kind == JSON_TEXT)
			box[i].text = put_text(&to, j[i].text, j->span, root);
	}
	return box;
}

/* One parser is kept for json_parse_arena: making one costs more than reading a small text. Whoever finds it taken makes
 * another. */
static _Atomic(struct json_parser *) spare;

static struct json_parser *
spare_take(void)
{
	struct json_parser *p = atomic_exchange(&spare, NULL);
	return p ? p : json_parser_new();
}

/* One that grew with a large document is not worth keeping. */
static void
spare_put(struct json_parser *p)
{
	bool large = p->bytes_cap > SPARE_BYTES || p->nodes_cap * sizeof(*p->nodes) > SPARE_BYTES;
	json_parser_free(large ? p : atomic_exchange(&spare, p));
}

bool
json_parse_arena(struct arena *a, struct str text, const struct json **ret, struct err *e)
{
	/* The writer holds 63 levels, and what is read here is written again inside other values. */
	const struct json_limits wide = {.depth = 48, .nodes = UINT32_MAX / 64};
	const struct json *j = NULL;
	if (!fits(text, e))
		return false;
	/* Texts and spans point into the arena at once; only what holds escapes is there a second time. */
	bool escapes = has_escapes(text);
	char *source = arena_alloc(a, text.len + PADDING), *bytes = escapes ? arena_alloc(a, text.len + PADDING) : source;
	put_padded(source, text);
	if (escapes)
		put_padded(bytes, text);
	struct json_parser *p = spare_take();
	bool ok = parse_padded(p, (struct str){source, text.len}, bytes, escapes, &wide, &j, e);
	if (ok && j) {
		struct json *nodes = arena_array(a, struct json, j->next);
		memcpy(nodes, j, sizeof(*nodes) * j->next);
		*ret = nodes;
	}
	spare_put(p);
	return ok;
}

/* ---------------------------------------------------------------- looking */

const struct json *
json_first(const struct json *container)
{
	return container && container->next > 1 ? container + 1 : NULL;
}

const struct json *
json_after(const struct json *container, const struct json *child)
{
	const struct json *next = child + child->next;
	return next < container + container->next ? next : NULL;
}

const struct json *
json_get(const struct json *object, struct str key)
{
	if (!object || object->kind != JSON_OBJECT)
		return NULL;
	const struct json *end = object + object->next;
	for (const struct json *j = object + 1; j < end; j += j->next)
		if (j->key.len == key.len && (key.len == 0 || (j->key.ptr[0] == key.ptr[0] && memcmp(j->key.ptr, key.ptr, key.len) == 0)))
			return j;
	return NULL;
}

const struct json *
json_path(const struct json *object, const char *dotted)
{
	struct str rest = str_of(dotted);
	while (object && rest.len)
		object = json_get(object, str_cut(&rest, '.'));
	return object;
}

struct str
json_text(const struct json *j)
{
	return j && j->kind == JSON_TEXT ? j->text : (struct str){0};
}

bool
json_is(const struct json *j, enum json_kind kind)
{
	return j && j->kind == kind;
}

bool
json_is_number(const struct json *j)
{
	return j && (j->kind == JSON_INT || j->kind == JSON_DOUBLE);
}

bool
json_fixed(const struct json *j, fixed *ret)
{
	int64_t n;
	if (!json_is_number(j))
		return false;
	if (j->kind == JSON_DOUBLE) /* by its digits: 0.1 is exact in fixed point, not in a double */
		return j->span.ptr ? str_to_fixed(j->span, ret) : fixed_of_double(j->d, ret);
	if (__builtin_mul_overflow(j->i, FIXED_ONE, &n))
		return false;
	*ret = n;
	return true;
}

double
json_double(const struct json *j)
{
	return !json_is_number(j) ? 0 : j->kind == JSON_INT ? (double)j->i : j->d;
}

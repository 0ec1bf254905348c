#include "ingest/csv.h"
#include "base/limits.h"
#include "base/vec.h"
#include <string.h>

struct csv {
	struct source *source;
	struct csv_options o;
	char *buf;
	size_t len, cap, at;             /* at: where the next row begins */
	bool ended, begun;
	uint64_t line;
	struct buf scratch;              /* cells with doubled quotes or of Latin-1 */
	struct arena cells_arena;
	VEC(struct str) cells;
};

enum { READ_AHEAD = 128 * 1024 };

struct csv *
csv_new(struct source *s, const struct csv_options *o)
{
	struct csv *c = mem_alloc(sizeof(*c));
	c->source = s;
	c->o = *o;
	c->line = 1;
	arena_init(&c->cells_arena);
	return c;
}

void
csv_free(struct csv *c)
{
	if (!c)
		return;
	buf_release(&c->scratch);
	arena_clear(&c->cells_arena);
	vec_release(&c->cells);
	mem_free(c->buf);
	mem_free(c);
}

/* More bytes behind those in hand, those before `at` dropped. */
static bool
more(struct csv *c, struct err *e)
{
	size_t n;
	if (c->at) {
		memmove(c->buf, c->buf + c->at, c->len - c->at);
		c->len -= c->at;
		c->at = 0;
	}
	if (c->cap - c->len < READ_AHEAD) {
		c->cap = c->cap * 2 + 2 * READ_AHEAD;
		c->buf = mem_realloc(c->buf, c->cap);
	}
	if (!source_read(c->source, c->buf + c->len, c->cap - c->len, &n, e))
		return false;
	c->len += n;
	c->ended = n == 0;
	return true;
}

/* The end of the row that begins at c->at: the index of its line end (or of the file's), quotes respected. SIZE_MAX: not in hand yet. */
static size_t
row_end(const struct csv *c, bool *ret_open_quote)
{
	bool quoted = false, at_start = true;
	for (size_t i = c->at; i < c->len; i++) {
		char b = c->buf[i];
		if (quoted) {
			quoted = b != '"';
			continue;
		}
		/* A quote opens a cell at its beginning only, or goes on after a doubled one. */
		if (b == '"' && !c->o.no_quotes && (at_start || c->buf[i - 1] == '"'))
			quoted = true;
		else if (b == '\n')
			return *ret_open_quote = false, i;
		at_start = b == c->o.delimiter;
	}
	*ret_open_quote = quoted;
	return c->ended ? c->len : SIZE_MAX;
}

static size_t
line_end(const struct csv *c, size_t from)
{
	const char *p = from < c->len ? memchr(c->buf + from, '\n', c->len - from) : NULL;
	return p ? (size_t)(p - c->buf) : c->ended ? c->len : SIZE_MAX;
}

static bool
find_end(struct csv *c, bool whole_lines, size_t *ret_end, bool *ret_open, struct err *e)
{
	*ret_open = false;
	for (;;) {
		*ret_end = whole_lines ? line_end(c, c->at) : row_end(c, ret_open);
		if (*ret_end != SIZE_MAX || c->len - c->at > LIMIT_CSV_ROW_BYTES)
			return true;
		if (!more(c, e))
			return false;
	}
}

static void
count_lines(struct csv *c, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++)
		c->line += c->buf[i] == '\n';
}

/* Goes on with the line after the one that begins at c->at, however long it is. */
static bool
skip_line(struct csv *c, struct err *e)
{
	while (line_end(c, c->at) == SIZE_MAX) {
		c->at = c->len;
		if (!more(c, e))
			return false;
	}
	size_t end = line_end(c, c->at);
	c->at = end < c->len ? end + 1 : end;
	c->line++;
	return true;
}

static void
begin(struct csv *c)
{
	static const char bom[] = "\xEF\xBB\xBF", candidates[] = ",;\t|";
	if (c->len >= 3 && !memcmp(c->buf, bom, 3))
		c->at = 3;
	c->begun = true;
	if (c->o.delimiter)
		return;
	size_t end = line_end(c, c->at), most = 0;
	c->o.delimiter = ',';
	for (size_t k = 0; k < sizeof(candidates) - 1; k++) {
		size_t n = 0;
		for (size_t i = c->at; i < (end == SIZE_MAX ? c->len : end); i++)
			n += c->buf[i] == candidates[k];
		if (n > most)
			most = n, c->o.delimiter = candidates[k];
	}
}

/* ---------------------------------------------------------------- cells */

/* Bytes that are no UTF-8 are taken for Latin-1, of which each byte is the code point. */
static struct str
as_utf8(struct csv *c, struct str s)
{
	if (str_is_utf8(s))
		return s;
	buf_reset(&c->scratch);
	for (size_t i = 0; i < s.len; i++) {
		uint8_t b = (uint8_t)s.ptr[i];
		if (b < 0x80)
			buf_add_char(&c->scratch, (char)b);
		else
			buf_add(&c->scratch, (char[]){(char)(0xC0 | b >> 6), (char)(0x80 | (b & 0x3F))}, 2);
	}
	return arena_str(&c->cells_arena, buf_str(&c->scratch));
}

/* A cell that began with a quote: *i stands behind the quote and is left behind the cell. */
static struct str
quoted_cell(struct csv *c, const char *p, size_t n, size_t *i)
{
	size_t from = *i;
	bool doubled = false;
	for (; *i < n; ++*i)
		if (p[*i] == '"') {
			if (*i + 1 < n && p[*i + 1] == '"')
				doubled = true, ++*i;
			else
				break;
		}
	struct str s = {p + from, *i - from};
	while (*i < n && p[*i] != c->o.delimiter)       /* what stands between the closing quote and the delimiter is dropped */
		++*i;
	if (!doubled)
		return s;
	char *to = arena_alloc(&c->cells_arena, s.len + 1);
	size_t k = 0;
	for (size_t j = 0; j < s.len; j++) {
		to[k++] = s.ptr[j];
		j += s.ptr[j] == '"';
	}
	return (struct str){to, k};
}

static void
split(struct csv *c, const char *p, size_t n)
{
	c->cells.len = 0;
	arena_reset(&c->cells_arena);
	for (size_t i = 0;; i++) {
		while (c->o.delimiter == ' ' && i < n && p[i] == ' ')
			i++;
		struct str s;
		if (i < n && p[i] == '"' && !c->o.no_quotes) {
			i++;
			s = quoted_cell(c, p, n, &i);
		} else {
			size_t from = i;
			while (i < n && p[i] != c->o.delimiter)
				i++;
			s = (struct str){p + from, i - from};
		}
		if (!(c->o.delimiter == ' ' && i >= n && !s.len))
			*vec_push(&c->cells) = as_utf8(c, s);
		if (i >= n)
			return;
	}
}

static bool
bad_row(struct csv *c, struct csv_row *ret, const char *reason, struct err *e)
{
	*ret = (struct csv_row){.line = c->line, .bad = true, .reason = reason};
	return skip_line(c, e);
}

bool
csv_next(struct csv *c, struct csv_row *ret, bool *ret_end, struct err *e)
{
	for (;;) {
		size_t end;
		bool open;
		if (!c->begun && !c->len && !more(c, e))
			return false;
		if (!c->begun)
			begin(c);
		if (!find_end(c, false, &end, &open, e))
			return false;
		*ret_end = end == c->at && c->ended && c->at == c->len;
		if (*ret_end)
			return true;
		if (end == SIZE_MAX || end - c->at > LIMIT_CSV_ROW_BYTES)
			return bad_row(c, ret, "the row has more than 256 KB: is a quote never closed?", e);
		if (open)
			return bad_row(c, ret, "a quote is opened and never closed", e);
		size_t n = end - c->at;
		const char *p = c->buf + c->at;
		while (n && p[n - 1] == '\r')
			n--;
		uint64_t line = c->line;
		count_lines(c, c->at, end);
		c->line++;
		c->at = end < c->len ? end + 1 : end;
		if (!n)
			continue;
		split(c, p, n);
		*ret = (struct csv_row){.line = line, .cells = c->cells.items, .n = (uint32_t)c->cells.len};
		if (c->cells.len > LIMIT_CSV_COLUMNS)
			*ret = (struct csv_row){.line = line, .bad = true, .reason = "the row has more than 512 columns"};
		return true;
	}
}

bool
csv_line(struct csv *c, struct csv_row *ret, struct str *ret_line, bool *ret_end, struct err *e)
{
	for (;;) {
		size_t end;
		bool open;
		if (!c->begun && !c->len && !more(c, e))
			return false;
		c->begun = true;
		if (!find_end(c, true, &end, &open, e))
			return false;
		*ret_end = end == c->at && c->ended && c->at == c->len;
		if (*ret_end)
			return true;
		if (end == SIZE_MAX || end - c->at > LIMIT_CSV_ROW_BYTES)
			return bad_row(c, ret, "the line has more than 256 KB", e);
		struct str s = str_trim((struct str){c->buf + c->at, end - c->at});
		*ret = (struct csv_row){.line = c->line++};
		c->at = end < c->len ? end + 1 : end;
		if (s.len) {
			*ret_line = s;
			return true;
		}
	}
}

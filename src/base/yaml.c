#include "base/yaml.h"
#include "base/json.h"
#include "base/map.h"
#include <stdio.h>
#include <string.h>
#include <yaml.h>

/* Mappings of more keys get a hash table to find double ones. */
enum { DEPTH_MOST = 32, FEW_KEYS = 32 };

/* One parse: libyaml's events become a tree. */
struct loader {
	yaml_parser_t parser;
	struct arena *arena;
	const char *file;
	struct str text;
	struct err *e;
};

static bool
fail_mark(struct loader *l, yaml_mark_t mark, const char *sentence)
{
	(void)fail_at(l->e, ERR_INVALID, (int)mark.line + 1, (int)mark.column + 1, "%s", sentence);
	return fail_in(l->e, l->file);
}

/* libyaml's own sentences are short; its `context` says what it was reading. */
static bool
fail_parser(struct loader *l)
{
	const yaml_parser_t *p = &l->parser;
	const char *problem = p->problem ? p->problem : "this is not YAML";
	if (p->error == YAML_READER_ERROR) {
		int line = 1;
		for (size_t i = 0; i < p->problem_offset && i < l->text.len; i++)
			line += l->text.ptr[i] == '\n';
		(void)fail_at(l->e, ERR_INVALID, line, 1, "this line holds bytes that YAML cannot be made of (%s)", problem);
		return fail_in(l->e, l->file);
	}
	if (strcmp(problem, "mapping values are not allowed in this context") == 0)
		return fail_mark(l, p->problem_mark,
		    "there is a colon inside a text that stands without quotes: put the text in 'single quotes', or on lines of its own after `|`");
	if (strcmp(problem, "found character that cannot start any token") == 0)
		return fail_mark(l, p->problem_mark, "YAML cannot begin anything with this sign (a tab, @, ` or %): "
		    "indent with blanks, or put the text in quotes");
	char text[320];
	snprintf(text, sizeof(text), "%s%s%s", p->context ? p->context : "", p->context ? ": " : "", problem);
	return fail_mark(l, p->problem_mark, text);
}

static bool
next_event(struct loader *l, yaml_event_t *ev)
{
	return yaml_parser_parse(&l->parser, ev) || fail_parser(l);
}

/* ---------------------------------------------------------------- where a scalar's text begins */

/* Offset of the line that a mark stands in. */
static size_t
line_start(struct str text, size_t offset)
{
	size_t i = offset < text.len ? offset : text.len;
	while (i && text.ptr[i - 1] != '\n')
		i--;
	return i;
}

/* A block scalar begins at the first line below its `|` that is not blank; its column is that line's indentation
 * unless the header states one, which our documents have no use for. */
static void
place_block(struct loader *l, struct yaml *y, yaml_mark_t start)
{
	size_t i = str_find_char(l->text, '\n', line_start(l->text, start.index));
	int line = (int)start.line + 2;
	while (i != SIZE_MAX && i + 1 < l->text.len) {
		size_t from = i + 1, at = from;
		while (at < l->text.len && l->text.ptr[at] == ' ')
			at++;
		if (at < l->text.len && l->text.ptr[at] != '\n' && l->text.ptr[at] != '\r') {
			y->text_line = line;
			y->text_column = (int)(at - from) + 1;
			return;
		}
		i = str_find_char(l->text, '\n', at);
		line++;
	}
}

static void
place_scalar(struct loader *l, struct yaml *y, const yaml_event_t *ev)
{
	y->text_line = y->line;
	y->text_column = y->column;
	switch (ev->data.scalar.style) {
	case YAML_SINGLE_QUOTED_SCALAR_STYLE:
	case YAML_DOUBLE_QUOTED_SCALAR_STYLE:
		y->quoted = true;
		y->text_column++;
		return;
	case YAML_LITERAL_SCALAR_STYLE:
	case YAML_FOLDED_SCALAR_STYLE:
		y->block = true;
		place_block(l, y, ev->start_mark);
		return;
	default:
		return;
	}
}

/* ---------------------------------------------------------------- the tree */

static bool
refuse_extras(struct loader *l, const yaml_char_t *anchor, const yaml_char_t *tag, yaml_mark_t mark)
{
	if (anchor)
		return fail_mark(l, mark, "anchors (&name) are not used in these documents: write the text out");
	if (tag)
		return fail_mark(l, mark, "tags (!name) are not used in these documents");
	return true;
}

static struct yaml *
new_node(struct loader *l, enum yaml_kind kind, const yaml_event_t *ev)
{
	struct yaml *y = arena_new(l->arena, struct yaml);
	y->kind = kind;
	y->line = (int)ev->start_mark.line + 1;
	y->column = (int)ev->start_mark.column + 1;
	return y;
}

static bool read_node(struct loader *l, yaml_event_t *ev, int depth, struct yaml **ret);

static bool
read_scalar(struct loader *l, const yaml_event_t *ev, struct yaml **ret)
{
	if (!refuse_extras(l, ev->data.scalar.anchor, ev->data.scalar.tag, ev->start_mark))
		return false;
	struct yaml *y = new_node(l, YAML_SCALAR, ev);
	y->text = arena_str(l->arena, (struct str){(const char *)ev->data.scalar.value, ev->data.scalar.length});
	place_scalar(l, y, ev);
	*ret = y;
	return true;
}

static bool
read_sequence(struct loader *l, const yaml_event_t *start, int depth, struct yaml **ret)
{
	if (!refuse_extras(l, start->data.sequence_start.anchor, start->data.sequence_start.tag, start->start_mark))
		return false;
	struct yaml *y = new_node(l, YAML_SEQUENCE, start), **end = &y->first;
	for (;;) {
		yaml_event_t ev;
		if (!next_event(l, &ev))
			return false;
		bool last = ev.type == YAML_SEQUENCE_END_EVENT, ok = last || read_node(l, &ev, depth + 1, end);
		yaml_event_delete(&ev);
		if (!ok)
			return false;
		if (last)
			break;
		end = &(*end)->next;
		y->count++;
	}
	*ret = y;
	return true;
}

/* The line of an earlier key of this name, 0 when there is none. */
static int
line_of_key(const struct yaml *mapping, const struct strmap *lines, struct str key)
{
	if (lines->len) {
		const uint32_t *line = strmap_get(lines, key);
		return line ? (int)*line : 0;
	}
	for (const struct yaml *y = mapping->first; y; y = y->next)
		if (str_eq(y->key, key))
			return y->key_line;
	return 0;
}

static void
remember_keys(const struct yaml *mapping, struct strmap *lines)
{
	if (mapping->count >= FEW_KEYS)
		for (const struct yaml *y = mapping->first; y; y = y->next)
			strmap_put(lines, y->key, (uint32_t)y->key_line);
}

static bool
check_key(struct loader *l, const struct yaml *mapping, const struct strmap *lines, const yaml_event_t *ev)
{
	if (ev->type != YAML_SCALAR_EVENT)
		return fail_mark(l, ev->start_mark, "a key must be a plain text, not a list, a mapping or an alias");
	if (!refuse_extras(l, ev->data.scalar.anchor, ev->data.scalar.tag, ev->start_mark))
		return false;
	struct str key = {(const char *)ev->data.scalar.value, ev->data.scalar.length};
	int line = line_of_key(mapping, lines, key);
	if (!line)
		return true;
	char text[200];
	snprintf(text, sizeof(text), "the key `%.*s` stands twice here, first in line %d", (int)(key.len < 80 ? key.len : 80),
	    key.ptr, line);
	return fail_mark(l, ev->start_mark, text);
}

static bool
read_member(struct loader *l, const yaml_event_t *key, int depth, struct yaml **ret)
{
	yaml_event_t ev;
	if (!next_event(l, &ev))
		return false;
	struct yaml *y;
	bool ok = read_node(l, &ev, depth + 1, &y);
	yaml_event_delete(&ev);
	if (!ok)
		return false;
	y->key = arena_str(l->arena, (struct str){(const char *)key->data.scalar.value, key->data.scalar.length});
	y->key_line = (int)key->start_mark.line + 1;
	y->key_column = (int)key->start_mark.column + 1;
	*ret = y;
	return true;
}

/* The members of y, up to its end. */
static bool
read_members(struct loader *l, struct yaml *y, struct strmap *lines, int depth)
{
	struct yaml **end = &y->first;
	for (;;) {
		yaml_event_t ev;
		if (!next_event(l, &ev))
			return false;
		bool last = ev.type == YAML_MAPPING_END_EVENT;
		bool ok = last || (check_key(l, y, lines, &ev) && read_member(l, &ev, depth, end));
		yaml_event_delete(&ev);
		if (!ok || last)
			return ok;
		y->count++;
		if (lines->len)
			strmap_put(lines, (*end)->key, (uint32_t)(*end)->key_line);
		else
			remember_keys(y, lines);
		end = &(*end)->next;
	}
}

static bool
read_mapping(struct loader *l, const yaml_event_t *start, int depth, struct yaml **ret)
{
	if (!refuse_extras(l, start->data.mapping_start.anchor, start->data.mapping_start.tag, start->start_mark))
		return false;
	struct yaml *y = new_node(l, YAML_MAPPING, start);
	struct strmap lines = {0};
	bool ok = read_members(l, y, &lines, depth);
	strmap_release(&lines);
	if (ok)
		*ret = y;
	return ok;
}

static bool
read_node(struct loader *l, yaml_event_t *ev, int depth, struct yaml **ret)
{
	if (depth > DEPTH_MOST)
		return fail_mark(l, ev->start_mark, "the document is nested too deeply");
	switch (ev->type) {
	case YAML_SCALAR_EVENT:
		return read_scalar(l, ev, ret);
	case YAML_SEQUENCE_START_EVENT:
		return read_sequence(l, ev, depth, ret);
	case YAML_MAPPING_START_EVENT:
		return read_mapping(l, ev, depth, ret);
	case YAML_ALIAS_EVENT:
		return fail_mark(l, ev->start_mark, "aliases (*name) are not used in these documents: write the text out");
	default:
		return fail_mark(l, ev->start_mark, "a value was expected here");
	}
}

/* ---------------------------------------------------------------- documents */

/* One document: its start was read. */
static bool
read_document(struct loader *l, struct yaml **ret)
{
	yaml_event_t ev;
	if (!next_event(l, &ev))
		return false;
	bool ok = read_node(l, &ev, 1, ret);
	yaml_event_delete(&ev);
	if (!ok || !next_event(l, &ev))
		return false;
	yaml_event_delete(&ev); /* the document's end */
	return true;
}

static bool
read_stream(struct loader *l, struct yaml ***ret_docs, size_t *ret_count)
{
	struct yaml **docs = NULL;
	size_t n = 0;
	for (;;) {
		yaml_event_t ev;
		if (!next_event(l, &ev))
			return false;
		yaml_event_type_t type = ev.type;
		yaml_event_delete(&ev);
		if (type == YAML_STREAM_END_EVENT)
			break;
		if (type != YAML_DOCUMENT_START_EVENT)
			continue;
		docs = arena_grow(l->arena, docs, n * sizeof(*docs), (n + 1) * sizeof(*docs));
		if (!read_document(l, &docs[n]))
			return false;
		n++;
	}
	*ret_docs = docs;
	*ret_count = n;
	return true;
}

bool
yaml_parse(struct arena *a, const char *file, struct str text, struct yaml **ret_docs[], size_t *ret_count, struct err *e)
{
	struct loader l = {.arena = a, .file = file, .text = text, .e = e};
	size_t nul = str_find_char(text, '\0', 0);
	if (nul != SIZE_MAX) {
		int line = 1;
		for (size_t i = 0; i < nul; i++)
			line += text.ptr[i] == '\n';
		struct str ahead = str_slice(text, line_start(text, nul), nul);
		(void)fail_at(e, ERR_INVALID, line, (int)str_code_points(ahead) + 1, "the document holds a NUL byte: it is not a text");
		return fail_in(e, file);
	}
	if (!yaml_parser_initialize(&l.parser)) {
		(void)fail(e, ERR_UNAVAILABLE, "there is no memory to read the document");
		return fail_in(e, file);
	}
	yaml_parser_set_encoding(&l.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&l.parser, (const unsigned char *)(text.ptr ? text.ptr : ""), text.len);
	bool ok = read_stream(&l, ret_docs, ret_count);
	yaml_parser_delete(&l.parser);
	return ok;
}

const struct yaml *
yaml_get(const struct yaml *mapping, const char *key)
{
	if (!mapping || mapping->kind != YAML_MAPPING)
		return NULL;
	struct str wanted = str_of(key);
	yaml_each(y, mapping) {
		if (str_eq(y->key, wanted))
			return y;
	}
	return NULL;
}

/* ---------------------------------------------------------------- as JSON */

/* The grammar of JSON's numbers; "+358…", "007" and "1.2.3" are texts. */
static bool
is_json_number(struct str s)
{
	size_t i = s.len && s.ptr[0] == '-', from = i;
	while (i < s.len && (unsigned)(s.ptr[i] - '0') <= 9)
		i++;
	if (i == from || (s.ptr[from] == '0' && i - from > 1))
		return false;
	if (i < s.len && s.ptr[i] == '.') {
		from = ++i;
		while (i < s.len && (unsigned)(s.ptr[i] - '0') <= 9)
			i++;
		if (i == from)
			return false;
	}
	if (i < s.len && (s.ptr[i] == 'e' || s.ptr[i] == 'E')) {
		i++;
		i += i < s.len && (s.ptr[i] == '+' || s.ptr[i] == '-');
		from = i;
		while (i < s.len && (unsigned)(s.ptr[i] - '0') <= 9)
			i++;
		if (i == from)
			return false;
	}
	return i == s.len;
}

static void
scalar_json(struct json_writer *w, const struct yaml *y)
{
	struct str s = y->text;
	if (y->quoted || y->block)
		jw_str(w, s);
	else if (s.len == 0 || str_eq(s, STR("null")) || str_eq(s, STR("~")))
		jw_null(w);
	else if (str_eq(s, STR("true")) || str_eq(s, STR("false")) || is_json_number(s))
		jw_raw(w, s);
	else
		jw_str(w, s);
}

static void
node_json(struct json_writer *w, const struct yaml *y)
{
	switch (y->kind) {
	case YAML_SCALAR:
		scalar_json(w, y);
		return;
	case YAML_SEQUENCE:
		jw_array(w);
		yaml_each(child, y)
			node_json(w, child);
		jw_array_end(w);
		return;
	case YAML_MAPPING:
		jw_object(w);
		yaml_each(child, y) {
			jw_key(w, child->key);
			node_json(w, child);
		}
		jw_object_end(w);
		return;
	}
}

void
yaml_to_json(const struct yaml *y, struct buf *out)
{
	struct json_writer w = json_writer_on(out);
	if (y)
		node_json(&w, y);
	else
		jw_null(&w);
}

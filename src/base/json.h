/* json.h -- JSON as a flat array of nodes, read by simdjson, and a writer.
 *
 * A node is followed by its children: an array's elements; an object's values, each carrying its key. `next` is the
 * distance to the node after the whole value, so siblings are reached without recursion. Texts point into the parser's
 * memory and are valid until its next parse or its release. Numbers keep an int64 where they are whole and fit, and
 * are always also given as fixed point (`fixed_ok`). */
#pragma once
#include "base/str.h"

enum json_kind { JSON_NULL, JSON_FALSE, JSON_TRUE, JSON_INT, JSON_DOUBLE, JSON_TEXT, JSON_ARRAY, JSON_OBJECT };

struct json {
	uint8_t kind;       /* enum json_kind */
	uint32_t next;      /* nodes of this value, itself included */
	uint32_t count;     /* elements or members */
	struct str key;     /* in an object; ptr NULL elsewhere */
	struct str span;    /* the value's own source text; objects, arrays and scalars alike */
	union {
		int64_t i;
		double d;
		struct str text; /* unescaped */
	};
};

struct json_limits {
	uint32_t depth;     /* 0 = 32 */
	uint32_t nodes;     /* 0 = 100,000 */
};

struct json_parser;
struct json_parser *json_parser_new(void);
void json_parser_free(struct json_parser *p);
/* Refuses: invalid UTF-8, NUL in keys, twice the same key in one object (the last would win silently elsewhere),
 * depth or nodes beyond the limits, anything after the value. The text is copied as far as needed; it may be changed
 * after the call except that `span`s point into it. *ret is the root. */
MUST_CHECK bool json_parse(struct json_parser *p, struct str text, const struct json_limits *limits,
    const struct json **ret, struct err *e);
/* A copy of a value, texts included, that lives in the arena. */
const struct json *json_copy(struct arena *a, const struct json *j);
/* A copy in one piece of heap memory, for values that are kept singly; free with mem_free. */
struct json *json_box(const struct json *j);
/* Parses into an arena (slower; for documents, tests and stored values). */
MUST_CHECK bool json_parse_arena(struct arena *a, struct str text, const struct json **ret, struct err *e);

/* All accept NULL and return NULL/false/empty for it and for other kinds. */
const struct json *json_get(const struct json *object, struct str key);
const struct json *json_path(const struct json *object, const char *dotted);   /* "context.page.url" */
const struct json *json_first(const struct json *container);                   /* first child or NULL */
const struct json *json_after(const struct json *container, const struct json *child); /* next sibling or NULL */
#define json_each(child, container) \
	for (const struct json *child = json_first(container); child; child = json_after((container), child))
struct str json_text(const struct json *j);           /* text; empty for anything else */
bool json_is(const struct json *j, enum json_kind kind);
bool json_is_number(const struct json *j);
/* False when not a number or out of range of fixed. */
bool json_fixed(const struct json *j, fixed *ret);
double json_double(const struct json *j);

/* Writing. The writer puts the commas; values must be balanced. Non-UTF-8 bytes are replaced by U+FFFD. */
struct json_writer {
	struct buf *out;
	uint64_t first;      /* bit per depth: nothing written yet there */
	uint32_t depth;
	bool after_key;
	bool pretty;         /* two blanks a level */
};
struct json_writer json_writer_on(struct buf *out);
void jw_object(struct json_writer *w);
void jw_object_end(struct json_writer *w);
void jw_array(struct json_writer *w);
void jw_array_end(struct json_writer *w);
void jw_key(struct json_writer *w, struct str key);
void jw_str(struct json_writer *w, struct str s);
void jw_cstr(struct json_writer *w, const char *s);
void jw_int(struct json_writer *w, int64_t n);
void jw_fixed(struct json_writer *w, fixed n);
void jw_double(struct json_writer *w, double d);
void jw_bool(struct json_writer *w, bool b);
void jw_null(struct json_writer *w);
void jw_wall(struct json_writer *w, wall t);                  /* "2026-03-02T17:00:00.000Z" */
void jw_raw(struct json_writer *w, struct str json_text);     /* must be one valid value */
void jw_json(struct json_writer *w, const struct json *j);
/* key and value in one call; keys are C strings here since they are ours. */
void jw_kstr(struct json_writer *w, const char *key, struct str s);
void jw_kint(struct json_writer *w, const char *key, int64_t n);
void jw_kfixed(struct json_writer *w, const char *key, fixed n);
void jw_kbool(struct json_writer *w, const char *key, bool b);
void jw_kwall(struct json_writer *w, const char *key, wall t);
void jw_kobject(struct json_writer *w, const char *key);
void jw_karray(struct json_writer *w, const char *key);

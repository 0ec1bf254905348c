/* yaml.h -- YAML documents as trees with places, read by libyaml.
 *
 * Scalars are text, always (no YAML 1.1 `on`, `NO`, `1.10` surprises). Refused with a sentence: double keys, tags,
 * anchors and aliases, keys that are not scalars, depth beyond 32. Places are those of the file, so an error in a
 * condition inside a block scalar can be given its true line: the text of a literal block `|` starts at
 * (text_line, text_column) and each of its lines is indented by `text_column - 1`. */
#pragma once
#include "base/str.h"

enum yaml_kind { YAML_SCALAR, YAML_SEQUENCE, YAML_MAPPING };

struct yaml {
	enum yaml_kind kind;
	int line, column;             /* of the node's first sign, from 1 */
	int text_line, text_column;   /* scalars: where the text itself begins (after a quote or in a block) */
	bool quoted;                  /* scalars: '…' or "…" */
	bool block;                   /* scalars: | or > */
	struct str text;              /* scalars */
	struct str key;               /* when it stands in a mapping */
	int key_line, key_column;
	size_t count;                 /* children */
	struct yaml *first, *next;    /* first child; next sibling */
};

/* All documents of a text, first to last; *ret_count may be 0. `file` is for errors only. */
MUST_CHECK bool yaml_parse(struct arena *a, const char *file, struct str text, struct yaml **ret_docs[],
    size_t *ret_count, struct err *e);
/* NULL when there is none or y is NULL or not a mapping. */
const struct yaml *yaml_get(const struct yaml *mapping, const char *key);
#define yaml_each(child, parent) \
	for (const struct yaml *child = (parent) ? (parent)->first : NULL; child; child = child->next)
/* The node as JSON text: mappings to objects, and scalars to null/true/false/numbers/text as JSON would read them
 * ("+358…" and quoted scalars stay text). */
void yaml_to_json(const struct yaml *y, struct buf *out);

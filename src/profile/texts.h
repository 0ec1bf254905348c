/* texts.h -- texts and values that a profile keeps: shared, counted, freed with their last holder.
 *
 * Product ids, categories and trait values repeat from person to person; each stands once. A `struct str` that
 * points into a shared text is enough to release it again, so a kept `struct value` needs no second handle. Pure. */
#pragma once
#include "expr/value.h"

struct texts {
	struct text **slots;
	uint32_t *tags;          /* [slot]: low half of the hash, so that a search touches no text but the one it finds */
	uint32_t len, cap;
	size_t bytes;            /* of all texts, for metrics */
	bool remembers;
	const struct json *node; /* what was last written as JSON, while it remembers, and its text */
	struct str written;
};
void texts_release(struct texts *t);
/* A text that is kept until text_drop; {NULL, 0} for an empty one. */
struct str text_keep(struct texts *t, struct str s);
struct str text_again(struct str kept);                  /* one more holder of a kept text */
void text_drop(struct texts *t, struct str kept);
/* Kept texts are equal when their pointers are. The kept form of s, or {NULL, 0} when nobody holds it. */
struct str text_known(const struct texts *t, struct str s);

/* A copy that owns what it points to: texts shared, JSON boxed, lists turned into JSON. */
struct value value_keep(struct texts *t, const struct value *v);
/* The same, but lists and objects as their JSON, shared and unread: a tenth of the memory of nodes, and nothing to parse when loaded. */
struct value value_keep_unread(struct texts *t, const struct value *v);
/* From here to texts_forget no JSON is changed or freed: several streams that keep the same event write it once. */
void texts_remember(struct texts *t);
void texts_forget(struct texts *t);
void value_drop(struct texts *t, struct value *v);
/* A value as JSON nodes in an arena; NULL for missing. */
const struct json *json_of_value(struct arena *a, const struct value *v);
/* What value_keep keeps, in bytes and back. Texts of the value read point into the reader's bytes, JSON lives in the arena. */
void value_save(const struct value *v, struct buf *out);
struct value value_load(struct reader *r, struct arena *a);
struct value value_load_unread(struct reader *r);

/* keys.h -- every key that a document may have, in one table: the checker, the JSON Schemas (schema/) and the reference in
 * docs/documents.md are all made from it. To add a key, add a line in keys.c; then read it in the file that builds its
 * document. Private to program and its tools. */
#pragma once
#include "base/base.h"

/* type, what a JSON Schema says of it, what a sentence calls it */
#define KEY_TYPES(X)                                                                                   \
	X(TEXT, "string", "a text")                                                                    \
	X(NAME, "name", "a name of small letters, digits and _")                                       \
	X(LABEL, "label", "a text, or one for each language: { en: …, fi: … }")                        \
	X(CONDITION, "string", "a condition")                                                          \
	X(VALUE, "scalar", "a value")                                                                  \
	X(TRIGGER, "string", "a trigger, such as: track \"Order Completed\"")                          \
	X(TRIGGERS, "strings", "a trigger, such as: track \"Order Completed\", or a list of them")     \
	X(LENGTH, "string", "a length of time, such as 30d or 12h")                                    \
	X(SHARE, "share", "a share, such as 10%")                                                      \
	X(COUNT, "count", "a whole number")                                                            \
	X(YES_NO, "yes_no", "yes or no")                                                               \
	X(WORD, "word", "one of a few words")                                                          \
	X(WORDS, "words", "a list of words")                                                           \
	X(TEXTS, "texts", "a list of texts")                                                           \
	X(TEXT_OR_LIST, "strings", "a text or a list of texts")                                        \
	X(CLOCK, "clock", "a time of day, such as 21:30")                                              \
	X(OBJECT, "object", "keys of its own")                                                         \
	X(LIST, "list", "a list")                                                                      \
	X(MAP, "map", "names, each with keys of its own")                                              \
	X(VALUES, "values", "names, each with a value")                                                \
	X(VARIANTS, "variants", "a list such as: - vip: in segment \"vip\"")                           \
	X(TYPE, "any", "a type: text, number, money, truth, date, list of …, or a list of words")      \
	X(TYPES, "map_any", "names, each with a type")                                                 \
	X(EVENTS, "map_any", "event names, each with { property: type }")                              \
	X(STEPS, "steps", "a list of steps")                                                           \
	X(BRANCHES, "branches", "a list of if/then, the last may be else")                             \
	X(ANY, "any", "anything")

enum key_type {
#define X(name, schema, text) KEY_##name,
	KEY_TYPES(X)
#undef X
	KEY_TYPE_COUNT
};

struct shape;
struct key_def {
	const char *name;
	enum key_type type;
	bool required;
	const char *help;            /* one sentence for people who edit */
	const struct shape *shape;   /* OBJECT, LIST, MAP: of the (items') keys */
	const char *words;           /* WORD, WORDS: "a|b|c" */
};
struct shape {
	const char *name;            /* "journey", "step wait for" */
	const struct key_def *keys;
	size_t n;
};

/* The documents, by what their path begins with; `many` may stand in one file, divided by ---. */
enum document_kind { DOC_PROGRAM, DOC_VOCABULARY, DOC_SEGMENT, DOC_LIFECYCLE, DOC_JOURNEY, DOC_POLICY, DOC_EVIDENCE, DOC_GOAL,
	DOC_CATALOGUE, DOC_PEOPLE, DOC_KIND_COUNT };
struct document_def {
	const char *file;            /* "segments.yaml"; NULL = only in a folder */
	const char *folder;          /* "journeys/"; NULL = only the file */
	bool many;
	bool is_map;                 /* the document is names, each with the shape's keys */
	const struct shape *shape;
	const char *help;
};
extern const struct document_def document_defs[DOC_KIND_COUNT];

/* Steps are told apart by the first of these keys that they have. */
extern const struct shape step_shapes[];
extern const size_t n_step_shapes;
/* NULL = no step begins so. */
const struct shape *step_shape_of(struct str key);
const struct shape *branch_shape(void);       /* if and then */
const struct shape *branch_else_shape(void);

const struct key_def *shape_key(const struct shape *s, struct str name);
const char *key_type_text(enum key_type t);
const char *key_type_schema(enum key_type t);

/* parser_priv.h -- what the parser's files share. Private to expr.
 *
 * Each parse_… function reads one rule of the grammar from the words at hand and returns its node, or NULL with the error
 * filled in. Recursion happens in parse_unit and parse_atom only; both count their depth. */
#pragma once
#include "expr/lexer_priv.h"

struct parser {
	struct arena *a;
	struct source source;
	struct token *tokens;
	size_t n, at;
	int depth;
	struct err *e;
};

/* ---- words */
const struct token *token_at(const struct parser *p, size_t ahead);
bool is_word(const struct parser *p, size_t ahead, const char *word);
bool is_sign(const struct parser *p, size_t ahead, char sign);
bool is_kind(const struct parser *p, size_t ahead, enum token_kind kind);
bool got_word(struct parser *p, const char *word);
bool got_sign(struct parser *p, char sign);
MUST_CHECK bool need_word(struct parser *p, const char *word);
MUST_CHECK bool need_sign(struct parser *p, char sign);
/* "expected …, but found …" at the word at hand; returns NULL. */
void *parse_expected(struct parser *p, const char *format, ...) PRINTF(2, 3);
/* A sentence of its own at the word at hand; returns NULL. */
void *parse_refuse(struct parser *p, const char *format, ...) PRINTF(2, 3);

/* ---- nodes */
struct expr *node_new(struct parser *p, enum node kind, const struct token *first);
/* Sets the kids of a node and its depth; NULL (and an error) when it is nested too deeply. */
struct expr *node_kids(struct parser *p, struct expr *x, const struct expr *const *kids, size_t n);
struct expr *node_parts(struct parser *p, struct expr *x, const struct expr *where, const struct expr *window);
MUST_CHECK bool parse_enter(struct parser *p);
void parse_leave(struct parser *p);

/* ---- rules */
const struct expr *parse_condition(struct parser *p);
const struct expr *parse_value(struct parser *p);
const struct expr *parse_atom(struct parser *p);
const struct expr *parse_field(struct parser *p);
const struct expr *parse_path(struct parser *p);
/* { "." step } after `first` (NULL = none) */
MUST_CHECK bool parse_steps(struct parser *p, const struct token *first, const struct step **ret, uint32_t *ret_n);
const struct expr *parse_collection(struct parser *p);
const struct expr *parse_events(struct parser *p);
const struct expr *parse_event(struct parser *p);
/* Reads where and by-account in any order, each once. */
MUST_CHECK bool parse_where_by(struct parser *p, struct expr *x, bool with_window);
const struct expr *parse_trigger(struct parser *p);
const struct expr *parse_wait(struct parser *p);
const struct expr *parse_time_of_day(struct parser *p);
MUST_CHECK bool parse_which(struct parser *p, bool needed, int32_t *ret);

/* lexer_priv.h -- text → words. Private to expr. */
#pragma once
#include "expr/tree_priv.h"

enum token_kind { TOKEN_END, TOKEN_NAME, TOKEN_TEXT, TOKEN_NUMBER, TOKEN_PERCENT, TOKEN_LENGTH, TOKEN_ORDINAL, TOKEN_DATE, TOKEN_CLOCK, TOKEN_SIGN };
struct token {
	uint8_t kind;
	uint8_t unit;        /* LENGTH: enum unit */
	uint8_t sign;        /* SIGN: its character; '!' for !=, 'l' for <=, 'g' for >= */
	int32_t n;           /* ORDINAL; CLOCK: minute of the day; DATE: minute of the day or -1 */
	uint32_t pos, end;   /* bytes of the source */
	fixed number;        /* NUMBER, PERCENT, LENGTH; DATE: days since 1970 */
	struct str text;     /* NAME; TEXT unescaped; DATE as written */
};
struct source {
	struct str text;
	struct expr_place place;
};
/* Line and column in the file of a byte of the source. */
void source_place(const struct source *s, size_t pos, int *ret_line, int *ret_column);
bool fail_source(struct err *e, const struct source *s, size_t pos, const char *format, ...) PRINTF(4, 5);
/* All words, the last is TOKEN_END; the array lives in the arena. */
MUST_CHECK bool lex(struct arena *a, const struct source *s, struct token **ret, size_t *ret_n, struct err *e);

/* lang.h -- what the tests of the language share: parse or fail, print, errors as one line. Include after tap.h. */
#pragma once
#include "base/str.h"
#include "expr/tree_priv.h"
#include <stdio.h>

#define AT_START ((struct expr_place){NULL, 1, 1, 0})

/* "line:column: sentence" of what the parser says, "" when it reads the text. */
static inline const char *
parse_error(struct arena *a, enum expr_form form, const char *text)
{
	const struct expr *x;
	struct err e = {0};
	if (expr_parse(a, form, str_of(text), AT_START, &x, &e))
		return "";
	return arena_cstr(a, arena_printf(a, "%d:%d: %s", e.line, e.column, e.text));
}

/* The canonical text, or the error. */
static inline const char *
printed(struct arena *a, enum expr_form form, const char *text)
{
	const struct expr *x;
	struct err e = {0};
	struct buf b = {0};
	if (!expr_parse(a, form, str_of(text), AT_START, &x, &e))
		return parse_error(a, form, text);
	expr_print(x, &b);
	const char *r = arena_cstr(a, buf_str(&b));
	buf_release(&b);
	return r;
}

/* Parses, prints, parses what was printed; "" when both trees are the same, else what went wrong. */
static inline const char *
round_trip(struct arena *a, enum expr_form form, struct str text)
{
	const struct expr *x, *y;
	struct err e = {0};
	struct buf b = {0}, again = {0};
	const char *r = "";
	if (!expr_parse(a, form, text, AT_START, &x, &e))
		return arena_cstr(a, arena_printf(a, "refused at %d:%d: %s: %.*s", e.line, e.column, e.text, STR_ARGS(text)));
	expr_print(x, &b);
	if (!expr_parse(a, form, buf_str(&b), AT_START, &y, &e)) {
		r = arena_cstr(a, arena_printf(a, "printed form is refused: %s: %s", e.text, b.ptr));
	} else {
		expr_print(y, &again);
		if (!expr_same(x, y) || !str_eq(buf_str(&b), buf_str(&again)))
			r = arena_cstr(a, arena_printf(a, "another tree: %.*s → %s", STR_ARGS(text), b.ptr));
	}
	buf_release(&b);
	buf_release(&again);
	return r;
}

/* template_priv.h -- the tree that parse.c makes and render.c walks. Private to template. */
#pragma once
#include "template/template.h"

enum operand_kind { OPERAND_NIL, OPERAND_TRUE, OPERAND_FALSE, OPERAND_EMPTY, OPERAND_NUMBER, OPERAND_TEXT, OPERAND_PATH, OPERAND_RANGE };
struct operand;
struct path_step { struct str name; const struct operand *index; };   /* .name or [index] */
struct operand {
	enum operand_kind kind;
	fixed number;
	bool whole;                      /* written without a point */
	struct str text;                 /* TEXT; first name of a PATH */
	const struct path_step *steps; uint32_t n_steps;
	const struct operand *from, *to; /* RANGE */
};
struct filter_call {
	const struct filter *filter;
	const struct operand *arguments[3];
	uint32_t n_arguments;
};
struct value_expr {
	struct operand operand;
	const struct filter_call *filters; uint32_t n_filters;
};
enum test_op { TEST_TRUTH, TEST_EQ, TEST_NE, TEST_LT, TEST_LE, TEST_GT, TEST_GE, TEST_CONTAINS };
/* a op b, joined to the rest by and/or. Liquid joins from right to left, without precedence. */
struct test {
	enum test_op op;
	struct operand left, right;
	bool join_or;
	const struct test *rest;         /* NULL = the last */
};

enum node_kind { NODE_TEXT, NODE_OUTPUT, NODE_IF, NODE_FOR, NODE_ASSIGN, NODE_CAPTURE, NODE_BREAK, NODE_CONTINUE };
struct branch { const struct test *test; /* NULL = else */ bool negated; const struct node *body; struct branch *next; };
struct node {
	enum node_kind kind;
	int line, column;
	struct node *next;
	struct str text;                 /* TEXT; name of FOR, ASSIGN, CAPTURE */
	struct value_expr value;         /* OUTPUT, ASSIGN; collection of FOR */
	struct branch *branches;         /* IF; FOR: body, then else */
	const struct operand *limit, *offset;
	bool reversed;
};
struct template {
	const char *name;
	const struct node *first;
};

/* ---------------------------------------------------------------- values while rendering */

enum value_is { IS_NIL, IS_TRUTH, IS_NUMBER, IS_TEXT, IS_JSON };
struct lvalue {
	enum value_is is;
	bool truth, whole;
	fixed number;
	struct str text;
	const struct json *json;         /* array or object */
};
struct render;
/* Text of a value, as output prints it; lives in the render's arena. */
struct str lvalue_text(struct render *r, const struct lvalue *v);
bool lvalue_number(const struct lvalue *v, fixed *ret);
struct lvalue lvalue_of_text(struct str s);
struct lvalue lvalue_of_json(const struct json *j);
struct arena *render_arena(struct render *r);
const struct tz *render_zone(const struct render *r);

/* ---------------------------------------------------------------- filters (filters.c) */

struct filter {
	const char *name;
	uint32_t arguments_least, arguments_most;
	struct lvalue (*apply)(struct render *r, const struct lvalue *in, const struct lvalue *arguments, uint32_t n);
	const char *help;
};
const struct filter *filter_find(struct str name);
/* `raw` marks an output as not to be escaped. */
extern const struct filter *const filter_raw;

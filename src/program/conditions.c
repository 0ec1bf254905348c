/* Expressions of the documents: parsed, checked and compiled where they stand; and the list of the program's standing conditions. */
#include "program/program_priv.h"
#include "base/str.h"
#include <stdio.h>

struct expr_scope
scope_at(struct maker *m, enum expr_place_kind place, const struct scope_names *names)
{
	struct expr_scope s = {.place = place, .vocabulary = &m->p->vocabulary, .zones = m->zones};
	if (names) {
		s.names = names->names.items;
		s.name_trees = names->trees.items;
		s.n_names = names->names.len;
		s.steps = names->steps.items;
		s.n_steps = names->steps.len;
	}
	return s;
}

struct str
printed(struct maker *m, const struct expr *x)
{
	struct buf b = {0};
	expr_print(x, &b);
	struct str r = arena_str(m->a, buf_str(&b));
	buf_release(&b);
	return r;
}

const struct expr *
parse_node(struct maker *m, const struct yaml *y, enum expr_form form)
{
	const struct expr *x;
	struct err e = {0};
	if (!y || y->kind != YAML_SCALAR)
		return NULL;       /* told by check_keys */
	struct expr_place place = {m->file, y->text_line, y->text_column, y->block ? y->text_column - 1 : 0};
	if (expr_parse(m->a, form, y->text, place, &x, &e))
		return x;
	problem_err(m, &e);
	return NULL;
}

static bool
check_tree(struct maker *m, const struct expr *x, const struct expr_scope *scope, enum type_kind wanted)
{
	warning_list warnings = {0};
	struct err e = {0};
	bool ok = expr_check(x, scope, wanted, &warnings, &e);
	for (size_t i = 0; i < warnings.len; i++) {
		const struct warning *w = &warnings.items[i];
		problem_in(m, w->file[0] ? w->file : m->file, w->line, w->column, true, "%s", w->text);
	}
	vec_release(&warnings);
	if (!ok)
		problem_err(m, &e);
	return ok;
}

const struct cond *
compile_node(struct maker *m, const struct yaml *y, enum expr_form form, const struct expr_scope *scope, enum type_kind wanted,
    const struct expr **ret_tree)
{
	const struct cond *c;
	struct err e = {0};
	const struct expr *x = parse_node(m, y, form);
	if (ret_tree)
		*ret_tree = x;
	if (!x || !check_tree(m, x, scope, wanted))
		return NULL;
	if (expr_compile(m->a, x, scope, m->p->features, &c, &e))
		return c;
	problem_err(m, &e);
	return NULL;
}

const struct when *
compile_when(struct maker *m, const struct yaml *y, enum expr_form form, const struct expr_scope *scope)
{
	const struct when *w;
	struct err e = {0};
	const struct expr *x = parse_node(m, y, form);
	if (!x || !check_tree(m, x, scope, TYPE_UNKNOWN))
		return NULL;
	if (when_compile(m->a, x, scope, m->p->features, &w, &e))
		return w;
	problem_err(m, &e);
	return NULL;
}

/* ---------------------------------------------------------------- standing conditions */

/* Compiles a text as a condition that stands by itself; false without a word when it cannot. */
static bool
stands_alone(struct maker *m, const struct yaml *y, struct str text, const struct expr **ret_tree, const struct cond **ret_cond)
{
	warning_list warnings = {0};
	struct err e = {0};
	struct expr_scope scope = scope_at(m, PLACE_STANDING, NULL);
	struct expr_place place = {m->file, y->text_line, y->text_column, y->block ? y->text_column - 1 : 0};
	bool ok = expr_parse(m->a, EXPR_CONDITION, text, place, ret_tree, &e) && expr_check(*ret_tree, &scope, TYPE_TRUTH, &warnings, &e) &&
	    expr_compile(m->a, *ret_tree, &scope, m->p->features, ret_cond, &e);
	vec_release(&warnings);
	return ok;
}

static uint32_t
push_condition(struct maker *m, enum condition_use use, struct str name, struct str text, const struct expr *tree, const struct cond *cond,
    int line)
{
	*vec_push(&m->conditions) = (struct condition_def){
	    .use = use, .name = name, .text = text, .tree = tree, .cond = cond, .line = line, .file = str_of(m->file)};
	return (uint32_t)(m->conditions.len - 1);
}

uint32_t
standing_of_text(struct maker *m, const struct yaml *y, struct str text, enum condition_use use, struct str name)
{
	const struct expr *tree;
	const struct cond *cond;
	if (!stands_alone(m, y, text, &tree, &cond))
		return UINT32_MAX;
	struct str canonical = printed(m, tree);
	const uint32_t *have = strmap_get(&m->hidden, canonical);
	if (have)
		return *have;
	uint32_t i = push_condition(m, use, name, canonical, tree, cond, y->line);
	strmap_put(&m->hidden, canonical, i);
	return i;
}

uint32_t
standing_of_node(struct maker *m, const struct yaml *y, enum condition_use use, struct str name)
{
	return y && y->kind == YAML_SCALAR ? standing_of_text(m, y, y->text, use, name) : UINT32_MAX;
}

uint32_t
add_standing(struct maker *m, const struct yaml *y, enum condition_use use, struct str name)
{
	const struct expr *tree;
	struct expr_scope scope = scope_at(m, PLACE_STANDING, NULL);
	if (y && str_eq(str_trim(yaml_text(y)), STR("everyone")))
		return UINT32_MAX;
	const struct cond *cond = compile_node(m, y, EXPR_CONDITION, &scope, TYPE_TRUTH, &tree);
	return cond ? push_condition(m, use, name, printed(m, tree), tree, cond, y->line) : UINT32_MAX;
}

/* ---------------------------------------------------------------- triggers */

/* The condition behind `becomes …`, found in what the trigger prints as. */
static uint32_t
standing_of_trigger(struct maker *m, const struct yaml *y, const struct expr *x, enum condition_use use, const char *owner)
{
	static const struct str becomes = STR_INIT("becomes ");
	struct str text = printed(m, x);
	if (!str_starts(text, becomes))
		return UINT32_MAX;
	return standing_of_text(m, y, str_slice(text, becomes.len, text.len), use, str_of(owner));
}

static const struct trigger *
compile_trigger(struct maker *m, const struct yaml *y, const struct expr_scope *scope, enum condition_use use, const char *owner,
    uint32_t *ret_standing)
{
	const struct trigger *t;
	struct err e = {0};
	*ret_standing = UINT32_MAX;
	const struct expr *x = parse_node(m, y, EXPR_TRIGGER);
	if (!x || !check_tree(m, x, scope, TYPE_UNKNOWN))
		return NULL;
	if (!trigger_compile(m->a, x, scope, m->p->features, &t, &e)) {
		problem_err(m, &e);
		return NULL;
	}
	*ret_standing = standing_of_trigger(m, y, x, use, owner);
	return t;
}

const struct trigger *const *
compile_triggers(struct maker *m, const struct yaml *y, const struct expr_scope *scope, enum condition_use use, const char *owner,
    size_t *ret_n, const uint32_t **ret_standing)
{
	VEC(const struct trigger *) list = {0};
	VEC(uint32_t) standing = {0};
	*ret_n = 0;
	if (!y)
		return NULL;
	for (const struct yaml *one = y->kind == YAML_SEQUENCE ? y->first : y; one; one = y->kind == YAML_SEQUENCE ? one->next : NULL) {
		uint32_t s;
		const struct trigger *t = compile_trigger(m, one, scope, use, owner, &s);
		if (!t)
			continue;
		*vec_push(&list) = t;
		*vec_push(&standing) = s;
	}
	const struct trigger *const *r = arena_items(m, &list);
	*ret_n = list.len;
	if (ret_standing)
		*ret_standing = arena_items(m, &standing);
	vec_release(&list);
	vec_release(&standing);
	return r;
}

/* ---------------------------------------------------------------- names inside a printed condition */

static size_t
skip_text(struct str s, size_t i)
{
	for (i++; i < s.len && s.ptr[i] != '"'; i++)
		if (s.ptr[i] == '\\')
			i++;
	return i + 1;
}

static bool
is_name_sign(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

static struct str
name_behind(struct str s, size_t i)
{
	size_t end = i;
	while (end < s.len && is_name_sign(s.ptr[end]))
		end++;
	return str_slice(s, i, end);
}

void
condition_names(struct str s, void (*visit)(void *self, char what, struct str name), void *self)
{
	static const struct str in_segment = STR_INIT("in segment \"");
	for (size_t i = 0; i < s.len;) {
		if (s.ptr[i] == '"') {
			i = skip_text(s, i);
		} else if (!is_name_sign(s.ptr[i]) || (i && (s.ptr[i - 1] == '.' || is_name_sign(s.ptr[i - 1])))) {
			i++;
		} else if (str_starts(str_slice(s, i, s.len), in_segment)) {
			size_t from = i + in_segment.len, end = skip_text(s, from - 1);
			visit(self, 's', str_slice(s, from, end - 1));
			i = end;
		} else {
			struct str word = name_behind(s, i);
			i += word.len;
			if (str_eq(word, STR("stage")))
				visit(self, 'm', i < s.len && s.ptr[i] == '.' ? name_behind(s, i + 1) : (struct str){0});
		}
	}
}

/* The parser's frame: words, nodes, conditions. Values, collections and clocks have files of their own. */
#include "expr/parser_priv.h"
#include "base/limits.h"
#include "base/vec.h"
#include "base/str.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* ---------------------------------------------------------------- words */

const struct token *
token_at(const struct parser *p, size_t ahead)
{
	size_t i = p->at + ahead;
	return &p->tokens[i < p->n ? i : p->n - 1];
}

bool
is_kind(const struct parser *p, size_t ahead, enum token_kind kind)
{
	return token_at(p, ahead)->kind == kind;
}

bool
is_word(const struct parser *p, size_t ahead, const char *word)
{
	const struct token *t = token_at(p, ahead);
	return t->kind == TOKEN_NAME && str_eq(t->text, str_of(word));
}

bool
is_sign(const struct parser *p, size_t ahead, char sign)
{
	const struct token *t = token_at(p, ahead);
	return t->kind == TOKEN_SIGN && t->sign == (uint8_t)sign;
}

bool
got_word(struct parser *p, const char *word)
{
	if (!is_word(p, 0, word))
		return false;
	p->at++;
	return true;
}

bool
got_sign(struct parser *p, char sign)
{
	if (!is_sign(p, 0, sign))
		return false;
	p->at++;
	return true;
}

void *
parse_refuse(struct parser *p, const char *format, ...)
{
	char text[sizeof(p->e->text)];
	va_list ap;
	va_start(ap, format);
	(void)vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	(void)fail_source(p->e, &p->source, token_at(p, 0)->pos, "%s", text);
	return NULL;
}

void *
parse_expected(struct parser *p, const char *format, ...)
{
	char text[256];
	const struct token *t = token_at(p, 0);
	va_list ap;
	va_start(ap, format);
	(void)vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	if (t->kind == TOKEN_END)
		return parse_refuse(p, "expected %s, but this is the end", text);
	size_t n = t->end - t->pos;
	return parse_refuse(p, "expected %s, but found %.*s%s", text, (int)(n > 48 ? 48 : n), p->source.text.ptr + t->pos, n > 48 ? "…" : "");
}

bool
need_word(struct parser *p, const char *word)
{
	return got_word(p, word) || parse_expected(p, "'%s'", word);
}

bool
need_sign(struct parser *p, char sign)
{
	return got_sign(p, sign) || parse_expected(p, "'%c'", sign);
}

/* ---------------------------------------------------------------- nodes */

struct expr *
node_new(struct parser *p, enum node kind, const struct token *first)
{
	struct expr *x = arena_new(p->a, struct expr);
	x->kind = (uint8_t)kind;
	x->depth = 1;
	if (p->source.place.file)
		x->file = str_of(p->source.place.file);
	source_place(&p->source, first->pos, &x->line, &x->column);
	return x;
}

static void *
too_deep(struct parser *p)
{
	return parse_refuse(p, "this is nested too deeply: at most %d levels", LIMIT_CONDITION_DEPTH);
}

static bool
take_depth(struct parser *p, struct expr *x, const struct expr *kid)
{
	if (!kid || kid->depth < x->depth)
		return true;
	x->depth = (uint16_t)(kid->depth + 1);
	return x->depth <= LIMIT_CONDITION_DEPTH * 2 || too_deep(p);
}

struct expr *
node_kids(struct parser *p, struct expr *x, const struct expr *const *kids, size_t n)
{
	x->kids = (const struct expr **)arena_array(p->a, struct expr *, n);
	for (size_t i = 0; i < n; i++) {
		if (!kids[i] || !take_depth(p, x, kids[i]))
			return NULL;
		x->kids[i] = kids[i];
	}
	x->n_kids = (uint32_t)n;
	return x;
}

struct expr *
node_parts(struct parser *p, struct expr *x, const struct expr *where, const struct expr *window)
{
	x->where = where;
	x->window = window;
	return take_depth(p, x, where) && take_depth(p, x, window) ? x : NULL;
}

bool
parse_enter(struct parser *p)
{
	return ++p->depth <= LIMIT_CONDITION_DEPTH || too_deep(p);
}

void
parse_leave(struct parser *p)
{
	p->depth--;
}

/* ---------------------------------------------------------------- conditions */

static const struct expr *
parse_did(struct parser *p)
{
	const struct token *t = token_at(p, 0);
	p->at++;
	const struct expr *kids[3] = {parse_events(p)};
	size_t n = 2;
	if (!kids[0])
		return NULL;
	if (is_word(p, 0, "in") && is_word(p, 1, "last"))
		return parse_refuse(p, "leave out 'in': did … last 30d");
	if (!got_word(p, "then"))
		return node_kids(p, node_new(p, NODE_DID, t), kids, 1);
	struct expr *x = node_new(p, NODE_THEN, t);
	x->negated = got_word(p, "not");
	if (!(kids[1] = parse_events(p)))
		return NULL;
	if (got_word(p, "with")) {
		if (!need_word(p, "same"))
			return NULL;
		const struct token *first = token_at(p, 0);
		if (first->kind != TOKEN_NAME)
			return parse_expected(p, "the name of a property");
		p->at++;
		if (!parse_steps(p, first, &x->steps, &x->n_steps))
			return NULL;
	}
	if (got_word(p, "within"))
		if (!(kids[n++] = parse_value(p)))
			return NULL;
	return node_kids(p, x, kids, n);
}

static const struct expr *
parse_member(struct parser *p)
{
	struct expr *x = node_new(p, NODE_MEMBER, token_at(p, 0));
	p->at++;
	x->op = got_word(p, "segment") ? MEMBER_SEGMENT : MEMBER_JOURNEY;
	if (x->op == MEMBER_JOURNEY && !need_word(p, "journey"))
		return NULL;
	if (!is_kind(p, 0, TOKEN_TEXT))
		return parse_expected(p, "a name in double quotes");
	x->text = token_at(p, 0)->text;
	p->at++;
	return x;
}

static bool
comparison_sign(const struct parser *p, enum comparison *ret)
{
	static const char signs[] = {'=', '!', '<', 'l', '>', 'g'};
	for (size_t i = 0; i < COUNT(signs); i++)
		if (is_sign(p, 0, signs[i])) {
			*ret = (enum comparison)(CMP_EQ + i);
			return true;
		}
	return false;
}

/* What stands after `in` or `like`: a list, or one value. One thing in brackets is a list of one. */
static const struct expr *
parse_choices(struct parser *p)
{
	const struct expr *v = parse_value(p);
	if (!v || v->kind != NODE_PAREN)
		return v;
	struct expr *list = arena_new(p->a, struct expr);
	*list = *v;
	list->kind = NODE_LIST;
	return list;
}

static const struct expr *
parse_two(struct parser *p, enum node kind, const struct token *t, int op, const struct expr *left, const struct expr *right)
{
	const struct expr *kids[] = {left, right};
	if (!right)
		return NULL;
	struct expr *x = node_new(p, kind, t);
	x->op = (uint8_t)op;
	return node_kids(p, x, kids, 2);
}

static const struct expr *
parse_between(struct parser *p, const struct token *t, const struct expr *v)
{
	const struct expr *kids[3] = {v};
	p->at++;
	if (!(kids[1] = parse_value(p)))
		return NULL;
	if (!need_word(p, "and") || !(kids[2] = parse_value(p)))
		return NULL;
	return node_kids(p, node_new(p, NODE_BETWEEN, t), kids, 3);
}

static const struct expr *
parse_within(struct parser *p, const struct token *t, const struct expr *v)
{
	p->at++;
	int op = is_word(p, 0, "next") ? DIRECTION_NEXT : DIRECTION_LAST;
	if (op == DIRECTION_LAST && !is_word(p, 0, "last"))
		return parse_expected(p, "'last' or 'next' after 'within', such as: within next 7d");
	p->at++;
	return parse_two(p, NODE_WITHIN, t, op, v, parse_value(p));
}

/* [comparison] after a value; NULL on error. *ret_not: it was a negated one. */
static const struct expr *
parse_comparison(struct parser *p, const struct token *t, const struct expr *v, bool *ret_not)
{
	enum comparison op;
	if (is_word(p, 0, "not") && (is_word(p, 1, "in") || is_word(p, 1, "like") || is_word(p, 1, "contains"))) {
		p->at++;
		*ret_not = true;
	}
	if (got_word(p, "in"))
		return parse_two(p, NODE_COMPARE, t, CMP_IN, v, parse_choices(p));
	if (got_word(p, "like"))
		return parse_two(p, NODE_COMPARE, t, CMP_LIKE, v, parse_choices(p));
	if (got_word(p, "contains"))
		return parse_two(p, NODE_COMPARE, t, CMP_CONTAINS, v, parse_value(p));
	if (is_word(p, 0, "between"))
		return parse_between(p, t, v);
	if (is_word(p, 0, "within"))
		return parse_within(p, t, v);
	if (got_word(p, "is")) {
		*ret_not = got_word(p, "not");
		if (!need_word(p, "missing"))
			return NULL;
		return node_kids(p, node_new(p, NODE_MISSING, t), &v, 1);
	}
	if (!comparison_sign(p, &op))
		return v;
	p->at++;
	const struct expr *x = parse_two(p, NODE_COMPARE, t, (int)op, v, parse_value(p));
	if (x && is_word(p, 0, "last") && (v->kind == NODE_AGGREGATE || v->kind == NODE_TIME_SINCE))
		return parse_refuse(p, "the window stands before the comparison: count \"…\" last 90d >= 2");
	return x;
}

static const struct expr *
parse_test(struct parser *p)
{
	const struct token *t = token_at(p, 0);
	bool negated = false;
	if (is_word(p, 0, "did"))
		return parse_did(p);
	if (is_word(p, 0, "any") || is_word(p, 0, "all")) {
		struct expr *x = node_new(p, NODE_QUANTIFIER, t);
		x->op = is_word(p, 0, "all") ? QUANTIFIER_ALL : QUANTIFIER_ANY;
		p->at++;
		const struct expr *c = parse_collection(p);
		return c ? node_kids(p, x, &c, 1) : NULL;
	}
	if (is_word(p, 0, "in"))
		return parse_member(p);
	if (got_word(p, "everyone"))
		return node_new(p, NODE_EVERYONE, t);
	const struct expr *v = parse_value(p);
	const struct expr *x = v ? parse_comparison(p, t, v, &negated) : NULL;
	if (!x || !negated)
		return x;
	return node_kids(p, node_new(p, NODE_NOT, t), &x, 1);
}

static const struct expr *
parse_unit(struct parser *p)
{
	const struct token *t = token_at(p, 0);
	if (!parse_enter(p))
		return NULL;
	const struct expr *x = NULL;
	if (got_word(p, "not")) {
		const struct expr *kid = parse_unit(p);
		x = kid ? node_kids(p, node_new(p, NODE_NOT, t), &kid, 1) : NULL;
	} else {
		x = parse_test(p);
	}
	parse_leave(p);
	return x;
}

const struct expr *
parse_condition(struct parser *p)
{
	const struct token *t = token_at(p, 0);
	VEC(const struct expr *) units = {0};
	const char *word = NULL;
	const struct expr *x = parse_unit(p);
	while (x && (is_word(p, 0, "and") || is_word(p, 0, "or"))) {
		const char *here = is_word(p, 0, "and") ? "and" : "or";
		if (word && strcmp(here, word) != 0) {
			x = parse_refuse(p, "'and' and 'or' stand side by side: put brackets around what belongs together");
			break;
		}
		word = here;
		p->at++;
		if (!units.len)
			*vec_push(&units) = x;
		if ((x = parse_unit(p)))
			*vec_push(&units) = x;
	}
	if (x && units.len)
		x = node_kids(p, node_new(p, *word == 'a' ? NODE_AND : NODE_OR, t), units.items, units.len);
	vec_release(&units);
	return x;
}

/* ---------------------------------------------------------------- the whole */

static const struct expr *
parse_form(struct parser *p, enum expr_form form)
{
	switch (form) {
	case EXPR_TRIGGER:
		return parse_trigger(p);
	case EXPR_WAIT:
		return parse_wait(p);
	case EXPR_AT:
		return parse_time_of_day(p);
	case EXPR_COLLECTION:
		return parse_collection(p);
	case EXPR_PEOPLE:
	case EXPR_VALUE:
		return is_word(p, 0, "people") ? parse_collection(p) : parse_condition(p);
	case EXPR_CONDITION:
		break;
	}
	return parse_condition(p);
}

static void *
refuse_rest(struct parser *p, enum expr_form form)
{
	const struct token *before = p->at ? &p->tokens[p->at - 1] : NULL;
	const struct token *t = token_at(p, 0);
	if (before && before->kind == TOKEN_NUMBER && (is_word(p, 0, "days") || is_word(p, 0, "day") || is_word(p, 0, "hours") ||
	    is_word(p, 0, "weeks") || is_word(p, 0, "months") || is_word(p, 0, "minutes") || is_word(p, 0, "years")))
		return parse_refuse(p, "a length of time is written 15min, 12h, 30d, 2w, 3mo or 1y, without a blank");
	if (is_word(p, 0, "last") || is_word(p, 0, "since") || is_word(p, 0, "before"))
		return parse_refuse(p, "the window '%.*s …' belongs right behind the event: count \"…\" last 90d >= 2", STR_ARGS(t->text));
	if (is_word(p, 0, "where") || is_word(p, 0, "by"))
		return parse_refuse(p, "'%.*s' stands twice or too late: it belongs right behind the event", STR_ARGS(t->text));
	if (is_word(p, 0, "AND") || is_word(p, 0, "OR") || is_word(p, 0, "NOT"))
		return parse_refuse(p, "words of the language are written small: and, or, not");
	return parse_expected(p, form == EXPR_CONDITION || form == EXPR_VALUE ? "the end, 'and' or 'or'" : "the end");
}

bool
expr_parse(struct arena *a, enum expr_form form, struct str text, struct expr_place place, const struct expr **ret, struct err *e)
{
	struct parser p = {.a = a, .source = {text, place}, .e = e};
	struct arena words;
	bool ok = false;
	arena_init(&words);
	if (lex(&words, &p.source, &p.tokens, &p.n, e)) {
		/* Texts of words are used in the tree: they live as long as the tree does. */
		for (size_t i = 0; i < p.n; i++)
			if (p.tokens[i].text.len)
				p.tokens[i].text = arena_str(a, p.tokens[i].text);
		if (place.file)
			p.source.place.file = arena_cstr(a, str_of(place.file));
		const struct expr *x = parse_form(&p, form);
		if (x && !is_kind(&p, 0, TOKEN_END))
			x = refuse_rest(&p, form);
		if (x)
			*ret = x;
		ok = x != NULL;
	}
	arena_clear(&words);
	return ok;
}

/* Values: numbers, lengths, texts, paths, and what is computed from collections. */
#include "expr/parser_priv.h"
#include "base/str.h"
#include "base/vec.h"
#include <string.h>

static const struct expr *
parse_binary(struct parser *p, const struct expr *(*operand)(struct parser *), const char *signs)
{
	const struct token *t = token_at(p, 0);
	const struct expr *left = operand(p);
	while (left && (is_sign(p, 0, signs[0]) || is_sign(p, 0, signs[1]))) {
		struct expr *x = node_new(p, NODE_ARITHMETIC, t);
		x->op = token_at(p, 0)->sign;
		p->at++;
		const struct expr *kids[] = {left, operand(p)};
		left = kids[1] ? node_kids(p, x, kids, 2) : NULL;
	}
	return left;
}

static const struct expr *
parse_factor(struct parser *p)
{
	const struct token *t = token_at(p, 0);
	const struct expr *left = parse_atom(p);
	while (left && got_word(p, "otherwise")) {
		const struct expr *kids[] = {left, parse_atom(p)};
		left = kids[1] ? node_kids(p, node_new(p, NODE_OTHERWISE, t), kids, 2) : NULL;
	}
	return left;
}

static const struct expr *
parse_term(struct parser *p)
{
	return parse_binary(p, parse_factor, "*/");
}

const struct expr *
parse_value(struct parser *p)
{
	return parse_binary(p, parse_term, "+-");
}

/* ---------------------------------------------------------------- atoms */

bool
parse_steps(struct parser *p, const struct token *first, const struct step **ret, uint32_t *ret_n)
{
	VEC(struct step) steps = {0};
	bool ok = true;
	if (first)
		*vec_push(&steps) = (struct step){first->text, false};
	while (ok && got_sign(p, '.')) {
		const struct token *t = token_at(p, 0);
		if (t->kind == TOKEN_NAME || t->kind == TOKEN_TEXT) {
			*vec_push(&steps) = (struct step){t->text, t->kind == TOKEN_TEXT};
			p->at++;
		} else {
			ok = parse_expected(p, "a name after '.'") != NULL;
		}
	}
	if (ok) {
		struct step *copy = arena_array(p->a, struct step, steps.len + 1);
		if (steps.len)
			memcpy(copy, steps.items, steps.len * sizeof(*copy));
		*ret = copy;
		*ret_n = (uint32_t)steps.len;
	}
	vec_release(&steps);
	return ok;
}

static enum root
root_of(struct str word)
{
	for (int r = ROOT_BARE + 1; r < ROOT_COUNT; r++)
		if (str_eq(word, str_of(root_word((enum root)r))))
			return (enum root)r;
	return ROOT_BARE;
}

const struct expr *
parse_path(struct parser *p)
{
	const struct token *t = token_at(p, 0);
	if (t->kind != TOKEN_NAME)
		return parse_expected(p, "a name");
	if (is_keyword(t->text))
		return parse_expected(p, "a value (a property of that name is written event.\"%.*s\")", STR_ARGS(t->text));
	struct expr *x = node_new(p, NODE_PATH, t);
	x->op = (uint8_t)root_of(t->text);
	p->at++;
	return parse_steps(p, t, &x->steps, &x->n_steps) ? x : NULL;
}

const struct expr *
parse_field(struct parser *p)
{
	const struct token *t = token_at(p, 0);
	if (!got_sign(p, '('))
		return parse_path(p);
	const struct expr *v = parse_value(p);
	if (!v || !need_sign(p, ')'))
		return NULL;
	return node_kids(p, node_new(p, NODE_PAREN, t), &v, 1);
}

static const struct expr *
parse_brackets(struct parser *p)
{
	const struct token *t = token_at(p, 0);
	VEC(const struct expr *) items = {0};
	p->at++;
	const struct expr *x = parse_condition(p);
	if (x)
		*vec_push(&items) = x;
	while (x && got_sign(p, ','))
		if ((x = parse_value(p)))
			*vec_push(&items) = x;
	if (x && !need_sign(p, ')'))
		x = NULL;
	if (x)
		x = node_kids(p, node_new(p, items.len > 1 ? NODE_LIST : NODE_PAREN, t), items.items, items.len);
	vec_release(&items);
	return x;
}

static bool
is_currency(const struct token *t)
{
	if (t->kind != TOKEN_NAME || t->text.len != 3)
		return false;
	for (size_t i = 0; i < 3; i++)
		if (t->text.ptr[i] < 'A' || t->text.ptr[i] > 'Z')
			return false;
	return true;
}

static const struct expr *
parse_number(struct parser *p)
{
	const struct token *t = token_at(p, 0);
	const struct token *after = token_at(p, 1);
	struct expr *x = node_new(p, NODE_NUMBER, t);
	x->number = t->number;
	p->at++;
	if (is_currency(after)) {
		x->kind = NODE_MONEY;
		x->text = after->text;
		p->at++;
	} else if (is_word(p, 0, "workday") || is_word(p, 0, "workdays")) {
		if (x->number % FIXED_ONE || x->number > 10000 * FIXED_ONE)
			return parse_refuse(p, "workdays are counted whole, up to 10000");
		x->kind = NODE_DURATION;
		x->op = UNIT_WORKDAY;
		p->at++;
	}
	return x;
}

static const struct expr *
parse_literal(struct parser *p)
{
	const struct token *t = token_at(p, 0);
	if (t->kind == TOKEN_NUMBER)
		return parse_number(p);
	static const uint8_t kinds[] = {[TOKEN_PERCENT] = NODE_PERCENT, [TOKEN_TEXT] = NODE_TEXT, [TOKEN_DATE] = NODE_DATE,
	    [TOKEN_LENGTH] = NODE_DURATION};
	struct expr *x = node_new(p, (enum node)kinds[t->kind], t);
	if (t->kind == TOKEN_LENGTH) {
		x->op = t->unit;
		x->kind = unit_is_distance((enum unit)t->unit) ? NODE_DISTANCE : NODE_DURATION;
	}
	x->number = t->number;
	x->text = t->text;
	x->n = t->n;
	p->at++;
	return x;
}

bool
parse_which(struct parser *p, bool needed, int32_t *ret)
{
	const struct token *t = token_at(p, 0);
	*ret = WHICH_LATEST;
	if (t->kind == TOKEN_ORDINAL) {
		*ret = t->n;
		p->at++;
		return true;
	}
	if (got_word(p, "first")) {
		*ret = WHICH_FIRST;
		return true;
	}
	if (got_word(p, "latest") || !needed)
		return true;
	return parse_expected(p, "'first', 'latest' or '2nd'") != NULL;
}

static const struct expr *
parse_aggregate(struct parser *p, enum aggregate op, bool has_field)
{
	struct expr *x = node_new(p, NODE_AGGREGATE, token_at(p, 0));
	const struct expr *kids[2] = {0};
	x->op = (uint8_t)op;
	p->at += op == AGG_DISTINCT ? 2 : 1;
	if (has_field && (!(kids[1] = parse_field(p)) || !need_word(p, "of")))
		return NULL;
	if (!(kids[0] = parse_collection(p)))
		return NULL;
	return node_kids(p, x, kids, has_field ? 2 : 1);
}

static const struct expr *
parse_pick(struct parser *p)
{
	struct expr *x = node_new(p, NODE_PICK, token_at(p, 0));
	const struct expr *kids[2] = {0};
	if (!parse_which(p, true, &x->n) || !(kids[1] = parse_field(p)) || !need_word(p, "of"))
		return NULL;
	if (!(kids[0] = parse_collection(p)))
		return NULL;
	return node_kids(p, x, kids, 2);
}

static const struct expr *
parse_time(struct parser *p)
{
	struct expr *x = node_new(p, NODE_TIME_SINCE, token_at(p, 0));
	p->at++;
	if (got_word(p, "in")) {
		x->kind = NODE_TIME_IN_STAGE;
		if (!need_word(p, "stage"))
			return NULL;
		if (got_sign(p, '.')) {
			if (!is_kind(p, 0, TOKEN_NAME))
				return parse_expected(p, "the name of a lifecycle model");
			x->text = token_at(p, 0)->text;
			p->at++;
		}
		return x;
	}
	bool of = !got_word(p, "since");
	if (of && !got_word(p, "of"))
		return parse_expected(p, "'time since', 'time of' or 'time in stage' (a property of that name is written event.\"time\")");
	if (of)
		x->kind = NODE_TIME_OF;
	if (!parse_which(p, of, &x->n))
		return NULL;
	const struct expr *events = parse_events(p);
	return events ? node_kids(p, x, &events, 1) : NULL;
}

static const struct expr *
parse_nearest(struct parser *p)
{
	struct expr *x = node_new(p, NODE_NEAREST, token_at(p, 0));
	p->at++;
	const struct token *t = token_at(p, 0);
	if (t->kind != TOKEN_NAME || !is_catalogue_kind(t->text))
		return parse_expected(p, "'product', 'store', 'offer' or 'content' after 'nearest'");
	x->text = t->text;
	p->at++;
	return parse_steps(p, NULL, &x->steps, &x->n_steps) ? x : NULL;
}

static const struct expr *
parse_lookup(struct parser *p)
{
	struct expr *x = node_new(p, NODE_LOOKUP, token_at(p, 0));
	x->text = token_at(p, 0)->text;
	p->at += 2;
	const struct expr *key = parse_value(p);
	if (!key || !need_sign(p, ')') || !parse_steps(p, NULL, &x->steps, &x->n_steps))
		return NULL;
	return node_kids(p, x, &key, 1);
}

static const struct expr *
parse_one_kid(struct parser *p, enum node kind, size_t words, const struct expr *(*rule)(struct parser *))
{
	struct expr *x = node_new(p, kind, token_at(p, 0));
	p->at += words;
	const struct expr *kid = rule(p);
	return kid ? node_kids(p, x, &kid, 1) : NULL;
}

static const struct expr *
parse_sample(struct parser *p)
{
	struct expr *x = node_new(p, NODE_SAMPLE, token_at(p, 0));
	p->at++;
	if (!is_kind(p, 0, TOKEN_TEXT))
		return parse_expected(p, "a name in double quotes");
	x->text = token_at(p, 0)->text;
	p->at++;
	return x;
}

static const struct expr *
parse_usual(struct parser *p)
{
	const struct token *t = token_at(p, 0);
	p->at++;
	if (!need_word(p, "gap") || !need_word(p, "of"))
		return NULL;
	const struct expr *events = parse_events(p);
	return events ? node_kids(p, node_new(p, NODE_USUAL_GAP, t), &events, 1) : NULL;
}

static const struct expr *
parse_anniversary(struct parser *p)
{
	const struct token *t = token_at(p, 0);
	p->at++;
	if (!need_word(p, "of"))
		return NULL;
	const struct expr *v = parse_atom(p);
	return v ? node_kids(p, node_new(p, NODE_ANNIVERSARY, t), &v, 1) : NULL;
}

static const struct expr *
parse_constant(struct parser *p)
{
	struct expr *x = node_new(p, NODE_TRUTH, token_at(p, 0));
	if (is_word(p, 0, "end")) {
		x->kind = NODE_END_OF_DAY;
		p->at += 3;
		return x;
	}
	x->n = is_word(p, 0, "true");
	p->at++;
	return x;
}

/* atom that begins with a word */
static const struct expr *
parse_worded(struct parser *p)
{
	static const struct {
		const char *word;
		enum aggregate op;
	} aggregates[] = {{"sum", AGG_SUM}, {"average", AGG_AVERAGE}, {"lowest", AGG_LOWEST}, {"highest", AGG_HIGHEST}, {"list", AGG_LIST}};
	static const struct {
		const char *word;
		const struct expr *(*rule)(struct parser *);
	} rules[] = {{"first", parse_pick}, {"latest", parse_pick}, {"time", parse_time}, {"usual", parse_usual},
	    {"anniversary", parse_anniversary}, {"sample", parse_sample}, {"nearest", parse_nearest}, {"true", parse_constant},
	    {"false", parse_constant}};
	if (is_word(p, 0, "end") && is_word(p, 1, "of") && is_word(p, 2, "day"))
		return parse_constant(p);
	if (is_word(p, 0, "count"))
		return is_word(p, 1, "distinct") ? parse_aggregate(p, AGG_DISTINCT, true) : parse_aggregate(p, AGG_COUNT, false);
	for (size_t i = 0; i < COUNT(aggregates); i++)
		if (is_word(p, 0, aggregates[i].word))
			return parse_aggregate(p, aggregates[i].op, true);
	for (size_t i = 0; i < COUNT(rules); i++)
		if (is_word(p, 0, rules[i].word))
			return rules[i].rule(p);
	if (is_catalogue_kind(token_at(p, 0)->text) && is_sign(p, 1, '('))
		return parse_lookup(p);
	return parse_path(p);
}

const struct expr *
parse_atom(struct parser *p)
{
	const struct expr *x = NULL;
	if (!parse_enter(p))
		return NULL;
	switch ((enum token_kind)token_at(p, 0)->kind) {
	case TOKEN_NUMBER:
	case TOKEN_PERCENT:
	case TOKEN_LENGTH:
	case TOKEN_TEXT:
	case TOKEN_DATE:
		x = parse_literal(p);
		break;
	case TOKEN_ORDINAL:
		x = parse_pick(p);
		break;
	case TOKEN_NAME:
		x = parse_worded(p);
		break;
	case TOKEN_SIGN:
		if (is_sign(p, 0, '('))
			x = parse_brackets(p);
		else if (is_sign(p, 0, '-'))
			x = parse_one_kid(p, NODE_NEGATIVE, 1, parse_atom);
		else
			x = parse_expected(p, "a value");
		break;
	case TOKEN_CLOCK:
		x = parse_refuse(p, "a time of day stands only in waits and after 'at'; the hour is local.hour");
		break;
	case TOKEN_END:
		x = parse_expected(p, "a value");
		break;
	}
	parse_leave(p);
	return x;
}

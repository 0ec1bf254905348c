/* The checker's frame: every node's type, and what may stand where. Comparisons, collections, paths and triggers have
 * files of their own. */
#include "expr/check_priv.h"
#include "base/str.h"
#include <string.h>

enum { WORK_MAX = 200000 };

/* ---------------------------------------------------------------- what looks beyond the event in hand */

/* Does a node ask the past, the person or the clock, so that it has no place in a where about the past? */
static bool
looks_elsewhere(const struct expr *x)
{
	switch ((enum node)x->kind) {
	case NODE_DID:
	case NODE_THEN:
	case NODE_MEMBER:
	case NODE_TIME_SINCE:
	case NODE_TIME_OF:
	case NODE_TIME_IN_STAGE:
	case NODE_USUAL_GAP:
	case NODE_ANNIVERSARY:
	case NODE_WITHIN:
	case NODE_SAMPLE:
	case NODE_END_OF_DAY:
	case NODE_NEAREST:
	case NODE_LOOKUP:
		return true;
	case NODE_QUANTIFIER:
	case NODE_AGGREGATE:
	case NODE_PICK:
		return x->kids[0]->kind != NODE_ITEMS;
	case NODE_PATH:
		return x->op == ROOT_NOW || x->op == ROOT_LOCAL || x->op == ROOT_STAGE;
	default:
		return false;
	}
}

static bool
check_reach(struct checker *c, const struct expr *x, const struct hand *h)
{
	char text[96];
	if (++c->work > WORK_MAX)
		return fail_node(c->e, x, "this is too much to check: the names of 'with' stand within each other too often");
	if (!h->of_past || !looks_elsewhere(x))
		return true;
	return fail_node(c->e, x, "a where looks at one event or item and nothing else: put '%s' beside it, with 'and'", shown(x, text));
}

/* ---------------------------------------------------------------- truths */

bool
check_truth(struct checker *c, const struct expr *x, const struct hand *h)
{
	struct type t = {0};
	char text[96];
	if (!check_node(c, x, h, &t))
		return false;
	if (t.kind == TYPE_TRUTH || t.kind == TYPE_UNKNOWN)
		return true;
	return fail_node(c->e, x, "'%s' is a %s, not something true or false", shown(x, text), type_name(t.kind));
}

/* `not message.first.opened` is true also where nobody can know. */
static void
warn_not_opened(struct checker *c, const struct expr *x)
{
	const struct expr *m = bare(x->kids[0]);
	char text[96];
	if (m->kind == NODE_PATH && m->op == ROOT_MESSAGE && m->n_steps == 3 && c->scope->place == PLACE_STEP &&
	    (str_eq(m->steps[2].name, STR("opened")) || str_eq(m->steps[2].name, STR("clicked"))))
		check_warn(c, x, "'not %s' is true also when it could not be seen; for demonstrably not write: %s = false", shown(m, text), text);
}

static bool
check_truths(struct checker *c, const struct expr *x, const struct hand *h)
{
	if (x->kind == NODE_NOT)
		warn_not_opened(c, x);
	for (uint32_t i = 0; i < x->n_kids; i++)
		if (!check_truth(c, x->kids[i], h))
			return false;
	return true;
}

static bool
check_member(struct checker *c, const struct expr *x)
{
	bool segment = x->op == MEMBER_SEGMENT;
	const struct str *names = segment ? c->v->segments : c->v->journeys;
	size_t n = segment ? c->v->n_segments : c->v->n_journeys;
	char near[96];
	for (size_t i = 0; i < n; i++)
		if (str_eq(names[i], x->text))
			return true;
	return fail_node(c->e, x, "there is no %s \"%.*s\"%s", segment ? "segment" : "journey", STR_ARGS(x->text),
	    suggestion(x->text, names, n, sizeof(*names), near));
}

static bool
check_model(struct checker *c, const struct expr *x)
{
	char near[96];
	if (!x->text.len)
		return c->v->primary_model.len || fail_node(c->e, x, "the program has no primary lifecycle: time in stage.model");
	for (size_t i = 0; i < c->v->n_models; i++)
		if (str_eq(c->v->models[i], x->text))
			return true;
	return fail_node(c->e, x, "there is no lifecycle model '%.*s'%s", STR_ARGS(x->text),
	    suggestion(x->text, c->v->models, c->v->n_models, sizeof(struct str), near));
}

/* The property that `with same` names must be one of both events. */
static void
check_same(struct checker *c, const struct expr *x, const struct hand hands[2])
{
	struct type t;
	for (int side = 0; side < 2; side++) {
		const struct expr *events = hands[side].events;
		for (uint32_t i = 0; i < events->n_kids; i++) {
			const struct event_type *et = event_type_of(c->v, events->kids[i]);
			if (et && et->type.n_fields && !field_of(&et->type, x->steps[0].name, &t))
				check_warn(c, x, "'%.*s' is not a property of \"%.*s\"", STR_ARGS(x->steps[0].name), STR_ARGS(et->name));
		}
	}
}

static bool
check_then(struct checker *c, const struct expr *x, const struct hand *h)
{
	struct hand hands[2];
	if (!check_events(c, x->kids[0], h, &hands[0]) || !check_events(c, x->kids[1], h, &hands[1]))
		return false;
	if (x->n_steps)
		check_same(c, x, hands);
	return x->n_kids < 3 || check_length(c, x->kids[2], h, "within", true);
}

/* ---------------------------------------------------------------- values out of collections */

static bool
check_sum(struct checker *c, const struct expr *x, const struct type *field, struct type *ret)
{
	char text[96];
	if (field->kind == TYPE_UNKNOWN) {
		ret->kind = TYPE_NUMBER;
		return true;
	}
	if (!is_number(field) && field->kind != TYPE_DURATION && field->kind != TYPE_DISTANCE)
		return fail_node(c->e, x, "cannot take the %s of '%s', which is a %s", aggregate_word((enum aggregate)x->op),
		    shown(bare(x->kids[1]), text), type_name(field->kind));
	*ret = *field;
	return true;
}

static bool
check_aggregate(struct checker *c, const struct expr *x, const struct hand *h, struct type *ret)
{
	struct hand element;
	struct type field = {0};
	if (!check_collection(c, x->kids[0], h, &element) || (x->n_kids > 1 && !check_node(c, x->kids[1], &element, &field)))
		return false;
	switch ((enum aggregate)x->op) {
	case AGG_COUNT:
	case AGG_DISTINCT:
		ret->kind = TYPE_NUMBER;
		return true;
	case AGG_SUM:
	case AGG_AVERAGE:
		return check_sum(c, x, &field, ret);
	case AGG_LIST:
		ret->kind = TYPE_LIST;
		return true;
	case AGG_LOWEST:
	case AGG_HIGHEST:
		if (field.kind == TYPE_TRUTH || field.kind == TYPE_LIST || field.kind == TYPE_OBJECT)
			return fail_node(c->e, x, "a %s is neither greater nor smaller than another", type_name(field.kind));
		*ret = field;
		return true;
	}
	return true;
}

static bool
check_pick(struct checker *c, const struct expr *x, const struct hand *h, struct type *ret)
{
	struct hand element;
	if (x->kids[0]->kind == NODE_PEOPLE)
		return fail_node(c->e, x, "people have no order: take 'list … of people', 'lowest' or 'highest'");
	return check_collection(c, x->kids[0], h, &element) && check_node(c, x->kids[1], &element, ret);
}

static bool
check_lookup(struct checker *c, const struct expr *x, const struct hand *h, struct type *ret)
{
	enum expr_place_kind place = c->scope->place;
	struct type key = {0};
	char text[96];
	if (place == PLACE_STANDING || place == PLACE_EVIDENCE)
		return fail_node(c->e, x, "the catalogue is looked at in a moment, such as 'if': '%s' cannot stand in a condition that holds for ever",
		    shown(x, text));
	if (x->kind == NODE_NEAREST && place == PLACE_POLICY)
		return fail_node(c->e, x, "'nearest' needs an event with a place, so it stands at the entry or in a step of a journey");
	if (x->kind == NODE_LOOKUP) {
		if (!check_node(c, x->kids[0], h, &key))
			return false;
		if (key.kind == TYPE_TRUTH || key.kind == TYPE_LIST || key.kind == TYPE_OBJECT || key.kind == TYPE_TIME || key.kind == TYPE_DURATION)
			return fail_node(c->e, x, "things of the catalogue are found by their id, not by a %s", type_name(key.kind));
	}
	check_thing(c, x, x->text, 0, ret);
	return true;
}

static bool
check_otherwise(struct checker *c, const struct expr *x, const struct hand *h, struct type *ret)
{
	struct type a = {0}, b = {0};
	if (!check_node(c, x->kids[0], h, &a) || !check_node(c, x->kids[1], h, &b) || !check_pair(c, x, &a, &b))
		return false;
	*ret = a.kind == TYPE_UNKNOWN ? b : a;
	return true;
}

static bool
check_anniversary(struct checker *c, const struct expr *x, const struct hand *h, struct type *ret)
{
	struct type t = {0};
	char text[96];
	ret->kind = TYPE_TIME;
	if (!check_node(c, x->kids[0], h, &t))
		return false;
	return is_time_like(&t) || fail_node(c->e, x, "'%s' is a %s, not a date", shown(x->kids[0], text), type_name(t.kind));
}

static bool
check_list(struct checker *c, const struct expr *x, const struct hand *h, struct type *ret)
{
	struct type t;
	ret->kind = TYPE_LIST;
	for (uint32_t i = 0; i < x->n_kids; i++)
		if (!check_node(c, x->kids[i], h, &t))
			return false;
	return true;
}

/* ---------------------------------------------------------------- every node */

static enum type_kind
constant_type(enum node k)
{
	switch (k) {
	case NODE_NUMBER:
	case NODE_PERCENT:
	case NODE_SAMPLE:
		return TYPE_NUMBER;
	case NODE_MONEY:
		return TYPE_MONEY;
	case NODE_DURATION:
		return TYPE_DURATION;
	case NODE_DISTANCE:
		return TYPE_DISTANCE;
	case NODE_TEXT:
		return TYPE_TEXT;
	case NODE_DATE:
	case NODE_END_OF_DAY:
		return TYPE_TIME;
	case NODE_TRUTH:
	case NODE_EVERYONE:
		return TYPE_TRUTH;
	default:
		return TYPE_UNKNOWN;
	}
}

bool
check_node(struct checker *c, const struct expr *x, const struct hand *h, struct type *ret)
{
	struct hand element;
	struct type ignored;
	*ret = (struct type){.kind = constant_type((enum node)x->kind)};
	if (!check_reach(c, x, h))
		return false;
	switch ((enum node)x->kind) {
	case NODE_AND:
	case NODE_OR:
	case NODE_NOT:
		ret->kind = TYPE_TRUTH;
		return check_truths(c, x, h);
	case NODE_PAREN:
		return check_node(c, x->kids[0], h, ret);
	case NODE_DID:
	case NODE_QUANTIFIER:
		ret->kind = TYPE_TRUTH;
		return check_collection(c, x->kids[0], h, &element);
	case NODE_THEN:
		ret->kind = TYPE_TRUTH;
		return check_then(c, x, h);
	case NODE_MEMBER:
		ret->kind = TYPE_TRUTH;
		return check_member(c, x);
	case NODE_COMPARE:
	case NODE_BETWEEN:
	case NODE_WITHIN:
		ret->kind = TYPE_TRUTH;
		return check_compare(c, x, h);
	case NODE_MISSING:
		ret->kind = TYPE_TRUTH;
		return check_node(c, x->kids[0], h, &ignored);
	case NODE_LIST:
		return check_list(c, x, h, ret);
	case NODE_ARITHMETIC:
	case NODE_NEGATIVE:
		return check_arithmetic(c, x, h, ret);
	case NODE_OTHERWISE:
		return check_otherwise(c, x, h, ret);
	case NODE_AGGREGATE:
		return check_aggregate(c, x, h, ret);
	case NODE_PICK:
		return check_pick(c, x, h, ret);
	case NODE_TIME_SINCE:
	case NODE_USUAL_GAP:
		ret->kind = TYPE_DURATION;
		return check_events(c, x->kids[0], h, &element);
	case NODE_TIME_OF:
		ret->kind = TYPE_TIME;
		return check_events(c, x->kids[0], h, &element);
	case NODE_TIME_IN_STAGE:
		ret->kind = TYPE_DURATION;
		return check_model(c, x);
	case NODE_ANNIVERSARY:
		return check_anniversary(c, x, h, ret);
	case NODE_LOOKUP:
	case NODE_NEAREST:
		return check_lookup(c, x, h, ret);
	case NODE_PATH:
		return check_path(c, x, h, ret);
	case NODE_EVENTS:
	case NODE_PEOPLE:
	case NODE_ITEMS:
		ret->kind = TYPE_LIST;
		return check_collection(c, x, h, &element);
	default:
		return true;
	}
}

/* ---------------------------------------------------------------- the whole */

static bool
check_wanted(struct checker *c, const struct expr *x, const struct type *t, enum type_kind wanted)
{
	char text[96];
	enum type_kind k = t->kind;
	bool same = k == wanted || k == TYPE_UNKNOWN || wanted == TYPE_UNKNOWN || (wanted == TYPE_TEXT && k == TYPE_WORDS) ||
	    (wanted == TYPE_NUMBER && k == TYPE_MONEY) || (wanted == TYPE_MONEY && k == TYPE_NUMBER) ||
	    (wanted == TYPE_TIME && (k == TYPE_TEXT || k == TYPE_WORDS));
	if (same)
		return true;
	if (wanted == TYPE_TRUTH)
		return fail_node(c->e, x, "'%s' is a %s, not something true or false", shown(x, text), type_name(k));
	return fail_node(c->e, x, "a %s is wanted here, but '%s' is a %s", type_name(wanted), shown(x, text), type_name(k));
}

bool
expr_check(const struct expr *x, const struct expr_scope *scope, enum type_kind wanted, warning_list *warnings, struct err *e)
{
	static const struct vocabulary nothing;
	struct checker c = {.scope = scope, .v = scope->vocabulary ? scope->vocabulary : &nothing, .warnings = warnings, .e = e};
	struct type t = {0};
	switch ((enum node)x->kind) {
	case NODE_ON_EVENT:
	case NODE_BECOMES:
	case NODE_CHANGE:
	case NODE_ON_DATE:
	case NODE_SCHEDULE:
	case NODE_GOAL:
	case NODE_CALL:
		return check_trigger(&c, x);
	case NODE_UNTIL:
	case NODE_FOR:
	case NODE_CLOCK:
	case NODE_MOMENT:
		return check_clock(&c, x);
	default:
		return check_node(&c, x, &NO_HAND, &t) && check_wanted(&c, x, &t, wanted);
	}
}

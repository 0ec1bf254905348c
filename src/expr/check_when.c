/* Triggers and clocks: what starts, ends and delays. */
#include "expr/check_priv.h"
#include "base/str.h"

static bool
check_on_event(struct checker *c, const struct expr *x)
{
	struct hand h = {.events = x, .in_where = true};
	check_event_name(c, x->kids[0]);
	if (x->by_account && !check_accounts(c, x, "by account"))
		return false;
	return !x->where || check_truth(c, x->where, &h);
}

/* becomes: the condition stands for ever, whatever the place of the trigger; only inside a journey it may look at the trigger. */
static bool
check_becomes(struct checker *c, const struct expr *x)
{
	struct expr_scope scope = *c->scope;
	struct checker inner = *c;
	if (scope.place != PLACE_STEP)
		scope.place = PLACE_STANDING;
	inner.scope = &scope;
	return check_truth(&inner, x->kids[0], &NO_HAND);
}

static bool
check_changing(struct checker *c, const struct expr *path, struct type *ret)
{
	struct str first = path->steps[0].name;
	if (is_catalogue_kind(first)) {
		if (path->n_steps < 2)
			return fail_node(c->e, path, "say what of it: change of %.*s.price", STR_ARGS(first));
		check_thing(c, path, first, 1, ret);
		return true;
	}
	switch ((enum root)path->op) {
	case ROOT_TRAIT:
	case ROOT_ACCOUNT:
	case ROOT_CONSENT:
	case ROOT_TOPIC:
	case ROOT_PREFERENCE:
	case ROOT_PREDICT:
		return check_path(c, path, &NO_HAND, ret);
	case ROOT_STAGE:
		return fail_node(c->e, path, "for stages write: becomes stage = \"…\"");
	default:
		return fail_node(c->e, path, "a change is of trait, account, consent, topic, preference, predict, product, store, offer or content, not of '%.*s'",
		    STR_ARGS(first));
	}
}

static bool
check_change(struct checker *c, const struct expr *x)
{
	struct type t = {0};
	struct expr_scope scope = *c->scope;
	struct checker inner = *c;
	struct hand h = {.in_where = true, .change = &t};
	if (!check_changing(c, x->kids[0], &t))
		return false;
	scope.change = true;
	inner.scope = &scope;
	return !x->where || check_truth(&inner, x->where, &h);
}

/* A time, or a time some length before or after it. With `length_too` also a length, counted from where it stands. */
static bool
check_moment(struct checker *c, const struct expr *x, bool length_too)
{
	struct type t = {0};
	char text[96];
	const struct expr *time = x;
	if (x->kind == NODE_OFFSET) {
		time = x->kids[1];
		length_too = false;
		if (!check_node(c, x->kids[0], &NO_HAND, &t))
			return false;
		if (t.kind != TYPE_DURATION && t.kind != TYPE_UNKNOWN)
			return fail_node(c->e, x, "before '%s' stands a length of time such as 14d, not the %s %s", x->op == OFFSET_BEFORE ? "before" : "after",
			    type_name(t.kind), shown(x->kids[0], text));
	}
	if (!check_node(c, time, &NO_HAND, &t))
		return false;
	if (is_time_like(&t) || (length_too && t.kind == TYPE_DURATION))
		return true;
	return fail_node(c->e, time, "a %s is wanted here, but '%s' is a %s%s", length_too ? "time or a length of time" : "time", shown(time, text),
	    type_name(t.kind), is_number(&t) && length_too ? " (two days are written 2d)" : "");
}

static bool
check_schedule(struct checker *c, const struct expr *x)
{
	if (!x->quoted || !c->scope->zones || tz_find(c->scope->zones, x->text))
		return true;
	return fail_node(c->e, x, "there is no time zone \"%.*s\"; zones are named like \"Europe/Berlin\"", STR_ARGS(x->text));
}

bool
check_trigger(struct checker *c, const struct expr *x)
{
	switch ((enum node)x->kind) {
	case NODE_ON_EVENT:
		return check_on_event(c, x);
	case NODE_BECOMES:
		return check_becomes(c, x);
	case NODE_CHANGE:
		return check_change(c, x);
	case NODE_ON_DATE:
		return check_moment(c, x->kids[0], false);
	case NODE_SCHEDULE:
		return check_schedule(c, x);
	default:
		return true;
	}
}

static bool
check_wait_length(struct checker *c, const struct expr *x)
{
	struct type t = {0};
	char text[96];
	if (!check_node(c, x, &NO_HAND, &t))
		return false;
	if (t.kind == TYPE_DURATION || t.kind == TYPE_UNKNOWN)
		return true;
	if (t.kind == TYPE_TIME)
		return fail_node(c->e, x, "a wait for a time is written: until %s", shown(x, text));
	return fail_node(c->e, x, "a wait is a length of time such as 2d, not the %s %s", type_name(t.kind), shown(x, text));
}

bool
check_clock(struct checker *c, const struct expr *x)
{
	switch ((enum node)x->kind) {
	case NODE_UNTIL:
		if (x->kids[0]->kind == NODE_CLOCK)
			return true;
		return check_moment(c, x->kids[0]->kids[0], false);
	case NODE_FOR:
		return check_wait_length(c, x->kids[0]);
	case NODE_MOMENT:
		return check_moment(c, x->kids[0], true);
	default:
		return true;
	}
}

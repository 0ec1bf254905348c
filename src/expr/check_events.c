/* Collections: do the events exist, is it a list, may a window end there? */
#include "expr/check_priv.h"
#include "base/str.h"
#include "event/entry.h"

void
check_event_name(struct checker *c, const struct expr *event)
{
	char near[96];
	const struct vocabulary *v = c->v;
	if (event->op != ENTRY_TRACK) {
		if (event->quoted && str_starts(event->text, STR("/")))
			check_warn(c, event, "%s \"%.*s\" asks for the name of a page; for its address write: %s where (path = \"%.*s\")",
			    entry_kind_name((enum entry_kind)event->op), STR_ARGS(event->text), entry_kind_name((enum entry_kind)event->op), STR_ARGS(event->text));
		return;
	}
	if (!v->n_events || event_type_of(v, event))
		return;
	check_warn(c, event, "the event \"%.*s\" is not in the vocabulary%s", STR_ARGS(event->text),
	    suggestion(event->text, &v->events[0].name, v->n_events, sizeof(v->events[0]), near));
}

bool
check_accounts(struct checker *c, const struct expr *x, const char *what)
{
	if (c->v->account_traits.n_fields)
		return true;
	return fail_node(c->e, x, "'%s' in a program without accounts: the vocabulary has no 'account traits'", what);
}

/* ---------------------------------------------------------------- windows */

/* Is the length known beforehand? Names of `with` are looked into. */
static bool
stands_still(const struct checker *c, const struct expr *x, int depth)
{
	const struct expr *tree;
	if (x->kind == NODE_DURATION || x->kind == NODE_NUMBER || x->kind == NODE_PERCENT)
		return true;
	if (x->kind == NODE_PATH && x->op == ROOT_BARE && x->n_steps == 1 && depth < 16 && (tree = name_tree(c->scope, x->steps[0].name)))
		return stands_still(c, tree, depth + 1);
	if (x->kind != NODE_PAREN && x->kind != NODE_ARITHMETIC)
		return false;
	for (uint32_t i = 0; i < x->n_kids; i++)
		if (!stands_still(c, x->kids[i], depth))
			return false;
	return true;
}

bool
check_length(struct checker *c, const struct expr *x, const struct hand *h, const char *after, bool fixed_one)
{
	struct type t = {0};
	char text[96];
	if (!check_node(c, x, h, &t))
		return false;
	if (t.kind != TYPE_DURATION && t.kind != TYPE_UNKNOWN)
		return fail_node(c->e, x, "after '%s' comes a length of time such as 90d, not the %s %s", after, type_name(t.kind), shown(x, text));
	if (!fixed_one)
		return true;
	if (is_calendar(x))
		return fail_node(c->e, x, "months, years and workdays have no exact length: after '%s' count in days, such as 90d or 365d", after);
	if (!stands_still(c, x, 0))
		return fail_node(c->e, x, "after '%s' comes a length that is known beforehand, such as 90d; '%s' is another for everybody", after,
		    shown(x, text));
	const struct expr *d = bare(x);
	if (d->kind == NODE_DURATION && d->number <= 0)
		return fail_node(c->e, x, "after '%s' comes a length greater than 0", after);
	return true;
}

static int64_t
span_of(const struct expr *x)
{
	return x->number / FIXED_ONE * unit_base((enum unit)x->op) + x->number % FIXED_ONE * unit_base((enum unit)x->op) / FIXED_ONE;
}

static bool
check_bound(struct checker *c, const struct expr *x, const struct hand *h, const char *word)
{
	struct hand ignored;
	struct type t = {0};
	char text[96];
	if (x->kind == NODE_ENTRY)
		return c->scope->place == PLACE_STEP || fail_node(c->e, x, "'%s entry' has a meaning only inside a journey", word);
	if (x->kind == NODE_POINT)
		return check_events(c, x->kids[0], h, &ignored);
	if (!check_node(c, x, h, &t))
		return false;
	return is_time_like(&t) || fail_node(c->e, x, "after '%s' comes a time or an event, not the %s %s", word, type_name(t.kind), shown(x, text));
}

static bool
check_window(struct checker *c, const struct expr *x, const struct hand *h)
{
	switch ((enum window)x->op) {
	case WINDOW_LAST:
		return check_length(c, x->kids[0], h, "last", true);
	case WINDOW_SINCE:
	case WINDOW_BEFORE:
		return check_bound(c, x->kids[0], h, x->op == WINDOW_SINCE ? "since" : "before");
	case WINDOW_FROM:
		if (span_of(x->kids[0]) > span_of(x->kids[1]))
			return true;
		return fail_node(c->e, x, "the longer time stands first: from 730d to 365d ago");
	case WINDOW_THIS:
	case WINDOW_PREVIOUS:
		return true;
	}
	return true;
}

/* ---------------------------------------------------------------- events */

/* The list inside the events that the steps lead to. */
static bool
check_inside(struct checker *c, const struct expr *x, struct hand *ret)
{
	char near[96], text[96];
	for (uint32_t i = 0; i < x->n_kids; i++) {
		const struct event_type *et = event_type_of(c->v, x->kids[i]);
		struct type t = {0};
		if (!et || !et->type.n_fields)
			continue;
		if (!type_along(&et->type, x, 0, &t)) {
			check_warn(c, x, "\"%.*s\" has no list '%.*s'%s", STR_ARGS(et->name), STR_ARGS(x->steps[0].name),
			    suggestion(x->steps[0].name, &et->type.fields[0].name, et->type.n_fields, sizeof(et->type.fields[0]), near));
			continue;
		}
		if (t.kind != TYPE_LIST && t.kind != TYPE_UNKNOWN)
			return fail_node(c->e, x, "'%.*s' is a %s, not a list: to pick a value write: latest %.*s of %s",
			    STR_ARGS(x->steps[x->n_steps - 1].name), type_name(t.kind), STR_ARGS(x->steps[x->n_steps - 1].name),
			    shown(x->kids[i], text));
		if (t.item && !ret->item)
			ret->item = t.item;
	}
	return true;
}

bool
check_events(struct checker *c, const struct expr *x, const struct hand *h, struct hand *ret_hand)
{
	struct hand mine = {.events = x, .in_where = true, .is_item = x->n_steps > 0, .of_past = true};
	for (uint32_t i = 0; i < x->n_kids; i++)
		check_event_name(c, x->kids[i]);
	if (x->n_steps && !check_inside(c, x, &mine))
		return false;
	if (x->by_account && !check_accounts(c, x, "by account"))
		return false;
	if (x->where && !check_truth(c, x->where, &mine))
		return false;
	if (x->window && !check_window(c, x->window, h))
		return false;
	*ret_hand = mine;
	return true;
}

/* ---------------------------------------------------------------- items and people */

static bool
check_items(struct checker *c, const struct expr *x, const struct hand *h, struct hand *ret_hand)
{
	struct type t = {0};
	char text[96];
	if (!check_node(c, x->kids[0], h, &t))
		return false;
	if (t.kind != TYPE_LIST && t.kind != TYPE_UNKNOWN)
		return fail_node(c->e, x, "'%s' is a %s, not a list", shown(x->kids[0], text), type_name(t.kind));
	struct hand mine = {.events = h->events, .item = t.item, .in_where = true, .is_item = true, .of_past = h->of_past, .change = h->change};
	if (x->where && !check_truth(c, x->where, &mine))
		return false;
	*ret_hand = mine;
	return true;
}

static bool
check_people(struct checker *c, const struct expr *x, struct hand *ret_hand)
{
	if (!check_accounts(c, x, "people"))
		return false;
	*ret_hand = NO_HAND;
	return !x->where || check_truth(c, x->where, &NO_HAND);
}

bool
check_collection(struct checker *c, const struct expr *x, const struct hand *h, struct hand *ret_hand)
{
	if (x->kind == NODE_EVENTS)
		return check_events(c, x, h, ret_hand);
	if (x->kind == NODE_PEOPLE)
		return check_people(c, x, ret_hand);
	return check_items(c, x, h, ret_hand);
}

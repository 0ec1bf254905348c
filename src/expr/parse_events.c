/* Collections: events of a timeline, items of a list, people of the account; windows. */
#include "expr/parser_priv.h"
#include "base/str.h"
#include "base/vec.h"
#include "event/entry.h"

const struct expr *
parse_event(struct parser *p)
{
	struct expr *x = node_new(p, NODE_EVENT, token_at(p, 0));
	bool named = true;
	x->op = ENTRY_TRACK;
	if (got_word(p, "page") || is_word(p, 0, "screen")) {
		x->op = ENTRY_PAGE;
		if (got_word(p, "screen"))
			x->op = ENTRY_SCREEN;
		named = is_kind(p, 0, TOKEN_TEXT);
	} else {
		(void)got_word(p, "track");
	}
	if (!named)
		return x;
	if (!is_kind(p, 0, TOKEN_TEXT))
		return parse_expected(p, "the name of an event in double quotes");
	x->text = token_at(p, 0)->text;
	x->quoted = true;
	p->at++;
	return x;
}

static const struct expr *
parse_bracketed_condition(struct parser *p)
{
	p->at++; /* where */
	if (!is_sign(p, 0, '('))
		return parse_refuse(p, "put the condition after 'where' in brackets: where (total > 50)");
	p->at++;
	const struct expr *c = parse_condition(p);
	return c && need_sign(p, ')') ? c : NULL;
}

static const struct expr *
parse_event_set(struct parser *p)
{
	struct expr *x = node_new(p, NODE_EVENTS, token_at(p, 0));
	VEC(const struct expr *) events = {0};
	bool several = got_sign(p, '(');
	const struct expr *one;
	do {
		if ((one = parse_event(p)))
			*vec_push(&events) = one;
	} while (one && several && got_sign(p, ','));
	bool ok = one && (!several || need_sign(p, ')')) && parse_steps(p, NULL, &x->steps, &x->n_steps) &&
	    node_kids(p, x, events.items, events.len);
	vec_release(&events);
	return ok ? x : NULL;
}

/* A bound of `since` and `before`. */
static const struct expr *
parse_bound(struct parser *p)
{
	const struct token *t = token_at(p, 0);
	if (got_word(p, "entry"))
		return node_new(p, NODE_ENTRY, t);
	if (t->kind == TOKEN_DATE)
		return parse_atom(p);
	if (t->kind == TOKEN_TEXT || t->kind == TOKEN_ORDINAL || is_sign(p, 0, '(') || is_word(p, 0, "first") || is_word(p, 0, "latest") ||
	    is_word(p, 0, "track") || is_word(p, 0, "page") || is_word(p, 0, "screen")) {
		struct expr *x = node_new(p, NODE_POINT, t);
		if (!parse_which(p, false, &x->n))
			return NULL;
		struct expr *events = (struct expr *)parse_event_set(p);
		if (!events || !parse_where_by(p, events, false))
			return NULL;
		const struct expr *kid = events;
		return node_kids(p, x, &kid, 1);
	}
	return parse_path(p);
}

static const struct expr *
parse_span(struct parser *p)
{
	const struct token *t = token_at(p, 0);
	if (t->kind != TOKEN_LENGTH || unit_is_distance((enum unit)t->unit) || !unit_base((enum unit)t->unit))
		return parse_expected(p, "a length of time in s, min, h, d or w");
	return parse_atom(p);
}

static const struct expr *
parse_from_to(struct parser *p, struct expr *x)
{
	const struct expr *kids[2] = {0};
	p->at++;
	x->op = WINDOW_FROM;
	if (!(kids[0] = parse_span(p)) || !need_word(p, "to") || !(kids[1] = parse_span(p)) || !need_word(p, "ago"))
		return NULL;
	return node_kids(p, x, kids, 2);
}

static const struct expr *
parse_period(struct parser *p, struct expr *x)
{
	x->op = is_word(p, 0, "this") ? WINDOW_THIS : WINDOW_PREVIOUS;
	p->at++;
	for (int i = 0; i < PERIOD_COUNT; i++)
		if (got_word(p, period_word((enum period)i))) {
			x->n = i;
			return x;
		}
	return parse_expected(p, "day, week, month, quarter or year");
}

static bool
begins_window(const struct parser *p)
{
	return is_word(p, 0, "last") || is_word(p, 0, "since") || is_word(p, 0, "before") || is_word(p, 0, "this") ||
	    is_word(p, 0, "previous") || (is_word(p, 0, "from") && is_kind(p, 1, TOKEN_LENGTH));
}

static const struct expr *
parse_window(struct parser *p)
{
	struct expr *x = node_new(p, NODE_WINDOW, token_at(p, 0));
	const struct expr *kid;
	if (is_word(p, 0, "from"))
		return parse_from_to(p, x);
	if (is_word(p, 0, "this") || is_word(p, 0, "previous"))
		return parse_period(p, x);
	x->op = is_word(p, 0, "last") ? WINDOW_LAST : is_word(p, 0, "since") ? WINDOW_SINCE : WINDOW_BEFORE;
	p->at++;
	kid = x->op == WINDOW_LAST ? parse_atom(p) : parse_bound(p);
	if (kid && x->op == WINDOW_LAST && kid->kind == NODE_NUMBER &&
	    (is_word(p, 0, "days") || is_word(p, 0, "day") || is_word(p, 0, "hours") || is_word(p, 0, "weeks") || is_word(p, 0, "months")))
		return parse_refuse(p, "a length of time is written without a blank: last 30d");
	return kid ? node_kids(p, x, &kid, 1) : NULL;
}

bool
parse_where_by(struct parser *p, struct expr *x, bool with_window)
{
	const struct expr *where = NULL, *window = NULL;
	for (;;) {
		if (!x->by_account && got_word(p, "by")) {
			if (!need_word(p, "account"))
				return false;
			x->by_account = true;
		} else if (!where && is_word(p, 0, "where")) {
			if (!(where = parse_bracketed_condition(p)))
				return false;
		} else if (with_window && !window && begins_window(p)) {
			if (!(window = parse_window(p)))
				return false;
		} else {
			return node_parts(p, x, where, window) != NULL;
		}
	}
}

const struct expr *
parse_events(struct parser *p)
{
	struct expr *x = (struct expr *)parse_event_set(p);
	return x && parse_where_by(p, x, true) ? x : NULL;
}

static const struct expr *
parse_where_only(struct parser *p, struct expr *x)
{
	if (!is_word(p, 0, "where"))
		return x;
	const struct expr *where = parse_bracketed_condition(p);
	return where ? node_parts(p, x, where, NULL) : NULL;
}

const struct expr *
parse_collection(struct parser *p)
{
	const struct token *t = token_at(p, 0);
	if (t->kind == TOKEN_TEXT || is_sign(p, 0, '(') || is_word(p, 0, "track") || is_word(p, 0, "page") || is_word(p, 0, "screen"))
		return parse_events(p);
	if (got_word(p, "people"))
		return parse_where_only(p, node_new(p, NODE_PEOPLE, t));
	const struct expr *path = parse_path(p);
	if (!path)
		return NULL;
	struct expr *x = node_kids(p, node_new(p, NODE_ITEMS, t), &path, 1);
	return x ? parse_where_only(p, x) : NULL;
}

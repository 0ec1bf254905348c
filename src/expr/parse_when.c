/* Triggers, and the clock forms of waits: what starts, ends and delays. */
#include "expr/parser_priv.h"
#include "base/str.h"

static bool
need_clock(struct parser *p, int32_t *ret)
{
	if (!is_kind(p, 0, TOKEN_CLOCK))
		return parse_expected(p, "a time of day such as 09:00") != NULL;
	*ret = token_at(p, 0)->n;
	p->at++;
	return true;
}

static bool
got_day_word(struct parser *p, int last, int *ret)
{
	for (int d = 0; d <= last; d++)
		if (got_word(p, day_word((enum day_word)d))) {
			*ret = d;
			return true;
		}
	return false;
}

/* moment = atom ( "before" | "after" ) value | value */
static const struct expr *
parse_moment(struct parser *p)
{
	const struct token *t = token_at(p, 0);
	size_t start = p->at;
	const struct expr *v = parse_atom(p);
	if (!v)
		return NULL;
	if (!is_word(p, 0, "before") && !is_word(p, 0, "after")) {
		p->at = start;
		return parse_value(p);
	}
	struct expr *x = node_new(p, NODE_OFFSET, t);
	x->op = is_word(p, 0, "before") ? OFFSET_BEFORE : OFFSET_AFTER;
	p->at++;
	const struct expr *kids[] = {v, parse_value(p)};
	return kids[1] ? node_kids(p, x, kids, 2) : NULL;
}

static const struct expr *
parse_nth_day(struct parser *p, struct expr *x)
{
	int day;
	if (got_word(p, "last"))
		x->op = RECUR_LAST;
	else if (got_word(p, "first"))
		x->n = 1;
	else if (is_kind(p, 0, TOKEN_ORDINAL) && token_at(p, 0)->n <= 31)
		x->n = token_at(p, 0)->n, p->at++;
	else
		return parse_expected(p, "'every monday', 'first tuesday of month', 'day 15 of month' or a date");
	if (!got_day_word(p, DAYS_WORKDAY, &day))
		return parse_expected(p, "a weekday or 'workday'");
	x->number = day;
	return need_word(p, "of") && need_word(p, "month") ? x : NULL;
}

static const struct expr *
parse_recurrence(struct parser *p)
{
	const struct token *t = token_at(p, 0);
	struct expr *x = node_new(p, NODE_RECURRENCE, t);
	int day;
	if (got_word(p, "every")) {
		x->op = RECUR_EVERY;
		if (got_word(p, "day"))
			day = DAYS_DAY;
		else if (!got_day_word(p, DAYS_WORKDAY, &day))
			return parse_expected(p, "a weekday, 'day' or 'workday'");
		x->number = day;
		return x;
	}
	if (t->kind == TOKEN_DATE) {
		x->op = RECUR_ONCE;
		if (t->n >= 0)
			return parse_refuse(p, "the time of day stands after 'at'");
		x->number = t->number;
		x->text = t->text;
		p->at++;
		return x;
	}
	if (got_word(p, "day")) {
		const struct token *number = token_at(p, 0);
		x->op = RECUR_MONTHDAY;
		if (number->kind != TOKEN_NUMBER || number->number % FIXED_ONE || number->number < FIXED_ONE || number->number > 31 * FIXED_ONE)
			return parse_expected(p, "the day of the month, 1 to 31");
		x->n = (int32_t)(number->number / FIXED_ONE);
		p->at++;
		return need_word(p, "of") && need_word(p, "month") ? x : NULL;
	}
	x->op = RECUR_NTH;
	return parse_nth_day(p, x);
}

static const struct expr *
parse_schedule(struct parser *p, struct expr *x)
{
	const struct expr *r = parse_recurrence(p);
	if (!r || !need_word(p, "at") || !need_clock(p, &x->n))
		return NULL;
	if (got_word(p, "in")) {
		if (!is_kind(p, 0, TOKEN_TEXT))
			return parse_expected(p, "the name of a zone in double quotes");
		x->text = token_at(p, 0)->text;
		x->quoted = true;
		p->at++;
	}
	return node_kids(p, x, &r, 1);
}

static const struct expr *
parse_change(struct parser *p, struct expr *x)
{
	if (!need_word(p, "of"))
		return NULL;
	const struct token *t = token_at(p, 0);
	const struct expr *path;
	if (t->kind == TOKEN_NAME && is_catalogue_kind(t->text) && !str_eq(t->text, STR("product"))) {
		/* product is a root; the other kinds of the catalogue are so here only */
		struct expr *of = node_new(p, NODE_PATH, t);
		p->at++;
		path = parse_steps(p, t, &of->steps, &of->n_steps) ? of : NULL;
	} else {
		path = parse_path(p);
	}
	if (!path || !node_kids(p, x, &path, 1) || !parse_where_by(p, x, false))
		return NULL;
	return x->by_account ? parse_refuse(p, "a change is of one person, account or product: leave out 'by account'") : x;
}

static const struct expr *
parse_on_event(struct parser *p, const struct token *t)
{
	struct expr *x = node_new(p, NODE_ON_EVENT, t);
	const struct expr *event = parse_event(p);
	if (!event || !node_kids(p, x, &event, 1))
		return NULL;
	return parse_where_by(p, x, false) ? x : NULL;
}

const struct expr *
parse_trigger(struct parser *p)
{
	const struct token *t = token_at(p, 0);
	struct expr *x = node_new(p, NODE_GOAL, t);
	if (is_word(p, 0, "track") || is_word(p, 0, "page") || is_word(p, 0, "screen"))
		return parse_on_event(p, t);
	if (t->kind == TOKEN_TEXT)
		return parse_refuse(p, "a trigger begins with a word: track \"%.*s\"", STR_ARGS(str_slice(t->text, 0, 60)));
	if (got_word(p, "goal"))
		return x;
	if (got_word(p, "call")) {
		x->kind = NODE_CALL;
		return x;
	}
	if (got_word(p, "becomes")) {
		x->kind = NODE_BECOMES;
		const struct expr *c = parse_condition(p);
		return c ? node_kids(p, x, &c, 1) : NULL;
	}
	if (got_word(p, "change")) {
		x->kind = NODE_CHANGE;
		return parse_change(p, x);
	}
	if (got_word(p, "schedule")) {
		x->kind = NODE_SCHEDULE;
		return parse_schedule(p, x);
	}
	if (got_word(p, "date")) {
		x->kind = NODE_ON_DATE;
		const struct expr *m = parse_moment(p);
		return m && need_word(p, "at") && need_clock(p, &x->n) ? node_kids(p, x, &m, 1) : NULL;
	}
	return parse_expected(p, "a trigger (it begins with track, page, screen, becomes, change of, date, schedule, goal or call)");
}

const struct expr *
parse_time_of_day(struct parser *p)
{
	struct expr *x = node_new(p, NODE_CLOCK, token_at(p, 0));
	int day = DAYS_ANY;
	if (got_day_word(p, DAYS_TOMORROW, &day) || is_kind(p, 0, TOKEN_CLOCK)) {
		x->op = (uint8_t)day;
		return need_clock(p, &x->n) ? x : NULL;
	}
	x->kind = NODE_MOMENT;
	x->n = -1;
	const struct expr *m = parse_moment(p);
	if (!m || (got_word(p, "at") && !need_clock(p, &x->n)))
		return NULL;
	return node_kids(p, x, &m, 1);
}

const struct expr *
parse_wait(struct parser *p)
{
	const struct token *t = token_at(p, 0);
	bool until = got_word(p, "until");
	const struct expr *kid = until ? parse_time_of_day(p) : parse_value(p);
	return kid ? node_kids(p, node_new(p, until ? NODE_UNTIL : NODE_FOR, t), &kid, 1) : NULL;
}

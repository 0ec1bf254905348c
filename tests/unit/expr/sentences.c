/* Sentences of grammar.ebnf, rule by rule. Depth runs out, and with it what is optional. */
#include "tests/unit/expr/random.h"

struct maker {
	struct dice *d;
	struct buf *out;
};

static void condition(struct maker *m, int depth);
static void value(struct maker *m, int depth);
static void events(struct maker *m, int depth);
static void collection(struct maker *m, int depth);

static void
say(struct maker *m, const char *words)
{
	if (m->out->len && m->out->ptr[m->out->len - 1] != ' ' && m->out->ptr[m->out->len - 1] != '(')
		buf_add_char(m->out, chance(m->d, 3) ? '\n' : ' ');
	buf_add_cstr(m->out, words);
	if (chance(m->d, 1))
		buf_add_cstr(m->out, " # a remark \"in between\"\n");
}

static bool
odds(struct maker *m, int depth, int percent)
{
	return depth > 0 && chance(m->d, percent);
}

static const char *
one_of(struct maker *m, const char *const words[], size_t n)
{
	return words[roll(m->d, n)];
}
#define ONE_OF(m, ...) one_of((m), (const char *const[]){__VA_ARGS__}, COUNT(((const char *const[]){__VA_ARGS__})))

static void
steps(struct maker *m, int most)
{
	for (uint64_t n = roll(m->d, (uint64_t)most + 1); n; n--)
		buf_printf(m->out, ".%s", ONE_OF(m, "total", "price", "\"a b\"", "products", "x_1", "count", "\"say \\\"x\\\"\"", "items", "Größe"));
}

static void
path(struct maker *m)
{
	say(m, ONE_OF(m, "total", "price", "category", "trait.country", "account.plan", "consent.email", "topic.news", "stage", "stage.race",
	    "event.time", "event.\"count\"", "item", "trigger.order_id", "message.first.opened", "task.call.done", "waited.x.eta", "cart.items",
	    "local.hour", "now", "arrival.medium", "product.price", "from", "to", "predict.alive", "preference.interests", "_x", "at", "month"));
	steps(m, 1);
}

static void
text(struct maker *m)
{
	say(m, ONE_OF(m, "\"Order Completed\"", "\"FI\"", "\"a b\"", "\"say \\\"x\\\"\"", "\"back\\\\slash\"", "\"# no remark\"", "\"\"", "\"häagen 注文\""));
}

static void
span(struct maker *m)
{
	say(m, ONE_OF(m, "90d", "12h", "15min", "2w", "30s", "1.5d", "0.25h"));
}

static void
clock(struct maker *m)
{
	say(m, ONE_OF(m, "09:00", "00:00", "23:59"));
}

static void
date(struct maker *m)
{
	say(m, ONE_OF(m, "2026-09-01", "2024-02-29", "2026-09-01T10:00"));
}

/* ---------------------------------------------------------------- collections */

static void
event(struct maker *m)
{
	uint64_t kind = roll(m->d, 6);
	if (kind == 0)
		say(m, "track");
	if (kind == 1 || kind == 2) {
		say(m, kind == 1 ? "page" : "screen");
		if (chance(m->d, 50))
			return;
	}
	text(m);
}

static void
event_set(struct maker *m, int depth)
{
	if (odds(m, depth, 30)) {
		say(m, "(");
		event(m);
		for (uint64_t n = roll(m->d, 3); n; n--) {
			buf_add_char(m->out, ',');
			event(m);
		}
		buf_add_char(m->out, ')');
	} else {
		event(m);
	}
	steps(m, 1);
}

static void
where(struct maker *m, int depth)
{
	say(m, "where (");
	condition(m, depth - 1);
	buf_add_char(m->out, ')');
}

static void
atom(struct maker *m, int depth);

static void
which(struct maker *m, bool may_lack)
{
	if (may_lack && chance(m->d, 50))
		return;
	say(m, ONE_OF(m, "first", "latest", "2nd", "3rd", "4th", "11th", "21st", "112th"));
}

static void
bound(struct maker *m, int depth)
{
	switch (roll(m->d, 4)) {
	case 0:
		say(m, "entry");
		break;
	case 1:
		date(m);
		break;
	case 2:
		path(m);
		break;
	default:
		which(m, true);
		event_set(m, depth);
		if (odds(m, depth, 30))
			where(m, depth);
		if (odds(m, depth, 20))
			say(m, "by account");
	}
}

static void
window(struct maker *m, int depth)
{
	switch (roll(m->d, 5)) {
	case 0:
		say(m, ONE_OF(m, "since", "before"));
		bound(m, depth);
		break;
	case 1:
		say(m, "from");
		span(m);
		say(m, "to");
		span(m);
		say(m, "ago");
		break;
	case 2:
		say(m, ONE_OF(m, "this", "previous"));
		say(m, ONE_OF(m, "day", "week", "month", "quarter", "year"));
		break;
	default:
		say(m, "last");
		if (odds(m, depth, 10))
			atom(m, depth - 1);
		else
			span(m);
	}
}

static void
modifiers(struct maker *m, int depth, bool with_window)
{
	uint64_t first = roll(m->d, 3);
	for (uint64_t i = 0; i < 3; i++) {
		uint64_t what = (first + i) % 3;
		if (!odds(m, depth, 35))
			continue;
		if (what == 0)
			where(m, depth);
		else if (what == 1)
			say(m, "by account");
		else if (with_window)
			window(m, depth - 1);
	}
}

static void
events(struct maker *m, int depth)
{
	event_set(m, depth);
	modifiers(m, depth, true);
}

static void
collection(struct maker *m, int depth)
{
	switch (roll(m->d, 4)) {
	case 0:
		say(m, "people");
		if (odds(m, depth, 50))
			where(m, depth);
		break;
	case 1:
		path(m);
		if (odds(m, depth, 50))
			where(m, depth);
		break;
	default:
		events(m, depth);
	}
}

/* ---------------------------------------------------------------- values */

static void
field(struct maker *m, int depth)
{
	if (odds(m, depth, 25)) {
		say(m, "(");
		value(m, depth - 1);
		buf_add_char(m->out, ')');
	} else {
		path(m);
	}
}

static void
brackets(struct maker *m, int depth)
{
	say(m, "(");
	condition(m, depth - 1);
	while (odds(m, depth, 30)) {
		buf_add_char(m->out, ',');
		value(m, depth - 1);
	}
	buf_add_char(m->out, ')');
}

static void
simple_atom(struct maker *m)
{
	switch (roll(m->d, 7)) {
	case 0:
		text(m);
		break;
	case 1:
		date(m);
		break;
	case 2:
		path(m);
		break;
	default:
		say(m, ONE_OF(m, "1", "2.5", "100", "0.0001", "10%", "800 EUR", "90d", "3mo", "1y", "2 workdays", "1 workday", "200yd", "5km", "1.5mi",
		    "20m", "true", "false", "end of day"));
	}
}

static void
atom_of(struct maker *m, int depth)
{
	say(m, ONE_OF(m, "sum", "average", "lowest", "highest", "list", "count distinct"));
	field(m, depth);
	say(m, "of");
	collection(m, depth - 1);
}

static void
timed_atom(struct maker *m, int depth)
{
	switch (roll(m->d, 5)) {
	case 0:
		say(m, "time since");
		which(m, true);
		events(m, depth - 1);
		break;
	case 1:
		say(m, "time of");
		which(m, false);
		events(m, depth - 1);
		break;
	case 2:
		say(m, ONE_OF(m, "time in stage", "time in stage.race"));
		break;
	case 3:
		say(m, "usual gap of");
		events(m, depth - 1);
		break;
	default:
		say(m, "anniversary of");
		atom(m, depth - 1);
	}
}

static void
atom(struct maker *m, int depth)
{
	if (depth <= 0) {
		simple_atom(m);
		return;
	}
	switch (roll(m->d, 10)) {
	case 0:
		brackets(m, depth);
		break;
	case 1:
		say(m, "-");
		atom(m, depth - 1);
		break;
	case 2:
		say(m, "count");
		collection(m, depth - 1);
		break;
	case 3:
		atom_of(m, depth);
		break;
	case 4:
		which(m, false);
		field(m, depth);
		say(m, "of");
		collection(m, depth - 1);
		break;
	case 5:
		timed_atom(m, depth);
		break;
	case 6:
		say(m, ONE_OF(m, "sample \"a\"", "nearest store", "nearest store.distance", "nearest product.price"));
		break;
	case 7:
		say(m, ONE_OF(m, "product(", "store(", "offer(", "content("));
		value(m, depth - 1);
		buf_add_char(m->out, ')');
		steps(m, 1);
		break;
	default:
		simple_atom(m);
	}
}

static void
value(struct maker *m, int depth)
{
	atom(m, depth);
	while (odds(m, depth, 20)) {
		say(m, ONE_OF(m, "+", "-", "*", "/", "otherwise"));
		atom(m, depth - 1);
	}
}

/* ---------------------------------------------------------------- conditions */

static void
choices(struct maker *m, int depth)
{
	if (chance(m->d, 20)) {
		value(m, depth - 1);
		return;
	}
	say(m, "(");
	value(m, depth - 1);
	while (chance(m->d, 40)) {
		buf_add_char(m->out, ',');
		value(m, depth - 1);
	}
	buf_add_char(m->out, ')');
}

static void
comparison(struct maker *m, int depth)
{
	switch (roll(m->d, 8)) {
	case 0:
		say(m, ONE_OF(m, "in", "like", "not in", "not like"));
		choices(m, depth);
		break;
	case 1:
		say(m, ONE_OF(m, "contains", "not contains"));
		value(m, depth - 1);
		break;
	case 2:
		say(m, "between");
		value(m, depth - 1);
		say(m, "and");
		value(m, depth - 1);
		break;
	case 3:
		say(m, ONE_OF(m, "is missing", "is not missing"));
		break;
	case 4:
		say(m, ONE_OF(m, "within last", "within next"));
		value(m, depth - 1);
		break;
	case 5:
		break;
	default:
		say(m, ONE_OF(m, "=", "!=", "<", "<=", ">", ">="));
		value(m, depth - 1);
	}
}

static void
sequel(struct maker *m, int depth)
{
	say(m, ONE_OF(m, "then", "then not"));
	events(m, depth - 1);
	if (chance(m->d, 30)) {
		say(m, "with same order_id");
		steps(m, 1);
	}
	if (chance(m->d, 30)) {
		say(m, "within");
		value(m, depth - 1);
	}
}

static void
test(struct maker *m, int depth)
{
	switch (roll(m->d, 8)) {
	case 0:
		say(m, "did");
		events(m, depth - 1);
		if (odds(m, depth, 30))
			sequel(m, depth);
		break;
	case 1:
		say(m, ONE_OF(m, "any", "all"));
		collection(m, depth - 1);
		break;
	case 2:
		say(m, ONE_OF(m, "in segment", "in journey"));
		text(m);
		break;
	case 3:
		say(m, "everyone");
		break;
	default:
		value(m, depth - 1);
		comparison(m, depth);
	}
}

static void
unit(struct maker *m, int depth)
{
	while (chance(m->d, 15))
		say(m, "not");
	test(m, depth);
}

static void
condition(struct maker *m, int depth)
{
	const char *word = ONE_OF(m, "and", "or");
	unit(m, depth);
	while (odds(m, depth, 25)) {
		say(m, word);
		unit(m, depth - 1);
	}
}

/* ---------------------------------------------------------------- triggers and clocks */

/* moment = atom ( "before" | "after" ) value | value. An atom that could take the word for a window of its own is not made. */
static void
moment(struct maker *m, int depth)
{
	if (chance(m->d, 50)) {
		value(m, depth);
		return;
	}
	simple_atom(m);
	say(m, ONE_OF(m, "before", "after"));
	value(m, depth);
}

static void
recurrence(struct maker *m)
{
	say(m, ONE_OF(m, "every monday", "every day", "every workday", "first tuesday of month", "last workday of month", "2nd friday of month",
	    "day 15 of month", "day 31 of month", "2026-09-01", "first workday of month"));
}

static void
trigger(struct maker *m, int depth)
{
	switch (roll(m->d, 7)) {
	case 0:
		say(m, "becomes");
		condition(m, depth);
		break;
	case 1:
		say(m, ONE_OF(m, "change of trait.tier", "change of product.price", "change of store.open", "change of account.contract_end"));
		if (chance(m->d, 50))
			where(m, depth);
		break;
	case 2:
		say(m, "date");
		moment(m, depth);
		say(m, "at");
		clock(m);
		break;
	case 3:
		say(m, "schedule");
		recurrence(m);
		say(m, "at");
		clock(m);
		if (chance(m->d, 30))
			say(m, "in \"Europe/Berlin\"");
		break;
	case 4:
		say(m, ONE_OF(m, "goal", "call"));
		break;
	default:
		say(m, ONE_OF(m, "track \"A\"", "page", "screen", "page \"P\"", "screen \"S\""));
		modifiers(m, depth, false);
	}
}

static void
time_of_day(struct maker *m, int depth)
{
	if (chance(m->d, 50)) {
		if (chance(m->d, 70))
			say(m, ONE_OF(m, "monday", "sunday", "workday", "weekend", "tomorrow"));
		clock(m);
		return;
	}
	moment(m, depth);
	if (chance(m->d, 30)) {
		say(m, "at");
		clock(m);
	}
}

void
random_sentence(struct dice *d, enum expr_form form, struct buf *out)
{
	struct maker m = {d, out};
	int depth = (int)roll(d, 5) + 1;
	switch (form) {
	case EXPR_CONDITION:
		condition(&m, depth);
		break;
	case EXPR_VALUE:
	case EXPR_PEOPLE:
		if (chance(d, 20))
			say(&m, "people");
		else
			value(&m, depth);
		break;
	case EXPR_TRIGGER:
		trigger(&m, depth);
		break;
	case EXPR_WAIT:
		if (chance(d, 50)) {
			say(&m, "until");
			time_of_day(&m, depth);
		} else {
			value(&m, depth);
		}
		break;
	case EXPR_AT:
		time_of_day(&m, depth);
		break;
	case EXPR_COLLECTION:
		collection(&m, depth);
		break;
	}
}

#include "cli/cmd_priv.h"
#include "cli/live.h"
#include "measure/measure.h"
#include <stdio.h>

static void
say_assumptions(const struct invocation *in, const struct backtest_options *o)
{
	struct buf text = {0};
	assumption_text(&o->assume, &text);
	say(in, "\nAssumed: %s.\nA replay shows volume, timing and caps. It cannot show revenue: nobody knows what these messages would have\n"
		"moved people to.\n", text.ptr);
	buf_release(&text);
}

/* ---------------------------------------------------------------- text */

enum { MONTHS_SHOWN = 13 };

static void
say_journeys(const struct invocation *in, const struct backtest *b)
{
	struct table t;
	table_init(&t, 5);
	const char *const head[] = {"journey", "entered", "held out", "messages", "not sent"};
	for (size_t i = 0; i < COUNT(head); i++)
		table_cell(&t, "%s", head[i]);
	size_t idle = 0;
	for (size_t i = 0; i < b->n_journeys; i++) {
		const struct backtest_journey *j = &b->journeys[i];
		if (!j->entered && !j->held_out && !j->messages && !j->withheld) {
			idle++;
			continue;
		}
		table_str(&t, j->name);
		table_count(&t, j->entered), table_count(&t, j->held_out), table_count(&t, j->messages), table_count(&t, j->withheld);
	}
	say_heading(in, "Journeys");
	table_say(in, &t);
	if (idle)
		say(in, "  … and %zu that nobody entered\n", idle);
}

static void
say_months(const struct invocation *in, const struct backtest *b)
{
	struct table t;
	char month[16];
	int32_t last = b->last_month, first = last - MONTHS_SHOWN + 1 > b->first_month ? last - MONTHS_SHOWN + 1 : b->first_month;
	table_init(&t, (uint32_t)(last - first + 2));
	table_cell(&t, "journey");
	for (int32_t m = first; m <= last; m++) {
		month_format(m, month);
		table_cell(&t, "%s", month + 2);
	}
	for (size_t i = 0; i < b->n_journeys; i++) {
		const struct backtest_journey *j = &b->journeys[i];
		if (!j->messages)
			continue;
		table_str(&t, j->name);
		for (int32_t m = first; m <= last; m++) {
			uint64_t n = 0;
			for (size_t k = 0; k < j->n_months; k++)
				n += j->months[k].month == m ? j->months[k].messages : 0;
			table_count(&t, n);
		}
	}
	say_heading(in, "Messages by journey and month");
	if (b->messages)
		table_say(in, &t);
	else
		say(in, "  none\n");
}

static void
say_reasons(const struct invocation *in, const struct backtest *b)
{
	struct table t;
	table_init(&t, 3);
	table_cell(&t, "not sent"), table_cell(&t, "because"), table_cell(&t, "rule");
	for (size_t i = 0; i < b->n_reasons && i < 20; i++)
		table_count(&t, b->reasons[i].n), table_str(&t, b->reasons[i].reason), table_str(&t, b->reasons[i].detail);
	say_heading(in, "What the policy held back, and why");
	if (b->n_reasons)
		table_say(in, &t);
	else
		say(in, "  nothing\n");
}

static void
say_pressure(const struct invocation *in, const struct backtest *b)
{
	say_heading(in, "Contact pressure: the most messages anybody got in any seven days");
	for (size_t i = 0; i <= PRESSURE_MOST; i++)
		if (b->pressure[i])
			say(in, "  %s%zu: %s people\n", i == PRESSURE_MOST ? "at least " : "", i, with_commas(b->pressure[i]));
}

static void
say_backtest(const struct invocation *in, const struct backtest *b, const struct backtest_options *o, const char *title)
{
	say(in, "Backtest of %s: %s people, %s messages, %s not sent\n", title, with_commas(b->people), with_commas(b->messages),
	    with_commas(b->withheld));
	say_journeys(in, b);
	say_months(in, b);
	say_reasons(in, b);
	say_pressure(in, b);
	say_assumptions(in, o);
}

static const struct backtest_journey *
same_journey(const struct backtest *b, struct str name)
{
	for (size_t i = 0; i < b->n_journeys; i++)
		if (str_eq(b->journeys[i].name, name))
			return &b->journeys[i];
	return NULL;
}

static void
difference_line(struct table *t, struct str name, const struct backtest_journey *x, const struct backtest_journey *y)
{
	static const struct backtest_journey none;
	x = x ? x : &none;
	y = y ? y : &none;
	table_str(t, name);
	table_count(t, x->entered), table_count(t, y->entered), table_count(t, x->messages), table_count(t, y->messages);
	int64_t d = (int64_t)y->messages - (int64_t)x->messages;
	table_cell(t, "%s%s", d > 0 ? "+" : d < 0 ? "-" : "", with_commas((uint64_t)(d < 0 ? -d : d)));
}

static void
say_difference(const struct invocation *in, const struct backtest *a, const struct backtest *b)
{
	struct table t;
	table_init(&t, 6);
	const char *const head[] = {"journey", "entered", "against", "messages", "against", "difference"};
	for (size_t i = 0; i < COUNT(head); i++)
		table_cell(&t, "%s", head[i]);
	for (size_t i = 0; i < a->n_journeys; i++)
		difference_line(&t, a->journeys[i].name, &a->journeys[i], same_journey(b, a->journeys[i].name));
	for (size_t i = 0; i < b->n_journeys; i++)
		if (!same_journey(a, b->journeys[i].name))
			difference_line(&t, b->journeys[i].name, NULL, &b->journeys[i]);
	say_heading(in, "Difference between the two programs");
	table_say(in, &t);
}

/* ---------------------------------------------------------------- JSON */

static void
write_backtest(struct json_writer *w, const struct backtest *b)
{
	char month[16];
	jw_object(w);
	jw_kint(w, "people", (int64_t)b->people);
	jw_kint(w, "entries", (int64_t)b->entries);
	jw_kint(w, "messages", (int64_t)b->messages);
	jw_kint(w, "withheld", (int64_t)b->withheld);
	jw_karray(w, "journeys");
	for (size_t i = 0; i < b->n_journeys; i++) {
		const struct backtest_journey *j = &b->journeys[i];
		jw_object(w);
		jw_kstr(w, "journey", j->name);
		jw_kstr(w, "activity", j->activity);
		jw_kint(w, "entered", (int64_t)j->entered);
		jw_kint(w, "held_out", (int64_t)j->held_out);
		jw_kint(w, "messages", (int64_t)j->messages);
		jw_kint(w, "withheld", (int64_t)j->withheld);
		jw_kint(w, "tasks", (int64_t)j->tasks);
		jw_kobject(w, "months");
		for (size_t k = 0; k < j->n_months; k++) {
			month_format(j->months[k].month, month);
			jw_kint(w, month, (int64_t)j->months[k].messages);
		}
		jw_object_end(w);
		jw_object_end(w);
	}
	jw_array_end(w);
	jw_karray(w, "reasons");
	for (size_t i = 0; i < b->n_reasons; i++) {
		jw_object(w);
		jw_kstr(w, "reason", b->reasons[i].reason);
		jw_kstr(w, "detail", b->reasons[i].detail);
		jw_kint(w, "n", (int64_t)b->reasons[i].n);
		jw_object_end(w);
	}
	jw_array_end(w);
	jw_karray(w, "most_in_seven_days");
	for (size_t i = 0; i <= PRESSURE_MOST; i++)
		jw_int(w, (int64_t)b->pressure[i]);
	jw_array_end(w);
	jw_object_end(w);
}

/* ---------------------------------------------------------------- the command */

static bool
read_day(const char *text, wall missing, wall *ret, struct err *e)
{
	*ret = missing;
	return !text || wall_parse(str_of(text), ret) || fail(e, ERR_INVALID, "a day looks like 2026-03-01, not like %s", text);
}

static struct program *
chosen_program(const struct invocation *in, struct arena *a, const char *folder)
{
	return folder ? program_load(in, path_of(in, a, folder), workspace_zones(in->workspace)) : live_program_copy(in);
}

static int
compare(const struct invocation *in, struct backtest_options *o, struct arena *a, const struct backtest *first, struct json_writer *w,
    struct program *against)
{
	struct backtest second;
	struct err e;
	o->program = against;
	if (!measure_backtest(o, a, &second, &e))
		return refuse(in, &e);
	if (w) {
		jw_key(w, STR("against"));
		write_backtest(w, &second);
	} else {
		say_difference(in, first, &second);
	}
	return 0;
}

static int
run_both(const struct invocation *in, struct backtest_options *o, struct arena *a, struct program *against, const char *title)
{
	struct backtest b;
	struct err e;
	struct buf json = {0}, text = {0};
	struct json_writer w = json_writer_on(&json);
	if (!measure_backtest(o, a, &b, &e))
		return refuse(in, &e);
	progress_end(o->progress.self);
	if (in->json) {
		assumption_text(&o->assume, &text);
		jw_object(&w);
		jw_kstr(&w, "assumed", buf_str(&text));
		jw_key(&w, STR("backtest"));
		write_backtest(&w, &b);
	} else {
		say_backtest(in, &b, o, title);
	}
	int code = against ? compare(in, o, a, &b, in->json ? &w : NULL, against) : 0;
	if (in->json) {
		jw_object_end(&w);
		say_json(in, &json);
	}
	buf_release(&json);
	buf_release(&text);
	return code;
}

static int
run(const struct invocation *in)
{
	struct arena a;
	struct err e;
	const char *assume = option_value(in, "assume"), *folder = option_value(in, "program"), *other = option_value(in, "against");
	struct program *p = NULL, *against = NULL;
	arena_init(&a);
	struct progress progress = {.in = in, .what = "living the history again"};
	struct backtest_options o = {.dir = in->dir, .engine = live_engine_options(in, &a), .progress = {progress_plain, &progress}};
	int code = 1;
	if (!assumption_parse(str_of(assume ? assume : ""), &o.assume, &e) ||
	    !read_day(option_value(in, "from"), WALL_BEFORE_ALL, &o.from, &e) || !read_day(option_value(in, "to"), WALL_NEVER, &o.to, &e))
		refuse(in, &e);
	else if ((p = chosen_program(in, &a, folder)) && (!other || (against = chosen_program(in, &a, other)))) {
		o.program = p;
		code = run_both(in, &o, &a, against, folder ? folder : "the live program");
	}
	program_free(p);
	program_free(against);
	arena_clear(&a);
	return code;
}

static const struct option options[] = {
    {"program", "FOLDER", "these documents (default: the live program)"},
    {"against", "FOLDER", "a second program, and the difference"},
    {"from", "DAY", "count decisions from this day on"},
    {"to", "DAY", "up to this day"},
    {"assume", "open=30%,click=3%,consent=email", "what people would have done"},
    {NULL, NULL, NULL},
};
const struct command cmd_backtest = {
    .name = "backtest",
    .arguments = "DIR",
    .summary = "replays the recorded history under a program, in virtual time",
    .help = "Shows who would have entered which journey, what would have been sent by month, and what the policy would have held back and\n"
	    "why. Nothing is sent and nothing is written. Every figure carries its assumptions.\n\n"
	    "  perennial backtest shop\n  perennial backtest shop --program drafts/spring --against shop/program --assume open=30%,click=3%",
    .needs = NEEDS_WORKSPACE,
    .min_arguments = 1,
    .max_arguments = 1,
    .options = options,
    .run = run,
};

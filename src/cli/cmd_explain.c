#include "cli/cmd_priv.h"
#include "cli/decisions.h"

enum { SHOWN_AT_MOST = 12 };

struct asked {
	struct str key, message;
	uint32_t number;
	struct buf json;
	wall now;
};

static void
ask_explain(struct engine *g, void *context)
{
	struct asked *x = context;
	struct json_writer w = json_writer_on(&x->json);
	x->number = engine_find(g, x->key);
	x->now = engine_now(g);
	if (x->number)
		engine_explain_json(g, x->number, x->message, &w);
}

static bool
is_true(const struct json *j)
{
	return j && j->kind == JSON_TRUE;
}

/* ---------------------------------------------------------------- would this person enter? */

static void
say_condition(const struct invocation *in, const char *what, const struct json *c)
{
	bool first = true;
	say(in, "    %s %s", is_true(json_get(c, STR("holds"))) ? "✓" : "✗", what);
	json_each(line, json_get(c, STR("because"))) {
		say(in, first ? "  %.*s\n" : "        %.*s\n", STR_ARGS(json_text(line)));
		first = false;
	}
	if (first)
		say(in, "\n");
}

static void
say_trigger(const struct invocation *in, const struct json *t, struct arena *a)
{
	struct str kind = text_at(t, "kind"), event = text_at(t, "event"), next = short_time(a, text_at(t, "next"));
	if (json_get(t, STR("condition")))
		say_condition(in, "becomes", json_get(t, STR("condition")));
	else if (event.len)
		say(in, "    on %.*s\n", STR_ARGS(event));
	else
		say(in, "    on %.*s%s%.*s\n", STR_ARGS(kind), next.len ? ", next at " : "", STR_ARGS(next));
}

static void
say_entry(const struct invocation *in, const struct json *entry, struct arena *a)
{
	struct str again = text_at(entry, "again");
	say(in, "  enters\n");
	json_each(t, json_get(entry, STR("on")))
		say_trigger(in, t, a);
	if (json_get(entry, STR("if")))
		say_condition(in, "if", json_get(entry, STR("if")));
	if (again.len)
		say(in, "    again: %.*s\n", STR_ARGS(again));
	if (is_true(json_get(entry, STR("held_out"))))
		say(in, "    ✗ held out: is left alone so that the effect can be measured\n");
	if (is_true(json_get(entry, STR("paused"))))
		say(in, "    ✗ the journey is paused\n");
}

/* ---------------------------------------------------------------- what is and was decided */

static void
say_enrolments(const struct invocation *in, const struct json *enrolments, struct arena *a)
{
	json_each(e, enrolments) {
		struct str due = short_time(a, text_at(e, "due")), step = text_at(e, "step");
		say(in, "  stands in it since %.*s: %.*s%s%.*s%s%.*s\n", STR_ARGS(short_time(a, text_at(e, "entered"))),
		    STR_ARGS(text_at(e, "state")), step.len ? ", at the step " : "", STR_ARGS(step), due.len ? ", due " : "", STR_ARGS(due));
	}
}

/* One line a message: what each rule of the contact policy would say now; rules that agree are not named. */
static void
say_policy(const struct invocation *in, const struct json *messages, struct arena *a)
{
	if (!messages || !messages->count)
		return;
	say(in, "  a message now\n");
	json_each(m, messages) {
		const struct json *policy = json_get(m, STR("policy"));
		uint32_t no = 0;
		say(in, "    %.*s %.*s:", STR_ARGS(text_at(m, "channel")), STR_ARGS(text_at(m, "template")));
		json_each(rule, policy) {
			struct str says = text_at(rule, "says"), detail = text_at(rule, "detail");
			if (str_eq(says, STR("yes")))
				continue;
			struct str at = short_time(a, text_at(rule, "at"));
			say(in, "%s %s by the rule of %.*s: %.*s%s%.*s%s%s%.*s", no ? ";" : "", str_eq(says, STR("never")) ? "no" : "not now",
			    STR_ARGS(text_at(rule, "rule")), STR_ARGS(text_at(rule, "reason")), detail.len ? " (" : "", STR_ARGS(detail),
			    detail.len ? ")" : "", at.len ? ", at the earliest " : "", STR_ARGS(at));
			no++;
		}
		say(in, no ? "\n" : " may go, every rule of the policy says yes\n");
	}
}

static bool
say_all(const struct invocation *in, struct asked *x, const struct json *all, struct arena *a, struct err *e)
{
	char now[32];
	size_t n = wall_format(x->now, now);
	say(in, "Why, and why not, for %s as of %.*s UTC\n", in->arguments[0], STR_ARGS(short_time(a, (struct str){now, n})));
	json_each(j, json_get(all, STR("journeys"))) {
		struct str name = text_at(j, "journey"), label = text_at(j, "label");
		if (str_eq(label, name))
			label = (struct str){0};
		say_heading(in, "%.*s%s%.*s", STR_ARGS(name), label.len ? ", " : "", STR_ARGS(label));
		say_enrolments(in, json_get(j, STR("enrolments")), a);
		say_entry(in, json_get(j, STR("entry")), a);
		say_policy(in, json_get(j, STR("messages")), a);
		if (!decisions_say(in, x->number, name, SHOWN_AT_MOST, e))
			return false;
	}
	return true;
}

static int
answer(const struct invocation *in, struct asked *x)
{
	struct arena a;
	struct err e;
	const struct json *all;
	int code = 0;
	arena_init(&a);
	if (!json_parse_arena(&a, buf_str(&x->json), &all, &e)) {
		code = refuse(in, &e);
	} else if (!json_get(all, STR("journeys")) || !json_get(all, STR("journeys"))->count) {
		tell(in, "perennial: no journey, step or template of the live program is named %.*s\n", STR_ARGS(x->message));
		code = 1;
	} else if (!say_all(in, x, all, &a, &e)) {
		code = refuse(in, &e);
	}
	arena_clear(&a);
	return code;
}

static int
run(const struct invocation *in)
{
	struct asked x = {.key = str_of(in->arguments[0]), .message = str_of(in->n_arguments > 1 ? in->arguments[1] : "")};
	int code = 0;
	workspace_ask(in->workspace, ask_explain, &x);
	if (!x.number) {
		tell(in, "perennial: nobody is known by %s\n", in->arguments[0]);
		code = 1;
	} else if (in->json) {
		say_json(in, &x.json);
	} else {
		code = answer(in, &x);
	}
	buf_release(&x.json);
	return code;
}

const struct command cmd_explain = {
    .name = "explain",
    .arguments = "DIR KEY [MESSAGE]",
    .summary = "why this person got a message, or why not",
    .help = "For every journey, or the one that MESSAGE names (a journey, a step or a template): is the person in it, which of its conditions\n"
	    "hold, what was decided about each message and why, and what the contact policy would say now.\n\n"
	    "  perennial explain shop anna@example.com cart_abandonment",
    .needs = NEEDS_WORKSPACE,
    .min_arguments = 2,
    .max_arguments = 3,
    .run = run,
};

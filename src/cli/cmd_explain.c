#include "cli/cmd_priv.h"

struct asked {
	struct str key, message;
	uint32_t number;
	struct buf json;
};

static void
ask_explain(struct engine *g, void *context)
{
	struct asked *x = context;
	struct json_writer w = json_writer_on(&x->json);
	x->number = engine_find(g, x->key);
	if (x->number)
		engine_explain_json(g, x->number, x->message, &w);
}

static struct str
text_at(const struct json *j, const char *path)
{
	return json_text(json_path(j, path));
}

static struct str
short_time(struct arena *a, struct str iso)
{
	return iso.len >= 16 ? arena_printf(a, "%.*s %.*s", 10, iso.ptr, 5, iso.ptr + 11) : iso;
}

static void
say_conditions(const struct invocation *in, const struct json *conditions)
{
	json_each(c, conditions) {
		const struct json *holds = json_get(c, STR("holds"));
		say(in, "    %s %.*s: %.*s\n", holds && holds->kind == JSON_TRUE ? "✓" : "✗", STR_ARGS(text_at(c, "what")), STR_ARGS(text_at(c, "text")));
		json_each(line, json_get(c, STR("lines")))
			say(in, "        %.*s\n", STR_ARGS(json_text(line)));
	}
}

static void
say_messages(const struct invocation *in, const struct json *messages, struct arena *a)
{
	json_each(m, messages) {
		struct str detail = text_at(m, "detail"), due = short_time(a, text_at(m, "due"));
		say(in, "    %.*s, message %.*s (%.*s): %.*s", STR_ARGS(short_time(a, text_at(m, "made"))), STR_ARGS(text_at(m, "step")),
		    STR_ARGS(text_at(m, "template")), STR_ARGS(text_at(m, "state")));
		say(in, ", %.*s%s%.*s%s%.*s\n", STR_ARGS(text_at(m, "reason")), detail.len ? ": " : "", STR_ARGS(detail),
		    due.len ? "; asks again at " : "", STR_ARGS(due));
	}
}

static void
say_policy(const struct invocation *in, const struct json *p, struct arena *a)
{
	if (!p || p->kind != JSON_OBJECT)
		return;
	struct str detail = text_at(p, "detail"), at = short_time(a, text_at(p, "at"));
	say(in, "    a message by %.*s now: %.*s, %.*s%s%.*s%s%.*s\n", STR_ARGS(text_at(p, "channel")), STR_ARGS(text_at(p, "verdict")),
	    STR_ARGS(text_at(p, "reason")), detail.len ? ": " : "", STR_ARGS(detail), at.len ? ", at " : "", STR_ARGS(at));
}

static void
say_journey(const struct invocation *in, const struct json *j, struct arena *a)
{
	struct str label = text_at(j, "label"), due = short_time(a, text_at(j, "due")), step = text_at(j, "step");
	say(in, "\n  %.*s%s%.*s: %.*s\n", STR_ARGS(text_at(j, "journey")), label.len ? ", " : "", STR_ARGS(label), STR_ARGS(text_at(j, "state")));
	say(in, "    %.*s\n", STR_ARGS(text_at(j, "why")));
	if (step.len)
		say(in, "    at the step %.*s%s%.*s\n", STR_ARGS(step), due.len ? ", due " : "", STR_ARGS(due));
	say_conditions(in, json_get(j, STR("conditions")));
	say_messages(in, json_get(j, STR("messages")), a);
	say_policy(in, json_get(j, STR("policy")), a);
}

static int
run(const struct invocation *in)
{
	struct asked x = {.key = str_of(in->arguments[0]), .message = str_of(in->n_arguments > 1 ? in->arguments[1] : "")};
	struct arena a;
	struct err e;
	const struct json *all;
	int code = 0;
	workspace_ask(in->workspace, ask_explain, &x);
	arena_init(&a);
	if (!x.number) {
		tell(in, "perennial: nobody is known by %s\n", in->arguments[0]);
		code = 1;
	} else if (in->json) {
		say_json(in, &x.json);
	} else if (!json_parse_arena(&a, buf_str(&x.json), &all, &e)) {
		code = refuse(in, &e);
	} else {
		const struct json *journeys = json_get(all, STR("journeys"));
		say(in, "Why, and why not, for %s as of %.*s:\n", in->arguments[0], STR_ARGS(short_time(&a, text_at(all, "at"))));
		json_each(j, journeys)
			say_journey(in, j, &a);
		if (!journeys || !journeys->count) {
			say(in, "\n  no journey, step or template of the live program is named %s\n", in->n_arguments > 1 ? in->arguments[1] : "so");
			code = 1;
		}
	}
	buf_release(&x.json);
	arena_clear(&a);
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

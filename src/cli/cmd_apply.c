#include "cli/cmd_priv.h"
#include "cli/live.h"

struct apply {
	struct program *program;
	struct buf difference;
	struct str journey;
	size_t would_enter;
	bool first;
};

static void
compare(struct engine *g, void *context)
{
	struct apply *x = context;
	const struct program *live = engine_program(g);
	x->first = live == NULL;
	program_diff(live, x->program, &x->difference);
}

static void
count_entering(struct engine *g, void *context)
{
	struct apply *x = context;
	x->would_enter = engine_would_enter(g, x->program, x->journey);
}

/* How many people each new or changed journey would take in at once; only those that may enter at go-live take any. */
static void
say_entering(const struct invocation *in, struct apply *x, struct json_writer *w)
{
	for (size_t i = 0; i < x->program->n_journeys; i++) {
		x->journey = x->program->journeys[i].name;
		x->would_enter = 0;
		workspace_ask(in->workspace, count_entering, x);
		if (!x->would_enter)
			continue;
		if (w) {
			jw_key(w, x->journey);
			jw_int(w, (int64_t)x->would_enter);
		} else {
			say(in, "  %.*s would take in %s people at once\n", STR_ARGS(x->journey), with_commas(x->would_enter));
		}
	}
}

/* New conditions look into the log; where its head was cut off, they see no further. */
static void
say_how_far(const struct invocation *in, bool past_was_read)
{
	wall t = workspace_sees_back_to(in->workspace);
	char at[64];
	if (!past_was_read || t.ms == WALL_BEFORE_ALL.ms)
		return;
	size_t n = wall_format(t, at);
	tell(in, "What the new conditions ask of the past, they see back to %.*s: the log begins there.\n", (int)n, at);
}

static int
report(const struct invocation *in, bool dry, struct buf *json)
{
	if (in->json)
		say_json(in, json);
	else if (dry)
		say(in, "Nothing was changed (--dry-run).\n");
	else
		say(in, "The program is live.\n");
	return 0;
}

static int
applied(const struct invocation *in, struct progress *p, struct buf *json)
{
	bool past_was_read = p->last_ns != 0;
	progress_end(p);
	say_how_far(in, past_was_read);
	live_settle(in);
	return report(in, false, json);
}

static int
run(const struct invocation *in)
{
	struct arena a;
	struct err e;
	struct apply x = {0};
	struct buf json = {0};
	struct json_writer w = json_writer_on(&json);
	bool dry = option_value(in, "dry-run") != NULL;
	arena_init(&a);
	const char *folder = in->n_arguments ? path_of(in, &a, in->arguments[0]) : arena_printf(&a, "%s/program", in->dir).ptr;
	x.program = program_load(in, folder, workspace_zones(in->workspace));
	if (!x.program) {
		arena_clear(&a);
		return 1;
	}
	workspace_ask(in->workspace, compare, &x);
	if (in->json) {
		jw_object(&w);
		jw_kstr(&w, "difference", buf_str(&x.difference));
		jw_kobject(&w, "would_enter");
	} else {
		say_str(in, x.difference.len ? buf_str(&x.difference) : STR("No document differs from the live program.\n"));
	}
	if (!x.first)
		say_entering(in, &x, in->json ? &w : NULL);
	if (in->json) {
		jw_object_end(&w);
		jw_kbool(&w, "applied", !dry);
		jw_object_end(&w);
	}
	struct progress p = {.in = in, .what = "reading what the new conditions need of the past"};
	int code;
	if (dry)
		program_free(x.program), code = report(in, true, &json);
	else if (workspace_apply(in->workspace, x.program, progress_plain, &p, &e))
		code = applied(in, &p, &json);
	else
		code = refuse(in, &e);
	buf_release(&x.difference);
	buf_release(&json);
	arena_clear(&a);
	return code;
}

static const struct option options[] = {
    {"dry-run", NULL, "say what would change, change nothing"},
    {NULL, NULL, NULL},
};
const struct command cmd_apply = {
    .name = "apply",
    .arguments = "DIR [PROGRAM]",
    .summary = "makes documents the live program and prints what changes",
    .help = "Checks all documents first; when any is wrong nothing changes. New conditions are true of the whole past from the moment\n"
	    "they are live. PROGRAM is DIR/program when not given.\n\n  perennial apply shop\n  perennial apply shop ~/drafts/spring --dry-run",
    .needs = NEEDS_WORKSPACE,
    .min_arguments = 1,
    .max_arguments = 2,
    .options = options,
    .run = run,
};

#include "cli/cmd_priv.h"
#include "base/clock.h"

/* "730d" */
static bool
parse_keep(const char *text, msec *ret, struct err *e)
{
	struct str s = str_of(text ? text : "");
	int64_t days;
	if (s.len < 2 || s.ptr[s.len - 1] != 'd' || !str_to_int((struct str){s.ptr, s.len - 1}, &days) || days < 0 || days > 36500)
		return fail(e, ERR_INVALID, "say how long the log is kept in days, as in --keep 730d");
	*ret = days * DAY;
	return true;
}

static void
say_result(const struct invocation *in, uint64_t base, bool any)
{
	struct buf json = {0};
	char at[64];
	size_t n = wall_format(workspace_sees_back_to(in->workspace), at);
	if (in->json) {
		struct json_writer w = json_writer_on(&json);
		jw_object(&w);
		jw_kbool(&w, "cut", any);
		jw_kint(&w, "base", (int64_t)base);
		if (base)
			jw_kwall(&w, "sees_back_to", workspace_sees_back_to(in->workspace));
		jw_object_end(&w);
		say_json(in, &json);
	} else if (any) {
		say(in, "Cut off: the log now begins after entry %s, at %.*s. People keep what they are; a new condition sees back to then.\n",
		    with_commas(base), (int)n, at);
	} else {
		say(in, "Nothing was cut off: no whole block of the log is older than that.\n");
	}
	buf_release(&json);
}

static int
run(const struct invocation *in)
{
	msec keep;
	struct err e;
	uint64_t base;
	struct progress p = {.in = in, .what = "folding what is to be cut off"};
	if (!parse_keep(option_value(in, "keep"), &keep, &e))
		return refuse(in, &e);
	wall before = workspace_sees_back_to(in->workspace);
	if (!workspace_cut(in->workspace, wall_add(clock_wall(), -keep), progress_plain, &p, &base, &e))
		return refuse(in, &e);
	progress_end(&p);
	say_result(in, base, workspace_sees_back_to(in->workspace).ms != before.ms);
	return 0;
}

static const struct option options[] = {
    {"keep", "DAYS", "how much of the log stays: 730d"},
    {NULL, NULL, NULL},
};
const struct command cmd_retention = {
    .name = "retention",
    .arguments = "DIR --keep DAYS",
    .summary = "cuts off the log's head and keeps what it came to",
    .help = "Entries older than that are taken off the disk; what they came to (people, stages, segments, journeys, consent) stays and is the\n"
	    "ground of every later fold. Conditions that are live keep what they hold; one that is made later sees back to where the log\n"
	    "begins. Nothing brings the entries back: make a backup or an export first. Also while a process serves the workspace; calls wait\n"
	    "while the cut itself is written.\n\n  perennial retention shop --keep 730d",
    .needs = NEEDS_WORKSPACE,
    .min_arguments = 1,
    .max_arguments = 1,
    .options = options,
    .run = run,
};

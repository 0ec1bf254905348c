#include "cli/cmd_priv.h"

static int
run(const struct invocation *in)
{
	struct buf differences = {0}, json = {0};
	bool equal = false;
	struct err e;
	struct progress p = {.in = in, .what = "folding the log anew"};
	struct arena a;
	struct workspace_options o = {.dir = in->dir, .activities_tsv = shipped_activities()};
	arena_init(&a);
	shipped_shadows(&a, &o.shadow_files, &o.n_shadow);
	bool done = workspace_verify(&o, &differences, &equal, progress_plain, &p, &e);
	arena_clear(&a);
	if (!done)
		return refuse(in, &e);
	progress_end(&p);
	if (in->json) {
		struct json_writer w = json_writer_on(&json);
		jw_object(&w);
		jw_kbool(&w, "equal", equal);
		jw_kstr(&w, "differences", buf_str(&differences));
		jw_object_end(&w);
		say_json(in, &json);
	} else {
		say_str(in, buf_str(&differences));
		say(in, equal ? "The state on disk equals a fresh fold of the log.\n"
			      : "The state on disk differs from a fresh fold of the log: see the lines above.\n");
	}
	buf_release(&differences);
	buf_release(&json);
	return equal ? 0 : 1;
}

const struct command cmd_verify = {
    .name = "verify",
    .arguments = "DIR",
    .summary = "checks that the state on disk equals a fresh fold of the log",
    .help = "Folds the whole log into a new, empty engine and compares every person with what stands on disk, both brought to one\n"
	    "instant. Differences are named, a line each. Works beside a serving process.\n\n  perennial verify shop",
    .needs = NEEDS_FOLDER,
    .min_arguments = 1,
    .max_arguments = 1,
    .run = run,
};

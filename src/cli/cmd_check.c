#include "cli/cmd_priv.h"
#include "base/clock.h"
#include "engine/tell.h"
#include <sys/stat.h>

struct checked {
	const struct invocation *in;
	struct json_writer *json;    /* NULL = text */
	size_t examples, failed;
};

static void
hear_example(void *self, const struct example *x, bool ok, struct str difference)
{
	struct checked *c = self;
	c->examples++;
	c->failed += !ok;
	if (c->json) {
		jw_object(c->json);
		jw_kstr(c->json, "document", x->document);
		jw_kstr(c->json, "it", x->it);
		jw_kstr(c->json, "file", x->file);
		jw_kint(c->json, "line", x->line);
		jw_kbool(c->json, "holds", ok);
		if (!ok)
			jw_kstr(c->json, "difference", difference);
		jw_object_end(c->json);
	} else if (!ok) {
		tell(c->in, "%.*s:%d: the example \"%.*s\" does not hold: %.*s\n", STR_ARGS(x->file), x->line, STR_ARGS(x->it),
		    STR_ARGS(difference));
	} else if (option_value(c->in, "examples")) {
		say(c->in, "  holds: %.*s, %.*s\n", STR_ARGS(x->document), STR_ARGS(x->it));
	}
}

static void
write_problems(struct json_writer *w, const problem_list *problems)
{
	jw_karray(w, "problems");
	for (size_t i = 0; i < problems->len; i++) {
		const struct err *e = &problems->items[i].err;
		jw_object(w);
		jw_kstr(w, "level", problems->items[i].warning ? STR("warning") : STR("error"));
		jw_kstr(w, "file", str_of(e->file));
		jw_kint(w, "line", e->line);
		jw_kint(w, "column", e->column);
		jw_kstr(w, "text", str_of(e->text));
		jw_object_end(w);
	}
	jw_array_end(w);
}

static void
say_problems(const struct invocation *in, const problem_list *problems)
{
	char text[1024];
	for (size_t i = 0; i < problems->len; i++)
		tell(in, "%s%s\n", problems->items[i].warning ? "warning: " : "", err_format(&problems->items[i].err, text, sizeof(text)));
}

static void
run_examples(struct checked *c, struct program *p, struct tz_set *zones)
{
	const char *only = option_value(c->in, "only");
	struct engine_options o = {.zones = zones, .activities_tsv = shipped_activities()};
	struct arena a;
	arena_init(&a);
	shipped_shadows(&a, &o.shadow_files, &o.n_shadow);
	if (c->json)
		jw_karray(c->json, "examples");
	tell_examples(&o, p, str_of(only ? only : ""), hear_example, c);
	if (c->json)
		jw_array_end(c->json);
	arena_clear(&a);
}

static int
finish(struct checked *c, const struct program *p, const struct err *e)
{
	if (!p)
		return refuse(c->in, e);
	say(c->in, "%.*s: segments: %zu, lifecycle models: %zu, journeys: %zu, templates: %zu. No problems.\n", STR_ARGS(p->name),
	    p->n_segments, p->n_models, p->n_journeys, p->n_templates);
	if (c->failed)
		say(c->in, "%zu of %zu examples do not hold.\n", c->failed, c->examples);
	else if (c->examples)
		say(c->in, "All %zu examples hold.\n", c->examples);
	return c->failed ? 1 : 0;
}

static int
run(const struct invocation *in)
{
	struct arena a;
	struct stat st;
	struct err e;
	struct program *p = NULL;
	struct buf json = {0};
	problem_list problems = {0};
	struct json_writer w = json_writer_on(&json);
	struct checked c = {.in = in, .json = in->json ? &w : NULL};
	struct tz_set *zones = tz_set_new(tz_source_system());
	arena_init(&a);
	const char *folder = path_of(in, &a, in->arguments[0]);
	if (stat(arena_printf(&a, "%s/perennial.db", folder).ptr, &st) == 0)
		folder = arena_printf(&a, "%s/program", folder).ptr;
	if (!program_read(folder, zones, &problems, &p, &e))
		p = NULL;
	int code;
	if (c.json) {
		jw_object(&w);
		write_problems(&w, &problems);
		if (p)
			run_examples(&c, p, zones);
		jw_kbool(&w, "ok", p && !c.failed);
		jw_object_end(&w);
		say_json(in, &json);
		code = p && !c.failed ? 0 : 1;
	} else {
		say_problems(in, &problems);
		if (p)
			run_examples(&c, p, zones);
		code = finish(&c, p, &e);
	}
	vec_release(&problems);
	buf_release(&json);
	program_free(p);
	tz_set_free(zones);
	arena_clear(&a);
	return code;
}

static const struct option options[] = {
    {"only", "DOCUMENT", "run the examples of this journey or lifecycle model alone"},
    {"examples", NULL, "name the examples that hold, too"},
    {NULL, NULL, NULL},
};
const struct command cmd_check = {
    .name = "check",
    .arguments = "PROGRAM",
    .summary = "type-checks a program's documents and runs the examples in them",
    .help = "PROGRAM is a folder of documents, or a workspace (its program/ is meant). Every problem is told with file, line and column;\n"
	    "nothing is changed. Then the examples that stand in the documents are run in virtual time: a person, a story, and what\n"
	    "must come of it.\n\n  perennial check shop\n  perennial check shop/program --only cart_abandonment --examples",
    .min_arguments = 1,
    .max_arguments = 1,
    .options = options,
    .run = run,
};

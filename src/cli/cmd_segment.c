#include "cli/cmd_priv.h"
#include "cli/live.h"
#include "measure/measure.h"
#include <roaring/roaring.h>
#include <string.h>

/* Members of a named segment are copied from the fold thread. A condition written now is answered by folding the log anew under the live
 * program with the condition as one more segment: exact, whatever it asks of the past, and the server goes on meanwhile. */
struct members {
	struct str name;
	bool found;
	struct buf bitmap;
	uint32_t people;
};

static const char asked_now[] = "asked_now";

static void
copy_members(struct engine *g, void *context)
{
	struct members *m = context;
	m->found = engine_segment_members(g, m->name, &m->bitmap);
	m->people = engine_profile_count(g);
}

struct who { uint32_t number; struct buf *to; };

static void
number_to_ids(struct engine *g, void *context)
{
	struct who *x = context;
	struct json_writer w = json_writer_on(x->to);
	engine_profile_ids_json(g, x->number, &w);
}

static void
say_ids(const struct invocation *in, const roaring_bitmap_t *set)
{
	struct buf line = {0};
	roaring_uint32_iterator_t *i = roaring_create_iterator(set);
	for (; i->has_value; roaring_advance_uint32_iterator(i)) {
		struct who x = {i->current_value, &line};
		workspace_ask(in->workspace, number_to_ids, &x);
		buf_add_char(&line, '\n');
		if (line.len > 32 * 1024) {
			say_str(in, buf_str(&line));
			buf_reset(&line);
		}
	}
	say_str(in, buf_str(&line));
	roaring_free_uint32_iterator(i);
	buf_release(&line);
}

static void
say_count(const struct invocation *in, uint64_t n, uint32_t people)
{
	struct buf json = {0};
	if (in->json) {
		struct json_writer w = json_writer_on(&json);
		jw_object(&w);
		jw_kint(&w, "count", (int64_t)n);
		jw_kint(&w, "people", people);
		jw_object_end(&w);
		say_json(in, &json);
	} else {
		say(in, "%s\n", with_commas(n));
	}
	buf_release(&json);
}

static int
answer(const struct invocation *in, const struct members *m)
{
	roaring_bitmap_t *set = roaring_bitmap_portable_deserialize_safe(m->bitmap.ptr, m->bitmap.len);
	ASSERT(set);
	if (option_value(in, "ids"))
		say_ids(in, set);
	else
		say_count(in, roaring_bitmap_get_cardinality(set), m->people);
	roaring_bitmap_free(set);
	return 0;
}

/* ---------------------------------------------------------------- a condition written now */

static struct str
with_segment(struct arena *a, struct str documents, struct str condition)
{
	struct buf text = {0};
	buf_add_str(&text, documents);
	buf_printf(&text, "\n---\nsegment: %s\nwhen: |\n", asked_now);
	while (condition.ptr) {
		struct str line = str_cut(&condition, '\n');
		buf_printf(&text, "  %.*s\n", STR_ARGS(line));
	}
	struct str s = arena_str(a, buf_str(&text));
	buf_release(&text);
	return s;
}

/* The live program with one segment more. NULL with the problem told. */
static struct program *
program_with(const struct invocation *in, const struct program *live, struct str condition, struct arena *a)
{
	struct engine_options o = live_engine_options(in, a);
	struct program_file *files = arena_array(a, struct program_file, live->n_files + 1);
	problem_list problems = {0};
	struct program *p = NULL;
	size_t n = live->n_files, place = n;
	memcpy(files, live->files, n * sizeof(*files));
	for (size_t i = 0; i < n; i++)
		if (str_eq(files[i].path, STR("segments.yaml")))
			place = i;
	if (place == n)
		files[n++] = (struct program_file){STR("segments.yaml"), {0}};
	files[place].text = with_segment(a, files[place].text, condition);
	if (!program_make(files, n, workspace_zones(in->workspace), o.activities_tsv, o.shadow_files, o.n_shadow, &problems, &p)) {
		p = NULL;
		for (size_t i = 0; i < problems.len; i++)
			if (!problems.items[i].warning)
				tell(in, "perennial: %s\n", problems.items[i].err.text);
	}
	vec_release(&problems);
	return p;
}

static bool
fold_members(const struct invocation *in, struct program *p, struct arena *a, struct members *m, struct err *e)
{
	struct engine_options o = live_engine_options(in, a);
	struct progress progress = {.in = in, .what = "folding the log for this condition"};
	struct engine *g;
	if (!measure_fold(in->dir, &o, p, (struct measure_progress){progress_plain, &progress}, &g, e))
		return false;
	progress_end(&progress);
	m->name = STR("asked_now");
	copy_members(g, m);
	engine_free(g);
	return m->found;
}

static int
run_condition(const struct invocation *in, struct members *m)
{
	struct arena a;
	struct err e;
	const struct expr *parsed;
	struct program *live = NULL, *p;
	int code = 1;
	arena_init(&a);
	/* Parsed alone first: a slip is told with its place in what was typed. */
	if (!expr_parse(&a, EXPR_CONDITION, m->name, (struct expr_place){.line = 1, .column = 1}, &parsed, &e))
		refuse(in, &e);
	else if ((live = live_program_copy(in)) && (p = program_with(in, live, m->name, &a)))
		code = fold_members(in, p, &a, m, &e) ? answer(in, m) : refuse(in, &e);
	program_free(live);
	arena_clear(&a);
	return code;
}

static int
run(const struct invocation *in)
{
	struct members m = {.name = str_of(in->arguments[0])};
	live_settle(in);
	workspace_ask(in->workspace, copy_members, &m);
	int code = m.found ? answer(in, &m) : run_condition(in, &m);
	buf_release(&m.bitmap);
	return code;
}

static const struct option options[] = {
    {"count", NULL, "how many (the default)"},
    {"ids", NULL, "who: a JSON line a person with number, user id and e-mail"},
    {NULL, NULL, NULL},
};
const struct command cmd_segment = {
    .name = "segment",
    .arguments = "DIR NAME|CONDITION",
    .summary = "members of a segment, or of a condition written now",
    .help = "NAME is a segment of the live program; anything else is read as a condition of the language in docs/conditions.md.\n\n"
	    "  perennial segment shop repeat_customer\n"
	    "  perennial segment shop 'count \"Order Completed\" last 90d >= 2' --ids",
    .needs = NEEDS_WORKSPACE,
    .min_arguments = 2,
    .max_arguments = 2,
    .options = options,
    .run = run,
};

#include "cli/cmd_priv.h"
#include "cli/live.h"
#include "measure/measure.h"
#include <stdio.h>

struct stages {
	struct str model;
	struct buf json;
	bool found;
};

static void
ask_stages(struct engine *g, void *context)
{
	struct stages *s = context;
	struct json_writer w = json_writer_on(&s->json);
	s->found = engine_stages_json(g, s->model, &w);
}

static void
say_people(const struct invocation *in, const struct json *model)
{
	struct table t;
	uint64_t all = 0;
	const struct json *stages = json_get(model, STR("stages"));
	json_each(stage, stages)
		all += (uint64_t)json_get(stage, STR("people"))->i;
	table_init(&t, 4);
	table_cell(&t, "stage"), table_cell(&t, "people"), table_cell(&t, "share"), table_cell(&t, " ");
	json_each(stage, stages) {
		uint64_t n = (uint64_t)json_get(stage, STR("people"))->i;
		struct str label = json_text(json_get(stage, STR("label")));
		table_str(&t, label.len ? label : json_text(json_get(stage, STR("stage"))));
		table_count(&t, n);
		table_cell(&t, "%.1f%%", all ? (double)n * 100 / (double)all : 0);
		char bar[3 * 40 + 1] = "";
		for (uint64_t i = 0; all && i < n * 40 / all; i++)
			snprintf(bar + 3 * i, 4, "█");
		table_cell(&t, "%s", bar);
	}
	say_heading(in, "People by stage (%.*s)", STR_ARGS(json_text(json_get(model, STR("model")))));
	table_say(in, &t);
}

/* One column a month, one line a kind of move. */
static void
say_moves(const struct invocation *in, const struct moves *m)
{
	enum { MONTHS = 13 };
	struct move_count lines[64];
	uint64_t counts[64][MONTHS] = {{0}};
	size_t n = 0;
	char month[16];
	int32_t last = m->n ? m->items[m->n - 1].month : 0, first = last - MONTHS + 1;
	if (m->n && m->items[0].month > first)
		first = m->items[0].month;
	for (size_t i = 0; i < m->n; i++) {
		size_t l = 0;
		if (m->items[i].month < first)
			continue;
		while (l < n && !(str_eq(lines[l].from, m->items[i].from) && str_eq(lines[l].to, m->items[i].to)))
			l++;
		if (l == COUNT(lines))
			continue;
		if (l == n)
			lines[n++] = m->items[i];
		counts[l][m->items[i].month - first] += m->items[i].n;
	}
	struct table t;
	table_init(&t, (uint32_t)(last - first + 2));
	table_cell(&t, "move");
	for (int32_t c = first; c <= last; c++) {
		month_format(c, month);
		table_cell(&t, "%s", month + 2);
	}
	for (size_t l = 0; l < n; l++) {
		table_cell(&t, "%.*s → %.*s", STR_ARGS(lines[l].from.len ? lines[l].from : STR("new")),
		    STR_ARGS(lines[l].to.len ? lines[l].to : STR("nowhere")));
		for (int32_t c = first; c <= last; c++)
			table_count(&t, counts[l][c - first]);
	}
	say_heading(in, "Moves between stages, by month");
	if (m->n)
		table_say(in, &t);
	else
		say(in, "  nobody has moved yet\n");
}

static void
write_moves(struct json_writer *w, const struct moves *m)
{
	char month[16];
	jw_karray(w, "moves");
	for (size_t i = 0; i < m->n; i++) {
		month_format(m->items[i].month, month);
		jw_object(w);
		jw_kstr(w, "month", str_of(month));
		jw_kstr(w, "from", m->items[i].from);
		jw_kstr(w, "to", m->items[i].to);
		jw_kint(w, "n", (int64_t)m->items[i].n);
		jw_object_end(w);
	}
	jw_array_end(w);
}

static int
report(const struct invocation *in, const struct json *model, const struct moves *m, struct str model_json)
{
	if (in->json) {
		struct buf out = {0};
		struct json_writer w = json_writer_on(&out);
		jw_object(&w);
		jw_key(&w, STR("now"));
		jw_raw(&w, model_json);
		write_moves(&w, m);
		jw_object_end(&w);
		say_json(in, &out);
		buf_release(&out);
	} else {
		say_people(in, model);
		say_moves(in, m);
	}
	return 0;
}

static int
run(const struct invocation *in)
{
	const char *name = option_value(in, "model");
	struct stages s = {.model = str_of(name ? name : "")};
	const struct json *model;
	struct sqlite3 *db;
	struct moves moves;
	struct arena a;
	struct err e;
	int code = 1;
	live_settle(in);
	workspace_ask(in->workspace, ask_stages, &s);
	arena_init(&a);
	if (!s.found)
		tell(in, "perennial: %s\n", name ? "there is no lifecycle model of that name in the live program"
						: "no program is live yet; `perennial apply` makes one live");
	else if (!json_parse_arena(&a, buf_str(&s.json), &model, &e) || !workspace_reader(in->dir, &db, &e))
		refuse(in, &e);
	else {
		if (measure_moves(db, json_text(json_get(model, STR("model"))), WALL_BEFORE_ALL, WALL_NEVER, &a, &moves, &e))
			code = report(in, model, &moves, buf_str(&s.json));
		else
			refuse(in, &e);
		sqlite3_close(db);
	}
	arena_clear(&a);
	buf_release(&s.json);
	return code;
}

static const struct option options[] = {
    {"model", "NAME", "another lifecycle model than the primary one"},
    {NULL, NULL, NULL},
};
const struct command cmd_stages = {
    .name = "stages",
    .arguments = "DIR",
    .summary = "people by lifecycle stage, and the moves month by month",
    .help = "A person stands in the furthest stage whose condition holds; every move is kept with its date and its reason.\n\n"
	    "  perennial stages shop\n  perennial stages shop --model sterne_cutler --json",
    .needs = NEEDS_WORKSPACE,
    .min_arguments = 1,
    .max_arguments = 1,
    .options = options,
    .run = run,
};

#include "cli/cmd_priv.h"
#include "cli/live.h"
#include "measure/measure.h"
#include <stdio.h>

enum { WIDE = 130 };

static void
say_map_json(const struct invocation *in, const struct gap_map *m)
{
	struct buf json = {0};
	struct json_writer w = json_writer_on(&json);
	gap_map_write_json(m, &w);
	say_json(in, &json);
	buf_release(&json);
}

/* A row earns its place when something is or could be done here, or is seen elsewhere. --all shows the rest. */
static bool
is_worth_a_line(const struct gap_row *r, bool all)
{
	return all || r->status != GAP_OUTSIDE;
}

static void
cell_count(struct table *t, uint64_t n)
{
	if (n)
		table_count(t, n);
	else
		table_cell(t, "–");
}

static void
say_stage(const struct invocation *in, const struct gap_map *m, struct str stage, bool all)
{
	struct table t;
	size_t hidden = 0;
	/* Most names say their channel: on a narrow screen the column goes to the names. */
	bool wide = in->out->columns >= WIDE;
	table_init(&t, wide ? 7 : 6);
	t.fit = true;
	const char *const head[] = {"activity", "channel", "status", "eligible", "lawful", "reached", "by, or what it needs"};
	for (size_t i = 0; i < COUNT(head); i++)
		if (i != 1 || wide)
			table_cell(&t, "%s", head[i]);
	for (size_t i = 0; i < m->n; i++) {
		const struct gap_row *r = &m->rows[i];
		if (!str_eq(r->activity->stage, stage))
			continue;
		if (!is_worth_a_line(r, all)) {
			hidden++;
			continue;
		}
		table_str(&t, r->activity->name);
		if (wide)
			table_str(&t, r->activity->channel);
		table_cell(&t, "%s", gap_status_text(r->status));
		cell_count(&t, r->eligible);
		cell_count(&t, r->contactable);
		cell_count(&t, r->reached ? r->reached : r->elsewhere);
		table_str(&t, r->by.len ? r->by : r->elsewhere ? STR("seen in the events") : r->note);
	}
	char name[64];
	snprintf(name, sizeof(name), "%.*s", STR_ARGS(stage));
	name[0] = (char)(name[0] >= 'a' && name[0] <= 'z' ? name[0] - 32 : name[0]);
	say_heading(in, "%s", name);
	table_say(in, &t);
	if (hidden)
		say(in, "  … and %zu that other tools carry out and that were not seen (--all)\n", hidden);
}

static void
say_map(const struct invocation *in, const struct gap_map *m, bool all)
{
	char from[16], to[16];
	day_format(m->from_day, from);
	day_format(m->to_day, to);
	say(in, "Gap map, %s to %s: different people in %d days\n", from, to, GAP_WINDOW_DAYS);
	for (size_t i = 0; i < m->n; i++)
		if (i == 0 || !str_eq(m->rows[i].activity->stage, m->rows[i - 1].activity->stage))
			say_stage(in, m, m->rows[i].activity->stage, all);
	say(in, "\n");
	for (size_t s = 0; s < GAP_STATUS_COUNT; s++)
		if (m->by_status[s])
			say(in, "  %3llu %s\n", (unsigned long long)m->by_status[s], gap_status_text((enum gap_status)s));
	say(in, "\nRunning: people were reached in these days, or the documents that carry it out are there. Weak: a\n"
		"journey is live and reaches under %d%% of the eligible. Lawful: those among the eligible who have an\n"
		"address and gave consent. Eligible people are counted by the journey's entry conditions; those of a\n"
		"gap by the shipped journey's, in the shadow: nobody is enrolled, nobody contacted.\n", GAP_WEAK_PERMILLE / 10);
}

static int
run(const struct invocation *in)
{
	const char *market = option_value(in, "market");
	struct program *p = live_program_copy(in);
	struct sqlite3 *db;
	struct arena a;
	struct gap_map map;
	struct err e;
	if (!p)
		return 1;
	live_settle(in);
	struct str asked = market ? str_of(market) : p->market;
	if (str_eq(asked, STR("all")))
		asked = STR("");
	int code = 1;
	arena_init(&a);
	if (asked.len && !str_eq(asked, STR("b2c")) && !str_eq(asked, STR("b2b"))) {
		tell(in, "perennial: --market is b2c, b2b or all, not %.*s\n", STR_ARGS(asked));
	} else if (!workspace_reader(in->dir, &db, &e)) {
		refuse(in, &e);
	} else {
		if (!measure_gap(db, p, asked, (int32_t)(live_now(in).ms / DAY), &a, &map, &e))
			refuse(in, &e);
		else if (code = 0, in->json)
			say_map_json(in, &map);
		else
			say_map(in, &map, option_value(in, "all") != NULL);
		sqlite3_close(db);
	}
	arena_clear(&a);
	program_free(p);
	return code;
}

static const struct option options[] = {
    {"market", "b2c|b2b|all", "activities of this market (default: the program's)"},
    {"all", NULL, "also what other tools carry out and what was not seen"},
    {NULL, NULL, NULL},
};
const struct command cmd_gap = {
    .name = "gap",
    .arguments = "DIR",
    .summary = "the gap map: lifecycle activities you could run against those you do",
    .help = "Every cell is counted from the workspace's own log over the last 30 days, never ticked by hand: what runs here, what other\n"
	    "tools are seen doing, what is weak, and what nobody does.\n\n  perennial gap shop\n  perennial gap shop --market b2b --json",
    .needs = NEEDS_WORKSPACE,
    .min_arguments = 1,
    .max_arguments = 1,
    .options = options,
    .run = run,
};

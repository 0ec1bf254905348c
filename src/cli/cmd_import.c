#include "cli/cmd_priv.h"
#include "base/clock.h"
#include "base/limits.h"
#include "ingest/import.h"
#include "program/embedded.h"
#include <stdio.h>
#include <string.h>

enum { REFUSED_SHOWN = 10 };

struct importing {
	const struct invocation *in;
	struct progress progress;
	struct buf refused;          /* CSV of all refused rows, for --refused */
	bool keep_refused;
	uint64_t n_refused;
	VEC(struct str) shown;
	struct arena arena;
};

static bool
hear_progress(void *self, const char *file, uint64_t done, uint64_t total)
{
	struct importing *x = self;
	const char *name = file;
	for (const char *p = file; *p; p++)
		if (*p == '/')
			name = p + 1;
	progress_show(&x->progress, name, done, total);
	return true;
}

static void
csv_cell(struct buf *to, struct str s)
{
	buf_add_char(to, '"');
	for (size_t i = 0; i < s.len; i++) {
		if (s.ptr[i] == '"')
			buf_add_char(to, '"');
		buf_add_char(to, s.ptr[i]);
	}
	buf_add_char(to, '"');
}

static void
hear_refused(void *self, const char *file, uint64_t line, struct str field, struct str reason)
{
	struct importing *x = self;
	if (x->n_refused++ < REFUSED_SHOWN)
		*vec_push(&x->shown) = arena_printf(&x->arena, "%s:%llu: %.*s%s%.*s", file, (unsigned long long)line, STR_ARGS(field),
		    field.len ? ": " : "", STR_ARGS(reason));
	if (!x->keep_refused)
		return;
	csv_cell(&x->refused, str_of(file));
	buf_printf(&x->refused, ",%llu,", (unsigned long long)line);
	csv_cell(&x->refused, field);
	buf_add_char(&x->refused, ',');
	csv_cell(&x->refused, reason);
	buf_add_char(&x->refused, '\n');
}

/* ---------------------------------------------------------------- the map */

/* The name of a shipped map, or a file. */
static bool
map_text(const struct invocation *in, struct arena *a, const char *given, struct str *ret, struct err *e)
{
	const char *shipped = arena_printf(a, "maps/%s.yaml", given).ptr;
	for (size_t i = 0; i < n_embedded_files; i++)
		if (str_eq(str_of(embedded_files[i].path), str_of(shipped))) {
			*ret = (struct str){embedded_files[i].bytes, embedded_files[i].len};
			return true;
		}
	return file_read(a, path_of(in, a, given), LIMIT_PROGRAM_BYTES, ret, e);
}

static bool
load_map(const struct invocation *in, struct arena *a, struct import_map **ret, struct err *e)
{
	const char *given = option_value(in, "map");
	struct str text;
	*ret = NULL;
	return !given || (map_text(in, a, given, &text, e) && import_map_parse(given, text, workspace_zones(in->workspace), ret, e));
}

/* ---------------------------------------------------------------- the result */

static void
day_of(wall t, char buf[16])
{
	struct civil c = civil_of_utc(t);
	snprintf(buf, 16, "%04d-%02d-%02d", (int)c.year % 10000, c.month, c.day);
}

static void
say_events(const struct invocation *in, const struct import_result *r)
{
	struct table t;
	char total[40];
	table_init(&t, 3);
	table_cell(&t, "came in"), table_cell(&t, "entries"), table_cell(&t, "total");
	for (size_t k = 0; k < ENTRY_KIND_COUNT; k++)
		if (r->calls[k] && k != ENTRY_TRACK)
			table_cell(&t, "%s", entry_kind_name((enum entry_kind)k)), table_count(&t, r->calls[k]), table_cell(&t, "%s", "");
	for (uint32_t i = 0; i < r->n_events; i++) {
		fixed_format((r->events[i].total + (r->events[i].total < 0 ? -50 : 50)) / 100 * 100, total);
		table_str(&t, r->events[i].name), table_count(&t, r->events[i].n);
		table_cell(&t, "%s", r->events[i].total ? total : "");
	}
	table_say(in, &t);
}

/* Money in a currency for which the workspace knows no rate counts for nothing: better said than wondered at. */
struct unknown_money { const struct import_result *result; char names[64]; };

static void
find_unknown_money(struct engine *g, void *context)
{
	struct unknown_money *x = context;
	const struct program *p = engine_program(g);
	for (uint32_t i = 0; p && i < x->result->n_currencies; i++)
		if (!engine_knows_currency(g, str_of(x->result->currencies[i]))) {
			size_t n = strlen(x->names);
			snprintf(x->names + n, sizeof(x->names) - n, "%s%s", n ? ", " : "", x->result->currencies[i]);
		}
}

static void
tell_unknown_money(const struct invocation *in, const struct import_result *r)
{
	struct unknown_money x = {.result = r};
	workspace_ask(in->workspace, find_unknown_money, &x);
	if (x.names[0])
		tell(in, "Money in %s: the program counts in another currency and knows no rate, so conditions about money hold for nobody.\n"
			 "Make the workspace with `init --currency`, or change `currency:` and amounts in %s/program and apply.\n", x.names, in->dir);
}

static void
say_result(const struct invocation *in, const struct importing *x, const struct import_result *r)
{
	char from[16], to[16];
	say(in, "%s rows: %s refused, %s left out by the map; %s entries, %s already there.\n", with_commas(r->rows),
	    with_commas(r->rows_refused), with_commas(r->rows_skipped), with_commas(r->entries), with_commas(r->duplicates));
	if (r->first.ms < r->last.ms) {
		day_of(r->first, from);
		day_of(r->last, to);
		say(in, "From %s to %s, as the files date it.\n", from, to);
	}
	if (r->entries)
		say_events(in, r);
	if (r->assumptions[0])
		say(in, "Assumed, and to be read with every figure: %s\n", r->assumptions);
	tell_unknown_money(in, r);
	for (size_t i = 0; i < x->shown.len; i++)
		tell(in, "refused: %.*s\n", STR_ARGS(x->shown.items[i]));
	if (r->rows_refused > x->shown.len)
		tell(in, "… and %s more refused rows%s\n", with_commas(r->rows_refused - x->shown.len),
		    x->keep_refused ? "" : " (--refused FILE writes them all)");
}

static void
write_result(const struct invocation *in, const struct importing *x, const struct import_result *r)
{
	struct buf json = {0};
	struct json_writer w = json_writer_on(&json);
	jw_object(&w);
	jw_kint(&w, "rows", (int64_t)r->rows);
	jw_kint(&w, "refused", (int64_t)r->rows_refused);
	jw_kint(&w, "skipped", (int64_t)r->rows_skipped);
	jw_kint(&w, "entries", (int64_t)r->entries);
	jw_kint(&w, "duplicates", (int64_t)r->duplicates);
	jw_kstr(&w, "assumptions", str_of(r->assumptions));
	jw_karray(&w, "events");
	for (uint32_t i = 0; i < r->n_events; i++) {
		jw_object(&w);
		jw_kstr(&w, "event", r->events[i].name);
		jw_kint(&w, "n", (int64_t)r->events[i].n);
		jw_kfixed(&w, "total", r->events[i].total);
		jw_object_end(&w);
	}
	jw_array_end(&w);
	jw_karray(&w, "refused_rows");
	for (size_t i = 0; i < x->shown.len; i++)
		jw_str(&w, x->shown.items[i]);
	jw_array_end(&w);
	jw_object_end(&w);
	say_json(in, &json);
	buf_release(&json);
}

/* ---------------------------------------------------------------- the command */

/* While a workspace is in its history, files are merged by time and folded anew, so that everything is dated as it happened. */
static bool
finish_history(const struct invocation *in, struct importing *x, wall last, struct err *e)
{
	const char *ending = option_value(in, "ending");
	wall end = WALL_NEVER;
	/* By whole days, so that everything keeps its time of day: the latest falls within the last 24 hours. */
	if (ending && str_eq(str_of(ending), STR("now")))
		end = last.ms > WALL_BEFORE_ALL.ms ? wall_add(last, (clock_wall().ms - last.ms) / DAY * DAY) : clock_wall();
	else if (ending && !wall_parse(str_of(ending), &end))
		return fail(e, ERR_INVALID, "--ending is `now` or a day such as 2026-03-01, not %s", ending);
	x->progress.what = "folding the history";
	bool ok = workspace_history_finish(in->workspace, end, ending ? DAY : 0, progress_plain, &x->progress, e);
	progress_end(&x->progress);
	return ok;
}

/* The rows that were refused, as a file of their own. */
static bool
write_refused(const struct invocation *in, struct importing *x, struct err *e)
{
	const char *file = option_value(in, "refused");
	return !file || file_write(path_of(in, &x->arena, file), buf_str(&x->refused), e);
}

static int
import(const struct invocation *in, struct importing *x, const struct import_options *o, struct err *e)
{
	struct import_result r = {0};
	bool first = o->history && workspace_in_history(in->workspace);
	bool ok = import_files(o, &r, e);
	progress_end(&x->progress);
	ok = ok && (!first || finish_history(in, x, r.last, e));
	if (ok && in->json)
		write_result(in, x, &r);
	else if (ok)
		say_result(in, x, &r);
	import_result_release(&r);
	return ok && write_refused(in, x, e) ? 0 : refuse(in, e);
}

static int
run(const struct invocation *in)
{
	struct err e;
	struct importing x = {.in = in, .progress = {.in = in}, .keep_refused = option_value(in, "refused") != NULL};
	struct import_map *map = NULL;
	bool live = option_value(in, "live") != NULL;
	if (live && (option_value(in, "history") || option_value(in, "ending"))) {
		tell(in, "perennial: --live stamps rows with the present; it does not go with --history or --ending\n");
		return 2;
	}
	arena_init(&x.arena);
	const char **files = arena_array(&x.arena, const char *, in->n_arguments);
	for (int i = 0; i < in->n_arguments; i++)
		files[i] = str_eq(str_of(in->arguments[i]), STR("-")) ? "-" : path_of(in, &x.arena, in->arguments[i]);
	int code;
	if (!load_map(in, &x.arena, &map, &e)) {
		code = refuse(in, &e);
	} else {
		struct import_options o = {.files = files, .n_files = (size_t)in->n_arguments, .map = map, .history = !live,
		    .append = workspace_append(in->workspace), .hash_key = workspace_hash_key(in->workspace), .progress = hear_progress,
		    .refused = hear_refused, .self = &x};
		if (x.keep_refused)
			buf_add_cstr(&x.refused, "file,line,field,reason\n");
		code = import(in, &x, &o, &e);
	}
	import_map_free(map);
	vec_release(&x.shown);
	buf_release(&x.refused);
	arena_clear(&x.arena);
	return code;
}

static const struct option options[] = {
    {"map", "NAME|FILE", "how columns become events: a shipped map or your own file"},
    {"history", NULL, "updates people, starts nothing (the default)"},
    {"live", NULL, "stamped with the present; journeys start"},
    {"ending", "now|DAY", "shift the history by whole days to end then; its last day is lived through, with decisions"},
    {"refused", "FILE", "write all refused rows to this CSV file"},
    {NULL, NULL, NULL},
};
const struct command cmd_import = {
    .name = "import",
    .arguments = "DIR FILE…",
    .summary = "CSV or NDJSON in, with a report of what was refused and why",
    .help = "Good rows come in, bad rows are told with line, field and reason. The same file twice changes nothing. Shipped maps:\n"
	    "complete_journey, online_retail, cdnow, rees46, shopify_orders, woocommerce_orders; docs/import.md says how to write one.\n\n"
	    "  perennial import shop orders.csv --map shopify_orders\n  perennial import shop events.ndjson\n"
	    "  perennial import demo transactions.csv --map my_map.yaml --ending now",
    .needs = NEEDS_WORKSPACE,
    .min_arguments = 2,
    .max_arguments = ARGUMENTS_MAX,
    .options = options,
    .run = run,
};

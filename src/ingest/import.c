/* import.c -- files, one after the other: rows of CSV and lines of NDJSON, handed on by the columns that the map names. */
#include "ingest/csv.h"
#include "ingest/mapping_priv.h"
#include <stdio.h>
#include <string.h>

enum { PROGRESS_ROWS = 2000 };

struct importing {
	const struct import_options *o;
	struct importer *rows;
	struct import_result *result;
	uint64_t done_before, total;     /* bytes of the files before; of all */
};

/* ".ndjson", ".jsonl", also when packed. */
static bool
is_ndjson(const char *path)
{
	struct str s = str_of(path);
	if (str_ends(s, STR(".gz")))
		s.len -= 3;
	else if (str_ends(s, STR(".zst")))
		s.len -= 4;
	return str_ends(s, STR(".ndjson")) || str_ends(s, STR(".jsonl")) || str_ends(s, STR(".json"));
}

static bool
show(const struct importing *x, const char *file, const struct source *in, struct err *e)
{
	uint64_t done, total;
	source_progress(in, &done, &total);
	return !x->o->progress || x->o->progress(x->o->self, file, x->done_before + done, x->total) || fail(e, ERR_UNAVAILABLE, "the import was stopped");
}

static bool
enough(const struct importing *x)
{
	return x->o->max_rows && x->result->rows >= x->o->max_rows;
}

static void
refuse_row(struct importing *x, const char *file, uint64_t line, const char *reason)
{
	x->result->rows++;
	rows_refuse(x->rows, file, line, STR(""), str_of(reason));
}

/* ---------------------------------------------------------------- CSV */

/* Where the columns that the map names stand in the file; UINT32_MAX = not there. */
struct columns { uint32_t *places, want; struct str *cells; };

static uint32_t
place_of(struct str name, const struct str *heading, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		if (str_eq(str_trim(heading[i]), name))
			return i;
	for (uint32_t i = 0; i < n; i++)
		if (str_eq_nocase(str_trim(heading[i]), name))
			return i;
	return UINT32_MAX;
}

static bool
find_columns(const struct map_def *m, const char *file, const struct str *heading, uint32_t n, struct columns *c, struct err *e)
{
	struct str first = n ? heading[0] : STR("");
	c->want = n;
	for (uint32_t i = 0; i < m->n_columns; i++) {
		c->places[i] = place_of(m->columns[i], heading, n);
		if (c->places[i] == UINT32_MAX && !m->optional[i])
			return fail(e, ERR_INVALID, "%s has no column \"%.*s\", which the map names; its first of %u columns is \"%.*s\"", file,
			    STR_ARGS(m->columns[i]), n, STR_ARGS(first));
	}
	return true;
}

static bool
read_heading(struct csv *csv, const struct map_def *m, const char *file, struct columns *c, struct err *e)
{
	struct csv_row row;
	bool end = false;
	if (m->n_names)
		return find_columns(m, file, m->names, m->n_names, c, e);
	if (!csv_next(csv, &row, &end, e))
		return false;
	if (end || row.bad)
		return fail(e, ERR_INVALID, "%s: %s", file, end ? "the file is empty" : row.reason);
	return find_columns(m, file, row.cells, row.n, c, e);
}

static bool
take_row(struct importing *x, const struct map_def *m, const char *file, const struct csv_row *row, const struct columns *c, struct err *e)
{
	char reason[80];
	if (row->bad || row->n != c->want) {
		snprintf(reason, sizeof(reason), "the row has %u fields, the heading %u", row->n, c->want);
		refuse_row(x, file, row->line, row->bad ? row->reason : reason);
		return true;
	}
	for (uint32_t i = 0; i < m->n_columns; i++)
		c->cells[i] = c->places[i] == UINT32_MAX ? STR("") : row->cells[c->places[i]];
	return rows_take(x->rows, m, file, row->line, c->cells, e);
}

static bool
read_csv(struct importing *x, struct source *in, const struct map_def *m, const char *file, struct err *e)
{
	const struct csv_options options = {.delimiter = m->delimiter};
	struct csv *csv = csv_new(in, &options);
	struct columns c = {mem_alloc(sizeof(uint32_t) * (m->n_columns + 1)), 0, mem_alloc(sizeof(struct str) * (m->n_columns + 1))};
	struct csv_row row;
	uint64_t seen = 0;
	bool end = false, ok = read_heading(csv, m, file, &c, e);
	while (ok && !enough(x)) {
		ok = csv_next(csv, &row, &end, e);
		if (!ok || end)
			break;
		ok = take_row(x, m, file, &row, &c, e) && (++seen % PROGRESS_ROWS || show(x, file, in, e));
	}
	mem_free(c.places);
	mem_free(c.cells);
	csv_free(csv);
	return ok;
}

/* ---------------------------------------------------------------- NDJSON */

/* Columns are paths into the line's object. */
static bool
take_mapped_line(struct importing *x, const struct map_def *m, const char *file, uint64_t line, struct str text, struct arena *a, struct err *e)
{
	const struct json *root;
	struct err bad;
	arena_reset(a);
	if (!json_parse_arena(a, text, &root, &bad)) {
		refuse_row(x, file, line, bad.text);
		return true;
	}
	struct str *row = arena_array(a, struct str, m->n_columns + 1);
	for (uint32_t i = 0; i < m->n_columns; i++) {
		const struct json *j = json_path(root, m->columns[i].ptr);
		row[i] = !j || j->kind == JSON_NULL ? STR("") : j->kind == JSON_TEXT ? j->text : j->span;
	}
	return rows_take(x->rows, m, file, line, row, e);
}

static bool
take_line(struct importing *x, const struct map_def *m, const char *file, const struct csv_row *row, struct str text, struct arena *a, struct err *e)
{
	text = str_trim(text);
	if (row->bad) {
		refuse_row(x, file, row->line, row->reason);
		return true;
	}
	if (!text.len)
		return true;
	return m ? take_mapped_line(x, m, file, row->line, text, a, e) : rows_take_call(x->rows, file, row->line, text, e);
}

static bool
read_ndjson(struct importing *x, struct source *in, const struct map_def *m, const char *file, struct err *e)
{
	const struct csv_options options = {.delimiter = '\n', .no_quotes = true};
	struct csv *csv = csv_new(in, &options);
	struct arena a;
	struct csv_row row;
	struct str text;
	uint64_t seen = 0;
	bool end = false, ok = true;
	arena_init(&a);
	while (ok && !enough(x)) {
		ok = csv_line(csv, &row, &text, &end, e);
		if (!ok || end)
			break;
		ok = take_line(x, m, file, &row, text, &a, e) && (++seen % PROGRESS_ROWS || show(x, file, in, e));
	}
	arena_clear(&a);
	csv_free(csv);
	return ok;
}

/* ---------------------------------------------------------------- files */

static bool
read_file(struct importing *x, const char *file, struct err *e)
{
	struct source *in;
	uint64_t done, total;
	const struct map_def *m = map_for_file(x->o->map, file);
	bool ndjson = is_ndjson(file);
	if (!m && !ndjson)
		return x->o->map ? fail(e, ERR_INVALID, "no document of the map is for %s: its `file:` patterns do not fit", file) :
		    fail(e, ERR_INVALID, "%s needs a mapping file: --map MAP", file);
	if (!source_open(file, &in, e))
		return false;
	bool ok = (ndjson ? read_ndjson(x, in, m, file, e) : read_csv(x, in, m, file, e)) && rows_end_file(x->rows, e) && show(x, file, in, e);
	source_progress(in, &done, &total);
	x->done_before += done;
	source_close(in);
	return ok;
}

/* All files must be there before the first is read. */
static bool
measure(struct importing *x, struct err *e)
{
	for (size_t i = 0; i < x->o->n_files; i++) {
		struct source *in;
		uint64_t done, total;
		if (!strcmp(x->o->files[i], "-"))
			continue;
		if (!source_open(x->o->files[i], &in, e))
			return false;
		source_progress(in, &done, &total);
		x->total += total;
		source_close(in);
	}
	return true;
}

static void
say_assumptions(const struct import_map *m, struct import_result *r)
{
	struct buf out = {0};
	for (uint32_t i = 0; m && i < m->n; i++) {
		const struct map_def *d = &m->maps[i];
		if (d->assumed_address.len)
			buf_printf(&out, "Addresses are made up: %.*s (a reserved domain, nobody is there). ", STR_ARGS(d->assumed_address));
		if (d->assumed_consent.len)
			buf_printf(&out, "Consent is assumed, not given: %.*s for %llu people. ", STR_ARGS(d->assumed_consent),
			    (unsigned long long)r->people_assumed_consent);
	}
	snprintf(r->assumptions, sizeof(r->assumptions), "%.*s", STR_ARGS(str_trim(buf_str(&out))));
	buf_release(&out);
}

static bool
run(const struct import_options *o, bool scan_only, struct import_result *ret, struct err *e)
{
	struct importing x = {.o = o, .result = ret};
	struct err ignored;
	*ret = (struct import_result){0};
	arena_init(&ret->arena);
	if (!measure(&x, e))
		return false;
	x.rows = rows_new(o, ret, scan_only);
	bool ok = true;
	for (size_t i = 0; ok && i < o->n_files && !enough(&x); i++)
		ok = read_file(&x, o->files[i], e);
	ok = rows_finish(x.rows, ok ? e : &ignored) && ok;
	if (ok)
		say_assumptions(o->map, ret);
	return ok;
}

bool
import_files(const struct import_options *o, struct import_result *ret, struct err *e)
{
	return run(o, false, ret, e);
}

bool
import_scan(const struct import_options *o, struct import_result *ret, struct err *e)
{
	struct import_options scan = *o;
	scan.refused = NULL;
	return run(&scan, true, ret, e);
}

void
import_result_release(struct import_result *r)
{
	arena_clear(&r->arena);
}

#include "cli/rows.h"

enum { PAGE_ROWS = 2000 };       /* a table's columns are aligned over this many rows */

static struct str
column_text(sqlite3_stmt *rows, int c)
{
	const char *p = (const char *)sqlite3_column_text(rows, c);
	return (struct str){p, p ? (size_t)sqlite3_column_bytes(rows, c) : 0};
}

/* ---------------------------------------------------------------- CSV */

/* RFC 4180; a leading = + - @ is a formula to a spreadsheet, so text that begins with one gets a quote mark ahead of it. */
static void
csv_text(struct buf *to, struct str s)
{
	bool formula = s.len && memchr("=+-@\t\r", s.ptr[0], 6) && !str_to_double(s, &(double){0});
	bool quote = formula;
	for (size_t i = 0; i < s.len && !quote; i++)
		quote = memchr(",\"\r\n", s.ptr[i], 4) != NULL;
	if (!quote) {
		buf_add_str(to, s);
		return;
	}
	buf_add_cstr(to, formula ? "\"'" : "\"");
	for (size_t i = 0; i < s.len; i++) {
		if (s.ptr[i] == '"')
			buf_add_char(to, '"');
		buf_add_char(to, s.ptr[i]);
	}
	buf_add_char(to, '"');
}

static void
csv_row(struct buf *to, sqlite3_stmt *rows, bool heading)
{
	for (int c = 0; c < sqlite3_column_count(rows); c++) {
		if (c)
			buf_add_char(to, ',');
		csv_text(to, heading ? str_of(sqlite3_column_name(rows, c)) : column_text(rows, c));
	}
	buf_add_cstr(to, "\r\n");
}

/* ---------------------------------------------------------------- JSON */

static void
json_value(struct json_writer *w, sqlite3_stmt *rows, int c, struct arena *a)
{
	struct str text;
	struct err ignored;
	const struct json *parsed;
	switch (sqlite3_column_type(rows, c)) {
	case SQLITE_NULL:
		jw_null(w);
		return;
	case SQLITE_INTEGER:
		jw_int(w, sqlite3_column_int64(rows, c));
		return;
	case SQLITE_FLOAT:
		jw_double(w, sqlite3_column_double(rows, c));
		return;
	default:
		text = column_text(rows, c);
		if (text.len && (text.ptr[0] == '{' || text.ptr[0] == '[') && json_parse_arena(a, text, &parsed, &ignored))
			jw_raw(w, text);
		else
			jw_str(w, text);
	}
}

static void
json_row(struct json_writer *w, sqlite3_stmt *rows, struct arena *a)
{
	jw_object(w);
	for (int c = 0; c < sqlite3_column_count(rows); c++) {
		jw_key(w, str_of(sqlite3_column_name(rows, c)));
		json_value(w, rows, c, a);
	}
	jw_object_end(w);
	arena_reset(a);
}

/* ---------------------------------------------------------------- all forms */

static void
flush(const struct invocation *in, struct buf *out, size_t beyond)
{
	if (out->len > beyond) {
		say_str(in, buf_str(out));
		buf_reset(out);
	}
}

static void
table_heading(struct table *t, sqlite3_stmt *rows)
{
	table_init(t, (uint32_t)sqlite3_column_count(rows));
	for (int c = 0; c < sqlite3_column_count(rows); c++)
		table_cell(t, "%s", sqlite3_column_name(rows, c));
}

static int
say_tables(const struct invocation *in, sqlite3_stmt *rows)
{
	struct table t;
	uint32_t n = 0;
	int rc;
	table_heading(&t, rows);
	while ((rc = sqlite3_step(rows)) == SQLITE_ROW) {
		for (int c = 0; c < sqlite3_column_count(rows); c++)
			table_str(&t, column_text(rows, c));
		if (++n % PAGE_ROWS == 0) {
			table_say(in, &t);
			table_heading(&t, rows);
		}
	}
	table_say(in, &t);
	return rc;
}

static int
say_lines(const struct invocation *in, sqlite3_stmt *rows, enum rows_form form)
{
	struct buf out = {0};
	struct arena a;
	int rc;
	arena_init(&a);
	struct json_writer array = json_writer_on(&out);
	if (form == ROWS_CSV)
		csv_row(&out, rows, true);
	if (form == ROWS_JSON)
		jw_array(&array);
	while ((rc = sqlite3_step(rows)) == SQLITE_ROW) {
		struct json_writer line = json_writer_on(&out);
		if (form == ROWS_CSV)
			csv_row(&out, rows, false);
		else
			json_row(form == ROWS_JSON ? &array : &line, rows, &a);
		if (form == ROWS_NDJSON)
			buf_add_char(&out, '\n');
		flush(in, &out, 64 * 1024);
	}
	if (form == ROWS_JSON) {
		jw_array_end(&array);
		buf_add_char(&out, '\n');
	}
	flush(in, &out, 0);
	buf_release(&out);
	arena_clear(&a);
	return rc;
}

bool
rows_say(const struct invocation *in, sqlite3_stmt *rows, enum rows_form form, struct err *e)
{
	if (sqlite3_column_count(rows) == 0)
		return sqlite3_step(rows) == SQLITE_DONE || fail(e, ERR_DENIED, "%s", sqlite3_errmsg(sqlite3_db_handle(rows)));
	int rc = form == ROWS_TABLE ? say_tables(in, rows) : say_lines(in, rows, form);
	if (rc == SQLITE_INTERRUPT)
		return fail(e, ERR_LIMIT, "the question took longer than two seconds; ask a backup (`perennial backup`), where it may take "
		    "as long as it likes");
	return rc == SQLITE_DONE || fail(e, ERR_INVALID, "%s", sqlite3_errmsg(sqlite3_db_handle(rows)));
}

/* rows.c -- answers that are rows of a table, as JSON. */
#include "api/rows.h"
#include <string.h>

bool
answer_rows_open(struct api_call *c, sqlite3 **ret)
{
	struct err e;
	if (workspace_reader(c->api->dir, ret, &e))
		return true;
	answer_refuse(c, &e);
	return false;
}

static void
bind(sqlite3_stmt *st, const struct row_value *values, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		int at = (int)i + 1;
		int rc = values[i].is_number ? sqlite3_bind_int64(st, at, values[i].number)
					     : sqlite3_bind_text64(st, at, values[i].text.len ? values[i].text.ptr : "", values[i].text.len,
						   SQLITE_STATIC, SQLITE_UTF8);
		ASSERT(rc == SQLITE_OK);
	}
}

static struct str
column(sqlite3_stmt *st, int i)
{
	const char *text = (const char *)sqlite3_column_text(st, i);
	return (struct str){text ? text : "", text ? (size_t)sqlite3_column_bytes(st, i) : 0};
}

/* "made:time" is an instant, "stages:json" JSON text, "value:money" ten-thousandths, "tracked:truth" yes or no; else as SQLite types it. */
static void
write_cell(sqlite3_stmt *st, int i, struct json_writer *w)
{
	struct str kind = str_of(sqlite3_column_name(st, i)), name = str_cut(&kind, ':'), text = column(st, i);
	int type = sqlite3_column_type(st, i);
	if (type == SQLITE_NULL)
		return;
	jw_key(w, name);
	if (str_eq(kind, STR("time")))
		jw_wall(w, (wall){sqlite3_column_int64(st, i)});
	else if (str_eq(kind, STR("money")))
		jw_fixed(w, sqlite3_column_int64(st, i));
	else if (str_eq(kind, STR("truth")))
		jw_bool(w, sqlite3_column_int64(st, i) != 0);
	else if (str_eq(kind, STR("json")) && text.len)
		jw_raw(w, text);
	else if (type == SQLITE_INTEGER)
		jw_int(w, sqlite3_column_int64(st, i));
	else if (type == SQLITE_FLOAT)
		jw_double(w, sqlite3_column_double(st, i));
	else
		jw_str(w, text);
}

bool
answer_rows_into(sqlite3 *db, const char *question, const struct row_value *values, size_t n, struct json_writer *w, struct err *e)
{
	sqlite3_stmt *st;
	int rc;
	if (sqlite3_prepare_v2(db, question, -1, &st, NULL) != SQLITE_OK)
		return fail(e, ERR_IO, "the question could not be asked: %s", sqlite3_errmsg(db));
	bind(st, values, n);
	jw_array(w);
	while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
		jw_object(w);
		for (int i = 0; i < sqlite3_column_count(st); i++)
			write_cell(st, i, w);
		jw_object_end(w);
	}
	jw_array_end(w);
	sqlite3_finalize(st);
	if (rc == SQLITE_INTERRUPT)
		return fail(e, ERR_UNAVAILABLE, "the answer took longer than this server allows; ask for less");
	return rc == SQLITE_DONE || fail(e, ERR_IO, "reading failed: %s", sqlite3_errmsg(db));
}

void
answer_rows(struct api_call *c, const char *name, const char *question, const struct row_value *values, size_t n)
{
	sqlite3 *db;
	struct err e;
	struct buf json = {0};
	struct json_writer w = json_writer_on(&json);
	if (!answer_rows_open(c, &db))
		return;
	jw_object(&w);
	jw_key(&w, str_of(name));
	bool ok = answer_rows_into(db, question, values, n, &w, &e);
	jw_object_end(&w);
	sqlite3_close(db);
	if (ok) {
		answer_json(c, 200, &json);
	} else {
		buf_release(&json);
		answer_refuse(c, &e);
	}
}

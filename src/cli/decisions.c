/* The outbox's table keeps every decision, also of messages that the fold thread no longer needs to remember. */
#include "cli/decisions.h"
#include <sqlite3.h>

static const char question[] =
    "select strftime('%Y-%m-%d %H:%M', coalesce(made, due, changed) / 1000, 'unixepoch'), journey, step, channel, state,"
    " case when state in ('accepted', 'waiting', 'ready', 'marked') and coalesce(reason, 'ok') = 'ok' then '' else coalesce(reason, '') end,"
    " coalesce(detail, '') from message"
    " where profile in (select number from profile where number = ?1 or forward = ?1 union select ?1)"
    " and (?2 = '' or ?2 in (journey, step, template, lower(hex(id)))) order by row desc limit ?3";

static void
add_row(struct table *t, sqlite3_stmt *row)
{
	for (int c = 0; c < 5; c++) {
		const char *text = (const char *)sqlite3_column_text(row, c);
		table_str(t, str_of(text ? text : ""));
	}
	const char *reason = (const char *)sqlite3_column_text(row, 5), *detail = (const char *)sqlite3_column_text(row, 6);
	reason = reason ? reason : "";
	detail = detail ? detail : "";
	table_cell(t, "%s%s%s", reason, *reason && *detail ? ": " : "", detail);
}

bool
decisions_say(const struct invocation *in, uint32_t number, struct str name, size_t most, struct err *e)
{
	static const char *const head[] = {"made", "journey", "step", "channel", "state", "because"};
	struct sqlite3 *db;
	sqlite3_stmt *row = NULL;
	struct table t;
	size_t n = 0;
	if (!workspace_reader(in->dir, &db, e))
		return false;
	bool ok = sqlite3_prepare_v2(db, question, -1, &row, NULL) == SQLITE_OK;
	table_init(&t, COUNT(head));
	t.fit = true;
	for (size_t i = 0; i < COUNT(head); i++)
		table_cell(&t, "%s", head[i]);
	if (ok) {
		sqlite3_bind_int64(row, 1, number);
		sqlite3_bind_text(row, 2, name.len ? name.ptr : "", (int)name.len, SQLITE_STATIC);
		sqlite3_bind_int64(row, 3, (int64_t)most);
		int step;
		for (; (step = sqlite3_step(row)) == SQLITE_ROW; n++)
			add_row(&t, row);
		ok = step == SQLITE_DONE;
	}
	if (!ok)
		fail(e, ERR_IO, "cannot read the outbox: %s", sqlite3_errmsg(db));
	sqlite3_finalize(row);
	sqlite3_close(db);
	if (ok && n) {
		say_heading(in, "Messages");
		table_say(in, &t);
	} else {
		table_release(&t);
	}
	return ok;
}

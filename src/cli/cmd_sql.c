#include "cli/cmd_priv.h"
#include "cli/rows.h"
#include <unistd.h>

static bool
ask(const struct invocation *in, sqlite3 *db, const char *text, struct err *e)
{
	enum rows_form form = in->json ? ROWS_JSON : option_value(in, "csv") ? ROWS_CSV : ROWS_TABLE;
	while (text && *text) {
		sqlite3_stmt *rows = NULL;
		if (sqlite3_prepare_v2(db, text, -1, &rows, &text) != SQLITE_OK)
			return fail(e, ERR_INVALID, "%s", sqlite3_errmsg(db));
		bool ok = !rows || rows_say(in, rows, form, e);
		sqlite3_finalize(rows);
		if (!ok)
			return false;
	}
	return true;
}

/* Questions from standard input, each ended by a semicolon; an error ends the question, not the session. */
static int
ask_each(const struct invocation *in, sqlite3 *db)
{
	struct buf text = {0};
	char part[4096];
	int code = 0;
	bool prompt = isatty(0) && in->out->tty;
	if (prompt)
		tell(in, "Read-only SQL over the workspace; `event` is the log. End a question with ; and the session with Ctrl-D.\nsql> ");
	for (ssize_t n; (n = read(0, part, sizeof(part))) > 0;) {
		struct err e;
		buf_add(&text, part, (size_t)n);
		if (!sqlite3_complete(text.ptr)) {
			if (prompt)
				tell(in, "   > ");
			continue;
		}
		if (!ask(in, db, text.ptr, &e))
			code = refuse(in, &e);
		buf_reset(&text);
		if (prompt)
			tell(in, "sql> ");
	}
	struct err e;
	if (text.len && !ask(in, db, text.ptr, &e))
		code = refuse(in, &e);
	buf_release(&text);
	return code;
}

static int
run(const struct invocation *in)
{
	struct sqlite3 *db;
	struct err e;
	if (!workspace_reader(in->dir, &db, &e))
		return refuse(in, &e);
	int code;
	if (in->n_arguments)
		code = ask(in, db, in->arguments[0], &e) ? 0 : refuse(in, &e);
	else
		code = ask_each(in, db);
	sqlite3_close(db);
	return code;
}

static const struct option options[] = {
    {"csv", NULL, "rows as CSV"},
    {NULL, NULL, NULL},
};
const struct command cmd_sql = {
    .name = "sql",
    .arguments = "DIR [QUERY]",
    .summary = "read-only SQL over everything, the log included",
    .help = "Tables: event (the log: seq, at, happened, kind, name, profile, body, …), profile, enrolment, message (every decision about\n"
	    "a message, with its reason), stage_move, touch, report. Times are milliseconds since 1970 UTC, money is 1/10000.\n"
	    "A question may take two seconds beside a running server. Without QUERY questions come from standard input.\n\n"
	    "  perennial sql shop \"select name, count(*) from event group by name order by 2 desc\"\n"
	    "  perennial sql shop \"select state, reason, count(*) from message group by 1, 2\"",
    .needs = NEEDS_FOLDER,
    .min_arguments = 1,
    .max_arguments = 2,
    .options = options,
    .run = run,
};

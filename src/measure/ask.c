#include "measure/ask_priv.h"

bool
ask_prepare(sqlite3 *db, const char *question, sqlite3_stmt **ret, struct err *e)
{
	return sqlite3_prepare_v2(db, question, -1, ret, NULL) == SQLITE_OK ||
	       fail(e, ERR_IO, "the workspace cannot be asked: %s", sqlite3_errmsg(db));
}

struct str
ask_text(sqlite3_stmt *rows, int column, struct arena *a)
{
	const char *p = (const char *)sqlite3_column_text(rows, column);
	return p ? arena_str(a, (struct str){p, (size_t)sqlite3_column_bytes(rows, column)}) : (struct str){NULL, 0};
}

bool
ask_finish(sqlite3 *db, sqlite3_stmt *rows, int rc, struct err *e)
{
	sqlite3_finalize(rows);
	if (rc == SQLITE_INTERRUPT)
		return fail(e, ERR_LIMIT, "the question took longer than two seconds; ask a backup, where it may take as long as it likes");
	return rc == SQLITE_DONE || fail(e, ERR_IO, "the workspace cannot be asked: %s", sqlite3_errmsg(db));
}

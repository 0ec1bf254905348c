/* rows.h -- the rows of an SQL question as a table, CSV or JSON: what `sql` and `export` print. Private to cli. */
#pragma once
#include "cli/cli.h"
#include <sqlite3.h>

enum rows_form { ROWS_TABLE, ROWS_CSV, ROWS_JSON /* an array */, ROWS_NDJSON /* a line a row; texts that are JSON stay JSON */ };
/* Steps the statement to its end. False with a sentence when SQLite stops in between. */
MUST_CHECK bool rows_say(const struct invocation *in, sqlite3_stmt *rows, enum rows_form form, struct err *e);

/* ask_priv.h -- short forms for questions to SQLite. Private to measure. */
#pragma once
#include "base/str.h"
#include "base/vec.h"
#include <sqlite3.h>

MUST_CHECK bool ask_prepare(sqlite3 *db, const char *question, sqlite3_stmt **ret, struct err *e);
/* A column as text in the arena; empty for NULL. */
struct str ask_text(sqlite3_stmt *rows, int column, struct arena *a);
/* Finalizes; rc is what the last step said. */
MUST_CHECK bool ask_finish(sqlite3 *db, sqlite3_stmt *rows, int rc, struct err *e);

/* rows.h -- answers that are rows of the workspace's tables. A column's alias says how it is written: "made:time", "stages:json",
 * "value:money", "tracked:truth"; without a colon as SQLite types it. NULL is left out. Private to api. */
#pragma once
#include "api/api_priv.h"
#include <sqlite3.h>

struct row_value { bool is_number; int64_t number; struct str text; };
#define ROW_INT(n) ((struct row_value){.is_number = true, .number = (n)})
#define ROW_TEXT(s) ((struct row_value){.text = (s)})

/* False after answering. Close with sqlite3_close. */
MUST_CHECK bool answer_rows_open(struct api_call *c, sqlite3 **ret);
/* An array of objects. */
MUST_CHECK bool answer_rows_into(sqlite3 *db, const char *question, const struct row_value *values, size_t n, struct json_writer *w, struct err *e);
/* {"NAME":[…]} as the whole answer. */
void answer_rows(struct api_call *c, const char *name, const char *question, const struct row_value *values, size_t n);

/* statement.c -- named statements: bound, stepped, reset. */
#include "store/store.h"

static const struct {
	const char *name, *sql;
} queries[QUERY_COUNT] = {
#define X(name, text, sql) {text, sql},
	QUERIES(X)
#undef X
};

const char *
store_query_name(enum query q)
{
	return queries[q].name;
}

sqlite3_stmt *
store_statement(struct store *s, enum query q)
{
	sqlite3_stmt *st = s->statements[q];
	if (st) {
		sqlite3_reset(st);
		return st;
	}
	if (sqlite3_prepare_v3(s->db, queries[q].sql, -1, SQLITE_PREPARE_PERSISTENT, &s->statements[q], NULL) != SQLITE_OK)
		return NULL;
	return s->statements[q];
}

static sqlite3_stmt *
at_hand(struct store *s, enum query q)
{
	sqlite3_stmt *st = s->statements[q];
	if (!st)
		st = store_statement(s, q);
	ASSERT(st);
	return st;
}

bool
store_step(struct store *s, enum query q, bool *ret_row, struct err *e)
{
	int rc = sqlite3_step(at_hand(s, q));
	if (rc != SQLITE_ROW && rc != SQLITE_DONE) {
		store_fail(s, queries[q].name, e);
		sqlite3_reset(s->statements[q]);
		return false;
	}
	*ret_row = rc == SQLITE_ROW;
	if (rc == SQLITE_DONE)
		sqlite3_reset(s->statements[q]);
	return true;
}

bool
store_run(struct store *s, enum query q, struct err *e)
{
	sqlite3_stmt *st = at_hand(s, q);
	int rc = sqlite3_step(st);
	if (rc != SQLITE_DONE && rc != SQLITE_ROW) {
		store_fail(s, queries[q].name, e);
		sqlite3_reset(st);
		return false;
	}
	sqlite3_reset(st);
	return true;
}

void
store_done(struct store *s, enum query q)
{
	if (s->statements[q])
		sqlite3_reset(s->statements[q]);
}

static void
bound(int rc)
{
	ASSERT(rc == SQLITE_OK);
}

void
store_int(struct store *s, enum query q, int index, int64_t value)
{
	bound(sqlite3_bind_int64(at_hand(s, q), index, value));
}

void
store_text(struct store *s, enum query q, int index, struct str value)
{
	if (!value.len)
		store_null(s, q, index);
	else
		bound(sqlite3_bind_text64(at_hand(s, q), index, value.ptr, value.len, SQLITE_STATIC, SQLITE_UTF8));
}

void
store_bytes(struct store *s, enum query q, int index, struct str value)
{
	bound(sqlite3_bind_blob64(at_hand(s, q), index, value.len ? value.ptr : "", value.len, SQLITE_STATIC));
}

void
store_null(struct store *s, enum query q, int index)
{
	bound(sqlite3_bind_null(at_hand(s, q), index));
}

void
store_wall(struct store *s, enum query q, int index, wall value)
{
	if (value.ms == INT64_MAX || value.ms == INT64_MIN)
		store_null(s, q, index);
	else
		store_int(s, q, index, value.ms);
}

int64_t
store_get_int(struct store *s, enum query q, int column)
{
	return sqlite3_column_int64(s->statements[q], column);
}

struct str
store_get_str(struct store *s, enum query q, int column)
{
	sqlite3_stmt *st = s->statements[q];
	/* The pointer first: asking for the length first would give the length of the old encoding. */
	const char *ptr = sqlite3_column_blob(st, column);
	return (struct str){ptr ? ptr : "", (size_t)sqlite3_column_bytes(st, column)};
}

wall
store_get_wall(struct store *s, enum query q, int column)
{
	if (sqlite3_column_type(s->statements[q], column) == SQLITE_NULL)
		return WALL_NEVER;
	return (wall){sqlite3_column_int64(s->statements[q], column)};
}

static bool
meta_find(struct store *s, const char *key, bool *ret_found, struct err *e)
{
	if (!store_statement(s, QUERY_META_GET))
		return store_fail(s, "reading meta", e);
	store_text(s, QUERY_META_GET, 1, str_of(key));
	return store_step(s, QUERY_META_GET, ret_found, e);
}

bool
meta_get_int(struct store *s, const char *key, int64_t *ret, bool *ret_found, struct err *e)
{
	bool found = false;
	if (!meta_find(s, key, &found, e))
		return false;
	if (found)
		*ret = store_get_int(s, QUERY_META_GET, 0);
	store_done(s, QUERY_META_GET);
	if (ret_found)
		*ret_found = found;
	return true;
}

bool
meta_get_str(struct store *s, struct arena *a, const char *key, struct str *ret, bool *ret_found, struct err *e)
{
	bool found = false;
	if (!meta_find(s, key, &found, e))
		return false;
	if (found)
		*ret = arena_str(a, store_get_str(s, QUERY_META_GET, 0));
	store_done(s, QUERY_META_GET);
	if (ret_found)
		*ret_found = found;
	return true;
}

bool
meta_set_int(struct store *s, const char *key, int64_t value, struct err *e)
{
	store_text(s, QUERY_META_SET, 1, str_of(key));
	store_int(s, QUERY_META_SET, 2, value);
	return store_run(s, QUERY_META_SET, e);
}

bool
meta_set_text(struct store *s, const char *key, struct str value, struct err *e)
{
	store_text(s, QUERY_META_SET, 1, str_of(key));
	bound(sqlite3_bind_text64(at_hand(s, QUERY_META_SET), 2, value.ptr ? value.ptr : "", value.len, SQLITE_STATIC, SQLITE_UTF8));
	return store_run(s, QUERY_META_SET, e);
}

bool
meta_set_bytes(struct store *s, const char *key, struct str value, struct err *e)
{
	store_text(s, QUERY_META_SET, 1, str_of(key));
	store_bytes(s, QUERY_META_SET, 2, value);
	return store_run(s, QUERY_META_SET, e);
}

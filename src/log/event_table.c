#include "log/event_table.h"
#include "log/reader.h"
#include <stdio.h>
#include <string.h>

/* column, type as shown */
#define COLUMNS(X)                                                                                                       \
	X(SEQ, "seq INTEGER") X(AT, "at INTEGER") X(HAPPENED, "happened INTEGER") X(KIND, "kind TEXT") X(NAME, "name TEXT") \
	X(SOURCE, "source TEXT") X(TRUST, "trust TEXT") X(HISTORY, "history INTEGER") X(PROFILE, "profile INTEGER")        \
	X(ABSORBED, "absorbed INTEGER") X(ANSWER, "answer TEXT") X(MESSAGE_ID, "message_id TEXT")                          \
	X(USER_ID, "user_id TEXT") X(ANONYMOUS_ID, "anonymous_id TEXT") X(BODY, "body TEXT")
enum column {
#define X(name, text) COLUMN_##name,
	COLUMNS(X)
#undef X
};

/* What a question may be narrowed by; bits of idxNum, arguments in this order. */
enum narrow { NARROW_SEQ_FROM = 1, NARROW_SEQ_TO = 2, NARROW_SEQ = 4, NARROW_KIND = 8, NARROW_NAME = 16, NARROW_PROFILE = 32,
	NARROW_NO_BODY = 64 };

struct table {
	sqlite3_vtab base;
	sqlite3 *db;
};
struct row_cursor {
	sqlite3_vtab_cursor base;
	struct store *store;
	struct log_cursor *log;
	const struct entry *entry;
	uint64_t to;
	char name[256];
};

static int
table_connect(sqlite3 *db, void *aux, int argc, const char *const *argv, sqlite3_vtab **ret, char **error)
{
	(void)aux, (void)argc, (void)argv, (void)error;
#define X(name, text) text ","
	static const char columns[] = COLUMNS(X);
#undef X
	char sql[1024];
	snprintf(sql, sizeof(sql), "CREATE TABLE event(%.*s)", (int)sizeof(columns) - 2, columns);
	int rc = sqlite3_declare_vtab(db, sql);
	if (rc != SQLITE_OK)
		return rc;
	struct table *t = sqlite3_malloc64(sizeof(*t));
	if (!t)
		return SQLITE_NOMEM;
	memset(t, 0, sizeof(*t));
	t->db = db;
	sqlite3_vtab_config(db, SQLITE_VTAB_DIRECTONLY);
	*ret = &t->base;
	return SQLITE_OK;
}

static int
table_disconnect(sqlite3_vtab *base)
{
	sqlite3_free(base);
	return SQLITE_OK;
}

static int
narrow_of(int column, int op)
{
	if (op == SQLITE_INDEX_CONSTRAINT_EQ)
		return column == COLUMN_SEQ ? NARROW_SEQ : column == COLUMN_KIND ? NARROW_KIND : column == COLUMN_NAME ? NARROW_NAME :
		    column == COLUMN_PROFILE ? NARROW_PROFILE : 0;
	if (column != COLUMN_SEQ)
		return 0;
	if (op == SQLITE_INDEX_CONSTRAINT_GE || op == SQLITE_INDEX_CONSTRAINT_GT)
		return NARROW_SEQ_FROM;
	if (op == SQLITE_INDEX_CONSTRAINT_LE || op == SQLITE_INDEX_CONSTRAINT_LT)
		return NARROW_SEQ_TO;
	return 0;
}

static int
table_best_index(sqlite3_vtab *base, sqlite3_index_info *info)
{
	(void)base;
	int chosen[8] = {-1, -1, -1, -1, -1, -1, -1, -1};
	int bits = 0, argument = 0;
	for (int i = 0; i < info->nConstraint; i++) {
		int narrow = narrow_of(info->aConstraint[i].iColumn, info->aConstraint[i].op);
		if (narrow && info->aConstraint[i].usable && !(bits & narrow)) {
			bits |= narrow;
			chosen[__builtin_ctz((unsigned)narrow)] = i;
		}
	}
	for (int n = 0; n < 8; n++)
		if (chosen[n] >= 0)
			info->aConstraintUsage[chosen[n]].argvIndex = ++argument;
	sqlite3_uint64 texts = (sqlite3_uint64)1 << COLUMN_MESSAGE_ID | (sqlite3_uint64)1 << COLUMN_USER_ID |
	    (sqlite3_uint64)1 << COLUMN_ANONYMOUS_ID | (sqlite3_uint64)1 << COLUMN_BODY | (sqlite3_uint64)1 << COLUMN_NAME;
	if (!(info->colUsed & texts))
		bits |= NARROW_NO_BODY;
	info->idxNum = bits;
	info->estimatedCost = bits & NARROW_SEQ ? 10 : bits & (NARROW_NAME | NARROW_PROFILE) ? 1e5 : 1e6;
	if (info->nOrderBy == 1 && info->aOrderBy[0].iColumn == COLUMN_SEQ && !info->aOrderBy[0].desc)
		info->orderByConsumed = 1;
	return SQLITE_OK;
}

static int
cursor_open(sqlite3_vtab *base, sqlite3_vtab_cursor **ret)
{
	struct row_cursor *c = sqlite3_malloc64(sizeof(*c));
	if (!c)
		return SQLITE_NOMEM;
	memset(c, 0, sizeof(*c));
	c->store = store_on(((struct table *)base)->db);
	*ret = &c->base;
	return SQLITE_OK;
}

static int
cursor_close(sqlite3_vtab_cursor *base)
{
	struct row_cursor *c = (struct row_cursor *)base;
	log_cursor_free(c->log);
	store_off(c->store);
	sqlite3_free(c);
	return SQLITE_OK;
}

static int
cursor_fail(struct row_cursor *c, const struct err *e)
{
	sqlite3_free(c->base.pVtab->zErrMsg);
	c->base.pVtab->zErrMsg = sqlite3_mprintf("%s", e->text);
	return e->code == ERR_LIMIT ? SQLITE_INTERRUPT : SQLITE_ERROR;
}

static int
cursor_next(sqlite3_vtab_cursor *base)
{
	struct row_cursor *c = (struct row_cursor *)base;
	struct err e = {0};
	if (!log_next(c->log, &c->entry, &e))
		return cursor_fail(c, &e);
	if (c->entry && c->entry->seq > c->to)
		c->entry = NULL;
	return SQLITE_OK;
}

static int
cursor_filter(sqlite3_vtab_cursor *base, int bits, const char *text, int argc, sqlite3_value **argv)
{
	(void)text, (void)argc;
	struct row_cursor *c = (struct row_cursor *)base;
	struct log_filter f = {.no_bodies = bits & NARROW_NO_BODY};
	uint64_t from = 1;
	int i = 0;
	c->to = UINT64_MAX;
	if (bits & NARROW_SEQ_FROM)
		from = (uint64_t)sqlite3_value_int64(argv[i++]);
	if (bits & NARROW_SEQ_TO)
		c->to = (uint64_t)sqlite3_value_int64(argv[i++]);
	if (bits & NARROW_SEQ)
		from = c->to = (uint64_t)sqlite3_value_int64(argv[i++]);
	if (bits & NARROW_KIND) {
		enum entry_kind k = entry_kind_of(str_of((const char *)sqlite3_value_text(argv[i++])));
		/* A kind that does not exist: nothing is found, as SQL would have it. */
		f.kinds = (uint32_t)1 << (k ? k : ENTRY_KIND_COUNT);
	}
	if (bits & NARROW_NAME) {
		struct str name = str_of((const char *)sqlite3_value_text(argv[i++]));
		if (name.len && name.len < sizeof(c->name)) {
			memcpy(c->name, name.ptr, name.len);
			f.name = (struct str){c->name, name.len};
		}
	}
	if (bits & NARROW_PROFILE)
		f.profile = (uint32_t)sqlite3_value_int64(argv[i++]);
	log_cursor_free(c->log);
	c->log = log_cursor_new(c->store, (int64_t)from < 1 ? 1 : from, &f);
	return cursor_next(base);
}

static int
cursor_eof(sqlite3_vtab_cursor *base)
{
	return !((struct row_cursor *)base)->entry;
}

static void
result_str(sqlite3_context *x, struct str s)
{
	if (s.len)
		sqlite3_result_text64(x, s.ptr, s.len, SQLITE_TRANSIENT, SQLITE_UTF8);
	else
		sqlite3_result_null(x);
}

static const char *
trust_name(enum trust t)
{
	static const char *const names[] = {"public", "server", "import", "self"};
	return names[t];
}

static const char *
answer_name(enum mark_answer a)
{
	static const char *const names[] = {NULL, "go", "later", "no"};
	return names[a];
}

static int
cursor_column(sqlite3_vtab_cursor *base, sqlite3_context *x, int column)
{
	const struct entry *en = ((struct row_cursor *)base)->entry;
	switch ((enum column)column) {
	case COLUMN_SEQ: sqlite3_result_int64(x, (int64_t)en->seq); break;
	case COLUMN_AT: sqlite3_result_int64(x, en->at.ms); break;
	case COLUMN_HAPPENED: sqlite3_result_int64(x, en->happened.ms); break;
	case COLUMN_KIND: sqlite3_result_text(x, entry_kind_name(en->kind), -1, SQLITE_STATIC); break;
	case COLUMN_NAME: result_str(x, en->name); break;
	case COLUMN_SOURCE: result_str(x, en->source); break;
	case COLUMN_TRUST: sqlite3_result_text(x, trust_name(en->trust), -1, SQLITE_STATIC); break;
	case COLUMN_HISTORY: sqlite3_result_int(x, en->history); break;
	case COLUMN_PROFILE: sqlite3_result_int64(x, en->profile); break;
	case COLUMN_ABSORBED: sqlite3_result_int64(x, en->absorbed); break;
	case COLUMN_ANSWER: sqlite3_result_text(x, answer_name(en->answer), -1, SQLITE_STATIC); break;
	case COLUMN_MESSAGE_ID: result_str(x, entry_message_id(en)); break;
	case COLUMN_USER_ID: result_str(x, entry_user_id(en)); break;
	case COLUMN_ANONYMOUS_ID: result_str(x, entry_anonymous_id(en)); break;
	case COLUMN_BODY: result_str(x, en->body ? en->text : STR("")); break;
	}
	return SQLITE_OK;
}

static int
cursor_rowid(sqlite3_vtab_cursor *base, sqlite3_int64 *ret)
{
	*ret = (sqlite3_int64)((struct row_cursor *)base)->entry->seq;
	return SQLITE_OK;
}

/* No xCreate: an eponymous table, there on every connection without CREATE VIRTUAL TABLE, so nothing of it stands in the file. */
static const sqlite3_module module = {
	.iVersion = 1,
	.xConnect = table_connect,
	.xBestIndex = table_best_index,
	.xDisconnect = table_disconnect,
	.xOpen = cursor_open,
	.xClose = cursor_close,
	.xFilter = cursor_filter,
	.xNext = cursor_next,
	.xEof = cursor_eof,
	.xColumn = cursor_column,
	.xRowid = cursor_rowid,
};

int
event_table_register(sqlite3 *db)
{
	return sqlite3_create_module_v2(db, "event", &module, NULL, NULL);
}

/* The entry point that sqlite3(1) looks for in perennial_event.so. */
int sqlite3_perennialevent_init(sqlite3 *db, char **error, const void *api);
int
sqlite3_perennialevent_init(sqlite3 *db, char **error, const void *api)
{
	(void)error, (void)api;
	return event_table_register(db);
}

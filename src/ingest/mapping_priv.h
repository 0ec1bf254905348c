/* mapping_priv.h -- a mapping file once it is parsed: which columns become which members of which calls. Private to ingest. */
#pragma once
#include "base/civil.h"
#include "base/vec.h"
#include "ingest/import.h"

enum cell_kind {
	CELL_COLUMN,        /* InvoiceNo                    text of the first line that has one */
	CELL_CONSTANT,      /* =GBP   =12   =true */
	CELL_TEMPLATE,      /* household-{household_id}@shop.example */
	CELL_NUMBER,        /* Quantity * UnitPrice         sum of Quantity * UnitPrice */
	CELL_OBJECT,        /* {city: City, country: Country} */
	CELL_LINES,         /* each line: {…}               a list with an object a line */
	CELL_FIRST,         /* [Paid at, Created at]        the first that is not empty */
};
enum cell_type { AS_TEXT, AS_NUMBER, AS_TIME, AS_DATE, AS_FLAG, AS_LIST, AS_ID /* 17850.0 is 17850; nan and null are none */ };

struct term { char op /* '+' first */; uint16_t column /* UINT16_MAX: the constant */; fixed constant; };
struct cell {
	enum cell_kind kind;
	enum cell_type type;
	bool sum;
	uint16_t column;
	char split;                              /* AS_LIST */
	struct str text;                         /* template; constant as JSON */
	struct term *terms; uint32_t n_terms;
	struct member { struct str key; const struct cell *value; } *members; uint32_t n_members;
	struct { struct str from; struct str json; } *words; uint32_t n_words;   /* map: {view: Product Viewed} */
	struct str otherwise;                    /* JSON for a word that the map does not know; "" = as it is */
	const struct cell **choices; uint32_t n_choices;
};

/* A test on one column; all of a list must hold. */
struct test {
	uint16_t column;
	enum { TEST_IS, TEST_NOT, TEST_STARTS, TEST_OVER, TEST_BELOW, TEST_EMPTY, TEST_FILLED } how;
	struct str *words; uint32_t n_words;
	fixed number;
};
struct tests { struct test *items; uint32_t n; };

struct refund_def {                              /* what a group becomes when money goes back: sums and quantities change sign */
	bool there;
	struct tests when;                       /* or its total is below 0 */
	struct str event;
	struct str *without; uint32_t n_without; /* members of properties that do not go along */
	struct member *members; uint32_t n_members;
};

struct entry_def {                               /* one call that rows of a file become */
	enum entry_kind kind;
	const struct cell *event, *name;        /* track; page and screen */
	struct tests when;
	uint16_t *group; uint32_t n_group;       /* group by: lines with these columns alike make one call */
	uint16_t *once; uint32_t n_once;         /* once per: only the first row with these columns alike */
	uint16_t *id; uint32_t n_id;             /* id: columns that name this call for good; else group or once, else the row */
	const struct cell *user, *anonymous, *group_id, *previous, *time;
	const struct cell *members;             /* CELL_OBJECT: traits or properties, or the members of a consent */
	struct refund_def refund;
	bool skip_without_id;                    /* `without id: leave out`: rows without a customer make no call and are no mistake */
};

struct map_def {                                 /* one document */
	struct str file_pattern, source;
	char delimiter, decimal;
	const struct tz *zone;
	struct str *dates; uint32_t n_dates;     /* "DD/MM/YYYY hh:mm" */
	struct str *names; uint32_t n_names;     /* columns: of a file without a heading */
	struct tests skip;
	struct entry_def *entries; uint32_t n_entries;
	struct str assumed_address;              /* as written, for the result */
	struct str assumed_consent;              /* "email.marketing"; "" = none */
	struct str *columns; bool *optional; uint32_t n_columns;   /* all that the document names; values hold indexes into these */
};
struct import_map {
	struct arena arena;
	struct map_def *maps; uint32_t n;
};
/* The document for a file; NULL = none fits. */
const struct map_def *map_for_file(const struct import_map *m, const char *path);

/* A row: a field for each column that the document names; empty when there is none. */
struct line { const struct str *fields; };

struct row_error { struct str field, reason; };

/* ---- values of lines (mapping_cell.c). False fills *bad. */
bool tests_hold(const struct tests *t, const struct map_def *m, const struct line *l, bool all_when_empty);
/* Text, trimmed; empty when there is none. */
bool cell_text(const struct map_def *m, const struct cell *v, const struct line *lines, uint32_t n, struct arena *a, struct str *ret, struct row_error *bad);
bool cell_time(const struct map_def *m, const struct cell *v, const struct line *lines, uint32_t n, struct arena *a, wall *ret, bool *ret_there, struct row_error *bad);
/* sign -1: sums and quantities change sign. Writes `"key":value` unless it is empty. */
bool cell_write(const struct map_def *m, struct str key, const struct cell *v, const struct line *lines, uint32_t n, int sign, struct arena *a,
    struct json_writer *w, struct row_error *bad);
int member_sign(const struct member *x, int sign);
bool cell_number(const struct map_def *m, const struct cell *v, const struct line *lines, uint32_t n, fixed *ret, bool *ret_there, struct row_error *bad);
/* "31/12/2011 17:05" by the document's formats, else ISO; a time without a zone is the document's zone's. */
bool time_read(const struct map_def *m, struct str text, wall *ret);
bool number_read(struct str text, char decimal, fixed *ret);

/* ---- rows to entries (mapping_rows.c) */
struct importer;
struct importer *rows_new(const struct import_options *o, struct import_result *result, bool scan_only);
/* A row of a mapped file. */
MUST_CHECK bool rows_take(struct importer *r, const struct map_def *m, const char *file, uint64_t line_number, const struct str *fields, struct err *e);
/* A line of NDJSON that is a tracking call. */
MUST_CHECK bool rows_take_call(struct importer *r, const char *file, uint64_t line_number, struct str text, struct err *e);
void rows_refuse(struct importer *r, const char *file, uint64_t line_number, struct str field, struct str reason);
/* The file is over: groups that are open become entries. */
MUST_CHECK bool rows_end_file(struct importer *r, struct err *e);
/* Waits until everything is durable. Releases. */
MUST_CHECK bool rows_finish(struct importer *r, struct err *e);

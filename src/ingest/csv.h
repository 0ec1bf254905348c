/* csv.h -- rows of a CSV file (RFC 4180), and lines of any text file. Private to ingest.
 *
 * Quoted cells may hold delimiters, doubled quotes and line ends; a byte order mark is passed over; cells that are not UTF-8 are
 * read as Latin-1. A row that cannot be read (a quote that is never closed, too long, too many columns) is told with its line, and reading
 * goes on with the line after the one that began it. */
#pragma once
#include "ingest/source.h"

struct csv_options {
	char delimiter;                  /* 0 = told from the first line (, ; tab |); ' ' = runs of blanks */
	bool no_quotes;
};
struct csv;
struct csv *csv_new(struct source *s, const struct csv_options *o);
void csv_free(struct csv *c);

struct csv_row {
	uint64_t line;                   /* the row's first line, from 1 */
	struct str *cells;               /* valid until the next call */
	uint32_t n;
	bool bad;                        /* the row cannot be read: reason says why, cells are none */
	const char *reason;
};
/* *ret_end true after the last row. Empty lines are passed over. False: the file itself cannot be read. */
MUST_CHECK bool csv_next(struct csv *c, struct csv_row *ret, bool *ret_end, struct err *e);
/* One line as it stands, without its end; too long = bad. */
MUST_CHECK bool csv_line(struct csv *c, struct csv_row *ret, struct str *ret_line, bool *ret_end, struct err *e);

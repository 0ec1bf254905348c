#include "cli/cmd_priv.h"
#include "cli/rows.h"

/* what, the question, what it is */
#define EXPORTS(X)                                                                                                            \
	X("events", "select seq, strftime('%Y-%m-%dT%H:%M:%fZ', happened / 1000.0, 'unixepoch') as timestamp, kind, name, source, " \
		    "profile, body from event where kind in ('identify','track','page','screen','group','alias','consent') order by seq", \
	    "the log as it came in")                                                                                          \
	X("profiles", "select number, user_id, email, phone, country, zone, locale, traits, stages, segments, consent, first_seen, " \
		      "last_seen from profile where forward = 0 order by number",                                              \
	    "one line a person, as of the latest sweep")                                                                      \
	X("messages", "select lower(hex(id)) as id, profile, journey, step, channel, state, reason, detail, template, made, due, "   \
		      "changed, address from message order by row",                                                            \
	    "the outbox: every decision about a message")                                                                     \
	X("enrolments", "select * from enrolment order by profile, enrolment", "who is or was in which journey")                \
	X("stages", "select profile, model, from_stage, to_stage, at, reason from stage_move order by id", "the moves between stages")

static const struct {
	const char *what, *query, *help;
} exports[] = {
#define X(what, query, help) {what, query, help},
    EXPORTS(X)
#undef X
};

static int
run(const struct invocation *in)
{
	const char *what = in->n_arguments ? in->arguments[0] : "events", *query = NULL;
	struct sqlite3 *db;
	struct err e;
	for (size_t i = 0; i < COUNT(exports); i++)
		if (str_eq(str_of(exports[i].what), str_of(what)))
			query = exports[i].query;
	if (!query) {
		tell(in, "perennial: there is no export of %s; there are events, profiles, messages, enrolments, stages\n", what);
		return 1;
	}
	if (!workspace_reader(in->dir, &db, &e))
		return refuse(in, &e);
	/* An export may take its time: it reads one snapshot to the end. */
	sqlite3_progress_handler(db, 0, NULL, NULL);
	sqlite3_stmt *rows = NULL;
	bool ok = sqlite3_prepare_v2(db, query, -1, &rows, NULL) == SQLITE_OK || fail(&e, ERR_IO, "%s", sqlite3_errmsg(db));
	ok = ok && rows_say(in, rows, in->json ? ROWS_JSON : option_value(in, "csv") ? ROWS_CSV : ROWS_NDJSON, &e);
	sqlite3_finalize(rows);
	sqlite3_close(db);
	return ok ? 0 : refuse(in, &e);
}

static const struct option options[] = {
    {"csv", NULL, "CSV in place of NDJSON"},
    {NULL, NULL, NULL},
};
const struct command cmd_export = {
    .name = "export",
    .arguments = "DIR [events|profiles|messages|enrolments|stages]",
    .summary = "NDJSON or CSV of the log, people, messages, enrolments or moves",
    .help = "Writes to standard output, one JSON object a line, from one consistent reading. What is exported as events can be imported\n"
	    "again.\n\n  perennial export shop events > events.ndjson\n  perennial export shop profiles --csv > people.csv",
    .needs = NEEDS_FOLDER,
    .min_arguments = 1,
    .max_arguments = 2,
    .options = options,
    .run = run,
};

/* measure.h -- reports: people by stage and their moves, the gap map, backtests.
 *
 * Questions about what happened are asked of a read-only connection; questions about what would have happened fold the log
 * anew in a scratch engine. All results live in the caller's arena. */
#pragma once
#include "engine/tell.h"
#include <sqlite3.h>

/* Progress over a log: entries done, of how many. */
struct measure_progress {
	void (*show)(void *self, uint64_t done, uint64_t total);
	void *self;
};

/* ---------------------------------------------------------------- stages (stages.c) */

struct move_count { int32_t month /* year * 12 + month - 1, UTC */; struct str from, to; uint64_t n; };
struct moves { struct move_count *items; size_t n; };
/* Moves of a model between from and to, by month, the larger first within a month. from "" = first stage ever. */
MUST_CHECK bool measure_moves(sqlite3 *db, struct str model, wall from, wall to, struct arena *a, struct moves *ret, struct err *e);
/* "2026-03" */
void month_format(int32_t month, char buf[16]);

/* ---------------------------------------------------------------- gap map (gap.c) */

#define GAP_STATUSES(X)                                                                                 \
	X(RUNNING, "running")               /* a journey of ours reached people in the window, or documents carry it out */ \
	X(WEAK, "weak")                     /* it is live, but reaches less than GAP_WEAK_PERMILLE of the eligible */ \
	X(ELSEWHERE, "running elsewhere")   /* the evidence rule finds it in the event stream */         \
	X(QUIET, "live, nobody due")        /* a journey of ours is live; nobody was eligible */         \
	X(GAP, "gap")                       /* nobody does it */                                         \
	X(OUTSIDE, "gap, not ours to run")  /* nobody is seen doing it, and Perennial cannot carry it out */ \
	X(NOT_APPLICABLE, "not applicable") /* switched off by the user, with a reason */
enum gap_status {
#define X(name, text) GAP_##name,
	GAP_STATUSES(X)
#undef X
	GAP_STATUS_COUNT
};
const char *gap_status_text(enum gap_status s);

enum { GAP_WINDOW_DAYS = 30, GAP_WEAK_PERMILLE = 200 /* reached of eligible, below which a running activity is weak */ };
struct gap_row {
	const struct activity_def *activity;
	enum gap_status status;
	uint64_t eligible, contactable, reached, elsewhere;  /* different people in the window */
	int32_t last_day;                /* latest day it touched anybody; 0 = never */
	struct str by;                   /* our journey, or what shows that it runs elsewhere */
	struct str note;                 /* why not applicable; what is missing for it to start */
};
struct gap_map {
	struct gap_row *rows; size_t n;  /* in the order of the catalogue: by stage */
	int32_t from_day, to_day;
	uint64_t by_status[GAP_STATUS_COUNT];
};
/* market: "b2c", "b2b", or "" for all. to_day: the window's last day, days since 1970. */
MUST_CHECK bool measure_gap(sqlite3 *db, const struct program *p, struct str market, int32_t to_day, struct arena *a,
    struct gap_map *ret, struct err *e);

/* {"from","to","days","count":{status: n},"activities":[…]}: what the API and `gap --json` answer. */
void gap_map_write_json(const struct gap_map *m, struct json_writer *w);
/* "2026-03-02" of days since 1970. */
void day_format(int32_t day, char buf[16]);

/* ---------------------------------------------------------------- folding anew (scratch.c) */

/* An engine that has folded the log of DIR for state only, as if p had been live from the start, settled at the log's end. The engine
 * takes p over. */
MUST_CHECK bool measure_fold(const char *dir, const struct engine_options *o, struct program *p, struct measure_progress progress,
    struct engine **ret, struct err *e);

/* ---------------------------------------------------------------- backtest (backtest.c) */

struct backtest_options {
	const char *dir;
	struct engine_options engine;
	struct program *program;         /* borrowed */
	struct assumption assume;
	wall from, to;                   /* decisions outside are not counted (the fold runs over everything before `to`) */
	struct measure_progress progress;
};
struct backtest_month { int32_t month; uint64_t messages; };
struct backtest_journey {
	struct str name, activity;
	uint64_t entered, held_out, messages, withheld, tasks;
	struct backtest_month *months; size_t n_months;
};
struct backtest_reason { struct str reason, detail; uint64_t n; };
enum { PRESSURE_MOST = 8 };
struct backtest {
	struct backtest_journey *journeys; size_t n_journeys;   /* in the program's order */
	struct backtest_reason *reasons; size_t n_reasons;      /* why messages did not go, the most frequent first */
	uint64_t entries, people, messages, withheld;
	uint64_t pressure[PRESSURE_MOST + 1];                   /* people by the most messages they got in 7 days; the last: as many or more */
	wall from, to;
	int32_t first_month, last_month;
};
/* Replays recorded entries under a program in virtual time. What the old program caused is left out. */
MUST_CHECK bool measure_backtest(const struct backtest_options *o, struct arena *a, struct backtest *ret, struct err *e);
/* "every mail is accepted, nobody opens, consent as recorded": printed with every figure. */
void assumption_text(const struct assumption *as, struct buf *to);
/* "open=30%,click=3%,consent=email" */
MUST_CHECK bool assumption_parse(struct str text, struct assumption *ret, struct err *e);

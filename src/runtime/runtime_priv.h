/* runtime_priv.h -- what the files of runtime share: the workspace, its groups, and who may touch what.
 *
 *	fold thread    engine, seq and at, dedup, chains, names, sweep         (fold.c, sweep.c, stamp.c)
 *	write thread   the writing connection, erasures, packing together     (write.c, trickle.c)
 *	mutex          lanes, asks, groups in flight, flags                   (queue.c)
 *	outbox mutex   what channels may take and have in hand                (outbox.c)
 *
 * A *group* is what one transaction holds: the batches that queued while the previous one was written, all that they decided, and
 * a slice of the snapshot. It is filled by the fold thread, written and acknowledged by the write thread, then used again. */
#pragma once
#include "base/map.h"
#include "base/vec.h"
#include "log/append.h"
#include "log/dedup.h"
#include "log/item.h"
#include "log/reader.h"
#include "runtime/door.h"
#include "runtime/runtime.h"
#include "store/store.h"
#include <pthread.h>

enum {
	GROUPS = 3,                      /* one being filled, two ahead of the disk */
	GROUP_ENTRIES = 4096,            /* a group is handed over when it holds so many */
	GROUP_BYTES = 8 * 1024 * 1024,
	LANE_ENTRIES_MAX = 64 * 1024,    /* waiting in one lane; beyond it the caller hears 429 */
	LANE_BYTES_MAX = 64 * 1024 * 1024,
	COMMIT_PAUSE_MS = 20,            /* at most fifty commits a second … */
	MARK_PAUSE_MS = 2,
	COMMIT_NOW_ENTRIES = 16,         /* … unless so many entries wait */
	AHEAD_ENTRIES = 2000,            /* waiting, so that a group is folded while another is written; fewer wait for the commit and go together */
	GATHER_PART = 8,                 /* of the last commit's time: how long a group waits for those that the commit let go */
	TICK_PAUSE_MS = 100,             /* ticks are this far apart unless alarms are left over */
	SWEEP_ENTRIES = 500 * 1000,      /* a sweep under load ends within so many entries: recover_from is at most twice that behind */
	SWEEP_IDLE_ROWS = 2000,          /* rows of an idle slice */
	IDLE_MS = 100,
	STOP_MS = 1000,                  /* how long a suppression waits for an open hand-over before its connection is shut */
	FENCE_HOURS = 6, REFUSE_DAYS = 30,
	NAMES_MAX = 1000 * 1000, SOURCES_MAX = 65535,
	EXIT_COMMIT_FAILED = 75,
};

/* One block that the write thread will insert. */
struct block_plan {
	uint64_t first_seq;              /* 0 = goes to the table staged */
	uint32_t first_item, n;
	struct str body;                 /* compressed by the batch's maker; empty: [raw_from, raw_from + raw_len) of `loose` */
	size_t raw_from, raw_len;
	uint8_t codec;
};
struct new_name { bool is_source; uint32_t id; struct str text; };
struct move_row { struct stage_move move; struct str model, from, to; };
struct report_row { struct str text, place; enum err_code code; uint64_t seq; };
/* A change of a plain table or of meta that somebody waits for. */
struct plain_job {
	struct str kind, key, value;     /* kind "" = meta; value.ptr NULL = delete */
	bool done;
	struct plain_job *next;
};
struct erasure { uint32_t profile; uint64_t seq, last; };
struct erasing { struct erasure what; VEC(uint64_t) ends; /* of chains not yet walked */ };
struct group {
	struct batch *batches, **batches_end;
	uint32_t n;                      /* entries of the log */
	uint64_t last_seq; wall last_at;
	struct buf items, loose;
	size_t bytes;
	VEC(struct block_plan) blocks;
	VEC(struct new_name) names;
	struct decisions d;
	VEC(struct move_row) moves;
	VEC(struct profile_row) rows;
	VEC(struct enrolment_change) enrolments;   /* of those rows' profiles */
	VEC(uint32_t) merged;            /* profiles whose rows must be in this transaction */
	VEC(struct erasure) erasures;
	struct arena arena;              /* rows and names */
	bool sweep_ended; uint64_t sweep_start; struct buf shared;
	bool went_live;                  /* holds the first live entry */
	uint64_t late_folded;            /* so many collected entries came late up to and with this group; 0 = none */
	uint64_t n_reports;
	struct plain_job *plains;
	struct group *next;
};

struct ask {
	void (*run)(struct engine *g, void *context);
	void *context;
	bool done;
	struct ask *next;
};
struct waiting_lane { struct batch *head, **end; uint32_t entries; size_t bytes; };

struct held_back { struct batch *batch; int64_t since_ms; };
struct outbox;
struct live_program { struct program *program; uint32_t users; };

struct workspace {
	char *dir, *file;
	bool sending;                    /* channels are given messages */
	bool serves;                     /* time passes and starts the live life, also of a workspace in history */
	int lock_fd;
	uint8_t hash_key[16];
	struct tz_set *zones;
	struct engine_options engine_options;
	void (*progress)(void *self, const char *what, uint64_t done, uint64_t total); void *progress_self;

	pthread_t fold_thread, write_thread;
	bool threads_run;
	pthread_mutex_t mutex;
	pthread_cond_t fold_wake, write_wake, answered;

	/* under the mutex */
	struct waiting_lane lanes[LANE_COUNT];
	struct ask *asks, **asks_end;
	struct plain_job *plains, **plains_end;
	struct group *idle_groups, *filled, **filled_end;
	uint32_t in_flight;
	bool closing, fold_ended, park, parked;
	bool fold_sleeps, write_sleeps;
	int64_t commit_began_ms, commit_ended_us, commit_us;
	uint32_t commit_n;               /* entries of the latest group */
	uint32_t wake_at;                /* the fold thread wants to hear of new batches when so many entries wait */

	/* fold thread */
	struct engine *engine;
	uint64_t seq; wall at;
	struct door door;
	struct dedup *dedup;
	VEC(uint64_t) chains;            /* latest entry by profile number */
	struct changes *changes;         /* of enrolments, kept until their profile's row is saved */
	struct interner names, sources;
	struct {
		uint32_t cursor;         /* next number to look at */
		uint64_t start;          /* entry at which this sweep began */
		struct buf shared;       /* shared state as of then */
		bool running;
		uint64_t credit;         /* entries times profiles, not yet turned into numbers to pass */
		uint64_t saved_at;       /* entry up to which everything is known to be saved */
	} sweep;
	int64_t last_tick_ms;
	size_t tick_backlog;             /* alarms due when the latest tick was made */
	VEC(uint64_t) poison;            /* id or text hashes found twice in crash reports */
	const struct entry *volatile at_hand;

	/* write thread */
	struct store *store;
	struct buf pack;
	VEC(struct erasing) erasing;     /* what is left to overwrite */
	bool wal_must_go;                /* an erasure ended: the WAL still holds what was overwritten */
	VEC(struct held_back) held_back; /* committed, acknowledged when no mark to their addresses is open */
	uint64_t recover_from;
	uint64_t trickle_from;           /* everything before it is packed */
	bool clear_staged, clear_cut;
	int64_t staged_folded;           /* collected rows up to here stand in the log; only they may be cleared */
	uint64_t n_erasures;             /* since it was opened */

	/* read by anybody, written by one */
	_Atomic bool in_history;
	_Atomic uint64_t base;           /* the log begins after it */
	_Atomic int64_t base_at;
	_Atomic uint64_t durable_seq;
	_Atomic int64_t durable_at;
	struct { _Atomic uint64_t entries, duplicates, refused, batches, commits, commit_us_max, commit_us_sum, ticks, rows, joined, checkpoints, wal_bytes; } count;

	struct { pthread_mutex_t mutex; VEC(struct live_program) list; } programs;
	struct { pthread_mutex_t mutex; struct store *store; } reader;   /* for timelines and plain tables */
	pthread_mutex_t fence_mutex;
	char fence[256];
	struct outbox *outbox;
};

/* ---- queue.c */
bool queue_submit(void *self, struct batch *b, struct err *e);
wall queue_now(void *self);
int queue_retry_after(void *self);
/* The next batch by rank, or NULL. Mutex held. */
struct batch *queue_take(struct workspace *w, enum lane up_to);
uint32_t queue_waiting(const struct workspace *w);
void queue_lanes_init(struct workspace *w);
void cond_wait_us(pthread_cond_t *c, pthread_mutex_t *m, int64_t us);
void cond_wait_ms(pthread_cond_t *c, pthread_mutex_t *m, int64_t ms);
int64_t clock_ms(void);

/* ---- group.c */
struct group *group_new(void);
void group_free(struct group *g);
void group_reset(struct group *g);
/* Names get numbers; a new one goes into the group's transaction. */
uint32_t group_name(struct workspace *w, struct group *g, struct str name);
uint16_t group_source(struct workspace *w, struct group *g, struct str source);
/* Writes the item of an entry that was folded, and its chain. */
void group_add_item(struct workspace *w, struct group *g, const struct entry *en, uint32_t place);
/* Text of an entry whose batch's own compression is not used. */
void group_add_loose(struct workspace *w, struct group *g, const struct entry *en);
/* A block that stands as its maker packed it. */
void group_add_packed(struct workspace *w, struct group *g, const struct batch *b, const struct packed *p);

/* ---- fold.c */
void *fold_run(void *self);
/* Stamps, admits, folds one entry into the group; the item and the text are the caller's next step. */
void fold_entry(struct workspace *w, struct group *g, struct entry *en);
void fold_tick(struct workspace *w, struct group *g, wall at);
/* Folds one entry of our own making (or of history) and plans its block. */
void fold_loose(struct workspace *w, struct group *g, struct entry *en);
/* Kinds that do not end a workspace's history: program, catalogue, … */
bool is_ground_kind(enum entry_kind k);
/* Suppressions, consents, erasures, unsubscribes: acknowledged when no hand-over that they forbid is going on. */
bool entry_forbids(const struct entry *en);
/* What names an entry in a crash report: its id's hash, or its text's. */
uint64_t entry_fingerprint(const struct workspace *w, const struct entry *en);
/* A group at hand for work with parked threads. */
struct group *group_at_hand(struct workspace *w);

/* ---- changes.c: enrolments' rows are written with their profile's: in the order of the sweep they cost a page or two a commit, at
 * random they cost one each. After a crash the replay tells those again that were not written. */
struct changes *changes_new(void);
void changes_free(struct changes *c);
/* Copies; a later change of the same enrolment replaces an earlier one. */
void changes_add(struct changes *c, const struct enrolment_change *ec);
/* Moves a profile's into the group. */
void changes_take(struct changes *c, uint32_t profile, struct group *g);

/* ---- sweep.c */
void sweep_rows(struct workspace *w, struct group *g, uint32_t entries);
/* False when nothing is left to save. */
bool sweep_idle(struct workspace *w, struct group *g);
void sweep_save(struct workspace *w, struct group *g, uint32_t profile);

/* ---- write.c */
void *write_run(void *self);
/* One transaction. On failure the process ends. */
void write_group(struct workspace *w, struct group *g);
void write_acknowledge(struct workspace *w, struct group *g);
NORETURN void write_failed(const struct err *e);

/* ---- trickle.c: idle work of the write thread. True when there is more. */
bool trickle_some(struct workspace *w);
void erase_begin(struct workspace *w, const struct erasure *x);
bool erase_slice(struct workspace *w);

/* ---- recover.c */
MUST_CHECK bool recover_workspace(struct workspace *w, struct err *e);
/* Programs of the log, made and offered. with_rows: the snapshot too. *ret_from = the entry up to which the state stands. */
MUST_CHECK bool recover_engine(struct workspace *w, struct store *s, struct engine *g, bool with_rows, uint64_t *ret_from, struct err *e);

/* ---- outbox.c */
struct outbox *outbox_new(struct workspace *w);
void outbox_free(struct outbox *o);
MUST_CHECK bool outbox_load(struct workspace *w, struct err *e);
void outbox_committed(struct workspace *w, struct group *g);
/* Is a hand-over to this address or person going on? */
bool outbox_is_open(struct outbox *o, uint32_t profile, struct str address);
/* Asks channels to shut what keeps a suppression waiting. */
void outbox_stop(struct outbox *o, uint32_t profile, struct str address);
void outbox_ring(struct workspace *w);
void outbox_settle_orphans(struct workspace *w);
void outbox_skip_overdue(struct workspace *w, wall now);
struct workspace *outbox_workspace(struct outbox *o);
/* ---- live_program.c: the live program, made once more for channels, since the engine drops its own when another comes */
const struct program *live_program_take(void *outbox);
void live_program_release(void *outbox, const struct program *p);
void live_programs_free(struct workspace *w);
/* The answer of a mark, out of what the fold decided from row `first` on. */
void outbox_mark_folded(struct batch *b, const struct entry *en, const struct group *g, size_t first);

/* ---- history.c. Threads parked or not yet running. */
MUST_CHECK bool history_fold(struct workspace *w, wall ending, msec live_tail, void (*tell)(void *self, uint64_t done, uint64_t total),
    void *self, struct err *e);
/* A history whose fold the process did not survive is folded again; what was collected and never folded is folded before time goes on. */
MUST_CHECK bool history_resume(struct workspace *w, struct err *e);

/* ---- workspace.c, others */
void engine_options_of(struct workspace *w, const struct workspace_options *o);
MUST_CHECK bool workspace_key_read(struct workspace *w, struct store *s, struct err *e);
void workspace_park(struct workspace *w);
void workspace_unpark(struct workspace *w);
void runtime_progress(struct workspace *w, const char *what, uint64_t done, uint64_t total);
MUST_CHECK bool lock_take(const char *dir, int *ret_fd, struct err *e);
void lock_release(int fd);
void fence_set(struct workspace *w, const char *why);
bool fence_is_up(struct workspace *w);
MUST_CHECK bool workspace_meta_put(struct workspace *w, struct str key, struct str value, struct err *e);
/* At open, before the threads run: downtime, a restored backup, a clock that cannot be right. */
MUST_CHECK bool fence_check(struct workspace *w, bool clock_is_right, struct err *e);
void crash_report_on(struct workspace *w);
void crash_report_off(void);
MUST_CHECK bool crash_reports_read(struct workspace *w, struct err *e);

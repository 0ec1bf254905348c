/* journeys_priv.h -- journeys inside the fold: enrolments, steps, intents, marks. Private to the engine.
 *
 * Everything is one person's own: enrolments are numbered by the profile's counter and live with the profile; so do the
 * messages that go to this person and the ledger of contacts that caps are counted from. engine.c calls in this
 * order at one instant (findings, rule 2): profile → conditions, stages → journeys_event (goals, exits, waits) →
 * journeys_settle (standing conditions, clocks) → journeys_enter_event (entries) → journeys_settle again.
 *
 * Decisions are made at `now` (the `at` of the first entry that reached the instant); what became true is dated by engine.c. */
#pragma once
#include "contact/message.h"
#include "engine/engine.h"
#include "journey/journey.h"

/* state, may move to, shown as */
#define ENROLMENT_STATES(X)                                                                                                  \
	X(FRESH, "fresh", TO(WAITING) | TO(HELD_OUT) | TO(DONE) | TO(LEFT) | TO(STOPPED) | TO(SENDING))                     \
	X(WAITING, "waiting", TO(WAITING) | TO(SENDING) | TO(DONE) | TO(LEFT) | TO(MERGED) | TO(STOPPED))                   \
	X(SENDING, "sending", TO(WAITING) | TO(SENDING) | TO(DONE) | TO(LEFT) | TO(MERGED) | TO(STOPPED))                   \
	X(HELD_OUT, "held_out", TO(LEFT) | TO(MERGED))                                                                      \
	X(DONE, "done", 0)                                                                                                  \
	X(LEFT, "left", 0)                                                                                                  \
	X(MERGED, "merged", 0)                                                                                              \
	X(STOPPED, "stopped", 0)
enum enrolment_state {
#define X(name, text, to) ENROLMENT_##name,
	ENROLMENT_STATES(X)
#undef X
	ENROLMENT_STATE_COUNT
};
const char *enrolment_state_name(enum enrolment_state s);

/* The event that began enrolments, kept word for word: `trigger` in their conditions. Those that one event began share it. */
struct frozen_event {
	uint32_t size;               /* of the whole, for metrics */
	uint32_t refs;
	int32_t kind;                /* enum entry_kind; ENTRY_NONE: a date, a schedule, a condition */
	wall time;
	uint64_t seq;
	struct str name, source, properties, context;   /* point behind the struct; the latter two are JSON */
};
/* What a step left behind: a message's fate, a task's, an event waited for. */
enum memory_flag { MEMORY_SENT = 1, MEMORY_OPENED = 2, MEMORY_CLICKED = 4, MEMORY_BOUNCED = 8, MEMORY_TRACKED = 16, MEMORY_ENDED = 32,
	MEMORY_DONE = 64, MEMORY_MADE = 128 };
struct step_memory {
	uint16_t step;
	uint16_t visits;             /* how often it was reached */
	uint16_t flags;              /* enum memory_flag */
	uint8_t channel, reason;     /* of a message */
	uint8_t open;                /* messages of the latest visit without an outcome */
	wall at;
	struct str text;             /* heap: template sent; a task's outcome; the awaited event's properties as JSON */
};
struct enrolment {
	const struct journey_def *journey;
	const struct live_program *program;   /* whose steps these are; kept while anybody is in it */
	struct frozen_event *trigger;         /* NULL = the journey never reads it */
	struct str item;                      /* heap: JSON of `each`; "" = none */
	struct str key;                       /* heap; "" = none */
	struct step_memory *memory;
	wall entered, changed, due;           /* due: look again; WALL_NEVER */
	wall since;                           /* the present step was reached */
	wall goal_at; fixed goal_value;
	uint64_t entered_seq;
	uint32_t number, made_for;            /* the profile it was made for: ids outlive merges */
	uint32_t shown;                       /* its number among those of the present owner */
	uint16_t step, n_memory;
	uint8_t state;
	uint8_t rounds;                       /* jumps at one instant */
	bool goal;
	bool begun;                           /* false: its turn comes at `due` */
	bool pause;                           /* goes on when the conditions have seen what a `set` changed */
	struct str reason;                    /* shared_text: why it ended */
};
/* A message that has no final outcome yet, in the recipient's hands. */
struct open_message {
	struct message row;                   /* detail and address: heap; names: shared_text; frozen: gone once it was told */
	uint32_t holder;                      /* profile whose enrolment sends it */
	uint32_t made_for;                    /* of the enrolment */
	uint16_t step;
	bool charged;                         /* counted against the caps */
	bool asked;                           /* in this round */
};
/* A message that went (or is about to): what caps count. */
struct contact {
	wall at;
	uint64_t id;                          /* first bits of the message id */
	uint8_t channel, priority;
	bool counts;
	struct str intent;                    /* shared_text: JSON as conditions of the policy read it */
};
/* When a journey (with its key) last began: for `again`. */
struct start { uint64_t id; wall at; };
/* `limit: 100 in 1h`: how many were let in since the first of them, of a journey (and key). The order of the log decides; who comes
 * when the room is used up begins in a later window. */
struct entry_limit { uint64_t id; wall since; uint32_t n; };

struct journeys {                             /* of one person; NULL until the first */
	VEC(struct enrolment *) enrolments;   /* in the order in which they began */
	VEC(struct open_message *) open;
	VEC(struct contact) contacts;         /* by time */
	VEC(struct start) starts;
	wall due;                             /* the earliest of all */
	wall exits_due;                       /* a condition of an exit may turn by time */
	uint64_t dead_email;                  /* hash of the address that bounced for good or complained; 0 = none */
	bool complained;                      /* … it complained */
	bool look;                            /* held messages ask again */
	uint32_t moves;                       /* of enrolments since this was loaded: has anything moved? */
	uint32_t counter;
};

/* ---------------------------------------------------------------- what engine.c calls */

/* Made once a program: which triggers listen to which event. */
struct journey_index;
struct journey_index *journey_index_new(const struct program *p);
void journey_index_free(struct journey_index *ix);
bool journeys_listen_by_account(const struct journey_index *ix, int kind, struct str name);
bool journeys_listen_to_catalogue(const struct live_program *lp, struct str kind, struct str field);

/* The next instant at which time alone moves something in this person's journeys. NULL is WALL_NEVER. */
wall journeys_due(const struct journeys *j);

/* A track, page or screen of this person has reached profile, rows and conditions: goals, exits, waits. Then entries. */
void journeys_event(struct engine *g, uint32_t person, const struct event_view *ev);
void journeys_enter_event(struct engine *g, uint32_t person, const struct event_view *ev);
/* A value of the person (or their account) changed; root as in FACT_*; from, to may be NULL. Exits, goals, then entries. */
void journeys_change(struct engine *g, uint32_t person, enum fact_root root, struct str name, const struct json *from, const struct json *to);
/* A field of a catalogue thing changed: entries of this person. */
void journeys_catalogue(struct engine *g, uint32_t person, struct str kind, struct str key, struct str field, const struct json *from, const struct json *to);
/* Standing conditions have been brought to now: `turned` are those (indices into the live program's conditions) that became true since the
 * last call. Exits, waits, goals, entries by becomes, dates and schedules due, clocks, messages due: in rounds, until nothing moves. */
void journeys_settle(struct engine *g, uint32_t person, const uint32_t *turned, size_t n_turned);
/* Someone new (or a new program): first dates and schedules. */
void journeys_program_changed(struct engine *g, uint32_t person);
/* consent.x.y: engine.c calls it after consents changed, so that held messages look again. */
void journeys_look_again(struct engine *g, uint32_t person);
/* Too many rounds in one entry: what still wants to go on is stopped, and reported. */
void journeys_overflow(struct engine *g, uint32_t person);
/* For the gap map, history included: evidence, entry conditions in the shadow, who was eligible. */
void journeys_observe(struct engine *g, uint32_t person, const struct event_view *ev);
void journeys_observe_turned(struct engine *g, uint32_t person, const uint32_t *turned, size_t n_turned);

/* MARK. The answer, once, in the order of the log (engine_admit), and what follows from it (engine_apply). */
enum mark_answer journeys_admit_mark(struct engine *g, const struct entry *en);
void journeys_mark(struct engine *g, const struct entry *en);
void journeys_outcome(struct engine *g, const struct entry *en);
/* The recipient of a message that is not settled, or whose enrolment still stands. 0 = unknown. */
uint32_t journeys_recipient(const struct engine *g, struct message_id id);

void journeys_merge(struct engine *g, uint32_t into, uint32_t from);   /* before profile_absorb empties `from` */
void journeys_erase(struct engine *g, uint32_t person);
void journeys_free(struct journeys *j);
void limits_save(const struct engine *g, struct buf *out);
void limits_load(struct engine *g, struct reader *r);
void journeys_save(struct engine *g, const struct journeys *j, struct buf *out);
struct journeys *journeys_load(struct engine *g, uint32_t person, struct reader *r);
size_t journeys_bytes(const struct journeys *j);

/* FACT_MESSAGE, FACT_TASK, FACT_WAITED, FACT_ENTRY_TIME of the enrolment at hand. */
struct value enrolment_fact(struct engine *g, const struct enrolment *en, const struct fact_path *path);
bool journeys_in(const struct journeys *j, struct str journey);
void journeys_write_json(const struct journeys *j, struct json_writer *w);    /* "enrolments":[…],"messages":[…] of engine_profile_json */

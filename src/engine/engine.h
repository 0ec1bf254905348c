/* engine.h -- the fold: entries in; profiles, segments, stages, journeys and intents out. Pure.
 *
 *	engine_admit(g, en)              whom is it about? may this message go?  — once, in log order; the answer stands in *en
 *	engine_apply(g, en, decisions)   → the next instant at which time alone changes something
 *
 * The four laws of DESIGN.md section 1 hold: what changes a result is an entry; only `at` moves the clock; people are
 * independent; a profile is brought up to date before an entry touches it. No call takes a time from the system.
 *
 * Not thread-safe: the fold thread owns it. */
#pragma once
#include "contact/message.h"
#include "event/entry.h"
#include "program/program.h"

/* Raised by every release whose fold yields something else from the same entries. */
#define FOLD_VERSION 2

struct engine;
struct engine_options {
	struct tz_set *zones;
	uint8_t hash_key[16];           /* of the workspace: addresses, message ids */
	struct str activities_tsv;      /* for programs made from entries */
	const struct program_file *shadow_files; size_t n_shadow;
};
struct engine *engine_new(const struct engine_options *o);
void engine_free(struct engine *g);

/* ---------------------------------------------------------------- what an entry decided */

enum touch_kind { TOUCH_ELIGIBLE, TOUCH_CONTACTABLE, TOUCH_REACHED, TOUCH_ELSEWHERE, TOUCH_HELD_OUT };
/* Somebody was touched by (or would have been eligible for) an activity on a day: the gap map counts these. */
struct touch { struct str activity; enum touch_kind kind; uint32_t profile; int32_t day; };
struct enrolment_change {               /* for the readable enrolment table */
	uint32_t profile, enrolment;
	struct str journey, step, key, state, reason;   /* state: waiting, sending, done, left, held_out, merged, stopped */
	wall entered, changed, due;
	uint64_t version;
	bool goal; wall goal_at; fixed goal_value;
};
struct decisions {
	struct arena arena;             /* owns every text below */
	VEC(struct stage_move) moves;
	VEC(struct message) messages;   /* inserts and updates, whole rows, by id; later ones win */
	VEC(struct enrolment_change) enrolments;
	VEC(struct touch) touches;
	VEC(struct err) reports;        /* for the data report: a wrong type, a journey stopped, … */
};
void decisions_init(struct decisions *d);
void decisions_reset(struct decisions *d);
void decisions_release(struct decisions *d);

/* ---------------------------------------------------------------- the fold */

/* Fills en->profile and en->absorbed (identity) and, for MARK, en->answer. Must be called once for each live entry, in the order of
 * the log, right before engine_apply. On replay it is not called: the index holds the answers. ERR_* never: what cannot be
 * understood concerns nobody. */
void engine_admit(struct engine *g, struct entry *en);
/* Folds one entry. Never fails. Bounded work: a tick fires at most LIMIT_ALARMS_PER_TICK alarms. Returns the next wake. */
wall engine_apply(struct engine *g, const struct entry *en, struct decisions *d);
/* For state only (recovery): the same, with decisions left out; rows newer than the entry are skipped by their position. */
wall engine_replay(struct engine *g, const struct entry *en);
/* The same, and says what it decided all the same: for tables that are written with the snapshot and not with the entry (enrolment). */
wall engine_replay_into(struct engine *g, const struct entry *en, struct decisions *d);
/* Alarms that are due at `at` and not yet fired: the backlog. */
size_t engine_backlog(const struct engine *g, wall at);
wall engine_next_wake(const struct engine *g);
wall engine_now(const struct engine *g);        /* `at` of the latest entry */
uint64_t engine_position(const struct engine *g);   /* seq of the latest entry */
/* Brings every profile to the instant `at` (alarms fired, shared changes seen): for comparing states, and for tests. */
void engine_settle(struct engine *g, wall at, struct decisions *d);

/* ---------------------------------------------------------------- programs */

/* A program made by the shell ahead of its entry, so that the entry need not compile it. The engine takes ownership. */
void engine_offer_program(struct engine *g, struct program *p);
/* The live program; NULL before the first. */
const struct program *engine_program(const struct engine *g);
/* Can an amount in this currency be counted: is it the live program's, or is a rate known at the latest entry? */
bool engine_knows_currency(const struct engine *g, struct str currency);
/* Declares the features of a program ahead of its entry: from now on its streams are fed. A fresh fold declares all programs of
 * the log first. *ret_missing: streams that need back-filling over the entries up to engine_position. */
void engine_declare(struct engine *g, struct program *p, size_t *ret_missing);
/* Back-fill: feeds one old entry (its profile as in the index) to the streams declared and still missing. Order of the log not needed. */
void engine_backfill(struct engine *g, const struct entry *en);
void engine_backfill_done(struct engine *g);
/* People who fulfil an entry by `becomes` or a segment right now: what `apply` would take in at once with already: enter. */
size_t engine_would_enter(struct engine *g, const struct program *p, struct str journey);

/* ---------------------------------------------------------------- snapshot */

struct profile_row {                    /* what stands in the table `profile` */
	uint32_t number;
	uint64_t as_of;                 /* the row contains every entry up to this seq */
	uint32_t forward;               /* merged into; 0 = no */
	struct str user_id, email, phone, country, zone, locale;
	struct str traits;              /* JSON */
	struct str anonymous_ids;       /* JSON array */
	struct str stages;              /* JSON {"race":"act",…} */
	struct str segments;            /* JSON array of names */
	struct str consent;             /* JSON {"email":{"marketing":{"granted":true,"at":…,"how":…}}} */
	wall first_seen, last_seen, alarm;
	uint64_t last_entry;            /* end of the chain: seq of the latest entry about this person */
	struct str state;               /* binary: everything the fold needs beyond the columns */
};
uint32_t engine_profile_count(const struct engine *g);      /* numbers run from 1 to this */
/* The next profile >= from that changed since it was last saved; 0 = none. */
uint32_t engine_next_dirty(const struct engine *g, uint32_t from);
/* Texts live in the arena. Saving clears the dirty mark. */
void engine_profile_save(struct engine *g, uint32_t number, struct arena *a, struct profile_row *ret);
MUST_CHECK bool engine_profile_load(struct engine *g, const struct profile_row *row, struct err *e);
/* Shared state: identity counters, suppressions, accounts, catalogue, rates, the live program's version, … */
void engine_shared_save(struct engine *g, struct buf *out);
MUST_CHECK bool engine_shared_load(struct engine *g, struct str bytes, struct err *e);
/* After all rows were loaded: rebuilds sets, alarms, directories. */
void engine_loaded(struct engine *g);
/* A hash over all state in a canonical form; equal states give equal digests in every process. `each` (may be NULL) gets the digest of
 * each profile, so that a difference can be named. */
uint64_t engine_digest(struct engine *g, void (*each)(void *self, uint32_t number, uint64_t digest), void *self);
/* Canonical text of one profile's state, for finding what differs. */
void engine_profile_dump(struct engine *g, uint32_t number, struct buf *out);

/* ---------------------------------------------------------------- questions (read only; answered by the fold thread) */

/* KEY: user id, anonymous id, e-mail, phone, or "#number". 0 = nobody. */
uint32_t engine_find(const struct engine *g, struct str key);
uint32_t engine_forward(const struct engine *g, uint32_t number);
/* Members as a portable CRoaring bitmap; false when there is no such segment. */
bool engine_segment_members(const struct engine *g, struct str name, struct buf *ret_portable_bitmap);
/* Members of a condition written now (streams must be there: else the caller back-fills a scratch engine). Slice of people [from, to);
 * appends numbers. */
void engine_condition_members(struct engine *g, const struct cond *c, uint32_t from, uint32_t to, void (*take)(void *self, uint32_t number), void *self);
/* {"model":"race","stages":[{"stage":"reach","label":…,"people":n}…]} for a model, "" = primary. */
bool engine_stages_json(const struct engine *g, struct str model, struct json_writer *w);
/* One person, without the timeline: traits, consent, stages, segments, enrolments, messages held. */
void engine_profile_json(struct engine *g, uint32_t number, struct json_writer *w);
/* {"number":…,"user_id":…,"email":…} */
void engine_profile_ids_json(const struct engine *g, uint32_t number, struct json_writer *w);
/* Why and why not: for each journey (or the one whose journey, step or template is `message`): would this person enter, which condition
 * holds and which not, where they stand, what the policy says now. */
void engine_explain_json(struct engine *g, uint32_t number, struct str message, struct json_writer *w);
/* Counters for /metrics and `serve`: profiles, enrolments, alarms, backlog, bytes. */
void engine_metrics_json(const struct engine *g, struct json_writer *w);

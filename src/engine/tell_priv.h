/* tell_priv.h -- a run in virtual time from the inside: for examples and stories. */
#pragma once
#include "engine/hand_priv.h"
#include "engine/tell.h"

/* What people and mail servers do later: opens and clicks drawn by assumption. By time, then in the order in which they were made. */
struct to_come { wall at; uint64_t n; struct str name; uint32_t profile; struct message_id id; struct str template_name; };
struct deed { size_t before; struct told told; };   /* before: messages decided by then, of this entry */
struct ready { struct message_id id; struct str frozen; };         /* frozen: heap */
struct run {
	struct engine *g;
	struct program *p;
	struct assumption as;
	struct engine_rules rules;
	struct arena arena;              /* texts of what was told */
	struct arena scratch;            /* of the entry in hand */
	struct arena heard;              /* of what a listener is being told */
	bool started;                    /* the program's entry was folded */
	struct decisions d;
	wall now;
	uint64_t seq, made;
	VEC(struct to_come) to_come;
	VEC(struct message_id) ready;    /* to hand over, in order */
	VEC(struct ready) frozen;        /* what the rows that are not settled froze */
	VEC(struct told) told;
	VEC(struct deed) deeds;
	VEC(struct stage_move) moves;    /* reasons live in the arena */
	struct idmap entered;            /* profile and enrolment: told that they entered */
	VEC(bool) consenting;            /* by profile: the assumption has been told */
	void (*hear)(void *self, const struct told *t); void *self;
	bool keeps_moves;
};

/* Folds one entry now: no time passes, nothing is handed over. */
void run_fold(struct run *r, struct entry *en);
/* The program becomes live by an entry of its own. */
void run_program(struct run *r, wall at);
/* A call as an SDK would make it: body is one JSON object. */
void run_call(struct run *r, enum entry_kind kind, struct str name, struct str body, wall at, bool history);

/* ---------------------------------------------------------------- examples.c: words of examples and stories */

struct teller {
	struct run *run;
	struct arena *arena;             /* of the example */
	const struct engine_options *options;
	struct program *p;
	const struct tz *zone;           /* of the main person */
	VEC(struct str) names;           /* people; number = place + 1 */
	VEC(struct str) accounts;        /* beside names; "" = none */
	VEC(const struct tz *) zones;
	struct str main;                 /* who is meant when nobody is named */
	VEC(struct str) only;
	VEC(struct forced_arm) arms;
};
bool local_time(const struct tz *zone, struct str text, wall *ret);           /* 2026-03-02 or 2026-03-02 18:00 */
struct str local_text(struct arena *a, const struct tz *zone, wall t);        /* 2026-03-02 18:00 */
/* An example person of people.yaml, with what is different for this once (NULL = nothing). */
MUST_CHECK bool teller_person(struct teller *t, struct str name, const struct yaml *but, const struct yaml *account, const struct yaml *predict,
    wall at, struct err *e);
/* The same under another name: anna, who is like aino. */
MUST_CHECK bool teller_person_as(struct teller *t, struct str name, struct str model, const struct yaml *but, const struct yaml *account,
    const struct yaml *predict, wall at, struct err *e);
/* One line of a story: track "X", page, consents email.marketing, opens first, done call, product mill-9, trait x = y, … */
MUST_CHECK bool teller_say(struct teller *t, struct str who, wall at, struct str line, const struct yaml *more, struct err *e);
/* "email cart_reminder/coffee to hugo": what was done, as documents write it; "" = what expectations do not name. */
struct str teller_done(const struct teller *t, const struct told *x);
uint32_t teller_number(const struct teller *t, struct str name);              /* 0 = nobody */
void teller_begin(struct teller *t, const struct engine_options *o, struct program *p, struct arena *a);
void teller_go_live(struct teller *t, wall at);
void teller_end(struct teller *t);
/* A value as an expectation writes it: 24, 24.50, "Ethiopia 1 kg, Hand mill". */
struct str flat_text(struct arena *a, const struct json *j);

/* journey.h -- journeys as a program defines them: entry, exit, goal, holdout, and steps in one flat list.
 *
 * What a journey says is in DESIGN.md section 6 and docs/journeys.md. Steps of branches and arms stand in the same
 * list; `next` and `targets` are indices. People inside keep the steps of the version they entered (journey_def is
 * immutable and kept while anybody is in it). Pure. */
#pragma once
#include "expr/expr.h"

#define STEP_KINDS(X)                                                                   \
	X(WAIT, "wait")             /* a length, until a clock, a computed length */     \
	X(WAIT_FOR, "wait for")     /* an event, with a limit */                         \
	X(WAIT_UNTIL, "wait until") /* a standing condition, with a limit */             \
	X(SEND, "send")                                                                 \
	X(BRANCH, "branch")                                                             \
	X(SPLIT, "split")                                                               \
	X(SET, "set")                                                                   \
	X(TASK, "task")                                                                 \
	X(AUDIENCE, "audience")                                                         \
	X(GO_TO, "go to")                                                               \
	X(EXIT, "exit")
enum step_kind {
#define X(name, text) STEP_##name,
	STEP_KINDS(X)
#undef X
};

#define CHANNELS(X) X(EMAIL, "email") X(PUSH, "push") X(SMS, "sms") X(WHATSAPP, "whatsapp") X(POST, "post") X(PHONE, "phone") X(WEBHOOK, "webhook") X(ONSITE, "onsite")
enum channel {
#define X(name, text) CHANNEL_##name,
	CHANNELS(X)
#undef X
	CHANNEL_COUNT
};

enum { STEP_NONE = UINT16_MAX, PRIORITY_LOW = 1, PRIORITY_NORMAL = 2, PRIORITY_HIGH = 3 };

struct variant { struct str name; const struct cond *when; /* NULL = everyone */ };
struct named_value { struct str name; const struct cond *value; };
struct offer { enum channel channel; struct str template; };      /* send: [push x, sms x] */
struct trait_set { struct str path; bool is_consent; const struct cond *value; }; /* trait.x / consent.email.marketing */

struct step_def {
	enum step_kind kind;
	struct str name;             /* given, or made: a send's template, a task's name, else "wait 3"; unique in the journey except
	                              * sends of different arms that were given the same name */
	struct str activity, note;
	const struct cond *condition; /* if: */
	uint16_t next;               /* STEP_NONE = the end */
	/* wait */
	const struct when *when;     /* WAIT; `up to` of WAIT_FOR and WAIT_UNTIL */
	const struct trigger *const *triggers; size_t n_triggers;   /* WAIT_FOR */
	const uint32_t *triggers_standing;   /* beside triggers: see entry_standing */
	uint32_t standing;           /* WAIT_UNTIL: index into the program's conditions; UINT32_MAX = `moment` is asked */
	const struct cond *until;    /* WAIT_UNTIL: the condition, for enrolment-dependent ones */
	uint16_t then_step, else_step; /* first steps; STEP_NONE = go on */
	/* send, task */
	const struct offer *offers; size_t n_offers;
	struct str purpose, topic;
	uint8_t priority;
	const struct cond *value;
	const struct when *at, *expires;
	const struct str *tags; size_t n_tags;
	const struct variant *variants; size_t n_variants;
	const struct named_value *data; size_t n_data;
	const struct expr *to; const struct cond *to_people;        /* NULL = the enrolled person */
	struct str from;
	const struct when *due;      /* task */
	/* branch and split: arms in order; condition NULL = else */
	struct { struct str name; const struct cond *condition; uint16_t share_permille; uint16_t first; } *arms;
	size_t n_arms;
	struct str experiment;
	/* set, audience, exit, go to */
	const struct trait_set *sets; size_t n_sets;
	struct str audience, audience_on; bool audience_until_left;
	struct str reason;
	uint16_t target;
};

struct journey_def {
	struct str name, label, activity, purpose, topic, note;
	bool subject_account;
	uint64_t version;            /* hash of the canonical text of entry, exit and steps */
	struct str file;
	/* entry */
	const struct trigger *const *entry_on; size_t n_entry_on;
	/* Beside entry_on: the index of the program's (hidden) condition behind a `becomes`; UINT32_MAX = another kind of trigger, or
	 * one whose condition depends on the enrolment (`becomes … since entry`), which is asked with trigger_condition(). Hidden
	 * conditions of the same text are shared, so they are found by index, never by name. */
	const uint32_t *entry_standing, *exit_standing, *goal_standing;
	const struct cond *entry_if; /* NULL = none */
	const struct cond *each;     /* collection; NULL = none */
	const struct cond *per;      /* NULL = one enrolment a person */
	bool again_never, again_always; msec again_after;
	bool already_enter, late_enter;
	uint32_t limit_n; msec limit_in;
	/* exit and goal */
	const struct trigger *const *exit_on; size_t n_exit_on;
	bool exit_on_goal;
	uint32_t exit_when;          /* condition index; UINT32_MAX = none or exit_when_moment */
	const struct cond *exit_when_moment;
	const struct trigger *const *goal_on; size_t n_goal_on;
	msec goal_within; const struct cond *goal_value;
	uint32_t holdout_permille;
	const struct variant *variants; size_t n_variants;
	const struct named_value *with; size_t n_with;   /* `with:`, for templates: conditions have them inlined */
	struct step_def *steps; uint16_t n_steps; uint16_t first;
	bool paused, draining;
};
const struct step_def *journey_step(const struct journey_def *j, struct str name);
const char *step_kind_name(enum step_kind k);
const char *channel_name(enum channel c);
/* False when there is no such channel. */
bool channel_of(struct str name, enum channel *ret);

/* message.h -- an intent and what became of it: one row of the outbox, the decision ledger.
 *
 * Every `send` that is reached gets a row in the transaction of the entry that made it, also those that may not go. The id
 * is made of the profile's number, the enrolment's own number, the step's name and the visit: free of program version
 * and of merges. When the policy says *now* the row freezes what the template reads: from then on the bytes are a pure
 * function of the row. Pure. */
#pragma once
#include "contact/policy.h"

/* state, where it may go */
#define MESSAGE_STATES(X)                                                                             \
	X(WAITING, "waiting")     /* policy said: at T, or held until a condition changes */            \
	X(READY, "ready")         /* may go: a channel pulls it and asks for the mark */                \
	X(MARKED, "marked")       /* handed over as of this entry; no outcome yet */                    \
	X(ACCEPTED, "accepted")                                                                       \
	X(DEFERRED, "deferred")   /* nothing was handed over; asks again at `due` */                    \
	X(REJECTED, "rejected")                                                                       \
	X(WITHHELD, "withheld")   /* never: the reason says why */                                      \
	X(EXPIRED, "expired")                                                                         \
	X(UNCERTAIN, "uncertain") /* a mark without an outcome: settled by the policy of its class */
enum message_state {
#define X(name, text) MESSAGE_##name,
	MESSAGE_STATES(X)
#undef X
	MESSAGE_STATE_COUNT
};
const char *message_state_name(enum message_state s);

struct message_id { uint8_t bytes[16]; };
/* First 128 bits of a keyed BLAKE2b/SipHash pair over (profile it was made for, enrolment, step name, visit). */
struct message_id message_id_make(const uint8_t key[16], uint32_t profile, uint32_t enrolment, struct str step, uint32_t visit);
void message_id_format(struct message_id id, char text[33]);    /* lower-case hex */
MUST_CHECK bool message_id_parse(struct str text, struct message_id *ret);

struct message {
	struct message_id id;
	uint32_t profile;               /* as of the latest change; follows merges */
	uint32_t enrolment, visit;
	struct str journey, step, activity;
	uint8_t channel;                /* enum channel of journey.h */
	uint8_t priority;
	uint8_t state;                  /* enum message_state */
	struct str template_name, variant, purpose, topic, tags;   /* tags: "a,b" */
	fixed value;
	wall made, due, expires, changed;   /* expires WALL_NEVER = none; due: when to ask (again) */
	enum reason reason;
	struct str detail;              /* rule, cap, SMTP reply */
	struct str address;             /* once READY */
	struct str frozen;              /* JSON: what the template reads, `now` included; once READY */
	bool tracked;                   /* opens and clicks may be tracked for this person */
	uint32_t attempts;
};

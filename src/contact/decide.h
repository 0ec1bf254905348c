/* decide.h -- the contact policy: may this be said to this person now, at T, when something changes, or never?
 *
 * One pure function of what the caller lays before it. The questions come in the order of policy.h, and the first that
 * says anything but yes is the answer: erased, suppressed → address → consent → suitability → holdout → deadline →
 * quiet hours and caps, together with the step's own clock (`at:`), for the first instant that suits all three.
 * Arbitration is between messages, so the engine does it, with contender_before().
 *
 * Rules that a reader may wonder about:
 *  - A deadline is a last instant that is already too late: at `expires` nothing goes any more. An answer that could
 *    only be at or after it is never/expired, with the rule that pushed it there as detail.
 *  - A held message whose deadline has passed is expired, not held.
 *  - A quiet window that crosses midnight belongs to the day on which it begins.
 *  - A contact leaves a rolling window of 24h exactly 24h after it: the window is (t - 24h, t].
 *  - The person's own choice replaces a cap's whole line, its room for high priority too.
 * Pure. */
#pragma once
#include "contact/policy.h"
#include "profile/consent.h"

enum contact_address {
	CONTACT_NO_ADDRESS,
	CONTACT_UNREACHABLE,    /* the channel cannot reach this person: no device, no driver */
	CONTACT_UNVERIFIED,     /* only a browser ever told it */
	CONTACT_GOOD,
};

/* A message that went, or is about to: what caps count. */
struct contact_past {
	wall at;
	uint64_t id;                     /* 0 = none; a contact of the request's own id is left out */
	uint8_t channel, priority;
	bool counts;                     /* its purpose counts, and it was not refunded */
	const struct json *intent;       /* as conditions over message.* read it … */
	struct str text;                 /* … or its JSON text, read when a cap asks; both empty = fits no `of` */
};

struct contact_request {
	const struct policy_def *policy;
	const struct facts *facts;       /* about the recipient, at `now`; zone NULL = UTC */
	struct arena *scratch;
	wall now;

	/* the intent */
	const struct json *intent;       /* {"journey","template","channel","purpose","tags","priority"} */
	struct str purpose, channel_name, topic;
	uint8_t channel;
	bool high;                       /* priority: high */
	uint64_t id;                     /* first bytes of the message id; 0 = not made yet */
	wall expires;                    /* WALL_NEVER = none */
	bool asks_to_confirm;            /* the double opt-in mail itself: may go to an unverified or unconfirmed address */
	/* The first instant >= t that the step's `at:` names; NULL = any. */
	wall (*clock)(void *self, wall t);
	void *clock_self;

	/* what the engine knows */
	bool erased;
	struct str suppressed;           /* why; empty = it is not */
	enum contact_address address;
	const struct consents *consents;
	wall last_sign;                  /* the person's last sign of life, for `renew after` */
	bool held_out;
	/* The truth of a standing condition (hold_standing); NULL = hold_if is evaluated here. */
	bool (*holds)(void *self, uint32_t condition);
	void *holds_self;
	const struct contact_past *past; size_t n_past;                 /* of the recipient, by time */
	const struct contact_past *account_past; size_t n_account_past; /* of their account; NULL = the person has none */
};

/* Texts of the verdict live in the policy or in r->scratch. */
struct verdict contact_decide(const struct contact_request *r);
/* Only whether the law and the person allow it at all: erased, suppressed, address, consent. NOW or NEVER. */
struct verdict contact_lawful(const struct contact_request *r);
/* Every question with its own answer, also those after the first no: a JSON array of
 * {"rule":"quiet hours","says":"at","at":…,"detail":…}. For explain. */
void contact_explain(const struct contact_request *r, struct json_writer *w);
/* The purpose of this name, NULL when the policy has none (nothing may be sent for it). */
const struct purpose_def *policy_purpose(const struct policy_def *p, struct str name);
/* The end of the quiet hours that t lies in, t itself when it is not quiet. *ret_by (may be NULL): which. */
wall contact_quiet_until(const struct contact_request *r, wall t, const struct quiet_def **ret_by);

/* Arbitration: does a go before b? A total order: ties end with the older, then the smaller id. */
struct contender {
	uint8_t priority;
	fixed value;
	wall made;
	uint8_t id[16];
};
bool contender_before(const struct policy_def *p, const struct contender *a, const struct contender *b);

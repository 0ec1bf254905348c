/* ask_priv.h -- a question to the contact policy, as messages and explain ask it. Private to the engine. */
#pragma once
#include "contact/decide.h"
#include "engine/hand_priv.h"

/* A question to the policy with everything it may ask for. Lives on the stack. */
struct question {
	struct contact_request r;
	struct person_facts facts;
	struct engine *g;
	uint32_t person;
	struct str to, intent;
	const struct when *at;
	const struct hand *hand;
};

/* About a message that is open; texts live in the scratch arena. */
void question_of_message(struct engine *g, uint32_t recipient, const struct open_message *om, const struct enrolment *en, const struct offer *offer,
    const struct hand *hand, struct question *q);

/* The contacts of these people, by person, then time; lives in the scratch arena. */
const struct contact_past *past_of(struct engine *g, const uint32_t *people, size_t n, size_t *ret_n);
/* The message counts against the caps from now on. */
void charge(struct engine *g, uint32_t recipient, struct open_message *om, struct str intent, bool counts);

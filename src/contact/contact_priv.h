/* contact_priv.h -- the two questions that move a message in time. */
#pragma once
#include "contact/decide.h"

/* The first instant >= t at which one more contact fits under every cap; WALL_NEVER when none ever does. *ret_by (may be NULL): the cap
 * that moved it furthest, untouched when t fits. */
wall contact_room_from(const struct contact_request *r, wall t, const struct cap_def **ret_by);

/* A copy of the ledger, in r->scratch, whose intents are read from their texts once. */
const struct contact_past *contact_past_read(const struct contact_request *r, const struct contact_past *past, size_t n);

/* A condition of the policy over message.* and the person, with this intent in hand. */
bool policy_holds(const struct contact_request *r, const struct cond *c, const struct json *intent, wall at, wall *ret_expiry);

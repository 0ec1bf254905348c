/* identity.h -- whom is an entry about? Strong ids, anonymous ids, stitching, and their limits.
 *
 * A user id is strong: one profile holds it. An anonymous id belongs to whoever used it; when it meets a user id, the
 * profile behind it is absorbed if it has no strong id of its own, and else the anonymous id becomes a pointer that moves to the
 * last to sign in. E-mail addresses never join anybody: families share them.
 *
 * identity_decide only looks; identity_learn, given the answer, makes it so. On replay the answer comes from the log. Pure. */
#pragma once
#include "profile/profile.h"

struct identity {
	uint32_t profile;                /* n + 1 = a new one; 0 = concerns nobody */
	uint32_t absorbed;               /* 0 = none */
	uint32_t refused;                /* profile that was not joined, 0 = none; with why */
	enum join_why why;
};
struct identity identity_decide(const struct people *w, const struct entry *en);
/* Gives the ids of the entry to its profile (en->profile, resolved) and says why people were joined. Does not absorb. */
void identity_learn(struct people *w, const struct entry *en, uint32_t number);
/* KEY: user id, anonymous id, e-mail, phone, or "#number". */
uint32_t identity_find(const struct people *w, struct str key);
/* The ids of a profile loaded from its row go into the directory. */
void identity_load(struct people *w, uint32_t number);

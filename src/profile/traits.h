/* traits.h -- what is known about a person: typed values under four roots (traits, preferences, topics, predictions).
 *
 * A value that came through a public key never replaces one from a trusted source: it is kept beside it as *claimed*,
 * shown, and used for nothing (DESIGN.md, Trust). Pure. */
#pragma once
#include "event/entry.h"
#include "profile/texts.h"

enum trait_root { ROOT_TRAIT, ROOT_PREFERENCE, ROOT_TOPIC, ROOT_PREDICT, ROOT_COUNT };
struct trait {
	struct str name;                 /* kept */
	uint8_t root, trust;
	bool claimed;
	wall since;                      /* when this value was told: of two people who merge the newer value stays */
	struct value value;
};
struct traits { struct trait *items; uint16_t n, cap; uint32_t bytes; };

enum trait_change { TRAIT_SAME, TRAIT_CHANGED, TRAIT_CLAIMED, TRAIT_REFUSED /* a limit */ };
/* `now`: when it was said (happened); what comes late, and is of no other trust than what stands there, changes nothing.
 * A missing value takes the trait away. `old` (may be NULL) gets what stood there: kept text or JSON that the caller drops. */
enum trait_change trait_set(struct texts *t, struct traits *ts, enum trait_root root, struct str name, const struct value *v,
    enum trust trust, wall now, struct value *old);
/* NULL when there is none. */
const struct trait *trait_find(const struct traits *ts, enum trait_root root, struct str name);
const struct trait *trait_claimed(const struct traits *ts, enum trait_root root, struct str name);
/* A path into it: "address", "city". */
struct value trait_value(const struct traits *ts, enum trait_root root, const struct str *steps, uint32_t n);
/* By root, then name, trusted before claimed: for everything that is shown or hashed. */
void traits_sort(struct traits *ts);
/* Takes over what the other knows and this one does not, or knows longer. */
void traits_merge(struct texts *t, struct traits *into, struct traits *from);
void traits_clear(struct texts *t, struct traits *ts);
void traits_save(struct traits *ts, struct buf *out);
void traits_load(struct texts *t, struct traits *ts, struct reader *r, struct arena *a);
/* {"name": value, …} of one root. */
void traits_write_json(const struct traits *ts, enum trait_root root, bool claimed, struct json_writer *w);

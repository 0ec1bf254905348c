/* cart.h -- what lies in a person's cart now: added, less removed, since it was last shown whole or ordered.
 *
 * Kept as the few acts since the last reset, in the order in which they happened, so that a late act changes what it
 * would have changed in time. Pure. */
#pragma once
#include "event/entry.h"
#include "profile/texts.h"

enum cart_act_kind { CART_ADD, CART_REMOVE, CART_SHOWN /* first line of a whole cart */, CART_EMPTY };
struct cart_act {
	wall time;
	uint64_t seq;
	uint8_t kind;
	bool all;                        /* CART_REMOVE without a quantity */
	struct str product;              /* kept */
	struct str fields;               /* kept: JSON members of the line without quantity, "" for none */
	fixed quantity, price;           /* price in the program's currency; FIXED_MISSING = not told */
};
struct cart { struct cart_act *acts; uint16_t n, cap; };
#define FIXED_MISSING INT64_MIN

/* What an event does to the cart. False when it has nothing to do with carts. `price` converts money; may be NULL. */
bool cart_event(struct texts *t, struct cart *c, struct str name, const struct json *properties, wall time, uint64_t seq,
    bool (*price)(void *self, struct str currency, wall at, fixed amount, fixed *ret), void *self);
fixed cart_count(const struct cart *c);
fixed cart_value(const struct cart *c);
/* JSON array of the lines, latest added last. */
void cart_write_json(const struct cart *c, struct json_writer *w);
void cart_merge(struct texts *t, struct cart *into, struct cart *from);
void cart_clear(struct texts *t, struct cart *c);
void cart_save(const struct cart *c, struct buf *out);
void cart_load(struct texts *t, struct cart *c, struct reader *r);

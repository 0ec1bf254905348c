/* shop.h -- a made-up shop: visitors who look, fill carts, buy, return things and open mail, from a seed.
 *
 * All events of Segment's e-commerce and e-mail specs occur. Calls come in order of time, as JSON of the tracking API. The same seed gives
 * the same calls, to the byte. Nothing here is real: addresses are in the reserved domain example.com. */
#pragma once
#include "base/civil.h"
#include "base/json.h"

struct shop_options {
	uint64_t seed;
	uint32_t visitors;       /* who ever come */
	uint32_t products;       /* 0 = 500 */
	wall from, to;           /* calls are stamped in between */
	bool no_times;           /* calls carry no timestamp: they happen when they are received */
};
struct shop;
struct shop *shop_new(const struct shop_options *o);
void shop_free(struct shop *s);
/* The next call, one JSON object without a line end, appended to `call`. False after the last. *ret_when may be NULL. */
bool shop_next(struct shop *s, struct buf *call, wall *ret_when);

/* catalog.h -- products, stores, offers, content and exchange rates, as the log told them. Pure.
 *
 * A `catalogue` entry's body:
 *
 *	{"things": [{"kind": "product", "key": "sku-1", "set": {"price": 49.90, "stock": 3, "url": null}}, …],
 *	 "rates":  [{"currency": "SEK", "day": "2026-01-01", "rate": 0.0871}, …]}
 *
 * or one thing alone: {"kind": …, "key": …, "set": {…}}. A field set to null is taken away; {"set": null} takes the thing away. A
 * rate says how much one unit of the currency is worth in the program's, from that day on (without a day: from the entry's).
 *
 * `lowest_price_30d` of a product is derived when its price changes: the lowest price of the 30 days before. */
#pragma once
#include "base/json.h"
#include "base/map.h"

struct catalog;
struct catalog *catalog_new(void);
void catalog_free(struct catalog *c);

/* One field that an entry changed; JSON lives in the arena, NULL = missing. */
struct catalog_change { struct str kind, key, field; const struct json *from, *to; };
/* Folds an entry's body. `changed` (may be NULL) hears of each field, in the order of the body. */
void catalog_apply(struct catalog *c, const struct json *body, wall at, struct arena *scratch,
    void (*changed)(void *self, const struct catalog_change *x), void *self);
/* What the documents bring along: {"product": {id: {…}}, "rate": {"SEK": 0.0871}}; fields and rates that are there already stay as they are. */
void catalog_seed(struct catalog *c, const struct json *documents);
/* The fields of a thing; NULL when there is none. Valid until the next change. */
const struct json *catalog_thing(const struct catalog *c, struct str kind, struct str key);
/* The thing of this kind that is nearest to a place, by its fields latitude and longitude; *ret_metres the distance. */
const struct json *catalog_nearest(const struct catalog *c, struct str kind, fixed latitude, fixed longitude, fixed *ret_metres);
/* Amount in the program's currency at the rate of the day; false when no rate is known by then. */
bool catalog_convert(const struct catalog *c, struct str currency, wall at, fixed amount, fixed *ret);
/* In an order that does not depend on the process. */
void catalog_save(const struct catalog *c, struct buf *out);
MUST_CHECK bool catalog_load(struct catalog *c, struct reader *r);
size_t catalog_count(const struct catalog *c);

/* random.h -- seeded sentences, conditions and histories for the tests of the condition language. */
#pragma once
#include "base/str.h"
#include "tests/unit/expr/naive.h"

struct dice {
	uint64_t state;
};
struct dice dice_of(uint64_t seed);
uint64_t roll(struct dice *d, uint64_t below);
bool chance(struct dice *d, int percent);

/* A sentence of grammar.ebnf for this form, of any meaning or none; the parser must read every one of them. */
void random_sentence(struct dice *d, enum expr_form form, struct buf *out);

/* ---- a small shop: events Order Completed (order_id, total, coupon, products), Product Viewed, Product Added, Email Opened,
 * Survey Answered (survey, score), page calls, Order Cancelled (voids), Order Refunded (subtracts total); traits country,
 * birthday, member_until, tier (ordered), score, employee, children; segments buyers, fans, quiet. */
const struct vocabulary *shop_vocabulary(void);
/* Trees of the segments, by index in the vocabulary. */
const struct expr *const *shop_segments(struct arena *a);

/* A condition over that shop; nearly all pass expr_check. RANDOM_STANDING and RANDOM_ACCOUNT stand for ever, the latter with
 * `by account`, `people`, account.x; RANDOM_MOMENT (PLACE_STEP) also looks at a trigger and `since entry`. */
enum random_kind { RANDOM_STANDING, RANDOM_ACCOUNT, RANDOM_MOMENT };
void random_condition(struct dice *d, enum random_kind kind, struct buf *out);

struct history {
	struct event_view *events;      /* by time, then seq; times lie in the 200 days before `end` */
	size_t n;
	wall end;
	const struct json *traits, *account, *consent, *topics, *preferences, *predictions, *cart, *stages;
	const struct tz *zone;
};
/* At most `max` events. Times are often whole hours and days apart, so that windows end at events. */
struct history random_history(struct dice *d, struct arena *a, const struct tz *zone, size_t max);
/* The world of the first n events (what had come by then). */
struct naive_world history_world(const struct history *h, size_t n, const struct expr *const *segments);

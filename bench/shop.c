#include "shop.h"
#include "base/map.h"
#include "base/vec.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---------------------------------------------------------------- what people do, as a table */

/* An act is one call. After it comes one of at most four others, by chance in percent, after a pause; what is left ends the visit. */
#define ACTS(X)                                                                                                                            \
	/* act, event, properties, pause in seconds, then: act percent … */                                                               \
	X(ARRIVE, "page:Home", NONE, 0, LIST, 45, SEARCH, 20, VIEW, 20, PROMO_SEEN, 10)                                                    \
	X(PROMO_SEEN, "Promotion Viewed", PROMOTION, 5, PROMO_CLICK, 30, LIST, 40, NOTHING, 0, NOTHING, 0)                                 \
	X(PROMO_CLICK, "Promotion Clicked", PROMOTION, 8, LIST, 80, VIEW, 15, NOTHING, 0, NOTHING, 0)                                      \
	X(LIST, "Product List Viewed", CATEGORY, 20, CLICK, 55, FILTER, 20, SEARCH, 5, NOTHING, 0)                                         \
	X(FILTER, "Product List Filtered", CATEGORY, 15, CLICK, 60, LIST, 15, NOTHING, 0, NOTHING, 0)                                      \
	X(SEARCH, "Products Searched", QUERY, 15, CLICK, 60, SEARCH, 15, NOTHING, 0, NOTHING, 0)                                           \
	X(CLICK, "Product Clicked", PRODUCT, 10, VIEW, 95, NOTHING, 0, NOTHING, 0, NOTHING, 0)                                             \
	X(VIEW, "Product Viewed", PRODUCT, 40, ADD, 28, LIST, 30, WISH, 5, SHARE, 2)                                                       \
	X(WISH, "Product Added to Wishlist", PRODUCT, 10, LIST, 40, UNWISH, 10, WISH_TO_CART, 15, NOTHING, 0)                              \
	X(UNWISH, "Product Removed from Wishlist", PRODUCT, 10, LIST, 40, NOTHING, 0, NOTHING, 0, NOTHING, 0)                              \
	X(WISH_TO_CART, "Wishlist Product Added to Cart", PRODUCT, 10, CART, 70, NOTHING, 0, NOTHING, 0, NOTHING, 0)                       \
	X(SHARE, "Product Shared", PRODUCT, 20, LIST, 30, NOTHING, 0, NOTHING, 0, NOTHING, 0)                                              \
	X(ADD, "Product Added", PRODUCT, 15, CART, 45, LIST, 35, VIEW, 10, NOTHING, 0)                                                     \
	X(CART, "Cart Viewed", CART_LINES, 20, CHECKOUT, 60, REMOVE, 8, CART_SHARE, 1, LIST, 10)                                           \
	X(CART_SHARE, "Cart Shared", CART_LINES, 30, CHECKOUT, 40, NOTHING, 0, NOTHING, 0, NOTHING, 0)                                     \
	X(REMOVE, "Product Removed", PRODUCT, 10, CART, 50, LIST, 20, NOTHING, 0, NOTHING, 0)                                              \
	X(CHECKOUT, "Checkout Started", CART_LINES, 30, KNOWN, 80, NOTHING, 0, NOTHING, 0, NOTHING, 0)                                     \
	X(KNOWN, "identify", NONE, 40, STEP_SEEN, 90, NOTHING, 0, NOTHING, 0, NOTHING, 0)                                                  \
	X(STEP_SEEN, "Checkout Step Viewed", STEP, 20, STEP_DONE, 90, NOTHING, 0, NOTHING, 0, NOTHING, 0)                                  \
	X(STEP_DONE, "Checkout Step Completed", STEP, 20, COUPON, 20, PAYMENT, 78, NOTHING, 0, NOTHING, 0)                                 \
	X(COUPON, "Coupon Entered", COUPON, 15, COUPON_YES, 70, COUPON_NO, 28, NOTHING, 0, NOTHING, 0)                                     \
	X(COUPON_YES, "Coupon Applied", COUPON, 5, PAYMENT, 92, COUPON_GONE, 4, NOTHING, 0, NOTHING, 0)                                    \
	X(COUPON_NO, "Coupon Denied", COUPON, 5, PAYMENT, 75, NOTHING, 0, NOTHING, 0, NOTHING, 0)                                          \
	X(COUPON_GONE, "Coupon Removed", COUPON, 10, PAYMENT, 60, NOTHING, 0, NOTHING, 0, NOTHING, 0)                                      \
	X(PAYMENT, "Payment Info Entered", STEP, 30, ORDER, 94, NOTHING, 0, NOTHING, 0, NOTHING, 0)                                        \
	X(ORDER, "Order Completed", ORDER, 20, UPDATE, 5, CANCEL, 2, NOTHING, 0, NOTHING, 0)                                               \
	X(UPDATE, "Order Updated", ORDER, 3600, NOTHING, 0, NOTHING, 0, NOTHING, 0, NOTHING, 0)                                            \
	X(CANCEL, "Order Cancelled", ORDER, 7200, NOTHING, 0, NOTHING, 0, NOTHING, 0, NOTHING, 0)                                          \
	X(REFUND, "Order Refunded", ORDER, 0, NOTHING, 0, NOTHING, 0, NOTHING, 0, NOTHING, 0)                                              \
	X(REVIEW, "Product Reviewed", PRODUCT, 0, NOTHING, 0, NOTHING, 0, NOTHING, 0, NOTHING, 0)                                          \
	X(MAIL, "Email Delivered", MAIL, 0, MAIL_OPEN, 35, MAIL_BOUNCE, 1, NOTHING, 0, NOTHING, 0)                                         \
	X(MAIL_OPEN, "Email Opened", MAIL, 5000, MAIL_CLICK, 20, MAIL_LEAVE, 1, MAIL_SPAM, 0, NOTHING, 0)                                  \
	X(MAIL_CLICK, "Email Link Clicked", MAIL, 60, ARRIVE, 90, NOTHING, 0, NOTHING, 0, NOTHING, 0)                                      \
	X(MAIL_BOUNCE, "Email Bounced", MAIL, 30, NOTHING, 0, NOTHING, 0, NOTHING, 0, NOTHING, 0)                                          \
	X(MAIL_LEAVE, "Unsubscribed", MAIL, 60, MAIL_SPAM, 10, NOTHING, 0, NOTHING, 0, NOTHING, 0)                                         \
	X(MAIL_SPAM, "Email Marked as Spam", MAIL, 60, NOTHING, 0, NOTHING, 0, NOTHING, 0, NOTHING, 0)

enum act {
	ACT_NOTHING,
#define X(act, ...) ACT_##act,
	ACTS(X)
#undef X
};
enum says { SAYS_NONE, SAYS_PRODUCT, SAYS_CATEGORY, SAYS_QUERY, SAYS_CART_LINES, SAYS_STEP, SAYS_COUPON, SAYS_ORDER, SAYS_PROMOTION, SAYS_MAIL };
struct act_def {
	const char *event;
	enum says says;
	int pause;
	struct { enum act act; int percent; } next[4];
};
static const struct act_def acts[] = {
    [ACT_NOTHING] = {.event = NULL},
#define X(act, event, says, pause, a1, p1, a2, p2, a3, p3, a4, p4) \
	[ACT_##act] = {event, SAYS_##says, pause, {{ACT_##a1, p1}, {ACT_##a2, p2}, {ACT_##a3, p3}, {ACT_##a4, p4}}},
    ACTS(X)
#undef X
};

/* ---------------------------------------------------------------- the state */

enum { CART_MOST = 8 };
struct visitor {
	wall next;
	uint32_t number, product, order;
	enum act act;
	bool known;
	uint8_t n_cart;
	uint32_t cart[CART_MOST];
};
struct shop {
	struct shop_options o;
	uint64_t dice;
	struct visitor *visitors;
	VEC(uint32_t) heap;              /* visitors by the time of their next act */
	uint64_t calls;
};

static uint64_t
roll(struct shop *s)
{
	/* splitmix64 */
	uint64_t z = s->dice += 0x9E3779B97F4A7C15ull;
	z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9ull;
	z = (z ^ z >> 27) * 0x94D049BB133111EBull;
	return z ^ z >> 31;
}

static uint32_t
below(struct shop *s, uint32_t n)
{
	return (uint32_t)(roll(s) % n);
}

/* Few products sell most: the square of an even draw. */
static uint32_t
some_product(struct shop *s)
{
	uint64_t d = below(s, 10000);
	return (uint32_t)(d * d * s->o.products / 100000000);
}

static bool
earlier(const struct shop *s, uint32_t a, uint32_t b)
{
	const struct visitor *x = &s->visitors[a], *y = &s->visitors[b];
	return x->next.ms != y->next.ms ? x->next.ms < y->next.ms : a < b;
}

static void
sift_down(struct shop *s, size_t i)
{
	uint32_t *h = s->heap.items, moving = h[i];
	for (size_t child; (child = 2 * i + 1) < s->heap.len; i = child) {
		child += child + 1 < s->heap.len && earlier(s, h[child + 1], h[child]);
		if (!earlier(s, h[child], moving))
			break;
		h[i] = h[child];
	}
	h[i] = moving;
}

struct shop *
shop_new(const struct shop_options *o)
{
	struct shop *s = mem_alloc(sizeof(*s));
	s->o = *o;
	s->o.products = o->products ? o->products : 500;
	s->dice = o->seed;
	s->visitors = mem_alloc((o->visitors + 1) * sizeof(*s->visitors));
	int64_t span = o->to.ms - o->from.ms;
	for (uint32_t i = 0; i < o->visitors; i++) {
		s->visitors[i] = (struct visitor){.number = i, .act = ACT_ARRIVE,
		    .next = {o->from.ms + (int64_t)(roll(s) % (uint64_t)(span > 0 ? span : 1))}};
		*vec_push(&s->heap) = i;
	}
	for (size_t i = s->heap.len / 2; i-- > 0;)
		sift_down(s, i);
	return s;
}

void
shop_free(struct shop *s)
{
	if (!s)
		return;
	mem_free(s->visitors);
	vec_release(&s->heap);
	mem_free(s);
}

/* ---------------------------------------------------------------- what a call says */

static const char *const categories[] = {"coffee", "tea", "mills", "cups", "baby", "garden", "books", "bread"};
static const char *const first_names[] = {"Anna", "Ben", "Chi", "Dara", "Eero", "Fatima", "Gita", "Hugo", "Iris", "Joko"};

static fixed
price_of(uint32_t product)
{
	return (fixed)(3 + product * 7919u % 120) * FIXED_ONE + 9000;
}

static void
write_product(struct json_writer *w, uint32_t product)
{
	char text[48];
	snprintf(text, sizeof(text), "sku-%u", product);
	jw_kstr(w, "product_id", str_of(text));
	jw_kstr(w, "sku", str_of(text));
	snprintf(text, sizeof(text), "%s no. %u", categories[product % COUNT(categories)], product);
	jw_kstr(w, "name", str_of(text));
	jw_kstr(w, "category", str_of(categories[product % COUNT(categories)]));
	jw_kfixed(w, "price", price_of(product));
	jw_kint(w, "quantity", 1);
	jw_kstr(w, "currency", STR("EUR"));
}

static void
write_cart(struct json_writer *w, const struct visitor *v, bool order)
{
	char text[48];
	fixed total = 0;
	for (uint8_t i = 0; i < v->n_cart; i++)
		total += price_of(v->cart[i]);
	if (order) {
		snprintf(text, sizeof(text), "order-%u-%u", v->number, v->order);
		jw_kstr(w, "order_id", str_of(text));
		jw_kfixed(w, "total", total + 45000);
		jw_kfixed(w, "revenue", total);
		jw_kfixed(w, "shipping", 45000);
	} else {
		snprintf(text, sizeof(text), "cart-%u", v->number);
		jw_kstr(w, "cart_id", str_of(text));
		jw_kfixed(w, "value", total);
	}
	jw_kstr(w, "currency", STR("EUR"));
	jw_karray(w, "products");
	for (uint8_t i = 0; i < v->n_cart; i++) {
		jw_object(w);
		write_product(w, v->cart[i]);
		jw_object_end(w);
	}
	jw_array_end(w);
}

static void
write_says(struct json_writer *w, const struct visitor *v, enum says says)
{
	char text[64];
	switch (says) {
	case SAYS_PRODUCT:
		write_product(w, v->product);
		break;
	case SAYS_CATEGORY:
		jw_kstr(w, "category", str_of(categories[v->product % COUNT(categories)]));
		break;
	case SAYS_QUERY:
		jw_kstr(w, "query", str_of(categories[v->product % COUNT(categories)]));
		break;
	case SAYS_CART_LINES:
	case SAYS_ORDER:
		write_cart(w, v, says == SAYS_ORDER);
		break;
	case SAYS_STEP:
		snprintf(text, sizeof(text), "checkout-%u-%u", v->number, v->order);
		jw_kstr(w, "checkout_id", str_of(text));
		jw_kint(w, "step", 1);
		break;
	case SAYS_COUPON:
		jw_kstr(w, "coupon_id", STR("SPRING"));
		jw_kfixed(w, "discount", 50000);
		break;
	case SAYS_PROMOTION:
		jw_kstr(w, "promotion_id", STR("spring"));
		jw_kstr(w, "position", STR("home top"));
		break;
	case SAYS_MAIL:
		jw_kstr(w, "campaign_name", STR("letter"));
		snprintf(text, sizeof(text), "letter-%u", v->order);
		jw_kstr(w, "email_id", str_of(text));
		break;
	case SAYS_NONE:
		break;
	}
}

static void
write_call(struct shop *s, const struct visitor *v, struct buf *call)
{
	const struct act_def *def = &acts[v->act];
	struct json_writer w = json_writer_on(call);
	char text[96];
	bool page = str_starts(str_of(def->event), STR("page:")), identify = str_eq(str_of(def->event), STR("identify"));
	jw_object(&w);
	jw_kstr(&w, "type", page ? STR("page") : identify ? STR("identify") : STR("track"));
	snprintf(text, sizeof(text), "%llx-%llx", (unsigned long long)s->o.seed, (unsigned long long)s->calls++);
	jw_kstr(&w, "messageId", str_of(text));
	snprintf(text, sizeof(text), "visitor-%u", v->number);
	jw_kstr(&w, "anonymousId", str_of(text));
	if (v->known || identify) {
		snprintf(text, sizeof(text), "customer-%u", v->number);
		jw_kstr(&w, "userId", str_of(text));
	}
	if (!s->o.no_times)
		jw_kwall(&w, "timestamp", v->next);
	if (identify) {
		jw_kobject(&w, "traits");
		snprintf(text, sizeof(text), "customer-%u@example.com", v->number);
		jw_kstr(&w, "email", str_of(text));
		jw_kstr(&w, "firstName", str_of(first_names[v->number % COUNT(first_names)]));
		jw_kstr(&w, "country", v->number % 3 ? STR("FI") : STR("ID"));
	} else {
		if (!page)
			jw_kstr(&w, "event", str_of(def->event));
		else
			jw_kstr(&w, "name", str_of(def->event + 5));
		jw_kobject(&w, "properties");
		write_says(&w, v, def->says);
	}
	jw_object_end(&w);
	jw_object_end(&w);
}

/* ---------------------------------------------------------------- what comes next */

static void
take_effect(struct shop *s, struct visitor *v)
{
	if (v->act == ACT_LIST || v->act == ACT_SEARCH || v->act == ACT_ARRIVE)
		v->product = some_product(s);
	if ((v->act == ACT_ADD || v->act == ACT_WISH_TO_CART) && v->n_cart < CART_MOST)
		v->cart[v->n_cart++] = v->product;
	if (v->act == ACT_REMOVE && v->n_cart)
		v->n_cart--;
	if (v->act == ACT_KNOWN)
		v->known = true;
	if (v->act == ACT_ORDER)
		v->order++;
}

/* Between visits: days of silence, then a visit; sometimes a letter, a review or a return. The rhythm is the visitor's own. */
static void
plan_return(struct shop *s, struct visitor *v, enum act was)
{
	uint32_t rhythm_h = 24 + v->number * 2654435761u % (60 * 24);
	bool bought = was == ACT_ORDER || was == ACT_UPDATE;
	uint32_t chance = below(s, 100);
	v->next = wall_add(v->next, (msec)(rhythm_h / 2 + below(s, rhythm_h)) * HOUR + (msec)below(s, 3600000));
	v->act = ACT_ARRIVE;
	if (bought && chance < 4)
		v->act = ACT_REFUND;
	else if (bought && chance < 12)
		v->act = ACT_REVIEW;
	else if (v->known && chance < 40)
		v->act = ACT_MAIL;
	if (v->act != ACT_REFUND && bought)
		v->n_cart = 0;
	/* One in fifty never comes back. */
	if (below(s, 50) == 0)
		v->next = WALL_NEVER;
}

static void
plan(struct shop *s, struct visitor *v)
{
	const struct act_def *def = &acts[v->act];
	enum act was = v->act;
	int chance = (int)below(s, 100);
	take_effect(s, v);
	if (was == ACT_REFUND || was == ACT_CANCEL)
		v->n_cart = 0;
	for (size_t i = 0; i < COUNT(def->next); i++) {
		chance -= def->next[i].percent;
		enum act next = def->next[i].act;
		bool possible = v->n_cart || (next != ACT_CHECKOUT && next != ACT_REMOVE && next != ACT_CART);
		if (chance < 0 && next != ACT_NOTHING && possible) {
			v->act = next;
			v->next = wall_add(v->next, (msec)(acts[next].pause ? 1 + below(s, 2 * (uint32_t)acts[next].pause) : 1) * SECOND);
			return;
		}
	}
	plan_return(s, v, was);
}

bool
shop_next(struct shop *s, struct buf *call, wall *ret_when)
{
	if (!s->heap.len)
		return false;
	struct visitor *v = &s->visitors[s->heap.items[0]];
	if (v->next.ms >= s->o.to.ms)
		return false;
	if (ret_when)
		*ret_when = v->next;
	if (v->act == ACT_KNOWN || v->act == ACT_ORDER)
		v->known = true;
	if (v->act == ACT_ADD && v->n_cart == CART_MOST)
		v->act = ACT_CART;
	write_call(s, v, call);
	plan(s, v);
	sift_down(s, 0);
	return true;
}

#include "profile/cart.h"
#include "base/limits.h"
#include <string.h>

enum { CART_ACTS = 4 * LIMIT_CART_LINES };

typedef bool (*price_fn)(void *self, struct str currency, wall at, fixed amount, fixed *ret);

struct cart_line {
	const struct cart_act *act;      /* whose fields are shown */
	fixed quantity;
};

/* ---------------------------------------------------------------- acts */

static void
act_drop(struct texts *t, struct cart_act *a)
{
	text_drop(t, a->product);
	text_drop(t, a->fields);
}

static bool
is_reset(const struct cart_act *a)
{
	return a->kind == CART_SHOWN || a->kind == CART_EMPTY;
}

static bool
is_later(const struct cart_act *a, const struct cart_act *b)
{
	return a->time.ms != b->time.ms ? a->time.ms > b->time.ms : a->seq > b->seq;
}

static void
drop_before(struct texts *t, struct cart *c, uint32_t n)
{
	if (n == 0)
		return;
	for (uint32_t i = 0; i < n; i++)
		act_drop(t, &c->acts[i]);
	memmove(c->acts, c->acts + n, sizeof(*c->acts) * (c->n - n));
	c->n = (uint16_t)(c->n - n);
}

/* Puts an act where it belongs; owns its texts from here on. */
static void
act_put(struct texts *t, struct cart *c, struct cart_act act)
{
	uint32_t at = c->n;
	while (at > 0 && is_later(&c->acts[at - 1], &act))
		at--;
	if (at < c->n && is_reset(&c->acts[0]) && at == 0) {
		act_drop(t, &act);       /* before the last reset: it has gone already */
		return;
	}
	if (c->n == c->cap) {
		c->cap = (uint16_t)(c->cap ? c->cap * 2 : 1);    /* most people hold one act: their latest order */
		c->acts = mem_realloc(c->acts, sizeof(*c->acts) * c->cap);
	}
	memmove(&c->acts[at + 1], &c->acts[at], sizeof(*c->acts) * (c->n - at));
	c->acts[at] = act;
	c->n++;
	if (is_reset(&act) && !(at > 0 && act.kind == CART_SHOWN && c->acts[at - 1].kind == CART_SHOWN && c->acts[at - 1].seq == act.seq))
		drop_before(t, c, at);
	if (c->n > CART_ACTS)
		drop_before(t, c, c->n - CART_ACTS);
}

static struct str
product_of(const struct json *line)
{
	static const char *const names[] = {"product_id", "sku", "variant"};
	for (size_t i = 0; i < COUNT(names); i++) {
		const struct json *j = json_get(line, str_of(names[i]));
		if (json_is(j, JSON_TEXT) && j->text.len)
			return j->text;
		if (json_is_number(j))
			return j->span;
	}
	return (struct str){0};
}

/* The line's members as JSON, without what is counted apart or belongs to the event. */
static struct str
fields_of(struct texts *t, const struct json *line)
{
	struct buf text = {0};
	struct json_writer w = json_writer_on(&text);
	jw_object(&w);
	json_each (f, line) {
		if (str_eq(f->key, STR("quantity")) || str_eq(f->key, STR("cart_id")))
			continue;
		jw_key(&w, f->key);
		jw_json(&w, f);
	}
	jw_object_end(&w);
	struct str kept = text.len <= LIMIT_CALL_BYTES / 8 ? text_keep(t, buf_str(&text)) : (struct str){0};
	buf_release(&text);
	return kept;
}

static struct cart_act
act_of_line(struct texts *t, enum cart_act_kind kind, const struct json *line, struct str currency, wall time, uint64_t seq, price_fn price,
    void *self)
{
	struct cart_act a = {.time = time, .seq = seq, .kind = (uint8_t)kind, .product = text_keep(t, product_of(line)), .price = FIXED_MISSING};
	const struct json *quantity = json_get(line, STR("quantity"));
	a.all = !json_fixed(quantity, &a.quantity);
	if (a.all || a.quantity < 0)
		a.quantity = FIXED_ONE;
	if (kind == CART_REMOVE)
		return a;
	a.fields = fields_of(t, line);
	struct str own = json_text(json_get(line, STR("currency")));
	fixed raw;
	if (json_fixed(json_get(line, STR("price")), &raw) && (!price || !price(self, own.len ? own : currency, time, raw, &a.price)))
		a.price = price ? FIXED_MISSING : raw;
	return a;
}

static void
show_whole(struct texts *t, struct cart *c, const struct json *properties, const struct json *lines, wall time, uint64_t seq, price_fn price,
    void *self)
{
	struct str currency = json_text(json_get(properties, STR("currency")));
	uint32_t n = 0;
	json_each (line, lines) {
		if (!json_is(line, JSON_OBJECT) || product_of(line).len == 0 || n == LIMIT_CART_LINES)
			continue;
		act_put(t, c, act_of_line(t, CART_SHOWN, line, currency, time, seq, price, self));
		n++;
	}
	if (n == 0)
		act_put(t, c, (struct cart_act){.time = time, .seq = seq, .kind = CART_EMPTY});
}

bool
cart_event(struct texts *t, struct cart *c, struct str name, const struct json *properties, wall time, uint64_t seq, price_fn price, void *self)
{
	bool added = str_eq(name, STR("Product Added"));
	if (added || str_eq(name, STR("Product Removed"))) {
		if (product_of(properties).len == 0)
			return false;
		struct str currency = json_text(json_get(properties, STR("currency")));
		act_put(t, c, act_of_line(t, added ? CART_ADD : CART_REMOVE, properties, currency, time, seq, price, self));
		return true;
	}
	if (str_eq(name, STR("Cart Viewed"))) {
		const struct json *lines = json_get(properties, STR("products"));
		if (!json_is(lines, JSON_ARRAY))
			return false;
		show_whole(t, c, properties, lines, time, seq, price, self);
		return true;
	}
	if (!str_eq(name, STR("Order Completed")))
		return false;
	act_put(t, c, (struct cart_act){.time = time, .seq = seq, .kind = CART_EMPTY});
	return true;
}

/* ---------------------------------------------------------------- lines */

static struct cart_line *
line_find(struct cart_line *lines, uint32_t n, struct str product)
{
	for (uint32_t i = 0; i < n; i++)
		if (lines[i].act->product.ptr == product.ptr)
			return &lines[i];
	return NULL;
}

static void
line_remove(struct cart_line *lines, uint32_t *n, struct cart_line *x)
{
	memmove(x, x + 1, sizeof(*x) * (size_t)(&lines[*n] - (x + 1)));
	--*n;
}

static uint32_t
cart_lines(const struct cart *c, struct cart_line lines[static LIMIT_CART_LINES])
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < c->n; i++) {
		const struct cart_act *a = &c->acts[i];
		struct cart_line *x = line_find(lines, n, a->product);
		if (a->kind == CART_EMPTY) {
			n = 0;
		} else if (a->kind == CART_REMOVE) {
			if (x && (a->all || x->quantity <= a->quantity))
				line_remove(lines, &n, x);
			else if (x)
				x->quantity -= a->quantity;
		} else if (x) {
			if (__builtin_add_overflow(x->quantity, a->quantity, &x->quantity))
				x->quantity = INT64_MAX;
			x->act = a;
		} else {
			if (n == LIMIT_CART_LINES)
				line_remove(lines, &n, &lines[0]);
			lines[n++] = (struct cart_line){a, a->quantity};
		}
	}
	return n;
}

fixed
cart_count(const struct cart *c)
{
	struct cart_line lines[LIMIT_CART_LINES];
	return (fixed)cart_lines(c, lines) * FIXED_ONE;
}

fixed
cart_value(const struct cart *c)
{
	struct cart_line lines[LIMIT_CART_LINES];
	uint32_t n = cart_lines(c, lines);
	fixed sum = 0;
	for (uint32_t i = 0; i < n; i++) {
		fixed line;
		if (lines[i].act->price == FIXED_MISSING || !fixed_mul(lines[i].act->price, lines[i].quantity, &line))
			continue;
		if (__builtin_add_overflow(sum, line, &sum))
			sum = INT64_MAX;
	}
	return sum;
}

void
cart_write_json(const struct cart *c, struct json_writer *w)
{
	struct cart_line lines[LIMIT_CART_LINES];
	uint32_t n = cart_lines(c, lines);
	jw_array(w);
	for (uint32_t i = 0; i < n; i++) {
		struct buf line = {0};
		char quantity[32];
		struct str fields = lines[i].act->fields;
		buf_add_str(&line, fields.len ? str_slice(fields, 0, fields.len - 1) : STR("{"));
		buf_add_cstr(&line, line.len > 1 ? ",\"quantity\":" : "\"quantity\":");
		buf_add(&line, quantity, fixed_format(lines[i].quantity, quantity));
		buf_add_char(&line, '}');
		jw_raw(w, buf_str(&line));
		buf_release(&line);
	}
	jw_array_end(w);
}

/* ---------------------------------------------------------------- life */

void
cart_merge(struct texts *t, struct cart *into, struct cart *from)
{
	for (uint32_t i = 0; i < from->n; i++)
		act_put(t, into, from->acts[i]);
	mem_free(from->acts);
	*from = (struct cart){0};
}

void
cart_clear(struct texts *t, struct cart *c)
{
	drop_before(t, c, c->n);
	mem_free(c->acts);
	*c = (struct cart){0};
}

void
cart_save(const struct cart *c, struct buf *out)
{
	buf_add_varint(out, c->n);
	for (uint32_t i = 0; i < c->n; i++) {
		const struct cart_act *a = &c->acts[i];
		buf_add_zigzag(out, a->time.ms);
		buf_add_varint(out, a->seq);
		buf_add_char(out, (char)(a->kind | (a->all ? 0x10 : 0)));
		buf_add_lstr(out, a->product);
		buf_add_lstr(out, a->fields);
		buf_add_zigzag(out, a->quantity);
		buf_add_zigzag(out, a->price);
	}
}

void
cart_load(struct texts *t, struct cart *c, struct reader *r)
{
	for (uint64_t n = read_varint(r); n > 0 && !r->bad; n--) {
		struct cart_act a = {0};
		a.time.ms = read_zigzag(r);
		a.seq = read_varint(r);
		uint8_t kind = read_u8(r);
		a.kind = kind & 0xf;
		a.all = kind & 0x10;
		struct str product = read_lstr(r), fields = read_lstr(r);
		a.quantity = read_zigzag(r);
		a.price = read_zigzag(r);
		if (r->bad || a.kind > CART_EMPTY) {
			r->bad = true;
			return;
		}
		if (c->n == c->cap) {
			c->cap = (uint16_t)(c->cap ? c->cap * 2 : 2);
			c->acts = mem_realloc(c->acts, sizeof(*c->acts) * c->cap);
		}
		a.product = text_keep(t, product);
		a.fields = text_keep(t, fields);
		c->acts[c->n++] = a;
	}
}

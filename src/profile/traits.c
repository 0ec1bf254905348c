#include "profile/traits.h"
#include "base/limits.h"
#include <stdlib.h>
#include <string.h>

static struct trait *
find(const struct traits *ts, enum trait_root root, struct str name, bool claimed)
{
	for (uint32_t i = 0; i < ts->n; i++) {
		struct trait *x = &ts->items[i];
		if (x->name.len == name.len && x->root == root && x->claimed == claimed && memcmp(x->name.ptr, name.ptr, name.len) == 0)
			return x;
	}
	return NULL;
}

const struct trait *
trait_find(const struct traits *ts, enum trait_root root, struct str name)
{
	return find(ts, root, name, false);
}

const struct trait *
trait_claimed(const struct traits *ts, enum trait_root root, struct str name)
{
	return find(ts, root, name, true);
}

/* Of what the value says, not of how it was written: a value that comes back from a row must weigh the same. */
static uint32_t
json_bytes(const struct json *j)
{
	size_t bytes = sizeof(*j) * j->next;
	for (uint32_t i = 0; i < j->next; i++)
		bytes += (i ? j[i].key.len : 0) + (j[i].kind == JSON_TEXT ? j[i].text.len : 0);
	return bytes > UINT32_MAX / 2 ? UINT32_MAX / 2 : (uint32_t)bytes;
}

static uint32_t
value_bytes(const struct value *v)
{
	size_t len = v->kind == VALUE_TEXT ? v->text.len : 8;
	return v->kind == VALUE_JSON ? json_bytes(v->json) : len > UINT32_MAX / 2 ? UINT32_MAX / 2 : (uint32_t)len;
}

static bool
json_same(const struct json *a, const struct json *b)
{
	struct buf x = {0}, y = {0};
	struct json_writer wx = json_writer_on(&x), wy = json_writer_on(&y);
	jw_json(&wx, a);
	jw_json(&wy, b);
	bool same = str_eq(buf_str(&x), buf_str(&y));
	buf_release(&x);
	buf_release(&y);
	return same;
}

static bool
value_same(const struct value *a, const struct value *b)
{
	if (a->kind != b->kind)
		return false;
	return a->kind == VALUE_JSON ? json_same(a->json, b->json) : value_equal(a, b);
}

static void
trait_remove(struct texts *t, struct traits *ts, struct trait *x)
{
	ts->bytes -= value_bytes(&x->value) + (uint32_t)x->name.len;
	text_drop(t, x->name);
	value_drop(t, &x->value);
	memmove(x, x + 1, sizeof(*x) * (size_t)(&ts->items[ts->n] - (x + 1)));
	ts->n--;
}

static struct trait *
trait_add(struct texts *t, struct traits *ts, enum trait_root root, struct str name, bool claimed)
{
	if (ts->n == ts->cap) {
		ts->cap = (uint16_t)(ts->cap + ts->cap / 2 + 1);
		ts->items = mem_realloc(ts->items, sizeof(*ts->items) * ts->cap);
	}
	struct trait *x = &ts->items[ts->n++];
	*x = (struct trait){.name = text_keep(t, name), .root = (uint8_t)root, .claimed = claimed};
	ts->bytes += (uint32_t)name.len;
	return x;
}

enum trait_change
trait_set(struct texts *t, struct traits *ts, enum trait_root root, struct str name, const struct value *v, enum trust trust, wall now,
    struct value *old)
{
	struct trait *x = find(ts, root, name, false);
	bool claimed = x && trust == TRUST_PUBLIC && x->trust != TRUST_PUBLIC && !value_same(&x->value, v);
	if (claimed)
		x = find(ts, root, name, true);
	if (x && now.ms < x->since.ms && (trust != TRUST_PUBLIC) == (x->trust != TRUST_PUBLIC))
		return TRAIT_SAME;
	if (x && !claimed && trust > x->trust)
		x->trust = (uint8_t)trust;
	if (x ? value_same(&x->value, v) : v->kind == VALUE_MISSING)
		return TRAIT_SAME;
	uint32_t had = x ? value_bytes(&x->value) : 0;
	bool too_much = v->kind != VALUE_MISSING &&
	    ((!x && ts->n >= LIMIT_TRAITS) || ts->bytes - had + value_bytes(v) + (x ? 0 : name.len) > LIMIT_TRAIT_BYTES);
	if (name.len == 0 || name.len > LIMIT_NAME_BYTES || too_much)
		return TRAIT_REFUSED;
	if (old && x)
		*old = value_keep(t, &x->value);
	if (v->kind == VALUE_MISSING) {
		trait_remove(t, ts, x);
		return claimed ? TRAIT_CLAIMED : TRAIT_CHANGED;
	}
	if (!x)
		x = trait_add(t, ts, root, name, claimed);
	struct value kept = value_keep(t, v);
	value_drop(t, &x->value);
	x->value = kept;
	x->trust = (uint8_t)trust;
	x->since = now;
	ts->bytes += value_bytes(&x->value) - had;
	return claimed ? TRAIT_CLAIMED : TRAIT_CHANGED;
}

struct value
trait_value(const struct traits *ts, enum trait_root root, const struct str *steps, uint32_t n)
{
	const struct trait *x = n ? find(ts, root, steps[0], false) : NULL;
	if (!x)
		return VALUE_NONE;
	if (n == 1)
		return x->value;
	const struct json *j = x->value.kind == VALUE_JSON ? x->value.json : NULL;
	for (uint32_t i = 1; i < n && j; i++)
		j = json_get(j, steps[i]);
	return j ? value_of_json(j) : VALUE_NONE;
}

static int
by_name(const void *a, const void *b)
{
	const struct trait *x = a, *y = b;
	if (x->root != y->root)
		return x->root < y->root ? -1 : 1;
	int c = str_cmp(x->name, y->name);
	return c ? c : (int)x->claimed - (int)y->claimed;
}

void
traits_sort(struct traits *ts)
{
	if (ts->n > 1)
		qsort(ts->items, ts->n, sizeof(*ts->items), by_name);
}

void
traits_merge(struct texts *t, struct traits *into, struct traits *from)
{
	traits_sort(from);
	for (uint32_t i = 0; i < from->n; i++) {
		const struct trait *x = &from->items[i];
		const struct trait *have = find(into, x->root, x->name, x->claimed);
		if (have && (have->trust > x->trust || (have->trust == x->trust && have->since.ms >= x->since.ms)))
			continue;
		trait_set(t, into, x->root, x->name, &x->value, x->trust, x->since, NULL);
	}
	traits_clear(t, from);
}

void
traits_clear(struct texts *t, struct traits *ts)
{
	for (uint32_t i = 0; i < ts->n; i++) {
		text_drop(t, ts->items[i].name);
		value_drop(t, &ts->items[i].value);
	}
	mem_free(ts->items);
	*ts = (struct traits){0};
}

void
traits_save(struct traits *ts, struct buf *out)
{
	traits_sort(ts);
	buf_add_varint(out, ts->n);
	for (uint32_t i = 0; i < ts->n; i++) {
		const struct trait *x = &ts->items[i];
		buf_add_lstr(out, x->name);
		buf_add_char(out, (char)(x->root | (x->claimed ? 0x10 : 0)));
		buf_add_char(out, (char)x->trust);
		buf_add_zigzag(out, x->since.ms);
		value_save(&x->value, out);
	}
}

void
traits_load(struct texts *t, struct traits *ts, struct reader *r, struct arena *a)
{
	for (uint64_t n = read_varint(r); n > 0 && !r->bad; n--) {
		struct str name = read_lstr(r);
		uint8_t root = read_u8(r), trust = read_u8(r);
		wall since = {read_zigzag(r)};
		struct value v = value_load(r, a);
		if (r->bad || (root & 0xf) >= ROOT_COUNT || trust > TRUST_SELF) {
			r->bad = true;
			return;
		}
		struct trait *x = trait_add(t, ts, root & 0xf, name, root & 0x10);
		x->value = value_keep(t, &v);
		x->trust = trust;
		x->since = since;
		ts->bytes += value_bytes(&x->value);
	}
}

void
traits_write_json(const struct traits *ts, enum trait_root root, bool claimed, struct json_writer *w)
{
	jw_object(w);
	for (uint32_t i = 0; i < ts->n; i++) {
		const struct trait *x = &ts->items[i];
		if (x->root != root || x->claimed != claimed)
			continue;
		jw_key(w, x->name);
		value_write_json(&x->value, w);
	}
	jw_object_end(w);
}

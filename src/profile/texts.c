#include "profile/texts.h"
#include "base/map.h"
#include <string.h>

struct text {
	uint32_t holders, len;
	uint64_t hash;
	char bytes[];
};

static struct text *
text_of(struct str kept)
{
	return (struct text *)(void *)((char *)(uintptr_t)kept.ptr - offsetof(struct text, bytes));
}

void
texts_release(struct texts *t)
{
	for (uint32_t i = 0; i < t->cap; i++)
		mem_free(t->slots[i]);
	mem_free(t->slots);
	mem_free(t->tags);
	*t = (struct texts){0};
}

/* The slot where the text stands, or the free one where it would go. */
static uint32_t
slot_of(const struct texts *t, struct str s, uint64_t hash)
{
	uint32_t i = (uint32_t)hash & (t->cap - 1);
	while (t->slots[i]) {
		const struct text *x = t->slots[i];
		if (t->tags[i] == (uint32_t)hash && x->hash == hash && x->len == s.len && memcmp(x->bytes, s.ptr, s.len) == 0)
			break;
		i = (i + 1) & (t->cap - 1);
	}
	return i;
}

static void
texts_grow(struct texts *t)
{
	struct texts bigger = *t;
	bigger.cap = t->cap ? t->cap * 2 : 64;
	bigger.slots = mem_alloc(sizeof(*bigger.slots) * bigger.cap);
	bigger.tags = mem_alloc(sizeof(*bigger.tags) * bigger.cap);
	for (uint32_t i = 0; i < t->cap; i++) {
		if (!t->slots[i])
			continue;
		uint32_t at = t->tags[i] & (bigger.cap - 1);
		while (bigger.slots[at])
			at = (at + 1) & (bigger.cap - 1);
		bigger.slots[at] = t->slots[i];
		bigger.tags[at] = t->tags[i];
	}
	mem_free(t->slots);
	mem_free(t->tags);
	*t = bigger;
}

struct str
text_keep(struct texts *t, struct str s)
{
	if (s.len == 0 || s.len > UINT32_MAX)
		return (struct str){0};
	if (t->len + t->len / 2 >= t->cap)
		texts_grow(t);
	uint64_t hash = hash_bytes(s);
	uint32_t i = slot_of(t, s, hash);
	struct text *x = t->slots[i];
	if (!x) {
		x = mem_alloc(sizeof(*x) + s.len + 1);
		x->hash = hash;
		x->len = (uint32_t)s.len;
		memcpy(x->bytes, s.ptr, s.len);
		t->slots[i] = x;
		t->tags[i] = (uint32_t)hash;
		t->len++;
		t->bytes += sizeof(*x) + s.len + 1;
	}
	x->holders++;
	return (struct str){x->bytes, x->len};
}

struct str
text_again(struct str kept)
{
	if (kept.ptr)
		text_of(kept)->holders++;
	return kept;
}

/* Closes the gap that a removal leaves, so that searches need no tombstones. */
static void
slot_clear(struct texts *t, uint32_t hole)
{
	uint32_t mask = t->cap - 1, i = hole;
	for (;;) {
		i = (i + 1) & mask;
		if (!t->slots[i])
			break;
		uint32_t home = t->tags[i] & mask;
		if (((i - home) & mask) >= ((i - hole) & mask)) {
			t->slots[hole] = t->slots[i];
			t->tags[hole] = t->tags[i];
			hole = i;
		}
	}
	t->slots[hole] = NULL;
}

void
text_drop(struct texts *t, struct str kept)
{
	if (!kept.ptr)
		return;
	struct text *x = text_of(kept);
	ASSERT(x->holders > 0 && x->len == kept.len);
	if (--x->holders)
		return;
	slot_clear(t, slot_of(t, kept, x->hash));
	t->len--;
	t->bytes -= sizeof(*x) + x->len + 1;
	mem_free(x);
}

struct str
text_known(const struct texts *t, struct str s)
{
	if (!t->cap || !s.len)
		return (struct str){0};
	const struct text *x = t->slots[slot_of(t, s, hash_bytes(s))];
	return x ? (struct str){x->bytes, x->len} : (struct str){0};
}

/* ---------------------------------------------------------------- values that are kept */

const struct json *
json_of_value(struct arena *a, const struct value *v)
{
	if (v->kind == VALUE_MISSING)
		return NULL;
	if (v->kind == VALUE_JSON)
		return v->json;
	struct buf text = {0};
	struct json_writer w = json_writer_on(&text);
	value_write_json(v, &w);
	const struct json *j = NULL;
	struct err e = {0};
	if (!json_parse_arena(a, arena_str(a, buf_str(&text)), &j, &e))
		j = NULL;
	buf_release(&text);
	return j;
}

struct value
value_keep(struct texts *t, const struct value *v)
{
	struct value kept = *v;
	if (v->kind == VALUE_TEXT) {
		kept.text = text_keep(t, v->text);
	} else if (v->kind == VALUE_JSON) {
		kept.json = json_box(v->json);
	} else if (v->kind == VALUE_LIST) {
		struct arena a;
		arena_init(&a);
		const struct json *j = json_of_value(&a, v);
		kept = j ? (struct value){.kind = VALUE_JSON, .json = json_box(j)} : VALUE_NONE;
		arena_clear(&a);
	}
	return kept;
}

struct value
value_keep_unread(struct texts *t, const struct value *v)
{
	struct buf text = {0};
	if (v->unread)
		return (struct value){.kind = VALUE_JSON, .unread = true, .text = text_keep(t, v->text)};
	if (v->kind != VALUE_JSON && v->kind != VALUE_LIST)
		return value_keep(t, v);
	if (v->kind == VALUE_JSON && t->node && t->node == v->json)
		return (struct value){.kind = VALUE_JSON, .unread = true, .text = text_again(t->written)};
	struct json_writer w = json_writer_on(&text);
	value_write_json(v, &w);
	struct value kept = {.kind = VALUE_JSON, .unread = true, .text = text_keep(t, buf_str(&text))};
	buf_release(&text);
	if (t->remembers && v->kind == VALUE_JSON) {
		text_drop(t, t->written);
		t->node = v->json;
		t->written = text_again(kept.text);
	}
	return kept;
}

void
texts_remember(struct texts *t)
{
	t->remembers = true;
}

void
texts_forget(struct texts *t)
{
	text_drop(t, t->written);
	t->remembers = false;
	t->node = NULL;
	t->written = (struct str){0};
}

void
value_drop(struct texts *t, struct value *v)
{
	if (v->kind == VALUE_TEXT || v->unread)
		text_drop(t, v->text);
	else if (v->kind == VALUE_JSON)
		mem_free((void *)(uintptr_t)v->json);
	*v = VALUE_NONE;
}

void
value_save(const struct value *v, struct buf *out)
{
	buf_add_char(out, (char)(v->kind | (v->quantity ? 0x40 : 0)));
	switch (v->kind) {
	case VALUE_NUMBER:
		buf_add_zigzag(out, v->number);
		break;
	case VALUE_TEXT:
		buf_add_lstr(out, v->text);
		break;
	case VALUE_TRUTH:
		buf_add_char(out, v->truth);
		break;
	case VALUE_TIME:
		buf_add_zigzag(out, v->time.ms);
		break;
	case VALUE_DURATION:
		buf_add_zigzag(out, v->duration);
		break;
	case VALUE_CALENDAR:
		buf_add_zigzag(out, v->calendar.n);
		buf_add_char(out, v->calendar.unit);
		break;
	case VALUE_JSON: {
		struct buf text = {0};
		if (v->unread) {
			buf_add_lstr(out, v->text);
			break;
		}
		struct json_writer w = json_writer_on(&text);
		jw_json(&w, v->json);
		buf_add_lstr(out, buf_str(&text));
		buf_release(&text);
		break;
	}
	case VALUE_LIST:
		WRONG("kept values hold lists as JSON");
	case VALUE_MISSING:
		break;
	}
}

struct value
value_load(struct reader *r, struct arena *a)
{
	uint8_t head = read_u8(r);
	struct value v = {.kind = head & 0x3f, .quantity = head & 0x40};
	struct err e = {0};
	switch (v.kind) {
	case VALUE_NUMBER:
		v.number = read_zigzag(r);
		break;
	case VALUE_TEXT:
		v.text = read_lstr(r);
		break;
	case VALUE_TRUTH:
		v.truth = read_u8(r) != 0;
		break;
	case VALUE_TIME:
		v.time.ms = read_zigzag(r);
		break;
	case VALUE_DURATION:
		v.duration = read_zigzag(r);
		break;
	case VALUE_CALENDAR:
		v.calendar.n = (int32_t)read_zigzag(r);
		v.calendar.unit = (char)read_u8(r);
		break;
	case VALUE_JSON:
		if (!json_parse_arena(a, read_lstr(r), &v.json, &e))
			r->bad = true;
		break;
	case VALUE_MISSING:
		break;
	case VALUE_LIST:
	default:
		r->bad = true;
	}
	return r->bad ? VALUE_NONE : v;
}

struct value
value_load_unread(struct reader *r)
{
	struct reader at = *r;
	if ((read_u8(&at) & 0x3f) != VALUE_JSON)
		return value_load(r, NULL);
	*r = at;
	struct value v = {.kind = VALUE_JSON, .unread = true, .text = read_lstr(r)};
	return r->bad ? VALUE_NONE : v;
}

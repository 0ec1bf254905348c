#include "profile/consent.h"
#include <stdlib.h>
#include <string.h>

static struct consent *
find(const struct consents *c, struct str channel, struct str purpose)
{
	for (uint32_t i = 0; i < c->n; i++)
		if (str_eq(c->items[i].channel, channel) && str_eq(c->items[i].purpose, purpose))
			return &c->items[i];
	return NULL;
}

const struct consent *
consent_find(const struct consents *c, struct str channel, struct str purpose)
{
	return find(c, channel, purpose);
}

bool
consent_stands(const struct consent *c, bool double_opt_in)
{
	return c && c->granted && (c->confirmed || !double_opt_in);
}

static void
consent_drop(struct texts *t, struct consent *x)
{
	text_drop(t, x->channel);
	text_drop(t, x->purpose);
	text_drop(t, x->how);
	text_drop(t, x->wording);
}

static struct consent
consent_copy(struct texts *t, const struct consent *say)
{
	struct consent x = *say;
	x.channel = text_keep(t, say->channel);
	x.purpose = text_keep(t, say->purpose);
	x.how = text_keep(t, say->how);
	x.wording = text_keep(t, say->wording);
	return x;
}

bool
consent_set(struct texts *t, struct consents *c, const struct consent *say)
{
	struct consent *x = find(c, say->channel, say->purpose);
	if (x ? say->at.ms < x->at.ms : say->granted && c->n >= CONSENTS_MOST)
		return false;
	if (x && say->granted && !x->granted && say->trust == TRUST_PUBLIC && x->trust > TRUST_PUBLIC && !say->confirmed)
		return false;
	if (x && x->granted == say->granted && (!say->granted || (x->confirmed && !say->confirmed)))
		return false;    /* the first refusal and the stronger proof stay; a new grant renews */
	if (!x) {
		c->items = mem_realloc(c->items, sizeof(*c->items) * (c->n + 1u));
		x = &c->items[c->n++];
	} else {
		consent_drop(t, x);
	}
	*x = consent_copy(t, say);
	return true;
}

static int
by_name(const void *a, const void *b)
{
	const struct consent *x = a, *y = b;
	int c = str_cmp(x->channel, y->channel);
	return c ? c : str_cmp(x->purpose, y->purpose);
}

void
consents_sort(struct consents *c)
{
	if (c->n > 1)
		qsort(c->items, c->n, sizeof(*c->items), by_name);
}

void
consents_merge(struct texts *t, struct consents *into, struct consents *from)
{
	for (uint32_t i = 0; i < from->n; i++) {
		const struct consent *x = &from->items[i];
		struct consent *have = find(into, x->channel, x->purpose);
		if (!have) {
			if (x->granted && into->n >= CONSENTS_MOST)
				continue;
			into->items = mem_realloc(into->items, sizeof(*into->items) * (into->n + 1u));
			into->items[into->n++] = consent_copy(t, x);
		} else if (have->granted && (!x->granted || x->seq < have->seq)) {
			consent_drop(t, have);
			*have = consent_copy(t, x);
		}
	}
	consents_clear(t, from);
}

void
consents_clear(struct texts *t, struct consents *c)
{
	for (uint32_t i = 0; i < c->n; i++)
		consent_drop(t, &c->items[i]);
	mem_free(c->items);
	*c = (struct consents){0};
}

void
consents_save(struct consents *c, struct buf *out)
{
	consents_sort(c);
	buf_add_varint(out, c->n);
	for (uint32_t i = 0; i < c->n; i++) {
		const struct consent *x = &c->items[i];
		buf_add_lstr(out, x->channel);
		buf_add_lstr(out, x->purpose);
		buf_add_char(out, (char)((x->granted ? 1 : 0) | (x->confirmed ? 2 : 0) | x->trust << 2));
		buf_add_zigzag(out, x->at.ms);
		buf_add_varint(out, x->seq);
		buf_add_lstr(out, x->how);
		buf_add_lstr(out, x->wording);
	}
}

void
consents_load(struct texts *t, struct consents *c, struct reader *r)
{
	for (uint64_t n = read_varint(r); n > 0 && !r->bad; n--) {
		struct consent x = {0};
		x.channel = read_lstr(r);
		x.purpose = read_lstr(r);
		uint8_t bits = read_u8(r);
		x.granted = bits & 1;
		x.confirmed = bits & 2;
		x.trust = bits >> 2;
		x.at.ms = read_zigzag(r);
		x.seq = read_varint(r);
		x.how = read_lstr(r);
		x.wording = read_lstr(r);
		if (x.trust > TRUST_SELF)
			r->bad = true;
		if (!r->bad) {
			c->items = mem_realloc(c->items, sizeof(*c->items) * (c->n + 1u));
			c->items[c->n++] = consent_copy(t, &x);
		}
	}
}

void
consents_write_json(struct consents *c, struct json_writer *w)
{
	consents_sort(c);
	jw_object(w);
	for (uint32_t i = 0; i < c->n; i++) {
		const struct consent *x = &c->items[i];
		bool first = i == 0 || !str_eq(x->channel, c->items[i - 1].channel);
		if (first) {
			jw_key(w, x->channel);
			jw_object(w);
		}
		jw_key(w, x->purpose);
		jw_object(w);
		jw_kbool(w, "granted", x->granted);
		jw_kbool(w, "confirmed", x->confirmed);
		jw_kwall(w, "at", x->at);
		jw_kstr(w, "how", x->how);
		if (x->wording.len)
			jw_kstr(w, "wording", x->wording);
		jw_object_end(w);
		if (i + 1u == c->n || !str_eq(x->channel, c->items[i + 1].channel))
			jw_object_end(w);
	}
	jw_object_end(w);
}

#include "profile/profile.h"
#include "profile/address.h"
#include <string.h>

void
people_init(struct people *w, const uint8_t hash_key[16])
{
	*w = (struct people){0};
	memcpy(w->hash_key, hash_key, sizeof(w->hash_key));
	w->store.texts = &w->texts;
	w->packer = packer_new();
}

static void
ids_clear(struct people *w, struct ids *ids)
{
	for (uint32_t i = 0; i < ids->n_users; i++)
		text_drop(&w->texts, ids->users[i]);
	for (uint32_t i = 0; i < ids->n_anonymous; i++)
		text_drop(&w->texts, ids->anonymous[i]);
	mem_free(ids->users);
	mem_free(ids->anonymous);
	mem_free(ids->joins);
	*ids = (struct ids){0};
}

static void
packed_drop(struct people *w, struct profile *p)
{
	if (!p->rows.packed_len)
		return;
	mem_free(p->rows.packed);
	p->rows = (struct row_sets){0};
	w->packed--;
}

void
profile_pack(struct people *w, struct profile *p, struct str packed, const struct stream_shape *shapes)
{
	packed_drop(w, p);
	rows_clear(&w->store, &p->rows, shapes);
	if (!packed.len)
		return;
	ASSERT(packed.len <= UINT32_MAX);
	p->rows.packed = mem_alloc(packed.len);
	p->rows.packed_len = (uint32_t)packed.len;
	memcpy(p->rows.packed, packed.ptr, packed.len);
	w->packed++;
}

void
profile_unpack(struct people *w, struct profile *p, struct buf *out)
{
	/* Their sum was right when they came. */
	bool whole = unpack_bytes(w->packer, profile_packed(p), out);
	ASSERT(whole);
	packed_drop(w, p);
}

static void
profile_clear(struct people *w, struct profile *p, const struct stream_shape *shapes)
{
	ids_clear(w, &p->ids);
	traits_clear(&w->texts, &p->traits);
	consents_clear(&w->texts, &p->consents);
	cart_clear(&w->texts, &p->cart);
	packed_drop(w, p);
	rows_clear(&w->store, &p->rows, shapes);
}

void
people_release(struct people *w, const struct stream_shape *shapes)
{
	for (uint32_t n = 1; n <= w->n; n++)
		profile_clear(w, profile_at(w, n), shapes);
	for (uint32_t i = 0; i < w->n_pages; i++)
		mem_free(w->pages[i]);
	mem_free(w->pages);
	strmap_release(&w->users);
	strmap_release(&w->anonymous);
	idmap_release(&w->emails);
	idmap_release(&w->phones);
	row_store_release(&w->store);
	packer_free(w->packer);
	texts_release(&w->texts);
	*w = (struct people){0};
}

void
people_reach(struct people *w, uint32_t number)
{
	if (number <= w->n)
		return;
	uint32_t pages = (number + PEOPLE_PAGE - 1) / PEOPLE_PAGE;
	if (pages > w->n_pages) {
		w->pages = mem_realloc(w->pages, sizeof(*w->pages) * pages);
		for (; w->n_pages < pages; w->n_pages++)
			w->pages[w->n_pages] = mem_alloc(sizeof(struct profile) * PEOPLE_PAGE);
	}
	w->n = number;
}

uint32_t
people_resolve(const struct people *w, uint32_t number)
{
	while (number && number <= w->n && profile_at(w, number)->forward)
		number = profile_at(w, number)->forward;
	return number;
}

bool
profile_is_somebody(const struct profile *p)
{
	return p->met && !p->forward;
}

bool
profile_is_strong(const struct profile *p)
{
	return p->ids.n_users > 0;
}

struct str
profile_user_id(const struct profile *p)
{
	return p->ids.n_users ? p->ids.users[0] : (struct str){0};
}

/* ---------------------------------------------------------------- what traits say about reaching somebody */

static struct str
trait_text(const struct profile *p, struct str name)
{
	const struct trait *x = trait_find(&p->traits, ROOT_TRAIT, name);
	return x && x->value.kind == VALUE_TEXT ? x->value.text : (struct str){0};
}

struct str
profile_email(const struct profile *p, char *buf)
{
	struct str text = trait_text(p, STR("email")), normal;
	return text.len && email_normal(text, buf, &normal) ? normal : (struct str){0};
}

struct str
profile_country(const struct profile *p)
{
	struct str country = trait_text(p, STR("country")), steps[] = {STR_INIT("address"), STR_INIT("country")};
	if (country.len)
		return country;
	struct value v = trait_value(&p->traits, ROOT_TRAIT, steps, 2);
	return v.kind == VALUE_TEXT ? v.text : (struct str){0};
}

struct str
profile_phone(const struct profile *p, char *buf)
{
	struct str text = trait_text(p, STR("phone")), normal;
	return text.len && phone_normal(text, profile_country(p), buf, &normal) ? normal : (struct str){0};
}

struct str
profile_locale(const struct profile *p)
{
	struct str locale = trait_text(p, STR("locale"));
	return locale.len ? locale : trait_text(p, STR("language"));
}

bool
profile_email_trusted(const struct profile *p)
{
	const struct trait *x = trait_find(&p->traits, ROOT_TRAIT, STR("email"));
	return x && x->trust != TRUST_PUBLIC;
}

uint64_t
address_hash(const struct people *w, struct str normal_address)
{
	uint64_t hash = hash_keyed(w->hash_key, normal_address);
	return hash ? hash : 1;
}

void
profile_refresh(struct people *w, uint32_t number, struct tz_set *zones)
{
	char buf[ADDRESS_BYTES];
	struct profile *p = profile_at(w, number);
	struct str zone = trait_text(p, STR("timezone"));
	if (!zone.len)
		zone = trait_text(p, STR("zone"));
	p->zone = zone.len && zones ? tz_find(zones, zone) : NULL;
	struct str email = profile_email(p, buf);
	uint64_t hash = email.len ? address_hash(w, email) : 0;
	/* Whoever had the address before may not be the only one: the directory says that somebody holds it, identity.c finds who. */
	if (hash)
		idmap_put(&w->emails, hash, number);
	p->email_hash = hash;
	struct str phone = profile_phone(p, buf);
	if (phone.len)
		idmap_put(&w->phones, address_hash(w, phone), number);
}

/* ---------------------------------------------------------------- becoming one, being forgotten */

static void
ids_absorb(struct people *w, uint32_t number, struct ids *into, struct ids *from)
{
	into->anonymous = mem_realloc(into->anonymous, sizeof(struct str) * (size_t)(into->n_anonymous + from->n_anonymous + 1));
	for (uint32_t i = 0; i < from->n_anonymous; i++) {
		strmap_put(&w->anonymous, from->anonymous[i], number);
		into->anonymous[into->n_anonymous++] = text_again(from->anonymous[i]);
	}
	ids_clear(w, from);
}

void
profile_absorb(struct people *w, uint32_t number, uint32_t other, const struct stream_shape *shapes, wall now)
{
	struct profile *p = profile_at(w, number), *q = profile_at(w, other);
	ASSERT(number != other && !p->forward && !q->forward && !profile_is_strong(q));
	ids_absorb(w, number, &p->ids, &q->ids);
	traits_merge(&w->texts, &p->traits, &q->traits);
	consents_merge(&w->texts, &p->consents, &q->consents);
	cart_merge(&w->texts, &p->cart, &q->cart);
	ASSERT(!p->rows.packed_len && !q->rows.packed_len);
	rows_merge(&w->store, &p->rows, &q->rows, shapes, now);
	if (!p->account)
		p->account = q->account;
	p->first_seen = p->met ? wall_min(p->first_seen, q->first_seen) : q->first_seen;
	p->last_seen = p->met ? wall_max(p->last_seen, q->last_seen) : q->last_seen;
	if (q->met && p->met)
		w->met--;
	p->met |= q->met;
	q->forward = number;
	q->account = 0;
	p->dirty = q->dirty = true;
}

void
profile_erase(struct people *w, uint32_t number, const struct stream_shape *shapes)
{
	struct profile *p = profile_at(w, number);
	for (uint32_t i = 0; i < p->ids.n_users; i++)
		strmap_remove(&w->users, p->ids.users[i]);
	for (uint32_t i = 0; i < p->ids.n_anonymous; i++)
		strmap_remove(&w->anonymous, p->ids.anonymous[i]);
	char buf[ADDRESS_BYTES];
	struct str phone = profile_phone(p, buf);
	const uint64_t *holder = phone.len ? idmap_get(&w->phones, address_hash(w, phone)) : NULL;
	if (holder && *holder == number)
		idmap_remove(&w->phones, address_hash(w, phone));
	profile_clear(w, p, shapes);
	if (p->met)
		w->met--;
	*p = (struct profile){.erased = true, .dirty = true, .as_of = p->as_of};
}

/* ---------------------------------------------------------------- bytes (rows are saved by the engine, which knows the streams' texts) */

static void
save_ids(const struct ids *ids, struct buf *out)
{
	buf_add_varint(out, ids->n_users);
	for (uint32_t i = 0; i < ids->n_users; i++)
		buf_add_lstr(out, ids->users[i]);
	buf_add_varint(out, ids->n_anonymous);
	for (uint32_t i = 0; i < ids->n_anonymous; i++)
		buf_add_lstr(out, ids->anonymous[i]);
	buf_add_varint(out, ids->n_joins);
	for (uint32_t i = 0; i < ids->n_joins; i++) {
		buf_add_varint(out, ids->joins[i].other);
		buf_add_char(out, (char)ids->joins[i].why);
		buf_add_zigzag(out, ids->joins[i].at.ms);
		buf_add_varint(out, ids->joins[i].seq);
	}
}

void
profile_save(struct people *w, struct profile *p, struct buf *out)
{
	(void)w;
	buf_add_varint(out, p->forward);
	buf_add_char(out, (char)(p->met | p->erased << 1 | p->set_aside << 2));
	buf_add_zigzag(out, p->first_seen.ms);
	buf_add_zigzag(out, p->last_seen.ms);
	buf_add_varint(out, p->last_entry);
	save_ids(&p->ids, out);
	traits_save(&p->traits, out);
	consents_save(&p->consents, out);
	cart_save(&p->cart, out);
}

static void
load_list(struct people *w, struct str **list, uint16_t *n, struct reader *r)
{
	for (uint64_t left = read_varint(r); left > 0 && !r->bad; left--) {
		*list = mem_realloc(*list, sizeof(**list) * (*n + 1u));
		(*list)[(*n)++] = text_keep(&w->texts, read_lstr(r));
	}
}

static void
load_ids(struct people *w, struct ids *ids, struct reader *r)
{
	load_list(w, &ids->users, &ids->n_users, r);
	load_list(w, &ids->anonymous, &ids->n_anonymous, r);
	for (uint64_t left = read_varint(r); left > 0 && !r->bad; left--) {
		struct join j = {.other = (uint32_t)read_varint(r)};
		j.why = read_u8(r);
		j.at.ms = read_zigzag(r);
		j.seq = read_varint(r);
		if (j.why > JOIN_REFUSED_TRUST)
			r->bad = true;
		ids->joins = mem_realloc(ids->joins, sizeof(*ids->joins) * (ids->n_joins + 1u));
		ids->joins[ids->n_joins++] = j;
	}
}

void
profile_load(struct people *w, uint32_t number, struct reader *r, struct tz_set *zones)
{
	struct arena a;
	arena_init(&a);
	struct profile *p = profile_at(w, number);
	p->forward = (uint32_t)read_varint(r);
	uint8_t flags = read_u8(r);
	p->met = flags & 1;
	p->erased = flags & 2;
	p->set_aside = flags & 4;
	p->first_seen.ms = read_zigzag(r);
	p->last_seen.ms = read_zigzag(r);
	p->last_entry = read_varint(r);
	load_ids(w, &p->ids, r);
	traits_load(&w->texts, &p->traits, r, &a);
	consents_load(&w->texts, &p->consents, r);
	cart_load(&w->texts, &p->cart, r);
	if (p->met && !p->forward)
		w->met++;
	profile_refresh(w, number, zones);
	arena_clear(&a);
}

/* The registry of streams: what conditions need of the past, and which events feed it. */
#include "expr/ops_priv.h"
#include "base/map.h"
#include "event/entry.h"
#include <string.h>

static void
add_order(struct features *f, const struct str *words, size_t n, uint32_t *cap)
{
	if (f->n_orders == *cap) {
		f->orders = arena_grow(f->a, f->orders, sizeof(*f->orders) * *cap, sizeof(*f->orders) * (*cap * 2 + 8));
		*cap = *cap * 2 + 8;
	}
	f->orders[f->n_orders++] = (struct words){words, n};
}

static void
add_orders_of(struct features *f, const struct type *t, uint32_t *cap, int depth)
{
	if (t->kind == TYPE_WORDS)
		add_order(f, t->words, t->n_words, cap);
	if (depth > 8)
		return;
	for (size_t i = 0; i < t->n_fields; i++)
		add_orders_of(f, &t->fields[i].type, cap, depth + 1);
	if (t->item)
		add_orders_of(f, t->item, cap, depth + 1);
}

struct features *
features_new(struct arena *a, const struct vocabulary *v)
{
	static const struct vocabulary nothing;
	struct features *f = arena_new(a, struct features);
	uint32_t cap = 0;
	f->a = a;
	f->v = v ? v : &nothing;
	add_orders_of(f, &f->v->traits, &cap, 0);
	add_orders_of(f, &f->v->account_traits, &cap, 0);
	add_orders_of(f, &f->v->preferences, &cap, 0);
	for (size_t i = 0; i < f->v->n_events; i++)
		add_orders_of(f, &f->v->events[i].type, &cap, 0);
	for (size_t i = 0; i < f->v->n_models; i++)
		add_order(f, f->v->stages[i], f->v->n_stages[i], &cap);
	return f;
}

uint32_t
features_slot(struct features *f, enum fact_root root, struct str name)
{
	uint32_t n = f->n_slots[root];
	for (uint32_t i = 0; i < n; i++)
		if (str_eq(f->slots[root][i], name))
			return i;
	if ((n & (n - 1)) == 0) {
		struct str *more = arena_array(f->a, struct str, n ? n * 2 : 1);
		if (n)
			memcpy(more, f->slots[root], sizeof(*more) * n);
		f->slots[root] = more;
	}
	f->slots[root][n] = arena_str(f->a, name);
	return f->n_slots[root]++;
}

/* ---------------------------------------------------------------- which events feed which streams */

static void
key_add(struct features *f, struct event_key *k, uint32_t stream)
{
	if (k->n && k->items[k->n - 1] == stream)
		return;
	if (k->n == k->cap) {
		uint32_t cap = k->cap * 2 + 4;
		uint32_t *items = arena_array(f->a, uint32_t, cap);
		if (k->n)
			memcpy(items, k->items, sizeof(*items) * k->n);
		k->items = items;
		k->cap = cap;
	}
	k->items[k->n++] = stream;
}

static struct event_key *
key_slot(const struct features *f, int kind, struct str name)
{
	uint32_t mask = f->cap_keys - 1;
	uint32_t i = (uint32_t)(hash_bytes(name) + (uint64_t)kind * 0x9E3779B97F4A7C15u) & mask;
	while (f->keys[i].used && !(f->keys[i].kind == kind && str_eq(f->keys[i].name, name)))
		i = (i + 1) & mask;
	return &f->keys[i];
}

static void
grow_keys(struct features *f)
{
	struct event_key *old = f->keys;
	uint32_t n = f->cap_keys;
	f->cap_keys = n ? n * 2 : 32;
	f->keys = arena_array(f->a, struct event_key, f->cap_keys);
	for (uint32_t i = 0; i < n; i++)
		if (old[i].used)
			*key_slot(f, old[i].kind, old[i].name) = old[i];
}

static struct event_key *
any_of(struct features *f, int kind)
{
	return kind == ENTRY_PAGE ? &f->pages : kind == ENTRY_SCREEN ? &f->screens : NULL;
}

static void
listen_named(struct features *f, const struct event_ref *ref, uint32_t stream)
{
	if (f->n_keys * 2 >= f->cap_keys)
		grow_keys(f);
	struct event_key *k = key_slot(f, ref->kind, ref->name);
	if (!k->used) {
		*k = (struct event_key){.kind = ref->kind, .name = arena_str(f->a, ref->name), .used = true};
		f->n_keys++;
		struct event_key *any = any_of(f, ref->kind);
		for (uint32_t i = 0; any && i < any->n; i++)
			key_add(f, k, any->items[i]);
	}
	key_add(f, k, stream);
}

static void
listen(struct features *f, const struct event_ref *ref, uint32_t stream)
{
	if (!ref->any) {
		listen_named(f, ref, stream);
		return;
	}
	struct event_key *any = any_of(f, ref->kind);
	if (!any)
		return;
	key_add(f, any, stream);
	for (uint32_t i = 0; i < f->cap_keys; i++)
		if (f->keys[i].used && f->keys[i].kind == ref->kind)
			key_add(f, &f->keys[i], stream);
}

struct stream_list
features_of_event(const struct features *f, int entry_kind, struct str name)
{
	if (f->cap_keys) {
		const struct event_key *k = key_slot(f, entry_kind, name);
		if (k->used)
			return (struct stream_list){k->items, k->n};
	}
	const struct event_key *any = entry_kind == ENTRY_PAGE ? &f->pages : entry_kind == ENTRY_SCREEN ? &f->screens : NULL;
	return any ? (struct stream_list){any->items, any->n} : (struct stream_list){0};
}

/* ---------------------------------------------------------------- streams */

static void
keep_more(struct stream_keep *have, const struct stream_keep *more)
{
	have->window = have->window > more->window ? have->window : more->window;
	have->first = have->first > more->first ? have->first : more->first;
	have->latest = have->latest > more->latest ? have->latest : more->latest;
	have->count_only |= more->count_only;
}

uint32_t
features_stream(struct features *f, const struct stream *like)
{
	for (uint32_t i = 0; i < f->n; i++)
		if (str_eq(f->streams[i].text, like->text)) {
			keep_more(&f->streams[i].keep, &like->keep);
			return i;
		}
	if (f->n == f->cap) {
		uint32_t cap = f->cap * 2 + 16;
		struct stream *streams = arena_array(f->a, struct stream, cap);
		if (f->n)
			memcpy(streams, f->streams, sizeof(*streams) * f->n);
		f->streams = streams;
		f->cap = cap;
	}
	f->streams[f->n] = *like;
	for (uint32_t i = 0; i < like->n_refs; i++)
		listen(f, &like->refs[i], f->n);
	return f->n++;
}

size_t
features_count(const struct features *f)
{
	return f->n;
}

const struct stream_keep *
features_keep(const struct features *f, uint32_t stream)
{
	ASSERT(stream < f->n);
	return &f->streams[stream].keep;
}

size_t
features_columns(const struct features *f, uint32_t stream)
{
	ASSERT(stream < f->n);
	return f->streams[stream].n_columns;
}

struct str
features_text(const struct features *f, uint32_t stream)
{
	ASSERT(stream < f->n);
	return f->streams[stream].text;
}

bool
features_by_account(const struct features *f, uint32_t stream)
{
	ASSERT(stream < f->n);
	return f->streams[stream].by_account;
}

/* ---------------------------------------------------------------- the event in hand */

static const struct event_ref *
ref_of(const struct stream *s, int kind, struct str name)
{
	for (uint32_t i = 0; i < s->n_refs; i++)
		if (s->refs[i].kind == kind && (s->refs[i].any || str_eq(s->refs[i].name, name)))
			return &s->refs[i];
	return NULL;
}

/* The key by which a later event will find this one; the same in every process, since rows are stored with it. */
static uint64_t
amend_key(const struct json *properties, struct str same)
{
	const struct json *v = json_get(properties, same);
	if (!v || v->kind == JSON_NULL)
		return 0;
	struct str text = v->kind == JSON_TEXT ? json_text(v) : v->span;
	uint64_t h = text.len ? hash_stable(text) : 0;
	return text.len && !h ? 1 : h;
}

struct taking {
	const struct stream *s;
	void (*take)(void *self, const struct value *columns, uint64_t amend_key);
	void *self;
	uint64_t key;
};

static void
take_one(struct ev *ev, const struct taking *t)
{
	const struct stream *s = t->s;
	struct value columns[STREAM_COLUMNS_MAX];
	wall ignored;
	if (s->filter && !op_truth(ev, s->filter, &ignored))
		return;
	for (uint32_t i = 0; i < s->n_columns; i++)
		columns[i] = op_value(ev, s->columns[i].code).v;
	t->take(t->self, columns, t->key);
}

static const struct json *
list_of(const struct stream *s, const struct json *properties)
{
	const struct json *list = properties;
	for (uint32_t i = 0; i < s->list.n; i++)
		list = json_get(list, s->list.steps[i]);
	return json_is(list, JSON_ARRAY) ? list : NULL;
}

static const struct facts *
nobody(void)
{
	static const struct facts f;
	return &f;
}

static void
ev_of_event(struct ev *ev, const struct features *f, const struct event_view *event, const struct money_port *money, struct arena *scratch)
{
	ev_init(ev, f, nobody(), NULL, event->time, scratch);
	ev->event = event;
	ev->money = money;
	ev->truth_only = true;
}

void
features_accept(const struct features *f, uint32_t stream, const struct event_view *event, const struct money_port *money, struct arena *scratch,
    void (*take)(void *self, const struct value *columns, uint64_t amend_key), void *self)
{
	const struct stream *s = &f->streams[stream];
	struct taking t = {s, take, self, 0};
	struct ev ev;
	const struct event_ref *ref = ref_of(s, event->kind, event->name);
	if (!ref)
		return;
	if (ref->keyed)
		t.key = amend_key(event->properties, ref->same);
	ev_of_event(&ev, f, event, money, scratch);
	if (!s->list.n) {
		take_one(&ev, &t);
		return;
	}
	const struct json *list = list_of(s, event->properties);
	json_each(one, list) {
		struct value item = value_of_json(one);
		ev.item = &item;
		take_one(&ev, &t);
	}
}

/* ---------------------------------------------------------------- amendments */

bool
features_amends(const struct features *f, struct str event_name)
{
	for (size_t i = 0; i < f->v->n_amendments; i++)
		if (str_eq(f->v->amendments[i].by, event_name))
			return true;
	return false;
}

static const struct amendment *
first_amendment_of(const struct vocabulary *v, struct str event)
{
	for (size_t i = 0; i < v->n_amendments; i++)
		if (str_eq(v->amendments[i].event, event))
			return &v->amendments[i];
	return NULL;
}

bool
is_amended(const struct vocabulary *v, const struct expr *events, struct str property)
{
	for (uint32_t i = 0; i < events->n_kids; i++)
		for (size_t a = 0; a < v->n_amendments; a++)
			if (events->kids[i]->op == ENTRY_TRACK && str_eq(v->amendments[a].event, events->kids[i]->text) &&
			    !v->amendments[a].is_void && str_eq(v->amendments[a].subtract, property))
				return true;
	return false;
}

static int
column_of(const struct stream *s, struct str property)
{
	for (uint32_t i = 0; i < s->n_columns && !s->list.n; i++)
		if (s->columns[i].raw.len && str_eq(s->columns[i].raw, property))
			return (int)i;
	return -1;
}

/* The amount by which a refund lowers the order, in the program's currency. */
static bool
amount_of(struct ev *ev, struct str property, fixed *ret)
{
	const struct json *j = json_get(ev->event->properties, property);
	struct str currency = json_text(json_get(ev->event->properties, STR("currency")));
	return json_fixed(j, ret) && money_of(ev, currency, ev->event->time, *ret, ret);
}

static void
amend_stream(struct ev *ev, const struct amendment *a, uint32_t stream, void (*visit)(void *self, const struct amend *what), void *self)
{
	const struct stream *s = &ev->f->streams[stream];
	struct amend what = {.stream = stream, .voids = a->is_void, .column = -1};
	wall ignored;
	what.key = amend_key(ev->event->properties, a->same);
	/* A refund that does not say how much takes all. */
	if (!a->is_void && !amount_of(ev, a->subtract, &what.amount))
		what.voids = true;
	if (!what.voids)
		what.column = column_of(s, a->subtract);
	if (what.voids ? what.key == 0 : what.column < 0)
		return;
	/* Without a link it counts as an order below nothing, if it would pass as one. */
	if (what.key == 0 && s->filter && !op_truth(ev, s->filter, &ignored))
		return;
	visit(self, &what);
}

void
features_amend(const struct features *f, const struct event_view *event, const struct money_port *money,
    void (*visit)(void *self, const struct amend *what), void *self)
{
	struct arena scratch;
	struct ev ev;
	arena_init(&scratch);
	ev_of_event(&ev, f, event, money, &scratch);
	for (size_t i = 0; i < f->v->n_amendments; i++) {
		const struct amendment *a = &f->v->amendments[i];
		const struct amendment *first = first_amendment_of(f->v, a->event);
		if (!str_eq(a->by, event->name) || !str_eq(a->same, first->same))
			continue;
		struct stream_list fed = features_of_event(f, ENTRY_TRACK, a->event);
		for (size_t s = 0; s < fed.n; s++)
			amend_stream(&ev, a, fed.items[s], visit, self);
	}
	arena_clear(&scratch);
}

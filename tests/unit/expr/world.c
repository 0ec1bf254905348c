#include "tests/unit/expr/world.h"
#include "base/str.h"
#include "event/entry.h"
#include <stdlib.h>
#include <string.h>

/* ---------------------------------------------------------------- rows */

static void
insert_row(struct world *w, uint32_t stream, struct row row)
{
	struct world_stream *s = &w->streams[stream];
	size_t at = s->rows.len;
	while (at > 0 && (s->rows.items[at - 1].time.ms > row.time.ms ||
	                     (s->rows.items[at - 1].time.ms == row.time.ms && s->rows.items[at - 1].seq > row.seq)))
		at--;
	*vec_insert(&s->rows, at) = row;
}

static struct value *
copy_columns(struct world *w, const struct value *columns, size_t n)
{
	struct value *copy = arena_array(&w->a, struct value, n + 1);
	for (size_t i = 0; i < n; i++) {
		copy[i] = columns[i];
		if (copy[i].kind == VALUE_TEXT)
			copy[i].text = arena_str(&w->a, copy[i].text);
		else if (copy[i].kind == VALUE_JSON)
			copy[i].json = json_copy(&w->a, copy[i].json);
	}
	return copy;
}

static void
take_row(void *self, const struct value *columns, uint64_t key)
{
	struct world *w = self;
	insert_row(w, w->taking, (struct row){.time = w->taking_time, .seq = w->taking_seq, .key = key,
	                             .columns = copy_columns(w, columns, features_columns(w->f, w->taking))});
}

static void
take_amend(void *self, const struct amend *what)
{
	struct world *w = self;
	struct value *columns;
	size_t n = features_columns(w->f, what->stream);
	if (what->key || what->voids) {
		*vec_push(&w->streams[what->stream].amends) = (struct amend_at){*what, w->taking_time, w->taking_seq};
		return;
	}
	if (what->column < 0)
		return;
	columns = arena_array(&w->a, struct value, n + 1);
	columns[what->column] = value_number(-what->amount);
	insert_row(w, what->stream, (struct row){.time = w->taking_time, .seq = w->taking_seq, .negative = true, .columns = columns});
}

void
world_take(struct world *w, const struct event_view *ev)
{
	struct stream_list fed = features_of_event(w->f, ev->kind, ev->name);
	w->taking_time = ev->time;
	w->taking_seq = ev->seq;
	for (size_t i = 0; i < fed.n; i++) {
		w->taking = fed.items[i];
		features_accept(w->f, fed.items[i], ev, NULL, &w->scratch, take_row, w);
	}
	if (ev->kind == ENTRY_TRACK && features_amends(w->f, ev->name))
		features_amend(w->f, ev, NULL, take_amend, w);
	arena_reset(&w->scratch);
}

void
world_take_all(struct world *w, wall now)
{
	for (size_t i = 0; i < w->naive->n_events; i++)
		if (w->naive->events[i].time.ms <= now.ms)
			world_take(w, &w->naive->events[i]);
}

/* A row with what its amendments left of it; NULL when it is void. */
static const struct row *
amended_row(struct world *w, const struct world_stream *s, const struct row *row, size_t n_columns)
{
	struct row *copy = NULL;
	for (size_t i = 0; row->key && i < s->amends.len; i++) {
		const struct amend_at *m = &s->amends.items[i];
		if (m->what.key != row->key || row->time.ms > m->time.ms)
			continue;
		if (m->what.voids)
			return NULL;
		if (!copy) {
			copy = arena_new(&w->scratch, struct row);
			*copy = *row;
			copy->columns = arena_array(&w->scratch, struct value, n_columns + 1);
			memcpy(copy->columns, row->columns, n_columns * sizeof(*copy->columns));
		}
		if (m->what.column >= 0 && copy->columns[m->what.column].kind == VALUE_NUMBER)
			copy->columns[m->what.column].number -= m->what.amount;
	}
	return copy ? copy : row;
}

/* Leaves out what no condition may ask for any more, as profile/rows.c does. */
static struct rows
pruned(struct world *w, struct rows all, const struct stream_keep *keep)
{
	const struct row **kept = (const struct row **)arena_array(&w->scratch, struct row *, all.n + 1);
	struct rows r = {.items = kept};
	for (size_t i = 0; i < all.n; i++) {
		bool old = keep->window != INT64_MAX && all.items[i]->time.ms <= w->now.ms - keep->window;
		if (!old || i < keep->first || i + keep->latest >= all.n) {
			kept[r.n++] = all.items[i];
		} else if (keep->count_only) {
			r.folded_first = r.folded ? r.folded_first : all.items[i]->time;
			r.folded_latest = all.items[i]->time;
			r.folded++;
		}
	}
	return r;
}

/* A voided row makes room for another, so nothing goes where rows can be voided. */
static bool
may_prune(const struct world *w, uint32_t stream)
{
	const struct stream_keep *keep = features_keep(w->f, stream);
	const struct vocabulary *v = w->naive->vocabulary;
	for (size_t i = 0; i < v->n_amendments; i++)
		if (str_find(features_text(w->f, stream), v->amendments[i].event, 0) != SIZE_MAX && (keep->first || keep->latest || keep->count_only))
			return false;
	return w->prune;
}

static int
by_time(const void *a, const void *b)
{
	const struct row *x = *(const struct row *const *)a, *y = *(const struct row *const *)b;
	return x->time.ms != y->time.ms ? (x->time.ms < y->time.ms ? -1 : 1) : (x->seq > y->seq) - (x->seq < y->seq);
}

static struct rows
rows_of(void *self, uint32_t stream)
{
	struct world *w = self;
	size_t n_columns = features_columns(w->f, stream), all = 0;
	bool by_account = features_by_account(w->f, stream) && w->members;
	struct world *from = by_account ? w->members : w;
	size_t n_from = by_account ? w->n_members : 1;
	for (size_t m = 0; m < n_from; m++)
		all += from[m].streams[stream].rows.len;
	const struct row **items = (const struct row **)arena_array(&w->scratch, struct row *, all + 1);
	struct rows r = {.items = items};
	for (size_t m = 0; m < n_from; m++) {
		const struct world_stream *s = &from[m].streams[stream];
		for (size_t i = 0; i < s->rows.len; i++) {
			const struct row *row = s->rows.items[i].time.ms <= w->now.ms ? amended_row(w, s, &s->rows.items[i], n_columns) : NULL;
			if (row)
				items[r.n++] = row;
		}
	}
	if (n_from > 1)
		qsort(items, r.n, sizeof(*items), by_time);
	return may_prune(w, stream) ? pruned(w, r, features_keep(w->f, stream)) : r;
}

/* ---------------------------------------------------------------- facts */

static struct value
dig(const struct json *j, const struct fact_path *p)
{
	for (uint32_t i = 0; j && i < p->n; i++)
		j = json_get(j, p->steps[i]);
	return j ? value_of_json(j) : VALUE_NONE;
}

static struct value
permission(const struct json *all, const struct fact_path *p, const char *otherwise)
{
	const struct json *j = json_get(all, p->steps[0]);
	if (otherwise)
		j = json_get(j, p->n > 1 ? p->steps[1] : str_of(otherwise));
	return value_truth(json_is(j, JSON_TRUE));
}

static struct value
cart(const struct world *w, const struct fact_path *p)
{
	fixed sum = 0, price, quantity, one;
	int64_t n = 0;
	json_each(line, w->naive->cart) {
		n++;
		if (!json_fixed(json_get(line, STR("quantity")), &quantity))
			quantity = FIXED_ONE;
		if (json_fixed(json_get(line, STR("price")), &price) && fixed_mul(price, quantity, &one))
			sum += one;
	}
	if (str_eq(p->steps[0], STR("count")))
		return value_number(n * FIXED_ONE);
	if (str_eq(p->steps[0], STR("value")))
		return value_number(sum);
	return w->naive->cart ? value_of_json(w->naive->cart) : VALUE_NONE;
}

static struct value
fact(void *self, const struct fact_path *p)
{
	const struct world *w = self;
	const struct naive_world *n = w->naive;
	switch (p->root) {
	case FACT_TRAIT:
		return dig(n->traits, p);
	case FACT_ACCOUNT:
		return dig(n->account, p);
	case FACT_PREFERENCE:
		return dig(n->preferences, p);
	case FACT_PREDICT:
		return dig(n->predictions, p);
	case FACT_CONSENT:
		return permission(n->consent, p, "marketing");
	case FACT_TOPIC:
		return permission(n->topics, p, NULL);
	case FACT_CART:
		return cart(w, p);
	case FACT_ENTRY_TIME:
		return n->entry.ms ? value_time(n->entry) : VALUE_NONE;
	default:
		return VALUE_NONE;
	}
}

static bool
in_segment(void *self, uint32_t segment)
{
	struct world *w = self;
	const struct expr *tree = w->naive->segments ? w->naive->segments[segment] : NULL;
	return tree && naive_true(tree, w->naive, w->now, &w->scratch);
}

static bool
in_journey(void *self, struct str journey)
{
	(void)self, (void)journey;
	return false;
}

static struct str
stage(void *self, uint32_t model, wall *ret_since)
{
	const struct world *w = self;
	const struct vocabulary *v = w->naive->vocabulary;
	struct str name = model < v->n_models ? v->models[model] : v->primary_model;
	*ret_since = (wall){0};
	return json_text(json_get(w->naive->stages, name));
}

static const struct json *
no_thing(void *self, struct str kind, struct str key)
{
	(void)self, (void)kind, (void)key;
	return NULL;
}

static const struct json *
nothing_near(void *self, struct str kind, fixed latitude, fixed longitude, fixed *ret_metres)
{
	(void)self, (void)kind, (void)latitude, (void)longitude, (void)ret_metres;
	return NULL;
}

static void
people(void *self, bool (*visit)(void *visitor, const struct facts *member), void *visitor)
{
	struct world *w = self;
	for (size_t i = 0; i < w->n_members; i++) {
		struct world *m = &w->members[i];
		m->now = w->now;
		m->facts.zone = m->naive->zone;
		if (!visit(visitor, &m->facts))
			return;
	}
}

/* ---------------------------------------------------------------- life */

void
world_init(struct world *w, const struct features *f, const struct naive_world *naive)
{
	*w = (struct world){.f = f, .naive = naive, .n_streams = features_count(f)};
	arena_init(&w->a);
	arena_init(&w->scratch);
	w->streams = mem_alloc((w->n_streams + 1) * sizeof(*w->streams));
	w->facts = (struct facts){.self = w, .zone = naive->zone, .rows = rows_of, .fact = fact, .in_segment = in_segment,
	    .in_journey = in_journey, .stage = stage, .thing = no_thing, .nearest = nothing_near, .people = people};
}

void
world_clear(struct world *w)
{
	for (size_t i = 0; i < w->n_streams; i++) {
		vec_release(&w->streams[i].rows);
		vec_release(&w->streams[i].amends);
	}
	mem_free(w->streams);
	arena_clear(&w->a);
	arena_clear(&w->scratch);
}

struct outcome
world_eval(struct world *w, const struct cond *c, wall now)
{
	static const struct moment nothing;
	arena_reset(&w->scratch);
	for (size_t i = 0; i < w->n_members; i++)
		arena_reset(&w->members[i].scratch);
	w->now = now;
	w->facts.zone = w->naive->zone;
	return cond_eval(c, &w->facts, w->naive->moment ? w->naive->moment : &nothing, now, &w->scratch);
}

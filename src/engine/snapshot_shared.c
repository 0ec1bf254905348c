/* The shared state as bytes, and back: programs in use, streams, changes not yet seen by everybody, catalogue, accounts,
 * suppressions, and where the order of entries stands. */
#include "engine/engine_priv.h"

enum { SHARED_VERSION = 1 };

/* ---------------------------------------------------------------- order */

static void
order_save(const struct engine *g, struct buf *out)
{
	buf_add_varint(out, g->position);
	buf_add_zigzag(out, g->latest.ms);
	buf_add_zigzag(out, g->live_since.ms);
	buf_add_zigzag(out, g->history_until.ms);
	buf_add_varint(out, g->people.n);
	buf_add_varint(out, g->reached.len);
	for (size_t i = 0; i < g->reached.len; i++)
		buf_add_zigzag(out, g->reached.items[i].ms);
}

static void
order_load(struct engine *g, struct reader *r)
{
	g->position = read_varint(r);
	g->latest.ms = read_zigzag(r);
	g->live_since.ms = read_zigzag(r);
	g->history_until.ms = read_zigzag(r);
	g->now = g->instant = g->latest;
	uint64_t people = read_varint(r);
	if (people < UINT32_MAX && !r->bad)
		persons_reach(g, (uint32_t)people);
	g->reached.len = 0;
	for (uint64_t n = read_varint(r); n > 0 && !r->bad; n--)
		*vec_push(&g->reached) = (wall){read_zigzag(r)};
}

/* ---------------------------------------------------------------- streams */

static void
streams_save(const struct engine *g, struct buf *out)
{
	size_t n = 0;
	for (size_t i = 0; i < g->streams.len; i++)
		n += g->streams.items[i].users > 0;
	buf_add_varint(out, n);
	for (size_t i = 0; i < g->streams.len; i++) {
		const struct stream *s = &g->streams.items[i];
		const struct stream_shape *shape = &g->shapes.items[i];
		if (!s->users)
			continue;
		buf_add_lstr(out, s->text);
		buf_add_char(out, (char)(s->by_account | s->missing << 1 | shape->amendable << 2 | shape->keep.count_only << 3));
		buf_add_zigzag(out, shape->keep.window);
		buf_add_varint(out, shape->keep.first);
		buf_add_varint(out, shape->keep.latest);
		buf_add_char(out, (char)shape->n_columns);
	}
}

static void
streams_load(struct engine *g, struct reader *r)
{
	for (uint64_t n = read_varint(r); n > 0 && !r->bad; n--) {
		struct stream s = {.text = text_keep(&g->people.texts, read_lstr(r))};
		struct stream_shape shape = {0};
		uint8_t bits = read_u8(r);
		s.by_account = bits & 1;
		s.missing = s.absent = bits & 2;    /* half filled is not filled */
		shape.amendable = bits & 4;
		shape.keep.count_only = bits & 8;
		shape.keep.window = read_zigzag(r);
		shape.keep.first = (uint32_t)read_varint(r);
		shape.keep.latest = (uint32_t)read_varint(r);
		shape.n_columns = read_u8(r);
		r->bad |= shape.n_columns > STREAM_COLUMNS_MAX;
		*vec_push(&g->streams) = s;
		*vec_push(&g->shapes) = shape;
		uint32_t number = (uint32_t)g->streams.len - 1;
		strmap_put(&g->stream_of_text, s.text, number);
		stream_name(g, number);
	}
}

static void
streams_forget(struct engine *g)
{
	for (size_t i = 0; i < g->streams.len; i++)
		text_drop(&g->people.texts, g->streams.items[i].text);
	g->streams.len = g->shapes.len = 0;
	strmap_release(&g->stream_of_text);
	idmap_release(&g->stream_of_hash);
}

/* ---------------------------------------------------------------- programs */

static void
programs_save(const struct engine *g, struct buf *out)
{
	struct buf body = {0};
	size_t n = 0;
	buf_add_varint(out, g->versions.len);
	for (size_t i = 0; i < g->versions.len; i++)
		buf_add_u64(out, g->versions.items[i]);
	buf_add_u64(out, g->live ? g->live->p->version : 0);
	for (const struct live_program *lp = g->kept; lp; lp = lp->next)
		n++;
	buf_add_varint(out, n);
	for (const struct live_program *lp = g->kept; lp; lp = lp->next) {
		buf_reset(&body);
		program_write_json(lp->p, &body);
		buf_add_u64(out, lp->p->version);
		buf_add_varint(out, lp->since_seq);
		buf_add_lstr(out, buf_str(&body));
	}
	buf_release(&body);
}

struct offered { struct program *p; bool owned; };
typedef VEC(struct offered) offered_list;

/* Programs declared before the state was loaded were laid out without knowing what the state holds. */
static void
take_apart(struct engine *g, offered_list *ret)
{
	for (struct live_program *lp = g->kept, *next; lp; lp = next) {
		next = lp->next;
		*vec_push(ret) = (struct offered){lp->p, lp->owned};
		lp->owned = false;
		live_free(g, lp);
	}
	g->kept = NULL;
	streams_forget(g);
}

static struct live_program *
take_up(struct engine *g, offered_list *offered, uint64_t version)
{
	for (size_t i = 0; i < offered->len; i++) {
		struct offered o = offered->items[i];
		if (o.p->version != version)
			continue;
		vec_remove(offered, i);
		struct live_program *lp = live_make(g, o.p);
		lp->owned = o.owned;
		return lp;
	}
	return NULL;
}

static bool
program_load(struct engine *g, struct reader *r, offered_list *offered, uint64_t live, struct err *e)
{
	uint64_t version = read_u64(r), since = read_varint(r);
	struct str body = read_lstr(r);
	const struct json *j;
	struct live_program *lp = take_up(g, offered, version);
	if (!lp) {
		if (!json_parse_arena(&g->scratch, body, &j, e))
			return false;
		lp = program_of_body(g, j, e);
	}
	if (!lp)
		return fail_while(e, "a program that people are in");
	lp->since_seq = since;
	if (version == live)
		g->live = lp;
	return true;
}

static bool
was_live(const struct engine *g, uint64_t version)
{
	for (size_t i = 0; i < g->versions.len; i++)
		if (g->versions.items[i] == version)
			return true;
	return false;
}

static bool
programs_load(struct engine *g, struct reader *r, offered_list *offered, struct err *e)
{
	for (uint64_t n = read_varint(r); n > 0 && !r->bad; n--)
		*vec_push(&g->versions) = read_u64(r);
	uint64_t live = read_u64(r);
	for (uint64_t n = read_varint(r); n > 0 && !r->bad; n--)
		if (!program_load(g, r, offered, live, e))
			return false;
	while (offered->len) {
		struct offered o = offered->items[0];
		if (!was_live(g, o.p->version)) {
			take_up(g, offered, o.p->version);
			continue;
		}
		if (o.owned)
			*vec_push(&g->retired) = o.p;
		vec_remove(offered, 0);
	}
	return true;
}

/* ---------------------------------------------------------------- changes not yet seen by everybody */

static void
json_save(const struct json *j, struct buf *out)
{
	struct buf text = {0};
	struct json_writer w = json_writer_on(&text);
	if (j)
		jw_json(&w, j);
	buf_add_lstr(out, buf_str(&text));
	buf_release(&text);
}

static const struct json *
json_load(struct arena *a, struct reader *r)
{
	struct str text = read_lstr(r);
	const struct json *j = NULL;
	struct err e;
	if (text.len && !json_parse_arena(a, text, &j, &e))
		r->bad = true;
	return j;
}

static void
changes_save(const struct engine *g, struct buf *out)
{
	buf_add_varint(out, g->changes.len);
	for (size_t i = 0; i < g->changes.len; i++) {
		const struct shared_change *c = &g->changes.items[i];
		buf_add_varint(out, c->seq);
		buf_add_zigzag(out, c->at.ms);
		buf_add_u64(out, c->program ? c->program->p->version : 0);
		buf_add_u64(out, c->before ? c->before->p->version : 0);
		buf_add_varint(out, c->n_things);
		for (size_t k = 0; k < c->n_things; k++) {
			buf_add_lstr(out, c->things[k].kind);
			buf_add_lstr(out, c->things[k].key);
			buf_add_lstr(out, c->things[k].field);
			json_save(c->things[k].from, out);
			json_save(c->things[k].to, out);
		}
	}
}

static void
changes_load(struct engine *g, struct reader *r)
{
	for (uint64_t n = read_varint(r); n > 0 && !r->bad; n--) {
		struct shared_change c = {.seq = read_varint(r)};
		c.at.ms = read_zigzag(r);
		c.program = live_find(g, read_u64(r));
		c.before = live_find(g, read_u64(r));
		c.n_things = read_varint(r);
		if (r->bad || c.n_things > r->rest.len)
			break;
		c.arena = mem_alloc(sizeof(*c.arena));
		arena_init(c.arena);
		c.things = mem_alloc(sizeof(*c.things) * (c.n_things + 1));
		for (size_t k = 0; k < c.n_things; k++) {
			struct catalog_change *x = &c.things[k];
			x->kind = arena_str(c.arena, read_lstr(r));
			x->key = arena_str(c.arena, read_lstr(r));
			x->field = arena_str(c.arena, read_lstr(r));
			x->from = json_load(c.arena, r);
			x->to = json_load(c.arena, r);
		}
		*vec_push(&g->changes) = c;
	}
	g->sweep = g->changes.len > 0;
}

/* ---------------------------------------------------------------- all of it */

void
engine_shared_save(struct engine *g, struct buf *out)
{
	buf_add_char(out, SHARED_VERSION);
	order_save(g, out);
	streams_save(g, out);
	programs_save(g, out);
	changes_save(g, out);
	catalog_save(g->catalog, out);
	accounts_save(g, out, rows_write);
	suppressions_save(g, out);
	limits_save(g, out);
}

bool
engine_shared_load(struct engine *g, struct str bytes, struct err *e)
{
	struct reader r = {.rest = bytes};
	offered_list offered = {0};
	if (g->position || read_u8(&r) != SHARED_VERSION)
		return fail(e, ERR_INVALID, "the shared state was written by another version");
	take_apart(g, &offered);
	order_load(g, &r);
	g->loading = true;
	streams_load(g, &r);
	bool made = !r.bad && programs_load(g, &r, &offered, e);
	vec_release(&offered);
	if (!made)
		return r.bad ? fail(e, ERR_INVALID, "the shared state cannot be read") : false;
	changes_load(g, &r);
	if (r.bad || !catalog_load(g->catalog, &r))
		return fail(e, ERR_INVALID, "the shared state cannot be read");
	accounts_load(g, &r);
	suppressions_load(g, &r);
	limits_load(g, &r);
	arena_reset(&g->scratch);
	if (r.bad || r.rest.len)
		return fail(e, ERR_INVALID, "the shared state cannot be read");
	return true;
}

/* One person's state as a row, and back. What stands in the columns is for readers; the fold needs only `state`. */
#include "engine/engine_priv.h"
#include "profile/address.h"

enum { STATE_VERSION = 2, REPACK_BYTES = 8192 };

/* ---------------------------------------------------------------- rows of the past */

/* A stream as kept: its text and how far it reaches. The same in every process. */
void
stream_name(struct engine *g, uint32_t stream)
{
	struct buf b = {0};
	const struct stream_keep *k = &g->shapes.items[stream].keep;
	struct stream *s = &g->streams.items[stream];
	buf_add_lstr(&b, s->text);
	buf_add_zigzag(&b, k->window);
	buf_add_varint(&b, k->first);
	buf_add_varint(&b, k->latest);
	buf_add_char(&b, (char)k->count_only);
	s->hash = hash_stable(buf_str(&b));
	s->hash += s->hash == 0;
	idmap_put(&g->stream_of_hash, s->hash, stream);
	buf_release(&b);
}

static bool
is_kept(const struct engine *g, uint32_t stream)
{
	return g->streams.items[stream].users > 0;
}

/* What has not been looked at yet, though its instant is past, still reads rows as of then. */
static wall
unseen_since(const struct engine *g, uint32_t person)
{
	const struct shared_change *change = change_unseen(g, person);
	wall t = wall_min(g->latest, person_due(g, person));
	return change ? wall_min(t, change->at) : t;
}

static wall
unseen_by_anybody_since(const struct engine *g)
{
	wall t = g->alarms.len ? wall_min(g->latest, g->alarms.items[0].at) : g->latest;
	return g->changes.len ? wall_min(t, g->changes.items[0].at) : t;
}

static void
rows_write_as_of(struct engine *g, const struct row_sets *sets, wall now, struct buf *out)
{
	struct buf one = {0};
	uint32_t n = 0;
	for (uint32_t i = 0; i < sets->n; i++)
		n += is_kept(g, sets->items[i].stream);
	buf_add_varint(out, n);
	for (uint32_t i = 0; i < sets->n; i++) {
		uint32_t s = sets->items[i].stream;
		if (!is_kept(g, s))
			continue;
		rows_prune(&g->people.store, (struct row_sets *)sets, s, &g->shapes.items[s], now);
		buf_reset(&one);
		rows_save(sets, s, &g->shapes.items[s], &one);
		buf_add_u64(out, g->streams.items[s].hash);
		buf_add_lstr(out, buf_str(&one));
	}
	buf_release(&one);
}

void
rows_write(struct engine *g, const struct row_sets *sets, struct buf *out)
{
	rows_write_as_of(g, sets, unseen_by_anybody_since(g), out);
}

void
rows_read(struct engine *g, struct row_sets *sets, struct reader *r)
{
	for (uint64_t n = read_varint(r); n > 0 && !r->bad; n--) {
		uint64_t hash = read_u64(r);
		struct reader one = {.rest = read_lstr(r)};
		const uint64_t *stream = hash ? idmap_get(&g->stream_of_hash, hash) : NULL;
		if (!stream || (g->loading && g->streams.items[*stream].absent))
			continue;        /* nobody reads it any more, or it is to be filled anew */
		uint32_t s = (uint32_t)*stream;
		rows_load(&g->people.store, sets, s, &g->shapes.items[s], &one);
		r->bad |= one.bad;
	}
}

/* A person's rows stay as they were saved until somebody asks for them: most people of a large workspace sleep. */
static void
person_rows_write(struct engine *g, uint32_t number, struct profile *p, struct buf *out)
{
	struct buf raw = {0}, packed = {0};
	if (p->rows.packed_len) {
		buf_add_lstr(out, profile_packed(p));
		return;
	}
	if (!p->rows.n) {
		buf_add_lstr(out, STR(""));
		return;
	}
	rows_write_as_of(g, &p->rows, unseen_since(g, number), &raw);
	pack_bytes(g->people.packer, buf_str(&raw), &packed);
	buf_add_lstr(out, buf_str(&packed));
	/* Many rows weigh ten times as much as their bytes. */
	if (raw.len >= REPACK_BYTES)
		profile_pack(&g->people, p, buf_str(&packed), g->shapes.items);
	buf_release(&raw);
	buf_release(&packed);
}

static void
person_rows_read(struct engine *g, struct profile *p, struct reader *r)
{
	struct str packed = read_lstr(r);
	if (r->bad || (packed.len && !packed_is_whole(packed)))
		r->bad = true;
	else
		profile_pack(&g->people, p, packed, g->shapes.items);
}

void
rows_unpack(struct engine *g, struct profile *p)
{
	struct buf raw = {0};
	profile_unpack(&g->people, p, &raw);
	struct reader r = {.rest = buf_str(&raw)};
	rows_read(g, &p->rows, &r);
	ASSERT(!r.bad && !r.rest.len);
	buf_release(&raw);
}

void
rows_unpack_all(struct engine *g)
{
	for (uint32_t n = 1; n <= g->people.n && g->people.packed; n++)
		person_rows(g, profile_at(&g->people, n));
}

/* ---------------------------------------------------------------- standing */

static void
standing_save(const struct standing *s, struct buf *out)
{
	buf_add_char(out, s != NULL);
	if (!s)
		return;
	buf_add_u64(out, s->program->p->version);
	buf_add_varint(out, s->program->n_words);
	for (uint32_t w = 0; w < s->program->n_words; w++)
		buf_add_u64(out, s->truths[w]), buf_add_u64(out, s->wanted[w]);
	buf_add_varint(out, s->program->p->n_models);
	for (uint32_t m = 0; m < s->program->p->n_models; m++) {
		buf_add_char(out, (char)s->stage[m]);
		buf_add_zigzag(out, s->since[m].ms);
	}
}

/* NULL and bytes passed over when the program is not known any more. */
static struct standing *
standing_load(struct engine *g, struct reader *r)
{
	if (!read_u8(r))
		return NULL;
	const struct live_program *lp = live_find(g, read_u64(r));
	uint64_t words = read_varint(r);
	struct standing *s = lp && words == lp->n_words ? standing_new(lp) : NULL;
	for (uint64_t w = 0; w < words && !r->bad; w++) {
		uint64_t bits = read_u64(r), wanted = read_u64(r);
		if (s) {
			s->truths[w] = bits;
			s->wanted[w] = wanted;
		}
	}
	uint64_t models = read_varint(r);
	for (uint64_t m = 0; m < models && !r->bad; m++) {
		uint8_t stage = read_u8(r);
		wall since = {read_zigzag(r)};
		if (!s || m >= lp->p->n_models || (stage != STAGE_NOWHERE && stage >= lp->p->models[m].n_stages))
			continue;
		s->stage[m] = stage;
		s->since[m] = since;
	}
	return s;
}

/* ---------------------------------------------------------------- columns */

static struct str
written(struct arena *a, struct buf *b)
{
	struct str s = arena_str(a, buf_str(b));
	buf_reset(b);
	return s;
}

static struct str
anonymous_column(struct arena *a, const struct profile *p, struct buf *b)
{
	struct json_writer w = json_writer_on(b);
	jw_array(&w);
	for (uint32_t i = 0; i < p->ids.n_anonymous; i++)
		jw_str(&w, p->ids.anonymous[i]);
	jw_array_end(&w);
	return written(a, b);
}

static struct str
stages_column(struct arena *a, const struct standing *s, struct buf *b)
{
	struct json_writer w = json_writer_on(b);
	jw_object(&w);
	for (uint32_t m = 0; s && m < s->program->p->n_models; m++) {
		const struct model_def *def = &s->program->p->models[m];
		if (s->stage[m] == STAGE_NOWHERE)
			continue;
		jw_key(&w, def->name);
		jw_str(&w, def->stages[s->stage[m]].name);
	}
	jw_object_end(&w);
	return written(a, b);
}

static struct str
segments_column(struct engine *g, uint32_t number, struct arena *a, struct buf *b)
{
	const struct standing *s = person_at(g, number)->standing;
	struct json_writer w = json_writer_on(b);
	jw_array(&w);
	for (uint32_t c = 0; s && c < s->program->p->n_segments; c++)
		if (person_holds(g, number, c))
			jw_str(&w, s->program->p->conditions[c].name);
	jw_array_end(&w);
	return written(a, b);
}

static void
fill_columns(struct engine *g, uint32_t number, struct arena *a, struct profile_row *row)
{
	char buf[ADDRESS_BYTES];
	struct buf b = {0};
	struct profile *p = profile_at(&g->people, number);
	struct json_writer w = json_writer_on(&b);
	row->user_id = arena_str(a, profile_user_id(p));
	row->email = arena_str(a, profile_email(p, buf));
	row->phone = arena_str(a, profile_phone(p, buf));
	row->country = arena_str(a, profile_country(p));
	row->locale = arena_str(a, profile_locale(p));
	row->zone = p->zone ? arena_str(a, tz_name(p->zone)) : (struct str){0};
	traits_sort(&p->traits);
	traits_write_json(&p->traits, ROOT_TRAIT, false, &w);
	row->traits = written(a, &b);
	w = json_writer_on(&b);
	consents_write_json(&p->consents, &w);
	row->consent = written(a, &b);
	row->anonymous_ids = anonymous_column(a, p, &b);
	row->stages = stages_column(a, person_at(g, number)->standing, &b);
	row->segments = segments_column(g, number, a, &b);
	buf_release(&b);
}

/* ---------------------------------------------------------------- one person */

void
engine_profile_save(struct engine *g, uint32_t number, struct arena *a, struct profile_row *ret)
{
	struct profile *p = profile_at(&g->people, number);
	struct person *x = person_at(g, number);
	const struct account *account = account_at(g, p->account);
	struct buf b = {0};
	*ret = (struct profile_row){.number = number, .as_of = g->position, .forward = p->forward, .first_seen = p->first_seen,
	    .last_seen = p->last_seen, .alarm = person_due(g, number), .last_entry = p->last_entry};
	fill_columns(g, number, a, ret);
	buf_add_char(&b, STATE_VERSION);
	profile_save(&g->people, p, &b);
	buf_add_lstr(&b, account ? account->id : (struct str){0});
	buf_add_varint(&b, x->seen);
	buf_add_zigzag(&b, x->conditions_due.ms);
	buf_add_zigzag(&b, x->dates_due.ms);
	buf_add_char(&b, (char)x->dates_stale);
	standing_save(x->standing, &b);
	person_rows_write(g, number, p, &b);
	buf_add_char(&b, x->journeys != NULL);
	if (x->journeys)
		journeys_save(g, x->journeys, &b);
	ret->state = written(a, &b);
	buf_release(&b);
	p->dirty = false;
	g->dirty.items[number / 64] &= ~(1ull << number % 64);
}

bool
engine_profile_load(struct engine *g, const struct profile_row *row, struct err *e)
{
	struct reader r = {.rest = row->state};
	if (row->number == 0 || read_u8(&r) != STATE_VERSION)
		return fail(e, ERR_INVALID, "the row of person %u was written by another version", row->number);
	persons_reach(g, row->number);
	struct profile *p = profile_at(&g->people, row->number);
	struct person *x = person_at(g, row->number);
	profile_load(&g->people, row->number, &r, g->zones);
	struct str account = read_lstr(&r);
	if (account.len)
		account_join(g, row->number, account_open(g, account));
	x->seen = read_varint(&r);
	x->conditions_due.ms = read_zigzag(&r);
	x->dates_due.ms = read_zigzag(&r);
	x->dates_stale = read_u8(&r) != 0;
	x->standing = standing_load(g, &r);
	person_rows_read(g, p, &r);
	if (read_u8(&r) && !r.bad)
		x->journeys = journeys_load(g, row->number, &r);
	p->as_of = row->as_of;
	p->dirty = false;
	if (r.bad || r.rest.len)
		return fail(e, ERR_INVALID, "the row of person %u cannot be read", row->number);
	return true;
}

uint32_t
engine_next_dirty(const struct engine *g, uint32_t from)
{
	for (size_t w = from / 64; w < g->dirty.len; w++) {
		uint64_t bits = g->dirty.items[w];
		if (w == from / 64)
			bits &= UINT64_MAX << from % 64;
		if (bits)
			return (uint32_t)(w * 64 + (size_t)__builtin_ctzll(bits));
	}
	return 0;
}

/* Someone whose program is not known any more begins anew under the live one. */
static void
stand_again(struct engine *g, struct person *x)
{
	if (x->standing || !g->live)
		return;
	x->standing = standing_new(g->live);
	x->conditions_due = g->latest;
}

void
engine_loaded(struct engine *g)
{
	for (uint32_t n = 1; n <= g->people.n; n++) {
		struct person *x = person_at(g, n);
		const struct profile *p = profile_at(&g->people, n);
		identity_load(&g->people, n);
		if (!p->met || p->forward || p->erased)
			continue;
		if (!change_unseen(g, n))
			stand_again(g, x);
		if (x->standing)
			standing_enter(g, n);
		wall due = person_due(g, n);
		if (due.ms != WALL_NEVER.ms)
			alarm_pull(g, n, due);
	}
	/* What is to be filled anew is left out of the rows only while that is known. */
	for (size_t i = 0; i < g->streams.len; i++)
		if (g->streams.items[i].absent)
			rows_unpack_all(g);
	for (size_t i = 0; i < g->retired.len; i++)
		program_free(g->retired.items[i]);
	g->retired.len = 0;
	g->loading = false;
}

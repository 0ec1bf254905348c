/* Programs in use: which conditions an event, a segment or a changed trait may turn, and which streams are fed. */
#include "engine/engine_priv.h"

/* ---------------------------------------------------------------- streams */

static bool
keep_covers(const struct stream_keep *have, const struct stream_keep *want)
{
	if (have->window == INT64_MAX)
		return true;
	return have->window >= want->window && have->first >= want->first && have->latest >= want->latest &&
	    (have->count_only || !want->count_only);
}

static void
keep_widen(struct stream_keep *have, const struct stream_keep *want)
{
	if (want->window > have->window)
		have->window = want->window;
	if (want->first > have->first)
		have->first = want->first;
	if (want->latest > have->latest)
		have->latest = want->latest;
	have->count_only |= want->count_only;
}

static uint32_t
stream_new(struct engine *g, struct str text, const struct stream_shape *shape, bool by_account)
{
	uint32_t number = (uint32_t)g->streams.len;
	*vec_push(&g->streams) = (struct stream){.text = text_keep(&g->people.texts, text), .by_account = by_account,
	    .missing = g->people.n > 0, .absent = g->loading, .until = g->position};
	*vec_push(&g->shapes) = *shape;
	strmap_put(&g->stream_of_text, text, number);
	stream_name(g, number);
	return number;
}

/* The engine's number for a stream of a program. Rows that were pruned are gone: who wants to look further back than the
 * stream of this text keeps gets a new one. */
static uint32_t
stream_find(struct engine *g, struct str text, const struct stream_shape *shape, bool by_account)
{
	const uint32_t *have = strmap_get(&g->stream_of_text, text);
	if (!have)
		return stream_new(g, text, shape, by_account);
	struct stream *s = &g->streams.items[*have];
	struct stream_shape *kept = &g->shapes.items[*have];
	if (s->dead)
		return stream_new(g, text, shape, by_account);
	bool widest = keep_covers(&kept->keep, &shape->keep) && kept->amendable >= shape->amendable;
	if (!widest && s->until != g->position)
		return stream_new(g, text, shape, by_account);
	keep_widen(&kept->keep, &shape->keep);
	kept->amendable |= shape->amendable;
	stream_name(g, *have);
	return *have;
}

static bool
is_amendable(const struct program *p, uint32_t stream)
{
	for (size_t i = 0; i < p->vocabulary.n_amendments; i++) {
		struct stream_list fed = features_of_event(p->features, ENTRY_TRACK, p->vocabulary.amendments[i].event);
		for (size_t k = 0; k < fed.n; k++)
			if (fed.items[k] == stream)
				return true;
	}
	return false;
}

static size_t
live_declare(struct engine *g, struct live_program *lp)
{
	const struct features *f = lp->p->features;
	size_t missing = 0;
	/* Streams are about to be made and widened: rows that still wait know them by the names of now. */
	if (!g->loading)
		rows_unpack_all(g);
	lp->n_streams = (uint32_t)features_count(f);
	lp->streams = arena_array(&lp->arena, uint32_t, lp->n_streams);
	for (uint32_t i = 0; i < lp->n_streams; i++) {
		struct stream_shape shape = {*features_keep(f, i), (uint8_t)features_columns(f, i), is_amendable(lp->p, i)};
		uint32_t s = stream_find(g, features_text(f, i), &shape, features_by_account(f, i));
		lp->streams[i] = s;
		g->streams.items[s].users++;
		missing += g->streams.items[s].missing;
	}
	return missing;
}

void
live_feeds(struct engine *g, const struct event_view *ev, void (*feed)(void *self, const struct features *f, uint32_t of_program, uint32_t stream),
    void *self)
{
	g->feeds++;
	texts_remember(&g->people.texts);
	for (const struct live_program *lp = g->kept; lp; lp = lp->next) {
		struct stream_list list = features_of_event(lp->p->features, ev->kind, ev->name);
		for (size_t i = 0; i < list.n; i++) {
			if (list.items[i] >= lp->n_streams)
				continue;        /* made for a question */
			struct stream *s = &g->streams.items[lp->streams[list.items[i]]];
			if (s->fed == g->feeds)
				continue;
			s->fed = g->feeds;
			feed(self, lp->p->features, list.items[i], lp->streams[list.items[i]]);
		}
	}
	texts_forget(&g->people.texts);
}

/* ---------------------------------------------------------------- which conditions read what */

static void
mark(uint64_t *sets, uint32_t n_words, size_t set, uint32_t place)
{
	sets[set * n_words + place / 64] |= 1ull << place % 64;
}

static uint64_t *
bit_sets(struct live_program *lp, size_t n)
{
	return arena_array(&lp->arena, uint64_t, n * lp->n_words + 1);
}

static void
index_condition(struct engine *g, struct live_program *lp, uint32_t c)
{
	const struct cond *cond = lp->p->conditions[c].cond;
	uint32_t place = lp->place[c], reads = cond_reads(cond);
	struct stream_list streams = cond_streams(cond), segments = cond_segments(cond);
	for (size_t i = 0; i < streams.n; i++) {
		uint32_t s = lp->streams[streams.items[i]];
		mark(lp->by_stream, lp->n_words, s, place);
		if (g->streams.items[s].by_account)
			reads |= READS_PEOPLE;
	}
	for (size_t i = 0; i < segments.n; i++)
		if (lp->segment_index[segments.items[i]] != UINT32_MAX)
			mark(lp->by_segment, lp->n_words, lp->segment_index[segments.items[i]], place);
	for (uint32_t b = 0; b < READS_GROUPS; b++)
		if (reads & 1u << b)
			mark(lp->by_group, lp->n_words, b, place);
	if (reads & READS_PEOPLE) {
		mark(lp->by_people, lp->n_words, 0, place);
		lp->has_people = true;
	}
}

static void
index_lean(struct live_program *lp, uint32_t c)
{
	uint64_t *const sets[] = {[LEAN_UP] = lp->up, [LEAN_DOWN] = lp->down, [LEAN_UP_FRESH] = lp->up_fresh, [LEAN_DOWN_FRESH] = lp->down_fresh};
	enum lean lean = lp->p->conditions[c].tree ? expr_lean(lp->p->conditions[c].tree) : LEAN_ANY;
	if (lean != LEAN_ANY && lean != LEAN_FLAT)
		mark(sets[lean], lp->n_words, 0, lp->place[c]);
}

static void
index_models(struct live_program *lp)
{
	const struct program *p = lp->p;
	memset(lp->model_of, MODEL_NONE, p->n_conditions + 1);
	for (uint32_t m = 0; m < p->n_models; m++)
		for (uint32_t s = 0; s < p->models[m].n_stages; s++) {
			uint32_t c = p->models[m].stages[s].condition;
			if (c == UINT32_MAX)
				continue;
			lp->model_of[lp->place[c]] = (uint8_t)m;
			if (lp->model_ready[m] <= lp->place[c])
				lp->model_ready[m] = lp->place[c] + 1;
		}
}

/* The vocabulary lists names in its own order. */
static void
index_names(struct live_program *lp)
{
	const struct program *p = lp->p;
	const struct vocabulary *v = &p->vocabulary;
	for (uint32_t i = 0; i < p->n_segments; i++)
		strmap_put(&lp->segments, p->conditions[i].name, i);
	for (uint32_t i = (uint32_t)p->n_conditions; i-- > 0;)
		strmap_put(&lp->texts, p->conditions[i].text, i);
	lp->segment_index = arena_array(&lp->arena, uint32_t, v->n_segments + 1);
	for (size_t i = 0; i < v->n_segments; i++) {
		const uint32_t *at = strmap_get(&lp->segments, v->segments[i]);
		lp->segment_index[i] = at ? *at : UINT32_MAX;
	}
	lp->model_index = arena_array(&lp->arena, uint32_t, v->n_models + 1);
	for (size_t i = 0; i < v->n_models; i++) {
		lp->model_index[i] = UINT32_MAX;
		for (uint32_t m = 0; m < p->n_models; m++)
			if (str_eq(p->models[m].name, v->models[i]))
				lp->model_index[i] = m;
	}
}

static void
keep_for_all(struct live_program *lp, const uint32_t *conditions, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (conditions[i] != UINT32_MAX)
			lp->lazy[lp->place[conditions[i]] / 64] &= ~(1ull << lp->place[conditions[i]] % 64);
}

static void
keep_of_journeys(struct live_program *lp, const struct journey_def *journeys, size_t n)
{
	for (const struct journey_def *j = journeys; j < journeys + n; j++) {
		keep_for_all(lp, j->entry_standing, j->n_entry_on);
		keep_for_all(lp, j->exit_standing, j->n_exit_on);
		keep_for_all(lp, j->goal_standing, j->n_goal_on);
		for (uint32_t i = 0; i < j->n_steps; i++)
			keep_for_all(lp, j->steps[i].triggers_standing, j->steps[i].n_triggers);
	}
}

/* Segments, stages and whatever can *become* true is kept for everybody; what is only ever asked by those who wait is not. */
static void
index_lazy(struct live_program *lp)
{
	const struct program *p = lp->p;
	lp->lazy = bit_sets(lp, 1);
	for (uint32_t c = (uint32_t)p->n_segments; c < p->n_conditions; c++)
		if (p->conditions[c].use != USE_STAGE)
			mark(lp->lazy, lp->n_words, 0, lp->place[c]);
	keep_of_journeys(lp, p->journeys, p->n_journeys);
	keep_of_journeys(lp, p->shadows, p->n_shadows);
	for (size_t i = 0; i < p->n_goals; i++)
		keep_for_all(lp, p->goals[i].standing, p->goals[i].n_on);
}

static void
make_index(struct engine *g, struct live_program *lp)
{
	const struct program *p = lp->p;
	lp->n_words = (uint32_t)(p->n_conditions + 63) / 64;
	lp->place = arena_array(&lp->arena, uint32_t, p->n_conditions + 1);
	for (uint32_t i = 0; i < p->n_conditions; i++)
		lp->place[p->order[i]] = i;
	lp->n_by_stream = (uint32_t)g->streams.len;
	lp->by_stream = bit_sets(lp, lp->n_by_stream);
	lp->by_group = bit_sets(lp, READS_GROUPS);
	lp->by_segment = bit_sets(lp, p->n_segments);
	lp->by_people = bit_sets(lp, 1);
	lp->up = bit_sets(lp, 1);
	lp->down = bit_sets(lp, 1);
	lp->up_fresh = bit_sets(lp, 1);
	lp->down_fresh = bit_sets(lp, 1);
	lp->born_true = bit_sets(lp, 1);
	lp->born_ask = bit_sets(lp, 1);
	lp->model_of = arena_alloc(&lp->arena, p->n_conditions + 1);
	lp->model_ready = arena_array(&lp->arena, uint32_t, p->n_models + 1);
	lp->stage_people = arena_alloc(&lp->arena, sizeof(*lp->stage_people) * (p->n_models + 1));
	lp->members = arena_array(&lp->arena, struct members *, p->n_segments + 1);
	for (size_t i = 0; i < p->n_segments; i++)
		lp->members[i] = members_new();
	index_names(lp);
	for (uint32_t c = 0; c < p->n_conditions; c++) {
		index_condition(g, lp, c);
		index_lean(lp, c);
	}
	index_models(lp);
	index_lazy(lp);
}

/* ---------------------------------------------------------------- keeping programs */

struct live_program *
live_find(const struct engine *g, uint64_t version)
{
	for (struct live_program *lp = g->kept; lp; lp = lp->next)
		if (lp->p->version == version)
			return lp;
	return NULL;
}

struct live_program *
live_make(struct engine *g, struct program *p)
{
	struct live_program *lp = live_find(g, p->version);
	if (lp)
		return lp;
	lp = mem_alloc(sizeof(*lp));
	arena_init(&lp->arena);
	lp->p = p;
	lp->zone = g->zones ? tz_find(g->zones, p->zone) : NULL;
	lp->missing = live_declare(g, lp);
	make_index(g, lp);
	lp->journeys = journey_index_new(p);
	lp->next = g->kept;
	g->kept = lp;
	return lp;
}

void
live_free(struct engine *g, struct live_program *lp)
{
	for (uint32_t i = 0; i < lp->n_streams; i++) {
		struct stream *s = &g->streams.items[lp->streams[i]];
		s->dead = --s->users == 0;
	}
	for (size_t i = 0; i < lp->p->n_segments; i++)
		members_free(lp->members[i]);
	journey_index_free(lp->journeys);
	strmap_release(&lp->segments);
	strmap_release(&lp->texts);
	if (lp->owned)
		program_free(lp->p);
	arena_clear(&lp->arena);
	mem_free(lp);
}

void
live_ref(struct live_program *lp)
{
	lp->refs++;
}

void
live_unref(struct engine *g, struct live_program *lp)
{
	ASSERT(lp->refs > 0);
	if (--lp->refs == 0 && lp != g->live)
		g->unused_programs = true;
}

static bool
awaits_people(const struct engine *g, const struct live_program *lp)
{
	for (size_t i = 0; i < g->changes.len; i++)
		if (g->changes.items[i].program == lp || g->changes.items[i].before == lp)
			return true;
	return false;
}

void
live_drop_unused(struct engine *g)
{
	g->unused_programs = false;
	for (struct live_program **at = &g->kept; *at;) {
		struct live_program *lp = *at;
		if (lp == g->live || lp->refs || !lp->since_seq || awaits_people(g, lp)) {
			at = &lp->next;
			continue;
		}
		*at = lp->next;
		live_free(g, lp);
	}
}

uint32_t
live_condition_of(const struct engine *g, const struct live_program *lp, uint32_t condition)
{
	if (lp == g->live || condition == UINT32_MAX)
		return condition;
	const uint32_t *at = g->live ? strmap_get(&g->live->texts, lp->p->conditions[condition].text) : NULL;
	return at ? *at : UINT32_MAX;
}

/* Standing conditions: those that may have changed are worked out in the program's order; segments, stages and the alarm
 * follow. */
#include "engine/engine_priv.h"

static const msec SOON = 32 * DAY;

/* ---------------------------------------------------------------- what is stale */

static void
stale_sets(struct engine *g, const uint64_t *sets, size_t set)
{
	struct at_hand *h = &g->at_hand;
	const struct live_program *lp = h->program;
	const struct standing *s = person_at(g, h->person)->standing;
	for (uint32_t w = 0; w < lp->n_words; w++) {
		h->stale[w] |= sets[set * lp->n_words + w] & (~lp->lazy[w] | s->wanted[w]);
		h->any_stale |= h->stale[w] != 0;
	}
}

void
engine_stale(struct engine *g, uint32_t reads)
{
	if (!g->at_hand.program)
		return;
	for (uint32_t b = 0; b < READS_GROUPS; b++)
		if (reads & 1u << b)
			stale_sets(g, g->at_hand.program->by_group, b);
}

void
stale_stream(struct engine *g, uint32_t stream)
{
	if (g->at_hand.program && stream < g->at_hand.program->n_by_stream)
		stale_sets(g, g->at_hand.program->by_stream, stream);
}

/* What an event can only make true stays true: its alarm may be early then, and moves when it rings. */
void
stale_added(struct engine *g, uint32_t stream, wall happened)
{
	struct at_hand *h = &g->at_hand;
	const struct live_program *lp = h->program;
	if (!lp || stream >= lp->n_by_stream)
		return;
	const struct standing *s = person_at(g, h->person)->standing;
	uint64_t fresh = g->instant.ms - happened.ms < MINUTE ? UINT64_MAX : 0;
	for (uint32_t w = 0; w < lp->n_words; w++) {
		uint64_t stays = (s->truths[w] & (lp->up[w] | (lp->up_fresh[w] & fresh))) | (~s->truths[w] & (lp->down[w] | (lp->down_fresh[w] & fresh)));
		h->stale[w] |= lp->by_stream[(size_t)stream * lp->n_words + w] & (~lp->lazy[w] | s->wanted[w]) & ~stays;
		h->any_stale |= h->stale[w] != 0;
	}
}

static void
stale_most(struct engine *g, const uint64_t *which, wall due)
{
	struct at_hand *h = &g->at_hand;
	const struct live_program *lp = h->program;
	struct standing *s = person_at(g, h->person)->standing;
	uint32_t n = (uint32_t)lp->p->n_conditions;
	for (uint32_t w = 0; w < lp->n_words; w++) {
		uint64_t all = n - w * 64 >= 64 ? UINT64_MAX : (1ull << n % 64) - 1;
		h->stale[w] |= (which ? which[w] & all : all) & ~lp->lazy[w];
		h->any_stale |= h->stale[w] != 0;
		s->truths[w] &= ~lp->lazy[w];
		s->wanted[w] = 0;        /* whoever still waits for one asks again */
	}
	person_at(g, h->person)->conditions_due = due;
}

void
stale_all(struct engine *g)
{
	if (!g->at_hand.program)
		return;
	struct standing *s = person_at(g, g->at_hand.person)->standing;
	s->later = WALL_NEVER;
	stale_most(g, NULL, WALL_NEVER);
}

/* The rest stands whatever the time is. Most of what time may turn it turns in months: those are not looked at before the first of them
 * is due. */
void
stale_timed(struct engine *g)
{
	if (!g->at_hand.program)
		return;
	struct standing *s = person_at(g, g->at_hand.person)->standing;
	if (s->later.ms > g->instant.ms) {
		stale_most(g, s->soon, s->later);
		return;
	}
	s->later = WALL_NEVER;
	stale_most(g, s->timed, WALL_NEVER);
}

/* ---------------------------------------------------------------- stages */

struct run {                             /* of one pass over the stale conditions */
	struct engine *g;
	const struct live_program *lp;
	struct person *person;
	uint32_t model_pending;          /* bit a model whose stage may have changed */
	uint32_t cause[MODELS_MAX];      /* condition that turned for it */
	uint32_t segments_turned[16], n_segments_turned;
};

static bool
holds(const void *self, uint32_t condition)
{
	const struct standing *s = self;
	uint32_t place = s->program->place[condition];
	return s->truths[place / 64] >> place % 64 & 1;
}

/* "deciding became true: Product Added": the segment that turned, where the stage is made of segments. */
static struct str
reason_of(const struct run *r, uint32_t model)
{
	const struct at_hand *h = &r->g->at_hand;
	if (r->cause[model] == UINT32_MAX)
		return arena_str(&r->g->d->arena, h->what);
	const struct condition_def *c = &r->lp->p->conditions[r->cause[model]];
	struct stream_list named = cond_segments(c->cond);
	for (size_t i = 0; i < named.n; i++)
		for (uint32_t k = 0; k < r->n_segments_turned; k++)
			if (r->lp->segment_index[named.items[i]] == r->segments_turned[k])
				c = &r->lp->p->conditions[r->segments_turned[k]];
	bool now = holds(r->person->standing, (uint32_t)(c - r->lp->p->conditions));
	return ARENA_JOIN(&r->g->d->arena, c->name, now ? STR(" became true: ") : STR(" became false: "), h->what);
}

static void
tell_move(struct engine *g, uint32_t model, uint8_t from, uint8_t to, struct str reason)
{
	*vec_push(&g->d->moves) = (struct stage_move){
	    .profile = g->at_hand.person, .model = (uint8_t)model, .from = from, .to = to, .when = g->instant, .seq = g->at_hand.seq, .reason = reason};
}

/* Who asks for a stage stands after all that decides it. */
static void
stale_readers_of_stages(struct run *r, uint32_t from)
{
	static const uint32_t group = __builtin_ctz(READS_STAGE);
	for (uint32_t w = from / 64; w < r->lp->n_words; w++) {
		uint64_t later = w == from / 64 ? UINT64_MAX << from % 64 : UINT64_MAX;
		r->g->at_hand.stale[w] |= r->lp->by_group[group * r->lp->n_words + w] & later & (~r->lp->lazy[w] | r->person->standing->wanted[w]);
	}
}

static bool
stage_settle(struct run *r, uint32_t model)
{
	struct engine *g = r->g;
	struct standing *s = r->person->standing;
	uint8_t from = s->stage[model], to = model_stage(&r->lp->p->models[model], holds, s);
	if (from == to)
		return false;
	s->stage[model] = to;
	s->since[model] = g->instant;
	if (from != STAGE_NOWHERE)
		r->lp->stage_people[model][from]--;
	if (to != STAGE_NOWHERE)
		r->lp->stage_people[model][to]++;
	if (g->d && !g->at_hand.newborn)
		tell_move(g, model, from, to, reason_of(r, model));
	person_touch(g, g->at_hand.person);
	stale_readers_of_stages(r, r->lp->model_ready[model]);
	return true;
}

/* Those whose conditions all stand before this place; true when one moved. */
static bool
stages_settle(struct run *r, uint32_t place)
{
	bool moved = false;
	for (uint32_t left = r->model_pending; left; left &= left - 1) {
		uint32_t m = (uint32_t)__builtin_ctz(left);
		if (r->lp->model_ready[m] > place)
			continue;
		r->model_pending &= ~(1u << m);
		moved |= stage_settle(r, m);
	}
	return moved;
}

void
tell_first_stages(struct engine *g)
{
	const struct at_hand *h = &g->at_hand;
	const struct standing *s = person_at(g, h->person)->standing;
	if (!g->d || !s)
		return;
	for (uint32_t m = 0; m < h->program->p->n_models; m++)
		if (s->stage[m] != STAGE_NOWHERE)
			tell_move(g, m, STAGE_NOWHERE, s->stage[m], ARENA_JOIN(&g->d->arena, STR("first seen: "), h->what));
}

/* ---------------------------------------------------------------- one condition */

static void
turn(struct run *r, uint32_t condition, uint32_t place, bool now)
{
	struct engine *g = r->g;
	r->person->standing->truths[place / 64] ^= 1ull << place % 64;
	if (condition < r->lp->p->n_segments) {
		if (now)
			members_add(r->lp->members[condition], g->at_hand.person);
		else
			members_remove(r->lp->members[condition], g->at_hand.person);
		stale_sets(g, r->lp->by_segment, condition);
		if (r->n_segments_turned < COUNT(r->segments_turned))
			r->segments_turned[r->n_segments_turned++] = condition;
	}
	uint8_t model = r->lp->model_of[place];
	if (model != MODEL_NONE) {
		r->model_pending |= 1u << model;
		r->cause[model] = condition;
	}
	if (now)
		*vec_push(&g->at_hand.turned) = condition;
	person_touch(g, g->at_hand.person);
}

static void
note_expiry(struct run *r, uint32_t place, wall expiry)
{
	struct standing *s = r->person->standing;
	uint64_t bit = 1ull << place % 64;
	s->timed[place / 64] &= ~bit;
	s->soon[place / 64] &= ~bit;
	if (expiry.ms == WALL_NEVER.ms)
		return;
	s->timed[place / 64] |= bit;
	if (expiry.ms <= wall_add(r->g->instant, SOON).ms)
		s->soon[place / 64] |= bit;
	else
		s->later = wall_min(s->later, expiry);
	r->person->conditions_due = wall_min(r->person->conditions_due, expiry);
}

static void
work_out(struct run *r, uint32_t place)
{
	struct engine *g = r->g;
	uint32_t condition = r->lp->p->order[place];
	wall expiry = WALL_NEVER;
	g->worked_out++;
	bool was = r->person->standing->truths[place / 64] >> place % 64 & 1;
	bool now = cond_true(r->lp->p->conditions[condition].cond, &g->at_hand.facts.facts, NULL, g->instant, &g->scratch, &expiry);
	note_expiry(r, place, expiry);
	if (now != was)
		turn(r, condition, place, now);
}

static struct run
run_begin(struct engine *g)
{
	struct at_hand *h = &g->at_hand;
	struct run r = {.g = g, .lp = h->program, .person = person_at(g, h->person)};
	for (uint32_t m = 0; m < MODELS_MAX; m++)
		r.cause[m] = UINT32_MAX;
	if (h->all_models)
		r.model_pending = (1u << h->program->p->n_models) - 1;
	h->all_models = h->any_stale = false;
	return r;
}

static uint32_t
first_stale(const struct run *r)
{
	const uint64_t *stale = r->g->at_hand.stale;
	for (uint32_t w = 0; w < r->lp->n_words; w++)
		if (stale[w])
			return w * 64 + (uint32_t)__builtin_ctzll(stale[w]);
	return UINT32_MAX;
}

/* A condition stands after those that it names, so what turns makes stale only what is still to come. */
void
conditions_run(struct engine *g)
{
	struct at_hand *h = &g->at_hand;
	if (!h->any_stale && !h->all_models)
		return;
	struct run r = run_begin(g);
	for (;;) {
		uint32_t place = first_stale(&r);
		if (r.model_pending && stages_settle(&r, place))
			continue;        /* somebody in between asks for the stage */
		if (place == UINT32_MAX)
			break;
		h->stale[place / 64] &= ~(1ull << place % 64);
		work_out(&r, place);
	}
}

/* ---------------------------------------------------------------- beginning, leaving */

/* Depends on who it is or on the time even while nothing is known. */
static bool
asks_at_birth(const struct live_program *lp, uint32_t condition)
{
	const struct condition_def *c = &lp->p->conditions[condition];
	struct stream_list named = cond_segments(c->cond);
	if (cond_reads(c->cond) & (READS_TIME | READS_STAGE) || str_find(c->text, STR("sample "), 0) != SIZE_MAX)
		return true;
	for (size_t i = 0; i < named.n; i++) {
		uint32_t segment = lp->segment_index[named.items[i]];
		if (segment == UINT32_MAX || lp->born_ask[lp->place[segment] / 64] >> lp->place[segment] % 64 & 1)
			return true;
	}
	return false;
}

static void
learn_births(struct engine *g, struct live_program *lp)
{
	struct standing *s = person_at(g, g->at_hand.person)->standing;
	lp->born_known = true;
	for (uint32_t place = 0; place < lp->p->n_conditions; place++) {
		uint32_t condition = lp->p->order[place], w = place / 64;
		uint64_t bit = 1ull << place % 64;
		wall expiry = WALL_NEVER;
		if (lp->lazy[w] & bit)
			continue;
		bool now = cond_true(lp->p->conditions[condition].cond, &g->at_hand.facts.facts, NULL, g->instant, &g->scratch, &expiry);
		if (expiry.ms != WALL_NEVER.ms || asks_at_birth(lp, condition)) {
			lp->born_ask[w] |= bit;
			now = false;
		}
		lp->born_true[w] |= now ? bit : 0;
		s->truths[w] |= now ? bit : 0;    /* later ones name it */
	}
}

void
standing_be_born(struct engine *g)
{
	struct at_hand *h = &g->at_hand;
	struct live_program *lp = g->live;
	struct standing *s = person_at(g, h->person)->standing;
	ASSERT(lp == h->program);
	if (!lp->born_known)
		learn_births(g, lp);
	for (uint32_t w = 0; w < lp->n_words; w++) {
		s->truths[w] = lp->born_true[w];
		s->timed[w] = s->soon[w] = 0;
		h->stale[w] = lp->born_ask[w];
		h->any_stale |= h->stale[w] != 0;
	}
	for (uint32_t c = 0; c < lp->p->n_segments; c++)
		if (holds(s, c))
			members_add(lp->members[c], h->person);
	s->later = WALL_NEVER;
	h->all_models = true;
}

struct standing *
standing_new(const struct live_program *lp)
{
	uint32_t models = (uint32_t)lp->p->n_models;
	size_t bits = sizeof(uint64_t) * lp->n_words, times = sizeof(wall) * models;
	struct standing *s = mem_alloc(sizeof(*s) + 4 * bits + times + models);
	s->program = lp;
	s->wanted = s->truths + lp->n_words;
	s->timed = s->wanted + lp->n_words;
	s->soon = s->timed + lp->n_words;
	memset(s->timed, 0xff, bits);    /* until it is known better */
	s->later = WALL_BEFORE_ALL;
	s->since = (wall *)(void *)((char *)s->truths + 4 * bits);
	s->stage = (uint8_t *)s->since + times;
	memset(s->stage, STAGE_NOWHERE, models);
	return s;
}

void
standing_leave_sets(struct engine *g, uint32_t person)
{
	const struct standing *s = person_at(g, person)->standing;
	for (uint32_t c = 0; c < s->program->p->n_segments; c++)
		if (holds(s, c))
			members_remove(s->program->members[c], person);
	for (uint32_t m = 0; m < s->program->p->n_models; m++)
		if (s->stage[m] != STAGE_NOWHERE)
			s->program->stage_people[m][s->stage[m]]--;
}

void
standing_leave(struct engine *g, uint32_t person)
{
	struct person *x = person_at(g, person);
	if (x->standing)
		standing_leave_sets(g, person);
	mem_free(x->standing);
	x->standing = NULL;
}

/* The same person under another program: what has the same words keeps its truth, the rest begins false. Stages stay where they are
 * by name. */
struct standing *
standing_under(const struct standing *before, const struct live_program *lp)
{
	struct standing *s = standing_new(lp);
	for (uint32_t c = 0; before && c < lp->p->n_conditions; c++) {
		const uint32_t *same = strmap_get(&before->program->texts, lp->p->conditions[c].text);
		if (same && holds(before, *same) && !(lp->lazy[lp->place[c] / 64] >> lp->place[c] % 64 & 1))
			s->truths[lp->place[c] / 64] |= 1ull << lp->place[c] % 64;
	}
	for (uint32_t m = 0; before && m < lp->p->n_models; m++)
		for (uint32_t o = 0; o < before->program->p->n_models; o++) {
			const struct model_def *now = &lp->p->models[m], *old = &before->program->p->models[o];
			if (!str_eq(now->name, old->name) || before->stage[o] == STAGE_NOWHERE)
				continue;
			for (uint8_t i = 0; i < now->n_stages; i++)
				if (str_eq(now->stages[i].name, old->stages[before->stage[o]].name)) {
					s->stage[m] = i;
					s->since[m] = before->since[o];
				}
		}
	return s;
}

/* A person's truths and stages are put into the sets: after loading, or under a new program. */
void
standing_enter(struct engine *g, uint32_t person)
{
	const struct standing *s = person_at(g, person)->standing;
	for (uint32_t c = 0; c < s->program->p->n_segments; c++)
		if (holds(s, c))
			members_add(s->program->members[c], person);
	for (uint32_t m = 0; m < s->program->p->n_models; m++)
		if (s->stage[m] != STAGE_NOWHERE)
			s->program->stage_people[m][s->stage[m]]++;
}

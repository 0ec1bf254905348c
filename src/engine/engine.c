/* The fold itself. Read engine_apply and person_catch_up first: they are the product. */
#include "engine/engine_priv.h"
#include "base/limits.h"

enum { SWEEP_ENTRY = 8, SWEEP_TICK = 256 };    /* people that a slice of a shared change reaches */

/* ---------------------------------------------------------------- one person at hand */

void
persons_reach(struct engine *g, uint32_t number)
{
	people_reach(&g->people, number);
	if (g->n_person_pages < g->people.n_pages) {
		size_t had = (size_t)g->n_person_pages * PEOPLE_PAGE, has = (size_t)g->people.n_pages * PEOPLE_PAGE;
		g->persons = mem_realloc(g->persons, sizeof(*g->persons) * g->people.n_pages);
		g->alarm_places = mem_realloc(g->alarm_places, sizeof(*g->alarm_places) * has);
		memset(g->alarm_places + had, 0, sizeof(*g->alarm_places) * (has - had));
		for (; g->n_person_pages < g->people.n_pages; g->n_person_pages++) {
			struct person *page = mem_alloc(sizeof(*page) * PEOPLE_PAGE);
			for (size_t i = 0; i < PEOPLE_PAGE; i++)
				page[i].conditions_due = page[i].dates_due = WALL_NEVER;
			g->persons[g->n_person_pages] = page;
		}
	}
	while (g->dirty.len <= number / 64)
		*vec_push(&g->dirty) = 0;
}

void
person_touch(struct engine *g, uint32_t person)
{
	profile_at(&g->people, person)->dirty = true;
	g->dirty.items[person / 64] |= 1ull << person % 64;
}

static uint64_t *
clean_stale(struct engine *g, size_t n_words)
{
	if (g->n_stale < n_words) {
		g->stale = mem_realloc(g->stale, sizeof(uint64_t) * n_words);
		g->n_stale = n_words;
	}
	if (n_words)
		memset(g->stale, 0, sizeof(uint64_t) * n_words);
	return g->stale;
}

void
person_begin(struct engine *g, uint32_t person, wall instant, wall decided, uint64_t seq, struct str what, bool history)
{
	struct at_hand *h = &g->at_hand;
	const struct standing *s = person_at(g, person)->standing;
	ASSERT(h->person == 0);
	g->instant = instant;
	g->now = decided;
	h->person = person;
	h->program = s ? s->program : NULL;
	h->seq = seq;
	h->what = what;
	h->history = history;
	h->stale = clean_stale(g, h->program ? h->program->n_words : 0);
	h->any_stale = h->newborn = h->all_models = h->of_account = h->look_again = false;
	h->turned.len = h->changes.len = h->said.len = 0;
	h->event = NULL;
	person_facts(g, person, h->program, NULL, &h->facts);
}

void
person_end(struct engine *g)
{
	alarm_set(g, g->at_hand.person);
	g->at_hand.person = 0;
}

/* ---------------------------------------------------------------- rounds: conditions, then journeys, until nothing moves */

static const struct event_view *
next_said(struct engine *g)
{
	struct at_hand *h = &g->at_hand;
	if (!h->said.len)
		return NULL;
	struct said said = h->said.items[0];
	vec_remove(&h->said, 0);
	struct event_view *ev = arena_new(&g->scratch, struct event_view);
	*ev = (struct event_view){.kind = ENTRY_TRACK, .name = said.name, .source = STR("perennial"), .time = g->instant,
	    .seq = h->seq ? h->seq : g->position, .properties = said.properties};
	take_in_said(g, ev);
	return ev;
}

static void
hear_changes(struct engine *g)
{
	struct at_hand *h = &g->at_hand;
	size_t n = h->changes.len;           /* what a journey sets now is heard in the next round */
	for (size_t i = 0; i < n; i++) {
		struct changed c = h->changes.items[i];
		journeys_change(g, h->person, c.root, c.name, c.from, c.to);
	}
	if (n)
		memmove(h->changes.items, h->changes.items + n, sizeof(*h->changes.items) * (h->changes.len - n));
	h->changes.len -= n;
	if (h->look_again) {
		h->look_again = false;
		journeys_look_again(g, h->person);
	}
}

/* The order at one instant (findings, rule 2): segments, stages → goals, exits, waits → standing conditions → entries. */
static void
round_of(struct engine *g, const struct event_view *ev)
{
	struct at_hand *h = &g->at_hand;
	conditions_run(g);
	if (ev) {
		journeys_observe(g, h->person, ev);
		journeys_event(g, h->person, ev);
	}
	if (h->turned.len)
		journeys_observe_turned(g, h->person, h->turned.items, h->turned.len);
	hear_changes(g);
	journeys_settle(g, h->person, h->turned.items, h->turned.len);
	h->turned.len = 0;
	if (ev) {
		journeys_enter_event(g, h->person, ev);
		journeys_settle(g, h->person, NULL, 0);
	}
}

void
person_live(struct engine *g)
{
	struct at_hand *h = &g->at_hand;
	const struct event_view *ev = h->event;
	if (!h->program)
		return;
	for (int round = 0; round < LIMIT_ROUNDS; round++) {
		round_of(g, ev);
		ev = next_said(g);
		if (!ev && !h->any_stale && !h->changes.len && !h->look_again)
			return;
	}
	journeys_overflow(g, h->person);
	h->said.len = h->changes.len = 0;
	conditions_run(g);
}

/* ---------------------------------------------------------------- a person is brought up to date */

static void
ring(struct engine *g, uint32_t person, wall due)
{
	bool history;
	g->rung++;
	wall decided = alarm_decided(g, due, &history);
	person_begin(g, person, due, decided, 0, STR("time"), history);
	if (person_at(g, person)->conditions_due.ms <= due.ms)
		stale_timed(g);
	person_touch(g, person);
	person_live(g);
	person_end(g);
}

/* Law 4: what fell due and what changed for everybody, in order of time, before the entry (at, seq) touches this person. An
 * alarm at t goes before an entry at t. */
void
person_catch_up(struct engine *g, uint32_t person, wall at, uint64_t seq)
{
	struct profile *p = profile_at(&g->people, person);
	wall rung = WALL_BEFORE_ALL;
	if (!p->met || p->forward || p->erased)
		return;
	for (;;) {
		wall due = person_due(g, person);
		const struct shared_change *change = change_unseen(g, person);
		if (change && (change->seq > seq || (change->at.ms >= due.ms && due.ms > rung.ms)))
			change = NULL;
		if (change) {
			person_see(g, person, change);
		} else if (due.ms <= at.ms && due.ms > rung.ms) {
			ring(g, person, due);
			rung = due;
		} else {
			break;
		}
	}
}

/* ---------------------------------------------------------------- an entry about a person */

static struct str
what_of(const struct entry *en)
{
	return en->name.len ? en->name : str_of(entry_kind_name(en->kind));
}

static void
be_born(struct engine *g, uint32_t person, const struct entry *en)
{
	struct profile *p = profile_at(&g->people, person);
	struct person *x = person_at(g, person);
	p->met = true;
	p->first_seen = p->last_seen = en->happened;
	g->people.met++;
	x->seen = g->position;
	if (g->live && !x->standing)
		x->standing = standing_new(g->live);
}

/* What is true of somebody of whom nothing is known has not *become* true with the first entry. */
static void
begin_with_nothing(struct engine *g)
{
	struct at_hand *h = &g->at_hand;
	h->newborn = true;
	if (!h->program)
		return;
	standing_be_born(g);
	conditions_run(g);
	h->turned.len = 0;
	journeys_program_changed(g, h->person);
}

static void
person_absorb(struct engine *g, uint32_t person, uint32_t other, const struct entry *en)
{
	struct person *x = person_at(g, other);
	person_catch_up(g, other, en->at, en->seq);
	person_begin(g, person, en->at, en->at, en->seq, STR("two became one"), en->history);
	journeys_merge(g, person, other);
	journeys_free(x->journeys);
	x->journeys = NULL;
	x->conditions_due = x->dates_due = WALL_NEVER;
	standing_leave(g, other);
	alarm_remove(g, other);
	account_leave(g, other);
	person_rows(g, profile_at(&g->people, person));
	person_rows(g, profile_at(&g->people, other));
	profile_absorb(&g->people, person, other, g->shapes.items, en->at);
	profile_refresh(&g->people, person, g->zones);
	person_touch(g, person);
	person_touch(g, other);
	person_end(g);
}

static void
person_erase(struct engine *g, uint32_t person)
{
	struct person *x = person_at(g, person);
	journeys_erase(g, person);
	journeys_free(x->journeys);
	x->journeys = NULL;
	x->conditions_due = x->dates_due = WALL_NEVER;
	account_leave(g, person);
	standing_leave(g, person);
	alarm_remove(g, person);
	profile_erase(&g->people, person, g->shapes.items);
	person_touch(g, person);
	g->at_hand.program = NULL;
}

/* What was said about somebody else meanwhile: the recipient of a message that a colleague's enrolment sends. */
void
others_live(struct engine *g)
{
	for (size_t i = 0; i < g->others.len; i++) {
		struct said_of x = g->others.items[i];
		uint32_t person = people_resolve(&g->people, x.person);
		if (!person_reachable(g, person))
			continue;
		person_catch_up(g, person, g->latest, g->position);
		person_begin(g, person, g->latest, g->latest, g->position, x.said.name, false);
		*vec_push(&g->at_hand.said) = x.said;
		g->at_hand.event = next_said(g);
		person_live(g);
		person_end(g);
	}
	g->others.len = 0;
}

static void
person_apply(struct engine *g, const struct entry *en)
{
	struct event_view ev;
	persons_reach(g, en->profile);
	uint32_t person = people_resolve(&g->people, en->profile), other = people_resolve(&g->people, en->absorbed);
	struct profile *p = profile_at(&g->people, person);
	if (p->erased && en->kind != ENTRY_ERASE)
		return;
	if (g->replaying && p->as_of >= en->seq) {
		take_in_shared(g, en);
		return;
	}
	bool newborn = !p->met, merged = other && other != person && !newborn;
	if (newborn)
		be_born(g, person, en);
	person_catch_up(g, person, en->at, en->seq);
	if (merged)
		person_absorb(g, person, other, en);
	person_begin(g, person, en->at, en->at, en->seq, what_of(en), en->history || g->live_since.ms == WALL_NEVER.ms);
	if (newborn)
		begin_with_nothing(g);
	if (merged)
		stale_all(g);
	if (is_event(en)) {
		event_of_entry(en, &ev);
		g->at_hand.event = &ev;
	}
	if (en->kind == ENTRY_ERASE) {
		person_erase(g, person);
	} else {
		take_in(g, en);
		person_live(g);
		if (g->at_hand.newborn)
			tell_first_stages(g);
	}
	person_end(g);
	account_hear(g, p->account, person, is_event(en) ? &ev : NULL, g->at_hand.history);
	others_live(g);
}

/* ---------------------------------------------------------------- the fold */

/* Until the first live entry a workspace is in history: nothing starts. */
static bool
is_live(const struct entry *en)
{
	return !en->history && en->kind != ENTRY_PROGRAM && en->kind != ENTRY_FOLD && en->kind != ENTRY_CATALOGUE && en->kind != ENTRY_ACCOUNT &&
	    en->kind != ENTRY_SCORE && en->kind != ENTRY_ERASE && en->kind != ENTRY_SUPPRESS;
}

static void
clock_follow(struct engine *g, const struct entry *en)
{
	if (is_live(en) && g->live_since.ms == WALL_NEVER.ms)
		g->live_since = en->at;
	if (g->live_since.ms == WALL_NEVER.ms)
		g->history_until = en->at;
	alarms_reach(g, en->at);
	g->latest = wall_max(g->latest, en->at);
	g->instant = g->now = g->latest;
	g->position = en->seq;
	if (g->waiting.len)
		alarms_wake_waiting(g);
}

/* How many people see a shared change with this entry. A program that comes before the first live entry is seen by all at once: nobody
 * waits for the fold then, and no tick would come to reach the rest. */
static uint32_t
sweep_length(const struct engine *g, const struct entry *en)
{
	if (en->kind == ENTRY_PROGRAM && g->live_since.ms == WALL_NEVER.ms)
		return UINT32_MAX;
	return en->kind == ENTRY_TICK ? SWEEP_TICK : SWEEP_ENTRY;
}

wall
engine_apply(struct engine *g, const struct entry *en, struct decisions *d)
{
	g->d = d;
	clock_follow(g, en);
	if (is_shared(en))
		shared_apply(g, en);
	else if (en->profile)
		person_apply(g, en);
	if (en->kind == ENTRY_TICK)
		alarms_fire(g, en->at, g->alarms_per_tick);
	if (g->sweep)
		sweep_slice(g, sweep_length(g, en));
	if (g->unused_programs)
		live_drop_unused(g);
	g->d = NULL;
	arena_reset(&g->scratch);
	return engine_next_wake(g);
}

wall
engine_replay_into(struct engine *g, const struct entry *en, struct decisions *d)
{
	g->replaying = true;
	wall next = engine_apply(g, en, d);
	g->replaying = false;
	return next;
}

wall
engine_replay(struct engine *g, const struct entry *en)
{
	return engine_replay_into(g, en, NULL);
}

void
engine_settle(struct engine *g, wall at, struct decisions *d)
{
	g->d = d;
	if (g->live_since.ms != WALL_NEVER.ms)
		alarms_reach(g, at);
	g->latest = wall_max(g->latest, at);
	for (uint32_t n = 1; n <= g->people.n; n++) {
		person_catch_up(g, n, at, UINT64_MAX);
		if (g->alarm_places[n - 1])
			alarm_set(g, n);
		arena_reset(&g->scratch);
	}
	sweep_slice(g, UINT32_MAX);
	g->d = NULL;
}

/* ---------------------------------------------------------------- what steps of journeys do, within the entry at hand */

void
engine_said(struct engine *g, uint32_t person, struct str name, const struct json *properties)
{
	struct said said = {arena_str(&g->scratch, name), properties ? json_copy(&g->scratch, properties) : NULL};
	if (person == g->at_hand.person)
		*vec_push(&g->at_hand.said) = said;
	else
		*vec_push(&g->others) = (struct said_of){person, said};
}

wall
engine_now(const struct engine *g)
{
	return g->latest;
}

uint64_t
engine_position(const struct engine *g)
{
	return g->position;
}

/* ---------------------------------------------------------------- beginning and end */

struct engine *
engine_new(const struct engine_options *o)
{
	struct engine *g = mem_alloc(sizeof(*g));
	g->options = *o;
	g->zones = o->zones;
	memcpy(g->hash_key, o->hash_key, sizeof(g->hash_key));
	people_init(&g->people, o->hash_key);
	arena_init(&g->scratch);
	g->catalog = catalog_new();
	g->latest = g->now = g->instant = g->history_until = WALL_BEFORE_ALL;
	g->live_since = WALL_NEVER;
	g->alarms_per_tick = LIMIT_ALARMS_PER_TICK;
	persons_reach(g, 0);
	return g;
}

static void
persons_release(struct engine *g)
{
	for (uint32_t n = 1; n <= g->people.n; n++) {
		mem_free(person_at(g, n)->standing);
		journeys_free(person_at(g, n)->journeys);
	}
	for (uint32_t i = 0; i < g->n_person_pages; i++)
		mem_free(g->persons[i]);
	mem_free(g->persons);
	mem_free(g->alarm_places);
}

void
engine_free(struct engine *g)
{
	if (!g)
		return;
	persons_release(g);
	accounts_release(g);
	changes_release(g);
	for (struct live_program *lp = g->kept, *next; lp; lp = next) {
		next = lp->next;
		live_free(g, lp);
	}
	people_release(&g->people, g->shapes.items);
	catalog_free(g->catalog);
	for (size_t i = 0; i < g->retired.len; i++)
		program_free(g->retired.items[i]);
	vec_release(&g->retired);
	vec_release(&g->versions);
	strmap_release(&g->stream_of_text);
	idmap_release(&g->stream_of_hash);
	vec_release(&g->streams);
	vec_release(&g->shapes);
	vec_release(&g->alarms);
	vec_release(&g->waiting);
	vec_release(&g->dirty);
	vec_release(&g->reached);
	vec_release(&g->others);
	vec_release(&g->suppressions);
	vec_release(&g->limits);
	interner_release(&g->names);
	idmap_release(&g->suppressed);
	idmap_release(&g->messages);
	vec_release(&g->at_hand.turned);
	vec_release(&g->at_hand.changes);
	vec_release(&g->at_hand.said);
	mem_free(g->stale);
	arena_clear(&g->scratch);
	mem_free(g);
}

void
decisions_init(struct decisions *d)
{
	*d = (struct decisions){0};
	arena_init(&d->arena);
}

void
decisions_reset(struct decisions *d)
{
	arena_reset(&d->arena);
	d->moves.len = d->messages.len = d->enrolments.len = d->touches.len = d->reports.len = 0;
}

void
decisions_release(struct decisions *d)
{
	vec_release(&d->moves);
	vec_release(&d->messages);
	vec_release(&d->enrolments);
	vec_release(&d->touches);
	vec_release(&d->reports);
	arena_clear(&d->arena);
}

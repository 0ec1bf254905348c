/* Who enters a journey, and how an enrolment ends. Every change of state passes enrolment_move. */
#include "engine/hand_priv.h"
#include "base/limits.h"
#include "base/str.h"

/* ---------------------------------------------------------------- states */

#define TO(state) (1u << ENROLMENT_##state)
static const struct { const char *text; uint16_t to; } states[] = {
#define X(name, text, to) [ENROLMENT_##name] = {text, to},
    ENROLMENT_STATES(X)
#undef X
};
#undef TO

const char *
enrolment_state_name(enum enrolment_state s)
{
	return states[s].text;
}

bool
enrolment_is_over(const struct enrolment *en)
{
	return en->state >= ENROLMENT_DONE;
}

bool
enrolment_runs(const struct enrolment *en)
{
	return en->state == ENROLMENT_WAITING || en->state == ENROLMENT_SENDING || en->state == ENROLMENT_FRESH;
}

void
enrolment_tell(struct engine *g, uint32_t person, const struct enrolment *en)
{
	struct decisions *d = g->d;
	if (!d)
		return;
	const struct journey_def *j = en->journey;
	/* What an enrolment went through at one instant is one row: where it stands then. */
	struct enrolment_change *row = d->enrolments.len ? vec_last(&d->enrolments) : NULL;
	if (!row || row->profile != person || row->enrolment != en->shown || row->changed.ms != en->changed.ms)
		row = vec_push(&d->enrolments);
	*row = (struct enrolment_change){
	    .profile = person,
	    .enrolment = en->shown,
	    .journey = arena_str(&d->arena, j->name),
	    .step = en->step < j->n_steps ? arena_str(&d->arena, j->steps[en->step].name) : (struct str){0},
	    .key = arena_str(&d->arena, en->key),
	    .state = str_of(states[en->state].text),
	    .reason = arena_str(&d->arena, en->reason),
	    .entered = en->entered,
	    .changed = en->changed,
	    .due = en->due,
	    .version = j->version,
	    .goal = en->goal,
	    .goal_at = en->goal_at,
	    .goal_value = en->goal_value,
	};
}

/* Every transition passes here. */
void
enrolment_move(struct engine *g, uint32_t person, struct enrolment *en, enum enrolment_state to, struct str reason)
{
	ASSERT(states[en->state].to & (1u << to));
	g->enrolments -= to >= ENROLMENT_DONE;
	if (person == g->at_hand.person && (to >= ENROLMENT_DONE || en->state == ENROLMENT_FRESH))
		engine_stale(g, READS_JOURNEYS);
	en->state = (uint8_t)to;
	journeys_of(g, person)->moves++;
	en->changed = g->now;
	if (reason.len)
		en->reason = shared_text(g, reason);
	person_touch(g, person);
	enrolment_tell(g, person, en);
}

/* ---------------------------------------------------------------- ends */

static msec
rest_of(const struct program *p, const struct journey_def *j)
{
	msec rest = 0;
	for (size_t i = 0; i < p->policy.n_groups; i++) {
		const struct group_def *gr = &p->policy.groups[i];
		for (size_t k = 0; k < gr->n_journeys; k++)
			if (str_eq(gr->journeys[k], j->name) && gr->rest > rest)
				rest = gr->rest;
	}
	return rest;
}

/* An ended enrolment is kept while its goal can still be reached and while its group rests. */
static wall
kept_until(struct engine *g, const struct enrolment *en)
{
	wall t = wall_add(g->now, rest_of(current_program(g)->p, en->journey));
	if (!en->goal && en->journey->n_goal_on)
		t = wall_max(t, wall_add(en->entered, en->journey->goal_within));
	return t;
}

void
enrolment_end(struct engine *g, uint32_t person, struct enrolment *en, enum enrolment_state to, struct str reason)
{
	if (enrolment_is_over(en))
		return;
	en->due = kept_until(g, en);
	enrolment_move(g, person, en, to, reason);
	intents_cancel(g, person, en);
	audiences_leave(g, person, en);
}

void
enrolment_free(struct engine *g, struct enrolment *en)
{
	heap_drop(&en->key);
	for (uint16_t i = 0; i < en->n_memory; i++)
		heap_drop(&en->memory[i].text);
	mem_free(en->memory);
	frozen_event_drop(en->trigger);
	if (g)
		memset(g->parsed, 0, sizeof(g->parsed));
	heap_drop(&en->item);
	if (g)
		live_unref(g, (struct live_program *)(uintptr_t)en->program);
	mem_free(en);
}

/* Ended enrolments whose time is over go. */
void
enrolments_purge(struct engine *g, uint32_t person, struct journeys *js)
{
	wall now = g->now;
	for (size_t i = js->enrolments.len; i-- > 0;) {
		struct enrolment *en = js->enrolments.items[i];
		if (!enrolment_is_over(en) || en->due.ms > now.ms || intents_of(g, person, en))
			continue;
		enrolment_free(g, en);
		vec_remove(&js->enrolments, i);
	}
}

/* ---------------------------------------------------------------- may they enter? */

static uint64_t
start_id(struct arena *a, const struct journey_def *j, struct str key)
{
	uint64_t h = hash_stable(ARENA_JOIN(a, j->name, STR("\n"), key));
	return h ? h : 1;
}

static struct start *
start_find(const struct journeys *js, uint64_t id)
{
	for (size_t i = 0; js && i < js->starts.len; i++)
		if (js->starts.items[i].id == id)
			return &js->starts.items[i];
	return NULL;
}

static void
start_note(struct engine *g, struct journeys *js, const struct journey_def *j, struct str key)
{
	uint64_t id = start_id(&g->scratch, j, key);
	struct start *s = start_find(js, id);
	if (j->again_always)
		return;
	if (!s) {
		if (js->starts.len >= STARTS_MAX)
			vec_remove(&js->starts, 0);
		s = tight_push(&js->starts);
	}
	*s = (struct start){id, g->now};
}

static bool
same_journey(const struct enrolment *en, const struct journey_def *j, struct str key)
{
	return str_eq(en->journey->name, j->name) && str_eq(en->key, key);
}

/* Has this person been here: in it now, or too lately? */
static bool
was_here(struct engine *g, uint32_t person, const struct journey_def *j, struct str key)
{
	const struct journeys *js = journeys_of(g, person);
	if (!js)
		return false;
	for (size_t i = 0; i < js->enrolments.len; i++)
		if (!enrolment_is_over(js->enrolments.items[i]) && same_journey(js->enrolments.items[i], j, key))
			return true;
	if (j->again_always)
		return false;
	const struct start *s = start_find(js, start_id(&g->scratch, j, key));
	return s && (j->again_never || g->now.ms < wall_add(s->at, j->again_after).ms);
}

static bool
was_anybody_here(struct engine *g, uint32_t person, const struct journey_def *j, struct str key)
{
	struct members m = j->subject_account ? members_of(g, person) : (struct members){&person, 1};
	for (size_t i = 0; i < m.n; i++)
		if (was_here(g, m.items[i], j, key))
			return true;
	return was_here(g, person, j, key);
}

static size_t
rank_in(const struct group_def *gr, struct str journey)
{
	for (size_t i = 0; i < gr->n_journeys; i++)
		if (str_eq(gr->journeys[i], journey))
			return i;
	return SIZE_MAX;
}

/* One who ended lately without the goal keeps weaker and equal ones away for a while; who was taken over from does not. */
static bool
rests(struct engine *g, const struct group_def *gr, const struct enrolment *en, size_t rank)
{
	return gr->rest && enrolment_is_over(en) && !en->goal && !str_ends(en->reason, STR(" took over")) &&
	    rank_in(gr, en->journey->name) <= rank && en->changed.ms > wall_add(g->now, -gr->rest).ms;
}

struct group_look {
	size_t running;
	uint32_t weakest_of;             /* the person of the weakest one that may be ended */
	struct enrolment *weakest;
	bool resting;
};

static void
group_look_at(struct engine *g, const struct group_def *gr, uint32_t person, const struct journey_def *j, struct group_look *look)
{
	struct journeys *js = journeys_of(g, person);
	size_t rank = rank_in(gr, j->name);
	for (size_t i = 0; js && i < js->enrolments.len; i++) {
		struct enrolment *en = js->enrolments.items[i];
		size_t r = rank_in(gr, en->journey->name);
		if (r == SIZE_MAX)
			continue;
		look->resting |= rests(g, gr, en, rank);
		if (!enrolment_runs(en) || r == rank)
			continue;
		look->running++;
		if (r > rank && (!look->weakest || r > rank_in(gr, look->weakest->journey->name))) {
			look->weakest = en;
			look->weakest_of = person;
		}
	}
}

static bool
group_allows(struct engine *g, uint32_t person, const struct group_def *gr, const struct journey_def *j)
{
	if (rank_in(gr, j->name) == SIZE_MAX)
		return true;
	struct members m = gr->per_account || j->subject_account ? members_of(g, person) : (struct members){&person, 1};
	for (;;) {
		struct group_look look = {0};
		for (size_t i = 0; i < m.n; i++)
			group_look_at(g, gr, m.items[i], j, &look);
		if (look.resting)
			return false;
		if (look.running < gr->at_most)
			return true;
		if (!gr->takes_over || !look.weakest)
			return false;
		enrolment_end(g, look.weakest_of, look.weakest, ENROLMENT_LEFT,
		    arena_printf(&g->scratch, "%.*s took over", STR_ARGS(j->name)));
	}
}

static bool
groups_allow(struct engine *g, uint32_t person, const struct journey_def *j)
{
	const struct policy_def *policy = &current_program(g)->p->policy;
	for (size_t i = 0; i < policy->n_groups; i++)
		if (!group_allows(g, person, &policy->groups[i], j))
			return false;
	return true;
}

/* ---------------------------------------------------------------- holdout */

static bool
drawn(struct arena *a, struct str what, uint32_t person, uint32_t permille)
{
	return permille && hash_stable(arena_printf(a, "holdout\n%.*s\n%u", STR_ARGS(what), person)) % 1000 < permille;
}

/* The program's own share is held out of everything whose purpose allows it; always the same people. */
static bool
is_held_out(struct engine *g, uint32_t person, const struct journey_def *j)
{
	const struct program *p = current_program(g)->p;
	const struct engine_rules *rules = g->rules;
	if (rules && rules->nobody_held_out)
		return false;
	for (size_t i = 0; i < p->policy.n_purposes; i++)
		if (str_eq(p->policy.purposes[i].name, j->purpose) && p->policy.purposes[i].holdout &&
		    drawn(&g->scratch, STR(""), person, p->holdout_permille))
			return true;
	return drawn(&g->scratch, j->name, person, j->holdout_permille);
}

struct str
enrolment_again(struct engine *g, uint32_t person, const struct journey_def *j)
{
	const struct journeys *js = journeys_of(g, person);
	const struct start *s = start_find(js, start_id(&g->scratch, j, STR("")));
	for (size_t i = 0; js && i < js->enrolments.len; i++)
		if (!enrolment_is_over(js->enrolments.items[i]) && same_journey(js->enrolments.items[i], j, (struct str){0}))
			return STR("is in it now");
	if (!s || j->again_always)
		return STR("yes");
	return was_here(g, person, j, (struct str){0}) ? STR("was in it, and may not enter again yet") : STR("was in it, and may enter again");
}

bool
enrolment_held_out(struct engine *g, uint32_t person, const struct journey_def *j)
{
	return is_held_out(g, person, j);
}

/* ---------------------------------------------------------------- in hand */

struct str
product_in(const struct event_view *ev)
{
	return ev ? json_text(json_get(ev->properties, STR("product_id"))) : (struct str){0};
}

static const struct json *
parsed(struct arena *a, struct str text)
{
	const struct json *j = NULL;
	struct err e;
	if (!text.len || !json_parse_arena(a, text, &j, &e))
		return NULL;
	return j;
}

static const struct event_view *
trigger_parsed(struct engine *g, const struct frozen_event *f)
{
	if (g->parsed_in != g->scratch.emptied) {
		memset(g->parsed, 0, sizeof(g->parsed));
		g->parsed_in = g->scratch.emptied;
	}
	for (size_t i = 0; i < TRIGGERS_PARSED; i++)
		if (g->parsed[i].of == f)
			return &g->parsed[i].view;
	struct parsed_trigger *p = &g->parsed[g->next_parsed++ % TRIGGERS_PARSED];
	p->of = f;
	p->view = (struct event_view){.kind = f->kind, .name = f->name, .source = f->source, .time = f->time, .seq = f->seq,
	    .properties = parsed(&g->scratch, f->properties), .context = parsed(&g->scratch, f->context)};
	return &p->view;
}

/* The trigger is parsed only when an enrolment is taken in hand; its nodes live as long as the entry is worked on. */
void
hand_of(struct engine *g, uint32_t person, const struct live_program *lp, const struct enrolment *en, struct hand *ret)
{
	*ret = (struct hand){0};
	if (person == g->at_hand.person && lp == g->at_hand.program) {
		facts_again(g, &ret->facts);
		ret->facts.enrolment = en;
	} else {
		person_facts(g, person, lp, en, &ret->facts);
	}
	if (!en || !en->trigger)
		return;
	ret->trigger = *trigger_parsed(g, en->trigger);
	ret->m.trigger = &ret->trigger;
	ret->m.trigger_item = parsed(&g->scratch, en->item);
	ret->facts.product = product_in(&ret->trigger);
}

struct outcome
hand_eval(struct engine *g, const struct hand *h, const struct cond *c)
{
	return cond_eval(c, &h->facts.facts, &h->m, g->now, &g->scratch);
}

bool
hand_true(struct engine *g, const struct hand *h, const struct cond *c, wall *ret_expiry)
{
	return cond_true(c, &h->facts.facts, &h->m, g->now, &g->scratch, ret_expiry);
}

/* ---------------------------------------------------------------- in */

static struct str
json_text_of(struct arena *a, const struct json *j)
{
	struct buf b = {0};
	struct json_writer w = json_writer_on(&b);
	if (!j || j->span.len)
		return j ? j->span : (struct str){0};     /* as it came */
	jw_json(&w, j);
	struct str r = arena_str(a, buf_str(&b));
	buf_release(&b);
	return r;
}

static struct str
put_text(char **at, struct str s)
{
	char *to = *at;
	if (s.len)
		memcpy(to, s.ptr, s.len);
	*at += s.len;
	return (struct str){to, s.len};
}

struct enrolment *
enrolment_find(const struct journeys *js, uint32_t made_for, uint32_t number)
{
	for (size_t i = 0; js && i < js->enrolments.len; i++)
		if (js->enrolments.items[i]->number == number && js->enrolments.items[i]->made_for == made_for)
			return js->enrolments.items[i];
	return NULL;
}

struct journeys *
journeys_make(struct engine *g, uint32_t person)
{
	struct person *p = person_at(g, person);
	if (!p->journeys) {
		p->journeys = mem_alloc(sizeof(*p->journeys));
		p->journeys->due = p->journeys->exits_due = WALL_NEVER;
	}
	person_touch(g, person);
	return p->journeys;
}

static bool
same_event(const struct frozen_event *a, const struct frozen_event *b)
{
	return a->kind == b->kind && a->seq == b->seq && a->time.ms == b->time.ms && str_eq(a->name, b->name) && str_eq(a->source, b->source) &&
	    str_eq(a->properties, b->properties) && str_eq(a->context, b->context);
}

struct frozen_event *
frozen_event_take(const struct journeys *js, const struct frozen_event *wanted)
{
	for (size_t i = js->enrolments.len; i-- > 0;) {
		struct frozen_event *f = js->enrolments.items[i]->trigger;
		if (f && same_event(f, wanted)) {
			f->refs++;
			return f;
		}
	}
	size_t size = sizeof(*wanted) + wanted->name.len + wanted->source.len + wanted->properties.len + wanted->context.len;
	struct frozen_event *f = mem_alloc(size);
	char *at = (char *)(f + 1);
	*f = *wanted;
	f->size = (uint32_t)size;
	f->refs = 1;
	f->name = put_text(&at, wanted->name);
	f->source = put_text(&at, wanted->source);
	f->properties = put_text(&at, wanted->properties);
	f->context = put_text(&at, wanted->context);
	return f;
}

void
frozen_event_drop(struct frozen_event *f)
{
	if (f && --f->refs == 0)
		mem_free(f);
}

/* Of the trigger what the journey reads later; NULL when it reads nothing. */
static struct frozen_event *
freeze_trigger(struct engine *g, const struct journeys *js, const struct event_view *ev, uint8_t parts)
{
	if (!parts)
		return NULL;
	struct frozen_event f = {.kind = ev->kind, .time = ev->time, .seq = ev->seq, .name = ev->name, .source = ev->source,
	    .properties = json_text_of(&g->scratch, ev->properties)};
	if (parts & KEEP_CONTEXT)
		f.context = json_text_of(&g->scratch, ev->context);
	return frozen_event_take(js, &f);
}

static struct str
key_of(struct engine *g, struct hand *h, const struct journey_def *j, uint32_t person)
{
	struct buf b = {0};
	if (j->subject_account)
		buf_printf(&b, "account %u%s", profile_at(&g->people, person)->account, j->per ? " " : "");
	if (j->per) {
		struct outcome o = hand_eval(g, h, j->per);
		if (o.value.kind == VALUE_TEXT)
			buf_add_str(&b, o.value.text);
		else
			value_format(&o.value, &b);
	}
	struct str key = arena_str(&g->scratch, buf_str(&b));
	buf_release(&b);
	return key;
}

/* The instant at which this entry has its turn: the first window of the limit that still has room. */
static wall
turn_of(struct engine *g, const struct journey_def *j, struct str key)
{
	if (!j->limit_n || j->limit_in <= 0)
		return g->now;
	uint64_t id = start_id(&g->scratch, j, j->per ? key : STR(""));
	struct entry_limit *l = NULL;
	for (size_t i = 0; i < g->limits.len && !l; i++)
		if (g->limits.items[i].id == id)
			l = &g->limits.items[i];
	if (!l) {
		if (g->limits.len >= LIMITS_MAX)
			vec_remove(&g->limits, 0);
		l = vec_push(&g->limits);
		*l = (struct entry_limit){id, g->now, 0};
	}
	/* All windows that were given away are over: a new one begins. */
	if (g->now.ms >= wall_add(l->since, (msec)((l->n + j->limit_n - 1) / j->limit_n) * j->limit_in).ms)
		*l = (struct entry_limit){id, g->now, 0};
	wall window = wall_add(l->since, (msec)(l->n / j->limit_n) * j->limit_in);
	/* Room of windows that are over is not made up for. */
	while (wall_add(window, j->limit_in).ms <= g->now.ms) {
		window = wall_add(window, j->limit_in);
		l->n = (uint32_t)((window.ms - l->since.ms) / j->limit_in) * j->limit_n;
	}
	l->n++;
	return wall_max(window, g->now);
}

static void
begin(struct engine *g, uint32_t person, const struct live_program *lp, const struct journey_def *j, const struct event_view *ev,
    const struct json *item, struct str key)
{
	struct journeys *js = journeys_make(g, person);
	struct enrolment *en = mem_alloc(sizeof(*en));
	*en = (struct enrolment){.journey = j, .entered = g->now, .changed = g->now,
	    .since = g->now, .due = WALL_NEVER, .entered_seq = ev->seq, .number = ++js->counter, .shown = js->counter, .made_for = person, .step = j->first,
	    .goal_at = WALL_NEVER};
	live_ref((struct live_program *)(uintptr_t)lp);
	en->program = lp;
	uint8_t parts = lp->journeys->keeps[j - lp->p->journeys];
	en->trigger = freeze_trigger(g, js, ev, parts);
	if (parts)
		heap_set(&en->item, json_text_of(&g->scratch, item));
	heap_set(&en->key, key);
	*tight_push(&js->enrolments) = en;
	g->enrolments++;
	start_note(g, js, j, key);
	if (is_held_out(g, person, j)) {
		en->due = kept_until(g, en);
		enrolment_move(g, person, en, ENROLMENT_HELD_OUT, (struct str){0});
		touch(g, person, j->activity, TOUCH_HELD_OUT);
		return;
	}
	wall turn = turn_of(g, j, key);
	if (turn.ms > g->now.ms) {
		en->due = turn;
		enrolment_move(g, person, en, ENROLMENT_WAITING, (struct str){0});
		return;
	}
	en->begun = true;
	steps_begin(g, person, en);
}

static bool
may_begin(struct engine *g, uint32_t person, const struct journey_def *j, struct str key)
{
	const struct journeys *js = journeys_of(g, person);
	return !was_anybody_here(g, person, j, key) && (!js || js->enrolments.len < LIMIT_ENROLMENTS_PER_PROFILE) &&
	    groups_allow(g, person, j);
}

static void
enter_for(struct engine *g, uint32_t person, const struct live_program *lp, const struct journey_def *j, struct hand *h, const struct json *item)
{
	h->m.trigger_item = item;
	if (j->entry_if && !hand_true(g, h, j->entry_if, NULL))
		return;
	touch(g, person, j->activity, TOUCH_ELIGIBLE);
	if (intent_could_go(g, person, j))
		touch(g, person, j->activity, TOUCH_CONTACTABLE);
	struct str key = key_of(g, h, j, person);
	if (may_begin(g, person, j, key))
		begin(g, person, lp, j, h->m.trigger, item, key);
}

/* The trigger has happened: once for each item, if the person fits. */
void
enter_journey(struct engine *g, uint32_t person, const struct live_program *lp, const struct journey_def *j, const struct moment *m)
{
	struct hand h;
	const struct engine_rules *rules = g->rules;
	if (g->at_hand.history || j->paused || j->draining || (rules && !rules_allow(rules, j->name)))
		return;
	hand_of(g, person, lp, NULL, &h);
	h.m = *m;
	h.facts.product = product_in(m->trigger);
	if (!j->each) {
		enter_for(g, person, lp, j, &h, NULL);
		return;
	}
	const struct json *const *items;
	size_t n = expr_items(j->each, &h.facts.facts, &h.m, g->now, &g->scratch, &items);
	for (size_t i = 0; i < n; i++)
		enter_for(g, person, lp, j, &h, items[i]);
}

/* Steps: what an enrolment does when it reaches one, and where it goes on. People keep the steps that they began with. */
#include "engine/hand_priv.h"
#include "base/limits.h"

/* ---------------------------------------------------------------- what steps leave behind */

struct step_memory *
memory_of(struct enrolment *en, uint16_t step)
{
	for (uint16_t i = 0; i < en->n_memory; i++)
		if (en->memory[i].step == step)
			return &en->memory[i];
	return NULL;
}

struct step_memory *
memory_make(struct enrolment *en, uint16_t step)
{
	struct step_memory *m = memory_of(en, step);
	if (m)
		return m;
	en->memory = mem_realloc(en->memory, sizeof(*m) * (en->n_memory + 1u));
	m = &en->memory[en->n_memory++];
	*m = (struct step_memory){.step = step, .at = WALL_NEVER};
	return m;
}

/* ---------------------------------------------------------------- going on */

static void walk(struct engine *g, uint32_t person, struct enrolment *en);

static void
stop(struct engine *g, uint32_t person, struct enrolment *en, const char *why)
{
	if (g->d) {
		struct err *e = vec_push(&g->d->reports);
		(void)fail(e, ERR_LIMIT, "journey %.*s stopped for #%u: %s", STR_ARGS(en->journey->name), person, why);
	}
	enrolment_end(g, person, en, ENROLMENT_STOPPED, str_of(why));
}

void
steps_begin(struct engine *g, uint32_t person, struct enrolment *en)
{
	en->since = g->now;
	walk(g, person, en);
}

void
steps_go_on(struct engine *g, uint32_t person, struct enrolment *en, uint16_t to)
{
	if (to == STEP_NONE)
		to = en->journey->steps[en->step].next;
	en->step = to;
	en->since = g->now;
	walk(g, person, en);
}

/* ---------------------------------------------------------------- each kind */

#define GO_ON ((struct went){true, STEP_NONE})
#define STAY ((struct went){false, STEP_NONE})

static void
wait_till(struct engine *g, uint32_t person, struct enrolment *en, wall due)
{
	en->due = due;
	enrolment_move(g, person, en, ENROLMENT_WAITING, (struct str){0});
}

static struct went
begin_wait(struct engine *g, uint32_t person, struct enrolment *en, const struct step_def *s, struct hand *h)
{
	wall t = when_next(s->when, &h->facts.facts, &h->m, en->since, &g->scratch);
	if (t.ms <= g->now.ms)
		return GO_ON;
	wait_till(g, person, en, t);
	return STAY;
}

/* Asked when it is reached and whenever something about the person changed. A condition that the program keeps for everybody needs no
 * alarm of its own: engine.c looks at it. */
struct went
wait_until_look(struct engine *g, uint32_t person, struct enrolment *en, const struct step_def *s)
{
	bool kept = s->standing != UINT32_MAX && en->program == current_program(g);
	wall expiry = WALL_NEVER;
	struct hand h;
	if (kept && person_holds(g, person, s->standing))
		return (struct went){true, s->then_step};
	if (kept && en->state == ENROLMENT_WAITING && en->due.ms > g->now.ms)
		return STAY;
	hand_of(g, person, en->program, en, &h);
	if (!kept && s->until && hand_true(g, &h, s->until, &expiry))
		return (struct went){true, s->then_step};
	wall deadline = when_next(s->when, &h.facts.facts, &h.m, en->since, &g->scratch);
	if (deadline.ms <= g->now.ms)
		return (struct went){true, s->else_step};
	en->due = wall_min(deadline, expiry);
	return STAY;
}

static struct went
begin_wait_until(struct engine *g, uint32_t person, struct enrolment *en, const struct step_def *s)
{
	struct went went = wait_until_look(g, person, en, s);
	if (!went.on)
		wait_till(g, person, en, en->due);
	return went;
}

static struct went
begin_wait_for(struct engine *g, uint32_t person, struct enrolment *en, const struct step_def *s, struct hand *h)
{
	wall deadline = when_next(s->when, &h->facts.facts, &h->m, en->since, &g->scratch);
	if (deadline.ms <= g->now.ms)
		return (struct went){true, s->else_step};
	wait_till(g, person, en, deadline);
	return STAY;
}

static struct went
take_branch(struct engine *g, const struct step_def *s, struct hand *h)
{
	for (size_t i = 0; i < s->n_arms; i++)
		if (!s->arms[i].condition || hand_true(g, h, s->arms[i].condition, NULL))
			return (struct went){true, s->arms[i].first};
	return GO_ON;
}

static bool
is_forced(const struct engine *g, const struct step_def *s, struct str arm, bool *ret_any)
{
	for (size_t i = 0; g->rules && i < g->rules->n_arms; i++)
		if (str_eq(g->rules->arms[i].experiment, s->experiment)) {
			*ret_any = true;
			return str_eq(g->rules->arms[i].arm, arm);
		}
	return false;
}

/* The same person always falls into the same arm. */
static struct went
take_arm(struct engine *g, const struct enrolment *en, const struct step_def *s)
{
	uint64_t draw = hash_stable(arena_printf(&g->scratch, "split\n%.*s\n%u", STR_ARGS(s->experiment), en->made_for)) % 1000;
	uint64_t top = 0;
	bool any = false;
	for (size_t i = 0; i < s->n_arms; i++)
		if (is_forced(g, s, s->arms[i].name, &any))
			return (struct went){true, s->arms[i].first};
	for (size_t i = 0; i < s->n_arms; i++) {
		top += s->arms[i].share_permille;
		if (draw < top)
			return (struct went){true, s->arms[i].first};
	}
	return GO_ON;
}

static void
hear(struct engine *g, uint32_t person, const struct enrolment *en, const struct step_def *s, struct str what, const struct json *data)
{
	if (g->rules && g->rules->hear)
		g->rules->hear(g->rules->self, person, en, s, what, data);
}

static struct str
shown(struct arena *a, const struct value *v)
{
	struct buf b = {0};
	if (v->kind == VALUE_TEXT)
		return v->text;
	value_format(v, &b);
	struct str r = arena_str(a, buf_str(&b));
	buf_release(&b);
	return r;
}

static void
set_one(struct engine *g, uint32_t person, struct enrolment *en, const struct step_def *s, const struct trait_set *t, struct hand *h)
{
	struct value v = t->value ? hand_eval(g, h, t->value).value : VALUE_NONE;
	if (t->is_consent) {
		struct str rest = str_slice(t->path, 8, t->path.len), channel = str_cut(&rest, '.');
		engine_set_consent(g, person, channel, rest.len ? rest : STR("marketing"), v.kind == VALUE_TRUTH && v.truth,
		    arena_printf(&g->scratch, "journey %.*s", STR_ARGS(en->journey->name)));
	} else {
		engine_set_trait(g, person, t->path, &v);
	}
	hear(g, person, en, s, arena_printf(&g->scratch, "%.*s = %.*s", STR_ARGS(t->path), STR_ARGS(shown(&g->scratch, &v))), NULL);
}

/* What was set is seen by all conditions before the next step: it goes on in the entry's next round. */
static struct went
do_set(struct engine *g, uint32_t person, struct enrolment *en, const struct step_def *s, struct hand *h)
{
	for (size_t i = 0; i < s->n_sets; i++)
		set_one(g, person, en, s, &s->sets[i], h);
	en->pause = true;
	wait_till(g, person, en, g->now);
	return STAY;
}

const struct json *
step_data(struct engine *g, const struct hand *h, const struct step_def *s)
{
	struct buf b = {0};
	struct json_writer w = json_writer_on(&b);
	const struct json *r = NULL;
	struct err e;
	jw_object(&w);
	for (size_t i = 0; i < s->n_data; i++) {
		struct value v = hand_eval(g, h, s->data[i].value).value;
		jw_key(&w, s->data[i].name);
		value_write_json(&v, &w);
	}
	jw_object_end(&w);
	if (!json_parse_arena(&g->scratch, buf_str(&b), &r, &e))
		r = NULL;
	buf_release(&b);
	return r;
}

/* The task's place in the list that people work off: a row that no channel pulls. */
static void
tell_task(struct engine *g, uint32_t person, const struct enrolment *en, const struct step_def *s, struct hand *h, uint32_t visit, const struct json *data)
{
	if (!g->d)
		return;
	struct arena *a = &g->d->arena;
	struct message *m = vec_push(&g->d->messages);
	struct str to = s->from;
	if (s->to_people && !to.len) {
		struct value v = hand_eval(g, h, s->to_people).value;
		to = shown(&g->scratch, &v);
	}
	*m = (struct message){.id = message_id_make(g->hash_key, en->made_for, en->number, s->name, visit), .profile = person,
	    .enrolment = en->number, .visit = visit, .journey = arena_str(a, en->journey->name), .step = arena_str(a, s->name),
	    .activity = arena_str(a, s->activity), .channel = CHANNEL_PHONE, .priority = PRIORITY_NORMAL, .state = MESSAGE_ACCEPTED,
	    .template_name = arena_str(a, s->offers[0].template), .purpose = arena_str(a, s->purpose), .tags = STR("task"), .made = g->now,
	    .due = s->due ? when_next(s->due, &h->facts.facts, &h->m, g->now, &g->scratch) : g->now, .expires = WALL_NEVER, .changed = g->now,
	    .reason = REASON_OK, .detail = arena_str(a, s->audience_on), .address = arena_str(a, to),
	    .frozen = data ? arena_str(a, data->span) : (struct str){0}};
}

static struct went
do_task(struct engine *g, uint32_t person, struct enrolment *en, uint16_t step, const struct step_def *s, struct hand *h)
{
	const struct json *data = step_data(g, h, s);
	struct step_memory *m = memory_make(en, step);
	m->flags = MEMORY_MADE;
	m->at = g->now;
	m->visits++;
	heap_drop(&m->text);
	tell_task(g, person, en, s, h, m->visits, data);
	touch(g, person, s->activity, TOUCH_REACHED);
	hear(g, person, en, s, s->offers[0].template, data);
	return GO_ON;
}

static struct went
do_audience(struct engine *g, uint32_t person, struct enrolment *en, uint16_t step, const struct step_def *s)
{
	struct step_memory *m = memory_make(en, step);
	m->flags = MEMORY_MADE;
	m->at = g->now;
	m->visits++;
	touch(g, person, s->activity, TOUCH_REACHED);
	hear(g, person, en, s, s->audience, NULL);
	return GO_ON;
}

void
audiences_leave(struct engine *g, uint32_t person, struct enrolment *en)
{
	for (uint16_t i = 0; i < en->n_memory; i++) {
		const struct step_def *s = &en->journey->steps[en->memory[i].step];
		if (s->kind == STEP_AUDIENCE && s->audience_until_left && en->memory[i].flags & MEMORY_MADE)
			en->memory[i].flags = MEMORY_ENDED;
	}
	(void)g;
	(void)person;
}

static struct went
do_step(struct engine *g, uint32_t person, struct enrolment *en, const struct step_def *s, struct hand *h)
{
	switch (s->kind) {
	case STEP_WAIT:
		return begin_wait(g, person, en, s, h);
	case STEP_WAIT_FOR:
		return begin_wait_for(g, person, en, s, h);
	case STEP_WAIT_UNTIL:
		return begin_wait_until(g, person, en, s);
	case STEP_SEND:
		enrolment_move(g, person, en, ENROLMENT_SENDING, (struct str){0});
		send_begin(g, person, en, s);
		return STAY;
	case STEP_BRANCH:
		return take_branch(g, s, h);
	case STEP_SPLIT:
		return take_arm(g, en, s);
	case STEP_SET:
		return do_set(g, person, en, s, h);
	case STEP_TASK:
		return do_task(g, person, en, en->step, s, h);
	case STEP_AUDIENCE:
		return do_audience(g, person, en, en->step, s);
	case STEP_GO_TO:
		return (struct went){true, s->target};
	case STEP_EXIT:
		enrolment_end(g, person, en, ENROLMENT_LEFT, s->reason);
		return STAY;
	}
	WRONG("every kind of step returns above");
}

/* Jumps within one instant are counted: two steps that send each other round for ever end the enrolment. */
static bool
jumps_too_often(struct enrolment *en, const struct step_def *s)
{
	if (s->kind != STEP_GO_TO)
		return false;
	return ++en->rounds > LIMIT_ROUNDS;
}

static void
walk(struct engine *g, uint32_t person, struct enrolment *en)
{
	en->due = WALL_NEVER;
	while (!enrolment_is_over(en)) {
		if (en->step == STEP_NONE) {
			enrolment_end(g, person, en, ENROLMENT_DONE, STR("end"));
			return;
		}
		const struct step_def *s = &en->journey->steps[en->step];
		struct hand h;
		hand_of(g, person, en->program, en, &h);
		struct went went = GO_ON;
		if (!s->condition || hand_true(g, &h, s->condition, NULL))
			went = do_step(g, person, en, s, &h);
		if (!went.on) {
			if (s->kind != STEP_SET)
				en->rounds = 0;
			return;
		}
		if (jumps_too_often(en, s)) {
			stop(g, person, en, "its steps go round without waiting");
			return;
		}
		en->step = went.to == STEP_NONE ? s->next : went.to;
		en->since = g->now;
	}
}

void
journeys_overflow(struct engine *g, uint32_t person)
{
	struct journeys *js = journeys_of(g, person);
	for (size_t i = 0; js && i < js->enrolments.len; i++) {
		struct enrolment *en = js->enrolments.items[i];
		if (enrolment_runs(en) && (en->pause || (en->state == ENROLMENT_WAITING && en->due.ms <= g->now.ms)))
			stop(g, person, en, "what its steps set starts it again and again");
	}
}

/* Journeys at one instant: what an event, a change, a condition or time moves in one person's enrolments, and who enters. */
#include "engine/hand_priv.h"
#include "base/limits.h"

/* ---------------------------------------------------------------- goals and exits */

static bool
goal_is_open(const struct engine *g, const struct enrolment *en)
{
	const struct journey_def *j = en->journey;
	if (en->goal || !j->n_goal_on)
		return false;
	return j->goal_within ? g->now.ms <= wall_add(en->entered, j->goal_within).ms : !enrolment_is_over(en);
}

static void
reach_goal(struct engine *g, uint32_t person, struct enrolment *en, struct hand *h)
{
	en->goal = true;
	en->goal_at = en->changed = g->now;
	if (en->journey->goal_value) {
		struct value v = hand_eval(g, h, en->journey->goal_value).value;
		en->goal_value = v.kind == VALUE_NUMBER ? v.number : 0;
	}
	person_touch(g, person);
	enrolment_tell(g, person, en);
}

static bool
one_matches(struct engine *g, const struct trigger *const *list, size_t n, const struct event_view *ev, bool same_person, struct hand *h)
{
	for (size_t i = 0; i < n; i++)
		if (trigger_hears(list[i], ev) && (same_person || trigger_by_account(list[i])) &&
		    trigger_matches(list[i], ev, &h->facts.facts, &h->m, g->now, &g->scratch))
			return true;
	return false;
}

static bool
any_hears(const struct trigger *const *list, size_t n, const struct event_view *ev)
{
	for (size_t i = 0; i < n; i++)
		if (trigger_hears(list[i], ev))
			return true;
	return false;
}

static const struct step_def *
step_at(const struct enrolment *en)
{
	return en->step < en->journey->n_steps ? &en->journey->steps[en->step] : NULL;
}

static bool
awaits(const struct enrolment *en, enum step_kind kind)
{
	const struct step_def *s = step_at(en);
	return en->state == ENROLMENT_WAITING && en->begun && s && s->kind == kind;
}

/* Is there anything in this enrolment that the event could answer? Most often not, and then its trigger need not be parsed. */
static bool
concerns(const struct engine *g, const struct enrolment *en, const struct event_view *ev)
{
	const struct journey_def *j = en->journey;
	const struct step_def *s = step_at(en);
	if (en->entered_seq == ev->seq)
		return false;                /* the event that began it is neither goal, exit nor answer */
	if (goal_is_open(g, en) && any_hears(j->goal_on, j->n_goal_on, ev))
		return true;
	if (!enrolment_runs(en))
		return false;
	return any_hears(j->exit_on, j->n_exit_on, ev) || (awaits(en, STEP_WAIT_FOR) && any_hears(s->triggers, s->n_triggers, ev));
}

/* What the awaited event said: waited.<step>.x. */
static void
remember_event(struct enrolment *en, const struct event_view *ev)
{
	struct step_memory *m = memory_make(en, en->step);
	m->flags |= MEMORY_DONE;
	m->at = ev->time;
	if (ev->properties)
		heap_set(&m->text, ev->properties->span);
}

static void
hear_event(struct engine *g, uint32_t person, struct enrolment *en, const struct event_view *ev, bool same_person)
{
	const struct journey_def *j = en->journey;
	struct hand h;
	bool hit = false;
	if (!concerns(g, en, ev))
		return;
	hand_of(g, person, en->program, en, &h);
	h.m.event = ev;
	if (goal_is_open(g, en) && one_matches(g, j->goal_on, j->n_goal_on, ev, same_person, &h)) {
		reach_goal(g, person, en, &h);
		hit = true;
	}
	if (!enrolment_runs(en))
		return;
	if ((hit && j->exit_on_goal) || one_matches(g, j->exit_on, j->n_exit_on, ev, same_person, &h)) {
		enrolment_end(g, person, en, ENROLMENT_LEFT, hit ? STR("goal") : ev->name);
		return;
	}
	const struct step_def *s = step_at(en);
	if (awaits(en, STEP_WAIT_FOR) && one_matches(g, s->triggers, s->n_triggers, ev, same_person, &h)) {
		remember_event(en, ev);
		steps_go_on(g, person, en, s->then_step);
	}
}

/* With at_hand.of_account a colleague did it: only what is listened to `by account` hears. */
void
journeys_event(struct engine *g, uint32_t person, const struct event_view *ev)
{
	struct journeys *js = journeys_of(g, person);
	if (!g->at_hand.of_account)
		deeds_hear(g, person, ev);
	for (size_t i = 0; js && i < js->enrolments.len; i++)
		hear_event(g, person, js->enrolments.items[i], ev, !g->at_hand.of_account);
	if (current_program(g)->journeys->dates_depend)
		person_at(g, person)->dates_stale = true;
}

void
journeys_enter_event(struct engine *g, uint32_t person, const struct event_view *ev)
{
	const struct live_program *lp = current_program(g);
	struct moment m = {.event = ev, .trigger = ev};
	struct hand h;
	bool in_hand = false;
	if (g->at_hand.history)
		return;
	for (int any = 0; any < (ev->name.len ? 2 : 1); any++) {
		struct listeners l = index_entries(lp->journeys, ev->kind, any ? STR("") : ev->name);
		for (size_t i = 0; i < l.n; i++) {
			const struct journey_def *j = &lp->p->journeys[l.items[i].journey];
			if (!in_hand)
				hand_of(g, person, lp, NULL, &h);
			in_hand = true;
			h.m = m;
			if ((!g->at_hand.of_account || trigger_by_account(j->entry_on[l.items[i].trigger])) &&
			    trigger_matches(j->entry_on[l.items[i].trigger], ev, &h.facts.facts, &h.m, g->now, &g->scratch))
				enter_journey(g, person, lp, j, &m);
		}
	}
}

/* ---------------------------------------------------------------- changes of values */

struct change { enum fact_root root; struct str name; const struct json *from, *to; struct event_view ev; };

static const struct json *
along(const struct json *j, const struct fact_path *path)
{
	for (uint32_t i = 1; i < path->n; i++)
		j = json_get(j, path->steps[i]);
	return j;
}

/* A change of a whole is a change of its part only if the part is another one. */
static bool
part_changed(const struct fact_path *path, const struct change *c, struct moment *m)
{
	if (path->root != c->root || !path->n || !str_eq(path->steps[0], c->name))
		return false;
	m->change_from = along(c->from, path);
	m->change_to = along(c->to, path);
	struct value a = value_of_json(m->change_from), b = value_of_json(m->change_to);
	return (a.kind != VALUE_MISSING || b.kind != VALUE_MISSING) && !value_equal(&a, &b);
}

static bool
change_matches(struct engine *g, const struct trigger *t, const struct change *c, struct hand *h)
{
	struct str kind;
	if (trigger_kind(t) != TRIGGER_CHANGE || trigger_change_is_catalogue(t, &kind) || !part_changed(trigger_change_path(t), c, &h->m))
		return false;
	return trigger_matches(t, &c->ev, &h->facts.facts, &h->m, g->now, &g->scratch);
}

static const struct json *
change_properties(struct engine *g, const struct json *from, const struct json *to, struct str kind, struct str key)
{
	struct buf b = {0};
	struct json_writer w = json_writer_on(&b);
	const struct json *r = NULL;
	struct err e;
	jw_object(&w);
	if (from)
		jw_key(&w, STR("from")), jw_json(&w, from);
	if (to)
		jw_key(&w, STR("to")), jw_json(&w, to);
	if (key.len)
		jw_kstr(&w, arena_cstr(&g->scratch, arena_printf(&g->scratch, "%.*s_id", STR_ARGS(kind))), key);
	jw_object_end(&w);
	if (!json_parse_arena(&g->scratch, buf_str(&b), &r, &e))
		r = NULL;
	buf_release(&b);
	return r;
}

static bool
any_change_matches(struct engine *g, const struct trigger *const *list, size_t n, const struct change *c, struct hand *h)
{
	for (size_t i = 0; i < n; i++)
		if (change_matches(g, list[i], c, h))
			return true;
	return false;
}

static void
hear_change(struct engine *g, uint32_t person, struct enrolment *en, const struct change *c)
{
	const struct journey_def *j = en->journey;
	struct hand h;
	bool hit = false;
	if (en->entered_seq == c->ev.seq && c->ev.seq)
		return;
	hand_of(g, person, en->program, en, &h);
	h.m.event = &c->ev;
	if (goal_is_open(g, en) && any_change_matches(g, j->goal_on, j->n_goal_on, c, &h)) {
		reach_goal(g, person, en, &h);
		hit = true;
	}
	if (!enrolment_runs(en))
		return;
	if ((hit && j->exit_on_goal) || any_change_matches(g, j->exit_on, j->n_exit_on, c, &h)) {
		enrolment_end(g, person, en, ENROLMENT_LEFT, hit ? STR("goal") : STR("change"));
		return;
	}
	const struct step_def *s = step_at(en);
	if (awaits(en, STEP_WAIT_FOR) && any_change_matches(g, s->triggers, s->n_triggers, c, &h)) {
		remember_event(en, &c->ev);
		steps_go_on(g, person, en, s->then_step);
	}
}

void
journeys_change(struct engine *g, uint32_t person, enum fact_root root, struct str name, const struct json *from, const struct json *to)
{
	const struct live_program *lp = current_program(g);
	struct journeys *js = journeys_of(g, person);
	struct change c = {root, name, from, to, {.kind = ENTRY_NONE, .name = name, .time = g->now, .seq = g->at_hand.seq}};
	c.ev.properties = change_properties(g, from, to, (struct str){0}, (struct str){0});
	person_at(g, person)->dates_stale = true;
	for (size_t i = 0; js && i < js->enrolments.len; i++)
		hear_change(g, person, js->enrolments.items[i], &c);
	for (size_t i = 0; i < lp->journeys->changes.len; i++) {
		const struct listener *l = &lp->journeys->changes.items[i];
		const struct journey_def *j = &lp->p->journeys[l->journey];
		struct hand h;
		hand_of(g, person, lp, NULL, &h);
		h.m = (struct moment){.event = &c.ev, .trigger = &c.ev};
		if (change_matches(g, j->entry_on[l->trigger], &c, &h)) {
			struct event_view ev = c.ev;
			ev.properties = change_properties(g, h.m.change_from, h.m.change_to, (struct str){0}, (struct str){0});
			enter_journey(g, person, lp, j, &(struct moment){.event = &ev, .trigger = &ev, .change_from = h.m.change_from, .change_to = h.m.change_to});
		}
	}
}

/* ---------------------------------------------------------------- changes in the catalogue */

static bool
listens_to(const struct trigger *t, struct str kind, struct str field)
{
	struct str of;
	const struct fact_path *path = trigger_kind(t) == TRIGGER_CHANGE && trigger_change_is_catalogue(t, &of) ? trigger_change_path(t) : NULL;
	return path && path->n && str_eq(of, kind) && str_eq(path->steps[0], field);
}

bool
journeys_listen_to_catalogue(const struct live_program *lp, struct str kind, struct str field)
{
	for (size_t i = 0; i < lp->journeys->changes.len; i++) {
		const struct listener *l = &lp->journeys->changes.items[i];
		if (listens_to(lp->p->journeys[l->journey].entry_on[l->trigger], kind, field))
			return true;
	}
	return false;
}

void
journeys_catalogue(struct engine *g, uint32_t person, struct str kind, struct str key, struct str field, const struct json *from, const struct json *to)
{
	const struct live_program *lp = current_program(g);
	struct event_view ev = {.kind = ENTRY_NONE, .name = field, .time = g->now, .seq = g->at_hand.seq};
	ev.properties = change_properties(g, from, to, kind, key);
	for (size_t i = 0; i < lp->journeys->changes.len; i++) {
		const struct listener *l = &lp->journeys->changes.items[i];
		const struct journey_def *j = &lp->p->journeys[l->journey];
		struct moment m = {.event = &ev, .trigger = &ev, .change_from = from, .change_to = to};
		struct hand h;
		if (!listens_to(j->entry_on[l->trigger], kind, field))
			continue;
		hand_of(g, person, lp, NULL, &h);
		h.m = m;
		h.facts.product = key;
		if (trigger_matches(j->entry_on[l->trigger], &ev, &h.facts.facts, &h.m, g->now, &g->scratch))
			enter_journey(g, person, lp, j, &m);
	}
}

/* ---------------------------------------------------------------- standing conditions and clocks */

struct turned { const uint32_t *items; size_t n; };

static bool
has_turned(const struct engine *g, const struct turned *t, const struct live_program *lp, uint32_t condition)
{
	if (condition != UINT32_MAX && lp != current_program(g))
		condition = live_condition_of(g, lp, condition);
	for (size_t i = 0; i < t->n && condition != UINT32_MAX; i++)
		if (t->items[i] == condition)
			return true;
	return false;
}

/* `becomes` in goals, exits and waits. One that speaks of the enrolment itself was false when it began: true now is turned. */
static bool
one_became(struct engine *g, uint32_t person, const struct enrolment *en, const struct trigger *const *list, const uint32_t *standing, size_t n,
    const struct turned *t)
{
	for (size_t i = 0; i < n; i++) {
		struct hand h;
		if (trigger_kind(list[i]) != TRIGGER_BECOMES)
			continue;
		if (standing[i] != UINT32_MAX) {
			if (has_turned(g, t, en->program, standing[i]))
				return true;
			continue;
		}
		hand_of(g, person, en->program, en, &h);
		if (hand_true(g, &h, trigger_condition(list[i]), NULL))
			return true;
	}
	return false;
}

static bool
must_leave(struct engine *g, uint32_t person, struct enrolment *en, wall *due)
{
	const struct journey_def *j = en->journey;
	wall expiry = WALL_NEVER;
	bool holds = false;
	if (j->exit_when != UINT32_MAX) {
		holds = en->program == current_program(g) ? person_holds(g, person, j->exit_when) :
		    person_holds_of(g, person, en->program, j->exit_when, &expiry);
	} else if (j->exit_when_moment) {
		struct hand h;
		hand_of(g, person, en->program, en, &h);
		holds = hand_true(g, &h, j->exit_when_moment, &expiry);
	}
	*due = wall_min(*due, expiry);
	return holds;
}

static struct str
exit_text(const struct enrolment *en)
{
	const struct journey_def *j = en->journey;
	return j->exit_when != UINT32_MAX ? en->program->p->conditions[j->exit_when].text : STR("exit when");
}

/* A wait whose time has come, a condition that holds, a message that has its fate. */
static bool
step_is_over(struct engine *g, uint32_t person, struct enrolment *en, const struct turned *t, uint16_t *ret_to)
{
	const struct step_def *s = step_at(en);
	*ret_to = STEP_NONE;
	if (!en->begun)
		return en->due.ms <= g->now.ms;
	if (en->state == ENROLMENT_SENDING) {
		const struct step_memory *m = memory_of(en, en->step);
		return !m || !m->open;
	}
	if (s->kind == STEP_WAIT_UNTIL) {
		struct went went = wait_until_look(g, person, en, s);
		*ret_to = went.to;
		return went.on;
	}
	if (s->kind == STEP_WAIT_FOR && one_became(g, person, en, s->triggers, s->triggers_standing, s->n_triggers, t)) {
		*ret_to = s->then_step;
		return true;
	}
	if (s->kind == STEP_WAIT_FOR)
		*ret_to = s->else_step;
	return en->due.ms <= g->now.ms;
}

static bool
settle_one(struct engine *g, uint32_t person, struct enrolment *en, const struct turned *t)
{
	const struct journey_def *j = en->journey;
	bool hit = false;
	uint16_t to;
	if (goal_is_open(g, en) && one_became(g, person, en, j->goal_on, j->goal_standing, j->n_goal_on, t)) {
		struct hand h;
		hand_of(g, person, en->program, en, &h);
		reach_goal(g, person, en, &h);
		hit = true;
	}
	if (en->state == ENROLMENT_HELD_OUT && en->due.ms <= g->now.ms)
		enrolment_end(g, person, en, ENROLMENT_LEFT, STR("held out"));
	if (!enrolment_runs(en) || en->pause)
		return hit;
	if ((hit && j->exit_on_goal) || one_became(g, person, en, j->exit_on, j->exit_standing, j->n_exit_on, t)) {
		enrolment_end(g, person, en, ENROLMENT_LEFT, hit ? STR("goal") : STR("becomes"));
		return true;
	}
	if (must_leave(g, person, en, &journeys_of(g, person)->exits_due)) {
		enrolment_end(g, person, en, ENROLMENT_LEFT, exit_text(en));
		return true;
	}
	if (!step_is_over(g, person, en, t, &to))
		return hit;
	if (en->begun) {
		steps_go_on(g, person, en, to);
	} else {
		en->begun = true;
		steps_begin(g, person, en);
	}
	return true;
}

static void
enter_turned(struct engine *g, uint32_t person, const struct turned *t)
{
	const struct live_program *lp = current_program(g);
	for (size_t i = 0; t->n && i < lp->journeys->becomes.len; i++) {
		const struct listener *l = &lp->journeys->becomes.items[i];
		const struct journey_def *j = &lp->p->journeys[l->journey];
		struct event_view ev = {.kind = ENTRY_NONE, .name = STR("becomes"), .time = g->now, .seq = g->at_hand.seq};
		if (has_turned(g, t, lp, j->entry_standing[l->trigger]))
			enter_journey(g, person, lp, j, &(struct moment){.trigger = &ev});
	}
}

/* ---------------------------------------------------------------- dates and schedules */

static wall
next_date(struct engine *g, uint32_t person, const struct live_program *lp, const struct listener *l, wall after)
{
	struct person_facts f;
	person_facts(g, person, lp, NULL, &f);
	return trigger_next(lp->p->journeys[l->journey].entry_on[l->trigger], &f.facts, after, &g->scratch);
}

static void
enter_on_date(struct engine *g, uint32_t person, const struct live_program *lp, const struct journey_def *j, wall when)
{
	struct event_view ev = {.kind = ENTRY_NONE, .name = STR("date"), .time = when, .seq = g->at_hand.seq};
	enter_journey(g, person, lp, j, &(struct moment){.trigger = &ev});
}

/* The date passed before we knew of it, and what it leads up to has not: enter now. */
static void
enter_late(struct engine *g, uint32_t person, const struct live_program *lp, const struct listener *l)
{
	const struct journey_def *j = &lp->p->journeys[l->journey];
	struct person_facts f;
	wall target;
	if (!j->late_enter || trigger_kind(j->entry_on[l->trigger]) != TRIGGER_DATE)
		return;
	person_facts(g, person, lp, NULL, &f);
	wall date = trigger_date(j->entry_on[l->trigger], &f.facts, &g->scratch, &target);
	if (date.ms > INT64_MIN && date.ms < g->now.ms && g->now.ms < target.ms && target.ms < INT64_MAX)
		enter_on_date(g, person, lp, j, date);
}

/* Kept beside the person, since everybody has a next date. In history dates pass by unanswered. */
static void
dates_settle(struct engine *g, uint32_t person)
{
	const struct live_program *lp = current_program(g);
	struct person *x = person_at(g, person);
	bool due = x->dates_due.ms <= g->now.ms, late = x->dates_stale, enters = !g->at_hand.history;
	if (!lp->journeys->dates.len || (!due && !late))
		return;
	wall from = due ? wall_add(x->dates_due, -1) : g->now;
	x->dates_stale = false;
	x->dates_due = WALL_NEVER;
	for (size_t i = 0; i < lp->journeys->dates.len; i++) {
		const struct listener *l = &lp->journeys->dates.items[i];
		wall when = due && enters ? next_date(g, person, lp, l, from) : WALL_NEVER;
		if (when.ms <= g->now.ms)
			enter_on_date(g, person, lp, &lp->p->journeys[l->journey], when);
		else if (late && enters)
			enter_late(g, person, lp, l);
		x->dates_due = wall_min(x->dates_due, next_date(g, person, lp, l, g->now));
	}
	person_touch(g, person);
}

/* ---------------------------------------------------------------- one instant */

wall
journeys_due(const struct journeys *j)
{
	return j ? j->due : WALL_NEVER;
}

void
journeys_reckon(struct engine *g, uint32_t person)
{
	struct journeys *js = journeys_of(g, person);
	if (!js)
		return;
	js->due = js->exits_due;
	for (size_t i = 0; i < js->enrolments.len; i++) {
		const struct enrolment *en = js->enrolments.items[i];
		const struct step_memory *m = en->state == ENROLMENT_SENDING ? memory_of((struct enrolment *)(uintptr_t)en, en->step) : NULL;
		js->due = wall_min(js->due, m && !m->open ? g->now : en->due);
	}
	for (size_t i = 0; i < js->open.len; i++)
		js->due = wall_min(js->due, intent_due(js->open.items[i]));
	/* What is due already (a deadline that passed before the message was made) is looked at now: nothing is decided in the past. */
	js->due = wall_max(js->due, g->now);
}

/* `set` steps go on when the conditions have seen what they set. */
static bool
resume(struct engine *g, uint32_t person)
{
	struct journeys *js = journeys_of(g, person);
	bool moved = false;
	for (size_t i = 0; js && !g->at_hand.any_stale && i < js->enrolments.len; i++) {
		struct enrolment *en = js->enrolments.items[i];
		if (!en->pause)
			continue;
		en->pause = false;
		moved = true;
		if (enrolment_runs(en))
			steps_go_on(g, person, en, STEP_NONE);
	}
	return moved;
}

static bool
settle_round(struct engine *g, uint32_t person, const struct turned *t)
{
	bool moved = false;
	struct journeys *js = journeys_of(g, person);
	if (!js)
		return false;
	js->exits_due = WALL_NEVER;
	for (size_t i = 0; i < js->enrolments.len; i++)
		moved |= settle_one(g, person, js->enrolments.items[i], t);
	return intents_settle(g, person) || moved;
}

static uint32_t
moves_of(const struct engine *g, uint32_t person)
{
	return journeys_of(g, person) ? journeys_of(g, person)->moves : 0;
}

/* Most people are in no journey most of the time. */
static bool
is_calm(const struct engine *g, uint32_t person, size_t n_turned)
{
	const struct person *x = person_at(g, person);
	return !x->journeys && !n_turned && !x->dates_stale && x->dates_due.ms > g->now.ms;
}

void
journeys_settle(struct engine *g, uint32_t person, const uint32_t *turned, size_t n_turned)
{
	struct turned t = {turned, n_turned}, none = {0};
	if (is_calm(g, person, n_turned))
		return;
	if (g->at_hand.history) {
		dates_settle(g, person);
		journeys_reckon(g, person);
		return;
	}
	bool moved = resume(g, person);
	moved |= settle_round(g, person, &t);
	uint32_t before = moves_of(g, person);
	dates_settle(g, person);
	enter_turned(g, person, &t);
	moved |= moves_of(g, person) != before;
	for (int i = 0; moved && i < 2 * LIMIT_ROUNDS; i++) {
		moved = resume(g, person);
		moved |= settle_round(g, person, &none);
	}
	struct journeys *js = journeys_of(g, person);
	if (js)
		enrolments_purge(g, person, js);
	journeys_reckon(g, person);
}

void
journeys_program_changed(struct engine *g, uint32_t person)
{
	const struct live_program *lp = current_program(g);
	struct journeys *js = journeys_of(g, person);
	person_at(g, person)->dates_stale = true;
	if (js)
		js->look = true;
	for (size_t i = 0; !g->at_hand.history && i < lp->journeys->becomes.len; i++) {
		const struct listener *l = &lp->journeys->becomes.items[i];
		const struct journey_def *j = &lp->p->journeys[l->journey];
		uint32_t c = j->entry_standing[l->trigger];
		struct event_view ev = {.kind = ENTRY_NONE, .name = STR("becomes"), .time = g->now, .seq = g->at_hand.seq};
		if (j->already_enter && c != UINT32_MAX && person_holds(g, person, c))
			enter_journey(g, person, lp, j, &(struct moment){.trigger = &ev});
	}
	dates_settle(g, person);
	journeys_reckon(g, person);
}

void
journeys_look_again(struct engine *g, uint32_t person)
{
	struct journeys *js = journeys_of(g, person);
	(void)g;
	if (js)
		js->look = true;
}

bool
journeys_in(const struct journeys *j, struct str journey)
{
	for (size_t i = 0; j && i < j->enrolments.len; i++)
		if (enrolment_runs(j->enrolments.items[i]) && str_eq(j->enrolments.items[i]->journey->name, journey))
			return true;
	return false;
}

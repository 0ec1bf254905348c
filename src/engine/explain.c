/* Why and why not: for each journey whether this person would enter, where they stand, and what the policy says of each of its messages
 * now. What is asked of a trigger that has not come is missing, and shown so. */
#include "engine/hand_priv.h"

static const char *
trigger_word(const struct trigger *t)
{
	static const char *const words[] = {[TRIGGER_EVENT] = "event", [TRIGGER_BECOMES] = "becomes", [TRIGGER_CHANGE] = "change of",
	    [TRIGGER_DATE] = "date", [TRIGGER_SCHEDULE] = "schedule", [TRIGGER_GOAL] = "goal", [TRIGGER_CALL] = "call"};
	return words[trigger_kind(t)];
}

/* Lines of text as an array of texts. */
static void
write_lines(struct str text, struct json_writer *w)
{
	jw_array(w);
	while (text.len) {
		struct str line = str_trim(str_cut(&text, '\n'));
		if (line.len)
			jw_str(w, line);
	}
	jw_array_end(w);
}

static void
write_condition(struct engine *g, const struct hand *h, const struct cond *c, struct json_writer *w)
{
	struct buf b = {0};
	jw_object(w);
	jw_kbool(w, "holds", hand_true(g, h, c, NULL));
	cond_explain(c, &h->facts.facts, &h->m, g->now, &b);
	jw_key(w, STR("because"));
	write_lines(buf_str(&b), w);
	jw_object_end(w);
	buf_release(&b);
}

static void
write_trigger(struct engine *g, uint32_t person, const struct live_program *lp, const struct journey_def *j, size_t i, struct json_writer *w)
{
	const struct trigger *t = j->entry_on[i];
	struct hand h;
	int kind;
	struct str name;
	hand_of(g, person, lp, NULL, &h);
	jw_object(w);
	jw_kstr(w, "kind", str_of(trigger_word(t)));
	if (trigger_kind(t) == TRIGGER_EVENT) {
		trigger_event(t, &kind, &name);
		jw_kstr(w, "event", name.len ? name : str_of(entry_kind_name((enum entry_kind)kind)));
	} else if (trigger_kind(t) == TRIGGER_BECOMES && trigger_condition(t)) {
		jw_key(w, STR("condition"));
		write_condition(g, &h, trigger_condition(t), w);
	} else if (trigger_kind(t) == TRIGGER_DATE || trigger_kind(t) == TRIGGER_SCHEDULE) {
		wall next = trigger_next(t, &h.facts.facts, g->now, &g->scratch);
		if (next.ms != INT64_MAX)
			jw_kwall(w, "next", next);
	}
	jw_object_end(w);
}

static void
write_entry(struct engine *g, uint32_t person, const struct live_program *lp, const struct journey_def *j, struct json_writer *w)
{
	struct hand h;
	hand_of(g, person, lp, NULL, &h);
	jw_kobject(w, "entry");
	jw_karray(w, "on");
	for (size_t i = 0; i < j->n_entry_on; i++)
		write_trigger(g, person, lp, j, i, w);
	jw_array_end(w);
	if (j->entry_if) {
		jw_key(w, STR("if"));
		write_condition(g, &h, j->entry_if, w);
	}
	if (!j->per && !j->subject_account)
		jw_kstr(w, "again", enrolment_again(g, person, j));
	jw_kbool(w, "held_out", enrolment_held_out(g, person, j));
	jw_kbool(w, "paused", j->paused || j->draining);
	jw_object_end(w);
}

static void
write_enrolments(const struct journeys *js, const struct journey_def *j, struct json_writer *w)
{
	jw_karray(w, "enrolments");
	for (size_t i = 0; js && i < js->enrolments.len; i++)
		if (str_eq(js->enrolments.items[i]->journey->name, j->name))
			enrolment_write_json(js->enrolments.items[i], w);
	jw_array_end(w);
}

static void
write_sends(struct engine *g, uint32_t person, const struct live_program *lp, const struct journey_def *j, struct json_writer *w)
{
	jw_karray(w, "messages");
	for (uint16_t i = 0; i < j->n_steps; i++) {
		const struct step_def *s = &j->steps[i];
		for (size_t k = 0; s->kind == STEP_SEND && k < s->n_offers; k++) {
			jw_object(w);
			jw_kstr(w, "step", s->name);
			jw_kstr(w, "channel", str_of(channel_name(s->offers[k].channel)));
			jw_kstr(w, "template", s->offers[k].template);
			jw_key(w, STR("policy"));
			intent_explain(g, person, lp, j, s, &s->offers[k], w);
			jw_object_end(w);
		}
	}
	jw_array_end(w);
}

static bool
is_meant(const struct journey_def *j, struct str message)
{
	if (!message.len || str_eq(j->name, message))
		return true;
	for (uint16_t i = 0; i < j->n_steps; i++) {
		if (str_eq(j->steps[i].name, message))
			return true;
		for (size_t k = 0; k < j->steps[i].n_offers; k++)
			if (str_eq(j->steps[i].offers[k].template, message))
				return true;
	}
	return false;
}

void
engine_explain_json(struct engine *g, uint32_t number, struct str message, struct json_writer *w)
{
	const struct live_program *lp = g->live;
	uint32_t person = people_resolve(&g->people, number);
	jw_object(w);
	jw_kint(w, "profile", person);
	jw_karray(w, "journeys");
	if (person && lp) {
		g->now = wall_max(g->now, g->latest);
		for (size_t i = 0; i < lp->p->n_journeys; i++) {
			const struct journey_def *j = &lp->p->journeys[i];
			if (!is_meant(j, message))
				continue;
			jw_object(w);
			jw_kstr(w, "journey", j->name);
			jw_kstr(w, "label", j->label);
			write_entry(g, person, lp, j, w);
			write_enrolments(journeys_of(g, person), j, w);
			write_sends(g, person, lp, j, w);
			jw_object_end(w);
		}
	}
	jw_array_end(w);
	jw_object_end(w);
	arena_reset(&g->scratch);
}

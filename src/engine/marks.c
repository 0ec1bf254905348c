/* Hand-over marks, outcomes, and what mail servers and people did with a message. */
#include "engine/hand_priv.h"
#include "contact/decide.h"

/* ---------------------------------------------------------------- marks */

static struct open_message *
named_message(struct engine *g, const struct entry *en, uint32_t *ret_recipient)
{
	struct message_id id;
	if (!message_id_parse(json_text(json_get(en->body, STR("message"))), &id))
		return NULL;
	*ret_recipient = journeys_recipient(g, id);
	return *ret_recipient ? open_find(journeys_of(g, *ret_recipient), id) : NULL;
}

/* Only a message that is ready may be marked, and once: a second mark of the same message gets no. */
enum mark_answer
journeys_admit_mark(struct engine *g, const struct entry *en)
{
	uint32_t recipient;
	struct open_message *om = named_message(g, en, &recipient);
	if (!om || om->row.state != MESSAGE_READY)
		return MARK_NO;
	wall was = g->now;
	g->now = wall_max(was, en->at);
	struct verdict v = intent_verdict(g, recipient, om);
	g->now = was;
	return v.kind == VERDICT_NOW ? MARK_GO : v.kind == VERDICT_NEVER ? MARK_NO : MARK_LATER;
}

static void
back_to_waiting(struct engine *g, uint32_t recipient, struct open_message *om)
{
	struct message_id id = om->row.id;
	contact_refund(g, recipient, om);
	om->row.state = MESSAGE_WAITING;
	om->row.due = g->now;
	(void)intent_decide(g, recipient, om);
	/* Ready again at the very instant at which the answer was to wait: somebody's state moved in between. Ask a little later. */
	om = open_find(journeys_of(g, recipient), id);
	if (!om || om->row.state != MESSAGE_READY)
		return;
	contact_refund(g, recipient, om);
	om->row.state = MESSAGE_WAITING;
	om->row.due = wall_add(g->now, MINUTE);
	message_tell(g, om);
}

/* The answer stands in the log; here it becomes state. What the policy says now names the reason. */
void
journeys_mark(struct engine *g, const struct entry *en)
{
	uint32_t recipient;
	struct open_message *om = named_message(g, en, &recipient);
	if (!om || om->row.state != MESSAGE_READY)
		return;
	person_touch(g, recipient);
	if (en->answer == MARK_GO) {
		om->row.state = MESSAGE_MARKED;
		om->row.attempts++;
		om->row.changed = g->now;
		message_tell(g, om);
		return;
	}
	if (en->answer == MARK_LATER) {
		back_to_waiting(g, recipient, om);
		return;
	}
	struct verdict v = intent_verdict(g, recipient, om);
	if (v.kind != VERDICT_NEVER)
		v = (struct verdict){.kind = VERDICT_NEVER, .reason = REASON_CONDITION};
	message_end(g, recipient, om, v.reason == REASON_EXPIRED ? MESSAGE_EXPIRED : MESSAGE_WITHHELD, v.reason, v.detail);
}

/* ---------------------------------------------------------------- outcomes */

/* The address that the person has now is of no use any more; another one is. */
static void
bury_email(struct engine *g, uint32_t person, bool complained)
{
	uint64_t hash = profile_at(&g->people, person)->email_hash;
	if (!hash)
		return;
	struct journeys *js = journeys_make(g, person);
	js->dead_email = hash;
	js->complained = complained;
	js->look = true;
}

/* A message of this purpose is waited for: an uncertain one goes once more. */
static bool
goes_once_more(const struct engine *g, const struct open_message *om)
{
	const struct purpose_def *p = policy_purpose(&current_program(g)->p->policy, om->row.purpose);
	return p && !p->needs_consent && !p->quiet && !p->caps && om->row.attempts < 2;
}

static const struct json *
sent_properties(struct engine *g, const struct open_message *om, struct str key)
{
	struct buf b = {0};
	struct json_writer w = json_writer_on(&b);
	const struct json *r = NULL;
	struct err e;
	char id[33];
	message_id_format(om->row.id, id);
	jw_object(&w);
	jw_kstr(&w, "channel", str_of(channel_name((enum channel)om->row.channel)));
	jw_kstr(&w, "template", om->row.template_name);
	jw_kstr(&w, "journey", om->row.journey);
	jw_kstr(&w, "step", om->row.step);
	jw_kstr(&w, "purpose", om->row.purpose);
	if (om->row.topic.len)
		jw_kstr(&w, "topic", om->row.topic);
	if (key.len)
		jw_kstr(&w, "key", key);
	jw_karray(&w, "tags");
	for (struct str rest = om->row.tags; rest.len;)
		jw_str(&w, str_cut(&rest, ','));
	jw_array_end(&w);
	jw_kstr(&w, "message_id", str_of(id));
	jw_object_end(&w);
	if (!json_parse_arena(&g->scratch, buf_str(&b), &r, &e))
		r = NULL;
	buf_release(&b);
	return r;
}

static void
was_accepted(struct engine *g, uint32_t recipient, struct open_message *om, struct str detail)
{
	uint32_t holder = people_resolve(&g->people, om->holder);
	const struct enrolment *en = holder ? enrolment_find(journeys_of(g, holder), om->made_for, om->row.enrolment) : NULL;
	const struct json *said = sent_properties(g, om, en ? en->key : (struct str){0});
	touch(g, recipient, arena_str(&g->scratch, om->row.activity), TOUCH_REACHED);
	message_end(g, recipient, om, MESSAGE_ACCEPTED, REASON_OK, detail);
	engine_said(g, recipient, STR("Message Sent"), said);
}

void
journeys_outcome(struct engine *g, const struct entry *en)
{
	uint32_t recipient;
	struct open_message *om = named_message(g, en, &recipient);
	struct str what = json_text(json_get(en->body, STR("outcome"))), detail = json_text(json_get(en->body, STR("detail")));
	const struct json *again = json_get(en->body, STR("again"));
	if (!what.len)
		what = en->name;
	if (!om)
		return;
	person_touch(g, recipient);
	if (str_eq(what, STR("accepted"))) {
		was_accepted(g, recipient, om, detail);
	} else if (str_eq(what, STR("rejected"))) {
		/* The peer says that there is no such mailbox. */
		if (om->row.channel == CHANNEL_EMAIL && str_find(detail, STR(" 5.1.1"), 0) != SIZE_MAX)
			bury_email(g, recipient, false);
		message_end(g, recipient, om, MESSAGE_REJECTED, REASON_OK, detail);
	} else if (str_eq(what, STR("withheld"))) {
		message_end(g, recipient, om, MESSAGE_WITHHELD, REASON_OK, detail);
	} else if (str_eq(what, STR("uncertain")) && goes_once_more(g, om)) {
		back_to_waiting(g, recipient, om);
	} else if (str_eq(what, STR("uncertain"))) {
		message_end(g, recipient, om, MESSAGE_UNCERTAIN, REASON_OK, detail);
	} else if (str_eq(what, STR("deferred"))) {
		om->row.state = MESSAGE_DEFERRED;
		om->row.due = wall_add(g->now, 5 * MINUTE);
		if (json_is(again, JSON_INT) && again->i > g->now.ms)
			om->row.due.ms = again->i;
		om->row.changed = g->now;
		heap_set(&om->row.detail, detail);
		message_tell(g, om);
	}
}

/* ---------------------------------------------------------------- what became of it afterwards */

static const struct { const char *event; uint16_t flags; } deeds[] = {
    {"Email Opened", MEMORY_OPENED},
    {"Email Link Clicked", MEMORY_CLICKED},
    {"Push Notification Tapped", MEMORY_CLICKED},
    {"Message Clicked", MEMORY_CLICKED},
    {"Message Opened", MEMORY_OPENED},
    {"Email Bounced", MEMORY_BOUNCED},
    {"Message Bounced", MEMORY_BOUNCED},
};

static bool
is_of_visit(const struct engine *g, uint32_t recipient, const struct enrolment *en, const struct step_memory *m, struct message_id id, struct arena *a)
{
	struct str step = en->journey->steps[m->step].name, other = arena_printf(a, "%.*s to %u", STR_ARGS(step), recipient);
	for (uint32_t visit = m->visits; visit > 0 && visit + 3 > m->visits; visit--) {
		struct message_id x = message_id_make(g->hash_key, en->made_for, en->number, step, visit);
		struct message_id y = message_id_make(g->hash_key, en->made_for, en->number, other, visit);
		if (!memcmp(&x, &id, sizeof(id)) || !memcmp(&y, &id, sizeof(id)))
			return true;
	}
	return false;
}

/* Tools that know no message id give the name of what they sent. */
static struct str
campaign_of(const struct event_view *ev)
{
	static const char *const keys[] = {"template", "campaign_name", "campaign"};
	for (size_t i = 0; i < COUNT(keys); i++) {
		struct str s = json_text(json_get(ev->properties, str_of(keys[i])));
		if (s.len)
			return s;
	}
	return json_text(json_path(ev->context, "campaign.name"));
}

static bool
note_deed(struct engine *g, uint32_t holder, uint32_t recipient, const struct message_id *id, struct str campaign, uint16_t flags)
{
	struct journeys *js = journeys_of(g, holder);
	for (size_t i = js ? js->enrolments.len : 0; i-- > 0;) {
		struct enrolment *en = js->enrolments.items[i];
		for (uint16_t k = 0; k < en->n_memory; k++) {
			struct step_memory *m = &en->memory[k];
			if (!(m->flags & MEMORY_SENT) || (id ? !is_of_visit(g, recipient, en, m, *id, &g->scratch) : !str_eq(m->text, campaign)))
				continue;
			m->flags |= flags;
			person_touch(g, holder);
			if (holder != g->at_hand.person)
				alarm_pull(g, holder, g->now);
			return true;
		}
	}
	return false;
}

static struct message_id *
id_of_event(struct arena *a, const struct event_view *ev)
{
	struct message_id id;
	struct str text = json_text(json_get(ev->properties, STR("message_id")));
	if (!text.len)
		text = json_text(json_get(ev->properties, STR("email_id")));
	if (!message_id_parse(text, &id))
		return NULL;
	struct message_id *r = arena_new(a, struct message_id);
	*r = id;
	return r;
}

/* message.<step>.opened and the like; before anything else hears the event. */
static void
hear_deed(struct engine *g, uint32_t person, const struct event_view *ev)
{
	uint16_t flags = 0;
	for (size_t i = 0; i < COUNT(deeds); i++)
		if (str_eq(ev->name, str_of(deeds[i].event)))
			flags = deeds[i].flags;
	if (!flags)
		return;
	const struct message_id *id = id_of_event(&g->scratch, ev);
	struct str campaign = campaign_of(ev);
	if ((!id && !campaign.len) || note_deed(g, person, person, id, campaign, flags))
		return;
	struct members m = members_of(g, person);
	for (size_t i = 0; i < m.n; i++)
		if (m.items[i] != person && note_deed(g, m.items[i], person, id, campaign, flags))
			return;
}

static void
hear_task(struct engine *g, uint32_t person, const struct event_view *ev)
{
	struct journeys *js = journeys_of(g, person);
	struct str name = json_text(json_get(ev->properties, STR("task")));
	if (!str_eq(ev->name, STR("Task Completed")))
		return;
	for (size_t i = js ? js->enrolments.len : 0; i-- > 0;) {
		struct enrolment *en = js->enrolments.items[i];
		for (uint16_t k = 0; k < en->n_memory; k++) {
			const struct step_def *s = &en->journey->steps[en->memory[k].step];
			if (s->kind != STEP_TASK || !str_eq(s->name, name))
				continue;
			en->memory[k].flags |= MEMORY_DONE;
			heap_set(&en->memory[k].text, json_text(json_get(ev->properties, STR("outcome"))));
			person_touch(g, person);
		}
	}
}

void
deeds_hear(struct engine *g, uint32_t person, const struct event_view *ev)
{
	if (ev->kind != ENTRY_TRACK || !journeys_of(g, person))
		return;
	hear_deed(g, person, ev);
	hear_task(g, person, ev);
}

static bool
is_hard(struct str type)
{
	return str_eq_nocase(type, STR("hard")) || str_eq_nocase(type, STR("permanent"));
}

/* Who unsubscribes or complains is not written to any more; an address that does not exist any more neither. History counts too. */
void
deeds_consent(struct engine *g, uint32_t person, const struct event_view *ev)
{
	bool complaint = str_eq(ev->name, STR("Email Marked as Spam")) || str_eq(ev->name, STR("Message Complained"));
	if (ev->kind == ENTRY_TRACK && str_eq(ev->name, STR("Email Bounced")) &&
	    (is_hard(json_text(json_get(ev->properties, STR("bounce_type")))) || is_hard(json_text(json_get(ev->properties, STR("type"))))))
		bury_email(g, person, false);
	if (ev->kind == ENTRY_TRACK && complaint)
		bury_email(g, person, true);
	if (ev->kind != ENTRY_TRACK || (!complaint && !str_eq(ev->name, STR("Unsubscribed")) && !str_eq(ev->name, STR("Email Unsubscribed"))))
		return;
	struct str purpose = json_text(json_get(ev->properties, STR("purpose"))), channel = json_text(json_get(ev->properties, STR("channel")));
	engine_set_consent(g, person, channel.len ? channel : STR("email"), purpose.len ? purpose : STR("marketing"), false,
	    complaint ? STR("marked as spam") : STR("unsubscribed"));
}

/* ---------------------------------------------------------------- what conditions ask */

static struct value
message_fact(const struct step_memory *m, struct str field)
{
	bool sent = m && m->flags & MEMORY_SENT;
	if (str_eq(field, STR("sent")))
		return value_truth(sent);
	if (!m)
		return VALUE_NONE;
	if (str_eq(field, STR("channel")))
		return value_text(str_of(channel_name((enum channel)m->channel)));
	if (str_eq(field, STR("reason")))
		return sent ? VALUE_NONE : value_text(str_of(reason_text((enum reason)m->reason)));
	if (!sent)
		return VALUE_NONE;
	if (str_eq(field, STR("at")))
		return value_time(m->at);
	if (str_eq(field, STR("template")))
		return value_text(m->text);
	if (str_eq(field, STR("bounced")))
		return value_truth(m->flags & MEMORY_BOUNCED);
	uint16_t wanted = str_eq(field, STR("opened")) ? MEMORY_OPENED | MEMORY_CLICKED : str_eq(field, STR("clicked")) ? MEMORY_CLICKED : 0;
	if (wanted && m->flags & wanted)
		return value_truth(true);
	return wanted && m->flags & MEMORY_TRACKED ? value_truth(false) : VALUE_NONE;
}

static struct value
task_fact(const struct step_memory *m, struct str field)
{
	if (!m || !(m->flags & MEMORY_MADE))
		return VALUE_NONE;
	if (str_eq(field, STR("done")))
		return value_truth(m->flags & MEMORY_DONE);
	return str_eq(field, STR("outcome")) && m->text.len ? value_text(m->text) : VALUE_NONE;
}

static struct value
waited_fact(struct engine *g, const struct step_memory *m, const struct fact_path *path)
{
	const struct json *j = NULL;
	struct err e;
	if (!m || !m->text.len || !json_parse_arena(&g->scratch, m->text, &j, &e))
		return VALUE_NONE;
	for (uint32_t i = 1; i < path->n; i++)
		j = json_get(j, path->steps[i]);
	return value_of_json(j);
}

/* The memory of a step by name: of steps that share one, the latest that was sent. */
static const struct step_memory *
memory_named(const struct enrolment *en, struct str name)
{
	const struct step_memory *best = NULL;
	for (uint16_t i = 0; i < en->n_memory; i++) {
		const struct step_memory *m = &en->memory[i];
		if (str_eq(en->journey->steps[m->step].name, name) && (!best || m->flags & MEMORY_SENT))
			best = m;
	}
	return best;
}

struct value
enrolment_fact(struct engine *g, const struct enrolment *en, const struct fact_path *path)
{
	if (!en)
		return VALUE_NONE;
	if (path->root == FACT_ENTRY_TIME)
		return value_time(en->entered);
	if (!path->n)
		return VALUE_NONE;
	const struct step_memory *m = memory_named(en, path->steps[0]);
	struct str field = path->n > 1 ? path->steps[1] : (struct str){0};
	switch (path->root) {
	case FACT_MESSAGE:
		return message_fact(m, field);
	case FACT_TASK:
		return task_fact(m, field);
	case FACT_WAITED:
		return waited_fact(g, m, path);
	default:
		return VALUE_NONE;
	}
}

/* Messages on their way: in the recipient's hands until they have their final state; and the ledger that caps count. */
#include "engine/ask_priv.h"

/* ---------------------------------------------------------------- messages in hand */

/* Names come from documents: the same few for everybody, kept once. The last three are the message's own. */
enum { OWN_TEXTS = 3 };
static const size_t text_fields[] = {
    offsetof(struct message, journey), offsetof(struct message, step), offsetof(struct message, activity),
    offsetof(struct message, template_name), offsetof(struct message, variant), offsetof(struct message, purpose),
    offsetof(struct message, topic), offsetof(struct message, tags), offsetof(struct message, detail), offsetof(struct message, address),
    offsetof(struct message, frozen),
};

struct str *
message_text(struct message *m, size_t field)
{
	ASSERT(field < COUNT(text_fields));
	return (struct str *)(void *)((char *)m + text_fields[field]);
}

size_t
message_texts(void)
{
	return COUNT(text_fields);
}

void
message_text_set(struct engine *g, struct message *m, size_t field, struct str s)
{
	if (field + OWN_TEXTS < COUNT(text_fields))
		*message_text(m, field) = shared_text(g, s);
	else
		heap_set(message_text(m, field), s);
}

void
open_free(struct open_message *om)
{
	for (size_t i = COUNT(text_fields) - OWN_TEXTS; i < COUNT(text_fields); i++)
		heap_drop(message_text(&om->row, i));
	mem_free(om);
}

struct open_message *
open_find(const struct journeys *js, struct message_id id)
{
	for (size_t i = 0; js && i < js->open.len; i++)
		if (!memcmp(&js->open.items[i]->row.id, &id, sizeof(id)))
			return js->open.items[i];
	return NULL;
}

uint64_t
message_key(struct message_id id)
{
	uint64_t k;
	memcpy(&k, id.bytes, sizeof(k));
	return k ? k : 1;
}

uint32_t
journeys_recipient(const struct engine *g, struct message_id id)
{
	const uint64_t *n = idmap_get(&g->messages, message_key(id));
	return n ? people_resolve(&g->people, (uint32_t)*n) : 0;
}

void
open_add(struct engine *g, uint32_t recipient, struct open_message *om)
{
	struct journeys *js = journeys_make(g, recipient);
	*tight_push(&js->open) = om;
	idmap_put(&g->messages, message_key(om->row.id), recipient);
}

void
message_tell(struct engine *g, const struct open_message *om)
{
	if (!g->d)
		return;
	struct message *m = vec_push(&g->d->messages);
	*m = om->row;
	for (size_t i = 0; i < COUNT(text_fields); i++)
		*message_text(m, i) = arena_str(&g->d->arena, *message_text(m, i));
}

size_t
intents_of(struct engine *g, uint32_t person, const struct enrolment *en)
{
	const struct journeys *js = journeys_of(g, person);
	size_t n = 0;
	for (size_t i = 0; js && i < js->open.len; i++)
		n += js->open.items[i]->row.enrolment == en->number && js->open.items[i]->made_for == en->made_for;
	return n;
}

/* Something can change by time alone: an answer to ask for again, a deadline, a deferral that is over. */
wall
intent_due(const struct open_message *om)
{
	if (om->row.state == MESSAGE_MARKED)
		return WALL_NEVER;
	return om->row.state == MESSAGE_READY ? om->row.expires : wall_min(om->row.due, om->row.expires);
}

/* ---------------------------------------------------------------- the ledger of contacts */

void
charge(struct engine *g, uint32_t recipient, struct open_message *om, struct str intent, bool counts)
{
	struct journeys *js = journeys_make(g, recipient);
	if (js->contacts.len >= CONTACTS_MAX)
		vec_remove(&js->contacts, 0);
	struct contact *c = tight_push(&js->contacts);
	*c = (struct contact){.at = g->now, .id = message_key(om->row.id), .channel = om->row.channel, .priority = om->row.priority, .counts = counts};
	c->intent = shared_text(g, intent);
	om->charged = true;
}

/* Nothing was handed over: the room in the caps is free again. */
void
contact_refund(struct engine *g, uint32_t recipient, struct open_message *om)
{
	struct journeys *js = journeys_of(g, recipient);
	for (size_t i = 0; js && om->charged && i < js->contacts.len; i++)
		if (js->contacts.items[i].id == message_key(om->row.id)) {
			vec_remove(&js->contacts, i);
			break;
		}
	om->charged = false;
}

/* Contacts that no cap can ask for any more go; so does what happened before the longest window, 31 days at least. */
void
contacts_prune(struct engine *g, struct journeys *js)
{
	const struct policy_def *p = &current_program(g)->p->policy;
	msec longest = 32 * DAY;
	size_t old = 0;
	for (size_t i = 0; i < p->n_caps; i++) {
		if (p->caps[i].window == CAP_ROLLING && p->caps[i].rolling > longest)
			longest = p->caps[i].rolling;
		for (size_t k = 0; k < p->caps[i].n_choices; k++)
			if (p->caps[i].choices[k].in > longest)
				longest = p->caps[i].choices[k].in;
	}
	while (old < js->contacts.len && js->contacts.items[old].at.ms < wall_add(g->now, -longest).ms)
		old++;
	if (!old)
		return;
	memmove(js->contacts.items, js->contacts.items + old, (js->contacts.len - old) * sizeof(*js->contacts.items));
	js->contacts.len -= old;
}

const struct contact_past *
past_of(struct engine *g, const uint32_t *people, size_t n, size_t *ret_n)
{
	VEC(struct contact_past) list = {0};
	for (size_t i = 0; i < n; i++) {
		const struct journeys *js = journeys_of(g, people[i]);
		for (size_t k = 0; js && k < js->contacts.len; k++) {
			const struct contact *c = &js->contacts.items[k];
			*vec_push(&list) = (struct contact_past){.at = c->at, .id = c->id, .channel = c->channel, .priority = c->priority,
			    .counts = c->counts, .text = c->intent};
		}
	}
	struct contact_past *r = arena_array(&g->scratch, struct contact_past, list.len + 1);
	if (list.len)
		memcpy(r, list.items, list.len * sizeof(*r));
	*ret_n = list.len;
	vec_release(&list);
	return r;
}

/* ---------------------------------------------------------------- ends */

/* The step that sent it hears what became of it; when the last of its messages has its fate, the enrolment goes on. */
static void
tell_step(struct engine *g, const struct open_message *om)
{
	uint32_t holder = people_resolve(&g->people, om->holder);
	struct enrolment *en = holder ? enrolment_find(journeys_of(g, holder), om->made_for, om->row.enrolment) : NULL;
	struct step_memory *m = en ? memory_of(en, om->step) : NULL;
	if (!m || m->visits != om->row.visit)
		return;
	bool sent = om->row.state == MESSAGE_ACCEPTED || om->row.state == MESSAGE_UNCERTAIN;
	if (m->open)
		m->open--;
	if (sent) {
		m->flags |= MEMORY_SENT | (om->row.tracked ? MEMORY_TRACKED : 0);
		m->at = g->now;
		heap_set(&m->text, om->row.template_name);
	}
	if (sent || !(m->flags & MEMORY_SENT)) {
		m->channel = om->row.channel;
		m->reason = (uint8_t)om->row.reason;
	}
	if (!m->open)
		m->flags |= MEMORY_ENDED;
	person_touch(g, holder);
	if (holder != g->at_hand.person) {
		journeys_reckon(g, holder);
		alarm_pull(g, holder, journeys_due(journeys_of(g, holder)));
	}
}

void
message_end(struct engine *g, uint32_t recipient, struct open_message *om, enum message_state to, enum reason reason, struct str detail)
{
	struct journeys *js = journeys_of(g, recipient);
	om->row.state = (uint8_t)to;
	om->row.reason = reason;
	om->row.changed = g->now;
	if (detail.len)
		heap_set(&om->row.detail, detail);
	if (to != MESSAGE_ACCEPTED && to != MESSAGE_UNCERTAIN)
		contact_refund(g, recipient, om);
	for (size_t i = 0; i < js->open.len; i++)
		if (js->open.items[i] == om) {
			vec_remove(&js->open, i);
			break;
		}
	(void)idmap_remove(&g->messages, message_key(om->row.id));
	person_touch(g, recipient);
	message_tell(g, om);
	tell_step(g, om);
	open_free(om);
}

/* The enrolment is over: what was not handed over stays. */
void
intents_cancel(struct engine *g, uint32_t person, struct enrolment *en)
{
	struct members m = members_of(g, person);
	for (size_t k = 0; k < m.n + 1; k++) {
		uint32_t recipient = k < m.n ? m.items[k] : person;
		struct journeys *js = journeys_of(g, recipient);
		for (size_t i = js ? js->open.len : 0; i-- > 0;) {
			struct open_message *om = js->open.items[i];
			if (om->row.enrolment == en->number && om->made_for == en->made_for && om->row.state != MESSAGE_MARKED)
				message_end(g, recipient, om, MESSAGE_WITHHELD, REASON_LEFT, en->reason);
		}
	}
}

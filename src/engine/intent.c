/* Intents: a `send` becomes a message, the policy says when it may go, and when it may it freezes what its template reads. */
#include "engine/hand_priv.h"
#include "contact/decide.h"
#include <stdlib.h>

/* ---------------------------------------------------------------- messages in hand */

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
open_free(struct open_message *om)
{
	for (size_t i = 0; i < COUNT(text_fields); i++)
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
	*vec_push(&js->open) = om;
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

static void
charge(struct engine *g, uint32_t recipient, struct open_message *om, struct str intent, bool counts)
{
	struct journeys *js = journeys_make(g, recipient);
	if (js->contacts.len >= CONTACTS_MAX) {
		heap_drop(&js->contacts.items[0].intent);
		vec_remove(&js->contacts, 0);
	}
	struct contact *c = vec_push(&js->contacts);
	*c = (struct contact){.at = g->now, .id = message_key(om->row.id), .channel = om->row.channel, .priority = om->row.priority, .counts = counts};
	heap_set(&c->intent, intent);
	om->charged = true;
}

/* Nothing was handed over: the room in the caps is free again. */
void
contact_refund(struct engine *g, uint32_t recipient, struct open_message *om)
{
	struct journeys *js = journeys_of(g, recipient);
	for (size_t i = 0; js && om->charged && i < js->contacts.len; i++)
		if (js->contacts.items[i].id == message_key(om->row.id)) {
			heap_drop(&js->contacts.items[i].intent);
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
		heap_drop(&js->contacts.items[old++].intent);
	if (!old)
		return;
	memmove(js->contacts.items, js->contacts.items + old, (js->contacts.len - old) * sizeof(*js->contacts.items));
	js->contacts.len -= old;
}

static const struct contact_past *
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

/* ---------------------------------------------------------------- asking the policy */

static enum contact_address
address_of(struct engine *g, uint32_t person, enum channel channel, char *buf, struct str *ret)
{
	const struct profile *p = profile_at(&g->people, person);
	struct value v;
	*ret = (struct str){0};
	switch (channel) {
	case CHANNEL_EMAIL:
		*ret = profile_email(p, buf);
		if (ret->len && !profile_email_trusted(p))
			return CONTACT_UNVERIFIED;
		break;
	case CHANNEL_SMS:
	case CHANNEL_WHATSAPP:
	case CHANNEL_PHONE:
		*ret = profile_phone(p, buf);
		break;
	case CHANNEL_PUSH:
		v = trait_value(&p->traits, ROOT_TRAIT, &STR("push_token"), 1);
		if (v.kind == VALUE_TEXT)
			*ret = v.text;
		return ret->len ? CONTACT_GOOD : CONTACT_UNREACHABLE;
	case CHANNEL_POST:
		v = trait_value(&p->traits, ROOT_TRAIT, &STR("address"), 1);
		if (v.kind == VALUE_JSON)
			*ret = v.json->span;
		break;
	case CHANNEL_WEBHOOK:
	case CHANNEL_ONSITE:
		*ret = profile_user_id(p);
		return CONTACT_GOOD;
	case CHANNEL_COUNT:
		break;
	}
	return ret->len ? CONTACT_GOOD : CONTACT_NO_ADDRESS;
}

static const char *
priority_word(uint8_t p)
{
	return p >= PRIORITY_HIGH ? "high" : p == PRIORITY_LOW ? "low" : "normal";
}

static struct str
intent_text(struct engine *g, struct str journey, struct str key, const struct offer *offer, struct str purpose, struct str topic,
    const struct str *tags, size_t n_tags, uint8_t priority)
{
	struct buf b = {0};
	struct json_writer w = json_writer_on(&b);
	jw_object(&w);
	jw_kstr(&w, "journey", journey);
	jw_kstr(&w, "template", offer->template);
	jw_kstr(&w, "channel", str_of(channel_name(offer->channel)));
	jw_kstr(&w, "purpose", purpose);
	jw_karray(&w, "tags");
	for (size_t i = 0; i < n_tags; i++)
		jw_str(&w, tags[i]);
	jw_array_end(&w);
	jw_kstr(&w, "priority", str_of(priority_word(priority)));
	if (topic.len)
		jw_kstr(&w, "topic", topic);
	if (key.len)
		jw_kstr(&w, "key", key);
	jw_object_end(&w);
	struct str r = arena_str(&g->scratch, buf_str(&b));
	buf_release(&b);
	return r;
}

/* A question to the policy with everything it may ask for. Lives on the stack. */
struct question {
	struct contact_request r;
	struct person_facts facts;
	struct engine *g;
	uint32_t person;
	struct str to, intent;
	const struct when *at;
	const struct hand *hand;
};

static bool
ask_holds(void *self, uint32_t condition)
{
	const struct question *q = self;
	return person_holds(q->g, q->person, condition);
}

static wall
ask_clock(void *self, wall t)
{
	const struct question *q = self;
	wall r = when_next(q->at, &q->hand->facts.facts, &q->hand->m, t, &q->g->scratch);
	return r.ms == INT64_MIN ? t : r;
}

/* The ledger of contacts is only brought along where caps are asked. */
static void
bring_ledger(struct engine *g, uint32_t person, struct contact_request *r)
{
	struct members m = members_of(g, person);
	r->past = past_of(g, &person, 1, &r->n_past);
	r->account_past = m.n ? past_of(g, m.items, m.n, &r->n_account_past) : NULL;
}

static void
question_of(struct engine *g, uint32_t person, const struct live_program *lp, struct str intent, enum channel channel, struct str purpose,
    struct str topic, struct question *q)
{
	struct err e;
	const struct profile *p = profile_at(&g->people, person);
	memset(q, 0, sizeof(*q));
	q->g = g;
	q->person = person;
	q->intent = intent;
	person_facts(g, person, lp, NULL, &q->facts);
	struct contact_request *r = &q->r;
	*r = (struct contact_request){.policy = &lp->p->policy, .facts = &q->facts.facts, .scratch = &g->scratch, .now = g->now, .purpose = purpose,
	    .topic = topic, .channel = (uint8_t)channel, .channel_name = str_of(channel_name(channel)), .expires = WALL_NEVER,
	    .erased = p->erased, .consents = &p->consents, .last_sign = p->last_seen};
	if (!json_parse_arena(&g->scratch, intent, &r->intent, &e))
		r->intent = NULL;
	char address[ADDRESS_BYTES];
	r->address = address_of(g, person, channel, address, &q->to);
	q->to = arena_str(&g->scratch, q->to);   /* questions are copied */
	if (q->to.len && (channel == CHANNEL_EMAIL || channel == CHANNEL_SMS || channel == CHANNEL_PHONE || channel == CHANNEL_WHATSAPP) &&
	    engine_suppressed(g, address_hash(&g->people, q->to), g->now, &r->suppressed) && !r->suppressed.len)
		r->suppressed = STR("suppressed");
	const struct journeys *js = journeys_of(g, person);
	if (channel == CHANNEL_EMAIL && js && js->dead_email && js->dead_email == p->email_hash && !r->suppressed.len)
		r->suppressed = js->complained ? STR("complained") : STR("the address bounced");
	if (g->at_hand.person == person && g->at_hand.program == lp) {
		r->holds = ask_holds;
		r->holds_self = q;
	}
}

static void
question_of_message(struct engine *g, uint32_t recipient, const struct open_message *om, const struct enrolment *en, const struct offer *offer,
    const struct hand *hand, struct question *q)
{
	const struct step_def *s = &en->journey->steps[om->step];
	struct str intent = intent_text(g, en->journey->name, en->key, offer, s->purpose, s->topic, s->tags, s->n_tags, s->priority);
	question_of(g, recipient, current_program(g), intent, offer->channel, s->purpose, s->topic, q);
	bring_ledger(g, recipient, &q->r);
	q->r.high = s->priority >= PRIORITY_HIGH;
	q->r.id = message_key(om->row.id);
	q->r.expires = om->row.expires;
	q->hand = hand;
	q->at = s->at;
	if (s->at) {
		q->r.clock = ask_clock;
		q->r.clock_self = q;
	}
}

bool
intent_could_go(struct engine *g, uint32_t person, const struct journey_def *j)
{
	for (uint16_t i = 0; g->d && i < j->n_steps; i++) {
		const struct step_def *s = &j->steps[i];
		for (size_t k = 0; s->kind == STEP_SEND && k < s->n_offers; k++) {
			struct question q;
			struct str intent = intent_text(g, j->name, (struct str){0}, &s->offers[k], s->purpose, s->topic, s->tags, s->n_tags, s->priority);
			question_of(g, person, current_program(g), intent, s->offers[k].channel, s->purpose, s->topic, &q);
			if (contact_lawful(&q.r).kind == VERDICT_NOW)
				return true;
		}
		if (s->kind == STEP_SEND)
			return false;
	}
	return false;
}

bool
intent_lawful_by_email(struct engine *g, uint32_t person)
{
	struct question q;
	const struct offer offer = {CHANNEL_EMAIL, STR("")};
	struct str intent = intent_text(g, STR(""), STR(""), &offer, STR("marketing"), STR(""), NULL, 0, PRIORITY_NORMAL);
	question_of(g, person, current_program(g), intent, CHANNEL_EMAIL, STR("marketing"), (struct str){0}, &q);
	return contact_lawful(&q.r).kind == VERDICT_NOW;
}

void
intent_explain(struct engine *g, uint32_t person, const struct live_program *lp, const struct journey_def *j, const struct step_def *s,
    const struct offer *offer, struct json_writer *w)
{
	struct question q;
	struct str intent = intent_text(g, j->name, (struct str){0}, offer, s->purpose, s->topic, s->tags, s->n_tags, s->priority);
	question_of(g, person, lp, intent, offer->channel, s->purpose, s->topic, &q);
	bring_ledger(g, person, &q.r);
	q.r.high = s->priority >= PRIORITY_HIGH;
	contact_explain(&q.r, w);
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

/* ---------------------------------------------------------------- what the template reads */

static bool
is_root(struct str name)
{
	static const char *const roots[] = {"trait", "account", "preference", "topic", "trigger", "brand", "message", "now"};
	for (size_t i = 0; i < COUNT(roots); i++)
		if (str_eq(name, str_of(roots[i])))
			return true;
	return false;
}

static void
write_named(struct engine *g, const struct hand *h, const struct named_value *list, size_t n, const struct named_value *shadowed, size_t n_shadowed,
    struct json_writer *w)
{
	for (size_t i = 0; i < n; i++) {
		bool skip = is_root(list[i].name);
		for (size_t k = 0; k < n_shadowed; k++)
			skip |= str_eq(shadowed[k].name, list[i].name);
		if (skip)
			continue;
		struct value v = hand_eval(g, h, list[i].value).value;
		jw_key(w, list[i].name);
		value_write_json(&v, w);
	}
}

static void
write_roots(struct engine *g, uint32_t recipient, const struct hand *h, struct json_writer *w)
{
	static const struct { const char *name; enum trait_root root; } roots[] = {
	    {"trait", ROOT_TRAIT}, {"preference", ROOT_PREFERENCE}, {"topic", ROOT_TOPIC}};
	const struct profile *p = profile_at(&g->people, recipient);
	for (size_t i = 0; i < COUNT(roots); i++) {
		jw_key(w, str_of(roots[i].name));
		traits_write_json(&p->traits, roots[i].root, false, w);
	}
	if (p->account) {
		jw_key(w, STR("account"));
		traits_write_json(&account_at(g, p->account)->traits, ROOT_TRAIT, false, w);
	}
	if (h->m.trigger && h->m.trigger->properties) {
		jw_key(w, STR("trigger"));
		jw_json(w, h->m.trigger->properties);
	}
	const struct json *brand = json_get(current_program(g)->p->settings, STR("brand"));
	if (brand) {
		jw_key(w, STR("brand"));
		jw_json(w, brand);
	}
}

static void
freeze(struct engine *g, uint32_t recipient, struct open_message *om, const struct enrolment *en, const struct hand *h)
{
	const struct step_def *s = &en->journey->steps[om->step];
	struct buf b = {0};
	struct json_writer w = json_writer_on(&b);
	char id[33];
	message_id_format(om->row.id, id);
	jw_object(&w);
	write_named(g, h, s->data, s->n_data, NULL, 0, &w);
	write_named(g, h, en->journey->with, en->journey->n_with, s->data, s->n_data, &w);
	write_roots(g, recipient, h, &w);
	jw_kobject(&w, "message");
	jw_kstr(&w, "id", str_of(id));
	jw_kstr(&w, "journey", om->row.journey);
	jw_kstr(&w, "step", om->row.step);
	jw_kstr(&w, "template", om->row.template_name);
	jw_kstr(&w, "variant", om->row.variant);
	jw_kstr(&w, "channel", str_of(channel_name((enum channel)om->row.channel)));
	if (s->from.len)
		jw_kstr(&w, "from", s->from);
	jw_object_end(&w);
	jw_kwall(&w, "now", g->now);
	jw_object_end(&w);
	heap_set(&om->row.frozen, buf_str(&b));
	buf_release(&b);
}

static struct str
variant_of(struct engine *g, const struct enrolment *en, const struct step_def *s, const struct hand *h)
{
	const struct variant *v = s->n_variants ? s->variants : en->journey->variants;
	size_t n = s->n_variants ? s->n_variants : en->journey->n_variants;
	for (size_t i = 0; i < n; i++)
		if (!v[i].when || hand_true(g, h, v[i].when, NULL))
			return v[i].name;
	return (struct str){0};
}

/* In the EU opens and clicks may be looked at only with consent; other channels have nothing to hide behind. */
static bool
may_track(const struct engine *g, uint32_t person, enum channel channel)
{
	const struct consent *c = consent_find(&profile_at(&g->people, person)->consents, STR("email"), STR("tracking"));
	return channel != CHANNEL_EMAIL || (c ? c->granted : !current_program(g)->p->tracking_needs_consent);
}

/* ---------------------------------------------------------------- deciding */

static void
make_ready(struct engine *g, uint32_t recipient, struct open_message *om, const struct enrolment *en, const struct hand *h, const struct offer *offer,
    const struct question *q)
{
	const struct step_def *s = &en->journey->steps[om->step];
	const struct purpose_def *purpose = policy_purpose(q->r.policy, s->purpose);
	om->row.channel = (uint8_t)offer->channel;
	heap_set(&om->row.template_name, offer->template);
	heap_set(&om->row.variant, variant_of(g, en, s, h));
	heap_set(&om->row.address, q->to);
	om->row.tracked = may_track(g, recipient, offer->channel);
	om->row.state = MESSAGE_READY;
	om->row.reason = REASON_OK;
	om->row.due = g->now;
	heap_drop(&om->row.detail);
	if (!om->charged)
		charge(g, recipient, om, q->intent, purpose && purpose->counts);
	freeze(g, recipient, om, en, h);
}

static int
verdict_rank(const struct verdict *v)
{
	return v->kind == VERDICT_NOW ? 0 : v->kind == VERDICT_AT ? 1 : v->kind == VERDICT_HELD ? 2 : 3;
}

/* The first offer that may go now; else the one that may go soonest. */
static struct verdict
ask_offers(struct engine *g, uint32_t recipient, const struct open_message *om, const struct enrolment *en, const struct hand *h,
    struct question *ret_q, const struct offer **ret_offer)
{
	const struct step_def *s = &en->journey->steps[om->step];
	struct verdict best = {.kind = VERDICT_NEVER, .reason = REASON_NO_CHANNEL};
	*ret_offer = NULL;
	for (size_t i = 0; i < s->n_offers; i++) {
		struct question q;
		question_of_message(g, recipient, om, en, &s->offers[i], h, &q);
		struct verdict v = contact_decide(&q.r);
		if (!*ret_offer || verdict_rank(&v) < verdict_rank(&best)) {
			best = v;
			*ret_q = q;
			*ret_offer = &s->offers[i];
		}
		if (v.kind == VERDICT_NOW)
			break;
	}
	return best;
}

static bool
put_off(struct engine *g, struct open_message *om, const struct verdict *v)
{
	bool same = om->row.state == MESSAGE_WAITING && om->row.reason == v->reason && om->row.due.ms == v->at.ms && om->row.made.ms != g->now.ms;
	om->row.state = MESSAGE_WAITING;
	om->row.reason = v->reason;
	om->row.due = v->at;
	om->row.changed = g->now;
	heap_set(&om->row.detail, v->detail);
	if (!same)
		message_tell(g, om);
	return !same;
}

/* True when something moved. The message may be gone afterwards. */
bool
intent_decide(struct engine *g, uint32_t recipient, struct open_message *om)
{
	uint32_t holder = people_resolve(&g->people, om->holder);
	const struct enrolment *en = holder ? enrolment_find(journeys_of(g, holder), om->made_for, om->row.enrolment) : NULL;
	const struct offer *offer;
	struct question q;
	struct hand h;
	if (!en || enrolment_is_over(en)) {
		message_end(g, recipient, om, MESSAGE_WITHHELD, REASON_LEFT, (struct str){0});
		return true;
	}
	const struct step_def *s = &en->journey->steps[om->step];
	hand_of(g, recipient, en->program, en, &h);
	if (s->condition && om->row.made.ms != g->now.ms && om->row.expires.ms > g->now.ms) {
		struct hand own;
		hand_of(g, holder, en->program, en, &own);
		if (!hand_true(g, &own, s->condition, NULL)) {
			message_end(g, recipient, om, MESSAGE_WITHHELD, REASON_CONDITION, (struct str){0});
			return true;
		}
	}
	struct verdict v = ask_offers(g, recipient, om, en, &h, &q, &offer);
	if (v.kind == VERDICT_NEVER) {
		message_end(g, recipient, om, v.reason == REASON_EXPIRED ? MESSAGE_EXPIRED : MESSAGE_WITHHELD, v.reason, v.detail);
		return true;
	}
	if (v.kind != VERDICT_NOW)
		return put_off(g, om, &v);
	make_ready(g, recipient, om, en, &h, offer, &q);
	om->row.changed = g->now;
	message_tell(g, om);
	return true;
}

/* What the policy says of a message that is about to be handed over. */
struct verdict
intent_verdict(struct engine *g, uint32_t recipient, const struct open_message *om)
{
	uint32_t holder = people_resolve(&g->people, om->holder);
	const struct enrolment *en = holder ? enrolment_find(journeys_of(g, holder), om->made_for, om->row.enrolment) : NULL;
	struct question q;
	struct hand h;
	if (!en || enrolment_is_over(en))
		return (struct verdict){.kind = VERDICT_NEVER, .reason = REASON_LEFT};
	const struct offer offer = {(enum channel)om->row.channel, om->row.template_name};
	hand_of(g, recipient, en->program, en, &h);
	question_of_message(g, recipient, om, en, &offer, &h, &q);
	q.r.clock = NULL;
	struct verdict v = contact_decide(&q.r);
	if (v.kind == VERDICT_NOW && !str_eq(q.to, om->row.address))
		return (struct verdict){.kind = VERDICT_AT, .reason = REASON_OK, .at = g->now};
	return v;
}

/* ---------------------------------------------------------------- arbitration */

static struct contender
contender_of(const struct open_message *om)
{
	struct contender c = {.priority = om->row.priority, .value = om->row.value, .made = om->row.made};
	memcpy(c.id, om->row.id.bytes, sizeof(c.id));
	return c;
}

static bool
is_before(const struct policy_def *p, const struct open_message *a, const struct open_message *b)
{
	struct contender x = contender_of(a), y = contender_of(b);
	return contender_before(p, &x, &y);
}

static bool
wants_answer(const struct engine *g, const struct journeys *js, const struct open_message *om)
{
	if (om->asked || om->row.state == MESSAGE_MARKED)
		return false;
	if (om->row.state == MESSAGE_READY)
		return om->row.expires.ms <= g->now.ms;
	return intent_due(om).ms <= g->now.ms || js->look || (om->row.state == MESSAGE_WAITING && om->row.reason == REASON_HELD);
}

/* A stronger message that comes due within the short hold gets the room; alone, nobody waits. */
static const struct open_message *
stronger_soon(const struct engine *g, const struct journeys *js, const struct open_message *om)
{
	const struct policy_def *p = &current_program(g)->p->policy;
	const struct purpose_def *purpose = policy_purpose(p, om->row.purpose);
	if (!purpose || !purpose->caps || !p->arbitration_hold)
		return NULL;
	for (size_t i = 0; i < js->open.len; i++) {
		const struct open_message *o = js->open.items[i];
		if (o != om && o->row.state == MESSAGE_WAITING && o->row.due.ms > g->now.ms && o->row.due.ms < om->row.expires.ms &&
		    o->row.due.ms <= wall_add(g->now, p->arbitration_hold).ms && is_before(p, o, om))
			return o;
	}
	return NULL;
}

static struct open_message *
best_asking(const struct engine *g, const struct journeys *js)
{
	const struct policy_def *p = &current_program(g)->p->policy;
	struct open_message *best = NULL;
	for (size_t i = 0; i < js->open.len; i++) {
		struct open_message *om = js->open.items[i];
		if (wants_answer(g, js, om) && (!best || is_before(p, om, best)))
			best = om;
	}
	return best;
}

static bool
went_now(const struct engine *g, const struct journeys *js)
{
	for (size_t i = 0; i < js->open.len; i++)
		if (js->open.items[i]->row.state == MESSAGE_READY && js->open.items[i]->row.due.ms == g->now.ms)
			return true;
	return false;
}

static bool
settle_message(struct engine *g, uint32_t person, struct journeys *js, struct open_message *om)
{
	const struct policy_def *p = &current_program(g)->p->policy;
	const struct purpose_def *purpose = policy_purpose(p, om->row.purpose);
	const struct open_message *stronger;
	if (om->row.state == MESSAGE_READY) {
		message_end(g, person, om, MESSAGE_EXPIRED, REASON_EXPIRED, (struct str){0});
		return true;
	}
	if (p->drop_the_rest && purpose && purpose->caps && went_now(g, js)) {
		message_end(g, person, om, MESSAGE_WITHHELD, REASON_OUTRANKED, (struct str){0});
		return true;
	}
	if ((stronger = stronger_soon(g, js, om))) {
		struct verdict v = {.kind = VERDICT_AT, .reason = REASON_OUTRANKED, .at = stronger->row.due, .detail = stronger->row.template_name};
		return put_off(g, om, &v);
	}
	return intent_decide(g, person, om);
}

bool
intents_settle(struct engine *g, uint32_t person)
{
	struct journeys *js = journeys_of(g, person);
	struct open_message *om;
	bool moved = false;
	if (!js->open.len)
		return false;
	contacts_prune(g, js);
	while ((om = best_asking(g, js))) {
		om->asked = true;
		moved |= settle_message(g, person, js, om);
	}
	for (size_t i = 0; i < js->open.len; i++)
		js->open.items[i]->asked = false;
	js->look = false;
	return moved;
}

/* ---------------------------------------------------------------- a send begins */

static struct str
tags_text(struct engine *g, const struct step_def *s)
{
	struct str r = {0};
	for (size_t i = 0; i < s->n_tags; i++)
		r = i ? arena_printf(&g->scratch, "%.*s,%.*s", STR_ARGS(r), STR_ARGS(s->tags[i])) : s->tags[i];
	return r;
}

static void
make_message(struct engine *g, uint32_t holder, struct enrolment *en, const struct step_def *s, const struct hand *h, uint32_t recipient, uint32_t visit)
{
	struct open_message *om = mem_alloc(sizeof(*om));
	struct str step = recipient == holder ? s->name : arena_printf(&g->scratch, "%.*s to %u", STR_ARGS(s->name), recipient);
	struct value value = s->value ? hand_eval(g, h, s->value).value : VALUE_NONE;
	wall expires = s->expires ? when_next(s->expires, &h->facts.facts, &h->m, g->now, &g->scratch) : WALL_NEVER;
	om->holder = holder;
	om->made_for = en->made_for;
	om->step = en->step;
	om->row = (struct message){.id = message_id_make(g->hash_key, en->made_for, en->number, step, visit), .profile = recipient,
	    .enrolment = en->number, .visit = visit, .channel = (uint8_t)s->offers[0].channel, .priority = s->priority, .state = MESSAGE_WAITING,
	    .value = value.kind == VALUE_NUMBER ? value.number : 0, .made = g->now, .due = g->now, .changed = g->now,
	    .expires = expires.ms == INT64_MIN ? WALL_NEVER : expires, .reason = REASON_OK};
	heap_set(&om->row.journey, en->journey->name);
	heap_set(&om->row.step, s->name);
	heap_set(&om->row.activity, s->activity);
	heap_set(&om->row.template_name, s->offers[0].template);
	heap_set(&om->row.purpose, s->purpose);
	heap_set(&om->row.topic, s->topic);
	heap_set(&om->row.tags, tags_text(g, s));
	open_add(g, recipient, om);
	if (recipient != g->at_hand.person) {
		journeys_reckon(g, recipient);
		alarm_pull(g, recipient, g->now);
	}
}

typedef VEC(uint32_t) number_list;

static bool
note_member(void *self, const struct facts *member)
{
	number_list *list = self;
	*vec_push(list) = ((const struct person_facts *)member->self)->person;
	return true;
}

void
send_begin(struct engine *g, uint32_t person, struct enrolment *en, const struct step_def *s)
{
	struct step_memory *m = memory_make(en, en->step);
	number_list to = {0};
	struct hand h;
	hand_of(g, person, en->program, en, &h);
	if (s->to_people)
		(void)cond_people(s->to_people, &h.facts.facts, &h.m, g->now, &g->scratch, note_member, &to);
	else
		*vec_push(&to) = person;
	m->visits++;
	m->flags = 0;
	m->at = WALL_NEVER;
	m->open = (uint8_t)(to.len > UINT8_MAX ? UINT8_MAX : to.len);
	for (size_t i = 0; i < to.len && i < UINT8_MAX; i++)
		make_message(g, person, en, s, &h, to.items[i], m->visits);
	if (!to.len)
		m->flags |= MEMORY_ENDED;
	vec_release(&to);
}

/* A question to the contact policy about one person: who they are, their address, their ledger, and what is to be said. */
#include "engine/ask_priv.h"

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
intent_text(struct engine *g, struct str journey, const struct offer *offer, struct str purpose, struct str topic,
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
	jw_object_end(&w);
	struct str r = arena_str(&g->scratch, buf_str(&b));
	buf_release(&b);
	return r;
}

static const struct made_intent *
intent_find(const struct journey_index *ix, const struct step_def *s, const struct offer *offer)
{
	for (size_t i = 0; i < ix->intents.len; i++) {
		const struct made_intent *m = &ix->intents.items[i];
		if (m->step == s && m->channel == offer->channel && str_eq(m->template, offer->template))
			return m;
	}
	return NULL;
}

static const struct made_intent *
intent_of(struct engine *g, const struct live_program *lp, struct str journey, const struct step_def *s, const struct offer *offer)
{
	struct journey_index *ix = lp->journeys;
	const struct made_intent *have = intent_find(ix, s, offer);
	struct err e;
	if (have)
		return have;
	struct made_intent made = {.step = s, .channel = offer->channel, .template = arena_str(&ix->arena, offer->template),
	    .text = arena_str(&ix->arena, intent_text(g, journey, offer, s->purpose, s->topic, s->tags, s->n_tags, s->priority))};
	if (!json_parse_arena(&ix->arena, made.text, &made.json, &e))
		made.json = NULL;
	*vec_push(&ix->intents) = made;
	return vec_last(&ix->intents);
}

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
question_of(struct engine *g, uint32_t person, const struct live_program *lp, const struct made_intent *intent /* NULL = none */,
    enum channel channel, struct str purpose, struct str topic, struct question *q)
{
	const struct profile *p = profile_at(&g->people, person);
	memset(q, 0, sizeof(*q));
	q->g = g;
	q->person = person;
	q->intent = intent ? intent->text : (struct str){0};
	if (person == g->at_hand.person && lp == g->at_hand.program)
		facts_again(g, &q->facts);
	else
		person_facts(g, person, lp, NULL, &q->facts);
	struct contact_request *r = &q->r;
	*r = (struct contact_request){.policy = &lp->p->policy, .facts = &q->facts.facts, .scratch = &g->scratch, .now = g->now, .purpose = purpose,
	    .topic = topic, .channel = (uint8_t)channel, .channel_name = str_of(channel_name(channel)), .expires = WALL_NEVER,
	    .erased = p->erased, .consents = &p->consents, .last_sign = p->last_seen};
	r->intent = intent ? intent->json : NULL;
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

void
question_of_message(struct engine *g, uint32_t recipient, const struct open_message *om, const struct enrolment *en, const struct offer *offer,
    const struct hand *hand, struct question *q)
{
	const struct step_def *s = &en->journey->steps[om->step];
	const struct made_intent *intent = intent_of(g, en->program, en->journey->name, s, offer);
	question_of(g, recipient, current_program(g), intent, offer->channel, s->purpose, s->topic, q);
	bring_ledger(g, recipient, &q->r);
	q->r.high = s->priority >= PRIORITY_HIGH;
	q->r.id = message_key(om->row.id);
	q->r.expires = om->row.expires;
	q->r.asks_to_confirm = str_eq(offer->template, STR("confirm_subscription"));
	q->hand = hand;
	q->at = s->at;
	if (s->at) {
		q->r.clock = ask_clock;
		q->r.clock_self = q;
	}
}

/* Whether it would be lawful does not hang on what is said: no intent is made. */
static bool
is_lawful(struct engine *g, uint32_t person, enum channel channel, struct str purpose, struct str topic)
{
	struct question q;
	question_of(g, person, current_program(g), NULL, channel, purpose, topic, &q);
	return contact_lawful(&q.r).kind == VERDICT_NOW;
}

bool
intent_could_go(struct engine *g, uint32_t person, const struct journey_def *j)
{
	for (uint16_t i = 0; g->d && i < j->n_steps; i++) {
		const struct step_def *s = &j->steps[i];
		for (size_t k = 0; s->kind == STEP_SEND && k < s->n_offers; k++)
			if (is_lawful(g, person, s->offers[k].channel, s->purpose, s->topic))
				return true;
		if (s->kind == STEP_SEND)
			return false;
	}
	return false;
}

bool
intent_lawful_by_email(struct engine *g, uint32_t person)
{
	return is_lawful(g, person, CHANNEL_EMAIL, STR("marketing"), (struct str){0});
}

void
intent_explain(struct engine *g, uint32_t person, const struct live_program *lp, const struct journey_def *j, const struct step_def *s,
    const struct offer *offer, struct json_writer *w)
{
	struct question q;
	const struct made_intent *intent = intent_of(g, lp, j->name, s, offer);
	question_of(g, person, lp, intent, offer->channel, s->purpose, s->topic, &q);
	bring_ledger(g, person, &q.r);
	q.r.high = s->priority >= PRIORITY_HIGH;
	contact_explain(&q.r, w);
}

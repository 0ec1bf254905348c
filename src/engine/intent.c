/* Intents: a `send` becomes a message, the policy says when it may go, and when it may it freezes what its template reads. */
#include "engine/ask_priv.h"

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
	struct profile *p = profile_at(&g->people, recipient);
	traits_sort(&p->traits);         /* the bytes must not depend on how the row came to memory */
	for (size_t i = 0; i < COUNT(roots); i++) {
		jw_key(w, str_of(roots[i].name));
		traits_write_json(&p->traits, roots[i].root, false, w);
	}
	if (p->account) {
		jw_key(w, STR("account"));
		traits_sort(&account_at(g, p->account)->traits);
		traits_write_json(&account_at(g, p->account)->traits, ROOT_TRAIT, false, w);
	}
	if (h->m.trigger && h->m.trigger->properties) {
		const struct json *told = h->m.trigger->properties;
		jw_key(w, STR("trigger"));
		told->span.len ? jw_raw(w, told->span) : jw_json(w, told);
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
	om->row.template_name = shared_text(g, offer->template);
	om->row.variant = shared_text(g, variant_of(g, en, s, h));
	heap_set(&om->row.address, q->to);
	om->row.tracked = may_track(g, recipient, offer->channel);
	om->row.state = MESSAGE_READY;
	om->row.reason = REASON_OK;
	om->row.due = g->now;
	heap_drop(&om->row.detail);
	if (!om->charged)
		charge(g, recipient, om, q->intent, purpose && purpose->counts);
	if (g->d)
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
	heap_drop(&om->row.frozen);      /* from here on it lives in the outbox */
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
	om->row.journey = shared_text(g, en->journey->name);
	om->row.step = shared_text(g, s->name);
	om->row.activity = shared_text(g, s->activity);
	om->row.template_name = shared_text(g, s->offers[0].template);
	om->row.purpose = shared_text(g, s->purpose);
	om->row.topic = shared_text(g, s->topic);
	om->row.tags = shared_text(g, tags_text(g, s));
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

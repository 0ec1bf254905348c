/* Enrolments and messages of a person: into the snapshot and back, from one person to another, and away. */
#include "engine/hand_priv.h"

/* ---------------------------------------------------------------- into bytes */

static void
add_wall(struct buf *b, wall t)
{
	buf_add_u64(b, (uint64_t)t.ms);
}

static wall
read_wall(struct reader *r)
{
	return (wall){(int64_t)read_u64(r)};
}

static void
save_trigger(const struct frozen_event *f, struct buf *out)
{
	buf_add_varint(out, (uint64_t)f->kind);
	add_wall(out, f->time);
	buf_add_varint(out, f->seq);
	buf_add_lstr(out, f->name);
	buf_add_lstr(out, f->source);
	buf_add_lstr(out, f->properties);
	buf_add_lstr(out, f->context);
}

static void
save_memory(const struct step_memory *m, struct buf *out)
{
	buf_add_varint(out, m->step);
	buf_add_varint(out, m->visits);
	buf_add_varint(out, m->flags);
	buf_add_varint(out, m->channel);
	buf_add_varint(out, m->reason);
	buf_add_varint(out, m->open);
	add_wall(out, m->at);
	buf_add_lstr(out, m->text);
}

static void
save_enrolment(const struct enrolment *en, struct buf *out)
{
	buf_add_u64(out, en->program->p->version);
	buf_add_lstr(out, en->journey->name);
	buf_add_lstr(out, en->item);
	buf_add_lstr(out, en->key);
	buf_add_lstr(out, en->reason);
	add_wall(out, en->entered);
	add_wall(out, en->changed);
	add_wall(out, en->due);
	add_wall(out, en->since);
	add_wall(out, en->goal_at);
	buf_add_zigzag(out, en->goal_value);
	buf_add_varint(out, en->entered_seq);
	buf_add_varint(out, en->number);
	buf_add_varint(out, en->made_for);
	buf_add_varint(out, en->shown);
	buf_add_varint(out, en->step);
	buf_add_varint(out, en->state);
	buf_add_varint(out, en->rounds);
	buf_add_varint(out, (uint64_t)(en->goal | en->pause << 1 | (en->trigger != NULL) << 2 | en->begun << 3));
	if (en->trigger)
		save_trigger(en->trigger, out);
	buf_add_varint(out, en->n_memory);
	for (uint16_t i = 0; i < en->n_memory; i++)
		save_memory(&en->memory[i], out);
}

static void
save_open(struct open_message *om, struct buf *out)
{
	struct message *m = &om->row;
	buf_add(out, m->id.bytes, sizeof(m->id.bytes));
	buf_add_varint(out, om->holder);
	buf_add_varint(out, om->made_for);
	buf_add_varint(out, om->step);
	buf_add_varint(out, (uint64_t)(om->charged | m->tracked << 1));
	buf_add_varint(out, m->enrolment);
	buf_add_varint(out, m->visit);
	buf_add_varint(out, m->channel);
	buf_add_varint(out, m->priority);
	buf_add_varint(out, m->state);
	buf_add_varint(out, m->reason);
	buf_add_varint(out, m->attempts);
	buf_add_zigzag(out, m->value);
	add_wall(out, m->made);
	add_wall(out, m->due);
	add_wall(out, m->expires);
	add_wall(out, m->changed);
	for (size_t i = 0; i < message_texts(); i++)
		buf_add_lstr(out, *message_text(m, i));
}

void
journeys_save(struct engine *g, const struct journeys *j, struct buf *out)
{
	(void)g;
	buf_add_varint(out, j->counter);
	buf_add_u64(out, j->dead_email);
	buf_add_varint(out, j->complained);
	add_wall(out, j->exits_due);
	add_wall(out, j->due);
	buf_add_varint(out, j->enrolments.len);
	for (size_t i = 0; i < j->enrolments.len; i++)
		save_enrolment(j->enrolments.items[i], out);
	buf_add_varint(out, j->open.len);
	for (size_t i = 0; i < j->open.len; i++)
		save_open(j->open.items[i], out);
	buf_add_varint(out, j->contacts.len);
	for (size_t i = 0; i < j->contacts.len; i++) {
		const struct contact *c = &j->contacts.items[i];
		add_wall(out, c->at);
		buf_add_u64(out, c->id);
		buf_add_varint(out, c->channel);
		buf_add_varint(out, c->priority);
		buf_add_varint(out, c->counts);
		buf_add_lstr(out, c->intent);
	}
	buf_add_varint(out, j->starts.len);
	for (size_t i = 0; i < j->starts.len; i++) {
		buf_add_u64(out, j->starts.items[i].id);
		add_wall(out, j->starts.items[i].at);
	}
}

/* ---------------------------------------------------------------- and back */

static struct frozen_event *
load_trigger(struct reader *r, const struct journeys *js)
{
	struct frozen_event f = {0};
	f.kind = (int32_t)read_varint(r);
	f.time = read_wall(r);
	f.seq = read_varint(r);
	f.name = read_lstr(r);
	f.source = read_lstr(r);
	f.properties = read_lstr(r);
	f.context = read_lstr(r);
	return frozen_event_take(js, &f);
}

static void
load_memory(struct reader *r, struct step_memory *m)
{
	m->step = (uint16_t)read_varint(r);
	m->visits = (uint16_t)read_varint(r);
	m->flags = (uint16_t)read_varint(r);
	m->channel = (uint8_t)read_varint(r);
	m->reason = (uint8_t)read_varint(r);
	m->open = (uint8_t)read_varint(r);
	m->at = read_wall(r);
	heap_set(&m->text, read_lstr(r));
}

/* The program whose steps they keep; when it is gone for good, the live one's journey of the same name. */
static bool
find_steps(struct engine *g, uint64_t version, struct str journey, struct enrolment *en)
{
	struct live_program *lp = live_find(g, version);
	if (!lp)
		lp = g->live;
	en->journey = lp ? program_journey(lp->p, journey) : NULL;
	en->program = lp;
	if (!en->journey)
		return false;
	live_ref(lp);
	return true;
}

static struct enrolment *
load_enrolment(struct engine *g, struct reader *r, const struct journeys *js)
{
	struct enrolment *en = mem_alloc(sizeof(*en));
	uint64_t version = read_u64(r);
	bool known = find_steps(g, version, read_lstr(r), en);
	heap_set(&en->item, read_lstr(r));
	heap_set(&en->key, read_lstr(r));
	en->reason = shared_text(g, read_lstr(r));
	en->entered = read_wall(r);
	en->changed = read_wall(r);
	en->due = read_wall(r);
	en->since = read_wall(r);
	en->goal_at = read_wall(r);
	en->goal_value = read_zigzag(r);
	en->entered_seq = read_varint(r);
	en->number = (uint32_t)read_varint(r);
	en->made_for = (uint32_t)read_varint(r);
	en->shown = (uint32_t)read_varint(r);
	en->step = (uint16_t)read_varint(r);
	en->state = (uint8_t)read_varint(r);
	en->rounds = (uint8_t)read_varint(r);
	uint64_t flags = read_varint(r);
	en->goal = flags & 1;
	en->pause = flags >> 1 & 1;
	en->begun = flags >> 3 & 1;
	if (flags & 4)
		en->trigger = load_trigger(r, js);
	uint64_t n = read_varint(r);
	if (r->bad || n > UINT16_MAX)
		r->bad = true, n = 0;
	en->memory = n ? mem_alloc(sizeof(*en->memory) * n) : NULL;
	en->n_memory = (uint16_t)n;
	for (uint64_t i = 0; i < n; i++) {
		load_memory(r, &en->memory[i]);
		r->bad |= known && en->memory[i].step >= en->journey->n_steps;
	}
	r->bad |= en->state >= ENROLMENT_STATE_COUNT || (known && en->step != STEP_NONE && en->step >= en->journey->n_steps);
	if (known && !r->bad) {
		g->enrolments += !enrolment_is_over(en);
		return en;
	}
	enrolment_free(known ? g : NULL, en);
	return NULL;
}

static struct open_message *
load_open(struct engine *g, struct reader *r, uint32_t person)
{
	struct open_message *om = mem_alloc(sizeof(*om));
	struct message *m = &om->row;
	for (size_t i = 0; i < sizeof(m->id.bytes); i++)
		m->id.bytes[i] = read_u8(r);
	om->holder = (uint32_t)read_varint(r);
	om->made_for = (uint32_t)read_varint(r);
	om->step = (uint16_t)read_varint(r);
	uint64_t flags = read_varint(r);
	om->charged = flags & 1;
	m->tracked = flags >> 1 & 1;
	m->profile = person;
	m->enrolment = (uint32_t)read_varint(r);
	m->visit = (uint32_t)read_varint(r);
	m->channel = (uint8_t)read_varint(r);
	m->priority = (uint8_t)read_varint(r);
	m->state = (uint8_t)read_varint(r);
	m->reason = (enum reason)read_varint(r);
	m->attempts = (uint32_t)read_varint(r);
	m->value = read_zigzag(r);
	m->made = read_wall(r);
	m->due = read_wall(r);
	m->expires = read_wall(r);
	m->changed = read_wall(r);
	for (size_t i = 0; i < message_texts(); i++)
		message_text_set(g, m, i, read_lstr(r));
	return om;
}

struct journeys *
journeys_load(struct engine *g, uint32_t person, struct reader *r)
{
	struct journeys *j = mem_alloc(sizeof(*j));
	j->counter = (uint32_t)read_varint(r);
	j->dead_email = read_u64(r);
	j->complained = read_varint(r);
	j->exits_due = read_wall(r);
	j->due = read_wall(r);
	for (uint64_t n = read_varint(r); n > 0 && !r->bad; n--) {
		struct enrolment *en = load_enrolment(g, r, j);
		if (en)
			*tight_push(&j->enrolments) = en;
	}
	for (uint64_t n = read_varint(r); n > 0 && !r->bad; n--) {
		struct open_message *om = load_open(g, r, person);
		*tight_push(&j->open) = om;
		idmap_put(&g->messages, message_key(om->row.id), person);
	}
	for (uint64_t n = read_varint(r); n > 0 && !r->bad; n--) {
		struct contact *c = tight_push(&j->contacts);
		c->at = read_wall(r);
		c->id = read_u64(r);
		c->channel = (uint8_t)read_varint(r);
		c->priority = (uint8_t)read_varint(r);
		c->counts = read_varint(r);
		c->intent = shared_text(g, read_lstr(r));
	}
	for (uint64_t n = read_varint(r); n > 0 && !r->bad; n--) {
		struct start *s = tight_push(&j->starts);
		s->id = read_u64(r);
		s->at = read_wall(r);
	}
	return j;
}

/* ---------------------------------------------------------------- paced entries: shared by all people */

void
limits_save(const struct engine *g, struct buf *out)
{
	buf_add_varint(out, g->limits.len);
	for (size_t i = 0; i < g->limits.len; i++) {
		buf_add_u64(out, g->limits.items[i].id);
		add_wall(out, g->limits.items[i].since);
		buf_add_varint(out, g->limits.items[i].n);
	}
}

void
limits_load(struct engine *g, struct reader *r)
{
	g->limits.len = 0;
	for (uint64_t n = read_varint(r); n > 0 && !r->bad; n--) {
		struct entry_limit *l = vec_push(&g->limits);
		l->id = read_u64(r);
		l->since = read_wall(r);
		l->n = (uint32_t)read_varint(r);
	}
}

/* ---------------------------------------------------------------- two become one */

/* The older enrolment of a journey and key stays. */
static struct enrolment *
rival_of(const struct journeys *js, const struct enrolment *en)
{
	for (size_t i = 0; i < js->enrolments.len; i++) {
		struct enrolment *x = js->enrolments.items[i];
		if (!enrolment_is_over(x) && str_eq(x->journey->name, en->journey->name) && str_eq(x->key, en->key))
			return x;
	}
	return NULL;
}

static bool
is_older(const struct enrolment *a, const struct enrolment *b)
{
	return a->entered.ms != b->entered.ms ? a->entered.ms < b->entered.ms : a->made_for < b->made_for;
}

/* The row under the old number is closed; the enrolment goes on under a number of its new owner. */
static void
move_enrolment(struct engine *g, uint32_t into, uint32_t from, struct journeys *to, struct enrolment *en)
{
	struct enrolment *rival = enrolment_is_over(en) ? NULL : rival_of(to, en);
	struct enrolment closed = *en;
	closed.state = ENROLMENT_MERGED;
	closed.due = WALL_NEVER;
	closed.changed = g->now;
	enrolment_tell(g, from, &closed);
	en->shown = ++to->counter;
	*vec_push(&to->enrolments) = en;
	if (rival)
		enrolment_end(g, into, is_older(en, rival) ? rival : en, ENROLMENT_MERGED, STR("two became one"));
	if (!enrolment_is_over(en))
		enrolment_tell(g, into, en);
}

static void
merge_contacts(struct journeys *to, struct journeys *from)
{
	for (size_t i = 0; i < from->contacts.len; i++) {
		size_t at = to->contacts.len;
		while (at > 0 && (to->contacts.items[at - 1].at.ms > from->contacts.items[i].at.ms ||
		    (to->contacts.items[at - 1].at.ms == from->contacts.items[i].at.ms && to->contacts.items[at - 1].id > from->contacts.items[i].id)))
			at--;
		*vec_insert(&to->contacts, at) = from->contacts.items[i];
	}
	from->contacts.len = 0;
}

static void
merge_starts(struct journeys *to, const struct journeys *from)
{
	for (size_t i = 0; i < from->starts.len; i++) {
		struct start *s = NULL;
		for (size_t k = 0; k < to->starts.len; k++)
			if (to->starts.items[k].id == from->starts.items[i].id)
				s = &to->starts.items[k];
		if (s)
			s->at = wall_max(s->at, from->starts.items[i].at);
		else
			*vec_push(&to->starts) = from->starts.items[i];
	}
}

void
journeys_merge(struct engine *g, uint32_t into, uint32_t from)
{
	struct journeys *old = journeys_of(g, from);
	if (!old)
		return;
	struct journeys *to = journeys_make(g, into);
	for (size_t i = 0; i < old->open.len; i++) {
		struct open_message *om = old->open.items[i];
		om->row.profile = into;
		om->row.changed = g->now;
		*vec_push(&to->open) = om;
		idmap_put(&g->messages, message_key(om->row.id), into);
		message_tell(g, om);
	}
	old->open.len = 0;
	for (size_t i = 0; i < to->open.len; i++)
		if (to->open.items[i]->holder == from)
			to->open.items[i]->holder = into;
	for (size_t i = 0; i < old->enrolments.len; i++)
		move_enrolment(g, into, from, to, old->enrolments.items[i]);
	old->enrolments.len = 0;
	merge_contacts(to, old);
	merge_starts(to, old);
	if (!to->dead_email) {
		to->dead_email = old->dead_email;
		to->complained = old->complained;
	}
	to->look = true;
	engine_stale(g, READS_JOURNEYS);
	journeys_reckon(g, into);
}

/* ---------------------------------------------------------------- away */

void
journeys_erase(struct engine *g, uint32_t person)
{
	struct journeys *js = journeys_of(g, person);
	if (!js)
		return;
	for (size_t i = 0; i < js->enrolments.len; i++)
		enrolment_end(g, person, js->enrolments.items[i], ENROLMENT_LEFT, STR("erased"));
	while (js->open.len) {
		struct open_message *om = *vec_last(&js->open);
		heap_drop(&om->row.address);
		heap_drop(&om->row.frozen);
		message_end(g, person, om, MESSAGE_WITHHELD, REASON_ERASED, (struct str){0});
	}
	while (js->enrolments.len) {
		enrolment_free(g, *vec_last(&js->enrolments));
		js->enrolments.len--;
	}
}

void
journeys_free(struct journeys *j)
{
	if (!j)
		return;
	for (size_t i = 0; i < j->enrolments.len; i++)
		enrolment_free(NULL, j->enrolments.items[i]);
	for (size_t i = 0; i < j->open.len; i++)
		open_free(j->open.items[i]);
	vec_release(&j->enrolments);
	vec_release(&j->open);
	vec_release(&j->contacts);
	vec_release(&j->starts);
	mem_free(j);
}

size_t
journeys_bytes(const struct journeys *j)
{
	size_t n = 0;
	if (!j)
		return 0;
	n = sizeof(*j) + j->enrolments.cap * sizeof(void *) + j->open.cap * sizeof(void *) + j->contacts.cap * sizeof(struct contact) +
	    j->starts.cap * sizeof(struct start);
	for (size_t i = 0; i < j->enrolments.len; i++) {
		const struct enrolment *en = j->enrolments.items[i];
		n += sizeof(*en) + en->key.len + en->n_memory * sizeof(*en->memory) + (en->trigger ? en->trigger->size / en->trigger->refs : 0) + en->item.len;
	}
	for (size_t i = 0; i < j->open.len; i++)
		n += sizeof(struct open_message) + j->open.items[i]->row.frozen.len;
	return n;
}

/* ---------------------------------------------------------------- shown */

void
enrolment_write_json(const struct enrolment *en, struct json_writer *w)
{
	jw_object(w);
	jw_kstr(w, "journey", en->journey->name);
	jw_kstr(w, "state", str_of(enrolment_state_name((enum enrolment_state)en->state)));
	if (en->step < en->journey->n_steps)
		jw_kstr(w, "step", en->journey->steps[en->step].name);
	if (en->key.len)
		jw_kstr(w, "key", en->key);
	if (en->reason.len)
		jw_kstr(w, "reason", en->reason);
	jw_kwall(w, "entered", en->entered);
	if (en->due.ms != INT64_MAX && !enrolment_is_over(en))
		jw_kwall(w, "due", en->due);
	jw_kbool(w, "goal", en->goal);
	if (en->goal)
		jw_kfixed(w, "goal_value", en->goal_value);
	jw_object_end(w);
}

void
journeys_write_json(const struct journeys *j, struct json_writer *w)
{
	jw_karray(w, "enrolments");
	for (size_t i = 0; j && i < j->enrolments.len; i++)
		enrolment_write_json(j->enrolments.items[i], w);
	jw_array_end(w);
	jw_karray(w, "messages");
	for (size_t i = 0; j && i < j->open.len; i++) {
		const struct message *m = &j->open.items[i]->row;
		char id[33];
		message_id_format(m->id, id);
		jw_object(w);
		jw_kstr(w, "id", str_of(id));
		jw_kstr(w, "journey", m->journey);
		jw_kstr(w, "step", m->step);
		jw_kstr(w, "channel", str_of(channel_name((enum channel)m->channel)));
		jw_kstr(w, "template", m->template_name);
		jw_kstr(w, "state", str_of(message_state_name((enum message_state)m->state)));
		jw_kstr(w, "reason", str_of(reason_text(m->reason)));
		if (m->detail.len)
			jw_kstr(w, "detail", m->detail);
		if (m->due.ms != INT64_MAX)
			jw_kwall(w, "due", m->due);
		jw_object_end(w);
	}
	jw_array_end(w);
}

/* A run: a scratch engine, a clock of its own, and everything that mail servers and people would do in between. */
#include "engine/tell_priv.h"
#include <stdio.h>

enum { SAME_INSTANT_MOST = 10000 };

/* ---------------------------------------------------------------- what was told */

/* Where the texts of what is told live: a listener reads them at once. */
static struct arena *
keeper(struct run *r)
{
	return r->hear ? &r->heard : &r->arena;
}

static struct message
copy_message(struct run *r, const struct message *m)
{
	struct message c = *m;
	for (size_t i = 0; i < message_texts(); i++)
		*message_text(&c, i) = arena_str(keeper(r), *message_text(&c, i));
	return c;
}

static void
tell(struct run *r, struct told t)
{
	if (r->hear)
		r->hear(r->self, &t);
	else
		*vec_push(&r->told) = t;
}

static void
tell_message(struct run *r, const struct message *m, int kind)
{
	struct told t = {.kind = kind, .at = r->now, .profile = m->profile, .message = copy_message(r, m)};
	struct err e;
	t.journey = t.message.journey;
	t.name = t.message.step;
	t.reason = str_of(reason_text(m->reason));
	if (!t.message.frozen.len || !json_parse_arena(keeper(r), t.message.frozen, &t.data, &e))
		t.data = NULL;
	tell(r, t);
}

static void
hear_step(void *self, uint32_t person, const struct enrolment *en, const struct step_def *s, struct str what, const struct json *data)
{
	struct run *r = self;
	*vec_push(&r->deeds) = (struct deed){r->d.messages.len, {.kind = s->kind == STEP_TASK ? TOLD_TASK : s->kind == STEP_SET ? TOLD_SET : TOLD_AUDIENCE, .at = r->g->now,
	    .profile = person, .journey = arena_str(keeper(r), en->journey->name), .name = arena_str(keeper(r), what),
	    .data = data ? json_copy(keeper(r), data) : NULL}};
}

/* Deeds of steps stand among the messages where they were done. */
static void
tell_deeds(struct run *r, size_t before)
{
	size_t n = 0;
	if (!r->deeds.len)
		return;
	for (; n < r->deeds.len && r->deeds.items[n].before <= before; n++)
		tell(r, r->deeds.items[n].told);
	memmove(r->deeds.items, r->deeds.items + n, (r->deeds.len - n) * sizeof(*r->deeds.items));
	r->deeds.len -= n;
}

static void
tell_enrolment(struct run *r, const struct enrolment_change *c)
{
	bool over = str_eq(c->state, STR("done")) || str_eq(c->state, STR("left")) || str_eq(c->state, STR("merged")) || str_eq(c->state, STR("stopped"));
	struct told t = {.at = c->changed, .profile = c->profile, .journey = arena_str(keeper(r), c->journey),
	    .name = arena_str(keeper(r), c->key), .reason = arena_str(keeper(r), over ? c->reason : c->state)};
	/* An enrolment may change several times within its first instant; it is entered once. */
	uint64_t who = (uint64_t)c->profile << 32 | c->enrolment;
	bool first = c->entered.ms == c->changed.ms && !idmap_get(&r->entered, who);
	if (first)
		idmap_put(&r->entered, who, 1);
	t.kind = over ? TOLD_LEFT : TOLD_ENTERED;
	if (over && first) {
		t.kind = TOLD_ENTERED;
		tell(r, t);
		t.kind = TOLD_LEFT;
	}
	if (over || first)
		tell(r, t);
}

/* ---------------------------------------------------------------- what people would do */

static void
come_later(struct run *r, const struct message *m, const char *name, wall at)
{
	struct to_come c = {.at = at, .n = ++r->made, .name = str_of(name), .profile = m->profile, .id = m->id,
	    .template_name = arena_str(&r->arena, m->template_name)};
	size_t i = r->to_come.len;
	while (i > 0 && r->to_come.items[i - 1].at.ms > at.ms)
		i--;
	*vec_insert(&r->to_come, i) = c;
}

static bool
draws(struct message_id id, const char *what, uint32_t permille)
{
	char text[33], key[48];
	message_id_format(id, text);
	int n = snprintf(key, sizeof(key), "%s %s", what, text);
	return permille && hash_stable((struct str){key, (size_t)n}) % 1000 < permille;
}

static void
assume(struct run *r, const struct message *m)
{
	if (m->channel != CHANNEL_EMAIL || !m->tracked)
		return;
	if (draws(m->id, "open", r->as.open_permille))
		come_later(r, m, "Email Opened", wall_add(r->now, r->as.open_after));
	if (draws(m->id, "click", r->as.click_permille))
		come_later(r, m, "Email Link Clicked", wall_add(r->now, r->as.click_after));
}

static void
do_what_came(struct run *r)
{
	struct to_come c = r->to_come.items[0];
	char id[33];
	vec_remove(&r->to_come, 0);
	message_id_format(c.id, id);
	struct str body = arena_printf(&r->scratch, "{\"properties\":{\"message_id\":\"%s\",\"template\":\"%.*s\"}}", id, STR_ARGS(c.template_name));
	struct entry en = {.at = c.at, .happened = c.at, .kind = ENTRY_TRACK, .name = c.name, .source = STR("assumed"), .trust = TRUST_SELF,
	    .profile = c.profile, .text = body};
	struct err e;
	if (json_parse_arena(&r->scratch, body, &en.body, &e))
		run_fold(r, &en);
}

/* Everybody with an address counts as consenting: told once, as a server would. */
static void
assume_consent(struct run *r, const struct entry *about)
{
	uint32_t n = people_resolve(&r->g->people, about->profile);
	char buf[ADDRESS_BYTES];
	if (!r->as.consent_email || !n || about->kind == ENTRY_CONSENT)
		return;
	while (r->consenting.len <= n)
		*vec_push(&r->consenting) = false;
	if (r->consenting.items[n] || !profile_email(profile_at(&r->g->people, n), buf).len)
		return;
	r->consenting.items[n] = true;
	struct entry en = {.at = about->at, .happened = about->happened, .kind = ENTRY_CONSENT, .source = STR("assumed"), .trust = TRUST_IMPORT,
	    .history = about->history, .profile = n, .text = STR("{\"channel\":\"email\",\"purpose\":\"marketing\",\"granted\":true,\"source\":\"assumed\"}")};
	struct err e;
	if (json_parse_arena(&r->scratch, en.text, &en.body, &e))
		run_fold(r, &en);
}

/* ---------------------------------------------------------------- folding */

/* As the outbox does: what a row froze stays with it until it is settled. */
static void
keep_frozen(struct run *r, const struct message *m)
{
	struct ready *x = NULL;
	for (size_t i = 0; i < r->frozen.len && !x; i++)
		if (!memcmp(&r->frozen.items[i].id, &m->id, sizeof(m->id)))
			x = &r->frozen.items[i];
	if (!x) {
		x = vec_push(&r->frozen);
		x->id = m->id;
	}
	heap_set(&x->frozen, m->frozen);
}

static struct str
take_frozen(struct run *r, struct message_id id)
{
	for (size_t i = 0; i < r->frozen.len; i++)
		if (!memcmp(&r->frozen.items[i].id, &id, sizeof(id))) {
			struct str s = r->frozen.items[i].frozen;
			vec_remove(&r->frozen, i);
			return s;
		}
	return (struct str){0};
}

static void
tell_settled(struct run *r, struct message m, int kind)
{
	struct str frozen = take_frozen(r, m.id);
	m.frozen = frozen;
	tell_message(r, &m, kind);
	heap_drop(&frozen);
}

static void
take_messages(struct run *r)
{
	for (size_t i = 0; i < r->d.messages.len; i++) {
		const struct message *m = &r->d.messages.items[i];
		tell_deeds(r, i);
		if (str_eq(m->tags, STR("task")) && m->channel == CHANNEL_PHONE && m->state == MESSAGE_ACCEPTED)
			continue;        /* heard as a step */
		if (m->state == MESSAGE_READY) {
			*vec_push(&r->ready) = m->id;
			keep_frozen(r, m);
		} else if (m->state == MESSAGE_ACCEPTED) {
			tell_settled(r, *m, TOLD_MESSAGE);
		} else if (m->state == MESSAGE_WITHHELD || m->state == MESSAGE_EXPIRED || m->state == MESSAGE_REJECTED) {
			tell_settled(r, *m, TOLD_HELD);
		}
		if (m->state == MESSAGE_ACCEPTED)
			assume(r, m);
	}
	tell_deeds(r, SIZE_MAX);
}

static void
take_decisions(struct run *r)
{
	take_messages(r);
	for (size_t i = 0; i < r->d.enrolments.len; i++)
		tell_enrolment(r, &r->d.enrolments.items[i]);
	for (size_t i = 0; r->keeps_moves && i < r->d.moves.len; i++) {
		struct stage_move *m = vec_push(&r->moves);
		*m = r->d.moves.items[i];
		m->reason = arena_str(&r->arena, m->reason);
	}
	decisions_reset(&r->d);
	arena_reset(&r->heard);
}

void
run_fold(struct run *r, struct entry *en)
{
	r->now = wall_max(r->now, en->at);
	en->at = r->now;
	if (en->happened.ms == 0)
		en->happened = en->at;
	/* The engine may have begun with the state at a log's base. */
	if (r->seq < engine_position(r->g))
		r->seq = engine_position(r->g);
	en->seq = ++r->seq;
	if (!en->profile || en->kind == ENTRY_MARK)
		engine_admit(r->g, en);
	(void)engine_apply(r->g, en, &r->d);
	take_decisions(r);
	assume_consent(r, en);
}

static void
about_message(struct run *r, enum entry_kind kind, struct message_id id, const char *outcome, enum mark_answer *ret_answer)
{
	char text[33];
	struct err e;
	message_id_format(id, text);
	struct str body = arena_printf(&r->scratch, "{\"message\":\"%s\"%s%s%s}", text, outcome ? ",\"outcome\":\"" : "", outcome ? outcome : "",
	    outcome ? "\"" : "");
	struct entry en = {.at = r->now, .kind = kind, .name = str_of(outcome), .trust = TRUST_SELF, .text = body};
	if (!json_parse_arena(&r->scratch, body, &en.body, &e))
		return;
	run_fold(r, &en);
	if (ret_answer)
		*ret_answer = en.answer;
}

/* As channels do: mark, and when the answer is go, the outcome. Every server takes every mail. */
static void
hand_over(struct run *r)
{
	while (r->ready.len) {
		struct message_id id = r->ready.items[0];
		enum mark_answer answer = MARK_NO;
		vec_remove(&r->ready, 0);
		about_message(r, ENTRY_MARK, id, NULL, &answer);
		if (answer == MARK_GO)
			about_message(r, ENTRY_OUTCOME, id, "accepted", NULL);
	}
	arena_reset(&r->scratch);
}

static void
tick(struct run *r, wall at)
{
	struct entry en = {.at = at, .happened = at, .kind = ENTRY_TICK, .trust = TRUST_SELF};
	run_fold(r, &en);
	hand_over(r);
}

void
run_advance(struct run *r, wall to)
{
	int same = 0;
	hand_over(r);
	for (;;) {
		wall wake = engine_next_wake(r->g), come = r->to_come.len ? r->to_come.items[0].at : WALL_NEVER;
		wall next = wall_max(wall_min(wake, come), r->now);
		if (wall_min(wake, come).ms > to.ms)
			break;
		same = next.ms == r->now.ms ? same + 1 : 0;
		ASSERT(same < SAME_INSTANT_MOST);
		if (come.ms < wake.ms) {
			do_what_came(r);
			hand_over(r);
		} else {
			tick(r, next);
		}
	}
	if (to.ms != INT64_MAX)
		r->now = wall_max(r->now, to);
}

void
run_feed(struct run *r, struct entry *en)
{
	if (!r->started)
		run_program(r, en->at);
	run_advance(r, wall_max(en->at, r->now));
	run_fold(r, en);
	hand_over(r);
}

void
run_call(struct run *r, enum entry_kind kind, struct str name, struct str body, wall at, bool history)
{
	struct entry en = {.at = wall_max(at, r->now), .happened = at, .kind = kind, .name = name, .source = STR("story"), .trust = TRUST_SERVER,
	    .history = history, .text = body};
	struct err e;
	if (!json_parse_arena(&r->arena, body, &en.body, &e))
		WRONG("a story makes whole bodies");
	run_feed(r, &en);
}

void
run_program(struct run *r, wall at)
{
	struct buf b = {0};
	struct entry en = {.at = at, .happened = at, .kind = ENTRY_PROGRAM, .trust = TRUST_SELF};
	struct err e;
	r->started = true;
	program_write_json(r->p, &b);
	en.text = buf_str(&b);
	if (!json_parse_arena(&r->arena, en.text, &en.body, &e))
		WRONG("a program writes itself as JSON");
	run_fold(r, &en);
	buf_release(&b);
}

/* ---------------------------------------------------------------- beginning and end */

struct run *
run_new(const struct engine_options *o, struct program *p, const struct assumption *as)
{
	struct run *r = mem_alloc(sizeof(*r));
	size_t missing;
	arena_init(&r->arena);
	arena_init(&r->scratch);
	arena_init(&r->heard);
	decisions_init(&r->d);
	r->g = engine_new(o);
	r->p = p;
	if (as)
		r->as = *as;
	r->rules = (struct engine_rules){.hear = hear_step, .self = r};
	r->g->rules = &r->rules;
	r->now = (wall){0};
	engine_declare(r->g, p, &missing);
	return r;
}

void
run_free(struct run *r)
{
	if (!r)
		return;
	engine_free(r->g);
	decisions_release(&r->d);
	vec_release(&r->to_come);
	vec_release(&r->ready);
	for (size_t i = 0; i < r->frozen.len; i++)
		heap_drop(&r->frozen.items[i].frozen);
	vec_release(&r->frozen);
	vec_release(&r->deeds);
	vec_release(&r->told);
	vec_release(&r->moves);
	vec_release(&r->consenting);
	idmap_release(&r->entered);
	arena_clear(&r->arena);
	arena_clear(&r->scratch);
	arena_clear(&r->heard);
	mem_free(r);
}

struct engine *
run_engine(struct run *r)
{
	return r->g;
}

void
run_listen(struct run *r, void (*hear)(void *self, const struct told *t), void *self)
{
	r->hear = hear;
	r->self = self;
}

size_t
run_told(const struct run *r, const struct told **ret)
{
	*ret = r->told.items;
	return r->told.len;
}

/* stub_engine.c -- the smallest engine that engine.h allows: counts and hashes each person's entries, so that threads, commits and
 * recovery are tested alone.
 *
 * Whom an entry is about: userId, else anonymousId; both known and different: the anonymous one is absorbed. A track "Crash" dies, "Send" makes a
 * READY message, "Alarm" sets an alarm a second later, which counts when a tick or the person's next entry passes it. */
#include "engine/engine.h"
#include "base/map.h"
#include "base/vec.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct person {
	uint64_t as_of, last, count, hash;
	int64_t alarm;
	uint32_t forward, alarms;
	bool dirty;
	char key[64];
	bool erased;
};
struct sent { struct message_id id; uint8_t state; uint32_t profile; };
struct engine {
	struct engine_options options;
	VEC(struct person) people;       /* from 1 */
	struct strmap keys;
	VEC(struct sent) messages;
	uint64_t position, shared_position;
	wall now;
};

struct engine *
engine_new(const struct engine_options *o)
{
	struct engine *g = mem_alloc(sizeof(*g));
	g->options = *o;
	g->now = WALL_BEFORE_ALL;
	vec_push(&g->people);
	return g;
}

void
engine_free(struct engine *g)
{
	if (!g)
		return;
	vec_release(&g->people);
	vec_release(&g->messages);
	strmap_release(&g->keys);
	mem_free(g);
}

void
decisions_init(struct decisions *d)
{
	memset(d, 0, sizeof(*d));
	arena_init(&d->arena);
}

void
decisions_reset(struct decisions *d)
{
	d->moves.len = d->messages.len = d->enrolments.len = d->touches.len = d->reports.len = 0;
	arena_reset(&d->arena);
}

void
decisions_release(struct decisions *d)
{
	vec_release(&d->moves);
	vec_release(&d->messages);
	vec_release(&d->enrolments);
	vec_release(&d->touches);
	vec_release(&d->reports);
	arena_clear(&d->arena);
}

static uint32_t
person_of(struct engine *g, struct str key)
{
	uint32_t *n = strmap_get(&g->keys, key);
	if (n)
		return *n;
	struct person *p = vec_push(&g->people);
	snprintf(p->key, sizeof(p->key), "%.*s", STR_ARGS(key));
	p->alarm = INT64_MAX;
	p->dirty = true;
	uint32_t number = (uint32_t)g->people.len - 1;
	strmap_put(&g->keys, key, number);
	return number;
}

static struct message_id
id_of(struct str hex)
{
	struct message_id id = {{0}};
	for (size_t i = 0; i < 16 && 2 * i + 1 < hex.len; i++) {
		char two[3] = {hex.ptr[2 * i], hex.ptr[2 * i + 1], 0};
		id.bytes[i] = (uint8_t)strtoul(two, NULL, 16);
	}
	return id;
}

static struct sent *
sent_of(struct engine *g, const struct entry *en)
{
	struct message_id id = id_of(json_text(json_get(en->body, STR("message"))));
	for (size_t i = 0; i < g->messages.len; i++)
		if (!memcmp(g->messages.items[i].id.bytes, id.bytes, 16))
			return &g->messages.items[i];
	return NULL;
}

void
engine_admit(struct engine *g, struct entry *en)
{
	if (en->kind == ENTRY_MARK) {
		struct sent *m = sent_of(g, en);
		en->answer = m && m->state == MESSAGE_READY ? MARK_GO : MARK_NO;
		en->profile = m ? m->profile : 0;
		return;
	}
	if (en->kind == ENTRY_ERASE) {
		en->profile = (uint32_t)json_get(en->body, STR("profile"))->i;
		return;
	}
	struct str user = entry_user_id(en), anonymous = entry_anonymous_id(en);
	if (!user.len && !anonymous.len)
		return;
	en->profile = person_of(g, user.len ? user : anonymous);
	if (!user.len || !anonymous.len)
		return;
	uint32_t *other = strmap_get(&g->keys, anonymous);
	if (other && *other != en->profile)
		en->absorbed = *other;
	strmap_put(&g->keys, anonymous, en->profile);
}

static void
touch(struct engine *g, uint32_t number, const struct entry *en)
{
	struct person *p = &g->people.items[number];
	if (p->as_of >= en->seq)
		return;
	if (p->alarm <= en->at.ms) {
		p->alarm = INT64_MAX;
		p->alarms++;
	}
	p->as_of = p->last = en->seq;
	p->count++;
	p->hash = p->hash * 1099511628211u + hash_stable(en->text);
	p->dirty = true;
}

static void
send(struct engine *g, const struct entry *en, struct decisions *d)
{
	struct message_id id = {{0}};
	uint64_t seq = en->seq;
	memcpy(id.bytes, &en->profile, 4);
	memcpy(id.bytes + 8, &seq, 8);
	*vec_push(&g->messages) = (struct sent){id, MESSAGE_READY, en->profile};
	if (!d)
		return;
	*vec_push(&d->messages) = (struct message){.id = id, .profile = en->profile, .journey = STR("welcome"), .step = STR("first"),
	    .channel = CHANNEL_EMAIL, .state = MESSAGE_READY, .made = en->at, .due = en->at, .expires = WALL_NEVER, .changed = en->at,
	    .address = STR("a@shop.example"), .frozen = STR("{\"name\":\"Anna\"}")};
}

static void
change(struct engine *g, const struct entry *en, uint8_t state, struct decisions *d)
{
	struct sent *m = sent_of(g, en);
	(void)g;
	if (!m)
		return;
	m->state = state;
	if (d)
		*vec_push(&d->messages) = (struct message){.id = m->id, .profile = m->profile, .channel = CHANNEL_EMAIL, .state = state,
		    .made = en->at, .due = en->at, .expires = WALL_NEVER, .changed = en->at, .address = STR("a@shop.example")};
}

static void
tick(struct engine *g, wall at)
{
	int left = 500;
	for (size_t i = 1; i < g->people.len && left; i++) {
		struct person *p = &g->people.items[i];
		if (p->alarm > at.ms)
			continue;
		p->alarm = INT64_MAX;
		p->alarms++;
		p->dirty = true;
		left--;
	}
}

static void
apply(struct engine *g, const struct entry *en, struct decisions *d)
{
	g->now = en->at;
	g->position = en->seq;
	ASSERT(!str_eq(en->name, STR("Crash")));
	if (en->kind == ENTRY_TICK)
		tick(g, en->at);
	if (en->kind == ENTRY_MARK && en->answer == MARK_GO)
		change(g, en, MESSAGE_MARKED, d);
	if (en->kind == ENTRY_OUTCOME)
		change(g, en, str_eq(en->name, STR("accepted")) ? MESSAGE_ACCEPTED : MESSAGE_UNCERTAIN, d);
	if (!en->profile)
		return;
	/* Replay finds numbers in the entry: people are made in the order of their numbers. */
	while (g->people.len <= en->profile)
		vec_push(&g->people)->alarm = INT64_MAX;
	struct person *p = &g->people.items[en->profile];
	struct str key = entry_user_id(en).len ? entry_user_id(en) : entry_anonymous_id(en);
	if (!p->key[0])
		snprintf(p->key, sizeof(p->key), "%.*s", STR_ARGS(key));
	strmap_put(&g->keys, key, en->profile);
	bool seen = p->as_of >= en->seq;
	touch(g, en->profile, en);
	p = &g->people.items[en->profile];
	if (en->absorbed && !seen) {
		struct person *q = &g->people.items[en->absorbed];
		p->count += q->count;
		q->forward = en->profile;
		q->dirty = true;
		q->as_of = en->seq;
	}
	if (en->kind == ENTRY_ERASE) {
		memset(p->key, 0, sizeof(p->key));
		p->erased = true;
	}
	if (str_eq(en->name, STR("Alarm")) && !seen)
		p->alarm = en->at.ms + 1000;
	if (str_eq(en->name, STR("Send")))
		send(g, en, d);
}

wall
engine_next_wake(const struct engine *g)
{
	int64_t wake = INT64_MAX;
	for (size_t i = 1; i < g->people.len && g->people.len < 2000; i++)
		wake = g->people.items[i].alarm < wake ? g->people.items[i].alarm : wake;
	return (wall){wake};
}

wall
engine_apply(struct engine *g, const struct entry *en, struct decisions *d)
{
	apply(g, en, d);
	return WALL_NEVER;
}

wall
engine_replay(struct engine *g, const struct entry *en)
{
	apply(g, en, NULL);
	return WALL_NEVER;
}

wall
engine_replay_into(struct engine *g, const struct entry *en, struct decisions *d)
{
	(void)d;
	return engine_replay(g, en);
}

size_t
engine_backlog(const struct engine *g, wall at)
{
	size_t n = 0;
	for (size_t i = 1; i < g->people.len && g->people.len < 2000; i++)
		n += g->people.items[i].alarm <= at.ms;
	return n;
}

wall engine_now(const struct engine *g) { return g->now; }
uint64_t engine_position(const struct engine *g) { return g->position; }
void
engine_settle(struct engine *g, wall at, struct decisions *d)
{
	(void)d;
	for (int i = 0; i < 1000; i++)
		tick(g, at);
}

void engine_offer_program(struct engine *g, struct program *p) { (void)g, (void)p; }
const struct program *engine_program(const struct engine *g) { (void)g; return NULL; }
void engine_declare(struct engine *g, struct program *p, size_t *ret_missing) { (void)g, (void)p; *ret_missing = 0; }
void engine_backfill(struct engine *g, const struct entry *en) { (void)g, (void)en; }
void engine_backfill_done(struct engine *g) { (void)g; }

uint32_t engine_profile_count(const struct engine *g) { return (uint32_t)g->people.len - 1; }

uint32_t
engine_next_dirty(const struct engine *g, uint32_t from)
{
	for (uint32_t i = from ? from : 1; i < g->people.len; i++)
		if (g->people.items[i].dirty)
			return i;
	return 0;
}

void
engine_profile_save(struct engine *g, uint32_t number, struct arena *a, struct profile_row *ret)
{
	struct person *p = &g->people.items[number];
	p->dirty = false;
	p->as_of = p->as_of > g->position ? p->as_of : g->position;
	struct str state = {arena_alloc(a, sizeof(*p)), sizeof(*p)};
	memcpy((void *)state.ptr, p, sizeof(*p));
	*ret = (struct profile_row){.number = number, .as_of = p->as_of, .forward = p->forward, .user_id = arena_str(a, str_of(p->key)),
	    .alarm = {p->alarm}, .first_seen = WALL_NEVER, .last_seen = WALL_NEVER, .last_entry = p->last, .state = state};
}

bool
engine_profile_load(struct engine *g, const struct profile_row *row, struct err *e)
{
	struct person *p;
	if (row->state.len != sizeof(*p))
		return fail(e, ERR_IO, "a row of the stub has the wrong size");
	while (g->people.len <= row->number)
		vec_push(&g->people)->alarm = INT64_MAX;
	p = &g->people.items[row->number];
	memcpy(p, row->state.ptr, sizeof(*p));
	strmap_put(&g->keys, str_of(p->key), p->forward ? p->forward : row->number);
	return true;
}

void
engine_shared_save(struct engine *g, struct buf *out)
{
	buf_add_u64(out, g->position);
	buf_add_u64(out, (uint64_t)g->now.ms);
	buf_add_u32(out, (uint32_t)g->people.len);
	buf_add_u32(out, (uint32_t)g->messages.len);
	buf_add(out, g->messages.items, g->messages.len * sizeof(*g->messages.items));
}

bool
engine_shared_load(struct engine *g, struct str bytes, struct err *e)
{
	struct reader r = {bytes};
	g->position = read_u64(&r);
	g->now.ms = (int64_t)read_u64(&r);
	uint32_t people = read_u32(&r), n = read_u32(&r);
	if (r.bad || r.rest.len != n * sizeof(struct sent))
		return fail(e, ERR_IO, "the stub's shared state is damaged");
	while (g->people.len < people)
		vec_push(&g->people)->alarm = INT64_MAX;
	for (uint32_t i = 0; i < n; i++)
		memcpy(vec_push(&g->messages), r.rest.ptr + i * sizeof(struct sent), sizeof(struct sent));
	return true;
}

void engine_loaded(struct engine *g) { (void)g; }

uint64_t
engine_digest(struct engine *g, void (*each)(void *self, uint32_t number, uint64_t digest), void *self)
{
	uint64_t all = 0;
	for (uint32_t i = 1; i < g->people.len; i++) {
		struct person p = g->people.items[i];
		struct { uint64_t count, hash; uint32_t forward, alarms; char key[64]; } state;
		memset(&state, 0, sizeof(state));
		state.count = p.count;
		state.hash = p.hash;
		state.forward = p.forward;
		state.alarms = p.alarms;
		memcpy(state.key, p.key, sizeof(state.key));
		uint64_t d = hash_stable((struct str){(char *)&state, sizeof(state)});
		all = all * 31 + d;
		if (each)
			each(self, i, d);
	}
	return all;
}

void
engine_profile_dump(struct engine *g, uint32_t number, struct buf *out)
{
	const struct person *p = &g->people.items[number];
	buf_printf(out, "%s count %llu hash %llx alarms %u forward %u", p->key, (unsigned long long)p->count, (unsigned long long)p->hash, p->alarms,
	    p->forward);
}

uint32_t
engine_find(const struct engine *g, struct str key)
{
	uint32_t *n = strmap_get(&g->keys, key);
	return n ? *n : 0;
}

uint32_t
engine_forward(const struct engine *g, uint32_t number)
{
	uint32_t to = number < g->people.len ? g->people.items[number].forward : 0;
	return to ? to : number;
}

void
engine_metrics_json(const struct engine *g, struct json_writer *w)
{
	jw_object(w);
	jw_kint(w, "profiles", engine_profile_count(g));
	jw_object_end(w);
}

/* ---- of modules that the stub's tests do not link; weak, so that the real ones win where they are there */
#define WEAK __attribute__((weak))
WEAK const char *
message_state_name(enum message_state s)
{
	static const char *const names[] = {
#define X(name, text) text,
		MESSAGE_STATES(X)
#undef X
	};
	return names[s];
}
WEAK const char *
reason_text(enum reason r)
{
	static const char *const names[] = {
#define X(name, text) text,
		REASONS(X)
#undef X
	};
	return names[r];
}
WEAK void
message_id_format(struct message_id id, char text[33])
{
	for (int i = 0; i < 16; i++)
		snprintf(text + 2 * i, 3, "%02x", id.bytes[i]);
}
WEAK const char *
channel_name(enum channel c)
{
	static const char *const names[] = {
#define X(name, text) text,
		CHANNELS(X)
#undef X
	};
	return names[c];
}
WEAK bool
channel_of(struct str name, enum channel *ret)
{
	for (int i = 0; i < CHANNEL_COUNT; i++)
		if (str_eq(name, str_of(channel_name((enum channel)i)))) {
			*ret = (enum channel)i;
			return true;
		}
	return false;
}
WEAK bool
program_make(const struct program_file *files, size_t n, struct tz_set *zones, struct str activities_tsv,
    const struct program_file *shadow_files, size_t n_shadow, problem_list *problems, struct program **ret)
{
	(void)files, (void)n, (void)zones, (void)activities_tsv, (void)shadow_files, (void)n_shadow, (void)problems, (void)ret;
	return false;
}
WEAK void program_free(struct program *p) { (void)p; }
WEAK void program_write_json(const struct program *p, struct buf *out) { (void)p; buf_add_cstr(out, "{}"); }
WEAK bool
program_files_of_json(struct arena *a, const struct json *body, struct program_file **ret, size_t *ret_n, struct err *e)
{
	(void)a, (void)body, (void)ret, (void)ret_n;
	return fail(e, ERR_INVALID, "the stub has no programs");
}

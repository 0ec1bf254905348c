/* fold.c -- the fold thread: takes what queued, folds it, hands it to the write thread.
 *
 * It alone touches the engine. While the write thread commits one group it fills the next, at most two ahead. */
#include "runtime/runtime_priv.h"
#include "base/clock.h"
#include "base/limits.h"

enum { GROUP_MS = 5 };                   /* how long a group is filled while its first batch waits */

bool
is_ground_kind(enum entry_kind k)
{
	return k == ENTRY_FOLD || k == ENTRY_PROGRAM || k == ENTRY_CATALOGUE || k == ENTRY_ACCOUNT || k == ENTRY_SUPPRESS;
}

bool
entry_forbids(const struct entry *en)
{
	return en->kind == ENTRY_SUPPRESS || en->kind == ENTRY_CONSENT || en->kind == ENTRY_ERASE ||
	    (en->kind == ENTRY_TRACK && (str_eq(en->name, STR("Unsubscribed")) || str_eq(en->name, STR("Email Marked as Spam"))));
}

uint64_t
entry_fingerprint(const struct workspace *w, const struct entry *en)
{
	return en->id_hash ? en->id_hash : hash_keyed(w->hash_key, en->text);
}

static struct str
stage_name(const struct model_def *m, uint8_t stage)
{
	return stage < m->n_stages ? m->stages[stage].name : STR("");
}

/* Numbers of models and stages are the live program's; in the table stand names. */
static void
name_moves(struct workspace *w, struct group *g, size_t from)
{
	const struct program *p = engine_program(w->engine);
	for (size_t i = from; i < g->d.moves.len; i++) {
		const struct stage_move *m = &g->d.moves.items[i];
		struct move_row *row = vec_push(&g->moves);
		row->move = *m;
		if (!p || m->model >= p->n_models)
			continue;
		const struct model_def *model = &p->models[m->model];
		/* Names belong to a program, which may be gone before the row is written. */
		row->model = arena_str(&g->arena, model->name);
		row->from = arena_str(&g->arena, stage_name(model, m->from));
		row->to = arena_str(&g->arena, stage_name(model, m->to));
	}
}

void
fold_entry(struct workspace *w, struct group *g, struct entry *en)
{
	ASSERT(en->at.ms >= w->at.ms);
	size_t moves = g->d.moves.len, enrolments = g->d.enrolments.len;
	en->seq = ++w->seq;
	w->at = en->at;
	if (en->happened.ms > en->at.ms)
		en->happened = en->at;
	w->at_hand = en;
	engine_admit(w->engine, en);
	engine_apply(w->engine, en, &g->d);
	w->at_hand = NULL;
	if (g->d.moves.len > moves)
		name_moves(w, g, moves);
	for (; enrolments < g->d.enrolments.len; enrolments++)
		changes_add(w->changes, &g->d.enrolments.items[enrolments]);
	if (en->kind == ENTRY_ERASE && en->profile)
		*vec_push(&g->merged) = en->profile;
	if (en->absorbed) {
		*vec_push(&g->merged) = en->profile;
		*vec_push(&g->merged) = en->absorbed;
	}
	g->n++;
	g->last_seq = en->seq;
	g->last_at = en->at;
}

/* An erasure's work in the files begins when its entry is durable; the chain's end is known now. */
static void
note_erasure(struct workspace *w, struct group *g, const struct entry *en)
{
	if (en->kind == ENTRY_ERASE && en->profile && en->profile < w->chains.len)
		*vec_push(&g->erasures) = (struct erasure){en->profile, en->seq, w->chains.items[en->profile]};
}

void
fold_loose(struct workspace *w, struct group *g, struct entry *en)
{
	fold_entry(w, g, en);
	group_add_loose(w, g, en);
	note_erasure(w, g, en);
}

void
fold_tick(struct workspace *w, struct group *g, wall at)
{
	/* In history time passes too, and starts nothing. */
	struct entry tick = {.kind = ENTRY_TICK, .at = at, .happened = at, .history = w->in_history, .trust = TRUST_SELF, .name = STR(""), .source = STR(""),
	    .text = STR("")};
	fold_loose(w, g, &tick);
	w->count.ticks++;
}

static wall
stamp(struct workspace *w)
{
	return wall_max(w->at, door_at(&w->door, clock_wall(), clock_ms()));
}

static bool
is_poison(const struct workspace *w, const struct entry *en)
{
	uint64_t print = entry_fingerprint(w, en);
	for (size_t i = 0; i < w->poison.len; i++)
		if (w->poison.items[i] == print)
			return true;
	return false;
}

/* Refused entries and duplicates leave the batch: a block holds only what its index names. */
static bool
is_taken(struct workspace *w, struct batch *b, const struct entry *en)
{
	if (w->poison.len && is_poison(w, en)) {
		w->count.refused++;
		return false;
	}
	if (!dedup_add(w->dedup, en->id_hash)) {
		b->duplicates++;
		return false;
	}
	b->accepted++;
	return true;
}

static void
plan_blocks(struct workspace *w, struct group *g, struct batch *b, const bool *dropped, bool any_dropped)
{
	uint32_t i = 0;
	for (uint32_t p = 0; p < b->n_packed; p++) {
		const struct packed *run = &b->packed[p];
		ASSERT(run->first == i);
		i += run->n;
		bool whole = true;
		for (uint32_t k = run->first; any_dropped && k < i; k++)
			whole &= !dropped[k];
		if (whole)
			group_add_packed(w, g, b, run);
		else
			for (uint32_t k = run->first; k < i; k++)
				if (!dropped[k])
					group_add_loose(w, g, &b->entries[k]);
	}
	for (; i < b->n; i++)
		if (!any_dropped || !dropped[i])
			group_add_loose(w, g, &b->entries[i]);
	for (i = 0; i < b->n; i++)
		if (b->entries[i].kind == ENTRY_ERASE && !dropped[i])
			note_erasure(w, g, &b->entries[i]);
}

/* While in history our own entries (the program, the catalogue) are kept beside what is collected, for the fold anew. */
static void
stage_copy(struct workspace *w, struct group *g, const struct entry *en)
{
	struct entry copy = *en;
	copy.seq = 0;
	copy.profile = copy.absorbed = 0;
	group_add_loose(w, g, &copy);
}

static bool
is_history(const struct batch *b)
{
	for (uint32_t i = 0; i < b->n; i++)
		if (!b->entries[i].history)
			return false;
	return b->n > 0;
}

static bool
is_live(const struct batch *b)
{
	for (uint32_t i = 0; i < b->n; i++)
		if (!is_ground_kind(b->entries[i].kind))
			return true;
	return false;
}

static void
go_live(struct workspace *w, struct group *g)
{
	w->in_history = false;
	g->went_live = true;
}

static void
fold_batch(struct workspace *w, struct group *g, struct batch *b)
{
	wall at = stamp(w);
	bool collect = w->in_history && is_history(b);
	bool *dropped = arena_array(&b->arena, bool, b->n + 1);
	bool any_dropped = false;
	if (w->in_history && !collect && is_live(b))
		go_live(w, g);
	for (uint32_t i = 0; i < b->n && i < 8; i++)
		dedup_touch(w->dedup, b->entries[i].id_hash);
	for (uint32_t i = 0; i < b->n; i++) {
		struct entry *en = &b->entries[i];
		if (i + 8 < b->n)
			dedup_touch(w->dedup, b->entries[i + 8].id_hash);
		dropped[i] = !is_taken(w, b, en);
		any_dropped |= dropped[i];
		if (dropped[i] || collect)
			continue;
		size_t first = g->d.messages.len;
		en->at = at;
		fold_entry(w, g, en);
		b->forbids |= entry_forbids(en);
		if (en->kind == ENTRY_MARK)
			outbox_mark_folded(b, en, g, first);
	}
	plan_blocks(w, g, b, dropped, any_dropped);
	for (uint32_t i = 0; w->in_history && !collect && i < b->n; i++)
		if (!dropped[i])
			stage_copy(w, g, &b->entries[i]);
	*g->batches_end = b;
	g->batches_end = &b->next;
	b->next = NULL;
	w->count.batches++;
	w->count.duplicates += b->duplicates;
}

/* ---------------------------------------------------------------- what to do next */

static bool
ticks_run(const struct workspace *w)
{
	return !w->closing && (w->serves || !w->in_history);
}

/* 0 = a tick is due; else milliseconds until one is. */
static int64_t
tick_in(struct workspace *w)
{
	if (!ticks_run(w))
		return INT64_MAX;
	wall wake = engine_next_wake(w->engine);
	if (wake.ms == INT64_MAX)
		return INT64_MAX;
	int64_t now_ms = clock_ms();
	int64_t due = wake.ms - stamp(w).ms;
	/* A backlog is worked off without a pause as long as it shrinks. */
	size_t left = engine_backlog(w->engine, w->at);
	int64_t pause = left && left < w->tick_backlog ? 0 : w->last_tick_ms + TICK_PAUSE_MS - now_ms;
	int64_t in = due > pause ? due : pause;
	return in < 0 ? 0 : in;
}

static int64_t
mono_us(void)
{
	return clock_mono_ns() / 1000;
}

/* How long the entries that wait should wait for more, so that they share a commit; 0 = not at all. */
static int64_t
gather_us(struct workspace *w, uint32_t waiting)
{
	if (waiting >= AHEAD_ENTRIES || w->closing)
		return 0;
	/* The group is whatever queued during the commit before it. */
	if (w->in_flight)
		return 1000000;
	if (waiting < COMMIT_NOW_ENTRIES) {
		/* A mark or an outcome keeps a connection open to a mail server that waits: it pauses a tenth as long. */
		int64_t pause = w->commit_began_ms + (w->lanes[LANE_MARKS].entries ? MARK_PAUSE_MS : COMMIT_PAUSE_MS) - clock_ms();
		return pause < 0 ? 0 : pause * 1000;
	}
	/* Those whom the commit let go come back within a moment: a commit for the first few of them would keep the rest waiting. */
	int64_t moment = w->commit_ended_us + w->commit_us / GATHER_PART - mono_us();
	return waiting < w->commit_n && moment > 0 ? moment : 0;
}

/* Is there anything to fold? If not, *wait becomes how many microseconds there surely is not. Mutex held. */
static bool
has_work(struct workspace *w, int64_t *wait)
{
	uint32_t waiting = queue_waiting(w);
	w->wake_at = 0;
	if (w->plains)
		return true;
	if (waiting) {
		int64_t more = gather_us(w, waiting);
		if (!more)
			return true;
		*wait = more < *wait ? more : *wait;
		w->wake_at = w->in_flight ? AHEAD_ENTRIES : waiting < COMMIT_NOW_ENTRIES ? COMMIT_NOW_ENTRIES : w->commit_n;
	}
	int64_t tick = tick_in(w);
	if (tick == 0)
		return true;
	if (tick < *wait / 1000)
		*wait = tick * 1000;
	return false;
}

static void
fold_sleep(struct workspace *w, int64_t us)
{
	w->fold_sleeps = true;
	cond_wait_us(&w->fold_wake, &w->mutex, us);
	w->fold_sleeps = false;
	w->wake_at = 0;
}

static struct batch *
take(struct workspace *w, enum lane up_to)
{
	pthread_mutex_lock(&w->mutex);
	struct batch *b = queue_take(w, up_to);
	pthread_mutex_unlock(&w->mutex);
	return b;
}

/* Marks first; then one tick, if due; then one batch of what waits: a backlog of alarms and a full lane take turns. */
static void
fill(struct workspace *w, struct group *g)
{
	int64_t until = clock_ms() + GROUP_MS;
	while (g->n < GROUP_ENTRIES && g->bytes < GROUP_BYTES) {
		struct batch *b;
		bool any = false;
		while ((b = take(w, LANE_MARKS))) {
			fold_batch(w, g, b);
			any = true;
		}
		if (tick_in(w) == 0) {
			if (w->in_history)
				go_live(w, g);
			wall at = stamp(w);
			w->tick_backlog = engine_backlog(w->engine, at);
			fold_tick(w, g, at);
			w->last_tick_ms = clock_ms();
			any = true;
		}
		b = take(w, LANE_IMPORT);
		if (b)
			fold_batch(w, g, b);
		if (!(any || b) || (g->n && clock_ms() >= until))
			break;
	}
}

static void
save_merged(struct workspace *w, struct group *g)
{
	for (size_t i = 0; i < g->merged.len; i++)
		sweep_save(w, g, g->merged.items[i]);
}

static void
run_ask(struct workspace *w)
{
	struct ask *a = w->asks;
	w->asks = a->next;
	if (!w->asks)
		w->asks_end = &w->asks;
	pthread_mutex_unlock(&w->mutex);
	a->run(w->engine, a->context);
	pthread_mutex_lock(&w->mutex);
	a->done = true;
	pthread_cond_broadcast(&w->answered);
}

/* Somebody works on engine and file himself; wait until he is done. */
static void
stand_aside(struct workspace *w)
{
	w->parked = true;
	pthread_cond_broadcast(&w->answered);
	while (w->park)
		fold_sleep(w, 1000000);
	w->parked = false;
}

static void
hand_over(struct workspace *w, struct group *g)
{
	*w->filled_end = g;
	w->filled_end = &g->next;
	g->next = NULL;
	w->in_flight++;
	if (w->write_sleeps)
		pthread_cond_signal(&w->write_wake);
}

/* One group, filled and handed over. False: there was nothing to do for *wait microseconds. Mutex held. */
static bool
one_group(struct workspace *w, int64_t *wait)
{
	bool work = has_work(w, wait);
	bool idle = !work && !w->in_flight && w->sweep.saved_at < w->seq;
	if (!work && !idle)
		return false;
	struct group *g = w->idle_groups;
	w->idle_groups = g->next;
	g->plains = w->plains;
	w->plains = NULL;
	w->plains_end = &w->plains;
	pthread_mutex_unlock(&w->mutex);
	if (work)
		fill(w, g);
	else
		sweep_idle(w, g);
	if (g->n)
		sweep_rows(w, g, g->n);
	save_merged(w, g);
	pthread_mutex_lock(&w->mutex);
	hand_over(w, g);
	if (idle && !w->closing)
		fold_sleep(w, IDLE_MS * 1000);
	return true;
}

void *
fold_run(void *self)
{
	struct workspace *w = self;
	pthread_mutex_lock(&w->mutex);
	for (;;) {
		int64_t wait = 1000000;
		if (w->asks)
			run_ask(w);
		else if (w->park && !w->in_flight)
			stand_aside(w);
		else if (w->park || !w->idle_groups)
			fold_sleep(w, wait);
		else if (!one_group(w, &wait)) {
			if (w->closing && !w->in_flight)
				break;
			fold_sleep(w, wait);
		}
	}
	w->fold_ended = true;
	pthread_cond_signal(&w->write_wake);
	pthread_mutex_unlock(&w->mutex);
	return NULL;
}

/* history.c -- collected history, merged by time and folded anew: at = happened, so that stages and moves are dated as they happened.
 *
 * While a workspace is in history all that was handed in stands in the table `staged`, our own entries (program, catalogue) beside it.
 * A fold throws away what an earlier one made and begins with number 1; that is allowed because nothing was ever sent. Its
 * parameters are written down first: a process that dies meanwhile folds again at its next start.
 *
 * In a workspace that is live already what was collected is folded after the live entries, in the order of its happening; nothing is
 * collected any more, so the order is the same at each start, and each commit says how many of it are folded (meta late_folded).
 *
 * Runs on the caller's thread with both threads parked. */
#include "runtime/runtime_priv.h"
#include "base/clock.h"
#include "log/block.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CACHE = 512 };

/* Where a collected entry stands, and when it happened. Ground entries (program, …) come first, in the order of their arrival. */
struct place { int64_t happened; uint32_t row, i; };
struct unpacked { int64_t row; struct buf raw, items; };

struct folding {
	struct workspace *w;
	struct store *s;
	struct group *g;
	VEC(struct place) places;
	int64_t last_row;        /* of all that is collected */
	struct unpacked *cache;
	struct json_parser *parser;
	msec shift;
	wall live_from;          /* what happened later is folded as live */
	wall ending;
	bool late;               /* the workspace is live: nothing is folded anew, the rest comes late */
	bool live;
	wall last_tick;
	size_t from;             /* places before it were folded by a process that died within */
};

#define GROUND_FIRST INT64_MIN

static bool
collect(struct folding *f, struct err *e)
{
	enum query q = QUERY_STAGED_INDEX_SCAN;
	bool row, ok;
	store_statement(f->s, q);
	while ((ok = store_step(f->s, q, &row, e)) && row) {
		uint32_t id = (uint32_t)store_get_int(f->s, q, 0);
		struct str items = store_get_str(f->s, q, 2);
		f->last_row = id;
		/* What comes late is what no fold has taken; ground entries were folded when they came. */
		if (f->late && id <= f->w->staged_folded)
			continue;
		for (uint32_t i = 0; (size_t)(i + 1) * ITEM_BYTES <= items.len; i++) {
			struct item it;
			if (!item_read((const uint8_t *)items.ptr + (size_t)i * ITEM_BYTES, &it))
				continue;
			bool ground = !it.history && is_ground_kind(it.kind);
			if (f->late && ground)
				continue;
			*vec_push(&f->places) = (struct place){ground ? GROUND_FIRST : it.happened.ms, id, i};
		}
	}
	return ok;
}

static int
by_time(const void *a, const void *b)
{
	const struct place *x = a, *y = b;
	if (x->happened != y->happened)
		return x->happened < y->happened ? -1 : 1;
	if (x->row != y->row)
		return x->row < y->row ? -1 : 1;
	return x->i < y->i ? -1 : x->i > y->i;
}

/* The first and the last instant of what is not ground. */
static bool
span(const struct folding *f, int64_t *first, int64_t *last)
{
	size_t i = 0;
	while (i < f->places.len && f->places.items[i].happened == GROUND_FIRST)
		i++;
	if (i == f->places.len)
		return false;
	*first = f->places.items[i].happened;
	*last = f->places.items[f->places.len - 1].happened;
	return true;
}

static bool
unpack(struct folding *f, uint32_t row, const struct unpacked **ret, struct err *e)
{
	struct unpacked *u = &f->cache[row % CACHE];
	enum query q = QUERY_STAGED_AT;
	bool found;
	*ret = u;
	if (u->row == row)
		return true;
	store_statement(f->s, q);
	store_int(f->s, q, 1, row);
	if (!store_step(f->s, q, &found, e))
		return false;
	ASSERT(found);
	buf_reset(&u->raw);
	buf_reset(&u->items);
	buf_add_str(&u->items, store_get_str(f->s, q, 3));
	bool ok = block_unpack((enum block_codec)store_get_int(f->s, q, 1), store_get_str(f->s, q, 2), &u->raw, e);
	store_done(f->s, q);
	u->row = ok ? (int64_t)row : -1;
	return ok;
}

static bool
entry_at(struct folding *f, const struct place *p, struct entry *ret, struct err *e)
{
	static const struct json_limits limits = {.depth = 64};
	const struct unpacked *u;
	struct item it;
	if (!unpack(f, p->row, &u, e))
		return false;
	const uint8_t *at = (const uint8_t *)u->items.ptr + (size_t)p->i * ITEM_BYTES;
	size_t n = u->items.len / ITEM_BYTES;
	if (!item_read(at, &it))
		return fail(e, ERR_IO, "a collected entry is damaged");
	size_t end = p->i + 1 < n ? (size_t)item_place(at + ITEM_BYTES) : u->raw.len;
	*ret = (struct entry){.happened = it.happened, .kind = it.kind, .trust = it.trust, .history = it.history, .id_hash = it.id_hash,
	    .name = it.name < f->w->names.len ? intern_name(&f->w->names, it.name) : STR(""),
	    .source = it.source < f->w->sources.len ? intern_name(&f->w->sources, it.source) : STR(""),
	    .text = str_slice(buf_str(&u->raw), it.place, end)};
	if (!ret->text.len)
		return true;
	if (!json_parse(f->parser, ret->text, &limits, &ret->body, e))
		return fail_while(e, "a collected entry");
	if (it.name == ITEM_NAME_IN_BODY)
		ret->name = json_text(json_get(ret->body, it.kind == ENTRY_TRACK ? STR("event") : STR("name")));
	return true;
}

/* ---------------------------------------------------------------- starting anew */

static const char forget[] =
    "DELETE FROM block; DELETE FROM block_index; DELETE FROM profile; DELETE FROM shared; DELETE FROM enrolment; DELETE FROM message;"
    "DELETE FROM stage_move; DELETE FROM touch; DELETE FROM report;";

static bool
forget_fold(struct folding *f, wall ending, msec live_tail, struct err *e)
{
	char parameters[64];
	snprintf(parameters, sizeof(parameters), "%lld %lld", (long long)ending.ms, (long long)live_tail);
	return store_run(f->s, QUERY_BEGIN, e) &&
	    (sqlite3_exec(f->s->db, forget, NULL, NULL, NULL) == SQLITE_OK || store_fail(f->s, "starting the history anew", e)) &&
	    meta_set_text(f->s, "history_fold", str_of(parameters), e) && meta_set_int(f->s, "recover_from", 0, e) &&
	    meta_set_int(f->s, "staged_folded", 0, e) && store_run(f->s, QUERY_COMMIT, e);
}

/* The programs that will come are declared first, as a fresh fold does. */
static bool
offer_programs(struct folding *f, struct err *e)
{
	const struct engine_options *o = &f->w->engine_options;
	VEC(struct program *) made = {0};
	bool ok = true;
	for (size_t i = 0; ok && i < f->places.len && f->places.items[i].happened == GROUND_FIRST; i++) {
		struct entry en;
		struct arena a;
		struct program_file *files;
		size_t n;
		struct program *p;
		problem_list problems = {0};
		struct err ignored;
		ok = entry_at(f, &f->places.items[i], &en, e);
		if (!ok || en.kind != ENTRY_PROGRAM)
			continue;
		arena_init(&a);
		if (program_files_of_json(&a, en.body, &files, &n, &ignored) &&
		    program_make(files, n, o->zones, o->activities_tsv, o->shadow_files, o->n_shadow, &problems, &p))
			*vec_push(&made) = p;
		vec_release(&problems);
		arena_clear(&a);
	}
	for (size_t i = 0; i < made.len; i++) {
		size_t missing;
		engine_declare(f->w->engine, made.items[i], &missing);
	}
	for (size_t i = 0; i < made.len; i++)
		engine_offer_program(f->w->engine, made.items[i]);
	vec_release(&made);
	return ok;
}

static bool
start_anew(struct folding *f, wall ending, msec live_tail, struct err *e)
{
	struct workspace *w = f->w;
	if (!forget_fold(f, ending, live_tail, e))
		return false;
	engine_free(w->engine);
	w->engine = engine_new(&w->engine_options);
	w->seq = 0;
	w->at = WALL_BEFORE_ALL;
	w->chains.len = 0;
	changes_free(w->changes);
	w->changes = changes_new();
	w->sweep.running = false;
	w->sweep.saved_at = 0;
	w->sweep.credit = 0;
	w->durable_seq = 0;
	w->recover_from = 0;
	w->trickle_from = 1;
	return offer_programs(f, e);
}

/* ---------------------------------------------------------------- folding */

static void
commit(struct folding *f)
{
	for (size_t i = 0; i < f->g->merged.len; i++)
		sweep_save(f->w, f->g, f->g->merged.items[i]);
	write_group(f->w, f->g);
	outbox_committed(f->w, f->g);
	group_reset(f->g);
	struct err e;
	if (!store_checkpoint(f->s, false, &e))
		write_failed(&e);
}

static void
commit_if_full(struct folding *f)
{
	if (f->g->n >= GROUP_ENTRIES || f->g->bytes >= GROUP_BYTES)
		commit(f);
}

static void
tick(struct folding *f, wall at)
{
	do {
		fold_tick(f->w, f->g, at);
		commit_if_full(f);
	} while (engine_backlog(f->w->engine, at));
	f->last_tick = at;
}

/* Time passes up to `to`. In history nothing is decided and what is true is dated when it became true, so a tick a day keeps the sets near;
 * where decisions are made there is one for each instant that something waits for, a minute apart. */
static void
pass_time(struct folding *f, wall to)
{
	msec apart = f->live ? MINUTE : DAY;
	for (;;) {
		wall wake = engine_next_wake(f->w->engine);
		wall at = wall_max(wall_max(f->w->at, wake), wall_add(f->last_tick, apart));
		if (wake.ms == INT64_MAX || at.ms > to.ms)
			return;
		tick(f, at);
	}
}

static void
turn_live(struct folding *f)
{
	/* What waits from before is brought up to date as history's last act. */
	f->live = true;
	f->w->in_history = false;
	f->g->went_live = true;
	f->last_tick = f->w->at;
}

static bool
fold_place(struct folding *f, const struct place *p, wall first, struct err *e)
{
	struct entry en;
	if (!entry_at(f, p, &en, e))
		return false;
	bool ground = p->happened == GROUND_FIRST;
	en.happened = ground ? first : wall_add(en.happened, f->shift);
	en.at = wall_max(f->w->at, f->late ? clock_wall() : en.happened);
	if (!ground && !f->late && en.happened.ms > f->live_from.ms) {
		if (!f->live)
			turn_live(f);
		en.history = false;
	}
	if (!ground && !f->late)
		pass_time(f, en.at);
	fold_loose(f->w, f->g, &en);
	if (f->late)
		f->g->late_folded = (uint64_t)(p - f->places.items) + 1;
	commit_if_full(f);
	return true;
}

static void
save_all(struct folding *f)
{
	bool more;
	do {
		more = sweep_idle(f->w, f->g);
		commit(f);
	} while (more);
}

static bool
fold_all(struct folding *f, wall first, void (*tell)(void *self, uint64_t done, uint64_t total), void *self, struct err *e)
{
	for (size_t i = f->from; i < f->places.len; i++) {
		if (!fold_place(f, &f->places.items[i], first, e))
			return false;
		if (tell && i % 1000 == 0)
			tell(self, i, f->places.len);
	}
	if (f->live)
		pass_time(f, f->ending);
	if (tell)
		tell(self, f->places.len, f->places.len);
	return true;
}

static bool
fold_ended(struct folding *f, struct err *e)
{
	struct workspace *w = f->w;
	bool ok = store_run(f->s, QUERY_BEGIN, e) && meta_set_int(f->s, "staged_folded", f->last_row, e) &&
	    meta_set_int(f->s, "late_folded", 0, e) && meta_set_text(f->s, "history_fold", STR(""), e) && store_run(f->s, QUERY_COMMIT, e);
	w->staged_folded = f->last_row;
	w->clear_staged = !w->in_history;
	door_open(&w->door, clock_wall(), clock_ms(), w->at);
	return ok;
}

static void
folding_init(struct folding *f, struct workspace *w)
{
	*f = (struct folding){.w = w, .s = w->store, .late = !w->in_history, .last_tick = WALL_BEFORE_ALL, .live_from = WALL_NEVER};
	f->g = group_new();
	f->parser = json_parser_new();
	f->cache = mem_alloc(sizeof(*f->cache) * CACHE);
	for (int i = 0; i < CACHE; i++)
		f->cache[i].row = -1;
}

static void
folding_release(struct folding *f)
{
	for (int i = 0; i < CACHE; i++) {
		buf_release(&f->cache[i].raw);
		buf_release(&f->cache[i].items);
	}
	mem_free(f->cache);
	vec_release(&f->places);
	json_parser_free(f->parser);
	group_free(f->g);
}

/* Where a late fold goes on that the process did not survive. */
static bool
find_late_place(struct folding *f, struct err *e)
{
	int64_t done = 0;
	if (f->late && !meta_get_int(f->s, "late_folded", &done, NULL, e))
		return false;
	f->from = (uint64_t)done > f->places.len ? f->places.len : (size_t)done;
	return true;
}

bool
history_fold(struct workspace *w, wall ending, msec live_tail, void (*tell)(void *self, uint64_t done, uint64_t total), void *self,
    struct err *e)
{
	struct folding f;
	int64_t first = 0, last = 0;
	folding_init(&f, w);
	bool ok = collect(&f, e);
	if (ok && f.places.len)
		qsort(f.places.items, f.places.len, sizeof(f.places.items[0]), by_time);
	bool any = ok && span(&f, &first, &last);
	if (any) {
		f.ending = ending;
		if (ending.ms == INT64_MAX)
			f.ending.ms = last;
		f.shift = f.ending.ms - last;
		if (live_tail > 0)
			f.live_from = wall_add(f.ending, -live_tail);
		ok = (f.late ? find_late_place(&f, e) : start_anew(&f, ending, live_tail, e)) &&
		    fold_all(&f, (wall){first + f.shift}, tell, self, e);
		if (ok) {
			commit(&f);
			save_all(&f);
			ok = fold_ended(&f, e);
		}
	}
	folding_release(&f);
	return ok;
}

/* Is there collected history that no fold has taken? Our own entries beside it were folded when they came. */
static bool
any_unfolded(struct workspace *w, bool *ret, struct err *e)
{
	enum query q = QUERY_STAGED_INDEX_SCAN;
	bool row, ok;
	*ret = false;
	store_statement(w->store, q);
	while ((ok = store_step(w->store, q, &row, e)) && row && !*ret) {
		struct str items = store_get_str(w->store, q, 2);
		struct item it;
		if (store_get_int(w->store, q, 0) <= w->staged_folded)
			continue;
		for (size_t i = 0; i + ITEM_BYTES <= items.len && !*ret; i += ITEM_BYTES)
			*ret = item_read((const uint8_t *)items.ptr + i, &it) && (it.history || !is_ground_kind(it.kind));
	}
	store_done(w->store, q);
	return ok;
}

/* An import that died while it collected, or within a late fold. Where no time passes yet the next import folds all of it together. */
static bool
fold_left_over(struct workspace *w, struct err *e)
{
	bool any = false;
	if (w->in_history && !w->serves)
		return true;
	return any_unfolded(w, &any, e) && (!any || history_fold(w, WALL_NEVER, 0, NULL, NULL, e));
}

bool
history_resume(struct workspace *w, struct err *e)
{
	struct arena a;
	struct str text = {0};
	int64_t ending, tail;
	arena_init(&a);
	bool ok = meta_get_str(w->store, &a, "history_fold", &text, NULL, e);
	struct str rest = text, first = str_cut(&rest, ' ');
	if (ok && text.len && str_to_int(first, &ending) && str_to_int(rest, &tail)) {
		w->in_history = true;
		ok = history_fold(w, (wall){ending}, tail, NULL, NULL, e);
	}
	ok = ok && fold_left_over(w, e);
	arena_clear(&a);
	return ok;
}

bool
workspace_history_finish(struct workspace *w, wall ending, msec live_tail, void (*tell)(void *self, uint64_t done, uint64_t total), void *self,
    struct err *e)
{
	workspace_park(w);
	bool ok = history_fold(w, ending, live_tail, tell, self, e);
	workspace_unpark(w);
	outbox_ring(w);
	return ok;
}

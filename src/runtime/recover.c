/* recover.c -- from file to memory: the snapshot, then the entries after it for state only; the window of ids; the chains. */
#include "runtime/runtime_priv.h"
#include "base/limits.h"
#include "log/cut.h"
#include <string.h>

enum { PROGRESS_EVERY = 50000 };

/* One program of the log. */
struct logged { struct program *program; uint64_t seq; bool again; };
typedef VEC(struct logged) logged_list;

static struct program *
program_of_entry(struct workspace *w, const struct entry *en, struct err *e)
{
	struct arena a;
	struct program_file *files;
	size_t n;
	struct program *p = NULL;
	problem_list problems = {0};
	arena_init(&a);
	const struct engine_options *o = &w->engine_options;
	if (program_files_of_json(&a, en->body, &files, &n, e) &&
	    !program_make(files, n, o->zones, o->activities_tsv, o->shadow_files, o->n_shadow, &problems, &p)) {
		p = NULL;
		fail(e, ERR_INVALID, "the program of entry %llu cannot be made any more: %s", (unsigned long long)en->seq,
		    problems.len ? problems.items[0].err.text : "unknown");
	}
	vec_release(&problems);
	arena_clear(&a);
	return p;
}

static struct program *
same_program(const logged_list *l, const struct program *p)
{
	for (size_t i = 0; i < l->len; i++)
		if (l->items[i].program->version == p->version)
			return l->items[i].program;
	return NULL;
}

static bool
load_programs(struct workspace *w, struct store *s, struct engine *g, logged_list *ret, struct err *e)
{
	struct log_filter f = {.kinds = (uint32_t)1 << ENTRY_PROGRAM};
	struct log_cursor *c = log_cursor_new(s, 1, &f);
	const struct entry *en = NULL;
	bool ok;
	while ((ok = log_next(c, &en, e)) && en) {
		struct err why = {0};
		struct program *p = en->body ? program_of_entry(w, en, &why) : NULL;
		size_t missing;
		/* A program that this release refuses was live once; the fold says the same of it and goes on. */
		if (!p)
			continue;
		/* One that was applied again stands in the list as the first of its like: the engine keeps only that. */
		struct program *first = same_program(ret, p);
		if (first)
			program_free(p);
		else
			engine_declare(g, p, &missing);
		*vec_push(ret) = (struct logged){first ? first : p, en->seq, first != NULL};
	}
	for (size_t i = 0; i < ret->len; i++)
		if (!ret->items[i].again)
			engine_offer_program(g, ret->items[i].program);
	log_cursor_free(c);
	return ok;
}

static void
read_profile(struct store *s, struct profile_row *r)
{
	enum query q = QUERY_PROFILE_SCAN;
	int i = 0;
	r->number = (uint32_t)store_get_int(s, q, i++);
	r->as_of = (uint64_t)store_get_int(s, q, i++);
	r->forward = (uint32_t)store_get_int(s, q, i++);
	r->user_id = store_get_str(s, q, i++);
	r->email = store_get_str(s, q, i++);
	r->phone = store_get_str(s, q, i++);
	r->country = store_get_str(s, q, i++);
	r->zone = store_get_str(s, q, i++);
	r->locale = store_get_str(s, q, i++);
	r->traits = store_get_str(s, q, i++);
	r->anonymous_ids = store_get_str(s, q, i++);
	r->stages = store_get_str(s, q, i++);
	r->segments = store_get_str(s, q, i++);
	r->consent = store_get_str(s, q, i++);
	r->first_seen = store_get_wall(s, q, i++);
	r->last_seen = store_get_wall(s, q, i++);
	r->alarm = store_get_wall(s, q, i++);
	r->last_entry = (uint64_t)store_get_int(s, q, i++);
	r->state = store_get_str(s, q, i++);
}

static void
chain_ends_at(struct workspace *w, uint32_t profile, uint64_t seq)
{
	while (w->chains.len <= profile)
		*vec_push(&w->chains) = 0;
	if (profile && seq > w->chains.items[profile])
		w->chains.items[profile] = seq;
}

static bool
load_rows(struct workspace *w, struct store *s, struct engine *g, struct err *e)
{
	enum query q = QUERY_PROFILE_SCAN;
	uint64_t done = 0;
	bool row;
	if (!store_statement(s, q))
		return store_fail(s, "reading the snapshot", e);
	for (;;) {
		struct profile_row r = {0};
		if (!store_step(s, q, &row, e))
			return false;
		if (!row)
			break;
		read_profile(s, &r);
		if (!engine_profile_load(g, &r, e)) {
			store_done(s, q);
			return fail_while(e, "profile %u of the snapshot", r.number);
		}
		if (g == w->engine)
			chain_ends_at(w, r.number, r.last_entry);
		if (++done % PROGRESS_EVERY == 0)
			runtime_progress(w, "people", done, 0);
	}
	return true;
}

/* Values that a newer program needs and the rows do not have: fed from the log up to the snapshot's position. */
static bool
backfill(struct store *s, struct engine *g, uint64_t to, struct err *e)
{
	struct log_cursor *c = log_cursor_new(s, 1, NULL);
	const struct entry *en;
	bool ok;
	while ((ok = log_next(c, &en, e)) && en && en->seq <= to)
		engine_backfill(g, en);
	log_cursor_free(c);
	engine_backfill_done(g);
	return ok;
}

static bool
load_snapshot(struct workspace *w, struct store *s, struct engine *g, const logged_list *programs, uint64_t *ret_from, struct err *e)
{
	bool row;
	size_t missing = 0, all_missing = 0;
	struct buf shared = {0};
	if (!store_statement(s, QUERY_SHARED_GET))
		return store_fail(s, "reading the snapshot", e);
	if (!store_step(s, QUERY_SHARED_GET, &row, e))
		return false;
	*ret_from = row ? (uint64_t)store_get_int(s, QUERY_SHARED_GET, 0) : 0;
	if (row)
		buf_add_str(&shared, store_get_str(s, QUERY_SHARED_GET, 1));
	store_done(s, QUERY_SHARED_GET);
	bool ok = !row || engine_shared_load(g, buf_str(&shared), e);
	buf_release(&shared);
	if (!ok)
		return fail_while(e, "the snapshot's shared state");
	if (!row)
		return true;
	for (size_t i = 0; i < programs->len; i++)
		if (programs->items[i].seq > *ret_from) {
			engine_declare(g, programs->items[i].program, &missing);
			all_missing += missing;
		}
	if (!load_rows(w, s, g, e))
		return false;
	engine_loaded(g);
	return !all_missing || backfill(s, g, *ret_from, e);
}

struct chains_of { struct workspace *w; bool wanted; };

static void
note_chain(void *self, uint32_t profile, uint64_t last_entry)
{
	struct chains_of *c = self;
	if (c->wanted)
		chain_ends_at(c->w, profile, last_entry);
}

bool
recover_engine(struct workspace *w, struct store *s, struct engine *g, bool with_rows, uint64_t *ret_from, struct err *e)
{
	logged_list programs = {0};
	struct chains_of chains = {w, g == w->engine};
	*ret_from = 0;
	bool ok = load_programs(w, s, g, &programs, e) && (!with_rows || load_snapshot(w, s, g, &programs, ret_from, e)) &&
	    (*ret_from || cut_load(s, g, note_chain, &chains, ret_from, e));
	vec_release(&programs);
	return ok;
}

/* ---------------------------------------------------------------- the workspace's own */

static bool
load_names(struct store *s, enum query q, struct interner *in, struct err *e)
{
	bool row;
	store_statement(s, q);
	for (;;) {
		if (!store_step(s, q, &row, e))
			return false;
		if (!row)
			return true;
		uint32_t id = intern(in, store_get_str(s, q, 1));
		if (id != (uint32_t)store_get_int(s, q, 0)) {
			store_done(s, q);
			return fail(e, ERR_IO, "the table of %s is damaged at number %u", store_query_name(q), id);
		}
	}
}

/* Folds for state only; chains and the instant come from the items. */
static bool
replay(struct workspace *w, uint64_t from, uint64_t last, struct err *e)
{
	struct log_cursor *c = log_cursor_new(w->store, from + 1, NULL);
	struct decisions d;
	const struct entry *en = NULL;
	bool ok;
	decisions_init(&d);
	while ((ok = log_next(c, &en, e)) && en) {
		w->at_hand = en;
		engine_replay_into(w->engine, en, &d);
		w->at_hand = NULL;
		for (size_t i = 0; i < d.enrolments.len; i++)
			changes_add(w->changes, &d.enrolments.items[i]);
		decisions_reset(&d);
		chain_ends_at(w, en->profile, en->seq);
		chain_ends_at(w, en->absorbed, en->seq);
		w->at = en->at;
		if (en->seq % PROGRESS_EVERY == 0)
			runtime_progress(w, "entries", en->seq - from, last - from);
	}
	decisions_release(&d);
	log_cursor_free(c);
	return ok;
}

static void
remember(struct workspace *w, const uint64_t *newest_first, size_t n)
{
	while (n)
		dedup_add(w->dedup, newest_first[--n]);
}

/* The window of ids, from the index: newest first until it is full, then added oldest first. */
static bool
load_ids(struct workspace *w, struct store *s, struct err *e)
{
	VEC(uint64_t) ids = {0};
	bool row = true, ok;
	enum query q = QUERY_INDEX_SCAN_BACK;
	ok = store_statement(s, q) || store_fail(s, "reading the log's index", e);
	while (ok && ids.len < LIMIT_DEDUP_IDS && (ok = store_step(s, q, &row, e)) && row) {
		struct str items = store_get_str(s, q, 1);
		for (size_t i = items.len / ITEM_BYTES; i; i--) {
			uint64_t hash;
			memcpy(&hash, items.ptr + (i - 1) * ITEM_BYTES + 32, sizeof(hash));
			if (hash)
				*vec_push(&ids) = hash;
		}
	}
	store_done(s, q);
	remember(w, ids.items, ids.len);
	vec_release(&ids);
	return ok;
}

/* Collected history counts as seen too, also what a live workspace has not folded yet. */
static bool
load_staged_ids(struct workspace *w, struct store *s, struct err *e)
{
	bool row, ok;
	enum query q = QUERY_STAGED_INDEX_SCAN;
	ok = store_statement(s, q) || store_fail(s, "reading collected history", e);
	while (ok && (ok = store_step(s, q, &row, e)) && row) {
		struct str items = store_get_str(s, q, 2);
		/* What was folded stands in the log's index. */
		if (!w->in_history && store_get_int(s, q, 0) <= w->staged_folded)
			continue;
		for (size_t i = 0; i + ITEM_BYTES <= items.len; i += ITEM_BYTES) {
			uint64_t hash;
			memcpy(&hash, items.ptr + i + 32, sizeof(hash));
			dedup_add(w->dedup, hash);
		}
	}
	return ok;
}

/* The ids need nothing of the engine: they are read on a thread of their own while the state is rebuilt. */
struct ids_job { struct workspace *w; bool ok; struct err why; };

static void *
ids_run(void *context)
{
	struct ids_job *job = context;
	struct workspace *w = job->w;
	struct store *s;
	w->dedup = dedup_new(LIMIT_DEDUP_IDS, w->sending);
	job->ok = store_open_reader(w->file, 0, &s, &job->why);
	if (!job->ok)
		return NULL;
	job->ok = load_ids(w, s, &job->why) && load_staged_ids(w, s, &job->why);
	store_close(s);
	return NULL;
}

static bool
load_erasures(struct workspace *w, struct err *e)
{
	struct arena a;
	bool row, ok;
	arena_init(&a);
	store_statement(w->store, QUERY_PLAIN_SCAN);
	store_text(w->store, QUERY_PLAIN_SCAN, 1, STR("erasure"));
	while ((ok = store_step(w->store, QUERY_PLAIN_SCAN, &row, e)) && row) {
		const struct json *j;
		int64_t seq = 0;
		struct err ignored;
		if (!str_to_int(store_get_str(w->store, QUERY_PLAIN_SCAN, 0), &seq) ||
		    !json_parse_arena(&a, arena_str(&a, store_get_str(w->store, QUERY_PLAIN_SCAN, 1)), &j, &ignored))
			continue;
		const struct json *profile = json_get(j, STR("profile")), *last = json_get(j, STR("last"));
		if (json_is(profile, JSON_INT) && json_is(last, JSON_INT))
			erase_begin(w, &(struct erasure){(uint32_t)profile->i, (uint64_t)seq, (uint64_t)last->i});
	}
	arena_clear(&a);
	return ok;
}

static bool
read_position(struct workspace *w, uint64_t *ret_last, struct err *e)
{
	int64_t recover_from = 0, live = 0, base_at = INT64_MIN;
	uint64_t base;
	if (!log_last_seq(w->store, ret_last, e) || !meta_get_int(w->store, "recover_from", &recover_from, NULL, e) ||
	    !meta_get_int(w->store, "live", &live, NULL, e) || !meta_get_int(w->store, "staged_folded", &w->staged_folded, NULL, e) ||
	    !log_base(w->store, &base, e) || !meta_get_int(w->store, "base_at", &base_at, NULL, e))
		return false;
	w->seq = *ret_last;
	w->recover_from = (uint64_t)recover_from;
	w->base = base;
	w->base_at = base_at;
	w->in_history = !live;
	w->clear_staged = live;
	/* A cut that the process did not survive left something to take away. */
	w->clear_cut = true;
	return true;
}

static bool
last_instant(struct workspace *w, uint64_t last, struct err *e)
{
	struct log_cursor *c = log_cursor_new(w->store, 1, &(struct log_filter){.no_bodies = true});
	const struct entry *en = NULL;
	bool ok = !last || log_get(c, last, &en, e);
	w->at = ok && en ? en->at : WALL_BEFORE_ALL;
	log_cursor_free(c);
	return ok;
}

bool
recover_workspace(struct workspace *w, struct err *e)
{
	uint64_t last, from;
	int64_t version = FOLD_VERSION;
	if (!read_position(w, &last, e) || !load_names(w->store, QUERY_NAME_SCAN, &w->names, e) ||
	    !load_names(w->store, QUERY_SOURCE_SCAN, &w->sources, e) || !meta_get_int(w->store, "fold_version", &version, NULL, e))
		return false;
	/* Rows of another fold say nothing to this one: fold anew from the first entry; what was decided stays decided. */
	bool with_rows = version == FOLD_VERSION && w->recover_from;
	struct ids_job job = {.w = w};
	pthread_t thread;
	bool beside = pthread_create(&thread, NULL, ids_run, &job) == 0;
	if (!beside)
		ids_run(&job);
	w->engine = engine_new(&w->engine_options);
	bool ok = recover_engine(w, w->store, w->engine, with_rows, &from, e) && last_instant(w, last, e) && replay(w, from, last, e) &&
	    load_erasures(w, e);
	if (beside)
		pthread_join(thread, NULL);
	if (ok && !job.ok)
		*e = job.why;
	if (!ok || !job.ok)
		return false;
	w->sweep.saved_at = from;
	w->durable_seq = last;
	w->durable_at = w->at.ms;
	return true;
}

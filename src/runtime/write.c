/* write.c -- the write thread: one group, one transaction, then the acknowledgements.
 *
 * It alone owns the writing connection. A commit that failed may still have happened, so the process ends then and recovery
 * finds out; nothing is acknowledged, no mark is answered. */
#include "runtime/runtime_priv.h"
#include "base/clock.h"
#include "log/block.h"
#include <stdio.h>
#include <unistd.h>

NORETURN void
write_failed(const struct err *e)
{
	/* No clean-up: what memory holds runs ahead of the disk and must not be seen by anybody. */
	fprintf(stderr, "perennial: writing failed, so the process ends and will recover at its next start: %s\n", e->text);
	_exit(EXIT_COMMIT_FAILED);
}

static void
must(bool ok, const struct err *e)
{
	if (!ok)
		write_failed(e);
}

static void
write_names(struct store *s, const struct group *g)
{
	struct err e;
	for (size_t i = 0; i < g->names.len; i++) {
		const struct new_name *n = &g->names.items[i];
		enum query q = n->is_source ? QUERY_SOURCE_INSERT : QUERY_NAME_INSERT;
		store_int(s, q, 1, n->id);
		sqlite3_bind_text64(store_statement(s, q), 2, n->text.len ? n->text.ptr : "", n->text.len, SQLITE_STATIC, SQLITE_UTF8);
		must(store_run(s, q, &e), &e);
	}
}

static void
write_staged(struct store *s, const struct block_plan *b, struct str body, int codec, struct str items)
{
	struct err e;
	store_int(s, QUERY_STAGED_INSERT, 1, b->n);
	store_int(s, QUERY_STAGED_INSERT, 2, codec);
	store_bytes(s, QUERY_STAGED_INSERT, 3, body);
	store_bytes(s, QUERY_STAGED_INSERT, 4, items);
	must(store_run(s, QUERY_STAGED_INSERT, &e), &e);
}

static void
write_block(struct store *s, const struct block_plan *b, struct str body, int codec, struct str items)
{
	struct err e;
	store_int(s, QUERY_BLOCK_INSERT, 1, (int64_t)b->first_seq);
	store_int(s, QUERY_BLOCK_INSERT, 2, b->n);
	store_int(s, QUERY_BLOCK_INSERT, 3, codec);
	store_bytes(s, QUERY_BLOCK_INSERT, 4, body);
	must(store_run(s, QUERY_BLOCK_INSERT, &e), &e);
	store_int(s, QUERY_BLOCK_INDEX_INSERT, 1, (int64_t)b->first_seq);
	store_bytes(s, QUERY_BLOCK_INDEX_INSERT, 2, items);
	must(store_run(s, QUERY_BLOCK_INDEX_INSERT, &e), &e);
}

static void
write_blocks(struct workspace *w, struct store *s, const struct group *g)
{
	for (size_t i = 0; i < g->blocks.len; i++) {
		const struct block_plan *b = &g->blocks.items[i];
		struct str body = b->body, items = {g->items.ptr + (size_t)b->first_item * ITEM_BYTES, (size_t)b->n * ITEM_BYTES};
		int codec = b->codec;
		if (!body.ptr) {
			buf_reset(&w->pack);
			codec = block_pack(str_slice(buf_str(&g->loose), b->raw_from, b->raw_from + b->raw_len), &w->pack);
			body = buf_str(&w->pack);
		}
		if (b->first_seq)
			write_block(s, b, body, codec, items);
		else
			write_staged(s, b, body, codec, items);
	}
}

static void
write_message(struct store *s, const struct message *m)
{
	enum query q = QUERY_MESSAGE_PUT;
	struct err e;
	int i = 0;
	store_bytes(s, q, ++i, (struct str){(const char *)m->id.bytes, sizeof(m->id.bytes)});
	store_int(s, q, ++i, m->profile);
	store_int(s, q, ++i, m->enrolment);
	store_int(s, q, ++i, m->visit);
	store_text(s, q, ++i, m->journey);
	store_text(s, q, ++i, m->step);
	store_text(s, q, ++i, m->activity);
	store_text(s, q, ++i, str_of(channel_name((enum channel)m->channel)));
	store_int(s, q, ++i, m->priority);
	store_text(s, q, ++i, str_of(message_state_name((enum message_state)m->state)));
	store_text(s, q, ++i, m->template_name);
	store_text(s, q, ++i, m->variant);
	store_text(s, q, ++i, m->purpose);
	store_text(s, q, ++i, m->topic);
	store_text(s, q, ++i, m->tags);
	store_int(s, q, ++i, m->value);
	store_wall(s, q, ++i, m->made);
	store_wall(s, q, ++i, m->due);
	store_wall(s, q, ++i, m->expires);
	store_wall(s, q, ++i, m->changed);
	store_text(s, q, ++i, str_of(reason_text(m->reason)));
	store_text(s, q, ++i, m->detail);
	store_text(s, q, ++i, m->address);
	store_text(s, q, ++i, m->frozen);
	store_int(s, q, ++i, m->tracked);
	store_int(s, q, ++i, m->attempts);
	must(store_run(s, q, &e), &e);
}

static void
write_enrolment(struct store *s, const struct enrolment_change *c)
{
	enum query q = QUERY_ENROLMENT_PUT;
	struct err e;
	int i = 0;
	store_int(s, q, ++i, c->profile);
	store_int(s, q, ++i, c->enrolment);
	store_text(s, q, ++i, c->journey);
	store_text(s, q, ++i, c->step);
	store_text(s, q, ++i, c->key);
	store_text(s, q, ++i, c->state);
	store_text(s, q, ++i, c->reason);
	store_wall(s, q, ++i, c->entered);
	store_wall(s, q, ++i, c->changed);
	store_wall(s, q, ++i, c->due);
	store_int(s, q, ++i, (int64_t)c->version);
	store_int(s, q, ++i, c->goal);
	store_wall(s, q, ++i, c->goal ? c->goal_at : WALL_NEVER);
	store_int(s, q, ++i, c->goal_value);
	must(store_run(s, q, &e), &e);
}

static void
write_move(struct store *s, const struct move_row *r)
{
	enum query q = QUERY_STAGE_MOVE_INSERT;
	struct err e;
	store_int(s, q, 1, r->move.profile);
	sqlite3_bind_text64(store_statement(s, q), 2, r->model.len ? r->model.ptr : "", r->model.len, SQLITE_STATIC, SQLITE_UTF8);
	store_text(s, q, 3, r->from);
	store_text(s, q, 4, r->to);
	store_int(s, q, 5, r->move.when.ms);
	store_int(s, q, 6, (int64_t)r->move.seq);
	store_text(s, q, 7, r->move.reason);
	must(store_run(s, q, &e), &e);
}

static void
write_touch(struct store *s, const struct touch *t)
{
	static const char *const kinds[] = {"eligible", "contactable", "reached", "elsewhere", "held_out"};
	enum query q = QUERY_TOUCH_INSERT;
	struct err e;
	store_int(s, q, 1, t->day);
	sqlite3_bind_text64(store_statement(s, q), 2, t->activity.len ? t->activity.ptr : "", t->activity.len, SQLITE_STATIC, SQLITE_UTF8);
	store_text(s, q, 3, str_of(kinds[t->kind]));
	store_int(s, q, 4, t->profile);
	must(store_run(s, q, &e), &e);
}

/* A sentence may hold what a sender wrote, so their number is bounded; the rest is only counted. */
static void
write_report(struct store *s, const struct err *r, const struct group *g)
{
	enum query q = QUERY_REPORT_ADD;
	struct err e;
	store_text(s, q, 1, str_of(r->text[0] ? r->text : "unknown"));
	store_text(s, q, 2, str_of(err_code_name(r->code)));
	store_text(s, q, 3, str_of(r->file));
	store_int(s, q, 4, 1);
	store_int(s, q, 5, g->last_at.ms);
	store_int(s, q, 6, (int64_t)g->last_seq);
	must(store_run(s, q, &e), &e);
}

static void
write_decisions(struct store *s, const struct group *g)
{
	const struct decisions *d = &g->d;
	for (size_t i = 0; i < d->messages.len; i++)
		write_message(s, &d->messages.items[i]);
	for (size_t i = 0; i < g->moves.len; i++)
		write_move(s, &g->moves.items[i]);
	for (size_t i = 0; i < d->touches.len; i++)
		write_touch(s, &d->touches.items[i]);
	for (size_t i = 0; i < d->reports.len; i++)
		write_report(s, &d->reports.items[i], g);
}

static void
write_profile(struct store *s, const struct profile_row *r)
{
	enum query q = QUERY_PROFILE_PUT;
	struct err e;
	int i = 0;
	store_int(s, q, ++i, r->number);
	store_int(s, q, ++i, (int64_t)r->as_of);
	store_int(s, q, ++i, r->forward);
	store_text(s, q, ++i, r->user_id);
	store_text(s, q, ++i, r->email);
	store_text(s, q, ++i, r->phone);
	store_text(s, q, ++i, r->country);
	store_text(s, q, ++i, r->zone);
	store_text(s, q, ++i, r->locale);
	store_text(s, q, ++i, r->traits);
	store_text(s, q, ++i, r->anonymous_ids);
	store_text(s, q, ++i, r->stages);
	store_text(s, q, ++i, r->segments);
	store_text(s, q, ++i, r->consent);
	store_wall(s, q, ++i, r->first_seen);
	store_wall(s, q, ++i, r->last_seen);
	store_wall(s, q, ++i, r->alarm);
	store_int(s, q, ++i, (int64_t)r->last_entry);
	store_bytes(s, q, ++i, r->state);
	must(store_run(s, q, &e), &e);
}

static void
write_snapshot(struct workspace *w, struct store *s, const struct group *g)
{
	struct err e;
	for (size_t i = 0; i < g->rows.len; i++)
		write_profile(s, &g->rows.items[i]);
	for (size_t i = 0; i < g->enrolments.len; i++)
		write_enrolment(s, &g->enrolments.items[i]);
	w->count.rows += g->rows.len;
	if (!g->sweep_ended)
		return;
	store_int(s, QUERY_SHARED_PUT, 1, (int64_t)g->sweep_start);
	store_bytes(s, QUERY_SHARED_PUT, 2, buf_str(&g->shared));
	must(store_run(s, QUERY_SHARED_PUT, &e) && meta_set_int(s, "recover_from", (int64_t)g->sweep_start, &e) &&
	        meta_set_int(s, "fold_version", FOLD_VERSION, &e),
	    &e);
	w->recover_from = g->sweep_start;
}

static void
write_plain(struct store *s, const struct plain_job *j)
{
	enum query q = j->value.ptr ? QUERY_PLAIN_PUT : QUERY_PLAIN_DELETE;
	struct err e;
	char key[64];
	if (!j->kind.len) {
		snprintf(key, sizeof(key), "%.*s", STR_ARGS(j->key));
		must(meta_set_text(s, key, j->value, &e), &e);
		return;
	}
	store_text(s, q, 1, j->kind);
	sqlite3_bind_text64(store_statement(s, q), 2, j->key.len ? j->key.ptr : "", j->key.len, SQLITE_STATIC, SQLITE_UTF8);
	if (j->value.ptr) {
		sqlite3_bind_text64(s->statements[q], 3, j->value.ptr, j->value.len, SQLITE_STATIC, SQLITE_UTF8);
		store_int(s, q, 4, clock_wall().ms);
	}
	must(store_run(s, q, &e), &e);
}

/* Erasures to be worked off are remembered in the transaction of their entry. */
static void
write_erasures(struct store *s, const struct group *g)
{
	struct err e;
	char key[32], value[96];
	for (size_t i = 0; i < g->erasures.len; i++) {
		const struct erasure *x = &g->erasures.items[i];
		snprintf(key, sizeof(key), "%llu", (unsigned long long)x->seq);
		snprintf(value, sizeof(value), "{\"profile\":%u,\"last\":%llu}", x->profile, (unsigned long long)x->last);
		store_text(s, QUERY_PLAIN_PUT, 1, STR("erasure"));
		store_text(s, QUERY_PLAIN_PUT, 2, str_of(key));
		store_text(s, QUERY_PLAIN_PUT, 3, str_of(value));
		store_int(s, QUERY_PLAIN_PUT, 4, g->last_at.ms);
		must(store_run(s, QUERY_PLAIN_PUT, &e), &e);
	}
}

static bool
is_empty(const struct group *g)
{
	return !g->blocks.len && !g->rows.len && !g->sweep_ended && !g->plains && !g->names.len;
}

void
write_group(struct workspace *w, struct group *g)
{
	struct store *s = w->store;
	struct err e = {0};
	if (is_empty(g))
		return;
	int64_t began = clock_mono_ns();
	must(store_run(s, QUERY_BEGIN, &e), &e);
	write_names(s, g);
	write_blocks(w, s, g);
	write_decisions(s, g);
	write_snapshot(w, s, g);
	write_erasures(s, g);
	for (struct plain_job *j = g->plains; j; j = j->next)
		write_plain(s, j);
	if (g->late_folded)
		must(meta_set_int(s, "late_folded", (int64_t)g->late_folded, &e), &e);
	if (g->went_live) {
		must(meta_set_int(s, "live", 1, &e), &e);
		w->clear_staged = true;
	}
	must(store_run(s, QUERY_COMMIT, &e), &e);
	uint64_t us = (uint64_t)(clock_mono_ns() - began) / 1000;
	w->count.commits++;
	w->count.commit_us_sum += us;
	if (us > w->count.commit_us_max)
		w->count.commit_us_max = us;
	w->count.entries += g->n;
	if (g->last_seq) {
		w->durable_at = g->last_at.ms;
		w->durable_seq = g->last_seq;
	}
}

/* ---------------------------------------------------------------- acknowledging */

static struct str
address_of(const struct entry *en)
{
	return en->kind == ENTRY_SUPPRESS ? json_text(json_get(en->body, STR("address"))) : STR("");
}

/* What forbids: its acknowledgement waits until no hand-over to the address or person is going on any more. */
static bool
must_wait(struct workspace *w, const struct batch *b)
{
	for (uint32_t i = 0; b->forbids && i < b->n; i++) {
		const struct entry *en = &b->entries[i];
		if (entry_forbids(en) && outbox_is_open(w->outbox, en->profile, address_of(en)))
			return true;
	}
	return false;
}

static void
shut_what_is_open(struct workspace *w, const struct batch *b)
{
	for (uint32_t i = 0; i < b->n; i++)
		if (entry_forbids(&b->entries[i]))
			outbox_stop(w->outbox, b->entries[i].profile, address_of(&b->entries[i]));
}

static void
release_held_back(struct workspace *w)
{
	for (size_t i = 0; i < w->held_back.len;) {
		struct held_back *h = &w->held_back.items[i];
		if (!must_wait(w, h->batch)) {
			struct batch *b = h->batch;
			vec_remove(&w->held_back, i);
			b->done(b, NULL);
			continue;
		}
		if (clock_ms() - h->since_ms >= STOP_MS) {
			h->since_ms = clock_ms();
			shut_what_is_open(w, h->batch);
		}
		i++;
	}
}

void
write_acknowledge(struct workspace *w, struct group *g)
{
	struct batch *b = g->batches;
	/* What became ready or settled is known to the outbox before anybody hears of it. */
	outbox_committed(w, g);
	while (b) {
		struct batch *next = b->next;
		if (must_wait(w, b))
			*vec_push(&w->held_back) = (struct held_back){b, clock_ms()};
		else
			b->done(b, NULL);
		b = next;
	}
	release_held_back(w);
	for (size_t i = 0; i < g->erasures.len; i++)
		erase_begin(w, &g->erasures.items[i]);
	outbox_ring(w);
}

/* ---------------------------------------------------------------- the thread */

static void
give_back(struct workspace *w, struct group *g, int64_t began_us)
{
	struct plain_job *jobs = g->plains;
	uint32_t n = g->n;
	group_reset(g);
	pthread_mutex_lock(&w->mutex);
	w->commit_ended_us = clock_mono_ns() / 1000;
	w->commit_us = w->commit_ended_us - began_us;
	w->commit_n = n;
	for (struct plain_job *j = jobs, *next; j; j = next) {
		next = j->next;
		j->done = true;
	}
	if (jobs)
		pthread_cond_broadcast(&w->answered);
	g->next = w->idle_groups;
	w->idle_groups = g;
	w->in_flight--;
	if (w->fold_sleeps)
		pthread_cond_signal(&w->fold_wake);
	pthread_mutex_unlock(&w->mutex);
}

static struct group *
next_group(struct workspace *w, bool *ret_end, bool *ret_idle, bool idle_work)
{
	pthread_mutex_lock(&w->mutex);
	if (!w->filled && !w->fold_ended) {
		w->write_sleeps = true;
		cond_wait_ms(&w->write_wake, &w->mutex, idle_work ? IDLE_MS : 1000);
		w->write_sleeps = false;
	}
	struct group *g = w->filled;
	if (g) {
		w->filled = g->next;
		if (!w->filled)
			w->filled_end = &w->filled;
		w->commit_began_ms = clock_ms();
	}
	*ret_end = !g && w->fold_ended;
	/* Idle work counts as a group in flight: whoever parks the threads waits for it. */
	*ret_idle = !g && !*ret_end && !w->park;
	w->in_flight += *ret_idle;
	pthread_mutex_unlock(&w->mutex);
	return g;
}

static bool
idle_work(struct workspace *w)
{
	bool more = trickle_some(w);
	if (w->held_back.len)
		release_held_back(w);
	pthread_mutex_lock(&w->mutex);
	w->in_flight--;
	if (w->fold_sleeps)
		pthread_cond_signal(&w->fold_wake);
	pthread_mutex_unlock(&w->mutex);
	return more;
}

static void
checkpoint(struct workspace *w)
{
	struct err e;
	must(store_checkpoint(w->store, false, &e), &e);
	w->count.checkpoints = w->store->checkpoints;
	w->count.wal_bytes = w->store->wal_frames * STORE_PAGE_BYTES;
}

void *
write_run(void *self)
{
	struct workspace *w = self;
	bool end = false, idle, more = true;
	while (!end) {
		struct group *g = next_group(w, &end, &idle, more);
		if (g) {
			int64_t began_us = clock_mono_ns() / 1000;
			write_group(w, g);
			write_acknowledge(w, g);
			checkpoint(w);
			give_back(w, g, began_us);
			more = true;
		} else if (idle) {
			more = idle_work(w);
		}
	}
	for (size_t i = 0; i < w->held_back.len; i++)
		w->held_back.items[i].batch->done(w->held_back.items[i].batch, NULL);
	w->held_back.len = 0;
	return NULL;
}

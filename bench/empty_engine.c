/* empty_engine.c -- an engine that folds nothing: what is left is the shard. */
#include "engine/engine.h"
#include <string.h>

struct engine { uint64_t position; wall now; };
struct engine *
engine_new(const struct engine_options *o)
{
	(void)o;
	return mem_alloc(sizeof(struct engine));
}
void engine_free(struct engine *g) { mem_free(g); }
void
decisions_init(struct decisions *d)
{
	memset(d, 0, sizeof(*d));
	arena_init(&d->arena);
}
void decisions_reset(struct decisions *d) { arena_reset(&d->arena); }
void decisions_release(struct decisions *d) { arena_clear(&d->arena); }
void engine_admit(struct engine *g, struct entry *en) { (void)g; en->profile = (uint32_t)(en->id_hash % 100000) + 1; }
wall
engine_apply(struct engine *g, const struct entry *en, struct decisions *d)
{
	(void)d;
	g->position = en->seq;
	g->now = en->at;
	return WALL_NEVER;
}
wall engine_replay(struct engine *g, const struct entry *en) { return engine_apply(g, en, NULL); }
wall engine_replay_into(struct engine *g, const struct entry *en, struct decisions *d) { (void)d; return engine_replay(g, en); }
size_t engine_backlog(const struct engine *g, wall at) { (void)g, (void)at; return 0; }
wall engine_next_wake(const struct engine *g) { (void)g; return WALL_NEVER; }
wall engine_now(const struct engine *g) { return g->now; }
uint64_t engine_position(const struct engine *g) { return g->position; }
void engine_settle(struct engine *g, wall at, struct decisions *d) { (void)g, (void)at, (void)d; }
void engine_offer_program(struct engine *g, struct program *p) { (void)g, (void)p; }
const struct program *engine_program(const struct engine *g) { (void)g; return NULL; }
void engine_declare(struct engine *g, struct program *p, size_t *ret_missing) { (void)g, (void)p; *ret_missing = 0; }
void engine_backfill(struct engine *g, const struct entry *en) { (void)g, (void)en; }
void engine_backfill_done(struct engine *g) { (void)g; }
uint32_t engine_profile_count(const struct engine *g) { (void)g; return 0; }
uint32_t engine_next_dirty(const struct engine *g, uint32_t from) { (void)g, (void)from; return 0; }
void
engine_profile_save(struct engine *g, uint32_t number, struct arena *a, struct profile_row *ret)
{
	(void)g, (void)number, (void)a, (void)ret;
}
bool engine_profile_load(struct engine *g, const struct profile_row *row, struct err *e) { (void)g, (void)row, (void)e; return true; }
void engine_shared_save(struct engine *g, struct buf *out) { (void)g, (void)out; }
bool engine_shared_load(struct engine *g, struct str bytes, struct err *e) { (void)g, (void)bytes, (void)e; return true; }
void engine_loaded(struct engine *g) { (void)g; }
uint64_t engine_digest(struct engine *g, void (*each)(void *self, uint32_t number, uint64_t digest), void *self) { (void)g, (void)each, (void)self; return 0; }
void engine_profile_dump(struct engine *g, uint32_t number, struct buf *out) { (void)g, (void)number, (void)out; }
uint32_t engine_forward(const struct engine *g, uint32_t number) { (void)g; return number; }
void
engine_metrics_json(const struct engine *g, struct json_writer *w)
{
	(void)g;
	jw_null(w);
}

/* sweep.c -- the snapshot: a sweep without end over the people, in the order of their numbers.
 *
 * Rows that changed ride in the batches' transactions. Shared state is kept as of the sweep's start; when the sweep ends, that start
 * becomes recover_from: every row then contains all entries up to it, or has seen none since it was last saved. */
#include "runtime/runtime_priv.h"

void
sweep_save(struct workspace *w, struct group *g, uint32_t profile)
{
	engine_profile_save(w->engine, profile, &g->arena, vec_push(&g->rows));
	changes_take(w->changes, profile, g);
}

static void
begin(struct workspace *w)
{
	buf_reset(&w->sweep.shared);
	engine_shared_save(w->engine, &w->sweep.shared);
	w->sweep.start = w->seq;
	w->sweep.cursor = 1;
	w->sweep.running = true;
}

static void
end(struct workspace *w, struct group *g)
{
	g->sweep_ended = true;
	g->sweep_start = w->sweep.start;
	buf_reset(&g->shared);
	buf_add_str(&g->shared, buf_str(&w->sweep.shared));
	w->sweep.saved_at = w->sweep.start;
	w->sweep.running = false;
}

/* Passes `numbers` people and saves at most `rows` of them. */
static void
advance(struct workspace *w, struct group *g, uint64_t numbers, uint32_t rows)
{
	uint32_t count = engine_profile_count(w->engine);
	uint64_t to = w->sweep.cursor + numbers;
	while (rows) {
		uint32_t next = engine_next_dirty(w->engine, w->sweep.cursor);
		if (!next || next > count) {
			/* The rest of the numbers is clean, so it is passed at once. */
			end(w, g);
			return;
		}
		if (next >= to) {
			w->sweep.cursor = (uint32_t)to;
			return;
		}
		sweep_save(w, g, next);
		w->sweep.cursor = next + 1;
		rows--;
	}
}

/* Under load: as many numbers as let the sweep end within SWEEP_ENTRIES entries, no more. */
void
sweep_rows(struct workspace *w, struct group *g, uint32_t entries)
{
	if (!w->sweep.running)
		begin(w);
	w->sweep.credit += (uint64_t)entries * (engine_profile_count(w->engine) + 1);
	uint64_t numbers = w->sweep.credit / SWEEP_ENTRIES;
	w->sweep.credit %= SWEEP_ENTRIES;
	if (numbers)
		advance(w, g, numbers, UINT32_MAX);
}

bool
sweep_idle(struct workspace *w, struct group *g)
{
	if (!w->sweep.running)
		begin(w);
	advance(w, g, UINT32_MAX, SWEEP_IDLE_ROWS);
	return w->sweep.running || w->sweep.saved_at < w->seq;
}

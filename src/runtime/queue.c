/* queue.c -- lanes by rank: where batches wait for the fold thread, bounded. */
#include "runtime/runtime_priv.h"
#include "base/clock.h"
#include <time.h>

int64_t
clock_ms(void)
{
	return clock_mono_ns() / 1000000;
}

void
cond_wait_us(pthread_cond_t *c, pthread_mutex_t *m, int64_t us)
{
	int64_t ns = clock_mono_ns() + (us < 1 ? 1 : us) * 1000;
	struct timespec until = {.tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000};
	pthread_cond_timedwait(c, m, &until);
}

void
cond_wait_ms(pthread_cond_t *c, pthread_mutex_t *m, int64_t ms)
{
	cond_wait_us(c, m, ms * 1000);
}

void
queue_lanes_init(struct workspace *w)
{
	for (int l = 0; l < LANE_COUNT; l++)
		w->lanes[l].end = &w->lanes[l].head;
	w->asks_end = &w->asks;
	w->plains_end = &w->plains;
	w->filled_end = &w->filled;
}

uint32_t
queue_waiting(const struct workspace *w)
{
	uint32_t n = 0;
	for (int l = 0; l < LANE_COUNT; l++)
		n += w->lanes[l].entries;
	return n;
}

bool
queue_submit(void *self, struct batch *b, struct err *e)
{
	struct workspace *w = self;
	struct waiting_lane *l = &w->lanes[b->lane];
	ASSERT(b->lane < LANE_COUNT && b->done);
	b->next = NULL;
	pthread_mutex_lock(&w->mutex);
	bool full = l->entries >= LANE_ENTRIES_MAX || l->bytes >= LANE_BYTES_MAX;
	bool closing = w->closing;
	if (!full && !closing) {
		*l->end = b;
		l->end = &b->next;
		l->entries += b->n;
		l->bytes += b->text.len;
		if (w->fold_sleeps && (b->lane == LANE_MARKS || w->wake_at < 2 || queue_waiting(w) >= w->wake_at))
			pthread_cond_signal(&w->fold_wake);
	}
	pthread_mutex_unlock(&w->mutex);
	if (closing)
		return fail(e, ERR_UNAVAILABLE, "the workspace is closing");
	if (full)
		return fail(e, ERR_LIMIT, "too much is waiting; try again in a second");
	return true;
}

struct batch *
queue_take(struct workspace *w, enum lane up_to)
{
	for (int n = 0; n <= (int)up_to; n++) {
		struct waiting_lane *l = &w->lanes[n];
		struct batch *b = l->head;
		if (!b)
			continue;
		l->head = b->next;
		if (!l->head)
			l->end = &l->head;
		l->entries -= b->n;
		l->bytes -= b->text.len;
		b->next = NULL;
		return b;
	}
	return NULL;
}

wall
queue_now(void *self)
{
	/* The fold thread owns the door; a caller's `happened` needs no more than the wall clock. */
	(void)self;
	return clock_wall();
}

int
queue_retry_after(void *self)
{
	(void)self;
	return 1;
}

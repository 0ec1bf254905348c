/* fence.c -- sending is held: after downtime, on a restored backup, when the clock stepped. One fence, lifted by the operator. */
#include "runtime/runtime_priv.h"
#include "base/clock.h"
#include <stdio.h>
#include <string.h>
#include <time.h>

void
fence_set(struct workspace *w, const char *why)
{
	pthread_mutex_lock(&w->fence_mutex);
	snprintf(w->fence, sizeof(w->fence), "%s", why);
	pthread_mutex_unlock(&w->fence_mutex);
}

bool
fence_is_up(struct workspace *w)
{
	pthread_mutex_lock(&w->fence_mutex);
	bool up = w->fence[0] != 0 || w->door.step != 0;
	pthread_mutex_unlock(&w->fence_mutex);
	return up;
}

static void
describe(const struct workspace *w, msec gap, bool backup, char *text, size_t size)
{
	if (backup)
		snprintf(text, size, "this workspace was restored from a backup: what was due since then may have been sent before");
	else if (gap < 0)
		snprintf(text, size, "the clock stands %lld minutes before the last entry", (long long)(-gap / MINUTE));
	else
		snprintf(text, size, "nothing ran for %lld hours: what fell due meanwhile waits for a decision", (long long)(gap / HOUR));
	(void)w;
}

bool
fence_check(struct workspace *w, bool clock_is_right, struct err *e)
{
	struct arena a;
	struct str kept = {0};
	char text[256] = "";
	int64_t backup = 0;
	bool found = false;
	arena_init(&a);
	if (!meta_get_str(w->store, &a, "fence", &kept, &found, e) || !meta_get_int(w->store, "is_backup", &backup, NULL, e)) {
		arena_clear(&a);
		return false;
	}
	snprintf(text, sizeof(text), "%.*s", STR_ARGS(kept));
	arena_clear(&a);
	msec gap = w->seq ? clock_wall().ms - w->at.ms : 0;
	/* In history nothing was ever sent, so nothing can be late. */
	if (w->in_history)
		gap = 0;
	if (gap > REFUSE_DAYS * DAY && !clock_is_right)
		return fail(e, ERR_CONFLICT, "the last entry is %lld days old: either the clock is wrong or the workspace slept; if the clock is right, "
					     "start with --clock-is-right",
		    (long long)(gap / DAY));
	if (!text[0] && (backup || gap > FENCE_HOURS * HOUR || gap < -DOOR_STEP))
		describe(w, gap, backup, text, sizeof(text));
	fence_set(w, text);
	/* Written down, so that a start in between (an import, say) does not make it forgotten. */
	return meta_set_text(w->store, "fence", str_of(text), e) && meta_set_int(w->store, "is_backup", 0, e);
}

struct str
workspace_fence(struct workspace *w)
{
	static _Thread_local char text[256];
	pthread_mutex_lock(&w->fence_mutex);
	memcpy(text, w->fence, sizeof(text));
	msec step = w->door.step;
	pthread_mutex_unlock(&w->fence_mutex);
	if (!text[0] && step)
		snprintf(text, sizeof(text), "the clock was put %lld minutes %s; it is not followed until this is confirmed",
		    (long long)((step < 0 ? -step : step) / MINUTE), step < 0 ? "back" : "forward");
	return str_of(text);
}

static void
confirm_clock(struct engine *g, void *context)
{
	struct workspace *w = context;
	(void)g;
	door_confirm(&w->door, clock_wall(), clock_ms());
}

struct backlog { struct workspace *w; wall at; size_t n; };

/* In history no timer runs. */
static void
count_backlog(struct engine *g, void *context)
{
	struct backlog *b = context;
	b->n = b->w->in_history ? 0 : engine_backlog(g, b->at);
}

/* Timers that ran out meanwhile make their messages first, and these are durable: only then all that is overdue stands in the outbox. */
static void
work_off_timers(struct workspace *w, wall until)
{
	struct backlog b = {.w = w, .at = until};
	struct timespec pause = {.tv_nsec = 20 * 1000 * 1000};
	struct err e;
	for (workspace_ask(w, count_backlog, &b); b.n; workspace_ask(w, count_backlog, &b))
		nanosleep(&pause, NULL);
	if (!workspace_meta_put(w, STR("fence"), workspace_fence(w), &e))
		fprintf(stderr, "perennial: %s\n", e.text);
}

void
workspace_fence_lift(struct workspace *w, bool skip_overdue)
{
	struct err e;
	wall now = clock_wall();
	workspace_ask(w, confirm_clock, w);
	/* What is skipped is skipped while the fence still stands: no channel may take it in between. */
	if (skip_overdue) {
		work_off_timers(w, now);
		outbox_skip_overdue(w, clock_wall());
	}
	if (workspace_meta_put(w, STR("fence"), STR(""), &e))
		fence_set(w, "");
	outbox_ring(w);
}

/* Alarms: one a person, in a heap by (instant, person). An alarm may ring early, then it is only set anew. */
#include "engine/engine_priv.h"

enum { ARITY = 4 };

static bool
is_before(const struct alarm *a, const struct alarm *b)
{
	return a->at.ms != b->at.ms ? a->at.ms < b->at.ms : a->person < b->person;
}

static void
put(struct engine *g, size_t place, struct alarm a)
{
	g->alarms.items[place] = a;
	g->alarm_places[a.person - 1] = (uint32_t)place + 1;
}

static void
sift_up(struct engine *g, size_t place, struct alarm a)
{
	while (place > 0) {
		size_t above = (place - 1) / ARITY;
		if (!is_before(&a, &g->alarms.items[above]))
			break;
		put(g, place, g->alarms.items[above]);
		place = above;
	}
	put(g, place, a);
}

static void
sift_down(struct engine *g, size_t place, struct alarm a)
{
	for (;;) {
		size_t least = 0, first = place * ARITY + 1;
		for (size_t c = first; c < first + ARITY && c < g->alarms.len; c++)
			if (!least || is_before(&g->alarms.items[c], &g->alarms.items[least]))
				least = c;
		if (!least || !is_before(&g->alarms.items[least], &a))
			break;
		put(g, place, g->alarms.items[least]);
		place = least;
	}
	put(g, place, a);
}

void
alarm_remove(struct engine *g, uint32_t person)
{
	if (!g->alarm_places[person - 1])
		return;
	size_t place = g->alarm_places[person - 1] - 1u;
	g->alarm_places[person - 1] = 0;
	struct alarm last = g->alarms.items[--g->alarms.len];
	if (last.person == person)
		return;
	if (place > 0 && is_before(&last, &g->alarms.items[(place - 1) / ARITY]))
		sift_up(g, place, last);
	else
		sift_down(g, place, last);
}

void
alarm_pull(struct engine *g, uint32_t person, wall at)
{
	uint32_t place = g->alarm_places[person - 1];
	struct alarm a = {at, person};
	if (place && g->alarms.items[place - 1].at.ms <= at.ms)
		return;
	if (!place) {
		vec_push(&g->alarms);
		sift_up(g, g->alarms.len - 1, a);
		return;
	}
	sift_up(g, place - 1u, a);
}

wall
person_due(const struct engine *g, uint32_t person)
{
	const struct person *p = person_at(g, person);
	return wall_min(wall_min(p->conditions_due, p->dates_due), p->journeys ? journeys_due(p->journeys) : WALL_NEVER);
}

/* An alarm still to come is only ever moved earlier: one that is too early costs a look, moving it with each event would
 * cost more. */
void
alarm_set(struct engine *g, uint32_t person)
{
	uint32_t place = g->alarm_places[person - 1];
	wall due = person_due(g, person);
	if (due.ms == WALL_NEVER.ms) {
		if (place && g->alarms.items[place - 1].at.ms <= g->latest.ms)
			alarm_remove(g, person);
	} else if (place && g->alarms.items[place - 1].at.ms <= g->latest.ms && due.ms > g->alarms.items[place - 1].at.ms) {
		sift_down(g, place - 1, (struct alarm){due, person});
	} else {
		alarm_pull(g, person, due);
	}
}

/* The one who is due first. Its alarm stays where it is. */
static bool
first_due(const struct engine *g, wall at, struct alarm *ret)
{
	if (!g->alarms.len || g->alarms.items[0].at.ms > at.ms)
		return false;
	*ret = g->alarms.items[0];
	return true;
}

/* Rows that were loaded newer than the entry at hand wait until the replay has reached them. */
void
alarms_wake_waiting(struct engine *g)
{
	size_t kept = 0;
	for (size_t i = 0; i < g->waiting.len; i++) {
		struct alarm a = g->waiting.items[i];
		if (profile_at(&g->people, a.person)->as_of > g->position)
			g->waiting.items[kept++] = a;
		else
			alarm_pull(g, a.person, a.at);
	}
	g->waiting.len = kept;
}

void
alarms_fire(struct engine *g, wall at, size_t most)
{
	struct alarm a;
	for (size_t n = 0; n < most && first_due(g, at, &a); n++) {
		if (g->replaying && profile_at(&g->people, a.person)->as_of > g->position) {
			alarm_remove(g, a.person);
			*vec_push(&g->waiting) = a;
			continue;
		}
		person_catch_up(g, a.person, at, g->position);
		alarm_set(g, a.person);
		if (g->alarms.len && g->alarms.items[0].person == a.person && g->alarms.items[0].at.ms <= at.ms)
			sift_down(g, 0, (struct alarm){wall_add(at, MINUTE), a.person});    /* nobody may keep the others waiting */
		others_live(g);
		arena_reset(&g->scratch);
	}
}

/* ---------------------------------------------------------------- when is decided what fell due */

/* Kept only while something that fell due earlier is not worked off. */
void
alarms_reach(struct engine *g, wall at)
{
	struct alarm a;
	if (!first_due(g, g->latest, &a) && !g->waiting.len && !g->sweep)
		g->reached.len = 0;
	if (!g->reached.len || vec_last(&g->reached)->ms != at.ms)
		*vec_push(&g->reached) = at;
}

wall
alarm_decided(const struct engine *g, wall instant, bool *ret_history)
{
	size_t low = 0, high = g->reached.len;
	*ret_history = g->live_since.ms == WALL_NEVER.ms || instant.ms <= g->history_until.ms;
	while (low < high) {
		size_t mid = (low + high) / 2;
		if (g->reached.items[mid].ms < instant.ms)
			low = mid + 1;
		else
			high = mid;
	}
	return low < g->reached.len ? g->reached.items[low] : wall_max(g->latest, instant);
}

static size_t
count_due(const struct engine *g, size_t place, wall at)
{
	if (place >= g->alarms.len || g->alarms.items[place].at.ms > at.ms)
		return 0;
	size_t n = 1;
	for (size_t c = place * ARITY + 1; c <= place * ARITY + ARITY; c++)
		n += count_due(g, c, at);
	return n;
}

size_t
engine_backlog(const struct engine *g, wall at)
{
	return count_due(g, 0, at);
}

wall
engine_next_wake(const struct engine *g)
{
	if (g->sweep || g->waiting.len)
		return g->latest;
	return g->alarms.len ? g->alarms.items[0].at : WALL_NEVER;
}

/* What the gap map counts, history included: who could have been reached, who was, and what runs elsewhere. */
#include "engine/hand_priv.h"

void
touch(struct engine *g, uint32_t person, struct str activity, enum touch_kind kind)
{
	if (!g->d || !activity.len)
		return;
	int64_t day = g->now.ms / DAY - (g->now.ms % DAY < 0);
	*vec_push(&g->d->touches) = (struct touch){arena_str(&g->d->arena, activity), kind, person, (int32_t)day};
}

/* ---------------------------------------------------------------- entry conditions */

static bool
fits(struct engine *g, uint32_t person, const struct live_program *lp, const struct journey_def *j, const struct event_view *ev)
{
	const struct json *const *items;
	struct hand h;
	hand_of(g, person, lp, NULL, &h);
	h.m = (struct moment){.event = ev, .trigger = ev};
	h.facts.product = product_in(ev);
	if (!j->each)
		return !j->entry_if || hand_true(g, &h, j->entry_if, NULL);
	size_t n = expr_items(j->each, &h.facts.facts, &h.m, g->now, &g->scratch, &items);
	for (size_t i = 0; i < n; i++) {
		h.m.trigger_item = items[i];
		if (!j->entry_if || hand_true(g, &h, j->entry_if, NULL))
			return true;
	}
	return false;
}

static void
count_if_fits(struct engine *g, uint32_t person, const struct live_program *lp, const struct journey_def *j, const struct event_view *ev)
{
	if (!fits(g, person, lp, j, ev))
		return;
	touch(g, person, j->activity, TOUCH_ELIGIBLE);
	if (intent_lawful_by_email(g, person))
		touch(g, person, j->activity, TOUCH_CONTACTABLE);
}

static void
count_listeners(struct engine *g, uint32_t person, const struct live_program *lp, struct listeners l, const struct journey_def *list,
    const struct event_view *ev)
{
	for (size_t i = 0; i < l.n; i++) {
		const struct journey_def *j = &list[l.items[i].journey];
		struct hand h;
		hand_of(g, person, lp, NULL, &h);
		h.m = (struct moment){.event = ev, .trigger = ev};
		if (trigger_matches(j->entry_on[l.items[i].trigger], ev, &h.facts.facts, &h.m, g->now, &g->scratch))
			count_if_fits(g, person, lp, j, ev);
	}
}

/* ---------------------------------------------------------------- what runs elsewhere */

static void
count_evidence(struct engine *g, uint32_t person, const struct live_program *lp, struct listeners l, const struct event_view *ev)
{
	struct hand h;
	if (l.n)
		hand_of(g, person, lp, NULL, &h);
	for (size_t i = 0; i < l.n; i++) {
		const struct evidence_def *e = &lp->p->evidence[l.items[i].journey];
		h.m = (struct moment){.event = ev};
		if (trigger_matches(e->seen_in[l.items[i].trigger], ev, &h.facts.facts, &h.m, g->now, &g->scratch) &&
		    (!e->when || hand_true(g, &h, e->when, NULL)))
			touch(g, person, e->activity, TOUCH_ELSEWHERE);
	}
}

void
journeys_observe(struct engine *g, uint32_t person, const struct event_view *ev)
{
	const struct live_program *lp = current_program(g);
	deeds_consent(g, person, ev);
	if (!g->d || !lp)
		return;
	for (int any = 0; any < (ev->name.len ? 2 : 1); any++) {
		struct str name = any ? STR("") : ev->name;
		count_evidence(g, person, lp, index_evidence(lp->journeys, ev->kind, name), ev);
		count_listeners(g, person, lp, index_shadows(lp->journeys, ev->kind, name), lp->p->shadows, ev);
		if (g->at_hand.history)
			count_listeners(g, person, lp, index_entries(lp->journeys, ev->kind, name), lp->p->journeys, ev);
	}
}

static bool
is_among(const uint32_t *items, size_t n, uint32_t c)
{
	for (size_t i = 0; i < n && c != UINT32_MAX; i++)
		if (items[i] == c)
			return true;
	return false;
}

void
journeys_observe_turned(struct engine *g, uint32_t person, const uint32_t *turned, size_t n_turned)
{
	const struct live_program *lp = current_program(g);
	struct event_view ev = {.kind = ENTRY_NONE, .name = STR("becomes"), .time = g->now, .seq = g->at_hand.seq};
	if (!g->d || !n_turned)
		return;
	for (size_t i = 0; i < lp->journeys->shadow_becomes.len; i++) {
		const struct listener *l = &lp->journeys->shadow_becomes.items[i];
		if (is_among(turned, n_turned, lp->p->shadows[l->journey].entry_standing[l->trigger]))
			count_if_fits(g, person, lp, &lp->p->shadows[l->journey], &ev);
	}
	for (size_t i = 0; g->at_hand.history && i < lp->journeys->becomes.len; i++) {
		const struct listener *l = &lp->journeys->becomes.items[i];
		if (is_among(turned, n_turned, lp->p->journeys[l->journey].entry_standing[l->trigger]))
			count_if_fits(g, person, lp, &lp->p->journeys[l->journey], &ev);
	}
}

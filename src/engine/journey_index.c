/* Which triggers of a program listen to which event: made once, asked with every event. */
#include "engine/hand_priv.h"

static bool
is_event_kind(int kind)
{
	return kind == ENTRY_TRACK || kind == ENTRY_PAGE || kind == ENTRY_SCREEN;
}

bool
trigger_hears(const struct trigger *t, const struct event_view *ev)
{
	int kind;
	struct str name;
	if (trigger_kind(t) != TRIGGER_EVENT || !is_event_kind(ev->kind))
		return false;
	trigger_event(t, &kind, &name);
	return kind == ev->kind && (!name.len || str_eq(name, ev->name));
}

static struct str
event_key(struct buf *b, int kind, struct str name)
{
	buf_reset(b);
	buf_printf(b, "%d%.*s", kind, STR_ARGS(name));
	return buf_str(b);
}

/* ---------------------------------------------------------------- runs of listeners to one event */

struct named_listener { int kind; struct str name; struct listener who; };
typedef VEC(struct named_listener) named_list;
typedef VEC(struct listener) listener_list;

static void
note_event(named_list *list, const struct trigger *t, size_t journey, size_t trigger)
{
	struct named_listener *n = vec_push(list);
	trigger_event(t, &n->kind, &n->name);
	n->who = (struct listener){(uint16_t)journey, (uint16_t)trigger};
}

/* Lists of each event stand together, in the order of the program; each list ends with UINT16_MAX. */
static void
pack(const named_list *all, struct strmap *places, uint32_t *any, listener_list *out)
{
	struct buf b = {0};
	*vec_push(out) = (struct listener){UINT16_MAX, 0};
	for (size_t i = 0; i < all->len; i++) {
		const struct named_listener *n = &all->items[i];
		if (strmap_get(places, event_key(&b, n->kind, n->name)))
			continue;
		strmap_put(places, buf_str(&b), (uint32_t)out->len);
		if (!n->name.len && n->kind < ENTRY_KIND_COUNT)
			any[n->kind] = (uint32_t)out->len;
		for (size_t k = i; k < all->len; k++)
			if (all->items[k].kind == n->kind && str_eq(all->items[k].name, n->name))
				*vec_push(out) = all->items[k].who;
		*vec_push(out) = (struct listener){UINT16_MAX, 0};
	}
	buf_release(&b);
}

static struct listeners
run_at(const struct listener *items, size_t from)
{
	size_t n = 0;
	while (items[from + n].journey != UINT16_MAX)
		n++;
	return (struct listeners){items + from, n};
}

static struct listeners
find_run(const struct strmap *places, const uint32_t *any, const struct listener *items, int kind, struct str name)
{
	char key[256];
	if (!name.len && kind < ENTRY_KIND_COUNT)
		return any[kind] ? run_at(items, any[kind]) : (struct listeners){0};
	if (name.len > sizeof(key) - 4)
		return (struct listeners){0};
	key[0] = (char)('0' + kind % 10);
	size_t n = 1;
	if (kind >= 10)
		return (struct listeners){0};
	if (name.len)
		memcpy(key + n, name.ptr, name.len);
	const uint32_t *at = strmap_get(places, (struct str){key, n + name.len});
	return at ? run_at(items, *at) : (struct listeners){0};
}

struct listeners
index_entries(const struct journey_index *ix, int kind, struct str name)
{
	return find_run(&ix->by_event, ix->any_place[0], ix->entries.items, kind, name);
}

bool
journeys_listen_by_account(const struct journey_index *ix, int kind, struct str name)
{
	for (size_t i = 0; i < ix->by_account.len; i++) {
		const struct account_listener *l = &ix->by_account.items[i];
		if (l->kind == kind && (!l->name.len || str_eq(l->name, name)))
			return true;
	}
	return false;
}

struct listeners
index_shadows(const struct journey_index *ix, int kind, struct str name)
{
	return find_run(&ix->shadows_by_event, ix->any_place[1], ix->shadows.items, kind, name);
}

struct listeners
index_evidence(const struct journey_index *ix, int kind, struct str name)
{
	return find_run(&ix->evidence_by_event, ix->any_place[2], ix->evidence.items, kind, name);
}

/* ---------------------------------------------------------------- made once a program */

static void
note_by_account(struct journey_index *ix, const struct trigger *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (trigger_kind(list[i]) == TRIGGER_EVENT && trigger_by_account(list[i])) {
			struct account_listener *l = vec_push(&ix->by_account);
			trigger_event(list[i], &l->kind, &l->name);
		}
}

static bool
speaks_of(struct str text, const char *word)
{
	return str_find(text, str_of(word), 0) != SIZE_MAX;
}

static struct str
document_of(const struct program *p, const struct journey_def *j)
{
	for (size_t i = 0; i < p->n_files; i++)
		if (str_eq(p->files[i].path, j->file))
			return p->files[i].text;
	return (struct str){0};
}

/* `date 30d after latest …` hangs on what somebody did; `date anniversary of trait.birthday` only on traits. Events stand in quotes. */
static bool
dates_read_events(const struct program *p, const struct journey_def *j)
{
	struct str text = document_of(p, j);
	bool found = !text.len;
	while (text.len) {
		struct str line = str_cut(&text, '\n');
		size_t at = str_find(line, STR("date "), 0);
		found |= at != SIZE_MAX && str_find_char(line, '"', at) != SIZE_MAX;
	}
	return found;
}

static void
note_entries(struct journey_index *ix, const struct program *p, const struct journey_def *j, size_t at, named_list *events)
{
	for (size_t i = 0; i < j->n_entry_on; i++) {
		struct listener who = {(uint16_t)at, (uint16_t)i};
		switch (trigger_kind(j->entry_on[i])) {
		case TRIGGER_EVENT:
			note_event(events, j->entry_on[i], at, i);
			break;
		case TRIGGER_CHANGE:
			*vec_push(&ix->changes) = who;
			break;
		case TRIGGER_DATE:
			ix->dates_depend |= dates_read_events(p, j);
			*vec_push(&ix->dates) = who;
			break;
		case TRIGGER_SCHEDULE:
			*vec_push(&ix->dates) = who;
			break;
		case TRIGGER_BECOMES:
			*vec_push(&ix->becomes) = who;
			break;
		case TRIGGER_GOAL:
		case TRIGGER_CALL:
			break;
		}
	}
}

static void
note_journey(struct journey_index *ix, const struct program *p, const struct journey_def *j, size_t at, named_list *events)
{
	note_entries(ix, p, j, at, events);
	note_by_account(ix, j->entry_on, j->n_entry_on);
	note_by_account(ix, j->exit_on, j->n_exit_on);
	note_by_account(ix, j->goal_on, j->n_goal_on);
	for (uint16_t s = 0; s < j->n_steps; s++)
		note_by_account(ix, j->steps[s].triggers, j->steps[s].n_triggers);
}

static void
note_shadow(struct journey_index *ix, const struct journey_def *j, size_t at, named_list *events)
{
	for (size_t i = 0; i < j->n_entry_on; i++)
		if (trigger_kind(j->entry_on[i]) == TRIGGER_EVENT)
			note_event(events, j->entry_on[i], at, i);
		else if (trigger_kind(j->entry_on[i]) == TRIGGER_BECOMES)
			*vec_push(&ix->shadow_becomes) = (struct listener){(uint16_t)at, (uint16_t)i};
}

static bool
templates_speak_of(const struct program *p, const struct journey_def *j, const char *word)
{
	for (uint16_t s = 0; s < j->n_steps; s++)
		for (size_t o = 0; o < j->steps[s].n_offers; o++)
			for (size_t t = 0; t < p->n_templates; t++)
				if (str_eq(p->templates[t].name, j->steps[s].offers[o].template) && speaks_of(p->templates[t].text, word))
					return true;
	return false;
}

/* A trigger may be a long event, and most journeys never look at it again: whether this one does is read off its words. */
static uint8_t
parts_kept(const struct program *p, const struct journey_def *j)
{
	struct str text = document_of(p, j);
	uint8_t parts = 0;
	if (!text.len || speaks_of(text, "trigger") || speaks_of(text, "product.") || templates_speak_of(p, j, "trigger"))
		parts |= KEEP_PROPERTIES;
	if (!text.len || speaks_of(text, "context"))
		parts |= KEEP_PROPERTIES | KEEP_CONTEXT;
	return parts;
}

struct journey_index *
journey_index_new(const struct program *p)
{
	struct journey_index *ix = mem_alloc(sizeof(*ix));
	named_list events = {0}, shadows = {0}, evidence = {0};
	listener_list packed = {0}, packed_shadows = {0}, packed_evidence = {0};
	ix->keeps = mem_alloc(p->n_journeys + 1);
	for (size_t i = 0; i < p->n_journeys; i++) {
		note_journey(ix, p, &p->journeys[i], i, &events);
		ix->keeps[i] = parts_kept(p, &p->journeys[i]);
	}
	for (size_t i = 0; i < p->n_shadows; i++)
		note_shadow(ix, &p->shadows[i], i, &shadows);
	pack(&events, &ix->by_event, ix->any_place[0], &packed);
	pack(&shadows, &ix->shadows_by_event, ix->any_place[1], &packed_shadows);
	ix->entries.items = packed.items;
	ix->entries.len = packed.len;
	ix->shadows.items = packed_shadows.items;
	ix->shadows.len = packed_shadows.len;
	for (size_t i = 0; i < p->n_evidence; i++)
		for (size_t k = 0; k < p->evidence[i].n_seen_in; k++)
			if (trigger_kind(p->evidence[i].seen_in[k]) == TRIGGER_EVENT)
				note_event(&evidence, p->evidence[i].seen_in[k], i, k);
	pack(&evidence, &ix->evidence_by_event, ix->any_place[2], &packed_evidence);
	ix->evidence.items = packed_evidence.items;
	ix->evidence.len = packed_evidence.len;
	vec_release(&evidence);
	vec_release(&events);
	vec_release(&shadows);
	return ix;
}

void
journey_index_free(struct journey_index *ix)
{
	if (!ix)
		return;
	arena_clear(&ix->arena);
	vec_release(&ix->intents);
	strmap_release(&ix->by_event);
	strmap_release(&ix->shadows_by_event);
	strmap_release(&ix->evidence_by_event);
	vec_release(&ix->entries);
	vec_release(&ix->changes);
	vec_release(&ix->dates);
	vec_release(&ix->becomes);
	vec_release(&ix->shadows);
	vec_release(&ix->shadow_becomes);
	vec_release(&ix->evidence);
	vec_release(&ix->by_account);
	mem_free(ix->keeps);
	mem_free(ix);
}

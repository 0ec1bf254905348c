/* What concerns everybody: programs, the catalogue, accounts, suppressions. A person sees a shared change at its instant when next
 * touched; a sweep in slices reaches the rest, so that nothing holds the fold for long. */
#include "engine/engine_priv.h"

bool
is_shared(const struct entry *en)
{
	return en->kind == ENTRY_PROGRAM || en->kind == ENTRY_CATALOGUE || en->kind == ENTRY_ACCOUNT || en->kind == ENTRY_SUPPRESS ||
	    en->kind == ENTRY_FOLD || en->kind == ENTRY_TICK;
}

static struct shared_change *
change_push(struct engine *g, const struct entry *en)
{
	struct shared_change *c = vec_push(&g->changes);
	c->seq = en->seq;
	c->at = g->latest;
	g->sweep = 1;
	return c;
}

/* ---------------------------------------------------------------- programs */

void
engine_offer_program(struct engine *g, struct program *p)
{
	struct live_program *lp = live_make(g, p);
	if (lp->p == p)
		lp->owned = true;
	else
		program_free(p);         /* the same documents were offered before */
}

void
engine_declare(struct engine *g, struct program *p, size_t *ret_missing)
{
	for (size_t i = 0; i < g->retired.len; i++)
		if (g->retired.items[i] == p) {
			*ret_missing = 0;
			return;
		}
	const struct live_program *lp = live_make(g, p);
	*ret_missing = 0;
	for (uint32_t i = 0; i < lp->n_streams; i++)
		*ret_missing += g->streams.items[lp->streams[i]].missing;
}

const struct program *
engine_program(const struct engine *g)
{
	return g->live ? g->live->p : NULL;
}

static bool
same_files(const struct program *p, const struct program_file *files, size_t n)
{
	if (p->n_files != n)
		return false;
	for (size_t i = 0; i < n; i++) {
		bool found = false;
		for (size_t k = 0; k < n && !found; k++)
			found = str_eq(p->files[k].path, files[i].path) && str_eq(p->files[k].text, files[i].text);
		if (!found)
			return false;
	}
	return true;
}

/* The program of an entry: offered by the shell ahead of it, else made from its documents. */
struct live_program *
program_of_body(struct engine *g, const struct json *body, struct err *e)
{
	struct program_file *files;
	size_t n;
	struct program *p;
	problem_list problems = {0};
	if (!program_files_of_json(&g->scratch, body, &files, &n, e))
		return NULL;
	for (struct live_program *lp = g->kept; lp; lp = lp->next)
		if (same_files(lp->p, files, n))
			return lp;
	const struct engine_options *o = &g->options;
	bool made = program_make(files, n, g->zones, o->activities_tsv, o->shadow_files, o->n_shadow, &problems, &p);
	for (size_t i = problems.len; !made && i-- > 0;)
		if (!problems.items[i].warning)
			*e = problems.items[i].err;
	vec_release(&problems);
	if (!made)
		return NULL;
	struct live_program *lp = live_make(g, p);
	lp->owned = true;
	return lp;
}

static void
program_apply(struct engine *g, const struct entry *en)
{
	struct err e = {0};
	struct live_program *lp = program_of_body(g, en->body, &e);
	if (!lp) {
		if (g->d)
			*vec_push(&g->d->reports) = e;
		return;                  /* what cannot be understood changes nothing */
	}
	if (lp == g->live)
		return;
	struct shared_change *c = change_push(g, en);
	c->before = g->live;
	c->program = lp;
	lp->since_seq = en->seq;
	g->live = lp;
	*vec_push(&g->versions) = lp->p->version;
	if (lp->p->catalogue)
		catalog_seed(g->catalog, lp->p->catalogue);
}

/* Conditions of other words begin anew: what they find true has not become true now. */
static void
forget_fresh_turns(struct engine *g, const struct standing *before)
{
	struct at_hand *h = &g->at_hand;
	size_t kept = 0;
	for (size_t i = 0; i < h->turned.len; i++)
		if (before && strmap_get(&before->program->texts, h->program->p->conditions[h->turned.items[i]].text))
			h->turned.items[kept++] = h->turned.items[i];
	h->turned.len = kept;
}

static void
see_program(struct engine *g, uint32_t person, const struct shared_change *c)
{
	struct person *x = person_at(g, person);
	struct standing *before = x->standing, *after = standing_under(before, c->program);
	if (before)
		standing_leave_sets(g, person);
	x->standing = after;
	standing_enter(g, person);
	person_begin(g, person, c->at, c->at, c->seq, STR("program"), g->live_since.ms == WALL_NEVER.ms || c->at.ms <= g->history_until.ms);
	stale_all(g);
	g->at_hand.all_models = true;
	conditions_run(g);
	forget_fresh_turns(g, before);
	journeys_program_changed(g, person);
	person_live(g);
	person_end(g);
	mem_free(before);
}

/* ---------------------------------------------------------------- catalogue */

struct listening { struct engine *g; VEC(struct catalog_change) heard; struct arena *arena; };

static void
hear_thing(void *self, const struct catalog_change *x)
{
	struct listening *l = self;
	if (!l->g->live || !journeys_listen_to_catalogue(l->g->live, x->kind, x->field))
		return;
	if (!l->arena) {
		l->arena = mem_alloc(sizeof(*l->arena));
		arena_init(l->arena);
	}
	*vec_push(&l->heard) = (struct catalog_change){arena_str(l->arena, x->kind), arena_str(l->arena, x->key), arena_str(l->arena, x->field),
	    x->from ? json_copy(l->arena, x->from) : NULL, x->to ? json_copy(l->arena, x->to) : NULL};
}

static void
catalogue_apply(struct engine *g, const struct entry *en)
{
	struct listening l = {.g = g};
	catalog_apply(g->catalog, en->body, en->at, &g->scratch, hear_thing, &l);
	if (!l.heard.len)
		return;
	struct shared_change *c = change_push(g, en);
	c->arena = l.arena;
	c->things = l.heard.items;
	c->n_things = l.heard.len;
}

static void
see_catalogue(struct engine *g, uint32_t person, const struct shared_change *c)
{
	if (!person_at(g, person)->standing)
		return;
	person_begin(g, person, c->at, c->at, c->seq, STR("catalogue"), g->live_since.ms == WALL_NEVER.ms || c->at.ms <= g->history_until.ms);
	for (size_t i = 0; i < c->n_things; i++) {
		const struct catalog_change *x = &c->things[i];
		journeys_catalogue(g, person, x->kind, x->key, x->field, x->from, x->to);
	}
	journeys_settle(g, person, NULL, 0);
	person_live(g);
	person_end(g);
}

/* ---------------------------------------------------------------- seeing */

const struct shared_change *
change_unseen(const struct engine *g, uint32_t person)
{
	uint64_t seen = person_at(g, person)->seen;
	if (!g->changes.len || vec_last(&g->changes)->seq <= seen)
		return NULL;
	for (size_t i = 0; i < g->changes.len; i++)
		if (g->changes.items[i].seq > seen)
			return &g->changes.items[i];
	return NULL;
}

void
person_see(struct engine *g, uint32_t person, const struct shared_change *c)
{
	person_at(g, person)->seen = c->seq;
	if (c->program) {
		see_program(g, person, c);
		person_touch(g, person);
	} else {
		see_catalogue(g, person, c);
	}
}

static void
change_release(struct shared_change *c)
{
	if (c->arena)
		arena_clear(c->arena);
	mem_free(c->arena);
	mem_free(c->things);
}

void
changes_release(struct engine *g)
{
	for (size_t i = 0; i < g->changes.len; i++)
		change_release(&g->changes.items[i]);
	vec_release(&g->changes);
}

/* Rows loaded newer than the entry at hand see a change when the replay has reached them. */
static void
sweep_one(struct engine *g, uint32_t person)
{
	const struct shared_change *c = change_unseen(g, person);
	if (!c)
		return;
	const struct profile *p = profile_at(&g->people, person);
	if (g->replaying && p->as_of > g->position)
		*vec_push(&g->waiting) = (struct alarm){c->at, person};
	else
		person_catch_up(g, person, vec_last(&g->changes)->at, vec_last(&g->changes)->seq);
}

void
sweep_slice(struct engine *g, uint32_t most)
{
	for (; g->sweep && g->sweep <= g->people.n && most > 0; g->sweep++, most--)
		sweep_one(g, g->sweep);
	others_live(g);
	if (!g->sweep || g->sweep <= g->people.n)
		return;
	g->sweep = 0;
	if (g->waiting.len)
		return;                  /* they come by their alarms; the changes stay for them */
	for (size_t i = 0; i < g->changes.len; i++)
		change_release(&g->changes.items[i]);
	g->changes.len = 0;
	g->unused_programs = true;
}

/* ---------------------------------------------------------------- entries */

static void
account_entry(struct engine *g, const struct entry *en)
{
	struct str id = json_text(json_get(en->body, STR("groupId")));
	if (!id.len)
		id = json_text(json_get(en->body, STR("account")));
	if (!id.len)
		return;
	uint32_t account = account_open(g, id);
	account_apply(g, account, json_get(en->body, STR("traits")), en);
	account_hear(g, account, 0, NULL, en->history);
}

void
shared_apply(struct engine *g, const struct entry *en)
{
	if (!en->body)
		return;
	if (en->kind == ENTRY_PROGRAM)
		program_apply(g, en);
	else if (en->kind == ENTRY_CATALOGUE)
		catalogue_apply(g, en);
	else if (en->kind == ENTRY_ACCOUNT)
		account_entry(g, en);
	else if (en->kind == ENTRY_SUPPRESS)
		suppress_apply(g, en);
}

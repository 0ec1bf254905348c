/* What a condition may ask about one person: the table of facts over profile, account, catalogue and standing. */
#include "engine/engine_priv.h"
#include <stdlib.h>

static struct profile *
profile_of(const struct person_facts *pf)
{
	return profile_at(&pf->g->people, pf->person);
}

struct account *
account_at(const struct engine *g, uint32_t number)
{
	return number && number <= g->accounts.len ? g->accounts.items[number - 1] : NULL;
}

const struct tz *
person_zone(const struct engine *g, uint32_t person)
{
	const struct profile *p = profile_at(&g->people, person);
	const struct account *a = account_at(g, p->account);
	if (p->zone)
		return p->zone;
	if (a && a->zone)
		return a->zone;
	return g->live && g->live->zone ? g->live->zone : tz_utc();
}

/* ---------------------------------------------------------------- values */

static struct value
cart_fact(const struct person_facts *pf, const struct fact_path *path)
{
	const struct cart *c = &profile_of(pf)->cart;
	if (path->n < 1)
		return VALUE_NONE;
	if (str_eq(path->steps[0], STR("count")))
		return value_number(cart_count(c));
	if (str_eq(path->steps[0], STR("value"))) {
		struct value v = value_number(cart_value(c));
		v.quantity = true;
		return v;
	}
	if (!str_eq(path->steps[0], STR("items")))
		return VALUE_NONE;
	struct buf text = {0};
	struct json_writer w = json_writer_on(&text);
	const struct json *items;
	struct err e;
	cart_write_json(c, &w);
	bool ok = json_parse_arena(&pf->g->scratch, buf_str(&text), &items, &e);
	buf_release(&text);
	return ok ? value_of_json(items) : VALUE_NONE;
}

/* What was not given is not given; only templates tell it from a refusal. */
static struct value
consent_fact(const struct person_facts *pf, const struct fact_path *path)
{
	if (path->n < 1)
		return VALUE_NONE;
	struct str purpose = path->n > 1 ? path->steps[1] : STR("marketing");
	const struct consent *c = consent_find(&profile_of(pf)->consents, path->steps[0], purpose);
	return value_truth(c && c->granted);
}

static struct value
account_fact(const struct person_facts *pf, const struct fact_path *path)
{
	if (!pf->account || path->n < 1)
		return VALUE_NONE;
	struct value v = trait_value(&pf->account->traits, ROOT_TRAIT, path->steps, path->n);
	if (v.kind == VALUE_MISSING && path->n == 1 && str_eq(path->steps[0], STR("id")))
		return value_text(pf->account->id);
	return v;
}

static struct value
product_fact(const struct person_facts *pf, const struct fact_path *path)
{
	const struct json *j = pf->product.len ? catalog_thing(pf->g->catalog, STR("product"), pf->product) : NULL;
	for (uint32_t i = 0; i < path->n; i++)
		j = json_get(j, path->steps[i]);
	return j ? value_of_json(j) : VALUE_NONE;
}

static struct value
fact(void *self, const struct fact_path *path)
{
	static const enum trait_root roots[] = {
	    [FACT_TRAIT] = ROOT_TRAIT, [FACT_TOPIC] = ROOT_TOPIC, [FACT_PREFERENCE] = ROOT_PREFERENCE, [FACT_PREDICT] = ROOT_PREDICT};
	const struct person_facts *pf = self;
	switch (path->root) {
	case FACT_TRAIT:
	case FACT_TOPIC:
	case FACT_PREFERENCE:
	case FACT_PREDICT:
		return trait_value(&profile_of(pf)->traits, roots[path->root], path->steps, path->n);
	case FACT_ACCOUNT:
		return account_fact(pf, path);
	case FACT_CONSENT:
		return consent_fact(pf, path);
	case FACT_CART:
		return cart_fact(pf, path);
	case FACT_MESSAGE:
	case FACT_TASK:
	case FACT_WAITED:
	case FACT_ENTRY_TIME:
		return pf->enrolment ? enrolment_fact(pf->g, pf->enrolment, path) : VALUE_NONE;
	case FACT_PRODUCT:
		return product_fact(pf, path);
	}
	WRONG("a root that facts do not know");
}

/* ---------------------------------------------------------------- the past, sets, stages */

static struct rows
rows(void *self, uint32_t stream)
{
	const struct person_facts *pf = self;
	struct engine *g = pf->g;
	if (stream >= pf->program->n_streams)
		return (struct rows){0};
	uint32_t s = pf->program->streams[stream];
	const struct stream_shape *shape = &g->shapes.items[s];
	if (!g->streams.items[s].by_account)
		return rows_view(person_rows(g, profile_of(pf)), s, shape, &g->scratch);
	return pf->account ? rows_view(&pf->account->rows, s, shape, &g->scratch) : (struct rows){0};
}

static bool
truth_at(const struct standing *s, uint32_t place)
{
	return s->truths[place / 64] >> place % 64 & 1;
}

/* Nobody may have asked for it yet. Outside of the person's own turn the answer is given and not kept. */
static bool
lazy_holds(struct engine *g, uint32_t person, const struct standing *s, uint32_t condition)
{
	struct person_facts pf;
	struct at_hand *h = &g->at_hand;
	bool own = h->person == person && h->program == s->program;
	const struct cond *c = s->program->p->conditions[condition].cond;
	wall expiry = WALL_NEVER;
	if (!own) {
		person_facts(g, person, s->program, NULL, &pf);
		return cond_true(c, &pf.facts, NULL, g->instant, &g->scratch, &expiry);
	}
	uint32_t w = s->program->place[condition] / 64;
	uint64_t bit = 1ull << s->program->place[condition] % 64;
	bool now = cond_true(c, &h->facts.facts, NULL, g->instant, &g->scratch, &expiry);
	person_at(g, person)->standing->truths[w] |= now ? bit : 0;
	s->wanted[w] |= bit;
	person_at(g, person)->conditions_due = wall_min(person_at(g, person)->conditions_due, expiry);
	return now;
}

bool
person_holds(struct engine *g, uint32_t person, uint32_t condition)
{
	const struct standing *s = person_at(g, person)->standing;
	if (condition == UINT32_MAX)
		return true;             /* everyone */
	if (!s || condition >= s->program->p->n_conditions)
		return false;
	uint32_t place = s->program->place[condition];
	if ((s->program->lazy[place / 64] & ~s->wanted[place / 64]) >> place % 64 & 1)
		return lazy_holds(g, person, s, condition);
	return truth_at(s, place);
}

bool
person_holds_of(struct engine *g, uint32_t person, const struct live_program *lp, uint32_t condition, wall *ret_expiry)
{
	const struct standing *s = person_at(g, person)->standing;
	*ret_expiry = WALL_NEVER;        /* the person's own alarm covers what stands */
	if (condition == UINT32_MAX || (s && s->program == lp))
		return person_holds(g, person, condition);
	const uint32_t *same = s ? strmap_get(&s->program->texts, lp->p->conditions[condition].text) : NULL;
	if (same)
		return person_holds(g, person, *same);
	struct person_facts pf;
	person_facts(g, person, lp, NULL, &pf);
	return cond_true(lp->p->conditions[condition].cond, &pf.facts, NULL, g->instant, &g->scratch, ret_expiry);
}

static bool
in_segment(void *self, uint32_t segment)
{
	const struct person_facts *pf = self;
	const struct standing *s = person_at(pf->g, pf->person)->standing;
	uint32_t c = segment < pf->program->p->vocabulary.n_segments ? pf->program->segment_index[segment] : UINT32_MAX;
	if (!s || c == UINT32_MAX)
		return false;
	if (s->program == pf->program)
		return truth_at(s, s->program->place[c]);
	const uint32_t *there = strmap_get(&s->program->segments, pf->program->p->conditions[c].name);
	return there && truth_at(s, s->program->place[*there]);
}

static bool
in_journey(void *self, struct str journey)
{
	const struct person_facts *pf = self;
	const struct journeys *j = person_at(pf->g, pf->person)->journeys;
	return j && journeys_in(j, journey);
}

static const struct model_def *
model_named(const struct program *p, struct str name, uint32_t *ret_index)
{
	for (uint32_t m = 0; m < p->n_models; m++)
		if (str_eq(p->models[m].name, name)) {
			*ret_index = m;
			return &p->models[m];
		}
	return NULL;
}

static struct str
stage(void *self, uint32_t model, wall *ret_since)
{
	const struct person_facts *pf = self;
	const struct standing *s = person_at(pf->g, pf->person)->standing;
	const struct vocabulary *v = &pf->program->p->vocabulary;
	uint32_t m = 0;
	if (!s || (model != UINT32_MAX && model >= v->n_models))
		return (struct str){0};
	struct str name = model == UINT32_MAX ? v->primary_model : v->models[model];
	const struct model_def *def = model_named(s->program->p, name, &m);
	if (!def || s->stage[m] == STAGE_NOWHERE)
		return (struct str){0};
	if (ret_since)
		*ret_since = s->since[m];
	return def->stages[s->stage[m]].name;
}

/* ---------------------------------------------------------------- what is shared */

static const struct json *
thing(void *self, struct str kind, struct str key)
{
	const struct person_facts *pf = self;
	return catalog_thing(pf->g->catalog, kind, key);
}

static const struct json *
nearest(void *self, struct str kind, fixed latitude, fixed longitude, fixed *ret_metres)
{
	const struct person_facts *pf = self;
	return catalog_nearest(pf->g->catalog, kind, latitude, longitude, ret_metres);
}

static void
people(void *self, bool (*visit)(void *visitor, const struct facts *member), void *visitor)
{
	const struct person_facts *pf = self;
	for (size_t i = 0; pf->account && i < pf->account->members.len; i++) {
		struct person_facts member;
		person_facts(pf->g, pf->account->members.items[i], pf->program, NULL, &member);
		if (!visit(visitor, &member.facts))
			return;
	}
}

static int
compare_days(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
	return (x > y) - (x < y);
}

static bool
holiday(void *self, int64_t day)
{
	const struct person_facts *pf = self;
	const struct program *p = pf->program->p;
	return p->n_holidays && bsearch(&day, p->holidays, p->n_holidays, sizeof(day), compare_days);
}

static bool
convert(void *self, struct str currency, wall at, fixed amount, fixed *ret)
{
	const struct engine *g = self;
	if (!currency.len || (g->live && str_eq(currency, g->live->p->currency))) {
		*ret = amount;
		return true;
	}
	return catalog_convert(g->catalog, currency, at, amount, ret);
}

struct money_port
engine_money(struct engine *g)
{
	return (struct money_port){g, convert};
}

void
person_facts(struct engine *g, uint32_t person, const struct live_program *lp, const struct enrolment *en, struct person_facts *ret)
{
	*ret = (struct person_facts){
	    .facts = {.zone = person_zone(g, person), .person = person, .rows = rows, .fact = fact, .in_segment = in_segment,
		.in_journey = in_journey, .stage = stage, .thing = thing, .nearest = nearest, .people = people, .holiday = holiday},
	    .g = g, .person = person, .program = lp, .enrolment = en,
	    .account = account_at(g, profile_at(&g->people, person)->account), .money = engine_money(g)};
	ret->facts.self = ret;
	ret->facts.money = &ret->money;
}

bool
person_reachable(const struct engine *g, uint32_t person)
{
	const struct profile *p = profile_at(&g->people, person);
	return profile_is_somebody(p) && !p->erased && !p->set_aside;
}

/* Questions, answered by the fold thread without changing anything. */
#include "engine/engine_priv.h"
#include "profile/address.h"

uint32_t
engine_find(const struct engine *g, struct str key)
{
	return identity_find(&g->people, key);
}

uint32_t
engine_forward(const struct engine *g, uint32_t number)
{
	return people_resolve(&g->people, number);
}

uint32_t
engine_profile_count(const struct engine *g)
{
	return g->people.n;
}

/* ---------------------------------------------------------------- sets */

bool
engine_segment_members(const struct engine *g, struct str name, struct buf *ret_portable_bitmap)
{
	const uint32_t *segment = g->live ? strmap_get(&g->live->segments, name) : NULL;
	if (!segment)
		return false;
	members_write(g->live->members[*segment], ret_portable_bitmap);
	return true;
}

void
engine_condition_members(struct engine *g, const struct cond *c, uint32_t from, uint32_t to, void (*take)(void *self, uint32_t number), void *self)
{
	for (uint32_t n = from ? from : 1; g->live && n < to && n <= g->people.n; n++) {
		struct person_facts pf;
		if (!profile_is_somebody(profile_at(&g->people, n)))
			continue;
		person_facts(g, n, g->live, NULL, &pf);
		if (cond_true(c, &pf.facts, NULL, g->latest, &g->scratch, NULL))
			take(self, n);
		arena_reset(&g->scratch);
	}
}

static bool
would_enter(struct engine *g, const struct live_program *lp, const struct journey_def *j, uint32_t person)
{
	struct person_facts pf;
	bool starts = false;
	person_facts(g, person, lp, NULL, &pf);
	for (size_t i = 0; i < j->n_entry_on && !starts; i++)
		if (trigger_kind(j->entry_on[i]) == TRIGGER_BECOMES)
			starts = cond_true(trigger_condition(j->entry_on[i]), &pf.facts, NULL, g->latest, &g->scratch, NULL);
	return starts && (!j->entry_if || cond_true(j->entry_if, &pf.facts, NULL, g->latest, &g->scratch, NULL));
}

size_t
engine_would_enter(struct engine *g, const struct program *p, struct str journey)
{
	const struct live_program *lp = live_find(g, p->version);
	const struct journey_def *j = program_journey(p, journey);
	size_t n = 0;
	for (uint32_t i = 1; lp && j && i <= g->people.n; i++) {
		if (profile_is_somebody(profile_at(&g->people, i)))
			n += would_enter(g, lp, j, i);
		arena_reset(&g->scratch);
	}
	return n;
}

/* ---------------------------------------------------------------- stages */

bool
engine_stages_json(const struct engine *g, struct str model, struct json_writer *w)
{
	const struct live_program *lp = g->live;
	for (uint32_t m = 0; lp && m < lp->p->n_models; m++) {
		const struct model_def *def = &lp->p->models[m];
		if (model.len ? !str_eq(def->name, model) : m != lp->p->primary_model)
			continue;
		jw_object(w);
		jw_kstr(w, "model", def->name);
		jw_kstr(w, "label", def->label);
		jw_karray(w, "stages");
		for (uint8_t i = 0; i < def->n_stages; i++) {
			const struct stage_def *s = &def->stages[def->order[i]];
			jw_object(w);
			jw_kstr(w, "stage", s->name);
			jw_kstr(w, "label", s->label);
			jw_kbool(w, "of_business", s->of_business);
			jw_kint(w, "people", lp->stage_people[m][def->order[i]]);
			jw_object_end(w);
		}
		jw_array_end(w);
		jw_object_end(w);
		return true;
	}
	return false;
}

/* ---------------------------------------------------------------- one person */

static void
write_stages(const struct standing *s, struct json_writer *w)
{
	jw_kobject(w, "stages");
	for (uint32_t m = 0; s && m < s->program->p->n_models; m++) {
		const struct model_def *def = &s->program->p->models[m];
		if (s->stage[m] == STAGE_NOWHERE)
			continue;
		jw_key(w, def->name);
		jw_object(w);
		jw_kstr(w, "stage", def->stages[s->stage[m]].name);
		jw_kstr(w, "label", def->stages[s->stage[m]].label);
		jw_kwall(w, "since", s->since[m]);
		jw_object_end(w);
	}
	jw_object_end(w);
}

static void
write_segments(struct engine *g, uint32_t number, struct json_writer *w)
{
	const struct standing *s = person_at(g, number)->standing;
	jw_karray(w, "segments");
	for (uint32_t c = 0; s && c < s->program->p->n_segments; c++)
		if (person_holds(g, number, c))
			jw_str(w, s->program->p->conditions[c].name);
	jw_array_end(w);
}

static void
write_traits(struct profile *p, struct json_writer *w)
{
	static const struct { const char *key; enum trait_root root; bool claimed; } parts[] = {{"traits", ROOT_TRAIT, false},
	    {"claimed", ROOT_TRAIT, true}, {"preferences", ROOT_PREFERENCE, false}, {"topics", ROOT_TOPIC, false}, {"predictions", ROOT_PREDICT, false}};
	traits_sort(&p->traits);
	for (size_t i = 0; i < COUNT(parts); i++) {
		jw_key(w, str_of(parts[i].key));
		traits_write_json(&p->traits, parts[i].root, parts[i].claimed, w);
	}
}

static void
write_ids(const struct profile *p, struct json_writer *w)
{
	jw_kstr(w, "user_id", profile_user_id(p));
	jw_karray(w, "user_ids");
	for (uint32_t i = 0; i < p->ids.n_users; i++)
		jw_str(w, p->ids.users[i]);
	jw_array_end(w);
	jw_karray(w, "anonymous_ids");
	for (uint32_t i = 0; i < p->ids.n_anonymous; i++)
		jw_str(w, p->ids.anonymous[i]);
	jw_array_end(w);
	jw_karray(w, "joins");
	for (uint32_t i = 0; i < p->ids.n_joins; i++) {
		jw_object(w);
		jw_kint(w, "other", p->ids.joins[i].other);
		jw_kstr(w, "why", str_of(join_text((enum join_why)p->ids.joins[i].why)));
		jw_kwall(w, "at", p->ids.joins[i].at);
		jw_object_end(w);
	}
	jw_array_end(w);
}

static void
write_account(const struct engine *g, const struct profile *p, struct json_writer *w)
{
	struct account *a = account_at(g, p->account);
	if (!a)
		return;
	jw_kobject(w, "account");
	jw_kstr(w, "id", a->id);
	jw_kint(w, "people", (int64_t)a->members.len);
	jw_key(w, STR("traits"));
	traits_sort(&a->traits);
	traits_write_json(&a->traits, ROOT_TRAIT, false, w);
	jw_object_end(w);
}

static void
write_cart(const struct profile *p, struct json_writer *w)
{
	jw_kobject(w, "cart");
	jw_kfixed(w, "count", cart_count(&p->cart));
	jw_kfixed(w, "value", cart_value(&p->cart));
	jw_key(w, STR("items"));
	cart_write_json(&p->cart, w);
	jw_object_end(w);
}

static void
write_reach(const struct engine *g, const struct profile *p, uint32_t number, struct json_writer *w)
{
	char buf[ADDRESS_BYTES];
	struct str reason;
	struct str email = profile_email(p, buf);
	jw_kstr(w, "email", email);
	jw_kbool(w, "email_trusted", email.len && profile_email_trusted(p));
	if (engine_suppressed(g, p->email_hash, g->latest, &reason))
		jw_kstr(w, "suppressed", reason.len ? reason : STR("suppressed"));
	jw_kstr(w, "phone", profile_phone(p, buf));
	jw_kstr(w, "country", profile_country(p));
	jw_kstr(w, "locale", profile_locale(p));
	jw_kstr(w, "zone", tz_name(person_zone(g, number)));
	jw_kbool(w, "zone_known", p->zone != NULL);
}

void
engine_profile_json(struct engine *g, uint32_t number, struct json_writer *w)
{
	number = people_resolve(&g->people, number);
	jw_object(w);
	if (number && number <= g->people.n) {
		struct profile *p = profile_at(&g->people, number);
		jw_kint(w, "number", number);
		jw_kbool(w, "erased", p->erased);
		jw_kbool(w, "set_aside", p->set_aside);
		if (p->met) {
			jw_kwall(w, "first_seen", p->first_seen);
			jw_kwall(w, "last_seen", p->last_seen);
		}
		write_ids(p, w);
		write_reach(g, p, number, w);
		write_traits(p, w);
		write_account(g, p, w);
		jw_key(w, STR("consent"));
		consents_write_json(&p->consents, w);
		write_cart(p, w);
		write_stages(person_at(g, number)->standing, w);
		write_segments(g, number, w);
		if (person_at(g, number)->journeys)
			journeys_write_json(person_at(g, number)->journeys, w);
		wall due = person_due(g, number);
		if (due.ms != WALL_NEVER.ms)
			jw_kwall(w, "looks_again", due);
	}
	jw_object_end(w);
}

void
engine_profile_ids_json(const struct engine *g, uint32_t number, struct json_writer *w)
{
	char buf[ADDRESS_BYTES];
	number = people_resolve(&g->people, number);
	const struct profile *p = number && number <= g->people.n ? profile_at(&g->people, number) : NULL;
	jw_object(w);
	jw_kint(w, "number", number);
	jw_kstr(w, "user_id", p ? profile_user_id(p) : STR(""));
	jw_kstr(w, "email", p ? profile_email(p, buf) : STR(""));
	jw_object_end(w);
}

/* ---------------------------------------------------------------- metrics */

void
engine_metrics_json(const struct engine *g, struct json_writer *w)
{
	size_t bytes = sizeof(*g);
	size_t standing = g->live ? sizeof(struct standing) + sizeof(uint64_t) * g->live->n_words + 9 * g->live->p->n_models + 16 : 0;
	bytes += (size_t)g->people.n_pages * PEOPLE_PAGE * (sizeof(struct profile) + sizeof(struct person)) + g->people.n * standing +
	    g->people.texts.bytes + g->people.store.bytes + g->alarms.cap * sizeof(struct alarm);
	jw_object(w);
	jw_kint(w, "profiles", g->people.met);
	jw_kint(w, "numbers", g->people.n);
	jw_kint(w, "accounts", (int64_t)g->accounts.len);
	jw_kint(w, "enrolments", (int64_t)g->enrolments);
	jw_kint(w, "alarms", (int64_t)g->alarms.len);
	jw_kint(w, "backlog", (int64_t)engine_backlog(g, g->latest));
	jw_kint(w, "alarms_rung", (int64_t)g->rung);
	jw_kint(w, "conditions_worked_out", (int64_t)g->worked_out);
	jw_kint(w, "sweeping", g->sweep ? g->people.n - g->sweep + 1 : 0);
	jw_kint(w, "catalogue", (int64_t)catalog_count(g->catalog));
	jw_kint(w, "suppressions", (int64_t)g->suppressions.len);
	jw_kint(w, "streams", (int64_t)g->streams.len);
	jw_kint(w, "position", (int64_t)g->position);
	jw_kint(w, "bytes", (int64_t)bytes);
	jw_kbool(w, "in_history", g->live_since.ms == WALL_NEVER.ms);
	if (g->position)
		jw_kwall(w, "now", g->latest);
	jw_object_end(w);
}

bool
engine_knows_currency(const struct engine *g, struct str currency)
{
	fixed ignored;
	return !g->live || str_eq(g->live->p->currency, currency) || catalog_convert(g->catalog, currency, g->latest, 10000, &ignored);
}

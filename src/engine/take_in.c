/* What an entry says about its person: ids, traits, consent, cart, account, and the rows that conditions ask for. */
#include "engine/engine_priv.h"
#include "base/limits.h"

bool
is_event(const struct entry *en)
{
	return (en->kind == ENTRY_TRACK || en->kind == ENTRY_PAGE || en->kind == ENTRY_SCREEN) && en->body;
}

void
event_of_entry(const struct entry *en, struct event_view *ret)
{
	const struct json *context = entry_context(en);
	const struct json *arrival = json_get(en->body, STR("arrival"));
	*ret = (struct event_view){.kind = en->kind, .name = en->name, .source = en->source, .time = en->happened, .seq = en->seq,
	    .properties = entry_properties(en), .context = context, .arrival = arrival ? arrival : json_get(context, STR("arrival"))};
}

/* ---------------------------------------------------------------- rows of the past */

struct feeding {                         /* one event into the streams that it may feed */
	struct engine *g;
	struct profile *profile;
	struct account *account;         /* NULL = none */
	const struct event_view *ev;
	struct money_port money;
	uint32_t stream;                 /* in hand */
	bool fed;
	bool shared_only;                /* the person's own rows have it already */
	bool absent_only;
	bool missing_only;               /* back-fill */
};

static struct row_sets *
sets_of(const struct feeding *f, uint32_t stream)
{
	const struct stream *s = &f->g->streams.items[stream];
	if (f->missing_only && !s->missing)
		return NULL;
	if (s->by_account)
		return f->account ? &f->account->rows : NULL;
	return f->shared_only && !s->absent ? NULL : person_rows(f->g, f->profile);
}

static void
take_row(void *self, const struct value *columns, uint64_t amend_key)
{
	struct feeding *f = self;
	struct engine *g = f->g;
	struct row row = {.time = f->ev->time, .seq = f->ev->seq, .key = amend_key, .columns = (struct value *)columns};
	rows_add(&g->people.store, sets_of(f, f->stream), f->stream, &g->shapes.items[f->stream], &row, g->instant);
	f->fed = true;
}

static void
feed_stream(void *self, const struct features *features, uint32_t of_program, uint32_t stream)
{
	struct feeding *f = self;
	if (!sets_of(f, stream))
		return;
	f->stream = stream;
	f->fed = false;
	features_accept(features, of_program, f->ev, &f->money, &f->g->scratch, take_row, f);
	if (f->fed && !f->missing_only && !f->shared_only)
		stale_added(f->g, stream, f->ev->time);
}

struct amending { struct feeding *f; const struct live_program *lp; };

/* A refund that names no order is taken off at its own time. */
static void
add_negative(struct feeding *f, uint32_t stream, const struct stream_shape *shape, const struct amend *x)
{
	struct value columns[STREAM_COLUMNS_MAX] = {0};
	if (x->column < 0 || x->column >= shape->n_columns)
		return;
	columns[x->column] = value_number(-x->amount);
	struct row row = {.time = f->ev->time, .seq = f->ev->seq, .negative = true, .columns = columns};
	rows_add(&f->g->people.store, sets_of(f, stream), stream, shape, &row, f->g->instant);
}

static void
amend_stream(void *self, const struct amend *x)
{
	struct amending *a = self;
	struct engine *g = a->f->g;
	uint32_t stream = a->lp->streams[x->stream];
	struct stream *s = &g->streams.items[stream];
	const struct stream_shape *shape = &g->shapes.items[stream];
	if (s->amended == g->feeds && s->amended_by != a->lp)
		return;                  /* another program has done it */
	s->amended = g->feeds;
	s->amended_by = a->lp;
	if (!sets_of(a->f, stream))
		return;
	if (x->key) {
		struct amend_note note = {.time = a->f->ev->time, .seq = a->f->ev->seq, .key = x->key, .amount = x->amount,
		    .column = (int16_t)x->column, .voids = x->voids};
		rows_amend(&g->people.store, sets_of(a->f, stream), stream, shape, &note);
	} else if (!x->voids) {
		add_negative(a->f, stream, shape, x);
	}
	if (!a->f->missing_only && !a->f->shared_only)
		stale_stream(g, stream);
}

static void
feed(struct feeding *f)
{
	live_feeds(f->g, f->ev, feed_stream, f);
	for (const struct live_program *lp = f->g->kept; lp; lp = lp->next) {
		struct amending a = {f, lp};
		if (f->ev->kind == ENTRY_TRACK && features_amends(lp->p->features, f->ev->name))
			features_amend(lp->p->features, f->ev, &f->money, amend_stream, &a);
	}
}

static struct feeding
feeding_of(struct engine *g, uint32_t person, const struct event_view *ev)
{
	struct profile *p = profile_at(&g->people, person);
	return (struct feeding){.g = g, .profile = p, .account = account_at(g, p->account), .ev = ev, .money = engine_money(g)};
}

void
take_in_said(struct engine *g, const struct event_view *ev)
{
	struct feeding f = feeding_of(g, g->at_hand.person, ev);
	feed(&f);
	person_touch(g, g->at_hand.person);
}

void
take_in_shared(struct engine *g, const struct entry *en)
{
	struct event_view ev;
	struct feeding f = feeding_of(g, people_resolve(&g->people, en->profile), &ev);
	if (is_event(en)) {
		event_of_entry(en, &ev);
		f.shared_only = true;
		feed(&f);
	} else if (en->kind == ENTRY_GROUP && f.profile->account) {
		account_apply(g, f.profile->account, entry_properties(en), en);
	}
}

void
engine_backfill(struct engine *g, const struct entry *en)
{
	struct event_view ev;
	uint32_t person = people_resolve(&g->people, en->profile);
	if (!is_event(en) || !person || person > g->people.n)
		return;
	event_of_entry(en, &ev);
	struct feeding f = feeding_of(g, person, &ev);
	f.missing_only = true;
	feed(&f);
	person_touch(g, person);
	arena_reset(&g->scratch);
}

void
engine_backfill_done(struct engine *g)
{
	for (size_t i = 0; i < g->streams.len; i++)
		g->streams.items[i].missing = false;
}

/* ---------------------------------------------------------------- traits */

static enum fact_root
fact_root_of(enum trait_root root)
{
	static const enum fact_root roots[] = {
	    [ROOT_TRAIT] = FACT_TRAIT, [ROOT_PREFERENCE] = FACT_PREFERENCE, [ROOT_TOPIC] = FACT_TOPIC, [ROOT_PREDICT] = FACT_PREDICT};
	return roots[root];
}

static uint32_t
reads_of(enum trait_root root)
{
	static const uint32_t reads[] = {[ROOT_TRAIT] = READS_TRAITS, [ROOT_PREFERENCE] = READS_PREFERENCES, [ROOT_TOPIC] = READS_PREFERENCES,
	    [ROOT_PREDICT] = READS_PREDICTIONS};
	return reads[root];
}

void
note_change(struct engine *g, enum fact_root root, struct str name, const struct value *old, const struct value *now)
{
	struct value kept = *old;
	*vec_push(&g->at_hand.changes) = (struct changed){.root = root, .name = arena_str(&g->scratch, name),
	    .from = json_of_value(&g->scratch, old), .to = json_of_value(&g->scratch, now)};
	struct changed *c = vec_last(&g->at_hand.changes);
	c->from = c->from ? json_copy(&g->scratch, c->from) : NULL;
	value_drop(&g->people.texts, &kept);
}

static bool
set_one(struct engine *g, enum trait_root root, struct str name, const struct value *v, enum trust trust, wall since)
{
	struct profile *p = profile_at(&g->people, g->at_hand.person);
	struct value old = VALUE_NONE;
	enum trait_change change = trait_set(&g->people.texts, &p->traits, root, name, v, trust, since, &old);
	if (change == TRAIT_REFUSED && g->d) {
		struct err *e = vec_push(&g->d->reports);
		(void)fail(e, ERR_LIMIT, "a person has too many traits, or too long ones: '%.*s' was left out", STR_ARGS(name));
	}
	if (change != TRAIT_CHANGED) {
		value_drop(&g->people.texts, &old);
		return false;
	}
	note_change(g, fact_root_of(root), name, &old, v);
	engine_stale(g, reads_of(root));
	return true;
}

static bool
set_all(struct engine *g, enum trait_root root, const struct json *object, enum trust trust, wall since)
{
	bool changed = false;
	json_each (member, object) {
		struct value v = value_of_json(member);
		if (member->key.len && member->key.len <= LIMIT_NAME_BYTES)
			changed |= set_one(g, root, member->key, &v, trust, since);
	}
	return changed;
}

/* Address and zone may be others now; conditions about clocks depend on the zone. */
static void
after_traits(struct engine *g)
{
	struct at_hand *h = &g->at_hand;
	struct profile *p = profile_at(&g->people, h->person);
	const struct tz *before = p->zone;
	uint64_t address = p->email_hash;
	profile_refresh(&g->people, h->person, g->zones);
	h->facts.facts.zone = person_zone(g, h->person);
	if (before != p->zone)
		stale_all(g);
	h->look_again |= address != p->email_hash;
}

static void
take_in_identify(struct engine *g, const struct entry *en)
{
	bool changed = set_all(g, ROOT_TRAIT, json_get(en->body, STR("traits")), en->trust, en->happened);
	set_all(g, ROOT_PREFERENCE, json_get(en->body, STR("preferences")), en->trust, en->happened);
	set_all(g, ROOT_TOPIC, json_get(en->body, STR("topics")), en->trust, en->happened);
	if (changed)
		after_traits(g);
}

static void
take_in_score(struct engine *g, const struct entry *en)
{
	const struct json *scores = json_get(en->body, STR("predict"));
	set_all(g, ROOT_PREDICT, scores ? scores : json_get(en->body, STR("scores")), TRUST_SELF, en->happened);
}

void
engine_set_trait(struct engine *g, uint32_t person, struct str path, const struct value *v)
{
	static const struct { struct str prefix; enum trait_root root; } roots[] = {
	    {STR_INIT("trait."), ROOT_TRAIT}, {STR_INIT("preference."), ROOT_PREFERENCE}, {STR_INIT("topic."), ROOT_TOPIC}};
	ASSERT(person == g->at_hand.person);
	enum trait_root root = ROOT_TRAIT;
	for (size_t i = 0; i < COUNT(roots); i++)
		if (str_starts(path, roots[i].prefix)) {
			root = roots[i].root;
			path = str_slice(path, roots[i].prefix.len, path.len);
			break;
		}
	if (set_one(g, root, path, v, TRUST_SELF, g->now) && root == ROOT_TRAIT)
		after_traits(g);
	person_touch(g, person);
}

/* ---------------------------------------------------------------- consent, cart, account */

static void
consent_say(struct engine *g, const struct consent *say)
{
	struct profile *p = profile_at(&g->people, g->at_hand.person);
	if (!consent_set(&g->people.texts, &p->consents, say))
		return;
	engine_stale(g, READS_CONSENT);
	g->at_hand.look_again = true;
}

static void
take_in_consent(struct engine *g, const struct entry *en)
{
	struct str purpose = json_text(json_get(en->body, STR("purpose"))), how = json_text(json_get(en->body, STR("source")));
	struct consent say = {.channel = json_text(json_get(en->body, STR("channel"))), .purpose = purpose.len ? purpose : STR("marketing"),
	    .granted = json_is(json_get(en->body, STR("granted")), JSON_TRUE), .trust = (uint8_t)en->trust, .at = en->happened, .seq = en->seq,
	    .how = how, .wording = json_text(json_get(en->body, STR("wording")))};
	say.confirmed = en->trust != TRUST_PUBLIC || json_is(json_get(en->body, STR("confirmed")), JSON_TRUE);
	if (en->trust == TRUST_PUBLIC)
		say.confirmed = false;
	if (say.channel.len && say.channel.len <= LIMIT_NAME_BYTES && say.purpose.len <= LIMIT_NAME_BYTES)
		consent_say(g, &say);
}

void
engine_set_consent(struct engine *g, uint32_t person, struct str channel, struct str purpose, bool granted, struct str how)
{
	ASSERT(person == g->at_hand.person);
	consent_say(g, &(struct consent){.channel = channel, .purpose = purpose.len ? purpose : STR("marketing"), .granted = granted,
	    .confirmed = true, .trust = TRUST_SELF, .at = g->now, .seq = g->position, .how = how});
	person_touch(g, person);
}

static void
take_in_event(struct engine *g, const struct entry *en)
{
	struct profile *p = profile_at(&g->people, g->at_hand.person);
	struct money_port money = engine_money(g);
	struct feeding f = feeding_of(g, g->at_hand.person, g->at_hand.event);
	feed(&f);
	if (en->kind == ENTRY_TRACK &&
	    cart_event(&g->people.texts, &p->cart, en->name, entry_properties(en), en->happened, en->seq, money.convert, money.self))
		engine_stale(g, READS_CART);
}

static void
take_in_group(struct engine *g, const struct entry *en)
{
	struct at_hand *h = &g->at_hand;
	struct str id = json_text(json_get(en->body, STR("groupId")));
	if (!id.len || id.len > LIMIT_ID_BYTES)
		return;
	uint32_t account = account_open(g, id);
	if (profile_at(&g->people, h->person)->account != account) {
		account_join(g, h->person, account);
		person_facts(g, h->person, h->program, NULL, &h->facts);
		stale_all(g);
	}
	account_apply(g, account, entry_properties(en), en);
}

/* ---------------------------------------------------------------- whose ids */

static bool
is_last(const struct str *list, uint16_t n, struct str id)
{
	return !id.len || (n > 0 && str_eq(list[n - 1], id));
}

/* The usual call brings no id that is not known; then there is nothing to learn. */
static void
take_in_ids(struct engine *g, const struct entry *en)
{
	uint32_t person = g->at_hand.person;
	const struct ids *ids = &profile_at(&g->people, person)->ids;
	struct str user = entry_user_id(en);
	if (en->kind != ENTRY_ALIAS && !en->absorbed && is_last(ids->users, ids->n_users, user) &&
	    is_last(ids->anonymous, ids->n_anonymous, entry_anonymous_id(en)))
		return;
	struct identity was = identity_decide(&g->people, en);
	identity_learn(&g->people, en, person);
	if (was.refused && was.refused <= g->people.n)
		person_touch(g, was.refused);
}

void
take_in(struct engine *g, const struct entry *en)
{
	struct profile *p = profile_at(&g->people, g->at_hand.person);
	p->last_entry = en->seq;
	p->first_seen = wall_min(p->first_seen, en->happened);
	p->last_seen = wall_max(p->last_seen, en->happened);
	person_touch(g, g->at_hand.person);
	if (!en->body)
		return;                  /* erased */
	take_in_ids(g, en);
	switch (en->kind) {
	case ENTRY_IDENTIFY:
		take_in_identify(g, en);
		break;
	case ENTRY_TRACK:
	case ENTRY_PAGE:
	case ENTRY_SCREEN:
		take_in_event(g, en);
		break;
	case ENTRY_CONSENT:
		take_in_consent(g, en);
		break;
	case ENTRY_GROUP:
		take_in_group(g, en);
		break;
	case ENTRY_SCORE:
		take_in_score(g, en);
		break;
	case ENTRY_MARK:
		journeys_mark(g, en);
		break;
	case ENTRY_OUTCOME:
		journeys_outcome(g, en);
		break;
	default:
		break;
	}
}

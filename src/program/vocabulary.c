/* vocabulary.yaml: what the business calls things, and the types behind the names. */
#include "program/program_priv.h"
#include "base/limits.h"
#include "base/str.h"

enum { TYPE_DEPTH = 6 };

static const struct { const char *word; enum type_kind kind; } type_words[] = {
    {"text", TYPE_TEXT}, {"number", TYPE_NUMBER}, {"money", TYPE_MONEY}, {"truth", TYPE_TRUTH}, {"date", TYPE_TIME}, {"time", TYPE_TIME},
    {"duration", TYPE_DURATION}, {"distance", TYPE_DISTANCE}, {"list", TYPE_LIST}, {"object", TYPE_OBJECT}, {"any", TYPE_UNKNOWN},
};

/* What Perennial itself writes; a program may say more about them, never less. */
static const char built_in_events[] =
    "Message Sent: { journey: text, step: text, template: text, variant: text, channel: text, purpose: text, topic: text, key: text, tags: list, message_id: text }\n"
    "Email Opened: { journey: text, step: text, template: text, message_id: text, campaign_id: text, campaign_name: text, email_id: text, email_subject: text }\n"
    "Email Link Clicked: { journey: text, step: text, template: text, message_id: text, link_url: text, link_id: text, campaign_id: text, campaign_name: text, email_id: text, email_subject: text }\n"
    "Email Prefetched: { journey: text, step: text, template: text, message_id: text }\n"
    "Link Scanned: { journey: text, step: text, template: text, message_id: text, link_url: text }\n"
    "Email Delivered: { journey: text, step: text, template: text, message_id: text, campaign_id: text, campaign_name: text }\n"
    "Email Marked as Spam: { journey: text, step: text, template: text, message_id: text, campaign_id: text, campaign_name: text }\n"
    "Message Bounced: { journey: text, step: text, template: text, message_id: text, reason: text }\n"
    "Unsubscribed: { topic: text, channel: text, purpose: text }\n"
    "Task Completed: { task: text, outcome: text, journey: text }\n"
    "Journey Entered: { journey: text, key: text }\n"
    "Journey Left: { journey: text, key: text, reason: text }\n"
    "Page Viewed: { path: text, url: text, title: text, referrer: text, name: text, search: text }\n"
    "Screen Viewed: { name: text }\n";

struct type_reader {
	struct maker *m;
	const struct yaml *lists;      /* of the vocabulary, by name */
	int depth;
};
static struct type read_type(struct type_reader *r, const struct yaml *y);

static struct type
read_object(struct type_reader *r, const struct yaml *y)
{
	struct type t = {.kind = TYPE_OBJECT};
	VEC(struct type_field) fields = {0};
	if (y && y->kind != YAML_MAPPING && yaml_text(y).len)
		problem_at(r->m, y, "properties are written { name: type, … }");
	yaml_each(child, y && y->kind == YAML_MAPPING ? y : NULL) {
		if (child->key.len > LIMIT_NAME_BYTES)
			problem_at_key(r->m, child, "a name is at most %d bytes long", LIMIT_NAME_BYTES);
		*vec_push(&fields) = (struct type_field){child->key, read_type(r, child)};
	}
	t.fields = arena_items(r->m, &fields);
	t.n_fields = fields.len;
	vec_release(&fields);
	return t;
}

static struct type
read_list_type(struct type_reader *r, const struct yaml *y, struct str of)
{
	char near[96];
	struct type *item = arena_new(r->m->a, struct type);
	struct type t = {.kind = TYPE_LIST, .item = item};
	const struct yaml *list = r->lists ? yaml_get(r->lists, arena_cstr(r->m->a, of)) : NULL;
	if (list) {
		*item = r->depth < TYPE_DEPTH ? read_object(r, list) : (struct type){0};
		return t;
	}
	for (size_t i = 0; i < COUNT(type_words); i++)
		if (str_eq(of, str_of(type_words[i].word))) {
			item->kind = type_words[i].kind;
			return t;
		}
	problem_at(r->m, y, "'%.*s' is neither a type nor described under 'lists'%s", STR_ARGS(str_slice(of, 0, 60)),
	    r->lists && r->lists->first ? did_you_mean(of, &r->lists->first->key, 1, sizeof(struct str), near) : "");
	return t;
}

/* A list of words is an order: [none, bronze, silver, gold]. */
static struct type
read_words(struct type_reader *r, const struct yaml *y)
{
	struct type t = {.kind = TYPE_WORDS};
	yaml_each(child, y)
		if (child->kind != YAML_SCALAR)
			problem_at(r->m, child, "a list of words is a type: [small, large]");
	t.words = read_texts(r->m, y, &t.n_words);
	if (!t.n_words)
		problem_at(r->m, y, "an empty list of words: nothing could ever have this value");
	return t;
}

static struct type
read_type(struct type_reader *r, const struct yaml *y)
{
	char near[96];
	struct type t = {0};
	struct str known[COUNT(type_words)];
	if (++r->depth > TYPE_DEPTH)
		problem_at(r->m, y, "types are nested too deeply");
	else if (y->kind == YAML_SEQUENCE)
		t = read_words(r, y);
	else if (y->kind == YAML_MAPPING)
		t = read_object(r, y);
	else if (str_starts(y->text, STR("list of ")))
		t = read_list_type(r, y, str_trim(str_slice(y->text, 8, y->text.len)));
	else {
		bool found = false;
		for (size_t i = 0; i < COUNT(type_words); i++) {
			known[i] = str_of(type_words[i].word);
			if (str_eq(y->text, known[i])) {
				t.kind = type_words[i].kind;
				found = true;
			}
		}
		if (!found)
			problem_at(r->m, y, "'%.*s' is no type%s: text, number, money, truth, date, distance, list of …, or a list of words",
			    STR_ARGS(str_slice(y->text, 0, 60)), did_you_mean(y->text, known, COUNT(known), sizeof(known[0]), near));
	}
	r->depth--;
	return t;
}

typedef VEC(struct event_type) event_list;

static struct event_type *
event_named(event_list *events, struct str name)
{
	for (size_t i = 0; i < events->len; i++)
		if (str_eq(events->items[i].name, name))
			return &events->items[i];
	return NULL;
}

static void
add_events(struct type_reader *r, event_list *events, const struct yaml *y)
{
	yaml_each(child, y && y->kind == YAML_MAPPING ? y : NULL) {
		struct type t = read_object(r, child);
		if (event_named(events, child->key))
			problem_at_key(r->m, child, "the event \"%.*s\" is described twice", STR_ARGS(str_slice(child->key, 0, 60)));
		else
			*vec_push(events) = (struct event_type){child->key, t};
	}
}

/* Fields that the program does not name are added to what it says. */
static void
add_built_in(struct maker *m, event_list *events)
{
	struct yaml **docs;
	size_t n;
	struct err e = {0};
	struct type_reader r = {m, NULL, 0};
	if (!yaml_parse(m->a, "built in", STR(built_in_events), &docs, &n, &e) || n != 1)
		WRONG(e.text);
	yaml_each(child, docs[0]) {
		struct type t = read_object(&r, child);
		struct event_type *have = event_named(events, child->key);
		if (!have) {
			*vec_push(events) = (struct event_type){child->key, t};
			continue;
		}
		VEC(struct type_field) fields = {0};
		for (size_t i = 0; i < have->type.n_fields; i++)
			*vec_push(&fields) = have->type.fields[i];
		for (size_t i = 0; i < t.n_fields; i++) {
			bool said = false;
			for (size_t j = 0; j < have->type.n_fields; j++)
				said |= str_eq(t.fields[i].name, have->type.fields[j].name);
			if (!said)
				*vec_push(&fields) = t.fields[i];
		}
		have->type.fields = arena_items(m, &fields);
		have->type.n_fields = fields.len;
		vec_release(&fields);
	}
}

static bool
has_field(const struct type *t, struct str name)
{
	for (size_t i = 0; i < t->n_fields; i++)
		if (str_eq(t->fields[i].name, name))
			return true;
	return false;
}

static void
read_amendments(struct maker *m, const struct yaml *y, event_list *events)
{
	char near[96];
	VEC(struct amendment) list = {0};
	yaml_each(child, y && y->kind == YAML_MAPPING ? y : NULL) {
		struct amendment am = {.by = child->key, .event = yaml_text(yaml_get(child, "event")), .same = yaml_text(yaml_get(child, "same"))};
		const struct yaml *effect = yaml_get(child, "effect");
		struct event_type *event = event_named(events, am.event);
		if (str_eq(yaml_text(effect), STR("void")))
			am.is_void = true;
		else if (str_starts(yaml_text(effect), STR("subtract ")))
			am.subtract = str_trim(str_slice(effect->text, 9, effect->text.len));
		else
			problem_at(m, effect, "an effect is 'void', or 'subtract' and a property, such as: subtract total");
		if (!event)
			problem_at(m, yaml_get(child, "event"), "there is no event \"%.*s\" in this vocabulary%s", STR_ARGS(str_slice(am.event, 0, 60)),
			    events->len ? did_you_mean(am.event, &events->items[0].name, events->len, sizeof(events->items[0]), near) : "");
		else if (!has_field(&event->type, am.same))
			problem_at(m, yaml_get(child, "same"), "\"%.*s\" has no property '%.*s'", STR_ARGS(am.event), STR_ARGS(str_slice(am.same, 0, 60)));
		else if (am.subtract.len && !has_field(&event->type, am.subtract))
			problem_at(m, effect, "\"%.*s\" has no property '%.*s'", STR_ARGS(am.event), STR_ARGS(str_slice(am.subtract, 0, 60)));
		else
			*vec_push(&list) = am;
	}
	m->p->vocabulary.amendments = arena_items(m, &list);
	m->p->vocabulary.n_amendments = list.len;
	vec_release(&list);
}

static void
read_catalogue_types(struct type_reader *r, const struct yaml *y)
{
	VEC(struct type_field) kinds = {0};
	yaml_each(child, y && y->kind == YAML_MAPPING ? y : NULL) {
		if (word_index(child->key, "product|store|offer|content") < 0)
			problem_at_key(r->m, child, "the catalogue holds product, store, offer and content, not '%.*s'", STR_ARGS(str_slice(child->key, 0, 60)));
		*vec_push(&kinds) = (struct type_field){child->key, read_object(r, child)};
	}
	r->m->p->vocabulary.catalogue = arena_items(r->m, &kinds);
	r->m->p->vocabulary.n_catalogue = kinds.len;
	vec_release(&kinds);
}

void
make_vocabulary(struct maker *m)
{
	const struct document *d = document_next(m, DOC_VOCABULARY, NULL);
	struct vocabulary *v = &m->p->vocabulary;
	struct type_reader r = {m, NULL, 0};
	event_list events = {0};
	v->currency = m->p->currency;
	v->leap_birthdays_1_mar = m->p->leap_1_mar;
	v->traits.kind = v->account_traits.kind = v->preferences.kind = v->predictions.kind = TYPE_OBJECT;
	if (d) {
		m->file = d->file;
		r.lists = yaml_get(d->yaml, "lists");
		add_events(&r, &events, yaml_get(d->yaml, "events"));
		add_events(&r, &events, yaml_get(d->yaml, "engine"));
		v->traits = read_object(&r, yaml_get(d->yaml, "traits"));
		v->account_traits = read_object(&r, yaml_get(d->yaml, "account traits"));
		v->preferences = read_object(&r, yaml_get(d->yaml, "preferences"));
		v->predictions = read_object(&r, yaml_get(d->yaml, "predictions"));
		v->topics = read_texts(m, yaml_get(d->yaml, "topics"), &v->n_topics);
		v->money = read_texts(m, yaml_get(d->yaml, "money"), &v->n_money);
		read_amendments(m, yaml_get(d->yaml, "amends"), &events);
		read_catalogue_types(&r, yaml_get(d->yaml, "catalogue"));
	}
	add_built_in(m, &events);
	v->events = arena_items(m, &events);
	v->n_events = events.len;
	vec_release(&events);
}

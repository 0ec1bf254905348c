#include "cli/cmd_priv.h"
#include "cli/decisions.h"
#include "cli/live.h"
#include <stdlib.h>

enum { MESSAGES_SHOWN = 10 };

struct asked {
	struct str key;
	uint32_t number;
	struct buf json;
};

static void
ask_profile(struct engine *g, void *context)
{
	struct asked *x = context;
	struct json_writer w = json_writer_on(&x->json);
	x->number = engine_find(g, x->key);
	if (x->number)
		engine_profile_json(g, x->number, &w);
}

/* ---------------------------------------------------------------- texts of JSON */

/* Scalars as they are, the rest as JSON. */
static struct str
plain(const struct json *j)
{
	return j->kind == JSON_TEXT ? j->text : j->span;
}

static void
say_line(const struct invocation *in, const char *name, struct str value)
{
	if (value.len)
		say(in, "  %-12s %.*s\n", name, STR_ARGS(value));
}

/* ---------------------------------------------------------------- parts of a person */

static void
say_who(const struct invocation *in, const struct json *p, struct arena *a)
{
	const struct json *number = json_get(p, STR("number"));
	struct str name = text_at(p, "user_id");
	say_heading(in, "Person %lld%s%.*s", number ? (long long)number->i : 0, name.len ? ", " : "", STR_ARGS(name));
	if (json_get(p, STR("erased")) && json_get(p, STR("erased"))->kind == JSON_TRUE)
		say(in, "  erased: nothing is kept but that there was somebody\n");
	const struct json *anonymous = json_get(p, STR("anonymous_ids"));
	if (anonymous && anonymous->count)
		say(in, "  %-12s %u anonymous id%s\n", "known also by", anonymous->count, anonymous->count == 1 ? "" : "s");
	say_line(in, "e-mail", text_at(p, "email"));
	say_line(in, "suppressed", text_at(p, "suppressed"));
	say_line(in, "phone", text_at(p, "phone"));
	say_line(in, "country", text_at(p, "country"));
	say_line(in, "zone", text_at(p, "zone"));
	say_line(in, "account", text_at(p, "account.id"));
	say_line(in, "first seen", short_time(a, text_at(p, "first_seen")));
	say_line(in, "last seen", short_time(a, text_at(p, "last_seen")));
}

static void
say_pairs(const struct invocation *in, const char *heading, const struct json *object)
{
	if (!object || !object->count)
		return;
	say_heading(in, "%s", heading);
	json_each(field, object)
		say(in, "  %-16.*s %.*s\n", STR_ARGS(field->key), STR_ARGS(plain(field)));
}

static void
say_consent(const struct invocation *in, const struct json *consent, struct arena *a)
{
	if (!consent || !consent->count)
		return;
	say_heading(in, "Consent");
	json_each(channel, consent) {
		if (channel->kind != JSON_OBJECT)
			continue;
		json_each(purpose, channel) {
			const struct json *granted = json_get(purpose, STR("granted"));
			say(in, "  %.*s, %.*s: %s since %.*s%s%.*s\n", STR_ARGS(channel->key), STR_ARGS(purpose->key),
			    granted && granted->kind == JSON_TRUE ? "given" : "not given", STR_ARGS(short_time(a, text_at(purpose, "at"))),
			    text_at(purpose, "how").len ? ", by " : "", STR_ARGS(text_at(purpose, "how")));
		}
	}
}

static void
say_stages(const struct invocation *in, const struct json *stages, struct arena *a)
{
	say_heading(in, "Stage");
	json_each(s, stages) {
		struct str model = s->key.ptr ? s->key : text_at(s, "model");
		say(in, "  %-16.*s %.*s since %.*s\n", STR_ARGS(model), STR_ARGS(text_at(s, "label").len ? text_at(s, "label") : text_at(s, "stage")),
		    STR_ARGS(short_time(a, text_at(s, "since"))));
	}
}

static void
say_segments(const struct invocation *in, const struct json *segments)
{
	say_heading(in, "Segments");
	say(in, "  ");
	if (!segments || !segments->count)
		say(in, "none");
	bool first = true;
	json_each(s, segments) {
		say(in, "%s%.*s", first ? "" : ", ", STR_ARGS(json_text(s)));
		first = false;
	}
	say(in, "\n");
}

static void
say_enrolments(const struct invocation *in, const struct json *enrolments, struct arena *a)
{
	struct table t;
	if (!enrolments || !enrolments->count)
		return;
	say_heading(in, "Journeys");
	table_init(&t, 5);
	table_cell(&t, "journey"), table_cell(&t, "state"), table_cell(&t, "step"), table_cell(&t, "entered"), table_cell(&t, "due");
	json_each(e, enrolments) {
		table_str(&t, text_at(e, "journey")), table_str(&t, text_at(e, "state")), table_str(&t, text_at(e, "step"));
		table_str(&t, short_time(a, text_at(e, "entered"))), table_str(&t, short_time(a, text_at(e, "due")));
	}
	table_say(in, &t);
}

/* ---------------------------------------------------------------- what happened */

struct timeline {
	struct arena *a;
	struct table *table;
	struct json_writer *json;
};

/* One line that says what an entry was about: the order's total, the product's name, the page's path. */
static struct str
gist(const struct entry *en)
{
	static const char *const fields[] = {"order_id", "name", "product_id", "path", "total", "value", "coupon", "subject"};
	const struct json *p = entry_properties(en);
	for (size_t i = 0; i < COUNT(fields) && p; i++) {
		const struct json *f = json_get(p, str_of(fields[i]));
		if (f && f->kind != JSON_ARRAY && f->kind != JSON_OBJECT)
			return plain(f);
	}
	return (struct str){0};
}

static bool
take_entry(void *self, const struct entry *en)
{
	struct timeline *t = self;
	char when[32];
	size_t n = wall_format(en->happened, when);
	if (t->json) {
		jw_object(t->json);
		jw_kint(t->json, "seq", (int64_t)en->seq);
		jw_kwall(t->json, "happened", en->happened);
		jw_kstr(t->json, "kind", str_of(entry_kind_name(en->kind)));
		jw_kstr(t->json, "name", en->name);
		jw_kstr(t->json, "source", en->source);
		jw_key(t->json, STR("body"));
		if (en->text.len && en->body)
			jw_raw(t->json, en->text);
		else
			jw_null(t->json);
		jw_object_end(t->json);
		return true;
	}
	table_str(t->table, short_time(t->a, (struct str){when, n}));
	table_cell(t->table, "%s", entry_kind_name(en->kind));
	table_str(t->table, en->name);
	table_str(t->table, gist(en));
	table_str(t->table, en->source);
	return true;
}

static size_t
timeline_length(const struct invocation *in)
{
	const char *given = option_value(in, "timeline");
	int64_t n = 15;
	return given && str_to_int(str_of(given), &n) && n >= 0 ? (size_t)n : 15;
}

static bool
say_timeline(const struct invocation *in, uint32_t number, struct arena *a, struct err *e)
{
	struct table t;
	struct timeline x = {.a = a, .table = &t};
	size_t most = timeline_length(in);
	if (!most)
		return true;
	table_init(&t, 5);
	table_cell(&t, "when"), table_cell(&t, "what"), table_cell(&t, "name"), table_cell(&t, "about"), table_cell(&t, "source");
	bool ok = workspace_timeline(in->workspace, number, most, take_entry, &x, e);
	say_heading(in, "Latest entries");
	table_say(in, &t);
	return ok;
}

static bool
write_all(const struct invocation *in, struct asked *x, struct err *e)
{
	struct buf out = {0};
	struct json_writer w = json_writer_on(&out);
	struct timeline t = {.json = &w};
	jw_object(&w);
	jw_key(&w, STR("profile"));
	jw_raw(&w, buf_str(&x->json));
	jw_karray(&w, "timeline");
	bool ok = workspace_timeline(in->workspace, x->number, timeline_length(in), take_entry, &t, e);
	jw_array_end(&w);
	jw_object_end(&w);
	if (ok)
		say_json(in, &out);
	buf_release(&out);
	return ok;
}

static bool
say_person(const struct invocation *in, struct asked *x, struct arena *a, struct err *e)
{
	const struct json *p;
	if (!json_parse_arena(a, buf_str(&x->json), &p, e))
		return false;
	say_who(in, p, a);
	say_pairs(in, "Traits", json_get(p, STR("traits")));
	say_pairs(in, "Claimed by a browser, used for nothing", json_get(p, STR("claimed")));
	say_consent(in, json_get(p, STR("consent")), a);
	say_stages(in, json_get(p, STR("stages")), a);
	say_segments(in, json_get(p, STR("segments")));
	say_enrolments(in, json_get(p, STR("enrolments")), a);
	return decisions_say(in, x->number, STR(""), MESSAGES_SHOWN, e) && say_timeline(in, x->number, a, e);
}

static int
run(const struct invocation *in)
{
	struct asked x = {.key = str_of(in->arguments[0])};
	struct arena a;
	struct err e;
	int code = 1;
	workspace_ask(in->workspace, ask_profile, &x);
	arena_init(&a);
	if (!x.number)
		tell(in, "perennial: nobody is known by %s; a user id, an anonymous id, an e-mail address, a phone number or #7 (a profile's number) "
			 "names a person\n", in->arguments[0]);
	else if (in->json ? write_all(in, &x, &e) : say_person(in, &x, &a, &e))
		code = 0;
	else
		refuse(in, &e);
	buf_release(&x.json);
	arena_clear(&a);
	return code;
}

static const struct option options[] = {
    {"timeline", "N", "how many of the latest entries (default 15)"},
    {NULL, NULL, NULL},
};
const struct command cmd_profile = {
    .name = "profile",
    .arguments = "DIR KEY",
    .summary = "one person: traits, consent, stages, segments, journeys, messages, timeline",
    .help = "KEY is a user id, an anonymous id, an e-mail address, a phone number, or # and a profile's number.\n\n"
	    "  perennial profile shop anna@example.com\n  perennial profile shop '#17' --timeline 50 --json",
    .needs = NEEDS_WORKSPACE,
    .min_arguments = 2,
    .max_arguments = 2,
    .options = options,
    .run = run,
};

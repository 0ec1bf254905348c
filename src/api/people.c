/* people.c -- one person: who, why, and what an operator may do about them. */
#include "api/rows.h"
#include "base/limits.h"

struct asked {
	struct str key, message;
	uint32_t number;
	struct json_writer w;
	void (*write)(struct engine *g, struct asked *x);
};

static void
on_fold_thread(struct engine *g, void *context)
{
	struct asked *x = context;
	x->number = engine_find(g, x->key);
	if (x->number && x->write)
		x->write(g, x);
}

static void
refuse_unknown(struct api_call *c, struct str key)
{
	answer_fail(c, ERR_NOT_FOUND, "nobody is known by %.*s", key.len > 200 ? 200 : (int)key.len, key.ptr);
}

bool
person_find(struct api_call *c, struct str key, uint32_t *ret)
{
	struct asked x = {.key = key};
	workspace_ask(c->api->workspace, on_fold_thread, &x);
	*ret = x.number;
	if (!x.number)
		refuse_unknown(c, key);
	return x.number > 0;
}

static void
answer_about(struct api_call *c, void (*write)(struct engine *g, struct asked *x), struct str message)
{
	struct buf json = {0};
	struct asked x = {.key = c->key, .message = message, .w = json_writer_on(&json), .write = write};
	workspace_ask(c->api->workspace, on_fold_thread, &x);
	if (x.number) {
		answer_json(c, 200, &json);
		return;
	}
	buf_release(&json);
	refuse_unknown(c, c->key);
}

static void
write_profile(struct engine *g, struct asked *x)
{
	engine_profile_json(g, x->number, &x->w);
}

static void
write_explain(struct engine *g, struct asked *x)
{
	engine_explain_json(g, x->number, x->message, &x->w);
}

void
people_profile(struct api_call *c)
{
	answer_about(c, write_profile, STR(""));
}

void
people_explain(struct api_call *c)
{
	answer_about(c, write_explain, query_text(c, "message"));
}

void
people_list(struct api_call *c)
{
	int64_t limit, after;
	if (!query_int(c, "limit", 1, 1000, 100, &limit) || !query_int(c, "after", 0, UINT32_MAX, 0, &after))
		return;
	const struct row_value values[] = {ROW_INT(after), ROW_INT(limit)};
	answer_rows(c, "people",
	    "select number, nullif(user_id, '') as user_id, nullif(email, '') as email, nullif(country, '') as country, stages as \"stages:json\", "
	    "segments as \"segments:json\", first_seen as \"first_seen:time\", last_seen as \"last_seen:time\" from profile "
	    "where forward = 0 and first_seen is not null and number > ?1 order by number limit ?2",
	    values, COUNT(values));
}

/* ---------------------------------------------------------------- the latest entries */

static bool
write_entry(void *self, const struct entry *en)
{
	struct json_writer *w = self;
	jw_object(w);
	jw_kint(w, "seq", (int64_t)en->seq);
	jw_kstr(w, "kind", str_of(entry_kind_name(en->kind)));
	if (en->name.len)
		jw_kstr(w, "name", en->name);
	if (en->source.len)
		jw_kstr(w, "source", en->source);
	jw_kwall(w, "at", en->at);
	jw_kwall(w, "happened", en->happened);
	if (en->body) {
		jw_key(w, STR("body"));
		jw_json(w, en->body);
	}
	jw_object_end(w);
	return true;
}

void
people_timeline(struct api_call *c)
{
	uint32_t number;
	int64_t limit;
	struct err e;
	struct buf json = {0};
	struct json_writer w = json_writer_on(&json);
	if (!query_int(c, "limit", 1, 1000, 50, &limit) || !person_find(c, c->key, &number))
		return;
	jw_object(&w);
	jw_karray(&w, "entries");
	bool ok = workspace_timeline(c->api->workspace, number, (size_t)limit, write_entry, &w, &e);
	jw_array_end(&w);
	jw_object_end(&w);
	if (ok) {
		answer_json(c, 200, &json);
		return;
	}
	buf_release(&json);
	answer_refuse(c, &e);
}

/* ---------------------------------------------------------------- what an operator says; each is an entry */

/* Appends, waits until it is durable, answers. */
static void
append_and_answer(struct api_call *c, enum entry_kind kind, struct buf *body)
{
	uint64_t seq = 0;
	struct err e;
	bool ok = workspace_append_one(c->api->workspace, kind, STR(""), buf_str(body), &seq, &e);
	buf_release(body);
	if (!ok) {
		answer_refuse(c, &e);
		return;
	}
	struct buf json = {0};
	struct json_writer w = json_writer_on(&json);
	jw_object(&w);
	jw_kbool(&w, "success", true);
	jw_kint(&w, "seq", (int64_t)seq);
	jw_object_end(&w);
	answer_json(c, 200, &json);
}

void
people_consent(struct api_call *c)
{
	uint32_t number;
	struct str channel, purpose = json_text(json_get(c->body, STR("purpose"))), source = json_text(json_get(c->body, STR("source")));
	const struct json *granted = json_get(c->body, STR("granted"));
	enum channel known;
	if (!body_text(c, "channel", LIMIT_NAME_BYTES, &channel))
		return;
	if (!channel_of(channel, &known)) {
		answer_fail(c, ERR_INVALID, "there is no channel %.*s", channel.len > 50 ? 50 : (int)channel.len, channel.ptr);
		return;
	}
	if (!json_is(granted, JSON_TRUE) && !json_is(granted, JSON_FALSE)) {
		answer_fail(c, ERR_INVALID, "granted must be true or false");
		return;
	}
	if (purpose.len > LIMIT_NAME_BYTES || source.len > LIMIT_NAME_BYTES) {
		answer_fail(c, ERR_INVALID, "purpose and source have at most %d bytes", LIMIT_NAME_BYTES);
		return;
	}
	if (!person_find(c, c->key, &number))
		return;
	struct buf body = {0};
	struct json_writer w = json_writer_on(&body);
	jw_object(&w);
	jw_kint(&w, "profile", number);
	jw_kstr(&w, "channel", channel);
	jw_kstr(&w, "purpose", purpose.len ? purpose : STR("marketing"));
	jw_kbool(&w, "granted", json_is(granted, JSON_TRUE));
	jw_kstr(&w, "wording", json_text(json_get(c->body, STR("wording"))));
	jw_kstr(&w, "source", source.len ? source : arena_printf(&c->arena, "told by %.*s", STR_ARGS(c->session)));
	jw_object_end(&w);
	append_and_answer(c, ENTRY_CONSENT, &body);
}

void
people_erase(struct api_call *c)
{
	uint32_t number;
	if (!str_eq(json_text(json_get(c->body, STR("confirm"))), c->key)) {
		answer_fail(c, ERR_INVALID, "confirm must repeat the key of the person; what is erased cannot be brought back");
		return;
	}
	if (!person_find(c, c->key, &number))
		return;
	struct buf body = {0};
	buf_printf(&body, "{\"profile\":%u}", number);
	append_and_answer(c, ENTRY_ERASE, &body);
}

static void
suppress(struct api_call *c, struct str address, struct str reason, bool lift)
{
	struct buf body = {0};
	struct json_writer w = json_writer_on(&body);
	jw_object(&w);
	jw_kstr(&w, "address", address);
	if (lift)
		jw_kbool(&w, "lift", true);
	else
		jw_kstr(&w, "reason", reason.len ? reason : STR("told by the operator"));
	jw_object_end(&w);
	append_and_answer(c, ENTRY_SUPPRESS, &body);
}

void
suppressions_add(struct api_call *c)
{
	struct str address, reason = json_text(json_get(c->body, STR("reason")));
	if (!body_text(c, "address", 320, &address))
		return;
	if (reason.len > 500)
		answer_fail(c, ERR_INVALID, "reason has at most 500 bytes");
	else
		suppress(c, address, reason, false);
}

void
suppressions_lift(struct api_call *c)
{
	suppress(c, c->key, STR(""), true);
}

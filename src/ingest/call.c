/* call.c -- one tracking call: checked, its entry filled. */
#include "base/civil.h"
#include "base/limits.h"
#include "base/map.h"
#include "ingest/arrival.h"
#include "ingest/tracking_priv.h"
#include <string.h>

/* ---------------------------------------------------------------- members */

void
call_read(const struct json *object, struct call *ret)
{
	static const struct { struct str key; size_t offset; } table[] = {
#define X(member, key) {STR_INIT(key), offsetof(struct call, member)},
		CALL_MEMBERS(X)
#undef X
	};
	*ret = (struct call){0};
	json_each(j, object) {
		if (j->kind == JSON_NULL)
			continue;
		for (size_t i = 0; i < COUNT(table); i++)
			if (table[i].key.len == j->key.len && table[i].key.ptr[0] == j->key.ptr[0] && !memcmp(table[i].key.ptr, j->key.ptr, j->key.len)) {
				*(const struct json **)(void *)((char *)ret + table[i].offset) = j;
				break;
			}
	}
}

static bool
refuse(const struct reading *rd, enum err_code code, struct err *e, const char *field, const char *what)
{
	if (rd->in_batch)
		return fail(e, code, "batch[%u]%s%s %s", rd->at, *field ? "." : "", field, what);
	return fail(e, code, "%s %s", *field ? field : "the call", what);
}

/* ---------------------------------------------------------------- checks */

/* Senders write ids as texts, some as whole numbers; null is no id. */
static bool
check_id(const struct reading *rd, const struct json *j, const char *field, bool *ret_there, struct err *e)
{
	*ret_there = false;
	if (!j)
		return true;
	if (j->kind == JSON_INT) {
		*ret_there = true;
		return true;
	}
	if (j->kind != JSON_TEXT)
		return refuse(rd, ERR_INVALID, e, field, "must be a text");
	if (j->text.len > LIMIT_ID_BYTES)
		return refuse(rd, ERR_INVALID, e, field, "is longer than 256 bytes");
	*ret_there = j->text.len > 0;
	return true;
}

static bool
check_object(const struct reading *rd, const struct json *j, const char *field, struct err *e)
{
	if (j && j->kind != JSON_OBJECT)
		return refuse(rd, ERR_INVALID, e, field, "must be an object");
	if (j && j->count > LIMIT_JSON_KEYS)
		return refuse(rd, ERR_INVALID, e, field, "has more than 1,000 keys");
	return true;
}

/* The ids that a call of this kind needs. */
static bool
check_ids(const struct reading *rd, enum entry_kind kind, const struct call *c, struct err *e)
{
	bool user, anonymous, other;
	if (!check_id(rd, c->user, "userId", &user, e) || !check_id(rd, c->anonymous, "anonymousId", &anonymous, e))
		return false;
	if (!user && !anonymous)
		return refuse(rd, ERR_INVALID, e, "", "needs a userId or an anonymousId");
	if (!check_id(rd, c->previous, "previousId", &other, e))
		return false;
	if (kind == ENTRY_ALIAS && !other)
		return refuse(rd, ERR_INVALID, e, "previousId", "is missing: an alias says which id was used before");
	if (!check_id(rd, c->group, "groupId", &other, e))
		return false;
	if (kind == ENTRY_GROUP && !other)
		return refuse(rd, ERR_INVALID, e, "groupId", "is missing");
	return true;
}

static bool
read_name(const struct reading *rd, enum entry_kind kind, const struct call *c, struct entry *en, struct err *e)
{
	const struct json *j = kind == ENTRY_TRACK ? c->event : kind == ENTRY_PAGE || kind == ENTRY_SCREEN ? c->name : NULL;
	const char *field = kind == ENTRY_TRACK ? "event" : "name";
	if (kind == ENTRY_TRACK && (!j || (j->kind == JSON_TEXT && !str_trim(j->text).len)))
		return refuse(rd, ERR_INVALID, e, field, "is missing: a track call names what happened");
	if (j && j->kind != JSON_TEXT)
		return refuse(rd, ERR_INVALID, e, field, "must be a text");
	if (!j)
		return true;
	en->name = str_trim(j->text);
	if (en->name.len > LIMIT_NAME_BYTES)
		return refuse(rd, ERR_INVALID, e, field, "is longer than 200 bytes");
	if (kind == ENTRY_TRACK)
		en->name = event_name_current(en->name);
	return true;
}

uint64_t
message_hash(const uint8_t key[16], struct str source, struct str message_id)
{
	char text[LIMIT_NAME_BYTES + 1 + LIMIT_MESSAGE_ID_BYTES * 4];
	size_t n = source.len < LIMIT_NAME_BYTES ? source.len : LIMIT_NAME_BYTES;
	size_t m = message_id.len < LIMIT_MESSAGE_ID_BYTES * 4 ? message_id.len : LIMIT_MESSAGE_ID_BYTES * 4;
	memcpy(text, source.ptr, n);
	text[n] = '\0';
	memcpy(text + n + 1, message_id.ptr, m);
	uint64_t h = hash_keyed(key, (struct str){text, n + 1 + m});
	return h ? h : 1;
}

static bool
read_message_id(const struct reading *rd, const struct call *c, const uint8_t *hash_key, struct entry *en, struct err *e)
{
	if (!c->message_id)
		return true;
	struct str id = c->message_id->kind == JSON_INT ? c->message_id->span : json_text(c->message_id);
	if (c->message_id->kind != JSON_TEXT && c->message_id->kind != JSON_INT)
		return refuse(rd, ERR_INVALID, e, "messageId", "must be a text");
	if (id.len > LIMIT_MESSAGE_ID_BYTES && (id.len > LIMIT_MESSAGE_ID_BYTES * 4 || str_code_points(id) > LIMIT_MESSAGE_ID_BYTES))
		return refuse(rd, ERR_INVALID, e, "messageId", "is longer than 100 signs");
	if (id.len)
		en->id_hash = message_hash(hash_key, rd->key->name, id);
	return true;
}

static bool
read_time(const struct reading *rd, const struct json *j, const char *field, wall *ret, struct err *e)
{
	if (!j || (j->kind == JSON_TEXT && !j->text.len))
		return true;
	if (j->kind != JSON_TEXT || !wall_parse(j->text, ret))
		return refuse(rd, ERR_INVALID, e, field, "must be a time like 2026-03-02T17:00:00.000Z");
	return true;
}

/* happened = received - (sent - original): the sender's clock may be wrong, its differences are right. */
static bool
read_happened(const struct reading *rd, const struct call *c, struct entry *en, struct err *e)
{
	wall original = WALL_NEVER, sent = rd->sent;
	if (!read_time(rd, c->timestamp, "timestamp", &original, e) || !read_time(rd, c->original, "originalTimestamp", &original, e) ||
	    !read_time(rd, c->sent, "sentAt", &sent, e))
		return false;
	en->happened = rd->now;
	if (rd->times_as_given)
		sent = WALL_NEVER;
	if (original.ms != WALL_NEVER.ms && sent.ms != WALL_NEVER.ms)
		en->happened = wall_min(wall_add(rd->now, -(sent.ms - original.ms)), rd->now);
	else if (original.ms != WALL_NEVER.ms)
		en->happened = wall_min(original, rd->now);
	return true;
}

/* ---------------------------------------------------------------- text and nodes */

/* The item with the batch's context and integrations merged under its own, and without an `arrival` that the sender made up. */
static void
write_merged(const struct reading *rd, const struct json *item, const struct call *c, struct buf *out)
{
	struct json_writer w = json_writer_on(out);
	const struct { const char *key; const struct json *own, *common; } merged[] = {
		{"context", c->context, rd->context}, {"integrations", c->integrations, rd->integrations}};
	jw_object(&w);
	json_each(j, item) {
		if (str_eq(j->key, STR("context")) || str_eq(j->key, STR("integrations")) || str_eq(j->key, STR("arrival")))
			continue;
		jw_key(&w, j->key);
		jw_raw(&w, j->span);
	}
	for (size_t i = 0; i < COUNT(merged); i++) {
		if (!merged[i].own && !merged[i].common)
			continue;
		jw_kobject(&w, merged[i].key);
		json_each(j, merged[i].own) {
			jw_key(&w, j->key);
			jw_raw(&w, j->span);
		}
		json_each(j, merged[i].common) {
			if (json_get(merged[i].own, j->key))
				continue;
			jw_key(&w, j->key);
			jw_raw(&w, j->span);
		}
		jw_object_end(&w);
	}
	jw_object_end(&w);
}

/* The common context may be large and is multiplied by the calls: both bounds hold here. */
static bool
merge(struct reading *rd, struct entry *en, struct call *c, struct err *e)
{
	struct buf text = {0};
	write_merged(rd, en->body, c, &text);
	struct str copy = arena_str(&rd->b->arena, buf_str(&text));
	buf_release(&text);
	if (copy.len > LIMIT_CALL_BYTES)
		return refuse(rd, ERR_TOO_LARGE, e, "", "is larger than 32 KB with the common context");
	if (!json_parse_arena(&rd->b->arena, copy, &en->body, e))
		return false;
	en->text = copy;
	call_read(en->body, c);
	return true;
}

/* Nodes and text with `arrival` as the last member. */
static void
add_arrival(struct arena *a, struct entry *en, const struct arrival *v)
{
	const struct json *root = en->body;
	struct json *nodes = arena_array(a, struct json, root->next + 1 + ARRIVAL_MEMBERS);
	struct buf text = {0};
	memcpy(nodes, root, sizeof(*nodes) * root->next);
	nodes[0].next += arrival_nodes(v, nodes + root->next);
	nodes[0].count++;
	buf_add(&text, en->text.ptr, en->text.len - 1);
	buf_add_cstr(&text, root->count ? ",\"arrival\":" : "\"arrival\":");
	arrival_write(v, &text);
	buf_add_char(&text, '}');
	en->text = arena_str(a, buf_str(&text));
	en->body = nodes;
	buf_release(&text);
}

bool
call_check(struct reading *rd, enum entry_kind kind, const struct json *item, struct entry *en, struct err *e)
{
	struct call c;
	struct arrival arrival;
	if (item->kind != JSON_OBJECT)
		return refuse(rd, ERR_INVALID, e, "", "must be an object");
	if (item->span.len > (rd->call_most ? rd->call_most : LIMIT_CALL_BYTES))
		return refuse(rd, ERR_TOO_LARGE, e, "", rd->call_most ? "is larger than 256 KB" : "is larger than 32 KB");
	call_read(item, &c);
	if (kind == ENTRY_NONE)
		kind = entry_kind_of(json_text(c.type));
	if (kind < ENTRY_IDENTIFY || kind > ENTRY_ALIAS)
		return refuse(rd, ERR_INVALID, e, "type", "must be identify, track, page, screen, group or alias");
	*en = (struct entry){.kind = kind, .source = rd->key->name, .trust = rd->key->trust, .body = item, .text = item->span};
	if (!check_object(rd, item, "", e) || !check_object(rd, c.properties, "properties", e) || !check_object(rd, c.traits, "traits", e) ||
	    !check_object(rd, c.context, "context", e) || !check_object(rd, c.integrations, "integrations", e))
		return false;
	if ((rd->context || rd->integrations || json_get(item, STR("arrival"))) && !merge(rd, en, &c, e))
		return false;
	if (!check_ids(rd, kind, &c, e) || !read_name(rd, kind, &c, en, e) || !read_happened(rd, &c, en, e) ||
	    !read_message_id(rd, &c, tracking_hash_key(rd->t), en, e))
		return false;
	bool visit = kind == ENTRY_TRACK || kind == ENTRY_PAGE || kind == ENTRY_SCREEN;
	if (visit && (c.context || c.properties) && arrival_of(&rd->b->arena, c.properties, c.context, &arrival))
		add_arrival(&rd->b->arena, en, &arrival);
	rd->text_bytes += en->text.len;
	return true;
}

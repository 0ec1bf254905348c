#include "event/entry.h"

static const struct str kind_names[ENTRY_KIND_COUNT] = {
#define X(name, text, outside) STR_INIT(text),
	ENTRY_KINDS(X)
#undef X
};

const char *
entry_kind_name(enum entry_kind kind)
{
	ASSERT(kind < ENTRY_KIND_COUNT);
	return kind_names[kind].ptr;
}

enum entry_kind
entry_kind_of(struct str name)
{
	for (int k = 0; k < ENTRY_KIND_COUNT; k++)
		if (str_eq(kind_names[k], name))
			return (enum entry_kind)k;
	return ENTRY_NONE;
}

/* Some senders write their ids as whole numbers: the digits are the id. */
static struct str
id_text(const struct json *j)
{
	return json_is(j, JSON_INT) ? j->span : json_text(j);
}

struct str
entry_user_id(const struct entry *en)
{
	return id_text(json_get(en->body, STR("userId")));
}

struct str
entry_anonymous_id(const struct entry *en)
{
	return id_text(json_get(en->body, STR("anonymousId")));
}

struct str
entry_message_id(const struct entry *en)
{
	return json_text(json_get(en->body, STR("messageId")));
}

static const struct json *
object_or_null(const struct json *j)
{
	return json_is(j, JSON_OBJECT) ? j : NULL;
}

const struct json *
entry_properties(const struct entry *en)
{
	bool of_person = en->kind == ENTRY_IDENTIFY || en->kind == ENTRY_GROUP;
	return object_or_null(json_get(en->body, of_person ? STR("traits") : STR("properties")));
}

const struct json *
entry_context(const struct entry *en)
{
	return object_or_null(json_get(en->body, STR("context")));
}

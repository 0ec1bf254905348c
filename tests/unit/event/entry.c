#include "event/entry.h"
#include "tap.h"

static struct arena arena;

static struct entry
entry_of(enum entry_kind kind, const char *body)
{
	struct entry en = {.kind = kind};
	struct err e;
	if (!json_parse_arena(&arena, str_of(body), &en.body, &e))
		TAP_FAIL("%s", e.text);
	return en;
}

TEST(kinds_have_names_that_lead_back)
{
	for (int k = 0; k < ENTRY_KIND_COUNT; k++)
		CHECK_INT(entry_kind_of(str_of(entry_kind_name((enum entry_kind)k))), k);
	CHECK_INT(entry_kind_of(STR("identify")), ENTRY_IDENTIFY);
	CHECK_INT(entry_kind_of(STR("Identify")), ENTRY_NONE);
	CHECK_INT(entry_kind_of((struct str){0}), ENTRY_NONE);
}

TEST(fields_of_the_body)
{
	struct entry en = entry_of(ENTRY_TRACK, "{\"userId\":\"u1\",\"anonymousId\":42,\"messageId\":\"m\",\"properties\":{\"a\":1},\"traits\":{\"b\":2},\"context\":{\"c\":3}}");
	CHECK_STR(entry_user_id(&en), "u1");
	CHECK_STR(entry_anonymous_id(&en), "42");
	CHECK_STR(entry_message_id(&en), "m");
	CHECK(json_get(entry_properties(&en), STR("a")) != NULL);
	CHECK(json_get(entry_context(&en), STR("c")) != NULL);
	en.kind = ENTRY_IDENTIFY;
	CHECK(json_get(entry_properties(&en), STR("b")) != NULL);
	en.kind = ENTRY_GROUP;
	CHECK(json_get(entry_properties(&en), STR("b")) != NULL);
}

TEST(what_is_missing_or_of_another_kind_is_empty)
{
	struct entry en = entry_of(ENTRY_TRACK, "{\"userId\":null,\"anonymousId\":{\"x\":1},\"properties\":[1],\"context\":\"c\"}");
	CHECK_INT(entry_user_id(&en).len, 0);
	CHECK_INT(entry_anonymous_id(&en).len, 0);
	CHECK_INT(entry_message_id(&en).len, 0);
	CHECK(entry_properties(&en) == NULL && entry_context(&en) == NULL);
	struct entry erased = {.kind = ENTRY_TRACK};
	CHECK_INT(entry_user_id(&erased).len, 0);
	CHECK(entry_properties(&erased) == NULL && entry_context(&erased) == NULL);
}

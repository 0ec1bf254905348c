#include "contact/message.h"
#include "base/str.h"
#include "tap.h"

static const uint8_t key[16] = {1, 2, 3};

static struct message_id
made(uint32_t profile, uint32_t enrolment, const char *step, uint32_t visit)
{
	return message_id_make(key, profile, enrolment, str_of(step), visit);
}

static bool
same(struct message_id a, struct message_id b)
{
	return memcmp(&a, &b, sizeof(a)) == 0;
}

TEST(an_id_depends_on_each_part_and_on_the_key)
{
	static const uint8_t other[16] = {9};
	struct message_id id = made(1, 2, "first", 1);
	CHECK(same(id, made(1, 2, "first", 1)));
	CHECK(!same(id, made(2, 2, "first", 1)));
	CHECK(!same(id, made(1, 3, "first", 1)));
	CHECK(!same(id, made(1, 2, "second", 1)));
	CHECK(!same(id, made(1, 2, "first", 2)));
	CHECK(!same(id, message_id_make(other, 1, 2, STR("first"), 1)));
	CHECK(memcmp(id.bytes, id.bytes + 8, 8) != 0);
}

TEST(an_id_is_the_same_for_ever)
{
	char text[33];
	message_id_format(made(7, 1, "first", 1), text);
	CHECK_CSTR(text, "174a0b5033eb14808956286297183a85");
}

TEST(format_and_parse_are_inverse)
{
	char text[33];
	struct message_id id = made(5, 6, "x", 7), back;
	message_id_format(id, text);
	CHECK_INT(strlen(text), 32);
	CHECK(message_id_parse(str_of(text), &back) && same(id, back));
	CHECK(!message_id_parse(str_slice(str_of(text), 0, 31), &back));
	text[3] = 'g';
	CHECK(!message_id_parse(str_of(text), &back));
	CHECK(!message_id_parse((struct str){0}, &back));
}

TEST(states_and_reasons_have_names)
{
	CHECK_CSTR(message_state_name(MESSAGE_UNCERTAIN), "uncertain");
	CHECK_CSTR(reason_text(REASON_CAP), "frequency cap");
	for (int i = 0; i < MESSAGE_STATE_COUNT; i++)
		CHECK(message_state_name((enum message_state)i)[0]);
	for (int i = 0; i < REASON_COUNT; i++)
		CHECK(reason_text((enum reason)i)[0]);
}

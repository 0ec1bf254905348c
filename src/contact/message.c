#include "contact/message.h"
#include "base/map.h"
#include "base/str.h"
#include <string.h>

static const char *const state_names[MESSAGE_STATE_COUNT] = {
#define X(name, text) text,
    MESSAGE_STATES(X)
#undef X
};
static const char *const reasons[REASON_COUNT] = {
#define X(name, text) text,
    REASONS(X)
#undef X
};

const char *
message_state_name(enum message_state s)
{
	ASSERT(s < MESSAGE_STATE_COUNT);
	return state_names[s];
}

const char *
reason_text(enum reason r)
{
	ASSERT(r < REASON_COUNT);
	return reasons[r];
}

/* Two SipHashes of the same text, told apart by its first byte: an id can be neither guessed nor made to collide by whoever does not
 * hold the workspace's key, and it stands in links. */
struct message_id
message_id_make(const uint8_t key[16], uint32_t profile, uint32_t enrolment, struct str step, uint32_t visit)
{
	struct message_id id;
	struct buf text = {0};
	buf_add_char(&text, 0);
	buf_add_u32(&text, profile);
	buf_add_u32(&text, enrolment);
	buf_add_u32(&text, visit);
	buf_add_str(&text, step);
	for (int half = 0; half < 2; half++) {
		text.ptr[0] = (char)half;
		uint64_t hash = hash_keyed(key, buf_str(&text));
		for (int i = 0; i < 8; i++)
			id.bytes[half * 8 + i] = (uint8_t)(hash >> (56 - 8 * i));
	}
	buf_release(&text);
	return id;
}

void
message_id_format(struct message_id id, char text[33])
{
	static const char hex[] = "0123456789abcdef";
	for (int i = 0; i < 16; i++) {
		text[2 * i] = hex[id.bytes[i] >> 4];
		text[2 * i + 1] = hex[id.bytes[i] & 15];
	}
	text[32] = '\0';
}

static int
nibble(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

bool
message_id_parse(struct str text, struct message_id *ret)
{
	struct message_id id;
	if (text.len != 32)
		return false;
	for (int i = 0; i < 16; i++) {
		int high = nibble(text.ptr[2 * i]), low = nibble(text.ptr[2 * i + 1]);
		if (high < 0 || low < 0)
			return false;
		id.bytes[i] = (uint8_t)(high << 4 | low);
	}
	*ret = id;
	return true;
}

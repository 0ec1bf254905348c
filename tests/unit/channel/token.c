#include "channel/token.h"
#include "tap.h"
#include <string.h>

static const uint8_t key[TOKEN_KEY_BYTES] = {1, 2, 3}, other_key[TOKEN_KEY_BYTES] = {1, 2, 4};
static const struct message_id id = {{0xde, 0xad, 0xbe, 0xef, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}};
static const enum token_purpose purposes[] = {TOKEN_UNSUBSCRIBE, TOKEN_PREFERENCES, TOKEN_CONFIRM, TOKEN_OPEN, TOKEN_CLICK, TOKEN_VIEW};

TEST(a_token_says_what_was_put_in)
{
	struct arena a;
	arena_init(&a);
	for (size_t i = 0; i < COUNT(purposes); i++) {
		struct token t = {.purpose = purposes[i], .message = id, .profile = 0xfffffffe}, read;
		if (t.purpose == TOKEN_CLICK)
			t.target = STR("https://shop.example/?a=1&b=ü");
		struct str text = token_make(&a, key, &t);
		CHECK(token_read(&a, key, t.purpose, text, &read));
		CHECK(read.purpose == t.purpose && read.profile == t.profile && !memcmp(&read.message, &id, sizeof(id)));
		CHECK(str_eq(read.target, t.target));
		for (size_t k = 0; k < text.len; k++)
			CHECK(strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_", text.ptr[k]) != NULL);
	}
	arena_clear(&a);
}

TEST(a_token_opens_nothing_else)
{
	struct arena a;
	arena_init(&a);
	for (size_t i = 0; i < COUNT(purposes); i++) {
		struct token t = {.purpose = purposes[i], .message = id, .profile = 7}, read;
		struct str text = token_make(&a, key, &t);
		CHECK(!token_read(&a, other_key, purposes[i], text, &read));
		for (size_t k = 0; k < COUNT(purposes); k++)
			CHECK(token_read(&a, key, purposes[k], text, &read) == (k == i));
	}
	arena_clear(&a);
}

/* The last sign of a text without padding carries unused bits; a decoder that let them pass would take two texts for one token. */
TEST(every_changed_sign_and_every_cut_is_seen)
{
	static const char signs[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_+/=. ";
	struct arena a;
	arena_init(&a);
	struct token t = {.purpose = TOKEN_CLICK, .message = id, .profile = 7, .target = STR("https://shop.example/")}, read;
	struct str text = token_make(&a, key, &t);
	char *changed = arena_alloc(&a, text.len + 1);
	uint32_t taken = 0;
	for (size_t at = 0; at < text.len; at++)
		for (size_t s = 0; s < sizeof(signs) - 1; s++) {
			memcpy(changed, text.ptr, text.len);
			changed[at] = signs[s];
			taken += changed[at] != text.ptr[at] && token_read(&a, key, TOKEN_CLICK, (struct str){changed, text.len}, &read);
		}
	for (size_t len = 0; len < text.len; len++)
		taken += token_read(&a, key, TOKEN_CLICK, (struct str){text.ptr, len}, &read);
	CHECK(taken == 0);
	arena_clear(&a);
}

TEST(a_text_of_any_length_is_refused)
{
	struct arena a;
	struct token read;
	char long_text[8000];
	memset(long_text, 'A', sizeof(long_text));
	arena_init(&a);
	for (size_t len = 0; len < sizeof(long_text); len += 37)
		CHECK(!token_read(&a, key, TOKEN_OPEN, (struct str){long_text, len}, &read));
	arena_clear(&a);
}

TEST(a_link_stands_below_the_public_address)
{
	struct arena a;
	struct token t = {.purpose = TOKEN_OPEN, .message = id, .profile = 7};
	arena_init(&a);
	struct str text = token_make(&a, key, &t), plain = token_link(&a, STR("https://mail.shop.example"), key, &t);
	CHECK(str_eq(plain, arena_printf(&a, "https://mail.shop.example/l/o/%.*s.gif", STR_ARGS(text))));
	CHECK(str_eq(plain, token_link(&a, STR("https://mail.shop.example//"), key, &t)));
	arena_clear(&a);
}

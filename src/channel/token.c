#include "channel/token.h"
#include <sodium.h>
#include <string.h>

enum { MAC_BYTES = 16, HEAD_BYTES = 1 + 16 + 4, TEXT_MAX = (HEAD_BYTES + TOKEN_TARGET_MAX + MAC_BYTES) * 4 / 3 + 4 };

static void
sign(const uint8_t key[TOKEN_KEY_BYTES], const uint8_t *bytes, size_t n, uint8_t ret[MAC_BYTES])
{
	static const uint8_t no_salt[crypto_generichash_blake2b_SALTBYTES];
	uint8_t personal[crypto_generichash_blake2b_PERSONALBYTES] = "perennial link ";
	personal[15] = bytes[0];
	crypto_generichash_blake2b_salt_personal(ret, MAC_BYTES, bytes, n, key, TOKEN_KEY_BYTES, no_salt, personal);
}

struct str
token_make(struct arena *a, const uint8_t key[TOKEN_KEY_BYTES], const struct token *t)
{
	size_t n = HEAD_BYTES + t->target.len;
	uint8_t *bytes = arena_alloc(a, n + MAC_BYTES);
	ASSERT(t->target.len <= TOKEN_TARGET_MAX);
	bytes[0] = (uint8_t)t->purpose;
	memcpy(bytes + 1, t->message.bytes, 16);
	for (unsigned i = 0; i < 4; i++)
		bytes[17 + i] = (uint8_t)(t->profile >> (8 * i));
	if (t->target.len)
		memcpy(bytes + HEAD_BYTES, t->target.ptr, t->target.len);
	sign(key, bytes, n, bytes + n);
	size_t size = sodium_base64_encoded_len(n + MAC_BYTES, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	char *text = arena_alloc(a, size);
	sodium_bin2base64(text, size, bytes, n + MAC_BYTES, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	return (struct str){text, size - 1};
}

bool
token_read(struct arena *a, const uint8_t key[TOKEN_KEY_BYTES], enum token_purpose purpose, struct str text, struct token *ret)
{
	uint8_t mac[MAC_BYTES];
	size_t n = 0;
	if (text.len > TEXT_MAX)
		return false;
	uint8_t *bytes = arena_alloc(a, text.len + 1);
	if (sodium_base642bin(bytes, text.len, text.ptr, text.len, NULL, &n, NULL, sodium_base64_VARIANT_URLSAFE_NO_PADDING) ||
	    n < HEAD_BYTES + MAC_BYTES || bytes[0] != (uint8_t)purpose)
		return false;
	n -= MAC_BYTES;
	sign(key, bytes, n, mac);
	if (sodium_memcmp(mac, bytes + n, MAC_BYTES))
		return false;
	*ret = (struct token){.purpose = purpose, .target = {(const char *)bytes + HEAD_BYTES, n - HEAD_BYTES}};
	memcpy(ret->message.bytes, bytes + 1, 16);
	for (unsigned i = 0; i < 4; i++)
		ret->profile |= (uint32_t)bytes[17 + i] << (8 * i);
	return true;
}

struct str
token_link(struct arena *a, struct str public_url, const uint8_t key[TOKEN_KEY_BYTES], const struct token *t)
{
	struct str text = token_make(a, key, t);
	while (public_url.len && public_url.ptr[public_url.len - 1] == '/')
		public_url.len--;
	return arena_printf(a, "%.*s/l/%c/%.*s%s", STR_ARGS(public_url), (char)t->purpose, STR_ARGS(text), t->purpose == TOKEN_OPEN ? ".gif" : "");
}

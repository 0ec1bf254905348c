/* keys.h -- the write keys of a workspace: who may bring entries, and how far they are trusted. Kept in DIR/keys.json:
 *
 *	{"keys":[{"name":"website","key":"pub_…","trust":"public"},{"name":"server","key":"srv_…","trust":"server"}],
 *	 "admin":{"password_hash":"$argon2id$…"},"token_key":"64 hex"}
 *
 * A key's name is the `source` of its entries. Keys in browsers are public: what they say of addresses is unverified. */
#pragma once
#include "base/str.h"
#include "event/entry.h"

struct write_key { struct str name, key; enum trust trust; };
struct write_keys {
	struct arena arena;
	struct write_key *keys; uint32_t n;
	struct str password_hash;        /* "" = no password was made yet */
	uint8_t token_key[32];           /* signs links in messages and sessions */
};

/* Makes DIR/keys.json (mode 0600) with a public and a server key, unless it is there. */
MUST_CHECK bool write_keys_make(const char *dir, struct err *e);
MUST_CHECK bool write_keys_load(const char *dir, struct write_keys **ret, struct err *e);
void write_keys_free(struct write_keys *k);
/* NULL when there is no such key. Constant time for each key. */
const struct write_key *write_keys_find(const struct write_keys *k, struct str key);
/* The first-run password: when DIR/keys.json has none, makes one, keeps its hash and returns true with the password in
 * ret_password; it is shown once. Else false with *ret_password empty. Errors are told by *e.code. */
bool admin_password_make(const char *dir, char ret_password[32], struct err *e);
bool admin_password_right(const struct write_keys *k, struct str password);

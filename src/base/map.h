/* map.h -- hash tables. Open addressing, keyed hashes (a hostile client cannot choose collisions).
 *
 * Never walk one where the order can be seen: the order depends on the key. */
#pragma once
#include "base/base.h"

/* 64-bit hashes. `hash_bytes` is XXH3 with the process's map key (fast, for tables in memory only). */
uint64_t hash_bytes(struct str s);
uint64_t hash_u64(uint64_t n);
/* SipHash-2-4 with a stored 16-byte key: the same in every process that holds the key. For what stands on disk. */
uint64_t hash_keyed(const uint8_t key[16], struct str s);
/* XXH3 with a fixed seed: the same everywhere and for ever. For draws (holdout, split, sample), not against attackers. */
uint64_t hash_stable(struct str s);
/* Sets the map key once at start; without it a fixed key is used (tests, tools). */
void hash_map_key_set(const uint8_t key[16]);

/* text → uint32_t. The table copies keys. */
struct strmap {
	struct strmap_slot *slots;
	uint32_t len, cap;
	struct buf_chunk *keys;
};
void strmap_release(struct strmap *m);
/* The value's address, or NULL. Valid until the next put. */
uint32_t *strmap_get(const struct strmap *m, struct str key);
/* Adds or replaces. */
void strmap_put(struct strmap *m, struct str key, uint32_t value);
bool strmap_remove(struct strmap *m, struct str key);

/* uint64_t (not 0) → uint64_t. */
struct idmap {
	uint64_t *slots; /* key, value, key, value … */
	size_t len, cap;
};
void idmap_release(struct idmap *m);
uint64_t *idmap_get(const struct idmap *m, uint64_t key);
void idmap_put(struct idmap *m, uint64_t key, uint64_t value);
bool idmap_remove(struct idmap *m, uint64_t key);
void idmap_reserve(struct idmap *m, size_t n);
/* Brings the slot into the cache ahead of a get. */
void idmap_touch(const struct idmap *m, uint64_t key);

/* Names → small numbers 0, 1, 2 … in the order of first use. Numbers are never seen outside the process. */
struct interner {
	struct strmap map;
	struct str *names;
	uint32_t len, cap;
};
void interner_release(struct interner *in);
uint32_t intern(struct interner *in, struct str name);
/* UINT32_MAX when never interned. */
uint32_t intern_find(const struct interner *in, struct str name);
struct str intern_name(const struct interner *in, uint32_t id);

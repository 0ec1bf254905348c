#include "base/map.h"
#include <assert.h>
#include <sodium.h>
#include <string.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

static uint64_t map_seed = 0x50C1A1F05EEDull;

void
hash_map_key_set(const uint8_t key[16])
{
	memcpy(&map_seed, key, sizeof(map_seed));
	map_seed ^= XXH3_64bits(key, 16);
}

uint64_t
hash_bytes(struct str s)
{
	return XXH3_64bits_withSeed(s.ptr, s.len, map_seed);
}

uint64_t
hash_u64(uint64_t n)
{
	n ^= map_seed;
	n ^= n >> 32;
	n *= 0xD6E8FEB86659FD93ull;
	n ^= n >> 32;
	n *= 0xD6E8FEB86659FD93ull;
	return n ^ n >> 32;
}

uint64_t
hash_keyed(const uint8_t key[16], struct str s)
{
	static_assert(crypto_shorthash_KEYBYTES == 16, "SipHash-2-4");
	uint8_t out[crypto_shorthash_BYTES];
	crypto_shorthash(out, (const uint8_t *)s.ptr, s.len, key);
	uint64_t n = 0;
	for (int i = 7; i >= 0; i--)
		n = n << 8 | out[i];
	return n;
}

uint64_t
hash_stable(struct str s)
{
	return XXH3_64bits_withSeed(s.ptr, s.len, 0);
}

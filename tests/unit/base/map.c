#include "base/map.h"
#include "base/str.h"
#include "tap.h"
#include <stdlib.h>

TEST(strmap_agrees_with_an_array_over_random_changes)
{
	struct strmap m = {0};
	static int32_t want[500];
	char key[16];
	memset(want, -1, sizeof(want));
	srand(7);
	for (int i = 0; i < 100000; i++) {
		int k = rand() % 500;
		snprintf(key, sizeof(key), "key%d", k);
		if (rand() % 3) {
			want[k] = i;
			strmap_put(&m, str_of(key), (uint32_t)i);
		} else {
			CHECK_INT(strmap_remove(&m, str_of(key)), want[k] >= 0);
			want[k] = -1;
		}
	}
	uint32_t live = 0;
	for (int k = 0; k < 500; k++) {
		snprintf(key, sizeof(key), "key%d", k);
		uint32_t *v = strmap_get(&m, str_of(key));
		CHECK_INT(v ? (int32_t)*v : -1, want[k]);
		live += want[k] >= 0;
	}
	CHECK_INT(m.len, live);
	strmap_release(&m);
}

TEST(idmap_agrees_with_an_array_over_random_changes)
{
	struct idmap m = {0};
	static int64_t want[501];
	memset(want, -1, sizeof(want));
	srand(8);
	for (int i = 0; i < 100000; i++) {
		uint64_t k = (uint64_t)(rand() % 500 + 1);
		if (rand() % 3) {
			want[k] = i;
			idmap_put(&m, k, (uint64_t)i);
		} else {
			CHECK_INT(idmap_remove(&m, k), want[k] >= 0);
			want[k] = -1;
		}
	}
	for (uint64_t k = 1; k <= 500; k++) {
		uint64_t *v = idmap_get(&m, k);
		CHECK_INT(v ? (int64_t)*v : -1, want[k]);
	}
	idmap_release(&m);
}

TEST(interned_names_keep_their_numbers_and_bytes)
{
	struct interner in = {0};
	char name[16];
	for (uint32_t i = 0; i < 3000; i++) {
		snprintf(name, sizeof(name), "n%u", i);
		CHECK_INT(intern(&in, str_of(name)), i);
	}
	CHECK_INT(intern(&in, STR("n7")), 7);
	CHECK_STR(intern_name(&in, 2999), "n2999");
	CHECK(intern_find(&in, STR("nobody")) == UINT32_MAX);
	interner_release(&in);
}

TEST(keyed_hashes_are_the_same_everywhere)
{
	/* SipHash-2-4 reference vector: key 00..0f, input 00..0e. */
	uint8_t key[16];
	char input[15];
	for (int i = 0; i < 16; i++)
		key[i] = (uint8_t)i;
	for (int i = 0; i < 15; i++)
		input[i] = (char)i;
	CHECK(hash_keyed(key, (struct str){input, 15}) == 0xa129ca6149be45e5ull);
	CHECK(hash_stable(STR("perennial")) == hash_stable(STR("perennial")));
}

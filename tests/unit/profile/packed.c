/* Bytes packed and unpacked; rows of a profile that wait packed. */
#include "profile/profile.h"
#include "tap.h"
#include <string.h>

static bool
comes_back(struct packer *packer, struct str raw, size_t *ret_packed)
{
	struct buf packed = {0}, back = {0};
	buf_add_char(&back, '!');
	pack_bytes(packer, raw, &packed);
	bool ok = packed_is_whole(buf_str(&packed)) && unpack_bytes(packer, buf_str(&packed), &back) &&
	    str_eq(str_slice(buf_str(&back), 1, back.len), raw);
	*ret_packed = packed.len;
	buf_release(&packed);
	buf_release(&back);
	return ok;
}

static void
fill(struct buf *b, size_t n, bool noise)
{
	uint64_t x = 1;
	buf_reset(b);
	for (size_t i = 0; i < n; i++) {
		x = x * 6364136223846793005u + 1442695040888963407u;
		buf_add_char(b, noise ? (char)(x >> 33) : "product "[i % 8]);
	}
}

TEST(bytes_come_back_as_they_went)
{
	struct packer *packer = packer_new();
	struct buf b = {0};
	size_t packed;
	static const size_t sizes[] = {0, 1, 511, 512, 513, 5000, 300000};
	for (size_t i = 0; i < COUNT(sizes); i++)
		for (int noise = 0; noise < 2; noise++) {
			fill(&b, sizes[i], noise);
			CHECK(comes_back(packer, buf_str(&b), &packed));
			CHECK(packed <= sizes[i] + 5);
		}
	fill(&b, 300000, false);
	CHECK(comes_back(packer, buf_str(&b), &packed) && packed < 1000);
	buf_release(&b);
	packer_free(packer);
}

TEST(damaged_bytes_are_refused)
{
	struct packer *packer = packer_new();
	struct buf raw = {0}, packed = {0}, back = {0};
	fill(&raw, 4000, false);
	pack_bytes(packer, buf_str(&raw), &packed);
	for (size_t i = 0; i < packed.len; i++) {
		CHECK(!packed_is_whole(str_slice(buf_str(&packed), 0, i)));
		packed.ptr[i] ^= 4;
		CHECK(!unpack_bytes(packer, buf_str(&packed), &back));
		packed.ptr[i] ^= 4;
	}
	CHECK_INT(back.len, 0);
	CHECK(unpack_bytes(packer, buf_str(&packed), &back));
	buf_release(&raw);
	buf_release(&packed);
	buf_release(&back);
	packer_free(packer);
}

TEST(rows_of_a_profile_wait_packed)
{
	static const struct stream_shape shapes[] = {{.keep = {.window = INT64_MAX}}};
	static const uint8_t key[16];
	struct people people;
	struct buf packed = {0}, raw = {0};
	people_init(&people, key);
	people_reach(&people, 1);
	struct profile *p = profile_at(&people, 1);
	rows_add(&people.store, &p->rows, 0, &shapes[0], &(struct row){.time = {7}, .seq = 7}, (wall){7});
	pack_bytes(people.packer, STR("some bytes"), &packed);
	profile_pack(&people, p, buf_str(&packed), shapes);
	CHECK_INT(rows_count(&p->rows), 0);
	CHECK_INT(people.packed, 1);
	CHECK(str_eq(profile_packed(p), buf_str(&packed)));
	profile_unpack(&people, p, &raw);
	CHECK(str_eq(buf_str(&raw), STR("some bytes")));
	CHECK_INT(people.packed, 0);
	CHECK_INT(profile_packed(p).len, 0);
	profile_pack(&people, p, buf_str(&packed), shapes);
	profile_erase(&people, 1, shapes);
	CHECK_INT(people.packed, 0);
	profile_pack(&people, p, buf_str(&packed), shapes);
	people_release(&people, shapes);
	buf_release(&packed);
	buf_release(&raw);
}

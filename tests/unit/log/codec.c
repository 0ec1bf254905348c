/* Items, blocks, the window of ids: round trips, damage, order of forgetting. */
#include "tap.h"
#include "base/arena.h"
#include "base/clock.h"
#include "log/block.h"
#include "log/dedup.h"
#include "log/item.h"

static struct item
sample(void)
{
	return (struct item){.place = 17, .name = 3, .at = {1764000000123}, .happened = {-62135596800000}, .kind = ENTRY_TRACK,
	    .trust = TRUST_SELF, .answer = MARK_NO, .history = true, .source = 65535, .profile = UINT32_MAX, .absorbed = 7,
	    .id_hash = UINT64_MAX, .prev = 1, .prev_absorbed = 2};
}

TEST(an_item_is_read_as_it_was_written)
{
	struct item in = sample(), out;
	uint8_t bytes[ITEM_BYTES];
	item_write(&in, bytes);
	NEED(item_read(bytes, &out));
	CHECK_INT(out.place, in.place);
	CHECK_INT(out.name, in.name);
	CHECK_INT(out.at.ms, in.at.ms);
	CHECK_INT(out.happened.ms, in.happened.ms);
	CHECK_INT(out.kind, in.kind);
	CHECK_INT(out.trust, in.trust);
	CHECK_INT(out.answer, in.answer);
	CHECK_INT(out.history, true);
	CHECK_INT(out.erased, false);
	CHECK_INT(out.source, in.source);
	CHECK_INT(out.profile, in.profile);
	CHECK_INT(out.absorbed, in.absorbed);
	CHECK(out.id_hash == in.id_hash);
	CHECK_INT(out.prev, 1);
	CHECK_INT(out.prev_absorbed, 2);
}

TEST(a_damaged_item_is_refused)
{
	struct item in = sample(), out;
	uint8_t bytes[ITEM_BYTES];
	item_write(&in, bytes);
	bytes[20] = ENTRY_KIND_COUNT;
	CHECK(!item_read(bytes, &out));
}

TEST(a_block_is_unpacked_as_it_was_packed)
{
	struct buf raw = {0}, packed = {0}, out = {0};
	struct err e = {0};
	for (int i = 0; i < 2000; i++)
		buf_printf(&raw, "{\"event\":\"Product Viewed\",\"n\":%d}", i);
	enum block_codec codec = block_pack(buf_str(&raw), &packed);
	CHECK_INT(codec, BLOCK_LZ4);
	CHECK(packed.len < raw.len / 3);
	CHECK(block_unpack(codec, buf_str(&packed), &out, &e));
	CHECK(str_eq(buf_str(&out), buf_str(&raw)));
	buf_reset(&packed);
	codec = block_pack(STR("{}"), &packed);
	CHECK_INT(codec, BLOCK_PLAIN);
	buf_reset(&out);
	CHECK(block_unpack(codec, buf_str(&packed), &out, &e));
	CHECK_STR(buf_str(&out), "{}");
	buf_reset(&packed);
	buf_reset(&out);
	codec = block_pack(STR(""), &packed);
	CHECK(block_unpack(codec, buf_str(&packed), &out, &e));
	CHECK_INT(out.len, 0);
	buf_release(&raw);
	buf_release(&packed);
	buf_release(&out);
}

TEST(a_damaged_block_is_an_error_not_a_crash)
{
	struct buf raw = {0}, packed = {0}, out = {0};
	struct err e = {0};
	for (int i = 0; i < 200; i++)
		buf_printf(&raw, "{\"event\":\"Product Viewed\",\"n\":%d}", i * 7919);
	enum block_codec codec = block_pack(buf_str(&raw), &packed);
	for (size_t i = 0; i < packed.len; i += 3) {
		char was = packed.ptr[i];
		packed.ptr[i] = (char)(was ^ 0x55);
		buf_reset(&out);
		if (!block_unpack(codec, buf_str(&packed), &out, &e))
			CHECK_INT(e.code, ERR_IO);
		packed.ptr[i] = was;
	}
	buf_reset(&out);
	CHECK(!block_unpack(codec, (struct str){packed.ptr, 3}, &out, &e));
	CHECK(!block_unpack(codec, (struct str){packed.ptr, packed.len - 1}, &out, &e));
	CHECK(!block_unpack(9, buf_str(&packed), &out, &e));
	buf_release(&raw);
	buf_release(&packed);
	buf_release(&out);
}

TEST(neighbours_are_joined_with_their_places_moved)
{
	struct buf a = {0}, b = {0}, raw = {0}, items = {0};
	struct err e = {0};
	uint8_t one[ITEM_BYTES], two[2 * ITEM_BYTES];
	struct item it = sample();
	it.place = 0;
	item_write(&it, one);
	item_write(&it, two);
	it.place = 3;
	item_write(&it, two + ITEM_BYTES);
	enum block_codec ca = block_pack(STR("{\"a\":1}"), &a), cb = block_pack(STR("{ }{}"), &b);
	NEED(block_join(ca, buf_str(&a), (struct str){(char *)one, sizeof(one)}, cb, buf_str(&b), (struct str){(char *)two, sizeof(two)}, &raw,
	    &items, &e));
	CHECK_STR(buf_str(&raw), "{\"a\":1}{ }{}");
	CHECK_INT(items.len, 3 * ITEM_BYTES);
	CHECK_INT(item_place((uint8_t *)items.ptr + ITEM_BYTES), 7);
	CHECK_INT(item_place((uint8_t *)items.ptr + 2 * ITEM_BYTES), 10);
	buf_release(&a);
	buf_release(&b);
	buf_release(&raw);
	buf_release(&items);
}

TEST(an_id_is_new_once_until_it_leaves_the_window)
{
	struct dedup *d = dedup_new(64, true);
	CHECK(dedup_add(d, 0));
	CHECK(dedup_add(d, 0));
	for (uint64_t i = 1; i <= 64; i++)
		CHECK(dedup_add(d, i * 0x9e3779b97f4a7c15u));
	for (uint64_t i = 1; i <= 64; i++)
		CHECK(!dedup_add(d, i * 0x9e3779b97f4a7c15u));
	CHECK_INT(dedup_count(d), 64);
	CHECK(dedup_add(d, 4711));
	CHECK(!dedup_has(d, 0x9e3779b97f4a7c15u));      /* the oldest went */
	CHECK(dedup_has(d, 2 * 0x9e3779b97f4a7c15u));
	CHECK_INT(dedup_count(d), 64);
	dedup_free(d);
}

/* Against a plain list, with colliding low bits. */
TEST(the_window_agrees_with_a_plain_list)
{
	enum { WINDOW = 256, ROUNDS = 20000 };
	struct dedup *d = dedup_new(WINDOW, false);
	uint64_t list[WINDOW] = {0}, state = 1;
	size_t next = 0;
	for (int i = 0; i < ROUNDS; i++) {
		state = state * 6364136223846793005u + 1442695040888963407u;
		uint64_t id = ((state >> 33) % 400 + 1) << 12 | (state >> 50) % 3;
		bool known = false;
		for (size_t k = 0; k < WINDOW; k++)
			known |= list[k] == id;
		if (dedup_add(d, id) == known) {
			TAP_FAIL("round %d", i);
			break;
		}
		if (!known) {
			list[next] = id;
			next = (next + 1) % WINDOW;
		}
	}
	dedup_free(d);
}

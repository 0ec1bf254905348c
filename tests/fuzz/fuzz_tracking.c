/* Bodies of the tracking API. The first byte chooses the call and the content type. Whatever is accepted must lie in the batch as the log
 * wants it: texts side by side, each one JSON object that says what its nodes say. */
#include "ingest/tracking.h"

static uint8_t hash_key[16];
static struct write_key key_list[] = {{STR_INIT("server"), STR_INIT("srv_12345678"), TRUST_SERVER}};
static const struct write_keys keys = {.keys = key_list, .n = 1};

static void
check(const struct batch *b)
{
	const char *at = b->text.ptr;
	struct arena a;
	arena_init(&a);
	for (uint32_t i = 0; i < b->n; i++) {
		const struct entry *en = &b->entries[i];
		const struct json *again;
		struct err e;
		struct buf left = {0}, right = {0};
		struct json_writer l = json_writer_on(&left), r = json_writer_on(&right);
		bool parsed = json_parse_arena(&a, en->text, &again, &e);
		ASSERT(en->text.ptr == at);
		ASSERT(parsed);
		jw_json(&l, again);
		jw_json(&r, en->body);
		ASSERT(str_eq(buf_str(&left), buf_str(&right)));
		ASSERT(entry_user_id(en).len || entry_anonymous_id(en).len);
		ASSERT(en->happened.ms <= 1772438400000);
		buf_release(&left);
		buf_release(&right);
		at += en->text.len;
	}
	ASSERT(at == b->text.ptr + b->text.len);
	arena_clear(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct tracking *t;
	static const char *const types[] = {"application/json", "text/plain", "application/x-www-form-urlencoded", ""};
	struct tracking_options o = {.hash_key = hash_key, .keys = &keys};
	struct arena a;
	struct batch *b;
	struct err e;
	if (!size)
		return 0;
	if (!t)
		t = tracking_new(&o);
	arena_init(&a);
	struct tracking_request q = {str_of(types[data[0] >> 3 & 3]), STR("Basic c3J2XzEyMzQ1Njc4Og=="),
		arena_str(&a, (struct str){(const char *)data + 1, size - 1}), &a, {1772438400000}};
	if (tracking_parse(t, (enum entry_kind)((data[0] & 7) % (ENTRY_ALIAS + 1)), &q, &b, &e)) {
		check(b);
		tracking_batch_free(t, b);
	} else {
		ASSERT(e.text[0]);
		arena_clear(&a);
	}
	return 0;
}

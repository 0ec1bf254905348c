#include "ingest/tracking.h"
#include "tap.h"
#include "base/limits.h"
#include "ingest/arrival.h"
#include <stdlib.h>

static uint8_t hash_key[16] = "0123456789abcde";
static struct write_key key_list[] = {
	{STR_INIT("website"), STR_INIT("pub_12345678"), TRUST_PUBLIC}, {STR_INIT("server"), STR_INIT("srv_12345678"), TRUST_SERVER},
	{STR_INIT("a"), STR_INIT("WK_SEGMENT"), TRUST_SERVER}, {STR_INIT("b"), STR_INIT("WK_BROWSER"), TRUST_PUBLIC},
	{STR_INIT("c"), STR_INIT("WK_RUDDER"), TRUST_SERVER}, {STR_INIT("d"), STR_INIT("WK_CIO"), TRUST_SERVER}};
static const struct write_keys keys = {.keys = key_list, .n = COUNT(key_list)};
static struct tracking *tracking;
static struct batch *batch;
static struct err error;

static wall
at(const char *text)
{
	wall t = {0};
	if (!wall_parse(str_of(text), &t))
		TAP_FAIL("%s is no time", text);
	return t;
}

/* Parses a body as `kind`; the batch stays in `batch` until the next call. */
static bool
take_as(enum entry_kind kind, const char *type, const char *authorization, struct str body)
{
	struct arena a;
	struct tracking_options o = {.hash_key = hash_key, .keys = &keys};
	if (!tracking)
		tracking = tracking_new(&o);
	tracking_batch_free(tracking, batch);
	batch = NULL;
	error = (struct err){0};
	arena_init(&a);
	struct tracking_request q = {str_of(type), str_of(authorization), arena_str(&a, body), &a, at("2026-03-02T12:00:00Z")};
	if (tracking_parse(tracking, kind, &q, &batch, &error))
		return true;
	arena_clear(&a);
	return false;
}

static bool
take(enum entry_kind kind, const char *body)
{
	return take_as(kind, "application/json", "Basic c3J2XzEyMzQ1Njc4Og==", str_of(body));
}

#define REFUSED(kind, body, want_code, sentence)            \
	do {                                                \
		CHECK(!take(kind, body));                   \
		CHECK_INT(error.code, want_code);           \
		CHECK_CSTR(error.text, sentence);           \
	} while (0)

TEST(a_track_call_becomes_an_entry)
{
	NEED(take(ENTRY_TRACK, "{\"userId\":\"u1\",\"event\":\"Completed Order\",\"messageId\":\"m1\",\"properties\":{\"total\":5},"
		"\"timestamp\":\"2026-03-02T11:00:00Z\"}"));
	CHECK_INT(batch->n, 1);
	struct entry *en = &batch->entries[0];
	CHECK_INT(en->kind, ENTRY_TRACK);
	CHECK_STR(en->name, "Order Completed");
	CHECK_STR(en->source, "server");
	CHECK_INT(en->trust, TRUST_SERVER);
	CHECK_INT(en->happened.ms, at("2026-03-02T11:00:00Z").ms);
	CHECK(en->id_hash == message_hash(hash_key, STR("server"), STR("m1")));
	CHECK(en->id_hash != message_hash(hash_key, STR("website"), STR("m1")));
	CHECK_STR(entry_user_id(en), "u1");
	CHECK(str_eq(batch->text, en->text));
}

TEST(keys_come_by_header_or_body)
{
	const char *body = "{\"writeKey\":\"pub_12345678\",\"anonymousId\":\"a\",\"type\":\"page\"}";
	CHECK(take_as(ENTRY_PAGE, "text/plain", "", str_of(body)));
	CHECK_INT(batch->entries[0].trust, TRUST_PUBLIC);
	CHECK(take_as(ENTRY_PAGE, "text/plain; charset=UTF-8", "Basic c3J2XzEyMzQ1Njc4Og==", str_of(body)));
	CHECK_INT(batch->entries[0].trust, TRUST_SERVER);
	CHECK(take_as(ENTRY_NONE, "", "", STR("{\"batch\":[{\"writeKey\":\"pub_12345678\",\"type\":\"page\",\"anonymousId\":\"a\"}]}")));
	CHECK(!take_as(ENTRY_PAGE, "", "Basic !!!!", STR("{\"anonymousId\":\"a\"}")));
	CHECK_INT(error.code, ERR_DENIED);
	CHECK(!take_as(ENTRY_PAGE, "", "Bearer x", STR("{\"anonymousId\":\"a\",\"writeKey\":\"wrong_key\"}")));
	CHECK_INT(error.code, ERR_DENIED);
}

TEST(forms_carry_json)
{
	const char *type = "application/x-www-form-urlencoded", *key = "Basic c3J2XzEyMzQ1Njc4Og==";
	CHECK(take_as(ENTRY_PAGE, type, key, STR("{\"anonymousId\":\"a+b\"}")));
	CHECK_STR(entry_anonymous_id(&batch->entries[0]), "a+b");
	CHECK(take_as(ENTRY_PAGE, type, key, STR("%7B%22anonymousId%22%3A%22a%2Bb%22%7D=")));
	CHECK_STR(entry_anonymous_id(&batch->entries[0]), "a+b");
	CHECK(take_as(ENTRY_PAGE, type, key, STR("x=1&data=%7B%22anonymousId%22%3A%22a%22%7D")));
	CHECK(!take_as(ENTRY_PAGE, type, key, STR("x=1&y=2")));
	CHECK(!take_as(ENTRY_PAGE, "multipart/form-data", key, STR("{\"anonymousId\":\"a\"}")));
}

TEST(the_senders_clock_is_corrected)
{
	CHECK(take(ENTRY_PAGE, "{\"userId\":\"u\",\"timestamp\":\"2031-01-01T00:00:00Z\",\"sentAt\":\"2031-01-01T00:10:00Z\"}"));
	CHECK_INT(batch->entries[0].happened.ms, at("2026-03-02T11:50:00Z").ms);
	CHECK(take(ENTRY_PAGE, "{\"userId\":\"u\",\"timestamp\":\"2099-01-01T00:00:00Z\"}"));
	CHECK_INT(batch->entries[0].happened.ms, at("2026-03-02T12:00:00Z").ms);
	CHECK(take(ENTRY_PAGE, "{\"userId\":\"u\",\"originalTimestamp\":\"1970-01-01T00:00:00Z\"}"));
	CHECK_INT(batch->entries[0].happened.ms, 0);
	CHECK(take(ENTRY_NONE, "{\"sentAt\":\"2026-03-02T10:00:00Z\",\"batch\":[{\"type\":\"page\",\"userId\":\"u\",\"timestamp\":\"2026-03-02T09:59:00Z\"},"
		"{\"type\":\"page\",\"userId\":\"u\"}]}"));
	CHECK_INT(batch->entries[0].happened.ms, at("2026-03-02T11:59:00Z").ms);
	CHECK_INT(batch->entries[1].happened.ms, at("2026-03-02T12:00:00Z").ms);
}

TEST(a_batchs_context_is_merged_and_texts_lie_side_by_side)
{
	NEED(take(ENTRY_NONE, "{\"context\":{\"ip\":\"1.2.3.4\",\"locale\":\"fi\"},\"integrations\":{\"All\":true},\"batch\":["
		"{\"type\":\"identify\",\"userId\":\"u\",\"traits\":{\"email\":\"a@b.example\"},\"context\":{\"locale\":\"en\"}} , "
		"{\"type\":\"track\",\"event\":\"X\",\"userId\":7,\"context\":null,\"arrival\":{\"ours\":true}}]}"));
	CHECK_INT(batch->n, 2);
	CHECK_STR(batch->entries[0].text, "{\"type\":\"identify\",\"userId\":\"u\",\"traits\":{\"email\":\"a@b.example\"},"
		"\"context\":{\"locale\":\"en\",\"ip\":\"1.2.3.4\"},\"integrations\":{\"All\":true}}");
	CHECK_STR(json_text(json_path(batch->entries[0].body, "context.ip")), "1.2.3.4");
	CHECK_STR(batch->entries[1].text, "{\"type\":\"track\",\"event\":\"X\",\"userId\":7,\"context\":{\"ip\":\"1.2.3.4\",\"locale\":\"fi\"},\"integrations\":{\"All\":true}}");
	CHECK_STR(entry_user_id(&batch->entries[1]), "7");
	CHECK(batch->entries[0].text.ptr + batch->entries[0].text.len == batch->entries[1].text.ptr);
	CHECK_INT(batch->text.len, batch->entries[0].text.len + batch->entries[1].text.len);
}

TEST(arrival_is_worked_out)
{
	NEED(take(ENTRY_PAGE, "{\"anonymousId\":\"a\",\"properties\":{\"url\":\"https://shop.example/p?utm_source=News+Letter&utm_medium=email&pnl=1\","
		"\"referrer\":\"https://www.google.co.uk/search?q=x\"}}"));
	const struct json *v = json_get(batch->entries[0].body, STR("arrival")), *again;
	CHECK_STR(json_text(json_get(v, STR("source"))), "News Letter");
	CHECK_STR(json_text(json_get(v, STR("referrer_class"))), "search");
	CHECK(json_is(json_get(v, STR("ours")), JSON_TRUE));
	/* The text says the same as the nodes. */
	struct arena a;
	struct buf out = {0}, want = {0};
	arena_init(&a);
	NEED(json_parse_arena(&a, batch->entries[0].text, &again, &error));
	struct json_writer w = json_writer_on(&out), w2 = json_writer_on(&want);
	jw_json(&w, again);
	jw_json(&w2, batch->entries[0].body);
	CHECK(str_eq(buf_str(&out), buf_str(&want)));
	buf_release(&out);
	buf_release(&want);
	arena_clear(&a);
	CHECK(take(ENTRY_PAGE, "{\"anonymousId\":\"a\",\"properties\":{\"url\":\"https://shop.example/p\",\"referrer\":\"https://shop.example/\"}}"));
	CHECK(!json_get(batch->entries[0].body, STR("arrival")));
	CHECK(take(ENTRY_TRACK, "{\"anonymousId\":\"a\",\"event\":\"Lead\",\"context\":{\"campaign\":{\"source\":\"facebook\"},\"page\":{\"search\":\"?fbclid=1\"}}}"));
	v = json_get(batch->entries[0].body, STR("arrival"));
	CHECK_STR(json_text(json_get(v, STR("source"))), "facebook");
	CHECK(json_is(json_get(v, STR("ours")), JSON_FALSE));
}

TEST(bad_calls_are_refused_with_their_place)
{
	REFUSED(ENTRY_TRACK, "{\"userId\":\"u\"}", ERR_INVALID, "event is missing: a track call names what happened");
	REFUSED(ENTRY_TRACK, "{\"event\":\"E\"}", ERR_INVALID, "the call needs a userId or an anonymousId");
	REFUSED(ENTRY_TRACK, "{\"event\":\"E\",\"userId\":null,\"anonymousId\":\"\"}", ERR_INVALID, "the call needs a userId or an anonymousId");
	REFUSED(ENTRY_TRACK, "{\"event\":5,\"userId\":\"u\"}", ERR_INVALID, "event must be a text");
	REFUSED(ENTRY_TRACK, "{\"event\":\"E\",\"userId\":{}}", ERR_INVALID, "userId must be a text");
	REFUSED(ENTRY_IDENTIFY, "{\"userId\":\"u\",\"traits\":[]}", ERR_INVALID, "traits must be an object");
	REFUSED(ENTRY_ALIAS, "{\"userId\":\"u\"}", ERR_INVALID, "previousId is missing: an alias says which id was used before");
	REFUSED(ENTRY_GROUP, "{\"userId\":\"u\"}", ERR_INVALID, "groupId is missing");
	REFUSED(ENTRY_PAGE, "{\"userId\":\"u\",\"timestamp\":\"yesterday\"}", ERR_INVALID, "timestamp must be a time like 2026-03-02T17:00:00.000Z");
	REFUSED(ENTRY_NONE, "{\"batch\":{}}", ERR_INVALID, "batch must be a list of calls");
	REFUSED(ENTRY_NONE, "[]", ERR_INVALID, "the body must be a JSON object");
	REFUSED(ENTRY_NONE, "{\"batch\":[{\"type\":\"page\",\"userId\":\"u\"},{\"type\":\"erase\",\"userId\":\"u\"}]}", ERR_INVALID,
	    "batch[1].type must be identify, track, page, screen, group or alias");
	REFUSED(ENTRY_NONE, "{\"batch\":[5]}", ERR_INVALID, "batch[0] must be an object");
	CHECK(!take(ENTRY_TRACK, "{\"userId\":\"u\",\"userId\":\"v\",\"event\":\"E\"}"));
	CHECK(!take(ENTRY_TRACK, "{\"userId\":\"u\",\"event\":\"\xff\"}"));
	CHECK(!take(ENTRY_TRACK, "{\"userId\":\"u\",\"event\":\"E\"} x"));
	CHECK(!take(ENTRY_TRACK, ""));
}

TEST(limits_are_met)
{
	struct buf b = {0};
	buf_add_cstr(&b, "{\"batch\":[");
	for (int i = 0; i < LIMIT_BATCH_EVENTS; i++)
		buf_printf(&b, "%s{\"type\":\"page\",\"userId\":\"u%d\"}", i ? "," : "", i);
	buf_add_cstr(&b, "]}");
	CHECK(take(ENTRY_NONE, b.ptr));
	CHECK_INT(batch->n, LIMIT_BATCH_EVENTS);
	b.len -= 2;
	buf_add_cstr(&b, ",{\"type\":\"page\",\"userId\":\"u\"}]}");
	CHECK(!take(ENTRY_NONE, b.ptr));
	CHECK_INT(error.code, ERR_TOO_LARGE);
	buf_reset(&b);
	buf_add_cstr(&b, "{\"batch\":[{\"type\":\"page\",\"userId\":\"u\",\"name\":\"");
	for (int i = 0; i < LIMIT_CALL_BYTES; i++)
		buf_add_char(&b, 'x');
	buf_add_cstr(&b, "\"}]}");
	CHECK(!take(ENTRY_NONE, b.ptr));
	CHECK_INT(error.code, ERR_TOO_LARGE);
	buf_reset(&b);
	for (int i = 0; i < 40; i++)
		buf_add_cstr(&b, "{\"a\":");
	CHECK(!take(ENTRY_PAGE, b.ptr));
	buf_reset(&b);
	buf_add_cstr(&b, "{\"userId\":\"u\",\"messageId\":\"");
	for (int i = 0; i < 100; i++)
		buf_add_cstr(&b, "ä");
	buf_add_cstr(&b, "\"}");
	CHECK(take(ENTRY_PAGE, b.ptr));
	b.len -= 2;
	buf_add_cstr(&b, "x\"}");
	CHECK(!take(ENTRY_PAGE, b.ptr));
	CHECK_CSTR(error.text, "messageId is longer than 100 signs");
	buf_release(&b);
}

/* ---------------------------------------------------------------- recorded and published requests */

static struct str
shared_file(struct arena *a, const char *name)
{
	const char *folder = getenv("PERENNIAL_SHARED");
	struct str path = arena_printf(a, "%s/data/%s", folder ? folder : "../shared", name);
	FILE *f = fopen(path.ptr, "rb");
	if (!f)
		return (struct str){0};
	char *bytes = arena_alloc(a, 4 << 20);
	size_t n = fread(bytes, 1, 4 << 20, f);
	fclose(f);
	return (struct str){bytes, n};
}

TEST(requests_recorded_from_real_clients_are_taken)
{
	struct arena a;
	arena_init(&a);
	struct str all = shared_file(&a, "segment-clients/wire-captures.jsonl");
	int n = 0;
	if (!all.ptr) {
		arena_clear(&a);
		SKIP("the recorded requests are not here");
	}
	while (all.len) {
		struct str line = str_cut(&all, '\n');
		const struct json *j;
		if (!line.len)
			continue;
		NEED(json_parse_arena(&a, line, &j, &error));
		struct str path = json_text(json_get(j, STR("path"))), last = str_slice(path, 4, path.len);
		if (!str_starts(path, STR("/v1/")))
			continue;
		enum entry_kind kind = last.len > 1 ? entry_kind_of(last) : last.ptr[0] == 'i' ? ENTRY_IDENTIFY : last.ptr[0] == 't' ? ENTRY_TRACK :
		    last.ptr[0] == 'p' ? ENTRY_PAGE : last.ptr[0] == 'g' ? ENTRY_GROUP : last.ptr[0] == 'a' ? ENTRY_ALIAS : ENTRY_NONE;
		struct buf body = {0};
		struct json_writer w = json_writer_on(&body);
		jw_json(&w, json_get(j, STR("body")));
		bool ok = take_as(kind, arena_cstr(&a, json_text(json_path(j, "headers.content-type"))),
		    arena_cstr(&a, json_text(json_path(j, "headers.authorization"))), buf_str(&body));
		if (!ok)
			TAP_FAIL("%.*s: %s", STR_ARGS(json_text(json_get(j, STR("sdk")))), error.text);
		buf_release(&body);
		n++;
	}
	CHECK(n >= 12);
	arena_clear(&a);
}

/* What the published spec shows: whole calls must be taken; what is shown without a person is told so. */
TEST(payloads_of_the_spec_are_taken)
{
	struct arena a;
	arena_init(&a);
	struct str all = shared_file(&a, "segment-clients/segment-spec-examples.json");
	const struct json *list;
	int whole = 0, partial = 0;
	if (!all.ptr) {
		arena_clear(&a);
		SKIP("the spec's examples are not here");
	}
	NEED(json_parse_arena(&a, all, &list, &error));
	json_each(j, list) {
		const struct json *call = json_get(j, STR("payload"));
		enum entry_kind kind = entry_kind_of(json_text(json_get(call, STR("type"))));
		bool person = json_text(json_get(call, STR("userId"))).len || json_text(json_get(call, STR("anonymousId"))).len;
		struct buf body = {0};
		struct json_writer w = json_writer_on(&body);
		if (kind < ENTRY_IDENTIFY || kind > ENTRY_ALIAS)
			continue;
		jw_json(&w, call);
		bool ok = take_as(kind, "application/json", "Basic c3J2XzEyMzQ1Njc4Og==", buf_str(&body));
		if (ok != person)
			TAP_FAIL("%.*s: %s", STR_ARGS(json_text(json_get(j, STR("file")))), ok ? "taken without a person" : error.text);
		whole += ok;
		partial += !ok;
		buf_release(&body);
	}
	CHECK(whole >= 20);
	printf("# %d taken, %d name nobody\n", whole, partial);
	arena_clear(&a);
}

TEST(referrers_of_the_public_list)
{
	struct arena a;
	arena_init(&a);
	struct str all = shared_file(&a, "referrers/referer-tests.json");
	const struct json *list;
	int n = 0, right = 0;
	if (!all.ptr) {
		arena_clear(&a);
		SKIP("the list is not here");
	}
	NEED(json_parse_arena(&a, all, &list, &error));
	json_each(j, list) {
		struct arrival v;
		struct str medium = json_text(json_get(j, STR("medium"))), uri = json_text(json_get(j, STR("uri")));
		struct buf text = {0};
		const struct json *properties;
		struct json_writer w = json_writer_on(&text);
		jw_object(&w);
		jw_kstr(&w, "referrer", uri);
		jw_object_end(&w);
		NEED(json_parse_arena(&a, buf_str(&text), &properties, &error));
		arrival_of(&a, properties, NULL, &v);
		bool same = str_eq(v.referrer_class, str_eq(medium, STR("chatbot")) ? STR("ai") : medium);
		n++;
		right += same;
		if (!same && getenv("SHOW"))
			printf("# %.*s: %.*s, not %.*s\n", STR_ARGS(uri), STR_ARGS(v.referrer_class), STR_ARGS(medium));
		buf_release(&text);
	}
	if (right * 100 < n * 85)
		TAP_FAIL("%d of %d are right", right, n);
	arena_clear(&a);
}

TEST(nothing_is_left)
{
	tracking_batch_free(tracking, batch);
	tracking_free(tracking);
	batch = NULL;
	tracking = NULL;
}

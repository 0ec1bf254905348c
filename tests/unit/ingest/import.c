#include "ingest/import.h"
#include "tap.h"
#include "base/clock.h"
#include "base/vec.h"
#include <stdlib.h>
#include <unistd.h>

/* ---------------------------------------------------------------- a shard that keeps texts */

static VEC(struct entry) taken;
static struct arena kept;
static uint64_t n_taken;
static bool keep_texts;
static uint8_t hash_key[16] = "0123456789abcde";

static bool
submit(void *self, struct batch *b, struct err *e)
{
	(void)self, (void)e;
	for (uint32_t i = 0; i < b->n && keep_texts; i++) {
		struct entry *en = vec_push(&taken);
		*en = b->entries[i];
		en->text = arena_str(&kept, en->text);
		en->name = arena_str(&kept, en->name);
		en->body = json_copy(&kept, en->body);
	}
	n_taken += b->n;
	b->accepted = b->n;
	b->done(b, NULL);
	return true;
}

static wall
now(void *self)
{
	(void)self;
	return clock_wall();
}

static int
retry_after(void *self)
{
	(void)self;
	return 1;
}

static char refused_text[4096];

static void
hear_refused(void *self, const char *file, uint64_t line, struct str field, struct str reason)
{
	size_t n = strlen(refused_text);
	(void)self, (void)file;
	snprintf(refused_text + n, sizeof(refused_text) - n, "%d:%.*s:%.*s\n", (int)line, STR_ARGS(field), STR_ARGS(reason));
}

static struct import_result result;
static struct err error;

static bool
import(const char *map_text, const char *file)
{
	static struct tz_set *zones;
	struct import_map *map = NULL;
	if (!zones)
		zones = tz_set_new(tz_source_system());
	error = (struct err){0};
	*refused_text = '\0';
	import_result_release(&result);
	arena_clear(&kept);
	arena_init(&kept);
	taken.len = 0;
	n_taken = 0;
	if (map_text && !import_map_parse("map.yaml", str_of(map_text), zones, &map, &error))
		return false;
	struct import_options o = {.files = &file, .n_files = 1, .map = map, .append = {NULL, submit, now, retry_after}, .hash_key = hash_key, .refused = hear_refused};
	bool ok = import_files(&o, &result, &error);
	import_map_free(map);
	return ok;
}

static const char *
write_file(const char *name, const char *text, size_t n)
{
	static char path[200];
	snprintf(path, sizeof(path), "/tmp/perennial-import-%d-%s", (int)getpid(), name);
	FILE *f = fopen(path, "wb");
	if (!f)
		return "";
	fwrite(text, 1, n ? n : strlen(text), f);
	fclose(f);
	return path;
}

static bool
import_text(const char *map_text, const char *name, const char *text)
{
	const char *path = write_file(name, text, 0);
	keep_texts = true;
	bool ok = import(map_text, path);
	if (!ok)
		printf("# %s\n", error.text);
	unlink(path);
	return ok;
}

/* ---------------------------------------------------------------- tests */

static const char orders[] =
    "zone: Europe/Helsinki\n"
    "source: shop\n"
    "dates: [\"DD.MM.YYYY hh:mm\"]\n"
    "decimal: \",\"\n"
    "entries:\n"
    "  - call: track\n"
    "    event: Order Completed\n"
    "    group by: order\n"
    "    user: customer as id\n"
    "    anonymous: \"order-{order}\"\n"
    "    time: day\n"
    "    properties:\n"
    "      order_id: order\n"
    "      total: sum of quantity * price\n"
    "      currency: =EUR\n"
    "      products: {each line: {product_id: sku, quantity: quantity as number, price: price as number}}\n"
    "    refund: {without: order_id, properties: {refund_id: order}}\n";

TEST(lines_become_orders_and_refunds)
{
	NEED(import_text(orders, "a.csv", "order;day;customer;sku;quantity;price\r\n"
		"1;02.03.2026 10:00;17.0;a;2;1,50\r\n"
		"2;02.03.2026 11:00;;b;1;\"3,00\"\r\n"
		"1;02.03.2026 10:00;17.0;\"quoted\"\"\r\nline\";1;2\r\n"
		"3;02.03.2026 12:00;nan;a;-1;1,50\r\n"));
	CHECK_INT(result.rows, 4);
	CHECK_INT(result.entries, 3);
	CHECK_INT(taken.len, 3);
	CHECK_STR(taken.items[0].name, "Order Completed");
	CHECK_STR(entry_user_id(&taken.items[0]), "17");
	CHECK_INT(taken.items[0].happened.ms, 1772438400000);   /* 08:00 UTC */
	fixed total = 0;
	CHECK(json_fixed(json_path(taken.items[0].body, "properties.total"), &total));
	CHECK_INT(total, 50000);
	CHECK_STR(json_text(json_path(taken.items[0].body, "properties.currency")), "EUR");
	CHECK_INT(json_path(taken.items[0].body, "properties.products")->count, 2);
	CHECK_STR(entry_anonymous_id(&taken.items[1]), "order-2");
	CHECK_STR(taken.items[2].name, "Order Refunded");
	CHECK_STR(json_text(json_path(taken.items[2].body, "properties.refund_id")), "3");
	CHECK(!json_path(taken.items[2].body, "properties.order_id"));
	CHECK(json_fixed(json_path(taken.items[2].body, "properties.total"), &total));
	CHECK_INT(total, 15000);
	CHECK_INT(taken.items[2].trust, TRUST_IMPORT);
	CHECK(taken.items[0].id_hash && taken.items[0].id_hash != taken.items[1].id_hash);
}

TEST(bad_rows_never_stop_the_good_ones)
{
	static const char text[] = "order,day,customer,sku,quantity,price\n"
		"1,02.03.2026 10:00,17,a,2,1\n"
		"2,02.03.2026,17,a\n"
		"3,31.02.2026 10:00,17,a,2,1\n"
		"4,02.03.2026 10:00,17,a,many,1\n"
		"5,\"02.03.2026 10:00,17,a,2,1\n"
		"6,02.03.2199 10:00,17,a,2,1\n"
		"7,02.03.2026 10:00,17,a,2,1\n";
	NEED(import_text(orders, "b.csv", text));
	CHECK_INT(result.entries, 2);
	CHECK_INT(result.rows_refused, 5);
	CHECK(strstr(refused_text, "3::the row has 4 fields, the heading 6") != NULL);
	CHECK(strstr(refused_text, "4:day:\"31.02.2026 10:00\" is not a time that the map knows") != NULL);
	CHECK(strstr(refused_text, "5:quantity:is not a number") != NULL);
	CHECK(strstr(refused_text, "6:") != NULL);
	CHECK(strstr(refused_text, "7:time:lies in the future") != NULL);
}

TEST(a_refused_row_does_not_stand_for_its_customer)
{
	static const char map[] = "entries: [{call: identify, once per: u, user: u, time: t, traits: {city: c}}]\n";
	NEED(import_text(map, "o.csv", "u,t,c\na,2026-02-31,Turku\na,2026-03-01,Oulu\na,2026-03-02,Espoo\n"));
	CHECK_INT(result.rows_refused, 1);
	CHECK_INT(result.entries, 1);
	CHECK(strstr(taken.items[0].text.ptr, "Oulu") != NULL);
}

TEST(the_same_file_twice_has_the_same_ids)
{
	static const char map[] = "entries: [{call: track, event: Seen, user: u, time: t, properties: {x: x}}]\n";
	uint64_t ids[3];
	NEED(import_text(map, "c.csv", "u,t,x\na,2026-01-01,1\na,2026-01-01,1\nb,2026-01-01T10:00:00Z,2\n"));
	NEED(taken.len == 3);
	for (int i = 0; i < 3; i++)
		ids[i] = taken.items[i].id_hash;
	CHECK(ids[0] != ids[1]);
	NEED(import_text(map, "c.csv", "u,t,x\na,2026-01-01,1\na,2026-01-01,1\nb,2026-01-01T10:00:00Z,2\n"));
	for (int i = 0; i < 3; i++)
		CHECK(taken.items[i].id_hash == ids[i]);
}

TEST(values_of_all_kinds)
{
	static const char map[] =
	    "source: x\n"
	    "assume: {address: \"c-{id}@shop.example\", consent: email.marketing}\n"
	    "skip: {column: status, is: [void, test]}\n"
	    "entries:\n"
	    "  - call: identify\n"
	    "    once per: id\n"
	    "    user: id\n"
	    "    time: [paid, made]\n"
	    "    traits:\n"
	    "      vip: status as flag\n"
	    "      tags: {column: tags, as: list}\n"
	    "      born: made as date\n"
	    "      kind: {column: status, map: {yes: gold, no: 5}, else: none}\n"
	    "      address: {city: city, country: =FI}\n"
	    "      phone: phone?\n"
	    "      half: n / 2 + 1\n";
	NEED(import_text(map, "d.csv", "id,paid,made,status,tags,city,n\n1,,2026-01-02 03:04:05,yes,\"a, b\",Åbo,7\n1,,2026-01-02,no,,,1\n2,,2026-01-02,void,,,1\n3,2026-05-01 00:00:00 -0500,2026-01-02,x,,,\n"));
	NEED(taken.len == 4);
	CHECK_STR(str_slice(taken.items[0].text, str_find(taken.items[0].text, STR("\"traits\""), 0), taken.items[0].text.len),
	    "\"traits\":{\"vip\":true,\"tags\":[\"a\",\"b\"],\"born\":\"2026-01-02\",\"kind\":\"gold\",\"address\":{\"city\":\"Åbo\",\"country\":\"FI\"},\"half\":4.5,\"email\":\"c-1@shop.example\"}}");
	CHECK_INT(taken.items[1].kind, ENTRY_CONSENT);
	CHECK(json_is(json_get(taken.items[1].body, STR("granted")), JSON_TRUE));
	CHECK_INT(taken.items[2].happened.ms, 1777611600000);
	CHECK_INT(result.people_assumed_consent, 2);
	CHECK_INT(result.rows_skipped, 1);
	CHECK(strstr(result.assumptions, "c-{id}@shop.example") && strstr(result.assumptions, "email.marketing for 2 people"));
}

TEST(mistakes_in_a_map_have_their_place)
{
	const struct { const char *map, *sentence; int line; } bad[] = {
		{"entries: [{call: track, user: u}]\n", "a track call needs an event", 1},
		{"entries:\n  - call: fly\n    user: u\n", "call must be identify, track, page, screen, group, alias or consent", 2},
		{"entires: []\n", "`entires` is not known here", 1},
		{"assume:\n  address: \"{id}@gmail.com\"\nentries: [{call: page, user: u}]\n", "made-up addresses must end in .example, .invalid or .test, so that nobody real is mailed", 2},
		{"zone: Mars/Base\nentries: [{call: page, user: u}]\n", "there is no such time zone; names look like Europe/London", 1},
		{"entries: [{call: page, user: \"{u\"}]\n", "a { needs a column's name and a }", 1}};
	for (size_t i = 0; i < COUNT(bad); i++) {
		CHECK(!import(bad[i].map, "/dev/null"));
		CHECK_CSTR(error.text, bad[i].sentence);
		CHECK_INT(error.line, bad[i].line);
	}
	CHECK(!import("entries: [{call: page, user: nobody}]\n", write_file("e.csv", "a,b\n1,2\n", 0)));
	CHECK(strstr(error.text, "has no column \"nobody\"") != NULL);
	unlink(write_file("e.csv", "", 0));
}

TEST(tracking_calls_come_as_ndjson)
{
	NEED(import_text(NULL, "f.ndjson", "{\"type\":\"track\",\"event\":\"Completed Order\",\"userId\":\"u\",\"timestamp\":\"2026-01-01T00:00:00Z\",\"sentAt\":\"2020-01-01T00:00:00Z\"}\n"
		"\n{\"type\":\"track\"}\nnot json\n{\"type\":\"page\",\"anonymousId\":\"a\",\"messageId\":\"m\"}"));
	CHECK_INT(taken.len, 2);
	CHECK_STR(taken.items[0].name, "Order Completed");
	CHECK_INT(taken.items[0].happened.ms, 1767225600000);
	CHECK_INT(result.rows_refused, 2);
	NEED(import_text("entries: [{call: track, event: \"{what}\", user: who.id, time: at, properties: {n: n as number}}]\n", "g.jsonl",
		"{\"who\":{\"id\":\"u\"},\"what\":\"Seen\",\"at\":\"2026-01-01\",\"n\":5}\n"));
	NEED(taken.len == 1);
	CHECK_STR(taken.items[0].name, "Seen");
}

TEST(a_real_shops_invoices_agree_with_its_sums)
{
	const char *folder = getenv("PERENNIAL_SHARED");
	char path[300];
	static char map[8192];
	snprintf(path, sizeof(path), "%s/data/online-retail/online-retail.csv.zst", folder ? folder : "../shared");
	FILE *f = fopen("programs/maps/online_retail.yaml", "rb");
	if (access(path, R_OK) || !f)
		SKIP("the shop's file is not here");
	map[fread(map, 1, sizeof(map) - 1, f)] = '\0';
	fclose(f);
	keep_texts = false;
	int64_t start = clock_mono_ns();
	bool ok = import(map, path);
	if (!ok)
		TAP_FAIL("%s", error.text);
	printf("# %.1f s\n", (double)(clock_mono_ns() - start) / 1e9);
	CHECK_INT(result.rows, 541909);
	CHECK_INT(result.rows_refused, 0);
	printf("# %s", refused_text);
	fixed sum = 0;
	uint64_t calls = 0;
	for (uint32_t i = 0; i < result.n_events; i++) {
		bool back = str_eq(result.events[i].name, STR("Order Refunded"));
		printf("# %.*s %d %.2f\n", STR_ARGS(result.events[i].name), (int)result.events[i].n, (double)result.events[i].total / 10000);
		calls += result.events[i].n;
		sum += back ? -result.events[i].total : result.events[i].total;
	}
	CHECK_INT(calls, 25900);
	CHECK_INT((sum + 50) / 100, 974774793);
	CHECK_INT(result.calls[ENTRY_IDENTIFY], 4372);
	CHECK_INT(result.people_assumed_consent, 4372);
}

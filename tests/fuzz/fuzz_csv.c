/* CSV files, read by a map that uses most of what maps can do. */
#include "base/clock.h"
#include "ingest/import.h"
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

static const char map_text[] =
    "zone: Europe/Helsinki\n"
    "dates: [\"DD.MM.YYYY hh:mm\"]\n"
    "assume: {address: \"c-{c}@shop.example\", consent: email.marketing}\n"
    "skip: {column: x?, is: skip}\n"
    "entries:\n"
    "  - {call: identify, once per: c, user: c as id, without id: leave out, time: t, traits: {tags: {column: \"x?\", as: list}, when: t as date}}\n"
    "  - {call: track, event: Order Completed, group by: o, user: c as id, anonymous: \"o-{o}\", time: t,\n"
    "     properties: {order_id: o, total: sum of q * p, products: {each line: {product_id: s, quantity: q as number, price: p as number}}},\n"
    "     refund: {without: order_id}}\n";
static uint8_t hash_key[16];

static bool
submit(void *self, struct batch *b, struct err *e)
{
	(void)self, (void)e;
	b->accepted = b->n;
	b->done(b, NULL);
	return true;
}

static wall
now(void *self)
{
	(void)self;
	return (wall){1772438400000};
}

static int
retry_after(void *self)
{
	(void)self;
	return 1;
}

static void
refused(void *self, const char *file, uint64_t line, struct str field, struct str reason)
{
	(void)self, (void)file, (void)field;
	ASSERT(line && reason.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct import_map *map;
	static struct tz_set *zones;
	struct import_result r;
	struct err e;
	char path[64];
	if (!zones)
		zones = tz_set_new(tz_source_system());
	if (!map && !import_map_parse("map.yaml", str_of(map_text), zones, &map, &e))
		return 0;
	int fd = memfd_create("fuzz.csv", 0);
	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		return 0;
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	const char *files[] = {path};
	struct import_options o = {.files = files, .n_files = 1, .map = map, .append = {NULL, submit, now, retry_after}, .hash_key = hash_key, .refused = refused};
	if (!import_files(&o, &r, &e))
		ASSERT(e.text[0]);
	import_result_release(&r);
	close(fd);
	return 0;
}

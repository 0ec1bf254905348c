/* shop.h -- the retail program out of the binary, and a seeded shop: people who come, look, sign in, buy, withdraw. */
#pragma once
#include "help.h"
#include "base/clock.h"
#include "program/embedded.h"

struct shop { uint64_t state; int people; int number; };

static inline uint32_t
dice(struct shop *s, uint32_t sides)
{
	s->state = s->state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(s->state >> 33) % sides;
}

/* One call as an SDK would send it; returns its kind and name. */
static inline enum entry_kind
shop_call(struct shop *s, struct buf *out, struct str *name)
{
	static const struct str events[] = {STR_INIT("Product Viewed"), STR_INIT("Product Viewed"), STR_INIT("Product Viewed"), STR_INIT("Product Added"), STR_INIT("Checkout Started"),
	    STR_INIT("Order Completed"), STR_INIT("Product Removed"), STR_INIT("Email Opened")};
	uint32_t who = dice(s, (uint32_t)s->people), what = dice(s, 20);
	int id = s->number++;
	*name = STR("");
	if (what < 2) {
		buf_printf(out, "{\"type\":\"identify\",\"userId\":\"u%u\",\"anonymousId\":\"a%u\",\"messageId\":\"m%d\",\"traits\":{\"email\":\"u%u@shop.example\",\"firstName\":\"Ada\"},"
				"\"consent\":{\"email\":{\"marketing\":true}}}", who, who, id, who);
		return ENTRY_IDENTIFY;
	}
	if (what < 5) {
		buf_printf(out, "{\"type\":\"page\",\"name\":\"Home\",\"anonymousId\":\"a%u\",\"messageId\":\"m%d\",\"context\":{\"page\":{\"url\":\"https://shop.example/\"}}}", who, id);
		*name = STR("Home");
		return ENTRY_PAGE;
	}
	if (what == 5) {
		buf_printf(out, "{\"type\":\"consent\",\"userId\":\"u%u\",\"messageId\":\"m%d\",\"channel\":\"email\",\"purpose\":\"marketing\",\"granted\":%s,\"wording\":\"news\",\"source\":\"form\"}", who, id,
		    dice(s, 4) ? "true" : "false");
		return ENTRY_CONSENT;
	}
	*name = events[dice(s, COUNT(events))];
	buf_printf(out, "{\"type\":\"track\",\"event\":\"%.*s\",\"%s\":\"%c%u\",\"messageId\":\"m%d\",\"properties\":{", STR_ARGS(*name), dice(s, 2) ? "userId" : "anonymousId", 'x', who, id);
	/* the key says which of the two: patch the letter */
	out->ptr[str_find(buf_str(out), STR("\"x"), 0) + 1] = str_find(buf_str(out), STR("userId"), 0) != SIZE_MAX ? 'u' : 'a';
	if (str_eq(*name, STR("Order Completed")))
		buf_printf(out, "\"order_id\":\"o%d\",\"total\":%u,\"currency\":\"EUR\",\"products\":[{\"product_id\":\"sku-%u\",\"price\":%u,\"quantity\":1}]}}", id, 10 + dice(s, 90), dice(s, 50), 10 + dice(s, 90));
	else
		buf_printf(out, "\"product_id\":\"sku-%u\",\"name\":\"Shoe\",\"price\":%u,\"currency\":\"EUR\",\"quantity\":1}}", dice(s, 50), 10 + dice(s, 90));
	return ENTRY_TRACK;
}

static inline struct batch *
shop_batch(struct shop *s, int n)
{
	struct batch *b = batch_new();
	struct buf text = {0}, one = {0};
	size_t *at = mem_alloc(sizeof(size_t) * (size_t)(n + 1));
	b->entries = arena_array(&b->arena, struct entry, n);
	for (int i = 0; i < n; i++) {
		char id[24];
		snprintf(id, sizeof(id), "m%d", s->number);
		buf_reset(&one);
		at[i] = text.len;
		b->entries[i] = (struct entry){.source = STR("key"), .trust = TRUST_SERVER, .happened = clock_wall(), .id_hash = hash_stable(str_of(id))};
		b->entries[i].kind = shop_call(s, &one, &b->entries[i].name);
		buf_add_str(&text, buf_str(&one));
	}
	at[n] = text.len;
	b->text = arena_str(&b->arena, buf_str(&text));
	b->n = (uint32_t)n;
	for (int i = 0; i < n; i++) {
		struct err e;
		b->entries[i].text = str_slice(b->text, at[i], at[i + 1]);
		if (!json_parse_arena(&b->arena, b->entries[i].text, &b->entries[i].body, &e)) {
			printf("# %s: %.*s\n", e.text, STR_ARGS(b->entries[i].text));
			abort();
		}
	}
	mem_free(at);
	buf_release(&text);
	buf_release(&one);
	batch_pack(b);
	return b;
}

static struct str
embedded(const char *path)
{
	for (size_t i = 0; i < n_embedded_files; i++)
		if (!strcmp(embedded_files[i].path, path))
			return (struct str){embedded_files[i].bytes, embedded_files[i].len};
	return STR("");
}

static void
take_files(struct arena *a, const char *below, const char *as, struct program_file *files, size_t *n)
{
	for (size_t i = 0; i < n_embedded_files; i++)
		if (!strncmp(embedded_files[i].path, below, strlen(below)))
			files[(*n)++] = (struct program_file){arena_printf(a, "%s%s", as, embedded_files[i].path + strlen(below)), {embedded_files[i].bytes, embedded_files[i].len}};
}

/* The shipped retail program, as `init` would make it, with one more document of segments ("" = none). NULL with the problems told. */
static struct program *
retail(struct arena *a, struct tz_set *zones, const struct workspace_options *o, const char *more)
{
	struct program_file *files = arena_array(a, struct program_file, n_embedded_files + 1);
	size_t n = 0;
	struct program *p = NULL;
	problem_list problems = {0};
	take_files(a, "retail/", "", files, &n);
	take_files(a, "lifecycle/", "lifecycle/", files, &n);
	take_files(a, "partials/", "templates/partials/", files, &n);
	for (size_t i = 0; i < n; i++)
		if (str_eq(files[i].path, STR("segments.yaml")))
			files[i].text = arena_printf(a, "%.*s%s", STR_ARGS(files[i].text), more);
	if (!program_make(files, n, zones, o->activities_tsv, o->shadow_files, o->n_shadow, &problems, &p))
		for (size_t i = 0; i < problems.len; i++)
			printf("# %s:%d: %s\n", problems.items[i].err.file, problems.items[i].err.line, problems.items[i].err.text);
	vec_release(&problems);
	return p;
}

static struct workspace_options
shop_options(struct arena *a, const char *dir)
{
	struct program_file *shadows = arena_array(a, struct program_file, n_embedded_files + 1);
	size_t n = 0;
	take_files(a, "retail/journeys/", "retail/journeys/", shadows, &n);
	take_files(a, "saas/journeys/", "saas/journeys/", shadows, &n);
	return (struct workspace_options){.dir = dir, .activities_tsv = embedded("activities.tsv"), .shadow_files = shadows, .n_shadow = n};
}

/* fold -- how fast the engine folds, against parsing the same bodies alone; and what a profile and a retained event weigh.
 *
 *	fold [--calls 1000000] [--visitors 100000] [--program retail|none] */
#include "base/clock.h"
#include "engine/engine.h"
#include "shop.h"
#include "starter.h"
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Of this process alone, so that what else the machine does is left out: both figures are a core's. */
static double
cpu_seconds(void)
{
	struct timespec t;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

struct calls { struct buf text; size_t *at; uint32_t n; };

static void
make_calls(struct calls *c, uint32_t n, uint32_t visitors, wall to)
{
	struct shop_options o = {.seed = 1, .visitors = visitors, .from = wall_add(to, -90 * DAY), .to = to};
	struct shop *s = shop_new(&o);
	c->at = mem_alloc((n + 1) * sizeof(*c->at));
	while (c->n < n && shop_next(s, &c->text, NULL))
		c->at[++c->n] = c->text.len;
	shop_free(s);
}

static struct str
call_text(const struct calls *c, uint32_t i)
{
	return (struct str){c->text.ptr + c->at[i], c->at[i + 1] - c->at[i]};
}

/* A call as ingest would hand it on. */
static void
to_entry(const struct json *body, struct str text, uint64_t seq, struct entry *en)
{
	wall when;
	*en = (struct entry){.seq = seq, .kind = entry_kind_of(json_text(json_get(body, STR("type")))), .source = STR("bench"), .trust = TRUST_SERVER,
	    .body = body, .text = text};
	const struct json *name = json_get(body, en->kind == ENTRY_TRACK ? STR("event") : STR("name"));
	en->name = json_text(name);
	if (!wall_parse(json_text(json_get(body, STR("timestamp"))), &when))
		abort();
	en->at = en->happened = when;
}

static double
parse_all(const struct calls *c)
{
	struct json_parser *p = json_parser_new();
	const struct json *body;
	struct err e;
	double begun = cpu_seconds();
	for (uint32_t i = 0; i < c->n; i++)
		if (!json_parse(p, call_text(c, i), NULL, &body, &e))
			abort();
	double seconds = cpu_seconds() - begun;
	json_parser_free(p);
	return seconds;
}

struct folded { double seconds; uint64_t decisions, ticks; };

static struct folded
fold_all(struct engine *g, const struct calls *c, struct decisions *d)
{
	struct json_parser *p = json_parser_new();
	const struct json *body;
	struct err e;
	struct folded f = {0};
	uint64_t seq = 1;
	wall wake = engine_next_wake(g);
	double begun = cpu_seconds();
	for (uint32_t i = 0; i < c->n; i++) {
		struct entry en;
		if (!json_parse(p, call_text(c, i), NULL, &body, &e))
			abort();
		to_entry(body, call_text(c, i), ++seq, &en);
		/* Time passes on its own too: a tick whenever an alarm is due before the next call, as the runtime would append one. */
		while (wake.ms < en.at.ms) {
			struct entry tick = {.seq = seq++, .kind = ENTRY_TICK, .at = wake, .happened = wake, .trust = TRUST_SELF};
			en.seq = seq;
			wake = engine_apply(g, &tick, d);
			f.ticks++;
		}
		engine_admit(g, &en);
		wake = engine_apply(g, &en, d);
		if ((i & 63) == 0) {
			f.decisions += d->messages.len;
			decisions_reset(d);
		}
	}
	f.seconds = cpu_seconds() - begun;
	json_parser_free(p);
	return f;
}

int
main(int argc, char **argv)
{
	int64_t n = 1000000, visitors = 100000;
	const char *program = "retail";
	for (int i = 1; i + 1 < argc; i += 2) {
		if (str_eq(str_of(argv[i]), STR("--program")))
			program = argv[i + 1];
		else if (!str_to_int(str_of(argv[i + 1]), str_eq(str_of(argv[i]), STR("--calls")) ? &n : &visitors))
			return 2;
	}
	struct arena a;
	struct calls c = {0};
	struct decisions d;
	wall to = {1767225600000};       /* always the same, so that runs can be compared */
	struct tz_set *zones = tz_set_new(tz_source_system());
	arena_init(&a);
	decisions_init(&d);
	make_calls(&c, (uint32_t)n, (uint32_t)visitors, to);
	double parse = parse_all(&c);
	size_t before = mallinfo2().uordblks;
	struct engine_options o = {.zones = zones};
	struct engine *g = engine_new(&o);
	if (!str_eq(str_of(program), STR("none")))
		starter_live(g, starter_load(program, zones, &a), wall_add(to, -91 * DAY), &d);
	size_t empty = mallinfo2().uordblks;
	struct folded f = fold_all(g, &c, &d);
	decisions_release(&d);
	size_t full = mallinfo2().uordblks;
	printf("events: %u\nprofiles: %u\n", c.n, engine_profile_count(g));
	printf("fold_events_per_s: %.0f\nparse_events_per_s: %.0f\nfold_to_parse: %.3f\n", c.n / f.seconds, c.n / parse, parse / f.seconds);
	printf("ticks: %llu\nmessages: %llu\n", (unsigned long long)f.ticks, (unsigned long long)f.decisions);
	printf("bytes_per_profile: %.0f\nprogram_bytes: %zu\n", (double)(full - empty) / engine_profile_count(g), empty - before);
	engine_free(g);
	tz_set_free(zones);
	return 0;
}

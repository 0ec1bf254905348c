/* alarms -- everybody's alarm at one instant: how long until all are worked off, and how long the longest single tick holds the fold.
 *
 *	alarms [--people 1000000] */
#include "base/clock.h"
#include "base/str.h"
#include "starter.h"
#include <stdio.h>
#include <stdlib.h>

static void
order(struct engine *g, uint64_t seq, wall at, struct json_parser *parser, struct decisions *d)
{
	char text[256];
	const struct json *body;
	struct err e;
	int n = snprintf(text, sizeof(text), "{\"type\":\"track\",\"event\":\"Order Completed\",\"userId\":\"u%llu\",\"properties\":"
	    "{\"order_id\":\"o%llu\",\"total\":49,\"products\":[{\"product_id\":\"p1\",\"category\":\"coffee\",\"price\":49,\"quantity\":1}]}}",
	    (unsigned long long)seq, (unsigned long long)seq);
	if (!json_parse(parser, (struct str){text, (size_t)n}, NULL, &body, &e))
		abort();
	struct entry en = {.seq = seq, .at = at, .happened = at, .kind = ENTRY_TRACK, .name = STR("Order Completed"), .source = STR("bench"),
	    .trust = TRUST_SERVER, .body = body, .text = {text, (size_t)n}};
	engine_admit(g, &en);
	engine_apply(g, &en, d);
}

int
main(int argc, char **argv)
{
	int64_t people = 1000000;
	if (argc > 2 && !str_to_int(str_of(argv[2]), &people))
		return 2;
	struct arena a;
	struct decisions d;
	struct tz_set *zones = tz_set_new(tz_source_system());
	struct engine_options o = {.zones = zones};
	struct engine *g = engine_new(&o);
	struct json_parser *parser = json_parser_new();
	wall at = {1767225600000};
	uint64_t seq = 1;
	arena_init(&a);
	decisions_init(&d);
	starter_live(g, starter_load("retail", zones, &a), wall_add(at, -DAY), &d);
	for (int64_t i = 0; i < people; i++) {
		order(g, ++seq, at, parser, &d);
		decisions_reset(&d);
	}
	wall due = wall_add(at, 60 * DAY);      /* by then every window that the order opened has closed for everybody at once */
	size_t backlog = engine_backlog(g, due);
	uint64_t ticks = 0;
	int64_t begun = clock_mono_ns(), longest = 0;
	do {
		struct entry tick = {.seq = ++seq, .kind = ENTRY_TICK, .at = due, .happened = due, .trust = TRUST_SELF};
		int64_t from = clock_mono_ns();
		engine_apply(g, &tick, &d);
		int64_t took = clock_mono_ns() - from;
		longest = took > longest ? took : longest;
		decisions_reset(&d);
		ticks++;
	} while (engine_next_wake(g).ms <= due.ms && ticks < 100 * 1000 * 1000);
	double seconds = (double)(clock_mono_ns() - begun) / 1e9;
	printf("alarms_due_at_one_instant: %zu\nalarms_drained_s: %.2f\nalarms_longest_tick_ms: %.3f\nalarms_ticks: %llu\n", backlog, seconds,
	    (double)longest / 1e6, (unsigned long long)ticks);
	decisions_release(&d);
	json_parser_free(parser);
	engine_free(g);
	arena_clear(&a);
	tz_set_free(zones);
	return 0;
}

#include "api/api_priv.h"
#include "base/clock.h"

void
health_ok(struct api_call *c)
{
	http_reply_header(c->http, "Cache-Control", STR("no-store"));
	http_reply(c->http, 200, "text/plain; charset=utf-8", STR("ok\n"));
}

/* ---------------------------------------------------------------- figures for Prometheus */

/* Names that only grow; everything else goes up and down. */
static bool
only_grows(struct str name)
{
	static const char *const counters[] = {"entries", "duplicates", "refused", "batches", "commits", "commit_us_sum", "ticks", "rows_saved",
		"blocks_joined", "checkpoints"};
	for (size_t i = 0; i < COUNT(counters); i++)
		if (str_eq(name, str_of(counters[i])))
			return true;
	return false;
}

static void
write_figure(struct buf *out, const char *prefix, const struct json *j)
{
	bool truth = j->kind == JSON_TRUE || j->kind == JSON_FALSE;
	bool counter = !*prefix && only_grows(j->key);
	if (!truth && !json_is_number(j))
		return;
	buf_printf(out, "# TYPE perennial_%s%.*s%s %s\n", prefix, STR_ARGS(j->key), counter ? "_total" : "", counter ? "counter" : "gauge");
	buf_printf(out, "perennial_%s%.*s%s ", prefix, STR_ARGS(j->key), counter ? "_total" : "");
	if (truth)
		buf_add_cstr(out, j->kind == JSON_TRUE ? "1" : "0");
	else if (j->kind == JSON_INT)
		buf_printf(out, "%lld", (long long)j->i);
	else
		buf_printf(out, "%.17g", json_double(j));
	buf_add_char(out, '\n');
}

static void
write_http(struct buf *out, const struct api *api)
{
	struct http_counts n = http_count(api->http);
	buf_printf(out, "# TYPE perennial_http_requests_total counter\nperennial_http_requests_total %llu\n", (unsigned long long)n.requests);
	buf_printf(out, "# TYPE perennial_http_refused_total counter\nperennial_http_refused_total %llu\n", (unsigned long long)n.refused);
	buf_printf(out, "# TYPE perennial_http_waiting gauge\nperennial_http_waiting %llu\n", (unsigned long long)n.asleep);
	buf_printf(out, "# TYPE perennial_http_bytes_in_hand gauge\nperennial_http_bytes_in_hand %llu\n", (unsigned long long)n.bytes_in_hand);
	buf_printf(out, "# TYPE perennial_uptime_seconds gauge\nperennial_uptime_seconds %lld\n",
	    (long long)((clock_wall().ms - api->started.ms) / SECOND));
}

void
health_metrics(struct api_call *c)
{
	struct buf json = {0}, out = {0};
	struct json_writer w = json_writer_on(&json);
	const struct json *all;
	struct err e;
	workspace_metrics_json(c->api->workspace, &w);
	if (!json_parse_arena(&c->arena, buf_str(&json), &all, &e)) {
		answer_refuse(c, &e);
		buf_release(&json);
		return;
	}
	json_each(j, all)
		if (j->kind != JSON_OBJECT)
			write_figure(&out, "", j);
	json_each(j, json_get(all, STR("engine")))
		write_figure(&out, "engine_", j);
	buf_printf(&out, "# TYPE perennial_sending_held gauge\nperennial_sending_held %d\n", json_text(json_get(all, STR("fence"))).len > 0);
	write_http(&out, c->api);
	http_reply(c->http, 200, "text/plain; version=0.0.4; charset=utf-8", buf_str(&out));
	buf_release(&json);
	buf_release(&out);
}

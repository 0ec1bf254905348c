/* reports.c -- answers about everybody: stages, segments, journeys, the gap map, messages, figures. */
#include "api/rows.h"
#include "base/civil.h"
#include "base/clock.h"
#include "measure/measure.h"
#include <roaring/roaring.h>
#include <stdio.h>

/* The live program, kept until released; NULL after answering. */
static const struct program *
program_take(struct api_call *c)
{
	struct outbox_port port = workspace_outbox(c->api->workspace);
	const struct program *p = port.program(port.self);
	if (!p)
		answer_fail(c, ERR_NOT_FOUND, "no program is live yet");
	return p;
}

static void
program_drop(struct api_call *c, const struct program *p)
{
	struct outbox_port port = workspace_outbox(c->api->workspace);
	port.program_release(port.self, p);
}

static void
finish(struct api_call *c, bool ok, struct buf *json, const struct err *e)
{
	if (ok) {
		answer_json(c, 200, json);
		return;
	}
	buf_release(json);
	answer_refuse(c, e);
}

/* ---------------------------------------------------------------- stages */

struct stages { struct str model; struct buf json; bool found; wall now; };

static void
ask_stages(struct engine *g, void *context)
{
	struct stages *s = context;
	struct json_writer w = json_writer_on(&s->json);
	s->found = engine_stages_json(g, s->model, &w);
	s->now = engine_now(g);
}

static bool
write_moves(struct api_call *c, const struct stages *s, struct json_writer *w, struct err *e)
{
	const struct json *model;
	sqlite3 *db;
	struct moves m;
	char month[16];
	if (!json_parse_arena(&c->arena, buf_str(&s->json), &model, e) || !workspace_reader(c->api->dir, &db, e))
		return false;
	bool ok = measure_moves(db, json_text(json_get(model, STR("model"))), WALL_BEFORE_ALL, WALL_NEVER, &c->arena, &m, e);
	sqlite3_close(db);
	jw_karray(w, "moves");
	for (size_t i = 0; ok && i < m.n; i++) {
		month_format(m.items[i].month, month);
		jw_object(w);
		jw_kstr(w, "month", str_of(month));
		jw_kstr(w, "from", m.items[i].from);
		jw_kstr(w, "to", m.items[i].to);
		jw_kint(w, "n", (int64_t)m.items[i].n);
		jw_object_end(w);
	}
	jw_array_end(w);
	return ok;
}

void
report_stages(struct api_call *c)
{
	struct stages s = {.model = query_text(c, "model")};
	struct buf json = {0};
	struct json_writer w = json_writer_on(&json);
	struct err e;
	workspace_ask(c->api->workspace, ask_stages, &s);
	if (!s.found) {
		answer_fail(c, ERR_NOT_FOUND, s.model.len ? "there is no lifecycle model of that name in the live program" : "no program is live yet");
		buf_release(&s.json);
		return;
	}
	jw_object(&w);
	jw_key(&w, STR("now"));
	jw_raw(&w, buf_str(&s.json));
	bool ok = write_moves(c, &s, &w, &e);
	jw_object_end(&w);
	buf_release(&s.json);
	finish(c, ok, &json, &e);
}

/* ---------------------------------------------------------------- segments */

struct members { struct str name; struct buf bitmap; bool found; };

static void
copy_members(struct engine *g, void *context)
{
	struct members *m = context;
	buf_reset(&m->bitmap);
	m->found = engine_segment_members(g, m->name, &m->bitmap);
}

/* NULL when there is no such segment. One segment at a time, so that the fold thread is held for one copy only. */
static roaring_bitmap_t *
members_of(struct api_call *c, struct str name)
{
	struct members m = {.name = name};
	workspace_ask(c->api->workspace, copy_members, &m);
	roaring_bitmap_t *set = m.found ? roaring_bitmap_portable_deserialize_safe(m.bitmap.ptr, m.bitmap.len) : NULL;
	buf_release(&m.bitmap);
	return set;
}

void
report_segments(struct api_call *c)
{
	struct buf json = {0};
	struct json_writer w = json_writer_on(&json);
	const struct program *p = program_take(c);
	if (!p)
		return;
	jw_object(&w);
	jw_karray(&w, "segments");
	for (size_t i = 0; i < p->n_segments; i++) {
		const struct condition_def *s = &p->conditions[i];
		roaring_bitmap_t *set = members_of(c, s->name);
		jw_object(&w);
		jw_kstr(&w, "name", s->name);
		jw_kstr(&w, "label", s->label);
		jw_kstr(&w, "when", s->text);
		jw_kint(&w, "members", set ? (int64_t)roaring_bitmap_get_cardinality(set) : 0);
		jw_object_end(&w);
		if (set)
			roaring_bitmap_free(set);
	}
	jw_array_end(&w);
	jw_object_end(&w);
	program_drop(c, p);
	answer_json(c, 200, &json);
}

struct who { uint32_t number; struct json_writer *w; };

static void
write_ids(struct engine *g, void *context)
{
	struct who *x = context;
	engine_profile_ids_json(g, x->number, x->w);
}

void
report_members(struct api_call *c)
{
	int64_t limit, after;
	struct buf json = {0};
	struct json_writer w = json_writer_on(&json);
	if (!query_int(c, "limit", 1, 1000, 100, &limit) || !query_int(c, "after", 0, UINT32_MAX, 0, &after))
		return;
	roaring_bitmap_t *set = members_of(c, c->key);
	if (!set) {
		answer_fail(c, ERR_NOT_FOUND, "there is no segment of that name in the live program");
		return;
	}
	jw_object(&w);
	jw_kint(&w, "count", (int64_t)roaring_bitmap_get_cardinality(set));
	jw_karray(&w, "members");
	roaring_uint32_iterator_t *i = roaring_create_iterator(set);
	for (bool more = roaring_move_uint32_iterator_equalorlarger(i, (uint32_t)after + 1); more && limit-- > 0; more = roaring_advance_uint32_iterator(i)) {
		struct who x = {i->current_value, &w};
		workspace_ask(c->api->workspace, write_ids, &x);
	}
	roaring_free_uint32_iterator(i);
	roaring_bitmap_free(set);
	jw_array_end(&w);
	jw_object_end(&w);
	answer_json(c, 200, &json);
}

/* ---------------------------------------------------------------- journeys */

static const char people_in_journeys[] = "select journey, state, count(*) as people from enrolment group by journey, state order by journey, state";

void
report_journeys(struct api_call *c)
{
	struct buf json = {0};
	struct json_writer w = json_writer_on(&json);
	struct err e;
	sqlite3 *db;
	const struct program *p = program_take(c);
	if (!p)
		return;
	jw_object(&w);
	jw_karray(&w, "journeys");
	for (size_t i = 0; i < p->n_journeys; i++) {
		jw_object(&w);
		jw_kstr(&w, "journey", p->journeys[i].name);
		jw_kstr(&w, "label", p->journeys[i].label);
		jw_kstr(&w, "activity", p->journeys[i].activity);
		jw_kstr(&w, "purpose", p->journeys[i].purpose);
		jw_object_end(&w);
	}
	jw_array_end(&w);
	program_drop(c, p);
	bool ok = workspace_reader(c->api->dir, &db, &e);
	if (ok) {
		jw_key(&w, STR("enrolments"));
		ok = answer_rows_into(db, people_in_journeys, NULL, 0, &w, &e);
		sqlite3_close(db);
	}
	jw_object_end(&w);
	finish(c, ok, &json, &e);
}

/* ---------------------------------------------------------------- the gap map */

static void
ask_now(struct engine *g, void *context)
{
	*(wall *)context = engine_now(g);
}

static int32_t
today(struct api_call *c)
{
	wall now = {0};
	workspace_ask(c->api->workspace, ask_now, &now);
	return (int32_t)((now.ms > 0 && now.ms < WALL_NEVER.ms ? now : clock_wall()).ms / DAY);
}

void
report_gap(struct api_call *c)
{
	struct str market = query_text(c, "market");
	struct buf json = {0};
	struct json_writer w = json_writer_on(&json);
	struct gap_map map;
	struct err e;
	sqlite3 *db;
	if (market.len && !str_eq(market, STR("b2c")) && !str_eq(market, STR("b2b")) && !str_eq(market, STR("all"))) {
		answer_fail(c, ERR_INVALID, "market is b2c, b2b or all");
		return;
	}
	const struct program *p = program_take(c);
	if (!p)
		return;
	market = !market.len ? p->market : str_eq(market, STR("all")) ? STR("") : market;
	bool ok = workspace_reader(c->api->dir, &db, &e);
	if (ok) {
		ok = measure_gap(db, p, market, today(c), &c->arena, &map, &e);
		if (ok)
			gap_map_write_json(&map, &w);
		sqlite3_close(db);
	}
	program_drop(c, p);
	finish(c, ok, &json, &e);
}

static bool
is_activity(const struct program *p, struct str id)
{
	for (size_t i = 0; i < p->n_activities; i++)
		if (str_eq(p->activities[i].id, id))
			return true;
	return false;
}

void
report_not_applicable(struct api_call *c)
{
	struct str activity, reason = json_text(json_get(c->body, STR("reason")));
	bool applicable = json_is(json_get(c->body, STR("applicable")), JSON_TRUE);
	struct err e;
	const struct program *p;
	if (!body_text(c, "activity", 100, &activity) || !(p = program_take(c)))
		return;
	bool known = is_activity(p, activity);
	program_drop(c, p);
	if (!known) {
		answer_fail(c, ERR_NOT_FOUND, "the activity catalogue has no %.*s", STR_ARGS(activity));
		return;
	}
	if (!applicable && (!reason.len || reason.len > 500)) {
		answer_fail(c, ERR_INVALID, "reason must be a text of 1 to 500 bytes: why is this activity not for this business?");
		return;
	}
	struct buf json = {0}, answer = {0};
	struct json_writer w = json_writer_on(&json);
	jw_object(&w);
	jw_kstr(&w, "reason", reason);
	jw_kstr(&w, "by", c->session);
	jw_object_end(&w);
	struct workspace *ws = c->api->workspace;
	bool ok = applicable ? workspace_plain_delete(ws, STR("not_applicable"), activity, &e)
			     : workspace_plain_put(ws, STR("not_applicable"), activity, buf_str(&json), &e);
	buf_release(&json);
	buf_add_cstr(&answer, "{\"success\":true}");
	finish(c, ok, &answer, &e);
}

/* ---------------------------------------------------------------- messages, figures */

static const char latest_messages[] =
    "select lower(hex(id)) as id, profile, journey, step, activity, channel, state, template, variant, purpose, topic, "
    "reason, detail, address, attempts, made as \"made:time\", due as \"due:time\", changed as \"changed:time\" "
    "from message where (?1 = '' or state = ?1) and (?2 = '' or journey = ?2) and (?3 = 0 or profile = ?3) order by row desc limit ?4";

void
report_messages(struct api_call *c)
{
	struct str state = query_text(c, "state"), journey = query_text(c, "journey"), who = query_text(c, "profile");
	uint32_t number = 0;
	int64_t limit;
	if (!query_int(c, "limit", 1, 1000, 50, &limit) || (who.len && !person_find(c, who, &number)))
		return;
	const struct row_value values[] = {ROW_TEXT(state), ROW_TEXT(journey), ROW_INT(number), ROW_INT(limit)};
	answer_rows(c, "messages", latest_messages, values, COUNT(values));
}

void
report_metrics(struct api_call *c)
{
	struct buf json = {0};
	struct json_writer w = json_writer_on(&json);
	struct http_counts n = http_count(c->api->http);
	jw_object(&w);
	jw_key(&w, STR("workspace"));
	workspace_metrics_json(c->api->workspace, &w);
	jw_kobject(&w, "http");
	jw_kint(&w, "requests", (int64_t)n.requests);
	jw_kint(&w, "refused", (int64_t)n.refused);
	jw_kint(&w, "waiting", (int64_t)n.asleep);
	jw_kint(&w, "bytes_in_hand", (int64_t)n.bytes_in_hand);
	jw_object_end(&w);
	jw_kwall(&w, "started", c->api->started);
	jw_object_end(&w);
	answer_json(c, 200, &json);
}

void
report_report(struct api_call *c)
{
	answer_rows(c, "report",
	    "select text, code, nullif(place, '') as place, n, first as \"first:time\", last as \"last:time\", seq from report order by n desc limit 500", NULL, 0);
}

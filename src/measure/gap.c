/* The gap map: what a business could do over the lifecycle, against what it does, counted from its own log. */
#include "measure/ask_priv.h"
#include "measure/measure.h"

const char *
gap_status_text(enum gap_status s)
{
	static const char *const texts[] = {
#define X(name, text) text,
	    GAP_STATUSES(X)
#undef X
	};
	ASSERT(s < GAP_STATUS_COUNT);
	return texts[s];
}

static struct gap_row *
row_of(struct gap_map *map, struct str activity)
{
	for (size_t i = 0; i < map->n; i++)
		if (str_eq(map->rows[i].activity->id, activity))
			return &map->rows[i];
	return NULL;
}

/* ---------------------------------------------------------------- what the program says */

static bool
in_market(const struct activity_def *a, struct str market)
{
	return !market.len || str_eq(a->market, STR("both")) || str_eq(a->market, market);
}

static void
add_rows(struct gap_map *map, const struct program *p, struct str market, struct arena *a)
{
	map->rows = arena_array(a, struct gap_row, p->n_activities + 1);
	for (size_t i = 0; i < p->n_activities; i++)
		if (in_market(&p->activities[i], market))
			map->rows[map->n++] = (struct gap_row){.activity = &p->activities[i]};
}

static void
name_journey(struct gap_map *map, struct str activity, struct str journey)
{
	struct gap_row *r = activity.len ? row_of(map, activity) : NULL;
	if (r && !r->by.len)
		r->by = journey;
}

/* Journeys by their own activity, then by what single steps carry out. */
static void
name_journeys(struct gap_map *map, const struct program *p)
{
	for (size_t i = 0; i < p->n_journeys; i++)
		name_journey(map, p->journeys[i].activity, p->journeys[i].name);
	for (size_t i = 0; i < p->n_journeys; i++)
		for (uint16_t s = 0; s < p->journeys[i].n_steps; s++)
			name_journey(map, p->journeys[i].steps[s].activity, p->journeys[i].name);
}

/* ---------------------------------------------------------------- what was counted */

static bool
count_touches(sqlite3 *db, struct gap_map *map, struct arena *a, struct err *e)
{
	static const char question[] = "select activity, kind, count(distinct profile), max(day) from touch "
				       "where day between ?1 and ?2 group by 1, 2 order by 1, 2";
	sqlite3_stmt *rows;
	int rc;
	if (!ask_prepare(db, question, &rows, e))
		return false;
	sqlite3_bind_int(rows, 1, map->from_day);
	sqlite3_bind_int(rows, 2, map->to_day);
	while ((rc = sqlite3_step(rows)) == SQLITE_ROW) {
		struct gap_row *r = row_of(map, ask_text(rows, 0, a));
		struct str kind = ask_text(rows, 1, a);
		uint64_t n = (uint64_t)sqlite3_column_int64(rows, 2);
		int32_t day = sqlite3_column_int(rows, 3);
		if (!r)
			continue;
		if (str_eq(kind, STR("eligible")))
			r->eligible = n;
		else if (str_eq(kind, STR("contactable")))
			r->contactable = n;
		else if (str_eq(kind, STR("reached")))
			r->reached = n, r->last_day = day > r->last_day ? day : r->last_day;
		else if (str_eq(kind, STR("elsewhere")))
			r->elsewhere = n, r->last_day = day > r->last_day ? day : r->last_day;
	}
	return ask_finish(db, rows, rc, e);
}

/* How often and on how many different days evidence must have been seen before it counts. */
static bool
evidence_suffices(sqlite3 *db, const struct program *p, const struct gap_map *map, const struct gap_row *r, bool *ret, struct err *e)
{
	const struct evidence_def *v = NULL;
	for (size_t i = 0; i < p->n_evidence && !v; i++)
		if (str_eq(p->evidence[i].activity, r->activity->id))
			v = &p->evidence[i];
	*ret = r->elsewhere > 0;
	if (!v || !*ret)
		return true;
	if (r->elsewhere < v->at_least_people)
		*ret = false;
	if (!v->spread_days)
		return true;
	sqlite3_stmt *rows;
	if (!ask_prepare(db, "select count(distinct day) from touch where activity = ?1 and kind = 'elsewhere' and day between ?2 and ?3",
		&rows, e))
		return false;
	sqlite3_bind_text(rows, 1, r->activity->id.ptr, (int)r->activity->id.len, SQLITE_STATIC);
	sqlite3_bind_int(rows, 2, map->from_day);
	sqlite3_bind_int(rows, 3, map->to_day);
	int rc = sqlite3_step(rows);
	if (rc == SQLITE_ROW) {
		*ret = *ret && (uint32_t)sqlite3_column_int(rows, 0) >= v->spread_days;
		rc = SQLITE_DONE;
	}
	return ask_finish(db, rows, rc, e);
}

static bool
read_switched_off(sqlite3 *db, struct gap_map *map, struct arena *a, struct err *e)
{
	sqlite3_stmt *rows;
	int rc;
	if (!ask_prepare(db, "select key, coalesce(json_extract(value, '$.reason'), '') from plain where kind = 'not_applicable'", &rows, e))
		return false;
	while ((rc = sqlite3_step(rows)) == SQLITE_ROW) {
		struct gap_row *r = row_of(map, ask_text(rows, 0, a));
		if (r) {
			r->status = GAP_NOT_APPLICABLE;
			r->note = ask_text(rows, 1, a);
		}
	}
	return ask_finish(db, rows, rc, e);
}

/* ---------------------------------------------------------------- what documents alone carry out */

/* Activities of planning are carried out by documents: the program has them or has not. */
static struct str
document_of(const struct program *p, struct str id)
{
	bool personas = false, held_out = p->holdout_permille > 0;
	for (size_t i = 0; i < p->n_segments; i++)
		personas = personas || p->conditions[i].persona.len > 0;
	for (size_t i = 0; i < p->n_journeys; i++)
		held_out = held_out || p->journeys[i].holdout_permille > 0;
	const struct { const char *id; bool there; const char *by; } table[] = {
	    {"personas", personas, "segments with a persona"},
	    {"lifecycle_model", p->n_models > 0, "lifecycle/"},
	    {"contact_policy", p->policy.n_caps || p->policy.n_quiet || p->policy.n_purposes, "policy.yaml"},
	    {"conversion_goals", p->n_goals > 0, "goals.yaml"},
	    {"measurement_plan", held_out, "holdouts"},
	};
	for (size_t i = 0; i < COUNT(table); i++)
		if (str_eq(id, str_of(table[i].id)))
			return table[i].there ? str_of(table[i].by) : (struct str){0};
	return (struct str){0};
}

/* ---------------------------------------------------------------- the verdict of a cell */

static enum gap_status
judge(struct gap_row *r, const struct program *p, bool elsewhere)
{
	struct str document = document_of(p, r->activity->id);
	if (document.len) {
		r->by = document;
		return GAP_RUNNING;
	}
	if (r->by.len && r->reached)
		return r->reached * 1000 < r->eligible * GAP_WEAK_PERMILLE ? GAP_WEAK : GAP_RUNNING;
	if (elsewhere)
		return GAP_ELSEWHERE;
	if (r->by.len)
		return r->eligible ? GAP_WEAK : GAP_QUIET;
	bool ours = !str_eq(r->activity->runs_here, STR("no")) && !str_eq(r->activity->runs_here, STR("export"));
	return ours ? GAP_GAP : GAP_OUTSIDE;
}

bool
measure_gap(sqlite3 *db, const struct program *p, struct str market, int32_t to_day, struct arena *a, struct gap_map *ret, struct err *e)
{
	struct gap_map map = {.to_day = to_day, .from_day = to_day - GAP_WINDOW_DAYS + 1};
	add_rows(&map, p, market, a);
	name_journeys(&map, p);
	if (!count_touches(db, &map, a, e) || !read_switched_off(db, &map, a, e))
		return false;
	for (size_t i = 0; i < map.n; i++) {
		struct gap_row *r = &map.rows[i];
		bool elsewhere = false;
		if (r->status != GAP_NOT_APPLICABLE) {
			if (!evidence_suffices(db, p, &map, r, &elsewhere, e))
				return false;
			r->status = judge(r, p, elsewhere);
			if (r->status == GAP_GAP)
				r->note = r->activity->needs;
		}
		map.by_status[r->status]++;
	}
	*ret = map;
	return true;
}

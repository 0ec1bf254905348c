#include "measure/measure.h"
#include <stdio.h>

static void
write_gap_row(struct json_writer *w, const struct gap_row *r)
{
	jw_object(w);
	jw_kstr(w, "activity", r->activity->id);
	jw_kstr(w, "name", r->activity->name);
	jw_kstr(w, "stage", r->activity->stage);
	jw_kstr(w, "channel", r->activity->channel);
	jw_kstr(w, "market", r->activity->market);
	jw_kstr(w, "status", str_of(gap_status_text(r->status)));
	jw_kint(w, "eligible", (int64_t)r->eligible);
	jw_kint(w, "contactable", (int64_t)r->contactable);
	jw_kint(w, "reached", (int64_t)r->reached);
	jw_kint(w, "elsewhere", (int64_t)r->elsewhere);
	jw_kstr(w, "by", r->by);
	jw_kstr(w, "note", r->note);
	jw_object_end(w);
}

void
day_format(int32_t day, char buf[16])
{
	struct civil c;
	civil_of_days(day, &c);
	snprintf(buf, 16, "%04d-%02d-%02d", (int)c.year % 10000, c.month, c.day);
}

static void
write_day(struct json_writer *w, const char *key, int32_t day)
{
	char text[16];
	day_format(day, text);
	jw_kstr(w, key, str_of(text));
}

void
gap_map_write_json(const struct gap_map *m, struct json_writer *w)
{
	jw_object(w);
	write_day(w, "from", m->from_day);
	write_day(w, "to", m->to_day);
	jw_kint(w, "days", GAP_WINDOW_DAYS);
	jw_kobject(w, "count");
	for (size_t s = 0; s < GAP_STATUS_COUNT; s++)
		jw_kint(w, gap_status_text((enum gap_status)s), (int64_t)m->by_status[s]);
	jw_object_end(w);
	jw_karray(w, "activities");
	for (size_t i = 0; i < m->n; i++)
		write_gap_row(w, &m->rows[i]);
	jw_array_end(w);
	jw_object_end(w);
}

#include "base/civil.h"
#include "contact/contact_priv.h"

static const struct tz *
zone_of(const struct contact_request *r)
{
	return r->facts && r->facts->zone ? r->facts->zone : tz_utc();
}

static int64_t
local_day(const struct tz *zone, wall t)
{
	struct civil c = civil_of(zone, t);
	return civil_days(c.year, c.month, c.day);
}

/* The instant at which the clock of a local day shows this minute; 24 × 60 is the next midnight. Asked of the zone, since on the days
 * when the clocks change a day has 23 or 25 hours. */
static wall
clock_of_day(const struct tz *zone, int64_t day, int minute)
{
	struct civil c;
	civil_of_days(day + minute / 1440, &c);
	c.hour = (int8_t)(minute % 1440 / 60);
	c.minute = (int8_t)(minute % 60);
	return civil_to_wall(zone, &c);
}

static bool
is_day_of(const struct contact_request *r, const struct quiet_def *q, int64_t day)
{
	enum { HOLIDAY = 1 << 7 };
	if (!q->days || q->days & 1 << civil_weekday(day))
		return true;
	return q->days & HOLIDAY && r->facts && r->facts->holiday && r->facts->holiday(r->facts->self, day);
}

/* The end of the window that begins on this local day, if t lies in it. */
static bool
window_holds(const struct contact_request *r, const struct quiet_def *q, int64_t day, wall t, wall *ret_end)
{
	const struct tz *zone = zone_of(r);
	int from = q->from_minute < 0 ? 0 : q->from_minute, to = q->from_minute < 0 ? 1440 : q->to_minute;
	if (!is_day_of(r, q, day))
		return false;
	wall start = clock_of_day(zone, day, from), end = clock_of_day(zone, day, to > from ? to : to + 1440);
	if (t.ms < start.ms || t.ms >= end.ms)
		return false;
	*ret_end = end;
	return true;
}

wall
contact_quiet_until(const struct contact_request *r, wall t, const struct quiet_def **ret_by)
{
	const struct policy_def *p = r->policy;
	wall latest = t;
	for (uint8_t i = 0; i < p->n_quiet; i++) {
		const struct quiet_def *q = &p->quiet[i];
		wall end;
		if (!(q->channels & 1u << r->channel))
			continue;
		int64_t day = local_day(zone_of(r), t);
		bool yesterday = q->from_minute >= 0 && q->to_minute <= q->from_minute && window_holds(r, q, day - 1, t, &end);
		if (!yesterday && !window_holds(r, q, day, t, &end))
			continue;
		if (end.ms <= latest.ms || !policy_holds(r, q->when, r->intent, t, NULL))
			continue;
		latest = end;
		if (ret_by)
			*ret_by = q;
	}
	return latest;
}

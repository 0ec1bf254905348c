/* civil.h -- calendar days, clocks and time zones. Pure: the zone rules come in as data (tz.h loads them). */
#pragma once
#include "base/arena.h"
#include "base/base.h"

struct civil {
	int32_t year;
	int8_t month, day;                   /* from 1 */
	int8_t hour, minute, second;
	int16_t millisecond;
};
/* Days since 1970-01-01 of a proleptic Gregorian date; month and day must be in range. */
int64_t civil_days(int32_t year, int month, int day);
void civil_of_days(int64_t days, struct civil *ret);          /* clock fields become 0 */
int civil_weekday(int64_t days);                              /* 0 = Monday … 6 = Sunday */
int civil_month_days(int32_t year, int month);
bool civil_is_leap(int32_t year);
struct civil civil_of_utc(wall t);
wall civil_to_utc(const struct civil *c);

/* ISO 8601 as the SDKs send it: date, or date and time with Z, ±hh:mm, ±hhmm or nothing (UTC); up to nine digits of
 * fraction, cut to milliseconds; leap second 60 becomes 59.999. Years 0001..9999. */
MUST_CHECK bool wall_parse(struct str text, wall *ret);
/* "2026-03-02T17:00:00.000Z"; buf needs 32 bytes; returns its length. */
size_t wall_format(wall t, char *buf);

/* A zone's rules: transitions in order, and what holds before the first. UTC is tz_utc(). Past the last stored
 * transition the POSIX footer rule holds. */
struct tz;
const struct tz *tz_utc(void);
struct str tz_name(const struct tz *z);
/* Seconds east of UTC at t; *ret_until (may be NULL) = the next transition after t, WALL_NEVER if none. */
int32_t tz_offset(const struct tz *z, wall t, wall *ret_until);
struct civil civil_of(const struct tz *z, wall t);
/* The instant a local clock shows c. In a gap (clock put forward) the first instant after it; in an overlap the first
 * of the two. */
wall civil_to_wall(const struct tz *z, const struct civil *c);
/* Local midnight that begins the day of t, and the one after it. */
wall tz_day_start(const struct tz *z, wall t);
wall tz_day_end(const struct tz *z, wall t);
/* The first instant >= t at which the local clock shows minute (0..1439). */
wall tz_next_clock(const struct tz *z, wall t, int minute_of_day);
/* t moved by n calendar days, months, or years, its local clock kept (29/30/31 cut to the month's last day). */
wall tz_add_days(const struct tz *z, wall t, int64_t n);
wall tz_add_months(const struct tz *z, wall t, int64_t n);

/* The registry of zones: reads TZif data through a port so that the core opens no files. Names are checked
 * ("Europe/Helsinki"; no "..", no leading slash). Loaded zones stay for the process's life. */
struct tz_source {
	void *self;
	/* Bytes of the TZif file of a zone, or an empty str. Called once a zone. */
	struct str (*load)(void *self, struct arena *a, struct str name);
};
struct tz_set;
struct tz_set *tz_set_new(struct tz_source source);
void tz_set_free(struct tz_set *s);
/* NULL when there is no such zone. Safe to call from several threads. */
const struct tz *tz_find(struct tz_set *s, struct str name);
/* Reads TZif bytes (RFC 8536, versions 1 to 4). */
MUST_CHECK bool tz_parse(struct arena *a, struct str name, struct str tzif, const struct tz **ret, struct err *e);

#include "base/civil.h"
#include "base/str.h"

/* Days and dates after Howard Hinnant's "chrono-compatible low-level date algorithms": years begin in March, so that the
 * leap day is the last of a year. */

static int64_t
floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

int64_t
civil_days(int32_t year, int month, int day)
{
	ASSERT(month >= 1 && month <= 12 && day >= 1 && day <= 31);
	int64_t y = (int64_t)year - (month <= 2);
	int64_t era = floor_div(y, 400), year_of_era = y - era * 400;
	int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
	int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
	return era * 146097 + day_of_era - 719468;
}

void
civil_of_days(int64_t days, struct civil *ret)
{
	int64_t z = days + 719468, era = floor_div(z, 146097), day_of_era = z - era * 146097;
	int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	int64_t shifted_month = (5 * day_of_year + 2) / 153;
	int month = (int)(shifted_month < 10 ? shifted_month + 3 : shifted_month - 9);
	*ret = (struct civil){
	    .year = (int32_t)(year_of_era + era * 400 + (month <= 2)),
	    .month = (int8_t)month,
	    .day = (int8_t)(day_of_year - (153 * shifted_month + 2) / 5 + 1),
	};
}

int
civil_weekday(int64_t days)
{
	int64_t w = (days + 3) % 7; /* 1970-01-01 was a Thursday */
	return (int)(w < 0 ? w + 7 : w);
}

bool
civil_is_leap(int32_t year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

int
civil_month_days(int32_t year, int month)
{
	static const int8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	ASSERT(month >= 1 && month <= 12);
	return days[month - 1] + (month == 2 && civil_is_leap(year));
}

struct civil
civil_of_utc(wall t)
{
	struct civil c;
	int64_t days = floor_div(t.ms, DAY), ms = t.ms - days * DAY;
	civil_of_days(days, &c);
	c.hour = (int8_t)(ms / HOUR);
	c.minute = (int8_t)(ms / MINUTE % 60);
	c.second = (int8_t)(ms / SECOND % 60);
	c.millisecond = (int16_t)(ms % SECOND);
	return c;
}

wall
civil_to_utc(const struct civil *c)
{
	int64_t clock = c->hour * HOUR + c->minute * MINUTE + c->second * SECOND + c->millisecond;
	return (wall){civil_days(c->year, c->month, c->day) * DAY + clock};
}

/* ---------------------------------------------------------------- ISO 8601 */

static bool
scan_char(struct str *s, char c)
{
	if (!s->len || s->ptr[0] != c)
		return false;
	*s = str_slice(*s, 1, s->len);
	return true;
}

static bool
scan_digits(struct str *s, size_t n, int *ret)
{
	int v = 0;
	if (s->len < n)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (s->ptr[i] < '0' || s->ptr[i] > '9')
			return false;
		v = v * 10 + (s->ptr[i] - '0');
	}
	*s = str_slice(*s, n, s->len);
	*ret = v;
	return true;
}

static bool
scan_fraction(struct str *s, int *ret_ms)
{
	int scale = 100, n = 0, ms = 0;
	for (; s->len && s->ptr[0] >= '0' && s->ptr[0] <= '9'; n++, scale /= 10) {
		ms += (s->ptr[0] - '0') * scale;
		*s = str_slice(*s, 1, s->len);
	}
	*ret_ms = ms;
	return n >= 1 && n <= 9;
}

/* Z, ±hh:mm, ±hhmm, ±hh or nothing. */
static bool
scan_offset(struct str *s, int *ret_minutes)
{
	int h, m = 0, sign = 1;
	*ret_minutes = 0;
	if (!s->len || scan_char(s, 'Z') || scan_char(s, 'z'))
		return true;
	if (scan_char(s, '-'))
		sign = -1;
	else if (!scan_char(s, '+'))
		return false;
	if (!scan_digits(s, 2, &h))
		return false;
	if (s->len && (scan_char(s, ':'), !scan_digits(s, 2, &m)))
		return false;
	if (h > 18 || m > 59)
		return false;
	*ret_minutes = sign * (h * 60 + m);
	return true;
}

static bool
scan_clock(struct str *s, struct civil *c, int *ret_offset)
{
	int h, m, sec = 0, ms = 0;
	if (!scan_digits(s, 2, &h) || !scan_char(s, ':') || !scan_digits(s, 2, &m))
		return false;
	if (scan_char(s, ':')) {
		if (!scan_digits(s, 2, &sec))
			return false;
		if ((scan_char(s, '.') || scan_char(s, ',')) && !scan_fraction(s, &ms))
			return false;
	}
	if (h > 23 || m > 59 || sec > 60)
		return false;
	if (sec == 60)
		sec = 59, ms = 999;
	c->hour = (int8_t)h;
	c->minute = (int8_t)m;
	c->second = (int8_t)sec;
	c->millisecond = (int16_t)ms;
	return scan_offset(s, ret_offset);
}

bool
wall_parse(struct str text, wall *ret)
{
	int year, month, day, offset = 0;
	struct str s = text;
	if (!scan_digits(&s, 4, &year) || !scan_char(&s, '-') || !scan_digits(&s, 2, &month) ||
	    !scan_char(&s, '-') || !scan_digits(&s, 2, &day))
		return false;
	if (year < 1 || month < 1 || month > 12 || day < 1 || day > civil_month_days(year, month))
		return false;
	struct civil c = {.year = year, .month = (int8_t)month, .day = (int8_t)day};
	if (s.len) {
		if (!scan_char(&s, 'T') && !scan_char(&s, 't') && !scan_char(&s, ' '))
			return false;
		if (!scan_clock(&s, &c, &offset) || s.len)
			return false;
	}
	*ret = wall_add(civil_to_utc(&c), -offset * MINUTE);
	return true;
}

static char *
put_digits(char *to, uint32_t n, int width, char sign)
{
	for (int i = width; i-- > 0; n /= 10)
		to[i] = (char)('0' + n % 10);
	to[width] = sign;
	return to + width + 1;
}

size_t
wall_format(wall t, char *buf)
{
	/* Years outside 0..9999 would not fit; they are shown as the nearest that does. */
	wall low = {-62167219200000}, high = {253402300799999};
	struct civil c = civil_of_utc(wall_min(wall_max(t, low), high));
	char *at = put_digits(buf, (uint32_t)c.year % 10000, 4, '-');
	at = put_digits(at, (uint32_t)c.month, 2, '-');
	at = put_digits(at, (uint32_t)c.day, 2, 'T');
	at = put_digits(at, (uint32_t)c.hour, 2, ':');
	at = put_digits(at, (uint32_t)c.minute, 2, ':');
	at = put_digits(at, (uint32_t)c.second, 2, '.');
	at = put_digits(at, (uint32_t)c.millisecond, 3, 'Z');
	*at = '\0';
	return (size_t)(at - buf);
}

/* Public holidays of the countries that programs ship for, worked out by rule. Where a day moves by decree (the Muslim feasts,
 * Tết), a program lists the dates itself. */
#include "program/program_priv.h"
#include "base/civil.h"
#include "base/str.h"

enum { FIRST_YEAR = 2000, LAST_YEAR = 2060 };

/* Easter Sunday of the Gregorian calendar (the anonymous algorithm of 1876), as days since 1970. */
static int64_t
easter(int y)
{
	int a = y % 19, b = y / 100, c = y % 100, d = b / 4, e = b % 4, g = (8 * b + 13) / 25;
	int h = (19 * a + b - d - g + 15) % 30, i = c / 4, k = c % 4, l = (32 + 2 * e + 2 * i - h - k) % 7;
	int m = (a + 11 * h + 22 * l) / 451, month = (h + l - 7 * m + 114) / 31, day = (h + l - 7 * m + 114) % 31 + 1;
	return civil_days(y, month, day);
}

enum rule { FIXED_DAY /* month, day */, FROM_EASTER /* offset */, WEEKDAY_FROM /* month, first day it may be, weekday */ };
struct holiday {
	char country[3];
	uint8_t rule;
	int8_t a, b, c;
};
enum { MON, TUE, WED, THU, FRI, SAT, SUN };
static const struct holiday holidays[] = {
    {"FI", FIXED_DAY, 1, 1, 0}, {"FI", FIXED_DAY, 1, 6, 0}, {"FI", FROM_EASTER, -2, 0, 0}, {"FI", FROM_EASTER, 1, 0, 0},
    {"FI", FIXED_DAY, 5, 1, 0}, {"FI", FROM_EASTER, 39, 0, 0}, {"FI", WEEKDAY_FROM, 6, 19, FRI}, {"FI", WEEKDAY_FROM, 6, 20, SAT},
    {"FI", WEEKDAY_FROM, 10, 31, SAT}, {"FI", FIXED_DAY, 12, 6, 0}, {"FI", FIXED_DAY, 12, 24, 0}, {"FI", FIXED_DAY, 12, 25, 0},
    {"FI", FIXED_DAY, 12, 26, 0},
    {"SE", FIXED_DAY, 1, 1, 0}, {"SE", FIXED_DAY, 1, 6, 0}, {"SE", FROM_EASTER, -2, 0, 0}, {"SE", FROM_EASTER, 1, 0, 0},
    {"SE", FIXED_DAY, 5, 1, 0}, {"SE", FROM_EASTER, 39, 0, 0}, {"SE", FIXED_DAY, 6, 6, 0}, {"SE", WEEKDAY_FROM, 6, 19, FRI},
    {"SE", WEEKDAY_FROM, 6, 20, SAT}, {"SE", WEEKDAY_FROM, 10, 31, SAT}, {"SE", FIXED_DAY, 12, 24, 0}, {"SE", FIXED_DAY, 12, 25, 0},
    {"SE", FIXED_DAY, 12, 26, 0}, {"SE", FIXED_DAY, 12, 31, 0},
    {"DE", FIXED_DAY, 1, 1, 0}, {"DE", FROM_EASTER, -2, 0, 0}, {"DE", FROM_EASTER, 1, 0, 0}, {"DE", FIXED_DAY, 5, 1, 0},
    {"DE", FROM_EASTER, 39, 0, 0}, {"DE", FROM_EASTER, 50, 0, 0}, {"DE", FIXED_DAY, 10, 3, 0}, {"DE", FIXED_DAY, 12, 25, 0},
    {"DE", FIXED_DAY, 12, 26, 0},
    {"FR", FIXED_DAY, 1, 1, 0}, {"FR", FROM_EASTER, 1, 0, 0}, {"FR", FIXED_DAY, 5, 1, 0}, {"FR", FIXED_DAY, 5, 8, 0},
    {"FR", FROM_EASTER, 39, 0, 0}, {"FR", FROM_EASTER, 50, 0, 0}, {"FR", FIXED_DAY, 7, 14, 0}, {"FR", FIXED_DAY, 8, 15, 0},
    {"FR", FIXED_DAY, 11, 1, 0}, {"FR", FIXED_DAY, 11, 11, 0}, {"FR", FIXED_DAY, 12, 25, 0},
    {"GB", FIXED_DAY, 1, 1, 0}, {"GB", FROM_EASTER, -2, 0, 0}, {"GB", FROM_EASTER, 1, 0, 0}, {"GB", WEEKDAY_FROM, 5, 1, MON},
    {"GB", WEEKDAY_FROM, 5, 25, MON}, {"GB", WEEKDAY_FROM, 8, 25, MON}, {"GB", FIXED_DAY, 12, 25, 0}, {"GB", FIXED_DAY, 12, 26, 0},
    {"US", FIXED_DAY, 1, 1, 0}, {"US", WEEKDAY_FROM, 1, 15, MON}, {"US", WEEKDAY_FROM, 2, 15, MON}, {"US", WEEKDAY_FROM, 5, 25, MON},
    {"US", FIXED_DAY, 6, 19, 0}, {"US", FIXED_DAY, 7, 4, 0}, {"US", WEEKDAY_FROM, 9, 1, MON}, {"US", WEEKDAY_FROM, 10, 8, MON},
    {"US", FIXED_DAY, 11, 11, 0}, {"US", WEEKDAY_FROM, 11, 22, THU}, {"US", FIXED_DAY, 12, 25, 0},
    {"NL", FIXED_DAY, 1, 1, 0}, {"NL", FROM_EASTER, 1, 0, 0}, {"NL", FIXED_DAY, 4, 27, 0}, {"NL", FROM_EASTER, 39, 0, 0},
    {"NL", FROM_EASTER, 50, 0, 0}, {"NL", FIXED_DAY, 12, 25, 0}, {"NL", FIXED_DAY, 12, 26, 0},
};

const char *
holiday_countries(void)
{
	return "FI, SE, DE, FR, GB, US, NL";
}

static int64_t
holiday_day(const struct holiday *h, int year)
{
	if (h->rule == FROM_EASTER)
		return easter(year) + h->a;
	int64_t day = civil_days(year, h->a, h->b);
	if (h->rule == WEEKDAY_FROM)
		day += (h->c - civil_weekday(day) + 7) % 7;
	return day;
}

bool
add_holidays(struct str country, struct day_list *days)
{
	bool found = false;
	for (size_t i = 0; i < COUNT(holidays); i++) {
		if (!str_eq(country, str_of(holidays[i].country)))
			continue;
		found = true;
		for (int year = FIRST_YEAR; year <= LAST_YEAR; year++)
			*vec_push(days) = holiday_day(&holidays[i], year);
	}
	return found;
}

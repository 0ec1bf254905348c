/* Time zones from TZif data (RFC 8536): stored transitions, then the POSIX rule of the footer. */
#include "base/civil.h"
#include "base/map.h"
#include "base/str.h"
#include <pthread.h>
#include <string.h>

/* When a rule of the footer changes the clocks: Mm.w.d, Jn or n, at a local second of the day. */
struct rule_day {
	char form;               /* 'M', 'J' (1..365, no leap day), 'N' (0..365) */
	int month, week, day;
	int32_t second;
};
struct footer {
	bool given, has_dst;
	int32_t standard, dst;   /* seconds east */
	struct rule_day begin, end;
};
struct tz {
	struct str name;
	size_t n;
	const int64_t *when;     /* seconds, ascending */
	const int32_t *offset;   /* from when[i] on */
	int32_t before;          /* ahead of the first */
	struct footer footer;
};

/* ---------------------------------------------------------------- the footer: POSIX TZ text */

static bool
is_digit(struct str s)
{
	return s.len && s.ptr[0] >= '0' && s.ptr[0] <= '9';
}

static bool
take_char(struct str *s, char c)
{
	if (!s->len || s->ptr[0] != c)
		return false;
	*s = str_slice(*s, 1, s->len);
	return true;
}

static bool
take_number(struct str *s, int *ret)
{
	int n = 0, digits = 0;
	for (; is_digit(*s) && digits < 4; digits++) {
		n = n * 10 + (s->ptr[0] - '0');
		*s = str_slice(*s, 1, s->len);
	}
	*ret = n;
	return digits > 0;
}

/* [+-]h[:mm[:ss]] in seconds. */
static bool
take_time(struct str *s, int32_t *ret)
{
	int sign = take_char(s, '-') ? -1 : (take_char(s, '+'), 1), h, m = 0, sec = 0;
	if (!take_number(s, &h) || (take_char(s, ':') && !take_number(s, &m)) || (take_char(s, ':') && !take_number(s, &sec)))
		return false;
	*ret = sign * (h * 3600 + m * 60 + sec);
	return h <= 167 && m < 60 && sec < 60;
}

static bool
take_name(struct str *s)
{
	size_t n = 0;
	if (take_char(s, '<')) {
		n = str_find_char(*s, '>', 0);
		if (n == SIZE_MAX)
			return false;
		*s = str_slice(*s, n + 1, s->len);
		return true;
	}
	while (n < s->len && ((s->ptr[n] | 32) >= 'a' && (s->ptr[n] | 32) <= 'z'))
		n++;
	*s = str_slice(*s, n, s->len);
	return n >= 3;
}

static bool
take_rule_day(struct str *s, struct rule_day *d)
{
	d->second = 2 * 3600;
	if (take_char(s, 'M')) {
		d->form = 'M';
		if (!take_number(s, &d->month) || !take_char(s, '.') || !take_number(s, &d->week) || !take_char(s, '.') ||
		    !take_number(s, &d->day))
			return false;
		if (d->month < 1 || d->month > 12 || d->week < 1 || d->week > 5 || d->day > 6)
			return false;
	} else {
		d->form = take_char(s, 'J') ? 'J' : 'N';
		if (!take_number(s, &d->day) || d->day > 365 || (d->form == 'J' && d->day < 1))
			return false;
	}
	return !take_char(s, '/') || take_time(s, &d->second);
}

static bool
footer_parse(struct str s, struct footer *f)
{
	*f = (struct footer){0};
	if (!s.len)
		return true;
	if (!take_name(&s) || !take_time(&s, &f->standard))
		return false;
	f->standard = -f->standard;
	f->given = true;
	if (!s.len)
		return true;
	if (!take_name(&s))
		return false;
	f->has_dst = true;
	f->dst = f->standard + 3600;
	if (s.len && s.ptr[0] != ',') {
		if (!take_time(&s, &f->dst))
			return false;
		f->dst = -f->dst;
	}
	return take_char(&s, ',') && take_rule_day(&s, &f->begin) && take_char(&s, ',') && take_rule_day(&s, &f->end) &&
	       !s.len;
}

/* The local second (as if UTC) at which the rule changes clocks in a year. */
static int64_t
rule_second(const struct rule_day *d, int32_t year)
{
	int64_t day;
	if (d->form == 'M') {
		int64_t first = civil_days(year, d->month, 1);
		int sunday_based = (civil_weekday(first) + 1) % 7;
		int ahead = (d->day - sunday_based + 7) % 7 + (d->week - 1) * 7;
		if (ahead >= civil_month_days(year, d->month))
			ahead -= 7;
		day = first + ahead;
	} else {
		day = civil_days(year, 1, 1) + d->day - (d->form == 'J');
		if (d->form == 'J' && civil_is_leap(year) && d->day >= 60)
			day++;
	}
	return day * 86400 + d->second;
}

/* Offset at second t under the footer, and the next change after t. */
static int32_t
footer_offset(const struct footer *f, int64_t t, int64_t *ret_until)
{
	*ret_until = INT64_MAX;
	if (!f->has_dst)
		return f->standard;
	struct civil c = civil_of_utc((wall){(t + f->standard) * 1000});
	/* The changes of three years, in order, decide: the latest one at or before t holds. */
	int64_t latest = INT64_MIN;
	int32_t offset = f->standard;
	for (int32_t y = c.year - 1; y <= c.year + 1; y++) {
		int64_t change[2] = {rule_second(&f->begin, y) - f->standard, rule_second(&f->end, y) - f->dst};
		for (int i = 0; i < 2; i++) {
			if (change[i] <= t && change[i] > latest) {
				latest = change[i];
				offset = i == 0 ? f->dst : f->standard;
			}
			if (change[i] > t && change[i] < *ret_until)
				*ret_until = change[i];
		}
	}
	return offset;
}

/* ---------------------------------------------------------------- TZif */

static uint32_t
big32(const char *p)
{
	const uint8_t *b = (const uint8_t *)p;
	return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

static int64_t
big64(const char *p)
{
	return (int64_t)((uint64_t)big32(p) << 32 | big32(p + 4));
}

struct tzif_header {
	uint32_t isut, isstd, leap, times, types, chars;
	char version;
};
enum { TZIF_HEADER = 44, TZIF_MOST = 20000 };

static bool
header_parse(struct str s, struct tzif_header *h)
{
	if (s.len < TZIF_HEADER || memcmp(s.ptr, "TZif", 4) != 0)
		return false;
	h->version = s.ptr[4];
	uint32_t *fields[] = {&h->isut, &h->isstd, &h->leap, &h->times, &h->types, &h->chars};
	for (size_t i = 0; i < COUNT(fields); i++) {
		*fields[i] = big32(s.ptr + 20 + 4 * i);
		if (*fields[i] > TZIF_MOST)
			return false;
	}
	return h->types > 0;
}

static size_t
body_size(const struct tzif_header *h, size_t time_size)
{
	return h->times * time_size + h->times + h->types * 6 + h->chars + h->leap * (time_size + 4) + h->isstd + h->isut;
}

static bool
body_parse(struct arena *a, struct str s, const struct tzif_header *h, struct tz *z)
{
	const char *times = s.ptr, *indices = times + h->times * 8, *types = indices + h->times;
	int64_t *when = arena_array(a, int64_t, h->times + 1);
	int32_t *offset = arena_array(a, int32_t, h->times + 1);
	for (uint32_t i = 0; i < h->times; i++) {
		uint8_t type = (uint8_t)indices[i];
		if (type >= h->types)
			return false;
		when[i] = big64(times + 8 * i);
		offset[i] = (int32_t)big32(types + 6 * type);
		if (i && when[i] <= when[i - 1])
			return false;
	}
	z->n = h->times;
	z->when = when;
	z->offset = offset;
	z->before = (int32_t)big32(types);
	return true;
}

bool
tz_parse(struct arena *a, struct str name, struct str tzif, const struct tz **ret, struct err *e)
{
	struct tzif_header h;
	struct str s = tzif;
	struct tz *z = arena_new(a, struct tz);
	z->name = arena_str(a, name);
	/* Version 1 has 32-bit times only; every system writes 2 or later today. */
	if (!header_parse(s, &h) || h.version < '2')
		return fail(e, ERR_INVALID, "the zone file of %.*s is not TZif version 2 or later", STR_ARGS(name));
	s = str_slice(s, TZIF_HEADER + body_size(&h, 4), s.len);
	if (!header_parse(s, &h) || s.len < TZIF_HEADER + body_size(&h, 8))
		return fail(e, ERR_INVALID, "the zone file of %.*s is cut short", STR_ARGS(name));
	s = str_slice(s, TZIF_HEADER, s.len);
	if (!body_parse(a, s, &h, z))
		return fail(e, ERR_INVALID, "the zone file of %.*s has transitions that make no sense", STR_ARGS(name));
	s = str_slice(s, body_size(&h, 8), s.len);
	struct str footer = {NULL, 0};
	if (take_char(&s, '\n'))
		footer = str_cut(&s, '\n');
	if (!footer_parse(footer, &z->footer))
		return fail(e, ERR_INVALID, "the zone file of %.*s ends with the rule \"%.*s\", which cannot be read",
		    STR_ARGS(name), STR_ARGS(footer));
	*ret = z;
	return true;
}

/* ---------------------------------------------------------------- questions */

static const struct tz utc = {.name = STR_INIT("UTC")};

const struct tz *
tz_utc(void)
{
	return &utc;
}

struct str
tz_name(const struct tz *z)
{
	return z->name;
}

static int64_t
floor_second(wall t)
{
	return t.ms / 1000 - (t.ms % 1000 < 0);
}

static wall
wall_of_second(int64_t s)
{
	return s >= INT64_MAX / 1000 ? WALL_NEVER : (wall){s * 1000};
}

int32_t
tz_offset(const struct tz *z, wall t, wall *ret_until)
{
	int64_t s = floor_second(t), until = INT64_MAX;
	int32_t offset;
	size_t low = 0, high = z->n; /* how many transitions are at or before s */
	while (low < high) {
		size_t mid = (low + high) / 2;
		if (z->when[mid] <= s)
			low = mid + 1;
		else
			high = mid;
	}
	if (low == z->n && z->footer.given)
		offset = footer_offset(&z->footer, s, &until);
	else
		offset = low ? z->offset[low - 1] : z->before;
	if (low < z->n)
		until = z->when[low];
	if (ret_until)
		*ret_until = wall_of_second(until);
	return offset;
}

struct civil
civil_of(const struct tz *z, wall t)
{
	return civil_of_utc(wall_add(t, tz_offset(z, t, NULL) * SECOND));
}

wall
civil_to_wall(const struct tz *z, const struct civil *c)
{
	/* At most two offsets can be meant. Asked a day before and a day after, one of the two answers fits; in an overlap both
	 * do and the earlier instant is the one with the larger offset; in a gap neither does. */
	wall naive = civil_to_utc(c);
	wall until;
	int32_t early = tz_offset(z, wall_add(naive, -DAY), NULL), late = tz_offset(z, wall_add(naive, DAY), NULL);
	wall first = wall_add(naive, -(early > late ? early : late) * SECOND);
	wall second = wall_add(naive, -(early > late ? late : early) * SECOND);
	if (tz_offset(z, first, NULL) * SECOND == naive.ms - first.ms)
		return first;
	if (tz_offset(z, second, NULL) * SECOND == naive.ms - second.ms)
		return second;
	tz_offset(z, first, &until);
	return until;
}

static wall
local_day(const struct tz *z, wall t, int64_t add)
{
	struct civil c = civil_of(z, t), d;
	civil_of_days(civil_days(c.year, c.month, c.day) + add, &d);
	return civil_to_wall(z, &d);
}

wall
tz_day_start(const struct tz *z, wall t)
{
	return local_day(z, t, 0);
}

wall
tz_day_end(const struct tz *z, wall t)
{
	return local_day(z, t, 1);
}

wall
tz_next_clock(const struct tz *z, wall t, int minute_of_day)
{
	struct civil c = civil_of(z, t), d;
	int64_t today = civil_days(c.year, c.month, c.day);
	for (int64_t day = today;; day++) {
		civil_of_days(day, &d);
		d.hour = (int8_t)(minute_of_day / 60);
		d.minute = (int8_t)(minute_of_day % 60);
		wall at = civil_to_wall(z, &d);
		if (at.ms >= t.ms)
			return at;
		ASSERT(day < today + 3);
	}
}

wall
tz_add_days(const struct tz *z, wall t, int64_t n)
{
	struct civil c = civil_of(z, t), d;
	civil_of_days(civil_days(c.year, c.month, c.day) + n, &d);
	d.hour = c.hour, d.minute = c.minute, d.second = c.second, d.millisecond = c.millisecond;
	return civil_to_wall(z, &d);
}

wall
tz_add_months(const struct tz *z, wall t, int64_t n)
{
	struct civil c = civil_of(z, t);
	int64_t months = (int64_t)c.year * 12 + c.month - 1 + n;
	c.year = (int32_t)(months / 12 - (months % 12 < 0));
	c.month = (int8_t)(months - (int64_t)c.year * 12 + 1);
	int last = civil_month_days(c.year, c.month);
	if (c.day > last)
		c.day = (int8_t)last;
	return civil_to_wall(z, &c);
}

/* ---------------------------------------------------------------- the registry */

struct tz_set {
	struct tz_source source;
	struct arena arena;
	struct strmap numbers;   /* name → place in zones; UINT32_MAX = looked for in vain */
	const struct tz **zones;
	uint32_t n_zones;
	pthread_mutex_t lock;
};

struct tz_set *
tz_set_new(struct tz_source source)
{
	struct tz_set *s = mem_alloc(sizeof(*s));
	s->source = source;
	arena_init(&s->arena);
	pthread_mutex_init(&s->lock, NULL);
	return s;
}

void
tz_set_free(struct tz_set *s)
{
	if (!s)
		return;
	strmap_release(&s->numbers);
	mem_free(s->zones);
	arena_clear(&s->arena);
	pthread_mutex_destroy(&s->lock);
	mem_free(s);
}

/* Letters, digits and +-_/, as IANA names are; so no way out of the folder. */
static bool
is_zone_name(struct str name)
{
	if (!name.len || name.len > 64 || name.ptr[0] == '/' || str_find(name, STR(".."), 0) != SIZE_MAX)
		return false;
	for (size_t i = 0; i < name.len; i++) {
		char c = name.ptr[i];
		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || strchr("+-_/", c)))
			return false;
	}
	return true;
}

static const struct tz *
load_zone(struct tz_set *s, struct str name)
{
	const struct tz *z = NULL;
	struct err ignored;
	struct arena scratch;
	arena_init(&scratch);
	struct str tzif = s->source.load ? s->source.load(s->source.self, &scratch, name) : (struct str){NULL, 0};
	if (tzif.len && !tz_parse(&s->arena, name, tzif, &z, &ignored))
		z = NULL;
	arena_clear(&scratch);
	return z;
}

const struct tz *
tz_find(struct tz_set *s, struct str name)
{
	if (str_eq(name, STR("UTC")) || str_eq(name, STR("Etc/UTC")))
		return tz_utc();
	if (!is_zone_name(name))
		return NULL;
	pthread_mutex_lock(&s->lock);
	uint32_t *known = strmap_get(&s->numbers, name);
	const struct tz *z;
	if (known) {
		z = *known == UINT32_MAX ? NULL : s->zones[*known];
	} else {
		z = load_zone(s, name);
		/* Names nobody has are not remembered without end: a client can send any. */
		if (z || s->numbers.len < 4096)
			strmap_put(&s->numbers, name, z ? s->n_zones : UINT32_MAX);
		if (z) {
			s->zones = mem_realloc(s->zones, (s->n_zones + 1) * sizeof(*s->zones));
			s->zones[s->n_zones++] = z;
		}
	}
	pthread_mutex_unlock(&s->lock);
	return z;
}

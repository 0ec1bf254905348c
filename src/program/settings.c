/* program.yaml: the business itself. */
#include "program/program_priv.h"
#include "base/str.h"

static void
read_locales(struct maker *m, const struct yaml *y)
{
	static const struct str english = STR_INIT("en");
	m->p->locales = read_texts(m, y, &m->p->n_locales);
	for (size_t i = 0; i < m->p->n_locales; i++)
		if (m->p->locales[i].len < 2 || m->p->locales[i].len > 10 || !is_plain_name(str_slice(m->p->locales[i], 0, 2)))
			problem_at(m, y, "'%.*s' is no language: write en, fi or pt-BR", STR_ARGS(str_slice(m->p->locales[i], 0, 40)));
	if (!m->p->n_locales) {
		m->p->locales = &english;
		m->p->n_locales = 1;
	}
}

static int
weekday_of(struct str word)
{
	return word_index(word, "monday|tuesday|wednesday|thursday|friday|saturday|sunday");
}

/* "monday to friday", or a list of days. */
static uint8_t
read_workdays(struct maker *m, const struct yaml *y)
{
	size_t n, to;
	uint8_t days = 0;
	const struct str *words = read_texts(m, y, &n);
	if (!n)
		return 0x1f;
	if (n == 1 && (to = str_find(words[0], STR(" to "), 0)) != SIZE_MAX) {
		int a = weekday_of(str_slice(words[0], 0, to)), b = weekday_of(str_slice(words[0], to + 4, words[0].len));
		if (a >= 0 && b >= 0) {
			for (int d = a;; d = (d + 1) % 7) {
				days = (uint8_t)(days | 1u << d);
				if (d == b)
					return days;
			}
		}
	}
	for (size_t i = 0; i < n; i++) {
		int d = weekday_of(words[i]);
		if (d < 0) {
			problem_at(m, y, "workdays are written 'monday to friday' or as a list of days; '%.*s' is no day", STR_ARGS(str_slice(words[i], 0, 40)));
			return 0x1f;
		}
		days = (uint8_t)(days | 1u << d);
	}
	return days;
}

static int
compare_days(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
	return x < y ? -1 : x > y;
}

static void
read_holidays(struct maker *m, const struct yaml *y)
{
	size_t n, kept = 0;
	struct day_list days = {0};
	const struct str *words = read_texts(m, y, &n);
	for (size_t i = 0; i < n; i++) {
		int64_t day;
		if (read_date(words[i], &day))
			*vec_push(&days) = day;
		else if (!add_holidays(words[i], &days))
			problem_at(m, y, "no calendar of holidays is shipped for '%.*s': there are %s; or list dates such as 2026-12-24",
			    STR_ARGS(str_slice(words[i], 0, 20)), holiday_countries());
	}
	if (days.len)
		qsort(days.items, days.len, sizeof(days.items[0]), compare_days);
	for (size_t i = 0; i < days.len; i++)
		if (!kept || days.items[kept - 1] != days.items[i])
			days.items[kept++] = days.items[i];
	days.len = kept;
	m->p->holidays = arena_items(m, &days);
	m->p->n_holidays = days.len;
	vec_release(&days);
}

static void
read_zone(struct maker *m, const struct yaml *y)
{
	m->p->zone = y ? yaml_text(y) : STR("UTC");
	if (y && m->zones && !tz_find(m->zones, m->p->zone))
		problem_at(m, y, "there is no time zone '%.*s': write it like Europe/Helsinki", STR_ARGS(str_slice(m->p->zone, 0, 60)));
}

static bool
is_currency(struct str s)
{
	return s.len == 3 && s.ptr[0] >= 'A' && s.ptr[0] <= 'Z' && s.ptr[1] >= 'A' && s.ptr[1] <= 'Z' && s.ptr[2] >= 'A' && s.ptr[2] <= 'Z';
}

static void
check_rates(struct maker *m, const struct yaml *y)
{
	if (y && y->kind == YAML_SCALAR && y->text.len)
		problem_at(m, y, "rates are a list of currencies, or a first rate for each: { SEK: 0.09 }");
	yaml_each(child, y) {
		fixed rate;
		struct str name = y->kind == YAML_MAPPING ? child->key : yaml_text(child);
		if (!is_currency(name))
			problem_at(m, child, "'%.*s' is no currency: three capital letters, such as SEK", STR_ARGS(str_slice(name, 0, 40)));
		else if (y->kind == YAML_MAPPING && (!str_to_fixed(yaml_text(child), &rate) || rate <= 0))
			problem_at(m, child, "the rate of %.*s is what one of it is worth in %.*s, such as 0.09", STR_ARGS(name), STR_ARGS(m->p->currency));
	}
}

/* Header text that goes into mail: no line ends, no control signs. */
static void
check_header(struct maker *m, const struct yaml *y, bool needs_at)
{
	struct str s = yaml_text(y);
	for (size_t i = 0; i < s.len; i++)
		if ((unsigned char)s.ptr[i] < ' ' || s.ptr[i] == 127) {
			problem_at(m, y, "a sender is one line");
			return;
		}
	size_t at = str_find_char(s, '@', 0);
	if (needs_at && (at == SIZE_MAX || at == 0 || at + 1 >= s.len))
		problem_at(m, y, "a sender is written: Shop <shop@example.com>; '%.*s' has no address", STR_ARGS(str_slice(s, 0, 60)));
}

/* Beside what the program says about itself a template may ask for the currency and the first language. */
static void
write_brand(struct maker *m, struct json_writer *w, const struct yaml *brand)
{
	jw_kobject(w, "brand");
	yaml_each(child, brand)
		if (child->kind == YAML_SCALAR)
			jw_kstr(w, arena_cstr(m->a, child->key), child->text);
	jw_kstr(w, "currency", m->p->currency);
	jw_kstr(w, "locale", m->p->locales[0]);
	jw_object_end(w);
}

static void
write_settings(struct maker *m, const struct yaml *y)
{
	struct buf b = {0}, value = {0};
	struct json_writer w = json_writer_on(&b);
	static const struct { const char *key, *as; } parts[] = {{"senders", "senders"}, {"reply to", "reply_to"}, {"tracking", "tracking"}};
	struct err e = {0};
	jw_object(&w);
	if (yaml_get(y, "brand"))
		write_brand(m, &w, yaml_get(y, "brand"));
	for (size_t i = 0; i < COUNT(parts); i++) {
		const struct yaml *part = yaml_get(y, parts[i].key);
		if (!part)
			continue;
		buf_reset(&value);
		yaml_to_json(part, &value);
		jw_key(&w, str_of(parts[i].as));
		jw_raw(&w, buf_str(&value));
	}
	jw_object_end(&w);
	if (!json_parse_arena(m->a, buf_str(&b), &m->p->settings, &e))
		problem_at(m, y, "%s", e.text);
	buf_release(&value);
	buf_release(&b);
}

static void
read_program(struct maker *m, const struct yaml *y)
{
	struct program *p = m->p;
	p->name = yaml_text(yaml_get(y, "program"));
	p->market = yaml_get(y, "market") ? yaml_text(yaml_get(y, "market")) : STR("b2c");
	p->region = yaml_text(yaml_get(y, "region"));
	p->currency = yaml_get(y, "currency") ? yaml_text(yaml_get(y, "currency")) : STR("EUR");
	if (!is_currency(p->currency))
		problem_at(m, yaml_get(y, "currency"), "a currency is three capital letters, such as EUR; '%.*s' is none", STR_ARGS(str_slice(p->currency, 0, 40)));
	read_zone(m, yaml_get(y, "zone"));
	read_locales(m, yaml_get(y, "locales"));
	check_rates(m, yaml_get(y, "rates"));
	p->leap_1_mar = str_eq(yaml_text(yaml_get(y, "leap birthdays")), STR("1 mar"));
	p->workdays = read_workdays(m, yaml_get(y, "workdays"));
	read_holidays(m, yaml_get(y, "holidays"));
	if (yaml_get(y, "holdout"))
		(void)read_permille(m, yaml_get(y, "holdout"), &p->holdout_permille);
	p->tracking_needs_consent = str_eq_nocase(p->region, STR("EU"));
	const struct yaml *opens = yaml_get(yaml_get(y, "tracking"), "opens");
	if (opens)
		p->tracking_needs_consent = str_eq(yaml_text(opens), STR("with consent"));
	yaml_each(sender, yaml_get(y, "senders"))
		check_header(m, sender, true);
	if (yaml_get(y, "reply to"))
		check_header(m, yaml_get(y, "reply to"), true);
	write_settings(m, y);
}

/* catalogue.yaml and the first rates, as the body of a catalogue entry. */
static void
read_catalogue(struct maker *m, const struct yaml *catalogue, const struct yaml *rates)
{
	struct buf b = {0}, part = {0};
	struct json_writer w = json_writer_on(&b);
	struct err e = {0};
	jw_object(&w);
	yaml_each(kind, catalogue) {
		if (kind->kind != YAML_MAPPING)
			continue;
		buf_reset(&part);
		yaml_to_json(kind, &part);
		jw_key(&w, kind->key);
		jw_raw(&w, buf_str(&part));
	}
	if (rates && rates->kind == YAML_MAPPING) {
		buf_reset(&part);
		yaml_to_json(rates, &part);
		jw_key(&w, STR("rate"));
		jw_raw(&w, buf_str(&part));
	}
	jw_object_end(&w);
	if ((catalogue || (rates && rates->kind == YAML_MAPPING)) && !json_parse_arena(m->a, buf_str(&b), &m->p->catalogue, &e))
		problem_at(m, catalogue, "%s", e.text);
	buf_release(&b);
	buf_release(&part);
}

void
make_program_document(struct maker *m)
{
	const struct document *d = document_next(m, DOC_PROGRAM, NULL), *c = document_next(m, DOC_CATALOGUE, NULL);
	m->file = "program.yaml";
	if (d) {
		read_program(m, d->yaml);
	} else {
		/* A broken program.yaml has been told already; the rest is looked at with what is usual. */
		bool there = false;
		for (size_t i = 0; i < m->p->n_files; i++)
			there |= str_eq(m->p->files[i].path, STR("program.yaml"));
		if (!there)
			problem_in(m, "program.yaml", 0, 0, false, "a program has a program.yaml: program, market, zone, currency");
		m->p->market = STR("both");
		m->p->currency = STR("EUR");
		m->p->zone = STR("UTC");
		read_locales(m, NULL);
		m->p->workdays = 0x1f;
	}
	if (c)
		m->file = c->file;
	read_catalogue(m, c ? c->yaml : NULL, d ? yaml_get(d->yaml, "rates") : NULL);
}

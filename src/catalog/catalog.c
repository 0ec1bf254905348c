#include "catalog/catalog.h"
#include "base/civil.h"
#include "base/vec.h"
#include <math.h>
#include <stdlib.h>

struct price_time { wall from; fixed price; };
struct thing {
	char *name;                      /* "product\0sku-1": kind and key */
	struct str kind, key;
	struct json *fields;             /* boxed; made anew when they change */
	VEC(struct price_time) prices;
};
/* Ten decimals: a dong is worth 0.000035 euro. */
struct rate { char currency[8]; int64_t day, rate; };
#define RATE_ONE INT64_C(10000000000)
struct catalog {
	struct strmap index;             /* kind NUL key → place in things */
	VEC(struct thing *) things;      /* NULL = taken away */
	VEC(struct rate) rates;          /* by currency, then day */
};

struct catalog *
catalog_new(void)
{
	return mem_alloc(sizeof(struct catalog));
}

static void
thing_free(struct thing *t)
{
	if (!t)
		return;
	mem_free(t->fields);
	vec_release(&t->prices);
	mem_free(t->name);
	mem_free(t);
}

static void
catalog_clear(struct catalog *c)
{
	for (size_t i = 0; i < c->things.len; i++)
		thing_free(c->things.items[i]);
	vec_release(&c->things);
	vec_release(&c->rates);
	strmap_release(&c->index);
}

void
catalog_free(struct catalog *c)
{
	if (!c)
		return;
	catalog_clear(c);
	mem_free(c);
}

/* ---------------------------------------------------------------- things */

static struct str
thing_name(struct buf *b, struct str kind, struct str key)
{
	buf_reset(b);
	buf_add_str(b, kind);
	buf_add_char(b, 0);
	buf_add_str(b, key);
	return buf_str(b);
}

static struct thing *
thing_find(const struct catalog *c, struct str kind, struct str key)
{
	struct buf b = {0};
	const uint32_t *at = strmap_get(&c->index, thing_name(&b, kind, key));
	buf_release(&b);
	return at ? c->things.items[*at] : NULL;
}

static struct thing *
thing_open(struct catalog *c, struct str kind, struct str key)
{
	struct thing *t = thing_find(c, kind, key);
	if (t)
		return t;
	struct buf b = {0};
	struct str name = thing_name(&b, kind, key);
	t = mem_alloc(sizeof(*t));
	t->name = mem_alloc(name.len + 1);
	memcpy(t->name, name.ptr, name.len);
	t->kind = (struct str){t->name, kind.len};
	t->key = (struct str){t->name + kind.len + 1, key.len};
	const uint32_t *at = strmap_get(&c->index, name);
	uint32_t place = at ? *at : (uint32_t)c->things.len;
	if (!at) {
		strmap_put(&c->index, name, place);
		vec_push(&c->things);
	}
	c->things.items[place] = t;
	buf_release(&b);
	return t;
}

static void
thing_remove(struct catalog *c, struct thing *t)
{
	struct buf b = {0};
	const uint32_t *at = strmap_get(&c->index, thing_name(&b, t->kind, t->key));
	buf_release(&b);
	c->things.items[*at] = NULL;
	thing_free(t);
}

/* The fields with those of `set` put over them; null takes a field away. `keep`: fields that are there stay. */
static void
thing_set(struct thing *t, const struct json *set, bool keep)
{
	struct buf text = {0};
	struct json_writer w = json_writer_on(&text);
	jw_object(&w);
	json_each (f, t->fields) {
		if (!keep && json_get(set, f->key))
			continue;
		jw_key(&w, f->key);
		jw_json(&w, f);
	}
	json_each (f, set) {
		if (json_is(f, JSON_NULL) || (keep && json_get(t->fields, f->key)))
			continue;
		jw_key(&w, f->key);
		jw_json(&w, f);
	}
	jw_object_end(&w);
	struct arena a;
	struct err e;
	const struct json *fields = NULL;
	arena_init(&a);
	if (json_parse_arena(&a, buf_str(&text), &fields, &e)) {
		mem_free(t->fields);
		t->fields = json_box(fields);
	}
	arena_clear(&a);
	buf_release(&text);
}

/* The lowest price that held within 30 days before `at`, before the present one began. */
static bool
lowest_before(const struct thing *t, wall at, fixed *ret)
{
	const struct price_time *prices = t->prices.items;
	bool any = false;
	for (size_t i = 0; prices && i < t->prices.len; i++) {
		wall until = i + 1 < t->prices.len ? prices[i + 1].from : at;
		if (until.ms < at.ms - 30 * DAY)
			continue;
		if (!any || prices[i].price < *ret)
			*ret = prices[i].price;
		any = true;
	}
	return any;
}

static void
set_lowest(struct thing *t, fixed lowest)
{
	struct buf text = {0};
	struct json_writer w = json_writer_on(&text);
	struct arena a;
	struct err e;
	const struct json *set = NULL;
	arena_init(&a);
	jw_object(&w);
	jw_kfixed(&w, "lowest_price_30d", lowest);
	jw_object_end(&w);
	if (json_parse_arena(&a, buf_str(&text), &set, &e))
		thing_set(t, set, false);
	arena_clear(&a);
	buf_release(&text);
}

static void
follow_price(struct thing *t, const struct json *set, wall at)
{
	fixed price, lowest;
	const struct price_time *latest = t->prices.len ? vec_last(&t->prices) : NULL;
	if (!str_eq(t->kind, STR("product")) || !json_fixed(json_get(set, STR("price")), &price) || (latest && latest->price == price))
		return;
	if (!json_get(set, STR("lowest_price_30d")) && lowest_before(t, at, &lowest))
		set_lowest(t, lowest);
	while (t->prices.items && t->prices.len > 1 && t->prices.items[1].from.ms < at.ms - 30 * DAY)
		vec_remove(&t->prices, 0);
	*vec_push(&t->prices) = (struct price_time){at, price};
}

static bool
json_differs(const struct json *a, const struct json *b)
{
	if (!a || !b)
		return a != b;
	struct buf x = {0}, y = {0};
	struct json_writer wx = json_writer_on(&x), wy = json_writer_on(&y);
	jw_json(&wx, a);
	jw_json(&wy, b);
	bool differs = !str_eq(buf_str(&x), buf_str(&y));
	buf_release(&x);
	buf_release(&y);
	return differs;
}

typedef void (*changed_fn)(void *self, const struct catalog_change *x);

static void
apply_thing(struct catalog *c, const struct json *j, wall at, struct arena *scratch, changed_fn changed, void *self)
{
	struct str kind = json_text(json_get(j, STR("kind"))), key = json_text(json_get(j, STR("key")));
	const struct json *set = json_get(j, STR("set"));
	if (!kind.len || !key.len || !set)
		return;
	struct thing *t = thing_find(c, kind, key);
	if (json_is(set, JSON_NULL)) {
		if (t)
			thing_remove(c, t);
		return;
	}
	if (!json_is(set, JSON_OBJECT))
		return;
	t = thing_open(c, kind, key);
	const struct json *before = t->fields ? json_copy(scratch, t->fields) : NULL;
	thing_set(t, set, false);
	follow_price(t, set, at);
	json_each (f, set) {
		const struct json *from = json_get(before, f->key), *to = json_get(t->fields, f->key);
		if (changed && json_differs(from, to))
			changed(self, &(struct catalog_change){t->kind, t->key, f->key, from, to ? json_copy(scratch, to) : NULL});
	}
}

/* ---------------------------------------------------------------- rates */

static int64_t
day_of(wall t)
{
	return t.ms >= 0 ? t.ms / DAY : -((-t.ms + DAY - 1) / DAY);
}

/* Behind the last rate of this currency that is not of a later day. */
static size_t
rate_place(const struct catalog *c, struct str currency, int64_t day)
{
	size_t low = 0, high = c->rates.len;
	while (low < high) {
		size_t mid = (low + high) / 2;
		int order = str_cmp(str_of(c->rates.items[mid].currency), currency);
		if (order > 0 || (order == 0 && c->rates.items[mid].day > day))
			high = mid;
		else
			low = mid + 1;
	}
	return low;
}

static void
rate_put(struct catalog *c, struct str currency, int64_t day, int64_t rate)
{
	size_t at = rate_place(c, currency, day);
	struct rate *r = at > 0 ? &c->rates.items[at - 1] : NULL;
	if (!r || r->day != day || !str_eq(str_of(r->currency), currency))
		r = vec_insert(&c->rates, at);
	*r = (struct rate){.day = day, .rate = rate};
	memcpy(r->currency, currency.ptr, currency.len);
}

static bool
rate_of(const struct json *j, int64_t *ret)
{
	double scaled = json_double(j) * (double)RATE_ONE;
	if (!(scaled >= 1 && scaled < 9e18))
		return false;
	*ret = (int64_t)(scaled + 0.5);
	return true;
}

static void
apply_rate(struct catalog *c, const struct json *j, wall at)
{
	struct str currency = json_text(json_get(j, STR("currency"))), day = json_text(json_get(j, STR("day")));
	wall when = at;
	int64_t rate;
	if (currency.len != 3 || !rate_of(json_get(j, STR("rate")), &rate) || (day.len && !wall_parse(day, &when)))
		return;
	rate_put(c, currency, day_of(when), rate);
}

bool
catalog_convert(const struct catalog *c, struct str currency, wall at, fixed amount, fixed *ret)
{
	size_t i = currency.len == 3 ? rate_place(c, currency, day_of(at)) : 0;
	if (i == 0 || !str_eq(str_of(c->rates.items[i - 1].currency), currency))
		return false;
	__int128 product = (__int128)amount * c->rates.items[i - 1].rate, half = product < 0 ? -RATE_ONE / 2 : RATE_ONE / 2;
	__int128 rounded = (product + half) / RATE_ONE;
	if (rounded > INT64_MAX || rounded < -INT64_MAX)
		return false;
	*ret = (fixed)rounded;
	return true;
}

/* ---------------------------------------------------------------- folding and asking */

void
catalog_apply(struct catalog *c, const struct json *body, wall at, struct arena *scratch, changed_fn changed, void *self)
{
	if (json_get(body, STR("kind")))
		apply_thing(c, body, at, scratch, changed, self);
	json_each (j, json_get(body, STR("things")))
		apply_thing(c, j, at, scratch, changed, self);
	json_each (j, json_get(body, STR("rates")))
		apply_rate(c, j, at);
}

/* Currencies of which no rate is known yet: the document's figure holds from the beginning of time. */
static void
seed_rates(struct catalog *c, const struct json *rates)
{
	json_each (j, rates) {
		int64_t rate;
		size_t i = rate_place(c, j->key, INT64_MAX);
		bool known = i > 0 && str_eq(str_of(c->rates.items[i - 1].currency), j->key);
		if (j->key.len == 3 && !known && rate_of(j, &rate))
			rate_put(c, j->key, civil_days(1, 1, 1), rate);
	}
}

void
catalog_seed(struct catalog *c, const struct json *documents)
{
	json_each (kind, documents) {
		if (!json_is(kind, JSON_OBJECT))
			continue;
		if (str_eq(kind->key, STR("rate"))) {
			seed_rates(c, kind);
			continue;
		}
		json_each (x, kind) {
			if (!json_is(x, JSON_OBJECT))
				continue;
			struct thing *t = thing_open(c, kind->key, x->key);
			thing_set(t, x, true);
			fixed price;
			if (!t->prices.len && json_fixed(json_get(t->fields, STR("price")), &price))
				*vec_push(&t->prices) = (struct price_time){WALL_BEFORE_ALL, price};
		}
	}
}

const struct json *
catalog_thing(const struct catalog *c, struct str kind, struct str key)
{
	const struct thing *t = thing_find(c, kind, key);
	return t ? t->fields : NULL;
}

/* Sine and arc sine by their series, from operations that every machine rounds alike: the mathematics library's own differ in the last
 * digit from release to release, and a distance that a condition compares must not. Good to 1e-14, a thousandth of a millimetre. */
static const double half_turn = 3.14159265358979323846;

static double
sine(double x)
{
	double term, sum;
	x = x < 0 ? -x : x;       /* both uses are even: a square, and a cosine */
	x = x > half_turn / 2 ? half_turn - x : x;
	term = sum = x;
	for (int n = 2; n <= 22; n += 2) {
		term *= -x * x / (n * (n + 1));
		sum += term;
	}
	return sum;
}

static double
arc_sine(double x)
{
	bool steep = x > 0.5;
	double z = steep ? sqrt((1 - x) / 2) : x, term = z, sum = z;
	for (int n = 1; n <= 25; n++) {
		term *= z * z * (2 * n - 1) / (2 * n);
		sum += term / (2 * n + 1);
	}
	return steep ? half_turn / 2 - 2 * sum : sum;
}

/* Metres on a sphere of the Earth's mean radius, rounded to whole ones. */
static fixed
metres_between(fixed lat1, fixed lon1, fixed lat2, fixed lon2)
{
	const double rad = half_turn / 180.0 / 10000.0;
	double a = sine((double)(lat2 - lat1) * rad / 2), b = sine((double)(lon2 - lon1) * rad / 2);
	double across = sine(half_turn / 2 - (double)(lat1 < 0 ? -lat1 : lat1) * rad) * sine(half_turn / 2 - (double)(lat2 < 0 ? -lat2 : lat2) * rad);
	double h = a * a + across * b * b;
	return (fixed)(12742017.6 * arc_sine(h > 1 ? 1 : sqrt(h)) + 0.5) * FIXED_ONE;
}

static bool
is_place(fixed latitude, fixed longitude)
{
	return latitude >= -90 * FIXED_ONE && latitude <= 90 * FIXED_ONE && longitude >= -180 * FIXED_ONE && longitude <= 180 * FIXED_ONE;
}

static bool
place_of(const struct json *fields, fixed *ret_latitude, fixed *ret_longitude)
{
	return json_fixed(json_get(fields, STR("latitude")), ret_latitude) && json_fixed(json_get(fields, STR("longitude")), ret_longitude) &&
	    is_place(*ret_latitude, *ret_longitude);
}

const struct json *
catalog_nearest(const struct catalog *c, struct str kind, fixed latitude, fixed longitude, fixed *ret_metres)
{
	const struct thing *best = NULL;
	if (!is_place(latitude, longitude))
		return NULL;
	for (size_t i = 0; i < c->things.len; i++) {
		const struct thing *t = c->things.items[i];
		fixed lat, lon;
		if (!t || !str_eq(t->kind, kind) || !place_of(t->fields, &lat, &lon))
			continue;
		fixed d = metres_between(latitude, longitude, lat, lon);
		if (best && (d > *ret_metres || (d == *ret_metres && str_cmp(t->key, best->key) > 0)))
			continue;
		best = t;
		*ret_metres = d;
	}
	return best ? best->fields : NULL;
}

size_t
catalog_count(const struct catalog *c)
{
	size_t n = 0;
	for (size_t i = 0; i < c->things.len; i++)
		n += c->things.items[i] != NULL;
	return n;
}

/* ---------------------------------------------------------------- bytes */

static int
by_name(const void *a, const void *b)
{
	const struct thing *x = *(struct thing *const *)a, *y = *(struct thing *const *)b;
	int c = str_cmp(x->kind, y->kind);
	return c ? c : str_cmp(x->key, y->key);
}

static void
save_thing(const struct thing *t, struct buf *out)
{
	struct buf text = {0};
	struct json_writer w = json_writer_on(&text);
	buf_add_lstr(out, t->kind);
	buf_add_lstr(out, t->key);
	jw_json(&w, t->fields);
	buf_add_lstr(out, buf_str(&text));
	buf_add_varint(out, t->prices.len);
	for (size_t i = 0; i < t->prices.len; i++) {
		buf_add_zigzag(out, t->prices.items[i].from.ms);
		buf_add_zigzag(out, t->prices.items[i].price);
	}
	buf_release(&text);
}

void
catalog_save(const struct catalog *c, struct buf *out)
{
	size_t n = 0;
	struct thing **sorted = mem_alloc(sizeof(*sorted) * (c->things.len + 1));
	for (size_t i = 0; i < c->things.len; i++)
		if (c->things.items[i] && c->things.items[i]->fields)
			sorted[n++] = c->things.items[i];
	qsort(sorted, n, sizeof(*sorted), by_name);
	buf_add_varint(out, n);
	for (size_t i = 0; i < n; i++)
		save_thing(sorted[i], out);
	mem_free(sorted);
	buf_add_varint(out, c->rates.len);
	for (size_t i = 0; i < c->rates.len; i++) {
		buf_add_lstr(out, str_of(c->rates.items[i].currency));
		buf_add_zigzag(out, c->rates.items[i].day);
		buf_add_zigzag(out, c->rates.items[i].rate);
	}
}

bool
catalog_load(struct catalog *c, struct reader *r)
{
	struct arena a;
	arena_init(&a);
	catalog_clear(c);
	*c = (struct catalog){0};
	for (uint64_t n = read_varint(r); n > 0 && !r->bad; n--) {
		struct str kind = read_lstr(r), key = read_lstr(r), text = read_lstr(r);
		const struct json *fields;
		struct err e;
		if (r->bad || !json_parse_arena(&a, text, &fields, &e)) {
			r->bad = true;
			break;
		}
		struct thing *t = thing_open(c, kind, key);
		thing_set(t, fields, false);
		for (uint64_t p = read_varint(r); p > 0 && !r->bad; p--) {
			struct price_time x = {0};
			x.from.ms = read_zigzag(r);
			x.price = read_zigzag(r);
			*vec_push(&t->prices) = x;
		}
	}
	for (uint64_t n = read_varint(r); n > 0 && !r->bad; n--) {
		struct str currency = read_lstr(r);
		int64_t day = read_zigzag(r);
		int64_t rate = read_zigzag(r);
		if (currency.len == 3 && rate > 0)
			rate_put(c, currency, day, rate);
	}
	arena_clear(&a);
	return !r->bad;
}

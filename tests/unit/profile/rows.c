#include "profile/rows.h"
#include "base/limits.h"
#include "tap.h"
#include <stdlib.h>

static struct texts texts;
static struct row_store store = {.texts = &texts};
static struct arena arena;
static struct row_sets sets;

static const struct stream_shape counts = {.keep = {.window = INT64_MAX}};
static const struct stream_shape a_day = {.keep = {.window = DAY}};
static const struct stream_shape folding = {.keep = {.window = DAY, .count_only = true}};
static const struct stream_shape ends = {.keep = {.window = DAY, .first = 2, .latest = 3}};
static const struct stream_shape orders = {.keep = {.window = INT64_MAX}, .n_columns = 2, .amendable = true};

static void
begin(const struct stream_shape *shape)
{
	static struct stream_shape shapes[8];    /* as they were the last time */
	rows_clear(&store, &sets, shapes);
	arena_clear(&arena);
	for (size_t i = 0; i < COUNT(shapes); i++)
		shapes[i] = *shape;
}

static void
add(const struct stream_shape *shape, int64_t time, uint64_t seq, wall now)
{
	struct row row = {.time = {time}, .seq = seq};
	rows_add(&store, &sets, 5, shape, &row, now);
}

static void
order(int64_t time, uint64_t seq, uint64_t key, const char *category, fixed amount)
{
	struct value columns[] = {value_text(str_of(category)), value_number(amount)};
	struct row row = {.time = {time}, .seq = seq, .key = key, .columns = columns};
	rows_add(&store, &sets, 5, &orders, &row, (wall){time});
}

static void
check_times(const struct stream_shape *shape, const char *want)
{
	struct buf got = {0};
	struct rows v = rows_view(&sets, 5, shape, &arena);
	for (size_t i = 0; i < v.n; i++)
		buf_printf(&got, "%s%lld", i ? " " : "", (long long)stamp_at(&v, i).time.ms);
	if (v.folded)
		buf_printf(&got, " + %llu (%lld to %lld)", (unsigned long long)v.folded, (long long)v.folded_first.ms, (long long)v.folded_latest.ms);
	CHECK_STR(buf_str(&got), want);
	buf_release(&got);
}

TEST(rows_stand_in_order_of_time_then_seq)
{
	begin(&counts);
	check_times(&counts, "");
	add(&counts, 30, 1, (wall){30});
	check_times(&counts, "30");
	add(&counts, 10, 2, (wall){30});
	add(&counts, 20, 4, (wall){30});
	add(&counts, 20, 3, (wall){30});
	check_times(&counts, "10 20 20 30");
	struct rows v = rows_view(&sets, 5, &counts, &arena);
	CHECK_INT(stamp_at(&v, 1).seq, 3);
	CHECK_INT(stamp_at(&v, 2).seq, 4);
	CHECK_INT(rows_count(&sets), 4);
}

TEST(a_window_forgets_what_no_condition_can_ask_for)
{
	begin(&a_day);
	for (int i = 0; i < 4; i++)
		add(&a_day, i * DAY / 2, (uint64_t)i + 1, (wall){i * DAY / 2});
	rows_prune(&store, &sets, 5, &a_day, (wall){3 * DAY / 2});
	check_times(&a_day, "86400000 129600000"); /* (t - D, t] */
	rows_prune(&store, &sets, 5, &a_day, (wall){9 * DAY});
	check_times(&a_day, "");
}

TEST(what_is_only_counted_is_folded)
{
	begin(&folding);
	for (int i = 1; i <= 5; i++)
		add(&folding, i, (uint64_t)i, (wall){i});
	rows_prune(&store, &sets, 5, &folding, (wall){DAY + 3});
	check_times(&folding, "4 5 + 3 (1 to 3)");
	add(&folding, 2, 9, (wall){DAY + 3}); /* late: folded when its turn comes */
	rows_prune(&store, &sets, 5, &folding, (wall){DAY + 3});
	check_times(&folding, "4 5 + 4 (1 to 3)");
}

TEST(first_and_latest_are_kept_for_ever)
{
	begin(&ends);
	for (int i = 1; i <= 9; i++)
		add(&ends, i, (uint64_t)i, (wall){i});
	rows_prune(&store, &sets, 5, &ends, (wall){99 * DAY});
	check_times(&ends, "1 2 7 8 9");
	add(&ends, 0, 10, (wall){99 * DAY});
	rows_prune(&store, &sets, 5, &ends, (wall){99 * DAY});
	check_times(&ends, "0 1 7 8 9");
}

TEST(one_feature_keeps_a_bounded_number_of_events)
{
	begin(&counts);
	for (int i = 1; i <= 3 * LIMIT_RETAINED_EVENTS; i++)
		add(&counts, i, (uint64_t)i, (wall){i});
	struct rows v = rows_view(&sets, 5, &counts, &arena);
	CHECK_INT(v.n, LIMIT_RETAINED_EVENTS);
	CHECK_INT(v.folded, 2 * LIMIT_RETAINED_EVENTS);
	CHECK_INT(stamp_at(&v, v.n - 1).time.ms, 3 * LIMIT_RETAINED_EVENTS);
	CHECK_INT(v.folded_latest.ms, 2 * LIMIT_RETAINED_EVENTS);
}

/* ---------------------------------------------------------------- amendments */

static void
amend(int64_t time, uint64_t seq, uint64_t key, bool voids, fixed amount)
{
	struct amend_note note = {.time = {time}, .seq = seq, .key = key, .voids = voids, .column = 1, .amount = amount};
	rows_amend(&store, &sets, 5, &orders, &note);
}

static fixed
sum_of(void)
{
	struct rows v = rows_view(&sets, 5, &orders, &arena);
	fixed sum = 0;
	for (size_t i = 0; i < v.n; i++)
		sum += v.items[i]->columns[1].number;
	return sum;
}

TEST(a_cancellation_voids_a_refund_subtracts)
{
	begin(&orders);
	order(10, 1, 111, "shoes", 500);
	order(20, 2, 222, "hats", 300);
	amend(30, 3, 222, false, 120);
	CHECK_INT(sum_of(), 680);
	amend(31, 4, 222, false, 80);
	CHECK_INT(sum_of(), 600);
	amend(40, 5, 111, true, 0);
	check_times(&orders, "20");
	CHECK_INT(sum_of(), 100);
	struct rows v = rows_view(&sets, 5, &orders, &arena);
	CHECK_STR(v.items[0]->columns[0].text, "hats");
	amend(41, 6, 999, true, 0); /* of an order that nobody knows */
	CHECK_INT(sum_of(), 100);
}

TEST(an_amendment_may_come_before_what_it_amends)
{
	begin(&orders);
	amend(40, 1, 111, true, 0);
	check_times(&orders, "");
	order(10, 2, 111, "shoes", 500);
	check_times(&orders, "");
	order(41, 3, 111, "shoes", 500); /* the same number, used again afterwards */
	check_times(&orders, "41");
	order(40, 4, 111, "shoes", 500);
	check_times(&orders, "41");
}

TEST(texts_are_given_back)
{
	begin(&orders);
	order(1, 1, 0, "only one holder", 1);
	CHECK_INT(texts.len, 1);
	begin(&orders);
	CHECK_INT(texts.len, 0);
}

TEST(stamps_become_rows_when_a_key_comes)
{
	begin(&counts);
	add(&counts, 1, 1, (wall){1});
	struct row keyed = {.time = {2}, .seq = 2, .key = 77};
	rows_add(&store, &sets, 5, &counts, &keyed, (wall){2});
	add(&counts, 3, 3, (wall){3});
	check_times(&counts, "1 2 3");
	struct amend_note note = {.time = {5}, .seq = 4, .key = 77, .voids = true, .column = -1};
	rows_amend(&store, &sets, 5, &counts, &note);
	check_times(&counts, "1 3");
}

/* ---------------------------------------------------------------- merging, bytes */

static void
reload(const struct stream_shape *shape)
{
	struct buf one = {0}, two = {0};
	rows_save(&sets, 5, shape, &one);
	begin(shape);
	struct reader r = {.rest = buf_str(&one)};
	rows_load(&store, &sets, 5, shape, &r);
	CHECK(!r.bad && r.rest.len == 0);
	rows_save(&sets, 5, shape, &two);
	CHECK(str_eq(buf_str(&one), buf_str(&two)));
	buf_release(&one);
	buf_release(&two);
}

/* Items of one event, one of them a JSON value: it is kept as text and read when asked for. */
TEST(json_is_kept_unread)
{
	const struct json *j;
	struct err e;
	struct arena own;
	arena_init(&own);
	begin(&orders);
	CHECK(json_parse_arena(&own, STR("{\"a\": [1, 2.50]}"), &j, &e));
	struct value columns[] = {{.kind = VALUE_JSON, .json = j}, value_number(3)};
	for (int i = 0; i < 3; i++)
		rows_add(&store, &sets, 5, &orders, &(struct row){.time = {9}, .seq = 4, .key = 77, .columns = columns}, (wall){9});
	reload(&orders);
	struct rows v = rows_view(&sets, 5, &orders, &arena);
	CHECK_INT(v.n, 3);
	for (size_t i = 0; i < v.n; i++) {
		CHECK(v.items[i]->key == 77 && v.items[i]->seq == 4);
		CHECK(v.items[i]->columns[0].unread && value_equal(&v.items[i]->columns[0], &columns[0]));
		struct value read = value_read(&v.items[i]->columns[0], &arena);
		CHECK(read.kind == VALUE_JSON && !read.unread && value_equal(&read, &columns[0]));
	}
	arena_clear(&own);
}

TEST(saved_and_loaded_they_are_the_same)
{
	begin(&orders);
	reload(&orders);
	order(20, 2, 222, "hats", 300);
	order(10, 1, 0, "", -5);
	amend(30, 3, 222, false, 120);
	reload(&orders);
	CHECK_INT(sum_of(), 175);
	struct buf bytes = {0};
	rows_save(&sets, 5, &orders, &bytes);
	for (size_t n = 0; n < bytes.len; n++) {
		struct reader cut = {.rest = {bytes.ptr, n}};
		begin(&orders);
		rows_load(&store, &sets, 5, &orders, &cut);
		CHECK(cut.bad);
	}
	buf_release(&bytes);
	begin(&folding);
	for (int i = 1; i <= 5; i++)
		add(&folding, i, (uint64_t)i, (wall){i});
	rows_prune(&store, &sets, 5, &folding, (wall){DAY + 3});
	reload(&folding);
	check_times(&folding, "4 5 + 3 (1 to 3)");
}

TEST(two_people_become_one)
{
	struct row_sets other = {0};
	const struct stream_shape shapes[] = {[5] = orders, [6] = counts};
	begin(&orders);
	order(20, 2, 222, "hats", 300);
	struct row_sets mine = sets;
	sets = (struct row_sets){0};
	order(10, 1, 111, "shoes", 500);
	amend(30, 4, 222, true, 0);
	rows_add(&store, &sets, 6, &counts, &(struct row){.time = {1}, .seq = 1}, (wall){1});
	other = sets;
	sets = mine;
	rows_merge(&store, &sets, &other, shapes, (wall){30});
	check_times(&orders, "10");
	CHECK_INT(rows_count(&sets), 3);
	CHECK_INT(other.n, 0);
	rows_clear(&store, &sets, shapes);
}

/* ---------------------------------------------------------------- against a list that forgets nothing */

static uint64_t dice_state;

static uint64_t
dice(uint64_t n)
{
	dice_state ^= dice_state << 13, dice_state ^= dice_state >> 7, dice_state ^= dice_state << 17;
	return dice_state % n;
}

struct known { int64_t time; uint64_t seq; };

static int
known_order(const void *a, const void *b)
{
	const struct known *x = a, *y = b;
	if (x->time != y->time)
		return x->time < y->time ? -1 : 1;
	return (x->seq > y->seq) - (x->seq < y->seq);
}

/* What conditions may ask: everything in the window, the first n, the latest n, and how many there ever were. */
static void
check_against(const struct known *all, size_t n, const struct stream_shape *shape, int64_t now)
{
	struct rows v = rows_view(&sets, 5, shape, &arena);
	const struct stream_keep *k = &shape->keep;
	for (size_t i = 0; i < n; i++) {
		bool wanted = all[i].time > now - k->window || i < k->first || i + k->latest >= n, there = false;
		for (size_t r = 0; r < v.n; r++)
			there |= stamp_at(&v, r).seq == all[i].seq;
		if (wanted && !there)
			TAP_FAIL("row %llu of %zu is missing at %lld", (unsigned long long)all[i].seq, n, (long long)now);
	}
	if (k->count_only)
		CHECK_INT(v.n + v.folded, n);
}

TEST(random_histories_lose_nothing_that_may_be_asked_for)
{
	static const struct stream_shape shapes[] = {
	    {.keep = {.window = 50}}, {.keep = {.window = 50, .count_only = true}}, {.keep = {.window = 50, .first = 1, .latest = 2}},
	    {.keep = {.window = 50, .first = 3}}, {.keep = {.window = 10, .latest = 5, .count_only = true}}, {.keep = {.window = 0, .latest = 1}}};
	dice_state = 42;
	for (int run = 0; run < 300; run++) {
		const struct stream_shape *shape = &shapes[run % (int)COUNT(shapes)];
		struct known all[200];
		size_t n = 0;
		int64_t now = 0;
		begin(shape);
		while (n < COUNT(all)) {
			now += (int64_t)dice(8);
			int64_t time = dice(4) ? now : now - (int64_t)dice(120);
			all[n] = (struct known){time, n + 1};
			add(shape, time, n + 1, (wall){now});
			n++;
			qsort(all, n, sizeof(all[0]), known_order);
			if (dice(10) == 0)
				rows_prune(&store, &sets, 5, shape, (wall){now});
			if (dice(20) == 0)
				reload(shape);
			check_against(all, n, shape, now);
		}
		arena_clear(&arena);
	}
}

TEST(when_it_is_pruned_leaves_no_trace)
{
	static const struct stream_shape shapes[] = {
	    {.keep = {.window = 50}}, {.keep = {.window = 50, .count_only = true}}, {.keep = {.window = 50, .first = 2, .latest = 2}}};
	dice_state = 7;
	for (int run = 0; run < 100; run++) {
		const struct stream_shape *shape = &shapes[run % (int)COUNT(shapes)];
		struct buf bytes[2] = {{0}, {0}};
		uint64_t start = dice_state;
		for (int eager = 0; eager < 2; eager++) {
			int64_t now = 0;
			dice_state = start;
			begin(shape);
			for (uint64_t i = 1; i <= 100; i++) {
				now += (int64_t)dice(8);
				add(shape, dice(4) ? now : now - (int64_t)dice(120), i, (wall){now});
				if (eager)
					rows_prune(&store, &sets, 5, shape, (wall){now});
				if (eager && i % 10 == 0)
					reload(shape);
			}
			rows_prune(&store, &sets, 5, shape, (wall){now});
			rows_save(&sets, 5, shape, &bytes[eager]);
		}
		CHECK(str_eq(buf_str(&bytes[0]), buf_str(&bytes[1])));
		buf_release(&bytes[0]);
		buf_release(&bytes[1]);
	}
	begin(&counts);
	row_store_release(&store);
}

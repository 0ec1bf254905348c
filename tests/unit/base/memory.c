#include "base/arena.h"
#include "base/str.h"
#include "base/vec.h"
#include "tap.h"

TEST(arena_memory_is_zeroed_and_aligned)
{
	struct arena a;
	arena_init(&a);
	for (size_t n = 1; n < 5000; n += 37) {
		char *p = arena_alloc(&a, n);
		CHECK(((uintptr_t)p & 15) == 0);
		for (size_t i = 0; i < n; i++)
			NEED(p[i] == 0);
		memset(p, 0xAA, n);
	}
	arena_reset(&a);
	char *again = arena_alloc(&a, 4000);
	CHECK(again[0] == 0 && again[3999] == 0);
	arena_clear(&a);
}

TEST(arena_grows_the_latest_in_place)
{
	struct arena a;
	arena_init(&a);
	char *p = arena_alloc(&a, 10);
	memcpy(p, "0123456789", 10);
	CHECK(arena_grow(&a, p, 10, 100) == (void *)p);
	arena_alloc(&a, 1);
	char *q = arena_grow(&a, p, 100, 200);
	CHECK(q != p && memcmp(q, "0123456789", 10) == 0 && q[199] == 0);
	arena_clear(&a);
}

TEST(arena_with_a_limit_refuses)
{
	struct arena a;
	arena_init_limited(&a, 1000);
	CHECK(arena_try(&a, 900) != NULL);
	CHECK(arena_try(&a, 200) == NULL);
	CHECK(arena_try(&a, SIZE_MAX) == NULL);
	arena_clear(&a);
}

TEST(vectors_insert_and_remove)
{
	VEC(int) v = {0};
	for (int i = 0; i < 100; i++)
		*vec_push(&v) = i;
	*vec_insert(&v, 1) = 500;
	vec_remove(&v, 0);
	CHECK_INT(v.len, 100);
	CHECK_INT(v.items[0], 500);
	CHECK_INT(*vec_last(&v), 99);
	vec_release(&v);
}

TEST(errors_say_place_and_doing)
{
	struct err e = {0};
	char buf[600];
	CHECK(!fail_at(&e, ERR_INVALID, 12, 5, "an unknown %s", "event"));
	CHECK(!fail_while(&e, "loading journey %s", "welcome"));
	CHECK(!fail_in(&e, "journeys/welcome.yaml"));
	CHECK_CSTR(err_format(&e, buf, sizeof(buf)), "journeys/welcome.yaml:12:5: loading journey welcome: an unknown event");
	CHECK(err_may_retry(ERR_LIMIT) && !err_may_retry(ERR_INVALID));
}

#include "segment/members.h"
#include "tap.h"

static struct members *
set_of(uint32_t from, uint32_t to, uint32_t step)
{
	struct members *m = members_new();
	for (uint32_t i = from; i < to; i += step)
		members_add(m, i);
	return m;
}

TEST(add_and_remove_say_whether_they_changed_anything)
{
	struct members *m = members_new();
	CHECK(members_add(m, 7) && !members_add(m, 7));
	CHECK(members_have(m, 7) && !members_have(m, 8));
	CHECK_INT(members_count(m), 1);
	CHECK(members_remove(m, 7) && !members_remove(m, 7));
	CHECK(members_add(m, UINT32_MAX - 1));
	members_clear(m);
	CHECK_INT(members_count(m), 0);
	members_free(m);
	members_free(NULL);
}

TEST(set_algebra)
{
	struct members *twos = set_of(0, 600000, 2), *threes = set_of(0, 600000, 3), *m = members_copy(twos);
	CHECK_INT(members_overlap(twos, threes), 100000);
	members_and(m, threes);
	CHECK_INT(members_count(m), 100000);
	members_or(m, twos);
	CHECK_INT(members_count(m), 300000);
	members_andnot(m, threes);
	CHECK_INT(members_count(m), 200000);
	CHECK(members_have(m, 2) && !members_have(m, 6));
	members_andnot(m, m);
	CHECK_INT(members_count(m), 0);
	members_free(m);
	members_free(twos);
	members_free(threes);
}

struct seen { uint32_t n, last; };

static bool
in_order(void *self, uint32_t number)
{
	struct seen *s = self;
	CHECK(s->n == 0 || number > s->last);
	s->last = number;
	return ++s->n < 5;
}

TEST(walks_are_in_order_and_can_stop_and_go_on)
{
	struct members *m = set_of(10, 100000, 7);
	struct seen s = {0};
	members_each(m, in_order, &s);
	CHECK_INT(s.n, 5);
	CHECK_INT(s.last, 38);
	CHECK_INT(members_next(m, 0), 10);
	CHECK_INT(members_next(m, 11), 17);
	CHECK_INT(members_next(m, 100000), UINT32_MAX);
	members_free(m);
}

TEST(portable_bytes_lead_back)
{
	struct members *m = set_of(1, 300000, 1), *back;
	struct buf out = {0};
	members_write(m, &out);
	CHECK(out.len < 200); /* a run, not 300,000 numbers */
	NEED((back = members_read(buf_str(&out))) != NULL);
	CHECK_INT(members_count(back), 299999);
	CHECK_INT(members_overlap(m, back), 299999);
	CHECK(members_read((struct str){out.ptr, out.len / 2}) == NULL);
	CHECK(members_read((struct str){0}) == NULL);
	buf_release(&out);
	members_free(m);
	members_free(back);
}

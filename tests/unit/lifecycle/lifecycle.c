#include "lifecycle/lifecycle.h"
#include "tap.h"

static bool
bit_holds(const void *self, uint32_t condition)
{
	return *(const uint32_t *)self >> condition & 1;
}

static struct model_def
race(void)
{
	struct model_def m = {.n_stages = 5};
	m.stages[0] = (struct stage_def){.name = STR("plan"), .of_business = true, .condition = UINT32_MAX};
	m.stages[1] = (struct stage_def){.name = STR("reach"), .condition = UINT32_MAX};
	for (uint8_t i = 2; i < 5; i++)
		m.stages[i].condition = i;
	return m;
}

TEST(a_person_stands_in_the_furthest_stage_that_holds)
{
	static const struct { uint32_t bits; uint8_t stage; } cases[] = {
	    {0, 1}, {1 << 2, 2}, {1 << 3, 3}, {1 << 2 | 1 << 3, 3}, {1 << 4, 4}, {1 << 2 | 1 << 4, 4},
	};
	struct model_def m = race();
	for (size_t i = 0; i < COUNT(cases); i++)
		CHECK_INT(model_stage(&m, bit_holds, &cases[i].bits), cases[i].stage);
}

TEST(nobody_stands_in_a_stage_of_the_business)
{
	struct model_def m = race();
	m.n_stages = 1;
	uint32_t all = UINT32_MAX;
	CHECK_INT(model_stage(&m, bit_holds, &all), STAGE_NOWHERE);
}

TEST(who_fits_no_stage_stands_nowhere)
{
	struct model_def m = race();
	m.stages[1].condition = 1;
	uint32_t none = 0;
	CHECK_INT(model_stage(&m, bit_holds, &none), STAGE_NOWHERE);
	CHECK_INT(model_stage(&(struct model_def){0}, bit_holds, &none), STAGE_NOWHERE);
}

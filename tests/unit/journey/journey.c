#include "journey/journey.h"
#include "tap.h"

TEST(channels_have_names_that_lead_back)
{
	enum channel c;
	for (int i = 0; i < CHANNEL_COUNT; i++)
		CHECK(channel_of(str_of(channel_name((enum channel)i)), &c) && (int)c == i);
	c = CHANNEL_SMS;
	CHECK(!channel_of(STR("pigeon"), &c) && c == CHANNEL_SMS);
	CHECK_CSTR(channel_name(CHANNEL_EMAIL), "email");
}

TEST(steps_have_the_names_that_documents_use)
{
	CHECK_CSTR(step_kind_name(STEP_WAIT_UNTIL), "wait until");
	CHECK_CSTR(step_kind_name(STEP_GO_TO), "go to");
}

TEST(a_step_is_found_by_its_name)
{
	struct step_def steps[] = {{.name = STR("first")}, {.name = STR("wait 2")}};
	struct journey_def j = {.steps = steps, .n_steps = 2};
	CHECK(journey_step(&j, STR("wait 2")) == &steps[1]);
	CHECK(journey_step(&j, STR("third")) == NULL);
}

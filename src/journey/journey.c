#include "journey/journey.h"
#include "base/str.h"

static const struct str step_names[] = {
#define X(name, text) STR_INIT(text),
    STEP_KINDS(X)
#undef X
};
static const struct str channel_names[CHANNEL_COUNT] = {
#define X(name, text) STR_INIT(text),
    CHANNELS(X)
#undef X
};

const char *
step_kind_name(enum step_kind k)
{
	ASSERT((size_t)k < COUNT(step_names));
	return step_names[k].ptr;
}

const char *
channel_name(enum channel c)
{
	ASSERT(c < CHANNEL_COUNT);
	return channel_names[c].ptr;
}

bool
channel_of(struct str name, enum channel *ret)
{
	for (int c = 0; c < CHANNEL_COUNT; c++)
		if (str_eq(channel_names[c], name)) {
			*ret = (enum channel)c;
			return true;
		}
	return false;
}

const struct step_def *
journey_step(const struct journey_def *j, struct str name)
{
	for (uint16_t i = 0; i < j->n_steps; i++)
		if (str_eq(j->steps[i].name, name))
			return &j->steps[i];
	return NULL;
}

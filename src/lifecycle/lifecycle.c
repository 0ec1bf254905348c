#include "lifecycle/lifecycle.h"

/* The path is not a line: a person who bought without ever having been seen to browse stands in the later stage, and one
 * who fits only the first falls back to it. So the furthest stage is looked for, not the next. */
uint8_t
model_stage(const struct model_def *m, bool (*holds)(const void *self, uint32_t condition), const void *self)
{
	for (uint8_t i = m->n_stages; i > 0; i--) {
		const struct stage_def *s = &m->stages[i - 1];
		if (s->of_business)
			continue;
		if (s->condition == UINT32_MAX || holds(self, s->condition))
			return (uint8_t)(i - 1);
	}
	return STAGE_NOWHERE;
}

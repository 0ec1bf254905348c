/* lifecycle.h -- lifecycle models: a person stands in the furthest stage whose condition holds. Pure.
 *
 * Stages with `of: business` (RACE's plan) belong to the business; people never stand there. */
#pragma once
#include "expr/expr.h"

enum { STAGES_MAX = 16, MODELS_MAX = 16, STAGE_NOWHERE = 255 };

struct stage_def {
	struct str name;
	struct str label;            /* in the program's first locale; the name when none */
	bool of_business;
	uint32_t condition;          /* index into the program's conditions; UINT32_MAX = everyone or of_business */
	uint32_t goal;               /* idem; UINT32_MAX = none */
};
struct model_def {
	struct str name, label;
	struct stage_def stages[STAGES_MAX];
	uint8_t n_stages;
	uint8_t order[STAGES_MAX];   /* how it is drawn */
	struct str file;
};
/* The stage, by the truth of the program's conditions (a bit set); STAGE_NOWHERE if even the first does not hold. */
uint8_t model_stage(const struct model_def *m, bool (*holds)(const void *self, uint32_t condition), const void *self);
/* One dated move: kept with its reason (the condition that turned, and what made it turn). */
struct stage_move {
	uint32_t profile;
	uint8_t model, from, to;     /* from may be STAGE_NOWHERE */
	wall when;                   /* when it became true */
	uint64_t seq;                /* entry at hand; 0 = time alone */
	struct str reason;           /* "deciding became true: Product Added" */
};

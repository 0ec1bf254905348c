/* starter.h -- a shipped starter program, made and made live in an engine, for benches. */
#pragma once
#include "engine/engine.h"

/* Ends the process when there is none of that name. */
struct program *starter_load(const char *name, struct tz_set *zones, struct arena *a);
/* Folds the program's entry as seq 1; the engine takes p over. */
void starter_live(struct engine *g, struct program *p, wall at, struct decisions *d);

/* replay_priv.h -- the log of a workspace, given entry by entry as if another program had been live from the start. Private. */
#pragma once
#include "measure/measure.h"

/* Calls take for every entry in order; the first program entry carries p, later ones are left out. Entries stamped at `until` or
 * later are not read. g, new and with p declared, gets the state of the log's base, if its head was cut off. */
MUST_CHECK bool replay_log(const char *dir, const struct program *p, struct engine *g, wall until, struct measure_progress progress,
    bool (*take)(void *self, struct entry *en), void *self, struct err *e);

/* cut.h -- the ground of a log whose head was cut off: what the entries up to its base came to.
 *
 * A fold of such a log begins here. meta.base names the ground that is good; it is switched in one transaction, when all rows of the
 * new ground are there, so that a crash leaves the old one or the new one. */
#pragma once
#include "engine/engine.h"
#include "store/store.h"

/* Gives a new engine the ground of the log. Programs that came after the base may be declared and offered before: their new streams begin
 * at the base. each (may be NULL) hears of every person. *ret_base 0 = the log is whole and nothing was done. */
MUST_CHECK bool cut_load(struct store *s, struct engine *g, void (*each)(void *self, uint32_t profile, uint64_t last_entry), void *self,
    uint64_t *ret_base, struct err *e);
/* One row of a ground; number 0 is the shared state. */
MUST_CHECK bool cut_put(struct store *s, uint64_t base, const struct profile_row *row, struct err *e);
/* Makes a ground the one that is good. at: when its latest entry was stamped. */
MUST_CHECK bool cut_switch(struct store *s, uint64_t base, wall at, struct err *e);
/* Takes some of what stands before the base off the disk: one short transaction. *ret_more: call again. */
MUST_CHECK bool cut_clear_some(struct store *s, bool *ret_more, struct err *e);

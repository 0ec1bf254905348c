/* door.h -- the clock's door: what `at` an entry gets. Pure: both clocks come in as arguments.
 *
 * `at` follows the monotonic clock, slewed to the wall clock; it never goes back and never leads the wall clock. A step of
 * more than two minutes is not followed until somebody confirms it, since a wrong time in the log cannot be taken back. */
#pragma once
#include "base/base.h"

#define DOOR_STEP (2 * MINUTE)

struct door {
	msec offset;             /* wall - monotonic, as followed */
	int64_t mono_ms;         /* of the latest question */
	msec step;               /* a step that waits to be confirmed; 0 = none */
	wall latest;             /* no answer is before this */
};
void door_open(struct door *d, wall now, int64_t mono_ms, wall latest);
wall door_at(struct door *d, wall now, int64_t mono_ms);
/* Follow the wall clock as it stands. */
void door_confirm(struct door *d, wall now, int64_t mono_ms);

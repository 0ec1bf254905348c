#include "runtime/door.h"

/* A clock that is ahead is caught up with at one part in twenty: nobody sees a jump, and a minute is made good in twenty. */
enum { SLEW_PART = 20 };

void
door_open(struct door *d, wall now, int64_t mono_ms, wall latest)
{
	*d = (struct door){.offset = now.ms - mono_ms, .mono_ms = mono_ms, .latest = latest};
}

void
door_confirm(struct door *d, wall now, int64_t mono_ms)
{
	d->offset = now.ms - mono_ms;
	d->mono_ms = mono_ms;
	d->step = 0;
}

static void
slew(struct door *d, msec behind, msec passed)
{
	if (behind > DOOR_STEP || behind < -DOOR_STEP) {
		d->step = behind;
		return;
	}
	d->step = 0;
	/* Put back at once, since `at` must not lead the wall clock; put forward gently. */
	msec most = passed / SLEW_PART;
	d->offset += behind < 0 || behind <= most ? behind : most;
}

wall
door_at(struct door *d, wall now, int64_t mono_ms)
{
	msec passed = mono_ms - d->mono_ms;
	if (passed > 0) {
		msec behind = now.ms - mono_ms - d->offset;
		slew(d, behind, passed);
		/* Keep the rest of a division for the next question: many short ones must slew as one long one does. */
		if (passed >= SLEW_PART || !behind || d->step)
			d->mono_ms = mono_ms;
	}
	d->latest = wall_max(d->latest, (wall){mono_ms + d->offset});
	return d->latest;
}

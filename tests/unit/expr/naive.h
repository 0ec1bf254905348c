/* naive.h -- what a condition means, as stupidly as it can be said: walks a tree over the whole past, every time anew.
 *
 * No features, no expiry, no sharing; it is the oracle that the compiled conditions are held against. Where it had to
 * choose (findings, section 5, and the prototype decide):
 *
 *	windows     last D = (now-D, now]; from A to B ago = (now-A, now-B]; since/before an event = strictly after/before it by
 *	            (time, seq); since/before a time t = time > t, time < t; entry is
 *	            the trigger where that began it; this/previous = from local midnight on, inclusive
 *	items       count, sum, pick … of "E".list go over the items; did, time since, time of, usual gap over the events that
 *	            have a fitting item
 *	amendments  void: the event is gone; subtract: its property is net, in where and in fields, save where items are looked
 *	            at (then the event is as it came); without its `same` field, or for an unknown one, it does nothing here
 *	usual gap   median of the last 16 gaps (of two in the middle the mean, cut to ms), missing below 3 gaps
 *	average     sum / n, rounded half away from zero to four places
 *	`sample`    is left out: it is missing here */
#pragma once
#include "expr/tree_priv.h"

struct naive_world {
	const struct vocabulary *vocabulary;
	const struct tz *zone;
	const struct event_view *events;        /* the person's, in any order; those after `now` are not looked at */
	size_t n_events;
	const struct json *traits, *account, *preferences, *predictions;   /* objects; NULL = none */
	const struct json *consent;             /* {"email":{"marketing":true}} */
	const struct json *topics;              /* {"newsletter":true} */
	const struct json *cart;                /* list of lines */
	const struct json *stages;              /* {"race":"act"} */
	const struct naive_world *const *colleagues;   /* of the account, this person among them */
	size_t n_colleagues;
	const struct expr *const *segments;     /* by index in vocabulary->segments */
	const struct str *names;                /* `with:` */
	const struct expr *const *name_trees;
	size_t n_names;
	wall entry;                             /* of the enrolment; 0 = none */
	const struct moment *moment;            /* NULL = nothing in hand */
};

struct value naive_value(const struct expr *x, const struct naive_world *w, wall now, struct arena *a);
bool naive_true(const struct expr *x, const struct naive_world *w, wall now, struct arena *a);

/* Every instant in (from, to] at which the truth could turn by time alone, and many at which it cannot: each time that
 * the person's past or traits hold, plus and minus each length in the tree (and sums of two), a millisecond after each,
 * and local midnights and hours. Sorted, each once; at most `max`. */
size_t naive_instants(const struct expr *x, const struct naive_world *w, wall from, wall to, wall *ret, size_t max);

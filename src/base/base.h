/* base.h -- what every file needs: integer types, text, errors, asserts, instants.
 *
 * The core (see layers.txt) is pure: nothing in base but clock.h and random.h asks the system for anything. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MUST_CHECK __attribute__((warn_unused_result))
#define PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define NORETURN __attribute__((noreturn))
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define AUTO(release) __attribute__((cleanup(release)))

/* An instant of wall time: milliseconds since 1970-01-01 UTC, leap seconds not counted.
 * A struct, so that it cannot be mixed up with a length of time. */
typedef struct {
	int64_t ms;
} wall;
typedef int64_t msec; /* a length of time in milliseconds */

#define WALL_NEVER ((wall){INT64_MAX})
#define WALL_BEFORE_ALL ((wall){INT64_MIN})
#define SECOND ((msec)1000)
#define MINUTE ((msec)60 * SECOND)
#define HOUR ((msec)60 * MINUTE)
#define DAY ((msec)24 * HOUR)

static inline wall
wall_add(wall t, msec d)
{
	int64_t r;
	if (t.ms == INT64_MAX || t.ms == INT64_MIN)
		return t;
	if (__builtin_add_overflow(t.ms, d, &r))
		r = d < 0 ? INT64_MIN : INT64_MAX;
	return (wall){r};
}

static inline wall
wall_min(wall a, wall b)
{
	return a.ms < b.ms ? a : b;
}

static inline wall
wall_max(wall a, wall b)
{
	return a.ms > b.ms ? a : b;
}

/* An exact decimal: four places in an int64. All sums in the core are of these, never of floating point. */
typedef int64_t fixed;
#define FIXED_ONE ((fixed)10000)

/* Text that somebody else owns: not terminated, may hold any byte. */
struct str {
	const char *ptr;
	size_t len;
};
#define STR(literal) ((struct str){(literal), sizeof(literal) - 1})
#define STR_INIT(literal) {(literal), sizeof(literal) - 1}
#define STR_ARGS(s) (int)(s).len, (s).ptr /* for "%.*s" */

#include "base/assert.h"
#include "base/err.h"

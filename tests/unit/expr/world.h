/* world.h -- a naive_world as the compiled conditions see it: rows of streams and a table of facts.
 *
 * Rows are kept as simply as can be: all of them, in order; with `prune`, what features_keep allows to go is gone, so
 * that a keep that is too narrow shows. */
#pragma once
#include "base/vec.h"
#include "tests/unit/expr/naive.h"

struct world_stream {
	VEC(struct row) rows;               /* by time, then seq */
	VEC(struct amend_at {
		struct amend what;
		wall time;
		uint64_t seq;
	}) amends;
};
struct world {
	const struct features *f;
	const struct naive_world *naive;    /* what is not rows is read from here */
	struct world_stream *streams;
	size_t n_streams;
	bool prune;
	wall now;                           /* set before each evaluation */
	struct arena a, scratch;            /* for ever; for one evaluation */
	struct world *members;              /* of the account, this one among them; set by the caller, NULL = none */
	size_t n_members;
	struct facts facts;
	uint64_t taking_seq;                /* of the event that features_accept is taking from */
	wall taking_time;
	uint32_t taking;
};

/* All features must be declared (everything compiled) before the first event is taken. */
void world_init(struct world *w, const struct features *f, const struct naive_world *naive);
void world_clear(struct world *w);
void world_take(struct world *w, const struct event_view *ev);
/* Takes all events of the naive world that stand at or before `now`. */
void world_take_all(struct world *w, wall now);
/* The value at an instant; it lives until the next call. */
struct outcome world_eval(struct world *w, const struct cond *c, wall now);

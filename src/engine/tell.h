/* tell.h -- the engine in virtual time: stories, the examples inside documents, and backtests share this driver. Pure.
 *
 * A run owns a scratch engine and a virtual clock. Entries are fed with their own `at`; between them the driver fires ticks, hands
 * over what is ready (mark, then outcome, as channels would) under stated assumptions, and collects what happened. */
#pragma once
#include "engine/engine.h"

struct assumption {                     /* what people and mail servers would have done */
	uint32_t open_permille, click_permille;   /* drawn by a hash of the message id; 0 = nobody */
	msec open_after, click_after;
	bool consent_email;             /* consent=email: everybody with an address counts as consenting */
};
struct told {                           /* one thing that the program did */
	enum { TOLD_MESSAGE, TOLD_TASK, TOLD_AUDIENCE, TOLD_LEFT, TOLD_ENTERED, TOLD_HELD, TOLD_SET } kind;
	wall at;
	uint32_t profile;
	struct message message;         /* texts live in the run's arena */
	struct str journey, name, reason;
	const struct json *data;        /* frozen values of a message */
};
struct run;
struct run *run_new(const struct engine_options *o, struct program *p /* borrowed */, const struct assumption *as);
void run_free(struct run *r);
struct engine *run_engine(struct run *r);
/* Everything told goes here as it happens; NULL = collected for run_told. */
void run_listen(struct run *r, void (*hear)(void *self, const struct told *t), void *self);
/* Time passes to en->at (ticks, messages), then the entry is folded. The run gives seq and, when en->profile is 0, identity. */
void run_feed(struct run *r, struct entry *en);
void run_advance(struct run *r, wall to);
size_t run_told(const struct run *r, const struct told **ret);

/* The examples inside a program's documents. For each: ok or the difference, in sentences ("expected email cart_reminder at …, nothing
 * was sent"). Returns the number that failed. */
size_t tell_examples(const struct engine_options *o, struct program *p, struct str only_document /* "" = all */,
    void (*result)(void *self, const struct example *x, bool ok, struct str difference), void *self);
/* A story file (tests/stories/; the language is in docs/stories.md). */
MUST_CHECK bool tell_story(const struct engine_options *o, struct program *p, const char *file, struct str text, struct buf *ret_report, struct err *e);

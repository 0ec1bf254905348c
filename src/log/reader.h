/* reader.h -- entries out of the log: forward from a place, or back along one person's chain.
 *
 * A cursor gives entries one by one, parsed; an entry is valid until the next call. It reads in short questions (a chunk of
 * blocks each), so it keeps no read mark for long, and sees what is appended meanwhile. One thread at a time. */
#pragma once
#include "event/entry.h"
#include "log/item.h"
#include "store/store.h"

/* What to look for; zeroes = everything. The index is asked first: a block without a hit is not unpacked. */
struct log_filter {
	uint32_t kinds;                  /* bit an entry kind; 0 = all */
	struct str name;                 /* "" = all */
	uint32_t profile;                /* 0 = all */
	bool no_bodies;                  /* index only: body NULL, text empty */
	bool no_parse;                   /* text, but body NULL */
};

struct log_cursor;
struct log_cursor *log_cursor_new(struct store *s, uint64_t from, const struct log_filter *filter /* NULL = everything */);
void log_cursor_free(struct log_cursor *c);
/* *ret = NULL at the end. */
MUST_CHECK bool log_next(struct log_cursor *c, const struct entry **ret, struct err *e);
/* The item of the entry that log_next gave last (its chain). */
const struct item *log_item(const struct log_cursor *c);

/* One entry by its place; *ret NULL when there is none. Uses the cursor's memory: valid until its next call. */
MUST_CHECK bool log_get(struct log_cursor *c, uint64_t seq, const struct entry **ret, struct err *e);
/* Walks back from `last` along the chain of a person: newest first, those of absorbed profiles included, at most max (0 = all). */
MUST_CHECK bool log_chain(struct log_cursor *c, uint64_t last, size_t max, bool (*take)(void *self, const struct entry *en),
    void *self, struct err *e);
/* The entry up to which the log's head was cut off; 0 = it is whole. No cursor gives what stands before, although some of it may not be
 * off the disk yet. */
MUST_CHECK bool log_base(struct store *s, uint64_t *ret, struct err *e);
/* The latest entry's place; 0 = the log is empty. */
MUST_CHECK bool log_last_seq(struct store *s, uint64_t *ret, struct err *e);

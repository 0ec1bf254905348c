/* rows.h -- the retained past of one person (or account): for each stream of features its rows, ordered by time, then seq.
 *
 * A stream that only counts costs 16 bytes an event; one event costs no memory of its own. Rows with columns or a key
 * are whole `struct row`s. Late events are put where they belong; what an amendment did is kept beside the rows, since
 * the order that it cancels may come later than the cancellation. Pure. */
#pragma once
#include "expr/expr.h"
#include "profile/texts.h"

/* What became of earlier rows by a later event: see `struct amend` of expr.h. */
struct amend_note {
	wall time;
	uint64_t seq, key;
	fixed amount;
	int16_t column;
	bool voids;
};
struct row_set {
	uint32_t stream;                 /* the engine's number */
	uint32_t n : 31, on_heap : 1;
	union {
		struct stamp only;       /* n = 1, no columns, nothing else to remember */
		struct row_heap *heap;
	};
};
/* Sorted by stream. Rows that were loaded and not asked for yet stand as their packed bytes instead (profile_unpack): then n is 0. */
struct row_sets {
	union { struct row_set *items; char *packed; };
	uint16_t n, cap;
	uint32_t packed_len;             /* 0 = not packed */
};

/* What the sets of all people share. */
struct row_store {
	struct texts *texts;
	struct row_slab { void *free; void *chunks; } slabs[STREAM_COLUMNS_MAX + 1];
	size_t bytes;
};
void row_store_release(struct row_store *s);

/* How a stream is kept; from features_keep and features_columns. */
struct stream_shape {
	struct stream_keep keep;
	uint8_t n_columns;
	bool amendable;          /* an amendment may void its rows: then the kept first and latest ones may need those between */
};

/* Adds a row; columns are copied. key 0 and no columns: a stamp. `now` decides what is old. */
void rows_add(struct row_store *s, struct row_sets *sets, uint32_t stream, const struct stream_shape *shape, const struct row *row, wall now);
/* Remembers an amendment. */
void rows_amend(struct row_store *s, struct row_sets *sets, uint32_t stream, const struct stream_shape *shape, const struct amend_note *note);
/* The rows as conditions see them, amendments applied; read in place, or in the arena: good until rows are added. What was made in the arena
 * is handed out again until it is emptied, so the arena lives at least as long as the sets. */
struct rows rows_view(const struct row_sets *sets, uint32_t stream, const struct stream_shape *shape, struct arena *scratch);
/* Drops or folds what no condition can ask for any more; the result depends on the rows and now only. */
void rows_prune(struct row_store *s, struct row_sets *sets, uint32_t stream, const struct stream_shape *shape, wall now);
/* Moves all rows of another person into these; `from` is empty afterwards. */
void rows_merge(struct row_store *s, struct row_sets *into, struct row_sets *from, const struct stream_shape *shapes, wall now);
void rows_clear(struct row_store *s, struct row_sets *sets, const struct stream_shape *shapes);
/* One set in bytes, and back, exactly. When a set was pruned last depends on the process; so prune it to the instant at hand before saving or
 * hashing, and equal histories give equal bytes. */
void rows_save(const struct row_sets *sets, uint32_t stream, const struct stream_shape *shape, struct buf *out);
void rows_load(struct row_store *s, struct row_sets *sets, uint32_t stream, const struct stream_shape *shape, struct reader *r);
size_t rows_count(const struct row_sets *sets);

/* append.h -- the ports that runtime hands downwards: how ingest appends, how channels ask for marks.
 *
 * A batch is what one request (or one slice of an import) brings: parsed, checked, compressed by the caller's thread,
 * so that the shard's two threads only order, fold and write. */
#pragma once
#include "contact/message.h"
#include "event/entry.h"

enum lane { LANE_MARKS /* marks, outcomes, suppressions */, LANE_TICKS, LANE_LIVE, LANE_IMPORT, LANE_COUNT };

/* One compressed run of at most LIMIT_BLOCK_ENTRIES bodies of a batch: a block's body as it will stand in the log. */
struct packed { uint32_t first, n; struct str lz4; uint32_t raw_bytes; uint8_t codec; };
/* Runs shorter than this are left to the shard, which packs them together with what came beside them. */
enum { PACKED_RUN_MIN = 64 };

struct batch {
	struct arena arena;              /* owns everything the batch holds */
	struct json_parser *parser;      /* keeps the nodes alive when bodies were parsed by it; NULL if in the arena */
	enum lane lane;
	struct entry *entries; uint32_t n;   /* seq, at, profile still 0; text = slices of `text`, body parsed */
	struct str text;                 /* the bodies, one after the other */
	struct packed *packed; uint32_t n_packed;
	uint32_t duplicates, accepted;   /* set by the shard before done */
	bool forbids;                    /* set by the shard: holds a suppression, a withdrawal or an erasure */
	/* Called once, by the write thread, after the commit that holds the batch (and the originals of its duplicates), or with an
	 * error when nothing of it was taken. The callee then owns the batch again and frees it with batch_free. */
	void (*done)(struct batch *b, const struct err *failure /* NULL = durable */);
	void *context;
	struct batch *next;              /* for queues */
};
struct batch *batch_new(void);
void batch_free(struct batch *b);
/* Cuts the batch into runs and compresses them. Its maker calls it once, on its own thread, when `entries` and `text` are complete; each
 * entry's text is a slice of `text`, in order, with nothing between them. */
void batch_pack(struct batch *b);

struct append_port {
	void *self;
	/* Queues the batch. False with ERR_UNAVAILABLE or ERR_LIMIT when the lane is full (the caller answers 429) or the shard is
	 * closing: the batch stays the caller's. */
	bool (*submit)(void *self, struct batch *b, struct err *e);
	/* The stamp that an entry made now would get; for `happened` and skew. */
	wall (*now)(void *self);
	/* Seconds a caller should wait after a refusal. */
	int (*retry_after)(void *self);
};

/* Outcomes that a channel reports; each becomes an entry (OUTCOME, or a track under Segment's name). */
#define OUTCOMES(X) X(ACCEPTED, "accepted") X(DEFERRED, "deferred") X(REJECTED, "rejected") X(WITHHELD, "withheld") X(UNCERTAIN, "uncertain")
enum outcome_kind {
#define X(name, text) OUTCOME_##name,
	OUTCOMES(X)
#undef X
	OUTCOME_KIND_COUNT
};
struct mark_result { enum mark_answer answer; wall at; enum reason reason; };

struct outbox_port {
	void *self;
	/* Takes up to max READY rows of a channel that nobody else has in hand, oldest due first; texts live in the arena. They stay in hand
	 * until an outcome or put_back. */
	size_t (*pull)(void *self, uint8_t channel, size_t max, struct arena *a, struct message *ret);
	void (*put_back)(void *self, struct message_id id);
	/* Appends the hand-over mark and calls answered (from the write thread) when it is durable. Nothing may be handed over before. */
	bool (*mark)(void *self, struct message_id id, void (*answered)(void *context, const struct mark_result *r), void *context, struct err *e);
	/* Appends the outcome; detail = the peer's last reply, again = when to try (DEFERRED). */
	bool (*outcome)(void *self, struct message_id id, enum outcome_kind k, struct str detail, wall again, struct err *e);
	/* Wakes `ring` whenever rows become READY. */
	void (*listen)(void *self, void (*ring)(void *context), void *context);
	/* Calls `stop` (from the write thread) for a message that was marked and has no outcome yet, when a suppression or withdrawal has
	 * waited a second for it: the channel shuts that connection and reports the outcome as it stands (UNCERTAIN if the hand-over may have
	 * been complete). May be called again every second. */
	void (*on_stop)(void *self, void (*stop)(void *context, struct message_id id), void *context);
	/* The rendered message needs the program's templates: the live program, kept until released. */
	const struct program *(*program)(void *self);
	void (*program_release)(void *self, const struct program *p);
};

/* tracking.h -- Segment's HTTP tracking API: a body becomes a batch of entries.
 *
 * A body is taken whole or refused whole, with a sentence that names the place ("batch[3].event must be …"). What is checked and
 * worked out here, once: the write key and with it source and trust; ids and their limits; event names (old names become the
 * current ones); times, corrected by the sender's clock; the hash of the message id; where a visit came from. The body's own text
 * is kept word for word, save that the batch's common context is merged in and `arrival` is added. */
#pragma once
#include "ingest/keys.h"
#include "log/append.h"
#include "net/http.h"

struct tracking;
struct tracking_options {
	struct append_port append;
	const uint8_t *hash_key;             /* 16 bytes, of the workspace */
	const struct write_keys *keys;       /* borrowed */
};
struct tracking *tracking_new(const struct tracking_options *o);
void tracking_free(struct tracking *t);

struct tracking_request {
	struct str content_type, authorization;
	struct str body;                     /* lives in the arena */
	struct arena *arena;                 /* moved into the batch when this succeeds */
	wall now;
};
/* kind: which call; ENTRY_NONE = a batch. *ret is packed and ready to be submitted (done and context are the caller's to set);
 * n may be 0. */
MUST_CHECK bool tracking_parse(struct tracking *t, enum entry_kind kind, struct tracking_request *q, struct batch **ret, struct err *e);
/* Gives the batch back: its parser is kept for the next one. */
void tracking_batch_free(struct tracking *t, struct batch *b);

/* Answers a request: {"success":true} when the entries are durable; 400, 401, 413, 429. */
void tracking_handle(struct tracking *t, struct http_request *r, enum entry_kind kind);
/* "Completed Order" → "Order Completed": the current name of an event of Segment's first e-commerce spec; else the same. */
struct str event_name_current(struct str name);
uint64_t message_hash(const uint8_t key[16], struct str source, struct str message_id);

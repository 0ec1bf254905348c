/* tracking_priv.h -- one call while it is read. Private to ingest. */
#pragma once
#include "ingest/tracking.h"

/*       member, key */
#define CALL_MEMBERS(X)                                                                                             \
	X(type, "type") X(event, "event") X(name, "name") X(user, "userId") X(anonymous, "anonymousId")             \
	X(previous, "previousId") X(group, "groupId") X(message_id, "messageId") X(timestamp, "timestamp")          \
	X(original, "originalTimestamp") X(sent, "sentAt") X(properties, "properties") X(traits, "traits")          \
	X(context, "context") X(integrations, "integrations") X(arrival, "arrival") X(write_key, "writeKey") X(batch, "batch")

struct call {
#define X(member, key) const struct json *member;
	CALL_MEMBERS(X)
#undef X
};
/* Null members are left out: SDKs send "userId": null. */
void call_read(const struct json *object, struct call *ret);

/* What all calls of one request share. */
struct reading {
	struct tracking *t;
	struct batch *b;
	const struct write_key *key;
	wall now, sent;                  /* sent: the request's sentAt; WALL_NEVER = none */
	const struct json *context, *integrations;   /* of the batch; NULL = none */
	bool in_batch;
	bool times_as_given;             /* an import: no clock of a sender is corrected */
	uint32_t at;                     /* which call of the batch */
	size_t text_bytes;               /* of the entries so far */
	size_t call_most;                /* bytes of one call; 0 = LIMIT_CALL_BYTES. Imports bring whole orders and take more */
};
/* Copies the entries' texts side by side into the batch, as the log wants them; bytes: their sum. */
void batch_lay_out(struct batch *b, size_t bytes);
/* Checks one call and fills the entry but for its place in the batch's text: en->text is what will be copied there. */
const uint8_t *tracking_hash_key(const struct tracking *t);
MUST_CHECK bool call_check(struct reading *rd, enum entry_kind kind, const struct json *item, struct entry *en, struct err *e);

/* entry.h -- one record of the log, as the fold sees it.
 *
 * An entry is a small header and a JSON body (the call as the sender wrote it, see CONVENTIONS of the Segment spec).
 * The header is what stands in the log's index; the body is kept word for word. Pure. */
#pragma once
#include "base/json.h"

/* name, stands in the log as, comes from outside? */
#define ENTRY_KINDS(X)                                                             \
	X(NONE, "none", false)                                                     \
	X(IDENTIFY, "identify", true)                                              \
	X(TRACK, "track", true)                                                    \
	X(PAGE, "page", true)                                                      \
	X(SCREEN, "screen", true)                                                  \
	X(GROUP, "group", true)                                                    \
	X(ALIAS, "alias", true)                                                    \
	X(TICK, "tick", false)         /* carries nothing but `at` */              \
	X(MARK, "mark", false)         /* hand-over mark: may this message go now? answered beside it */ \
	X(OUTCOME, "outcome", false)   /* what became of a message: accepted, deferred, rejected, … */ \
	X(SUPPRESS, "suppress", false) /* an address: body {"address","reason"} or {"address","lift":true} */ \
	X(CONSENT, "consent", true)    /* body {"channel","purpose","granted","wording","source"} */ \
	X(ERASE, "erase", false)       /* a person: number and keyed hashes of the addresses */ \
	X(PROGRAM, "program", false)   /* the documents that hold from here on */  \
	X(CATALOGUE, "catalogue", false) /* products, stores, offers, rates */     \
	X(ACCOUNT, "account", false)                                               \
	X(SCORE, "score", false)       /* predictions of one person */             \
	X(FOLD, "fold", false)         /* versions: fold, zone rules; first entry of a log and after each upgrade */

enum entry_kind {
#define X(name, text, outside) ENTRY_##name,
	ENTRY_KINDS(X)
#undef X
	ENTRY_KIND_COUNT
};
const char *entry_kind_name(enum entry_kind kind);
/* ENTRY_NONE when there is no such kind. */
enum entry_kind entry_kind_of(struct str name);

/* How far the sender is trusted (DESIGN.md, Trust). */
enum trust { TRUST_PUBLIC /* a browser's write key */, TRUST_SERVER, TRUST_IMPORT, TRUST_SELF /* Perennial itself */ };

/* Answers to the two questions that concern more than one person; given once, in log order, and kept beside the
 * entry in its index item. */
enum mark_answer { MARK_UNASKED, MARK_GO, MARK_LATER, MARK_NO };

struct entry {
	uint64_t seq;            /* place in the log, from 1; 0 = not yet in it */
	wall at;                 /* stamped where the order is made; never goes back */
	wall happened;           /* what the sender says, never after `at` */
	enum entry_kind kind;
	struct str name;         /* event of a track, name of a page or screen; "" else */
	struct str source;       /* which write key or import */
	enum trust trust;
	bool history;            /* came as history: updates profiles, starts nothing */
	uint64_t id_hash;        /* of (source, messageId); 0 = none */
	uint32_t profile;        /* 0 = concerns nobody; set by identity, or taken from the index on replay */
	uint32_t absorbed;       /* profile that this entry merged into `profile`; 0 = none */
	enum mark_answer answer; /* of a MARK */
	const struct json *body; /* root object; NULL = erased */
	struct str text;         /* the body's source text */
};

/* Fields of the body that every layer asks for; empty when missing. */
struct str entry_user_id(const struct entry *en);
struct str entry_anonymous_id(const struct entry *en);
struct str entry_message_id(const struct entry *en);
/* properties of track/page/screen, traits of identify/group; NULL when missing or not an object. */
const struct json *entry_properties(const struct entry *en);
const struct json *entry_context(const struct entry *en);

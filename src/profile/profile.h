/* profile.h -- one person, as the fold keeps them; and everybody, in a flat array by number.
 *
 * Numbers run from 1, are given once and never used again. A profile that was absorbed forwards to another for ever.
 * A profile without ids was never met in this fold (its number was given by another slice of the log). Pure. */
#pragma once
#include "base/map.h"
#include "profile/cart.h"
#include "profile/consent.h"
#include "profile/packed.h"
#include "profile/rows.h"
#include "profile/traits.h"

/* Why two became one, or did not. */
#define JOINS(X)                                                                                          \
	X(IDENTIFIED, "an anonymous visitor gave the user id")                                           \
	X(ALIASED, "an alias call joined the two ids")                                                   \
	X(RETURNED, "an anonymous id moved here: this person was the last to sign in with it")           \
	X(REFUSED_STRONG, "not joined: both have user ids of their own")                                 \
	X(REFUSED_LIMIT, "not joined: too many ids for one person")                                      \
	X(REFUSED_TRUST, "not joined: a public key cannot join people who have user ids")
enum join_why {
#define X(name, text) JOIN_##name,
	JOINS(X)
#undef X
};
const char *join_text(enum join_why why);
struct join { uint32_t other; uint8_t why; wall at; uint64_t seq; };

struct ids {
	struct str *users; uint16_t n_users;            /* kept; the first is the one shown */
	struct str *anonymous; uint16_t n_anonymous;    /* in the order in which they came */
	struct join *joins; uint16_t n_joins;
};

struct profile {
	uint32_t forward;                /* absorbed by; 0 = nobody */
	uint32_t account;                /* number of the account; 0 = none */
	bool met : 1;                    /* an entry has been about this person */
	bool erased : 1;
	bool dirty : 1;                  /* changed since it was last saved */
	bool set_aside : 1;
	wall first_seen, last_seen;
	uint64_t last_entry;             /* end of the chain */
	uint64_t as_of;                  /* loaded from a row that contains every entry up to here */
	uint64_t email_hash;             /* keyed; 0 = no usable address */
	const struct tz *zone;           /* NULL = not known */
	struct ids ids;
	struct traits traits;
	struct consents consents;
	struct cart cart;
	struct row_sets rows;
};

struct people {
	struct profile **pages;          /* of PEOPLE_PAGE profiles; addresses never move */
	uint32_t n;                      /* the highest number given */
	uint32_t n_pages;
	uint32_t met;                    /* people who stand for somebody: met and not absorbed */
	struct texts texts;
	struct row_store store;
	struct packer *packer;
	uint32_t packed;                 /* profiles whose rows are packed */
	struct strmap users, anonymous;  /* id → number */
	struct idmap emails, phones;     /* keyed hash → latest holder; emails: somebody holds or held it */
	uint8_t hash_key[16];
};
enum { PEOPLE_PAGE = 1024 };

void people_init(struct people *w, const uint8_t hash_key[16]);
void people_release(struct people *w, const struct stream_shape *shapes);
/* The profile of a number <= w->n, as it stands, forwarded or not. */
static inline struct profile *
profile_at(const struct people *w, uint32_t number)
{
	return &w->pages[(number - 1) / PEOPLE_PAGE][(number - 1) % PEOPLE_PAGE];
}
/* Makes room up to this number. */
void people_reach(struct people *w, uint32_t number);
/* Follows the forwards. 0 stays 0, as does a number that was never given. */
uint32_t people_resolve(const struct people *w, uint32_t number);
/* A person who can be met: neither absorbed nor unknown. */
bool profile_is_somebody(const struct profile *p);
bool profile_is_strong(const struct profile *p);
struct str profile_user_id(const struct profile *p);

/* The e-mail address and phone number in normal form; {NULL, 0} when there is none that could be used. buf: ADDRESS_BYTES. */
struct str profile_email(const struct profile *p, char *buf);
struct str profile_phone(const struct profile *p, char *buf);
struct str profile_country(const struct profile *p);
struct str profile_locale(const struct profile *p);
/* False while the address was only ever told by a browser. */
bool profile_email_trusted(const struct profile *p);
uint64_t address_hash(const struct people *w, struct str normal_address);
/* After traits changed: zone, directories of addresses. */
void profile_refresh(struct people *w, uint32_t number, struct tz_set *zones);

/* Absorbs `other` into `number` (identities first: ids move along). The one absorbed is empty afterwards and forwards. */
void profile_absorb(struct people *w, uint32_t number, uint32_t other, const struct stream_shape *shapes, wall now);
/* Forgets everything about a person but that there was one. */
void profile_erase(struct people *w, uint32_t number, const struct stream_shape *shapes);
/* The rows as packed bytes; empty when they are not packed. */
static inline struct str
profile_packed(const struct profile *p)
{
	return p->rows.packed_len ? (struct str){p->rows.packed, p->rows.packed_len} : (struct str){0};
}
/* Puts packed rows (a copy) in place of those that the profile has. */
void profile_pack(struct people *w, struct profile *p, struct str packed, const struct stream_shape *shapes);
/* Takes the packed rows out, unpacked, into `out`; the caller loads them. */
void profile_unpack(struct people *w, struct profile *p, struct buf *out);
void profile_save(struct people *w, struct profile *p, struct buf *out);
void profile_load(struct people *w, uint32_t number, struct reader *r, struct tz_set *zones);

/* consent.h -- what a person allowed, by channel and purpose, with the proof: when, how, which wording.
 *
 * The log keeps every change; here stands what holds. When two people turn out to be one, a refusal wins. Pure. */
#pragma once
#include "event/entry.h"
#include "profile/texts.h"

struct consent {
	struct str channel, purpose;     /* kept */
	bool granted;
	bool confirmed;                  /* by a double opt-in, or told by a trusted source */
	uint8_t trust;                   /* enum trust of who told */
	wall at;
	uint64_t seq;                    /* the entry that says so */
	struct str how, wording;         /* kept; "form", "journey welcome", … */
};
struct consents { struct consent *items; uint16_t n; };
enum { CONSENTS_MOST = 64 };             /* grants of one person; refusals are always kept */

const struct consent *consent_find(const struct consents *c, struct str channel, struct str purpose);
/* Granted, and confirmed where the policy asks for a double opt-in: what `consent.email.marketing` means in a condition. NULL: no. */
bool consent_stands(const struct consent *c, bool double_opt_in);
/* True when what holds has changed. Texts of `say` are copied. A public source cannot lift a refusal that a trusted one told, and what
 * comes late (say->at before that of what holds) changes nothing. */
bool consent_set(struct texts *t, struct consents *c, const struct consent *say);
void consents_sort(struct consents *c);
void consents_merge(struct texts *t, struct consents *into, struct consents *from);
void consents_clear(struct texts *t, struct consents *c);
void consents_save(struct consents *c, struct buf *out);
void consents_load(struct texts *t, struct consents *c, struct reader *r);
/* {"email":{"marketing":{"granted":true,"at":…,"how":…,"wording":…}}} */
void consents_write_json(struct consents *c, struct json_writer *w);

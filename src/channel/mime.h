/* mime.h -- a message as mail: headers and bodies that no value can break out of. Pure: the same input gives the same bytes. */
#pragma once
#include "base/civil.h"
#include "base/str.h"

struct mail {
	struct str from;             /* "Kaffa & Koti <hello@shop.example>" or an address alone */
	struct str to;               /* an address */
	struct str reply_to;         /* like from; "" = none */
	struct str subject;
	struct str id;               /* what stands before the @ of Message-ID */
	wall date;
	struct str text, html;       /* one of them may be empty */
	struct str unsubscribe_url;  /* https: one-click (RFC 8058); "" = none */
	struct str unsubscribe_mail; /* address to write to when there is no url; "" = none */
	struct str feedback_id;      /* "journey:purpose:program", for the postmaster pages of mailbox providers; "" = none */
	bool automatic;              /* an answer to what the person did, not a letter to many: asks vacation responders to be quiet */
};
/* Appends the message, its lines ended by CRLF and none longer than 998 bytes. False when an address is none or a header value holds
 * control characters. */
MUST_CHECK bool mail_write(const struct mail *m, struct buf *out, struct err *e);

/* "Name <a@b>" → name and address; an address alone has no name. False when there is no single plain address. */
MUST_CHECK bool mailbox_split(struct str mailbox, struct str *ret_name, struct str *ret_address);
/* One that may stand in a header or an envelope: one @, no blanks, brackets, commas, control characters; at most 254 bytes. */
bool address_is_plain(struct str address);
/* As it stands in envelopes and headers: the domain in ASCII (IDNA 2008), the part before the @ quoted where its dots ask for it. */
MUST_CHECK bool address_to_wire(struct arena *a, struct str address, struct str *ret);
void quoted_printable(struct str text, struct buf *out);
/* A header's words: as they are when they are plain ASCII, else encoded (RFC 2047), folded. `used`: columns taken by the header's name. */
void header_words(struct str text, size_t used, struct buf *out);

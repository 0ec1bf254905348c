/* token.h -- what stands in the links of messages: whose message it is and what the link is for, signed.
 *
 * A token is base64url of (purpose, message, profile, target) and 16 bytes of keyed BLAKE2b over it, personalised by the purpose: a token
 * for one thing opens no other. A click's target is inside, so there is no address that redirects to wherever its caller likes.
 * Tokens hold no address, no secret and no time: a link to unsubscribe must work for as long as the mail lies in somebody's box. Pure. */
#pragma once
#include "contact/message.h"

/* Each letter is also the part of the path: /l/u/TOKEN. */
enum token_purpose {
	TOKEN_UNSUBSCRIBE = 'u',         /* a page; a POST acts (RFC 8058) */
	TOKEN_PREFERENCES = 'p',
	TOKEN_CONFIRM = 'k',             /* double opt-in: a page; a POST acts */
	TOKEN_OPEN = 'o',                /* a picture; the address ends in .gif */
	TOKEN_CLICK = 'c',               /* goes on to `target` */
	TOKEN_VIEW = 'v',                /* the message in the browser */
};
struct token {
	enum token_purpose purpose;
	struct message_id message;
	uint32_t profile;
	struct str target;               /* CLICK: http:// or https:// */
};
enum { TOKEN_KEY_BYTES = 32, TOKEN_TARGET_MAX = 2000 };

struct str token_make(struct arena *a, const uint8_t key[TOKEN_KEY_BYTES], const struct token *t);
/* False when the token is not ours, or was made for another purpose. ret->target lives in the arena. */
MUST_CHECK bool token_read(struct arena *a, const uint8_t key[TOKEN_KEY_BYTES], enum token_purpose purpose, struct str text, struct token *ret);
/* The whole address, below public_url ("https://mail.shop.example", a slash at its end or not). */
struct str token_link(struct arena *a, struct str public_url, const uint8_t key[TOKEN_KEY_BYTES], const struct token *t);

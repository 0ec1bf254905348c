/* render.h -- a ready row of the outbox as a message: templates filled with the frozen values, links signed. The only place of channel that knows
 * the template module. The bytes are a function of (program, row, public_url, key): a second rendering gives the same. */
#pragma once
#include "channel/channel.h"
#include "program/program.h"

struct rendered {
	struct str subject, html, text;      /* of other channels than e-mail only text */
	struct str from, reply_to;           /* mailboxes as the program writes them */
	struct str unsubscribe_url;          /* "" = this purpose needs none, or there is no public_url */
	struct str unsubscribe_mail;         /* without a public_url: the address that takes such wishes */
	struct str feedback_id;
	bool unsubscribable;                 /* its purpose asks for a way out */
	wall now;                            /* when it was frozen */
};

/* Keeps the templates it has parsed; not thread-safe: one a worker. */
struct renderer;
struct renderer *renderer_new(const uint8_t *token_key, struct str public_url);
void renderer_free(struct renderer *r);
/* p may change between calls; the renderer keeps copies of its templates, parsed, until another version comes. */
MUST_CHECK bool message_render(struct renderer *r, const struct program *p, const struct message *m, struct arena *a, struct rendered *ret, struct err *e);

/* For previews: the template filled with any data, without links. */
MUST_CHECK bool render_preview(const struct program *p, struct str template_name, struct str variant, const struct json *data, struct arena *a,
    struct rendered *ret, struct err *e);
/* Links of an HTML body that lead to http(s) addresses, each replaced by what `replace` returns: the target itself = left as it is written. */
void rewrite_links(struct str html, struct str (*replace)(void *self, struct arena *a, struct str target), void *self, struct arena *a, struct buf *out);

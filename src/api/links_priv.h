/* links_priv.h -- what the pages and pictures behind a message's links share. */
#pragma once
#include "api/api_priv.h"
#include "channel/token.h"

struct linked {
	struct token token;
	bool found;                      /* the message's row is still there */
	struct message message;          /* profile always; the rest as far as found */
	struct str brand, colour;
};
/* Reads the token of c->key and the row. False after answering 404 with a page. */
MUST_CHECK bool linked_read(struct api_call *c, enum token_purpose purpose, struct linked *ret);

/* Appends an entry about the person of the link and waits until it is durable. body: members after {"profile":N, without braces. */
MUST_CHECK bool linked_append(struct api_call *c, const struct linked *l, enum entry_kind kind, struct str name, struct str members, struct err *e);
/* The same without waiting: for opens and clicks. */
void linked_note(struct api_call *c, const struct linked *l, struct str event, struct str members);

/* A small page in the business's colour. body is HTML. */
void linked_page(struct api_call *c, int status, const struct linked *l, struct str title, struct str body);

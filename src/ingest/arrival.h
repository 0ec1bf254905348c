/* arrival.h -- where a visit came from, worked out once at ingest: utm parameters of the address or of context.campaign,
 * click ids, the referrer and its class. Pure. */
#pragma once
#include "base/json.h"

enum { ARRIVAL_MEMBERS = 9 };
struct arrival {
	struct str medium, source, campaign, term, content;
	struct str click_id;         /* the parameter's name: "gclid" */
	struct str referrer;         /* host, lower case, without www. */
	struct str referrer_class;   /* search, social, email, ai, paid, other; "" when there is none or it is the same site */
	bool ours;                   /* the click came through a link in one of our own messages */
};
/* False when nothing is known about how the visit began. Texts live in the arena or in the nodes. */
bool arrival_of(struct arena *a, const struct json *properties, const struct json *context, struct arrival *ret);
/* {"medium":…} with the members that are known. */
void arrival_write(const struct arrival *v, struct buf *out);
/* The same as nodes, for appending to a root object: fills at most 1 + ARRIVAL_MEMBERS nodes, returns their number. */
uint32_t arrival_nodes(const struct arrival *v, struct json *nodes);
/* The class of a host ("www.google.fr" → "search"), "" when unknown; path tells apart google.com/maps and the like. */
struct str referrer_class(struct str host, struct str path);
/* The parameter that our click links add to the address that they lead to. */
#define ARRIVAL_OURS "pnl"

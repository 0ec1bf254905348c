/* http_priv.h -- a request's inside. Private to net. */
#pragma once
#include "net/http.h"
#include <microhttpd.h>
#include <zlib.h>

enum http_phase { PHASE_NEW, PHASE_BODY, PHASE_DISCARD, PHASE_ROUTE, PHASE_REPLIED };

struct http_loop;
struct http_request_priv {
	struct http_request *r;
	struct http_loop *loop;
	struct MHD_Connection *connection;
	const struct http_route *route;
	enum http_phase phase;
	bool inside;                 /* the route's function is running; its own thread reads this alone */
	bool answered_inside;
	bool bad_path;
	size_t held;                 /* bytes counted as in hand */
	char *body;
	size_t body_len, body_cap;
	size_t received;             /* bytes of the body on the wire */
	z_stream *gzip;
	bool gzip_ended;
	struct err refusal;          /* why the body is being thrown away */
	struct MHD_Response *response;
	int status;
	struct buf headers;          /* name NUL value NUL … */
	struct http_request_priv *next;   /* in the loop's queue of answered requests */
};

/* The body as it comes in (http_body.c). False fills p->refusal. */
bool http_body_begin(struct http_request_priv *p);
bool http_body_add(struct http_request_priv *p, const char *bytes, size_t n);
bool http_body_end(struct http_request_priv *p);
void http_body_release(struct http_request_priv *p);
/* Counts bytes as in hand; false when the server has too many. */
bool http_hold(struct http_request_priv *p, size_t bytes);

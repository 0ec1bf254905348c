/* http.h -- an HTTP/1.1 server: a table of routes, bodies with limits, replies from any thread.
 *
 * One or two threads own the connections (GNU libmicrohttpd on epoll). A route's function runs on such a thread when the body
 * is complete and must not block; it answers at once by http_reply or later, from whatever thread: a request that was not answered
 * when the function returns sleeps and costs no thread. Every request is answered exactly once.
 *
 * Refused before a route sees them: bodies beyond the route's limit (413), gzip that grows too far (413) or is broken (400),
 * other encodings (415), a NUL in the path (400), more bytes in hand than the server's limit (429). */
#pragma once
#include "base/str.h"

struct http_server;

enum { HTTP_CORS = 1 /* browsers of any site may call it */ };

struct http_request {
	struct arena arena;          /* the body lives here; a route may take the arena away (http_take_arena) */
	const char *method;          /* "GET", "POST", …; HEAD arrives as GET */
	struct str path;             /* percent-decoded */
	struct str rest;             /* what `*` stood for */
	struct str query;            /* as sent, without the `?` */
	struct str body;             /* complete, uncompressed */
	void *self;                  /* of the options */
	struct http_request_priv *priv;
};
typedef void http_handler(struct http_request *r);

struct http_route {
	const char *method, *path;   /* "/v1/track"; "/l/" followed by `*` = everything below */
	http_handler *handle;
	size_t body_max;             /* bytes after decompression; 0 = takes no body */
	unsigned flags;
};

struct http_options {
	const char *listen;          /* "127.0.0.1:8080", "[::1]:8080", ":8080"; port 0 = any free one */
	const struct http_route *routes;   /* the first that fits is taken */
	size_t n_routes;
	void *self;
	int threads;                 /* 0 = 1 */
	uint32_t connections;        /* 0 = 4,096 */
	uint32_t connections_per_ip; /* 0 = no limit */
	size_t bytes_in_hand;        /* bodies not yet answered; 0 = 256 MiB */
};

MUST_CHECK bool http_start(const struct http_options *o, struct http_server **ret, struct err *e);
int http_port(const struct http_server *s);
/* Takes no new connections, waits up to ten seconds for requests in hand, ends. Accepts NULL. */
void http_stop(struct http_server *s);
/* {"requests":…,"connections":…,"in_hand":…} for metrics. */
struct http_counts { uint64_t requests, refused, asleep, bytes_in_hand; };
struct http_counts http_count(const struct http_server *s);

/* ---- inside a route's function, on its thread */

/* Empty when not sent. Valid until the reply. */
struct str http_header(const struct http_request *r, const char *name);
/* A parameter of the query, decoded into the arena; false when it is not there. */
bool http_query(struct http_request *r, const char *name, struct str *ret);
/* Undoes %XX and +. */
struct str http_decode(struct arena *a, struct str s);
/* A parameter of a form body (application/x-www-form-urlencoded) or query text. */
bool http_form(struct arena *a, struct str form, const char *name, struct str *ret);
/* The peer's address as text, in the arena. */
struct str http_peer(struct http_request *r);
/* Moves the arena, body included, to the caller. */
void http_take_arena(struct http_request *r, struct arena *to);

/* ---- from any thread */

/* A header of the reply to come; call before http_reply. Values with control characters are left out. */
void http_reply_header(struct http_request *r, const char *name, struct str value);
/* Answers; `r` must not be touched afterwards. The body is copied. */
void http_reply(struct http_request *r, int status, const char *content_type, struct str body);
/* {"success":false,"error":…}, with the place when there is one. Code decides the status. */
void http_refuse(struct http_request *r, const struct err *e);
/* The same, naming the seconds after which to try again. */
void http_refuse_for(struct http_request *r, const struct err *e, int retry_after);
int http_status_of(enum err_code code);

/* api_priv.h -- how a request is answered: one table of routes, and helpers that every answer uses.
 *
 * HTTP threads must not block, and most questions do (the fold thread's answer, a read of the database, a durable entry). So a call of
 * the management side is queued and answered by a worker thread; tracking never is, it has its own way (ingest/tracking.h). */
#pragma once
#include "api/api.h"
#include "base/json.h"
#include "ingest/tracking.h"
#include "net/http.h"

struct api;
struct api_call {
	struct api *api;
	struct http_request *http;
	struct arena arena;              /* for the answer; gone after it */
	struct str key;                  /* what stood for {…} in the path, decoded */
	struct str session;              /* ACCESS_SESSION: name of the signed-in */
	const struct json *body;         /* ACCESS_SESSION with a body: parsed; an object */
	const struct route *route;
	struct api_call *next;
};
typedef void api_handler(struct api_call *c);

enum access {
	ACCESS_WRITE_KEY,                /* tracking; answered by the tracking handler itself */
	ACCESS_OPEN,                     /* anybody */
	ACCESS_LINK,                     /* whoever holds a signed link of a message */
	ACCESS_NEAR,                     /* this machine, or signed in */
	ACCESS_SESSION,                  /* signed in, by cookie or by Authorization: Bearer */
};
struct route {
	const char *method, *path;       /* one {name} may stand for anything */
	enum access access;
	http_handler *track;             /* ACCESS_WRITE_KEY */
	api_handler *handle;             /* the others; runs on a worker */
	size_t body_max;                 /* 0 = no body */
	const char *summary;             /* for the OpenAPI document */
	const char *parameters;          /* query: "model,from" */
	const char *takes;               /* body as a JSON Schema, NULL = none */
};
extern const struct route api_routes[];
extern const size_t n_api_routes;
const char *access_text(enum access a);

struct api {
	struct workspace *workspace;
	const char *dir;
	struct write_keys *keys;
	struct tracking *tracking;
	struct http_server *http;
	struct channels *channels;
	struct str public_url;
	struct work *work;
	struct sign_in *sign_in;
	struct http_route *http_routes;
	struct arena arena;              /* texts of the routes */
	wall started;
};

/* ---- work.c: the queue and its threads */

struct work *work_start(int threads);
void work_stop(struct work *w);
/* False when too many wait already: the call stays the caller's. */
bool work_add(struct work *w, struct api_call *c);

/* ---- serve.c */

/* A route's call: finds the row of the table, queues it. */
void api_dispatch(struct http_request *r);
/* Runs on a worker: checks who asks, reads the body, calls the handler. Frees the call. */
void api_run(struct api_call *c);

/* ---- session.c */

struct sign_in *sign_in_new(void);
void sign_in_free(struct sign_in *s);
/* Who is signed in by cookie or bearer token. False with ERR_DENIED. */
MUST_CHECK bool session_check(struct api_call *c, struct err *e);
api_handler session_open, session_show, session_close;

/* ---- answer.c */

void answer_json(struct api_call *c, int status, struct buf *json);
void answer_html(struct api_call *c, int status, struct str html);
/* {"error":sentence} with the status that the code maps to. */
void answer_refuse(struct api_call *c, const struct err *e);
/* 400 and so on by code, the sentence formatted. */
void answer_fail(struct api_call *c, enum err_code code, const char *format, ...) PRINTF(3, 4);
/* A member of the body that must be a text of 1 to max bytes; false after answering. */
MUST_CHECK bool body_text(struct api_call *c, const char *name, size_t max, struct str *ret);
/* A query parameter; "" when absent. */
struct str query_text(struct api_call *c, const char *name);
/* A number in the query, or `otherwise`; false after answering. */
MUST_CHECK bool query_int(struct api_call *c, const char *name, int64_t least, int64_t most, int64_t otherwise, int64_t *ret);
/* Text as it may stand in HTML. */
struct str html_escape(struct arena *a, struct str s);

/* ---- people.c */

/* The person of c->key; false after answering 404. */
MUST_CHECK bool person_find(struct api_call *c, struct str key, uint32_t *ret);
api_handler people_profile, people_timeline, people_explain, people_consent, people_erase, people_list, suppressions_add, suppressions_lift;
/* ---- reports.c */
api_handler report_stages, report_segments, report_members, report_gap, report_messages, report_metrics, report_report, report_journeys,
    report_not_applicable;
/* ---- health.c, openapi.c, page.c */
api_handler health_ok, health_metrics, openapi_document, page_index;
/* ---- links.c */
api_handler link_unsubscribe_show, link_unsubscribe_do, link_preferences_show, link_preferences_do, link_confirm_show, link_confirm_do, link_open, link_click, link_view;

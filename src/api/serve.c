/* serve.c -- starts and stops the HTTP side; takes a call from its address to its handler. */
#include "api/api_priv.h"
#include "base/clock.h"
#include <stdio.h>
#include <string.h>

enum { HTTP_THREADS = 2, WORKERS = 2, CHANNEL_STOP_SECONDS = 10 };

/* ---------------------------------------------------------------- from an address to its row */

/* "/api/profiles/{key}/erase": the {…} takes what its neighbours leave, one sign at least. */
static bool
path_fits(const char *pattern, struct str path, struct str *ret_key)
{
	const char *open = strchr(pattern, '{');
	*ret_key = (struct str){0};
	if (!open)
		return str_eq(str_of(pattern), path);
	struct str head = {pattern, (size_t)(open - pattern)}, tail = str_of(strchr(open, '}') + 1);
	if (path.len <= head.len + tail.len || !str_starts(path, head) || !str_ends(path, tail))
		return false;
	*ret_key = str_slice(path, head.len, path.len - tail.len);
	return true;
}

static const struct route *
row_find(const struct http_request *r, struct str *ret_key)
{
	for (size_t i = 0; i < n_api_routes; i++)
		if (!strcmp(api_routes[i].method, r->method) && path_fits(api_routes[i].path, r->path, ret_key))
			return &api_routes[i];
	return NULL;
}

void
api_dispatch(struct http_request *r)
{
	struct api *api = r->self;
	struct str key;
	const struct route *row = row_find(r, &key);
	if (!row) {
		http_reply(r, 404, "application/json", STR("{\"error\":\"there is nothing at this address\"}\n"));
		return;
	}
	struct api_call *c = mem_alloc(sizeof(*c));
	*c = (struct api_call){.api = api, .http = r, .key = key, .route = row};
	arena_init(&c->arena);
	if (work_add(api->work, c))
		return;
	arena_clear(&c->arena);
	mem_free(c);
	http_reply_header(r, "Retry-After", STR("1"));
	http_reply(r, 503, "application/json", STR("{\"error\":\"too many questions wait for an answer; try again\"}\n"));
}

/* ---------------------------------------------------------------- who asks, and what */

static bool
is_near(struct api_call *c)
{
	struct str peer = http_peer(c->http);
	bool here = str_starts(peer, STR("127.")) || str_eq(peer, STR("::1")) || str_starts(peer, STR("::ffff:127."));
	return here && !http_header(c->http, "X-Forwarded-For").len && !http_header(c->http, "Forwarded").len;
}

static bool
may_ask(struct api_call *c, struct err *e)
{
	switch (c->route->access) {
	case ACCESS_SESSION: return session_check(c, e);
	case ACCESS_NEAR: return is_near(c) || session_check(c, e);
	case ACCESS_WRITE_KEY:
	case ACCESS_OPEN:
	case ACCESS_LINK: return true;
	}
	return false;
}

/* What changes something must say that it is JSON: a form of another site cannot. Beside it the cookie is SameSite=Strict. */
static bool
read_body(struct api_call *c, struct err *e)
{
	struct str type = http_header(c->http, "Content-Type");
	if (c->route->access == ACCESS_LINK)
		return true;
	type = str_trim(str_cut(&type, ';'));
	if (!str_eq_nocase(type, STR("application/json")))
		return fail(e, ERR_INVALID, "Content-Type must be application/json");
	if (!json_parse_arena(&c->arena, c->http->body, &c->body, e))
		return false;
	return json_is(c->body, JSON_OBJECT) || fail(e, ERR_INVALID, "the body must be a JSON object");
}

/* Another site's page: browsers say so themselves. */
static bool
is_from_elsewhere(struct api_call *c)
{
	struct str site = http_header(c->http, "Sec-Fetch-Site");
	return c->route->access == ACCESS_SESSION && strcmp(c->route->method, "GET") != 0 && site.len && !str_eq(site, STR("same-origin")) &&
	    !str_eq(site, STR("none"));
}

void
api_run(struct api_call *c)
{
	struct err e = {0};
	bool ok = may_ask(c, &e);
	if (ok && is_from_elsewhere(c))
		ok = fail(&e, ERR_DENIED, "a page of another site may not ask this");
	if (ok && c->route->body_max)
		ok = read_body(c, &e);
	if (ok)
		c->route->handle(c);
	else
		answer_refuse(c, &e);
	arena_clear(&c->arena);
	mem_free(c);
}

/* ---------------------------------------------------------------- start and stop */

/* The table as net/ wants it: what stands before a {…}, then everything. */
static void
make_http_routes(struct api *api, struct arena *a)
{
	api->http_routes = mem_alloc(sizeof(*api->http_routes) * n_api_routes);
	for (size_t i = 0; i < n_api_routes; i++) {
		const struct route *row = &api_routes[i];
		const char *open = strchr(row->path, '{');
		api->http_routes[i] = (struct http_route){.method = row->method,
		    .path = open ? arena_printf(a, "%.*s*", (int)(open - row->path), row->path).ptr : row->path,
		    .handle = row->track ? row->track : api_dispatch, .body_max = row->body_max,
		    .flags = row->access == ACCESS_WRITE_KEY ? HTTP_CORS : 0};
	}
}

static bool
start_channels(struct api *api, const struct api_options *o, struct err *e)
{
	struct channel_context context = {.outbox = workspace_outbox(api->workspace), .settings = o->channels, .token_key = api->keys->token_key};
	return !o->channels || channels_start(&context, &api->channels, e);
}

static bool
start_http(struct api *api, const struct api_options *o, struct err *e)
{
	struct http_options h = {.listen = o->listen, .routes = api->http_routes, .n_routes = n_api_routes, .self = api,
	    .threads = o->threads > 0 ? o->threads : HTTP_THREADS};
	return http_start(&h, &api->http, e);
}

bool
api_start(const struct api_options *o, struct api **ret, struct err *e)
{
	struct api *api = mem_alloc(sizeof(*api));
	api->workspace = o->workspace;
	api->dir = workspace_dir(o->workspace);
	api->started = clock_wall();
	arena_init(&api->arena);
	api->public_url = o->channels ? o->channels->public_url : STR("");
	bool ok = write_keys_load(api->dir, &api->keys, e);
	if (ok) {
		struct tracking_options t = {.append = workspace_append(o->workspace), .hash_key = workspace_hash_key(o->workspace), .keys = api->keys};
		api->tracking = tracking_new(&t);
		api->sign_in = sign_in_new();
		api->work = work_start(WORKERS);
		make_http_routes(api, &api->arena);
		ok = start_channels(api, o, e) && start_http(api, o, e);
	}
	if (!ok) {
		api_stop(api);
		return false;
	}
	*ret = api;
	return true;
}

int
api_port(const struct api *a)
{
	return http_port(a->http);
}

void
api_stop(struct api *a)
{
	if (!a)
		return;
	http_stop(a->http);
	work_stop(a->work);
	channels_stop(a->channels, CHANNEL_STOP_SECONDS);
	tracking_free(a->tracking);
	sign_in_free(a->sign_in);
	write_keys_free(a->keys);
	mem_free(a->http_routes);
	arena_clear(&a->arena);
	mem_free(a);
}

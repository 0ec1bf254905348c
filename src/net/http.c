#include "net/http_priv.h"
#include "base/clock.h"
#include "base/json.h"
#include "net/listen.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CONNECTION_MEMORY = 16 * 1024, IDLE_SECONDS = 60, DISCARD_TIMES = 16, BODY_ALLOWANCE = 4096 };

/* One thread with its connections. The library is run from outside (MHD_run never blocks): its own loop waits without end
 * after an epoll_wait that came back full, which stalls when 128 or more connections wake at once. */
struct http_loop {
	struct http_server *server;
	struct MHD_Daemon *daemon;
	pthread_t thread;
	int wake;                        /* eventfd */
	pthread_mutex_t lock;
	struct http_request_priv *answered;   /* to be woken; any thread adds */
};

struct http_server {
	struct http_options o;
	int fd, port, n_loops;
	struct http_loop *loops;
	_Atomic bool stopping;
	_Atomic uint64_t requests, refused, asleep, held;
};

/* ---------------------------------------------------------------- one request */

static const char *
method_of(const char *method)
{
	return strcmp(method, "HEAD") ? method : "GET";
}

static bool
has_nul_escape(const char *uri)
{
	return strstr(uri, "%00") || strlen(uri) > 8192;
}

/* Called first, with the address as it was sent: makes the request. */
static void *
on_uri(void *cls, const char *uri, struct MHD_Connection *connection)
{
	struct http_loop *loop = cls;
	struct http_request *r = mem_alloc(sizeof(*r));
	struct http_request_priv *p = mem_alloc(sizeof(*p));
	const char *question = strchr(uri, '?');
	arena_init(&r->arena);
	r->self = loop->server->o.self;
	r->priv = p;
	r->query = arena_str(&r->arena, str_of(question ? question + 1 : ""));
	*p = (struct http_request_priv){.r = r, .loop = loop, .connection = connection, .bad_path = has_nul_escape(uri)};
	return p;
}

static void
on_completed(void *cls, struct MHD_Connection *connection, void **con_cls, enum MHD_RequestTerminationCode code)
{
	struct http_request_priv *p = *con_cls;
	(void)cls, (void)connection, (void)code;
	if (!p)
		return;
	*con_cls = NULL;
	atomic_fetch_sub(&p->loop->server->held, p->held);
	http_body_release(p);
	if (p->response)
		MHD_destroy_response(p->response);
	buf_release(&p->headers);
	arena_clear(&p->r->arena);
	mem_free(p->r);
	mem_free(p);
}

bool
http_hold(struct http_request_priv *p, size_t bytes)
{
	struct http_server *s = p->loop->server;
	if (atomic_fetch_add(&s->held, bytes) + bytes > s->o.bytes_in_hand) {
		atomic_fetch_sub(&s->held, bytes);
		return false;
	}
	p->held += bytes;
	return true;
}

static bool
path_fits(const char *pattern, struct str path, struct str *ret_rest)
{
	struct str p = str_of(pattern);
	if (!str_ends(p, STR("*"))) {
		*ret_rest = (struct str){0};
		return str_eq(path, p);
	}
	p.len--;
	*ret_rest = str_slice(path, p.len, path.len);
	return str_starts(path, p);
}

/* The route of a request; *ret_other: the path is known with another method. */
static const struct http_route *
route_find(struct http_server *s, struct http_request *r, const struct http_route **ret_other)
{
	*ret_other = NULL;
	for (size_t i = 0; i < s->o.n_routes; i++) {
		const struct http_route *route = &s->o.routes[i];
		struct str rest;
		if (!path_fits(route->path, r->path, &rest))
			continue;
		if (!strcmp(route->method, r->method)) {
			r->rest = rest;
			return route;
		}
		*ret_other = route;
	}
	return NULL;
}

/* ---------------------------------------------------------------- replies */

static void
add_cors(struct MHD_Response *response)
{
	MHD_add_response_header(response, "Access-Control-Allow-Origin", "*");
	MHD_add_response_header(response, "Access-Control-Expose-Headers", "Retry-After");
}

static struct MHD_Response *
response_new(struct http_request_priv *p, const char *type, struct str body)
{
	struct MHD_Response *response = MHD_create_response_from_buffer(body.len, (void *)(uintptr_t)body.ptr, MHD_RESPMEM_MUST_COPY);
	ASSERT(response);
	if (type && *type)
		MHD_add_response_header(response, "Content-Type", type);
	MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
	if (p->route && p->route->flags & HTTP_CORS)
		add_cors(response);
	for (size_t at = 0; at < p->headers.len;) {
		const char *name = p->headers.ptr + at, *value = name + strlen(name) + 1;
		MHD_add_response_header(response, name, value);
		at += strlen(name) + 1 + strlen(value) + 1;
	}
	return response;
}

static bool
is_plain_value(struct str value)
{
	for (size_t i = 0; i < value.len; i++)
		if ((unsigned char)value.ptr[i] < 32 || value.ptr[i] == 127)
			return false;
	return true;
}

void
http_reply_header(struct http_request *r, const char *name, struct str value)
{
	if (!is_plain_value(value))
		return;
	buf_add(&r->priv->headers, name, strlen(name) + 1);
	buf_add_str(&r->priv->headers, value);
	buf_add_char(&r->priv->headers, '\0');
}

void
http_reply(struct http_request *r, int status, const char *content_type, struct str body)
{
	struct http_request_priv *p = r->priv;
	struct http_loop *loop = p->loop;
	ASSERT(!p->response);
	if (status >= 400)
		atomic_fetch_add(&loop->server->refused, 1);
	p->response = response_new(p, content_type, body);
	p->status = status;
	if (pthread_equal(pthread_self(), loop->thread) && p->inside) {
		p->answered_inside = true;
		return;
	}
	pthread_mutex_lock(&loop->lock);
	bool was_empty = !loop->answered;
	p->next = loop->answered;
	loop->answered = p;
	pthread_mutex_unlock(&loop->lock);
	if (was_empty && eventfd_write(loop->wake, 1))
		WRONG("an eventfd takes a one");
}

int
http_status_of(enum err_code code)
{
	switch (code) {
	case ERR_NONE: return 200;
	case ERR_INVALID: return 400;
	case ERR_DENIED: return 401;
	case ERR_NOT_FOUND: return 404;
	case ERR_CONFLICT: return 409;
	case ERR_TOO_LARGE: return 413;
	case ERR_LIMIT: return 429;
	case ERR_IO: return 500;
	case ERR_UNAVAILABLE: return 503;
	}
	return 500;
}

void
http_refuse(struct http_request *r, const struct err *e)
{
	http_refuse_for(r, e, 1);
}

void
http_refuse_for(struct http_request *r, const struct err *e, int retry_after)
{
	struct buf body = {0};
	char seconds[16];
	struct json_writer w = json_writer_on(&body);
	jw_object(&w);
	jw_kbool(&w, "success", false);
	jw_kstr(&w, "error", str_of(e->text));
	if (e->line) {
		jw_kint(&w, "line", e->line);
		jw_kint(&w, "column", e->column);
	}
	jw_object_end(&w);
	buf_add_char(&body, '\n');
	if (e->code == ERR_LIMIT || e->code == ERR_UNAVAILABLE) {
		snprintf(seconds, sizeof(seconds), "%d", retry_after > 0 ? retry_after : 1);
		http_reply_header(r, "Retry-After", str_of(seconds));
	}
	http_reply(r, http_status_of(e->code), "application/json", buf_str(&body));
	buf_release(&body);
}

/* ---------------------------------------------------------------- what the library asks */

static enum MHD_Result
send_reply(struct http_request_priv *p)
{
	p->phase = PHASE_REPLIED;
	return MHD_queue_response(p->connection, (unsigned)p->status, p->response);
}

static enum MHD_Result
refuse_now(struct http_request_priv *p, int status, const char *sentence)
{
	struct buf body = {0};
	buf_printf(&body, "{\"success\":false,\"error\":\"%s\"}\n", sentence);
	p->inside = true;
	http_reply(p->r, status, "application/json", buf_str(&body));
	buf_release(&body);
	return send_reply(p);
}

static enum MHD_Result
refuse_body(struct http_request_priv *p)
{
	p->inside = true;
	http_refuse(p->r, &p->refusal);
	return send_reply(p);
}

/* Browsers ask before they send what a page of another site may not send by itself. */
static enum MHD_Result
answer_preflight(struct http_request_priv *p, const struct http_route *route)
{
	p->route = route;
	p->inside = true;
	http_reply_header(p->r, "Access-Control-Allow-Methods", STR("POST, GET, OPTIONS"));
	struct str wanted = http_header(p->r, "Access-Control-Request-Headers");
	http_reply_header(p->r, "Access-Control-Allow-Headers", wanted.len && wanted.len < 1000 ? wanted : STR("Authorization, Content-Type"));
	http_reply_header(p->r, "Access-Control-Max-Age", STR("86400"));
	http_reply(p->r, 204, NULL, STR(""));
	return send_reply(p);
}

static enum MHD_Result
begin(struct http_request_priv *p, const char *url, const char *method)
{
	struct http_server *s = p->loop->server;
	struct http_request *r = p->r;
	const struct http_route *other;
	atomic_fetch_add_explicit(&s->requests, 1, memory_order_relaxed);
	r->method = method_of(method);
	r->path = arena_str(&r->arena, str_of(url));
	if (p->bad_path)
		return refuse_now(p, 400, "the address holds a NUL or is too long");
	p->route = route_find(s, r, &other);
	if (!p->route && other && !strcmp(method, "OPTIONS") && other->flags & HTTP_CORS)
		return answer_preflight(p, other);
	if (!p->route && other) {
		http_reply_header(r, "Allow", str_of(other->method));
		return refuse_now(p, 405, "this address takes another method");
	}
	if (!p->route)
		return refuse_now(p, 404, "there is nothing at this address");
	p->phase = PHASE_BODY;
	if (p->route->body_max && !http_body_begin(p))
		p->phase = PHASE_DISCARD;
	return MHD_YES;
}

static enum MHD_Result
run_route(struct http_request_priv *p)
{
	p->phase = PHASE_ROUTE;
	p->inside = true;
	p->route->handle(p->r);
	p->inside = false;
	if (p->answered_inside)
		return send_reply(p);
	/* Another thread may have answered by now; it only adds to our queue, which this thread works off later. */
	atomic_fetch_add_explicit(&p->loop->server->asleep, 1, memory_order_relaxed);
	MHD_suspend_connection(p->connection);
	return MHD_YES;
}

/* A body beyond the limit is read and thrown away up to a point, since a client that is still writing would
 * see a broken connection instead of the answer. */
static enum MHD_Result
discard(struct http_request_priv *p, size_t n)
{
	p->received += n;
	return p->received > p->route->body_max * DISCARD_TIMES ? MHD_NO : MHD_YES;
}

static enum MHD_Result
on_access(void *cls, struct MHD_Connection *connection, const char *url, const char *method, const char *version, const char *upload,
    size_t *upload_size, void **con_cls)
{
	struct http_request_priv *p = *con_cls;
	(void)cls, (void)connection, (void)version;
	if (p->phase == PHASE_NEW)
		return begin(p, url, method);
	if (p->phase == PHASE_ROUTE)
		return send_reply(p);
	if (p->phase == PHASE_REPLIED)
		return MHD_YES;
	if (*upload_size) {
		size_t n = *upload_size;
		*upload_size = 0;
		if (p->phase == PHASE_DISCARD)
			return discard(p, n);
		if (!p->route->body_max)
			fail(&p->refusal, ERR_INVALID, "this address takes no body");
		if (!p->route->body_max || !http_body_add(p, upload, n))
			p->phase = PHASE_DISCARD;
		return MHD_YES;
	}
	if (p->phase == PHASE_BODY && !http_body_end(p))
		p->phase = PHASE_DISCARD;
	http_body_release(p);
	return p->phase == PHASE_DISCARD ? refuse_body(p) : run_route(p);
}

/* ---------------------------------------------------------------- the loop */

static void
wake_answered(struct http_loop *loop)
{
	pthread_mutex_lock(&loop->lock);
	struct http_request_priv *p = loop->answered;
	loop->answered = NULL;
	pthread_mutex_unlock(&loop->lock);
	while (p) {
		struct http_request_priv *next = p->next;
		p->next = NULL;
		atomic_fetch_sub_explicit(&loop->server->asleep, 1, memory_order_relaxed);
		MHD_resume_connection(p->connection);
		p = next;
	}
}

static void *
run_loop(void *cls)
{
	struct http_loop *loop = cls;
	const union MHD_DaemonInfo *info = MHD_get_daemon_info(loop->daemon, MHD_DAEMON_INFO_EPOLL_FD);
	struct pollfd fds[2] = {{.fd = info->listen_fd, .events = POLLIN}, {.fd = loop->wake, .events = POLLIN}};
	eventfd_t ignored;
	while (!atomic_load(&loop->server->stopping)) {
		MHD_UNSIGNED_LONG_LONG ms = 1000;
		if (MHD_get_timeout(loop->daemon, &ms) == MHD_NO || ms > 1000)
			ms = 1000;
		if (poll(fds, 2, (int)ms) > 0 && fds[1].revents)
			(void)!eventfd_read(loop->wake, &ignored);
		wake_answered(loop);
		MHD_run(loop->daemon);
	}
	return NULL;
}

static bool
loop_start(struct http_server *s, struct http_loop *loop, struct err *e)
{
	loop->server = s;
	loop->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	pthread_mutex_init(&loop->lock, NULL);
	int fd = dup(s->fd);
	loop->daemon = MHD_start_daemon(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_TURBO, 0, NULL, NULL, on_access, loop,
	    MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_URI_LOG_CALLBACK, on_uri, loop, MHD_OPTION_NOTIFY_COMPLETED, on_completed, loop,
	    MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY, MHD_OPTION_CONNECTION_LIMIT, s->o.connections,
	    MHD_OPTION_PER_IP_CONNECTION_LIMIT, s->o.connections_per_ip, MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_SECONDS,
	    MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_END);
	if (!loop->daemon || pthread_create(&loop->thread, NULL, run_loop, loop))
		return fail(e, ERR_IO, "the HTTP server cannot start: %s", strerror(errno));
	return true;
}

bool
http_start(const struct http_options *o, struct http_server **ret, struct err *e)
{
	struct http_server *s = mem_alloc(sizeof(*s));
	s->o = *o;
	s->o.connections = o->connections ? o->connections : 4096;
	s->o.bytes_in_hand = o->bytes_in_hand ? o->bytes_in_hand : (size_t)256 << 20;
	s->fd = -1;
	if (!socket_listen(o->listen, &s->fd, e)) {
		mem_free(s);
		return false;
	}
	s->port = socket_port(s->fd);
	int n = o->threads > 0 ? o->threads : 1;
	s->loops = mem_alloc(sizeof(*s->loops) * (size_t)n);
	for (; s->n_loops < n; s->n_loops++)
		if (!loop_start(s, &s->loops[s->n_loops], e)) {
			http_stop(s);
			return false;
		}
	*ret = s;
	return true;
}

int
http_port(const struct http_server *s)
{
	return s->port;
}

static void
loop_end(struct http_loop *loop)
{
	(void)!eventfd_write(loop->wake, 1);
	pthread_join(loop->thread, NULL);
	wake_answered(loop);
	MHD_run(loop->daemon);
	MHD_stop_daemon(loop->daemon);
	close(loop->wake);
	pthread_mutex_destroy(&loop->lock);
}

void
http_stop(struct http_server *s)
{
	if (!s)
		return;
	int64_t until = clock_mono_ns() + 10000000000;
	for (int i = 0; i < s->n_loops; i++)
		close(MHD_quiesce_daemon(s->loops[i].daemon));
	while (atomic_load(&s->asleep) && clock_mono_ns() < until)
		poll(NULL, 0, 5);
	atomic_store(&s->stopping, true);
	for (int i = 0; i < s->n_loops; i++)
		loop_end(&s->loops[i]);
	if (s->fd >= 0)
		close(s->fd);
	mem_free(s->loops);
	mem_free(s);
}

struct http_counts
http_count(const struct http_server *s)
{
	return (struct http_counts){atomic_load(&s->requests), atomic_load(&s->refused), atomic_load(&s->asleep), atomic_load(&s->held)};
}

/* ---------------------------------------------------------------- what a route asks */

struct str
http_header(const struct http_request *r, const char *name)
{
	return str_of(MHD_lookup_connection_value(r->priv->connection, MHD_HEADER_KIND, name));
}

struct str
http_peer(struct http_request *r)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(r->priv->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	char text[INET6_ADDRSTRLEN] = "";
	if (info && info->client_addr->sa_family == AF_INET)
		inet_ntop(AF_INET, &((const struct sockaddr_in *)(const void *)info->client_addr)->sin_addr, text, sizeof(text));
	else if (info && info->client_addr->sa_family == AF_INET6)
		inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)(const void *)info->client_addr)->sin6_addr, text, sizeof(text));
	return arena_str(&r->arena, str_of(text));
}

void
http_take_arena(struct http_request *r, struct arena *to)
{
	*to = r->arena;
	arena_init(&r->arena);
}

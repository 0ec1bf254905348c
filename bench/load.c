/* load -- drives a tracking server over HTTP, batches or single calls, and measures what is acknowledged (so: durable).
 *
 *	load --port N --key KEY [--connections 64] [--calls 1000000] [--batch 500] [--seed 1] [--visitors 100000] [--path batch]
 *	     [--ledger FILE] [--rate N]
 *
 * The calls are a made-up shop's (shop.h), made before the clock starts. Each connection sends one request at a time and waits for the answer.
 * --ledger writes the message ids of every acknowledged request, a line each, as they are acknowledged. --rate bounds calls a second.
 * Prints name: value lines. */
#include "base/clock.h"
#include "shop.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

struct request { size_t at, len; uint32_t first, n; };
struct connection {
	int fd;
	struct request *q;               /* under way; NULL = idle */
	size_t sent, got;
	int64_t begun_ns;
	char answer[4096];
};
struct load {
	const char *key, *path, *ledger_file;
	int port, n_connections;
	int64_t calls, rate;
	uint32_t batch, visitors;
	uint64_t seed;
	struct buf bytes;                /* all requests, one after the other */
	struct request *requests; size_t n_requests, next;
	size_t *id_at; uint32_t *id_len; /* place of each call's message id in bytes */
	struct connection *connections;
	int64_t *latency_ns; size_t n_latencies;
	uint64_t acknowledged, refused, errors, again;
	FILE *ledger;
	int epoll;
};

/* ---------------------------------------------------------------- making requests */

/* A single call goes to the path of its type: {"type":"page",…} to /v1/page. */
static struct str
path_for(const struct load *l, struct str body)
{
	size_t at = str_find(body, STR("\"type\":\""), 0);
	if (l->path)
		return str_of(l->path);
	if (l->batch > 1 || at == SIZE_MAX)
		return STR("batch");
	return str_slice(body, at + 8, str_find_char(body, '"', at + 8));
}

static void
write_head(struct load *l, struct buf *to, struct str body)
{
	char plain[256], coded[512];
	int n = snprintf(plain, sizeof(plain), "%s:", l->key);
	sodium_bin2base64(coded, sizeof(coded), (unsigned char *)plain, (size_t)n, sodium_base64_VARIANT_ORIGINAL);
	buf_printf(to, "POST /v1/%.*s HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Basic %s\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n",
	    STR_ARGS(path_for(l, body)), coded, body.len);
}

static void
make_requests(struct load *l)
{
	wall now = clock_wall();
	struct shop_options o = {.seed = l->seed, .visitors = l->visitors, .from = wall_add(now, -30 * DAY), .to = now, .no_times = true};
	struct shop *s = shop_new(&o);
	struct buf body = {0};
	size_t most = (size_t)l->calls / l->batch + 2;
	l->requests = mem_alloc(most * sizeof(*l->requests));
	l->id_at = mem_alloc(((size_t)l->calls + 1) * sizeof(*l->id_at));
	l->id_len = mem_alloc(((size_t)l->calls + 1) * sizeof(*l->id_len));
	uint32_t made = 0;
	bool more = true;
	while (more && made < l->calls) {
		uint32_t first = made;
		buf_reset(&body);
		if (l->batch > 1)
			buf_add_cstr(&body, "{\"batch\":[");
		for (uint32_t i = 0; i < l->batch && made < l->calls; i++) {
			if (i)
				buf_add_char(&body, ',');
			size_t at = body.len;
			more = shop_next(s, &body, NULL);
			if (!more) {
				body.len -= i ? 1 : 0;
				break;
			}
			struct str call = str_slice(buf_str(&body), at, body.len);
			size_t id = str_find(call, STR("\"messageId\":\""), 0) + 13;
			l->id_at[made] = at + id;
			l->id_len[made] = (uint32_t)(str_find_char(call, '"', id) - id);
			made++;
		}
		if (l->batch > 1)
			buf_add_cstr(&body, "]}");
		if (made == first)
			break;
		struct request *q = &l->requests[l->n_requests++];
		q->at = l->bytes.len;
		write_head(l, &l->bytes, buf_str(&body));
		for (uint32_t i = first; i < made; i++)
			l->id_at[i] += l->bytes.len;
		buf_add_str(&l->bytes, buf_str(&body));
		q->len = l->bytes.len - q->at;
		q->first = first;
		q->n = made - first;
	}
	l->calls = made;
	buf_release(&body);
	shop_free(s);
}

/* ---------------------------------------------------------------- connections */

static bool
dial(struct load *l, struct connection *c)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)l->port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int yes = 1;
	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (c->fd < 0 || connect(c->fd, (struct sockaddr *)&to, sizeof(to)) != 0)
		return false;
	setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
	fcntl(c->fd, F_SETFL, O_NONBLOCK);
	struct epoll_event ev = {.events = EPOLLIN, .data.ptr = c};
	return epoll_ctl(l->epoll, EPOLL_CTL_ADD, c->fd, &ev) == 0;
}

static void
watch(struct load *l, struct connection *c, bool write_too)
{
	struct epoll_event ev = {.events = EPOLLIN | (write_too ? EPOLLOUT : 0), .data.ptr = c};
	epoll_ctl(l->epoll, EPOLL_CTL_MOD, c->fd, &ev);
}

static void
push(struct load *l, struct connection *c)
{
	while (c->q && c->sent < c->q->len) {
		ssize_t n = send(c->fd, l->bytes.ptr + c->q->at + c->sent, c->q->len - c->sent, MSG_NOSIGNAL);
		if (n < 0 && errno == EAGAIN) {
			watch(l, c, true);
			return;
		}
		if (n <= 0) {
			l->errors++;
			return;
		}
		c->sent += (size_t)n;
		if (c->sent == c->q->len)
			watch(l, c, false);
	}
}

static void
begin(struct load *l, struct connection *c, struct request *q)
{
	c->q = q;
	c->sent = c->got = 0;
	c->begun_ns = clock_mono_ns();
	push(l, c);
}

static void
acknowledge(struct load *l, struct connection *c)
{
	l->latency_ns[l->n_latencies++] = clock_mono_ns() - c->begun_ns;
	l->acknowledged += c->q->n;
	for (uint32_t i = 0; l->ledger && i < c->q->n; i++) {
		uint32_t call = c->q->first + i;
		fwrite(l->bytes.ptr + l->id_at[call], 1, l->id_len[call], l->ledger);
		fputc('\n', l->ledger);
	}
	if (l->ledger)
		fflush(l->ledger);
}

/* A complete answer? Bodies have a Content-Length. */
static bool
answered(const struct connection *c)
{
	struct str all = {c->answer, c->got};
	size_t head = str_find(all, STR("\r\n\r\n"), 0), at = str_find(all, STR("Content-Length: "), 0);
	if (head == SIZE_MAX || at == SIZE_MAX)
		return false;
	return c->got >= head + 4 + (size_t)atol(c->answer + at + 16);
}

/* False: the server is gone. */
static bool
take_answer(struct load *l, struct connection *c)
{
	ssize_t n = recv(c->fd, c->answer + c->got, sizeof(c->answer) - 1 - c->got, 0);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return true;
	if (n <= 0)
		return false;
	c->got += (size_t)n;
	c->answer[c->got] = '\0';
	if (!answered(c))
		return true;
	struct request *q = c->q;
	int status = atoi(c->answer + 9);
	if (status == 200) {
		acknowledge(l, c);
		c->q = NULL;
	} else if (status == 429 || status == 503) {
		l->again++;
		usleep(1000);
		begin(l, c, q);
	} else {
		if (!l->refused++)
			fprintf(stderr, "load: %.*s\n", 300, c->answer);
		c->q = NULL;
	}
	return true;
}

static bool
may_begin(const struct load *l, int64_t begun_ns)
{
	if (!l->rate)
		return true;
	double seconds = (double)(clock_mono_ns() - begun_ns) / 1e9;
	return (double)l->next * l->batch <= seconds * (double)l->rate;
}

static void
run(struct load *l)
{
	struct epoll_event events[256];
	int64_t begun = clock_mono_ns();
	int alive = l->n_connections;
	for (;;) {
		bool idle = true, waiting = false;
		for (int i = 0; i < l->n_connections; i++) {
			struct connection *c = &l->connections[i];
			if (c->fd < 0)
				continue;
			if (!c->q && l->next < l->n_requests) {
				if (may_begin(l, begun))
					begin(l, c, &l->requests[l->next++]);
				else
					waiting = true;
			}
			idle = idle && !c->q;
		}
		if ((idle && !waiting) || !alive)
			return;
		int n = epoll_wait(l->epoll, events, COUNT(events), waiting ? 1 : 1000);
		for (int i = 0; i < n; i++) {
			struct connection *c = events[i].data.ptr;
			if (events[i].events & EPOLLOUT)
				push(l, c);
			if ((events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) && !take_answer(l, c)) {
				l->errors++;
				close(c->fd);
				c->fd = -1;
				c->q = NULL;
				alive--;
			}
		}
	}
}

/* ---------------------------------------------------------------- the report */

static int
by_size(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
	return (x > y) - (x < y);
}

static void
report(struct load *l, int64_t ns)
{
	size_t n = l->n_latencies;
	qsort(l->latency_ns, n, sizeof(*l->latency_ns), by_size);
	printf("calls: %lld\nacknowledged: %llu\nrefused_requests: %llu\nasked_to_wait: %llu\nerrors: %llu\n", (long long)l->calls,
	    (unsigned long long)l->acknowledged, (unsigned long long)l->refused, (unsigned long long)l->again, (unsigned long long)l->errors);
	printf("seconds: %.3f\nevents_per_s: %.0f\n", (double)ns / 1e9, (double)l->acknowledged / ((double)ns / 1e9));
	if (n)
		printf("p50_ms: %.3f\np99_ms: %.3f\nmost_ms: %.3f\n", (double)l->latency_ns[n / 2] / 1e6, (double)l->latency_ns[n * 99 / 100] / 1e6,
		    (double)l->latency_ns[n - 1] / 1e6);
}

static void
take_options(struct load *l, int argc, char **argv)
{
	for (int i = 1; i + 1 < argc; i += 2) {
		struct str o = str_of(argv[i]);
		const char *v = argv[i + 1];
		int64_t n = 0;
		bool number = str_to_int(str_of(v), &n);
		if (str_eq(o, STR("--key")))
			l->key = v;
		else if (str_eq(o, STR("--path")))
			l->path = v;
		else if (str_eq(o, STR("--ledger")))
			l->ledger_file = v;
		else if (!number)
			fprintf(stderr, "load: %s wants a number\n", argv[i]), exit(2);
		else if (str_eq(o, STR("--port")))
			l->port = (int)n;
		else if (str_eq(o, STR("--connections")))
			l->n_connections = (int)n;
		else if (str_eq(o, STR("--calls")))
			l->calls = n;
		else if (str_eq(o, STR("--batch")))
			l->batch = (uint32_t)n;
		else if (str_eq(o, STR("--seed")))
			l->seed = (uint64_t)n;
		else if (str_eq(o, STR("--visitors")))
			l->visitors = (uint32_t)n;
		else if (str_eq(o, STR("--rate")))
			l->rate = n;
		else
			fprintf(stderr, "load: there is no option %s\n", argv[i]), exit(2);
	}
}

int
main(int argc, char **argv)
{
	struct load l = {.n_connections = 64, .calls = 1000000, .batch = 500, .seed = 1, .visitors = 100000, .key = ""};
	take_options(&l, argc, argv);
	if (!l.port || l.n_connections < 1 || l.batch < 1 || l.calls < 1) {
		fprintf(stderr, "usage: load --port N --key KEY [--connections N] [--calls N] [--batch N] [--seed N] [--visitors N] [--ledger FILE] [--rate N]\n");
		return 2;
	}
	make_requests(&l);
	l.latency_ns = mem_alloc((l.n_requests + 1) * sizeof(*l.latency_ns));
	l.connections = mem_alloc((size_t)l.n_connections * sizeof(*l.connections));
	l.epoll = epoll_create1(EPOLL_CLOEXEC);
	l.ledger = l.ledger_file ? fopen(l.ledger_file, "ae") : NULL;
	for (int i = 0; i < l.n_connections; i++)
		if (!dial(&l, &l.connections[i])) {
			fprintf(stderr, "load: cannot connect to port %d: %s\n", l.port, strerror(errno));
			return 1;
		}
	int64_t begun = clock_mono_ns();
	run(&l);
	report(&l, clock_mono_ns() - begun);
	return l.errors || l.refused;
}

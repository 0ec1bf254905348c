#include "net/http.h"
#include "tap.h"
#include "net/listen.h"
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zlib.h>

enum { CROWD = 300 };

/* ---------------------------------------------------------------- routes */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct http_request *sleepers[CROWD];
static int n_sleepers;

static void
echo(struct http_request *r)
{
	http_reply(r, 200, "text/plain", r->body);
}

static void
rest(struct http_request *r)
{
	struct str name = {0};
	struct arena a;
	struct str peer = http_peer(r), path = r->rest;
	http_query(r, "name", &name);
	http_take_arena(r, &a);
	struct str text = arena_printf(&a, "%.*s|%.*s|%.*s", STR_ARGS(path), STR_ARGS(name), STR_ARGS(peer));
	http_reply_header(r, "X-Good", STR("yes"));
	http_reply_header(r, "X-Bad", STR("yes\r\nSet-Cookie: a=b"));
	http_reply(r, 200, "text/plain", text);
	arena_clear(&a);
}

static void *
answer_all(void *unused)
{
	(void)unused;
	pthread_mutex_lock(&lock);
	for (int i = 0; i < n_sleepers; i++)
		http_reply(sleepers[i], 200, "text/plain", STR("awake"));
	n_sleepers = 0;
	pthread_mutex_unlock(&lock);
	return NULL;
}

/* Answers when the whole crowd sleeps. */
static void
sleep_until_all(struct http_request *r)
{
	pthread_t t;
	pthread_mutex_lock(&lock);
	sleepers[n_sleepers++] = r;
	bool all = n_sleepers == CROWD;
	pthread_mutex_unlock(&lock);
	if (all) {
		pthread_create(&t, NULL, answer_all, NULL);
		pthread_detach(t);
	}
}

static void
refused(struct http_request *r)
{
	struct err e;
	fail_at(&e, ERR_LIMIT, 3, 4, "too \"much\"");
	http_refuse(r, &e);
}

static const struct http_route routes[] = {
	{"POST", "/echo", echo, 1000, HTTP_CORS},
	{"GET", "/below/*", rest, 0, 0},
	{"GET", "/sleep", sleep_until_all, 0, 0},
	{"GET", "/refused", refused, 0, 0},
};

/* ---------------------------------------------------------------- a client */

static struct http_server *server;
static char reply[65536];

static void
start(int threads)
{
	struct http_options o = {.listen = "127.0.0.1:0", .routes = routes, .n_routes = COUNT(routes), .threads = threads};
	struct err e;
	bool ok = http_start(&o, &server, &e);
	if (!ok)
		TAP_FAIL("%s", e.text);
}

static int
dial(void)
{
	char port[8];
	int fd = -1;
	struct err e;
	snprintf(port, sizeof(port), "%d", http_port(server));
	if (!socket_connect("127.0.0.1", port, 2000, &fd, &e))
		TAP_FAIL("%s", e.text);
	return fd;
}

static void
put(int fd, const void *bytes, size_t n)
{
	const char *p = bytes;
	while (n) {
		ssize_t w = send(fd, p, n, MSG_NOSIGNAL);
		if (w < 0) {
			struct pollfd f = {.fd = fd, .events = POLLOUT};
			if (poll(&f, 1, 2000) != 1)
				return;
			continue;
		}
		p += w;
		n -= (size_t)w;
	}
}

/* What comes until the body named by Content-Length is there, the peer closes, or two seconds pass. */
static const char *
get(int fd)
{
	size_t n = 0;
	for (;;) {
		struct pollfd f = {.fd = fd, .events = POLLIN};
		reply[n] = '\0';
		char *head = strstr(reply, "\r\n\r\n"), *length = strcasestr(reply, "content-length: ");
		if (head && length && n >= (size_t)(head + 4 - reply) + strtoul(length + 16, NULL, 10))
			return reply;
		if (head && !length && strstr(reply, " 204 "))
			return reply;
		if (poll(&f, 1, 2000) != 1)
			return reply;
		ssize_t r = recv(fd, reply + n, sizeof(reply) - 1 - n, 0);
		if (r <= 0)
			return reply;
		n += (size_t)r;
	}
}

static const char *
ask(const char *text, size_t n)
{
	int fd = dial();
	put(fd, text, n ? n : strlen(text));
	const char *r = get(fd);
	close(fd);
	return r;
}

static const char *
body_of(const char *r)
{
	const char *head = strstr(r, "\r\n\r\n");
	return head ? head + 4 : "";
}

#define STARTS(status) CHECK(!strncmp(reply, "HTTP/1.1 " status, strlen("HTTP/1.1 " status)))

TEST(a_body_comes_back)
{
	start(1);
	CHECK_CSTR(body_of(ask("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello", 0)), "hello");
	STARTS("200");
	CHECK(strstr(reply, "Access-Control-Allow-Origin: *") != NULL);
	CHECK_CSTR(body_of(ask("POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", 0)), "abcde");
	CHECK_CSTR(body_of(ask("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", 0)), "");
	STARTS("200");
}

TEST(paths_queries_and_headers)
{
	CHECK_CSTR(body_of(ask("GET /below/a%20b/../c?x=1&name=A+%26%20B HTTP/1.1\r\nHost: x\r\n\r\n", 0)), "a b/../c|A & B|127.0.0.1");
	CHECK(strstr(reply, "X-Good: yes") != NULL);
	CHECK(strstr(reply, "Set-Cookie") == NULL);
	ask("GET /below/a%00b HTTP/1.1\r\nHost: x\r\n\r\n", 0);
	STARTS("400");
	ask("GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n", 0);
	STARTS("404");
	ask("PUT /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", 0);
	STARTS("405");
	CHECK(strstr(reply, "Allow: POST") != NULL);
}

TEST(browsers_ask_first)
{
	ask("OPTIONS /echo HTTP/1.1\r\nHost: x\r\nOrigin: https://shop.example\r\nAccess-Control-Request-Method: POST\r\n"
	    "Access-Control-Request-Headers: authorization,content-type\r\n\r\n", 0);
	STARTS("204");
	CHECK(strstr(reply, "Access-Control-Allow-Headers: authorization,content-type") != NULL);
}

TEST(refusals_are_sentences)
{
	CHECK_CSTR(body_of(ask("GET /refused HTTP/1.1\r\nHost: x\r\n\r\n", 0)),
	    "{\"success\":false,\"error\":\"too \\\"much\\\"\",\"line\":3,\"column\":4}\n");
	STARTS("429");
	CHECK(strstr(reply, "Retry-After: 1") != NULL);
}

TEST(large_bodies_are_refused)
{
	char big[3000] = "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1001\r\n\r\n";
	size_t n = strlen(big);
	memset(big + n, 'x', 1001);
	ask(big, n + 1001);
	STARTS("413");
	n = (size_t)snprintf(big, sizeof(big), "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n");
	memset(big + n, 'x', 1001);
	memcpy(big + n + 1001, "\r\n0\r\n\r\n", 7);
	ask(big, n + 1008);
	STARTS("413");
	n = (size_t)snprintf(big, sizeof(big), "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n");
	memset(big + n, 'x', 1000);
	ask(big, n + 1000);
	STARTS("200");
}

static size_t
gzip(const void *bytes, size_t n, char *to, size_t max)
{
	z_stream z = {0};
	deflateInit2(&z, 9, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY);
	z.next_in = (Bytef *)(uintptr_t)bytes;
	z.avail_in = (uInt)n;
	z.next_out = (Bytef *)to;
	z.avail_out = (uInt)max;
	deflate(&z, Z_FINISH);
	deflateEnd(&z);
	return max - z.avail_out;
}

static void
post_gzip(const char *packed, size_t n)
{
	char text[8192];
	size_t head = (size_t)snprintf(text, sizeof(text), "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Encoding: gzip\r\nContent-Length: %zu\r\n\r\n", n);
	memcpy(text + head, packed, n);
	ask(text, head + n);
}

TEST(gzip_is_taken_and_bombs_are_not)
{
	char packed[4096];
	static char zeroes[400000];
	size_t n = gzip("hello hello hello", 17, packed, sizeof(packed));
	post_gzip(packed, n);
	STARTS("200");
	CHECK_CSTR(body_of(reply), "hello hello hello");
	post_gzip(packed, n - 4);
	STARTS("400");
	packed[n] = 'x';
	post_gzip(packed, n + 1);
	STARTS("400");
	packed[12] ^= 0x55;
	post_gzip(packed, n);
	STARTS("400");
	n = gzip(zeroes, sizeof(zeroes), packed, sizeof(packed));
	post_gzip(packed, n);
	STARTS("413");
	ask("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Encoding: br\r\nContent-Length: 1\r\n\r\nx", 0);
	STARTS("400");
}

TEST(broken_requests_do_not_stop_the_server)
{
	ask("GET\r\n\r\n", 0);
	ask("\0\0\0\0", 4);
	ask("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n", 0);
	ask("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n", 0);
	int fd = dial();
	put(fd, "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 500\r\n\r\nhalf", 57);
	close(fd);
	CHECK_CSTR(body_of(ask("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello", 0)), "hello");
}

/* The library's own loop stalls here (0.9.75) when a return of epoll came back full. */
TEST(a_crowd_that_wakes_at_once_is_answered)
{
	static int fds[CROWD];
	int awake = 0;
	for (int i = 0; i < CROWD; i++)
		fds[i] = dial();
	for (int round = 0; round < 5; round++) {
		for (int i = 0; i < CROWD; i++)
			put(fds[i], "GET /sleep HTTP/1.1\r\nHost: x\r\n\r\n", 32);
		for (int i = 0; i < CROWD; i++)
			awake += !strcmp(body_of(get(fds[i])), "awake");
	}
	CHECK_INT(awake, 5 * CROWD);
	CHECK_INT(http_count(server).asleep, 0);
	for (int i = 0; i < CROWD; i++)
		close(fds[i]);
}

TEST(more_in_hand_than_the_limit_is_asked_to_wait)
{
	http_stop(server);
	struct http_options o = {.listen = "127.0.0.1:0", .routes = routes, .n_routes = COUNT(routes), .bytes_in_hand = 1500};
	struct err e;
	NEED(http_start(&o, &server, &e));
	const char *half = "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nhalf";
	int fd = dial();
	put(fd, half, strlen(half));
	for (int i = 0; i < 1000 && !http_count(server).bytes_in_hand; i++)
		usleep(1000);
	char whole[700];
	int n = snprintf(whole, sizeof(whole), "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 600\r\n\r\n%600s", "x");
	ask(whole, (size_t)n);
	STARTS("429");
	CHECK(strstr(reply, "Retry-After: 1") != NULL);
	close(fd);
	for (int i = 0; i < 1000 && http_count(server).bytes_in_hand; i++)
		usleep(1000);
	CHECK_INT(http_count(server).bytes_in_hand, 0);
	CHECK_CSTR(body_of(ask("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello", 0)), "hello");
}

TEST(the_server_stops_and_two_threads_serve)
{
	http_stop(server);
	start(2);
	for (int i = 0; i < 50; i++)
		CHECK_CSTR(body_of(ask("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello", 0)), "hello");
	http_stop(server);
}

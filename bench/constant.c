/* constant -- the limit that single calls are held against: the same HTTP server, answering a constant.   constant PORT */
#include "net/http.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

static void
answer(struct http_request *r)
{
	http_reply(r, 200, "application/json", STR("{\"success\":true}"));
}

int
main(int argc, char **argv)
{
	static const struct http_route routes[] = {{"POST", "/v1/*", answer, 1024 * 1024, 0}};
	struct http_server *s;
	struct err e;
	char listen[64];
	sigset_t stop;
	int number;
	sigemptyset(&stop);
	sigaddset(&stop, SIGTERM);
	sigprocmask(SIG_BLOCK, &stop, NULL);
	snprintf(listen, sizeof(listen), "127.0.0.1:%s", argc > 1 ? argv[1] : "0");
	struct http_options o = {.listen = listen, .routes = routes, .n_routes = COUNT(routes), .threads = 2};
	if (!http_start(&o, &s, &e)) {
		fprintf(stderr, "constant: %s\n", e.text);
		return 1;
	}
	printf("%d\n", http_port(s));
	fflush(stdout);
	sigwait(&stop, &number);
	http_stop(s);
	return 0;
}

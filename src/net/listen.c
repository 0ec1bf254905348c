#include "net/listen.h"
#include "base/clock.h"
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

bool
address_split(const char *address, char *ret_host, size_t host_max, char ret_port[8], struct err *e)
{
	const char *colon = strrchr(address, ':'), *host = address;
	size_t host_len = colon ? (size_t)(colon - address) : 0;
	int64_t port;
	if (!colon || !str_to_int(str_of(colon + 1), &port) || port < 0 || port > 65535)
		return fail(e, ERR_INVALID, "%s is no address: it looks like 127.0.0.1:8080", address);
	if (host_len >= 2 && host[0] == '[' && host[host_len - 1] == ']') {
		host++;
		host_len -= 2;
	}
	if (host_len >= host_max)
		return fail(e, ERR_INVALID, "%s is no address: its name is too long", address);
	memcpy(ret_host, host, host_len);
	ret_host[host_len] = '\0';
	snprintf(ret_port, 8, "%d", (int)port);
	return true;
}

static int
listen_on(const struct addrinfo *a)
{
	int on = 1, fd = socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, a->ai_protocol);
	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, a->ai_addr, a->ai_addrlen) == 0 && listen(fd, 1024) == 0)
		return fd;
	int saved = errno;
	close(fd);
	errno = saved;
	return -1;
}

bool
socket_listen(const char *address, int *ret_fd, struct err *e)
{
	char host[256], port[8];
	struct addrinfo want = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE}, *all;
	if (!address_split(address, host, sizeof(host), port, e))
		return false;
	int r = getaddrinfo(*host ? host : NULL, port, &want, &all), fd = -1;
	if (r)
		return fail(e, ERR_INVALID, "%s is no address to listen on: %s", address, gai_strerror(r));
	for (const struct addrinfo *a = all; a && fd < 0; a = a->ai_next)
		fd = listen_on(a);
	freeaddrinfo(all);
	if (fd < 0)
		return fail(e, errno == EADDRINUSE ? ERR_CONFLICT : ERR_IO, "cannot listen on %s: %s", address, strerror(errno));
	*ret_fd = fd;
	return true;
}

static bool
wait_connected(int fd, int64_t until_ns)
{
	struct pollfd p = {.fd = fd, .events = POLLOUT};
	int error = 0;
	socklen_t len = sizeof(error);
	int64_t left = (until_ns - clock_mono_ns()) / 1000000;
	if (left <= 0 || poll(&p, 1, (int)left) != 1) {
		errno = ETIMEDOUT;
		return false;
	}
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) || error) {
		errno = error;
		return false;
	}
	return true;
}

static int
connect_to(const struct addrinfo *a, int64_t until_ns)
{
	int on = 1, fd = socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, a->ai_protocol);
	if (fd < 0)
		return -1;
	bool ok = connect(fd, a->ai_addr, a->ai_addrlen) == 0 || (errno == EINPROGRESS && wait_connected(fd, until_ns));
	if (ok) {
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		return fd;
	}
	int saved = errno;
	close(fd);
	errno = saved;
	return -1;
}

bool
socket_connect(const char *host, const char *port, int timeout_ms, int *ret_fd, struct err *e)
{
	struct addrinfo want = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG}, *all;
	int64_t until = clock_mono_ns() + (int64_t)timeout_ms * 1000000;
	int r = getaddrinfo(host, port, &want, &all), fd = -1;
	if (r)
		return fail(e, ERR_UNAVAILABLE, "the name %s cannot be looked up: %s", host, gai_strerror(r));
	for (const struct addrinfo *a = all; a && fd < 0; a = a->ai_next)
		fd = connect_to(a, until);
	freeaddrinfo(all);
	if (fd < 0)
		return fail(e, ERR_UNAVAILABLE, "cannot connect to %s:%s: %s", host, port, strerror(errno));
	*ret_fd = fd;
	return true;
}

int
socket_port(int fd)
{
	union { struct sockaddr_in6 six; struct sockaddr_in four; struct sockaddr any; } a = {0};
	socklen_t len = sizeof(a);
	if (getsockname(fd, &a.any, &len))
		return 0;
	return ntohs(a.any.sa_family == AF_INET6 ? a.six.sin6_port : a.four.sin_port);
}

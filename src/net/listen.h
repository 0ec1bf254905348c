/* listen.h -- "HOST:PORT" to sockets, both ways. */
#pragma once
#include "base/str.h"

/* "127.0.0.1:8080", "[::1]:8080", "localhost:25", ":8080" (all addresses). host_max bytes at ret_host. */
MUST_CHECK bool address_split(const char *address, char *ret_host, size_t host_max, char ret_port[8], struct err *e);
/* A listening, non-blocking socket. */
MUST_CHECK bool socket_listen(const char *address, int *ret_fd, struct err *e);
/* A connected, blocking socket; tries each address of the name until timeout_ms are over. */
MUST_CHECK bool socket_connect(const char *host, const char *port, int timeout_ms, int *ret_fd, struct err *e);
int socket_port(int fd);

/* smtp_wire.h -- bytes to and from the peer, plain or TLS, each wait with a deadline. Private to net. */
#pragma once
#include "base/str.h"
#include <openssl/ssl.h>

struct wire {
	int fd;
	SSL_CTX *context;
	SSL *ssl;
	char in[8192];
	size_t in_at, in_len;        /* what was read and not yet taken */
	size_t wrote;                /* bytes of the latest wire_write that left us */
};
/* wait_ms for the whole write. */
MUST_CHECK bool wire_write(struct wire *w, struct str bytes, int wait_ms, struct err *e);
/* At least one byte in in[in_at, in_len); false at the end, on errors and when time is over. */
MUST_CHECK bool wire_read(struct wire *w, int64_t until_ns, struct err *e);
MUST_CHECK bool wire_tls(struct wire *w, const char *host, bool verify, int wait_ms, struct err *e);
void wire_close(struct wire *w);

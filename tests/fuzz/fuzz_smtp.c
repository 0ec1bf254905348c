/* Replies of an SMTP peer that nobody trusts, in pieces of the size that the first byte says. */
#include "base/limits.h"
#include "net/smtp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct smtp_reply r = {0};
	struct buf stuffed = {0};
	struct str rest;
	char line[400], tiny[5];
	size_t piece = size ? data[0] % 64u + 1 : 1;
	for (size_t at = 1; at < size;) {
		bool done = false;
		size_t n = size - at < piece ? size - at : piece;
		size_t used = smtp_reply_take(&r, (const char *)data + at, n, &done);
		ASSERT(used && used <= n);
		at += used;
		ASSERT(r.lines <= LIMIT_SMTP_REPLY_LINES + 1);
		if (!done)
			continue;
		if (!r.bad)
			ASSERT(r.code >= 200 && r.code <= 599);
		(void)smtp_offers(&r, "SIZE", &rest);
		(void)smtp_offers(&r, "AUTH", &rest);
		smtp_reply_line(&r, line, sizeof(line));
		smtp_reply_line(&r, tiny, sizeof(tiny));
		for (const char *p = line; *p; p++)
			ASSERT((unsigned char)*p >= 32 && *p != 127);
		ASSERT(str_is_utf8(str_of(line)));
		smtp_reply_reset(&r);
	}
	/* Whatever a message holds, nothing in it ends it. */
	smtp_stuff((struct str){(const char *)data, size}, &stuffed);
	ASSERT(str_find(buf_str(&stuffed), STR("\r\n.\r\n"), 0) == SIZE_MAX);
	ASSERT(!str_starts(buf_str(&stuffed), STR(".\r\n")));
	for (size_t i = 0; i < stuffed.len; i++) {
		if (stuffed.ptr[i] == '\n')
			ASSERT(i && stuffed.ptr[i - 1] == '\r');
		if (stuffed.ptr[i] == '\r')
			ASSERT(i + 1 < stuffed.len && stuffed.ptr[i + 1] == '\n');
	}
	ASSERT(!stuffed.len || stuffed.ptr[stuffed.len - 1] == '\n');
	buf_release(&stuffed);
	smtp_reply_release(&r);
	return 0;
}

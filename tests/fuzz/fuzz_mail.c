/* Whatever stands in names, subjects, addresses and bodies: a mail has the headers that it is meant to have and no other. */
#include "channel/html_text.h"
#include "channel/mime.h"
#include "channel/render.h"
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* In the order in which they are written; those in brackets may be missing. */
static const char *const headers[] = {"From", "To", "[Reply-To", "Subject", "Date", "Message-ID", "[List-Unsubscribe", "[List-Unsubscribe-Post", "[Feedback-ID",
    "[Auto-Submitted", "MIME-Version", "Content-Type", "[Content-Transfer-Encoding"};

/* The header of a line, or "" for a folded one. */
static struct str
name_of(struct str line)
{
	struct str rest = line;
	return line.len && line.ptr[0] == ' ' ? STR("") : str_cut(&rest, ':');
}

static void
check_headers(struct str mail)
{
	size_t k = 0;
	struct str rest = str_slice(mail, 0, str_find(mail, STR("\r\n\r\n"), 0));
	while (rest.len) {
		struct str line = str_cut(&rest, '\n');
		line = str_slice(line, 0, rest.len ? line.len - 1 : line.len);
		struct str name = name_of(line);
		ASSERT(str_find_char(line, '\r', 0) == SIZE_MAX && str_find_char(line, 0, 0) == SIZE_MAX && line.len <= 998);
		if (!name.len)
			continue;
		while (k < COUNT(headers) && !str_eq(name, str_of(headers[k] + (headers[k][0] == '[')))) {
			ASSERT(headers[k][0] == '[');
			k++;
		}
		ASSERT(k < COUNT(headers));
		k++;
	}
}

static void
check_lines(struct str mail)
{
	for (size_t i = 0, begun = 0; i < mail.len; i++) {
		ASSERT(mail.ptr[i] != '\n' || (i && mail.ptr[i - 1] == '\r'));
		ASSERT(mail.ptr[i] != '\r' || (i + 1 < mail.len && mail.ptr[i + 1] == '\n'));
		if (mail.ptr[i] == '\n') {
			ASSERT(i - begun <= 1000);
			begun = i + 1;
		}
	}
}

static struct str
keep_or_not(void *self, struct arena *a, struct str target)
{
	(void)self;
	return target.len % 2 ? target : arena_printf(a, "https://t.example/%zu", target.len);
}

/* Fields are separated by bytes 0x1e: from, to, reply to, subject, feedback id, text, html. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str rest = {(const char *)data, size};
	struct mail m = {.id = STR("0123456789abcdef"), .date = {1772467200000}, .automatic = size % 2, .unsubscribe_url = STR("https://mail.shop.example/l/u/x")};
	struct buf out = {0};
	struct arena a;
	struct err e;
	arena_init(&a);
	m.from = str_cut(&rest, 0x1e);
	m.to = str_cut(&rest, 0x1e);
	m.reply_to = str_cut(&rest, 0x1e);
	m.subject = str_cut(&rest, 0x1e);
	m.feedback_id = str_cut(&rest, 0x1e);
	m.text = str_cut(&rest, 0x1e);
	m.html = rest;
	if (mail_write(&m, &out, &e)) {
		check_headers(buf_str(&out));
		check_lines(buf_str(&out));
	} else {
		ASSERT(out.len == 0 && e.text[0]);
	}
	buf_reset(&out);
	rewrite_links(m.html, keep_or_not, NULL, &a, &out);
	(void)html_as_text(&a, m.html);
	buf_release(&out);
	arena_clear(&a);
	return 0;
}

/* smtp_reply.c -- replies of a peer that is not trusted, and the stuffing of dots. Pure. */
#include "base/limits.h"
#include "net/smtp.h"
#include <stdio.h>
#include <string.h>

enum { TEXT_KEPT = 16 * 1024 };

void
smtp_reply_reset(struct smtp_reply *r)
{
	struct buf text = r->text;
	buf_reset(&text);
	*r = (struct smtp_reply){.text = text};
}

void
smtp_reply_release(struct smtp_reply *r)
{
	buf_release(&r->text);
	*r = (struct smtp_reply){0};
}

/* The first three signs are the code, the fourth says whether more lines follow. */
static bool
read_head(struct smtp_reply *r)
{
	int code = 0;
	if (r->line_len < 3)
		return false;
	for (int i = 0; i < 3; i++) {
		if (r->line[i] < '0' || r->line[i] > '9')
			return false;
		code = code * 10 + (r->line[i] - '0');
	}
	if (code < 200 || code > 599 || (r->code && r->code != code))
		return false;
	char sign = r->line_len > 3 ? r->line[3] : ' ';
	if (sign != ' ' && sign != '-')
		return false;
	r->code = code;
	r->last = sign == ' ';
	return true;
}

static void
keep(struct smtp_reply *r, char c)
{
	if (r->line_len < sizeof(r->line))
		r->line[r->line_len] = c;
	r->line_len++;
	if (r->line_len > 4 && r->text.len < TEXT_KEPT)
		buf_add_char(&r->text, c);
}

/* A line is over. */
static bool
end_line(struct smtp_reply *r)
{
	r->bad = !read_head(r) || ++r->lines > LIMIT_SMTP_REPLY_LINES;
	r->line_len = 0;
	if (r->bad || r->last)
		return true;
	if (r->text.len < TEXT_KEPT)
		buf_add_char(&r->text, '\n');
	return false;
}

size_t
smtp_reply_take(struct smtp_reply *r, const char *bytes, size_t n, bool *ret_done)
{
	*ret_done = false;
	for (size_t i = 0; i < n; i++) {
		if (bytes[i] == '\n') {
			if (end_line(r)) {
				*ret_done = true;
				return i + 1;
			}
		} else if (bytes[i] != '\r') {
			keep(r, bytes[i]);
		}
		if (r->line_len > LIMIT_SMTP_REPLY_LINE) {
			r->bad = true;
			*ret_done = true;
			return i + 1;
		}
	}
	return n;
}

bool
smtp_offers(const struct smtp_reply *r, const char *keyword, struct str *ret_rest)
{
	struct str all = buf_str(&r->text);
	str_cut(&all, '\n');   /* the first line names the server */
	while (all.len) {
		struct str line = str_trim(str_cut(&all, '\n'));
		struct str word = str_slice(line, 0, str_find_char(line, ' ', 0));
		size_t equals = str_find_char(word, '=', 0);   /* "AUTH=LOGIN" of old servers */
		struct str name = str_slice(word, 0, equals);
		if (!str_eq_nocase(name, str_of(keyword)))
			continue;
		*ret_rest = str_slice(line, name.len < line.len ? name.len + 1 : line.len, line.len);
		return true;
	}
	return false;
}

void
smtp_reply_line(const struct smtp_reply *r, char *to, size_t size)
{
	int head = snprintf(to, size, "%d ", r->code);
	size_t n = head > 0 && (size_t)head < size ? (size_t)head : 0;
	bool ascii = !str_is_utf8(buf_str(&r->text));
	for (size_t i = 0; i < r->text.len && n + 1 < size; i++) {
		unsigned char c = (unsigned char)r->text.ptr[i];
		to[n++] = c < 32 || c == 127 ? ' ' : ascii && c > 126 ? '?' : (char)c;
	}
	/* Cut between signs. */
	while (n && r->text.len + (size_t)head >= size && ((unsigned char)to[n - 1] & 0x80)) {
		bool lead = ((unsigned char)to[n - 1] & 0xC0) == 0xC0;
		n--;
		if (lead)
			break;
	}
	while (n && to[n - 1] == ' ')
		n--;
	to[n] = '\0';
}

void
smtp_stuff(struct str message, struct buf *out)
{
	bool at_start = true;
	buf_reserve(out, message.len + message.len / 64 + 16);
	for (size_t i = 0; i < message.len;) {
		size_t from = i;
		if (at_start && message.ptr[i] == '.')
			buf_add_char(out, '.');
		while (i < message.len && message.ptr[i] != '\r' && message.ptr[i] != '\n')
			i++;
		buf_add(out, message.ptr + from, i - from);
		at_start = i < message.len;
		if (i < message.len) {
			buf_add(out, "\r\n", 2);
			i += message.ptr[i] == '\r' && i + 1 < message.len && message.ptr[i + 1] == '\n' ? 2 : 1;
		}
	}
	if (!at_start)
		buf_add(out, "\r\n", 2);
}

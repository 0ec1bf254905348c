#include "channel/mime.h"
#include <idn2.h>
#include <stdio.h>
#include <string.h>

enum { LINE_MOST = 76, WORD_BYTES = 39 /* of UTF-8 in one encoded word */, ADDRESS_MOST = 254 };

static const char hex[] = "0123456789ABCDEF";

/* ---------------------------------------------------------------- addresses */

bool
address_is_plain(struct str a)
{
	size_t at = str_find_char(a, '@', 0);
	if (at == SIZE_MAX || at == 0 || at + 1 == a.len || a.len > ADDRESS_MOST || str_find_char(a, '@', at + 1) != SIZE_MAX)
		return false;
	for (size_t i = 0; i < a.len; i++) {
		unsigned char c = (unsigned char)a.ptr[i];
		if (c <= 32 || c == 127 || strchr("<>()[],;:\\\"", c))
			return false;
	}
	return str_is_utf8(a);
}

bool
mailbox_split(struct str mailbox, struct str *ret_name, struct str *ret_address)
{
	size_t open = str_find_char(mailbox, '<', 0);
	mailbox = str_trim(mailbox);
	if (open == SIZE_MAX) {
		*ret_name = STR("");
		*ret_address = mailbox;
		return address_is_plain(mailbox);
	}
	open = str_find_char(mailbox, '<', 0);
	if (!str_ends(mailbox, STR(">")))
		return false;
	*ret_name = str_trim(str_slice(mailbox, 0, open));
	*ret_address = str_slice(mailbox, open + 1, mailbox.len - 1);
	if (ret_name->len >= 2 && ret_name->ptr[0] == '"' && ret_name->ptr[ret_name->len - 1] == '"')
		*ret_name = str_slice(*ret_name, 1, ret_name->len - 1);
	return address_is_plain(*ret_address);
}

/* A dot at either end or two in a row: some providers gave such names out; others see them only in quotes. */
static bool
has_odd_dots(struct str local)
{
	return str_starts(local, STR(".")) || str_ends(local, STR(".")) || str_find(local, STR(".."), 0) != SIZE_MAX;
}

bool
address_to_wire(struct arena *a, struct str address, struct str *ret)
{
	if (!address_is_plain(address))
		return false;
	size_t at = str_find_char(address, '@', 0);
	struct str local = str_slice(address, 0, at), domain = str_slice(address, at + 1, address.len);
	const char *quote = has_odd_dots(local) ? "\"" : "";
	char *ascii = NULL;
	if (idn2_to_ascii_8z(arena_cstr(a, domain), &ascii, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL) != IDN2_OK)
		return false;
	*ret = arena_printf(a, "%s%.*s%s@%s", quote, STR_ARGS(local), quote, ascii);
	idn2_free(ascii);
	return ret->len <= ADDRESS_MOST;
}

/* ---------------------------------------------------------------- headers */

static bool
is_plain(struct str s, bool *ret_ascii)
{
	*ret_ascii = true;
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.ptr[i];
		if (c < 32 || c == 127)
			return false;
		*ret_ascii &= c < 127;
	}
	return str_is_utf8(s);
}

/* Bytes of s from `from` on that fit an encoded word without cutting a sign. */
static size_t
word_length(struct str s, size_t from)
{
	size_t n = s.len - from < WORD_BYTES ? s.len - from : WORD_BYTES;
	while (n > 1 && from + n < s.len && ((unsigned char)s.ptr[from + n] & 0xC0) == 0x80)
		n--;
	return n;
}

static void
base64(struct str s, struct buf *out)
{
	static const char signs[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	for (size_t i = 0; i < s.len; i += 3) {
		uint32_t n = (uint32_t)(unsigned char)s.ptr[i] << 16;
		if (i + 1 < s.len)
			n |= (uint32_t)(unsigned char)s.ptr[i + 1] << 8;
		if (i + 2 < s.len)
			n |= (unsigned char)s.ptr[i + 2];
		buf_add_char(out, signs[n >> 18]);
		buf_add_char(out, signs[n >> 12 & 63]);
		buf_add_char(out, i + 1 < s.len ? signs[n >> 6 & 63] : '=');
		buf_add_char(out, i + 2 < s.len ? signs[n & 63] : '=');
	}
}

static void
encoded_words(struct str s, struct buf *out)
{
	for (size_t at = 0; at < s.len;) {
		size_t n = word_length(s, at);
		if (at)
			buf_add_cstr(out, "\r\n ");
		buf_add_cstr(out, "=?UTF-8?B?");
		base64(str_slice(s, at, at + n), out);
		buf_add_cstr(out, "?=");
		at += n;
	}
}

/* Plain words, folded at blanks. */
static void
folded_words(struct str s, size_t used, struct buf *out)
{
	while (s.len) {
		size_t blank = str_find_char(s, ' ', 1);
		struct str word = str_slice(s, 0, blank);
		if (used + word.len > LINE_MOST && word.ptr[0] == ' ' && word.len > 1) {
			buf_add_cstr(out, "\r\n");
			used = 0;
		}
		buf_add_str(out, word);
		used += word.len;
		s = str_slice(s, word.len, s.len);
	}
}

void
header_words(struct str text, size_t used, struct buf *out)
{
	bool ascii;
	bool plain = is_plain(text, &ascii) && ascii && str_find(text, STR("=?"), 0) == SIZE_MAX;
	/* One word that is too long for a line cannot be folded. */
	for (size_t i = 0, run = 0; plain && i < text.len; i++) {
		run = text.ptr[i] == ' ' ? 0 : run + 1;
		plain = run < 900;
	}
	if (plain)
		folded_words(text, used, out);
	else
		encoded_words(text, out);
}

/* A name in front of an address: quoted when it holds signs that mean something there. */
static void
add_mailbox(const char *header, struct str name, struct str address, struct buf *out)
{
	bool ascii;
	buf_printf(out, "%s: ", header);
	if (name.len && is_plain(name, &ascii) && ascii && str_find(name, STR("=?"), 0) == SIZE_MAX && name.len < 60) {
		buf_add_char(out, '"');
		for (size_t i = 0; i < name.len; i++) {
			if (name.ptr[i] == '"' || name.ptr[i] == '\\')
				buf_add_char(out, '\\');
			buf_add_char(out, name.ptr[i]);
		}
		buf_add_cstr(out, "\" ");
	} else if (name.len) {
		encoded_words(name, out);
		buf_add_cstr(out, "\r\n ");
	}
	buf_printf(out, name.len ? "<%.*s>\r\n" : "%.*s\r\n", STR_ARGS(address));
}

static void
add_date(wall t, struct buf *out)
{
	static const char days[] = "MonTueWedThuFriSatSun", months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	struct civil c = civil_of_utc(t);
	int day = civil_weekday(civil_days(c.year, c.month, c.day));
	buf_printf(out, "Date: %.3s, %d %.3s %04d %02d:%02d:%02d +0000\r\n", days + 3 * day, c.day, months + 3 * (c.month - 1), c.year, c.hour, c.minute, c.second);
}

/* ---------------------------------------------------------------- bodies */

void
quoted_printable(struct str s, struct buf *out)
{
	size_t column = 0;
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.ptr[i];
		if (c == '\r' || c == '\n') {
			i += c == '\r' && i + 1 < s.len && s.ptr[i + 1] == '\n';
			buf_add_cstr(out, "\r\n");
			column = 0;
			continue;
		}
		bool last = i + 1 == s.len || s.ptr[i + 1] == '\r' || s.ptr[i + 1] == '\n';
		bool plain = (c > 32 && c < 127 && c != '=' && !(c == '.' && !column)) || ((c == ' ' || c == '\t') && !last);
		if (column + (plain ? 1 : 3) > LINE_MOST - 1) {
			buf_add_cstr(out, "=\r\n");
			column = 0;
			plain = plain && c != '.';
		}
		if (plain) {
			buf_add_char(out, (char)c);
			column++;
		} else {
			char escape[3] = {'=', hex[c >> 4], hex[c & 15]};
			buf_add(out, escape, 3);
			column += 3;
		}
	}
	if (column)
		buf_add_cstr(out, "\r\n");
}

static void
add_part(const char *type, struct str body, struct buf *out)
{
	buf_printf(out, "Content-Type: %s; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n", type);
	quoted_printable(body, out);
}

static void
add_bodies(const struct mail *m, struct buf *out)
{
	if (!m->html.len || !m->text.len) {
		add_part(m->html.len ? "text/html" : "text/plain", m->html.len ? m->html : m->text, out);
		return;
	}
	/* A line of quoted-printable never begins with "--=_", so the boundary cannot stand in a body. */
	buf_printf(out, "Content-Type: multipart/alternative;\r\n boundary=\"=_%.*s\"\r\n\r\n", STR_ARGS(m->id));
	buf_printf(out, "--=_%.*s\r\n", STR_ARGS(m->id));
	add_part("text/plain", m->text, out);
	buf_printf(out, "\r\n--=_%.*s\r\n", STR_ARGS(m->id));
	add_part("text/html", m->html, out);
	buf_printf(out, "\r\n--=_%.*s--\r\n", STR_ARGS(m->id));
}

static bool
check_url(struct str url)
{
	bool ascii;
	return url.len < 900 && is_plain(url, &ascii) && ascii && str_find_char(url, '>', 0) == SIZE_MAX && str_find_char(url, ' ', 0) == SIZE_MAX &&
	    (str_starts(url, STR("https://")) || str_starts(url, STR("http://")));
}

static bool
check_id(struct str id)
{
	for (size_t i = 0; i < id.len; i++)
		if (!((id.ptr[i] >= '0' && id.ptr[i] <= '9') || (id.ptr[i] >= 'a' && id.ptr[i] <= 'z')))
			return false;
	return id.len > 0 && id.len <= 60;
}

static bool
add_unsubscribe(const struct mail *m, struct buf *out, struct err *e)
{
	if (m->unsubscribe_url.len) {
		if (!check_url(m->unsubscribe_url))
			return fail(e, ERR_INVALID, "the unsubscribe link is no web address");
		/* On one line: relays that fold it anew break signatures. */
		buf_printf(out, "List-Unsubscribe: <%.*s>\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n", STR_ARGS(m->unsubscribe_url));
	} else if (m->unsubscribe_mail.len) {
		if (!address_is_plain(m->unsubscribe_mail))
			return fail(e, ERR_INVALID, "the unsubscribe address is no mail address");
		buf_printf(out, "List-Unsubscribe: <mailto:%.*s?subject=unsubscribe>\r\n", STR_ARGS(m->unsubscribe_mail));
	}
	return true;
}

static struct str
domain_of(struct str address)
{
	return str_slice(address, str_find_char(address, '@', 0) + 1, address.len);
}

/* Providers cut it at colons; blanks and the like do not belong there. */
static void
add_feedback_id(struct str id, struct buf *out)
{
	buf_add_cstr(out, "Feedback-ID: ");
	for (size_t i = 0; i < id.len && i < 120; i++) {
		char c = id.ptr[i];
		bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == ':' || c == '-';
		buf_add_char(out, plain ? c : '_');
	}
	buf_add_cstr(out, "\r\n");
}

static bool
write_mail(struct arena *a, const struct mail *m, struct buf *out, struct err *e)
{
	struct str name, address, to, reply_name = STR(""), reply = STR("");
	bool ascii;
	if (!m->from.len)
		return fail(e, ERR_INVALID, "program.yaml names no sender for this message");
	if (!mailbox_split(m->from, &name, &address) || !address_to_wire(a, address, &address))
		return fail(e, ERR_INVALID, "the sender \"%.*s\" is no mail address", STR_ARGS(str_slice(m->from, 0, 100)));
	if (!address_to_wire(a, m->to, &to))
		return fail(e, ERR_INVALID, "the recipient's address is no mail address");
	if (m->reply_to.len && (!mailbox_split(m->reply_to, &reply_name, &reply) || !address_to_wire(a, reply, &reply)))
		return fail(e, ERR_INVALID, "the address to reply to is no mail address");
	if (!is_plain(m->subject, &ascii) || !is_plain(name, &ascii) || !is_plain(reply_name, &ascii))
		return fail(e, ERR_INVALID, "a header of the message holds control characters or is not UTF-8");
	if (!check_id(m->id))
		return fail(e, ERR_INVALID, "the message's id may hold only digits and small letters");
	add_mailbox("From", name, address, out);
	add_mailbox("To", STR(""), to, out);
	if (reply.len)
		add_mailbox("Reply-To", reply_name, reply, out);
	buf_add_cstr(out, "Subject: ");
	header_words(m->subject, 9, out);
	buf_add_cstr(out, "\r\n");
	add_date(m->date, out);
	buf_printf(out, "Message-ID: <%.*s@%.*s>\r\n", STR_ARGS(m->id), STR_ARGS(domain_of(address)));
	if (!add_unsubscribe(m, out, e))
		return false;
	if (m->feedback_id.len)
		add_feedback_id(m->feedback_id, out);
	if (m->automatic)
		buf_add_cstr(out, "Auto-Submitted: auto-generated\r\n");
	buf_add_cstr(out, "MIME-Version: 1.0\r\n");
	add_bodies(m, out);
	return true;
}

bool
mail_write(const struct mail *m, struct buf *out, struct err *e)
{
	size_t begun = out->len;
	struct arena a;
	arena_init(&a);
	bool ok = write_mail(&a, m, out, e);
	arena_clear(&a);
	if (!ok)
		out->len = begun;
	return ok;
}

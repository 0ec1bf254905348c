#include "channel/mime.h"
#include "tap.h"

static struct buf written;
static struct err error;

static const struct mail plain = {.from = STR_INIT("Kaffa & Koti <hello@shop.example>"), .to = STR_INIT("anna@example.org"),
    .subject = STR_INIT("Hello"), .id = STR_INIT("0123456789abcdef0123456789abcdef"), .date = {1772467200000}, .text = STR_INIT("Hello, Anna.\n"),
    .html = STR_INIT("<p>Hello, Anna.</p>\n")};

static bool
writes(const struct mail *m)
{
	buf_reset(&written);
	return mail_write(m, &written, &error);
}

/* The header's value as it stands, folded lines joined as they are. */
static struct str
header(const char *name)
{
	static char found[8000];
	struct str all = buf_str(&written);
	struct str head = str_slice(all, 0, str_find(all, STR("\r\n\r\n"), 0) + 2);
	size_t n = strlen(name), got = 0;
	for (size_t at = 0; at < head.len;) {
		size_t end = str_find(head, STR("\r\n"), at) + 2;
		struct str line = str_slice(head, at, end);
		if (line.len > n && str_eq_nocase(str_slice(line, 0, n), str_of(name)) && line.ptr[n] == ':') {
			while (end < head.len && head.ptr[end] == ' ')
				end = str_find(head, STR("\r\n"), end) + 2;
			got = end - 2 - (at + n + 2);
			memcpy(found, head.ptr + at + n + 2, got);
			break;
		}
		at = end;
	}
	found[got] = 0;
	return (struct str){found, got};
}

static bool
lines_are_good(size_t most)
{
	size_t begun = 0;
	for (size_t i = 0; i < written.len; i++) {
		bool cr = written.ptr[i] == '\r', lf = written.ptr[i] == '\n';
		if ((cr && (i + 1 == written.len || written.ptr[i + 1] != '\n')) || (lf && (!i || written.ptr[i - 1] != '\r')))
			return false;
		if (lf && i + 1 - begun > most + 2)
			return false;
		if (lf)
			begun = i + 1;
	}
	return begun == written.len;
}

static size_t
times(const char *what)
{
	size_t n = 0;
	for (size_t at = 0; (at = str_find(buf_str(&written), str_of(what), at)) != SIZE_MAX; at++)
		n++;
	return n;
}

TEST(a_message_is_the_same_bytes_every_time)
{
	struct buf first = {0};
	NEED(writes(&plain));
	buf_add_str(&first, buf_str(&written));
	NEED(writes(&plain));
	CHECK(str_eq(buf_str(&first), buf_str(&written)));
	CHECK(lines_are_good(76));
	buf_release(&first);
}

TEST(headers_are_those_of_a_letter)
{
	struct mail m = plain;
	m.reply_to = STR("care@shop.example");
	NEED(writes(&m));
	CHECK_STR(header("From"), "\"Kaffa & Koti\" <hello@shop.example>");
	CHECK_STR(header("To"), "anna@example.org");
	CHECK_STR(header("Reply-To"), "care@shop.example");
	CHECK_STR(header("Subject"), "Hello");
	CHECK_STR(header("Date"), "Mon, 2 Mar 2026 16:00:00 +0000");
	CHECK_STR(header("Message-ID"), "<0123456789abcdef0123456789abcdef@shop.example>");
	CHECK_STR(header("MIME-Version"), "1.0");
	CHECK_STR(header("Content-Type"), "multipart/alternative;\r\n boundary=\"=_0123456789abcdef0123456789abcdef\"");
	CHECK_INT(header("List-Unsubscribe").len, 0);
	CHECK_INT(header("Auto-Submitted").len, 0);
	CHECK_INT(times("--=_0123456789abcdef0123456789abcdef\r\n"), 2);
	CHECK_INT(times("--=_0123456789abcdef0123456789abcdef--\r\n"), 1);
}

TEST(one_body_alone_needs_no_parts)
{
	struct mail m = plain;
	m.html = STR("");
	NEED(writes(&m));
	CHECK_STR(header("Content-Type"), "text/plain; charset=utf-8");
	CHECK(str_ends(buf_str(&written), STR("\r\n\r\nHello, Anna.\r\n")));
}

TEST(the_way_out_is_one_click_on_one_line)
{
	struct mail m = plain;
	m.unsubscribe_url = STR("https://mail.shop.example/l/u/dTAxMjM0NTY3ODlhYmNkZWYwMTIzNDU2Nzg5YWJjZGVmMDEyMzQ1Njc4OWFiY2RlZg");
	NEED(writes(&m));
	CHECK_STR(header("List-Unsubscribe"), "<https://mail.shop.example/l/u/dTAxMjM0NTY3ODlhYmNkZWYwMTIzNDU2Nzg5YWJjZGVmMDEyMzQ1Njc4OWFiY2RlZg>");
	CHECK_STR(header("List-Unsubscribe-Post"), "List-Unsubscribe=One-Click");
	m.unsubscribe_url = STR("");
	m.unsubscribe_mail = STR("care@shop.example");
	NEED(writes(&m));
	CHECK_STR(header("List-Unsubscribe"), "<mailto:care@shop.example?subject=unsubscribe>");
	CHECK_INT(header("List-Unsubscribe-Post").len, 0);
	m.unsubscribe_url = STR("https://mail.shop.example/\r\nBcc: x@evil.example");
	CHECK(!writes(&m));
}

TEST(feedback_and_automatic)
{
	struct mail m = plain;
	m.feedback_id = STR("welcome:marketing:my shop\r\nBcc: x");
	m.automatic = true;
	NEED(writes(&m));
	CHECK_STR(header("Feedback-ID"), "welcome:marketing:my_shop__Bcc:_x");
	CHECK_STR(header("Auto-Submitted"), "auto-generated");
	CHECK_INT(times("\nBcc"), 0);
}

/* ---------------------------------------------------------------- words in headers */

static struct str
subject_of(const char *text)
{
	struct mail m = plain;
	m.subject = str_of(text);
	return writes(&m) && lines_are_good(76) ? header("Subject") : STR("(refused)");
}

TEST(plain_subjects_stay_plain)
{
	CHECK_STR(subject_of("Thank you: your order 10231"), "Thank you: your order 10231");
	CHECK_STR(subject_of(""), "");
}

TEST(other_letters_are_encoded)
{
	CHECK_STR(subject_of("Hyvää päivää"), "=?UTF-8?B?SHl2w6TDpCBww6RpdsOkw6Q=?=");
	CHECK_STR(subject_of("=?UTF-8?B?SGVsbG8=?="), "=?UTF-8?B?PT9VVEYtOD9CP1NHVnNiRzg9Pz0=?=");
}

TEST(long_subjects_are_folded)
{
	CHECK_STR(subject_of("We kept everything in your cart as you left it, and the coffee that you looked at came in fresh this morning"),
	    "We kept everything in your cart as you left it, and the coffee that\r\n you looked at came in fresh this morning");
}

TEST(encoded_words_are_cut_between_signs)
{
	char text[400];
	size_t n = 0;
	for (int i = 0; i < 60; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, i % 3 ? "ä" : "😀");
	struct str s = subject_of(text);
	CHECK(s.len > 100);
	/* Each word decodes by itself: its length in base64 is a multiple of four, and none is longer than 75. */
	for (struct str rest = s; rest.len;) {
		struct str line = str_cut(&rest, '\n');
		line = str_trim(line);
		CHECK(line.len <= 75);
		CHECK(str_starts(line, STR("=?UTF-8?B?")) && str_ends(line, STR("?=")));
		CHECK_INT((line.len - 12) % 4, 0);
	}
}

TEST(a_word_longer_than_a_line_is_encoded)
{
	char text[1200];
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = 0;
	CHECK(str_starts(subject_of(text), STR("=?UTF-8?B?")));
}

TEST(nothing_breaks_out_of_a_subject)
{
	static const char *const hostile[] = {"Hello\r\nBcc: victim@example.org", "Hello\nBcc: x@y", "Hello\rBcc: x@y", "Hello\x01", "Hello\x7f", "Hello\xff\xfe",
	    "Hello\xc3", "\xed\xa0\x80"};
	for (size_t i = 0; i < COUNT(hostile); i++) {
		struct mail m = plain;
		m.subject = str_of(hostile[i]);
		CHECK(!writes(&m));
		CHECK_INT(written.len, 0);
	}
	struct mail m = plain;
	m.subject = (struct str){"a\0b", 3};
	CHECK(!writes(&m));
}

/* ---------------------------------------------------------------- addresses */

TEST(names_are_quoted_or_encoded)
{
	struct mail m = plain;
	m.from = STR("Anna \"the\" Boss, Ltd. <anna@shop.example>");
	NEED(writes(&m));
	CHECK_STR(header("From"), "\"Anna \\\"the\\\" Boss, Ltd.\" <anna@shop.example>");
	m.from = STR("Käthe <k@shop.example>");
	NEED(writes(&m));
	CHECK_STR(header("From"), "=?UTF-8?B?S8OkdGhl?=\r\n <k@shop.example>");
	m.from = STR("\"Kaffa\" <k@shop.example>");
	NEED(writes(&m));
	CHECK_STR(header("From"), "\"Kaffa\" <k@shop.example>");
}

TEST(domains_of_other_scripts_go_in_ascii)
{
	struct mail m = plain;
	struct arena a;
	struct str wire;
	m.to = STR("anna@bücher.example");
	m.from = STR("Ja <ja@日本.example>");
	NEED(writes(&m));
	CHECK_STR(header("To"), "anna@xn--bcher-kva.example");
	CHECK_STR(header("From"), "\"Ja\" <ja@xn--wgv71a.example>");
	CHECK_STR(header("Message-ID"), "<0123456789abcdef0123456789abcdef@xn--wgv71a.example>");
	arena_init(&a);
	CHECK(address_to_wire(&a, STR("Straße@faß.example"), &wire));
	CHECK_STR(wire, "Straße@xn--fa-hia.example");
	CHECK(address_to_wire(&a, STR("a..b.@docomo.example"), &wire));
	CHECK_STR(wire, "\"a..b.\"@docomo.example");
	arena_clear(&a);
}

TEST(what_is_no_address_is_refused)
{
	static const char *const bad[] = {"", "anna", "@b.example", "anna@", "a@b@c", "a b@c.example", "<a@b.example>", "a@b.example, c@d.example",
	    "a@b.example\r\nRCPT TO:<x@y>", "a\"@b.example", "a@b.example>", "a@b\x7f", "a@\xff", "a@xn--\x01"};
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct mail m = plain;
		m.to = str_of(bad[i]);
		CHECK(!writes(&m));
		m = plain;
		m.reply_to = str_of(bad[i]);
		if (*bad[i] && bad[i][0] != '<')
			CHECK(!writes(&m));
	}
	struct mail m = plain;
	m.from = STR("");
	CHECK(!writes(&m));
	CHECK_CSTR(error.text, "program.yaml names no sender for this message");
	m.from = STR("Shop\r\nBcc: x@y <a@b.example>");
	CHECK(!writes(&m));
	m = plain;
	m.id = STR("a\r\nb");
	CHECK(!writes(&m));
}

/* ---------------------------------------------------------------- bodies */

static struct str
quoted(const char *text, size_t n)
{
	buf_reset(&written);
	quoted_printable((struct str){text, n}, &written);
	return buf_str(&written);
}
#define QUOTED(literal) quoted(literal, sizeof(literal) - 1)

TEST(text_is_quoted_where_it_must_be)
{
	CHECK_STR(QUOTED("Total: 5 €\n"), "Total: 5 =E2=82=AC\r\n");
	CHECK_STR(QUOTED("a = b\nblank at the end \n\ttab\t\n"), "a =3D b\r\nblank at the end=20\r\n\ttab=09\r\n");
	CHECK_STR(QUOTED(".\n..x\n"), "=2E\r\n=2E.x\r\n");
	CHECK_STR(QUOTED("one\r\ntwo\rthree\nfour"), "one\r\ntwo\r\nthree\r\nfour\r\n");
	CHECK_STR(QUOTED("a\0b\x01"), "a=00b=01\r\n");
	CHECK_STR(QUOTED(""), "");
}

TEST(lines_of_any_text_are_short_and_decode_to_it)
{
	uint64_t seed = 7;
	char text[600], back[600];
	for (int round = 0; round < 2000; round++) {
		size_t n = 0;
		for (size_t i = 0, want = seed % 500; i < want; i++) {
			seed = seed * 6364136223846793005u + 1442695040888963407u;
			unsigned c = (unsigned)(seed >> 56);
			text[n++] = c < 40 ? ' ' : c < 50 ? '.' : c < 60 ? '=' : c == 61 ? '\n' : c == '\r' ? 'r' : (char)c;
		}
		seed++;
		text[n] = '\n';
		struct str q = quoted(text, n ? n : 0);
		CHECK(lines_are_good(76));
		size_t m = 0;
		for (size_t i = 0; i < q.len; i++) {
			if (q.ptr[i] == '=' && q.ptr[i + 1] == '\r') {
				i += 2;
			} else if (q.ptr[i] == '=') {
				const char *hex = "0123456789ABCDEF";
				back[m++] = (char)((strchr(hex, q.ptr[i + 1]) - hex) * 16 + (strchr(hex, q.ptr[i + 2]) - hex));
				i += 2;
			} else if (q.ptr[i] == '\r') {
				back[m++] = '\n';
				i++;
			} else {
				back[m++] = q.ptr[i];
			}
		}
		bool added = m == n + 1 && back[n] == '\n';
		CHECK((m == n || added) && !memcmp(text, back, n));
	}
}

TEST(a_body_cannot_hold_the_boundary)
{
	struct mail m = plain;
	m.text = STR("--=_0123456789abcdef0123456789abcdef--\n");
	NEED(writes(&m));
	CHECK_INT(times("\r\n--=_0123456789abcdef0123456789abcdef--"), 1);
}

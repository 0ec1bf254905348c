#include "channel/render.h"
#include "channel/token.h"
#include "tap.h"
#include "world.h"

static const uint8_t key[TOKEN_KEY_BYTES] = {1, 2, 3};
static struct arena arena;
static struct rendered r;
static struct err error;

static bool
renders_at(const struct message *m, const char *public_url)
{
	if (!arena.chunk)
		arena_init(&arena);
	arena_reset(&arena);
	struct renderer *x = renderer_new(key, str_of(public_url));
	memset(&r, 0, sizeof(r));
	bool ok = message_render(x, world_program(&arena), m, &arena, &r, &error);
	renderer_free(x);
	return ok;
}

static bool
renders(const struct message *m)
{
	return renders_at(m, "https://mail.shop.example/");
}

static bool
has(struct str text, const char *what)
{
	return str_find(text, str_of(what), 0) != SIZE_MAX;
}

/* The token of the first link of this purpose in a text. */
static bool
link_in(struct str text, enum token_purpose purpose, struct token *ret)
{
	char before[60];
	snprintf(before, sizeof(before), "https://mail.shop.example/l/%c/", (char)purpose);
	size_t at = str_find(text, str_of(before), 0), end;
	if (at == SIZE_MAX)
		return false;
	at += strlen(before);
	for (end = at; end < text.len && (strchr("-_", text.ptr[end]) || (text.ptr[end] | 32) - 'a' + 0u < 26 || text.ptr[end] - '0' + 0u < 10); end++)
		;
	return token_read(&arena, key, purpose, str_slice(text, at, end), ret);
}

TEST(the_html_part_is_escaped_and_others_are_not)
{
	struct message m = world_message(1, "hello");
	NEED(renders(&m));
	CHECK_STR(r.subject, "Hello Anna & Co <b>");
	CHECK(has(r.html, "<p>Dear Anna &amp; Co &lt;b&gt;, "));
	CHECK(has(r.text, "Dear Anna & Co <b>, "));
	CHECK_STR(r.from, "Shop <hello@shop.example>");
	CHECK_STR(r.reply_to, "care@shop.example");
	CHECK_STR(r.feedback_id, "welcome:marketing:shop");
}

TEST(times_are_those_of_the_person)
{
	struct message m = world_message(1, "hello");
	NEED(renders(&m));
	CHECK(has(r.html, ", 18:00</p>"));   /* the program's zone */
	m.frozen = STR("{\"trait\":{\"timezone\":\"America/New_York\"},\"now\":\"2026-03-02T16:00:00.000Z\"}");
	NEED(renders(&m));
	CHECK(has(r.html, ", 11:00</p>"));
	m.frozen = STR("{\"trait\":{\"timezone\":\"../../etc/passwd\"},\"now\":\"2026-03-02T16:00:00.000Z\"}");
	NEED(renders(&m));
	CHECK(has(r.html, ", 18:00</p>"));
}

TEST(the_language_is_the_persons)
{
	struct message m = world_message(1, "hello");
	m.frozen = STR("{\"trait\":{\"locale\":\"fi-FI\"},\"now\":\"2026-03-02T16:00:00.000Z\"}");
	NEED(renders(&m));
	CHECK_STR(r.subject, "Hei");
	CHECK_STR(r.text, "Hyvää päivää\n");
}

TEST(links_know_whose_they_are)
{
	struct message m = world_message(77, "hello");
	struct token t;
	NEED(renders(&m));
	NEED(link_in(r.html, TOKEN_UNSUBSCRIBE, &t));
	CHECK_INT(t.profile, 77);
	CHECK(!memcmp(t.message.bytes, m.id.bytes, 16));
	CHECK(link_in(r.text, TOKEN_UNSUBSCRIBE, &t));
	CHECK(link_in(r.unsubscribe_url, TOKEN_UNSUBSCRIBE, &t));
	m = world_message(77, "alone");
	NEED(renders(&m));
	CHECK(link_in(r.html, TOKEN_CONFIRM, &t));
	CHECK(has(r.text, "One & only: confirm: https://mail.shop.example/l/"));
}

TEST(a_purpose_without_a_way_out_has_none)
{
	struct message m = world_message(1, "hello");
	m.purpose = STR("transaction");
	NEED(renders(&m));
	CHECK(!r.unsubscribable);
	CHECK_INT(r.unsubscribe_url.len, 0);
	CHECK_INT(r.unsubscribe_mail.len, 0);
	CHECK(!has(r.html, "/l/u/"));
}

TEST(without_a_public_address_the_way_out_is_mail)
{
	struct message m = world_message(1, "hello");
	m.tracked = true;
	NEED(renders_at(&m, ""));
	CHECK_INT(r.unsubscribe_url.len, 0);
	CHECK_STR(r.unsubscribe_mail, "care@shop.example");
	CHECK(has(r.html, "mailto:care@shop.example?subject=unsubscribe"));
	CHECK(!has(r.html, "/l/"));
}

TEST(only_who_may_be_tracked_is)
{
	struct message m = world_message(1, "hello");
	struct token t;
	NEED(renders(&m));
	CHECK(!has(r.html, "<img") && has(r.html, "<a href=\"https://shop.example/?a=1&amp;b=2\">"));
	m.tracked = true;
	NEED(renders(&m));
	CHECK(!has(r.html, "https://shop.example/"));
	NEED(link_in(r.html, TOKEN_CLICK, &t));
	CHECK_STR(t.target, "https://shop.example/?a=1&b=2");
	CHECK(has(r.html, ".gif\" width=\"1\" height=\"1\" alt=\"\"></body>"));
	CHECK(link_in(r.html, TOKEN_UNSUBSCRIBE, &t));   /* our own links lead where they led */
}

TEST(the_step_may_name_a_sender)
{
	struct message m = world_message(1, "hello");
	m.frozen = STR("{\"message\":{\"from\":\"boss\"},\"now\":\"2026-03-02T16:00:00.000Z\"}");
	NEED(renders(&m));
	CHECK_STR(r.from, "Anna <anna@shop.example>");
}

TEST(values_cannot_take_the_place_of_links)
{
	struct message m = world_message(1, "hello");
	struct token t;
	m.frozen = STR("{\"unsubscribe_url\":\"https://evil.example/\",\"subject\":\"x\",\"now\":\"2026-03-02T16:00:00.000Z\"}");
	NEED(renders(&m));
	CHECK(!has(r.html, "evil"));
	CHECK(link_in(r.html, TOKEN_UNSUBSCRIBE, &t));
}

TEST(a_name_with_line_ends_stays_on_its_line)
{
	struct message m = world_message(1, "hello");
	m.frozen = STR("{\"trait\":{\"firstName\":\"A\\r\\nBcc: x@y\\u0000z\"},\"now\":\"2026-03-02T16:00:00.000Z\"}");
	NEED(renders(&m));
	CHECK(!has(r.subject, "\n") && !has(r.subject, "\r"));
	CHECK(str_find_char(r.subject, 0, 0) == SIZE_MAX);
}

TEST(the_same_row_gives_the_same_bytes)
{
	struct message m = world_message(5, "hello");
	struct buf first = {0};
	m.tracked = true;
	NEED(renders(&m));
	buf_add_str(&first, r.html);
	NEED(renders(&m));
	CHECK(str_eq(buf_str(&first), r.html));
	buf_release(&first);
}

TEST(what_cannot_be_rendered_is_said)
{
	struct message m = world_message(1, "broken");
	CHECK(!renders(&m));
	CHECK(error.text[0] != 0);
	m = world_message(1, "nowhere");
	CHECK(!renders(&m));
	CHECK_CSTR(error.text, "there is no template nowhere");
	m = world_message(1, "hello");
	m.frozen = STR("{\"trait\":");
	CHECK(!renders(&m));
}

/* link_pages.c -- unsubscribe, preferences, confirm. A GET shows a form and acts on nothing, since scanners follow every link; a POST acts
 * and says so only once the entry is durable. RFC 8058: a POST of List-Unsubscribe=One-Click asks nothing back. */
#include "api/links_priv.h"
#include "base/limits.h"
#include <string.h>

static const char style[] =
    "body{font:16px/1.5 system-ui,sans-serif;margin:0;background:#f5f5f2;color:#1c1c1a;display:grid;place-items:center;min-height:100vh}"
    "main{background:#fff;max-width:30rem;width:calc(100% - 4rem);box-sizing:border-box;padding:2rem;border-radius:14px;"
    "box-shadow:0 1px 3px #0002;border-top:6px solid var(--c)}h1{font-size:1.35rem;margin:0 0 1rem}small,.q{color:#6b6b66}"
    "button{font:inherit;font-weight:600;padding:.65rem 1.2rem;border-radius:9px;border:0;background:var(--c);color:#fff;cursor:pointer}"
    "button.q{background:none;color:inherit;text-decoration:underline;font-weight:400;padding:.65rem 0}"
    "label{display:flex;gap:.7rem;align-items:center;padding:.55rem 0;border-bottom:1px solid #8882}"
    "input{width:1.15rem;height:1.15rem;accent-color:var(--c)}form{margin:1.2rem 0 0}h2{font-size:.95rem;margin:1.4rem 0 .2rem}"
    "@media(prefers-color-scheme:dark){body{background:#161614;color:#eee}main{background:#222220}small,.q{color:#a5a59d}}";

/* #rrggbb only: the colour comes from a document and goes into a style. */
static bool
is_colour(struct str s)
{
	if (s.len != 7 || s.ptr[0] != '#')
		return false;
	for (size_t i = 1; i < 7; i++)
		if (!strchr("0123456789abcdefABCDEF", s.ptr[i]))
			return false;
	return true;
}

void
linked_page(struct api_call *c, int status, const struct linked *l, struct str title, struct str body)
{
	struct str safe_title = html_escape(&c->arena, title), brand = html_escape(&c->arena, l->brand);
	struct buf html = {0};
	buf_printf(&html,
	    "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">"
	    "<meta name=\"robots\" content=\"noindex\"><title>%.*s</title><style>:root{--c:%.*s}%s</style><main>",
	    STR_ARGS(safe_title), STR_ARGS(is_colour(l->colour) ? l->colour : STR("#2f6f4f")), style);
	if (brand.len)
		buf_printf(&html, "<small>%.*s</small>", STR_ARGS(brand));
	buf_printf(&html, "<h1>%.*s</h1>", STR_ARGS(safe_title));
	buf_add_str(&html, body);
	buf_add_cstr(&html, "</main></html>\n");
	http_reply_header(c->http, "Content-Security-Policy", STR("default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'"));
	answer_html(c, status, buf_str(&html));
	buf_release(&html);
}

/* "an…@shop.example": enough to know one's own. */
static struct str
hint(struct api_call *c, const struct linked *l)
{
	struct str address = l->message.address;
	size_t at = str_find_char(address, '@', 0);
	if (at == SIZE_MAX || !at)
		return STR("your address");
	return html_escape(&c->arena, arena_printf(&c->arena, "%.*s…%.*s", (int)(at < 3 ? 1 : 2), address.ptr, STR_ARGS(str_slice(address, at, address.len))));
}

static bool
form_has(struct api_call *c, const char *name, const char *value)
{
	struct str found;
	return http_form(&c->arena, c->http->body, name, &found) && (!value || str_eq(found, str_of(value)));
}

/* ---------------------------------------------------------------- entries */

static struct str
channel_text(const struct linked *l)
{
	return str_of(channel_name((enum channel)l->message.channel));
}

static bool
say_consent(struct api_call *c, const struct linked *l, struct str channel, struct str purpose, bool granted, struct str how, struct err *e)
{
	struct buf json = {0};
	struct json_writer w = json_writer_on(&json);
	jw_object(&w);
	jw_kstr(&w, "channel", channel);
	jw_kstr(&w, "purpose", purpose);
	jw_kbool(&w, "granted", granted);
	jw_kstr(&w, "source", how);
	jw_object_end(&w);
	bool ok = linked_append(c, l, ENTRY_CONSENT, STR(""), str_slice(buf_str(&json), 1, json.len - 1), e);
	buf_release(&json);
	return ok;
}

static bool
say_unsubscribed(struct api_call *c, const struct linked *l, struct str purpose, struct str how, struct err *e)
{
	struct buf json = {0};
	struct json_writer w = json_writer_on(&json);
	char id[33];
	message_id_format(l->message.id, id);
	jw_object(&w);
	jw_kstr(&w, "event", STR("Unsubscribed"));
	jw_kobject(&w, "properties");
	jw_kstr(&w, "message_id", str_of(id));
	jw_kstr(&w, "channel", channel_text(l));
	jw_kstr(&w, "purpose", purpose);
	jw_kstr(&w, "journey", l->message.journey);
	jw_kstr(&w, "template", l->message.template_name);
	if (l->message.topic.len)
		jw_kstr(&w, "topic", l->message.topic);
	jw_kstr(&w, "how", how);
	jw_object_end(&w);
	jw_object_end(&w);
	bool ok = linked_append(c, l, ENTRY_TRACK, STR("Unsubscribed"), str_slice(buf_str(&json), 1, json.len - 1), e);
	buf_release(&json);
	return ok;
}

static bool
suppress_address(struct api_call *c, const struct linked *l, struct err *e)
{
	struct buf json = {0};
	struct json_writer w = json_writer_on(&json);
	jw_object(&w);
	jw_kstr(&w, "address", l->message.address);
	jw_kstr(&w, "reason", STR("asked never to be written to"));
	jw_object_end(&w);
	bool ok = workspace_append_one(c->api->workspace, ENTRY_SUPPRESS, STR(""), buf_str(&json), NULL, e);
	buf_release(&json);
	return ok;
}

/* ---------------------------------------------------------------- unsubscribe */

/* What a mail program sends, as a form or as multipart/form-data: RFC 8058 allows both. Of the latter only the one field is looked for. */
static bool
is_one_click(struct api_call *c)
{
	struct str type = http_header(c->http, "Content-Type"), body = c->http->body;
	if (form_has(c, "List-Unsubscribe", "One-Click"))
		return true;
	size_t name = str_find(body, STR("name=\"List-Unsubscribe\""), 0);
	size_t value = name == SIZE_MAX ? name : str_find(body, STR("\r\n\r\n"), name);
	return str_starts(str_lower_ascii(&c->arena, type), STR("multipart/form-data")) && value != SIZE_MAX &&
	    str_starts(str_slice(body, value + 4, body.len), STR("One-Click"));
}

void
link_unsubscribe_show(struct api_call *c)
{
	struct linked l;
	if (!linked_read(c, TOKEN_UNSUBSCRIBE, &l))
		return;
	struct token preferences = {.purpose = TOKEN_PREFERENCES, .message = l.message.id, .profile = l.message.profile};
	struct str link = token_link(&c->arena, STR(""), c->api->keys->token_key, &preferences), who = hint(c, &l);
	struct str never = l.message.address.len
	    ? arena_printf(&c->arena, "<form method=\"post\"><button class=\"q\" name=\"never\" value=\"1\">Never write to %.*s again, not even about orders</button></form>", STR_ARGS(who))
	    : STR("");
	linked_page(c, 200, &l, STR("No more of these messages?"),
	    arena_printf(&c->arena,
		"<p>We will stop writing to %.*s about news and offers.</p><form method=\"post\"><button name=\"unsubscribe\" value=\"1\">Unsubscribe</button>"
		"</form>%.*s<p class=\"q\">Or <a class=\"q\" href=\"%.*s\">choose what you would like to hear of</a>.</p>",
		STR_ARGS(who), STR_ARGS(never), STR_ARGS(link)));
}

void
link_unsubscribe_do(struct api_call *c)
{
	struct linked l;
	struct err e;
	if (!linked_read(c, TOKEN_UNSUBSCRIBE, &l))
		return;
	bool one_click = is_one_click(c), never = form_has(c, "never", "1");
	if (!one_click && !never && !form_has(c, "unsubscribe", "1")) {
		linked_page(c, 400, &l, STR("Nothing was changed"), STR("<p>Please use the button on the page.</p>"));
		return;
	}
	struct str how = one_click ? STR("one click in the mail program") : STR("unsubscribe page");
	struct str purpose = l.message.purpose.len ? l.message.purpose : STR("marketing");
	bool ok = (!never || !l.message.address.len || suppress_address(c, &l, &e)) &&
	    say_consent(c, &l, channel_text(&l), purpose, false, how, &e) &&
	    (str_eq(purpose, STR("marketing")) || say_consent(c, &l, channel_text(&l), STR("marketing"), false, how, &e)) &&
	    say_unsubscribed(c, &l, purpose, how, &e);
	if (!ok)
		answer_refuse(c, &e);
	else
		linked_page(c, 200, &l, STR("You are unsubscribed"), STR("<p>It holds from this moment. Nothing more to do.</p>"));
}

/* ---------------------------------------------------------------- confirm (double opt-in) */

void
link_confirm_show(struct api_call *c)
{
	struct linked l;
	if (!linked_read(c, TOKEN_CONFIRM, &l))
		return;
	linked_page(c, 200, &l, STR("Please confirm"),
	    arena_printf(&c->arena, "<p>Do you want our mail at %.*s?</p><form method=\"post\"><button name=\"confirm\" value=\"1\">Yes, confirm</button></form>",
		STR_ARGS(hint(c, &l))));
}

/* The address is that person's, by the best of proofs: they read what was sent to it. */
static bool
say_verified(struct api_call *c, const struct linked *l, struct err *e)
{
	struct buf json = {0};
	struct json_writer w = json_writer_on(&json);
	jw_object(&w);
	jw_kobject(&w, "traits");
	jw_kstr(&w, "email", l->message.address);
	jw_object_end(&w);
	jw_object_end(&w);
	bool ok = !l->message.address.len || linked_append(c, l, ENTRY_IDENTIFY, STR(""), str_slice(buf_str(&json), 1, json.len - 1), e);
	buf_release(&json);
	return ok;
}

void
link_confirm_do(struct api_call *c)
{
	struct linked l;
	struct err e;
	if (!linked_read(c, TOKEN_CONFIRM, &l))
		return;
	if (!form_has(c, "confirm", "1"))
		linked_page(c, 400, &l, STR("Nothing was changed"), STR("<p>Please use the button on the page.</p>"));
	else if (!say_verified(c, &l, &e) || !say_consent(c, &l, channel_text(&l), STR("marketing"), true, STR("confirmation link"), &e))
		answer_refuse(c, &e);
	else
		linked_page(c, 200, &l, STR("Thank you"), STR("<p>Your address is confirmed.</p>"));
}

/* ---------------------------------------------------------------- preferences */

struct asked { uint32_t number; struct buf json; };

static void
ask_profile(struct engine *g, void *context)
{
	struct asked *x = context;
	struct json_writer w = json_writer_on(&x->json);
	engine_profile_json(g, x->number, &w);
}

/* The person as JSON, in the call's arena; NULL when it cannot be read. */
static const struct json *
person_json(struct api_call *c, uint32_t number)
{
	struct asked x = {.number = number};
	const struct json *j = NULL;
	struct err e;
	workspace_ask(c->api->workspace, ask_profile, &x);
	if (!json_parse_arena(&c->arena, arena_str(&c->arena, buf_str(&x.json)), &j, &e))
		j = NULL;
	buf_release(&x.json);
	return j;
}

static bool
has_consent(const struct json *person, const char *channel)
{
	return json_is(json_get(json_get(json_get(json_get(person, STR("consent")), str_of(channel)), STR("marketing")), STR("granted")), JSON_TRUE);
}

static bool
has_topic(const struct json *person, struct str topic)
{
	return !json_is(json_get(json_get(person, STR("topics")), topic), JSON_FALSE);
}

/* The box of a topic: what the person answered; unanswered, ticked only for who consented to hear from us on this channel. */
static bool
shows_topic(const struct linked *l, const struct json *person, struct str topic)
{
	const struct json *answer = json_get(json_get(person, STR("topics")), topic);
	return answer ? json_is(answer, JSON_TRUE) : has_consent(person, channel_text(l).ptr);
}

/* "product_news" → "Product news" */
static struct str
as_words(struct api_call *c, struct str name)
{
	struct str s = arena_str(&c->arena, name);
	char *p = (char *)(uintptr_t)s.ptr;
	for (size_t i = 0; i < s.len; i++)
		if (p[i] == '_')
			p[i] = ' ';
	if (s.len && p[0] >= 'a' && p[0] <= 'z')
		p[0] = (char)(p[0] - 32);
	return html_escape(&c->arena, s);
}

static void
add_box(struct buf *html, const char *kind, struct str name, struct str label, bool checked)
{
	buf_printf(html, "<label><input type=\"checkbox\" name=\"%s.%.*s\" value=\"1\"%s> %.*s</label>", kind, STR_ARGS(name), checked ? " checked" : "",
	    STR_ARGS(label));
}

/* Channels on which we could say marketing: those somebody ever spoke of, and the one that the link came by. */
static bool
offers_channel(const struct linked *l, const struct json *person, const char *channel)
{
	return str_eq(channel_text(l), str_of(channel)) || json_get(json_get(person, STR("consent")), str_of(channel));
}

static const char *const channels[] = {"email", "push", "sms", "whatsapp", "phone", "post"};

void
link_preferences_show(struct api_call *c)
{
	struct outbox_port port = workspace_outbox(c->api->workspace);
	struct linked l;
	struct buf html = {0};
	if (!linked_read(c, TOKEN_PREFERENCES, &l))
		return;
	const struct json *person = person_json(c, l.message.profile);
	const struct program *p = port.program(port.self);
	buf_printf(&html, "<p>For %.*s. Tick what you would like.</p><form method=\"post\"><input type=\"hidden\" name=\"preferences\" value=\"1\"><h2>How</h2>",
	    STR_ARGS(hint(c, &l)));
	for (size_t i = 0; i < COUNT(channels); i++)
		if (offers_channel(&l, person, channels[i]))
			add_box(&html, "channel", str_of(channels[i]), as_words(c, str_of(channels[i])), has_consent(person, channels[i]));
	if (p && p->vocabulary.n_topics)
		buf_add_cstr(&html, "<h2>What about</h2>");
	for (size_t i = 0; p && i < p->vocabulary.n_topics; i++)
		add_box(&html, "topic", html_escape(&c->arena, p->vocabulary.topics[i]), as_words(c, p->vocabulary.topics[i]),
		    shows_topic(&l, person, p->vocabulary.topics[i]));
	buf_add_cstr(&html, "<p><button>Save</button></p></form>");
	if (p)
		port.program_release(port.self, p);
	linked_page(c, 200, &l, STR("What would you like to hear of?"), buf_str(&html));
	buf_release(&html);
}

static bool
keep_channels(struct api_call *c, const struct linked *l, const struct json *person, struct err *e)
{
	for (size_t i = 0; i < COUNT(channels); i++) {
		bool wanted = form_has(c, arena_printf(&c->arena, "channel.%s", channels[i]).ptr, NULL);
		if (!offers_channel(l, person, channels[i]) || wanted == has_consent(person, channels[i]))
			continue;
		if (!say_consent(c, l, str_of(channels[i]), STR("marketing"), wanted, STR("preferences page"), e))
			return false;
	}
	return true;
}

static bool
keep_topics(struct api_call *c, const struct linked *l, const struct json *person, const struct program *p, struct err *e)
{
	struct buf json = {0};
	struct json_writer w = json_writer_on(&json);
	bool changed = false;
	jw_object(&w);
	jw_kobject(&w, "topics");
	for (size_t i = 0; i < p->vocabulary.n_topics; i++) {
		struct str topic = p->vocabulary.topics[i];
		bool wanted = form_has(c, arena_printf(&c->arena, "topic.%.*s", STR_ARGS(topic)).ptr, NULL);
		/* A box that was ticked before anybody had said anything becomes a yes by being saved. */
		if (json_get(json_get(person, STR("topics")), topic) && wanted == has_topic(person, topic))
			continue;
		changed = true;
		jw_key(&w, topic);
		jw_bool(&w, wanted);
	}
	jw_object_end(&w);
	jw_object_end(&w);
	bool ok = !changed || linked_append(c, l, ENTRY_IDENTIFY, STR(""), str_slice(buf_str(&json), 1, json.len - 1), e);
	buf_release(&json);
	return ok;
}

void
link_preferences_do(struct api_call *c)
{
	struct outbox_port port = workspace_outbox(c->api->workspace);
	struct linked l;
	struct err e;
	if (!linked_read(c, TOKEN_PREFERENCES, &l))
		return;
	if (!form_has(c, "preferences", "1")) {
		linked_page(c, 400, &l, STR("Nothing was changed"), STR("<p>Please use the button on the page.</p>"));
		return;
	}
	const struct json *person = person_json(c, l.message.profile);
	const struct program *p = port.program(port.self);
	bool ok = keep_channels(c, &l, person, &e) && (!p || keep_topics(c, &l, person, p, &e));
	if (p)
		port.program_release(port.self, p);
	if (ok)
		linked_page(c, 200, &l, STR("Saved"), STR("<p>It holds from this moment.</p>"));
	else
		answer_refuse(c, &e);
}

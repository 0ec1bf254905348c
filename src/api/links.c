/* links.c -- pictures and redirects: what tells that a message was opened or a link of it followed. Whoever scans or fetches ahead is
 * told from people where it can be, since conditions count people only. */
#include "api/links_priv.h"
#include "api/rows.h"
#include "base/clock.h"
#include "channel/render.h"
#include <stdio.h>
#include <string.h>

/* ---------------------------------------------------------------- the message behind a link */

static const char message_row[] =
    "select profile, journey, step, channel, template, variant, purpose, topic, made, changed, address, frozen, tracked, state "
    "from message where id = ?1";

static struct str
text_of(sqlite3_stmt *st, int i, struct arena *a)
{
	const char *text = (const char *)sqlite3_column_text(st, i);
	return arena_str(a, (struct str){text ? text : "", text ? (size_t)sqlite3_column_bytes(st, i) : 0});
}

static void
take_row(sqlite3_stmt *st, struct arena *a, struct linked *l)
{
	struct message *m = &l->message;
	enum channel channel = CHANNEL_EMAIL;
	l->found = true;
	m->profile = (uint32_t)sqlite3_column_int64(st, 0);
	m->journey = text_of(st, 1, a);
	m->step = text_of(st, 2, a);
	if (channel_of(text_of(st, 3, a), &channel))
		m->channel = (uint8_t)channel;
	m->template_name = text_of(st, 4, a);
	m->variant = text_of(st, 5, a);
	m->purpose = text_of(st, 6, a);
	m->topic = text_of(st, 7, a);
	m->made = (wall){sqlite3_column_int64(st, 8)};
	m->changed = (wall){sqlite3_column_int64(st, 9)};
	m->address = text_of(st, 10, a);
	m->frozen = text_of(st, 11, a);
	m->tracked = sqlite3_column_int64(st, 12) != 0;
}

static bool
read_row(struct api_call *c, struct linked *l, struct err *e)
{
	sqlite3 *db;
	sqlite3_stmt *st = NULL;
	if (!workspace_reader(c->api->dir, &db, e))
		return false;
	bool ok = sqlite3_prepare_v2(db, message_row, -1, &st, NULL) == SQLITE_OK &&
	    sqlite3_bind_blob(st, 1, l->token.message.bytes, 16, SQLITE_STATIC) == SQLITE_OK;
	int rc = ok ? sqlite3_step(st) : SQLITE_ERROR;
	if (rc == SQLITE_ROW)
		take_row(st, &c->arena, l);
	else if (rc != SQLITE_DONE)
		ok = fail(e, ERR_IO, "reading failed: %s", sqlite3_errmsg(db));
	sqlite3_finalize(st);
	sqlite3_close(db);
	return ok;
}

/* The business's name and colour stand in what the message was made with; the page needs no program. */
static void
read_brand(struct api_call *c, struct linked *l)
{
	const struct json *frozen;
	struct err e;
	if (!l->message.frozen.len || !json_parse_arena(&c->arena, l->message.frozen, &frozen, &e))
		return;
	l->brand = json_text(json_path(frozen, "brand.name"));
	l->colour = json_text(json_path(frozen, "brand.colour"));
}

bool
linked_read(struct api_call *c, enum token_purpose purpose, struct linked *ret)
{
	struct str text = c->key;
	struct err e;
	*ret = (struct linked){0};
	if (purpose == TOKEN_OPEN && str_ends(text, STR(".gif")))
		text.len -= 4;
	if (!token_read(&c->arena, c->api->keys->token_key, purpose, text, &ret->token)) {
		linked_page(c, 404, ret, STR("This link is not valid"), STR("<p>It may have been cut off on its way. Please copy the whole link from the message.</p>"));
		return false;
	}
	ret->message.id = ret->token.message;
	ret->message.profile = ret->token.profile;
	ret->message.channel = CHANNEL_EMAIL;
	if (!read_row(c, ret, &e)) {
		answer_refuse(c, &e);
		return false;
	}
	read_brand(c, ret);
	return true;
}

/* ---------------------------------------------------------------- entries */

static struct str
body_of(const struct linked *l, struct arena *a, struct str members)
{
	return arena_printf(a, "{\"profile\":%u%s%.*s}", l->message.profile, members.len ? "," : "", STR_ARGS(members));
}

bool
linked_append(struct api_call *c, const struct linked *l, enum entry_kind kind, struct str name, struct str members, struct err *e)
{
	return workspace_append_one(c->api->workspace, kind, name, body_of(l, &c->arena, members), NULL, e);
}

static void
forget_batch(struct batch *b, const struct err *failure)
{
	(void)failure;
	batch_free(b);
}

void
linked_note(struct api_call *c, const struct linked *l, struct str event, struct str members)
{
	struct append_port port = workspace_append(c->api->workspace);
	struct batch *b = batch_new();
	struct err e;
	b->lane = LANE_LIVE;
	b->text = body_of(l, &b->arena, members);
	b->n = 1;
	b->entries = arena_new(&b->arena, struct entry);
	b->entries[0] = (struct entry){.kind = ENTRY_TRACK, .name = arena_str(&b->arena, event), .source = STR(""), .trust = TRUST_SELF,
	    .happened = port.now(port.self), .text = b->text};
	b->done = forget_batch;
	if (!json_parse_arena(&b->arena, b->text, &b->entries[0].body, &e)) {
		batch_free(b);
		return;
	}
	batch_pack(b);
	if (!port.submit(port.self, b, &e))
		batch_free(b);
}

/* "event":…,"properties":{…} of something that was done with the message. */
static struct str
deed_members(struct api_call *c, const struct linked *l, struct str event, struct str url)
{
	struct buf json = {0};
	struct json_writer w = json_writer_on(&json);
	char id[33];
	message_id_format(l->message.id, id);
	jw_object(&w);
	jw_kstr(&w, "event", event);
	jw_kobject(&w, "properties");
	jw_kstr(&w, "message_id", str_of(id));
	jw_kstr(&w, "journey", l->message.journey);
	jw_kstr(&w, "template", l->message.template_name);
	if (url.len)
		jw_kstr(&w, "link_url", url);
	jw_object_end(&w);
	jw_object_end(&w);
	struct str s = arena_str(&c->arena, buf_str(&json));
	buf_release(&json);
	return str_slice(s, 1, s.len - 1);
}

/* ---------------------------------------------------------------- people and machines */

static bool
has_word(struct api_call *c, struct str agent)
{
	static const char *const machines[] = {"bot", "crawl", "spider", "scan", "barracuda", "proofpoint", "mimecast", "curl/", "wget/", "python", "go-http-client",
		"java/", "headless", "phantom", "preview", "okhttp", "libwww", "safelinks", "urldefense"};
	struct str low = str_lower_ascii(&c->arena, agent);
	for (size_t i = 0; i < COUNT(machines); i++)
		if (str_find(low, str_of(machines[i]), 0) != SIZE_MAX)
			return true;
	return false;
}

/* Mail clients that fetch pictures ahead name themselves just "Mozilla/5.0"; scanners follow links the moment the mail arrives. */
static bool
is_machine(struct api_call *c, const struct linked *l)
{
	enum { TOO_SOON = 2 * 1000 };
	struct str agent = http_header(c->http, "User-Agent"), purpose = http_header(c->http, "Sec-Purpose");
	if (!purpose.len)
		purpose = http_header(c->http, "Purpose");
	return !agent.len || str_eq(agent, STR("Mozilla/5.0")) || str_starts(purpose, STR("prefetch")) || has_word(c, agent) ||
	    clock_wall().ms - l->message.changed.ms < TOO_SOON;
}

void
link_open(struct api_call *c)
{
	static const unsigned char dot[] = {'G', 'I', 'F', '8', '9', 'a', 1, 0, 1, 0, 0x80, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0x21, 0xf9, 4, 1, 0, 0, 0, 0, 0x2c, 0,
		0, 0, 0, 1, 0, 1, 0, 0, 2, 2, 0x44, 1, 0, 0x3b};
	struct linked l;
	if (!linked_read(c, TOKEN_OPEN, &l))
		return;
	if (l.found && l.message.tracked) {
		struct str event = is_machine(c, &l) ? STR("Email Prefetched") : STR("Email Opened");
		linked_note(c, &l, event, deed_members(c, &l, event, STR("")));
	}
	http_reply_header(c->http, "Cache-Control", STR("no-store"));
	http_reply(c->http, 200, "image/gif", (struct str){(const char *)dot, sizeof(dot)});
}

void
link_click(struct api_call *c)
{
	struct linked l;
	if (!linked_read(c, TOKEN_CLICK, &l))
		return;
	struct str target = l.token.target;
	if (!str_starts(target, STR("https://")) && !str_starts(target, STR("http://"))) {
		linked_page(c, 404, &l, STR("This link is not valid"), STR(""));
		return;
	}
	if (l.found && l.message.tracked) {
		struct str event = is_machine(c, &l) ? STR("Link Scanned") : STR("Email Link Clicked");
		linked_note(c, &l, event, deed_members(c, &l, event, target));
	}
	http_reply_header(c->http, "Cache-Control", STR("no-store"));
	http_reply_header(c->http, "Referrer-Policy", STR("no-referrer"));
	http_reply_header(c->http, "Location", target);
	http_reply(c->http, 302, "text/plain; charset=utf-8", STR(""));
}

/* ---------------------------------------------------------------- in the browser */

void
link_view(struct api_call *c)
{
	struct outbox_port port = workspace_outbox(c->api->workspace);
	struct rendered out;
	struct linked l;
	struct err e;
	if (!linked_read(c, TOKEN_VIEW, &l))
		return;
	if (!l.found || !l.message.frozen.len) {
		linked_page(c, 404, &l, STR("This message is no longer kept"), STR(""));
		return;
	}
	l.message.tracked = false;       /* looking at it here is no open of the mail */
	const struct program *p = port.program(port.self);
	struct renderer *r = renderer_new(c->api->keys->token_key, c->api->public_url);
	bool ok = p && message_render(r, p, &l.message, &c->arena, &out, &e);
	renderer_free(r);
	if (p)
		port.program_release(port.self, p);
	if (!ok || !out.html.len) {
		linked_page(c, ok ? 200 : 404, &l, ok ? out.subject : STR("This message is no longer kept"),
		    ok ? arena_printf(&c->arena, "<pre>%.*s</pre>", STR_ARGS(html_escape(&c->arena, out.text))) : STR(""));
		return;
	}
	http_reply_header(c->http, "Content-Security-Policy",
	    STR("default-src 'none'; img-src http: https: data:; style-src 'unsafe-inline'; font-src https:; "
		"sandbox allow-popups allow-popups-to-escape-sandbox allow-top-navigation-by-user-activation"));
	answer_html(c, 200, out.html);
}

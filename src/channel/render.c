#include "channel/render.h"
#include "channel/html_text.h"
#include "channel/mime.h"
#include "channel/token.h"
#include "base/clock.h"
#include "base/map.h"
#include "template/template.h"
#include <string.h>

struct renderer {
	const uint8_t *token_key;
	struct str public_url;
	uint64_t version;                    /* of the program whose templates are kept */
	struct arena arena;                  /* of the parsed templates; no larger than a program may be, some times over */
	struct idmap parsed;                 /* number of the template file + 1 → struct template */
	struct tz_set *zones;
};

struct renderer *
renderer_new(const uint8_t *token_key, struct str public_url)
{
	struct renderer *r = mem_alloc(sizeof(*r));
	*r = (struct renderer){.token_key = token_key, .public_url = str_ends(public_url, STR("/")) ? str_slice(public_url, 0, public_url.len - 1) : public_url, .zones = tz_set_new(tz_source_system())};
	arena_init(&r->arena);
	return r;
}

static void
use_version(struct renderer *r, uint64_t version)
{
	if (r->version == version)
		return;
	idmap_release(&r->parsed);
	arena_reset(&r->arena);
	r->version = version;
}

void
renderer_free(struct renderer *r)
{
	if (!r)
		return;
	idmap_release(&r->parsed);
	arena_clear(&r->arena);
	tz_set_free(r->zones);
	mem_free(r);
}

/* ---------------------------------------------------------------- templates */

static bool
parsed(struct renderer *r, const struct program *p, const struct template_file *f, const struct template **ret, struct err *e)
{
	uint64_t key = (uint64_t)(f - p->templates) + 1, *kept = idmap_get(&r->parsed, key);
	if (kept) {
		*ret = (const struct template *)(uintptr_t)*kept;
		return true;
	}
	struct template *t;
	if (!template_parse(&r->arena, arena_cstr(&r->arena, f->path), arena_str(&r->arena, f->text), &t, e))
		return false;
	idmap_put(&r->parsed, key, (uint64_t)(uintptr_t)t);
	*ret = t;
	return true;
}

/* The person's zone, or the program's. */
static const struct tz *
zone_of(struct renderer *r, const struct program *p, const struct json *data)
{
	struct str own = json_text(json_path(data, "trait.timezone"));
	const struct tz *z = own.len ? tz_find(r->zones, own) : NULL;
	return z ? z : tz_find(r->zones, p->zone);
}

/* One part; "" when the template has none. */
static bool
render_part(struct renderer *r, const struct program *p, const struct message *m, struct str locale, const char *part, const struct json *data, struct arena *a,
    struct str *ret, struct err *e)
{
	const struct template_file *f = program_template(p, m->template_name, m->variant, locale, part);
	const struct template *t;
	struct buf out = {0};
	struct render_options o = {.html = !strcmp(part, "html"), .one_line = !strcmp(part, "subject") || !strcmp(part, "preheader"),
	    .zone = zone_of(r, p, data)};
	*ret = STR("");
	if (!f)
		return true;
	bool ok = parsed(r, p, f, &t, e) && template_render(t, data, &o, &out, e);
	if (ok)
		*ret = arena_str(a, buf_str(&out));
	buf_release(&out);
	return ok || fail_while(e, "template %.*s", STR_ARGS(m->template_name));
}

/* ---------------------------------------------------------------- data */

static const struct purpose_def *
purpose_of(const struct program *p, struct str name)
{
	for (uint8_t i = 0; i < p->policy.n_purposes; i++)
		if (str_eq(p->policy.purposes[i].name, name))
			return &p->policy.purposes[i];
	return NULL;
}

static struct str
link_to(const struct renderer *r, const struct message *m, enum token_purpose purpose, struct str target, struct arena *a)
{
	const struct token t = {.purpose = purpose, .message = m->id, .profile = m->profile, .target = target};
	return r->token_key && r->public_url.len ? token_link(a, r->public_url, r->token_key, &t) : STR("");
}

static struct str
mail_link(struct str address, struct arena *a)
{
	return address.len ? arena_printf(a, "mailto:%.*s?subject=unsubscribe", STR_ARGS(address)) : STR("");
}

/* The frozen values, and what is known only when the bytes are made. */
static bool
extend(const struct renderer *r, const struct message *m, const struct json *frozen, const struct rendered *out, struct str preheader, struct arena *a,
    const struct json **ret, struct err *e)
{
	const struct { struct str key, value; } added[] = {{STR_INIT("preheader"), preheader}, {STR_INIT("subject"), out->subject},
	    {STR_INIT("unsubscribe_url"), out->unsubscribe_url.len ? out->unsubscribe_url : mail_link(out->unsubscribe_mail, a)},
	    {STR_INIT("preferences_url"), link_to(r, m, TOKEN_PREFERENCES, STR(""), a)}, {STR_INIT("web_url"), link_to(r, m, TOKEN_VIEW, STR(""), a)},
	    {STR_INIT("confirm_url"), link_to(r, m, TOKEN_CONFIRM, STR(""), a)}};
	struct buf text = {0};
	struct json_writer w = json_writer_on(&text);
	jw_object(&w);
	json_each(child, frozen) {
		bool ours = false;
		for (size_t i = 0; i < COUNT(added); i++)
			ours |= added[i].value.len && str_eq(child->key, added[i].key);
		if (ours)
			continue;
		jw_key(&w, child->key);
		jw_json(&w, child);
	}
	for (size_t i = 0; i < COUNT(added); i++) {
		if (!added[i].value.len)
			continue;
		jw_key(&w, added[i].key);
		jw_str(&w, added[i].value);
	}
	jw_object_end(&w);
	bool ok = json_parse_arena(a, arena_str(a, buf_str(&text)), ret, e);
	buf_release(&text);
	return ok;
}

static struct str
locale_of(const struct json *data)
{
	static const char *const places[] = {"trait.locale", "trait.language", "locale"};
	for (size_t i = 0; i < COUNT(places); i++)
		if (json_text(json_path(data, places[i])).len)
			return json_text(json_path(data, places[i]));
	return STR("");
}

/* The sender that the step names, else the program's. */
static void
read_senders(const struct program *p, const struct json *data, struct rendered *ret)
{
	const struct json *senders = json_get(p->settings, STR("senders"));
	struct str named = json_text(json_path(data, "message.from"));
	ret->from = named.len ? json_text(json_get(senders, named)) : STR("");
	if (!ret->from.len && str_find_char(named, '@', 0) != SIZE_MAX)
		ret->from = named;
	if (!ret->from.len)
		ret->from = json_text(json_get(senders, STR("default")));
	ret->reply_to = json_text(json_get(p->settings, STR("reply_to")));
}

/* ---------------------------------------------------------------- tracking */

struct tracking_links { const struct renderer *r; const struct message *m; struct str own; };

static struct str
tracked_link(void *self, struct arena *a, struct str target)
{
	const struct tracking_links *t = self;
	if (str_starts(target, t->own) || target.len > TOKEN_TARGET_MAX)
		return target;
	return link_to(t->r, t->m, TOKEN_CLICK, target, a);
}

/* program.yaml may switch either off for everybody; for whom it may be done at all stands in the row. */
static bool
is_on(const struct program *p, const char *what)
{
	struct str word = json_text(json_get(json_get(p->settings, STR("tracking")), str_of(what)));
	return !str_eq(word, STR("no"));
}

static struct str
with_dot(const struct renderer *r, const struct message *m, struct str html, struct arena *a)
{
	struct str dot = arena_printf(a, "<img src=\"%.*s\" width=\"1\" height=\"1\" alt=\"\">", STR_ARGS(link_to(r, m, TOKEN_OPEN, STR(""), a)));
	size_t end = str_find(html, STR("</body>"), 0);
	if (end == SIZE_MAX)
		end = html.len;
	return arena_printf(a, "%.*s%.*s%.*s", STR_ARGS(str_slice(html, 0, end)), STR_ARGS(dot), STR_ARGS(str_slice(html, end, html.len)));
}

static struct str
track(const struct renderer *r, const struct program *p, const struct message *m, struct str html, struct arena *a)
{
	struct tracking_links t = {r, m, arena_printf(a, "%.*s/l/", STR_ARGS(r->public_url))};
	struct buf out = {0};
	if (!r->token_key || !r->public_url.len || !html.len)
		return html;
	if (is_on(p, "clicks")) {
		rewrite_links(html, tracked_link, &t, a, &out);
		html = arena_str(a, buf_str(&out));
		buf_release(&out);
	}
	return is_on(p, "opens") ? with_dot(r, m, html, a) : html;
}

/* ---------------------------------------------------------------- a message */

/* Tags of a template leave empty lines behind: one at most stays, and none at either end. */
static struct str
tidy(struct arena *a, struct str s)
{
	char *to = arena_alloc(a, s.len + 2);
	size_t n = 0, ends = 2;
	for (size_t i = 0; i < s.len; i++) {
		char c = s.ptr[i];
		if (c == '\r')
			continue;
		if (c == '\n') {
			while (n && (to[n - 1] == ' ' || to[n - 1] == '\t'))
				n--;
			ends++;
			if (ends > 2)
				continue;
		} else if (c != ' ' && c != '\t') {
			ends = 0;
		}
		to[n++] = c;
	}
	while (n && strchr(" \t\n", to[n - 1]))
		n--;
	if (n)
		to[n++] = '\n';
	return (struct str){to, n};
}

static bool
render_parts(struct renderer *r, const struct program *p, const struct message *m, const struct json *data, struct arena *a, struct rendered *ret, struct err *e)
{
	struct str locale = locale_of(data), preheader;
	const struct json *all;
	if (!render_part(r, p, m, locale, "subject", data, a, &ret->subject, e) || !render_part(r, p, m, locale, "preheader", data, a, &preheader, e) ||
	    !extend(r, m, data, ret, preheader, a, &all, e) || !render_part(r, p, m, locale, "html", all, a, &ret->html, e) ||
	    !render_part(r, p, m, locale, "txt", all, a, &ret->text, e))
		return false;
	if (!ret->html.len && !ret->text.len)
		return fail(e, ERR_NOT_FOUND, "there is no template %.*s", STR_ARGS(m->template_name));
	ret->subject = str_trim(ret->subject);
	ret->text = ret->text.len ? tidy(a, ret->text) : html_as_text(a, ret->html);
	return true;
}

bool
message_render(struct renderer *r, const struct program *p, const struct message *m, struct arena *a, struct rendered *ret, struct err *e)
{
	const struct json *data;
	struct rendered out = {0};
	struct str name;
	use_version(r, p->version);
	if (!json_parse_arena(a, m->frozen.len ? m->frozen : STR("{}"), &data, e))
		return fail_while(e, "reading the frozen values");
	if (!wall_parse(json_text(json_get(data, STR("now"))), &out.now))
		out.now = m->made;
	const struct purpose_def *purpose = purpose_of(p, m->purpose);
	out.unsubscribable = !purpose || purpose->unsubscribe;
	read_senders(p, data, &out);
	if (out.unsubscribable)
		out.unsubscribe_url = link_to(r, m, TOKEN_UNSUBSCRIBE, STR(""), a);
	if (out.unsubscribable && !out.unsubscribe_url.len && !mailbox_split(out.reply_to.len ? out.reply_to : out.from, &name, &out.unsubscribe_mail))
		out.unsubscribe_mail = STR("");
	out.feedback_id = arena_printf(a, "%.*s:%.*s:%.*s", STR_ARGS(m->journey), STR_ARGS(m->purpose), STR_ARGS(p->name));
	if (!render_parts(r, p, m, data, a, &out, e))
		return false;
	if (m->tracked)
		out.html = track(r, p, m, out.html, a);
	*ret = out;
	return true;
}

bool
render_preview(const struct program *p, struct str template_name, struct str variant, const struct json *data, struct arena *a,
    struct rendered *ret, struct err *e)
{
	struct renderer *r = renderer_new(NULL, STR(""));
	struct buf frozen = {0};
	struct json_writer w = json_writer_on(&frozen);
	struct rendered out = {0};
	use_version(r, p->version);
	jw_json(&w, data);
	struct message m = {.template_name = template_name, .variant = variant, .frozen = arena_str(a, buf_str(&frozen))};
	read_senders(p, data, &out);
	bool ok = render_parts(r, p, &m, data, a, &out, e);
	if (ok)
		*ret = out;
	renderer_free(r);
	buf_release(&frozen);
	return ok;
}

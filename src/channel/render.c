#include "channel/render.h"
#include "channel/token.h"
#include "base/map.h"
#include "template/template.h"
#include <string.h>

struct renderer {
	const uint8_t *token_key;
	struct str public_url;
	const struct program *program;       /* whose templates are kept */
	struct arena arena;                  /* of the parsed templates */
	struct idmap parsed;                 /* address of the template file → struct template */
};

struct renderer *
renderer_new(const uint8_t *token_key, struct str public_url)
{
	struct renderer *r = mem_alloc(sizeof(*r));
	*r = (struct renderer){.token_key = token_key, .public_url = public_url};
	arena_init(&r->arena);
	return r;
}

void
renderer_forget(struct renderer *r)
{
	idmap_release(&r->parsed);
	arena_reset(&r->arena);
	r->program = NULL;
}

void
renderer_free(struct renderer *r)
{
	if (!r)
		return;
	idmap_release(&r->parsed);
	arena_clear(&r->arena);
	mem_free(r);
}

/* ---------------------------------------------------------------- templates */

static bool
parsed(struct renderer *r, const struct template_file *f, const struct template **ret, struct err *e)
{
	uint64_t key = (uint64_t)(uintptr_t)f, *kept = idmap_get(&r->parsed, key);
	if (kept) {
		*ret = (const struct template *)(uintptr_t)*kept;
		return true;
	}
	struct template *t;
	if (!template_parse(&r->arena, arena_cstr(&r->arena, f->path), f->text, &t, e))
		return false;
	idmap_put(&r->parsed, key, (uint64_t)(uintptr_t)t);
	*ret = t;
	return true;
}

/* One part; "" when the template has none. */
static bool
render_part(struct renderer *r, const struct program *p, const struct message *m, struct str locale, const char *part, const struct json *data, struct arena *a,
    struct str *ret, struct err *e)
{
	const struct template_file *f = program_template(p, m->template_name, m->variant, locale, part);
	const struct template *t;
	struct buf out = {0};
	struct render_options o = {.html = !strcmp(part, "html"), .one_line = !strcmp(part, "subject") || !strcmp(part, "preheader")};
	*ret = STR("");
	if (!f)
		return true;
	bool ok = parsed(r, f, &t, e) && template_render(t, data, &o, &out, e);
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

/* The frozen values, and what is known only when the bytes are made. */
static bool
extend(const struct renderer *r, const struct message *m, struct rendered *out, struct str preheader, struct arena *a, const struct json **ret, struct err *e)
{
	struct buf text = {0};
	struct str frozen = str_trim(m->frozen);
	if (frozen.len < 2 || frozen.ptr[frozen.len - 1] != '}')
		return fail(e, ERR_INVALID, "the message has no frozen values");
	buf_add_str(&text, str_slice(frozen, 0, frozen.len - 1));
	const struct { const char *key; struct str value; } added[] = {{"preheader", preheader}, {"subject", out->subject}, {"unsubscribe_url", out->unsubscribe_url},
		{"preferences_url", link_to(r, m, TOKEN_PREFERENCES, STR(""), a)}, {"web_url", link_to(r, m, TOKEN_VIEW, STR(""), a)}};
	bool first = frozen.len == 2;
	for (size_t i = 0; i < COUNT(added); i++) {
		if (!added[i].value.len)
			continue;
		struct json_writer w = json_writer_on(&text);
		buf_printf(&text, "%s\"%s\":", first ? "" : ",", added[i].key);
		jw_str(&w, added[i].value);
		first = false;
	}
	buf_add_char(&text, '}');
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

struct tracking_links { const struct renderer *r; const struct message *m; };

static struct str
tracked_link(void *self, struct arena *a, struct str target)
{
	const struct tracking_links *t = self;
	if (str_starts(target, t->r->public_url) || target.len > TOKEN_TARGET_MAX)
		return target;
	return link_to(t->r, t->m, TOKEN_CLICK, target, a);
}

static struct str
track(const struct renderer *r, const struct message *m, struct str html, struct arena *a)
{
	struct tracking_links t = {r, m};
	struct buf out = {0};
	struct str link = link_to(r, m, TOKEN_OPEN, STR(""), a);
	if (!link.len || !html.len)
		return html;
	rewrite_links(html, tracked_link, &t, a, &out);
	struct str all = buf_str(&out);
	size_t end = str_find(all, STR("</body>"), 0);
	struct str dot = arena_printf(a, "<img src=\"%.*s\" width=\"1\" height=\"1\" alt=\"\">", STR_ARGS(link));
	struct str result = end == SIZE_MAX ? arena_printf(a, "%.*s%.*s", STR_ARGS(all), STR_ARGS(dot)) :
	    arena_printf(a, "%.*s%.*s%.*s", STR_ARGS(str_slice(all, 0, end)), STR_ARGS(dot), STR_ARGS(str_slice(all, end, all.len)));
	buf_release(&out);
	return result;
}

/* ---------------------------------------------------------------- a message */

static bool
render_parts(struct renderer *r, const struct program *p, const struct message *m, const struct json *data, struct arena *a, struct rendered *ret, struct err *e)
{
	struct str locale = locale_of(data), preheader;
	const struct json *all;
	if (!render_part(r, p, m, locale, "subject", data, a, &ret->subject, e) || !render_part(r, p, m, locale, "preheader", data, a, &preheader, e) ||
	    !extend(r, m, ret, preheader, a, &all, e) || !render_part(r, p, m, locale, "html", all, a, &ret->html, e) ||
	    !render_part(r, p, m, locale, "txt", all, a, &ret->text, e))
		return false;
	if (!ret->html.len && !ret->text.len)
		return fail(e, ERR_NOT_FOUND, "there is no template %.*s", STR_ARGS(m->template_name));
	ret->subject = str_trim(ret->subject);
	if (!ret->text.len)
		ret->text = html_as_text(a, ret->html);
	return true;
}

bool
message_render(struct renderer *r, const struct program *p, const struct message *m, struct arena *a, struct rendered *ret, struct err *e)
{
	const struct json *data;
	struct rendered out = {0};
	if (r->program != p)
		renderer_forget(r);
	r->program = p;
	if (!json_parse_arena(a, m->frozen.len ? m->frozen : STR("{}"), &data, e))
		return fail_while(e, "reading the frozen values");
	if (!wall_parse(json_text(json_get(data, STR("now"))), &out.now))
		out.now = m->made;
	const struct purpose_def *purpose = purpose_of(p, m->purpose);
	out.unsubscribable = !purpose || purpose->unsubscribe;
	if (out.unsubscribable)
		out.unsubscribe_url = link_to(r, m, TOKEN_UNSUBSCRIBE, STR(""), a);
	read_senders(p, data, &out);
	if (!render_parts(r, p, m, data, a, &out, e))
		return false;
	if (m->tracked)
		out.html = track(r, m, out.html, a);
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

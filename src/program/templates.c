/* templates/: what messages say. templates/<name>[/<variant>][.<locale>].{html,txt}
 *
 *	---
 *	subject: {{ trait.firstName | default: "Hello" }}, your cart is waiting
 *	preheader: Free delivery from 40 euros
 *	layout: mail
 *	---
 *	<h1>…
 *
 * The head is lines of `key: value`, not YAML, since Liquid's braces mean something else there. A layout is a partial
 * (templates/partials/mail.html) with {{ content }} in it, and {{ subject }} and {{ preheader }} where it wants them. Layouts,
 * and partials named by {% include "button" %}, are put in right here as text: what a program renders needs no other file. */
#include "program/program_priv.h"
#include "base/str.h"
#include <stdio.h>

enum { INCLUDES_DEEP = 8, HEAD_KEYS = 4, TEMPLATE_BYTES = 512 * 1024 };
static const char head_words[] = "subject|preheader|layout|note";
enum head_key { HEAD_SUBJECT, HEAD_PREHEADER, HEAD_LAYOUT, HEAD_NOTE };

struct template_head {
	struct str values[HEAD_KEYS];
	int line;                        /* of the body's first line */
};

/* ---------------------------------------------------------------- names */

/* "cart_reminder/vip.fi.html" → name, variant, locale, part. */
static bool
read_path(struct str path, struct template_file *ret)
{
	static const struct str folder = STR_INIT("templates/"), partials = STR_INIT("partials/");
	struct str rest = str_slice(path, folder.len, path.len);
	bool html = str_ends(rest, STR(".html")), txt = str_ends(rest, STR(".txt"));
	if (!html && !txt)
		return false;
	*ret = (struct template_file){.part = html ? STR("html") : STR("txt"), .path = path};
	rest = str_slice(rest, 0, rest.len - (html ? 5 : 4));
	size_t slash = str_starts(rest, partials) ? SIZE_MAX : str_find_char(rest, '/', 0), dot;
	if (slash != SIZE_MAX) {
		ret->name = str_slice(rest, 0, slash);
		rest = str_slice(rest, slash + 1, rest.len);
	}
	if ((dot = str_find_char(rest, '.', 0)) != SIZE_MAX) {
		ret->locale = str_slice(rest, dot + 1, rest.len);
		rest = str_slice(rest, 0, dot);
	}
	if (slash != SIZE_MAX)
		ret->variant = rest;
	else
		ret->name = rest;
	struct str name = str_starts(ret->name, partials) ? str_slice(ret->name, partials.len, ret->name.len) : ret->name;
	return is_plain_name(name) && (slash == SIZE_MAX || is_plain_name(ret->variant));
}

static bool
is_partial(const struct template_file *t)
{
	return str_starts(t->name, STR("partials/"));
}

/* ---------------------------------------------------------------- the head */

static void
head_line(struct maker *m, struct template_head *h, struct str line, int number)
{
	char near[96];
	struct str known[HEAD_KEYS], rest = str_of(head_words), value = line, key = str_trim(str_cut(&value, ':'));
	int k = word_index(key, head_words);
	for (size_t i = 0; i < HEAD_KEYS; i++)
		known[i] = str_cut(&rest, '|');
	if (k < 0) {
		problem_in(m, m->file, number, 1, false, "a template's head has subject, preheader, layout and note; not '%.*s'%s",
		    STR_ARGS(str_slice(key, 0, 40)), did_you_mean(key, known, HEAD_KEYS, sizeof(known[0]), near));
		return;
	}
	if (h->values[k].ptr)
		problem_in(m, m->file, number, 1, false, "'%s' stands twice in the template's head", arena_cstr(m->a, key));
	h->values[k] = str_trim(value);
}

static struct str
read_head(struct maker *m, struct str text, struct template_head *h)
{
	struct str rest = text, first = str_cut(&rest, '\n');
	*h = (struct template_head){.line = 1};
	if (!str_eq(str_trim(first), STR("---")))
		return text;
	for (int number = 2; rest.len; number++) {
		struct str line = str_cut(&rest, '\n');
		if (str_eq(str_trim(line), STR("---"))) {
			h->line = number + 1;
			return rest;
		}
		if (str_trim(line).len)
			head_line(m, h, line, number);
	}
	problem_in(m, m->file, 1, 1, false, "the template's head begins with --- and has no second --- that ends it");
	return (struct str){0};
}

static void
push_part(struct maker *m, const struct template_file *of, const char *part, struct str text)
{
	struct template_file *t = vec_push(&m->templates);
	*t = *of;
	t->part = str_of(part);
	t->text = text;
}

void
make_template(struct maker *m, const struct program_file *f)
{
	struct template_file t;
	struct template_head h;
	if (!read_path(f->path, &t)) {
		problem_in(m, m->file, 0, 0, true, "a template is templates/<name>[/<variant>][.<locale>].html or .txt: this file is not read");
		return;
	}
	if (f->text.len > TEMPLATE_BYTES) {
		problem_in(m, m->file, 0, 0, false, "a template is at most %d KB long", TEMPLATE_BYTES >> 10);
		return;
	}
	t.text = read_head(m, f->text, &h);
	*vec_push(&m->templates) = t;
	if (is_partial(&t))
		return;
	/* Kept beside the body until the layout is in. */
	static const char *const parts[HEAD_KEYS] = {"subject", "preheader", "layout", NULL};
	for (size_t k = 0; k < HEAD_KEYS; k++)
		if (parts[k] && h.values[k].len)
			push_part(m, &t, arena_cstr(m->a, arena_printf(m->a, "%s of %.*s", parts[k], STR_ARGS(t.part))), h.values[k]);
}

/* ---------------------------------------------------------------- layouts and partials */

static bool
same_template(const struct template_file *a, const struct template_file *b)
{
	return str_eq(a->name, b->name) && str_eq(a->variant, b->variant) && str_eq(a->locale, b->locale);
}

static const struct template_file *
part_of(const struct maker *m, const struct template_file *of, const char *part)
{
	for (size_t i = 0; i < m->templates.len; i++)
		if (same_template(&m->templates.items[i], of) && str_eq(m->templates.items[i].part, str_of(part)))
			return &m->templates.items[i];
	return NULL;
}

/* partials/<name>, in the locale of the template that asks, else without one. */
static const struct template_file *
partial_named(const struct maker *m, struct str name, const struct template_file *asks)
{
	const struct template_file *found = NULL;
	for (size_t i = 0; i < m->templates.len; i++) {
		const struct template_file *t = &m->templates.items[i];
		if (!is_partial(t) || !str_eq(str_slice(t->name, 9, t->name.len), name) || !str_eq(t->part, asks->part))
			continue;
		if (str_eq(t->locale, asks->locale))
			return t;
		if (!t->locale.len)
			found = t;
	}
	return found;
}

/* {% include "button" %} at `at`: its end and the name; false when it is something else. */
static bool
is_include(struct str s, size_t at, size_t *ret_end, struct str *ret_name)
{
	size_t end = str_find(s, STR("%}"), at);
	if (end == SIZE_MAX)
		return false;
	struct str inside = str_slice(s, at + 2, end);
	if (inside.len && inside.ptr[0] == '-')
		inside = str_slice(inside, 1, inside.len);
	if (inside.len && inside.ptr[inside.len - 1] == '-')
		inside = str_slice(inside, 0, inside.len - 1);
	inside = str_trim(inside);
	if (!str_starts(inside, STR("include ")))
		return false;
	inside = str_trim(str_slice(inside, 8, inside.len));
	if (inside.len < 3 || (inside.ptr[0] != '"' && inside.ptr[0] != '\'') || inside.ptr[inside.len - 1] != inside.ptr[0])
		return false;
	*ret_name = str_slice(inside, 1, inside.len - 1);
	*ret_end = end + 2;
	return is_plain_name(*ret_name);
}

/* {{ content }} at `at`, with any blanks. */
static bool
is_output_of(struct str s, size_t at, const char *word, size_t *ret_end)
{
	size_t end = str_find(s, STR("}}"), at);
	if (end == SIZE_MAX || !str_eq(str_trim(str_slice(s, at + 2, end)), str_of(word)))
		return false;
	*ret_end = end + 2;
	return true;
}

struct filling {
	struct maker *m;
	const struct template_file *of;
	struct str content, subject, preheader;
	struct buf out;
	int depth;
	bool told;
};

static void
fill_too_deep(struct filling *f, const char *why)
{
	if (!f->told)
		problem_in(f->m, arena_cstr(f->m->a, f->of->path), 0, 0, false, "%s", why);
	f->told = true;
}

static void fill(struct filling *f, struct str text, bool in_layout);

static void
fill_include(struct filling *f, struct str name)
{
	const struct template_file *p = partial_named(f->m, name, f->of);
	if (!p)
		problem_in(f->m, arena_cstr(f->m->a, f->of->path), 0, 0, false, "there is no templates/partials/%.*s.%.*s", STR_ARGS(name), STR_ARGS(f->of->part));
	else if (f->depth >= INCLUDES_DEEP)
		fill_too_deep(f, "partials include each other more than eight levels deep: do they include themselves?");
	else if (f->out.len > TEMPLATE_BYTES)
		fill_too_deep(f, "with its partials this template is longer than 512 KB");
	else
		fill(f, p->text, false);
}

static void
fill(struct filling *f, struct str text, bool in_layout)
{
	size_t at = 0;
	f->depth++;
	while (at < text.len) {
		size_t brace = str_find_char(text, '{', at), end;
		struct str name;
		if (brace == SIZE_MAX || brace + 1 >= text.len)
			break;
		buf_add_str(&f->out, str_slice(text, at, brace));
		at = brace;
		if (text.ptr[at + 1] == '%' && is_include(text, at, &end, &name)) {
			fill_include(f, name);
			at = end;
		} else if (in_layout && text.ptr[at + 1] == '{' && is_output_of(text, at, "content", &end)) {
			fill(f, f->content, false);
			at = end;
		} else if (text.ptr[at + 1] == '{' && is_output_of(text, at, "subject", &end)) {
			buf_add_str(&f->out, f->subject);
			at = end;
		} else if (text.ptr[at + 1] == '{' && is_output_of(text, at, "preheader", &end)) {
			buf_add_str(&f->out, f->preheader);
			at = end;
		} else {
			buf_add_char(&f->out, '{');
			at++;
		}
	}
	buf_add_str(&f->out, str_slice(text, at, text.len));
	f->depth--;
}

static struct str
head_of(const struct maker *m, const struct template_file *t, const char *what)
{
	char part[48];
	(void)snprintf(part, sizeof(part), "%s of %.*s", what, STR_ARGS(t->part));
	const struct template_file *h = part_of(m, t, part);
	/* What one of the two files says, both mean. */
	(void)snprintf(part, sizeof(part), "%s of %s", what, str_eq(t->part, STR("html")) ? "txt" : "html");
	if (!h && strcmp(what, "layout") != 0)
		h = part_of(m, t, part);
	return h ? h->text : (struct str){0};
}

static struct str
filled(struct maker *m, const struct template_file *t)
{
	struct filling f = {.m = m, .of = t, .content = t->text, .subject = head_of(m, t, "subject"), .preheader = head_of(m, t, "preheader")};
	struct str layout = head_of(m, t, "layout");
	const struct template_file *l = layout.len ? partial_named(m, layout, t) : NULL;
	if (layout.len && !l)
		problem_in(m, arena_cstr(m->a, t->path), 0, 0, false, "there is no layout templates/partials/%.*s.%.*s", STR_ARGS(str_slice(layout, 0, 60)),
		    STR_ARGS(t->part));
	fill(&f, l ? l->text : t->text, l != NULL);
	struct str r = arena_str(m->a, buf_str(&f.out));
	buf_release(&f.out);
	return r;
}

static bool
is_body(const struct template_file *t)
{
	return !is_partial(t) && (str_eq(t->part, STR("html")) || str_eq(t->part, STR("txt")));
}

static bool
is_last_body(const struct maker *m, size_t at)
{
	for (size_t i = at + 1; i < m->templates.len; i++)
		if (is_body(&m->templates.items[i]) && same_template(&m->templates.items[i], &m->templates.items[at]))
			return false;
	return true;
}

static int
compare_templates(const void *a, const void *b)
{
	const struct template_file *x = a, *y = b;
	int c = str_cmp(x->name, y->name);
	c = c ? c : str_cmp(x->variant, y->variant);
	c = c ? c : str_cmp(x->locale, y->locale);
	return c ? c : str_cmp(x->part, y->part);
}

void
make_layouts(struct maker *m)
{
	VEC(struct template_file) done = {0};
	for (size_t i = 0; i < m->templates.len; i++) {
		struct template_file t = m->templates.items[i];
		if (!is_body(&t) && !is_partial(&t))
			continue;
		if (!is_partial(&t))
			t.text = filled(m, &m->templates.items[i]);
		*vec_push(&done) = t;
		if (is_partial(&t) || !is_last_body(m, i))
			continue;
		struct str subject = head_of(m, &t, "subject"), preheader = head_of(m, &t, "preheader");
		struct template_file head = t;
		if (subject.len) {
			head.part = STR("subject");
			head.text = subject;
			*vec_push(&done) = head;
		}
		if (preheader.len) {
			head.part = STR("preheader");
			head.text = preheader;
			*vec_push(&done) = head;
		}
	}
	m->templates.len = 0;
	for (size_t i = 0; i < done.len; i++)
		*vec_push(&m->templates) = done.items[i];
	vec_release(&done);
	if (m->templates.len)
		qsort(m->templates.items, m->templates.len, sizeof(m->templates.items[0]), compare_templates);
	m->p->templates = arena_items(m, &m->templates);
	m->p->n_templates = m->templates.len;
}

/* ---------------------------------------------------------------- checks */

static bool
is_locale(const struct maker *m, struct str locale)
{
	for (size_t i = 0; i < m->p->n_locales; i++)
		if (str_eq(m->p->locales[i], locale))
			return true;
	return false;
}

static bool
is_sent(const struct maker *m, const struct template_file *t)
{
	for (size_t i = 0; i < m->p->n_journeys; i++)
		for (size_t k = 0; k < m->p->journeys[i].n_steps; k++) {
			const struct step_def *s = &m->p->journeys[i].steps[k];
			for (size_t o = 0; s->kind == STEP_SEND && o < s->n_offers; o++)
				if (str_eq(s->offers[o].template, t->name))
					return true;
		}
	return false;
}

/* Templates that the shell itself sends or the policy needs. */
static bool
is_of_the_house(struct str name)
{
	return word_index(name, "confirm_subscription|test") >= 0;
}

void
check_templates(struct maker *m)
{
	size_t sends = 0;
	for (size_t i = 0; i < m->p->n_templates; i++) {
		const struct template_file *t = &m->p->templates[i];
		const char *file = arena_cstr(m->a, t->path);
		if (t->locale.len && !is_locale(m, t->locale))
			problem_in(m, file, 0, 0, false, "'%.*s' is none of the program's locales: nobody would ever get this", STR_ARGS(str_slice(t->locale, 0, 20)));
		if (is_body(t) && !(m->broken & 1u << DOC_JOURNEY) && !is_sent(m, t) && !is_of_the_house(t->name))
			problem_in(m, file, 0, 0, true, "no journey sends '%.*s'", STR_ARGS(t->name));
	}
	for (size_t i = 0; i < m->p->n_journeys; i++)
		for (size_t k = 0; k < m->p->journeys[i].n_steps; k++)
			sends += m->p->journeys[i].steps[k].kind == STEP_SEND;
	if (sends && !m->p->n_templates)
		problem_in(m, "templates/", 0, 0, true, "there are no templates: %zu steps send messages that have no words yet", sends);
}

static bool
has_body(const struct maker *m, struct str name, struct str variant, bool *ret_subject)
{
	bool body = false;
	for (size_t i = 0; i < m->p->n_templates; i++) {
		const struct template_file *t = &m->p->templates[i];
		if (!str_eq(t->name, name) || !str_eq(t->variant, variant))
			continue;
		body |= is_body(t);
		*ret_subject |= str_eq(t->part, STR("subject"));
	}
	return body;
}

void
check_offer(struct maker *m, const struct yaml *y, const struct offer *o, const struct variant *variants, size_t n_variants)
{
	bool subject = false, email = o->channel == CHANNEL_EMAIL;
	bool base = has_body(m, o->template, (struct str){0}, &subject);
	if (m->silent || !m->p->n_templates || o->channel == CHANNEL_WEBHOOK || !o->template.len)
		return;
	for (size_t i = 0; i < n_variants; i++) {
		bool of_variant = false;
		if (has_body(m, o->template, variants[i].name, &of_variant)) {
			subject |= of_variant;
			if (email && !of_variant)
				problem_at(m, y, "templates/%.*s/%.*s has no subject", STR_ARGS(o->template), STR_ARGS(variants[i].name));
		} else if (!base && email) {
			problem_at(m, y, "there is no template for the variant '%.*s': templates/%.*s/%.*s.html (and .txt)", STR_ARGS(variants[i].name),
			    STR_ARGS(o->template), STR_ARGS(variants[i].name));
		}
	}
	if (!base && !n_variants && email)
		problem_at(m, y, "there is no template '%.*s': templates/%.*s.html (and .txt)", STR_ARGS(o->template), STR_ARGS(o->template));
	else if (!base && !n_variants)
		warning_at(m, y, "there is no template '%.*s': templates/%.*s.txt", STR_ARGS(o->template), STR_ARGS(o->template));
	else if (base && email && !subject)
		problem_at(m, y, "the template '%.*s' has no subject: its file begins with --- and 'subject: …'", STR_ARGS(o->template));
}

/* ---------------------------------------------------------------- choosing */

/* How well a file fits a reader: the language first, then the variant; 0 = not at all. */
static int
template_rank(const struct program *p, const struct template_file *t, struct str variant, struct str locale)
{
	struct str language = locale;
	language = str_cut(&language, '-');
	if (locale.len && str_find_char(locale, '_', 0) != SIZE_MAX) {
		language = locale;
		language = str_cut(&language, '_');
	}
	bool exact = str_eq(t->variant, variant);
	if (!exact && t->variant.len)
		return 0;
	/* A file without a locale is in the program's first language. */
	struct str own = t->locale.len ? t->locale : p->n_locales ? p->locales[0] : (struct str){0};
	int fit = locale.len && str_eq_nocase(own, locale) ? 4 : locale.len && str_eq_nocase(own, language) ? 3 : p->n_locales && str_eq(own, p->locales[0]) ? 2 : 1;
	return fit * 4 + (exact ? 2 : 0) + (t->locale.len ? 1 : 0);
}

const struct template_file *
program_template(const struct program *p, struct str name, struct str variant, struct str locale, const char *part)
{
	const struct template_file *best = NULL, *found = NULL;
	int rank = 0;
	for (size_t i = 0; i < p->n_templates; i++) {
		const struct template_file *t = &p->templates[i];
		if (!str_eq(t->name, name) || !is_body(t))
			continue;
		int r = template_rank(p, t, variant, locale);
		if (r > rank) {
			rank = r;
			best = t;
		}
	}
	/* All parts of one message are of one set: no Finnish subject over an English letter. */
	for (size_t i = 0; best && i < p->n_templates; i++)
		if (same_template(&p->templates[i], best) && str_eq(p->templates[i].part, str_of(part)))
			found = &p->templates[i];
	return found;
}

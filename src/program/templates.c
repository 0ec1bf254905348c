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
#include "template/template.h"
#include <stdio.h>

enum { HEAD_KEYS = 4 };
static const char head_words[] = "subject|preheader|layout|note";
enum head_key { HEAD_SUBJECT, HEAD_PREHEADER, HEAD_LAYOUT, HEAD_NOTE };

struct template_head {
	struct str values[HEAD_KEYS];
	int lines[HEAD_KEYS];            /* where they stand */
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

bool
template_is_partial(const struct template_file *t)
{
	return str_starts(t->name, STR("partials/"));
}

bool
template_is_same(const struct template_file *a, const struct template_file *b)
{
	return str_eq(a->name, b->name) && str_eq(a->variant, b->variant) && str_eq(a->locale, b->locale);
}

bool
template_is_body(const struct template_file *t)
{
	return !template_is_partial(t) && (str_eq(t->part, STR("html")) || str_eq(t->part, STR("txt")));
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
	h->lines[k] = number;
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

/* {% include "button" %} at `at`: its end and the name; false when it is something else. */
bool
include_at(struct str s, size_t at, size_t *ret_end, struct str *ret_name)
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

/* Liquid, told in the lines of the file; partials are looked at by themselves. */
static void
check_liquid(struct maker *m, struct str text, int first_line)
{
	struct arena scratch;
	struct template *t;
	struct err e = {0};
	arena_init(&scratch);
	char *alone = memcpy(arena_alloc(&scratch, text.len + 1), text.ptr ? text.ptr : "", text.len);
	for (size_t at = 0, end; (at = str_find(text, STR("{%"), at)) != SIZE_MAX; at += 2) {
		struct str name;
		for (size_t i = at; include_at(text, at, &end, &name) && i < end; i++)
			alone[i] = alone[i] == '\n' ? '\n' : ' ';
	}
	if (!template_parse(&scratch, m->file, (struct str){alone, text.len}, &t, &e))
		problem_in(m, m->file, e.line ? e.line + first_line - 1 : first_line, e.column, false, "%s", e.text);
	arena_clear(&scratch);
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
	check_liquid(m, t.text, h.line);
	*vec_push(&m->templates) = t;
	if (template_is_partial(&t))
		return;
	/* Kept beside the body until the layout is in. */
	static const char *const parts[HEAD_KEYS] = {"subject", "preheader", "layout", NULL};
	for (size_t k = 0; k < HEAD_KEYS; k++) {
		if (!parts[k] || !h.values[k].len)
			continue;
		if (k != HEAD_LAYOUT)
			check_liquid(m, h.values[k], h.lines[k]);
		push_part(m, &t, arena_cstr(m->a, arena_printf(m->a, "%s of %.*s", parts[k], STR_ARGS(t.part))), h.values[k]);
	}
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
		if (template_is_body(t) && !(m->broken & 1u << DOC_JOURNEY) && !is_sent(m, t) && !is_of_the_house(t->name))
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
		body |= template_is_body(t);
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
		if (!str_eq(t->name, name) || !template_is_body(t))
			continue;
		int r = template_rank(p, t, variant, locale);
		if (r > rank) {
			rank = r;
			best = t;
		}
	}
	/* All parts of one message are of one set: no Finnish subject over an English letter. */
	for (size_t i = 0; best && i < p->n_templates; i++)
		if (template_is_same(&p->templates[i], best) && str_eq(p->templates[i].part, str_of(part)))
			found = &p->templates[i];
	return found;
}

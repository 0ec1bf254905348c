/* Layouts and partials, put into the templates as text: what a program renders needs no other file.
 *
 * A layout is a partial with {{ content }} in it; {{ subject }} and {{ preheader }} stand for what the template's head says. */
#include "program/program_priv.h"
#include "base/str.h"
#include <stdio.h>

enum { INCLUDES_DEEP = 8 };

static const struct template_file *
part_of(const struct maker *m, const struct template_file *of, const char *part)
{
	for (size_t i = 0; i < m->templates.len; i++)
		if (template_is_same(&m->templates.items[i], of) && str_eq(m->templates.items[i].part, str_of(part)))
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
		if (!template_is_partial(t) || !str_eq(str_slice(t->name, 9, t->name.len), name) || !str_eq(t->part, asks->part))
			continue;
		if (str_eq(t->locale, asks->locale))
			return t;
		if (!t->locale.len)
			found = t;
	}
	return found;
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
		if (text.ptr[at + 1] == '%' && include_at(text, at, &end, &name)) {
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
is_last_body(const struct maker *m, size_t at)
{
	for (size_t i = at + 1; i < m->templates.len; i++)
		if (template_is_body(&m->templates.items[i]) && template_is_same(&m->templates.items[i], &m->templates.items[at]))
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
		if (!template_is_body(&t) && !template_is_partial(&t))
			continue;
		if (!template_is_partial(&t))
			t.text = filled(m, &m->templates.items[i]);
		*vec_push(&done) = t;
		if (template_is_partial(&t) || !is_last_body(m, i))
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

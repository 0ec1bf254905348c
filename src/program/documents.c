/* Files into documents: which kind a path is, YAML read, keys checked. */
#include "program/program_priv.h"
#include "base/limits.h"
#include "base/str.h"

static bool
is_yaml(struct str path)
{
	return str_ends(path, STR(".yaml")) || str_ends(path, STR(".yml"));
}

static enum document_kind
kind_of_path(struct str path)
{
	for (size_t k = 0; k < DOC_KIND_COUNT; k++) {
		const struct document_def *d = &document_defs[k];
		if ((d->file && str_eq(path, str_of(d->file))) || (d->folder && str_starts(path, str_of(d->folder)) && is_yaml(path)))
			return (enum document_kind)k;
	}
	return DOC_KIND_COUNT;
}

/* "these files are read: program.yaml, …" for a path that is none of them. */
static void
unknown_file(struct maker *m, struct str path)
{
	char near[96];
	struct str known[DOC_KIND_COUNT];
	size_t n = 0;
	for (size_t k = 0; k < DOC_KIND_COUNT; k++)
		if (document_defs[k].file)
			known[n++] = str_of(document_defs[k].file);
	if (is_yaml(path))
		problem_in(m, m->file, 0, 0, true, "no document of a program has this name%s: it is not read",
		    did_you_mean(path, known, n, sizeof(known[0]), near));
}

static bool
is_empty_document(const struct yaml *y)
{
	return !y || (y->kind == YAML_SCALAR && !y->text.len && !y->quoted);
}

static bool
read_documents(struct maker *m, struct str text, enum document_kind kind)
{
	struct yaml **docs;
	size_t n, used = 0;
	struct err e = {0};
	if (!yaml_parse(m->a, m->file, text, &docs, &n, &e)) {
		problem_err(m, &e);
		return false;
	}
	for (size_t i = 0; i < n; i++) {
		if (is_empty_document(docs[i]))
			continue;
		if (used++ && !document_defs[kind].many) {
			problem_at(m, docs[i], "there is one document in %s: the part after '---' is a second one", m->file);
			break;
		}
		struct document d = {kind, docs[i], m->file};
		if (check_document(m, &d))
			*vec_push(&m->documents) = d;
	}
	if (!used)
		problem_in(m, m->file, 0, 0, true, "this file is empty");
	return true;
}

/* "../x", "/etc/passwd" and the like never reach a disk from here. */
static bool
is_safe_path(struct str path)
{
	struct str rest = path;
	if (!path.len || path.len > 200 || path.ptr[0] == '/' || str_find_char(path, '\\', 0) != SIZE_MAX || !str_is_utf8(path))
		return false;
	for (size_t i = 0; i < path.len; i++)
		if ((unsigned char)path.ptr[i] < ' ')
			return false;
	while (rest.len) {
		struct str part = str_cut(&rest, '/');
		if (!part.len || str_eq(part, STR(".")) || str_eq(part, STR("..")))
			return false;
	}
	return true;
}

void
read_files(struct maker *m)
{
	size_t total = 0;
	for (size_t i = 0; i < m->p->n_files; i++) {
		const struct program_file *f = &m->p->files[i];
		m->file = arena_cstr(m->a, str_slice(f->path, 0, 120));
		total += f->text.len;
		if (!is_safe_path(f->path)) {
			problem_in(m, "", 0, 0, false, "'%s' is no path inside a program", m->file);
			continue;
		}
		if (total > LIMIT_PROGRAM_BYTES) {
			problem_in(m, m->file, 0, 0, false, "the documents are too large: at most %d MB together", LIMIT_PROGRAM_BYTES >> 20);
			return;
		}
		if (!str_is_utf8(f->text)) {
			problem_in(m, m->file, 0, 0, false, "this file is not UTF-8 text");
			continue;
		}
		enum document_kind kind = kind_of_path(f->path);
		if (kind != DOC_KIND_COUNT)
			(void)read_documents(m, f->text, kind);
		else if (str_starts(f->path, STR("templates/")))
			make_template(m, f);
		else
			unknown_file(m, f->path);
	}
}

const struct document *
document_next(const struct maker *m, enum document_kind kind, const struct document *after)
{
	const struct document *d = after ? after + 1 : m->documents.items, *end = m->documents.items + m->documents.len;
	while (d && d < end && d->kind != kind)
		d++;
	return d && d < end ? d : NULL;
}

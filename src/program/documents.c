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

/* ---------------------------------------------------------------- slips that YAML itself does not explain */

static struct str
line_of(struct str text, int number)
{
	struct str line = {0};
	for (int i = 0; i < number && text.len; i++)
		line = str_cut(&text, '\n');
	return number > 0 ? line : (struct str){0};
}

/* The value behind "key: " or "- key: ", where it begins with a quote and goes on behind the quote that ends it. */
static bool
goes_on_behind_its_quote(struct str line)
{
	size_t colon = str_find(line, STR(": "), 0);
	struct str value = colon == SIZE_MAX ? str_trim(line) : str_trim(str_slice(line, colon + 2, line.len));
	if (str_starts(value, STR("- ")))
		value = str_trim(str_slice(value, 2, value.len));
	if (!value.len || (value.ptr[0] != '"' && value.ptr[0] != '\''))
		return false;
	size_t end = str_find_char(value, value.ptr[0], 1);
	return end != SIZE_MAX && end + 1 < value.len && str_trim(str_slice(value, end + 1, value.len)).ptr[0] != '#';
}

static bool
is_remark(struct str line)
{
	struct str s = str_trim(line);
	return s.len && s.ptr[0] == '#';
}

static const char *
hint_for(struct str text, int number)
{
	for (int i = number; i > 0 && i > number - 2; i--) {
		struct str line = line_of(text, i);
		if (goes_on_behind_its_quote(line))
			return ". A value that begins with a quote ends with it: begin with a word (track \"Order Completed\" …), or write the text on lines of its own after '|'";
		if (str_find_char(line, '{', 0) != SIZE_MAX && (str_find_char(line, '(', 0) != SIZE_MAX || str_find_char(line, '"', 0) != SIZE_MAX))
			return ". Conditions do not stand in { }: a comma or a quote cuts them apart; give them a line of their own";
		if (i < number && is_remark(line))
			return ". A remark ends a condition of several lines: write the lines after '|', where # begins a remark of the condition itself";
	}
	return "";
}

/* "#and consent.email" behind a condition: YAML takes it away without a word. A remark has a space behind its sign. */
static void
look_for_swallowed_words(struct maker *m, struct str text)
{
	int number = 1;
	while (text.len) {
		struct str line = str_cut(&text, '\n');
		char quote = 0;
		for (size_t i = 0; i + 1 < line.len; i++) {
			char c = line.ptr[i], after = line.ptr[i + 1];
			bool letter = (after >= 'a' && after <= 'z') || (after >= 'A' && after <= 'Z');
			if (quote ? c == quote : c == '"' || c == '\'')
				quote = quote ? 0 : c;
			if (c != '#' || quote || !i || line.ptr[i - 1] != ' ')
				continue;
			if (letter && str_trim(str_slice(line, 0, i)).len)
				problem_in(m, m->file, number, (int)i + 1, true, "'%.*s' is a remark and does nothing: was it meant? A remark has a space after #",
				    STR_ARGS(str_slice(line, i, i + 60)));
			break;
		}
		number++;
	}
}

/* ---------------------------------------------------------------- documents */

static bool
is_empty_document(const struct yaml *y)
{
	return !y || (y->kind == YAML_SCALAR && !y->text.len && !y->quoted);
}

static void
read_documents(struct maker *m, struct str text, enum document_kind kind)
{
	struct yaml **docs;
	size_t n, used = 0;
	struct err e = {0};
	if (!yaml_parse(m->a, m->file, text, &docs, &n, &e)) {
		problem_in(m, m->file, e.line, e.column, false, "%s%s", e.text, hint_for(text, e.line));
		m->broken |= 1u << kind;
		return;
	}
	look_for_swallowed_words(m, text);
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
		else
			m->broken |= 1u << kind;
	}
	if (!used)
		problem_in(m, m->file, 0, 0, true, "this file is empty");
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

/* Names the place of the first byte that no UTF-8 text has. */
static void
no_utf8(struct maker *m, struct str text)
{
	enum { LONG_LINE = 4096 };
	struct str rest = text, line = {0};
	int number = 0;
	size_t good = 0;
	while (rest.ptr && str_is_utf8(line))
		line = str_cut(&rest, '\n'), number++;
	if (line.len <= LONG_LINE)
		for (size_t n = 1; n < line.len; n++)
			good = str_is_utf8(str_slice(line, 0, n)) ? n : good;
	problem_in(m, m->file, number, (int)str_code_points(str_slice(line, 0, good)) + 1, false, "from here on this file is not UTF-8 text");
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
			no_utf8(m, f->text);
			continue;
		}
		enum document_kind kind = kind_of_path(f->path);
		if (kind != DOC_KIND_COUNT)
			read_documents(m, f->text, kind);
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

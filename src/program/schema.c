/* The key tables as JSON Schema (draft 2020-12) and as Markdown. */
#include "program/schema.h"
#include "base/json.h"
#include "base/vec.h"
#include "program/keys.h"

static const char *const names[DOC_KIND_COUNT] = {
    [DOC_PROGRAM] = "program", [DOC_VOCABULARY] = "vocabulary", [DOC_SEGMENT] = "segments", [DOC_LIFECYCLE] = "lifecycle",
    [DOC_JOURNEY] = "journey", [DOC_POLICY] = "policy", [DOC_EVIDENCE] = "evidence", [DOC_GOAL] = "goals",
    [DOC_CATALOGUE] = "catalogue", [DOC_PEOPLE] = "people",
};

size_t
schema_count(void)
{
	return DOC_KIND_COUNT;
}

const char *
schema_name(size_t i)
{
	return names[i];
}

/* ---------------------------------------------------------------- the shapes that a document is made of */

typedef VEC(const struct shape *) shape_list;

static void note_shape(shape_list *l, const struct shape *s);

static void
note_keys(shape_list *l, const struct shape *s)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct key_def *k = &s->keys[i];
		if (k->shape)
			note_shape(l, k->shape);
		if (k->type == KEY_STEPS)
			for (size_t n = 0; n < n_step_shapes; n++)
				note_shape(l, &step_shapes[n]);
		if (k->type == KEY_BRANCHES) {
			note_shape(l, branch_shape());
			note_shape(l, branch_else_shape());
		}
	}
}

/* In the order in which they are met, each once. */
static void
note_shape(shape_list *l, const struct shape *s)
{
	for (size_t i = 0; i < l->len; i++)
		if (l->items[i] == s)
			return;
	*vec_push(l) = s;
	note_keys(l, s);
}

/* ---------------------------------------------------------------- JSON Schema */

static bool
is_step(const struct shape *s)
{
	return step_shape_of(str_of(s->name)) == s;
}

/* "wait for" → "step_wait_for"; the two ways of a branch are told apart. */
static void
def_name(const struct shape *s, struct buf *out)
{
	buf_printf(out, "%s%s", is_step(s) ? "step_" : "", s == branch_else_shape() ? "branch_else" : s->name);
	for (size_t i = 0; i < out->len; i++)
		if (out->ptr[i] == ' ' || out->ptr[i] == '-')
			out->ptr[i] = '_';
}

static void
put_ref(struct json_writer *w, const struct shape *s)
{
	struct buf b = {0}, name = {0};
	def_name(s, &name);
	buf_printf(&b, "#/$defs/%s", name.ptr);
	jw_kstr(w, "$ref", buf_str(&b));
	buf_release(&b);
	buf_release(&name);
}

static void
put_types(struct json_writer *w, const char *a, const char *b, const char *c)
{
	const char *types[] = {a, b, c};
	jw_karray(w, "type");
	for (size_t i = 0; i < COUNT(types); i++)
		if (types[i])
			jw_cstr(w, types[i]);
	jw_array_end(w);
}

static void
put_pattern(struct json_writer *w, const char *pattern)
{
	jw_kstr(w, "type", STR("string"));
	jw_kstr(w, "pattern", str_of(pattern));
}

static void
put_enum(struct json_writer *w, const char *words)
{
	struct str rest = str_of(words);
	bool yes = false;
	jw_karray(w, "enum");
	while (rest.len) {
		struct str word = str_cut(&rest, '|');
		yes |= str_eq(word, STR("yes"));
		jw_str(w, word);
	}
	/* Editors read yes and no as YAML 1.1 does, writers write true and false. */
	if (yes) {
		jw_bool(w, true);
		jw_bool(w, false);
	}
	jw_array_end(w);
}

static void
put_scalar_items(struct json_writer *w)
{
	jw_kstr(w, "type", STR("array"));
	jw_kobject(w, "items");
	put_types(w, "string", "number", NULL);
	jw_object_end(w);
}

static void
put_one_or_list(struct json_writer *w)
{
	jw_karray(w, "anyOf");
	jw_object(w);
	jw_kstr(w, "type", STR("string"));
	jw_object_end(w);
	jw_object(w);
	put_scalar_items(w);
	jw_kint(w, "minItems", 1);
	jw_object_end(w);
	jw_array_end(w);
}

static void
put_values(struct json_writer *w, bool scalars)
{
	put_types(w, "object", "null", NULL);
	if (!scalars)
		return;
	jw_kobject(w, "additionalProperties");
	put_types(w, "string", "number", "boolean");
	jw_object_end(w);
}

static void
put_label(struct json_writer *w)
{
	jw_karray(w, "anyOf");
	jw_object(w);
	jw_kstr(w, "type", STR("string"));
	jw_object_end(w);
	jw_object(w);
	jw_kstr(w, "type", STR("object"));
	jw_kobject(w, "additionalProperties");
	jw_kstr(w, "type", STR("string"));
	jw_object_end(w);
	jw_object_end(w);
	jw_array_end(w);
}

static void
put_variants(struct json_writer *w)
{
	jw_kstr(w, "type", STR("array"));
	jw_kobject(w, "items");
	put_values(w, true);
	jw_kint(w, "minProperties", 1);
	jw_kint(w, "maxProperties", 1);
	jw_object_end(w);
}

static void
put_branches(struct json_writer *w)
{
	jw_kstr(w, "type", STR("array"));
	jw_kint(w, "minItems", 1);
	jw_kobject(w, "items");
	jw_karray(w, "anyOf");
	jw_object(w);
	put_ref(w, branch_shape());
	jw_object_end(w);
	jw_object(w);
	put_ref(w, branch_else_shape());
	jw_object_end(w);
	jw_array_end(w);
	jw_object_end(w);
}

static void
put_type(struct json_writer *w, const struct key_def *k)
{
	switch (k->type) {
	case KEY_TEXT:
	case KEY_VALUE:
		put_types(w, "string", "number", "boolean");
		break;
	case KEY_NAME:
		put_pattern(w, "^[A-Za-z_][A-Za-z0-9_]*$");
		break;
	case KEY_CONDITION:
	case KEY_TRIGGER:
		jw_kstr(w, "type", STR("string"));
		break;
	case KEY_LENGTH:
		put_pattern(w, "^[0-9.]+ ?(s|min|h|d|w|day|days)$");
		break;
	case KEY_SHARE:
		put_pattern(w, "^[0-9.]+%$");
		break;
	case KEY_COUNT:
		jw_kstr(w, "type", STR("integer"));
		jw_kint(w, "minimum", 0);
		break;
	case KEY_CLOCK:
		put_pattern(w, "^[0-9]{1,2}:[0-9]{2}$");
		break;
	case KEY_YES_NO:
		put_enum(w, "yes|no");
		break;
	case KEY_WORD:
		put_enum(w, k->words);
		break;
	case KEY_WORDS:
		jw_kstr(w, "type", STR("array"));
		jw_kobject(w, "items");
		put_enum(w, k->words);
		jw_object_end(w);
		break;
	case KEY_LABEL:
		put_label(w);
		break;
	case KEY_TEXTS:
		put_scalar_items(w);
		break;
	case KEY_TRIGGERS:
	case KEY_TEXT_OR_LIST:
		put_one_or_list(w);
		break;
	case KEY_OBJECT:
		put_ref(w, k->shape);
		break;
	case KEY_LIST:
		jw_kstr(w, "type", STR("array"));
		jw_kobject(w, "items");
		put_ref(w, k->shape);
		jw_object_end(w);
		break;
	case KEY_MAP:
		jw_kstr(w, "type", STR("object"));
		jw_kobject(w, "additionalProperties");
		put_ref(w, k->shape);
		jw_object_end(w);
		break;
	case KEY_VALUES:
		put_values(w, true);
		break;
	case KEY_TYPES:
	case KEY_EVENTS:
		put_values(w, false);
		break;
	case KEY_VARIANTS:
		put_variants(w);
		break;
	case KEY_STEPS:
		jw_kstr(w, "$ref", STR("#/$defs/steps"));
		break;
	case KEY_BRANCHES:
		put_branches(w);
		break;
	case KEY_TYPE:
	case KEY_ANY:
	case KEY_TYPE_COUNT:
		break;
	}
}

static void
put_shape(struct json_writer *w, const struct shape *s)
{
	jw_kstr(w, "type", STR("object"));
	jw_kobject(w, "properties");
	for (size_t i = 0; i < s->n; i++) {
		jw_kobject(w, s->keys[i].name);
		jw_kstr(w, "description", str_of(s->keys[i].help));
		put_type(w, &s->keys[i]);
		jw_object_end(w);
	}
	jw_object_end(w);
	jw_karray(w, "required");
	for (size_t i = 0; i < s->n; i++)
		if (s->keys[i].required)
			jw_cstr(w, s->keys[i].name);
	jw_array_end(w);
	jw_kbool(w, "additionalProperties", false);
}

static void
put_steps(struct json_writer *w)
{
	jw_kobject(w, "steps");
	put_types(w, "array", "null", NULL);
	jw_kobject(w, "items");
	jw_karray(w, "anyOf");
	for (size_t i = 0; i < n_step_shapes; i++) {
		jw_object(w);
		put_ref(w, &step_shapes[i]);
		jw_object_end(w);
	}
	jw_array_end(w);
	jw_object_end(w);
	jw_object_end(w);
}

void
schema_write(size_t i, struct buf *out)
{
	const struct document_def *d = &document_defs[i];
	struct json_writer w = json_writer_on(out);
	struct buf name = {0};
	shape_list shapes = {0};
	note_keys(&shapes, d->shape);
	w.pretty = true;
	jw_object(&w);
	jw_kstr(&w, "$schema", STR("https://json-schema.org/draft/2020-12/schema"));
	jw_kstr(&w, "title", str_of(names[i]));
	jw_kstr(&w, "description", str_of(d->help));
	if (d->is_map) {
		jw_kstr(&w, "type", STR("object"));
		jw_kobject(&w, "additionalProperties");
		put_shape(&w, d->shape);
		jw_object_end(&w);
	} else {
		put_shape(&w, d->shape);
	}
	if (shapes.len)
		jw_kobject(&w, "$defs");
	for (size_t k = 0; k < shapes.len; k++) {
		buf_reset(&name);
		def_name(shapes.items[k], &name);
		jw_kobject(&w, name.ptr);
		put_shape(&w, shapes.items[k]);
		jw_object_end(&w);
	}
	if (i == DOC_JOURNEY)
		put_steps(&w);
	if (shapes.len)
		jw_object_end(&w);
	jw_object_end(&w);
	buf_add_char(out, '\n');
	buf_release(&name);
	vec_release(&shapes);
}

/* ---------------------------------------------------------------- Markdown */

/* In a table | divides cells. */
static void
put_cell(struct buf *out, const char *s)
{
	for (; *s; s++) {
		if (*s == '|')
			buf_add_char(out, '\\');
		buf_add_char(out, *s);
	}
}

static void
put_words(struct buf *out, const char *words)
{
	struct str rest = str_of(words);
	for (bool first = true; rest.len; first = false) {
		struct str word = str_cut(&rest, '|');
		buf_printf(out, "%s`%.*s`", first ? "" : ", ", STR_ARGS(word));
	}
}

static void
put_table(struct buf *out, const struct shape *s)
{
	buf_add_cstr(out, "\n| key | takes | meaning |\n|---|---|---|\n");
	for (size_t i = 0; i < s->n; i++) {
		const struct key_def *k = &s->keys[i];
		buf_printf(out, "| `%s`%s | ", k->name, k->required ? " *" : "");
		if (k->words)
			put_words(out, k->words);
		else if (k->shape)
			buf_printf(out, "%s: *%s*", key_type_text(k->type), k->shape->name);
		else
			put_cell(out, key_type_text(k->type));
		buf_add_cstr(out, " | ");
		put_cell(out, k->help);
		buf_add_cstr(out, " |\n");
	}
}

void
schema_reference(size_t i, struct buf *out)
{
	const struct document_def *d = &document_defs[i];
	shape_list shapes = {0};
	note_keys(&shapes, d->shape);
	buf_printf(out, "%s%s%s%s%s%s%s\n", d->file ? "`" : "", d->file ? d->file : "", d->file ? "`" : "", d->file && d->folder ? " or files in " : d->folder ? "Files in " : "",
	    d->folder ? "`" : "", d->folder ? d->folder : "", d->folder ? "`" : "");
	buf_printf(out, "%s\n", d->many ? "(several documents in one file are divided by `---`)." : "(one document a file).");
	put_table(out, d->shape);
	for (size_t k = 0; k < shapes.len; k++) {
		const struct shape *s = shapes.items[k];
		buf_printf(out, "\n**%s%s**\n", is_step(s) ? "step: " : "",
		    s == branch_else_shape() ? "last way of a branch" : s == branch_shape() ? "way of a branch" : s->name);
		put_table(out, shapes.items[k]);
	}
	vec_release(&shapes);
}

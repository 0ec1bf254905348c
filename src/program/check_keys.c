/* Keys: the documents held against the table in keys.c, before anything is read. */
#include "program/program_priv.h"
#include "base/str.h"
#include <stdio.h>

static void check_shape(struct maker *m, const struct yaml *y, const struct shape *s);
static void check_steps_shape(struct maker *m, const struct yaml *y);

/* "the key 'trigers' is not known here (did you mean 'triggers'?)"; a condition cut apart by { } gets its own hint. */
static void
unknown_key(struct maker *m, const struct yaml *y, const struct shape *s)
{
	char near[96];
	struct str names[40];
	size_t n = s->n < COUNT(names) ? s->n : COUNT(names);
	for (size_t i = 0; i < n; i++)
		names[i] = str_of(s->keys[i].name);
	if (str_find_char(y->key, '(', 0) != SIZE_MAX || str_find_char(y->key, ')', 0) != SIZE_MAX)
		problem_at_key(m, y, "'%.*s' is a piece of a condition that a comma cut apart: conditions stand on a line of their own, not in { }",
		    STR_ARGS(y->key));
	else
		problem_at_key(m, y, "a %s has no key '%.*s'%s", s->name, STR_ARGS(str_slice(y->key, 0, 60)),
		    did_you_mean(y->key, names, n, sizeof(names[0]), near));
}

static bool
needs_scalar(struct maker *m, const struct yaml *y, const struct key_def *k)
{
	if (y->kind == YAML_SCALAR)
		return true;
	bool of_language = k->type == KEY_CONDITION || k->type == KEY_VALUE;
	problem_at(m, y, "'%s' takes %s, not %s%s", k->name, key_type_text(k->type), y->kind == YAML_MAPPING ? "keys" : "a list",
	    of_language ? ": did a comma or a colon cut it? Put it on its own lines after '|'" : "");
	return false;
}

static bool
needs_kind(struct maker *m, const struct yaml *y, enum yaml_kind kind, const char *name, enum key_type type)
{
	if (y->kind == kind)
		return true;
	if (y->kind == YAML_SCALAR && !y->text.len && kind == YAML_MAPPING)
		return true;       /* `topics:` with nothing behind it */
	problem_at(m, y, "'%s' takes %s", name, key_type_text(type));
	return false;
}

static void
check_words(struct maker *m, const struct yaml *y, const struct key_def *k)
{
	char near[96];
	struct str all[16], rest = str_of(k->words);
	size_t n = 0;
	while (rest.len && n < COUNT(all))
		all[n++] = str_cut(&rest, '|');
	if (word_index(y->text, k->words) >= 0)
		return;
	/* YAML writers say true where we say yes. */
	if ((str_eq(y->text, STR("true")) || str_eq(y->text, STR("false"))) && word_index(STR("yes"), k->words) >= 0)
		return;
	problem_at(m, y, "'%s' is one of %s; '%.*s' is not%s", k->name, k->words, STR_ARGS(str_slice(y->text, 0, 60)),
	    did_you_mean(y->text, all, n, sizeof(all[0]), near));
}

static void
check_label(struct maker *m, const struct yaml *y, const struct key_def *k)
{
	if (y->kind == YAML_SEQUENCE)
		problem_at(m, y, "'%s' takes %s", k->name, key_type_text(k->type));
	yaml_each(child, y->kind == YAML_MAPPING ? y : NULL)
		if (child->kind != YAML_SCALAR)
			problem_at(m, child, "a label is one text for each language");
		else if (!child->text.len && !child->quoted)
			problem_at_key(m, child, "'%.*s' has no text: did a comma cut a label apart? Put it in quotes", STR_ARGS(str_slice(child->key, 0, 60)));
}

static void
check_list_of_scalars(struct maker *m, const struct yaml *y, const struct key_def *k, bool one_too)
{
	if (one_too && y->kind == YAML_SCALAR) {
		if (!y->text.len)
			problem_at(m, y, "'%s' is empty", k->name);
		return;
	}
	if (y->kind == YAML_SCALAR && !y->text.len)
		return;
	if (!needs_kind(m, y, YAML_SEQUENCE, k->name, k->type))
		return;
	yaml_each(child, y) {
		if (child->kind != YAML_SCALAR)
			problem_at(m, child, "'%s' takes %s; this item is %s", k->name, key_type_text(k->type),
			    child->kind == YAML_MAPPING ? "a key with a value: put the whole text in quotes, or after '|'" : "a list");
		else if (k->type == KEY_WORDS)
			check_words(m, child, k);
	}
	if (one_too && !y->count)
		problem_at(m, y, "'%s' is an empty list", k->name);
}

static void
check_variants(struct maker *m, const struct yaml *y, const struct key_def *k)
{
	if (!needs_kind(m, y, YAML_SEQUENCE, k->name, k->type))
		return;
	yaml_each(child, y)
		if (child->kind != YAML_MAPPING || child->count != 1 || child->first->kind != YAML_SCALAR)
			problem_at(m, child, "a variant is one name with its condition, such as: vip: in segment \"vip\"");
}

static void
check_branches(struct maker *m, const struct yaml *y, const struct key_def *k)
{
	if (!needs_kind(m, y, YAML_SEQUENCE, k->name, k->type))
		return;
	yaml_each(child, y) {
		bool is_else = yaml_get(child, "else") != NULL;
		if (child->kind != YAML_MAPPING) {
			problem_at(m, child, "a way of a branch has 'if' and 'then', the last may have 'else'");
			continue;
		}
		check_shape(m, child, is_else ? branch_else_shape() : branch_shape());
		if (is_else && child->next)
			problem_at(m, child, "'else' is the last way of a branch: what follows it is never taken");
	}
	if (!y->count)
		problem_at(m, y, "a branch without ways");
}

static void
check_map(struct maker *m, const struct yaml *y, const struct key_def *k)
{
	if (!needs_kind(m, y, YAML_MAPPING, k->name, k->type))
		return;
	yaml_each(child, y) {
		if (k->type == KEY_MAP)
			check_shape(m, child, k->shape);
		else if (k->type == KEY_VALUES && child->kind != YAML_SCALAR)
			problem_at(m, child, "'%.*s' takes a value: did a comma or a colon cut it? Put it on its own lines after '|'",
			    STR_ARGS(child->key));
	}
}

static void
check_value(struct maker *m, const struct yaml *y, const struct key_def *k)
{
	switch (k->type) {
	case KEY_NAME:
		if (needs_scalar(m, y, k) && !is_plain_name(y->text))
			problem_at(m, y, "'%s' is a name of letters, digits and _, beginning with a letter; '%.*s' is not", k->name,
			    STR_ARGS(str_slice(y->text, 0, 60)));
		break;
	case KEY_CONDITION:
	case KEY_VALUE:
	case KEY_TRIGGER:
		if (needs_scalar(m, y, k) && !y->text.len)
			problem_at(m, y, "'%s' is empty", k->name);
		break;
	case KEY_WORD:
		if (needs_scalar(m, y, k))
			check_words(m, y, k);
		break;
	case KEY_YES_NO:
		if (needs_scalar(m, y, k) && word_index(y->text, "yes|no|true|false") < 0)
			problem_at(m, y, "'%s' is yes or no; '%.*s' is neither", k->name, STR_ARGS(str_slice(y->text, 0, 60)));
		break;
	case KEY_TEXT:
	case KEY_LENGTH:
	case KEY_SHARE:
	case KEY_COUNT:
	case KEY_CLOCK:
		(void)needs_scalar(m, y, k);
		break;
	case KEY_LABEL:
		check_label(m, y, k);
		break;
	case KEY_WORDS:
	case KEY_TEXTS:
		check_list_of_scalars(m, y, k, false);
		break;
	case KEY_TRIGGERS:
	case KEY_TEXT_OR_LIST:
		check_list_of_scalars(m, y, k, true);
		break;
	case KEY_OBJECT:
		if (needs_kind(m, y, YAML_MAPPING, k->name, k->type))
			check_shape(m, y, k->shape);
		break;
	case KEY_LIST:
		if (needs_kind(m, y, YAML_SEQUENCE, k->name, k->type))
			yaml_each(child, y)
				check_shape(m, child, k->shape);
		break;
	case KEY_MAP:
	case KEY_VALUES:
	case KEY_TYPES:
	case KEY_EVENTS:
		check_map(m, y, k);
		break;
	case KEY_VARIANTS:
		check_variants(m, y, k);
		break;
	case KEY_STEPS:
		check_steps_shape(m, y);
		break;
	case KEY_BRANCHES:
		check_branches(m, y, k);
		break;
	case KEY_TYPE:
	case KEY_ANY:
	case KEY_TYPE_COUNT:
		break;
	}
}

static void
check_shape(struct maker *m, const struct yaml *y, const struct shape *s)
{
	if (y->kind != YAML_MAPPING) {
		problem_at(m, y, "a %s consists of keys and values, such as: %s: …", s->name, s->keys[0].name);
		return;
	}
	yaml_each(child, y) {
		const struct key_def *k = shape_key(s, child->key);
		if (k)
			check_value(m, child, k);
		else
			unknown_key(m, child, s);
	}
	bool step = step_shape_of(str_of(s->name)) == s;
	for (size_t i = 0; i < s->n; i++)
		if (s->keys[i].required && !yaml_get(y, s->keys[i].name))
			problem_at(m, y, step ? "this step '%s' has no '%s'" : "this %s has no '%s'", s->name, s->keys[i].name);
}

static void
check_step(struct maker *m, const struct yaml *y)
{
	char near[96];
	struct str kinds[16];
	size_t n = 0;
	if (y->kind != YAML_MAPPING) {
		problem_at(m, y, "a step begins with what it does, such as: wait: 2d");
		return;
	}
	for (size_t i = 0; i < n_step_shapes; i++) {
		kinds[n++] = str_of(step_shapes[i].name);
		if (yaml_get(y, step_shapes[i].name)) {
			check_shape(m, y, &step_shapes[i]);
			return;
		}
	}
	problem_at(m, y, "no step begins with '%.*s'%s: steps are wait, wait for, wait until, send, branch, split, set, task, audience, go to, exit",
	    STR_ARGS(str_slice(y->first ? y->first->key : STR("{}"), 0, 60)),
	    y->first ? did_you_mean(y->first->key, kinds, n, sizeof(kinds[0]), near) : "");
}

static void
check_steps_shape(struct maker *m, const struct yaml *y)
{
	if (y->kind == YAML_SCALAR && !y->text.len)
		return;
	if (y->kind != YAML_SEQUENCE) {
		problem_at(m, y, "steps are a list: each begins with - and what it does");
		return;
	}
	yaml_each(child, y)
		check_step(m, child);
}

bool
check_document(struct maker *m, const struct document *d)
{
	bool failed_before = m->failed;
	m->failed = false;
	m->file = d->file;
	const struct document_def *def = &document_defs[d->kind];
	if (def->is_map && d->yaml->kind == YAML_MAPPING) {
		yaml_each(child, d->yaml)
			check_shape(m, child, def->shape);
	} else {
		check_shape(m, d->yaml, def->shape);
	}
	bool ok = !m->failed;
	m->failed |= failed_before;
	return ok;
}

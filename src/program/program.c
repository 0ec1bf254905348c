/* A program is made in one pass that never stops early: read, names, meaning, cross-checks. */
#include "program/program_priv.h"
#include "base/str.h"
#include "base/limits.h"
#include <stdlib.h>

static uint64_t
hash_files(const struct program *p)
{
	struct buf b = {0};
	for (size_t i = 0; i < p->n_files; i++) {
		buf_add_lstr(&b, p->files[i].path);
		buf_add_lstr(&b, p->files[i].text);
	}
	uint64_t h = hash_stable(buf_str(&b));
	buf_release(&b);
	return h;
}

static int
compare_files(const void *a, const void *b)
{
	return str_cmp(((const struct program_file *)a)->path, ((const struct program_file *)b)->path);
}

/* A copy, by path: the same documents in any order are the same program. */
static void
take_files(struct maker *m, const struct program_file *files, size_t n)
{
	struct program_file *copy = arena_array(m->a, struct program_file, n);
	for (size_t i = 0; i < n; i++)
		copy[i] = (struct program_file){arena_str(m->a, files[i].path), arena_str(m->a, files[i].text)};
	if (n)
		qsort(copy, n, sizeof(*copy), compare_files);
	for (size_t i = 1; i < n; i++)
		if (str_eq(copy[i - 1].path, copy[i].path))
			problem_in(m, arena_cstr(m->a, str_slice(copy[i].path, 0, 120)), 0, 0, false, "this file comes twice");
	m->p->files = copy;
	m->p->n_files = n;
	m->p->version = hash_files(m->p);
}

static int
compare_documents(const void *a, const void *b)
{
	const struct document *x = a, *y = b;
	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	int c = strcmp(x->file, y->file);
	return c ? c : x->yaml->line - y->yaml->line;
}

static bool
model_is_made(const struct program *p, struct str name)
{
	for (size_t i = 0; i < p->n_models; i++)
		if (str_eq(p->models[i].name, name))
			return true;
	return false;
}

/* Models are shared by programs: an example of a model about somebody whom this program does not know belongs to another one. */
static bool
is_ours(struct maker *m, const struct yaml *people, const struct yaml *who, bool of_lifecycle)
{
	char near[96] = "";
	VEC(struct str) names = {0};
	bool found = false;
	yaml_each(child, people) {
		found |= str_eq(child->key, yaml_text(who));
		*vec_push(&names) = child->key;
	}
	if (!found && !of_lifecycle)
		problem_at(m, who, "there is nobody called '%.*s' in people.yaml%s", STR_ARGS(str_slice(yaml_text(who), 0, 60)),
		    did_you_mean(yaml_text(who), names.items, names.len, sizeof(struct str), near));
	vec_release(&names);
	return found;
}

static void
add_examples(struct maker *m, enum document_kind kind, const char *name_key)
{
	const struct document *people = document_next(m, DOC_PEOPLE, NULL);
	bool of_lifecycle = kind == DOC_LIFECYCLE;
	each_document(d, m, kind) {
		struct str name = yaml_text(yaml_get(d->yaml, name_key));
		m->file = d->file;
		if (of_lifecycle && !model_is_made(m->p, name))
			continue;
		yaml_each(y, yaml_get(d->yaml, "examples")) {
			if (!is_ours(m, people ? people->yaml : NULL, yaml_get(y, "person"), of_lifecycle))
				continue;
			*vec_push(&m->examples) = (struct example){.document = name, .of_lifecycle = of_lifecycle, .it = yaml_text(yaml_get(y, "it")),
			    .file = str_of(d->file), .line = y->line, .yaml = y};
		}
	}
	if (people)
		m->p->people = people->yaml;
}

static void
make_examples(struct maker *m)
{
	add_examples(m, DOC_LIFECYCLE, "lifecycle");
	add_examples(m, DOC_JOURNEY, "journey");
	m->p->examples = arena_items(m, &m->examples);
	m->p->n_examples = m->examples.len;
}

static void
make_all(struct maker *m, struct str activities_tsv, const struct program_file *shadow_files, size_t n_shadow)
{
	read_files(m);
	if (m->documents.len)
		qsort(m->documents.items, m->documents.len, sizeof(m->documents.items[0]), compare_documents);
	make_activities(m, activities_tsv);
	make_program_document(m);
	make_layouts(m);
	const struct document *program = document_next(m, DOC_PROGRAM, NULL);
	m->p->example_catalogue = make_example_catalogue(m, m->p->catalogue, program ? yaml_get(program->yaml, "rates") : NULL);
	/* Where names are missing because their document could not be read, everything that uses them would be called wrong. */
	if (m->broken & (1u << DOC_VOCABULARY | 1u << DOC_SEGMENT | 1u << DOC_LIFECYCLE | 1u << DOC_POLICY | 1u << DOC_PEOPLE))
		return;
	make_vocabulary(m);
	make_segments(m);
	make_models(m);
	make_policy(m);
	make_journeys(m);
	make_goals(m);
	make_evidence(m);
	make_shadows(m, shadow_files, n_shadow);
	make_order(m);
	check_templates(m);
	make_examples(m);
}

static int
compare_problems(const void *a, const void *b)
{
	const struct err *x = &((const struct problem *)a)->err, *y = &((const struct problem *)b)->err;
	int c = strcmp(x->file, y->file);
	c = c ? c : (x->line > y->line) - (x->line < y->line);
	c = c ? c : (x->column > y->column) - (x->column < y->column);
	return c ? c : strcmp(x->text, y->text);
}

/* By place; one that was met twice (a name checked at two uses) is told once. */
static void
sort_problems(problem_list *problems)
{
	size_t kept = 0;
	if (problems->len)
		qsort(problems->items, problems->len, sizeof(problems->items[0]), compare_problems);
	for (size_t i = 0; i < problems->len; i++)
		if (!kept || compare_problems(&problems->items[kept - 1], &problems->items[i]) != 0)
			problems->items[kept++] = problems->items[i];
	problems->len = kept;
}

bool
program_make(const struct program_file *files, size_t n, struct tz_set *zones, struct str activities_tsv,
    const struct program_file *shadow_files, size_t n_shadow, problem_list *problems, struct program **ret)
{
	struct program *p = mem_alloc(sizeof(*p));
	struct maker m = {.p = p, .a = &p->arena, .zones = zones, .problems = problems};
	arena_init(&p->arena);
	take_files(&m, files, n);
	make_all(&m, activities_tsv, shadow_files, n_shadow);
	vec_release(&m.documents);
	vec_release(&m.conditions);
	vec_release(&m.templates);
	vec_release(&m.examples);
	strmap_release(&m.hidden);
	sort_problems(problems);
	if (m.failed) {
		program_free(p);
		*ret = NULL;
		return false;
	}
	*ret = p;
	return true;
}

void
program_free(struct program *p)
{
	if (!p)
		return;
	arena_clear(&p->arena);
	mem_free(p);
}

const struct journey_def *
program_journey(const struct program *p, struct str name)
{
	for (size_t i = 0; i < p->n_journeys; i++)
		if (str_eq(p->journeys[i].name, name))
			return &p->journeys[i];
	return NULL;
}

size_t
program_examples(const struct program *p, const struct example **ret)
{
	*ret = p->examples;
	return p->n_examples;
}

const struct yaml *
program_example_person(const struct program *p, struct str name)
{
	yaml_each(child, p->people)
		if (str_eq(child->key, name))
			return child;
	return NULL;
}

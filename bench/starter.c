#include "starter.h"
#include "base/vec.h"
#include "program/embedded.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct program *
starter_load(const char *name, struct tz_set *zones, struct arena *a)
{
	VEC(struct program_file) files = {0};
	problem_list problems = {0};
	struct program *p = NULL;
	struct str activities = {0};
	char below[32];
	snprintf(below, sizeof(below), "%s/", name);
	for (size_t i = 0; i < n_embedded_files; i++) {
		const struct embedded_file *f = &embedded_files[i];
		struct str path = str_of(f->path), text = {f->bytes, f->len};
		if (str_eq(path, STR("activities.tsv")))
			activities = text;
		else if (str_starts(path, str_of(below)))
			*vec_push(&files) = (struct program_file){str_slice(path, strlen(below), path.len), text};
		else if (str_starts(path, STR("lifecycle/")))
			*vec_push(&files) = (struct program_file){path, text};
		else if (str_starts(path, STR("partials/")))
			*vec_push(&files) = (struct program_file){arena_printf(a, "templates/%.*s", STR_ARGS(path)), text};
	}
	if (!program_make(files.items, files.len, zones, activities, NULL, 0, &problems, &p)) {
		for (size_t i = 0; i < problems.len; i++)
			fprintf(stderr, "%s: %s\n", problems.items[i].err.file, problems.items[i].err.text);
		exit(1);
	}
	vec_release(&files);
	vec_release(&problems);
	return p;
}

void
starter_live(struct engine *g, struct program *p, wall at, struct decisions *d)
{
	struct buf text = {0};
	struct arena a;
	struct err e;
	const struct json *body;
	size_t missing;
	arena_init(&a);
	program_write_json(p, &text);
	if (!json_parse_arena(&a, buf_str(&text), &body, &e))
		abort();
	engine_declare(g, p, &missing);
	engine_offer_program(g, p);
	struct entry en = {.seq = 1, .at = at, .happened = at, .kind = ENTRY_PROGRAM, .trust = TRUST_SELF, .body = body, .text = buf_str(&text)};
	engine_admit(g, &en);
	engine_apply(g, &en, d);
	arena_clear(&a);
	buf_release(&text);
}

/* starter.h -- the starter programs as the binary carries them, made; for tests that run what is shipped. */
#pragma once
#include "base/clock.h"
#include "base/vec.h"
#include "engine/tell.h"
#include "program/embedded.h"
#include "tap.h"

struct starter {
	struct arena a;
	struct tz_set *zones;
	struct program *p;
	struct engine_options options;
};

static inline void
starter_take(struct arena *a, const char *below, const char *as, struct program_file *files, size_t *n)
{
	for (size_t i = 0; i < n_embedded_files; i++) {
		const struct embedded_file *f = &embedded_files[i];
		if (str_starts(str_of(f->path), str_of(below)))
			files[(*n)++] = (struct program_file){arena_printf(a, "%s%s", as, f->path + strlen(below)), {f->bytes, f->len}};
	}
}

static inline struct str
with_all_models(struct arena *a, struct str text)
{
	struct str key = STR("lifecycles: [race]");
	size_t at = str_find(text, key, 0);
	if (at == SIZE_MAX)
		TAP_FAIL("program.yaml does not say: lifecycles: [race]");
	return arena_printf(a, "%.*slifecycles: [race, five_stages, retail, attract_sell_wow, sterne_cutler, decision_journey]%.*s",
	    STR_ARGS(str_slice(text, 0, at)), STR_ARGS(str_slice(text, at + key.len, text.len)));
}

/* False when the program is not right; the problems are printed. `models`: put in all six, whatever program.yaml names. */
static inline bool
starter_open(struct starter *s, const char *name, bool models)
{
	size_t n = 0;
	problem_list problems = {0};
	struct str tsv = {0};
	arena_init(&s->a);
	s->zones = tz_set_new(tz_source_system());
	struct program_file *files = arena_array(&s->a, struct program_file, n_embedded_files + 8);
	starter_take(&s->a, arena_cstr(&s->a, arena_printf(&s->a, "%s/", name)), "", files, &n);
	starter_take(&s->a, "lifecycle/", "lifecycle/", files, &n);
	starter_take(&s->a, "partials/", "templates/partials/", files, &n);
	for (size_t i = 0; i < n_embedded_files; i++)
		if (!strcmp(embedded_files[i].path, "activities.tsv"))
			tsv = (struct str){embedded_files[i].bytes, embedded_files[i].len};
	for (size_t i = 0; models && i < n; i++)
		if (str_eq(files[i].path, STR("program.yaml")))
			files[i].text = with_all_models(&s->a, files[i].text);
	bool ok = program_make(files, n, s->zones, tsv, NULL, 0, &problems, &s->p);
	for (size_t i = 0; i < problems.len && !ok; i++) {
		char text[1024];
		if (!problems.items[i].warning)
			printf("# %s\n", err_format(&problems.items[i].err, text, sizeof(text)));
	}
	vec_release(&problems);
	s->options = (struct engine_options){.zones = s->zones, .hash_key = {7, 7, 7}, .activities_tsv = tsv};
	return ok;
}

static inline void
starter_close(struct starter *s)
{
	program_free(s->p);
	tz_set_free(s->zones);
	arena_clear(&s->a);
}

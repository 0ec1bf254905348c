#include "cli/live.h"
#include "base/clock.h"
#include <string.h>

struct copy {
	struct arena arena;
	struct program_file *files;
	size_t n;
	wall now;
};

static void
copy_files(struct engine *g, void *context)
{
	struct copy *c = context;
	const struct program *p = engine_program(g);
	if (!p)
		return;
	c->files = arena_array(&c->arena, struct program_file, p->n_files + 1);
	c->n = p->n_files;
	for (size_t i = 0; i < p->n_files; i++)
		c->files[i] = (struct program_file){arena_str(&c->arena, p->files[i].path), arena_str(&c->arena, p->files[i].text)};
}

struct program *
live_program_copy(const struct invocation *in)
{
	struct copy c = {0};
	struct program *p = NULL;
	problem_list problems = {0};
	const struct program_file *shadows;
	size_t n_shadows;
	arena_init(&c.arena);
	workspace_ask(in->workspace, copy_files, &c);
	shipped_shadows(&c.arena, &shadows, &n_shadows);
	if (!c.files)
		tell(in, "perennial: no program is live yet; `perennial apply %s` makes the documents in its program/ live\n", in->dir);
	else if (!program_make(c.files, c.n, workspace_zones(in->workspace), shipped_activities(), shadows, n_shadows, &problems, &p))
		WRONG("a live program was checked when it became live");
	vec_release(&problems);
	arena_clear(&c.arena);
	return p;
}

static void
copy_now(struct engine *g, void *context)
{
	struct copy *c = context;
	c->now = engine_now(g);
}

wall
live_now(const struct invocation *in)
{
	struct copy c = {0};
	workspace_ask(in->workspace, copy_now, &c);
	return c.now.ms > 0 && c.now.ms < WALL_NEVER.ms ? c.now : clock_wall();
}

struct engine_options
live_engine_options(const struct invocation *in, struct arena *a)
{
	struct engine_options o = {.zones = workspace_zones(in->workspace), .activities_tsv = shipped_activities()};
	memcpy(o.hash_key, workspace_hash_key(in->workspace), sizeof(o.hash_key));
	shipped_shadows(a, &o.shadow_files, &o.n_shadow);
	return o;
}

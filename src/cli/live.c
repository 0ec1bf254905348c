#include "cli/live.h"
#include "base/clock.h"
#include <string.h>
#include <time.h>

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

/* ---------------------------------------------------------------- the sets of now */

static void
copy_lag(struct engine *g, void *context)
{
	uint64_t *lag = context;
	struct buf json = {0};
	struct json_writer w = json_writer_on(&json);
	struct arena a;
	struct err ignored;
	const struct json *stats;
	arena_init(&a);
	engine_metrics_json(g, &w);
	*lag = 0;
	if (json_parse_arena(&a, buf_str(&json), &stats, &ignored)) {
		const struct json *sweeping = json_get(stats, STR("sweeping")), *backlog = json_get(stats, STR("backlog"));
		*lag = (uint64_t)(sweeping ? sweeping->i : 0) + (uint64_t)(backlog ? backlog->i : 0);
	}
	buf_release(&json);
	arena_clear(&a);
}

void
live_settle(const struct invocation *in)
{
	enum { PAUSE_MS = 20, MOST = 1500, STUCK = 100 };
	struct progress p = {.in = in};
	uint64_t first = 0, lag = 0, before = 0;
	/* In a history nothing is due but what an import's end decides. */
	if (workspace_in_history(in->workspace))
		return;
	for (int n = 0, same = 0; n < MOST && same < STUCK; n++) {
		workspace_ask(in->workspace, copy_lag, &lag);
		if (!lag)
			break;
		first = lag > first ? lag : first;
		same = lag == before ? same + 1 : 0;
		before = lag;
		progress_show(&p, "looking at people again", first - lag, first);
		nanosleep(&(struct timespec){0, PAUSE_MS * 1000000L}, NULL);
	}
	progress_end(&p);
	if (lag)
		tell(in, "%s people are still to be looked at again; the figures lag by them.\n", with_commas(lag));
}

#include "runtime/runtime_priv.h"

struct copy { uint64_t version; const struct workspace *w; bool same; struct buf json; };

/* On the fold thread: is the newest copy still the live program? If not, its documents. */
static void
look(struct engine *g, void *context)
{
	struct copy *c = context;
	const struct program *live = engine_program(g);
	c->same = live && live->version == c->version;
	if (live && !c->same)
		program_write_json(live, &c->json);
}

static struct program *
make(struct workspace *w, struct str text)
{
	struct arena a;
	struct program_file *files;
	size_t n;
	const struct json *body;
	struct program *p = NULL;
	problem_list problems = {0};
	struct err e;
	arena_init(&a);
	const struct engine_options *o = &w->engine_options;
	if (json_parse_arena(&a, text, &body, &e) && program_files_of_json(&a, body, &files, &n, &e) &&
	    !program_make(files, n, o->zones, o->activities_tsv, o->shadow_files, o->n_shadow, &problems, &p))
		p = NULL;
	vec_release(&problems);
	arena_clear(&a);
	return p;
}

/* Copies that nobody uses any more go, save the newest. */
static void
drop_unused(struct workspace *w)
{
	for (size_t i = 0; w->programs.list.items && i + 1 < w->programs.list.len;) {
		if (w->programs.list.items[i].users) {
			i++;
			continue;
		}
		program_free(w->programs.list.items[i].program);
		vec_remove(&w->programs.list, i);
	}
}

const struct program *
live_program_take(void *outbox)
{
	struct workspace *w = outbox_workspace(outbox);
	struct copy c = {.w = w};
	pthread_mutex_lock(&w->programs.mutex);
	if (w->programs.list.len)
		c.version = vec_last(&w->programs.list)->program->version;
	workspace_ask(w, look, &c);
	if (!c.same && c.json.len) {
		struct program *p = make(w, buf_str(&c.json));
		if (p)
			*vec_push(&w->programs.list) = (struct live_program){p, 0};
	}
	buf_release(&c.json);
	struct live_program *lp = w->programs.list.len ? vec_last(&w->programs.list) : NULL;
	if (lp)
		lp->users++;
	drop_unused(w);
	const struct program *ret = lp ? vec_last(&w->programs.list)->program : NULL;
	pthread_mutex_unlock(&w->programs.mutex);
	return ret;
}

void
live_program_release(void *outbox, const struct program *p)
{
	struct workspace *w = outbox_workspace(outbox);
	pthread_mutex_lock(&w->programs.mutex);
	for (size_t i = 0; i < w->programs.list.len; i++)
		if (w->programs.list.items[i].program == p)
			w->programs.list.items[i].users--;
	drop_unused(w);
	pthread_mutex_unlock(&w->programs.mutex);
}

void
live_programs_free(struct workspace *w)
{
	for (size_t i = 0; i < w->programs.list.len; i++)
		program_free(w->programs.list.items[i].program);
	vec_release(&w->programs.list);
}

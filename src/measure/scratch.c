#include "measure/replay_priv.h"
#include "log/cut.h"
#include "log/reader.h"
#include <stdio.h>

struct replay {
	struct arena arena;
	const struct json *body;         /* of the program's entry */
	struct str text;
	bool given;
	uint64_t base;                   /* where the log begins */
	uint64_t done, total;
};

static bool
begin(struct replay *r, const struct program *p, struct err *e)
{
	struct buf text = {0};
	arena_init(&r->arena);
	program_write_json(p, &text);
	r->text = arena_str(&r->arena, buf_str(&text));
	buf_release(&text);
	return json_parse_arena(&r->arena, r->text, &r->body, e);
}

/* False: this entry is not to be given. */
static bool
put_program(struct replay *r, struct entry *en)
{
	if (en->kind != ENTRY_PROGRAM)
		return true;
	if (r->given)
		return false;
	en->body = r->body;
	en->text = r->text;
	return r->given = true;
}

/* A log whose head was cut off begins with the state of its base; the program comes right after it, live from there on. */
static bool
begin_at_base(struct replay *r, struct store *s, struct engine *g, bool (*take)(void *self, struct entry *en), void *self, struct err *e)
{
	if (!cut_load(s, g, NULL, NULL, &r->base, e))
		return false;
	if (!r->base)
		return true;
	struct entry en = {.seq = r->base + 1, .at = engine_now(g), .happened = engine_now(g), .kind = ENTRY_PROGRAM, .trust = TRUST_SELF,
	    .name = STR(""), .source = STR(""), .body = r->body, .text = r->text};
	r->given = true;
	(void)take(self, &en);
	return true;
}

static bool
same_base(struct replay *r, struct store *s, struct err *e)
{
	uint64_t base;
	if (!log_base(s, &base, e))
		return false;
	return base == r->base || fail(e, ERR_CONFLICT, "the log's head was cut off while it was read; ask again");
}

static bool
read_all(struct replay *r, struct log_cursor *c, wall until, struct measure_progress progress,
    bool (*take)(void *self, struct entry *en), void *self, struct err *e)
{
	const struct entry *next;
	for (;;) {
		if (!log_next(c, &next, e))
			return false;
		if (!next || next->at.ms >= until.ms)
			return true;
		struct entry en = *next;
		en.seq += r->base != 0;      /* the program stands before it */
		if (progress.show && (++r->done & 1023) == 0)
			progress.show(progress.self, r->done, r->total);
		if (put_program(r, &en) && !take(self, &en))
			return true;
	}
}

bool
replay_log(const char *dir, const struct program *p, struct engine *g, wall until, struct measure_progress progress,
    bool (*take)(void *self, struct entry *en), void *self, struct err *e)
{
	char file[4096];
	struct store *s;
	struct replay r = {0};
	snprintf(file, sizeof(file), "%s/perennial.db", dir);
	if (!store_open_reader(file, 0, &s, e))
		return false;
	struct log_cursor *c = log_cursor_new(s, 1, NULL);
	bool ok = log_last_seq(s, &r.total, e) && begin(&r, p, e) && begin_at_base(&r, s, g, take, self, e) &&
	    read_all(&r, c, until, progress, take, self, e) && same_base(&r, s, e);
	if (ok && !r.given)
		ok = fail(e, ERR_CONFLICT, "the workspace has no program yet; `perennial apply %s` makes its documents live", dir);
	if (ok && progress.show)
		progress.show(progress.self, r.total, r.total);
	log_cursor_free(c);
	store_close(s);
	arena_clear(&r.arena);
	return ok;
}

/* ---------------------------------------------------------------- for state only */

static bool
fold_one(void *self, struct entry *en)
{
	engine_replay(self, en);
	return true;
}

bool
measure_fold(const char *dir, const struct engine_options *o, struct program *p, struct measure_progress progress, struct engine **ret,
    struct err *e)
{
	struct engine *g = engine_new(o);
	size_t missing;
	engine_declare(g, p, &missing);
	engine_offer_program(g, p);
	if (!replay_log(dir, p, g, WALL_NEVER, progress, fold_one, g, e)) {
		engine_free(g);
		return false;
	}
	engine_settle(g, engine_now(g), NULL);
	*ret = g;
	return true;
}

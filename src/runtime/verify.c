/* verify.c -- does the state on disk equal a fresh fold of the log? Both are brought to the instant of the last entry. */
#include "runtime/runtime_priv.h"
#include "base/clock.h"
#include <stdio.h>
#include <string.h>
#include <unistd.h>

typedef VEC(uint64_t) digest_list;

struct checking {
	struct workspace w;              /* only what recovery needs: options and zones */
	struct store *s;
	uint64_t last;
	wall at;
	void (*progress)(void *self, uint64_t done, uint64_t total);
	void *self;
};

static bool
fold_on(struct checking *c, struct engine *g, uint64_t from, struct err *e)
{
	struct log_cursor *cursor = log_cursor_new(c->s, from + 1, NULL);
	const struct entry *en = NULL;
	bool ok;
	while ((ok = log_next(cursor, &en, e)) && en && en->seq <= c->last) {
		engine_replay(g, en);
		c->at = en->at;
		if (c->progress && en->seq % 50000 == 0)
			c->progress(c->self, en->seq, c->last);
	}
	log_cursor_free(cursor);
	return ok;
}

static struct engine *
state(struct checking *c, bool from_disk, struct err *e)
{
	uint64_t from;
	struct engine *g = engine_new(&c->w.engine_options);
	if (recover_engine(&c->w, c->s, g, from_disk, &from, e) && fold_on(c, g, from, e))
		return g;
	engine_free(g);
	return NULL;
}

static void
note(void *self, uint32_t number, uint64_t digest)
{
	digest_list *list = self;
	while (list->len <= number)
		*vec_push(list) = 0;
	list->items[number] = digest;
}

static void
settle(struct engine *g, wall at)
{
	struct decisions d;
	decisions_init(&d);
	engine_settle(g, at, &d);
	decisions_release(&d);
}

static void
tell_difference(struct engine *disk, struct engine *fresh, uint32_t number, struct buf *out)
{
	buf_printf(out, "profile %u differs\n  on disk: ", number);
	if (number <= engine_profile_count(disk))
		engine_profile_dump(disk, number, out);
	buf_add_cstr(out, "\n  fresh:   ");
	if (number <= engine_profile_count(fresh))
		engine_profile_dump(fresh, number, out);
	buf_add_char(out, '\n');
}

static bool
compare(struct engine *disk, struct engine *fresh, struct buf *out)
{
	digest_list a = {0}, b = {0};
	uint64_t x = engine_digest(disk, note, &a), y = engine_digest(fresh, note, &b);
	size_t n = a.len > b.len ? a.len : b.len, told = 0;
	for (size_t i = 1; i < n; i++) {
		uint64_t p = i < a.len ? a.items[i] : 0, q = i < b.len ? b.items[i] : 0;
		if (p == q || told++ >= 20)
			continue;
		tell_difference(disk, fresh, (uint32_t)i, out);
	}
	if (told > 20)
		buf_printf(out, "%zu more profiles differ\n", told - 20);
	if (x != y && !told)
		buf_add_cstr(out, "shared state differs\n");
	vec_release(&a);
	vec_release(&b);
	return x == y && !told;
}

static bool
check(struct checking *c, struct buf *out, bool *ret_equal, struct err *e)
{
	int64_t version = FOLD_VERSION;
	if (!log_last_seq(c->s, &c->last, e) || !meta_get_int(c->s, "fold_version", &version, NULL, e))
		return false;
	struct engine *disk = state(c, version == FOLD_VERSION, e);
	wall at = c->at;
	struct engine *fresh = disk ? state(c, false, e) : NULL;
	bool ok = disk && fresh;
	if (ok) {
		at = wall_max(at, c->at);
		settle(disk, at);
		settle(fresh, at);
		*ret_equal = compare(disk, fresh, out);
	}
	engine_free(disk);
	engine_free(fresh);
	return ok;
}

/* While a process runs, the question is asked of a copy: a long read would keep its WAL from being moved. */
static bool
file_to_check(const char *dir, char *file, size_t size, bool *ret_copy, struct err *e)
{
	int fd;
	struct err busy;
	if (lock_take(dir, &fd, &busy)) {
		lock_release(fd);
		*ret_copy = false;
		snprintf(file, size, "%s/perennial.db", dir);
		return true;
	}
	if (busy.code != ERR_CONFLICT) {
		*e = busy;
		return false;
	}
	*ret_copy = true;
	snprintf(file, size, "%s/verify-%ld.db", dir, (long)getpid());
	return workspace_backup(dir, file, e);
}

bool
workspace_verify(const struct workspace_options *o, struct buf *out, bool *ret_equal, void (*tell)(void *self, uint64_t done, uint64_t total),
    void *self, struct err *e)
{
	char file[4096];
	bool copy;
	struct checking c = {.progress = tell, .self = self, .at = WALL_BEFORE_ALL};
	if (!file_to_check(o->dir, file, sizeof(file), &copy, e))
		return false;
	c.w.zones = tz_set_new(tz_source_system());
	bool ok = store_open_reader(file, 0, &c.s, e) && workspace_key_read(&c.w, c.s, e);
	if (ok) {
		engine_options_of(&c.w, o);
		ok = check(&c, out, ret_equal, e);
	}
	store_close(c.s);
	tz_set_free(c.w.zones);
	if (copy) {
		static const char *const ends[] = {"", "-wal", "-shm"};
		size_t len = strlen(file);
		for (size_t i = 0; i < COUNT(ends); i++) {
			snprintf(file + len, sizeof(file) - len, "%s", ends[i]);
			unlink(file);
		}
	}
	return ok;
}

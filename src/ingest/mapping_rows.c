/* mapping_rows.c -- rows to calls to batches: grouping, refunds, assumed consent, what is refused. */
#include "base/limits.h"
#include "base/map.h"
#include "ingest/mapping_priv.h"
#include "ingest/tracking_priv.h"
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { OPEN_GROUPS = 4096, LINES_MOST = 5000, BATCH_ENTRIES = 1024, BATCH_TEXT = 512 * 1024, IN_FLIGHT = 4, WAIT_SECONDS = 30 };

struct group {
	struct arena arena;
	const struct map_def *m;
	const struct entry_def *def;
	const char *file;
	uint64_t line_number, hash;
	struct line *lines;
	uint32_t n, cap;
	struct group *newer, *older;
};

/* What stands in an entry beside its body. */
struct head { enum entry_kind kind; struct str name; wall happened; uint64_t id_hash; struct str source; };

struct importer {
	const struct import_options *o;
	struct import_result *result;
	bool scan_only;
	struct tracking *tracking;
	struct batch *scratch;           /* of calls while they are checked */
	struct write_key key;            /* source of the file at hand, trust of imports */
	struct arena arena;              /* of the row at hand */
	struct arena texts;              /* names in the heads of the batch under way */
	/* groups */
	struct idmap open;               /* hash → struct group */
	struct group *newest, *oldest;
	uint32_t n_open;
	struct idmap closed, seen, repeated;   /* groups written; `once per` keys; rows alike */
	/* the batch under way */
	struct buf text;
	VEC(struct head) heads;
	/* batches on their way */
	pthread_mutex_t lock;
	pthread_cond_t landed;
	struct json_parser *parsers[IN_FLIGHT];
	int n_parsers;                   /* free ones */
	struct err failure;
};

struct importer *
rows_new(const struct import_options *o, struct import_result *result, bool scan_only)
{
	struct importer *r = mem_alloc(sizeof(*r));
	struct tracking_options t = {.append = o->append, .hash_key = o->hash_key};
	*r = (struct importer){.o = o, .result = result, .scan_only = scan_only, .tracking = tracking_new(&t), .scratch = batch_new(), .n_parsers = IN_FLIGHT};
	arena_init(&r->arena);
	arena_init(&r->texts);
	pthread_mutex_init(&r->lock, NULL);
	pthread_cond_init(&r->landed, NULL);
	for (int i = 0; i < IN_FLIGHT; i++)
		r->parsers[i] = json_parser_new();
	result->first = WALL_NEVER;
	result->last = WALL_BEFORE_ALL;
	return r;
}

void
rows_refuse(struct importer *r, const char *file, uint64_t line_number, struct str field, struct str reason)
{
	r->result->rows_refused++;
	if (r->o->refused)
		r->o->refused(r->o->self, file, line_number, field, reason);
}

/* ---------------------------------------------------------------- batches */

static void
on_done(struct batch *b, const struct err *failure)
{
	struct importer *r = b->context;
	struct json_parser *p = b->parser;
	b->parser = NULL;
	pthread_mutex_lock(&r->lock);
	if (failure && !r->failure.code)
		r->failure = *failure;
	if (!failure) {
		r->result->entries += b->n - b->duplicates;
		r->result->duplicates += b->duplicates;
	}
	r->parsers[r->n_parsers++] = p;
	pthread_cond_signal(&r->landed);
	pthread_mutex_unlock(&r->lock);
	batch_free(b);
}

static struct json_parser *
take_parser(struct importer *r, struct err *e)
{
	pthread_mutex_lock(&r->lock);
	while (!r->n_parsers)
		pthread_cond_wait(&r->landed, &r->lock);
	struct json_parser *p = r->parsers[--r->n_parsers];
	bool failed = r->failure.code != ERR_NONE;
	if (failed) {
		*e = r->failure;
		r->parsers[r->n_parsers++] = p;
	}
	pthread_mutex_unlock(&r->lock);
	return failed ? NULL : p;
}

/* The bodies were written as one JSON array: "[{…},{…}]". */
static bool
fill_batch(struct importer *r, struct batch *b, struct err *e)
{
	const struct json_limits limits = {.depth = LIMIT_JSON_DEPTH, .nodes = 20 * 1000 * 1000};
	struct str array = arena_str(&b->arena, buf_str(&r->text));
	const struct json *root;
	size_t bytes = 0;
	if (!json_parse(b->parser, array, &limits, &root, e))
		return fail_while(e, "reading what the import made");
	ASSERT(root->count == r->heads.len);
	b->n = root->count;
	b->entries = arena_array(&b->arena, struct entry, b->n);
	json_each(j, root)
		bytes += j->span.len;
	char *to = arena_alloc(&b->arena, bytes + 1);
	b->text = (struct str){to, bytes};
	uint32_t i = 0;
	json_each(j, root) {
		const struct head *h = &r->heads.items[i];
		memcpy(to, j->span.ptr, j->span.len);
		b->entries[i++] = (struct entry){.kind = h->kind, .name = arena_str(&b->arena, h->name), .happened = h->happened,
		    .source = arena_str(&b->arena, h->source), .trust = TRUST_IMPORT, .history = r->o->history, .id_hash = h->id_hash, .body = j, .text = {to, j->span.len}};
		to += j->span.len;
	}
	return true;
}

static void
sleep_ms(int ms)
{
	nanosleep(&(struct timespec){ms / 1000, ms % 1000 * 1000000L}, NULL);
}

/* A full lane is waited for; anything else ends the import. */
static bool
submit(struct importer *r, struct batch *b, struct err *e)
{
	for (int waited = 0;; waited += 20) {
		if (r->o->append.submit(r->o->append.self, b, e))
			return true;
		if (!err_may_retry(e->code) || waited > WAIT_SECONDS * 1000)
			return false;
		sleep_ms(20);
	}
}

static void
count_currency(struct import_result *t, struct str currency)
{
	if (currency.len != 3 || t->n_currencies == COUNT(t->currencies))
		return;
	for (uint32_t i = 0; i < t->n_currencies; i++)
		if (str_eq(str_of(t->currencies[i]), currency))
			return;
	memcpy(t->currencies[t->n_currencies++], currency.ptr, currency.len);
}

static void
count(struct importer *r, const struct entry *en)
{
	struct import_result *t = r->result;
	fixed total;
	t->calls[en->kind]++;
	t->first = wall_min(t->first, en->happened);
	t->last = wall_max(t->last, en->happened);
	if (en->kind != ENTRY_TRACK)
		return;
	uint32_t i = 0;
	while (i < t->n_events && !str_eq(t->events[i].name, en->name))
		i++;
	if (i == COUNT(t->events))
		return;
	if (i == t->n_events)
		t->events[t->n_events++].name = arena_str(&t->arena, en->name);
	t->events[i].n++;
	if (json_fixed(json_path(en->body, "properties.total"), &total))
		t->events[i].total += total;
	count_currency(t, json_text(json_path(en->body, "properties.currency")));
}

static bool
send_batch(struct importer *r, struct err *e)
{
	if (!r->heads.len)
		return true;
	struct json_parser *p = take_parser(r, e);
	if (!p)
		return false;
	struct batch *b = batch_new();
	buf_add_char(&r->text, ']');
	b->lane = LANE_IMPORT;
	b->parser = p;
	b->done = on_done;
	b->context = r;
	bool ok = fill_batch(r, b, e);
	for (uint32_t i = 0; ok && i < b->n; i++)
		count(r, &b->entries[i]);
	if (ok && !r->scan_only)
		batch_pack(b);
	if (!ok || r->scan_only || !submit(r, b, e)) {
		struct err sent = *e;
		bool scanned = ok && r->scan_only;
		on_done(b, scanned ? NULL : &sent);
		ok = scanned;
	}
	buf_reset(&r->text);
	r->heads.len = 0;
	arena_reset(&r->texts);
	return ok;
}

/* A body was added to r->text. */
static bool
keep(struct importer *r, const struct head *h, struct err *e)
{
	*vec_push(&r->heads) = *h;
	vec_last(&r->heads)->name = arena_str(&r->texts, h->name);
	vec_last(&r->heads)->source = arena_str(&r->texts, h->source);
	return (r->heads.len < BATCH_ENTRIES && r->text.len < BATCH_TEXT) || send_batch(r, e);
}

static void
begin_body(struct importer *r)
{
	buf_add_char(&r->text, r->heads.len ? ',' : '[');
}

/* ---------------------------------------------------------------- keys */

/* Which entry of which document: the same columns in two of them are two calls. */
static void
add_frame(const struct map_def *m, const struct entry_def *def, struct buf *to)
{
	buf_add_str(to, m->source);
	buf_add_char(to, '\x1f');
	buf_add_str(to, m->file_pattern);
	char number[24] = "\x1f";
	buf_add(to, number, 1 + whole_format((uint64_t)(def - m->entries), number + 1));
}

static uint64_t
hash_columns(const struct map_def *m, const struct entry_def *def, const uint16_t *columns, uint32_t n, const struct line *l, struct buf *scratch)
{
	buf_reset(scratch);
	add_frame(m, def, scratch);
	for (uint32_t i = 0; i < n; i++) {
		buf_add_char(scratch, '\x1f');
		buf_add_str(scratch, str_trim(l->fields[columns[i]]));
	}
	uint64_t h = hash_stable(buf_str(scratch));
	return h ? h : 1;
}

/* Rows that are alike are told apart by their order: the n-th of them is the same row in the next import of the file. */
static uint64_t
hash_repeated(struct importer *r, uint64_t h)
{
	uint64_t *n = idmap_get(&r->repeated, h), times = n ? *n + 1 : 1;
	idmap_put(&r->repeated, h, times);
	uint64_t pair[2] = {h, times};
	h = hash_stable((struct str){(const char *)pair, sizeof(pair)});
	return h ? h : 1;
}

static uint64_t
call_hash(struct importer *r, const struct map_def *m, const struct entry_def *def, const struct line *l)
{
	struct buf scratch = {0};
	uint64_t h;
	if (def->n_id || def->n_group || def->n_once) {
		const uint16_t *columns = def->n_id ? def->id : def->n_group ? def->group : def->once;
		h = hash_columns(m, def, columns, def->n_id ? def->n_id : def->n_group ? def->n_group : def->n_once, l, &scratch);
	} else {
		add_frame(m, def, &scratch);
		for (uint32_t i = 0; i < m->n_columns; i++) {
			buf_add_char(&scratch, '\x1f');
			buf_add_str(&scratch, l->fields[i]);
		}
		h = hash_repeated(r, hash_stable(buf_str(&scratch)) | 1);
	}
	buf_release(&scratch);
	return h;
}

/* ---------------------------------------------------------------- calls */

struct making {
	struct importer *r;
	const struct map_def *m;
	const struct entry_def *def;
	const struct line *lines;
	uint32_t n;
	bool refund;
	struct str user, anonymous, account, previous, name, message_id;
	wall happened;
	struct row_error bad;
};

static const struct cell *
member_of(const struct cell *object, const char *key)
{
	for (uint32_t i = 0; object && i < object->n_members; i++)
		if (str_eq(object->members[i].key, str_of(key)))
			return object->members[i].value;
	return NULL;
}

static bool
is_refund(struct making *k, bool *ret)
{
	const struct cell *total = member_of(k->def->members, "total");
	fixed n = 0;
	bool there = false;
	*ret = false;
	if (!k->def->refund.there)
		return true;
	if (tests_hold(&k->def->refund.when, k->m, &k->lines[0], false)) {
		*ret = true;
		return true;
	}
	if (total && total->kind == CELL_NUMBER && !cell_number(k->m, total, k->lines, k->n, &n, &there, &k->bad))
		return false;
	*ret = there && n < 0;
	return true;
}

static bool
bad_call(struct making *k, const char *field, const char *reason)
{
	k->bad = (struct row_error){str_of(field), str_of(reason)};
	return false;
}

static bool
read_ids(struct making *k)
{
	struct arena *a = &k->r->arena;
	const struct entry_def *d = k->def;
	if (!cell_text(k->m, d->user, k->lines, k->n, a, &k->user, &k->bad) || !cell_text(k->m, d->anonymous, k->lines, k->n, a, &k->anonymous, &k->bad) ||
	    !cell_text(k->m, d->group_id, k->lines, k->n, a, &k->account, &k->bad) || !cell_text(k->m, d->previous, k->lines, k->n, a, &k->previous, &k->bad) ||
	    !cell_text(k->m, d->event, k->lines, k->n, a, &k->name, &k->bad))
		return false;
	if (k->user.len > LIMIT_ID_BYTES || k->anonymous.len > LIMIT_ID_BYTES || k->account.len > LIMIT_ID_BYTES)
		return bad_call(k, "user", "the id is longer than 256 bytes");
	if (k->refund)
		k->name = k->def->refund.event;
	if (d->kind == ENTRY_TRACK && !k->name.len)
		return bad_call(k, "event", "is empty");
	if (k->name.len > LIMIT_NAME_BYTES)
		return bad_call(k, "event", "is longer than 200 bytes");
	if ((d->kind == ENTRY_GROUP && !k->account.len) || (d->kind == ENTRY_ALIAS && !k->previous.len))
		return bad_call(k, d->kind == ENTRY_GROUP ? "account" : "previous", "is empty");
	if (k->user.len)
		k->anonymous = STR("");   /* of known people the made-up id says nothing */
	return true;
}

static bool
read_when(struct making *k)
{
	bool there;
	wall now = k->r->o->append.now(k->r->o->append.self);
	k->happened = now;
	if (!k->def->time)
		return true;
	if (!cell_time(k->m, k->def->time, k->lines, k->n, &k->r->arena, &k->happened, &there, &k->bad))
		return false;
	if (!there)
		return bad_call(k, "time", "is empty");
	return k->happened.ms <= now.ms || bad_call(k, "time", "lies in the future");
}

static bool
is_left_out(const struct refund_def *f, struct str key)
{
	for (uint32_t i = 0; i < f->n_without; i++)
		if (str_eq(f->without[i], key))
			return true;
	for (uint32_t i = 0; i < f->n_members; i++)
		if (str_eq(f->members[i].key, key))
			return true;
	return false;
}

static bool
write_member_list(struct making *k, const struct member *members, uint32_t n, bool base, struct json_writer *w)
{
	int sign = k->refund ? -1 : 1;
	for (uint32_t i = 0; i < n; i++) {
		if (base && k->refund && is_left_out(&k->def->refund, members[i].key))
			continue;
		if (!cell_write(k->m, members[i].key, members[i].value, k->lines, k->n, member_sign(&members[i], sign), &k->r->arena, w, &k->bad))
			return false;
	}
	return true;
}

/* traits or properties; a made-up address where the file has none. */
static bool
write_members(struct making *k, struct json_writer *w)
{
	const struct cell *object = k->def->members;
	bool traits = k->def->kind == ENTRY_IDENTIFY || k->def->kind == ENTRY_GROUP, flat = k->def->kind == ENTRY_CONSENT;
	if (!flat)
		jw_kobject(w, traits ? "traits" : "properties");
	if (object && !write_member_list(k, object->members, object->n_members, true, w))
		return false;
	if (k->refund && !write_member_list(k, k->def->refund.members, k->def->refund.n_members, false, w))
		return false;
	if (k->def->kind == ENTRY_IDENTIFY && k->m->assumed_address.len && !member_of(object, "email")) {
		struct cell made = {.kind = CELL_TEMPLATE, .text = k->m->assumed_address};
		if (!cell_write(k->m, STR("email"), &made, k->lines, k->n, 1, &k->r->arena, w, &k->bad))
			return false;
	}
	if (!flat)
		jw_object_end(w);
	return true;
}

static void
write_frame(struct making *k, struct json_writer *w)
{
	jw_object(w);
	jw_kstr(w, "type", str_of(entry_kind_name(k->def->kind)));
	if (k->user.len)
		jw_kstr(w, "userId", k->user);
	if (k->anonymous.len)
		jw_kstr(w, "anonymousId", k->anonymous);
	if (k->account.len)
		jw_kstr(w, "groupId", k->account);
	if (k->previous.len)
		jw_kstr(w, "previousId", k->previous);
	if (k->name.len)
		jw_kstr(w, k->def->kind == ENTRY_TRACK ? "event" : "name", k->name);
	jw_kstr(w, "messageId", k->message_id);
	jw_kwall(w, "timestamp", k->happened);
}

/* "email.marketing" as a consent entry of the person that an identify call speaks of. */
static bool
assume_consent(struct making *k, struct err *e)
{
	struct importer *r = k->r;
	struct str purpose = k->m->assumed_consent, channel = str_cut(&purpose, '.');
	struct str id = arena_printf(&r->arena, "%.*s-consent", STR_ARGS(k->message_id));
	begin_body(r);
	struct json_writer w = json_writer_on(&r->text);
	jw_object(&w);
	jw_kstr(&w, "type", STR("consent"));
	jw_kstr(&w, k->user.len ? "userId" : "anonymousId", k->user.len ? k->user : k->anonymous);
	jw_kstr(&w, "channel", channel);
	jw_kstr(&w, "purpose", purpose.len ? purpose : STR("marketing"));
	jw_kbool(&w, "granted", true);
	jw_kstr(&w, "wording", STR("assumed by the import"));
	jw_kstr(&w, "source", STR("import"));
	jw_kstr(&w, "messageId", id);
	jw_kwall(&w, "timestamp", k->happened);
	jw_object_end(&w);
	r->result->people_assumed_consent++;
	struct head h = {ENTRY_CONSENT, STR(""), k->happened, message_hash(r->o->hash_key, k->m->source, id), k->m->source};
	return keep(r, &h, e);
}

/* The lines as one call. False with *e empty: k->bad says why it is refused. */
static bool
write_call(struct making *k, struct err *e)
{
	struct importer *r = k->r;
	size_t from = r->text.len;
	k->message_id = arena_printf(&r->arena, "imp-%016llx", (unsigned long long)call_hash(r, k->m, k->def, &k->lines[0]));
	begin_body(r);
	struct json_writer w = json_writer_on(&r->text);
	write_frame(k, &w);
	if (!write_members(k, &w)) {
		r->text.len = from;
		return false;
	}
	jw_object_end(&w);
	struct head h = {k->def->kind, k->name, k->happened, message_hash(r->o->hash_key, k->m->source, k->message_id), k->m->source};
	if (k->def->kind == ENTRY_PAGE || k->def->kind == ENTRY_SCREEN || k->def->kind == ENTRY_TRACK)
		h.name = event_name_current(h.name);
	else
		h.name = STR("");
	return keep(r, &h, e);
}

static bool
make_call(struct importer *r, const struct map_def *m, const struct entry_def *def, const struct line *lines, uint32_t n, const char *file, uint64_t line_number,
    struct err *e)
{
	struct making k = {.r = r, .m = m, .def = def, .lines = lines, .n = n};
	*e = (struct err){0};
	bool ok = is_refund(&k, &k.refund) && read_ids(&k);
	if (ok && !k.user.len && !k.anonymous.len) {
		r->result->rows_skipped += def->skip_without_id ? n : 0;
		if (!def->skip_without_id)
			rows_refuse(r, file, line_number, STR("user"), STR("there is neither a user nor an anonymous id"));
		return true;
	}
	ok = ok && read_when(&k) && write_call(&k, e);
	if (ok && def->kind == ENTRY_IDENTIFY && m->assumed_consent.len)
		ok = assume_consent(&k, e);
	if (ok || e->code != ERR_NONE)
		return ok;
	rows_refuse(r, file, line_number, k.bad.field, k.bad.reason);
	return true;
}

/* ---------------------------------------------------------------- groups */

static void
unlink_group(struct importer *r, struct group *g)
{
	*(g->newer ? &g->newer->older : &r->newest) = g->older;
	*(g->older ? &g->older->newer : &r->oldest) = g->newer;
	g->newer = g->older = NULL;
	r->n_open--;
}

static void
link_newest(struct importer *r, struct group *g)
{
	g->older = r->newest;
	if (r->newest)
		r->newest->newer = g;
	r->newest = g;
	if (!r->oldest)
		r->oldest = g;
	r->n_open++;
}

static bool
close_group(struct importer *r, struct group *g, struct err *e)
{
	unlink_group(r, g);
	idmap_remove(&r->open, g->hash);
	idmap_put(&r->closed, g->hash, 1);
	bool ok = make_call(r, g->m, g->def, g->lines, g->n, g->file, g->line_number, e);
	arena_clear(&g->arena);
	mem_free(g);
	return ok;
}

static void
add_line(struct group *g, const struct str *fields, uint32_t n_columns)
{
	if (g->n == g->cap) {
		uint32_t cap = g->cap ? g->cap * 2 : 4;
		g->lines = arena_grow(&g->arena, g->lines, g->cap * sizeof(*g->lines), cap * sizeof(*g->lines));
		g->cap = cap;
	}
	struct str *copy = arena_array(&g->arena, struct str, n_columns);
	size_t bytes = 0;
	for (uint32_t i = 0; i < n_columns; i++)
		bytes += fields[i].len;
	char *to = arena_alloc(&g->arena, bytes + 1);
	for (uint32_t i = 0; i < n_columns; i++) {
		memcpy(to, fields[i].ptr ? fields[i].ptr : "", fields[i].len);
		copy[i] = (struct str){to, fields[i].len};
		to += fields[i].len;
	}
	g->lines[g->n++] = (struct line){copy};
}

static bool
add_to_group(struct importer *r, const struct map_def *m, const struct entry_def *def, const struct line *l, const char *file, uint64_t line_number, struct err *e)
{
	struct buf scratch = {0};
	uint64_t hash = hash_columns(m, def, def->group, def->n_group, l, &scratch);
	buf_release(&scratch);
	uint64_t *at = idmap_get(&r->open, hash);
	struct group *g = at ? (struct group *)(uintptr_t)*at : NULL;
	if (!g && idmap_get(&r->closed, hash)) {
		rows_refuse(r, file, line_number, m->columns[def->group[0]], STR("the lines of this group are too far apart; sort the file"));
		return true;
	}
	if (g && g->n == LINES_MOST) {
		rows_refuse(r, file, line_number, m->columns[def->group[0]], STR("the group has more than 5,000 lines"));
		return true;
	}
	if (!g) {
		g = mem_alloc(sizeof(*g));
		*g = (struct group){.m = m, .def = def, .file = file, .line_number = line_number, .hash = hash};
		arena_init(&g->arena);
		idmap_put(&r->open, hash, (uint64_t)(uintptr_t)g);
		link_newest(r, g);   /* groups are written in the order of their first lines */
	}
	add_line(g, l->fields, m->n_columns);
	return r->n_open <= OPEN_GROUPS || close_group(r, r->oldest, e);
}

/* ---------------------------------------------------------------- rows */

/* What `once per` names of a row; 0 when all of it is empty. */
static uint64_t
once_key(const struct map_def *m, const struct entry_def *def, const struct line *l)
{
	struct buf scratch = {0};
	bool empty = true;
	uint64_t h = hash_columns(m, def, def->once, def->n_once, l, &scratch);
	buf_release(&scratch);
	for (uint32_t i = 0; i < def->n_once; i++)
		empty &= !str_trim(l->fields[def->once[i]]).len;
	return empty ? 0 : h;
}

bool
rows_take(struct importer *r, const struct map_def *m, const char *file, uint64_t line_number, const struct str *fields, struct err *e)
{
	struct line l = {fields};
	r->result->rows++;
	for (uint32_t i = 0; i < m->n_columns; i++)
		if (str_find_char(fields[i], '\0', 0) != SIZE_MAX) {
			rows_refuse(r, file, line_number, m->columns[i], STR("holds a NUL byte: it is not a text"));
			return true;
		}
	if (tests_hold(&m->skip, m, &l, false)) {
		r->result->rows_skipped++;
		return true;
	}
	for (uint32_t i = 0; i < m->n_entries; i++) {
		const struct entry_def *def = &m->entries[i];
		if (!tests_hold(&def->when, m, &l, true))
			continue;
		uint64_t once = def->n_once ? once_key(m, def, &l) : 0, refused = r->result->rows_refused;
		if (def->n_once && (!once || idmap_get(&r->seen, once)))
			continue;
		bool ok = def->n_group ? add_to_group(r, m, def, &l, file, line_number, e) : make_call(r, m, def, &l, 1, file, line_number, e);
		if (!ok)
			return false;
		/* A refused row is not the first of its kind: the next one may be right. */
		if (once && (def->n_group || r->result->rows_refused == refused))
			idmap_put(&r->seen, once, 1);
	}
	arena_reset(&r->arena);
	return true;
}

/* A consent is an entry of its own kind, not a call of the tracking API. */
static bool
consent_check(const struct reading *rd, const uint8_t *hash_key, const struct json *item, struct entry *en, struct err *e)
{
	struct str time = json_text(json_get(item, STR("timestamp"))), id = json_text(json_get(item, STR("messageId")));
	*en = (struct entry){.kind = ENTRY_CONSENT, .happened = rd->now, .body = item, .text = item->span};
	if (!entry_user_id(en).len && !entry_anonymous_id(en).len)
		return fail(e, ERR_INVALID, "a consent needs a userId or an anonymousId");
	if (!json_text(json_get(item, STR("channel"))).len)
		return fail(e, ERR_INVALID, "a consent names its channel");
	if (time.len && !wall_parse(time, &en->happened))
		return fail(e, ERR_INVALID, "timestamp must be a time like 2026-03-02T17:00:00.000Z");
	en->happened = wall_min(en->happened, rd->now);
	if (id.len)
		en->id_hash = message_hash(hash_key, rd->key->name, id);
	return true;
}

/* A line that `export` wrote carries the call as its body, and beside it when that happened: a history may have been shifted since
 * the body was written. *ret_happened stays as it is for lines that are no export. */
static const struct json *
call_of_line(const struct json *item, enum entry_kind *ret_kind, wall *ret_happened)
{
	const struct json *body = json_get(item, STR("body"));
	bool exported = json_is(body, JSON_OBJECT) && json_get(item, STR("kind"));
	*ret_kind = entry_kind_of(json_text(json_get(item, exported ? STR("kind") : STR("type"))));
	if (exported && !wall_parse(json_text(json_get(item, STR("timestamp"))), ret_happened))
		*ret_happened = WALL_NEVER;
	return exported ? body : item;
}

bool
rows_take_call(struct importer *r, const char *file, uint64_t line_number, struct str text, struct err *e)
{
	const struct json *root;
	struct entry en;
	struct err bad = {0};
	enum entry_kind kind;
	wall exported = WALL_NEVER;
	r->result->rows++;
	r->key = (struct write_key){.name = STR("import"), .trust = TRUST_IMPORT};
	arena_reset(&r->scratch->arena);
	struct reading rd = {.t = r->tracking, .b = r->scratch, .key = &r->key, .sent = WALL_NEVER, .times_as_given = true, .call_most = LIMIT_CSV_ROW_BYTES};
	rd.now = r->o->append.now(r->o->append.self);
	bool ok = json_parse_arena(&r->scratch->arena, text, &root, &bad);
	if (ok) {
		const struct json *call = call_of_line(root, &kind, &exported);
		ok = kind == ENTRY_CONSENT ? consent_check(&rd, r->o->hash_key, call, &en, &bad) : call_check(&rd, kind, call, &en, &bad);
	}
	if (!ok) {
		rows_refuse(r, file, line_number, STR(""), str_of(bad.text));
		return true;
	}
	if (exported.ms != WALL_NEVER.ms)
		en.happened = wall_min(exported, rd.now);
	if (!en.id_hash)
		en.id_hash = hash_repeated(r, hash_stable(text) | 1);
	begin_body(r);
	buf_add_str(&r->text, en.text);
	struct head h = {en.kind, en.name, en.happened, en.id_hash, r->key.name};
	return keep(r, &h, e);
}

bool
rows_end_file(struct importer *r, struct err *e)
{
	while (r->oldest)
		if (!close_group(r, r->oldest, e))
			return false;
	arena_reset(&r->arena);
	return true;
}

static void
release(struct importer *r)
{
	while (r->oldest) {
		struct group *g = r->oldest;
		unlink_group(r, g);
		arena_clear(&g->arena);
		mem_free(g);
	}
	for (int i = 0; i < r->n_parsers; i++)
		json_parser_free(r->parsers[i]);
	tracking_free(r->tracking);
	batch_free(r->scratch);
	idmap_release(&r->open);
	idmap_release(&r->closed);
	idmap_release(&r->seen);
	idmap_release(&r->repeated);
	buf_release(&r->text);
	vec_release(&r->heads);
	arena_clear(&r->arena);
	arena_clear(&r->texts);
	pthread_mutex_destroy(&r->lock);
	pthread_cond_destroy(&r->landed);
	mem_free(r);
}

bool
rows_finish(struct importer *r, struct err *e)
{
	bool ok = send_batch(r, e);
	pthread_mutex_lock(&r->lock);
	while (r->n_parsers < IN_FLIGHT)
		pthread_cond_wait(&r->landed, &r->lock);
	if (r->failure.code) {
		*e = r->failure;
		ok = false;
	}
	pthread_mutex_unlock(&r->lock);
	release(r);
	return ok;
}

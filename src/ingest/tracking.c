#include "base/limits.h"
#include "base/vec.h"
#include "ingest/tracking_priv.h"
#include <pthread.h>
#include <sodium.h>
#include <string.h>

enum { PARSERS_KEPT = 32, TEXT_TIMES = 4, NODES_PER_BYTES = 3 };

struct tracking {
	struct tracking_options o;
	pthread_mutex_t lock;
	VEC(struct json_parser *) parsers;      /* not in use; their memory is warm */
};

struct tracking *
tracking_new(const struct tracking_options *o)
{
	struct tracking *t = mem_alloc(sizeof(*t));
	t->o = *o;
	pthread_mutex_init(&t->lock, NULL);
	return t;
}

void
tracking_free(struct tracking *t)
{
	if (!t)
		return;
	for (size_t i = 0; i < t->parsers.len; i++)
		json_parser_free(t->parsers.items[i]);
	vec_release(&t->parsers);
	pthread_mutex_destroy(&t->lock);
	mem_free(t);
}

const uint8_t *
tracking_hash_key(const struct tracking *t)
{
	return t->o.hash_key;
}

static struct json_parser *
parser_take(struct tracking *t)
{
	struct json_parser *p = NULL;
	pthread_mutex_lock(&t->lock);
	if (t->parsers.len)
		p = t->parsers.items[--t->parsers.len];
	pthread_mutex_unlock(&t->lock);
	return p ? p : json_parser_new();
}

static void
parser_give(struct tracking *t, struct json_parser *p)
{
	pthread_mutex_lock(&t->lock);
	bool keep = p && t->parsers.len < PARSERS_KEPT;
	if (keep)
		*vec_push(&t->parsers) = p;
	pthread_mutex_unlock(&t->lock);
	if (!keep)
		json_parser_free(p);
}

void
tracking_batch_free(struct tracking *t, struct batch *b)
{
	if (b)
		parser_give(t, b->parser);
	if (b)
		b->parser = NULL;
	batch_free(b);
}

/* ---------------------------------------------------------------- the body's outer forms */

/* RudderStack sends plain JSON as a form; others send it percent-encoded, alone or as `data=`. */
static bool
json_of_form(struct arena *a, struct str *body, struct err *e)
{
	struct str data, text = str_trim(*body);
	if (text.len && (text.ptr[0] == '{' || text.ptr[0] == '['))
		return true;
	if (!http_form(a, text, "data", &data) && !http_form(a, text, "json", &data))
		data = http_decode(a, text.len && text.ptr[text.len - 1] == '=' ? str_slice(text, 0, text.len - 1) : text);
	data = str_trim(data);
	if (!data.len || data.ptr[0] != '{')
		return fail(e, ERR_INVALID, "the form carries no JSON");
	*body = data;
	return true;
}

static bool
json_of_body(struct arena *a, struct str content_type, struct str *body, struct err *e)
{
	struct str type = str_trim(str_slice(content_type, 0, str_find_char(content_type, ';', 0)));
	if (str_eq_nocase(type, STR("application/x-www-form-urlencoded")))
		return json_of_form(a, body, e);
	if (!type.len || str_eq_nocase(type, STR("application/json")) || str_eq_nocase(type, STR("text/plain")))
		return true;
	return fail(e, ERR_INVALID, "Content-Type must be application/json, text/plain or application/x-www-form-urlencoded");
}

/* "Basic base64(key:)": the key in the arena, empty when there is none. */
static struct str
key_of_header(struct arena *a, struct str header)
{
	struct str scheme = str_cut(&header, ' '), coded = str_trim(header);
	size_t n = 0;
	if (!str_eq_nocase(scheme, STR("Basic")) || !coded.len || coded.len > 1024)
		return STR("");
	char *bytes = arena_alloc(a, coded.len + 1);
	if (sodium_base642bin((unsigned char *)bytes, coded.len, coded.ptr, coded.len, NULL, &n, NULL, sodium_base64_VARIANT_ORIGINAL) &&
	    sodium_base642bin((unsigned char *)bytes, coded.len, coded.ptr, coded.len, NULL, &n, NULL, sodium_base64_VARIANT_ORIGINAL_NO_PADDING))
		return STR("");
	return str_slice((struct str){bytes, n}, 0, str_find_char((struct str){bytes, n}, ':', 0));
}

static bool
find_key(struct reading *rd, const struct tracking_request *q, const struct json *root, const struct json *first, struct err *e)
{
	struct str candidates[] = {key_of_header(&rd->b->arena, q->authorization), json_text(json_get(root, STR("writeKey"))),
		json_text(json_get(first, STR("writeKey")))};
	for (size_t i = 0; i < COUNT(candidates) && !rd->key; i++)
		if (candidates[i].len)
			rd->key = write_keys_find(rd->t->o.keys, candidates[i]);
	return rd->key ? true : fail(e, ERR_DENIED, "the write key is missing or unknown: send it by Basic authentication or as writeKey");
}

/* ---------------------------------------------------------------- the batch */

void
batch_lay_out(struct batch *b, size_t bytes)
{
	char *to = arena_alloc(&b->arena, bytes + 1);
	b->text = (struct str){to, bytes};
	for (uint32_t i = 0; i < b->n; i++) {
		struct entry *en = &b->entries[i];
		memcpy(to, en->text.ptr, en->text.len);
		en->text.ptr = to;
		to += en->text.len;
	}
}

static bool
check_all(struct reading *rd, enum entry_kind kind, const struct json *root, struct err *e)
{
	struct batch *b = rd->b;
	const struct json *list = rd->in_batch ? json_get(root, STR("batch")) : NULL;
	b->n = rd->in_batch ? list->count : 1;
	b->entries = arena_array(&b->arena, struct entry, b->n ? b->n : 1);
	if (!rd->in_batch)
		return call_check(rd, kind, root, &b->entries[0], e);
	json_each(item, list) {
		if (!call_check(rd, ENTRY_NONE, item, &b->entries[rd->at], e))
			return false;
		if (rd->text_bytes > TEXT_TIMES * LIMIT_BATCH_BYTES)
			return fail(e, ERR_TOO_LARGE, "the batch is too large once its common context stands in every call");
		rd->at++;
	}
	return true;
}

static bool
read_batch_frame(struct reading *rd, const struct json *root, const struct json **ret_first, struct err *e)
{
	const struct json *list = json_get(root, STR("batch")), *sent = json_get(root, STR("sentAt"));
	if (!json_is(list, JSON_ARRAY))
		return fail(e, ERR_INVALID, "batch must be a list of calls");
	if (list->count > LIMIT_BATCH_EVENTS)
		return fail(e, ERR_TOO_LARGE, "the batch holds %u calls; at most %d are taken at once", list->count, LIMIT_BATCH_EVENTS);
	if (json_is(sent, JSON_TEXT) && sent->text.len && !wall_parse(sent->text, &rd->sent))
		return fail(e, ERR_INVALID, "sentAt must be a time like 2026-03-02T17:00:00.000Z");
	const struct json *context = json_get(root, STR("context")), *integrations = json_get(root, STR("integrations"));
	if ((context && context->kind != JSON_OBJECT && context->kind != JSON_NULL) ||
	    (integrations && integrations->kind != JSON_OBJECT && integrations->kind != JSON_NULL))
		return fail(e, ERR_INVALID, "context and integrations of the batch must be objects");
	rd->context = json_first(context) ? context : NULL;
	rd->integrations = json_first(integrations) ? integrations : NULL;
	*ret_first = json_first(list);
	return true;
}

static bool
read_body(struct reading *rd, enum entry_kind kind, const struct tracking_request *q, struct str text, struct err *e)
{
	const struct json_limits limits = {.depth = LIMIT_JSON_DEPTH, .nodes = LIMIT_BATCH_BYTES / NODES_PER_BYTES};
	const struct json *root, *first = NULL;
	if (!json_parse(rd->b->parser, text, &limits, &root, e))
		return false;
	if (root->kind != JSON_OBJECT)
		return fail(e, ERR_INVALID, "the body must be a JSON object");
	if (rd->in_batch && !read_batch_frame(rd, root, &first, e))
		return false;
	return find_key(rd, q, root, first, e) && check_all(rd, kind, root, e);
}

bool
tracking_parse(struct tracking *t, enum entry_kind kind, struct tracking_request *q, struct batch **ret, struct err *e)
{
	struct str text = q->body;
	if (!json_of_body(q->arena, q->content_type, &text, e))
		return false;
	struct batch *b = batch_new();
	struct reading rd = {.t = t, .b = b, .now = q->now, .sent = WALL_NEVER, .in_batch = kind == ENTRY_NONE};
	struct arena own = b->arena;
	b->arena = *q->arena;
	b->parser = parser_take(t);
	bool ok = read_body(&rd, kind, q, text, e);
	if (!ok) {
		*q->arena = b->arena;
		b->arena = own;
		tracking_batch_free(t, b);
		return false;
	}
	arena_clear(&own);
	batch_lay_out(b, rd.text_bytes);
	batch_pack(b);
	*ret = b;
	return true;
}

/* ---------------------------------------------------------------- over HTTP */

struct waiting { struct tracking *t; struct http_request *r; };

static void
reply_success(struct http_request *r)
{
	http_reply(r, 200, "application/json", STR("{\"success\":true}"));
}

/* On the write thread: the batch is durable, or nothing of it was taken. */
static void
on_done(struct batch *b, const struct err *failure)
{
	/* The batch goes first: once the last request is answered, whoever stops the server may free the tracking, too. */
	struct waiting w = *(struct waiting *)b->context;
	tracking_batch_free(w.t, b);
	if (failure)
		http_refuse(w.r, failure);
	else
		reply_success(w.r);
}

/* The lane is full: nothing was taken, the sender comes again. */
static void
refuse_submit(struct tracking *t, struct http_request *r, const struct err *why)
{
	struct err e = *why;
	e.code = ERR_LIMIT;
	http_refuse_for(r, &e, t->o.append.retry_after(t->o.append.self));
}

void
tracking_handle(struct tracking *t, struct http_request *r, enum entry_kind kind)
{
	struct arena a;
	struct err e;
	struct batch *b;
	struct tracking_request q = {http_header(r, "Content-Type"), http_header(r, "Authorization"), r->body, &a, t->o.append.now(t->o.append.self)};
	http_take_arena(r, &a);
	if (!tracking_parse(t, kind, &q, &b, &e)) {
		arena_clear(&a);
		http_refuse(r, &e);
		return;
	}
	if (!b->n) {
		tracking_batch_free(t, b);
		reply_success(r);
		return;
	}
	struct waiting *w = arena_new(&b->arena, struct waiting);
	*w = (struct waiting){t, r};
	b->context = w;
	b->done = on_done;
	if (!t->o.append.submit(t->o.append.self, b, &e)) {
		refuse_submit(t, r, &e);
		tracking_batch_free(t, b);
	}
}

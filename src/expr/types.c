/* Types and names: what the vocabulary knows, what Perennial itself writes, and which name was probably meant. */
#include "expr/check_priv.h"
#include "base/str.h"
#include "event/entry.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define FIELD(name, type) {STR_INIT(name), {.kind = type}}
#define FIELDS(...) {.kind = TYPE_OBJECT, .fields = (const struct type_field[]){__VA_ARGS__}, \
	    .n_fields = sizeof((const struct type_field[]){__VA_ARGS__}) / sizeof(struct type_field)}
#define OF_MESSAGE FIELD("journey", TYPE_TEXT), FIELD("template", TYPE_TEXT), FIELD("message_id", TYPE_TEXT), FIELD("channel", TYPE_TEXT)

/* Events that Perennial writes, and the fields that page and screen calls always have. */
static const struct event_type own_events[] = {
    {STR_INIT("Page Viewed"), FIELDS(FIELD("path", TYPE_TEXT), FIELD("url", TYPE_TEXT), FIELD("title", TYPE_TEXT), FIELD("referrer", TYPE_TEXT),
                                  FIELD("search", TYPE_TEXT), FIELD("name", TYPE_TEXT), FIELD("category", TYPE_TEXT))},
    {STR_INIT("Screen Viewed"), FIELDS(FIELD("name", TYPE_TEXT), FIELD("category", TYPE_TEXT))},
    {STR_INIT("Message Sent"), FIELDS(OF_MESSAGE, FIELD("purpose", TYPE_TEXT), FIELD("key", TYPE_TEXT), {STR_INIT("tags"), {.kind = TYPE_LIST, .item = &(const struct type){.kind = TYPE_TEXT}}})},
    {STR_INIT("Email Opened"), FIELDS(OF_MESSAGE, FIELD("campaign_name", TYPE_TEXT), FIELD("campaign_id", TYPE_TEXT))},
    {STR_INIT("Email Link Clicked"), FIELDS(OF_MESSAGE, FIELD("link_url", TYPE_TEXT), FIELD("link_id", TYPE_TEXT), FIELD("campaign_name", TYPE_TEXT))},
    {STR_INIT("Email Delivered"), FIELDS(OF_MESSAGE)},
    {STR_INIT("Email Bounced"), FIELDS(OF_MESSAGE)},
    {STR_INIT("Email Marked as Spam"), FIELDS(OF_MESSAGE)},
    {STR_INIT("Email Prefetched"), FIELDS(OF_MESSAGE)},
    {STR_INIT("Link Scanned"), FIELDS(OF_MESSAGE, FIELD("link_url", TYPE_TEXT))},
    {STR_INIT("Message Bounced"), FIELDS(OF_MESSAGE)},
    {STR_INIT("Unsubscribed"), FIELDS(FIELD("topic", TYPE_TEXT), FIELD("channel", TYPE_TEXT))},
    {STR_INIT("Task Completed"), FIELDS(FIELD("task", TYPE_TEXT), FIELD("outcome", TYPE_TEXT), FIELD("journey", TYPE_TEXT))},
    {STR_INIT("Journey Entered"), FIELDS(FIELD("journey", TYPE_TEXT), FIELD("key", TYPE_TEXT))},
    {STR_INIT("Journey Left"), FIELDS(FIELD("journey", TYPE_TEXT), FIELD("key", TYPE_TEXT), FIELD("reason", TYPE_TEXT))},
};

const struct event_type *
event_type_of(const struct vocabulary *v, const struct expr *event)
{
	struct str name = event->op == ENTRY_PAGE ? STR("Page Viewed") : event->op == ENTRY_SCREEN ? STR("Screen Viewed") : event->text;
	for (size_t i = 0; v && i < v->n_events; i++)
		if (str_eq(v->events[i].name, name))
			return &v->events[i];
	for (size_t i = 0; i < COUNT(own_events); i++)
		if (str_eq(own_events[i].name, name))
			return &own_events[i];
	return NULL;
}

bool
field_of(const struct type *t, struct str name, struct type *ret)
{
	for (size_t i = 0; i < t->n_fields; i++)
		if (str_eq(t->fields[i].name, name)) {
			*ret = t->fields[i].type;
			return true;
		}
	return false;
}

bool
type_along(const struct type *t, const struct expr *path, uint32_t from, struct type *ret)
{
	struct type at = *t;
	for (uint32_t i = from; i < path->n_steps; i++) {
		struct type next = {0};
		if (at.kind == TYPE_OBJECT && at.n_fields && !field_of(&at, path->steps[i].name, &next))
			return false;
		at = next;
	}
	*ret = at;
	return true;
}

const char *
type_name(enum type_kind k)
{
	static const char *const names[] = {"unknown", "number", "number", "text", "truth", "time", "length of time", "distance", "list",
	    "thing with fields", "text"};
	return names[k];
}

bool
is_number(const struct type *t)
{
	return t->kind == TYPE_NUMBER || t->kind == TYPE_MONEY;
}

bool
is_time_like(const struct type *t)
{
	return t->kind == TYPE_TIME || t->kind == TYPE_TEXT || t->kind == TYPE_UNKNOWN;
}

/* ---------------------------------------------------------------- trees */

const struct expr *
bare(const struct expr *x)
{
	while (x->kind == NODE_PAREN)
		x = x->kids[0];
	return x;
}

bool
is_calendar(const struct expr *x)
{
	x = bare(x);
	return x->kind == NODE_DURATION && !unit_base((enum unit)x->op);
}

bool
is_running(const struct expr *x)
{
	if (x->kind == NODE_TIME_SINCE || x->kind == NODE_TIME_IN_STAGE || (x->kind == NODE_PATH && x->op == ROOT_NOW))
		return true;
	if (x->kind != NODE_PAREN && x->kind != NODE_ARITHMETIC && x->kind != NODE_OTHERWISE && x->kind != NODE_NEGATIVE &&
	    x->kind != NODE_OFFSET)
		return false;
	for (uint32_t i = 0; i < x->n_kids; i++)
		if (is_running(x->kids[i]))
			return true;
	return false;
}

const struct expr *
name_tree(const struct expr_scope *scope, struct str name)
{
	for (size_t i = 0; i < scope->n_names; i++)
		if (str_eq(scope->names[i], name))
			return scope->name_trees[i];
	return NULL;
}

/* ---------------------------------------------------------------- sentences */

const char *
shown(const struct expr *x, char buf[96])
{
	struct buf out = {0};
	expr_print(x, &out);
	(void)snprintf(buf, 96, "%.*s%s", (int)(out.len > 80 ? 80 : out.len), out.ptr ? out.ptr : "", out.len > 80 ? "…" : "");
	buf_release(&out);
	return buf;
}

void
check_warn(struct checker *c, const struct expr *x, const char *format, ...)
{
	if (!c->warnings)
		return;
	struct warning *w = vec_push(c->warnings);
	va_list ap;
	va_start(ap, format);
	(void)vsnprintf(w->text, sizeof(w->text), format, ap);
	va_end(ap);
	w->line = x->line;
	w->column = x->column;
	(void)snprintf(w->file, sizeof(w->file), "%.*s", STR_ARGS(x->file));
}

static char
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

/* Letters to change, add, drop or swap; case counts a little (as nothing, in the end). At most 64 bytes are looked at. */
static int
distance(struct str a, struct str b)
{
	int d[3][66];
	if (a.len > 64 || b.len > 64)
		return 99;
	for (size_t j = 0; j <= b.len; j++)
		d[0][j] = (int)j;
	for (size_t i = 1; i <= a.len; i++) {
		int *now = d[i % 3], *last = d[(i - 1) % 3], *before = d[(i + 1) % 3];
		now[0] = (int)i;
		for (size_t j = 1; j <= b.len; j++) {
			char x = lower(a.ptr[i - 1]), y = lower(b.ptr[j - 1]);
			int best = last[j - 1] + (x != y);
			if (last[j] + 1 < best)
				best = last[j] + 1;
			if (now[j - 1] + 1 < best)
				best = now[j - 1] + 1;
			if (i > 1 && j > 1 && x == lower(b.ptr[j - 2]) && lower(a.ptr[i - 2]) == y && before[j - 2] + 1 < best)
				best = before[j - 2] + 1;
			now[j] = best;
		}
	}
	return d[a.len % 3][b.len];
}

const char *
suggestion(struct str name, const struct str *names, size_t n, size_t stride, char buf[96])
{
	int best = name.len < 5 ? 2 : 3;
	const struct str *found = NULL;
	for (size_t i = 0; i < n; i++) {
		const struct str *s = (const struct str *)((const char *)names + i * stride);
		int d = distance(name, *s);
		if (d < best) {
			best = d;
			found = s;
		}
	}
	buf[0] = 0;
	if (found)
		(void)snprintf(buf, 96, "; did you mean %.*s?", (int)(found->len > 64 ? 64 : found->len), found->ptr);
	return buf;
}

/* Collections: events become streams with what is filtered and worked out at arrival; what depends on the moment of asking
 * stays behind, over columns. */
#include "expr/check_priv.h"
#include "expr/ops_priv.h"
#include "event/entry.h"
#include <string.h>

struct draft {
	const struct expr *events;
	struct holding live;                     /* what is in hand at arrival */
	const struct expr **filter;              /* parts that are final at arrival */
	uint32_t n_filter;
	struct column columns[STREAM_COLUMNS_MAX];
	uint32_t n_columns;
	uint32_t op;
	bool residual;                           /* rows are filtered once more when asked */
};

/* ---------------------------------------------------------------- code of a stream */

static bool
code_of(struct compiler *c, const struct expr *const *parts, size_t n, const struct holding *live, const struct op **ret, uint32_t *ret_n)
{
	struct compiler inner;
	compiler_init(&inner, c->f->a, c->scope, c->f, c->e);
	inner.depth = c->depth;
	uint32_t at = n > 1 ? op_open(&inner, OP_AND) : 0;
	bool ok = true;
	for (size_t i = 0; i < n && ok; i++)
		ok = compile_expr(&inner, parts[i], live);
	if (ok && n > 1)
		op_close(&inner, at);
	if (ok) {
		struct op *ops = arena_array(c->f->a, struct op, inner.ops.len);
		memcpy(ops, inner.ops.items, sizeof(*ops) * inner.ops.len);
		*ret = ops;
		*ret_n = (uint32_t)inner.ops.len;
	}
	compiler_release(&inner);
	return ok;
}

/* The event's own property of this name, else empty. */
static struct str
raw_property(const struct draft *d, const struct expr *x)
{
	if (x->kind == NODE_PATH && x->op == ROOT_BARE && x->n_steps == 1 && d->live.item == ITEM_NONE)
		return x->steps[0].name;
	if (x->kind == NODE_PATH && x->op == ROOT_EVENT && x->n_steps == 2)
		return x->steps[1].name;
	return (struct str){0};
}

int32_t
draft_column(struct compiler *c, struct draft *d, const struct expr *x, const struct holding *h)
{
	uint32_t n_ops;
	(void)h;
	struct str raw = raw_property(d, bare(x));
	/* `total` and `event.total` are the same column. */
	struct str text = raw.len ? arena_printf(c->f->a, "event.%.*s", STR_ARGS(raw)) : print_in(c->f->a, bare(x));
	for (uint32_t i = 0; i < d->n_columns; i++)
		if (str_eq(d->columns[i].text, text))
			return (int32_t)i;
	if (d->n_columns == STREAM_COLUMNS_MAX) {
		(void)fail_node(c->e, x, "this looks at more than %d properties of one event", STREAM_COLUMNS_MAX);
		return -1;
	}
	struct column *column = &d->columns[d->n_columns];
	*column = (struct column){.text = text, .raw = raw};
	if (!code_of(c, &x, 1, &d->live, &column->code, &n_ops))
		return -1;
	column->n_ops = n_ops;
	return (int32_t)d->n_columns++;
}

/* ---------------------------------------------------------------- windows */

/* Checked to be made of constants: its value needs nobody. */
static bool
length_of(struct compiler *c, const struct expr *x, msec *ret)
{
	static const struct holding nothing;
	static const struct facts nobody;
	const struct op *ops;
	uint32_t n;
	struct ev ev;
	if (!code_of(c, &x, 1, &nothing, &ops, &n))
		return false;
	for (uint32_t i = 0; i < n; i++)
		if (ops[i].code != OP_CONST && ops[i].code != OP_ARITHMETIC && ops[i].code != OP_NEGATIVE)
			return fail_node(c->e, x, "the length of a window is known beforehand, such as 90d");
	ev_init(&ev, c->f, &nobody, NULL, (wall){0}, NULL);
	struct value v = op_value(&ev, ops).v;
	if (v.kind != VALUE_DURATION || v.duration <= 0)
		return fail_node(c->e, x, "the length of a window is a time such as 90d");
	*ret = v.duration;
	return true;
}

static bool
compile_point(struct compiler *c, const struct expr *x, const struct holding *h)
{
	struct draft *d;
	struct holding element;
	uint32_t at = op_open(c, OP_POINT);
	c->ops.items[at].n = x->n;
	if (!compile_collection(c, x->kids[0], h, true, &d, &element))
		return false;
	bool latest = x->n == WHICH_LATEST;
	if (!events_close(c, d, latest ? NEED_LATEST : NEED_FIRST, latest ? 1 : (uint32_t)x->n))
		return false;
	op_close(c, at);
	return true;
}

static bool
compile_bound(struct compiler *c, const struct expr *x, const struct holding *h)
{
	if (x->kind == NODE_ENTRY) {
		(void)op_open(c, OP_ENTRY);
		return true;
	}
	return x->kind == NODE_POINT ? compile_point(c, x, h) : compile_expr(c, x, h);
}

static bool
compile_window(struct compiler *c, const struct expr *x, uint32_t at, const struct holding *h)
{
	msec leave = 0, enter = 0;
	if (!x) {
		c->ops.items[at].events.window = WINDOW_NONE;
		return true;
	}
	c->ops.items[at].events.window = x->op;
	c->ops.items[at].events.period = (uint8_t)x->n;
	c->reads |= READS_TIME;
	switch ((enum window)x->op) {
	case WINDOW_FROM:
		if (!length_of(c, x->kids[1], &enter))
			return false;
		/* fall through */
	case WINDOW_LAST:
		if (!length_of(c, x->kids[0], &leave))
			return false;
		c->ops.items[at].events.leave = leave;
		c->ops.items[at].events.enter = enter;
		return true;
	case WINDOW_SINCE:
	case WINDOW_BEFORE:
		c->ops.items[at].bounded = true;
		return compile_bound(c, x->kids[0], h);
	case WINDOW_THIS:
	case WINDOW_PREVIOUS:
		return true;
	}
	return true;
}

static msec
period_length(enum period p)
{
	static const int days[] = {[PERIOD_DAY] = 2, [PERIOD_WEEK] = 8, [PERIOD_MONTH] = 32, [PERIOD_QUARTER] = 93, [PERIOD_YEAR] = 367};
	return days[p] * DAY;
}

static msec
window_reach(const struct op *events)
{
	switch (events->events.window) {
	case WINDOW_LAST:
	case WINDOW_FROM:
		return events->events.leave;
	case WINDOW_THIS:
		return period_length((enum period)events->events.period);
	case WINDOW_PREVIOUS:
		return 2 * period_length((enum period)events->events.period);
	default:
		return INT64_MAX;
	}
}

static struct stream_keep
keep_for(const struct draft *d, const struct op *events, enum need need, uint32_t n)
{
	bool windowed = events->events.window != WINDOW_NONE;
	struct stream_keep k = {.window = window_reach(events)};
	/* One event may have left many rows of items. */
	if (d->residual || need == NEED_ALL || (d->events->n_steps && n > 1))
		return k;
	if (need == NEED_COUNT) {
		if (!windowed)
			k = (struct stream_keep){.count_only = true};
		return k;
	}
	if (need == NEED_FIRST && windowed)
		return k;
	/* The latest few rows are the latest few in any window that ends now. */
	if (windowed && events->events.window != WINDOW_LAST && events->events.window != WINDOW_THIS)
		return k;
	return (struct stream_keep){.first = need == NEED_FIRST ? n : 0, .latest = need == NEED_LATEST ? n : 0};
}

/* ---------------------------------------------------------------- filters */

/* Splits `a and b` into what is final at arrival and what has to wait. */
static void
split_filter(struct compiler *c, struct draft *d, const struct expr *x, const struct holding *row, const struct expr **residual, uint32_t *n, uint32_t max)
{
	bool uses;
	x = bare(x);
	if (x->kind == NODE_AND) {
		for (uint32_t i = 0; i < x->n_kids; i++)
			split_filter(c, d, x->kids[i], row, residual, n, max);
		return;
	}
	if (is_arrival(c, x, row, 0, &uses)) {
		d->filter[d->n_filter++] = x;
		return;
	}
	ASSERT(*n < max);
	residual[(*n)++] = x;
}

static uint32_t
count_parts(const struct expr *x)
{
	uint32_t n = 0;
	x = bare(x);
	if (x->kind != NODE_AND)
		return 1;
	for (uint32_t i = 0; i < x->n_kids; i++)
		n += count_parts(x->kids[i]);
	return n;
}

static bool
compile_filter(struct compiler *c, struct draft *d, const struct expr *where, const struct holding *row)
{
	uint32_t max = count_parts(where), n = 0;
	const struct expr **residual = (const struct expr **)arena_array(c->a, struct expr *, max);
	d->filter = (const struct expr **)arena_array(c->a, struct expr *, max);
	split_filter(c, d, where, row, residual, &n, max);
	if (!n)
		return true;
	d->residual = true;
	c->ops.items[d->op].filtered = true;
	uint32_t at = n > 1 ? op_open(c, OP_AND) : 0;
	for (uint32_t i = 0; i < n; i++)
		if (!compile_expr(c, residual[i], row))
			return false;
	if (n > 1)
		op_close(c, at);
	return true;
}

/* ---------------------------------------------------------------- events */

static const struct type *
item_type_of(struct compiler *c, const struct expr *x)
{
	for (uint32_t i = 0; i < x->n_kids; i++) {
		const struct event_type *e = event_type_of(c->v, x->kids[i]);
		struct type t = {0};
		if (e && e->type.n_fields && type_along(&e->type, x, 0, &t) && t.item)
			return t.item;
	}
	return NULL;
}

static bool
compile_events(struct compiler *c, const struct expr *x, const struct holding *h, bool keep_filter, struct draft **ret_draft, struct holding *ret)
{
	struct draft *d = arena_new(c->a, struct draft);
	bool items = x->n_steps > 0;
	d->events = x;
	d->live = (struct holding){.event = HAND_LIVE, .item = items ? ITEM_LIVE : ITEM_NONE, .events = x,
	    .item_type = items ? item_type_of(c, x) : NULL};
	*ret = d->live;
	ret->event = HAND_ROW;
	ret->item = items ? ITEM_ROW : ITEM_NONE;
	ret->draft = d;
	d->op = op_open(c, OP_EVENTS);
	if (x->where && keep_filter && !compile_filter(c, d, x->where, ret))
		return false;
	if (!compile_window(c, x->window, d->op, h))
		return false;
	op_close(c, d->op);
	*ret_draft = d;
	return true;
}

static struct event_ref *
refs_of(struct compiler *c, const struct expr *x)
{
	struct event_ref *refs = arena_array(c->f->a, struct event_ref, x->n_kids);
	for (uint32_t i = 0; i < x->n_kids; i++) {
		const struct expr *e = x->kids[i];
		refs[i] = (struct event_ref){.kind = e->op, .name = arena_str(c->f->a, e->text), .any = !e->quoted};
		for (size_t a = 0; a < c->v->n_amendments && !refs[i].keyed; a++)
			if (e->op == ENTRY_TRACK && str_eq(c->v->amendments[a].event, e->text)) {
				refs[i].keyed = true;
				refs[i].same = c->v->amendments[a].same;
			}
	}
	return refs;
}

/* Everything that decides what the rows are, so that equal texts are equal features in any program. */
static struct str
stream_text(struct compiler *c, const struct draft *d, const struct stream *s)
{
	struct buf b = {0};
	struct expr set = *d->events;
	set.where = set.window = NULL;
	expr_print(&set, &b);
	for (size_t i = 0; i < d->n_filter; i++) {
		bool brackets = d->filter[i]->kind == NODE_OR;
		buf_add_cstr(&b, i ? " and " : " where (");
		buf_add_cstr(&b, brackets ? "(" : "");
		expr_print(d->filter[i], &b);
		buf_add_cstr(&b, brackets ? ")" : "");
	}
	buf_add_cstr(&b, d->n_filter ? ")" : "");
	for (uint32_t i = 0; i < d->n_columns; i++)
		buf_printf(&b, "%s%.*s", i ? ", " : " → ", STR_ARGS(d->columns[i].text));
	for (uint32_t i = 0; i < s->n_refs; i++)
		if (s->refs[i].keyed)
			buf_printf(&b, ", key %.*s", STR_ARGS(s->refs[i].same));
	struct str text = arena_str(c->f->a, buf_str(&b));
	buf_release(&b);
	return text;
}

static bool
finish_stream(struct compiler *c, struct draft *d, struct stream *s)
{
	uint32_t n_ops;
	if (d->n_filter && !code_of(c, d->filter, d->n_filter, &d->live, &s->filter, &n_ops))
		return false;
	struct column *columns = arena_array(c->f->a, struct column, d->n_columns + 1);
	memcpy(columns, d->columns, sizeof(*columns) * d->n_columns);
	for (uint32_t i = 0; i < d->n_columns; i++)
		columns[i].raw = arena_str(c->f->a, columns[i].raw);
	s->columns = columns;
	s->n_columns = d->n_columns;
	s->refs = refs_of(c, d->events);
	s->n_refs = d->events->n_kids;
	struct str *steps = arena_array(c->f->a, struct str, d->events->n_steps + 1);
	for (uint32_t i = 0; i < d->events->n_steps; i++)
		steps[i] = arena_str(c->f->a, d->events->steps[i].name);
	s->list = (struct json_path){steps, d->events->n_steps};
	s->by_account = d->events->by_account;
	s->text = stream_text(c, d, s);
	return true;
}

static void
note_stream(struct compiler *c, uint32_t stream)
{
	for (size_t i = 0; i < c->streams.len; i++)
		if (c->streams.items[i] == stream)
			return;
	*vec_push(&c->streams) = stream;
}

bool
events_close(struct compiler *c, struct draft *d, enum need need, uint32_t n)
{
	if (!d)
		return true;
	struct stream s = {.keep = keep_for(d, &c->ops.items[d->op], need, n)};
	if (!finish_stream(c, d, &s))
		return false;
	bool negative = false;
	for (uint32_t i = 0; i < s.n_columns && !s.list.n; i++)
		negative |= s.columns[i].raw.len && is_amended(c->v, d->events, s.columns[i].raw);
	uint32_t stream = features_stream(c->f, &s);
	c->ops.items[d->op].events.stream = stream;
	c->ops.items[d->op].scan = negative || d->residual;
	note_stream(c, stream);
	if (s.by_account)
		c->reads |= READS_ACCOUNT;
	return true;
}

/* ---------------------------------------------------------------- items and people */

static bool
compile_people(struct compiler *c, const struct expr *x, bool keep_filter, struct holding *ret)
{
	uint32_t at = op_open(c, OP_PEOPLE);
	*ret = (struct holding){0};
	c->reads |= READS_PEOPLE;
	if (x->where && keep_filter) {
		c->ops.items[at].filtered = true;
		if (!compile_expr(c, x->where, ret))
			return false;
	}
	op_close(c, at);
	return true;
}

/* `count deciders`, where the name stands for people. */
static const struct expr *
people_by_name(struct compiler *c, const struct expr *path)
{
	if (path->kind != NODE_PATH || path->op != ROOT_BARE || path->n_steps != 1)
		return NULL;
	const struct expr *tree = name_tree(c->scope, path->steps[0].name);
	return tree && tree->kind == NODE_PEOPLE ? tree : NULL;
}

static bool
compile_items(struct compiler *c, const struct expr *x, const struct holding *h, bool keep_filter, struct holding *ret)
{
	struct type t = {0};
	uint32_t at = op_open(c, OP_ITEMS);
	if (!compile_expr(c, x->kids[0], h))
		return false;
	static_type(c, x->kids[0], h, &t);
	*ret = *h;
	ret->item = ITEM_LIVE;
	ret->item_type = t.kind == TYPE_LIST ? t.item : NULL;
	if (x->where && keep_filter) {
		c->ops.items[at].filtered = true;
		if (!compile_expr(c, x->where, ret))
			return false;
	}
	op_close(c, at);
	return true;
}

bool
compile_collection(struct compiler *c, const struct expr *x, const struct holding *h, bool keep_filter, struct draft **ret_draft,
    struct holding *ret_element)
{
	if (ret_draft)
		*ret_draft = NULL;
	if (x->kind == NODE_EVENTS)
		return compile_events(c, x, h, keep_filter, ret_draft, ret_element);
	if (x->kind == NODE_PEOPLE)
		return compile_people(c, x, keep_filter, ret_element);
	const struct expr *people = people_by_name(c, x->kids[0]);
	if (!people)
		return compile_items(c, x, h, keep_filter, ret_element);
	if (!x->where)
		return compile_people(c, people, keep_filter, ret_element);
	return fail_node(c->e, x, "a name that stands for people takes no further where");
}

/* Why: one line a leaf with its value. And what hands out elements: items of a trigger, people of an account. */
#include "expr/ops_priv.h"
#include <string.h>

struct explaining {
	const struct cond *c;
	struct ev *ev;
	struct buf *out;
};

static struct str
text_of(const struct cond *c, const struct op *op)
{
	uint32_t number = (uint32_t)(op - c->ops);
	for (uint32_t i = 0; i < c->n_leaves; i++)
		if (c->leaves[i].op == number)
			return c->leaves[i].text;
	return STR("condition");
}

static bool
count_element(struct ev *ev, void *self, wall time)
{
	uint64_t *n = self;
	(void)ev;
	(void)time;
	(*n)++;
	return true;
}

static struct value
count_of(struct ev *ev, const struct op *events)
{
	struct sweep sweep;
	struct span s;
	uint64_t n = 0;
	span_of(ev, events, &s);
	each_element(ev, events, false, false, &sweep, count_element, &n);
	return value_number((fixed)(n + (s.with_folded && !events->filtered ? s.rows.folded : 0)) * FIXED_ONE);
}

/* What the leaf hangs on: the left side of a comparison, a count. */
static bool
value_behind(struct ev *ev, const struct op *op, struct value *ret)
{
	switch ((enum opcode)op->code) {
	case OP_COUNT_IS:
		*ret = count_of(ev, kid(op));
		return true;
	case OP_COMPARE:
	case OP_BETWEEN:
	case OP_WITHIN:
		*ret = op_value(ev, kid(op)).v;
		return true;
	default:
		*ret = op->code >= OP_FIRST_VALUE ? op_value(ev, op).v : VALUE_NONE;
		return op->code >= OP_FIRST_VALUE && op->code != OP_CONST;
	}
}

static void
indent(struct buf *out, int depth)
{
	for (int i = 0; i < depth; i++)
		buf_add_cstr(out, "  ");
}

static void
explain(struct explaining *x, const struct op *op, int depth)
{
	struct value v;
	wall ignored;
	bool truth = op_truth(x->ev, op, &ignored);
	indent(x->out, depth);
	if (op->code == OP_AND || op->code == OP_OR || op->code == OP_NOT) {
		static const char *const heads[] = {[OP_AND] = "all of", [OP_OR] = "any of", [OP_NOT] = "not"};
		buf_printf(x->out, "%s: %s\n", heads[op->code], truth ? "yes" : "no");
		for (const struct op *k = kid(op), *end = after(op); k < end; k = after(k))
			explain(x, k, depth + 1);
		return;
	}
	struct str text = text_of(x->c, op);
	buf_printf(x->out, "%.*s: ", STR_ARGS(text));
	if (value_behind(x->ev, op, &v)) {
		value_format(&v, x->out);
		buf_add_cstr(x->out, ", ");
	}
	buf_printf(x->out, "%s\n", truth ? "yes" : "no");
}

void
cond_explain(const struct cond *c, const struct facts *facts, const struct moment *m, wall now, struct buf *out)
{
	struct arena scratch;
	struct ev ev;
	arena_init(&scratch);
	ev_init(&ev, c->features, facts, m, now, &scratch);
	ev.truth_only = true;
	struct explaining x = {c, &ev, out};
	explain(&x, c->ops, 0);
	arena_clear(&scratch);
}

/* ---------------------------------------------------------------- items */

/* A value as JSON of its own. */
static const struct json *
json_from(struct arena *a, const struct value *v)
{
	struct buf text = {0};
	struct json_writer w = json_writer_on(&text);
	const struct json *j = NULL;
	struct err e;
	if (v->kind == VALUE_JSON)
		return v->json;
	value_write_json(v, &w);
	if (!json_parse_arena(a, buf_str(&text), &j, &e))
		j = NULL;
	buf_release(&text);
	return j;
}

struct gathering {
	struct arena *a;
	VEC(const struct json *) items;
};

static bool
gather(struct ev *ev, void *self, wall time)
{
	struct gathering *g = self;
	(void)time;
	const struct json *j = ev->item ? json_from(g->a, ev->item) : NULL;
	if (j)
		*vec_push(&g->items) = j;
	return true;
}

size_t
expr_items(const struct cond *collection, const struct facts *facts, const struct moment *m, wall now, struct arena *a,
    const struct json *const **ret_items)
{
	struct gathering g = {.a = a};
	struct sweep sweep;
	struct ev ev;
	*ret_items = NULL;
	if (collection->ops->code != OP_ITEMS)
		return 0;
	ev_init(&ev, collection->features, facts, m, now, a);
	each_element(&ev, collection->ops, false, false, &sweep, gather, &g);
	size_t n = g.items.len;
	const struct json **copy = (const struct json **)arena_array(a, struct json *, n + 1);
	if (n)
		memcpy(copy, g.items.items, sizeof(*copy) * n);
	*ret_items = copy;
	vec_release(&g.items);
	return n;
}

/* ---------------------------------------------------------------- people */

struct handing {
	bool (*visit)(void *self, const struct facts *member);
	void *self;
};

static bool
hand_out(struct ev *ev, void *self, wall time)
{
	struct handing *h = self;
	(void)time;
	return h->visit(h->self, ev->facts);
}

bool
cond_people(const struct cond *c, const struct facts *facts, const struct moment *m, wall now, struct arena *scratch,
    bool (*visit)(void *self, const struct facts *member), void *self)
{
	struct handing h = {visit, self};
	struct sweep sweep;
	struct ev ev;
	if (c->ops->code != OP_PEOPLE)
		return false;
	ev_init(&ev, c->features, facts, m, now, scratch);
	each_element(&ev, c->ops, false, false, &sweep, hand_out, &h);
	return true;
}

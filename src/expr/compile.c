/* Trees become flat steps. Paths and collections have files of their own. */
#include "expr/check_priv.h"
#include "expr/ops_priv.h"
#include "base/limits.h"
#include "base/map.h"
#include <string.h>

void
compiler_init(struct compiler *c, struct arena *a, const struct expr_scope *scope, struct features *f, struct err *e)
{
	*c = (struct compiler){.a = a, .scope = scope, .v = f->v, .f = f, .e = e};
}

void
compiler_release(struct compiler *c)
{
	vec_release(&c->ops);
	vec_release(&c->streams);
	vec_release(&c->segments);
	vec_release(&c->leaves);
}

static struct stream_list
list_in(struct arena *a, const uint32_t *items, size_t n)
{
	uint32_t *copy = arena_array(a, uint32_t, n + 1);
	if (n)
		memcpy(copy, items, sizeof(*copy) * n);
	return (struct stream_list){copy, n};
}

bool
compiler_finish(struct compiler *c, const struct expr *x, const struct cond **ret)
{
	if (c->ops.len > LIMIT_CONDITION_STEPS)
		return fail_node(c->e, x, "this is too large: more than %d steps", LIMIT_CONDITION_STEPS);
	struct cond *k = arena_new(c->a, struct cond);
	struct op *ops = arena_array(c->a, struct op, c->ops.len + 1);
	memcpy(ops, c->ops.items, sizeof(*ops) * c->ops.len);
	struct leaf *leaves = arena_array(c->a, struct leaf, c->leaves.len + 1);
	if (c->leaves.len)
		memcpy(leaves, c->leaves.items, sizeof(*leaves) * c->leaves.len);
	*k = (struct cond){.ops = ops, .n_ops = (uint32_t)c->ops.len, .reads = c->reads, .features = c->f, .leaves = leaves,
	    .n_leaves = (uint32_t)c->leaves.len, .streams = list_in(c->a, c->streams.items, c->streams.len),
	    .segments = list_in(c->a, c->segments.items, c->segments.len)};
	*ret = k;
	return true;
}

uint32_t
op_open(struct compiler *c, enum opcode code)
{
	*vec_push(&c->ops) = (struct op){.code = (uint8_t)code, .size = 1};
	return (uint32_t)(c->ops.len - 1);
}

struct op *
op_put(struct compiler *c, enum opcode code)
{
	uint32_t at = op_open(c, code);
	return &c->ops.items[at];
}

void
op_close(struct compiler *c, uint32_t at)
{
	c->ops.items[at].size = (uint32_t)c->ops.len - at;
}

struct str
print_in(struct arena *a, const struct expr *x)
{
	struct buf b = {0};
	expr_print(x, &b);
	struct str s = arena_str(a, buf_str(&b));
	buf_release(&b);
	return s;
}

static void
put_constant(struct compiler *c, struct value v)
{
	op_put(c, OP_CONST)->literal = v;
}

static bool
compile_kids(struct compiler *c, const struct expr *x, const struct holding *h)
{
	for (uint32_t i = 0; i < x->n_kids; i++)
		if (!compile_expr(c, x->kids[i], h))
			return false;
	return true;
}

/* Kids of and, or, not are told of one by one in an explanation when their parent is. */
static bool
compile_logic(struct compiler *c, enum opcode code, const struct expr *x, const struct holding *h, bool unit)
{
	uint32_t at = op_open(c, code);
	for (uint32_t i = 0; i < x->n_kids; i++) {
		c->unit = unit;
		if (!compile_expr(c, x->kids[i], h))
			return false;
	}
	op_close(c, at);
	return true;
}

static bool
compile_op(struct compiler *c, enum opcode code, uint8_t sub, const struct expr *x, const struct holding *h)
{
	uint32_t at = op_open(c, code);
	c->ops.items[at].sub = sub;
	if (!compile_kids(c, x, h))
		return false;
	op_close(c, at);
	return true;
}

/* ---------------------------------------------------------------- types */

static bool
type_of_property(const struct compiler *c, const struct expr *x, uint32_t from, const struct holding *h, struct type *ret)
{
	for (uint32_t i = 0; h->events && i < h->events->n_kids; i++) {
		const struct event_type *t = event_type_of(c->v, h->events->kids[i]);
		if (t && t->type.n_fields && type_along(&t->type, x, from, ret))
			return true;
	}
	return false;
}

static void
type_of_path(const struct compiler *c, const struct expr *x, const struct holding *h, struct type *ret)
{
	const struct expr *tree;
	bool found = true;
	switch ((enum root)x->op) {
	case ROOT_TRAIT:
		found = type_along(&c->v->traits, x, 1, ret);
		break;
	case ROOT_ACCOUNT:
		found = type_along(&c->v->account_traits, x, 1, ret);
		break;
	case ROOT_PREFERENCE:
		found = type_along(&c->v->preferences, x, 1, ret);
		break;
	case ROOT_PREDICT:
		found = type_along(&c->v->predictions, x, 1, ret);
		break;
	case ROOT_NOW:
		ret->kind = TYPE_TIME;
		break;
	case ROOT_STAGE: {
		uint32_t m = model_number(c, x->n_steps > 1 ? x->steps[1].name : c->v->primary_model);
		if (m != UINT32_MAX)
			*ret = (struct type){.kind = TYPE_WORDS, .words = c->v->stages[m], .n_words = c->v->n_stages[m]};
		break;
	}
	case ROOT_ITEM:
		found = h->item_type && type_along(h->item_type, x, 1, ret);
		break;
	case ROOT_EVENT:
	case ROOT_TRIGGER:
		if (x->n_steps == 2 && !x->steps[1].quoted && str_eq(x->steps[1].name, STR("time")))
			ret->kind = TYPE_TIME;
		else if (x->op == ROOT_EVENT && x->n_steps > 1)
			found = type_of_property(c, x, 1, h, ret);
		break;
	case ROOT_BARE:
		tree = name_tree(c->scope, x->steps[0].name);
		if (tree && x->n_steps == 1 && c->depth < 16) {
			static const struct holding nothing;
			struct compiler deeper = *c;
			deeper.depth++;
			static_type(&deeper, tree, &nothing, ret);
		} else if (!tree && h->item != ITEM_NONE) {
			found = h->item_type && type_along(h->item_type, x, 0, ret);
		} else if (!tree) {
			found = type_of_property(c, x, 0, h, ret);
		}
		break;
	default:
		break;
	}
	if (!found)
		*ret = (struct type){0};
}

/* As far as it can be told: words with an order, and times. */
void
static_type(const struct compiler *c, const struct expr *x, const struct holding *h, struct type *ret)
{
	struct type b = {0};
	*ret = (struct type){0};
	switch ((enum node)x->kind) {
	case NODE_PATH:
		type_of_path(c, x, h, ret);
		break;
	case NODE_PAREN:
	case NODE_OTHERWISE:
		static_type(c, x->kids[0], h, ret);
		break;
	case NODE_PICK:
		if (x->kids[0]->kind == NODE_EVENTS && !x->kids[0]->n_steps) {
			struct holding of = {.event = HAND_ROW, .events = x->kids[0]};
			static_type(c, x->kids[1], &of, ret);
		}
		break;
	case NODE_DATE:
	case NODE_END_OF_DAY:
	case NODE_TIME_OF:
	case NODE_ANNIVERSARY:
		ret->kind = TYPE_TIME;
		break;
	case NODE_ARITHMETIC:
		static_type(c, x->kids[0], h, ret);
		static_type(c, x->kids[1], h, &b);
		if ((ret->kind == TYPE_TIME) == (b.kind == TYPE_TIME))
			*ret = (struct type){0};
		else
			ret->kind = TYPE_TIME;
		break;
	default:
		break;
	}
}

uint32_t
model_number(const struct compiler *c, struct str name)
{
	for (size_t i = 0; i < c->v->n_models; i++)
		if (str_eq(c->v->models[i], name))
			return (uint32_t)i;
	return UINT32_MAX;
}

/* ---------------------------------------------------------------- constants */

static fixed
scaled(fixed number, int64_t base)
{
	__int128 n = (__int128)number * base / FIXED_ONE;
	return n > INT64_MAX ? INT64_MAX : n < INT64_MIN ? INT64_MIN : (fixed)n;
}

static struct value
literal_duration(const struct expr *x)
{
	int64_t base = unit_base((enum unit)x->op);
	if (base) {
		struct value v = value_duration(scaled(x->number, base));
		/* Waits keep the clock over days and weeks (value.h). */
		v.quantity = x->op == UNIT_DAY || x->op == UNIT_WEEK;
		return v;
	}
	struct value v = {.kind = VALUE_CALENDAR};
	int64_t n = x->number / FIXED_ONE;
	v.calendar.n = (int32_t)(n > INT32_MAX ? INT32_MAX : n);
	v.calendar.unit = x->op == UNIT_MONTH ? 'm' : x->op == UNIT_YEAR ? 'y' : 'w';
	return v;
}

static bool
is_literal(const struct expr *x)
{
	return x->kind == NODE_NUMBER || x->kind == NODE_PERCENT || x->kind == NODE_DURATION || x->kind == NODE_DISTANCE ||
	    x->kind == NODE_TEXT || x->kind == NODE_TRUTH || x->kind == NODE_EVERYONE;
}

static struct value
literal_of(const struct expr *x)
{
	struct value v = VALUE_NONE;
	switch ((enum node)x->kind) {
	case NODE_NUMBER:
		return value_number(x->number);
	case NODE_PERCENT:
		return value_number(scaled(x->number, 100));
	case NODE_DURATION:
		return literal_duration(x);
	case NODE_DISTANCE:
		v = value_number(scaled(x->number, unit_base((enum unit)x->op)));
		v.quantity = true;
		return v;
	case NODE_TEXT:
		return value_text(x->text);
	case NODE_TRUTH:
		return value_truth(x->n != 0);
	case NODE_EVERYONE:
		return value_truth(true);
	default:
		return v;
	}
}

bool
constant_number(const struct expr *x, fixed *ret)
{
	x = bare(x);
	if (x->kind == NODE_NEGATIVE && constant_number(x->kids[0], ret)) {
		*ret = -*ret;
		return true;
	}
	if (x->kind != NODE_NUMBER && x->kind != NODE_PERCENT)
		return false;
	*ret = literal_of(x).number;
	return true;
}

static void
compile_money(struct compiler *c, const struct expr *x)
{
	struct value v = value_number(x->number);
	v.quantity = true;
	if (!c->v->currency.len || str_eq(c->v->currency, x->text)) {
		put_constant(c, v);
		return;
	}
	uint32_t at = op_open(c, OP_MONEY);
	c->ops.items[at].number = x->number;
	c->ops.items[at].text = x->text;
	c->reads |= READS_CATALOGUE;
}

/* ---------------------------------------------------------------- comparisons */

static void
set_types(struct compiler *c, uint32_t at, const struct expr *x, const struct holding *h)
{
	struct op *op = &c->ops.items[at];
	for (uint32_t i = 0; i < x->n_kids; i++) {
		struct type t;
		static_type(c, x->kids[i], h, &t);
		op->as_time |= t.kind == TYPE_TIME;
		if (t.kind == TYPE_WORDS && !op->order) {
			struct words *w = arena_new(c->a, struct words);
			*w = (struct words){t.words, t.n_words};
			op->order = w;
		}
	}
	op->ordering = !op->as_time;
	if (op->as_time)
		c->reads |= READS_TIME;
}

static bool
is_count_of_events(const struct expr *x)
{
	return x->kind == NODE_AGGREGATE && x->op == AGG_COUNT && x->kids[0]->kind == NODE_EVENTS;
}

/* `count … >= 2` knows the event on which it hangs. */
static bool
compile_count_is(struct compiler *c, const struct expr *count, enum comparison cmp, fixed number, const struct holding *h)
{
	struct draft *d;
	struct holding element;
	uint32_t at = op_open(c, OP_COUNT_IS);
	c->ops.items[at].sub = (uint8_t)cmp;
	c->ops.items[at].number = number;
	if (!compile_collection(c, count->kids[0], h, true, &d, &element) || !events_close(c, d, NEED_COUNT, 0))
		return false;
	op_close(c, at);
	return true;
}

static enum comparison
mirrored(enum comparison c)
{
	return c == CMP_LT ? CMP_GT : c == CMP_LE ? CMP_GE : c == CMP_GT ? CMP_LT : c == CMP_GE ? CMP_LE : c;
}

static bool
compile_compare(struct compiler *c, const struct expr *x, const struct holding *h)
{
	const struct expr *l = bare(x->kids[0]), *r = bare(x->kids[1]);
	fixed n;
	if (x->op <= CMP_GE && is_count_of_events(l) && constant_number(r, &n))
		return compile_count_is(c, l, (enum comparison)x->op, n, h);
	if (x->op <= CMP_GE && is_count_of_events(r) && constant_number(l, &n))
		return compile_count_is(c, r, mirrored((enum comparison)x->op), n, h);
	uint32_t at = op_open(c, OP_COMPARE);
	c->ops.items[at].sub = x->op;
	c->ops.items[at].order = NULL;
	if (!compile_kids(c, x, h))
		return false;
	set_types(c, at, x, h);
	op_close(c, at);
	return true;
}

static bool
compile_between(struct compiler *c, const struct expr *x, const struct holding *h)
{
	uint32_t at = op_open(c, OP_BETWEEN);
	c->ops.items[at].order = NULL;
	if (!compile_kids(c, x, h))
		return false;
	set_types(c, at, x, h);
	op_close(c, at);
	return true;
}

/* ---------------------------------------------------------------- collections in use */

static bool
compile_did(struct compiler *c, const struct expr *x, const struct holding *h)
{
	struct draft *d;
	struct holding element;
	uint32_t at = op_open(c, OP_DID);
	if (!compile_collection(c, x->kids[0], h, true, &d, &element) || !events_close(c, d, NEED_COUNT, 0))
		return false;
	op_close(c, at);
	return true;
}

/* `all` needs the elements that do not fit, too. */
static bool
compile_quantifier(struct compiler *c, const struct expr *x, const struct holding *h)
{
	bool all = x->op == QUANTIFIER_ALL;
	const struct expr *where = x->kids[0]->where;
	struct draft *d;
	struct holding element;
	uint32_t at = op_open(c, OP_QUANTIFIER);
	c->ops.items[at].sub = x->op;
	if (!compile_collection(c, x->kids[0], h, !all, &d, &element))
		return false;
	if (all && where) {
		c->ops.items[at].filtered = true;
		if (!compile_expr(c, where, &element))
			return false;
	}
	if (d && !events_close(c, d, all ? NEED_ALL : NEED_COUNT, 0))
		return false;
	op_close(c, at);
	return true;
}

static int32_t
same_column(struct compiler *c, struct draft *d, const struct expr *x, const struct holding *element)
{
	struct expr path = {.kind = NODE_PATH, .op = ROOT_EVENT, .depth = 1, .line = x->line, .column = x->column, .file = x->file};
	struct step *steps = arena_array(c->a, struct step, x->n_steps + 1);
	steps[0] = (struct step){STR("event"), false};
	for (uint32_t i = 0; i < x->n_steps; i++)
		steps[i + 1] = (struct step){x->steps[i].name, true};
	path.steps = steps;
	path.n_steps = x->n_steps + 1;
	struct expr *kept = arena_new(c->a, struct expr);
	*kept = path;
	return draft_column(c, d, kept, element);
}

static bool
compile_then(struct compiler *c, const struct expr *x, const struct holding *h)
{
	uint32_t at = op_open(c, OP_THEN);
	int32_t columns[2] = {-1, -1};
	c->ops.items[at].negated = x->negated;
	c->ops.items[at].sub = x->n_kids > 2;
	for (int side = 0; side < 2; side++) {
		struct draft *d;
		struct holding element;
		if (!compile_collection(c, x->kids[side], h, true, &d, &element))
			return false;
		if (x->n_steps && (columns[side] = same_column(c, d, x, &element)) < 0)
			return false;
		if (!events_close(c, d, NEED_ALL, 0))
			return false;
	}
	c->ops.items[at].n = columns[0];
	c->ops.items[at].m = columns[1];
	if (x->n_kids > 2 && !compile_expr(c, x->kids[2], h))
		return false;
	c->reads |= READS_TIME;
	op_close(c, at);
	return true;
}

static bool
compile_aggregate(struct compiler *c, const struct expr *x, const struct holding *h)
{
	struct draft *d;
	struct holding element;
	uint32_t at = op_open(c, OP_AGGREGATE);
	c->ops.items[at].sub = x->op;
	if (!compile_collection(c, x->kids[0], h, true, &d, &element))
		return false;
	if (x->n_kids > 1 && !compile_expr(c, x->kids[1], &element))
		return false;
	if (d && !events_close(c, d, x->op == AGG_COUNT ? NEED_COUNT : NEED_ALL, 0))
		return false;
	op_close(c, at);
	return true;
}

static bool
compile_pick(struct compiler *c, const struct expr *x, const struct holding *h)
{
	struct draft *d;
	struct holding element;
	uint32_t at = op_open(c, OP_PICK);
	c->ops.items[at].n = x->n;
	if (!compile_collection(c, x->kids[0], h, true, &d, &element) || !compile_expr(c, x->kids[1], &element))
		return false;
	if (d && !events_close(c, d, x->n == WHICH_LATEST ? NEED_LATEST : NEED_FIRST, x->n == WHICH_LATEST ? 1 : (uint32_t)x->n))
		return false;
	op_close(c, at);
	return true;
}

static bool
compile_time(struct compiler *c, const struct expr *x, enum opcode code, const struct holding *h)
{
	struct draft *d;
	struct holding element;
	uint32_t at = op_open(c, code);
	c->ops.items[at].n = x->n;
	if (!compile_collection(c, x->kids[0], h, true, &d, &element))
		return false;
	bool latest = code == OP_USUAL_GAP || x->n == WHICH_LATEST;
	if (!events_close(c, d, latest ? NEED_LATEST : NEED_FIRST, code == OP_USUAL_GAP ? 17 : latest ? 1 : (uint32_t)x->n))
		return false;
	if (code == OP_TIME_SINCE)
		c->reads |= READS_TIME;
	op_close(c, at);
	return true;
}

/* ---------------------------------------------------------------- atoms */

static bool
compile_member(struct compiler *c, const struct expr *x)
{
	if (x->op == MEMBER_JOURNEY) {
		op_put(c, OP_JOURNEY)->text = x->text;
		c->reads |= READS_JOURNEYS;
		return true;
	}
	for (size_t i = 0; i < c->v->n_segments; i++) {
		if (!str_eq(c->v->segments[i], x->text))
			continue;
		op_put(c, OP_SEGMENT)->n = (int32_t)i;
		for (size_t k = 0; k < c->segments.len; k++)
			if (c->segments.items[k] == i)
				return true;
		*vec_push(&c->segments) = (uint32_t)i;
		return true;
	}
	return fail_node(c->e, x, "there is no segment \"%.*s\"", STR_ARGS(x->text));
}

static bool
compile_thing(struct compiler *c, const struct expr *x, enum opcode code, const struct holding *h)
{
	uint32_t at = op_open(c, code);
	c->ops.items[at].path = path_from(c, x->steps, 0, x->n_steps);
	c->ops.items[at].kind = x->text;
	c->reads |= READS_CATALOGUE;
	if (!compile_kids(c, x, h))
		return false;
	op_close(c, at);
	return true;
}

static bool
compile_stage_time(struct compiler *c, const struct expr *x)
{
	op_put(c, OP_TIME_IN_STAGE)->n = (int32_t)(x->text.len ? model_number(c, x->text) : UINT32_MAX);
	c->reads |= READS_STAGE | READS_TIME;
	return true;
}

static bool
compile_clocked(struct compiler *c, const struct expr *x, const struct holding *h)
{
	c->reads |= READS_TIME;
	if (x->kind == NODE_DATE) {
		uint32_t at = op_open(c, OP_DATE);
		c->ops.items[at].day = x->number;
		c->ops.items[at].minute = x->n;
		return true;
	}
	if (x->kind == NODE_END_OF_DAY) {
		(void)op_open(c, OP_END_OF_DAY);
		return true;
	}
	return compile_op(c, x->kind == NODE_WITHIN ? OP_WITHIN : OP_ANNIVERSARY, x->op, x, h);
}

static bool
compile_value(struct compiler *c, const struct expr *x, const struct holding *h)
{
	switch ((enum node)x->kind) {
	case NODE_MONEY:
		compile_money(c, x);
		return true;
	case NODE_LIST:
		return compile_op(c, OP_VALUES, 0, x, h);
	case NODE_ARITHMETIC:
		return compile_op(c, OP_ARITHMETIC, x->op, x, h);
	case NODE_NEGATIVE:
		return compile_op(c, OP_NEGATIVE, 0, x, h);
	case NODE_OTHERWISE:
		return compile_op(c, OP_OTHERWISE, 0, x, h);
	case NODE_AGGREGATE:
		return compile_aggregate(c, x, h);
	case NODE_PICK:
		return compile_pick(c, x, h);
	case NODE_TIME_SINCE:
		return compile_time(c, x, OP_TIME_SINCE, h);
	case NODE_TIME_OF:
		return compile_time(c, x, OP_TIME_OF, h);
	case NODE_USUAL_GAP:
		return compile_time(c, x, OP_USUAL_GAP, h);
	case NODE_TIME_IN_STAGE:
		return compile_stage_time(c, x);
	case NODE_DATE:
	case NODE_END_OF_DAY:
	case NODE_ANNIVERSARY:
	case NODE_WITHIN:
		return compile_clocked(c, x, h);
	case NODE_SAMPLE:
		op_put(c, OP_SAMPLE)->number = (fixed)hash_stable(x->text);
		return true;
	case NODE_LOOKUP:
		return compile_thing(c, x, OP_LOOKUP, h);
	case NODE_NEAREST:
		return compile_thing(c, x, OP_NEAREST, h);
	case NODE_PATH:
		return compile_path(c, x, h);
	case NODE_ITEMS:
		if (!x->where)
			return compile_expr(c, x->kids[0], h);
		return fail_node(c->e, x, "items cannot stand here: say what of them, with list, count, first, any or all");
	case NODE_EVENTS:
		return fail_node(c->e, x, "events cannot stand here: say what of them, with did, count, latest, …");
	case NODE_PEOPLE: {
		struct holding element;
		return compile_collection(c, x, h, true, NULL, &element);
	}
	default:
		return fail_node(c->e, x, "%s cannot stand here", node_name((enum node)x->kind));
	}
}

bool
compile_expr(struct compiler *c, const struct expr *x, const struct holding *h)
{
	bool uses = false, unit = c->unit;
	if (x->kind == NODE_PAREN)
		return compile_expr(c, x->kids[0], h);
	c->unit = false;
	/* Names within names may stand for very much. */
	if (c->ops.len > LIMIT_CONDITION_STEPS)
		return fail_node(c->e, x, "this is too large: more than %d steps", LIMIT_CONDITION_STEPS);
	if (is_literal(x)) {
		put_constant(c, literal_of(x));
		return true;
	}
	if (h->event == HAND_ROW && is_arrival(c, x, h, 0, &uses) && uses) {
		int32_t column = draft_column(c, h->draft, x, h);
		if (column >= 0)
			op_put(c, OP_COLUMN)->n = column;
		return column >= 0;
	}
	if (unit && x->kind != NODE_AND && x->kind != NODE_OR && x->kind != NODE_NOT)
		*vec_push(&c->leaves) = (struct leaf){(uint32_t)c->ops.len, print_in(c->a, x)};
	switch ((enum node)x->kind) {
	case NODE_AND:
		return compile_logic(c, OP_AND, x, h, unit);
	case NODE_OR:
		return compile_logic(c, OP_OR, x, h, unit);
	case NODE_NOT:
		return compile_logic(c, OP_NOT, x, h, unit);
	case NODE_DID:
		return compile_did(c, x, h);
	case NODE_THEN:
		return compile_then(c, x, h);
	case NODE_QUANTIFIER:
		return compile_quantifier(c, x, h);
	case NODE_MEMBER:
		return compile_member(c, x);
	case NODE_COMPARE:
		return compile_compare(c, x, h);
	case NODE_BETWEEN:
		return compile_between(c, x, h);
	case NODE_MISSING:
		return compile_op(c, OP_MISSING, 0, x, h);
	default:
		return compile_value(c, x, h);
	}
}

/* ---------------------------------------------------------------- the whole */

bool
cond_compile(struct arena *a, const struct expr *x, const struct expr_scope *scope, struct features *f, const struct holding *h,
    const struct cond **ret, struct err *e)
{
	struct compiler c;
	struct holding element;
	compiler_init(&c, a, scope, f, e);
	c.unit = true;
	bool ok = x->kind == NODE_ITEMS ? compile_collection(&c, x, h, true, NULL, &element) : compile_expr(&c, x, h);
	ok = ok && compiler_finish(&c, x, ret);
	compiler_release(&c);
	return ok;
}

bool
expr_compile(struct arena *a, const struct expr *x, const struct expr_scope *scope, struct features *f, const struct cond **ret, struct err *e)
{
	static const struct holding nothing;
	return cond_compile(a, x, scope, f, &nothing, ret, e);
}

uint32_t
cond_reads(const struct cond *c)
{
	return c->reads;
}

struct stream_list
cond_streams(const struct cond *c)
{
	return c->streams;
}

struct stream_list
cond_segments(const struct cond *c)
{
	return c->segments;
}

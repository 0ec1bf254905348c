/* Paths: where a name's value comes from, and what can be worked out when an event arrives. */
#include "expr/check_priv.h"
#include "expr/ops_priv.h"

/* ---------------------------------------------------------------- at arrival or later? */

static bool
is_time_part(struct str s)
{
	return str_eq(s, STR("time")) || str_eq(s, STR("day")) || str_eq(s, STR("hour")) || str_eq(s, STR("weekday"));
}

/* Properties that a refund lowers are not final when the event arrives. */
static bool
may_be_amended(const struct compiler *c, const struct holding *h, struct str property)
{
	return h->events && h->events->kind == NODE_EVENTS && is_amended(c->v, h->events, property);
}

static bool
path_at_arrival(const struct compiler *c, const struct expr *x, const struct holding *h, int inside, bool *ret_uses)
{
	bool item = x->op == ROOT_ITEM || (x->op == ROOT_BARE && (inside > 0 || h->item != ITEM_NONE));
	if (x->op == ROOT_BARE && name_tree(c->scope, x->steps[0].name))
		return false;
	if (item && inside > 0)
		return true;
	if (item && h->item == ITEM_LIVE)
		return false;
	if (x->op == ROOT_EVENT && x->n_steps > 1) {
		if (!x->steps[1].quoted && is_time_part(x->steps[1].name))
			return false;
		if (may_be_amended(c, h, x->steps[1].name))
			return false;
	} else if (x->op == ROOT_BARE && !item && may_be_amended(c, h, x->steps[0].name)) {
		return false;
	} else if (x->op != ROOT_BARE && x->op != ROOT_ITEM && x->op != ROOT_EVENT && x->op != ROOT_ARRIVAL) {
		return false;
	}
	*ret_uses = true;
	return true;
}

/* Texts that are dates mean something else in another zone. */
static bool
speaks_of_time(const struct compiler *c, const struct expr *x, const struct holding *h)
{
	struct type t;
	for (uint32_t i = 0; i < x->n_kids; i++) {
		static_type(c, x->kids[i], h, &t);
		if (t.kind == TYPE_TIME)
			return true;
	}
	return false;
}

bool
is_arrival(const struct compiler *c, const struct expr *x, const struct holding *h, int inside, bool *ret_uses)
{
	bool uses = false;
	switch ((enum node)x->kind) {
	case NODE_NUMBER:
	case NODE_PERCENT:
	case NODE_MONEY:
	case NODE_DURATION:
	case NODE_DISTANCE:
	case NODE_TEXT:
	case NODE_TRUTH:
	case NODE_EVERYONE:
		return true;
	case NODE_PATH:
		return path_at_arrival(c, x, h, inside, ret_uses);
	case NODE_COMPARE:
	case NODE_BETWEEN:
	case NODE_ARITHMETIC:
		if (speaks_of_time(c, x, h))
			return false;
		break;
	case NODE_AGGREGATE:
	case NODE_PICK:
	case NODE_QUANTIFIER:
		if (x->kids[0]->kind != NODE_ITEMS)
			return false;
		if (!is_arrival(c, x->kids[0]->kids[0], h, inside, ret_uses))
			return false;
		if (x->kids[0]->where && !is_arrival(c, x->kids[0]->where, h, inside + 1, &uses))
			return false;
		if (x->n_kids > 1 && !is_arrival(c, x->kids[1], h, inside + 1, &uses))
			return false;
		*ret_uses |= uses;
		return true;
	case NODE_AND:
	case NODE_OR:
	case NODE_NOT:
	case NODE_PAREN:
	case NODE_LIST:
	case NODE_NEGATIVE:
	case NODE_OTHERWISE:
	case NODE_MISSING:
		break;
	default:
		return false;
	}
	for (uint32_t i = 0; i < x->n_kids; i++)
		if (!is_arrival(c, x->kids[i], h, inside, ret_uses))
			return false;
	return true;
}

/* ---------------------------------------------------------------- paths */

const struct json_path *
path_from(struct compiler *c, const struct step *steps, uint32_t from, uint32_t n)
{
	struct json_path *p = arena_new(c->a, struct json_path);
	struct str *names = arena_array(c->a, struct str, n - from + 1);
	for (uint32_t i = from; i < n; i++)
		names[i - from] = steps[i].name;
	*p = (struct json_path){names, n - from};
	return p;
}

static bool
is_money_name(const struct compiler *c, struct str name)
{
	for (size_t i = 0; i < c->v->n_money; i++)
		if (str_eq(c->v->money[i], name))
			return true;
	return false;
}

/* One property right below the event or item, that is an amount. */
static bool
is_money(const struct compiler *c, const struct expr *x, uint32_t from, bool of_item, const struct holding *h)
{
	struct type t = {0};
	if (x->n_steps != from + 1)
		return false;
	if (is_money_name(c, x->steps[from].name))
		return true;
	if (of_item)
		return h->item_type && field_of(h->item_type, x->steps[from].name, &t) && t.kind == TYPE_MONEY;
	for (uint32_t i = 0; h->events && i < h->events->n_kids; i++) {
		const struct event_type *e = event_type_of(c->v, h->events->kids[i]);
		if (e && field_of(&e->type, x->steps[from].name, &t))
			return t.kind == TYPE_MONEY;
	}
	return false;
}

static bool
put_json(struct compiler *c, const struct expr *x, enum json_source source, uint32_t from, bool money)
{
	uint32_t at = op_open(c, OP_JSON);
	c->ops.items[at].sub = (uint8_t)source;
	c->ops.items[at].path = path_from(c, x->steps, from < x->n_steps ? from : x->n_steps, x->n_steps);
	c->ops.items[at].is_money = money;
	return true;
}

static bool
put_part(struct compiler *c, enum opcode code, enum clock_part part)
{
	op_put(c, code)->sub = (uint8_t)part;
	c->reads |= READS_TIME; /* another zone, another day */
	return true;
}

static bool
put_fact(struct compiler *c, const struct expr *x, enum fact_root root, uint32_t reads)
{
	struct fact_path *p = arena_new(c->a, struct fact_path);
	const struct json_path *steps = path_from(c, x->steps, 1, x->n_steps);
	*p = (struct fact_path){.root = root, .steps = steps->steps, .n = steps->n};
	if (root == FACT_CONSENT && p->n == 1) {
		struct str *both = arena_array(c->a, struct str, 2);
		both[0] = steps->steps[0];
		both[1] = STR("marketing");
		p->steps = both;
		p->n = 2;
	}
	p->slot = p->n ? features_slot(c->f, root, p->steps[0]) : 0;
	op_put(c, OP_FACT)->fact = p;
	c->reads |= reads;
	return true;
}

/* A name of `with`: its expression stands in its place, outside of any where. */
static bool
put_name(struct compiler *c, const struct expr *x, const struct expr *tree)
{
	static const struct holding nothing;
	uint32_t at = 0;
	if (c->depth >= 16)
		return fail_node(c->e, x, "the names of 'with' are nested too deeply, or in a circle");
	if (x->n_steps > 1) {
		at = op_open(c, OP_DIG);
		c->ops.items[at].path = path_from(c, x->steps, 1, x->n_steps);
	}
	c->depth++;
	bool ok = compile_expr(c, tree, &nothing);
	c->depth--;
	if (ok && x->n_steps > 1)
		op_close(c, at);
	return ok;
}

static bool
put_column(struct compiler *c, const struct expr *x, const struct holding *h)
{
	int32_t column = draft_column(c, h->draft, x, h);
	if (column < 0)
		return false;
	op_put(c, OP_COLUMN)->n = column;
	return true;
}

static bool
compile_bare(struct compiler *c, const struct expr *x, const struct holding *h)
{
	const struct expr *tree = name_tree(c->scope, x->steps[0].name);
	if (tree)
		return put_name(c, x, tree);
	if (h->item == ITEM_LIVE)
		return put_json(c, x, FROM_ITEM, 0, is_money(c, x, 0, true, h));
	if (h->event == HAND_ROW)
		return put_column(c, x, h);
	if (h->event == HAND_LIVE)
		return put_json(c, x, FROM_EVENT, 0, is_money(c, x, 0, false, h));
	return fail_node(c->e, x, "'%.*s' is not known here", STR_ARGS(x->steps[0].name));
}

static bool
compile_event(struct compiler *c, const struct expr *x, const struct holding *h)
{
	static const struct {
		struct str name;
		enum clock_part part;
	} parts[] = {{STR_INIT("time"), PART_TIME}, {STR_INIT("hour"), PART_HOUR}, {STR_INIT("weekday"), PART_WEEKDAY}, {STR_INIT("day"), PART_DATE},
	    {STR_INIT("name"), PART_NAME}, {STR_INIT("source"), PART_SOURCE}};
	bool row = h->event == HAND_ROW;
	if (x->n_steps > 1 && !x->steps[1].quoted) {
		for (size_t i = 0; i < COUNT(parts); i++)
			if (str_eq(x->steps[1].name, parts[i].name) && (!row || parts[i].part < PART_NAME))
				return put_part(c, row ? OP_ROW_PART : OP_EVENT_PART, parts[i].part);
		if (!row && str_eq(x->steps[1].name, STR("context")))
			return put_json(c, x, FROM_CONTEXT, 2, false);
	}
	if (row)
		return put_column(c, x, h);
	return put_json(c, x, FROM_EVENT, 1, is_money(c, x, 1, false, h));
}

static bool
compile_item(struct compiler *c, const struct expr *x, const struct holding *h)
{
	if (h->item == ITEM_LIVE)
		return put_json(c, x, FROM_ITEM, 1, is_money(c, x, 1, true, h));
	if (h->item == ITEM_ROW)
		return put_column(c, x, h);
	return fail_node(c->e, x, "there is no item in hand here");
}

static bool
compile_trigger_path(struct compiler *c, const struct expr *x)
{
	if (x->n_steps > 1 && !x->steps[1].quoted) {
		if (x->n_steps == 2 && str_eq(x->steps[1].name, STR("time"))) {
			(void)op_open(c, OP_TRIGGER_TIME);
			return true;
		}
		if (str_eq(x->steps[1].name, STR("item")))
			return put_json(c, x, FROM_TRIGGER_ITEM, 2, false);
	}
	return put_json(c, x, FROM_TRIGGER, 1, x->n_steps == 2 && is_money_name(c, x->steps[1].name));
}

static bool
compile_local(struct compiler *c, const struct expr *x)
{
	static const struct {
		struct str name;
		enum clock_part part;
	} parts[] = {{STR_INIT("hour"), PART_HOUR}, {STR_INIT("weekday"), PART_WEEKDAY}, {STR_INIT("date"), PART_DATE}, {STR_INIT("day"), PART_DAY},
	    {STR_INIT("month"), PART_MONTH}};
	c->reads |= READS_TIME;
	for (size_t i = 0; i < COUNT(parts) && x->n_steps > 1; i++)
		if (str_eq(x->steps[1].name, parts[i].name))
			return put_part(c, OP_LOCAL, parts[i].part);
	return fail_node(c->e, x, "local is asked for its hour, weekday, date, day or month");
}

bool
compile_path(struct compiler *c, const struct expr *x, const struct holding *h)
{
	switch ((enum root)x->op) {
	case ROOT_BARE:
		return compile_bare(c, x, h);
	case ROOT_TRAIT:
		return put_fact(c, x, FACT_TRAIT, READS_TRAITS);
	case ROOT_ACCOUNT:
		return put_fact(c, x, FACT_ACCOUNT, READS_ACCOUNT);
	case ROOT_CONSENT:
		return put_fact(c, x, FACT_CONSENT, READS_CONSENT);
	case ROOT_TOPIC:
		return put_fact(c, x, FACT_TOPIC, READS_PREFERENCES);
	case ROOT_PREFERENCE:
		return put_fact(c, x, FACT_PREFERENCE, READS_PREFERENCES);
	case ROOT_PREDICT:
		return put_fact(c, x, FACT_PREDICT, READS_PREDICTIONS);
	case ROOT_CART:
		return put_fact(c, x, FACT_CART, READS_CART);
	case ROOT_TASK:
		return put_fact(c, x, FACT_TASK, READS_TASKS);
	case ROOT_WAITED:
		return put_fact(c, x, FACT_WAITED, 0);
	case ROOT_PRODUCT:
		return put_fact(c, x, FACT_PRODUCT, READS_CATALOGUE);
	case ROOT_MESSAGE:
		if (c->scope->place == PLACE_POLICY)
			return put_json(c, x, FROM_INTENT, 1, false);
		return put_fact(c, x, FACT_MESSAGE, READS_MESSAGES);
	case ROOT_STAGE:
		op_put(c, OP_STAGE)->n = (int32_t)(x->n_steps > 1 ? model_number(c, x->steps[1].name) : UINT32_MAX);
		c->reads |= READS_STAGE;
		return true;
	case ROOT_LOCAL:
		return compile_local(c, x);
	case ROOT_NOW:
		(void)op_open(c, OP_NOW);
		c->reads |= READS_TIME;
		return true;
	case ROOT_EVENT:
		return compile_event(c, x, h);
	case ROOT_ITEM:
		return compile_item(c, x, h);
	case ROOT_TRIGGER:
		return compile_trigger_path(c, x);
	case ROOT_ARRIVAL:
		if (h->event == HAND_ROW)
			return put_column(c, x, h);
		return put_json(c, x, FROM_ARRIVAL, 1, false);
	case ROOT_FROM:
		return put_json(c, x, FROM_CHANGE, 1, false);
	case ROOT_TO:
		return put_json(c, x, TO_CHANGE, 1, false);
	case ROOT_COUNT:
		break;
	}
	return fail_node(c->e, x, "this has no value");
}

#include "template/template_priv.h"
#include "base/str.h"
#include <string.h>

enum { NAMES_MOST = 64 };

struct binding { struct str name; struct lvalue value; };
struct loop { struct str name; size_t i, n; const struct loop *outer; };
struct render {
	struct arena arena;
	const struct template *t;
	const struct render_options *o;
	const struct json *data;
	struct buf *out;
	size_t begun;                    /* length of out before */
	struct binding names[NAMES_MOST];
	uint32_t n_names;
	const struct loop *loop;
	uint32_t steps;
	bool broken, continued;          /* on the way out of a loop's body */
	const struct node *at;
	struct err *e;
};

struct arena *
render_arena(struct render *r)
{
	return &r->arena;
}

const struct tz *
render_zone(const struct render *r)
{
	return r->o->zone ? r->o->zone : tz_utc();
}

static bool
stopped(struct render *r, enum err_code code, const char *what)
{
	fail_at(r->e, code, r->at ? r->at->line : 0, r->at ? r->at->column : 0, "%s", what);
	return fail_in(r->e, r->t->name);
}

/* ---------------------------------------------------------------- values */

struct lvalue
lvalue_of_text(struct str s)
{
	return (struct lvalue){.is = IS_TEXT, .text = s};
}

static struct lvalue
lvalue_of_int(int64_t n)
{
	return (struct lvalue){.is = IS_NUMBER, .number = n * FIXED_ONE, .whole = true};
}

struct lvalue
lvalue_of_json(const struct json *j)
{
	struct lvalue v = {0};
	if (!j)
		return v;
	switch (j->kind) {
	case JSON_TRUE:
	case JSON_FALSE:
		return (struct lvalue){.is = IS_TRUTH, .truth = j->kind == JSON_TRUE};
	case JSON_INT:
	case JSON_DOUBLE:
		/* What does not fit into fixed point is shown as it was written. */
		if (!json_fixed(j, &v.number))
			return lvalue_of_text(j->span);
		v.is = IS_NUMBER;
		v.whole = j->kind == JSON_INT;
		return v;
	case JSON_TEXT:
		return lvalue_of_text(j->text);
	case JSON_ARRAY:
	case JSON_OBJECT:
		return (struct lvalue){.is = IS_JSON, .json = j};
	default:
		return v;
	}
}

bool
lvalue_number(const struct lvalue *v, fixed *ret)
{
	if (v->is == IS_NUMBER) {
		*ret = v->number;
		return true;
	}
	return v->is == IS_TEXT && str_to_fixed(str_trim(v->text), ret);
}

static bool
is_true(const struct lvalue *v)
{
	return v->is != IS_NIL && !(v->is == IS_TRUTH && !v->truth);
}

static bool
is_empty(const struct lvalue *v)
{
	return v->is == IS_NIL || (v->is == IS_TEXT && v->text.len == 0) || (v->is == IS_JSON && v->json->count == 0);
}

/* Numbers print as Liquid prints them: 3, 3.5, and 3.0 for what was written with a point. */
struct str
lvalue_text(struct render *r, const struct lvalue *v)
{
	char buf[40];
	size_t n;
	struct buf joined = {0};
	switch (v->is) {
	case IS_NIL:
		return (struct str){0};
	case IS_TRUTH:
		return v->truth ? STR("true") : STR("false");
	case IS_TEXT:
		return v->text;
	case IS_NUMBER:
		n = fixed_format(v->number, buf);
		if (!v->whole && !memchr(buf, '.', n)) {
			memcpy(buf + n, ".0", 2);
			n += 2;
		}
		return arena_str(&r->arena, (struct str){buf, n});
	default:
		break;
	}
	if (v->json->kind == JSON_OBJECT)
		return v->json->span;
	json_each(item, v->json) {
		struct lvalue x = lvalue_of_json(item);
		buf_add_str(&joined, lvalue_text(r, &x));
	}
	struct str s = arena_str(&r->arena, buf_str(&joined));
	buf_release(&joined);
	return s;
}

/* ---------------------------------------------------------------- looking things up */

static struct lvalue evaluate(struct render *r, const struct operand *o);

static struct lvalue
loop_field(const struct loop *l, struct str name)
{
	if (str_eq(name, STR("index")))
		return lvalue_of_int((int64_t)l->i + 1);
	if (str_eq(name, STR("index0")))
		return lvalue_of_int((int64_t)l->i);
	if (str_eq(name, STR("rindex")))
		return lvalue_of_int((int64_t)(l->n - l->i));
	if (str_eq(name, STR("rindex0")))
		return lvalue_of_int((int64_t)(l->n - l->i) - 1);
	if (str_eq(name, STR("length")))
		return lvalue_of_int((int64_t)l->n);
	if (str_eq(name, STR("first")) || str_eq(name, STR("last")))
		return (struct lvalue){.is = IS_TRUTH, .truth = str_eq(name, STR("first")) ? l->i == 0 : l->i + 1 == l->n};
	return (struct lvalue){0};
}

static const struct json *
nth(const struct json *array, int64_t i)
{
	if (i < 0)
		i += array->count;
	if (i < 0)
		return NULL;
	json_each(item, array)
		if (i-- == 0)
			return item;
	return NULL;
}

static struct lvalue
step_into(const struct lvalue *v, const struct path_step *step, const struct lvalue *index)
{
	fixed n;
	struct str name = step->index ? index->text : step->name;
	if (v->is == IS_TEXT && !step->index && str_eq(name, STR("size")))
		return lvalue_of_int((int64_t)str_code_points(v->text));
	if (v->is != IS_JSON)
		return (struct lvalue){0};
	if (step->index && index->is == IS_NUMBER && v->json->kind == JSON_ARRAY)
		return lvalue_number(index, &n) ? lvalue_of_json(nth(v->json, n / FIXED_ONE)) : (struct lvalue){0};
	const struct json *member = json_get(v->json, name);
	if (member || step->index)
		return lvalue_of_json(member);
	if (str_eq(name, STR("size")))
		return lvalue_of_int(v->json->count);
	if (v->json->kind == JSON_ARRAY && str_eq(name, STR("first")))
		return lvalue_of_json(nth(v->json, 0));
	if (v->json->kind == JSON_ARRAY && str_eq(name, STR("last")))
		return lvalue_of_json(nth(v->json, -1));
	return (struct lvalue){0};
}

static const struct binding *
binding_of(const struct render *r, struct str name)
{
	for (uint32_t i = r->n_names; i-- > 0;)
		if (str_eq(r->names[i].name, name))
			return &r->names[i];
	return NULL;
}

static struct lvalue
evaluate_path(struct render *r, const struct operand *o)
{
	const struct binding *bound = binding_of(r, o->text);
	if (r->loop && str_eq(o->text, STR("forloop")) && o->n_steps) {
		const struct loop *l = r->loop;
		uint32_t i = 0;
		for (; i + 1 < o->n_steps && str_eq(o->steps[i].name, STR("parentloop")) && l->outer; i++)
			l = l->outer;
		return loop_field(l, o->steps[i].name);
	}
	struct lvalue v = bound ? bound->value : lvalue_of_json(json_get(r->data, o->text));
	for (uint32_t i = 0; i < o->n_steps && v.is != IS_NIL; i++) {
		struct lvalue index = {0};
		if (o->steps[i].index)
			index = evaluate(r, o->steps[i].index);
		v = step_into(&v, &o->steps[i], &index);
	}
	return v;
}

static struct lvalue
evaluate(struct render *r, const struct operand *o)
{
	switch (o->kind) {
	case OPERAND_TRUE:
	case OPERAND_FALSE:
		return (struct lvalue){.is = IS_TRUTH, .truth = o->kind == OPERAND_TRUE};
	case OPERAND_NUMBER:
		return (struct lvalue){.is = IS_NUMBER, .number = o->number, .whole = o->whole};
	case OPERAND_TEXT:
		return lvalue_of_text(o->text);
	case OPERAND_EMPTY:
		return lvalue_of_text((struct str){0});
	case OPERAND_PATH:
		return evaluate_path(r, o);
	default:
		return (struct lvalue){0};
	}
}

static struct lvalue
evaluate_value(struct render *r, const struct value_expr *x)
{
	struct lvalue v = evaluate(r, &x->operand);
	for (uint32_t i = 0; i < x->n_filters; i++) {
		struct lvalue arguments[3] = {{0}};
		const struct filter_call *c = &x->filters[i];
		for (uint32_t k = 0; k < c->n_arguments; k++)
			arguments[k] = evaluate(r, c->arguments[k]);
		v = c->filter->apply(r, &v, arguments, c->n_arguments);
	}
	return v;
}

/* ---------------------------------------------------------------- tests */

static bool
same(struct render *r, const struct operand *left, const struct operand *right)
{
	struct lvalue a = evaluate(r, left), b = evaluate(r, right);
	fixed x, y;
	if (right->kind == OPERAND_EMPTY)
		return is_empty(&a);
	if (left->kind == OPERAND_EMPTY)
		return is_empty(&b);
	if (a.is == IS_NIL || b.is == IS_NIL)
		return a.is == b.is;
	if (a.is == IS_TRUTH || b.is == IS_TRUTH)
		return a.is == b.is && a.truth == b.truth;
	if (a.is == IS_NUMBER && b.is == IS_NUMBER && lvalue_number(&a, &x) && lvalue_number(&b, &y))
		return x == y;
	if (a.is == IS_JSON || b.is == IS_JSON)
		return a.is == b.is && a.json->kind == b.json->kind && str_eq(a.json->span, b.json->span);
	return a.is == b.is && str_eq(a.text, b.text);
}

static bool
contains(struct render *r, const struct lvalue *a, const struct lvalue *b)
{
	if (b->is == IS_NIL)
		return false;
	struct str wanted = lvalue_text(r, b);
	if (a->is == IS_TEXT)
		return str_find(a->text, wanted, 0) != SIZE_MAX;
	if (a->is != IS_JSON)
		return false;
	if (a->json->kind == JSON_OBJECT)
		return json_get(a->json, wanted) != NULL;
	json_each(item, a->json) {
		struct lvalue v = lvalue_of_json(item);
		if (v.is == b->is && str_eq(lvalue_text(r, &v), wanted))
			return true;
	}
	return false;
}

static bool
ordered(struct render *r, const struct test *t)
{
	struct lvalue a = evaluate(r, &t->left), b = evaluate(r, &t->right);
	fixed x, y;
	int c;
	if (a.is == IS_NUMBER && b.is == IS_NUMBER && lvalue_number(&a, &x) && lvalue_number(&b, &y))
		c = (x > y) - (x < y);
	else if (a.is == IS_TEXT && b.is == IS_TEXT)
		c = str_cmp(a.text, b.text);
	else
		return false;
	return t->op == TEST_LT ? c < 0 : t->op == TEST_LE ? c <= 0 : t->op == TEST_GT ? c > 0 : c >= 0;
}

static bool
holds(struct render *r, const struct test *t)
{
	bool yes;
	struct lvalue a, b;
	switch (t->op) {
	case TEST_TRUTH:
		a = evaluate(r, &t->left);
		yes = is_true(&a);
		break;
	case TEST_EQ:
	case TEST_NE:
		yes = same(r, &t->left, &t->right) == (t->op == TEST_EQ);
		break;
	case TEST_CONTAINS:
		a = evaluate(r, &t->left), b = evaluate(r, &t->right);
		yes = contains(r, &a, &b);
		break;
	default:
		yes = ordered(r, t);
	}
	if (!t->rest)
		return yes;
	return t->join_or ? yes || holds(r, t->rest) : yes && holds(r, t->rest);
}

/* ---------------------------------------------------------------- writing */

static void
add_escaped(struct buf *out, struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		switch (s.ptr[i]) {
		case '&':
			buf_add_cstr(out, "&amp;");
			break;
		case '<':
			buf_add_cstr(out, "&lt;");
			break;
		case '>':
			buf_add_cstr(out, "&gt;");
			break;
		case '"':
			buf_add_cstr(out, "&quot;");
			break;
		case '\'':
			buf_add_cstr(out, "&#39;");
			break;
		default:
			buf_add_char(out, s.ptr[i]);
		}
}

static bool
write_output(struct render *r, const struct node *n)
{
	struct lvalue v = evaluate_value(r, &n->value);
	struct str s = lvalue_text(r, &v);
	bool raw = n->value.n_filters && n->value.filters[n->value.n_filters - 1].filter == filter_raw;
	if (r->o->html && !raw)
		add_escaped(r->out, s);
	else
		buf_add_str(r->out, s);
	return true;
}

static bool
bind(struct render *r, struct str name, struct lvalue v)
{
	for (uint32_t i = 0; i < r->n_names; i++)
		if (str_eq(r->names[i].name, name)) {
			r->names[i].value = v;
			return true;
		}
	if (r->n_names == NAMES_MOST)
		return stopped(r, ERR_LIMIT, "a template may hold 64 names of its own at most");
	r->names[r->n_names++] = (struct binding){name, v};
	return true;
}

static bool render_nodes(struct render *r, const struct node *n);

static bool
render_branches(struct render *r, const struct node *n)
{
	for (const struct branch *b = n->branches; b; b = b->next)
		if (!b->test || holds(r, b->test) != b->negated)
			return render_nodes(r, b->body);
	return true;
}

/* What a loop runs over: a JSON array, the members of an object (pairs are not offered: their values), or a range. */
struct items {
	const struct json *json;
	int64_t from, n;
};

static int64_t
whole_number(struct render *r, const struct operand *o, int64_t missing)
{
	fixed n;
	struct lvalue v = o ? evaluate(r, o) : (struct lvalue){0};
	return lvalue_number(&v, &n) ? n / FIXED_ONE : missing;
}

static struct items
items_of(struct render *r, const struct node *n)
{
	const struct operand *o = &n->value.operand;
	if (o->kind == OPERAND_RANGE) {
		int64_t from = whole_number(r, o->from, 0), to = whole_number(r, o->to, 0);
		return (struct items){.from = from, .n = to >= from ? to - from + 1 : 0};
	}
	struct lvalue v = evaluate(r, o);
	return v.is == IS_JSON ? (struct items){.json = v.json, .n = v.json->count} : (struct items){0};
}

static struct lvalue
item_at(const struct items *all, int64_t i)
{
	return all->json ? lvalue_of_json(nth(all->json, i)) : lvalue_of_int(all->from + i);
}

static bool
render_for(struct render *r, const struct node *n)
{
	struct items all = items_of(r, n);
	int64_t offset = whole_number(r, n->offset, 0), left;
	offset = offset < 0 ? 0 : offset > all.n ? all.n : offset;
	left = whole_number(r, n->limit, all.n);
	left = left < 0 ? 0 : left > all.n - offset ? all.n - offset : left;
	if (left == 0)
		return !n->branches->next || render_nodes(r, n->branches->next->body);
	const struct binding *outer = binding_of(r, n->text);
	struct lvalue before = outer ? outer->value : (struct lvalue){0};
	struct loop loop = {.name = n->text, .n = (size_t)left, .outer = r->loop};
	r->loop = &loop;
	bool ok = true;
	for (; ok && loop.i < loop.n && !r->broken; loop.i++) {
		int64_t place = n->reversed ? offset + left - 1 - (int64_t)loop.i : offset + (int64_t)loop.i;
		ok = bind(r, n->text, item_at(&all, place)) && render_nodes(r, n->branches->body);
		r->continued = false;
	}
	r->broken = false;
	r->loop = loop.outer;
	return ok && bind(r, n->text, before);
}

static bool
render_capture(struct render *r, const struct node *n)
{
	size_t begun = r->out->len;
	if (!render_nodes(r, n->branches->body))
		return false;
	struct str s = arena_str(&r->arena, str_slice(buf_str(r->out), begun, r->out->len));
	r->out->len = begun;
	return bind(r, n->text, lvalue_of_text(s));
}

static bool
render_node(struct render *r, const struct node *n)
{
	switch (n->kind) {
	case NODE_TEXT:
		buf_add_str(r->out, n->text);
		return true;
	case NODE_OUTPUT:
		return write_output(r, n);
	case NODE_IF:
		return render_branches(r, n);
	case NODE_FOR:
		return render_for(r, n);
	case NODE_ASSIGN:
		return bind(r, n->text, evaluate_value(r, &n->value));
	case NODE_CAPTURE:
		return render_capture(r, n);
	case NODE_BREAK:
	case NODE_CONTINUE:
		r->broken = n->kind == NODE_BREAK && r->loop;
		r->continued = n->kind == NODE_CONTINUE && r->loop;
		return true;
	}
	WRONG("a node of no kind");
}

static bool
render_nodes(struct render *r, const struct node *n)
{
	uint32_t steps_most = r->o->steps_most ? r->o->steps_most : 1000000;
	size_t output_most = r->o->output_most ? r->o->output_most : 1024 * 1024;
	for (; n && !r->broken && !r->continued; n = n->next) {
		r->at = n;
		if (++r->steps > steps_most)
			return stopped(r, ERR_LIMIT, "the template takes too many steps");
		if (!render_node(r, n))
			return false;
		if (r->out->len - r->begun > output_most)
			return stopped(r, ERR_LIMIT, "the template writes too much");
		if (r->arena.used > 16 * output_most)
			return stopped(r, ERR_LIMIT, "the template takes too much memory");
	}
	return true;
}

/* A header is one line, whatever the data holds. */
static void
make_one_line(struct buf *out, size_t from)
{
	for (size_t i = from; i < out->len; i++)
		if ((uint8_t)out->ptr[i] < 0x20 || out->ptr[i] == 0x7F)
			out->ptr[i] = ' ';
	struct str s = str_trim(str_slice(buf_str(out), from, out->len));
	memmove(out->ptr + from, s.ptr, s.len);
	out->len = from + s.len;
	out->ptr[out->len] = '\0';
}

bool
template_render(const struct template *t, const struct json *data, const struct render_options *o, struct buf *out, struct err *e)
{
	struct render *r = mem_alloc(sizeof(*r));
	*r = (struct render){.t = t, .o = o, .data = data, .out = out, .begun = out->len, .e = e};
	arena_init(&r->arena);
	bool ok = render_nodes(r, t->first);
	if (!ok)
		out->len = r->begun;
	else if (o->one_line && out->len > r->begun)
		make_one_line(out, r->begun);
	arena_clear(&r->arena);
	mem_free(r);
	return ok;
}

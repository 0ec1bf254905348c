/* Any bytes as a condition, trigger, wait …: the first byte chooses form and place, the rest is the text.
 *
 * What must hold: nothing crashes; an error has a sentence and a place inside the text; what is read prints, and the
 * printed form reads as the same tree; what passes the checker compiles or is refused with a sentence, and is asked of
 * somebody with a short past: a condition that stands for ever gives the naive truth. */
#include "base/str.h"
#include "expr/tree_priv.h"
#include "tests/unit/expr/random.h"
#include "tests/unit/expr/world.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_error(const struct err *e, struct str text)
{
	int lines = 1;
	for (size_t i = 0; i < text.len; i++)
		lines += text.ptr[i] == '\n';
	ASSERT(e->code != ERR_NONE && e->text[0]);
	ASSERT(e->line >= 1 && e->line <= lines && e->column >= 1 && (size_t)e->column <= text.len + 1);
}

static void
check_round_trip(struct arena *a, const struct expr *x, enum expr_form form)
{
	struct buf printed = {0};
	const struct expr *y;
	struct err e = {0};
	expr_print(x, &printed);
	/* The printed form may be longer than what a person may write. */
	if (expr_parse(a, form, buf_str(&printed), (struct expr_place){NULL, 1, 1, 0}, &y, &e))
		ASSERT(expr_same(x, y));
	else
		ASSERT(str_find(str_of(e.text), STR("a condition has at most"), 0) != SIZE_MAX);
	buf_release(&printed);
}

static bool
is_expression(const struct expr *x)
{
	switch ((enum node)x->kind) {
	case NODE_ON_EVENT:
	case NODE_BECOMES:
	case NODE_CHANGE:
	case NODE_ON_DATE:
	case NODE_SCHEDULE:
	case NODE_GOAL:
	case NODE_CALL:
	case NODE_UNTIL:
	case NODE_FOR:
	case NODE_CLOCK:
	case NODE_MOMENT:
		return false;
	default:
		return true;
	}
}

static bool
is_trigger(const struct expr *x)
{
	return x->kind >= NODE_ON_EVENT && x->kind <= NODE_CALL;
}

static void
check_evaluation(struct arena *a, const struct expr *x, const struct expr_scope *scope, struct str text)
{
	static struct dice d;
	struct features *f = features_new(a, scope->vocabulary);
	const struct cond *c;
	struct err e = {0};
	struct world w;
	d = dice_of(text.len);
	struct history h = random_history(&d, a, tz_utc(), 12);
	struct naive_world n = history_world(&h, h.n, shop_segments(a));
	const struct naive_world *const alone = &n;
	n.colleagues = &alone;
	n.n_colleagues = 1;
	if (!expr_compile(a, x, scope, f, &c, &e)) {
		check_error(&e, text);
		return;
	}
	world_init(&w, f, &n);
	w.members = &w;
	w.n_members = 1;
	world_take_all(&w, h.end);
	struct outcome o = world_eval(&w, c, h.end);
	ASSERT(o.expiry.ms > h.end.ms);
	if (scope->place == PLACE_STANDING) {
		bool truth = o.value.kind == VALUE_TRUTH && o.value.truth;
		ASSERT(truth == naive_true(x, &n, h.end, a));
	}
	world_clear(&w);
}

static void
check_clock(struct arena *a, const struct expr *x, const struct expr_scope *scope, struct str text)
{
	struct features *f = features_new(a, scope->vocabulary);
	const struct trigger *t;
	const struct when *w;
	struct err e = {0};
	if (is_trigger(x) ? !trigger_compile(a, x, scope, f, &t, &e) : !when_compile(a, x, scope, f, &w, &e))
		check_error(&e, text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct arena a;
	if (size < 1)
		return 0;
	enum expr_form form = (enum expr_form)(data[0] % (EXPR_COLLECTION + 1));
	struct str text = {(const char *)data + 1, size - 1};
	struct expr_scope scope = {.place = (enum expr_place_kind)(data[0] / 8 % (PLACE_EVIDENCE + 1)), .vocabulary = shop_vocabulary()};
	const struct expr *x;
	struct err e = {0};
	if (!expr_parse(&a, form, text, (struct expr_place){NULL, 1, 1, 0}, &x, &e)) {
		check_error(&e, text);
	} else {
		check_round_trip(&a, x, form);
		if (!expr_check(x, &scope, form == EXPR_CONDITION ? TYPE_TRUTH : TYPE_UNKNOWN, NULL, &e))
			check_error(&e, text);
		else if (is_expression(x))
			check_evaluation(&a, x, &scope, text);
		else
			check_clock(&a, x, &scope, text);
	}
	arena_reset(&a);
	return 0;
}

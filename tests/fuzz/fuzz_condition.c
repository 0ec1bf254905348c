/* Any bytes as a condition, trigger, wait …: the first byte chooses form and place, the rest is the text.
 *
 * What must hold: nothing crashes; an error has a sentence and a place inside the text; what is read prints, and the
 * printed form reads as the same tree. */
#include "base/str.h"
#include "expr/tree_priv.h"
#include "tests/unit/expr/random.h"

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
		if (!expr_check(x, &scope, TYPE_UNKNOWN, NULL, &e))
			check_error(&e, text);
	}
	arena_reset(&a);
	return 0;
}

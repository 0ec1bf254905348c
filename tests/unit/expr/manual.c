/* The examples of docs/conditions.md: each parses, passes the checker without a word, and prints to itself. In a block
 * `refused` every second line is the sentence that the line before it gets. */
#include "tests/tap.h"
#include "tests/unit/expr/lang.h"
#include "tests/unit/expr/shop.h"

static struct arena a;
static struct vocabulary words;
static const struct str step_names[] = {STR_INIT("first"), STR_INIT("call")};

struct block {
	enum expr_form form;
	enum expr_place_kind place;
	bool is_refused;
};

/* ```condition step */
static bool
read_block(struct str line, struct block *ret)
{
	static const struct {
		const char *name;
		struct block block;
	} blocks[] = {{"```condition", {EXPR_CONDITION, PLACE_STANDING, false}}, {"```condition step", {EXPR_CONDITION, PLACE_STEP, false}},
	    {"```condition policy", {EXPR_CONDITION, PLACE_POLICY, false}}, {"```trigger", {EXPR_TRIGGER, PLACE_STEP, false}},
	    {"```wait", {EXPR_WAIT, PLACE_STEP, false}}, {"```at", {EXPR_AT, PLACE_STEP, false}}, {"```refused", {EXPR_CONDITION, PLACE_STANDING, true}}};
	for (size_t i = 0; i < COUNT(blocks); i++)
		if (str_eq(line, str_of(blocks[i].name))) {
			*ret = blocks[i].block;
			return true;
		}
	return false;
}

static const char *
said(const struct block *b, struct str text)
{
	const struct expr *x;
	struct err e = {0};
	warning_list w = {0};
	struct expr_scope scope = {.place = b->place, .vocabulary = &words, .steps = step_names, .n_steps = COUNT(step_names)};
	enum type_kind wanted = b->form == EXPR_CONDITION ? TYPE_TRUTH : TYPE_UNKNOWN;
	const char *r = "";
	if (!expr_parse(&a, b->form, text, AT_START, &x, &e) || !expr_check(x, &scope, wanted, &w, &e))
		r = arena_cstr(&a, str_of(e.text));
	else if (w.len)
		r = arena_cstr(&a, str_of(w.items[0].text));
	vec_release(&w);
	return r;
}

static void
check_example(const struct block *b, struct str text, int line, struct str want)
{
	const char *got = said(b, text);
	if (!str_eq(str_of(got), want))
		TAP_FAIL("docs/conditions.md:%d: %.*s\n#   says %s", line, STR_ARGS(text), *got ? got : "nothing");
	const char *wrong = b->is_refused ? "" : round_trip(&a, b->form, text);
	if (*wrong)
		TAP_FAIL("docs/conditions.md:%d: %s", line, wrong);
}

/* | you want | `condition` | of the first table */
static bool
table_example(struct str line, struct str *ret)
{
	size_t from = str_find(line, STR("| `"), 1), to = from == SIZE_MAX ? from : str_find_char(line, '`', from + 3);
	if (!str_starts(line, STR("| ")) || to == SIZE_MAX)
		return false;
	*ret = str_slice(line, from + 3, to);
	return true;
}

TEST(every_example_of_the_manual_holds)
{
	FILE *f = fopen("docs/conditions.md", "r");
	char bytes[4096];
	struct block b;
	bool inside = false, in_table = false;
	int line = 0, n = 0;
	struct str before = {0}, example;
	NEED(f);
	words = retail_words;
	words.account_traits = (struct type)OBJECT(account_fields);
	while (fgets(bytes, sizeof(bytes), f)) {
		struct str s = str_trim(str_of(bytes));
		const struct block plain = {EXPR_CONDITION, PLACE_STANDING, false};
		line++;
		if (str_starts(s, STR("## ")))
			in_table = str_eq(s, STR("## In five minutes"));
		if (in_table && table_example(s, &example)) {
			check_example(&plain, example, line, STR(""));
			n++;
		} else if (!inside) {
			inside = read_block(s, &b);
		} else if (str_starts(s, STR("```"))) {
			inside = false;
		} else if (b.is_refused && !before.len) {
			before = arena_str(&a, s);
		} else {
			check_example(&b, b.is_refused ? before : s, line, b.is_refused ? s : STR(""));
			before = (struct str){0};
			arena_reset(&a);
			n++;
		}
	}
	fclose(f);
	printf("# %d examples\n", n);
	CHECK(n > 120);
}

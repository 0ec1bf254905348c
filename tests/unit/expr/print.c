/* print(parse(x)) = x: by hand, over every condition in the shared documents, over random sentences of the grammar. */
#include "tests/tap.h"
#include "tests/unit/expr/lang.h"
#include "tests/unit/expr/random.h"
#include "base/yaml.h"
#include <dirent.h>
#include <stdlib.h>

static struct arena a;

static void
check_prints(enum expr_form form, const char *text, const char *want)
{
	CHECK_CSTR(printed(&a, form, text), want);
	arena_reset(&a);
}

TEST(the_canonical_form_has_single_blanks_and_keeps_brackets)
{
	check_prints(EXPR_CONDITION, "did  \"A\"\n last 90d  # remark\n and ( x=1 )", "did \"A\" last 90d and (x = 1)");
	check_prints(EXPR_CONDITION, "((trait.x))", "((trait.x))");
	check_prints(EXPR_CONDITION, "1+2 *3>- 4", "1 + 2 * 3 > -4");
}

TEST(modifiers_come_out_in_one_order)
{
	check_prints(EXPR_CONDITION, "count \"A\" last 90d by account where (x = 1) >= 2", "count \"A\" where (x = 1) by account last 90d >= 2");
	check_prints(EXPR_CONDITION, "did track \"A\"", "did \"A\"");
	check_prints(EXPR_TRIGGER, "track \"A\" by account where (x = 1)", "track \"A\" where (x = 1) by account");
}

TEST(negations_stand_where_people_say_them)
{
	check_prints(EXPR_CONDITION, "trait.x not in (\"a\") and trait.y is not missing", "trait.x not in (\"a\") and trait.y is not missing");
	check_prints(EXPR_CONDITION, "not trait.x in (\"a\")", "trait.x not in (\"a\")");
	check_prints(EXPR_CONDITION, "not not did \"A\"", "not not did \"A\"");
}

TEST(numbers_and_ordinals_are_written_shortest)
{
	check_prints(EXPR_VALUE, "1.50", "1.5");
	check_prints(EXPR_VALUE, "800.00 EUR", "800 EUR");
	check_prints(EXPR_VALUE, "1 workdays", "1 workday");
	check_prints(EXPR_VALUE, "2 workday", "2 workdays");
	check_prints(EXPR_VALUE, "1st total of \"A\"", "first total of \"A\"");
	check_prints(EXPR_VALUE, "113th total of \"A\"", "113th total of \"A\"");
}

TEST(texts_keep_their_quotation_marks)
{
	check_prints(EXPR_VALUE, "\"say \\\"x\\\" and \\\\\"", "\"say \\\"x\\\" and \\\\\"");
	check_prints(EXPR_CONDITION, "event.\"count\" = 1", "event.\"count\" = 1");
}

TEST(triggers_and_clocks_print)
{
	check_prints(EXPR_TRIGGER, "date 90d before account.contract_end at 09:00", "date 90d before account.contract_end at 09:00");
	check_prints(EXPR_TRIGGER, "schedule first tuesday of month at 10:00 in \"Europe/Berlin\"", "schedule first tuesday of month at 10:00 in \"Europe/Berlin\"");
	check_prints(EXPR_WAIT, "until workday 09:00", "until workday 09:00");
	check_prints(EXPR_WAIT, "0.85*rhythm", "0.85 * rhythm");
	check_prints(EXPR_AT, "75d before account.contract_end", "75d before account.contract_end");
	check_prints(EXPR_AT, "12h", "12h");
}

/* ---------------------------------------------------------------- random sentences */

TEST(twenty_thousand_random_sentences_come_back)
{
	static const struct {
		enum expr_form form;
		int n;
	} forms[] = {{EXPR_CONDITION, 12000}, {EXPR_VALUE, 2000}, {EXPR_TRIGGER, 2500}, {EXPR_WAIT, 1500}, {EXPR_AT, 1000}, {EXPR_COLLECTION, 500},
	    {EXPR_PEOPLE, 500}};
	struct dice d = dice_of(7);
	struct buf text = {0};
	int bad = 0, n = 0;
	for (size_t f = 0; f < COUNT(forms); f++)
		for (int i = 0; i < forms[f].n && bad < 10; n++) {
			buf_reset(&text);
			random_sentence(&d, forms[f].form, &text);
			if (text.len > 4000)
				continue;
			const char *wrong = round_trip(&a, forms[f].form, buf_str(&text));
			if (*wrong) {
				TAP_FAIL("%s", wrong);
				bad++;
			}
			arena_reset(&a);
			i++;
		}
	buf_release(&text);
}

/* ---------------------------------------------------------------- the documents */

static int n_documents, n_expressions;

static void
check_expression(const char *file, const struct yaml *y, enum expr_form form)
{
	const char *wrong = round_trip(&a, form, y->text);
	n_expressions++;
	if (*wrong)
		TAP_FAIL("%s:%d: %s", file, y->line, wrong);
}

/* key, form of its scalar or of the scalars in its list or mapping */
static const struct {
	const char *key;
	enum expr_form form;
} keys[] = {{"if", EXPR_CONDITION}, {"when", EXPR_CONDITION}, {"refuse if", EXPR_CONDITION}, {"hold if", EXPR_CONDITION},
    {"wait until", EXPR_CONDITION}, {"wait for", EXPR_TRIGGER}, {"seen in", EXPR_TRIGGER}, {"wait", EXPR_WAIT}, {"expires", EXPR_AT},
    {"value", EXPR_VALUE}, {"per", EXPR_VALUE}, {"each", EXPR_COLLECTION}, {"up to", EXPR_VALUE}, {"due", EXPR_VALUE}, {"data", EXPR_VALUE},
    {"with", EXPR_VALUE}, {"for", EXPR_CONDITION}};

static bool
form_of(const struct yaml *parent, const struct yaml *y, enum expr_form *ret)
{
	bool is_send = yaml_get(parent, "send") != NULL;
	for (size_t i = 0; i < COUNT(keys); i++)
		if (str_eq(y->key, str_of(keys[i].key))) {
			*ret = keys[i].form;
			return true;
		}
	*ret = EXPR_TRIGGER;
	if (str_eq(y->key, STR("on")) && !yaml_get(parent, "audience"))
		return true;
	*ret = EXPR_AT;
	if (str_eq(y->key, STR("at")) && is_send)
		return true;
	*ret = EXPR_PEOPLE;
	if (str_eq(y->key, STR("to")) && is_send)
		return true;
	*ret = EXPR_CONDITION;
	return (str_eq(y->key, STR("of")) && yaml_get(parent, "at most")) || (str_eq(y->key, STR("goal")) && y->kind == YAML_SCALAR);
}

static void
check_under(const char *file, const struct yaml *y, enum expr_form form)
{
	if (y->kind == YAML_SCALAR)
		check_expression(file, y, form);
	else
		yaml_each(child, y)
			check_under(file, child, form);
}

static void
check_document(const char *file, const struct yaml *y)
{
	enum expr_form form;
	yaml_each(child, y) {
		if (str_eq(child->key, STR("examples")))
			continue;
		if (str_eq(child->key, STR("variants")))
			check_under(file, child, EXPR_CONDITION);
		else if (child->key.len && form_of(y, child, &form) && (child->kind != YAML_MAPPING || form == EXPR_VALUE))
			check_under(file, child, form);
		else
			check_document(file, child);
	}
}

static struct str
read_file(const char *path)
{
	FILE *f = fopen(path, "rb");
	struct buf b = {0};
	char block[4096];
	for (size_t n; f && (n = fread(block, 1, sizeof(block), f)) > 0;)
		buf_add(&b, block, n);
	if (f)
		fclose(f);
	return buf_str(&b);
}

static void
check_file(const char *path)
{
	struct arena tree;
	struct yaml **docs;
	size_t n;
	struct err e = {0};
	struct str text = read_file(path);
	arena_init(&tree);
	if (!yaml_parse(&tree, path, text, &docs, &n, &e))
		TAP_FAIL("%s:%d: %s", path, e.line, e.text);
	else
		for (size_t i = 0; i < n; i++)
			check_document(path, docs[i]);
	n_documents++;
	arena_clear(&tree);
	arena_reset(&a);
	free((void *)text.ptr);
}

static void
check_folder(const char *path)
{
	static const char *const no_conditions[] = {"people.yaml", "vocabulary.yaml", "catalogue.yaml", "program.yaml"};
	DIR *d = opendir(path);
	char name[8192];
	for (struct dirent *e; d && (e = readdir(d));) {
		struct str s = str_of(e->d_name);
		bool skip = false;
		for (size_t i = 0; i < COUNT(no_conditions); i++)
			skip |= str_eq(s, str_of(no_conditions[i]));
		if (skip || !str_ends(s, STR(".yaml")))
			continue;
		(void)snprintf(name, sizeof(name), "%s/%s", path, e->d_name);
		check_file(name);
	}
	if (d)
		closedir(d);
}

TEST(every_expression_of_the_shared_documents_comes_back)
{
	static const char *const folders[] = {"retail", "retail/journeys", "saas", "saas/journeys", "shared/lifecycle"};
	const char *shared = getenv("PERENNIAL_SHARED") ? getenv("PERENNIAL_SHARED") : "../shared";
	char path[4096];
	n_documents = n_expressions = 0;
	for (size_t i = 0; i < COUNT(folders); i++) {
		(void)snprintf(path, sizeof(path), "%s/language/%s", shared, folders[i]);
		check_folder(path);
	}
	if (!n_documents)
		SKIP("the shared documents are not there (PERENNIAL_SHARED or ../shared)");
	CHECK(n_expressions > 350);
	printf("# %d expressions in %d files\n", n_expressions, n_documents);
}

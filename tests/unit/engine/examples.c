/* The examples inside the shipped documents hold: journeys and lifecycle models of all starter programs. */
#include "starter.h"

static size_t told;

static void
report(void *self, const struct example *x, bool ok, struct str difference)
{
	(void)self;
	told++;
	if (!ok)
		printf("# %.*s:%d: %.*s: %.*s: %.*s\n", STR_ARGS(x->file), x->line, STR_ARGS(x->document), STR_ARGS(x->it), STR_ARGS(difference));
}

static void
tell_program(const char *name, bool models, size_t at_least)
{
	struct starter s;
	told = 0;
	NEED(starter_open(&s, name, models));
	CHECK_INT(tell_examples(&s.options, s.p, STR(""), report, NULL), 0);
	CHECK(told >= at_least);
	printf("# %s: %zu examples\n", name, told);
	starter_close(&s);
}

TEST(retail_examples_hold)
{
	tell_program("retail", true, 48);
}

TEST(saas_examples_hold)
{
	tell_program("saas", true, 11);
}

TEST(b2b_examples_hold)
{
	tell_program("b2b", true, 13);
}

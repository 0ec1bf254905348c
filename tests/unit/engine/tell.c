/* Runs in virtual time: what is assumed of people, what is told, and how an example that does not hold says so. */
#include "starter.h"

struct heard { size_t messages, entered, held, opened; wall first; };

static void
hear(void *self, const struct told *t)
{
	struct heard *h = self;
	h->messages += t->kind == TOLD_MESSAGE;
	h->entered += t->kind == TOLD_ENTERED;
	h->held += t->kind == TOLD_HELD;
	if (t->kind == TOLD_MESSAGE && !h->first.ms)
		h->first = t->at;
}

static void
feed(struct starter *s, struct run *r, enum entry_kind kind, const char *name, const char *body, const char *when)
{
	struct entry en = {.kind = kind, .name = str_of(name), .trust = TRUST_SERVER, .text = str_of(body)};
	struct err e;
	if (!wall_parse(str_of(when), &en.at) || !json_parse_arena(&s->a, en.text, &en.body, &e))
		TAP_FAIL("a bad entry");
	en.happened = en.at;
	run_feed(r, &en);
}

static struct heard
carts(struct starter *s, const struct assumption *as, int people)
{
	struct heard h = {0};
	struct run *r = run_new(&s->options, s->p, as);
	wall end;
	run_listen(r, hear, &h);
	for (int i = 0; i < people; i++) {
		char body[200];
		snprintf(body, sizeof(body), "{\"userId\":\"u%d\",\"traits\":{\"email\":\"u%d@shop.example\",\"timezone\":\"Europe/Helsinki\"}}", i, i);
		feed(s, r, ENTRY_IDENTIFY, NULL, body, "2026-03-02T08:00:00Z");
		snprintf(body, sizeof(body), "{\"userId\":\"u%d\",\"properties\":{\"product_id\":\"p\",\"price\":30}}", i);
		feed(s, r, ENTRY_TRACK, "Product Added", body, "2026-03-02T09:00:00Z");
	}
	if (wall_parse(STR("2026-04-02T09:00:00Z"), &end))
		run_advance(r, end);
	run_free(r);
	return h;
}

TEST(without_consent_nothing_is_sent_and_with_it_assumed_it_is)
{
	struct starter s;
	NEED(starter_open(&s, "retail", false));
	struct heard none = carts(&s, NULL, 20), all = carts(&s, &(struct assumption){.consent_email = true}, 20);
	CHECK_INT(none.messages, 0);
	CHECK(none.held > 0);
	CHECK(all.messages > 10);
	CHECK(all.entered >= none.entered);
	starter_close(&s);
}

TEST(the_same_run_twice_tells_the_same)
{
	struct starter s;
	NEED(starter_open(&s, "retail", false));
	const struct assumption as = {.consent_email = true, .open_permille = 300, .click_permille = 30, .open_after = 2 * HOUR, .click_after = 3 * HOUR};
	struct heard a = carts(&s, &as, 40), b = carts(&s, &as, 40);
	CHECK_INT(a.messages, b.messages);
	CHECK_INT(a.entered, b.entered);
	CHECK_INT(a.held, b.held);
	CHECK_INT(a.first.ms, b.first.ms);
	starter_close(&s);
}

static size_t failed;
static char said[2048];

static void
note(void *self, const struct example *x, bool ok, struct str difference)
{
	(void)self;
	(void)x;
	failed += !ok;
	if (!ok)
		snprintf(said, sizeof(said), "%.*s", STR_ARGS(difference));
}

/* The welcome journey with one word of its expectation changed. */
TEST(an_example_that_does_not_hold_says_what_came_instead)
{
	struct starter s;
	struct program_file files[512];
	size_t n = 0;
	problem_list problems = {0};
	struct program *p;
	NEED(starter_open(&s, "retail", false));
	for (size_t i = 0; i < s.p->n_files && n < COUNT(files); i++)
		files[n++] = s.p->files[i];
	for (size_t i = 0; i < n; i++) {
		size_t at = str_eq(files[i].path, STR("journeys/birthday.yaml")) ? str_find(files[i].text, STR("2026-06-15 09:00"), 0) : SIZE_MAX;
		if (at != SIZE_MAX)
			files[i].text = arena_printf(&s.a, "%.*s2026-06-15 10:00%.*s", STR_ARGS(str_slice(files[i].text, 0, at)),
			    STR_ARGS(str_slice(files[i].text, at + 16, files[i].text.len)));
	}
	NEED(program_make(files, n, s.zones, s.options.activities_tsv, NULL, 0, &problems, &p));
	vec_release(&problems);
	failed = 0;
	CHECK_INT(tell_examples(&s.options, p, STR("birthday"), note, NULL), 1);
	CHECK_INT(failed, 1);
	CHECK_CSTR(said, "expected email birthday at 2026-06-15 10:00, got email birthday at 2026-06-15 09:00");
	program_free(p);
	starter_close(&s);
}

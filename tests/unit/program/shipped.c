/* The shipped programs are right; versions, differences, entries, templates of a program. */
#include "small_program.h"
#include <stdlib.h>

struct shipped {
	struct program_file files[600], shadows[200];
	size_t n, n_shadows;
	struct str activities;
};

/* The starter `name` and the models; `all`: every model is on. */
static void
take_shipped(struct arena *a, const char *name, bool all, struct shipped *s)
{
	*s = (struct shipped){0};
	for (size_t i = 0; i < n_embedded_files; i++) {
		struct str path = str_of(embedded_files[i].path), rest = path, folder = str_cut(&rest, '/');
		struct str text = {embedded_files[i].bytes, embedded_files[i].len};
		if (str_eq(path, STR("activities.tsv")))
			s->activities = text;
		if (str_starts(rest, STR("journeys/")))
			s->shadows[s->n_shadows++] = (struct program_file){rest, text};
		if (str_eq(folder, STR("lifecycle")))
			s->files[s->n++] = (struct program_file){path, text};
		if (str_eq(folder, STR("partials")))
			s->files[s->n++] = (struct program_file){arena_printf(a, "templates/%.*s", STR_ARGS(path)), text};
		if (!str_eq(folder, str_of(name)))
			continue;
		size_t on = str_find(text, STR("\nlifecycles:"), 0);
		if (all && str_eq(rest, STR("program.yaml")) && on != SIZE_MAX)
			text = arena_printf(a, "%.*s\n#%.*s", STR_ARGS(str_slice(text, 0, on)), STR_ARGS(str_slice(text, on + 1, text.len)));
		s->files[s->n++] = (struct program_file){rest, text};
	}
}

static struct program *
make_shipped(const char *name, bool all)
{
	struct arena a;
	struct shipped *s = mem_alloc(sizeof(*s));
	struct tz_set *zones = tz_set_new(tz_source_system());
	problem_list problems = {0};
	struct program *p = NULL;
	arena_init(&a);
	take_shipped(&a, name, all, s);
	bool ok = program_make(s->files, s->n, zones, s->activities, s->shadows, s->n_shadows, &problems, &p);
	CHECK(ok);
	for (size_t i = 0; i < problems.len; i++) {
		char line[700];
		TAP_FAIL("%s", err_format(&problems.items[i].err, line, sizeof(line)));
	}
	vec_release(&problems);
	tz_set_free(zones);
	arena_clear(&a);
	mem_free(s);
	return p;
}

TEST(the_table_of_files_is_in_order_and_whole)
{
	for (size_t i = 1; i < n_embedded_files; i++)
		CHECK(strcmp(embedded_files[i - 1].path, embedded_files[i].path) < 0);
	for (size_t i = 0; i < n_embedded_files; i++)
		CHECK_INT(strlen(embedded_files[i].bytes), embedded_files[i].len);
}

TEST(retail_is_accepted_without_a_word)
{
	struct program *p = make_shipped("retail", false);
	NEED(p != NULL);
	CHECK_INT(p->n_models, 1);
	CHECK_STR(p->models[p->primary_model].name, "race");
	CHECK(p->n_journeys >= 23 && p->n_activities >= 80 && p->n_goals >= 4 && p->n_evidence >= 10);
	static const char *const demanded[] = {"welcome", "cart_abandonment", "post_purchase", "replenishment", "win_back"};
	for (size_t i = 0; i < COUNT(demanded); i++)
		CHECK(program_journey(p, str_of(demanded[i])) != NULL);
	CHECK(p->tracking_needs_consent);
	program_free(p);
}

TEST(all_six_models_run_at_once_and_each_brings_examples)
{
	struct program *p = make_shipped("retail", true);
	NEED(p != NULL);
	CHECK_INT(p->n_models, 6);
	const struct example *x;
	size_t n = program_examples(p, &x);
	for (size_t k = 0; k < p->n_models; k++) {
		size_t of_model = 0;
		for (size_t i = 0; i < n; i++)
			of_model += x[i].of_lifecycle && str_eq(x[i].document, p->models[k].name);
		CHECK_INT(of_model, 2);
	}
	program_free(p);
}

TEST(every_journey_of_the_starters_brings_an_example)
{
	static const char *const starters[] = {"retail", "saas", "b2b"};
	for (size_t s = 0; s < COUNT(starters); s++) {
		struct program *p = make_shipped(starters[s], false);
		if (!p)
			continue;
		const struct example *x;
		size_t n = program_examples(p, &x);
		for (size_t j = 0; j < p->n_journeys; j++) {
			bool found = false;
			for (size_t i = 0; i < n; i++)
				found |= str_eq(x[i].document, p->journeys[j].name) && program_example_person(p, yaml_get(x[i].yaml, "person")->text);
			if (!found)
				TAP_FAIL("%s: %.*s has no example", starters[s], STR_ARGS(p->journeys[j].name));
		}
		program_free(p);
	}
}

TEST(conditions_stand_behind_what_they_name)
{
	struct program *p = make_shipped("retail", true);
	NEED(p != NULL);
	bool *seen = mem_alloc(p->n_conditions);
	for (size_t i = 0; i < p->n_conditions; i++) {
		const struct condition_def *c = &p->conditions[p->order[i]];
		for (size_t s = 0; s < p->n_segments; s++) {
			char named[120];
			snprintf(named, sizeof(named), "in segment \"%.*s\"", STR_ARGS(p->conditions[s].name));
			if (str_find(c->text, str_of(named), 0) != SIZE_MAX)
				CHECK(seen[s]);
		}
		seen[p->order[i]] = true;
	}
	mem_free(seen);
	program_free(p);
}

TEST(shadows_are_activities_that_nobody_runs_here)
{
	struct program *p = make_shipped("retail", false);
	NEED(p != NULL);
	for (size_t i = 0; i < p->n_shadows; i++)
		for (size_t j = 0; j < p->n_journeys; j++)
			CHECK(!str_eq(p->shadows[i].activity, p->journeys[j].activity));
	program_free(p);
}

/* ---------------------------------------------------------------- versions, differences, entries */

static struct program *
small_with(const char *path, const char *text)
{
	struct tz_set *zones = tz_set_new(tz_source_system());
	problem_list problems = {0};
	struct program *p = NULL;
	struct program_file f = {str_of(path), str_of(text)};
	CHECK(make_small(&f, path[0] ? 1 : 0, zones, &problems, &p));
	vec_release(&problems);
	tz_set_free(zones);
	return p;
}
#define HELLO "journey: hello\npurpose: marketing\nentry:\n  on: track \"Order Completed\"\n"
#define STEPS "steps:\n  - wait: 2d\n  - send: email hello\n    name: first\n"
#define EXAMPLE "examples:\n  - it: says hello\n    person: aino\n    story: []\n    expect: []\n"

TEST(a_journeys_version_is_what_people_inside_keep)
{
	struct program *p = small_with("", ""), *label = small_with("journeys/hello.yaml", "label: Hello\n" HELLO STEPS EXAMPLE),
		       *spaces = small_with("journeys/hello.yaml", HELLO "\n# a remark\nsteps:\n    - wait: 2d\n    - send: email hello\n      name: first\n" EXAMPLE),
		       *steps = small_with("journeys/hello.yaml", HELLO "steps:\n  - wait: 3d\n  - send: email hello\n    name: first\n" EXAMPLE);
	NEED(p && label && spaces && steps);
	uint64_t v = p->journeys[0].version;
	CHECK(label->journeys[0].version == v && spaces->journeys[0].version == v);
	CHECK(steps->journeys[0].version != v);
	CHECK(p->version != label->version && p->version != spaces->version);
	program_free(p);
	program_free(label);
	program_free(spaces);
	program_free(steps);
}

TEST(the_difference_names_what_changed_and_whether_people_inside_notice)
{
	struct buf b = {0};
	struct program *p = small_with("", ""), *same = small_with("", ""),
		       *steps = small_with("journeys/hello.yaml", HELLO "steps:\n  - wait: 3d\n  - send: email hello\n" EXAMPLE),
		       *more = small_with("segments.yaml", "segment: customer\nwhen: did \"Order Completed\" last 90d\n---\nsegment: fresh\nwhen: everyone\n");
	NEED(p && same && steps && more);
	program_diff(p, same, &b);
	CHECK_STR(buf_str(&b), "nothing changes\n");
	buf_reset(&b);
	program_diff(p, steps, &b);
	CHECK_STR(buf_str(&b), "changed  journey hello: people inside finish the steps that they began with\n");
	buf_reset(&b);
	program_diff(p, more, &b);
	CHECK_STR(buf_str(&b), "removed  segment vip\nchanged  segment customer\nadded    segment fresh\n");
	buf_reset(&b);
	program_diff(NULL, p, &b);
	CHECK(str_starts(buf_str(&b), STR("added    segment customer\n")));
	buf_release(&b);
	program_free(p);
	program_free(same);
	program_free(steps);
	program_free(more);
}

TEST(a_program_is_the_same_after_its_way_through_the_log)
{
	struct arena a;
	struct buf b = {0};
	struct err e = {0};
	const struct json *body;
	struct program_file *files;
	size_t n;
	problem_list problems = {0};
	struct tz_set *zones = tz_set_new(tz_source_system());
	struct program *p = small_with("", ""), *again = NULL;
	arena_init(&a);
	NEED(p != NULL);
	program_write_json(p, &b);
	NEED(json_parse_arena(&a, buf_str(&b), &body, &e));
	NEED(program_files_of_json(&a, body, &files, &n, &e));
	CHECK(program_make(files, n, zones, (struct str){0}, NULL, 0, &problems, &again));
	CHECK(again && again->version == p->version && again->n_conditions == p->n_conditions);
	CHECK(json_parse_arena(&a, STR("{\"files\":[{\"path\":\"x\"}]}"), &body, &e) && !program_files_of_json(&a, body, &files, &n, &e));
	CHECK_CSTR(e.text, "file 1 of the program has no path or no text");
	program_free(p);
	program_free(again);
	vec_release(&problems);
	tz_set_free(zones);
	buf_release(&b);
	arena_clear(&a);
}

TEST(files_in_any_order_are_the_same_program)
{
	struct program_file files[COUNT(small_shop)];
	problem_list problems = {0};
	struct tz_set *zones = tz_set_new(tz_source_system());
	struct program *p = small_with("", ""), *turned = NULL;
	for (size_t i = 0; i < COUNT(small_shop); i++)
		files[i] = small_shop[COUNT(small_shop) - 1 - i];
	CHECK(program_make(files, COUNT(files), zones, (struct str){0}, NULL, 0, &problems, &turned));
	CHECK(p && turned && p->version == turned->version);
	program_free(p);
	program_free(turned);
	vec_release(&problems);
	tz_set_free(zones);
}

/* ---------------------------------------------------------------- templates */

static struct str
words(const struct program *p, const char *name, const char *variant, const char *locale, const char *part)
{
	const struct template_file *t = program_template(p, str_of(name), str_of(variant), str_of(locale), part);
	return t ? t->text : STR("(none)");
}

TEST(a_reader_gets_the_own_language_else_the_first)
{
	struct tz_set *zones = tz_set_new(tz_source_system());
	problem_list problems = {0};
	struct program *p = NULL;
	struct program_file f[] = {
	    {STR("templates/hello.fi.html"), STR("---\nsubject: Hei\n---\n<p>Hei</p>")},
	    {STR("templates/hello/vip.fi.html"), STR("---\nsubject: Hei, VIP\n---\n<p>Hei, VIP</p>")},
	    {STR("templates/partials/mail.html"), STR("<main title='{{ subject }}'>{{ content }}{% include 'foot' %}</main>")},
	    {STR("templates/partials/foot.html"), STR("-- {{ brand.name }}")},
	    {STR("templates/hello.html"), STR("---\nsubject: Hello {{ trait.firstName }}\npreheader: Look\nlayout: mail\n---\n<p>Hello</p>\n")},
	};
	NEED(make_small(f, COUNT(f), zones, &problems, &p));
	CHECK_STR(words(p, "hello", "", "fi", "html"), "<p>Hei</p>");
	CHECK_STR(words(p, "hello", "", "fi-FI", "subject"), "Hei");
	CHECK_STR(words(p, "hello", "", "fi_FI", "subject"), "Hei");
	CHECK_STR(words(p, "hello", "", "sv", "subject"), "Hello {{ trait.firstName }}");
	CHECK_STR(words(p, "hello", "", "", "preheader"), "Look");
	CHECK_STR(words(p, "hello", "vip", "fi", "subject"), "Hei, VIP");
	/* A variant that has no words of its own is told in the common ones. */
	CHECK_STR(words(p, "hello", "founder", "fi", "subject"), "Hei");
	/* No Finnish subject over an English letter. */
	CHECK_STR(words(p, "hello", "", "fi", "preheader"), "(none)");
	CHECK_STR(words(p, "hello", "", "en", "html"), "<main title='Hello {{ trait.firstName }}'><p>Hello</p>\n-- {{ brand.name }}</main>");
	CHECK_STR(words(p, "bye", "", "en", "html"), "(none)");
	program_free(p);
	vec_release(&problems);
	tz_set_free(zones);
}

TEST(partials_that_include_themselves_are_found)
{
	char buf[2000];
	struct program_file f[] = {
	    {STR("templates/partials/a.html"), STR("{% include \"b\" %}")},
	    {STR("templates/partials/b.html"), STR("{% include \"a\" %}")},
	    {STR("templates/hello.html"), STR("---\nsubject: Hello\n---\n{% include \"a\" %}{% include \"nothing\" %}")},
	};
	CHECK_CSTR(told_of(f, COUNT(f), buf, sizeof(buf)),
	    "templates/hello.html: partials include each other more than eight levels deep: do they include themselves?\n"
	    "templates/hello.html: there is no templates/partials/nothing.html");
}

TEST(every_mail_of_retail_has_a_subject_a_preheader_and_both_bodies)
{
	struct program *p = make_shipped("retail", false);
	NEED(p != NULL);
	for (size_t j = 0; j < p->n_journeys; j++)
		for (size_t k = 0; k < p->journeys[j].n_steps; k++) {
			const struct step_def *s = &p->journeys[j].steps[k];
			for (size_t o = 0; s->kind == STEP_SEND && o < s->n_offers; o++) {
				const struct offer *of = &s->offers[o];
				static const char *const parts[] = {"subject", "preheader", "html", "txt"};
				for (size_t i = 0; of->channel == CHANNEL_EMAIL && i < COUNT(parts); i++) {
					struct str variant = s->n_variants ? s->variants[0].name : (struct str){0};
					if (!program_template(p, of->template, variant, STR("en"), parts[i]) && !str_eq(of->template, STR("win_back")))
						TAP_FAIL("%.*s has no %s", STR_ARGS(of->template), parts[i]);
				}
			}
		}
	program_free(p);
}

/* ---------------------------------------------------------------- what does not come from people of good will */

TEST(hostile_input_is_told_and_makes_nothing)
{
	char buf[3000];
	struct program_file nul = {STR("segments.yaml"), {"segment: a\0b\nwhen: everyone\n", 27}};
	CHECK(strstr(told_of(&nul, 1, buf, sizeof(buf)), "segments.yaml:") != NULL);
	struct program_file latin = {STR("segments.yaml"), STR("segment: caf\xe9\nwhen: everyone\n")};
	CHECK(strstr(told_of(&latin, 1, buf, sizeof(buf)), "segments.yaml:1:13: from here on this file is not UTF-8 text") != NULL);
	struct program_file absolute = {STR("/etc/passwd"), STR("x")};
	CHECK(strstr(told_of(&absolute, 1, buf, sizeof(buf)), "'/etc/passwd' is no path inside a program") != NULL);
	struct buf deep = {0};
	buf_add_cstr(&deep, "segment: deep\nwhen: ");
	for (int i = 0; i < 300; i++)
		buf_add_char(&deep, '(');
	struct program_file nested = {STR("segments.yaml"), buf_str(&deep)};
	CHECK(strstr(told_of(&nested, 1, buf, sizeof(buf)), "segments.yaml:2:") != NULL);
	buf_reset(&deep);
	buf_add_cstr(&deep, HELLO "steps:\n");
	for (int i = 0; i < 201; i++)
		buf_add_cstr(&deep, "  - wait: 1d\n");
	struct program_file long_one = {STR("journeys/hello.yaml"), buf_str(&deep)};
	CHECK(strstr(told_of(&long_one, 1, buf, sizeof(buf)), "a journey has at most 200 steps; this one has 201") != NULL);
	buf_release(&deep);
}

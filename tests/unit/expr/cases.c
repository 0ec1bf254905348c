/* Runs the files of tests/cases/conditions. A case is three lines, cases are parted by empty ones; # begins a remark line.
 *
 *	what       a condition; `value: …`, `trigger: …`, `wait: …`, `at: …` for the other forms
 *	context    items parted by ` ; `:
 *	           now TIME · zone NAME · entry TIME · place standing|entry|step|policy|evidence
 *	           person {"traits":{},"consent":{},"topics":{},"preferences":{},"predictions":{},"cart":[],"stages":{}}
 *	           TIME "Event" {…} · TIME page "Name" {…} · TIME screen "Name" {…} · trigger TIME "Event" {…}
 *	           with NAME = VALUE · `-` for none. TIME is ISO 8601 in UTC. The words are those of random.h's shop.
 *	expected   the value as explain shows it · `refused: COLUMN: sentence` · `warned: COLUMN: sentence` · `prints: …` */
#include "tests/tap.h"
#include "tests/unit/expr/lang.h"
#include "tests/unit/expr/random.h"
#include "tests/unit/expr/world.h"
#include "base/civil.h"
#include "base/clock.h"
#include "event/entry.h"
#include <dirent.h>
#include <stdlib.h>

enum { EVENTS_MOST = 32, NAMES_MOST = 8 };

struct test_case {
	const char *file;
	int line;
	struct str what, expected;
	enum expr_form form;
	struct expr_scope scope;
	struct naive_world world;
	wall now;
	struct event_view events[EVENTS_MOST], trigger;
	struct moment moment;
	struct str names[NAMES_MOST];
	const struct expr *trees[NAMES_MOST];
};

static struct arena a;
static struct tz_set *zones;
static const char *complaint;

static bool
complain(const char *what, struct str about)
{
	complaint = arena_cstr(&a, arena_printf(&a, "%s: %.*s", what, STR_ARGS(about)));
	return false;
}

/* ---------------------------------------------------------------- the context */

static bool
read_json(struct str text, const struct json **ret)
{
	struct err e = {0};
	return json_parse_arena(&a, text, ret, &e) || complain(e.text, text);
}

/* TIME [page|screen] "Name" {properties} */
static bool
read_event(struct str text, struct event_view *ev)
{
	struct str time = str_cut(&text, ' ');
	text = str_trim(text);
	ev->kind = ENTRY_TRACK;
	ev->source = STR("test");
	if (!wall_parse(time, &ev->time))
		return complain("no time", time);
	if (text.len && *text.ptr != '"') {
		struct str kind = str_cut(&text, ' ');
		ev->kind = entry_kind_of(kind);
		text = str_trim(text);
	}
	if (text.len && *text.ptr == '"') {
		size_t end = str_find_char(text, '"', 1);
		ev->name = str_slice(text, 1, end);
		text = str_trim(str_slice(text, end + 1, text.len));
	}
	return read_json(text.len ? text : STR("{}"), &ev->properties);
}

static bool
read_person(struct test_case *c, struct str text)
{
	const struct json *j;
	if (!read_json(text, &j))
		return false;
	c->world.traits = json_get(j, STR("traits"));
	c->world.consent = json_get(j, STR("consent"));
	c->world.topics = json_get(j, STR("topics"));
	c->world.preferences = json_get(j, STR("preferences"));
	c->world.predictions = json_get(j, STR("predictions"));
	c->world.cart = json_get(j, STR("cart"));
	c->world.stages = json_get(j, STR("stages"));
	return true;
}

static bool
read_place(struct test_case *c, struct str name)
{
	static const char *const names[] = {"standing", "entry", "step", "policy", "evidence"};
	for (size_t i = 0; i < COUNT(names); i++)
		if (str_eq(name, str_of(names[i]))) {
			c->scope.place = (enum expr_place_kind)i;
			return true;
		}
	return complain("no such place", name);
}

static bool
read_name(struct test_case *c, struct str text)
{
	struct str name = str_trim(str_cut(&text, '='));
	struct err e = {0};
	size_t n = c->scope.n_names;
	if (n == NAMES_MOST || !expr_parse(&a, EXPR_VALUE, str_trim(text), AT_START, &c->trees[n], &e))
		return complain(e.text, text);
	c->names[n] = name;
	c->scope.n_names = c->world.n_names = n + 1;
	return true;
}

static bool
read_item(struct test_case *c, struct str text)
{
	struct str rest = text, word = str_cut(&rest, ' ');
	rest = str_trim(rest);
	if (str_eq(word, STR("now")))
		return wall_parse(rest, &c->now) || complain("no time", rest);
	if (str_eq(word, STR("entry")))
		return wall_parse(rest, &c->world.entry) || complain("no time", rest);
	if (str_eq(word, STR("zone")))
		return (c->world.zone = tz_find(zones, rest)) != NULL || complain("no zone", rest);
	if (str_eq(word, STR("place")))
		return read_place(c, rest);
	if (str_eq(word, STR("person")))
		return read_person(c, rest);
	if (str_eq(word, STR("with")))
		return read_name(c, rest);
	if (str_eq(word, STR("trigger"))) {
		c->moment.trigger = &c->trigger;
		return read_event(rest, &c->trigger);
	}
	if (c->world.n_events == EVENTS_MOST)
		return complain("too many events", text);
	c->events[c->world.n_events].seq = c->world.n_events + 1;
	return read_event(text, &c->events[c->world.n_events++]);
}

static bool
read_context(struct test_case *c, struct str text)
{
	while (text.len) {
		size_t end = str_find(text, STR(" ; "), 0);
		struct str item = str_trim(str_slice(text, 0, end));
		text = end == SIZE_MAX ? (struct str){0} : str_slice(text, end + 3, text.len);
		if (!str_eq(item, STR("-")) && !read_item(c, item))
			return false;
	}
	return true;
}

/* ---------------------------------------------------------------- the outcome */

static void
read_form(struct test_case *c)
{
	static const struct {
		const char *prefix;
		enum expr_form form;
	} forms[] = {{"value: ", EXPR_VALUE}, {"trigger: ", EXPR_TRIGGER}, {"wait: ", EXPR_WAIT}, {"at: ", EXPR_AT}};
	c->form = EXPR_CONDITION;
	for (size_t i = 0; i < COUNT(forms); i++)
		if (str_starts(c->what, str_of(forms[i].prefix))) {
			c->form = forms[i].form;
			c->what = str_slice(c->what, strlen(forms[i].prefix), c->what.len);
		}
}

static struct str
shown_value(const struct value *v)
{
	struct buf b = {0};
	value_format(v, &b);
	struct str r = arena_str(&a, buf_str(&b));
	buf_release(&b);
	return r;
}

/* What the compiled form makes of it, with all rows and with those that features_keep keeps. */
static struct str
compiled(const struct test_case *c, const struct expr *x, bool prune)
{
	struct features *f = features_new(&a, c->scope.vocabulary);
	const struct cond *k;
	struct err e = {0};
	struct world w;
	if (!expr_compile(&a, x, &c->scope, f, &k, &e))
		return arena_printf(&a, "does not compile: %s", e.text);
	world_init(&w, f, &c->world);
	w.prune = prune;
	world_take_all(&w, c->now);
	struct outcome o = world_eval(&w, k, c->now);
	struct str r = shown_value(&o.value);
	if (o.expiry.ms <= c->now.ms)
		r = arena_printf(&a, "%.*s, but its expiry is not ahead", STR_ARGS(r));
	world_clear(&w);
	return r;
}

/* The naive value, if the compiled ones are the same. A condition is asked for its truth only: missing is false there. */
static struct str
evaluated(const struct test_case *c, const struct expr *x)
{
	struct value v = naive_value(x, &c->world, c->now, &a);
	struct str naive = shown_value(&v);
	for (int prune = 0; prune < 2; prune++) {
		struct str got = compiled(c, x, prune);
		if (!str_eq(got, naive) && !(c->form == EXPR_CONDITION && str_eq(naive, STR("missing")) && str_eq(got, STR("false"))))
			return arena_printf(&a, "%.*s naively, but compiled%s %.*s", STR_ARGS(naive), prune ? " and pruned" : "", STR_ARGS(got));
	}
	return naive;
}

static struct str
outcome(const struct test_case *c)
{
	const struct expr *x;
	struct err e = {0};
	warning_list w = {0};
	struct buf b = {0};
	struct str r;
	enum type_kind wanted = c->form == EXPR_CONDITION ? TYPE_TRUTH : TYPE_UNKNOWN;
	if (!expr_parse(&a, c->form, c->what, AT_START, &x, &e) || !expr_check(x, &c->scope, wanted, &w, &e)) {
		r = arena_printf(&a, "refused: %d: %s", e.column, e.text);
	} else if (str_starts(c->expected, STR("prints: "))) {
		expr_print(x, &b);
		r = arena_printf(&a, "prints: %s", b.ptr);
	} else if (w.len && str_starts(c->expected, STR("warned: "))) {
		r = arena_printf(&a, "warned: %d: %s", w.items[0].column, w.items[0].text);
	} else {
		r = evaluated(c, x);
	}
	vec_release(&w);
	buf_release(&b);
	return r;
}

static void
run(struct test_case *c, struct str context)
{
	complaint = NULL;
	read_form(c);
	c->world.vocabulary = shop_vocabulary();
	c->world.segments = shop_segments(&a);
	c->world.zone = tz_find(zones, STR("Europe/Helsinki"));
	c->world.events = c->events;
	c->world.names = c->scope.names = c->names;
	c->world.name_trees = c->scope.name_trees = c->trees;
	c->world.moment = &c->moment;
	c->scope.vocabulary = shop_vocabulary();
	c->scope.zones = zones;
	c->now = (wall){INT64_C(1772366400000)}; /* 2026-03-01T12:00Z */
	if (!read_context(c, context)) {
		TAP_FAIL("%s:%d: %s", c->file, c->line, complaint);
		return;
	}
	struct str got = outcome(c);
	if (!str_eq(got, c->expected))
		TAP_FAIL("%s:%d: %.*s\n#   gives %.*s\n#   not   %.*s", c->file, c->line, STR_ARGS(c->what), STR_ARGS(got), STR_ARGS(c->expected));
}

/* ---------------------------------------------------------------- files */

static int
run_file(const char *path)
{
	FILE *f = fopen(path, "r");
	char line[8192];
	struct str parts[3];
	int n = 0, at = 0, cases = 0, first = 0;
	while (f && fgets(line, sizeof(line), f)) {
		struct str s = str_trim(str_of(line));
		at++;
		if (!s.len || *s.ptr == '#')
			continue;
		if (!n)
			first = at;
		parts[n++] = arena_str(&a, s);
		if (n < 3)
			continue;
		struct test_case c = {.file = path, .line = first, .what = parts[0], .expected = parts[2]};
		run(&c, parts[1]);
		arena_reset(&a);
		n = 0;
		cases++;
	}
	if (f)
		fclose(f);
	if (n)
		TAP_FAIL("%s:%d: a case has three lines", path, first);
	return cases;
}

TEST(every_case_comes_out_as_written)
{
	static const char folder[] = "tests/cases/conditions";
	DIR *d = opendir(folder);
	char path[4096];
	int cases = 0;
	zones = tz_set_new(tz_source_system());
	for (struct dirent *e; d && (e = readdir(d));)
		if (str_ends(str_of(e->d_name), STR(".txt"))) {
			(void)snprintf(path, sizeof(path), "%s/%.255s", folder, e->d_name);
			cases += run_file(path);
		}
	if (d)
		closedir(d);
	tz_set_free(zones);
	arena_clear(&a);
	printf("# %d cases\n", cases);
	CHECK(cases > 100);
}

/* Programs as entries of the log, what changes between two, and the catalogue that examples begin with. */
#include "program/program_priv.h"
#include "base/str.h"
#include <stdio.h>

void
program_write_json(const struct program *p, struct buf *out)
{
	struct json_writer w = json_writer_on(out);
	char version[20];
	(void)snprintf(version, sizeof(version), "%016llx", (unsigned long long)p->version);
	jw_object(&w);
	jw_kstr(&w, "program", p->name);
	jw_kstr(&w, "version", str_of(version));
	jw_karray(&w, "files");
	for (size_t i = 0; i < p->n_files; i++) {
		jw_object(&w);
		jw_kstr(&w, "path", p->files[i].path);
		jw_kstr(&w, "text", p->files[i].text);
		jw_object_end(&w);
	}
	jw_array_end(&w);
	jw_object_end(&w);
}

bool
program_files_of_json(struct arena *a, const struct json *body, struct program_file **ret, size_t *ret_n, struct err *e)
{
	const struct json *list = json_get(body, STR("files"));
	size_t n = 0;
	if (!json_is(list, JSON_ARRAY))
		return fail(e, ERR_INVALID, "a program entry has {\"files\":[{\"path\":…,\"text\":…}]}");
	struct program_file *files = arena_array(a, struct program_file, list->count);
	json_each(f, list) {
		const struct json *path = json_get(f, STR("path")), *text = json_get(f, STR("text"));
		if (!json_is(path, JSON_TEXT) || !json_is(text, JSON_TEXT))
			return fail(e, ERR_INVALID, "file %zu of the program has no path or no text", n + 1);
		files[n++] = (struct program_file){arena_str(a, json_text(path)), arena_str(a, json_text(text))};
	}
	*ret = files;
	*ret_n = n;
	return true;
}

/* ---------------------------------------------------------------- what changes */

/* One thing that has a name and a meaning: two with the same text are the same. */
struct thing {
	struct str kind, name;
	uint64_t text;
};
typedef VEC(struct thing) thing_list;

static void
add_thing(thing_list *l, const char *kind, struct str name, uint64_t text)
{
	*vec_push(l) = (struct thing){str_of(kind), name, text};
}

static uint64_t
journey_hash(const struct program *p, const struct journey_def *j)
{
	/* The whole file counts here: a label or a goal is a change too, although nobody inside notices. */
	for (size_t i = 0; i < p->n_files; i++)
		if (str_eq(p->files[i].path, j->file))
			return hash_stable(p->files[i].text);
	return j->version;
}

static void
list_things(const struct program *p, thing_list *l)
{
	if (!p)
		return;
	for (size_t i = 0; i < p->n_segments; i++)
		add_thing(l, "segment", p->conditions[i].name, hash_stable(p->conditions[i].text));
	for (size_t i = 0; i < p->n_journeys; i++)
		add_thing(l, "journey", p->journeys[i].name, journey_hash(p, &p->journeys[i]));
	for (size_t i = 0; i < p->n_files; i++)
		if (!str_starts(p->files[i].path, STR("journeys/")) && !str_starts(p->files[i].path, STR("segments")))
			add_thing(l, "file", p->files[i].path, hash_stable(p->files[i].text));
}

static const struct thing *
thing_in(const thing_list *l, const struct thing *t)
{
	for (size_t i = 0; i < l->len; i++)
		if (str_eq(l->items[i].kind, t->kind) && str_eq(l->items[i].name, t->name))
			return &l->items[i];
	return NULL;
}

static void
diff_line(struct buf *out, const char *what, const struct thing *t, const char *more)
{
	bool file = str_eq(t->kind, STR("file"));
	buf_printf(out, "%-8s %.*s%s%.*s%s\n", what, file ? 0 : (int)t->kind.len, t->kind.ptr, file ? "" : " ", STR_ARGS(t->name), more);
}

static const char *
steps_note(const struct program *before, const struct program *after, const struct thing *t)
{
	const struct journey_def *a = before ? program_journey(before, t->name) : NULL, *b = program_journey(after, t->name);
	if (!str_eq(t->kind, STR("journey")) || !a || !b)
		return "";
	return a->version == b->version ? ": its steps are the same" : ": people inside finish the steps that they began with";
}

void
program_diff(const struct program *before, const struct program *after, struct buf *out)
{
	thing_list old = {0}, new = {0};
	size_t from = out->len;
	list_things(before, &old);
	list_things(after, &new);
	for (size_t i = 0; i < old.len; i++)
		if (!thing_in(&new, &old.items[i]))
			diff_line(out, "removed", &old.items[i], "");
	for (size_t i = 0; i < new.len; i++) {
		const struct thing *was = thing_in(&old, &new.items[i]);
		if (!was)
			diff_line(out, "added", &new.items[i], "");
		else if (was->text != new.items[i].text)
			diff_line(out, "changed", &new.items[i], steps_note(before, after, &new.items[i]));
	}
	if (out->len == from)
		buf_add_cstr(out, "nothing changes\n");
	vec_release(&old);
	vec_release(&new);
}

/* ---------------------------------------------------------------- for examples */

/* One of each in euros, of a day in spring 2026, rounded: plain enough that nobody takes them for today's. */
static const struct { const char *currency, *euros; } example_rates[] = {
    {"EUR", "1"}, {"SEK", "0.09"}, {"USD", "0.92"}, {"GBP", "1.17"}, {"NOK", "0.09"}, {"DKK", "0.134"}, {"CHF", "1.05"}, {"PLN", "0.23"},
    {"IDR", "0.0001"}, {"JPY", "0.006"},
};

static fixed
example_rate(struct str currency)
{
	fixed r = 0;
	for (size_t i = 0; i < COUNT(example_rates); i++)
		if (str_eq(currency, str_of(example_rates[i].currency)) && !str_to_fixed(str_of(example_rates[i].euros), &r))
			return 0;
	return r;
}

const struct json *
make_example_catalogue(struct maker *m, const struct json *catalogue, const struct yaml *rates)
{
	struct buf b = {0};
	struct json_writer w = json_writer_on(&b);
	struct err e = {0};
	const struct json *r = NULL;
	fixed base = example_rate(m->p->currency), rate;
	jw_object(&w);
	json_each(kind, catalogue) {
		jw_key(&w, kind->key);
		jw_json(&w, kind);
	}
	if (rates && rates->kind == YAML_SEQUENCE) {
		jw_kobject(&w, "rate");
		yaml_each(one, rates)
			if (base && example_rate(yaml_text(one)) && fixed_div(example_rate(yaml_text(one)), base, &rate))
				jw_kfixed(&w, arena_cstr(m->a, yaml_text(one)), rate);
		jw_object_end(&w);
	}
	jw_object_end(&w);
	if (!json_parse_arena(m->a, buf_str(&b), &r, &e))
		problem_in(m, "program.yaml", 0, 0, false, "%s", e.text);
	buf_release(&b);
	return r;
}

const struct json *
program_example_catalogue(const struct program *p)
{
	return p->example_catalogue;
}

/* The examples inside a program's documents, run in virtual time: what was done must be exactly what is expected. */
#include "engine/tell_priv.h"

struct telling {
	struct teller t;
	const struct example *x;
	const struct yaml *y;
	struct arena arena;
	struct buf difference;
	wall from, until;
};

static const char *
text_key(struct telling *w, struct str key)
{
	return arena_cstr(&w->arena, key);
}

static struct str
scalar(const struct yaml *y, const char *key)
{
	const struct yaml *v = yaml_get(y, key);
	return v && v->kind == YAML_SCALAR ? v->text : (struct str){0};
}

/* The key of a line that is a time; its value is what happens then. */
static const struct yaml *
dated(const struct telling *w, const struct yaml *line, wall *ret)
{
	yaml_each (child, line)
		if (local_time(w->t.zone, child->key, ret))
			return child;
	return NULL;
}

/* ---------------------------------------------------------------- setting the scene */

static void
find_zone(struct telling *w)
{
	const struct yaml *person = program_example_person(w->t.p, scalar(w->y, "person"));
	struct str zone = scalar(yaml_get(w->y, "but"), "zone");
	if (!zone.len)
		zone = scalar(person, "zone");
	const struct tz *tz = zone.len ? tz_find(w->t.options->zones, zone) : NULL;
	if (tz)
		w->t.zone = tz;
}

static void
find_times(struct telling *w)
{
	wall first = WALL_NEVER, last = {0}, at;
	yaml_each (line, yaml_get(w->y, "story"))
		if (dated(w, line, &at)) {
			first = wall_min(first, at);
			last = wall_max(last, at);
		}
	bool story = first.ms != INT64_MAX;
	w->from = story ? wall_add(first, -MINUTE) : (wall){0};
	w->until = wall_max(wall_add(last, 75 * DAY), story ? wall_add(first, 150 * DAY) : last);
	if (local_time(w->t.zone, scalar(w->y, "from"), &at))
		w->from = at;
	if (!story)
		w->until = wall_add(w->from, 75 * DAY);
	if (local_time(w->t.zone, scalar(w->y, "until"), &at))
		w->until = at;
}

static void
find_rules(struct telling *w)
{
	*vec_push(&w->t.only) = w->x->of_lifecycle ? STR("-") : w->x->document;
	yaml_each (one, yaml_get(w->y, "also"))
		*vec_push(&w->t.only) = one->text;
	yaml_each (one, yaml_get(w->y, "arms"))
		*vec_push(&w->t.arms) = (struct forced_arm){one->key, one->text};
}

static bool
bring_catalogue(struct telling *w, wall at, struct err *e)
{
	struct buf b = {0};
	struct json_writer jw = json_writer_on(&b);
	const struct json *catalogue = program_example_catalogue(w->t.p);
	struct entry en = {.at = at, .happened = at, .kind = ENTRY_CATALOGUE, .trust = TRUST_SELF, .history = true};
	if (!catalogue)
		return true;
	jw_object(&jw);
	jw_karray(&jw, "things");
	json_each (kind, catalogue)
		json_each (thing, str_eq(kind->key, STR("rate")) ? NULL : kind) {
			jw_object(&jw);
			jw_kstr(&jw, "kind", kind->key);
			jw_kstr(&jw, "key", thing->key);
			jw_key(&jw, STR("set"));
			jw_json(&jw, thing);
			jw_object_end(&jw);
		}
	jw_array_end(&jw);
	jw_karray(&jw, "rates");
	json_each (rate, json_get(catalogue, STR("rate"))) {
		jw_object(&jw);
		jw_kstr(&jw, "currency", rate->key);
		jw_kstr(&jw, "day", STR("2000-01-01"));
		jw_key(&jw, STR("rate"));
		jw_json(&jw, rate);
		jw_object_end(&jw);
	}
	jw_array_end(&jw);
	jw_object_end(&jw);
	en.text = arena_str(&w->arena, buf_str(&b));
	buf_release(&b);
	if (!json_parse_arena(&w->arena, en.text, &en.body, e))
		return false;
	run_feed(w->t.run, &en);
	return true;
}

/* Sent and ignored before the story. */
static void
send_past_mails(struct telling *w, struct str who)
{
	int64_t n = 0;
	if (!str_to_int(scalar(w->y, "past_mails"), &n))
		return;
	for (int64_t i = 0; i < n && i < 100; i++)
		run_call(w->t.run, ENTRY_TRACK, STR("Message Sent"),
		    arena_printf(&w->arena, "{\"userId\":\"%.*s\",\"properties\":{\"channel\":\"email\",\"template\":\"old\",\"journey\":\"newsletter\",\"purpose\":\"marketing\"}}",
		        STR_ARGS(who)), wall_add(w->from, -(80 - i * 10) * DAY), true);
}

static bool
bring_people(struct telling *w, wall at, struct err *e)
{
	struct str who = scalar(w->y, "person");
	const struct yaml *main = program_example_person(w->t.p, who);
	struct str account = scalar(main, "account");
	w->t.main = who;
	if (!teller_person(&w->t, who, yaml_get(w->y, "but"), yaml_get(w->y, "account"), yaml_get(w->y, "predict"), at, e))
		return false;
	yaml_each (other, account.len ? w->t.p->people : NULL)
		if (!str_eq(other->key, who) && str_eq(scalar(other, "account"), account) &&
		    !teller_person(&w->t, other->key, NULL, yaml_get(w->y, "account"), NULL, at, e))
			return false;
	send_past_mails(w, who);
	return true;
}

/* ---------------------------------------------------------------- expectations */

static void
differ(struct telling *w, const char *line)
{
	if (w->difference.len)
		buf_add_cstr(&w->difference, "; ");
	buf_add_cstr(&w->difference, line);
}

static const struct told *
next_done(struct telling *w, size_t *i)
{
	const struct told *list;
	size_t n = run_told(w->t.run, &list);
	while (*i < n) {
		const struct told *x = &list[(*i)++];
		if (teller_done(&w->t, x).len)
			return x;
	}
	return NULL;
}

static const struct json *
told_data(const struct told *x, struct str key)
{
	return json_get(x->data, key);
}

static void
compare_data(struct telling *w, const struct told *x, const struct yaml *line, struct str what)
{
	wall at;
	yaml_each (child, line) {
		if (local_time(w->t.zone, child->key, &at))
			continue;
		struct str said = flat_text(&w->arena, told_data(x, child->key));
		if (!str_eq(said, child->text))
			differ(w, arena_cstr(&w->arena, arena_printf(&w->arena, "%.*s: %.*s is '%.*s', expected '%.*s'", STR_ARGS(what), STR_ARGS(child->key),
			    STR_ARGS(said), STR_ARGS(child->text))));
	}
}

/* Why a message that was expected did not go, when it is known. */
static struct str
why_not(struct telling *w, struct str what)
{
	const struct told *list;
	size_t n = run_told(w->t.run, &list);
	struct str rest = what;
	(void)str_cut(&rest, ' ');
	struct str name = str_cut(&rest, ' ');
	name = str_cut(&name, '/');
	for (size_t i = 0; i < n; i++)
		if (list[i].kind == TOLD_HELD && str_eq(list[i].message.template_name, name))
			return arena_printf(&w->arena, " (at %.*s it was held back: %.*s%s%.*s)", STR_ARGS(local_text(&w->arena, w->t.zone, list[i].at)),
			    STR_ARGS(list[i].reason), list[i].message.detail.len ? ", " : "", STR_ARGS(list[i].message.detail));
	return (struct str){0};
}

static void
compare_done(struct telling *w, const struct told *x, const struct yaml *line, const struct yaml *what)
{
	struct str done = x ? teller_done(&w->t, x) : (struct str){0}, at = x ? local_text(&w->arena, w->t.zone, x->at) : (struct str){0};
	if (!what)
		differ(w, arena_cstr(&w->arena, arena_printf(&w->arena, "nothing more was expected, but %.*s at %.*s", STR_ARGS(done), STR_ARGS(at))));
	else if (!x)
		differ(w, arena_cstr(&w->arena, arena_printf(&w->arena, "expected %.*s at %.*s, nothing was done%.*s", STR_ARGS(what->text), STR_ARGS(what->key),
		    STR_ARGS(why_not(w, what->text)))));
	else if (!str_eq(done, what->text) || !str_eq(at, what->key))
		differ(w, arena_cstr(&w->arena, arena_printf(&w->arena, "expected %.*s at %.*s, got %.*s at %.*s", STR_ARGS(what->text), STR_ARGS(what->key),
		    STR_ARGS(done), STR_ARGS(at))));
	else
		compare_data(w, x, line, done);
}

static bool
has_left(struct telling *w, struct str reason)
{
	const struct told *list;
	size_t n = run_told(w->t.run, &list);
	for (size_t i = 0; i < n; i++)
		if (list[i].kind == TOLD_LEFT && str_eq(list[i].journey, w->x->document) && str_find(list[i].reason, reason, 0) != SIZE_MAX)
			return true;
	return false;
}

static void
compare_journey(struct telling *w)
{
	size_t i = 0;
	wall at;
	yaml_each (line, yaml_get(w->y, "expect")) {
		const struct yaml *left = yaml_get(line, "left"), *what = dated(w, line, &at);
		if (left && !has_left(w, left->text))
			differ(w, text_key(w, arena_printf(&w->arena, "nobody left with '%.*s'", STR_ARGS(left->text))));
		else if (!left)
			compare_done(w, next_done(w, &i), line, what);
	}
	for (const struct told *x; (x = next_done(w, &i));)
		compare_done(w, x, NULL, NULL);
}

/* ---------------------------------------------------------------- stages */

static const struct stage_move *
next_move(struct telling *w, const struct model_def *m, uint8_t model, size_t *i)
{
	uint32_t main = teller_number(&w->t, w->t.main);
	while (*i < w->t.run->moves.len) {
		const struct stage_move *x = &w->t.run->moves.items[(*i)++];
		if (x->model == model && x->profile == main && x->when.ms > w->from.ms && x->to < m->n_stages)
			return x;
	}
	return NULL;
}

static void
compare_moves(struct telling *w)
{
	const struct program *p = w->t.p;
	uint8_t model = 0;
	size_t i = 0;
	wall at;
	while (model < p->n_models && !str_eq(p->models[model].name, w->x->document))
		model++;
	if (model == p->n_models) {
		differ(w, "the program does not use this model");
		return;
	}
	const struct model_def *m = &p->models[model];
	const struct stage_move *x;
	yaml_each (line, yaml_get(w->y, "expect")) {
		const struct yaml *what = dated(w, line, &at);
		x = next_move(w, m, model, &i);
		struct str got = x ? arena_printf(&w->arena, "%.*s: %.*s", STR_ARGS(local_text(&w->arena, w->t.zone, x->when)),
		    STR_ARGS(m->stages[x->to].name)) : STR("no move");
		struct str wanted = what ? arena_printf(&w->arena, "%.*s: %.*s", STR_ARGS(what->key), STR_ARGS(what->text)) : STR("a time and a stage");
		if (!str_eq(got, wanted))
			differ(w, text_key(w, arena_printf(&w->arena, "expected %.*s, got %.*s", STR_ARGS(wanted), STR_ARGS(got))));
	}
	while ((x = next_move(w, m, model, &i)))
		differ(w, text_key(w, arena_printf(&w->arena, "no more moves were expected, but %.*s: %.*s", STR_ARGS(local_text(&w->arena, w->t.zone, x->when)),
		    STR_ARGS(m->stages[x->to].name))));
}

/* ---------------------------------------------------------------- one after the other */

static bool
live_it(struct telling *w, struct err *e)
{
	wall before, at;
	find_zone(w);
	find_times(w);
	find_rules(w);
	before = wall_add(w->from, -SECOND);
	w->t.run->now = before;
	if (!bring_catalogue(w, before, e) || !bring_people(w, before, e))
		return false;
	teller_go_live(&w->t, w->from);
	yaml_each (line, yaml_get(w->y, "story")) {
		const struct yaml *act = dated(w, line, &at);
		if (!act)
			return fail_at(e, ERR_INVALID, line->line, line->column, "a line of a story begins with a time, such as 2026-03-02 18:00");
		if (at.ms > w->until.ms)
			break;
		if (!teller_say(&w->t, w->t.main, at, act->text, line, e))
			return false;
	}
	run_advance(w->t.run, w->until);
	return true;
}

static bool
tell_one(const struct engine_options *o, struct program *p, const struct example *x, struct buf *ret_difference)
{
	struct telling w = {.x = x, .y = x->yaml};
	struct err e = {0};
	arena_init(&w.arena);
	teller_begin(&w.t, o, p, &w.arena);
	if (!live_it(&w, &e))
		differ(&w, e.text);
	else if (x->of_lifecycle)
		compare_moves(&w);
	else
		compare_journey(&w);
	bool ok = w.difference.len == 0;
	buf_add_str(ret_difference, buf_str(&w.difference));
	buf_release(&w.difference);
	teller_end(&w.t);
	arena_clear(&w.arena);
	return ok;
}

size_t
tell_examples(const struct engine_options *o, struct program *p, struct str only_document, void (*result)(void *self, const struct example *x, bool ok,
    struct str difference), void *self)
{
	const struct example *list;
	size_t n = program_examples(p, &list), failed = 0;
	for (size_t i = 0; i < n; i++) {
		struct buf difference = {0};
		if (only_document.len && !str_eq(list[i].document, only_document))
			continue;
		bool ok = tell_one(o, p, &list[i], &difference);
		failed += !ok;
		result(self, &list[i], ok, buf_str(&difference));
		buf_release(&difference);
	}
	return failed;
}

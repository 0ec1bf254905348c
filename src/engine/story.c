/* Story files: what people do and what must come of it, in sentences. The language is in docs/stories.md. */
#include "engine/tell_priv.h"

struct telling {
	struct teller t;
	struct arena *arena;             /* of the file */
	const struct engine_options *options;
	struct program *p;
	const char *file;
	int line;
	bool open;                       /* a story is being told */
	bool live;
	struct str title;
	wall now;
	VEC(bool) used;                  /* beside what was told: an expectation has named it */
	struct buf *report;
	size_t stories;
};

/* ---------------------------------------------------------------- words */

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static struct str
skip_blanks(struct str s)
{
	while (s.len && is_blank(s.ptr[0]))
		s = str_slice(s, 1, s.len);
	return s;
}

/* The next word; what stands in quotes or brackets is one, with its quotes. */
static struct str
next_word(struct str *rest)
{
	size_t i = 0;
	int depth = 0;
	bool quoted = false;
	*rest = skip_blanks(*rest);
	while (i < rest->len) {
		char c = rest->ptr[i];
		if (c == '"' && (i == 0 || rest->ptr[i - 1] != '\\'))
			quoted = !quoted;
		else if (!quoted && (c == '[' || c == '{'))
			depth++;
		else if (!quoted && (c == ']' || c == '}'))
			depth--;
		else if (!quoted && depth == 0 && (is_blank(c) || (c == ',' && i > 0)))
			break;
		i++;
	}
	if (i == 0 && rest->len)
		i = 1;
	struct str w = str_slice(*rest, 0, i);
	*rest = skip_blanks(str_slice(*rest, i, rest->len));
	return w;
}

static struct str
bare(struct str w)
{
	return w.len >= 2 && w.ptr[0] == '"' && w.ptr[w.len - 1] == '"' ? str_slice(w, 1, w.len - 1) : w;
}

static struct str
peek(struct str rest)
{
	return next_word(&rest);
}

static bool
takes(struct str *rest, const char *word)
{
	struct str copy = *rest;
	if (!str_eq(next_word(&copy), str_of(word)))
		return false;
	*rest = copy;
	return true;
}

static bool
wrong(struct telling *w, struct err *e, const char *what, struct str at)
{
	return fail_at(e, ERR_INVALID, w->line, 1, "%s: '%.*s'", what, STR_ARGS(str_slice(at, 0, 80)));
}

/* 90s, 15min, 1h, 7d, 2w */
static bool
length_of(struct str w, msec *ret)
{
	static const struct { const char *unit; msec length; } units[] = {{"s", SECOND}, {"min", MINUTE}, {"h", HOUR}, {"d", DAY}, {"w", 7 * DAY}};
	size_t n = 0;
	int64_t count;
	while (n < w.len && w.ptr[n] >= '0' && w.ptr[n] <= '9')
		n++;
	if (!str_to_int(str_slice(w, 0, n), &count) || count > 100000)
		return false;
	for (size_t i = 0; i < COUNT(units); i++)
		if (str_eq(str_slice(w, n, w.len), str_of(units[i].unit))) {
			*ret = count * units[i].length;
			return true;
		}
	return false;
}

/* key=value … as a mapping, values as documents write them. */
static bool
read_pairs(struct telling *w, struct str rest, const struct yaml **ret, struct err *e)
{
	struct buf b = {0};
	struct yaml **docs;
	size_t n;
	while (rest.len) {
		struct str word = next_word(&rest), value = word, key = str_cut(&value, '=');
		if (!key.len || key.len == word.len) {
			buf_release(&b);
			return wrong(w, e, "expected key=value", word);
		}
		buf_printf(&b, "%.*s: %.*s\n", STR_ARGS(key), STR_ARGS(value));
	}
	*ret = NULL;
	bool ok = !b.len || yaml_parse(w->arena, w->file, arena_str(w->arena, buf_str(&b)), &docs, &n, e);
	if (ok && b.len && n)
		*ret = docs[0];
	buf_release(&b);
	return ok || fail_at(e, ERR_INVALID, w->line, 1, "a value cannot be read");
}

/* ---------------------------------------------------------------- one story */

static void
begin_story(struct telling *w, struct str title)
{
	teller_begin(&w->t, w->options, w->p, w->arena);
	w->open = true;
	w->live = false;
	w->title = title;
	w->used.len = 0;
	w->now = (wall){0};
	w->stories++;
}

static void
end_story(struct telling *w)
{
	if (!w->open)
		return;
	buf_printf(w->report, "ok %zu - %.*s\n", w->stories, STR_ARGS(w->title));
	teller_end(&w->t);
	w->open = false;
}

static void
go_live(struct telling *w)
{
	if (w->live)
		return;
	w->live = true;
	w->t.run->now = wall_max(w->t.run->now, wall_add(w->now, -SECOND));
	teller_go_live(&w->t, w->now);
}

static bool
move_to(struct telling *w, wall to, struct err *e)
{
	if (to.ms < w->now.ms)
		return fail_at(e, ERR_INVALID, w->line, 1, "time does not go back");
	w->now = to;
	if (w->live)
		run_advance(w->t.run, to);
	return true;
}

/* person anna like aino zone=Europe/Helsinki consent={email: {marketing: true}} predict={…} account={…} email=… */
static bool
read_person(struct telling *w, struct str rest, struct err *e)
{
	struct str name = next_word(&rest);
	const struct yaml *but;
	if (!takes(&rest, "like"))
		return wrong(w, e, "say whom of people.yaml this person is like: person anna like aino", name);
	struct str model = next_word(&rest);
	if (!read_pairs(w, rest, &but, e))
		return false;
	if (w->live)
		return fail_at(e, ERR_INVALID, w->line, 1, "people stand before the first act");
	w->t.run->now = wall_max(w->t.run->now, wall_add(w->now, -MINUTE));
	return teller_person_as(&w->t, name, model, but, yaml_get(but, "account"), yaml_get(but, "predict"), w->t.run->now, e);
}

static bool
is_act(struct str verb)
{
	static const char *const acts[] = {"track", "page", "screen", "consents", "withdraws", "opens", "clicks", "bounces", "done", "trait", "account"};
	for (size_t i = 0; i < COUNT(acts); i++)
		if (str_eq(verb, str_of(acts[i])))
			return true;
	return false;
}

static bool
known_person(const struct telling *w, struct str name)
{
	for (size_t i = 0; i < w->t.names.len; i++)
		if (str_eq(w->t.names.items[i], name))
			return true;
	return false;
}

/* track anna "Product Added" price=49 → track "Product Added" of anna */
static bool
read_act(struct telling *w, struct str verb, struct str rest, struct err *e)
{
	const struct yaml *more = NULL;
	struct str who = next_word(&rest), line = verb;
	if (!known_person(w, who))
		return wrong(w, e, "nobody is called so in this story", who);
	if (str_eq(verb, STR("trait")) || str_eq(verb, STR("account"))) {
		line = arena_printf(w->arena, "%.*s %.*s", STR_ARGS(verb), STR_ARGS(rest));
	} else {
		struct str what = peek(rest);
		if (what.len && (what.ptr[0] == '"' || str_find_char(what, '=', 0) == SIZE_MAX)) {
			(void)next_word(&rest);
			line = arena_printf(w->arena, "%.*s %.*s", STR_ARGS(verb), STR_ARGS(what));
		}
		if (!read_pairs(w, rest, &more, e))
			return false;
	}
	go_live(w);
	return teller_say(&w->t, who, w->now, line, more, e) || (e->line = w->line, false);
}

static bool
read_thing(struct telling *w, struct str kind, struct str rest, struct err *e)
{
	const struct yaml *more;
	struct str key = next_word(&rest);
	if (!read_pairs(w, rest, &more, e))
		return false;
	go_live(w);
	return teller_say(&w->t, w->t.names.len ? w->t.names.items[0] : STR("nobody"), w->now,
	    arena_printf(w->arena, "%.*s %.*s", STR_ARGS(kind), STR_ARGS(key)), more, e);
}

/* ---------------------------------------------------------------- expectations */

static void
know_told(struct telling *w, const struct told **ret, size_t *ret_n)
{
	*ret_n = run_told(w->t.run, ret);
	while (w->used.len < *ret_n)
		*vec_push(&w->used) = false;
}

static bool
is_message_to(const struct telling *w, const struct told *x, struct str who)
{
	return x->kind == TOLD_MESSAGE && (!who.len || x->profile == teller_number(&w->t, who));
}

static void
list_told(struct telling *w, struct buf *out)
{
	const struct told *list;
	size_t n;
	know_told(w, &list, &n);
	for (size_t i = 0; i < n; i++) {
		struct str what = teller_done(&w->t, &list[i]);
		if (list[i].kind == TOLD_HELD)
			what = arena_printf(w->arena, "(held back: %.*s: %.*s %.*s)", STR_ARGS(list[i].message.template_name), STR_ARGS(list[i].reason),
			    STR_ARGS(list[i].message.detail));
		if (what.len && !w->used.items[i])
			buf_printf(out, "\n    %.*s %.*s", STR_ARGS(local_text(w->arena, w->t.zone, list[i].at)), STR_ARGS(what));
	}
}

/* expect email "cart_reminder" to anna [at 2026-…] */
static bool
expect_done(struct telling *w, struct str kind, struct str rest, struct err *e)
{
	const struct told *list;
	size_t n;
	struct str name = bare(next_word(&rest)), who = {0};
	struct str wanted = arena_printf(w->arena, "%.*s %.*s", STR_ARGS(kind), STR_ARGS(name));
	if (takes(&rest, "to") || takes(&rest, "for"))
		who = next_word(&rest);
	know_told(w, &list, &n);
	for (size_t i = 0; i < n; i++) {
		struct str done = teller_done(&w->t, &list[i]);
		if (w->used.items[i] || !str_starts(done, wanted) || (done.len > wanted.len && done.ptr[wanted.len] != ' ') ||
		    (who.len && list[i].profile != teller_number(&w->t, who)))
			continue;
		w->used.items[i] = true;
		return true;
	}
	struct buf b = {0};
	list_told(w, &b);
	(void)fail_at(e, ERR_INVALID, w->line, 1, "%.*s to %.*s was expected by %.*s and did not come%s%.*s", STR_ARGS(wanted), STR_ARGS(who),
	    STR_ARGS(local_text(w->arena, w->t.zone, w->now)), b.len ? "; instead:" : "", (int)(b.len > 200 ? 200 : b.len), b.len ? b.ptr : "");
	buf_release(&b);
	return false;
}

/* expect no message to anna [for 7d] */
static bool
expect_none(struct telling *w, struct str rest, struct err *e)
{
	const struct told *list;
	size_t n, from;
	msec length = 0;
	struct str who = {0};
	if (!takes(&rest, "message"))
		return wrong(w, e, "say: expect no message to anna for 7d", rest);
	if (takes(&rest, "to"))
		who = next_word(&rest);
	if (takes(&rest, "for") && !length_of(next_word(&rest), &length))
		return wrong(w, e, "a length looks like 90s, 15min, 1h, 7d, 2w", rest);
	know_told(w, &list, &n);
	from = length ? n : 0;
	if (length && !move_to(w, wall_add(w->now, length), e))
		return false;
	know_told(w, &list, &n);
	for (size_t i = from; i < n; i++)
		if (!w->used.items[i] && is_message_to(w, &list[i], who)) {
			struct str done = teller_done(&w->t, &list[i]);
			return fail_at(e, ERR_INVALID, w->line, 1, "no message was expected, but %.*s at %.*s", STR_ARGS(done),
			    STR_ARGS(local_text(w->arena, w->t.zone, list[i].at)));
		}
	return true;
}

static struct str
stage_of(const struct telling *w, uint32_t person)
{
	const struct standing *s = person_at(w->t.run->g, person)->standing;
	uint32_t model = w->p->primary_model;
	if (!s || model >= w->p->n_models || s->stage[model] >= w->p->models[model].n_stages)
		return STR("none");
	return w->p->models[model].stages[s->stage[model]].name;
}

static bool
in_segment(const struct telling *w, uint32_t person, struct str name)
{
	struct engine *g = w->t.run->g;
	const uint32_t *segment = g->live ? strmap_get(&g->live->segments, name) : NULL;
	return segment && person_holds(g, person, *segment);
}

/* anna stage "convert", not enrolled in "cart_abandonment", in segment "vip" */
static bool
expect_state(struct telling *w, struct str who, struct str rest, struct err *e)
{
	uint32_t person = teller_number(&w->t, who);
	if (!person)
		return wrong(w, e, "nobody is called so in this story", who);
	while (rest.len) {
		(void)takes(&rest, ",");
		bool no = takes(&rest, "not");
		if (takes(&rest, "stage")) {
			struct str stage = bare(next_word(&rest)), is = stage_of(w, person);
			if (str_eq(is, stage) == no)
				return fail_at(e, ERR_INVALID, w->line, 1, "%.*s stands in the stage '%.*s'", STR_ARGS(who), STR_ARGS(is));
		} else if (takes(&rest, "enrolled") && takes(&rest, "in")) {
			struct str journey = bare(next_word(&rest));
			if (journeys_in(journeys_of(w->t.run->g, person), journey) == no)
				return fail_at(e, ERR_INVALID, w->line, 1, "%.*s is %sin the journey '%.*s'", STR_ARGS(who), no ? "" : "not ", STR_ARGS(journey));
		} else if (takes(&rest, "in") && takes(&rest, "segment")) {
			struct str segment = bare(next_word(&rest));
			if (in_segment(w, person, segment) == no)
				return fail_at(e, ERR_INVALID, w->line, 1, "%.*s is %sin the segment '%.*s'", STR_ARGS(who), no ? "" : "not ", STR_ARGS(segment));
		} else {
			return wrong(w, e, "expected stage, enrolled in, or in segment", rest);
		}
	}
	return true;
}

static bool
read_expect(struct telling *w, struct str rest, struct err *e)
{
	enum channel c;
	struct str first = next_word(&rest);
	go_live(w);
	run_advance(w->t.run, w->now);
	if (str_eq(first, STR("no")))
		return expect_none(w, rest, e);
	if (channel_of(first, &c) || str_eq(first, STR("task")) || str_eq(first, STR("audience")) || str_eq(first, STR("set")))
		return expect_done(w, first, rest, e);
	return expect_state(w, first, rest, e);
}

/* ---------------------------------------------------------------- lines */

static bool
read_sentence(struct telling *w, struct str rest, struct err *e);

static bool
read_at(struct telling *w, struct str rest, struct err *e)
{
	wall to;
	struct str day = next_word(&rest), clock = next_word(&rest);
	if (!local_time(w->t.zone, arena_printf(w->arena, "%.*s %.*s", STR_ARGS(day), STR_ARGS(clock)), &to))
		return wrong(w, e, "a time looks like 2026-03-02 18:00", day);
	return move_to(w, to, e) && (!rest.len || read_sentence(w, rest, e));
}

static bool
read_names(struct telling *w, struct str rest)
{
	while (rest.len) {
		(void)takes(&rest, ",");
		*vec_push(&w->t.only) = bare(next_word(&rest));
	}
	return true;
}

static bool
read_sentence(struct telling *w, struct str rest, struct err *e)
{
	msec length;
	struct str verb = next_word(&rest);
	if (str_eq(verb, STR("story"))) {
		end_story(w);
		begin_story(w, bare(next_word(&rest)));
		return true;
	}
	if (!w->open)
		return wrong(w, e, "a story begins with: story \"what happens\"", verb);
	if (str_eq(verb, STR("program")))
		return true;
	if (str_eq(verb, STR("journeys")))
		return read_names(w, rest);
	if (str_eq(verb, STR("arm"))) {
		struct str experiment = next_word(&rest);
		*vec_push(&w->t.arms) = (struct forced_arm){experiment, next_word(&rest)};
		return true;
	}
	if (str_eq(verb, STR("person")))
		return read_person(w, rest, e);
	if (str_eq(verb, STR("at")))
		return read_at(w, rest, e);
	if (str_eq(verb, STR("advance"))) {
		if (!length_of(peek(rest), &length))
			return wrong(w, e, "a length looks like 90s, 15min, 1h, 7d, 2w", rest);
		go_live(w);
		return move_to(w, wall_add(w->now, length), e);
	}
	if (str_eq(verb, STR("expect")))
		return read_expect(w, rest, e);
	if (str_eq(verb, STR("product")) || str_eq(verb, STR("store")))
		return read_thing(w, verb, rest, e);
	if (is_act(verb))
		return read_act(w, verb, rest, e);
	return wrong(w, e, "no sentence of a story begins so", verb);
}

bool
tell_story(const struct engine_options *o, struct program *p, const char *file, struct str text, struct buf *ret_report, struct err *e)
{
	struct arena a;
	arena_init(&a);
	struct telling w = {.arena = &a, .options = o, .p = p, .file = file, .report = ret_report};
	bool ok = true;
	for (struct str rest = text; ok && rest.len;) {
		struct str line = str_trim(str_cut(&rest, '\n'));
		w.line++;
		if (line.len && line.ptr[0] != '#')
			ok = read_sentence(&w, line, e);
	}
	if (ok) {
		end_story(&w);
	} else {
		buf_printf(ret_report, "not ok %zu - %.*s: line %d: %s\n", w.stories, STR_ARGS(w.title), w.line, e->text);
		if (w.open)
			teller_end(&w.t);
		(void)fail_in(e, file);
	}
	vec_release(&w.used);
	arena_clear(&a);
	return ok;
}

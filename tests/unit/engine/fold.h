/* fold.h -- a tiny shop and its log, for tests of the engine: each call is folded, and kept so that it can be folded again.
 *
 *	struct world *w = world_new();
 *	tell(w, "2026-01-05 10:00", "anna", "Order Completed", "{\"total\":50}");
 *	pass(w, "2026-02-01 00:00");        ticks up to there
 *	CHECK(is_in(w, "anna", "customer")); */
#pragma once
#include "base/clock.h"
#include "base/limits.h"
#include "base/vec.h"
#include "engine/engine.h"
#include "tap.h"

static const struct program_file tiny_shop[] = {
    {STR_INIT("program.yaml"), STR_INIT("program: shop\nmarket: b2c\nregion: EU\nzone: Europe/Helsinki\ncurrency: EUR\nrates: [SEK]\nlocales: [en]\n"
					"brand:\n  name: Shop\nsenders:\n  default: Shop <shop@shop.example>\n")},
    {STR_INIT("vocabulary.yaml"),
	STR_INIT("vocabulary: shop\nmoney: [total, price]\n"
		 "events:\n  Product Viewed: { product_id: text }\n  Product Added: { product_id: text, price: money }\n"
		 "  Order Completed: { order_id: text, total: money }\n  Order Cancelled: { order_id: text }\n  Signed In: { }\n"
		 "amends:\n  Order Cancelled: { event: Order Completed, same: order_id, effect: void }\n"
		 "traits:\n  email: text\n  country: text\n  plan: text\naccount traits:\n  tier: text\n")},
    {STR_INIT("segments.yaml"),
	STR_INIT("segment: looking\nwhen: count \"Product Viewed\" last 7d >= 2\n---\n"
		 "segment: customer\nwhen: did \"Order Completed\"\n---\n"
		 "segment: fresh\nwhen: did \"Order Completed\" last 14d\n---\n"
		 "segment: lapsed\nwhen: in segment \"customer\" and time since \"Order Completed\" > 30d\n---\n"
		 "segment: big\nwhen: sum total of \"Order Completed\" last 90d >= 100 EUR\n---\n"
		 "segment: finns\nwhen: trait.country = \"FI\"\n---\n"
		 "segment: permitted\nwhen: consent.email.marketing\n---\n"
		 "segment: filled\nwhen: cart.count > 0\n---\n"
		 "segment: gold\nwhen: account.tier = \"gold\"\n---\n"
		 "segment: busy\nwhen: count \"Signed In\" by account last 7d >= 2\n")},
    {STR_INIT("lifecycle/path.yaml"),
	STR_INIT("lifecycle: path\nstages:\n  - stage: reach\n    when: everyone\n  - stage: act\n    when: in segment \"looking\"\n"
		 "  - stage: engage\n    when: in segment \"customer\" and not in segment \"lapsed\"\n")},
    {STR_INIT("policy.yaml"), STR_INIT("policy: rules\npurposes:\n  service: { needs: nothing, quiet: no, caps: no }\n")},
};
/* Journeys of every kind of start, with waits that time and events end. */
__attribute__((unused)) static const struct program_file talk[] = {
    {STR_INIT("journeys/thanks.yaml"), STR_INIT("journey: thanks\npurpose: service\nentry:\n  on: track \"Order Completed\"\n  again: always\nexit:\n  on: track \"Order Cancelled\"\n"
					       "steps:\n  - wait: 1d\n  - send: email thanks\n    expires: 2d\n  - wait for: track \"Product Viewed\"\n    up to: 3d\n"
					       "    then:\n      - send: email again\n")},
    {STR_INIT("journeys/back.yaml"), STR_INIT("journey: back\npurpose: service\nentry:\n  on: becomes in segment \"lapsed\"\n  again: after 7d\nexit:\n  when: in segment \"fresh\"\n"
					     "steps:\n  - wait until: in segment \"looking\"\n    up to: 20d\n  - set:\n      trait.plan: \"won\"\n  - send: email again\n")},
    {STR_INIT("journeys/cart.yaml"), STR_INIT("journey: cart\npurpose: service\nentry:\n  on: track \"Product Added\"\n  again: after 1d\nexit:\n  when: cart.count = 0\n"
					     "steps:\n  - wait until: time since (\"Product Added\", \"Product Viewed\") >= 2h\n    up to: 1d\n  - send: email again\n")},
    {STR_INIT("templates/thanks.html"), STR_INIT("---\nsubject: Thanks\n---\n<p>Thanks {{ trait.country }}</p>\n")},
    {STR_INIT("templates/again.html"), STR_INIT("---\nsubject: Again\n---\n<p>Again</p>\n")},
};

enum { TINY_FILES_MAX = 24 };

struct world {
	struct tz_set *zones;
	struct engine *g;
	struct decisions d;
	struct arena a;                      /* owns the log */
	VEC(struct entry) log;
	wall now;
};

static inline wall
at(const char *text)
{
	char iso[64];
	wall t = {0};
	snprintf(iso, sizeof(iso), "%.10sT%s:00Z", text, text + 11);
	if (!wall_parse(str_of(iso), &t))
		TAP_FAIL("no time: %s", text);
	return t;
}

static inline struct engine *
engine_fresh(struct world *w)
{
	struct engine_options o = {.zones = w->zones, .hash_key = {1, 2, 3}, .activities_tsv = STR("id\tstage\tchannel\tmarket\tactivity\n")};
	return engine_new(&o);
}

/* Admits (when it is new) and folds. */
static inline void
fold(struct world *w, struct entry en)
{
	const struct entry *before = w->log.len ? vec_last(&w->log) : NULL;
	en.seq = before ? before->seq + 1 : 1;
	if (before)
		en.at = wall_max(en.at, before->at);
	if (en.happened.ms == 0 || en.happened.ms > en.at.ms)
		en.happened = en.at;
	engine_admit(w->g, &en);
	*vec_push(&w->log) = en;
	engine_apply(w->g, &en, &w->d);
}

static inline void
body_of(struct world *w, struct entry *en, struct str text)
{
	struct err e = {0};
	en->text = arena_str(&w->a, text);
	if (!json_parse_arena(&w->a, en->text, &en->body, &e))
		TAP_FAIL("no JSON: %.*s: %s", STR_ARGS(text), e.text);
}

static inline void
apply_program(struct world *w, const char *when, const struct program_file *files, size_t n)
{
	struct buf b = {0};
	struct json_writer j = json_writer_on(&b);
	jw_object(&j);
	jw_karray(&j, "files");
	for (size_t i = 0; i < n; i++) {
		jw_object(&j);
		jw_kstr(&j, "path", files[i].path);
		jw_kstr(&j, "text", files[i].text);
		jw_object_end(&j);
	}
	jw_array_end(&j);
	jw_object_end(&j);
	struct entry en = {.at = at(when), .kind = ENTRY_PROGRAM, .trust = TRUST_SELF};
	body_of(w, &en, buf_str(&b));
	buf_release(&b);
	fold(w, en);
}

/* The shop with some documents replaced or added. */
static inline size_t
shop_with(const struct program_file *changed, size_t n, struct program_file *ret)
{
	size_t count = COUNT(tiny_shop);
	memcpy(ret, tiny_shop, sizeof(tiny_shop));
	for (size_t k = 0; k < n; k++) {
		size_t i = 0;
		while (i < count && !str_eq(ret[i].path, changed[k].path))
			i++;
		ret[i] = changed[k];
		count += i == count;
	}
	return count;
}

static inline struct world *
world_with(const struct program_file *changed, size_t n)
{
	struct program_file files[TINY_FILES_MAX];
	struct world *w = mem_alloc(sizeof(*w));
	w->zones = tz_set_new(tz_source_system());
	arena_init(&w->a);
	decisions_init(&w->d);
	w->g = engine_fresh(w);
	apply_program(w, "2026-01-01 00:00", files, shop_with(changed, n, files));
	for (size_t i = 0; i < w->d.reports.len; i++)
		TAP_FAIL("program: %s:%d: %s", w->d.reports.items[i].file, w->d.reports.items[i].line, w->d.reports.items[i].text);
	return w;
}

static inline struct world *
world_new(void)
{
	return world_with(NULL, 0);
}

static inline void
world_free(struct world *w)
{
	engine_free(w->g);
	decisions_release(&w->d);
	vec_release(&w->log);
	arena_clear(&w->a);
	tz_set_free(w->zones);
	mem_free(w);
}

/* who: a user id, or "~x" for an anonymous id, or "a~x" for both. */
static inline struct entry
call(struct world *w, const char *when, enum entry_kind kind, const char *who, const char *name, const char *key, const char *json)
{
	struct buf b = {0};
	struct str user = str_of(who), rest = user;
	user = str_cut(&rest, '~');
	struct entry en = {.at = at(when), .kind = kind, .trust = TRUST_SERVER, .source = STR("test")};
	buf_printf(&b, "{\"type\":\"%s\"", entry_kind_name(kind));
	if (user.len)
		buf_printf(&b, ",\"userId\":\"%.*s\"", STR_ARGS(user));
	if (strchr(who, '~'))
		buf_printf(&b, ",\"anonymousId\":\"%.*s\"", STR_ARGS(rest));
	if (name)
		buf_printf(&b, ",\"event\":\"%s\",\"name\":\"%s\"", name, name);
	if (json)
		buf_printf(&b, ",%s%s", key, json);
	buf_add_char(&b, '}');
	body_of(w, &en, buf_str(&b));
	buf_release(&b);
	if (name)
		en.name = arena_str(&w->a, str_of(name));
	return en;
}

static inline void
tell(struct world *w, const char *when, const char *who, const char *event, const char *properties)
{
	fold(w, call(w, when, ENTRY_TRACK, who, event, "\"properties\":", properties ? properties : "{}"));
}

static inline void
tell_late(struct world *w, const char *when, const char *happened, const char *who, const char *event, const char *properties)
{
	struct entry en = call(w, when, ENTRY_TRACK, who, event, "\"properties\":", properties ? properties : "{}");
	en.happened = at(happened);
	fold(w, en);
}

static inline void
tell_history(struct world *w, const char *when, const char *who, const char *event, const char *properties)
{
	struct entry en = call(w, when, ENTRY_TRACK, who, event, "\"properties\":", properties ? properties : "{}");
	en.history = true;
	en.trust = TRUST_IMPORT;
	fold(w, en);
}

static inline void
identify(struct world *w, const char *when, const char *who, const char *traits)
{
	fold(w, call(w, when, ENTRY_IDENTIFY, who, NULL, "\"traits\":", traits));
}

static inline void
tick(struct world *w, wall when)
{
	fold(w, (struct entry){.at = when, .kind = ENTRY_TICK, .trust = TRUST_SELF});
}

/* Time passes: a tick whenever one is due. */
static inline void
pass(struct world *w, const char *until)
{
	for (int n = 0; n < 10000; n++) {
		wall next = engine_next_wake(w->g);
		if (next.ms > at(until).ms)
			break;
		tick(w, wall_max(next, engine_now(w->g)));
	}
	tick(w, at(until));
}

/* ---------------------------------------------------------------- looking */

static inline uint32_t
number_of(const struct world *w, const char *who)
{
	return engine_find(w->g, str_of(who[0] == '~' ? who + 1 : who));
}

static inline struct str
json_about(struct world *w, const char *who)
{
	struct buf b = {0};
	struct json_writer j = json_writer_on(&b);
	engine_profile_json(w->g, number_of(w, who), &j);
	struct str s = arena_str(&w->a, buf_str(&b));
	buf_release(&b);
	return s;
}

static inline const struct json *
person_json(struct world *w, const char *who)
{
	const struct json *j = NULL;
	struct err e;
	if (!json_parse_arena(&w->a, json_about(w, who), &j, &e))
		TAP_FAIL("profile of %s is no JSON: %s", who, e.text);
	return j;
}

static inline bool
is_in(struct world *w, const char *who, const char *segment)
{
	const struct json *segments = json_get(person_json(w, who), STR("segments"));
	json_each (s, segments)
		if (str_eq(json_text(s), str_of(segment)))
			return true;
	return false;
}

static inline struct str
stage_of(struct world *w, const char *who)
{
	return json_text(json_path(person_json(w, who), "stages.path.stage"));
}

/* "reach→act 2026-01-05 10:00, …": all moves of one person so far. */
static inline const char *
moves_of(struct world *w, const char *who)
{
	struct buf b = {0};
	char iso[32];
	const struct program *p = engine_program(w->g);
	uint32_t number = number_of(w, who);
	for (size_t i = 0; i < w->d.moves.len; i++) {
		const struct stage_move *m = &w->d.moves.items[i];
		const struct model_def *def = &p->models[m->model];
		if (m->profile != number)
			continue;
		wall_format(m->when, iso);
		buf_printf(&b, "%s%.*s %.10s %.5s", b.len ? ", " : "", STR_ARGS(def->stages[m->to].name), iso, iso + 11);
	}
	const char *s = arena_cstr(&w->a, buf_str(&b));
	buf_release(&b);
	return s;
}

/* People, acts and deeds in the words of documents: shared by the examples and the stories. */
#include "engine/tell_priv.h"

/* ---------------------------------------------------------------- clocks */

static bool
digits(struct str s, size_t from, size_t n, int *ret)
{
	*ret = 0;
	for (size_t i = from; i < from + n; i++) {
		if (i >= s.len || s.ptr[i] < '0' || s.ptr[i] > '9')
			return false;
		*ret = *ret * 10 + (s.ptr[i] - '0');
	}
	return true;
}

bool
local_time(const struct tz *zone, struct str s, wall *ret)
{
	int year, month, day, hour = 0, minute = 0;
	if (!digits(s, 0, 4, &year) || !digits(s, 5, 2, &month) || !digits(s, 8, 2, &day) || s.ptr[4] != '-' || s.ptr[7] != '-')
		return false;
	if (s.len != 10 && (s.len != 16 || (s.ptr[10] != ' ' && s.ptr[10] != 'T') || !digits(s, 11, 2, &hour) || s.ptr[13] != ':' ||
	    !digits(s, 14, 2, &minute)))
		return false;
	if (month < 1 || month > 12 || day < 1 || day > civil_month_days(year, month) || hour > 23 || minute > 59)
		return false;
	const struct civil c = {.year = year, .month = (int8_t)month, .day = (int8_t)day, .hour = (int8_t)hour, .minute = (int8_t)minute};
	*ret = civil_to_wall(zone, &c);
	return true;
}

struct str
local_text(struct arena *a, const struct tz *zone, wall t)
{
	struct civil c = civil_of(zone, t);
	return arena_printf(a, "%04d-%02d-%02d %02d:%02d", c.year, c.month, c.day, c.hour, c.minute);
}

/* ---------------------------------------------------------------- values */

static void
flat_into(struct buf *b, const struct json *j)
{
	fixed n;
	bool more = false;
	if (!j || json_is(j, JSON_NULL))
		return;
	if (json_is(j, JSON_ARRAY)) {
		json_each (child, j) {
			if (more)
				buf_add_cstr(b, ", ");
			more = true;
			flat_into(b, child);
		}
	} else if (json_is(j, JSON_OBJECT)) {
		const struct json *name = json_get(j, STR("name"));
		if (name)
			flat_into(b, name);
		else
			buf_add_str(b, j->span);
	} else if (json_is(j, JSON_TEXT)) {
		buf_add_str(b, json_text(j));
	} else if (json_fixed(j, &n)) {
		fixed cents = (n + (n < 0 ? -50 : 50)) / 100;
		if (n % FIXED_ONE == 0)
			buf_printf(b, "%lld", (long long)(n / FIXED_ONE));
		else
			buf_printf(b, "%s%lld.%02lld", cents < 0 ? "-" : "", (long long)(cents < 0 ? -cents : cents) / 100,
			    (long long)(cents < 0 ? -cents : cents) % 100);
	} else {
		buf_add_str(b, j->span);
	}
}

struct str
flat_text(struct arena *a, const struct json *j)
{
	struct buf b = {0};
	flat_into(&b, j);
	struct str r = arena_str(a, buf_str(&b));
	buf_release(&b);
	return r;
}

static struct str
json_of_yaml(struct arena *a, const struct yaml *y)
{
	struct buf b = {0};
	yaml_to_json(y, &b);
	struct str r = arena_str(a, buf_str(&b));
	buf_release(&b);
	return r;
}

/* ---------------------------------------------------------------- people */

void
teller_begin(struct teller *t, const struct engine_options *o, struct program *p, struct arena *a)
{
	*t = (struct teller){.arena = a, .options = o, .p = p};
	t->run = run_new(o, p, NULL);
	t->run->rules.nobody_held_out = true;
	t->run->keeps_moves = true;
	t->run->started = true;
	t->zone = tz_find(o->zones, p->zone);
	if (!t->zone)
		t->zone = tz_utc();
}

void
teller_end(struct teller *t)
{
	run_free(t->run);
	vec_release(&t->names);
	vec_release(&t->accounts);
	vec_release(&t->zones);
	vec_release(&t->only);
	vec_release(&t->arms);
}

static size_t
place_of(const struct teller *t, struct str name)
{
	for (size_t i = 0; i < t->names.len; i++)
		if (str_eq(t->names.items[i], name))
			return i;
	return SIZE_MAX;
}

uint32_t
teller_number(const struct teller *t, struct str name)
{
	return engine_find(t->run->g, name);
}

/* What this example says instead, key by key; a mapping inside is replaced key by key too. */
static const struct yaml *
part(const struct yaml *person, const struct yaml *but, const char *key, const char *inner)
{
	const struct yaml *mine = yaml_get(but, key);
	if (!inner)
		return mine ? mine : yaml_get(person, key);
	const struct yaml *own = yaml_get(mine, inner);
	return own ? own : yaml_get(yaml_get(person, key), inner);
}

static void
write_merged(struct json_writer *w, struct arena *a, const struct yaml *person, const struct yaml *but, const char *key)
{
	yaml_each (child, yaml_get(person, key))
		if (!yaml_get(yaml_get(but, key), arena_cstr(a, child->key))) {
			jw_key(w, child->key);
			jw_raw(w, json_of_yaml(a, child));
		}
	yaml_each (child, yaml_get(but, key)) {
		jw_key(w, child->key);
		jw_raw(w, json_of_yaml(a, child));
	}
}

static bool
reaches(const struct yaml *reach, struct str channel)
{
	yaml_each (one, reach)
		if (str_eq(one->text, channel))
			return true;
	return false;
}

static struct str
identify_body(struct teller *t, struct str name, const struct yaml *person, const struct yaml *but)
{
	struct buf b = {0};
	struct json_writer w = json_writer_on(&b);
	const struct yaml *zone = part(person, but, "zone", NULL);
	jw_object(&w);
	jw_kstr(&w, "userId", name);
	jw_kobject(&w, "traits");
	write_merged(&w, t->arena, person, but, "traits");
	if (zone)
		jw_kstr(&w, "timezone", zone->text);
	if (reaches(part(person, but, "reach", NULL), STR("push")))
		jw_kstr(&w, "push_token", arena_printf(t->arena, "device of %.*s", STR_ARGS(name)));
	jw_object_end(&w);
	jw_kobject(&w, "topics");
	write_merged(&w, t->arena, person, but, "topics");
	jw_object_end(&w);
	jw_kobject(&w, "preferences");
	write_merged(&w, t->arena, person, but, "preference");
	jw_object_end(&w);
	jw_object_end(&w);
	struct str r = arena_str(t->arena, buf_str(&b));
	buf_release(&b);
	return r;
}

static void
say_consent(struct teller *t, struct str who, struct str channel, struct str purpose, bool granted, wall at, bool history)
{
	struct str body = arena_printf(t->arena, "{\"userId\":\"%.*s\",\"channel\":\"%.*s\",\"purpose\":\"%.*s\",\"granted\":%s,\"source\":\"story\"}",
	    STR_ARGS(who), STR_ARGS(channel), STR_ARGS(purpose), granted ? "true" : "false");
	run_call(t->run, ENTRY_CONSENT, (struct str){0}, body, at, history);
}

static void
say_consents(struct teller *t, struct str name, const struct yaml *person, const struct yaml *but, wall at)
{
	static const char *const channels[] = {"email", "push", "sms", "whatsapp", "post", "phone", "location", "webhook", "onsite"};
	for (size_t i = 0; i < COUNT(channels); i++)
		yaml_each (purpose, part(person, but, "consent", channels[i]))
			say_consent(t, name, str_of(channels[i]), purpose->key, str_eq(purpose->text, STR("true")), at, true);
}

static void
join_account(struct teller *t, struct str name, struct str account, const struct yaml *traits, wall at)
{
	struct buf b = {0};
	struct json_writer w = json_writer_on(&b);
	jw_object(&w);
	jw_kstr(&w, "userId", name);
	jw_kstr(&w, "groupId", account);
	jw_kobject(&w, "traits");
	jw_kstr(&w, "name", account);
	yaml_each (child, traits) {
		jw_key(&w, child->key);
		jw_raw(&w, json_of_yaml(t->arena, child));
	}
	jw_object_end(&w);
	jw_object_end(&w);
	run_call(t->run, ENTRY_GROUP, (struct str){0}, arena_str(t->arena, buf_str(&b)), at, true);
	buf_release(&b);
}

bool
teller_person(struct teller *t, struct str name, const struct yaml *but, const struct yaml *account, const struct yaml *predict, wall at,
    struct err *e)
{
	return teller_person_as(t, name, name, but, account, predict, at, e);
}

bool
teller_person_as(struct teller *t, struct str name, struct str model, const struct yaml *but, const struct yaml *account,
    const struct yaml *predict, wall at, struct err *e)
{
	const struct yaml *person = program_example_person(t->p, model);
	if (!person)
		return fail(e, ERR_NOT_FOUND, "people.yaml has nobody called '%.*s'", STR_ARGS(model));
	const struct yaml *zone = part(person, but, "zone", NULL), *of = part(person, but, "account", NULL);
	const struct tz *tz = zone ? tz_find(t->options->zones, zone->text) : NULL;
	*vec_push(&t->names) = name;
	*vec_push(&t->accounts) = of ? of->text : (struct str){0};
	*vec_push(&t->zones) = tz ? tz : t->zone;
	run_call(t->run, ENTRY_IDENTIFY, (struct str){0}, identify_body(t, name, person, but), at, true);
	say_consents(t, name, person, but, at);
	if (of)
		join_account(t, name, of->text, account, at);
	if (predict) {
		struct entry en = {.at = t->run->now, .happened = at, .kind = ENTRY_SCORE, .trust = TRUST_SELF, .history = true, .profile = teller_number(t, name),
		    .text = arena_printf(t->arena, "{\"predict\":%.*s}", STR_ARGS(json_of_yaml(t->arena, predict)))};
		if (!json_parse_arena(t->arena, en.text, &en.body, e))
			return false;
		run_feed(t->run, &en);
	}
	return true;
}

/* The people are there; now the program meets them. */
void
teller_go_live(struct teller *t, wall at)
{
	struct entry tick = {.at = at, .happened = at, .kind = ENTRY_TICK, .trust = TRUST_SELF};
	run_fold(t->run, &tick);
	run_program(t->run, at);
	struct entry again = tick;
	run_fold(t->run, &again);
	t->run->rules.only = t->only.items;
	t->run->rules.n_only = t->only.len;
	t->run->rules.arms = t->arms.items;
	t->run->rules.n_arms = t->arms.len;
}

/* ---------------------------------------------------------------- acts */

static struct str
unquoted(struct str s)
{
	s = str_trim(s);
	return s.len >= 2 && s.ptr[0] == '"' && s.ptr[s.len - 1] == '"' ? str_slice(s, 1, s.len - 1) : s;
}

static bool
is_date_key(struct str s)
{
	int n;
	return (s.len == 10 || s.len == 16) && digits(s, 0, 4, &n) && s.ptr[4] == '-';
}

/* The rest of a story's line: properties, without its time and what has a meaning of its own. */
static void
write_more(struct json_writer *w, struct arena *a, const struct yaml *more)
{
	yaml_each (child, more) {
		if (is_date_key(child->key) || str_eq(child->key, STR("who")) || str_eq(child->key, STR("preference")))
			continue;
		jw_key(w, child->key);
		jw_raw(w, json_of_yaml(a, child));
	}
}

static struct str
event_body(struct teller *t, struct str who, const char *key, struct str value, const char *key2, struct str value2, const struct yaml *more)
{
	struct buf b = {0};
	struct json_writer w = json_writer_on(&b);
	jw_object(&w);
	jw_kstr(&w, "userId", who);
	jw_kobject(&w, "properties");
	if (key)
		jw_kstr(&w, key, value);
	if (key2)
		jw_kstr(&w, key2, value2);
	write_more(&w, t->arena, more);
	jw_object_end(&w);
	jw_object_end(&w);
	struct str r = arena_str(t->arena, buf_str(&b));
	buf_release(&b);
	return r;
}

static bool
say_deed(struct teller *t, wall at, struct str verb, struct str step, struct err *e)
{
	const struct told *list;
	size_t n = run_told(t->run, &list);
	struct str event = str_eq(verb, STR("opens")) ? STR("Email Opened") : str_eq(verb, STR("clicks")) ? STR("Email Link Clicked") : STR("Email Bounced");
	while (n-- > 0) {
		if (list[n].kind != TOLD_MESSAGE || !str_eq(list[n].message.step, step))
			continue;
		char id[33];
		message_id_format(list[n].message.id, id);
		struct str body = event_body(t, t->names.items[0], "message_id", str_of(id), "template", list[n].message.template_name, NULL);
		struct entry en = {.at = at, .happened = at, .kind = ENTRY_TRACK, .name = event, .source = STR("links"), .trust = TRUST_SELF,
		    .profile = list[n].profile, .text = body};
		if (!json_parse_arena(t->arena, body, &en.body, e))
			return false;
		run_feed(t->run, &en);
		return true;
	}
	return fail(e, ERR_NOT_FOUND, "'%.*s %.*s': no message of that step was sent by then", STR_ARGS(verb), STR_ARGS(step));
}

static bool
say_shared(struct teller *t, enum entry_kind kind, struct str body, wall at, struct err *e)
{
	struct entry en = {.at = at, .happened = at, .kind = kind, .trust = TRUST_SERVER, .text = body};
	if (!json_parse_arena(t->arena, body, &en.body, e))
		return false;
	run_feed(t->run, &en);
	run_advance(t->run, at);
	struct entry tick = {.at = at, .happened = at, .kind = ENTRY_TICK, .trust = TRUST_SELF};
	run_feed(t->run, &tick);         /* so that everybody sees it now */
	return true;
}

static bool
say_thing(struct teller *t, wall at, struct str kind, struct str key, const struct yaml *more, struct err *e)
{
	struct buf b = {0};
	struct json_writer w = json_writer_on(&b);
	jw_object(&w);
	jw_kstr(&w, "kind", kind);
	jw_kstr(&w, "key", key);
	jw_kobject(&w, "set");
	write_more(&w, t->arena, more);
	jw_object_end(&w);
	jw_object_end(&w);
	struct str body = arena_str(t->arena, buf_str(&b));
	buf_release(&b);
	return say_shared(t, ENTRY_CATALOGUE, body, at, e);
}

/* "loyalty_tier = silver" */
static bool
say_value(struct teller *t, struct str who, wall at, bool of_account, struct str rest, struct err *e)
{
	struct str value = rest, name = str_trim(str_cut(&value, '='));
	struct yaml scalar = {.kind = YAML_SCALAR, .text = unquoted(value)};
	struct str json = json_of_yaml(t->arena, &scalar);
	size_t place = place_of(t, who);
	if (!of_account) {
		run_call(t->run, ENTRY_IDENTIFY, (struct str){0}, arena_printf(t->arena, "{\"userId\":\"%.*s\",\"traits\":{\"%.*s\":%.*s}}", STR_ARGS(who),
		    STR_ARGS(name), STR_ARGS(json)), at, false);
		return true;
	}
	if (place == SIZE_MAX || !t->accounts.items[place].len)
		return fail(e, ERR_INVALID, "'%.*s' is in no account", STR_ARGS(who));
	return say_shared(t, ENTRY_ACCOUNT, arena_printf(t->arena, "{\"groupId\":\"%.*s\",\"traits\":{\"%.*s\":%.*s}}",
	    STR_ARGS(t->accounts.items[place]), STR_ARGS(name), STR_ARGS(json)), at, e);
}

static void
say_preferences(struct teller *t, struct str who, wall at, const struct yaml *more)
{
	const struct yaml *preference = yaml_get(more, "preference");
	if (preference)
		run_call(t->run, ENTRY_IDENTIFY, (struct str){0}, arena_printf(t->arena, "{\"userId\":\"%.*s\",\"preferences\":%.*s}", STR_ARGS(who),
		    STR_ARGS(json_of_yaml(t->arena, preference))), at, false);
}

bool
teller_say(struct teller *t, struct str who, wall at, struct str line, const struct yaml *more, struct err *e)
{
	struct str rest = str_trim(line), verb = str_cut(&rest, ' ');
	const struct yaml *other = yaml_get(more, "who");
	if (other)
		who = other->text;
	rest = str_trim(rest);
	say_preferences(t, who, at, more);
	if (str_eq(verb, STR("track")) || str_eq(verb, STR("page")) || str_eq(verb, STR("screen"))) {
		enum entry_kind kind = entry_kind_of(verb);
		run_call(t->run, kind, unquoted(rest), event_body(t, who, NULL, rest, NULL, rest, more), at, false);
		return true;
	}
	if (str_eq(verb, STR("consents")) || str_eq(verb, STR("withdraws"))) {
		struct str purpose = rest, channel = str_cut(&purpose, '.');
		say_consent(t, who, channel, purpose.len ? purpose : STR("marketing"), str_eq(verb, STR("consents")), at, false);
		return true;
	}
	if (str_eq(verb, STR("opens")) || str_eq(verb, STR("clicks")) || str_eq(verb, STR("bounces"))) {
		run_advance(t->run, at);
		return say_deed(t, at, verb, rest, e);
	}
	if (str_eq(verb, STR("done"))) {
		run_call(t->run, ENTRY_TRACK, STR("Task Completed"), event_body(t, who, "task", rest, NULL, rest, more), at, false);
		return true;
	}
	if (str_eq(verb, STR("product")) || str_eq(verb, STR("store")) || str_eq(verb, STR("offer")) || str_eq(verb, STR("content")))
		return say_thing(t, at, verb, rest, more, e);
	if (str_eq(verb, STR("trait")) || str_eq(verb, STR("account")))
		return say_value(t, who, at, str_eq(verb, STR("account")), rest, e);
	return fail(e, ERR_INVALID, "'%.*s' is no act of a story: track, page, screen, consents, withdraws, opens, clicks, bounces, done, product, trait, account",
	    STR_ARGS(str_slice(verb, 0, 60)));
}

/* ---------------------------------------------------------------- deeds of the program */

static struct str
name_of(const struct teller *t, uint32_t person)
{
	for (size_t i = 0; i < t->names.len; i++)
		if (teller_number(t, t->names.items[i]) == person)
			return t->names.items[i];
	return STR("somebody");
}

static bool
goes_to_others(const struct teller *t, const struct told *x)
{
	const struct journey_def *j = program_journey(t->p, x->journey);
	for (uint16_t i = 0; j && i < j->n_steps; i++)
		if (j->steps[i].kind == STEP_SEND && str_eq(j->steps[i].name, x->message.step))
			return j->steps[i].to_people != NULL;
	return false;
}

struct str
teller_done(const struct teller *t, const struct told *x)
{
	const struct message *m = &x->message;
	switch (x->kind) {
	case TOLD_MESSAGE: {
		struct str s = arena_printf(t->arena, "%s %.*s%s%.*s", channel_name((enum channel)m->channel), STR_ARGS(m->template_name),
		    m->variant.len ? "/" : "", STR_ARGS(m->variant));
		return goes_to_others(t, x) ? arena_printf(t->arena, "%.*s to %.*s", STR_ARGS(s), STR_ARGS(name_of(t, x->profile))) : s;
	}
	case TOLD_TASK:
		return arena_printf(t->arena, "task %.*s", STR_ARGS(x->name));
	case TOLD_AUDIENCE:
		return arena_printf(t->arena, "audience %.*s", STR_ARGS(x->name));
	case TOLD_SET:
		return arena_printf(t->arena, "set %.*s", STR_ARGS(x->name));
	default:
		return (struct str){0};
	}
}

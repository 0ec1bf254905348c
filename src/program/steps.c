/* Steps: nested lists in the document, one flat list in the journey.
 *
 * A step stands right before the steps inside it, so where the next one stands is known from how many there are inside;
 * every list inside goes on, at its end, where its step goes on. */
#include "program/program_priv.h"
#include "base/limits.h"
#include "base/str.h"
#include <stdio.h>

struct step_maker {
	struct maker *m;
	struct journey_def *j;
	struct scope_names *names;
	const struct yaml **places;          /* beside the steps */
	bool *was_named;
};

/* ---------------------------------------------------------------- how many */

static size_t count_steps(const struct yaml *list);

static size_t
count_inside(const struct yaml *step)
{
	size_t n = count_steps(yaml_get(step, "then")) + count_steps(yaml_get(step, "else"));
	yaml_each(way, yaml_get(step, "branch"))
		n += count_steps(yaml_get(way, "then")) + count_steps(yaml_get(way, "else"));
	yaml_each(arm, yaml_get(step, "arms"))
		n += count_steps(yaml_get(arm, "then"));
	return n;
}

static size_t
count_steps(const struct yaml *list)
{
	size_t n = 0;
	yaml_each(step, list && list->kind == YAML_SEQUENCE ? list : NULL)
		n += 1 + count_inside(step);
	return n;
}

/* ---------------------------------------------------------------- kinds */

static struct expr_scope
scope_of(const struct step_maker *s)
{
	return scope_at(s->m, PLACE_STEP, s->names);
}

static const struct cond *
step_cond(struct step_maker *s, const struct yaml *y, enum expr_form form, enum type_kind wanted)
{
	struct expr_scope scope = scope_of(s);
	return y ? compile_node(s->m, y, form, &scope, wanted, NULL) : NULL;
}

static const struct when *
step_when(struct step_maker *s, const struct yaml *y, enum expr_form form)
{
	struct expr_scope scope = scope_of(s);
	return y ? compile_when(s->m, y, form, &scope) : NULL;
}

static bool
two_words(struct str text, struct str *ret_first, struct str *ret_second)
{
	struct str rest = str_trim(text);
	*ret_first = str_cut(&rest, ' ');
	*ret_second = str_trim(rest);
	return ret_first->len && ret_second->len && str_find_char(*ret_second, ' ', 0) == SIZE_MAX;
}

static void
read_offer(struct step_maker *s, const struct yaml *y, struct offer *ret)
{
	char near[96];
	struct str channel, names[CHANNEL_COUNT];
	for (int c = 0; c < CHANNEL_COUNT; c++)
		names[c] = str_of(channel_name((enum channel)c));
	if (!two_words(yaml_text(y), &channel, &ret->template)) {
		problem_at(s->m, y, "'%.*s': say channel and template, such as: email cart_reminder", STR_ARGS(str_slice(yaml_text(y), 0, 60)));
		return;
	}
	if (!channel_of(channel, &ret->channel))
		problem_at(s->m, y, "there is no channel '%.*s'%s: email, push, sms, whatsapp, post, phone, webhook, onsite", STR_ARGS(str_slice(channel, 0, 40)),
		    did_you_mean(channel, names, COUNT(names), sizeof(names[0]), near));
	if (!is_plain_name(ret->template))
		problem_at(s->m, y, "'%.*s' is no name of a template: letters, digits and _", STR_ARGS(str_slice(ret->template, 0, 60)));
}

static void
read_offers(struct step_maker *s, struct step_def *d, const struct yaml *y)
{
	size_t n = 0;
	struct offer *offers = arena_array(s->m->a, struct offer, y->kind == YAML_SEQUENCE ? y->count : 1);
	if (y->kind == YAML_SCALAR)
		read_offer(s, y, &offers[n++]);
	yaml_each(one, y->kind == YAML_SEQUENCE ? y : NULL)
		read_offer(s, one, &offers[n++]);
	d->offers = offers;
	d->n_offers = n;
}

static const struct named_value *
read_data(struct step_maker *s, const struct yaml *y, size_t *ret_n)
{
	VEC(struct named_value) list = {0};
	yaml_each(child, y && y->kind == YAML_MAPPING ? y : NULL) {
		if (!is_plain_name(child->key))
			problem_at_key(s->m, child, "'%.*s' is no name: letters, digits and _", STR_ARGS(str_slice(child->key, 0, 60)));
		const struct cond *c = step_cond(s, child, EXPR_VALUE, TYPE_UNKNOWN);
		if (c)
			*vec_push(&list) = (struct named_value){child->key, c};
	}
	const struct named_value *r = arena_items(s->m, &list);
	*ret_n = list.len;
	vec_release(&list);
	return r;
}

static void
read_recipients(struct step_maker *s, struct step_def *d, const struct yaml *y)
{
	struct expr_scope scope = scope_of(s);
	if (y)
		d->to_people = compile_node(s->m, y, EXPR_PEOPLE, &scope, TYPE_UNKNOWN, &d->to);
}

static void
read_send(struct step_maker *s, struct step_def *d, const struct yaml *y)
{
	struct maker *m = s->m;
	char near[96];
	const struct yaml *purpose = yaml_get(y, "purpose");
	read_offers(s, d, yaml_get(y, "send"));
	d->purpose = purpose ? yaml_text(purpose) : s->j->purpose;
	if (purpose && !purpose_of(&m->p->policy, d->purpose) && m->p->policy.n_purposes)
		problem_at(m, purpose, "the policy has no purpose '%.*s'%s", STR_ARGS(str_slice(d->purpose, 0, 60)),
		    did_you_mean(d->purpose, &m->p->policy.purposes[0].name, m->p->policy.n_purposes, sizeof(m->p->policy.purposes[0]), near));
	check_topic(m, yaml_get(y, "topic"));
	d->topic = yaml_get(y, "topic") ? yaml_text(yaml_get(y, "topic")) : s->j->topic;
	int rank = word_index(yaml_text(yaml_get(y, "priority")), "low|normal|high");
	d->priority = (uint8_t)(rank < 0 ? PRIORITY_NORMAL : PRIORITY_LOW + rank);
	d->value = step_cond(s, yaml_get(y, "value"), EXPR_VALUE, TYPE_UNKNOWN);
	d->at = step_when(s, yaml_get(y, "at"), EXPR_AT);
	d->expires = step_when(s, yaml_get(y, "expires"), EXPR_AT);
	d->tags = read_texts(m, yaml_get(y, "tags"), &d->n_tags);
	d->variants = read_variants(m, yaml_get(y, "variants"), s->names, &d->n_variants);
	d->data = read_data(s, yaml_get(y, "data"), &d->n_data);
	d->from = yaml_text(yaml_get(y, "from"));
	read_recipients(s, d, yaml_get(y, "to"));
	for (size_t i = 0; i < d->n_offers; i++)
		check_offer(m, yaml_get(y, "send"), &d->offers[i], d->n_variants ? d->variants : s->j->variants,
		    d->n_variants ? d->n_variants : s->j->n_variants);
}

static void
read_task(struct step_maker *s, struct step_def *d, const struct yaml *y)
{
	struct str kind, name;
	const struct yaml *task = yaml_get(y, "task"), *to = yaml_get(y, "to");
	struct offer *offer = arena_new(s->m->a, struct offer);
	if (!two_words(yaml_text(task), &kind, &name))
		problem_at(s->m, task, "'%.*s': say kind and name of the task, such as: phone recovery_call", STR_ARGS(str_slice(yaml_text(task), 0, 60)));
	offer->template = name;
	d->offers = offer;
	d->n_offers = 1;
	d->audience_on = kind;
	d->purpose = s->j->purpose;
	d->due = step_when(s, yaml_get(y, "due"), EXPR_WAIT);
	d->data = read_data(s, yaml_get(y, "data"), &d->n_data);
	/* A plain word is a team or a person; anything else is a value, such as account.owner otherwise "sales_queue". */
	if (to && is_plain_name(yaml_text(to)))
		d->from = yaml_text(to);
	else
		read_recipients(s, d, to);
}

static void
read_wait_until(struct step_maker *s, struct step_def *d, const struct yaml *y)
{
	struct str owner = arena_printf(s->m->a, "%.*s.wait", STR_ARGS(s->j->name));
	const struct yaml *until = yaml_get(y, "wait until");
	d->until = step_cond(s, until, EXPR_CONDITION, TYPE_TRUTH);
	if (d->until)
		d->standing = standing_of_node(s->m, until, USE_WAIT, owner);
}

static void
read_wait_for(struct step_maker *s, struct step_def *d, const struct yaml *y)
{
	struct expr_scope scope = scope_of(s);
	const char *owner = arena_cstr(s->m->a, arena_printf(s->m->a, "%.*s.wait", STR_ARGS(s->j->name)));
	d->triggers = compile_triggers(s->m, yaml_get(y, "wait for"), &scope, USE_WAIT, owner, &d->n_triggers, &d->triggers_standing);
}

/* A plain word is a text; everything else is a value of the language. */
static const struct cond *
set_value(struct step_maker *s, const struct yaml *y)
{
	bool word = y->quoted || (is_plain_name(y->text) && !str_eq(y->text, STR("true")) && !str_eq(y->text, STR("false")) && !str_eq(y->text, STR("now")));
	for (size_t i = 0; i < s->names->names.len; i++)
		word &= !str_eq(s->names->names.items[i], y->text);
	if (!word)
		return step_cond(s, y, EXPR_VALUE, TYPE_UNKNOWN);
	struct buf b = {0};
	buf_add_char(&b, '"');
	for (size_t i = 0; i < y->text.len; i++) {
		if (y->text.ptr[i] == '"' || y->text.ptr[i] == '\\')
			buf_add_char(&b, '\\');
		buf_add_char(&b, y->text.ptr[i]);
	}
	buf_add_char(&b, '"');
	struct yaml quoted = *y;
	quoted.text = arena_str(s->m->a, buf_str(&b));
	buf_release(&b);
	return step_cond(s, &quoted, EXPR_VALUE, TYPE_UNKNOWN);
}

static void
read_sets(struct step_maker *s, struct step_def *d, const struct yaml *y)
{
	VEC(struct trait_set) list = {0};
	yaml_each(child, y && y->kind == YAML_MAPPING ? y : NULL) {
		struct trait_set one = {.path = child->key, .is_consent = str_starts(child->key, STR("consent."))};
		bool trait = str_starts(child->key, STR("trait.")), other = str_starts(child->key, STR("topic.")) || str_starts(child->key, STR("preference."));
		if (!trait && !one.is_consent && !other)
			problem_at_key(s->m, child, "a step sets trait.x, preference.x, topic.x or consent.<channel>.<purpose>, not '%.*s'",
			    STR_ARGS(str_slice(child->key, 0, 60)));
		if (one.is_consent && str_eq(yaml_text(child), STR("true")))
			problem_at(s->m, child, "a journey cannot give consent in somebody's name: it can only take it back");
		if (child->kind == YAML_SCALAR)
			one.value = set_value(s, child);
		*vec_push(&list) = one;
	}
	d->sets = arena_items(s->m, &list);
	d->n_sets = list.len;
	vec_release(&list);
}

/* ---------------------------------------------------------------- the list */

static uint16_t add_list(struct step_maker *s, const struct yaml *list, uint16_t after);

static void
add_branch(struct step_maker *s, struct step_def *d, const struct yaml *ways)
{
	size_t n = 0;
	d->arms = arena_alloc(s->m->a, sizeof(*d->arms) * (ways->count + 1));
	yaml_each(way, ways) {
		bool is_else = yaml_get(way, "else") != NULL;
		d->arms[n].condition = is_else ? NULL : step_cond(s, yaml_get(way, "if"), EXPR_CONDITION, TYPE_TRUTH);
		d->arms[n].first = add_list(s, yaml_get(way, is_else ? "else" : "then"), d->next);
		n++;
	}
	d->n_arms = n;
}

static void
add_split(struct step_maker *s, struct step_def *d, const struct yaml *y)
{
	const struct yaml *arms = yaml_get(y, "arms");
	uint32_t sum = 0;
	size_t n = 0;
	d->experiment = yaml_text(yaml_get(y, "split"));
	d->arms = arena_alloc(s->m->a, sizeof(*d->arms) * (arms->count + 1));
	yaml_each(arm, arms) {
		uint32_t share = 0;
		d->arms[n].name = yaml_text(yaml_get(arm, "arm"));
		for (size_t i = 0; i < n; i++)
			if (str_eq(d->arms[i].name, d->arms[n].name))
				problem_at(s->m, arm, "there are two arms '%.*s'", STR_ARGS(d->arms[n].name));
		if (read_permille(s->m, yaml_get(arm, "share"), &share))
			sum += share;
		d->arms[n].share_permille = (uint16_t)share;
		d->arms[n].first = add_list(s, yaml_get(arm, "then"), d->next);
		n++;
	}
	d->n_arms = n;
	if (sum != 1000)
		problem_at(s->m, arms, "the shares add up to %u.%u%%, not to 100%%", sum / 10, sum % 10);
}

/* "wait for" → "wait": what an unnamed step is called, and then its number. */
static struct str
made_name(struct step_maker *s, const struct step_def *d, uint16_t at)
{
	if ((d->kind == STEP_SEND || d->kind == STEP_TASK) && d->n_offers)
		return d->offers[0].template;
	return arena_printf(s->m->a, "%s %u", step_kind_name(d->kind), at + 1u);
}

static bool
name_is_taken(const struct step_maker *s, struct str name, uint16_t before)
{
	for (uint16_t i = 0; i < before; i++)
		if (str_eq(s->j->steps[i].name, name))
			return true;
	return false;
}

/* The n-th use of a made name is "order_shipped 2". */
static struct str
free_name(struct step_maker *s, struct str name, uint16_t at)
{
	struct str r = name;
	for (unsigned n = 2; name_is_taken(s, r, at); n++)
		r = arena_printf(s->m->a, "%.*s %u", STR_ARGS(name), n);
	return r;
}

static void
read_kind(struct step_maker *s, struct step_def *d, const struct yaml *y)
{
	switch (d->kind) {
	case STEP_WAIT:
		d->when = step_when(s, yaml_get(y, "wait"), EXPR_WAIT);
		break;
	case STEP_WAIT_FOR:
		read_wait_for(s, d, y);
		d->when = step_when(s, yaml_get(y, "up to"), EXPR_WAIT);
		break;
	case STEP_WAIT_UNTIL:
		read_wait_until(s, d, y);
		d->when = step_when(s, yaml_get(y, "up to"), EXPR_WAIT);
		break;
	case STEP_SEND:
		read_send(s, d, y);
		break;
	case STEP_TASK:
		read_task(s, d, y);
		break;
	case STEP_SET:
		read_sets(s, d, yaml_get(y, "set"));
		break;
	case STEP_AUDIENCE:
		d->audience = yaml_text(yaml_get(y, "audience"));
		d->audience_on = yaml_text(yaml_get(y, "on"));
		d->audience_until_left = yaml_get(y, "until") != NULL;
		break;
	case STEP_EXIT:
		d->reason = yaml_text(yaml_get(y, "exit"));
		if (!d->reason.len)
			d->reason = STR("exit");
		break;
	case STEP_BRANCH:
	case STEP_SPLIT:
	case STEP_GO_TO:
		break;
	}
}

static void
add_inside(struct step_maker *s, struct step_def *d, const struct yaml *y)
{
	d->then_step = d->else_step = STEP_NONE;
	if (d->kind == STEP_BRANCH)
		add_branch(s, d, yaml_get(y, "branch"));
	else if (d->kind == STEP_SPLIT)
		add_split(s, d, y);
	else if (d->kind == STEP_WAIT_FOR || d->kind == STEP_WAIT_UNTIL) {
		d->then_step = add_list(s, yaml_get(y, "then"), d->next);
		d->else_step = add_list(s, yaml_get(y, "else"), d->next);
	}
}

static enum step_kind
kind_of(const struct yaml *y)
{
	const char *shape = "wait";
	for (size_t i = 0; i < n_step_shapes; i++)
		if (yaml_get(y, step_shapes[i].name)) {
			shape = step_shapes[i].name;
			break;
		}
	for (int k = STEP_WAIT; k <= STEP_EXIT; k++)
		if (str_eq(str_of(step_kind_name((enum step_kind)k)), str_of(shape)))
			return (enum step_kind)k;
	return STEP_WAIT;
}

static void
note_name(struct step_maker *s, struct str name)
{
	struct scope_names *n = s->names;
	for (size_t i = 0; i < n->steps.len; i++)
		if (str_eq(n->steps.items[i], name))
			return;
	*vec_push(&n->steps) = name;
}

static void
add_step(struct step_maker *s, const struct yaml *y, uint16_t at, uint16_t next)
{
	struct step_def *d = &s->j->steps[at];
	const struct yaml *name = yaml_get(y, "name");
	s->places[at] = y;
	*d = (struct step_def){.kind = kind_of(y), .next = next, .standing = UINT32_MAX, .target = STEP_NONE, .priority = PRIORITY_NORMAL};
	d->activity = yaml_get(y, "activity") ? yaml_text(yaml_get(y, "activity")) : s->j->activity;
	d->note = yaml_text(yaml_get(y, "note"));
	check_activity(s->m, yaml_get(y, "activity"));
	d->condition = step_cond(s, yaml_get(y, "if"), EXPR_CONDITION, TYPE_TRUTH);
	read_kind(s, d, y);
	s->was_named[at] = name != NULL;
	d->name = name ? yaml_text(name) : free_name(s, made_name(s, d, at), at);
	/* The names of steps inside are known to what comes after, so this one's goes first. */
	if (d->kind == STEP_SEND || d->kind == STEP_TASK || name)
		note_name(s, d->name);
	add_inside(s, d, y);
}

static uint16_t
add_list(struct step_maker *s, const struct yaml *list, uint16_t after)
{
	uint16_t first = STEP_NONE;
	if (!list || list->kind != YAML_SEQUENCE || !list->first)
		return STEP_NONE;
	for (const struct yaml *y = list->first; y; y = y->next) {
		uint16_t at = s->j->n_steps, behind = (uint16_t)(at + 1 + count_inside(y));
		s->j->n_steps++;
		if (first == STEP_NONE)
			first = at;
		add_step(s, y, at, y->next ? behind : after);
		ASSERT(s->j->n_steps == behind);
	}
	return first;
}

/* ---------------------------------------------------------------- names */

/* Two sends of the same name are allowed in different arms only: whichever was sent is meant. */
static bool
may_share_name(const struct journey_def *j, uint16_t a, uint16_t b)
{
	if (j->steps[a].kind != STEP_SEND || j->steps[b].kind != STEP_SEND)
		return false;
	for (uint16_t i = 0; i < a; i++) {
		const struct step_def *d = &j->steps[i];
		if (d->kind != STEP_SPLIT && d->kind != STEP_BRANCH)
			continue;
		size_t arm_a = SIZE_MAX, arm_b = SIZE_MAX;
		for (size_t k = 0; k < d->n_arms; k++) {
			if (d->arms[k].first == STEP_NONE)
				continue;
			if (d->arms[k].first <= a)
				arm_a = k;
			if (d->arms[k].first <= b && (d->next == STEP_NONE || d->next <= i || b < d->next))
				arm_b = k;
		}
		if (arm_a != SIZE_MAX && arm_b != SIZE_MAX && arm_a != arm_b)
			return true;
	}
	return false;
}

static void
check_names(struct step_maker *s)
{
	for (uint16_t b = 0; b < s->j->n_steps; b++)
		for (uint16_t a = 0; a < b; a++)
			if (s->was_named[b] && str_eq(s->j->steps[a].name, s->j->steps[b].name) && !may_share_name(s->j, a, b)) {
				problem_at(s->m, s->places[b], "two steps are named '%.*s': only sends in different arms may share a name",
				    STR_ARGS(s->j->steps[b].name));
				break;
			}
}

static void
find_targets(struct step_maker *s)
{
	char near[96];
	for (uint16_t i = 0; i < s->j->n_steps; i++) {
		struct step_def *d = &s->j->steps[i];
		if (d->kind != STEP_GO_TO)
			continue;
		const struct yaml *y = yaml_get(s->places[i], "go to");
		for (uint16_t k = 0; k < s->j->n_steps; k++)
			if (s->was_named[k] && str_eq(s->j->steps[k].name, yaml_text(y)))
				d->target = k;
		if (d->target == STEP_NONE)
			problem_at(s->m, y, "no step is named '%.*s'%s", STR_ARGS(str_slice(yaml_text(y), 0, 60)),
			    s->names->steps.len ? did_you_mean(yaml_text(y), s->names->steps.items, s->names->steps.len, sizeof(struct str), near) : "");
	}
}

static bool
has_go_to(const struct yaml *y)
{
	if (y && y->kind == YAML_MAPPING && yaml_get(y, "go to"))
		return true;
	yaml_each(child, y && y->kind != YAML_SCALAR ? y : NULL)
		if (has_go_to(child))
			return true;
	return false;
}

/* With a `go to`, a step further down may have been before. */
static void
note_all_names(struct step_maker *s, const struct yaml *y)
{
	if (y && y->kind == YAML_MAPPING && yaml_get(y, "name"))
		note_name(s, yaml_text(yaml_get(y, "name")));
	yaml_each(child, y && y->kind != YAML_SCALAR ? y : NULL)
		note_all_names(s, child);
}

void
make_steps(struct maker *m, struct journey_def *j, const struct yaml *steps, struct scope_names *names)
{
	struct step_maker s = {.m = m, .j = j, .names = names};
	size_t n = count_steps(steps);
	if (!n) {
		problem_at(m, steps, "a journey without steps does nothing");
		return;
	}
	if (n > LIMIT_STEPS_PER_JOURNEY) {
		problem_at(m, steps, "a journey has at most %d steps; this one has %zu", LIMIT_STEPS_PER_JOURNEY, n);
		return;
	}
	j->steps = arena_array(m->a, struct step_def, n);
	s.places = arena_alloc(m->a, sizeof(*s.places) * n);
	s.was_named = arena_alloc(m->a, sizeof(*s.was_named) * n);
	if (has_go_to(steps))
		note_all_names(&s, steps);
	j->first = add_list(&s, steps, STEP_NONE);
	check_names(&s);
	find_targets(&s);
}

/* Journeys: entry, exit, goal, holdout; their steps are in steps.c. */
#include "program/program_priv.h"
#include "base/limits.h"
#include "base/str.h"
#include <stdio.h>

static void
names_release(struct scope_names *n)
{
	vec_release(&n->names);
	vec_release(&n->trees);
	vec_release(&n->steps);
}

/* with: each name may use those before it. */
static void
read_with(struct maker *m, struct journey_def *j, const struct yaml *y, struct scope_names *names)
{
	VEC(struct named_value) values = {0};
	yaml_each(child, y && y->kind == YAML_MAPPING ? y : NULL) {
		const struct expr *tree;
		if (!is_plain_name(child->key)) {
			problem_at_key(m, child, "'%.*s' is no name: letters, digits and _", STR_ARGS(str_slice(child->key, 0, 60)));
			continue;
		}
		struct expr_scope scope = scope_at(m, PLACE_STEP, names);
		const struct cond *c = compile_node(m, child, EXPR_VALUE, &scope, TYPE_UNKNOWN, &tree);
		if (!tree)
			continue;
		*vec_push(&names->names) = child->key;
		*vec_push(&names->trees) = tree;
		if (c)
			*vec_push(&values) = (struct named_value){child->key, c};
	}
	j->with = arena_items(m, &values);
	j->n_with = values.len;
	vec_release(&values);
}

static void
read_again(struct maker *m, struct journey_def *j, const struct yaml *y)
{
	struct str s = yaml_text(y);
	if (!y || str_eq(s, STR("never"))) {
		j->again_never = true;
	} else if (str_eq(s, STR("always"))) {
		j->again_always = true;
	} else if (!str_starts(s, STR("after ")) || !length_of(str_trim(str_slice(s, 6, s.len)), &j->again_after)) {
		problem_at(m, y, "'again' is never, always, or 'after' and a length, such as: after 7d");
		j->again_never = true;
	}
}

/* A change in the catalogue concerns nobody in particular: `if` must say whom. */
static void
check_product_trigger(struct maker *m, const struct journey_def *j, const struct yaml *entry, const struct str if_text)
{
	for (size_t i = 0; i < j->n_entry_on; i++) {
		struct str kind;
		if (trigger_kind(j->entry_on[i]) != TRIGGER_CHANGE || !trigger_change_is_catalogue(j->entry_on[i], &kind))
			continue;
		char link[64];
		(void)snprintf(link, sizeof(link), "%.*s_id = trigger.%.*s_id", (int)(kind.len > 20 ? 20 : kind.len), kind.ptr,
		    (int)(kind.len > 20 ? 20 : kind.len), kind.ptr);
		if (str_find(if_text, str_of(link), 0) == SIZE_MAX)
			problem_at(m, yaml_get(entry, "on"), "a change of a %.*s concerns people only through an event with it: add … where (%s) to 'if'",
			    STR_ARGS(str_slice(kind, 0, 20)), link);
	}
}


/* consent.email and the like, outside of texts. */
static bool
asks_for_channel_consent(struct str s)
{
	static const char *const channels[] = {"email", "push", "sms", "whatsapp", "post", "phone"};
	for (size_t i = 0; i < s.len; i++) {
		if (s.ptr[i] == '"') {
			for (i++; i < s.len && s.ptr[i] != '"'; i++)
				i += s.ptr[i] == '\\';
			continue;
		}
		for (size_t k = 0; k < COUNT(channels); k++) {
			char root[32];
			int n = snprintf(root, sizeof(root), "consent.%s", channels[k]);
			if (str_starts(str_slice(s, i, s.len), (struct str){root, (size_t)n}) && !str_starts(str_slice(s, i + (size_t)n, s.len), STR(".tracking")))
				return true;
		}
	}
	return false;
}

static void
read_entry(struct maker *m, struct journey_def *j, const struct yaml *y, const struct scope_names *names, enum condition_use use)
{
	struct expr_scope scope = scope_at(m, PLACE_ENTRY, names);
	const struct expr *if_tree = NULL;
	const char *owner = arena_cstr(m->a, arena_printf(m->a, "%.*s.entry", STR_ARGS(j->name)));
	j->entry_on = compile_triggers(m, yaml_get(y, "on"), &scope, use, owner, &j->n_entry_on, &j->entry_standing);
	if (yaml_get(y, "if"))
		j->entry_if = compile_node(m, yaml_get(y, "if"), EXPR_CONDITION, &scope, TYPE_TRUTH, &if_tree);
	if (yaml_get(y, "each"))
		j->each = compile_node(m, yaml_get(y, "each"), EXPR_COLLECTION, &scope, TYPE_UNKNOWN, NULL);
	if (yaml_get(y, "per"))
		j->per = compile_node(m, yaml_get(y, "per"), EXPR_VALUE, &scope, TYPE_UNKNOWN, NULL);
	read_again(m, j, yaml_get(y, "again"));
	j->already_enter = str_eq(yaml_text(yaml_get(y, "already")), STR("enter"));
	j->late_enter = str_eq(yaml_text(yaml_get(y, "late")), STR("enter"));
	if (yaml_get(y, "limit"))
		(void)read_count_in(m, yaml_get(y, "limit"), &j->limit_n, &j->limit_in);
	struct str if_text = if_tree ? printed(m, if_tree) : (struct str){0};
	if (if_tree && asks_for_channel_consent(if_text))
		warning_at(m, yaml_get(y, "if"),
		    "consent to a channel in the entry's 'if': the policy asks for it when a message goes; here it hides people from the gap map, and from the journey when they consent later");
	check_product_trigger(m, j, y, if_text);
}

static bool
is_goal_word(const struct yaml *y)
{
	return str_eq(str_trim(yaml_text(y)), STR("goal"));
}

static void
read_exit(struct maker *m, struct journey_def *j, const struct yaml *y, const struct scope_names *names)
{
	struct expr_scope scope = scope_at(m, PLACE_STEP, names);
	const char *owner = arena_cstr(m->a, arena_printf(m->a, "%.*s.exit", STR_ARGS(j->name)));
	const struct yaml *on = yaml_get(y, "on"), *when = yaml_get(y, "when");
	j->exit_when = UINT32_MAX;
	if (on && on->kind == YAML_SCALAR && is_goal_word(on))
		j->exit_on_goal = true;
	else if (on)
		j->exit_on = compile_triggers(m, on, &scope, USE_EXIT, owner, &j->n_exit_on, &j->exit_standing);
	for (size_t i = 0; i < j->n_exit_on; i++)
		j->exit_on_goal |= trigger_kind(j->exit_on[i]) == TRIGGER_GOAL;
	if (!when)
		return;
	j->exit_when = standing_of_node(m, when, USE_EXIT, str_of(owner));
	if (j->exit_when == UINT32_MAX)
		j->exit_when_moment = compile_node(m, when, EXPR_CONDITION, &scope, TYPE_TRUTH, NULL);
}

static void
read_goal(struct maker *m, struct journey_def *j, const struct yaml *y, const struct scope_names *names)
{
	struct expr_scope scope = scope_at(m, PLACE_STEP, names);
	const char *owner = arena_cstr(m->a, arena_printf(m->a, "%.*s.goal", STR_ARGS(j->name)));
	if (!y)
		return;
	j->goal_on = compile_triggers(m, yaml_get(y, "on"), &scope, USE_EXIT, owner, &j->n_goal_on, &j->goal_standing);
	if (yaml_get(y, "within"))
		(void)read_length(m, yaml_get(y, "within"), &j->goal_within);
	if (yaml_get(y, "value"))
		j->goal_value = compile_node(m, yaml_get(y, "value"), EXPR_VALUE, &scope, TYPE_UNKNOWN, NULL);
}

const struct variant *
read_variants(struct maker *m, const struct yaml *y, const struct scope_names *names, size_t *ret_n)
{
	struct expr_scope scope = scope_at(m, PLACE_STEP, names);
	VEC(struct variant) list = {0};
	yaml_each(child, y) {
		const struct yaml *v = child->first;
		if (!v || v->kind != YAML_SCALAR)
			continue;
		struct variant one = {.name = v->key};
		if (!is_plain_name(v->key))
			problem_at_key(m, v, "'%.*s' is no name of a variant: letters, digits and _", STR_ARGS(str_slice(v->key, 0, 60)));
		if (!str_eq(str_trim(v->text), STR("everyone")))
			one.when = compile_node(m, v, EXPR_CONDITION, &scope, TYPE_TRUTH, NULL);
		else if (child->next)
			warning_at(m, child->next, "this variant is never taken: 'everyone' before it holds for all");
		*vec_push(&list) = one;
	}
	const struct variant *r = arena_items(m, &list);
	*ret_n = list.len;
	vec_release(&list);
	return r;
}

static void
check_purpose(struct maker *m, const struct journey_def *j, const struct yaml *y)
{
	const struct yaml *holdout = yaml_get(y, "holdout");
	char near[96];
	const struct policy_def *policy = &m->p->policy;
	const struct purpose_def *purpose = purpose_of(policy, j->purpose);
	if (!purpose && policy->n_purposes)
		problem_at(m, yaml_get(y, "purpose"), "the policy has no purpose '%.*s'%s", STR_ARGS(str_slice(j->purpose, 0, 60)),
		    did_you_mean(j->purpose, &policy->purposes[0].name, policy->n_purposes, sizeof(policy->purposes[0]), near));
	/* Nobody may be left without an order confirmation so that we learn something. Other purposes may measure on a small share. */
	if (holdout && purpose && !purpose->holdout && !purpose->quiet)
		problem_at(m, holdout, "messages with the purpose '%.*s' are never held out: take the holdout away", STR_ARGS(j->purpose));
	else if (holdout && purpose && !purpose->holdout)
		warning_at(m, holdout, "the policy does not let messages with the purpose '%.*s' be held out: the journey's own holdout leaves people without them all the same",
		    STR_ARGS(j->purpose));
}

void
check_topic(struct maker *m, const struct yaml *y)
{
	char near[96];
	const struct vocabulary *v = &m->p->vocabulary;
	for (size_t i = 0; y && i < v->n_topics; i++)
		if (str_eq(v->topics[i], yaml_text(y)))
			return;
	if (y)
		problem_at(m, y, "the vocabulary has no topic '%.*s'%s", STR_ARGS(str_slice(yaml_text(y), 0, 60)),
		    v->n_topics ? did_you_mean(yaml_text(y), v->topics, v->n_topics, sizeof(v->topics[0]), near) : "");
}

/* The text of entry, exit and steps: what people inside keep. */
static uint64_t
version_of(const struct yaml *y)
{
	static const char *const parts[] = {"subject", "entry", "exit", "with", "steps"};
	struct buf b = {0};
	for (size_t i = 0; i < COUNT(parts); i++) {
		const struct yaml *part = yaml_get(y, parts[i]);
		buf_add_cstr(&b, parts[i]);
		if (part)
			yaml_to_json(part, &b);
	}
	uint64_t h = hash_stable(buf_str(&b));
	buf_release(&b);
	return h;
}

static void
read_head(struct maker *m, struct journey_def *j, const struct document *d)
{
	const struct yaml *y = d->yaml;
	m->file = d->file;
	j->name = yaml_text(yaml_get(y, "journey"));
	j->label = read_label(m, yaml_get(y, "label"), j->name);
	j->activity = yaml_text(yaml_get(y, "activity"));
	j->purpose = yaml_text(yaml_get(y, "purpose"));
	j->topic = yaml_text(yaml_get(y, "topic"));
	j->note = yaml_text(yaml_get(y, "note"));
	j->file = str_of(d->file);
	j->subject_account = str_eq(yaml_text(yaml_get(y, "subject")), STR("account"));
	j->paused = read_yes(yaml_get(y, "paused"), false);
	j->draining = read_yes(yaml_get(y, "draining"), false);
	j->version = version_of(y);
	j->exit_when = UINT32_MAX;
	j->first = STEP_NONE;
}

static void
check_head(struct maker *m, struct journey_def *j, const struct yaml *y)
{
	struct str file = j->file;
	size_t slash = SIZE_MAX;
	for (size_t i = 0; i < file.len; i++)
		if (file.ptr[i] == '/')
			slash = i;
	struct str base = str_slice(file, slash + 1, file.len);
	if (base.len != j->name.len + 5 || !str_starts(base, j->name) || base.ptr[j->name.len] != '.')
		problem_at(m, yaml_get(y, "journey"), "the file is not named like its journey: it should be %.*s.yaml", STR_ARGS(j->name));
	for (size_t i = 0; i + 1 < m->p->n_journeys; i++)
		if (str_eq(m->p->journeys[i].name, j->name))
			problem_at(m, yaml_get(y, "journey"), "there are two journeys '%.*s'", STR_ARGS(j->name));
	check_activity(m, yaml_get(y, "activity"));
	check_purpose(m, j, y);
	check_topic(m, yaml_get(y, "topic"));
	if (!yaml_get(y, "examples") || !yaml_get(y, "examples")->first)
		warning_at(m, y, "this journey has no example: a person, a story and what is expected, which check runs in virtual time");
	if (j->subject_account && str_eq(m->p->market, STR("b2c")))
		problem_at(m, yaml_get(y, "subject"), "'subject: account' in a program whose market is b2c: there are no accounts");
}

static void
make_journey(struct maker *m, struct journey_def *j, const struct document *d)
{
	struct scope_names names = {0};
	const struct yaml *y = d->yaml;
	read_head(m, j, d);
	check_head(m, j, y);
	read_with(m, j, yaml_get(y, "with"), &names);
	read_entry(m, j, yaml_get(y, "entry"), &names, USE_BECOMES);
	/* Before the steps: their templates have these variants. */
	j->variants = read_variants(m, yaml_get(y, "variants"), &names, &j->n_variants);
	make_steps(m, j, yaml_get(y, "steps"), &names);
	/* The exit may look at every step's message. */
	read_exit(m, j, yaml_get(y, "exit"), &names);
	read_goal(m, j, yaml_get(y, "goal"), &names);
	if (yaml_get(y, "holdout"))
		(void)read_permille(m, yaml_get(y, "holdout"), &j->holdout_permille);
	names_release(&names);
}

void
make_journeys(struct maker *m)
{
	size_t n = 0;
	each_document(d, m, DOC_JOURNEY)
		n++;
	if (n > LIMIT_JOURNEYS) {
		problem_in(m, "journeys/", 0, 0, false, "a program has at most %d journeys", LIMIT_JOURNEYS);
		return;
	}
	m->p->journeys = arena_array(m->a, struct journey_def, n);
	each_document(d, m, DOC_JOURNEY)
		make_journey(m, &m->p->journeys[m->p->n_journeys++], d);
}

/* ---------------------------------------------------------------- in the shadow */

static bool
activity_runs(const struct program *p, struct str activity)
{
	for (size_t i = 0; i < p->n_journeys; i++) {
		if (str_eq(p->journeys[i].activity, activity))
			return true;
		for (size_t k = 0; k < p->journeys[i].n_steps; k++)
			if (str_eq(p->journeys[i].steps[k].activity, activity))
				return true;
	}
	return false;
}

static bool
is_shadowed(const struct program *p, struct str activity)
{
	for (size_t i = 0; i < p->n_shadows; i++)
		if (str_eq(p->shadows[i].activity, activity))
			return true;
	return false;
}

/* An activity of companies means nothing to a shop. */
static bool
is_of_market(const struct program *p, struct str activity)
{
	const struct activity_def *a = activity_of(p, activity);
	return !a || str_eq(p->market, STR("both")) || str_eq(a->market, STR("both")) || str_eq(a->market, p->market);
}

/* Entry only. What does not fit this program's names is left out: nothing can be counted then. */
static void
add_shadow(struct maker *m, const struct document *d)
{
	struct scope_names names = {0};
	struct journey_def *j = &m->p->shadows[m->p->n_shadows];
	*j = (struct journey_def){0};
	m->failed = false;
	read_head(m, j, d);
	bool fits = j->activity.len && is_of_market(m->p, j->activity) && (!j->subject_account || !str_eq(m->p->market, STR("b2c")));
	if (fits && !activity_runs(m->p, j->activity) && !is_shadowed(m->p, j->activity)) {
		read_with(m, j, yaml_get(d->yaml, "with"), &names);
		read_entry(m, j, yaml_get(d->yaml, "entry"), &names, USE_SHADOW);
		if (!m->failed && j->n_entry_on)
			m->p->n_shadows++;
	}
	names_release(&names);
}

void
make_shadows(struct maker *m, const struct program_file *files, size_t n)
{
	bool failed = m->failed;
	m->silent = true;
	m->p->shadows = arena_array(m->a, struct journey_def, n);
	for (size_t i = 0; i < n; i++) {
		struct yaml **docs;
		size_t n_docs;
		struct err e = {0};
		m->file = arena_cstr(m->a, str_slice(files[i].path, 0, 120));
		if (str_find(files[i].path, STR("journeys/"), 0) == SIZE_MAX || !yaml_parse(m->a, m->file, files[i].text, &docs, &n_docs, &e) || n_docs != 1)
			continue;
		struct document d = {DOC_JOURNEY, docs[0], m->file};
		if (check_document(m, &d))
			add_shadow(m, &d);
	}
	m->silent = false;
	m->failed = failed;
}

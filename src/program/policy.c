/* policy.yaml: the contact rules. */
#include "program/program_priv.h"
#include "base/str.h"

const struct purpose_def *
purpose_of(const struct policy_def *policy, struct str name)
{
	for (size_t i = 0; i < policy->n_purposes; i++)
		if (str_eq(policy->purposes[i].name, name))
			return &policy->purposes[i];
	return NULL;
}

static const struct cond *
policy_cond(struct maker *m, const struct yaml *y)
{
	struct expr_scope scope = scope_at(m, PLACE_POLICY, NULL);
	if (!y || str_eq(str_trim(yaml_text(y)), STR("everyone")))
		return NULL;
	return compile_node(m, y, EXPR_CONDITION, &scope, TYPE_TRUTH, NULL);
}

/* False, and told, when a list has no more room. */
static bool
has_room(struct maker *m, const struct yaml *y, size_t have, size_t most, const char *what)
{
	if (have < most)
		return true;
	if (have == most)
		problem_at(m, y, "a policy has at most %zu %s", most, what);
	return false;
}

static void
read_purposes(struct maker *m, const struct yaml *y)
{
	struct policy_def *p = &m->p->policy;
	yaml_each(child, y && y->kind == YAML_MAPPING ? y : NULL) {
		if (!has_room(m, child, p->n_purposes, PURPOSES_MAX, "purposes"))
			return;
		p->purposes[p->n_purposes++] = (struct purpose_def){
		    .name = child->key,
		    .needs_consent = str_eq(yaml_text(yaml_get(child, "needs")), STR("consent")),
		    .quiet = read_yes(yaml_get(child, "quiet"), true),
		    .caps = read_yes(yaml_get(child, "caps"), true),
		    .counts = read_yes(yaml_get(child, "counts"), true),
		    .holdout = read_yes(yaml_get(child, "holdout"), false),
		    .unsubscribe = read_yes(yaml_get(child, "unsubscribe"), true),
		};
	}
	if (!p->n_purposes)
		problem_at(m, y, "a policy needs at least one purpose");
}

static uint32_t
read_channels(const struct yaml *y)
{
	uint32_t bits = 0;
	enum channel c;
	yaml_each(child, y)
		if (channel_of(yaml_text(child), &c))
			bits |= 1u << c;
	return bits;
}

static void
read_consent(struct maker *m, const struct yaml *y)
{
	struct policy_def *p = &m->p->policy;
	const struct yaml *soft = yaml_get(y, "soft opt-in");
	p->double_opt_in = str_eq(yaml_text(yaml_get(y, "confirm")), STR("double"));
	if (yaml_get(y, "renew after"))
		(void)read_length(m, yaml_get(y, "renew after"), &p->renew_after);
	if (!soft)
		return;
	p->soft_opt_in_channels = read_channels(yaml_get(soft, "channels"));
	p->soft_opt_in_if = policy_cond(m, yaml_get(soft, "if"));
}

static void
read_rule(struct maker *m, const struct yaml *y)
{
	struct policy_def *p = &m->p->policy;
	const struct yaml *refuse = yaml_get(y, "refuse if"), *hold = yaml_get(y, "hold if");
	if (!has_room(m, y, p->n_rules, RULES_MAX, "suitability rules"))
		return;
	struct suitability_def *r = &p->rules[p->n_rules];
	r->name = yaml_text(yaml_get(y, "rule"));
	r->hold_standing = UINT32_MAX;
	for (size_t i = 0; i < p->n_rules; i++)
		if (str_eq(p->rules[i].name, r->name))
			problem_at(m, yaml_get(y, "rule"), "there are two rules '%.*s'", STR_ARGS(r->name));
	if (!refuse == !hold)
		problem_at(m, y, "the rule '%.*s' has one of 'refuse if' (never) and 'hold if' (wait)", STR_ARGS(r->name));
	r->applies = policy_cond(m, yaml_get(y, "for"));
	r->refuse_if = policy_cond(m, refuse);
	r->hold_if = policy_cond(m, hold);
	if (r->hold_if)
		r->hold_standing = standing_of_node(m, hold, USE_HOLD, arena_printf(m->a, "policy.%.*s", STR_ARGS(r->name)));
	p->n_rules++;
}

static void
read_quiet(struct maker *m, const struct yaml *y)
{
	static const char days[] = "monday|tuesday|wednesday|thursday|friday|saturday|sunday|holiday";
	struct policy_def *p = &m->p->policy;
	const struct yaml *from = yaml_get(y, "from"), *to = yaml_get(y, "to");
	if (!has_room(m, y, p->n_quiet, QUIET_MAX, "quiet hours"))
		return;
	struct quiet_def *q = &p->quiet[p->n_quiet++];
	q->channels = read_channels(yaml_get(y, "channels"));
	q->from_minute = q->to_minute = -1;
	yaml_each(day, yaml_get(y, "days")) {
		int d = word_index(yaml_text(day), days);
		if (d >= 0)
			q->days = (uint8_t)(q->days | 1u << d);
	}
	if (!from != !to)
		problem_at(m, y, "quiet hours have both 'from' and 'to', or neither");
	else if (from && read_clock(m, from, &q->from_minute) && read_clock(m, to, &q->to_minute) && q->from_minute == q->to_minute)
		problem_at(m, from, "quiet hours that end when they begin: nobody would ever be written to");
	if (!from && !q->days)
		problem_at(m, y, "quiet hours have 'from' and 'to', or 'days', or both");
	q->when = policy_cond(m, yaml_get(y, "if"));
}

static void
read_choices(struct maker *m, struct cap_def *c, const struct yaml *y)
{
	yaml_each(child, y && y->kind == YAML_MAPPING ? y : NULL) {
		if (c->n_choices == COUNT(c->choices)) {
			problem_at(m, child, "a cap has at most %zu choices", COUNT(c->choices));
			return;
		}
		c->choices[c->n_choices].word = child->key;
		if (read_count_in(m, child, &c->choices[c->n_choices].at_most, &c->choices[c->n_choices].in))
			c->n_choices++;
	}
}

static bool
is_preference(const struct maker *m, struct str name)
{
	const struct type *t = &m->p->vocabulary.preferences;
	for (size_t i = 0; i < t->n_fields; i++)
		if (str_eq(t->fields[i].name, name))
			return true;
	return false;
}

static void
read_own_choice(struct maker *m, struct cap_def *c, const struct yaml *y)
{
	const struct yaml *own = yaml_get(y, "the person's own choice"), *choices = yaml_get(y, "choices");
	if (!own != !choices)
		problem_at(m, own ? own : choices, "'the person's own choice' and 'choices' belong together");
	if (!own)
		return;
	c->own_choice = str_starts(own->text, STR("preference.")) ? str_slice(own->text, 11, own->text.len) : own->text;
	if (!is_preference(m, c->own_choice))
		problem_at(m, own, "the vocabulary has no preference '%.*s'", STR_ARGS(str_slice(c->own_choice, 0, 60)));
	read_choices(m, c, choices);
}

static void
read_cap(struct maker *m, const struct yaml *y)
{
	struct policy_def *p = &m->p->policy;
	const struct yaml *in = yaml_get(y, "in"), *of = yaml_get(y, "of");
	const char *const windows = "day|week|month";
	static const enum cap_window calendar[] = {CAP_DAY, CAP_WEEK, CAP_MONTH};
	if (!has_room(m, y, p->n_caps, CAPS_MAX, "caps"))
		return;
	struct cap_def *c = &p->caps[p->n_caps++];
	(void)read_count(m, yaml_get(y, "at most"), &c->at_most);
	int word = word_index(yaml_text(in), windows);
	if (word >= 0)
		c->window = calendar[word];
	else if (length_of(yaml_text(in), &c->rolling) && c->rolling > 0)
		c->window = CAP_ROLLING;
	else
		problem_at(m, in, "'in' is a length such as 24h or 7d, or day, week, month; '%.*s' is neither", STR_ARGS(str_slice(yaml_text(in), 0, 40)));
	c->of = policy_cond(m, of);
	if (yaml_get(y, "for high priority"))
		(void)read_count(m, yaml_get(y, "for high priority"), &c->for_high);
	c->per_account = str_eq(yaml_text(yaml_get(y, "per")), STR("account"));
	read_own_choice(m, c, y);
	c->text = arena_printf(m->a, "at most %u in %.*s%s%.*s", c->at_most, STR_ARGS(yaml_text(in)), of ? " of " : "", STR_ARGS(yaml_text(of)));
}

static void
read_group(struct maker *m, const struct yaml *y)
{
	char near[96];
	struct policy_def *p = &m->p->policy;
	const struct vocabulary *v = &m->p->vocabulary;
	if (!has_room(m, y, p->n_groups, GROUPS_MAX, "groups"))
		return;
	struct group_def *g = &p->groups[p->n_groups++];
	g->name = y->key;
	g->at_most = 1;
	g->journeys = read_texts(m, yaml_get(y, "journeys"), &g->n_journeys);
	yaml_each(one, yaml_get(y, "journeys")) {
		bool found = false;
		for (size_t i = 0; i < v->n_journeys; i++)
			found |= str_eq(v->journeys[i], yaml_text(one));
		if (!found)
			problem_at(m, one, "there is no journey '%.*s'%s", STR_ARGS(str_slice(yaml_text(one), 0, 60)),
			    v->n_journeys ? did_you_mean(yaml_text(one), v->journeys, v->n_journeys, sizeof(struct str), near) : "");
	}
	if (yaml_get(y, "at most"))
		(void)read_count(m, yaml_get(y, "at most"), &g->at_most);
	if (!g->at_most)
		problem_at(m, yaml_get(y, "at most"), "a group that nobody may be in: 'at most' is 1 or more");
	g->takes_over = str_eq(yaml_text(yaml_get(y, "stronger")), STR("takes over"));
	g->per_account = str_eq(yaml_text(yaml_get(y, "per")), STR("account"));
	if (yaml_get(y, "rest"))
		(void)read_length(m, yaml_get(y, "rest"), &g->rest);
}

static void
read_arbitration(struct maker *m, const struct yaml *y)
{
	struct policy_def *p = &m->p->policy;
	size_t n = 0;
	bool used[3] = {false};
	p->arbitration_hold = 10 * MINUTE;
	if (yaml_get(y, "hold"))
		(void)read_length(m, yaml_get(y, "hold"), &p->arbitration_hold);
	p->drop_the_rest = read_yes(yaml_get(y, "drop the rest"), false);
	yaml_each(word, yaml_get(y, "order")) {
		int w = word_index(yaml_text(word), "priority|value|oldest");
		if (w < 0)
			continue;
		if (used[w])
			problem_at(m, word, "'%.*s' stands twice", STR_ARGS(yaml_text(word)));
		else
			p->arbitration_order[n++] = (uint8_t)w;
		used[w] = true;
	}
	for (uint8_t w = 0; w < 3; w++)
		if (!used[w])
			p->arbitration_order[n++] = w;
}

/* "complaints > 0.3%" */
static bool
read_guard(struct policy_def *p, struct str text)
{
	struct str what = str_trim(str_cut(&text, '>')), share = str_trim(text);
	bool complaints = str_eq(what, STR("complaints"));
	fixed percent;
	if ((!complaints && !str_eq(what, STR("bounces"))) || !str_ends(share, STR("%")) ||
	    !str_to_fixed(str_slice(share, 0, share.len - 1), &percent) || percent <= 0 || percent > 100 * FIXED_ONE)
		return false;
	/* Ten-thousandths of a per cent are millionths. */
	*(complaints ? &p->stop_complaints_ppm : &p->stop_bounces_ppm) = (uint32_t)percent;
	return true;
}

/* "complaints > 0.3% or bounces > 5% of a day's mail" */
static void
read_guards(struct maker *m, const struct yaml *y)
{
	const struct yaml *stop = yaml_get(y, "stop when");
	struct str text = yaml_text(stop);
	text = str_slice(text, 0, str_find(text, STR(" of a day's mail"), 0));
	for (size_t at = 0; stop && at < text.len;) {
		size_t end = str_find(text, STR(" or "), at);
		if (!read_guard(&m->p->policy, str_slice(text, at, end))) {
			problem_at(m, stop, "a guard is written: complaints > 0.3%% or bounces > 5%% of a day's mail");
			return;
		}
		at = end == SIZE_MAX ? text.len : end + 4;
	}
}

void
make_policy(struct maker *m)
{
	const struct document *d = document_next(m, DOC_POLICY, NULL);
	if (!d) {
		if (document_next(m, DOC_JOURNEY, NULL))
			problem_in(m, "policy.yaml", 0, 0, false, "a program with journeys needs a policy.yaml: purposes, quiet hours, caps");
		read_arbitration(m, NULL);
		return;
	}
	m->file = d->file;
	read_purposes(m, yaml_get(d->yaml, "purposes"));
	read_consent(m, yaml_get(d->yaml, "consent"));
	yaml_each(rule, yaml_get(d->yaml, "suitability"))
		read_rule(m, rule);
	yaml_each(quiet, yaml_get(d->yaml, "quiet"))
		read_quiet(m, quiet);
	yaml_each(cap, yaml_get(d->yaml, "caps"))
		read_cap(m, cap);
	const struct yaml *groups = yaml_get(d->yaml, "groups");
	yaml_each(group, groups && groups->kind == YAML_MAPPING ? groups : NULL)
		read_group(m, group);
	read_arbitration(m, yaml_get(d->yaml, "arbitration"));
	read_guards(m, yaml_get(d->yaml, "guards"));
}

/* goals.yaml and evidence.yaml: what conversions are worth, and what shows that an activity runs elsewhere. */
#include "program/program_priv.h"
#include "base/str.h"

static bool
is_stage(const struct maker *m, struct str name)
{
	const struct program *p = m->p;
	if (!p->n_models)
		return false;
	const struct model_def *model = &p->models[p->primary_model];
	for (size_t i = 0; i < model->n_stages; i++)
		if (str_eq(model->stages[i].name, name))
			return true;
	return false;
}

static void
add_goal(struct maker *m, struct goal_def *g, const struct document *d)
{
	struct expr_scope scope = scope_at(m, PLACE_ENTRY, NULL);
	const struct yaml *stage = yaml_get(d->yaml, "stage");
	m->file = d->file;
	g->name = yaml_text(yaml_get(d->yaml, "goal"));
	g->label = read_label(m, yaml_get(d->yaml, "label"), g->name);
	g->stage = yaml_text(stage);
	for (size_t i = 0; i < m->p->n_goals; i++)
		if (str_eq(m->p->goals[i].name, g->name))
			problem_at(m, yaml_get(d->yaml, "goal"), "there are two goals '%.*s'", STR_ARGS(g->name));
	if (stage && !is_stage(m, g->stage))
		problem_at(m, stage, "the primary lifecycle has no stage '%.*s'", STR_ARGS(str_slice(g->stage, 0, 60)));
	const char *owner = arena_cstr(m->a, arena_printf(m->a, "goal.%.*s", STR_ARGS(g->name)));
	g->on = compile_triggers(m, yaml_get(d->yaml, "on"), &scope, USE_EXIT, owner, &g->n_on, &g->standing);
	if (yaml_get(d->yaml, "value"))
		g->value = compile_node(m, yaml_get(d->yaml, "value"), EXPR_VALUE, &scope, TYPE_UNKNOWN, NULL);
	if (yaml_get(d->yaml, "within"))
		(void)read_length(m, yaml_get(d->yaml, "within"), &g->within);
}

/* "20 people" */
static void
read_people(struct maker *m, const struct yaml *y, uint32_t *ret)
{
	struct str rest = yaml_text(y), number = str_cut(&rest, ' ');
	int64_t n;
	if (str_to_int(number, &n) && n > 0 && n <= UINT32_MAX && (!rest.len || str_eq(str_trim(rest), STR("people"))))
		*ret = (uint32_t)n;
	else
		problem_at(m, y, "'at least' is written: 20 people");
}

/* "2 days or more of 30d" */
static void
read_spread(struct maker *m, const struct yaml *y, struct evidence_def *e)
{
	struct str s = yaml_text(y);
	size_t of = str_find(s, STR(" days or more of "), 0);
	int64_t n;
	msec all;
	if (of != SIZE_MAX && str_to_int(str_slice(s, 0, of), &n) && n > 0 && n < 366 && length_of(str_slice(s, of + 17, s.len), &all) &&
	    all >= DAY && all <= 366 * DAY && n * DAY <= all) {
		e->spread_days = (uint32_t)n;
		e->spread_of_days = (uint32_t)(all / DAY);
	} else {
		problem_at(m, y, "'spread over' is written: 2 days or more of 30d");
	}
}

static void
add_evidence(struct maker *m, struct evidence_def *e, const struct document *d)
{
	struct expr_scope scope = scope_at(m, PLACE_EVIDENCE, NULL);
	m->file = d->file;
	e->activity = yaml_text(yaml_get(d->yaml, "evidence"));
	e->at_least_people = 1;
	e->spread_days = 1;
	e->spread_of_days = 30;
	check_activity(m, yaml_get(d->yaml, "evidence"));
	e->seen_in = compile_triggers(m, yaml_get(d->yaml, "seen in"), &scope, USE_EVIDENCE, "evidence", &e->n_seen_in, NULL);
	for (size_t i = 0; i < e->n_seen_in; i++)
		if (trigger_kind(e->seen_in[i]) != TRIGGER_EVENT)
			problem_at(m, yaml_get(d->yaml, "seen in"), "evidence is seen in events: track \"…\" where (…), or page where (…)");
	if (yaml_get(d->yaml, "if"))
		e->when = compile_node(m, yaml_get(d->yaml, "if"), EXPR_CONDITION, &scope, TYPE_TRUTH, NULL);
	if (yaml_get(d->yaml, "at least"))
		read_people(m, yaml_get(d->yaml, "at least"), &e->at_least_people);
	if (yaml_get(d->yaml, "spread over"))
		read_spread(m, yaml_get(d->yaml, "spread over"), e);
}

static size_t
count_documents(const struct maker *m, enum document_kind kind)
{
	size_t n = 0;
	each_document(d, m, kind)
		n++;
	return n;
}

void
make_goals(struct maker *m)
{
	m->p->goals = arena_array(m->a, struct goal_def, count_documents(m, DOC_GOAL));
	each_document(d, m, DOC_GOAL) {
		add_goal(m, &m->p->goals[m->p->n_goals], d);
		m->p->n_goals++;
	}
}

void
make_evidence(struct maker *m)
{
	m->p->evidence = arena_array(m->a, struct evidence_def, count_documents(m, DOC_EVIDENCE));
	each_document(d, m, DOC_EVIDENCE)
		add_evidence(m, &m->p->evidence[m->p->n_evidence++], d);
}

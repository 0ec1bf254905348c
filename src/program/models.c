/* Lifecycle models, and the order in which all conditions are worked out. */
#include "program/program_priv.h"
#include "base/str.h"
#include <stdio.h>

static void
check_label_and_when(struct maker *m, const struct yaml *y, const struct stage_def *s)
{
	if (s->of_business && yaml_get(y, "when"))
		problem_at(m, yaml_get(y, "when"), "people never stand in a stage of the business: it has no 'when'");
	if (!s->of_business && !yaml_get(y, "when"))
		problem_at(m, y, "the stage '%.*s' has no 'when'; write 'when: everyone' for the first", STR_ARGS(s->name));
}

static void
add_stage(struct maker *m, struct model_def *model, const struct yaml *y)
{
	struct stage_def *s = &model->stages[model->n_stages];
	s->name = yaml_text(yaml_get(y, "stage"));
	s->label = read_label(m, yaml_get(y, "label"), s->name);
	s->of_business = str_eq(yaml_text(yaml_get(y, "of")), STR("business"));
	s->condition = s->goal = UINT32_MAX;
	for (size_t i = 0; i < model->n_stages; i++)
		if (str_eq(model->stages[i].name, s->name))
			problem_at(m, y, "the stage '%.*s' stands twice", STR_ARGS(s->name));
	check_label_and_when(m, y, s);
	if (!s->of_business && yaml_get(y, "when"))
		s->condition = add_standing(m, yaml_get(y, "when"), USE_STAGE, arena_printf(m->a, "%.*s.%.*s", STR_ARGS(model->name), STR_ARGS(s->name)));
	if (yaml_get(y, "goal"))
		s->goal = add_standing(m, yaml_get(y, "goal"), USE_STAGE,
		    arena_printf(m->a, "%.*s.%.*s.goal", STR_ARGS(model->name), STR_ARGS(s->name)));
	model->n_stages++;
}

static void
read_order(struct maker *m, struct model_def *model, const struct yaml *y)
{
	size_t n, seen = 0;
	const struct str *names = read_texts(m, y, &n);
	for (uint8_t i = 0; i < model->n_stages; i++)
		model->order[i] = i;
	if (!y)
		return;
	for (size_t k = 0; k < n && n == model->n_stages; k++)
		for (uint8_t i = 0; i < model->n_stages; i++)
			if (str_eq(names[k], model->stages[i].name)) {
				bool twice = false;
				for (size_t j = 0; j < seen; j++)
					twice |= model->order[j] == i;
				if (!twice)
					model->order[seen++] = i;
			}
	if (seen != model->n_stages)
		problem_at(m, y, "'order' names every stage once");
}

static void
add_model(struct maker *m, struct model_def *model, const struct document *d)
{
	const struct yaml *stages = yaml_get(d->yaml, "stages");
	m->file = d->file;
	model->name = yaml_text(yaml_get(d->yaml, "lifecycle"));
	model->label = read_label(m, yaml_get(d->yaml, "label"), model->name);
	model->file = str_of(d->file);
	yaml_each(stage, stages) {
		if (model->n_stages == STAGES_MAX) {
			problem_at(m, stage, "a model has at most %d stages", STAGES_MAX);
			break;
		}
		add_stage(m, model, stage);
	}
	if (!model->n_stages)
		problem_at(m, d->yaml, "a lifecycle model needs stages");
	read_order(m, model, yaml_get(d->yaml, "order"));
}

static bool
is_named(const struct vocabulary *v, struct str name)
{
	for (size_t i = 0; i < v->n_models; i++)
		if (str_eq(v->models[i], name))
			return true;
	return false;
}

void
make_models(struct maker *m)
{
	const struct vocabulary *v = &m->p->vocabulary;
	size_t n = v->n_models < MODELS_MAX ? v->n_models : MODELS_MAX;
	if (v->n_models > MODELS_MAX)
		problem_in(m, "program.yaml", 0, 0, false, "at most %d lifecycle models can be on at once", MODELS_MAX);
	m->p->models = arena_array(m->a, struct model_def, n);
	each_document(d, m, DOC_LIFECYCLE) {
		struct str name = yaml_text(yaml_get(d->yaml, "lifecycle"));
		bool done = false;
		for (size_t i = 0; i < m->p->n_models; i++)
			done |= str_eq(m->p->models[i].name, name);
		if (!done && is_named(v, name) && m->p->n_models < n)
			add_model(m, &m->p->models[m->p->n_models++], d);
	}
}

/* ---------------------------------------------------------------- one order for all conditions */

/* A condition needs the segments it names and all stages of the models that it names. */
struct sorter {
	struct maker *m;
	struct strmap segments;
	uint8_t *state;
	VEC(uint32_t) trail, order;
};

static void place(struct sorter *s, uint32_t i);

static void
place_model(struct sorter *s, struct str name)
{
	const struct program *p = s->m->p;
	for (size_t k = 0; k < p->n_models; k++) {
		const struct model_def *model = &p->models[k];
		if (!str_eq(model->name, name.len ? name : p->vocabulary.primary_model))
			continue;
		for (size_t j = 0; j < model->n_stages; j++)
			if (model->stages[j].condition != UINT32_MAX)
				place(s, model->stages[j].condition);
	}
}

static void
place_named(void *self, char what, struct str name)
{
	struct sorter *s = self;
	const uint32_t *i = what == 's' ? strmap_get(&s->segments, name) : NULL;
	if (i)
		place(s, *i);
	else if (what == 'm')
		place_model(s, name);
}

static void
tell_circle(struct sorter *s, uint32_t i)
{
	struct buf path = {0};
	size_t from = 0;
	const struct condition_def *c = s->m->conditions.items;
	if (s->m->circle)
		return;
	s->m->circle = true;
	while (from < s->trail.len && s->trail.items[from] != i)
		from++;
	for (; from < s->trail.len; from++)
		buf_printf(&path, "%.*s → ", STR_ARGS(c[s->trail.items[from]].name));
	problem_in(s->m, arena_cstr(s->m->a, c[i].file), c[i].line, 1, false, "these segments and stages define each other in a circle: %.*s%.*s",
	    (int)(path.len > 240 ? 240 : path.len), path.ptr, STR_ARGS(c[i].name));
	buf_release(&path);
}

static void
place(struct sorter *s, uint32_t i)
{
	if (s->state[i] == 1)
		tell_circle(s, i);
	if (s->state[i])
		return;
	s->state[i] = 1;
	*vec_push(&s->trail) = i;
	condition_names(s->m->conditions.items[i].text, place_named, s);
	s->trail.len--;
	s->state[i] = 2;
	*vec_push(&s->order) = i;
}

void
make_order(struct maker *m)
{
	struct sorter s = {.m = m, .state = arena_alloc(m->a, m->conditions.len + 1)};
	for (uint32_t i = 0; i < m->p->n_segments; i++)
		strmap_put(&s.segments, m->conditions.items[i].name, i);
	for (uint32_t i = 0; i < m->conditions.len; i++)
		place(&s, i);
	m->p->order = arena_items(m, &s.order);
	m->p->conditions = arena_items(m, &m->conditions);
	m->p->n_conditions = m->conditions.len;
	vec_release(&s.trail);
	vec_release(&s.order);
	strmap_release(&s.segments);
}

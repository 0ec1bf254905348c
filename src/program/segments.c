/* Segments and everybody's names: which segments, models and journeys there are, in which order they are worked out. */
#include "program/program_priv.h"
#include "base/str.h"
#include <stdio.h>

/* ---------------------------------------------------------------- segments in an order without cycles */

struct segment_node {
	const struct document *document;
	struct str name, text;           /* text: printed, or as written when it does not parse */
	VEC(uint32_t) needs;
	uint8_t state;                   /* 0 new, 1 on the way, 2 placed */
};
struct segment_graph {
	struct maker *m;
	VEC(struct segment_node) nodes;
	struct strmap index;
	uint32_t at;
	VEC(uint32_t) trail, placed;
};

static void
note_need(void *self, char what, struct str name)
{
	struct segment_graph *g = self;
	const uint32_t *i = what == 's' ? strmap_get(&g->index, name) : NULL;
	if (i)
		*vec_push(&g->nodes.items[g->at].needs) = *i;
}

static void
tell_cycle(struct segment_graph *g, uint32_t i)
{
	struct buf path = {0};
	size_t from = 0;
	while (from < g->trail.len && g->trail.items[from] != i)
		from++;
	for (; from < g->trail.len; from++)
		buf_printf(&path, "%.*s → ", STR_ARGS(g->nodes.items[g->trail.items[from]].name));
	buf_add_str(&path, g->nodes.items[i].name);
	g->m->file = g->nodes.items[i].document->file;
	g->m->circle = true;
	problem_at(g->m, yaml_get(g->nodes.items[i].document->yaml, "when"), "these segments define each other in a circle: %.*s",
	    (int)(path.len > 280 ? 280 : path.len), path.ptr);
	buf_release(&path);
}

static void
place_segment(struct segment_graph *g, uint32_t i)
{
	struct segment_node *s = &g->nodes.items[i];
	if (s->state == 2)
		return;
	if (s->state == 1) {
		tell_cycle(g, i);
		return;
	}
	s->state = 1;
	*vec_push(&g->trail) = i;
	for (size_t k = 0; k < s->needs.len; k++)
		place_segment(g, s->needs.items[k]);
	g->trail.len--;
	s->state = 2;
	*vec_push(&g->placed) = i;
}

/* Parsed here only to see what it names; problems are told when it is compiled. */
static struct str
canonical_text(struct maker *m, const struct yaml *y)
{
	const struct expr *x;
	struct err e = {0};
	if (expr_parse(m->a, EXPR_CONDITION, yaml_text(y), (struct expr_place){0}, &x, &e))
		return printed(m, x);
	return yaml_text(y);
}

static void
order_segments(struct maker *m, struct segment_graph *g)
{
	each_document(d, m, DOC_SEGMENT) {
		struct str name = yaml_text(yaml_get(d->yaml, "segment"));
		m->file = d->file;
		if (strmap_get(&g->index, name)) {
			problem_at(m, yaml_get(d->yaml, "segment"), "there are two segments '%.*s'", STR_ARGS(name));
			continue;
		}
		strmap_put(&g->index, name, (uint32_t)g->nodes.len);
		*vec_push(&g->nodes) = (struct segment_node){.document = d, .name = name, .text = canonical_text(m, yaml_get(d->yaml, "when"))};
	}
	for (uint32_t i = 0; i < g->nodes.len; i++) {
		g->at = i;
		condition_names(g->nodes.items[i].text, note_need, g);
	}
	for (uint32_t i = 0; i < g->nodes.len; i++)
		place_segment(g, i);
}

/* ---------------------------------------------------------------- names for the vocabulary */

static bool
model_is_on(struct maker *m, struct str name)
{
	const struct document *d = document_next(m, DOC_PROGRAM, NULL);
	const struct yaml *on = d ? yaml_get(d->yaml, "lifecycles") : NULL;
	if (!on || !on->first)
		return true;
	yaml_each(child, on)
		if (str_eq(yaml_text(child), name))
			return true;
	return str_eq(name, yaml_text(yaml_get(d->yaml, "primary lifecycle")));
}

static void
name_models(struct maker *m)
{
	struct vocabulary *v = &m->p->vocabulary;
	VEC(struct str) names = {0};
	VEC(const struct str *) stages = {0};
	VEC(size_t) counts = {0};
	each_document(d, m, DOC_LIFECYCLE) {
		struct str name = yaml_text(yaml_get(d->yaml, "lifecycle"));
		VEC(struct str) list = {0};
		bool twice = false;
		m->file = d->file;
		for (size_t i = 0; i < names.len; i++)
			twice |= str_eq(names.items[i], name);
		if (twice)
			problem_at(m, yaml_get(d->yaml, "lifecycle"), "there are two lifecycle models '%.*s'", STR_ARGS(name));
		if (twice || !model_is_on(m, name))
			continue;
		yaml_each(stage, yaml_get(d->yaml, "stages"))
			*vec_push(&list) = yaml_text(yaml_get(stage, "stage"));
		*vec_push(&names) = name;
		*vec_push(&stages) = arena_items(m, &list);
		*vec_push(&counts) = list.len;
		vec_release(&list);
	}
	v->models = arena_items(m, &names);
	v->stages = arena_items(m, &stages);
	v->n_stages = arena_items(m, &counts);
	v->n_models = names.len;
	vec_release(&names);
	vec_release(&stages);
	vec_release(&counts);
}

static void
name_primary(struct maker *m)
{
	char near[96];
	struct vocabulary *v = &m->p->vocabulary;
	const struct document *d = document_next(m, DOC_PROGRAM, NULL);
	const struct yaml *y = d ? yaml_get(d->yaml, "primary lifecycle") : NULL;
	m->file = "program.yaml";
	v->primary_model = y ? yaml_text(y) : v->n_models ? v->models[0] : (struct str){0};
	yaml_each(on, d ? yaml_get(d->yaml, "lifecycles") : NULL) {
		bool found = false;
		for (size_t i = 0; i < v->n_models; i++)
			found |= str_eq(v->models[i], yaml_text(on));
		if (!found)
			problem_at(m, on, "there is no lifecycle model '%.*s' in lifecycle/%s", STR_ARGS(str_slice(yaml_text(on), 0, 60)),
			    v->n_models ? did_you_mean(yaml_text(on), v->models, v->n_models, sizeof(struct str), near) : "");
	}
	for (uint32_t i = 0; i < v->n_models; i++)
		if (str_eq(v->models[i], v->primary_model)) {
			m->p->primary_model = i;
			return;
		}
	if (y)
		problem_at(m, y, "there is no lifecycle model '%.*s' in lifecycle/%s", STR_ARGS(str_slice(v->primary_model, 0, 60)),
		    v->n_models ? did_you_mean(v->primary_model, v->models, v->n_models, sizeof(struct str), near) : "");
	v->primary_model = (struct str){0};
}

static void
name_journeys(struct maker *m)
{
	struct vocabulary *v = &m->p->vocabulary;
	VEC(struct str) names = {0};
	each_document(d, m, DOC_JOURNEY)
		*vec_push(&names) = yaml_text(yaml_get(d->yaml, "journey"));
	v->journeys = arena_items(m, &names);
	v->n_journeys = names.len;
	vec_release(&names);
}

static void
graph_release(struct segment_graph *g)
{
	for (size_t i = 0; i < g->nodes.len; i++)
		vec_release(&g->nodes.items[i].needs);
	vec_release(&g->nodes);
	vec_release(&g->trail);
	vec_release(&g->placed);
	strmap_release(&g->index);
}

/* ---------------------------------------------------------------- compiled */

static void
add_segment(struct maker *m, const struct document *d, struct str name)
{
	const struct yaml *when = yaml_get(d->yaml, "when");
	struct expr_scope scope = scope_at(m, PLACE_STANDING, NULL);
	const struct expr *tree = NULL;
	m->file = d->file;
	const struct cond *cond = compile_node(m, when, EXPR_CONDITION, &scope, TYPE_TRUTH, &tree);
	/* Also one that failed takes its place: indices are the vocabulary's. */
	*vec_push(&m->conditions) = (struct condition_def){.use = USE_SEGMENT, .name = name, .tree = tree, .cond = cond,
	    .label = read_label(m, yaml_get(d->yaml, "label"), name), .persona = yaml_text(yaml_get(d->yaml, "persona")),
	    .text = tree ? printed(m, tree) : yaml_text(when), .line = when ? when->line : d->yaml->line, .file = str_of(d->file)};
}

void
make_segments(struct maker *m)
{
	struct segment_graph g = {.m = m};
	struct vocabulary *v = &m->p->vocabulary;
	VEC(struct str) names = {0};
	name_models(m);
	name_primary(m);
	name_journeys(m);
	order_segments(m, &g);
	for (size_t i = 0; i < g.placed.len; i++)
		*vec_push(&names) = g.nodes.items[g.placed.items[i]].name;
	v->segments = arena_items(m, &names);
	v->n_segments = names.len;
	m->p->features = features_new(m->a, v);
	for (size_t i = 0; i < g.placed.len; i++)
		add_segment(m, g.nodes.items[g.placed.items[i]].document, names.items[i]);
	m->p->n_segments = g.placed.len;
	vec_release(&names);
	graph_release(&g);
}

/* Paths: which roots may stand where, and whether the names behind them exist. */
#include "expr/check_priv.h"
#include "base/str.h"
#include <string.h>

#define IN(place) (1u << (place))
#define ANYWHERE (IN(PLACE_STANDING) | IN(PLACE_ENTRY) | IN(PLACE_STEP) | IN(PLACE_POLICY) | IN(PLACE_EVIDENCE))
#define MOMENTS (IN(PLACE_ENTRY) | IN(PLACE_STEP))

/* root, places where it may stand outside of where, is it about the person (and so has no place in a where about the past)? */
static const struct {
	unsigned places;
	bool of_person;
} roots[ROOT_COUNT] = {
    [ROOT_TRAIT] = {ANYWHERE, true}, [ROOT_ACCOUNT] = {ANYWHERE, true}, [ROOT_CONSENT] = {ANYWHERE, true},
    [ROOT_TOPIC] = {ANYWHERE, true}, [ROOT_PREFERENCE] = {ANYWHERE, true}, [ROOT_PREDICT] = {ANYWHERE, true},
    [ROOT_STAGE] = {ANYWHERE, true}, [ROOT_CART] = {ANYWHERE, true}, [ROOT_LOCAL] = {ANYWHERE, false}, [ROOT_NOW] = {ANYWHERE, false},
    [ROOT_EVENT] = {MOMENTS | IN(PLACE_EVIDENCE), false}, [ROOT_ITEM] = {0, false}, [ROOT_TRIGGER] = {MOMENTS, false},
    [ROOT_MESSAGE] = {IN(PLACE_STEP) | IN(PLACE_POLICY), false}, [ROOT_TASK] = {IN(PLACE_STEP), false},
    [ROOT_WAITED] = {IN(PLACE_STEP), false}, [ROOT_ARRIVAL] = {IN(PLACE_EVIDENCE), false}, [ROOT_PRODUCT] = {MOMENTS, false},
};

static const char *
place_name(enum expr_place_kind p)
{
	static const char *const names[] = {"in a condition that stands for ever", "at the entry of a journey", "in a step", "in the policy",
	    "in evidence"};
	return names[p];
}

static bool
check_root(struct checker *c, const struct expr *x, const struct hand *h)
{
	enum root r = (enum root)x->op;
	enum expr_place_kind place = c->scope->place;
	if ((r == ROOT_FROM || r == ROOT_TO) && !h->change)
		return fail_node(c->e, x, "'%s' has a meaning only in the where of 'change of'", root_word(r));
	if (r == ROOT_FROM || r == ROOT_TO || (h->in_where && (r == ROOT_EVENT || (r == ROOT_ITEM && h->is_item))))
		return true;
	if (r == ROOT_ARRIVAL && h->in_where && !h->is_item)
		return true;       /* every visit brings its own */
	if (r == ROOT_ITEM)
		return fail_node(c->e, x, "there is no item in hand here: 'item' stands in the where of a list");
	if (r == ROOT_PRODUCT && c->scope->change)
		return true;
	if (!(roots[r].places & IN(place)))
		return fail_node(c->e, x, "'%s' is not known %s", root_word(r), place_name(place));
	if (roots[r].of_person && h->of_past && (place == PLACE_STANDING || place == PLACE_EVIDENCE))
		return fail_node(c->e, x, "a where looks at one event or item, not at the person: '%s' changes, the past does not", root_word(r));
	return true;
}

/* trait.x, account.x, preference.x, predict.x against the declared fields. */
static bool
check_declared(struct checker *c, const struct expr *x, const struct type *t, struct type *ret)
{
	char near[96];
	if (x->n_steps < 2)
		return fail_node(c->e, x, "say which: %s.…", root_word((enum root)x->op));
	if (type_along(t, x, 1, ret))
		return true;
	*ret = (struct type){0};
	struct str name = x->steps[1].name;
	struct type first;
	if (field_of(t, name, &first))
		check_warn(c, x, "%s.%.*s has no such field", root_word((enum root)x->op), STR_ARGS(name));
	else
		check_warn(c, x, "%s.%.*s is not in the vocabulary%s", root_word((enum root)x->op), STR_ARGS(name),
		    suggestion(name, t->fields ? &t->fields[0].name : NULL, t->n_fields, sizeof(t->fields[0]), near));
	return true;
}

void
check_thing(struct checker *c, const struct expr *x, struct str kind, uint32_t from, struct type *ret)
{
	char near[96];
	const struct vocabulary *v = c->v;
	*ret = (struct type){.kind = from == x->n_steps ? TYPE_OBJECT : TYPE_UNKNOWN};
	if (from == x->n_steps)
		return;
	struct str name = x->steps[from].name;
	for (size_t i = 0; i < v->n_catalogue; i++) {
		const struct type *t = &v->catalogue[i].type;
		if (!str_eq(v->catalogue[i].name, kind) || !t->n_fields || type_along(t, x, from, ret))
			continue;
		check_warn(c, x, "a %.*s has no '%.*s' in the vocabulary%s", STR_ARGS(kind), STR_ARGS(name),
		    suggestion(name, &t->fields[0].name, t->n_fields, sizeof(t->fields[0]), near));
	}
	if (ret->kind == TYPE_UNKNOWN && x->kind == NODE_NEAREST)
		ret->kind = str_eq(name, STR("open")) ? TYPE_TRUTH : str_eq(name, STR("distance")) ? TYPE_DISTANCE : TYPE_UNKNOWN;
}

/* One of a fixed set of words behind a root. */
static bool
check_one_of(struct checker *c, const struct expr *x, uint32_t at, const char *const words[], size_t n)
{
	char near[96];
	struct str list[16];
	for (size_t i = 0; i < n; i++) {
		list[i] = str_of(words[i]);
		if (at < x->n_steps && str_eq(x->steps[at].name, list[i]))
			return true;
	}
	if (at >= x->n_steps)
		return fail_node(c->e, x, "say what of it: %s, …", words[0]);
	return fail_node(c->e, x, "'%.*s' is not known here%s", STR_ARGS(x->steps[at].name),
	    suggestion(x->steps[at].name, list, n, sizeof(list[0]), near));
}

static bool
check_step_name(struct checker *c, const struct expr *x)
{
	char near[96];
	const struct expr_scope *s = c->scope;
	if (x->n_steps < 2)
		return fail_node(c->e, x, "say which step: %s.first.…", root_word((enum root)x->op));
	for (size_t i = 0; i < s->n_steps; i++)
		if (str_eq(s->steps[i], x->steps[1].name))
			return true;
	return fail_node(c->e, x, "no step is named '%.*s'%s", STR_ARGS(x->steps[1].name),
	    suggestion(x->steps[1].name, s->steps, s->n_steps, sizeof(s->steps[0]), near));
}

static bool
check_message(struct checker *c, const struct expr *x, struct type *ret)
{
	static const char *const of_step[] = {"sent", "opened", "clicked", "bounced", "at", "channel", "reason", "template"};
	static const char *const of_intent[] = {"journey", "template", "channel", "purpose", "tags", "priority", "key", "topic", "value"};
	uint32_t at = c->scope->place == PLACE_POLICY ? 1 : 2;
	if (at == 2 && !check_step_name(c, x))
		return false;
	if (at == 1 ? !check_one_of(c, x, 1, of_intent, COUNT(of_intent)) : !check_one_of(c, x, 2, of_step, COUNT(of_step)))
		return false;
	struct str f = x->steps[at].name;
	*ret = (struct type){.kind = TYPE_TEXT};
	if (str_eq(f, STR("tags")))
		ret->kind = TYPE_LIST;
	else if (str_eq(f, STR("at")))
		ret->kind = TYPE_TIME;
	else if (str_eq(f, STR("value")))
		ret->kind = TYPE_NUMBER;
	else if (at == 2 && (str_eq(f, STR("sent")) || str_eq(f, STR("opened")) || str_eq(f, STR("clicked")) || str_eq(f, STR("bounced"))))
		ret->kind = TYPE_TRUTH;
	return true;
}

static bool
check_task(struct checker *c, const struct expr *x, struct type *ret)
{
	static const char *const words[] = {"done", "outcome"};
	if (!check_step_name(c, x) || !check_one_of(c, x, 2, words, COUNT(words)))
		return false;
	ret->kind = str_eq(x->steps[2].name, STR("done")) ? TYPE_TRUTH : TYPE_TEXT;
	return true;
}

static bool
check_stage(struct checker *c, const struct expr *x, struct type *ret)
{
	const struct vocabulary *v = c->v;
	char near[96];
	struct str model = x->n_steps > 1 ? x->steps[1].name : v->primary_model;
	if (x->n_steps > 2)
		return fail_node(c->e, x, "a stage has no fields: stage or stage.model");
	for (size_t i = 0; i < v->n_models; i++)
		if (str_eq(v->models[i], model)) {
			*ret = (struct type){.kind = TYPE_WORDS, .words = v->stages[i], .n_words = v->n_stages[i]};
			return true;
		}
	if (x->n_steps < 2 && !model.len)
		return fail_node(c->e, x, "the program has no primary lifecycle");
	return fail_node(c->e, x, "there is no lifecycle model '%.*s'%s", STR_ARGS(model),
	    suggestion(model, v->models, v->n_models, sizeof(v->models[0]), near));
}

static bool
check_topic(struct checker *c, const struct expr *x)
{
	char near[96];
	if (x->n_steps != 2)
		return fail_node(c->e, x, "say which topic: topic.newsletter");
	for (size_t i = 0; i < c->v->n_topics; i++)
		if (str_eq(c->v->topics[i], x->steps[1].name))
			return true;
	check_warn(c, x, "the topic '%.*s' is not in the vocabulary%s", STR_ARGS(x->steps[1].name),
	    suggestion(x->steps[1].name, c->v->topics, c->v->n_topics, sizeof(struct str), near));
	return true;
}

static bool
check_fixed_root(struct checker *c, const struct expr *x, struct type *ret)
{
	static const char *const of_cart[] = {"items", "count", "value"};
	static const char *const of_local[] = {"hour", "weekday", "date", "day", "month"};
	if (x->op == ROOT_CART) {
		if (!check_one_of(c, x, 1, of_cart, COUNT(of_cart)))
			return false;
		ret->kind = str_eq(x->steps[1].name, STR("items")) ? TYPE_LIST : TYPE_NUMBER;
		return true;
	}
	if (!check_one_of(c, x, 1, of_local, COUNT(of_local)))
		return false;
	bool number = !str_eq(x->steps[1].name, STR("weekday")) && !str_eq(x->steps[1].name, STR("date"));
	ret->kind = number ? TYPE_NUMBER : TYPE_TEXT;
	return true;
}

static bool
check_arrival(struct checker *c, const struct expr *x, struct type *ret)
{
	static const char *const words[] = {"medium", "source", "campaign", "click_id", "referrer", "referrer_class", "ours"};
	if (!check_one_of(c, x, 1, words, COUNT(words)))
		return false;
	ret->kind = str_eq(x->steps[1].name, STR("ours")) ? TYPE_TRUTH : TYPE_TEXT;
	return true;
}

/* ---------------------------------------------------------------- properties of the event or item in hand */

/* Type of a field of the events in hand; *ret_known: all of them are declared. */
static bool
event_field(struct checker *c, const struct hand *h, struct str name, struct type *ret, bool *ret_known)
{
	*ret_known = h->events != NULL;
	for (uint32_t i = 0; h->events && i < h->events->n_kids; i++) {
		const struct event_type *t = event_type_of(c->v, h->events->kids[i]);
		if (t && field_of(&t->type, name, ret))
			return true;
		if (!t || (!t->type.n_fields && t->type.kind != TYPE_OBJECT))
			*ret_known = false;
	}
	return false;
}

/* The name may be a field of the lines of a list inside: say so. */
static bool
hint_at_list(struct checker *c, const struct expr *x, const struct hand *h, struct str name)
{
	struct type ignored;
	for (uint32_t i = 0; i < h->events->n_kids; i++) {
		const struct event_type *t = event_type_of(c->v, h->events->kids[i]);
		for (size_t f = 0; t && f < t->type.n_fields; f++) {
			const struct type *ft = &t->type.fields[f].type;
			if (ft->kind != TYPE_LIST || !ft->item || !field_of(ft->item, name, &ignored))
				continue;
			check_warn(c, x, "'%.*s' is not a property of \"%.*s\", but of its %.*s: \"%.*s\".%.*s where (…)", STR_ARGS(name),
			    STR_ARGS(t->name), STR_ARGS(t->type.fields[f].name), STR_ARGS(t->name), STR_ARGS(t->type.fields[f].name));
			return true;
		}
	}
	return false;
}

static void
warn_unknown_field(struct checker *c, const struct expr *x, const struct hand *h, struct str name)
{
	char near[96] = "";
	if (h->is_item) {
		check_warn(c, x, "'%.*s' is not a property of this item%s", STR_ARGS(name),
		    suggestion(name, &h->item->fields[0].name, h->item->n_fields, sizeof(h->item->fields[0]), near));
		return;
	}
	if (hint_at_list(c, x, h, name))
		return;
	const struct event_type *t = event_type_of(c->v, h->events->kids[0]);
	if (t && t->type.n_fields)
		(void)suggestion(name, &t->type.fields[0].name, t->type.n_fields, sizeof(t->type.fields[0]), near);
	check_warn(c, x, "'%.*s' is not a property of \"%.*s\"%s", STR_ARGS(name), STR_ARGS(t ? t->name : name), near);
}

static bool
check_property(struct checker *c, const struct expr *x, const struct hand *h, uint32_t at, bool of_item, struct type *ret)
{
	struct str name = x->steps[at].name;
	struct type t = {0};
	bool known = false, found;
	if (of_item) {
		known = h->item && h->item->n_fields;
		found = known && field_of(h->item, name, &t);
	} else {
		found = event_field(c, h, name, &t, &known);
	}
	if (!found && known) {
		struct hand about = *h;
		about.is_item = of_item;
		warn_unknown_field(c, x, &about, name);
	}
	if (!found || !type_along(&t, x, at + 1, ret))
		*ret = (struct type){0};
	if (found && at + 1 == x->n_steps)
		*ret = t;
	return true;
}

static bool
check_event_root(struct checker *c, const struct expr *x, const struct hand *h, struct type *ret)
{
	if (x->n_steps == 1)
		return true;
	struct str f = x->steps[1].name;
	if (!x->steps[1].quoted) {
		if (str_eq(f, STR("time")))
			ret->kind = TYPE_TIME;
		else if (str_eq(f, STR("hour")))
			ret->kind = TYPE_NUMBER;
		else if (str_eq(f, STR("day")) || str_eq(f, STR("weekday")) || str_eq(f, STR("name")) || str_eq(f, STR("source")))
			ret->kind = TYPE_TEXT;
		if (ret->kind != TYPE_UNKNOWN || str_eq(f, STR("context")))
			return true;
	}
	return check_property(c, x, h, 1, false, ret);
}

static bool
check_bare(struct checker *c, const struct expr *x, const struct hand *h, struct type *ret)
{
	struct str name = x->steps[0].name;
	const struct expr *tree = name_tree(c->scope, name);
	if (tree) {
		struct type t = {0};
		struct hand none = NO_HAND;
		if (++c->depth > 16)
			return fail_node(c->e, x, "the names of 'with' are nested too deeply, or in a circle");
		if (tree->kind == NODE_PEOPLE ? !check_collection(c, tree, &none, &none) : !check_node(c, tree, &none, &t))
			return false;
		c->depth--;
		if (!type_along(&t, x, 1, ret))
			*ret = (struct type){0};
		return true;
	}
	if (h->in_where)
		return check_property(c, x, h, 0, h->is_item, ret);
	return fail_node(c->e, x, "'%.*s' is not known here: did you mean trait.%.*s, event.%.*s, or the text \"%.*s\"?", STR_ARGS(name),
	    STR_ARGS(name), STR_ARGS(name), STR_ARGS(name));
}

bool
check_path(struct checker *c, const struct expr *x, const struct hand *h, struct type *ret)
{
	const struct vocabulary *v = c->v;
	*ret = (struct type){0};
	if (x->op == ROOT_BARE)
		return check_bare(c, x, h, ret);
	if (!check_root(c, x, h))
		return false;
	switch ((enum root)x->op) {
	case ROOT_TRAIT:
		return check_declared(c, x, &v->traits, ret);
	case ROOT_ACCOUNT:
		return check_declared(c, x, &v->account_traits, ret);
	case ROOT_PREFERENCE:
		return check_declared(c, x, &v->preferences, ret);
	case ROOT_PREDICT:
		return check_declared(c, x, &v->predictions, ret);
	case ROOT_CONSENT:
		ret->kind = TYPE_TRUTH;
		return x->n_steps == 2 || x->n_steps == 3 || fail_node(c->e, x, "say which consent: consent.email or consent.email.marketing");
	case ROOT_TOPIC:
		ret->kind = TYPE_TRUTH;
		return check_topic(c, x);
	case ROOT_STAGE:
		return check_stage(c, x, ret);
	case ROOT_CART:
	case ROOT_LOCAL:
		return check_fixed_root(c, x, ret);
	case ROOT_NOW:
		ret->kind = TYPE_TIME;
		return x->n_steps == 1 || fail_node(c->e, x, "'now' has no fields; the hour is local.hour");
	case ROOT_EVENT:
		return check_event_root(c, x, h, ret);
	case ROOT_ITEM:
		if (x->n_steps > 1)
			return check_property(c, x, h, 1, true, ret);
		if (h->item)
			*ret = *h->item;
		return true;
	case ROOT_MESSAGE:
		return check_message(c, x, ret);
	case ROOT_TASK:
		return check_task(c, x, ret);
	case ROOT_WAITED:
		return check_step_name(c, x);
	case ROOT_ARRIVAL:
		return check_arrival(c, x, ret);
	case ROOT_PRODUCT:
		check_thing(c, x, STR("product"), 1, ret);
		return true;
	case ROOT_FROM:
	case ROOT_TO:
		*ret = *h->change;
		return true;
	case ROOT_TRIGGER:
		if (x->n_steps == 2 && !x->steps[1].quoted && str_eq(x->steps[1].name, STR("time")))
			ret->kind = TYPE_TIME;
		return true;
	default:
		return true;
	}
}

/* check_priv.h -- what the checker's files share. Private to expr. */
#pragma once
#include "expr/tree_priv.h"

struct checker {
	const struct expr_scope *scope;
	const struct vocabulary *v;
	warning_list *warnings;
	struct err *e;
	int depth;                      /* of names within names */
	int work;                       /* nodes visited: names within names multiply */
};
/* What is in hand where an expression stands. */
struct hand {
	const struct expr *events;      /* NODE_EVENTS or NODE_ON_EVENT whose event is in hand; NULL = none or unknown */
	const struct type *item;        /* of the item in hand; NULL = unknown */
	bool in_where;                  /* bare names mean something */
	bool is_item;                   /* … of an item, not of the event */
	bool of_past;                   /* inside the where of a collection: people do not belong there */
	const struct type *change;      /* of `from` and `to` */
};

#define NO_HAND ((struct hand){0})

void check_warn(struct checker *c, const struct expr *x, const char *format, ...) PRINTF(3, 4);
/* Printed form of a node for a sentence, cut at 80 bytes. */
const char *shown(const struct expr *x, char buf[96]);
const char *type_name(enum type_kind k);
/* " (did you mean …?)" or "": the closest of n names by spelling. */
const char *suggestion(struct str name, const struct str *names, size_t n, size_t stride, char buf[96]);

MUST_CHECK bool check_node(struct checker *c, const struct expr *x, const struct hand *h, struct type *ret);
MUST_CHECK bool check_truth(struct checker *c, const struct expr *x, const struct hand *h);
/* A collection; *ret_hand: what is in hand for its elements. */
MUST_CHECK bool check_collection(struct checker *c, const struct expr *x, const struct hand *h, struct hand *ret_hand);
MUST_CHECK bool check_events(struct checker *c, const struct expr *x, const struct hand *h, struct hand *ret_hand);
MUST_CHECK bool check_path(struct checker *c, const struct expr *x, const struct hand *h, struct type *ret);
/* The fields of a thing of the catalogue behind steps[from]. */
void check_thing(struct checker *c, const struct expr *x, struct str kind, uint32_t from, struct type *ret);
/* Is there such an event? Warns when not. */
void check_event_name(struct checker *c, const struct expr *event);
MUST_CHECK bool check_accounts(struct checker *c, const struct expr *x, const char *what);
MUST_CHECK bool check_trigger(struct checker *c, const struct expr *x);
MUST_CHECK bool check_clock(struct checker *c, const struct expr *x);
/* A length of time. fixed: it must be exact and stand still, as those of windows do. */
MUST_CHECK bool check_length(struct checker *c, const struct expr *x, const struct hand *h, const char *after, bool fixed_one);
/* COMPARE, BETWEEN, WITHIN */
MUST_CHECK bool check_compare(struct checker *c, const struct expr *x, const struct hand *h);
MUST_CHECK bool check_arithmetic(struct checker *c, const struct expr *x, const struct hand *h, struct type *ret);
/* Fails when two types cannot be compared; x: the whole. */
MUST_CHECK bool check_pair(struct checker *c, const struct expr *x, const struct type *a, const struct type *b);

bool is_number(const struct type *t);
bool is_time_like(const struct type *t);        /* time, text or unknown */
const struct expr *bare(const struct expr *x);  /* without brackets */
bool is_calendar(const struct expr *x);         /* 3mo, 1y, 2 workdays */
bool is_running(const struct expr *x);          /* changes with every millisecond: time since …, now */
const struct event_type *event_type_of(const struct vocabulary *v, const struct expr *event);
/* Field of an object type along the steps from `from` on; false when the type does not know it. */
bool type_along(const struct type *t, const struct expr *path, uint32_t from, struct type *ret);
bool field_of(const struct type *t, struct str name, struct type *ret);
/* The name's tree of `with`; NULL = no such name. */
const struct expr *name_tree(const struct expr_scope *scope, struct str name);

/* ops_priv.h -- the compiled form: flat steps, streams, and what the evaluator has in hand. Private to expr.
 *
 * An op is followed by its kids; `size` counts the op and everything below it, so the next sibling is op + op->size.
 * Nothing is parsed, allocated or looked up by name of a vocabulary while evaluating, except JSON fields by their names. */
#pragma once
#include "expr/tree_priv.h"

/*      code, kids and fields; those up to FIRST_VALUE yield truths */
#define OPS(X)                                                                                              \
	X(AND)            /* truths */                                                                      \
	X(OR)                                                                                               \
	X(NOT)            /* truth */                                                                       \
	X(DID)            /* collection */                                                                  \
	X(COUNT_IS)       /* events; sub: comparison; number */                                             \
	X(THEN)           /* events, events, [length]; sub: has length; negated; n = column of `same` in the first, or -1; \
	                     m = in the second */                                                           \
	X(QUANTIFIER)     /* collection; sub: enum quantifier; of ALL the collection has no filter, the condition follows it, \
	                     when `filtered` */                                                             \
	X(SEGMENT)        /* n */                                                                           \
	X(JOURNEY)        /* text */                                                                        \
	X(COMPARE)        /* left, right; sub: comparison; order, as_time */                                \
	X(BETWEEN)        /* value, low, high; order, as_time */                                            \
	X(MISSING)        /* value */                                                                       \
	X(WITHIN)         /* value, length; sub: direction */                                               \
	X(CONST)          /* literal; the first that yields a value */                                      \
	X(VALUES)         /* a list */                                                                      \
	X(MONEY)          /* number, text = currency */                                                     \
	X(DATE)           /* day, minute: local to the person */                                            \
	X(ARITHMETIC)     /* left, right; sub: sign */                                                      \
	X(NEGATIVE)       /* value */                                                                       \
	X(OTHERWISE)      /* value, fallback */                                                             \
	X(END_OF_DAY)                                                                                       \
	X(NOW)                                                                                              \
	X(LOCAL)          /* sub: enum clock_part */                                                        \
	X(AGGREGATE)      /* collection, [field]; sub: enum aggregate */                                    \
	X(PICK)           /* collection, field; n = which */                                                \
	X(TIME_SINCE)     /* events; n = which */                                                           \
	X(TIME_OF)        /* events; n = which */                                                           \
	X(USUAL_GAP)      /* events */                                                                      \
	X(TIME_IN_STAGE)  /* n = model */                                                                   \
	X(STAGE)          /* n = model */                                                                   \
	X(ANNIVERSARY)    /* value */                                                                       \
	X(SAMPLE)         /* number = hash of the name */                                                   \
	X(LOOKUP)         /* key; text = kind; path */                                                      \
	X(NEAREST)        /* text = kind; path */                                                           \
	X(FACT)           /* fact */                                                                        \
	X(JSON)           /* sub: enum json_source; path; is_money */                                       \
	X(DIG)            /* value; path into it */                                                         \
	X(EVENT_PART)     /* sub: enum clock_part, of the event in hand */                                  \
	X(TRIGGER_TIME)                                                                                     \
	X(ROW_PART)       /* sub: enum clock_part, of the row in hand */                                    \
	X(COLUMN)         /* n, of the row in hand */                                                       \
	X(EVENTS)         /* [filter], [bound]; events */                                                   \
	X(ITEMS)          /* value, [filter] */                                                             \
	X(PEOPLE)         /* [filter] */                                                                    \
	X(ENTRY)          /* a bound */                                                                     \
	X(POINT)          /* events; n = which: a bound */

enum opcode {
#define X(name) OP_##name,
	OPS(X)
#undef X
	OP_FIRST_VALUE = OP_CONST,
};

enum clock_part { PART_TIME, PART_HOUR, PART_WEEKDAY, PART_DATE, PART_DAY /* of the month */, PART_MONTH, PART_NAME, PART_SOURCE };
enum json_source { FROM_EVENT, FROM_CONTEXT, FROM_ARRIVAL, FROM_TRIGGER, FROM_TRIGGER_ITEM, FROM_ITEM, FROM_CHANGE, TO_CHANGE, FROM_INTENT };

struct json_path {
	const struct str *steps;
	uint32_t n;
};
struct words {                   /* ordered values */
	const struct str *items;
	size_t n;
};
enum { WINDOW_NONE = WINDOW_PREVIOUS + 1 };

struct op {
	uint8_t code, sub;
	bool filtered : 1;       /* a filter follows */
	bool bounded : 1;        /* the bound of the window follows */
	bool scan : 1;           /* rows may be negative: they are looked at one by one */
	bool negated : 1;
	bool is_money : 1;
	bool as_time : 1;
	bool ordering : 1;       /* texts are ordered values of the vocabulary */
	uint32_t size;
	union {
		struct value literal;
		struct { fixed number; struct str text; };
		struct { int64_t day; int32_t minute; };
		struct { const struct json_path *path; struct str kind; };
		const struct fact_path *fact;
		const struct words *order;
		struct { int32_t n, m; };
		struct { msec leave, enter; uint32_t stream; uint8_t window, period; } events;
	};
};

static inline const struct op *
kid(const struct op *op)
{
	return op + 1;
}

static inline const struct op *
after(const struct op *op)
{
	return op + op->size;
}

struct leaf {                    /* for explain: op number and its text */
	uint32_t op;
	struct str text;
};
struct cond {
	const struct op *ops;
	uint32_t n_ops;
	uint32_t reads;
	struct stream_list streams, segments;
	const struct features *features;
	const struct leaf *leaves;
	uint32_t n_leaves;
};

/* ---------------------------------------------------------------- streams */

struct event_ref {
	int kind;                /* enum entry_kind */
	struct str name;
	bool any;                /* any page, any screen */
	bool keyed;              /* something amends it */
	struct str same;         /* … by this property */
};
struct column {
	struct str text;         /* canonical */
	struct str raw;          /* the event's own property of this name; empty = anything else */
	const struct op *code;
	uint32_t n_ops;
};
struct stream {
	struct str text;
	const struct event_ref *refs;
	uint32_t n_refs;
	struct json_path list;   /* n = 0: one row an event */
	const struct op *filter; /* NULL = none */
	const struct column *columns;
	uint32_t n_columns;
	struct stream_keep keep;
	bool by_account;
};
struct event_key {               /* of the table: streams by event */
	int kind;
	struct str name;
	bool used;
	uint32_t *items;
	uint32_t n, cap;
};
struct features {
	struct arena *a;
	const struct vocabulary *v;
	struct stream *streams;
	uint32_t n, cap;
	struct event_key *keys;
	uint32_t n_keys, cap_keys;
	struct event_key pages, screens;         /* that listen to any */
	struct words *orders;
	uint32_t n_orders;
	struct str *slots[FACT_PRODUCT + 1];     /* first steps of fact paths by root */
	uint32_t n_slots[FACT_PRODUCT + 1];
};
/* The stream of this text, made when it is new; `keep` is added to what is asked of it. */
uint32_t features_stream(struct features *f, const struct stream *like);
uint32_t features_slot(struct features *f, enum fact_root root, struct str name);
/* Does a later event change this property of the events? */
bool is_amended(const struct vocabulary *v, const struct expr *events, struct str property);

/* ---------------------------------------------------------------- compiling */

/* What is in hand for bare names and `event`: nothing, the event itself, or a row of a stream. */
enum hand_event { HAND_NOTHING, HAND_LIVE, HAND_ROW };
enum hand_item { ITEM_NONE, ITEM_LIVE, ITEM_ROW };
struct draft;
struct holding {
	enum hand_event event;
	enum hand_item item;     /* bare names are the item's */
	struct draft *draft;     /* HAND_ROW */
	const struct expr *events; /* types of properties; NULL = unknown */
	const struct type *item_type;
	bool in_where;
};
struct compiler {
	struct arena *a;
	const struct expr_scope *scope;
	const struct vocabulary *v;
	struct features *f;
	struct err *e;
	VEC(struct op) ops;
	VEC(uint32_t) streams;
	VEC(uint32_t) segments;
	VEC(struct leaf) leaves;
	uint32_t reads;
	int depth;               /* of names */
	bool unit;               /* the node at hand is a leaf for explain */
};
void compiler_init(struct compiler *c, struct arena *a, const struct expr_scope *scope, struct features *f, struct err *e);
void compiler_release(struct compiler *c);
/* Moves the ops into the arena; fails past LIMIT_CONDITION_STEPS. */
MUST_CHECK bool compiler_finish(struct compiler *c, const struct expr *x, const struct cond **ret);
/* Adds an op; op_close sets its size once its kids are there. */
uint32_t op_open(struct compiler *c, enum opcode code);
/* The same, for one without kids; the address is good until the next. */
struct op *op_put(struct compiler *c, enum opcode code);
void op_close(struct compiler *c, uint32_t at);
MUST_CHECK bool compile_expr(struct compiler *c, const struct expr *x, const struct holding *h);
MUST_CHECK bool compile_path(struct compiler *c, const struct expr *x, const struct holding *h);
/* *ret_draft (may be NULL for DID and the like) stays open for the field until events_close. */
MUST_CHECK bool compile_collection(struct compiler *c, const struct expr *x, const struct holding *h, bool keep_filter, struct draft **ret_draft,
    struct holding *ret_element);
/* What a use asks of the rows. */
enum need { NEED_COUNT, NEED_FIRST, NEED_LATEST, NEED_ALL };
MUST_CHECK bool events_close(struct compiler *c, struct draft *d, enum need need, uint32_t n);
/* Column of an expression in an open draft; -1 when there are too many (the error is set). */
int32_t draft_column(struct compiler *c, struct draft *d, const struct expr *x, const struct holding *h);
/* Can it be worked out when the event arrives? *ret_uses: it looks at the event or item in hand. */
bool is_arrival(const struct compiler *c, const struct expr *x, const struct holding *h, int inside, bool *ret_uses);
void static_type(const struct compiler *c, const struct expr *x, const struct holding *h, struct type *ret);
const struct json_path *path_from(struct compiler *c, const struct step *steps, uint32_t from, uint32_t n);
struct str print_in(struct arena *a, const struct expr *x);
/* A constant length; false when it is computed. */
bool constant_length(const struct expr *x, struct value *ret);
bool constant_number(const struct expr *x, fixed *ret);
uint32_t model_number(const struct compiler *c, struct str name);

/* ---------------------------------------------------------------- evaluating */

struct ev {
	const struct facts *facts;
	const struct moment *m;
	const struct features *f;
	const struct tz *zone;
	wall now;
	struct arena *scratch;
	const struct event_view *event;
	const struct row *row;
	const struct value *item;
	const struct money_port *money;
	bool truth_only;                 /* nobody asks for the expiry */
	wall offset_from, offset_until;  /* the zone's offset between them: rows come in order */
	int32_t offset;
};
/* A value, how long it holds, and how it moves meanwhile: a time or length that grows (1) or shrinks (-1) by one millisecond each
 * millisecond, or moves otherwise (SLOPE_WILD). */
enum { SLOPE_WILD = 2 };
struct out {
	struct value v;
	wall expiry;
	int8_t slope;
};
static inline struct out
out_of(struct value v)
{
	return (struct out){v, WALL_NEVER, 0};
}
static inline void
ev_init(struct ev *ev, const struct features *f, const struct facts *facts, const struct moment *m, wall now, struct arena *scratch)
{
	static const struct moment nothing;
	*ev = (struct ev){.facts = facts, .m = m ? m : &nothing, .f = f, .zone = facts->zone ? facts->zone : tz_utc(), .now = now,
	    .scratch = scratch, .money = facts->money};
	ev->event = ev->m->event;
}
bool op_truth(struct ev *ev, const struct op *op, wall *ret_expiry);
struct out op_value(struct ev *ev, const struct op *op);

/* eval_collect.c */
bool eval_did(struct ev *ev, const struct op *op, wall *expiry);
bool eval_count_is(struct ev *ev, const struct op *op, wall *expiry);
bool eval_then(struct ev *ev, const struct op *op, wall *expiry);
/* `count distinct` of a column or day of events: are there `need` (1 to DISTINCT_MOST) different ones? */
enum { DISTINCT_MOST = 16 };
bool is_distinct_of_rows(const struct op *op);
bool eval_distinct_is(struct ev *ev, const struct op *op, uint64_t need, wall *expiry);
bool eval_quantifier(struct ev *ev, const struct op *op, wall *expiry);
struct out eval_aggregate(struct ev *ev, const struct op *op);
struct out eval_pick(struct ev *ev, const struct op *op);
struct out eval_time_of(struct ev *ev, const struct op *op, bool since);
struct out eval_usual_gap(struct ev *ev, const struct op *op);
/* Visits the elements of a collection that pass its filter, the element in hand. */
struct sweep {
	wall expiry;                     /* of the filters looked at */
	wall change;                     /* the earliest instant at which time changes which elements there are */
	msec leave;                      /* an element goes this long after its time; 0 = no such rule alone */
	wall until;                      /* the window itself moves */
};
typedef bool visit_element(struct ev *ev, void *self, wall time);
void each_element(struct ev *ev, const struct op *collection, bool newest_first, bool negatives, struct sweep *sweep, visit_element *visit, void *self);

#define NO_STAMP ((struct stamp){WALL_BEFORE_ALL, UINT64_MAX})
bool is_same_event(struct stamp a, const struct row *b);

/* eval_window.c */
struct span {
	struct rows rows;
	size_t from, to;                 /* those inside */
	bool with_folded;
	msec leave, enter;
	wall until;                      /* of the bound itself */
	wall lo;
};
void span_of(struct ev *ev, const struct op *events, struct span *ret);
wall span_change(const struct span *s);
size_t rows_behind(const struct rows *r, wall t, uint64_t seq);  /* index of the first row > (t, seq) */

/* eval_compare.c */
bool eval_compare(struct ev *ev, const struct op *op, wall *expiry);
bool eval_between(struct ev *ev, const struct op *op, wall *expiry);
bool eval_within(struct ev *ev, const struct op *op, wall *expiry);
bool compare_values(const struct ev *ev, enum comparison c, const struct op *how, const struct value *l, const struct value *r);

/* eval_value.c */
struct out eval_arithmetic(struct ev *ev, const struct op *op);
struct out eval_local(struct ev *ev, enum clock_part part);
struct value clock_part_of(struct ev *ev, wall t, enum clock_part part);
int64_t local_day_of(struct ev *ev, wall t);
/* A date or date and time without zone is local to the person. */
bool value_to_time(const struct tz *z, const struct value *v, wall *ret);
/* The next day (today included) or the latest one (today included) on which this date comes round; its local midnight. */
bool anniversary_of(const struct ev *ev, const struct value *v, bool back, wall *ret, wall *ret_expiry);
wall time_add(const struct facts *facts, const struct tz *z, wall t, const struct value *length, int sign);
struct value json_dig(const struct json *j, const struct json_path *p);
struct value eval_json(struct ev *ev, const struct op *op);
bool money_of(struct ev *ev, struct str currency, wall at, fixed amount, fixed *ret);

/* Bisects (lo, hi]: the first instant at which `flipped` is true; hi when it never is before. */
wall first_instant(wall lo, wall hi, bool (*flipped)(void *self, wall t), void *self);

/* ---------------------------------------------------------------- moments (when.c): of waits and of dates */

struct timing {
	const struct cond *value;        /* a time; in waits also a length */
	const struct cond *length;       /* NULL = none */
	enum offset side;
	int32_t minute;                  /* of the day; -1 = as it is */
	bool recurring;                  /* looks at an anniversary */
};
MUST_CHECK bool cond_compile(struct arena *a, const struct expr *x, const struct expr_scope *scope, struct features *f,
    const struct holding *h, const struct cond **ret, struct err *e);
MUST_CHECK bool timing_compile(struct arena *a, const struct expr *x, int32_t minute, const struct expr_scope *scope, struct features *f,
    struct timing *ret, struct err *e);
/* WALL_BEFORE_ALL when something is missing. *ret_target (may be NULL): the time without the length. */
wall timing_at(const struct timing *t, const struct facts *facts, const struct moment *m, wall now, struct arena *scratch, wall *ret_target);
wall clock_on_day(const struct tz *z, int64_t day, int minute);
bool day_fits(const struct facts *facts, int64_t day, enum day_word word);

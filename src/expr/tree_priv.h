/* tree_priv.h -- the parsed form of the condition language. Private to expr; its tests may look.
 *
 * One node type for all: what stands in `kids` is said beside each kind. Brackets are nodes of their own, so printing a
 * tree needs no precedence and gives back what was written, in its canonical spacing. Trees are made by the parser only
 * and never change. */
#pragma once
#include "expr/expr.h"

/*      kind, kids and fields */
#define NODES(X)                                                                                       \
	X(AND)         /* two or more units */                                                         \
	X(OR)                                                                                          \
	X(NOT)         /* unit */                                                                      \
	X(PAREN)       /* condition or value */                                                        \
	X(EVERYONE)                                                                                    \
	X(DID)         /* events */                                                                    \
	X(THEN)        /* events, events, [within]; negated; steps = with same */                      \
	X(QUANTIFIER)  /* collection; op: enum quantifier */                                           \
	X(MEMBER)      /* text; op: enum membership */                                                 \
	X(COMPARE)     /* left, right; op: enum comparison */                                          \
	X(BETWEEN)     /* value, low, high */                                                          \
	X(MISSING)     /* value */                                                                     \
	X(WITHIN)      /* value, length; op: enum direction */                                         \
	X(LIST)        /* values */                                                                    \
	X(ARITHMETIC)  /* left, right; op: '+' '-' '*' '/' */                                          \
	X(NEGATIVE)    /* value */                                                                     \
	X(OTHERWISE)   /* value, fallback */                                                           \
	X(NUMBER)      /* number */                                                                    \
	X(PERCENT)     /* number, as written: 10 for 10% */                                            \
	X(MONEY)       /* number, text = currency */                                                   \
	X(DURATION)    /* number; op: enum unit */                                                     \
	X(DISTANCE)    /* number; op: enum unit */                                                     \
	X(TEXT)        /* text */                                                                      \
	X(DATE)        /* text, as written; n = minute of the day or -1; day in `number` */            \
	X(TRUTH)       /* n */                                                                         \
	X(END_OF_DAY)                                                                                  \
	X(AGGREGATE)   /* collection, [field]; op: enum aggregate */                                   \
	X(PICK)        /* collection, field; n = which */                                              \
	X(TIME_SINCE)  /* events; n = which */                                                         \
	X(TIME_OF)     /* events; n = which */                                                         \
	X(TIME_IN_STAGE) /* text = model or "" */                                                      \
	X(USUAL_GAP)   /* events */                                                                    \
	X(ANNIVERSARY) /* value */                                                                     \
	X(SAMPLE)      /* text */                                                                      \
	X(LOOKUP)      /* key; text = kind; steps */                                                   \
	X(NEAREST)     /* text = kind; steps */                                                        \
	X(PATH)        /* steps, the first is the root or the bare name; op: enum root */              \
	X(EVENTS)      /* event…; steps lead to a list inside; where, window, by_account */            \
	X(EVENT)       /* op: enum entry_kind; text = name, quoted = there is one */                   \
	X(PEOPLE)      /* where */                                                                     \
	X(ITEMS)       /* path; where */                                                               \
	X(WINDOW)      /* op: enum window; bounds */                                                   \
	X(ENTRY)       /* the bound `since entry` */                                                   \
	X(POINT)       /* events without window, as a bound; n = which */                              \
	X(ON_EVENT)    /* event; where, by_account */                                                  \
	X(BECOMES)     /* condition */                                                                 \
	X(CHANGE)      /* path; where */                                                               \
	X(ON_DATE)     /* moment; n = minute of the day */                                             \
	X(SCHEDULE)    /* recurrence; n = minute of the day; text = zone, quoted = there is one */     \
	X(GOAL)                                                                                        \
	X(CALL)                                                                                        \
	X(OFFSET)      /* length, value; op: enum offset */                                            \
	X(RECURRENCE)  /* op: enum recurrence; n; number = weekday or enum day_word */                 \
	X(UNTIL)       /* clock or moment */                                                           \
	X(FOR)         /* value: a length to wait */                                                   \
	X(CLOCK)       /* op: enum day_word; n = minute of the day */                                  \
	X(MOMENT)      /* value or offset; n = minute of the day or -1 */

enum node {
#define X(name) NODE_##name,
	NODES(X)
#undef X
};

/* The first word of a path; a name that is none of these is bare: a property of the event or item in hand, or a name of `with`. */
#define ROOTS(X)                                                                                                  \
	X(TRAIT, "trait") X(ACCOUNT, "account") X(CONSENT, "consent") X(TOPIC, "topic") X(PREFERENCE, "preference") \
	X(PREDICT, "predict") X(STAGE, "stage") X(CART, "cart") X(LOCAL, "local") X(NOW, "now") X(EVENT, "event")   \
	X(ITEM, "item") X(TRIGGER, "trigger") X(MESSAGE, "message") X(TASK, "task") X(WAITED, "waited")             \
	X(ARRIVAL, "arrival") X(PRODUCT, "product") X(FROM, "from") X(TO, "to")
enum root {
	ROOT_BARE,
#define X(name, word) ROOT_##name,
	ROOTS(X)
#undef X
	ROOT_COUNT
};

#define COMPARISONS(X) \
	X(EQ, "=") X(NE, "!=") X(LT, "<") X(LE, "<=") X(GT, ">") X(GE, ">=") X(IN, "in") X(LIKE, "like") X(CONTAINS, "contains")
enum comparison {
#define X(name, word) CMP_##name,
	COMPARISONS(X)
#undef X
};

#define AGGREGATES(X) \
	X(COUNT, "count") X(DISTINCT, "count distinct") X(SUM, "sum") X(AVERAGE, "average") X(LOWEST, "lowest") X(HIGHEST, "highest") X(LIST, "list")
enum aggregate {
#define X(name, word) AGG_##name,
	AGGREGATES(X)
#undef X
};

/* unit, word, base: milliseconds, or ten-thousandths of a metre; 0 = a matter of the calendar. Whole names: SECOND and others are macros of base.h. */
#define UNITS(X)                                                                                     \
	X(UNIT_SECOND, "s", 1000, false) X(UNIT_MINUTE, "min", 60000, false)                        \
	X(UNIT_HOUR, "h", 3600000, false) X(UNIT_DAY, "d", 86400000, false)                         \
	X(UNIT_WEEK, "w", 604800000, false) X(UNIT_MONTH, "mo", 0, false) X(UNIT_YEAR, "y", 0, false) \
	X(UNIT_WORKDAY, "workday", 0, false) X(UNIT_METRE, "m", 10000, true)                        \
	X(UNIT_KILOMETRE, "km", 10000000, true) X(UNIT_YARD, "yd", 9144, true) X(UNIT_MILE, "mi", 16093440, true)
enum unit {
#define X(name, word, base, is_distance) name,
	UNITS(X)
#undef X
	UNIT_COUNT
};

/* Weekdays are 0 = Monday … 6; the others follow. */
#define DAY_WORDS(X)                                                                                        \
	X(DAYS_MONDAY, "monday") X(DAYS_TUESDAY, "tuesday") X(DAYS_WEDNESDAY, "wednesday") X(DAYS_THURSDAY, "thursday")         \
	X(DAYS_FRIDAY, "friday") X(DAYS_SATURDAY, "saturday") X(DAYS_SUNDAY, "sunday") X(DAYS_WORKDAY, "workday")               \
	X(DAYS_WEEKEND, "weekend") X(DAYS_TOMORROW, "tomorrow") X(DAYS_DAY, "day")
enum day_word {
#define X(name, word) name,
	DAY_WORDS(X)
#undef X
	DAYS_COUNT,
	DAYS_ANY = DAYS_COUNT
};

#define PERIODS(X) X(PERIOD_DAY, "day") X(PERIOD_WEEK, "week") X(PERIOD_MONTH, "month") X(PERIOD_QUARTER, "quarter") X(PERIOD_YEAR, "year")
enum period {
#define X(name, word) name,
	PERIODS(X)
#undef X
	PERIOD_COUNT
};

#define CATALOGUE_KINDS(X) X("product") X("store") X("offer") X("content")

enum quantifier { QUANTIFIER_ANY, QUANTIFIER_ALL };
enum membership { MEMBER_SEGMENT, MEMBER_JOURNEY };
enum direction { DIRECTION_LAST, DIRECTION_NEXT };
enum offset { OFFSET_BEFORE, OFFSET_AFTER };
/* n of a calendar window = enum period */
enum window { WINDOW_LAST, WINDOW_SINCE, WINDOW_BEFORE, WINDOW_FROM, WINDOW_THIS, WINDOW_PREVIOUS };
enum recurrence { RECUR_EVERY, RECUR_NTH, RECUR_LAST, RECUR_MONTHDAY, RECUR_ONCE };

enum { WHICH_LATEST = 0, WHICH_FIRST = 1, WHICH_MAX = 1000 };

struct step {
	struct str name;
	bool quoted;
};
struct expr {
	uint8_t kind, op;
	bool negated, by_account, quoted;
	uint16_t depth;              /* of the tree from here down */
	int32_t n;
	int line, column;            /* in the file */
	fixed number;
	struct str text;
	const struct expr **kids;
	uint32_t n_kids, n_steps;
	const struct step *steps;
	const struct expr *where, *window;
	struct str file;
};

const char *root_word(enum root r);
const char *comparison_word(enum comparison c);
const char *aggregate_word(enum aggregate a);
const char *unit_word(enum unit u);
int64_t unit_base(enum unit u);
bool unit_is_distance(enum unit u);
const char *day_word(enum day_word d);
const char *period_word(enum period p);
const char *node_name(enum node k);
/* Bare names that a sentence reserves: a property of that name is written event."count". */
bool is_keyword(struct str name);
bool is_catalogue_kind(struct str name);

/* Fails at a node's place. */
#define fail_node(e, x, ...) (fail_at((e), ERR_INVALID, (x)->line, (x)->column, __VA_ARGS__), expr_in_file((e), (x)))
bool expr_in_file(struct err *e, const struct expr *x);

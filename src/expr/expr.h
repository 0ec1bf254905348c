/* expr.h -- the condition language: text → tree → checked → flat steps → truth and expiry. Pure.
 *
 * Grammar and meaning: docs/conditions.md (from grammar.ebnf and the twenty rules). Life of a condition:
 *
 *	expr_parse        text → tree, errors with place; expr_print(tree) parses back to the same tree
 *	expr_check        names, types, places where a root may stand, against a vocabulary
 *	expr_compile      tree → struct cond (flat steps), declaring what it needs of the past as *features*
 *	cond_eval         cond + facts about one person + now → value and expiry
 *
 * The expiry is the earliest future instant at which the value could change if nothing else happens; it may be early,
 * never late; WALL_NEVER when only an event can change it. */
#pragma once
#include "expr/value.h"
#include "base/vec.h"

/* ---------------------------------------------------------------- trees */

struct expr;               /* a parsed condition, value, trigger, wait, … ; lives in an arena */

enum expr_form {
	EXPR_CONDITION,    /* segments, if, when */
	EXPR_VALUE,        /* data, goal value, with */
	EXPR_TRIGGER,      /* entry.on, exit.on, goal.on, wait for, seen in */
	EXPR_WAIT,         /* wait: */
	EXPR_AT,           /* at:, expires: */
	EXPR_PEOPLE,       /* to: */
	EXPR_COLLECTION,   /* entry.each */
};

/* line and column: where the text begins in its file (yaml.text_line, text_column); indent: columns that every further
 * line of a block scalar is moved by. Errors are given in the file's terms. */
struct expr_place {
	const char *file;
	int line, column, indent;
};
MUST_CHECK bool expr_parse(struct arena *a, enum expr_form form, struct str text, struct expr_place place,
    const struct expr **ret, struct err *e);
void expr_print(const struct expr *x, struct buf *out);
bool expr_same(const struct expr *a, const struct expr *b);

/* ---------------------------------------------------------------- vocabulary: what names mean */

enum type_kind { TYPE_UNKNOWN, TYPE_NUMBER, TYPE_MONEY, TYPE_TEXT, TYPE_TRUTH, TYPE_TIME, TYPE_DURATION, TYPE_DISTANCE,
	TYPE_LIST, TYPE_OBJECT, TYPE_WORDS /* ordered values */ };
struct type {
	enum type_kind kind;
	const struct type *item;                  /* of a list */
	const struct type_field *fields;          /* of an object */
	size_t n_fields;
	const struct str *words;                  /* ordered, smallest first */
	size_t n_words;
};
struct type_field {
	struct str name;
	struct type type;
};
struct event_type {
	struct str name;
	struct type type;                         /* TYPE_OBJECT */
};
/* What later events do to earlier ones: by `same` field, void the earlier or subtract `field` from it. */
struct amendment {
	struct str by, event, same;
	bool is_void;
	struct str subtract;                      /* field, when not void */
};
struct vocabulary {
	const struct event_type *events; size_t n_events;
	const struct amendment *amendments; size_t n_amendments;
	struct type traits, account_traits, preferences, predictions;   /* TYPE_OBJECT */
	const struct str *topics; size_t n_topics;
	const struct type_field *catalogue; size_t n_catalogue;         /* product, store, offer, content */
	const struct str *money; size_t n_money;  /* property names that are money anywhere */
	const struct str *segments; size_t n_segments;
	const struct str *journeys; size_t n_journeys;
	/* lifecycle models: names[i] has stages stages[i][0..n] */
	const struct str *models; const struct str *const *stages; const size_t *n_stages; size_t n_models;
	struct str primary_model;
	struct str currency;
	bool leap_birthdays_1_mar;
};

/* Where an expression stands decides which roots it may use and whether it must be exact for ever (standing). */
enum expr_place_kind {
	PLACE_STANDING,       /* segments, stages, becomes, exit when, wait until, hold if: person, account, time */
	PLACE_ENTRY,          /* entry.if and where of triggers: + trigger, event */
	PLACE_STEP,           /* if, data, values inside a journey: + trigger, message, task, waited, with-names */
	PLACE_POLICY,         /* suitability, caps: + message.* of the intent in hand */
	PLACE_EVIDENCE,       /* + arrival */
};
struct expr_scope {
	enum expr_place_kind place;
	const struct vocabulary *vocabulary;
	const struct str *names; const struct expr *const *name_trees; size_t n_names;   /* `with:` */
	const struct str *steps; size_t n_steps;                    /* names of sends, tasks, waits */
	bool change;                  /* the where of `change of`: + from, to, product (set by trigger_compile itself) */
	struct tz_set *zones;         /* for `schedule … in "Europe/Berlin"` */
};
struct warning {
	int line, column;
	char file[128];
	char text[384];
};
typedef VEC(struct warning) warning_list;
/* Refuses what cannot be meant; adds warnings for what is probably not (unknown names). */
MUST_CHECK bool expr_check(const struct expr *x, const struct expr_scope *scope, enum type_kind wanted /* UNKNOWN = any */,
    warning_list *warnings, struct err *e);

/* ---------------------------------------------------------------- features: what is needed of the past */

/* A stream is the retained past of one (event set, list inside it, filter, projected columns), shared by all conditions
 * that ask for the same. A profile keeps its rows, ordered by time, then seq. The engine feeds each event in hand through
 * features_accept once and stores what comes out; it prunes by `keep`.
 *
 * Items: with steps (`"Order Completed".products`) one event yields one row an item; else one row an event. */
enum { STREAM_COLUMNS_MAX = 16 };
struct stream_keep {
	msec window;             /* rows older than now - window may go; INT64_MAX = all are needed */
	uint32_t first, latest;  /* but the first n and the latest n are always kept (0 = none asked) */
	bool count_only;         /* outside windows only count / truth is asked: old rows may be folded into a count */
};
struct row {
	wall time;               /* happened */
	uint64_t seq;
	uint64_t key;            /* hash of the amended key (order_id), 0 = none */
	bool negative;           /* an unlinked refund: its amount column is below 0; only sums look at it */
	struct value *columns;   /* n_columns of the stream; VALUE_JSON columns hold a copy that the profile owns */
};
struct stamp { wall time; uint64_t seq; };
struct rows {
	const struct row *const *items; /* ordered by time, then seq; voided rows are not among them */
	const struct stamp *stamps;     /* instead of items: rows that are nothing but their instants */
	size_t n;
	bool no_negative;               /* none of them is negative; false = not known */
	uint64_t folded;                /* rows older than items[0] that were folded into a count */
	wall folded_latest, folded_first;
};
static inline const struct row *
row_at(const struct rows *r, size_t i, struct row *of_stamp)
{
	if (!r->stamps)
		return r->items[i];
	*of_stamp = (struct row){.time = r->stamps[i].time, .seq = r->stamps[i].seq};
	return of_stamp;
}
static inline struct stamp
stamp_at(const struct rows *r, size_t i)
{
	return r->stamps ? r->stamps[i] : (struct stamp){r->items[i]->time, r->items[i]->seq};
}
struct features;                 /* registry of one program: all streams */
struct features *features_new(struct arena *a, const struct vocabulary *v);
size_t features_count(const struct features *f);
const struct stream_keep *features_keep(const struct features *f, uint32_t stream);
size_t features_columns(const struct features *f, uint32_t stream);
/* Canonical text of a stream ("track \"Order Completed\".products where (…) → category, price"): the same text in two programs is the same
 * feature, so rows survive a program change. */
struct str features_text(const struct features *f, uint32_t stream);
bool features_by_account(const struct features *f, uint32_t stream);
/* Streams that an event of this kind and name may feed; a short list, looked up once an event. */
struct stream_list { const uint32_t *items; size_t n; };
struct stream_list features_of_event(const struct features *f, int entry_kind, struct str name);

/* The event in hand, for filters, projections and moment conditions. */
struct event_view {
	int kind;                    /* enum entry_kind: track, page, screen */
	struct str name, source;
	wall time;
	uint64_t seq;
	const struct json *properties;
	const struct json *context;
	const struct json *arrival;  /* worked out at ingest; NULL = none */
};
/* Money fields are converted here: rate(currency) at the event's day; missing rate = value missing, counted. */
struct money_port {
	void *self;
	bool (*convert)(void *self, struct str currency, wall at, fixed amount, fixed *ret);
};
/* What an event (Order Cancelled, Order Refunded) does to rows of earlier ones, now or when they come late: for each stream
 * that the amended event feeds, rows of this key with a time not after the event's are left out (`voids`), or `amount` is
 * taken off their column. key 0: no link was given; a `negative` row with -amount in that column is added at the event's own
 * time. column -1: the stream holds nothing that a refund changes (then there is nothing to do, unless it voids). */
struct amend {
	uint32_t stream;
	uint64_t key;
	bool voids;
	int column;
	fixed amount;
};
bool features_amends(const struct features *f, struct str event_name);      /* is there any amendment by this event? */
void features_amend(const struct features *f, const struct event_view *ev, const struct money_port *money,
    void (*visit)(void *self, const struct amend *what), void *self);
/* For each row that the event yields for this stream calls `take` with columns that live in the arena (values of JSON
 * kind point into the event). */
void features_accept(const struct features *f, uint32_t stream, const struct event_view *ev, const struct money_port *money,
    struct arena *scratch, void (*take)(void *self, const struct value *columns, uint64_t amend_key), void *self);

/* How a truth may move when an event is added to the past (not amended) and nothing else changes: UP only from false to true, DOWN
 * only from true to false, FLAT not at all. FRESH: said of events that happened within the last minute only. */
enum lean { LEAN_ANY, LEAN_FLAT, LEAN_UP, LEAN_DOWN, LEAN_UP_FRESH, LEAN_DOWN_FRESH };
enum lean expr_lean(const struct expr *condition);

/* ---------------------------------------------------------------- compiled conditions */

struct cond;
/* Names in it are resolved through the scope; segments by index in vocabulary->segments. */
MUST_CHECK bool expr_compile(struct arena *a, const struct expr *x, const struct expr_scope *scope, struct features *f,
    const struct cond **ret, struct err *e);
/* What may change its value besides time: streams it reads, segments, and root groups. */
enum cond_reads { READS_TRAITS = 1, READS_ACCOUNT = 2, READS_CONSENT = 4, READS_PREFERENCES = 8, READS_PREDICTIONS = 16,
	READS_STAGE = 32, READS_CART = 64, READS_JOURNEYS = 128, READS_CATALOGUE = 256, READS_PEOPLE = 512, READS_TIME = 1024,
	READS_MESSAGES = 2048, READS_TASKS = 4096 };
uint32_t cond_reads(const struct cond *c);
struct stream_list cond_streams(const struct cond *c);
struct stream_list cond_segments(const struct cond *c);

/* Everything a condition may ask about one person, as a table of functions. All answers must be consistent at `now`. */
enum fact_root { FACT_TRAIT, FACT_ACCOUNT, FACT_CONSENT, FACT_TOPIC, FACT_PREFERENCE, FACT_PREDICT, FACT_CART, FACT_MESSAGE,
	FACT_TASK, FACT_WAITED, FACT_ENTRY_TIME /* start of the enrolment, for `since entry` */, FACT_PRODUCT /* of trigger or event */ };
struct fact_path {
	enum fact_root root;
	const struct str *steps;      /* trait.address.city: "address", "city"; consent: channel, purpose */
	uint32_t n;
	uint32_t slot;                /* number of the first step among all names of this root in the program, for caches */
};
struct facts {
	void *self;
	const struct tz *zone;        /* the person's, else the account's, else the program's */
	uint64_t person;              /* for `sample`: a stable number of the profile */
	struct rows (*rows)(void *self, uint32_t stream);
	struct value (*fact)(void *self, const struct fact_path *path);
	bool (*in_segment)(void *self, uint32_t segment);
	bool (*in_journey)(void *self, struct str journey);
	/* Stage in a model (UINT32_MAX = primary); since when, for `time in stage`. */
	struct str (*stage)(void *self, uint32_t model, wall *ret_since);
	/* Fields of a catalogue thing as JSON (product("sku").price); *ret_until = when they may change by themselves. */
	const struct json *(*thing)(void *self, struct str kind, struct str key);
	const struct json *(*nearest)(void *self, struct str kind, fixed latitude, fixed longitude, fixed *ret_metres);
	/* Calls each member of the person's account with facts about it; stops when visit returns false. */
	void (*people)(void *self, bool (*visit)(void *visitor, const struct facts *member), void *visitor);
	bool (*holiday)(void *self, int64_t day);     /* NULL = none; Saturday and Sunday are no workdays anyway */
	const struct money_port *money;               /* NULL = amounts in other currencies are missing */
};
/* What is in hand at a moment; all may be NULL. */
struct moment {
	const struct event_view *event;      /* `event`, bare names in where */
	const struct event_view *trigger;    /* frozen: event that began the enrolment */
	const struct json *trigger_item;     /* entry.each */
	const struct json *change_from, *change_to;
	const struct json *intent;           /* PLACE_POLICY: {"journey","template","channel","purpose","tags","priority"} */
};
struct outcome {
	struct value value;
	wall expiry;
};
/* Values live in the arena or in what the facts returned. Steps are bounded by LIMIT_CONDITION_STEPS and the rows read. */
struct outcome cond_eval(const struct cond *c, const struct facts *facts, const struct moment *m, wall now, struct arena *scratch);
/* Truth: missing is not true. */
bool cond_true(const struct cond *c, const struct facts *facts, const struct moment *m, wall now, struct arena *scratch, wall *ret_expiry);
/* Why: one line a leaf with its value, for explain ("count \"Order Completed\" >= 2: 1, no"). */
void cond_explain(const struct cond *c, const struct facts *facts, const struct moment *m, wall now, struct buf *out);

/* ---------------------------------------------------------------- triggers, waits, clocks */

enum trigger_kind { TRIGGER_EVENT, TRIGGER_BECOMES, TRIGGER_CHANGE, TRIGGER_DATE, TRIGGER_SCHEDULE, TRIGGER_GOAL, TRIGGER_CALL };
struct trigger;
MUST_CHECK bool trigger_compile(struct arena *a, const struct expr *x, const struct expr_scope *scope, struct features *f,
    const struct trigger **ret, struct err *e);
enum trigger_kind trigger_kind(const struct trigger *t);
/* TRIGGER_EVENT: which (kind, name) it listens to; name empty = any page/screen. */
void trigger_event(const struct trigger *t, int *ret_entry_kind, struct str *ret_name);
bool trigger_by_account(const struct trigger *t);
/* Does this event (kind and name already matched) pass its `where`? `facts` and m->trigger as at a moment. */
bool trigger_matches(const struct trigger *t, const struct event_view *ev, const struct facts *facts, const struct moment *m, wall now, struct arena *scratch);
/* TRIGGER_BECOMES: the standing condition. */
const struct cond *trigger_condition(const struct trigger *t);
/* TRIGGER_CHANGE: path changed, root and steps; where over from/to. */
const struct fact_path *trigger_change_path(const struct trigger *t);
bool trigger_change_is_catalogue(const struct trigger *t, struct str *ret_kind);
/* TRIGGER_DATE and TRIGGER_SCHEDULE: the first instant > after at which it fires for this person, WALL_NEVER if none; holds until
 * what the facts say changes. */
wall trigger_next(const struct trigger *t, const struct facts *facts, wall after, struct arena *scratch);
/* TRIGGER_DATE: the instant at which it fires and, in *ret_target, the moment that it is before or after (`90d before
 * account.contract_end`: the contract's end; else the instant itself), for `late: enter`. WALL_BEFORE_ALL when something is missing,
 * and for anniversaries: what comes round every year is never late. */
wall trigger_date(const struct trigger *t, const struct facts *facts, struct arena *scratch, wall *ret_target);

/* wait:, at:, expires: — the instant they name, counted from `from` (rule 10: d and w keep the clock of the person's zone; rule 11:
 * `until` is the first such time, now included). Missing values (an unknown rhythm) give WALL_BEFORE_ALL: do not wait. */
struct when;
MUST_CHECK bool when_compile(struct arena *a, const struct expr *x, const struct expr_scope *scope, struct features *f,
    const struct when **ret, struct err *e);
wall when_next(const struct when *w, const struct facts *facts, const struct moment *m, wall from, struct arena *scratch);
/* Adds a duration or calendar value as waits do. */
wall when_add(const struct facts *facts, wall from, const struct value *length);

/* entry.each: the items of the collection as JSON, at the trigger. */
size_t expr_items(const struct cond *collection, const struct facts *facts, const struct moment *m, wall now, struct arena *a,
    const struct json *const **ret_items);
/* to: people where (…): calls visit for each member of the account that fits, until it returns false. False when the condition
 * is no `people` (a text, say: then cond_eval gives it). */
bool cond_people(const struct cond *c, const struct facts *facts, const struct moment *m, wall now, struct arena *scratch,
    bool (*visit)(void *self, const struct facts *member), void *self);

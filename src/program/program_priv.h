/* program_priv.h -- what the files share that make a program out of documents. Private to program.
 *
 * A maker goes through the documents once for keys, once for names, once for meaning. Nothing returns early: whatever is
 * wrong is added to the problems and the rest is still looked at. */
#pragma once
#include "base/map.h"
#include "base/vec.h"
#include "program/keys.h"
#include "program/program.h"
#include <stdlib.h>

struct document {
	enum document_kind kind;
	const struct yaml *yaml;
	const char *file;
};

struct maker {
	struct program *p;
	struct arena *a;                     /* the program's */
	struct tz_set *zones;
	problem_list *problems;
	bool failed;
	const char *file;                    /* of the document in hand */
	VEC(struct document) documents;      /* by kind, then in the order of the files */
	VEC(struct condition_def) conditions;
	struct strmap hidden;                /* text of a hidden condition → its index */
	VEC(struct template_file) templates;
	VEC(struct example) examples;
	struct problem spilled;              /* where problems go that nobody hears of */
	bool silent;                         /* shadows: what does not fit is left out without a word */
	uint32_t broken;                     /* bit a kind: a document of it could not be read; its names are missing */
	bool circle;                         /* segments in a circle were told */
};

/* ---------------------------------------------------------------- problems (problem.c) */

void problem_at(struct maker *m, const struct yaml *y, const char *format, ...) PRINTF(3, 4);
/* At the key instead of the value. */
void problem_at_key(struct maker *m, const struct yaml *y, const char *format, ...) PRINTF(3, 4);
void warning_at(struct maker *m, const struct yaml *y, const char *format, ...) PRINTF(3, 4);
/* e as it stands; the file in hand when it names none. */
void problem_err(struct maker *m, const struct err *e);
void problem_in(struct maker *m, const char *file, int line, int column, bool warning, const char *format, ...) PRINTF(6, 7);
/* " (did you mean 'x'?)" or "" in buf: the closest of n names by spelling, `stride` bytes apart. */
const char *did_you_mean(struct str name, const struct str *names, size_t n, size_t stride, char buf[96]);

/* ---------------------------------------------------------------- keys (check_keys.c) */

/* Unknown and missing keys, kinds of values. True when the document is sound enough to be read further. */
bool check_document(struct maker *m, const struct document *d);

/* ---------------------------------------------------------------- small values (values.c); the first problem is told */

struct str yaml_text(const struct yaml *y);                                    /* "" for NULL and for what is no scalar */
bool read_yes(const struct yaml *y, bool otherwise);
bool read_length(struct maker *m, const struct yaml *y, msec *ret);            /* 7d, 10min */
bool length_of(struct str text, msec *ret);
bool read_permille(struct maker *m, const struct yaml *y, uint32_t *ret);
bool read_count(struct maker *m, const struct yaml *y, uint32_t *ret);
bool read_clock(struct maker *m, const struct yaml *y, int16_t *ret_minute);
bool read_date(struct str text, int64_t *ret_days);
/* "100 in 1h" */
bool read_count_in(struct maker *m, const struct yaml *y, uint32_t *ret_n, msec *ret_in);
const struct str *read_texts(struct maker *m, const struct yaml *y, size_t *ret_n);      /* one text or a list */
struct str read_label(struct maker *m, const struct yaml *y, struct str otherwise);
/* Index of a word in "a|b|c"; -1 when it is none. */
int word_index(struct str word, const char *words);
bool is_plain_name(struct str s);

/* ---------------------------------------------------------------- expressions (conditions.c) */

struct scope_names {                         /* what a journey adds to a scope */
	VEC(struct str) names;
	VEC(const struct expr *) trees;
	VEC(struct str) steps;
};
struct expr_scope scope_at(struct maker *m, enum expr_place_kind place, const struct scope_names *names);
/* NULL after a problem was told. */
const struct expr *parse_node(struct maker *m, const struct yaml *y, enum expr_form form);
const struct cond *compile_node(struct maker *m, const struct yaml *y, enum expr_form form, const struct expr_scope *scope,
    enum type_kind wanted, const struct expr **ret_tree /* may be NULL */);
const struct when *compile_when(struct maker *m, const struct yaml *y, enum expr_form form, const struct expr_scope *scope);
/* One trigger or a list; *ret_standing (may be NULL) runs beside it. */
const struct trigger *const *compile_triggers(struct maker *m, const struct yaml *y, const struct expr_scope *scope,
    enum condition_use use, const char *owner, size_t *ret_n, const uint32_t **ret_standing);
/* The index of a standing condition with this text, made when there is none yet; UINT32_MAX when it cannot stand by itself
 * (it speaks of the enrolment or the message in hand), without a word. */
uint32_t standing_of_text(struct maker *m, const struct yaml *y, struct str text, enum condition_use use, struct str name);
uint32_t standing_of_node(struct maker *m, const struct yaml *y, enum condition_use use, struct str name);
/* A condition that must stand by itself; UINT32_MAX after a problem, or when it is `everyone`. */
uint32_t add_standing(struct maker *m, const struct yaml *y, enum condition_use use, struct str name);
struct str printed(struct maker *m, const struct expr *x);

/* Calls visit for each `in segment "x"` ('s'), and `stage` or `time in stage` ('m', name "" = the primary model) of a printed
 * condition. */
void condition_names(struct str text, void (*visit)(void *self, char what, struct str name), void *self);

/* ---------------------------------------------------------------- documents, one file each */

void read_files(struct maker *m);                 /* documents.c */
void make_program_document(struct maker *m);      /* settings.c */
void make_vocabulary(struct maker *m);            /* vocabulary.c */
void make_segments(struct maker *m);              /* segments.c */
void make_models(struct maker *m);                /* models.c */
void make_order(struct maker *m);                 /* models.c: p->conditions and p->order */
void make_journeys(struct maker *m);              /* journeys.c */
void make_shadows(struct maker *m, const struct program_file *files, size_t n);
void make_steps(struct maker *m, struct journey_def *j, const struct yaml *steps, struct scope_names *names);   /* steps.c */
const struct variant *read_variants(struct maker *m, const struct yaml *y, const struct scope_names *names, size_t *ret_n);
void check_topic(struct maker *m, const struct yaml *y);
void make_policy(struct maker *m);                /* policy.c */
void make_goals(struct maker *m);                 /* goals.c */
void make_evidence(struct maker *m);
void make_activities(struct maker *m, struct str tsv);   /* activities.c */
const struct activity_def *activity_of(const struct program *p, struct str id);
void check_activity(struct maker *m, const struct yaml *y);
enum { TEMPLATE_BYTES = 512 * 1024 };
void make_template(struct maker *m, const struct program_file *f);   /* templates.c */
void check_templates(struct maker *m);
bool template_is_partial(const struct template_file *t);
bool template_is_body(const struct template_file *t);                 /* html or txt of a message */
bool template_is_same(const struct template_file *a, const struct template_file *b);   /* but for the part */
/* {% include "button" %} at `at`: its end and the name; false when it is something else. */
bool include_at(struct str s, size_t at, size_t *ret_end, struct str *ret_name);
void make_layouts(struct maker *m);               /* layouts.c */
void check_offer(struct maker *m, const struct yaml *y, const struct offer *o, const struct variant *variants, size_t n_variants);
const struct json *make_example_catalogue(struct maker *m, const struct json *catalogue, const struct yaml *rates);   /* versions.c */
/* Holidays of a country from 2000 to 2060, as days since 1970; false when its calendar is not known. */
struct day_list { int64_t *items; size_t len, cap; };
bool add_holidays(struct str country, struct day_list *days);   /* holidays.c */
const char *holiday_countries(void);                            /* "FI, SE, …" */

const struct document *document_next(const struct maker *m, enum document_kind kind, const struct document *after);
#define each_document(d, m, kind) \
	for (const struct document *d = document_next((m), (kind), NULL); d; d = document_next((m), (kind), d))
const struct purpose_def *purpose_of(const struct policy_def *policy, struct str name);

/* A copy of a vec's items in the program's arena. */
#define arena_items(m, v) \
	((v)->len ? memcpy(arena_alloc((m)->a, (v)->len * sizeof(*(v)->items)), (v)->items, (v)->len * sizeof(*(v)->items)) : NULL)

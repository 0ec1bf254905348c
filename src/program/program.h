/* program.h -- a workspace's documents: parsed, checked whole, compiled, versioned. Pure.
 *
 * Input is a list of (path, text); nothing here opens a file. A program is immutable once made; everything in it lives in
 * its arena. Either all documents are right or nothing is made and every problem is listed with file, line and column. */
#pragma once
#include "contact/policy.h"
#include "journey/journey.h"
#include "lifecycle/lifecycle.h"
#include "segment/segment.h"
#include "base/yaml.h"

struct program_file { struct str path /* "journeys/welcome.yaml" */, text; };

/* Evidence that an activity runs elsewhere. */
struct evidence_def {
	struct str activity;
	const struct trigger *const *seen_in; size_t n_seen_in;
	const struct cond *when;         /* if: */
	uint32_t at_least_people, spread_days, spread_of_days;
};
struct activity_def {                    /* a row of the activity catalogue */
	struct str id, stage, channel, market, name, touchpoint, runs_here, needs, evidence;
};
struct template_file { struct str name /* "cart_reminder" */, locale /* "" = any */, variant, part /* "html", "txt", "subject" */, text, path; };
/* A conversion with a value and a window: goals.yaml. The gap map values activities of a stage by its goal. */
struct goal_def {
	struct str name, label, stage /* of the primary model; "" = none */;
	const struct trigger *const *on; size_t n_on;
	const uint32_t *standing;        /* beside on: condition of a `becomes`, UINT32_MAX = none */
	const struct cond *value;        /* NULL = none; reads event */
	msec within;                     /* 0 = none stated */
};

struct program {
	struct arena arena;
	uint64_t version;                /* hash of all files */
	struct str name, market, region, zone, currency;
	bool tracking_needs_consent;     /* region EU */
	const struct str *locales; size_t n_locales;
	bool leap_1_mar;
	uint8_t workdays;                /* bit 0 = Monday */
	const int64_t *holidays; size_t n_holidays;          /* days since 1970 */
	uint32_t holdout_permille;       /* of the whole program */
	struct vocabulary vocabulary;
	struct features *features;
	struct condition_def *conditions; size_t n_conditions, n_segments;   /* segments first, in an order without cycles */
	const uint32_t *order;           /* all n_conditions, each after the segments and the models' stages that it names */
	struct model_def *models; size_t n_models; uint32_t primary_model;
	struct journey_def *journeys; size_t n_journeys;
	struct policy_def policy;
	struct evidence_def *evidence; size_t n_evidence;
	struct goal_def *goals; size_t n_goals;
	struct activity_def *activities; size_t n_activities;
	struct template_file *templates; size_t n_templates;
	/* Entry conditions of shipped journeys that this program does not run: folded in the shadow for the gap map. */
	struct journey_def *shadows; size_t n_shadows;
	/* {"product":{id:{…}},"store":{…},"rate":{"SEK":0.09}}: what the documents bring along, as the body of a catalogue entry;
	 * NULL = nothing. `rate` holds only the currencies that program.yaml gives a figure. */
	const struct json *catalogue;
	/* {"brand":{name,url,logo,colour,address,support,…,currency,locale},"senders":{"default":"Shop <shop@…>",…},"reply_to":…,
	 * "tracking":{"opens":…,"clicks":…}} of program.yaml, each only when it is there; NULL = no program.yaml. Templates read `brand`. */
	const struct json *settings;
	const struct program_file *files; size_t n_files;    /* by path */
	const struct example *examples; size_t n_examples;
	const struct yaml *people;       /* people.yaml; NULL = none */
	const struct json *example_catalogue;
};
struct problem { struct err err; bool warning; };
typedef VEC(struct problem) problem_list;

/* `activities_tsv` and `shadow_files` (journeys of the shipped program) are built in by the shell; may be empty. False when
 * any problem is not a warning; then *ret is NULL. Free with program_free. */
MUST_CHECK bool program_make(const struct program_file *files, size_t n, struct tz_set *zones, struct str activities_tsv,
    const struct program_file *shadow_files, size_t n_shadow, problem_list *problems, struct program **ret);
void program_free(struct program *p);
/* What `apply` prints: added, removed, changed documents, one line each. */
void program_diff(const struct program *before /* NULL */, const struct program *after, struct buf *out);
/* The body of a `program` entry, and back: {"files":[{"path":…,"text":…}…]}. */
void program_write_json(const struct program *p, struct buf *out);
MUST_CHECK bool program_files_of_json(struct arena *a, const struct json *body, struct program_file **ret, size_t *ret_n, struct err *e);
const struct journey_def *program_journey(const struct program *p, struct str name);
/* The template of a message in a person's locale: the locale, its language, the first locale, then any. NULL = none. */
const struct template_file *program_template(const struct program *p, struct str name, struct str variant, struct str locale, const char *part);

/* The `examples:` of the documents, parsed; the engine's tell.h runs them in virtual time. Those of a lifecycle document expect
 * stages: `- 2026-01-14 12:00: act` is a move to the stage act of that model, to the minute in the person's zone; all moves of
 * the story, exactly these. Where the person stands when the example begins (`from`, else a minute before the story) is no move.
 * Models are shared by programs: examples about people that this program does not know are left out, as are models not on. */
struct example {
	struct str document, it;         /* name of the journey or model */
	bool of_lifecycle;
	struct str file; int line;
	const struct yaml *yaml;
};
size_t program_examples(const struct program *p, const struct example **ret);
/* The catalogue that examples begin with: the program's, and plainly made-up rates for the currencies that have no figure. */
const struct json *program_example_catalogue(const struct program *p);
/* people.yaml: example people by name. NULL when there is none. */
const struct yaml *program_example_person(const struct program *p, struct str name);

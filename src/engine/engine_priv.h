/* engine_priv.h -- the inside of the fold, shared by the files of engine. Private to it.
 *
 * A person is two records under one number: struct profile (who: ids, traits, consent, cart, rows of the past; module
 * profile) and struct person here (what follows from it: truths, stages, journeys, and when to look again).
 *
 * How one entry is folded (engine.c):
 *
 *	person_catch_up   alarms due and shared changes not yet seen, in order of time
 *	take_in           what the entry says: ids, traits, consent, cart, rows → marks conditions stale
 *	person_live       conditions that may have changed, stages, journeys; in rounds, until nothing moves
 *
 * While something is worked off, `g->at_hand` says for which instant, decided when, by which entry. */
#pragma once
#include "catalog/catalog.h"
#include "engine/engine.h"
#include "engine/journeys_priv.h"
#include "profile/identity.h"
#include "segment/members.h"

/* ---------------------------------------------------------------- programs in use (live.c) */

/* Conditions are worked out in the program's order; a set of conditions is a bit set over their places in it. */
enum { READS_GROUPS = 13, MODEL_NONE = 255 };       /* bits of enum cond_reads */
struct live_program {
	struct arena arena;                  /* of the tables below */
	struct program *p;
	const struct tz *zone;               /* NULL = UTC */
	bool owned;                          /* the engine frees it */
	size_t missing;                      /* streams that needed back-filling when it was declared */
	uint64_t since_seq;                  /* of its program entry; 0 = not live yet */
	uint32_t refs;                       /* enrolments inside */
	uint32_t *streams;                   /* stream of its features → the engine's stream */
	uint32_t n_streams;
	uint32_t n_words;                    /* of a bit set over conditions */
	uint32_t *place;                     /* condition → place in the order */
	uint64_t *by_stream; uint32_t n_by_stream;   /* [the engine's stream][word]: conditions that read it */
	uint64_t *by_group;                  /* [bit of cond_reads][word] */
	uint64_t *by_segment;                /* [segment][word]: conditions that name it */
	uint64_t *lazy;                      /* [word]: asked only for those who wait for them (exit when, wait until, hold if) */
	uint64_t *up, *down, *up_fresh, *down_fresh;   /* [word]: how truths lean when an event is added (enum lean) */
	uint64_t *born_true, *born_ask;      /* [word]: what is true of somebody of whom nothing is known; what depends on more than that */
	bool born_known;
	uint64_t *by_people;                 /* [word]: conditions that read colleagues or rows of the account */
	bool has_people;                     /* there are such */
	uint8_t *model_of;                   /* [place]: model whose stage it decides; MODEL_NONE */
	uint32_t *model_ready;               /* [model]: all conditions of its stages stand before this place */
	uint32_t *segment_index, *model_index;   /* numbers of the vocabulary → of the program */
	struct members **members;          /* [segment] */
	uint32_t (*stage_people)[STAGES_MAX]; /* [model] */
	struct strmap segments;              /* name → segment */
	struct strmap texts;                 /* canonical text of a condition → condition */
	struct journey_index *journeys;
	struct live_program *next;           /* all kept, newest first */
};
struct live_program *live_find(const struct engine *g, uint64_t version);
struct live_program *live_make(struct engine *g, struct program *p);  /* the one there is, if there is */
void live_free(struct engine *g, struct live_program *lp);
void live_ref(struct live_program *lp);
/* A program that is not live and that nobody is in is dropped with the next entry. */
void live_unref(struct engine *g, struct live_program *lp);
void live_drop_unused(struct engine *g);
/* Streams that an event may feed, of all declared programs, each once. */
void live_feeds(struct engine *g, const struct event_view *ev, void (*feed)(void *self, const struct features *f, uint32_t of_program, uint32_t stream),
    void *self);
/* The live program's condition with the same text as this one of another program; UINT32_MAX = there is none. */
uint32_t live_condition_of(const struct engine *g, const struct live_program *lp, uint32_t condition);

/* ---------------------------------------------------------------- people */

/* Truths and stages of one person, under one program; one piece of memory. */
struct standing {
	const struct live_program *program;
	wall *since;                         /* [model]: when the stage was reached */
	uint8_t *stage;                      /* [model] */
	uint64_t *wanted;                    /* by place: lazy ones that somebody asked for; their truths are kept, those of the rest are 0 */
	uint64_t *timed;                     /* by place: time alone may turn it (not saved: then all may be) */
	uint64_t *soon;                      /* by place: of those the ones that an alarm looks at */
	wall later;                          /* none of the rest turns by time alone before; an alarm from then on looks at all */
	uint64_t truths[];                   /* by place */
};
struct person {
	wall conditions_due;                 /* a truth may change by time alone */
	uint64_t seen;                       /* seq of the latest shared change seen */
	struct standing *standing;           /* NULL before the first program */
	struct journeys *journeys;           /* NULL = none */
	wall dates_due;                      /* next date or schedule that starts a journey (kept by journeys) */
	bool dates_stale;
};

struct account {
	struct str id;                       /* kept */
	struct traits traits;
	struct row_sets rows;
	VEC(uint32_t) members;               /* by number */
	const struct tz *zone;
};

/* ---------------------------------------------------------------- facts (facts.c) */

/* Everything a condition of the program `program` may ask about a person. Fill with person_facts; lives on the stack. */
struct person_facts {
	struct facts facts;                  /* facts.self is this struct */
	struct engine *g;
	uint32_t person;
	const struct live_program *program;
	const struct enrolment *enrolment;   /* NULL = none at hand */
	const struct account *account;       /* NULL = none */
	struct money_port money;
	struct str product;                  /* key of the product that FACT_PRODUCT speaks of; "" = none */
};
void person_facts(struct engine *g, uint32_t person, const struct live_program *lp, const struct enrolment *en, struct person_facts *ret);
/* Is a standing condition of the person's own program true? A lazy one is worked out when first asked for, and then kept until the
 * next alarm of the person's conditions; whoever still waits for it asks again then. */
bool person_holds(struct engine *g, uint32_t person, uint32_t condition);
/* The same for a condition of any kept program: looked up by its text, else worked out; *ret_expiry as in cond_true. */
bool person_holds_of(struct engine *g, uint32_t person, const struct live_program *lp, uint32_t condition, wall *ret_expiry);

/* ---------------------------------------------------------------- the engine */

struct engine_rules;
/* Triggers of enrolments, as they were parsed for the entry at hand: one is asked for many times in a row. */
enum { TRIGGERS_PARSED = 4 };
struct parsed_trigger { const struct frozen_event *of; struct event_view view; };
/* What may still happen within the entry at hand. */
struct said { struct str name; const struct json *properties; };
struct said_of { uint32_t person; struct said said; };
struct changed { enum fact_root root; struct str name; const struct json *from, *to; };
struct at_hand {
	uint32_t person;
	const struct live_program *program;  /* the person's, which need not be the latest */
	uint64_t seq;                        /* entry at hand; 0 = time alone */
	struct str what;                     /* its name, for reasons: "Product Added", "time" */
	bool history;                        /* nothing may start or be sent */
	uint64_t *stale;                     /* [word]: conditions to work out */
	bool any_stale;
	bool newborn;                        /* first entry of this person: moves are told once, at its end */
	bool all_models;                     /* every model is asked for its stage */
	bool of_account;                     /* the event is a colleague's */
	struct person_facts facts;
	const struct event_view *event;
	VEC(uint32_t) turned;                /* conditions that became true */
	VEC(struct changed) changes;         /* texts and JSON in the scratch arena */
	VEC(struct said) said;
	bool look_again;                     /* consent or an address changed */
};

/* Shared: seen by each person at its instant when next touched, and by all in a sweep. */
struct shared_change {
	uint64_t seq;
	wall at;
	struct live_program *program, *before;   /* of a program entry; NULL otherwise */
	struct arena *arena;                 /* of a catalogue entry's changes */
	struct catalog_change *things; size_t n_things;
};
struct account_news { struct str name; struct value old, now; };   /* a trait of an account has changed */
struct alarm { wall at; uint32_t person; };
struct suppression { uint64_t hash; wall since, until; struct str reason; uint32_t earlier; };
struct stream {
	struct str text;                     /* kept; features_text */
	uint64_t hash;                       /* of text and shape: its name on disk */
	bool by_account;
	bool missing;                        /* needs back-fill over [1, until] */
	uint64_t until;                      /* seq when it was declared */
	uint64_t fed, amended;               /* number of the feed that reached it last */
	const struct live_program *amended_by;
	uint32_t users;                      /* kept programs that read it */
	bool dead;                           /* nobody reads it any more: it is not fed, so it is not taken up again */
	bool absent;                         /* declared after the state that was loaded: rows are not in it */
};

struct engine {
	struct tz_set *zones;
	uint8_t hash_key[16];
	struct engine_options options;
	const struct engine_rules *rules;    /* NULL = life; of a story: hand_priv.h */

	/* clock and order */
	wall now;                            /* decisions are made at this instant: `at` of the first entry that reached it */
	wall instant;                        /* what is true is dated by this one: <= now */
	wall latest;                         /* `at` of the latest entry */
	uint64_t position;                   /* seq of the latest entry */
	bool replaying;
	wall live_since;                     /* `at` of the first live entry; WALL_NEVER = in history */
	wall history_until;                  /* `at` of the latest entry before it */
	struct decisions *d;                 /* NULL = for state only */
	struct arena scratch;                /* reset with each entry */
	struct at_hand at_hand;
	struct parsed_trigger parsed[TRIGGERS_PARSED];   /* in the scratch arena, as long as it was emptied so often */
	uint64_t parsed_in;
	uint32_t next_parsed;
	size_t enrolments;                   /* live ones, of all people (kept by journeys) */
	VEC(wall) reached;                   /* `at` of entries since the oldest alarm still due, ascending */

	/* people */
	struct people people;
	struct person **persons;             /* in pages like people.pages */
	uint32_t n_person_pages;
	VEC(struct alarm) alarms;            /* a heap by (at, person) */
	uint32_t *alarm_places;              /* [person - 1]: in the heap, from 1; 0 = no alarm. Apart, for the heap writes many of them */
	VEC(struct alarm) waiting;           /* set aside in a replay: their rows are newer than the entry */
	VEC(uint64_t) dirty;                 /* bit a number */
	uint64_t *stale; size_t n_stale;     /* memory of at_hand.stale */
	VEC(struct said_of) others;          /* said about people who are not at hand */
	struct idmap messages;               /* first 8 bytes of a message id → recipient, while open (kept by journeys) */

	/* shared */
	struct live_program *live;           /* the latest program; NULL before the first */
	struct live_program *kept;
	VEC(struct stream) streams;
	VEC(struct stream_shape) shapes;     /* beside streams */
	struct strmap stream_of_text;        /* the newest of that text */
	struct idmap stream_of_hash;
	VEC(uint64_t) versions;              /* programs that were live, in order */
	uint64_t feeds;
	struct catalog *catalog;
	struct strmap account_of_id;
	VEC(struct account *) accounts;      /* number - 1 */
	VEC(struct account_news) news;
	bool zone_news;                      /* the account's zone is another */
	VEC(struct suppression) suppressions;
	struct interner names;               /* names from documents that messages and reasons carry (kept by journeys) */
	VEC(struct entry_limit) limits;      /* of journeys whose entries are paced (kept by journeys) */
	struct idmap suppressed;             /* hash → index + 1 of the latest */
	VEC(struct shared_change) changes;   /* not yet seen by everybody, by seq */
	uint32_t sweep;                      /* next person that the sweep looks at; 0 = nothing to do */
	size_t alarms_per_tick;              /* LIMIT_ALARMS_PER_TICK; tests make it small */
	uint64_t rung, worked_out;           /* alarms, conditions: for metrics */
	bool unused_programs;
	VEC(struct program *) retired;       /* older than the state that was loaded */
	bool loading;                        /* between engine_shared_load and engine_loaded */
};

/* The facts of the person at hand, once more. */
static inline void
facts_again(const struct engine *g, struct person_facts *ret)
{
	*ret = g->at_hand.facts;
	ret->facts.self = ret;
	ret->facts.money = &ret->money;
	ret->enrolment = NULL;
	ret->product = (struct str){0};
}

static inline struct person *
person_at(const struct engine *g, uint32_t number)
{
	return &g->persons[(number - 1) / PEOPLE_PAGE][(number - 1) % PEOPLE_PAGE];
}

void rows_unpack(struct engine *g, struct profile *p);            /* snapshot.c */
void rows_unpack_all(struct engine *g);
/* The rows of a person. */
static inline struct row_sets *
person_rows(struct engine *g, struct profile *p)
{
	if (p->rows.packed_len)
		rows_unpack(g, p);
	return &p->rows;
}

/* ---------------------------------------------------------------- what files tell each other */

/* engine.c */
/* The person at hand: what is true is dated by `instant`, what is decided by `decided`. */
void person_begin(struct engine *g, uint32_t person, wall instant, wall decided, uint64_t seq, struct str what, bool history);
void person_end(struct engine *g);
void persons_reach(struct engine *g, uint32_t number);
void others_live(struct engine *g);
/* Brings a person to just before `upto`, the entry (at, seq): alarms, then shared changes, by time. */
void person_catch_up(struct engine *g, uint32_t person, wall at, uint64_t seq);
/* Runs what is stale, then journeys, in rounds. */
void person_live(struct engine *g);
void person_touch(struct engine *g, uint32_t person);             /* marks the row dirty, makes room */

/* For steps and outcomes, within the entry at hand; take effect in its next round. */
void engine_said(struct engine *g, uint32_t person, struct str name, const struct json *properties);
/* path: "trait.plan", "preference.frequency", "topic.offers". */
void engine_set_trait(struct engine *g, uint32_t person, struct str path, const struct value *v);
void engine_set_consent(struct engine *g, uint32_t person, struct str channel, struct str purpose, bool granted, struct str how);
/* Conditions that read this group (enum cond_reads) are to be worked out again, e.g. READS_JOURNEYS. */
void engine_stale(struct engine *g, uint32_t reads);

/* conditions.c: of the person at hand */
void stale_stream(struct engine *g, uint32_t stream);             /* its rows were amended */
void stale_added(struct engine *g, uint32_t stream, wall happened);   /* a row was added */
void stale_all(struct engine *g);
void stale_timed(struct engine *g);                              /* an alarm rings */
void conditions_run(struct engine *g);
void tell_first_stages(struct engine *g);
void standing_be_born(struct engine *g);                         /* the person at hand, of whom nothing is known yet */
struct standing *standing_new(const struct live_program *lp);
struct standing *standing_under(const struct standing *before, const struct live_program *lp);
void standing_enter(struct engine *g, uint32_t person);
void standing_leave_sets(struct engine *g, uint32_t person);      /* out of all sets, without anything becoming false */
void standing_leave(struct engine *g, uint32_t person);           /* for ever */

/* alarms.c */
wall person_due(const struct engine *g, uint32_t person);         /* by conditions_due and journeys_due */
void alarm_set(struct engine *g, uint32_t person);
void alarms_fire(struct engine *g, wall at, size_t most);
void alarms_reach(struct engine *g, wall at);                     /* an entry has come */
void alarms_wake_waiting(struct engine *g);
void alarm_pull(struct engine *g, uint32_t person, wall at);      /* earlier, if it is later or none */
void alarm_remove(struct engine *g, uint32_t person);
/* `at` of the first entry that reached this instant; *ret_history: it was history. */
wall alarm_decided(const struct engine *g, wall instant, bool *ret_history);

/* take_in.c: what an entry says about the person at hand. */
void take_in(struct engine *g, const struct entry *en);
/* Its share in what the account keeps; for entries that the person's row contains already. */
void take_in_shared(struct engine *g, const struct entry *en);
/* An event that the fold derives itself reaches the rows. */
void take_in_said(struct engine *g, const struct event_view *ev);
void note_change(struct engine *g, enum fact_root root, struct str name, const struct value *old /* dropped */, const struct value *now);
void event_of_entry(const struct entry *en, struct event_view *ret);
bool is_event(const struct entry *en);

/* shared.c: what concerns everybody. */
struct live_program *program_of_body(struct engine *g, const struct json *body, struct err *e);   /* NULL: e says why */
bool is_shared(const struct entry *en);
void shared_apply(struct engine *g, const struct entry *en);
const struct shared_change *change_unseen(const struct engine *g, uint32_t person);
void person_see(struct engine *g, uint32_t person, const struct shared_change *c);
void sweep_slice(struct engine *g, uint32_t most);
void changes_release(struct engine *g);
/* accounts.c */
uint32_t account_open(struct engine *g, struct str id);
void account_join(struct engine *g, uint32_t person, uint32_t account);   /* the person at hand, or one being loaded */
void account_leave(struct engine *g, uint32_t person);
/* Colleagues (all but one) hear of the account's news and of what listens by account; ev may be NULL. */
void account_hear(struct engine *g, uint32_t account, uint32_t but, const struct event_view *ev, bool history);
void accounts_save(struct engine *g, struct buf *out, void (*write_rows)(struct engine *g, const struct row_sets *sets, struct buf *out));
void accounts_load(struct engine *g, struct reader *r);
/* Sets g->news; account_hear tells and clears them. */
void account_apply(struct engine *g, uint32_t account, const struct json *traits, const struct entry *en);
void accounts_release(struct engine *g);

/* snapshot.c: the rows of streams that kept programs read, by the hash of their text. */
void stream_name(struct engine *g, uint32_t stream);              /* sets its hash */
void rows_write(struct engine *g, const struct row_sets *sets, struct buf *out);
void rows_read(struct engine *g, struct row_sets *sets, struct reader *r);
/* admit.c */
void suppress_apply(struct engine *g, const struct entry *en);
void suppressions_save(const struct engine *g, struct buf *out);
void suppressions_load(struct engine *g, struct reader *r);

/* Suppressed as of this instant? *ret_reason may be NULL. */
bool engine_suppressed(const struct engine *g, uint64_t address_hash, wall as_of, struct str *ret_reason);
/* The person's account: members by number; NULL = none. */
struct account *account_at(const struct engine *g, uint32_t number);
const struct tz *person_zone(const struct engine *g, uint32_t person);
bool person_reachable(const struct engine *g, uint32_t person);   /* somebody, not erased, not set aside */
struct money_port engine_money(struct engine *g);

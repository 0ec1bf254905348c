/* hand_priv.h -- what the journey files of the engine share: an enrolment taken in hand, and each other's functions. */
#pragma once
#include "engine/engine_priv.h"
#include "profile/address.h"
#include "base/str.h"

enum { STARTS_MAX = 256, CONTACTS_MAX = 256, LIMITS_MAX = 4096 };

/* ---------------------------------------------------------------- small lists */

/* Most people have one or two of each thing: room is made for little more than there is. */
#define tight_push(v)                                                                                  \
	((v)->len < (v)->cap ? (void)0 :                                                               \
	    (void)((v)->cap = (v)->len + 1 + (v)->len / 4, (v)->items = mem_realloc((v)->items, (v)->cap * sizeof(*(v)->items))), \
	 vec_push(v))

/* ---------------------------------------------------------------- texts on the heap */

static inline void
heap_drop(struct str *s)
{
	mem_free((char *)(uintptr_t)s->ptr);
	*s = (struct str){0};
}

static inline void
heap_set(struct str *to, struct str s)
{
	char *p = NULL;
	if (s.len) {
		p = mem_alloc(s.len);
		memcpy(p, s.ptr, s.len);
	}
	mem_free((char *)(uintptr_t)to->ptr);
	*to = (struct str){p, s.len};
}

/* ---------------------------------------------------------------- rules of a story or an example */

/* How a run in virtual time differs from life: which journeys run, who falls into which arm, who hears what is done. */
struct forced_arm { struct str experiment, arm; };
struct engine_rules {
	bool nobody_held_out;
	const struct str *only; size_t n_only;       /* journeys that run; n_only 0 = all */
	const struct forced_arm *arms; size_t n_arms;
	/* Tasks, audiences, traits set: what is no message. kind is a step kind; data may be NULL. */
	void (*hear)(void *self, uint32_t person, const struct enrolment *en, const struct step_def *s, struct str what, const struct json *data);
	void *self;
};

static inline bool
rules_allow(const struct engine_rules *r, struct str journey)
{
	for (size_t i = 0; i < r->n_only; i++)
		if (str_eq(r->only[i], journey))
			return true;
	return r->n_only == 0;
}

/* ---------------------------------------------------------------- the engine, as journeys see it */

static inline struct journeys *
journeys_of(const struct engine *g, uint32_t person)
{
	return person_at(g, person)->journeys;
}

/* Names from documents: few, and the same for everybody; kept as long as the engine. */
static inline struct str
shared_text(struct engine *g, struct str s)
{
	return s.len ? intern_name(&g->names, intern(&g->names, s)) : (struct str){0};
}

struct journeys *journeys_make(struct engine *g, uint32_t person);

/* The program whose policy and segments hold for the person at hand: always the current one. */
static inline const struct live_program *
current_program(const struct engine *g)
{
	return g->at_hand.program ? g->at_hand.program : g->live;
}

struct members { const uint32_t *items; size_t n; };
/* Everybody of the person's account, in order of number; nobody when there is none. */
static inline struct members
members_of(const struct engine *g, uint32_t person)
{
	uint32_t number = profile_at(&g->people, person)->account;
	const struct account *a = number ? account_at(g, number) : NULL;
	return a ? (struct members){a->members.items, a->members.len} : (struct members){NULL, 0};
}

/* ---------------------------------------------------------------- an enrolment in hand */

/* Everything that the conditions of an enrolment (or of somebody about to enter) may ask. Lives on the stack. */
struct hand {
	struct person_facts facts;
	struct event_view trigger;
	struct moment m;
};
/* en NULL: nobody has entered yet; then m is the caller's to fill. */
void hand_of(struct engine *g, uint32_t person, const struct live_program *lp, const struct enrolment *en, struct hand *ret);
struct str product_in(const struct event_view *ev);
struct outcome hand_eval(struct engine *g, const struct hand *h, const struct cond *c);
bool hand_true(struct engine *g, const struct hand *h, const struct cond *c, wall *ret_expiry);

/* ---------------------------------------------------------------- enrol.c */

bool enrolment_is_over(const struct enrolment *en);
bool enrolment_runs(const struct enrolment *en);              /* walks its steps: neither over nor held out */
void enrolment_tell(struct engine *g, uint32_t person, const struct enrolment *en);
void enrolment_move(struct engine *g, uint32_t person, struct enrolment *en, enum enrolment_state to, struct str reason);
void enrolment_end(struct engine *g, uint32_t person, struct enrolment *en, enum enrolment_state to, struct str reason);
void enrolment_free(struct engine *g /* NULL: all is being freed */, struct enrolment *en);
void enrolments_purge(struct engine *g, uint32_t person, struct journeys *js);
/* One that this person's enrolments hold already, or a new one; texts are copied. */
struct frozen_event *frozen_event_take(const struct journeys *js, const struct frozen_event *wanted);
void frozen_event_drop(struct frozen_event *f);
/* The trigger has happened: once for each item, if the person fits. m->trigger is the event. */
void enter_journey(struct engine *g, uint32_t person, const struct live_program *lp, const struct journey_def *j, const struct moment *m);
/* For explain: may they begin again, as a sentence; are they held out? */
struct str enrolment_again(struct engine *g, uint32_t person, const struct journey_def *j);
bool enrolment_held_out(struct engine *g, uint32_t person, const struct journey_def *j);
void enrolment_write_json(const struct enrolment *en, struct json_writer *w);
struct enrolment *enrolment_find(const struct journeys *js, uint32_t made_for, uint32_t number);

/* ---------------------------------------------------------------- journeys.c */

/* When to look again, after something moved. */
void journeys_reckon(struct engine *g, uint32_t person);

/* ---------------------------------------------------------------- steps.c */

/* Walks from the step that the enrolment stands on, newly reached, until it waits or ends. */
void steps_begin(struct engine *g, uint32_t person, struct enrolment *en);
/* Goes on behind a step: `to` is the first step of a way, STEP_NONE the step's own next one. */
void steps_go_on(struct engine *g, uint32_t person, struct enrolment *en, uint16_t to);
/* What a step did: go on at a step (STEP_NONE: at the next one), or stay. */
struct went { bool on; uint16_t to; };
struct went wait_until_look(struct engine *g, uint32_t person, struct enrolment *en, const struct step_def *s);
struct step_memory *memory_of(struct enrolment *en, uint16_t step);               /* NULL = never reached */
struct step_memory *memory_make(struct enrolment *en, uint16_t step);
void audiences_leave(struct engine *g, uint32_t person, struct enrolment *en);
const struct json *step_data(struct engine *g, const struct hand *h, const struct step_def *s);

/* ---------------------------------------------------------------- intent.c */

void send_begin(struct engine *g, uint32_t person, struct enrolment *en, const struct step_def *s);
/* Messages of this person that are due, or held and asked to look: by rank. True when something was decided. */
bool intents_settle(struct engine *g, uint32_t person);
void intents_cancel(struct engine *g, uint32_t person, struct enrolment *en);
size_t intents_of(struct engine *g, uint32_t person, const struct enrolment *en);
bool intent_could_go(struct engine *g, uint32_t person, const struct journey_def *j);
/* The row's texts by number, for saving and freeing. */
struct str *message_text(struct message *m, size_t field);
void message_text_set(struct engine *g, struct message *m, size_t field, struct str s);
size_t message_texts(void);
uint64_t message_key(struct message_id id);
void open_add(struct engine *g, uint32_t recipient, struct open_message *om);
bool intent_decide(struct engine *g, uint32_t recipient, struct open_message *om);
struct verdict intent_verdict(struct engine *g, uint32_t recipient, const struct open_message *om);
void contacts_prune(struct engine *g, struct journeys *js);
wall intent_due(const struct open_message *om);
struct open_message *open_find(const struct journeys *js, struct message_id id);
void open_free(struct open_message *om);
void message_tell(struct engine *g, const struct open_message *om);
/* The message has its final state: the row leaves, the step that sent it hears. */
void message_end(struct engine *g, uint32_t recipient, struct open_message *om, enum message_state to, enum reason reason, struct str detail);
void contact_refund(struct engine *g, uint32_t recipient, struct open_message *om);

/* What the policy says of one offer of a send now, question by question. */
void intent_explain(struct engine *g, uint32_t person, const struct live_program *lp, const struct journey_def *j, const struct step_def *s,
    const struct offer *offer, struct json_writer *w);
/* Marketing by e-mail: would the law and the person allow it? */
bool intent_lawful_by_email(struct engine *g, uint32_t person);

/* ---------------------------------------------------------------- marks.c */

/* Opens, clicks, bounces, tasks done: into the memory of the steps. */
void deeds_hear(struct engine *g, uint32_t person, const struct event_view *ev);
/* Unsubscribed, marked as spam. */
void deeds_consent(struct engine *g, uint32_t person, const struct event_view *ev);

/* ---------------------------------------------------------------- journey_index.c */

enum trigger_part { KEEP_PROPERTIES = 1, KEEP_CONTEXT = 2 };
struct listener { uint16_t journey, trigger; };
struct account_listener { int kind; struct str name; };
struct listeners { const struct listener *items; size_t n; };
/* What a step would say on a channel, as conditions of the policy read it: written and parsed once a program. */
struct made_intent { const struct step_def *step; enum channel channel; struct str template, text; const struct json *json; };
struct journey_index {
	struct arena arena;                  /* of made intents */
	VEC(struct made_intent) intents;
	uint32_t any_place[3][ENTRY_KIND_COUNT];   /* of those that listen to any name: entries, shadows, evidence; 0 = nobody */
	struct strmap by_event;              /* "1Order Completed" → place in lists, of entries */
	VEC(struct listener) entries;        /* by event: runs, each ended by one with journey UINT16_MAX */
	VEC(struct listener) changes;        /* entries by change */
	VEC(struct listener) dates;          /* entries by date and schedule */
	VEC(struct listener) becomes;        /* entries by becomes */
	struct strmap shadows_by_event;
	VEC(struct listener) shadows, shadow_becomes;
	struct strmap evidence_by_event;
	VEC(struct listener) evidence;       /* journey = place in program->evidence */
	VEC(struct account_listener) by_account;   /* what is listened to `by account` */
	bool dates_depend;                   /* on what the person does: not only schedules */
	uint8_t *keeps;                      /* by journey: what of its trigger is read later, enum trigger_part */
};
struct listeners index_entries(const struct journey_index *ix, int kind, struct str name);
struct listeners index_evidence(const struct journey_index *ix, int kind, struct str name);
struct listeners index_shadows(const struct journey_index *ix, int kind, struct str name);
bool trigger_hears(const struct trigger *t, const struct event_view *ev);

/* ---------------------------------------------------------------- observe.c */

void touch(struct engine *g, uint32_t person, struct str activity, enum touch_kind kind);

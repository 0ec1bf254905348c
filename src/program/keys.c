/* The table of keys. The order of a table is the order in which editors and docs show it. */
#include "program/keys.h"
#include "base/str.h"

#define MUST true
#define SHAPE(id, text)                                                                    \
	static const struct shape id##_shape = {text, id##_keys, COUNT(id##_keys)}

/* ---------------------------------------------------------------- program.yaml */

static const struct key_def brand_keys[] = {
    {"name", KEY_TEXT, MUST, "What the business is called in its messages."},
    {"url", KEY_TEXT, false, "Its home page; links of the shipped templates begin with it."},
    {"logo", KEY_TEXT, false, "Address of a logo picture, 2x, at most 320 px wide."},
    {"colour", KEY_TEXT, false, "Colour of buttons and links, such as #0b6e4f."},
    {"address", KEY_TEXT, false, "Postal address for the foot of marketing mail; most laws ask for it."},
    {"support", KEY_TEXT, false, "Mail address that answers questions."},
    {"phone", KEY_TEXT, false, "Phone number that answers questions."},
    {"shop_url", KEY_TEXT, false, "Where shopping begins, if not at url."},
    {"cart_url", KEY_TEXT, false, "The cart."},
    {"account_url", KEY_TEXT, false, "The customer's own pages."},
    {"review_url", KEY_TEXT, false, "Where reviews are written."},
    {"signature", KEY_TEXT, false, "Who signs personal mails, such as: Anna, founder."},
};
SHAPE(brand, "brand");
static const struct key_def tracking_keys[] = {
    {"opens", KEY_WORD, false, "yes, no, or with consent (the rule of the EU region).", .words = "yes|no|with consent"},
    {"clicks", KEY_WORD, false, "yes, no, or with consent (the rule of the EU region).", .words = "yes|no|with consent"},
};
SHAPE(tracking, "tracking");
static const struct key_def program_keys[] = {
    {"program", KEY_NAME, MUST, "The program's name."},
    {"label", KEY_LABEL, false, "What people call it."},
    {"note", KEY_TEXT, false, "A remark that survives."},
    {"market", KEY_WORD, false, "Whom the business sells to.", .words = "b2c|b2b|both"},
    {"region", KEY_TEXT, false, "EU turns on consent to tracking."},
    {"zone", KEY_TEXT, false, "Time zone of people whose own is not known, such as Europe/Helsinki."},
    {"currency", KEY_TEXT, false, "Every money field is counted in this, such as EUR."},
    {"rates", KEY_ANY, false, "Other currencies that amounts come in: a list, or { SEK: 0.09 } with a first rate."},
    {"locales", KEY_TEXTS, false, "Languages of the templates; the first is what people without a language get."},
    {"leap birthdays", KEY_WORD, false, "When people born on 29 February have their day in other years.", .words = "28 feb|1 mar"},
    {"workdays", KEY_TEXT_OR_LIST, false, "monday to friday, or a list of days."},
    {"holidays", KEY_TEXT_OR_LIST, false, "A country's calendar, such as FI, or a list of countries and dates."},
    {"shard by", KEY_WORD, false, "account: people of one company are folded together.", .words = "person|account"},
    {"primary lifecycle", KEY_NAME, false, "The model that `stage` means."},
    {"lifecycles", KEY_TEXTS, false, "Models that are on; without this key all in lifecycle/ are."},
    {"holdout", KEY_SHARE, false, "Share of all people that no journey with a purpose that may be held out writes to."},
    {"brand", KEY_OBJECT, false, "What templates say about the business.", &brand_shape},
    {"senders", KEY_VALUES, false, "Names that `from` may use: default: Shop <shop@example.com>."},
    {"reply to", KEY_TEXT, false, "Address that answers go to."},
    {"tracking", KEY_OBJECT, false, "Whether opens and clicks are measured.", &tracking_shape},
};
SHAPE(program, "program");

/* ---------------------------------------------------------------- vocabulary.yaml */

static const struct key_def amends_keys[] = {
    {"event", KEY_TEXT, MUST, "The earlier event that this one changes."},
    {"same", KEY_TEXT, MUST, "The property that links the two, such as order_id."},
    {"effect", KEY_TEXT, MUST, "void, or: subtract total."},
};
SHAPE(amends, "amendment");
static const struct key_def vocabulary_keys[] = {
    {"vocabulary", KEY_NAME, MUST, "Its name."},
    {"note", KEY_TEXT, false, "A remark that survives."},
    {"money", KEY_TEXTS, false, "Property names that are amounts of money anywhere."},
    {"lists", KEY_EVENTS, false, "What the items of lists look like."},
    {"events", KEY_EVENTS, false, "Events and their properties."},
    {"amends", KEY_MAP, false, "What later events do to earlier ones.", &amends_shape},
    {"engine", KEY_EVENTS, false, "Events that Perennial itself writes."},
    {"traits", KEY_TYPES, false, "What is known about a person."},
    {"account traits", KEY_TYPES, false, "What is known about a company."},
    {"preferences", KEY_TYPES, false, "What people chose for themselves."},
    {"topics", KEY_TEXTS, false, "What people may subscribe to."},
    {"predictions", KEY_TYPES, false, "Scores that `predict.x` may name."},
    {"catalogue", KEY_EVENTS, false, "Fields of products, stores, offers, content."},
};
SHAPE(vocabulary, "vocabulary");

/* ---------------------------------------------------------------- segments, lifecycle, goals, evidence */

static const struct key_def segment_keys[] = {
    {"segment", KEY_NAME, MUST, "Its name, used as: in segment \"name\"."},
    {"label", KEY_LABEL, false, "What people call it."},
    {"note", KEY_TEXT, false, "A remark that survives."},
    {"persona", KEY_WORD, false, "Set when the segment describes a kind of person.", .words = "demographic|behavioural|psychographic"},
    {"when", KEY_CONDITION, MUST, "Who belongs to it."},
};
SHAPE(segment, "segment");
static const struct key_def stage_keys[] = {
    {"stage", KEY_NAME, MUST, "Its name."},
    {"label", KEY_LABEL, false, "What people call it."},
    {"note", KEY_TEXT, false, "A remark that survives."},
    {"when", KEY_CONDITION, false, "Who stands here; people stand in the furthest stage that holds."},
    {"goal", KEY_CONDITION, false, "What this stage wants to reach."},
    {"of", KEY_WORD, false, "business: a stage of the business's own work; people never stand in it.", .words = "business|people"},
};
SHAPE(stage, "stage");
static const struct key_def example_keys[] = {
    {"it", KEY_TEXT, MUST, "What the example shows, in words that follow \"it\"."},
    {"note", KEY_TEXT, false, "A remark that survives."},
    {"person", KEY_TEXT, MUST, "Who: a name of people.yaml."},
    {"but", KEY_ANY, false, "What is different about this person here."},
    {"account", KEY_ANY, false, "Traits of the person's company."},
    {"predict", KEY_ANY, false, "Predictions of the person."},
    {"also", KEY_TEXTS, false, "Journeys that run beside this one."},
    {"arms", KEY_VALUES, false, "Which arm of an experiment the person falls into."},
    {"past_mails", KEY_COUNT, false, "Mails sent and ignored in the 80 days before the story."},
    {"story", KEY_ANY, false, "What happens, in order of time, in the person's own zone."},
    {"from", KEY_TEXT, false, "When the example begins, if not with the story."},
    {"until", KEY_TEXT, false, "When it ends, if not 75 days after the story."},
    {"expect", KEY_ANY, false, "All messages, tasks and stages, exactly these."},
};
SHAPE(example, "example");
static const struct key_def lifecycle_keys[] = {
    {"lifecycle", KEY_NAME, MUST, "Its name."},
    {"label", KEY_LABEL, false, "What people call it."},
    {"note", KEY_TEXT, false, "A remark that survives."},
    {"stages", KEY_LIST, MUST, "In the order of the path.", &stage_shape},
    {"order", KEY_TEXTS, false, "How it is drawn, where that differs from how it is decided."},
    {"examples", KEY_LIST, false, "Lives that check runs in virtual time; expect lists the moves.", &example_shape},
};
SHAPE(lifecycle, "lifecycle");
static const struct key_def goal_document_keys[] = {
    {"goal", KEY_NAME, MUST, "Its name."},
    {"label", KEY_LABEL, false, "What people call it."},
    {"note", KEY_TEXT, false, "A remark that survives."},
    {"stage", KEY_NAME, false, "Stage of the primary model whose activities this conversion values."},
    {"on", KEY_TRIGGERS, MUST, "What counts as the conversion."},
    {"value", KEY_VALUE, false, "What one is worth: event.total, or an amount such as 5 EUR."},
    {"within", KEY_LENGTH, false, "How long after a touch it still counts."},
};
SHAPE(goal_document, "goal");
static const struct key_def evidence_keys[] = {
    {"evidence", KEY_NAME, MUST, "An activity of the catalogue."},
    {"note", KEY_TEXT, false, "A remark that survives."},
    {"seen in", KEY_TRIGGERS, MUST, "Events that show that somebody else carries it out."},
    {"if", KEY_CONDITION, false, "Only for these people."},
    {"at least", KEY_TEXT, false, "20 people: fewer prove nothing."},
    {"spread over", KEY_TEXT, false, "2 days or more of 30d."},
};
SHAPE(evidence, "evidence");

/* ---------------------------------------------------------------- journeys */

static const struct key_def entry_keys[] = {
    {"on", KEY_TRIGGERS, MUST, "What makes somebody enter."},
    {"if", KEY_CONDITION, false, "Asked once, at the trigger. No consent here: the policy asks for it when a message goes."},
    {"each", KEY_TEXT, false, "One enrolment for each item of this list."},
    {"per", KEY_VALUE, false, "One enrolment for each of these values."},
    {"again", KEY_TEXT, false, "never (as without this key), always, or: after 7d, counted from the last start."},
    {"already", KEY_WORD, false, "What happens at go-live to those who fulfil `becomes` already.", .words = "ignore|enter"},
    {"late", KEY_WORD, false, "What happens when the date passed before it was known.", .words = "skip|enter"},
    {"limit", KEY_TEXT, false, "At most so many, such as: 100 in 1h."},
};
SHAPE(entry, "entry");
static const struct key_def exit_keys[] = {
    {"on", KEY_TRIGGERS, false, "Leaves at this event."},
    {"when", KEY_CONDITION, false, "Leaves at the instant at which this becomes true."},
};
SHAPE(exit, "exit");
static const struct key_def goal_keys[] = {
    {"on", KEY_TRIGGERS, MUST, "The conversion."},
    {"within", KEY_LENGTH, false, "Counted from the entry, for the held-out group too."},
    {"value", KEY_VALUE, false, "Value of that event, such as event.total."},
};
SHAPE(goal, "goal of a journey");
static const struct key_def journey_keys[] = {
    {"journey", KEY_NAME, MUST, "Its id; the file is named like it."},
    {"label", KEY_LABEL, false, "What people call it."},
    {"note", KEY_TEXT, false, "A remark that survives."},
    {"activity", KEY_NAME, false, "What it carries out, in the activity catalogue."},
    {"purpose", KEY_NAME, MUST, "Of the policy; default of its messages."},
    {"topic", KEY_NAME, false, "Of the vocabulary; people who left it get nothing."},
    {"subject", KEY_WORD, false, "Whom one enrolment is for.", .words = "person|account"},
    {"entry", KEY_OBJECT, MUST, "How one gets in.", &entry_shape},
    {"exit", KEY_OBJECT, false, "What ends it early.", &exit_shape},
    {"goal", KEY_OBJECT, false, "The conversion that it is for.", &goal_shape},
    {"holdout", KEY_SHARE, false, "Share left alone, so that the effect can be measured."},
    {"with", KEY_VALUES, false, "Names for things that several steps speak of."},
    {"variants", KEY_VARIANTS, false, "Default variants of its messages, the first that holds."},
    {"steps", KEY_STEPS, MUST, "What is done, in order."},
    {"examples", KEY_LIST, false, "Stories that check runs in virtual time.", &example_shape},
    {"paused", KEY_YES_NO, false, "yes: nobody moves on."},
    {"draining", KEY_YES_NO, false, "yes: those inside finish, nobody enters."},
};
SHAPE(journey, "journey");

#define STEP_COMMON                                                                                       \
	{"name", KEY_NAME, false, "For conditions (message.<name>.opened) and stable across versions."}, \
	    {"if", KEY_CONDITION, false, "Skipped when not so."},                                        \
	    {"activity", KEY_NAME, false, "Of the catalogue, when it is another than the journey's."},   \
	    {"note", KEY_TEXT, false, "A remark that survives."}
#define STEP_LIMITED                                                              \
	{"up to", KEY_VALUE, MUST, "The longest that it waits."},                 \
	    {"then", KEY_STEPS, false, "Steps when it came."},                    \
	    {"else", KEY_STEPS, false, "Steps when the time was up."}

static const struct key_def step_wait_keys[] = {
    {"wait", KEY_VALUE, MUST, "2d, or: until tuesday 10:00, or: 0.85 * rhythm."}, STEP_COMMON};
static const struct key_def step_wait_for_keys[] = {
    {"wait for", KEY_TRIGGERS, MUST, "An event, by this person or account."}, STEP_LIMITED, STEP_COMMON};
static const struct key_def step_wait_until_keys[] = {
    {"wait until", KEY_CONDITION, MUST, "A condition that may become true."}, STEP_LIMITED, STEP_COMMON};
static const struct key_def step_send_keys[] = {
    {"send", KEY_TEXT_OR_LIST, MUST, "channel and template, such as: email cart_reminder; of a list the first that may go."},
    {"to", KEY_VALUE, false, "people where (…): others of the account."},
    {"from", KEY_TEXT, false, "A sender of program.yaml."},
    {"purpose", KEY_NAME, false, "When it is another than the journey's."},
    {"topic", KEY_NAME, false, "When it is another than the journey's."},
    {"priority", KEY_WORD, false, "Which goes first when two want the same room.", .words = "low|normal|high"},
    {"value", KEY_VALUE, false, "What it may bring; decides between equals."},
    {"at", KEY_VALUE, false, "tuesday 10:00: policy and clock are asked together."},
    {"expires", KEY_VALUE, false, "12h, end of day, or a date: later it does not go at all."},
    {"tags", KEY_TEXTS, false, "Words that the policy's rules may ask for."},
    {"variants", KEY_VARIANTS, false, "Of the template, the first that holds."},
    {"data", KEY_VALUES, false, "What the template reads, by name."},
    STEP_COMMON};
static const struct key_def step_branch_keys[] = {
    {"branch", KEY_BRANCHES, MUST, "The first that holds; arms meet again."}, STEP_COMMON};
static const struct key_def arm_keys[] = {
    {"arm", KEY_NAME, MUST, "Its name."},
    {"share", KEY_SHARE, MUST, "Of those who come by; all together 100%."},
    {"note", KEY_TEXT, false, "A remark that survives."},
    {"then", KEY_STEPS, false, "Its steps."},
};
SHAPE(arm, "arm");
static const struct key_def step_split_keys[] = {
    {"split", KEY_NAME, MUST, "Name of the experiment: the same person always falls into the same arm."},
    {"arms", KEY_LIST, MUST, "The arms.", &arm_shape}, STEP_COMMON};
static const struct key_def step_set_keys[] = {
    {"set", KEY_VALUES, MUST, "trait.x: value, or consent.email.marketing: false."}, STEP_COMMON};
static const struct key_def step_task_keys[] = {
    {"task", KEY_TEXT, MUST, "kind and name, such as: phone recovery_call."},
    {"to", KEY_VALUE, false, "Who does it: a name, or account.owner."},
    {"due", KEY_VALUE, false, "By when, such as: 1 workday."},
    {"data", KEY_VALUES, false, "What the one who does it should know."},
    STEP_COMMON};
static const struct key_def step_audience_keys[] = {
    {"audience", KEY_NAME, MUST, "Name of the audience."},
    {"on", KEY_TEXT, false, "Where: meta, google, linkedin, …"},
    {"until", KEY_WORD, false, "left: taken out again when the enrolment ends.", .words = "left"},
    STEP_COMMON};
static const struct key_def step_go_to_keys[] = {{"go to", KEY_NAME, MUST, "Name of a step."}, STEP_COMMON};
static const struct key_def step_exit_keys[] = {{"exit", KEY_TEXT, MUST, "The reason, for reports."}, STEP_COMMON};

#define STEP(id, text) {text, step_##id##_keys, COUNT(step_##id##_keys)}
const struct shape step_shapes[] = {
    STEP(wait_for, "wait for"), STEP(wait_until, "wait until"), STEP(wait, "wait"), STEP(send, "send"), STEP(branch, "branch"),
    STEP(split, "split"), STEP(set, "set"), STEP(task, "task"), STEP(audience, "audience"), STEP(go_to, "go to"), STEP(exit, "exit"),
};
const size_t n_step_shapes = COUNT(step_shapes);

static const struct key_def branch_if_keys[] = {
    {"if", KEY_CONDITION, MUST, "When to take this way."},
    {"then", KEY_STEPS, false, "Its steps."},
    {"note", KEY_TEXT, false, "A remark that survives."},
};
static const struct key_def branch_else_keys[] = {
    {"else", KEY_STEPS, MUST, "Steps when nothing before held."},
    {"note", KEY_TEXT, false, "A remark that survives."},
};

/* ---------------------------------------------------------------- policy.yaml */

static const struct key_def purpose_keys[] = {
    {"needs", KEY_WORD, MUST, "consent to the channel, or nothing.", .words = "consent|nothing"},
    {"quiet", KEY_YES_NO, false, "Obeys quiet hours."},
    {"caps", KEY_YES_NO, false, "Obeys frequency caps."},
    {"counts", KEY_YES_NO, false, "Counts towards the caps of others."},
    {"holdout", KEY_YES_NO, false, "May be held out."},
    {"unsubscribe", KEY_YES_NO, false, "Carries an unsubscribe link."},
};
SHAPE(purpose, "purpose");
static const struct key_def soft_opt_in_keys[] = {
    {"channels", KEY_WORDS, MUST, "Channels that it is for.", .words = "email|push|sms|whatsapp|post|phone|webhook|onsite"},
    {"if", KEY_CONDITION, MUST, "Existing customers, say; ask your lawyer."},
};
SHAPE(soft_opt_in, "soft opt-in");
static const struct key_def consent_keys[] = {
    {"confirm", KEY_WORD, false, "double: an address is mailable once its confirmation link was used.", .words = "single|double"},
    {"soft opt-in", KEY_OBJECT, false, "Marketing without consent where the law allows it.", &soft_opt_in_shape},
    {"renew after", KEY_LENGTH, false, "Consent without any sign of life goes stale."},
};
SHAPE(consent, "consent");
static const struct key_def rule_keys[] = {
    {"rule", KEY_NAME, MUST, "Its name, shown as the reason."},
    {"note", KEY_TEXT, false, "A remark that survives."},
    {"for", KEY_CONDITION, false, "Which messages: message.journey, template, channel, purpose, tags, priority."},
    {"refuse if", KEY_CONDITION, false, "Never, when this holds."},
    {"hold if", KEY_CONDITION, false, "Waits while this holds, or until the message expires."},
};
SHAPE(rule, "suitability rule");
static const struct key_def quiet_keys[] = {
    {"channels", KEY_WORDS, MUST, "Channels that are quiet.", .words = "email|push|sms|whatsapp|post|phone|webhook|onsite"},
    {"from", KEY_CLOCK, false, "In the person's zone; may cross midnight."},
    {"to", KEY_CLOCK, false, "In the person's zone."},
    {"days", KEY_WORDS, false, "Only on these days; without from and to the whole day.",
        .words = "monday|tuesday|wednesday|thursday|friday|saturday|sunday|holiday"},
    {"if", KEY_CONDITION, false, "Only for these people or messages."},
    {"note", KEY_TEXT, false, "A remark that survives."},
};
SHAPE(quiet, "quiet hours");
static const struct key_def cap_keys[] = {
    {"at most", KEY_COUNT, MUST, "So many messages."},
    {"in", KEY_TEXT, MUST, "24h or 7d roll; day, week and month are of the calendar."},
    {"of", KEY_CONDITION, false, "Which messages; without it all that count."},
    {"for high priority", KEY_COUNT, false, "So many for messages of high priority."},
    {"per", KEY_WORD, false, "account: of the whole company.", .words = "person|account"},
    {"the person's own choice", KEY_TEXT, false, "A preference that replaces the line for those who chose."},
    {"choices", KEY_VALUES, false, "What each of its words means: weekly: 1 in 7d."},
    {"note", KEY_TEXT, false, "A remark that survives."},
};
SHAPE(cap, "cap");
static const struct key_def group_keys[] = {
    {"journeys", KEY_TEXTS, MUST, "Strongest first."},
    {"at most", KEY_COUNT, false, "So many at a time; 1 without this key."},
    {"stronger", KEY_WORD, false, "takes over: it ends the weaker one.", .words = "takes over|waits its turn"},
    {"rest", KEY_LENGTH, false, "After one has ended without its goal."},
    {"per", KEY_WORD, false, "account: of the whole company.", .words = "person|account"},
    {"note", KEY_TEXT, false, "A remark that survives."},
};
SHAPE(group, "group");
static const struct key_def arbitration_keys[] = {
    {"hold", KEY_LENGTH, false, "How long messages wait for others that want the same room."},
    {"order", KEY_WORDS, false, "What decides, first to last.", .words = "priority|value|oldest"},
    {"drop the rest", KEY_YES_NO, false, "no: they stay in line until their own deadline."},
};
SHAPE(arbitration, "arbitration");
static const struct key_def guards_keys[] = {
    {"stop when", KEY_TEXT, false, "complaints > 0.3% or bounces > 5% of a day's mail."},
};
SHAPE(guards, "guards");
static const struct key_def policy_keys[] = {
    {"policy", KEY_NAME, MUST, "Its name."},
    {"note", KEY_TEXT, false, "A remark that survives."},
    {"purposes", KEY_MAP, MUST, "Every message has one: what it needs and what it obeys.", &purpose_shape},
    {"consent", KEY_OBJECT, false, "When somebody counts as having said yes.", &consent_shape},
    {"suitability", KEY_LIST, false, "Rules about what suits whom.", &rule_shape},
    {"quiet", KEY_LIST, false, "When people must not be disturbed.", &quiet_shape},
    {"caps", KEY_LIST, false, "How often.", &cap_shape},
    {"groups", KEY_MAP, false, "Journeys that exclude each other.", &group_shape},
    {"arbitration", KEY_OBJECT, false, "Messages of one person that want the same room.", &arbitration_shape},
    {"guards", KEY_OBJECT, false, "When sending stops by itself.", &guards_shape},
};
SHAPE(policy, "policy");

/* ---------------------------------------------------------------- catalogue.yaml, people.yaml */

static const struct key_def catalogue_keys[] = {
    {"product", KEY_TYPES, false, "Products by id."},
    {"store", KEY_TYPES, false, "Stores by id."},
    {"offer", KEY_TYPES, false, "Offers by id."},
    {"content", KEY_TYPES, false, "Articles, guides, videos by id."},
};
SHAPE(catalogue, "catalogue");
static const struct key_def person_keys[] = {
    {"note", KEY_TEXT, false, "A remark that survives."},
    {"zone", KEY_TEXT, MUST, "The person's time zone."},
    {"account", KEY_TEXT, false, "The person's company."},
    {"traits", KEY_ANY, false, "What is known."},
    {"consent", KEY_ANY, false, "{ email: { marketing: true, tracking: true } }"},
    {"reach", KEY_TEXTS, false, "Channels that technically work."},
    {"topics", KEY_ANY, false, "{ newsletter: true }"},
    {"preference", KEY_ANY, false, "What the person chose."},
};
SHAPE(person, "person");

const struct document_def document_defs[DOC_KIND_COUNT] = {
    [DOC_PROGRAM] = {"program.yaml", NULL, false, false, &program_shape, "The business: market, zone, currency, senders."},
    [DOC_VOCABULARY] = {"vocabulary.yaml", NULL, false, false, &vocabulary_shape, "What the business calls things."},
    [DOC_SEGMENT] = {"segments.yaml", "segments/", true, false, &segment_shape, "Named conditions."},
    [DOC_LIFECYCLE] = {NULL, "lifecycle/", true, false, &lifecycle_shape, "Lifecycle models."},
    [DOC_JOURNEY] = {NULL, "journeys/", true, false, &journey_shape, "Always-on flows."},
    [DOC_POLICY] = {"policy.yaml", NULL, false, false, &policy_shape, "The contact rules."},
    [DOC_EVIDENCE] = {"evidence.yaml", "evidence/", true, false, &evidence_shape, "What shows that an activity runs elsewhere."},
    [DOC_GOAL] = {"goals.yaml", "goals/", true, false, &goal_document_shape, "Conversions and what they are worth."},
    [DOC_CATALOGUE] = {"catalogue.yaml", NULL, false, false, &catalogue_shape, "Products, stores, offers that the program brings along."},
    [DOC_PEOPLE] = {"people.yaml", NULL, false, true, &person_shape, "Example people for the examples in journeys."},
};

/* ---------------------------------------------------------------- looking things up */

const struct shape *
step_shape_of(struct str key)
{
	for (size_t i = 0; i < n_step_shapes; i++)
		if (str_eq(key, str_of(step_shapes[i].name)))
			return &step_shapes[i];
	return NULL;
}

const struct shape *
branch_shape(void)
{
	static const struct shape s = {"branch", branch_if_keys, COUNT(branch_if_keys)};
	return &s;
}

const struct shape *
branch_else_shape(void)
{
	static const struct shape s = {"branch", branch_else_keys, COUNT(branch_else_keys)};
	return &s;
}

const struct key_def *
shape_key(const struct shape *s, struct str name)
{
	for (size_t i = 0; i < s->n; i++)
		if (str_eq(name, str_of(s->keys[i].name)))
			return &s->keys[i];
	return NULL;
}

const char *
key_type_text(enum key_type t)
{
	static const char *const texts[] = {
#define X(name, schema, text) text,
	    KEY_TYPES(X)
#undef X
	};
	return texts[t];
}

const char *
key_type_schema(enum key_type t)
{
	static const char *const schemas[] = {
#define X(name, schema, text) schema,
	    KEY_TYPES(X)
#undef X
	};
	return schemas[t];
}

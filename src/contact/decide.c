#include "contact/decide.h"
#include "contact/contact_priv.h"
#include <string.h>

/* Quiet hours and caps push each other on; a handful of rounds settles any real policy. One that never settles is asked again at the
 * instant it had got to. */
enum { ROUNDS_MOST = 64 };

bool
policy_holds(const struct contact_request *r, const struct cond *c, const struct json *intent, wall at, wall *ret_expiry)
{
	const struct moment m = {.intent = intent};
	wall expiry;
	return !c || cond_true(c, r->facts, &m, at, r->scratch, ret_expiry ? ret_expiry : &expiry);
}

const struct purpose_def *
policy_purpose(const struct policy_def *p, struct str name)
{
	for (uint8_t i = 0; i < p->n_purposes; i++)
		if (str_eq(p->purposes[i].name, name))
			return &p->purposes[i];
	return NULL;
}

static const struct verdict go = {.kind = VERDICT_NOW, .reason = REASON_OK};

static struct verdict
never(enum reason reason, struct str detail)
{
	return (struct verdict){.kind = VERDICT_NEVER, .reason = reason, .at = WALL_NEVER, .detail = detail};
}

/* ---------------------------------------------------------------- the questions, in their order */

static struct verdict
ask_suppressed(const struct contact_request *r, const struct purpose_def *p)
{
	(void)p;
	if (r->erased)
		return never(REASON_ERASED, (struct str){0});
	return r->suppressed.len ? never(REASON_SUPPRESSED, r->suppressed) : go;
}

static struct verdict
ask_address(const struct contact_request *r, const struct purpose_def *p)
{
	(void)p;
	switch (r->address) {
	case CONTACT_NO_ADDRESS:
		return never(REASON_NO_ADDRESS, r->channel_name);
	case CONTACT_UNREACHABLE:
		return never(REASON_NO_CHANNEL, r->channel_name);
	case CONTACT_UNVERIFIED: /* anybody can type anybody's address into a form */
		return r->asks_to_confirm ? go : never(REASON_UNVERIFIED, STR("only a browser told this address"));
	case CONTACT_GOOD:
		break;
	}
	return go;
}

static bool
is_stale(const struct contact_request *r, const struct consent *c)
{
	wall sign = wall_max(c->at, r->last_sign);
	return r->policy->renew_after && wall_add(sign, r->policy->renew_after).ms <= r->now.ms;
}

/* The person said no to this topic. Not having said anything is no refusal. */
static bool
refuses_topic(const struct contact_request *r)
{
	if (!r->topic.len || !r->facts || !r->facts->fact)
		return false;
	const struct fact_path path = {.root = FACT_TOPIC, .steps = &r->topic, .n = 1, .slot = UINT32_MAX};
	struct value v = r->facts->fact(r->facts->self, &path);
	return v.kind == VALUE_TRUTH && !v.truth;
}

static struct verdict
ask_consent(const struct contact_request *r, const struct purpose_def *p)
{
	const struct policy_def *policy = r->policy;
	if (refuses_topic(r))
		return never(REASON_NO_CONSENT, arena_printf(r->scratch, "declined the topic %.*s", STR_ARGS(r->topic)));
	const struct consent *c = r->consents ? consent_find(r->consents, r->channel_name, r->purpose) : NULL;
	bool declined = c && !c->granted;
	/* Who unsubscribed from what needs no consent (a stock alert) is heard; who may not unsubscribe (an invoice) gets it. */
	if (declined && !p->needs_consent && p->unsubscribe)
		return never(REASON_NO_CONSENT, STR("declined"));
	if (!p->needs_consent || r->asks_to_confirm)
		return go;
	if (declined)
		return never(REASON_NO_CONSENT, STR("declined"));
	if (c && consent_stands(c, policy->double_opt_in))
		return is_stale(r, c) ? never(REASON_NO_CONSENT, STR("consent has gone stale")) : go;
	/* An existing customer who has not refused, where the law allows it. */
	if (policy->soft_opt_in_channels & 1u << r->channel && policy_holds(r, policy->soft_opt_in_if, r->intent, r->now, NULL))
		return go;
	return c ? never(REASON_UNVERIFIED, STR("the double opt-in is not confirmed")) : never(REASON_NO_CONSENT, STR("never given"));
}

static struct verdict
ask_suitable(const struct contact_request *r, const struct purpose_def *p)
{
	struct verdict held = go;
	(void)p;
	for (uint8_t i = 0; i < r->policy->n_rules; i++) {
		const struct suitability_def *s = &r->policy->rules[i];
		wall until = WALL_NEVER;
		if (!policy_holds(r, s->applies, r->intent, r->now, NULL))
			continue;
		if (s->refuse_if && policy_holds(r, s->refuse_if, r->intent, r->now, NULL))
			return never(REASON_UNSUITABLE, s->name);
		if (!s->hold_if || held.kind != VERDICT_NOW)
			continue;
		bool standing = s->hold_standing != UINT32_MAX && r->holds;
		if (standing ? r->holds(r->holds_self, s->hold_standing) : policy_holds(r, s->hold_if, r->intent, r->now, &until))
			held = (struct verdict){.kind = VERDICT_HELD, .reason = REASON_HELD, .at = wall_min(until, r->expires), .detail = s->name};
	}
	/* A later rule may refuse what an earlier one only holds; waiting would be in vain. */
	if (held.kind == VERDICT_HELD && r->expires.ms <= r->now.ms)
		return never(REASON_EXPIRED, held.detail);
	return held;
}

static struct verdict
ask_holdout(const struct contact_request *r, const struct purpose_def *p)
{
	return r->held_out && p->holdout ? never(REASON_HOLDOUT, (struct str){0}) : go;
}

static struct verdict
ask_deadline(const struct contact_request *r, const struct purpose_def *p)
{
	(void)p;
	return r->expires.ms <= r->now.ms ? never(REASON_EXPIRED, (struct str){0}) : go;
}

/* ---------------------------------------------------------------- when */

static struct str
quiet_text(const struct contact_request *r, const struct quiet_def *q)
{
	if (q->from_minute < 0)
		return STR("a day of rest");
	return arena_printf(r->scratch, "%02d:%02d to %02d:%02d", q->from_minute / 60, q->from_minute % 60, q->to_minute / 60,
	    q->to_minute % 60);
}

/* The instants that each of clock, quiet hours and caps allows, in turn, until all three agree. The first of the rules that moved it
 * is the reason: that is what stood in the way now. */
static struct verdict
ask_when(const struct contact_request *asked, const struct purpose_def *p)
{
	struct verdict v = {.kind = VERDICT_AT, .reason = REASON_OK};
	struct contact_request read = *asked, *r = &read;
	wall t = r->now;
	if (p->caps && r->policy->n_caps) {
		read.past = contact_past_read(asked, asked->past, asked->n_past);
		read.account_past = asked->account_past ? contact_past_read(asked, asked->account_past, asked->n_account_past) : NULL;
	}
	for (int round = 0; round < ROUNDS_MOST; round++) {
		const struct quiet_def *quiet = NULL;
		const struct cap_def *cap = NULL;
		wall from = t;
		if (r->clock)
			t = wall_max(t, r->clock(r->clock_self, t));
		if (p->quiet)
			t = contact_quiet_until(r, t, &quiet);
		if (quiet && v.reason == REASON_OK)
			v.reason = REASON_QUIET, v.detail = quiet_text(r, quiet);
		if (p->caps)
			t = contact_room_from(r, t, &cap);
		if (cap && v.reason == REASON_OK)
			v.reason = REASON_CAP, v.detail = cap->text;
		if (t.ms == INT64_MAX)
			return never(v.reason == REASON_OK ? REASON_EXPIRED : v.reason, v.detail);
		if (t.ms >= r->expires.ms)
			return never(REASON_EXPIRED, v.reason == REASON_OK ? STR("its own time of day comes too late") : v.detail);
		if (t.ms == from.ms)
			break;
	}
	v.at = t;
	return t.ms == r->now.ms ? go : v;
}

/* ---------------------------------------------------------------- answers */

static const struct question {
	const char *name;
	struct verdict (*ask)(const struct contact_request *r, const struct purpose_def *p);
	bool lawful;                 /* one of those that law and person decide */
} questions[] = {
    {"suppression", ask_suppressed, true},
    {"address", ask_address, true},
    {"consent", ask_consent, true},
    {"suitability", ask_suitable, false},
    {"holdout", ask_holdout, false},
    {"deadline", ask_deadline, false},
    {"quiet hours and caps", ask_when, false},
};

/* A purpose that the policy no longer has: nothing stands for it, so nothing is said. */
static const struct purpose_def *
purpose_of_request(const struct contact_request *r, struct verdict *ret_no)
{
	const struct purpose_def *p = policy_purpose(r->policy, r->purpose);
	if (!p)
		*ret_no = never(REASON_NO_CONSENT, arena_printf(r->scratch, "the policy has no purpose %.*s", STR_ARGS(r->purpose)));
	return p;
}

static struct verdict
decide(const struct contact_request *r, bool lawful_only)
{
	struct verdict v = go;
	const struct purpose_def *p = purpose_of_request(r, &v);
	for (size_t i = 0; p && i < COUNT(questions) && v.kind == VERDICT_NOW; i++)
		if (questions[i].lawful || !lawful_only)
			v = questions[i].ask(r, p);
	if (v.kind == VERDICT_NOW)
		v.at = r->now;
	return v;
}

struct verdict
contact_decide(const struct contact_request *r)
{
	return decide(r, false);
}

struct verdict
contact_lawful(const struct contact_request *r)
{
	return decide(r, true);
}

static void
write_answer(struct json_writer *w, const char *rule, const struct verdict *v)
{
	static const char *const says[] = {
	    [VERDICT_NOW] = "yes", [VERDICT_AT] = "at", [VERDICT_HELD] = "held", [VERDICT_NEVER] = "never"};
	jw_object(w);
	jw_kstr(w, "rule", str_of(rule));
	jw_kstr(w, "says", str_of(says[v->kind]));
	if (v->kind != VERDICT_NOW)
		jw_kstr(w, "reason", str_of(reason_text(v->reason)));
	if (v->detail.len)
		jw_kstr(w, "detail", v->detail);
	if ((v->kind == VERDICT_AT || v->kind == VERDICT_HELD) && v->at.ms != INT64_MAX)
		jw_kwall(w, "at", v->at);
	jw_object_end(w);
}

void
contact_explain(const struct contact_request *r, struct json_writer *w)
{
	struct verdict v;
	const struct purpose_def *p = purpose_of_request(r, &v);
	jw_array(w);
	if (!p)
		write_answer(w, "purpose", &v);
	for (size_t i = 0; p && i < COUNT(questions); i++) {
		v = questions[i].ask(r, p);
		write_answer(w, questions[i].name, &v);
	}
	jw_array_end(w);
}

/* ---------------------------------------------------------------- arbitration */

static int
order_fixed(int64_t a, int64_t b)
{
	return (a > b) - (a < b);
}

bool
contender_before(const struct policy_def *p, const struct contender *a, const struct contender *b)
{
	int order = 0;
	for (size_t i = 0; i < COUNT(p->arbitration_order) && order == 0; i++) {
		switch (p->arbitration_order[i]) {
		case 0:
			order = (int)a->priority - (int)b->priority;
			break;
		case 1:
			order = order_fixed(a->value, b->value);
			break;
		default:
			order = order_fixed(b->made.ms, a->made.ms);
		}
	}
	if (order == 0)
		order = order_fixed(b->made.ms, a->made.ms);
	return order ? order > 0 : memcmp(a->id, b->id, sizeof(a->id)) < 0;
}

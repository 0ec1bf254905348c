/* What stands for a person after each entry and each alarm is what working everything out anew would say: over the shipped programs
 * and random lives, late events, merges, refunds and carts included. */
#include "engine/engine_priv.h"
#include "starter.h"

enum { PEOPLE = 6, CALLS = 250, SEEDS = 12 };

struct life {
	struct starter s;
	struct engine *g;
	struct decisions d;
	struct arena a;
	uint32_t seed;
	uint64_t seq;
	wall now;
	uint64_t compared;
};

static uint32_t
dice(struct life *l, uint32_t sides)
{
	l->seed = l->seed * 1664525u + 1013904223u;
	return (l->seed >> 8) % sides;
}

static void
fold(struct life *l, struct entry en)
{
	en.seq = ++l->seq;
	en.at = l->now;
	en.happened = en.happened.ms ? en.happened : l->now;
	en.source = STR("test");
	engine_admit(l->g, &en);
	engine_apply(l->g, &en, &l->d);
	decisions_reset(&l->d);
}

static void
fold_text(struct life *l, enum entry_kind kind, struct str name, struct str text, wall happened, enum trust trust)
{
	struct entry en = {.kind = kind, .name = name, .text = text, .happened = happened, .trust = trust};
	struct err e;
	if (!json_parse_arena(&l->a, text, &en.body, &e))
		TAP_FAIL("no JSON: %.*s", STR_ARGS(text));
	fold(l, en);
}

/* ---------------------------------------------------------------- comparing */

static bool
is_lazy(const struct live_program *lp, uint32_t c)
{
	return lp->lazy[lp->place[c] / 64] >> lp->place[c] % 64 & 1;
}

static bool
stage_holds(const void *self, uint32_t condition)
{
	const struct standing *s = self;
	uint32_t place = s->program->place[condition];
	return s->truths[place / 64] >> place % 64 & 1;
}

static void
compare_person(struct life *l, uint32_t n)
{
	struct engine *g = l->g;
	const struct standing *s = person_at(g, n)->standing;
	struct person_facts pf;
	const struct live_program *lp = s->program;
	person_facts(g, n, lp, NULL, &pf);
	for (uint32_t c = 0; c < lp->p->n_conditions; c++) {
		wall expiry = WALL_NEVER;
		if (is_lazy(lp, c))
			continue;
		bool anew = cond_true(lp->p->conditions[c].cond, &pf.facts, NULL, l->now, &g->scratch, &expiry);
		if (anew != stage_holds(s, c))
			TAP_FAIL("person %u at %lld: stands %d, worked out anew %d: %.*s", n, (long long)l->now.ms, !anew, anew, STR_ARGS(lp->p->conditions[c].text));
		if (expiry.ms < person_at(g, n)->conditions_due.ms)
			TAP_FAIL("person %u: the alarm at %lld is later than %lld: %.*s", n, (long long)person_at(g, n)->conditions_due.ms, (long long)expiry.ms,
			    STR_ARGS(lp->p->conditions[c].text));
		l->compared++;
	}
	for (uint32_t m = 0; m < lp->p->n_models; m++)
		CHECK_INT(s->stage[m], model_stage(&lp->p->models[m], stage_holds, s));
	arena_reset(&g->scratch);
}

static void
compare_all(struct life *l)
{
	for (uint32_t n = 1; n <= engine_profile_count(l->g); n++)
		if (person_at(l->g, n)->standing)
			compare_person(l, n);
}

/* Counted members and people of stages are those who stand there. */
static void
compare_sets(struct life *l)
{
	const struct live_program *lp = l->g->live;
	for (uint32_t c = 0; c < lp->p->n_segments; c++) {
		uint64_t n = 0;
		for (uint32_t i = 1; i <= engine_profile_count(l->g); i++)
			n += person_at(l->g, i)->standing && person_holds(l->g, i, c);
		CHECK_INT(members_count(lp->members[c]), n);
	}
	for (uint32_t m = 0; m < lp->p->n_models; m++) {
		uint32_t there[STAGES_MAX] = {0};
		for (uint32_t i = 1; i <= engine_profile_count(l->g); i++) {
			const struct standing *s = person_at(l->g, i)->standing;
			if (s && s->stage[m] != STAGE_NOWHERE)
				there[s->stage[m]]++;
		}
		for (uint8_t k = 0; k < lp->p->models[m].n_stages; k++)
			CHECK_INT(lp->stage_people[m][k], there[k]);
	}
}

/* ---------------------------------------------------------------- lives */

static void
one_call(struct life *l)
{
	static const char *const events[] = {"Product Viewed", "Product Viewed", "Product Added", "Product Removed", "Order Completed", "Order Completed",
	    "Order Cancelled", "Order Refunded", "Checkout Started", "Products Searched", "Survey Answered", "Support Case Opened", "Support Case Closed",
	    "Product Reviewed", "Email Opened", "Signed In", "Feature Used", "Trial Started", "Subscription Started", "Invited"};
	uint32_t who = dice(l, PEOPLE), roll = dice(l, 20);
	struct str ids = dice(l, 3) ? arena_printf(&l->a, "\"userId\":\"u%u\"", who) : dice(l, 2) ? arena_printf(&l->a, "\"anonymousId\":\"v%u\"", who) :
	    arena_printf(&l->a, "\"userId\":\"u%u\",\"anonymousId\":\"v%u\"", who, who);
	struct str head = arena_printf(&l->a, "{%.*s", STR_ARGS(ids));
	wall happened = dice(l, 6) ? l->now : wall_add(l->now, -(msec)dice(l, 60 * 24) * HOUR / 2);
	if (roll == 0) {
		fold_text(l, ENTRY_IDENTIFY, STR(""), arena_printf(&l->a, "%.*s,\"traits\":{\"email\":\"u%u@shop.example\",\"country\":\"%s\",\"birthday\":\"1990-0%u-1%u\","
		    "\"loyalty_tier\":\"%s\",\"timezone\":\"%s\",\"children\":[{\"born\":\"202%u-05-05\"}]}}", STR_ARGS(head), who, dice(l, 2) ? "FI" : "SE", 1 + dice(l, 9),
		    dice(l, 9), dice(l, 2) ? "silver" : "none", dice(l, 2) ? "Asia/Jakarta" : "Europe/Helsinki", dice(l, 7)), happened, TRUST_SERVER);
	} else if (roll == 1) {
		fold_text(l, ENTRY_CONSENT, STR(""), arena_printf(&l->a, "%.*s,\"channel\":\"email\",\"purpose\":\"%s\",\"granted\":%s}", STR_ARGS(head),
		    dice(l, 2) ? "marketing" : "tracking", dice(l, 4) ? "true" : "false"), happened, TRUST_SERVER);
	} else if (roll == 2) {
		fold_text(l, ENTRY_GROUP, STR(""), arena_printf(&l->a, "%.*s,\"groupId\":\"g%u\",\"traits\":{\"contract_end\":\"2026-1%u-01\",\"plan\":\"%s\"}}", STR_ARGS(head),
		    dice(l, 2), dice(l, 3), dice(l, 2) ? "trial" : "pro"), happened, TRUST_SERVER);
	} else if (roll == 3 && engine_profile_count(l->g)) {
		fold_text(l, ENTRY_SCORE, STR(""), arena_printf(&l->a, "{\"profile\":%u,\"predict\":{\"no_order\":0.%u}}", 1 + dice(l, engine_profile_count(l->g)),
		    dice(l, 1000)), happened, TRUST_SELF);
	} else if (roll < 7) {
		fold_text(l, ENTRY_PAGE, STR("Pricing"), arena_printf(&l->a, "%.*s,\"name\":\"Pricing\",\"properties\":{\"path\":\"/pricing\"}}", STR_ARGS(head)), happened,
		    TRUST_PUBLIC);
	} else {
		struct str name = str_of(events[dice(l, COUNT(events))]);
		fold_text(l, ENTRY_TRACK, name, arena_printf(&l->a, "%.*s,\"event\":\"%.*s\",\"properties\":{\"order_id\":\"o%u\",\"product_id\":\"p%u\",\"checkout_id\":\"c%u\",\"total\":%u,"
		    "\"coupon\":%s,\"price\":9,\"quantity\":1,\"survey\":\"%s\",\"score\":%u,\"rating\":%u,\"case_id\":\"k%u\",\"kind\":\"complaint\",\"products\":[{\"product_id\":\"p%u\","
		    "\"category\":\"coffee\",\"price\":%u,\"quantity\":2}]}}", STR_ARGS(head), STR_ARGS(name), dice(l, 12), dice(l, 4), dice(l, 5), dice(l, 400),
		    dice(l, 2) ? "\"X\"" : "null", dice(l, 2) ? "nps" : "csat", dice(l, 11), dice(l, 6), dice(l, 4), dice(l, 4), dice(l, 60)), happened, TRUST_SERVER);
	}
}

/* Ticks bring everybody to `to`. */
static void
pass(struct life *l, wall to)
{
	for (int i = 0; i < 100000; i++) {
		wall next = engine_next_wake(l->g);
		if (next.ms > to.ms)
			break;
		l->now = wall_max(l->now, next);
		fold(l, (struct entry){.kind = ENTRY_TICK, .trust = TRUST_SELF});
	}
	l->now = to;
	fold(l, (struct entry){.kind = ENTRY_TICK, .trust = TRUST_SELF});
}

static void
live(const char *program, uint32_t seed)
{
	struct life l = {.seed = seed, .now = {1767225600000}};
	struct buf b = {0};
	if (!starter_open(&l.s, program, true)) {
		TAP_FAIL("%s cannot be made", program);
		return;
	}
	arena_init(&l.a);
	decisions_init(&l.d);
	l.g = engine_new(&l.s.options);
	program_write_json(l.s.p, &b);
	fold_text(&l, ENTRY_PROGRAM, STR(""), arena_str(&l.a, buf_str(&b)), l.now, TRUST_SELF);
	buf_release(&b);
	for (int i = 0; i < CALLS && !tap_bad; i++) {
		wall next = wall_add(l.now, dice(&l, 3) ? (msec)dice(&l, 300) * MINUTE : (msec)dice(&l, 20 * 24) * HOUR);
		pass(&l, next);
		compare_all(&l);
		one_call(&l);
		pass(&l, l.now);
		compare_all(&l);
	}
	compare_sets(&l);
	CHECK(l.compared > 10000);
	engine_free(l.g);
	decisions_release(&l.d);
	arena_clear(&l.a);
	starter_close(&l.s);
}

TEST(people_of_a_shop_stand_where_they_should)
{
	for (uint32_t seed = 1; seed <= SEEDS && !tap_bad; seed++)
		live("retail", seed);
}

TEST(people_of_a_software_company_stand_where_they_should)
{
	for (uint32_t seed = 1; seed <= SEEDS && !tap_bad; seed++)
		live("saas", seed);
}

TEST(people_of_companies_stand_where_they_should)
{
	for (uint32_t seed = 1; seed <= SEEDS && !tap_bad; seed++)
		live("b2b", seed);
}

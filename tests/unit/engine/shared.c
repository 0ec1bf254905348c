/* What concerns everybody: new programs, accounts, back-filled features, suppressions. */
#include "fold.h"
#include "engine/engine_priv.h"

static const struct program_file more_segments[] = {{STR_INIT("segments.yaml"),
    STR_INIT("segment: looking\nwhen: count \"Product Viewed\" last 7d >= 2\n---\n"
	     "segment: customer\nwhen: did \"Order Completed\"\n---\n"
	     "segment: lapsed\nwhen: in segment \"customer\" and time since \"Order Completed\" > 30d\n---\n"
	     "segment: viewer\nwhen: count \"Product Viewed\" last 60d >= 3\n---\n"
	     "segment: finns\nwhen: trait.country = \"FI\"\n")}};

TEST(a_new_program_is_seen_by_everybody_at_its_instant)
{
	struct world *w = world_new();
	struct program_file files[TINY_FILES_MAX];
	tell(w, "2026-01-05 10:00", "anna", "Order Completed", "{\"total\":5}");
	identify(w, "2026-01-05 10:00", "bea", "{\"country\":\"FI\"}");
	apply_program(w, "2026-02-20 12:00", files, shop_with(more_segments, 1, files));
	pass(w, "2026-02-20 12:01");
	CHECK(is_in(w, "anna", "customer"));
	CHECK(is_in(w, "anna", "lapsed"));
	CHECK(is_in(w, "bea", "finns"));
	CHECK_CSTR(moves_of(w, "anna"), "engage 2026-01-05 10:00, reach 2026-02-04 10:00");    /* before the new program */
	struct buf b = {0};
	CHECK(engine_segment_members(w->g, STR("finns"), &b));
	CHECK(!engine_segment_members(w->g, STR("fresh"), &b));
	buf_release(&b);
	world_free(w);
}

static struct program *
made(struct world *w, const struct program_file *changed, size_t n)
{
	struct program_file files[TINY_FILES_MAX];
	problem_list problems = {0};
	struct program *p = NULL;
	if (!program_make(files, shop_with(changed, n, files), w->zones, STR("id\tstage\tchannel\tmarket\tactivity\n"), NULL, 0, &problems, &p))
		TAP_FAIL("%s", problems.len ? problems.items[0].err.text : "no program");
	vec_release(&problems);
	return p;
}

static void
views(struct world *w)
{
	tell(w, "2026-01-03 10:00", "anna", "Product Viewed", NULL);
	tell(w, "2026-01-05 10:00", "anna", "Product Viewed", NULL);
	tell(w, "2026-01-07 10:00", "bea", "Product Viewed", NULL);
}

/* A feature is a function of the log, whenever it was declared. */
TEST(a_feature_filled_later_equals_one_declared_first)
{
	struct program_file files[TINY_FILES_MAX];
	struct world *w = world_new(), *first = world_new();
	size_t missing;
	struct program *early = made(first, more_segments, 1);
	engine_offer_program(first->g, early);
	/* The first world knew of it from the beginning. */
	struct engine *fresh = engine_fresh(first);
	engine_free(first->g);
	first->g = fresh;
	struct program *known = made(first, more_segments, 1), *tiny = made(first, NULL, 0);
	engine_declare(fresh, tiny, &missing);
	CHECK_INT(missing, 0);
	engine_offer_program(fresh, tiny);
	engine_declare(fresh, known, &missing);
	engine_offer_program(fresh, known);
	engine_apply(fresh, &first->log.items[0], NULL);

	views(w);
	views(first);
	struct program *p = made(w, more_segments, 1);
	engine_declare(w->g, p, &missing);
	CHECK(missing > 0);
	engine_offer_program(w->g, p);
	tell(w, "2026-01-08 10:00", "anna", "Product Viewed", NULL);    /* live goes on meanwhile */
	tell(first, "2026-01-08 10:00", "anna", "Product Viewed", NULL);
	for (size_t i = 0; i < w->log.len && w->log.items[i].seq <= 4; i++)
		engine_backfill(w->g, &w->log.items[i]);
	engine_backfill_done(w->g);
	apply_program(w, "2026-01-09 10:00", files, shop_with(more_segments, 1, files));
	apply_program(first, "2026-01-09 10:00", files, shop_with(more_segments, 1, files));
	pass(w, "2026-01-10 10:00");
	pass(first, "2026-01-10 10:00");
	CHECK(is_in(w, "anna", "viewer"));
	CHECK(!is_in(w, "bea", "viewer"));
	CHECK(engine_digest(w->g, NULL, NULL) == engine_digest(first->g, NULL, NULL));
	world_free(w);
	world_free(first);
}

static void
join(struct world *w, const char *when, const char *who, const char *account, const char *traits)
{
	char key[64];
	snprintf(key, sizeof(key), "\"groupId\":\"%s\",\"traits\":", account);
	fold(w, call(w, when, ENTRY_GROUP, who, NULL, key, traits));
}

TEST(colleagues_share_an_account)
{
	struct world *w = world_new();
	join(w, "2026-01-05 10:00", "anna", "acme", "{\"tier\":\"silver\"}");
	join(w, "2026-01-05 10:01", "bea", "acme", "{\"tier\":\"gold\"}");
	CHECK(is_in(w, "anna", "gold"));
	CHECK(is_in(w, "bea", "gold"));
	tell(w, "2026-01-06 10:00", "anna", "Signed In", NULL);
	tell(w, "2026-01-06 11:00", "bea", "Signed In", NULL);
	CHECK(is_in(w, "bea", "busy"));
	pass(w, "2026-01-06 11:01");
	CHECK(is_in(w, "anna", "busy"));
	pass(w, "2026-01-14 00:00");
	CHECK(!is_in(w, "anna", "busy"));
	CHECK(!is_in(w, "bea", "busy"));
	struct entry en = {.at = at("2026-01-15 10:00"), .kind = ENTRY_ACCOUNT, .trust = TRUST_SELF};
	body_of(w, &en, STR("{\"groupId\":\"acme\",\"traits\":{\"tier\":\"none\"}}"));
	fold(w, en);
	CHECK(!is_in(w, "anna", "gold"));
	world_free(w);
}

static void
suppress(struct world *w, const char *when, const char *body)
{
	struct entry en = {.at = at(when), .kind = ENTRY_SUPPRESS, .trust = TRUST_SELF};
	body_of(w, &en, str_of(body));
	fold(w, en);
}

TEST(a_suppression_holds_from_its_entry_until_it_is_lifted)
{
	struct world *w = world_new();
	identify(w, "2026-01-05 10:00", "anna", "{\"email\":\"Anna@Shop.example\"}");
	uint64_t hash = profile_at(&w->g->people, number_of(w, "anna"))->email_hash;
	struct str reason = {0};
	CHECK(!engine_suppressed(w->g, hash, at("2026-01-05 10:00"), NULL));
	suppress(w, "2026-01-06 10:00", "{\"address\":\"anna@shop.example\",\"reason\":\"complaint\"}");
	suppress(w, "2026-01-08 10:00", "{\"address\":\"anna@shop.example\",\"lift\":true}");
	suppress(w, "2026-01-10 10:00", "{\"address\":\"anna@shop.example\",\"reason\":\"bounce\"}");
	CHECK(!engine_suppressed(w->g, hash, at("2026-01-06 09:59"), NULL));
	CHECK(engine_suppressed(w->g, hash, at("2026-01-07 10:00"), &reason));
	CHECK_STR(reason, "complaint");
	CHECK(!engine_suppressed(w->g, hash, at("2026-01-09 10:00"), NULL));
	CHECK(engine_suppressed(w->g, hash, at("2027-01-09 10:00"), &reason));
	CHECK_STR(reason, "bounce");
	world_free(w);
}

TEST(a_program_that_cannot_be_understood_changes_nothing)
{
	struct world *w = world_new();
	static const struct program_file bad[] = {{STR_INIT("segments.yaml"), STR_INIT("segment: looking\nwhen: did did\n")}};
	struct program_file files[TINY_FILES_MAX];
	uint64_t version = engine_program(w->g)->version;
	apply_program(w, "2026-01-05 10:00", files, shop_with(bad, 1, files));
	CHECK_INT(engine_program(w->g)->version, version);
	CHECK_INT(w->d.reports.len, 1);
	world_free(w);
}

/* From an intent to what became of it: verdicts, the hand-over mark, outcomes, caps charged and refunded. */
#include "mail.h"

static const char *const hello = "journey: hello\npurpose: marketing\nentry:\n  on: track \"Product Viewed\"\n  again: always\n"
	"steps:\n  - send: email cart_mail\n    name: hi\n    expires: 2d\n  - wait: 3d\n";
static const char *const bill = "journey: bill\npurpose: service\nentry:\n  on: track \"Order Completed\"\n  again: always\n"
	"steps:\n  - send: email cart_mail\n    name: hi\n";

static void
look(struct world *w, const char *when, const char *who)
{
	tell(w, when, who, "Product Viewed", "{\"product_id\":\"p\"}");
}

static void
suppress(struct world *w, const char *when, const char *address)
{
	char body[120];
	struct entry en = {.at = at(when), .kind = ENTRY_SUPPRESS, .trust = TRUST_SELF};
	snprintf(body, sizeof(body), "{\"address\":\"%s\",\"reason\":\"complained\"}", address);
	body_of(w, &en, str_of(body));
	fold(w, en);
}

static enum mark_answer
mark(struct world *w)
{
	about(w, ENTRY_MARK, last_message(w)->id, NULL);
	return vec_last(&w->log)->answer;
}

TEST(without_consent_nothing_goes_and_the_row_says_why)
{
	struct world *w = world_of("journeys/hello.yaml", hello);
	struct post p = {0};
	identify(w, "2026-01-05 08:00", "anna", "{\"email\":\"anna@shop.example\"}");
	look(w, "2026-01-05 09:00", "anna");
	pass_with_mail(w, &p, "2026-01-05 10:00");
	CHECK_CSTR(messages_of(w, "anna"), "hello/hi withheld 2026-01-05 09:00");
	CHECK_INT(last_message(w)->reason, REASON_NO_CONSENT);
	world_free(w);
}

TEST(who_has_no_address_gets_nothing)
{
	struct world *w = world_of("journeys/bill.yaml", bill);
	struct post p = {0};
	tell(w, "2026-01-05 09:00", "anna", "Order Completed", "{\"order_id\":\"o\",\"total\":5}");
	pass_with_mail(w, &p, "2026-01-05 10:00");
	CHECK_INT(last_message(w)->reason, REASON_NO_ADDRESS);
	world_free(w);
}

TEST(quiet_hours_move_it_to_the_morning)
{
	struct world *w = world_of("journeys/hello.yaml", hello);
	struct post p = {0};
	customer(w, "2026-01-05 08:00", "anna");
	look(w, "2026-01-05 21:00", "anna");           /* 23:00 in Helsinki */
	CHECK_INT(last_message(w)->state, MESSAGE_WAITING);
	CHECK_INT(last_message(w)->reason, REASON_QUIET);
	CHECK_INT(last_message(w)->due.ms, at("2026-01-06 05:00").ms);
	pass_with_mail(w, &p, "2026-01-06 12:00");
	CHECK_CSTR(messages_of(w, "anna"), "hello/hi accepted 2026-01-06 05:00");
	world_free(w);
}

TEST(one_mail_a_day_and_the_next_on_the_next_day)
{
	struct world *w = world_of("journeys/hello.yaml", "journey: hello\npurpose: marketing\nentry:\n  on: track \"Product Viewed\"\n  per: trigger.product_id\n"
		"steps:\n  - send: email cart_mail\n    name: hi\n");
	struct post p = {0};
	customer(w, "2026-01-05 08:00", "anna");
	tell(w, "2026-01-05 09:00", "anna", "Product Viewed", "{\"product_id\":\"a\"}");
	tell(w, "2026-01-05 09:01", "anna", "Product Viewed", "{\"product_id\":\"b\"}");
	CHECK_INT(last_message(w)->reason, REASON_CAP);
	pass_with_mail(w, &p, "2026-01-07 00:00");
	CHECK_CSTR(messages_of(w, "anna"), "hello/hi accepted 2026-01-05 09:01, hello/hi accepted 2026-01-06 05:00");
	world_free(w);
}

TEST(a_rejected_mail_gives_its_room_back)
{
	struct world *w = world_of("journeys/hello.yaml", "journey: hello\npurpose: marketing\nentry:\n  on: track \"Product Viewed\"\n  per: trigger.product_id\n"
		"steps:\n  - send: email cart_mail\n    name: hi\n");
	struct post p = {.outcome = "rejected"};
	customer(w, "2026-01-05 08:00", "anna");
	tell(w, "2026-01-05 09:00", "anna", "Product Viewed", "{\"product_id\":\"a\"}");
	deliver(w, &p);
	tell(w, "2026-01-05 09:01", "anna", "Product Viewed", "{\"product_id\":\"b\"}");
	CHECK_INT(last_message(w)->state, MESSAGE_READY);
	world_free(w);
}

TEST(after_a_suppression_the_mark_says_no)
{
	struct world *w = world_of("journeys/bill.yaml", bill);
	customer(w, "2026-01-05 08:00", "anna");
	tell(w, "2026-01-05 09:00", "anna", "Order Completed", "{\"order_id\":\"o\",\"total\":5}");
	CHECK_INT(last_message(w)->state, MESSAGE_READY);
	suppress(w, "2026-01-05 09:01", "anna@shop.example");
	CHECK_INT(mark(w), MARK_NO);
	CHECK_INT(last_message(w)->state, MESSAGE_WITHHELD);
	CHECK_INT(last_message(w)->reason, REASON_SUPPRESSED);
	world_free(w);
}

TEST(consent_taken_back_before_the_mark)
{
	struct world *w = world_of("journeys/hello.yaml", hello);
	customer(w, "2026-01-05 08:00", "anna");
	look(w, "2026-01-05 09:00", "anna");
	CHECK_INT(last_message(w)->state, MESSAGE_READY);
	consent(w, "2026-01-05 09:01", "anna", false);
	CHECK_INT(mark(w), MARK_NO);
	CHECK_INT(last_message(w)->reason, REASON_NO_CONSENT);
	world_free(w);
}

TEST(a_mark_in_quiet_hours_waits)
{
	struct world *w = world_of("journeys/hello.yaml", hello);
	customer(w, "2026-01-05 08:00", "anna");
	look(w, "2026-01-05 19:59", "anna");           /* one minute before ten in Helsinki */
	CHECK_INT(last_message(w)->state, MESSAGE_READY);
	tick(w, at("2026-01-05 20:01"));
	CHECK_INT(mark(w), MARK_LATER);
	CHECK_INT(last_message(w)->state, MESSAGE_WAITING);
	CHECK_INT(last_message(w)->due.ms, at("2026-01-06 05:00").ms);
	world_free(w);
}

TEST(a_message_is_marked_once)
{
	struct world *w = world_of("journeys/bill.yaml", bill);
	customer(w, "2026-01-05 08:00", "anna");
	tell(w, "2026-01-05 09:00", "anna", "Order Completed", "{\"order_id\":\"o\",\"total\":5}");
	CHECK_INT(mark(w), MARK_GO);
	CHECK_INT(mark(w), MARK_NO);
	CHECK_INT(last_message(w)->state, MESSAGE_MARKED);
	about(w, ENTRY_OUTCOME, last_message(w)->id, "accepted");
	CHECK_INT(last_message(w)->state, MESSAGE_ACCEPTED);
	CHECK_INT(mark(w), MARK_NO);
	world_free(w);
}

TEST(a_deferred_mail_asks_again)
{
	struct world *w = world_of("journeys/bill.yaml", bill);
	struct post p = {.outcome = "deferred"};
	customer(w, "2026-01-05 08:00", "anna");
	tell(w, "2026-01-05 09:00", "anna", "Order Completed", "{\"order_id\":\"o\",\"total\":5}");
	deliver(w, &p);
	CHECK_INT(last_message(w)->state, MESSAGE_DEFERRED);
	p.outcome = "accepted";
	pass_with_mail(w, &p, "2026-01-05 10:00");
	CHECK_CSTR(messages_of(w, "anna"), "bill/hi accepted 2026-01-05 09:05");
	CHECK_INT(last_message(w)->attempts, 2);
	world_free(w);
}

TEST(an_uncertain_mail_goes_once_more_only_where_its_class_says_so)
{
	struct world *w = world_of("journeys/bill.yaml", bill);
	struct post p = {.outcome = "uncertain"};
	customer(w, "2026-01-05 08:00", "anna");
	tell(w, "2026-01-05 09:00", "anna", "Order Completed", "{\"order_id\":\"o\",\"total\":5}");
	pass_with_mail(w, &p, "2026-01-05 12:00");
	CHECK_INT(last_message(w)->state, MESSAGE_UNCERTAIN);
	CHECK_INT(last_message(w)->attempts, 2);
	world_free(w);
	w = world_of("journeys/hello.yaml", hello);
	p = (struct post){.outcome = "uncertain"};
	customer(w, "2026-01-05 08:00", "anna");
	look(w, "2026-01-05 09:00", "anna");
	pass_with_mail(w, &p, "2026-01-05 12:00");
	CHECK_INT(last_message(w)->state, MESSAGE_UNCERTAIN);
	CHECK_INT(last_message(w)->attempts, 1);
	world_free(w);
}

TEST(a_deadline_ends_it)
{
	struct world *w = world_of("journeys/hello.yaml", "journey: hello\npurpose: marketing\nentry:\n  on: track \"Product Viewed\"\n"
		"steps:\n  - send: email cart_mail\n    name: hi\n    expires: 2h\n");
	struct post p = {0};
	customer(w, "2026-01-05 08:00", "anna");
	look(w, "2026-01-05 21:00", "anna");
	CHECK_INT(last_message(w)->state, MESSAGE_EXPIRED);
	customer(w, "2026-01-06 08:00", "bert");
	look(w, "2026-01-06 09:00", "bert");
	CHECK_INT(last_message(w)->state, MESSAGE_READY);
	tick(w, at("2026-01-06 11:00"));               /* nobody asked for it */
	CHECK_INT(last_message(w)->state, MESSAGE_EXPIRED);
	(void)p;
	world_free(w);
}

TEST(the_row_freezes_what_the_template_reads)
{
	struct world *w = world_of("journeys/hello.yaml", "journey: hello\npurpose: service\nentry:\n  on: track \"Product Viewed\"\n"
		"steps:\n  - send: email cart_mail\n    name: hi\n    data:\n      what: trigger.product_id\n");
	const struct json *j = NULL;
	struct err e;
	customer(w, "2026-01-05 08:00", "anna");
	look(w, "2026-01-05 09:00", "anna");
	const struct message *m = last_message(w);
	CHECK_STR(m->address, "anna@shop.example");
	NEED(json_parse_arena(&w->a, m->frozen, &j, &e));
	CHECK_STR(json_text(json_get(j, STR("what"))), "p");
	CHECK_STR(json_text(json_path(j, "trait.email")), "anna@shop.example");
	CHECK_STR(json_text(json_path(j, "trigger.product_id")), "p");
	CHECK_STR(json_text(json_path(j, "brand.name")), "Shop");
	CHECK_STR(json_text(json_path(j, "message.template")), "cart_mail");
	CHECK_STR(json_text(json_get(j, STR("now"))), "2026-01-05T09:00:00.000Z");
	world_free(w);
}

TEST(unsubscribed_is_consent_taken_back)
{
	struct world *w = world_of("journeys/hello.yaml", hello);
	customer(w, "2026-01-05 08:00", "anna");
	CHECK(is_in(w, "anna", "permitted"));
	tell(w, "2026-01-05 09:00", "anna", "Email Marked as Spam", "{}");
	CHECK(!is_in(w, "anna", "permitted"));
	world_free(w);
}

TEST(an_address_that_bounced_for_good_gets_nothing_and_a_new_one_does)
{
	struct world *w = world_of("journeys/bill.yaml", bill);
	customer(w, "2026-01-05 08:00", "anna");
	tell(w, "2026-01-05 08:30", "anna", "Email Bounced", "{\"bounce_type\":\"hard\"}");
	tell(w, "2026-01-05 09:00", "anna", "Order Completed", "{\"order_id\":\"o\",\"total\":5}");
	CHECK_INT(last_message(w)->state, MESSAGE_WITHHELD);
	CHECK_INT(last_message(w)->reason, REASON_SUPPRESSED);
	identify(w, "2026-01-05 09:10", "anna", "{\"email\":\"anna@home.example\"}");
	tell(w, "2026-01-05 09:20", "anna", "Order Completed", "{\"order_id\":\"q\",\"total\":5}");
	CHECK_INT(last_message(w)->state, MESSAGE_READY);
	CHECK_STR(last_message(w)->address, "anna@home.example");
	world_free(w);
}

TEST(explain_says_why_not)
{
	struct world *w = world_of("journeys/hello.yaml", hello);
	struct buf b = {0};
	struct json_writer j = json_writer_on(&b);
	identify(w, "2026-01-05 08:00", "anna", "{\"email\":\"anna@shop.example\"}");
	engine_explain_json(w->g, number_of(w, "anna"), STR("hi"), &j);
	CHECK(strstr(b.ptr, "\"journey\":\"hello\"") != NULL);
	CHECK(strstr(b.ptr, "no consent") != NULL);
	buf_release(&b);
	world_free(w);
}

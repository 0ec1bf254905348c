#include "profile/address.h"
#include "tap.h"

TEST(mail_addresses_have_one_form)
{
	static const struct { const char *text, *want; } cases[] = {
	    {"anna@example.com", "anna@example.com"},
	    {"  Anna.Ek@Example.COM ", "anna.ek@example.com"},
	    {"anna+shop@example.com", "anna+shop@example.com"},
	    {"Anna@BÜCHER.example", "anna@xn--bcher-kva.example"},
	    {"anna@bücher.example", "anna@xn--bcher-kva.example"},
	    {"jörg@example.com", "jörg@example.com"},
	    {"o'neill@example.co.uk", "o'neill@example.co.uk"},
	    {"a@b.c", "a@b.c"},
	    {"", NULL}, {"anna", NULL}, {"@example.com", NULL}, {"anna@", NULL}, {"anna@localhost", NULL}, {"a@b@c.de", NULL},
	    {"an na@example.com", NULL}, {"anna@exa mple.com", NULL}, {"anna@.com", NULL}, {"anna@example..com", NULL},
	    {"anna@example.com.", NULL}, {".anna@example.com", NULL}, {"anna.@example.com", NULL}, {"an..na@example.com", NULL},
	    {"anna@-example.com", NULL}, {"anna@example-.com", NULL}, {"anna@[1.2.3.4]", NULL}, {"<anna@example.com>", NULL},
	    {"anna@example.com, berta@example.com", NULL}, {"anna\r\nBcc:x@example.com", NULL}, {"\"anna\"@example.com", NULL},
	    {"anna\xff@example.com", NULL}, {"anna@exa\xffmple.com", NULL},
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		char buf[ADDRESS_BYTES];
		struct str got = {0};
		bool ok = email_normal(str_of(cases[i].text), buf, &got);
		if (ok != (cases[i].want != NULL))
			TAP_FAIL("%s: %s", cases[i].text, ok ? "accepted" : "refused");
		else if (ok)
			CHECK_STR(got, cases[i].want);
	}
}

TEST(overlong_addresses_are_refused)
{
	char text[400], buf[ADDRESS_BYTES];
	struct str got;
	memset(text, 'a', sizeof(text));
	memcpy(text + 64, "@example.com", 12);
	CHECK(email_normal((struct str){text, 76}, buf, &got));
	text[64] = 'a';
	memcpy(text + 65, "@example.com", 12);
	CHECK(!email_normal((struct str){text, 77}, buf, &got));
	memcpy(text, "a@", 2);
	memset(text + 2, 'b', 390);
	memcpy(text + 388, ".com", 4);
	CHECK(!email_normal((struct str){text, 392}, buf, &got));
	for (int i = 50; i < 260; i += 50)
		text[i] = '.';
	memcpy(text + 256, ".com", 4);
	CHECK(!email_normal((struct str){text, 260}, buf, &got));
	CHECK(!email_normal(STR("a\0@example.com"), buf, &got));
	CHECK(!email_normal(STR("a@exam\0ple.com"), buf, &got));
}

TEST(phone_numbers_have_one_form)
{
	static const struct { const char *text, *country, *want; } cases[] = {
	    {"+358 (40) 123-4567", "", "+358401234567"}, {"00358401234567", "", "+358401234567"},
	    {"040 123 4567", "FI", "+358401234567"}, {"040 123 4567", "fi", "+358401234567"}, {"040 123 4567", "", NULL},
	    {"040 123 4567", "XX", NULL}, {"06 1 234 567", "IT", "+39061234567"}, {"(212) 555-0100", "US", "+12125550100"},
	    {"1 212 555 0100", "US", "+12125550100"}, {"0912 345 678", "VN", "+84912345678"}, {"020 7946 0018", "GB", "+442079460018"},
	    {"", "FI", NULL}, {"+", "", NULL}, {"12", "FI", NULL}, {"+0123456789", "", NULL}, {"+12345678901234567", "", NULL},
	    {"+358 40 CALL", "", NULL}, {"+358;ext=1", "", NULL}, {"0401234567890123456789012345678901234567", "FI", NULL},
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		char buf[ADDRESS_BYTES];
		struct str got = {0};
		bool ok = phone_normal(str_of(cases[i].text), str_of(cases[i].country), buf, &got);
		if (ok != (cases[i].want != NULL))
			TAP_FAIL("%s (%s): %s %.*s", cases[i].text, cases[i].country, ok ? "accepted" : "refused", STR_ARGS(got));
		else if (ok)
			CHECK_STR(got, cases[i].want);
	}
}

TEST(ids_that_mean_nobody)
{
	static const char *const nobody[] = {"", " ", "null", "NULL", "undefined", "0", "000", "-1", "anonymous", "Anonymous ", "NaN", "nil", "none",
		"guest", "unknown", "N/A", "(not set)", "[object Object]", "{}", "true", "false", "-", "00000000-0000-0000-0000-000000000000",
		"00000000000000000000000000000000", "{00000000-0000-0000-0000-000000000000}"};
	static const char *const somebody[] = {"1", "10", "u0", "anna", "null-1", "none@example.com", "00000000-0000-0000-0000-000000000001", "guest42"};
	for (size_t i = 0; i < COUNT(nobody); i++)
		if (!id_is_nobody(str_of(nobody[i])))
			TAP_FAIL("somebody: %s", nobody[i]);
	for (size_t i = 0; i < COUNT(somebody); i++)
		if (id_is_nobody(str_of(somebody[i])))
			TAP_FAIL("nobody: %s", somebody[i]);
	char longest[300];
	memset(longest, 'x', sizeof(longest));
	CHECK(!id_is_nobody((struct str){longest, 256}));
	CHECK(id_is_nobody((struct str){longest, 257}));
}

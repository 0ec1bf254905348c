#include "measure/measure.h"
#include "tap.h"

static const char *
said(const char *text)
{
	static char out[400];
	struct assumption as;
	struct err e = {0};
	struct buf b = {0};
	if (!assumption_parse(str_of(text), &as, &e)) {
		snprintf(out, sizeof(out), "refused: %.60s", e.text);
		return out;
	}
	assumption_text(&as, &b);
	snprintf(out, sizeof(out), "%s", b.ptr);
	buf_release(&b);
	return out;
}

TEST(assumptions_are_said_in_full)
{
	CHECK_CSTR(said(""), "every mail is accepted; nobody opens; consent as recorded");
	CHECK_CSTR(said("open=30%,click=2.5%"), "every mail is accepted; 30% are opened and 2.5% clicked, drawn by a hash of the message id; consent as recorded");
	CHECK_CSTR(said("consent=email"), "every mail is accepted; nobody opens; everybody with an address consents to e-mail");
}

TEST(assumptions_that_make_no_sense_are_refused)
{
	static const char *const bad[] = {"open", "open=30", "open=130%", "click=5%", "consent=sms", "opens=3%", "open=-1%"};
	for (size_t i = 0; i < COUNT(bad); i++)
		if (strncmp(said(bad[i]), "refused", 7) != 0)
			TAP_FAIL("taken: %s", bad[i]);
}

TEST(months_are_written_short)
{
	char buf[16];
	month_format(2026 * 12 + 10, buf);
	CHECK_CSTR(buf, "2026-11");
}

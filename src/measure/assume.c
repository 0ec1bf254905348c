#include "measure/measure.h"

static void
permille_text(struct buf *to, uint32_t permille)
{
	if (permille % 10)
		buf_printf(to, "%u.%u%%", permille / 10, permille % 10);
	else
		buf_printf(to, "%u%%", permille / 10);
}

void
assumption_text(const struct assumption *as, struct buf *to)
{
	buf_add_cstr(to, "every mail is accepted; ");
	if (as->open_permille || as->click_permille) {
		permille_text(to, as->open_permille);
		buf_add_cstr(to, " are opened and ");
		permille_text(to, as->click_permille);
		buf_add_cstr(to, " clicked, drawn by a hash of the message id; ");
	} else {
		buf_add_cstr(to, "nobody opens; ");
	}
	buf_add_cstr(to, as->consent_email ? "everybody with an address consents to e-mail" : "consent as recorded");
}

static bool
parse_share(struct str s, uint32_t *ret)
{
	fixed n;
	if (!str_ends(s, STR("%")) || !str_to_fixed(str_slice(s, 0, s.len - 1), &n) || n < 0 || n > 100 * FIXED_ONE)
		return false;
	*ret = (uint32_t)(n * 10 / FIXED_ONE);
	return true;
}

bool
assumption_parse(struct str text, struct assumption *ret, struct err *e)
{
	struct assumption as = {.open_after = 2 * HOUR, .click_after = 2 * HOUR + 5 * MINUTE};
	while (text.len) {
		struct str value = str_cut(&text, ','), key = str_trim(str_cut(&value, '='));
		value = str_trim(value);
		bool ok = str_eq(key, STR("open"))    ? parse_share(value, &as.open_permille)
			  : str_eq(key, STR("click")) ? parse_share(value, &as.click_permille)
						      : str_eq(key, STR("consent")) && str_eq(value, STR("email"));
		if (!ok)
			return fail(e, ERR_INVALID, "an assumption looks like open=30%%,click=3%%,consent=email; \"%.*s\" does not",
			    STR_ARGS(key));
		as.consent_email |= str_eq(key, STR("consent"));
	}
	if (as.click_permille > as.open_permille)
		return fail(e, ERR_INVALID, "more people cannot click than open: a click counts as an open");
	*ret = as;
	return true;
}

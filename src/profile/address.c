#include "profile/address.h"
#include "base/limits.h"
#include <idn2.h>
#include <string.h>

static bool
is_ascii(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if ((unsigned char)s.ptr[i] >= 0x80)
			return false;
	return true;
}

static char
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

static bool
local_part_ok(struct str local)
{
	if (local.len == 0 || local.len > 64 || local.ptr[0] == '.' || local.ptr[local.len - 1] == '.')
		return false;
	for (size_t i = 0; i < local.len; i++) {
		unsigned char c = (unsigned char)local.ptr[i];
		if (c <= ' ' || c == 127 || strchr("()<>[]:;\\,\"@", c) || (c == '.' && local.ptr[i + 1] == '.'))
			return false;
	}
	return str_is_utf8(local);
}

/* ASCII form of a domain; two labels at least, none empty or with a hyphen at an end. */
static bool
domain_ok(struct str d)
{
	size_t label = 0, dots = 0;
	for (size_t i = 0; i <= d.len; i++) {
		char c = i < d.len ? d.ptr[i] : '.';
		if (c == '.') {
			if (label == 0 || label > 63 || d.ptr[i - 1] == '-')
				return false;
			dots += i < d.len;
			label = 0;
		} else if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (c == '-' && label > 0)) {
			label++;
		} else {
			return false;
		}
	}
	return dots > 0 && d.len <= 253;
}

static bool
put_domain(struct str domain, char *to, size_t room, size_t *ret_len)
{
	if (is_ascii(domain)) {
		if (domain.len >= room)
			return false;
		for (size_t i = 0; i < domain.len; i++)
			to[i] = lower(domain.ptr[i]);
		*ret_len = domain.len;
		return true;
	}
	char utf8[256], *ascii = NULL;
	if (domain.len >= sizeof(utf8) || !str_is_utf8(domain))
		return false;
	memcpy(utf8, domain.ptr, domain.len);
	utf8[domain.len] = 0;
	if (idn2_to_ascii_8z(utf8, &ascii, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL) != IDN2_OK)
		return false;
	size_t n = strlen(ascii);
	bool fits = n < room;
	if (fits)
		memcpy(to, ascii, n);
	*ret_len = n;
	idn2_free(ascii);
	return fits;
}

bool
email_normal(struct str text, char *buf, struct str *ret)
{
	text = str_trim(text);
	size_t at = str_find_char(text, '@', 0), domain_len;
	if (at == SIZE_MAX || str_find_char(text, '@', at + 1) != SIZE_MAX)
		return false;
	struct str local = str_slice(text, 0, at), domain = str_slice(text, at + 1, text.len);
	if (!local_part_ok(local) || domain.len == 0)
		return false;
	for (size_t i = 0; i < local.len; i++)
		buf[i] = lower(local.ptr[i]);
	buf[at] = '@';
	if (!put_domain(domain, buf + at + 1, ADDRESS_BYTES - at - 1, &domain_len) ||
	    !domain_ok((struct str){buf + at + 1, domain_len}) || at + 1 + domain_len > 254)
		return false;
	*ret = (struct str){buf, at + 1 + domain_len};
	return true;
}

/* country, calling code, trunk prefix that falls away abroad */
static const struct {
	char country[3], code[4], trunk[3];
} plans[] = {
    {"AE", "971", "0"}, {"AR", "54", "0"}, {"AT", "43", "0"}, {"AU", "61", "0"}, {"BE", "32", "0"}, {"BG", "359", "0"}, {"BR", "55", "0"}, {"CA", "1", "1"},
    {"CH", "41", "0"}, {"CL", "56", ""}, {"CN", "86", "0"}, {"CO", "57", ""}, {"CY", "357", ""}, {"CZ", "420", ""}, {"DE", "49", "0"}, {"DK", "45", ""},
    {"EE", "372", ""}, {"ES", "34", ""}, {"FI", "358", "0"}, {"FR", "33", "0"}, {"GB", "44", "0"}, {"GR", "30", ""}, {"HK", "852", ""},
    {"HR", "385", "0"}, {"HU", "36", "06"}, {"ID", "62", "0"}, {"IE", "353", "0"}, {"IL", "972", "0"}, {"IN", "91", "0"}, {"IS", "354", ""},
    {"IT", "39", ""}, {"JP", "81", "0"}, {"KR", "82", "0"}, {"LT", "370", "8"}, {"LU", "352", ""}, {"LV", "371", ""},
    {"MT", "356", ""}, {"MX", "52", ""}, {"MY", "60", "0"}, {"NL", "31", "0"}, {"NO", "47", ""}, {"NZ", "64", "0"},
    {"PH", "63", "0"}, {"PL", "48", ""}, {"PT", "351", ""}, {"RO", "40", "0"}, {"SE", "46", "0"}, {"SG", "65", ""},
    {"SI", "386", "0"}, {"SK", "421", "0"}, {"TH", "66", "0"}, {"TR", "90", "0"}, {"TW", "886", "0"}, {"UA", "380", "0"}, {"US", "1", "1"},
    {"VN", "84", "0"}, {"ZA", "27", "0"},
};

/* Digits of a number as people write it; false when anything but digits and separators stands in it. */
static bool
take_digits(struct str text, char *to, size_t room, size_t *ret_n)
{
	size_t n = 0;
	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];
		if (c >= '0' && c <= '9') {
			if (n == room)
				return false;
			to[n++] = c;
		} else if (!strchr(" -./()", c) || c == 0) {
			return false;
		}
	}
	*ret_n = n;
	return true;
}

static bool
finish_phone(const char *code, struct str national, char *buf, struct str *ret)
{
	size_t n = strlen(code) + national.len;
	if (n < 7 || n > 15 || (code[0] == 0 && national.ptr[0] == '0'))
		return false;
	buf[0] = '+';
	memcpy(buf + 1, code, strlen(code));
	memcpy(buf + 1 + strlen(code), national.ptr, national.len);
	*ret = (struct str){buf, n + 1};
	return true;
}

bool
phone_normal(struct str text, struct str country, char *buf, struct str *ret)
{
	char digits[32];
	size_t n;
	text = str_trim(text);
	bool plus = text.len && text.ptr[0] == '+';
	if (!take_digits(str_slice(text, plus, text.len), digits, sizeof(digits), &n) || n == 0)
		return false;
	struct str number = {digits, n};
	if (plus)
		return finish_phone("", number, buf, ret);
	if (str_starts(number, STR("00")))
		return finish_phone("", str_slice(number, 2, n), buf, ret);
	for (size_t i = 0; i < COUNT(plans); i++) {
		if (!str_eq_nocase(country, str_of(plans[i].country)))
			continue;
		struct str trunk = str_of(plans[i].trunk);
		if (trunk.len && str_starts(number, trunk))
			number = str_slice(number, trunk.len, n);
		return finish_phone(plans[i].code, number, buf, ret);
	}
	return false;
}

/* 0, 0000, a UUID of zeroes with or without hyphens and braces. */
static bool
is_zeroes(struct str id)
{
	for (size_t i = 0; i < id.len; i++)
		if (!strchr("0-{}.", id.ptr[i]) || !id.ptr[i])
			return false;
	return true;
}

bool
id_is_nobody(struct str id)
{
	static const struct str words[] = {STR_INIT("null"), STR_INIT("undefined"), STR_INIT("nil"), STR_INIT("none"),
	    STR_INIT("nan"), STR_INIT("-1"), STR_INIT("false"), STR_INIT("true"), STR_INIT("anonymous"), STR_INIT("guest"),
	    STR_INIT("unknown"), STR_INIT("n/a"), STR_INIT("(null)"), STR_INIT("(none)"), STR_INIT("(not set)"),
	    STR_INIT("not set"), STR_INIT("not_set"), STR_INIT("<null>"), STR_INIT("\"\""), STR_INIT("''"),
	    STR_INIT("[object object]"), STR_INIT("[object undefined]"), STR_INIT("{}"), STR_INIT("[]"),
	    STR_INIT("undefined undefined"), STR_INIT("\\n"), STR_INIT("nobody"), STR_INIT("no user")};
	id = str_trim(id);
	if (id.len == 0 || id.len > LIMIT_ID_BYTES || is_zeroes(id))
		return true;
	for (size_t i = 0; i < COUNT(words); i++)
		if (id.len == words[i].len && str_eq_nocase(id, words[i]))
			return true;
	return false;
}

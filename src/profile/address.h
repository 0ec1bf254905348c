/* address.h -- e-mail addresses and phone numbers in the one form in which they are compared. Pure. */
#pragma once
#include "base/str.h"

/* "  Anna.Ek@BÜCHER.example " → "anna.ek@xn--bcher-kva.example". False when it cannot be a mail address: no or several @, blanks or
 * control signs, empty or overlong parts, a domain without a dot. buf needs ADDRESS_BYTES. */
enum { ADDRESS_BYTES = 320 };
bool email_normal(struct str text, char *buf, struct str *ret);
/* "+358 (40) 123-4567", "00358401234567" → "+358401234567". A national number ("040 123 4567") needs the ISO country code of the
 * person; without one, or with one that is not known, it is refused. */
bool phone_normal(struct str text, struct str country, char *buf, struct str *ret);
/* Values that programs send when they mean nobody: "", null, undefined, 0, anonymous, NaN, [object Object], a UUID of zeroes, … */
bool id_is_nobody(struct str id);

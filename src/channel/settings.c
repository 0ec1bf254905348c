/* DIR/settings.yaml:
 *
 *	mail:
 *	  server: mail.example.com:587
 *	  tls: starttls
 *	  user: shop
 *	  password file: smtp.password
 *	  public url: https://mail.shop.example
 *
 * The password never stands in it: it is in a file of its own, or in the environment. */
#include "channel/channel.h"
#include "base/yaml.h"
#include "net/smtp.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FILE_MOST = 64 * 1024, CONNECTIONS_MOST = 256 };
static const char password_variable[] = "PERENNIAL_SMTP_PASSWORD";

/* ---------------------------------------------------------------- one key each */

struct reading { struct arena *a; const char *dir; struct channel_settings *s; struct err *e; };

static bool
wrong(struct reading *r, const struct yaml *y, const char *sentence)
{
	err_set_at(r->e, ERR_INVALID, y->line, y->column, "%s", sentence);
	return fail_in(r->e, "settings.yaml");
}

static bool
is_one_word(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if ((unsigned char)s.ptr[i] <= ' ' || s.ptr[i] == 127)
			return false;
	return s.len > 0 && s.len < 256;
}

static bool
read_server(struct reading *r, const struct yaml *y)
{
	struct str rest = arena_str(r->a, y->text), host = rest;
	int64_t port = 0;
	size_t colon = SIZE_MAX;
	if (rest.len && rest.ptr[0] == '[') {          /* [2001:db8::1]:587 */
		size_t end = str_find_char(rest, ']', 0);
		if (end == SIZE_MAX)
			return wrong(r, y, "the server's address begins with [ but has no ]");
		host = str_slice(rest, 1, end);
		colon = end + 1 < rest.len ? end + 1 : SIZE_MAX;
	} else if ((colon = str_find_char(rest, ':', 0)) != SIZE_MAX) {
		host = str_slice(rest, 0, colon);
	}
	if (!is_one_word(host))
		return wrong(r, y, "server is written mail.example.com:587 or mail.example.com");
	if (colon != SIZE_MAX &&
	    (rest.ptr[colon] != ':' || !str_to_int(str_slice(rest, colon + 1, rest.len), &port) || port < 1 || port > 65535))
		return wrong(r, y, "the port after the server's name is a number between 1 and 65535");
	r->s->smtp_host = host;
	r->s->smtp_port = (int)port;
	return true;
}

static bool
read_tls(struct reading *r, const struct yaml *y)
{
	enum smtp_tls ignored;
	if (!smtp_tls_of(y->text, &ignored))
		return wrong(r, y, "tls is starttls, implicit, maybe or none");
	r->s->smtp_tls = arena_str(r->a, y->text);
	return true;
}

static bool
read_word(struct reading *r, const struct yaml *y, struct str *ret, const char *sentence)
{
	if (!is_one_word(y->text))
		return wrong(r, y, sentence);
	*ret = arena_str(r->a, y->text);
	return true;
}

static bool
read_user(struct reading *r, const struct yaml *y)
{
	return read_word(r, y, &r->s->smtp_user, "user is one word");
}

static bool
read_hello(struct reading *r, const struct yaml *y)
{
	return read_word(r, y, &r->s->helo, "hello name is the name that this machine gives itself, such as mail.shop.example");
}

static bool
read_bounces(struct reading *r, const struct yaml *y)
{
	if (str_find_char(y->text, '@', 0) == SIZE_MAX)
		return wrong(r, y, "bounces to is an address, such as bounces@shop.example");
	return read_word(r, y, &r->s->bounce_address, "bounces to is an address without blanks");
}

static bool
read_public_url(struct reading *r, const struct yaml *y)
{
	if (!str_starts(y->text, STR("https://")) && !str_starts(y->text, STR("http://")))
		return wrong(r, y, "public url begins with https:// (or http:// on one's own machine): links in messages point there");
	return read_word(r, y, &r->s->public_url, "public url holds no blanks");
}

static bool
read_connections(struct reading *r, const struct yaml *y)
{
	int64_t n = 0;
	if (!str_to_int(y->text, &n) || n < 1 || n > CONNECTIONS_MOST)
		return wrong(r, y, "connections is a number between 1 and 256");
	r->s->smtp_connections = (int)n;
	return true;
}

static bool
read_per_second(struct reading *r, const struct yaml *y)
{
	double n = 0;
	if (!str_to_double(y->text, &n) || !(n > 0) || n > 1e6)
		return wrong(r, y, "per second is how many messages may go out in a second, such as 20 or 0.5");
	r->s->per_second = n;
	return true;
}

static bool
read_any_certificate(struct reading *r, const struct yaml *y)
{
	if (!str_eq(y->text, STR("yes")) && !str_eq(y->text, STR("no")))
		return wrong(r, y, "any certificate is yes or no");
	r->s->smtp_any_certificate = str_eq(y->text, STR("yes"));
	return true;
}

/* ---------------------------------------------------------------- files */

/* ERR_NOT_FOUND when there is none. */
static bool
read_file(struct arena *a, const char *path, struct str *ret, struct err *e)
{
	FILE *f = fopen(path, "re");
	if (!f)
		return fail(e, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, "cannot open %s: %s", path, strerror(errno));
	char *bytes = arena_alloc(a, FILE_MOST + 1);
	size_t n = fread(bytes, 1, FILE_MOST + 1, f);
	bool bad = ferror(f) != 0;
	(void)fclose(f);
	if (bad)
		return fail(e, ERR_IO, "cannot read %s", path);
	if (n > FILE_MOST)
		return fail(e, ERR_TOO_LARGE, "%s is larger than 64 KB", path);
	*ret = (struct str){bytes, n};
	return true;
}

static bool
read_password_file(struct reading *r, const struct yaml *y)
{
	struct str secret;
	bool absolute = y->text.len && y->text.ptr[0] == '/';
	struct str path = absolute ? y->text : arena_printf(r->a, "%s/%.*s", r->dir, STR_ARGS(y->text));
	if (!read_file(r->a, arena_cstr(r->a, path), &secret, r->e))
		return wrong(r, y, r->e->text);
	r->s->smtp_password = str_trim(secret);
	return r->s->smtp_password.len ? true : wrong(r, y, "the password file is empty");
}

static bool
refuse_password(struct reading *r, const struct yaml *y)
{
	return wrong(r, y, "a password does not belong in settings.yaml: put it in a file ('password file: …') or in PERENNIAL_SMTP_PASSWORD");
}

/* ---------------------------------------------------------------- the document */

static const struct { const char *key; bool (*read)(struct reading *r, const struct yaml *y); } keys[] = {
    {"server", read_server},
    {"tls", read_tls},
    {"user", read_user},
    {"password file", read_password_file},
    {"password", refuse_password},
    {"connections", read_connections},
    {"hello name", read_hello},
    {"bounces to", read_bounces},
    {"public url", read_public_url},
    {"per second", read_per_second},
    {"any certificate", read_any_certificate},
};

static bool
read_mail(struct reading *r, const struct yaml *mail)
{
	if (mail->kind != YAML_MAPPING)
		return wrong(r, mail, "mail: is followed by indented lines such as 'server: mail.example.com:587'");
	yaml_each(y, mail) {
		size_t k = 0;
		while (k < COUNT(keys) && !str_eq(y->key, str_of(keys[k].key)))
			k++;
		if (k == COUNT(keys)) {
			err_set_at(r->e, ERR_INVALID, y->key_line, y->key_column,
			    "mail: has no '%.*s'; it knows server, tls, user, password file, connections, hello name, bounces to, public url, per second "
			    "and any certificate", STR_ARGS(str_slice(y->key, 0, 40)));
			return fail_in(r->e, "settings.yaml");
		}
		if (y->kind != YAML_SCALAR)
			return wrong(r, y, "one value is expected here");
		if (!keys[k].read(r, y))
			return false;
	}
	return true;
}

static bool
read_settings(struct reading *r, struct str text)
{
	struct yaml **docs;
	size_t n;
	if (!yaml_parse(r->a, "settings.yaml", text, &docs, &n, r->e))
		return false;
	if (!n)
		return true;
	if (n > 1)
		return wrong(r, docs[1], "settings.yaml holds one document");
	if (docs[0]->kind == YAML_SCALAR && !docs[0]->text.len)
		return true;
	if (docs[0]->kind != YAML_MAPPING)
		return wrong(r, docs[0], "settings.yaml begins with a line such as 'mail:'");
	yaml_each(y, docs[0]) {
		if (!str_eq(y->key, STR("mail"))) {
			err_set_at(r->e, ERR_INVALID, y->key_line, y->key_column, "settings.yaml knows 'mail:' and no '%.*s'",
			    STR_ARGS(str_slice(y->key, 0, 40)));
			return fail_in(r->e, "settings.yaml");
		}
		if (!read_mail(r, y))
			return false;
	}
	return true;
}

bool
channel_settings_load(const char *dir, struct arena *a, struct channel_settings *ret, struct err *e)
{
	struct channel_settings s = {0};
	struct reading r = {a, dir, &s, e};
	struct str text;
	struct err missing;
	struct str path = arena_printf(a, "%s/settings.yaml", dir);
	if (read_file(a, path.ptr, &text, &missing)) {
		if (!read_settings(&r, text))
			return false;
	} else if (missing.code != ERR_NOT_FOUND) {
		*e = missing;
		return false;
	}
	const char *secret = getenv(password_variable);
	if (secret && *secret)
		s.smtp_password = arena_str(a, str_of(secret));
	*ret = s;
	return true;
}

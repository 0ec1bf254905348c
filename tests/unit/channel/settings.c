#include "channel/channel.h"
#include "tap.h"
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char dir[64];
static struct arena arena;
static struct channel_settings s;
static struct err error;

static void
write_file(const char *name, const char *text)
{
	char path[200];
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	FILE *f = fopen(path, "w");
	(void)!fputs(text, f);
	fclose(f);
}

/* settings.yaml holds this text; does it load? */
static bool
loads(const char *text)
{
	if (!*dir) {
		strcpy(dir, "/tmp/perennial-settings-XXXXXX");
		(void)!mkdtemp(dir);
		arena_init(&arena);
		unsetenv("PERENNIAL_SMTP_PASSWORD");
	}
	write_file("settings.yaml", text);
	memset(&error, 0, sizeof(error));
	memset(&s, 0, sizeof(s));
	return channel_settings_load(dir, &arena, &s, &error);
}

/* The sentence with its place, when it does not. */
static const char *
refusal(const char *text)
{
	static char said[600];
	return loads(text) ? "(taken)" : err_format(&error, said, sizeof(said));
}

TEST(without_a_file_nothing_is_set)
{
	CHECK(loads(""));
	char path[100];
	snprintf(path, sizeof(path), "%s/settings.yaml", dir);
	unlink(path);
	CHECK(channel_settings_load(dir, &arena, &s, &error));
	CHECK_INT(s.smtp_host.len, 0);
}

TEST(everything_is_read)
{
	(void)loads("");
	write_file("secret", "geheim\n");
	NEED(loads("mail:\n  server: mail.example.com:587\n  tls: starttls\n  user: shop\n  password file: secret\n  connections: 12\n"
		"  hello name: out.shop.example\n  bounces to: bounces@shop.example\n  public url: https://mail.shop.example\n  per second: 2.5\n"
		"  any certificate: yes\n"));
	CHECK_STR(s.smtp_host, "mail.example.com");
	CHECK_INT(s.smtp_port, 587);
	CHECK_STR(s.smtp_tls, "starttls");
	CHECK_STR(s.smtp_user, "shop");
	CHECK_STR(s.smtp_password, "geheim");
	CHECK_INT(s.smtp_connections, 12);
	CHECK_STR(s.helo, "out.shop.example");
	CHECK_STR(s.bounce_address, "bounces@shop.example");
	CHECK_STR(s.public_url, "https://mail.shop.example");
	CHECK(s.per_second > 2.49 && s.per_second < 2.51);
	CHECK(s.smtp_any_certificate);
}

TEST(servers)
{
	NEED(loads("mail: {server: mail.example.com}\n"));
	CHECK_INT(s.smtp_port, 0);
	NEED(loads("mail:\n  server: \"[2001:db8::1]:25\"\n"));
	CHECK_STR(s.smtp_host, "2001:db8::1");
	CHECK_INT(s.smtp_port, 25);
}

TEST(the_environment_has_the_password)
{
	(void)loads("");
	setenv("PERENNIAL_SMTP_PASSWORD", "hush", 1);
	CHECK(loads("mail:\n  user: shop\n"));
	CHECK_STR(s.smtp_password, "hush");
	unsetenv("PERENNIAL_SMTP_PASSWORD");
}

TEST(what_is_wrong_is_said_with_its_place)
{
	CHECK_CSTR(refusal("mail:\n  server: mail.example.com:99999\n"),
	    "settings.yaml:2:11: the port after the server's name is a number between 1 and 65535");
	CHECK_CSTR(refusal("mail:\n  tls: always\n"), "settings.yaml:2:8: tls is starttls, implicit, maybe or none");
	CHECK_CSTR(refusal("mail:\n  password: x\n"),
	    "settings.yaml:2:13: a password does not belong in settings.yaml: put it in a file ('password file: …') or in PERENNIAL_SMTP_PASSWORD");
	CHECK_CSTR(refusal("mail:\n  servr: x\n"),
	    "settings.yaml:2:3: mail: has no 'servr'; it knows server, tls, user, password file, connections, hello name, bounces to, public url, "
	    "per second and any certificate");
	CHECK_CSTR(refusal("mails:\n  server: x\n"), "settings.yaml:1:1: settings.yaml knows 'mail:' and no 'mails'");
	CHECK_CSTR(refusal("mail: x\n"), "settings.yaml:1:7: mail: is followed by indented lines such as 'server: mail.example.com:587'");
	CHECK_CSTR(refusal("mail:\n  connections: 0\n"), "settings.yaml:2:16: connections is a number between 1 and 256");
	CHECK_CSTR(refusal("mail:\n  per second: -1\n"), "settings.yaml:2:15: per second is how many messages may go out in a second, such as 20 or 0.5");
	CHECK_CSTR(refusal("mail:\n  public url: shop.example\n"),
	    "settings.yaml:2:15: public url begins with https:// (or http:// on one's own machine): links in messages point there");
	CHECK_CSTR(refusal("mail:\n  bounces to: nobody\n"), "settings.yaml:2:15: bounces to is an address, such as bounces@shop.example");
	CHECK_CSTR(refusal("mail:\n  server: [a, b]\n"), "settings.yaml:2:11: one value is expected here");
	CHECK(!loads("mail:\n  password file: nowhere\n"));
	CHECK(!loads("mail:\n  server: \"a\\r\\nb\"\n"));
	CHECK(!loads("mail: {server: a, server: b}\n"));
	CHECK(!loads("- mail\n"));
}

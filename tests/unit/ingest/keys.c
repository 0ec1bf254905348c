#include "ingest/keys.h"
#include "tap.h"
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char dir[] = "/tmp/perennial-keys-XXXXXX";
static struct err error;

static void
put(const char *text)
{
	char path[100];
	snprintf(path, sizeof(path), "%s/keys.json", dir);
	FILE *f = fopen(path, "w");
	if (!f)
		return;
	fputs(text, f);
	fclose(f);
}

TEST(keys_are_made_once)
{
	struct write_keys *k, *again;
	struct stat st;
	char path[100];
	NEED(mkdtemp(dir));
	CHECK(!write_keys_load(dir, &k, &error));
	CHECK_INT(error.code, ERR_NOT_FOUND);
	NEED(write_keys_make(dir, &error));
	NEED(write_keys_load(dir, &k, &error));
	CHECK_INT(k->n, 2);
	CHECK_INT(k->keys[0].trust, TRUST_PUBLIC);
	CHECK_INT(k->keys[1].trust, TRUST_SERVER);
	CHECK(write_keys_find(k, k->keys[1].key) == &k->keys[1]);
	CHECK(!write_keys_find(k, STR("")) && !write_keys_find(k, STR("srv_")));
	NEED(write_keys_make(dir, &error));
	NEED(write_keys_load(dir, &again, &error));
	CHECK(str_eq(again->keys[0].key, k->keys[0].key));
	CHECK(!memcmp(again->token_key, k->token_key, sizeof(k->token_key)));
	snprintf(path, sizeof(path), "%s/keys.json", dir);
	CHECK(stat(path, &st) == 0 && (st.st_mode & 0777) == 0600);
	write_keys_free(k);
	write_keys_free(again);
}

TEST(the_first_run_password_is_told_once)
{
	char password[32], none[32];
	struct write_keys *k;
	struct err e = {0};
	NEED(admin_password_make(dir, password, &e));
	CHECK(strlen(password) >= 20);
	CHECK(!admin_password_make(dir, none, &e));
	CHECK_INT(e.code, ERR_NONE);
	CHECK_CSTR(none, "");
	NEED(write_keys_load(dir, &k, &error));
	CHECK_INT(k->n, 2);
	CHECK(admin_password_right(k, str_of(password)));
	password[0] ^= 1;
	CHECK(!admin_password_right(k, str_of(password)));
	CHECK(!admin_password_right(k, STR("")));
	write_keys_free(k);
}

TEST(mistakes_in_the_file_are_told)
{
	struct write_keys *k;
	const struct { const char *text, *sentence; } bad[] = {
		{"{\"keys\":[{\"name\":\"a\",\"key\":\"short\"}]}", "a write key needs a name and a key of at least 8 signs"},
		{"{\"keys\":[{\"name\":\"a\",\"key\":\"long enough\",\"trust\":\"some\"}]}", "the trust of write key a must be public or server"},
		{"{\"keys\":[],\"token_key\":\"12\"}", "token_key must be 64 hexadecimal digits"}};
	for (size_t i = 0; i < COUNT(bad); i++) {
		put(bad[i].text);
		CHECK(!write_keys_load(dir, &k, &error));
		CHECK_CSTR(error.text, bad[i].sentence);
		CHECK_CSTR(error.file, "keys.json");
	}
	char path[100];
	snprintf(path, sizeof(path), "%s/keys.json", dir);
	unlink(path);
	rmdir(dir);
}

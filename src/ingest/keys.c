#include "ingest/keys.h"
#include "base/clock.h"
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_MOST = 256 * 1024 };

static bool
path_of_keys(const char *dir, const char *suffix, char path[1024], struct err *e)
{
	int n = snprintf(path, 1024, "%s/keys.json%s", dir, suffix);
	return n > 0 && n < 1024 ? true : fail(e, ERR_INVALID, "the folder's name is too long");
}

/* Beside the old file, then in its place, so that a crash leaves one of them whole. */
static bool
write_whole(const char *dir, struct str text, bool only_new, struct err *e)
{
	char path[1024], beside[1024];
	if (!path_of_keys(dir, "", path, e) || !path_of_keys(dir, ".new", beside, e))
		return false;
	int fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	bool ok = fd >= 0 && write(fd, text.ptr, text.len) == (ssize_t)text.len && fsync(fd) == 0;
	if (fd >= 0)
		close(fd);
	if (ok)
		ok = only_new ? link(beside, path) == 0 || errno == EEXIST : rename(beside, path) == 0;
	int saved = errno;
	if (only_new || !ok)
		unlink(beside);
	return ok ? true : fail(e, ERR_IO, "cannot write %s: %s", path, strerror(saved));
}

static bool
read_whole(const char *dir, struct arena *a, struct str *ret, struct err *e)
{
	char path[1024];
	if (!path_of_keys(dir, "", path, e))
		return false;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return fail(e, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, "cannot open %s: %s", path, strerror(errno));
	char *bytes = arena_alloc(a, FILE_MOST);
	ssize_t n = read(fd, bytes, FILE_MOST - 1);
	close(fd);
	if (n < 0 || n == FILE_MOST - 1)
		return fail(e, ERR_IO, "cannot read %s whole", path);
	*ret = (struct str){bytes, (size_t)n};
	return true;
}

static void
random_hex(char *to, size_t bytes)
{
	uint8_t raw[64];
	ASSERT(bytes <= sizeof(raw));
	random_bytes(raw, bytes);
	sodium_bin2hex(to, bytes * 2 + 1, raw, bytes);
}

static void
write_key_json(struct json_writer *w, const char *name, const char *prefix, const char *trust)
{
	char secret[41], text[64];
	random_hex(secret, 20);
	snprintf(text, sizeof(text), "%s_%s", prefix, secret);
	jw_object(w);
	jw_kstr(w, "name", str_of(name));
	jw_kstr(w, "key", str_of(text));
	jw_kstr(w, "trust", str_of(trust));
	jw_object_end(w);
}

bool
write_keys_make(const char *dir, struct err *e)
{
	struct buf text = {0};
	char token_key[65];
	struct json_writer w = json_writer_on(&text);
	w.pretty = true;
	random_hex(token_key, 32);
	jw_object(&w);
	jw_karray(&w, "keys");
	write_key_json(&w, "website", "pub", "public");
	write_key_json(&w, "server", "srv", "server");
	jw_array_end(&w);
	jw_kstr(&w, "token_key", str_of(token_key));
	jw_object_end(&w);
	buf_add_char(&text, '\n');
	bool ok = write_whole(dir, buf_str(&text), true, e);
	buf_release(&text);
	return ok;
}

static bool
read_key(const struct json *j, struct write_key *ret, struct err *e)
{
	struct str trust = json_text(json_get(j, STR("trust")));
	*ret = (struct write_key){.name = json_text(json_get(j, STR("name"))), .key = json_text(json_get(j, STR("key")))};
	if (!ret->name.len || ret->key.len < 8)
		return fail(e, ERR_INVALID, "a write key needs a name and a key of at least 8 signs");
	if (str_eq(trust, STR("public")))
		ret->trust = TRUST_PUBLIC;
	else if (str_eq(trust, STR("server")))
		ret->trust = TRUST_SERVER;
	else
		return fail(e, ERR_INVALID, "the trust of write key %.*s must be public or server", STR_ARGS(ret->name));
	return true;
}

static bool
read_keys(struct write_keys *k, const struct json *root, struct err *e)
{
	const struct json *list = json_get(root, STR("keys"));
	struct str token = json_text(json_get(root, STR("token_key")));
	size_t n = 0;
	k->keys = arena_array(&k->arena, struct write_key, json_is(list, JSON_ARRAY) ? list->count : 0);
	json_each(j, list) {
		if (!read_key(j, &k->keys[k->n], e))
			return false;
		k->n++;
	}
	if (sodium_hex2bin(k->token_key, sizeof(k->token_key), token.ptr ? token.ptr : "", token.len, NULL, &n, NULL) || n != sizeof(k->token_key))
		return fail(e, ERR_INVALID, "token_key must be 64 hexadecimal digits");
	k->password_hash = json_text(json_path(root, "admin.password_hash"));
	return true;
}

bool
write_keys_load(const char *dir, struct write_keys **ret, struct err *e)
{
	struct write_keys *k = mem_alloc(sizeof(*k));
	const struct json *root;
	struct str text;
	arena_init(&k->arena);
	if (!read_whole(dir, &k->arena, &text, e) || !json_parse_arena(&k->arena, text, &root, e) || !read_keys(k, root, e)) {
		write_keys_free(k);
		return fail_in(e, "keys.json");
	}
	*ret = k;
	return true;
}

void
write_keys_free(struct write_keys *k)
{
	if (!k)
		return;
	arena_clear(&k->arena);
	mem_free(k);
}

const struct write_key *
write_keys_find(const struct write_keys *k, struct str key)
{
	const struct write_key *found = NULL;
	for (uint32_t i = 0; i < k->n; i++)
		if (k->keys[i].key.len == key.len && sodium_memcmp(k->keys[i].key.ptr, key.ptr, key.len) == 0)
			found = &k->keys[i];
	return found;
}

/* ---------------------------------------------------------------- the first-run password */

/* The file as it is, with admin.password_hash put in. */
static void
with_password(const struct json *root, const char *hash, struct buf *out)
{
	struct json_writer w = json_writer_on(out);
	w.pretty = true;
	jw_object(&w);
	json_each(j, root) {
		if (str_eq(j->key, STR("admin")))
			continue;
		jw_key(&w, j->key);
		jw_json(&w, j);
	}
	jw_kobject(&w, "admin");
	jw_kstr(&w, "password_hash", str_of(hash));
	jw_object_end(&w);
	jw_object_end(&w);
	buf_add_char(out, '\n');
}

/* 20 of 32 signs that are not mistaken for each other: 100 bits. */
static void
make_password(char ret[32])
{
	static const char signs[33] = "abcdefghjkmnpqrstuvwxyz23456789A";
	uint8_t raw[20];
	size_t n = 0;
	random_bytes(raw, sizeof(raw));
	for (size_t i = 0; i < sizeof(raw); i++) {
		if (i && i % 5 == 0)
			ret[n++] = '-';
		ret[n++] = signs[raw[i] & 31];
	}
	ret[n] = '\0';
}

bool
admin_password_make(const char *dir, char ret_password[32], struct err *e)
{
	struct arena a;
	struct buf out = {0};
	struct str text;
	const struct json *root;
	char hash[crypto_pwhash_STRBYTES], password[32];
	arena_init(&a);
	*ret_password = '\0';
	e->code = ERR_NONE;
	bool made = false, ok = read_whole(dir, &a, &text, e) && json_parse_arena(&a, text, &root, e);
	if (ok && !json_text(json_path(root, "admin.password_hash")).len) {
		make_password(password);
		ok = crypto_pwhash_str(hash, password, strlen(password), 2, 19 * 1024 * 1024) == 0 ||
		    fail(e, ERR_UNAVAILABLE, "there is no memory to hash a password");
		if (ok) {
			with_password(root, hash, &out);
			made = write_whole(dir, buf_str(&out), false, e);
		}
		if (made)
			memcpy(ret_password, password, sizeof(password));
	}
	buf_release(&out);
	arena_clear(&a);
	return made;
}

bool
admin_password_right(const struct write_keys *k, struct str password)
{
	char hash[crypto_pwhash_STRBYTES] = "";
	if (!k->password_hash.len || k->password_hash.len >= sizeof(hash) || password.len > 1000)
		return false;
	memcpy(hash, k->password_hash.ptr, k->password_hash.len);
	return crypto_pwhash_str_verify(hash, password.ptr, password.len) == 0;
}

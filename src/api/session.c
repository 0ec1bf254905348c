/* session.c -- signing in. A session is a random token; the workspace keeps its hash only, with an end. Browsers hold it in a cookie that
 * scripts cannot read and other sites cannot send; programs send it as Authorization: Bearer. */
#include "api/api_priv.h"
#include "base/clock.h"
#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

enum { TOKEN_BYTES = 32, TOKEN_TEXT = 2 * TOKEN_BYTES, PEERS = 256, TRIES = 10, PEER_TEXT = 48 };
static const msec session_length = 30 * DAY, tries_window = 5 * MINUTE;
static const char cookie_name[] = "perennial_session";

/* ---------------------------------------------------------------- how often somebody may try */

struct peer { char text[PEER_TEXT]; wall since; int tries; };
struct sign_in {
	pthread_mutex_t mutex;
	struct peer peers[PEERS];        /* the one that is unknown longest gives way */
};

struct sign_in *
sign_in_new(void)
{
	struct sign_in *s = mem_alloc(sizeof(*s));
	pthread_mutex_init(&s->mutex, NULL);
	return s;
}

void
sign_in_free(struct sign_in *s)
{
	if (!s)
		return;
	pthread_mutex_destroy(&s->mutex);
	mem_free(s);
}

static struct peer *
peer_of(struct sign_in *s, struct str text, wall now)
{
	struct peer *oldest = &s->peers[0];
	text.len = text.len < PEER_TEXT ? text.len : PEER_TEXT - 1;
	for (size_t i = 0; i < PEERS; i++) {
		struct peer *p = &s->peers[i];
		if (str_eq(str_of(p->text), text))
			return p;
		if (p->since.ms < oldest->since.ms)
			oldest = p;
	}
	*oldest = (struct peer){.since = now};
	memcpy(oldest->text, text.ptr, text.len);
	return oldest;
}

/* Counts a try; false when there were too many. */
static bool
may_try(struct sign_in *s, struct str peer, wall now)
{
	pthread_mutex_lock(&s->mutex);
	struct peer *p = peer_of(s, peer, now);
	if (now.ms - p->since.ms > tries_window) {
		p->since = now;
		p->tries = 0;
	}
	bool ok = ++p->tries <= TRIES;
	pthread_mutex_unlock(&s->mutex);
	return ok;
}

/* Who asks; behind a proxy on this machine the address that the proxy saw, which is the last of the list. */
static struct str
asker(struct api_call *c)
{
	struct str peer = http_peer(c->http), seen = http_header(c->http, "X-Forwarded-For");
	bool here = str_starts(peer, STR("127.")) || str_eq(peer, STR("::1")) || str_starts(peer, STR("::ffff:127."));
	for (size_t comma; here && (comma = str_find_char(seen, ',', 0)) != SIZE_MAX;)
		seen = str_slice(seen, comma + 1, seen.len);
	seen = str_trim(seen);
	return here && seen.len ? seen : peer;
}

static void
forget_tries(struct sign_in *s, struct str peer, wall now)
{
	pthread_mutex_lock(&s->mutex);
	peer_of(s, peer, now)->tries = 0;
	pthread_mutex_unlock(&s->mutex);
}

/* ---------------------------------------------------------------- tokens */

static struct str
hash_of(struct arena *a, struct str token)
{
	uint8_t hash[32];
	char *text = arena_alloc(a, 65);
	crypto_generichash(hash, sizeof(hash), (const uint8_t *)token.ptr, token.len, NULL, 0);
	sodium_bin2hex(text, 65, hash, sizeof(hash));
	return (struct str){text, 64};
}

static struct str
token_of_cookies(struct str cookies)
{
	while (cookies.ptr) {
		struct str value = str_trim(str_cut(&cookies, ';')), name = str_cut(&value, '=');
		if (str_eq(name, str_of(cookie_name)))
			return value;
	}
	return STR("");
}

static struct str
token_of(const struct api_call *c)
{
	struct str header = http_header(c->http, "Authorization"), scheme = str_cut(&header, ' ');
	struct str token = str_eq_nocase(scheme, STR("Bearer")) ? str_trim(header) : token_of_cookies(http_header(c->http, "Cookie"));
	return token.len == TOKEN_TEXT ? token : STR("");
}

bool
session_check(struct api_call *c, struct err *e)
{
	struct str token = token_of(c), kept;
	const struct json *j;
	if (!token.len)
		return fail(e, ERR_DENIED, "sign in first: POST /api/session");
	if (!workspace_plain_get(c->api->workspace, &c->arena, STR("session"), hash_of(&c->arena, token), &kept, e))
		return false;
	if (!kept.len || !json_parse_arena(&c->arena, kept, &j, e) || !json_is(json_get(j, STR("until")), JSON_INT) ||
	    json_get(j, STR("until"))->i < clock_wall().ms)
		return fail(e, ERR_DENIED, "this session has ended; sign in again");
	c->session = json_text(json_get(j, STR("user")));
	return true;
}

/* ---------------------------------------------------------------- routes */

static void
set_cookie(struct api_call *c, struct str token, msec length)
{
	bool secure = str_eq_nocase(http_header(c->http, "X-Forwarded-Proto"), STR("https"));
	http_reply_header(c->http, "Set-Cookie",
	    arena_printf(&c->arena, "%s=%.*s; Path=/; Max-Age=%lld; HttpOnly; SameSite=Strict%s", cookie_name, STR_ARGS(token),
		(long long)(length / SECOND), secure ? "; Secure" : ""));
}

static bool
keep_session(struct api_call *c, struct str user, struct str token, wall until, struct err *e)
{
	struct buf json = {0};
	struct json_writer w = json_writer_on(&json);
	jw_object(&w);
	jw_kstr(&w, "user", user);
	jw_kint(&w, "until", until.ms);
	jw_object_end(&w);
	bool ok = workspace_plain_put(c->api->workspace, STR("session"), hash_of(&c->arena, token), buf_str(&json), e);
	buf_release(&json);
	return ok;
}

struct old_sessions { struct arena arena; wall now; VEC(struct str) keys; };

static bool
note_old(void *self, struct str key, struct str json)
{
	struct old_sessions *old = self;
	struct err e;
	const struct json *j;
	if (!json_parse_arena(&old->arena, json, &j, &e) || !json_is(json_get(j, STR("until")), JSON_INT) ||
	    json_get(j, STR("until"))->i < old->now.ms)
		*vec_push(&old->keys) = arena_str(&old->arena, key);
	return true;
}

/* Sessions that have ended go when the next begins. */
static void
drop_old(struct api_call *c)
{
	struct old_sessions old = {.now = clock_wall()};
	struct err e;
	arena_init(&old.arena);
	bool ok = workspace_plain_each(c->api->workspace, STR("session"), note_old, &old, &e);
	for (size_t i = 0; ok && i < old.keys.len; i++)
		ok = workspace_plain_delete(c->api->workspace, STR("session"), old.keys.items[i], &e);
	vec_release(&old.keys);
	arena_clear(&old.arena);
}

static void
answer_session(struct api_call *c, struct str user, struct str token, wall until)
{
	struct buf json = {0};
	struct json_writer w = json_writer_on(&json);
	jw_object(&w);
	jw_kstr(&w, "user", user);
	if (token.len) {
		jw_kstr(&w, "token", token);
		jw_kwall(&w, "until", until);
	}
	jw_object_end(&w);
	answer_json(c, 200, &json);
}

void
session_open(struct api_call *c)
{
	struct str user, password, peer = asker(c);
	uint8_t raw[TOKEN_BYTES];
	char token[TOKEN_TEXT + 1];
	struct err e;
	wall now = clock_wall(), until = wall_add(now, session_length);
	if (!body_text(c, "user", 100, &user) || !body_text(c, "password", 1000, &password))
		return;
	if (!may_try(c->api->sign_in, peer, now)) {
		answer_fail(c, ERR_LIMIT, "too many tries to sign in; wait a few minutes");
		return;
	}
	/* The hash is worked out for unknown names too, so that time tells nothing. */
	bool right = admin_password_right(c->api->keys, password);
	if (!right || !str_eq(user, STR("admin"))) {
		answer_fail(c, ERR_DENIED, "the user or the password is wrong");
		return;
	}
	forget_tries(c->api->sign_in, peer, now);
	drop_old(c);
	randombytes_buf(raw, sizeof(raw));
	sodium_bin2hex(token, sizeof(token), raw, sizeof(raw));
	if (!keep_session(c, user, str_of(token), until, &e)) {
		answer_refuse(c, &e);
		return;
	}
	set_cookie(c, str_of(token), session_length);
	answer_session(c, user, str_of(token), until);
}

void
session_show(struct api_call *c)
{
	answer_session(c, c->session, STR(""), WALL_NEVER);
}

void
session_close(struct api_call *c)
{
	struct err e;
	if (!workspace_plain_delete(c->api->workspace, STR("session"), hash_of(&c->arena, token_of(c)), &e)) {
		answer_refuse(c, &e);
		return;
	}
	set_cookie(c, STR(""), 0);
	answer_session(c, c->session, STR(""), WALL_NEVER);
}

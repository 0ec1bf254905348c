/* email.c -- e-mail by SMTP: some connections, one thread each.
 *
 * A message is made, its envelope and all its bytes but the last are given to the peer; then the hand-over mark is asked for, and only
 * when that answer stands on disk does the dot follow. So whatever fails before the dot left the message here, and whatever fails after
 * it is *uncertain*, never tried again by us. Rows are taken from the outbox one at a time and belong to one thread until their outcome. */
#include "channel/channel.h"
#include "channel/mime.h"
#include "channel/render.h"
#include "base/clock.h"
#include "base/map.h"
#include "journey/journey.h"
#include "net/smtp.h"
#include <pthread.h>
#include <string.h>
#include <time.h>

enum {
	CONNECTIONS = 8,
	IDLE_CLOSE_MS = 20 * 1000,           /* a connection that had nothing to do for so long is closed */
	LOOK_MS = 5 * 1000,                  /* how long a thread sleeps without a ring */
	PAUSE_FIRST_MS = 1000, PAUSE_MOST_MS = 60 * 1000,            /* when the peer cannot be talked to at all */
	AGAIN_FIRST_MS = 60 * 1000, AGAIN_MOST_MS = 60 * 60 * 1000,  /* when it puts one message off */
	LANE_MS = 200,                       /* when no mark can be asked for, since the log's lane is full */
	TRIES_MOST = 60,                     /* with the waits above: more than two days */
	TRIES_KEPT = 100 * 1000,
};

/* What the outbox rings. It outlives the driver, since the outbox has no way to be told that nobody listens any more. */
struct bell { pthread_mutex_t mutex; struct driver *d; struct bell *next; };

struct driver;
struct worker {
	struct driver *d;
	pthread_t thread;
	struct message_id at_hand;           /* while `marked`: changed under d->mutex */
	bool marked;
	struct smtp *session;                /* changed under d->mutex, since stop may interrupt it */
	int64_t used_ms;
	bool opening, left_behind, answered, done;
	struct mark_result mark;
	struct renderer *renderer;
	const struct program *program;
	struct arena arena;                  /* of the message at hand */
};

struct driver {
	struct channel_context c;
	struct channel_settings s;
	struct smtp_options smtp;
	struct arena arena;
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	uint64_t rings;
	bool stopping, down;
	int64_t pause_until_ms, turn_ns;
	int pause_ms;
	struct idmap tries;                  /* first bytes of a message's id → how often the peer put it off */
	struct bell *bell;
	struct worker *workers;
	int n_workers;
	int left, gone;                      /* threads that stop left behind, as soon as it knows; those of them that ended */
};

static struct bell *bells;
static pthread_mutex_t bells_mutex = PTHREAD_MUTEX_INITIALIZER;

static int64_t
now_ms(void)
{
	return clock_mono_ns() / 1000000;
}

/* Holds the mutex. Until something changed or the moment came. */
static void
wait_until(struct driver *d, int64_t ns)
{
	struct timespec t = {.tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000};
	pthread_cond_timedwait(&d->changed, &d->mutex, &t);
}

static void
say(struct driver *d, struct str sentence)
{
	if (d->c.say)
		d->c.say(d->c.say_self, sentence.ptr);
}

/* ---------------------------------------------------------------- what became of it */

/* The lane may be full for a moment; an outcome must not be lost, since its row would stay uncertain. */
static void
report(struct worker *w, const struct message *m, enum outcome_kind k, struct str detail, wall again)
{
	struct outbox_port *o = &w->d->c.outbox;
	struct timespec pause = {.tv_nsec = 20 * 1000 * 1000};
	struct err e;
	for (int i = 0; !o->outcome(o->self, m->id, k, detail, again, &e); i++) {
		if (e.code != ERR_LIMIT || i > 500) {
			say(w->d, arena_printf(&w->arena, "The outcome of a message could not be written down: %s", e.text));
			return;
		}
		nanosleep(&pause, NULL);
	}
}

static uint64_t
tries_key(struct message_id id)
{
	uint64_t k;
	memcpy(&k, id.bytes, sizeof(k));
	return k ? k : 1;
}

static uint64_t
count_try(struct driver *d, struct message_id id)
{
	pthread_mutex_lock(&d->mutex);
	if (d->tries.len > TRIES_KEPT)
		idmap_release(&d->tries);
	const uint64_t *was = idmap_get(&d->tries, tries_key(id));
	uint64_t n = was ? *was + 1 : 1;
	idmap_put(&d->tries, tries_key(id), n);
	pthread_mutex_unlock(&d->mutex);
	return n;
}

static void
forget_tries(struct driver *d, struct message_id id)
{
	pthread_mutex_lock(&d->mutex);
	if (d->tries.len)
		(void)idmap_remove(&d->tries, tries_key(id));
	pthread_mutex_unlock(&d->mutex);
}

/* The peer put this message off: a minute, then twice as long each time, at most an hour. */
static void
put_off(struct worker *w, const struct message *m, const struct smtp_result *r)
{
	uint64_t n = count_try(w->d, m->id);
	msec wait = AGAIN_FIRST_MS;
	for (uint64_t i = 1; i < n && wait < AGAIN_MOST_MS; i++)
		wait *= 2;
	if (n > TRIES_MOST)
		report(w, m, OUTCOME_REJECTED, arena_printf(&w->arena, "put off %u times, at last: %s", (unsigned)n, r->text), WALL_NEVER);
	else
		report(w, m, OUTCOME_DEFERRED, str_of(r->text), wall_add(clock_wall(), wait < AGAIN_MOST_MS ? wait : AGAIN_MOST_MS));
}

/* The peer cannot be talked to: nobody tries for a while, ever longer. */
static int
pause_all(struct driver *d, const char *why)
{
	pthread_mutex_lock(&d->mutex);
	if (now_ms() >= d->pause_until_ms) {
		d->pause_ms = !d->pause_ms ? PAUSE_FIRST_MS : d->pause_ms * 2 < PAUSE_MOST_MS ? d->pause_ms * 2 : PAUSE_MOST_MS;
		d->pause_until_ms = now_ms() + d->pause_ms;
	}
	int left = (int)(d->pause_until_ms - now_ms());
	bool first = !d->down;
	d->down = true;
	pthread_mutex_unlock(&d->mutex);
	if (first && d->c.say) {
		struct arena a;
		arena_init(&a);
		say(d, arena_printf(&a, "Mail waits: %s (%s)", why, d->smtp.host));
		arena_clear(&a);
	}
	return left > 0 ? left : 1;
}

static void
all_is_well(struct driver *d)
{
	pthread_mutex_lock(&d->mutex);
	bool was_down = d->down;
	d->down = false;
	d->pause_ms = 0;
	pthread_mutex_unlock(&d->mutex);
	if (was_down)
		say(d, STR("Mail goes out again"));
}

/* Refusals that speak of us, not of the message: we are unknown here, or not understood. */
static bool
is_about_us(int code)
{
	return (code >= 500 && code <= 504) || code == 521 || (code >= 530 && code <= 538);
}

/* Nothing was handed over. */
static void
not_handed_over(struct worker *w, const struct message *m, const struct smtp_result *r)
{
	if (r->end == SMTP_DEFERRED)
		put_off(w, m, r);
	else if (r->end == SMTP_REJECTED && !is_about_us(r->code))
		report(w, m, OUTCOME_REJECTED, str_of(r->text), WALL_NEVER);
	else
		report(w, m, OUTCOME_DEFERRED, str_of(r->text), wall_add(clock_wall(), pause_all(w->d, r->text)));
}

/* ---------------------------------------------------------------- the connection */

static void
leave_session(struct worker *w)
{
	pthread_mutex_lock(&w->d->mutex);
	struct smtp *s = w->session;
	w->session = NULL;
	pthread_mutex_unlock(&w->d->mutex);
	smtp_close(s);
}

/* False with *why; w->left_behind when nobody waits for us any more. */
static bool
have_session(struct worker *w, struct smtp_result *why)
{
	struct driver *d = w->d;
	struct smtp *s = NULL;
	if (w->session && smtp_alive(w->session))
		return true;
	leave_session(w);
	pthread_mutex_lock(&d->mutex);
	w->opening = true;
	pthread_mutex_unlock(&d->mutex);
	bool ok = smtp_open(&d->smtp, &s, why);
	pthread_mutex_lock(&d->mutex);
	w->opening = false;
	if (!w->left_behind)
		w->session = s;
	bool late = w->left_behind;
	pthread_mutex_unlock(&d->mutex);
	if (late)
		smtp_close(s);
	return ok && !late;
}

static bool
is_left_behind(struct worker *w)
{
	pthread_mutex_lock(&w->d->mutex);
	bool left = w->left_behind;
	pthread_mutex_unlock(&w->d->mutex);
	return left;
}

struct letter { struct str from, to, bytes; };

/* Envelope and bytes but for the dot. A connection that the peer closed while it was idle is no failure: one more is opened. */
static bool
begin(struct worker *w, const struct letter *l, struct smtp_result *why)
{
	for (int i = 0;; i++) {
		bool old = w->session != NULL;
		if (!have_session(w, why))
			return false;
		if (smtp_begin(w->session, l->from, l->to, l->bytes, why))
			return true;
		if (!why->usable)
			leave_session(w);
		if (why->end != SMTP_NOT_SENT || !old || i > 0)
			return false;
	}
}

/* ---------------------------------------------------------------- the mark */

static void
mark_answered(void *context, const struct mark_result *r)
{
	struct worker *w = context;
	pthread_mutex_lock(&w->d->mutex);
	w->mark = *r;
	w->answered = true;
	pthread_cond_broadcast(&w->d->changed);
	pthread_mutex_unlock(&w->d->mutex);
}

/* Waits as long as it takes: the answer comes from the log. */
static bool
may_hand_over(struct worker *w, const struct message *m, bool *ret_asked)
{
	struct driver *d = w->d;
	struct err e;
	pthread_mutex_lock(&d->mutex);
	w->answered = false;
	bool stopping = d->stopping;
	pthread_mutex_unlock(&d->mutex);
	*ret_asked = !stopping && d->c.outbox.mark(d->c.outbox.self, m->id, mark_answered, w, &e);
	if (!*ret_asked)
		return false;
	pthread_mutex_lock(&d->mutex);
	while (!w->answered)
		pthread_cond_wait(&d->changed, &d->mutex);
	bool go = w->mark.answer == MARK_GO;
	w->marked = go;
	w->at_hand = m->id;
	pthread_mutex_unlock(&d->mutex);
	return go;
}

/* The mark said go: now, and only now, the dot. */
static void
hand_over(struct worker *w, const struct message *m)
{
	struct smtp_result r;
	if (!smtp_alive(w->session)) {
		r = (struct smtp_result){.end = SMTP_NOT_SENT, .text = "the peer closed the connection before the end of the message"};
	} else {
		smtp_finish(w->session, &r);
	}
	pthread_mutex_lock(&w->d->mutex);
	w->marked = false;
	pthread_mutex_unlock(&w->d->mutex);
	if (!r.usable)
		leave_session(w);
	switch (r.end) {
	case SMTP_ACCEPTED:
		all_is_well(w->d);
		forget_tries(w->d, m->id);
		report(w, m, OUTCOME_ACCEPTED, str_of(r.text), WALL_NEVER);
		break;
	case SMTP_UNCERTAIN:
		report(w, m, OUTCOME_UNCERTAIN, str_of(r.text), WALL_NEVER);
		break;
	case SMTP_NOT_SENT:
	case SMTP_DEFERRED:
	case SMTP_REJECTED:
		not_handed_over(w, m, &r);
	}
}

/* ---------------------------------------------------------------- the bytes */

static bool
compose(struct worker *w, const struct message *m, struct letter *ret, struct err *e)
{
	struct rendered r;
	struct buf out = {0};
	char id[33];
	struct str name;
	if (!w->program)
		return fail(e, ERR_UNAVAILABLE, "there is no live program");
	if (!message_render(w->renderer, w->program, m, &w->arena, &r, e))
		return false;
	message_id_format(m->id, id);
	struct mail mail = {.from = r.from, .reply_to = r.reply_to, .to = m->address, .subject = r.subject, .id = str_of(id), .date = r.now, .text = r.text,
	    .html = r.html, .unsubscribe_url = r.unsubscribe_url, .unsubscribe_mail = r.unsubscribe_mail, .feedback_id = r.feedback_id,
	    .automatic = !r.unsubscribable};
	struct str sender = w->d->s.bounce_address;
	bool ok = mail_write(&mail, &out, e);
	/* mail_write has seen that both are addresses. */
	ok = ok && (sender.len || mailbox_split(r.from, &name, &sender));
	if (ok && (!address_to_wire(&w->arena, sender, &ret->from) || !address_to_wire(&w->arena, m->address, &ret->to)))
		ok = fail(e, ERR_INVALID, "the address '%.*s' that bounces go to is none", STR_ARGS(str_slice(sender, 0, 100)));
	if (ok)
		ret->bytes = arena_str(&w->arena, buf_str(&out));
	buf_release(&out);
	return ok;
}

/* With a limit of so many a second: waits for a turn. False when we are stopping. */
static bool
wait_for_turn(struct driver *d)
{
	pthread_mutex_lock(&d->mutex);
	int64_t turn = clock_mono_ns();
	if (d->s.per_second > 0) {
		if (d->turn_ns > turn)
			turn = d->turn_ns;
		d->turn_ns = turn + (int64_t)(1e9 / d->s.per_second);
	}
	while (!d->stopping && clock_mono_ns() < turn)
		wait_until(d, turn);
	bool go = !d->stopping;
	pthread_mutex_unlock(&d->mutex);
	return go;
}

static void
deliver(struct worker *w, const struct message *m)
{
	struct outbox_port *o = &w->d->c.outbox;
	struct letter l;
	struct smtp_result r;
	struct err e = {0};
	bool asked;
	if (!compose(w, m, &l, &e)) {
		if (e.code == ERR_UNAVAILABLE)
			report(w, m, OUTCOME_DEFERRED, str_of(e.text), wall_add(clock_wall(), AGAIN_FIRST_MS));
		else
			report(w, m, OUTCOME_REJECTED, str_of(e.text), WALL_NEVER);
		return;
	}
	if (!wait_for_turn(w->d)) {
		o->put_back(o->self, m->id);
		return;
	}
	if (!begin(w, &l, &r)) {
		if (!is_left_behind(w))
			not_handed_over(w, m, &r);
		return;
	}
	if (may_hand_over(w, m, &asked)) {
		hand_over(w, m);
		return;
	}
	/* The peer has all but the dot: only closing takes it back. The mark's answer is in the log already. */
	leave_session(w);
	if (asked)
		return;
	pthread_mutex_lock(&w->d->mutex);
	if (w->d->pause_until_ms < now_ms() + LANE_MS)
		w->d->pause_until_ms = now_ms() + LANE_MS;
	pthread_mutex_unlock(&w->d->mutex);
	o->put_back(o->self, m->id);
}

/* ---------------------------------------------------------------- threads */

static void
let_program_go(struct worker *w)
{
	if (w->program)
		w->d->c.outbox.program_release(w->d->c.outbox.self, w->program);
	w->program = NULL;
}

/* Nothing to do: the program is let go, so that a new one is seen, and in the end the connection. False when we are stopping. */
static bool
rest(struct worker *w, uint64_t rings)
{
	struct driver *d = w->d;
	let_program_go(w);
	if (w->session && now_ms() - w->used_ms > IDLE_CLOSE_MS)
		leave_session(w);
	pthread_mutex_lock(&d->mutex);
	int64_t until = now_ms() + LOOK_MS;
	if (d->pause_until_ms > now_ms())
		until = d->pause_until_ms;
	while (!d->stopping && now_ms() < until && (d->rings == rings || d->pause_until_ms > now_ms()))
		wait_until(d, until * 1000000);
	bool go = !d->stopping;
	pthread_mutex_unlock(&d->mutex);
	return go;
}

/* One row, if there is one and nobody is to pause. */
static bool
take_one(struct worker *w, struct message *m, uint64_t *ret_rings)
{
	struct outbox_port *o = &w->d->c.outbox;
	pthread_mutex_lock(&w->d->mutex);
	bool may = !w->d->stopping && w->d->pause_until_ms <= now_ms();
	*ret_rings = w->d->rings;
	pthread_mutex_unlock(&w->d->mutex);
	arena_reset(&w->arena);
	return may && o->pull(o->self, CHANNEL_EMAIL, 1, &w->arena, m) == 1;
}

static void
driver_free(struct driver *d)
{
	for (int i = 0; i < d->n_workers; i++) {
		renderer_free(d->workers[i].renderer);
		arena_clear(&d->workers[i].arena);
	}
	idmap_release(&d->tries);
	pthread_cond_destroy(&d->changed);
	pthread_mutex_destroy(&d->mutex);
	arena_clear(&d->arena);
	mem_free(d);
}

/* Nobody waits for this thread any more. The last one that goes takes the driver along. */
static void *
go_alone(struct worker *w)
{
	struct driver *d = w->d;
	pthread_mutex_lock(&d->mutex);
	d->gone++;
	bool last = d->left && d->gone == d->left;
	pthread_mutex_unlock(&d->mutex);
	if (last)
		driver_free(d);
	return NULL;
}

static void *
work(void *context)
{
	struct worker *w = context;
	struct outbox_port *o = &w->d->c.outbox;
	struct message m;
	uint64_t rings;
	int64_t taken = 0;
	for (;;) {
		if (!take_one(w, &m, &rings)) {
			if (!rest(w, rings))
				break;
			continue;
		}
		if (w->program && now_ms() - taken > 1000)
			let_program_go(w);
		if (!w->program) {
			w->program = o->program(o->self);
			taken = now_ms();
		}
		deliver(w, &m);
		if (is_left_behind(w))
			return go_alone(w);
		w->used_ms = now_ms();
	}
	let_program_go(w);
	leave_session(w);
	pthread_mutex_lock(&w->d->mutex);
	w->done = true;
	pthread_cond_broadcast(&w->d->changed);
	pthread_mutex_unlock(&w->d->mutex);
	return NULL;
}

/* Called with the outbox's lock held: no more than a wave. */
static void
ring(void *context)
{
	struct bell *b = context;
	pthread_mutex_lock(&b->mutex);
	if (b->d) {
		pthread_mutex_lock(&b->d->mutex);
		b->d->rings++;
		pthread_cond_broadcast(&b->d->changed);
		pthread_mutex_unlock(&b->d->mutex);
	}
	pthread_mutex_unlock(&b->mutex);
}

/* Somebody must not be written to any more and waits for our reply: the connection is cut, and what is known then is the outcome. */
static void
cut(void *context, struct message_id id)
{
	struct bell *b = context;
	pthread_mutex_lock(&b->mutex);
	for (int i = 0; b->d && i < b->d->n_workers; i++) {
		struct worker *w = &b->d->workers[i];
		pthread_mutex_lock(&b->d->mutex);
		if (w->marked && w->session && !memcmp(w->at_hand.bytes, id.bytes, sizeof(id.bytes)))
			smtp_interrupt(w->session);
		pthread_mutex_unlock(&b->d->mutex);
	}
	pthread_mutex_unlock(&b->mutex);
}

/* ---------------------------------------------------------------- life */

static const char *
text_or_null(struct arena *a, struct str s)
{
	return s.len ? arena_cstr(a, s) : NULL;
}

static bool
read_options(struct driver *d, struct err *e)
{
	const struct channel_settings *s = &d->s;
	enum smtp_tls tls = SMTP_TLS_MAYBE;
	if (s->smtp_tls.len && !smtp_tls_of(s->smtp_tls, &tls))
		return fail(e, ERR_INVALID, "tls of the mail server is none, starttls, implicit or maybe, not '%.*s'", STR_ARGS(str_slice(s->smtp_tls, 0, 40)));
	int port = s->smtp_port ? s->smtp_port : tls == SMTP_TLS_IMPLICIT ? 465 : tls == SMTP_TLS_STARTTLS ? 587 : 25;
	d->smtp = (struct smtp_options){.host = arena_cstr(&d->arena, s->smtp_host), .port = arena_printf(&d->arena, "%d", port).ptr, .tls = tls,
	    .user = text_or_null(&d->arena, s->smtp_user), .password = text_or_null(&d->arena, s->smtp_password), .helo = text_or_null(&d->arena, s->helo),
	    .any_certificate = s->smtp_any_certificate, .timeout_ms = s->smtp_timeout_ms, .dot_timeout_ms = s->smtp_dot_timeout_ms};
	if (d->smtp.user && !d->smtp.password)
		return fail(e, ERR_INVALID, "the mail server has a user but no password: set PERENNIAL_SMTP_PASSWORD or 'password file'");
	return true;
}

static struct driver *
driver_new(const struct channel_context *c)
{
	struct driver *d = mem_alloc(sizeof(*d));
	pthread_condattr_t monotonic;
	d->c = *c;
	d->s = *c->settings;
	arena_init(&d->arena);
	pthread_mutex_init(&d->mutex, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&d->changed, &monotonic);
	pthread_condattr_destroy(&monotonic);
	return d;
}

/* A reply that did not come is uncertain; who only connects holds nothing and is left behind. Holds the mutex. */
static bool
hurry(struct worker *w)
{
	w->left_behind = !w->done && w->opening;
	if (w->session)
		smtp_interrupt(w->session);
	return w->left_behind;
}

static void
email_stop(void *self, int seconds)
{
	struct driver *d = self;
	int64_t until = clock_mono_ns() + (int64_t)seconds * 1000000000;
	int left = 0;
	if (d->bell) {
		pthread_mutex_lock(&d->bell->mutex);
		d->bell->d = NULL;
		pthread_mutex_unlock(&d->bell->mutex);
	}
	pthread_mutex_lock(&d->mutex);
	d->stopping = true;
	pthread_cond_broadcast(&d->changed);
	pthread_mutex_unlock(&d->mutex);
	for (int i = 0; i < d->n_workers; i++) {
		struct worker *w = &d->workers[i];
		pthread_mutex_lock(&d->mutex);
		while (!w->done && clock_mono_ns() < until)
			wait_until(d, until);
		bool alone = hurry(w);
		pthread_mutex_unlock(&d->mutex);
		left += alone;
		if (alone) {
			pthread_detach(w->thread);
			let_program_go(w);
		} else {
			pthread_join(w->thread, NULL);
		}
	}
	pthread_mutex_lock(&d->mutex);
	d->left = left;
	bool last = d->gone == left;
	pthread_mutex_unlock(&d->mutex);
	if (last)
		driver_free(d);
}

static void
hang_bell(struct driver *d)
{
	struct outbox_port *o = &d->c.outbox;
	struct bell *b = mem_alloc(sizeof(*b));
	pthread_mutex_init(&b->mutex, NULL);
	b->d = d;
	d->bell = b;
	pthread_mutex_lock(&bells_mutex);
	b->next = bells;
	bells = b;
	pthread_mutex_unlock(&bells_mutex);
	o->listen(o->self, ring, b);
	if (o->on_stop)
		o->on_stop(o->self, cut, b);
}

static bool
email_start(const struct channel_context *c, void **ret, struct err *e)
{
	if (!c->settings || !c->settings->smtp_host.len)
		return true;
	struct driver *d = driver_new(c);
	if (!read_options(d, e)) {
		driver_free(d);
		return false;
	}
	int n = d->s.smtp_connections ? d->s.smtp_connections : CONNECTIONS;
	d->workers = arena_array(&d->arena, struct worker, n);
	for (; d->n_workers < n; d->n_workers++) {
		struct worker *w = &d->workers[d->n_workers];
		w->d = d;
		arena_init(&w->arena);
		w->renderer = renderer_new(c->token_key, d->s.public_url);
		if (pthread_create(&w->thread, NULL, work, w)) {
			arena_clear(&w->arena);
			renderer_free(w->renderer);
			email_stop(d, 0);
			return fail(e, ERR_UNAVAILABLE, "the system gives no more threads for mail");
		}
	}
	hang_bell(d);
	*ret = d;
	return true;
}

const struct channel_driver channel_email = {.name = "email", .channel = CHANNEL_EMAIL, .start = email_start, .stop = email_stop};

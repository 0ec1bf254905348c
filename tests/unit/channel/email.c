/* The driver between an outbox that is ours and a peer that does what it is told. */
#include "channel/channel.h"
#include "channel/token.h"
#include "tap.h"
#include "base/clock.h"
#include "world.h"
#include <arpa/inet.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { ROWS_MOST = 400, PEERS_MOST = 64 };

static void
sleep_ms(int ms)
{
	struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L};
	nanosleep(&t, NULL);
}

/* ---------------------------------------------------------------- the peer */

/* Where it misbehaves and how: a reply; "" = closes; "#" = says nothing until we go; "+" = takes the message, then closes. */
struct fault { const char *verb, *reply; };

static struct peer {
	struct fault fault;
	int fault_every;             /* only each so-many-th time; 0 = always */
	int dot_ms;                  /* how long it thinks about a message */
	bool close_idle;             /* after each message */
	int listener, port;
	pthread_t thread;
	pthread_mutex_t mutex;
	int sessions, messages, asked;
	char ledger[ROWS_MOST * 4][33];   /* ids of the messages that it took */
	_Atomic bool leave;          /* those that say nothing go */
	pthread_t threads[PEERS_MOST * 16];
} peer = {.mutex = PTHREAD_MUTEX_INITIALIZER};

static void
put(int fd, const char *text)
{
	(void)!send(fd, text, strlen(text), MSG_NOSIGNAL);
}

/* A line without its end; false when the other side is gone. */
static bool
get_line(int fd, char *to, size_t size)
{
	size_t n = 0;
	for (char c; recv(fd, &c, 1, 0) == 1;) {
		if (c == '\n') {
			to[n && to[n - 1] == '\r' ? n - 1 : n] = 0;
			return true;
		}
		if (n + 1 < size)
			to[n++] = c;
	}
	return false;
}

static bool
misbehaves(const char *verb)
{
	if (!peer.fault.verb || strcmp(peer.fault.verb, verb))
		return false;
	pthread_mutex_lock(&peer.mutex);
	bool now = !peer.fault_every || ++peer.asked % peer.fault_every == 0;
	pthread_mutex_unlock(&peer.mutex);
	return now;
}

static void
enter_in_ledger(const char *id)
{
	pthread_mutex_lock(&peer.mutex);
	snprintf(peer.ledger[peer.messages++], 33, "%s", id);
	pthread_mutex_unlock(&peer.mutex);
}

/* Answers a verb; false = the session is over. */
static bool
answer(int fd, const char *verb, const char *good, const char *id)
{
	char waste[100];
	const struct timeval soon = {.tv_usec = 50000};
	if (!misbehaves(verb)) {
		if (id)
			enter_in_ledger(id);
		put(fd, good);
		return true;
	}
	const char *reply = peer.fault.reply;
	if (id && (!strcmp(reply, "+") || !strcmp(reply, "#")))
		enter_in_ledger(id);
	if (!strcmp(reply, "#"))
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &soon, sizeof(soon));
	if (!strcmp(reply, "#"))
		while (!peer.leave && recv(fd, waste, sizeof(waste), 0) != 0)
			;
	if (!*reply || !strcmp(reply, "+") || !strcmp(reply, "#"))
		return false;
	put(fd, reply);
	put(fd, "\r\n");
	return true;
}

static bool
take_message(int fd)
{
	char line[1200], id[33] = "";
	if (misbehaves("BODY"))
		return false;
	while (get_line(fd, line, sizeof(line)) && strcmp(line, "."))
		if (!strncmp(line, "Message-ID: <", 13))
			snprintf(id, sizeof(id), "%.32s", line + 13);
	if (strcmp(line, "."))
		return false;
	sleep_ms(peer.dot_ms);
	return answer(fd, "DOT", "250 2.0.0 kept\r\n", id) && !peer.close_idle;
}

static void *
serve(void *context)
{
	int fd = (int)(intptr_t)context;
	char line[1200];
	bool on = answer(fd, "greeting", "220 peer\r\n", NULL);
	while (on && get_line(fd, line, sizeof(line))) {
		line[4] = 0;
		if (!strcmp(line, "DATA"))
			on = answer(fd, "DATA", "354 go on\r\n", NULL) && (peer.fault.verb && !strcmp(peer.fault.verb, "DATA") && !peer.fault_every ? true : take_message(fd));
		else if (!strcmp(line, "QUIT"))
			on = false;
		else
			on = answer(fd, line, "250 ok\r\n", NULL);
	}
	shutdown(fd, SHUT_RDWR);
	close(fd);
	return NULL;
}

static void *
listen_on(void *context)
{
	(void)context;
	for (int fd; (fd = accept(peer.listener, NULL, NULL)) >= 0;) {
		pthread_mutex_lock(&peer.mutex);
		int n = peer.sessions++;
		pthread_mutex_unlock(&peer.mutex);
		pthread_create(&peer.threads[n], NULL, serve, (void *)(intptr_t)fd);
	}
	return NULL;
}

static void
peer_start(void)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t n = sizeof(a);
	peer.listener = socket(AF_INET, SOCK_STREAM, 0);
	peer.sessions = peer.messages = peer.asked = 0;
	peer.leave = false;
	(void)!bind(peer.listener, (struct sockaddr *)&a, n);
	(void)!listen(peer.listener, 64);
	getsockname(peer.listener, (struct sockaddr *)&a, &n);
	peer.port = ntohs(a.sin_port);
	pthread_create(&peer.thread, NULL, listen_on, NULL);
}

static void
peer_stop(void)
{
	shutdown(peer.listener, SHUT_RDWR);
	pthread_join(peer.thread, NULL);
	close(peer.listener);
	for (int i = 0; i < peer.sessions; i++)
		pthread_join(peer.threads[i], NULL);
}

static int
most_copies(void)
{
	int most = 0;
	for (int i = 0; i < peer.messages; i++) {
		int n = 0;
		for (int k = 0; k < peer.messages; k++)
			n += !strcmp(peer.ledger[i], peer.ledger[k]);
		most = n > most ? n : most;
	}
	return most;
}

/* ---------------------------------------------------------------- the outbox */

struct box_row {
	struct message m;
	bool in_hand, over;
	int marks, gos, outcomes, put_backs;
	enum outcome_kind last;
	char detail[400];
	int64_t again_in;
};
static struct {
	pthread_mutex_t mutex;
	struct box_row rows[ROWS_MOST];
	int n, wrong;                /* wrong: calls that break the contract */
	enum mark_answer answer;
	int mark_ms;                 /* the answer comes so late, from another thread */
	bool mark_full;              /* the lane is full */
	bool again_at_once;          /* a deferred row is ready again, as the engine does when its time has come */
	void (*ring)(void *context);
	void *ring_context;
	void (*stop)(void *context, struct message_id id);
	void *stop_context;
	struct arena arena;
	const struct program *program;
	int programs_out;
} box = {.mutex = PTHREAD_MUTEX_INITIALIZER};

static struct box_row *
row_of(struct message_id id)
{
	for (int i = 0; i < box.n; i++)
		if (!memcmp(box.rows[i].m.id.bytes, id.bytes, 16))
			return &box.rows[i];
	return NULL;
}

static size_t
pull(void *self, uint8_t channel, size_t max, struct arena *a, struct message *ret)
{
	size_t n = 0;
	(void)self;
	pthread_mutex_lock(&box.mutex);
	for (int i = 0; i < box.n && n < max && channel == CHANNEL_EMAIL; i++) {
		struct box_row *r = &box.rows[i];
		if (r->in_hand || r->over)
			continue;
		r->in_hand = true;
		ret[n] = r->m;
		ret[n].address = arena_str(a, r->m.address);
		ret[n++].frozen = arena_str(a, r->m.frozen);
	}
	pthread_mutex_unlock(&box.mutex);
	return n;
}

static void
put_back(void *self, struct message_id id)
{
	(void)self;
	pthread_mutex_lock(&box.mutex);
	struct box_row *r = row_of(id);
	box.wrong += !r->in_hand;
	r->in_hand = false;
	r->put_backs++;
	pthread_mutex_unlock(&box.mutex);
}

struct late { void (*answered)(void *context, const struct mark_result *r); void *context; struct mark_result result; };

static void *
answer_late(void *context)
{
	struct late *l = context;
	sleep_ms(box.mark_ms);
	l->answered(l->context, &l->result);
	free(l);
	return NULL;
}

static bool
mark(void *self, struct message_id id, void (*answered)(void *context, const struct mark_result *r), void *context, struct err *e)
{
	pthread_t thread;
	(void)self;
	pthread_mutex_lock(&box.mutex);
	struct box_row *r = row_of(id);
	if (box.mark_full) {
		pthread_mutex_unlock(&box.mutex);
		return fail(e, ERR_LIMIT, "the lane is full");
	}
	box.wrong += !r->in_hand || r->over;
	r->marks++;
	r->gos += box.answer == MARK_GO;
	if (box.answer != MARK_GO) {
		r->in_hand = false;
		r->over = true;
	}
	pthread_mutex_unlock(&box.mutex);
	struct late *l = malloc(sizeof(*l));
	*l = (struct late){answered, context, {.answer = box.answer}};
	pthread_create(&thread, NULL, answer_late, l);
	pthread_detach(thread);
	return true;
}

static bool
outcome(void *self, struct message_id id, enum outcome_kind k, struct str detail, wall again, struct err *e)
{
	(void)self;
	(void)e;
	pthread_mutex_lock(&box.mutex);
	struct box_row *r = row_of(id);
	box.wrong += !r->in_hand || r->over;
	/* What was handed over, or may have been, had a mark that said go. */
	box.wrong += (k == OUTCOME_ACCEPTED || k == OUTCOME_UNCERTAIN) && r->gos == 0;
	r->in_hand = false;
	r->outcomes++;
	r->last = k;
	r->over = k != OUTCOME_DEFERRED || !box.again_at_once;
	r->again_in = k == OUTCOME_DEFERRED ? again.ms - clock_wall().ms : 0;
	snprintf(r->detail, sizeof(r->detail), "%.*s", STR_ARGS(detail));
	pthread_mutex_unlock(&box.mutex);
	if (box.again_at_once && k == OUTCOME_DEFERRED)
		box.ring(box.ring_context);
	return true;
}

static void
on_ring(void *self, void (*ring)(void *context), void *context)
{
	(void)self;
	box.ring = ring;
	box.ring_context = context;
}

static void
on_stop(void *self, void (*stop)(void *context, struct message_id id), void *context)
{
	(void)self;
	box.stop = stop;
	box.stop_context = context;
}

static const struct program *
take_program(void *self)
{
	(void)self;
	__atomic_add_fetch(&box.programs_out, 1, __ATOMIC_SEQ_CST);
	return box.program;
}

static void
release_program(void *self, const struct program *p)
{
	(void)self;
	(void)p;
	__atomic_sub_fetch(&box.programs_out, 1, __ATOMIC_SEQ_CST);
}

/* ---------------------------------------------------------------- both */

static struct channel_settings settings;
static void *driver;
static const uint8_t key[TOKEN_KEY_BYTES] = {9};

static void
box_fill(int n, const char *template_name)
{
	if (!box.arena.chunk) {
		arena_init(&box.arena);
		box.program = world_program(&box.arena);
	}
	memset(box.rows, 0, sizeof(box.rows));
	for (box.n = 0; box.n < n; box.n++)
		box.rows[box.n].m = world_message((uint32_t)box.n + 1, template_name);
	box.wrong = box.mark_ms = 0;
	box.mark_full = box.again_at_once = false;
	box.answer = MARK_GO;
	settings = (struct channel_settings){.smtp_host = STR("127.0.0.1"), .smtp_tls = STR("none"), .smtp_timeout_ms = 5000, .smtp_dot_timeout_ms = 5000,
	    .smtp_connections = 1, .public_url = STR("https://mail.shop.example")};
	peer.fault = (struct fault){0};
	peer.fault_every = peer.dot_ms = 0;
	peer.close_idle = false;
}

static bool
driver_start(void)
{
	struct err e;
	const struct channel_context c = {.outbox = {NULL, pull, put_back, mark, outcome, on_ring, on_stop, take_program, release_program}, .settings = &settings,
	    .token_key = key};
	settings.smtp_port = peer.port;
	driver = NULL;
	return channel_email.start(&c, &driver, &e) && driver;
}

/* Waits until every row is over; false after ten seconds. */
static bool
all_over(void)
{
	for (int i = 0; i < 1000; i++) {
		bool over = true;
		pthread_mutex_lock(&box.mutex);
		for (int k = 0; k < box.n; k++)
			over &= box.rows[k].over;
		pthread_mutex_unlock(&box.mutex);
		if (over)
			return true;
		sleep_ms(10);
	}
	return false;
}

/* Until so many marks were asked for and the peer took so many messages. */
static void
wait_for(int marks, int taken)
{
	for (int i = 0; i < 1000; i++) {
		int n = 0;
		pthread_mutex_lock(&box.mutex);
		for (int k = 0; k < box.n; k++)
			n += box.rows[k].marks;
		pthread_mutex_unlock(&box.mutex);
		pthread_mutex_lock(&peer.mutex);
		bool there = n >= marks && peer.messages >= taken;
		pthread_mutex_unlock(&peer.mutex);
		if (there)
			return;
		sleep_ms(10);
	}
}

/* One message against one fault, from start to stop. */
static const struct box_row *
try_fault(const char *verb, const char *reply, int mark_ms)
{
	box_fill(1, "hello");
	box.mark_ms = mark_ms;
	peer.fault = (struct fault){verb, reply};
	if (reply && !strcmp(reply, "#"))
		settings.smtp_timeout_ms = settings.smtp_dot_timeout_ms = 300;
	peer_start();
	if (verb && !strcmp(verb, "connect"))
		peer_stop();
	if (!driver_start())
		return NULL;
	bool over = all_over();
	channel_email.stop(driver, 5);
	if (!verb || strcmp(verb, "connect"))
		peer_stop();
	CHECK(over);
	CHECK_INT(box.wrong, 0);
	CHECK_INT(box.programs_out, 0);
	return &box.rows[0];
}

TEST(a_message_is_accepted)
{
	const struct box_row *r = try_fault(NULL, NULL, 0);
	NEED(r);
	CHECK_INT(r->last, OUTCOME_ACCEPTED);
	CHECK_CSTR(r->detail, "250 2.0.0 kept");
	CHECK_INT(r->marks, 1);
	CHECK_INT(peer.messages, 1);
	CHECK_CSTR(peer.ledger[0], "01000000111111111111111111111111");
}

TEST(every_fault_has_its_outcome)
{
	/* verb, what the peer does, outcome, marks, in the peer's ledger */
	static const struct { const char *verb, *reply; enum outcome_kind k; int marks, taken; } faults[] = {
	    {"connect", "", OUTCOME_DEFERRED, 0, 0},
	    {"greeting", "421 busy", OUTCOME_DEFERRED, 0, 0},
	    {"greeting", "554 go away", OUTCOME_DEFERRED, 0, 0},
	    {"greeting", "", OUTCOME_DEFERRED, 0, 0},
	    {"greeting", "#", OUTCOME_DEFERRED, 0, 0},
	    {"EHLO", "421 busy", OUTCOME_DEFERRED, 0, 0},
	    {"EHLO", "451 later", OUTCOME_DEFERRED, 0, 0},
	    {"EHLO", "", OUTCOME_DEFERRED, 0, 0},
	    {"EHLO", "nonsense", OUTCOME_DEFERRED, 0, 0},
	    {"MAIL", "451 later", OUTCOME_DEFERRED, 0, 0},
	    {"MAIL", "421 busy", OUTCOME_DEFERRED, 0, 0},
	    {"MAIL", "530 5.7.0 who are you", OUTCOME_DEFERRED, 0, 0},
	    {"MAIL", "550 5.7.1 not from you", OUTCOME_REJECTED, 0, 0},
	    {"MAIL", "", OUTCOME_DEFERRED, 0, 0},
	    {"MAIL", "#", OUTCOME_DEFERRED, 0, 0},
	    {"RCPT", "450 4.2.0 greylisted", OUTCOME_DEFERRED, 0, 0},
	    {"RCPT", "550 5.1.1 no such user", OUTCOME_REJECTED, 0, 0},
	    {"RCPT", "", OUTCOME_DEFERRED, 0, 0},
	    {"RCPT", "#", OUTCOME_DEFERRED, 0, 0},
	    {"DATA", "451 later", OUTCOME_DEFERRED, 0, 0},
	    {"DATA", "554 no", OUTCOME_REJECTED, 0, 0},
	    {"DATA", "", OUTCOME_DEFERRED, 0, 0},
	    {"DOT", "451 4.3.0 later", OUTCOME_DEFERRED, 1, 0},
	    {"DOT", "421 going down", OUTCOME_DEFERRED, 1, 0},
	    {"DOT", "552 5.3.4 too large", OUTCOME_REJECTED, 1, 0},
	    {"DOT", "", OUTCOME_UNCERTAIN, 1, 0},
	    {"DOT", "+", OUTCOME_UNCERTAIN, 1, 1},
	    {"DOT", "#", OUTCOME_UNCERTAIN, 1, 1},
	    {"DOT", "hello?", OUTCOME_UNCERTAIN, 1, 0},
	};
	for (size_t i = 0; i < COUNT(faults); i++) {
		const struct box_row *r = try_fault(faults[i].verb, faults[i].reply, 0);
		NEED(r);
		if (r->last != faults[i].k || r->marks != faults[i].marks || peer.messages != faults[i].taken || r->outcomes != 1 || !r->detail[0])
			TAP_FAIL("%s answered \"%s\": outcome %d (\"%s\") of %d, %d marks, %d taken", faults[i].verb, faults[i].reply, r->last, r->detail, r->outcomes,
			    r->marks, peer.messages);
	}
}

TEST(a_peer_that_goes_while_the_mark_is_asked_for_took_nothing)
{
	const struct box_row *r = try_fault("BODY", "", 150);
	NEED(r);
	CHECK_INT(r->last, OUTCOME_DEFERRED);
	CHECK_INT(r->marks, 1);
	CHECK_INT(peer.messages, 0);
}

TEST(one_message_put_off_waits_a_minute_and_then_longer)
{
	box_fill(1, "hello");
	peer.fault = (struct fault){"RCPT", "450 4.2.0 greylisted"};
	peer_start();
	NEED(driver_start());
	NEED(all_over());
	CHECK(box.rows[0].again_in > 55000 && box.rows[0].again_in <= 60000);
	pthread_mutex_lock(&box.mutex);
	box.rows[0].over = false;
	pthread_mutex_unlock(&box.mutex);
	box.ring(box.ring_context);
	NEED(all_over());
	CHECK(box.rows[0].again_in > 110000 && box.rows[0].again_in <= 120000);
	CHECK_INT(peer.sessions, 1);   /* the session is as good as before */
	channel_email.stop(driver, 5);
	peer_stop();
}

TEST(without_go_nothing_is_handed_over)
{
	static const enum mark_answer answers[] = {MARK_NO, MARK_LATER};
	for (size_t i = 0; i < COUNT(answers); i++) {
		box_fill(3, "hello");
		box.answer = answers[i];
		box.mark_ms = 20;
		peer_start();
		NEED(driver_start());
		CHECK(all_over());
		channel_email.stop(driver, 5);
		peer_stop();
		CHECK_INT(peer.messages, 0);
		CHECK_INT(box.wrong, 0);
		for (int k = 0; k < box.n; k++) {
			CHECK_INT(box.rows[k].marks, 1);
			CHECK_INT(box.rows[k].outcomes, 0);
			CHECK_INT(box.rows[k].put_backs, 0);
		}
	}
}

TEST(a_full_lane_puts_the_row_back)
{
	box_fill(1, "hello");
	box.mark_full = true;
	peer_start();
	NEED(driver_start());
	sleep_ms(300);
	pthread_mutex_lock(&box.mutex);
	box.mark_full = false;
	pthread_mutex_unlock(&box.mutex);
	CHECK(all_over());
	channel_email.stop(driver, 5);
	peer_stop();
	CHECK(box.rows[0].put_backs > 0 && box.rows[0].put_backs < 10);   /* the peer is not plied with connections meanwhile */
	CHECK_INT(box.rows[0].last, OUTCOME_ACCEPTED);
	CHECK_INT(peer.messages, 1);
}

TEST(what_cannot_be_rendered_is_rejected_with_the_sentence)
{
	box_fill(2, "nowhere");
	box.rows[1].m = world_message(2, "hello");
	box.rows[1].m.address = STR("anna@example.org\r\nRCPT TO:<victim@example.org>");
	peer_start();
	NEED(driver_start());
	CHECK(all_over());
	channel_email.stop(driver, 5);
	peer_stop();
	CHECK_INT(peer.sessions, 0);
	CHECK_INT(box.rows[0].last, OUTCOME_REJECTED);
	CHECK_CSTR(box.rows[0].detail, "there is no template nowhere");
	CHECK_INT(box.rows[1].last, OUTCOME_REJECTED);
	CHECK_CSTR(box.rows[1].detail, "the recipient's address is no mail address");
}

TEST(a_connection_is_used_again)
{
	box_fill(20, "hello");
	peer_start();
	NEED(driver_start());
	CHECK(all_over());
	channel_email.stop(driver, 5);
	peer_stop();
	CHECK_INT(peer.messages, 20);
	CHECK_INT(peer.sessions, 1);
}

TEST(a_connection_that_the_peer_closed_is_no_failure)
{
	box_fill(5, "hello");
	peer.close_idle = true;
	peer_start();
	NEED(driver_start());
	CHECK(all_over());
	channel_email.stop(driver, 5);
	peer_stop();
	CHECK_INT(peer.messages, 5);
	for (int k = 0; k < box.n; k++)
		CHECK_INT(box.rows[k].outcomes, 1);
}

/* Deferrals come back at once, uncertain ones never: whatever the peer does, nobody gets a message twice and everybody is accounted for. */
TEST(no_message_goes_twice)
{
	static const struct fault faults[] = {{"DOT", "+"}, {"DOT", "451 later"}, {"RCPT", "450 later"}, {"MAIL", "550 no"}};
	for (size_t i = 0; i < COUNT(faults); i++) {
		int n[OUTCOME_KIND_COUNT] = {0};
		box_fill(120, "hello");
		box.again_at_once = true;
		box.mark_ms = 2;
		settings.smtp_connections = 8;
		peer.fault = faults[i];
		peer.fault_every = 5;
		peer_start();
		NEED(driver_start());
		CHECK(all_over());
		channel_email.stop(driver, 5);
		peer_stop();
		CHECK_INT(box.wrong, 0);
		CHECK_INT(most_copies(), 1);
		for (int k = 0; k < box.n; k++)
			n[box.rows[k].last]++;
		CHECK_INT(n[OUTCOME_ACCEPTED] + n[OUTCOME_UNCERTAIN] + n[OUTCOME_REJECTED], 120);
		CHECK_INT(peer.messages, n[OUTCOME_ACCEPTED] + n[OUTCOME_UNCERTAIN]);
	}
}

TEST(so_many_a_second_and_no_more)
{
	box_fill(11, "hello");
	settings.per_second = 50;
	settings.smtp_connections = 4;
	peer_start();
	int64_t begun = clock_mono_ns();
	NEED(driver_start());
	CHECK(all_over());
	int64_t took = (clock_mono_ns() - begun) / 1000000;
	channel_email.stop(driver, 5);
	peer_stop();
	CHECK(took >= 195);
	CHECK_INT(peer.messages, 11);
}

TEST(stopping_waits_for_replies_that_are_due)
{
	box_fill(3, "hello");
	peer.dot_ms = 300;
	settings.smtp_dot_timeout_ms = 5000;
	settings.smtp_connections = 3;
	peer_start();
	NEED(driver_start());
	wait_for(3, 0);
	channel_email.stop(driver, 5);
	peer_stop();
	CHECK_INT(peer.messages, 3);
	for (int k = 0; k < box.n; k++)
		CHECK_INT(box.rows[k].last, OUTCOME_ACCEPTED);
}

TEST(stopping_ends_what_does_not_come_as_uncertain)
{
	box_fill(2, "hello");
	peer.fault = (struct fault){"DOT", "#"};
	settings.smtp_dot_timeout_ms = 60000;
	peer_start();
	NEED(driver_start());
	wait_for(1, 1);
	int64_t begun = clock_mono_ns();
	channel_email.stop(driver, 1);
	CHECK((clock_mono_ns() - begun) / 1000000 < 3000);
	peer_stop();
	CHECK_INT(box.rows[0].last, OUTCOME_UNCERTAIN);
	CHECK_INT(box.rows[0].outcomes, 1);
	CHECK_INT(box.rows[1].outcomes, 0);   /* not begun any more */
	CHECK_INT(box.rows[1].marks, 0);
}

TEST(stopping_does_not_wait_for_who_only_connects)
{
	box_fill(1, "hello");
	peer.fault = (struct fault){"greeting", "#"};
	settings.smtp_timeout_ms = 60000;
	peer_start();
	NEED(driver_start());
	sleep_ms(150);
	int64_t begun = clock_mono_ns();
	channel_email.stop(driver, 1);
	CHECK((clock_mono_ns() - begun) / 1000000 < 3000);
	CHECK_INT(box.programs_out, 0);
	peer.leave = true;
	peer_stop();
	sleep_ms(100);               /* the thread that was left behind ends, and touches the outbox no more */
	CHECK_INT(box.rows[0].outcomes + box.rows[0].marks + box.rows[0].put_backs, 0);
}

TEST(who_must_not_be_written_to_is_cut_off)
{
	box_fill(1, "hello");
	peer.fault = (struct fault){"DOT", "#"};
	settings.smtp_dot_timeout_ms = 60000;
	peer_start();
	NEED(driver_start());
	wait_for(1, 1);
	struct message_id other = {{1}};
	box.stop(box.stop_context, other);
	sleep_ms(50);
	CHECK_INT(box.rows[0].outcomes, 0);
	box.stop(box.stop_context, box.rows[0].m.id);
	CHECK(all_over());
	CHECK_INT(box.rows[0].last, OUTCOME_UNCERTAIN);
	channel_email.stop(driver, 5);
	peer_stop();
	/* The outbox may ring and stop as long as it lives. */
	box.ring(box.ring_context);
	box.stop(box.stop_context, other);
}

TEST(without_a_server_there_is_no_driver)
{
	struct err e;
	void *self = NULL;
	box_fill(1, "hello");
	settings.smtp_host = STR("");
	const struct channel_context c = {.settings = &settings};
	CHECK(channel_email.start(&c, &self, &e));
	CHECK(!self);
	settings.smtp_host = STR("127.0.0.1");
	settings.smtp_user = STR("shop");
	CHECK(!channel_email.start(&c, &self, &e));
	CHECK_CSTR(e.text, "the mail server has a user but no password: set PERENNIAL_SMTP_PASSWORD or 'password file'");
	settings.smtp_user = STR("");
	settings.smtp_tls = STR("always");
	CHECK(!channel_email.start(&c, &self, &e));
}

/* outbox.c -- the port that channels see: ready rows out, hand-over marks and outcomes in.
 *
 * The table `message` is the outbox. Beside it memory holds when each open row is due (a heap a channel) and what a channel has
 * in hand. Nothing here decides: a mark is an entry, and its answer is what the fold said, told once it is durable. */
#include "runtime/runtime_priv.h"
#include "base/clock.h"
#include "profile/address.h"
#include <stdio.h>
#include <string.h>
#include <time.h>

struct due { int64_t at; struct message_id id; };
typedef VEC(struct due) due_heap;

struct in_hand {
	struct message_id id;
	uint32_t profile;
	bool open;                       /* a mark said go, no outcome yet */
	struct str address;              /* in the form in which suppressions compare; heap memory */
};
struct listener { void (*ring)(void *context); void *context; };
struct stopper { void (*stop)(void *context, struct message_id id); void *context; };

struct outbox {
	struct workspace *w;
	pthread_mutex_t mutex;
	due_heap due[CHANNEL_COUNT];
	VEC(struct in_hand) hand;        /* as many as channels have in hand: some hundreds */
	VEC(struct listener) listeners;
	VEC(struct stopper) stoppers;
	struct store *reader;
	VEC(struct message_id) orphans;  /* marked by a process that died */
	bool news;
};

/* ---------------------------------------------------------------- when rows are due */

static void
heap_push(due_heap *h, struct due d)
{
	size_t i = h->len;
	*vec_push(h) = d;
	for (; i && h->items[(i - 1) / 2].at > d.at; i = (i - 1) / 2)
		h->items[i] = h->items[(i - 1) / 2];
	h->items[i] = d;
}

static struct due
heap_pop(due_heap *h)
{
	struct due top = h->items[0], last = h->items[--h->len];
	size_t i = 0;
	for (;;) {
		size_t child = 2 * i + 1;
		if (child + 1 < h->len && h->items[child + 1].at < h->items[child].at)
			child++;
		if (child >= h->len || h->items[child].at >= last.at)
			break;
		h->items[i] = h->items[child];
		i = child;
	}
	if (h->len)
		h->items[i] = last;
	return top;
}

static bool
same_id(struct message_id a, struct message_id b)
{
	return !memcmp(a.bytes, b.bytes, sizeof(a.bytes));
}

static struct in_hand *
hand_find(struct outbox *o, struct message_id id)
{
	for (size_t i = 0; i < o->hand.len; i++)
		if (same_id(o->hand.items[i].id, id))
			return &o->hand.items[i];
	return NULL;
}

static void
hand_drop(struct outbox *o, struct message_id id)
{
	struct in_hand *h = hand_find(o, id);
	if (!h)
		return;
	mem_free((void *)h->address.ptr);
	vec_remove(&o->hand, (size_t)(h - o->hand.items));
}

/* One form for the address of a message and of a suppression: as the engine compares them. */
static struct str
compared_form(struct str address, char buf[static ADDRESS_BYTES])
{
	struct str normal;
	if (email_normal(address, buf, &normal) || phone_normal(address, (struct str){0}, buf, &normal))
		return normal;
	return address;
}

static void
hand_take(struct outbox *o, const struct message *m)
{
	char buf[ADDRESS_BYTES];
	struct str address = compared_form(m->address, buf);
	char *copy = mem_alloc(address.len + 1);
	memcpy(copy, address.ptr ? address.ptr : "", address.len);
	*vec_push(&o->hand) = (struct in_hand){m->id, m->profile, false, {copy, address.len}};
}

static bool
concerns(const struct in_hand *h, uint32_t profile, struct str address)
{
	return h->open && ((profile && h->profile == profile) || (address.len && str_eq_nocase(h->address, address)));
}

bool
outbox_is_open(struct outbox *o, uint32_t profile, struct str address)
{
	bool open = false;
	char buf[ADDRESS_BYTES];
	address = compared_form(address, buf);
	pthread_mutex_lock(&o->mutex);
	for (size_t i = 0; i < o->hand.len && !open; i++)
		open = concerns(&o->hand.items[i], profile, address);
	pthread_mutex_unlock(&o->mutex);
	return open;
}

void
outbox_stop(struct outbox *o, uint32_t profile, struct str address)
{
	VEC(struct message_id) ids = {0};
	char buf[ADDRESS_BYTES];
	address = compared_form(address, buf);
	pthread_mutex_lock(&o->mutex);
	for (size_t i = 0; i < o->hand.len; i++)
		if (concerns(&o->hand.items[i], profile, address))
			*vec_push(&ids) = o->hand.items[i].id;
	size_t n = o->stoppers.len;
	pthread_mutex_unlock(&o->mutex);
	/* Not under the mutex: a channel may answer at once with an outcome. Stoppers only ever grow. */
	for (size_t i = 0; i < ids.len; i++)
		for (size_t k = 0; k < n; k++)
			o->stoppers.items[k].stop(o->stoppers.items[k].context, ids.items[i]);
	vec_release(&ids);
}

/* ---------------------------------------------------------------- rows */

static uint8_t
state_of(struct str text)
{
	for (int i = 0; i < MESSAGE_STATE_COUNT; i++)
		if (str_eq(text, str_of(message_state_name((enum message_state)i))))
			return (uint8_t)i;
	return MESSAGE_UNCERTAIN;
}

static enum reason
reason_of(struct str text)
{
	for (int i = 0; i < REASON_COUNT; i++)
		if (str_eq(text, str_of(reason_text((enum reason)i))))
			return (enum reason)i;
	return REASON_OK;
}

static uint8_t
channel_number(struct str text)
{
	enum channel c = CHANNEL_EMAIL;
	bool known = channel_of(text, &c);
	ASSERT(known);
	return (uint8_t)c;
}

static void
read_row(struct store *s, struct arena *a, struct message *m)
{
	enum query q = QUERY_MESSAGE_GET;
	int i = 0;
#define TEXT() arena_str(a, store_get_str(s, q, i++))
#define NUMBER(type) (type)store_get_int(s, q, i++)
	memset(m, 0, sizeof(*m));
	struct str id = store_get_str(s, q, i++);
	ASSERT(id.len == sizeof(m->id.bytes));
	memcpy(m->id.bytes, id.ptr, id.len);
	m->profile = NUMBER(uint32_t);
	m->enrolment = NUMBER(uint32_t);
	m->visit = NUMBER(uint32_t);
	m->journey = TEXT();
	m->step = TEXT();
	m->activity = TEXT();
	m->channel = channel_number(store_get_str(s, q, i++));
	m->priority = NUMBER(uint8_t);
	m->state = state_of(store_get_str(s, q, i++));
	m->template_name = TEXT();
	m->variant = TEXT();
	m->purpose = TEXT();
	m->topic = TEXT();
	m->tags = TEXT();
	m->value = NUMBER(fixed);
	m->made = store_get_wall(s, q, i++);
	m->due = store_get_wall(s, q, i++);
	m->expires = store_get_wall(s, q, i++);
	m->changed = store_get_wall(s, q, i++);
	m->reason = reason_of(store_get_str(s, q, i++));
	m->detail = TEXT();
	m->address = TEXT();
	m->frozen = TEXT();
	m->tracked = NUMBER(int) != 0;
	m->attempts = NUMBER(uint32_t);
#undef TEXT
#undef NUMBER
}

/* False: it could not be read, which says nothing about the row. */
static bool
fetch(struct outbox *o, struct message_id id, struct arena *a, struct message *ret, bool *ret_found)
{
	struct err e;
	bool row = false;
	*ret_found = false;
	if (!store_statement(o->reader, QUERY_MESSAGE_GET))
		return false;
	store_bytes(o->reader, QUERY_MESSAGE_GET, 1, (struct str){(const char *)id.bytes, sizeof(id.bytes)});
	if (!store_step(o->reader, QUERY_MESSAGE_GET, &row, &e))
		return false;
	*ret_found = row;
	if (!row)
		return true;
	read_row(o->reader, a, ret);
	store_done(o->reader, QUERY_MESSAGE_GET);
	return true;
}

static size_t
outbox_pull(void *self, uint8_t channel, size_t max, struct arena *a, struct message *ret)
{
	struct outbox *o = self;
	size_t n = 0;
	ASSERT(channel < CHANNEL_COUNT);
	if (!o->w->sending || fence_is_up(o->w))
		return 0;
	int64_t now = clock_wall().ms;
	pthread_mutex_lock(&o->mutex);
	due_heap *h = &o->due[channel];
	while (n < max && h->len && h->items[0].at <= now) {
		struct due d = heap_pop(h);
		struct message *m = &ret[n];
		bool found;
		/* An older time of a row that was changed since, or a row that was settled, is passed over. */
		if (hand_find(o, d.id))
			continue;
		if (!fetch(o, d.id, a, m, &found)) {
			heap_push(h, d);
			break;
		}
		if (!found || m->state != MESSAGE_READY || m->channel != channel || m->due.ms > now)
			continue;
		hand_take(o, m);
		n++;
	}
	pthread_mutex_unlock(&o->mutex);
	return n;
}

static void
outbox_put_back(void *self, struct message_id id)
{
	struct outbox *o = self;
	struct arena a;
	struct message m;
	bool found;
	arena_init(&a);
	pthread_mutex_lock(&o->mutex);
	hand_drop(o, id);
	if (!fetch(o, id, &a, &m, &found))
		/* Whose it is will be seen when it can be read; a pull passes over what is not its channel's. */
		for (int c = 0; c < CHANNEL_COUNT; c++)
			heap_push(&o->due[c], (struct due){clock_wall().ms, id});
	else if (found)
		heap_push(&o->due[m.channel], (struct due){m.due.ms, id});
	pthread_mutex_unlock(&o->mutex);
	arena_clear(&a);
}

/* ---------------------------------------------------------------- marks and outcomes */

struct mark_job {
	struct outbox *outbox;
	struct message_id id;
	void (*answered)(void *context, const struct mark_result *r);
	void *context;
	struct mark_result result;
};

static void
mark_done(struct batch *b, const struct err *failure)
{
	struct mark_job *job = b->context;
	if (failure)
		job->result = (struct mark_result){MARK_NO, WALL_NEVER, REASON_FENCE};
	if (job->result.answer != MARK_GO) {
		pthread_mutex_lock(&job->outbox->mutex);
		hand_drop(job->outbox, job->id);
		pthread_mutex_unlock(&job->outbox->mutex);
	}
	job->answered(job->context, &job->result);
	batch_free(b);
}

void
outbox_mark_folded(struct batch *b, const struct entry *en, const struct group *g, size_t first)
{
	if (b->done != mark_done)
		return;
	struct mark_job *job = b->context;
	job->result = (struct mark_result){en->answer, en->at, REASON_OK};
	for (size_t i = g->d.messages.len; i > first; i--) {
		const struct message *m = &g->d.messages.items[i - 1];
		if (!same_id(m->id, job->id))
			continue;
		job->result.at = m->due;
		job->result.reason = m->reason;
		break;
	}
}

/* A batch of one entry of our own about a message. */
static struct batch *
message_batch(enum entry_kind kind, struct str name, struct str body)
{
	struct batch *b = batch_new();
	struct err e;
	b->lane = LANE_MARKS;
	b->text = arena_str(&b->arena, body);
	b->n = 1;
	b->entries = arena_new(&b->arena, struct entry);
	b->entries[0] = (struct entry){.kind = kind, .name = arena_str(&b->arena, name), .source = STR(""), .trust = TRUST_SELF, .text = b->text,
	    .happened = clock_wall()};
	bool ok = json_parse_arena(&b->arena, b->text, &b->entries[0].body, &e);
	ASSERT(ok);
	batch_pack(b);
	return b;
}

static bool
outbox_mark(void *self, struct message_id id, void (*answered)(void *context, const struct mark_result *r), void *context, struct err *e)
{
	struct outbox *o = self;
	char hex[33], body[64];
	message_id_format(id, hex);
	snprintf(body, sizeof(body), "{\"message\":\"%s\"}", hex);
	struct batch *b = message_batch(ENTRY_MARK, STR(""), str_of(body));
	struct mark_job *job = arena_new(&b->arena, struct mark_job);
	*job = (struct mark_job){.outbox = o, .id = id, .answered = answered, .context = context};
	b->context = job;
	b->done = mark_done;
	if (queue_submit(o->w, b, e))
		return true;
	batch_free(b);
	return false;
}

static const char *
outcome_name(enum outcome_kind k)
{
	static const char *const names[] = {
#define X(name, text) text,
		OUTCOMES(X)
#undef X
	};
	return names[k];
}

static void
outcome_done(struct batch *b, const struct err *failure)
{
	struct mark_job *job = b->context;
	if (!failure) {
		pthread_mutex_lock(&job->outbox->mutex);
		hand_drop(job->outbox, job->id);
		pthread_mutex_unlock(&job->outbox->mutex);
	}
	batch_free(b);
}

static bool
outbox_outcome(void *self, struct message_id id, enum outcome_kind k, struct str detail, wall again, struct err *e)
{
	struct outbox *o = self;
	struct buf body = {0};
	char hex[33];
	message_id_format(id, hex);
	struct json_writer jw = json_writer_on(&body);
	jw_object(&jw);
	jw_kstr(&jw, "message", str_of(hex));
	jw_kstr(&jw, "outcome", str_of(outcome_name(k)));
	jw_kstr(&jw, "detail", detail);
	if (k == OUTCOME_DEFERRED)
		jw_kint(&jw, "again", again.ms);
	jw_object_end(&jw);
	struct batch *b = message_batch(ENTRY_OUTCOME, str_of(outcome_name(k)), buf_str(&body));
	buf_release(&body);
	struct mark_job *job = arena_new(&b->arena, struct mark_job);
	*job = (struct mark_job){.outbox = o, .id = id};
	b->context = job;
	b->done = outcome_done;
	if (queue_submit(o->w, b, e))
		return true;
	batch_free(b);
	return false;
}

/* ---------------------------------------------------------------- what a commit changed */

static void
note_row(struct outbox *o, const struct message *m)
{
	switch ((enum message_state)m->state) {
	case MESSAGE_READY:
		heap_push(&o->due[m->channel], (struct due){m->due.ms, m->id});
		o->news = true;
		break;
	case MESSAGE_MARKED: {
		struct in_hand *h = hand_find(o, m->id);
		if (h)
			h->open = true;
		break;
	}
	default:
		hand_drop(o, m->id);
	}
}

void
outbox_committed(struct workspace *w, struct group *g)
{
	struct outbox *o = w->outbox;
	pthread_mutex_lock(&o->mutex);
	for (size_t i = 0; i < g->d.messages.len; i++)
		note_row(o, &g->d.messages.items[i]);
	pthread_mutex_unlock(&o->mutex);
}

void
outbox_ring(struct workspace *w)
{
	struct outbox *o = w->outbox;
	int64_t now = clock_wall().ms;
	pthread_mutex_lock(&o->mutex);
	bool ring = o->news;
	for (int c = 0; c < CHANNEL_COUNT; c++)
		ring |= o->due[c].len && o->due[c].items[0].at <= now;
	o->news = false;
	bool orphans = o->orphans.len > 0;
	for (size_t i = 0; ring && i < o->listeners.len; i++)
		o->listeners.items[i].ring(o->listeners.items[i].context);
	pthread_mutex_unlock(&o->mutex);
	if (orphans)
		outbox_settle_orphans(w);
}

static void
outbox_listen(void *self, void (*ring)(void *context), void *context)
{
	struct outbox *o = self;
	pthread_mutex_lock(&o->mutex);
	*vec_push(&o->listeners) = (struct listener){ring, context};
	pthread_mutex_unlock(&o->mutex);
}

static void
outbox_on_stop(void *self, void (*stop)(void *context, struct message_id id), void *context)
{
	struct outbox *o = self;
	pthread_mutex_lock(&o->mutex);
	/* Room for all that will ever come, so that readers of the list need no mutex. */
	vec_reserve(&o->stoppers, (size_t)CHANNEL_COUNT * 2);
	ASSERT(o->stoppers.len < o->stoppers.cap);
	*vec_push(&o->stoppers) = (struct stopper){stop, context};
	pthread_mutex_unlock(&o->mutex);
}

/* ---------------------------------------------------------------- life */

bool
outbox_load(struct workspace *w, struct err *e)
{
	struct outbox *o = w->outbox;
	enum query q = QUERY_MESSAGE_OPEN_SCAN;
	bool row = true;
	store_statement(w->store, q);
	for (;;) {
		struct message_id id;
		if (!store_step(w->store, q, &row, e))
			return false;
		if (!row)
			break;
		memcpy(id.bytes, store_get_str(w->store, q, 0).ptr, sizeof(id.bytes));
		if (str_eq(store_get_str(w->store, q, 3), STR("marked")))
			*vec_push(&o->orphans) = id;
		else if (str_eq(store_get_str(w->store, q, 3), STR("ready")))
			heap_push(&o->due[channel_number(store_get_str(w->store, q, 2))], (struct due){store_get_int(w->store, q, 4), id});
	}
	return store_open_reader(w->file, 0, &o->reader, e);
}

/* A mark without an outcome whose process is gone: nobody knows whether it was handed over. What a full lane does not take is
 * tried again after each commit. */
void
outbox_settle_orphans(struct workspace *w)
{
	struct outbox *o = w->outbox;
	struct err e;
	struct message_id id;
	bool taken = true;
	while (taken) {
		pthread_mutex_lock(&o->mutex);
		bool any = o->orphans.len > 0;
		if (any)
			id = o->orphans.items[--o->orphans.len];
		pthread_mutex_unlock(&o->mutex);
		if (!any)
			return;
		taken = outbox_outcome(o, id, OUTCOME_UNCERTAIN, STR("the process ended between mark and outcome"), WALL_NEVER, &e);
	}
	pthread_mutex_lock(&o->mutex);
	*vec_push(&o->orphans) = id;
	pthread_mutex_unlock(&o->mutex);
}

void
outbox_skip_overdue(struct workspace *w, wall now)
{
	struct outbox *o = w->outbox;
	struct err e;
	struct timespec pause = {.tv_nsec = 20 * 1000 * 1000};
	VEC(struct message_id) skip = {0};
	pthread_mutex_lock(&o->mutex);
	for (int c = 0; c < CHANNEL_COUNT; c++)
		while (o->due[c].len && o->due[c].items[0].at <= now.ms)
			*vec_push(&skip) = heap_pop(&o->due[c]).id;
	pthread_mutex_unlock(&o->mutex);
	for (size_t i = 0; i < skip.len;) {
		if (outbox_outcome(o, skip.items[i], OUTCOME_WITHHELD, STR("overdue when sending was held; the operator chose to skip it"), WALL_NEVER, &e))
			i++;
		else if (e.code == ERR_LIMIT)        /* the lane is full for a moment */
			nanosleep(&pause, NULL);
		else
			outbox_put_back(o, skip.items[i++]);
	}
	vec_release(&skip);
}

struct outbox *
outbox_new(struct workspace *w)
{
	struct outbox *o = mem_alloc(sizeof(*o));
	o->w = w;
	pthread_mutex_init(&o->mutex, NULL);
	return o;
}

void
outbox_free(struct outbox *o)
{
	if (!o)
		return;
	for (int c = 0; c < CHANNEL_COUNT; c++)
		vec_release(&o->due[c]);
	while (o->hand.len)
		hand_drop(o, o->hand.items[0].id);
	vec_release(&o->hand);
	vec_release(&o->listeners);
	vec_release(&o->stoppers);
	vec_release(&o->orphans);
	store_close(o->reader);
	pthread_mutex_destroy(&o->mutex);
	mem_free(o);
}

struct outbox_port
workspace_outbox(struct workspace *w)
{
	return (struct outbox_port){
		.self = w->outbox,
		.pull = outbox_pull,
		.put_back = outbox_put_back,
		.mark = outbox_mark,
		.outcome = outbox_outcome,
		.listen = outbox_listen,
		.on_stop = outbox_on_stop,
		.program = live_program_take,
		.program_release = live_program_release,
	};
}

struct workspace *
outbox_workspace(struct outbox *o)
{
	return o->w;
}

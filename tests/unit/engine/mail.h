/* mail.h -- the tiny shop with journeys, and a mail server that takes what is ready: mark, then outcome. */
#pragma once
#include "fold.h"
#include "journey/journey.h"

static const char *const marketing_policy = "policy: rules\npurposes:\n"
	"  marketing: { needs: consent, quiet: yes, caps: yes, counts: yes, holdout: yes, unsubscribe: yes }\n"
	"  service: { needs: nothing, quiet: no, caps: no, counts: no, holdout: no, unsubscribe: no }\n"
	"quiet:\n  - channels: [email]\n    from: 22:00\n    to: 07:00\n"
	"caps:\n  - at most: 1\n    in: day\n    of: message.channel = \"email\"\n    for high priority: 2\n";

#define MAIL_TEXT "---\nsubject: Hello\n---\n<p>Hello <a href=\"{{ unsubscribe_url }}\">no more</a></p>\n"

struct post { size_t seen; size_t accepted; const char *outcome; };

static inline void
about(struct world *w, enum entry_kind kind, struct message_id id, const char *outcome)
{
	char text[33], body[160];
	message_id_format(id, text);
	struct entry en = {.at = engine_now(w->g), .kind = kind, .trust = TRUST_SELF, .name = str_of(outcome)};
	snprintf(body, sizeof(body), "{\"message\":\"%s\",\"outcome\":\"%s\",\"detail\":\"250 ok\"}", text, outcome ? outcome : "");
	body_of(w, &en, str_of(body));
	fold(w, en);
}

/* Takes over everything that became ready since the last time. */
static inline void
deliver(struct world *w, struct post *p)
{
	for (; p->seen < w->d.messages.len; p->seen++) {
		if (w->d.messages.items[p->seen].state != MESSAGE_READY)
			continue;
		struct message_id id = w->d.messages.items[p->seen].id;
		about(w, ENTRY_MARK, id, NULL);
		if (vec_last(&w->log)->answer != MARK_GO)
			continue;
		about(w, ENTRY_OUTCOME, id, p->outcome ? p->outcome : "accepted");
		p->accepted++;
	}
}

static inline void
pass_with_mail(struct world *w, struct post *p, const char *until)
{
	deliver(w, p);
	for (int n = 0; n < 100000; n++) {
		wall next = engine_next_wake(w->g);
		if (next.ms > at(until).ms)
			break;
		tick(w, wall_max(next, engine_now(w->g)));
		deliver(w, p);
	}
	tick(w, at(until));
	deliver(w, p);
}

static inline void
consent(struct world *w, const char *when, const char *who, bool granted)
{
	fold(w, call(w, when, ENTRY_CONSENT, who, NULL, "\"channel\":\"email\",\"purpose\":\"marketing\",\"granted\":", granted ? "true" : "false"));
}

static inline void
customer(struct world *w, const char *when, const char *who)
{
	char traits[120];
	snprintf(traits, sizeof(traits), "{\"email\":\"%s@shop.example\",\"country\":\"FI\"}", who);
	identify(w, when, who, traits);
	consent(w, when, who, true);
}

/* The latest row of each message: "cart/first accepted 2026-01-05 11:00", … in the order in which they were made. */
static inline const char *
messages_of(struct world *w, const char *who)
{
	struct buf b = {0};
	uint32_t number = number_of(w, who);
	for (size_t i = 0; i < w->d.messages.len; i++) {
		const struct message *m = &w->d.messages.items[i], *last = m;
		bool first = m->profile == number;
		for (size_t k = 0; k < w->d.messages.len; k++) {
			const struct message *o = &w->d.messages.items[k];
			if (memcmp(&o->id, &m->id, sizeof(m->id)))
				continue;
			first &= k >= i;
			last = o;
		}
		if (!first)
			continue;
		char iso[32];
		wall_format(last->changed, iso);
		buf_printf(&b, "%s%.*s/%.*s %s %.10s %.5s", b.len ? ", " : "", STR_ARGS(m->journey), STR_ARGS(m->step),
		    message_state_name((enum message_state)last->state), iso, iso + 11);
	}
	const char *s = arena_cstr(&w->a, buf_str(&b));
	buf_release(&b);
	return s;
}

static inline const struct message *
last_message(const struct world *w)
{
	return w->d.messages.len ? vec_last(&w->d.messages) : NULL;
}

/* "cart waiting, welcome left" */
static inline const char *
enrolments_of(struct world *w, const char *who)
{
	struct buf b = {0};
	const struct json *list = json_get(person_json(w, who), STR("enrolments"));
	json_each (en, list)
		buf_printf(&b, "%s%.*s %.*s", b.len ? ", " : "", STR_ARGS(json_text(json_get(en, STR("journey")))), STR_ARGS(json_text(json_get(en, STR("state")))));
	const char *s = arena_cstr(&w->a, buf_str(&b));
	buf_release(&b);
	return s;
}

static inline struct program_file
document(struct world *w, const char *path, const char *text)
{
	(void)w;
	return (struct program_file){str_of(path), str_of(text)};
}

static inline struct world *
world_of(const char *journey_file, const char *journey)
{
	const struct program_file files[] = {{STR_INIT("policy.yaml"), str_of(marketing_policy)},
	    {str_of(journey_file), str_of(journey)},
	    {STR_INIT("templates/cart_mail.html"), STR_INIT(MAIL_TEXT)},
	    {STR_INIT("templates/second_mail.html"), STR_INIT(MAIL_TEXT)}};
	return world_with(files, COUNT(files));
}

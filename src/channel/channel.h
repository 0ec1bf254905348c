/* channel.h -- how messages leave: drivers, one file each, that pull ready rows of the outbox, make the bytes, ask for the
 * hand-over mark, hand over and report what became of it.
 *
 * A driver never hands anything over without a durable mark answered *go*, and never reports less than it knows: what was
 * surely not handed over is deferred, what may have been is uncertain. */
#pragma once
#include "base/str.h"
#include "log/append.h"

struct channel_settings {                /* DIR/settings.yaml `mail:`, overridden by flags of `serve` */
	struct str smtp_host, smtp_user, smtp_password;   /* password from PERENNIAL_SMTP_PASSWORD or smtp_password_file */
	int smtp_port;                   /* 0 = by tls: 25, 587 or 465 */
	struct str smtp_tls;             /* "none", "starttls" (must), "implicit", "maybe" (default: starttls if offered) */
	bool smtp_any_certificate;       /* for tests */
	int smtp_connections;            /* 0 = 8 */
	int smtp_timeout_ms, smtp_dot_timeout_ms;   /* 0 = 60 s a reply, 600 s after the dot; for tests */
	struct str helo, bounce_address; /* envelope sender; empty = the From address */
	struct str public_url;           /* "https://mail.shop.example": where /l/ links point; empty = no links can be made */
	double per_second;               /* 0 = no limit */
};
/* Reads DIR/settings.yaml when it is there; texts in the arena. */
MUST_CHECK bool channel_settings_load(const char *dir, struct arena *a, struct channel_settings *ret, struct err *e);

struct channel_context {
	struct outbox_port outbox;
	const struct channel_settings *settings;
	const uint8_t *token_key;        /* 32 bytes; signs links */
	/* For logs of the shell; may be NULL. */
	void (*say)(void *self, const char *sentence);
	void *say_self;
};

struct channel_driver {
	const char *name;                /* "email" */
	uint8_t channel;                 /* enum channel of journey.h */
	bool (*start)(const struct channel_context *c, void **ret, struct err *e);
	/* Takes no new rows, waits up to `seconds` for outstanding replies. */
	void (*stop)(void *self, int seconds);
};
extern const struct channel_driver channel_email;

struct channels;
/* Starts every driver that the settings allow (e-mail needs smtp_host). */
MUST_CHECK bool channels_start(const struct channel_context *c, struct channels **ret, struct err *e);
void channels_stop(struct channels *c, int seconds);

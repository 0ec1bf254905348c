#include "cli/cmd_priv.h"
#include "api/api.h"
#include <signal.h>
#include <stdlib.h>

static bool
take_smtp(struct channel_settings *s, const char *given, struct err *e)
{
	struct str rest = str_of(given);
	int64_t port = 0;                    /* the driver's, by how the connection is protected */
	s->smtp_host = str_cut(&rest, ':');
	if (rest.ptr && (!str_to_int(rest, &port) || port < 1 || port > 65535))
		return fail(e, ERR_INVALID, "--smtp looks like mail.example.com:587, not like %s", given);
	s->smtp_port = (int)port;
	return s->smtp_host.len > 0 || fail(e, ERR_INVALID, "--smtp wants a host");
}

static bool
settings_load(const struct invocation *in, struct arena *a, struct channel_settings *ret, struct err *e)
{
	const char *smtp = option_value(in, "smtp"), *tls = option_value(in, "smtp-tls"), *url = option_value(in, "public-url");
	*ret = (struct channel_settings){0};
	if (!channel_settings_load(in->dir, a, ret, e) || (smtp && !take_smtp(ret, smtp, e)))
		return false;
	if (tls)
		ret->smtp_tls = str_of(tls);
	if (url)
		ret->public_url = str_of(url);
	return true;
}

/* The operator's answer to a held start: what fell due meanwhile is sent, or left out. */
static bool
answer_fence(const struct invocation *in, struct workspace *w, struct err *e)
{
	const char *overdue = option_value(in, "overdue");
	struct str why = workspace_fence(w);
	if (overdue && !str_eq(str_of(overdue), STR("send")) && !str_eq(str_of(overdue), STR("skip")))
		return fail(e, ERR_INVALID, "--overdue is send or skip, not %s", overdue);
	if (why.len && !overdue)
		say(in, "\nSending is held: %.*s.\nStart with --overdue send to send what fell due meanwhile, or --overdue skip to leave it out.\n",
		    STR_ARGS(why));
	if (why.len && overdue)
		workspace_fence_lift(w, str_eq(str_of(overdue), STR("skip")));
	return true;
}

static void
say_welcome(const struct invocation *in, struct api *api, const char *listen, const struct channel_settings *s)
{
	struct str host = str_of(listen);
	host = str_cut(&host, ':');
	say(in, "Perennial serves %s on http://%.*s:%d/\n", in->dir, STR_ARGS(host), api_port(api));
	if (s->smtp_host.len && s->smtp_port)
		say(in, "Mail goes out by %.*s:%d\n", STR_ARGS(s->smtp_host), s->smtp_port);
	else if (s->smtp_host.len)
		say(in, "Mail goes out by %.*s\n", STR_ARGS(s->smtp_host));
	else
		say(in, "No mail goes out: no SMTP server is set (settings.yaml or --smtp)\n");
	say(in, "Stop with Ctrl-C.\n");
}

static int
serve(const struct invocation *in, struct workspace *w, const struct channel_settings *s, const sigset_t *stop)
{
	struct api *api;
	struct remote *remote;
	struct err e;
	char password[32] = "";
	const char *listen = option_value(in, "listen");
	listen = listen ? listen : "127.0.0.1:8480";
	struct api_options o = {.workspace = w, .listen = listen, .channels = s};
	/* Shown at once: when what follows fails, nobody could learn it later. */
	e = (struct err){0};
	if (!admin_password_make(in->dir, password, &e) && e.code != ERR_NONE)
		return refuse(in, &e);
	if (password[0])
		say(in, "First-run credentials: user admin, password %s (shown this once; its hash is in keys.json)\n", password);
	if (!answer_fence(in, w, &e) || !api_start(&o, &api, &e))
		return refuse(in, &e);
	if (!remote_start(w, &remote, &e)) {
		api_stop(api);
		return refuse(in, &e);
	}
	say_welcome(in, api, listen, s);
	int signal_number;
	sigwait(stop, &signal_number);
	say(in, "\nStopping: finishing what was taken.\n");
	remote_stop(remote);
	api_stop(api);
	return 0;
}

static int
run(const struct invocation *in)
{
	struct arena a;
	struct err e;
	struct workspace *w;
	struct channel_settings settings;
	struct progress progress = {.in = in};
	sigset_t stop;
	/* Blocked before any thread is made, so that only sigwait sees them. */
	sigemptyset(&stop);
	sigaddset(&stop, SIGINT);
	sigaddset(&stop, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &stop, NULL);
	arena_init(&a);
	struct workspace_options o = {.dir = in->dir, .serves = true, .clock_is_right = option_value(in, "clock-is-right") != NULL,
	    .activities_tsv = shipped_activities(), .progress = progress_named, .progress_self = &progress};
	shipped_shadows(&a, &o.shadow_files, &o.n_shadow);
	int code;
	if (!settings_load(in, &a, &settings, &e) || (o.no_sending = !settings.smtp_host.len, !workspace_open(&o, &w, &e))) {
		code = refuse(in, &e);
	} else {
		progress_end(&progress);
		code = serve(in, w, &settings, &stop);
		workspace_close(w);
	}
	arena_clear(&a);
	return code;
}

static const struct option options[] = {
    {"listen", "HOST:PORT", "where to serve (default 127.0.0.1:8480; port 0: any free one)"},
    {"smtp", "HOST[:PORT]", "the mail server that takes our mail (else settings.yaml)"},
    {"smtp-tls", "none|starttls|implicit|maybe", "how the connection to it is protected"},
    {"public-url", "URL", "where links in messages point to"},
    {"overdue", "send|skip", "answer to a held start: what fell due meanwhile"},
    {"clock-is-right", NULL, "start although the last entry is more than thirty days old"},
    {NULL, NULL, NULL},
};
const struct command cmd_serve = {
    .name = "serve",
    .arguments = "DIR",
    .summary = "runs everything: tracking, journeys, sending, the web pages",
    .help = "Takes in events over Segment's HTTP API, keeps every person's stage, runs the journeys and sends what they say. At the first\n"
	    "start it prints the credentials. After more than six hours of standstill sending is held until you say what becomes of what\n"
	    "fell due meanwhile.\n\n  perennial serve shop\n  perennial serve shop --listen 0.0.0.0:80 --smtp mail.example.com:587 --smtp-tls starttls",
    .needs = NEEDS_FOLDER | NEEDS_LOCAL,
    .min_arguments = 1,
    .max_arguments = 1,
    .options = options,
    .run = run,
};

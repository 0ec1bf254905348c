#include "api/api_priv.h"
#include "base/limits.h"

/* ---- tracking: which call an address stands for */

#define TRACKING(name, kind)                                                                  \
	static void name(struct http_request *r)                                              \
	{                                                                                     \
		tracking_handle(((struct api *)r->self)->tracking, r, kind);                  \
	}
TRACKING(take_identify, ENTRY_IDENTIFY)
TRACKING(take_track, ENTRY_TRACK)
TRACKING(take_page, ENTRY_PAGE)
TRACKING(take_screen, ENTRY_SCREEN)
TRACKING(take_group, ENTRY_GROUP)
TRACKING(take_alias, ENTRY_ALIAS)
TRACKING(take_batch, ENTRY_NONE)

enum { SMALL_BODY = 16 * 1024, FORM_BODY = 8 * 1024 };

#define CALL(path, handler, summary) {"POST", path, ACCESS_WRITE_KEY, handler, NULL, LIMIT_CALL_BYTES, summary, NULL, NULL}
#define BATCH(path, summary) {"POST", path, ACCESS_WRITE_KEY, take_batch, NULL, LIMIT_BATCH_BYTES, summary, NULL, NULL}
#define ASK(path, handler, parameters, summary) {"GET", path, ACCESS_SESSION, NULL, handler, 0, summary, parameters, NULL}
#define OBJECT(required, properties) "{\"type\":\"object\",\"required\":[" required "],\"properties\":{" properties "}}"
#define TEXT_MEMBER(name) "\"" name "\":{\"type\":\"string\"}"

/* The first that fits is taken, so what is asked most stands first. */
const struct route api_routes[] = {
    CALL("/v1/track", take_track, "What somebody did: an event with properties"),
    CALL("/v1/t", take_track, "Short form of /v1/track"),
    BATCH("/v1/batch", "Up to 2,500 calls at once, taken whole or refused whole"),
    BATCH("/v1/b", "Short form of /v1/batch"),
    BATCH("/v1/import", "Historical calls; the same body as /v1/batch"),
    CALL("/v1/identify", take_identify, "Who somebody is: traits"),
    CALL("/v1/i", take_identify, "Short form of /v1/identify"),
    CALL("/v1/page", take_page, "A page view"),
    CALL("/v1/p", take_page, "Short form of /v1/page"),
    CALL("/v1/screen", take_screen, "A screen of an app was seen"),
    CALL("/v1/s", take_screen, "Short form of /v1/screen"),
    CALL("/v1/group", take_group, "The account that somebody belongs to"),
    CALL("/v1/g", take_group, "Short form of /v1/group"),
    CALL("/v1/alias", take_alias, "Two ids are one person"),
    CALL("/v1/a", take_alias, "Short form of /v1/alias"),

    {"GET", "/l/o/{token}", ACCESS_LINK, NULL, link_open, 0, "The picture that tells that a message was opened", NULL, NULL},
    {"GET", "/l/c/{token}", ACCESS_LINK, NULL, link_click, 0, "Goes on to a link of a message; only to the one that the token holds", NULL, NULL},
    {"GET", "/l/u/{token}", ACCESS_LINK, NULL, link_unsubscribe_show, 0, "A page that offers to unsubscribe; does nothing by itself", NULL, NULL},
    {"POST", "/l/u/{token}", ACCESS_LINK, NULL, link_unsubscribe_do, FORM_BODY, "Unsubscribes: the page's button, or one click (RFC 8058)", NULL, NULL},
    {"GET", "/l/p/{token}", ACCESS_LINK, NULL, link_preferences_show, 0, "A page of channels and topics to choose from", NULL, NULL},
    {"POST", "/l/p/{token}", ACCESS_LINK, NULL, link_preferences_do, FORM_BODY, "Keeps the chosen channels and topics", NULL, NULL},
    {"GET", "/l/k/{token}", ACCESS_LINK, NULL, link_confirm_show, 0, "A page that offers to confirm an address; does nothing by itself", NULL, NULL},
    {"POST", "/l/k/{token}", ACCESS_LINK, NULL, link_confirm_do, FORM_BODY, "Confirms an address and the consent to mail (double opt-in)", NULL, NULL},
    {"GET", "/l/v/{token}", ACCESS_LINK, NULL, link_view, 0, "A message in the browser", NULL, NULL},

    {"GET", "/", ACCESS_OPEN, NULL, page_index, 0, "The status page", NULL, NULL},
    {"GET", "/healthz", ACCESS_OPEN, NULL, health_ok, 0, "Is the server there and taking entries?", NULL, NULL},
    {"GET", "/metrics", ACCESS_NEAR, NULL, health_metrics, 0, "Figures for Prometheus", NULL, NULL},
    {"GET", "/api/openapi.json", ACCESS_OPEN, NULL, openapi_document, 0, "This document", NULL, NULL},

    {"POST", "/api/session", ACCESS_OPEN, NULL, session_open, SMALL_BODY, "Signs in: a cookie for browsers, a token for programs", NULL,
	OBJECT("\"user\",\"password\"", TEXT_MEMBER("user") "," TEXT_MEMBER("password"))},
    ASK("/api/session", session_show, NULL, "Who is signed in"),
    {"DELETE", "/api/session", ACCESS_SESSION, NULL, session_close, 0, "Signs out", NULL, NULL},

    ASK("/api/stages", report_stages, "model", "People by stage of a lifecycle model, and their moves by month"),
    ASK("/api/segments", report_segments, NULL, "The segments of the live program, with the number of their members"),
    ASK("/api/segments/{name}/members", report_members, "limit,after", "Members of a segment, by number"),
    ASK("/api/journeys", report_journeys, NULL, "Journeys of the live program, and the people in them"),
    ASK("/api/gap", report_gap, "market", "The gap map: lifecycle activities that could run against those that do"),
    ASK("/api/messages", report_messages, "limit,state,journey,profile", "The latest messages, with what was decided and why"),
    ASK("/api/metrics", report_metrics, NULL, "Figures of the running workspace"),
    ASK("/api/report", report_report, NULL, "The data report: what could not be understood, counted"),
    {"POST", "/api/not-applicable", ACCESS_SESSION, NULL, report_not_applicable, SMALL_BODY,
	"Marks an activity as not applicable with a reason, or takes the mark away (applicable: true)", NULL,
	OBJECT("\"activity\"", TEXT_MEMBER("activity") "," TEXT_MEMBER("reason") ",\"applicable\":{\"type\":\"boolean\"}")},

    ASK("/api/profiles/{key}/timeline", people_timeline, "limit", "The latest entries about one person, newest first"),
    {"PUT", "/api/profiles/{key}/consent", ACCESS_SESSION, NULL, people_consent, SMALL_BODY, "Grants or withdraws a consent of one person", NULL,
	OBJECT("\"channel\",\"granted\"",
	    TEXT_MEMBER("channel") "," TEXT_MEMBER("purpose") ",\"granted\":{\"type\":\"boolean\"}," TEXT_MEMBER("wording") "," TEXT_MEMBER("source"))},
    {"POST", "/api/profiles/{key}/erase", ACCESS_SESSION, NULL, people_erase, SMALL_BODY,
	"Erases one person for good; the body repeats the key as `confirm`", NULL, OBJECT("\"confirm\"", TEXT_MEMBER("confirm"))},
    ASK("/api/profiles/{key}", people_profile, NULL, "One person: traits, consent, stages, segments, journeys, messages"),
    ASK("/api/profiles", people_list, "limit,after", "People by number"),
    ASK("/api/explain/{key}", people_explain, "message", "Why this person got a message, and why not"),
    {"POST", "/api/suppressions", ACCESS_SESSION, NULL, suppressions_add, SMALL_BODY, "An address that must not be written to", NULL,
	OBJECT("\"address\"", TEXT_MEMBER("address") "," TEXT_MEMBER("reason"))},
    {"DELETE", "/api/suppressions/{address}", ACCESS_SESSION, NULL, suppressions_lift, 0, "Lifts the suppression of an address", NULL, NULL},
};
const size_t n_api_routes = COUNT(api_routes);

const char *
access_text(enum access a)
{
	switch (a) {
	case ACCESS_WRITE_KEY: return "write key";
	case ACCESS_OPEN: return "open";
	case ACCESS_LINK: return "signed link";
	case ACCESS_NEAR: return "this machine, or session";
	case ACCESS_SESSION: return "session";
	}
	return "";
}

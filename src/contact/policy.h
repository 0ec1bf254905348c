/* policy.h -- the contact rules as a program defines them: may we speak to this person now? Pure.
 *
 * Order of the questions (DESIGN.md section 6): erased or suppressed, address, consent, trust, suitability, holdout,
 * deadline, quiet hours, caps, arbitration. The answer is a verdict with its reason. */
#pragma once
#include "expr/expr.h"

enum { PURPOSES_MAX = 16, CAPS_MAX = 32, QUIET_MAX = 16, RULES_MAX = 64, GROUPS_MAX = 16 };

struct purpose_def {
	struct str name;
	bool needs_consent, quiet, caps, counts, holdout, unsubscribe;
};
struct suitability_def {
	struct str name;
	const struct cond *applies;      /* for: over message.*; NULL = all */
	const struct cond *refuse_if;    /* one of the two */
	const struct cond *hold_if;
	uint32_t hold_standing;          /* hold_if as the program's (hidden) condition; UINT32_MAX = it speaks of the message */
};
struct quiet_def {
	uint32_t channels;               /* bit a channel */
	int16_t from_minute, to_minute;  /* -1 = the whole of `days` */
	uint8_t days;                    /* bit 0 = Monday … 6 = Sunday, 7 = holiday; 0 = every day */
	const struct cond *when;         /* if: */
};
enum cap_window { CAP_ROLLING, CAP_DAY, CAP_WEEK, CAP_MONTH };
struct cap_def {
	uint32_t at_most, for_high;      /* for_high 0 = the same */
	enum cap_window window;
	msec rolling;
	const struct cond *of;           /* over message.*; NULL = all */
	bool per_account;
	struct str own_choice;           /* preference name; choices below replace the line */
	struct { struct str word; uint32_t at_most; msec in; } choices[8];
	uint8_t n_choices;
	struct str text;                 /* "at most 1 in day of message.channel = \"email\"", for reasons */
};
struct group_def {
	struct str name;
	const struct str *journeys; size_t n_journeys;   /* strongest first */
	uint32_t at_most;
	bool takes_over;                 /* else: waits its turn */
	msec rest;
	bool per_account;
};
struct policy_def {
	struct purpose_def purposes[PURPOSES_MAX]; uint8_t n_purposes;
	struct suitability_def rules[RULES_MAX]; uint8_t n_rules;
	struct quiet_def quiet[QUIET_MAX]; uint8_t n_quiet;
	struct cap_def caps[CAPS_MAX]; uint8_t n_caps;
	struct group_def groups[GROUPS_MAX]; uint8_t n_groups;
	bool double_opt_in;
	uint32_t soft_opt_in_channels; const struct cond *soft_opt_in_if;
	msec renew_after;                /* 0 = never */
	msec arbitration_hold; bool drop_the_rest;
	uint8_t arbitration_order[3];    /* 0 priority, 1 value, 2 oldest */
	uint32_t stop_complaints_ppm, stop_bounces_ppm;   /* guards; 0 = none */
};

enum verdict_kind { VERDICT_NOW, VERDICT_AT, VERDICT_HELD /* until a condition changes */, VERDICT_NEVER };
/* reason code, may it change later by itself? */
#define REASONS(X)                                                                                        \
	X(OK, "ok") X(ERASED, "erased") X(SUPPRESSED, "suppressed") X(NO_ADDRESS, "no address")            \
	X(NO_CONSENT, "no consent") X(UNVERIFIED, "address unverified") X(UNSUITABLE, "unsuitable")        \
	X(HELD, "held by a rule") X(HOLDOUT, "holdout") X(EXPIRED, "deadline passed") X(QUIET, "quiet hours") \
	X(CAP, "frequency cap") X(OUTRANKED, "another message went first") X(LEFT, "left the journey")      \
	X(CONDITION, "its condition no longer holds") X(FENCE, "sending is held by the operator")           \
	X(NO_CHANNEL, "channel cannot reach this person")
enum reason {
#define X(name, text) REASON_##name,
	REASONS(X)
#undef X
	REASON_COUNT
};
const char *reason_text(enum reason r);
struct verdict {
	enum verdict_kind kind;
	enum reason reason;
	wall at;                 /* VERDICT_AT: when to ask again or go; VERDICT_HELD: look again then at the latest */
	struct str detail;       /* rule's or cap's name */
};

/* value.h -- what a condition computes with. Pure.
 *
 * Numbers, percents, money and distances (in metres) are fixed point. A list or object is a JSON value that the caller
 * keeps alive for the evaluation. Missing equals nothing; `<` and `>` with it are false (findings, rule 13). */
#pragma once
#include "base/civil.h"
#include "base/json.h"

enum value_kind {
	VALUE_MISSING,
	VALUE_NUMBER,
	VALUE_TEXT,
	VALUE_TRUTH,
	VALUE_TIME,
	VALUE_DURATION,  /* an exact length: s, min, h, d, w */
	VALUE_CALENDAR,  /* months, years, workdays: only for waits and dates */
	VALUE_JSON,      /* list or object */
	VALUE_LIST,      /* a list of values, made by `list f of …` or written ("a", "b") */
};

struct value {
	enum value_kind kind;
	bool quantity;           /* VALUE_NUMBER: money or distance, for printing only; VALUE_DURATION: was written in days or weeks, over
	                          * which waits keep the clock */
	bool unread;             /* VALUE_JSON of a kept row: `text` is the JSON, parsed when somebody reads it (value_read) */
	union {
		fixed number;
		struct str text;
		bool truth;
		wall time;
		msec duration;
		struct {
			int32_t n;
			char unit; /* 'm' months, 'y' years, 'w' workdays */
		} calendar;
		const struct json *json;
		struct {
			const struct value *items;
			uint32_t n;
		} list;
	};
};

#define VALUE_NONE ((struct value){.kind = VALUE_MISSING})
struct value value_number(fixed n);
struct value value_text(struct str s);
struct value value_truth(bool b);
struct value value_time(wall t);
struct value value_duration(msec d);
/* Scalars become values (text that looks like a date stays text: the checker decides by the declared type), lists and
 * objects VALUE_JSON, null missing. */
struct value value_of_json(const struct json *j);
/* The value itself, or what its unread JSON says, in the arena. */
struct value value_read(const struct value *v, struct arena *a);
bool value_equal(const struct value *a, const struct value *b);   /* false when either is missing */
/* -1, 0, 1; false when they cannot be ordered. */
bool value_compare(const struct value *a, const struct value *b, int *ret);
void value_format(const struct value *v, struct buf *out);         /* for people and for explain */
void value_write_json(const struct value *v, struct json_writer *w);

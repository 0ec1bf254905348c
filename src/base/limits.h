/* limits.h -- every named limit with its unit and meaning, in one table. A test meets each of them.
 *
 * Limits that an operator may change are settings (settings.h); those here are built in. */
#pragma once

/*      name, value, unit, what it bounds */
#define LIMITS(X)                                                                          \
	X(CALL_BYTES, 32 * 1024, "bytes", "one tracking call")                             \
	X(BATCH_BYTES, 500 * 1024, "bytes", "a batch body after decompression")            \
	X(BATCH_EVENTS, 2500, "calls", "calls in one batch")                               \
	X(MESSAGE_ID_BYTES, 100, "bytes", "a messageId")                                   \
	X(NAME_BYTES, 200, "bytes", "an event, trait or property name")                    \
	X(ID_BYTES, 256, "bytes", "a user, anonymous or group id")                         \
	X(JSON_DEPTH, 32, "levels", "nesting of a JSON body")                              \
	X(JSON_KEYS, 1000, "keys", "keys of one JSON object")                              \
	X(GZIP_RATIO, 50, "times", "how far a compressed body may grow")                   \
	X(BLOCK_ENTRIES, 128, "entries", "entries in a log block")                         \
	X(DEDUP_IDS, 8 * 1000 * 1000, "ids", "message ids remembered")                     \
	X(RETAINED_EVENTS, 4096, "events", "retained exactly for one feature of a profile") \
	X(CART_LINES, 50, "lines", "lines of a cart")                                      \
	X(TRAIT_BYTES, 16 * 1024, "bytes", "all traits of a profile")                      \
	X(TRAITS, 500, "traits", "traits of a profile")                                    \
	X(IDS_PER_PROFILE, 100, "ids", "anonymous ids held by one profile")                \
	X(ROUNDS, 16, "rounds", "set and audience steps that trigger each other in one entry") \
	X(STEPS_PER_JOURNEY, 200, "steps", "steps of a journey")                           \
	X(JOURNEYS, 500, "journeys", "journeys of a program")                              \
	X(SEGMENTS, 2000, "segments", "segments of a program")                             \
	X(ENROLMENTS_PER_PROFILE, 200, "enrolments", "live enrolments of one profile")     \
	X(ALARMS_PER_TICK, 50, "alarms", "alarms one tick fires before others get a turn") \
	X(FOLD_SLICE_US, 1000, "µs", "the time anything may hold the fold thread")         \
	X(CONDITION_BYTES, 8 * 1024, "bytes", "the text of one condition")                 \
	X(CONDITION_DEPTH, 64, "levels", "nesting of one condition")                       \
	X(CONDITION_STEPS, 4096, "steps", "compiled steps of one condition")               \
	X(PROGRAM_BYTES, 8 * 1024 * 1024, "bytes", "all documents of a program")           \
	X(CSV_ROW_BYTES, 256 * 1024, "bytes", "one CSV row")                               \
	X(CSV_COLUMNS, 512, "columns", "columns of a CSV file")                            \
	X(SMTP_REPLY_LINE, 4096, "bytes", "a line of an SMTP reply")                       \
	X(SMTP_REPLY_LINES, 100, "lines", "lines of an SMTP reply")

enum limit {
#define X(name, value, unit, what) LIMIT_##name = (value),
	LIMITS(X)
#undef X
};

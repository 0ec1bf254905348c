/* import.h -- files to entries: CSV and NDJSON through a mapping file (docs/import.md).
 *
 * Good rows come in, bad rows are reported with file, line, field and reason and never stop the good ones. The entries go through
 * the same port as everything else, in batches of LANE_IMPORT; message ids are made of (file's mapping, key columns), so the
 * same file imported twice changes nothing. */
#pragma once
#include "base/civil.h"
#include "ingest/keys.h"
#include "log/append.h"

/* One mapping file; may hold several documents, each for the files whose name fits its `file:` pattern. */
struct import_map;
MUST_CHECK bool import_map_parse(const char *file, struct str text, struct tz_set *zones, struct import_map **ret, struct err *e);
void import_map_free(struct import_map *m);

struct import_options {
	const char *const *files; size_t n_files;   /* .csv, .tsv, .ndjson, .jsonl; also .gz and .zst of them; "-" = standard input as CSV */
	const struct import_map *map;    /* NULL: NDJSON of tracking calls needs none */
	bool history;                    /* entries come as history: they update profiles and start nothing */
	struct append_port append;
	const uint8_t *hash_key;         /* 16 bytes */
	size_t max_rows;                 /* 0 = all */
	/* Progress in bytes of all files; may be NULL. Return false to stop. */
	bool (*progress)(void *self, const char *file, uint64_t done, uint64_t total);
	/* Each refused row; may be NULL. */
	void (*refused)(void *self, const char *file, uint64_t line, struct str field, struct str reason);
	void *self;
};
struct import_result {
	struct arena arena;              /* of the names below */
	uint64_t rows, rows_refused, rows_skipped;      /* skipped: the map's `skip:` says so */
	uint64_t entries, duplicates, people_assumed_consent;
	uint64_t calls[ENTRY_KIND_COUNT];
	struct { struct str name; uint64_t n; fixed total; } events[32]; uint32_t n_events;   /* tracks by name; total: sum of properties.total */
	char currencies[8][4]; uint32_t n_currencies;   /* that the tracks' money is in, in the order met */
	wall first, last;                /* of happened; WALL_NEVER, WALL_BEFORE_ALL when there is none */
	char assumptions[512];           /* sentences to print with the result; "" = none */
};
/* Blocks until everything is durable. False only when nothing can go on (a file cannot be opened, the shard is closing). */
MUST_CHECK bool import_files(const struct import_options *o, struct import_result *ret, struct err *e);
/* The newest `happened` of the files without importing (for --ending): reads them once, submits nothing. */
MUST_CHECK bool import_scan(const struct import_options *o, struct import_result *ret, struct err *e);
void import_result_release(struct import_result *r);

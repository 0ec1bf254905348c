/* source.h -- bytes of a file, plain, .gz or .zst, or of standard input; and how far it has been read. Private to ingest. */
#pragma once
#include "base/str.h"

struct source;
/* path "-" is standard input. The form is told by the file's first bytes, not by its name. */
MUST_CHECK bool source_open(const char *path, struct source **ret, struct err *e);
void source_close(struct source *s);
/* Up to n bytes; *ret_n = 0 at the end. */
MUST_CHECK bool source_read(struct source *s, char *to, size_t n, size_t *ret_n, struct err *e);
/* Bytes of the file itself that were read, and its size (0 = unknown). */
void source_progress(const struct source *s, uint64_t *ret_done, uint64_t *ret_total);

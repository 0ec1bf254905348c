/* schema.h -- the key tables (keys.h) told to editors and people: JSON Schemas and the reference of the documents. Pure.
 *
 * schema/ and docs/documents.md hold what these write; tests/unit/program/schema.c checks that they are fresh. */
#pragma once
#include "base/str.h"

/* Kinds of documents, 0 … n - 1. */
size_t schema_count(void);
/* "journey": the file is schema/journey.schema.json. */
const char *schema_name(size_t i);
void schema_write(size_t i, struct buf *out);
/* Tables of keys of one kind of document, as Markdown: its own and those inside it. */
void schema_reference(size_t i, struct buf *out);

/* schema/ and docs/documents.md are what the key tables say. UPDATE=1 in the environment writes them anew. */
#include "program/schema.h"
#include "base/json.h"
#include "tap.h"
#include <stdlib.h>

static void
read_whole(const char *path, struct buf *out)
{
	char part[4096];
	FILE *f = fopen(path, "r");
	for (size_t n; f && (n = fread(part, 1, sizeof(part), f)) > 0;)
		buf_add(out, part, n);
	if (f)
		fclose(f);
}

/* The file must hold `want`; with UPDATE=1 it is made to. */
static void
check_file(const char *path, const struct buf *want)
{
	struct buf have = {0};
	read_whole(path, &have);
	if (!str_eq(buf_str(&have), buf_str(want))) {
		FILE *f = getenv("UPDATE") ? fopen(path, "w") : NULL;
		if (f) {
			fwrite(want->ptr, 1, want->len, f);
			fclose(f);
		} else {
			TAP_FAIL("%s is not what keys.c says: run this test with UPDATE=1 in the repository", path);
		}
	}
	buf_release(&have);
}

TEST(the_schemas_are_fresh)
{
	for (size_t i = 0; i < schema_count(); i++) {
		char path[200];
		struct buf b = {0};
		schema_write(i, &b);
		snprintf(path, sizeof(path), "schema/%s.schema.json", schema_name(i));
		check_file(path, &b);
		buf_release(&b);
	}
}

TEST(a_schema_is_json_and_its_references_lead_somewhere)
{
	for (size_t i = 0; i < schema_count(); i++) {
		struct buf b = {0};
		struct arena a;
		struct err e = {0};
		const struct json *root = NULL;
		arena_init(&a);
		schema_write(i, &b);
		CHECK(json_parse_arena(&a, buf_str(&b), &root, &e));
		const struct json *defs = json_get(root, STR("$defs"));
		struct str text = buf_str(&b);
		static const struct str ref = STR_INIT("#/$defs/");
		for (size_t at = 0; (at = str_find(text, ref, at)) != SIZE_MAX;) {
			size_t end = str_find_char(text, '"', at);
			if (!json_get(defs, str_slice(text, at + ref.len, end)))
				TAP_FAIL("%s: nothing at %.*s", schema_name(i), STR_ARGS(str_slice(text, at, end)));
			at = end;
		}
		arena_clear(&a);
		buf_release(&b);
	}
}

/* The text with the tables of keys put between their marks. */
static void
put_tables(struct str text, struct buf *out)
{
	static const struct str mark = STR_INIT("<!-- keys "), end_mark = STR_INIT("<!-- /keys -->");
	size_t at = 0, found;
	while ((found = str_find(text, mark, at)) != SIZE_MAX) {
		size_t name_end = str_find(text, STR(" -->"), found), end = str_find(text, end_mark, found);
		NEED(name_end != SIZE_MAX && end != SIZE_MAX);
		struct str name = str_slice(text, found + mark.len, name_end);
		bool known = false;
		buf_add_str(out, str_slice(text, at, name_end + 4));
		buf_add_char(out, '\n');
		for (size_t i = 0; i < schema_count(); i++)
			if (str_eq(name, str_of(schema_name(i)))) {
				known = true;
				schema_reference(i, out);
			}
		CHECK(known);
		buf_add_str(out, end_mark);
		at = end + end_mark.len;
	}
	buf_add_str(out, str_slice(text, at, text.len));
}

TEST(the_reference_of_the_documents_is_fresh_and_names_every_kind)
{
	struct buf have = {0}, want = {0};
	read_whole("docs/documents.md", &have);
	put_tables(buf_str(&have), &want);
	check_file("docs/documents.md", &want);
	for (size_t i = 0; i < schema_count(); i++) {
		char mark[100];
		snprintf(mark, sizeof(mark), "<!-- keys %s -->", schema_name(i));
		CHECK(str_find(buf_str(&want), str_of(mark), 0) != SIZE_MAX);
	}
	buf_release(&have);
	buf_release(&want);
}

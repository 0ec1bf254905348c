/* schema/ and docs/documents.md are what the key tables say. UPDATE=1 in the environment writes them anew. */
#include "program/schema.h"
#include "base/json.h"
#include "base/yaml.h"
#include "program/embedded.h"
#include "tap.h"
#include <regex.h>
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

/* ---------------------------------------------------------------- the part of JSON Schema that ours use */

static bool fits(const struct json *root, const struct json *schema, const struct json *value, struct buf *why);

static bool
no(struct buf *why, const char *what, struct str which)
{
	if (!why->len)
		buf_printf(why, "%s '%.*s'", what, STR_ARGS(str_slice(which, 0, 60)));
	return false;
}

static bool
has_type(const struct json *value, struct str type)
{
	switch ((enum json_kind)value->kind) {
	case JSON_NULL:
		return str_eq(type, STR("null"));
	case JSON_TRUE:
	case JSON_FALSE:
		return str_eq(type, STR("boolean"));
	case JSON_INT:
		return str_eq(type, STR("number")) || str_eq(type, STR("integer"));
	case JSON_DOUBLE:
		return str_eq(type, STR("number"));
	case JSON_TEXT:
		return str_eq(type, STR("string"));
	case JSON_ARRAY:
		return str_eq(type, STR("array"));
	case JSON_OBJECT:
		return str_eq(type, STR("object"));
	}
	return false;
}

static bool
type_fits(const struct json *type, const struct json *value)
{
	bool ok = !type || (type->kind == JSON_TEXT && has_type(value, type->text));
	json_each(one, type && type->kind == JSON_ARRAY ? type : NULL)
		ok |= has_type(value, one->text);
	return ok;
}

static bool
enum_fits(const struct json *list, const struct json *value)
{
	bool ok = !list;
	json_each(one, list)
		ok |= one->kind == value->kind && (one->kind != JSON_TEXT || str_eq(one->text, value->text));
	return ok;
}

static bool
pattern_fits(const struct json *pattern, const struct json *value)
{
	char want[200], have[300];
	regex_t re;
	if (!pattern || value->kind != JSON_TEXT)
		return true;
	snprintf(want, sizeof(want), "%.*s", STR_ARGS(pattern->text));
	snprintf(have, sizeof(have), "%.*s", STR_ARGS(value->text));
	CHECK(regcomp(&re, want, REG_EXTENDED | REG_NOSUB) == 0);
	bool ok = regexec(&re, have, 0, NULL, 0) == 0;
	regfree(&re);
	return ok;
}

static bool
object_fits(const struct json *root, const struct json *schema, const struct json *value, struct buf *why)
{
	const struct json *known = json_get(schema, STR("properties")), *others = json_get(schema, STR("additionalProperties"));
	json_each(key, json_get(schema, STR("required")))
		if (!json_get(value, key->text))
			return no(why, "needs", key->text);
	json_each(member, value) {
		const struct json *s = json_get(known, member->key);
		if (!s && others && others->kind == JSON_FALSE)
			return no(why, "unknown key", member->key);
		if (!s && others && others->kind == JSON_OBJECT)
			s = others;
		if (s && !fits(root, s, member, why))
			return no(why, "in", member->key);
	}
	return true;
}

static bool
fits(const struct json *root, const struct json *schema, const struct json *value, struct buf *why)
{
	struct str ref = json_text(json_get(schema, STR("$ref")));
	const struct json *any = json_get(schema, STR("anyOf")), *items = json_get(schema, STR("items"));
	if (ref.len && !fits(root, json_get(json_get(root, STR("$defs")), str_slice(ref, 8, ref.len)), value, why))
		return false;
	bool one_fits = !any;
	json_each(one, any) {
		struct buf quiet = {0};
		one_fits |= fits(root, one, value, &quiet);
		buf_release(&quiet);
	}
	if (!one_fits)
		return no(why, "fits none of the choices:", value->span);
	if (!type_fits(json_get(schema, STR("type")), value) || !enum_fits(json_get(schema, STR("enum")), value) ||
	    !pattern_fits(json_get(schema, STR("pattern")), value))
		return no(why, "is not what it should be:", value->span);
	json_each(item, value->kind == JSON_ARRAY ? items ? value : NULL : NULL)
		if (!fits(root, items, item, why))
			return false;
	return value->kind != JSON_OBJECT || object_fits(root, schema, value, why);
}

/* "retail/journeys/welcome.yaml" → journey, "retail/policy.yaml" → policy. */
static size_t
schema_of(struct str path)
{
	for (size_t i = 0; i < schema_count(); i++) {
		char name[80];
		snprintf(name, sizeof(name), "/%s.yaml", schema_name(i));
		bool folder = (str_find(path, STR("/journeys/"), 0) != SIZE_MAX && !strcmp(schema_name(i), "journey")) ||
		    (str_starts(path, STR("lifecycle/")) && !strcmp(schema_name(i), "lifecycle"));
		if (folder || (str_ends(path, str_of(name)) && str_find(path, STR("/journeys/"), 0) == SIZE_MAX))
			return i;
	}
	return SIZE_MAX;
}

TEST(every_shipped_document_fits_its_schema)
{
	size_t n = 0;
	for (size_t i = 0; i < n_embedded_files; i++) {
		struct str path = str_of(embedded_files[i].path);
		size_t k = str_ends(path, STR(".yaml")) && !str_starts(path, STR("maps/")) ? schema_of(path) : SIZE_MAX, count;
		struct arena a;
		struct buf b = {0}, value = {0};
		struct err e = {0};
		struct yaml **docs;
		const struct json *root, *json;
		if (k == SIZE_MAX)
			continue;
		arena_init(&a);
		schema_write(k, &b);
		CHECK(json_parse_arena(&a, buf_str(&b), &root, &e) &&
		    yaml_parse(&a, embedded_files[i].path, (struct str){embedded_files[i].bytes, embedded_files[i].len}, &docs, &count, &e));
		for (size_t d = 0; d < count; d++) {
			struct buf why = {0};
			if (docs[d]->kind != YAML_MAPPING)
				continue;
			buf_reset(&value);
			yaml_to_json(docs[d], &value);
			CHECK(json_parse_arena(&a, buf_str(&value), &json, &e));
			if (!fits(root, root, json, &why))
				TAP_FAIL("%s:%d: %.*s", embedded_files[i].path, docs[d]->line, STR_ARGS(buf_str(&why)));
			buf_release(&why);
			n++;
		}
		arena_clear(&a);
		buf_release(&b);
		buf_release(&value);
	}
	CHECK(n > 100);
}

TEST(a_schema_refuses_what_the_checker_refuses)
{
	struct arena a;
	struct buf b = {0}, why = {0};
	struct err e = {0};
	const struct json *root, *json;
	arena_init(&a);
	for (size_t i = 0; i < schema_count(); i++)
		if (!strcmp(schema_name(i), "journey"))
			schema_write(i, &b);
	NEED(json_parse_arena(&a, buf_str(&b), &root, &e));
	NEED(json_parse_arena(&a, STR("{\"journey\":\"x\",\"purpose\":\"marketing\",\"entry\":{\"on\":\"goal\"},\"steps\":[{\"sent\":\"email x\"}]}"), &json, &e));
	CHECK(!fits(root, root, json, &why));
	buf_reset(&why);
	NEED(json_parse_arena(&a, STR("{\"journey\":\"x\",\"purpose\":\"marketing\",\"entry\":{\"on\":\"goal\"},\"steps\":[{\"send\":\"email x\",\"priority\":\"urgent\"}]}"), &json, &e));
	CHECK(!fits(root, root, json, &why));
	buf_reset(&why);
	NEED(json_parse_arena(&a, STR("{\"journey\":\"x\",\"purpose\":\"marketing\",\"entry\":{\"on\":\"goal\"},\"steps\":[{\"send\":\"email x\"}]}"), &json, &e));
	CHECK(fits(root, root, json, &why));
	buf_release(&why);
	buf_release(&b);
	arena_clear(&a);
}

#include "base/yaml.h"
#include "base/json.h"
#include "tap.h"

static struct arena arena;

static const struct yaml *
parsed(const char *text)
{
	static struct err e;
	struct yaml **docs = NULL;
	size_t n = 0;
	if (!yaml_parse(&arena, "t.yaml", str_of(text), &docs, &n, &e))
		TAP_FAIL("%d:%d: %s", e.line, e.column, e.text);
	return n ? docs[0] : NULL;
}

static struct err
refused(const char *text)
{
	struct err e = {0};
	struct yaml **docs = NULL;
	size_t n = 77;
	if (yaml_parse(&arena, "t.yaml", str_of(text), &docs, &n, &e))
		TAP_FAIL("accepted: %s", text);
	CHECK(docs == NULL && n == 77);
	CHECK_CSTR(e.file, "t.yaml");
	return e;
}

TEST(a_document_is_a_tree_with_places)
{
	const struct yaml *y = parsed("journey: welcome\nsteps:\n  - wait: 1h\n  - send: email hello\n    name: 'first'\n");
	CHECK_INT(y->count, 2);
	CHECK_STR(yaml_get(y, "journey")->text, "welcome");
	const struct yaml *steps = yaml_get(y, "steps"), *second = steps->first->next;
	CHECK_INT(steps->count, 2);
	CHECK_INT(second->line, 4);
	CHECK_INT(second->column, 5);
	const struct yaml *name = yaml_get(second, "name");
	CHECK(name->quoted && !name->block);
	CHECK_INT(name->key_line, 5);
	CHECK_INT(name->key_column, 5);
	CHECK_INT(name->text_column, 12);
	CHECK(yaml_get(second, "nothing") == NULL && yaml_get(NULL, "x") == NULL && yaml_get(steps, "x") == NULL);
}

TEST(scalars_are_text)
{
	const struct yaml *y = parsed("a: on\nb: NO\nc: 1.10\nd: 2026-01-02\ne:\nf: ~\n");
	CHECK_STR(yaml_get(y, "a")->text, "on");
	CHECK_STR(yaml_get(y, "b")->text, "NO");
	CHECK_STR(yaml_get(y, "c")->text, "1.10");
	CHECK_STR(yaml_get(y, "d")->text, "2026-01-02");
	CHECK_INT(yaml_get(y, "e")->text.len, 0);
}

TEST(a_block_knows_where_its_text_begins)
{
	const struct yaml *y = parsed("when: |\n\n    did \"A\"\n    and x\nnext: >-\n  folded\n  text\n"), *w = yaml_get(y, "when");
	CHECK(w->block);
	CHECK_INT(w->line, 1);
	CHECK_INT(w->text_line, 3);
	CHECK_INT(w->text_column, 5);
	CHECK_STR(w->text, "\ndid \"A\"\nand x\n");
	CHECK_STR(yaml_get(y, "next")->text, "folded text");
	CHECK_INT(yaml_get(y, "next")->text_line, 6);
	CHECK_INT(yaml_get(y, "next")->text_column, 3);
	/* Signs of several bytes before it move nothing. */
	w = yaml_get(parsed("ä: ö ü\nwhen: |\n  ä\n"), "when");
	CHECK_INT(w->text_line, 3);
	CHECK_INT(w->text_column, 3);
}

TEST(several_documents_and_none)
{
	struct yaml **docs;
	size_t n;
	struct err e;
	CHECK(yaml_parse(&arena, "t", STR("a: 1\n---\nb: 2\n---\n- c\n"), &docs, &n, &e));
	CHECK_INT(n, 3);
	CHECK_STR(docs[1]->first->key, "b");
	CHECK(yaml_parse(&arena, "t", STR("# nothing\n"), &docs, &n, &e));
	CHECK_INT(n, 0);
	CHECK(yaml_parse(&arena, "t", STR(""), &docs, &n, &e));
	CHECK_INT(n, 0);
}

TEST(what_is_refused_has_a_sentence_and_a_place)
{
	struct err e = refused("a: 1\nb: 2\na: 3\n");
	CHECK_INT(e.line, 3);
	CHECK(strstr(e.text, "`a`") && strstr(e.text, "line 1"));
	CHECK(strstr(refused("a: &x 1\nb: *x\n").text, "anchors"));
	CHECK(strstr(refused("a: !!str 1\n").text, "tags"));
	CHECK(strstr(refused("[a]: 1\n").text, "key"));
	e = refused("when: did \"A\" and\n  x: y\n");
	CHECK_INT(e.line, 2);
	CHECK(strstr(refused("if: a: b\n").text, "quotes"));
	refused("a: 'open\n");
	refused("a: [1, 2\n");
	refused("a:\n\t- b\n");
	refused("a: \"\xff\"\n");
	char deep[400] = "";
	for (int i = 0; i < 40; i++)
		strcat(deep, "[");
	for (int i = 0; i < 40; i++)
		strcat(deep, "]");
	CHECK(strstr(refused(deep).text, "deep"));
	struct yaml **docs;
	size_t n;
	CHECK(!yaml_parse(&arena, "t", STR("a: \0b\n"), &docs, &n, &e));
}

TEST(double_keys_of_a_large_mapping_are_found)
{
	struct buf b = {0};
	for (int i = 0; i < 500; i++)
		buf_printf(&b, "k%d: %d\n", i, i);
	CHECK_INT(parsed(b.ptr)->count, 500);
	buf_add_cstr(&b, "k17: 1\n");
	struct err e = refused(b.ptr);
	CHECK_INT(e.line, 501);
	CHECK(strstr(e.text, "line 18"));
	buf_release(&b);
}

TEST(as_json)
{
	struct buf out = {0};
	yaml_to_json(parsed("n: 12\nd: 1.50\nt: true\nz:\ns: '12'\np: +358401234567\nv: 1.2.3\no: 007\nl: [a, {b: c}]\nx: |\n  5\ne: \"\"\n"), &out);
	CHECK_STR(buf_str(&out), "{\"n\":12,\"d\":1.50,\"t\":true,\"z\":null,\"s\":\"12\",\"p\":\"+358401234567\",\"v\":\"1.2.3\",\"o\":\"007\","
	    "\"l\":[\"a\",{\"b\":\"c\"}],\"x\":\"5\\n\",\"e\":\"\"}");
	buf_release(&out);
}

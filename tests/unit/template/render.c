#include "base/arena.h"
#include "base/clock.h"
#include "base/str.h"
#include "template/template.h"
#include "tap.h"

static const char data[] =
    "{\"name\":\"Anna <3\",\"n\":3,\"price\":12.5,\"at\":\"2026-03-02T17:00:00Z\",\"none\":null,\"yes\":true,\"text\":\"a\\r\\nBcc: x\","
    "\"products\":[{\"name\":\"Mill\",\"price\":49},{\"name\":\"Beans\",\"price\":8.9},{\"name\":\"Cup\",\"price\":12}],\"tags\":[\"a\",\"b\"]}";

static char out[4096];
static const char *
render(const char *template, bool html)
{
	struct arena a;
	struct err e = {0};
	struct template *t;
	const struct json *d;
	struct buf b = {0};
	struct render_options o = {.html = html};
	arena_init(&a);
	if (!json_parse_arena(&a, str_of(data), &d, &e) || !template_parse(&a, "t", str_of(template), &t, &e) ||
	    !template_render(t, d, &o, &b, &e))
		err_format(&e, out, sizeof(out));
	else
		snprintf(out, sizeof(out), "%s", b.ptr ? b.ptr : "");
	buf_release(&b);
	arena_clear(&a);
	return out;
}

static const struct { const char *template, *want; } cases[] = {
    {"Hello {{ name }}!", "Hello Anna <3!"},
    {"{{ nobody.at.all }}|{{ none }}|{{ nobody | default: 'you' }}", "||you"},
    {"{{ n | plus: 1 }} {{ n | divided_by: 2 }} {{ n | divided_by: 2.0 }} {{ price | times: 2 }}", "4 1 1.5 25.0"},
    {"{{ price | round: 2 }} {{ 2.345 | round }} {{ -0.005 | round: 2 }} {{ price | ceil }} {{ price | floor }}", "12.50 2 -0.01 13 12"},
    {"{% if n > 2 and yes %}a{% elsif n %}b{% else %}c{% endif %}", "a"},
    {"{% if none %}a{% elsif n == 4 %}b{% else %}c{% endif %}", "c"},
    {"{% if nobody == blank %}a{% endif %}{% unless yes %}b{% else %}c{% endunless %}", "ac"},
    {"{% case n %}{% when 1, 2 %}low{% when 3 %}three{% else %}many{% endcase %}", "three"},
    {"{% for p in products %}{{ forloop.index }}:{{ p.name }}{% unless forloop.last %}, {% endunless %}{% endfor %}", "1:Mill, 2:Beans, 3:Cup"},
    {"{% for p in products limit:1 offset:1 %}{{ p.name }}{% endfor %}", "Beans"},
    {"{% for p in products reversed %}{{ p.name }}{% break %}{% endfor %}", "Cup"},
    {"{% for i in (1..3) %}{{ i }}{% endfor %}{% for x in nobody %}x{% else %}none{% endfor %}", "123none"},
    {"{% for i in (1..3) %}{% if i == 2 %}{% continue %}{% endif %}{{ i }}{% endfor %}", "13"},
    {"{% assign total = products[0].price | plus: products[1].price %}{{ total | round: 2 }}", "57.90"},
    {"{% capture x %}{{ n }}-{{ n }}{% endcapture %}[{{ x }}]", "[3-3]"},
    {"a {%- if yes -%} b {%- endif -%} c", "abc"},
    {"{% raw %}{{ name }}{% endraw %}{% comment %}{{ x }}{% endcomment %}{% # a remark %}", "{{ name }}"},
    {"{{ at | date: '%-d %B %Y, %H:%M' }}", "2 March 2026, 17:00"},
    {"{{ 'straße' | upcase }} {{ 'ÄPFEL und' | capitalize }} {{ 'ÄÖ' | downcase }}", "STRAßE Äpfel und äö"},
    {"{{ 'Ground control' | truncate: 9 }} {{ 'äöü' | truncate: 2, '…' }}", "Ground... ä…"},
    {"{{ products | map: 'name' | join: ', ' }} {{ tags | first }}{{ tags.last }} {{ products.size }} {{ name.size }}", "Mill, Beans, Cup ab 3 7"},
    {"{{ 'a b&c' | url_encode }} {{ 'a-b' | replace: '-', '+' }} {{ 'x' | append: 'y' | prepend: 'w' }}", "a%20b%26c a+b wxy"},
    {"{% if tags contains 'a' and name contains '<3' %}yes{% endif %}", "yes"},
    {"{% if yes or none and none %}right to left{% endif %}", "right to left"},
    {"{{ products[-1].name }}{{ products['0'].name }}", "Cup"},
    {"one { two } {three", "one { two } {three"},
    {"{{ nam", "t:1:1: this {{ is never closed"},
    {"x\n {% if yes %}", "t:2:2: this block is never closed; missing one of \"elsif else endif\""},
    {"{{ n | sort_of }}", "t:1:1: there is no filter \"sort_of\""},
    {"ab{% frobnicate %}", "t:1:3: there is no tag \"frobnicate\""},
    {"{{ n n }}", "t:1:1: nothing more is expected here, but there is \"n \""},
};

TEST(templates_print_what_liquid_prints)
{
	for (size_t i = 0; i < COUNT(cases); i++)
		if (strcmp(render(cases[i].template, false), cases[i].want))
			TAP_FAIL("%s: \"%s\", expected \"%s\"", cases[i].template, out, cases[i].want);
}

TEST(html_parts_escape_by_themselves)
{
	CHECK_CSTR(render("{{ name }}", true), "Anna &lt;3");
	CHECK_CSTR(render("{{ name | raw }}", true), "Anna <3");
}

TEST(a_header_is_one_line)
{
	struct arena a;
	struct err e;
	struct template *t;
	const struct json *d;
	struct buf b = {0};
	struct render_options o = {.one_line = true};
	arena_init(&a);
	NEED(json_parse_arena(&a, str_of(data), &d, &e) && template_parse(&a, "t", STR("Hi {{ text }}\n"), &t, &e));
	NEED(template_render(t, d, &o, &b, &e));
	CHECK_CSTR(b.ptr, "Hi a  Bcc: x");
	buf_release(&b);
	arena_clear(&a);
}

TEST(hostile_templates_end_within_their_limits)
{
	CHECK(strstr(render("{% for i in (1..1000000) %}{% for j in (1..1000000) %}x{% endfor %}{% endfor %}", false), "too m"));
	CHECK(strstr(render("{% for i in (1..1000000) %}{{ name }}{{ name }}{{ name }}{{ name }}{{ name }}{% endfor %}", false), "too m"));
	static char deep[40000];
	for (size_t i = 0; i + 13 < sizeof(deep); i += 12)
		memcpy(deep + i, "{% if yes %}", 13);
	CHECK(strstr(render(deep, false), "too deep"));
	CHECK(strstr(render("{% assign x = 'aaaaaaaa' %}{% for i in (1..100) %}{% assign x = x | append: x %}{% endfor %}", false), "memory"));
}

#include "channel/html_text.h"
#include "channel/render.h"
#include "tap.h"

static struct arena arena;

/* What the test before made goes. */
static void
fresh(void)
{
	if (!arena.chunk)
		arena_init(&arena);
	arena_reset(&arena);
}

static struct str
text(const char *html)
{
	fresh();
	return html_as_text(&arena, str_of(html));
}

TEST(paragraphs_stay_paragraphs)
{
	CHECK_STR(text("<h1>Thank  you</h1>\n<p>One\n two.</p><p>Three<br>four</p>"), "Thank you\n\nOne two.\n\nThree\nfour\n");
}

TEST(what_nobody_sees_is_left_out)
{
	CHECK_STR(text("<html><head><title>x</title><style>p { color: red }</style></head><body><!-- <p>no</p> -->"
		"<div style=\"display:none;max-height:0\">preheader <div>inside</div>&#847;</div><script>if (a < b) x()</script>Yes</body></html>"), "Yes\n");
}

TEST(links_are_followed_by_their_address)
{
	CHECK_STR(text("<p><a href=\"https://shop.example/c?a=1&amp;b=2\">See the order</a>.</p>"), "See the order: https://shop.example/c?a=1&b=2 .\n");
	CHECK_STR(text("<a href='https://shop.example/'>https://shop.example/</a>"), "https://shop.example/\n");
	CHECK_STR(text("<a href=\"mailto:care@shop.example\">care@shop.example</a>"), "care@shop.example\n");
	CHECK_STR(text("<a href=\"https://shop.example/\"><img src=x alt=\"Kaffa &amp; Koti\"></a>"), "Kaffa & Koti: https://shop.example/\n");
}

TEST(lists_and_tables)
{
	CHECK_STR(text("<ul><li>One</li><li>Two</li></ul><table><tr><td>Coffee</td><td>24.50 EUR</td></tr><tr><td>Filter</td><td>3.00 EUR</td></tr></table>"),
	    "* One\n* Two\n\nCoffee 24.50 EUR\nFilter 3.00 EUR\n");
}

TEST(entities)
{
	CHECK_STR(text("a&nbsp;b &lt;c&gt; &amp;amp; &euro;5 &#228;&#xE4; &unknown; &#xD800; &"), "a b <c> &amp; €5 ää &unknown; &\n");
}

TEST(broken_html_ends_as_well)
{
	CHECK_STR(text("a < b and <"), "a < b and <\n");
	CHECK_STR(text("<p"), "");
	CHECK_STR(text("<style>never closed"), "");
	CHECK_STR(text("x<!-- never closed"), "x\n");
	CHECK_STR(text("<a href=\"never closed"), "");
	CHECK_STR(text("<a title='>' href=https://x.example/>y</a>"), "y: https://x.example/\n");
	CHECK_STR(text(""), "");
}

/* ---------------------------------------------------------------- links rewritten */

static struct str
numbered(void *self, struct arena *a, struct str target)
{
	int *n = self;
	if (str_find(target, STR("keep"), 0) != SIZE_MAX)
		return target;
	return arena_printf(a, "https://t/%d?was=%.*s", ++*n, STR_ARGS(target));
}

static struct str
rewritten(const char *html)
{
	static struct buf out;
	int n = 0;
	fresh();
	buf_reset(&out);
	rewrite_links(str_of(html), numbered, &n, &arena, &out);
	return buf_str(&out);
}

TEST(links_to_the_web_are_replaced_and_others_stay)
{
	CHECK_STR(rewritten("<a class=x href=\"https://s/?a=1&amp;b=2\">1</a> <a href='http://s/'>2</a>"),
	    "<a class=x href=\"https://t/1?was=https://s/?a=1&amp;b=2\">1</a> <a href='https://t/2?was=http://s/'>2</a>");
	CHECK_STR(rewritten("<a href=\"mailto:a@b\">1</a><a href=\"#x\">2</a><img src=\"https://s/x.png\"><link href=\"https://s/x.css\"><a name=x>"),
	    "<a href=\"mailto:a@b\">1</a><a href=\"#x\">2</a><img src=\"https://s/x.png\"><link href=\"https://s/x.css\"><a name=x>");
	CHECK_STR(rewritten("<a href='https://keep/it&#39;s?a&amp;b'>1</a>"), "<a href='https://keep/it&#39;s?a&amp;b'>1</a>");
	CHECK_STR(rewritten("<a href=\"https://never"), "<a href=\"https://never");
	CHECK_STR(rewritten(""), "");
}

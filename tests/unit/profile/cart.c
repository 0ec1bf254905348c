#include "profile/cart.h"
#include "base/limits.h"
#include "tap.h"

static struct texts texts;
static struct arena arena;
static struct cart cart;

static void
begin(void)
{
	cart_clear(&texts, &cart);
	CHECK_INT(texts.len, 0);
	arena_clear(&arena);
}

static bool
half_a_crown(void *self, struct str currency, wall at, fixed amount, fixed *ret)
{
	(void)self;
	(void)at;
	if (currency.len && !str_eq(currency, STR("EUR")) && !str_eq(currency, STR("SEK")))
		return false;
	*ret = str_eq(currency, STR("SEK")) ? amount / 10 : amount;
	return true;
}

static bool
happen_to(struct cart *c, int64_t time, const char *name, const char *properties)
{
	static uint64_t seq;
	const struct json *j = NULL;
	struct err e;
	if (!json_parse_arena(&arena, str_of(properties), &j, &e))
		TAP_FAIL("%s: %s", properties, e.text);
	return cart_event(&texts, c, str_of(name), j, (wall){time}, ++seq, half_a_crown, NULL);
}

static bool
happen(int64_t time, const char *name, const char *properties)
{
	return happen_to(&cart, time, name, properties);
}

static void
check(const char *want, fixed value)
{
	struct buf out = {0};
	struct json_writer w = json_writer_on(&out);
	cart_write_json(&cart, &w);
	CHECK_STR(buf_str(&out), want);
	CHECK_INT(cart_value(&cart), value);
	buf_release(&out);
}

TEST(added_and_removed)
{
	begin();
	CHECK(happen(1, "Product Added", "{\"product_id\":\"a\",\"price\":10,\"quantity\":2}"));
	check("[{\"product_id\":\"a\",\"price\":10,\"quantity\":2}]", 200000);
	happen(2, "Product Added", "{\"product_id\":\"b\",\"price\":5}");
	happen(3, "Product Added", "{\"product_id\":\"a\",\"price\":12}");
	check("[{\"product_id\":\"a\",\"price\":12,\"quantity\":3},{\"product_id\":\"b\",\"price\":5,\"quantity\":1}]", 410000);
	CHECK_INT(cart_count(&cart), 2 * FIXED_ONE);
	happen(4, "Product Removed", "{\"product_id\":\"a\",\"quantity\":1}");
	check("[{\"product_id\":\"a\",\"price\":12,\"quantity\":2},{\"product_id\":\"b\",\"price\":5,\"quantity\":1}]", 290000);
	happen(5, "Product Removed", "{\"product_id\":\"a\"}");
	check("[{\"product_id\":\"b\",\"price\":5,\"quantity\":1}]", 50000);
	happen(6, "Product Removed", "{\"product_id\":\"b\",\"quantity\":7}");
	check("[]", 0);
	happen(7, "Product Removed", "{\"product_id\":\"never there\"}");
	check("[]", 0);
}

TEST(an_order_empties_it_a_view_replaces_it)
{
	begin();
	happen(1, "Product Added", "{\"product_id\":\"a\",\"price\":1}");
	CHECK(happen(2, "Cart Viewed", "{\"currency\":\"SEK\",\"products\":[{\"product_id\":\"b\",\"price\":100,\"quantity\":2},{\"sku\":\"c\"},{\"name\":\"no id\"}]}"));
	check("[{\"product_id\":\"b\",\"price\":100,\"quantity\":2},{\"sku\":\"c\",\"quantity\":1}]", 200000);
	CHECK(happen(3, "Order Completed", "{\"order_id\":\"1\"}"));
	check("[]", 0);
	happen(4, "Product Added", "{\"product_id\":\"d\",\"price\":1,\"currency\":\"JPY\"}"); /* no rate: not told */
	check("[{\"product_id\":\"d\",\"price\":1,\"currency\":\"JPY\",\"quantity\":1}]", 0);
	happen(5, "Cart Viewed", "{\"products\":[]}");
	check("[]", 0);
	CHECK(cart.n <= 2);
}

TEST(what_has_nothing_to_do_with_carts)
{
	begin();
	CHECK(!happen(1, "Product Viewed", "{\"product_id\":\"a\"}"));
	CHECK(!happen(1, "Product Added", "{\"name\":\"nameless\"}"));
	CHECK(!happen(1, "Product Added", "{\"product_id\":{\"x\":1}}"));
	CHECK(!happen(1, "Cart Viewed", "{}"));
	CHECK(!happen(1, "Cart Viewed", "{\"products\":{\"product_id\":\"a\"}}"));
	CHECK(happen(1, "Product Added", "{\"product_id\":17}"));
	check("[{\"product_id\":17,\"quantity\":1}]", 0);
}

TEST(a_late_act_changes_what_it_would_have_changed_in_time)
{
	begin();
	happen(10, "Product Added", "{\"product_id\":\"a\"}");
	happen(20, "Order Completed", "{}");
	happen(15, "Product Added", "{\"product_id\":\"late\"}");
	check("[]", 0);
	happen(30, "Product Added", "{\"product_id\":\"b\"}");
	happen(25, "Product Added", "{\"product_id\":\"c\"}");
	check("[{\"product_id\":\"c\",\"quantity\":1},{\"product_id\":\"b\",\"quantity\":1}]", 0);
	happen(27, "Order Completed", "{}"); /* and a late order takes what lay in before it */
	check("[{\"product_id\":\"b\",\"quantity\":1}]", 0);
	happen(28, "Cart Viewed", "{\"products\":[{\"product_id\":\"x\"},{\"product_id\":\"y\"}]}");
	check("[{\"product_id\":\"x\",\"quantity\":1},{\"product_id\":\"y\",\"quantity\":1},{\"product_id\":\"b\",\"quantity\":1}]", 0);
}

TEST(it_holds_a_bounded_number_of_lines)
{
	char properties[64];
	begin();
	for (int i = 0; i < 1000; i++) {
		snprintf(properties, sizeof(properties), "{\"product_id\":\"p%d\",\"quantity\":1e14}", i % 500);
		happen(i, "Product Added", properties);
	}
	CHECK_INT(cart_count(&cart), LIMIT_CART_LINES * FIXED_ONE);
	CHECK(cart.n <= 4 * LIMIT_CART_LINES);
	for (int i = 0; i < 300; i++)
		happen(2000 + i, "Product Added", "{\"product_id\":\"one\",\"quantity\":9e14,\"price\":9e14}");
	cart_value(&cart); /* does not overflow */
}

TEST(the_carts_of_two_who_are_one_are_one)
{
	struct cart other = {0};
	begin();
	happen_to(&other, 5, "Product Added", "{\"product_id\":\"theirs\"}");
	happen_to(&other, 15, "Product Added", "{\"product_id\":\"too\"}");
	happen(10, "Order Completed", "{}");
	happen(20, "Product Added", "{\"product_id\":\"mine\"}");
	cart_merge(&texts, &cart, &other);
	check("[{\"product_id\":\"too\",\"quantity\":1},{\"product_id\":\"mine\",\"quantity\":1}]", 0);
	CHECK_INT(other.n, 0);
}

TEST(saved_and_loaded_it_is_the_same)
{
	struct buf one = {0}, two = {0};
	struct cart back = {0};
	begin();
	happen(1, "Cart Viewed", "{\"products\":[{\"product_id\":\"a\",\"price\":2.5},{\"product_id\":\"b\"}]}");
	happen(2, "Product Removed", "{\"product_id\":\"b\"}");
	cart_save(&cart, &one);
	struct reader r = {.rest = buf_str(&one)};
	cart_load(&texts, &back, &r);
	CHECK(!r.bad && r.rest.len == 0);
	cart_save(&back, &two);
	CHECK(str_eq(buf_str(&one), buf_str(&two)));
	cart_clear(&texts, &back);
	for (size_t n = 0; n < one.len; n++) {
		struct reader cut = {.rest = {one.ptr, n}};
		cart_load(&texts, &back, &cut);
		CHECK(cut.bad);
		cart_clear(&texts, &back);
	}
	buf_release(&one);
	buf_release(&two);
	begin();
}

/* event_names.c -- old event names and what they are called now. */
#include "ingest/tracking.h"

/*       Segment's first e-commerce spec, the second */
#define RENAMED(X)                                              \
	X("Completed Order", "Order Completed")                 \
	X("Viewed Product", "Product Viewed")                   \
	X("Clicked Product", "Product Clicked")                 \
	X("Added Product", "Product Added")                     \
	X("Removed Product", "Product Removed")                 \
	X("Viewed Product Category", "Product List Viewed")     \
	X("Filtered Product List", "Product List Filtered")     \
	X("Searched Products", "Products Searched")             \
	X("Viewed Cart", "Cart Viewed")                         \
	X("Viewed Promotion", "Promotion Viewed")               \
	X("Clicked Promotion", "Promotion Clicked")             \
	X("Started Checkout", "Checkout Started")               \
	X("Viewed Checkout Step", "Checkout Step Viewed")       \
	X("Completed Checkout Step", "Checkout Step Completed") \
	X("Entered Payment Info", "Payment Info Entered")       \
	X("Updated Order", "Order Updated")                     \
	X("Refunded Order", "Order Refunded")                   \
	X("Cancelled Order", "Order Cancelled")                 \
	X("Entered Coupon", "Coupon Entered")                   \
	X("Applied Coupon", "Coupon Applied")                   \
	X("Denied Coupon", "Coupon Denied")                     \
	X("Removed Coupon", "Coupon Removed")                   \
	X("Shared Product", "Product Shared")                   \
	X("Shared Cart", "Cart Shared")                         \
	X("Reviewed Product", "Product Reviewed")

struct str
event_name_current(struct str name)
{
	static const struct { struct str old, current; } renamed[] = {
#define X(old, current) {STR_INIT(old), STR_INIT(current)},
		RENAMED(X)
#undef X
	};
	/* All old names end in a noun that begins one of these; most names of today are told apart by their first letter. */
	if (name.len < 11 || !(name.ptr[0] == 'C' || name.ptr[0] == 'V' || name.ptr[0] == 'A' || name.ptr[0] == 'R' || name.ptr[0] == 'F' ||
	    name.ptr[0] == 'S' || name.ptr[0] == 'E' || name.ptr[0] == 'U' || name.ptr[0] == 'D'))
		return name;
	for (size_t i = 0; i < COUNT(renamed); i++)
		if (str_eq(renamed[i].old, name))
			return renamed[i].current;
	return name;
}

# What a left cart leads to.
story "a cart is left, the first mail is not opened"
program retail
journeys cart_abandonment
person anna like aino
at 2026-01-05 10:00  track anna "Product Added" product_id=sku-1 name="Hand mill" price=49
advance 1h
expect email "cart_reminder" to anna
advance 24h
expect email "cart_reminder_second" to anna
track anna "Order Completed" order_id=o-1 total=49 products=[{product_id: sku-1, price: 49, quantity: 1}]
expect anna stage "engage", not enrolled in "cart_abandonment"
expect no message to anna for 7d

story "who opens the first mail gets no second one"
journeys cart_abandonment
person anna like aino
at 2026-01-05 10:00  track anna "Product Added" product_id=sku-1 price=49
advance 2h
expect email "cart_reminder" to anna
opens anna first
expect no message to anna for 5d

story "consent taken back before the mail goes"
journeys cart_abandonment
person anna like aino
at 2026-01-05 10:00  track anna "Product Added" product_id=sku-1 price=49
advance 30min
withdraws anna email.marketing
expect no message to anna for 5d

story "a mark asks once more: no mail after an order, even in the minute of the reminder"
journeys cart_abandonment
person anna like aino
at 2026-01-05 10:00  track anna "Product Added" product_id=sku-1 price=49
at 2026-01-05 10:59  track anna "Order Completed" order_id=o-1 total=49 products=[]
expect no message to anna for 5d
expect anna not enrolled in "cart_abandonment", in segment "customer"

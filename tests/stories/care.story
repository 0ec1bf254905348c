story "an unhappy customer is called, and marketing waits until it is mended"
journeys service_recovery, newsletter
person anna like aino
at 2026-03-02 12:00  track anna "Survey Answered" survey=csat score=1 comment="Broken"
expect email "we_are_sorry" to anna
expect task "recovery_call" to anna
expect anna enrolled in "service_recovery"
expect no message to anna for 3d
done anna call outcome=reached
advance 11d
expect email "recovery_csat" to anna

story "out of stock by the morning: no alert that would disappoint"
journeys low_stock
person anna like aino
at 2026-03-01 12:00  product mill-9 stock=8
advance 1h
track anna "Product Added to Wishlist" product_id=mill-9
at 2026-03-02 22:00  product mill-9 stock=2
at 2026-03-03 06:00  product mill-9 stock=0
expect no message to anna for 2d

# Quiet hours and caps move messages; they do not lose them.
story "a welcome at night waits for the morning"
journeys welcome
person anna like aino consent={email: {tracking: true}}
at 2026-03-02 23:10  consents anna email.marketing
expect no message to anna for 8h
advance 30min
expect email "welcome_hello" to anna

story "two journeys, one mail a day: the second waits for the next day"
journeys welcome, newsletter
person anna like aino consent={email: {tracking: true}} topics={newsletter: true}
at 2026-03-03 09:59  consents anna email.marketing
advance 2min
expect email "welcome_hello" to anna
expect no message to anna for 12h
advance 24h
expect email "newsletter" to anna

story "transactional mail knows no night"
journeys order_confirmation
person anna like elise
at 2026-03-02 23:59  track anna "Order Completed" order_id=o-7 total=12 products=[]
expect email "order_confirmation" to anna
track anna "Order Completed" order_id=o-7 total=12 products=[]
expect no message to anna for 2d

#!/usr/bin/env python3
"""More than the server can take at once: some is refused with 429 and when to come again, what was acknowledged is in the log, nothing else is."""

import os
import sys
import threading

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from live import Server, Tap  # noqa: E402

BATCHES, CALLS, ROUNDS = 240, 2500, 3
t = Tap()
with Server() as s:
    replies, lock = [], threading.Lock()
    headers = {"Content-Type": "application/json", **s.basic()}

    def send(numbers):
        """Batches one after the other on this thread."""
        for n in numbers:
            body = b'{"batch":[' + b",".join([b'{"type":"track","userId":"u%d","event":"P%d"}' % (n, n)] * CALLS) + b"]}"
            r = s.call("POST", "/v1/batch", body, headers, timeout=60)
            with lock:
                replies.append((n, r))

    for round_ in range(ROUNDS):
        first = round_ * BATCHES
        threads = [threading.Thread(target=send, args=(range(first + k, first + BATCHES, 80),)) for k in range(80)]
        for x in threads:
            x.start()
        for x in threads:
            x.join()
        if any(r.status == 429 for _, r in replies):
            break
    taken = {n for n, r in replies if r.status == 200}
    late = [r for _, r in replies if r.status == 429]
    t.eq(sorted({r.status for _, r in replies} - {200, 429}), [], f"of {len(replies)} batches at once {len(taken)} were taken, {len(late)} refused for the moment")
    t.ok(taken, "some were taken")
    t.ok(all(int(r.headers.get("retry-after", 0)) >= 1 and r.json.get("error") for r in late), "who was refused hears when to come again, and why", late[:1] and late[0].headers)
    rows = s.sql("select name, count(*) as n from event where name like 'P%' group by name")
    t.eq({int(r["name"][1:]) for r in rows}, taken, "what was acknowledged is in the log, and nothing else")
    t.ok(all(r["n"] == CALLS for r in rows), "each batch whole")
    t.ok(s.lives(), "the server lives")
    t.ok(s.stop(), "and ends well", s.lines)
t.done()

#!/usr/bin/env python3
"""One call dated 2099 and one dated 1970 change nobody else: everybody's profile, stage and segments are as before."""

import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from cli import Folder, Tap  # noqa: E402

t = Tap()


def everybody(f, workspace, people):
    """What is known of each, without what moves by itself."""
    known = {}
    for key in people:
        p = f.json("profile", workspace, key, "--timeline", "0").get("profile", {})
        known[key] = {k: p.get(k) for k in ("traits", "stages", "segments", "consent", "first_seen", "last_seen", "cart", "email")}
    return known


with Folder() as f:
    calls = f.shop("shop.ndjson", visitors=80, days=40)
    f.json("init", "shop")
    f.json("import", "shop", "shop.ndjson", "--ending", "now")
    people = sorted({c["userId"] for c in calls if "userId" in c})[:9] + sorted({c["anonymousId"] for c in calls if "anonymousId" in c})[:6]
    before, stages = everybody(f, "shop", people), f.json("stages", "shop")
    t.ok(len(people) >= 10 and all(p["stages"] for p in before.values()), "there are people with stages")
    odd = [{"type": "track", "userId": "dreamer", "event": "Order Completed", "timestamp": "2099-12-31T23:59:59Z", "messageId": "far",
            "properties": {"order_id": "o-far", "total": 10}},
           {"type": "track", "userId": "ghost", "event": "Order Completed", "timestamp": "1970-01-01T00:00:01Z", "messageId": "old",
            "properties": {"order_id": "o-old", "total": 10}},
           {"type": "identify", "userId": "dreamer", "timestamp": "2099-12-31T23:59:59Z", "messageId": "far2", "traits": {"birthday": "2099-01-01"}}]
    for name, way in (("history", []), ("live", ["--live"])):
        f.write(f"{name}.ndjson", "".join(json.dumps({**c, "messageId": name + c["messageId"], "userId": name + "-" + c["userId"]}) + "\n" for c in odd))
        r = f.json("import", "shop", f"{name}.ndjson", *way)
        t.ok(r.get("entries") == 3 or r.get("refused", 0) > 0, f"{name}: the odd calls are taken, or refused row by row", r)
        t.eq(everybody(f, "shop", people), before, f"{name}: nobody else changed")
        now = f.json("stages", "shop")
        t.eq([m for m in now["moves"] if m["from"]], [m for m in stages["moves"] if m["from"]], f"{name}: nobody else moved")
        more = sum(s["people"] for s in now["now"]["stages"]) - sum(s["people"] for s in stages["now"]["stages"])
        t.ok(0 <= more <= 4, f"{name}: only the two are new in the stages", more)
    # What comes after is dated as it should be, and seen at once.
    f.write("next.ndjson", json.dumps({"type": "track", "userId": "next", "event": "Order Completed", "messageId": "next",
                                       "properties": {"order_id": "o-next", "total": 10}}) + "\n")
    f.json("import", "shop", "next.ndjson", "--live")
    p = f.json("profile", "shop", "next").get("profile", {})
    t.ok(p.get("stages", {}).get("race", {}).get("stage") == "engage" and p["last_seen"] < "2090", "the next live call is dated with the present", p)
    p = f.json("profile", "shop", "live-dreamer").get("profile", {})
    t.ok(p.get("last_seen", "2099") < "2090", "the clock of the one from the future is brought back to the present", p.get("last_seen"))
    r = f.json("verify", "shop")
    t.eq(r.get("equal"), True, "verify")
t.done()

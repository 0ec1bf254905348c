#!/usr/bin/env python3
"""The tracking API by hand: every call, every way to send it, every refusal; what was taken is found by `perennial sql`, once."""

import gzip
import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from live import Server, Tap  # noqa: E402

t = Tap()


def one(server, name):
    """The bodies of the entries of this name."""
    return [e["body"] for e in server.events(f"name = '{name}'")]


with Server() as s:
    json_type = {"Content-Type": "application/json"}

    # ---- each call, long and short
    calls = {"identify": {"userId": "u1", "traits": {"email": "u1@shop.example"}}, "track": {"userId": "u1", "event": "Looked"},
             "page": {"userId": "u1", "name": "Home"}, "screen": {"userId": "u1", "name": "Start"}, "group": {"userId": "u1", "groupId": "g1"},
             "alias": {"userId": "u1", "previousId": "a1"}}
    for kind, call in calls.items():
        for path in (kind, kind[0]):
            r = s.track("/v1/" + path, {**call, "messageId": "call-" + path})
            t.ok(r.status == 200 and r.json == {"success": True}, f"/v1/{path} is taken", r.body)
        t.eq(len([e for e in s.events(f"kind = '{kind}'") if e["body"]["messageId"].startswith("call-")]), 2, f"both {kind} calls stand in the log once")

    # ---- who sends
    body = {"userId": "u1", "event": "By key"}
    r = s.call("POST", "/v1/track", json.dumps({**body, "writeKey": s.key}), json_type)
    t.eq(r.status, 200, "the key in the body")
    r = s.call("POST", "/v1/batch", json.dumps({"batch": [{**body, "type": "track"}], "writeKey": s.public_key}), json_type)
    t.eq(r.status, 200, "the key in the batch")
    t.eq([e["trust"] for e in s.events("name = 'By key'")], ["server", "public"], "each key has its trust")
    t.eq(s.events("name = 'By key'")[1]["source"], "website", "the key's name is the source")
    for key, why in (("nobody", "an unknown key"), (s.key[:-1], "a key cut off"), ("", "no key")):
        r = s.call("POST", "/v1/track", json.dumps(body), {**json_type, **s.basic(key or " ")})
        t.ok(r.status == 401 and "write key" in r.json["error"], f"{why} is refused with a sentence", r.body)
    t.eq(len(one(s, "By key")), 2, "what was refused is not in the log")

    # ---- how it is sent
    for kind in ("application/json", "application/json; charset=utf-8", "text/plain", "text/plain;charset=UTF-8"):
        r = s.call("POST", "/v1/t", json.dumps({"userId": "u1", "event": "As " + kind}), {"Content-Type": kind, **s.basic()})
        t.ok(r.status == 200 and len(one(s, "As " + kind)) == 1, f"as {kind}", r.body)
    raw = json.dumps({"userId": "u1", "event": "As a bare form"})
    r = s.call("POST", "/v1/track", raw, {"Content-Type": "application/x-www-form-urlencoded", **s.basic()})
    t.ok(r.status == 200 and len(one(s, "As a bare form")) == 1, "JSON under the name of a form", r.body)
    packed = gzip.compress(json.dumps({"batch": [{"type": "track", "userId": "u1", "event": "Packed", "properties": {"n": n}} for n in range(100)]}).encode())
    r = s.call("POST", "/v1/batch", packed, {**json_type, "Content-Encoding": "gzip", **s.basic()})
    t.ok(r.status == 200 and len(one(s, "Packed")) == 100, "a hundred calls by gzip", r.body)
    r = s.call("POST", "/v1/track", b"x", {**json_type, "Content-Encoding": "br", **s.basic()})
    t.ok(r.status in (400, 415) and r.json["error"], "another encoding is refused", r.body)

    # ---- browsers of other sites
    r = s.call("OPTIONS", "/v1/t", headers={"Origin": "https://shop.example", "Access-Control-Request-Method": "POST",
                                            "Access-Control-Request-Headers": "authorization,content-type"})
    t.ok(r.status in (200, 204) and r.headers.get("access-control-allow-origin") in ("*", "https://shop.example") and
         "content-type" in r.headers.get("access-control-allow-headers", "").lower() and "POST" in r.headers.get("access-control-allow-methods", ""),
         "a preflight is answered", r.headers)
    r = s.track("/v1/t", {"userId": "u1", "event": "From a page"}, Origin="https://shop.example")
    t.ok(r.headers.get("access-control-allow-origin") in ("*", "https://shop.example"), "the answer may be read by the page", r.headers)
    r = s.call("OPTIONS", "/api/stages", headers={"Origin": "https://evil.example", "Access-Control-Request-Method": "GET"})
    t.ok("access-control-allow-origin" not in r.headers, "the management side is not for other sites", r.headers)

    # ---- limits
    big = {"userId": "u1", "event": "Big", "properties": {"text": "x" * 31000}}
    t.eq(s.track("/v1/track", big).status, 200, "31 KB are taken")
    big["properties"]["text"] = "x" * 33000
    r = s.track("/v1/track", big)
    t.ok(r.status == 413 and r.json["error"], "a call over 32 KB is 413", r.body)
    r = s.track("/v1/batch", {"batch": [{"type": "track", **big}]})
    t.ok(r.status == 413, "also inside a batch", (r.status, r.body))
    batch = {"batch": [{"type": "track", "userId": "u1", "event": "Many"}] * 2500}
    t.eq(s.track("/v1/batch", batch).status, 200, "2,500 calls are taken")
    t.eq(len(s.events("name = 'Many'")), 2500, "all of them")
    batch["batch"] = batch["batch"] + batch["batch"][:1]
    r = s.track("/v1/batch", batch)
    t.ok(r.status == 413 and "2500" in r.json["error"].replace(",", ""), "2,501 are not", r.body)
    r = s.call("POST", "/v1/batch", json.dumps({"batch": [{"type": "track", "userId": "u1", "event": "Huge", "properties": {"t": "y" * 20000}}] * 30}), {**json_type, **s.basic()})
    t.eq(r.status, 413, "a batch over 500 KB is 413")
    t.eq(len(s.events("name in ('Huge')")), 0, "and nothing of it is taken")

    # ---- wrong calls: a sentence with the place, and nothing taken
    wrong = [("{", "not JSON"), ("[]", "not an object"), ('"x"', "a text"), ("", "nothing"), ('{"userId":"u1"}', "no event"), ('{"event":"E"}', "nobody"),
             ('{"userId":[],"event":"E"}', "an id that is a list"), ('{"userId":"u1","event":7}', "an event that is a number"),
             ('{"userId":"u1","event":"E","properties":[]}', "properties that are a list"), ('{"userId":"u1","event":"E","timestamp":"yesterday"}', "a time that is none"),
             ('{"userId":"' + "x" * 300 + '","event":"E"}', "an id too long"), ('{"userId":"u1","event":"' + "e" * 300 + '"}', "an event name too long"),
             ('{"userId":"u1","event":"E","messageId":"' + "m" * 101 + '"}', "a message id too long"), ('{"userId":"u1","event":"E","event":"F"}', "a key twice")]
    before = len(s.events())
    for text, why in wrong:
        r = s.call("POST", "/v1/track", text, {**json_type, **s.basic()})
        t.ok(r.status == 400 and len(r.json.get("error", "")) > 10, f"{why}: 400 with a sentence", (r.status, r.body))
    r = s.track("/v1/batch", {"batch": [{"type": "track", "userId": "u1", "event": "Fine"}, {"type": "dance", "userId": "u1"}]})
    t.ok(r.status == 400 and "batch[1]" in r.json["error"], "a batch names the call that is wrong", r.body)
    t.eq(len(s.events()), before, "nothing of all that is in the log")
    r = s.call("GET", "/v1/track")
    t.ok(r.status == 405 and "POST" in r.headers.get("allow", ""), "GET is 405", r.headers)
    t.eq(s.call("POST", "/v1/nothing", "{}", {**json_type, **s.basic()}).status, 404, "an unknown address is 404")

    # ---- twice
    for _ in range(3):
        t.eq(s.track("/v1/track", {"userId": "u1", "event": "Once", "messageId": "once-1"}).status, 200, "a duplicate is acknowledged")
    same = {"type": "track", "userId": "u1", "event": "Once", "messageId": "once-2"}
    t.eq(s.track("/v1/batch", {"batch": [same, same, {**same, "messageId": "once-3"}]}).status, 200, "duplicates within a batch too")
    t.eq(sorted(e["message_id"] for e in s.events("name = 'Once'")), ["once-1", "once-2", "once-3"], "each stands in the log once")
    r = s.call("POST", "/v1/track", json.dumps({"userId": "u1", "event": "Once", "messageId": "once-1", "writeKey": s.public_key}), json_type)
    t.eq(len(s.events("name = 'Once'")), 4, "another source's message id is another message")

    # ---- clocks
    s.track("/v1/track", {"userId": "u1", "event": "Fast", "timestamp": "2030-01-01T00:00:10.000Z", "sentAt": "2030-01-01T00:01:10.000Z"})
    e = s.events("name = 'Fast'")[0]
    t.ok(59_000 <= e["at"] - e["happened"] <= 63_000, "a sender's clock that is years ahead: a minute before it came", e)
    s.track("/v1/track", {"userId": "u1", "event": "Ahead", "timestamp": "2040-01-01T00:00:00Z"})
    e = s.events("name = 'Ahead'")[0]
    t.ok(e["happened"] <= e["at"], "nothing has happened after it came", e)
    s.track("/v1/track", {"userId": "u1", "event": "Old", "timestamp": "2001-02-03T04:05:06Z"})
    t.eq(s.events("name = 'Old'")[0]["happened"], 981173106000, "old times stand as they are")
    t.ok(all(a["at"] <= b["at"] for a, b in zip(s.events(), s.events()[1:])), "`at` never goes back")

    # ---- names of the first e-commerce spec
    s.track("/v1/track", {"userId": "u1", "event": "Completed Order", "properties": {"orderId": "o1", "total": 12.5}})
    t.eq(len(s.events("name = 'Order Completed'")), 1, "an old event name becomes the current one")
    t.ok(s.stop(), "the server ends well", s.lines)
t.done()

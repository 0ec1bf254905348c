#!/usr/bin/env python3
"""Requests that real SDKs made, as they were recorded, and every payload of Segment's specification: taken, and found once."""

import gzip
import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from live import SHARED, Server, Tap, skip_all  # noqa: E402

folder = os.path.join(SHARED, "data/segment-clients")
if not os.path.isdir(folder):
    skip_all("the recorded requests are not beside this repository (../shared/data/segment-clients)")
t = Tap()


def lines(name):
    """The objects of an NDJSON file."""
    with open(os.path.join(folder, name), encoding="utf-8") as f:
        return [json.loads(x) for x in f]


def load(name):
    """A JSON file."""
    with open(os.path.join(folder, name), encoding="utf-8") as f:
        return json.load(f)


def calls_of(body):
    """The calls in a body."""
    return body["batch"] if "batch" in body else [body]


def of_javascript(call, args):
    """analytics.track("Name", {…}) as the call that it becomes."""
    texts, objects = [a for a in args if isinstance(a, str)], [a for a in args if isinstance(a, dict)]
    first = objects[0] if objects else {}
    if call == "track" and not texts:
        return {"type": call, **first}
    if call == "track":
        return {"type": call, "event": texts[0], "properties": first}
    if call == "identify":
        return {"type": call, "userId": texts[0] if texts else "somebody", "traits": first}
    if call == "group":
        return {"type": call, "groupId": texts[0], "traits": first}
    if call == "alias":
        return {"type": call, "userId": texts[0], "previousId": texts[1] if len(texts) > 1 else "before"}
    return {"type": call, "name": texts[-1] if texts else None, "properties": first}


with Server() as s:
    # ---- on the wire
    wanted = set()
    for request in lines("wire-captures.jsonl") + lines("wire-captures-2.jsonl"):
        if not request["path"].startswith("/v1/"):
            continue
        body, headers = request["body"], {"Content-Type": request["headers"].get("content-type", "application/json")}
        if "authorization" in request["headers"]:
            headers.update(s.basic())
        if "writeKey" in body:
            body["writeKey"] = s.key
        data = json.dumps(body).encode()
        if request.get("gzip"):
            data, headers["Content-Encoding"] = gzip.compress(data), "gzip"
        r = s.call("POST", request["path"], data, headers)
        t.ok(r.status == 200, f"{request['sdk']} to {request['path']}", (r.status, r.body, data[:300]))
        wanted |= {c["messageId"] for c in calls_of(body)}
    found = [e["message_id"] for e in s.events()]
    t.eq(sorted(found), sorted(wanted), f"all {len(wanted)} calls stand in the log, those that were retried too, each once")

    # ---- the specification
    n = taken = 0
    for example in load("segment-spec-examples.json"):
        payload = example["payload"]
        kind = payload.get("type") or ("track" if "event" in payload else "identify" if "traits" in payload else None)
        if kind not in ("track", "identify", "page", "screen", "group", "alias"):
            continue
        n += 1
        call = {"anonymousId": "spec", **payload, "messageId": f"spec-{n}"}
        r = s.track("/v1/" + kind, call)
        taken += r.status == 200
        if r.status != 200:
            t.ok(False, f"{example['file']}: {kind}", (r.status, r.body, json.dumps(call)[:400]))
    t.ok(n > 50 and taken == n, f"{n} example payloads of the specification are taken")
    t.eq(s.sql("select count(*) as n, count(distinct message_id) as ids from event where message_id like 'spec-%'"), [{"n": n, "ids": n}], "each once")
    m = 0
    for example in load("segment-spec-calls.json"):
        if example["call"] not in ("track", "identify", "page", "screen", "group", "alias"):
            continue
        m += 1
        call = {k: v for k, v in of_javascript(example["call"], example["args"]).items() if v is not None}
        r = s.track("/v1/batch", {"batch": [{"anonymousId": "spec", **call, "messageId": f"call-{m}"}]})
        if r.status != 200:
            t.ok(False, f"{example['file']}: {example['call']}", (r.status, r.body, json.dumps(call)[:400]))
    t.eq(s.sql("select count(*) as n from event where message_id like 'call-%'"), [{"n": m}], f"{m} calls of its JavaScript examples, each once")
    t.ok(s.lives() and s.stop(), "the server lives and ends well")
t.done()

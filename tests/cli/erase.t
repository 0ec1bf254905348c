#!/usr/bin/env python3
"""An erased person is gone: strings that were planted wherever a call can carry one are found in no file of the workspace, packed or not,
while the others are there as before and what was suppressed stays suppressed."""

import http.client
import json
import os
import sqlite3
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from cli import Folder, Serving, Tap, until  # noqa: E402

t = Tap()


def unpack(data, size):
    """One LZ4 block."""
    out, i = bytearray(), 0
    while i < len(data):
        token = data[i]
        i += 1
        n = token >> 4
        if n == 15:
            while True:
                n += data[i]
                i += 1
                if data[i - 1] != 255:
                    break
        out += data[i:i + n]
        i += n
        if i >= len(data):
            break
        back = data[i] | data[i + 1] << 8
        i += 2
        n = token & 15
        if n == 15:
            while True:
                n += data[i]
                i += 1
                if data[i - 1] != 255:
                    break
        for _ in range(n + 4):
            out.append(out[-back])
    assert len(out) == size, (len(out), size)
    return bytes(out)


def everything(folder):
    """The bytes of every file, and of every packed piece of the log: name -> bytes."""
    found = {}
    for root, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(root, name)
            if os.path.isfile(path):
                found[os.path.relpath(path, folder)] = open(path, "rb").read()
    db = sqlite3.connect(f"file:{os.path.join(folder, 'perennial.db')}?mode=ro", uri=True)
    for table, key in (("block", "first_seq"), ("staged", "id")):
        for at, codec, body in db.execute(f"select {key}, codec, body from {table}"):
            found[f"{table} {at}"] = unpack(body[4:], int.from_bytes(body[:4], "little")) if codec == 1 else body[4:]
    for (name,) in db.execute("select name from sqlite_master where type = 'table' and name not in ('event', 'block', 'staged')").fetchall():
        found["table " + name] = repr(db.execute(f"select * from {name}").fetchall()).encode()
    db.close()
    return found


def where(folder, planted):
    """What is found where."""
    return sorted({f"{word} in {name}" for name, data in everything(folder).items() for word in planted if word.encode() in data})


class Caller:
    """A tracking client and an operator in one."""

    def __init__(self, server, folder):
        keys = json.load(open(folder.at("shop", "keys.json"), encoding="utf-8"))["keys"]
        self.server, self.key, self.token = server, next(k["key"] for k in keys if k["trust"] == "server"), None

    def post(self, path, body, **headers):
        """Status and JSON."""
        c = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=30)
        c.request("POST", path, json.dumps(body), {"Content-Type": "application/json", **headers})
        r = c.getresponse()
        text = r.read()
        c.close()
        try:
            return r.status, json.loads(text)
        except ValueError:
            return r.status, {}

    def call(self, kind, **call):
        """One tracking call."""
        return self.post("/v1/" + kind, {**call, "writeKey": self.key})[0]

    def operate(self, path, body, password):
        """One management call."""
        if not self.token:
            self.token = self.post("/api/session", {"user": "admin", "password": password})[1].get("token", "")
        return self.post(path, body, Authorization="Bearer " + self.token)


with Folder() as f:
    # Names of events and pages and the traits of an account are nobody's own: they stay.
    PLANTED = [f"zq{word}wx" for word in ("mail", "user", "anon", "name", "trait", "prop", "url", "deep", "list", "agent", "dup", "search",
                                          "imported", "staged")]
    mail, user, anon = "zqmailwx@secret.example", "zquserwx", "zqanonwx"
    f.json("init", "shop")
    # A history with the person in it, among others.
    calls = f.shop("shop.ndjson", visitors=30, days=30)
    f.write("more.ndjson", "".join(json.dumps(c) + "\n" for c in calls) + json.dumps(
        {"type": "track", "userId": user, "event": "Order Completed", "messageId": "m-old", "timestamp": "2026-01-01T10:00:00Z",
         "properties": {"order_id": "zqimportedwx", "total": 12, "products": [{"product_id": "p", "name": "zqstagedwx"}]}}) + "\n")
    f.json("import", "shop", "more.ndjson", "--ending", "now")
    with Serving(f, "shop") as s:
        c = Caller(s, f)
        good = [c.call("track", anonymousId=anon, event="Product Viewed", messageId="m-0", properties={"name": "zqpropwx", "list": ["zqlistwx", {"a": {"b": "zqdeepwx"}}]}),
                c.call("page", anonymousId=anon, name="Page", messageId="m-1", properties={"url": "https://x.example/?q=zqurlwx"},
                       context={"userAgent": "zqagentwx"}),
                c.call("identify", userId=user, anonymousId=anon, messageId="m-2", traits={"email": mail, "firstName": "zqnamewx", "quirk": "zqtraitwx"}),
                c.call("track", userId=user, event="Order Completed", messageId="m-3", properties={"order_id": "zqdupwx", "total": 5}),
                c.call("track", userId=user, event="Order Completed", messageId="m-3", properties={"order_id": "zqdupwx", "total": 5}),
                c.call("track", userId=user, event="Looked", messageId="m-4"),
                c.call("track", userId=user, event="Products Searched", messageId="m-6", properties={"query": "zqsearchwx"}),
                c.call("group", userId=user, groupId="g1", messageId="m-5", traits={"note": "of the account"})]
        t.eq(good, [200] * len(good), "a person comes, with strings planted everywhere")
        # Refused calls leave nothing either.
        t.eq(c.call("track", userId=user, event=["zqpropwx"]), 400, "a refused call")
        t.eq(f.json("profile", "shop", mail).get("profile", {}).get("user_id"), user, "the person is known")
        number = f.json("profile", "shop", mail)["profile"]["number"]
        t.eq(c.operate("/api/suppressions", {"address": "kept@out.example", "reason": "asked by letter"}, s.password)[0], 200, "an address is suppressed")
    found = where(f.at("shop"), PLANTED)
    t.ok(all(any(word in at for at in found) for word in PLANTED), "before: each string is found somewhere, so the search works",
         [w for w in PLANTED if not any(w in at for at in found)])
    others = {k: f.json("profile", "shop", k, "--timeline", "0")["profile"]["traits"] for k in sorted({x["userId"] for x in calls if "userId" in x})[:4]}
    # The password is shown once; without its hash the next start makes another.
    text = json.load(open(f.at("shop", "keys.json"), encoding="utf-8"))
    text.pop("admin", None)
    json.dump(text, open(f.at("shop", "keys.json"), "w", encoding="utf-8"))
    with Serving(f, "shop") as s:
        c = Caller(s, f)
        status, answer = c.operate(f"/api/profiles/{user}/erase", {"confirm": "somebody else"}, s.password)
        t.eq(status, 400, "to erase, the key is repeated")
        status, answer = c.operate(f"/api/profiles/{user}/erase", {"confirm": user}, s.password)
        t.eq(status, 200, f"erased {answer}")
        t.ok(f.run("profile", "shop", mail).returncode == 1, "nobody is known by the address")
        t.ok(f.run("profile", "shop", user).returncode == 1, "nor by the user id")
        until(lambda: not where(f.at("shop"), PLANTED), 20)
    found = where(f.at("shop"), PLANTED)
    t.eq(found, [], "after: the strings are found in no file, packed or not")
    t.eq({k: f.json("profile", "shop", k, "--timeline", "0")["profile"]["traits"] for k in others}, others, "the others are there as before")
    r = f.json("verify", "shop")
    t.ok(r.get("equal") is True, "verify: equal", r)
    t.eq(len(f.sql("shop", f"select seq from event where profile = {number} and kind = 'erase'")), 1, "that somebody was erased stands in the log")
    text = json.load(open(f.at("shop", "keys.json"), encoding="utf-8"))
    text.pop("admin", None)
    json.dump(text, open(f.at("shop", "keys.json"), "w", encoding="utf-8"))
    with Serving(f, "shop") as s:
        c = Caller(s, f)
        c.call("identify", userId="new", messageId="m-9", traits={"email": "kept@out.example"})
        t.ok(f.json("profile", "shop", "new")["profile"].get("suppressed"), "what was suppressed stays suppressed")
        t.eq(c.call("track", userId=user, event="Looked", messageId="m-10"), 200, "who was erased may come again")
        p = f.json("profile", "shop", user).get("profile", {})
        t.ok(p.get("number") not in (None, number) and not p.get("traits"), "as somebody new", p)
t.done()

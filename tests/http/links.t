#!/usr/bin/env python3
"""Links of messages: a GET changes nothing, a POST does and it holds at once; opens and clicks are people's or machines'."""

import os
import re
import sys
import time
import urllib.parse

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from live import Server, Tap, until  # noqa: E402

t = Tap()
form = {"Content-Type": "application/x-www-form-urlencoded"}
person = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"}

with Server(options=["--public-url", "http://127.0.0.1"]) as s:
    def deeds(name):
        """Entries of this name."""
        return s.sql(f"select * from event where name = '{name}' order by seq")

    def consent(key):
        """What the person allows by e-mail."""
        return s.get("/api/profiles/" + key).json["consent"].get("email", {}).get("marketing", {})

    def post(path, **fields):
        """A form, sent as a browser sends it."""
        return s.call("POST", path, urllib.parse.urlencode(fields), form)

    for who in ("anna", "bert", "cleo", "dora"):
        s.track("/v1/identify", {"userId": who, "traits": {"email": who + "@shop.example"}})
        s.say("PUT", f"/api/profiles/{who}/consent", {"channel": "email", "granted": True})
    s.say("PUT", "/api/profiles/anna/consent", {"channel": "email", "purpose": "tracking", "granted": True})
    number = {who: s.get("/api/profiles/" + who).json["number"] for who in ("anna", "bert", "cleo", "dora")}
    s.track("/v1/track", {"userId": "anna", "event": "Order Completed", "properties": {"order_id": "o-1", "total": 89, "currency": "EUR",
                          "products": [{"product_id": "mill-9", "name": "Hand <b>mill</b>", "price": 89, "quantity": 1}]}})
    message = until(lambda: [m for m in s.get("/api/messages?profile=anna").json["messages"] if m["template"] == "order_confirmation"])
    t.ok(message, "an order makes a message")
    mid = bytes.fromhex(message[0]["id"])
    row = s.sql(f"select tracked, frozen is not null as frozen from message where lower(hex(id)) = '{message[0]['id']}'")[0]

    # ---- in the browser
    r = s.call("GET", "/l/v/" + s.token_of("v", mid, number["anna"]))
    t.ok(r.status == 200 and b"Hand &lt;b&gt;mill" in r.body and b"<b>mill" not in r.body, "the message in the browser, its data as text", (r.status, row, r.body[:300]))
    t.ok("default-src 'none'" in r.headers.get("content-security-policy", "") and "sandbox" in r.headers["content-security-policy"], "where no script runs", r.headers)

    # ---- opens and clicks
    picture, click = "/l/o/" + s.token_of("o", mid, number["anna"]) + ".gif", "/l/c/" + s.token_of("c", mid, number["anna"], b"https://shop.example/mill?a=1&b=2")
    time.sleep(2.2)
    r = s.call("GET", picture, headers=person)
    t.ok(r.status == 200 and r.headers["content-type"] == "image/gif" and r.body[:6] == b"GIF89a", "the picture is one", r.headers)
    r = s.call("GET", click, headers=person)
    t.ok(r.status == 302 and r.headers.get("location") == "https://shop.example/mill?a=1&b=2", "a click goes on to where the message says", r.headers)
    for agent in ("Mozilla/5.0", "Barracuda Sentinel (EE)", "python-requests/2.31", ""):
        s.call("GET", picture, headers={"User-Agent": agent})
        s.call("GET", click, headers={"User-Agent": agent})
    if row["tracked"]:
        t.eq(len(until(lambda: deeds("Email Opened"))), 1, "one open by a person")
        t.eq(len(until(lambda: len(deeds("Email Prefetched")) == 4 and deeds("Email Prefetched"))), 4, "four by machines")
        t.eq(len(deeds("Email Link Clicked")), 1, "one click by a person")
        t.eq(len(until(lambda: len(deeds("Link Scanned")) == 4 and deeds("Link Scanned"))), 4, "four links scanned")
        e = deeds("Email Link Clicked")[0]
        t.ok(e["profile"] == number["anna"] and e["body"]["properties"]["message_id"] == message[0]["id"] and
             e["body"]["properties"]["link_url"].startswith("https://shop.example/mill"), "with the message and the link", e)
    else:
        t.eq(deeds("Email Opened") + deeds("Email Link Clicked") + deeds("Email Prefetched"), [], "what may not be tracked is not noted")

    # ---- unsubscribe
    path = "/l/u/" + s.token_of("u", profile=number["bert"])
    for method in ("GET", "GET"):
        r = s.call(method, path)
    t.ok(r.status == 200 and b"<form method=\"post\">" in r.body and b"Unsubscribe" in r.body, "the page offers to unsubscribe", r.body[:300])
    t.eq(s.call("HEAD", path).status, 200, "HEAD is answered")
    t.ok(consent("bert")["granted"] is True and not deeds("Unsubscribed"), "looking at it changes nothing")
    r = s.call("POST", path, "", form)
    t.ok(r.status == 400 and consent("bert")["granted"] is True, "nor does an empty POST", r.status)
    r = post(path, unsubscribe=1)
    t.ok(r.status == 200 and consent("bert")["granted"] is False, "the button does, at once", r.body[:300])
    t.eq(len(deeds("Unsubscribed")), 1, "and conditions can ask for it")
    path = "/l/u/" + s.token_of("u", profile=number["cleo"])
    r = s.call("POST", path, "List-Unsubscribe=One-Click", form)
    t.ok(r.status == 200 and consent("cleo")["granted"] is False and "one click" in consent("cleo")["how"], "one click by the mail program (RFC 8058)", consent("cleo"))
    r = s.call("POST", path, "List-Unsubscribe=One-Click", form)
    t.eq(r.status, 200, "again is as good")
    boundary = "--b\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\nOne-Click\r\n--b--\r\n"
    s.say("PUT", "/api/profiles/cleo/consent", {"channel": "email", "granted": True})
    r = s.call("POST", path, boundary, {"Content-Type": "multipart/form-data; boundary=b"})
    t.ok(r.status == 200 and consent("cleo")["granted"] is False, "also as multipart/form-data, which the RFC allows", (r.status, r.body[:200]))
    r = post("/l/u/" + s.token_of("u", mid, number["anna"]), never=1)
    t.ok(r.status == 200 and s.get("/api/profiles/anna").json.get("suppressed"), "never again: the address is suppressed", r.body[:300])

    # ---- preferences
    path = "/l/p/" + s.token_of("p", profile=number["dora"])
    r = s.call("GET", path)
    boxes = dict(re.findall(r'name="([\w.]+)" value="1"( checked)?', r.body.decode()))
    t.ok(boxes.get("channel.email") == " checked" and boxes.get("topic.offers") == " checked", "the boxes show what holds", boxes)
    r = s.call("GET", "/l/p/" + s.token_of("p", profile=number["cleo"]))
    boxes = dict(re.findall(r'name="([\w.]+)" value="1"( checked)?', r.body.decode()))
    t.ok(boxes.get("channel.email") == "" and boxes.get("topic.offers") == "", "nothing is ticked for who agreed to nothing", boxes)
    r = post(path, preferences=1, **{"channel.email": 1, "topic.newsletter": 1})
    who = s.get("/api/profiles/dora").json
    t.ok(who["topics"].get("offers") is False and who["topics"].get("newsletter") is True, "what is not ticked is refused, what is left ticked is a yes", who["topics"])
    t.eq(consent("dora")["granted"], True, "what is ticked holds")
    post(path, preferences=1, **{"topic.newsletter": 1})
    t.eq(consent("dora")["granted"], False, "a channel that is not ticked is withdrawn")
    entries = len(s.sql("select seq from event where kind in ('consent', 'identify')"))
    post(path, preferences=1, **{"topic.newsletter": 1})
    t.eq(len(s.sql("select seq from event where kind in ('consent', 'identify')")), entries, "saving the same again adds nothing to the log")

    # ---- double opt-in
    s.call("POST", "/v1/identify", '{"anonymousId":"a-9","traits":{"email":"evi@shop.example"},"writeKey":"%s"}' % s.public_key, {"Content-Type": "application/json"})
    evi = s.get("/api/profiles/a-9").json["number"]
    path = "/l/k/" + s.token_of("k", profile=evi)
    r = s.call("GET", path)
    t.ok(r.status == 200 and not s.get("/api/profiles/a-9").json["consent"], "looking at the confirmation confirms nothing")
    post(path, confirm=1)
    c = consent("a-9")
    t.ok(c.get("granted") is True and "confirmation" in c["how"], "the button does", c)
    t.ok(s.lives() and s.stop(), "the server lives and ends well", s.lines)
t.done()

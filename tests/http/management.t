#!/usr/bin/env python3
"""The management side: signing in, what may be asked, what an operator may do, and that the OpenAPI document says what is there."""

import json
import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from live import ROOT, Server, Tap, until  # noqa: E402

t = Tap()
json_type = {"Content-Type": "application/json"}

with Server() as s:
    s.track("/v1/identify", {"userId": "anna", "anonymousId": "a-1", "traits": {"email": "anna@shop.example", "firstName": "Anna"}})
    s.track("/v1/track", {"userId": "anna", "event": "Product Viewed", "properties": {"product_id": "mill-9"}})
    s.track("/v1/track", {"userId": "anna", "event": "Order Completed", "properties": {"order_id": "o-1", "total": 24, "currency": "EUR"}})
    s.track("/v1/identify", {"userId": "bert", "traits": {"email": "bert@shop.example"}})

    # ---- what the OpenAPI document says is what the table says, and what is there
    table = open(os.path.join(ROOT, "src/api/routes.c"), encoding="utf-8").read()
    in_table = set(re.findall(r'\{"(GET|POST|PUT|DELETE)", "([^"]+)"', table)) | {("POST", p) for p in re.findall(r'(?:CALL|BATCH)\("([^"]+)"', table)} | \
        {("GET", p) for p in re.findall(r'ASK\("([^"]+)"', table)}
    document = s.call("GET", "/api/openapi.json").json
    described = {(m.upper(), p) for p, methods in document["paths"].items() for m in methods}
    t.eq(described, in_table, "the OpenAPI document describes the routes of the table, all and only they")
    t.ok(all(o["summary"] and o["x-access"] for ms in document["paths"].values() for o in ms.values()), "each with a line and who may ask")

    # ---- nobody without signing in
    for (method, path) in sorted(described):
        if document["paths"][path][method.lower()]["x-access"] != "session":
            continue
        where = re.sub(r"\{\w+\}", "anna", path)
        r = s.call(method, where, "{}" if "requestBody" in document["paths"][path][method.lower()] else None, json_type if method != "GET" else {})
        t.ok(r.status == 401 and r.json.get("error"), f"{method} {path} asks to sign in", (r.status, r.body))
    r = s.call("GET", "/api/stages", headers={"Authorization": "Bearer " + "0" * 64})
    t.eq(r.status, 401, "a made-up token is refused")
    r = s.call("GET", "/api/stages", headers=s.basic())
    t.eq(r.status, 401, "a write key opens nothing here")

    # ---- signing in
    for user, password in (("admin", "wrong"), ("root", s.password), ("admin", s.password + " ")):
        r = s.call("POST", "/api/session", json.dumps({"user": user, "password": password}), json_type)
        t.ok(r.status == 401 and "wrong" in r.json["error"], f"{user} with {'the' if password == s.password else 'another'} password is refused", r.body)
    r = s.call("POST", "/api/session", json.dumps({"user": "admin", "password": s.password}), {"Content-Type": "text/plain"})
    t.eq(r.status, 400, "a form's content type does not sign in")
    r = s.call("POST", "/api/session", json.dumps({"user": "admin", "password": s.password}), json_type)
    cookie = r.headers.get("set-cookie", "")
    t.ok(r.status == 200 and "HttpOnly" in cookie and "SameSite=Strict" in cookie, "signing in gives a cookie that scripts and other sites cannot use", cookie)
    cookie = {"Cookie": "other=1; " + cookie.split(";")[0]}
    t.eq(s.call("GET", "/api/session", headers=cookie).json.get("user"), "admin", "the cookie signs in")
    r = s.call("POST", "/api/suppressions", '{"address":"x@shop.example"}', {"Content-Type": "text/plain", **cookie})
    t.eq(r.status, 400, "what changes something must say that it is JSON")
    r = s.call("POST", "/api/suppressions", '{"address":"x@shop.example"}', {**json_type, **cookie, "Sec-Fetch-Site": "cross-site"})
    t.eq(r.status, 401, "and not come from another site's page")
    t.eq(s.call("DELETE", "/api/session", headers=cookie).status, 200, "signing out")
    t.eq(s.call("GET", "/api/session", headers=cookie).status, 401, "ends the session")
    for _ in range(12):
        r = s.call("POST", "/api/session", json.dumps({"user": "admin", "password": "guess"}), json_type)
    t.ok(r.status == 429 and int(r.headers.get("retry-after", 0)) > 0, "who guesses is made to wait", (r.status, r.headers))
    r = s.call("POST", "/api/session", json.dumps({"user": "admin", "password": s.password}), {**json_type, "X-Forwarded-For": "198.51.100.1, 203.0.113.7"})
    t.eq(r.status, 200, "others behind the same proxy are not")

with Server() as s:
    s.track("/v1/identify", {"userId": "anna", "anonymousId": "a-1", "traits": {"email": "anna@shop.example", "firstName": "Anna"}})
    s.track("/v1/track", {"userId": "anna", "event": "Product Viewed", "properties": {"product_id": "mill-9"}})
    s.track("/v1/track", {"userId": "anna", "event": "Order Completed", "properties": {"order_id": "o-1", "total": 24, "currency": "EUR"}})
    s.track("/v1/identify", {"userId": "bert", "traits": {"email": "bert@shop.example"}})
    s.sign_in()
    files = [os.path.join(d, f) for d, _, fs in os.walk(s.dir) for f in fs]
    t.ok(s.token.encode() not in b"".join(open(f, "rb").read() for f in files if not f.endswith(".sock")), "the token itself is not on disk")
    t.ok(s.password not in "".join(open(f, errors="replace").read() for f in files if f.endswith("keys.json")), "nor is the password")

    # ---- questions
    r = s.get("/api/stages")
    t.ok(sum(x["people"] for x in r.json["now"]["stages"]) == 2 and r.json["moves"], "people by stage", r.body)
    t.eq(s.get("/api/stages?model=nothing").status, 404, "an unknown model is 404")
    r = s.get("/api/segments")
    t.ok(any(x["name"] == "customer" and x["members"] == 1 for x in r.json["segments"]), "segments with their members", r.body[:500])
    r = s.get("/api/segments/customer/members")
    t.ok(r.json["count"] == 1 and r.json["members"][0]["user_id"] == "anna", "who is in a segment", r.body)
    t.eq(s.get("/api/segments/customer/members?after=" + str(r.json["members"][0]["number"])).json["members"], [], "from a number on")
    t.eq(s.get("/api/segments/nothing/members").status, 404, "an unknown segment is 404")
    t.eq(s.get("/api/segments/customer/members?limit=0").status, 400, "a limit of none is 400")
    for key in ("anna", "a-1", "anna@shop.example", "anna%40shop.example", "%231"):
        r = s.get("/api/profiles/" + key)
        t.ok(r.status == 200 and r.json["user_id"] == "anna" and r.json["traits"]["firstName"] == "Anna", f"a person by {key}", r.body[:300])
    r = s.get("/api/profiles/nobody%0d%0aX-Evil:%201")
    t.ok(r.status == 404 and "x-evil" not in r.headers, "nobody is 404, and no header can be put in", r.headers)
    r = s.get("/api/profiles/anna/timeline?limit=2")
    t.ok([e.get("name") for e in r.json["entries"]] == ["Order Completed", "Product Viewed"], "the latest entries first", r.body[:500])
    r = s.get("/api/explain/anna?message=cart_abandonment")
    t.ok(r.status == 200 and r.json["journeys"], "why not", r.body[:300])
    t.eq(s.get("/api/explain/nobody").status, 404, "nobody is 404 there too")
    r = until(lambda: [p for p in s.get("/api/profiles").json["people"] if p.get("user_id") == "bert"])
    t.ok(r, "people by number")
    r = s.get("/api/gap")
    t.ok(len(r.json["activities"]) > 30 and sum(r.json["count"].values()) == len(r.json["activities"]), "the gap map", r.body[:300])
    t.ok(len(s.get("/api/gap?market=b2b").json["activities"]) != len(r.json["activities"]), "of another market")
    t.eq(s.get("/api/gap?market=x").status, 400, "an unknown market is 400")
    t.ok(s.get("/api/journeys").json["journeys"], "journeys")
    r = until(lambda: s.get("/api/messages?profile=anna").json["messages"])
    t.ok(r and r[0]["journey"] == "order_confirmation" and r[0]["state"], "messages with their state", r)
    t.eq(s.get("/api/messages?state=nothing").json["messages"], [], "by state")
    t.ok(s.get("/api/metrics").json["workspace"]["entries"] >= 4, "figures")
    t.eq(s.get("/api/report").status, 200, "the data report")

    # ---- what an operator may do; each is an entry
    activity = r and s.get("/api/gap").json["activities"][0]["activity"]
    r = s.say("POST", "/api/not-applicable", {"activity": activity, "reason": "we have no shop windows"})
    found = next(a for a in s.get("/api/gap").json["activities"] if a["activity"] == activity)
    t.ok(r.status == 200 and found["status"] == "not applicable" and "windows" in found["note"], "not applicable, with the reason", found)
    t.eq(s.say("POST", "/api/not-applicable", {"activity": activity}).status, 400, "a reason must be given")
    t.eq(s.say("POST", "/api/not-applicable", {"activity": "juggling", "reason": "x"}).status, 404, "an unknown activity is 404")
    s.say("POST", "/api/not-applicable", {"activity": activity, "applicable": True})
    t.ok(next(a for a in s.get("/api/gap").json["activities"] if a["activity"] == activity)["status"] != "not applicable", "and back")
    r = s.say("PUT", "/api/profiles/anna/consent", {"channel": "email", "granted": True, "wording": "on paper"})
    t.ok(r.status == 200 and s.get("/api/profiles/anna").json["consent"]["email"]["marketing"]["granted"] is True, "consent is kept", r.body)
    r = s.say("PUT", "/api/profiles/anna/consent", {"channel": "email", "granted": False})
    t.ok(s.get("/api/profiles/anna").json["consent"]["email"]["marketing"]["granted"] is False, "and withdrawn", r.body)
    for body in ({"channel": "email"}, {"channel": "smoke", "granted": True}, {"granted": True}, {"channel": "email", "granted": "yes"}):
        t.eq(s.say("PUT", "/api/profiles/anna/consent", body).status, 400, f"{json.dumps(body)} is no consent")
    t.eq(len(s.sql("select seq from event where kind = 'consent'")), 2, "two consent entries")
    s.say("POST", "/api/suppressions", {"address": "Bert@Shop.example", "reason": "asked by phone"})
    t.eq(s.get("/api/profiles/bert").json.get("suppressed"), "asked by phone", "an address is suppressed, however it is written")
    s.call("DELETE", "/api/suppressions/bert%40shop.example", headers=s.sign_in())
    t.ok(not s.get("/api/profiles/bert").json.get("suppressed"), "and no longer")
    t.eq(s.say("POST", "/api/suppressions", {"reason": "x"}).status, 400, "without an address it is 400")

    t.eq(s.say("POST", "/api/profiles/anna/erase", {"confirm": "bert"}).status, 400, "erasing asks for the key once more")
    t.eq(s.say("POST", "/api/profiles/nobody/erase", {"confirm": "nobody"}).status, 404, "nobody cannot be erased")
    number = s.get("/api/profiles/anna").json["number"]
    t.eq(s.say("POST", "/api/profiles/anna/erase", {"confirm": "anna"}).status, 200, "erasing")
    t.eq(s.get("/api/profiles/anna").status, 404, "nobody is known by that name any more")
    left = until(lambda: not s.sql(f"select seq from event where profile = {number} and body like '%anna%'"))
    t.ok(left, "and the log no longer says what it said")

    # ---- wrong bodies
    for body, why in (("{", "cut off"), ("[]", "a list"), ("", "nothing"), ("\xff", "no UTF-8"), ('{"address":7}', "a number")):
        r = s.call("POST", "/api/suppressions", body.encode("latin-1"), {**json_type, **s.sign_in()})
        t.ok(r.status == 400 and r.json.get("error"), f"a body that is {why} is 400 with a sentence", (r.status, r.body))
    r = s.call("POST", "/api/suppressions", json.dumps({"address": "x" * 20000}), {**json_type, **s.sign_in()})
    t.eq(r.status, 413, "a body too large is 413")

    # ---- health, figures, the page
    t.eq(s.call("GET", "/healthz").body, b"ok\n", "/healthz")
    text = s.call("GET", "/metrics").body.decode()
    t.ok(all(re.fullmatch(r"(# TYPE perennial_\w+ (counter|gauge)|perennial_\w+ [-+.e\d]+)", x) for x in text.strip().split("\n")) and
         "perennial_entries_total" in text, "/metrics is in Prometheus' form", text[:500])
    t.eq(s.call("GET", "/metrics", headers={"X-Forwarded-For": "203.0.113.7"}).status, 401, "but not for those who come through a proxy")
    r = s.call("GET", "/")
    t.ok(r.status == 200 and b"<title>Perennial" in r.body and "script-src 'sha256-" in r.headers["content-security-policy"], "the page, whose script alone may run")
    t.ok(not re.search(rb'(src|href)="(https?:)?//', r.body), "and which loads nothing from elsewhere")
    t.ok(not any(x in line for line in s.lines for x in (s.token, s.key, "anna@")), "no secret and no address was printed", s.lines)
    t.ok(s.lives(), "the server lives")
    t.ok(s.stop(), "and ends well", s.lines)
t.done()

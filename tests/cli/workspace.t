#!/usr/bin/env python3
"""A whole workspace through the command line: history in, questions, programs, backtest, export and import, backup. Every question is
asked twice, of the folder and of the process that serves it: the answers are the same."""

import json
import os
import re
import shutil
import sqlite3
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from cli import Folder, Serving, Tap  # noqa: E402

t = Tap()


def steady(text):
    """Without what moves with the clock: now, and when something is looked at again."""
    text = re.sub(r'"(looks_again|at|now)": ?"[^"]*"', "", text)
    return re.sub(r"as of [0-9: -]{16}", "", text)


def questions(f, person, anonymous, number, email):
    """Each question's words; what they answer must not depend on who answers."""
    return {
        "stages": ["stages", "shop", "--json"], "stages in words": ["stages", "shop"],
        "segment by name": ["segment", "shop", "customer", "--json"], "segment's members": ["segment", "shop", "customer", "--ids"],
        "segment by condition": ["segment", "shop", 'sum total of "Order Completed" > 50 and not in segment "lapsing"', "--ids"],
        "profile by user id": ["profile", "shop", person, "--json"], "profile by anonymous id": ["profile", "shop", anonymous, "--json"],
        "profile by e-mail": ["profile", "shop", email.upper(), "--json"], "profile by number": ["profile", "shop", f"#{number}", "--json"],
        "profile in words": ["profile", "shop", person], "explain": ["explain", "shop", person, "--json"],
        "explain one journey": ["explain", "shop", person, "order_confirmation"], "gap": ["gap", "shop", "--json"],
        "gap in words": ["gap", "shop", "--all"], "backtest": ["backtest", "shop", "--json"],
        "sql": ["sql", "shop", "select kind, name, count(*) as n from event where kind <> 'tick' group by 1, 2 order by 1, 2", "--json"],
        "sql as CSV": ["sql", "shop", "select number, email from profile order by number limit 5", "--csv"],
        "export of events": ["export", "shop", "events"], "export of people": ["export", "shop", "profiles", "--csv"],
        "export of stages": ["export", "shop", "stages"], "apply --dry-run": ["apply", "shop", "changed", "--dry-run"],
        "verify": ["verify", "shop", "--json"],
    }


with Folder() as f:
    # ---- a history
    calls = f.shop("shop.ndjson", visitors=80, days=70)
    f.json("init", "shop")
    r = f.json("import", "shop", "shop.ndjson", "--ending", "now")
    t.ok(r.get("entries") == len(calls) and r.get("refused") == 0, "a history comes in", r)
    t.eq(sum(e["n"] for e in r["events"]), sum(c["type"] == "track" for c in calls), "events are counted by name")
    t.eq(f.sql("shop", "select count(*) as n from event where kind in ('identify', 'track', 'page')")[0]["n"], len(calls), "the log has them, once")
    total = sum(round(c["properties"]["total"] * 100) for c in calls if c.get("event") == "Order Completed")
    got = f.sql("shop", "select sum(json_extract(body, '$.properties.total')) as total from event where name = 'Order Completed'")[0]["total"]
    t.eq(round((got or 0) * 100), total, "and the same revenue")

    # ---- somebody who bought, and what is known of them
    buyers = f.lines("segment", "shop", "customer", "--ids")
    who = buyers[0]
    person, number, email = who["user_id"], who["number"], who["email"]
    wanted = {c["userId"] for c in calls if c.get("event") == "Order Completed" and c.get("userId")}
    t.ok({b["user_id"] for b in buyers} >= wanted, "everybody who ordered is a customer", (sorted(wanted), buyers))
    anonymous = next(c["anonymousId"] for c in calls if c.get("userId") == person and c.get("anonymousId"))
    first = f.json("profile", "shop", person)
    t.ok(first["profile"]["number"] == number and first["profile"]["email"] == email, "profile by user id", first)
    for key in (anonymous, email, email.upper(), f"#{number}"):
        t.eq(f.json("profile", "shop", key)["profile"]["number"], number, f"profile by {key}")
    orders = [c for c in calls if c.get("event") == "Order Completed" and c.get("userId") == person]
    for field in ("Engage", "Segments", "customer", "Latest entries", "Order Completed"):
        t.ok(field in f.run("profile", "shop", person).stdout, f"profile says {field}")
    t.eq(len([e for e in f.json("profile", "shop", person, "--timeline", "5000")["timeline"] if e["name"] == "Order Completed"]), len(orders),
         "the timeline has every order")
    stages = f.json("stages", "shop")
    people = f.sql("shop", "select count(*) as n from profile where forward = 0")[0]["n"]
    t.eq(sum(s["people"] for s in stages["now"]["stages"]), people, "each person stands in one stage")
    arrived = {s["stage"]: 0 for s in stages["now"]["stages"]}
    for m in stages["moves"]:
        arrived[m["to"]] = arrived.get(m["to"], 0) + m["n"]
        if m["from"]:
            arrived[m["from"]] -= m["n"]
    t.eq({s: n for s, n in arrived.items() if n}, {s["stage"]: s["people"] for s in stages["now"]["stages"] if s["people"]}, "moves add up to the stages")
    n = f.json("segment", "shop", 'count "Order Completed" >= 1')
    t.eq(n.get("count"), len(buyers), "a condition written now says the same as the segment")

    # ---- backtest
    b = f.json("backtest", "shop")
    t.ok(b and "no json" not in b, "backtest --json", b)
    shutil.copytree(f.at("shop", "program"), f.at("changed"))
    f.write("changed/segments/mine.yaml", "segment: big_spender\nlabel: Spends much\nwhen: sum total of \"Order Completed\" > 100\n")
    r = f.run("backtest", "shop", "--against", "changed")
    t.ok(r.returncode == 0, "backtest --against", (r.stdout + r.stderr)[-800:])
    r = f.run("backtest", "shop", "--assume", "open=30%,click=3%,consent=email")
    t.ok(r.returncode == 0 and "30" in r.stdout, "backtest --assume names what was assumed", (r.stdout + r.stderr)[-800:])
    t.eq(f.run("backtest", "shop", "--assume", "open=30%,click=3%,consent=email").stdout, r.stdout, "the same assumption gives the same figures")
    t.ok("ssumed" in f.run("backtest", "shop").stdout, "every backtest says what it assumed")

    # ---- twice: by the folder, by the process that serves it
    asked = questions(f, person, anonymous, number, email)
    alone = {name: f.run(*words) for name, words in asked.items()}
    for name, r in alone.items():
        t.ok(r.returncode == 0 and r.stdout, f"{name}: answers", (r.stdout + r.stderr)[-600:])
    with Serving(f, "shop") as server:
        for name, words in asked.items():
            r = f.run(*words)
            t.ok(r.returncode == 0 and steady(r.stdout) == steady(alone[name].stdout), f"{name}: the serving process says the same",
                 f"exit {r.returncode} {r.stderr[-300:]}\n" + "\n".join(
                     f"- {a[:160]}\n+ {b[:160]}" for a, b in zip(steady(alone[name].stdout).splitlines(), steady(r.stdout).splitlines()) if a != b)[:900])
        # ---- a second one that serves is refused
        r = f.run("serve", "shop", "--listen", "127.0.0.1:0", timeout=20)
        t.ok(r.returncode == 1 and r.stderr.startswith("perennial:"), "a second process may not serve the same folder", r.stdout + r.stderr)
        # ---- a program while it serves
        r = f.run("apply", "shop", "changed", "--dry-run")
        t.ok("big_spender" in r.stdout and f.run("segment", "shop", "big_spender").returncode == 1, "--dry-run shows what would change and changes nothing",
             r.stdout + r.stderr)
        r = f.run("apply", "shop", "changed")
        t.ok(r.returncode == 0 and "big_spender" in r.stdout, "apply says what changes", r.stdout + r.stderr)
        by_name, written = f.run("segment", "shop", "big_spender", "--ids").stdout, f.run("segment", "shop", 'sum total of "Order Completed" > 100', "--ids").stdout
        t.ok(by_name == written and by_name, "the new segment knows the whole past", (by_name[:300], written[:300]))
        # ---- a backup while it serves
        r = f.json("backup", "shop", "copy.db")
        t.ok(r.get("bytes", 0) > 0, "backup beside a serving process", r)
        check = sqlite3.connect(f.at("copy.db")).execute("pragma integrity_check").fetchone()[0]
        t.eq(check, "ok", "the copy is whole")
        f.write("late.ndjson", json.dumps({"type": "track", "userId": "late", "event": "Order Completed", "messageId": "late",
                                           "properties": {"order_id": "late", "total": 12.5}}) + "\n")
        r = f.json("import", "shop", "late.ndjson", "--live")
        t.ok(r.get("entries") == 1, "a file comes in while it serves", r)
        p = f.json("profile", "shop", "late").get("profile", {})
        t.eq(p.get("stages", {}).get("race", {}).get("stage"), "engage", "and is known at once")
    t.eq(server.code, 0, "it ends as it should")
    t.eq(f.json("verify", "shop").get("equal"), True, "verify: equal")
    t.eq(f.json("profile", "shop", "late").get("profile", {}).get("number"), p.get("number"), "what came in is there after the end")

    # ---- the copy is a workspace
    os.mkdir(f.at("restored"))
    shutil.copy(f.at("copy.db"), f.at("restored", "perennial.db"))
    shutil.copy(f.at("shop", "keys.json"), f.at("restored"))
    shutil.copytree(f.at("changed"), f.at("restored", "program"))
    t.eq(f.json("profile", "restored", person)["profile"]["traits"], first["profile"]["traits"], "the copy knows the same people")
    t.ok(f.run("profile", "restored", "late").returncode == 1, "as of when it was made")
    t.eq(f.json("verify", "restored").get("equal"), True, "and is equal to its log")

    # ---- out and in again
    f.write("events.ndjson", f.run("export", "shop", "events").stdout)
    f.json("init", "second")
    r = f.json("import", "second", "events.ndjson")
    t.ok(r.get("entries") == len(calls) + 1 and not r.get("refused"), "what was exported comes in", r)
    f.run("apply", "second", "changed")

    def known(workspace, key):
        p = f.json("profile", workspace, key, "--timeline", "0").get("profile", {})
        return {k: p.get(k) for k in ("user_id", "email", "country", "traits", "consent", "first_seen", "last_seen", "segments", "cart", "account")}
    for key in [b["user_id"] for b in buyers[:5]] + [anonymous]:
        t.eq(known("second", key), known("shop", key), f"the second workspace knows {key} as the first does")
    t.eq(f.json("stages", "second")["now"], f.json("stages", "shop")["now"], "the stages are the same")
t.done()

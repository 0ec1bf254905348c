#!/usr/bin/env python3
"""The log's head is cut off: people, stages and segments stay as they are, questions about what is left are answered as before, the state
equals a fresh fold from the log's base, and what is made later sees back to there and says so."""

import json
import os
import shutil
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from cli import Folder, Serving, Tap  # noqa: E402

t = Tap()
RECENT = 'count "Product Viewed" last 20d >= 1'
NEW = "segment: looked_often\nlabel: Looked often\nwhen: count \"Product Viewed\" where (price >= 1) last 5000d >= 2\n"


def people(f):
    """What is known of everybody."""
    return [f.json("profile", "shop", f"#{n['number']}", "--timeline", "0")["profile"] for n in
            f.sql("shop", "select number from profile where forward = 0 order by number limit 12")]


def figures(f):
    return {"stages": f.json("stages", "shop")["now"], "customers": f.run("segment", "shop", "customer", "--ids").stdout,
            "recent": f.run("segment", "shop", RECENT, "--ids").stdout, "people": people(f)}


def steady(x):
    """Without what moves with the clock."""
    if isinstance(x, dict):
        return {k: steady(v) for k, v in x.items() if k not in ("looks_again", "at", "now", "alarm")}
    return [steady(v) for v in x] if isinstance(x, list) else x


with Folder() as f:
    f.shop("shop.ndjson", visitors=80, days=60)
    f.json("init", "shop")
    f.json("import", "shop", "shop.ndjson")
    f.write("late.ndjson", json.dumps({"type": "track", "userId": "late", "event": "Order Completed", "messageId": "late",
                                       "properties": {"order_id": "late", "total": 12.5}}) + "\n")
    with Serving(f, "shop"):
        f.json("import", "shop", "late.ndjson", "--live")
        before = figures(f)
        entries = f.sql("shop", "select count(*) as n from event")[0]["n"]
        r = f.json("retention", "shop", "--keep", "4000d")
        t.ok(r.get("cut") is False and r.get("base") == 0 and "sees_back_to" not in r, "nothing is that old", r)
        r = f.json("retention", "shop", "--keep", "30d")
        t.ok(r.get("cut") is True and r.get("base", 0) > 0 and r.get("sees_back_to"), "the head is cut off while it serves", r)
        base = r.get("base")
        left = f.sql("shop", "select count(*) as n, min(seq) as first from event")[0]
        t.ok(left["first"] == base + 1 and left["n"] < entries, "the log begins after it", left)
        after = figures(f)
        for what in before:
            t.eq(steady(after[what]), steady(before[what]), f"{what}: as before")
        t.eq(f.json("verify", "shop").get("equal"), True, "verify: equal")
    t.eq(f.json("verify", "shop").get("equal"), True, "verify after the end: equal")
    after = figures(f)
    for what in before:
        t.eq(steady(after[what]), steady(before[what]), f"{what}: as before after a restart")
    b = f.json("backtest", "shop")
    t.ok(b and "no json" not in b, "backtest begins at the base", b)
    shutil.copytree(f.at("shop", "program"), f.at("changed"))
    f.write("changed/segments/mine.yaml", NEW)
    r = f.run("apply", "shop", "changed")
    t.ok(r.returncode == 0 and "see back to" in r.stderr, "apply says how far new conditions see", r.stdout[-300:] + r.stderr)
    by_name, written = f.run("segment", "shop", "looked_often", "--ids").stdout, f.run("segment", "shop", NEW.split("when: ")[1].strip(), "--ids").stdout
    t.ok(by_name == written and by_name, "and sees as far as a condition written now", (by_name[:200], written[:200]))
    t.eq(f.json("verify", "shop").get("equal"), True, "verify: equal")
    r = f.run("retention", "shop", "--keep", "10d")
    t.ok(r.returncode == 0 and r.stdout.startswith("Cut off") and "UTC" not in r.stderr, "once more, from the folder, in words", r.stdout + r.stderr)
    t.ok(f.sql("shop", "select min(seq) as first from event")[0]["first"] > base + 1, "the log begins later")
    t.eq(f.json("verify", "shop").get("equal"), True, "verify: equal")
    t.eq(f.run("segment", "shop", "looked_often", "--ids").stdout, by_name, "conditions keep what they hold")
    r = f.run("retention", "shop", "--keep", "10d")
    t.ok(r.returncode == 0 and r.stdout.startswith("Nothing"), "and once more finds nothing", r.stdout + r.stderr)
t.done()

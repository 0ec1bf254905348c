#!/usr/bin/env python3
"""Segment's and RudderStack's SDKs for Node, unchanged, against a live server: everything they send stands in the log, once."""

import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from live import ROOT, Server, Tap, skip_all  # noqa: E402

installed = subprocess.run([os.path.join(ROOT, "script", "npm")], capture_output=True, text=True, check=False)
if installed.returncode:
    skip_all("the SDKs could not be installed: " + installed.stderr.strip().split("\n")[-1])
t = Tap()
with Server() as s:
    env = {**os.environ, "URL": f"http://127.0.0.1:{s.port}", "KEY": s.key, "NODE": installed.stdout.strip()}
    done = subprocess.run(["node", os.path.join(ROOT, "tests/http/sdk/node.mjs")], env=env, capture_output=True, text=True, timeout=90, check=False)
    t.ok(done.returncode == 0, "the SDKs ran", done.stdout + done.stderr)
    sent = json.loads(done.stdout.strip().split("\n")[-1])
    t.eq(sent["errors"], [], "none of them met an error")
    all_of = s.events()
    t.eq(len(all_of), sent["segment"] + sent["rudder"], "as many entries as calls")
    t.eq(len({e["message_id"] for e in all_of}), len(all_of), "each with its own message id")
    for kind in ("identify", "group", "page", "screen", "alias"):
        t.ok(s.events(f"kind = '{kind}' and user_id = 'seg-1'"), f"Segment's {kind}")
    tracks = s.events("name = 'Segment Node'")
    t.eq(sorted(e["body"]["properties"]["n"] for e in tracks), list(range(45)), "45 tracks, each once")
    t.eq(tracks[0]["body"]["properties"]["text"], "Ünïcode – ☕", "text as it was")
    t.ok(all(abs(e["happened"] - 1715940672123) < 1000 for e in tracks), "at the time that the sender named", tracks[0])
    t.eq(len(s.events("anonymous_id = 'seg-anon'")), 1, "the anonymous visitor")
    for kind in ("plain", "zipped"):
        t.eq(sorted(e["body"]["properties"]["n"] for e in s.events(f"name = 'Rudder {kind}'")), list(range(20)), f"RudderStack's, {kind}, each once")
        t.eq(s.get(f"/api/profiles/rud-{kind}").json.get("email"), kind + "@shop.example", "and whom they are about is known")
    profile = s.get("/api/profiles/seg-1").json
    t.ok(profile["traits"].get("firstName") == "Ada" and profile["account"]["id"] == "acme", "traits and account", profile)
    t.eq(s.get("/api/profiles/seg-0").json.get("number"), profile["number"], "an alias is the same person")
    t.ok(s.lives() and s.stop(), "the server lives and ends well")
t.done()

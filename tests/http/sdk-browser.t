#!/usr/bin/env python3
"""Segment's analytics.js 2 in Chromium, on another site's page, with the browser's public key: what it sends stands in the log, once."""

import json
import os
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from live import ROOT, Server, Tap, skip_all  # noqa: E402

if not shutil.which("chromium"):
    skip_all("there is no chromium")
installed = subprocess.run([os.path.join(ROOT, "script", "npm")], capture_output=True, text=True, check=False)
if installed.returncode:
    skip_all("the SDK could not be installed: " + installed.stderr.strip().split("\n")[-1])
t = Tap()
with Server() as s:
    env = {**os.environ, "URL": f"http://127.0.0.1:{s.port}", "KEY": s.public_key, "NODE": installed.stdout.strip()}
    done = subprocess.run(["node", os.path.join(ROOT, "tests/http/sdk/browser.mjs")], env=env, capture_output=True, text=True, timeout=120, check=False)
    t.ok(done.returncode == 0, "the browser ran", done.stdout + done.stderr)
    log = json.loads(done.stdout.strip().split("\n")[-1])
    t.ok(log["requests"] and all(x.endswith((" 200", " 204")) for x in log["requests"]), "every request was answered well", log)
    all_of = s.events()
    t.eq(len(all_of), log["sent"], "as many entries as calls")
    t.eq(len({e["message_id"] for e in all_of}), len(all_of), "each with its own message id")
    for strategy in ("standard", "batching"):
        t.eq(sorted(e["body"]["properties"]["n"] for e in s.events(f"name = 'Browser {strategy}'")), list(range(12)), f"{strategy}: each track once")
        profile = s.get("/api/profiles/web-" + strategy).json
        t.ok(profile.get("claimed", {}).get("email") or profile.get("traits", {}).get("email"), "whom they are about", profile)
        t.ok(not profile.get("email_trusted"), "an address that only a browser told is not trusted", profile)
        before, known = s.events(f"name = 'Browser {strategy}'")[0], s.events(f"name = 'Known {strategy}'")[0]
        t.ok(s.get(f"/api/profiles/%23{before['profile']}").json.get("number") == s.get(f"/api/profiles/%23{known['profile']}").json.get("number"),
             "the visitor and the one who signed in are one person", (before["profile"], known["profile"]))
    page = s.events("kind = 'page'")[0]
    t.eq(page["body"].get("arrival", {}).get("source"), "newsletter", "where the visit came from")
    t.ok(s.lives() and s.stop(), "the server lives and ends well")
t.done()

#!/usr/bin/env python3
"""The status page in Chromium: sign in, see people, the gap map and messages, look somebody up, sign out; on a phone's screen."""

import json
import os
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from live import ROOT, Server, Tap, skip_all, until  # noqa: E402

if not shutil.which("chromium"):
    skip_all("there is no chromium")
installed = subprocess.run([os.path.join(ROOT, "script", "npm")], capture_output=True, text=True, check=False)
if installed.returncode:
    skip_all("the browser driver could not be installed: " + installed.stderr.strip().split("\n")[-1])
t = Tap()
evil = "<img src=x onerror=alert(1)>"
with Server() as s:
    s.track("/v1/identify", {"userId": evil, "traits": {"email": "eve@shop.example", "firstName": evil}})
    s.track("/v1/track", {"userId": evil, "event": evil})
    s.track("/v1/track", {"userId": evil, "event": "Order Completed", "properties": {"order_id": "o-1", "total": 24, "currency": "EUR"}})
    until(lambda: s.sql("select 1 from message"))
    env = {**os.environ, "URL": f"http://127.0.0.1:{s.port}", "PASSWORD": s.password, "WHO": evil, "NODE": installed.stdout.strip()}
    done = subprocess.run(["node", os.path.join(ROOT, "tests/http/sdk/page.mjs")], env=env, capture_output=True, text=True, timeout=120, check=False)
    if t.ok(done.returncode == 0, "the browser ran", done.stdout + done.stderr):
        seen = json.loads(done.stdout.strip().split("\n")[-1])
        t.ok("wrong" in seen["refused"], "a wrong password is told so", seen["refused"])
        t.ok("Engage" in seen["stages"] and "100.0%" in seen["stages"], "people by stage", seen["stages"])
        t.ok("1people" in seen["tiles"].replace(" ", ""), "figures", seen["tiles"])
        t.ok(seen["cells"] > 30, "the gap map", seen["cells"])
        t.ok("order_confirmation" in seen["messages"], "the latest messages", seen["messages"])
        t.ok(evil in seen["person"] and "eve@shop.example" in seen["person"], "somebody, with what they are called", seen["person"])
        t.eq(seen["dialogs"], 0, "and what they are called is text, not markup")
        t.eq(seen["console"], [], "nothing went wrong on the page")
        t.eq(seen["elsewhere"], [], "nothing was loaded from elsewhere")
        t.eq(seen["cookie"], "", "no script sees the session")
        t.ok(seen["overflow"] <= 0, "it fits a phone's screen", seen["overflow"])
        t.eq(seen["after"], 401, "signing out ends the session")
    t.ok(s.lives() and s.stop(), "the server lives and ends well")
t.done()

#!/usr/bin/env python3
"""Broken documents: `check` and `apply` name file, line and column with a sentence, and nothing of them becomes live."""

import json
import os
import re
import shutil
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from cli import SANITIZED, Folder, Tap  # noqa: E402

t = Tap()
JOURNEY = """journey: thanks
label: Thanks
purpose: marketing
entry:
  on: track "Order Completed"
  again: never
steps:
  - send: email order_confirmation
"""
SEGMENT = "segment: mine\nlabel: Mine\nwhen: %s\n"
LAUGHS = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(f"{c}: &{c} [{','.join(['*' + b] * 9)}]\n" for b, c in zip("abcdefgh", "bcdefghi"))

# name: (file, text, line (None = any), column (None = any), a word of the sentence)
BROKEN = {
    "a tab in YAML": ("journeys/thanks.yaml", JOURNEY.replace("  on:", "\ton:"), 5, 1, "tab"),
    "a quote without its end": ("journeys/thanks.yaml", JOURNEY.replace('track "Order Completed"', '"Order Completed'), None, None, ""),
    "a key that is not known": ("journeys/thanks.yaml", JOURNEY.replace("label:", "lable:"), 2, 1, "lable"),
    "a key that is written twice": ("journeys/thanks.yaml", JOURNEY + "label: Again\n", 9, 1, "label"),
    "a value of the wrong kind": ("journeys/thanks.yaml", JOURNEY.replace("again: never", "again: [1, 2]"), 6, None, ""),
    "a template that is not there": ("journeys/thanks.yaml", JOURNEY.replace("email order_confirmation", "email gone"), 8, None, "gone"),
    "a channel that is not there": ("journeys/thanks.yaml", JOURNEY.replace("email order_confirmation", "pigeon gone"), 8, None, "pigeon"),
    "a condition with a mistake": ("segments/mine.yaml", SEGMENT % 'count "Order Completed" >=', 3, 33, "expected"),
    "a mistake on a later line of a condition": ("segments/mine.yaml", SEGMENT % '|\n  in segment "customer"\n  and count page >= >= 3', 5, None, ""),
    "types that do not fit": ("segments/mine.yaml", SEGMENT % "trait.email > 3d", 3, None, ""),
    "a segment that is not there": ("segments/mine.yaml", SEGMENT % 'in segment "nobody_made_it"', 3, None, "nobody_made_it"),
    "segments that need each other": ("segments/mine.yaml", SEGMENT % 'in segment "other"' + "---\n" +
                                      (SEGMENT % 'in segment "mine"').replace("segment: mine", "segment: other"), None, None, ""),
    "invalid UTF-8": ("journeys/thanks.yaml", JOURNEY.encode().replace(b"Thanks", b"Th\xff\xfenks"), 2, 10, "UTF-8"),
    "a NUL byte": ("journeys/thanks.yaml", JOURNEY.encode().replace(b"Thanks", b"Th\0nks"), 2, 10, "NUL"),
    "an alias that grows without end": ("journeys/thanks.yaml", LAUGHS, None, None, ""),
    "a very deep document": ("journeys/thanks.yaml", "a: " + "[" * 5000 + "]" * 5000 + "\n", None, None, ""),
}

with Folder(SANITIZED) as f:
    f.json("init", "shop")
    f.write("one.ndjson", json.dumps({"type": "track", "userId": "u", "event": "Order Completed", "properties": {"total": 5}, "messageId": "1"}) + "\n")
    f.run("import", "shop", "one.ndjson")
    live = f.sql("shop", "select seq, name from event where kind = 'program'")
    stages = f.json("stages", "shop")
    t.eq(len(live), 1, "one program is live")
    for n, (name, (file, text, line, column, words)) in enumerate(BROKEN.items()):
        folder = f.at(f"broken-{n}")
        shutil.copytree(f.at("shop", "program"), folder)
        f.write(os.path.join(f"broken-{n}", file), text)
        r = f.run("check", folder, timeout=60)
        said = r.stdout + r.stderr
        places = re.findall(re.escape(file) + r":(\d+):(\d+): (.{10,})", said)
        t.ok(r.returncode == 1 and places, f"{name}: check names file, line and column with a sentence", f"exit {r.returncode}\n{said[-900:]}")
        t.ok(any((line is None or int(at) == line) and (column is None or int(col) == column) and words.lower() in sentence.lower()
                 for at, col, sentence in places), f"{name}: at line {line}, column {column}, {words!r}", said)
        r = f.run("apply", "shop", folder, timeout=60)
        t.ok(r.returncode == 1 and file in r.stdout + r.stderr, f"{name}: apply refuses", r.stdout[-300:] + r.stderr[-600:])
        shutil.rmtree(folder)
    folder = f.at("empty")
    shutil.copytree(f.at("shop", "program"), folder)
    f.write("empty/journeys/thanks.yaml", "")
    r = f.run("check", folder, "--only", "welcome")
    t.ok(r.returncode == 0 and "thanks.yaml" in r.stderr and "empty" in r.stderr, "an empty document is a warning", r.stdout + r.stderr)
    t.eq(f.sql("shop", "select seq, name from event where kind = 'program'"), live, "no program came to the log")
    t.eq(f.json("stages", "shop")["now"], stages["now"], "the stages are as before")
    # ---- an example that does not hold is shown with what came and what was expected
    folder = f.at("wrong")
    shutil.copytree(f.at("shop", "program"), folder)
    path = os.path.join(folder, "journeys", "welcome.yaml")
    text = open(path, encoding="utf-8").read()
    wrong = re.sub(r"(expect:\n(?:.*\n)*?\s+- )(\S.*)", r"\1{at: 2026-03-02 03:33, send: welcome}", text, count=1)
    if wrong != text:
        open(path, "w", encoding="utf-8").write(wrong)
        r = f.run("check", folder, "--only", "welcome", timeout=120)
        t.ok(r.returncode == 1 and "welcome.yaml" in r.stdout + r.stderr, "an example that does not hold is told", (r.stdout + r.stderr)[-900:])
    # ---- traps about files
    folder = f.at("links")
    shutil.copytree(f.at("shop", "program"), folder)
    os.symlink("/etc", os.path.join(folder, "etc"))
    os.symlink(".", os.path.join(folder, "loop"))
    r = f.run("check", folder, "--only", "welcome", timeout=120)
    t.ok(r.returncode in (0, 1) and "root:" not in r.stdout + r.stderr, "links out of the folder and in circles are not followed", (r.stdout + r.stderr)[-600:])
    os.mkfifo(os.path.join(folder, "pipe.yaml"))
    r = f.run("check", folder, "--only", "welcome", timeout=60)
    t.ok(r.returncode in (0, 1), "a pipe among the documents does not hang", (r.stdout + r.stderr)[-600:])
t.done()

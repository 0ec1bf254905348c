#!/usr/bin/env python3
"""Every command: help with an example, wrong usage is 2, refusals are 1 with a sentence on the side of errors, --json is JSON."""

import json
import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from cli import Folder, Tap, is_sentence  # noqa: E402

t = Tap()
COMMANDS = ["init", "serve", "import", "check", "apply", "stages", "segment", "profile", "explain", "gap", "backtest", "sql", "export",
            "backup", "verify", "retention"]
# What follows the workspace in the shortest right command line.
REST = {"sql": ["select 1 as one"], "import": ["file.ndjson"], "segment": ["customer"], "profile": ["somebody"], "explain": ["somebody"], "backup": ["copy.db"]}

with Folder() as f:
    # ---- help
    r = f.run("help")
    t.ok(r.returncode == 0 and all(re.search(rf"^  {c} ", r.stdout, re.M) for c in COMMANDS), "help lists every command", r.stdout)
    t.eq(sorted(re.findall(r"^  (\w+) ", r.stdout, re.M)), sorted(COMMANDS), "help lists no command that these tests do not know")
    t.eq(f.run().returncode, 2, "no command at all is wrong usage")
    t.ok("lists them" in f.run("dance").stderr and f.run("dance").returncode == 2, "an unknown command")
    for c in COMMANDS:
        r = f.run(c, "--help")
        t.ok(r.returncode == 0 and re.search(rf"^  perennial {c} ", r.stdout, re.M) and "--json" in r.stdout and not r.stderr,
             f"{c} --help has an example", r.stdout + r.stderr)
        t.ok(max(map(len, r.stdout.splitlines())) <= 140, f"{c} --help is not wider than 140 columns")
        t.eq(f.run("help", c).stdout, r.stdout, f"help {c} says the same")

    # ---- wrong usage
    for c in COMMANDS:
        r = f.run(c, "shop", "--dance")
        t.ok(r.returncode == 2 and "--dance" in r.stderr and "usage:" in r.stderr and not r.stdout, f"{c}: an unknown option", r.stderr)
        r = f.run(c)
        t.ok(r.returncode == 2 and "missing" in r.stderr and not r.stdout, f"{c}: nothing given", r.stderr)
    r = f.run("stages", "shop", "--model")
    t.ok(r.returncode == 2 and "wants a value" in r.stderr, "an option without its value", r.stderr)
    r = f.run("segment", "shop", "x", "--count=3")
    t.ok(r.returncode == 2 and "takes no value" in r.stderr, "a value for an option that takes none", r.stderr)
    r = f.run("stages", "shop", "and", "more")
    t.ok(r.returncode == 2 and "too many" in r.stderr, "one argument too many", r.stderr)
    r = f.run("init", "b", "--program", "circus")
    t.ok(r.returncode == 1 and is_sentence(r.stderr) and "retail" in r.stderr, "a starter that is not shipped", r.stderr)
    t.ok(not os.path.exists(f.at("b", "perennial.db")), "nothing was made of it")

    # ---- no workspace there
    for c in COMMANDS:
        if c in ("init", "check"):
            continue
        r = f.run(c, "nowhere", *REST.get(c, []))
        t.ok(r.returncode == 1 and "perennial init nowhere" in r.stderr and not r.stdout, f"{c}: no workspace there", r.stderr)
    r = f.run("check", "nowhere")
    t.ok(r.returncode == 1 and is_sentence(r.stderr), "check: no folder there", r.stderr)

    # ---- a workspace without a person
    r = f.json("init", "shop")
    t.eq(r.get("program"), "retail", "init --json")
    r = f.run("init", "shop")
    t.ok(r.returncode == 1 and "workspace already" in r.stderr, "init over a workspace is refused", r.stderr)
    t.eq(oct(os.stat(f.at("shop", "keys.json")).st_mode & 0o077), "0o0", "nobody else reads the keys")
    f.write("file.ndjson", json.dumps({"type": "identify", "userId": "somebody", "traits": {"email": "some@body.example"}, "messageId": "1"}) + "\n"
            + json.dumps({"type": "track", "userId": "somebody", "event": "Product Viewed", "properties": {"product_id": "p1"}, "messageId": "2"}) + "\n")
    r = f.json("import", "shop", "file.ndjson")
    t.ok(r.get("entries") == 2 and r.get("refused") == 0, "import --json", r)
    for c in COMMANDS:
        if c in ("init", "serve", "import", "check", "retention"):
            continue
        r = f.run(c, "shop", *REST.get(c, []), "--json")
        try:
            json.loads(r.stdout)
            good = r.returncode == 0
        except ValueError:
            good = False
        t.ok(good, f"{c} --json prints JSON", r.stdout[:600] + r.stderr)
        if c == "backup":
            continue
        r = f.run(c, "shop", *REST.get(c, []))
        t.ok(r.returncode == 0 and r.stdout.strip(), f"{c} in words", r.stdout[:600] + r.stderr)
    r = f.run("check", "shop", "--json", timeout=300)
    try:
        checked = json.loads(r.stdout)
    except ValueError:
        checked = None
    t.ok(r.returncode == 0 and checked, "check --json of the shipped program", (r.stdout + r.stderr)[:1500])

    # ---- refusals: a sentence, 1, nothing on the side of results
    refused = {
        "import a file that is not there": ["import", "shop", "gone.csv", "--map", "cdnow"],
        "import by a map that is not there": ["import", "shop", "file.ndjson", "--map", "gone.yaml"],
        "import to a day that is none": ["import", "shop", "file.ndjson", "--ending", "someday"],
        "apply a folder that is not there": ["apply", "shop", "gone"],
        "retention of a history that is still collected": ["retention", "shop", "--keep", "730d"],
        "retention of nobody knows how long": ["retention", "shop"],
        "retention in weeks": ["retention", "shop", "--keep", "100w"],
        "stages of a model that is not there": ["stages", "shop", "--model", "gone"],
        "segment of a name that is not there": ["segment", "shop", "no_such_segment"],
        "segment of a broken condition": ["segment", "shop", "did Order Completed"],
        "profile of nobody": ["profile", "shop", "nobody@at.example"],
        "profile of a number that is not there": ["profile", "shop", "#4711"],
        "explain for nobody": ["explain", "shop", "nobody@at.example"],
        "explain a message that is not there": ["explain", "shop", "somebody", "gone"],
        "gap of a market that is none": ["gap", "shop", "--market", "moon"],
        "backtest of a folder that is not there": ["backtest", "shop", "--program", "gone"],
        "backtest with an assumption that is none": ["backtest", "shop", "--assume", "open=lots"],
        "backtest from a day that is none": ["backtest", "shop", "--from", "someday"],
        "sql that is none": ["sql", "shop", "selec 1"],
        "sql that writes": ["sql", "shop", "delete from profile"],
        "export of what is not there": ["export", "shop", "gone"],
        "backup over a file": ["backup", "shop", "copy.db"],
        "backup into a folder that is not there": ["backup", "shop", "gone/copy.db"],
        "serve on an address that is none": ["serve", "shop", "--listen", "nowhere:port"],
    }
    for name, words in refused.items():
        r = f.run(*words, timeout=30)
        t.ok(r.returncode == 1 and is_sentence(r.stderr), name, f"exit {r.returncode}\n{r.stdout[:300]}\n{r.stderr}")
    r = f.run("import", "shop", "file.ndjson", "--live", "--history")
    t.ok(r.returncode == 2 and "--live" in r.stderr, "options that contradict each other", r.stderr)
    t.eq(f.sql("shop", "select count(*) as n from profile")[0]["n"], 1, "nobody came or went by all that")

    # ---- a condition's mistake is told with its place
    r = f.run("segment", "shop", 'count "Order Completed" >=')
    t.ok(r.returncode == 1 and "line 1, column 27" in r.stderr, "a condition's mistake has its place", r.stderr)
    r = f.run("segment", "shop", 'did "Order Completd"')
    t.ok("Order Completd" in r.stderr or r.stdout.strip() == "0", "a word that nobody knows", r.stderr)
    # ---- `| head` is no failure, and a folder called --x can be named
    import subprocess  # noqa: E402
    from cli import PERENNIAL  # noqa: E402
    code = subprocess.run(f"'{PERENNIAL}' export shop events | head -c 10 >/dev/null; exit ${{PIPESTATUS[0]}}", shell=True, cwd=f.path,
                          executable="/bin/bash", check=False).returncode
    t.eq(code, 0, "a reader that goes away is no failure")
t.done()

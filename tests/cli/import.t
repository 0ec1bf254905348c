#!/usr/bin/env python3
"""Hostile files: every bad row is told with file, line and reason, the good ones come in, the second time changes nothing, and an import
that is killed in the middle is finished by doing it again."""

import csv
import io
import json
import os
import random
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from cli import PERENNIAL, SANITIZED, Folder, Tap  # noqa: E402

t = Tap()
MAP = """source: till
entries:
  - call: track
    event: Order Completed
    group by: order
    user: customer as id
    time: day
    properties:
      order_id: order
      total: sum of quantity * price
      note: note?
      currency: =EUR
"""
HEAD = b"order,customer,day,quantity,price,note\n"
GOOD = b"o-1,anna,2026-03-02,2,10.50,\n"
LAST = b"o-2,ben,2026-03-03,1,4,\n"


def orders(f, workspace):
    """id -> total of what is in the log; a list when one is there twice."""
    rows = f.sql(workspace, "select json_extract(body, '$.properties.order_id') as id, json_extract(body, '$.properties.total') as total "
                            "from event where name = 'Order Completed' order by 1")
    return {r["id"]: r["total"] for r in rows} if len({r["id"] for r in rows}) == len(rows) else rows


# name: (bytes between two good rows, rows refused at least, word of the reason, encoding of the map)
HOSTILE = {
    "a wrong number": (b"x-1,carl,2026-03-02,many,10,\n", 1, "quantity"),
    "a wrong day": (b"x-1,carl,31.31.2026,1,10,\n", 1, "day"),
    "an empty customer": (b"x-1,,2026-03-02,1,10,\n", 1, "user"),
    "a column too few": (b"x-1,carl,2026-03-02\n", 1, ""),
    "a column too many": (b"x-1,carl,2026-03-02,1,10,,more,and,more\n", 1, ""),
    "a NUL byte": (b"x-1,carl,2026-03-02,1,10,a\0b\n", 1, ""),
    "a row of 1 MB": (b"x-1,carl,2026-03-02,1,10," + b"y" * 1_000_000 + b"\n", 1, ""),
    "a number without end": (b"x-1,carl,2026-03-02," + b"9" * 400 + b",10,\n", 1, ""),
    "not a number": (b"x-1,carl,2026-03-02,nan,10,\nx-2,carl,2026-03-02,1,inf,\n", 2, ""),
    "a day in the year 99999": (b"x-1,carl,99999-03-02,1,10,\n", 1, "day"),
}

with Folder(SANITIZED) as f:
    f.json("init", "shop")
    f.write("till.yaml", MAP)
    for n, (name, (rows, refused, word)) in enumerate(HOSTILE.items()):
        good = GOOD.replace(b"o-1", b"a%d" % n), LAST.replace(b"o-2", b"b%d" % n)
        f.write("hostile.csv", HEAD + good[0] + rows + good[1])
        r = f.run("import", "shop", "hostile.csv", "--map", "till.yaml", "--refused", "refused.csv", "--json")
        got = json.loads(r.stdout) if r.returncode == 0 else {}
        told = list(csv.DictReader(io.StringIO(open(f.at("refused.csv"), encoding="utf-8", errors="replace").read()))) if got else []
        t.ok(got.get("refused", 0) >= refused and got.get("entries", 0) >= 2, f"{name}: refused, the rows around it come in",
             (r.stdout + r.stderr)[:700])
        t.ok(told and all(row["file"].endswith("hostile.csv") and 1 <= int(row["line"]) <= 6 and len(row["reason"]) > 8 for row in told)
             and told[0]["line"] == "3" and any(word in row["field"] + row["reason"] for row in told),
             f"{name}: told with file, line and reason", str(told)[:700])
        have = orders(f, "shop")
        t.ok(isinstance(have, dict) and have.get(f"a{n}") == 21 and have.get(f"b{n}") == 4 and "x-1" not in have, f"{name}: only the good ones are in the log",
             str(have)[:600])
        r = f.json("import", "shop", "hostile.csv", "--map", "till.yaml")
        t.ok(r.get("entries") == 0 and orders(f, "shop") == have, f"{name}: the second time changes nothing", r)

    # ---- forms of files
    count = len(orders(f, "shop"))
    f.write("open.csv", HEAD + GOOD.replace(b"o-1", b"q-1") + b'"q-2,anna,2026-03-02,1,1,\nq-3,anna,2026-03-02,1,1,\n')
    r = f.run("import", "shop", "open.csv", "--map", "till.yaml")
    t.ok(r.returncode == 0 and "open.csv:3" in r.stderr and orders(f, "shop").get("q-1") == 21, "a quote that is never closed", r.stdout + r.stderr)
    f.write("empty.csv", b"")
    r = f.run("import", "shop", "empty.csv", "--map", "till.yaml")
    t.ok(r.returncode in (0, 1) and "empty.csv" in r.stderr + r.stdout, "an empty file", r.stdout + r.stderr)
    f.write("head.csv", HEAD)
    r = f.json("import", "shop", "head.csv", "--map", "till.yaml")
    t.ok(r.get("rows") == 0 and r.get("entries") == 0, "a heading and nothing else", r)
    f.write("missing.csv", b"order,customer,quantity,price\no-1,anna,1,2\n")
    r = f.run("import", "shop", "missing.csv", "--map", "till.yaml")
    t.ok(r.returncode == 1 and "day" in r.stderr and "missing.csv" in r.stderr, "a column that the map names is not there", r.stdout + r.stderr)
    f.write("bom.csv", b"\xef\xbb\xbf" + HEAD + GOOD.replace(b"o-1", b"bom").replace(b"\n", b"\r\n"))
    r = f.json("import", "shop", "bom.csv", "--map", "till.yaml")
    t.ok(r.get("entries") == 1 and orders(f, "shop").get("bom") == 21, "a byte order mark, lines that end as on Windows", r)
    f.write("latin.csv", HEAD + "l-1,jörg,2026-03-02,1,5,schön\n".encode("latin-1"))
    r = f.run("import", "shop", "latin.csv", "--map", "till.yaml", "--json")
    note = f.sql("shop", "select json_extract(body, '$.properties.note') as note from event where body like '%\"l-1\"%'")
    t.ok(r.returncode == 0 and ((json.loads(r.stdout)["refused"] == 1 and not note) or (note and note[0]["note"] == "schön")),
         "Latin-1: understood or refused, never mangled", r.stdout + r.stderr + str(note))
    f.write("formula.csv", HEAD + b'f-1,anna,2026-03-02,1,5,"=HYPERLINK(""http://x.example"",""click"")"\n')
    f.json("import", "shop", "formula.csv", "--map", "till.yaml")
    out = f.run("sql", "shop", "select json_extract(body, '$.properties.note') as note from event where body like '%\"f-1\"%'", "--csv").stdout
    t.ok("'=HYPERLINK" in out, "a formula's cell is disarmed when it leaves as CSV", out)
    f.write("bad.csv", HEAD + b'f-2,anna,2026-03-02,"=1+1",5,\n')
    f.run("import", "shop", "bad.csv", "--map", "till.yaml", "--refused", "refused.csv")
    t.ok(not any(line.startswith(("=", "+", "@")) for line in open(f.at("refused.csv"), encoding="utf-8")), "nor does the report of refused rows begin with one")
    f.write("deep.ndjson", b'{"type":"track","userId":"u","event":"E","properties":' + b"[" * 5000 + b"]" * 5000 + b'}\n{"type":"track","userId":"deep","event":"E"}\n'
            b'\xff\xfe{}\n{"type":"track"}\n{"type":"dance","userId":"u"}\nnull\n[]\n{"type":"track","userId":"deep","event":"F"')
    r = f.json("import", "shop", "deep.ndjson")
    t.ok(r.get("refused") == 7 and r.get("entries") == 1, "NDJSON: seven lines that are none, one that is", r)
    r = f.run("import", "shop", "/dev/null", "--map", "till.yaml", timeout=30)
    t.ok(r.returncode in (0, 1), "a file that is no file", r.stderr)
    f.write("not.gz", b"\x1f\x8b\x08\x00broken")
    os.rename(f.at("not.gz"), f.at("broken.csv.gz"))
    r = f.run("import", "shop", "broken.csv.gz", "--map", "till.yaml")
    t.ok(r.returncode == 1 and "broken.csv.gz" in r.stderr, "a packed file that is broken", r.stdout + r.stderr)
    for name, text in {"no YAML": "entries: [", "no entries": "source: x\n", "an unknown call": "entries:\n  - call: dance\n"}.items():
        f.write("bad.yaml", text)
        r = f.run("import", "shop", "head.csv", "--map", "bad.yaml")
        t.ok(r.returncode == 1 and "bad.yaml:" in r.stderr, f"a map with {name} is refused with its place", r.stderr)
    t.eq(f.json("verify", "shop").get("equal"), True, "verify after all that")

with Folder() as f:
    f.write("till.yaml", MAP)
    # ---- kill -9 in the middle, again and again, then to the end
    dice = random.Random(7)
    wanted = {f"k-{i}": (i % 50) + 1 for i in range(24000)}
    f.write("long.csv", HEAD + b"".join(b"%s,c-%d,2026-01-%02d,%d,1,\n" % (k.encode(), i % 900, 1 + i % 28, v) for i, (k, v) in enumerate(wanted.items())))
    f.json("init", "killed")
    begin = time.monotonic()
    f.json("init", "whole")
    f.json("import", "whole", "long.csv", "--map", "till.yaml")
    whole = time.monotonic() - begin
    killed = 0
    for _ in range(5):
        p = subprocess.Popen([PERENNIAL, "import", "killed", "long.csv", "--map", "till.yaml"], cwd=f.path, stdout=subprocess.DEVNULL,
                             stderr=subprocess.DEVNULL)
        time.sleep(dice.uniform(0.1, 0.9) * whole)
        killed += p.poll() is None
        p.send_signal(signal.SIGKILL)
        p.wait()
    r = f.json("import", "killed", "long.csv", "--map", "till.yaml")
    t.ok(killed >= 2 and r.get("refused") == 0, f"killed {killed} times in the middle, then done again", r)
    have = orders(f, "killed")
    t.ok(have == wanted, "each order is there once, with its sum", str(have)[:300])
    a, b = f.json("stages", "killed")["now"], f.json("stages", "whole")["now"]
    t.eq(a, b, "the stages are those of an import that nobody killed")
    t.eq(f.json("import", "killed", "long.csv", "--map", "till.yaml").get("entries"), 0, "and again changes nothing")
    t.eq(f.json("verify", "killed").get("equal"), True, "verify: equal")
t.done()

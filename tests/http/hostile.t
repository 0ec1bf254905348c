#!/usr/bin/env python3
"""What nobody should send: after each the server lives, has said what was wrong, and a good call still works. Runs on the sanitized binary."""

import gzip
import json
import os
import random
import socket
import sys
import time
import zlib

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from live import Server, Tap  # noqa: E402

t = Tap()
json_type = {"Content-Type": "application/json"}


def refused(r, statuses=(400,)):
    """Refused as it should be, with a sentence."""
    return r.status in statuses and len(r.json.get("error", "")) > 5


with Server(sanitized=True, options=["--public-url", "http://127.0.0.1"]) as s:
    def post(body, path="/v1/track", **headers):
        """A body as it is."""
        return s.call("POST", path, body, {**json_type, **s.basic(), **{k.replace("_", "-"): v for k, v in headers.items()}}, timeout=40)

    def good(name):
        """The closing check of every attack."""
        t.ok(s.lives(), f"after {name} the server lives", "\n".join(s.lines[-30:]))

    known = len(s.events())

    # ---- deep, wide, broken JSON
    for depth in (40, 1000, 100_000):
        r = post(b'{"userId":"u","event":"E","properties":' + b'{"a":' * depth + b"1" + b"}" * depth + b"}", "/v1/batch" if depth > 5000 else "/v1/track")
        t.ok(refused(r, (400, 413)), f"JSON {depth} levels deep is refused", (r.status, r.body))
    r = post(b'{"userId":"u","event":"E","properties":' + b"[" * 30_000)
    t.ok(refused(r), "a tower of open brackets", (r.status, r.body))
    good("deep JSON")
    for text, why in ((b'{"userId":"u","event":"E\x00F"}', "a NUL byte"), (b'{"userId":"u\xff","event":"E"}', "invalid UTF-8"),
                      (b'{"userId":"u","event":"\xed\xa0\x80"}', "a surrogate in UTF-8"), (b'{"userId":"u","event":"E","properties":{"x":1e999}}', "a number beyond all bounds"),
                      (b"\xef\xbb\xbf\xff", "a byte order mark and rubbish"), (b'{"userId":"u","event":"E"} {"again":1}', "two values"),
                      (b'{"userId":"u","event":"E","x":tru}', "a word cut off"), (b'{"userId":"u","event":"E","x":01}', "a number with a zero before")):
        r = post(text)
        t.ok(refused(r), f"{why} is refused", (r.status, r.body))
    good("broken JSON")
    r = post(json.dumps({"userId": "u\u0000v", "event": "With \u0000 inside"}).encode())
    t.ok(r.status in (200, 400), "an escaped NUL is taken or refused", (r.status, r.body))
    r = post(json.dumps({"userId": "u", "event": "Wide", "properties": {f"k{n}": n for n in range(2500)}}).encode())
    t.ok(r.status in (200, 400, 413), "thousands of properties", (r.status, r.body))
    good("NUL and width")

    # ---- absurd times
    for when in ("0000-00-00T00:00:00Z", "9999-12-31T23:59:59.999Z", "275760-09-13T00:00:00Z", "-000001-01-01T00:00:00Z", "1970-01-01T00:00:00Z", "2026-02-30T00:00:00Z",
                 "2026-13-01T00:00:00Z", "99999999999999999999", "", "NaN"):
        r = post(json.dumps({"userId": "u", "event": "Absurd", "timestamp": when, "sentAt": "9999-12-31T23:59:59Z"}).encode())
        t.ok(r.status == 200 or refused(r), f"the time {when!r} is taken or refused", (r.status, r.body))
    for number in (0, -1, 2**63, 1e308, 1795618656342):
        r = post(json.dumps({"userId": "u", "event": "Absurd", "timestamp": number}).encode())
        t.ok(r.status == 200 or refused(r), f"the time {number} is taken or refused", (r.status, r.body))
    t.ok(all(e["happened"] <= e["at"] for e in s.events("name = 'Absurd'")), "nothing has happened later than it came")
    good("absurd times")

    # ---- gzip
    body = json.dumps({"batch": [{"type": "track", "userId": "u", "event": "Zipped"}]}).encode()
    packed = gzip.compress(body)
    for n in (0, 1, 5, 10, 18, len(packed) // 2, len(packed) - 1):
        r = post(packed[:n], "/v1/batch", Content_Encoding="gzip")
        t.ok(refused(r), f"gzip cut off after {n} bytes", (r.status, r.body))
    r = post(packed[:12] + bytes([packed[12] ^ 255]) + packed[13:], "/v1/batch", Content_Encoding="gzip")
    t.ok(refused(r), "gzip with a byte turned", (r.status, r.body))
    r = post(packed[:-6] + b"\0\0" + packed[-4:], "/v1/batch", Content_Encoding="gzip")
    t.ok(refused(r), "gzip with a wrong sum", (r.status, r.body))
    bomb = zlib.compressobj(9, zlib.DEFLATED, 31)
    bomb = bomb.compress(b" " * (200 << 20)) + bomb.flush()
    r = post(bomb, "/v1/batch", Content_Encoding="gzip")
    t.ok(refused(r, (400, 413)), f"{len(bomb) >> 10} KB that would be 200 MB", (r.status, r.body))
    r = post(gzip.compress(bomb), "/v1/batch", Content_Encoding="gzip")
    t.ok(refused(r, (400, 413)), "a bomb in a bomb", (r.status, r.body))
    t.eq(s.events("name = 'Zipped'"), [], "nothing of it is taken")
    good("gzip")

    # ---- addresses
    for path in ("/../../etc/passwd", "/..%2f..%2fetc%2fpasswd", "/%2e%2e/%2e%2e/etc/passwd", "/l/u/../../keys.json", "/js/../keys.json", "//keys.json", "/keys.json",
                 "/perennial.db", "/api/../keys.json", "/%00", "/l/v/%00", "/" + "a" * 7000, "/l/c/http:%2f%2fevil.example", "/l/o/" + "A" * 5000 + ".gif"):
        r = s.call("GET", path)
        t.ok(r.status in (400, 404, 414) and b"root:" not in r.body and s.keys["token_key"].encode() not in r.body, f"{path[:40]} gives nothing", (r.status, r.body[:200]))
    good("addresses")

    # ---- tokens that are not ours
    other = bytes(32)
    for purpose in "upkov":
        made = s.token_of(purpose, profile=1)
        for what, token in (("another key's", s.token_of(purpose, profile=1, key=other)), ("a changed", ("B" if made[0] != "B" else "C") + made[1:]),
                            ("a cut off", made[:-2]), ("a longer", made + "AA"), ("another purpose's", s.token_of("c", profile=1, target=b"https://evil.example/")), ("an empty", " ")):
            r = s.call("GET", f"/l/{purpose}/{token}".replace(" ", "%20"))
            t.ok(r.status == 404, f"/l/{purpose}/ with {what} token is 404", (r.status, r.body[:200]))
    evil = s.token_of("c", profile=1, target=b"https://evil.example/", key=other)
    r = s.call("GET", "/l/c/" + evil)
    t.ok(r.status == 404 and "location" not in r.headers, "no redirect to where a forged token says", r.headers)
    for target in (b"javascript:alert(1)", b"data:text/html,x", b"//evil.example", b"https://x.example/\r\nSet-Cookie: a=b"):
        r = s.call("GET", "/l/c/" + s.token_of("c", profile=1, target=target))
        t.ok("set-cookie" not in r.headers and not r.headers.get("location", "https://").startswith(("java", "data", "//")), f"not even a signed one to {target!r}", r.headers)
    t.eq(s.sql("select * from event where kind = 'consent' or name = 'Unsubscribed'"), [], "nothing came of all that")
    good("forged tokens")

    # ---- HTTP itself
    auth = s.basic()["Authorization"].encode()
    line = b"POST /v1/track HTTP/1.1\r\nHost: x\r\nAuthorization: " + auth + b"\r\nContent-Type: application/json\r\n"
    call = b'{"userId":"u","event":"Raw"}'
    for data, why in ((b"\r\n\r\n", "nothing"), (b"GET\r\n\r\n", "half a line"), (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", "TLS"), (b"GET / HTTP/9.9\r\n\r\n", "another version"),
                      (b"GET / HTTP/1.1\r\n" + b"X: " + b"y" * 100_000 + b"\r\n\r\n", "a header too long"), (b"GET / HTTP/1.1\r\n" + b"".join(b"X%d: y\r\n" % n for n in range(5000)) + b"\r\n", "thousands of headers"),
                      (line + b"Content-Length: -1\r\n\r\n" + call, "a negative length"), (line + b"Content-Length: 99999999999999999999\r\n\r\n" + call, "an endless length"),
                      (line + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "two lengths"), (line + b"Transfer-Encoding: chunked\r\n\r\nZZ\r\n" + call + b"\r\n0\r\n\r\n", "a chunk that is none"),
                      (line + b"Content-Length: 1000\r\n\r\n" + call, "a body cut off"), (os.urandom(5000), "noise")):
        got = s.raw(data, wait=3)
        t.ok(b"200 OK" not in got, f"{why} is not answered with success", got[:200])
    t.eq(s.events("name = 'Raw'"), [], "nothing of it is in the log")
    chunked = line + b"Transfer-Encoding: chunked\r\n\r\n" + b"".join(b"%x\r\n%s\r\n" % (1, call[n:n + 1]) for n in range(len(call))) + b"0\r\n\r\n"
    t.ok(b"200 OK" in s.raw(chunked, wait=2, close=False), "a body in chunks of one byte is a good one")
    good("HTTP")

    # ---- many that hang on
    slow = []
    for n in range(300):
        c = socket.create_connection(("127.0.0.1", s.port), timeout=5)
        c.sendall(line[:40 + n % 60] if n % 2 else line + b"Content-Length: 500\r\n\r\n{")
        slow.append(c)
    start = time.monotonic()
    for _ in range(3):
        for c in slow[::7]:
            c.sendall(b"x")
        good("a round of three hundred slow senders")
    t.ok(time.monotonic() - start < 10, "nobody else waits for them")
    for c in slow:
        c.close()
    good("slow senders")

    # ---- mutated good calls
    rng = random.Random(20260302)
    base = json.dumps({"batch": [{"type": "track", "userId": "u", "event": "Mutant", "timestamp": "2026-03-02T17:00:00.000Z", "context": {"page": {"url": "https://shop.example/?utm_source=x"}},
                                  "properties": {"total": 12.5, "products": [{"product_id": "p", "quantity": 2}]}}], "sentAt": "2026-03-02T17:00:01.000Z"}).encode()
    statuses = set()
    for n in range(400):
        data = bytearray(base)
        for _ in range(rng.randint(1, 6)):
            at = rng.randrange(len(data))
            what = rng.random()
            if what < .4:
                data[at] = rng.randrange(256)
            elif what < .7:
                del data[at:at + rng.randint(1, 20)]
            else:
                data[at:at] = bytes(data[rng.randrange(len(data)):][:rng.randint(1, 40)])
        statuses.add(post(bytes(data), "/v1/batch").status)
    t.ok(statuses <= {200, 400, 413}, "400 mutated batches (seed 20260302) are taken or refused", statuses)
    good("mutants")
    t.ok(s.stop(), "the server ends well, without a word of the sanitizers", (s.code, "\n".join(s.lines[-40:])))
    t.ok(not any("ERROR: " in x or "runtime error" in x for x in s.lines), "in its output")
t.done()

#!/usr/bin/env python3
"""kill -9 at random while mail goes out to a peer that keeps its own ledger and misbehaves itself; then both ledgers are compared.

    PERENNIAL=build/perennial tests/crash/mail.t [KILLS] [SEED]          (default 30; PERENNIAL_KILLS in the environment)

Half of the messages are of a class that is held when nobody knows whether it arrived, half of one that then goes once more: of the
first no id may come twice, of the second none more than twice. Everybody who was to get a message is accounted for."""
import collections
import json
import os
import pathlib
import random
import shutil
import signal
import socket
import socketserver
import subprocess
import sys
import tempfile
import threading
import time

PERENNIAL = os.environ.get("PERENNIAL", "build/perennial")
KILLS = int(sys.argv[1] if len(sys.argv) > 1 else os.environ.get("PERENNIAL_KILLS", "30"))
SEED = int(sys.argv[2]) if len(sys.argv) > 2 else 20260302
PEOPLE = 80 * KILLS
CONNECTIONS = 8

dice = random.Random(SEED)
number = 0
failed = False


def told(ok, what, why=""):
    global number, failed
    number += 1
    print(f"{'ok' if ok else 'not ok'} {number} - {what}", flush=True)
    if not ok:
        failed = True
        print("# " + str(why).replace("\n", "\n# "), flush=True)


class Session(socketserver.StreamRequestHandler):
    polite = False

    def say(self, text):
        self.wfile.write(text.encode() + b"\r\n")

    def take_message(self, mood):
        self.say("354 go on")
        message_id = None
        for line in self.rfile:
            if line == b".\r\n":
                break
            if message_id is None and line.lower().startswith(b"message-id:"):
                message_id = line.split(b"<")[1].split(b"@")[0].decode()
        else:
            return True
        if mood < 0.02:                  # goes without having taken it
            return False
        if mood < 0.04:                  # will not have it now
            self.say("451 4.3.0 later")
            return True
        self.server.enter(message_id)
        if mood < 0.06:                  # took it, and is gone before it says so
            return False
        time.sleep(dice.random() * 0.004)
        self.say("250 kept")
        return True

    def handle(self):
        try:
            self.say("220 peer")
            recipient = False
            for line in self.rfile:
                verb = line[:4].upper()
                if verb == b"DATA" and not recipient:
                    self.say("503 no recipient")
                elif verb == b"DATA":
                    recipient = False
                    if not self.take_message(1 if Session.polite else dice.random()):
                        return
                elif verb == b"EHLO":
                    self.say("250-peer\r\n250 PIPELINING")
                elif verb == b"RCPT" and not Session.polite and dice.random() < 0.02:
                    self.say("450 4.2.0 greylisted")
                elif verb == b"QUIT":
                    self.say("221 bye")
                    return
                else:
                    recipient = verb == b"RCPT"
                    self.say("250 ok")
        except (ConnectionError, BrokenPipeError):
            pass


class Peer(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Session)
        self.ledger, self.lock = [], threading.Lock()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def enter(self, message_id):
        with self.lock:
            self.ledger.append(message_id)

    def taken(self):
        with self.lock:
            return list(self.ledger)


def run(*args):
    r = subprocess.run([PERENNIAL, *args], capture_output=True, text=True)
    if r.returncode:
        raise RuntimeError(f"perennial {' '.join(args)}: {r.stdout}{r.stderr}")
    return r.stdout


def make_shop(folder):
    """The retail program and two journeys more: one message for each event."""
    shop = os.path.join(folder, "shop")
    run("init", shop, "--program", "retail")
    program = pathlib.Path(shop, "program")
    policy = program / "policy.yaml"
    classes = "purposes:\n" + "".join(
        f"  {name}: {{ needs: nothing, quiet: no, caps: {caps}, counts: no, holdout: no, unsubscribe: no }}\n" for name, caps in (("held", "yes"), ("again", "no")))
    policy.write_text("".join(classes + line.split("\n", 1)[1] if line.startswith("purposes:") else line for line in policy.read_text().splitlines(True)))
    for name in ("held", "again"):
        (program / "journeys" / f"{name}.yaml").write_text(
            f"journey: {name}\npurpose: {name}\nentry:\n  on: track \"Asked {name}\"\n  again: never\nsteps:\n  - send: email {name}\n")
        (program / "templates" / f"{name}.html").write_text(f"---\nsubject: You asked, {{{{ trait.firstName }}}}\n---\n<p>You asked for {name}.</p>\n")
    run("apply", shop, str(program))
    with open(os.path.join(shop, "settings.yaml"), "w") as f:
        f.write(f"mail:\n  connections: {CONNECTIONS}\n")
    return shop


def ask_all(folder, shop):
    path = os.path.join(folder, "people.ndjson")
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 60))
    with open(path, "w") as f:
        for i in range(PEOPLE):
            who = {"userId": f"u{i}", "timestamp": now}
            f.write(json.dumps({**who, "type": "identify", "messageId": f"i{i}", "traits": {"email": f"u{i}@example.org", "firstName": f"N{i}"}}) + "\n")
            f.write(json.dumps({**who, "type": "track", "messageId": f"t{i}", "event": "Asked " + ("held" if i % 2 else "again")}) + "\n")
    run("import", shop, path, "--live")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def serve(shop, peer):
    port = free_port()
    process = subprocess.Popen([PERENNIAL, "serve", shop, "--listen", f"127.0.0.1:{port}", "--smtp", "127.0.0.1:%d" % peer.server_address[1],
                                "--smtp-tls", "none"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    until = time.time() + 30
    while time.time() < until and process.poll() is None:
        with socket.socket() as s:
            if s.connect_ex(("127.0.0.1", port)) == 0:
                return process
        time.sleep(0.005)
    process.kill()
    raise RuntimeError("serve did not start: " + process.stderr.read().decode())


def rows(shop):
    text = run("sql", shop, "--json", "SELECT lower(hex(id)) AS id, profile, purpose, state, attempts, detail FROM message")
    return {r["id"]: r for r in json.loads(text)}


def too_often(ledger, messages):
    copies = collections.Counter(ledger)
    return [(m, n, messages.get(m)) for m, n in copies.items() if m not in messages or n > (2 if messages[m]["purpose"] == "again" else 1)]


def last_life(shop, peer):
    """In peace, until nothing is left to send; what was uncertain and goes once more does so after a minute."""
    Session.polite = True
    process = serve(shop, peer)
    until = time.time() + 110
    while time.time() < until:
        left = json.loads(run("sql", shop, "--json", "SELECT count(*) AS n FROM message WHERE state IN ('ready', 'marked', 'waiting')"))[0]["n"]
        if not left:
            break
        time.sleep(0.3)
    process.send_signal(signal.SIGTERM)
    process.wait(timeout=60)
    return process.returncode


def compare(shop, peer):
    messages, ledger = rows(shop), peer.taken()
    taken = collections.Counter(ledger)
    states = collections.Counter(r["state"] for r in messages.values())
    print("# " + ", ".join(f"{n} {s}" for s, n in sorted(states.items())) + f"; the peer took {len(ledger)}")
    told(len(messages) == PEOPLE and len({r["profile"] for r in messages.values()}) == PEOPLE, f"{PEOPLE} people, a message each",
         f"{len(messages)} messages")
    strange = [r for r in messages.values() if r["state"] not in ("accepted", "uncertain", "deferred")]
    told(not strange, "each is accepted, uncertain or put off", strange[:5])
    bad = too_often(ledger, messages)
    told(not bad, "none came more often than its class allows", bad[:5])
    lies = [r for r in messages.values() if r["state"] == "accepted" and not taken[r["id"]]]
    told(not lies, "what is accepted is in the peer's ledger", lies[:5])
    # Put off the second time, though the first may have been handed over.
    hidden = [messages[m] for m in taken if messages[m]["state"] not in ("accepted", "uncertain") and
              not (messages[m]["purpose"] == "again" and messages[m]["attempts"] > 0)]
    told(not hidden, "what the peer took is accepted or uncertain, or was put off the second time", hidden[:5])
    twice = sum(n == 2 for n in taken.values())
    print(f"# {twice} came a second time, as their class allows")
    unsure = states["uncertain"]
    most = KILLS * CONNECTIONS + PEOPLE * 0.04 * 2
    told(unsure <= most, f"{unsure} uncertain, not more than were under way ({int(most)})", unsure)


def main():
    peer = Peer()
    folder = tempfile.mkdtemp(prefix="perennial-mail-")
    try:
        shop = make_shop(folder)
        ask_all(folder, shop)
        for life in range(KILLS):
            process = serve(shop, peer)
            time.sleep(0.02 + dice.random() * 0.4)
            process.send_signal(signal.SIGKILL)
            process.wait()
            process.stderr.close()
            bad = too_often(peer.taken(), rows(shop))
            if bad or life % 10 == 9:
                told(not bad, f"after {life + 1} kills {len(peer.taken())} mails came, none too often", f"{bad[:5]}; seed {SEED}")
            if bad:
                break
        told(last_life(shop, peer) == 0, "the last life ends in peace")
        compare(shop, peer)
        r = subprocess.run([PERENNIAL, "verify", shop], capture_output=True, text=True)
        told(r.returncode == 0, "the state equals a fresh fold of the log", (r.stdout + r.stderr)[:600])
    finally:
        shutil.rmtree(folder)
    print(f"1..{number}")
    return failed


sys.exit(main())

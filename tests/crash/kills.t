#!/usr/bin/env python3
"""kill -9 at random under load, then three ledgers are compared: the client's (what was acknowledged), the mail server's (what
it accepted) and the workspace's own.

    PERENNIAL=build/perennial tests/crash/kills.t [KILLS] [SEED]          (default 200; CRASH_KILLS in the environment)

Zero failures in N kills bound the risk of one kill at 3/N with 95 % confidence; they do not make it zero."""
import collections
import json
import os
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
BUILD = os.environ.get("PERENNIAL_RELEASE_BUILD", os.path.dirname(os.path.abspath(PERENNIAL)))
LOAD = os.path.join(BUILD, "bench", "load")
KILLS = int(sys.argv[1] if len(sys.argv) > 1 else os.environ.get("CRASH_KILLS", "200"))
SEED = int(sys.argv[2]) if len(sys.argv) > 2 else 20260302
KILLS_A_WORKSPACE = 20
VERIFY_EVERY = 5

dice = random.Random(SEED)
number = 0
failed = False


def told(ok, what, why=""):
    global number, failed
    number += 1
    print(f"{'ok' if ok else 'not ok'} {number} - {what}", flush=True)
    if not ok:
        failed = True
        print("# " + why.replace("\n", "\n# "), flush=True)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Peer(socketserver.ThreadingTCPServer):
    """A mail server that writes down every message that it accepts, before it says so."""
    allow_reuse_address = True
    daemon_threads = True

    class Session(socketserver.StreamRequestHandler):
        def say(self, text):
            self.wfile.write(text.encode() + b"\r\n")

        def take_message(self):
            message_id = None
            self.say("354 go on")
            for line in self.rfile:
                if line == b".\r\n":
                    break
                if message_id is None and line.lower().startswith(b"message-id:"):
                    message_id = line.split(b"<")[1].split(b"@")[0].decode()
            else:
                return
            with self.server.lock:
                self.server.accepted.append(message_id)
            time.sleep(dice.random() * 0.003)
            self.say("250 kept")

        def handle(self):
            try:
                self.say("220 peer")
                for line in self.rfile:
                    verb = line[:4].upper()
                    if verb == b"DATA":
                        self.take_message()
                    elif verb == b"EHLO":
                        self.say("250 peer")
                    elif verb == b"QUIT":
                        return self.say("221 bye")
                    else:
                        self.say("250 ok")
            except (ConnectionError, BrokenPipeError):
                pass

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Peer.Session)
        self.accepted, self.lock = [], threading.Lock()
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Shop:
    """One workspace and the client's ledger of it."""

    def __init__(self, peer):
        self.folder = tempfile.mkdtemp(prefix="perennial-crash-")
        self.dir = os.path.join(self.folder, "shop")
        self.peer, self.acknowledged, self.load_seed = peer, set(), dice.randrange(1 << 30)
        subprocess.run([PERENNIAL, "init", self.dir, "--program", "retail"], check=True, stdout=subprocess.DEVNULL)
        with open(os.path.join(self.dir, "keys.json")) as f:
            self.key = [k["key"] for k in json.load(f)["keys"] if k["trust"] == "server"][0]

    def serve(self):
        port = free_port()
        smtp = ["--smtp", "127.0.0.1:%d" % self.peer.server_address[1], "--smtp-tls", "none"]
        process = subprocess.Popen([PERENNIAL, "serve", self.dir, "--listen", f"127.0.0.1:{port}", *smtp],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        until = time.time() + 30
        while time.time() < until and process.poll() is None:
            with socket.socket() as s:
                if s.connect_ex(("127.0.0.1", port)) == 0:
                    return process, port
            time.sleep(0.01)
        raise RuntimeError("serve did not start: " + process.stderr.read().decode())

    def suffer(self, batch):
        """One life: load, then kill -9."""
        process, port = self.serve()
        ledger = os.path.join(self.folder, "ledger")
        self.load_seed += 1
        load = subprocess.Popen([LOAD, "--port", str(port), "--key", self.key, "--connections", "8", "--calls", "200000", "--batch", str(batch),
                                 "--seed", str(self.load_seed), "--visitors", "2000", "--rate", "20000", "--ledger", ledger],
                                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(0.25 + dice.random() * 0.35)
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stderr.close()
        load.terminate()
        load.wait()
        with open(ledger) as f:
            lines = f.read().split("\n")
        os.unlink(ledger)
        # The last line may be cut off by our own SIGTERM.
        got = set(line for line in lines[:-1] if line)
        self.acknowledged |= got
        return len(got)

    def ask(self, question):
        r = subprocess.run([PERENNIAL, "sql", self.dir, "--json", question], capture_output=True, text=True, check=True)
        return json.loads(r.stdout)

    def stored(self):
        ids = self.ask("SELECT message_id FROM event WHERE message_id IS NOT NULL")
        messages = {r["id"]: (r["state"], r["purpose"]) for r in self.ask("SELECT lower(hex(id)) AS id, state, purpose FROM message")}
        ids = [r["message_id"] for r in ids]
        return ids, messages

    def verify(self):
        r = subprocess.run([PERENNIAL, "verify", self.dir], capture_output=True, text=True, timeout=300)
        return r.returncode == 0, (r.stdout + r.stderr)[:600]

    def close(self):
        shutil.rmtree(self.folder)


def check_life(shop, life, batch):
    ids, messages = shop.stored()
    stored = set(ids)
    lost, doubled = shop.acknowledged - stored, len(ids) - len(stored)
    with shop.peer.lock:
        accepted = list(shop.peer.accepted)
    # A message that its class sends once more when it is uncertain may come twice; any other once.
    copies = [m for m, n in collections.Counter(accepted).items() if n > (2 if messages.get(m, ("", ""))[1] == "transaction" else 1)]
    strange = [m for m in accepted if m not in messages]
    told(not lost and not doubled and not copies and not strange,
         f"kill {life} at batches of {batch}: {len(shop.acknowledged)} acknowledged, {len(stored)} stored, {len(accepted)} mails",
         f"lost {len(lost)}, doubled {doubled}, mails too often {len(copies)}, mails that nobody decided {len(strange)}; seed {SEED}")


def settle(shop):
    """The last life ends in peace: every mail handed over is accepted in the outbox, or known to be uncertain."""
    process, _ = shop.serve()
    time.sleep(1.5)
    process.send_signal(signal.SIGTERM)
    process.wait(timeout=60)
    _, messages = shop.stored()
    with shop.peer.lock:
        accepted = set(shop.peer.accepted)
    marked = [m for m, (state, _) in messages.items() if state == "marked"]
    lies = [m for m, (state, _) in messages.items() if state == "accepted" and m not in accepted]
    once_more = {m for m, (state, purpose) in messages.items() if purpose == "transaction" and state in ("waiting", "ready")}
    hidden = [m for m in accepted - once_more if messages.get(m, ("none",))[0] not in ("accepted", "uncertain")]
    told(not marked and not lies and not hidden, f"{len(accepted)} mails of the peer agree with the outbox",
         f"still marked {len(marked)}, said accepted but were not {len(lies)}, accepted but not known {[(m, messages.get(m)) for m in hidden[:5]]}")


def main():
    if not os.path.exists(LOAD):
        print("1..0 # SKIP bench/load is not built")
        return 0
    life = 0
    while life < KILLS:
        peer = Peer()
        shop = Shop(peer)
        for _ in range(min(KILLS_A_WORKSPACE, KILLS - life)):
            life += 1
            batch = dice.choice([1, 7, 100, 500])
            shop.suffer(batch)
            check_life(shop, life, batch)
            if life % VERIFY_EVERY == 0:
                told(*((lambda ok, text: (ok, f"after kill {life} the state equals a fresh fold", text))(*shop.verify())))
        settle(shop)
        shop.close()
        peer.shutdown()
    print(f"1..{number}")
    print(f"# {KILLS} kills, seed {SEED}: with no failure the risk of one kill is below {300 / KILLS:.2f} % (95 % confidence)")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

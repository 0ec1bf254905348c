"""A live server for the tests of this folder: a workspace in a temporary folder, `perennial serve` on a free port, TAP."""

import base64
import hashlib
import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SHARED = os.environ.get("PERENNIAL_SHARED") or os.path.join(os.path.dirname(ROOT), "shared")


class Tap:
    """Counts and prints; done() ends the program with what became of it."""

    def __init__(self):
        self.n = self.bad = 0

    def ok(self, good, name, more=""):
        """One test point."""
        self.n += 1
        self.bad += not good
        print(f"{'ok' if good else 'not ok'} {self.n} - {name}", flush=True)
        if not good and more != "":
            print("# " + str(more)[:1500].replace("\n", "\n# "), flush=True)
        return bool(good)

    def eq(self, got, want, name):
        """A test point that says what it got."""
        return self.ok(got == want, name, f"got {got!r}\nnot {want!r}")

    def done(self):
        """The plan, and the exit code."""
        print(f"1..{self.n}")
        sys.exit(self.bad != 0)


def skip_all(why):
    """This file has nothing to run on."""
    print(f"1..0 # SKIP {why}")
    sys.exit(0)


class Reply:
    """Status, headers (names in lower case), body as bytes and as JSON."""

    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self):
        """The body as JSON; {} when it is none."""
        try:
            return json.loads(self.body)
        except ValueError:
            return {}


class Server:
    """perennial serve, as a context manager."""

    def __init__(self, sanitized=False, options=(), program="retail"):
        names = ["PERENNIAL_SANITIZED", "PERENNIAL"] if sanitized else ["PERENNIAL"]
        self.binary = next((os.environ[n] for n in names if os.environ.get(n)), os.path.join(ROOT, "build", "perennial"))
        if not os.access(self.binary, os.X_OK):
            skip_all(f"there is no {self.binary}; script/build makes it")
        self.folder = tempfile.mkdtemp(prefix="perennial-http-")
        self.dir = os.path.join(self.folder, "shop")
        self.options, self.process, self.lines, self.token = list(options), None, [], None
        subprocess.run([self.binary, "init", self.dir, "--program", program], check=True, stdout=subprocess.DEVNULL)
        self.keys = json.load(open(os.path.join(self.dir, "keys.json"), encoding="utf-8"))
        self.key = next(k["key"] for k in self.keys["keys"] if k["trust"] == "server")
        self.public_key = next(k["key"] for k in self.keys["keys"] if k["trust"] == "public")

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self):
        """Starts the process and waits until it says where it listens."""
        self.process = subprocess.Popen([self.binary, "serve", self.dir, "--listen", "127.0.0.1:0", *self.options], stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, text=True, errors="replace")
        listening = threading.Event()

        def read():
            for line in self.process.stdout:
                self.lines.append(line.rstrip("\n"))
                where = re.search(r"http://127\.0\.0\.1:(\d+)/", line)
                if where:
                    self.port = int(where.group(1))
                if "Stop with" in line:
                    listening.set()
            listening.set()

        threading.Thread(target=read, daemon=True).start()
        if not listening.wait(30) or self.process.poll() is not None:
            print("# " + "\n# ".join(self.lines))
            raise RuntimeError("the server did not start")
        found = re.search(r"password (\S+)", "\n".join(self.lines))
        self.password = found.group(1) if found else None

    def stop(self):
        """Ends it as an operator would; True when it ended well."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            self.code = self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.code = self.process.wait()
        return self.code == 0

    def call(self, method, path, body=None, headers=None, timeout=20):
        """One request."""
        c = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            c.request(method, path, body=body, headers=headers or {})
            r = c.getresponse()
            return Reply(r.status, {k.lower(): v for k, v in r.getheaders()}, r.read())
        finally:
            c.close()

    def basic(self, key=None):
        """The header that carries a write key."""
        return {"Authorization": "Basic " + base64.b64encode(f"{key or self.key}:".encode()).decode()}

    def track(self, path, call, **more):
        """A tracking call as JSON."""
        return self.call("POST", path, json.dumps(call).encode(), {"Content-Type": "application/json", **self.basic(), **more})

    def raw(self, data, wait=5.0, close=True):
        """Sends bytes as they are; returns what came back until the connection was shut or `wait` was over."""
        s = socket.create_connection(("127.0.0.1", self.port), timeout=wait)
        got = b""
        try:
            s.sendall(data)
            if close:
                s.shutdown(socket.SHUT_WR)
            while chunk := s.recv(65536):
                got += chunk
        except OSError:
            pass
        finally:
            s.close()
        return got

    def sql(self, question):
        """Rows of `perennial sql`, as objects."""
        done = subprocess.run([self.binary, "sql", self.dir, question, "--json"], capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(done.stderr)
        return json.loads(done.stdout)

    def events(self, where="1"):
        """Entries that came from outside, oldest first."""
        return self.sql(f"select * from event where kind in ('track', 'identify', 'page', 'screen', 'group', 'alias') and ({where}) order by seq")

    def sign_in(self):
        """A token for the management side."""
        if not self.token:
            r = self.call("POST", "/api/session", json.dumps({"user": "admin", "password": self.password}), {"Content-Type": "application/json"})
            self.token = r.json["token"]
        return {"Authorization": "Bearer " + self.token}

    def get(self, path):
        """A management question."""
        return self.call("GET", path, headers=self.sign_in())

    def say(self, method, path, body):
        """A management call that changes something."""
        return self.call(method, path, json.dumps(body), {"Content-Type": "application/json", **self.sign_in()})

    def token_of(self, purpose, message=b"\0" * 16, profile=0, target=b"", key=None):
        """A link's token, made as src/channel/token.c makes it."""
        data = purpose.encode() + message + profile.to_bytes(4, "little") + target
        mac = hashlib.blake2b(data, digest_size=16, key=key or bytes.fromhex(self.keys["token_key"]), person=b"perennial link " + purpose.encode()).digest()
        return base64.urlsafe_b64encode(data + mac).decode().rstrip("=")

    def lives(self):
        """The process runs and takes a good call."""
        self.alive_n = getattr(self, "alive_n", 0) + 1
        name = f"Alive {self.alive_n}"
        r = self.track("/v1/track", {"userId": "alive", "event": name, "messageId": name})
        return self.process.poll() is None and r.status == 200 and r.json.get("success") is True


def until(question, seconds=10.0):
    """Asks again until the answer is true; returns the last answer."""
    end = time.monotonic() + seconds
    while not (answer := question()) and time.monotonic() < end:
        time.sleep(0.05)
    return answer

"""What the tests of the command line share: a folder of its own, the program, a made-up shop; TAP and the live server come from tests/http."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "http"))
from live import ROOT, SHARED, Server, Tap, skip_all, until  # noqa: E402,F401

PERENNIAL = os.path.abspath(os.environ.get("PERENNIAL") or os.path.join(ROOT, "build", "perennial"))
SANITIZED = os.path.abspath(os.environ.get("PERENNIAL_SANITIZED") or PERENNIAL)
BUILD = os.environ.get("PERENNIAL_RELEASE_BUILD") or os.path.dirname(PERENNIAL)
if not os.access(PERENNIAL, os.X_OK):
    skip_all(f"there is no {PERENNIAL}; script/build makes it")


class Folder:
    """A temporary folder as the working directory; gone at the end. Hostile input goes to the sanitized program."""

    def __init__(self, program=PERENNIAL):
        self.program = program

    def __enter__(self):
        self.path = tempfile.mkdtemp(prefix="perennial-cli-")
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.path, ignore_errors=True)

    def at(self, *names):
        """A path in it."""
        return os.path.join(self.path, *names)

    def write(self, name, content):
        """A file in it; text or bytes."""
        path = self.at(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as f:
            f.write(content if isinstance(content, bytes) else content.encode())
        return path

    def run(self, *words, stdin=None, timeout=120):
        """perennial with these words; returns the finished process with its texts."""
        return subprocess.run([self.program, *words], cwd=self.path, capture_output=True, text=True, errors="replace", input=stdin, timeout=timeout,
                              check=False)

    def json(self, *words, **more):
        """The same with --json; what it printed, parsed. {} and a sign when it is none."""
        r = self.run(*words, "--json", **more)
        try:
            return json.loads(r.stdout)
        except ValueError:
            return {"no json": r.stdout, "stderr": r.stderr, "exit": r.returncode}

    def sql(self, workspace, question):
        """Rows as objects."""
        return self.json("sql", workspace, question)

    def lines(self, *words):
        """One JSON object a line."""
        return [json.loads(line) for line in self.run(*words).stdout.splitlines()]

    def shop(self, name, visitors=60, days=60, seed=3, ending="now"):
        """A made-up shop's calls as a file of NDJSON."""
        made = subprocess.run([os.path.join(BUILD, "bench", "simulate-shop"), "--seed", str(seed), "--visitors", str(visitors), "--days", str(days),
                               "--ending", ending], capture_output=True, check=True).stdout
        self.write(name, made)
        return [json.loads(line) for line in made.splitlines()]


class Serving:
    """`perennial serve` over a workspace that is there already."""

    def __init__(self, folder, workspace, program=PERENNIAL):
        self.folder, self.workspace, self.program = folder, workspace, program

    def __enter__(self):
        self.process = subprocess.Popen([self.program, "serve", self.workspace, "--listen", "127.0.0.1:0"], cwd=self.folder.path,
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
        self.said = ""
        for line in self.process.stdout:
            self.said += line
            if "Stop with" in line:
                break
        found = re.search(r"http://127\.0\.0\.1:(\d+)/", self.said)
        if not found:
            raise RuntimeError("the server did not start:\n" + self.said)
        self.port = int(found.group(1))
        password = re.search(r"password (\S+)", self.said)
        self.password = password.group(1) if password else None
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.code = self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.code = self.process.wait()
        self.process.stdout.close()


def is_sentence(text, of="perennial"):
    """Something that a person can read and that says who speaks."""
    return text.startswith(of) and 20 < len(text) < 2000 and text.endswith("\n")

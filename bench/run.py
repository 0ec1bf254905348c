"""Benchmarks, as ratios in one run.   run.py [NAME…] [--write]

Every bench prints `name: value` lines; ratios are held against the limit or peer that the design names. --write appends the
figures to bench/RESULTS.md with date, commit and the machine's fdatasync time."""
import datetime
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
BUILD = ROOT / "build"
PERENNIAL = BUILD / "perennial"
SCALE = float(os.environ.get("PERENNIAL_BENCH_SCALE", "1"))  # of the numbers of calls


def calls(n):
    return str(max(2000, int(n * SCALE)))


def figures(text):
    """name: value lines as a dictionary of numbers."""
    out = {}
    for line in text.splitlines():
        name, _, value = line.partition(": ")
        try:
            out[name] = float(value)
        except ValueError:
            pass
    return out


def tool(name, *arguments):
    r = subprocess.run([str(BUILD / "bench" / name), *map(str, arguments)], capture_output=True, text=True)
    if r.returncode:
        raise SystemExit(f"bench/{name} failed: {r.stdout[-500:]}{r.stderr[-500:]}")
    return figures(r.stdout)


class Server:
    """A workspace of its own, served."""

    def __init__(self, folder, program="retail"):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.dir = self.folder / "workspace"
        starter = "retail" if program == "empty" else program
        subprocess.run([PERENNIAL, "init", self.dir, "--program", starter], check=True, capture_output=True)
        if program == "empty":
            self.make_empty()
        keys = json.loads((self.dir / "keys.json").read_text())["keys"]
        self.key = next(k["key"] for k in keys if k["trust"] == "server")
        self.start()

    def make_empty(self):
        """The same settings, vocabulary and policy, but no segment, model, journey or goal."""
        program = self.dir / "program"
        for name in ("journeys", "lifecycle", "templates"):
            shutil.rmtree(program / name)
        for name in ("segments.yaml", "goals.yaml", "evidence.yaml", "catalogue.yaml", "people.yaml", "policy.yaml"):
            (program / name).unlink(missing_ok=True)
        (program / "program.yaml").write_text("program: empty\nmarket: b2c\nregion: EU\nzone: Europe/Berlin\ncurrency: EUR\nlocales: [en]\n")
        (program / "lifecycle").mkdir()
        (program / "lifecycle" / "one.yaml").write_text(
            "lifecycle: one\nlabel:\n  en: One\nstages:\n  - stage: known\n    when: everyone\n")
        (program / "templates" / "partials").mkdir(parents=True)
        (program / "templates" / "partials" / "none.txt").write_text("")
        text = (program / "program.yaml").read_text() + "lifecycles: [one]\nprimary lifecycle: one\n"
        (program / "program.yaml").write_text(text)
        subprocess.run([PERENNIAL, "apply", self.dir], check=True, capture_output=True)

    def start(self):
        begun = time.monotonic()
        self.log = open(self.folder / "serve.log", "a+")
        self.process = subprocess.Popen([PERENNIAL, "serve", self.dir, "--listen", "127.0.0.1:0"], stdout=self.log, stderr=self.log)
        while True:
            text = (self.folder / "serve.log").read_text()
            at = text.rfind("http://127.0.0.1:")
            if at >= 0 and "\n" in text[at:]:
                self.port = int(text[at:].split(":")[2].split("/")[0])
                return time.monotonic() - begun
            if self.process.poll() is not None:
                raise SystemExit(f"the server did not start: {text[-500:]}")
            time.sleep(0.01)

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        (self.folder / "serve.log").write_text("")

    def stop(self):
        self.process.terminate()
        self.process.wait()

    def load(self, **options):
        arguments = ["--port", self.port, "--key", self.key]
        for name, value in options.items():
            arguments += [f"--{name}", value]
        return tool("load", *arguments)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.stop()


def bench_ingest(tmp):
    raw = tool("raw", tmp, "--calls", calls(1_000_000))
    yield from raw.items()
    with Server(pathlib.Path(tmp) / "retail") as s:
        s.load(calls=calls(100_000), seed=7)  # warm
        batch = s.load(calls=calls(1_000_000), connections=8, visitors=100000)
        yield "ingest_batch_events_per_s", batch["events_per_s"]
        yield "ingest_batch_p99_ms", batch["p99_ms"]
        yield "ingest_batch_to_raw_append", batch["events_per_s"] / raw["raw_append_events_per_s"]
        single = s.load(calls=calls(300_000), batch=1, connections=64, seed=3)
        yield "ingest_single_per_s", single["events_per_s"]
        yield "ingest_single_p99_ms", single["p99_ms"]
    with Server(pathlib.Path(tmp) / "empty", "empty") as s:
        s.load(calls=calls(100_000), seed=7)
        batch = s.load(calls=calls(1_500_000), connections=8)
        yield "ingest_batch_empty_events_per_s", batch["events_per_s"]
        yield "ingest_batch_empty_p99_ms", batch["p99_ms"]
        yield "ingest_batch_empty_to_raw_append", batch["events_per_s"] / raw["raw_append_events_per_s"]
    p = subprocess.Popen([BUILD / "bench" / "constant", "0"], stdout=subprocess.PIPE, text=True)
    port = int(p.stdout.readline())
    constant = tool("load", "--port", port, "--key", "k", "--batch", 1, "--calls", calls(300_000), "--connections", 64)
    p.terminate()
    yield "constant_per_s", constant["events_per_s"]
    yield "ingest_single_to_constant", single["events_per_s"] / constant["events_per_s"]
    yield "ingest_single_times_fdatasync_per_connection", single["events_per_s"] * raw["fdatasync_ms"] / 1000 / 64


def bench_written(tmp):
    """Bytes written to disk for each byte of event text, at a hundred single calls a second."""
    with Server(tmp) as s:
        before = int(pathlib.Path(f"/proc/{s.process.pid}/io").read_text().split("write_bytes: ")[1].split()[0])
        n = int(calls(1000))
        s.load(calls=n, batch=1, connections=4, rate=100)
        time.sleep(1)
        after = int(pathlib.Path(f"/proc/{s.process.pid}/io").read_text().split("write_bytes: ")[1].split()[0])
        yield "written_bytes_per_event", (after - before) / n
        yield "written_to_text", (after - before) / n / 230


def bench_fold(tmp):
    yield from tool("fold", "--calls", calls(400_000), "--visitors", calls(40_000)).items()
    empty = tool("fold", "--calls", calls(400_000), "--visitors", calls(40_000), "--program", "none")
    yield "fold_empty_events_per_s", empty["fold_events_per_s"]
    yield "fold_empty_bytes_per_profile", empty["bytes_per_profile"]


def bench_alarms(tmp):
    yield from tool("alarms", "--people", calls(1_000_000)).items()


def bench_start(tmp):
    """Start after a kill: how long until it serves again."""
    with Server(tmp) as s:
        load = s.load(calls=calls(1_000_000), connections=8, visitors=calls(100_000))
        time.sleep(1)
        s.kill()
        yield "events", load["acknowledged"]
        yield "start_after_kill_s", s.start()


def bench_backfill(tmp):
    """A new segment over a long log: how long `apply` takes, and what single calls feel meanwhile."""
    with Server(tmp) as s:
        s.load(calls=calls(1_000_000), connections=8, visitors=calls(100_000))
        segments = s.dir / "program" / "segments.yaml"
        segments.write_text(segments.read_text() +
                            '\n---\nsegment: bench_new\nlabel: New\nwhen: count "Product Viewed" where (price > 50) last 20d >= 2\n')
        single = subprocess.Popen([BUILD / "bench" / "load", "--port", str(s.port), "--key", s.key, "--batch", "1", "--connections", "8",
                                   "--calls", calls(20_000), "--rate", "4000", "--seed", "5"], stdout=subprocess.PIPE, text=True)
        begun = time.monotonic()
        subprocess.run([PERENNIAL, "apply", s.dir], check=True, capture_output=True)
        yield "backfill_s", time.monotonic() - begun
        yield "backfill_single_p99_ms", figures(single.communicate()[0]).get("p99_ms", -1)


BENCHES = {"ingest": bench_ingest, "fold": bench_fold, "alarms": bench_alarms, "written": bench_written, "start": bench_start, "backfill": bench_backfill}


def commit():
    r = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True)
    return r.stdout.strip() or "?"


def main():
    names = [a for a in sys.argv[1:] if not a.startswith("-")] or list(BENCHES)
    lines = []
    for name in names:
        if name not in BENCHES:
            raise SystemExit(f"there is no bench {name}; there are {', '.join(BENCHES)}")
        with tempfile.TemporaryDirectory(prefix="perennial-bench-") as tmp:
            for key, value in BENCHES[name](tmp):
                line = f"{key}: {value:.3f}".rstrip("0").rstrip(".")
                print(line, flush=True)
                lines.append((name, line))
    if "--write" in sys.argv:
        with open(ROOT / "bench" / "RESULTS.md", "a") as out:
            out.write(f"\n## {datetime.date.today()}, {commit()}, scale {SCALE:g}, {os.cpu_count()} cores\n\n```\n")
            out.writelines(f"{name:9} {line}\n" for name, line in lines)
            out.write("```\n")


main()

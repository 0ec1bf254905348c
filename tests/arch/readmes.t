#!/usr/bin/env python3
"""Each module of src has a README of at most 40 lines; what the documents name is there: commands, scripts, files, tests."""

import glob
import os
import re
import subprocess
import sys

os.chdir(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
PERENNIAL = os.environ.get("PERENNIAL") or "build/perennial"
n = bad = 0


def ok(good, name, more=""):
    """One test point."""
    global n, bad
    n += 1
    bad += not good
    print(f"{'ok' if good else 'not ok'} {n} - {name}")
    if not good:
        print("# " + str(more).replace("\n", "\n# "))


# Headers that the build writes.
generated = re.findall(r"'(\w+\.h)'", "".join(open(f, encoding="utf-8").read() for f in glob.glob("src/*/meson.build")))
for module in sorted(glob.glob("src/*/")):
    readme = module + "README.md"
    lines = open(readme, encoding="utf-8").read().splitlines() if os.path.exists(readme) else []
    ok(0 < len(lines) <= 40, f"{readme} has at most 40 lines", len(lines))
    missing = [f for f in re.findall(r"`([a-z_]+\.[ch])`", "\n".join(lines)) if not glob.glob("src/*/" + f) and f not in generated]
    ok(not missing, f"{readme} names files that are there", missing)

# What `script/bench` writes when it is asked.
written = ["bench/RESULTS.md"]
documents = sorted(f for f in glob.glob("*.md") + glob.glob("docs/*.md") + glob.glob("tests/**/README.md", recursive=True) if f != "CHANGELOG.md")
for name in ("README.md", "ARCHITECTURE.md", "HACKING.md", "CHANGELOG.md", "LICENSE", "docs/reliability.md"):
    ok(os.path.exists(name), f"{name} is there")

known = set(re.findall(r"^  (\w+) ", subprocess.run([PERENNIAL, "help"], capture_output=True, text=True, check=False).stdout, re.M))
for name in documents:
    text = open(name, encoding="utf-8").read()
    used = set(re.findall(r"(?:^|[`$ /])perennial ([a-z]+)(?= [a-zA-Z.~/\"'<-]|`)", "\n".join(
        line for line in text.splitlines() if line.startswith("    ") or "`" in line or line.startswith("$"))))
    ok(used <= known, f"{name}: the commands that it names exist", sorted(used - known))
    options = []
    for command, rest in re.findall(r"perennial ([a-z]+) ([^`\n#]*)", text):
        if command in known:
            said = subprocess.run([PERENNIAL, command, "--help"], capture_output=True, text=True, check=False).stdout
            options += [f"{command} {o}" for o in re.findall(r"--[a-z][a-z-]*", rest) if o not in said]
    ok(not options, f"{name}: the options that it names exist", options)
    gone = [p for p in re.findall(r"`((?:src|tests|docs|script|programs|bench|schema)/[A-Za-z0-9_./-]+)`", text) if "NAME" not in p and p not in written and not os.path.exists(p)]
    gone += [p for p in re.findall(r"\]\((?!http|#)([^)#]+)", text) if not os.path.exists(os.path.join(os.path.dirname(name), p))]
    ok(not gone, f"{name}: the files that it names are there", gone)
print(f"1..{n}")
sys.exit(bad != 0)

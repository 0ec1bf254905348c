"""The closing line of a test run, from what prove printed: N passed, N failed."""
import re
import sys

text = open(sys.argv[1], errors="replace").read()
total = re.search(r"^Files=\d+, Tests=(\d+),", text, re.M)
failed = sum(int(n) for n in re.findall(r"\(Wstat: .*? Tests: \d+ Failed: (\d+)\)", text))
died = len(re.findall(r"^Test Summary Report", text, re.M)) and len(re.findall(r"\(Wstat: [1-9]\d* .*?Failed: 0\)|Parse errors:", text))
tests = int(total.group(1)) if total else 0
failed += died or 0
print(f"{max(tests - failed, 0)} passed, {failed} failed")
sys.exit(1 if failed or not tests else 0)

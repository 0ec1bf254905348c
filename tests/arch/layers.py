#!/usr/bin/env python3
"""The layers of src/layers.txt as TAP: who includes whom, what core objects may call, that each header stands alone,
and which calls are banned.   tests/arch/layers.py [BUILD_DIR]"""
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
SRC = ROOT / "src"
CORE_ENDS_WITH = "engine"  # the lines of layers.txt up to this one are pure

# Symbols of the system that pure code may use. All else (time, files, sockets, randomness) comes in as arguments.
PURE = re.compile(
    r"^(mem\w+|str\w+|__str\w+_chk|__mem\w+_chk|malloc|calloc|realloc|reallocarray|free|abort|qsort|qsort_r|bsearch|"
    r"v?snprintf|__v?snprintf_chk|__sprintf_chk|sprintf|fprintf|__fprintf_chk|stderr|fputs|fputc|fwrite|strtod|"
    r"__isoc99_\w+|__stack_chk_fail|_GLOBAL_OFFSET_TABLE_|__assert_fail|__tls_get_addr|pthread_mutex_\w+|"
    r"u_\w+|utf8_\w+|yaml_\w+|XXH\w+|crypto_\w+|sodium_\w+|roaring_\w+|ra_\w+|lz4\w*|LZ4\w*|ZSTD_\w+|GLIBC\w*|"
    r"__asan\w*|__ubsan\w*|__ctype\w+|toupper|tolower|isalpha|isdigit|isspace|setjmp|_setjmp|longjmp|__longjmp_chk|"
    r"round|floor|ceil|fmod|pow|log|exp|sqrt|idn2_\w+|_Z\w+|__gxx\w+|__cxa\w+|_Unwind\w+|DW\.ref\S+|__errno_location|"
    r"__popcountdi2|__divti3|__udivti3|__modti3|__umodti3|pthread_once)$")
# clock.c is base's door to the system; it may ask for time, randomness and zone files. assert.c and alloc.c may end the process.
DOORS = {"clock.c.o"}

BANNED = re.compile(r"(?<![\w.>])(strcpy|strcat|sprintf|gets|localtime|gmtime|ctime|asctime|rand|srand|strtok|atoi|atof|system)\s*\(")
BANNED_EXCEPTIONS = {"base/str.c": {"sprintf"}}  # may only shrink


def layers():
    rank, order = {}, []
    for line in (SRC / "layers.txt").read_text().splitlines():
        words = line.split("#")[0].split()
        if words:
            for w in words:
                rank[w] = len(order)
            order.append(words)
    return rank, order


def sources(*endings):
    return sorted(f for e in endings for f in SRC.glob(f"*/**/*{e}"))


def check_includes(rank):
    bad = []
    for f in sources(".c", ".h", ".cc"):
        me = f.relative_to(SRC).parts[0]
        if me not in rank:
            bad.append(f"{f.relative_to(ROOT)}: module {me} is not in layers.txt")
            continue
        for n, line in enumerate(f.read_text().splitlines(), 1):
            m = re.match(r'\s*#\s*include\s+"([^"/]+)/([^"]+)"', line)
            if not m:
                continue
            dep, header = m.groups()
            where = f"{f.relative_to(ROOT)}:{n}"
            if dep not in rank:
                bad.append(f"{where}: unknown module {dep}")
            elif dep != me and rank[dep] >= rank[me]:
                bad.append(f"{where}: {me} must not include {dep}/{header}")
            elif dep != me and header.endswith("_priv.h"):
                bad.append(f"{where}: {dep}/{header} is private to {dep}")
    return bad


def check_banned():
    bad = []
    for f in sources(".c", ".cc"):
        name = str(f.relative_to(SRC))
        text = re.sub(r"/\*.*?\*/|//[^\n]*|\"(\\.|[^\"\\])*\"", lambda m: re.sub(r"[^\n]", " ", m.group()), f.read_text(), flags=re.S)
        for n, line in enumerate(text.splitlines(), 1):
            for m in BANNED.finditer(line):
                if m.group(1) not in BANNED_EXCEPTIONS.get(name, ()):
                    bad.append(f"src/{name}:{n}: {m.group(1)}() is banned")
    return bad


def check_headers(build):
    bad = []
    with tempfile.TemporaryDirectory() as tmp:
        for f in sources(".h"):
            unit = pathlib.Path(tmp) / "one.c"
            unit.write_text(f'#include "{f.relative_to(SRC)}"\n')
            r = subprocess.run(["gcc", "-std=gnu17", "-D_GNU_SOURCE", f"-I{SRC}", f"-I{build}/src", "-fsyntax-only", str(unit)],
                               capture_output=True, text=True)
            if r.returncode:
                bad.append(f"src/{f.relative_to(SRC)} does not compile alone: " + r.stderr.splitlines()[0])
    return bad


def check_symbols(build, order):
    bad, core = [], []
    for words in order:
        core += words
        if CORE_ENDS_WITH in words:
            break
    for module in core:
        for obj in sorted((build / "src" / module).glob("*.p/*.o")):
            if obj.name in DOORS:
                continue
            ours = subprocess.run(["nm", "-u", "--format=just-symbols", str(obj)], capture_output=True, text=True).stdout.split()
            for symbol in ours:
                symbol = symbol.split("@")[0]
                if not PURE.match(symbol) and symbol not in DEFINED(build):
                    bad.append(f"{module}/{obj.name} calls {symbol}")
    return bad


_defined = None


def DEFINED(build):
    """Every symbol that the core's own objects define."""
    global _defined
    if _defined is None:
        _defined = set()
        for obj in (build / "src").glob("*/*.p/*.o"):
            if obj.parent.parent.name in ("store", "net", "log", "ingest", "channel", "measure", "runtime", "api", "cli"):
                continue
            if obj.name in DOORS:
                continue
            out = subprocess.run(["nm", "--defined-only", "--format=just-symbols", str(obj)], capture_output=True, text=True).stdout
            _defined |= set(out.split())
    return _defined


def main():
    rank, order = layers()
    build = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "build")  # store/sql.h is made by the build
    checks = [("modules include only what stands below them", check_includes(rank)),
              ("nobody calls what is banned", check_banned()),
              ("every header compiles alone", check_headers(build))]
    if build.is_dir():
        checks.append(("the core asks the system for nothing", check_symbols(build, order)))
    for n, (name, bad) in enumerate(checks, 1):
        for line in bad:
            print("# " + line)
        print(f"{'not ok' if bad else 'ok'} {n} - {name}")
    print(f"1..{len(checks)}")
    return any(bad for _, bad in checks)


if __name__ == "__main__":
    sys.exit(main())

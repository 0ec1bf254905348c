#!/usr/bin/env python3
"""Writes the shipped programs as one C table: embed.py OUT.c DEPFILE PROGRAMS_DIR.

Paths are those below programs/, in order of their bytes, so that the table can be searched and is the same everywhere."""
import os
import sys

KEPT = (".yaml", ".html", ".txt", ".tsv")


def files_below(root):
    for folder, folders, names in os.walk(root):
        folders.sort()
        for name in sorted(names):
            if name.endswith(KEPT):
                yield os.path.relpath(os.path.join(folder, name), root)


def literal(data):
    """C text of the bytes, broken at line ends; no trigraphs, no escapes that run into the next sign."""
    plain = {10: "\\n", 9: "\\t", 34: '\\"', 92: "\\\\", 63: "\\?"}
    line, out = "", []
    for byte in data:
        line += plain.get(byte) or (chr(byte) if 32 <= byte < 127 else f"\\{byte:03o}")
        if byte == 10 or len(line) > 400:
            out.append(f'\t"{line}"')
            line = ""
    if line or not out:
        out.append(f'\t"{line}"')
    return "\n".join(out)


def main(out_path, dep_path, root):
    paths = sorted(files_below(root), key=lambda p: p.encode())
    with open(out_path, "w") as out:
        out.write('/* Made by programs/embed.py. */\n#include "program/embedded.h"\n\n')
        out.write("const struct embedded_file embedded_files[] = {\n")
        for path in paths:
            with open(os.path.join(root, path), "rb") as f:
                data = f.read()
            out.write(f'{{"{path}",\n{literal(data)}\n\t, {len(data)}}},\n')
        out.write("};\nconst size_t n_embedded_files = COUNT(embedded_files);\n")
    # The folders too: a new file changes their time.
    watched = [os.path.join(root, p) for p in paths] + [folder for folder, _, _ in os.walk(root)]
    with open(dep_path, "w") as dep:
        dep.write(f"{out_path}: " + " ".join(p.replace(" ", "\\ ") for p in watched) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])

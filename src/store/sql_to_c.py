#!/usr/bin/env python3
"""Turns schema.sql and queries.sql into a C header: SCHEMA_SQL, and QUERIES(X) with X(NAME, "name", "SQL") a statement."""
import re
import sys

schema, queries, out = sys.argv[1:4]


def literal(text):
    lines = [line for line in text.split("\n") if line.strip()]
    quoted = ['"' + l.replace("\\", "\\\\").replace('"', '\\"') + '\\n"' for l in lines]
    return " ".join(quoted) or '""'


def bare(text):
    """Comments out: the statements are prepared at every start, the schema stays readable in sqlite_schema."""
    return re.sub(r"--[^\n]*", "", text)


with open(schema) as f:
    schema_text = f.read()
with open(queries) as f:
    parts = re.split(r"^-- name: (\w+)\s*$", f.read(), flags=re.M)[1:]

with open(out, "w") as f:
    f.write("/* made by sql_to_c.py from schema.sql and queries.sql */\n#pragma once\n")
    f.write("#define SCHEMA_SQL \\\n")
    f.write(" \\\n".join(literal(line) for line in schema_text.split("\n") if line.strip()))
    f.write("\n\n#define QUERIES(X)")
    for name, sql in zip(parts[0::2], parts[1::2]):
        f.write(' \\\n\tX(%s, "%s", %s)' % (name.upper(), name, literal(bare(sql).strip())))
    f.write("\n")

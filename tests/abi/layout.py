# SPDX-License-Identifier: MIT
"""Compares the layout of public structs with the stored layout.txt: offsets and types of members do not change, and new
members are appended. Every struct starts with `size_t size` and has no padding.

usage: layout.py ROOT 'C compiler' [--write]     (--write stores the present layout, after a review)
"""
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile

import checks

STRUCT = re.compile(r"typedef struct (genlat_\w+)\s*\{(.*?)\}\s*genlat_\w+\s*;", re.S)


def members(body):
    """(name, declaration) of every member of a struct."""
    found = []
    for part in (" ".join(p.split()) for p in body.split(";")):
        if not part:
            continue
        callback = re.search(r"\(\*\s*(\w+)\s*\)", part)
        if callback:
            found.append((callback.group(1), part))
            continue
        kind, names = re.match(r"((?:const |unsigned |struct )*\w+(?: const)?(?=[\s*]))(.*)", part).groups()
        for name in names.split(","):
            plain = re.search(r"(\w+)\s*(\[[^\]]*\])?$", name)
            found.append((plain.group(1), f"{kind} {name.strip()}"))
    return found


def structs(root):
    found = []
    for header in checks.public_headers(root):
        for name, body in STRUCT.findall(checks.without_comments(header.read_text())):
            found.append((name, members(body)))
    return sorted(found)


def measure(root, compiler, found):
    """name, member, offset and bytes of all members according to the compiler; '(all)' has the size of the struct."""
    rows = []
    for name, fields in found:
        rows += [f'    row("{name}", "{field}", offsetof({name}, {field}), sizeof(((({name} *)0))->{field}));'
                 for field, _ in fields]
        rows.append(f'    row("{name}", "(all)", 0, sizeof({name}));')
    includes = "\n".join(f'#include "genlat/{header.name}"' for header in checks.public_headers(root))
    text = (f"{includes}\n#include <stdio.h>\n"
            "static void row(const char *s, const char *m, size_t at, size_t n)\n"
            '{ printf("%s %s %zu %zu\\n", s, m, at, n); }\n'
            "int main(void)\n{\n" + "\n".join(rows) + "\n    return 0;\n}\n")
    with tempfile.TemporaryDirectory() as folder:
        source, program = pathlib.Path(folder) / "layout.c", pathlib.Path(folder) / "layout"
        source.write_text(text)
        subprocess.run([*shlex.split(compiler), "-std=c11", "-I", str(root / "include"), str(source), "-o",
                        str(program)], check=True)
        return [line.split() for line in checks.run(str(program)).splitlines()]


def check_struct(report, name, fields, rows):
    if fields[0] != ("size", "size_t size"):
        report.fail(name, "does not start with size_t size")
    used = sum(int(row[3]) for row in rows if row[1] != "(all)")
    total = int(rows[-1][3])
    if used != total:
        report.fail(name, f"has {total - used} bytes of padding")


def compare(report, stored, lines):
    """Stored lines must not change; the size of a struct may grow."""
    now = dict(line.rsplit(" : ", 1) for line in lines)
    for line in stored:
        key, value = line.rsplit(" : ", 1)
        if key not in now:
            report.fail(key, "is missing")
        elif "(all)" not in key and now[key] != value:
            report.fail(key, f"was '{value}', is '{now[key]}'")
        elif "(all)" in key and int(now[key].split()[1]) < int(value.split()[1]):
            report.fail(key, "has shrunk")
    for key in now.keys() - {line.rsplit(" : ", 1)[0] for line in stored}:
        report.fail(key, "is not in layout.txt; after a review, run layout.py with --write")


def main():
    root, report = pathlib.Path(sys.argv[1]), checks.Report()
    found, lines = structs(root), []
    rows = measure(root, sys.argv[2], found)
    for name, fields in found:
        mine = [row for row in rows if row[0] == name]
        check_struct(report, name, fields, mine)
        types = dict(fields)
        for _, member, at, size in mine:
            lines.append(f"{name} {member} : at {at} bytes {size} {types.get(member, '')}".rstrip()
                         if member != "(all)" else f"{name} (all) : bytes {size}")
    baseline = root / "tests/abi/layout.txt"
    if "--write" in sys.argv:
        baseline.write_text("\n".join(lines) + "\n")
    compare(report, baseline.read_text().splitlines(), lines)
    report.finish(len(found), "public structs")


main()

# SPDX-License-Identifier: MIT
"""Every pair of a public function and a struct that starts with its size has a row in tests/promises/test_sizes.c,
which calls it as older and newer programs do; so has every reserved member of options.

The functions *_init_sized are tested by options.py. A struct that the library alone fills must be named in a test of
its size: `->size, sizeof(genlat_event)`.

usage: sizes.py ROOT
"""
import pathlib
import re
import sys

import checks

STRUCT = re.compile(r"typedef struct (genlat_\w+)\s*\{\s*size_t size;(.*?)\}\s*genlat_\w+\s*;", re.S)
ROW = re.compile(r"\b(OPTIONS|TABLE|RESULT|SETTER|RESERVED)\((genlat_\w+), (genlat_\w+), (\w+)[,)]")
NESTED = re.compile(r'\{"(genlat_\w+)", "(genlat_\w+)",')


def structs(headers):
    """Names with their members."""
    found = {}
    for text in headers:
        for name, body in STRUCT.findall(text):
            found[name] = re.findall(r"(\w+)(?:\[\w+\])?;|\(\*(\w+)\)", body)
            found[name] = [plain or callback for plain, callback in found[name]]
    return found


def pairs(headers, known):
    """(function, struct, whether the function only reads it)."""
    for text in headers:
        for name, raw in re.findall(r"GENLAT_API[^;]*?\b(genlat_\w+)\s*\(([^;]*)\)\s*;", text, re.S):
            for part in raw.split(","):
                found = re.fullmatch(r"(const )?(genlat_\w+) ?\* ?\w+", " ".join(part.split()))
                if found and found.group(2) in known and not name.endswith("_init_sized"):
                    yield name, found.group(2), bool(found.group(1))


def main():
    root, report = pathlib.Path(sys.argv[1]), checks.Report()
    headers = [checks.without_comments(header.read_text()) for header in checks.public_headers(root)]
    place = root / "tests/promises/test_sizes.c"
    rows = ROW.findall(checks.without_comments(place.read_text()))
    known = structs(headers)
    wanted, named = 0, {struct for _, _, struct, _ in rows} | {s for _, s in NESTED.findall(place.read_text())}
    for function, struct, reads in pairs(headers, known):
        wanted += 1
        kinds = {kind for kind, name, of, _ in rows if (name, of) == (function, struct)}
        if not kinds & ({"OPTIONS", "TABLE"} if reads else {"RESULT", "SETTER"}):
            report.fail(function, f"has no row for {struct} in {place.name}")
        for member in [m for m in known[struct] if reads and m.startswith("reserved")]:
            if ("RESERVED", function, struct, member) not in rows:
                report.fail(function, f"has no row RESERVED for the member {member} of {struct} in {place.name}")
    for kind, function, struct, member in rows:
        if kind != "RESERVED" and struct in known and member != known[struct][-1]:
            report.fail(function, f"the last member of {struct} is {known[struct][-1]}, {place.name} has {member}")
    tests = "".join(path.read_text() for path in checks.sources(root, "tests"))
    for struct in set(known) - named:
        if not re.search(rf"size, sizeof\({struct}\)", tests):
            report.fail(struct, "is in no test of sizes")
    report.finish(wanted, "pairs of a function and a struct")


main()

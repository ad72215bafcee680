# SPDX-License-Identifier: MIT
"""Sizes, names and forbidden words in the source text."""
import pathlib
import re
import statistics
import sys

import checks

MOST_LINES, MEDIAN, USUAL, MOST_BODY = 600, 15, 50, 80


def check_opening(report, where, text):
    if not text.startswith("/* SPDX-License-Identifier: MIT */\n"):
        report.fail(where, "does not start with the license line")
    elif not re.match(r"/\*", text.split("\n", 1)[1]):
        report.fail(where, "does not begin with a comment that describes it")
    if "\r" in text or "\t" in text or re.search(r"[ ]\n", text) or not text.endswith("\n"):
        report.fail(where, "has tabs, carriage returns, trailing spaces, or no final newline")


def check_words(report, where, text):
    code = checks.without_strings(checks.without_comments(text))
    if re.search(r"\b(TODO|FIXME|XXX|HACK)\b", text):
        report.fail(where, "says TODO, FIXME, XXX or HACK")
    for name in re.findall(r"\}\s*(\w+_t)\s*;|typedef\s[^;{]*\b(\w+_t)\s*;", code):
        report.fail(where, f"type {''.join(name)} ends in _t, which belongs to POSIX")
    if str(where).startswith("lib"):
        for word in re.findall(r"\b(printf|puts|putchar|perror|abort|exit|_exit|system|setlocale|signal)\s*\(", code):
            report.fail(where, f"calls {word}()")
        if "cblas.h" in text and re.search(r"#\s*include\s*[<\"]cblas.h", text) and str(where) != "lib/kernel/gemm.c":
            report.fail(where, "includes cblas.h, expected only in lib/kernel/gemm.c")


def check_public_names(report, header):
    code = checks.without_strings(checks.without_comments(header.read_text()))
    for name in re.findall(r"#\s*define\s+(\w+)", code):
        if not name.startswith("GENLAT_") and not re.fullmatch(r"genlat_\w+_init", name):
            report.fail(header.name, f"macro {name} is not GENLAT_*")
    types = re.findall(r"typedef\s+(?:struct|enum|union)?[^;{]*?\b(\w+)\s*;", code)
    for name in types + re.findall(r"\}\s*(\w+)\s*;", code):
        if not name.startswith("genlat_"):
            report.fail(header.name, f"type {name} is not genlat_*")
    code = re.sub(r"^\s*#(?:.*\\\n)*.*$", "", code, flags=re.M)
    for enum in re.findall(r"\benum\b[^{;]*\{(.*?)\}", code, re.S):
        for name in re.findall(r"(?:^|,|\n)\s*([A-Za-z_]\w*)\s*(?:=|,|$)", enum):
            if not name.startswith("GENLAT_"):
                report.fail(header.name, f"constant {name} is not GENLAT_*")


def check_lengths(report, bodies):
    lengths = sorted(length for _, _, length in bodies)
    usual = sum(length <= USUAL for length in lengths) / len(lengths)
    if statistics.median(lengths) > MEDIAN:
        report.fail("lib", f"the median function has {statistics.median(lengths)} lines, at most {MEDIAN} expected")
    if usual < 0.9:
        report.fail("lib", f"{usual:.0%} of the functions have at most {USUAL} lines, expected 90%")
    for where, name, length in bodies:
        if length > MOST_BODY:
            report.fail(where, f"{name} has {length} lines")
    print(f"{len(lengths)} functions: median {statistics.median(lengths):g} lines, {usual:.1%} up to {USUAL}, "
          f"longest {lengths[-1]}")


def main():
    root, report, bodies, checked = pathlib.Path(sys.argv[1]), checks.Report(), [], 0
    for path in checks.sources(root, "include", "lib", "examples", "tests"):
        where, text = path.relative_to(root), path.read_text()
        checked += 1
        check_opening(report, where, text)
        check_words(report, where, text)
        if text.count("\n") > MOST_LINES:
            report.fail(where, f"has {text.count(chr(10))} lines, at most {MOST_LINES} expected")
        if where.parts[0] == "lib":
            bodies += [(f"{where}:{line}", name, length) for name, line, length in checks.functions(path)]
    for header in checks.public_headers(root):
        check_public_names(report, header)
    check_lengths(report, bodies)
    report.finish(checked, "files")


main()

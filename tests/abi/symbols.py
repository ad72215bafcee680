# SPDX-License-Identifier: MIT
"""The built library. Its exported symbols are those of the version script and of the public headers. Its global names
have the prefix of the library. It does not call itself through the PLT, has no writable globals, does not print or end
the process, and is small.

usage: symbols.py ROOT LIBRARY.so [ARCHIVE.a]    (the archive holds the same objects, private names visible)
"""
import os
import pathlib
import re
import sys
import tempfile

import checks

MOST_BYTES = 1_600_000
FORBIDDEN = {"printf", "vprintf", "puts", "putchar", "perror", "abort", "exit", "_exit", "quick_exit", "system",
             "setlocale", "signal", "sigaction", "rand", "srand", "random", "stdout", "stderr", "__printf_chk",
             "__vprintf_chk", "strtok", "localtime", "gmtime"}
# Thread-local: the error message and the name of the running function. All other state belongs to handles.
WRITABLE = {"error_text", "running"}


def library_name(path):
    return "genlat-files" if "genlat-files" in path.name else "genlat"


def check_exports(report, root, library):
    name = library_name(library)
    lines = checks.run("nm", "-D", "--defined-only", library).splitlines()
    exported = {line.split()[-1].split("@")[0] for line in lines if line.split()[-2] in "TDBRVWi"}
    declared = {function.name for header in checks.public_headers(root) if checks.library_of(header) == name
                for function in checks.public_functions(header)}
    nodes = checks.map_symbols(root, "genlat.map" if name == "genlat" else "files/genlat-files.map")
    listed = [symbol for symbols in nodes.values() for symbol in symbols]
    for symbols in nodes.values():
        if symbols != sorted(symbols):
            report.fail("version script", "names are not sorted")
    if any("*" in symbol for symbol in listed) or len(listed) != len(set(listed)):
        report.fail("version script", "has a wildcard or a name twice")
    for left, right, words in ((exported, set(listed), "exported but not in the version script"),
                               (set(listed), exported, "in the version script but not exported"),
                               (exported, declared, "exported but in no public header"),
                               (declared, exported, "in a public header but not exported")):
        for symbol in sorted(left - right):
            report.fail(symbol, words)
    return exported


def check_plt(report, library, exported):
    for line in checks.run("readelf", "-rW", library).splitlines():
        ours = re.search(r"(JUMP_SLO|GLOB_DAT)\S*\s+\S+\s+((?:genlat|gnl)_\w+)", line)
        if ours and (ours.group(2) in exported or ours.group(2).startswith("gnl_")):
            report.fail(ours.group(2), f"is reached through a {ours.group(1)} relocation")


def check_size(report, library):
    handle, stripped = tempfile.mkstemp()
    os.close(handle)
    checks.run("strip", "-o", stripped, library)
    size = os.path.getsize(stripped)
    os.unlink(stripped)
    print(f"{library.name}: {size} bytes stripped")
    if size > MOST_BYTES:
        report.fail(library.name, f"has {size} bytes stripped, at most {MOST_BYTES} expected")


def check_objects(report, archive):
    """Section and name of every symbol in the objects: const tables with addresses are in .data.rel.ro."""
    for line in checks.run("objdump", "-t", archive).splitlines():
        fields = re.match(r"[0-9a-f]{8,}\s(.{7})\s(\S+)\s+[0-9a-f]+\s+(?:\.hidden\s+)?(\S+)$", line)
        if not fields:
            continue
        flags, section, name = fields.groups()
        base = name.split(".")[0]
        if "O" in flags and re.match(r"\.(data|bss|tdata|tbss)|\*COM\*", section) \
                and not section.startswith(".data.rel.ro") and base not in WRITABLE:
            report.fail(name, f"is a writable global, in section {section}")
        if flags[0] in "gu" and section != "*UND*" and not re.match(r"(genlat|gnl)_", name):
            report.fail(name, "is a global name without the prefix of the library")
    for line in checks.run("nm", "-u", archive).splitlines():
        words = line.split()
        if words and words[-1] in FORBIDDEN:
            report.fail(words[-1], "is called: the library does not print, end the process or use hidden state")


def main():
    root, library, report = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), checks.Report()
    exported = check_exports(report, root, library)
    check_plt(report, library, exported)
    check_size(report, library)
    for archive in sys.argv[3:]:
        check_objects(report, archive)
    report.finish(len(exported), "exported symbols")


main()

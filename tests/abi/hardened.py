# SPDX-License-Identifier: MIT
"""The built libraries and programs are hardened: no executable stack, all relocations are read-only before the first
call, no relocations in code, protected stacks, checked calls of the C library, and programs at random addresses.

usage: hardened.py FILE...     (of an optimized build: others have no checked calls)
"""
import pathlib
import re
import sys

import checks


def check_file(report, path):
    segments, dynamic = checks.run("readelf", "-lW", str(path)), checks.run("readelf", "-dW", str(path))
    symbols = checks.run("readelf", "-W", "--dyn-syms", str(path))
    stack = re.search(r"GNU_STACK\s+(?:0x\w+\s+){5}(\S+)", segments)
    for fine, what in (
            (stack and "E" not in stack.group(1), "has an executable stack"),
            ("GNU_RELRO" in segments, "has no read-only relocations (RELRO)"),
            (re.search(r"BIND_NOW|FLAGS_1.*\bNOW\b", dynamic), "is not bound at load time (-z now)"),
            ("TEXTREL" not in dynamic, "has relocations in its code"),
            (re.search(r"^\s+Type:\s+DYN|file type is DYN", segments, re.M), "is at a fixed address"),
            ("__stack_chk_fail" in symbols, "was built without -fstack-protector-strong"),
            (re.search(r"__\w+_chk\b", symbols), "was built without _FORTIFY_SOURCE")):
        if not fine:
            report.fail(path.name, what)


def main():
    report, paths = checks.Report(), [pathlib.Path(name) for name in sys.argv[1:]]
    for path in paths:
        check_file(report, path)
    report.finish(len(paths), "files")


main()

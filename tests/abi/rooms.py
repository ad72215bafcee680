# SPDX-License-Identifier: MIT
"""The one rule of the house: a file includes only its own room or an earlier one; *_priv.h stay inside their room;
the files library, the examples and the program use public headers only; every room's header tells what it is."""
import pathlib
import re
import sys

import house

INCLUDE = re.compile(r'^\s*#\s*include\s+["<]([^">]+)[">]', re.M)


def check_include(report, where, room, order, included):
    target = included.split("/")[0]
    if target == "genlat" or target not in order:
        return
    if order.index(target) > order.index(room):
        report.fail(where, f"includes {included}: room {target} comes after {room}")
    elif target != room and included.endswith("_priv.h"):
        report.fail(where, f"includes {included}, which is private to {target}")
    elif target != room and included != f"{target}/{target}.h":
        report.fail(where, f"includes {included}; room {target} offers {target}/{target}.h")


def check_outside(report, where, included, rooms):
    if included.split("/")[0] in rooms:
        report.fail(where, f"includes {included}, which is private to the library")


def check_room_header(report, root, room):
    header = root / "lib" / room / f"{room}.h"
    if not header.exists():
        if list((root / "lib" / room).glob("*.c")):
            report.fail(f"lib/{room}", f"has no {room}.h")
        return
    opening = header.read_text()[:1500]
    for word in (f" * {room}: ", " * Uses: ", " * Adding: ", " * Tests: "):
        if word not in opening:
            report.fail(f"lib/{room}/{room}.h", f"does not open with a line '{word.strip(' *')}'")


def main():
    root, report, looked_at = pathlib.Path(sys.argv[1]), house.Report(), 0
    order = house.rooms(root)
    for path in house.sources(root, "lib", "examples"):
        where = path.relative_to(root)
        inside = where.parts[0] == "lib" and where.parts[1] in order
        for included in INCLUDE.findall(path.read_text()):
            looked_at += 1
            if inside:
                check_include(report, where, where.parts[1], order, included)
            else:
                check_outside(report, where, included, order)
    for room in order:
        check_room_header(report, root, room)
    report.finish(looked_at, "includes")


main()

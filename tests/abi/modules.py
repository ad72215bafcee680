# SPDX-License-Identifier: MIT
"""Rules for dependencies. A file includes only headers of its own module or an earlier one. Families do not include
each other. *_priv.h headers are used only inside their module. There are no cyclic dependencies between files. The
structs of nets, execs and optimizers are private. Programs use public headers only. The header of every module
describes it.

usage: modules.py ROOT [ARCHIVE.a]      (the archive holds the library's objects; without it, cycles are not checked)
"""
import collections
import pathlib
import re
import sys

import checks

INCLUDE = re.compile(r'^\s*#\s*include\s+["<]([^">]+)[">]', re.M)
PRIVATE_STRUCTS = ("genlat_net", "genlat_exec", "genlat_optim", "genlat_ema")
TOP = ("families.c", "kinds.c")  # the tables of families and of kinds, above all modules


def families(root):
    """Modules that the table of families includes, except `model`, which all families share."""
    found = INCLUDE.findall((root / "lib" / TOP[0]).read_text())
    return {name.split("/")[0] for name in found if "/" in name} - {"model"}


def check_include(report, where, module, order, side_by_side, included):
    target = included.split("/")[0]
    if target == "genlat" or target not in order:
        return
    if order.index(target) > order.index(module):
        report.fail(where, f"includes {included}: module {target} comes after {module}")
    elif target != module and {target, module} <= side_by_side:
        report.fail(where, f"includes {included}: the families {target} and {module} must not depend on each other")
    elif target != module and (included.endswith("_priv.h") or included.count("/") > 1):
        report.fail(where, f"includes {included}, which is private to {target}")


def check_outside(report, where, included, modules):
    if included.split("/")[0] in modules:
        report.fail(where, f"includes {included}, which is private to the library")


def check_module_header(report, root, module):
    header = root / "lib" / module / f"{module}.h"
    if not header.exists():
        if list((root / "lib" / module).glob("*.c")):
            report.fail(f"lib/{module}", f"has no {module}.h")
        return
    opening = header.read_text()[:1500]
    for word in (f" * {module}: ", " * Uses: ", " * Adding: ", " * Tests: "):
        if word not in opening:
            report.fail(f"lib/{module}/{module}.h", f"does not begin with a line '{word.strip(' *')}'")


def check_private(report, where, text):
    if where.name.endswith("_priv.h"):
        return
    for name in re.findall(r"^struct (\w+)\s*\{", text, re.M):
        if name in PRIVATE_STRUCTS and where.suffix == ".h":
            report.fail(where, f"defines struct {name}, which belongs into a *_priv.h")


# ---- cycles

def symbols_of(archive):
    """Names that each object defines, and names that it needs."""
    defines, needs = collections.defaultdict(set), collections.defaultdict(set)
    for line in checks.run("nm", "-A", "-P", archive).splitlines():
        place, _, rest = line.partition("]: ")
        name, kind = rest.split()[:2]
        obj = place.rsplit("[", 1)[-1]
        (needs if kind in "Uw" else defines)[obj].add(name) if kind in "UwTDBRV" else None
    return defines, needs


def groups(needs):
    """Strongly connected groups of more than one node (Tarjan)."""
    index, low, stack, found = {}, {}, [], []

    def visit(node):
        index[node] = low[node] = len(index)
        stack.append(node)
        for other in sorted(needs[node]):
            if other not in index:
                visit(other)
                low[node] = min(low[node], low[other])
            elif other in stack:
                low[node] = min(low[node], index[other])
        if low[node] == index[node]:
            group = [stack.pop()]
            while group[-1] != node:
                group.append(stack.pop())
            if len(group) > 1:
                found.append(sorted(group))

    sys.setrecursionlimit(10000)
    for node in sorted(needs):
        if node not in index:
            visit(node)
    return found


def check_cycles(report, archive):
    defines, needs = symbols_of(archive)
    home = {name: obj for obj, names in defines.items() for name in names}
    edges = {obj: {home[name] for name in needs[obj] if name in home} - {obj} for obj in set(defines) | set(needs)}
    for group in groups(edges):
        report.fail("cycle", "these files depend on each other: " + ", ".join(group))
        for obj in group:
            for other in sorted(edges[obj] & set(group)):
                names = sorted(name for name in needs[obj] if home.get(name) == other)
                print(f"    {obj} needs {', '.join(names[:4])} of {other}")
    print(f"{len(edges)} objects, {sum(map(len, edges.values()))} dependencies")
    if not edges:
        report.fail(archive, "has no objects")


def main():
    root, report, checked = pathlib.Path(sys.argv[1]), checks.Report(), 0
    order = checks.modules(root)
    side_by_side = families(root)
    for path in checks.sources(root, "lib", "examples"):
        where, text = path.relative_to(root), path.read_text()
        inside = where.parts[0] == "lib" and where.parts[1] in order
        for included in INCLUDE.findall(text):
            checked += 1
            if inside:
                check_include(report, where, where.parts[1], order, side_by_side, included)
            elif where.parts not in [("lib", name) for name in TOP]:
                check_outside(report, where, included, order)
        check_private(report, where, text)
    for module in order:
        check_module_header(report, root, module)
    for archive in sys.argv[2:]:
        check_cycles(report, archive)
    report.finish(checked, "includes")


main()

# SPDX-License-Identifier: MIT
"""The ranges and defaults in the comments of the public options are those of the tables that the library checks them
by.

A comment gives a number's range as "A to B" or ">= A", and its default as "Default D."; a member that is 0 or 1 says
what 1 means. tests/unit/test_base.c proves that a table is what the library checks.

usage: ranges.py ROOT
"""
import pathlib
import re
import sys

import checks

STRUCT = re.compile(r"typedef struct (genlat_\w+_opts)\s*\{(.*?)\n\}\s*genlat_\w+\s*;", re.S)
MEMBER = re.compile(r"^    (int64_t|double|uint32_t) (\w+);(?:\s*/\*\*<((?:(?!\*/).)*)\*/)?", re.S | re.M)
BEFORE = re.compile(r"/\*\*((?:(?!\*/)[^<])((?:(?!\*/).)*))\*/\s*\Z", re.S)
ENTRY = re.compile(r"GNL_OPT_(INT|REAL|BOOL|ENUM)\(\s*(\w+),\s*(\w+),\s*([^;]*?)\"")
NUMBER = r"-?(?:\d[\d.]*(?:e[-+]?\d+)?|INT64_MAX / 16)"
KNOWN = {"INT64_MAX / 16": (2**63 - 1) // 16, "INT32_MAX": 2**31 - 1, "0x1p63": 2.0**63, "1 << 30": 2**30}
FREE = {"reserved", "reserved2", "size"}


def number(text):
    return KNOWN[text] if text in KNOWN else float(text)


def common_entries(root):
    """What the rules of optimizers have in common is a macro, whose struct is its parameter."""
    text = re.search(r"#define GNL_OPTIM_COMMON_DECAY.*?\n\n", (root / "lib/optim/optim_priv.h").read_text(), re.S)
    return [(kind, name, rest.replace("decay, ", "0, ", 1) if name == "weight_decay" else rest)
            for kind, _, name, rest in ENTRY.findall(text.group(0))]


def entries(root):
    """Arguments of each option's entry: (struct, member) -> list of (kind, [default, min, max])."""
    found = {}
    for path in checks.sources(root, "lib"):
        text = path.read_text()
        own = ENTRY.findall(text)
        for struct in re.findall(r"GNL_OPTIM_COMMON\((\w+)\)", text) if path.suffix == ".c" else []:
            own += [(kind, struct, name, rest) for kind, name, rest in common_entries(root)]
        for kind, struct, name, rest in own:
            values = [value.strip() for value in rest.split(",") if value.strip()]
            found.setdefault((struct, name), []).append((kind, values))
    return found


def members(body):
    """(type, name, comment) of each."""
    for match in MEMBER.finditer(body):
        before = BEFORE.search(body[:match.start()])
        yield match.group(1), match.group(2), " ".join((match.group(3) or (before.group(1) if before else "")).split())


def check_number(report, where, kind, comment, values):
    low, high = number(values[1]), number(values[2])
    between = re.search(rf"({NUMBER}) to ({NUMBER})(?=[ ;,.])", comment)
    least = re.search(rf">= ({NUMBER})(?=[;,. ])", comment)
    if between:
        says = number(between.group(1).rstrip(".")), number(between.group(2).rstrip("."))
    elif least and kind == "INT":
        says = number(least.group(1).rstrip(".")), 2.0**63
    else:
        return report.fail(where, "its comment has no range")
    for extra in re.findall(rf"[;.] ({NUMBER}): ", comment):
        says = min(says[0], number(extra)), says[1]
    if says != (low, high):
        report.fail(where, f"its comment says {says[0]:g} to {says[1]:g}, the library checks {low:g} to {high:g}")


def check_default(report, where, comment, wanted):
    default = re.search(r"Default (\S+?)\.?$", comment)
    if not default:
        return report.fail(where, "its comment has no default")
    says, wanted = default.group(1), wanted.strip()
    if says != wanted if wanted.startswith("GENLAT_") else number(says) != number(wanted):
        report.fail(where, f"its comment says default {says}, the library has {wanted}")


def check_member(report, where, comment, kind, values, text):
    if kind in ("INT", "REAL"):
        check_number(report, where, kind, comment, values)
    elif kind == "BOOL" and not re.match(r"1: ", comment):
        report.fail(where, "its comment does not say what 1 means")
    elif kind == "ENUM":
        prefix = re.search(r"(GENLAT_\w+_)\*", comment)
        names = re.findall(rf"\b({prefix.group(1)}\w+) =", text) if prefix else []
        if not names or names[-1] != values[1]:
            named = prefix.group(1) if prefix else "no enumeration"
            report.fail(where, f"its comment names {named}, of which the last is {names[-1:]}; the library takes up to "
                               f"{values[1]}")
    check_default(report, where, comment, values[0])


def main():
    root, report, looked_at = pathlib.Path(sys.argv[1]), checks.Report(), 0
    known = entries(root)
    headers = {path.name: path.read_text() for path in checks.public_headers(root)}
    everything = checks.without_comments("".join(headers.values()))
    for name, text in headers.items():
        for struct, body in STRUCT.findall(text):
            for kind, member, comment in members(body):
                where = f"{name}: {struct}.{member}"
                if member in FREE:
                    continue
                looked_at += 1
                options = known.get((struct, member), [])
                if not options:
                    report.fail(where, "is in no table of the library")
                    continue
                check_member(report, where, comment, *options[0], everything)
    report.finish(looked_at, "options")


main()

# SPDX-License-Identifier: MIT
"""Shared by the rule checkers: locations of files, and functions to find declarations and functions in C text.

Each checker is called as `checker.py ROOT [...]`, prints one line a violation, and exits 1 when there are any.
They need Python 3 and nothing else.
"""
import pathlib
import re
import subprocess
import sys


class Report:
    """Collects violations."""

    def __init__(self):
        self.count = 0

    def fail(self, where, what):
        self.count += 1
        print(f"{where}: {what}")

    def finish(self, looked_at, what):
        """Exits with 1 after violations, and also if nothing was checked."""
        if looked_at == 0:
            self.fail("nothing", f"no {what} found")
        print(f"{looked_at} {what}, {self.count} violations")
        sys.exit(1 if self.count else 0)


def modules(root):
    """Modules in the order of dependency, from the list used by the build."""
    text = (root / "lib/meson.build").read_text()
    return re.findall(r"'(\w+)'", re.search(r"foreach module : \[(.*?)\]", text, re.S).group(1))


def sources(root, *folders):
    """C files and headers below folders, sorted."""
    found = [path for folder in folders for path in sorted((root / folder).rglob("*")) if path.suffix in (".c", ".h")]
    return [path for path in found if path.is_file()]


def public_headers(root):
    return sorted((root / "include/genlat").glob("*.h"))


def library_of(header):
    """The library that a public header belongs to."""
    return "genlat-files" if header.name == "files.h" else "genlat"


def without_comments(text):
    """C text with comments blanked; lines keep their numbers."""
    pattern = r"/\*.*?\*/|//[^\n]*"
    return re.sub(pattern, lambda match: re.sub(r"[^\n]", " ", match.group(0)), text, flags=re.S)


def without_strings(text):
    return re.sub(r'"(?:\\.|[^"\\\n])*"', '""', text)


class Function:
    """One GENLAT_API declaration of a public header."""

    def __init__(self, header, line, comment, result, name, parameters):
        self.header, self.line, self.comment = header, line, comment
        self.result, self.name, self.parameters = result, name, parameters

    @property
    def where(self):
        return f"{self.header.name}:{self.line}: {self.name}"


def split_parameters(text):
    """Names of parameters; commas inside the parentheses of callbacks do not separate them."""
    parts, depth, current = [], 0, ""
    for char in text:
        depth += (char in "([") - (char in ")]")
        if char == "," and depth == 0:
            parts.append(current)
            current = ""
        else:
            current += char
    parts.append(current)
    names = []
    for part in (p.strip() for p in parts):
        if part in ("void", "", "..."):
            continue
        callback = re.search(r"\(\*\s*(\w+)\s*\)", part)
        names.append(callback.group(1) if callback else re.findall(r"\w+", re.sub(r"\[.*?\]", "", part))[-1])
    return names


def public_functions(header):
    text = header.read_text()
    pattern = re.compile(r"(/\*\*(?:(?!\*/).)*\*/)?\s*GENLAT_API\s+([^;]*?)\b(genlat_\w+)\s*\(([^;]*)\)\s*;", re.S)
    found = []
    for match in pattern.finditer(text):
        line = text.count("\n", 0, match.start(3)) + 1
        result = " ".join(re.sub(r"GENLAT_(NODISCARD|PRINTF\([^)]*\)|EXPERIMENTAL)", " ", match.group(2)).split())
        nodiscard = "GENLAT_NODISCARD" in match.group(2)
        function = Function(header, line, match.group(1) or "", result, match.group(3),
                            split_parameters(match.group(4)))
        function.nodiscard = nodiscard
        found.append(function)
    return found


def functions(path):
    """(name, line, lines of the body) of every function defined in a C file laid out by .clang-format."""
    lines = path.read_text().split("\n")
    found, start = [], None
    for number, line in enumerate(lines):
        if line == "{":
            start = number
        elif line == "}" and start is not None:
            head = start - 1
            while head > 0 and re.match(r"\s+\S", lines[head]):
                head -= 1
            name = re.search(r"(\w+)\s*\(", lines[head])
            found.append((name.group(1) if name else lines[head], start, number - start - 1))
            start = None
    return found


def map_symbols(root, name):
    """Names under `global:` in a version script, per node."""
    text = re.sub(r"/\*.*?\*/", "", (root / "lib" / name).read_text(), flags=re.S)
    nodes = {}
    for match in re.finditer(r"(GENLAT\w*_[\w.]+)\s*\{(.*?)\}", text, re.S):
        exported = match.group(2).split("local:")[0].replace("global:", "")
        nodes[match.group(1)] = [word.strip() for word in exported.split(";") if word.strip()]
    return nodes


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout

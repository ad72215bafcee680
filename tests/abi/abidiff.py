# SPDX-License-Identifier: MIT
"""Compares the binary interface with the stored one by libabigail: types of parameters, results and members, exported
names, and the nodes of symbol versions. Fails after changes and removals; additions are allowed.

A release build has no debug information, so the types come from a library of empty functions, which is made from the
public headers with -g and linked with the version script. A compiler accepts no definition that differs from its
declaration, and symbols.py compares the names. The symbols and version nodes of the built library are compared too.

usage: abidiff.py ROOT NAME 'C compiler' [LIBRARY.so | --write]     (--write stores the interface, after a review)
"""
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

import checks

# Structs start with their size, so members may be appended.
APPENDED = """[suppress_type]
  type_kind = struct
  name_regexp = ^genlat_
  has_data_member_inserted_at = end
"""
DECLARATION = re.compile(r"GENLAT_API\s+([^;{]*?\bgenlat_\w+\s*\([^;]*\))\s*;", re.S)


def typed_library(root, name, compiler, folder):
    """Compiles empty definitions of all public functions of a library, with debug information."""
    headers = [header for header in checks.public_headers(root) if checks.library_of(header) == name]
    text = "".join(f'#include "genlat/{header.name}"\n' for header in headers)
    for header in headers:
        for declaration in DECLARATION.findall(checks.without_comments(header.read_text())):
            text += re.sub(r"GENLAT_(NODISCARD|PRINTF\([^)]*\))", "", declaration) + " {}\n"
    source, library = folder / "typed.c", folder / f"lib{name}.so"
    source.write_text(text)
    script = root / "lib" / ("genlat.map" if name == "genlat" else "files/genlat-files.map")
    version = re.search(r'GENLAT_ABI_VERSION "(\d+)"', (root / "include/genlat/version.h").read_text()).group(1)
    subprocess.run([*shlex.split(compiler), "-std=c11", "-w", "-g", "-fPIC", "-shared", "-nostdlib", "-I",
                    str(root / "include"), str(source), "-o", str(library), f"-Wl,--version-script={script}",
                    f"-Wl,-soname,lib{name}.so.{version}"], check=True)
    return library


def versioned_symbols(text):
    """name@node of each exported function in the text of abidw."""
    return set(re.findall(r"<elf-symbol name='(\w+)' version='([\w.]+)'", text))


def compare_built(report, library, stored):
    text = checks.run("abidw", "--no-corpus-path", str(library))
    for what in re.findall(r" soname='[^']*'", stored):
        if what not in text:
            report.fail(library.name, f"the interface has{what}, the library does not")
    present = dict(versioned_symbols(text))
    for symbol, node in sorted(versioned_symbols(stored)):
        if present.get(symbol) != node:
            report.fail(library.name, f"{symbol}: node {present.get(symbol, 'none')}, {node} expected")


def main():
    root, name, compiler, rest = pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4:]
    report, baseline = checks.Report(), root / f"tests/abi/lib{name}.abi"
    for tool in ("abidw", "abidiff"):
        if not shutil.which(tool):
            print(f"skipped: {tool} (Debian: abigail-tools) is not installed")
            sys.exit(77)
    with tempfile.TemporaryDirectory() as place:
        folder = pathlib.Path(place)
        library = typed_library(root, name, compiler, folder)
        if rest == ["--write"]:
            text = checks.run("abidw", "--no-corpus-path", "--no-comp-dir-path", "--no-show-locs", str(library))
            baseline.write_text(text.replace(f"{place}/", ""))
            return
        stored, architecture = baseline.read_text(), r" architecture='[^']*'"
        if re.findall(architecture, stored) != re.findall(architecture, checks.run("abidw", str(library))):
            print("skipped: the stored interface is that of another architecture")
            sys.exit(77)
        (folder / "appended").write_text(APPENDED)
        found = subprocess.run(["abidiff", "--no-added-syms", "--suppressions", str(folder / "appended"), str(baseline),
                                str(library)], capture_output=True, text=True)
        if found.returncode:
            report.fail(f"lib{name}", f"differs from {baseline.name}:\n{found.stdout}{found.stderr}")
        if rest:
            compare_built(report, pathlib.Path(rest[0]), stored)
    # Without types the comparison would find nothing.
    report.finish(len(re.findall("<function-decl ", stored)), "functions with types")


main()

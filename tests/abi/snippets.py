# SPDX-License-Identifier: MIT
"""Compiles and runs the C and C++ code blocks of the documents.

A block ```c or ```cpp with a main is a program. The other blocks of a document form one program, in their order. Blocks
that begin with #include or the declaration of a function are placed at file scope, the others in a function with a
label `fail`. If the document contains the comment <!-- programs: by section -->, each heading of the second level
begins a new program. Each program must compile without warnings and exit with status 0.

usage: snippets.py ROOT 'C compiler' 'C++ compiler or empty' GENLAT_LIBRARY [GENLAT_FILES_LIBRARY]
"""
import os
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile

import checks

DOCUMENTS = ["README.md", "docs/tutorial.md", "docs/howto.md"]
BLOCK = re.compile(r"^```(c|cpp)\n(.*?)^```$", re.M | re.S)
OUTSIDE = re.compile(r"\A\s*(/\*.*?\*/\s*)?(#include|static |typedef )", re.S)
FRAME = """#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <genlat/genlat.h>
{outside}
static int snippet(void)
{{
{inside}
    return 0;
fail:
    fprintf(stderr, "%s\\n", genlat_last_error());
    return 1;
}}
int main(void)
{{
    return snippet();
}}
"""
FLAGS = ["-Wall", "-Wextra", "-Werror", "-Wno-unused-label", "-Wno-unused-variable", "-Wno-unused-parameter",
         "-Wno-unused-but-set-variable", "-Wno-maybe-uninitialized", "-Wno-missing-field-initializers"]


def sections(text):
    """[(title, text)] of parts with separate programs."""
    if "<!-- programs: by section -->" not in text:
        return [("", text)]
    parts = re.split(r"^## (.*)$", text, flags=re.M)
    return list(zip(parts[1::2], parts[2::2]))


def programs(text):
    """[(title, language, program)]"""
    found = []
    for title, part in sections(text):
        pieces = [(language, body) for language, body in BLOCK.findall(part)]
        complete = [(title, language, body) for language, body in pieces if re.search(r"^int main", body, re.M)]
        found += complete
        rest = [body for language, body in pieces if language == "c" and not re.search(r"^int main", body, re.M)]
        outside = [body for body in rest if OUTSIDE.match(body)]
        inside = [body for body in rest if not OUTSIDE.match(body)]
        if rest:
            found.append((title, "c", FRAME.format(outside="".join(outside), inside="".join(inside))))
    return found


def run(report, where, root, compiler, libraries, language, program):
    with tempfile.TemporaryDirectory() as folder:
        source = pathlib.Path(folder) / f"snippet.{language}"
        source.write_text(program)
        standard = "-std=c11" if language == "c" else "-std=c++17"
        folders = sorted({str(pathlib.Path(library).parent) for library in libraries})
        command = [*shlex.split(compiler), standard, *FLAGS, "-D_GNU_SOURCE", "-I", str(root / "include"), str(source),
                   "-o", f"{folder}/snippet", *libraries, *(f"-Wl,-rpath,{path}" for path in folders),
                   *(f"-Wl,-rpath-link,{path}" for path in folders), "-lm"]
        built = subprocess.run(command, capture_output=True, text=True)
        if built.returncode:
            report.fail(where, f"does not compile:\n{built.stderr}")
            return
        done = subprocess.run([f"{folder}/snippet"], cwd=folder, capture_output=True, text=True, timeout=300,
                              env={**os.environ, "OPENBLAS_NUM_THREADS": "1"})
        if done.returncode:
            report.fail(where, f"ends with status {done.returncode}:\n{done.stdout}{done.stderr}")


def main():
    root, c_compiler, cpp_compiler = pathlib.Path(sys.argv[1]).resolve(), sys.argv[2], sys.argv[3]
    libraries = [str(pathlib.Path(library).resolve()) for library in sys.argv[4:]]
    report, looked_at = checks.Report(), 0
    for document in DOCUMENTS:
        for title, language, program in programs((root / document).read_text()):
            compiler = c_compiler if language == "c" else cpp_compiler
            if not compiler or ("genlat/files.h" in program and len(libraries) < 2):
                continue
            run(report, f"{document}, {title or 'program'}", root, compiler, libraries, language, program)
            looked_at += 1
    report.finish(looked_at, "programs of the documents")


main()

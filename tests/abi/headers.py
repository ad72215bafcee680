# SPDX-License-Identifier: MIT
"""Each public header compiles alone and included twice, as C99, C11 and C++17, with all warnings as errors.

usage: headers.py ROOT 'C compiler' ['C++ compiler']
"""
import pathlib
import shlex
import subprocess
import sys
import tempfile

import checks

WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Wundef", "-Wshadow", "-Werror"]


def compile_header(report, root, header, compiler, language, standard):
    extra = ["-Wstrict-prototypes", "-Wmissing-prototypes"] if language == "c" else ["-Wold-style-cast", "-Wextra-semi"]
    include = f'#include "genlat/{header.name}"\n'
    text = include + include + "int main(void);\nint main(void) { return 0; }\n"
    with tempfile.TemporaryDirectory() as folder:
        source = pathlib.Path(folder) / "alone"
        source.write_text(text)
        result = subprocess.run([*shlex.split(compiler), "-x", language, f"-std={standard}", *WARNINGS, *extra,
                                 "-I", str(root / "include"), "-fsyntax-only", str(source)],
                                capture_output=True, text=True)
    if result.returncode:
        report.fail(f"{header.name} in {standard}", result.stderr.strip().split("\n")[0])


def main():
    root, report, compilations = pathlib.Path(sys.argv[1]), checks.Report(), 0
    modes = [(sys.argv[2], "c", "c99"), (sys.argv[2], "c", "c11")]
    if len(sys.argv) > 3 and sys.argv[3]:
        modes.append((sys.argv[3], "c++", "c++17"))
    else:
        print("no C++ compiler: C++17 is skipped")
    for header in checks.public_headers(root):
        for compiler, language, standard in modes:
            compilations += 1
            compile_header(report, root, header, compiler, language, standard)
    report.finish(compilations, "compilations")


main()

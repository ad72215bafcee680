# SPDX-License-Identifier: MIT
"""The generated pages of docs/reference are those that docs/reference/kinds.c writes from the tables of the library.

usage: reference.py ROOT KINDS

KINDS is the built tool. Without it the script exits with 77, which meson reports as skipped.
"""
import pathlib
import subprocess
import sys
import tempfile

import checks

SKIPPED = 77
REMEDY = "run `ninja -C build reference-pages` and commit the result"
MARK = "<!-- Written by docs/reference/kinds.c."


def main():
    root, kinds, report = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), checks.Report()
    if not kinds.is_file():
        print(f"{kinds} is not built: skipped")
        sys.exit(SKIPPED)
    kept = {path.name: path.read_text() for path in (root / "docs/reference").glob("*.md")}
    kept = {name: text for name, text in kept.items() if text.startswith(MARK)}
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([kinds, folder, root / "docs/derivations"], check=True)
        written = {path.name: path.read_text() for path in pathlib.Path(folder).glob("*.md")}
    for name in sorted(kept.keys() | written.keys()):
        if name not in written:
            report.fail(f"docs/reference/{name}", "is obsolete; delete it")
        elif name not in kept:
            report.fail(f"docs/reference/{name}", f"is missing; {REMEDY}")
        elif kept[name] != written[name]:
            report.fail(f"docs/reference/{name}", f"is not up to date; {REMEDY}")
    report.finish(len(written), "generated pages")


main()

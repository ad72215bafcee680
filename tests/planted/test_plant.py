# SPDX-License-Identifier: MIT
"""Plants the faults of a small tree, and checks what plant.py reports.

usage: test_plant.py FOLDER
"""
import json
import pathlib
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent


def plant(work, *options):
    """Runs plant.py on the sample. Returns its exit status and output."""
    done = subprocess.run([sys.executable, HERE / "plant.py", "--source", HERE / "sample", "--list",
                           HERE / "sample/faults.txt", "--work", work, *options], check=False, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return done.returncode, done.stdout


def verdicts(work):
    lines = (work / "results.jsonl").read_text().splitlines()
    return {result["fault"]: (result["verdict"], result["test"]) for result in map(json.loads, lines)}


def expect(found, expected):
    if found != expected:
        sys.exit(f"{found} found, {expected} expected")


def main():
    if not shutil.which("meson") or not shutil.which("ninja"):
        sys.exit(77)
    work = pathlib.Path(sys.argv[1])
    shutil.rmtree(work, ignore_errors=True)
    expect(plant(work, "wrong-end")[0], 0)
    expect(verdicts(work), {"wrong-end": ("noticed", "unit/test_sum")})
    status, output = plant(work)
    expect(status, 1)
    expect(verdicts(work), {"wrong-end": ("noticed", "unit/test_sum"), "other-start": ("pending", ""),
                            "no-code": ("does not compile", ""), "stale": ("stale", "")})
    expect("1 of 3 faults noticed; 1 are equivalent" in output, True)
    expect("wrong-end: noticed" in output, False)  # its result is kept
    expect((work / "sum.c").read_text(), (HERE / "sample/sum.c").read_text())
    expect(plant(work, "--check")[0], 1)


main()

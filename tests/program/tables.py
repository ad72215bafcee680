# SPDX-License-Identifier: MIT
"""usage: tables.py GENLAT. Tables from the command line: classes, targets, and rows that are left out."""
import os

from support import last_json, main, run

TRAIN = ("train", "net", "--set", "net=dense units=8; relu", "--threads", "1", "--epochs", "2", "--batch", "4")


def write(folder, name, text):
    path = os.path.join(folder, name)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return path


def test_classes(folder):
    table = write(folder, "a.csv", "a;b;kind\n" + "1,5;2;cat\n3;4,5; dog\n" * 8)
    model = os.path.join(folder, "a.net")
    run(*TRAIN, "--data", f"csv:{table}?label=kind&decimal=comma", "--out", model, "--quiet")
    assert last_json(run("info", model, "--json").stdout)["classes"] == 2
    error = run(*TRAIN, "--data", f"csv:{table}?label=kind", code=1).stderr
    assert "line 2, column 1 (a): '1,5' looks like a number with a decimal comma; set decimal=comma" in error, error


def test_targets(folder):
    table = write(folder, "a.csv", "a,b,y\n" + "1,2,0.5\n3,4,1.5\n" * 8)
    error = run(*TRAIN, "--data", f"csv:{table}?label=y", code=1).stderr
    assert "line 2, column 3 (y): the label '0.5' is a real number" in error and "target=" in error, error
    model = os.path.join(folder, "a.net")
    run(*TRAIN, "--data", f"csv:{table}?target=y", "--out", model, "--quiet")
    assert "mse" in last_json(run("eval", model, "-d", f"csv:{table}?target=y", "--json").stdout)


def test_missing(folder):
    table = write(folder, "a.csv", "a,b,y\n" + "1,2,0\n3,NA,1\n3,4,1\n" * 8)
    spec = f"csv:{table}?label=y&missing=drop"
    done = run(*TRAIN, "--data", spec)
    warnings = [line for line in done.stderr.splitlines() if "left out 8 of 24 rows" in line]
    assert len(warnings) == 1 and warnings[0].startswith("genlat: warning: ") and "line 3" in warnings[0], done.stderr
    assert "left out" not in run(*TRAIN, "--data", spec, "--quiet").stderr
    assert "missing=drop" in run(*TRAIN, "--data", f"csv:{table}?label=y", code=1).stderr


main([test_classes, test_targets, test_missing])

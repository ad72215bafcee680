# SPDX-License-Identifier: MIT
"""usage: tables.py GENLAT. Tables from the command line: classes, targets, and rows that are left out."""
import os
import struct
import zipfile

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
    result = last_json(run("eval", model, "-d", f"csv:{table}", "--json").stdout)  # read as in the training
    assert "accuracy" in result, result
    run(*TRAIN[:2], "--resume", model, "--data", f"csv:{table}", "--epochs", "3", "--quiet", "--threads", "1")
    answers, unlabelled = os.path.join(folder, "p.csv"), write(folder, "b.csv", "a;b\n1,5;2\n")
    run("predict", model, "-d", f"csv:{unlabelled}", "-o", answers)
    with open(answers, encoding="utf-8") as file:
        assert file.readline() == "class,probability,p_cat,p_dog,label\n"
    error = run(*TRAIN, "--data", f"csv:{table}?label=kind", code=1).stderr
    assert "line 2, column 1 (a): '1,5' looks like a number with a decimal comma; set decimal=comma" in error, error


def test_targets(folder):
    table = write(folder, "a.csv", "a,b,y\n" + "1,2,0.5\n3,4,1.5\n" * 8)
    error = run(*TRAIN, "--data", f"csv:{table}?label=y", code=1).stderr
    assert "line 2, column 3 (y): the label '0.5' is a real number" in error and "target=" in error, error
    model = os.path.join(folder, "a.net")
    run(*TRAIN, "--data", f"csv:{table}?target=y", "--out", model, "--quiet")
    assert "mse" in last_json(run("eval", model, "-d", f"csv:{table}", "--json").stdout)


def test_missing(folder):
    table = write(folder, "a.csv", "a,b,y\n" + "1,2,0\n3,NA,1\n3,4,1\n" * 8)
    spec = f"csv:{table}?label=y&missing=drop"
    done = run(*TRAIN, "--data", spec)
    warnings = [line for line in done.stderr.splitlines() if "left out 8 of 24 rows" in line]
    assert len(warnings) == 1 and warnings[0].startswith("genlat: warning: ") and "line 3" in warnings[0], done.stderr
    assert "left out" not in run(*TRAIN, "--data", spec, "--quiet").stderr
    assert "missing=drop" in run(*TRAIN, "--data", f"csv:{table}?label=y", code=1).stderr


def test_columns_must_be_those_of_the_model(folder):
    path = lambda name: os.path.join(folder, name)
    rows = [(i % 7, i * i % 11, i % 3) for i in range(40)]
    for name, header, order in (("a", "x,y,z", (0, 1, 2)), ("b", "y,x,z", (1, 0, 2)), ("c", "u,v,w", (0, 1, 2))):
        with open(path(name + ".csv"), "w", encoding="utf-8") as file:
            file.write(header + "\n" + "".join(",".join(str(row[k]) for k in order) + "\n" for row in rows))
    with open(path("d.csv"), "w", encoding="utf-8") as file:
        file.write("x,y\n1,2\n2,3\n")
    model = path("m.vae")
    run("train", "vae", "-d", "csv:" + path("a.csv"), "--epochs", "1", "-j", "1", "-q", "-o", model)
    for command in (["eval", model], ["encode", model, "-o", path("z.csv")],
                    ["reconstruct", model, "-o", path("r.csv")]):
        run(*command, "-d", "csv:" + path("a.csv"))
        error = run(*command, "-d", "csv:" + path("b.csv"), code=1).stderr
        assert "columns are y, x, z, but the model was trained on x, y, z" in error, error
        warned = run(*command, "-d", "csv:" + path("c.csv")).stderr
        assert "warning" in warned and "u, v, w" in warned, warned
        error = run(*command, "-d", "csv:" + path("d.csv"), code=1).stderr
        assert "samples are [2], but the model takes [3], the columns x, y, z" in error, error
    error = run("train", "net", "-d", "csv:" + path("a.csv"), "--epochs", "1", code=2).stderr
    assert "label=" in error and "target=" in error, error


def test_what_a_newcomer_writes(folder):
    path = os.path.join(folder, "long name of a table.csv")
    with open(path, "w", encoding="utf-8") as file:
        file.write("x,y\n" + "".join(f"{i % 7},{i * i % 11}\n" for i in range(40)))
    error = run("train", "vae", "-d", path, code=2).stderr
    assert f"did you mean 'csv:{path}'?" in error, error
    error = run("train", "vae", "-d", "csv:" + path, "--config", "missing.json", code=2).stderr
    assert "missing.json" in error and "line" not in error, error
    model = os.path.join(folder, "m.vae")
    run("train", "vae", "-d", "csv:" + path, "--epochs", "1", "-j", "1", "-q", "-o", model)
    for name, words in (("a.txt", "not text; use .csv"), ("a.wav", "not sound; use .csv")):
        error = run("sample", model, "-n", "3", "-o", os.path.join(folder, name), code=1).stderr
        assert "rows of a table, " + words in error and name not in os.listdir(folder), error


def test_archives_that_expand(folder):
    """A small archive with a huge array of zeros is refused before it is unpacked."""
    path, rows, columns = os.path.join(folder, "zeros.npz"), 1 << 15, 1 << 10
    about = f"{{'descr': '<f4', 'fortran_order': False, 'shape': ({rows}, {columns}), }}"
    about = about.ljust(117) + "\n"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("x.npy", "w") as member:
        member.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(about)) + about.encode())
        for _ in range(rows):
            member.write(bytes(4 * columns))
    assert os.path.getsize(path) < 1 << 20
    error = run("train", "vae", "-d", f"npz:{path}", code=1).stderr
    assert "store the data with less compression" in error, error


main([test_archives_that_expand, test_what_a_newcomer_writes, test_columns_must_be_those_of_the_model, test_classes,
      test_targets, test_missing])

# SPDX-License-Identifier: MIT
"""usage: names.py GENLAT. Classes are found by their names, in every command; samples have labels, names and rates."""
import os
import struct
import wave
import zipfile

from support import last_json, main, npy_array, run

QUIET = ("--threads", "1", "--quiet")


def write(folder, name, lines):
    path = os.path.join(folder, name)
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")
    return path


def animals(folder, name, kinds):
    """Rows whose two numbers depend on the kind alone."""
    places = {"bird": (0, 1), "cat": (0.5, 0), "dog": (1, 0.5), "eel": (0, 0)}
    return write(folder, name, ["width,height,kind"] +
                 [",".join([*map(str, places[kinds[i % len(kinds)]]), kinds[i % len(kinds)]]) for i in range(24)])


def test_classifier(folder):
    model = os.path.join(folder, "a.net")
    train = animals(folder, "train.csv", ["bird", "cat", "dog"])
    run("train", "net", "--data", f"csv:{train}?label=kind", "--set", "net=dense units=16; tanh; dense units=3",
        "--set", "optimizer=adam lr=0.05", "--epochs", "60", "--out", model, *QUIET)
    for kinds in (["dog", "cat"], ["cat"], ["bird", "dog", "cat"]):
        test = animals(folder, "test.csv", kinds)
        assert last_json(run("eval", model, "-d", f"csv:{test}?label=kind", "--json").stdout)["accuracy"] == 1, kinds
    test = animals(folder, "test.csv", ["cat", "dog", "eel"])
    error = run("eval", model, "-d", f"csv:{test}?label=kind", code=1).stderr
    assert "the class 'eel' is not known; known: bird, cat, dog" in error, error
    assert "bird, cat, dog" in run("info", model).stdout
    out = os.path.join(folder, "p.csv")
    test = animals(folder, "test.csv", ["dog", "bird"])
    run("predict", model, "-d", f"csv:{test}?label=kind", "-o", out)
    with open(out, encoding="utf-8") as file:
        header, *rows = [line.rstrip("\n").split(",") for line in file]
    assert header[-1] == "label" and [row[-1] for row in rows[:2]] == ["dog", "bird"], (header, rows[:2])


def test_conditional(folder):
    model, out = os.path.join(folder, "a.vae"), os.path.join(folder, "s.csv")
    train = animals(folder, "train.csv", ["bird", "cat", "dog"])
    run("train", "vae", "--data", f"csv:{train}?label=kind", "--set", "condition=labels", "--steps", "20", "--out",
        model, *QUIET)
    run("sample", model, "-n", "4", "-o", out)
    with open(out, encoding="utf-8") as file:
        rows = [line.rstrip("\n").split(",") for line in file]
    assert rows[0] == ["width", "height", "label"] and [row[2] for row in rows[1:]] == ["bird", "cat", "dog", "bird"]
    run("sample", model, "-n", "3", "--label", "dog", "-o", out)
    with open(out, encoding="utf-8") as file:
        assert [line.rstrip("\n").split(",")[2] for line in file][1:] == ["dog"] * 3
    packed = os.path.join(folder, "s.npz")
    run("sample", model, "-n", "5", "-o", packed)
    with zipfile.ZipFile(packed) as archive:
        assert npy_array(archive.read("labels.npy")) == ((5,), (0, 1, 2, 0, 1))
    error = run("sample", model, "--label", "cta", "-o", out, code=2).stderr
    assert "'cta'" in error and "bird, cat, dog" in error, error
    test = animals(folder, "test.csv", ["dog", "eel"])
    assert "'eel'" in run("reconstruct", model, "-d", f"csv:{test}?label=kind", "-o", out, code=1).stderr


def test_sound(folder):
    path, model, out = (os.path.join(folder, name) for name in ("in.wav", "a.vae", "out.wav"))
    with wave.open(path, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(b"".join(struct.pack("<h", (i * 977) % 20000 - 10000) for i in range(64 * 40)))
    run("train", "vae", "--data", f"wav:{path}?length=64", "--steps", "5", "--out", model, *QUIET)
    run("sample", model, "-n", "2", "-o", out)
    with wave.open(out) as file:
        assert file.getframerate() == 8000 and file.getnframes() == 128
    run("sample", model, "-n", "2", "--rate", "11025", "-o", out)
    with wave.open(out) as file:
        assert file.getframerate() == 11025


main([test_classifier, test_conditional, test_sound])

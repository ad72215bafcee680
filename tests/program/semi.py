# SPDX-License-Identifier: MIT
"""usage: semi.py GENLAT. Learns from few labels by the program: train, classify, sample, encode, resume; and trains on
the codes of a VAE with the labels of its data."""
import os
import subprocess
import sys
import tempfile

GENLAT = os.path.abspath(sys.argv[1])


def run(*arguments, status=0):
    done = subprocess.run([GENLAT, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == status, (arguments, done.returncode, done.stdout, done.stderr)
    return done.stdout + done.stderr


def main():
    few = "digits?limit=300&labelled=60"
    small = ("--set", "architecture=mlp widths=32", "--threads", "1")
    run("train", "semi", "-d", few, "--steps", "10", *small, "-o", "a.semi")
    run("train", "semi", "-d", few, "--steps", "4", *small, "-o", "b.semi")
    run("train", "semi", "-d", few, "--steps", "10", "--resume", "b.semi", "--threads", "1", "-o", "b.semi")
    for model in "a", "b":
        run("classify", f"{model}.semi", "-d", "digits?limit=40", "-o", f"{model}.csv")
    with open("a.csv", encoding="utf-8") as a, open("b.csv", encoding="utf-8") as b:
        lines = a.read().splitlines()
        assert lines == b.read().splitlines()
    assert lines[0].startswith("class,probability,p0") and len(lines) == 41, lines[0]
    run("predict", "a.semi", "-d", "digits?limit=40", "-o", "c.csv")
    run("sample", "a.semi", "--label", "3", "-n", "4", "-o", "s.npy")
    run("encode", "a.semi", "-d", "digits?limit=40&labels=no", "-o", "z.npy")
    run("reconstruct", "a.semi", "-d", few, "-n", "9", "-o", "r.png")
    run("reconstruct", "a.semi", "-d", "digits?labels=no", "-n", "9", "-o", "r.png")
    run("traverse", "a.semi", "-d", few, "--index", "5", "-o", "t.png")
    assert "accuracy" in run("eval", "a.semi", "-d", "digits?limit=40")
    assert "accuracy" not in run("eval", "a.semi", "-d", "digits?limit=40&labels=no")
    assert "label -1" in run("train", "net", "-d", few, "--steps", "1", "-o", "n", status=2)
    assert "there are no classes" in run("train", "semi", "-d", "digits?labels=no", "--steps", "1", "-o", "n", status=2)
    assert "has only" in run("train", "semi", "-d", "digits?limit=300&labelled=300", "-o", "n", status=2)
    run("train", "vae", "-d", few, "--steps", "5", *small, "-o", "m1.vae")
    run("encode", "m1.vae", "-d", few, "--part", "sample", "-o", "codes.npz")
    run("train", "semi", "-d", "npz:codes.npz", "--steps", "5", *small, "-o", "m.semi")


with tempfile.TemporaryDirectory() as folder:
    os.chdir(folder)
    main()

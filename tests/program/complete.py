# SPDX-License-Identifier: MIT
"""usage: complete.py GENLAT. Missing values: training on them, and completion of tables and images."""
import os

from support import assert_picture, last_json, main, run

QUIET = ("--threads", "1", "--quiet", "--json")
TABLE = "a,b\n" + "".join(f"{i},{'' if i % 4 == 1 else 2 * i}\n" for i in range(60))


def test_table(folder):
    """Known cells stay as they are, and draws have files of their own."""
    table, model, out = (os.path.join(folder, name) for name in ("t.csv", "t.model", "filled.csv"))
    with open(table, "w", encoding="utf-8") as file:
        file.write(TABLE)
    refused = run("train", "vae", "-d", f"csv:{table}", "-o", model, code=1)
    assert "line 3" in refused.stderr and "missing=drop" in refused.stderr, refused.stderr
    data = f"csv:{table}?missing=keep"
    refused = run("train", "vae", "-d", data, "-o", model, code=2)
    assert "sample 1 has nan in element 1" in refused.stderr and "missing=fill" in refused.stderr, refused.stderr
    run("train", "vae", "-d", data, "-s", "missing=fill", "-e", "2", "-o", model, *QUIET)
    run("complete", model, "-d", data, "-k", "50", "-o", out, *QUIET)
    run("complete", model, "-d", data, "-k", "50", "--draws", "2", "-o", out, *QUIET)
    for name in "filled.csv", "filled-1.csv", "filled-2.csv":
        with open(os.path.join(folder, name), encoding="utf-8") as file:
            lines = file.read().splitlines()
        assert lines[0] == "a,b" and len(lines) == 61, lines
        for i, line in enumerate(lines[1:]):
            a, b = line.split(",")
            assert float(a) == i and (i % 4 == 1 or float(b) == 2 * i) and abs(float(b)) < 1e4, line


def test_images(folder):
    """Hidden pixels are compared with the truth."""
    model, out, data = os.path.join(folder, "d.model"), os.path.join(folder, "filled.png"), "digits?n=200"
    run("train", "vae", "-d", data, "--preset", "basic", "-s", "missing=condition", "-e", "3", "-o", model, *QUIET)
    for what in "0.5", "12x12":
        done = run("complete", model, "-d", data, "-n", "8", "-k", "50", "--hide", what, "-o", out, *QUIET)
        last = last_json(done.stdout)
        assert last["event"] == "completed" and 0 < last["mse"] < 0.3 and last["mse_of_means"] > 0, last
        assert_picture(out, least=100)
    for what, words in ("2", "a fraction above 0"), ("40x40", "a block of images"), ("x", "such as 0.5"):
        refused = run("complete", model, "-d", data, "-n", "8", "--hide", what, "-o", out, code=2)
        assert words in refused.stderr, refused.stderr


main([test_table, test_images])

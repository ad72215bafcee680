# SPDX-License-Identifier: MIT
"""usage: score.py GENLAT. Scores of samples from the command line."""
import csv
import os

from support import last_json, main, npy_array, run


def table(folder, name, rows):
    path = os.path.join(folder, name)
    with open(path, "w", encoding="utf-8") as file:
        file.write("x,y,kind\n" + "".join(f"{x},{y},{kind}\n" for x, y, kind in rows))
    return path


def test_scores(folder):
    rows = [((i * 37 % 100) / 100, (i * 53 % 100) / 100, "normal") for i in range(200)]
    train = table(folder, "train.csv", rows)
    test = table(folder, "test.csv", rows[:30] + [(7, -9, "odd"), (-8, 5, "odd")])
    for family, first in (("vae", "nll"), ("gmm", "nll"), ("ppca", "nll"), ("gan", "discriminator")):
        model, out = os.path.join(folder, family), os.path.join(folder, family + ".csv")
        done = ["--steps", "40"] if family in ("vae", "gan") else ["--epochs", "3"]
        run("train", family, "-d", f"csv:{train}?label=kind&labels=no", *done, "-q", "-j", "1", "-o", model)
        result = last_json(run("score", model, "-d", f"csv:{test}", "-k", "20", "-o", out, "--json").stdout)
        assert result["count"] == 32 and result["anomalies"]["class"] == "odd", result
        best = result["anomalies"]["scores"][0]
        assert best["score"] == first and (family == "gan" or best["auroc"] == best["average_precision"] == 1), best
        other = last_json(run("score", model, "-d", f"csv:{test}", "-k", "20", "-o", out, "--anomaly", "normal",
                              "--json").stdout)["anomalies"]
        assert other["class"] == "normal" and abs(other["scores"][0]["auroc"] + best["auroc"] - 1) < 1e-6, other
        with open(out, encoding="utf-8") as file:
            head, *found = csv.reader(file)
        assert head[0] == first and head[-1] == "label" and len(found) == 32, head
        assert [row[-1] for row in found] == ["normal"] * 30 + ["odd"] * 2, found
        if family != "gan":  # after a few steps, a discriminator knows nothing of what it has never seen
            scores = [float(row[0]) for row in found]
            assert min(scores[30:]) > max(scores[:30]), (family, scores)


def test_errors(folder):
    model, data = os.path.join(folder, "m"), "ring?n=40"
    run("train", "vae", "-d", data, "--steps", "2", "-q", "-j", "1", "-o", model)
    assert ".csv or .npy" in run("score", model, "-d", data, "-o", "x.png", code=2).stderr
    assert "--out is missing" in run("score", model, "-d", data, code=2).stderr
    assert "have 40 samples" in run("score", model, "-d", data, "-n", "41", "-o", "x.csv", code=2).stderr
    assert "unknown class" in run("score", model, "-d", data, "-o", "x.csv", "--anomaly", "9", code=2).stderr
    assert "have no classes" in run("score", model, "-d", data + "&labels=no", "-o", "x.csv", "--anomaly", "1",
                                    code=2).stderr
    out = os.path.join(folder, "x.npy")
    run("score", model, "-d", data, "-n", "7", "-o", out)
    with open(out, "rb") as file:
        assert npy_array(file.read())[0] == (7, 4)
    net = os.path.join(folder, "net")
    run("train", "net", "-d", data, "--steps", "2", "-q", "-j", "1", "-o", net)
    assert "gives no scores" in run("score", net, "-d", data, "-o", out, code=1).stderr


main([test_scores, test_errors])

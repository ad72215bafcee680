# SPDX-License-Identifier: MIT
"""usage: net.py GENLAT. Classifiers from the command line, and evaluation of samples of other models with them."""
import csv
import os
import zipfile

from support import assert_picture, last_json, made_once, main, npy_array, run

NET = ("train", "net", "--data", "digits?n=1500", "--batch", "50", "--threads", "1", "--quiet", "--json")
GAN = ("train", "gan", "--batch", "16", "--preset", "mlp", "--threads", "1", "--quiet")


@made_once
def train_digits(path):
    run(*NET, "--steps", "60", "--out", path)


def trained(folder):
    return train_digits(os.path.join(folder, "digits.net"))


def test_train(folder):
    model, plots = os.path.join(folder, "new.net"), os.path.join(folder, "plots")
    done = last_json(run(*NET, "--steps", "30", "--valid", "digits#valid?n=200", "--out", model,
                         "--plots", plots).stdout)
    assert done["event"] == "done" and done["steps"] == 30, done
    assert {"loss", "accuracy"} <= set(done["valid"]) and done["valid"]["accuracy"] > 0.3, done
    for name in ("loss.png", "mistakes.png"):
        assert_picture(os.path.join(plots, name))
    done = last_json(run(*NET, "--resume", model, "--steps", "90").stdout)
    assert done["steps"] == 90, done
    result = last_json(run("eval", model, "-d", "digits#test?n=300", "--json").stdout)
    assert set(result) == {"cross_entropy", "accuracy", "metrics"} and result["accuracy"] > 0.7, result
    info = last_json(run("info", model, "--json").stdout)
    assert info["family"] == "predictor" and info["classes"] == 10 and info["training"]["steps"] == 90, info


def test_options(folder):
    assert "classifier" in run(*NET, "--preset", "none such", code=2).stderr
    assert "colour" in run(*NET, "--set", "colour=1", code=2).stderr
    assert "cross_entropy" in run(*NET, "--set", "loss=mse", code=2).stderr
    assert "labels" in run("train", "net", "--data", "swissroll?n=20&labels=drop", code=2).stderr
    model = os.path.join(folder, "own.net")
    run(*NET, "--steps", "2", "--set", "net=flatten; dense units=7; relu", "--set", "optimizer=sgd lr=0.1",
        "--out", model)
    assert "dense units=7" in run("info", model).stdout
    assert "a predictor has no latents" in run("sample", model, "-o", os.path.join(folder, "x.png"), code=1).stderr


def test_predict(folder):
    model, answers = trained(folder), {end: os.path.join(folder, "answers." + end) for end in ("csv", "npy", "npz")}
    data = "digits#test?n=700"
    for path in answers.values():
        done = last_json(run("predict", model, "-d", data, "-o", path, "--json").stdout)
        assert done["count"] == 700, done
    with open(answers["csv"]) as file:
        head, *rows = csv.reader(file)
    assert head == ["class", "probability"] + [f"p{c}" for c in range(10)] and len(rows) == 700, head
    for row in rows:
        label, probability, *all_ = map(float, row)
        assert probability == max(all_) == all_[int(label)] and abs(sum(all_) - 1) < 1e-5, row
    flat = tuple(float(value) for row in rows for value in row)
    with open(answers["npy"], "rb") as file:
        shape, numbers = npy_array(file.read())
    assert shape == (700, 12) and all(abs(a - b) < 1e-6 for a, b in zip(numbers, flat))
    with zipfile.ZipFile(answers["npz"]) as archive:
        arrays = {name: npy_array(archive.read(name)) for name in archive.namelist()}
    assert {name: shape for name, (shape, _) in arrays.items()} == {
        "class.npy": (700,), "probability.npy": (700,), "probabilities.npy": (700, 10)}, arrays
    assert arrays["class.npy"][1] == numbers[::12] and arrays["probability.npy"][1] == numbers[1::12]

    few = run("predict", model, "-d", data, "-n", "3", "-o", answers["csv"])
    assert "[3,12]" in few.stdout, few.stdout
    assert ".csv, .npy or .npz" in run("predict", model, "-d", data, "-o", "x.png", code=2).stderr
    assert "--out is missing" in run("predict", model, "-d", data, code=2).stderr
    assert "700 samples" in run("predict", model, "-d", data, "-n", "701", "-o", answers["csv"], code=2).stderr


def test_names(folder):
    """Two named classes that overlap: the accuracy of the predictions is the one that eval reports."""
    data, model, answers = (os.path.join(folder, name) for name in ("points.csv", "points.net", "answers.csv"))
    points = [((i * 37 % 101) / 50 - 1, i % 2) for i in range(400)]
    with open(data, "w") as file:
        file.writelines(f"{x + 0.5 * label},{x * x},{('odd, or not', 'even')[label]!r}\n".replace("'", '"')
                        for x, label in points)
    spec = f"csv:{data}?label=3"
    run("train", "net", "--data", spec, "--batch", "40", "--steps", "40", "--threads", "1", "--quiet", "--out", model)
    run("predict", model, "-d", spec, "-o", answers)
    with open(answers) as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0])[:4] == ["class", "probability", "p_even", "p_odd, or not"], rows[0]
    names = {"0": "even", "1": "odd, or not"}  # a last column has them if the source gives names
    assert all(row.get("label", names[row["class"]]) == names[row["class"]] for row in rows), rows
    right = [names[row["class"]] == ("odd, or not", "even")[label] for row, (_, label) in zip(rows, points)]
    accuracy = last_json(run("eval", model, "-d", spec, "--json").stdout)["accuracy"]
    assert len(right) == 400 and abs(sum(right) / 400 - accuracy) < 1e-9 and 0.5 < accuracy < 1, accuracy

    # Data with a class that the model does not know, and without labels, can be predicted.
    for name, text in ("other.csv", "0.1,0.2,cat\n0.3,0.1,even\n"), ("none.csv", "0.1,0.2\n0.3,0.1\n"):
        with open(os.path.join(folder, name), "w") as file:
            file.write(text)
        run("predict", model, "-d", f"csv:{file.name}" + "?label=3" * (name == "other.csv"), "-o", answers)


def test_regression(folder):
    model, path = os.path.join(folder, "roll.net"), os.path.join(folder, "y.csv")
    run("train", "net", "--data", "swissroll?n=600", "--batch", "50", "--steps", "30", "--threads", "1", "--quiet",
        "--out", model)
    run("predict", model, "-d", "swissroll#test?n=20", "-o", path)
    with open(path) as file:
        head, *rows = csv.reader(file)
    assert head == ["y0"] and len(rows) == 20 and all(abs(float(row[0])) < 10 for row in rows), rows
    result = last_json(run("eval", model, "-d", "swissroll#test?n=300", "--json").stdout)
    assert set(result) == {"mse", "metrics"}, result
    gan = os.path.join(folder, "ring.gan")
    run(*GAN, "--data", "ring?n=100", "--steps", "1", "--out", gan)
    assert "this gan predicts no labels" in run("predict", gan, "-d", "ring", "-o", path, code=1).stderr


def test_sets(folder):
    """Samples of a conditional GAN and real data, compared by the features and classes of a classifier."""
    net, gan = trained(folder), os.path.join(folder, "digits.gan")
    run(*GAN, "--data", "digits?n=300", "--steps", "3", "--set", "condition=labels", "--out", gan)
    arguments = ("eval", gan, "-d", "digits#test?n=300", "--classifier", net, "--reference", "digits?n=300",
                 "-n", "200")
    result = last_json(run(*arguments, "--json").stdout)
    names = ("frechet", "kid", "precision", "recall", "density", "coverage", "classifier_score", "agreement")
    assert {name for name in result if not name.endswith("_reference")} == {*names, "metrics"}, result
    assert result["frechet_reference"] < result["frechet"] and result["agreement_reference"] > 0.7, result
    assert result["agreement"] < 0.5 and 1 <= result["classifier_score"] <= 10, result
    text = run(*arguments, "-m", "frechet,agreement").stdout
    assert "reference" in text and "200 samples" in text, text
    assert all(f"{100 * result[name]:.2f} %" in text for name in ("agreement", "agreement_reference")), (result, text)
    raw = last_json(run("eval", gan, "-d", "digits#test?n=300", "-n", "100", "-m", "frechet", "--json").stdout)
    assert raw["frechet"] != result["frechet"] and "--classifier" in run(
        "eval", gan, "-d", "digits", "-m", "agreement", code=2).stderr
    assert "takes [1,28,28]" in run("eval", gan, "-d", "ring", "--classifier", net, code=1).stderr


def test_stacked(folder):
    """1000 modes: three digits in the channels, classified one by one."""
    net, gan = trained(folder), os.path.join(folder, "stacked.gan")
    run(*GAN, "--data", "digits?n=300&stack=3", "--steps", "2", "--out", gan)
    data = "digits#test?n=300&stack=3"
    result = last_json(run("eval", gan, "-d", data, "--classifier", net, "--samples", "150", "--reference", data,
                           "--json").stdout)
    assert 1 <= result["modes"] <= 150 < result["modes_reference"] * 2 and result["kl_modes"] > 0, result
    assert "of 1000" in run("eval", gan, "-d", data, "--classifier", net, "-m", "modes", "-n", "50").stdout


main([test_train, test_options, test_predict, test_names, test_regression, test_sets, test_stacked])

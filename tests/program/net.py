# SPDX-License-Identifier: MIT
"""usage: net.py GENLAT. Classifiers from the command line, and evaluation of samples of other models with them."""
import os

from support import assert_picture, last_json, main, run

NET = ("train", "net", "--data", "digits?n=1500", "--batch", "50", "--threads", "1", "--quiet", "--json")
GAN = ("train", "gan", "--batch", "16", "--preset", "mlp", "--threads", "1", "--quiet")


def trained(folder):
    path = os.path.join(folder, "digits.net")
    run(*NET, "--steps", "60", "--out", path)
    return path


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
    assert set(result) == {"cross_entropy", "accuracy"} and result["accuracy"] > 0.7, result
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


def test_sets(folder):
    """Samples of a conditional GAN and real data, compared by the features and classes of a classifier."""
    net, gan = trained(folder), os.path.join(folder, "digits.gan")
    run(*GAN, "--data", "digits?n=300", "--steps", "3", "--set", "condition=labels", "--out", gan)
    arguments = ("eval", gan, "-d", "digits#test?n=300", "--classifier", net, "--reference", "digits?n=300",
                 "-n", "200")
    result = last_json(run(*arguments, "--json").stdout)
    names = ("frechet", "kid", "precision", "recall", "density", "coverage", "classifier_score", "agreement")
    assert {name for name in result if not name.endswith("_reference")} == set(names), result
    assert result["frechet_reference"] < result["frechet"] and result["agreement_reference"] > 0.7, result
    assert result["agreement"] < 0.5 and 1 <= result["classifier_score"] <= 10, result
    text = run(*arguments, "-m", "frechet,agreement").stdout
    assert "reference" in text and "%" in text and "200 samples" in text, text
    raw = last_json(run("eval", gan, "-d", "digits#test?n=300", "-n", "100", "-m", "frechet", "--json").stdout)
    assert raw["frechet"] != result["frechet"] and "--classifier" in run(
        "eval", gan, "-d", "digits", "-m", "agreement", code=2).stderr
    assert "shape" in run("eval", gan, "-d", "ring", "--classifier", net, code=1).stderr


def test_stacked(folder):
    """1000 modes: three digits in the channels, classified one by one."""
    net, gan = trained(folder), os.path.join(folder, "stacked.gan")
    run(*GAN, "--data", "digits?n=300&stack=3", "--steps", "2", "--out", gan)
    data = "digits#test?n=300&stack=3"
    result = last_json(run("eval", gan, "-d", data, "--classifier", net, "--samples", "150", "--reference", data,
                           "--json").stdout)
    assert 1 <= result["modes"] <= 150 < result["modes_reference"] * 2 and result["kl_modes"] > 0, result
    assert "of 1000" in run("eval", gan, "-d", data, "--classifier", net, "-m", "modes", "-n", "50").stdout


main([test_train, test_options, test_sets, test_stacked])

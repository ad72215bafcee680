# SPDX-License-Identifier: MIT
"""usage: gan.py GENLAT. GANs from the command line: train, resume, sample, eval, info."""
import os

from support import assert_picture, last_json, main, run

RING = ("train", "gan", "--data", "ring?n=2000", "--batch", "64", "--quiet", "--json")


def trained(folder):
    path = os.path.join(folder, "ring.gan")
    if not os.path.exists(path):
        run(*RING, "--steps", "500", "--out", path)
    return path


def test_train(folder):
    model, plots = os.path.join(folder, "new.gan"), os.path.join(folder, "plots")
    done = last_json(run(*RING, "--steps", "20", "--out", model, "--plots", plots).stdout)
    assert done["event"] == "done" and done["steps"] == 20 and done["valid"] is None, done
    assert {"d_loss", "g_loss", "d_real", "d_fake", "penalty"} <= set(done["train"]), done
    for name in ("loss.png", "samples.png"):
        assert_picture(os.path.join(plots, name))
    done = last_json(run("train", "gan", "--data", "ring?n=2000", "--batch", "64", "--resume", model, "--steps", "30",
                         "--quiet", "--json").stdout)
    assert done["steps"] == 30, done


def test_options(folder):
    assert "r3" in run(*RING, "--preset", "basic", code=2).stderr
    assert "valid" in run(*RING, "--valid", "ring", code=2).stderr
    assert "colour" in run(*RING, "--set", "colour=1", code=2).stderr
    assert "batch_norm" in run("train", "gan", "--data", "digits?n=100", "--preset", "dcgan", "--set", "r1=1",
                               code=1).stderr


def test_use(folder):
    model = trained(folder)
    result = last_json(run("eval", model, "-d", "ring", "-m", "modes,hq,frechet", "-n", "500", "--json").stdout)
    assert result["modes"] >= 4 and 0 < result["hq"] <= 1 and result["frechet"] < 1, result
    assert "VAE" in run("eval", model, "-d", "ring", "-m", "nll", code=2).stderr
    path = os.path.join(folder, "x.csv")
    run("sample", model, "-n", "6", "--seed", "3", "-o", path)
    with open(path, encoding="utf-8") as file:
        assert len(file.read().split()) == 6
    info = last_json(run("info", model, "--json").stdout)
    assert info["kind"] == "gan" and info["shape"] == [2] and info["latent"] == 2, info
    assert "r3" in last_json(run("presets", "--json").stdout)["gan"]


main([test_train, test_options, test_use])

# SPDX-License-Identifier: MIT
"""usage: gan.py GENLAT. GANs from the command line: train, resume, sample, eval, info."""
import os

from support import assert_picture, film_frames, last_json, main, run

RING = ("train", "gan", "--data", "ring?n=2000", "--batch", "64", "--quiet", "--json")


def trained(folder):
    path = os.path.join(folder, "ring.gan")
    if not os.path.exists(path):
        run(*RING, "--steps", "500", "--out", path)
    return path


def rows(path):
    """The numbers of a table, without its header and its column of labels, if it has them."""
    with open(path, encoding="utf-8") as file:
        lines = [line.rstrip("\n").split(",") for line in file]
    labelled = lines[0][-1] == "label"
    return [[float(number) for number in (line[:-1] if labelled else line)] for line in lines[labelled:]]


def apart(a, b):
    return max(abs(x - y) for x, y in zip(a, b))


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


def test_film(folder):
    """Plots of samples from fixed latents during training, and interpolation between two latents."""
    model, plots = os.path.join(folder, "digits.gan"), os.path.join(folder, "plots")
    run("train", "gan", "--data", "digits?n=200", "--batch", "16", "--preset", "mlp", "--set", "condition=labels",
        "--steps", "40", "--out", model, "--plots", plots, "--quiet")
    for name in ("loss.png", "samples.png", "progress.png", "film.png"):
        assert_picture(os.path.join(plots, name))
    assert sorted(os.listdir(plots)) == ["film.png", "loss.png", "progress.png", "samples.png"]
    assert film_frames(os.path.join(plots, "film.png")) == 24
    a, b = os.path.join(folder, "a.csv"), os.path.join(folder, "b.csv")
    run("interpolate", model, "--from", "1", "--to", "4", "--frames", "3", "--label", "7", "--seed", "5", "-o", a)
    run("sample", model, "-n", "5", "--label", "7", "--seed", "5", "-o", b)
    path, samples = rows(a), rows(b)
    assert len(path) == 3 and apart(path[0], samples[1]) < 1e-4 and apart(path[2], samples[4]) < 1e-4
    assert min(apart(path[1], sample) for sample in samples) > 1e-3
    run("sample", model, "-n", "5", "--label", "7", "--seed", "5", "--truncation", "0.5", "-o", a)
    assert apart(rows(a)[1], samples[1]) > 1e-3
    assert "encoder" in run("interpolate", model, "--data", "digits", "-o", b, code=2).stderr


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
    assert "a gan, only for: vae" in run("eval", model, "-d", "ring", "-m", "nll", code=2).stderr
    path = os.path.join(folder, "x.csv")
    run("sample", model, "-n", "6", "--seed", "3", "-o", path)
    with open(path, encoding="utf-8") as file:
        assert len(file.read().split()) == 6
    assert set(last_json(run("eval", model, "-d", "ring", "--json").stdout)) == {"modes", "hq", "kl_modes", "metrics"}
    info = last_json(run("info", model, "--json").stdout)
    assert info["family"] == "gan" and info["shape"] == [2] and info["latent"] == 2, info
    assert "r3" in last_json(run("presets", "--json").stdout)["gan"]


main([test_train, test_film, test_options, test_use])

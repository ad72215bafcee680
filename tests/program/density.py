# SPDX-License-Identifier: MIT
"""usage: density.py GENLAT. Classical densities with the commands of all models, and samplers of codes."""
import os

from support import assert_picture, last_json, main, npy_array, run, small_model

QUIET = ("--threads", "1", "--quiet", "--json")
RBM = ("--set", "hidden=10", "--set", "ais_chains=10", "--set", "ais_steps=20", "--set", "sample_steps=20",
       "--steps", "20")


def check_use(folder, model, data):
    """Every command that works with codes."""
    grid, codes = os.path.join(folder, "grid.png"), os.path.join(folder, "codes.npy")
    assert set(last_json(run("eval", model, "-d", data, "--json").stdout)) == {"nll", "metrics"}
    run("sample", model, "-n", "12", "-o", grid, *QUIET)
    assert_picture(grid, least=100)
    run("encode", model, "-d", data, "-o", codes, *QUIET)
    run("decode", model, "--latents", f"npy:{codes}", "-o", grid, *QUIET)
    run("reconstruct", model, "-d", data, "-n", "8", "-o", grid, *QUIET)
    assert "nll" not in run("info", model).stderr
    with open(codes, "rb") as file:
        return npy_array(file.read())[0]


def test_gmm(folder):
    model = os.path.join(folder, "gmm.model")
    data = "digits?n=300"
    plots = os.path.join(folder, "plots")
    done = last_json(run("train", "gmm", "-d", data, "--plots", plots, "--set", "components=4", "--set",
                         "covariance=diag", "-e", "3", "-o", model, *QUIET).stdout)
    assert_picture(os.path.join(plots, "components.png"), least=50)
    assert done["event"] == "done" and "nll" in done["train"], done
    assert check_use(folder, model, data) == (300, 4)
    resumed = last_json(run("train", "gmm", "-d", data, "--resume", model, "-e", "6", *QUIET).stdout)
    assert resumed["train"]["nll"] <= done["train"]["nll"], (done, resumed)


def test_ppca(folder):
    model, plots, data = os.path.join(folder, "ppca.model"), os.path.join(folder, "plots"), "ring?n=400"
    run("train", "ppca", "-d", data, "--valid", "ring#valid?n=100", "-o", model, "--plots", plots, *QUIET)
    assert last_json(run("info", model, "--json").stdout)["latent"] == 1
    assert check_use(folder, model, data) == (400, 1)
    assert_picture(os.path.join(plots, "components.png"), least=100)
    early = run("train", "ppca", "-d", data, "-b", "100", "--steps", "2", "-o", model, "--threads", "1")
    assert "the model is not fitted" in early.stderr, early


def test_held_out(folder):
    """Samples of files are held out, as in the training of other models."""
    table, model = os.path.join(folder, "table.csv"), os.path.join(folder, "table.model")
    with open(table, "w", encoding="utf-8") as file:
        file.writelines(f"{i % 7},{i % 7 + i % 3},{(i * i) % 11}\n" for i in range(200))
    for family, more in ("gmm", ("--set", "components=2")), ("ppca", ()):
        done = last_json(run("train", family, "-d", f"csv:{table}", *more, "-e", "2", "-o", model, *QUIET).stdout)
        assert done["valid"]["nll"] < 10, done


def test_rbm(folder):
    model = os.path.join(folder, "rbm.model")
    data = "digits?n=200&binarize=threshold"
    run("train", "rbm", "-d", data, *RBM, "-o", model, *QUIET)
    assert check_use(folder, model, data) == (200, 10)
    assert "takes none" in run("train", "rbm", "-d", data, "--set", "condition=labels", code=1).stderr


def test_samplers(folder):
    model, grid = small_model(folder), os.path.join(folder, "grid.png")
    assert "has only its prior" in run("sample", model, "--sampler", "mixture", "-o", grid, code=2).stderr
    training = last_json(run("info", model, "--json").stdout)["training"]
    written = last_json(run("sampler", model, "-d", "digits?n=300", "--sampler", "mixture components=3",
                            *QUIET).stdout)
    assert training["steps"] > 0 and last_json(run("info", model, "--json").stdout)["training"] == training, training
    assert written["sampler"].startswith("mixture components=3"), written
    assert "mixture components=3" in run("info", model).stdout
    results = []
    for name in ("prior", "mixture"):
        run("sample", model, "--sampler", name, "-n", "9", "-o", grid, *QUIET)
        assert_picture(grid, least=80)
        results.append(last_json(run("eval", model, "-d", "digits?n=200", "-m", "frechet", "-k", "200", "--sampler",
                                     name, *QUIET).stdout)["frechet"])
    assert results[0] != results[1], results
    assert "did you mean 'mixture'" in run("sampler", model, "-d", "digits?n=50", "--sampler", "mixtur", code=2).stderr
    for name in ("flow steps=5", "two_stage steps=5 width=16"):
        run("sampler", model, "-d", "digits?n=100", "--sampler", name, *QUIET)
        run("sample", model, "-n", "9", "--temperature", "0.7", "-o", grid, *QUIET)
        assert_picture(grid, least=80)
    run("sampler", model, "--sampler", "prior", *QUIET)
    assert "mixture" not in run("info", model).stdout


def test_sampler_of_few_labels(folder):
    """A model that infers labels needs none for its sampler."""
    model, grid, data = os.path.join(folder, "few.model"), os.path.join(folder, "few.png"), "digits?limit=200"
    run("train", "semi", "-d", f"{data}&labelled=60", "--steps", "4", "--set", "architecture=mlp widths=16", "-o",
        model, *QUIET)
    for labels in "labelled=60", "labels=no":
        run("sampler", model, "-d", f"{data}&{labels}", "--sampler", "gaussian", *QUIET)
        run("sample", model, "--sampler", "gaussian", "-n", "9", "-l", "3", "-o", grid, *QUIET)
        assert_picture(grid, least=80)


main([test_gmm, test_ppca, test_held_out, test_rbm, test_samplers, test_sampler_of_few_labels])

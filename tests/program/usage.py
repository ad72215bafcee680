# SPDX-License-Identifier: MIT
"""usage: usage.py GENLAT. Help texts, and errors of the command line: status 2 and one line that names the remedy."""
import os
import subprocess

from support import PROGRAM, SMALL, last_json, main, run, small_model

TRAIN = ["train", "vae", "--data", "digits?n=100"]

# Arguments, and text that the error must contain.
WRONG = [
    ([], "genlat help"),
    (["trian"], "train"),
    (["train"], "vae"),
    (["train", "cat"], "vae"),
    (["sampel", "m"], "did you mean 'sample'?"),
    (["vae"], "did you mean 'train vae'?"),
    (["kinds", "layer"], "did you mean 'layers'?"),
    (["kinds", "layers", "dens"], "did you mean 'dense'?"),
    (["kinds", "metrics", "frechett"], "did you mean 'frechet'?"),
    (["kinds", "layers", "dense", "x"], "unexpected argument"),
    (["sample", "m", "--set", "sede=3", "-o", "x.png"], "did you mean 'seed'?"),
    (["eval", "m", "--data", "digits", "-m", "neg_elb"], "did you mean 'neg_elbo'?"),
    (TRAIN + ["--set", "patiense=3"], "did you mean 'patience'?"),
    (TRAIN + ["--set", "cpu=avx"], "did you mean 'avx2'?"),
    (TRAIN + ["--set", "likelihod=mse"], "did you mean 'likelihood'?"),
    (TRAIN + ["--set", "likelihood=gausian"], "did you mean 'gaussian'?"),
    (TRAIN + ["--set", "likelihood=gausian"], "genlat kinds"),
    (TRAIN + ["--set", "encoder=conv channels=3"], "did you mean 'conv1d'?"),
    (TRAIN + ["--set", "encoder=dense unit=3"], "did you mean 'units'?"),
    (["train", "vae", "--data", "digts"], "did you mean 'digits'?"),
    (["train", "vae", "--data", "digits?sed=3"], "did you mean 'seed'?"),
    (["sample"], "MODEL"),
    (["sample", "a", "b"], "unexpected argument"),
    (["sample", "m", "-o", "x.gif"], ".png"),
    (["sample", "m"], "--out"),
    (["sample", "m", "-n", "0", "-o", "x.png"], ">= 1"),
    (["sample", "m", "-n", "ten", "-o", "x.png"], "ten"),
    (["sample", "m", "--temperature", "-1", "-o", "x.png"], "--temperature"),
    (["sample", "m", "--epochs", "3"], "--epochs"),
    (["sample", "m", "-s", "latent=3", "-o", "x.png"], "latent"),
    (["sample", "m", "-o"], "FILE"),
    (["sample", "m", "--json=1", "-o", "x.png"], "--json"),
    (["eval", "m", "--data", "digits", "-m", "neg_elbo,beauty"], "beauty"),
    (["encode", "m", "--data", "digits", "--part", "half", "-o", "x.npy"], "half"),
    (["train", "vae"], "--data"),
    (["train", "vae", "--data", "digit"], "digits"),
    (["train", "vae", "--data", "digits?n=many"], "many"),
    (["train", "vae", "--data", "digits?colour=red"], "colour"),
    (TRAIN + ["--epocs", "3"], "--epochs"),
    (TRAIN + ["--epochs", "-3"], "epochs"),
    (TRAIN + ["--batch", "1.5"], "batch"),
    (TRAIN + ["--preset", "basik"], "basic"),
    (TRAIN + ["--set", "latent"], "KEY=VALUE"),
    (TRAIN + ["--set", "latent=0"], "latent"),
    (TRAIN + ["--set", "laten=3"], "laten"),
    (TRAIN + ["--set", "encoder=flatten; dens units=3"], "dens"),
    (TRAIN + ["--set", "condition=labels", "--set", "decoder=dense units={out}"], "concat from=z,c"),
    (TRAIN + ["--set", "cpu=z80"], "avx2"),
    (TRAIN + ["--set", "deterministic=perhaps"], "perhaps"),
    (TRAIN + ["--threads", "0"], "threads"),
    (TRAIN + ["--seed", "x"], "seed"),
    (TRAIN + ["--plot-format", "gif"], "svg"),
    (TRAIN + ["--resume", "m", "--preset", "basic"], "--preset"),
    (TRAIN + ["--resume", "m", "--set", "latent=3"], "latent"),
]

# Files that do not exist: status 1.
MISSING = [
    (["sample", "nowhere.model", "-o", "x.png"], "nowhere.model"),
    (TRAIN + ["--out", "nowhere/x.model"], "nowhere"),
    (TRAIN + ["--plots", "nowhere/plots"], "nowhere"),
    (["train", "vae", "--data", "npy:nowhere.npy"], "nowhere.npy"),
]


def test_wrong(folder):
    for arguments, named in WRONG:
        done = run(*arguments, code=2, cwd=folder)
        assert named in done.stderr, f"{arguments}: '{named}' is not in: {done.stderr}"
        assert done.stdout == "", arguments


def test_missing(folder):
    for arguments, named in MISSING:
        done = run(*arguments, code=1, cwd=folder)
        assert named in done.stderr, f"{arguments}: '{named}' is not in: {done.stderr}"


def test_help(folder):
    commands = run("help").stdout
    assert run("--help").stdout == commands
    for name in ("train gan", "train gmm", "train net", "train ppca", "train rbm", "train vae", "eval", "sample",
                 "sampler", "reconstruct", "encode", "decode", "interpolate", "traverse", "export", "info", "kinds",
                 "presets", "selftest"):
        assert name in commands, name
        text = run(*name.split(), "--help").stdout
        assert f"usage: genlat {name}" in text and "--json" in text and "--seed" in text, text
        assert all(len(line) <= 110 for line in text.splitlines()), text
    assert run("--version").stdout.startswith("genlat 0.")


def test_kinds(folder):
    """Every group lists its kinds, every kind its options with default and range."""
    groups = last_json(run("kinds", "--json").stdout)
    assert {"layers", "likelihoods", "schedules", "sources", "metrics", "presets-vae"} <= set(groups), groups
    for group in groups:
        assert group in run("kinds").stdout
        kinds = last_json(run("kinds", group, "--json").stdout)
        assert kinds and all(kinds.values()), (group, kinds)
        lines = run("kinds", group).stdout.splitlines()
        assert [line.split()[0] for line in lines] == list(kinds), lines
        name = list(kinds)[-1]
        assert run("kinds", group, name).stdout.startswith(f"{name}: {kinds[name]}"), name
    dense = last_json(run("kinds", "layers", "dense", "--json").stdout)
    assert dense["options"]["bias"]["default"] == "yes" and "1 to " in dense["options"]["units"]["values"], dense
    text = run("kinds", "layers", "dense").stdout
    assert "units" in text and "torch" in text and "glorot_uniform" in text, text
    assert "no options" in run("kinds", "layers", "flatten").stdout


def test_help_of_several_commands(folder):
    text = run("train", "--help").stdout
    assert all(name in text for name in ("train gan", "train net", "train vae")) and "sample" not in text, text
    assert "did you mean 'train vae'" in run("vae", code=2).stderr


def test_full_disk(folder):
    if not os.access("/dev/full", os.W_OK):
        return
    for arguments in (["--version"], ["help"], ["train", "vae", "--help"], ["train", "--help"]):
        with open("/dev/full", "w", encoding="utf-8") as full:
            done = subprocess.run([PROGRAM, *arguments], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
        assert done.returncode == 1 and "standard output" in done.stderr, (arguments, done)


def test_outputs_are_checked_first(folder):
    data = ["train", "vae", "-d", "digits?n=100", *SMALL, "--epochs", "1"]
    for path in (folder, os.path.join(folder, "x" * 250)):
        done = run(*data, "-o", path, code=1)
        assert "epoch" not in done.stdout, done.stdout
    out = os.path.join(folder, "m.safetensors")
    if os.access("/dev/full", os.W_OK):
        done = run(*data, "-o", out, "--log", "/dev/full")
        assert "the log ends here" in done.stderr and os.path.exists(out), done.stderr


def test_config(folder):
    path = os.path.join(folder, "c.json")

    def config(text, code, named):
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        done = run("train", "vae", "--config", path, *SMALL, "--set", "batch=50", "--epochs", "1", "--quiet", code=code)
        assert named in done.stderr, f"{text}: {done.stderr}"

    config('{"data": "digits?n=100", "epochs": 7, "beta": 0.5, "shuffle": true}', 0, "")
    config('{"data": "digits?n=100", "latent": [3]}', 2, "latent")
    config('{"data": "digits?n=100", "colour": 3}', 2, "colour")
    config('{"data": "digits?n=100", "json": 3}', 2, "json")
    config('{"data": "digits?n=100",', 2, "line 1")
    config('[1]', 2, "object")


def test_model_misuse(folder):
    model = small_model(folder)
    done = run("sample", model, "--label", "3", "-o", os.path.join(folder, "x.png"), code=2)
    assert "not conditional" in done.stderr
    done = run("reconstruct", model, "-d", "shapes", "-n", "2", "-o", os.path.join(folder, "x.png"), code=1)
    assert "[1,28,28]" in done.stderr or "28" in done.stderr, done.stderr
    done = run("interpolate", model, "-d", "digits?n=9", "--from", "1", "--to", "9", "-o", "x.png", code=2, cwd=folder)
    assert "9" in done.stderr
    with open(os.path.join(folder, "bad.model"), "wb") as file:
        file.write(b"\x10\0\0\0\0\0\0\0this is no model")
    run("info", os.path.join(folder, "bad.model"), code=1)
    assert not os.path.exists(os.path.join(folder, "x.png"))


assert os.access(PROGRAM, os.X_OK)
main([test_wrong, test_missing, test_help, test_kinds, test_help_of_several_commands, test_full_disk,
      test_outputs_are_checked_first, test_config, test_model_misuse])

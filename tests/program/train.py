# SPDX-License-Identifier: MIT
"""usage: train.py GENLAT. Training: output in a pipe, on a terminal and as JSON, stopping, and resuming."""
import collections
import json
import math
import os
import pty
import random
import re
import signal
import subprocess
import time

from support import PROGRAM, SMALL, assert_picture, last_json, main, run

TERMS = {"neg_elbo", "recon", "kl"}


def train(*more, data="digits?n=500", code=0):
    return run("train", "vae", "--data", data, *SMALL, "--batch", "50", *more, code=code)


def test_json(folder):
    done = train("--valid", "digits#test?n=100", "--epochs", "2", "--seed", "1", "--json")
    result = last_json(done.stdout)
    assert len(done.stdout.splitlines()) == 1, done.stdout
    assert result["event"] == "done" and result["epochs"] == 2 and result["steps"] == 20, result
    assert result["seconds"] > 0 and result["samples_per_s"] > 0, result
    for part in ("train", "valid"):
        assert TERMS <= set(result[part]), result
        assert all(math.isfinite(result[part][name]) for name in TERMS)
        assert abs(result[part]["recon"] + result[part]["kl"] - result[part]["neg_elbo"]) < 1e-3
    assert "epoch 1/2" in done.stderr and "valid.neg_elbo" in done.stderr, done.stderr


def test_pipe(folder):
    lines = train("--valid", "digits#test?n=100", "--epochs", "3").stdout.splitlines()
    assert len(lines) == 3, lines
    for number, line in enumerate(lines, 1):
        assert line.startswith(f"epoch {number}/3") and "neg_elbo" in line and "valid.neg_elbo" in line, line
        assert "\r" not in line and "\033" not in line, line
    done = train("--epochs", "1", "--quiet")
    assert done.stdout == "" and done.stderr == "", done


def test_terminal(folder):
    """A progress bar that fits into the line and is overwritten, and one line per epoch that stays. The training is
    long enough for several bars on a fast machine, since one is drawn every 0.1 s."""
    try:
        ours, theirs = pty.openpty()
    except OSError as error:  # a container without /dev/pts
        print("skipped:", error)
        return
    os.set_inheritable(theirs, True)
    child = subprocess.Popen([PROGRAM, "train", "vae", "--data", "digits?n=4000", *SMALL, "--batch", "20",
                              "--epochs", "30"], stdout=theirs, stderr=theirs, env={**os.environ, "LC_ALL": "C.UTF-8"})
    os.close(theirs)
    text = b""
    while True:
        try:
            part = os.read(ours, 65536)
        except OSError:
            break
        if not part:
            break
        text += part
    assert child.wait() == 0
    text = text.decode()
    bars = [part for part in text.replace("\n", "\r").split("\r") if "━" in part or "╌" in part]
    assert bars and all("epoch" in bar and "%" in bar for bar in bars), text
    assert any("left" in bar for bar in bars), bars
    assert max(len(bar.replace("\033[K", "")) for bar in bars) < 80, bars
    assert sum(line.lstrip("\r\033[K").startswith("epoch") for line in text.split("\n")) >= 3, text


def test_seed(folder):
    def loss(*more):
        return last_json(train("--epochs", "1", "--json", *more).stdout)["train"]["neg_elbo"]

    assert loss("--seed", "5") == loss("--seed", "5") != loss("--seed", "6")
    assert abs(loss("--seed", "5", "--threads", "2") - loss("--seed", "5")) < 0.05


def test_resume(folder):
    path = os.path.join(folder, "m.model")
    unbroken = last_json(train("--epochs", "3", "--json").stdout)
    train("--epochs", "1", "--out", path, "--quiet")
    resumed = last_json(run("train", "vae", "--data", "digits?n=500", "--resume", path, "--batch", "50", "--epochs",
                            "3", "--threads", "1", "--json").stdout)
    assert resumed["epochs"] == 3 and resumed["steps"] == unbroken["steps"], resumed
    assert resumed["train"]["neg_elbo"] == unbroken["train"]["neg_elbo"], (resumed, unbroken)
    assert resumed["model"] == path


def test_priors(folder):
    """Learned priors train, resume and sample by their text alone."""
    path = os.path.join(folder, "m.model")
    for prior in ("flow layers=2 width=8", "mixture components=5", "vamp components=5 low=0 high=1"):
        setting = ("--set", f"prior={prior}")
        unbroken = last_json(train("--epochs", "2", "--json", *setting).stdout)
        train("--epochs", "1", "--out", path, "--quiet", *setting)
        resumed = last_json(run("train", "vae", "--data", "digits?n=500", "--resume", path, "--epochs", "2",
                                "--threads", "1", "--json").stdout)
        assert resumed["train"]["neg_elbo"] == unbroken["train"]["neg_elbo"], (prior, resumed, unbroken)
        picture = os.path.join(folder, "samples.png")
        run("sample", path, "-n", "4", "--out", picture)
        assert_picture(picture)
    error = train("--set", "prior=vamp", "--set", "condition=labels", code=1).stderr
    assert "prior=mixture" in error, error


def test_zero_epochs(folder):
    """Zero epochs write the untrained model."""
    path = os.path.join(folder, "m.model")
    done = last_json(train("--epochs", "0", "--out", path, "--json").stdout)
    assert done["epochs"] == 0 and done["steps"] == 0, done
    assert "none yet" in run("info", path).stdout


def tensors(path):
    """The bytes of a model file after its header, which has the seconds of the training."""
    with open(path, "rb") as file:
        data = file.read()
    return data[8 + int.from_bytes(data[:8], "little"):]


def test_resume_is_checked(folder):
    """A resumed training repeats seed and batch size, and refuses others, other data, and to do nothing."""
    path, other = os.path.join(folder, "m.model"), os.path.join(folder, "n.model")
    train("--epochs", "2", "--seed", "4", "--out", path, "--quiet")

    def resume(*more, data="digits?n=500", code=1):
        return run("train", "vae", "--data", data, "--resume", path, "--out", other, "--quiet", "-j", "1", *more,
                   code=code)

    for arguments, words in {("--epochs", "2"): ["2 epochs", "--from"], ("--epochs", "3", "--seed", "5"): ["5", "4"],
                             ("--epochs", "3", "--batch", "60"): ["60", "50"],
                             ("--epochs", "3", "--set", "drop_last=yes"): ["drop_last"]}.items():
        error = resume(*arguments).stderr
        assert all(word in error for word in words), error
    error = resume("--epochs", "3", data="digits?n=400").stderr
    assert "400" in error and "500" in error, error
    resume("--epochs", "4", code=0)
    train("--epochs", "4", "--seed", "4", "--out", path, "--quiet")
    assert tensors(path) == tensors(other), "the resumed training has other weights"


def test_fine_tuning(folder):
    """--from begins a new training with the weights of a model."""
    path, other = os.path.join(folder, "m.model"), os.path.join(folder, "n.model")
    train("--epochs", "6", "--out", path, "--quiet")
    new = last_json(train("--epochs", "1", "--json", data="digits?n=200&seed=3").stdout)["train"]["neg_elbo"]
    tuned = last_json(run("train", "vae", "--data", "digits?n=200&seed=3", "--from", path, "--epochs", "1", "--batch",
                          "50", "-j", "1", "--out", other, "--json").stdout)
    assert tuned["steps"] == 4 and tuned["epochs"] == 1 and tuned["train"]["neg_elbo"] < new - 50, (tuned, new)
    both = run("train", "vae", "--data", "digits", "--from", path, "--resume", path, code=2).stderr
    assert "--from" in both and "--resume" in both, both
    assert "--preset" in run("train", "vae", "--data", "digits", "--from", path, "-p", "basic", code=2).stderr


def interrupt(folder, number):
    path = os.path.join(folder, "m.model")
    child = subprocess.Popen([PROGRAM, "train", "vae", "--data", "digits?n=500", *SMALL, "--batch", "50", "--epochs",
                              "100000", "--out", path, "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                             text=True)
    while not child.stderr.readline().startswith("epoch"):
        assert child.poll() is None
    child.send_signal(number)
    out, err = child.communicate(timeout=60)
    assert child.returncode == 130, (child.returncode, err)
    assert "--resume " + path in err.splitlines()[-1], err
    result = last_json(out)
    assert result["event"] == "cancelled" and result["steps"] >= 10, result
    more = result["epochs"] + 1
    after = last_json(run("train", "vae", "--data", "digits?n=500", "--resume", path, "--epochs", str(more), "--batch",
                          "50", "--json").stdout)
    assert after["steps"] == more * 10 and after["event"] == "done", (result, after)


def test_interrupt(folder):
    interrupt(folder, signal.SIGINT)


def test_interrupt_with_plots(folder):
    """The pictures of what there is are written, also within the first epoch."""
    plots, path = os.path.join(folder, "plots"), os.path.join(folder, "m.model")
    child = subprocess.Popen([PROGRAM, "train", "vae", "--data", "digits?n=20000", *SMALL, "--batch", "1",
                              "--epochs", "1", "--plots", plots, "--out", path], stdout=subprocess.DEVNULL,
                             stderr=subprocess.PIPE, text=True)
    time.sleep(1.5)
    child.send_signal(signal.SIGINT)
    assert child.wait(timeout=60) == 130, child.stderr.read()
    assert {"loss.png", "samples.png", "latent.png", "reconstructions.png"} <= set(os.listdir(plots))
    assert_picture(os.path.join(plots, "loss.png"))
    assert os.path.exists(path)


def test_terminate(folder):
    interrupt(folder, signal.SIGTERM)


def test_log(folder):
    path = os.path.join(folder, "log.jsonl")
    train("--epochs", "3", "--log", path, "--quiet")
    with open(path, encoding="utf-8") as file:
        lines = [json.loads(line) for line in file]
    assert [line["epoch"] for line in lines] == [1, 2, 3], lines


def test_best(folder):
    """Saves the model with the best validation loss."""
    path = os.path.join(folder, "m.model")
    train("--valid", "digits#test?n=200", "--epochs", "3", "--set", "restore_best=yes", "--out", path, "--quiet",
          data="digits?n=200")
    assert os.path.exists(path)


def test_best_weights_of_a_preset(folder):
    """The model is written with the weights of the best validation also where the preset asks for them."""
    numbers = random.Random(3)
    train, valid = (os.path.join(folder, name) for name in ("noise.csv", "more.csv"))
    for path in (train, valid):
        with open(path, "w", encoding="utf-8") as file:
            file.writelines(",".join(f"{numbers.gauss(0, 1):.5f}" for _ in range(20)) + "\n" for _ in range(40))
    model = os.path.join(folder, "best.vae")
    done = last_json(run("train", "vae", "-d", f"csv:{train}", "--valid", f"csv:{valid}", "--steps", "600", "-j", "1",
                         "--json", "-o", model).stdout)
    training = last_json(run("info", model, "--json").stdout)["training"]
    best = training["best"]
    assert 1 <= training["best_epoch"] < training["epochs"], training
    found = last_json(run("eval", model, "-d", f"csv:{valid}", "--json").stdout)["neg_elbo"]
    assert done["valid"]["neg_elbo"] > best + 5, done  # the last weights are overfitted
    assert abs(found - best) < 1, (found, best)


def test_plots(folder):
    plots = os.path.join(folder, "plots")
    bare = last_json(train("--epochs", "2", "--json").stdout)
    drawn = last_json(train("--epochs", "2", "--json", "--plots", plots).stdout)
    assert bare["train"] == drawn["train"], "plots must not change the training"
    assert sorted(os.listdir(plots)) == ["film.png", "latent.png", "loss.png", "progress.png", "reconstructions.png",
                                         "samples.png"]
    for name in os.listdir(plots):
        assert_picture(os.path.join(plots, name))
    train("--epochs", "1", "--quiet", "--plots", plots, "--plot-format", "svg")
    with open(os.path.join(plots, "loss.svg"), encoding="utf-8") as file:
        assert "<svg" in file.read()
    train("--epochs", "1", "--quiet", "--plots", plots, "--plot-format", "pdf")
    with open(os.path.join(plots, "latent.pdf"), "rb") as file:
        assert file.read(5) == b"%PDF-"


def test_fonts_are_found_first(folder):
    """Fontconfig, which may end the program where memory is short, is called before the data are read."""
    done = subprocess.run([PROGRAM, "train", "vae", "--data", "csv:none.csv", "--plots", folder], check=False,
                          stderr=subprocess.PIPE, text=True, env={**os.environ, "FONTCONFIG_FILE": "/none"})
    lines = done.stderr.splitlines()
    assert done.returncode == 1 and lines[0].startswith("Fontconfig") and "none.csv" in lines[-1], lines


def test_film_of_epochs(folder):
    """The frames of a film depend on the steps, not on how the length is given: 3 epochs of 10 steps, or 30 steps."""
    films = []
    for length in (("--epochs", "3"), ("--steps", "30")):
        plots = os.path.join(folder, length[0])
        train(*length, "--quiet", "--seed", "1", "--plots", plots)
        with open(os.path.join(plots, "film.png"), "rb") as file:
            films.append(file.read())
    assert films[0] == films[1]


def row_lengths(path):
    """The number of glyphs in each line of text of an SVG file, by its height."""
    with open(path, encoding="utf-8") as file:
        return collections.Counter(re.findall(r'<use xlink:href="#glyph[^"]*" x="[^"]*" y="([^"]*)"', file.read()))


def test_curves_of_a_resumed_training(folder):
    """The curves of epochs 11 and 12 have these numbers: twice as many digits as the numbers of epochs 1 and 2."""
    path, plots = os.path.join(folder, "m.model"), os.path.join(folder, "plots")
    valid, lines = ("--valid", "digits#test?n=50", "--quiet", "--plots", plots, "--plot-format", "svg"), []
    train("--epochs", "2", *valid, data="digits?n=100")
    lines.append(row_lengths(os.path.join(plots, "loss.svg")))
    train("--epochs", "10", "--out", path, "--quiet", data="digits?n=100")
    run("train", "vae", "--data", "digits?n=100", "--resume", path, "--epochs", "12", "-j", "1", *valid)
    lines.append(row_lengths(os.path.join(plots, "loss.svg")))
    assert any(count >= 2 and lines[1][y] == 2 * count for y, count in lines[0].items()), lines


def test_plots_of_several_runs(folder):
    """Runs may share a folder of pictures."""
    plots = os.path.join(folder, "plots")
    command = [PROGRAM, "train", "vae", "--data", "digits?n=100", *SMALL, "--batch", "20", "--quiet", "--epochs", "2"]
    runs = [subprocess.Popen([*command, "--plots", plots]) for _ in range(8)]
    assert [child.wait() for child in runs] == [0] * 8
    assert sorted(os.listdir(plots)) == ["film.png", "latent.png", "loss.png", "progress.png", "reconstructions.png",
                                         "samples.png"]


def test_killed(folder):
    """The draft that a killed training leaves behind is removed by the next save of the same model."""
    path = os.path.join(folder, "m.model")
    stale = path + ".4194303-0.tmp"
    with open(stale, "wb") as file:
        file.write(b"part of a model")
    train("--epochs", "1", "--quiet", "--out", path)
    assert os.listdir(folder) == ["m.model"], os.listdir(folder)


def test_points(folder):
    plots = os.path.join(folder, "plots")
    run("train", "vae", "--data", "grid?n=500", "--preset", "vector", "--epochs", "1", "--quiet", "--plots", plots)
    for name in ("latent.png", "loss.png", "reconstructions.png", "samples.png"):
        assert_picture(os.path.join(plots, name))


def write_rows(path, count, columns=3):
    numbers = random.Random(count)
    with open(path, "w", encoding="utf-8") as file:
        file.writelines(",".join(f"{numbers.gauss(7, 3):.5f}" for _ in range(columns)) + "\n" for _ in range(count))
    return f"csv:{path}"


def test_holdout(folder):
    """Without --valid, samples of files are held out, and the program says so. A preset is trained on all samples."""
    data, model = write_rows(os.path.join(folder, "t.csv"), 60), os.path.join(folder, "t.vae")

    def fit(*more):
        done = run("train", "vae", "-d", data, "--epochs", "3", "-j", "1", "--json", *more)
        return done.stderr, last_json(done.stdout)

    text, end = fit("-o", model, "--plots", os.path.join(folder, "plots"))
    assert "60 vectors" in text.splitlines()[0] or "60 points" in text.splitlines()[0], text
    assert text.splitlines()[0].endswith("; 12 samples held out for validation"), text
    assert end["held_out"] == 12 and math.isfinite(end["valid"]["neg_elbo"]), end
    info = last_json(run("info", model, "--json").stdout)["training"]
    assert info["held_out"] == 12 and "held out         12 samples" in run("info", model).stdout, info
    found = last_json(run("eval", model, "-d", data + "#valid?holdout=12", "--json").stdout)["neg_elbo"]
    assert abs(found - info["best"]) < 1e-3, (found, info)  # the same rows
    for more, held in ((["--valid", "0.25"], 15), (["--valid", "7"], 7), (["-s", "holdout=9"], 9),
                       (["-p", "vector", "--valid", "9"], 9), (["-p", "vector", "--valid", "0.5"], 30)):
        text, end = fit(*more)
        assert end["held_out"] == held and end["valid"] and f"{held} " in text.splitlines()[0], (more, text, end)
    for more in (["--valid", "none"], ["-p", "vector"], ["--valid", data]):
        text, end = fit(*more)
        assert "held_out" not in end and "held out" not in text, (more, text, end)
        assert (end["valid"] is not None) == (data in more), (more, end)
    assert "held out" not in run("train", "vae", "-d", "moons?n=50", "--epochs", "1").stdout
    assert "too few samples" in run("train", "vae", "-d", data + "?limit=7", "--epochs", "1").stdout
    for wrong in ("60", "0.001", "some", "csv:missing.csv"):
        error = run("train", "vae", "-d", data, "--epochs", "1", "--valid", wrong, code=1 if "s" in wrong else 2).stderr
        assert wrong in error, error


def test_holdout_is_resumed(folder):
    """A resumed training holds out the same samples, and goes on from its last weights, not from the best ones."""
    data = write_rows(os.path.join(folder, "t.csv"), 80, 9)
    path, other = os.path.join(folder, "m.vae"), os.path.join(folder, "n.vae")
    fixed = ["-s", "beta_schedule=linear from=0 to=1 steps=100", "-s", "noise=0", "-s", "optimizer=adam lr=0.01", "-j",
             "1"]
    run("train", "vae", "-d", data, "--epochs", "120", *fixed, "-o", other)
    first = run("train", "vae", "-d", data, "--epochs", "100", *fixed, "-o", path).stdout
    assert "the best validation" in first, "the last weights are not the best ones"
    second = run("train", "vae", "-d", data, "--resume", path, "--epochs", "120", "-j", "1").stdout
    assert second.splitlines()[0] == "16 of 80 samples held out for validation", second
    assert tensors(path) == tensors(other), "the resumed training has other weights"
    for more, words in {("--valid", "none"): "holdout is 0", ("--valid", "20"): "holdout is 20",
                        ("--valid", data): "16 samples"}.items():
        error = run("train", "vae", "-d", data, "--resume", path, "--epochs", "130", *more, code=1).stderr
        assert words in error and "--from" in error, error
    tuned = run("train", "vae", "-d", data, "--from", path, "--epochs", "1", "-j", "1").stdout
    assert tuned.splitlines()[0] == "16 of 80 samples held out for validation", tuned


def test_early_stop_is_reported(folder):
    data = write_rows(os.path.join(folder, "t.csv"), 80, 9)
    out = run("train", "vae", "-d", data, "-s", "patience=3", "-j", "1").stdout
    assert "stopped early: no better validation since epoch" in out.splitlines()[-1], out


main([test_json, test_holdout, test_holdout_is_resumed, test_early_stop_is_reported, test_priors, test_pipe,
      test_terminal, test_seed, test_resume, test_zero_epochs, test_resume_is_checked, test_fine_tuning, test_interrupt,
      test_interrupt_with_plots, test_terminate, test_log, test_best, test_best_weights_of_a_preset, test_plots,
      test_fonts_are_found_first, test_film_of_epochs, test_curves_of_a_resumed_training, test_plots_of_several_runs,
      test_killed, test_points])

# SPDX-License-Identifier: MIT
"""usage: scaling.py GENLAT. A model that was trained on scaled data takes raw data in every later command, and writes
raw data."""
import functools
import os
import random
import tempfile

from support import last_json, main, run

ROWS = 300


def write_table(path, seed):
    """Columns of different sizes, all of which follow one hidden number."""
    numbers = random.Random(seed)
    with open(path, "w", encoding="utf-8") as file:
        for _ in range(ROWS):
            hidden = numbers.gauss(0, 1)
            row = (1000 + 50 * hidden, 3 * hidden, numbers.gauss(-200, 30), 0.01 * hidden)
            file.write(",".join(f"{x:.6g}" for x in row) + "\n")
    return path


def read_table(path):
    with open(path, encoding="utf-8") as file:
        return [[float(word) for word in line.split(",")] for line in file]


@functools.cache
def train_once(scale):
    """The file of a model that was trained on the scaled table, and what the training reported at its end."""
    with tempfile.TemporaryDirectory() as folder:
        return train_in(folder, scale)


def train_in(folder, scale):
    data, valid = write_table(os.path.join(folder, "a.csv"), 1), write_table(os.path.join(folder, "b.csv"), 2)
    model = os.path.join(folder, "model.safetensors")
    spec = f"csv:{data}?scale={scale}" if scale else f"csv:{data}"
    out = run("train", "vae", "-d", spec, "--valid", f"csv:{valid}", "--preset", "mlp", "--set", "latent=2", "--set",
              "likelihood=gaussian sd=learned", "--epochs", "40", "-j", "1", "--json", "-o", model).stdout
    with open(model, "rb") as file:
        return file.read(), last_json(out)


def train(folder, scale):
    data, valid = write_table(os.path.join(folder, "a.csv"), 1), write_table(os.path.join(folder, "b.csv"), 2)
    model = os.path.join(folder, f"{scale or 'raw'}.safetensors")
    content, end = train_once(scale)
    with open(model, "wb") as file:
        file.write(content)
    return model, data, valid, end


def metrics(model, spec):
    return last_json(run("eval", model, "-d", spec, "-m", "neg_elbo", "--json").stdout)["neg_elbo"]


def test_evaluation_is_that_of_the_training(folder):
    for scale in ("features", "standard"):
        model, _, valid, end = train(folder, scale)
        expected = end["valid"]["neg_elbo"]
        for spec in (f"csv:{valid}", f"csv:{valid}?scale=unit", f"csv:{valid}?scale={scale}"):
            found = metrics(model, spec)
            assert abs(found - expected) < 1e-3 * abs(expected), (scale, spec, found, expected)


def test_files_hold_raw_data(folder):
    model, data, _, _ = train(folder, "features")
    raw = read_table(data)
    for arguments in (("reconstruct", "-d", f"csv:{data}", "-n", "50"), ("sample", "-n", "200", "--draw")):
        out = os.path.join(folder, "out.csv")
        run(arguments[0], model, *arguments[1:], "-o", out)
        found = read_table(out)
        for column in range(4):
            values, low, high = [row[column] for row in found], *(f(row[column] for row in raw) for f in (min, max))
            width = high - low
            assert low - width < min(values) and max(values) < high + width, (arguments, column)
            assert max(values) - min(values) > 0.05 * width, (arguments, column)


def test_contradictions_are_refused(folder):
    model, _, valid, _ = train(folder, "")
    error = run("eval", model, "-d", f"csv:{valid}?scale=unit", "-m", "neg_elbo", code=2).stderr
    assert "without scaling" in error and "scale=" in error, error
    error = run("train", "vae", "-d", f"csv:{valid}?scale=unit", "--resume", model, "--epochs", "41", code=1).stderr
    assert "without scaling" in error, error


def test_training_goes_on_with_raw_data(folder):
    model, data, valid, _ = train(folder, "features")
    results = []
    for spec in (f"csv:{data}", f"csv:{data}?scale=features"):
        out = run("train", "vae", "-d", spec, "--valid", f"csv:{valid}", "--resume", model, "--epochs", "42", "-j", "1",
                  "--json", "-o", os.path.join(folder, "more.safetensors")).stdout
        results.append(last_json(out)["valid"]["neg_elbo"])
    assert abs(results[0] - results[1]) < 1e-3, results


main([test_evaluation_is_that_of_the_training, test_files_hold_raw_data, test_contradictions_are_refused,
      test_training_goes_on_with_raw_data])

# SPDX-License-Identifier: MIT
"""usage: output.py GENLAT. Every command that writes files, in every format; eval, info and presets."""
import json
import math
import os
import stat
import struct
import subprocess
import wave
import zipfile

from support import PROGRAM, SMALL, assert_picture, last_json, main, npy_array, png_rows, run, small_model


def npy(path):
    with open(path, "rb") as file:
        return npy_array(file.read())


def csv(path):
    with open(path, encoding="utf-8") as file:
        return [[float(word) for word in line.split(",")] for line in file]


def test_sample_forms(folder):
    model = small_model(folder)

    def sample(name, *more):
        path = os.path.join(folder, name)
        run("sample", model, "-n", "6", "--seed", "3", "-o", path, *more)
        return path

    shape, numbers = npy(sample("x.npy"))
    assert shape == (6, 1, 28, 28) and all(0 <= x <= 1 for x in numbers) and max(numbers) > 0.2
    assert npy(sample("y.npy"))[1] == numbers, "the same seed has other samples"
    run("sample", model, "-n", "6", "--seed", "4", "-o", os.path.join(folder, "z.npy"))
    assert npy(os.path.join(folder, "z.npy"))[1] != numbers, "another seed has the same samples"
    rows = csv(sample("x.csv"))
    assert [len(row) for row in rows] == [784] * 6
    assert max(abs(a - b) for row, at in zip(rows, range(6)) for a, b in zip(row, numbers[at * 784:])) < 1e-6
    with open(sample("x.txt"), encoding="utf-8") as file:
        assert [len(line.split()) for line in file] == [784] * 6
    assert os.path.getsize(sample("x.npz")) > 6 * 784 * 4
    assert_picture(sample("x.png"))
    drawn = npy(sample("d.npy", "--draw"))[1]
    assert set(drawn) == {0.0, 1.0}, "draws of a Bernoulli"
    cold = npy(sample("c.npy", "--temperature", "0"))[1]
    assert cold[:784] == cold[784:2 * 784] != numbers[:784]


def test_grid(folder):
    model = small_model(folder)
    path = os.path.join(folder, "x.png")
    run("sample", model, "-n", "6", "--columns", "3", "--scale", "2", "-o", path)
    width, height, _ = png_rows(path)
    assert 3 * 56 <= width <= 3 * 56 + 8 and 2 * 56 <= height <= 2 * 56 + 6, (width, height)


def test_reconstruct(folder):
    model = small_model(folder)
    path = os.path.join(folder, "r.png")
    run("reconstruct", model, "-d", "digits#test", "-n", "8", "--columns", "4", "--scale", "1", "-o", path)
    width, height, _ = png_rows(path)
    assert 112 <= width <= 120 and 112 <= height <= 120, (width, height)
    assert_picture(path, 100)


def test_latents(folder):
    """encode, decode: decoding the means is the reconstruction."""
    model = small_model(folder)
    z, x, y = (os.path.join(folder, name) for name in ("z.npy", "x.npy", "y.npy"))
    run("encode", model, "-d", "digits#test?n=20", "-o", z)
    assert npy(z)[0] == (20, 3)
    run("decode", model, "--latents", "npy:" + z, "-o", x)
    run("reconstruct", model, "-d", "digits#test?n=20", "-n", "20", "-o", y)
    assert npy(x)[0] == npy(y)[0] == (20, 1, 28, 28)
    assert max(abs(a - b) for a, b in zip(npy(x)[1], npy(y)[1])) < 1e-5
    for part in ("logvar", "sample"):
        run("encode", model, "-d", "digits#test?n=20", "--part", part, "-o", y)
        assert npy(y)[0] == (20, 3) and npy(y)[1] != npy(z)[1]
    run("encode", model, "-d", "digits#test?n=300", "-o", os.path.join(folder, "z.png"))
    assert_picture(os.path.join(folder, "z.png"))
    rows, codes, points = (os.path.join(folder, name) for name in ("rows.csv", "codes.npy", "points.vae"))
    run("train", "vae", "-d", "ring?n=100", "-p", "vector", "--epochs", "1", "-j", "1", "-q", "-o", points)
    with open(rows, "w", encoding="utf-8") as file:
        file.writelines("0.5,0.25\n" for _ in range(1500))  # more than are encoded at once
    run("encode", points, "-d", "csv:" + rows, "--part", "sample", "-o", codes)
    (count, latent), numbers = npy(codes)
    assert count == 1500 and len({tuple(numbers[i:i + latent]) for i in range(0, count * latent, latent)}) == 1500
    bad = run("decode", model, "--latents", "npy:" + x, "-o", y, code=1)
    assert "3" in bad.stderr


def test_ways(folder):
    model = small_model(folder)
    path = os.path.join(folder, "i.npy")
    run("interpolate", model, "-d", "digits#test", "-n", "2", "-f", "5", "-o", path)
    assert npy(path)[0] == (10, 1, 28, 28)
    run("interpolate", model, "-d", "digits#test", "--from", "3", "--to", "7", "-f", "4", "-o", path)
    assert npy(path)[0] == (4, 1, 28, 28)
    run("traverse", model, "-f", "5", "-o", path)
    shape, numbers = npy(path)
    assert shape == (15, 1, 28, 28)
    middle = [numbers[(5 * row + 2) * 784:(5 * row + 3) * 784] for row in range(3)]
    assert max(abs(a - b) for a, b in zip(middle[0], middle[1])) < 1e-6, "the middle of each row must be the origin"
    run("traverse", model, "-d", "digits#test", "--index", "4", "--range", "2", "-o", os.path.join(folder, "t.png"))
    assert_picture(os.path.join(folder, "t.png"))


def test_conditional(folder):
    model = small_model(folder, "digits?n=600", "--set", "condition=labels", "--set",
                        "encoder=flatten from=x name=flat; concat from=flat,c; dense units=32; relu", "--set",
                        "decoder=concat from=z,c; dense units=32; relu; dense units={out}")
    a, b = os.path.join(folder, "a.npy"), os.path.join(folder, "b.npy")
    run("sample", model, "-n", "4", "--label", "0", "-o", a)
    run("sample", model, "-n", "4", "--label", "1", "-o", b)
    assert npy(a)[1] != npy(b)[1]
    run("sample", model, "-n", "20", "-o", os.path.join(folder, "c.png"))
    assert "9" in run("sample", model, "--label", "10", "-o", a, code=2).stderr
    run("reconstruct", model, "-d", "digits#test", "-n", "4", "-o", a)
    assert "--label" in run("traverse", model, "-o", a, code=2).stderr
    run("traverse", model, "--label", "7", "-o", a)
    for command in (["reconstruct", "-d", "digits#test", "-n", "3"], ["traverse", "-d", "digits#test"],
                    ["interpolate", "-d", "digits#test", "--from", "1", "--to", "2"],
                    ["interpolate", "--from", "1", "--to", "2"]):
        found = []
        for label in ("3", "8"):
            run(command[0], model, *command[1:], "--label", label, "-o", a)
            found.append(npy(a)[1])
        assert found[0] != found[1], (command, "the label has no effect")
        error = run(command[0], model, *command[1:], "--conditions", "csv:c.csv", "-o", a, code=2).stderr
        assert "not conditional on vectors" in error, error
    assert "--label" in run("interpolate", model, "--from", "1", "--to", "2", "-o", a, code=2).stderr
    run("reconstruct", model, "-d", "digits#test", "-n", "3", "-o", a)
    with_own = npy(a)[1]
    unlabelled = ["-d", "digits#test?labels=no", "-n", "3", "-o", b]
    assert "--label" in run("reconstruct", model, *unlabelled, code=2).stderr
    run("reconstruct", model, *unlabelled, "--label", "3")
    assert npy(b)[1] != with_own


def test_conditions(folder):
    """A model that is conditional on vectors: the position along a spiral, which the samples follow."""
    path, x, z, given = (os.path.join(folder, name) for name in ("roll.model", "x.npy", "z.csv", "c.csv"))
    run("train", "vae", "--data", "swissroll?n=500", "--preset", "basic", "--threads", "1", "--set", "latent=3",
        "--set", "condition=labels", "--set", "likelihood=gaussian sd=optimal", "--epochs", "2", "--batch", "50",
        "--out", path, "--quiet")

    def write(name, rows):
        with open(name, "w") as file:
            file.writelines(",".join(map(str, row)) + "\n" for row in rows)

    write(given, [[0.1], [0.9], [0.1]])
    write(z, [[0, 0, 0]] * 3)
    assert "[3,2]" in run("sample", path, "--conditions", "csv:" + given, "-o", x).stdout
    assert npy(x)[0] == (3, 2)
    run("decode", path, "--latents", "csv:" + z, "--conditions", "csv:" + given, "-o", x)
    numbers = npy(x)[1]
    assert numbers[:2] == numbers[4:] != numbers[2:4], numbers
    for command in (["reconstruct", "-d", "swissroll?n=9", "-n", "3"], ["interpolate", "-n", "3", "-f", "2"],
                    ["interpolate", "-d", "swissroll?n=9", "-n", "3", "-f", "2"]):
        run(command[0], path, *command[1:], "--conditions", "csv:" + given, "-o", x)
        error = run(command[0], path, *command[1:], "--label", "0", "-o", x, code=2).stderr
        assert "not conditional on classes" in error, error
    for more in ([], ["-d", "swissroll?n=9"]):
        error = run("traverse", path, *more, "--conditions", "csv:" + given, "-o", x, code=1).stderr
        assert "there are 3 rows, 1 expected" in error, error
    one = os.path.join(folder, "one.csv")
    write(one, [[0.5]])
    run("traverse", path, "--conditions", "csv:" + one, "-o", x)
    assert "--conditions is missing" in run("sample", path, "-o", x, code=2).stderr
    assert "--conditions is missing" in run("decode", path, "--latents", "csv:" + z, "-o", x, code=2).stderr
    assert "there are 3 rows, 4 expected" in run("sample", path, "-n", "4", "--conditions", "csv:" + given, "-o", x,
                                                 code=1).stderr
    assert "--label and --conditions" in run("sample", path, "--label", "0", "--conditions", "csv:" + given, "-o", x,
                                             code=2).stderr
    write(given, [[0.1, 0.2]])
    error = run("sample", path, "--conditions", "csv:" + given, "-o", x, code=1).stderr
    assert "rows have 2 numbers, 1 expected, the size of a condition" in error, error
    assert "none.csv" in run("sample", path, "--conditions", "csv:none.csv", "-o", x, code=1).stderr
    model = small_model(folder)
    assert "not conditional on vectors" in run("sample", model, "--conditions", "csv:" + given, "-o", x, code=2).stderr


def test_sound(folder):
    data = os.path.join(folder, "s.csv")
    with open(data, "w", encoding="utf-8") as file:
        for i in range(60):
            file.write(",".join(f"{math.sin(0.3 * t + i):.5f}" for t in range(32)) + "\n")
    model = os.path.join(folder, "s.model")
    run("train", "vae", "--data", f"csv:{data}?content=sound", "--preset", "vector", "--epochs", "2", "--out", model,
        "--quiet")
    path = os.path.join(folder, "s.wav")
    run("sample", model, "-n", "10", "--rate", "8000", "-o", path)
    with wave.open(path) as sound:
        assert (sound.getnchannels(), sound.getframerate(), sound.getnframes()) == (1, 8000, 320)
    bad = run("sample", model, "-n", "10", "-o", os.path.join(folder, "s.png"), code=1)
    assert ".npy" in bad.stderr


def test_eval(folder):
    model = small_model(folder)
    names = ["neg_elbo", "recon", "kl", "nll", "active_units", "mse"]
    result = last_json(run("eval", model, "-d", "digits#test?n=100", "-m", ",".join(names), "-k", "20",
                           "--json").stdout)
    assert set(result) == {*names, "metrics"}, result
    assert abs(result["recon"] + result["kl"] - result["neg_elbo"]) < 1e-3
    assert 20 < result["nll"] < result["neg_elbo"] + 1 and 0 <= result["active_units"] <= 3 and 0 < result["mse"] < 1
    lines = run("eval", model, "-d", "digits#test?n=100").stdout.splitlines()
    assert [line.split()[0] for line in lines[2:]] == ["neg_elbo", "recon", "kl"], lines
    assert "for a vae" in run("eval", model, "-d", "digits", "-m", "accuracy", code=2).stderr


def test_terms(folder):
    """The log of a training and eval name what each term contributes; the preset's optimizer of critics is used."""
    model, log = os.path.join(folder, "t.model"), os.path.join(folder, "t.log")
    data, names = "swissroll?n=300", ["tc", "factor", "gradient"]
    run("train", "vae", "-d", data, "--valid", "swissroll#test?n=100", "-p", "vector", "-s",
        "terms=kl; tc beta=3; factor width=6 depth=2; gradient weight=0.1", "-s", "term_optimizer=adam lr=1e-4",
        "--epochs", "1", "--log", log, "-o", model, "--quiet")
    with open(log, encoding="utf-8") as file:
        epoch = json.loads(file.readlines()[-1])
    result = last_json(run("eval", model, "-d", data, "-m", "neg_elbo,terms", "--json").stdout)
    for values in (epoch["train"], epoch["valid"], result["terms"]):
        assert list(values)[-3:] == names, values
        whole = values["recon"] + values["beta"] * values["kl"] + sum(values[name] for name in names)
        assert abs(whole - values["objective"]) < 1e-5 * abs(values["objective"]), values
    assert result["terms"]["neg_elbo"] == result["neg_elbo"]
    lines = run("eval", model, "-d", data, "-m", "terms").stdout.splitlines()
    assert [line.split()[0] for line in lines[3:]][-3:] == names, lines


def test_sets(folder):
    """Compares generated samples with data: metrics of a known mixture, and metrics between 0 and 1."""
    model = os.path.join(folder, "grid.model")
    run("train", "vae", "--data", "grid?n=2000", "--preset", "vector", "--epochs", "3", "--out", model, "--quiet")
    names = ["modes", "hq", "kl_modes", "frechet", "kid", "precision", "recall", "density", "coverage"]
    result = last_json(run("eval", model, "-d", "grid#test", "-m", ",".join(names), "-n", "400", "--draw",
                           "--json").stdout)
    assert set(result) == {*names, "metrics"}, result
    listed = {one["name"]: one for one in result["metrics"]}
    assert set(listed) == set(names) and all(one["value"] == result[name] for name, one in listed.items()), listed
    assert all(listed[name]["error"] > 0 and listed[name]["count"] == 400 for name in ("frechet", "kid", "density"))
    assert listed["kid"]["metric"] == "kernel", listed
    assert "did you mean 'frechet'" in run("eval", model, "-d", "grid#test", "-m", "frechett", code=2).stderr
    assert 0 <= result["modes"] <= 25 and result["frechet"] >= 0 and math.isfinite(result["kid"]), result
    assert all(0 <= result[name] <= 1 for name in ("hq", "precision", "recall", "coverage")), result
    assert "mixture" in run("eval", model, "-d", "moons", "-m", "modes", code=1).stderr


def test_info(folder):
    model = small_model(folder)
    text = run("info", model).stdout
    assert "latent=3" in text and "dense units=32" in text, text
    result = last_json(run("info", model, "--json").stdout)
    assert text.startswith("family ") and result["family"] == "vae", text
    assert result["latent"] == 3 and result["shape"] == [1, 28, 28] and result["weights"] > 50000, result
    assert result["training"]["epochs"] == 4 and result["training"]["steps"] == 48, result
    assert "48 steps, 4 epochs" in text, text
    presets = last_json(run("presets", "--json").stdout)["vae"]
    assert {"basic", "conv", "mlp"} <= set(presets)
    assert all(name in run("presets").stdout for name in presets)


def test_export(folder):
    """Names and shapes of the weights in an .npz file, a zip archive of arrays."""
    model, path = small_model(folder), os.path.join(folder, "w.npz")
    run("export", model, "-o", path)
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        names = archive.namelist()
        archive.extract("encoder.1.weight.npy", folder)
    assert all(name.startswith(("encoder.", "decoder.")) for name in names) and len(names) == 10, names
    assert npy(os.path.join(folder, "encoder.1.weight.npy"))[0] == (32, 784)
    assert ".npz" in run("export", model, "-o", "w.txt", code=2).stderr


def test_export_of_a_model(folder):
    """A model without training state generates the same samples."""
    model, small = small_model(folder), os.path.join(folder, "small.safetensors")
    assert last_json(run("export", model, "-o", small, "--json").stdout)["count"] == 1
    assert os.path.getsize(small) < 0.4 * os.path.getsize(model)
    pictures = [os.path.join(folder, name + ".npy") for name in ("whole", "small")]
    for source, picture in zip((model, small), pictures):
        run("sample", source, "-n", "4", "--seed", "3", "-o", picture)
    whole, exported = (open(picture, "rb").read() for picture in pictures)
    assert whole == exported
    assert "none yet" in run("info", small).stdout


def test_eval_of_some_samples(folder):
    """-n limits the metrics of the data to its first samples."""
    model, names = small_model(folder), "neg_elbo,nll,mse,active_units"

    def values(data, *more):
        return last_json(run("eval", model, "-d", data, "-m", names, "-k", "5", "--json", *more).stdout)

    few = values("digits#test?n=40")
    assert values("digits#test?n=200", "-n", "40") == few != values("digits#test?n=200")
    assert values("digits#test?n=40", "-n", "100") == few


def test_links_and_pipes(folder):
    """A link stays and leads to the new file; a pipe is written into."""
    model = small_model(folder)
    for ending in ("npy", "npz", "csv", "txt", "png"):
        target, link = (os.path.join(folder, name + ending) for name in ("target.", "link."))
        with open(target, "wb") as file:
            file.write(b"old")
        os.symlink("target." + ending, link)
        run("sample", model, "-n", "4", "-o", link)
        assert os.path.islink(link) and os.path.getsize(target) > 200, ending
        pipe = os.path.join(folder, "pipe." + ending)
        os.mkfifo(pipe)
        reader = subprocess.Popen(["cat", pipe], stdout=subprocess.PIPE)
        run("sample", model, "-n", "4", "-o", pipe)
        with open(target, "rb") as file:
            assert reader.communicate()[0] == file.read(), ending
        assert stat.S_ISFIFO(os.lstat(pipe).st_mode), ending
    plain, link = os.path.join(folder, "z.svg"), os.path.join(folder, "l.svg")
    os.symlink("z.svg", link)
    run("encode", model, "-d", "digits#test?n=50", "-o", link)
    assert os.path.islink(link) and os.path.getsize(plain) > 200
    assert not [name for name in os.listdir(folder) if name.endswith((".tmp", ".part"))]


def test_standard_output(folder):
    """A result on standard output is alone there."""
    model, link = small_model(folder), os.path.join(folder, "x.npy")
    os.symlink("/dev/stdout", link)
    run("sample", model, "-n", "4", "-o", os.path.join(folder, "y.npy"))
    done = subprocess.run([PROGRAM, "sample", model, "-n", "4", "-o", link], capture_output=True, check=True)
    with open(os.path.join(folder, "y.npy"), "rb") as file:
        assert done.stdout == file.read() and os.path.islink(link)
    assert "--json" in run("sample", model, "-n", "4", "-o", link, "--json", code=2).stderr
    done = subprocess.run([PROGRAM, "train", "vae", "-d", "digits?n=100", *SMALL, "--epochs", "1", "-o", "/dev/stdout"],
                          capture_output=True, check=True)
    with open(os.path.join(folder, "m.model"), "wb") as file:
        file.write(done.stdout)
    assert "vae" in run("info", os.path.join(folder, "m.model")).stdout


def test_selftest(folder):
    assert "FAIL" not in run("selftest").stdout
    assert last_json(run("selftest", "--json").stdout) == {"event": "selftest", "failed": 0}


main([test_sample_forms, test_grid, test_reconstruct, test_latents, test_ways, test_conditional, test_conditions,
      test_sound, test_eval, test_terms, test_sets, test_info, test_export, test_export_of_a_model,
      test_eval_of_some_samples, test_links_and_pipes, test_standard_output, test_selftest])

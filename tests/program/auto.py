# SPDX-License-Identifier: MIT
"""usage: auto.py GENLAT. Without --preset the program chooses by the data and says in one line what and why."""
import os
import random
import struct
import wave
import zlib

from support import last_json, main, run

COUNT = 40


def write_idx(path, shape, value):
    with open(path, "wb") as file:
        file.write(struct.pack(">HBB", 0, 8, len(shape) + 1) + struct.pack(f">{len(shape) + 1}I", COUNT, *shape))
        size = 1
        for side in shape:
            size *= side
        file.write(bytes(value(i % size) for i in range(COUNT * size)))
    return f"idx:{path}"


def write_csv(path, columns):
    numbers = random.Random(1)
    with open(path, "w", encoding="utf-8") as file:
        for _ in range(COUNT):
            file.write(",".join(f"{numbers.gauss(10 * i, 1 + i):.4f}" for i in range(columns)) + "\n")
    return f"csv:{path}"


def write_pngs(folder, width, height):
    os.mkdir(folder)
    numbers = random.Random(2)
    for i in range(COUNT):
        rows = b"".join(b"\0" + bytes(numbers.randrange(1, 255) for _ in range(3 * width)) for _ in range(height))
        data = b"\x89PNG\r\n\x1a\n"
        for kind, body in ((b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)),
                           (b"IDAT", zlib.compress(rows)), (b"IEND", b"")):
            data += struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        with open(os.path.join(folder, f"{i}.png"), "wb") as file:
            file.write(data)
    return f"png:{folder}"


def write_sounds(folder, frames):
    os.mkdir(folder)
    numbers = random.Random(3)
    for i in range(COUNT):
        with wave.open(os.path.join(folder, f"{i}.wav"), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(8000)
            file.writeframes(struct.pack(f"<{frames}h", *(numbers.randrange(-9000, 9000) for _ in range(frames))))
    return f"wav:{folder}?length={frames}"


def write_text(path):
    numbers = random.Random(5)
    with open(path, "w", encoding="utf-8") as file:
        file.write("".join(numbers.choice("etaoin shrdlu") for _ in range(COUNT * 16)))
    return f"text:{path}?length=16"


def data_of(folder):
    numbers = random.Random(4)
    path = lambda name: os.path.join(folder, name)
    return {
        "grey": write_idx(path("grey"), (11, 9), lambda i: max(0, numbers.randrange(-300, 256))),
        "binary": write_idx(path("binary"), (12, 12), lambda i: 255 * numbers.randrange(2)),
        "photo": write_idx(path("photo"), (3, 16, 13), lambda i: numbers.randrange(1, 255)),
        "faces": write_pngs(path("faces"), 13, 10),
        "points": write_csv(path("points.csv"), 2),
        "table": write_csv(path("table.csv"), 5),
        "sound": write_sounds(path("sounds"), 100),
        "text": write_text(path("text")),
        "ring": "ring?n=200",
    }


# What the line says of the data, and of the choice.
VAE = {"grey": ("grey images [1,11,9]", "preset conv, likelihood beta_binomial, scale none"),
       "binary": ("grey images [1,12,12], 0 and 1", "preset conv, likelihood bernoulli, scale none"),
       "photo": ("colour images [3,16,13], 256 levels", "preset photo, likelihood gaussian sd=optimal, scale none"),
       "faces": ("colour images [3,10,13], 256 levels", "preset photo, likelihood gaussian sd=optimal, scale none"),
       "points": ("40 points [2], real numbers", "preset vector, likelihood gaussian sd=learned min_log_sd=-4, "
                  "scale features"),
       "table": ("40 vectors [5], real numbers", "preset vector, likelihood gaussian sd=learned min_log_sd=-4, "
                 "scale features"),
       "sound": ("40 signals [1,100], real numbers", "preset signal, likelihood laplace scale=learned, scale standard"),
       "text": ("40 texts [16], whole numbers", "preset text, likelihood categorical classes=256 last=yes, scale none"),
       "ring": ("200 points [2], real numbers", "preset vector")}
GAN = {"grey": ("", "preset r3, output sigmoid, augment translation,cutout, scale none"),
       "binary": ("", "preset r3, output sigmoid, augment translation,cutout, scale none"),
       "photo": ("", "preset r3, output sigmoid, augment translation,cutout, scale none"),
       "faces": ("", "preset r3, output sigmoid, augment translation,cutout, scale none"),
       "points": ("", "preset r3, output linear, scale features"),
       "table": ("", "preset r3, output linear, scale features"),
       "sound": ("", "preset r3, output tanh, scale symmetric"),
       "text": ("", "preset r3, output sigmoid, scale unit"),
       "ring": ("", "preset r3, output linear, scale none")}


def test_choices(folder):
    data = data_of(folder)
    for family, expected in (("vae", VAE), ("gan", GAN)):
        for name, words in expected.items():
            done = run("train", family, "-d", data[name], "--epochs", "1", "-j", "1")
            first = done.stdout.splitlines()[0]
            assert all(word in first for word in words) and "1 epochs, batch 16" in first, (family, name, first)
            assert "the training ends at step" not in done.stderr, (family, name, done.stderr)


def test_labels_are_predicted(folder):
    path = os.path.join(folder, "labelled.csv")
    with open(path, "w", encoding="utf-8") as file:
        for i in range(COUNT):
            file.write(f"{i},{i * i},{i % 2}\n")
    done = run("train", "net", "-d", f"csv:{path}?label=2", "--epochs", "1", "-j", "1")
    assert "preset mlp, scale features" in done.stdout.splitlines()[0], done.stdout


def test_models_take_raw_data(folder):
    data, model = write_csv(os.path.join(folder, "t.csv"), 4), os.path.join(folder, "t.model")
    end = last_json(run("train", "vae", "-d", data, "--valid", data, "--epochs", "2", "-j", "1", "--json", "-o",
                        model).stdout)
    assert end["chosen"].startswith("40 vectors [4]"), end
    found = last_json(run("eval", model, "-d", data, "-m", "neg_elbo", "--json").stdout)["neg_elbo"]
    assert abs(found - end["valid"]["neg_elbo"]) < 1e-3 * abs(found), (found, end)
    out = os.path.join(folder, "s.csv")
    run("sample", model, "-n", "200", "--draw", "-o", out)
    with open(out, encoding="utf-8") as file:
        last = [float(line.split(",")[3]) for line in file]
    assert 20 < sum(last) / len(last) < 40, "the last column has mean 30"


def test_options_override(folder):
    data = write_csv(os.path.join(folder, "o.csv"), 4)
    out = run("train", "vae", "-d", data, "-s", "likelihood=bernoulli", "--steps", "3", "--batch", "7").stdout
    assert "preset vector, likelihood bernoulli, scale ranges, 3 steps, batch 7" in out.splitlines()[0], out
    assert out.splitlines()[0].endswith("batch 7; 8 samples held out for validation"), "the reason need not hold"
    out = run("train", "vae", "-d", data + "?scale=standard", "--steps", "3").stdout
    assert "scale of the source" in out.splitlines()[0], out
    out = run("train", "vae", "-d", data, "-p", "vector", "--steps", "3").stdout
    assert "preset" not in out, out
    done = run("train", "vae", "-d", data, "--steps", "3", "--quiet", "--valid", "none")
    assert done.stdout == "" and done.stderr == "", done
    done = run("train", "vae", "-d", data, "--steps", "3", "--json")
    assert "preset vector" in done.stderr.splitlines()[0] and "preset" not in done.stdout.splitlines()[0][:20], done


main([test_choices, test_labels_are_predicted, test_models_take_raw_data, test_options_override])

# SPDX-License-Identifier: MIT
"""usage: defaults.py GENLAT. Trains a VAE on tables and points with no option but --data and --valid, and compares its
negative ELBO on other rows with the negative log-likelihood of a Gaussian without correlations, in nats of the data
scaled by the training rows. Tables are those of GENLAT_DATA/anomaly. Prints one line for each; exit status 1 if a
model is not better."""
import json
import math
import os
import random
import subprocess
import sys
import tempfile
import time

LEAST_SD = math.exp(-4)  # that of the likelihood chosen for tables


def ring(numbers):
    angle = 2 * math.pi * numbers.randrange(8) / 8
    return [math.cos(angle) + numbers.gauss(0, 0.01), math.sin(angle) + numbers.gauss(0, 0.01)]


def spiral(numbers):
    place = numbers.random()
    x, y = place * math.cos(10 * place), place * math.sin(10 * place)
    return [x + numbers.gauss(0, 0.02), y + numbers.gauss(0, 0.02)]


def table(name):
    """The rows of a table without the class in its last column."""
    path = os.path.join(os.environ["GENLAT_DATA"], "anomaly", name)
    with open(path, encoding="utf-8") as file:
        rows = [line.strip().split(",") for line in file if line.strip()]
    header = any(character.isalpha() for character in rows[0][0])
    return [[float(word) for word in row[:-1]] for row in rows[header:]]


def gaussian(train, test):
    """Negative log-likelihood of the scaled test rows."""
    total = 0
    for column in range(len(train[0])):
        values = [row[column] for row in train]
        mean = sum(values) / len(values)
        sd = math.sqrt(sum((value - mean) ** 2 for value in values) / len(values))
        fitted = 1 if sd > 0 else LEAST_SD
        for row in test:
            z = (row[column] - mean) / (sd or 1)
            total += 0.5 * math.log(2 * math.pi) + math.log(fitted) + 0.5 * (z / fitted) ** 2
    return total / len(test)


def write(path, rows):
    with open(path, "w", encoding="utf-8") as file:
        file.writelines(",".join(repr(value) for value in row) + "\n" for row in rows)


def last_json(*command):
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def run(genlat, name, rows, folder):
    train, test = os.path.join(folder, "train.csv"), os.path.join(folder, "test.csv")
    random.Random(1).shuffle(rows)
    cut = len(rows) * 4 // 5
    write(train, rows[:cut])
    write(test, rows[cut:])
    begin = time.monotonic()
    model = os.path.join(folder, "a.vae")
    chosen = last_json(genlat, "train", "vae", "--data", f"csv:{train}", "--valid", f"csv:{test}", "--seed", "1",
                       "--json", "--out", model)["chosen"]
    seconds = time.monotonic() - begin
    found = last_json(genlat, "eval", model, "--data", f"csv:{test}", "--json")["neg_elbo"]
    baseline = gaussian(rows[:cut], rows[cut:])
    print(f"{name}: {len(rows)} x {len(rows[0])}, {found:.2f}, Gaussian {baseline:.2f}, {seconds:.0f} s; {chosen}",
          flush=True)
    return found < baseline


def main(genlat):
    numbers = random.Random(7)
    sets = {"ring": [ring(numbers) for _ in range(10000)], "spiral": [spiral(numbers) for _ in range(10000)]}
    if "GENLAT_DATA" in os.environ:
        sets |= {name[:-4]: table(name) for name in ("cardio.csv", "ionosphere.csv", "letter.csv", "mammography.csv")}
    else:
        print("skipped: the tables, because GENLAT_DATA is not set")
    with tempfile.TemporaryDirectory() as folder:
        better = [run(genlat, name, rows, folder) for name, rows in sets.items()]
    return 0 if all(better) else 1


sys.exit(main(sys.argv[1]))

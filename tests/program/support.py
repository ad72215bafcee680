# SPDX-License-Identifier: MIT
"""Shared by the tests of the genlat program: running it, and reading its output. Standard library only."""
import json
import math
import os
import struct
import subprocess
import sys
import tempfile
import zlib

PROGRAM = os.path.abspath(sys.argv[1])
SMALL = ["--preset", "basic", "--set", "encoder=flatten; dense units=32; relu",
         "--set", "decoder=dense units=32; relu; dense units={out}", "--set", "latent=3", "--threads", "1"]


def run(*arguments, code=0, cwd=None, env=None):
    """Runs the program, checks its exit status, and returns its output."""
    done = subprocess.run([PROGRAM, *arguments], cwd=cwd, env=env, capture_output=True, text=True, timeout=120)
    output = done.stdout + done.stderr
    assert done.returncode == code, f"{arguments}: status {done.returncode}, expected {code}\n{output}"
    if code in (1, 2):
        assert len(done.stderr.splitlines()) == 1, f"{arguments}: the error is not one line:\n{done.stderr}"
        assert done.stderr.startswith("genlat"), done.stderr
    return done


def last_json(text):
    return json.loads(text.splitlines()[-1])


def made_once(make):
    """Calls make(path, *rest) once for each rest; later calls with the same rest write a copy of its file."""
    files = {}

    def give(path, *rest):
        if rest not in files:
            make(path, *rest)
            with open(path, "rb") as file:
                files[rest] = file.read()
        with open(path, "wb") as file:
            file.write(files[rest])
        return path

    return give


@made_once
def train_small(path, *arguments):
    run("train", "vae", *SMALL, "--epochs", "4", "--batch", "50", "--out", path, "--quiet", "--data", *arguments)


def small_model(folder, data="digits?n=600", *more):
    return train_small(os.path.join(folder, "small.model"), data, *more)


def npy_array(data):
    """Shape and numbers of an array of little-endian floats, from the bytes of its file."""
    assert data[:6] == b"\x93NUMPY", data[:6]
    length = struct.unpack("<H", data[8:10])[0]
    header = eval(data[10:10 + length], {"__builtins__": {}})  # a literal written by the program
    assert header["descr"] == "<f4" and not header["fortran_order"], header
    return header["shape"], struct.unpack(f"<{math.prod(header['shape'])}f", data[10 + length:])


def png_rows(path):
    """Size, and the unfiltered bytes of each row, of a PNG without interlacing."""
    with open(path, "rb") as file:
        data = file.read()
    assert data[:8] == b"\x89PNG\r\n\x1a\n", path
    at, packed = 8, b""
    while at < len(data):
        length, kind = struct.unpack(">I4s", data[at:at + 8])
        body = data[at + 8:at + 8 + length]
        if kind == b"IHDR":
            width, height, depth, colour = struct.unpack(">IIBB", body[:10])
        elif kind == b"IDAT":
            packed += body
        at += length + 12
    step = {0: 1, 2: 3, 4: 2, 6: 4}[colour] * depth // 8
    raw, rows, before = zlib.decompress(packed), [], bytes(width * step)
    for y in range(height):
        start = y * (width * step + 1)
        line = bytearray(raw[start + 1:start + 1 + width * step])
        unfilter(raw[start], line, before, step)
        rows.append(bytes(line))
        before = rows[-1]
    return width, height, rows


def film_frames(path):
    """Number of frames of an animated PNG; checks that its chunks are complete and in order."""
    with open(path, "rb") as file:
        data = file.read()
    at, frames, controls, sequence, packed = 8, 0, 0, 0, []
    while at < len(data):
        length, kind = struct.unpack(">I4s", data[at:at + 8])
        body, crc = data[at + 8:at + 8 + length], struct.unpack(">I", data[at + 8 + length:at + 12 + length])[0]
        assert crc == zlib.crc32(kind + body), f"{path}: {kind}"
        if kind == b"IHDR":
            width, height, depth, colour = struct.unpack(">IIBB", body[:10])
        elif kind == b"acTL":
            frames = struct.unpack(">I", body[:4])[0]
        if kind in (b"fcTL", b"fdAT"):
            assert struct.unpack(">I", body[:4])[0] == sequence, path
            sequence += 1
        if kind == b"fcTL":
            assert struct.unpack(">II", body[4:12]) == (width, height), path
            controls += 1
            packed.append(b"")
        elif kind in (b"IDAT", b"fdAT"):
            packed[-1] += body[4:] if kind == b"fdAT" else body
        at += length + 12
    size = height * (width * {0: 1, 2: 3, 4: 2, 6: 4}[colour] * depth // 8 + 1)
    assert kind == b"IEND" and controls == frames == len(packed), path
    assert all(len(zlib.decompress(part)) == size for part in packed), path
    return frames


def unfilter(kind, line, above, step):
    for i in range(len(line) if kind else 0):
        left = line[i - step] if i >= step else 0
        corner = above[i - step] if i >= step else 0
        if kind == 4:
            guess = left + above[i] - corner
            guess = min((abs(guess - left), 0, left), (abs(guess - above[i]), 1, above[i]),
                        (abs(guess - corner), 2, corner))[2]
        else:
            guess = [0, left, above[i], (left + above[i]) // 2][kind]
        line[i] = (line[i] + guess) & 255


def assert_picture(path, least=200):
    """Checks that an image has a minimum size and is not a single colour."""
    width, height, rows = png_rows(path)
    assert width >= least and height >= 20, f"{path}: {width} x {height}"
    counts = [0] * 256
    for row in rows:
        for value in row:
            counts[value] += 1
    used = sum(count > 0 for count in counts)
    assert used >= 8 and max(counts) < 0.999 * sum(counts), f"{path}: {used} grey levels, nearly empty"


def main(tests):
    """Runs tests, each in its own temporary folder."""
    failed = 0
    for test in tests:
        with tempfile.TemporaryDirectory() as folder:
            try:
                test(folder)
                print("ok  ", test.__name__)
            except AssertionError as error:
                failed += 1
                print("FAIL", test.__name__, error)
    sys.exit(1 if failed or not tests else 0)

#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Files of numpy for tests/golden/test_arrays.c; writes data/arrays.h.

Run with numpy 2.4. Each file comes with its shape and with its values as float32.
"""
import io
import pathlib
import textwrap
import zipfile

import numpy as np


def npy(array):
    stream = io.BytesIO()
    np.lib.format.write_array(stream, array)
    return stream.getvalue()


def npz(compression=zipfile.ZIP_STORED, comment=b"", **arrays):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, array in arrays.items():
            info = zipfile.ZipInfo(name + ".npy", (2026, 1, 1, 0, 0, 0))
            info.compress_type = compression
            with archive.open(info, "w", force_zip64=True) as member: # as numpy.savez does
                member.write(npy(array))
        archive.comment = comment
    return stream.getvalue()


def npz64(**arrays):
    """Every number that zip64 can move to its own records is there, as in an archive of more than 4 GB."""
    before = zipfile.ZIP64_LIMIT, zipfile.ZIP_FILECOUNT_LIMIT
    zipfile.ZIP64_LIMIT, zipfile.ZIP_FILECOUNT_LIMIT = -1, -1
    try:
        whole = npz(**arrays)
        return whole[:-14] + b"\xff" * 12 + whole[-2:] # the end record, without its comment
    finally:
        zipfile.ZIP64_LIMIT, zipfile.ZIP_FILECOUNT_LIMIT = before


def table(array):
    """The columns of a structured array."""
    columns = [array[name].reshape(len(array), -1) for name in array.dtype.names]
    return np.concatenate([column.astype(np.float32) for column in columns], axis=1)


def number(value):
    value = np.float32(value)
    if np.isnan(value):
        return "NAN"
    if np.isinf(value):
        return "INFINITY" if value > 0 else "-INFINITY"
    text = repr(float(value)).removesuffix(".0")
    return text + ("f" if "." in text or "e" in text else "")


def wrap(words):
    return textwrap.fill(", ".join(words), 115, initial_indent="    ", subsequent_indent="    ")


CASES = []


def case(name, contents, expected):
    CASES.append((name, contents, np.asarray(expected).astype(np.float32)))


LARGE = {"u1": 255, "u2": 65535, "u4": 4294967295, "u8": 18446744073709551615, "i1": -128, "i2": -32768,
         "i4": -2147483648, "i8": -9223372036854775808, "f4": 3.4e38, "f8": -1e-40, "b1": 1}
for kind, large in LARGE.items():
    for order in "<>" if kind[1] != "1" else "|":
        values = np.array([[0, 1, large], [2, 3, 100]], dtype=order + kind)
        case(f"{order}{kind}.npy", npy(values), values)
# Whole numbers that a float cannot hold.
case("rounded.npy", npy(np.array([2 ** 24 + 1, 2 ** 24 + 3, 2 ** 53 + 1], "i8")), [2 ** 24, 2 ** 24 + 4, 2 ** 53])
# Zero, the smallest and the largest subnormal, the smallest normal, 1, 1 / 3, the largest, infinity, NaN, negative ones
halves = np.array([0, 1, 0x3FF, 0x400, 0x3C00, 0x3555, 0x7BFF, 0x7C00, 0x7E00, 0x8001, 0xC000, 0xFC00], "u2")
halves = halves.view("f2")
case("<f2.npy", npy(halves), halves)
case(">f2.npy", npy(halves.astype(">f2")), halves)
for dims in [(4,), (3, 2), (2, 3, 4), (2, 1, 3, 2, 2, 1)]:
    for kind in ["<f4", "u1", ">i2"]:
        values = np.arange(np.prod(dims), dtype=kind).reshape(dims)
        case(f"fortran_{len(dims)}_{kind[-2:]}.npy", npy(np.asfortranarray(values)), values)
records = np.array([(1.5, -2, 7, (1, 2), 0.5), (2.5, 3, 8, (3, 4), -0.25), (3.5, 4, 7, (5, 6), 65504)], dtype=[
    ("x", "<f8"), ("shape", ">i2"), ("kind", "u1"), ("v", ">u4", (2,)), ("half's", "f2")])
case("records.npy", npy(records), table(records))
aligned = records.astype(np.dtype([(n, records.dtype[n]) for n in records.dtype.names], align=True))
case("aligned.npy", npy(aligned), table(records))
titled = np.array([(1, 2)], dtype=[(("a title", "x"), "<f4"), ("y", "<i4")])
case("titled.npy", npy(titled), table(titled))
x, labels = np.arange(6, dtype="f4").reshape(3, 2), np.array([2, 0, 1], "u2")
case("stored.npz", npz(x=x, labels=labels), x)
case("deflated.npz", npz(zipfile.ZIP_DEFLATED, x=x, labels=labels), x)
case("comment.npz", npz(comment=b"PK\5\6" + bytes(18) + b" and PK\5\6, which end records begin with", x=x), x)
case("zip64.npz", npz64(x=x, labels=labels), x)
case("records.npz", npz(x=records), table(records))

text = ["/* SPDX-License-Identifier: MIT */",
        f"/* Written by tests/golden/make_arrays.py with numpy {np.__version__}. */",
        "#include <math.h>", "#include <stddef.h>", "#include <stdint.h>", "", "/* clang-format off */"]
for i, (name, contents, expected) in enumerate(CASES):
    text += [f"static const uint8_t file_{i}[] = {{", wrap(map(str, contents)) + "};",
             f"static const float values_{i}[] = {{", wrap(map(number, expected.flat)) + "};"]
text += ["static const struct golden_array {", "    const char *name;", "    const uint8_t *bytes;", "    size_t size;",
         "    int32_t ndim;", "    int64_t dims[6];", "    const float *values;", "} golden_arrays[] = {"]
for i, (name, contents, expected) in enumerate(CASES):
    dims = ", ".join(map(str, expected.shape))
    text.append(f'    {{"{name}", file_{i}, {len(contents)}, {expected.ndim}, {{{dims}}}, values_{i}}},')
text += ["};", "/* clang-format on */", ""]
(pathlib.Path(__file__).parent / "data/arrays.h").write_text("\n".join(text))

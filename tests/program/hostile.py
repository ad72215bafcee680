# SPDX-License-Identifier: MIT
"""usage: hostile.py GENLAT. Damaged and extreme files of up to 1 MB, of every format: no command takes more than 64 MB
beyond what it takes for a small valid file, nor more than 10 s of the processor to refuse one."""
import json
import os
import struct
import subprocess
import sys
import zipfile
import zlib

from support import PROGRAM, main, small_model

MOST_BYTES, MOST_SECONDS, MB = 64 << 20, 10, 1 << 20
ZEROS = 128  # MB that an archive or a compressed file becomes
SANITIZED = "ASAN_OPTIONS" in os.environ or "UBSAN_OPTIONS" in os.environ  # shadow memory is no fault of the program
NET = ["--preset", "basic", "--set", "encoder=flatten; dense units=2", "--set", "decoder=dense units={out}",
       "--set", "latent=2", "-j", "1", "--batch", "1", "--steps", "1", "--quiet"]


# A process without memory of its own starts the program, which would inherit the peak of this one.
LAUNCHER = """import json, os, subprocess, sys
for line in sys.stdin:
    child = subprocess.Popen(json.loads(line), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    error = child.stderr.read()[-2000:].decode(errors="replace")
    status, usage = os.wait4(child.pid, 0)[1:]
    child.returncode = os.waitstatus_to_exitcode(status)
    print(json.dumps([child.returncode, usage.ru_utime + usage.ru_stime, usage.ru_maxrss << 10, error]), flush=True)
"""
launcher = subprocess.Popen([sys.executable, "-c", LAUNCHER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def measure(*arguments):
    """Runs the program, and returns its status, its seconds of the processor, and the peak of its memory in bytes."""
    print(json.dumps([PROGRAM, *arguments]), file=launcher.stdin, flush=True)
    status, seconds, peak, error = json.loads(launcher.stdout.readline())
    assert status in (0, 1, 2), f"{arguments}: status {status}\n{error}"
    return status, seconds, peak


def expect_small(usual, *arguments):
    status, seconds, peak = measure(*arguments)
    if not SANITIZED:
        assert peak - usual < MB + MOST_BYTES, f"{arguments}: {(peak - usual) >> 20} MB more than usual"
        assert status == 0 or seconds < MOST_SECONDS, f"{arguments}: refused after {seconds:.1f} s"


def store(folder, name, content):
    """Writes a file, in a folder that need not exist."""
    assert len(content) <= MB + 64, f"{name}: {len(content)} bytes"
    path = os.path.join(folder, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(content)
    return path


def check_data(folder, specs):
    """Trains for one step on each source. What a small table takes is the usual memory."""
    table = store(folder, "usual.csv", b"1,2\n3,4\n5,6\n")
    usual = measure("train", "vae", "--data", f"csv:{table}", *NET)[2]
    for spec in specs:
        expect_small(usual, "train", "vae", "--data", spec, *NET)


def zeros(wbits, head):
    """Compresses `head` and more zeros than the program accepts. The sum at the end is wrong, for nothing may read that
    far."""
    packer = zlib.compressobj(1, wbits=wbits)
    first = packer.compress(head) + packer.flush(zlib.Z_FULL_FLUSH)
    block = packer.compress(bytes(MB)) + packer.flush(zlib.Z_FULL_FLUSH)
    return first + ZEROS * block + packer.flush()


def gz(head):
    return zeros(31, head)


# ---- tables and text -----------------------------------------------------------------------------


def test_tables(folder):
    contents = {
        "field": b"1,2\n" + b"9" * MB, "quoted": b'"' + b"x" * MB, "columns": b"1," * (MB // 4) + b"1\n2\n",
        "header": b"a," * (MB // 4) + b"a\n", "ragged": b"".join(b"1," * (i % 700) + b"1\n" for i in range(1400)),
        "empty": b"," * MB, "lines": b"\n" * MB, "quotes": b'""' * (MB // 2), "zeros": bytes(MB),
        "labels": b"".join(b"%d,c%d\n" % (i % 10, i) for i in range(80000)),
    }
    paths = {name: store(folder, name + ".csv", content[:MB]) for name, content in contents.items()}
    packed = store(folder, "packed.csv", gz(b"1,2\n"))
    check_data(folder, [f"csv:{path}" for path in [*paths.values(), packed]] + [f"csv:{paths['labels']}?label=2"])


def test_text(folder):
    line = store(folder, "line.txt", b"x" * MB)
    lines = store(folder, "lines.txt", b"x\n" * (MB // 2))
    packed = store(folder, "packed.txt", gz(b"x"))
    check_data(folder, [f"text:{line}", f"text:{line}?lines=yes", f"text:{lines}?lines=yes",
                        f"text:{line}?length=250000", f"text:{packed}"])


def test_settings(folder):
    """Descriptions of nets in files of settings, and files that are no settings."""
    usual = measure("train", "vae", "--data", "ring?n=10", *NET)[2]
    nets = ("dense units=2; " * 60000, "(" * MB, "dense units=" + "9" * 100000, "dense units=2000000000",
            "dense units=3 from=" + "a," * 100000)
    contents = [json.dumps({"encoder": net[:MB - 20]}) for net in nets]
    contents += ["[" * MB, '{"a":' * (MB // 8), '{"a":"' + "\\u0041" * (MB // 8) + '"}', "9" * MB, "\0" * MB, " " * MB,
                 "{" + ",".join(f'"k{i}":1' for i in range(80000)) + "}"]
    for content in contents:
        path = store(folder, "config.json", content.encode())
        expect_small(usual, "train", "vae", "--data", "ring?n=10", "--config", path, *NET)


# ---- arrays --------------------------------------------------------------------------------------


def npy(descr, shape, data=b""):
    header = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + data


def archive(folder, name, head):
    """An archive of one array of zeros."""
    path = os.path.join(folder, name)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as file, file.open("x.npy", "w") as member:
        member.write(head)
        for _ in range(ZEROS):
            member.write(bytes(MB))
    assert os.path.getsize(path) <= MB
    return path


def test_arrays(folder):
    pad = bytes(MB // 2)
    heads = (("<f8", "(1152921504606846976,)"), ("<f4", "(4294967296, 4294967296)"), ("|u1", "(0, 99999999999)"),
             ("<f4", "(" + "1, " * 300 + ")"), ("<f4", "(131072,)"), ("<f2", "(9" + "9" * 9000 + ",)"))
    specs = [f"npy:{store(folder, f'{i}.npy', npy(*head, pad))}" for i, head in enumerate(heads)]
    heads = (npy("<f4", "(32, 1048576)"), npy("|u1", "(10, 10)"), npy("<f4", "(4096, 1152921504606846976)"))
    specs += [f"npz:{archive(folder, f'{i}.npz', head)}" for i, head in enumerate(heads)]
    specs.append(f"npz:{store(folder, 'many.npz', b'PK' + bytes(40) + b'PK' * (MB // 2 - 32))}")
    check_data(folder, specs)


def test_idx(folder):
    pad = bytes(MB // 2)
    heads = (b"\0\0\x08\x03" + b"\xff" * 12, b"\0\0\x0e\xff" + b"\0\0\1\0" * 255,
             b"\0\0\x08\x01" + struct.pack(">I", MB // 2))
    specs = [f"idx:{store(folder, f'{i}.idx', head + pad)}" for i, head in enumerate(heads)]
    bombs = ((3, (128, 1024, 1024)), (2, (8, 8)), (3, (2**31, 2**31, 2**31)))
    for i, (ndim, dims) in enumerate(bombs):
        head = bytes((0, 0, 8, ndim)) + b"".join(struct.pack(">I", dim) for dim in dims)
        specs.append(f"idx:{store(folder, f'{i}.idx.gz', gz(head))}")
    check_data(folder, specs)


# ---- images and sound ----------------------------------------------------------------------------


def chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(width, height, packed):
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")


def jpeg(width, height):
    """A start of frame of the given size without any scan."""
    return (b"\xff\xd8\xff\xc0" + struct.pack(">HBHHB", 17, 8, height, width, 3) +
            b"\x01\x11\x00\x02\x11\x00\x03\x11\x00" + b"\xff\xd9" + bytes(MB // 2))


def test_images(folder):
    bomb = zeros(15, b"")
    pictures = {"wide": png(2**31 - 1, 1, b""), "huge": png(2**31 - 1, 2**31 - 1, bomb), "bomb": png(7000, 6000, bomb),
                "text": b"\x89PNG\r\n\x1a\n" + chunk(b"zTXt", b"k\0\0" + bomb), "jpeg": jpeg(65500, 65500)}
    specs = []
    for name, content in pictures.items():
        store(folder, f"{name}/a.{'jpg' if name == 'jpeg' else 'png'}", content)
        specs += [f"image:{folder}/{name}", f"image:{folder}/{name}?size=8"]
    check_data(folder, specs)


def sound(channels, rate, bits, claimed):
    block = channels * bits // 8
    head = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, channels, rate, rate * block & 0xffffffff, block & 0xffff, bits)
    return b"RIFF" + struct.pack("<I", claimed) + b"WAVE" + head + b"data" + struct.pack("<I", claimed) + bytes(MB // 2)


def test_sound(folder):
    heads = ((65535, 1, 32), (0, 0, 0), (1, 2**32 - 1, 8), (2, 8000, 24))
    check_data(folder, ["wav:" + store(folder, f"{i}.wav", sound(*head, 2**32 - 1)) for i, head in enumerate(heads)])


# ---- models --------------------------------------------------------------------------------------


def test_models(folder):
    with open(small_model(folder), "rb") as file:
        content = file.read()
    length = struct.unpack("<Q", content[:8])[0]
    header, data = json.loads(content[8:8 + length]), content[8 + length:]
    many = {f"t{i}": {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]} for i in range(12000)}
    heads = [b'{"a":' * 100000, b"[" * (MB // 2), b'{"a":"' + b"\\u0041" * (MB // 8) + b'"}', json.dumps(many).encode(),
             b'{"t":{"dtype":"F32","shape":[1152921504606846976],"data_offsets":[0,4611686018427387904]}}',
             b" " * (MB // 2), b'{"__metadata__":{' + b",".join(b'"k%d":"v"' % i for i in range(50000)) + b"}}"]
    texts = header["__metadata__"]
    for key, value in texts.items():
        changed = value * (500000 // max(len(value), 1)), value.replace("32", "1000000000")
        for text in (text for text in changed if text != value):
            heads.append(json.dumps({**header, "__metadata__": {**texts, key: text}}).encode())
    usual = measure("info", store(folder, "usual.model", content))[2]
    for head in heads:
        expect_small(usual, "info", store(folder, "a.model", (struct.pack("<Q", len(head)) + head + data)[:MB]))
    expect_small(usual, "info", store(folder, "a.model", struct.pack("<Q", 2**63 - 1) + bytes(MB // 2)))


main([test_tables, test_text, test_settings, test_arrays, test_idx, test_images, test_sound, test_models])

# SPDX-License-Identifier: MIT
"""Writes tests/golden/data/python.safetensors, and checks a file written by the library.

    python3 make_safetensors.py write data/python.safetensors
    python3 make_safetensors.py check FILE      exits with 0 if FILE, written by test_io, has the expected contents

Made with safetensors 0.8.0, numpy 2.4.6, torch 2.13.0 (for bfloat16).
"""
import sys

import numpy as np
from safetensors import safe_open


def tensors():
    import torch  # imported only here: it takes seconds to load, and the check does not need it

    ramp = torch.arange(6, dtype=torch.float32).reshape(2, 3) / 4 - 0.5
    return {
        "b.f32": ramp,
        "a.f64": ramp.double() / 3,
        "c.f16": torch.tensor([0.0, -0.0, 1.5, 65504.0, 6e-8, float("inf"), float("-inf"), 0.1]).half(),
        "d.bf16": torch.tensor([1.0, -3.140625, 1e38]).bfloat16(),
        "e.i64": torch.tensor([2**62, -1], dtype=torch.int64),
        "f.u8": torch.tensor([[[1], [255]]], dtype=torch.uint8),
        "g.scalar": torch.tensor(2.5),
        "h.empty": torch.zeros(0, 4),
    }


def check(path):
    with safe_open(path, framework="np") as f:
        assert f.metadata() == {"genlat.format": "1", "genlat.kind": "test", "note": "café \"x\"\n"}, f.metadata()
        assert sorted(f.keys()) == ["bytes", "count", "double", "scalar", "weight"], f.keys()
        weight = f.get_tensor("weight")
        assert weight.dtype == np.float32 and weight.shape == (2, 3)
        assert weight.flatten().tolist() == [i / 8 - 0.25 for i in range(6)]
        assert f.get_tensor("count").tolist() == [-(2**63), 7]
        assert f.get_tensor("double").tolist() == [0.1, 1e300]
        assert f.get_tensor("bytes").tolist() == [0, 128, 255]
        assert f.get_tensor("scalar").shape == () and f.get_tensor("scalar").item() == 3.5


if __name__ == "__main__":
    if sys.argv[1] == "write":
        from safetensors.torch import save_file

        save_file(tensors(), sys.argv[2], metadata={"made": "by Python"})
    else:
        check(sys.argv[2])

# SPDX-License-Identifier: MIT
"""Writes tests/golden/data/augment.safetensors: PyTorch's results of the augmentations of
DiffAugment.

    python3 make_augment.py            from this folder

Made with torch 2.13.0+cpu and safetensors 0.8.0, in float64 from inputs that are exact in float32: augmented samples,
and gradients by the samples. The numbers of a draw are down, right, top, bottom, left, past, brightness, saturation,
contrast. Results are rounded to float32.
"""
import random
from pathlib import Path

import torch
from safetensors.torch import save_file

ROWS = 6
SHAPES = [(3, 6, 8), (1, 5, 4), (2, 1, 9)]


def change(x, draw):
    down, right, top, bottom, left, past = (int(n) for n in draw[:6])
    brightness, saturation, contrast = draw[6:]
    x = x + brightness
    grey = x.mean(dim=0, keepdim=True)
    x = (x - grey) * saturation + grey
    mean = x.mean()
    x = (x - mean) * contrast + mean
    height, width = x.shape[1:]
    wide = torch.nn.functional.pad(x, (width, width, height, height))
    x = wide[:, height - down:2 * height - down, width - right:2 * width - right]
    mask = torch.ones(height, width, dtype=x.dtype)
    mask[top:bottom, left:past] = 0
    return x * mask


def draw_one(height, width):
    top, left = random.randint(0, height), random.randint(0, width)
    return [random.randint(-1, 1) if height > 1 else 0, random.randint(-2, 2), top, min(height, top + height // 2 + 1),
            left, min(width, left + width // 2),
            random.uniform(-0.5, 0.5), random.uniform(0, 2), random.uniform(0.5, 1.5)]


def main():
    random.seed(1)
    torch.manual_seed(1)
    out = {}
    for shape in SHAPES:
        name = "x".join(map(str, shape))
        x = torch.randn(ROWS, *shape).double().requires_grad_()
        dy = torch.randn(ROWS, *shape).double()
        draws = torch.tensor([draw_one(*shape[1:]) for _ in range(ROWS)]).float().double()
        y = torch.stack([change(one, draw.tolist()) for one, draw in zip(x, draws)])
        (dx,) = torch.autograd.grad((y * dy).sum(), x)
        for key, value in {"x": x, "dy": dy, "draws": draws, "y": y, "dx": dx}.items():
            out[f"{name}/{key}"] = value.detach().float().contiguous()
    save_file(out, Path(__file__).parent / "data" / "augment.safetensors")


main()

# SPDX-License-Identifier: MIT
"""Writes tests/golden/data/penalties.safetensors: PyTorch's numbers for penalties on the outputs of a
discriminator.

    python3 make_penalties.py            from this folder

Made with torch 2.13.0+cpu and safetensors 0.8.0, in float64 from inputs that are exact in float32, rounded to float32.
A case is the text of a penalty; the metadata `cases` lists the cases, separated by '|'. Stored for each, over several
steps: outputs of the discriminator for real and generated samples, the penalty, and its derivatives by both.
"""
import zlib
from pathlib import Path

import torch
from safetensors.torch import save_file

HERE = Path(__file__).parent
STEPS, ROWS = 5, 4
CASES = ["lecam start=0", "lecam weight=0.4 decay=0.9 start=2", "lecam weight=2 decay=0.5 start=1 form=square"]


def exact(x):
    return x.float().double()


class LeCam:
    """As in the authors' program: compares outputs for one kind of samples with the running mean of the other."""

    def __init__(self, o):
        self.weight, self.decay = float(o.get("weight", 0.3)), float(o.get("decay", 0.99))
        self.start = int(o.get("start", 1000))
        self.beyond = torch.relu if o.get("form", "one_sided") == "one_sided" else lambda x: x
        self.mean_real = self.mean_fake = None

    def value(self, step, real, fake):
        if step < self.start or self.mean_real is None:
            return 0 * (real.sum() + fake.sum())
        return self.weight * (self.beyond(real - self.mean_fake).square().mean() +
                              self.beyond(self.mean_real - fake).square().mean())

    def follow(self, real, fake):
        first = self.mean_real is None
        decay = 0 if first else self.decay
        self.mean_real = real.mean().detach() if first else decay * self.mean_real + (1 - decay) * real.mean().detach()
        self.mean_fake = fake.mean().detach() if first else decay * self.mean_fake + (1 - decay) * fake.mean().detach()


def case(text):
    torch.manual_seed(zlib.crc32(text.encode()))
    kind, *pairs = text.split()
    penalty = {"lecam": LeCam}[kind](dict(pair.split("=") for pair in pairs))
    found = {name: [] for name in ("real", "fake", "value", "dreal", "dfake")}
    for step in range(STEPS):
        real, fake = (exact(torch.randn(ROWS) + shift).requires_grad_() for shift in (0.3, -0.3))
        value = penalty.value(step, real, fake)
        dreal, dfake = torch.autograd.grad(value, (real, fake))
        penalty.follow(real, fake)
        for name, number in zip(found, (real, fake, value, dreal, dfake)):
            found[name].append(number.detach())
    return {name: torch.stack(numbers) for name, numbers in found.items()}


def main():
    out = {f"{text}/{name}": numbers for text in CASES for name, numbers in case(text).items()}
    save_file({name: numbers.float().contiguous() for name, numbers in out.items()},
              HERE / "data" / "penalties.safetensors",
              {"made_with": f"torch {torch.__version__}", "cases": "|".join(CASES)})


main()

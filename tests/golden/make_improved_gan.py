# SPDX-License-Identifier: MIT
"""Writes tests/golden/data/improved_gan.h: PyTorch's numbers for a step of a GAN whose discriminator is a classifier.

    python3 make_improved_gan.py      from this folder

Made with torch 2.13.0+cpu. The discriminator has the features tanh(V x) and the logits W f. All generated samples are
the same vector g. Losses in float64, by the formulas of Salimans and others, 2016: the mean of -log(Z / (1 + Z)) on
samples without label, of -log(1 / (1 + Z)) on generated ones, with Z the sum of the exponentials of the logits, and the
weighted cross-entropy of the labels; for the generator, the squared distance of the mean features.
"""
from pathlib import Path

import torch
import torch.nn.functional as F

HERE = Path(__file__).parent
INPUTS, FEATURES, CLASSES, WEIGHT = 4, 5, 3, 0.7
LABELS = torch.tensor([-1, 2, -1, 0, 1, -1, 2])


def exact(*shape):
    return torch.randn(*shape).float().double().requires_grad_()


def main():
    torch.manual_seed(5)
    x, v, w, g = exact(len(LABELS), INPUTS), exact(FEATURES, INPUTS), exact(CLASSES, FEATURES), exact(INPUTS)
    known = LABELS >= 0
    features = torch.tanh(x @ v.T)
    made = torch.tanh(g @ v.T)
    real, fake = torch.logsumexp(features[~known] @ w.T, 1), torch.logsumexp(made @ w.T, 0)
    cross_entropy = F.cross_entropy(features[known] @ w.T, LABELS[known])
    one, zero = torch.ones_like(real), torch.zeros_like(fake)
    bce = F.binary_cross_entropy_with_logits
    critic = bce(real, one) + bce(fake, zero) + WEIGHT * cross_entropy
    maker = (features[~known].mean(0) - made).square().sum()
    dv, dw = torch.autograd.grad(critic, (v, w), retain_graph=True)
    dg, = torch.autograd.grad(maker, g)
    arrays = {"samples": x, "first_weight": v, "last_weight": w, "generated": g, "critic": critic, "cross_entropy":
              cross_entropy, "critic_by_first": dv, "critic_by_last": dw, "maker": maker, "maker_by_generated": dg}
    lines = ["/* SPDX-License-Identifier: MIT */", "/* Written by make_improved_gan.py. */", "/* clang-format off */"]
    for name, values in arrays.items():
        numbers = [repr(float(n)) for n in values.detach().reshape(-1)]
        lines.append(f"static const double {name}[] = {{")
        lines += [f"    {n}," for n in numbers] + ["};"]
    (HERE / "data/improved_gan.h").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()

# SPDX-License-Identifier: MIT
"""Writes tests/golden/data/vae.safetensors: PyTorch's objective and gradients of whole VAEs.

    python3 make_vae.py            from this folder

Made with torch 2.13.0+cpu and safetensors 0.8.0, in float64, rounded to float32. The noise of the latents equals that
of the library's stream: Philox 4x32-10 and Box-Muller are implemented here independently, from their papers.
"""
import math
from pathlib import Path

import torch
import torch.nn as nn
import torch.nn.functional as F
from safetensors.torch import save_file

HERE = Path(__file__).parent
ROWS, LATENT, NOISE_STREAM = 4, 3, 2


def philox(seed, stream, counter):
    c = [counter & 0xFFFFFFFF, counter >> 32, stream & 0xFFFFFFFF, stream >> 32]
    k = [seed & 0xFFFFFFFF, seed >> 32]
    for _ in range(10):
        p0, p1 = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [(p1 >> 32) ^ c[1] ^ k[0], p1 & 0xFFFFFFFF, (p0 >> 32) ^ c[3] ^ k[1], p0 & 0xFFFFFFFF]
        k = [(k[0] + 0x9E3779B9) & 0xFFFFFFFF, (k[1] + 0xBB67AE85) & 0xFFFFFFFF]
    return c


def normals(seed, stream, count):
    out = []
    for counter in range((count + 3) // 4):
        u = [(word >> 8) * 2.0 ** -24 for word in philox(seed, stream, counter)]
        for a, b in ((u[0], u[1]), (u[2], u[3])):
            radius, angle = math.sqrt(-2 * math.log(1 - a)), 2 * math.pi * b
            out += [radius * math.cos(angle), radius * math.sin(angle)]
    return torch.tensor(out[:count], dtype=torch.float64)


class Model(nn.Module):
    """Modules have the names of the nodes in the library, so that the weights have the same names."""

    def __init__(self, encoder, hidden, decoder):
        super().__init__()
        heads = {"mean": nn.Linear(hidden, LATENT), "logvar_raw": nn.Linear(hidden, LATENT)}
        self.encoder = nn.ModuleDict({**encoder, **heads})
        self.decoder = nn.ModuleDict(decoder)


def mlp():
    m = Model({"1": nn.Linear(16, 7)}, 7, {"0": nn.Linear(LATENT, 6), "2": nn.Linear(6, 16)})
    return m, (lambda x, c: torch.tanh(m.encoder["1"](x.flatten(1)))), \
        (lambda z, c: m.decoder["2"](torch.tanh(m.decoder["0"](z))))


def conditional():
    m = Model({"2": nn.Linear(16 + 3, 7)}, 7, {"1": nn.Linear(LATENT + 3, 6), "3": nn.Linear(6, 16)})
    return m, (lambda x, c: F.silu(m.encoder["2"](torch.cat([x.flatten(1), c], 1)))), \
        (lambda z, c: m.decoder["3"](F.silu(m.decoder["1"](torch.cat([z, c], 1)))))


def conv():
    m = Model({"0": nn.Conv2d(1, 3, 4, 2, 1)}, 12,
              {"0": nn.Linear(LATENT, 12), "3": nn.ConvTranspose2d(3, 1, 4, 2, 1)})
    return m, (lambda x, c: torch.relu(m.encoder["0"](x)).flatten(1)), \
        (lambda z, c: m.decoder["3"](torch.relu(m.decoder["0"](z)).reshape(-1, 3, 2, 2)).flatten(1))


def bernoulli(out, x, own):
    return F.binary_cross_entropy_with_logits(out, x, reduction="none").sum(1)


def gaussian(out, x, own):
    log_sd = -6 + F.softplus(own["log_sd"] + 6)
    return (0.5 * ((x - out) / log_sd.exp()) ** 2 + log_sd + 0.5 * math.log(2 * math.pi)).sum(1)


CASES = [
    ("mlp", mlp, bernoulli, dict(beta=1.0)),
    ("beta", mlp, bernoulli, dict(beta=4.0, samples=3)),
    ("free_bits", mlp, bernoulli, dict(beta=1.0, free_bits=0.05)),
    ("capacity", mlp, bernoulli, dict(gamma=10.0, capacity=3.0)),
    ("conditional", conditional, bernoulli, dict(beta=1.0, classes=3)),
    ("conv", conv, gaussian, dict(beta=1.0)),
]


def run(name, make, likelihood, options, out):
    torch.manual_seed(len(name))
    model, encode, decode = make()
    model.double()
    for p in model.parameters():
        p.data = (p.data * 2).float().double()
    own = {}
    if likelihood is gaussian:
        # standard deviation 1
        own["log_sd"] = torch.tensor(math.log(math.expm1(6)) - 6, dtype=torch.float64, requires_grad=True)
    x = (torch.rand(ROWS, 1, 4, 4) * 255).round().div(255).double()
    labels = torch.arange(ROWS) % 3
    c = F.one_hot(labels, 3).double() if "classes" in options else None
    h = encode(x, c)
    mean, logvar = model.encoder["mean"](h), model.encoder["logvar_raw"](h).clamp(-10, 10)
    samples = options.get("samples", 1)
    noise = normals(0, NOISE_STREAM << 48, samples * ROWS * LATENT).reshape(samples, ROWS, LATENT)
    recon = sum(likelihood(decode(mean + noise[s] * (0.5 * logvar).exp(), c), x.flatten(1), own).mean()
                for s in range(samples)) / samples
    kl = 0.5 * (mean ** 2 + logvar.exp() - 1 - logvar)
    term = options.get("beta", 1.0) * kl.sum(1).mean()
    if "free_bits" in options:
        term = options["beta"] * kl.mean(0).clamp(min=options["free_bits"]).sum()
    if "gamma" in options:
        term = options["gamma"] * (kl.sum(1).mean() - options["capacity"]).abs()
    (recon + term).backward()
    out[f"{name}.x"] = x
    out[f"{name}.terms"] = torch.stack([recon, kl.sum(1).mean(), recon + term]).detach()
    for key, p in model.named_parameters():
        out[f"{name}.{key}"], out[f"{name}.grad.{key}"] = p.data, p.grad
    if own:
        out[f"{name}.grad.log_sd"] = own["log_sd"].grad.reshape(1)


def main():
    out = {}
    for case in CASES:
        run(*case, out)
    save_file({key: value.float().contiguous() for key, value in out.items()}, HERE / "data" / "vae.safetensors")


main()

# SPDX-License-Identifier: MIT
"""Writes tests/golden/data/groups.safetensors: PyTorch's numbers for codes in groups of dimensions.

    python3 make_groups.py            from this folder

Made with torch 2.13.0+cpu and safetensors 0.8.0, in float64 from inputs that are exact in float32, rounded to float32.
The metadata `cases` lists the cases as make_latent.py does. Stored for each: heads, noise, targets of the likelihood of
tests/support/latent_rig.h, weights of the nets of the groups in their order, the codes, the objective and its parts,
the KL of each group, and the gradients by heads and weights.
"""
import math
import zlib
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch.distributions import Normal, kl_divergence

HERE = Path(__file__).parent
ROWS, SAMPLES, DIMS, FACTOR = 4, 3, 5, 0.7
MARKOV, LADDER = "markov groups=2x2x1 layers=1 width=3", "ladder groups=2x2x1"
RESIDUAL, MARKOV2 = "residual groups=3x2", "markov groups=3x2 layers=0"
CHAIN, DEEP = "chain layers=1 width=3", "chain layers=2 width=4 activation=elu"
CASES = [
    (MARKOV, CHAIN, "kl beta=0.6", "elbo"),
    (MARKOV, CHAIN, "kl", "importance"),
    (MARKOV2, DEEP, "kl beta=0.6", "renyi alpha=2.5"),
    (LADDER, CHAIN, "kl", "elbo"),
    (LADDER, DEEP, "kl beta=0.6", "importance"),
    (LADDER, CHAIN, "kl beta=2 free_bits=0.5 free=whole", "elbo"),
    (LADDER, CHAIN, "kl free_bits=0.8 free=whole_sample", "elbo"),
    (RESIDUAL, DEEP, "kl", "elbo"),
    (RESIDUAL, CHAIN, "kl", "importance"),
    (RESIDUAL, CHAIN, "kl balance=yes", "elbo"),
]
ACTIVATIONS = {"tanh": torch.nn.Tanh, "elu": torch.nn.ELU}


def exact(x):
    return x.float().double()


def options(text):
    return dict(word.split("=") for word in text.split()[1:])


class Net(torch.nn.Module):
    """Hidden layers, then the mean and the log-variance."""

    def __init__(self, inputs, outputs, o):
        super().__init__()
        layers, last = [], inputs
        for _ in range(int(o["layers"])):
            layers += [torch.nn.Linear(last, int(o["width"])), ACTIVATIONS[o.get("activation", "tanh")]()]
            last = int(o["width"])
        self.hidden = torch.nn.Sequential(*layers)
        self.mean, self.logvar = torch.nn.Linear(last, outputs), torch.nn.Linear(last, outputs)
        self.double()
        for number in self.parameters():
            number.data = exact(number.data + 0.4 * torch.randn(number.shape))

    def forward(self, z):
        h = self.hidden(z)
        return self.mean(h), self.logvar(h).clamp(-10, 10)


def normal(mean, logvar):
    return Normal(mean, (0.5 * logvar).exp())


def product(a, b):
    """The normalized product of two densities."""
    precision = 1 / a.variance + 1 / b.variance
    return Normal((a.mean / a.variance + b.mean / b.variance) / precision, precision.rsqrt())


def draw(kind, widths, heads, priors, posteriors, noise):
    """Codes, posteriors and priors of all groups, each [samples,rows,width]."""
    top, parts = len(widths) - 1, noise.split(widths, -1)
    z, q, p = [None] * len(widths), [None] * len(widths), [None] * len(widths)
    standard = Normal(torch.zeros(SAMPLES, ROWS, widths[-1]).double(), 1.0)
    each = [h.expand(SAMPLES, -1, -1) for h in heads]
    if kind == "markov":
        for g in range(len(widths)):
            q[g] = normal(*each) if g == 0 else normal(*posteriors[g](z[g - 1]))
            z[g] = q[g].mean + q[g].stddev * parts[g]
        for g in range(len(widths)):
            p[g] = standard if g == top else normal(*priors[g](z[g + 1]))
        return z, q, p
    means, logvars = (h.split(widths, -1) for h in each)
    for g in reversed(range(len(widths))):
        p[g] = standard if g == top else normal(*priors[g](z[g + 1]))
        q[g] = normal(means[g], logvars[g])
        if g != top and kind == "ladder":
            q[g] = product(q[g], p[g])
        if g != top and kind == "residual":
            q[g] = Normal(p[g].mean + means[g], p[g].stddev * (0.5 * logvars[g]).exp())
        z[g] = q[g].mean + q[g].stddev * parts[g]
    return z, q, p


def kl_term(text, kl, widths):
    """kl: [rows,groups]"""
    o = options(text)
    free, beta = float(o.get("free_bits", 0)), FACTOR * float(o.get("beta", 1))
    if o.get("balance") == "yes":
        share = (kl.mean(0) * torch.tensor(widths)).detach()
        return beta * (len(widths) * share / share.sum() * kl.mean(0)).sum()
    if o.get("free") == "whole":
        return beta * kl.mean(0).clamp(min=free).sum()
    return beta * kl.clamp(min=free).sum(1).mean()


def weighted(bound, log_weight):
    alpha = float(options(bound).get("alpha", 0))
    return -(torch.logsumexp((1 - alpha) * log_weight, 0) - math.log(SAMPLES)).mean() / (1 - alpha)


def likelihood(z, target):
    curve = 1 + 0.5 * torch.arange(DIMS).double()
    return (curve * (z - target) ** 2 / 2 + 0.3 * z.sin()).sum(-1)


def case(posterior, prior, terms, bound):
    torch.manual_seed(zlib.crc32(f"{posterior} {prior} {terms} {bound}".encode()))
    kind, widths = posterior.split()[0], [int(w) for w in options(posterior)["groups"].split("x")]
    head = widths[0] if kind == "markov" else DIMS
    heads = [exact(torch.randn(ROWS, head)).requires_grad_() for _ in range(2)]
    noise, target = exact(torch.randn(SAMPLES, ROWS, DIMS)), exact(torch.randn(ROWS, DIMS))
    pairs = range(len(widths) - 1)
    priors = {g: Net(widths[g + 1], widths[g], options(prior)) for g in pairs}
    posteriors = {g + 1: Net(widths[g], widths[g + 1], options(posterior)) for g in pairs if kind == "markov"}
    z, q, p = draw(kind, widths, heads, priors, posteriors, noise)
    code = torch.cat(z, -1)
    nll = likelihood(code, target)
    kl = torch.stack([kl_divergence(a, b).sum(-1).mean(0) for a, b in zip(q, p)], 1)
    if bound == "elbo":
        value = nll.mean() + kl_term(terms, kl, widths)
    else:
        ratio = sum((a.log_prob(x) - b.log_prob(x)).sum(-1) for a, b, x in zip(q, p, z))
        value = weighted(bound, -nll - FACTOR * float(options(terms).get("beta", 1)) * ratio)
    found = {"target": target, "noise": noise, "z": code, "kl": kl.mean(0),
             "values": torch.stack([value, nll.mean(), kl.sum(1).mean()])}
    numbers = {f"head{i}": h for i, h in enumerate(heads)}
    for part, nets in (("prior", priors), ("posterior", posteriors)):
        for g, net in nets.items():
            numbers.update({f"{part}_{g + 1}.{i}": n for i, n in enumerate(net.parameters())})
    gradients = torch.autograd.grad(value, list(numbers.values()))
    found.update({f"d{name}": gradient for name, gradient in zip(numbers, gradients)})
    return {**found, **numbers}


def main():
    out = {f"{'/'.join(now)}/{key}": value for now in CASES for key, value in case(*now).items()}
    save_file({key: value.detach().float().contiguous() for key, value in out.items()},
              HERE / "data" / "groups.safetensors",
              {"made_with": f"torch {torch.__version__}", "cases": "|".join("/".join(now) for now in CASES)})


main()

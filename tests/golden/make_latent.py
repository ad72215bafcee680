# SPDX-License-Identifier: MIT
"""Writes tests/golden/data/latent.safetensors: PyTorch's numbers for codes between an encoder and a decoder.

    python3 make_latent.py            from this folder

Made with torch 2.13.0+cpu and safetensors 0.8.0, in float64 from inputs that a float32 holds exactly, rounded to float32. A
case is "posterior/prior/terms/bound", as the library writes kinds; the metadata `cases` lists them, separated by '|'. Stored
of each: heads, noise, targets of the likelihood of tests/support/latent_rig.h, the objective, its parts, and the gradients by
the heads.
"""
import math
import zlib
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch.distributions import Normal, kl_divergence

HERE = Path(__file__).parent
ROWS, SAMPLES, DIMS, FACTOR = 4, 3, 5, 0.7

KL = ["kl", "kl beta=4", "kl beta=2 free_bits=0.5", "kl beta=2 free_bits=0.5 free=sample", "kl beta=2 free_bits=1 free=whole",
      "kl beta=2 free_bits=40 free=whole", "kl free_bits=4 free=whole_sample", "kl gamma=10 capacity=1",
      "kl gamma=10 capacity=25"]
CASES = [("gaussian", "normal", terms, "elbo") for terms in KL] + \
    [("point", "normal", "", "elbo"), ("gaussian", "normal", "", "elbo"), ("gaussian", "normal", "kl beta=0.6", "importance"),
     ("gaussian", "normal", "kl", "importance estimator=doubly")]


def exact(x):
    return x.float().double()


def options(text):
    return dict(pair.split("=") for pair in text.split()[1:])


class Gaussian:
    def __init__(self, heads, fixed=False):
        self.mean, self.logvar = (h.detach() for h in heads) if fixed else heads

    def draw(self, noise):
        return self.mean + noise * (0.5 * self.logvar).exp()

    def distribution(self):
        return Normal(self.mean, (0.5 * self.logvar).exp())


class Point:
    def __init__(self, heads):
        self.mean = heads[0]

    def draw(self, noise):
        return self.mean.expand(SAMPLES, ROWS, DIMS)


POSTERIORS = {"gaussian": (Gaussian, 2), "point": (Point, 1)}
STANDARD = Normal(torch.zeros(DIMS).double(), torch.ones(DIMS).double())


def kl_term(text, kl):
    """kl: [rows,dims]"""
    o = options(text)
    free, kind = float(o.get("free_bits", 0)), o.get("free", "dimension")
    if "gamma" in o:
        return float(o["gamma"]) * (kl.sum(1).mean() - FACTOR * float(o["capacity"])).abs()
    value = {"dimension": lambda: kl.mean(0).clamp(min=free).sum(), "sample": lambda: kl.clamp(min=free).sum(1).mean(),
             "whole": lambda: kl.sum(1).mean().clamp(min=free),
             "whole_sample": lambda: kl.sum(1).clamp(min=free).mean()}[kind]()
    return FACTOR * float(o.get("beta", 1)) * value


def likelihood(z, target):
    curve = 1 + 0.5 * torch.arange(DIMS).double()
    return (curve * (z - target) ** 2 / 2 + 0.3 * z.sin()).sum(-1)


def importance(q, heads, z, nll, terms, doubly):
    """(value, what to differentiate), as Burda and others 2016 and Tucker and others 2019 write it."""
    beta = FACTOR * float(options(terms).get("beta", 1))
    density = Gaussian(heads, fixed=doubly).distribution()
    log_weight = -nll - beta * (density.log_prob(z) - STANDARD.log_prob(z)).sum(-1)
    value = -(torch.logsumexp(log_weight, 0) - math.log(SAMPLES)).mean()
    share = torch.softmax(log_weight, 0).detach()
    return value, -(share ** 2 * log_weight).sum(0).mean() if doubly else value


def case(posterior, prior, terms, bound):
    torch.manual_seed(zlib.crc32(f"{posterior} {prior} {terms} {bound}".encode()))
    make, count = POSTERIORS[posterior]
    heads = [exact(torch.randn(ROWS, DIMS)).requires_grad_() for _ in range(count)]
    noise, target = exact(torch.randn(SAMPLES, ROWS, DIMS)), exact(torch.randn(ROWS, DIMS))
    q = make(heads)
    z = q.draw(noise)
    nll = likelihood(z, target)
    kl = kl_divergence(q.distribution(), STANDARD) if hasattr(q, "distribution") else torch.zeros(ROWS, DIMS).double()
    if bound == "elbo":
        value = differentiated = nll.mean() + (kl_term(terms, kl) if terms else 0)
    else:
        value, differentiated = importance(q, heads, z, nll, terms, "doubly" in bound)
    gradients = torch.autograd.grad(differentiated, heads)
    found = {"target": target, "noise": noise, "z": z, "values": torch.stack([value, nll.mean(), kl.sum(1).mean()])}
    for i in range(count):
        found[f"head{i}"], found[f"dhead{i}"] = heads[i], gradients[i]
    return found


def closed_form():
    torch.manual_seed(1)
    mean, logvar = (exact(torch.randn(ROWS, 6)).requires_grad_() for _ in range(2))
    terms = kl_divergence(Normal(mean, (logvar / 2).exp()), Normal(torch.zeros_like(mean), torch.ones_like(mean)))
    value = terms.sum(1).mean()
    dmean, dlogvar = torch.autograd.grad(value, (mean, logvar))
    z = exact(torch.randn(ROWS, 6))
    density = Normal(mean, (logvar / 2).exp()).log_prob(z).sum(1)
    return {"mean": mean, "logvar": logvar, "per_dim": terms.mean(0), "value": value.reshape(1), "dmean": dmean,
            "dlogvar": dlogvar, "z": z, "log_density": density}


def main():
    out = {f"gauss/{key}": value for key, value in closed_form().items()}
    for now in CASES:
        out.update({f"{'/'.join(now)}/{key}": value for key, value in case(*now).items()})
    save_file({key: value.detach().float().contiguous() for key, value in out.items()}, HERE / "data" / "latent.safetensors",
              {"made_with": f"torch {torch.__version__}", "cases": "|".join("/".join(now) for now in CASES)})


main()

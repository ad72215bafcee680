# SPDX-License-Identifier: MIT
"""Writes tests/golden/data/latent.safetensors: PyTorch's numbers for latent codes.

    python3 make_latent.py            from this folder

Made with torch 2.13.0+cpu and safetensors 0.8.0, in float64 from inputs that are exact in float32, rounded to float32.
A case is "posterior/prior/terms/bound", with kinds in the text format of the library; the metadata `cases` lists the
cases, separated by '|'. Stored for each: heads, noise, targets of the likelihood of tests/support/latent_rig.h, the
objective, its parts, and the gradients by the heads. For mixtures also their parameters and the gradients by them, and
draws of the prior for terms that use them.
"""
import math
import zlib
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch.distributions import Categorical, Independent, MixtureSameFamily, MultivariateNormal, Normal, kl_divergence

HERE = Path(__file__).parent
ROWS, SAMPLES, DIMS, COMPONENTS, FACTOR = 4, 3, 5, 3, 0.7

MIXTURE = f"mixture components={COMPONENTS}"
KL = ["kl", "kl beta=4", "kl beta=2 free_bits=0.5", "kl beta=2 free_bits=0.5 free=sample",
      "kl beta=2 free_bits=1 free=whole", "kl beta=2 free_bits=40 free=whole",
      "kl free_bits=4 free=whole_sample", "kl gamma=10 capacity=1", "kl gamma=10 capacity=25"]
CASES = [("gaussian", "normal", terms, "elbo") for terms in KL] + [
    ("point", "normal", "", "elbo"),
    ("gaussian", "normal", "", "elbo"),
    ("gaussian", "normal", "kl beta=0.6", "importance"),
    ("gaussian", "normal", "kl", "importance estimator=doubly"),
    ("gaussian", "normal", "kl beta=0.6", "importance estimator=path"),
    ("gaussian", "normal", "kl beta=0.6", "elbo estimator=path"),
    ("gaussian", MIXTURE, "kl", "elbo estimator=path"),
    ("gaussian", "normal", "kl beta=0.6", "renyi"),
    ("gaussian", "normal", "kl", "renyi alpha=2.5"),
    ("gaussian", "normal", "kl", "renyi alpha=1"),
    ("gaussian", "normal", "kl", "renyi alpha=-inf"),
    ("gaussian", "normal", "kl", "renyi alpha=-1 estimator=path"),
    ("gaussian_full", MIXTURE, "kl beta=0.6", "renyi alpha=0.3 estimator=doubly"),
    ("gaussian", MIXTURE, "kl beta=2", "elbo"),
    ("gaussian", MIXTURE, "kl beta=2 free_bits=1 free=whole", "elbo"),
    ("gaussian", MIXTURE, "kl beta=0.6", "importance"),
    ("gaussian", MIXTURE, "kl", "importance estimator=doubly"),
    ("gaussian", MIXTURE, "kl beta=0.5; mmd weight=100", "elbo"),
    ("gaussian_full", "normal", "kl beta=2 free_bits=0.5", "elbo"),
    ("gaussian_full", "normal", "kl beta=0.6", "importance"),
    ("gaussian_full", "normal", "kl", "importance estimator=doubly"),
    ("gaussian_full", MIXTURE, "kl", "elbo"),
    ("gaussian", "normal", "mmd", "elbo"),
    ("point", "normal", "mmd weight=3 scale=2 kernel=rbf", "elbo"),
    ("gaussian", "normal", "mmd; kl", "importance"),
]


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
        return Independent(Normal(self.mean, (0.5 * self.logvar).exp()), 1)

    def from_normal(self):
        """[rows,dims]"""
        standard = Normal(torch.zeros(DIMS).double(), torch.ones(DIMS).double())
        return kl_divergence(self.distribution().base_dist, standard)


LOWER = DIMS * (DIMS - 1) // 2


class GaussianFull:
    def __init__(self, heads, fixed=False):
        self.mean, logvar, lower = (h.detach() for h in heads) if fixed else heads
        basis = torch.zeros(LOWER, DIMS, DIMS).double()
        basis[torch.arange(LOWER), *torch.tril_indices(DIMS, DIMS, -1)] = 1
        self.factor = torch.diag_embed((0.5 * logvar).exp()) + torch.einsum("rk,kij->rij", lower, basis)

    def draw(self, noise):
        return self.mean + torch.einsum("rij,srj->sri", self.factor, noise)

    def distribution(self):
        return MultivariateNormal(self.mean, scale_tril=self.factor)

    def from_normal(self):
        """The divergence, divided among dimensions by their variances and the diagonal of the Cholesky factor."""
        variance, diagonal = (self.factor ** 2).sum(2), torch.diagonal(self.factor, dim1=1, dim2=2)
        parts = (variance + self.mean ** 2 - 1) / 2 - diagonal.log()
        standard = MultivariateNormal(torch.zeros(DIMS).double(), torch.eye(DIMS).double())
        assert torch.allclose(parts.sum(1), kl_divergence(self.distribution(), standard))
        return parts


class Point:
    def __init__(self, heads):
        self.mean = heads[0]

    def draw(self, noise):
        return self.mean.expand(SAMPLES, ROWS, DIMS)


POSTERIORS = {
    "gaussian": (Gaussian, [DIMS, DIMS]),
    "gaussian_full": (GaussianFull, [DIMS, DIMS, LOWER]),
    "point": (Point, [DIMS]),
}


def prior_of(text):
    """The distribution, and its parameters by name."""
    if text == "normal":
        return Independent(Normal(torch.zeros(DIMS).double(), torch.ones(DIMS).double()), 1), {}
    shapes = {"mean": (COMPONENTS, DIMS), "logvar": (COMPONENTS, DIMS), "logit": (COMPONENTS,)}
    numbers = {name: exact(torch.randn(*shape)).requires_grad_() for name, shape in shapes.items()}
    parts = Independent(Normal(numbers["mean"], (0.5 * numbers["logvar"]).exp()), 1)
    return MixtureSameFamily(Categorical(logits=numbers["logit"]), parts), numbers


def discrepancy(text, z, draws):
    """The unbiased estimate of Gretton and others 2012 for codes [rows,dims], with the kernels of Tolstikhin and others
    2018."""
    o = options(text)
    widths = [2 * DIMS * float(o.get("scale", 1)) ** 2 * s for s in (0.1, 0.2, 0.5, 1, 2, 5, 10)]
    shape = {"imq": lambda d, c: c / (c + d), "rbf": lambda d, c: (-d / c).exp()}[o.get("kernel", "imq")]

    def kernel(a, b):
        return sum(shape(((a[:, None] - b[None]) ** 2).sum(-1), c) for c in widths)

    others = ~torch.eye(ROWS, dtype=torch.bool)
    return float(o.get("weight", 10)) * (kernel(z, z)[others].mean() + kernel(draws, draws)[others].mean() -
                                         2 * kernel(z, draws).mean())


def kl_term(text, kl):
    """kl: [rows,parts]"""
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


def weighted(q, prior, z, nll, terms, bound):
    """(value, expression whose derivative by the heads is the gradient): the bound of Li and Turner 2016, of which that
    of Burda and others 2016 is the order 0, with the estimators of Tucker and others 2019 and of Roeder and others
    2017. The heads of q are constants for all estimators but the total derivative."""
    beta = FACTOR * float(options(terms).get("beta", 1))
    alpha = 0.0 if bound.startswith("importance") else float(options(bound).get("alpha", 0.5))
    log_weight = -nll - beta * (q.distribution().log_prob(z) - prior.log_prob(z))
    if math.isinf(alpha):
        value, share = -log_weight.max(0)[0].mean(), (log_weight == log_weight.max(0)[0]).double()
    elif alpha == 1:
        value, share = -log_weight.mean(), torch.full_like(log_weight, 1 / SAMPLES)
    else:
        scaled = (1 - alpha) * log_weight
        value = -(torch.logsumexp(scaled, 0) - math.log(SAMPLES)).mean() / (1 - alpha)
        share = torch.softmax(scaled, 0)
    share = share.detach()
    if "doubly" in bound:
        share = alpha * share + (1 - alpha) * share ** 2
    return value, -(share * log_weight).sum(0).mean() if "estimator" in bound else value


def path(q, prior, z, nll, kl, terms):
    """The evidence lower bound with the estimator of Roeder and others 2017; the heads of q are constants."""
    beta = FACTOR * float(options(terms).get("beta", 1))
    value = nll.mean() + beta * kl.sum(1).mean()
    return value, (nll + beta * (q.distribution().log_prob(z) - prior.log_prob(z))).mean()


def divergence(q, density, numbers, z):
    """[rows,parts]; for a mixture estimated from the drawn codes."""
    if not hasattr(q, "distribution"):
        return torch.zeros(ROWS, 1).double()
    return (q.distribution().log_prob(z) - density.log_prob(z)).mean(0).reshape(-1, 1) if numbers else q.from_normal()


def case(posterior, prior, terms, bound):
    torch.manual_seed(zlib.crc32(f"{posterior} {prior} {terms} {bound}".encode()))
    make, widths = POSTERIORS[posterior]
    heads = [exact(torch.randn(ROWS, width)).requires_grad_() for width in widths]
    noise, target = exact(torch.randn(SAMPLES, ROWS, DIMS)), exact(torch.randn(ROWS, DIMS))
    density, numbers = prior_of(prior)
    q = make(heads)
    z = q.draw(noise)
    nll = likelihood(z, target)
    kl = divergence(q, density, numbers, z)
    found = {"target": target, "noise": noise, "z": z}
    kl_text, other = ([t for t in map(str.strip, terms.split(";")) if t.startswith(kind)] for kind in ("kl", "mmd"))
    fixed = make(heads, True) if "estimator" in bound else q
    if bound == "elbo":
        value = differentiated = nll.mean() + sum(kl_term(t, kl) for t in kl_text)
    elif bound.startswith("elbo"):
        value, differentiated = path(fixed, density, z, nll, kl, kl_text[0])
    else:
        value, differentiated = weighted(fixed, density, z, nll, kl_text[0], bound)
    if other:
        found["draws"] = exact(torch.randn(ROWS, DIMS))
        added = sum(discrepancy(other[0], z[s], found["draws"]) for s in range(SAMPLES)) / SAMPLES
        value, differentiated = value + added, differentiated + added
    found["values"] = torch.stack([value, nll.mean(), kl.sum(1).mean()])
    for i, gradient in enumerate(torch.autograd.grad(differentiated, heads, retain_graph=True)):
        found[f"head{i}"], found[f"dhead{i}"] = heads[i], gradient
    for name, number in numbers.items():
        found[f"prior.{name}"] = number
        found[f"dprior.{name}"] = torch.autograd.grad(value, number, retain_graph=True)[0]
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
    save_file({key: value.detach().float().contiguous() for key, value in out.items()},
              HERE / "data" / "latent.safetensors",
              {"made_with": f"torch {torch.__version__}", "cases": "|".join("/".join(now) for now in CASES)})


main()

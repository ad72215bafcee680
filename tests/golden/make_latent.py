# SPDX-License-Identifier: MIT
"""Writes tests/golden/data/latent.safetensors: PyTorch's numbers for latent codes.

    python3 make_latent.py            from this folder

Made with torch 2.13.0+cpu and safetensors 0.8.0, in float64 from inputs that are exact in float32, rounded to float32.
A case is "posterior/prior/terms/bound", with kinds in the text format of the library; the metadata `cases` lists the
cases, separated by '|'. Stored for each: heads, noise, targets of the likelihood of tests/support/latent_rig.h, the
objective, its parts, and the gradients by the heads. For vq also the code book. For mixtures also their parameters
and the gradients by them, and draws of the prior for terms that use them.
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
    ("vq codes=4 books=2 commitment=0.6", "uniform", "kl beta=2", "elbo"),
    ("vq codes=6 width=1", "uniform", "", "elbo"),
    ("fsq levels=8x5x4x3x2", "uniform", "kl", "elbo"),
    ("fsq", "uniform", "", "elbo"),
    ("categorical temperature=0.7", "uniform", "kl beta=2", "elbo"),
    ("categorical hard=yes", "uniform", "kl beta=2 free_bits=0.3", "elbo"),
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


class Discrete:
    """Codes without noise. `commitment` is the loss of the posterior, `tensors` its states."""
    commitment, tensors = 0, {}

    def expanded(self, code, surrogate):
        """The code, with the gradient of the surrogate."""
        return (surrogate + (code - surrogate).detach()).expand(SAMPLES, ROWS, DIMS)

    def from_uniform(self):
        return torch.full((ROWS, 1), self.count * math.log(self.size)).double()


class VQ(Discrete):
    def __init__(self, heads, o):
        books, self.size, self.width = int(o.get("books", 1)), int(o["codes"]), int(o.get("width", DIMS))
        self.head, self.count = heads[0], DIMS // self.width * books
        book = exact(torch.randn(books, self.size, self.width))
        self.tensors = {"code": book}
        rest = self.head.reshape(ROWS, self.width, -1).transpose(1, 2)
        for b in range(books):
            index = torch.cdist(rest.detach(), book[b].expand(ROWS, -1, -1)).argmin(-1)
            self.commitment = self.commitment + float(o.get("commitment", 0.25)) * ((rest - book[b][index]) ** 2).sum()
            rest = rest - book[b][index]
        self.commitment = self.commitment / ROWS
        self.code = self.head.detach() - rest.detach().transpose(1, 2).reshape(ROWS, DIMS)

    def draw(self, noise):
        return self.expanded(self.code, self.head)


class FSQ(Discrete):
    """As vector_quantize_pytorch.FSQ."""

    def __init__(self, heads, o):
        self.head = heads[0]
        levels = torch.tensor([int(x) for x in o["levels"].split("x")] if "levels" in o else [5] * DIMS).double()
        self.count, self.size = (1, int(levels.prod())) if "levels" in o else (DIMS, 5)
        half, offset = (levels - 1) * (1 + 1e-3) / 2, torch.where(levels % 2 == 0, 0.5, 0.0).double()
        self.bounded = ((self.head + (offset / half).atanh()).tanh() * half - offset) / (levels // 2)
        self.code = (self.bounded * (levels // 2)).round() / (levels // 2)

    def draw(self, noise):
        return self.expanded(self.code, self.bounded)


class Choice(Discrete):
    def __init__(self, heads, o):
        self.logit, self.count, self.size = heads[0], 1, DIMS
        self.temperature, self.hard = float(o.get("temperature", 1)), o.get("hard") == "yes"

    def draw(self, noise):
        gumbel = -(-Normal(0, 1).cdf(noise).log()).log()
        soft = ((self.logit + gumbel) / self.temperature).softmax(-1)
        hard = torch.nn.functional.one_hot(soft.argmax(-1), DIMS).double()
        return soft + (hard - soft).detach() if self.hard else soft

    def from_uniform(self):
        log_p = self.logit.log_softmax(-1)
        return log_p.exp() * (log_p + math.log(DIMS))


POSTERIORS = {
    "vq": (VQ, [DIMS]),
    "fsq": (FSQ, [DIMS]),
    "categorical": (Choice, [DIMS]),
    "gaussian": (Gaussian, [DIMS, DIMS]),
    "gaussian_full": (GaussianFull, [DIMS, DIMS, LOWER]),
    "point": (Point, [DIMS]),
}


def prior_of(text):
    """The distribution, and its parameters by name."""
    if text == "uniform":
        return None, {}
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
    if not free:
        return FACTOR * float(o.get("beta", 1)) * kl.sum(1).mean()
    value = {"dimension": lambda: kl.mean(0).clamp(min=free).sum(), "sample": lambda: kl.clamp(min=free).sum(1).mean(),
             "whole": lambda: kl.sum(1).mean().clamp(min=free),
             "whole_sample": lambda: kl.sum(1).clamp(min=free).mean()}[kind]()
    return FACTOR * float(o.get("beta", 1)) * value


def likelihood(z, target):
    curve = 1 + 0.5 * torch.arange(DIMS).double()
    return (curve * (z - target) ** 2 / 2 + 0.3 * z.sin()).sum(-1)


def importance(q, prior, z, nll, terms, doubly):
    """(value, expression whose derivative by the heads is the gradient), by Burda and others 2016 and Tucker and others
    2019. The heads of q are constants for the doubly reparametrized estimator."""
    beta = FACTOR * float(options(terms).get("beta", 1))
    log_weight = -nll - beta * (q.distribution().log_prob(z) - prior.log_prob(z))
    value = -(torch.logsumexp(log_weight, 0) - math.log(SAMPLES)).mean()
    share = torch.softmax(log_weight, 0).detach()
    return value, -(share ** 2 * log_weight).sum(0).mean() if doubly else value


def divergence(q, density, numbers, z):
    """[rows,parts]; for a mixture estimated from the drawn codes."""
    if isinstance(q, Discrete):
        return q.from_uniform()
    if not hasattr(q, "distribution"):
        return torch.zeros(ROWS, 1).double()
    return (q.distribution().log_prob(z) - density.log_prob(z)).mean(0).reshape(-1, 1) if numbers else q.from_normal()


def case(posterior, prior, terms, bound):
    torch.manual_seed(zlib.crc32(f"{posterior} {prior} {terms} {bound}".encode()))
    make, widths = POSTERIORS[posterior.split()[0]]
    heads = [exact(torch.randn(ROWS, width)).requires_grad_() for width in widths]
    noise, target = exact(torch.randn(SAMPLES, ROWS, DIMS)), exact(torch.randn(ROWS, DIMS))
    density, numbers = prior_of(prior)
    q = make(heads, options(posterior)) if issubclass(make, Discrete) else make(heads)
    z = q.draw(noise)
    nll = likelihood(z, target)
    kl = divergence(q, density, numbers, z)
    found = {"target": target, "noise": noise, "z": z}
    kl_text, other = ([t for t in map(str.strip, terms.split(";")) if t.startswith(kind)] for kind in ("kl", "mmd"))
    if bound == "elbo":
        value = differentiated = nll.mean() + sum(kl_term(t, kl) for t in kl_text) + getattr(q, "commitment", 0)
    else:
        doubly = "doubly" in bound
        value, differentiated = importance(make(heads, doubly), density, z, nll, kl_text[0], doubly)
    if other:
        found["draws"] = exact(torch.randn(ROWS, DIMS))
        added = sum(discrepancy(other[0], z[s], found["draws"]) for s in range(SAMPLES)) / SAMPLES
        value, differentiated = value + added, differentiated + added
    found["values"] = torch.stack([value, nll.mean(), kl.sum(1).mean()])
    for i, gradient in enumerate(torch.autograd.grad(differentiated, heads, retain_graph=True)):
        found[f"head{i}"], found[f"dhead{i}"] = heads[i], gradient
    for name, number in getattr(q, "tensors", {}).items():
        found[f"posterior.{name}"] = number
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

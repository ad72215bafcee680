# SPDX-License-Identifier: MIT
"""Writes tests/golden/data/latent.safetensors: PyTorch's numbers for latent codes.

    python3 make_latent.py            from this folder

Made with torch 2.13.0+cpu and safetensors 0.8.0, in float64 from inputs that are exact in float32, rounded to float32.
A case is "posterior/prior/terms/bound", with kinds in the text format of the library; the metadata `cases` lists the
cases, separated by '|'. Stored for each: heads, noise, targets of the likelihood of tests/support/latent_rig.h, the
objective, its parts, and the gradients by the heads. For flows also their weights and the gradients by them. For
mixtures also their parameters and the gradients by them, and draws of the prior for terms that use them.
"""
import math
import zlib
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch.distributions import Categorical, Independent, MixtureSameFamily, MultivariateNormal, Normal, kl_divergence

HERE = Path(__file__).parent
ROWS, SAMPLES, DIMS, COMPONENTS, FACTOR = 4, 3, 5, 3, 0.7

MIXTURE = f"mixture components={COMPONENTS}"
IAF = "iaf steps=3 layers=2 width=6 context=4 gate=1.5"
PLANAR = "planar steps=3"
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
    (IAF, "normal", "kl beta=0.6", "elbo"),
    (IAF, MIXTURE, "kl free_bits=1 free=whole", "elbo"),
    (IAF, "normal", "kl beta=0.6", "importance"),
    (IAF, "normal", "kl", "renyi alpha=2"),
    (IAF, "normal", "kl; mmd", "elbo"),
    (PLANAR, "normal", "kl beta=0.6", "elbo"),
    (PLANAR, MIXTURE, "kl beta=0.6", "importance"),
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

    def log_prob(self, z):
        return self.distribution().log_prob(z)

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

    def log_prob(self, z):
        return self.distribution().log_prob(z)

    def from_normal(self):
        """The divergence, divided among dimensions by their variances and the diagonal of the Cholesky factor."""
        variance, diagonal = (self.factor ** 2).sum(2), torch.diagonal(self.factor, dim1=1, dim2=2)
        parts = (variance + self.mean ** 2 - 1) / 2 - diagonal.log()
        standard = MultivariateNormal(torch.zeros(DIMS).double(), torch.eye(DIMS).double())
        assert torch.allclose(parts.sum(1), kl_divergence(self.distribution(), standard))
        return parts


class Flow:
    """Codes and their density by the change of variables, with the Jacobian of the whole map from noise to code."""

    def __init__(self, heads, own, o):
        self.heads, self.own, self.o = heads, own, o

    def draw(self, noise):
        return torch.stack([torch.stack([self.transform(e, *(h[r] for h in self.heads)) for r, e in enumerate(sample)])
                            for sample in noise])

    def observe(self, noise):
        """Stores the log-density of the draws [samples,rows]."""
        logs = [[-torch.linalg.slogdet(torch.func.jacrev(self.transform)(e, *(h[r] for h in self.heads)))[1]
                 for r, e in enumerate(sample)] for sample in noise]
        self.log_q = Normal(0.0, 1.0).log_prob(noise).sum(-1) + torch.stack([torch.stack(line) for line in logs])

    def log_prob(self, z):
        return self.log_q


class Iaf(Flow):
    """Kingma and others 2016, equations 10 to 13, with the masks of Germain and others 2015."""

    @staticmethod
    def widths(o):
        return [DIMS, DIMS, int(o["context"])]

    @staticmethod
    def shapes(o):
        width, context = int(o["width"]), int(o["context"])
        shapes = {}
        for t in range(int(o["steps"])):
            shapes |= {f"in{t}.weight": (width, DIMS), f"in{t}.bias": (width,), f"context{t}.weight": (width, context)}
            for i in range(1, int(o["layers"])):
                shapes |= {f"hidden{t}_{i}.weight": (width, width), f"hidden{t}_{i}.bias": (width,)}
            shapes |= {f"out{t}.weight": (2 * DIMS, width), f"out{t}.bias": (2 * DIMS,),
                       f"skip{t}.weight": (2 * DIMS, context)}
        return shapes

    def layer(self, name, x, into, out, strict=False):
        mask = (out[:, None] > into[None] if strict else out[:, None] >= into[None]).double()
        return (self.own[f"{name}.weight"] * mask) @ x + self.own[f"{name}.bias"]

    def transform(self, noise, mean, logvar, context):
        z = mean + (0.5 * logvar).exp() * noise
        width, hidden = int(self.o["width"]), torch.arange(int(self.o["width"])) % (DIMS - 1) + 1
        for t in range(int(self.o["steps"])):
            degrees = torch.arange(1, DIMS + 1) if t % 2 == 0 else torch.arange(DIMS, 0, -1)
            x = F.elu(self.layer(f"in{t}", z, degrees, hidden) + self.own[f"context{t}.weight"] @ context)
            for i in range(1, int(self.o["layers"])):
                x = F.elu(self.layer(f"hidden{t}_{i}", x, hidden, hidden))
            both = self.layer(f"out{t}", x, hidden, degrees.repeat(2), True) + self.own[f"skip{t}.weight"] @ context
            gate = torch.sigmoid(both[DIMS:] + float(self.o["gate"]))
            z = gate * z + (1 - gate) * both[:DIMS]
        return z


class Planar(Flow):
    """Rezende and Mohamed 2015, equations 10 and 23, with u, w and b of each sample."""

    @staticmethod
    def widths(o):
        return [DIMS, DIMS, int(o["steps"]) * (2 * DIMS + 1)]

    @staticmethod
    def shapes(o):
        return {}

    def transform(self, noise, mean, logvar, flow):
        z = mean + (0.5 * logvar).exp() * noise
        for numbers in flow.reshape(-1, 2 * DIMS + 1):
            u, w, b = numbers[:DIMS], numbers[DIMS:-1], numbers[-1]
            v = u + (F.softplus(w @ u) - 1 - w @ u) * w / (w @ w)
            z = z + v * torch.tanh(w @ z + b)
        return z


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
FLOWS = {"iaf": Iaf, "planar": Planar}


def posterior_of(text):
    """(function that makes the posterior of heads, widths of the heads, own weights by name)"""
    kind, o = text.split()[0], options(text)
    if kind in FLOWS:
        flow = FLOWS[kind]
        own = {name: exact(0.5 * torch.randn(*shape)).requires_grad_() for name, shape in flow.shapes(o).items()}
        return lambda heads, fixed=False: flow(heads, own, o), flow.widths(o), own
    return *POSTERIORS[kind], {}


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
    log_weight = -nll - beta * (q.log_prob(z) - prior.log_prob(z))
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
    return value, (nll + beta * (q.log_prob(z) - prior.log_prob(z))).mean()


def divergence(q, density, numbers, z):
    """[rows,parts]; for a mixture estimated from the drawn codes."""
    if not hasattr(q, "log_prob"):
        return torch.zeros(ROWS, 1).double()
    if hasattr(q, "from_normal") and not numbers:
        return q.from_normal()
    return (q.log_prob(z) - density.log_prob(z)).mean(0).reshape(-1, 1)


def case(posterior, prior, terms, bound):
    torch.manual_seed(zlib.crc32(f"{posterior} {prior} {terms} {bound}".encode()))
    make, widths, own = posterior_of(posterior)
    heads = [exact(torch.randn(ROWS, width)).requires_grad_() for width in widths]
    noise, target = exact(torch.randn(SAMPLES, ROWS, DIMS)), exact(torch.randn(ROWS, DIMS))
    density, numbers = prior_of(prior)
    q = make(heads)
    z = q.draw(noise)
    if isinstance(q, Flow):
        q.observe(noise)
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
    for name, weight in own.items():
        found[f"posterior.{name}"] = weight
        found[f"dposterior.{name}"] = torch.autograd.grad(differentiated, weight, retain_graph=True)[0]
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

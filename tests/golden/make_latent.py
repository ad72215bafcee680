# SPDX-License-Identifier: MIT
"""Writes tests/golden/data/latent.safetensors: PyTorch's numbers for latent codes.

    python3 make_latent.py            from this folder

Made with torch 2.13.0+cpu and safetensors 0.8.0, in float64 from inputs that are exact in float32, rounded to float32.
A case is "posterior/prior/terms/bound", with kinds in the text format of the library; the metadata `cases` lists the
cases, separated by '|'. Stored for each: heads, noise, targets of the likelihood of tests/support/latent_rig.h, the
objective, its parts, and the gradients by the heads. For vq also the code book. For flows also their weights and the
gradients by them. For trained priors also their parameters and the gradients by them, and draws of the prior for terms
that use them. For priors that run the encoder also its weights and the gradients by them. For terms with a critic also
its weights and, unless they depend on random permutations, the gradients of its own loss by them.
"""
import math
import zlib
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch.distributions import (Categorical, ComposeTransform, Independent, MixtureSameFamily, MultivariateNormal,
                                 Normal, Transform, TransformedDistribution, constraints, kl_divergence)

HERE = Path(__file__).parent
ROWS, SAMPLES, DIMS, COMPONENTS, FACTOR = 4, 3, 5, 3, 0.7

DATA = 5  # of the encoder in tests/support/latent_rig.h
MIXTURE = f"mixture components={COMPONENTS}"
VAMP = f"vamp components={COMPONENTS}"
LAYERS, WIDTH, SCALE = 3, 4, 1.5
FLOW = f"flow layers={LAYERS} width={WIDTH} scale={SCALE}"
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
    ("gaussian", "normal", "kl; tc", "elbo"),
    ("gaussian", "normal", "tc alpha=0.5 beta=3 gamma=2 sampling=stratified data=30", "elbo"),
    ("gaussian", MIXTURE, "kl; tc beta=2 gamma=0.5 sampling=stratified", "elbo"),
    ("gaussian", "normal", "kl; dip", "elbo"),
    ("gaussian", "normal", "kl; dip lambda_od=3 lambda_d=0.5", "elbo"),
    ("gaussian_full", "normal", "kl; dip kind=1 lambda_od=5 lambda_d=50", "elbo"),
    ("point", "normal", "dip kind=1", "elbo"),
    ("gaussian", "normal", "kl; factor width=4 depth=3", "elbo"),
    ("gaussian", "normal", "adversarial width=4", "elbo"),
    ("point", MIXTURE, "adversarial weight=3 width=3 depth=1", "elbo"),
    ("point", "normal", "l2 weight=0.5", "elbo"),
    ("vq codes=4 books=2 commitment=0.6", "uniform", "kl beta=2", "elbo"),
    ("vq codes=6 width=1", "uniform", "", "elbo"),
    ("fsq levels=8x5x4x3x2", "uniform", "kl", "elbo"),
    ("fsq", "uniform", "", "elbo"),
    ("categorical temperature=0.7", "uniform", "kl beta=2", "elbo"),
    ("categorical hard=yes", "uniform", "kl beta=2 free_bits=0.3", "elbo"),
    ("gaussian", FLOW, "kl beta=2", "elbo"),
    ("gaussian_full", FLOW, "kl beta=0.6", "importance"),
    ("gaussian", VAMP, "kl beta=2", "elbo"),
    ("gaussian", VAMP, "kl beta=0.6", "importance"),
    ("gaussian", VAMP, "kl beta=0.5; mmd weight=100", "elbo"),
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
FLOWS = {"iaf": Iaf, "planar": Planar}


def posterior_of(text):
    """(function that makes the posterior of heads, widths of the heads, own weights by name)"""
    kind, o = text.split()[0], options(text)
    if kind in FLOWS:
        flow = FLOWS[kind]
        own = {name: exact(0.5 * torch.randn(*shape)).requires_grad_() for name, shape in flow.shapes(o).items()}
        return lambda heads, fixed=False: flow(heads, own, o), flow.widths(o), own
    return *POSTERIORS[kind], {}


def randoms(shapes):
    return {name: exact(torch.randn(*shape)).requires_grad_() for name, shape in shapes.items()}


def vamp():
    numbers = randoms({"prior.input": (COMPONENTS, DATA), "encoder.mean.weight": (DIMS, DATA),
                       "encoder.mean.bias": (DIMS,), "encoder.logvar.weight": (DIMS, DATA),
                       "encoder.logvar.bias": (DIMS,)})
    mean, logvar = (torch.nn.functional.linear(numbers["prior.input"], numbers[f"encoder.{name}.weight"],
                                               numbers[f"encoder.{name}.bias"]) for name in ("mean", "logvar"))
    parts = Independent(Normal(mean, (0.5 * logvar).exp()), 1)
    return MixtureSameFamily(Categorical(logits=torch.zeros(COMPONENTS).double()), parts), numbers


class Coupling(Transform):
    """One affine coupling layer of Dinh and others 2017, from codes to N(0,I)."""
    domain = codomain = constraints.real_vector
    bijective = True

    def __init__(self, numbers, layer):
        super().__init__()
        self.weights = [(numbers[f"prior.{name}.weight"][layer], numbers[f"prior.{name}.bias"][layer])
                        for name in ("in", "hidden", "out")]
        self.kept = ((torch.arange(DIMS) + layer) % 2 == 0).double()

    def factors(self, x):
        h = x * self.kept
        for i, (weight, bias) in enumerate(self.weights):
            h = torch.nn.functional.linear(h, weight, bias)
            h = h.tanh() if i < 2 else h
        log_factor, shift = h.chunk(2, -1)
        return SCALE * log_factor.tanh() * (1 - self.kept), shift * (1 - self.kept)

    def _call(self, x):
        log_factor, shift = self.factors(x)
        return x * log_factor.exp() + shift

    def _inverse(self, y):
        log_factor, shift = self.factors(y)
        return (y - shift) * (-log_factor).exp()

    def log_abs_det_jacobian(self, x, y):
        return self.factors(x)[0].sum(-1)


def flow():
    numbers = randoms({"prior.in.weight": (LAYERS, WIDTH, DIMS), "prior.in.bias": (LAYERS, WIDTH),
                       "prior.hidden.weight": (LAYERS, WIDTH, WIDTH), "prior.hidden.bias": (LAYERS, WIDTH),
                       "prior.out.weight": (LAYERS, 2 * DIMS, WIDTH), "prior.out.bias": (LAYERS, 2 * DIMS)})
    base = Independent(Normal(torch.zeros(DIMS).double(), torch.ones(DIMS).double()), 1)
    layers = [Coupling(numbers, layer) for layer in range(LAYERS)]
    return TransformedDistribution(base, ComposeTransform(layers).inv), numbers


def prior_of(text):
    """The distribution, and its parameters by name."""
    if text == "uniform":
        return None, {}
    if text == "normal":
        return Independent(Normal(torch.zeros(DIMS).double(), torch.ones(DIMS).double()), 1), {}
    if text == VAMP:
        return vamp()
    if text == FLOW:
        return flow()
    numbers = randoms({"prior.mean": (COMPONENTS, DIMS), "prior.logvar": (COMPONENTS, DIMS),
                       "prior.logit": (COMPONENTS,)})
    parts = Independent(Normal(numbers["prior.mean"], (0.5 * numbers["prior.logvar"]).exp()), 1)
    return MixtureSameFamily(Categorical(logits=numbers["prior.logit"]), parts), numbers


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


def log_sum(weights, logs):
    """logs: [codes,rows,...]"""
    return torch.logsumexp(weights.log().reshape(ROWS, ROWS, *[1] * (logs.dim() - 2)) + logs, 1)


def total_correlation(text, q, density, z):
    """What Chen and others 2018 add to the KL, for codes [rows,dims]: equation 2, with the estimators of appendix C."""
    o = options(text)
    alpha, beta, gamma = (float(o.get(key, usual)) for key, usual in (("alpha", 1), ("beta", 6), ("gamma", 1)))
    n = max(ROWS, int(o.get("data", 0)))
    weights = torch.full((ROWS, ROWS), 1 / ROWS).double()
    if o.get("sampling") == "stratified":
        weights = torch.full((ROWS, ROWS), 1 / (ROWS - 1)).double()
        for i in range(ROWS):
            weights[i, i], weights[i, (i + 1) % ROWS] = 1 / n, (n - ROWS + 1) / (n * (ROWS - 1))
    pairs = Normal(q.mean, (0.5 * q.logvar).exp()).log_prob(z[:, None])
    joint, marginals = log_sum(weights, pairs.sum(2)), log_sum(weights, pairs).sum(1)
    parts = (alpha - 1) * (q.distribution().log_prob(z) - joint) + (beta - 1) * (joint - marginals)
    return FACTOR * (parts + (gamma - 1) * (marginals - density.log_prob(z))).mean()


def covariance(text, q):
    """Kumar and others 2018, equations 6 and 7."""
    o = options(text)
    found = torch.cov(q.mean.T, correction=0)
    if o.get("kind", "2") == "2":
        found = found + torch.diag(q.logvar.exp().mean(0))
    diagonal = torch.diagonal(found)
    return (float(o.get("lambda_od", 10)) * ((found ** 2).sum() - (diagonal ** 2).sum()) +
            float(o.get("lambda_d", 10)) * ((diagonal - 1) ** 2).sum())


def critic_of(text, depth):
    o = options(text)
    sizes = [DIMS] + [int(o["width"])] * int(o.get("depth", depth)) + [1]
    layers = []
    for inputs, outputs in zip(sizes, sizes[1:]):
        layers += [torch.nn.Linear(inputs, outputs).double(), torch.nn.LeakyReLU(0.2)]
    net = torch.nn.Sequential(*layers[:-1])
    for number in net.parameters():
        number.data = exact(number.data)
    return net


class Terms:
    """Terms besides the KL: each returns its value for all codes, and stores in `found` what the test needs."""

    def __init__(self, q, density, z, found):
        self.q, self.density, self.z, self.found = q, density, z, found

    def draws(self, count):
        self.found["draws"] = exact(torch.randn(count, DIMS))
        return self.found["draws"]

    def mean(self, fn):
        return sum(fn(self.z[s]) for s in range(SAMPLES)) / SAMPLES

    def mmd(self, text):
        draws = self.draws(ROWS)
        return self.mean(lambda z: discrepancy(text, z, draws))

    def tc(self, text):
        return self.mean(lambda z: total_correlation(text, self.q, self.density, z))

    def dip(self, text):
        return covariance(text, self.q)

    def l2(self, text):
        return float(options(text)["weight"]) * (self.z ** 2).sum(2).mean() / 2

    def critic(self, text, depth):
        net = critic_of(text, depth)
        for i, number in enumerate(net.parameters()):
            self.found[f"critic{i}"] = number
        return net

    def factor(self, text):
        return float(options(text).get("gamma", 35)) * self.critic(text, 6)(self.z).mean()

    def adversarial(self, text):
        net, draws, entropy = self.critic(text, 2), self.draws(SAMPLES * ROWS), torch.nn.functional.softplus
        loss = entropy(-net(draws)).mean() + entropy(net(self.z.detach())).mean()
        for i, gradient in enumerate(torch.autograd.grad(loss, list(net.parameters()))):
            self.found[f"dcritic{i}"] = gradient
        return float(options(text).get("weight", 1)) * entropy(-net(self.z)).mean()


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
    if isinstance(q, Discrete):
        return q.from_uniform()
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
    discrete = isinstance(make, type) and issubclass(make, Discrete)
    q = make(heads, options(posterior)) if discrete else make(heads)
    z = q.draw(noise)
    if isinstance(q, Flow):
        q.observe(noise)
    nll = likelihood(z, target)
    kl = divergence(q, density, numbers, z)
    found = {"target": target, "noise": noise, "z": z}
    texts = [t.strip() for t in terms.split(";") if t]
    kl_text = [t for t in texts if t.split()[0] == "kl"]
    fixed = make(heads, True) if "estimator" in bound else q
    if bound == "elbo":
        value = differentiated = nll.mean() + sum(kl_term(t, kl) for t in kl_text) + getattr(q, "commitment", 0)
    elif bound.startswith("elbo"):
        value, differentiated = path(fixed, density, z, nll, kl, kl_text[0])
    else:
        value, differentiated = weighted(fixed, density, z, nll, kl_text[0], bound)
    for text in texts:
        if text not in kl_text:
            added = getattr(Terms(q, density, z, found), text.split()[0])(text)
            value, differentiated = value + added, differentiated + added
    found["values"] = torch.stack([value, nll.mean(), kl.sum(1).mean()])
    for i, gradient in enumerate(torch.autograd.grad(differentiated, heads, retain_graph=True)):
        found[f"head{i}"], found[f"dhead{i}"] = heads[i], gradient
    for name, weight in own.items():
        found[f"posterior.{name}"] = weight
        found[f"dposterior.{name}"] = torch.autograd.grad(differentiated, weight, retain_graph=True)[0]
    for name, number in getattr(q, "tensors", {}).items():
        found[f"posterior.{name}"] = number
    for name, number in numbers.items():
        found[name] = number
        found[f"d{name}"] = torch.autograd.grad(value, number, retain_graph=True, allow_unused=True,
                                                materialize_grads=True)[0]
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

# SPDX-License-Identifier: MIT
"""Writes tests/golden/data/loss.safetensors: PyTorch's numbers for the cases of tests/grad/loss_cases.h.

    python3 make_loss.py            from this folder

Made with torch 2.13.0+cpu and safetensors 0.8.0, in float64 from inputs that are exact in float32. Stored are the
negative log-likelihood of each row, the derivatives of 0.25 * sum(weight * nll) by the outputs and by a trained scale,
and values and derivatives of adversarial losses. Results are rounded to float32.
"""
import math
import re
import zlib
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch.distributions import Laplace, Normal, StudentT

HERE = Path(__file__).parent
LINE = re.compile(r'\{"([^"]*)", (\d+), (\d+), (\w+)\},')
ROWS, SCALE = 4, 0.25


def exact(x):
    return x.float().double()


def floor(x, low):
    return low + F.softplus(x - low)


def start(o):
    """The raw parameter for which the soft lower limit returns the value in the text."""
    low = float(o.get("min_log_sd", o.get("min_log_scale", -6)))
    return low + math.log(math.expm1(math.log(float(o.get("value", 1))) - low))


def gaussian(o, out, x, own):
    low, kind = float(o.get("min_log_sd", -6)), o.get("sd", "fixed")
    if kind == "output":
        mean, raw = out[:, 0], out[:, 1]
        return -Normal(mean, floor(raw, low).exp()).log_prob(x)
    mean = out[:, 0]
    if kind == "fixed":
        sd = torch.tensor(float(o.get("value", 1)), dtype=torch.float64)
    elif kind == "learned":
        sd = floor(own, low).exp()
    else:
        sd = floor((x - mean).square().mean().sqrt().log(), low).exp()
    return -Normal(mean, sd).log_prob(x)


def laplace(o, out, x, own):
    scale = floor(own, -6.0).exp() if o.get("scale") == "learned" else torch.tensor(float(o.get("value", 1))).double()
    return -Laplace(out[:, 0], scale).log_prob(x)


def probability(o, mean, raw, x):
    """The formula of the paper, a difference of two sigmoids."""
    low = -1.0 if o.get("range") == "symmetric" else 0.0
    half = (1 - low) / 255 / 2
    scale = floor(raw, float(o.get("min_log_scale", -7))).exp()
    upper = torch.where(x > 1 - half, torch.ones_like(x), torch.sigmoid((x + half - mean) / scale))
    lower = torch.where(x < low + half, torch.zeros_like(x), torch.sigmoid((x - half - mean) / scale))
    return upper - lower


def logistic(o, out, x, own):
    return -probability(o, out[:, 0], out[:, 1], x).log()


def logistic_mixture(o, out, x, own):
    logits, mean, raw = out.chunk(3, 1)
    return -(logits.softmax(1) * probability(o, mean, raw, x[:, None].expand_as(mean))).sum(1).log()


def beta_binomial(o, out, x, own):
    n, k, a, b = 255.0, (x * 255).round(), out[:, 0].exp(), out[:, 1].exp()
    lgamma = torch.lgamma
    choose = math.lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)
    return -(choose + lgamma(k + a) + lgamma(n - k + b) - lgamma(n + a + b) - lgamma(a) - lgamma(b) + lgamma(a + b))


def student_t(o, out, x, own):
    scale = F.softplus(out[:, 1]) + float(o.get("min_scale", 1e-3))
    return -StudentT(F.softplus(out[:, 2]) + float(o.get("min_df", 3)), out[:, 0], scale).log_prob(x)


def categorical(o, out, x, own):
    if o.get("last") == "yes":
        out = out.reshape(ROWS, -1, out.shape[1]).transpose(1, 2)
    return F.cross_entropy(out, x.long(), reduction="none")


KINDS = {
    "bernoulli": lambda o, out, x, own: F.binary_cross_entropy_with_logits(out[:, 0], x, reduction="none"),
    "gaussian": gaussian,
    "laplace": laplace,
    "categorical": categorical,
    "cross_entropy": lambda o, out, x, own: F.cross_entropy(out, x.long(), reduction="none"),
    "discretized_logistic": logistic,
    "logistic_mixture": logistic_mixture,
    "beta_binomial": beta_binomial,
    "student_t": student_t,
    "mse": lambda o, out, x, own: F.mse_loss(out[:, 0], x, reduction="none"),
}


def levels(dims):
    x = torch.randint(0, 256, (ROWS, dims))
    ends = torch.rand(ROWS, dims)
    x[ends < 0.2], x[ends > 0.8] = 0, 255
    return x / 255.0


def data(kind, parts, dims):
    return {"DATA_UNIT": lambda: torch.rand(ROWS, dims), "DATA_BINARY": lambda: torch.randint(0, 2, (ROWS, dims)),
            "DATA_NORMAL": lambda: torch.randn(ROWS, dims), "DATA_CLASS": lambda: torch.randint(0, parts, (ROWS, dims)),
            "DATA_LEVEL": lambda: levels(dims), "DATA_SYMMETRIC": lambda: 2 * levels(dims) - 1}[kind]().float().double()


def case(spec, parts, dims, kind):
    torch.manual_seed(zlib.crc32(f"{spec} {parts} {dims}".encode()))
    name, *pairs = spec.split()
    o = dict(pair.split("=") for pair in pairs)
    out = exact(torch.randn(ROWS, parts, dims)).requires_grad_()
    x, weight = data(kind, parts, dims), exact(0.5 + torch.rand(ROWS))
    own = torch.tensor(start(o) if "learned" in spec else 0.0).double().requires_grad_()
    nll = KINDS[name](o, out, x, own).sum(1)
    dout, down = torch.autograd.grad(SCALE * (weight * nll).sum(), (out, own), allow_unused=True)
    found = {"out": out, "target": x, "weight": weight, "nll": nll, "dout": dout}
    if down is not None:
        found["down"] = down.reshape(1)
    return {f"{spec} {parts}x{dims}/{key}": value.detach().float() for key, value in found.items()}


def adversarial(kind):
    """Losses of discriminator and generator by the formulas of their papers, with their derivatives."""
    torch.manual_seed(zlib.crc32(kind.encode()))
    r, f = (exact(2 * torch.randn(ROWS)).requires_grad_() for _ in range(2))
    bce, one, zero = F.binary_cross_entropy_with_logits, torch.ones_like(r), torch.zeros_like(r)
    critic = {"minimax": lambda: bce(r, 0.9 * one) + bce(f, zero),
              "non_saturating": lambda: bce(r, 0.9 * one) + bce(f, zero),
              "features": lambda: bce(r, 0.9 * one) + bce(f, zero),
              "least_squares": lambda: (F.mse_loss(r, 0.9 * one) + F.mse_loss(f, zero)) / 2,
              "hinge": lambda: F.relu(1 - r).mean() + F.relu(1 + f).mean(), "wasserstein": lambda: f.mean() - r.mean(),
              "relativistic_pair": lambda: bce(r - f, one),
              "relativistic_average": lambda: bce(r - f.mean(), one) + bce(f - r.mean(), zero)}[kind]()
    maker = {"minimax": lambda: torch.log(1 - torch.sigmoid(f)).mean(), "non_saturating": lambda: bce(f, one),
             "least_squares": lambda: F.mse_loss(f, one) / 2, "features": lambda: 0 * f.sum(),
             "hinge": lambda: -f.mean(), "wasserstein": lambda: -f.mean(),
             "relativistic_pair": lambda: bce(f - r, one),
             "relativistic_average": lambda: bce(f - r.mean(), one) + bce(r - f.mean(), zero)}[kind]()
    dreal, dfake = torch.autograd.grad(critic, (r, f))
    dmade, = torch.autograd.grad(maker, f)
    found = {"real": r, "fake": f, "critic": critic.reshape(1), "dreal": dreal, "dfake": dfake,
             "maker": maker.reshape(1), "dmade": dmade}
    return {f"adversarial {kind}/{key}": value.detach().float() for key, value in found.items()}


ADVERSARIAL = ("minimax", "non_saturating", "least_squares", "hinge", "wasserstein", "relativistic_pair",
               "relativistic_average", "features")


def main():
    out = {}
    for kind in ADVERSARIAL:
        out.update(adversarial(kind))
    for spec, parts, dims, kind in LINE.findall((HERE / "../grad/loss_cases.h").read_text()):
        out.update(case(spec, int(parts), int(dims), kind))
    (HERE / "data").mkdir(exist_ok=True)
    save_file(out, HERE / "data/loss.safetensors", {"made_with": f"torch {torch.__version__}"})


if __name__ == "__main__":
    main()

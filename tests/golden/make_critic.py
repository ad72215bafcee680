# SPDX-License-Identifier: MIT
"""Writes tests/golden/data/critic.safetensors: PyTorch's gradients of losses and gradient penalties of
whole discriminators.

    python3 make_critic.py            from this folder

Made with torch 2.13.0+cpu and safetensors 0.8.0, by double backward in float64, rounded to float32. The discriminators
are those of critic_cases.h. Stored for each: weights, the vectors of spectral norms before and after one training pass,
the loss <dloss, D(real)>, R1 on `real`, R2 on `fake` and the WGAN-GP penalty on `mixed`, all as means without weights.
"""
import re
import zlib
from pathlib import Path

import torch
import torch.nn as nn
from safetensors.torch import save_file
from torch.nn.utils import parametrizations

import make_layers

HERE = Path(__file__).parent
ROWS, SHAPE = 3, (2, 4, 4)
LINE = re.compile(r'\{"([^"]*)",((?:\s*"[^"]*")+)\},')


def reparametrize(module, kind):
    """Reparametrizes the weight; returns the tensors with the names that the library uses."""
    transposed = "Transpose" in type(module).__name__
    if kind == "spectral":
        parametrizations.spectral_norm(module)
        p = module.parametrizations.weight
        return {"weight": p.original, "weight_u": p[0]._u, "weight_v": p[0]._v}
    if kind == "norm":
        parametrizations.weight_norm(module, dim=1 if transposed else 0)
        p = module.parametrizations.weight
        return {"weight": p.original1, "weight_g": p.original0}
    return {"weight": module.weight} if hasattr(module, "weight") else {}


class Graph:
    """A net from the text format of the library."""

    def __init__(self, text):
        self.nodes, self.tensors, before, shapes = [], {}, "x", {"x": SHAPE}
        for i, line in enumerate(text.split(" | ")):
            kind, *words = line.split()
            o = dict(word.split("=") for word in words)
            name, inputs = o.pop("name", str(i)), o.pop("from", before).split(",")
            module = make_layers.MODULES[kind](kind, o, [list(shapes[n]) for n in inputs]).double()
            named = reparametrize(module, o.get("weight")) if sum(1 for _ in module.parameters()) else {}
            if getattr(module, "bias", None) is not None:
                named["bias"] = module.bias
            self.tensors.update({f"{name}.{key}": t for key, t in named.items()})
            self.nodes.append((name, inputs, module))
            shapes[name] = tuple(module(*[torch.zeros(2, *shapes[n]).double() for n in inputs]).shape[1:])
            before = name

    def __call__(self, x):
        values = {"x": x}
        for name, inputs, module in self.nodes:
            values[name] = module(*[values[n] for n in inputs])
        return values[self.nodes[-1][0]]


def start(tensors):
    """Weights of size 1, rounded to float32; random vectors of length 1 for spectral norms."""
    with torch.no_grad():
        for name, t in tensors.items():
            t.copy_(torch.randn(t.shape).double() * (1 if t.dim() < 2 else 3 / t[0].numel() ** 0.5))
            if name.endswith(("_u", "_v")):
                t.copy_((t / t.norm()).float())
            if name.endswith("_g"):
                t.copy_(t.abs() + 0.5)
            t.copy_(t.float())


def compute(name, text, out):
    torch.manual_seed(zlib.crc32(name.encode()))
    graph = Graph(text)
    start(graph.tensors)
    before = {key: t.detach().clone() for key, t in graph.tensors.items()}
    trained = {key: t for key, t in graph.tensors.items() if t.requires_grad}
    x = {key: torch.randn(ROWS, *SHAPE).double() for key in ("real", "fake", "mixed")}
    dloss = torch.randn(ROWS, 1).double()

    def put(key, tensor):
        out[f"{name}/{key}"] = tensor.detach().float().clone().contiguous()

    def objective(key, at, f):
        with torch.no_grad():
            for k, t in graph.tensors.items():
                t.copy_(before[k])
        at = at.clone().requires_grad_()
        y = graph(at)
        found = torch.autograd.grad(f(y, at), list(trained.values()), allow_unused=True)
        for k, t, g in zip(trained, trained.values(), found):
            put(f"{key}.{k}", torch.zeros_like(t) if g is None else g)
        return y

    def slope(y, at):
        return torch.autograd.grad(y.sum(), at, create_graph=True)[0].flatten(1)

    for key, t in {**{f"x.{k}": t for k, t in x.items()}, "dloss": dloss, **before}.items():
        put(key, t)
    put("y", objective("loss", x["real"], lambda y, at: (dloss * y).sum()))
    for key in ("r1", "r2"):
        objective(key, x["real" if key == "r1" else "fake"], lambda y, at: slope(y, at).square().sum(1).mean() / 2)
    objective("gp", x["mixed"], lambda y, at: (slope(y, at).norm(dim=1) - 1).square().mean())
    for key, t in graph.tensors.items():
        if key.endswith(("_u", "_v")):
            put(f"after.{key}", t)


def main():
    out = {}
    for name, strings in LINE.findall((HERE / "critic_cases.h").read_text()):
        compute(name, "".join(re.findall(r'"([^"]*)"', strings)), out)
    save_file(out, HERE / "data/critic.safetensors", {"made_with": f"torch {torch.__version__}"})
    print(f"{len(out)} tensors, {sum(t.numel() for t in out.values())} numbers")


main()

# SPDX-License-Identifier: MIT
"""Compares the results of random graphs in the library with the same graphs in PyTorch, in float64.

    build/tests/grad/grad-test_graphs64 --count 3000 --dump FOLDER
    python3 tests/golden/compare_graphs.py FOLDER

Run by hand, since the tests do not require PyTorch. For every graph and job, rebuilds the net with the weights and
inputs in the file. Compares outputs, running statistics, gradients of weights and inputs, tangents and their reverse,
and gradient penalties by double backward. Errors may be a multiple of the bound, which is estimated from simulated
rounding errors. Jobs that PyTorch cannot reproduce, such as training with dropout, are counted. Tested with torch
2.13.0+cpu.
"""
import collections
import json
import pathlib
import struct
import sys

import numpy
import torch
import torch.nn.functional as F
from torch.func import functional_call

from make_layers import MODULES, axis, flag, option, pair

RANDOM = {"dropout", "gaussian_noise"}
# Defaults of options that make_layers requires.
DEFAULTS = {"channels": "1", "units": "1", "classes": "1"}
TINY = 1e-12
FACTOR = 50


class Skip(Exception):
    pass


def read(path):
    """Tensors and metadata of a safetensors file."""
    data = path.read_bytes()
    size, = struct.unpack("<Q", data[:8])
    header = json.loads(data[8:8 + size])
    texts = header.pop("__metadata__")
    tensors = {}
    for name, entry in header.items():
        assert entry["dtype"] == "F64", "expected graphs of the double build"
        begin, end = entry["data_offsets"]
        numbers = numpy.frombuffer(data, "<f8", (end - begin) // 8, 8 + size + begin).reshape(entry["shape"])
        tensors[name] = torch.from_numpy(numbers.copy())
    return tensors, texts


# ---- layers without a suitable PyTorch module ---------------------------------------------------------------

def normalise(x, dims, epsilon, centered=True):
    """From elementary operations: PyTorch's own norms lack some higher derivatives."""
    if centered:
        x = x - x.mean(dims, keepdim=True)
    return x / (x.square().mean(dims, keepdim=True) + epsilon).sqrt()


def by_channel(x, weight):
    return weight.reshape([1, -1] + [1] * (x.dim() - 2))


def affine(y, p, shape=None):
    for name in ("weight", "bias"):
        if name in p:
            w = p[name] if shape else by_channel(y, p[name])
            y = y * w if name == "weight" else y + w
    return y


def norm(kind, o, p, x):
    epsilon = option(o, "epsilon", 1e-6 if kind == "rms_norm" else 1e-5)
    if kind in ("layer_norm", "rms_norm"):
        dims = [-1] if o.get("over") == "last" else list(range(1, x.dim()))
        return affine(normalise(x, dims, epsilon, kind == "layer_norm"), p, True)
    if kind == "instance_norm":
        return affine(normalise(x, list(range(2, x.dim())), epsilon), p)
    groups = x.reshape(len(x), option(o, "groups", 1), -1)
    return affine(normalise(groups, [2], epsilon).reshape(x.shape), p)


def batch_norm(o, p, x, training):
    """Updates running statistics in place. Unlike PyTorch, the library leaves them alone if a channel has one value,
    which has no variance."""
    epsilon, momentum = option(o, "epsilon", 1e-5), option(o, "momentum", 0.1)
    dims = [0] + list(range(2, x.dim()))
    if not training:
        return affine((x - by_channel(x, p["running_mean"])) / (by_channel(x, p["running_var"]) + epsilon).sqrt(), p)
    count = x.numel() // x.shape[1]
    mean, variance = x.detach().mean(dims), x.detach().var(dims, unbiased=False)
    if count > 1:
        p["running_mean"] += momentum * (mean - p["running_mean"])
        p["running_var"] += momentum * (variance * count / (count - 1) - p["running_var"])
    return affine(normalise(x, dims, epsilon), p)


def cond_batch_norm(o, p, x, c, training):
    plain = {name: p[name] for name in ("running_mean", "running_var")}
    h = batch_norm(o, plain, x, training)
    planes = [len(x), -1] + [1] * (x.dim() - 2)
    scale, shift = (F.linear(c.flatten(1), p[name]).reshape(planes) for name in ("scale", "shift"))
    return (1 + scale) * h + shift


def largest(x, dim):
    """The maximum; the first one has the derivative."""
    return x.gather(dim, x.argmax(dim, keepdim=True)).squeeze(dim)


def maxout(o, x):
    dim = axis(o, 0)
    dim += x.dim() if dim < 0 else 0
    return largest(x.unflatten(dim, (-1, option(o, "pieces", 2))), dim + 1)


def layer(kind, o, p, x, training):
    if kind in ("layer_norm", "rms_norm", "instance_norm", "group_norm"):
        return norm(kind, o, p, x[0])
    if kind == "batch_norm":
        return batch_norm(o, p, x[0], training)
    if kind == "cond_batch_norm":
        return cond_batch_norm(o, p, x[0], x[1], training)
    if kind == "maxout":
        return maxout(o, x[0])
    if kind == "global_avg_pool":
        return x[0].flatten(2).mean(2)
    if kind == "global_max_pool":
        return largest(x[0].flatten(2), 2)
    if kind in RANDOM:
        if training:
            raise Skip(kind)
        return x[0]
    if kind == "embedding":
        return F.embedding(x[0].detach().long(), p["weight"])
    if kind == "lstm" and len(x) > 1:
        x = [x[0]] + [state.flatten(1) for state in x[1:]]
    if kind in ("max_pool", "avg_pool"):
        dims = x[0].dim() - 2
        kernel, stride = pair(o.get("kernel", "2"), dims), pair(o.get("stride", "0"), dims)
        o = {**o, "stride": "x".join(str(s or k) for s, k in zip(stride, kernel))}
    module = MODULES[kind](kind, o, [list(t.shape[1:]) for t in x]).double()
    module.train(training)
    return functional_call(module, p, tuple(x))


# ---- graphs ------------------------------------------------------------------------------------------------

def rows_of(w, transposed):
    """The weight as a matrix with a row per output."""
    return w.movedim(1, 0).flatten(1) if transposed else w.flatten(1)


def spectral(w, state, name, transposed, training):
    m = rows_of(w, transposed)
    u, v = state[name + "_u"], state[name + "_v"]
    with torch.no_grad():
        if training:
            u.copy_(F.normalize(m @ v, dim=0, eps=TINY))
            v.copy_(F.normalize(m.T @ u, dim=0, eps=TINY))
    u, v = (F.normalize(t.clone(), dim=0, eps=TINY) for t in (u, v))
    return w / (u @ m @ v)


def weight_norm(w, g, transposed):
    m = rows_of(w, transposed)
    lengths = m.norm(dim=1).reshape([-1] + [1] * (w.dim() - 1))
    return w * g / (lengths.transpose(0, 1) if transposed else lengths)


class Graph:
    def __init__(self, tensors, texts):
        self.nodes = []
        for line in texts["nodes"].strip().split("\n"):
            name, owner, spec, inputs = line.split(";")
            kind, *words = spec.split()
            self.nodes.append((name, owner, kind, {**DEFAULTS, **dict(word.split("=") for word in words)},
                               inputs.split(",")))
        self.outputs = texts["outputs"].split(",")
        self.frozen = set(texts["frozen"].split())
        self.given = {kind: {name.split(" ", 1)[1]: t for name, t in tensors.items() if name.startswith(kind + " ")}
                      for kind in ("x", "tx", "dy", "dty", "weight", "state")}
        self.dloss = tensors["dloss "]
        self.live = self.find_live()

    def find_live(self):
        live = set(self.outputs)
        for name, _, _, _, inputs in reversed(self.nodes):
            if name in live:
                live.update(inputs)
        return live

    def has_corner(self, values):
        """At zero elu and selu have two second derivatives, of which PyTorch and the library choose different ones."""
        return any(kind in ("elu", "selu") and name in self.live and bool((values[inputs[0]] == 0).any())
                   for name, _, kind, _, inputs in self.nodes)

    def run(self, x, weights, state, training):
        """Values of all nodes that an output depends on. Each weight is computed once, also if no output needs it."""
        values, computed = dict(x), {}
        for name, owner, kind, o, inputs in self.nodes:
            if owner not in computed:
                computed[owner] = self.weights_of(owner, kind, o, weights, state, training)
            if name in self.live:
                values[name] = layer(kind, o, computed[owner], [values[i] for i in inputs], training)
        return values

    def weights_of(self, owner, kind, o, weights, state, training):
        p = {name[len(owner) + 1:]: w for name, w in weights.items() if name.startswith(owner + ".")}
        p.update({name[len(owner) + 1:]: s for name, s in state.items() if name.startswith(owner + ".")})
        transposed, method = "transpose" in kind, o.get("weight", "plain")
        if method == "spectral":
            p["weight"] = spectral(p["weight"], p, "weight", transposed, training)
        if method == "norm":
            p["weight"] = weight_norm(p["weight"], p["weight_g"], transposed)
        return {name: w for name, w in p.items() if name not in ("weight_g", "weight_u", "weight_v")}


def grads(of, by):
    """Gradients, zero where `of` does not depend on a tensor."""
    if not of.requires_grad:
        return [torch.zeros_like(b) for b in by]
    found = torch.autograd.grad(of, by, retain_graph=True, allow_unused=True)
    return [torch.zeros_like(b) if g is None else g for g, b in zip(found, by)]


class Job:
    def __init__(self, graph, text):
        self.graph = graph
        self.kind, *numbers, weight = text.split(",")
        self.weight = float(weight)
        self.rows, self.outputs, self.tangents, self.penalty, self.input, self.output, self.loss = map(int, numbers)

    def given(self, kind):
        return {name: t[:self.rows].clone() for name, t in self.graph.given[kind].items()}

    def run(self):
        """Results by name."""
        graph, found = self.graph, {}
        self.x = {name: t.requires_grad_() for name, t in self.given("x").items()}
        self.weights = {name: t.clone().requires_grad_() for name, t in graph.given["weight"].items()}
        state = {name: t.clone() for name, t in graph.given["state"].items()}
        values = graph.run(self.x, self.weights, state, self.kind != "eval")
        if self.kind in ("dual", "penalty") and graph.has_corner(values):
            raise Skip("elu at zero")
        self.y = [values[name] for name in graph.outputs]
        found.update({f"y {name}": values[name] for name in graph.outputs})
        if self.kind != "eval":
            found.update({f"state {name}": s for name, s in state.items()})
            {"train": self.train, "dual": self.dual, "penalty": self.penalize}[self.kind](found)
        return found

    def masked(self, kind, mask, tensors):
        given = self.given(kind)
        pairs = enumerate(zip(self.graph.outputs, tensors))
        terms = [(given[name] * t).sum() for i, (name, t) in pairs if mask >> i & 1]
        return sum(terms, torch.zeros(()).double())

    def put_gradients(self, found, of, names=("grad", "dx")):
        by = list(self.weights.values()) + list(self.x.values())
        result = grads(of, by)
        for name, g in zip(self.weights, result):
            if name not in self.graph.frozen:
                found[f"{names[0]} {name}"] = g
        for name, g in zip(self.x, result[len(self.weights):]):
            if names[1]:
                found[f"{names[1]} {name}"] = g

    def train(self, found):
        self.put_gradients(found, self.masked("dy", self.outputs, self.y))

    def dual(self, found):
        """The tangent of y along tx is the derivative by u of <u^T J, tx>."""
        inputs = list(self.x.values())
        tx = [t.requires_grad_() for t in self.given("tx").values()]
        u = [torch.zeros_like(y, requires_grad=True) for y in self.y]
        y = [t for t in self.y if t.requires_grad]
        pulled = torch.autograd.grad(y, inputs, [v for v, t in zip(u, self.y) if t.requires_grad], create_graph=True,
                                     allow_unused=True) if y else [None] * len(inputs)
        along = sum(((g * t).sum() for g, t in zip(pulled, tx) if g is not None), torch.zeros(()).double())
        if along.requires_grad:
            ty = torch.autograd.grad(along, u, create_graph=True, allow_unused=True)
        else:
            ty = [None] * len(u)
        ty = [torch.zeros_like(v) if t is None else t for t, v in zip(ty, u)]
        found.update({f"ty {name}": t for name, t in zip(self.graph.outputs, ty)})
        total = self.masked("dy", self.outputs, self.y) + self.masked("dty", self.tangents, ty)
        self.put_gradients(found, total)
        for name, g in zip(self.x, grads(total, tx)):
            found[f"dtx {name}"] = g

    def penalize(self, found):
        output = self.y[self.output]
        inputs = list(self.x.values())
        g = [None] * len(inputs)
        if output.requires_grad:
            g = torch.autograd.grad(output.sum(), inputs, create_graph=True, allow_unused=True)
        g = [torch.zeros_like(x) if t is None else t for t, x in zip(g, inputs)]
        found.update({f"dx {key}": t for key, t in zip(self.x, g)})
        square = g[self.input].flatten(1).square().sum(1)
        off = square.clamp(min=TINY ** 2).sqrt() - 1
        steady = torch.where(square < TINY ** 2, torch.ones_like(square), off.square())
        terms = [square / 2, steady, torch.where(square < 1, torch.zeros_like(square), off.square())][self.penalty]
        found["penalty "] = torch.cat([square, terms.mean().reshape(1)])
        total = self.weight * terms.mean()
        if self.loss:
            total = total + (self.graph.dloss[:self.rows] * output.flatten()).sum()
        self.put_gradients(found, total, ("grad", None))


# ---- the comparison ----------------------------------------------------------------------------------------

def compare(found, expected, bound):
    """The largest error in units of the bound, and its name. `found` are the results of the library."""
    worst, where = 0.0, ""
    for name, numbers in found.items():
        if name not in expected:
            continue
        reference = expected[name].detach().flatten()
        assert reference.numel() == numbers.numel(), name
        apart = (reference - numbers).abs().max().item() / bound[name] if numbers.numel() else 0.0
        if not apart <= worst:
            worst, where = apart, name
    return worst, where


def check(path, counts):
    """Returns the number of failures."""
    tensors, texts = read(path)
    graph = Graph(tensors, texts)
    failures = 0
    for key in (key for key in texts if key.startswith("job ")):
        number = key.split()[1]
        results = {name.split(" ", 1)[1]: t for name, t in tensors.items() if name.startswith(number + " ")}
        bound = {name: float(texts[f"bound {number} {name}"]) for name in results}
        job = Job(graph, texts[key])
        try:
            expected = job.run()
        except Skip as reason:
            counts[f"skipped for {reason}"] += 1
            continue
        worst, where = compare(results, expected, bound)
        counts[job.kind] += 1
        counts["numbers"] += sum(t.numel() for name, t in results.items() if name in expected)
        counts.update({f"kind {node[2]}": 1 for node in graph.nodes if node[0] in graph.live})
        if not worst <= FACTOR:
            failures += 1
            print(f"FAILED {path.name}, job {number} ({texts[key]}): the error of {where} is {worst:g} times the bound "
                  f"{bound[where]:g}\n{texts['nodes']}outputs {texts['outputs']}")
    return failures


def main():
    torch.set_num_threads(1)
    counts, failures, files = collections.Counter(), 0, sorted(pathlib.Path(sys.argv[1]).glob("graph-*.safetensors"))
    for path in files:
        failures += check(path, counts)
    kinds = sorted(key[5:] for key in counts if key.startswith("kind "))
    print(f"{len(files)} graphs, {failures} failures")
    print(", ".join(f"{key} {counts[key]}" for key in sorted(counts) if not key.startswith("kind ")))
    print(f"{len(kinds)} kinds compared; not: {', '.join(sorted(set(MODULES) - set(kinds))) or 'none'}")
    sys.exit(1 if failures or not files else 0)


main()

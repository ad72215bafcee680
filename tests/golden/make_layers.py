# SPDX-License-Identifier: MIT
"""Writes tests/golden/data/layers.safetensors: PyTorch's numbers for the cases of tests/grad/layer_cases.h.

    python3 make_layers.py            from this folder

Made with torch 2.13.0+cpu and safetensors 0.8.0. Every case without the flag CASE_NO_PYTORCH is computed in float64
from inputs that are exact in float32, in training mode: forward, backward, the directional derivative (ty), and the
gradients of <dty, ty> by tx (dtx), by x and by the parameters (second.*). Results are rounded to float32.
"""
import re
import zlib
from pathlib import Path

import torch
import torch.nn as nn
import torch.nn.functional as F
from safetensors.torch import save_file

HERE = Path(__file__).parent
CLASSES = 5
LINE = re.compile(r'\{"([^"]*)", "([^"]*)", ([^}]*)\},')


class Call(nn.Module):
    """A function as a module."""

    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, *x):
        return self.function(*x)


def pair(text, dims):
    both = [int(n) for n in text.split("x")] * 2
    return tuple(both[2 - dims:2])


def option(o, name, default):
    return type(default)(o.get(name, default))


def flag(o, name, default):
    return o.get(name, "yes" if default else "no") == "yes"


def axis(o, default):
    n = option(o, "axis", default)
    return n + 1 if n >= 0 else n


def conv(kind, o, shapes):
    dims, transposed = int(kind[-2]), "transpose" in kind
    keys = {"kernel_size": ("kernel", "3"), "stride": ("stride", "1"), "padding": ("padding", "0"),
            "dilation": ("dilation", "1")}
    if transposed:
        keys["output_padding"] = ("output_padding", "0")
    sizes = {key: pair(o.get(name, default), dims) for key, (name, default) in keys.items()}
    type_ = getattr(nn, ("ConvTranspose" if transposed else "Conv") + f"{dims}d")
    return type_(shapes[0][0], int(o["channels"]), groups=option(o, "groups", 1), bias=flag(o, "bias", True), **sizes)


def pool(kind, o, shapes):
    dims = len(shapes[0]) - 1
    kernel, padding = pair(o.get("kernel", "2"), dims), pair(o.get("padding", "0"), dims)
    stride = pair(o["stride"], dims) if "stride" in o else kernel
    if kind == "max_pool":
        return getattr(nn, f"MaxPool{dims}d")(kernel, stride, padding)
    return getattr(nn, f"AvgPool{dims}d")(kernel, stride, padding, count_include_pad=flag(o, "count_padding", True))


def global_pool(kind, o, shapes):
    name = "Max" if "max" in kind else "Avg"
    return nn.Sequential(getattr(nn, f"Adaptive{name}Pool{len(shapes[0]) - 1}d")(1), nn.Flatten())


def upsample(kind, o, shapes):
    dims = len(shapes[0]) - 1
    factor = tuple(float(n) for n in pair(o.get("scale", "2"), dims))
    if o.get("mode") == "bilinear":
        return nn.Upsample(scale_factor=factor, mode=["linear", "bilinear"][dims - 1], align_corners=False)
    return nn.Upsample(scale_factor=factor, mode="nearest")


def pad(kind, o, shapes):
    dims = len(shapes[0]) - 1
    before, after = pair(o.get("before", "0"), dims), pair(o.get("after", "0"), dims)
    sign = -1 if kind == "crop" else 1
    amounts = [sign * n for i in reversed(range(dims)) for n in (before[i], after[i])]
    mode = {"zero": "constant"}.get(o.get("mode", "zero"), o.get("mode"))
    return Call(lambda x: F.pad(x, amounts, mode=mode))


def reshape(kind, o, shapes):
    sizes = [int(n) for n in o["shape"].split("x")]
    return Call(lambda x: x.reshape(x.shape[0], *sizes))


def batch_norm(kind, o, shapes):
    type_ = [nn.BatchNorm1d, nn.BatchNorm1d, nn.BatchNorm2d][len(shapes[0]) - 1]
    return type_(shapes[0][0], eps=option(o, "epsilon", 1e-5), momentum=option(o, "momentum", 0.1),
                 affine=flag(o, "affine", True))


def group_norm(kind, o, shapes):
    return nn.GroupNorm(option(o, "groups", 1), shapes[0][0], eps=option(o, "epsilon", 1e-5),
                        affine=flag(o, "affine", True))


def instance_norm(kind, o, shapes):
    type_ = [nn.InstanceNorm1d, nn.InstanceNorm2d][len(shapes[0]) - 2]
    return type_(shapes[0][0], eps=option(o, "epsilon", 1e-5), affine=flag(o, "affine", False))


def layer_norm(kind, o, shapes):
    over = shapes[0][-1:] if o.get("over") == "last" else shapes[0]
    if kind == "layer_norm":
        return nn.LayerNorm(over, eps=option(o, "epsilon", 1e-5), elementwise_affine=flag(o, "affine", True))
    return nn.RMSNorm(over, eps=option(o, "epsilon", 1e-6), elementwise_affine=flag(o, "affine", True))


def maxout(kind, o, shapes):
    dim = axis(o, 0)
    return Call(lambda x: x.unflatten(dim, (-1, option(o, "pieces", 2))).amax(dim + 1 if dim > 0 else dim))


def axes(o, x):
    """Axes of the batch; without the option, all but the first."""
    listed = [int(n) for n in o["axes"].split(",")] if o.get("axes") else range(x.dim() - 1)
    return [n + 1 if n >= 0 else n for n in listed]


def reduction(kind, o, shapes):
    def layer(x):
        y = getattr(torch, kind)(x, axes(o, x), keepdim=flag(o, "keep", False))
        return y if y.dim() > 1 else y[:, None]

    return Call(layer)


def slice_(kind, o, shapes):
    dim, start, length, step = axis(o, 0), option(o, "start", 0), option(o, "length", 0), option(o, "step", 1)

    def layer(x):
        kept = list(range(x.shape[dim]))[start:][::step]
        return x.index_select(dim, torch.tensor(kept[:length or None]))

    return Call(layer)


def transpose(kind, o, shapes):
    return Call(lambda x: x.permute(0, *axes(o, x)) if o.get("axes") else x.transpose(-1, -2))


class Tensor(nn.Module):
    """A learned tensor, returned as it is or scaled by channel."""

    def __init__(self, kind, o):
        super().__init__()
        self.scaled = kind == "basis"
        self.weight = nn.Parameter(torch.zeros([int(n) for n in o["shape"].split("x")]))

    def forward(self, x):
        if self.scaled:
            return torch.einsum("nc,c...->nc...", x, self.weight)
        return self.weight + 0 * x.flatten(1).sum(1).reshape([-1] + [1] * self.weight.dim())


def minibatch_std(kind, o, shapes):
    def statistic(x):
        groups = max(len(x) // option(o, "group", 4), 1)
        parts = [x[i * len(x) // groups:(i + 1) * len(x) // groups] for i in range(groups)]
        return [((p.var(0, unbiased=False) + 1e-8).sqrt().mean(), len(p)) for p in parts]

    def layer(x):
        plane = torch.cat([s.expand(n) for s, n in statistic(x)]).reshape([-1] + [1] * (x.dim() - 1))
        return torch.cat([x, plane.expand([-1, 1] + list(x.shape[2:]))], 1)

    return Call(layer)


class CondBatchNorm(nn.Module):
    def __init__(self, kind, o, shapes):
        super().__init__()
        conditions = torch.Size(shapes[1]).numel()
        self.o = option(o, "momentum", 0.1), option(o, "epsilon", 1e-5)
        self.scale = nn.Parameter(torch.zeros(shapes[0][0], conditions))
        self.shift = nn.Parameter(torch.zeros(shapes[0][0], conditions))
        self.register_buffer("running_mean", torch.zeros(shapes[0][0]))
        self.register_buffer("running_var", torch.ones(shapes[0][0]))

    def forward(self, x, c):
        planes = [len(x), -1] + [1] * (x.dim() - 2)
        scale, shift = (F.linear(c.flatten(1), w).reshape(planes) for w in (self.scale, self.shift))
        h = F.batch_norm(x, self.running_mean, self.running_var, None, None, self.training, *self.o)
        return (1 + scale) * h + shift


def resample(kind, o, shapes):
    """upsample_2d and downsample_2d of StyleGAN2."""
    taps = torch.tensor([float(n) for n in o.get("filter", "1x3x3x1").split("x")]).double()
    up, down = option(o, "up", 1), option(o, "down", 1)
    n = len(taps)
    before, after = ((n + up - 1) // 2, (n - up) // 2) if up > 1 else ((n - down + 1) // 2, (n - down) // 2)

    def along(x, dim):
        x = x.movedim(dim, -1)
        x = torch.stack([x] + [torch.zeros_like(x)] * (up - 1), -1).flatten(-2)
        x = F.pad(x, (before, after)).unfold(-1, n, down)
        return (x * (up * taps / taps.sum()).flip(0)).sum(-1).movedim(-1, dim)

    def layer(x):
        for dim in range(2, x.dim()):
            x = along(x, dim)
        return x

    return Call(layer)


class Lstm(nn.Module):
    def __init__(self, kind, o, shapes):
        super().__init__()
        self.out, units = o.get("out", "all"), int(o["units"])
        self.units = units
        self.weight_ih = nn.Parameter(torch.zeros(4 * units, shapes[0][1]))
        self.weight_hh = nn.Parameter(torch.zeros(4 * units, units))
        self.bias = flag(o, "bias", True)
        if self.bias:
            self.bias_ih, self.bias_hh = (nn.Parameter(torch.zeros(4 * units)) for _ in range(2))

    def forward(self, x, *state):
        state = [s[None] for s in state] or [x.new_zeros(1, len(x), self.units)] * 2
        weights = [self.weight_ih, self.weight_hh] + ([self.bias_ih, self.bias_hh] if self.bias else [])
        y, h, c = torch.lstm(x, state, weights, self.bias, 1, 0.0, self.training, False, True)
        return {"all": y, "last": h[0], "state": torch.stack([h[0], c[0]], 1)}[self.out]


def product(*x):
    result = x[0]
    for other in x[1:]:
        result = result * other
    return result


class Masked(nn.Module):
    """The layers of Germain and others 2015, with the degrees of hidden units in order instead of random ones."""

    def __init__(self, kind, o, sizes):
        super().__init__()
        features, units, place = sizes[0][-1], int(o["units"]), o.get("place", "first")
        n = int(o.get("variables", features))
        variables, hidden = torch.arange(1, n + 1), torch.arange(max(n - 1, 1)) + 1
        if o.get("order") == "reversed":
            variables = variables.flip(0)
        into = variables if place in ("first", "only") else hidden
        out = variables if place in ("last", "only") else hidden
        into, out = (d.repeat(count // len(d) + 1)[:count] for d, count in ((into, features), (out, units)))
        self.mask = (out[:, None] > into[None] if place in ("last", "only") else out[:, None] >= into[None]).double()
        self.weight = nn.Parameter(torch.zeros(units, features))
        self.bias = nn.Parameter(torch.zeros(units)) if flag(o, "bias", True) else None

    def forward(self, x):
        return F.linear(x, self.weight * self.mask, self.bias)


class MaskedConv(nn.Module):
    """The masks A and B of van den Oord and others 2016, and those of whole rows."""

    def __init__(self, kind, o, shapes):
        super().__init__()
        dims = int(kind[-2])
        kernel, self.dilation = pair(o.get("kernel", "3"), dims), pair(o.get("dilation", "1"), dims)
        self.conv = getattr(F, f"conv{dims}d")
        self.weight = nn.Parameter(torch.zeros(int(o["channels"]), shapes[0][0], *kernel))
        self.bias = nn.Parameter(torch.zeros(int(o["channels"]))) if flag(o, "bias", True) else None
        place, middle = torch.arange(self.weight[0, 0].numel()).reshape(kernel), self.weight[0, 0].numel() // 2
        if o.get("order") == "rows":
            place, middle = place // kernel[1], kernel[0] // 2
        self.mask = (place <= middle if o.get("mask") == "through" else place < middle).double()
        self.padding = [k // 2 * d for k, d in zip(kernel, self.dilation)]

    def forward(self, x):
        return self.conv(x, self.weight * self.mask, self.bias, 1, self.padding, self.dilation)


MODULES = {
    "add": lambda k, o, s: Call(lambda *x: sum(x)),
    "avg_pool": pool,
    "basis": lambda k, o, s: Tensor(k, o),
    "batch_norm": batch_norm,
    "cond_batch_norm": CondBatchNorm,
    "concat": lambda k, o, s: Call(lambda *x: torch.cat(x, axis(o, 0))),
    "constant": lambda k, o, s: Tensor(k, o),
    "conv1d": conv,
    "conv2d": conv,
    "conv_transpose1d": conv,
    "conv_transpose2d": conv,
    "crop": pad,
    "dense": lambda k, o, s: nn.Linear(s[0][-1], int(o["units"]), bias=flag(o, "bias", True)),
    "elu": lambda k, o, s: nn.ELU(option(o, "alpha", 1.0)),
    "embedding": lambda k, o, s: nn.Embedding(int(o["classes"]), int(o["units"])),
    "flatten": lambda k, o, s: nn.Flatten(),
    "gelu": lambda k, o, s: nn.GELU(),
    "global_avg_pool": global_pool,
    "global_max_pool": global_pool,
    "glu": lambda k, o, s: nn.GLU(axis(o, 0)),
    "group_norm": group_norm,
    "hardtanh": lambda k, o, s: nn.Hardtanh(-option(o, "bound", 1.0), option(o, "bound", 1.0)),
    "identity": lambda k, o, s: nn.Identity(),
    "instance_norm": instance_norm,
    "layer_norm": layer_norm,
    "leaky_relu": lambda k, o, s: nn.LeakyReLU(option(o, "slope", 0.01)),
    "lstm": Lstm,
    "logsumexp": lambda k, o, s: Call(lambda x: torch.logsumexp(x, -1, keepdim=x.ndim == 2)),
    "masked": Masked,
    "masked_conv1d": MaskedConv,
    "masked_conv2d": MaskedConv,
    "max_pool": pool,
    "maxout": maxout,
    "mean": reduction,
    "minibatch_std": minibatch_std,
    "multiply": lambda k, o, s: Call(product),
    "pad": pad,
    "relu": lambda k, o, s: nn.ReLU(),
    "repeat": lambda k, o, s: Call(lambda x: torch.stack([x] * option(o, "times", 1), 1)),
    "resample": resample,
    "reshape": reshape,
    "rms_norm": layer_norm,
    "scale": lambda k, o, s: Call(lambda x: option(o, "factor", 1.0) * x + option(o, "shift", 0.0)),
    "selu": lambda k, o, s: nn.SELU(),
    "sigmoid": lambda k, o, s: nn.Sigmoid(),
    "silu": lambda k, o, s: nn.SiLU(),
    "slice": slice_,
    "softmax": lambda k, o, s: nn.Softmax(axis(o, -1)),
    "softplus": lambda k, o, s: nn.Softplus(),
    "sum": reduction,
    "tanh": lambda k, o, s: nn.Tanh(),
    "transpose": transpose,
    "upsample": upsample,
}


def numbers(*shape):
    return torch.randn(*shape).double()


def grads(of, by):
    """Gradients, zero where `of` does not depend on a tensor."""
    if not of.requires_grad:
        return [torch.zeros_like(b) for b in by]
    found = torch.autograd.grad(of, by, retain_graph=True, allow_unused=True)
    return [torch.zeros_like(b) if g is None else g for g, b in zip(found, by)]


def first_order(put, y, x, params):
    dy = numbers(*y.shape)
    put("y", y)
    put("dy", dy)
    inputs = [t for t in x if t.is_floating_point()]
    found = grads((dy * y).sum(), inputs + list(params.values()))
    for i, g in enumerate(found[:len(inputs)]):
        put(f"dx{i}", g)
    for name, g in zip(params, found[len(inputs):]):
        put(f"grad.{name}", g)


def second_order(put, y, x, params):
    """The derivative along tx as the derivative by u of <u^T J, tx>."""
    tx = [numbers(*t.shape).requires_grad_() for t in x]
    u = torch.zeros_like(y, requires_grad=True)
    pulled = torch.autograd.grad(y, x, u, create_graph=True)
    ty, = torch.autograd.grad(sum((g * t).sum() for g, t in zip(pulled, tx)), u, create_graph=True)
    dty = numbers(*y.shape)
    put("ty", ty)
    put("dty", dty)
    found = grads((dty * ty).sum(), tx + x + list(params.values()))
    for i, t in enumerate(tx):
        put(f"tx{i}", t)
        put(f"dtx{i}", found[i])
        put(f"second.dx{i}", found[len(x) + i])
    for name, g in zip(params, found[2 * len(x):]):
        put(f"second.grad.{name}", g)


def normalise(module, x, params):
    """A norm from elementary operations: PyTorch treats the statistics of its own as constants in third derivatives."""
    if isinstance(module, nn.LayerNorm):
        dims, shape = list(range(-len(module.normalized_shape), 0)), module.normalized_shape
    else:
        dims = [0] * ("BatchNorm" in type(module).__name__) + list(range(2, x.dim()))
        shape = [-1] + [1] * (x.dim() - 2)
    y = (x - x.mean(dims, keepdim=True)) / (x.var(dims, unbiased=False, keepdim=True) + module.eps).sqrt()
    return y * params["weight"].reshape(shape) + params["bias"].reshape(shape) if params else y


NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.InstanceNorm1d, nn.InstanceNorm2d, nn.LayerNorm)


def compute(spec, shapes, flags, out):
    index = "CASE_INDEX" in flags
    torch.manual_seed(zlib.crc32(f"{spec} on {shapes}".encode()))
    kind, *words = spec.split()
    o = dict(word.split("=") for word in words)
    sizes = [[int(n.split("-")[-1]) for n in shape.split("x")] for shape in shapes.split(",")]
    module = MODULES[kind](kind, o, sizes).double()

    def put(name, tensor):
        out[f"{spec} on {shapes}/{name}"] = tensor.detach().float().clone().contiguous()

    rows = {"batch_norm": 6, "cond_batch_norm": 6, "minibatch_std": 9}.get(kind, 2)
    x = [torch.randint(CLASSES, (rows, *s)) if index else numbers(rows, *s).requires_grad_() for s in sizes]
    params = {name: numbers(*p.shape).requires_grad_() for name, p in module.named_parameters()}
    state = {n: torch.rand(b.shape).double() + 0.5 for n, b in module.named_buffers() if b.is_floating_point()}
    for i, t in enumerate(x):
        put(f"x{i}", t)
    for name, p in {**params, **state}.items():
        put(f"param.{name}", p)
    after = {name: b.clone() for name, b in state.items()}
    y = torch.func.functional_call(module, {**params, **after}, tuple(x))
    for name, b in after.items():
        put(f"after.{name}", b)
    first_order(put, y, x, params)
    if isinstance(module, NORMS):
        native, y = y, normalise(module, x[0], params)
        assert torch.allclose(native, y, rtol=1e-12, atol=1e-12)
    if not index and "CASE_NO_TANGENT" not in flags:
        second_order(put, y, x, params)
    if state:
        put("eval.y", torch.func.functional_call(module.eval(), {**params, **state}, tuple(x)))


def main():
    out = {}
    for spec, shapes, flags in LINE.findall((HERE / "../grad/layer_cases.h").read_text()):
        if "CASE_NO_PYTORCH" not in flags:
            compute(spec, shapes, flags, out)
    save_file(out, HERE / "data/layers.safetensors", {"made_with": f"torch {torch.__version__}"})
    print(f"{len(out)} tensors, {sum(t.numel() for t in out.values())} numbers")


if __name__ == "__main__":
    main()

# SPDX-License-Identifier: MIT
"""Writes tests/golden/data/optim.safetensors: ten steps of each of PyTorch's optimizers.

    python3 make_optim.py            from this folder

Made with torch 2.13.0+cpu and safetensors 0.8.0, in float64 from numbers that are exact in float32. The cases are those
of tests/golden/optim_cases.h: the text of an optimizer, and the equivalent call of torch. PyTorch has no Lion, which is
implemented here from its paper.
"""
import re
from pathlib import Path

import torch
from safetensors.torch import save_file

HERE = Path(__file__).parent
LINE = re.compile(r'"([^"]*)",\s*/\* (.*?) \*/')
STEPS, COUNT = 10, 23


class Lion(torch.optim.Optimizer):
    def __init__(self, params, lr=1e-4, betas=(0.9, 0.99), weight_decay=0.0):
        super().__init__(params, {"lr": lr, "betas": betas, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            b1, b2 = group["betas"]
            for p in group["params"]:
                m = self.state[p].setdefault("m", torch.zeros_like(p))
                p.mul_(1 - group["lr"] * group["weight_decay"])
                p.sub_(group["lr"] * (b1 * m + (1 - b1) * p.grad).sign())
                m.mul_(b2).add_(p.grad, alpha=1 - b2)


def run(call, start, grads):
    """`call` creates the optimizer of p; "clip_norm=" and "clip_value=" before it clip as torch does."""
    p = start.clone().requires_grad_()
    clip, call = call.split("; ") if "; " in call else (None, call)
    optimizer = eval(call, {"p": [p], "torch": torch, "Lion": Lion, **vars(torch.optim)})
    for grad in grads:
        p.grad = grad.clone()
        if clip:
            kind, bound = clip.split("=")
            {"clip_norm": torch.nn.utils.clip_grad_norm_, "clip_value": torch.nn.utils.clip_grad_value_}[kind](
                [p], float(bound))
        optimizer.step()
    return p.detach()


def main():
    torch.manual_seed(3)
    start, grads = torch.randn(COUNT).double(), torch.randn(STEPS, COUNT).double()
    out = {"start": start.float(), "grads": grads.float()}
    for spec, call in LINE.findall((HERE / "optim_cases.h").read_text()):
        out[f"{spec}/end"] = run(call, start, grads).float()
    save_file(out, HERE / "data/optim.safetensors", {"made_with": f"torch {torch.__version__}"})


if __name__ == "__main__":
    main()

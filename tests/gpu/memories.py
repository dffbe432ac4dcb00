"""What a compressor should have accumulated, from the formulas, beside what it says that it remembers."""

from __future__ import annotations

import copy

import torch
import torch.distributed as dist
from handed import MOMENTUM

from rsbench.compressors import Compressor

Tensors = dict[str, torch.Tensor]
Memory = dict[str, Tensors]


def memory_of(compressor: Compressor) -> Memory:
    """Return kind (``u``, ``v``) -> tensor name -> values, copies on the CPU; empty without a memory."""
    return copy.deepcopy(compressor.state_dict().get("memory", {}))


def accumulated(before: Memory, gradients: Tensors, *, nesterov: bool = False) -> Tensors:
    """Return v + g, v + (m u + g), or with Nesterov v + m (u + g) + g, of each tensor that is remembered."""
    found = {}
    for name, v in before.get("v", {}).items():
        g = gradients[name].flatten()
        u = before["u"][name] if "u" in before else None
        if u is None:
            found[name] = v + g
        else:
            found[name] = v + MOMENTUM * (u + g) + g if nesterov else v + (MOMENTUM * u + g)
    return found


def summed(tensors: Tensors, workers: int) -> Tensors:
    """Return the sum over the ranks, float64, on the CPU; needs gloo where there is more than one rank."""
    total = {name: t.double() for name, t in tensors.items()}
    if workers > 1:
        for name in sorted(total):
            dist.all_reduce(total[name])
    return total


def named_gradients(module: torch.nn.Module) -> Tensors:
    """Return the averaged gradients, flat copies on the CPU."""
    return {n: p.grad.detach().flatten().cpu().clone() for n, p in module.named_parameters() if p.grad is not None}


def distance(some: Tensors, others: Tensors) -> float:
    """Return the norm of the difference over all tensors, relative to that of ``others``."""
    difference = sum(float((some[n].double() - others[n].double()).square().sum()) for n in others)
    whole = sum(float(t.double().square().sum()) for t in others.values())
    return float((difference / max(whole, 1e-300)) ** 0.5)

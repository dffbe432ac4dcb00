"""One rank of the tests of exchanges: gradients that are given, and what is sent, kept and counted, as JSON.

Started by test_exchanges.py as ``python exchanges.py RANK WORLD_SIZE STORE_FILE OUT_FILE``.
"""

from __future__ import annotations

import copy
import hashlib
import sys
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))
from engine import CAP_MB, MOMENTUM, Weights, put_to_work
from rank import answer

METHODS = (
    "topk:density=0.05",
    "blocktopk:density=0.1,neighborhood=tile,p=2",
    "dgc:density=0.1,one_d=select",
    "rsdgc:density=0.1",
    "topk:density=0.04,extra=0.5",
)
STEPS = 6


def texts(workers: int) -> list[str]:
    """Every method with every exchange; of more than two workers, nodes of two or of all."""
    nodes = "hierarchical,per_node=" + str(2 if workers % 2 == 0 else workers)
    every = [f"{method},exchange={exchange}" for exchange in ("shared", "oktopk", nodes) for method in METHODS]
    return [*every, "topk:density=0.1,exchange=oktopk,values=fp16", "rsdgc:density=1,exchange=oktopk"]


def given(net: Weights, step: int, rank: int) -> dict[str, torch.Tensor]:
    """One rank's gradients of a step: multiples of 2^-10, of which few are large, and not the same on all ranks."""
    rng = torch.Generator().manual_seed(1000 * step + rank)

    def one(shape: torch.Size) -> torch.Tensor:
        large = (torch.rand(shape, generator=rng) < 0.1).float()
        return torch.randint(-64, 65, shape, generator=rng).float() / 1024 * (1 + 31 * large)

    return {name: one(parameter.shape) for name, parameter in net.named_parameters()}


def summed(tensor: torch.Tensor) -> torch.Tensor:
    """The sum over all ranks, in float64."""
    total = tensor.double()
    dist.all_reduce(total)
    return total


def digest(tensors: list[torch.Tensor]) -> str:
    return hashlib.sha256(torch.cat([t.flatten() for t in tensors]).numpy().tobytes()).hexdigest()


def accumulated(memory: dict[str, Any], name: str, gradient: torch.Tensor) -> torch.Tensor:
    """v + g, or v + m u + g."""
    flat = gradient.flatten()
    return memory["v"][name] + (flat if "u" not in memory else MOMENTUM * memory["u"][name] + flat)


def is_of_the_largest(sent: torch.Tensor, waiting: torch.Tensor, count: int) -> bool:
    """Whether what was sent stands where this rank, the leader, has its ``count`` largest magnitudes."""
    least = waiting.abs().sort(descending=True).values[min(count, len(waiting)) - 1]
    return bool((waiting[sent != 0].abs() >= least).all())


def conserve(text: str) -> dict[str, Any]:
    """Train with given gradients; compare what came in, over all ranks, with what was applied and what is kept."""
    net, model, compressor = put_to_work(text)
    workers, rank = dist.get_world_size(), dist.get_rank()
    shapes = {n: tuple(p.shape) for n, p in net.named_parameters()}
    local = compressor.per_node if compressor.exchange == "hierarchical" else 1
    found: dict[str, Any] = {"lost": 0.0, "digests": [], "bytes": [], "applied": [], "wire": 0, "led": True}
    for step in range(STEPS):
        g = given(net, step, rank)
        before = copy.deepcopy(compressor.state_dict()["memory"])
        net.zero_grad()
        model(g).backward()
        after = compressor.state_dict()["memory"]
        applied = 0
        for name, parameter in net.named_parameters():
            sent = parameter.grad.flatten()
            applied += int((sent != 0).sum())
            if name not in after["v"]:
                lost = summed(g[name].flatten()) - workers * sent.double()
            elif local == 1:
                lost = summed(accumulated(before, name, g[name]) - after["v"][name]) - workers * sent.double()
            else:  # every rank of a node remembers the node's average
                came = summed(g[name].flatten()) + summed(accumulated(before, name, torch.zeros_like(g[name])))
                lost = came - summed(after["v"][name]) - workers * sent.double()
            found["lost"] = max(found["lost"], float(lost.abs().max()))
            if text.startswith(("topk", "dgc")) and "shared" in text and name in after["v"] and step % workers == rank:
                found["led"] &= is_of_the_largest(
                    sent, accumulated(before, name, g[name]), compressor.hook.counts[name]
                )
        stats = compressor.step_stats()
        found["wire"] += stats["wire_bytes"]
        found["digests"].append(digest([p.grad for p in net.parameters()]))
        found["bytes"].append((stats["payload_bytes"], compressor.payload_bytes(shapes, step, CAP_MB)))
        found["applied"].append(applied)
    found["planned"] = compressor.total_payload_bytes(shapes, STEPS, CAP_MB)
    found["planned_wire"] = compressor.total_wire_bytes(shapes, STEPS, workers, CAP_MB)
    found["density"] = stats["mean_density"]
    found["elements"] = sum(p.numel() for p in net.parameters())
    return found


if __name__ == "__main__":
    answer(lambda _, workers: {text: conserve(text) for text in texts(workers)})

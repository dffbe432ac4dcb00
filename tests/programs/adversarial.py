"""One rank of the auto-encoder's test: three wrapped networks that share parameters, against one process without DDP.

Started by test_adversarial.py as ``python adversarial.py RANK WORLD_SIZE STORE_FILE OUT_FILE``.
"""

from __future__ import annotations

import hashlib
from typing import Any

import torch
from rank import answer

from rsbench.cell import CellSpec
from rsbench.compressors import parse
from rsbench.measure.step_timer import StepTimer
from rsbench.models import autoencoder
from rsbench.train.network import CompressedNetwork

BANDS, SAMPLES, STEPS, LR = 30, 16, 7, 2e-3
CELL = CellSpec(
    dataset="synthetic-htd", dataset_fingerprint="", model="aae", compressor="none", ratio=None, lr=LR, seed=0,
    workers=2, device="cpu", epochs=1, batch_size=SAMPLES, image_size=1, split="official", optimizer="adam",
    weight_decay=0.0, bucket_cap_mb=0.1,
)  # fmt: skip
NAMES = ("autoencoder", "discriminator", "encoder")


def networks() -> dict[str, torch.nn.Module]:
    torch.manual_seed(5)
    return autoencoder.build(BANDS)


def batch(rank: int, step: int) -> tuple[torch.Tensor, torch.Tensor]:
    rng = torch.Generator().manual_seed(100 * rank + step)
    return torch.randn(SAMPLES, BANDS, generator=rng), torch.linspace(-1, 2, BANDS)


def flat(nets: dict[str, torch.nn.Module]) -> torch.Tensor:
    return torch.cat([p.detach().flatten() for net in nets.values() for p in net.parameters()])


def gradients(net: torch.nn.Module) -> float:
    return max(0.0 if p.grad is None else float(p.grad.abs().max()) for p in net.parameters())


def train(text: str, rank: int) -> dict[str, Any]:
    """A few steps through the members that the training loop uses."""
    nets = networks()
    members = {
        name: CompressedNetwork(name, net, parse(text), CELL, torch.device("cpu"), alone=False)
        for name, net in nets.items()
    }
    wrapped = {name: member.model for name, member in members.items()}
    order: list[str] = []
    stray = 0.0
    torch.manual_seed(rank)
    for step in range(STEPS):
        for name, loss in autoencoder.losses(wrapped, batch(rank, step)):
            others = [nets["discriminator"]] if name != "discriminator" else [nets["autoencoder"]]
            others += [nets["autoencoder"].decoder] if name == "encoder" else []
            timer = StepTimer(members[name].compressor.hook.clock)
            timer.end_of("data")
            members[name].set_rate(LR)
            torch.autograd.backward(loss, retain_graph=True)
            stray = max(stray, *map(gradients, others))
            members[name].optimizer.step()
            members[name].optimizer.zero_grad(set_to_none=False)
            order.append(name)
    found = flat(nets)
    return {
        "order": order[:3],
        "stray": stray,
        "digest": hashlib.sha256(found.numpy().tobytes()).hexdigest(),
        "weights": found,
        "buckets": {name: len(member.compressor.hook.timeline) for name, member in members.items()},
    }


def reference(workers: int) -> torch.Tensor:
    """The same steps in one process: each loss is the mean over the ranks, each with its own random numbers."""
    nets = networks()
    optimizers = {name: torch.optim.Adam(net.parameters(), lr=LR) for name, net in nets.items()}
    states = [torch.Generator().manual_seed(rank).get_state() for rank in range(workers)]
    for step in range(STEPS):
        walks = [autoencoder.losses(nets, batch(rank, step)) for rank in range(workers)]
        for name in NAMES:
            losses = []
            for rank, walk in enumerate(walks):
                torch.set_rng_state(states[rank])
                losses.append(next(walk)[1])
                states[rank] = torch.get_rng_state()
            torch.autograd.backward(torch.stack(losses).mean())
            optimizers[name].step()
            optimizers[name].zero_grad()
    return flat(nets)


def find(rank: int, workers: int) -> dict[str, Any]:
    texts = ("none", "topk:density=0.05", "gcc", "dgc:density=0.05")
    found: dict[str, Any] = {text: train(text, rank) for text in texts}
    alone = reference(workers)
    for facts in found.values():
        facts["distance"] = float((facts["weights"] - alone).norm() / (alone - flat(networks())).norm())
        del facts["weights"]
    return found


if __name__ == "__main__":
    answer(find)

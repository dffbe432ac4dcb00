"""One rank of the laws of rounds: trains small networks in rounds with every compressor and reports facts as JSON.

Started by test_rounds.py as ``python rounds.py RANK WORLD_SIZE STORE_FILE OUT_FILE``.
"""

from __future__ import annotations

import copy
import hashlib
import io
from collections.abc import Callable, Iterator
from typing import Any

import torch
import torch.distributed as dist
from rank import answer
from torch import nn
from torch.distributed.algorithms.model_averaging.averagers import PeriodicModelAverager
from torch.nn.parallel import DistributedDataParallel

from rsbench.cell import CellSpec
from rsbench.compressors import COMPRESSORS, Compressor, parse
from rsbench.links.wire import wire_bytes
from rsbench.measure.buffers import averaged_buffers
from rsbench.rounds import Rounds
from rsbench.train.differences import Differences
from rsbench.train.gradients import Gradients

DENSE = "none"
OPTIONS = {"topk": "density=0.1", "dgc": "density=0.1", "rsdgc": "density=0.1", "randomk": "density=0.1"}
OPTIONS |= {"blocktopk": "density=0.1"}
LR = 2.0**-4
"""A power of two: what is proportional to a gradient keeps its bits."""
Batch = tuple[torch.Tensor, torch.Tensor]


def compressor_of(name: str) -> Compressor:
    return parse(f"{name}:{OPTIONS[name]}" if name in OPTIONS else name)


def network(norm: bool = False) -> nn.Module:
    torch.manual_seed(3)
    middle = nn.BatchNorm2d(8) if norm else nn.Identity()
    return nn.Sequential(
        nn.Conv2d(3, 8, 3), middle, nn.ReLU(), nn.AdaptiveAvgPool2d(4), nn.Flatten(), nn.Linear(128, 31), nn.Tanh(),
        nn.Linear(31, 4),
    )  # fmt: skip


def batches(count: int, size: int = 8) -> list[Batch]:
    rng = torch.Generator().manual_seed(100 + dist.get_rank())
    found = []
    for _ in range(count):
        x = torch.randn(size, 3, 10, 10, generator=rng)
        found.append((x, (x.mean((1, 2, 3)) > 0).long()))
    return found


def loss_of(model: nn.Module, batch: Batch) -> torch.Tensor:
    return nn.functional.cross_entropy(model(batch[0]), batch[1])


def flat(net: nn.Module) -> torch.Tensor:
    return torch.cat([p.detach().flatten() for p in net.parameters()])


def digest(net: nn.Module) -> str:
    tensors = [t.detach().flatten().float() for t in net.state_dict().values()]
    return hashlib.sha256(torch.cat(tensors).numpy().tobytes()).hexdigest()


def gap(a: nn.Module, b: nn.Module) -> float:
    return float((flat(a) - flat(b)).abs().max())


def local_step(net: nn.Module, optimizer: torch.optim.Optimizer, batch: Batch) -> None:
    optimizer.zero_grad()
    loss_of(net, batch).backward()  # type: ignore[no-untyped-call]
    optimizer.step()


def in_rounds(
    net: nn.Module,
    compressor: Compressor,
    sync: str,
    given: list[Batch],
    *,
    momentum: float = 0.9,
    samples: int | None = None,
    each_round: Callable[[Rounds], None] = lambda rounds: None,
) -> Rounds:
    """Train a network in rounds."""
    optimizer = torch.optim.SGD(net.parameters(), lr=LR, momentum=momentum)
    rounds = Rounds(net, optimizer, compressor, sync, samples=samples)
    for batch in given:
        local_step(net, optimizer, batch)
        if rounds.step():
            each_round(rounds)
    if rounds.finish():
        each_round(rounds)
    return rounds


def each_step(name: str, given: list[Batch]) -> nn.Module:
    """Train a network with its gradients exchanged at every step, without momentum."""
    net, compressor = network(), compressor_of(name)
    model = DistributedDataParallel(net)
    compressor.register(model)
    optimizer = torch.optim.SGD(compressor.param_groups(net, lr=LR, momentum=0.0))
    for batch in given:
        local_step(model, optimizer, batch)
    return net


def of_one_step(name: str) -> dict[str, Any]:
    """Rounds of one step against an exchange at every step, both by plain SGD."""
    given = batches(6)
    stepped, net = each_step(name, given), network()
    in_rounds(net, compressor_of(name), "rounds:1", given, momentum=0.0)
    return {"gap": gap(stepped, net), "moved": gap(stepped, network())}


def every_round(name: str) -> dict[str, Any]:
    """Digests and payloads after each round."""
    net, compressor = network(norm=True), compressor_of(name)
    found: dict[str, Any] = {"digests": [], "payloads": []}

    def note(rounds: Rounds) -> None:
        found["digests"].append(digest(net))
        found["payloads"].append(compressor.step_stats()["payload_bytes"])

    rounds = in_rounds(net, compressor, "rounds:3", batches(8), each_round=note)
    shapes = {key: tuple(p.shape) for key, p in net.named_parameters()}
    planned = compressor.for_workers(dist.get_world_size())
    found["planned"] = [planned.payload_bytes(shapes, step) for step in range(rounds.done)]
    return found | {"done": rounds.done, "buffer_bytes": rounds.buffer_bytes}


def conserved(name: str) -> float:
    """What all ranks' steps took away, against what was applied and what waits in the residuals."""
    net, compressor = network(), compressor_of(name)
    begin, taken = flat(net), torch.zeros(0)
    optimizer = torch.optim.SGD(net.parameters(), lr=LR)
    rounds = Rounds(net, optimizer, compressor, "rounds:3")
    taken = torch.zeros_like(begin)
    for index, batch in enumerate(batches(9)):
        local_step(net, optimizer, batch)
        if index % 3 == 2:
            taken += torch.cat([b.flatten() for b in rounds.state_dict()["begin"].values()]) - flat(net)
        rounds.step()
    residual = compressor.state_dict()["memory"]["v"]
    waiting = torch.cat([residual.get(n, torch.zeros_like(p)).flatten() for n, p in net.named_parameters()])
    both = torch.stack([taken, waiting])
    dist.all_reduce(both)
    taken, waiting = both / dist.get_world_size()
    return float((taken - waiting - (begin - flat(net))).abs().max())


def dense_round() -> dict[str, Any]:
    """One dense round against the mean of the differences, equal and by samples."""
    workers, rank = dist.get_world_size(), dist.get_rank()
    found = {}
    for words, counts in (("equal", [5] * workers), ("by_samples", [1 + 2 * r for r in range(workers)])):
        net, alone = network(norm=True), network(norm=True)
        begin = flat(net)
        in_rounds(net, parse(DENSE), "rounds:3", batches(3), samples=counts[rank])
        optimizer = torch.optim.SGD(alone.parameters(), lr=LR, momentum=0.9)
        for batch in batches(3):
            local_step(alone, optimizer, batch)
        every = [torch.empty_like(begin) for _ in range(workers)]
        dist.all_gather(every, begin - flat(alone))
        if words == "equal":
            mean = sum(difference * (1 / workers) for difference in every)
        else:
            mean = sum(difference * n for difference, n in zip(every, counts, strict=True)) / sum(counts)
        found[words] = float((begin - mean - flat(net)).abs().max())
        seen = alone[1].running_mean * (counts[rank] * workers / sum(counts))
        dist.all_reduce(seen)
        found[f"buffers {words}"] = float((seen / workers - net[1].running_mean).abs().max())
    return found


def cell_of(name: str, sync: str) -> CellSpec:
    return CellSpec(
        dataset="x", dataset_fingerprint="", model="x", compressor=name, ratio=None, lr=LR, seed=0, batch_size=8,
        workers=dist.get_world_size(), device="cpu", epochs=1, image_size=10, split="official", momentum=0.9,
        weight_decay=0.0, sync=sync,
    )  # fmt: skip


def losses(models: Any, batch: Any) -> Iterator[tuple[str, torch.Tensor]]:
    yield "", loss_of(models[""], batch)


def rates(step: int, of: str) -> float:
    return LR


def told_of_a_round() -> dict[str, Any]:
    """What the training loop counts of a dense round: the difference and the buffers, handed over and on the wire."""
    net = network(norm=True)
    exchange = Differences({"": net}, parse(DENSE), cell_of(DENSE, "rounds:2"), 8, losses, rates)
    stream = iter(batches(2))
    (_, alone), (_, sent) = (exchange.launch(step, 2, stream)[0] for step in range(2))
    assert alone is None and sent is not None
    sizes = [4 * sum(t.numel() for t in net.parameters()), 4 * sum(t.numel() for t in averaged_buffers(net))]
    wire = sum(wire_bytes("all_reduce", size, dist.get_world_size()) for size in sizes)
    return {"sent": [sent["payload_bytes"], sent["wire_bytes"]], "planned": [sum(sizes), round(wire)]}


def accumulated(name: str) -> float:
    """Three times four accumulated batches through the training loop's own exchange, against steps of all four."""
    given, cell = batches(12), cell_of(name, "accumulate:4")
    net, large = network(), network()
    exchange = Gradients({"": net}, compressor_of(name), cell, torch.device("cpu"), losses, rates)
    stream = iter(given)
    for step in (0, 4, 8):
        launched = exchange.launch(step, 12, stream)
        assert [stats is None for _, stats in launched] == [True, True, True, False]
    compressor = compressor_of(name)
    model = DistributedDataParallel(large)
    compressor.register(model, seed=cell.derived_seed)
    optimizer = torch.optim.SGD(compressor.param_groups(large, lr=LR, momentum=0.9, weight_decay=0.0))
    for step in (0, 4, 8):
        x, y = (torch.cat(parts) for parts in zip(*given[step : step + 4], strict=True))
        local_step(model, optimizer, (x, y))
    return gap(net, large)


def resumed(sync: str, name: str, at: int) -> float:
    """How far runs that were saved after some steps and begun anew, in either order, end from the one that went on."""
    given = batches(11)
    net = network(norm=True)
    optimizer = torch.optim.SGD(net.parameters(), lr=LR, momentum=0.9)
    rounds = Rounds(net, optimizer, compressor_of(name), sync)
    for index, batch in enumerate(given):
        if index == at:
            file = io.BytesIO()
            torch.save([net.state_dict(), optimizer.state_dict(), rounds.state_dict()], file)
        local_step(net, optimizer, batch)
        rounds.step()
    rounds.finish()
    ends = []
    for rounds_first in (True, False):
        file.seek(0)
        of_net, of_optimizer, of_rounds = torch.load(file, weights_only=True)
        fresh = network(norm=True)
        fresh_optimizer = torch.optim.SGD(fresh.parameters(), lr=LR, momentum=0.9)
        if rounds_first:
            fresh_rounds = Rounds(fresh, fresh_optimizer, compressor_of(name), sync)
        fresh.load_state_dict(of_net)
        fresh_optimizer.load_state_dict(of_optimizer)
        if not rounds_first:
            fresh_rounds = Rounds(fresh, fresh_optimizer, compressor_of(name), sync)
        fresh_rounds.load_state_dict(of_rounds)
        for batch in given[at:]:
            local_step(fresh, fresh_optimizer, batch)
            fresh_rounds.step()
        fresh_rounds.finish()
        pairs = zip(net.state_dict().values(), fresh.state_dict().values(), strict=True)
        ends += [float((one - other).abs().max()) for one, other in pairs]
    return max(ends)


def peers() -> dict[str, float]:
    """Torch's averager, DiLoCo and FedProx written plainly, and training without rounds at one worker."""
    given, found = batches(12), {}
    workers = dist.get_world_size()

    net, other = network(), network()
    in_rounds(net, parse(DENSE), "rounds:4", given)
    optimizer = torch.optim.SGD(other.parameters(), lr=LR, momentum=0.9)
    averager = PeriodicModelAverager(period=4, warmup_steps=3)
    for batch in given:
        local_step(other, optimizer, batch)
        averager.average_parameters(other.parameters())
    found["torch's PeriodicModelAverager"] = gap(net, other)

    for sync, mu in (("rounds:4:nesterov", 0.0), ("rounds:4:prox:mu=0.3,state=reset", 0.3)):
        net, other = network(), network()
        in_rounds(net, parse(DENSE), sync, given)
        optimizer = torch.optim.SGD(other.parameters(), lr=LR, momentum=0.9)
        velocity = [torch.zeros_like(p) for p in other.parameters()]
        begin = copy.deepcopy(other)
        for index, batch in enumerate(given):
            optimizer.zero_grad()
            near = sum(
                (p - b.detach()).square().sum() for p, b in zip(other.parameters(), begin.parameters(), strict=True)
            )
            (loss_of(other, batch) + mu / 2 * near).backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            if index % 4 < 3:
                continue
            with torch.no_grad():
                for p, b, v in zip(other.parameters(), begin.parameters(), velocity, strict=True):
                    difference = (b - p) / workers
                    dist.all_reduce(difference)
                    v.mul_(0.9).add_(difference)
                    p.copy_(b - (difference if mu else 0.7 * (difference + 0.9 * v)))
                    b.copy_(p)
            if mu:
                optimizer = torch.optim.SGD(other.parameters(), lr=LR, momentum=0.9)
        found[sync] = gap(net, other)

    net, other = network(), network()
    in_rounds(net, parse(DENSE), "rounds:4", given)
    optimizer = torch.optim.SGD(other.parameters(), lr=LR, momentum=0.9)
    for batch in given:
        local_step(other, optimizer, batch)
    found["plain training"] = gap(net, other)
    return found


def find(*_: int) -> dict[str, Any]:
    names = [name for name, kind in COMPRESSORS.items() if kind.collective != "none"]
    return {
        "of_one_step": {name: of_one_step(name) for name in names},
        "every_round": {name: every_round(name) for name in names},
        "accumulated": {name: accumulated(name) for name in names},
        "conserved": {name: conserved(name) for name in OPTIONS},
        "dense_round": dense_round(),
        "told_of_a_round": told_of_a_round(),
        "peers": peers(),
        "resumed": {
            f"{sync} {name} {at}": resumed(sync, name, at)
            for sync in ("rounds:4:nesterov", "rounds:4:prox")
            for name in ("none", "rsdgc")
            for at in (4, 6)
        },
        "buffers": sum(b.numel() for b in network(norm=True).buffers() if b.is_floating_point()),
    }


if __name__ == "__main__":
    answer(find)

"""One rank of the contract tests: trains small networks with every compressor and reports facts as JSON.

Started by test_laws_distributed.py as ``python ranks.py RANK WORLD_SIZE STORE_FILE OUT_FILE``.
"""

from __future__ import annotations

import hashlib
import io
from typing import Any

import torch
import torch.distributed as dist
from rank import answer
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from rsbench.compressors import COMPRESSORS, Compressor, parse
from rsbench.measure.older_torch import no_buffer_sync


def network() -> nn.Module:
    """All kinds of tensors: 3x3 and 1x1 kernels, equal shapes, one element, 1-D, ragged tiles."""
    torch.manual_seed(3)
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, bias=False), nn.BatchNorm2d(8), nn.ReLU(), nn.Conv2d(8, 10, 1), nn.AdaptiveAvgPool2d(4),
        nn.Flatten(), nn.Linear(160, 31), nn.Tanh(), nn.Linear(31, 31), nn.Tanh(), nn.Linear(31, 31), nn.Tanh(),
        nn.Linear(31, 5), nn.Linear(5, 1, bias=False), nn.Linear(1, 1), nn.Linear(1, 4),
    )  # fmt: skip


def train(
    compressor: Compressor | None,
    *,
    steps: int,
    cap_mb: float = 25.0,
    momentum: float = 0.9,
    weight_decay: float = 0.0,
    lr: float = 0.05,
) -> tuple[nn.Module, list[float], dict[str, Any]]:
    net = network()
    model = DistributedDataParallel(net, bucket_cap_mb=cap_mb, **no_buffer_sync())
    if compressor is None:
        optimizer = torch.optim.SGD(net.parameters(), lr=lr, momentum=momentum, weight_decay=weight_decay)
    else:
        compressor.register(model)
        groups = compressor.param_groups(net, lr=lr, momentum=momentum, weight_decay=weight_decay)
        optimizer = torch.optim.SGD(groups)
    rng = torch.Generator().manual_seed(100 + dist.get_rank())
    losses = []
    for _ in range(steps):
        x = torch.randn(8, 3, 10, 10, generator=rng)
        y = (x.mean((1, 2, 3)) > 0).long()
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return net, losses, {} if compressor is None else compressor.step_stats()


def flat(net: nn.Module) -> torch.Tensor:
    return torch.cat([p.detach().flatten() for p in net.parameters()])


def digest(net: nn.Module) -> str:
    return hashlib.sha256(flat(net).numpy().tobytes()).hexdigest()


def distance(a: nn.Module, b: nn.Module) -> float:
    return float((flat(a) - flat(b)).norm() / flat(b).norm())


WITH_OPTIONS = (
    "gcc:residual=true", "gcc:exchange=all_gather", "gcc:exchange=all_gather,residual=true", "dgc:exchange=shared",
    "rsdgc:exchange=oktopk", "blocktopk:exchange=hierarchical",
)  # fmt: skip
"""Options that change the collective or the memory: all laws hold for them too (as in test_laws_distributed.py)."""
EVERY = (*COMPRESSORS, *WITH_OPTIONS)


def ranks_equal() -> dict[str, Any]:
    found = {}
    for name in EVERY:
        net, losses, stats = train(parse(name), steps=12)
        found[name] = {"digest": digest(net), "losses": losses, "stats": stats}
    return found


def plain() -> dict[str, Any]:
    net, _, _ = train(None, steps=12)
    return {"digest": digest(net)}


def bucket_independence() -> dict[str, Any]:
    return {name: [digest(train(parse(name), steps=6, cap_mb=cap)[0]) for cap in (25.0, 0.01)] for name in EVERY}


def density_one() -> dict[str, Any]:
    reference, _, _ = train(None, steps=12)
    sgd, _, _ = train(None, steps=12, momentum=0.0)
    found = {"topk": distance(train(parse("topk:density=1"), steps=12)[0], reference)}
    for name in ("dgc", "rsdgc"):
        unmasked = parse(f"{name}:density=1,momentum_masking=false")
        found[name] = distance(train(unmasked, steps=12)[0], reference)
    masked = parse("dgc:density=1,one_d=select")
    found["masked"] = distance(train(masked, steps=12)[0], sgd)
    return found


def weight_decay() -> dict[str, Any]:
    reference, _, _ = train(None, steps=500, weight_decay=5e-4, lr=0.01)
    return {
        name: distance(
            train(parse(f"{name}:density=1,momentum_masking=false"), steps=500, weight_decay=5e-4, lr=0.01)[0],
            reference,
        )
        for name in ("dgc", "rsdgc")
    }


def _poisoned(text: str, value: float) -> str:
    """The sentence that this rank sees when the last rank's gradient of one tensor is not finite."""
    net = network()
    model = DistributedDataParallel(net, bucket_cap_mb=0.01, **no_buffer_sync())
    compressor = parse(text)
    compressor.register(model)
    compressor.param_groups(net, lr=0.1, momentum=0.9)
    for step in range(3):
        loss = model(torch.ones(2, 3, 10, 10)).sum()
        if step == 2 and dist.get_rank() == dist.get_world_size() - 1:
            net[6].weight.register_hook(lambda g: g * value)
        try:
            loss.backward()
        except RuntimeError as error:
            assert compressor.hook.failure is not None, error
            assert str(compressor.hook.failure) in str(error), "what DDP raises is what the hook kept"
            return str(compressor.hook.failure)
    return "no error; poisoned gradient is " + ("finite" if net[6].weight.grad.isfinite().all() else "not finite")


def poison() -> dict[str, Any]:
    return {name: [_poisoned(name, value) for value in (float("nan"), float("inf"))] for name in EVERY}


VARIANTS = (
    "topk:selector=exact",
    "dgc:nesterov=true,clip_norm=0.5",
    "dgc:warmup_steps=6,warmup=exponential",
    "rsdgc:values=fp16,update_steps=3",
    "rsdgc:values=int8",
    "rsdgc:policy=lamp,score=magnitude,kernels=eager",
)
"""Options whose state must survive too."""


def through_a_file(state: dict[str, Any]) -> dict[str, Any]:
    """Save a rank's state and load it as plain tensors."""
    file = io.BytesIO()
    torch.save(state, file)
    file.seek(0)
    loaded: dict[str, Any] = torch.load(file, weights_only=True)
    return loaded


def resume() -> dict[str, Any]:
    """Save after 4 of 8 steps, load into a fresh compressor, continue: the same weights bit for bit."""
    found = {}
    for name in (*EVERY, *VARIANTS):
        ends = []
        for interrupted in (False, True):
            net = network()
            model = DistributedDataParallel(net, **no_buffer_sync())
            compressor = parse(name)
            compressor.register(model)
            optimizer = torch.optim.SGD(compressor.param_groups(net, lr=0.05, momentum=0.9))
            rng = torch.Generator().manual_seed(dist.get_rank())
            for step in range(8):
                if interrupted and step == 4:
                    state, weights = through_a_file(compressor.state_dict()), net.state_dict()
                    opt = optimizer.state_dict()
                    net = network()
                    net.load_state_dict(weights)
                    model = DistributedDataParallel(net, **no_buffer_sync())
                    compressor = parse(name)
                    compressor.register(model)
                    optimizer = torch.optim.SGD(compressor.param_groups(net, lr=0.05, momentum=0.9))
                    optimizer.load_state_dict(opt)
                    compressor.load_state_dict(state)
                optimizer.zero_grad()
                model(torch.randn(4, 3, 10, 10, generator=rng)).square().mean().backward()
                optimizer.step()
            ends.append(digest(net))
        found[name] = ends
    return found


def shapes() -> dict[str, Any]:
    return {name: list(p.shape) for name, p in network().named_parameters()}


LAWS = (shapes, ranks_equal, plain, bucket_independence, density_one, weight_decay, poison, resume)


if __name__ == "__main__":
    answer(lambda *_: {law.__name__: law() for law in LAWS})

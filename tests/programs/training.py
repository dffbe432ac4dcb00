"""Training of a network by plain DDP or with a compressor, as the tests of real training loops do it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from typing import Any

import torch
import torch.distributed as dist
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from rsbench.compressors import Compressor, parse

MOMENTUM = 0.5  # a power of two: exact gradients stay exact, whether or not m u + g is rounded once (FMA)
TEXTS = {
    "none": "none",
    "topk": "topk:density=0.05",
    "dgc": "dgc:density=0.05",
    "rsdgc": "rsdgc:density=0.05",
    "gcc": "gcc",
    "gcc residual": "gcc:residual=true",
    "powersgd": "powersgd:rank=2",
    "qsgd": "qsgd:group=100",
    "signsgd": "signsgd",
    "dgc shared": "dgc:density=0.05,exchange=shared",
    "rsdgc oktopk": "rsdgc:density=0.05,exchange=oktopk",
    "topk nodes": "topk:density=0.05,exchange=hierarchical,per_node=2",
}
EXACT = {
    "none": "none",
    "topk": "topk:density=1",
    "dgc": "dgc:density=1,momentum_masking=false",
    "rsdgc": "rsdgc:density=1,momentum_masking=false",
    "gcc": "gcc:rho=0",
    "gcc residual": "gcc:rho=0,residual=true",
    "powersgd": "powersgd:rank=1000",
    "dgc shared": "dgc:density=1,momentum_masking=false,exchange=shared",
    "rsdgc oktopk": "rsdgc:density=1,momentum_masking=false,exchange=oktopk",
    "topk nodes": "topk:density=1,exchange=hierarchical,per_node=2",
}
PLAIN = "plain DDP"
Optimize = Callable[[nn.Module, Compressor | None], torch.optim.Optimizer]


def sgd(net: nn.Module, compressor: Compressor | None) -> torch.optim.Optimizer:
    if compressor is None:
        return torch.optim.SGD((p for p in net.parameters() if p.requires_grad), lr=0.05, momentum=MOMENTUM)
    return torch.optim.SGD(compressor.param_groups(net, lr=0.05, momentum=MOMENTUM))


def wrap(text: str, net: nn.Module, optimize: Optimize = sgd, **ddp: Any) -> tuple[Any, Any, torch.optim.Optimizer]:
    """The wrapped model, its compressor (None for plain DDP) and the optimizer; several buckets from step 1 on."""
    model = DistributedDataParallel(net, **{"bucket_cap_mb": 0.005, **ddp})
    compressor = None if text == PLAIN else parse(text)
    if compressor is not None:
        compressor.register(model)
    return model, compressor, optimize(net, compressor)


def images(steps: int) -> Iterable[tuple[torch.Tensor, torch.Tensor]]:
    rng = torch.Generator().manual_seed(100 + dist.get_rank())
    for _ in range(steps):
        x = torch.randn(8, 3, 10, 10, generator=rng)
        yield x, (x.mean((1, 2, 3)) > 0).long()


def fit(
    text: str, net: nn.Module, optimize: Optimize = sgd, *, steps: int = 6, set_to_none: bool = True, **ddp: Any
) -> tuple[nn.Module, Any]:
    model, compressor, optimizer = wrap(text, net, optimize, **ddp)
    for x, y in images(steps):
        optimizer.zero_grad(set_to_none=set_to_none)
        nn.functional.cross_entropy(model(x), y).backward()
        optimizer.step()
    return net, compressor


def digest(tensors: Iterable[torch.Tensor]) -> str:
    return hashlib.sha256(torch.cat([t.detach().flatten() for t in tensors]).numpy().tobytes()).hexdigest()


def weights(net: nn.Module) -> str:
    return digest(net.parameters())


def distance(a: nn.Module, b: nn.Module) -> float:
    one, other = (torch.cat([p.detach().flatten() for p in net.parameters()]) for net in (a, b))
    return float((one - other).norm() / other.norm())


def against_plain(name: str, make: Callable[[], nn.Module], optimize: Optimize = sgd) -> float | None:
    """Distance to plain DDP where nothing is left out; None for those that always leave something out."""
    if name not in EXACT:
        return None
    return distance(fit(EXACT[name], make(), optimize)[0], fit(PLAIN, make(), optimize)[0])


def planned(compressor: Compressor, net: nn.Module, step: int) -> int:
    return compressor.payload_bytes({n: p.shape for n, p in net.named_parameters() if p.requires_grad}, step)

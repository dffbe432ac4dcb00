"""The path of GPUs on the meta device, whose tensors have no data: to read a number on the host is an error there.

This stands in for a GPU, which these tests do not have; it shows that the host never waits, not that the path is fast.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import torch
import torch.distributed as dist
from torch import nn

from rsbench.compressors import parse
from rsbench.measure import collectives

TEXTS = (
    "topk",
    "dgc",
    "dgc:nesterov=true,momentum_masking=false",
    "dgc:clip_norm=1",
    "dgc:values=fp16",
    "rsdgc:policy=uniform,values=int8",
    "dgc:one_d=select",
    "rsdgc:policy=uniform",
    "rsdgc:policy=uniform,neighborhood=tile,norm=none,stat=var",
    "blocktopk:score=l2",
    "blocktopk:kernels=eager",
    "rsdgc:policy=uniform,kernels=eager",
    "randomk",
)


class Bucket:
    """All gradients of a network in one bucket, as DDP hands it to a hook."""

    def __init__(self, net: nn.Module) -> None:
        self._parameters = list(net.parameters())
        self._flat = torch.empty(sum(p.numel() for p in self._parameters), device="meta")

    def buffer(self) -> torch.Tensor:
        return self._flat

    def parameters(self) -> list[nn.Parameter]:
        return self._parameters

    def gradients(self) -> list[torch.Tensor]:
        views = torch.split(self._flat, [p.numel() for p in self._parameters])
        return [view.view(p.shape) for view, p in zip(views, self._parameters, strict=True)]

    def index(self) -> int:
        return 0

    def is_last(self) -> bool:
        return True


def wrapped(net: nn.Module) -> SimpleNamespace:
    """What a hook asks of a model in DDP."""
    facts = {"process_group": dist.group.WORLD, "find_unused_parameters": False, "parameters_to_ignore": set()}
    return SimpleNamespace(module=net, **facts)


@pytest.mark.parametrize("scales", [False, True])
@pytest.mark.parametrize("density", [0.001, 0.05, 1.0])
@pytest.mark.parametrize("text", TEXTS)
def test_no_number_is_read_on_the_host(
    monkeypatch: pytest.MonkeyPatch, text: str, density: float, scales: bool
) -> None:
    with torch.device("meta"):
        net = nn.Sequential(nn.Conv2d(8, 64, 3), nn.Conv2d(64, 30, 1), nn.Flatten(), nn.Linear(300, 100))
    model: Any = wrapped(net)
    compressor = parse(text).with_density(density)
    compressor.param_groups(net, lr=0.1, momentum=0.9)
    hook: Any = compressor.make_hook(model)
    bucket = Bucket(net)
    hook.scaler = torch.amp.GradScaler("cpu") if scales else None
    # the meta device has no generators, and draws nothing
    monkeypatch.setattr(torch, "Generator", lambda device: SimpleNamespace(manual_seed=lambda seed: None))
    monkeypatch.setattr(collectives, "all_gather", lambda message, into, traffic, group: into)
    hook.begin_step()
    hook.exchange(bucket)
    assert hook.finish(bucket, None) is bucket.buffer()
    assert len(hook._late) == 1, "faults are read at the next step"


CODED_AND_SUMMED = (
    "qsgd",
    "qsgd:group=0,norm=l2",
    "signsgd",
    "powersgd",
    "gcc",
    "gcc:residual=true",
    "gcc:exchange=all_gather",
    "gcc:exchange=all_gather,residual=true",
)


@pytest.mark.parametrize("scales", [False, True])
@pytest.mark.parametrize("text", CODED_AND_SUMMED)
def test_no_number_is_read_on_the_host_by_codes_factors_and_masks(
    monkeypatch: pytest.MonkeyPatch, text: str, scales: bool
) -> None:
    with torch.device("meta"):
        net = nn.Sequential(nn.Conv2d(8, 64, 3), nn.Conv2d(64, 30, 1), nn.Flatten(), nn.Linear(300, 100))
    model: Any = wrapped(net)
    compressor = parse(text)
    hook: Any = compressor.make_hook(model)
    hook.scaler = torch.amp.GradScaler("cpu") if scales and compressor.keeps_residual else None
    bucket, calls = Bucket(net), []
    # the meta device has no generators, and draws nothing
    monkeypatch.setattr(torch, "Generator", lambda device: SimpleNamespace(manual_seed=lambda seed: None))

    def started(*given: Any, **options: Any) -> Any:
        calls.append(given[0])
        return SimpleNamespace(wait=lambda: None)

    for collective in ("all_reduce", "all_gather", "start_broadcast"):
        monkeypatch.setattr(collectives, collective, started)
    monkeypatch.setattr(collectives, "both", lambda first, second: first)
    for step in range(2):
        hook.begin_step()
        hook.exchange(bucket)
        assert hook.finish(bucket, None) is bucket.buffer()
        assert len(hook._late) == int(compressor.keeps_residual or compressor.collective == "all_gather")
        hook._late.clear()  # is read at the next step, which the meta device cannot
        hook.step = step + 1
    assert {call.device.type for call in calls} == {"meta"}


def test_the_check_can_fail() -> None:
    with pytest.raises(RuntimeError):
        torch.empty(3, device="meta").sum().item()
    with pytest.raises((RuntimeError, NotImplementedError)):
        torch.empty(3, device="meta").nonzero()

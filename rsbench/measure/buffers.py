"""Buffers that ranks agree on: their mean over all ranks, and what modules make of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol, runtime_checkable

import torch
import torch.distributed as dist
from torch import nn

from rsbench.measure import collectives


@runtime_checkable
class FollowsAveraging(Protocol):
    """A module some of whose buffers follow from others: those are not averaged, but made anew after averaging.

    Attributes:
        not_averaged: names of its own buffers that no mean is taken of.
    """

    not_averaged: frozenset[str]

    def after_averaging(self) -> None:
        """Make anew, on every rank alike, what follows from the averaged buffers."""


def averaged_buffers(model: nn.Module) -> Iterator[torch.Tensor]:
    """Yield the floating-point buffers that are averaged, in the model's order, each once."""
    seen: set[int] = set()
    for module in model.modules():
        left_out = module.not_averaged if isinstance(module, FollowsAveraging) else frozenset()
        for name, buffer in module.named_buffers(recurse=False):
            if buffer.is_floating_point() and name not in left_out and id(buffer) not in seen:
                seen.add(id(buffer))
                yield buffer


def average_buffers(
    model: nn.Module, traffic: collectives.Traffic, group: dist.ProcessGroup | None = None, *, share: float = 1.0
) -> None:
    """Average floating-point buffers (batch-norm statistics, Gram matrices) over the ranks, in one all-reduce.

    Modules that :class:`FollowsAveraging` describes are told afterwards, on one worker, too.

    Args:
        model: bare or wrapped.
        traffic: counts the bytes handed over.
        group: None is the default group.
        share: by which this rank counts; the mean over the ranks is 1.
    """
    buffers = list(averaged_buffers(model))
    if not buffers:
        return
    flat = torch.cat([b.detach().flatten() for b in buffers]).mul_(share / dist.get_world_size(group))
    collectives.wait(collectives.all_reduce(flat, traffic, group), traffic)
    for buffer, mean in zip(buffers, torch.split(flat, [b.numel() for b in buffers]), strict=True):
        buffer.copy_(mean.view_as(buffer))
    for module in model.modules():
        if isinstance(module, FollowsAveraging):
            module.after_averaging()

"""Averages of a network's buffers, such as the statistics of batch norm, over the ranks."""

from __future__ import annotations

import torch
import torch.distributed as dist
from torch import nn

from rsbench.measure import collectives


def average_buffers(model: nn.Module, traffic: collectives.Traffic, group: dist.ProcessGroup | None = None) -> None:
    """Average floating-point buffers (batch-norm statistics) over the ranks, in one all-reduce.

    Args:
        model: the bare network.
        traffic: counts the bytes.
        group: None is the default group.
    """
    buffers = [b for b in model.buffers() if b.is_floating_point()]
    if not buffers:
        return
    flat = torch.cat([b.detach().flatten() for b in buffers]).mul_(1 / dist.get_world_size(group))
    collectives.wait(collectives.all_reduce(flat, traffic, group), traffic)
    for buffer, mean in zip(buffers, torch.split(flat, [b.numel() for b in buffers]), strict=True):
        buffer.copy_(mean.view_as(buffer))

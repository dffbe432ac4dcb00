"""The few names of torch that are newer than 2.11, for machines whose torch cannot be renewed.

``pyproject.toml`` asks users for a newer torch. On a machine that has an older one the compressors run from the source
tree, and this module is all that knows of the difference (``docs/decisions/0021-older-torch.md``).
"""

from __future__ import annotations

import inspect
from typing import Any, cast

import torch
import torch.distributed as dist
from torch.nn.parallel import DistributedDataParallel


def all_gather_single(
    into: torch.Tensor, mine: torch.Tensor, *, group: dist.ProcessGroup | None = None, async_op: bool = False
) -> dist.Work | None:
    """Gather equally large tensors of all ranks, in rank order, into one: [n, ...] -> [W * n, ...].

    Returns:
        A handle if ``async_op``, else None when it is done.
    """
    gather: Any = getattr(dist, "all_gather_single", None) or dist.all_gather_into_tensor
    return cast("dist.Work | None", gather(into, mine, group=group, async_op=async_op))


def no_buffer_sync() -> dict[str, Any]:
    """Return the argument of DistributedDataParallel that keeps forward passes from broadcasting buffers."""
    known = inspect.signature(DistributedDataParallel.__init__).parameters
    return {"forward_sync_buffers" if "forward_sync_buffers" in known else "broadcast_buffers": False}

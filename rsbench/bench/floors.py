"""Hooks below which no method of their kind can go: they move memory or multiply, and choose and send nothing.

No ``from __future__ import annotations`` here: DDP refuses a hook whose annotations are text.
"""

import time
from collections.abc import Callable

import numpy as np
import torch
import torch.distributed as dist
from torch._C._distributed_c10d import GradBucket

from rsbench.bench.rows import ERROR_FEEDBACK_FLOOR, MOMENTUM_FLOOR, PRODUCTS_FLOOR
from rsbench.compressors.selection.centroid import filter_products
from rsbench.measure.older_torch import all_gather_single

Pass = Callable[[GradBucket], None]
"""What is done to a bucket, in place."""


class FloorHook:
    """Does one thing to each bucket, then gathers a message of one byte from all ranks, as compressors gather theirs.

    Attributes:
        compress_s: seconds of the last step inside the hook, up to the collective's start.
    """

    def __init__(self, work: Pass) -> None:
        self._work = work
        self._message = torch.zeros(1, dtype=torch.uint8)
        self.compress_s = 0.0

    def run(self, state: None, bucket: GradBucket) -> torch.futures.Future[torch.Tensor]:
        """Do it to one bucket, and send nothing."""
        start = time.perf_counter()
        buffer = bucket.buffer()
        self._work(bucket)
        into = self._message.new_empty(dist.get_world_size())
        begun = all_gather_single(into, self._message, async_op=True)
        assert begun is not None
        spent = time.perf_counter() - start
        self.compress_s = spent if bucket.index() == 0 else self.compress_s + spent
        return begun.get_future().then(lambda _: buffer)


def error_feedback_traffic(compiled: bool) -> Pass:
    """Return ``v <- v + g; g <- 0`` on whole buckets: one compiled loop, or two torch operations."""
    memory: dict[tuple[int, int], torch.Tensor] = {}
    loop = _compiled_loops()[0] if compiled else None

    def work(bucket: GradBucket) -> None:
        g = bucket.buffer()
        v = _kept(memory, bucket.index(), g)
        if loop is not None:
            loop(g.numpy(), v.numpy())
        else:
            v.add_(g)
            g.zero_()

    return work


def momentum_traffic(compiled: bool, momentum: float = 0.9) -> Pass:
    """Return ``u <- m u + g; v <- v + u; g <- 0`` on whole buckets: one compiled loop, or four torch operations."""
    velocities: dict[tuple[int, int], torch.Tensor] = {}
    memory: dict[tuple[int, int], torch.Tensor] = {}
    loop = _compiled_loops()[1] if compiled else None

    def work(bucket: GradBucket) -> None:
        g = bucket.buffer()
        u, v = _kept(velocities, bucket.index(), g), _kept(memory, bucket.index(), g)
        if loop is not None:
            loop(g.numpy(), u.numpy(), v.numpy(), np.float32(momentum))
        else:
            v.add_(u.mul_(momentum).add_(g))
            g.zero_()

    return work


def _products(bucket: GradBucket) -> None:
    """Multiply the filters of each tensor of more than two dimensions with each other, as GCC does."""
    filter_products(gradient for gradient in bucket.gradients() if gradient.dim() > 2)


def floor_hook(name: str, compiled: bool) -> FloorHook:
    """Return the hook of a floor.

    Args:
        name: as rows call it.
        compiled: whether numba works here.
    """
    works: dict[str, Callable[[], Pass]] = {
        ERROR_FEEDBACK_FLOOR: lambda: error_feedback_traffic(compiled),
        MOMENTUM_FLOOR: lambda: momentum_traffic(compiled),
        PRODUCTS_FLOOR: lambda: _products,
    }
    return FloorHook(works[name]())


def _kept(memory: dict[tuple[int, int], torch.Tensor], index: int, like: torch.Tensor) -> torch.Tensor:
    """Return what is kept for a bucket; the first step's buckets are others than the later ones'."""
    key = index, like.numel()
    if key not in memory:
        memory[key] = torch.zeros_like(like)
    return memory[key]


def _compiled_loops() -> tuple[Callable[..., None], Callable[..., None]]:
    """Return both loops, compiled on their first call on a machine."""
    if not _LOOPS:
        from rsbench.compressors.kernels.jit import jit  # late: numba may be missing

        _LOOPS.extend((jit(_take_in), jit(_take_in_momentum)))
    return _LOOPS[0], _LOOPS[1]


_LOOPS: list[Callable[..., None]] = []


def _take_in(g, v):  # type: ignore[no-untyped-def]
    for i in range(g.size):
        v[i] += g[i]
        g[i] = 0.0


def _take_in_momentum(g, u, v, momentum):  # type: ignore[no-untyped-def]
    for i in range(g.size):
        u[i] = momentum * u[i] + g[i]
        v[i] += u[i]
        g[i] = 0.0

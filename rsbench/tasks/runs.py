"""A run of pixels for each rank, read chunk by chunk, and what all ranks found together."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import torch
import torch.distributed as dist
from numpy.typing import NDArray

from rsbench.measure.clock import clock_for
from rsbench.measure.heartbeat import beat
from rsbench.measure.older_torch import all_gather_single
from rsbench.measure.pace import Pace

CHUNK = 8192
"""Pixels that are scored at a time."""


class Runs:
    """Cuts pixels, or rows of them, into one run a rank, all of the same length but the last ones.

    Args:
        count: of the pixels or rows.
        device: this rank's.
        chunk: how many are scored at a time.
    """

    def __init__(self, count: int, device: torch.device, chunk: int = CHUNK) -> None:
        self._count, self._device, self._chunk = count, device, chunk
        self._workers, rank = dist.get_world_size(), dist.get_rank()
        self._longest = math.ceil(count / self._workers)
        self._mine = range(rank * self._longest, min((rank + 1) * self._longest, count))

    def chunks(self) -> Iterator[slice]:
        """Yield the chunks of this rank's run, in order, as slices of all pixels."""
        pace = Pace(clock_for(self._device))
        for start in self._mine[:: self._chunk]:
            beat("score a run of pixels")
            yield slice(start, min(start + self._chunk, self._mine.stop))
            pace.keep()

    def room(self, *shape: int) -> torch.Tensor:
        """Return zeros [longest run, ...] for what this rank finds of its pixels."""
        return torch.zeros(self._longest, *shape, device=self._device)

    def within(self, chunk: slice) -> slice:
        """Return the place of a chunk in :meth:`room`."""
        return slice(chunk.start - self._mine.start, chunk.stop - self._mine.start)

    def gathered(self, found: torch.Tensor) -> NDArray[np.float32]:
        """Return what all ranks found, [pixels, ...] in their order, of each rank's filled :meth:`room`."""
        every = torch.empty(self._workers * self._longest, *found.shape[1:], device=self._device)
        all_gather_single(every, found)
        gathered: NDArray[np.float32] = every[: self._count].cpu().numpy()
        return gathered

    def mean(self, total: torch.Tensor) -> float:
        """Return the mean over all pixels of a float64 sum [1] that each rank has of its own."""
        dist.all_reduce(total)
        return float(total) / self._count

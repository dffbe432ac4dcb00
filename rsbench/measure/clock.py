"""Time marks that are right on CPUs and GPUs."""

from __future__ import annotations

import time
from typing import Any

import torch


class Clock:
    """Marks of ``time.perf_counter``: right where operations have finished when they return (CPUs)."""

    def mark(self) -> Any:
        """Return a mark of now."""
        return time.perf_counter()

    def settle(self) -> None:
        """Wait until every mark has been passed, which on a CPU they are."""

    def seconds(self, start: Any, end: Any) -> float:
        """Return the seconds from one mark to another; call :meth:`settle` first."""
        return float(end - start)


class CudaClock(Clock):
    """CUDA events on the current stream: no host synchronisation until :meth:`settle`.

    Not run on a GPU by us so far.
    """

    def mark(self) -> torch.cuda.Event:
        """Record an event on the current stream."""
        event = torch.cuda.Event(enable_timing=True)  # type: ignore[no-untyped-call]
        event.record()
        return event

    def settle(self) -> None:
        """Wait for all work on the device."""
        torch.cuda.synchronize()

    def seconds(self, start: torch.cuda.Event, end: torch.cuda.Event) -> float:
        """Return the seconds between two events."""
        return float(start.elapsed_time(end)) / 1e3


def clock_for(device: torch.device | str) -> Clock:
    """Return the clock that is right for tensors on ``device``."""
    return CudaClock() if torch.device(device).type == "cuda" else Clock()

"""Time marks that are right on CPUs and GPUs."""

from __future__ import annotations

import time
from typing import Any, ClassVar

import torch


class Clock:
    """Marks of ``time.perf_counter``: right where operations have finished when they return (CPUs).

    Attributes:
        lag: how many steps later a step's marks and losses are read, so that the host can run ahead of the device.
    """

    lag: ClassVar[int] = 0

    def mark(self) -> Any:
        """Return a mark of now."""
        return time.perf_counter()

    def cpu_s(self) -> float | None:
        """Return the CPU time of the calling thread so far, which other programs on the machine do not lengthen.

        None where another device computes.
        """
        return time.thread_time()

    def wait(self, mark: Any) -> None:
        """Wait until a mark has been passed, which on a CPU it is."""

    def seconds(self, start: Any, end: Any) -> float:
        """Return the seconds from one mark to another; :meth:`wait` for both first."""
        return float(end - start)


class CudaClock(Clock):
    """CUDA events on the current stream: the host waits for old ones only, never for the whole device.

    Not run on a GPU by us so far.
    """

    lag = 1

    def mark(self) -> torch.cuda.Event:
        """Record an event on the current stream."""
        event = torch.cuda.Event(enable_timing=True)  # type: ignore[no-untyped-call]
        event.record()
        return event

    def cpu_s(self) -> None:
        """Return None: the device computes."""
        return

    def wait(self, mark: torch.cuda.Event) -> None:
        """Wait for the work before an event; what was launched after it goes on."""
        mark.synchronize()

    def seconds(self, start: torch.cuda.Event, end: torch.cuda.Event) -> float:
        """Return the seconds between two events."""
        return float(start.elapsed_time(end)) / 1e3


def clock_for(device: torch.device | str) -> Clock:
    """Return the clock that is right for tensors on ``device``."""
    return CudaClock() if torch.device(device).type == "cuda" else Clock()

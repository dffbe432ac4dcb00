"""Step time and its split, as design terms: data + forward + backward + compress + wait + decompress + optimizer."""

from __future__ import annotations

import dataclasses
import resource
import statistics
import sys
from collections.abc import Sequence
from typing import Any, Protocol

import torch

from rsbench.measure.clock import Clock


class BucketMarks(Protocol):
    """Marks of one bucket on its way through a hook."""

    start: Any
    sent: Any
    arrived: Any
    decoded: Any


@dataclasses.dataclass(frozen=True, kw_only=True)
class StepTimes:
    """Seconds of one step on this rank; the parts but ``overlapped_s`` add up to ``step_time_s``.

    Attributes:
        step_time_s: from asking the loader to the end of the optimizer step.
        data_s: until the batch is on the device.
        forward_s: forward pass and loss.
        backward_s: backward pass without the time inside the hook and after its last call.
        compress_s: inside the hook: accumulate, select, encode, start the collective (and renew densities).
        wait_s: after the last hook call, waiting for collectives with nothing left to compute.
        decompress_s: after the last hook call, decoding.
        optimizer_s: zeroing, clipping, optimizer and schedule.
        other_s: the rest.
        overlapped_s: collectives under way while backward still computed; not part of the sum.
    """

    step_time_s: float
    data_s: float
    forward_s: float
    backward_s: float
    compress_s: float
    wait_s: float
    decompress_s: float
    optimizer_s: float
    other_s: float
    overlapped_s: float


SPLIT = tuple(f.name for f in dataclasses.fields(StepTimes))


def _union_s(spans: Sequence[tuple[float, float]], start: float, end: float) -> float:
    """Seconds within [start, end] that at least one span covers."""
    covered, reached = 0.0, start
    for begin, stop in sorted(spans):
        first, last = max(begin, reached), min(stop, end)
        if last > first:
            covered += last - first
            reached = last
    return covered


class StepTimer:
    """Marks the phases of one step; :meth:`times` reads them after the step.

    It begins when it is made. Call :meth:`end_of` after each of ``data``, ``forward``, ``backward``, ``optimizer``
    and at last for ``end``.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._marks: dict[str, Any] = {"begin": clock.mark()}

    def end_of(self, phase: str) -> None:
        """A phase is over."""
        self._marks[phase] = self._clock.mark()

    def times(self, timeline: Sequence[BucketMarks]) -> StepTimes:
        """Split the step by the marks and by the hook's timeline."""
        self._clock.settle()
        at = {name: self._clock.seconds(self._marks["begin"], mark) for name, mark in self._marks.items()}
        buckets = [
            tuple(self._clock.seconds(self._marks["begin"], m) for m in (b.start, b.sent, b.arrived, b.decoded))
            for b in timeline
        ]
        last_sent = buckets[-1][1] if buckets else at["backward"]
        compress = sum(sent - start for start, sent, _, _ in buckets)
        tail = at["backward"] - last_sent
        decompress = _union_s([(arrived, decoded) for _, _, arrived, decoded in buckets], last_sent, at["backward"])
        overlapped = _union_s([(sent, arrived) for _, sent, arrived, _ in buckets], at["forward"], last_sent)
        parts = {
            "data_s": at["data"],
            "forward_s": at["forward"] - at["data"],
            "backward_s": last_sent - at["forward"] - compress,
            "compress_s": compress,
            "wait_s": tail - decompress,
            "decompress_s": decompress,
            "optimizer_s": at["optimizer"] - at["backward"],
        }
        step_time = at["end"]
        return StepTimes(
            step_time_s=step_time, other_s=step_time - sum(parts.values()), overlapped_s=overlapped, **parts
        )


def total(phases: Sequence[StepTimes]) -> StepTimes:
    """Sum of the phases of one step, which follow one another."""
    return StepTimes(**{name: sum(getattr(phase, name) for phase in phases) for name in SPLIT})


def skipped_steps(steps: int) -> int:
    """How many first steps summaries leave out: min(5, a third of them)."""
    return min(5, steps // 3)


def summarize(steps: Sequence[StepTimes]) -> dict[str, Any]:
    """Median step time and mean split over the counted steps.

    Args:
        steps: all steps of the run in order, at least one.
    """
    skipped = skipped_steps(len(steps))
    counted = steps[skipped:]
    summary: dict[str, Any] = {
        name: statistics.fmean(getattr(s, name) for s in counted) for name in SPLIT if name != "step_time_s"
    }
    summary["step_time_s"] = statistics.median(s.step_time_s for s in counted)
    return summary | {"steps_counted": len(counted), "steps_skipped": skipped}


def peak_rss_bytes() -> int:
    """Largest resident memory of this process so far (Linux counts in KiB, macOS in bytes)."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else 1024 * peak


def peak_cuda_bytes(device: torch.device) -> int | None:
    """Largest memory that tensors took on a GPU; None on a CPU."""
    return torch.cuda.max_memory_allocated(device) if device.type == "cuda" else None

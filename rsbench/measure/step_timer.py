"""The stopwatch of a training step: marks between its phases, read after it has ended, on GPUs a step later."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from rsbench.measure.clock import Clock
from rsbench.measure.step_times import StepTimes


class BucketMarks(Protocol):
    """Marks of one bucket on its way through a hook."""

    start: Any
    sent: Any
    arrived: Any
    decoded: Any


class StepTimer:
    """A stopwatch that starts when it is made; :meth:`times` reads it after the step, at any time.

    Call :meth:`end_of` after each of ``data``, ``forward``, ``backward``, ``optimizer`` and at last for ``end``.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._marks: dict[str, Any] = {"begin": clock.mark()}

    def end_of(self, phase: str) -> None:
        """Mark the end of a phase."""
        self._marks[phase] = self._clock.mark()

    def times(self, timeline: Sequence[BucketMarks]) -> StepTimes:
        """Return the step's times, split by the marks and by the hook's timeline, one entry a bucket in their order.

        Waits until the device has passed the step's last marks.
        """
        for last in (self._marks["end"], *(bucket.decoded for bucket in timeline)):
            self._clock.wait(last)
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


def _union_s(spans: Sequence[tuple[float, float]], start: float, end: float) -> float:
    """Return the seconds within [start, end] that at least one span covers."""
    covered, reached = 0.0, start
    for begin, stop in sorted(spans):
        first, last = max(begin, reached), min(stop, end)
        if last > first:
            covered += last - first
            reached = last
    return covered

"""The stopwatch of a training step: marks between its phases, read after it has ended, on GPUs a step later."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Sequence
from typing import Any, Protocol

from rsbench.measure.clock import Clock
from rsbench.measure.step_times import BucketTimes, CallSize, PhaseTimes, StepTimes


class StartedCall(Protocol):
    """A collective that a hook started, see :class:`rsbench.measure.collectives.Call`."""

    op: str
    payload_bytes: int
    workers: int
    blocking: bool


class BucketMarks(Protocol):
    """Marks of one bucket on its way through a hook, its collectives and the marks of waiting for them."""

    start: Any
    sent: Any
    arrived: Any
    decoded: Any
    calls: list[Any]
    waits: list[tuple[Any, Any]]
    compress_cpu_s: float | None
    decompress_cpu_s: float | None


class StepTimer:
    """A stopwatch that starts when it is made; :meth:`times` reads it after the step, at any time.

    Call :meth:`end_of` after each of ``data``, ``forward``, ``backward``, ``optimizer`` and at last for ``end``.

    Attributes:
        began_s: when it was made, by the host's clock ``time.perf_counter``.
        marks: the begin, and the end of each phase, as its clock made them.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.began_s = time.perf_counter()
        self.marks: dict[str, Any] = {"begin": clock.mark()}
        self._cpu_s: dict[str, float] = {}

    def end_of(self, phase: str) -> None:
        """Mark the end of a phase."""
        self.marks[phase] = self._clock.mark()
        if phase in ("data", "forward"):
            self._cpu_s[phase] = time.thread_time()

    def times(self, timeline: Sequence[BucketMarks]) -> StepTimes:
        """Return the times of :meth:`read`."""
        return self.read(timeline).times

    def read(self, timeline: Sequence[BucketMarks]) -> PhaseTimes:
        """Return what was timed, split by the marks and by the hook's timeline, one entry a bucket in their order.

        Waits until the device has passed the step's last marks.
        """
        for last in (self.marks["end"], *(bucket.decoded for bucket in timeline)):
            self._clock.wait(last)
        at = {name: self.since_begin(mark) for name, mark in self.marks.items()}
        buckets = self._buckets(timeline, at["forward"])
        spans = [tuple(map(self.since_begin, (b.sent, b.arrived, b.decoded))) for b in timeline]
        last_sent = spans[-1][0] if spans else at["backward"]
        compress, waited = sum(b.compress_s for b in buckets), sum(b.wait_s for b in buckets)
        decompress = _union_s([(arrived, decoded) for _, arrived, decoded in spans], last_sent, at["backward"])
        overlapped = _union_s([(sent, arrived) for sent, arrived, _ in spans], at["forward"], last_sent)
        parts = {
            "data_s": at["data"],
            "forward_s": at["forward"] - at["data"],
            "backward_s": last_sent - at["forward"] - compress - waited,
            "compress_s": compress,
            "wait_s": waited + at["backward"] - last_sent - decompress,
            "decompress_s": decompress,
            "optimizer_s": at["optimizer"] - at["backward"],
        }
        step_time = at["end"]
        times = StepTimes(
            step_time_s=step_time, other_s=step_time - sum(parts.values()), overlapped_s=overlapped, **parts
        )
        cpu = self._cpu_s["forward"] - self._cpu_s["data"] if self._clock.lag == 0 else None
        return PhaseTimes(times=times, buckets=buckets, forward_cpu_s=cpu)

    def since_begin(self, mark: Any) -> float:
        """Return the seconds from the begin to a mark; :meth:`read` has waited for those of its step."""
        return self._clock.seconds(self.marks["begin"], mark)

    def _buckets(self, timeline: Sequence[BucketMarks], backward_began_s: float) -> list[BucketTimes]:
        """Return each bucket's seconds."""
        buckets, in_hooks = [], 0.0
        for bucket in timeline:
            start, sent, arrived, decoded = map(
                self.since_begin, (bucket.start, bucket.sent, bucket.arrived, bucket.decoded)
            )
            waited = sum(self._clock.seconds(begin, end) for begin, end in bucket.waits)
            buckets.append(
                BucketTimes(
                    ready_s=start - backward_began_s - in_hooks,
                    compress_s=sent - start - waited,
                    wait_s=waited,
                    took_s=max(0.0, arrived - sent),
                    decompress_s=decoded - arrived,
                    calls=[_size(call) for call in bucket.calls],
                    compress_cpu_s=bucket.compress_cpu_s,
                    decompress_cpu_s=bucket.decompress_cpu_s,
                )
            )
            in_hooks += sent - start
        return buckets


class RoundTimer(StepTimer):
    """A stopwatch of a round's end: its phases are those of a step whose forward pass takes the difference."""

    def read(self, timeline: Sequence[BucketMarks]) -> PhaseTimes:
        """Return what was timed, as the end of a round."""
        return dataclasses.replace(super().read(timeline), forward_cpu_s=None, ends_round=True)


def _size(call: StartedCall) -> CallSize:
    return CallSize(op=call.op, payload_bytes=call.payload_bytes, workers=call.workers, blocking=call.blocking)


def _union_s(spans: Sequence[tuple[float, float]], start: float, end: float) -> float:
    """Return the seconds within [start, end] that at least one span covers."""
    covered, reached = 0.0, start
    for begin, stop in sorted(spans):
        first, last = max(begin, reached), min(stop, end)
        if last > first:
            covered += last - first
            reached = last
    return covered

"""A step is split by marks."""

from __future__ import annotations

import dataclasses

from rsbench.measure.clock import Clock
from rsbench.measure.collectives import Call
from rsbench.measure.step_timer import StepTimer
from rsbench.measure.step_times import BucketTimes, CallSize, StepTimes


@dataclasses.dataclass
class Marks:
    start: float
    sent: float
    arrived: float
    decoded: float
    waits: list[tuple[float, float]] = dataclasses.field(default_factory=list)
    calls: list[Call] = dataclasses.field(default_factory=list)
    compress_cpu_s: float | None = None
    decompress_cpu_s: float | None = None


class Recorded(Clock):
    """A clock that reads out what the test wrote."""

    def __init__(self, marks: list[float]) -> None:
        self._marks = iter(marks)

    def mark(self) -> float:
        return next(self._marks)

    def seconds(self, start: float, end: float) -> float:
        return end - start


def test_a_step_is_split_by_its_marks() -> None:
    """begin 0, data 1, forward 3, backward 10, optimizer 11, end 11; two buckets, the second waits from 7 on."""
    timer = StepTimer(Recorded([0.0, 1.0, 3.0, 10.0, 11.0, 11.0]))
    for phase in ("data", "forward", "backward", "optimizer", "end"):
        timer.end_of(phase)
    times = timer.times([Marks(4.0, 4.5, 5.5, 6.0), Marks(6.5, 7.0, 9.0, 9.75)])
    assert times == StepTimes(
        step_time_s=11.0,
        data_s=1.0,
        forward_s=2.0,
        backward_s=3.0,
        compress_s=1.0,
        wait_s=2.25,
        decompress_s=0.75,
        optimizer_s=1.0,
        other_s=0.0,
        overlapped_s=1.0,
    )


def test_what_a_hook_waited_is_waiting_and_no_compressing() -> None:
    """As above, and the first hook call waits from 4.1 to 4.4 for a sum that it needs."""
    timer = StepTimer(Recorded([0.0, 1.0, 3.0, 10.0, 11.0, 11.0]))
    for phase in ("data", "forward", "backward", "optimizer", "end"):
        timer.end_of(phase)
    blocking = Call(op="all_reduce", payload_bytes=40, workers=2, blocking=True)
    first = Marks(4.0, 4.5, 5.5, 6.0, waits=[(4.125, 4.375)], calls=[blocking])
    read = timer.read([first, Marks(6.5, 7.0, 9.0, 9.75)])
    assert (read.times.compress_s, read.times.wait_s, read.times.backward_s) == (0.75, 2.5, 3.0)
    assert read.buckets == [
        BucketTimes(
            ready_s=1.0,
            compress_s=0.25,
            wait_s=0.25,
            took_s=1.0,
            decompress_s=0.5,
            calls=[CallSize(op="all_reduce", payload_bytes=40, workers=2, blocking=True)],
        ),
        BucketTimes(ready_s=3.0, compress_s=0.5, wait_s=0.0, took_s=2.0, decompress_s=0.75, calls=[]),
    ]

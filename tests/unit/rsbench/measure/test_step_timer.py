"""A step is split by marks."""

from __future__ import annotations

import dataclasses

from rsbench.measure.clock import Clock
from rsbench.measure.step_timer import StepTimer
from rsbench.measure.step_times import StepTimes


@dataclasses.dataclass
class Marks:
    start: float
    sent: float
    arrived: float
    decoded: float


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

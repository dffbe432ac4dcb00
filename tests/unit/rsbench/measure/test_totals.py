"""Sums over the steps of a run."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from rsbench.measure.step_times import StepTimer, StepTimes, skipped_steps
from rsbench.measure.totals import RunTotals

TIMES = StepTimes(**{f.name: 1.0 for f in dataclasses.fields(StepTimes)})


def stats(payload: int) -> dict[str, Any]:
    return {
        "payload_bytes": payload,
        "wire_bytes": payload,
        "dense_bytes": 4000,
        "one_d_bytes": 4,
        "mean_density": payload / 8000,
        "density": {"w": payload / 8000},
    }


def filled(payloads: list[int], steady_from_step: int) -> dict[str, Any]:
    tally = RunTotals(2, steady_from_step)
    for payload in payloads:
        tally.add(stats(payload), TIMES)
    return tally.traffic()


def test_the_steady_state_begins_after_the_warm_up() -> None:
    found = filled([1000] * 8 + [10] * 2, steady_from_step=8)
    assert found["compression_ratio"] == pytest.approx(40_000 / 8020)
    assert found["steady_ratio"] == 400
    assert found["payload_bytes_per_step"] == 10


def test_without_a_steady_step_there_is_no_steady_ratio() -> None:
    found = filled([1000] * 4, steady_from_step=4)
    assert found["steady_ratio"] is None
    assert found["payload_bytes_per_step"] == 1000


def test_nothing_sent_has_no_ratio() -> None:
    found = filled([0] * 4, steady_from_step=0)
    assert found["compression_ratio"] is found["wire_ratio"] is found["steady_ratio"] is None


@dataclasses.dataclass
class Marks:
    start: float
    sent: float
    arrived: float
    decoded: float


class Recorded:
    """A clock that reads out what the test wrote."""

    def __init__(self, marks: list[float]) -> None:
        self._marks = iter(marks)

    def mark(self) -> float:
        return next(self._marks)

    def settle(self) -> None:
        pass

    def seconds(self, start: float, end: float) -> float:
        return end - start


def test_a_step_is_split_by_its_marks() -> None:
    """begin 0, data 1, forward 3, backward 10, optimizer 11, end 11; two buckets, the second waits from 7 on."""
    timer = StepTimer(Recorded([0.0, 1.0, 3.0, 10.0, 11.0, 11.0]))
    for phase in ("data", "forward", "backward", "optimizer", "end"):
        timer.end_of(phase)
    found = timer.times([Marks(4.0, 4.5, 5.5, 6.0), Marks(6.5, 7.0, 9.0, 9.75)])
    assert found == StepTimes(
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


def test_skipped_steps() -> None:
    assert [skipped_steps(n) for n in (1, 3, 12, 15, 100)] == [0, 1, 4, 5, 5]

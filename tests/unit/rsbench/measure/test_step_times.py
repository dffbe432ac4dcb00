"""The phases of a step."""

from __future__ import annotations

from rsbench.measure.step_times import SPLIT, StepTimes, total


def test_the_phases_of_a_step_add_up() -> None:
    phases = [StepTimes(**dict.fromkeys(SPLIT, seconds)) for seconds in (1.0, 2.0, 4.0)]
    assert total(phases) == StepTimes(**dict.fromkeys(SPLIT, 7.0))

"""Times of steps, added up and summarized."""

from __future__ import annotations

from rsbench.measure.step_times import FIELDS, StepTimes, skipped_steps, total


def test_the_phases_of_a_step_add_up() -> None:
    phases = [StepTimes(**dict.fromkeys(FIELDS, seconds)) for seconds in (1.0, 2.0, 4.0)]
    assert total(phases) == StepTimes(**dict.fromkeys(FIELDS, 7.0))


def test_skipped_steps() -> None:
    assert [skipped_steps(n) for n in (1, 3, 12, 15, 100)] == [0, 1, 4, 5, 5]

"""The learning rate of each step, by schedule."""

from __future__ import annotations

import dataclasses

import pytest

from rsbench.cell import SCHEDULES
from rsbench.train.learning_rate import learning_rate
from tests.support.screen_parts import SPEC


def rates(schedule: str) -> list[float]:
    """Return the rates of 20 steps, of which 4 are warm-up."""
    cell = dataclasses.replace(SPEC, schedule=schedule, lr=0.5, warmup_epochs=1.0)
    return [learning_rate(cell, step, steps=20, per_epoch=4) for step in range(20)]


def test_poly_falls_with_a_power_of_the_steps_left() -> None:
    assert rates("poly")[4:] == pytest.approx([0.5 * (left / 16) ** 0.9 for left in range(16, 0, -1)])


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_warm_up_rises_in_equal_parts_to_the_peak(schedule: str) -> None:
    assert rates(schedule)[:5] == pytest.approx([0.125, 0.25, 0.375, 0.5, 0.5])

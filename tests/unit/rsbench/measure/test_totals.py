"""Sums over the steps of a run."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from rsbench.measure.step_times import StepTimes
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
    traffic = filled([1000] * 8 + [10] * 2, steady_from_step=8)
    assert traffic["compression_ratio"] == pytest.approx(40_000 / 8020)
    assert traffic["steady_ratio"] == 400
    assert traffic["payload_bytes_per_step"] == 10


def test_without_a_steady_step_there_is_no_steady_ratio() -> None:
    traffic = filled([1000] * 4, steady_from_step=4)
    assert traffic["steady_ratio"] is None
    assert traffic["payload_bytes_per_step"] == 1000


def test_nothing_sent_has_no_ratio() -> None:
    traffic = filled([0] * 4, steady_from_step=0)
    assert traffic["compression_ratio"] is traffic["wire_ratio"] is traffic["steady_ratio"] is None

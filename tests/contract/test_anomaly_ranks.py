"""Anomaly detection on one rank and on two: data parallel is exact, and what goes on from a checkpoint ends alike."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Facts = list[dict[str, Any]]


@pytest.fixture(scope="module")
def facts(run_ranks: Callable[[str, int], Facts]) -> dict[int, Facts]:
    """Number of ranks -> what each of them found."""
    return {workers: run_ranks("anomalies.py", workers) for workers in (1, 2)}


def test_two_ranks_take_the_steps_of_one_with_twice_the_pixels(facts: dict[int, Facts]) -> None:
    (alone,), two = ([found["dense"] for found in facts[workers]] for workers in (1, 2))
    assert alone["losses"][-1] < 0.9 * alone["losses"][0], "it trains"
    both = [sum(losses) / 2 for losses in zip(*(rank["losses"] for rank in two), strict=True)]
    assert both == pytest.approx(alone["losses"], rel=1e-5), "a pixel has the same noise on any rank"
    for rank in two:
        assert rank["weights"] == pytest.approx(alone["weights"], rel=0, abs=1e-6)
        assert rank["test"]["loss"] == pytest.approx(alone["test"]["loss"], rel=1e-6)
        assert rank["test"]["detectors"] == two[0]["test"]["detectors"]


def test_what_goes_on_from_a_checkpoint_ends_bit_for_bit_alike(facts: dict[int, Facts]) -> None:
    tries = [(rank["whole"].pop("resumed"), rank["resumed"].pop("resumed")) for rank in facts[2]]
    assert tries[0] == ([], [3]), "rank 0 keeps count of the tries"
    for rank in facts[2]:
        assert rank["resumed"] == rank["whole"]
        assert rank["resumed"]["sha256"] == facts[2][0]["resumed"]["sha256"]

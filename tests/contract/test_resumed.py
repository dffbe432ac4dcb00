"""Checkpoints: what goes on from one ends bit for bit as what was never interrupted, for every compressor."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from rsbench.compressors import COMPRESSORS

Facts = list[dict[str, Any]]
TRAINING = {name for name, kind in COMPRESSORS.items() if kind.trains}


@pytest.fixture(scope="module", params=[2, 3])
def facts(request: pytest.FixtureRequest, run_ranks: Callable[[str, int], Facts]) -> Facts:
    """What each rank of a group of so many processes found."""
    return run_ranks("resumed.py", request.param)


def test_all_that_is_not_time_is_the_same_bit_for_bit(facts: Facts) -> None:
    for rank, found in enumerate(facts):
        for case, runs in found.items():
            whole, resumed = ({k: v for k, v in runs[run].items() if k != "resumed"} for run in ("whole", "resumed"))
            assert resumed == whole, f"{case}, rank {rank}"


def test_runs_went_on_from_where_they_were_saved(facts: Facts) -> None:
    for case, runs in facts[0].items():
        assert runs["whole"]["resumed"] == [], case
        assert runs["resumed"]["resumed"] == [runs["saved"]], case
        assert runs["saved"] == (6 if "accumulate" in case else 5), case
        assert runs["resumed"]["steps"] == list(range(7)), case


def test_ranks_end_alike_and_every_compressor_had_its_turn(facts: Facts) -> None:
    for case in facts[0]:
        assert len({found[case]["resumed"]["weights"] for found in facts}) == 1, case
    if len(facts) == 2:
        assert set(facts[0]) >= TRAINING

"""Phases: a cell that was killed in one of them ends bit for bit as one that never was, on all ranks alike."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Facts = list[dict[str, Any]]
pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def facts(run_ranks: Callable[[str, int], Facts]) -> Facts:
    """What each of three ranks found: sums of three depend on the order of DDP's buckets, and 80 samples on repeats."""
    return run_ranks("phases.py", 3)


def test_killed_in_any_phase_it_ends_as_one_that_was_not(facts: Facts) -> None:
    for rank, found in enumerate(facts):
        whole = {name: value for name, value in found.pop("whole").items() if name != "resumed"}
        assert list(found) == ["6", "12", "15"]
        for stop, killed in found.items():
            resumed = killed["run"].pop("resumed")
            assert resumed == [killed["saved"]] == [{"6": 5, "12": 12, "15": 15}[stop]]
            assert killed["run"] == whole, f"killed after step {stop}, rank {rank}"


def test_all_ranks_keep_the_same_samples_and_end_with_the_same_weights(facts: Facts) -> None:
    runs = [found["15"]["run"] for found in facts]
    assert len({run["weights"] for run in runs}) == 1
    kept = [run["selection"] for run in runs]
    assert kept[0] == kept[1] == kept[2]
    assert (kept[0]["kept"], kept[0]["of"]) == (48, 80)
    assert runs[0]["steps"] == list(range(16)) and runs[0]["score_bytes"] == 3 * 80 * (4 + 2 * 4)

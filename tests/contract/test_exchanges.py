"""Laws of ``exchange=`` over four gloo processes: nothing is lost, ranks are equal, bytes are as planned."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

Facts = list[dict[str, Any]]
EXACT = 1e-9
"""Gradients are multiples of 2^-10, so that sums over a power of two ranks are exact."""
ROUNDED = 1e-5


@pytest.fixture(scope="module", params=[4, *(pytest.param(n, marks=pytest.mark.long) for n in (2, 3, 8))])
def facts(request: pytest.FixtureRequest, run_ranks: Callable[[str, int], Facts]) -> Facts:
    """What each rank of a group of so many processes found."""
    return run_ranks("exchanges.py", request.param)


def each(facts: Facts) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Each text with what all ranks found."""
    assert len(facts[0]) == 17
    return ((text, [rank[text] for rank in facts]) for text in facts[0])


def test_exchange_loses_nothing_of_what_came_in(facts: Facts) -> None:
    """Of all ranks together: what was accumulated is what was applied, times W, and what is kept."""
    for text, found in each(facts):
        exact = len(facts) in (2, 4, 8)
        assert max(rank["lost"] for rank in found) <= (EXACT if exact else ROUNDED), text


def test_exchange_gives_all_ranks_equal_gradients(facts: Facts) -> None:
    for text, found in each(facts):
        assert all(rank["digests"] == found[0]["digests"] for rank in found), text
        assert len(set(found[0]["digests"])) == len(found[0]["digests"]), "and new ones in each step"


def test_exchange_counts_the_bytes_that_were_planned(facts: Facts) -> None:
    for text, found in each(facts):
        dynamic = text.startswith("rsdgc") and "density=1," not in text
        slack = 32 * (len(facts) if "oktopk" in text else 1) if dynamic else 0
        average = "extra" in text  # planned on average over the steps
        for rank in found:
            assert all(planned - slack <= counted <= planned + slack for counted, planned in rank["bytes"]) or average
            total = sum(counted for counted, _ in rank["bytes"])
            assert abs(total - rank["planned"]) <= slack * len(rank["bytes"]), text
        wire = sum(rank["wire"] for rank in found) / len(found)
        assert wire == pytest.approx(found[0]["planned_wire"], rel=0.02 if slack else 1e-3), text


def test_exchange_shared_sends_what_the_leader_has_most_of(facts: Facts) -> None:
    assert all(rank["led"] for text, found in each(facts) if "shared" in text for rank in found)


def test_exchange_applies_no_more_than_one_message_holds(facts: Facts) -> None:
    for text, found in each(facts):
        nodes_of_two = "hierarchical" in text and len(facts) % 2 == 0
        messages = len(facts) // 2 if nodes_of_two else 1
        for applied in found[0]["applied"]:
            assert applied <= messages * found[0]["density"] * found[0]["elements"] + 0.5, text

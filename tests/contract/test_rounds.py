"""Laws of rounds and of accumulated batches, for every compressor that exchanges, over 1, 2 and 3 gloo processes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from rsbench.compressors import COMPRESSORS

Facts = list[dict[str, Any]]
EXCHANGING = tuple(name for name, kind in COMPRESSORS.items() if kind.collective != "none")
ROUNDING = {"fp16": 4e-6}
"""Half precision rounds a difference of parameters, which is not in all bits the gradient times the learning rate."""


@pytest.fixture(scope="module", params=[1, 2, 3])
def facts(request: pytest.FixtureRequest, run_ranks: Callable[[str, int], Facts]) -> Facts:
    """What each rank of a group of so many processes found."""
    return run_ranks("rounds.py", request.param)


@pytest.mark.parametrize("name", EXCHANGING)
def test_rounds_of_one_step_are_an_exchange_at_every_step(facts: Facts, name: str) -> None:
    found = facts[0]["of_one_step"][name]
    assert found["gap"] <= ROUNDING.get(name, 1e-6)
    assert found["moved"] > 0.05


@pytest.mark.parametrize("name", EXCHANGING)
def test_accumulated_batches_are_one_large_batch(facts: Facts, name: str) -> None:
    assert facts[0]["accumulated"][name] <= ROUNDING.get(name, 1e-6)


@pytest.mark.parametrize("name", EXCHANGING)
def test_ranks_have_equal_weights_and_buffers_after_each_round(facts: Facts, name: str) -> None:
    of_ranks = [rank["every_round"][name]["digests"] for rank in facts]
    assert all(digests == of_ranks[0] for digests in of_ranks)
    assert len(set(of_ranks[0])) == 3


@pytest.mark.parametrize("name", EXCHANGING)
def test_a_rounds_payload_is_what_the_formula_says(facts: Facts, name: str) -> None:
    slack = 40 if name == "rsdgc" else 0  # a dynamic policy fills the budget to within a block
    for rank in facts:
        found = rank["every_round"][name]
        pairs = zip(found["payloads"], found["planned"], strict=True)
        assert all(planned - slack <= payload <= planned for payload, planned in pairs)
        assert found["done"] == 3
        assert found["buffer_bytes"] == 3 * 4 * rank["buffers"]


def test_a_rounds_buffers_count_as_payload_and_on_the_wire(facts: Facts) -> None:
    for rank in facts:
        (payload, wire), (planned, planned_wire) = (rank["told_of_a_round"][key] for key in ("sent", "planned"))
        assert payload == planned
        assert abs(wire - planned_wire) <= 1, "both parts are rounded"


def test_what_is_not_sent_of_a_difference_stays_in_the_residual(facts: Facts) -> None:
    assert set(facts[0]["conserved"]) == {"topk", "dgc", "rsdgc", "randomk", "blocktopk"}
    assert max(facts[0]["conserved"].values()) <= 1e-7


def test_a_dense_round_is_the_mean_difference(facts: Facts) -> None:
    found = facts[0]["dense_round"]
    assert found["equal"] <= (0.0 if len(facts) < 3 else 1e-7)  # a ring sums three ranks in an order of its own
    assert found["by_samples"] <= 1e-7
    assert max(found["buffers equal"], found["buffers by_samples"]) <= 1e-7


def test_rounds_are_what_other_programs_do(facts: Facts) -> None:
    peers = facts[0]["peers"]
    alone = peers.pop("plain training")
    assert len(peers) == 3
    assert max(peers.values()) <= 1e-6
    assert alone <= 1e-6 if len(facts) == 1 else alone > 1e-3


def test_runs_resume_bit_for_bit_at_a_rounds_border_and_inside(facts: Facts) -> None:
    for rank in facts:
        assert len(rank["resumed"]) == 8
        for run, gap in rank["resumed"].items():
            in_a_ring = len(facts) > 2 and " none " in run  # whose sums depend on where buckets are cut, as DDP's do
            assert gap <= (1e-6 if in_a_ring else 0.0), run

"""What records say of steps: how often they exchange, and what they cost on a link."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from exchange_records import with_exchange
from report_parts import comparison_of
from round_records import exchanging

from rsbench.links.collective_time import collective_s, constants_of
from rsbench.links.link import Link
from rsbench.reports.costs.recorded import costs_of, sync_of

Maker = Callable[..., dict[str, Any]]
SLOW = Link(down_bits_per_s=1e6, up_bits_per_s=1e6)
SHIFT_S = 2 * collective_s("all_reduce", 2e6, 2, SLOW, constants=constants_of("gloo"))
"""4 MB in two calls at 1 Mbit/s."""
FAST = Link(down_bits_per_s=1e12, up_bits_per_s=1e12)


def step_s(record: dict[str, Any], link: Link) -> float:
    costs = costs_of(record, "row")
    assert costs is not None
    return costs.step_time_s(link)


def test_records_without_a_choice_exchange_at_every_step(make_record: Maker) -> None:
    assert sync_of(make_record()).kind == "steps"
    assert sync_of(exchanging(make_record, "rounds:8:nesterov")).text == "rounds:8:nesterov"


def test_a_round_costs_its_exchange_once_in_k_steps(make_record: Maker) -> None:
    every, rounds = with_exchange(make_record()), exchanging(make_record, "rounds:8", round_ms=3.0)
    # At every step, sending begins 12 ms into backward; a round's begins when 8 steps of 53 ms are over.
    assert step_s(every, SLOW) == pytest.approx(0.033 + SHIFT_S + 0.002, rel=1e-3)
    assert step_s(rounds, SLOW) == pytest.approx(0.053 + 0.003 + SHIFT_S / 8, rel=1e-6)
    assert step_s(rounds, FAST) == pytest.approx(0.056, rel=0.05)


def test_accumulated_gradients_are_sent_beside_the_last_backward_pass_only(make_record: Maker) -> None:
    accumulate = exchanging(make_record, "accumulate:4")
    # Three quarters of a step alone; in the last quarter sending begins with the first bucket, 12 ms into backward.
    alone = 0.75 * 0.053
    assert step_s(accumulate, SLOW) == pytest.approx(alone + 0.25 * (0.021 + 0.012 + SHIFT_S + 0.002), rel=1e-6)


def test_rows_that_exchange_seldom_compute_at_the_pace_of_the_others(make_record: Maker) -> None:
    busy = {part: 2 * ms for part, ms in {"data_s": 1.0, "forward_s": 20.0, "backward_s": 30.0}.items()}
    records = [
        with_exchange(make_record()),
        with_exchange(make_record(compressor="dgc", ratio=10.0)),
        exchanging(make_record, "rounds:8", split_ms=busy, round_ms=0.0),
        exchanging(make_record, "accumulate:8", split_ms=busy),
        exchanging(make_record, "rounds:50", split_ms=busy, round_ms=0.0),
    ]
    comparison = comparison_of(records)
    computing_s = {}
    for method in comparison.finished:
        costs = comparison.costs(method)
        assert costs is not None
        computing_s[method.label] = costs.compute_s
    # Forward took twice as long, so all but the 2 ms of the optimizer and the rest did; these are halved, too.
    assert computing_s["none"] == pytest.approx(0.053)
    assert computing_s["none, rounds:8"] == pytest.approx(0.052)
    assert computing_s["none, accumulate:8"] == pytest.approx(0.052)


def test_records_that_know_no_collectives_have_the_round_in_their_computing(make_record: Maker) -> None:
    record = exchanging(make_record, "rounds:8", round_ms=10.0)
    record["exchange"] = None
    record["time"]["step_time_s"] += 0.01
    costs = costs_of(record, "row")
    assert costs is not None and not costs.knows_calls
    assert costs.compute_s == pytest.approx(0.053 + 0.010)

from __future__ import annotations

import itertools

import pytest

from rsbench.reports.costs.link_model import BreakEven, break_even, fastest_by_speed, over_seeds, wired
from rsbench.reports.costs.step_model import BucketCost, CallCost, PhaseCost, StepCosts


def cost(name: str, compute_s: float, wire: float) -> StepCosts:
    """A step that does not know its collectives: computing, then bytes."""
    phase = PhaseCost(before_s=compute_s, backward_s=0.0, after_s=0.0, buckets=())
    return StepCosts(name=name, phases=(phase,), wire_bytes_per_step=wire, knows_calls=False)


def time_s(costs: StepCosts, bits_per_s: float) -> float:
    return costs.step_time_s(wired(bits_per_s))


DENSE = cost("none", 0.050, 1_000_000)


def test_link_break_even_is_where_both_steps_take_equally_long() -> None:
    method = cost("topk", 0.090, 10_000)
    point = break_even(method, DENSE)
    assert point.case == "below"
    assert point.bits_per_s == pytest.approx(8 * 990_000 / 0.040)
    assert time_s(method, point.bits_per_s) == pytest.approx(time_s(DENSE, point.bits_per_s))
    assert time_s(method, point.bits_per_s / 2) < time_s(DENSE, point.bits_per_s / 2)


@pytest.mark.parametrize(
    ("compute_s", "wire", "case"),
    [
        (0.050, 10_000, "always"),
        (0.040, 1_000_000, "always"),
        (0.040, 10_000, "always"),
        (0.050, 1_000_000, "never"),
        (0.060, 1_000_000, "never"),
        (0.060, 2_000_000, "never"),
    ],
)
def test_link_break_even_has_cases_without_a_speed(compute_s: float, wire: float, case: str) -> None:
    assert break_even(cost("x", compute_s, wire), DENSE) == BreakEven(case=case, bits_per_s=None)  # type: ignore[arg-type]


def test_link_more_bytes_and_less_time_pays_above_a_speed() -> None:
    method = cost("x", 0.040, 2_000_000)
    point = break_even(method, DENSE)
    assert point.case == "above"
    assert point.bits_per_s == pytest.approx(8e8)
    assert time_s(method, 1e9) < time_s(DENSE, 1e9)


def test_link_ranges_agree_with_trying_every_speed() -> None:
    costs = (DENSE, cost("a", 0.060, 100_000), cost("b", 0.100, 1_000), cost("beaten", 0.099, 200_000))
    ranges = fastest_by_speed(costs)
    assert [span.name for span in ranges] == ["b", "a", "none"]
    assert ranges[0].above_bits_per_s == 0
    assert ranges[-1].below_bits_per_s is None
    for left, right in itertools.pairwise(ranges):
        assert left.below_bits_per_s == right.above_bits_per_s
    for exponent in range(40, 120):
        bits_per_s = 10 ** (exponent / 10)
        best = min(costs, key=lambda one: time_s(one, bits_per_s)).name
        here = next(s.name for s in ranges if s.below_bits_per_s is None or bits_per_s < s.below_bits_per_s)
        assert here == best


def test_link_ranges_of_nothing_and_of_one() -> None:
    assert fastest_by_speed(()) == ()
    assert [(s.name, s.below_bits_per_s) for s in fastest_by_speed((DENSE,))] == [("none", None)]


def test_link_ranges_end_where_the_gain_is_no_longer_worth_it() -> None:
    slow = cost("x", 0.050, 10_000)
    ranges = fastest_by_speed((DENSE, slow), dense=DENSE, least_gain=0.05)
    assert [span.name for span in ranges] == ["x", "none"]
    # 0.05 (50 ms + 8 Mbit / v) = 8 x 0.99 Mbit / v
    assert ranges[0].below_bits_per_s == pytest.approx(8e6 * (0.99 - 0.05) / (0.05 * 0.05))
    assert [span.name for span in fastest_by_speed((slow,), dense=DENSE, least_gain=0.05)] == ["x", "none"]


def with_calls(name: str, compress_s: float, payload_bytes: float, op: str) -> StepCosts:
    """20 ms before, 30 ms of backward, one bucket at its end."""
    call = CallCost(op=op, payload_bytes=payload_bytes, per_step=1.0, blocking=False, workers=2)
    bucket = BucketCost(ready_s=0.03, compress_s=compress_s, decompress_s=0.0, calls=(call,))
    phase = PhaseCost(before_s=0.02, backward_s=0.03, after_s=0.0, buckets=(bucket,))
    return StepCosts(name=name, phases=(phase,), wire_bytes_per_step=payload_bytes)


def test_link_break_even_of_recorded_collectives_is_where_the_modelled_steps_meet() -> None:
    dense, topk = with_calls("none", 0.0, 4e6, "all_reduce"), with_calls("topk", 0.02, 4e4, "all_gather")
    point = break_even(topk, dense)
    assert point.case == "below"
    assert point.bits_per_s == pytest.approx(8 * 4e6 / 0.02, rel=0.1)
    assert time_s(topk, point.bits_per_s) == pytest.approx(time_s(dense, point.bits_per_s))


def test_link_break_even_has_the_range_of_seeds_that_agree() -> None:
    whole = BreakEven(case="below", bits_per_s=2e8)
    points = [BreakEven(case="below", bits_per_s=speed) for speed in (1e8, 3e8, 2e8)]
    assert over_seeds(points, whole) == BreakEven(case="below", bits_per_s=2e8, low_bits_per_s=1e8, high_bits_per_s=3e8)
    assert over_seeds([*points, BreakEven(case="never")], whole) == whole
    assert over_seeds(points[:1], whole) == whole

from __future__ import annotations

import itertools

import pytest

from rsbench.reports.analysis.link_model import BreakEven, StepCost, break_even, fastest_by_speed


def cost(name: str, compute_s: float, wire: float) -> StepCost:
    return StepCost(name=name, compute_s=compute_s, wire_bytes=wire)


DENSE = cost("none", 0.050, 1_000_000)


def test_link_break_even_is_where_both_steps_take_equally_long() -> None:
    method = cost("topk", 0.090, 10_000)
    point = break_even(method, DENSE)
    assert point.case == "below"
    assert point.bits_per_s == pytest.approx(8 * 990_000 / 0.040)
    assert method.step_time_s(point.bits_per_s) == pytest.approx(DENSE.step_time_s(point.bits_per_s))
    assert method.step_time_s(point.bits_per_s / 2) < DENSE.step_time_s(point.bits_per_s / 2)


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
    assert method.step_time_s(1e9) < DENSE.step_time_s(1e9)


def test_link_ranges_agree_with_trying_every_speed() -> None:
    costs = [DENSE, cost("a", 0.060, 100_000), cost("b", 0.100, 1_000), cost("beaten", 0.099, 200_000)]
    ranges = fastest_by_speed(costs)
    assert [span.name for span in ranges] == ["b", "a", "none"]
    assert ranges[0].above_bits_per_s == 0
    assert ranges[-1].below_bits_per_s is None
    for left, right in itertools.pairwise(ranges):
        assert left.below_bits_per_s == right.above_bits_per_s
    for exponent in range(20, 120):
        bits_per_s = 10 ** (exponent / 10)
        best = min(costs, key=lambda one: one.step_time_s(bits_per_s)).name
        here = next(s.name for s in ranges if s.below_bits_per_s is None or bits_per_s < s.below_bits_per_s)
        assert here == best


def test_link_ranges_of_nothing_and_of_one() -> None:
    assert fastest_by_speed([]) == []
    assert [(s.name, s.below_bits_per_s) for s in fastest_by_speed([DENSE])] == [("none", None)]

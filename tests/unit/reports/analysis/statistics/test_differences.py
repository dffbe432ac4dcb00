from __future__ import annotations

import math
import random
import re
import subprocess
import sys
from pathlib import Path

import pytest

from rsbench.reports.analysis.statistics.differences import (
    Difference,
    paired_difference,
    simultaneous,
    spread,
)


def test_stats_spread_has_ddof_1_and_none_from_one_value() -> None:
    over_seeds = spread([1.0, 2.0, 4.0])
    assert over_seeds is not None
    assert over_seeds.mean == pytest.approx(7 / 3)
    assert over_seeds.sd == pytest.approx((7 / 3) ** 0.5)
    single = spread([3.0])
    assert single is not None
    assert single.sd is None
    assert spread([]) is None


def test_stats_paired_interval_is_that_of_scipy() -> None:
    from scipy import stats

    a, b = {0: 0.81, 1: 0.84, 2: 0.83, 3: 0.79}, {0: 0.80, 1: 0.80, 2: 0.82, 3: 0.80}
    gap = paired_difference(a, b)
    assert gap is not None
    expected = stats.ttest_rel(list(a.values()), list(b.values())).confidence_interval(0.95)
    assert (gap.low, gap.high) == pytest.approx((expected.low, expected.high))
    assert gap.is_unclear
    assert not gap.is_below


def test_stats_pairs_only_common_seeds() -> None:
    gap = paired_difference({1: 0.9, 2: 0.8, 7: 0.1}, {0: 0.0, 1: 0.8, 2: 0.7})
    assert gap is not None
    assert gap.count == 2
    assert gap.mean == pytest.approx(0.1)
    assert paired_difference({0: 1.0}, {1: 1.0}) is None


def test_stats_one_pair_has_no_interval_and_is_neither_clear_nor_unclear() -> None:
    gap = paired_difference({0: 0.1}, {0: 0.9})
    assert gap is not None
    assert (gap.low, gap.high) == (None, None)
    assert not gap.is_unclear
    assert not gap.is_below


def test_stats_a_clear_loss_is_below() -> None:
    gap = paired_difference({0: 0.5, 1: 0.51, 2: 0.49}, {0: 0.8, 1: 0.8, 2: 0.8})
    assert gap is not None
    assert gap.is_below
    assert not gap.is_unclear


def test_stats_and_reports_load_neither_scipy_pandas_nor_torch_at_import() -> None:
    heavy = ("scipy", "pandas", "torch", "numpy")
    code = (
        "import sys, rsbench.reports.analysis.statistics.images, rsbench.reports;"
        f" print([m for m in {heavy} if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def drawn(seed: int, count: int, shift: float = 0.0) -> tuple[dict[int, float], dict[int, float]]:
    rng = random.Random(seed)
    reference = {index: rng.gauss(0.8, 0.02) for index in range(count)}
    return {index: value + shift + rng.gauss(0, 0.01) for index, value in reference.items()}, reference


@pytest.mark.parametrize("count", [2, 5, 9, 10, 30])
def test_stats_p_value_is_that_of_scipy(count: int) -> None:
    from scipy import stats

    values, reference = drawn(count, count, 0.004)
    gap = paired_difference(values, reference)
    assert gap is not None
    expected = stats.ttest_rel(list(values.values()), list(reference.values()))
    assert gap.p == pytest.approx(expected.pvalue)
    assert (gap.low, gap.high) == pytest.approx(tuple(expected.confidence_interval(0.95)))


def test_stats_ten_equal_differences_fall_back_to_their_one_value() -> None:
    gap = paired_difference(dict.fromkeys(range(10), 0.75), dict.fromkeys(range(10), 0.5))
    assert gap is not None
    assert (gap.low, gap.mean, gap.high, gap.p) == (0.25, 0.25, 0.25, 2**-9)
    same = paired_difference(dict.fromkeys(range(10), 0.5), dict.fromkeys(range(10), 0.5))
    assert same is not None
    assert same.p == 1.0
    assert same.is_unclear


@pytest.mark.parametrize("count", [2, 3, 5])
def test_stats_a_few_equal_differences_are_no_certainty(count: int) -> None:
    reference = {seed: 0.5 + seed / 7 for seed in range(count)}
    gap = paired_difference({seed: value - 0.01 for seed, value in reference.items()}, reference)
    assert gap is not None
    assert (gap.low, gap.high, gap.p) == (None, None, 2.0 ** (1 - count))
    assert gap.is_unclear
    assert not gap.is_below


def test_stats_simultaneous_intervals_are_those_of_t_at_a_share_of_the_error_rate() -> None:
    from scipy import stats

    rows = [drawn(seed, 4) for seed in range(5)]
    for gap, (values, reference) in zip(_together(rows), rows, strict=True):
        expected = stats.ttest_rel(list(values.values()), list(reference.values()))
        assert (gap.low, gap.high) == pytest.approx(tuple(expected.confidence_interval(1 - 0.05 / 5)))
        assert gap.p_corrected == pytest.approx(min(1, 5 * expected.pvalue))


@pytest.mark.parametrize("rows", [1, 2, 5, 12])
@pytest.mark.parametrize("count", [2, 3, 5, 10, 20])
def test_stats_mark_interval_and_p_value_never_contradict_each_other(rows: int, count: int) -> None:
    """In 200 tables: also where one interval alone would leave zero out."""
    marks = set()
    for table in range(200):
        for gap in _together([drawn(1000 * table + row, count, 0.009) for row in range(rows)]):
            assert gap.low is not None and gap.high is not None and gap.p_corrected is not None
            assert gap.is_unclear == (gap.low <= 0 <= gap.high) == (gap.p_corrected > 0.05)
            assert not (gap.is_below and gap.is_unclear)
            marks.add(gap.is_unclear)
    assert marks == {True, False} or (count, rows) == (2, 12)


def test_stats_one_pair_or_no_difference_is_no_comparison() -> None:
    clear = paired_difference({0: 0.02, 1: 0.021, 2: 0.019}, {0: 0.0, 1: 0.0, 2: 0.0})
    single = Difference(mean=0.01, low=None, high=None, count=1)
    assert clear is not None
    alone = simultaneous({"a": clear, "b": single, "c": None})
    assert alone["a"] is not None and alone["a"].low == clear.low and alone["a"].p_corrected == clear.p
    assert alone["b"] is single and alone["c"] is None
    both = simultaneous({"a": clear, "d": clear})["a"]
    assert both is not None and both.low is not None and clear.low is not None and both.low < clear.low


def test_stats_equal_differences_among_many_lose_their_interval_with_their_certainty() -> None:
    """Six alike: p = 2^-5 alone; of two such rows each has 2^-4, which is above 5 %."""
    values, reference = dict.fromkeys(range(6), 0.75), dict.fromkeys(range(6), 0.5)
    (alone,) = _together([(values, reference)])
    assert (alone.low, alone.high, alone.is_unclear) == (0.25, 0.25, False)
    one, _ = _together([(values, reference)] * 2)
    assert (one.low, one.high, one.is_unclear, one.p_corrected) == (None, None, True, 2**-4)


def test_stats_corrected_resampled_t_is_that_of_nadeau_and_bengio() -> None:
    """By hand: differences 1, 2, 3 have mean 2 and sd 1; with half as many test as training samples the error is
    sqrt(1/3 + 1/2), and t(0.975, 2) = 4.302653.
    """
    gap = paired_difference({0: 1.0, 1: 2.0, 2: 3.0}, {0: 0.0, 1: 0.0, 2: 0.0}, test_per_train=0.5)
    assert gap is not None and gap.low is not None and gap.high is not None and gap.p is not None
    half = 4.302653 * math.sqrt(1 / 3 + 1 / 2)
    assert (gap.mean, gap.low, gap.high) == pytest.approx((2, 2 - half, 2 + half), abs=1e-5)
    plain = paired_difference({0: 1.0, 1: 2.0, 2: 3.0}, {0: 0.0, 1: 0.0, 2: 0.0})
    assert plain is not None and plain.p is not None and gap.p > plain.p
    assert gap.is_unclear == (gap.p > 0.05)


@pytest.mark.long
@pytest.mark.parametrize(("rows", "count"), [(3, 3), (3, 10), (10, 3), (10, 10), (30, 5)])
def test_stats_simultaneous_intervals_cover_all_true_differences_as_often_as_they_say(rows: int, count: int) -> None:
    """Rows that share a reference, 4,000 tables each: at least 95 % of tables hold every true difference."""
    program = Path(__file__).parents[4] / "programs" / "interval_coverage.py"
    wanted = [str(rows), str(count), "4000"]
    done = subprocess.run([sys.executable, str(program), *wanted], capture_output=True, text=True, check=True)
    alone, together = map(float, re.findall(r"(\d\.\d+)$", done.stdout, re.MULTILINE))
    assert together >= 0.943, "0.95 less two standard errors"
    assert alone < 0.93, "intervals of one comparison each do not"


def _together(rows: list[tuple[dict[int, float], dict[int, float]]]) -> list[Difference]:
    """The differences of one table."""
    gaps = simultaneous({at: paired_difference(values, reference) for at, (values, reference) in enumerate(rows)})
    return [gap for gap in gaps.values() if gap is not None]

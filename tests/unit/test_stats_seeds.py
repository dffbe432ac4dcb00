from __future__ import annotations

import random
import subprocess
import sys

import pytest

from rsbench.stats import paired_difference, pareto_front, spread


def test_stats_spread_has_ddof_1_and_none_from_one_value() -> None:
    found = spread([1.0, 2.0, 4.0])
    assert found is not None
    assert found.mean == pytest.approx(7 / 3)
    assert found.sd == pytest.approx((7 / 3) ** 0.5)
    single = spread([3.0])
    assert single is not None
    assert single.sd is None
    assert spread([]) is None


def test_stats_paired_interval_is_that_of_scipy() -> None:
    from scipy import stats

    a, b = {0: 0.81, 1: 0.84, 2: 0.83, 3: 0.79}, {0: 0.80, 1: 0.80, 2: 0.82, 3: 0.80}
    found = paired_difference(a, b)
    assert found is not None
    expected = stats.ttest_rel(list(a.values()), list(b.values())).confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high))
    assert found.is_unclear
    assert not found.is_below


def test_stats_pairs_only_common_seeds() -> None:
    found = paired_difference({1: 0.9, 2: 0.8, 7: 0.1}, {0: 0.0, 1: 0.8, 2: 0.7})
    assert found is not None
    assert found.count == 2
    assert found.mean == pytest.approx(0.1)
    assert paired_difference({0: 1.0}, {1: 1.0}) is None


def test_stats_one_pair_has_no_interval_and_is_neither_clear_nor_unclear() -> None:
    found = paired_difference({0: 0.1}, {0: 0.9})
    assert found is not None
    assert (found.low, found.high) == (None, None)
    assert not found.is_unclear
    assert not found.is_below


def test_stats_a_clear_loss_is_below() -> None:
    found = paired_difference({0: 0.5, 1: 0.51, 2: 0.49}, {0: 0.8, 1: 0.8, 2: 0.8})
    assert found is not None
    assert found.is_below
    assert not found.is_unclear


def test_stats_and_reports_load_neither_scipy_pandas_nor_torch_at_import() -> None:
    heavy = ("scipy", "pandas", "torch", "numpy")
    code = f"import sys, rsbench.stats, rsbench.reports; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_stats_pareto_front_is_what_no_point_beats() -> None:
    rng = random.Random(0)
    points = [(float(rng.randrange(12)), rng.randrange(12) / 10) for _ in range(60)]

    def beaten(one: tuple[float, float]) -> bool:
        return any(other != one and other[0] <= one[0] and other[1] >= one[1] for other in points)

    found = pareto_front(points)
    assert sorted(found) == [index for index, point in enumerate(points) if not beaten(point)]
    assert [points[index][0] for index in found] == sorted(points[index][0] for index in found)
    assert len(found) > 2
    assert pareto_front([]) == []
    assert pareto_front([(1.0, 0.5), (1.0, 0.5)]) == [0, 1]

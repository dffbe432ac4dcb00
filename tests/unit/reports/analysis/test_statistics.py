from __future__ import annotations

import math
import random
import statistics
import subprocess
import sys

import pytest

from rsbench.reports.analysis.statistics import (
    Difference,
    corrected,
    holm,
    paired_difference,
    pareto_front,
    seeds_needed,
    spread,
    t_quantile,
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
        "import sys, rsbench.reports.analysis.statistics, rsbench.reports;"
        f" print([m for m in {heavy} if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_stats_pareto_front_is_what_no_point_beats() -> None:
    rng = random.Random(0)
    points = [(float(rng.randrange(12)), rng.randrange(12) / 10) for _ in range(60)]

    def beaten(one: tuple[float, float]) -> bool:
        return any(other != one and other[0] <= one[0] and other[1] >= one[1] for other in points)

    front = pareto_front(points)
    assert sorted(front) == [index for index, point in enumerate(points) if not beaten(point)]
    assert [points[index][0] for index in front] == sorted(points[index][0] for index in front)
    assert len(front) > 2
    assert pareto_front([]) == []
    assert pareto_front([(1.0, 0.5), (1.0, 0.5)]) == [0, 1]


def drawn(seed: int, count: int, shift: float = 0.0) -> tuple[dict[int, float], dict[int, float]]:
    rng = random.Random(seed)
    reference = {index: rng.gauss(0.8, 0.02) for index in range(count)}
    return {index: value + shift + rng.gauss(0, 0.01) for index, value in reference.items()}, reference


@pytest.mark.parametrize("count", [2, 5, 9])
def test_stats_p_value_is_that_of_scipy(count: int) -> None:
    from scipy import stats

    values, reference = drawn(count, count, 0.004)
    gap = paired_difference(values, reference)
    assert gap is not None
    expected = stats.ttest_rel(list(values.values()), list(reference.values()))
    assert gap.p == pytest.approx(expected.pvalue)
    assert (gap.low, gap.high) == pytest.approx(tuple(expected.confidence_interval(0.95)))


def test_stats_from_ten_pairs_the_interval_is_bootstrapped_the_same_each_time() -> None:
    values, reference = drawn(3, 10)
    gap = paired_difference(values, reference)
    assert gap is not None and gap.sd is not None
    assert gap == paired_difference(values, reference)
    half = t_quantile(0.975, 9) * gap.sd / math.sqrt(10)
    assert (gap.low, gap.high) != (gap.mean - half, gap.mean + half)
    assert (gap.low, gap.high) == pytest.approx((gap.mean - half, gap.mean + half), abs=half / 2)


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


@pytest.mark.parametrize(("count", "least"), [(10, 0.92), (15, 0.92)])
def test_stats_bootstrap_covers_the_truth_as_often_as_it_says(
    count: int, least: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Unexpanded, BCa covers 0.89 of these."""
    monkeypatch.setattr("rsbench.reports.analysis.statistics.RESAMPLES", 1999)
    hits = 0
    for seed in range(300):
        gap = paired_difference(*drawn(seed, count))
        assert gap is not None and gap.low is not None and gap.high is not None
        hits += gap.low <= 0 <= gap.high
    assert least <= hits / 300 <= 0.99


def test_stats_holm_is_the_textbook_example() -> None:
    # By hand: 0.005 x 4, 0.01 x 3, 0.03 x 2, then no less than the one before.
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []


def test_stats_holm_keeps_the_family_at_its_error_rate() -> None:
    rng = random.Random(5)
    trials = [[rng.random() for _ in range(6)] for _ in range(4000)]
    plain = sum(min(p) < 0.05 for p in trials) / len(trials)
    kept = sum(min(holm(p)) < 0.05 for p in trials) / len(trials)
    assert plain > 0.2, "six true hypotheses, uncorrected"
    assert 0.035 < kept < 0.065


def test_stats_correction_counts_what_was_tested_and_changes_the_verdict() -> None:
    clear = Difference(mean=0.01, low=0.001, high=0.019, count=5, sd=0.007, p=0.03)
    single = Difference(mean=0.01, low=None, high=None, count=1)
    alone = corrected({"a": clear, "b": single, "c": None})
    assert alone["a"] is not None and alone["a"].p_corrected == 0.03
    assert not alone["a"].is_unclear
    assert alone["b"] is single
    assert alone["c"] is None
    both = corrected({"a": clear, "d": clear})["a"]
    assert both is not None
    assert both.p_corrected == 0.06
    assert both.is_unclear
    assert not clear.is_unclear, "its own interval lies above zero"


@pytest.mark.parametrize(("effect_in_sd", "seeds"), [(0.2, 199), (0.5, 34), (0.8, 15), (1.0, 10)])
def test_stats_seeds_needed_are_those_of_power_tables(effect_in_sd: float, seeds: int) -> None:
    """Cohen's small, medium and large effects, two-sided 5 %, power 80 %."""
    assert seeds_needed(0.01, 0.01 * effect_in_sd) == seeds


def test_stats_seeds_needed_find_the_effect_as_often_as_promised() -> None:
    sd, effect = 0.008, 0.01
    count = seeds_needed(sd, effect)
    bound = t_quantile(0.975, count - 1)
    rng = random.Random(11)

    def finds(size: int) -> bool:
        values = [rng.gauss(effect, sd) for _ in range(size)]
        return abs(statistics.fmean(values)) * math.sqrt(size) / statistics.stdev(values) > bound

    share = sum(finds(count) for _ in range(4000)) / 4000
    assert 0.78 <= share <= 0.88
    assert seeds_needed(0.0, effect) == 2
    assert seeds_needed(1e9, effect) == 100_000

"""The report's statistics beside those of SciPy and statsmodels, over many draws."""

from __future__ import annotations

import numpy as np
import pytest

from rsbench.reports.analysis.statistics.differences import paired_difference, simultaneous
from rsbench.reports.analysis.statistics.power import seeds_needed

pytestmark = pytest.mark.long


def draws(rng: np.random.Generator) -> tuple[dict[int, float], dict[int, float]]:
    """Return scores of a method and of its reference by seed."""
    seeds = range(int(rng.integers(2, 12)))
    return {seed: float(rng.normal(0.9, 0.02)) for seed in seeds}, {
        seed: float(rng.normal(0.9, 0.02)) for seed in seeds
    }


def test_paired_t_tests_and_intervals_are_those_of_scipy() -> None:
    stats = pytest.importorskip("scipy.stats")
    rng = np.random.default_rng(0)
    for _ in range(200):
        ours, reference = draws(rng)
        gap = paired_difference(ours, reference)
        theirs = stats.ttest_rel(list(ours.values()), list(reference.values()))
        low, high = theirs.confidence_interval(0.95)
        assert gap is not None
        assert (gap.p, gap.low, gap.high) == pytest.approx((theirs.pvalue, low, high), rel=1e-9, abs=1e-12)


def test_corrected_p_values_are_those_of_statsmodels() -> None:
    multitest = pytest.importorskip("statsmodels.stats.multitest")
    rng = np.random.default_rng(1)
    gaps = {name: paired_difference(*draws(rng)) for name in "abcdefgh"}
    alone = [gap.p for gap in gaps.values() if gap is not None]
    _, wanted, _, _ = multitest.multipletests(alone, method="bonferroni")
    together = [gap.p_corrected for gap in simultaneous(gaps).values() if gap is not None]
    assert together == pytest.approx(list(wanted), rel=1e-12)


@pytest.mark.parametrize("effect", [0.3, 0.5, 1.0, 2.0])
def test_seeds_needed_are_those_of_statsmodels(effect: float) -> None:
    power = pytest.importorskip("statsmodels.stats.power")
    wanted = power.TTestPower().solve_power(effect_size=effect, alpha=0.05, power=0.8, alternative="two-sided")
    assert seeds_needed(1.0, effect) == int(np.ceil(wanted))

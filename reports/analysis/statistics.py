"""Mean, spread and paired differences over seeds. SciPy is loaded when the first interval is asked for."""

from __future__ import annotations

import math
import statistics
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeVar

Name = TypeVar("Name")

CONFIDENCE: Final = 0.95
"""Confidence of every interval; 1 - CONFIDENCE is the error rate of every test."""
POWER: Final = 0.80
"""Chance to see a difference that is there, in :func:`seeds_needed`."""
BOOTSTRAP_FROM: Final = 10
"""Pairs from which the interval is bootstrapped: fewer hold too little of the shape of their distribution."""
RESAMPLES: Final = 9999
_MOST_SEEDS: Final = 100_000
_ALIKE: Final = 1e-9
"""Share of their mean up to which a spread of differences is rounding."""


@dataclass(frozen=True, kw_only=True)
class Spread:
    """A mean over repeats.

    Attributes:
        mean: of the values.
        sd: sample standard deviation (ddof 1), None from one value.
        count: how many values.
    """

    mean: float
    sd: float | None
    count: int


@dataclass(frozen=True, kw_only=True)
class Difference:
    """A mean paired difference to a reference, with an interval where there is one.

    Attributes:
        mean: of the differences, one a common seed.
        low: lower end of the interval, None from one pair and from fewer than six pairs that differ by the same.
        high: upper end of the interval, None where there is no lower one.
        count: how many pairs.
        sd: sample standard deviation of the differences, None from one pair.
        p: two-sided p value of the paired t test, None from one pair.
        p_corrected: the same after :func:`corrected`; None where it was not corrected.
    """

    mean: float
    low: float | None
    high: float | None
    count: int
    sd: float | None = None
    p: float | None = None
    p_corrected: float | None = None

    @property
    def is_unclear(self) -> bool:
        """Whether it cannot be told from zero: by the corrected p value, else by the interval. False from one pair."""
        p = self.p if self.p_corrected is None and self.low is None else self.p_corrected
        if p is not None:
            return p > 1 - CONFIDENCE
        return self.low is not None and self.high is not None and self.low <= 0 <= self.high

    @property
    def is_below(self) -> bool:
        """Whether the whole interval lies below zero; no correction here, which would excuse losses."""
        return self.high is not None and self.high < 0


def spread(values: Sequence[float]) -> Spread | None:
    """Return mean and sample standard deviation, None for no values."""
    if not values:
        return None
    sd = statistics.stdev(values) if len(values) > 1 else None
    return Spread(mean=statistics.fmean(values), sd=sd, count=len(values))


def paired_difference(
    values: Mapping[int, float], reference: Mapping[int, float], *, confidence: float = CONFIDENCE
) -> Difference | None:
    """Return the mean difference over the seeds that both have, with its interval and paired t test.

    Args:
        values: seed to value of the method.
        reference: seed to value of what it is compared with.
        confidence: of the two-sided interval: Student's t for pairs, from ``BOOTSTRAP_FROM`` pairs up a bootstrap
            of the mean, which does not assume that differences are normal.

    Returns:
        None when no seed is in both; without interval and p value when only one is.
    """
    differences = [values[seed] - reference[seed] for seed in sorted(values.keys() & reference.keys())]
    over_seeds = spread(differences)
    if over_seeds is None:
        return None
    mean, sd, count = over_seeds.mean, over_seeds.sd, over_seeds.count
    if sd is None:
        return Difference(mean=mean, low=None, high=None, count=1)
    if sd <= _ALIKE * abs(mean):
        p = _sign_test(mean, count)
        low, high = (mean, mean) if p <= 1 - confidence or not mean else (None, None)
        return Difference(mean=mean, low=low, high=high, count=count, sd=sd, p=p)
    bootstrapped = _bootstrapped(differences, confidence) if count >= BOOTSTRAP_FROM else None
    half = t_quantile(0.5 + confidence / 2, count - 1) * sd / math.sqrt(count)
    low, high = bootstrapped or (mean - half, mean + half)
    return Difference(mean=mean, low=low, high=high, count=count, sd=sd, p=_t_test(mean, sd, count))


def _sign_test(mean: float, count: int) -> float:
    """Return the two-sided p value of the sign test of differences that are all alike.

    A few test samples leave a score few values, so that two or three seeds may differ by the same: no spread at all,
    from which a t test would be certain.
    """
    return 2.0 ** (1 - count) if mean else 1.0


def _t_test(mean: float, sd: float, count: int) -> float:
    """Return the two-sided p value of the t test that the mean of some differences is zero."""
    from scipy.special import stdtr  # late: start-up

    return 2 * float(stdtr(count - 1, -abs(mean) * math.sqrt(count) / sd))


def _bootstrapped(differences: Sequence[float], confidence: float) -> tuple[float, float] | None:
    """Return the expanded BCa interval of the mean with a fixed seed, None where all differences are alike.

    Sources: BCa by Efron, "Better bootstrap confidence intervals", JASA 82 (1987). Of few values it is too narrow
    (89 % coverage instead of 95 % of 10 normal ones, in 800 trials), so that its tails are those of
    sqrt(n / (n - 1)) t instead of z, after Hesterberg, "What teachers should know about the bootstrap", The
    American Statistician 69 (2015): 94 % of 10 normal ones, and of skewed ones more than Student's t.
    """
    import numpy as np  # late: start-up
    from scipy.stats import bootstrap

    count = len(differences)
    bound = math.sqrt(count / (count - 1)) * t_quantile(0.5 + confidence / 2, count - 1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of alike values, and of a keyword that later releases call rng
        interval = bootstrap(
            (np.asarray(differences),),
            np.mean,
            n_resamples=RESAMPLES,
            confidence_level=1 - 2 * statistics.NormalDist().cdf(-bound),
            method="BCa",
            random_state=np.random.default_rng(0),
        ).confidence_interval
    return (float(interval.low), float(interval.high)) if math.isfinite(interval.low + interval.high) else None


def t_quantile(probability: float, degrees_of_freedom: int) -> float:
    """Return the quantile of Student's t distribution."""
    # scipy.special alone loads in a third of the time of scipy.stats, which calls the same function.
    from scipy.special import stdtrit  # late: start-up

    return float(stdtrit(degrees_of_freedom, probability))


def holm(p_values: Sequence[float]) -> list[float]:
    """Return p values corrected for their number, step down: p_(i) becomes the largest of (m - j + 1) p_(j), j <= i.

    Source: Holm, "A simple sequentially rejective multiple test procedure", Scand. J. Statist. 6 (1979). It keeps
    the chance of one false finding among all at the error rate, whatever the tests have in common, as rows that
    share their reference do.
    """
    order = sorted(range(len(p_values)), key=lambda index: p_values[index])
    corrected_values = [0.0] * len(p_values)
    running = 0.0
    for rank, index in enumerate(order):
        running = max(running, min(1.0, (len(p_values) - rank) * p_values[index]))
        corrected_values[index] = running
    return corrected_values


def corrected(differences: Mapping[Name, Difference | None]) -> dict[Name, Difference | None]:
    """Return the differences of one table with Holm's p values; what has no p value does not count."""
    tested = {name: gap for name, gap in differences.items() if gap is not None and gap.p is not None}
    p_values = holm([gap.p for gap in tested.values() if gap.p is not None])
    done = {name: replace(gap, p_corrected=p) for (name, gap), p in zip(tested.items(), p_values, strict=True)}
    return {name: done.get(name, gap) for name, gap in differences.items()}


def seeds_needed(sd: float, effect: float, *, confidence: float = CONFIDENCE, power: float = POWER) -> int:
    """Return how many seeds a paired, two-sided t test needs to find a true mean difference.

    The smallest n with P(|T| > t(1 - alpha/2, n - 1)) >= power, where T has the noncentral t distribution with
    n - 1 degrees of freedom and noncentrality effect * sqrt(n) / sd. Source: Cohen, "Statistical Power Analysis
    for the Behavioral Sciences", 2nd ed. (1988), chapter 2; the normal approximation ((z_a + z_b) sd / effect)^2,
    which is a little too small, is where the search begins.

    Args:
        sd: standard deviation of the paired differences, 0 or more.
        effect: the difference to be found, above 0, in the unit of ``sd``.
        confidence: 1 - alpha.
        power: chance to find it.

    Returns:
        At least 2; at most 100,000, where nothing more is searched.
    """
    if sd <= 0:
        return 2
    normal = statistics.NormalDist()
    z = normal.inv_cdf(0.5 + confidence / 2) + normal.inv_cdf(power)
    count = max(2, math.ceil(min((z * sd / effect) ** 2, _MOST_SEEDS)))
    while count < _MOST_SEEDS and _power(count, effect / sd, confidence) < power:
        count += 1
    return count


def _power(count: int, effect_in_sd: float, confidence: float) -> float:
    """Return the power of a paired, two-sided t test."""
    from scipy.special import nctdtr  # late: start-up

    bound = t_quantile(0.5 + confidence / 2, count - 1)
    shift = effect_in_sd * math.sqrt(count)
    above, below = 1 - float(nctdtr(count - 1, shift, bound)), float(nctdtr(count - 1, shift, -bound))
    # Far in the tail the library gives nan for what is 0.
    return above + (below if math.isfinite(below) else 0.0)


def pareto_front(points: Sequence[tuple[float, float]]) -> list[int]:
    """Return the indices of the (bytes, score) points on the front: lower bytes and higher score are better.

    A point is on it when no other has as few bytes and as high a score, and better in one of the two; equal points
    stand or fall together. Indices come by bytes, fewest first.
    """
    order = sorted(range(len(points)), key=lambda index: (points[index][0], -points[index][1]))
    front: list[int] = []
    for index in order:
        if not front or points[index] == points[front[-1]] or points[index][1] > points[front[-1]][1]:
            front.append(index)
    return front

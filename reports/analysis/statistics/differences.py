"""Mean, spread and paired differences over seeds. SciPy is loaded when the first interval is asked for."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeVar

Name = TypeVar("Name")
Gap = TypeVar("Gap", bound="Difference")

CONFIDENCE: Final = 0.95
"""Confidence of every interval; 1 - CONFIDENCE is the error rate of every test."""
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
        low: lower end of the interval, None from one pair and from a few pairs that differ by the same.
        high: upper end of the interval, None where there is no lower one.
        count: how many pairs.
        sd: sample standard deviation of the differences, None from one pair.
        error: standard error of the mean over seeds, from which interval and p value are made; None from one pair.
        p: two-sided p value of the paired t test, None from one pair.
        p_corrected: the same for all differences of its table; None where it was judged alone.
    """

    mean: float
    low: float | None
    high: float | None
    count: int
    sd: float | None = None
    error: float | None = None
    p: float | None = None
    p_corrected: float | None = None

    @property
    def is_unclear(self) -> bool:
        """Whether it cannot be told from zero: its interval holds zero, or its p value is too large for an interval.

        False from one pair, of which nothing can be said.
        """
        if self.low is not None and self.high is not None:
            return self.low <= 0 <= self.high
        return self.p is not None

    @property
    def is_below(self) -> bool:
        """Whether the whole interval lies below zero."""
        return self.high is not None and self.high < 0

    def half_width(self, alpha: float) -> float:
        """Return half the width of the interval of confidence 1 - alpha around the mean; 0 where there is no error."""
        return t_quantile(1 - alpha / 2, self.count - 1) * self.error if self.error else 0.0

    @property
    def turned(self) -> Difference:
        """The same difference the other way round."""
        low, high = (None if end is None else -end for end in (self.high, self.low))
        return replace(self, mean=-self.mean, low=low, high=high)


def spread(values: Sequence[float]) -> Spread | None:
    """Return mean and sample standard deviation, None for no values."""
    if not values:
        return None
    sd = statistics.stdev(values) if len(values) > 1 else None
    return Spread(mean=statistics.fmean(values), sd=sd, count=len(values))


def paired_difference(
    values: Mapping[int, float], reference: Mapping[int, float], *, test_per_train: float = 0.0
) -> Difference | None:
    """Return the mean difference over the seeds that both have, with its interval and paired t test.

    Args:
        values: seed to value of the method.
        reference: seed to value of what it is compared with.
        test_per_train: test samples for each training sample, for Nadeau and Bengio's corrected resampled t test: the
            variance of the mean is then sd^2 (1 / n + test_per_train), because repeats share samples. Source: Nadeau
            and Bengio, "Inference for the generalization error", Machine Learning 52 (2003), section 3. 0 is the
            plain t test, of repeats on one test set.

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
        sd = 0.0
    error = sd * math.sqrt(1 / count + test_per_train)
    p = _t_test(mean, error, count) if error else sign_test(mean, count)
    alone = Difference(mean=mean, low=None, high=None, count=count, sd=over_seeds.sd, error=error, p=p)
    return with_interval(alone, comparisons=1)


def with_interval(gap: Gap, *, comparisons: int) -> Gap:
    """Return a difference with the interval that holds together with those of as many others; none for one pair.

    Student's t at a confidence of 1 - 0.05 / comparisons: by Bonferroni's inequality all intervals of a table hold
    at once in 95 % of tables, whatever its rows have in common. One interval holds zero exactly where its p value
    times the number of comparisons is above 5 %.
    """
    if gap.p is None or gap.error is None:
        return gap
    alpha = (1 - CONFIDENCE) / comparisons
    half = gap.half_width(alpha)
    is_told = bool(gap.error) or not gap.mean or gap.p <= alpha
    return replace(gap, low=gap.mean - half if is_told else None, high=gap.mean + half if is_told else None)


def sign_test(mean: float, count: int) -> float:
    """Return the two-sided p value of the sign test of differences that are all alike.

    A few test samples leave a score few values, so that two or three seeds may differ by the same: no spread at all,
    from which a t test would be certain.
    """
    return 2.0 ** (1 - count) if mean else 1.0


def _t_test(mean: float, error: float, count: int) -> float:
    """Return the two-sided p value of the t test that the mean of some differences is zero."""
    from scipy.special import stdtr  # late: start-up

    return 2 * float(stdtr(count - 1, -abs(mean) / error))


def t_quantile(probability: float, degrees_of_freedom: float) -> float:
    """Return the quantile of Student's t distribution."""
    # scipy.special alone loads in a third of the time of scipy.stats, which calls the same function.
    from scipy.special import stdtrit  # late: start-up

    return float(stdtrit(degrees_of_freedom, probability))


def simultaneous(differences: Mapping[Name, Difference | None]) -> dict[Name, Difference | None]:
    """Return the differences of one table with intervals and p values that hold together; one pair does not count."""
    tested = sum(gap is not None and gap.p is not None for gap in differences.values())

    def judged(gap: Difference | None) -> Difference | None:
        if gap is None or gap.p is None:
            return gap
        return replace(with_interval(gap, comparisons=tested), p_corrected=min(1.0, tested * gap.p))

    return {name: judged(gap) for name, gap in differences.items()}

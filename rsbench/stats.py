"""Mean, spread and paired differences over seeds. SciPy is loaded when the first interval is asked for."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


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
    """A mean paired difference to a reference, with the t interval where there is one.

    Attributes:
        mean: of the differences, one a common seed.
        low: lower end of the interval, None from one pair.
        high: upper end of the interval, None from one pair.
        count: how many pairs.
    """

    mean: float
    low: float | None
    high: float | None
    count: int

    @property
    def is_unclear(self) -> bool:
        """Whether the interval holds zero: the difference cannot be told from none. False without an interval."""
        return self.low is not None and self.high is not None and self.low <= 0 <= self.high

    @property
    def is_below(self) -> bool:
        """Whether the whole interval lies below zero."""
        return self.high is not None and self.high < 0


def spread(values: Sequence[float]) -> Spread | None:
    """Return mean and sample standard deviation, None for no values."""
    if not values:
        return None
    sd = statistics.stdev(values) if len(values) > 1 else None
    return Spread(mean=statistics.fmean(values), sd=sd, count=len(values))


def paired_difference(
    values: Mapping[int, float], reference: Mapping[int, float], *, confidence: float = 0.95
) -> Difference | None:
    """Return the mean difference over the seeds that both have, with Student's t interval for pairs.

    Args:
        values: seed to value of the method.
        reference: seed to value of what it is compared with.
        confidence: of the two-sided interval.

    Returns:
        None when no seed is in both; without an interval when only one is.
    """
    differences = [values[seed] - reference[seed] for seed in sorted(values.keys() & reference.keys())]
    over_seeds = spread(differences)
    if over_seeds is None:
        return None
    if over_seeds.sd is None:
        return Difference(mean=over_seeds.mean, low=None, high=None, count=1)
    half = t_quantile(0.5 + confidence / 2, over_seeds.count - 1)
    half *= over_seeds.sd / math.sqrt(over_seeds.count)
    low, high = over_seeds.mean - half, over_seeds.mean + half
    return Difference(mean=over_seeds.mean, low=low, high=high, count=over_seeds.count)


def t_quantile(probability: float, degrees_of_freedom: int) -> float:
    """Return the quantile of Student's t distribution."""
    # scipy.special alone loads in a third of the time of scipy.stats, which calls the same function.
    from scipy.special import stdtrit

    return float(stdtrit(degrees_of_freedom, probability))


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

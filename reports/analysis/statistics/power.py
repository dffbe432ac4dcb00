"""How many seeds a difference of a given size takes."""

from __future__ import annotations

import math
import statistics
from typing import Final

from rsbench.reports.analysis.statistics.differences import CONFIDENCE, t_quantile

POWER: Final = 0.80
"""Chance to see a difference that is there, in :func:`seeds_needed`."""
_MOST_SEEDS: Final = 100_000


def seeds_needed(
    sd: float, effect: float, *, confidence: float = CONFIDENCE, power: float = POWER, shared: float = 0.0
) -> int | None:
    """Return how many seeds a paired, two-sided t test needs to find a true mean difference.

    The smallest n with P(|T| > t(1 - alpha/2, n - 1)) >= power, where T has the noncentral t distribution with
    n - 1 degrees of freedom and noncentrality effect * sqrt(n) / sd. Source: Cohen, "Statistical Power Analysis
    for the Behavioral Sciences", 2nd ed. (1988), chapter 2; the normal approximation ((z_a + z_b) sd / effect)^2,
    which is a little too small, is where the search begins. An error that seeds share is added to the bound and to
    the spread of the mean, with degrees of freedom by Satterthwaite: ours.

    Args:
        sd: standard deviation of the paired differences, 0 or more.
        effect: the difference to be found, above 0, in the unit of ``sd``.
        confidence: 1 - alpha.
        power: chance to find it.
        shared: standard error of the mean that no seed takes away, such as that of which test images there are.

    Returns:
        At least 2; at most 100,000, where nothing more is searched. None where no number of seeds is enough.
    """
    normal = statistics.NormalDist()
    z = normal.inv_cdf(0.5 + confidence / 2) + normal.inv_cdf(power)
    if z * shared >= effect:
        return None
    if sd <= 0:
        return 2
    count = max(2, math.ceil(min(sd**2 / ((effect / z) ** 2 - shared**2), _MOST_SEEDS)))
    while count < _MOST_SEEDS and _power(count, effect / sd, confidence, shared / sd) < power:
        count += 1
    return count


def _power(count: int, effect_in_sd: float, confidence: float, shared_in_sd: float) -> float:
    """Return the power of a paired, two-sided t test with an error that its seeds share."""
    from scipy.special import nctdtr  # late: start-up

    error = math.sqrt(1 / count + shared_in_sd**2)
    bound = math.hypot(
        t_quantile(0.5 + confidence / 2, count - 1) / math.sqrt(count),
        statistics.NormalDist().inv_cdf(0.5 + confidence / 2) * shared_in_sd,
    )
    freedom, shift, bound = (count - 1) * (count * error**2) ** 2, effect_in_sd / error, bound / error
    above, below = 1 - float(nctdtr(freedom, shift, bound)), float(nctdtr(freedom, shift, -bound))
    # Far in the tail the library gives nan for what is 0.
    return above + (below if math.isfinite(below) else 0.0)

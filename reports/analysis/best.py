"""Which rows have the best score, compared over the same seeds, and which are not shown to differ from it."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from rsbench.reports.analysis.methods import Method
from rsbench.reports.analysis.statistics import pareto_front

if TYPE_CHECKING:
    from rsbench.reports.analysis.comparison import Comparison


def complete_means(methods: Sequence[Method], reference: Method | None, metric: str) -> dict[str, float]:
    """Return the mean of a test metric of each complete row, by label, over the same seeds for all.

    A row is complete where it has all seeds of the reference; without a reference, all seeds that any row has. A mean
    over fewer or other seeds would compare the seeds, too.
    """
    scores = {method.label: method.test_by_seed(metric) for method in methods}
    of_reference = {} if reference is None else reference.test_by_seed(metric)
    seeds = set(of_reference) or {seed for by_seed in scores.values() for seed in by_seed}
    return {
        label: statistics.fmean(by_seed[seed] for seed in sorted(seeds))
        for label, by_seed in scores.items()
        if seeds and seeds <= by_seed.keys()
    }


def front_of(
    methods: Sequence[Method], means: Mapping[str, float], sent_bytes: Callable[[Method], float | None]
) -> list[str]:
    """Return the labels of the rows that no other beats in bytes and in mean, fewest bytes first.

    Args:
        methods: the rows.
        means: label -> mean; rows without one are left out.
        sent_bytes: of a row; None where that is unknown.
    """
    points = {
        method.label: (count, means[method.label])
        for method in methods
        if method.label in means and (count := sent_bytes(method)) is not None
    }
    labels = list(points)
    return [labels[index] for index in pareto_front(list(points.values()))]


def best_labels(comparison: Comparison) -> frozenset[str]:
    """Return the label of the complete row with the best mean, and those of rows not shown to differ from it.

    A row is not shown to differ where the interval of its paired difference to the best holds zero; the intervals hold
    together for all rows. From one seed nothing can be tested, so the best row is alone.
    """
    means = comparison.means
    if len(means) < 2:
        return frozenset()
    top = max(means.values())
    best = next(method for method in comparison.trained if means.get(method.label) == top)
    equal = [label for label, mean in means.items() if mean == top]
    unclear = [label for label, gap in comparison.gaps_to(best).items() if gap is not None and gap.is_unclear]
    return frozenset([*equal, *unclear])

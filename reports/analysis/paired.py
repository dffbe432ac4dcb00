"""Rows on the same footing: means over the seeds that all complete rows have, and who is on the front of them."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence

from rsbench.reports.analysis.methods import Method
from rsbench.reports.analysis.statistics import pareto_front


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

"""Which rows have the best score, compared over the same seeds, and which are not shown to differ."""

from __future__ import annotations

from rsbench.reports.analysis.comparison import Comparison


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

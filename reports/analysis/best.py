"""Which rows have the best score, and which are not shown to differ from it."""

from __future__ import annotations

from rsbench.reports.analysis.comparison import Comparison


def best_labels(comparison: Comparison) -> frozenset[str]:
    """Return the label of the row with the best mean score, and those of rows not shown to differ from it.

    A row is not shown to differ where the interval of its paired difference to the best holds zero; the intervals
    hold together for all rows. With one seed nothing can be tested, so the best row is alone. Rows of fewer seeds
    than others cannot be the best, but may be among those that are not shown to differ.
    """
    name, sign = comparison.metric.name, 1 if comparison.metric.higher_is_better else -1
    scores = {method.label: (method, score) for method in comparison.trained if (score := method.test(name))}
    if len(scores) < 2:
        return frozenset()
    most = max(score.count for _, score in scores.values())
    complete = [(method, score) for method, score in scores.values() if score.count == most]
    best, top = max(complete, key=lambda pair: sign * pair[1].mean)
    equal = [method.label for method, score in complete if score.mean == top.mean]
    unclear = [label for label, gap in comparison.gaps_to(best).items() if gap is not None and gap.is_unclear]
    return frozenset([*equal, *unclear])

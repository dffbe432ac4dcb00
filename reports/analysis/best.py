"""Which rows have the best score, compared over the same seeds, and which are not shown to differ."""

from __future__ import annotations

from rsbench.reports.analysis.comparison import Comparison


def best_labels(comparison: Comparison) -> frozenset[str]:
    """Return the label of the complete row with the best mean, and those of rows not shown to differ from it.

    A row is not shown to differ where the interval of its paired difference to the best holds zero; the intervals hold
    together for all rows. Rows with a lower accuracy than the reference's are left out. From one seed nothing can be
    tested, so the best row is alone; so it is where no row at all is shown to differ.
    """
    top = _top(comparison)
    return top if _tells_nothing(comparison) else top | _alike(comparison)


def best_words(comparison: Comparison) -> str:
    """Return what bold means: ``the best mean OA, and rows not shown to differ from it``."""
    best = f"the best mean {comparison.metric.heading}"
    if not comparison.comparisons:
        return f"{best}, which one seed cannot prove"
    if _tells_nothing(comparison):
        return f"{best}; no row is shown to differ from it"
    return f"{best}, and rows not shown to differ from it"


def _top(comparison: Comparison) -> frozenset[str]:
    """Return the complete rows with the best mean, nothing where there are no two to compare."""
    means = comparison.means
    top = max(means.values(), default=0.0)
    return frozenset(label for label, mean in means.items() if mean == top) if len(means) > 1 else frozenset()


def _alike(comparison: Comparison) -> frozenset[str]:
    """Return the rows that are not lower than the reference and whose interval to the best row holds zero."""
    top = _top(comparison)
    best = next((method for method in comparison.trained if method.label in top), None)
    if best is None:
        return frozenset()
    gaps = comparison.gaps_to(best)
    return frozenset(
        method.label
        for method in comparison.trained
        if (gap := gaps.get(method.label)) is not None
        and gap.low is not None
        and gap.is_unclear
        and not comparison.is_lower(method)
    )


def _tells_nothing(comparison: Comparison) -> bool:
    """Return whether every complete row would be called the best."""
    return bool(alike := _alike(comparison)) and comparison.means.keys() <= _top(comparison) | alike

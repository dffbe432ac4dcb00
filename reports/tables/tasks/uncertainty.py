"""Change maps: how well the network's own uncertainty, and the entropy of its probability, find the wrong pixels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from rsbench.metrics import SUREST, UNCERTAINTY, UNCERTAINTY_SOURCES
from rsbench.reports.analysis.comparison import Comparison
from rsbench.reports.analysis.methods import Method
from rsbench.reports.analysis.statistics.differences import spread
from rsbench.reports.document.table import Column, Notes, Row, Table
from rsbench.reports.tables.columns import METHOD, score_cell, score_column

_SOURCE: Final = Column(title="Uncertainty", align="left", key="uncertainty")


def uncertainty_table(comparison: Comparison, notes: Notes) -> Table | None:
    """Return a row for each method and each uncertainty that its networks give; None where no record has any."""
    rows = [row for method in comparison.trained for row in _rows(method, comparison)]
    if not rows:
        return None
    mark = notes.mark(
        "AUROC: how likely a wrong pixel is less sure than a right one; 0.5 is no better than chance. F1 of the surest "
        f"{100 * SUREST:.0f} %: without the least sure pixels of all test tiles together. A dash where no seed has "
        "wrong and right pixels."
    )
    source = replace(_SOURCE, title=f"{_SOURCE.title} {mark}")
    columns = (METHOD, source, score_column(comparison.metric), *map(score_column, UNCERTAINTY))
    return Table.of("Uncertainty: how well it finds the wrong pixels", columns, rows)


def _rows(method: Method, comparison: Comparison) -> list[Row]:
    """Return a method's rows: the uncertainties of its records, in a fixed order."""
    found = [_scores(record) for record in method.chosen]
    metric = comparison.metric
    return [
        (
            method.label,
            words,
            score_cell(metric, method.test(metric.name)),
            *(score_cell(one, spread(_values(found, source, one.name))) for one in UNCERTAINTY),
        )
        for source, words in UNCERTAINTY_SOURCES.items()
        if any(source in scores for scores in found)
    ]


def _scores(record: dict[str, Any]) -> dict[str, dict[str, float | None]]:
    """Return source -> scores of a record; empty where there are none."""
    test = (record["accuracy"] or {}).get("test") or {}
    return dict(test.get("uncertainty") or {})


def _values(found: Sequence[dict[str, dict[str, float | None]]], source: str, name: str) -> list[float]:
    """Return a score of one source over the seeds that have it."""
    values = (scores.get(source, {}).get(name) for scores in found)
    return [float(value) for value in values if value is not None]

"""The metric of each row beside that of a row of the reader's choice."""

from __future__ import annotations

from rsbench.reports.analysis.comparison import Comparison
from rsbench.reports.document.table import Column, Notes, Table
from rsbench.reports.tables.columns import EMPTY, METHOD, count_cell, gap_cell, gap_column, score_cell, score_column


def differences_table(comparison: Comparison, _: Notes) -> Table | None:
    """Return one row a method beside ``comparison.against``, None where no finished row is called so."""
    base = next((method for method in comparison.finished if method.label == comparison.against), None)
    if base is None:
        return None
    metric = comparison.metric
    gaps = comparison.gaps_to(base)
    rows = []
    for method in comparison.trained:
        score, gap = method.test(metric.name), gaps.get(method.label)
        pairs = EMPTY if gap is None else count_cell(gap.count)
        rows.append((method.label, score_cell(metric, score), gap_cell(metric, gap), pairs))
    columns = (METHOD, score_column(metric), gap_column(metric, base.label), Column(title="Common seeds"))
    return Table.of(f"Paired differences to {base.label}", columns, rows)

"""Where the time of a step goes."""

from __future__ import annotations

from rsbench.reports.analysis.comparison import Comparison
from rsbench.reports.analysis.methods import parts_of
from rsbench.reports.document.table import Column, Notes, Row, Table
from rsbench.reports.tables.columns import METHOD, count_cell, ms_cell


def step_parts_table(comparison: Comparison, _: Notes) -> Table | None:
    """Return the parts of a step in ms, one row a method; None where no method has finished."""
    rows: list[Row] = []
    parts = (*parts_of(comparison.finished), "overlapped_s")
    for method in comparison.finished:
        means = [ms_cell(method.mean("time", part)) for part in parts]
        rows.append((method.label, *means, count_cell(method.total("time", "steps_counted"))))
    headings = (Column(title=part.removesuffix("_s"), key=part) for part in parts)
    columns = (METHOD, *headings, Column(title="Steps", key="steps_counted"))
    title = "Parts of a step (ms, means; the step above is the median; overlapped is not part of it)"
    return Table.of(title, columns, rows, is_detail=True) if rows else None

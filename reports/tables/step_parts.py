"""Where the time of a step goes."""

from __future__ import annotations

from typing import Final

from rsbench.measure.step_times import SPLIT
from rsbench.reports.analysis.comparison import Comparison
from rsbench.reports.document.table import Column, Notes, Row, Table
from rsbench.reports.tables.columns import METHOD, count_cell, ms_cell

_PARTS: Final = (*SPLIT, "overlapped_s")


def step_parts_table(comparison: Comparison, _: Notes) -> Table | None:
    """Return the parts of a step in ms, one row a method; None where no method has finished."""
    rows: list[Row] = []
    for method in comparison.finished:
        means = [ms_cell(method.mean("time", part)) for part in _PARTS]
        rows.append((method.label, *means, count_cell(method.total("time", "steps_counted"))))
    parts = (Column(title=part.removesuffix("_s"), key=part) for part in _PARTS)
    columns = (METHOD, *parts, Column(title="Steps", key="steps_counted"))
    title = "Parts of a step (ms, means; the step above is the median; overlapped is not part of it)"
    return Table.of(title, columns, rows) if rows else None

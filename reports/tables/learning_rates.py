"""Validation scores by learning rate."""

from __future__ import annotations

from typing import Literal

from rsbench.metrics import Metric
from rsbench.reports.analysis import numbers
from rsbench.reports.analysis.comparison import Comparison
from rsbench.reports.analysis.methods import Method
from rsbench.reports.document.table import Cell, Column, Notes, Row, Table
from rsbench.reports.tables.columns import METHOD


def learning_rates_table(comparison: Comparison, _: Notes) -> Table | None:
    """Return one row a method and one column a rate, None when no method has more than one rate."""
    metric = comparison.task.validation
    scored = [method for method in comparison.methods if method.validation]
    rates = sorted({rate for method in scored for rate in method.rates_tried})
    if not any(len(method.rates_tried) > 1 for method in scored):
        return None
    rows: list[Row] = [(method.label, *(_score_cell(metric, method, rate) for rate in rates)) for method in scored]
    unit = numbers.score_unit(metric)
    better: Literal["higher", "lower"] = "higher" if metric.higher_is_better else "lower"
    columns = (METHOD, *(Column(title=f"lr {rate:g}", unit=unit, better=better, key=f"{rate!r}") for rate in rates))
    title = f"Validation {metric.heading} by learning rate (* the best, which the tables above take)"
    return Table.of(title, columns, rows, is_detail=True)


def _score_cell(metric: Metric, method: Method, rate: float) -> Cell:
    """Return ``81.5 ± 0.1 *``, with the seeds counted where they are fewer than at the chosen rate."""
    score = method.validation.get(rate)
    text = numbers.spread_text(metric, score)
    if rate == method.rate:
        return Cell(f"{text} *", score)
    at_best = method.validation[method.rate].count if method.rate in method.validation else 0
    if score is not None and score.count < at_best:
        return Cell(f"{text} ({score.count} of {at_best} seeds)", score)
    return Cell(text, score)

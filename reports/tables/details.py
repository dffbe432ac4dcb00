"""The metrics, ratios and learning rates that the first table has no room for."""

from __future__ import annotations

from typing import Final

from rsbench import units
from rsbench.metrics import Metric
from rsbench.reports.analysis import numbers
from rsbench.reports.analysis.comparison import Comparison
from rsbench.reports.analysis.methods import Method
from rsbench.reports.analysis.statistics.differences import Spread
from rsbench.reports.document.table import Cell, Column, Notes, Row, Table
from rsbench.reports.tables.columns import EMPTY, METHOD, percent_cell, ratio_cell, score_column

_COLUMNS: Final = (
    Column(title="LR", key="lr"),
    Column(title="Seeds", key="seeds"),
    Column(title="Steady ratio", better="higher"),
    Column(title="Wire ratio", better="higher"),
    Column(title="Density", unit="%", key="density"),
    Column(title="Pareto", key="on_pareto_front"),
)


def details_table(comparison: Comparison, notes: Notes) -> Table | None:
    """Return one row a method, with a mark for those on the Pareto front; None where no method has finished."""
    if not comparison.finished:
        return None
    others = comparison.task.metrics[1:]
    rows = [_row(method, comparison, notes) for method in comparison.finished]
    for baseline in comparison.baselines:
        scores = [_mean_cell(metric, baseline.test(metric.name)) for metric in others]
        rows.append((baseline.label, *scores, *[EMPTY] * len(_COLUMNS)))
    columns = (METHOD, *(score_column(metric) for metric in others), *_COLUMNS)
    return Table.of("Accuracy and bytes in detail", columns, rows, is_detail=True)


def _row(method: Method, comparison: Comparison, notes: Notes) -> Row:
    """Return one method's other metrics and ratios."""
    on_front = method.label in comparison.front
    return (
        method.label,
        *(_mean_cell(metric, method.test(metric.name)) for metric in comparison.task.metrics[1:]),
        Cell(_rate_text(method, notes), method.rate),
        Cell(_seeds_text(method), len(method.chosen)),
        ratio_cell(method.mean("traffic", "steady_ratio")),
        ratio_cell(method.mean("traffic", "wire_ratio")),
        percent_cell(method.mean("traffic", "density")),
        Cell("yes" if on_front else units.DASH, on_front),
    )


def _mean_cell(metric: Metric, score: Spread | None) -> Cell:
    """Return a metric without its spread."""
    return Cell(numbers.score_text(metric, None if score is None else score.mean), score)


def _rate_text(method: Method, notes: Notes) -> str:
    """Return the chosen learning rate, marked at the edge of the grid or when it was the only one."""
    if method.rate is None:
        return units.DASH
    text, tried = f"{method.rate:g}", method.rates_tried
    if not method.validation or method.rate not in (tried[0], tried[-1]):
        return text
    if len(tried) == 1:
        return f"{text} {notes.mark('The only learning rate tried: each method may have a better one of its own.')}"
    grid = ", ".join(f"{rate:g}" for rate in tried)
    return f"{text} {notes.mark(f'The best learning rate lies at the edge of the grid ({grid}): go beyond it.')}"


def _seeds_text(method: Method) -> str:
    """Return how many seeds are counted, ``2 of 3`` when some did not finish at the chosen rate."""
    at_rate = {record["cell"]["seed"] for record in method.counted if float(record["cell"]["lr"]) == method.rate}
    return f"{len(method.chosen)}" if len(method.chosen) == len(at_rate) else f"{len(method.chosen)} of {len(at_rate)}"

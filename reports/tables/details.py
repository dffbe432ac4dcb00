"""The metrics, ratios and learning rates that the first table has no room for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
_OF_A_VARIANT: Final = ("ratio", "match", "sync", "prune")
"""Fields of a cell in which the variants of one compressor agree."""
_VARIANTS: Final = (
    "Variants tried: option texts of one compressor at one ratio, with the learning rates of each, on the tuning seed. "
    "A row that was chosen there is the best of so many."
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
    tried = _variants_tried(comparison.methods)
    if tried:
        notes.mark(_VARIANTS)
        columns = (*columns, Column(title="Variants tried", key="variants_tried"))
        rows = [(*row, tried.get(_label_of(row), EMPTY)) for row in rows]
    return Table.of("Accuracy and bytes in detail", columns, rows, is_detail=True)


def _label_of(row: Row) -> str:
    """Return the label of a row, its first cell."""
    first = row[0]
    return first.text if isinstance(first, Cell) else first


def _variants_tried(methods: Sequence[Method]) -> dict[str, Cell]:
    """Return label -> ``3 at 4 rates``: what the tuning seed tried of one compressor, where that is several texts.

    Variants agree in all but the options of the compressor: its name, the ratio, how often it exchanges, what it keeps.
    """
    groups: dict[tuple[object, ...], dict[str, int]] = {}
    for method in methods:
        cells = [r["cell"] for r in method.records if int(r["cell"]["seed"]) in method.tuning_seeds]
        if cells:
            alike = (method.name, *(cells[0].get(field) for field in _OF_A_VARIANT))
            groups.setdefault(alike, {})[method.label] = len({float(cell["lr"]) for cell in cells})
    return {
        label: Cell(_tried_text(rates), {"variants": len(rates), "rates": sum(rates.values())})
        for rates in groups.values()
        if len(rates) > 1
        for label in rates
    }


def _tried_text(rates: Mapping[str, int]) -> str:
    """Return ``3 at 4 rates``, or ``3 at 2 to 4 rates`` where variants had unequally many."""
    low, high = min(rates.values()), max(rates.values())
    return f"{len(rates)} at {units.count_text(high, 'rate') if low == high else f'{low} to {high} rates'}"


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

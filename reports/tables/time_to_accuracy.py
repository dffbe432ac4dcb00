"""Time and bytes to accuracy: when each method's validation score first reaches a share of the reference's best."""

from __future__ import annotations

from rsbench import units
from rsbench.reports.analysis import numbers
from rsbench.reports.analysis.comparison import Comparison
from rsbench.reports.analysis.methods import Method
from rsbench.reports.analysis.reached import Reached, reach, targets
from rsbench.reports.document.table import Cell, Column, Notes, Row, Table
from rsbench.reports.tables.columns import EMPTY, METHOD


def time_to_accuracy_table(comparison: Comparison, _: Notes) -> Table | None:
    """Return one row a method with its time and bytes to each target, None where the records kept no history."""
    reference, metric = comparison.reference, comparison.metric
    if reference is None:
        return None
    wanted = targets(reference)
    methods = [method for method in comparison.trained if method.histories]
    if not wanted or not methods:
        return None
    columns = [METHOD]
    for share in wanted:
        name = f"{100 * share:g}"
        columns += [
            Column(title=f"{name} %: time", unit="s", better="lower", key=f"elapsed_s_to_{name}"),
            Column(title=f"{name} %: payload", better="lower", key=f"payload_bytes_total_to_{name}"),
        ]
    rows = [_row(method, list(wanted.values())) for method in methods]
    scores = ", ".join(numbers.score_text(metric, target, unit=True) for target in wanted.values())
    title = f"Time and bytes to shares of none's best validation {metric.heading} ({scores})"
    return Table.of(title, columns, rows)


def _row(method: Method, wanted: list[float]) -> Row:
    """Return a method's cells."""
    return (method.label, *(cell for target in wanted for cell in _cells(reach(method, target))))


def _cells(needed: Reached) -> tuple[Cell, Cell]:
    """Return seconds and bytes; a target that a seed missed has no mean of the others."""
    if needed.reached < needed.count:
        return (Cell(f"{needed.reached} of {units.count_text(needed.count, 'seed')}", needed), EMPTY)
    time_s, payload = needed.elapsed_s, needed.payload_bytes_total
    return (
        Cell(units.significant(None if time_s is None else time_s.mean), needed),
        Cell(units.bytes_text(None if payload is None else payload.mean), payload),
    )

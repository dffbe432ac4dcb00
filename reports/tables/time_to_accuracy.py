"""Time and bytes to accuracy: when each method's validation score first reaches a share of the reference's best."""

from __future__ import annotations

from typing import Final

from rsbench import units
from rsbench.reports.analysis import numbers
from rsbench.reports.analysis.comparison import Comparison
from rsbench.reports.analysis.methods import Method
from rsbench.reports.analysis.reached import Reached, reach, targets
from rsbench.reports.document.table import Cell, Column, Notes, Row, Table
from rsbench.reports.tables.columns import EMPTY, METHOD

_NOT_REACHED: Final = "Seeds that reached a score, of all: where one never does, there is no mean."


def time_to_accuracy_table(comparison: Comparison, notes: Notes) -> Table | None:
    """Return one row a method with its time and bytes to each target, None where the records kept no history."""
    reference, metric = comparison.reference, comparison.metric
    if reference is None:
        return None
    wanted = targets(reference)
    methods = [method for method in comparison.trained if method.histories]
    if not wanted or not methods:
        return None
    shares = ", ".join(
        f"{100 * share:g} % is {numbers.score_text(metric, target, unit=True)}" for share, target in wanted.items()
    )
    columns = [METHOD]
    for share in wanted:
        name = f"{100 * share:g}"
        columns += [
            Column(title=f"Time to {name} %", unit="s", better="lower", key=f"elapsed_s_to_{name}"),
            Column(title=f"Payload to {name} %", better="lower", key=f"payload_bytes_total_to_{name}"),
        ]
    rows = [_row(method, list(wanted.values()), notes) for method in methods]
    title = f"Time and bytes to a validation {metric.heading} (shares of none's best mean over seeds: {shares})"
    return Table.of(title, columns, rows)


def _row(method: Method, wanted: list[float], notes: Notes) -> Row:
    """Return a method's cells."""
    return (method.label, *(cell for target in wanted for cell in _cells(reach(method, target), notes)))


def _cells(needed: Reached, notes: Notes) -> tuple[Cell, Cell]:
    """Return seconds and bytes; a target that a seed missed has no mean of the others."""
    if needed.reached < needed.count:
        return (Cell(f"{needed.reached} of {needed.count} {notes.mark(_NOT_REACHED)}", needed), EMPTY)
    time_s, payload = needed.elapsed_s, needed.payload_bytes_total
    return (
        Cell(units.significant(None if time_s is None else time_s.mean), needed),
        Cell(units.bytes_text(None if payload is None else payload.mean), payload),
    )

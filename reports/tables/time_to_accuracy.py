"""Time and bytes to accuracy: when each method's validation score first reaches a share of the reference's best."""

from __future__ import annotations

from typing import Final

from rsbench import units
from rsbench.reports.analysis import numbers
from rsbench.reports.analysis.comparison import Comparison
from rsbench.reports.analysis.reached import Reached, reach, targets
from rsbench.reports.analysis.statistics import Spread
from rsbench.reports.document.table import Cell, Column, Notes, Row, Table
from rsbench.reports.tables.columns import EMPTY, METHOD, ratio_cell

_COLUMNS: Final = (
    METHOD,
    Column(title="Target", key="target"),
    Column(title="Time", unit="s", better="lower", key="elapsed_s"),
    Column(title="Speed-up", better="higher", key="speed_up"),
    Column(title="Payload", better="lower", key="payload_bytes_total"),
    Column(title="Steps", better="lower", key="step"),
)


def time_to_accuracy_table(comparison: Comparison, _: Notes) -> Table | None:
    """Return one row a method and target, None where the records kept no history."""
    reference, metric = comparison.reference, comparison.metric
    if reference is None:
        return None
    rows: list[Row] = []
    for share, target in targets(reference).items():
        base = reach(reference, target).elapsed_s
        wanted = Cell(f"{100 * share:g} %: {numbers.score_text(metric, target, unit=True)}", target)
        for method in comparison.trained:
            if method.histories:
                other = None if method is reference else base
                rows.append((method.label, wanted, *_cells(reach(method, target), other)))
    title = f"Time and bytes to a validation {metric.heading} (shares of none's best mean over seeds)"
    return Table.of(title, _COLUMNS, rows) if rows else None


def _cells(needed: Reached, base: Spread | None) -> tuple[Cell, ...]:
    """Return seconds, speed-up, bytes and steps; a target that a seed missed has no mean of the others."""
    if needed.reached < needed.count:
        return (Cell(f"{needed.reached} of {units.count_text(needed.count, 'seed')} reached it"), *[EMPTY] * 3)
    time_s, payload, step = needed.elapsed_s, needed.payload_bytes_total, needed.step
    faster = base.mean / time_s.mean if base and time_s and time_s.mean > 0 else None
    return (
        Cell(units.significant(None if time_s is None else time_s.mean), time_s),
        ratio_cell(faster, 2),
        Cell(units.bytes_text(None if payload is None else payload.mean), payload),
        Cell(units.DASH if step is None else f"{step.mean:,.0f}", step),
    )

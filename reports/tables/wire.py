"""A step's bytes at three places: handed to collectives, on the wire by the model, and as the kernel counted."""

from __future__ import annotations

from typing import Final

from rsbench import units
from rsbench.reports.analysis.comparison import Comparison
from rsbench.reports.analysis.methods import Method
from rsbench.reports.document.table import Cell, Column, Notes, Row, Table
from rsbench.reports.tables.columns import METHOD, bytes_cell

NOTICEABLE: Final = 0.05
"""Difference between measured and modelled bytes from which a row is marked."""
_COUNTED_BY: Final = {
    "interface": "Measured: bytes of each worker's own network interface, with headers, mean over workers.",
    "sockets": "Measured: bytes of the workers' TCP sockets, mean over workers; headers of Ethernet frames are added "
    "by formula, as in the model.",
}
_COLUMNS: Final = (
    METHOD,
    Column(title="Payload/step", better="lower", key="payload_bytes_per_step_mean"),
    Column(title="Wire/step, modelled", better="lower", key="wire_bytes_per_step"),
    Column(title="Wire/step, measured", better="lower", key="wire_bytes_measured_per_step"),
    Column(title="Received/step", key="wire_bytes_received_per_step"),
    Column(title="Measured - modelled", unit="%", key="wire_bytes_difference"),
)


def wire_table(comparison: Comparison, notes: Notes) -> Table | None:
    """Return one row a method, None where no kernel has counted."""
    known = [method for method in comparison.finished if method.mean("traffic", "wire_bytes_measured_total")]
    if not known:
        return None
    for counter in sorted({str(method.chosen[0]["traffic"]["wire_counter"]) for method in known}):
        notes.mark(_COUNTED_BY.get(counter, f"Measured: {counter}."))
    rows = [_row(method, notes) for method in comparison.finished]
    return Table.of("Bytes of a worker and step (means over all steps)", _COLUMNS, rows, is_detail=True)


def measured_difference(method: Method) -> float | None:
    """Return by what share the kernel counted more bytes than the model says, None where either is unknown or 0."""
    modelled = method.mean("traffic", "wire_bytes_total")
    measured = method.mean("traffic", "wire_bytes_measured_total")
    return measured / modelled - 1 if modelled and measured is not None else None


def _row(method: Method, notes: Notes) -> Row:
    difference = measured_difference(method)
    text = units.DASH if difference is None else f"{100 * difference:+.1f}"
    if difference is not None and abs(difference) > NOTICEABLE:
        text += f" {notes.mark(f'Measured and modelled bytes differ by more than {100 * NOTICEABLE:g} %.')}"
    names = ("payload_bytes_total", "wire_bytes_total", "wire_bytes_measured_total", "wire_bytes_received_total")
    return (method.label, *(bytes_cell(_per_step(method, name)) for name in names), Cell(text, difference))


def _per_step(method: Method, name: str) -> float | None:
    total, steps = method.mean("traffic", name), method.mean("traffic", "steps")
    return total / steps if total is not None and steps else None

"""Rounds and samples: what rows send and take a sample where they exchange after several local steps."""

from __future__ import annotations

from typing import Final

from rsbench import units
from rsbench.reports.analysis.comparison import Comparison
from rsbench.reports.analysis.methods import Method
from rsbench.reports.costs.recorded import PARTS, ROUND
from rsbench.reports.document.table import Cell, Column, Notes, Row, Table
from rsbench.reports.tables.columns import METHOD, bytes_cell, ms_cell, percent_cell

_COLUMNS: Final = (
    METHOD,
    Column(title="Local steps", key="local_steps"),
    Column(title="Exchanges", better="lower", key="exchanges"),
    Column(title="Payload/exchange", better="lower", key="payload_bytes_per_exchange"),
    Column(title="Buffers/round", better="lower", key="buffer_bytes_per_round"),
    Column(title="Payload/sample", better="lower", key="payload_bytes_per_sample"),
    Column(title="Time/sample", unit="ms", better="lower", key="s_per_sample"),
    Column(title="Exchange", unit="% of step", better="lower", key="exchange_share"),
    Column(title="Round", unit="ms", better="lower", key="round_s"),
)
EXCHANGE: Final = ("compress_s", "wait_s", "decompress_s", ROUND)
"""The parts of a step that are there for the exchange."""
NOT_COMPRESSION: Final = (
    "Rows with accumulate:K or rounds:K send less because they exchange once in K local steps: that is K times fewer "
    "exchanges, not compression."
)


def rounds_table(comparison: Comparison, notes: Notes) -> Table | None:
    """Return one row a method, None where all rows exchange at every step."""
    if all(method.sync.kind == "steps" for method in comparison.finished):
        return None
    rows = [_row(method, notes) for method in comparison.finished]
    what = f"a local step is one batch of a worker, a sample one {comparison.task.sample}; buffers are payload"
    return Table.of(f"Rounds and samples ({what}; exchange and round are parts of a step)", _COLUMNS, rows)


def fewer_exchanges_mark(method: Method, notes: Notes) -> str:
    """Return the mark of the note that fewer exchanges are no compression, empty for an exchange at every step."""
    return "" if method.sync.kind == "steps" else notes.mark(NOT_COMPRESSION)


def _row(method: Method, notes: Notes) -> Row:
    """Return one method's exchanges, and its bytes and time a sample."""
    exchanges = _exchanges(method)
    every = " ".join(filter(None, [f"{method.sync.every:,}", fewer_exchanges_mark(method, notes)]))
    return (
        method.label,
        Cell(every, method.sync.every),
        Cell(units.DASH if exchanges is None else f"{exchanges:,.0f}", exchanges),
        bytes_cell(_per_exchange(method, exchanges)),
        bytes_cell(_buffers_per_round(method, exchanges)),
        bytes_cell(method.mean("traffic", "payload_bytes_per_sample")),
        ms_cell(method.mean("time", "s_per_sample")),
        percent_cell(_exchange_share(method)),
        ms_cell(method.mean("time", ROUND) if method.sync.in_rounds else None),
    )


def _exchanges(method: Method) -> float | None:
    """Return the exchanges of a run; records that do not count them say how many steps they took."""
    counted, steps = method.mean("traffic", "exchanges"), method.mean("traffic", "steps")
    return counted if counted is not None or steps is None else method.sync.exchanges(round(steps))


def _per_exchange(method: Method, exchanges: float | None) -> float | None:
    """Return the payload of one exchange, by the whole run where records do not say it."""
    recorded, total = (method.mean("traffic", f"payload_bytes_{name}") for name in ("per_exchange", "total"))
    return total / exchanges if recorded is None and total is not None and exchanges else recorded


def _buffers_per_round(method: Method, exchanges: float | None) -> float | None:
    """Return the bytes of the buffers that a round's end averages beside its payload; other rows only validate so."""
    total = method.mean("traffic", "buffer_bytes")
    return total / exchanges if method.sync.in_rounds and total is not None and exchanges else None


def _exchange_share(method: Method) -> float | None:
    """Return which share of a step's time is there for the exchange, None where the parts are unknown."""
    seconds = {part: method.mean("time", part) or 0.0 for part in PARTS}
    whole = sum(seconds.values())
    return sum(seconds[part] for part in EXCHANGE) / whole if whole > 0 else None

"""What ``rsbench bench`` shows: rows, memory, parts, and the closing sentence."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rsbench.units import bytes_text

if TYPE_CHECKING:
    from rsbench.reports.document.table import Report, Table

REFERENCE = "plain DDP"
HEADROOM = "noop"


@dataclass(frozen=True, kw_only=True)
class Row:
    """Medians of one method over ranks, steps and repeats; None where nothing is measured.

    Attributes:
        name: of the method.
        exchange_s: backward + exchange, the slowest rank of each step.
        compress_s: inside the hook: accumulate, select, encode, start the collective.
        decode_s: in the callback.
        copy_s: ``copy_`` of as many bytes as the gradients have, timed after the same steps on the same cores.
        payload_bytes: of a step.
        peak_bytes: growth of resident memory while the method was built and ran.
        keeps_residual: whether the method keeps what it does not send.
    """

    name: str
    exchange_s: float
    compress_s: float | None
    decode_s: float | None
    copy_s: float
    payload_bytes: float | None
    peak_bytes: float | None
    keeps_residual: bool


def rows(measured: dict[str, Any]) -> list[Row]:
    """Return medians of the samples, in the order of timing."""
    ranks, memory = measured["ranks"], measured["memory"]

    def median(name: str, key: str) -> float | None:
        values = [value for rank in ranks for value in rank[name].get(key, ())]
        return statistics.median(values) if values else None

    return [
        Row(
            name=name,
            exchange_s=statistics.median(map(max, zip(*(rank[name]["exchange_s"] for rank in ranks), strict=True))),
            compress_s=median(name, "compress_s"),
            decode_s=median(name, "decode_s"),
            copy_s=median(name, "copy_s") or 0.0,
            payload_bytes=median(name, "payload_bytes"),
            peak_bytes=_peak_bytes(memory, name),
            keeps_residual=measured["keeps_residual"].get(name, False),
        )
        for name in ranks[0]
    ]


def _peak_bytes(ranks: list[dict[str, Any]], name: str) -> float | None:
    """Return the larger of the ranks' medians over rounds, None where the method was not measured."""
    return max((statistics.median(rank[name]["peak_bytes"]) for rank in ranks if name in rank), default=None)


def report(measured: dict[str, Any]) -> Report:
    """Return what formats draw: two tables and a closing sentence."""
    from rsbench.reports.document.table import Report, Section  # late: start-up

    table_rows = rows(measured)
    table = _table(measured, table_rows)
    config = measured["order"]
    copy_ms = 1e3 * statistics.median(row.copy_s for row in table_rows)
    elements = measured["elements"]
    facts = (
        f"{elements:,} gradients, {bytes_text(4 * elements)}; {config['workers']} gloo processes "
        f"of one thread each on {measured['provenance']['cpu_model']}; density {config['density']:g}; "
        f"torch {measured['torch']}.",
        f"copy_ of as many bytes: {copy_ms:.2f} ms. Made-up gradients; medians over ranks, "
        f"{config['repeats']} rounds of all methods and their steps.",
    )
    loops = "Loops compiled by numba."
    if measured["kernels"] != "compiled":
        loops = "Loops of torch operations: pip install 'rsbench[fast]' makes compression three to four times as fast."
    notes = (
        "(t - noop) / (DDP - noop): the share of the dense exchange's own cost that is left; noop sends nothing.",
        "Memory: growth of the resident peak over none's, as a share of the gradients' bytes; bound: u and v, 15 %, "
        "W + 1 messages.",
    )
    section = Section(
        title=f"{config['model']}: time of a step's backward and exchange",
        facts=(*facts, loops),
        tables=(table, _parts_table(measured["parts"])),
        notes=notes,
        conclusion=_conclusion(table_rows),
    )
    return Report(title="", sections=(section,), problems=(), methods=table, cells=table)


def memory_share(measured: dict[str, Any], row: Row) -> tuple[float, float] | None:
    """Return what a method with residuals needs beyond ``none``, and its bound, as shares of the gradients' bytes.

    The bound: u and v (v alone for error feedback), 15 %, and W + 1 messages.
    """
    if row.peak_bytes is None or not row.keeps_residual:
        return None
    gradient_bytes = 4 * measured["elements"]
    copies = 2 if row.name.startswith(("dgc", "rsdgc")) else 1
    messages = (measured["order"]["workers"] + 1) * (row.payload_bytes or 0.0)
    used = row.peak_bytes - (_peak_bytes(measured["memory"], "none") or 0.0)
    return used / gradient_bytes, copies + 0.15 + messages / gradient_bytes


def _table(measured: dict[str, Any], table_rows: list[Row]) -> Table:
    from rsbench.reports.document.table import Column, Table  # late: start-up

    by_name = {row.name: row for row in table_rows}
    dense, noop = by_name[REFERENCE], by_name.get(HEADROOM)
    gradient_bytes = 4 * measured["elements"]

    def cells(row: Row) -> tuple[str, ...]:
        room = dense.exchange_s - noop.exchange_s if noop else 0.0
        left = (row.exchange_s - noop.exchange_s) / room if noop and room > 0 else None
        memory = memory_share(measured, row)
        return (
            row.name,
            f"{1e3 * row.exchange_s:.1f}",
            f"{row.exchange_s / dense.exchange_s:.2f}",
            "-" if left is None else f"{left:.2f}",
            "-" if row.compress_s is None else f"{1e3 * row.compress_s:.1f}",
            "-" if row.compress_s is None else f"{row.compress_s / row.copy_s:.2f}",
            "-" if row.decode_s is None else f"{1e3 * row.decode_s:.1f}",
            "-" if row.payload_bytes is None else bytes_text(row.payload_bytes),
            f"{gradient_bytes / row.payload_bytes:.4g}" if row.payload_bytes else "-",
            "-" if memory is None else f"{memory[0]:.2f}",
            "-" if memory is None else f"{memory[1]:.2f}",
        )

    columns = (
        Column(title="Method", align="left"),
        Column(title="Backward + exchange", unit="ms", better="lower"),
        Column(title="/ DDP", better="lower"),
        Column(title="(t - noop) / (DDP - noop)", better="lower"),
        Column(title="Compress", unit="ms", better="lower"),
        Column(title="/ copy_", better="lower"),
        Column(title="Decode", unit="ms", better="lower"),
        Column(title="Payload", better="lower"),
        Column(title="Ratio", better="higher"),
        Column(title="Memory", better="lower"),
        Column(title="Bound"),
    )
    return Table(title="Medians of interleaved rounds", columns=columns, rows=tuple(map(cells, table_rows)))


def _parts_table(parts: dict[str, list[float]]) -> Table:
    """Return each part's time, and that as a multiple of the copy beside it."""
    from rsbench.reports.document.table import Column, Table  # late: start-up

    columns = (
        Column(title="Part", align="left"),
        Column(title="Time", unit="ms", better="lower"),
        Column(title="/ copy_", better="lower"),
    )
    rows = tuple((name, f"{1e3 * time_s:.2f}", f"{time_s / copy_s:.2f}") for name, (time_s, copy_s) in parts.items())
    return Table(title="Parts, all tensors with at least two dimensions, one process", columns=columns, rows=rows)


def _conclusion(table_rows: list[Row]) -> str:
    dense = next(row for row in table_rows if row.name == REFERENCE)
    ours = [row for row in table_rows if row.compress_s is not None and row.name not in (HEADROOM, "none")]
    no_dearer = [row for row in ours if row.exchange_s <= dense.exchange_s]
    if not no_dearer:
        return "On this machine's loopback every method takes longer than plain DDP; a slower link is where they pay."
    named = ", ".join(f"{row.name} {row.exchange_s / dense.exchange_s:.2f}x" for row in no_dearer)
    return f"On this machine's loopback no dearer than plain DDP: {named}. On slower links fewer bytes save more."

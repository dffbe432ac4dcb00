"""One table for a README: methods down, densities across, and the command that gave it."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from rsbench.bench.measured import Measured, RowSamples
from rsbench.bench.rows import REFERENCE
from rsbench.bench.table import density_text, facts, spread_text
from rsbench.units import DASH, ms_text


def markdown(measured: Measured) -> str:
    """Return a table of backward + exchange as multiples of plain DDP's, with its facts, as Markdown."""
    from rsbench.reports.document.table import Column, Table  # late: start-up
    from rsbench.reports.formats.markdown import escape, table_lines

    densities = sorted({one.row.density for one in measured.rows if one.row.density is not None})
    has_parts = any("compress" in one.rounds for one in measured.rows)
    columns = [Column(title="Backward + exchange / plain DDP", align="left")]
    columns += [Column(title=f"density {density_text(density)}") for density in densities] or [Column(title="any")]
    if has_parts:
        columns += [Column(title=f"compression / copy_, {density_text(density)}") for density in densities]
    methods: dict[tuple[int, str, str], list[RowSamples]] = {}
    for one in measured.rows:
        if one.exchange_s() is not None:
            methods.setdefault((one.row.threads, one.row.method, one.row.tree), []).append(one)
    rows = [_cells(measured, rows, densities or [None], has_parts=has_parts) for rows in methods.values()]
    table = Table(title="", columns=tuple(columns), rows=tuple(rows))
    command = shlex.join(["rsbench", *measured.provenance["argv"][1:]])
    return "\n".join([f"`{command}`", "", *map(escape, facts(measured)), "", *table_lines(table)])


def _cells(
    measured: Measured, rows: Sequence[RowSamples], densities: Sequence[float | None], *, has_parts: bool
) -> tuple[str, ...]:
    """Return one method's name and its numbers at each density; one that has none stands at all of them."""
    row = rows[0].row
    name = (
        row.method
        if measured.order["against"] is None or row.kind != "compressor"
        else f"{row.method} ({row.tree or 'this'})"
    )
    if len(measured.order["threads"]) > 1:
        name += f", {row.threads} {'thread' if row.threads == 1 else 'threads'}"
    exchange = rows[0].exchange_s()
    if row.method == REFERENCE and exchange is not None:
        name += f", {ms_text(exchange.median)} ms"
    at = {one.row.density: one for one in rows}
    found = [at.get(density, at.get(None)) for density in densities]
    cells = [spread_text(None if one is None else measured.of_plain_ddp(one)) for one in found]
    if has_parts:
        spreads = [None if one is None else one.per_copy("compress_s") for one in found]
        cells += [f"{spread.median:.2f}" if spread else DASH for spread in spreads]
    return name, *cells

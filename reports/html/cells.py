"""The flat table of cells -> what a person reads of it: how many are done, which are not and why, all in short."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from rsbench import units
from rsbench.reports.document.table import Column, Table

_ALWAYS = ("compressor", "ratio", "lr", "seed")
_WHERE_SEVERAL = ("dataset", "model", "workers", "device", "hardware", "epochs", "match")
"""Left out where they are the same in all cells."""
_MEASURED = ("validation_score", "payload_bytes_per_step", "compression_ratio", "step_time_s", "wall_s")


def done_line(cells: Table) -> str:
    """Return ``11 of 12 cells done, 1 failed``."""
    counts = Counter(_column(cells, "status"))
    others = [f"{count} {status}" for status, count in sorted(counts.items()) if status != "done"]
    return ", ".join([f"{counts['done']} of {len(cells.rows)} cells done", *others])


def missing_table(cells: Table) -> Table | None:
    """Return the cells that are not done with their reasons, None where there are none."""
    names = [*_varying(cells), *_ALWAYS, "status", "reason"]
    status = names.index("status")
    rows = [tuple(text or units.DASH for text in row) for row in _rows(cells, names) if row[status] != "done"]
    if not rows:
        return None
    return Table(title="Cells that are not done", columns=_headings(cells, names), rows=tuple(rows))


def readable_cells(cells: Table) -> Table | None:
    """Return all cells with the columns that people look for, numbers rounded; None where there are none."""
    scores = [column.title for column in cells.columns if column.title.startswith("test_")]
    names = [*_varying(cells), *_ALWAYS, "status", *scores, *_MEASURED]
    names = [name for name in names if any(_column(cells, name))]
    rows = tuple(
        tuple(_rounded(name, text) for name, text in zip(names, row, strict=True)) for row in _rows(cells, names)
    )
    return Table(title="All cells", columns=_headings(cells, names), rows=rows, is_detail=True) if rows else None


def _varying(cells: Table) -> list[str]:
    """Return the names of settings in which cells differ."""
    return [name for name in _WHERE_SEVERAL if len(set(_column(cells, name))) > 1]


def _column(cells: Table, name: str) -> list[str]:
    """Return a column's texts; empty ones where there is no such column."""
    titles = [column.title for column in cells.columns]
    return [row[titles.index(name)] if name in titles else "" for row in cells.rows]


def _rows(cells: Table, names: Sequence[str]) -> list[tuple[str, ...]]:
    """Return the rows with some columns only."""
    return list(zip(*(_column(cells, name) for name in names), strict=True))


def _headings(cells: Table, names: Sequence[str]) -> tuple[Column, ...]:
    """Return columns that are called as in the flat table, without underscores."""
    align = {column.title: column.align for column in cells.columns}
    titles = {"payload_bytes_per_step": "payload/step", "step_time_s": "step", "wall_s": "wall time"}
    unit = {"step_time_s": "ms", "wall_s": "s"}
    return tuple(
        Column(title=titles.get(name, name.replace("_", " ")), unit=unit.get(name, ""), align=align.get(name, "left"))
        for name in names
    )


def _rounded(name: str, text: str) -> str:
    """Return a flat number as people read it; texts and whole numbers stay."""
    if name == "payload_bytes_per_step":
        return units.bytes_text(float(text)) if text else units.DASH
    if name == "step_time_s":
        return units.ms_text(float(text)) if text else units.DASH
    if name in (*_MEASURED,) or name.startswith("test_"):
        return text if text.isdigit() else units.significant(float(text) if text else None, 4)
    return text or units.DASH

"""The flat table of cells -> what a person reads of it: how many are done, which are not and why, all in short."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

from rsbench import units
from rsbench.reports.document.table import Column, Table

_ALWAYS: Final = ("compressor", "ratio", "lr", "seed")
_WHERE_SEVERAL: Final = (
    "dataset",
    "model",
    "workers",
    "device",
    "hardware",
    "epochs",
    "match",
    "sync",
    "prune",
    "partition",
)
"""Columns that are left out where they are the same in all cells."""
_MEASURED: Final = ("validation_score", "payload_bytes_per_step", "compression_ratio", "step_time_s", "wall_s")


def done_line(cells: Table) -> str:
    """Return ``11 of 12 cells done, 1 failed``."""
    counts = Counter(map(str, _values(cells, "status")))
    others = [f"{count} {status}" for status, count in sorted(counts.items()) if status != "done"]
    return ", ".join([f"{counts['done']} of {len(cells.rows)} cells done", *others])


def missing_table(cells: Table) -> Table | None:
    """Return the cells that are not done with their reasons, None where there are none."""
    names = [*_varying(cells), *_ALWAYS, "status", "reason"]
    rows = tuple(row for row in _rows(cells, names) if row[-2] != "done")
    return Table(title="Cells that are not done", columns=_headings(cells, names), rows=rows) if rows else None


def readable_cells(cells: Table) -> Table | None:
    """Return all cells with the columns that people look for, numbers rounded; None where there are none."""
    scores = [column.title for column in cells.columns if column.title.startswith("test_")]
    names = [*_varying(cells), *_ALWAYS, "status", *scores, *_MEASURED]
    names = [name for name in names if any(value not in (None, "") for value in _values(cells, name))]
    rows = tuple(_rows(cells, names))
    return Table(title="All cells", columns=_headings(cells, names), rows=rows, is_detail=True) if rows else None


def _varying(cells: Table) -> list[str]:
    """Return the names of settings in which cells differ."""
    return [name for name in _WHERE_SEVERAL if len({_text(name, value) for value in _values(cells, name)}) > 1]


def _values(cells: Table, name: str) -> list[Any]:
    """Return a column's values; None where there is no such column."""
    titles = [column.title for column in cells.columns]
    return [row[titles.index(name)] if name in titles else None for row in cells.values or cells.rows]


def _rows(cells: Table, names: Sequence[str]) -> list[tuple[str, ...]]:
    """Return the rows as people read them, with some columns only."""
    return list(zip(*([_text(name, value) for value in _values(cells, name)] for name in names), strict=True))


def _headings(cells: Table, names: Sequence[str]) -> tuple[Column, ...]:
    """Return columns that are called as in the flat table, without underscores."""
    align = {column.title: column.align for column in cells.columns}
    titles = {"payload_bytes_per_step": "payload/step", "step_time_s": "step", "wall_s": "wall time"}
    unit = {"step_time_s": "ms", "wall_s": "s"}
    return tuple(
        Column(title=titles.get(name, name.replace("_", " ")), unit=unit.get(name, ""), align=align.get(name, "left"))
        for name in names
    )


def _text(name: str, value: Any) -> str:
    """Return a value as people read it; texts and whole numbers stay."""
    if value is None or value == "":
        return units.DASH
    if name == "payload_bytes_per_step":
        return units.bytes_text(value)
    if name == "step_time_s":
        return units.ms_text(value)
    if name in _MEASURED or name.startswith("test_"):
        return str(value) if isinstance(value, int) else units.significant(value, 4)
    return str(value)

r"""CSV: ``methods.csv``, one row a method, and ``cells.csv``, one row a cell, with all digits.

Where links were asked for there is ``links.csv``, one row a link and method, too.

UTF-8, commas, Unix line ends. A text that a spreadsheet would take for a formula has an apostrophe before it;
control characters are shown as ``\x1b``.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Final

from rsbench.console import harmless_lines
from rsbench.reports.document.table import Report, Table
from rsbench.results.folder import write_file

_FORMULA: Final = re.compile(r"\s*[=+\-@＝＋－＠\t\r]")


def write(report: Report, folder: Path) -> list[Path]:
    """Write the files and return their paths."""
    tables = (report.methods, report.cells, *([] if report.links is None else [report.links]))
    return [write_file(folder / f"{table.title}.csv", render(table)) for table in tables]


def render(table: Table) -> str:
    """Return a table as CSV; texts with commas, quotes or line breaks are quoted."""
    values = table.values or table.rows
    pairs = (zip(texts, row, strict=True) for texts, row in zip(table.rows, values, strict=True))
    rows = tuple(tuple(_plain(text) if isinstance(value, str) else text for text, value in row) for row in pairs)
    columns = tuple(replace(column, title=_plain(column.title)) for column in table.columns)
    text: str = replace(table, rows=rows, columns=columns).frame().to_csv(index=False, lineterminator="\n")
    return text


def _plain(text: str) -> str:
    """Return a text that is no formula, whose lines are printable."""
    return _no_formula(harmless_lines(text))


def _no_formula(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula."""
    return f"'{text}" if _FORMULA.match(text) else text
